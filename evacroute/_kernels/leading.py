"""A few ways for each party, and what can be said of them, in one call: phones ask singly."""

from __future__ import annotations

from typing import Any, NamedTuple

import numba as nb
import numpy as np

from evacroute._kernels.borrow import borrowed
from evacroute._kernels.crowd import Streets
from evacroute._kernels.descent import (
    BACK,
    FORWARD,
    Chains,
    Slopes,
    begin_chain,
    descend,
    first_slot,
)
from evacroute._kernels.odds import Weighed, weigh
from evacroute._kernels.sweeps import BIG
from evacroute._kernels.trips import Trips, describe

LONG = 192
"""Links of the ways of a party for which room is made at first, for each of them."""


class Trees(NamedTuple):
    """Quickest ways to each shelter without prices on the way.

    Attributes
    ----------
    seconds
        Time by class, node and shelter, which are asked for together, inf = no way.
    ahead
        The link to take by class, shelter and node, -1 = none.
    price
        Of a place, by class and shelter [s].
    weight
        Worth of a second, by class.
    """

    seconds: Any
    ahead: Any
    price: Any
    weight: Any


class Parties(NamedTuple):
    """Who asks, and where they stand; shape (n,) unless said otherwise.

    Attributes
    ----------
    class_, pace, pace_steps
        Class, own speed over the class's, on the flat and on steps.
    size
        Persons who go as one.
    now, deadline
        When they ask, and by when they must be safe [s after the alarm].
    link, twin
        The link each is on, and the same street the other way, -1 = none.
    seconds
        Walk to the link's end, and to the twin's, at own pace, inf = cannot, shape (n, 2) [s].
    end
        Nodes where the link ends and begins, shape (n, 2).
    """

    class_: Any
    pace: Any
    pace_steps: Any
    size: Any
    now: Any
    deadline: Any
    link: Any
    twin: Any
    seconds: Any
    end: Any


class Ways(NamedTuple):
    """Ways, one a row, those of a party side by side.

    Attributes
    ----------
    ptr
        Where those of each party begin, shape (n + 1,).
    nearest
        Shelter that each party could be at first, open or not, -1 = none can be reached, shape
        (n,).
    party
        Whose way.
    side
        By which end the link is left where the party stands.
    wait
        How long to wait before setting out [s].
    priced
        Whether it is the way of the prices.
    trips
        For the scorer: from the end of the link on.
    rows
        What is said of them, float32, shape (n_ways, n_columns).
    """

    ptr: Any
    nearest: Any
    party: Any
    side: Any
    wait: Any
    priced: Any
    trips: Trips
    rows: Any


@nb.njit(cache=True, nogil=True)
def _rank(
    trees: Trees, parties: Parties, open_: Any, p: int, first: int, nearest: Any, cost: Any,
    out: Any, side: Any,
) -> int:  # fmt: skip
    """List the shelters that cost a party least without prices on the way; returns how many.

    Parameters
    ----------
    first
        A shelter that is left out, -1 = none.
    nearest
        Out: shelter that the party could be at first, open or not, -1 = none, at its place.
    cost, out, side
        Out: costs [s], shelters and ends, the best first.
    """
    k, n, most, soonest = parties.class_[p], 0, len(out), np.inf
    nearest[p] = -1
    ahead, behind = parties.seconds[p, FORWARD], parties.seconds[p, BACK]
    to_end, to_begin = parties.end[p, FORWARD], parties.end[p, BACK]
    for s in range(trees.seconds.shape[2]):
        there = ahead + trees.seconds[k, to_end, s] / parties.pace[p]
        back = behind + trees.seconds[k, to_begin, s] / parties.pace[p]
        least = min(there, back)
        if least < soonest:
            soonest, nearest[p] = least, s
        if s == first or not open_[p, s] or not np.isfinite(least):
            continue
        c = least * trees.weight[k] + trees.price[k, s]
        i = n
        if n == most:
            if n == 0 or c >= cost[n - 1]:
                continue
            i = n - 1
        else:
            n += 1
        while i > 0 and cost[i - 1] > c:
            cost[i], out[i], side[i] = cost[i - 1], out[i - 1], side[i - 1]
            i -= 1
        cost[i], out[i], side[i] = c, s, FORWARD if there <= back else BACK
    return n


@nb.njit(cache=True, nogil=True)
def lead(
    ground: Any, parties: Parties, open_: Any, most: int, columns: int
) -> Ways:  # fmt: skip
    """Find at most so many ways for each party, that of the prices first, and describe them.

    All in one call, with what it makes room for: phones ask singly.

    Parameters
    ----------
    ground
        What `ground.hold_streets` gives.
    open_
        Whether each party may be sent to each shelter, shape (n, n_shelters).
    columns
        How many there are in `Ways.rows`.
    """
    n = len(parties.class_)
    size = LONG * most * n
    while True:
        room = _room(n, most, size, columns)
        found, links = _find(ground, parties, open_, most, room)
        if links <= size:
            break
        size = links
    trips = _first_of(room.trips, found, links)
    ways = Ways(
        room.ptr, room.nearest, room.party[:found], room.side[:found], room.wait[:found],
        room.priced[:found], trips, room.rows[:found],
    )  # fmt: skip
    _describe(ground, ways)
    return ways


@nb.njit(cache=True, nogil=True)
def lead_and_weigh(
    ground: Any, parties: Parties, open_: Any, most: int, columns: int
) -> tuple[Ways, Weighed]:
    """Find ways as `lead` does, and their odds and order."""
    ways = lead(ground, parties, open_, most, columns)
    told = weigh(
        ground.scales, ways.ptr, ways.priced, ways.trips, ways.rows, parties.now,
        ground.trees.price,
    )  # fmt: skip
    return ways, told


@nb.njit(cache=True, nogil=True)
def _room(n: int, most: int, links: int, columns: int) -> Ways:
    """Make room for the ways of so many parties."""
    m = n * most
    trips = Trips(
        np.empty(m + 1, np.int64), np.empty(links, np.int32), np.empty(m, np.int32), np.empty(m),
        np.empty(m), np.empty(m, np.int32), np.empty(m), np.empty(m), np.empty(m, np.int32),
        np.empty(m),
    )  # fmt: skip
    return Ways(
        np.empty(n + 1, np.int64), np.empty(n, np.int64), np.empty(m, np.int64),
        np.empty(m, np.int8), np.empty(m), np.empty(m, np.bool_), trips,
        np.empty((m, columns), np.float32),
    )  # fmt: skip


@nb.njit(cache=True, nogil=True)
def _first_of(trips: Trips, n: int, links: int) -> Trips:
    """Give the first so many trips."""
    return Trips(
        trips.ptr[: n + 1], trips.link[:links], trips.class_[:n], trips.pace[:n],
        trips.pace_steps[:n], trips.size[:n], trips.depart[:n], trips.deadline[:n],
        trips.shelter[:n], trips.wait[:n],
    )  # fmt: skip


@nb.njit(cache=True, nogil=True)
def _find(
    ground: Any, parties: Parties, open_: Any, most: int, ways: Ways
) -> tuple[int, int]:  # fmt: skip
    """Find ways for each party, that of the prices first.

    Parameters
    ----------
    ways
        Out, with room for `most` ways a party; `rows` are left as they are.

    Returns
    -------
    tuple
        How many ways there are, and how many links they have in all: where that is more than there
        is room for in `trips.link`, only the first are written.
    """
    slopes, chains = borrowed(ground.slopes), borrowed(ground.chains)
    trees, streets = borrowed(ground.trees), borrowed(ground.streets)
    parties, trips = borrowed(parties), borrowed(ways.trips)
    rank, sides = np.empty(most, np.int64), np.empty(most, np.int64)
    cost = np.empty(most)
    n, m = 0, 0
    for p in range(len(parties.class_)):
        ways.ptr[p] = n
        k = parties.class_[p]
        first = -1
        if open_[p].any():
            first, m = _by_prices(slopes, chains, streets, parties, open_, p, n, m, ways)
            n += first >= 0
        known = 1 if first >= 0 else 0
        more = _rank(
            trees, parties, open_, p, first, ways.nearest, cost, rank[: most - known], sides
        )
        for i in range(more):
            s, side = rank[i], sides[i]
            trips.ptr[n] = m
            v, tree = parties.end[p, side], trees.ahead[k, s]
            while tree[v] >= 0:
                if m < len(trips.link):
                    trips.link[m] = tree[v]
                m += 1
                v = streets.link[tree[v]].to_node
            ways.side[n], ways.wait[n], ways.priced[n] = side, 0.0, False
            trips.shelter[n], trips.depart[n] = s, parties.now[p] + parties.seconds[p, side]
            n += 1
        for i in range(ways.ptr[p], n):
            ways.party[i] = p
            trips.class_[i], trips.size[i] = k, parties.size[p]
            trips.pace[i], trips.pace_steps[i] = parties.pace[p], parties.pace_steps[p]
            trips.deadline[i], trips.wait[i] = parties.deadline[p], np.nan
    trips.ptr[n] = m
    ways.ptr[len(parties.class_)] = n
    return n, m


@nb.njit(cache=True, nogil=True)
def _describe(ground: Any, ways: Ways) -> None:
    """Say of ways what the scorer asks."""
    trips, rows, flat, ratio = borrowed(ways.trips), ways.rows, ground.flat, ground.ratio
    n, last = len(trips.class_), rows.shape[1] - 1
    step_free = np.empty(n, np.int64)
    for i in range(n):
        step_free[i] = ground.streets.step_free[trips.class_[i]]
    describe(ground.streets, ground.outlook, trips, step_free, rows)
    for i in range(n):
        k = trips.class_[i]
        rows[i, last - 1] = flat[k] * trips.pace[i]
        rows[i, last] = ratio[k] * trips.pace_steps[i] / trips.pace[i]


@nb.njit(cache=True, nogil=True)
def _by_prices(
    slopes: Slopes, chains: Chains, streets: Streets, parties: Parties, open_: Any, p: int, n: int,
    m: int, ways: Ways,
) -> tuple[int, int]:  # fmt: skip
    """Write the way of the prices as way `n`, its links from place `m` on.

    Returns
    -------
    tuple
        Its shelter, -1 = it leads to none, or to one that is not open; links there are now.
    """
    k, pace, now = parties.class_[p], parties.pace[p], parties.now[p]
    walk, trips = streets.walk[k], ways.trips
    link, twin, seconds = parties.link[p], parties.twin[p], parties.seconds
    cost, time, head = begin_chain(slopes, chains, walk, k, pace, now, link, seconds[p, FORWARD])
    other, later, there = begin_chain(slopes, chains, walk, k, pace, now, twin, seconds[p, BACK])
    side = FORWARD
    if other < cost:
        cost, time, head, side = other, later, there, BACK
        other, later, there = begin_chain(
            slopes, chains, walk, k, pace, now, link, seconds[p, FORWARD]
        )
    if not cost < BIG / 2:
        return -1, m
    nowhere = len(trips.link)
    slot = first_slot(chains.step, time)
    if other - cost <= slopes.weight[k]:
        # Where they wait anyway both ends cost the same but for rounding: nobody walks to and fro.
        _, wait, _ = descend(slopes, chains, k, slot, head, nowhere, trips.link)
        if wait > 0:
            that = first_slot(chains.step, later)
            shelter, more, _ = descend(slopes, chains, k, that, there, nowhere, trips.link)
            if shelter >= 0 and more > wait:
                slot, head, side = that, there, FORWARD + BACK - side
    begin = link if side == FORWARD else twin
    after = m
    for i in range(chains.place[begin] + 1, chains.end[begin]):
        if after < len(trips.link):
            trips.link[after] = chains.link[i]
        after += 1
    shelter, wait, after = descend(slopes, chains, k, slot, head, after, trips.link)
    # The prices may lead to where there is no room left: then the nearest are left.
    if shelter < 0 or not open_[p, shelter]:
        return -1, m
    trips.ptr[n], trips.shelter[n] = m, shelter
    trips.depart[n] = now + wait + seconds[p, side]
    ways.side[n], ways.wait[n], ways.priced[n] = side, wait, True
    return shelter, after
