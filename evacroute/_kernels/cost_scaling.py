"""The least-cost flow of one class in the network over time, by pushing and relabelling.

Every state (a node and slot, a shelter, the one end behind all shelters) has a level: what is still
to be paid from there. Parties go down: where a step leads lower than it costs, as many as fit are
sent on; where none does, the level of the state rises. Steps back undo what others did. Costs are
whole slots and levels are kept so finely that what is left has the least cost, and the levels are
its dual prices. This is the last phase of cost scaling: levels start from known prices instead of
from coarser phases. From time to time all levels are raised to the exact distances, as in [2]_.

No network over time is laid out: what is free and who walks where is read from the plan's tables.

References
----------
.. [1] Goldberg, A. V. and Tarjan, R. E. (1990). Finding minimum-cost circulations by successive
   approximation. *Mathematics of Operations Research* 15, 430-466.
.. [2] Goldberg, A. V. (1997). An efficient implementation of a scaling minimum-cost flow algorithm.
   *Journal of Algorithms* 22, 1-29.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numba as nb
import numpy as np

from evacroute._kernels.heap import pop, push
from evacroute._kernels.priced_search import NEVER
from evacroute._kernels.residual import shift_arc, shift_door, shift_room

FINE = 16
"""Bits of a slot's level: the least flow is exact if no cycle has 2**16 steps."""

SLOT = 1 << FINE

STATE_BITS = 24
"""Bits of a state in the heap."""

FAR_UP = np.int64(1) << 38
"""Farther than any distance."""


class Levels(NamedTuple):
    """What the pushing works on, by state: slot and node, then shelters, then the one end.

    Attributes
    ----------
    level
        What is still to be paid from there, `SLOT` = a slot.
    excess
        Parties that have come and not gone on; negative where some are missing.
    queue, waiting
        States with excess, in a ring, and whether each is in it.
    mark
        Where the ring begins, and how many states are in it.
    inside
        Parties in each shelter.
    far, closed, heap
        Scratch of `raise_all`: distances to where parties are missing, those known for good, heap.
    """

    level: Any
    excess: Any
    queue: Any
    waiting: Any
    mark: Any
    inside: Any
    far: Any
    closed: Any
    heap: Any


@nb.njit(cache=True, nogil=True)
def _send(levels: Any, at: int, to: int, many: int) -> None:
    levels.excess[at] -= many
    levels.excess[to] += many
    if levels.excess[to] > 0:
        _line_up(levels, to)


@nb.njit(cache=True, nogil=True)
def _line_up(levels: Any, at: int) -> None:
    if levels.waiting[at] == 0:
        levels.waiting[at] = 1
        mark, queue = levels.mark, levels.queue
        queue[(mark[0] + mark[1]) % len(queue)] = at
        mark[1] += 1


@nb.njit(cache=True, nogil=True)
def _room(places: Any, k: int, z: int, s: int) -> int:
    """Parties for whom a shelter has room."""
    room = places.room[s]
    if places.step_free[k]:
        room = min(room, places.free_room[s])
    return int(room // z)


@nb.njit(cache=True, nogil=True)
def _fit(paths: Any, places: Any, k: int, z: int, a: int, t: int) -> int:
    """Parties that may enter an arc besides those who do."""
    row, item_off = paths.row[k], paths.item_off[k]
    most = np.int64(1) << 40
    for i in range(row[a, 2], row[a, 2] + row[a, 3]):
        most = min(most, places.link[paths.item_link[i], t + item_off[i]])
    return int(most // (z * places.unit[k]))


@nb.njit(cache=True, nogil=True)
def start(
    paths: Any, guide: Any, places: Any, flow: Any, levels: Any, k: int, z: int, parties: int
) -> None:
    """Fill every step that leads lower than it costs; nobody has moved yet.

    Steps with room for all cannot be filled: where they lead lower, the level itself is lowered.
    """
    n = len(paths.ptr) - 1
    n_slots = places.link.shape[1] - 1
    hubs = n * (n_slots + 1)
    n_shelters = len(paths.shelter_node)
    end = hubs + n_shelters
    level, excess, row = levels.level, levels.excess, paths.row[k]
    for s in range(n_shelters):
        at, fit = hubs + s, _room(places, k, z, s)
        if level[at] > level[end]:
            if fit >= parties:
                level[at] = level[end]
            else:
                shift_room(places, k, z, s, fit)
                levels.inside[s] += fit
                _send(levels, at, end, fit)
    for t in range(n_slots, -1, -1):
        # Only the last nodes have arcs that take no time: where those lead is known before.
        for u in range(n):
            at = t * n + u
            best = level[at]
            if t < n_slots:
                best = min(best, level[at + n] + SLOT)
            first = np.int64(paths.node_shelter[u])
            s = first
            while s >= 0 and s < n_shelters and paths.shelter_node[s] == u:
                if guide.room[k, s] < NEVER and places.intake[s, t] // z >= parties:
                    best = min(best, level[hubs + s])
                s += 1
            for a in range(paths.ptr[u], paths.ptr[u + 1]):
                to = t + row[a, 1]
                if to <= n_slots:
                    cost = level[to * n + row[a, 0]] + row[a, 1] * SLOT
                    if cost < best and _fit(paths, places, k, z, a, t) >= parties:
                        best = cost
            level[at] = best
            s = first
            while s >= 0 and s < n_shelters and paths.shelter_node[s] == u:
                fit = places.intake[s, t] // z
                if level[hubs + s] < best and fit > 0 and guide.room[k, s] < NEVER:
                    shift_door(places, flow, z, s, t, fit)
                    _send(levels, at, hubs + s, fit)
                s += 1
            for a in range(paths.ptr[u], paths.ptr[u + 1]):
                to = t + row[a, 1]
                if to <= n_slots:
                    q = to * n + row[a, 0]
                    if level[q] + row[a, 1] * SLOT < best:
                        fit = _fit(paths, places, k, z, a, t)
                        if fit > 0:
                            shift_arc(paths, places, flow, k, z, np.int64(a), t, fit)
                            _send(levels, at, q, fit)
    for at in range(end + 1):
        if excess[at] > 0:
            _line_up(levels, at)


@nb.njit(cache=True, nogil=True)
def _move_on(
    paths: Any, guide: Any, places: Any, flow: Any, levels: Any, k: int, z: int, at: int
) -> int:
    """Push the excess of a state down every step that leads lower than it costs, while any is left.

    Returns
    -------
    int
        The level from which the lowest step left would cost nothing.
    """
    n = len(paths.ptr) - 1
    n_slots = places.link.shape[1] - 1
    hubs = n * (n_slots + 1)
    n_shelters = len(paths.shelter_node)
    end = hubs + n_shelters
    level, excess, row = levels.level, levels.excess, paths.row[k]
    lowest, mine = np.int64(FAR_UP), level[at]
    if at == end:
        for s in range(n_shelters):
            q, fit = hubs + s, levels.inside[s]
            if fit > 0 and level[q] < mine:
                many = min(fit, excess[at])
                shift_room(places, k, z, s, -many)
                levels.inside[s] -= many
                _send(levels, at, q, many)
                if excess[at] == 0:
                    return int(lowest)
            elif fit > 0:
                lowest = min(lowest, level[q])
        return int(lowest)
    if at >= hubs:
        s = at - hubs
        fit = _room(places, k, z, s)
        if fit > 0 and level[end] < mine:
            many = min(fit, excess[at])
            shift_room(places, k, z, s, many)
            levels.inside[s] += many
            _send(levels, at, end, many)
            if excess[at] == 0:
                return int(lowest)
        elif fit > 0:
            lowest = min(lowest, level[end])
        u = paths.shelter_node[s]
        for t in range(n_slots + 1):
            q, fit = t * n + u, flow.door[s, t]
            if fit > 0 and level[q] < mine:
                many = min(fit, excess[at])
                shift_door(places, flow, z, s, t, -many)
                _send(levels, at, q, many)
                if excess[at] == 0:
                    return int(lowest)
            elif fit > 0:
                lowest = min(lowest, level[q])
        return int(lowest)
    t = at // n
    u = at - t * n
    s = np.int64(paths.node_shelter[u])
    while s >= 0 and s < n_shelters and paths.shelter_node[s] == u:
        q, fit = hubs + s, places.intake[s, t] // z
        if fit > 0 and guide.room[k, s] < NEVER:
            if level[q] < mine:
                many = min(fit, excess[at])
                shift_door(places, flow, z, s, t, many)
                _send(levels, at, q, many)
                if excess[at] == 0:
                    return int(lowest)
            else:
                lowest = min(lowest, level[q])
        s += 1
    for a in range(paths.ptr[u], paths.ptr[u + 1]):
        to = t + row[a, 1]
        if to > n_slots:
            continue
        q = to * n + row[a, 0]
        cost = level[q] + row[a, 1] * SLOT
        if cost >= mine and cost >= lowest:
            continue
        fit = _fit(paths, places, k, z, a, t)
        if fit > 0 and cost < mine:
            many = min(fit, excess[at])
            shift_arc(paths, places, flow, k, z, np.int64(a), t, many)
            _send(levels, at, q, many)
            if excess[at] == 0:
                return int(lowest)
        elif fit > 0:
            lowest = cost
    if t < n_slots:
        q = at + n
        if level[q] + SLOT < mine:
            flow.wait[u, t] += excess[at]
            _send(levels, at, q, excess[at])
            return int(lowest)
        lowest = min(lowest, level[q] + SLOT)
    for j in range(flow.into_ptr[u], flow.into_ptr[u + 1]):
        b = flow.into_arc[j]
        when = t - row[b, 1]
        if when < 0:
            continue
        q, fit = when * n + paths.src[b], flow.arc[b, when]
        cost = level[q] - row[b, 1] * SLOT
        if fit > 0 and cost < mine:
            many = min(fit, excess[at])
            shift_arc(paths, places, flow, k, z, np.int64(b), when, -many)
            _send(levels, at, q, many)
            if excess[at] == 0:
                return int(lowest)
        elif fit > 0:
            lowest = min(lowest, cost)
    if t > 0:
        q, fit = at - n, flow.wait[u, t - 1]
        if fit > 0 and level[q] - SLOT < mine:
            many = min(fit, excess[at])
            flow.wait[u, t - 1] -= many
            _send(levels, at, q, many)
        elif fit > 0:
            lowest = min(lowest, level[q] - SLOT)
    return int(lowest)


@nb.njit(cache=True, nogil=True)
def push_down(
    paths: Any, guide: Any, places: Any, flow: Any, levels: Any, k: int, z: int, most: int
) -> bool:
    """Work on so many states at most; True if nobody is too many anywhere any more."""
    mark, queue = levels.mark, levels.queue
    while mark[1] > 0 and most > 0:
        at = queue[mark[0]]
        mark[0] = (mark[0] + 1) % len(queue)
        mark[1] -= 1
        levels.waiting[at] = 0
        while levels.excess[at] > 0:
            lowest = _move_on(paths, guide, places, flow, levels, k, z, at)
            most -= 1
            if levels.excess[at] > 0:
                if lowest >= FAR_UP:
                    return False
                levels.level[at] = lowest + 1
    return bool(mark[1] == 0)


@nb.njit(cache=True, nogil=True)
def _offer(levels: Any, size: int, i: int, far: int) -> int:
    """Note that a state is no farther than this; returns the size of the heap."""
    if levels.closed[i] or far >= levels.far[i]:
        return size
    levels.far[i] = far
    return int(push(levels.heap, size, (far << STATE_BITS) | i))


@nb.njit(cache=True, nogil=True)
def raise_all(paths: Any, guide: Any, places: Any, flow: Any, levels: Any, k: int, z: int) -> bool:
    """Raise levels to the least with which every step on a shortest way to a gap leads down.

    A gap is a state where parties are missing. Dijkstra's search backwards from all of them, as far
    as the last state with excess.

    Returns
    -------
    bool
        Whether there is a way to a gap from every state with excess.
    """
    n = len(paths.ptr) - 1
    n_slots = places.link.shape[1] - 1
    hubs = n * (n_slots + 1)
    n_shelters = len(paths.shelter_node)
    end = hubs + n_shelters
    level, excess, row = levels.level, levels.excess, paths.row[k]
    far, closed, heap = levels.far, levels.closed, levels.heap
    far[:] = FAR_UP
    closed[:] = False
    size, todo = np.int64(0), 0
    for i in range(end + 1):
        if excess[i] < 0:
            size = _offer(levels, size, i, np.int64(0))
        elif excess[i] > 0:
            todo += 1
    reach = np.int64(0)
    while size > 0 and todo > 0:
        x = pop(heap, size)
        size -= 1
        q = x & ((1 << STATE_BITS) - 1)
        if closed[q]:
            continue
        closed[q] = True
        reach = far[q]
        if excess[q] > 0:
            todo -= 1
        # A step may lead up by 1 at most, so no step has a length below 0.
        base = reach + level[q] + 1
        if q == end:
            for s in range(n_shelters):
                if _room(places, k, z, s) > 0:
                    size = _offer(levels, size, hubs + s, base - level[hubs + s])
            continue
        if q >= hubs:
            s = q - hubs
            u = paths.shelter_node[s]
            if levels.inside[s] > 0:
                size = _offer(levels, size, end, base - level[end])
            if guide.room[k, s] < NEVER:
                for t in range(n_slots + 1):
                    if places.intake[s, t] >= z:
                        size = _offer(levels, size, t * n + u, base - level[t * n + u])
            continue
        t = q // n
        v = q - t * n
        s = paths.node_shelter[v]
        while s >= 0 and s < n_shelters and paths.shelter_node[s] == v:
            if flow.door[s, t] > 0:
                size = _offer(levels, size, hubs + s, base - level[hubs + s])
            s += 1
        if t > 0:
            size = _offer(levels, size, q - n, base + SLOT - level[q - n])
        if t < n_slots and flow.wait[v, t] > 0:
            size = _offer(levels, size, q + n, base - SLOT - level[q + n])
        for j in range(flow.into_ptr[v], flow.into_ptr[v + 1]):
            b = flow.into_arc[j]
            when = t - row[b, 1]
            if when < 0:
                continue
            i = when * n + paths.src[b]
            length = base + row[b, 1] * SLOT - level[i]
            if not closed[i] and length < far[i] and _fit(paths, places, k, z, b, when) > 0:
                size = _offer(levels, size, i, length)
        for a in range(paths.ptr[v], paths.ptr[v + 1]):
            if flow.arc[a, t] > 0:
                i = (t + row[a, 1]) * n + row[a, 0]
                size = _offer(levels, size, i, base - row[a, 1] * SLOT - level[i])
    for i in range(end + 1):
        level[i] += far[i] if closed[i] else reach
    return bool(todo == 0)


@nb.njit(cache=True, nogil=True)
def link_prices(paths: Any, places: Any, k: int, z: int, level: Any, price: Any) -> None:
    """Prices by slot and link with which levels of whole slots are what is paid from each state.

    What a step leads lower than it costs is put on the first full link of it, if there is one: the
    later ones are shared with people who start inside a chain.
    """
    n = len(paths.ptr) - 1
    n_slots = places.link.shape[1] - 1
    row, item_off, item_link = paths.row[k], paths.item_off[k], paths.item_link
    wide = z * places.unit[k]
    for t in range(n_slots + 1):
        for u in range(n):
            for a in range(paths.ptr[u], paths.ptr[u + 1]):
                to = t + row[a, 1]
                if to > n_slots:
                    continue
                owed = np.float64(level[t * n + u] - level[to * n + row[a, 0]] - row[a, 1])
                if owed <= 0:
                    continue
                full = -1
                for i in range(row[a, 2], row[a, 2] + row[a, 3]):
                    owed -= price[t + item_off[i], item_link[i]]
                    if full < 0 and places.link[item_link[i], t + item_off[i]] < wide:
                        full = i
                if owed > 0 and full >= 0:
                    price[t + item_off[full], item_link[full]] += owed
