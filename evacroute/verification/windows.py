"""How far the persons who pass a place exceed what it lets through, over every window of time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

_LIKE = 1e-6
"""Times nearer than this are the same [s]."""


@dataclass(frozen=True, slots=True, eq=False)
class Excess:
    """The worst window of each place that anyone passes; all arrays have shape (n_used,).

    Parameters
    ----------
    place
        Positions of the places, rising.
    excess
        Persons in the window less what is let through in it: > 0 breaks the rule.
    begin, end
        The window, both ends included [s].
    persons
        Persons who pass in it.
    """

    place: NDArray[np.int64]
    excess: NDArray[np.float64]
    begin: NDArray[np.float64]
    end: NDArray[np.float64]
    persons: NDArray[np.float64]


def window_excess(
    place: NDArray[np.integer],
    time: NDArray[np.float64],
    persons: NDArray[Any],
    rate: NDArray[np.float64],
    step: float,
) -> Excess:
    """Find the window with most persons above ``rate x (length + step)``, for each place.

    Looked at are all closed windows of at least a step. One from the i-th to the j-th passage, of
    at least a step, exceeds by (W_j - r t_j) - (W_i' - r t_i) - r step, W counting passages up to
    and W' those before; the least second term for each j is a running minimum. Shorter spans count
    as one window of a step.

    Parameters
    ----------
    place
        Position of the place passed, shape (n,).
    time
        When [s], finite, shape (n,).
    persons
        How many pass, or what space they take, shape (n,).
    rate
        What each place lets through [person/s], shape (n_places,); inf = no limit.
    step
        Shortest window [s].
    """
    limited = np.isfinite(rate[place])
    place, time, persons = place[limited], time[limited], persons[limited]
    if not len(place):
        none = np.zeros(0)
        return Excess(np.zeros(0, dtype=np.int64), none, none, none, none)
    # One rising key for all places: times of different ones lie more than a step apart.
    earliest = float(time.min())
    span = float(time.max()) - earliest + 2 * step + 1
    key = place * span + (time - earliest)
    order = np.argsort(key, kind="stable")
    key = key[order]
    new = np.append(True, np.diff(key) > 0)
    first = np.flatnonzero(new)
    key, t, p = key[first], time[order][first], place[order][first].astype(np.int64)
    passed = np.add.reduceat(persons[order].astype(np.float64), first)
    upto = np.cumsum(passed)
    before = upto - passed
    r = rate[p]

    used, start = np.unique(p, return_index=True)
    last = np.append(start[1:], len(p)) - 1
    # Windows that end with entry j and begin at least a step before it.
    lowest = pd.Series(before - r * t).groupby(p).cummin().to_numpy()
    at = np.searchsorted(key, key - step + _LIKE, side="right") - 1
    long = at >= np.repeat(start, last - start + 1)
    over_long = np.where(long, upto - r * t - lowest[at] - r * step, -np.inf)
    # Windows of one step that begin with entry i.
    to = np.searchsorted(key, key + step + _LIKE, side="right") - 1
    over_short = upto[to] - before - 2 * r * step

    worst_long = np.maximum.reduceat(over_long, start)
    worst_short = np.maximum.reduceat(over_short, start)
    n = len(used)
    begin, end, inside = np.empty(n), np.empty(n), np.empty(n)
    by_short = worst_short >= worst_long
    i = _first_at(over_short, worst_short, start, last)
    j = _first_at(over_long, worst_long, start, last)
    # The window's begin is where the running minimum was reached.
    low = np.where(by_short, 0.0, lowest[at[j]])
    reached = _first_at(before - r * t, low, start, last)
    begin = np.where(by_short, t[i], t[reached])
    end = np.where(by_short, t[i] + step, t[j])
    inside = np.where(by_short, upto[to[i]] - before[i], upto[j] - before[reached])
    return Excess(used, np.maximum(worst_long, worst_short), begin, end, inside)


def _first_at(
    values: NDArray[np.float64],
    wanted: NDArray[np.float64],
    start: NDArray[np.int64],
    last: NDArray[np.int64],
) -> NDArray[np.int64]:
    """Find the first position in each segment that has the wanted value; its start if none has."""
    found = np.flatnonzero(values == np.repeat(wanted, last - start + 1))
    at = np.searchsorted(found, start)
    hit = np.append(found, len(values))[at]
    return np.where(hit <= last, hit, start)
