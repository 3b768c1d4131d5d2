"""What a new hazard does to a plan that people follow."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evacroute.hazards import Hazard, LinkTimes, as_hazards, hot_from
from evacroute.network import Network
from evacroute.people import Classes
from evacroute.plan import Plan
from evacroute.scenario import Scenario


@dataclass(frozen=True, slots=True)
class FromNow:
    """A hazard of which only counts what it does from some time on."""

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

    def level(self, begin: float, end: float) -> float:
        """Highest water from `begin` to `end` [m], -inf if it knows of none."""
        level = getattr(self.hazard, "level", None)
        return -np.inf if level is None else float(level(begin, end))

    def hot_from(
        self, network: Network, nodes: NDArray[np.int32], until: float
    ) -> NDArray[np.float64]:
        """When each of some nodes gets hot [s], inf = never; what was hot before is so now."""
        return np.maximum(hot_from((self.hazard,), network, nodes, until), self.now)

    def link_times(self, network: Network, classes: Classes, until: float) -> LinkTimes:
        """Find its link times, those from before cut off."""
        times = self.hazard.link_times(network, classes, until)
        late = np.flatnonzero(times.to_s > self.now)
        return LinkTimes(
            times.link[late],
            times.class_[late],
            np.maximum(times.from_s[late], self.now),
            times.to_s[late],
            times.speed_factor[late],
        )


def hazards_from(
    scenario: Scenario, hazard: Hazard | Sequence[Hazard] | None, now: float
) -> tuple[Hazard, ...]:
    """Join what goes on and what comes from now on."""
    return (
        *as_hazards(scenario.hazard),
        *(FromNow(one, now) for one in as_hazards(hazard)),
    )


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
