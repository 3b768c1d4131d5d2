"""How many may enter a street or a door in a slot, and how long each class walks."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from evacroute.assignment.gates import slowest_walk, steady_walk
from evacroute.hazards import Profile
from evacroute.network import Network
from evacroute.people import SPACE_PARTS
from evacroute.scenario import Scenario

UNITS = SPACE_PARTS
"""Units of street capacity to a person, where some class takes more space than one person."""

MOST_PERSONS = np.iinfo(np.int32).max // 4
"""No limit, in the reservation tables."""


def profile_of(scenario: Scenario) -> Profile:
    """Lay the link times of a scenario side by side, link by link, up to the deadline."""
    n_classes = len(scenario.group_classes)
    return scenario.link_times.profile(n_classes, scenario.deadline_s)


def street_slots(
    scenario: Scenario,
    step: float,
    max_density: float | None,
    barred: NDArray[np.bool_] | None = None,
) -> tuple[NDArray[np.float64], NDArray[np.int32], int, NDArray[np.int32], NDArray[np.int32]]:
    """Find who may walk each link, and how many in a slot.

    Parameters
    ----------
    scenario, step, max_density
        As for `build_problem`.
    barred
        Who may not walk a link, wide as it may be, shape (n_classes, n_links).

    Returns
    -------
    tuple
        Walking times [s] by class, inf = barred; units that a person of each class takes, units to
        a person, units of each link in a slot, slots between its entries (see `Problem`). Links
        that change over time have the time without a hazard.
    """
    network, classes = scenario.network, scenario.group_classes
    profile = profile_of(scenario)
    walk = steady_walk(profile, classes.walk_seconds(network))
    there = np.unique(scenario.groups.class_)
    capacity = network.capacity
    if max_density is not None:
        slowest = slowest_walk(profile, walk)[there]
        capacity = np.minimum(capacity, density_limit(network, slowest, max_density))
    if barred is not None:
        walk[barred] = np.inf
    units = UNITS if (classes.space > 1).any() else 1
    unit = np.ceil(classes.space * units - 1e-9).astype(np.int32)
    widest = _widest(capacity * step * units, walk, unit, there, units)
    return walk, unit, units, *per_slot(capacity, step, units, widest)


def per_slot(
    rate: NDArray[np.float64],
    step: float,
    units: int = 1,
    widest: NDArray[np.int32] | None = None,
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Find whole units per slot at a rate [person/s], and the slots between entries.

    Rounded down, so that no window of whole slots takes more than rate x (window + step). A rate
    that does not let in the widest person in every slot lets them in, or others of no more units
    together, then nobody for ceil(2 x widest / (units of a slot) - 1) - 1 slots, the shortest
    spacing of which the same holds; at less than half of the widest a slot even the first would be
    too many, so nobody passes.

    Parameters
    ----------
    rate
        Capacity [person/s].
    step
        Length of a slot [s].
    units
        Units to a person.
    widest
        Units of the widest person who is to pass, of each place; `units` by default.
    """
    need = np.full(len(rate), units, np.int32) if widest is None else widest
    in_slot = np.minimum(rate * step * units, MOST_PERSONS)
    slot = np.floor(in_slot + 1e-9).astype(np.int32)
    small = slot < need
    thin = small & (in_slot >= need / 2)
    every = np.ones(len(slot), np.int32)
    every[thin] = np.ceil(2 * need[thin] / in_slot[thin] - 1 - 1e-9).astype(np.int32)
    slot[small] = 0
    slot[thin] = need[thin]
    return slot, every


def _widest(
    in_slot: NDArray[np.float64],
    walk: NDArray[np.float64],
    unit: NDArray[np.int32],
    there: NDArray[np.integer],
    units: int,
) -> NDArray[np.int32]:
    """Units of the widest class that each link can let in at all; bars the others in `walk`."""
    walk[2 * in_slot < unit[:, None]] = np.inf
    open_ = np.isfinite(walk[there])
    widest = np.where(open_, unit[there, None], 0).max(axis=0, initial=0)
    return np.where(widest > 0, widest, units).astype(np.int32)


def density_limit(
    network: Network, walk: NDArray[np.float64], density: float
) -> NDArray[np.float64]:
    """Persons a second that keep each link at a density, at the pace of its slowest class.

    Those inside entered within the walking time of the slowest, length / speed, so that
    density x width x speed a second fills density x length x width.

    Parameters
    ----------
    walk
        Walking times of the classes that have people [s], shape (n_classes, n_links), inf = barred.
    density
        Persons' space on a square metre [1/m2].
    """
    slowest = np.where(np.isfinite(walk), walk, 0.0).max(axis=0, initial=0.0)
    inside = density * network.length * network.width
    return np.where(slowest > 0, inside / np.where(slowest > 0, slowest, 1.0), np.inf)
