"""Links into arcs, times from many starts, and the shelters near a place."""

from __future__ import annotations

from typing import Any

import numba as nb
import numpy as np

from evacroute._kernels.graph import FAR
from evacroute._kernels.heap import MOST_NODES, NODE_BITS, pop, push
from evacroute._kernels.spans import part_time


@nb.njit(cache=True, nogil=True)
def walk_chains(
    start: Any, from_node: Any, to_node: Any, inside: Any, ahead: Any, ptr: Any, seq: Any
) -> None:
    """Follow each start link through the nodes inside chains to the next head.

    `ahead` holds the two links out of each node inside a chain; `seq` must take every link once.
    """
    at = 0
    for i in range(len(start)):
        link = start[i]
        seq[at] = link
        at += 1
        v = to_node[link]
        while inside[v]:
            a, b = ahead[v, 0], ahead[v, 1]
            link = b if to_node[a] == from_node[link] else a
            seq[at] = link
            at += 1
            v = to_node[link]
        ptr[i + 1] = at


@nb.njit(cache=True, nogil=True)
def spread(best: Any, ptr: Any, out: Any, to: Any, time: Any, heap: Any) -> None:
    """Least times from the nodes whose `best` is finite along links; `out` lists links by tail.

    Times are whole numbers held as floats; `heap` takes one entry a node and link.
    """
    size = 0
    for v in range(len(best)):
        if best[v] < FAR:
            size = push(heap, size, int(np.int64(best[v]) << NODE_BITS) | v)
    while size > 0:
        top = pop(heap, size)
        size -= 1
        cost, v = top >> NODE_BITS, top & MOST_NODES
        if cost > best[v]:
            continue
        for j in range(ptr[v], ptr[v + 1]):
            link = out[j]
            w = to[link]
            if time[link] < FAR and cost + time[link] < best[w]:
                best[w] = cost + time[link]
                size = push(heap, size, (np.int64(best[w]) << NODE_BITS) | w)


@nb.njit(cache=True, nogil=True)
def nearest_doors(
    graph: Any, arc_time: Any, head: int, wanted: Any, least: Any, heap: Any, shelter: Any
) -> int:
    """List the wanted shelters nearest to a head, at most len(shelter); returns how many.

    `least` [head] must hold `FAR` everywhere, and does again in the end.
    """
    found = 0
    n_seen = 0
    seen = np.empty(len(least), np.int32)
    least[head] = 0
    seen[0] = head
    n_seen = 1
    size = push(heap, np.int64(0), np.int64(head))
    while size > 0 and found < len(shelter):
        top = pop(heap, size)
        size -= 1
        cost, v = top >> NODE_BITS, top & MOST_NODES
        if cost > least[v]:
            continue
        for j in range(graph.door_ptr[v], graph.door_ptr[v + 1]):
            if wanted[graph.door_shelter[j]] and found < len(shelter):
                shelter[found] = graph.door_shelter[j]
                found += 1
        for arc in range(graph.arc_ptr[v], graph.arc_ptr[v + 1]):
            w = graph.arc_to[arc]
            if arc_time[arc] < FAR and cost + arc_time[arc] < least[w]:
                if least[w] >= FAR:
                    seen[n_seen] = w
                    n_seen += 1
                least[w] = cost + arc_time[arc]
                size = push(heap, size, (np.int64(least[w]) << NODE_BITS) | w)
    for i in range(n_seen):
        least[seen[i]] = FAR
    return found


@nb.njit(cache=True, nogil=True)
def grow(graph: Any, arc_time: Any, starts: Any, least: Any, heap: Any, out: Any) -> int:
    """List the heads from which it is least far to any of `starts`, at most len(out).

    `least` [head] must hold `FAR` everywhere, and does again in the end.
    """
    size, n = 0, 0
    touched = np.empty(len(least), np.int32)
    n_touched = 0
    for i in range(len(starts)):
        v = starts[i]
        if least[v] > 0:
            least[v] = 0
            touched[n_touched] = v
            n_touched += 1
            size = push(heap, size, int(v))
    while size > 0 and n < len(out):
        top = pop(heap, size)
        size -= 1
        cost, v = top >> NODE_BITS, top & MOST_NODES
        if cost > least[v]:
            continue
        out[n] = v
        n += 1
        for j in range(graph.into_ptr[v], graph.into_ptr[v + 1]):
            arc = graph.into_arc[j]
            u = graph.arc_from[arc]
            if arc_time[arc] < FAR and cost + arc_time[arc] < least[u]:
                if least[u] >= FAR:
                    touched[n_touched] = u
                    n_touched += 1
                least[u] = cost + arc_time[arc]
                size = push(heap, size, (np.int64(least[u]) << NODE_BITS) | u)
    for i in range(n_touched):
        least[touched[i]] = FAR
    return n


@nb.njit(cache=True, nogil=True)
def _inwards(graph: Any, arc_time: Any, head: int, limit: Any, out: Any, heap: Any) -> None:
    """Least times to `head`, `FAR` at heads where they are above the head's `limit`.

    Walking an arc further must not raise the limit by more than the arc takes.
    """
    out[:] = FAR
    if limit[head] < 0:
        return
    out[head] = 0
    size = push(heap, np.int64(0), np.int64(head))
    while size > 0:
        top = pop(heap, size)
        size -= 1
        cost, v = top >> NODE_BITS, top & MOST_NODES
        if cost > out[v]:
            continue
        for j in range(graph.into_ptr[v], graph.into_ptr[v + 1]):
            arc = graph.into_arc[j]
            if arc_time[arc] >= FAR:
                continue
            u = graph.arc_from[arc]
            c = cost + arc_time[arc]
            if c < out[u] and c <= limit[u]:
                out[u] = c
                size = push(heap, size, (np.int64(c) << NODE_BITS) | u)


@nb.njit(cache=True, nogil=True)
def to_doors_within(graph: Any, price: Any, limit: Any, out: Any) -> None:
    """Find times of class 0 to every shelter, where time + price[shelter] <= limit[head].

    `out` has shape (n_shelters, n_heads); other heads get `FAR`.
    """
    heap = np.empty(len(graph.arc_from) + 2, np.int64)
    for s in range(len(graph.shelter_head)):
        most = limit - price[s]
        _inwards(graph, graph.arc_time[0], graph.shelter_head[s], most, out[s], heap)


@nb.njit(cache=True, nogil=True)
def to_targets(graph: Any, ptr: Any, start: Any, margin: int, out: Any) -> None:
    """Find times of class 0 to each shelter, up to `margin` above those of its `start` heads.

    The starts of shelter s are start[ptr[s]:ptr[s + 1]]; `out` has shape (n_shelters, n_heads);
    heads farther off get `FAR`.
    """
    heap = np.empty(len(graph.arc_from) + 2, np.int64)
    wanted = np.zeros(len(graph.arc_ptr) - 1, np.bool_)
    for s in range(len(graph.shelter_head)):
        wanted[:] = False
        missing = np.int64(0)
        for i in range(ptr[s], ptr[s + 1]):
            if not wanted[start[i]]:
                wanted[start[i]] = True
                missing += 1
        _until_all(graph, graph.arc_time[0], graph.shelter_head[s], wanted, missing, margin,
                   out[s], heap)  # fmt: skip


@nb.njit(cache=True, nogil=True)
def _until_all(
    graph: Any,
    arc_time: Any,
    head: int,
    wanted: Any,
    missing: int,
    margin: int,
    out: Any,
    heap: Any,
) -> None:
    out[:] = FAR
    out[head] = 0
    last = FAR
    size = push(heap, np.int64(0), np.int64(head))
    while size > 0:
        top = pop(heap, size)
        size -= 1
        cost, v = top >> NODE_BITS, top & MOST_NODES
        if cost > out[v]:
            continue
        if cost > last:
            # Labels beyond may not be least yet.
            out[v] = FAR
            continue
        if wanted[v]:
            wanted[v] = False
            missing -= 1
            if missing == 0:
                last = cost + margin
        for j in range(graph.into_ptr[v], graph.into_ptr[v + 1]):
            arc = graph.into_arc[j]
            if arc_time[arc] >= FAR:
                continue
            u = graph.arc_from[arc]
            c = cost + arc_time[arc]
            if c < out[u] and c <= last:
                out[u] = c
                size = push(heap, size, (np.int64(c) << NODE_BITS) | u)


@nb.njit(cache=True, nogil=True)
def doors_from_nodes(graph: Any, arc_delay: Any, table: Any, node: Any, out: Any) -> None:
    """Fill out[i, s] with the times of class 0 from node[i], given table[s, head].

    `arc_delay` [slots], shape (n_arcs,), is charged in full where a part of the arc is walked.
    """
    k = np.int64(0)
    for i in range(len(node)):
        head = graph.node_head[node[i]]
        if head >= 0:
            for s in range(len(table)):
                out[i, s] = table[s, head]
            continue
        for s in range(len(table)):
            out[i, s] = FAR
        for side in range(2):
            arc = graph.node_arc[node[i], side]
            if arc < 0:
                continue
            took = part_time(graph, k, graph.node_pos[node[i], side], graph.seq_ptr[arc + 1])
            if took >= FAR:
                continue
            took += arc_delay[arc]
            for s in range(len(table)):
                out[i, s] = min(out[i, s], took + table[s, graph.arc_to[arc]])
