"""Force a party onto its shortest way and name the movements that stand in it."""

from __future__ import annotations

from typing import Any

import numba as nb

from evacroute._kernels.spans import span


@nb.njit(cache=True, nogil=True)
def uses(
    graph: Any, store: Any, i: int, node: int, k: int, wanted: Any, shelter: int, admitted: int
) -> int:
    """How many wanted (link, slot) places movement i holds, its door's slot included.

    `wanted[link, slot]` is the number of persons in excess there.
    """
    found = 0
    if store.shelter[i] == shelter and store.admitted[i] == admitted:
        found += 1
    seq_link, time, shift = graph.seq_link, graph.link_time[k], graph.shift[k]
    for j in range(store.ptr[i], store.ptr[i + 1]):
        first, last = span(graph, node, store.arc[j])
        walked = 0.0
        for p in range(first, last):
            link = seq_link[p]
            if wanted[link, store.slot[j] + int(walked + shift)] > 0:
                found += 1
            walked += time[link]
    return found


@nb.njit(cache=True, nogil=True)
def holders(
    graph: Any,
    store: Any,
    group_node: Any,
    group_class: Any,
    wanted: Any,
    shelter: int,
    admitted: int,
    out: Any,
) -> None:
    """out[i] = wanted places held by each movement still in force."""
    for i in range(store.count[0]):
        out[i] = 0
        if store.size[i] > 0:
            g = store.group[i]
            out[i] = uses(graph, store, i, group_node[g], group_class[g], wanted, shelter, admitted)
