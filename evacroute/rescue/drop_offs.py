"""Where crews bring people: shelters with room, or landings and hospitals that are given."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from evacroute.errors import Faults, InputError
from evacroute.load.reach import step_free, walkable
from evacroute.load.tables import (
    degrees,
    name_of,
    note_unread,
    numbers,
    read_table,
    row_name,
    unique_ids,
    words,
)
from evacroute.network import Network
from evacroute.plan import Plan
from evacroute.reports import LoadReport
from evacroute.rescue.pickups import Landings
from evacroute.rescue.walking import nearest_nodes, nearest_of, street_graph

UNLIMITED = 10_000_000
"""Room of a drop-off that has no limit [persons]."""

_OPTIONAL = ("drop_off_id", "name", "capacity", "step_free_capacity")


@dataclass(frozen=True, slots=True)
class DropOffs:
    """Where crews bring people; arrays of shape (n_drop_offs,).

    Parameters
    ----------
    id, name
        Texts.
    node
        Node of the door, for teams on foot.
    lon, lat
        The door [degrees].
    water_lon, water_lat
        Where boats land [degrees].
    room, step_free_room
        Persons it can still take, and how many of them who cannot use steps.
    report
        What the reader told, or None.
    """

    id: NDArray[Any]
    name: NDArray[Any]
    node: NDArray[np.int64]
    lon: NDArray[np.float64]
    lat: NDArray[np.float64]
    water_lon: NDArray[np.float64]
    water_lat: NDArray[np.float64]
    room: NDArray[np.int64]
    step_free_room: NDArray[np.int64]
    report: LoadReport | None = field(default=None)

    def __len__(self) -> int:
        return len(self.id)


def shelters_with_room(plan: Plan, landings: Landings) -> DropOffs:
    """Take the plan's shelters that have places left.

    A boat lands at the canal-side point nearest to the door by a step-free way, by any way where
    there is no such.
    """
    scenario, shelters = plan.scenario, plan.scenario.shelters
    network, frame = scenario.network, plan.shelters_frame()
    room = (frame["capacity"] - frame["filled"]).to_numpy(np.int64)
    free = (frame["step_free_capacity"] - frame["step_free_filled"]).to_numpy(np.int64)
    room, node = np.maximum(room, 0), shelters.node.astype(np.int64)
    kept = np.flatnonzero(room > 0)
    quay = _landing_of(node, network, landings)
    return DropOffs(
        id=shelters.shelter_id[kept], name=shelters.name[kept], node=node[kept],
        lon=shelters.lon[kept], lat=shelters.lat[kept],
        water_lon=network.lon[quay[kept]], water_lat=network.lat[quay[kept]],
        room=room[kept], step_free_room=np.clip(free[kept], 0, room[kept]),
    )  # fmt: skip


def _landing_of(node: NDArray[np.int64], network: Network, landings: Landings) -> NDArray[np.int64]:
    found = node.copy()
    for usable in (walkable(network), step_free(network)):
        graph = street_graph(network, np.where(usable, network.length, np.inf))
        at = nearest_of(graph, landings.nodes)[1][node]
        found = np.where(at >= 0, at, found)
    return found


def read_drop_offs(source: str | Path | pd.DataFrame, network: Network) -> DropOffs:
    """Read landings and hospitals, one row each.

    Columns: ``lon`` and ``lat``; optional ``drop_off_id``, ``name``, ``capacity`` [persons] and
    ``step_free_capacity`` (default: no limit). Boats land at the position itself; teams come to
    the nearest node of the streets.

    Raises
    ------
    InputError
        If the file cannot be read or values are not what they must be: all are named together.
    """
    frame = read_table(
        source,
        required=("lon", "lat"),
        optional=_OPTIONAL,
        text=("drop_off_id", "name"),
        aliases={"id": "drop_off_id", "x_coord": "lon", "y_coord": "lat"},
        what="drop-off",
        error=InputError,
    )
    faults = Faults(name_of(source))
    ids = unique_ids(frame, "drop_off_id", faults, prefix="D")
    lon, lat = degrees(frame, "lon", "lat", faults)
    limits = []
    for column in ("capacity", "step_free_capacity"):
        values = numbers(
            frame, column, faults, low=0, whole=True, infinite=True, default=np.inf, unit="persons"
        )
        limits.append(np.minimum(values, UNLIMITED))
    room, free = limits
    given = (free < UNLIMITED) & (free > room)
    for i in np.flatnonzero(given).tolist():
        faults.add(
            f"{row_name(frame, i)}: step_free_capacity is {free[i]:g} persons, expected 0 to the "
            f"capacity of {room[i]:g}"
        )
    faults.raise_if_any(InputError)
    node = nearest_nodes(network, lon, lat)[1]
    report = LoadReport(name_of(source), {"drop-offs": len(frame)})
    note_unread(report, frame, _OPTIONAL)
    return DropOffs(
        id=ids, name=words(frame, "name"), node=node, lon=lon, lat=lat, water_lon=lon,
        water_lat=lat, room=room.astype(np.int64),
        step_free_room=np.minimum(free, room).astype(np.int64), report=report,
    )  # fmt: skip
