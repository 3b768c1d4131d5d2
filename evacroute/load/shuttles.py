"""Shuttle boats: each goes back and forth between two places as long as it is there."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from evacroute.boats import Boats, seats_text
from evacroute.errors import BoatError, Faults
from evacroute.load.ferry_ways import ferry_ways_of
from evacroute.load.growing_boats import BOARDING_RATE, DWELL, GrowingBoats
from evacroute.load.landings import MAX_DISTANCE, find_landings, tell_long
from evacroute.load.tables import (
    degrees,
    flags,
    name_of,
    note_unread,
    numbers,
    read_table,
    row_name,
    unique_ids,
    words,
)
from evacroute.load.vessels import Vessel
from evacroute.network import Network
from evacroute.reports import LoadReport
from evacroute.streets import swap_hint
from evacroute.units import seconds

SPEED = 3.0
"""Speed of a shuttle [m/s] where the table gives none: about 11 km/h, assumed."""

MOST_RIDES = 1_000_000
"""A table that makes more rides than this is taken for a mistake in its units."""

_ENDS = ("from", "to")
_COLUMNS = (
    *(f"{end}_{what}" for end in _ENDS for what in ("stop", "lon", "lat", "node_id")),
    "shuttle_id", "boats", "seats", "wheelchair_places", "speed", "ride_time_s", "dwell_s",
    "available_from_s", "available_until_s", "both_ways", "max_tide",
)  # fmt: skip
_TEXT = ("shuttle_id", *(f"{end}_{what}" for end in _ENDS for what in ("stop", "node_id")))


def shuttles(
    network: Network,
    source: str | Path | pd.DataFrame,
    *,
    until: float | str = "90 min",
    boarding_rate: float = BOARDING_RATE,
    max_distance: float = MAX_DISTANCE,
    ferry_ways: Network | str | Path | None = None,
) -> tuple[Network, Boats]:
    """Make rides of shuttle boats, a row of the table a shuttle.

    A boat lies for its dwell while people step aboard, rides, lies as long while they step ashore,
    and comes back: empty, or with ``both_ways`` 1 taking people on the way back likewise. The boats
    of a shuttle follow each other in even intervals. Each ride is a trip of its own.

    They keep this beat whether or not anybody waits: the plan then says which rides it needs
    (``rides.csv`` of its folder), and the others need not be made.

    Columns: ``seats``; for each end ``from_lon`` and ``from_lat`` or ``from_node_id`` (``to_...``
    likewise); optionally ``shuttle_id``, ``from_stop`` and ``to_stop`` (ends of the same name at
    the same place are one stop), ``boats`` (1), ``wheelchair_places`` (0), ``speed`` [m/s] (3) or
    ``ride_time_s``, ``dwell_s`` (60), ``available_from_s`` (0), ``available_until_s`` (``until``),
    ``both_ways`` (0), ``max_tide`` [m] (no limit).

    Parameters
    ----------
    network
        The streets. An end given by node lands at that node; one given by position gets a stop and
        a gangway, as `read_boats` makes them.
    source
        Path of a ``.csv``, or a DataFrame.
    until
        Rides that end later than this after the alarm are left out [s, or text].
    boarding_rate
        Persons who step aboard a second; also the capacity of a gangway [person/s].
    max_distance
        Farthest that an end may be from a street [m].
    ferry_ways
        As in `read_boats`; also gives the length that ``speed`` is taken over.

    Returns
    -------
    tuple of Network and Boats
        What the network had keeps its ids and positions.

    Raises
    ------
    BoatError
        If a column is missing, a value is not what it must be, an end is no node or too far from
        any street (all such rows are named together), or no ride ends in time.
    InputError
        If ``until`` is not more than 0.

    Examples
    --------
    >>> import evacroute as er, pandas as pd
    >>> network = er.lagoon_network()
    >>> ends = {"from_node_id": network.node_id[0], "to_node_id": network.node_id[900]}
    >>> table = pd.DataFrame([{**ends, "seats": 40, "ride_time_s": 300}])
    >>> with_boats, boats = er.shuttles(network, table, until="40 min")
    >>> len(boats), boats.leave_s.tolist()
    (3, [60.0, 780.0, 1500.0])
    """
    where, horizon = name_of(source), seconds(until, "until")
    if not (math.isfinite(boarding_rate) and boarding_rate > 0):
        raise BoatError(f"boarding_rate is {boarding_rate} person/s, expected a number > 0")
    if not (math.isfinite(max_distance) and max_distance > 0):
        raise BoatError(f"max_distance is {max_distance} m, expected a number > 0")
    frame = read_table(
        source,
        required=("seats",),
        optional=_COLUMNS,
        text=_TEXT,
        what="shuttle",
        error=BoatError,
    )
    faults = Faults(where)
    ids = unique_ids(frame, "shuttle_id", faults, prefix="shuttle")
    figures = _figures(frame, horizon, faults)
    both = flags(frame, "both_ways", faults)
    nodes, positions = _ends(frame, network, faults)
    faults.raise_if_any(BoatError)
    table = GrowingBoats(
        network, boarding_rate, DWELL, ferry_ways_of(ferry_ways, network, max_distance)
    )
    report = LoadReport(where)
    note_unread(report, frame, _COLUMNS)
    ends = _land(frame, network, table, ids, nodes, positions, max_distance, report, faults)
    faults.raise_if_any(BoatError)
    silent = []
    for i, name in enumerate(ids.tolist()):
        row = {column: float(values[i]) for column, values in figures.items()}
        before = len(table)
        _shuttle(table, name, ends[i], row, bool(both[i]), horizon, where)
        if len(table) == before:
            silent.append(name)
    if silent:
        report.set_aside["shuttles without a ride that ends in time"] = len(silent)
        report.notes.append(f"no ride of theirs ends in time: {', '.join(silent)}")
    if not len(table):
        raise BoatError(f"{where}: no shuttle ends a ride within {horizon / 60:g} min of the alarm")
    report.counts["shuttles"] = len(ids)
    report.counts["boats of shuttles"] = int(figures["boats"].sum())
    report.notes.append(
        "shuttles keep a fixed beat here, whether or not anybody waits; rides.csv of a plan says "
        "which rides it needs"
    )
    grown, boats = table.finish(report)
    return grown, replace(boats, report=report)


def _figures(frame: pd.DataFrame, horizon: float, faults: Faults) -> dict[str, NDArray[np.float64]]:
    """Numbers of each row; NaN in ride_time_s where it follows from the speed."""
    found = {
        "boats": numbers(frame, "boats", faults, low=1, high=1000, whole=True, default=1),
        "seats": numbers(frame, "seats", faults, low=1, high=10_000, whole=True, unit="persons"),
        "wheelchair_places": numbers(
            frame, "wheelchair_places", faults, low=0, high=10_000, whole=True, default=0
        ),
        "speed": numbers(frame, "speed", faults, above=0, high=50, default=np.nan, unit="m/s"),
        "ride_time_s": numbers(frame, "ride_time_s", faults, above=0, default=np.nan, unit="s"),
        "dwell_s": numbers(frame, "dwell_s", faults, low=0, default=DWELL, unit="s"),
        "from": numbers(frame, "available_from_s", faults, low=0, default=0.0, unit="s"),
        "until": numbers(frame, "available_until_s", faults, above=0, default=horizon, unit="s"),
        "max_tide": numbers(
            frame, "max_tide", faults, low=-5, default=np.inf, infinite=True, unit="m"
        ),
    }
    for i in range(len(frame)):
        row = row_name(frame, i)
        places, seats = found["wheelchair_places"][i], found["seats"][i]
        if places > seats:
            faults.add(
                f"{row}: wheelchair_places is {places:g}, expected 0 to the {seats_text(seats)}"
            )
        if not (np.isnan(found["speed"][i]) or np.isnan(found["ride_time_s"][i])):
            faults.add(f"{row}: both speed and ride_time_s are given, expected one of them")
        if found["until"][i] <= found["from"][i]:
            faults.add(
                f"{row}: available_until_s is {found['until'][i]:g} s, expected more than its "
                f"available_from_s of {found['from'][i]:g} s"
            )
    return found


def _ends(
    frame: pd.DataFrame, network: Network, faults: Faults
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Node of each end or -1, shape (n, 2); and its position [degrees], shape (n, 2, 2)."""
    known = {str(name): i for i, name in enumerate(network.node_id)}
    nodes = np.full((len(frame), 2), -1, dtype=np.int64)
    positions = np.full((len(frame), 2, 2), np.nan)
    for k, end in enumerate(_ENDS):
        given = words(frame, f"{end}_node_id")
        for i in np.flatnonzero(given != "").tolist():
            nodes[i, k] = known.get(given[i], -1)
            if nodes[i, k] < 0:
                faults.add(
                    f"{row_name(frame, i)}: {end}_node_id is {given[i]!r}, expected one of the "
                    "network"
                )
            else:
                at = nodes[i, k]
                positions[i, k] = network.lon[at], network.lat[at]
        placed = np.flatnonzero(given == "")
        if not len(placed):
            continue
        if not {f"{end}_lon", f"{end}_lat"} <= set(frame.columns):
            for i in placed.tolist():
                faults.add(
                    f"{row_name(frame, i)}: there is no {end}_node_id, and no columns {end}_lon "
                    f"and {end}_lat"
                )
            continue
        rows = frame.iloc[placed]
        rows.attrs = {"index": [row_name(frame, i)[4:] for i in placed.tolist()]}
        lon, lat = degrees(rows, f"{end}_lon", f"{end}_lat", faults)
        positions[placed, k] = np.column_stack([lon, lat])
    for i in np.flatnonzero((positions[:, 0] == positions[:, 1]).all(axis=1)).tolist():
        faults.add(f"{row_name(frame, i)}: both ends are at one place, expected two")
    return nodes, positions


def _land(
    frame: pd.DataFrame,
    network: Network,
    table: GrowingBoats,
    ids: NDArray[np.object_],
    nodes: NDArray[np.int64],
    positions: NDArray[np.float64],
    max_distance: float,
    report: LoadReport,
    faults: Faults,
) -> list[tuple[int, int]]:
    """Node at which each shuttle's ends land, stops and gangways added where there is none."""
    flat = positions.reshape(-1, 2)
    landings = find_landings(network, flat[:, 0], flat[:, 1], max_distance=max_distance)
    names = [words(frame, f"{end}_stop") for end in _ENDS]
    stops: dict[tuple[float, float], int] = {}
    titles: set[str] = set()
    gangways: dict[str, float] = {}
    ends = []
    for i in range(len(frame)):
        pair = []
        for k, end in enumerate(_ENDS):
            node = int(nodes[i, k])
            lon, lat = positions[i, k].tolist()
            if node < 0 and landings.node[2 * i + k] < 0:
                faults.add(
                    f"{row_name(frame, i)}: {end}_lon and {end}_lat are ({lon:.6g}, {lat:.6g}), "
                    f"expected a place within {max_distance:g} m of a street"
                    f"{swap_hint(network, lon, lat)}"
                )
            elif node < 0:
                if (lon, lat) not in stops:
                    title = names[k][i] or f"{ids[i]}-{end}"
                    while title in titles:
                        title += "'"
                    titles.add(title)
                    stops[lon, lat] = table.landing(title, title, lon, lat, landings, 2 * i + k)
                    gangways[title] = float(landings.distance[2 * i + k])
                node = stops[lon, lat]
            pair.append(node)
        ends.append((pair[0], pair[1]))
    tell_long(list(gangways), np.array(list(gangways.values())), report)
    return ends


def _shuttle(
    table: GrowingBoats,
    name: str,
    ends: tuple[int, int],
    row: dict[str, float],
    both: bool,
    horizon: float,
    where: str,
) -> None:
    """Add the rides of one shuttle's boats."""
    there, back = table.ferry(*ends, name), None
    if both:
        back = table.ferry(ends[1], ends[0], name)
    dwell, ride = row["dwell_s"], row["ride_time_s"]
    if np.isnan(ride):
        speed = SPEED if np.isnan(row["speed"]) else row["speed"]
        ride = table.length(there) / speed
    # Lie, ride, lie; then back: empty, or the same again.
    one = dwell + ride + dwell
    cycle = 2 * one if both else one + ride
    count, end = int(row["boats"]), min(row["until"], horizon)
    if count * (end - row["from"]) / cycle > MOST_RIDES:
        raise BoatError(
            f"{where}: shuttle {name} takes {ride:.3g} s a ride, which makes more than "
            f"{MOST_RIDES:,} rides; expected seconds and metres"
        )
    vessel = Vessel(int(row["seats"]), int(row["wheelchair_places"]))
    boarders = min(vessel.seats, int(table.boarding_rate * dwell + 1e-9))
    for boat in range(count):
        begin = row["from"] + boat * cycle / count
        number = 1
        while begin + one <= end:
            for link, start in ((there, begin), (back, begin + one)):
                leave = start + dwell
                if link is not None and leave + ride + dwell <= end:
                    trip = f"{name}/{boat + 1}/{number}"
                    number += 1
                    table.ride(
                        link, trip, leave, leave + ride + dwell, vessel, boarders, row["max_tide"]
                    )
            begin += cycle
