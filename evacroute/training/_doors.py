"""Doors that close when a shelter is full, and the ways on to others."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import dijkstra

from evacroute.network import Network
from evacroute.scenario import Scenario

NEAREST = 8
"""From a full shelter people are sent on to one of so many nearest others."""


class Doors:
    """Room that is left in each shelter, and the shortest ways from one to the nearest others.

    Classes that can pass the same links share ways. What a hazard closes is walked to and waited
    for, as by everyone else.

    Parameters
    ----------
    scenario
        Whose shelters they are.

    Attributes
    ----------
    way_ptr, way_link, way_shelter
        Where each way's links begin, its links, and where it ends.
    """

    def __init__(self, scenario: Scenario) -> None:
        shelters, classes = scenario.shelters, scenario.group_classes
        self.room = shelters.capacity.copy()
        self.step_free_room = shelters.step_free_capacity.copy()
        self.step_free = classes.step_free
        passable = np.isfinite(classes.walk_seconds(scenario.network))
        alike, self.kind_of = np.unique(passable, axis=0, return_inverse=True)
        self.kind_of = self.kind_of.ravel()
        # Ways by kind of class and shelter, the nearest first.
        self.on: dict[tuple[int, int], list[int]] = {}
        paths: list[list[int]] = []
        ends: list[int] = []
        for kind, may in enumerate(alike):
            for start, end, links in _ways(scenario.network, may, shelters.node):
                self.on.setdefault((kind, start), []).append(len(paths))
                paths.append(links)
                ends.append(end)
        self.way_ptr = np.cumsum([0, *map(len, paths)])
        self.way_link = np.array([i for links in paths for i in links], np.int32)
        self.way_shelter = np.array(ends, np.int32)

    def has_room(self, shelter: int, class_: int) -> bool:
        """Whether a shelter would take one more of a class."""
        free = not self.step_free[class_] or self.step_free_room[shelter] > 0
        return bool(self.room[shelter] > 0 and free)

    def take(self, shelter: int, class_: int) -> None:
        """Take a place."""
        self.room[shelter] -= 1
        if self.step_free[class_]:
            self.step_free_room[shelter] -= 1

    def way_on(self, shelter: int, class_: int) -> int:
        """Row of the way to the nearest shelter that has room now, or -1."""
        for row in self.on.get((int(self.kind_of[class_]), shelter), ()):
            if self.has_room(int(self.way_shelter[row]), class_):
                return row
        return -1


def _ways(
    network: Network, may: NDArray[np.bool_], nodes: NDArray[np.int32]
) -> list[tuple[int, int, list[int]]]:
    """Shortest ways over some links from each shelter to its nearest others, nearest first."""
    some = np.flatnonzero(may & (network.capacity > 0))
    # Of links between the same nodes the shortest counts; a sum would be no way.
    pair = network.from_node[some].astype(np.int64) * network.n_nodes + network.to_node[some]
    order = np.lexsort((network.length[some], pair))
    pair, first = np.unique(pair[order], return_index=True)
    link = some[order[first]]
    ends = (network.from_node[link], network.to_node[link])
    graph = csr_matrix((network.length[link], ends), shape=(network.n_nodes,) * 2)
    metres, before = dijkstra(graph, indices=nodes, return_predecessors=True)
    found = []
    for start in range(len(nodes)):
        far = metres[start, nodes]
        for end in np.argsort(far, kind="stable")[: NEAREST + 1].tolist():
            if end != start and np.isfinite(far[end]):
                path = _path(before[start], int(nodes[start]), int(nodes[end]))
                keys = np.array(path[:-1], np.int64) * network.n_nodes + path[1:]
                found.append((start, end, link[np.searchsorted(pair, keys)].tolist()))
    return found


def _path(before: NDArray[np.int32], start: int, end: int) -> list[int]:
    """Nodes from one to another."""
    path = [end]
    while path[-1] != start:
        path.append(int(before[path[-1]]))
    return path[::-1]
