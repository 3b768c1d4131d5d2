"""Exchanges within one class: whoever is at the same place at the same time may swap what follows.

The parties of a class and size form one flow over time, whoever they are. One's way is taken out
and put back on the best way through the residual network: forward where there is room, backward
where others of the class walk, which sends one of those another way. What can be reached from a
place does not depend on who asks, so places from which nothing better was found are passed over by
later searches that may spend no more.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numba as nb
import numpy as np

from evacroute._kernels.exchange import IN, OUT, remember_way
from evacroute._kernels.heap import push
from evacroute._kernels.priced_search import CLOSED, COST, MASK, NEVER, STAMP, TOP, VIA

ROOT, WAIT, BACK = -3, -1, -2
"""How a place was reached: it is the start; by waiting; by one waiting less."""

HUB, AGAINST = -10, -(1 << 24)
"""Less the shelter: in place of one who was admitted; less the arc: in place of a walker."""

AGAIN, MOST_AGAIN = 16, 5_000_000
"""Times that all places may be looked at in a pass of insertions, and how many at most."""


class ClassFlow(NamedTuple):
    """How many parties of a class and size are where.

    Attributes
    ----------
    arc
        Parties that enter each arc by slot, shape (n_arcs, n_slots + 1).
    wait
        Parties that wait at each node from a slot to the next, shape (n_nodes, n_slots + 1).
    door
        Parties admitted, shape (n_shelters, n_slots + 1).
    into_ptr, into_arc
        Arcs into each node.
    dead
        The pass in which each slot and node was last found to lead nowhere.
    """

    arc: Any
    wait: Any
    door: Any
    into_ptr: Any
    into_arc: Any
    dead: Any


@nb.njit(cache=True, nogil=True)
def shift_arc(
    paths: Any, places: Any, flow: Any, k: int, z: int, a: int, t: int, sign: int
) -> bool:
    """Put a party of z on an arc or take one off; False if a link is then overfull."""
    flow.arc[a, t] += sign
    units = sign * z * places.unit[k]
    row, item_off = paths.row[k], paths.item_off[k]
    n_slots = places.link.shape[1] - 1
    good = True
    for i in range(row[a, 2], row[a, 2] + row[a, 3]):
        link, when = paths.item_link[i], t + item_off[i]
        every = places.every[link]
        if every == 1:
            places.link[link, when] -= units
        else:
            for s in range(max(when - every + 1, 0), min(when + every, n_slots + 1)):
                places.link[link, s] -= units
        if places.link[link, when] < 0:
            good = False
    return good


@nb.njit(cache=True, nogil=True)
def shift_door(places: Any, flow: Any, z: int, s: int, t: int, sign: int) -> None:
    """Let a party in at a door or take one back; the shelter's room is not touched."""
    flow.door[s, t] += sign
    n_slots = places.link.shape[1] - 1
    every = places.door_every[s]
    for q in range(max(t - every + 1, 0), min(t + every, n_slots + 1)):
        places.intake[s, q] -= sign * z


@nb.njit(cache=True, nogil=True)
def shift_room(places: Any, k: int, z: int, s: int, sign: int) -> None:
    """Take z places in a shelter or give them back."""
    places.room[s] -= sign * z
    if places.step_free[k]:
        places.free_room[s] -= sign * z


@nb.njit(cache=True, nogil=True)
def trace(
    paths: Any, guide: Any, flow: Any, k: int, u: int, t: int, arcs: Any, slots: Any
) -> tuple[np.int64, np.int64, int]:
    """Follow the flow from a place to a shelter, at each place by the dearest step.

    Returns
    -------
    tuple
        Shelter, slot of admission, number of steps in arcs (WAIT = a wait) and slots; shelter -1
        if there is no flow.
    """
    value, wait = guide.value[k], guide.weight[k]
    horizon = value.shape[0] - 1
    row = paths.row[k]
    n = 0
    while True:
        s = paths.node_shelter[u]
        while s >= 0 and s < len(paths.shelter_node) and paths.shelter_node[s] == u:
            if flow.door[s, t] > 0:
                return np.int64(s), np.int64(t), n
            s += 1
        best, dearest = -3, np.int64(-1) << 40
        if flow.wait[u, t] > 0:
            best, dearest = WAIT, np.int64(wait) + value[min(t + 1, horizon), u]
        for a in range(paths.ptr[u], paths.ptr[u + 1]):
            if flow.arc[a, t] > 0:
                c = np.int64(wait) * row[a, 1] + value[min(t + row[a, 1], horizon), row[a, 0]]
                if c > dearest:
                    best, dearest = a, c
        if best == -3 or n >= len(arcs):
            return np.int64(-1), np.int64(t), n
        arcs[n], slots[n] = best, t
        n += 1
        if best == WAIT:
            t += 1
        else:
            t += row[best, 1]
            u = row[best, 0]


@nb.njit(cache=True, nogil=True)
def _price_of(paths: Any, guide: Any, k: int, a: int, t: int) -> int:
    table = guide.link[guide.scale[k]]
    price, horizon = np.int64(0), len(table)
    row, item_off = paths.row[k], paths.item_off[k]
    for i in range(row[a, 2], row[a, 2] + row[a, 3]):
        p, when = guide.row[paths.item_link[i]], t + item_off[i]
        if p >= 0 and when < horizon:
            price += table[when, p]
    return int(price)


@nb.njit(cache=True, nogil=True)
def find_exchange(
    paths: Any, guide: Any, places: Any, space: Any, flow: Any, k: int, z: int, start: int,
    ready: int, latest: int, budget: int, most: int, phase: int,
) -> int:  # fmt: skip
    """Find a way through the residual network that ends before slot `latest`.

    Costs of places are slots since the alarm times the class's weight, with what exchanges in
    shelters took or gave. Places whose value promises more than `budget` are not looked at.

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
    s0 = ready * n + start
    # The cost of a state is its slot, so what is kept is the difference that exchanges made.
    state[s0, STAMP], state[s0, VIA], state[s0, COST], state[s0, CLOSED] = stamp, ROOT, 0, 0
    key = ready * wait + value[min(ready, horizon), start]
    heap[0] = (np.int64(key) << 32) | (TOP - s0)
    size, closed = 1, 0
    limit = len(heap) - 2048
    while size > 0 and closed < most and size < limit:
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
        closed += 1
        if at < hubs:
            flow.dead[at] = phase
        extra = state[at, COST]
        if at >= hubs:
            s = at - hubs
            entered = state[at, VIA]
            if places.room[s] >= z and (not step_free or places.free_room[s] >= z):
                space.count[1] += closed
                return at
            u = paths.shelter_node[s]
            for t in range(n_slots + 1):
                if flow.door[s, t] > 0:
                    q = t * n + u
                    if state[q, STAMP] == stamp:
                        continue
                    more = extra + (entered - t) * wait
                    key = t * wait + value[min(t, horizon), u] + more
                    if key > budget or flow.dead[q] == phase:
                        continue
                    state[q, STAMP], state[q, VIA], state[q, COST] = stamp, HUB - s, more
                    size = push(heap, size, (np.int64(key) << 32) | (TOP - q))
            continue
        t = at // n
        u = at - t * n
        s = paths.node_shelter[u]
        while s >= 0 and s < len(paths.shelter_node) and paths.shelter_node[s] == u:
            q = hubs + s
            if places.intake[s, t] >= z and state[q, STAMP] != stamp and guide.room[k, s] < NEVER:
                open_ = places.room[s] >= z and (not step_free or places.free_room[s] >= z)
                if open_:
                    if t * wait + extra < latest * wait:
                        state[q, STAMP], state[q, VIA], state[q, COST] = stamp, t, extra
                        state[q, CLOSED] = 0
                        size = push(heap, size, (np.int64(0) << 32) | (TOP - q))
                else:
                    key = t * wait + extra + guide.room[k, s]
                    if key <= budget:
                        state[q, STAMP], state[q, VIA], state[q, COST] = stamp, t, extra
                        state[q, CLOSED] = 0
                        size = push(heap, size, (np.int64(key) << 32) | (TOP - q))
            s += 1
        # Forward: wait, then every arc with room; backward: where somebody of the class walks.
        for a in range(paths.ptr[u] - 1, paths.ptr[u + 1]):
            if a < paths.ptr[u]:
                to, v, via = t + 1, u, WAIT
                if to > n_slots:
                    continue
            else:
                to, v, via = t + row[a, 1], row[a, 0], a
                if to > n_slots:
                    continue
            h = value[min(to, horizon), v]
            if h >= NEVER:
                continue
            key = to * wait + h + extra
            q = to * n + v
            if key > budget or state[q, STAMP] == stamp or flow.dead[q] == phase:
                continue
            if via >= 0:
                barred = False
                for i in range(row[a, 2], row[a, 2] + row[a, 3]):
                    if free[item_link[i], t + item_off[i]] < wide:
                        barred = True
                        break
                if barred:
                    continue
            state[q, STAMP], state[q, VIA], state[q, COST] = stamp, via, extra
            size = push(heap, size, (np.int64(key) << 32) | (TOP - q))
        if t > 0 and flow.wait[u, t - 1] > 0:
            q = at - n
            key = (t - 1) * wait + value[min(t - 1, horizon), u] + extra
            if key <= budget and state[q, STAMP] != stamp and flow.dead[q] != phase:
                state[q, STAMP], state[q, VIA], state[q, COST] = stamp, BACK, extra
                size = push(heap, size, (np.int64(key) << 32) | (TOP - q))
        for j in range(flow.into_ptr[u], flow.into_ptr[u + 1]):
            b = flow.into_arc[j]
            when = t - row[b, 1]
            if when < 0 or flow.arc[b, when] < 1:
                continue
            v = paths.src[b]
            q = when * n + v
            key = when * wait + value[min(when, horizon), v] + extra
            if key > budget or state[q, STAMP] == stamp or flow.dead[q] == phase:
                continue
            state[q, STAMP], state[q, VIA], state[q, COST] = stamp, AGAINST - b, extra
            size = push(heap, size, (np.int64(key) << 32) | (TOP - q))
    space.count[1] += closed
    return -1


@nb.njit(cache=True, nogil=True)
def apply_exchange(
    paths: Any, places: Any, space: Any, flow: Any, k: int, z: int, hub: int, sign: int
) -> bool:
    """Send a person along the way found (sign 1), or undo that; False if a link is overfull."""
    n = len(paths.ptr) - 1
    n_slots = places.link.shape[1] - 1
    hubs = n * (n_slots + 1)
    state, row = space.state, paths.row[k]
    good = True
    at = hub
    shift_room(places, k, z, hub - hubs, sign)
    while True:
        via = state[at, VIA]
        if at >= hubs:
            s = at - hubs
            shift_door(places, flow, z, s, np.int64(via), sign)
            at = via * n + paths.shelter_node[s]
            continue
        flow.dead[at] = 0
        t = at // n
        u = at - t * n
        if via == ROOT:
            return good
        if via == WAIT:
            at -= n
            flow.wait[u, t - 1] += sign
        elif via == BACK:
            at += n
            flow.wait[u, t] -= sign
        elif via <= AGAINST:
            b = np.int64(AGAINST - via)
            shift_arc(paths, places, flow, k, z, b, t, -sign)
            at = (t + row[b, 1]) * n + row[b, 0]
        elif via <= HUB:
            s = np.int64(HUB - via)
            shift_door(places, flow, z, s, t, -sign)
            at = hubs + s
        else:
            when = t - row[via, 1]
            if not shift_arc(paths, places, flow, k, z, np.int64(via), when, sign):
                good = False
            at = when * n + paths.src[via]


@nb.njit(cache=True, nogil=True)
def exchange(
    paths: Any, guide: Any, places: Any, space: Any, flow: Any, k: int, z: int, node: Any,
    ready: Any, begin: int, end: int, most: int, phase: int, tally: Any, arcs: Any, slots: Any,
) -> None:  # fmt: skip
    """Try for each of some people of a class, one by one, to be safe sooner by exchanges.

    `tally` counts tries, successes and slots gained.
    """
    wait = np.int64(guide.weight[k])
    for j in range(begin, end):
        u, r = node[j], ready[j]
        s, admitted, n_steps = trace(paths, guide, flow, k, u, r, arcs, slots)
        if s < 0:
            continue
        paid = np.int64(guide.room[k, s])
        if admitted < len(guide.door):
            paid += guide.door[admitted, s]
        for i in range(n_steps):
            if arcs[i] >= 0:
                paid += _price_of(paths, guide, k, arcs[i], slots[i])
        budget = admitted * wait + paid
        tally[0] += 1
        if flow.dead[r * (len(paths.ptr) - 1) + u] == phase:
            continue
        at = u
        for i in range(n_steps):
            if arcs[i] == WAIT:
                flow.wait[at, slots[i]] -= 1
            else:
                shift_arc(paths, places, flow, k, z, np.int64(arcs[i]), np.int64(slots[i]), OUT)
                at = paths.row[k, arcs[i], 0]
        shift_door(places, flow, z, s, admitted, OUT)
        shift_room(places, k, z, s, OUT)
        hub = find_exchange(
            paths, guide, places, space, flow, k, z, u, r, admitted, budget, most, phase
        )
        if hub >= 0:
            if apply_exchange(paths, places, space, flow, k, z, hub, IN):
                tally[1] += 1
                tally[2] += admitted - space.state[hub, VIA] - space.state[hub, COST] // wait
                continue
            apply_exchange(paths, places, space, flow, k, z, hub, OUT)
        at = u
        for i in range(n_steps):
            if arcs[i] == WAIT:
                flow.wait[at, slots[i]] += 1
            else:
                shift_arc(paths, places, flow, k, z, np.int64(arcs[i]), np.int64(slots[i]), IN)
                at = paths.row[k, arcs[i], 0]
        shift_door(places, flow, z, s, admitted, IN)
        shift_room(places, k, z, s, IN)


@nb.njit(cache=True, nogil=True)
def insert_by_exchange(
    paths: Any, guide: Any, places: Any, space: Any, flow: Any, k: int, z: int, node: Any,
    ready: Any, phase: int, done: Any, spent: Any,
) -> int:  # fmt: skip
    """Try to place people who are left, one by one; marks those placed in `done`.

    A search that finds a way proves nothing of the places that it looked at, so later ones look at
    them again; after very many places in all they pass them over, as after a search in vain. How
    many these are in the pass is counted in `spent`, of one element.
    """
    n_slots = places.link.shape[1] - 1
    count = 0
    most = min(AGAIN * len(flow.dead), MOST_AGAIN)
    for j in range(len(node)):
        if done[j]:
            continue
        begun = space.count[1]
        hub = find_exchange(
            paths, guide, places, space, flow, k, z, node[j], ready[j], n_slots + 1, 1 << 30,
            1 << 40, phase,
        )  # fmt: skip
        if hub < 0:
            continue
        spent[0] += space.count[1] - begun + len(flow.dead) // 64
        if spent[0] < most:
            stamp = space.count[0]
            for q in range(len(flow.dead)):
                if space.state[q, CLOSED] == stamp:
                    flow.dead[q] = 0
        if apply_exchange(paths, places, space, flow, k, z, hub, IN):
            done[j] = True
            count += 1
        else:
            apply_exchange(paths, places, space, flow, k, z, hub, OUT)
    return count


@nb.njit(cache=True, nogil=True)
def load_flow(
    paths: Any, booked: Any, flow: Any, k: int, z: int, chosen: Any, node: Any, ready: Any
) -> None:
    """Count the chosen movements, of class k and in parties of z, in the flow."""
    row = paths.row[k]
    for x in chosen:
        n, g = booked.size[x] // z, booked.group[x]
        t, u = ready[g], node[g]
        for j in range(booked.arc_ptr[x], booked.arc_ptr[x] + booked.arc_count[x]):
            a, when = booked.arc[j], booked.slot[j]
            for q in range(t, when):
                flow.wait[u, q] += n
            flow.arc[a, when] += n
            t, u = when + row[a, 1], row[a, 0]
        for q in range(t, booked.admitted[x]):
            flow.wait[u, q] += n
        flow.door[booked.shelter[x], booked.admitted[x]] += n


@nb.njit(cache=True, nogil=True)
def unload_flow(
    paths: Any, guide: Any, booked: Any, space: Any, flow: Any, k: int, z: int, group: Any,
    parties: Any,
    node: Any, ready: Any, arcs: Any, slots: Any,
) -> int:  # fmt: skip
    """Turn the flow into movements of the groups again; nothing is booked. Empties the flow.

    `parties` counts those still to be turned of each group.

    Returns
    -------
    int
        Groups done; fewer than given if `booked` has no space left or the flow has a hole.
    """
    row = paths.row[k]
    for j in range(len(group)):
        g = group[j]
        while parties[j] > 0:
            s, admitted, n_steps = trace(paths, guide, flow, k, node[g], ready[g], arcs, slots)
            if s < 0:
                return j
            u, many, n_arcs = node[g], min(parties[j], flow.door[s, admitted]), 0
            for i in range(n_steps):
                a, t = arcs[i], slots[i]
                many = min(many, flow.wait[u, t] if a == WAIT else flow.arc[a, t])
                if a >= 0:
                    n_arcs += 1
                    u = row[a, 0]
            at = n_arcs
            for i in range(n_steps):
                if arcs[i] >= 0:
                    at -= 1
                    space.arc[at], space.slot[at] = arcs[i], slots[i]
            x = remember_way(booked, paths, space, k, np.int64(g), s, admitted, many * z, n_arcs)
            if x < 0:
                return j
            booked.alive[x] = True
            u = node[g]
            for i in range(n_steps):
                if arcs[i] == WAIT:
                    flow.wait[u, slots[i]] -= many
                else:
                    flow.arc[arcs[i], slots[i]] -= many
                    u = row[arcs[i], 0]
            flow.door[s, admitted] -= many
            parties[j] -= many
    return len(group)
