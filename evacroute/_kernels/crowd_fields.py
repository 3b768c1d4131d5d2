"""How far it is to the nearest shelter: what leads those who follow no plan."""

from __future__ import annotations

from typing import Any

import numba as nb
import numpy as np

from evacroute._kernels.borrow import borrowed
from evacroute._kernels.crowd import Streets
from evacroute._kernels.heap import NODE_BITS, pop, push
from evacroute._kernels.playing import stretch_at

PER_SECOND = 1024.0
"""Keys of the heap are 1024ths of a second, and so are the walks that are added up: with keys
coarser than the sums a node could be gone through again and again, and the heap overflow."""


@nb.njit(cache=True, nogil=True, inline="always")
def factor_now(streets: Streets, class_: int, link: int, time: float) -> float:
    """Speed factor of a link for a class at a time; 0 = closed."""
    row = streets.link[link].row
    if row < 0:
        return 1.0
    ptr = streets.stretch_ptr
    at = stretch_at(streets.stretch_begin, ptr[row], ptr[row + 1], time)
    return streets.stretch_factor[class_, at]


@nb.njit(cache=True, nogil=True, inline="always")
def shut_after(streets: Streets, class_: int, link: int, time: float) -> float:
    """When a link that is open now next closes to a class [s], inf = never."""
    row = streets.link[link].row
    if row < 0:
        return np.inf
    ptr = streets.stretch_ptr
    at = stretch_at(streets.stretch_begin, ptr[row], ptr[row + 1], time) + 1
    while at < ptr[row + 1]:
        if streets.stretch_factor[class_, at] == 0.0:
            return streets.stretch_begin[at]
        at += 1
    return np.inf


@nb.njit(cache=True, nogil=True)
def fill_tree(
    streets: Streets, class_: int, time: float, roots: Any, heap: Any, out: Any, ahead: Any
) -> None:
    """Find the quickest ways to the nearest of some nodes at free pace, as streets are at a time.

    Parameters
    ----------
    heap
        Room for as many entries as there are links and roots, int64.
    out
        Out: seconds, inf = none, shape (n_nodes,).
    ahead
        Out: link to take from each node, -1 = none, shape (n_nodes,).
    """
    streets, heap = borrowed(streets), borrowed(heap)
    out, ahead = borrowed(out), borrowed(ahead)
    out[:] = np.inf
    ahead[:] = -1
    size = 0
    for j in range(len(roots)):
        if out[roots[j]] > 0.0:
            out[roots[j]] = 0.0
            size = push(heap, size, roots[j])
    mask = (1 << NODE_BITS) - 1
    while size > 0:
        value = pop(heap, size)
        size -= 1
        v = value & mask
        if (value >> NODE_BITS) > int(out[v] * PER_SECOND):
            continue
        for j in range(streets.in_ptr[v], streets.in_ptr[v + 1]):
            link = streets.in_link[j]
            walk = streets.walk[class_, link]
            if not np.isfinite(walk) or not np.isfinite(streets.link[link].headway):
                continue
            factor = factor_now(streets, class_, link, time)
            if factor == 0.0:
                continue
            u = streets.link[link].from_node
            there = out[v] + np.ceil(walk / factor * PER_SECOND) / PER_SECOND
            if there < out[u]:
                out[u] = there
                ahead[u] = link
                size = push(heap, size, (int(there * PER_SECOND) << NODE_BITS) | int(u))
