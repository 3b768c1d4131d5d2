"""Figures of a plan: how long people take, and how full its links get."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from evacroute.network import KINDS, Network
from evacroute.shelters import Shelters
from evacroute.units import to_metres

PEAK_WINDOW = 300.0
"""Length of the window over which a link's peak load is taken [s]."""


@dataclass(frozen=True, slots=True)
class Times:
    """How long people take from ready to safe.

    Parameters
    ----------
    placed
        Persons with a shelter.
    cost
        Sum over persons of the time from ready to safe [person-seconds].
    mean, p95
        Mean and 95th percentile of it [s], NaN where nobody is placed.
    clearance
        Last arrival [s after the alarm], NaN where nobody is placed.
    """

    placed: int
    cost: float
    mean: float
    p95: float
    clearance: float

    def to_dict(self) -> dict[str, float | None]:
        """Mean, p95 and clearance for JSON, None where nobody is placed."""
        figures = {"mean": self.mean, "p95": self.p95, "clearance": self.clearance}
        return {name: None if math.isnan(value) else value for name, value in figures.items()}


def times(
    ready: NDArray[np.float64], arrive: NDArray[np.float64], size: NDArray[np.int32]
) -> Times:
    """Sum up the times from ready to safe.

    Parameters
    ----------
    ready, arrive
        Times [s after the alarm], shape (n_movements,).
    size
        Persons, shape (n_movements,).

    Examples
    --------
    >>> times(np.array([0.0, 60.0]), np.array([100.0, 200.0]), np.array([3, 1]))
    Times(placed=4, cost=440.0, mean=110.0, p95=140.0, clearance=200.0)
    """
    placed = int(size.sum())
    if not placed:
        return Times(0, 0.0, math.nan, math.nan, math.nan)
    taken = arrive - ready
    cost = float((taken * size).sum())
    return Times(placed, cost, cost / placed, quantile(taken, size, 0.95), float(arrive.max()))


def quantile(values: NDArray[np.float64], weights: NDArray[np.int32], share: float) -> float:
    """Smallest value that at least `share` of the weight does not exceed.

    The same as `numpy.quantile` with ``method="inverted_cdf"`` over values repeated by weight.

    Parameters
    ----------
    values
        Values, shape (n,), n >= 1.
    weights
        Whole weights, shape (n,), with a sum > 0.
    share
        0 < share <= 1.
    """
    order = np.argsort(values, kind="stable")
    below = np.cumsum(weights[order].astype(np.int64))
    position = int(np.searchsorted(below, share * below[-1] * (1 - 1e-12)))
    return float(values[order[position]])


@dataclass(frozen=True, slots=True)
class LinkLoads:
    """What enters each link that is used; all arrays have shape (n_used,).

    Parameters
    ----------
    link
        Link positions, rising.
    persons
        Persons who walk the link in all.
    peak
        Most persons who enter within `PEAK_WINDOW`.
    peak_end
        When the window with the most ends [s after the alarm], the first where there are several.
    """

    link: NDArray[np.int64]
    persons: NDArray[np.int64]
    peak: NDArray[np.int64]
    peak_end: NDArray[np.float64]


def link_loads(
    link: NDArray[np.int32],
    enter: NDArray[np.float64],
    persons: NDArray[np.int32],
    window: float = PEAK_WINDOW,
) -> LinkLoads:
    """Total and peak load of each link, from who enters it when.

    Parameters
    ----------
    link
        Link positions, shape (n_legs,).
    enter
        Times of entry [s], shape (n_legs,).
    persons
        How many enter, shape (n_legs,).
    window
        Length of the half-open window that slides over the entries [s].
    """
    if not len(link):
        none = np.zeros(0, dtype=np.int64)
        return LinkLoads(none, none, none, np.zeros(0))
    # One rising key for all links: times of different links lie more than a window apart.
    first = float(enter.min())
    span = float(enter.max()) - first + 2 * window
    key = link * span + (enter - first)
    order = np.argsort(key, kind="stable")
    key = key[order]
    load = np.concatenate([[0], np.cumsum(persons[order].astype(np.int64))])
    begin = np.searchsorted(key, key - window, side="right")
    in_window = load[1:] - load[begin]
    used, start = np.unique(link[order], return_index=True)
    end = np.append(start[1:], len(key))
    peak = np.maximum.reduceat(in_window, start)
    at_peak = np.flatnonzero(in_window == np.repeat(peak, end - start))
    _, at = np.unique(link[order][at_peak], return_index=True)
    return LinkLoads(
        link=used.astype(np.int64),
        persons=load[end] - load[start],
        peak=peak,
        peak_end=enter[order][at_peak[at]],
    )


def spread_out(
    network: Network, links: NDArray[np.int64], apart: float, n: int | None
) -> list[int]:
    """Pick from links in order those whose middle is `apart` [m] from all picked before."""
    x, y = to_metres(network.lon, network.lat, network.origin)
    points = np.column_stack([x, y])
    middle = (points[network.from_node[links]] + points[network.to_node[links]]) / 2
    picked: list[int] = []
    for i, point in enumerate(middle):
        if len(picked) == n:
            break
        if not picked or np.hypot(*(middle[picked] - point).T).min() >= apart:
            picked.append(i)
    return picked


def tightest(network: Network, loads: LinkLoads, n: int | None, apart: float) -> pd.DataFrame:
    """List the links nearest to their capacity; see `Plan.tightest_links`."""
    room = network.capacity[loads.link] * PEAK_WINDOW
    share = np.divide(loads.peak, room, out=np.full(len(room), np.inf), where=room > 0)
    order = np.lexsort([loads.link, -loads.persons, -np.round(share, 3)])
    if apart:
        order = order[spread_out(network, loads.link[order], apart, n)]
    order = order[:n]
    link = loads.link[order]
    return pd.DataFrame(
        {
            "link_id": network.link_id[link],
            "name": network.name[link],
            "kind": np.array(KINDS, dtype=object)[network.kind[link]],
            "capacity": network.capacity[link],
            "capacity_assumed": network.capacity_assumed[link],
            "persons": loads.persons[order],
            "peak_persons": loads.peak[order],
            "peak_share": share[order],
            "peak_end_s": loads.peak_end[order],
        }
    )


def fill(
    shelters: Shelters,
    shelter: NDArray[np.int32],
    arrive: NDArray[np.float64],
    size: NDArray[np.int32],
    step_free: NDArray[np.int32],
) -> pd.DataFrame:
    """Say how full each shelter gets, one row a shelter.

    Parameters
    ----------
    shelters
        The shelters.
    shelter
        Where people go, positions, shape (n_movements,).
    arrive
        When they are in [s after the alarm], shape (n_movements,).
    size, step_free
        Persons, and those of them who take step-free places, shape (n_movements,).
    """
    n = len(shelters)
    filled = np.bincount(shelter, weights=size, minlength=n).astype(np.int64)
    taken = np.bincount(shelter, weights=step_free, minlength=n)
    last = np.full(n, -np.inf)
    np.maximum.at(last, shelter, arrive)
    share = np.divide(filled, shelters.capacity, out=np.zeros(n), where=shelters.capacity > 0)
    return pd.DataFrame(
        {
            "shelter_id": shelters.shelter_id,
            "name": shelters.name,
            "capacity": shelters.capacity,
            "filled": filled,
            "share": np.where((shelters.capacity == 0) & (filled > 0), np.inf, share),
            "step_free_capacity": shelters.step_free_capacity,
            "step_free_filled": taken.astype(np.int64),
            "last_arrival_s": np.where(np.isinf(last), np.nan, last),
        }
    )
