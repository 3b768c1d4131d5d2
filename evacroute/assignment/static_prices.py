"""Prices of shelters that make everyone's nearest shelter one with room, streets left out."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from evacroute._kernels.distances import nearest, tree_loads
from evacroute._kernels.graph import FAR, Graph
from evacroute.people import Groups

ROUNDS = 60


def tree(
    graph: Graph,
    k: int,
    price: NDArray[np.int64],
    node: NDArray[np.int32],
    size: NDArray[np.int32],
    spare: NDArray[np.int32] | None = None,
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.bool_]]:
    """Everyone to the shelter of least walk + price: persons on each arc and in each shelter.

    With `spare` only those whose walk takes no more than so many slots; says who does not go.
    """
    if spare is None:
        spare = np.full(len(node), FAR, np.int32)
    n_heads = len(graph.arc_ptr) - 1
    cost, via = np.empty(n_heads, np.int64), np.empty(n_heads, np.int32)
    shelter = np.empty(n_heads, np.int32)
    nearest(graph, graph.arc_time[k], price, cost, via, shelter)
    load, taken = np.zeros(len(graph.arc_from)), np.zeros(len(price))
    late = np.zeros(len(node), np.bool_)
    order = np.argsort(-cost, kind="stable")
    tree_loads(graph, cost, via, shelter, order, k, node, size, price, spare, load, taken, late)
    return load, taken, late


def only(graph: Graph, some: NDArray[np.bool_]) -> Graph:
    """Leave arcs out of a graph that is walked from the shelters, by which to keep."""
    kept = some[graph.into_arc]
    upto = np.append(0, np.cumsum(kept))
    return graph._replace(
        into_ptr=upto[graph.into_ptr].astype(np.int32), into_arc=graph.into_arc[kept]
    )


def quickest(graph: Graph, k: int) -> Graph:
    """Leave all but the quickest copy of each link out for class k, and what it cannot walk."""
    time = graph.arc_time[k]
    best = np.flatnonzero(time < FAR)
    order = np.lexsort((best, time[best], graph.twin[best, 0]))
    out = np.zeros(len(time), np.bool_)
    out[best[order[np.flatnonzero(np.diff(graph.twin[best[order], 0], prepend=-1))]]] = True
    return only(graph, out)


def static_prices(
    graph: Graph, groups: Groups, room: NDArray[np.int64], rounds: int = ROUNDS
) -> NDArray[np.int64]:
    """Raise the price of overfull shelters, lower that of the others, round by round.

    All walk at the pace of the class with most persons. The prices are a start for methods that
    settle the rest exactly, not an answer.

    Returns
    -------
    numpy.ndarray
        Prices [slots], >= 0, shape (n_shelters,).
    """
    if not len(groups):
        return np.zeros(len(room), np.int64)
    k = int(np.bincount(groups.class_, weights=groups.size).argmax())
    node, where = np.unique(groups.node, return_inverse=True)
    size = np.bincount(where, weights=groups.size).astype(np.int32)
    limit = np.maximum(room, 1)
    graph = quickest(graph, k)
    price = np.zeros(len(room))
    for i in range(rounds):
        _, taken, _ = tree(graph, k, np.rint(price).astype(np.int64), node.astype(np.int32), size)
        excess = np.clip((taken - limit) / limit, -0.5, 1.0)
        if i > 0 and (excess <= 0).all():
            break
        price = np.maximum(0, price + 30 / np.sqrt(1 + i) * excess)
    return np.rint(price).astype(np.int64)
