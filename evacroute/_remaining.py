"""The scenario that is left some time after the alarm: who is not safe yet, and the room left."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evacroute._standing import Standing
from evacroute.errors import Faults
from evacroute.hazards import Hazard
from evacroute.network import Network
from evacroute.people import Classes, FirstWalks, Groups, People
from evacroute.plan import Plan
from evacroute.scenario import Scenario
from evacroute.shelters import Shelters


@dataclass(frozen=True, slots=True, eq=False)
class Remaining:
    """What is left of a scenario.

    Parameters
    ----------
    scenario
        Groups where they stand, then those who joined; shelters with the room left; closed streets
        of capacity 0. Times count from the alarm still.
    group_of_movement
        Its group of each movement of the plan before, -1 = safe, shape (n_movements,).
    group_of_left
        The same for the rows of those whom the plan before left.
    n_before
        Groups from this one on have joined.
    persons
        person_id, household_id and group of each person, None where persons are not known.
    wish
        The shelter that each person was to go to, -1 = none.
    newcomer
        Which persons have joined.
    set_aside
        Why persons who joined are near no street, as their loader says, and how many.
    """

    scenario: Scenario
    group_of_movement: NDArray[np.int64]
    group_of_left: NDArray[np.int64]
    n_before: int
    persons: tuple[NDArray[Any], NDArray[Any], NDArray[np.int32]] | None
    wish: NDArray[np.int32] | None
    newcomer: NDArray[np.bool_] | None
    set_aside: dict[str, int]


def check_joined(joined: Groups | People | None, plan: Plan, faults: Faults) -> None:
    """Check that those who join know their way about: nodes, classes, ids."""
    if joined is None:
        return
    n = plan.scenario.network.n_nodes
    if isinstance(joined, People):
        aside = int((joined.node < 0).sum())
        if aside and plan.roster is None:
            faults.add(
                f"joined: {aside} persons are near no street; leave them out, as this plan does "
                "not tell its persons one by one"
            )
        for i in np.flatnonzero(joined.node >= n):
            faults.add(f"joined: person {joined.person_id[i]}: node {joined.node[i]} is unknown")
        known = [] if plan.roster is None else plan.roster.person_id.astype(str).tolist()
        for name in sorted(set(known) & set(joined.person_id.astype(str).tolist())):
            faults.add(f"joined: person {name} is in the plan already")
    else:
        n_classes = len(plan.scenario.group_classes)
        for i in np.flatnonzero(joined.node >= n):
            faults.add(f"joined: group {joined.group_id[i]}: node {joined.node[i]} is unknown")
        for i in np.flatnonzero(joined.class_ >= n_classes):
            faults.add(
                f"joined: group {joined.group_id[i]}: class {joined.class_[i]}, "
                f"the plan has {n_classes}"
            )
        known = plan.scenario.groups.group_id.astype(str).tolist()
        for name in sorted(set(known) & set(joined.group_id.astype(str).tolist())):
            faults.add(f"joined: group {name} is in the plan already")
        if plan.roster is not None:
            faults.add("joined: the plan tells its persons one by one, so give People, not Groups")


def remaining(
    plan: Plan,
    standing: Standing,
    now: float,
    closed_link: NDArray[np.bool_],
    closed_shelter: NDArray[np.bool_],
    joined: Groups | People | None,
    hazards: Sequence[Hazard],
) -> Remaining:
    """Gather those who are not safe into groups by where they came from and stand."""
    scenario, moves = plan.scenario, plan.movements
    network = replace(
        scenario.network, capacity=np.where(closed_link, 0.0, scenario.network.capacity)
    )
    shelters = _room_left(plan, standing.safe, closed_shelter)
    groups = scenario.groups
    going = np.flatnonzero(~standing.safe)
    left = moves.left_group
    group = np.concatenate([moves.group[going], left]).astype(np.int64)
    node = np.concatenate([standing.node[going], groups.node[left]])
    ready = np.concatenate([standing.ready[going], np.maximum(now, groups.ready_time[left])])
    size = np.concatenate([moves.size[going], moves.left_size])
    key = np.stack([group.astype(np.float64), node.astype(np.float64), ready])
    unique, at, unit = np.unique(key, axis=1, return_index=True, return_inverse=True)
    unit = unit.ravel()
    of_movement = np.full(len(moves), -1, np.int64)
    of_movement[going] = unit[: len(going)]
    old = group[at]
    mine = Groups(
        group_id=_ids(groups.group_id[old], old),
        node=node[at],
        class_=groups.class_[old],
        ready_time=ready[at],
        size=np.bincount(unit, weights=size, minlength=unique.shape[1]).astype(np.int32),
        together=groups.together[old],
        walks=_unfinished(scenario, now, old, node[at], ready[at]),
    )
    classes, theirs, group_of_person = _newcomers(joined, scenario, network, now, mine)
    everyone = mine if theirs is None else _both(mine, theirs)
    rest = Scenario(
        network, everyone, shelters, classes=classes, deadline=scenario.deadline_s, hazard=hazards,
        boats=scenario.boats,
    )  # fmt: skip
    of_left = unit[len(going) :]
    persons, wish = _persons(plan, of_movement, of_left, joined, group_of_person, len(mine))
    newcomer = None
    if persons is not None:
        n_new = len(joined) if isinstance(joined, People) else 0
        newcomer = np.arange(len(persons[0])) >= len(persons[0]) - n_new
    return Remaining(
        rest, of_movement, of_left, len(mine), persons, wish, newcomer, _set_aside(joined)
    )


def _set_aside(joined: Groups | People | None) -> dict[str, int]:
    """Say in the loader's words why persons who join are near no street, if it knows them all."""
    if not isinstance(joined, People) or joined.report is None:
        return {}
    told = {why: n for why, n in joined.report.set_aside.items() if n}
    return told if sum(told.values()) == int((joined.node < 0).sum()) else {}


def _room_left(plan: Plan, safe: NDArray[np.bool_], closed_shelter: NDArray[np.bool_]) -> Shelters:
    scenario, moves = plan.scenario, plan.movements
    shelters, n = scenario.shelters, len(scenario.shelters)
    size = np.where(safe, moves.size, 0).astype(np.float64)
    step_free = scenario.group_classes.step_free[scenario.groups.class_[moves.group]]
    inside = np.bincount(moves.shelter, weights=size, minlength=n).astype(np.int64)
    free = np.bincount(moves.shelter, weights=size * step_free, minlength=n).astype(np.int64)
    room = np.where(closed_shelter, 0, np.maximum(shelters.capacity - inside, 0))
    free_room = np.minimum(np.maximum(shelters.step_free_capacity - free, 0), room)
    return replace(shelters, capacity=room, step_free_capacity=free_room)


def _ids(before: NDArray[Any], old: NDArray[np.int64]) -> NDArray[Any]:
    """Name groups after those that they come from, numbered where one has come apart."""
    count = np.bincount(old)
    ids = before.astype(object)
    taken = set(before.astype(str).tolist())
    nth: dict[int, int] = {}
    for i in np.flatnonzero(count[old] > 1).tolist():
        while True:
            nth[int(old[i])] = nth.get(int(old[i]), 0) + 1
            name = f"{before[i]}/{nth[int(old[i])]}"
            if name not in taken:
                break
        ids[i] = name
        taken.add(name)
    return ids


def _newcomers(
    joined: Groups | People | None,
    scenario: Scenario,
    network: Network,
    now: float,
    mine: Groups,
) -> tuple[Classes, Groups | None, NDArray[np.int32] | None]:
    """Classes of all, groups of those who join, and the group of each person among them."""
    classes = scenario.group_classes
    if joined is None:
        return classes, None, None
    if isinstance(joined, Groups):
        return classes, replace(joined, ready_time=np.maximum(now, joined.ready_time)), None
    new = Scenario(network, joined, scenario.all_shelters)
    first = len(classes)
    known = set(classes.class_id.tolist())
    names = []
    for name in new.group_classes.class_id.tolist():
        other = name
        while other in known:
            other += "'"
        known.add(other)
        names.append(other)
    both = Classes(
        np.append(classes.class_id, np.array(names, dtype=object)),
        *(
            np.append(getattr(classes, column), getattr(new.group_classes, column))
            for column in (
                "speed_flat",
                "speed_steps",
                "min_width",
                "space",
                "depth_limit",
                "depth_most",
                "depth_assumed",
            )
        ),
    )
    prefix = "joined"
    while any(str(name).startswith(prefix) for name in mine.group_id):
        prefix += "'"
    theirs = replace(
        new.groups,
        group_id=np.array([f"{prefix}{i}" for i in range(len(new.groups))], dtype=object),
        class_=new.groups.class_ + np.int32(first),
        ready_time=np.maximum(now, new.groups.ready_time),
        walks=_unfinished(
            new, now, np.arange(len(new.groups)), new.groups.node,
            np.maximum(now, new.groups.ready_time),
        ),
    )  # fmt: skip
    return both, theirs, new.group_of_person


def _both(mine: Groups, theirs: Groups) -> Groups:
    names = ("group_id", "node", "class_", "ready_time", "size", "together")
    columns = {name: np.append(getattr(mine, name), getattr(theirs, name)) for name in names}
    every = np.arange(len(theirs.walks))
    later = theirs.walks.take(every, theirs.walks.group + np.int32(len(mine)))
    return Groups(**columns, walks=FirstWalks.joined([mine.walks, later]))


def _unfinished(
    scenario: Scenario,
    now: float,
    old: NDArray[np.int64],
    node: NDArray[np.int32],
    ready: NDArray[np.float64],
) -> FirstWalks:
    """Give the walks to their node that people still have before them, or are on.

    Parameters
    ----------
    old, node, ready
        Of each new group: the group that it comes from, where it stands and from when on [s].
    """
    groups, walks = scenario.groups, scenario.groups.walks
    there = np.maximum(now, groups.ready_time)[old]
    at_origin = np.flatnonzero((node == groups.node[old]) & (ready == there))
    becomes = np.full(len(groups), -1, np.int64)
    becomes[old[at_origin]] = at_origin
    group = becomes[walks.group]
    some = np.flatnonzero((scenario.setting.arrive > now) & (group >= 0))
    return walks.take(some, group[some])


def _persons(
    plan: Plan,
    of_movement: NDArray[np.int64],
    of_left: NDArray[np.int64],
    joined: Groups | People | None,
    group_of_joined: NDArray[np.int32] | None,
    n_before: int,
) -> tuple[tuple[NDArray[Any], NDArray[Any], NDArray[np.int32]] | None, NDArray[np.int32] | None]:
    """Persons of those who are left, and the shelter that each was to go to."""
    roster = plan.roster
    if roster is None:
        return None, None
    moves = plan.movements
    away = roster.movement < 0
    stays = away | (of_movement[np.where(away, 0, roster.movement)] >= 0 if len(moves) else away)
    unit = np.full(len(roster), -1, np.int32)
    goes = np.flatnonzero(stays & ~away)
    unit[goes] = of_movement[roster.movement[goes]]
    # All whom a group has left stand at its origin, in one group.
    of_group = np.full(len(plan.scenario.groups), -1, np.int32)
    of_group[moves.left_group] = of_left
    lost = np.flatnonzero(away & (roster.group >= 0))
    unit[lost] = of_group[roster.group[lost]]
    wish = np.full(len(roster), -1, np.int32)
    wish[goes] = moves.shelter[roster.movement[goes]]
    ids, homes = roster.person_id[stays], roster.household_id[stays]
    unit, wish = unit[stays], wish[stays]
    if isinstance(joined, People) and group_of_joined is not None:
        theirs = np.where(group_of_joined < 0, -1, group_of_joined + n_before).astype(np.int32)
        ids, homes = np.append(ids, joined.person_id), np.append(homes, joined.household_id)
        unit = np.append(unit, theirs)
        wish = np.append(wish, np.full(len(joined), -1, np.int32))
    return (ids, homes, unit), wish
