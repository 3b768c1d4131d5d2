"""Trips of a GTFS feed: stops in order, each with the times at which the boat is there."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from evacroute.errors import Faults
from evacroute.load.gtfs_calendar import clock_seconds
from evacroute.load.gtfs_files import Feed, picked, rows_of, take_faults
from evacroute.load.mending import note
from evacroute.load.tables import numbers
from evacroute.reports import LoadReport
from evacroute.units import to_metres

FERRIES = frozenset({4, *range(1000, 1100), *range(1200, 1300)})
"""Values of ``route_type`` for boats: ferry, and the extended types of water and ferry service."""

_SAID = {"1": 1, "2": -1}


@dataclass(frozen=True, eq=False)
class Trip:
    """One trip: what is known of it, and a row a stop.

    Parameters
    ----------
    trip_id, route_id, service_id, shape_id
        As in the feed.
    line
        The route's short name, else its long name, else its id.
    wheelchair
        ``wheelchair_accessible``: 1 yes, -1 no, 0 nothing said.
    stop
        Rows of the table of stops, shape (n,).
    arrive, depart
        Seconds after the service day's begin, shape (n,).
    pick_up, drop_off
        Whether one may step on and off, shape (n,).
    travelled
        ``shape_dist_traveled``, NaN where it is not given, shape (n,).
    """

    trip_id: str
    route_id: str
    service_id: str
    shape_id: str
    line: str
    wheelchair: int
    stop: NDArray[np.int64]
    arrive: NDArray[np.float64]
    depart: NDArray[np.float64]
    pick_up: NDArray[np.bool_]
    drop_off: NDArray[np.bool_]
    travelled: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Stops:
    """Stops of a feed, shape (n_stops,); a platform without position or word takes its station's.

    Parameters
    ----------
    stop_id, name
        As in the feed; the name is the id where there is none.
    lon, lat
        Degrees, NaN where the feed has none.
    wheelchair
        ``wheelchair_boarding``: 1 yes, -1 no, 0 nothing said.
    """

    stop_id: NDArray[Any]
    name: NDArray[Any]
    lon: NDArray[np.float64]
    lat: NDArray[np.float64]
    wheelchair: NDArray[np.int8]


def read_stops(feed: Feed, faults: Faults) -> Stops:
    """Read ``stops.txt``; positions are checked where they are used."""
    name = "stops.txt"
    frame = feed.table(
        name,
        required=("stop_id",),
        optional=("stop_name", "stop_lat", "stop_lon", "parent_station", "wheelchair_boarding"),
    )
    ids = frame["stop_id"].to_numpy(dtype=object)
    first = _first_rows(frame, name, "stop_id", faults)
    mine = Faults("")
    lon = numbers(frame, "stop_lon", mine, low=-180, high=180, default=np.nan)
    lat = numbers(frame, "stop_lat", mine, low=-90, high=90, default=np.nan)
    take_faults(faults, name, mine)
    said = np.array([_SAID.get(word, 0) for word in frame["wheelchair_boarding"]], dtype=np.int8)
    parent = np.array([first.get(word, -1) for word in frame["parent_station"]], dtype=np.int64)
    for i in np.flatnonzero((parent < 0) & (frame["parent_station"] != "").to_numpy()).tolist():
        word = frame["parent_station"].iloc[i]
        faults.add(f"{rows_of(frame, name, i)}: parent_station is {word!r}, expected a stop_id")
    # A boarding area's parent is a platform, whose parent is a station: two steps at most.
    for _ in range(2):
        up = np.maximum(parent, 0)
        bare = (np.isnan(lon) | np.isnan(lat)) & (parent >= 0)
        lon, lat = np.where(bare, lon[up], lon), np.where(bare, lat[up], lat)
        said = np.where((said == 0) & (parent >= 0), said[up], said)
    names = frame["stop_name"].where(frame["stop_name"] != "", frame["stop_id"])
    return Stops(ids, names.to_numpy(dtype=object), lon, lat, said)


def read_trips(
    feed: Feed,
    stops: Stops,
    services: Collection[str],
    known_services: Collection[str],
    report: LoadReport,
    faults: Faults,
    *,
    route_types: Collection[int] = FERRIES,
) -> list[Trip]:
    """Read the trips of boats that run on the days asked for, in the order of ``trips.txt``.

    Parameters
    ----------
    feed
        The files.
    stops
        From `read_stops`.
    services
        Services that run on one of the days.
    known_services
        All that the calendar names.
    report, faults
        Where counts and faults are noted.
    route_types
        Which values of ``route_type`` are boats.
    """
    lines = _lines(feed, route_types, report, faults)
    name = "trips.txt"
    optional = ("shape_id", "wheelchair_accessible")
    trips = feed.table(name, required=("route_id", "service_id", "trip_id"), optional=optional)
    _first_rows(trips, name, "trip_id", faults)
    for i in np.flatnonzero(~trips["route_id"].isin(list(lines))).tolist():
        word = trips["route_id"].iloc[i]
        faults.add(f"{rows_of(trips, name, i)}: route_id is {word!r}, expected an id of routes.txt")
    afloat = trips["route_id"].isin([route for route, line in lines.items() if line is not None])
    runs = trips["service_id"].isin(list(services))
    report.counts["trips of boats"] = int(afloat.sum())
    never = afloat & ~trips["service_id"].isin(list(known_services))
    note(report.set_aside, "trips whose service the calendar does not name", never.sum())
    wanted = trips[afloat & runs].drop_duplicates("trip_id")
    every = set(trips["trip_id"])
    groups = _stop_times(feed, stops, every, set(wanted["trip_id"]), report, faults)
    found = []
    for row in wanted.itertuples(index=False):
        rows = groups.get(str(row.trip_id))
        if rows is None or len(rows["stop"]) < 2:
            note(report.set_aside, "trips with fewer than two stops", 1)
            continue
        found.append(
            Trip(
                trip_id=str(row.trip_id),
                route_id=str(row.route_id),
                service_id=str(row.service_id),
                shape_id=str(row.shape_id),
                line=lines[str(row.route_id)] or "",
                wheelchair=_SAID.get(str(row.wheelchair_accessible), 0),
                **rows,
            )
        )
    return found


def _lines(
    feed: Feed, route_types: Collection[int], report: LoadReport, faults: Faults
) -> dict[str, str | None]:
    """Name of each route; None of those that are no boats."""
    name = "routes.txt"
    frame = feed.table(
        name,
        required=("route_id", "route_type"),
        optional=("route_short_name", "route_long_name"),
    )
    _first_rows(frame, name, "route_id", faults)
    mine = Faults("")
    kinds = numbers(frame, "route_type", mine, low=0, high=9999, whole=True)
    take_faults(faults, name, mine)
    lines: dict[str, str | None] = {}
    for row, kind in zip(frame.itertuples(index=False), kinds, strict=True):
        line = str(row.route_short_name or row.route_long_name or row.route_id)
        lines[str(row.route_id)] = line if kind in route_types else None
    boats = sum(line is not None for line in lines.values())
    report.counts |= {"routes": len(lines), "routes of boats": boats}
    note(report.set_aside, "routes that are no boats", len(lines) - boats)
    return lines


def _stop_times(
    feed: Feed,
    stops: Stops,
    every: set[str],
    wanted: set[str],
    report: LoadReport,
    faults: Faults,
) -> dict[str, dict[str, Any]]:
    """Columns of `Trip` with a row a stop, by trip."""
    name = "stop_times.txt"
    frame = feed.table(
        name,
        required=("trip_id", "stop_id", "stop_sequence", "arrival_time", "departure_time"),
        optional=("pickup_type", "drop_off_type", "shape_dist_traveled"),
    )
    for i in np.flatnonzero(~frame["trip_id"].isin(every)).tolist():
        word = frame["trip_id"].iloc[i]
        faults.add(f"{rows_of(frame, name, i)}: trip_id is {word!r}, expected an id of trips.txt")
    frame = picked(frame, frame["trip_id"].isin(wanted).to_numpy())
    if frame.empty:
        return {}
    place = {stop: i for i, stop in reversed(list(enumerate(stops.stop_id)))}
    stop = np.array([place.get(word, -1) for word in frame["stop_id"]], dtype=np.int64)
    for i in np.flatnonzero(stop < 0).tolist():
        word = frame["stop_id"].iloc[i]
        faults.add(f"{rows_of(frame, name, i)}: stop_id is {word!r}, expected an id of stops.txt")
    mine = Faults("")
    sequence = numbers(frame, "stop_sequence", mine, low=0, whole=True)
    travelled = numbers(frame, "shape_dist_traveled", mine, low=0, default=np.nan)
    take_faults(faults, name, mine)
    times = {}
    for column in ("arrival_time", "departure_time"):
        times[column] = clock_seconds(frame[column])
        for i in np.flatnonzero(np.isnan(times[column]) & (frame[column] != "")).tolist():
            word = frame[column].iloc[i]
            faults.add(
                f"{rows_of(frame, name, i)}: {column} is {word!r}, expected HH:MM:SS (past "
                "midnight 24:00:00 and later)"
            )
    trip, trip_id = pd.factorize(frame["trip_id"])
    may = [(frame[column] != "1").to_numpy() for column in ("pickup_type", "drop_off_type")]
    order = np.lexsort((sequence, trip))
    groups = {}
    for rows in np.split(order, np.flatnonzero(np.diff(trip[order])) + 1):
        columns: dict[str, Any] = {
            "stop": stop[rows],
            "arrive": times["arrival_time"][rows],
            "depart": times["departure_time"][rows],
            "pick_up": may[0][rows],
            "drop_off": may[1][rows],
            "travelled": travelled[rows],
        }
        called = [rows_of(frame, name, i) for i in rows.tolist()]
        _check_order(sequence[rows], called, faults)
        _set_times(columns, called, stops, report, faults)
        groups[str(trip_id[trip[rows[0]]])] = columns
    return groups


def _check_order(sequence: NDArray[np.float64], called: list[str], faults: Faults) -> None:
    for i in np.flatnonzero(np.diff(sequence) == 0).tolist():
        faults.add(
            f"{called[i + 1]}: stop_sequence is {sequence[i]:g}, as in the trip's "
            f"{called[i].split(' ', 1)[1]}, expected unique numbers"
        )


def _set_times(
    columns: dict[str, Any],
    called: list[str],
    stops: Stops,
    report: LoadReport,
    faults: Faults,
) -> None:
    """Check one trip's times and complete them, so that they rise from stop to stop."""
    arrive, depart = columns["arrive"], columns["depart"]
    arrive, depart = (
        np.where(np.isnan(arrive), depart, arrive),
        np.where(np.isnan(depart), arrive, depart),
    )
    columns["arrive"], columns["depart"] = arrive, depart
    last = len(arrive) - 1
    before = faults.count
    for i in {0, last}:
        if np.isnan(arrive[i]):
            faults.add(
                f"{called[i]}: arrival_time and departure_time are empty, expected times at a "
                "trip's first and last stop"
            )
    known = np.flatnonzero(~np.isnan(arrive)).tolist()
    for i in known:
        if depart[i] < arrive[i]:
            faults.add(
                f"{called[i]}: departure_time is {_clock(depart[i])}, expected not before the "
                f"arrival_time of {_clock(arrive[i])}"
            )
    for a, b in pairwise(known):
        if arrive[b] < depart[a]:
            faults.add(
                f"{called[b]}: arrival_time is {_clock(arrive[b])}, expected not before "
                f"{_clock(depart[a])}, when the boat leaves the stop before"
            )
    if faults.count > before or last < 1:
        return
    # Times in whole minutes put near stops into one minute: such a stop has no time of its own.
    timed = [0]
    for i in known[1:]:
        while arrive[i] <= depart[timed[-1]] and i == last and len(timed) > 1:
            timed.pop()
        if arrive[i] > depart[timed[-1]]:
            timed.append(i)
    if timed[-1] != last:
        faults.add(
            f"{called[last]}: arrival_time is {_clock(arrive[last])}, when the trip begins, "
            "expected a later time"
        )
        return
    note(report.repaired, "stop times in the minute of another, spread", len(known) - len(timed))
    note(report.repaired, "empty stop times interpolated", last + 1 - len(known))
    if len(timed) <= last and (columns["stop"] >= 0).all():
        passed = _passed(columns["stop"], columns["travelled"], stops)
        at = np.searchsorted(timed, np.arange(last + 1), side="right") - 1
        for i in set(range(last + 1)) - set(timed):
            a, b = timed[at[i]], timed[at[i] + 1]
            rises = (np.diff(passed[a : b + 1]) > 0).all()
            share = (
                (passed[i] - passed[a]) / (passed[b] - passed[a]) if rises else ((i - a) / (b - a))
            )
            arrive[i] = depart[i] = depart[a] + share * (arrive[b] - depart[a])


def _passed(
    stop: NDArray[np.int64], travelled: NDArray[np.float64], stops: Stops
) -> NDArray[np.float64]:
    """Distance that the boat has come at each stop, in any unit."""
    if not np.isnan(travelled).any():
        return travelled
    lon, lat = stops.lon[stop], stops.lat[stop]
    if np.isnan(lon).any() or np.isnan(lat).any():
        return np.zeros(len(stop))
    x, y = to_metres(lon, lat, (float(lon[0]), float(lat[0])))
    passed: NDArray[np.float64] = np.r_[0.0, np.cumsum(np.hypot(np.diff(x), np.diff(y)))]
    return passed


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes // 60:02d}:{minutes % 60:02d}:{rest:02d}"


def _first_rows(frame: pd.DataFrame, name: str, column: str, faults: Faults) -> dict[str, int]:
    """First row of each id; empty and repeated ids are faults."""
    first: dict[str, int] = {}
    for i, word in enumerate(frame[column]):
        if not word:
            faults.add(f"{rows_of(frame, name, i)}: {column} is empty, expected an id")
        elif word in first:
            other = rows_of(frame, name, first[word]).split(" ", 1)[1]
            faults.add(
                f"{rows_of(frame, name, i)}: {column} {word!r} appears more than once (first in "
                f"{other}), expected unique ids"
            )
        first.setdefault(word, i)
    return first
