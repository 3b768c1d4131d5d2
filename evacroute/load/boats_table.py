"""The table of boats in an instance folder: ``boats.csv``, one row a ride."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from evacroute.boats import Boats, seats_text
from evacroute.errors import BoatError, Faults
from evacroute.load.files import read_bytes
from evacroute.load.tables import name_of, note_unread, numbers, read_table, row_name, words
from evacroute.network import FERRY, KINDS, Network
from evacroute.reports import LoadReport

COLUMNS = (
    "link_id", "trip_id", "leave_s", "arrive_s", "seats", "wheelchair_places", "boarders",
    "max_tide",
)  # fmt: skip
"""Columns of ``boats.csv``; the first five must be there."""


def boats_table(boats: Boats, network: Network) -> pd.DataFrame:
    """Table of boats, one row a ride in their order; max_tide is empty where nothing bars a ride.

    Numbers are such that `read_boats_table` gives the same floats.

    Parameters
    ----------
    boats
        What to write.
    network
        The network they belong to.

    Raises
    ------
    BoatError
        If they do not belong to it.
    """
    boats.check(network)
    frame = boats.frame(network)[list(COLUMNS)]
    for column in ("leave_s", "arrive_s"):
        values = frame[column].to_numpy()
        if np.array_equal(values, np.rint(values)):
            frame[column] = values.astype(np.int64)
    tide = frame["max_tide"]
    return frame.assign(max_tide=tide.where(np.isfinite(tide)))


def read_boats_table(source: str | Path | pd.DataFrame, network: Network) -> Boats:
    """Read ``boats.csv``.

    Columns: link_id, trip_id, leave_s, arrive_s, seats; optionally wheelchair_places (0), boarders
    (as many as seats) and max_tide (no limit). A table with a header only is a timetable without
    rides.

    Parameters
    ----------
    source
        Path of a ``.csv`` or ``.csv.gz``, or a DataFrame.
    network
        The network the boats belong to: links of kind ferry with these ids.

    Raises
    ------
    BoatError
        If a column is missing, a link is unknown or no ferry, a value is not what it must be, or
        the rides of a trip do not hang together (all such rows are named together).
    """
    where = name_of(source)
    if _only_header(source):
        none, never = np.empty(0, dtype=np.int32), np.empty(0)
        return Boats(none, np.empty(0, dtype=object), never, never, none, none, none)
    frame = read_table(
        source,
        required=COLUMNS[:5],
        optional=COLUMNS[5:],
        text=("link_id", "trip_id"),
        what="ride",
        error=BoatError,
    )
    faults = Faults(where)
    place = {str(name): i for i, name in enumerate(network.link_id)}
    given = words(frame, "link_id")
    link = np.array([place.get(name, -1) for name in given], dtype=np.int64)
    trip = words(frame, "trip_id")
    leave = numbers(frame, "leave_s", faults, low=0, unit="s")
    arrive = numbers(frame, "arrive_s", faults, low=0, unit="s")
    seats = numbers(frame, "seats", faults, low=0, high=10_000, whole=True, unit="persons")
    places = numbers(frame, "wheelchair_places", faults, low=0, high=10_000, whole=True, default=0)
    boarders = numbers(
        frame, "boarders", faults, low=0, high=1e6, whole=True, default=np.nan, unit="persons"
    )
    tide = numbers(frame, "max_tide", faults, default=np.inf, infinite=True, unit="m")
    last: dict[str, int] = {}
    for i in range(len(frame)):
        row, at = row_name(frame, i), int(link[i])
        if at < 0:
            faults.add(f"{row}: link_id is {given[i]!r}, expected an id of link.csv")
        elif network.kind[at] != FERRY:
            kind = KINDS[network.kind[at]]
            faults.add(f"{row}: link_id is {given[i]!r}, of kind {kind}, expected a ferry")
        if not trip[i]:
            faults.add(f"{row}: trip_id is empty, expected an id")
        if arrive[i] <= leave[i]:
            faults.add(
                f"{row}: arrive_s is {arrive[i]:g} s, expected more than its leave_s of "
                f"{leave[i]:g} s"
            )
        if places[i] > seats[i]:
            faults.add(
                f"{row}: wheelchair_places is {places[i]:g}, expected 0 to the "
                f"{seats_text(seats[i])}"
            )
        before = last.get(trip[i], -1) if trip[i] else -1
        last[trip[i]] = i
        if before < 0:
            continue
        called = f"the ride before of trip {trip[i]} ({row_name(frame, before)})"
        if leave[i] < arrive[before]:
            faults.add(
                f"{row}: leave_s is {leave[i]:g} s, expected not before {called} arrives at "
                f"{arrive[before]:g} s"
            )
        came = int(link[before])
        if at >= 0 and came >= 0 and network.from_node[at] != network.to_node[came]:
            start, end = (
                network.node_id[network.from_node[at]],
                network.node_id[network.to_node[came]],
            )
            faults.add(f"{row}: leaves from node {start}, expected {end}, where {called} arrives")
    faults.raise_if_any(BoatError)
    report = LoadReport(where, {"rides": len(frame), "boats (trips)": len(last)})
    note_unread(report, frame, COLUMNS)
    return Boats(
        link=link.astype(np.int32),
        trip_id=trip,
        leave_s=leave,
        arrive_s=arrive,
        seats=seats.astype(np.int32),
        wheelchair_places=places.astype(np.int32),
        boarders=np.where(np.isnan(boarders), seats, boarders).astype(np.int32),
        max_tide=tide,
        report=report,
    )


def _only_header(source: str | Path | pd.DataFrame) -> bool:
    if isinstance(source, pd.DataFrame):
        return not len(source) and set(COLUMNS[:5]) <= set(source.columns)
    lines = read_bytes(Path(source), BoatError).decode("utf-8-sig", "replace").split("\n")
    header = {name.strip().lower() for name in lines[0].split(",")}
    return set(COLUMNS[:5]) <= header and not any(line.strip() for line in lines[1:])
