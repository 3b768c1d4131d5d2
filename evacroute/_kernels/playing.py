"""Play movements through link times: who gets through, who stands before a closed link, when."""

from __future__ import annotations

from typing import Any

import numba as nb

SAFE, STUCK, LATE = 0, 1, 2


@nb.njit(cache=True, nogil=True)
def stretch_at(begin: Any, first: int, last: int, time: float) -> int:
    """Last of the stretches first..last-1 that has begun at a time; the first is never too late."""
    while last - first > 1:
        middle = (first + last) // 2
        if begin[middle] <= time:
            first = middle
        else:
            last = middle
    return first


@nb.njit(cache=True, nogil=True)
def factors_at(
    link: Any, class_: Any, time: Any, row: Any, ptr: Any, begin: Any, factor: Any, out: Any
) -> None:
    """Find the speed factor of each leg at a time; 1 where the link never changes.

    Parameters
    ----------
    link, class_, time
        Of each leg.
    row, ptr, begin, factor
        Row of each link (-1 = never changes), and its stretches, as a `Profile` has them.
    """
    for i in range(len(link)):
        r = row[link[i]]
        out[i] = 1.0
        if r >= 0:
            out[i] = factor[class_[i], stretch_at(begin, ptr[r], ptr[r + 1], time[i])]


@nb.njit(cache=True, nogil=True)
def play(
    leg_ptr: Any,
    link: Any,
    enter: Any,
    leave: Any,
    depart: Any,
    arrive: Any,
    class_: Any,
    walk: Any,
    planned: Any,
    is_ride: Any,
    cast_off: Any,
    row: Any,
    ptr: Any,
    begin: Any,
    factor: Any,
    deadline: float,
    state: Any,
    end: Any,
    stop: Any,
) -> None:
    """Walk every movement along its way, by its timetable or later.

    Parameters
    ----------
    leg_ptr, link, enter, leave, depart, arrive
        The plan's movements; times [s].
    class_
        Class of each movement.
    walk
        length / speed [s], shape (n_classes, n_links); inf where the class cannot walk.
    planned
        Speed factor that the plan reckoned with, of each leg, > 0.
    is_ride, cast_off
        Which legs are rides on boats, and the last moment to be aboard [s]: inf of legs that are
        walked, -inf of rides that are not made.
    row, ptr, begin, factor
        Row of each link (-1 = never changes), and its stretches, as a `Profile` has them.
    deadline
        Whoever enters a link or arrives later is late [s].
    state
        Out: `SAFE`, `STUCK` or `LATE` of each movement.
    end
        Out: when it arrives or is stopped; of the late, when that is known [s].
    stop
        Out: leg at whose beginning it is stopped, -1 = none.
    """
    for i in range(len(depart)):
        k = class_[i]
        time = depart[i]
        state[i] = SAFE
        stop[i] = -1
        for j in range(leg_ptr[i], leg_ptr[i + 1]):
            time = max(time, enter[j])
            if time > deadline:
                state[i] = LATE
                break
            if time > cast_off[j]:
                state[i] = STUCK
                stop[i] = j
                break
            taken = leave[j] - enter[j]
            r = row[link[j]]
            now = 1.0
            at = 0
            if r >= 0:
                at = stretch_at(begin, ptr[r], ptr[r + 1], time)
                now = factor[k, at]
                if now == 0.0:
                    state[i] = STUCK
                    stop[i] = j
                    break
            if is_ride[j]:
                # A boat is there when its timetable says.
                taken = leave[j] - time
            elif now != planned[j]:
                alone = walk[k, link[j]]
                if alone < 1e18:
                    taken = max(0.0, taken + alone * (1.0 / now - 1.0 / planned[j]))
                else:
                    taken *= planned[j] / now
            if r >= 0:
                # Nobody may be inside when it closes.
                at += 1
                while at < ptr[r + 1] and begin[at] < time + taken:
                    if factor[k, at] == 0.0:
                        state[i] = STUCK
                        stop[i] = j
                        break
                    at += 1
                if state[i] == STUCK:
                    break
            time = leave[j] if is_ride[j] else time + taken
        if state[i] == SAFE:
            time = max(time, arrive[i])
            if time > deadline:
                state[i] = LATE
        end[i] = time
