"""The quickest ways of each class to each shelter, found when they are asked for."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from evacroute._kernels.advice import trace_back
from evacroute._kernels.crowd import Streets
from evacroute._kernels.crowd_fields import fill_tree
from evacroute._kernels.trips import follow
from evacroute._street_arrays import lay_streets
from evacroute.scenario import Scenario

MOST_BYTES = 2**29
"""Trees are forgotten once they take so much memory, and found again when they are asked for."""


def traced(
    streets: Streets, behind: NDArray[np.int32], nodes: ArrayLike
) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """Links to some nodes: where each way begins, and all of them in a row.

    Parameters
    ----------
    streets, behind
        The streets, and the link by which each node is reached, from `fill_from`.
    nodes
        Where the ways end.
    """
    goal = np.asarray(nodes, np.int64)
    ptr, link = np.empty(len(goal) + 1, np.int64), np.empty(256 * len(goal), np.int32)
    total = trace_back(streets, behind, goal, ptr, link)
    if total > len(link):
        link = np.empty(total, np.int32)
        trace_back(streets, behind, goal, ptr, link)
    return ptr, link[:total]


class Ways:
    """Quickest ways at free pace, in the streets as they are at one time.

    Parameters
    ----------
    scenario
        Streets, classes, hazards and shelters.
    time
        Closures and speed factors of this time count [s after the alarm].
    """

    def __init__(self, scenario: Scenario, time: float = 0.0) -> None:
        self.scenario, self.time = scenario, time
        self.streets = lay_streets(scenario, scenario.deadline_s)
        room = len(self.streets.link) + len(scenario.shelters) + 1
        self._heap = np.empty(room, np.int64)
        self._trees: dict[tuple[int, int], tuple[NDArray[np.float64], NDArray[np.int32]]] = {}

    def tree(self, class_: int, shelter: int) -> tuple[NDArray[np.float64], NDArray[np.int32]]:
        """Seconds from every node to a shelter, and the link to take there; -1 = the nearest."""
        key = class_, shelter
        if key not in self._trees:
            shelters = self.scenario.shelters
            open_ = shelters.capacity > 0
            roots = shelters.node[open_] if shelter < 0 else shelters.node[[shelter]]
            n = self.scenario.network.n_nodes
            seconds, ahead = np.empty(n), np.empty(n, np.int32)
            size = seconds.nbytes + ahead.nbytes
            if (len(self._trees) + 1) * size > MOST_BYTES:
                self._trees.clear()
            fill_tree(
                self.streets, class_, self.time, roots.astype(np.int64), self._heap, seconds, ahead
            )
            self._trees[key] = seconds, ahead
        return self._trees[key]

    def routes(
        self, class_: int, shelter: int, nodes: ArrayLike
    ) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
        """Links from some nodes to a shelter: where each way begins, and all of them in a row."""
        node = np.asarray(nodes, np.int64)
        ahead = self.tree(class_, shelter)[1]
        ptr = np.empty(len(node) + 1, np.int64)
        link = np.empty(128 * len(node), np.int32)
        n = follow(self.streets, ahead, node, ptr, link)
        if n > len(link):
            link = np.empty(n, np.int32)
            follow(self.streets, ahead, node, ptr, link)
        return ptr, link[:n]
