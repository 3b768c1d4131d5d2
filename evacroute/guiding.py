"""Turn-by-turn directions for the people of a plan."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache

import numpy as np

from evacroute._changes import modelled_share
from evacroute._water import has_water, is_waded, tide_made_for
from evacroute.assignment.movements import REASONS
from evacroute.errors import InputError
from evacroute.people import People
from evacroute.plan import Plan
from evacroute.route_directions import (
    Directions,
    Wading,
    route_directions,
    sooner_at_stop,
    stay_directions,
)
from evacroute.route_steps import Trips
from evacroute.route_words import words_of
from evacroute.scenario import Scenario
from evacroute.signs import signs_of

__all__ = ["Directions", "directions", "movement_directions", "route_directions"]


def directions(
    plan: Plan,
    *,
    movement: int | None = None,
    person: str | None = None,
    language: str = "en",
    alarm: str | None = None,
) -> Directions:
    """Tell the way of a movement or a person: streets, bridges and squares, distance and time.

    Give one of ``movement`` and ``person``. A movement is told from the node of its group. A person
    is told from the very point where they stand, where the plan's scenario has its persons (not in
    a plan read from a folder). People who are left are told why, and what to do. Who wades through
    the water of a flood is told so, and how far. Where its heights are modelled a note says so. Who
    takes a boat is told to leave somewhat before the plan has them leave, where they are ready, so
    as to be at its stop before it casts off.

    Parameters
    ----------
    plan
        The plan.
    movement
        Position of a movement, as ``movement_id`` in `Plan.movements_frame`.
    person
        Id of a person, of plans of persons.
    language
        ``en``, ``it``, ``fr``, ``de``, ``es`` or ``zh``, or a tag that begins so (``de-AT``). Names
        of streets stay as they are.
    alarm
        Clock time of the alarm, as ``"10:30"``: when to leave and when boats cast off is then told
        by the clock too.

    Returns
    -------
    Directions
        Prints as numbered lines.

    Raises
    ------
    InputError
        If not one of ``movement`` and ``person`` is given, or it is not in the plan, the language
        is unknown or the alarm no time of day.

    Examples
    --------
    >>> import evacroute as er
    >>> plan = er.assign(er.lagoon(people=300))
    >>> told = er.directions(plan, movement=0, language="it")
    >>> told.text[-1].startswith("Sei ")
    True
    """
    if (movement is None) == (person is None):
        raise InputError("give either movement= or person=, and not both")
    if person is not None:
        return _noted(plan, _of_person(plan, str(person), language, alarm))
    assert movement is not None  # for the type checker
    n = len(plan.movements)
    whole = isinstance(movement, int | np.integer) and not isinstance(movement, bool)
    if not whole or not 0 <= movement < n:
        raise InputError(f"movement is {movement!r}, expected a whole number from 0 to {n - 1}")
    return _noted(plan, movement_directions(plan, int(movement), language, alarm))


def _noted(plan: Plan, told: Directions) -> Directions:
    """Add that heights are modelled, where they are."""
    if not modelled_share(plan.scenario):
        return told
    return replace(told, note=words_of(told.language).modelled())


def movement_directions(
    plan: Plan,
    movement: int,
    language: str,
    alarm: str | None = None,
    *,
    depart: float | None = None,
    start: tuple[int, float] | None = None,
    at_once: bool = False,
) -> Directions:
    """Tell the way of a movement that is known to exist; `depart` and `start` as for a route.

    `at_once` says that `depart` is when they must leave, neither sooner nor later.
    """
    moves, shelters = plan.movements, plan.scenario.shelters
    shelter = moves.shelter[movement]
    name = words_of(language).shelter(shelters.name[shelter], shelters.shelter_id[shelter])
    links, enter, leave, trips = _legs(plan, movement)
    wet = has_water(plan.scenario)
    return route_directions(
        plan.scenario.network,
        links,
        enter,
        leave,
        shelter=name,
        language=language,
        alarm=alarm,
        depart=float(moves.depart[movement]) if depart is None else depart,
        arrive=float(moves.arrive[movement]),
        start=start,
        trips=trips,
        sooner=0.0 if at_once else _could_leave_sooner(plan, movement, links, start),
        wading=_wading(plan, movement) if wet else None,
        tide=tide_made_for(plan.scenario) if wet else None,
    )


def leaves_sooner(plan: Plan, movement: int) -> float:
    """By how much a movement is told to leave before its time, to be early at its boat [s]."""
    links, enter, leave, trips = _legs(plan, movement)
    sooner = _could_leave_sooner(plan, movement, links, None)
    return sooner_at_stop(signs_of(plan.scenario.network), links, enter, leave, trips, sooner)[1]


def _legs(plan: Plan, movement: int) -> tuple[list[int], list[float], list[float], Trips]:
    """Links of a movement, when it enters and leaves each [s], and the trips it may ride with."""
    moves, step = plan.movements, plan.step_s
    legs = slice(int(moves.leg_ptr[movement]), int(moves.leg_ptr[movement + 1]))
    links, enter, leave = (
        column[legs].tolist() for column in (moves.leg_link, moves.leg_enter, moves.leg_leave)
    )
    on = _trips_at(plan.scenario, step)
    trips = [
        on.get((link, round(begin / step), round(end / step)), ())
        for link, begin, end in zip(links, enter, leave, strict=True)
    ]
    return links, enter, leave, trips


def _wading(plan: Plan, movement: int) -> Wading:
    """Tell where people of a movement's class wade."""
    groups = plan.scenario.groups
    class_ = int(groups.class_[plan.movements.group[movement]])

    def wading(links: Sequence[int], enter: Sequence[float]) -> list[bool]:
        link, time = np.array(links, np.int32), np.array(enter, np.float64)
        wet = is_waded(plan.scenario, link, np.full(len(link), class_, np.int32), time)
        return [bool(one) for one in wet]

    return wading


def _could_leave_sooner(
    plan: Plan, movement: int, links: list[int], start: tuple[int, float] | None
) -> float:
    """By how much people could leave before their time [s]: 0 where a hazard changes their way."""
    scenario, moves = plan.scenario, plan.movements
    own = [] if start is None else [start[0], signs_of(scenario.network).reverse[start[0]]]
    if not _changing(scenario).isdisjoint([*own, *links]):
        return 0.0
    ready = scenario.groups.ready_time[moves.group[movement]]
    return max(0.0, float(moves.depart[movement] - ready))


@lru_cache(maxsize=2)
def _changing(scenario: Scenario) -> frozenset[int]:
    """Links that hazards slow or close at some time; of the last two scenarios remembered."""
    return frozenset(np.unique(scenario.link_times.link).tolist())


@lru_cache(maxsize=2)
def _trips_at(scenario: Scenario, step: float) -> dict[tuple[int, int, int], set[str]]:
    """Trips whose rides are a link from one slot to another; of the last two plans remembered."""
    boats, made = scenario.boats, scenario.made
    found: dict[tuple[int, int, int], set[str]] = {}
    if boats is None or made is None:
        return found
    aboard, ashore = boats.slots(step)
    keys = zip(boats.link.tolist(), aboard.tolist(), ashore.tolist(), strict=True)
    for key, trip, runs in zip(keys, boats.trip_id.tolist(), made.tolist(), strict=True):
        if runs:
            found.setdefault(key, set()).add(trip)
    return found


def _of_person(plan: Plan, person: str, language: str, alarm: str | None) -> Directions:
    roster = plan.roster
    if roster is None or not len(roster):
        raise InputError("the plan is one of groups, without persons: give movement=")
    found = np.flatnonzero(roster.person_id == person)
    if not len(found):
        raise InputError(f"person {person!r} is not in the plan")
    p = int(found[0])
    movement = int(roster.movement[p])
    if movement < 0:
        return stay_directions(REASONS[roster.reason[p]], language)
    people = plan.scenario.people
    if not isinstance(people, People):
        return movement_directions(plan, movement, language, alarm)
    # Where they stand and how long they walk from there to the node of their group. After a
    # re-planning they may have gone on from there.
    row = np.flatnonzero(people.person_id == person)
    node = plan.scenario.groups.node[plan.movements.group[movement]]
    if not len(row) or people.link[row[0]] < 0:
        return movement_directions(plan, movement, language, alarm)
    i = int(row[0])
    link, along = int(people.link[i]), float(people.along[i])
    offset, first_walk = float(people.offset[i]), _first_walk(plan, movement, link)
    if people.node[i] != node:
        # A hazard may have turned them to the other end of their street.
        if first_walk is None:
            return movement_directions(plan, movement, language, alarm)
        offset = float(plan.scenario.network.length[link]) - offset
    walk = offset / float(people.speed_flat[i])
    depart = float(plan.movements.depart[movement])
    if first_walk is not None and _must_go_at_once(plan, first_walk, depart - walk, depart):
        # Whoever waited at the door would find the street closed.
        leave = float(plan.scenario.setting.leave[first_walk])
        return movement_directions(
            plan, movement, language, alarm, depart=leave, start=(link, along), at_once=True
        )
    legs = plan.movements.leg_ptr[movement : movement + 2]
    first = int(plan.movements.leg_link[legs[0]]) if legs[0] < legs[1] else -1
    back = first >= 0 and first in (link, signs_of(plan.scenario.network).reverse[link])
    # Who would walk to the corner only to come back waits at the door until the others pass.
    depart = depart + walk if back else max(float(people.ready_time[i]), depart - walk)
    return movement_directions(plan, movement, language, alarm, depart=depart, start=(link, along))


def _first_walk(plan: Plan, movement: int, link: int) -> int | None:
    """Find the walk of a movement's group along a link, either way; None = there is none."""
    walks, reverse = plan.scenario.groups.walks, signs_of(plan.scenario.network).reverse[link]
    mine = (walks.group == plan.movements.group[movement]) & np.isin(walks.link, (link, reverse))
    return int(np.argmax(mine)) if mine.any() else None


def _must_go_at_once(plan: Plan, walk: int, begin: float, end: float) -> bool:
    """Whether their link is closed or slower from `begin` to `end` [s], or was so before."""
    scenario = plan.scenario
    walks, setting = scenario.groups.walks, scenario.setting
    if not (scenario.link_times.link == walks.link[walk]).any():
        return False
    alone = walks.metres[walk] / walks.speed[walk]
    if setting.arrive[walk] - walks.ready[walk] > alone + 1e-6:
        return True
    profile = scenario.link_times.profile(len(scenario.group_classes), scenario.deadline_s)
    one = slice(walk, walk + 1)
    class_ = scenario.groups.class_[walks.group[one]]
    times = np.array([begin]), np.array([end])
    shut = profile.closed(walks.link[one], class_, *times)
    slower = profile.when(walks.link[one], class_, times[0]) < 1
    return bool(shut[0] or slower[0])
