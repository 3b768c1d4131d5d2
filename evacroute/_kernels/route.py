"""Earliest arrival against the reservation tables: A* over heads, then booking the way.

The heuristic is the free-flow time, which is exact where nothing is booked. Waiting is allowed at
heads; a chain is walked without stopping, so its entry slot must find every link of it free.
"""

from __future__ import annotations

from typing import Any

import numba as nb
import numpy as np

from evacroute._kernels.full import mark, next_free
from evacroute._kernels.graph import (
    ARC,
    CLOSED,
    EXACT,
    FAR,
    FIRST,
    ITEM,
    LABEL,
    LAST,
    STAMP,
    TO,
    TOOK,
    VIA_ROW,
    VIA_SLOT,
)
from evacroute._kernels.heap import MOST_NODES, NODE_BITS, pop, push
from evacroute._kernels.spans import part_time, span, way_time


@nb.njit(cache=True, nogil=True)
def packed(key: int, hope: int, item: int) -> int:
    """Heap value that sorts by least key, then by what remains."""
    value = (np.int64(key) << 16) | min(hope, 0xFFFF)
    return int((value << NODE_BITS) | item)


@nb.njit(cache=True, nogil=True)
def at_least(floor: Any, head: int, slot: int, key: int) -> int:
    """Raise the key of a label to what earlier searches proved for later slots at this head."""
    if slot >= floor[head, 0] and floor[head, 1] > key:
        return floor[head, 1]
    return key


@nb.njit(cache=True, nogil=True)
def earliest_entry(
    seq_link: Any,
    time: Any,
    shift: float,
    full: Any,
    free_link: Any,
    first: int,
    last: int,
    slot: int,
    latest: int,
    need: int,
    least: int,
) -> int:
    """Earliest slot in slot..latest at which `need` units may enter seq_link[first:last], or -1.

    Takes bare arrays: a tuple of arrays costs reference counts at every call, and this is the
    innermost loop.
    """
    q = slot
    while q <= latest:
        walked = 0.0
        p = first
        while p < last:
            link = seq_link[p]
            at = q + int(walked + shift)
            clear = next_free(full, np.int64(link), at)
            if clear > at:
                q += clear - at
                break
            if need > least and free_link[link, at] < need:
                q += 1
                break
            walked += time[link]
            p += 1
        if p == last:
            return q
    return -1


@nb.njit(cache=True, nogil=True, inline="always")
def row_entry(
    row: Any,
    i: int,
    seq_ptr: Any,
    seq_link: Any,
    time: Any,
    shift: float,
    full: Any,
    free_link: Any,
    slot: int,
    latest: int,
    need: int,
    least: int,
) -> int:
    """Earliest slot in slot..latest at which `need` units may enter the arc of a row, or -1.

    Inlined: a call for each row made searches take an eighth longer.
    """
    item, arc = row[i, ITEM], row[i, ARC]
    entry = next_free(full, np.int64(max(item, ~item)), np.int64(slot))
    if entry > latest:
        return -1
    if item < 0 or need > least:
        entry = earliest_entry(
            seq_link, time, shift, full, free_link, seq_ptr[arc], seq_ptr[arc + 1], entry, latest,
            need, least,
        )  # fmt: skip
    return int(entry)


@nb.njit(cache=True, nogil=True)
def latest_entry(
    seq_link: Any,
    time: Any,
    shift: float,
    free_link: Any,
    first: int,
    last: int,
    slot: int,
    latest: int,
    need: int,
) -> int:
    """Latest slot in slot..latest at which `need` units may enter seq_link[first:last].

    `slot` where there is none.
    """
    q = latest
    while q > slot:
        walked = 0.0
        p = first
        while p < last:
            link = seq_link[p]
            if free_link[link, q + int(walked + shift)] < need:
                break
            walked += time[link]
            p += 1
        if p == last:
            return q
        q -= 1
    return slot


@nb.njit(cache=True, nogil=True)
def search(
    graph: Any,
    free: Any,
    work: Any,
    hope: Any,
    floor: Any,
    node: int,
    k: int,
    ready: int,
    need: int,
    target: int,
    step_free: bool,
    shelter_price: Any,
) -> tuple[int, int, int]:
    """Find the way of least arrival + shelter price.

    Parameters
    ----------
    hope
        Lower bound on what remains from each head, FAR = hopeless.
    floor
        What earlier searches of this class and target proved, shape (n_heads, 2): who is at a head
        in slot [0] or later gets no lower key than [1]. Holds while bookings are only added;
        shape (0, 2) does without.
    target
        The shelter to reach, or -1 for any with room.
    shelter_price
        Added to the arrival at a shelter when comparing [slots, int].

    Notes
    -----
    With a target, on streets that change over time, heads are looked at in the order of what is
    likely to remain (`Graph.slower`): ways are found sooner, and may be later than the best by that
    share of what remains. Nothing that may still be in time is left out.

    Returns
    -------
    tuple
        Shelter (-1 = none in time, or the heap is full, which happens only with a floor and is
        counted in work.counter[2]), slot of admission, number of arcs in work.path_arc/path_slot
        (last first).
    """
    n_slots = free.link.shape[1] - 1
    heads, heap, settled = work.head, work.heap, work.settled
    n_heads = len(heads)
    seq_ptr, seq_link, time = graph.seq_ptr, graph.seq_link, graph.link_time[k]
    full, free_link, intake, room = free.full, free.link, free.intake, free.room
    row, row_ptr, arc_to = graph.row, graph.row_ptr[k], graph.arc_to
    door_ptr, door_shelter = graph.door_ptr, graph.door_shelter
    shift = graph.shift[k]
    slower = graph.slower if target >= 0 else EXACT
    wide, least = need * graph.unit[k], graph.least
    floored = len(floor) > 0
    # Past this key nobody arrives in time.
    highest = n_slots
    if target < 0:
        for s in range(len(shelter_price)):
            highest = max(highest, n_slots + shelter_price[s])
    work.counter[0] += 1
    stamp = work.counter[0]
    size = np.int64(0)
    head = graph.node_head[node]
    if head >= 0:
        if hope[head] >= FAR:
            return -1, 0, 0
        heads[head, LABEL], heads[head, STAMP], heads[head, CLOSED] = ready, stamp, 0
        heads[head, VIA_ROW] = -1
        key = ready + hope[head]
        if floored:
            key = at_least(floor, head, ready, key)
        if key <= highest:
            size = push(heap, size, packed(key, hope[head], head))
    else:
        for side in range(2):
            arc = graph.node_arc[node, side]
            if arc < 0:
                continue
            v = arc_to[arc]
            first, last = graph.node_pos[node, side], seq_ptr[arc + 1]
            took = part_time(graph, k, first, last)
            if took >= FAR or hope[v] >= FAR:
                continue
            entry = earliest_entry(
                seq_link, time, shift, full, free_link, first, last, ready, n_slots - took, wide,
                least,
            )  # fmt: skip
            at = entry + took
            if entry >= 0 and (heads[v, STAMP] != stamp or at < heads[v, LABEL]):
                heads[v, LABEL], heads[v, STAMP], heads[v, CLOSED] = at, stamp, 0
                heads[v, VIA_ROW], heads[v, VIA_SLOT] = -2 - side, entry
                key = at + hope[v]
                if floored:
                    key = at_least(floor, v, at, key)
                likely = max(key, at + hope[v] + (hope[v] >> slower))
                if key <= highest:
                    size = push(heap, size, packed(likely, hope[v], v))
    found = -1
    best = highest + 1
    n_settled = 0
    while size > 0:
        top = pop(heap, size)
        size -= 1
        u = top & MOST_NODES
        if u >= n_heads:
            found = u - n_heads
            best = top >> (16 + NODE_BITS)
            break
        # The floor makes keys inconsistent: a head may be settled again with an earlier label.
        if heads[u, CLOSED]:
            continue
        heads[u, CLOSED] = 1
        t = heads[u, LABEL]
        if size + row_ptr[u + 1] - row_ptr[u] + door_ptr[u + 1] - door_ptr[u] >= len(heap):
            work.counter[2] += 1
            return -1, 0, 0
        if n_settled < len(settled):
            settled[n_settled] = u
        n_settled += 1
        for j in range(door_ptr[u], door_ptr[u + 1]):
            s = door_shelter[j]
            if target >= 0 and s != target:
                continue
            if room[s] < need or (step_free and free.step_free_room[s] < need):
                continue
            q = t
            while q <= n_slots and intake[s, q] < need:
                q += 1
            if q <= n_slots:
                # With one shelter to reach, `hope` does not know its price.
                price = shelter_price[s] if target < 0 else 0
                size = push(heap, size, packed(q + price, np.int32(0), np.int32(n_heads + s)))
        for i in range(row_ptr[u], row_ptr[u + 1]):
            v, took = row[i, TO], row[i, TOOK]
            if t > row[i, LAST] or hope[v] >= FAR:
                continue
            soonest = max(t, row[i, FIRST])
            if heads[v, STAMP] == stamp and soonest + took >= heads[v, LABEL]:
                continue
            latest = min(n_slots - took, row[i, LAST])
            entry = row_entry(
                row, i, seq_ptr, seq_link, time, shift, full, free_link, soonest, latest, wide,
                least,
            )  # fmt: skip
            at = entry + took
            if entry >= 0 and (heads[v, STAMP] != stamp or at < heads[v, LABEL]):
                key = at + hope[v]
                if floored:
                    key = at_least(floor, v, at, key)
                likely = max(key, at + hope[v] + (hope[v] >> slower))
                if key <= highest:
                    heads[v, LABEL], heads[v, STAMP], heads[v, CLOSED] = at, stamp, 0
                    heads[v, VIA_ROW], heads[v, VIA_SLOT] = i, entry
                    size = push(heap, size, packed(likely, hope[v], v))
    work.counter[1] += n_settled
    if floored and need == 1:
        for i in range(min(n_settled, len(settled))):
            u = settled[i]
            if best >= floor[u, 1]:
                floor[u, 0], floor[u, 1] = heads[u, LABEL], best
    if found < 0:
        return -1, 0, 0
    goal = graph.shelter_head[found]
    admitted = np.int64(heads[goal, LABEL])
    while free.intake[found, admitted] < need:
        admitted += 1
    n_arcs = 0
    at_head = goal
    while heads[at_head, VIA_ROW] != -1:
        via = heads[at_head, VIA_ROW]
        work.path_row[n_arcs] = via
        work.path_arc[n_arcs] = via if via < 0 else row[via, ARC]
        work.path_slot[n_arcs] = heads[at_head, VIA_SLOT]
        n_arcs += 1
        if via < -1:
            break
        at_head = graph.arc_from[row[via, ARC]]
    return found, int(admitted), n_arcs


@nb.njit(cache=True, nogil=True)
def most_free(
    graph: Any, free: Any, work: Any, node: int, k: int, shelter: int, admitted: int, n_arcs: int
) -> int:
    """Persons who may walk the way found together, by streets and intake."""
    most = np.int64(1) << 40
    seq_link, time, free_link = graph.seq_link, graph.link_time[k], free.link
    shift = graph.shift[k]
    path_arc, path_slot = work.path_arc, work.path_slot
    for i in range(n_arcs):
        first, last = span(graph, node, path_arc[i])
        walked = 0.0
        for p in range(first, last):
            link = seq_link[p]
            most = min(most, free_link[link, path_slot[i] + int(walked + shift)])
            walked += time[link]
    return int(min(most // graph.unit[k], free.intake[shelter, admitted]))


@nb.njit(cache=True, nogil=True)
def wait_at_origin(
    graph: Any, free: Any, work: Any, node: int, k: int, admitted: int, n_arcs: int, need: int
) -> None:
    """Move every wait of the way found back towards the origin, as far as the slots allow."""
    leave = admitted
    seq_link, time, free_link = graph.seq_link, graph.link_time[k], free.link
    shift, wide = graph.shift[k], need * graph.unit[k]
    path_arc, path_slot = work.path_arc, work.path_slot
    for i in range(n_arcs):
        latest = leave - way_time(graph, k, node, path_arc[i])
        if latest > path_slot[i]:
            first, last = span(graph, node, path_arc[i])
            path_slot[i] = latest_entry(
                seq_link, time, shift, free_link, first, last, path_slot[i], latest, wide
            )
        leave = path_slot[i]


@nb.njit(cache=True, nogil=True)
def book(
    graph: Any,
    free: Any,
    node: int,
    k: int,
    arcs: Any,
    slots: Any,
    n_arcs: int,
    shelter: int,
    admitted: int,
    persons: int,
    step_free: bool,
) -> None:
    """Take `persons` places on the way, at the door and in the shelter (negative gives back)."""
    seq_link, time, shift = graph.seq_link, graph.link_time[k], graph.shift[k]
    free_link, full, every = free.link, free.full, graph.link_every
    units, least = persons * graph.unit[k], graph.least
    for i in range(n_arcs):
        first, last = span(graph, node, arcs[i])
        walked = 0.0
        for p in range(first, last):
            link = seq_link[p]
            at = slots[i] + int(walked + shift)
            # A link that passes less than one a slot is shut for some slots around each entry.
            spread = every[link] - 1
            for t in range(max(at - spread, 0), min(at + spread + 1, free_link.shape[1])):
                free_link[link, t] -= units
                mark(full, np.int64(link), t, free_link[link, t] < least)
            walked += time[link]
    free.intake[shelter, admitted] -= persons
    free.room[shelter] -= persons
    if step_free:
        free.step_free_room[shelter] -= persons
