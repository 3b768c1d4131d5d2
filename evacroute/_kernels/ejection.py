"""Force a party onto its shortest way and name the movements that stand in it."""

from __future__ import annotations

from typing import Any

import numba as nb

from evacroute._kernels.spans import span


@nb.njit(cache=True, nogil=True)
def flag_excess(
    graph: Any, free: Any, store: Any, i: int, node: int, k: int, wanted: Any, flag: bool
) -> int:
    """Set `wanted` where movement i takes more than there is; count such places.

    With `flag` False it clears `wanted` on the movement's way instead.
    """
    found = 0
    seq_link, time, shift = graph.seq_link, graph.link_time[k], graph.shift[k]
    for j in range(store.ptr[i], store.ptr[i + 1]):
        first, last = span(graph, node, store.arc[j])
        walked = 0.0
        for p in range(first, last):
            link = seq_link[p]
            at = store.slot[j] + int(walked + shift)
            spread = graph.link_every[link] - 1
            # Round a thin link's entry two lawful neighbours may overlap; only the entry counts.
            over = flag and free.link[link, at] < 0
            for t in range(max(at - spread, 0), min(at + spread + 1, wanted.shape[1])):
                wanted[link, t] = over and free.link[link, t] < 0
            found += over
            walked += time[link]
    return found


@nb.njit(cache=True, nogil=True)
def uses(
    graph: Any, store: Any, i: int, node: int, k: int, wanted: Any, shelter: int, admitted: int
) -> int:
    """Count the wanted (link, slot) places that movement i holds, its door's slot included."""
    found = 0
    if store.shelter[i] == shelter and store.admitted[i] == admitted:
        found += 1
    seq_link, time, shift = graph.seq_link, graph.link_time[k], graph.shift[k]
    for j in range(store.ptr[i], store.ptr[i + 1]):
        first, last = span(graph, node, store.arc[j])
        walked = 0.0
        for p in range(first, last):
            link = seq_link[p]
            if wanted[link, store.slot[j] + int(walked + shift)]:
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
