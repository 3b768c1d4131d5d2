"""How soon people could be in some shelter with the city to themselves."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from evacroute._kernels.distances import origins_to_shelters
from evacroute._kernels.graph import FAR, Graph
from evacroute._kernels.hopes import Hopes, fill_hopes
from evacroute.assignment.parties import Origins, gather
from evacroute.assignment.problem import Problem


def no_hopes(graph: Graph) -> Hopes:
    """Make room for the hopes of a graph's classes and heads, every shelter shut."""
    n_classes, n_arcs = graph.arc_time.shape
    n_heads, n_shelters = len(graph.arc_ptr) - 1, len(graph.shelter_head)
    return Hopes(
        least=np.full((n_classes, n_heads), FAR, np.int32),
        owner=np.full((n_classes, n_heads), -1, np.int32),
        is_open=np.zeros((n_classes, n_shelters), np.bool_),
        heap=np.empty(n_arcs + n_heads + n_shelters + 2, np.int64),
        cell=np.empty(n_heads, np.int32),
    )


class Soonest:
    """Free-flow slots from each origin to the nearest of some shelters: one search a class.

    Parameters
    ----------
    problem
        What is being solved.
    origins
        Where people start.
    """

    def __init__(self, problem: Problem, origins: Origins) -> None:
        self.problem, self.origins = problem, origins
        self._known: dict[bytes, NDArray[np.int32]] = {}

    @classmethod
    def of(cls, problem: Problem) -> Soonest:
        """Of the origins of a problem's groups; the same at every call."""
        if "soonest" not in problem.memo:
            origins = gather(problem.scenario.groups, len(problem.step_free))
            problem.memo["soonest"] = cls(problem, origins)
        soonest: Soonest = problem.memo["soonest"]
        return soonest

    def to(
        self, is_open: NDArray[np.bool_], price: NDArray[np.int64] | None = None
    ) -> NDArray[np.int32]:
        """Slots from each origin to the nearest open shelter, `FAR` = none, shape (n_origins,).

        Parameters
        ----------
        is_open
            Which shelters count, shape (n_shelters,) or, by class, (n_classes, n_shelters).
        price
            Added to the walk [slots], shape (n_shelters,).
        """
        graph, origins = self.problem.graph, self.origins
        hopes = no_hopes(graph)
        hopes.is_open[:] = is_open
        key = hopes.is_open.tobytes() + (b"" if price is None else price.tobytes())
        if key in self._known:
            return self._known[key]
        charge = np.zeros(len(graph.shelter_head), np.int32)
        if price is not None:
            charge[:] = price
        for k in np.unique(origins.class_).tolist():
            fill_hopes(self.problem.quickest(k), k, charge, hopes)
        out = np.empty((len(origins.node), 1), np.int32)
        free_of_delay = np.zeros(len(graph.arc_from), np.int64)
        table: NDArray[Any] = hopes.least[:, None, :]
        origins_to_shelters(graph, free_of_delay, table, origins.node, origins.class_, out)
        self._known[key] = out[:, 0]
        return out[:, 0]
