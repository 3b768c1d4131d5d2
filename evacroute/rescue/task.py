"""The routing task in whole seconds: stops, travel times, windows, and what each vehicle takes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from evacroute.network import Network
from evacroute.rescue.drop_offs import DropOffs
from evacroute.rescue.fleet import BOAT, Fleet
from evacroute.rescue.pickups import CARRY_SPEED, FETCH_SPEED
from evacroute.rescue.walking import Blocked, between, crew_metres, nearest_nodes, street_graph
from evacroute.units import to_metres, to_ticks

DETOUR = 1.4
"""Metres by water for each metre as the crow flies, where no canals are given (assumption)."""

NEVER = 10**7
"""Seconds of a way that does not exist."""

LATE, NO_PLACE, NO_ROOM, TOO_FAR, NO_TIME = (
    "not ready by the latest time", "no vehicle of the fleet can take them",
    "no drop-off with room can be reached", "no vehicle gets there by the latest time",
    "no vehicle is free in time",
)  # fmt: skip
"""Why a pick-up is not reached."""


@dataclass(frozen=True, slots=True)
class Task:
    """What the router solves; all times are whole seconds after the alarm.

    Stops are numbered: vehicles' starts 0..V-1, then pick-ups, then the drop-off of each pick-up.

    Parameters
    ----------
    pickup
        Rows of the table of pick-ups that can be reached at all, shape (n,).
    drop_off
        Position of each one's drop-off, shape (n,).
    travel
        Seconds from stop to stop for each vehicle type, shape (n_types, V + 2n, V + 2n).
    service
        Seconds to board or alight at each stop for each vehicle type, shape (n_types, V + 2n).
    type_of
        Type of each vehicle, shape (V,).
    can
        Which vehicles may take which pick-up, shape (V, n).
    earliest, latest
        When boarding may begin, and must at the latest, shape (n,).
    persons, carried, slow
        Persons of each pick-up, those who cannot use steps, and who are slow, shape (n,).
    seats, places, begin, end
        Of each vehicle, shape (V,).
    reason
        Why each row of the table of pick-ups cannot be reached, "" where it can.
    """

    pickup: NDArray[np.int64]
    drop_off: NDArray[np.int64]
    travel: NDArray[np.int64]
    service: NDArray[np.int64]
    type_of: NDArray[np.int64]
    can: NDArray[np.bool_]
    earliest: NDArray[np.int64]
    latest: NDArray[np.int64]
    persons: NDArray[np.int64]
    carried: NDArray[np.int64]
    slow: NDArray[np.int64]
    seats: NDArray[np.int64]
    places: NDArray[np.int64]
    begin: NDArray[np.int64]
    end: NDArray[np.int64]
    reason: NDArray[Any]

    def __len__(self) -> int:
        return len(self.pickup)


def _up(values: Any) -> NDArray[np.int64]:
    """Whole seconds, never fewer: a plan must not hope for parts of them."""
    return to_ticks(np.ceil(np.asarray(values, dtype=np.float64) - 1e-6), 1)


def make_task(
    table: pd.DataFrame,
    drops: DropOffs,
    fleet: Fleet,
    network: Network,
    canals: Network | None,
    blocked: Blocked | None = None,
) -> Task:
    """Set up the routing task.

    Each pick-up that some vehicle can take and reach in time gets a drop-off: those with most
    people who cannot use steps choose first, each the one nearest by the quickest vehicle type
    that has room for all of them.
    """
    n, vehicles = len(table), len(fleet)
    kinds, type_of, type_rows = _types(fleet)
    metres = _metres(table, drops, fleet, network, canals, blocked)
    persons = table["persons"].to_numpy(np.int64)
    carried = table["cannot_use_steps"].to_numpy(np.int64)
    board = np.array([_boarding(table, fleet, v) for v in type_rows]).reshape(len(type_rows), n)
    alight = np.outer(fleet.boarding[type_rows], persons)
    speed = fleet.speed[type_rows]
    travel = np.stack(
        [np.minimum(metres[kind] / s, NEVER) for kind, s in zip(kinds, speed, strict=True)]
    )
    takes = (persons <= fleet.seats[:, None]) & (carried <= fleet.wheelchair_places[:, None])
    off_street = (table["node_id"] == "").to_numpy()
    takes &= fleet.on_water[:, None] | ~off_street
    water = bool(fleet.on_water.any())
    ready = table["at_landing_s" if water else "ready_s"].to_numpy(float)
    earliest = _up(ready)
    boards = np.where(takes[:, :], _up(board)[type_of], 0)
    latest = np.floor(table["latest_s"].to_numpy(float)).astype(np.int64) - boards.max(0, initial=0)
    begin = _up(fleet.available_from)
    reach = begin[:, None] + _up(travel)[type_of, np.arange(vehicles), vehicles : vehicles + n]
    in_time = takes & (np.maximum(reach, earliest) <= latest)
    reason = np.full(n, "", dtype=object)
    reason[~in_time.any(axis=0)] = TOO_FAR
    reason[~takes.any(axis=0)] = NO_PLACE
    reason[ready > table["latest_s"].to_numpy(float)] = LATE
    drop = _choose_drop_offs(drops, travel, type_of, in_time, persons, carried, vehicles)
    reason[(reason == "") & (drop < 0)] = NO_ROOM
    kept = np.flatnonzero(reason == "")
    stops = np.concatenate([np.arange(vehicles), vehicles + kept, vehicles + n + drop[kept]])
    service = np.concatenate(
        [np.zeros((len(type_rows), vehicles)), board[:, kept], alight[:, kept]], axis=1
    )
    end = np.where(np.isinf(fleet.available_until), NEVER, np.floor(fleet.available_until))
    return Task(
        pickup=kept, drop_off=drop[kept], travel=_up(travel[:, stops][:, :, stops]),
        service=_up(service), type_of=type_of, can=in_time[:, kept], earliest=earliest[kept],
        latest=latest[kept], persons=persons[kept], carried=carried[kept],
        slow=table["slow"].to_numpy(np.int64)[kept], seats=fleet.seats,
        places=fleet.wheelchair_places, begin=begin, end=end.astype(np.int64), reason=reason,
    )  # fmt: skip


def _types(fleet: Fleet) -> tuple[list[str], NDArray[np.int64], NDArray[np.int64]]:
    """Tell vehicles that move and board alike: kind of each type, type of each vehicle, a row."""
    keys = list(zip(fleet.kind, fleet.speed, fleet.boarding, strict=True))
    first: dict[Any, int] = {}
    for v, key in enumerate(keys):
        first.setdefault(key, v)
    order = list(first)
    type_of = np.array([order.index(key) for key in keys], dtype=np.int64)
    return [key[0] for key in order], type_of, np.array(list(first.values()), dtype=np.int64)


def _boarding(table: pd.DataFrame, fleet: Fleet, v: int) -> NDArray[np.float64]:
    """Seconds that a vehicle stays at each pick-up; a boat's crew carries people to the landing."""
    stay = table["persons"].to_numpy(float) * fleet.boarding[v]
    if fleet.kind[v] == BOAT:
        walks = np.maximum(table["cannot_use_steps"].to_numpy(float), 1.0)
        there_and_back = table["landing_m"].to_numpy(float) * (1 / FETCH_SPEED + 1 / CARRY_SPEED)
        stay = stay + np.where(table["carry_to_landing"], walks * there_and_back, 0.0)
    return np.asarray(stay)


def _metres(
    table: pd.DataFrame,
    drops: DropOffs,
    fleet: Fleet,
    network: Network,
    canals: Network | None,
    blocked: Blocked | None,
) -> dict[str, NDArray[np.float64]]:
    """Metres between all starts, pick-ups and drop-offs by kind of vehicle, inf = no way."""
    found = {}
    known = {str(name): i for i, name in enumerate(network.node_id)}
    places = np.array([known.get(name, -1) for name in table["node_id"]], dtype=np.int64)
    for kind in sorted(set(fleet.kind.tolist())):
        if kind == BOAT:
            lon = np.concatenate([fleet.lon, table["landing_lon"], drops.water_lon])
            lat = np.concatenate([fleet.lat, table["landing_lat"], drops.water_lat])
            found[kind] = _by_water(lon.astype(float), lat.astype(float), network, canals)
            continue
        gap, start = nearest_nodes(network, fleet.lon, fleet.lat)
        stops = np.concatenate([start, places, drops.node]).astype(np.int64)
        metres = between(street_graph(network, crew_metres(network, blocked)), stops)
        metres[stops < 0] = np.inf
        metres[:, stops < 0] = np.inf
        # Teams start within a short walk of the nearest node.
        metres[: len(fleet)] += gap[:, None]
        found[kind] = metres
    return found


def _by_water(
    lon: NDArray[np.float64], lat: NDArray[np.float64], network: Network, canals: Network | None
) -> NDArray[np.float64]:
    """Metres along the canals, to and from them straight; without canals straight with a detour."""
    x, y = to_metres(lon, lat, network.origin)
    if canals is None:
        return np.asarray(DETOUR * np.hypot(x[:, None] - x, y[:, None] - y))
    gap, at = nearest_nodes(canals, lon, lat)
    length = np.where(canals.capacity > 0, canals.length, np.inf)
    metres = between(street_graph(canals, length), at)
    metres = metres + gap[:, None] + gap
    # Stops at one landing are one place, however far from the canals' nodes.
    metres[(x[:, None] == x) & (y[:, None] == y)] = 0.0
    return metres


def _choose_drop_offs(
    drops: DropOffs,
    travel: NDArray[np.float64],
    type_of: NDArray[np.int64],
    in_time: NDArray[np.bool_],
    persons: NDArray[np.int64],
    carried: NDArray[np.int64],
    vehicles: int,
) -> NDArray[np.int64]:
    """Give each pick-up the nearest drop-off with room, -1 where there is none."""
    n = len(persons)
    room, free = drops.room.copy(), drops.step_free_room.copy()
    chosen = np.full(n, -1, dtype=np.int64)
    for i in np.lexsort((np.arange(n), -persons, -carried)).tolist():
        types = np.unique(type_of[in_time[:, i]])
        if not len(types) or not len(drops):
            continue
        near = travel[types, vehicles + i, vehicles + n :].min(axis=0)
        near[(room < persons[i]) | (free < carried[i])] = NEVER
        best = int(near.argmin())
        if near[best] < NEVER:
            chosen[i] = best
            room[best] -= persons[i]
            free[best] -= carried[i]
    return chosen
