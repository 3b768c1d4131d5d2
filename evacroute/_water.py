"""Where the ways of a plan are under water, and which tide it was made for."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from evacroute.assignment.movements import Movements
from evacroute.hazards import Profile
from evacroute.hazards.tide import HIGHEST
from evacroute.network import FERRY
from evacroute.scenario import Scenario


def tide_made_for(scenario: Scenario) -> float | None:
    """Find the highest tide from the alarm to the deadline [m]; None where none is known."""
    tide = scenario.tide
    if tide is None:
        return None
    begin, end = 0.0, scenario.deadline_s
    if not tide.is_constant:
        begin, end = max(begin, float(tide.time_s[0])), min(end, float(tide.time_s[-1]))
    if begin > end:
        return None
    level = tide.level(begin, end)
    # The lowest level that may be stands for none.
    return level if level > -HIGHEST else None


def is_waded(
    scenario: Scenario,
    link: NDArray[np.int32],
    class_: NDArray[np.int32],
    enter: NDArray[np.float64],
) -> NDArray[np.bool_]:
    """Whether links are walked slower because of water by classes that enter them then [s]."""
    factor = _water(scenario).when(link, class_, enter)
    slowed = (factor > 0) & (factor < 1)
    return slowed & np.asarray(scenario.network.kind[link] != FERRY, np.bool_)


def has_water(scenario: Scenario) -> bool:
    """Whether water slows or closes any link at some time."""
    return bool(scenario.link_times.water.any())


def waded_metres(scenario: Scenario, moves: Movements) -> NDArray[np.float64]:
    """Sum up the lengths of the links that each movement wades through [m]."""
    if not has_water(scenario):
        return np.zeros(len(moves))
    of = np.repeat(np.arange(len(moves)), np.diff(moves.leg_ptr))
    class_ = scenario.groups.class_[moves.group[of]]
    wet = is_waded(scenario, moves.leg_link, class_, moves.leg_enter)
    metres = np.where(wet, scenario.network.length[moves.leg_link], 0.0)
    return np.bincount(of, weights=metres, minlength=len(moves)).astype(np.float64)


@lru_cache(maxsize=2)
def _water(scenario: Scenario) -> Profile:
    """Resolve the rows of water alone; of the last two scenarios remembered."""
    times = scenario.link_times
    alone = times.clipped(-np.inf, np.where(times.water, np.inf, -np.inf))
    return alone.profile(len(scenario.group_classes), scenario.deadline_s)
