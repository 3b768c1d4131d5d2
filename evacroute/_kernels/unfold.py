"""Turn booked arcs into legs: one row a link, in slots."""

from __future__ import annotations

from typing import Any

import numba as nb
import numpy as np

from evacroute._kernels.spans import span, way_time


@nb.njit(cache=True, nogil=True, parallel=True)
def count_legs(graph: Any, store: Any, kept: Any, node: Any, n_links: int, count: Any) -> None:
    """Count the legs of each kept movement; gates are none."""
    for i in nb.prange(len(kept)):
        count[i] = 0
        for j in range(store.ptr[kept[i]], store.ptr[kept[i] + 1]):
            first, last = span(graph, np.int64(node[i]), store.arc[j])
            while graph.seq_link[first] >= n_links:
                first += 1
            count[i] += last - first


@nb.njit(cache=True, nogil=True, parallel=True)
def unfold(
    graph: Any,
    store: Any,
    kept: Any,
    node: Any,
    class_: Any,
    step: float,
    n_links: int,
    leg_ptr: Any,
    link: Any,
    enter: Any,
    leave: Any,
) -> None:
    """Fill in the legs of the kept movements, slots times `step`.

    Inside a chain the entry to each link is the time walked so far, rounded; the last link ends
    with the chain's own whole time.
    """
    for i in nb.prange(len(kept)):
        m, k, u = kept[i], np.int64(class_[i]), np.int64(node[i])
        at = leg_ptr[i]
        for j in range(store.ptr[m], store.ptr[m + 1]):
            arc, slot = store.arc[j], store.slot[j]
            first, last = span(graph, u, arc)
            walked = 0.0
            while graph.seq_link[first] >= n_links:
                first += 1
            for p in range(first, last):
                link[at] = graph.seq_link[p]
                enter[at] = (slot + int(walked + graph.shift[k])) * step
                if p > first:
                    leave[at - 1] = enter[at]
                walked += graph.link_time[k, graph.seq_link[p]]
                at += 1
            leave[at - 1] = (slot + way_time(graph, k, u, arc)) * step
