"""Which parts of a network hang together on foot, with steps and without."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from evacroute.network import FERRY, Network


def walkable(network: Network) -> NDArray[np.bool_]:
    """Tell the links that people may walk: no ferry, not closed; shape (n_links,)."""
    return np.asarray((network.kind != FERRY) & (network.capacity > 0))


def step_free(network: Network) -> NDArray[np.bool_]:
    """Tell the links that people who cannot use steps may walk, shape (n_links,)."""
    return np.asarray(walkable(network) & (network.steps == 0) & (network.wheelchair != -1))


def metres_around(network: Network, usable: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Metres of street in the piece that each node belongs to, shape (n_nodes,).

    A piece hangs together by the usable links, taken both ways; a node without any has 0.
    """
    start, end = network.from_node[usable], network.to_node[usable]
    n = network.n_nodes
    graph = coo_matrix((np.ones(len(start)), (start, end)), shape=(n, n))
    piece = connected_components(graph, directed=False)[1]
    # Each street is two links, or one where it is walked one way only.
    key = np.minimum(start, end).astype(np.int64) * n + np.maximum(start, end)
    length = network.length[usable]
    both = np.column_stack([key, np.rint(length * 1000).astype(np.int64)])
    _, first = np.unique(both, axis=0, return_index=True)
    metres = np.bincount(piece[start[first]], weights=length[first], minlength=piece.max() + 1)
    return metres.astype(np.float64)[piece]


def reached_from_somewhere(network: Network, usable: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Tell the nodes that a usable link leads to, shape (n_nodes,)."""
    reached = np.zeros(network.n_nodes, dtype=bool)
    reached[network.to_node[usable]] = True
    return reached
