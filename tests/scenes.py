"""Small scenarios for tests: groups and shelters as short tuples over a network."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from evacroute.network import Network
from evacroute.people import Classes, Groups
from evacroute.scenario import Scenario
from evacroute.shelters import Shelters

WALKER = (1.0, 0.5)
"""Speed on the level and on steps [m/s]: 10 m in a step of 10 s is one slot."""

WHEELCHAIR = (1.0, 0.0)


def ids(letter: str, n: int) -> np.ndarray:
    return np.array([f"{letter}{i}" for i in range(n)], dtype=object)


def crowd(*rows: Sequence[Any]) -> Groups:
    """Groups of (node, size[, ready time, class, together])."""
    full = [tuple(row) + (0, 1, 0.0, 0, False)[len(row) :] for row in rows]
    node, size, ready, class_, together = zip(*full, strict=True)
    return Groups(ids("G", len(rows)), node, class_, ready, size, together)


def doors(network: Network, *rows: Sequence[Any]) -> Shelters:
    """Shelters of (node, room[, step-free room, intake]); by default all room is step-free."""
    node = np.array([row[0] for row in rows])
    n = len(rows)
    return Shelters(
        shelter_id=ids("S", n),
        name=np.full(n, "", dtype=object),
        node=node,
        lon=network.lon[node],
        lat=network.lat[node],
        capacity=[row[1] for row in rows],
        step_free_capacity=[row[2] if len(row) > 2 else row[1] for row in rows],
        intake_rate=[row[3] if len(row) > 3 else np.inf for row in rows],
        kind=np.full(n, "", dtype=object),
    )


def paces(*rows: Sequence[float]) -> Classes:
    """Classes of (speed on the level, on steps[, least width[, space]])."""
    return Classes(
        class_id=ids("c", len(rows)),
        speed_flat=[row[0] for row in rows],
        speed_steps=[row[1] for row in rows],
        min_width=[row[2] if len(row) > 2 else 0.0 for row in rows],
        space=[row[3] if len(row) > 3 else 1.0 for row in rows],
    )


def scene(
    network: Network,
    groups: Sequence[Sequence[Any]],
    shelters: Sequence[Sequence[Any]],
    *,
    classes: Sequence[Sequence[float]] = (WALKER,),
    deadline: float = 3600.0,
) -> Scenario:
    """A scenario of a network and the rows of `crowd`, `doors` and `paces`."""
    return Scenario(
        network,
        crowd(*groups),
        doors(network, *shelters),
        classes=paces(*classes),
        deadline=deadline,
    )


def on_the_grid(network: Network, metres: float) -> Network:
    """The network with every length a whole multiple of `metres`, so that no time is rounded."""
    whole = np.maximum(1, np.rint(network.length / metres)) * metres
    return replace(network, length=whole)


def shuffled(scenario: Scenario, seed: int) -> Scenario:
    """The same scenario with nodes, links, groups and shelters in another order, ids kept."""
    rng = np.random.default_rng(seed)
    network, groups, shelters = scenario.network, scenario.groups, scenario.shelters
    node, link = rng.permutation(network.n_nodes), rng.permutation(network.n_links)
    new_place = np.argsort(node)
    points = [network.geometry(i) for i in link]
    columns = (
        "link_id", "length", "width", "steps", "capacity", "kind", "name", "elevation",
        "wheelchair", "surface", "incline", "width_assumed", "capacity_assumed",
    )  # fmt: skip
    other = replace(
        network,
        **{name: getattr(network, name)[link] for name in columns},
        node_id=network.node_id[node],
        lon=network.lon[node],
        lat=network.lat[node],
        from_node=new_place[network.from_node[link]],
        to_node=new_place[network.to_node[link]],
        geometry_ptr=np.cumsum([0, *map(len, points)]),
        geometry_lon=np.concatenate(points)[:, 0],
        geometry_lat=np.concatenate(points)[:, 1],
    )
    g, s = rng.permutation(len(groups)), rng.permutation(len(shelters))
    group_columns = ("group_id", "class_", "ready_time", "size", "together")
    door_columns = (
        "shelter_id", "name", "lon", "lat", "capacity", "step_free_capacity", "intake_rate", "kind"
    )  # fmt: skip
    return Scenario(
        other,
        replace(
            groups,
            **{name: getattr(groups, name)[g] for name in group_columns},
            node=new_place[groups.node[g]],
        ),
        replace(
            shelters,
            **{name: getattr(shelters, name)[s] for name in door_columns},
            node=new_place[shelters.node[s]],
        ),
        classes=scenario.group_classes,
        deadline=scenario.deadline_s,
    )
