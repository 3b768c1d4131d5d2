"""The nearest shelter with room for every head, kept while shelters fill and get room again.

Every head has an owner, the shelter of least walk + price, and a shortest way to it leads only
through heads of the same owner. So when a shelter shuts only the heads it owns look anew.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numba as nb
import numpy as np

from evacroute._kernels.graph import FAR
from evacroute._kernels.heap import MOST_NODES, NODE_BITS, pop, push


class Hopes(NamedTuple):
    """Lower bounds on what remains to any shelter with room.

    Attributes
    ----------
    least
        Walk + price of the nearest open shelter [slots], `FAR` = none, shape (n_classes, n_heads).
    owner
        That shelter, -1 = none, shape (n_classes, n_heads).
    is_open
        Which shelters had room for the class when this was last brought up to date, shape
        (n_classes, n_shelters).
    heap, cell
        Scratch: shapes (n_arcs + n_heads + n_shelters + 2,) and (n_heads,).
    """

    least: Any
    owner: Any
    is_open: Any
    heap: Any
    cell: Any


@nb.njit(cache=True, nogil=True)
def _settle(graph: Any, k: int, least: Any, owner: Any, heap: Any, size: int) -> None:
    """Dijkstra on from what the heap holds."""
    arc_time = graph.arc_time[k]
    into_ptr, into_arc, arc_from = graph.into_ptr, graph.into_arc, graph.arc_from
    while size > 0:
        top = pop(heap, size)
        size -= 1
        cost, v = top >> NODE_BITS, top & MOST_NODES
        if cost > least[v]:
            continue
        for j in range(into_ptr[v], into_ptr[v + 1]):
            arc = into_arc[j]
            if arc_time[arc] >= FAR:
                continue
            u = arc_from[arc]
            if cost + arc_time[arc] < least[u]:
                least[u] = cost + arc_time[arc]
                owner[u] = owner[v]
                size = push(heap, size, (np.int64(least[u]) << NODE_BITS) | u)


@nb.njit(cache=True, nogil=True)
def fill_hopes(graph: Any, k: int, price: Any, hopes: Any) -> None:
    """Find least[k] and owner[k] for the shelters in is_open[k]."""
    least, owner, heap = hopes.least[k], hopes.owner[k], hopes.heap
    is_open = hopes.is_open[k]
    least[:] = FAR
    owner[:] = -1
    size = np.int64(0)
    for s in range(len(price)):
        head = graph.shelter_head[s]
        if is_open[s] and price[s] < least[head]:
            least[head] = price[s]
            owner[head] = s
            size = push(heap, size, (np.int64(price[s]) << NODE_BITS) | head)
    _settle(graph, k, least, owner, heap, size)


@nb.njit(cache=True, nogil=True)
def reopen(graph: Any, k: int, shelter: int, price: Any, hopes: Any) -> None:
    """Take a shelter into account again."""
    least, owner, heap = hopes.least[k], hopes.owner[k], hopes.heap
    hopes.is_open[k, shelter] = True
    head = graph.shelter_head[shelter]
    if price[shelter] < least[head]:
        least[head] = price[shelter]
        owner[head] = shelter
        size = push(heap, np.int64(0), (np.int64(price[shelter]) << NODE_BITS) | head)
        _settle(graph, k, least, owner, heap, size)


@nb.njit(cache=True, nogil=True)
def shut(graph: Any, k: int, shelter: int, price: Any, hopes: Any) -> None:
    """Leave a shelter out of account: the heads it owns find another."""
    least, owner, heap, cell = hopes.least[k], hopes.owner[k], hopes.heap, hopes.cell
    hopes.is_open[k, shelter] = False
    head = graph.shelter_head[shelter]
    if owner[head] != shelter:
        return
    cell[0] = head
    owner[head] = -1
    least[head] = FAR
    n = 1
    i = 0
    while i < n:
        v = cell[i]
        i += 1
        for j in range(graph.into_ptr[v], graph.into_ptr[v + 1]):
            u = graph.arc_from[graph.into_arc[j]]
            if owner[u] == shelter:
                owner[u] = -1
                least[u] = FAR
                cell[n] = u
                n += 1
    size = np.int64(0)
    for i in range(n):
        v = cell[i]
        best, of = FAR, -1
        for j in range(graph.door_ptr[v], graph.door_ptr[v + 1]):
            s = graph.door_shelter[j]
            if hopes.is_open[k, s] and price[s] < best:
                best, of = int(price[s]), s
        for arc in range(graph.arc_ptr[v], graph.arc_ptr[v + 1]):
            took, w = graph.arc_time[k, arc], graph.arc_to[arc]
            if took < FAR and least[w] < FAR and took + least[w] < best:
                best, of = int(took + least[w]), owner[w]
        if of >= 0:
            least[v] = best
            owner[v] = of
            size = push(heap, size, (np.int64(best) << NODE_BITS) | v)
    _settle(graph, k, least, owner, heap, size)


@nb.njit(cache=True, nogil=True)
def bring_up_to_date(graph: Any, free: Any, step_free: Any, price: Any, hopes: Any) -> None:
    """Shut and reopen shelters by the room they have now."""
    for s in range(len(price)):
        for k in range(len(step_free)):
            has_room = free.room[s] >= 1 and (not step_free[k] or free.step_free_room[s] >= 1)
            if hopes.is_open[k, s] and not has_room:
                shut(graph, k, s, price, hopes)
            elif has_room and not hopes.is_open[k, s]:
                reopen(graph, k, s, price, hopes)
