"""Instances that the methods are measured on, each made by a function of no required arguments.

Only `venice_100k` and `lagoon_50k` were looked at while methods were tuned; the others are there to
show whether what was tuned holds elsewhere. Real inputs lie in the folder named by
`EVACROUTE_SHARED` (by default `../shared` beside the checkout).

    >>> scenario = INSTANCES["venice_seed_1"]()     # doctest: +SKIP
"""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import evacroute as er

DEADLINE = "90 min"


def shared_folder() -> Path:
    """Folder of the real inputs; it may be missing."""
    beside = Path(__file__).resolve().parents[3] / "shared"
    return Path(os.environ.get("EVACROUTE_SHARED", beside))


def venice_100k() -> er.Scenario:
    """Real Venice, 100,000 persons in five classes: the fixed instance."""
    return er.read_instance(shared_folder() / "bench" / "venice_100k", deadline=DEADLINE)


def venice_seed(seed: int) -> er.Scenario:
    """Other people of the same city: the fixed groups, drawn as often with replacement."""
    scenario = venice_100k()
    n = len(scenario.groups)
    times = np.bincount(np.random.default_rng(seed).integers(n, size=n), minlength=n)
    return _with_people(scenario, times)


def venice_share(share: float, *, seed: int = 0, room: float = 1.0) -> er.Scenario:
    """The fixed instance with `share` times the people, and `room` times the room in shelters.

    What is not whole is rounded up or down by chance, so that the total is kept in the mean.
    """
    scenario = venice_100k()
    groups = scenario.groups
    chance = np.random.default_rng(seed)
    if groups.together.any():
        raise ValueError("households cannot be scaled")
    size = np.floor(groups.size * share + chance.random(len(groups))).astype(np.int64)
    people = _take(groups, np.repeat(np.arange(len(groups)), size > 0), size[size > 0])
    shelters = _with_room(scenario.shelters, np.floor(scenario.shelters.capacity * room))
    return _rebuilt(scenario, people, shelters)


def venice_room_halved() -> er.Scenario:
    """The fixed instance with half the room in every shelter: fewer places than people."""
    return venice_share(1.0, room=0.5)


def venice_shelters_halved(seed: int = 0) -> er.Scenario:
    """The fixed instance with every second shelter shut, drawn by the seed among like ones.

    Of each two shelters that follow each other by room, one is shut; the largest stays open.
    """
    scenario = venice_100k()
    room = scenario.shelters.capacity.copy()
    order = np.argsort(-room, kind="stable")[1:]
    chance = np.random.default_rng(seed)
    for pair in np.array_split(order, len(order) // 2):
        room[chance.permutation(pair)[: len(pair) // 2]] = 0
    return _rebuilt(scenario, scenario.groups, _with_room(scenario.shelters, room))


def venice_2009() -> er.Scenario:
    """Venice of 2009 from OpenStreetMap, with the same 100,000 persons and 43 shelters."""
    folder = shared_folder() / "data" / "venice"
    return _from_files(folder, er.read_network(folder / "venice_2009.osm.pbf"))


def venice_full() -> er.Scenario:
    """Venice of 2019 as `evacroute plan` reads it: bridge survey, households, twelve classes."""
    folder = shared_folder() / "data" / "venice"
    network = er.read_network(folder / "venice_segments.geojson.gz")
    network, _ = er.join_bridges(network, folder / "venice_bridges.csv")
    return _from_files(folder, network)


def lagoon(people: int = 50_000, seed: int = 0) -> er.Scenario:
    """The synthetic city that ships with the library: households, up to twelve classes."""
    return er.lagoon(people, seed=seed, deadline=DEADLINE)


INSTANCES: dict[str, Callable[[], er.Scenario]] = {
    "venice_100k": venice_100k,
    "lagoon_50k": lagoon,
    "venice_seed_1": partial(venice_seed, 1),
    "venice_seed_2": partial(venice_seed, 2),
    "venice_half": partial(venice_share, 0.5),
    "venice_double": partial(venice_share, 2.0),
    "venice_double_room": partial(venice_share, 2.0, room=2.0),
    "venice_room_halved": venice_room_halved,
    "venice_shelters_halved": venice_shelters_halved,
    "venice_2009": venice_2009,
    "venice_full": venice_full,
    "lagoon_25k": partial(lagoon, 25_000),
    "lagoon_50k_seed_1": partial(lagoon, 50_000, 1),
    "lagoon_100k": partial(lagoon, 100_000),
    "lagoon_2k": partial(lagoon, 2_000),
}
"""All of them by name; `venice_*` need the real inputs."""

FIRST = ("venice_100k", "lagoon_50k")
"""The instances that methods were tuned on."""


def _from_files(folder: Path, network: er.Network) -> er.Scenario:
    people = er.read_people(folder / "people_100k.csv.gz", network)
    shelters = er.read_shelters(folder / "shelters_illustrative.csv", network)
    return er.Scenario(network, people, shelters, deadline=DEADLINE)


def _with_people(scenario: er.Scenario, times: NDArray[np.int64]) -> er.Scenario:
    """Take each group so many times: households again as households, others as one larger group."""
    groups = scenario.groups
    copies = np.where(groups.together, times, times > 0)
    row = np.repeat(np.arange(len(groups)), copies)
    size = groups.size * np.where(groups.together, 1, times)
    return _rebuilt(scenario, _take(groups, row, size[row]), scenario.shelters)


def _take(groups: er.Groups, row: NDArray[np.int64], size: NDArray[np.int64]) -> er.Groups:
    names = np.array([f"G{i}" for i in range(len(row))], dtype=object)
    return er.Groups(
        names,
        groups.node[row],
        groups.class_[row],
        groups.ready_time[row],
        size.astype(np.int32),
        groups.together[row],
    )


def _with_room(shelters: er.Shelters, room: NDArray[np.int64]) -> er.Shelters:
    """Shelters with other room; step-free places keep their share of it."""
    share = shelters.step_free_capacity / np.maximum(shelters.capacity, 1)
    return er.Shelters(
        shelters.shelter_id,
        shelters.name,
        shelters.node,
        shelters.lon,
        shelters.lat,
        room.astype(np.int64),
        np.floor(share * room).astype(np.int64),
        shelters.intake_rate,
        shelters.kind,
    )


def _rebuilt(scenario: er.Scenario, groups: er.Groups, shelters: er.Shelters) -> er.Scenario:
    return er.Scenario(
        scenario.network,
        groups,
        shelters,
        classes=scenario.group_classes,
        deadline=scenario.deadline_s,
    )
