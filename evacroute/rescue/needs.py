"""Who is left: where, why, and what they need."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evacroute.assignment.movements import REASONS
from evacroute.people import People
from evacroute.plan import Plan
from evacroute.rescue.walking import crew_metres, nearest_of, street_graph

SLOW = 0.8
"""Who can use steps but walks slower than this counts as slow [m/s] (assumption)."""

NO_STEP_FREE, TOO_SLOW, CUT_OFF, NO_ROOM, NO_PLACE, FULL_STREETS, TOO_NARROW, OFF_STREET = (
    "no step-free way", "too slow for the deadline", "cut off", "no room", "no step-free place",
    "streets too full for the deadline", "ways too narrow", "no street near",
)  # fmt: skip

_WHY = {
    "no way to any shelter": CUT_OFF,
    "no step-free way to any shelter": NO_STEP_FREE,
    "no shelter with room": NO_ROOM,
    "no step-free place left": NO_PLACE,
    "too far to arrive by the deadline": TOO_SLOW,
    "no room on the way by the deadline (proven)": FULL_STREETS,
    "no room on the way by the deadline (not proven)": FULL_STREETS,
    "no street near enough": OFF_STREET,
    "no shelter with room (not proven)": NO_ROOM,
    "no step-free place left (not proven)": NO_PLACE,
    "no way that lets in so wide a person at this step": TOO_NARROW,
}

WHEELCHAIR, NO_STEPS, SLOWLY, ANYBODY = (
    "wheelchair, cannot use steps", "cannot use steps", "slow", "anybody",
)  # fmt: skip
NEEDS = (WHEELCHAIR, NO_STEPS, SLOWLY, ANYBODY)
"""What people need, the most vulnerable first; `Left.need` holds positions in this tuple."""


@dataclass(frozen=True, slots=True)
class Left:
    """People who are left, one row a person, or a group and reason; arrays of equal length.

    Parameters
    ----------
    person_id, household_id, group_id
        Ids, "" where there are none.
    unit
        Rows and persons of one unit stay together where a vehicle takes so many; -1 = each alone.
    node
        Node where they start, -1 where no street is near.
    lon, lat
        Where they are [degrees], NaN where unknown.
    class_
        Position in the classes, -1 for whoever the loader set aside.
    persons
        How many.
    ready
        When they can leave [s after the alarm].
    need
        Positions in `NEEDS`.
    reason, why
        Why they are left, as the plan says it and in short.
    stays
        Who is cut off where they stand: they cannot even get to their node.
    """

    person_id: NDArray[Any]
    household_id: NDArray[Any]
    group_id: NDArray[Any]
    unit: NDArray[np.int64]
    node: NDArray[np.int64]
    lon: NDArray[np.float64]
    lat: NDArray[np.float64]
    class_: NDArray[np.int64]
    persons: NDArray[np.int64]
    ready: NDArray[np.float64]
    need: NDArray[np.int64]
    reason: NDArray[Any]
    why: NDArray[Any]
    stays: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.persons)


def why_left(reason: str, *, step_free: bool, joined: bool) -> str:
    """Say in short why people are left.

    Parameters
    ----------
    reason
        As `Plan.unassigned` has it; one not known here is kept as it is, unless it speaks of being
        cut off.
    step_free
        Whether they cannot use steps.
    joined
        Whether somebody who uses steps and narrow ways gets from there to a shelter.

    Examples
    --------
    >>> why_left("no way to any shelter", step_free=True, joined=True)
    'no step-free way'
    >>> why_left("no way to any shelter", step_free=True, joined=False)
    'cut off'
    """
    if reason not in _WHY:
        return CUT_OFF if "cut off" in reason else reason
    short = _WHY[reason]
    if short == CUT_OFF and joined:
        return NO_STEP_FREE if step_free else TOO_NARROW
    return short


def who_is_left(plan: Plan) -> Left:
    """List who a plan leaves: persons where there are any, else groups by reason."""
    roster, scenario = plan.roster, plan.scenario
    groups, classes, network = scenario.groups, scenario.group_classes, scenario.network
    reasons = np.array(REASONS, dtype=object)
    if roster is None:
        moves = plan.movements
        group = moves.left_group.astype(np.int64)
        persons, reason = moves.left_size.astype(np.int64), reasons[moves.left_reason]
        person_id = household_id = np.full(len(group), "", dtype=object)
        row = None
    else:
        row = np.flatnonzero(roster.movement < 0)
        group = roster.group[row].astype(np.int64)
        persons = np.ones(len(row), dtype=np.int64)
        reason = np.append(reasons, "")[np.minimum(roster.reason[row], len(REASONS))]
        person_id, household_id = roster.person_id[row], roster.household_id[row]
    known = group >= 0
    node = np.where(known, groups.node[group], -1).astype(np.int64)
    class_ = np.where(known, groups.class_[group], -1).astype(np.int64)
    lon = np.where(known, network.lon[node], np.nan)
    lat = np.where(known, network.lat[node], np.nan)
    ready = np.where(known, groups.ready_time[group], 0.0)
    step_free = np.where(known, classes.step_free[class_], False)
    slow = np.where(known, classes.speed_flat[class_] < SLOW, False)
    # Where only classes are known, one tells of wheelchairs by its name or not at all.
    chair = np.array(["wheelchair" in str(name) for name in classes.class_id], dtype=bool)[class_]
    people = scenario.people
    if roster is not None and row is not None and isinstance(people, People):
        # Each person's own figures: a household's class is that of its slowest member.
        lon, lat = np.where(known, lon, people.lon[row]), np.where(known, lat, people.lat[row])
        ready = np.where(known, ready, people.ready_time[row])
        step_free = (people.speed_up[row] == 0) | (people.speed_down[row] == 0)
        slow = people.speed_flat[row] < SLOW
        chair = np.array([str(w).startswith("wheelchair") for w in people.mobility[row]], bool)
    need = np.select([step_free & chair, step_free, slow], [0, 1, 2], default=3)
    streets = street_graph(network, crew_metres(network))
    joined = np.isfinite(nearest_of(streets, scenario.shelters.node.astype(np.int64))[0])[node]
    told = [
        why_left(str(text), step_free=bool(bound), joined=bool(way))
        for text, bound, way in zip(reason, step_free, joined, strict=True)
    ]
    return Left(
        person_id=person_id, household_id=household_id,
        group_id=np.append(groups.group_id, "")[group],
        unit=np.where(known & groups.together[group], group, -1).astype(np.int64),
        node=node, lon=lon, lat=lat, class_=class_, persons=persons, ready=ready,
        need=need.astype(np.int64), reason=reason, why=np.array(told, dtype=object),
        stays=known & np.append(scenario.cut_off, False)[group],
    )  # fmt: skip
