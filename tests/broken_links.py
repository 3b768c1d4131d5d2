"""A stand-in for an earthquake: a hazard that closes links drawn by its seed, for good."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from evacroute.hazards import LinkTimes
from evacroute.network import Network
from evacroute.people import Classes
from evacroute.plan import Plan
from evacroute.planning import assign
from evacroute.scenario import Scenario


@dataclass(frozen=True)
class BrokenLinks:
    """Each street is closed, both ways or one, with a probability."""

    seed: int = 0
    share: float = 0.05

    def link_times(self, network: Network, classes: Classes, until: float) -> LinkTimes:
        drawn = np.random.default_rng(self.seed).random(network.n_links) < self.share
        link = np.flatnonzero(drawn)
        n = len(link)
        return LinkTimes(link, np.full(n, -1), np.zeros(n), np.full(n, np.inf), np.zeros(n))


@dataclass(frozen=True)
class Failing:
    """Raises where its seed is among the bad ones."""

    seed: int = 0
    bad: tuple[int, ...] = ()

    def link_times(self, network: Network, classes: Classes, until: float) -> LinkTimes:
        if self.seed in self.bad:
            raise ZeroDivisionError(f"seed {self.seed} is bad")
        return LinkTimes.none()


def assign_round(scenario: Scenario, method: str = "shelter_flow") -> Plan:
    """Plan round all links that are ever closed to everyone, as if they were not there."""
    times = scenario.link_times
    capacity = scenario.network.capacity.copy()
    capacity[times.link[(times.speed_factor == 0) & (times.class_ == -1)]] = 0.0
    dry = Scenario(
        replace(scenario.network, capacity=capacity), scenario.groups, scenario.shelters,
        classes=scenario.group_classes, deadline=scenario.deadline_s,
    )  # fmt: skip
    return replace(assign(dry, method), scenario=scenario)
