"""Capacity-constrained route planning: greedy by ready time, earliest arrival for each."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from evacroute.assignment.finish import finish
from evacroute.assignment.method import Outcome
from evacroute.assignment.parties import whole_groups
from evacroute.assignment.placing import Placing, Progress
from evacroute.assignment.problem import Problem


@dataclass(frozen=True, slots=True)
class EarliestArrival:
    """The classic peer: groups in order of ready time each take the way that arrives first.

    Notes
    -----
    A* with the free-flow time as heuristic against a table of reservations. Streets and shelters
    keep their capacities; no one who has a way is asked to leave it to another, so people may be
    left whom another order would place.

    References
    ----------
    .. [1] Lu, George & Shekhar (2005), Capacity constrained routing algorithms for evacuation
       planning, SSTD 2005.
    """

    name: str = "earliest_arrival"

    def solve(self, problem: Problem, *, progress: Progress | None = None) -> Outcome:
        """Place every group, first ready first."""
        placing = Placing(problem)
        order = np.argsort(problem.ready, kind="stable")
        parties = whole_groups(problem.scenario.groups)
        left = placing.place(parties, order, progress, "earliest arrival")
        return Outcome(finish(problem, placing, left.astype(np.int64)))
