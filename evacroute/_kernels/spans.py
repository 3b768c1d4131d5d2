"""Arcs, and the parts of them ahead of a node inside a chain: their links and whole times."""

from __future__ import annotations

from typing import Any

import numba as nb

from evacroute._kernels.graph import FAR


@nb.njit(cache=True, nogil=True)
def part_time(graph: Any, k: int, first: int, last: int) -> int:
    """Slots to walk seq_link[first:last], a piece of a chain, to the nearest; FAR where barred."""
    total = 0.0
    for p in range(first, last):
        total += graph.link_time[k, graph.seq_link[p]]
    if total >= FAR:
        return FAR
    return int(total + 0.5)


@nb.njit(cache=True, nogil=True)
def span(graph: Any, node: int, arc: int) -> tuple[int, int]:
    """First and last place in seq_link of a path's arc (-2, -3: the part ahead of the node)."""
    if arc >= 0:
        return graph.seq_ptr[arc], graph.seq_ptr[arc + 1]
    side = -2 - arc
    return graph.node_pos[node, side], graph.seq_ptr[graph.node_arc[node, side] + 1]


@nb.njit(cache=True, nogil=True)
def way_time(graph: Any, k: int, node: int, arc: int) -> int:
    """Slots to walk a path's arc (-2, -3: the part ahead of the node)."""
    if arc >= 0:
        return graph.arc_time[k, arc]  # type: ignore[no-any-return]
    first, last = span(graph, node, arc)
    return part_time(graph, k, first, last)
