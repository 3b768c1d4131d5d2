"""Several link times as one: the worst of them at every moment, or what is to be expected."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evacroute.hazards.hazard import Hazard, hot_from
from evacroute.hazards.link_times import LinkTimes, Profile
from evacroute.network import Network
from evacroute.people import Classes


@dataclass(frozen=True, slots=True, eq=False)
class Combined:
    """A hazard of link times that were combined from those of several scenarios.

    Parameters
    ----------
    times
        The link times.
    hazards
        Hazards of all scenarios: what the highest of their tides bars to boats is barred.
    """

    times: LinkTimes
    hazards: tuple[Hazard, ...] = ()

    @property
    def inside(self) -> tuple[Hazard, ...]:
        """Hazards whose reports count."""
        return self.hazards

    def link_times(self, network: Network, classes: Classes, until: float) -> LinkTimes:
        """Give the link times."""
        return self.times.link_times(network, classes, until)

    def hot_from(
        self, network: Network, nodes: NDArray[np.int32], until: float
    ) -> NDArray[np.float64]:
        """When each of some nodes gets hot in any scenario [s], inf = in none."""
        return hot_from(self.hazards, network, nodes, until)

    def level(self, begin: float, end: float) -> float:
        """Give the highest tide of all scenarios from one time to another [m], -inf without."""
        levels = [getattr(one, "level", None) for one in self.hazards]
        return max((float(level(begin, end)) for level in levels if level), default=-np.inf)


@dataclass(frozen=True, slots=True, eq=False)
class Overlay:
    """Speed factors of several scenarios side by side, over stretches in which none changes.

    Parameters
    ----------
    link
        Position of the link of each stretch, rising, shape (n_stretches,).
    begin, end
        When each stretch begins and ends [s], shape (n_stretches,); the last of a link ends at inf.
    factor
        Shape (n_scenarios, n_classes, n_stretches); 0 = closed.
    dry
        Links on which something else than water acts in some scenario.
    """

    link: NDArray[np.int32]
    begin: NDArray[np.float64]
    end: NDArray[np.float64]
    factor: NDArray[np.float64]
    dry: NDArray[np.int32]

    def rows(self, factor: NDArray[np.float64]) -> LinkTimes:
        """Make link times of one factor a class and stretch, shape (n_classes, n_stretches)."""
        alike = (factor == factor[:1]).all(axis=0)
        parts = []
        for k in range(-1, len(factor)):
            value = factor[max(k, 0)]
            some = np.flatnonzero((alike if k < 0 else ~alike) & (value != 1.0))
            class_ = np.full(len(some), k)
            begin, end = self.begin[some], self.end[some]
            link = self.link[some]
            water = ~np.isin(link, self.dry)
            parts.append(LinkTimes(link, class_, begin, end, value[some], water=water))
        return LinkTimes.joined(parts)

    def worst(self) -> LinkTimes:
        """Take every link at its slowest of all scenarios, closed where it is closed in any."""
        return self.rows(self.factor.min(axis=0, initial=1.0))

    def expected(self, weight: NDArray[np.float64], most_closed: float) -> LinkTimes:
        """Take every link at its expected walking time, closed where that is likely enough.

        Parameters
        ----------
        weight
            Probabilities of the scenarios, which add up to 1.
        most_closed
            Where a link is closed with a higher probability than this, it is closed; otherwise its
            time is the mean over the scenarios in which it is open. At least one must be.
        """
        shut = self.closed(weight)
        return self.rows(np.where(shut > most_closed + 1e-12, 0.0, self.mean(weight)))

    def closed(self, weight: NDArray[np.float64]) -> NDArray[np.float64]:
        """Sum up the probability that a link is closed, shape (n_classes, n_stretches)."""
        return np.asarray(np.tensordot(weight, self.factor == 0.0, axes=1))

    def mean(self, weight: NDArray[np.float64]) -> NDArray[np.float64]:
        """Find the factor of the mean walking time where a link is open, 0 where it never is.

        Shape (n_classes, n_stretches).
        """
        is_open = self.factor > 0.0
        slowness = np.divide(1.0, self.factor, out=np.zeros_like(self.factor), where=is_open)
        chance, time = np.tensordot(weight, is_open, axes=1), np.tensordot(weight, slowness, axes=1)
        mean = np.divide(chance, time, out=np.zeros_like(time), where=time > 0.0)
        return np.asarray(np.minimum(mean, 1.0))


def overlay(several: Sequence[LinkTimes], n_classes: int, until: float) -> Overlay:
    """Lay the link times of several scenarios over one another.

    Parameters
    ----------
    several
        Of each scenario, for the same network and classes.
    n_classes
        Number of classes.
    until
        Changes from here on do not count [s].
    """
    profiles = [times.profile(n_classes, until) for times in several]
    link = np.concatenate([p.link[p.of_stretch] for p in profiles])
    begin = np.concatenate([p.begin for p in profiles])
    order = np.lexsort((begin, link))
    link, begin = link[order], begin[order]
    new = np.append(True, (np.diff(link) != 0) | (np.diff(begin) != 0))[: len(link)]
    link, begin = link[new], begin[new]
    last = np.append(np.diff(link) != 0, True)[: len(link)]
    end = np.where(last, np.inf, np.append(begin[1:], np.inf)[: len(link)])
    factor = np.ones((len(profiles), n_classes, len(link)))
    for i, profile in enumerate(profiles):
        _fill(profile, link, begin, factor[i])
    dry = np.unique(np.concatenate([times.link[~times.water] for times in several]))
    return Overlay(link, begin, end, factor, dry)


def _fill(
    profile: Profile,
    link: NDArray[np.int32],
    begin: NDArray[np.float64],
    out: NDArray[np.float64],
) -> None:
    """Copy a profile's factors to the stretches of all."""
    row = np.searchsorted(profile.link, link)
    row[row == len(profile.link)] = 0
    mine = np.flatnonzero(profile.link[row] == link) if len(profile.link) else np.empty(0, int)
    # Times are below 1e9 s, so that one key tells links and times apart.
    key = profile.of_stretch * 1e10 + profile.begin
    now = np.searchsorted(key, row[mine] * 1e10 + begin[mine], side="right") - 1
    out[:, mine] = profile.factor[:, now]
