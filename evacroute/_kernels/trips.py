"""Trips along given ways: what a scorer asks of them, how long they took in a played-out city."""

from __future__ import annotations

from typing import Any, NamedTuple

import numba as nb
import numpy as np

from evacroute._kernels.borrow import borrowed
from evacroute._kernels.crowd import Streets
from evacroute._kernels.crowd_fields import factor_now, shut_after

FAR_OFF = 7200.0
"""A closure later than this after one has passed is as good as none [s]."""


EXPECTED = np.dtype(
    [
        (name, "f4")
        for name in ("use", "opposed", "queue", "stress", "strain", "stray", "mixed", "slow")
    ]
)
"""What is expected on a link in a bin of time, side by side as all of it is asked for together.

use, opposed: persons' space that enters over what the capacity lets in, and that of the same street
the other way. queue, stress, strain: seconds to wait to enter, at the capacity, at 0.8 and at 0.6
of it. stray, mixed: seconds to wait if everybody went to the nearest shelter, and if a quarter did,
at 0.8 of the capacity. slow: seconds added to a second of walking by the density expected."""


class Outlook(NamedTuple):
    """What is expected on the streets.

    Attributes
    ----------
    bin_s
        Length of a bin [s].
    street
        Records of `EXPECTED`, by link and bin.
    door
        Persons who come over what the intake lets in, by shelter and bin.
    fill, claimed
        Share of its room that is taken in the end, by the plan, and if a quarter went to the
        nearest; by whether a step-free place is asked for (0, 1) and shelter.
    spare
        Places left in the end if a quarter went to the nearest, as `claimed`.
    taken
        As `claimed`, up to each bin, by whether a step-free place is asked for, shelter and bin.
    """

    bin_s: float
    street: Any
    door: Any
    fill: Any
    claimed: Any
    spare: Any
    taken: Any


class Trips(NamedTuple):
    """Trips, one a row.

    Attributes
    ----------
    ptr, link
        Links of each, in walking order; `ptr` has one entry more.
    class_, pace, pace_steps, size
        Class, own speed over its class's on the flat and on steps, persons who go as one.
    depart, deadline
        When it sets out, and by when it must be safe [s after the alarm].
    shelter
        Where it goes.
    wait
        What the plan has it wait on the way [s], NaN where there is no plan of it.
    """

    ptr: Any
    link: Any
    class_: Any
    pace: Any
    pace_steps: Any
    size: Any
    depart: Any
    deadline: Any
    shelter: Any
    wait: Any


AT_DOOR, CAUGHT = -1, -2
"""Where a ghost's walk ends, if at no closed link."""

(
    FREE, LENGTH, STEPS, WET, SLACK, SLACK_SHARE, NARROW, USE_MOST, USE_MEAN, QUEUE, STRESS, STRAY,
    SLOW, OPPOSED, CLOSING, DOOR, FILL, DEPART, MARGIN, STRESS_MARGIN, SIZE, STRAIN, MIXED, CLAIMED,
    TAKEN, WAIT, SPARE,
) = range(27)  # fmt: skip
"""Columns that `describe` fills."""


@nb.njit(cache=True, nogil=True)
def describe(streets: Streets, outlook: Outlook, trips: Trips, place: Any, out: Any) -> None:
    """Find what can be said beforehand of trips at free pace.

    Parameters
    ----------
    place
        Whether each asks for a step-free place (0, 1), shape (n_trips,).
    out
        Out: one row a trip, float32, shape (n_trips, at least 27).
    """
    streets, outlook, trips = borrowed(streets), borrowed(outlook), borrowed(trips)
    last_bin = outlook.street.shape[1] - 1
    for i in range(len(trips.class_)):
        k = trips.class_[i]
        time = trips.depart[i]
        free = length = steps = wet = use = queue = stress = strain = 0.0
        stray = mixed = slow = 0.0
        use_most = opposed = 0.0
        narrow, closing = 1e9, FAR_OFF
        for j in range(trips.ptr[i], trips.ptr[i + 1]):
            link = trips.link[j]
            b = min(int(time / outlook.bin_s), last_bin)
            own = trips.pace_steps[i] if streets.link[link].stepped else trips.pace[i]
            factor = factor_now(streets, k, link, time)
            dry = streets.walk[k, link] / own
            walk = dry / max(factor, 0.05)
            expected = outlook.street[link, b]
            queue += expected.queue
            stress += expected.stress
            strain += expected.strain
            stray += expected.stray
            mixed += expected.mixed
            slow += walk * expected.slow
            use += walk * expected.use
            use_most = max(use_most, expected.use)
            opposed = max(opposed, expected.opposed)
            narrow = min(narrow, 1.0 / streets.link[link].headway)
            length += streets.link[link].length
            if streets.link[link].stepped:
                steps += walk
            if factor < 1.0:
                wet += walk
            free += walk
            enter = time
            time += walk + expected.queue
            if streets.link[link].row >= 0:
                shut = shut_after(streets, k, link, enter) - time
                closing = min(closing, 0.0 if factor == 0.0 else shut)
        b = min(int(time / outlook.bin_s), last_bin)
        s, f = trips.shelter[i], place[i]
        slack = trips.deadline[i] - trips.depart[i] - free
        base = max(free, 30.0)
        row = out[i]
        row[FREE], row[LENGTH] = free, length
        row[STEPS], row[WET] = steps / base, wet / base
        row[SLACK], row[SLACK_SHARE] = slack, slack / base
        row[NARROW], row[USE_MOST], row[USE_MEAN] = min(narrow, 100.0), use_most, use / base
        row[QUEUE], row[STRESS], row[STRAY], row[SLOW] = queue, stress, stray, slow
        row[OPPOSED], row[CLOSING] = opposed, min(closing, FAR_OFF)
        row[DOOR], row[FILL] = outlook.door[s, b], outlook.fill[f, s]
        row[STRAIN], row[MIXED] = strain, mixed
        row[CLAIMED], row[TAKEN] = outlook.claimed[f, s], outlook.taken[f, s, b]
        row[WAIT], row[SPARE] = trips.wait[i], outlook.spare[f, s]
        row[DEPART], row[SIZE] = trips.depart[i], trips.size[i]
        row[MARGIN] = slack - queue - slow
        row[STRESS_MARGIN] = slack - stress - slow


@nb.njit(cache=True, nogil=True)
def probe(
    streets: Streets, pace: Any, wait: Any, door_wait: Any, bin_s: float, free_speed: float,
    trips: Trips, out: Any, stop: Any,
) -> None:  # fmt: skip
    """Walk ghosts, who take no room, through what held people up in a run.

    Parameters
    ----------
    pace, wait, door_wait
        As `Delays` has them.
    free_speed
        The law's: who walks slower is slowed only to the crowd's pace; 0 = by their share.
    out
        Out: when each is let in at the shelter, if there is room, or where it stops
        [s after the alarm], shape (n_trips,).
    stop
        Out: position in `trips.link` of the link that it finds closed, or `AT_DOOR`, or `CAUGHT` =
        a link closed while it was on it, shape (n_trips,).
    """
    streets, trips = borrowed(streets), borrowed(trips)
    pace, wait, door_wait = borrowed(pace), borrowed(wait), borrowed(door_wait)
    last_bin = pace.shape[1] - 1
    for i in range(len(trips.class_)):
        k = trips.class_[i]
        time = trips.depart[i]
        stop[i] = AT_DOOR
        for j in range(trips.ptr[i], trips.ptr[i + 1]):
            link = trips.link[j]
            held = wait[link, min(int(time / bin_s), last_bin)]
            if held > 0.0:
                time += held
            factor = factor_now(streets, k, link, time)
            shut = shut_after(streets, k, link, time)
            common = streets.walk[k, link]
            # People judge by the common pace whether they get through.
            if factor == 0.0 or not np.isfinite(common) or time + common / factor > shut:
                stop[i] = j
                break
            own = trips.pace_steps[i] if streets.link[link].stepped else trips.pace[i]
            walk = common / (factor * own)
            ease = max(1.0, free_speed * walk / streets.link[link].length)
            slowed = pace[link, min(int(time / bin_s), last_bin)]
            end = time + walk * max(1.0, slowed / ease)
            if end > shut:
                stop[i] = CAUGHT
                break
            time = end
        if stop[i] == AT_DOOR:
            held = door_wait[trips.shelter[i], min(int(time / bin_s), last_bin)]
            if held > 0.0:
                time += held
        out[i] = time


@nb.njit(cache=True, nogil=True)
def follow(streets: Streets, ahead: Any, node: Any, ptr: Any, link: Any) -> int:
    """Write the ways from nodes down a tree one after another; returns how many links there are.

    Parameters
    ----------
    ptr
        Out: where each way begins, shape (n_ways + 1,).
    link
        Out: the links; where they are more than fit, only the first are written.
    """
    n = 0
    for i in range(len(node)):
        ptr[i] = n
        v = node[i]
        while ahead[v] >= 0:
            if n < len(link):
                link[n] = ahead[v]
            n += 1
            v = streets.link[ahead[v]].to_node
    ptr[len(node)] = n
    return n
