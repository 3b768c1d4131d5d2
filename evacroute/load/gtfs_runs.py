"""Runs of a GTFS feed's trips: by day, and by ``frequencies.txt``; and the rides of a trip."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from evacroute.errors import Faults
from evacroute.load.gtfs_calendar import clock_seconds
from evacroute.load.gtfs_files import Feed, rows_of, take_faults
from evacroute.load.gtfs_trips import Trip
from evacroute.load.mending import note
from evacroute.load.tables import numbers
from evacroute.reports import LoadReport

SHORTEST_HEADWAY = 60.0
"""Boats that follow each other closer than this [s] are taken for minutes written as seconds."""


@dataclass(frozen=True)
class Ride:
    """One ride of a trip, from its row `first` to its row `last` of stops.

    `leave` and `arrive` are seconds after the service day's begin; `boarders` persons.
    """

    first: int
    last: int
    leave: float
    arrive: float
    boarders: int


def rides_of(
    trip: Trip,
    lands: NDArray[np.bool_],
    dwell: float,
    boarding_rate: float,
    report: LoadReport,
) -> list[Ride]:
    """Rides of a trip between stops where people can land; the boat passes by the others.

    Parameters
    ----------
    trip
        Stops and times.
    lands
        Whether each stop has a street, shape (n,).
    dwell
        How long people may step aboard where the trip gives no dwell [s].
    boarding_rate
        Person/s.
    report
        Where counts are noted.
    """
    halts = np.flatnonzero(lands & (trip.pick_up | trip.drop_off)).tolist()
    while halts and not trip.drop_off[halts[-1]]:
        halts.pop()
        note(report.set_aside, "last stops where one may not step off, left out", 1)
    rows: list[int] = []
    stays: list[tuple[float, float]] = []
    for i in halts:
        if rows and trip.stop[rows[-1]] == trip.stop[i]:
            stays[-1] = (stays[-1][0], float(trip.depart[i]))
            note(report.repaired, "stops repeated one after the other, taken as one", 1)
            continue
        rows.append(i)
        stays.append((float(trip.arrive[i]), float(trip.depart[i])))
    if len(rows) > 2:
        no_exit = int((~trip.drop_off[rows[1:-1]]).sum())
        note(
            report.repaired, "inner stops where one may not step off, taken as if one may", no_exit
        )
    rides = []
    for k, (a, b) in enumerate(pairwise(rows)):
        came, goes = stays[k]
        given = goes - came
        boarders = int((given if given > 0 else dwell) * boarding_rate + 1e-9)
        rides.append(Ride(a, b, goes, stays[k + 1][0], boarders if trip.pick_up[a] else 0))
    return rides


@dataclass
class Frequencies:
    """Starts of trips by ``frequencies.txt``: trip -> seconds after the service day's begin."""

    starts: dict[str, NDArray[np.float64]] = field(default_factory=dict)
    last: float = 0.0

    def runs(self, trip: Trip, days: list[tuple[float, date, set[str]]]) -> list[tuple[str, float]]:
        """List a trip's runs: an id, and what to add to its times for seconds after the alarm.

        Parameters
        ----------
        trip
            The trip; where it has frequencies its own times count from its first departure.
        days
            Begin [s after the alarm], date, and services of each day.
        """
        found = []
        for begin, day, services in days:
            if trip.service_id not in services:
                continue
            if trip.trip_id not in self.starts:
                found.append((f"{trip.trip_id}@{day}", begin))
                continue
            for start in self.starts[trip.trip_id].tolist():
                minutes, rest = divmod(round(start), 60)
                name = f"{trip.trip_id}@{day}T{minutes // 60:02d}:{minutes % 60:02d}:{rest:02d}"
                found.append((name, begin + start - float(trip.depart[0])))
        return found


def read_frequencies(feed: Feed, report: LoadReport, faults: Faults) -> Frequencies:
    """Read ``frequencies.txt``, where there is one; ``exact_times`` 0 is run on the beat too.

    A row's end is not a start any more. Starts given by two rows are one.
    """
    name = "frequencies.txt"
    if not feed.has(name):
        return Frequencies()
    frame = feed.table(
        name,
        required=("trip_id", "start_time", "end_time", "headway_secs"),
        optional=("exact_times",),
    )
    mine = Faults("")
    beat = numbers(frame, "headway_secs", mine, low=SHORTEST_HEADWAY, unit="s, not minutes")
    take_faults(faults, name, mine)
    times = [clock_seconds(frame[column]) for column in ("start_time", "end_time")]
    for column, values in zip(("start_time", "end_time"), times, strict=True):
        for i in np.flatnonzero(np.isnan(values)).tolist():
            word = frame[column].iloc[i]
            faults.add(f"{rows_of(frame, name, i)}: {column} is {word!r}, expected HH:MM:SS")
    known = set(feed.table("trips.txt", required=("trip_id",))["trip_id"])
    found: dict[str, list[NDArray[np.float64]]] = {}
    loose = 0
    for i, (trip, start, end) in enumerate(zip(frame["trip_id"], *times, strict=True)):
        if trip not in known:
            faults.add(
                f"{rows_of(frame, name, i)}: trip_id is {trip!r}, expected an id of trips.txt"
            )
        if end <= start:
            faults.add(
                f"{rows_of(frame, name, i)}: end_time is {frame['end_time'].iloc[i]}, expected "
                f"later than the start_time of {frame['start_time'].iloc[i]}"
            )
        elif start < end and beat[i] > 0:
            found.setdefault(trip, []).append(np.arange(start, end, beat[i]))
            loose += frame["exact_times"].iloc[i] != "1"
    starts = {trip: np.unique(np.concatenate(rows)) for trip, rows in found.items()}
    twice = sum(len(row) for rows in found.values() for row in rows) - sum(
        map(len, starts.values())
    )
    note(report.repaired, "starts by two rows of frequencies.txt, taken once", twice)
    if loose:
        report.notes.append(
            f"{loose} rows of frequencies.txt give no exact times; boats are taken to keep the beat"
        )
    return Frequencies(starts, max((float(row[-1]) for row in starts.values()), default=0.0))


def last_time(feed: Feed) -> float:
    """Latest time of ``stop_times.txt`` [s after a service day's begin]: how far back to look."""
    frame = feed.table("stop_times.txt", required=("arrival_time", "departure_time"))
    times = np.concatenate([clock_seconds(frame[column]) for column in frame.columns])
    return float(np.nanmax(times)) if not np.isnan(times).all() else 0.0
