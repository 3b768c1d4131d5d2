"""A stand-in for a simulation: the plan's own legs, played a little slower than planned."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evacroute.metrics import Times, times
from evacroute.plan import Plan
from evacroute.scenario import Scenario
from evacroute.simulation import STATES
from evacroute.streets import pair_links


@dataclass(frozen=True)
class Tracks:
    """Ways of some parties."""

    agent: NDArray[np.int32]
    ptr: NDArray[np.int64]
    link: NDArray[np.int32]
    enter: NDArray[np.float64]
    leave: NDArray[np.float64]


@dataclass(frozen=True)
class Played:
    """What the map reads of a simulation, by the same names."""

    settings = "compliance 0.9, weidmann"
    seed = 4
    is_cut = False

    scenario: Scenario
    plan: Plan | None
    bin_s: float
    n_bins: int
    load: NDArray[np.float32]
    waiting: NDArray[np.float32]
    sheltered: NDArray[np.int64]
    turned_away: NDArray[np.int64]
    size: NDArray[np.int32]
    state: NDArray[np.uint8]
    depart: NDArray[np.float64]
    arrive: NDArray[np.float64]
    tracks: Tracks

    @property
    def times(self) -> Times:
        came = np.isfinite(self.arrive)
        return times(np.zeros(came.sum()), self.arrive[came], self.size[came])

    @property
    def counts(self) -> dict[str, int]:
        count = np.bincount(self.state, weights=self.size, minlength=len(STATES))
        return {name: int(n) for name, n in zip(STATES, count, strict=True)}

    def density(self) -> NDArray[np.float64]:
        network = self.scenario.network
        street = pair_links(network).code // 2
        both = np.zeros((int(street.max()) + 1, self.n_bins))
        np.add.at(both, street, self.load.astype(np.float64))
        return both[street] / (network.length * network.width)[:, None]


def play(
    plan: Plan, *, bin_s: float = 60.0, slower: float = 1.0, tracks: int = 2000, until: float = 0.0
) -> Played:
    """Every movement is a party that takes `slower` times as long as the plan has it.

    The last party that walks is stuck on its last link for good, and nobody is turned away but one
    person at the first door.
    """
    moves = plan.movements
    n, links = len(moves), plan.scenario.network.n_links
    legs = np.diff(moves.leg_ptr)
    party = np.repeat(np.arange(n), legs)
    enter, leave = moves.leg_enter * slower, moves.leg_leave * slower
    arrive = moves.arrive * slower
    stuck = int(np.flatnonzero(legs)[-1])
    leave[moves.leg_ptr[stuck + 1] - 1] = np.inf
    arrive[stuck] = np.nan
    late = arrive > plan.scenario.deadline_s
    state = np.where(late, STATES.index("late"), STATES.index("safe"))
    state[stuck] = STATES.index("stuck")
    end = max(until, float(arrive[np.isfinite(arrive)].max()))
    n_bins = int(end // bin_s) + 1
    # Who waits before a link, or at the door, stands at the end of the one before.
    out = np.r_[enter[1:], 0.0]
    finished = np.isfinite(arrive)
    out[moves.leg_ptr[1:][legs > 0] - 1] = np.where(finished, arrive, np.inf)[legs > 0]
    args = (moves.leg_link, moves.size[party], links, bin_s, n_bins)
    came = moves.shelter[finished], moves.size[finished], arrive[finished]
    filled = _inside(*came, plan, n_bins, bin_s)
    left = moves.left_size
    return Played(
        scenario=plan.scenario,
        plan=plan,
        bin_s=bin_s,
        n_bins=n_bins,
        load=_mean(enter, out, *args),
        waiting=_mean(leave, out, *args),
        sheltered=filled,
        turned_away=np.r_[1, np.zeros(len(plan.scenario.shelters) - 1)].astype(np.int64),
        size=np.r_[moves.size, left].astype(np.int32),
        state=np.r_[state, np.full(len(left), STATES.index("left"))].astype(np.uint8),
        depart=np.r_[moves.depart * slower, np.full(len(left), np.nan)],
        arrive=np.r_[arrive, np.full(len(left), np.nan)],
        tracks=_tracks(plan, enter, leave, tracks),
    )


def _mean(
    begin: NDArray[np.float64], end: NDArray[np.float64], link: NDArray[np.int32],
    size: NDArray[np.int32], links: int, bin_s: float, n_bins: int,
) -> NDArray[np.float32]:  # fmt: skip
    """Mean persons of each link in each bin, of whom each is there from `begin` to `end`."""
    found = np.zeros((links, n_bins), np.float64)
    for bin_ in range(n_bins):
        within = np.minimum(end, (bin_ + 1) * bin_s) - np.maximum(begin, bin_ * bin_s)
        share = size * np.maximum(within, 0.0) / bin_s
        found[:, bin_] = np.bincount(link, weights=share, minlength=links)
    return found.astype(np.float32)


def _inside(
    shelter: NDArray[np.int32], size: NDArray[np.int32], arrive: NDArray[np.float64], plan: Plan,
    n_bins: int, bin_s: float,
) -> NDArray[np.int64]:  # fmt: skip
    found = np.zeros((len(plan.scenario.shelters), n_bins), np.int64)
    np.add.at(found, (shelter, np.minimum(arrive // bin_s, n_bins - 1).astype(int)), size)
    return np.cumsum(found, axis=1)


def _tracks(
    plan: Plan, enter: NDArray[np.float64], leave: NDArray[np.float64], most: int
) -> Tracks:
    moves = plan.movements
    agent = np.unique(np.linspace(0, len(moves) - 1, min(most, len(moves))).astype(np.int32))
    legs = np.diff(moves.leg_ptr)[agent]
    ptr = np.r_[0, np.cumsum(legs)].astype(np.int64)
    rows = np.repeat(moves.leg_ptr[agent] - ptr[:-1], legs) + np.arange(ptr[-1])
    return Tracks(agent, ptr, moves.leg_link[rows], enter[rows], leave[rows])
