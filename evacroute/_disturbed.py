"""What a new hazard does to a plan that people follow."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evacroute.hazards import Hazard, LinkTimes, as_hazards, hot_from
from evacroute.hazards.flood import check_one_flood
from evacroute.hazards.known_tide import before, brings_water
from evacroute.network import Network
from evacroute.people import Classes
from evacroute.plan import Plan
from evacroute.scenario import Scenario


@dataclass(frozen=True, slots=True)
class _Part:
    """A hazard of which not all counts."""

    hazard: Hazard
    now: float

    @property
    def inside(self) -> tuple[Hazard, ...]:
        """The hazard itself, whose report counts."""
        return (self.hazard,)

    @property
    def wades(self) -> bool:
        """Whether it asks how deep people can wade."""
        return bool(getattr(self.hazard, "wades", False))

    def _level(self, begin: float, end: float) -> float:
        level = getattr(self.hazard, "level", None)
        return -np.inf if level is None or end < begin else float(level(begin, end))


@dataclass(frozen=True, slots=True)
class FromNow(_Part):
    """A hazard of which only counts what it does from some time on."""

    @property
    def counts(self) -> tuple[float, float]:
        """From when to when its tide counts [s]."""
        return self.now, np.inf

    def level(self, begin: float, end: float) -> float:
        """Highest water from `begin` to `end` [m], -inf if it knows of none."""
        return self._level(max(begin, self.now), end)

    def hot_from(
        self, network: Network, nodes: NDArray[np.int32], until: float
    ) -> NDArray[np.float64]:
        """When each of some nodes gets hot [s], inf = never; what was hot before is so now."""
        return np.maximum(hot_from((self.hazard,), network, nodes, until), self.now)

    def link_times(self, network: Network, classes: Classes, until: float) -> LinkTimes:
        """Find its link times, those from before cut off."""
        return self.hazard.link_times(network, classes, until).clipped(self.now, np.inf)


@dataclass(frozen=True, slots=True)
class DryFromNow(_Part):
    """A hazard whose water only counts up to some time; all else that it does goes on."""

    @property
    def counts(self) -> tuple[float, float]:
        """From when to when its tide counts [s]."""
        return -np.inf, self.now

    def level(self, begin: float, end: float) -> float:
        """Highest water from `begin` to `end` [m], -inf if it knows of none."""
        return self._level(begin, min(end, before(self.now)))

    def hot_from(
        self, network: Network, nodes: NDArray[np.int32], until: float
    ) -> NDArray[np.float64]:
        """When each of some nodes gets hot [s], inf = never."""
        return hot_from((self.hazard,), network, nodes, until)

    def link_times(self, network: Network, classes: Classes, until: float) -> LinkTimes:
        """Find its link times, those of water cut off."""
        return self.hazard.link_times(network, classes, until).dry_from(self.now)


def hazards_from(
    scenario: Scenario, hazard: Hazard | Sequence[Hazard] | None, now: float
) -> tuple[Hazard, ...]:
    """Join what goes on and what comes from now on: new water takes the place of the old.

    Raises
    ------
    HazardError
        If the hazard is none, or there is more than one new flood.
    """
    old, new = as_hazards(scenario.hazard), as_hazards(hazard)
    check_one_flood(new)
    if any(map(brings_water, new)):
        old = tuple(DryFromNow(one, now) if brings_water(one) else one for one in old)
    return (*old, *(FromNow(one, now) for one in new))


def disturbed(plan: Plan, hazards: Sequence[Hazard], now: float) -> NDArray[np.bool_]:
    """Find whose legs from now on are closed to them, or take another time than planned.

    Parameters
    ----------
    hazards
        All there are from now on.

    Returns
    -------
    numpy.ndarray
        Shape (n_movements,).
    """
    scenario, moves = plan.scenario, plan.movements
    network, classes = scenario.network, scenario.group_classes
    until = scenario.deadline_s
    parts = [one.link_times(network, classes, until) for one in hazards]
    profile = LinkTimes.joined(parts).profile(len(classes), until)
    before = scenario.link_times.profile(len(classes), until)
    legs = np.flatnonzero(moves.leg_enter >= now)
    of = np.repeat(np.arange(len(moves)), np.diff(moves.leg_ptr))[legs]
    class_ = scenario.groups.class_[moves.group[of]]
    link, enter, leave = moves.leg_link[legs], moves.leg_enter[legs], moves.leg_leave[legs]
    factor = profile.when(link, class_, enter)
    hit = factor != before.when(link, class_, enter)
    hit |= profile.closed(link, class_, enter, leave)
    out = np.zeros(len(moves), np.bool_)
    out[of[hit]] = True
    return out
