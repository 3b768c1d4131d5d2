"""Force a party onto its shortest way and name the movements that stand in it."""

from __future__ import annotations

from typing import Any

import numba as nb
import numpy as np

from evacroute._kernels.spans import span


@nb.njit(cache=True, nogil=True)
def flag_excess(
    graph: Any, free: Any, store: Any, i: int, node: int, k: int, wanted: Any, way: Any, flag: bool
) -> int:
    """Set `wanted` where movement i takes more than there is; count such places.

    With `flag` False it clears `wanted` on the movement's way instead. `way` tells the links of
    which `wanted` holds something.
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
            way[link] = flag
            found += over
            walked += time[link]
    return found


@nb.njit(cache=True, nogil=True)
def passers(graph: Any, store: Any, n: int, group_node: Any, ptr: Any, movement: Any) -> None:
    """List the first n movements by link: `ptr` is filled first, `movement` in a second call.

    Parameters
    ----------
    ptr
        Where each link's movements begin, shape (n_links + 1,); zeros in the first call.
    movement
        Empty in the first call; it has `ptr[-1]` places in the second.
    """
    count = len(movement) == 0
    for i in range(n):
        node = np.int64(group_node[store.group[i]])
        for j in range(store.ptr[i], store.ptr[i + 1]):
            first, last = span(graph, node, store.arc[j])
            for p in range(first, last):
                link = graph.seq_link[p]
                if not count:
                    movement[ptr[link]] = i
                ptr[link + (1 if count else 0)] += 1
    if count:
        for link in range(len(ptr) - 1):
            ptr[link + 1] += ptr[link]
    else:
        for link in range(len(ptr) - 1, 0, -1):
            ptr[link] = ptr[link - 1]
        ptr[0] = 0


@nb.njit(cache=True, nogil=True)
def count_held(
    graph: Any, store: Any, some: Any, group_node: Any, group_class: Any, wanted: Any, out: Any
) -> None:
    """out[n] = wanted places held by movement some[n], 0 where it is not in force any more."""
    for n in range(len(some)):
        i = some[n]
        out[n] = 0
        if store.size[i] <= 0:
            continue
        g = store.group[i]
        node, k = np.int64(group_node[g]), group_class[g]
        time, shift = graph.link_time[k], graph.shift[k]
        for j in range(store.ptr[i], store.ptr[i + 1]):
            first, last = span(graph, node, store.arc[j])
            walked = 0.0
            for p in range(first, last):
                link = graph.seq_link[p]
                if wanted[link, store.slot[j] + int(walked + shift)]:
                    out[n] += 1
                walked += time[link]
