"""A stand-in for an earthquake: a hazard that closes links drawn by its seed, for good."""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace

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


@dataclass(frozen=True, slots=True, eq=False)
class Barred(Classes):
    """Classes that may not walk some links, shape (n_classes, n_links)."""

    barred: np.ndarray = field(default_factory=lambda: np.zeros((0, 0), bool))

    def walk_seconds(self, network: Network) -> np.ndarray:
        return np.where(self.barred, np.inf, Classes.walk_seconds(self, network))


def assign_round(scenario: Scenario, method: str = "shelter_flow") -> Plan:
    """Plan round all links that are ever closed to a class, as if they were not there for it."""
    times, classes = scenario.link_times, scenario.group_classes
    barred = np.zeros((len(classes), scenario.network.n_links), bool)
    for link, class_ in zip(times.link, times.class_, strict=True):
        barred[slice(None) if class_ < 0 else class_, link] = True
    names = [column.name for column in fields(Classes)]
    dry = Scenario(
        scenario.network, scenario.groups, scenario.shelters,
        classes=Barred(*(getattr(classes, name) for name in names), barred),
        deadline=scenario.deadline_s,
    )  # fmt: skip
    return replace(assign(dry, method), scenario=scenario)
