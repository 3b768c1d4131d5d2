"""Why people are left: what can be proven, group by group, and what cannot."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from evacroute._kernels.graph import FAR, Free
from evacroute._kernels.latest import latest_starts
from evacroute._kernels.spans import part_time
from evacroute.assignment.movements import REASONS
from evacroute.assignment.parties import Origins
from evacroute.assignment.placeable import most_placeable
from evacroute.assignment.problem import Problem, without_hazards
from evacroute.assignment.room import RoomFlow
from evacroute.assignment.soonest import Soonest
from evacroute.network import FERRY

CUT_OFF = "cut off by a hazard"
TOO_WIDE = "no way that lets in so wide a person at this step"

_CODE = {reason: i for i, reason in enumerate(REASONS)}
_OF_STREETS = [
    _CODE["no way to any shelter"],
    _CODE["no step-free way to any shelter"],
    _CODE["too far to arrive by the deadline"],
    _CODE[TOO_WIDE],
]


def hopeless(problem: Problem) -> NDArray[np.int16]:
    """Reason for groups that no plan can bring to safety whatever the others do, else -1.

    Parameters
    ----------
    problem
        What is being solved.

    Returns
    -------
    numpy.ndarray
        Positions in `REASONS`, -1 where nothing is proven, shape (n_groups,).
    """
    if "hopeless" not in problem.memo:
        problem.memo["hopeless"] = _hopeless(problem)
    return np.asarray(problem.memo["hopeless"]).copy()


def _hopeless(problem: Problem) -> NDArray[np.int16]:
    soonest = Soonest.of(problem)
    shelters, groups = problem.scenario.shelters, problem.scenario.groups
    origins = soonest.origins
    step_free = problem.step_free[origins.class_]
    places = np.where(
        problem.step_free[:, None], shelters.step_free_capacity, shelters.capacity[None]
    )
    nearest = soonest.to(places > 0)
    g = origins.of_group
    late = problem.ready.astype(np.int64) + nearest[g] > problem.n_slots
    reason = np.full(len(groups), -1, np.int16)
    reason[late] = _CODE["too far to arrive by the deadline"]
    size = np.where(groups.together, groups.size, 1)
    no_room = np.zeros(len(groups), np.bool_)
    no_room_at_all = np.zeros(len(groups), np.bool_)
    for n in np.unique(size).tolist():
        alike = size == n
        no_room[alike] = soonest.to(places >= n)[g[alike]] >= FAR
        no_room_at_all[alike] = soonest.to(shelters.capacity >= n)[g[alike]] >= FAR
    reason[no_room] = _CODE["no step-free place left"]
    reason[no_room_at_all] = _CODE["no shelter with room"]
    no_way = soonest.to(np.ones(len(shelters), np.bool_)) >= FAR
    only_steps = step_free & _joined_to_shelter(problem)[origins.node]
    none = np.where(
        only_steps, _CODE["no step-free way to any shelter"], _CODE["no way to any shelter"]
    )
    none = np.where(_too_wide(problem, origins), _CODE[TOO_WIDE], none)
    reason[no_way[g]] = none[g][no_way[g]]
    scenario = problem.scenario
    tide = scenario.rides is not scenario.boats
    if len(scenario.link_times) or tide or scenario.cut_off.any():
        reason[_cut_off(problem, places, size, reason)] = _CODE[CUT_OFF]
    else:
        missed = _too_late(problem, places, size) & (reason < 0)
        reason[missed] = _CODE["too far to arrive by the deadline"]
    return reason


def _cut_off(
    problem: Problem,
    places: NDArray[np.int64],
    size: NDArray[np.int64],
    reason: NDArray[np.int16],
) -> NDArray[np.bool_]:
    """Which groups have no way in time with the hazards, though they have one without.

    Parameters
    ----------
    places
        Places of each shelter by class, shape (n_classes, n_shelters).
    size
        Persons who go together, shape (n_groups,).
    reason
        What is proven with streets as they are at their best.
    """
    cut = _too_late(problem, places, size)
    blamed = np.flatnonzero((cut & (reason < 0)) | np.isin(reason, _OF_STREETS))
    out = np.zeros(len(cut), np.bool_)
    if len(blamed):
        without = hopeless(without_hazards(problem))
        out[blamed] = without[blamed] < 0
        # Without the hazards it is the same: then that is why.
        same = blamed[without[blamed] >= 0]
        reason[same] = without[same]
    return out


def _too_late(
    problem: Problem, places: NDArray[np.int64], size: NDArray[np.int64]
) -> NDArray[np.bool_]:
    """Which groups cannot be in time for streets that change and boats; none without such."""
    groups = problem.scenario.groups
    late = np.zeros(len(groups), np.bool_)
    if problem.gates.n_gates:
        for k, n in sorted(set(zip(groups.class_.tolist(), size.tolist(), strict=True))):
            mine = np.flatnonzero((groups.class_ == k) & (size == n))
            last = latest_slots(problem, k, places[k] >= n, groups.node[mine])
            late[mine] = problem.ready[mine] > last
    return late


def latest_slots(
    problem: Problem, k: int, is_open: NDArray[np.bool_], node: NDArray[np.int32]
) -> NDArray[np.int64]:
    """Last slot in which class k can leave some nodes and be safe in time, -1 = never."""
    graph, at_head = problem.graph, _latest_at_heads(problem, k, is_open)
    head = graph.node_head[node]
    out = np.where(head >= 0, at_head[head], -1)
    for i in np.flatnonzero(head < 0).tolist():
        for side in range(2):
            arc = graph.node_arc[node[i], side]
            if arc < 0:
                continue
            took = part_time(graph, k, graph.node_pos[node[i], side], graph.seq_ptr[arc + 1])
            if took < FAR:
                out[i] = max(out[i], at_head[graph.arc_to[arc]] - took)
    return np.asarray(out)


def _latest_at_heads(problem: Problem, k: int, is_open: NDArray[np.bool_]) -> NDArray[np.int64]:
    graph, open_, memo = problem.graph, problem.gates.open_, problem.memo
    if "opened" not in memo:
        slot = np.arange(open_.shape[1])
        memo["opened"] = np.maximum.accumulate(np.where(open_, slot, -1), axis=1)
    name = f"latest {k} {is_open.tobytes().hex()}"
    if name not in memo:
        at_head = np.empty(len(graph.arc_ptr) - 1, np.int64)
        n_slots = problem.n_slots
        latest_starts(graph, k, problem.n_links, memo["opened"], is_open, n_slots, at_head)
        memo[name] = at_head
    return np.asarray(memo[name])


def confined(
    problem: Problem, origins: Origins, cost: NDArray[np.int32], flow: RoomFlow
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Find who has a way only to shelters that are short of places, piece by piece of the city.

    Parameters
    ----------
    cost, flow
        Slots from each origin to each shelter, `FAR` = cannot, and a flow found with them.

    Returns
    -------
    tuple
        Piece of each group, -1 = it has a way to other shelters too, shape (n_groups,); persons of
        each piece whom every plan leaves.
    """
    shelters = problem.scenario.shelters
    step_free = problem.step_free[origins.class_][:, None]
    places = np.where(step_free, shelters.step_free_capacity, shelters.capacity)
    can = (cost < FAR) & (places > 0)
    short = np.where(step_free, flow.free_short, flow.short)
    stuck = np.asarray(can.any(axis=1) & ~(can & ~short).any(axis=1))
    origin, shelter = np.nonzero(can & stuck[:, None])
    n = len(origins.node)
    ways = coo_matrix(
        (np.ones(len(origin), np.int8), (origin, n + shelter)), shape=(n + len(flow.short),) * 2
    )
    count, part = connected_components(ways, directed=False)
    piece = np.where(stuck, part[:n], -1)
    persons = np.bincount(part[:n], weights=np.where(stuck, flow.left, 0), minlength=count)
    return piece[origins.of_group].astype(np.int64), persons.astype(np.int64)


def _joined_to_shelter(problem: Problem) -> NDArray[np.bool_]:
    """Which nodes share a connected piece of the walkable streets with a shelter."""
    network = problem.scenario.network
    walked = (network.kind != FERRY) & (problem.link_slot[: problem.n_links] > 0)
    return _joined(problem, walked)


def _too_wide(problem: Problem, origins: Origins) -> NDArray[np.bool_]:
    """Which origins' people the grid parts from all shelters only because they take much space."""
    network = problem.scenario.network
    walk = problem.scenario.group_classes.walk_seconds(network)
    wide = np.zeros(len(origins.node), bool)
    if problem.units == 1:
        return wide
    may = np.isfinite(walk) & (problem.link_slot[: problem.n_links] > 0)
    barred = (may & ~np.isfinite(problem.graph.link_time[:, : problem.n_links])).any(axis=1)
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
    soonest = Soonest.of(problem)
    groups = np.flatnonzero(left > 0)
    reason = proven[groups].astype(np.int64)
    open_ = reason < 0
    if not open_.any():
        return groups.astype(np.int32), left[groups].astype(np.int32), reason.astype(np.uint8)
    step_free = problem.step_free[problem.scenario.groups.class_[groups]]
    origin = soonest.origins.of_group[groups]
    spare = problem.n_slots - problem.ready[groups].astype(np.int64)
    size = problem.scenario.groups.as_one(groups, left[groups])
    places = problem.places(free)
    own_place = np.zeros(len(groups), np.bool_)
    step_free_full = np.zeros(len(groups), np.bool_)
    for n in np.unique(size[open_]).tolist():
        alike = size == n
        own_place[alike] = (soonest.to(places >= n)[origin] <= spare)[alike]
        some_step_free = soonest.to(free.step_free_room >= n)[origin] <= spare
        step_free_full[alike] = (step_free & ~some_step_free)[alike]
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
