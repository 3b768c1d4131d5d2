"""Who fits in which shelter: OR-Tools min-cost flow of (node, class) origins to shelters."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from ortools.graph.python import min_cost_flow

from evacroute._kernels.graph import FAR
from evacroute.errors import SolverError
from evacroute.units import to_ticks

SLACK = 24
"""Slots by which a shelter may cost more than an origin's best and still be offered to it."""

MOST_WIDENED = 1
"""The usual `widen` of `room_flow`."""

PER_SLOT = 100
"""Solver ticks in a slot."""


@dataclass(frozen=True, slots=True, eq=False)
class RoomFlow:
    """Persons from each origin to each shelter.

    Parameters
    ----------
    origin, shelter, persons, cost
        The positive flows and what each costs a person [slots], arrays of equal length.
    price
        Price of each shelter [slots]: what one more place there would save, shape (n_shelters,).
    left
        Persons of each origin for whom there is no room, shape (n_origins,).
    short, free_short
        Shelters in which no moves of others make room for anyone, or for a step-free person, shape
        (n_shelters,).
    """

    origin: NDArray[np.int64]
    shelter: NDArray[np.int64]
    persons: NDArray[np.int64]
    cost: NDArray[np.int64]
    price: NDArray[np.float64]
    left: NDArray[np.int64]
    short: NDArray[np.bool_]
    free_short: NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Offers:
    """Pairs of origin and shelter that may be matched, sorted by origin, then shelter.

    Parameters
    ----------
    origin, shelter
        The pairs, arrays of equal length.
    cost
        Slots from the one to the other.
    """

    origin: NDArray[np.int64]
    shelter: NDArray[np.int64]
    cost: NDArray[np.int32]

    def ways(self, which: NDArray[np.bool_]) -> Offers:
        """Take some of the pairs."""
        return Offers(self.origin[which], self.shelter[which], self.cost[which])


def all_offers(cost: NDArray[np.int32]) -> Offers:
    """List all pairs with a way, from a table of shape (n_origins, n_shelters)."""
    origin, shelter = np.nonzero(cost < FAR)
    return Offers(origin, shelter, cost[origin, shelter])


def room_flow(
    cost: NDArray[np.int32] | Offers,
    persons: NDArray[np.int64],
    step_free: NDArray[np.bool_],
    room: NDArray[np.int64],
    step_free_room: NDArray[np.int64],
    price: NDArray[np.float64],
    rank: NDArray[np.int64],
    before: RoomFlow | None = None,
    *,
    widen: int = MOST_WIDENED,
) -> RoomFlow:
    """Place as many persons as there is room for, at least total cost.

    Each origin is first offered only the shelters near its best at the given prices. While some
    are left over who could be placed, more are offered and the flow is solved again; so it is, a
    few times, where the prices that result say that a shelter not offered would have been better.

    Parameters
    ----------
    cost
        Slots from each origin to each shelter, `FAR` = cannot, shape (n_origins, n_shelters); or
        the pairs that count.
    persons, step_free
        Persons of each origin, and whether they need step-free places, shape (n_origins,).
    room, step_free_room
        Places, shape (n_shelters,).
    price
        A guess at the shelters' prices [slots], shape (n_shelters,).
    rank
        Where there are too few places, those of low rank get them, shape (n_origins,).
    before
        A flow found at other costs: its pairs are offered too, so that as many can be placed.
    widen
        Times that pairs which would have been better are added and the flow solved again.

    Raises
    ------
    SolverError
        If OR-Tools finds no solution, which would be a fault of ours.
    """
    can = cost if isinstance(cost, Offers) else all_offers(cost)
    can = can.ways(
        (room[can.shelter] > 0) & (~step_free[can.origin] | (step_free_room[can.shelter] > 0))
    )
    priced = can.cost + price[can.shelter]
    above = priced - _least(priced, can.origin, len(persons))[can.origin]
    # Step-free parties are few and their places scarce: they see every shelter.
    offered = (above <= SLACK) | step_free[can.origin]
    if before is not None:
        n_shelters = len(room)
        key = before.origin * n_shelters + before.shelter
        offered |= np.isin(can.origin * n_shelters + can.shelter, key)
    slack, widened = SLACK, 0
    while True:
        flow = _solve(can.ways(offered), persons, step_free, room, step_free_room, rank)
        any_price, free_price = _prices(can, step_free, flow, room, step_free_room)
        door = np.where(step_free[can.origin], free_price[can.shelter], any_price[can.shelter])
        with_price = can.cost + door
        missing = ~offered
        if (np.isfinite(with_price) & (flow.left > 0)[can.origin]).any() and missing.any():
            # Whoever is left could come in if others moved on: let everybody see more.
            slack *= 4
            near = above <= slack
            wanted = missing & near if (missing & near).any() else missing
        else:
            widened += 1
            at_door = np.where(
                step_free[flow.origin], free_price[flow.shelter], any_price[flow.shelter]
            )
            paid = np.full(len(persons), -np.inf)
            np.maximum.at(paid, flow.origin, flow.cost + at_door)
            wanted = missing & (with_price < paid[can.origin] - 0.5)
        if not wanted.any() or widened > widen:
            finite = np.isfinite(any_price)
            most = any_price[finite].max(initial=0.0)
            flow.price[:] = np.where(finite, any_price, most)
            flow.short[:], flow.free_short[:] = ~finite, ~np.isfinite(free_price)
            return flow
        offered |= wanted


def short_prices(
    cost: NDArray[np.int32] | Offers,
    flow: RoomFlow,
    class_: NDArray[np.int32],
    step_free: NDArray[np.bool_],
    room: NDArray[np.int64],
    step_free_room: NDArray[np.int64],
    n_classes: int,
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Find prices at which a flow that leaves people is what everybody wants.

    A place that others' moves can free costs what they cost, so one that is free costs nothing.
    The prices of the rest and of staying could all be higher by as much: these are the least.

    Parameters
    ----------
    cost, step_free, room, step_free_room
        As the flow was found with.
    class_
        Class of each origin.

    Returns
    -------
    tuple
        Price of a place, of a step-free place, of staying, by shelter and by class [slots]; nobody
        pays more for a way and a place than for staying.
    """
    can = cost if isinstance(cost, Offers) else all_offers(cost)
    n = len(room)
    # Unknowns: places, step-free places, staying. Each is at least another less a width.
    free = step_free[flow.origin]
    at = np.where(free, n, 0) + flow.shelter
    filled = np.bincount(flow.shelter[free], weights=flow.persons[free], minlength=n)
    open_free = np.flatnonzero(filled < np.minimum(step_free_room, room))
    one, two = _moves(can, flow, ~free, n), _moves(can, flow, free, n)
    s = np.arange(n)
    stays = np.flatnonzero(np.bincount(class_, weights=flow.left, minlength=n_classes) > 0)
    may = np.isin(class_[flow.origin], stays)
    wish = can.ways((flow.left > 0)[can.origin])
    low = np.concatenate(
        [one.origin, two.origin + n, s, open_free + n, at[may], 2 * n + class_[wish.origin]]
    )
    high = np.concatenate(
        [
            one.shelter, two.shelter + n, s + n, open_free, 2 * n + class_[flow.origin[may]],
            np.where(step_free[wish.origin], n, 0) + wish.shelter,
        ]
    )  # fmt: skip
    none = np.zeros(n + len(open_free))
    width = np.concatenate([one.cost, two.cost, none, -flow.cost[may], wish.cost])
    price = np.zeros(2 * n + n_classes)
    # Not only to begin with: the flow may be a little dearer than the best, and then prices that
    # nothing holds rise round by round, those of free places too.
    settled = np.flatnonzero(~np.concatenate([flow.short, flow.free_short]))
    known = np.concatenate(_prices(can, step_free, flow, room, step_free_room))[settled]
    price[settled] = known
    for _ in range(len(price)):
        before = price.copy()
        np.maximum.at(price, high, before[low] - width)
        price[settled] = known
        if np.array_equal(price, before):
            break
    return price[:n], price[n : 2 * n], price[2 * n :]


def _least(value: NDArray[np.float64], origin: NDArray[np.int64], n: int) -> NDArray[np.float64]:
    """Least value of each origin, inf where it has none; the pairs are sorted by origin."""
    least = np.full(n, np.inf)
    first = np.flatnonzero(np.diff(origin, prepend=-1))
    if len(first):
        least[origin[first]] = np.minimum.reduceat(value, first)
    return least


def _solve(
    offers: Offers,
    persons: NDArray[np.int64],
    step_free: NDArray[np.bool_],
    room: NDArray[np.int64],
    step_free_room: NDArray[np.int64],
    rank: NDArray[np.int64],
) -> RoomFlow:
    n_origins, n_shelters = len(persons), len(room)
    origin, shelter, cost = offers.origin, offers.shelter, offers.cost
    # Nodes: origins, step-free doors, doors, the sink.
    door_free, door, sink = n_origins, n_origins + n_shelters, n_origins + 2 * n_shelters
    solver = min_cost_flow.SimpleMinCostFlow()
    head = np.where(step_free[origin], door_free, door) + shelter
    # The same for all shelters, so it only decides who stays without one.
    least = 1 + int(cost.max(initial=0))
    arcs = solver.add_arcs_with_capacity_and_unit_cost(
        origin.astype(np.int32),
        head.astype(np.int32),
        persons[origin],
        to_ticks(cost + rank[origin] * least, PER_SLOT),
    )
    s = np.arange(n_shelters, dtype=np.int32)
    nothing = np.zeros(n_shelters, np.int64)
    solver.add_arcs_with_capacity_and_unit_cost(
        s + door_free, s + door, np.minimum(step_free_room, room), nothing
    )
    solver.add_arcs_with_capacity_and_unit_cost(
        s + door, np.full(n_shelters, sink, np.int32), room, nothing
    )
    supply = np.zeros(sink + 1, np.int64)
    supply[:n_origins] = persons
    supply[sink] = -persons.sum()
    solver.set_nodes_supplies(np.arange(sink + 1, dtype=np.int32), supply)
    status = solver.solve_max_flow_with_min_cost()
    if status != solver.OPTIMAL:
        raise SolverError(f"the flow of people to shelters was not solved: {status}")
    flows = np.asarray(solver.flows(arcs), dtype=np.int64)
    used = flows > 0
    placed = np.bincount(origin[used], weights=flows[used], minlength=n_origins)
    return RoomFlow(
        origin[used],
        shelter[used],
        flows[used],
        cost[used].astype(np.int64),
        np.zeros(n_shelters),
        persons - placed.astype(np.int64),
        np.zeros(n_shelters, np.bool_),
        np.zeros(n_shelters, np.bool_),
    )


def _prices(
    can: Offers,
    step_free: NDArray[np.bool_],
    flow: RoomFlow,
    room: NDArray[np.int64],
    step_free_room: NDArray[np.int64],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Find what one more place in each shelter costs the others, by chains of moves.

    Returns the price of a place and of a step-free place [slots], inf where no chain of moves
    makes room.
    """
    n_shelters = len(room)
    inside_free = step_free[flow.origin]
    filled = np.bincount(flow.shelter, weights=flow.persons, minlength=n_shelters)
    filled_free = np.bincount(
        flow.shelter[inside_free], weights=flow.persons[inside_free], minlength=n_shelters
    )
    move_any = _moves(can, flow, ~inside_free, n_shelters)
    move_free = _moves(can, flow, inside_free, n_shelters)
    full, free_full = filled >= room, filled_free >= np.minimum(step_free_room, room)
    any_price = np.where(full, np.inf, 0.0)
    free_price = np.where(full | free_full, np.inf, 0.0)
    for _ in range(2 * n_shelters + 1):
        free_leaves = _leaves(move_free, free_price)
        one_leaves = np.minimum(_leaves(move_any, any_price), free_leaves)
        new_any = np.where(full, one_leaves, 0.0)
        new_free = np.where(free_full, free_leaves, new_any)
        if np.array_equal(new_any, any_price) and np.array_equal(new_free, free_price):
            break
        any_price, free_price = new_any, new_free
    return np.maximum(any_price, 0), np.maximum(free_price, 0)


def _leaves(moves: Offers, price: NDArray[np.float64]) -> NDArray[np.float64]:
    """Least cost of one person's leaving each shelter for another, the price there included."""
    return _least(moves.cost + price[moves.shelter], moves.origin, len(price))


def _moves(can: Offers, flow: RoomFlow, who: NDArray[np.bool_], n_shelters: int) -> Offers:
    """Least extra cost to move one of some people from each shelter to each other."""
    n = int(can.origin[-1]) + 1 if len(can.origin) else 0
    ptr = np.searchsorted(can.origin, np.arange(n + 1))
    some = np.flatnonzero(who)
    origin = flow.origin[some]
    count = ptr[origin + 1] - ptr[origin]
    total = np.cumsum(count)
    pair = np.repeat(ptr[origin] - (total - count), count) + np.arange(int(count.sum()))
    extra = can.cost[pair] - np.repeat(flow.cost[some], count).astype(np.int32)
    key = np.repeat(flow.shelter[some], count) * n_shelters + can.shelter[pair]
    order = np.argsort(key, kind="stable")
    key, extra = key[order], extra[order]
    first = np.flatnonzero(np.diff(key, prepend=-1))
    least = np.minimum.reduceat(extra, first) if len(first) else extra
    return Offers(key[first] // n_shelters, key[first] % n_shelters, least)
