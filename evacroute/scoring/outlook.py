"""What is to be expected on the streets, bin by bin, when a plan is followed, more or less."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evacroute._kernels.trips import EXPECTED, Outlook
from evacroute._street_arrays import street_area, twins
from evacroute.physics import Physics
from evacroute.scenario import Scenario
from evacroute.scoring.ways import Ways

BIN = 60.0
"""Length of a bin [s]."""

STRESSED, STRAINED = 0.8, 0.6
"""Queues are also reckoned at these shares of the capacity."""

ASTRAY = 0.25
"""Share of people who go to the nearest shelter, whatever the plan says, in the mix."""


MOST_SPARE = 1000.0
"""More places than this, left or lacking, are all the same [persons]."""


@dataclass(frozen=True, slots=True, eq=False)
class Load:
    """Who enters which link and shelter when, by bins of `BIN` seconds, persons.

    Parameters
    ----------
    entered, astray
        Persons' space that enters each link by the plan, and if all took the way to the nearest
        shelter, shape (n_links, n_bins).
    came, came_astray
        Persons who come to each shelter, likewise: all, and those who need step-free places,
        shape (2, n_shelters, n_bins).
    """

    entered: NDArray[np.float64]
    astray: NDArray[np.float64]
    came: NDArray[np.float64]
    came_astray: NDArray[np.float64]


def count_load(
    scenario: Scenario,
    ways: Ways,
    *,
    link: NDArray[np.int32],
    enter: NDArray[np.float64],
    persons: NDArray[np.float64],
    shelter: NDArray[np.int32],
    arrive: NDArray[np.float64],
    size: NDArray[np.int32],
    step_free: NDArray[np.bool_],
) -> Load:
    """Count what a plan's legs and arrivals, and people astray, put on the streets.

    Parameters
    ----------
    scenario, ways
        What is planned, and its quickest ways.
    link, enter, persons
        Links of the plan's legs, when they are entered [s after the alarm], and persons' space on
        each, shape (n_legs,).
    shelter, arrive, size, step_free
        Of the plan's movements: where, when [s], persons, whether they need step-free places,
        shape (n_movements,).
    """
    n_bins = int(scenario.deadline_s // BIN) + 1
    entered = _counted(link, enter, persons, (scenario.network.n_links, n_bins))
    persons_came, n_shelters = size.astype(np.float64), len(scenario.shelters)
    came = np.stack(
        [
            _counted(shelter[some], arrive[some], persons_came[some], (n_shelters, n_bins))
            for some in (np.ones(len(size), bool), step_free)
        ]
    )
    astray, came_astray = _astray(scenario, ways, n_bins)
    return Load(entered, astray, came, came_astray)


def reckon(scenario: Scenario, load: Load) -> Outlook:
    """Reckon what is to be expected of a load: tables by link and bin, as the kernels take them."""
    network, shelters = scenario.network, scenario.shelters
    entered, came = load.entered, load.came
    capacity = network.capacity * BIN
    mix = (1 - ASTRAY) * entered + ASTRAY * load.astray
    mixed_came = np.cumsum((1 - ASTRAY) * came + ASTRAY * load.came_astray, axis=2)
    fill, taken = (_of_room(scenario, upto) for upto in (np.cumsum(came, axis=2), mixed_came))
    street = np.empty(entered.shape, EXPECTED)
    use, twin = _over(_smooth(entered), capacity), twins(network)
    street["use"] = use
    street["opposed"] = np.where(twin[:, None] >= 0, use[np.maximum(twin, 0)], 0)
    for name, count, share in (
        ("queue", entered, 1.0), ("stress", entered, STRESSED), ("strain", entered, STRAINED),
        ("stray", load.astray, 1.0), ("mixed", mix, STRESSED),
    ):  # fmt: skip
        street[name] = _queues(count, share * network.capacity)
    street["slow"] = _slowed(scenario, entered)
    return Outlook(
        bin_s=BIN,
        street=street,
        door=_over(_smooth(came[0]), np.minimum(shelters.intake_rate, 1e9) * BIN),
        fill=fill[:, :, -1].copy(),
        claimed=taken[:, :, -1].copy(),
        spare=np.clip(shelters.left(mixed_came[:, :, -1]), -MOST_SPARE, MOST_SPARE).astype(
            np.float32
        ),
        taken=taken,
    )


def _of_room(scenario: Scenario, came: NDArray[np.float64]) -> NDArray[np.float32]:
    """Share of the room that is taken: of all places, and of what step-free people may have.

    Who needs a step-free place finds none once either all places or those are gone.
    """
    shelters = scenario.shelters
    shares = []
    for upto, room in zip(came, (shelters.capacity, shelters.step_free_capacity), strict=True):
        share = upto / np.maximum(room, 1)[:, None]
        shares.append(np.where(room[:, None] > 0, share, np.maximum(share, 1.0)))
    return np.stack([shares[0], np.maximum(*shares)]).astype(np.float32)


def _counted(
    row: NDArray[np.int32],
    time: NDArray[np.float64],
    weight: NDArray[np.float64],
    shape: tuple[int, int],
) -> NDArray[np.float64]:
    """Sum weights by row and bin of time; what is later counts in the last bin."""
    bin_ = np.minimum(time // BIN, shape[1] - 1).astype(np.int64)
    cell = row * np.int64(shape[1]) + bin_
    flat = np.bincount(cell, weights=weight, minlength=shape[0] * shape[1])
    return flat.astype(np.float64).reshape(shape)


def _smooth(count: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean over a bin and its neighbours: plans put people into single steps of time."""
    padded = np.pad(count, ((0, 0), (1, 1)), mode="edge")
    return np.asarray((padded[:, :-2] + padded[:, 1:-1] + padded[:, 2:]) / 3)


def _over(count: NDArray[np.float64], most: NDArray[np.float64]) -> NDArray[np.float32]:
    whole = np.maximum(most, 1e-9)[:, None]
    return np.minimum(count / whole, 100.0).astype(np.float32)


def _queues(entered: NDArray[np.float64], rate: NDArray[np.float64]) -> NDArray[np.float32]:
    """Seconds to wait at each link, if people came as a fluid, in the mean of each bin."""
    out = np.zeros(entered.shape, np.float32)
    used = np.flatnonzero(entered.any(axis=1) & (rate > 0))
    came, per_bin = entered[used], rate[used] * BIN
    before = np.zeros(len(used))
    for b in range(entered.shape[1]):
        after = np.maximum(before + came[:, b] - per_bin, 0.0)
        out[used, b] = (before + after) / 2 / rate[used]
        before = after
    return out


def _slowed(scenario: Scenario, entered: NDArray[np.float64]) -> NDArray[np.float32]:
    """Seconds that a second of walking takes more, by the density of those who are expected."""
    network, classes = scenario.network, scenario.group_classes
    walk = classes.walk_seconds(network)
    mean = np.where(np.isfinite(walk), walk, 0).sum(axis=0) / np.maximum(
        np.isfinite(walk).sum(axis=0), 1
    )
    inside = entered / BIN * mean[:, None]
    twin = twins(network)
    both = inside + np.where(twin[:, None] >= 0, inside[np.maximum(twin, 0)], 0.0)
    density = both / street_area(network)[:, None]
    out = np.zeros(entered.shape, np.float32)
    some = density > 0.05
    out[some] = 1 / Physics().speed_ratio(density[some]) - 1
    return out


def _astray(
    scenario: Scenario, ways: Ways, n_bins: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Count who would enter each link, and each shelter, if all took the way to the nearest.

    The second is of all, and of those who need step-free places.
    """
    groups, classes = scenario.groups, scenario.group_classes
    out = np.zeros((scenario.network.n_links, n_bins))
    nearest = np.full(scenario.network.n_nodes, -1, np.int32)
    open_ = np.flatnonzero(scenario.shelters.capacity > 0).astype(np.int32)
    nearest[scenario.shelters.node[open_]] = open_
    came = np.zeros((2, len(scenario.shelters), n_bins))
    walk = classes.walk_seconds(scenario.network)
    for k in np.unique(groups.class_).tolist():
        mine = np.flatnonzero((groups.class_ == k) & ~scenario.cut_off)
        ptr, link = ways.routes(k, -1, groups.node[mine])
        of = np.repeat(np.arange(len(mine)), np.diff(ptr))
        upto = np.cumsum(np.append(0.0, walk[k, link]))
        enter = groups.ready_time[mine][of] + upto[:-1] - upto[ptr[:-1]][of]
        space = (groups.size[mine] * classes.space[k])[of]
        out += _counted(link, enter, space, out.shape)
        walks = np.diff(ptr) > 0
        last = np.where(walks, link[np.maximum(ptr[1:] - 1, 0)] if len(link) else 0, 0)
        end = np.where(walks, scenario.network.to_node[last], groups.node[mine])
        there = nearest[end]
        known = there >= 0
        arrive = groups.ready_time[mine] + upto[ptr[1:]] - upto[ptr[:-1]]
        size = groups.size[mine].astype(np.float64)
        more = _counted(there[known], arrive[known], size[known], came.shape[1:])
        came[0] += more
        came[1] += more * classes.step_free[k]
    return out, came
