"""Instances that the methods are measured on, each made by a function of no required arguments.

Only `venice_100k` and `lagoon_50k` were looked at while methods were tuned; the others are there to
show whether what was tuned holds elsewhere. Real inputs lie in the folder named by
`EVACROUTE_SHARED` (by default `../shared` beside the checkout).

    >>> scenario = INSTANCES["venice_seed_1"]()     # doctest: +SKIP
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import fields, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

import evacroute as er
from evacroute.network import KINDS
from evacroute.training.cutting import cut, middle_nodes
from evacroute.units import to_metres

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


def district(
    nodes: int = 1500, people: int = 16_000, *, classes: int = 1, seed: int = 0
) -> er.Scenario:
    """A part of the lagoon small enough for exact solvers; steps of 60 s.

    The `nodes` nodes nearest to the middle, as far as they hang together, with the shelters there
    (their room scaled to 1.2 places a person). People start at junctions, in whole minutes, and
    walk at one speed; or in four classes, drawn by the seed, of which the last is barred from half
    the bridges.
    """
    city = er.lagoon(50_000, deadline=DEADLINE)
    network, shelters, groups = city.network, city.shelters, city.groups
    chance = np.random.default_rng(seed)
    network, index = cut(network, middle_nodes(network, nodes))

    open_ = index[shelters.node] >= 0
    room = shelters.capacity[open_]
    shelters = _with_room(
        _rows(shelters, open_, node=index[shelters.node[open_]]),
        np.ceil(room * 1.2 * people / room.sum()),
    )
    outs, ins = (
        np.bincount(v, minlength=network.n_nodes) for v in (network.from_node, network.to_node)
    )
    junction = (outs != 2) | (ins != 2)
    junction[shelters.node] = True
    xy = np.column_stack(to_metres(network.lon, network.lat, network.origin))
    _, nearest = cKDTree(xy[junction]).query(xy)
    start = np.flatnonzero(junction)[nearest]

    person = np.repeat(
        np.flatnonzero(index[groups.node] >= 0), groups.size[index[groups.node] >= 0]
    )
    person = chance.choice(person, people)
    key = np.column_stack(
        [
            start[index[groups.node[person]]],
            chance.integers(classes if classes == 1 else 4, size=people),
            np.ceil(groups.ready_time[person] / 60).astype(np.int64),
        ]
    )
    key, size = np.unique(key, axis=0, return_counts=True)
    speeds = np.array([1.3, 1.05, 0.8, 0.57]), np.array([0.9, 0.7, 0.45, 0.3])
    k = 1 if classes == 1 else 4
    if k == 4:
        bridge = network.kind == KINDS.index("bridge")
        street = np.minimum(network.from_node, network.to_node)
        barred = bridge & (np.random.default_rng(seed).random(network.n_nodes)[street] < 0.5)
        network = replace(network, width=np.where(barred, 1.0, np.maximum(network.width, 1.2)))
    names = np.array([f"C{i}" for i in range(k)], dtype=object)
    width = np.where(np.arange(k) == 3, 1.2, 0.0)
    return er.Scenario(
        network,
        er.Groups(
            np.array([f"G{i}" for i in range(len(key))], dtype=object),
            key[:, 0].astype(np.int32),
            key[:, 1].astype(np.int32),
            key[:, 2] * 60.0,
            size.astype(np.int32),
            np.zeros(len(key), bool),
        ),
        shelters,
        classes=er.Classes(names, speeds[0][:k], speeds[1][:k], width),
        deadline=DEADLINE,
    )


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
    "district_one_class": district,
    "district_four_classes": partial(district, classes=4),
    "district_small": partial(district, 400, 4_000, classes=4),
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
    if len(groups.walks):
        raise ValueError("first walks belong to parties, which are not told apart here")
    names = np.array([f"G{i}" for i in range(len(row))], dtype=object)
    return _rows(groups, row, group_id=names, size=size.astype(np.int32), walks=groups.walks)


def _with_room(shelters: er.Shelters, room: NDArray[np.int64]) -> er.Shelters:
    """Shelters with other room; step-free places keep their share of it."""
    share = shelters.step_free_capacity / np.maximum(shelters.capacity, 1)
    return replace(
        shelters,
        capacity=room.astype(np.int64),
        step_free_capacity=np.floor(share * room).astype(np.int64),
        report=None,
    )


def _rows(table: Any, which: Any, **instead: Any) -> Any:
    """Take rows of a table of parallel arrays, with some columns replaced."""
    names = [f.name for f in fields(table) if f.name not in {"report", *instead}]
    return type(table)(**{**{name: getattr(table, name)[which] for name in names}, **instead})


def _rebuilt(scenario: er.Scenario, groups: er.Groups, shelters: er.Shelters) -> er.Scenario:
    return er.Scenario(
        scenario.network,
        groups,
        shelters,
        classes=scenario.group_classes,
        deadline=scenario.deadline_s,
    )
