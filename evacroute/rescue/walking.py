"""How far it is on foot: within a radius, to the nearest of many nodes, between stops."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import dijkstra
from scipy.spatial import cKDTree

from evacroute.network import FERRY, Network
from evacroute.people import Classes
from evacroute.scenario import Scenario
from evacroute.units import to_metres

STEPS_FACTOR = 2.0
"""A crew takes so many times as long for a metre with steps as for one without (assumption)."""

AT_ONCE = 256
"""Nodes searched from at once: each costs a row as long as the network."""


def nearest_nodes(
    network: Network, lon: NDArray[np.float64], lat: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Find the node nearest to each position as the crow flies: metres, and which it is."""
    nodes = np.column_stack(to_metres(network.lon, network.lat, network.origin))
    points = np.column_stack(to_metres(lon, lat, network.origin))
    gap, node = cKDTree(nodes).query(points)
    return np.asarray(gap, dtype=np.float64), np.asarray(node, dtype=np.int64)


@dataclass(frozen=True, slots=True, eq=False)
class Blocked:
    """Links that a plan's hazards close.

    Parameters
    ----------
    people
        At some time from when people of a class are ready until the deadline, to that class, shape
        (n_classes, n_links).
    crews
        To everyone, from some time before the deadline on for good, shape (n_links,).
    """

    people: NDArray[np.bool_]
    crews: NDArray[np.bool_]


def blocked_links(scenario: Scenario, since: NDArray[np.float64]) -> Blocked:
    """Find the links that hazards close to people on foot and to crews.

    Parameters
    ----------
    since
        From when on each class walks [s after the alarm], shape (n_classes,); inf = nobody does.
    """
    n_classes, n_links = len(scenario.group_classes), scenario.network.n_links
    people, crews = np.zeros((n_classes, n_links), bool), np.zeros(n_links, bool)
    profile = scenario.link_times.profile(n_classes, scenario.deadline_s)
    if len(profile.link):
        first, last = profile.ptr[:-1], profile.ptr[1:] - 1
        end = np.append(profile.begin[1:], np.inf)
        end[last] = np.inf
        shut = profile.factor <= 0
        people[:, profile.link] = np.logical_or.reduceat(
            shut & (end > since[:, None]), first, axis=1
        )
        crews[profile.link] = shut[:, last].all(axis=0)
    return Blocked(people, crews)


def usable_links(
    network: Network, classes: Classes, blocked: Blocked | None = None
) -> NDArray[np.bool_]:
    """Tell the links that each class can walk, shape (n_classes, n_links)."""
    usable = np.isfinite(classes.walk_seconds(network)) & (network.capacity > 0)
    return usable if blocked is None else usable & ~blocked.people


def crew_metres(network: Network, blocked: Blocked | None = None) -> NDArray[np.float64]:
    """Length of each link for a crew on foot, steps counted `STEPS_FACTOR` times; inf = none.

    A crew uses steps and narrow ways, but no ferry and no link that is closed to everyone for good.
    """
    length = np.where(network.steps > 0, STEPS_FACTOR, 1.0) * network.length
    shut = (network.kind == FERRY) | (network.capacity <= 0)
    if blocked is not None:
        shut |= blocked.crews
    return np.where(shut, np.inf, length)


def street_graph(network: Network, length: NDArray[np.float64]) -> csr_matrix:
    """Graph of the nodes with the shortest of parallel links; infinite ones are left out."""
    use = np.flatnonzero(np.isfinite(length))
    start, end, metres = network.from_node[use], network.to_node[use], length[use]
    # A sparse matrix would add parallel links up.
    order = np.lexsort((metres, end, start))
    start, end, metres = start[order], end[order], metres[order]
    first = np.ones(len(start), bool)
    first[1:] = (start[1:] != start[:-1]) | (end[1:] != end[:-1])
    n = network.n_nodes
    return csr_matrix((metres[first], (start[first], end[first])), shape=(n, n))


def within(
    graph: csr_matrix, sources: NDArray[np.int64], targets: NDArray[np.bool_], radius: float
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Find which of some nodes are within a walking distance of each source.

    Returns
    -------
    tuple
        Position in `sources`, target node, metres; by source, then node.
    """
    found = []
    for begin in range(0, len(sources), AT_ONCE):
        metres = dijkstra(graph, indices=sources[begin : begin + AT_ONCE], limit=radius)
        row, node = np.nonzero(np.isfinite(metres) & targets)
        found.append((row + begin, node, metres[row, node]))
    if not found:
        none = np.zeros(0, np.int64)
        return none, none, np.zeros(0)
    rows, nodes, metres = (np.concatenate(part) for part in zip(*found, strict=True))
    return rows, nodes, metres


def nearest_of(
    graph: csr_matrix, targets: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Find each node's way to the nearest of some nodes.

    Returns
    -------
    tuple
        Metres to it (inf = no way) and which node it is (-1 = none), shape (n_nodes,).
    """
    n = graph.shape[0]
    if not len(targets):
        return np.full(n, np.inf), np.full(n, -1)
    metres, _, source = dijkstra(
        graph.T.tocsr(), indices=targets, min_only=True, return_predecessors=True
    )
    return metres, np.where(np.isfinite(metres), source, -1).astype(np.int64)


def between(graph: csr_matrix, nodes: NDArray[np.int64]) -> NDArray[np.float64]:
    """Give the metres from each node to each other, shape (len(nodes), len(nodes))."""
    unique, place = np.unique(nodes, return_inverse=True)
    rows = [
        dijkstra(graph, indices=unique[begin : begin + AT_ONCE])[:, unique]
        for begin in range(0, len(unique), AT_ONCE)
    ]
    place = place.ravel()
    return np.concatenate(rows)[np.ix_(place, place)] if rows else np.zeros((0, 0))


def path_between(graph: csr_matrix, start: int, end: int) -> NDArray[np.int64]:
    """Give the nodes of the shortest way, both ends too; where there is none the ends alone."""
    before = dijkstra(graph, indices=np.array([start]), return_predecessors=True)[1][0]
    nodes = [end]
    while nodes[-1] != start and before[nodes[-1]] >= 0:
        nodes.append(int(before[nodes[-1]]))
    if nodes[-1] != start:
        nodes.append(start)
    return np.array(nodes[::-1], dtype=np.int64)
