"""From booked parties to movements, with a reason for everyone who is left."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from evacroute._kernels.distances import origins_to_shelters
from evacroute.assignment.leftover import explain, hopeless
from evacroute.assignment.movements import Movements
from evacroute.assignment.parties import Origins
from evacroute.assignment.placing import Placing
from evacroute.assignment.problem import Problem


def origin_costs(
    problem: Problem,
    origins: Origins,
    distances: NDArray[np.int32],
    delay: NDArray[np.float64] | None = None,
) -> NDArray[np.int32]:
    """Slots from each origin to each shelter, shape (n_origins, n_shelters)."""
    cost = np.empty((len(origins.node), distances.shape[1]), np.int32)
    extra = np.zeros(len(problem.graph.arc_from), np.int64)
    if delay is not None:
        extra = np.rint(delay).astype(np.int64)
    origins_to_shelters(problem.graph, extra, distances, origins.node, origins.class_, cost)
    return cost


def finish(
    problem: Problem, placing: Placing, left: NDArray[np.int64], no_room: int = 0
) -> Movements:
    """Movements of what is booked; `left` counts the persons left of each group."""
    proven = hopeless(problem)
    if (placing.free.room < 1).all():
        no_room = int(left.sum())
    return placing.movements(*explain(problem, placing.free, left, proven, no_room))
