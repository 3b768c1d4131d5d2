"""Exact answers for instances of thousands: the network expanded over time, and columns.

As in `naive`, every link takes a whole number of steps; everyone can be placed.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

import numpy as np
from naive import lay_out
from ortools.graph.python import min_cost_flow
from scipy.optimize import linprog
from scipy.sparse import coo_matrix

import evacroute as er


def least_cost(scenario: er.Scenario, step: float) -> float:
    """Least cost of placing everyone of one class [person-seconds], by OR-Tools.

    The whole network is expanded over time: a node for each node and slot, arcs for every link in
    every slot, for waiting and for being admitted.
    """
    grid = lay_out(scenario, step)
    n, slots = scenario.network.n_nodes, grid.n_slots + 1
    walked = [i for i, took in enumerate(grid.slots) if 0 in took and grid.limit[i] > 0]
    if max(grid.every) > 1 or any(min(admits) < 1 for admits in grid.admits):
        raise ValueError("thin links and doors are not known here")
    a, b = np.array(grid.links)[walked].T
    took = np.array([grid.slots[i][0] for i in walked])
    limit = np.array([grid.limit[i] for i in walked])
    flow = min_cost_flow.SimpleMinCostFlow()

    def arcs(tail: np.ndarray, head: np.ndarray, most: np.ndarray, cost: np.ndarray) -> None:
        flow.add_arcs_with_capacity_and_unit_cost(
            tail.astype(np.int32), head.astype(np.int32), most.astype(np.int64),
            cost.astype(np.int64),
        )  # fmt: skip

    people = int(scenario.groups.persons)
    first_door, safe = n * slots, n * slots + len(grid.doors)
    for t in range(slots):
        on = t + took < slots
        arcs(t * n + a[on], (t + took[on]) * n + b[on], limit[on], took[on])
        if t + 1 < slots:
            stay = np.arange(n)
            arcs(t * n + stay, (t + 1) * n + stay, np.full(n, people), np.ones(n))
        for s, (node, _, _) in enumerate(grid.doors):
            most = np.array([min(people, grid.admits[s][t])])
            arcs(np.array([t * n + node]), np.array([first_door + s]), most, np.zeros(1))
    room = np.array([min(room, people) for _, room, _ in grid.doors])
    arcs(first_door + np.arange(len(room)), np.full(len(room), safe), room, 0 * room)
    supply = np.zeros(safe + 1, np.int64)
    for node, _, ready, size, _ in grid.groups:
        supply[ready * n + node] += size
    supply[safe] = -people
    flow.set_nodes_supplies(np.arange(safe + 1, dtype=np.int32), supply)
    status = flow.solve()
    if status != flow.OPTIMAL:
        raise RuntimeError(f"min cost flow: {status}")
    return flow.optimal_cost() * step


@dataclass(frozen=True)
class Columns:
    """Between `bound` and `cost` lies the least cost of ways that people share in fractions.

    Both [person-seconds]; no plan costs less than `bound`.
    """

    bound: float
    cost: float
    rounds: int


def by_columns(plan: er.Plan, *, gap: float = 1e-3, most_rounds: int = 200) -> Columns:
    """Column generation with HiGHS for several classes: ways in time of groups, priced by a sweep.

    The master has a row for each group, for each link and slot and for each shelter. It starts
    from the ways of a plan that places everyone, which makes it shorter and changes no answer.
    """
    step = plan.step_s
    grid = lay_out(plan.scenario, step)
    sweep = _Sweep(plan.scenario, step)
    sizes = np.array([size for *_, size, _ in grid.groups], float)
    ways: dict[tuple[int, tuple[tuple[int, int], ...], int], int] = {}
    moves = plan.movements
    for m in range(len(moves)):
        legs = range(moves.leg_ptr[m], moves.leg_ptr[m + 1])
        way = tuple((int(moves.leg_link[i]), round(moves.leg_enter[i] / step)) for i in legs)
        g = int(moves.group[m])
        key = (g, way, int(moves.shelter[m]))
        ways.setdefault(key, round(moves.arrive[m] / step) - grid.groups[g][2])
    best, centre = 0.0, None
    cost = np.inf
    for number in range(1, most_rounds + 1):
        cost, duals = _master(ways, sizes, grid)
        # Between the master's prices and the best so far: the master's own swing to and fro.
        price, room = duals
        if centre is not None:
            price, room = 0.3 * price + 0.7 * centre[0], 0.3 * room + 0.7 * centre[1]
        for prices in ((price, room), duals) if number % 5 == 0 else ((price, room),):
            worth, found = sweep.answer(*prices)
            limit = np.array(grid.limit, float)
            rooms = np.array([room for _, room, _ in grid.doors], float)
            bound = float(worth @ sizes - prices[0].sum(axis=0) @ limit - prices[1] @ rooms)
            if bound > best or centre is None:
                best, centre = bound, prices
            for key, spent in found:
                ways.setdefault(key, spent)
        if cost - best <= gap * best:
            break
    return Columns(best * step, cost * step, number)


def _master(ways, sizes, grid):  # type: ignore[no-untyped-def]
    """Cost of the best mix of the ways, and the prices of links in time and of shelters."""
    uses = defaultdict(list)
    for j, (_, way, shelter) in enumerate(ways):
        for place in way:
            uses[place].append(j)
        uses[shelter].append(j)
    owner = np.array([key[0] for key in ways])
    rows, cols, limits, names = [], [], [], []
    for place, columns in uses.items():
        limit = grid.doors[place][1] if isinstance(place, int) else grid.limit[place[0]]
        if sizes[np.unique(owner[columns])].sum() <= limit:
            continue
        rows += [len(names)] * len(columns)
        cols += columns
        names.append(place)
        limits.append(limit)
    n = len(ways)
    upper = coo_matrix((np.ones(len(rows)), (rows, cols)), shape=(len(names), n)).tocsr()
    equal = coo_matrix((np.ones(n), (owner, np.arange(n))), shape=(len(sizes), n)).tocsr()
    solved = linprog(
        np.array(list(ways.values()), float), A_ub=upper, b_ub=limits, A_eq=equal, b_eq=sizes,
        method="highs",
    )  # fmt: skip
    if solved.status != 0:
        raise RuntimeError(solved.message)
    price = np.zeros((grid.n_slots + 1, len(grid.links)))
    room = np.zeros(len(grid.doors))
    for place, dual in zip(names, -solved.ineqlin.marginals, strict=True):
        if isinstance(place, int):
            room[place] = max(dual, 0.0)
        else:
            price[place[1], place[0]] = max(dual, 0.0)
    return float(solved.fun), (price, room)


class _Sweep:
    """The cheapest way of every group at given prices, slot by slot from the deadline."""

    def __init__(self, scenario: er.Scenario, step: float) -> None:
        self.grid = grid = lay_out(scenario, step)
        self.n = scenario.network.n_nodes
        self.classes = []
        for k in range(len(scenario.group_classes)):
            links = np.array(
                [i for i, took in enumerate(grid.slots) if k in took and grid.limit[i] > 0]
            )
            tail = np.array([grid.links[i][0] for i in links])
            order = np.argsort(tail, kind="stable")
            links, tail = links[order], tail[order]
            head = np.array([grid.links[i][1] for i in links])
            took = np.array([grid.slots[i][k] for i in links])
            nodes, first = np.unique(tail, return_index=True)
            self.classes.append((links, head, took, nodes, first))

    def answer(self, price, room):  # type: ignore[no-untyped-def]
        """Cost of each group's way, and the ways with the slots that they take."""
        grid, worth, found = self.grid, np.zeros(len(self.grid.groups)), []
        for k, (links, head, took, nodes, first) in enumerate(self.classes):
            end = grid.n_slots + 1
            # Nobody arrives past the last slot.
            value = np.full((end + int(took.max()) + 1, self.n), np.inf)
            goes = np.full((end, self.n), -1)
            for t in range(end - 1, -1, -1):
                value[t] = value[t + 1] + 1
                cost = took + price[t, links] + value[t + took, head]
                low = np.minimum.reduceat(cost, first)
                better = low < value[t, nodes]
                at = np.searchsorted(first, np.arange(len(cost)), side="right") - 1
                pick = np.full(len(nodes), len(cost))
                np.minimum.at(pick, at, np.where(cost == low[at], np.arange(len(cost)), len(cost)))
                value[t, nodes[better]] = low[better]
                goes[t, nodes[better]] = pick[better]
                for s, (node, places, free) in enumerate(grid.doors):
                    open_ = places > 0 and (free > 0 or not grid.step_free[k])
                    if open_ and room[s] < value[t, node]:
                        value[t, node], goes[t, node] = room[s], -2 - s
            for g, (node, c, ready, _, _) in enumerate(grid.groups):
                if c != k:
                    continue
                worth[g] = value[ready, node]
                u, t, way = node, ready, []
                while goes[t, u] > -2:
                    if goes[t, u] < 0:
                        t += 1
                        continue
                    a = goes[t, u]
                    way.append((int(links[a]), t))
                    u, t = int(head[a]), t + int(took[a])
                found.append(((g, tuple(way), int(-2 - goes[t, u])), t - ready))
        return worth, found
