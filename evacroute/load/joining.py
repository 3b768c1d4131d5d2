"""Where streets meet: ends become nodes, by the source's ids or by position."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from evacroute.load.street_table import StreetTable
from evacroute.units import to_metres


def join_ends(
    table: StreetTable, snap_tolerance: float
) -> tuple[NDArray[Any], NDArray[np.float64], int]:
    """Give each street the nodes at its ends; fills its columns ``from_node`` and ``to_node``.

    Ends with the same id are one node. Ends without an id are one node with all ends closer than
    `snap_tolerance` [m], also through a third one; the node lies where its first end does.

    Returns
    -------
    tuple
        Node ids (the source's, or running numbers), node positions [degrees], shape (n_nodes, 2),
        and how many nodes joined ends that do not lie at exactly the same place.
    """
    n = len(table)
    xy = table.points[np.column_stack([table.ptr[:-1], table.ptr[1:] - 1]).ravel()]
    given = np.column_stack([table["from_id"], table["to_id"]]).ravel()
    has_id = np.array([value is not None for value in given], dtype=bool)

    label = np.arange(2 * n)
    if has_id.any():
        first_of: dict[str, int] = {}
        for i in np.flatnonzero(has_id):
            label[i] = first_of.setdefault(given[i], int(i))
    if not has_id.all():
        label = _snap(xy, label, has_id, snap_tolerance)

    _, first, node = np.unique(label, return_index=True, return_inverse=True)
    order = np.argsort(first, kind="stable")  # nodes in the order in which the source meets them
    rank = np.empty(len(order), dtype=np.int64)
    rank[order] = np.arange(len(order))
    node, first = rank[node.ravel()], first[order]
    table["from_node"], table["to_node"] = node[0::2].copy(), node[1::2].copy()

    positions = xy[first]
    moved = np.unique(node[(np.abs(xy - positions[node]) > 1e-9).any(axis=1)])
    table.points[table.ptr[:-1]] = positions[table["from_node"]]
    table.points[table.ptr[1:] - 1] = positions[table["to_node"]]
    return _names(given[first], node, given), positions, len(moved)


def _snap(
    xy: NDArray[np.float64], label: NDArray[Any], has_id: NDArray[np.bool_], tolerance: float
) -> NDArray[Any]:
    """Label of the cluster of each end: ends near one another, at least one of them without id."""
    # Equal positions are dealt with first: a node of degree k would else give k * k pairs.
    place, place_of = np.unique(xy, axis=0, return_inverse=True)
    place_of = place_of.ravel()
    origin = (float(xy[:, 0].mean()), float(xy[:, 1].mean()))
    tree = cKDTree(np.column_stack(to_metres(place[:, 0], place[:, 1], origin)))
    pairs = tree.query_pairs(tolerance, output_type="ndarray")
    free_place = np.zeros(len(place), dtype=bool)
    free_place[place_of[~has_id]] = True
    pairs = pairs[free_place[pairs].any(axis=1)]
    n, k = len(xy), len(place)
    loose = np.flatnonzero(~has_id)
    involved = free_place.copy()
    involved[pairs] = True
    tied = np.flatnonzero(has_id & involved[place_of])
    # Vertices: the ends (0..n-1), then the places.
    rows = np.concatenate([loose, tied, n + pairs[:, 0], np.arange(n)])
    columns = np.concatenate([n + place_of[loose], n + place_of[tied], n + pairs[:, 1], label])
    graph = coo_matrix((np.ones(len(rows)), (rows, columns)), shape=(n + k, n + k))
    return np.asarray(connected_components(graph, directed=False)[1])[:n]


def _names(first_id: NDArray[Any], node: NDArray[Any], given: NDArray[Any]) -> NDArray[Any]:
    names = np.empty(len(first_id), dtype=object)
    names[:] = first_id
    unnamed = np.array([value is None for value in names], dtype=bool)
    if not unnamed.any():
        return names
    for i in np.flatnonzero([value is not None for value in given]):
        if names[node[i]] is None:
            names[node[i]] = given[i]
            unnamed[node[i]] = False
    taken = set(names[~unnamed].tolist())
    for i in np.flatnonzero(unnamed):
        name = str(i)
        while name in taken:
            name = f"n{name}"
        names[i] = name
        taken.add(name)
    return names


def components(n_nodes: int, table: StreetTable) -> NDArray[np.int64]:
    """Component of each street (ways in both directions), shape (n_streets,)."""
    ends = (table["from_node"], table["to_node"])
    graph = coo_matrix((np.ones(len(table)), ends), shape=(n_nodes, n_nodes))
    label = np.asarray(connected_components(graph, directed=False)[1], dtype=np.int64)
    piece: NDArray[np.int64] = label[ends[0]]
    return piece
