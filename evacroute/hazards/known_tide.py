"""The tide of hazards as one series: what an instance folder keeps of it, for low bridges."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from evacroute.hazards.hazard import Hazard
from evacroute.hazards.link_times import LinkTimes
from evacroute.hazards.tide import Tide
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


def tide_of(hazards: Sequence[Hazard]) -> Tide | None:
    """Join the tides of hazards into one: at every time the highest.

    Returns
    -------
    Tide or None
        None where no hazard has a tide, or one tells levels but no series of them.
    """
    found = list(_tides(hazards))
    series = [one for one in found if one is not None]
    if not series or len(series) < len(found):
        return None
    moving = [one for one in series if not one.is_constant]
    if not moving:
        return Tide.constant(max(float(one.level_m[0]) for one in series))
    first = max(one.time_s[0] for one in moving)
    last = min(one.time_s[-1] for one in moving)
    time = np.unique(np.concatenate([one.time_s for one in moving]))
    time = time[(time >= first) & (time <= last)]
    return Tide(time, np.max([one.levels(time, time) for one in series], axis=0))


def _tides(hazards: Sequence[Hazard]) -> Iterator[Tide | None]:
    """Give the tide of each hazard that has one, None for levels without a series."""
    for one in hazards:
        inside = getattr(one, "inside", None)
        if inside is not None:
            yield from _tides(inside)
        elif getattr(one, "level", None) is not None:
            series = getattr(one, "series", None)
            yield series if isinstance(series, Tide) else None
