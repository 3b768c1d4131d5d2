"""Cut a part out of a network."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from evacroute.network import Network
from evacroute.units import to_metres

_OF_NODES = ("node_id", "lon", "lat")
_OF_POINTS = ("geometry_ptr", "geometry_lon", "geometry_lat")


def middle_nodes(network: Network, nodes: int) -> NDArray[np.bool_]:
    """Find the `nodes` nodes nearest to the middle, as far as they hang together.

    Parameters
    ----------
    network
        The whole network.
    nodes
        How many, before those that hang on by streets outside alone are left out.

    Returns
    -------
    ndarray
        True for each node of the part, shape (n_nodes,).
    """
    x, y = to_metres(network.lon, network.lat, network.origin)
    near = np.zeros(network.n_nodes, bool)
    near[np.argsort(np.hypot(x, y), kind="stable")[:nodes]] = True
    inside = near[network.from_node] & near[network.to_node]
    ends = (network.from_node[inside], network.to_node[inside])
    joined = coo_matrix((np.ones(len(ends[0]), np.int8), ends), shape=(network.n_nodes,) * 2)
    _, part = connected_components(joined, directed=False)
    return np.asarray(near & (part == np.bincount(part[near]).argmax()))


def cut(network: Network, keep: NDArray[np.bool_]) -> tuple[Network, NDArray[np.int64]]:
    """Cut out the links between some nodes.

    Parameters
    ----------
    network
        The whole network.
    keep
        True for each node to keep, shape (n_nodes,).

    Returns
    -------
    tuple
        The part, without report, and where each node went, or -1, shape (n_nodes,).

    Raises
    ------
    NetworkError
        If no link is left.
    """
    index = np.where(keep, np.cumsum(keep) - 1, -1)
    links = (index[network.from_node] >= 0) & (index[network.to_node] >= 0)
    count = np.diff(network.geometry_ptr)
    points = np.repeat(links, count)
    columns = {
        f.name: getattr(network, f.name)[links]
        for f in fields(network)
        if f.name not in ("report", *_OF_NODES, *_OF_POINTS)
    }
    columns["from_node"] = index[columns["from_node"]].astype(np.int32)
    columns["to_node"] = index[columns["to_node"]].astype(np.int32)
    part = Network(
        **{name: getattr(network, name)[keep] for name in _OF_NODES},
        **columns,
        geometry_ptr=np.append(0, np.cumsum(count[links])),
        geometry_lon=network.geometry_lon[points],
        geometry_lat=network.geometry_lat[points],
    )
    return part, index
