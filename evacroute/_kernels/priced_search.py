"""A* over (node, slot) under prices, with the value table as heuristic, against the free places.

Costs are whole numbers: `UNIT` for a slot of a person whose time weighs 1.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numba as nb
import numpy as np

UNIT = 64
"""Cost of a slot."""

NEVER = 1 << 29
"""A value from which there is no way."""

TOP = np.int64(1 << 31)
END = 1 << 30
MASK = 0xFFFFFFFF

ROOT, WAIT = -9, -1

STAMP, VIA, COST, CLOSED = range(4)
"""Columns of `Space.state`."""


class Paths(NamedTuple):
    """The net as the search walks it.

    Attributes
    ----------
    ptr
        Where each node's arcs begin.
    src
        Tail of each arc.
    row
        Of each class and arc: head, slots, first item, items; shape (n_classes, n_arcs, 4).
    span
        First and last slot in which each arc may be entered, shape (n_arcs, 2). Of the many copies
        of a street that changes most are shut at any time, and need no closer look.
    item_link, item_off
        Link of each item, and slots after the arc's entry, the latter by class.
    node_shelter, shelter_node
        First shelter of each node (-1 = none), node of each shelter; shelters in order of nodes.
    """

    ptr: Any
    src: Any
    row: Any
    span: Any
    item_link: Any
    item_off: Any
    node_shelter: Any
    shelter_node: Any


class Guide(NamedTuple):
    """Prices and values that lead the search.

    Attributes
    ----------
    value
        Least cost from each class, slot and node, shape (n_classes, horizon + 1, n_nodes); the last
        row holds for ever after.
    row
        Price row of each link, -1 = none.
    link, scale
        Price by slot and row for each space that persons take, shape (n_spaces, horizon, n_rows),
        and which of them counts for each class.
    room, door
        Price of a place by class and shelter, and of a door by slot and shelter (horizon + 1 rows).
    weight
        Cost of a slot by class.
    stay
        Price of being left, by class.
    """

    value: Any
    row: Any
    link: Any
    scale: Any
    room: Any
    door: Any
    weight: Any
    stay: Any


class Places(NamedTuple):
    """Free places: as `Free`, with shelters in the order of their nodes.

    Attributes
    ----------
    link
        Units that may still enter, shape (n_links, n_slots + 1).
    intake
        Persons a door may still admit, shape (n_shelters, n_slots + 1).
    room, free_room
        Places left.
    every, door_every
        Slots between entries to a link or door (1 but for thin ones).
    step_free
        Which classes need step-free places.
    unit
        Units of street capacity that a person takes, by class.
    """

    link: Any
    intake: Any
    room: Any
    free_room: Any
    every: Any
    door_every: Any
    step_free: Any
    unit: Any


class Space(NamedTuple):
    """Scratch of the search.

    Attributes
    ----------
    state
        One row a (slot, node): stamp, arc by which it was reached, cost, stamp when it was closed.
    heap
        The heap.
    arc, slot
        The way found, last arc first.
    count
        [0] searches, [1] states closed.
    """

    state: Any
    heap: Any
    arc: Any
    slot: Any
    count: Any


@nb.njit(cache=True, nogil=True)
def find_way(
    paths: Any,
    guide: Any,
    value: Any,
    places: Any,
    space: Any,
    k: int,
    start: int,
    ready: int,
    need: int,
    toll: int,
    real: bool,
    budget: int,
    goal: int,
    most: int,
    bend: int,
) -> tuple[int, int, int]:
    """Find the cheapest way for `need` persons of class k from a node and slot.

    Parameters
    ----------
    value
        Least cost from each slot and node, as a row of the guide's.
    toll
        What entering a full link or shelter costs beside its price; -1 = it is shut.
    real
        Whether a place that is free costs nothing, whatever its price.
    budget
        Places from which the values promise a greater cost are not looked at.
    goal
        A way of greater cost is not taken.
    most
        States closed before the search is given up.
    bend
        The heuristic is made greater by its 2**-bend-th part.

    Returns
    -------
    tuple
        Shelter (-1 = none found), slot of admission, arcs in space.arc and space.slot (last first).
    """
    n = len(paths.ptr) - 1
    state, heap = space.state, space.heap
    row, item_link, item_off = paths.row[k], paths.item_link, paths.item_off[k]
    src, ptr, span = paths.src, paths.ptr, paths.span
    price = guide.link[guide.scale[k]]
    price_row, door, wide = guide.row, guide.door, need * places.unit[k]
    free = places.link
    node_shelter, shelter_node, room_price = paths.node_shelter, paths.shelter_node, guide.room[k]
    step_free = places.step_free[k]
    horizon, priced = value.shape[0] - 1, len(price)
    n_slots = free.shape[1] - 1
    wait = guide.weight[k]
    space.count[0] += 1
    stamp = space.count[0]
    closed = 0
    h = value[min(ready, horizon), start]
    if ready > n_slots or h >= NEVER:
        return -1, 0, 0
    s0 = ready * n + start
    state[s0, STAMP], state[s0, VIA], state[s0, COST], state[s0, CLOSED] = stamp, ROOT, 0, 0
    heap[0] = (np.int64(h + (h >> bend)) << 32) | (TOP - s0)
    size = 1
    limit = len(heap) - 64
    while size > 0 and closed < most:
        top = heap[0]
        size -= 1
        x = heap[size]
        i = 0
        while True:
            child = 2 * i + 1
            if child >= size:
                break
            if child + 1 < size and heap[child + 1] < heap[child]:
                child += 1
            if heap[child] >= x:
                break
            heap[i] = heap[child]
            i = child
        heap[i] = x
        at = TOP - (top & MASK)
        if at >= END:
            at -= END
            t = at // n
            u = at - t * n
            # Several shelters may stand at the node: the cheapest that is open was meant.
            found, _ = _cheapest_shelter(
                node_shelter, shelter_node, room_price, door, places, step_free, u, t, need, toll,
                real,
            )  # fmt: skip
            n_arcs = 0
            while state[at, VIA] != ROOT:
                a = state[at, VIA]
                if a == WAIT:
                    at -= n
                else:
                    when = at // n - row[a, 1]
                    space.arc[n_arcs], space.slot[n_arcs] = a, when
                    n_arcs += 1
                    at = when * n + src[a]
            space.count[1] += closed
            return found, t, n_arcs
        if state[at, CLOSED] == stamp:
            continue
        state[at, CLOSED] = stamp
        closed += 1
        t = at // n
        u = at - t * n
        g = state[at, COST]
        if size + ptr[u + 1] - ptr[u] + 2 >= limit:
            break
        if node_shelter[u] >= 0:
            found, c = _cheapest_shelter(
                node_shelter, shelter_node, room_price, door, places, step_free, u, t, need, toll,
                real,
            )  # fmt: skip
            if found >= 0 and g + c <= goal:
                size = _push(heap, size, (np.int64(g + c) << 32) | (TOP - (END + at)))
        for a in range(ptr[u] - 1, ptr[u + 1]):
            if a < ptr[u]:
                if t >= n_slots:
                    continue
                to, v, via, c = t + 1, u, WAIT, g + wait
            else:
                if t < span[a, 0] or t > span[a, 1]:
                    continue
                took = row[a, 1]
                to, v, via = t + took, row[a, 0], a
                if to > n_slots:
                    continue
                h = value[min(to, horizon), v]
                c = g + took * wait
                if h >= NEVER or c + h > budget:
                    continue
                q = to * n + v
                if state[q, STAMP] == stamp and c >= state[q, COST]:
                    continue
                barred = False
                for i in range(row[a, 2], row[a, 2] + row[a, 3]):
                    link = item_link[i]
                    when = t + item_off[i]
                    full = free[link, when] < wide
                    if full:
                        if toll < 0:
                            barred = True
                            break
                        c += toll
                    p = price_row[link]
                    if p >= 0 and when < priced and (full or not real):
                        c += price[when, p]
                if barred:
                    continue
            h = value[min(to, horizon), v]
            if h >= NEVER or c + h > budget:
                continue
            q = to * n + v
            if state[q, STAMP] == stamp and (state[q, CLOSED] == stamp or c >= state[q, COST]):
                continue
            state[q, STAMP], state[q, VIA], state[q, COST] = stamp, via, c
            size = _push(heap, size, (np.int64(c + h + (h >> bend)) << 32) | (TOP - q))
    space.count[1] += closed
    return -1, 0, 0


@nb.njit(cache=True, nogil=True, inline="always")
def _push(heap: Any, size: int, x: int) -> int:
    i = size
    while i > 0:
        j = (i - 1) >> 1
        if heap[j] <= x:
            break
        heap[i] = heap[j]
        i = j
    heap[i] = x
    return size + 1


@nb.njit(cache=True, nogil=True)
def _cheapest_shelter(
    node_shelter: Any,
    shelter_node: Any,
    room_price: Any,
    door: Any,
    places: Any,
    step_free: bool,
    u: int,
    t: int,
    need: int,
    toll: int,
    real: bool,
) -> tuple[int, int]:
    """Find the cheapest shelter at a node that can admit so many in a slot, and what it costs."""
    found, best = -1, NEVER
    s = node_shelter[u]
    while s >= 0 and s < len(shelter_node) and shelter_node[s] == u:
        if places.intake[s, t] >= need and room_price[s] < NEVER:
            full = places.room[s] < need or (step_free and places.free_room[s] < need)
            if not full or toll >= 0:
                c = np.int64(0)
                if full or not real:
                    c += room_price[s]
                if not real and t < len(door):
                    c += door[t, s]
                if full:
                    c += 3 * toll
                if c < best:
                    found, best = s, c
        s += 1
    return found, best


@nb.njit(cache=True, nogil=True)
def most_that_fit(
    paths: Any, places: Any, space: Any, k: int, shelter: int, admitted: int, n_arcs: int
) -> int:
    """Persons who may walk the way found together."""
    most = np.int64(min(places.intake[shelter, admitted], places.room[shelter]))
    if places.step_free[k]:
        most = min(most, places.free_room[shelter])
    units = np.int64(1) << 40
    row, item_off = paths.row[k], paths.item_off[k]
    for j in range(n_arcs):
        a, t = space.arc[j], space.slot[j]
        for i in range(row[a, 2], row[a, 2] + row[a, 3]):
            units = min(units, places.link[paths.item_link[i], t + item_off[i]])
    return int(min(most, units // places.unit[k]))
