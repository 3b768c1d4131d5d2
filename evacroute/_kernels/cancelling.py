"""Take back admissions that cost more than need be: negative cycles in the residual network.

Whoever in a class is admitted late gives their place back; the flow of the class, rearranged, finds
a sooner one instead, if there is any. Where parties are of one size and only one class walks, what
then is left has the least cost. Exhaustive, so for small instances.

The search is that of `residual.find_exchange` from a shelter's node at the slot of the admission,
but for this: a place reached again for less is gone through again, and places that led nowhere are
passed over only by searches that are allowed no more from there.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numba as nb
import numpy as np

from evacroute._kernels.exchange import IN, OUT
from evacroute._kernels.heap import push
from evacroute._kernels.priced_search import CLOSED, COST, MASK, NEVER, STAMP, TOP, VIA
from evacroute._kernels.residual import (
    AGAINST,
    BACK,
    HUB,
    ROOT,
    WAIT,
    apply_exchange,
    shift_door,
    shift_room,
)

BITS = 31
"""Shelters are told apart by so many bits; those that share one hinder each other a little."""


class Marks(NamedTuple):
    """Scratch of the search, by state.

    Attributes
    ----------
    closed
        States in the order in which they were closed.
    chain
        Shelters passed on the way to the state.
    on_way
        Shelters to which the way leads through the state.
    allowed
        What the search in which the state led nowhere could have spent from there.
    """

    closed: Any
    chain: Any
    on_way: Any
    allowed: Any


@nb.njit(cache=True, nogil=True)
def _came_from(paths: Any, state: Any, row: Any, n: int, hubs: int, at: int) -> int:
    """State from which a state was reached, -1 at the start."""
    via = state[at, VIA]
    if at >= hubs:
        return int(via * n + paths.shelter_node[at - hubs])
    t = at // n
    if via == ROOT:
        return -1
    if via == WAIT:
        return int(at - n)
    if via == BACK:
        return int(at + n)
    if via <= AGAINST:
        b = AGAINST - via
        return int((t + row[b, 1]) * n + row[b, 0])
    if via <= HUB:
        return int(hubs + HUB - via)
    return int((t - row[via, 1]) * n + paths.src[via])


@nb.njit(cache=True, nogil=True)
def _mark_way(
    paths: Any, space: Any, marks: Any, row: Any, n: int, hubs: int, at: int, bit: int
) -> bool:
    """Note the states on the way to a shelter; False if the way bites its own tail."""
    left = len(space.arc)
    while at >= 0 and left > 0:
        marks.on_way[at] |= bit
        at = _came_from(paths, space.state, row, n, hubs, at)
        left -= 1
    return bool(at < 0)


@nb.njit(cache=True, nogil=True)
def _is_worth(
    space: Any, flow: Any, marks: Any, q: int, extra: int, chain: int, allowed: int, phase: int
) -> bool:
    """Whether state q is worth reaching with what exchanges in shelters took or gave."""
    if flow.dead[q] == phase and marks.allowed[q] >= allowed - extra:
        return False
    if space.state[q, STAMP] != space.count[0]:
        return True
    # Once more for less, but not by way of itself.
    return bool(space.state[q, COST] > extra and marks.on_way[q] & chain == 0)


@nb.njit(cache=True, nogil=True)
def _reach(
    space: Any, marks: Any, size: int, q: int, via: int, extra: int, chain: int, key: int
) -> int:
    state, stamp, heap = space.state, space.count[0], space.heap
    if state[q, STAMP] != stamp:
        marks.on_way[q] = 0
    state[q, STAMP], state[q, VIA], state[q, COST], state[q, CLOSED] = stamp, via, extra, 0
    marks.chain[q] = chain
    return int(push(heap, size, (np.int64(key) << 32) | (TOP - q)))


@nb.njit(cache=True, nogil=True)
def find_sooner(
    paths: Any, guide: Any, places: Any, space: Any, flow: Any, marks: Any, k: int, z: int,
    start: int, slot: int, budget: int, phase: int,
) -> int:  # fmt: skip
    """Find a way from a shelter's node and slot, through the residual network, to a sooner place.

    Returns
    -------
    int
        State of the shelter reached (a hub), -1 = none.
    """
    n = len(paths.ptr) - 1
    state, heap = space.state, space.heap
    row, item_off, item_link = paths.row[k], paths.item_off[k], paths.item_link
    value, wait = guide.value[k], np.int64(guide.weight[k])
    horizon = value.shape[0] - 1
    n_slots = places.link.shape[1] - 1
    hubs = n * (n_slots + 1)
    free, wide = places.link, z * places.unit[k]
    step_free = places.step_free[k]
    space.count[0] += 1
    stamp = space.count[0]
    allowed = slot * wait
    key = allowed + value[min(slot, horizon), start]
    none = np.int64(0)
    size = _reach(space, marks, none, slot * n + start, np.int64(ROOT), none, none, key)
    closed, limit = 0, len(heap) - 2048
    while size > 0 and size < limit and closed < len(marks.closed):
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
        if state[at, CLOSED] == stamp:
            continue
        state[at, CLOSED] = stamp
        marks.closed[closed] = at
        closed += 1
        extra, chain = np.int64(state[at, COST]), np.int64(marks.chain[at])
        if at >= hubs:
            s = at - hubs
            bit = np.int32(1) << (s % BITS)
            sound = _mark_way(paths, space, marks, row, n, hubs, at, bit)
            if places.room[s] >= z and (not step_free or places.free_room[s] >= z):
                space.count[1] += closed
                return int(at) if sound else -1
            u, entered = paths.shelter_node[s], state[at, VIA]
            for t in range(n_slots + 1):
                if flow.door[s, t] > 0:
                    q = t * n + u
                    more = extra + (entered - t) * wait
                    key = t * wait + value[min(t, horizon), u] + more
                    if key <= budget and _is_worth(
                        space, flow, marks, q, more, chain | bit, allowed, phase
                    ):
                        size = _reach(space, marks, size, q, HUB - s, more, chain | bit, key)
            continue
        t = at // n
        u = at - t * n
        s = paths.node_shelter[u]
        while s >= 0 and s < len(paths.shelter_node) and paths.shelter_node[s] == u:
            q = hubs + s
            if places.intake[s, t] >= z and guide.room[k, s] < NEVER:
                cost = t * wait + extra
                if places.room[s] >= z and (not step_free or places.free_room[s] >= z):
                    if cost < allowed:
                        size = _reach(space, marks, size, q, t, extra, chain, none)
                elif cost + guide.room[k, s] <= budget and (
                    state[q, STAMP] != stamp
                    or (
                        state[q, VIA] * wait + state[q, COST] > cost
                        and marks.on_way[q] & chain == 0
                    )
                ):
                    size = _reach(space, marks, size, q, t, extra, chain, cost + guide.room[k, s])
            s += 1
        # Forward: wait, then every arc with room; backward: where somebody of the class walks.
        for a in range(paths.ptr[u] - 1, paths.ptr[u + 1]):
            if a < paths.ptr[u]:
                to, v, via = t + 1, u, WAIT
            else:
                to, v, via = t + row[a, 1], row[a, 0], a
            if to > n_slots:
                continue
            h = value[min(to, horizon), v]
            key = to * wait + h + extra
            q = to * n + v
            if h >= NEVER or key > budget:
                continue
            if not _is_worth(space, flow, marks, q, extra, chain, allowed, phase):
                continue
            barred = False
            if via >= 0:
                for i in range(row[a, 2], row[a, 2] + row[a, 3]):
                    if free[item_link[i], t + item_off[i]] < wide:
                        barred = True
                        break
            if not barred:
                size = _reach(space, marks, size, q, via, extra, chain, key)
        if t > 0 and flow.wait[u, t - 1] > 0:
            q = at - n
            key = (t - 1) * wait + value[min(t - 1, horizon), u] + extra
            if key <= budget and _is_worth(space, flow, marks, q, extra, chain, allowed, phase):
                size = _reach(space, marks, size, q, np.int64(BACK), extra, chain, key)
        for j in range(flow.into_ptr[u], flow.into_ptr[u + 1]):
            b = flow.into_arc[j]
            when = t - row[b, 1]
            if when < 0 or flow.arc[b, when] < 1:
                continue
            v = paths.src[b]
            q = when * n + v
            key = when * wait + value[min(when, horizon), v] + extra
            if key <= budget and _is_worth(space, flow, marks, q, extra, chain, allowed, phase):
                size = _reach(space, marks, size, q, AGAINST - b, extra, chain, key)
    space.count[1] += closed
    for j in range(closed):
        q = marks.closed[j]
        if q < hubs:
            flow.dead[q] = phase
            marks.allowed[q] = allowed - state[q, COST]
    return -1


@nb.njit(cache=True, nogil=True)
def cancel(
    paths: Any, guide: Any, places: Any, space: Any, flow: Any, marks: Any, k: int, z: int,
    begin: int, end: int, slack: int, phase: int, tally: Any,
) -> None:  # fmt: skip
    """Take back the admissions of slots begin to end - 1, the latest first, where that pays.

    `tally` counts tries, successes and slots gained; `slack` widens the search beyond what the
    prices promise.
    """
    wait = np.int64(guide.weight[k])
    for t in range(end - 1, begin - 1, -1):
        for s in range(len(paths.shelter_node)):
            while flow.door[s, t] > 0:
                budget = t * wait + guide.room[k, s] + slack
                if t < len(guide.door):
                    budget += guide.door[t, s]
                tally[0] += 1
                shift_door(places, flow, z, s, t, OUT)
                shift_room(places, k, z, s, OUT)
                hub = find_sooner(
                    paths, guide, places, space, flow, marks, k, z, paths.shelter_node[s], t,
                    budget, phase,
                )  # fmt: skip
                if hub >= 0:
                    if apply_exchange(paths, places, space, flow, k, z, hub, IN):
                        tally[1] += 1
                        tally[2] += t - space.state[hub, VIA] - space.state[hub, COST] // wait
                        continue
                    apply_exchange(paths, places, space, flow, k, z, hub, OUT)
                shift_door(places, flow, z, s, t, IN)
                shift_room(places, k, z, s, IN)
                break
