"""The fleet: boat crews and stretcher teams, read from a table and checked at the door."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from evacroute._frozen import equal_arrays, freeze
from evacroute.boats import seats_text
from evacroute.errors import Faults, InputError
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
from evacroute.reports import LoadReport
from evacroute.rescue.walking import nearest_nodes
from evacroute.streets import swap_hint

BOAT, TEAM = "boat", "stretcher team"
KINDS = (BOAT, TEAM)

SPEED = {BOAT: 1.9, TEAM: 0.8}
"""Where a table gives no speed [m/s]: 7 km/h by water, a stretcher out and back (assumptions)."""

BOARDING = {BOAT: 20.0, TEAM: 120.0}
"""Where a table gives no boarding time [s a person] (assumptions)."""

FARTHEST = {BOAT: 20_000.0, TEAM: 250.0}
"""How far a depot may be from the nearest node of the streets [m]."""

_COLUMNS = (
    "vehicle_id", "kind", "node_id", "lon", "lat", "seats", "wheelchair_places", "speed",
    "boarding_s", "available_from_s", "available_until_s",
)  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class Fleet:
    """Vehicles as parallel read-only arrays, all of shape (n_vehicles,).

    Parameters
    ----------
    vehicle_id
        Unique ids, text.
    kind
        "boat" or "stretcher team".
    lon, lat
        Where it starts [degrees].
    seats
        Persons it takes in all, >= 1.
    wheelchair_places
        How many of them may be people who cannot use steps, within ``seats``.
    speed
        On the water, or on foot without steps [m/s], > 0.
    boarding
        Seconds for each person who gets on, and as many for each who gets off [s], >= 0.
    available_from, available_until
        When it can start, and when its last people must be off [s after the alarm].
    report
        What the reader told, or None.

    Examples
    --------
    >>> import evacroute as er, pandas as pd
    >>> network = er.lagoon_network()
    >>> rows = [{"kind": "stretcher team", "seats": 1, "node_id": network.node_id[0]}]
    >>> fleet = er.read_fleet(pd.DataFrame(rows), network)
    >>> fleet.kind.tolist(), fleet.on_water.tolist(), fleet.seats.tolist()
    (['stretcher team'], [False], [1])
    """

    vehicle_id: NDArray[Any]
    kind: NDArray[Any]
    lon: NDArray[np.float64]
    lat: NDArray[np.float64]
    seats: NDArray[np.int64]
    wheelchair_places: NDArray[np.int64]
    speed: NDArray[np.float64]
    boarding: NDArray[np.float64]
    available_from: NDArray[np.float64]
    available_until: NDArray[np.float64]
    report: LoadReport | None = field(default=None)

    def __post_init__(self) -> None:
        columns: dict[str, Any] = {
            "vehicle_id": object,
            "kind": object,
            "lon": np.float64,
            "lat": np.float64,
            "seats": np.int64,
            "wheelchair_places": np.int64,
            "speed": np.float64,
            "boarding": np.float64,
            "available_from": np.float64,
            "available_until": np.float64,
        }
        freeze(self, columns, len(self.vehicle_id), InputError)
        faults = Faults("fleet")
        if not len(self.vehicle_id):
            faults.add("there is no vehicle, expected at least one")
        if len(set(self.vehicle_id.tolist())) != len(self.vehicle_id):
            faults.add("vehicle_id is not unique")
        for i, name in enumerate(self.vehicle_id):
            for message in self._faults(i):
                faults.add(f"vehicle {name}: {message}")
        faults.raise_if_any(InputError)

    def _faults(self, i: int) -> list[str]:
        seats, places = self.seats[i], self.wheelchair_places[i]
        begin, end = self.available_from[i], self.available_until[i]
        speed, boarding = self.speed[i], self.boarding[i]
        rules = (
            (self.kind[i] in KINDS, f"kind is {self.kind[i]!r}, expected one of {KINDS}"),
            (seats >= 1, f"seats is {seats}, expected >= 1"),
            (0 <= places <= seats, f"wheelchair_places is {places}, expected 0 to seats ({seats})"),
            (0 < speed < np.inf, f"speed is {speed} m/s, expected a number > 0"),
            (0 <= boarding < np.inf, f"boarding is {boarding} s, expected a number >= 0"),
            (0 <= begin < np.inf, f"available_from is {begin} s, expected a number >= 0"),
            (end > begin, f"available_until is {end} s, expected more than {begin} s"),
            (abs(self.lon[i]) <= 180 and abs(self.lat[i]) <= 90, "its position is not in degrees"),
        )
        return [message for kept, message in rules if not kept]

    def __len__(self) -> int:
        return len(self.vehicle_id)

    @property
    def on_water(self) -> NDArray[np.bool_]:
        """Which vehicles are boats, shape (n_vehicles,)."""
        return np.asarray(self.kind == BOAT, dtype=bool)

    def equals(self, other: object) -> bool:
        """Whether the other holds equal vehicles (the report is not compared).

        Parameters
        ----------
        other
            Anything.

        Returns
        -------
        bool
            False where it is something else than a fleet.
        """
        return equal_arrays(self, other, skip=("report",))


def read_fleet(source: str | Path | pd.DataFrame, network: Network) -> Fleet:
    """Read a fleet, one row a vehicle.

    Columns: ``kind`` (boat or stretcher team), ``seats`` [persons], and ``node_id`` or ``lon`` and
    ``lat`` of where it starts; optional ``vehicle_id``, ``wheelchair_places`` (default 1),
    ``speed`` [m/s] and ``boarding_s`` [s a person] (defaults by kind: ``SPEED``, ``BOARDING``),
    ``available_from_s`` (default 0) and ``available_until_s`` (default: no end) [s after the
    alarm].

    Parameters
    ----------
    source
        Path of a ``.csv`` or ``.csv.gz``, or a DataFrame.
    network
        The streets; a team must start near one, a boat not far out of town.

    Returns
    -------
    Fleet
        In the order of the table.

    Raises
    ------
    InputError
        If the file cannot be read, a column is missing, or values are not what they must be: all
        faults are named together.

    Examples
    --------
    >>> import evacroute as er, pandas as pd
    >>> network = er.lagoon_network()
    >>> row = {"kind": "stretcher team", "seats": 2, "node_id": network.node_id[0]}
    >>> fleet = er.read_fleet(pd.DataFrame([row]), network)
    >>> fleet.wheelchair_places.tolist(), fleet.available_from.tolist()
    ([1], [0.0])
    """
    where = name_of(source)
    frame = read_table(
        source,
        required=("kind", "seats"),
        optional=_COLUMNS,
        text=("vehicle_id", "kind", "node_id"),
        aliases={"x_coord": "lon", "y_coord": "lat", "id": "vehicle_id"},
        what="vehicle",
        error=InputError,
    )
    faults = Faults(where)
    vehicle_id = unique_ids(frame, "vehicle_id", faults, prefix="V")
    kind = np.array([_kind(word) for word in words(frame, "kind")], dtype=object)
    for i in np.flatnonzero([word not in KINDS for word in kind]).tolist():
        faults.add(f"{row_name(frame, i)}: kind is {kind[i]!r}, expected boat or stretcher team")
    seats = numbers(frame, "seats", faults, low=1, high=10_000, whole=True, unit="persons")
    places = numbers(frame, "wheelchair_places", faults, low=0, whole=True, default=1.0)
    for i in np.flatnonzero((places > seats) & (seats >= 1)).tolist():
        faults.add(
            f"{row_name(frame, i)}: wheelchair_places is {places[i]:g}, expected 0 to its "
            f"{seats_text(seats[i])}"
        )
    speed = numbers(frame, "speed", faults, above=0, high=50, default=np.nan, unit="m/s")
    boarding = numbers(frame, "boarding_s", faults, low=0, high=7200, default=np.nan, unit="s")
    begin = numbers(frame, "available_from_s", faults, low=0, default=0.0, unit="s")
    end = numbers(
        frame, "available_until_s", faults, low=0, default=np.inf, infinite=True, unit="s"
    )
    for i in np.flatnonzero(end <= begin).tolist():
        faults.add(
            f"{row_name(frame, i)}: available_until_s is {end[i]:g} s, expected more than its "
            f"available_from_s of {begin[i]:g} s"
        )
    lon, lat = _depots(frame, kind, network, faults)
    faults.raise_if_any(InputError)
    report = LoadReport(where, {"vehicles": len(frame)})
    note_unread(report, frame, _COLUMNS)
    return Fleet(
        vehicle_id=vehicle_id,
        kind=kind,
        lon=lon,
        lat=lat,
        seats=seats.astype(np.int64),
        wheelchair_places=places.astype(np.int64),
        speed=np.where(np.isnan(speed), [SPEED[word] for word in kind], speed),
        boarding=np.where(np.isnan(boarding), [BOARDING[word] for word in kind], boarding),
        available_from=begin,
        available_until=end,
        report=report,
    )


def _kind(word: str) -> str:
    plain = word.strip().lower().replace("_", " ").replace("-", " ")
    return TEAM if plain in ("stretcher", "team", "stretcher team") else plain


def _depots(
    frame: pd.DataFrame, kind: NDArray[Any], network: Network, faults: Faults
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Where the vehicles start: at a node by id, else at a position that must not be far off."""
    n = len(frame)
    lon, lat = np.full(n, np.nan), np.full(n, np.nan)
    ids = words(frame, "node_id")
    known = {str(name): i for i, name in enumerate(network.node_id)}
    for i in np.flatnonzero(ids != "").tolist():
        if ids[i] in known:
            lon[i], lat[i] = network.lon[known[ids[i]]], network.lat[known[ids[i]]]
        else:
            faults.add(f"{row_name(frame, i)}: node_id {ids[i]!r} is not in the network")
    rest = np.flatnonzero(ids == "")
    if not len(rest):
        return lon, lat
    if "lon" not in frame or "lat" not in frame:
        faults.add(
            f"{row_name(frame, int(rest[0]))}: there is no node_id and no lon and lat, expected "
            "where the vehicle starts",
            count=len(rest),
        )
        return lon, lat
    some = frame.iloc[rest].reset_index(drop=True)
    index = frame.attrs.get("index")
    some.attrs["index"] = [r + 2 if index is None else index[r] for r in rest.tolist()]
    lon[rest], lat[rest] = degrees(some, "lon", "lat", faults)
    read = rest[np.isfinite(lon[rest]) & (np.abs(lon[rest]) <= 180) & (np.abs(lat[rest]) <= 90)]
    gap = nearest_nodes(network, lon[read], lat[read])[0]
    for i, far in zip(read.tolist(), gap.tolist(), strict=True):
        if far > FARTHEST.get(kind[i], np.inf):
            faults.add(
                f"{row_name(frame, i)}: position ({lon[i]:.6g}, {lat[i]:.6g}) is {far:,.0f} m from "
                f"the nearest street, expected at most {FARTHEST[kind[i]]:,.0f} m for a {kind[i]}"
                f"{swap_hint(network, lon[i], lat[i])}"
            )
    return lon, lat
