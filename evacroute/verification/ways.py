"""Rules about ways: without gaps, allowed, in time order, at the walking speed."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from evacroute.verification.check import SECOND, Check, judge
from evacroute.verification.evidence import Evidence, Legs, link_name, who
from evacroute.verification.hazards import changing, for_a_time

TIME_SHARE, REST_SHARE = 0.01, 0.02
"""How far the walking time of a class may be from length / speed; and in a plan made anew, where
times stay as they were fitted to all, and who is still on the way walks longer than most; and where
streets change over time, as times are fitted before it is known when they will be walked."""

MANY_LINKS = 500
"""Links that a class must use for `TIME_SHARE` to hold; with fewer, rounding does not average out
and each leg may be one step off."""


def connected(e: Evidence, legs: Legs) -> Check:
    """Check: ways have no gaps."""
    i = e.instance
    origin = i.group_node[e.group]
    here = np.empty(len(e.link), dtype=np.int64)
    here[1:] = i.link_to[e.link[:-1]]
    here[legs.first] = origin[legs.movement[legs.first]]
    broken = i.link_from[e.link] != here
    gaps = np.bincount(legs.movement[broken], minlength=len(e.group))
    end = origin.copy()
    end[legs.walks] = i.link_to[e.link[legs.last]]
    gaps = gaps + (end != i.shelter_node[e.shelter])
    return judge(
        "ways connected",
        "legs lead without a gap from the group's node to the shelter's",
        gaps,
        lambda k: f"{who(e, k)} to {i.shelter_id[e.shelter[k]]}: {gaps[k]} gaps",
        unit="gaps",
    )


def allowed(e: Evidence, legs: Legs, can: NDArray[np.bool_]) -> Check:
    """Check: ways are such as the class, which has a speed on those that it `can`, may walk."""
    i, link, class_ = e.instance, e.link, legs.class_
    ferry = i.ferry[link]
    barred = {
        "has steps": ~can & ~ferry,
        "is too narrow": (i.width[link] < i.min_width[class_]) & ~ferry,
        "is not passable by wheelchair": (i.speed_steps[class_] == 0)
        & (i.wheelchair[link] == -1)
        & ~ferry,
        # With boats, what a ride is has a rule of its own.
        "is a ferry": ferry & (len(i.rides.link) == 0),
    }
    wrong = np.logical_or.reduce(list(barred.values()))

    def tell(leg: int) -> str:
        why = next(text for text, mask in barred.items() if mask[leg])
        name = i.class_id[class_[leg]]
        return f"{who(e, legs.movement[leg])} ({name}): link {i.link_id[link[leg]]} {why}"

    return judge(
        "ways allowed",
        "the class may walk each link: steps, width, wheelchair, no ferry",
        wrong,
        tell,
        unit="legs",
    )


def ready(e: Evidence, legs: Legs) -> Check:
    """Check: nobody leaves before they are ready."""
    start = e.depart.copy()
    start[legs.walks] = np.minimum(start[legs.walks], e.enter[legs.first])
    early = e.instance.group_ready[e.group] - start
    return judge(
        "not before ready",
        "nobody leaves before their group is ready",
        early,
        lambda k: f"{who(e, k)} leaves {early[k]:g} s too early",
        unit="s early",
        slack=SECOND,
    )


def order(e: Evidence, legs: Legs) -> Check:
    """Check: time goes forward along a way."""
    before = np.empty(len(e.enter))
    before[1:] = e.leave[:-1]
    before[legs.first] = e.depart[legs.movement[legs.first]]
    back = np.maximum(before - e.enter, e.enter - e.leave)
    return judge(
        "time order",
        "each link is entered after the last one is left, and left after it is entered",
        back,
        lambda k: f"{who(e, legs.movement[k])}: {back[k]:g} s back on {link_name(e, k)}",
        unit="s back",
        slack=SECOND,
    )


def arrival(e: Evidence, legs: Legs) -> Check:
    """Check: nobody is admitted before they are there."""
    there = e.depart.copy()
    there[legs.walks] = e.leave[legs.last]
    early = there - e.arrive
    return judge(
        "arrival",
        "nobody is admitted before their way is walked",
        early,
        lambda k: f"{who(e, k)} is admitted {early[k]:g} s before getting there",
        unit="s early",
        slack=SECOND,
    )


def whole_steps(e: Evidence) -> Check:
    """Check: times are whole steps."""
    n = len(e.depart)
    times = np.concatenate([e.depart, e.arrive, e.enter, e.leave])
    off = np.abs(times - np.rint(times / e.step) * e.step)

    def tell(k: int) -> str:
        what = f"movement {k % n}" if k < 2 * n else f"leg {(k - 2 * n) % len(e.link)}"
        return f"{what}: {times[k]:g} s"

    return judge(
        "whole steps",
        f"every time is a multiple of the step of {e.step:g} s",
        off,
        tell,
        unit="s off",
        slack=SECOND,
    )


def class_time(e: Evidence, legs: Legs) -> Check:
    """Compare walking time (leave - enter, so no waiting) with length / speed, class by class."""
    i = e.instance
    n = len(i.class_id)
    usable = legs.can
    class_, persons = legs.class_[usable], e.size[legs.movement[usable]]
    walked = np.bincount(class_, weights=(e.leave - e.enter)[usable] * persons, minlength=n)
    true = np.bincount(class_, weights=legs.time[usable] * persons, minlength=n)
    used = np.unique(class_ * np.int64(len(i.link_id)) + e.link[usable]) // len(i.link_id)
    many = np.bincount(used, minlength=n) >= MANY_LINKS
    off = np.divide(np.abs(walked - true), true, out=np.zeros(n), where=true > 0)
    steps = np.bincount(class_, weights=persons, minlength=n) * e.step
    loose = np.divide(steps, true, out=np.zeros(n), where=true > 0)
    share = REST_SHARE if e.made_anew or for_a_time(e).any() else TIME_SHARE
    allowed = np.where(many, share, np.maximum(share, loose))
    # As shares of what is allowed, so that one number tells of all classes.
    judged = judge(
        "walking time by class",
        "walking takes length / speed, summed over the class's persons: within "
        f"{100 * share:g} %, or one step a leg where fewer than {MANY_LINKS} links are used",
        off / np.maximum(allowed, 1e-300),
        lambda k: f"class {i.class_id[k]}: {off[k]:.2%} off, allowed {allowed[k]:.2%}",
        allowed=1.0,
        unit="",
        slack=1e-9,
    )
    k = int(np.argmax(off / allowed)) if n else 0
    return Check(
        judged.name,
        judged.rule,
        judged.ok,
        judged.broken,
        round(float(off[k]) * 100, 6) if n else 0.0,
        round(float(allowed[k]) * 100, 6) if n else 100 * share,
        "%",
        judged.examples,
    )


def movement_time(e: Evidence, legs: Legs) -> Check:
    """Check: no movement walks much faster or slower than its class."""
    n = len(e.group)
    usable = legs.can
    off = np.bincount(
        legs.movement[usable],
        weights=(e.leave - e.enter - np.where(usable, legs.time, 0.0))[usable],
        minlength=n,
    )
    # A stretch without a crossing is walked as one and rounded once.
    crossed = crossings(e)[e.instance.link_from[e.link]]
    starts = np.zeros(len(e.link), bool)
    starts[np.flatnonzero(np.diff(legs.movement, prepend=-1))] = True
    stretches = 1 + np.bincount(legs.movement[crossed & ~starts], minlength=n)
    true = np.bincount(
        legs.movement[usable], weights=np.where(usable, legs.time, 0.0)[usable], minlength=n
    )
    each = np.where(np.abs(off) > TIME_SHARE * true * (1 + 1e-9), np.abs(off) / stretches, 0.0)
    return judge(
        "walking time by movement",
        "each movement walks length / speed but for rounding: at most one step a stretch between "
        "crossings, or 1 %",
        each,
        lambda k: f"{who(e, k)}: {off[k]:+.1f} s over {stretches[k]} stretches",
        allowed=e.step,
        unit="s a stretch",
        slack=SECOND,
    )


def crossings(e: Evidence) -> NDArray[np.bool_]:
    """Find the nodes where a way can turn off: all but those with two neighbours and no shelter.

    A street that has been closed, of capacity 0, still ends a stretch where it meets one. So does
    one whose walk changes over time at either end, and a stop of boats.
    """
    i = e.instance
    walked = ~i.ferry
    found = _joints(e, walked & (i.capacity > 0)) | _joints(e, walked)
    # Nor does the grid let anyone into a street that takes less than half a person a step.
    found |= _joints(e, walked & (2 * i.capacity * e.step >= i.space.min(initial=1.0)))
    link = np.append(changing(e), i.rides.link)
    found[i.link_from[link]] = found[i.link_to[link]] = True
    return found


def _joints(e: Evidence, counted: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Find the nodes that are no plain points of a street, the counted links alone looked at."""
    i = e.instance
    n = int(max(i.link_from.max(initial=-1), i.link_to.max(initial=-1), i.shelter_node.max())) + 1
    pairs = np.unique(np.stack([i.link_from[counted], i.link_to[counted]]), axis=1)
    out = np.bincount(i.link_from[counted], minlength=n)
    back = np.bincount(i.link_to[counted], minlength=n)
    neighbours = np.bincount(pairs[0], minlength=n)
    plain = (neighbours == 2) & (out == 2) & (back == 2)
    plain[i.shelter_node] = False
    return np.asarray(~plain)
