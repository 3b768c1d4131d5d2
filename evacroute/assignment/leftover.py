"""Why people are left: what can be proven, group by group, and what cannot."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from evacroute._kernels.graph import FAR, Free
from evacroute.assignment.movements import REASONS
from evacroute.assignment.parties import Origins
from evacroute.assignment.placeable import most_placeable
from evacroute.assignment.problem import Problem
from evacroute.network import FERRY

TOO_WIDE = "no way that lets in so wide a person at this step"

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
    size = np.where(groups.together, groups.size, 1)
    no_room = np.where(way, places, 0).max(axis=1, initial=0)[g] < size
    no_room_at_all = np.where(way, shelters.capacity, 0).max(axis=1, initial=0)[g] < size
    reason[no_room] = _CODE["no step-free place left"]
    reason[no_room_at_all] = _CODE["no shelter with room"]
    no_way: NDArray[np.bool_] = np.asarray(~way.any(axis=1))
    only_steps = step_free & _joined_to_shelter(problem)[origins.node]
    none = np.where(
        only_steps, _CODE["no step-free way to any shelter"], _CODE["no way to any shelter"]
    )
    none = np.where(_too_wide(problem, origins), _CODE[TOO_WIDE], none)
    reason[no_way[g]] = none[g][no_way[g]]
    return reason


def _joined_to_shelter(problem: Problem) -> NDArray[np.bool_]:
    """Which nodes share a connected piece of the walkable streets with a shelter."""
    network = problem.scenario.network
    walked = (network.kind != FERRY) & (problem.link_slot > 0)
    return _joined(problem, walked)


def _too_wide(problem: Problem, origins: Origins) -> NDArray[np.bool_]:
    """Which origins' people the grid parts from all shelters only because they take much space."""
    network = problem.scenario.network
    walk = problem.scenario.group_classes.walk_seconds(network)
    wide = np.zeros(len(origins.node), bool)
    if problem.units == 1:
        return wide
    may = np.isfinite(walk) & (problem.link_slot > 0)
    barred = (may & ~np.isfinite(problem.graph.link_time)).any(axis=1)
    for k in np.flatnonzero(barred):
        mine = origins.class_ == k
        wide[mine] = _joined(problem, may[k])[origins.node[mine]]
    return wide


def _joined(problem: Problem, walked: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Which nodes share a connected piece of some links with a shelter."""
    network, n = problem.scenario.network, problem.scenario.network.n_nodes
    ends = (network.from_node[walked], network.to_node[walked])
    links = coo_matrix((np.ones(len(ends[0]), np.int8), ends), shape=(n, n))
    _, piece = connected_components(links, directed=False)
    return np.isin(piece, piece[problem.scenario.shelters.node])


def explain(
    problem: Problem,
    origins: Origins,
    cost: NDArray[np.int32],
    free: Free,
    left: NDArray[np.int64],
    proven: NDArray[np.int16],
    no_room: int,
) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.uint8]]:
    """Give the groups left their reasons.

    Parameters
    ----------
    problem
        What was solved.
    origins, cost
        The problem's origins and their free-flow slots to each shelter.
    free
        What is still free after all bookings.
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
    if not open_.any():
        return groups.astype(np.int32), left[groups].astype(np.int32), reason.astype(np.uint8)
    step_free = problem.step_free[problem.scenario.groups.class_[groups]]
    arrives = problem.ready[groups].astype(np.int64)[:, None] + cost[origins.of_group[groups]]
    reach = arrives <= problem.n_slots
    size = np.where(problem.scenario.groups.together[groups], left[groups], 1)[:, None]
    places = np.where(step_free[:, None], np.minimum(free.room, free.step_free_room), free.room)
    own_place = (reach & (places >= size)).any(axis=1)
    step_free_full = step_free & ~(reach & (free.step_free_room >= size)).any(axis=1)
    persons = int(left[groups[open_]].sum())
    could = problem.scenario.groups.persons - int(left[proven >= 0].sum())
    no_places = persons <= no_room
    certain = no_places or could - persons >= most_placeable(problem, proven < 0)
    word = "proven" if certain else "not proven"
    tail = "" if certain else " (not proven)"
    reason[open_] = _CODE[f"no room on the way by the deadline ({word})"]
    full = open_ & (~own_place | no_places)
    reason[full] = _CODE[f"no shelter with room{tail}"]
    reason[full & step_free_full] = _CODE[f"no step-free place left{tail}"]
    return groups.astype(np.int32), left[groups].astype(np.int32), reason.astype(np.uint8)
