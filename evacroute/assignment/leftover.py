"""Why people are left: what can be proven, group by group, and what cannot."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from evacroute._kernels.graph import FAR
from evacroute.assignment.movements import REASONS
from evacroute.assignment.parties import Origins
from evacroute.assignment.placeable import most_placeable
from evacroute.assignment.problem import Problem

_CODE = {reason: i for i, reason in enumerate(REASONS)}


def hopeless(problem: Problem, origins: Origins, cost: NDArray[np.int32]) -> NDArray[np.int16]:
    """Reason for groups that no plan can bring to safety whatever the others do, else -1.

    Parameters
    ----------
    problem
        What is being solved.
    origins
        Of the problem's groups.
    cost
        Free-flow slots from each origin to each shelter, `FAR` = no way, (n_origins, n_shelters).

    Returns
    -------
    numpy.ndarray
        Positions in `REASONS`, -1 where nothing is proven, shape (n_groups,).
    """
    shelters, groups = problem.scenario.shelters, problem.scenario.groups
    step_free = problem.step_free[origins.class_]
    way = cost < FAR
    places = np.where(step_free[:, None], shelters.step_free_capacity, shelters.capacity)
    nearest = np.where(way & (places > 0), cost, FAR).min(axis=1, initial=FAR)
    g = origins.of_group
    late = problem.ready.astype(np.int64) + nearest[g] > problem.n_slots
    reason = np.full(len(groups), -1, np.int16)
    reason[late] = _CODE["too far to arrive by the deadline"]
    full = np.where(step_free, _CODE["no step-free place left"], _CODE["no shelter with room"])
    largest = np.where(way, places, 0).max(axis=1, initial=0)
    no_room = largest[g] < np.where(groups.together, groups.size, 1)
    reason[no_room] = full[g][no_room]
    no_way: NDArray[np.bool_] = np.asarray(~way.any(axis=1))
    none = np.where(
        step_free, _CODE["no step-free way to any shelter"], _CODE["no way to any shelter"]
    )
    reason[no_way[g]] = none[g][no_way[g]]
    return reason


def explain(
    problem: Problem,
    origins: Origins,
    left: NDArray[np.int64],
    proven: NDArray[np.int16],
    no_room: int,
) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.uint8]]:
    """Give the groups left their reasons.

    Parameters
    ----------
    problem
        What was solved.
    origins
        Of the problem's groups.
    left
        Persons left of each group, shape (n_groups,).
    proven
        From `hopeless`.
    no_room
        Persons for whom the flow to shelters proves that there is no room.

    Returns
    -------
    tuple
        Groups, persons and reasons, arrays of equal length.
    """
    groups = np.flatnonzero(left > 0)
    reason = proven[groups].astype(np.int64)
    open_ = reason < 0
    if open_.any():
        persons = int(left[groups[open_]].sum())
        step_free = problem.step_free[problem.scenario.groups.class_[groups]]
        if persons <= no_room:
            full = np.where(
                step_free, _CODE["no step-free place left"], _CODE["no shelter with room"]
            )
            reason[open_] = full[open_]
        else:
            could = problem.scenario.groups.persons - int(left[proven >= 0].sum())
            most = most_placeable(problem, proven < 0)
            certain = could - persons >= most
            word = "proven" if certain else "not proven"
            reason[open_] = _CODE[f"no room on the way by the deadline ({word})"]
    return groups.astype(np.int32), left[groups].astype(np.int32), reason.astype(np.uint8)
