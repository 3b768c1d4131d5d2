"""The tide of hazards as one series: what an instance folder keeps of it, for low bridges."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from evacroute.hazards.hazard import Hazard
from evacroute.hazards.link_times import LinkTimes
from evacroute.hazards.tide import HIGHEST, Tide
from evacroute.network import Network
from evacroute.people import Classes


@dataclass(frozen=True, slots=True, eq=False)
class KnownTide:
    """The tide that an instance was made with: it bars boats, and leaves streets alone.

    What the water does to streets is in the instance's link times.

    Parameters
    ----------
    series
        The tide.
    """

    series: Tide

    def level(self, begin: float, end: float | None = None) -> float:
        """Highest level from `begin` to `end` [s after the alarm], or at one time [m]."""
        return self.series.level(begin, end)

    def link_times(self, network: Network, classes: Classes, until: float) -> LinkTimes:
        """Give no link times."""
        return LinkTimes.none()


FAR = 1e9
"""A level for ever goes from minus this to this, where it is put in samples [s]."""

_Part = tuple[Tide | None, float, float]
"""A tide, None for levels without a series, and from when to when it counts [s]."""


def brings_water(hazard: Hazard) -> bool:
    """Whether a hazard is a flood, is made of one, or holds rows of one."""
    if isinstance(hazard, LinkTimes):
        return bool(hazard.water.any())
    inside = getattr(hazard, "inside", None)
    if inside is not None:
        return any(brings_water(one) for one in inside)
    return getattr(hazard, "level", None) is not None


def before(time: float) -> float:
    """Give the last moment before a time: until then counts what ends with it [s]."""
    return float(np.nextafter(time, -np.inf))


def tide_of(hazards: Sequence[Hazard]) -> Tide | None:
    """Join the tides of hazards into one: at every time the highest of those that count then.

    A hazard with an attribute `counts` (from, to) [s] counts from the one up to the other, not
    including it. Where some count but not then, the level is as low as one may be. Its alarm is the
    first that one of them knows.

    Returns
    -------
    Tide or None
        None where no hazard has a tide, or one tells levels but no series of them.
    """
    parts: list[tuple[Tide, float, float]] = []
    for tide, begin, end in _tides(hazards, -np.inf, np.inf):
        if tide is None:
            return None
        parts.append((tide, begin, end))
    if not parts:
        return None
    alarm = next((tide.alarm for tide, _, _ in parts if tide.alarm is not None), None)
    if all(tide.is_constant and (begin, end) == (-np.inf, np.inf) for tide, begin, end in parts):
        highest = max(float(tide.level_m[0]) for tide, _, _ in parts)
        return replace(Tide.constant(highest), alarm=alarm)
    first, last, times = -FAR, FAR, [np.array([-FAR, FAR])]
    for tide, begin, end in parts:
        times += [np.array([t, before(t)]) for t in (begin, end) if np.isfinite(t)]
        if not tide.is_constant:
            times.append(tide.time_s)
            first = max(first, tide.time_s[0] if begin == -np.inf else -FAR)
            last = min(last, tide.time_s[-1] if end == np.inf else FAR)
    time = np.unique(np.concatenate(times))
    time = time[(time >= first) & (time <= last)]
    level = np.full(len(time), -HIGHEST)
    for tide, begin, end in parts:
        now = (time >= begin) & (time < end)
        level[now] = np.maximum(level[now], tide.levels(time[now], time[now]))
    return Tide(time, level, alarm=alarm)


def _tides(hazards: Sequence[Hazard], begin: float, end: float) -> Iterator[_Part]:
    """Give the tide of each hazard that has one, within some time."""
    for one in hazards:
        inside = getattr(one, "inside", None)
        if inside is not None:
            first, last = getattr(one, "counts", (-np.inf, np.inf))
            first, last = max(begin, first), min(end, last)
            if first < last:
                yield from _tides(inside, first, last)
        elif getattr(one, "level", None) is not None:
            series = getattr(one, "series", None)
            yield series if isinstance(series, Tide) else None, begin, end
