"""Rules about room: streets and doors over every window of time, shelters, the deadline."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from evacroute.verification.check import SECOND, Check, judge
from evacroute.verification.evidence import Evidence, Legs, who
from evacroute.verification.windows import Excess, window_excess

PERSON = 1e-5
"""Fewer persons than this over a limit are a rounding error."""


def streets(e: Evidence, legs: Legs) -> Check:
    """Check: no link is entered by more than its capacity lets in, each by the space they take."""
    i = e.instance
    space = e.size[legs.movement] * i.space[legs.class_]
    excess = window_excess(e.link, e.enter, space, i.capacity, e.step)
    return _windows(
        "street capacity",
        "over every window: persons' space that enters a link <= capacity x (window + step)",
        excess,
        lambda place: f"link {i.link_id[place]} of {i.capacity[place]:g} person/s",
    )


def intake(e: Evidence) -> Check:
    """Check: no shelter admits more than its intake."""
    i = e.instance
    excess = window_excess(e.shelter, e.arrive, e.size, i.intake, e.step)
    return _windows(
        "intake",
        "over every window: persons a shelter admits <= intake x (window + step)",
        excess,
        lambda place: f"shelter {i.shelter_id[place]} of {i.intake[place]:g} person/s",
    )


def _windows(name: str, rule: str, excess: Excess, tell: Callable[[int], str]) -> Check:
    def whole(k: int) -> str:
        begin, end, persons = excess.begin[k], excess.end[k], excess.persons[k]
        return f"{tell(excess.place[k])}: {persons:g} persons from {begin:g} to {end:g} s"

    return judge(name, rule, excess.excess, whole, unit="persons over", slack=PERSON)


def rooms(e: Evidence) -> Iterator[Check]:
    """Check: no shelter takes more than it has room for."""
    i = e.instance
    n = len(i.shelter_id)
    step_free = i.speed_steps[i.group_class[e.group]] == 0
    for name, rule, room, persons in (
        ("shelter room", "no shelter takes more than its capacity", i.room, e.size),
        (
            "step-free room",
            "no shelter takes more parties without steps than it has step-free places",
            i.step_free_room,
            e.size * step_free,
        ),
    ):
        filled = np.bincount(e.shelter, weights=persons, minlength=n)
        pairs = zip(i.shelter_id, filled, room, strict=True)
        texts = [f"shelter {shelter}: {f:g} persons, room for {r:g}" for shelter, f, r in pairs]
        yield judge(name, rule, filled - room, texts.__getitem__, unit="persons over")


def deadline(e: Evidence) -> Check:
    """Check: everyone with a place is in time."""
    late = e.arrive - e.deadline
    return judge(
        "deadline",
        f"everyone with a place arrives by the deadline of {e.deadline:g} s",
        late,
        lambda k: f"{who(e, k)} arrives {late[k]:g} s late",
        unit="s late",
        slack=SECOND,
    )
