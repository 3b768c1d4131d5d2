"""Walking times from every head to every shelter: one Dijkstra per class and shelter."""

from __future__ import annotations

from typing import Any

import numba as nb
import numpy as np

from evacroute._kernels.graph import FAR
from evacroute._kernels.heap import MOST_NODES, NODE_BITS, pop, push
from evacroute._kernels.spans import part_time


@nb.njit(cache=True, nogil=True)
def one_to_all(graph: Any, arc_cost: Any, head: int, out: Any, heap: Any) -> None:
    """Least cost from every head to `head` along arcs of cost `arc_cost` (>= 0, FAR = barred)."""
    out[:] = FAR
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
            if arc_cost[arc] >= FAR:
                continue
            u = graph.arc_from[arc]
            if cost + arc_cost[arc] < out[u]:
                out[u] = cost + arc_cost[arc]
                size = push(heap, size, (np.int64(out[u]) << NODE_BITS) | u)


@nb.njit(cache=True, nogil=True, parallel=True)
def to_shelters(graph: Any, arc_cost: Any, shelter_head: Any, out: Any) -> None:
    """Fill out[class, shelter, head] with least costs; arc_cost has shape (classes, arcs)."""
    n_classes, n_arcs = arc_cost.shape
    n_shelters = len(shelter_head)
    for job in nb.prange(n_classes * n_shelters):
        k, s = job // n_shelters, job % n_shelters
        heap = np.empty(n_arcs + 2, np.int64)
        one_to_all(graph, arc_cost[k], shelter_head[s], out[k, s], heap)


@nb.njit(cache=True, nogil=True)
def from_node(graph: Any, k: int, arc_delay: Any, table: Any, node: int) -> int:
    """Least cost from a node, inside a chain or not, given table[head] for its class.

    `arc_delay` [slots], shape (n_arcs,), is charged in full where a part of the arc is walked.
    """
    head = graph.node_head[node]
    if head >= 0:
        return table[head]
    best = FAR
    for side in range(2):
        arc = graph.node_arc[node, side]
        if arc < 0:
            continue
        took = part_time(graph, k, graph.node_pos[node, side], graph.seq_ptr[arc + 1])
        if took < FAR:
            best = min(best, took + arc_delay[arc] + table[graph.arc_to[arc]])
    return best


@nb.njit(cache=True, nogil=True, parallel=True)
def origins_to_shelters(
    graph: Any, arc_delay: Any, table: Any, node: Any, class_: Any, out: Any
) -> None:
    """Fill out[origin, shelter] from table[class, shelter, head]."""
    for i in nb.prange(len(node)):
        for s in range(table.shape[1]):
            out[i, s] = from_node(
                graph, np.int64(class_[i]), arc_delay, table[class_[i], s], node[i]
            )


@nb.njit(cache=True, nogil=True)
def nearest(graph: Any, arc_cost: Any, price: Any, cost: Any, via: Any, shelter: Any) -> None:
    """Least cost + price from every head to any shelter, the arc to take (-1 = in), the shelter."""
    cost[:] = FAR
    via[:] = -1
    shelter[:] = -1
    heap = np.empty(len(arc_cost) + len(graph.shelter_head) + 2, np.int64)
    size = np.int64(0)
    for s in range(len(price)):
        head = graph.shelter_head[s]
        if price[s] < cost[head]:
            cost[head] = price[s]
            shelter[head] = s
            size = push(heap, size, (price[s] << NODE_BITS) | head)
    while size > 0:
        top = pop(heap, size)
        size -= 1
        c, v = top >> NODE_BITS, top & MOST_NODES
        if c > cost[v]:
            continue
        for j in range(graph.into_ptr[v], graph.into_ptr[v + 1]):
            arc = graph.into_arc[j]
            u = graph.arc_from[arc]
            if arc_cost[arc] < FAR and c + arc_cost[arc] < cost[u]:
                cost[u] = c + arc_cost[arc]
                via[u] = arc
                shelter[u] = shelter[v]
                size = push(heap, size, (cost[u] << NODE_BITS) | u)


@nb.njit(cache=True, nogil=True)
def tree_loads(
    graph: Any,
    cost: Any,
    via: Any,
    shelter: Any,
    order: Any,
    k: int,
    node: Any,
    size: Any,
    price: Any,
    spare: Any,
    load: Any,
    taken: Any,
    late: Any,
) -> None:
    """Send everyone down the tree at the pace of class k; count persons by arc and shelter.

    `order` lists the heads from the farthest. Who needs more than their `spare` slots to walk there
    does not go and is marked `late`: the costs hold the shelters' prices too.
    """
    at_head = np.zeros(len(cost))
    for i in range(len(node)):
        head = graph.node_head[node[i]]
        best = cost[head] if head >= 0 else FAR
        if head < 0:
            for side in range(2):
                arc = graph.node_arc[node[i], side]
                if arc < 0:
                    continue
                v = graph.arc_to[arc]
                first, last = graph.node_pos[node[i], side], graph.seq_ptr[arc + 1]
                took = part_time(graph, k, first, last)
                if took < FAR and took + cost[v] < best:
                    best = took + cost[v]
                    head = v
        if head >= 0 and best < FAR and best - price[shelter[head]] <= spare[i]:
            at_head[head] += size[i]
            taken[shelter[head]] += size[i]
        else:
            late[i] = True
    for head in order:
        if cost[head] < FAR and via[head] >= 0:
            load[via[head]] += at_head[head]
            at_head[graph.arc_to[via[head]]] += at_head[head]
