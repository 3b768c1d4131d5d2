"""A city many times as large: copies of the lagoon sample side by side, joined by bridges."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

import evacroute as er
from evacroute.load.samples import lagoon
from evacroute.network import KINDS
from evacroute.people import Groups
from evacroute.units import to_metres

GAP = 60.0
"""Water between the copies [m]."""

LEVELS = (0.2, 0.5, 0.8)
"""Where along a side its bridges stand, as shares of its length."""


def tiled(
    columns: int,
    rows: int = 1,
    *,
    people: int = 100_000,
    room: float = 1.37,
    deadline: float | str = "90 min",
    seed: int = 0,
) -> er.Scenario:
    """Lay out columns x rows copies of the lagoon, their people as groups.

    Parameters
    ----------
    columns, rows
        Copies from west to east and from south to north.
    people
        Persons in each copy; all copies have the same.
    room
        Places in the shelters per person; the sample's own are scaled to it.
    deadline
        As in `Scenario`.
    seed
        Of the people.
    """
    one = lagoon(people, seed=seed, deadline=deadline)
    network, shelters, groups = one.network, one.shelters, one.groups
    n, n_nodes = columns * rows, network.n_nodes
    lon_m, lat_m = _degrees_per_metre(network)
    wide, high = np.ptp(network.lon) + GAP * lon_m, np.ptp(network.lat) + GAP * lat_m
    column, row = np.arange(n) % columns, np.arange(n) // columns
    lon = (network.lon + (column * wide)[:, None]).ravel()
    lat = (network.lat + (row * high)[:, None]).ravel()
    bridges = _bridges(network, columns, rows)
    ends = np.concatenate([bridges, bridges[:, ::-1]])
    factor = room * people / shelters.capacity.sum()
    capacity = np.ceil(shelters.capacity * factor).astype(np.int64)
    step_free = np.ceil(shelters.step_free_capacity * factor).astype(np.int64)

    def links(values: NDArray[Any], bridge: Any) -> NDArray[Any]:
        return np.concatenate([np.tile(values, n), np.full(len(ends), bridge, values.dtype)])

    def nodes(values: NDArray[np.int32], size: int) -> NDArray[np.int32]:
        return (values + size * np.arange(n)[:, None]).ravel().astype(np.int32)

    x, y = to_metres(lon, lat, (float(lon.mean()), float(lat.mean())))
    across = np.hypot(*(v[ends[:, 0]] - v[ends[:, 1]] for v in (x, y)))
    from_ = np.concatenate([nodes(network.from_node, n_nodes), ends[:, 0]])
    to = np.concatenate([nodes(network.to_node, n_nodes), ends[:, 1]])
    city = er.Network(
        node_id=_names(network.node_id, n),
        lon=lon,
        lat=lat,
        link_id=np.concatenate([_names(network.link_id, n), _numbers("join", len(ends))]),
        from_node=from_,
        to_node=to,
        length=np.concatenate([np.tile(network.length, n), np.maximum(across, 1.0)]),
        width=links(network.width, 3.0),
        steps=links(network.steps, 0),
        capacity=links(network.capacity, 3.5),
        kind=links(network.kind, KINDS.index("bridge")),
        name=links(network.name, ""),
        elevation=links(network.elevation, np.nan),
        wheelchair=links(network.wheelchair, 1),
        surface=links(network.surface, ""),
        incline=links(network.incline, np.nan),
        width_assumed=links(network.width_assumed, True),
        capacity_assumed=links(network.capacity_assumed, True),
        geometry_ptr=2 * np.arange(len(from_) + 1),
        geometry_lon=np.column_stack([lon[from_], lon[to]]).ravel(),
        geometry_lat=np.column_stack([lat[from_], lat[to]]).ravel(),
    )
    refuge = er.Shelters(
        shelter_id=_names(shelters.shelter_id, n),
        name=np.tile(shelters.name, n),
        node=nodes(shelters.node, n_nodes),
        lon=(shelters.lon + (column * wide)[:, None]).ravel(),
        lat=(shelters.lat + (row * high)[:, None]).ravel(),
        capacity=np.tile(capacity, n),
        step_free_capacity=np.tile(step_free, n),
        intake_rate=np.tile(shelters.intake_rate, n),
        kind=np.tile(shelters.kind, n),
    )
    crowd = Groups(
        group_id=_numbers("G", n * len(groups)),
        node=nodes(groups.node, n_nodes),
        class_=np.tile(groups.class_, n),
        ready_time=np.tile(groups.ready_time, n),
        size=np.tile(groups.size, n),
        together=np.tile(groups.together, n),
    )
    return er.Scenario(city, crowd, refuge, classes=one.group_classes, deadline=deadline)


def _degrees_per_metre(network: er.Network) -> tuple[float, float]:
    lon, lat = network.origin
    x, y = to_metres(np.array([lon + 0.01]), np.array([lat + 0.01]), network.origin)
    return 0.01 / float(x[0]), 0.01 / float(y[0])


def _bridges(network: er.Network, columns: int, rows: int) -> NDArray[np.int32]:
    """Pairs of nodes to join: of each copy and its neighbours to the east and to the north."""
    n_nodes = network.n_nodes
    pairs = []
    for along, other, steps in (
        (network.lat, network.lon, (1, 0)),
        (network.lon, network.lat, (0, 1)),
    ):
        for level in LEVELS:
            near = np.abs(along - (along.min() + level * np.ptp(along))) < 0.05 * np.ptp(along)
            some = np.flatnonzero(near)
            far, close = some[np.argmax(other[some])], some[np.argmin(other[some])]
            for r in range(rows - steps[1]):
                for c in range(columns - steps[0]):
                    here, there = r * columns + c, (r + steps[1]) * columns + c + steps[0]
                    pairs.append((here * n_nodes + far, there * n_nodes + close))
    return np.array(pairs, np.int32).reshape(-1, 2)


def _names(names: NDArray[Any], n: int) -> NDArray[Any]:
    if n == 1:
        return names.copy()
    known = [str(name) for name in names]
    return np.array([f"{t}.{name}" for t in range(n) for name in known], dtype=object)


def _numbers(prefix: str, n: int) -> NDArray[Any]:
    return np.array([f"{prefix}{i}" for i in range(n)], dtype=object)
