"""From a plan, or a scenario without one, to the parties that the simulator moves."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evacroute._kernels.crowd import CROWD, HOME, LOST, NEAREST, NOWHERE, PARTY, PLAN, Ways
from evacroute.people import People as Persons
from evacroute.plan import Plan
from evacroute.scenario import Scenario
from evacroute.simulation.behaviour import Behaviour

LED_BY = ("plan", "nearest", "crowd", "lost", "informed")
"""Words for what leads a party, in the kernels' numbers."""

UNKNOWN_SPREAD = 0.13
"""Spread of speeds where only those of classes are known."""

MOST_SPREAD = 2.5
"""Own speeds lie within so many sigma of their class's."""


@dataclass(frozen=True, slots=True, eq=False)
class Parties:
    """Who takes part; arrays have shape (n_parties,).

    A party is a person, or a household that moves as one.

    Parameters
    ----------
    group
        Positions in the scenario's groups.
    movement
        Positions in the plan's movements, -1 without a plan.
    size
        Persons.
    pace
        Own speed over the class's, on the flat and on steps, shape (n_parties, 2).
    led_by
        What leads it at first, positions in `LED_BY`.
    ready, depart
        When its group is ready and when it sets out [s after the alarm].
    """

    group: NDArray[np.int32]
    movement: NDArray[np.int32]
    size: NDArray[np.int32]
    pace: NDArray[np.float64]
    led_by: NDArray[np.uint8]
    ready: NDArray[np.float64]
    depart: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.group)


def gather(
    scenario: Scenario, plan: Plan | None, behaviour: Behaviour, rng: np.random.Generator
) -> Parties:
    """Make the parties: persons with a place in the plan, or all who can set out without one."""
    groups = scenario.groups
    if plan is None:
        row = np.flatnonzero(~scenario.cut_off)
        group = row.astype(np.int32)
        size, depart = groups.size[row], groups.ready_time[row]
    else:
        moves = plan.movements
        row = np.arange(len(moves))
        group, size, depart = moves.group, moves.size, moves.depart
    times = np.where(groups.together[group], 1, size)
    of = np.repeat(np.arange(len(row)), times)
    n = len(of)
    persons = groups.as_one(group, size)[of]
    pace = _paces(scenario, plan, row, times, group[of], behaviour, rng)
    # Without a plan there is nobody to comply.
    acts = behaviour if plan is not None else replace(behaviour, compliance=0.0)
    shares = np.cumsum(acts.shares())
    led_by = np.minimum(np.searchsorted(shares, rng.random(n), side="right"), LOST)
    ready = groups.ready_time[group[of]]
    out = ready.copy()
    if behaviour.delay_s > 0:
        mean = np.log(behaviour.delay_s) - behaviour.delay_sigma**2 / 2
        out += rng.lognormal(mean, behaviour.delay_sigma, n)
    follows = led_by == PLAN
    out[follows] = np.maximum(out[follows], depart[of][follows])
    return Parties(
        group=group[of].astype(np.int32),
        movement=(row[of] if plan is not None else np.full(n, -1)).astype(np.int32),
        size=persons,
        pace=pace,
        led_by=led_by.astype(np.uint8),
        ready=ready,
        depart=out,
    )


def _paces(
    scenario: Scenario,
    plan: Plan | None,
    row: NDArray[np.int64],
    times: NDArray[np.int64],
    group: NDArray[np.int32],
    behaviour: Behaviour,
    rng: np.random.Generator,
) -> NDArray[np.float64]:
    """Own speeds over the class's: those of the persons where they are known, else drawn."""
    own = _own_paces(scenario, plan, row, times, group)
    if own is None:
        own = np.ones((len(group), 2))
        spread = UNKNOWN_SPREAD if behaviour.speed_spread is None else behaviour.speed_spread
    else:
        spread = behaviour.speed_spread or 0.0
    drawn = np.clip(rng.standard_normal(len(group)), -MOST_SPREAD, MOST_SPREAD)
    return np.asarray(own * np.maximum(1 + spread * drawn, 0.2)[:, None])


def _own_paces(
    scenario: Scenario,
    plan: Plan | None,
    row: NDArray[np.int64],
    times: NDArray[np.int64],
    group: NDArray[np.int32],
) -> NDArray[np.float64] | None:
    """Speeds of the persons in each movement, in the roster's order; None where not known."""
    bins = scenario.bins
    if bins is None or not isinstance(scenario.people, Persons):
        return None
    of_person = scenario.group_of_person
    if plan is not None:
        of_person = None if plan.roster is None else plan.roster.movement
    if of_person is None or len(of_person) != len(bins.party_of_person):
        return None
    place = np.full(int(max(row.max(initial=-1), of_person.max(initial=-1))) + 1, -1)
    place[row] = np.arange(len(row))
    person = np.flatnonzero(of_person >= 0)
    person = person[np.argsort(of_person[person], kind="stable")]
    at = place[of_person[person]]
    person, at = person[at >= 0], at[at >= 0]
    count = np.bincount(at, minlength=len(row))
    if (count < times).any():
        return None
    first = np.cumsum(count) - count
    rank = np.arange(len(group)) - np.repeat(np.cumsum(times) - times, times)
    who = person[np.repeat(first, times) + rank]
    class_ = scenario.groups.class_[group]
    return bins.paces(bins.party_of_person[who], scenario.group_classes, class_)


def own_paces(scenario: Scenario) -> NDArray[np.float64]:
    """Speed of one person of each group over its class's, flat and steps, shape (n_groups, 2).

    1 where persons are not known.
    """
    bins, of_person, n = scenario.bins, scenario.group_of_person, len(scenario.groups)
    if bins is None or of_person is None or not isinstance(scenario.people, Persons):
        return np.ones((n, 2))
    party = np.zeros(n, np.int64)
    party[of_person[::-1]] = bins.party_of_person[::-1]
    return bins.paces(party, scenario.group_classes, scenario.groups.class_)


def to_kernel(
    parties: Parties,
    scenario: Scenario,
    plan: Plan | None,
    behaviour: Behaviour,
    rng: np.random.Generator,
    *,
    keep_times: bool,
) -> tuple[NDArray[Any], Ways]:
    """Lay the parties and their ways out for the kernels."""
    groups, classes = scenario.groups, scenario.group_classes
    n, class_ = len(parties), groups.class_[parties.group]
    leg, last = np.zeros(n, np.int64), np.zeros(n, np.int64)
    shelter = np.full(n, -1, np.int32)
    # As read-only as a plan's: else the kernels would be compiled twice.
    none, never = np.zeros(0, np.int32), np.zeros(0)
    none.flags.writeable = never.flags.writeable = False
    ways = Ways(none, never, False)
    if plan is not None:
        moves = plan.movements
        leg, last = (moves.leg_ptr[parties.movement + end].copy() for end in (0, 1))
        shelter = moves.shelter[parties.movement].copy()
        ways = Ways(moves.leg_link, moves.leg_enter, keep_times)
    people = np.zeros(n, PARTY).view(np.recarray)
    for name, value in (
        ("clock", parties.depart),
        ("asked", parties.depart),
        ("space", parties.size * classes.space[class_]),
        ("pace", parties.pace[:, 0]),
        ("pace_steps", parties.pace[:, 1]),
        ("lost_until", parties.depart + rng.exponential(max(behaviour.lost_time_s, 1e-9), n)),
        ("persons", parties.size),
        ("link", -1),
        ("node", groups.node[parties.group]),
        ("next_link", NOWHERE),
        ("following", -1),
        ("shelter", shelter),
        ("leg", leg),
        ("last_leg", last),
        ("class_", class_),
        ("state", HOME),
        ("lead", parties.led_by),
    ):
        people[name] = value
    return people, ways


assert (PLAN, NEAREST, CROWD, LOST) == (0, 1, 2, 3)  # the order of `Behaviour.shares`
