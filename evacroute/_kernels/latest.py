"""The last slot in which one can still set out and be safe in time, on streets that change."""

from __future__ import annotations

from typing import Any

import numba as nb
import numpy as np

from evacroute._kernels.graph import FAR
from evacroute._kernels.heap import MOST_NODES, NODE_BITS, pop, push


@nb.njit(cache=True, nogil=True)
def latest_starts(
    graph: Any, k: int, n_links: int, opened: Any, is_open: Any, n_slots: int, out: Any
) -> None:
    """Fill `out` with the last slot at each head from which an open shelter is in reach, -1 = none.

    Nobody else is in the way, and one may wait anywhere.

    Parameters
    ----------
    n_links
        Items of an arc from this number on are gates.
    opened
        Last slot up to each in which a gate is open, -1 = none, shape (n_gates, n_slots + 1).
    is_open
        Which shelters count.
    out
        Shape (n_heads,).
    """
    out[:] = -1
    heap = np.empty(len(graph.arc_from) + len(graph.shelter_head) + 2, np.int64)
    size = 0
    for s in range(len(graph.shelter_head)):
        head = graph.shelter_head[s]
        if is_open[s] and out[head] < 0:
            out[head] = n_slots
            size = push(heap, size, int(head))
    while size > 0:
        top = pop(heap, size)
        size -= 1
        late, v = top >> NODE_BITS, top & MOST_NODES
        if n_slots - late < out[v]:
            continue
        for j in range(graph.into_ptr[v], graph.into_ptr[v + 1]):
            arc = graph.into_arc[j]
            took = graph.arc_time[k, arc]
            if took >= FAR:
                continue
            t = out[v] - took
            first = graph.seq_link[graph.seq_ptr[arc]]
            if t >= 0 and first >= n_links:
                t = opened[first - n_links, t]
            u = graph.arc_from[arc]
            if t > out[u]:
                out[u] = t
                size = push(heap, size, (np.int64(n_slots - t) << NODE_BITS) | u)
