"""Rules about room: streets and doors over every window of time, shelters, the deadline."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from evacroute.verification.check import SECOND, Check, judge
from evacroute.verification.evidence import Evidence, Legs, who
from evacroute.verification.hazards import least_factor
from evacroute.verification.windows import Excess, window_excess

PERSON = 1e-5
"""Fewer persons than this over a limit are a rounding error."""


def streets(e: Evidence, legs: Legs) -> Check:
    """Check: no link is entered by more than its capacity lets in, each by the space they take."""
    i = e.instance
    space = e.size[legs.movement] * i.space[legs.class_]
    capacity = np.where(i.ferry, np.inf, i.capacity)
    excess = window_excess(e.link, e.enter, space, capacity, e.step)
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


def density(e: Evidence, legs: Legs, ceiling: float) -> Check:
    """Check: no link ever holds more than the plan's ceiling of density.

    Entries and exits are whole steps, so whoever is inside entered at one of m slots, with
    m < length / (speed x step) + 2. A link under the ceiling lets in at most density x width x
    speed x step a slot, at the pace of its slowest class; over m slots that is density x length x
    width and two slots' entries more, which are allowed.
    """
    i = e.instance
    slowest = np.full(len(i.length), np.inf)
    for k in np.unique(i.group_class):
        speed = np.where(i.steps > 0, i.speed_steps[k], i.speed_flat[k])
        if len(i.link_times.link):
            speed = speed * least_factor(e, int(k))
        may = (speed > 0) & (i.width >= i.min_width[k]) & ~i.ferry
        may &= (i.speed_steps[k] > 0) | (i.wheelchair != -1)
        slowest = np.where(may, np.minimum(slowest, speed), slowest)
    rate = np.minimum(i.capacity, ceiling * i.width * slowest)
    space = e.size[legs.movement] * i.space[legs.class_]
    link = np.concatenate([e.link, e.link])
    time = np.concatenate([e.leave, e.enter])
    change = np.concatenate([-space, space])
    # Of changes at the same time those who leave come first: `lexsort` is stable.
    order = np.lexsort((np.round(time / SECOND), link))
    link, inside = link[order], np.cumsum(change[order])
    used, first = np.unique(link, return_index=True)
    most = np.maximum.reduceat(inside, first) if len(first) else np.zeros(0)
    area = i.length[used] * i.width[used]
    over = most - ceiling * area - 2 * e.step * rate[used]
    return judge(
        "density",
        f"persons' space inside a link <= {ceiling:g} x length x width, and two steps' entries",
        over,
        lambda k: (
            f"link {i.link_id[used[k]]}: {most[k]:g} persons' space on {area[k]:.3g} m2 at once"
        ),
        unit="persons over",
        slack=PERSON,
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
