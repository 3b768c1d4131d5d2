"""Everyone to the nearest open shelter, capacities ignored: what people do today."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from evacroute.assignment.capacity_slots import MOST_PERSONS
from evacroute.assignment.finish import finish
from evacroute.assignment.method import Outcome
from evacroute.assignment.parties import whole_groups
from evacroute.assignment.placing import Placing, Progress
from evacroute.assignment.problem import Problem


@dataclass(frozen=True, slots=True)
class Nearest:
    """For comparison only: such a plan breaks every limit that matters, and `verify` says so."""

    name: str = "nearest"

    def solve(self, problem: Problem, *, progress: Progress | None = None) -> Outcome:
        """Send every group the shortest way, as if streets and shelters had no limits."""
        placing = Placing(problem)
        lift_limits(placing)
        parties = whole_groups(problem.scenario.groups)
        order = np.arange(len(parties))
        left = placing.place(parties, order, progress, "nearest shelter")
        return Outcome(finish(problem, placing, left.astype(np.int64)))


def lift_limits(placing: Placing) -> None:
    """Let streets, doors and shelters take everybody, but for those that take nobody."""
    problem, free = placing.problem, placing.free
    most = min(MOST_PERSONS, np.iinfo(free.link.dtype).max // 2)
    streets = np.flatnonzero(problem.link_slot[: problem.n_links] > 0)
    free.link[streets] = most
    free.full[streets] = 0
    free.intake[:] = MOST_PERSONS
    shelters = problem.scenario.shelters
    free.room[shelters.capacity > 0] = MOST_PERSONS
    free.step_free_room[shelters.step_free_capacity > 0] = MOST_PERSONS
    placing.refresh()
