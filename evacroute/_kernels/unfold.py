"""Turn booked arcs into legs: one row a link, in slots."""

from __future__ import annotations

from typing import Any

import numba as nb
import numpy as np

from evacroute._kernels.spans import span, way_time


@nb.njit(cache=True, nogil=True)
def _count(graph: Any, arcs: Any, node: int, n_links: int) -> int:
    """Count the legs of one movement."""
    n = 0
    for j in range(len(arcs)):
        first, last = span(graph, node, arcs[j])
        while graph.seq_link[first] >= n_links:
            first += 1
        n += last - first
    return n


@nb.njit(cache=True, nogil=True)
def _fill(
    graph: Any,
    arcs: Any,
    slots: Any,
    node: int,
    k: int,
    step: float,
    n_links: int,
    link: Any,
    enter: Any,
    leave: Any,
) -> None:
    """Fill in the legs of one movement.

    Inside a chain the entry to each link is the time walked so far, rounded; the last link ends
    with the chain's own whole time.
    """
    at = 0
    for j in range(len(arcs)):
        arc, slot = arcs[j], slots[j]
        first, last = span(graph, node, arc)
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
        if at > 0:
            leave[at - 1] = (slot + way_time(graph, k, node, arc)) * step


@nb.njit(cache=True, nogil=True, parallel=True)
def count_legs(graph: Any, store: Any, kept: Any, node: Any, n_links: int, count: Any) -> None:
    """Count the legs of each kept movement; gates are none."""
    for i in nb.prange(len(kept)):
        first, last = store.ptr[kept[i]], store.ptr[kept[i] + 1]
        count[i] = _count(graph, store.arc[first:last], np.int64(node[i]), n_links)


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
    """Fill in the legs of the kept movements, slots times `step`."""
    for i in nb.prange(len(kept)):
        first, last = store.ptr[kept[i]], store.ptr[kept[i] + 1]
        begin, end = leg_ptr[i], leg_ptr[i + 1]
        _fill(
            graph, store.arc[first:last], store.slot[first:last], np.int64(node[i]),
            np.int64(class_[i]), step, n_links, link[begin:end], enter[begin:end],
            leave[begin:end],
        )  # fmt: skip


@nb.njit(cache=True, nogil=True)
def unfold_few(
    graph: Any,
    ptr: Any,
    arc: Any,
    slot: Any,
    node: int,
    k: int,
    step: float,
    n_links: int,
    leg_ptr: Any,
    link: Any,
    enter: Any,
    leave: Any,
) -> int:
    """Fill in the legs of a few ways from one node, without the cost of starting threads.

    Returns the number of legs; where there is no room for them, nothing past it is filled in.
    """
    n = 0
    for i in range(len(ptr) - 1):
        leg_ptr[i] = n
        some = slice(ptr[i], ptr[i + 1])
        end = n + _count(graph, arc[some], node, n_links)
        if end <= len(link):
            _fill(
                graph, arc[some], slot[some], node, k, step, n_links, link[n:end], enter[n:end],
                leave[n:end],
            )  # fmt: skip
        n = end
    leg_ptr[len(ptr) - 1] = n
    return n
