"""Read boats from a GTFS feed, and give the network their stops, gangways and ferry links."""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from evacroute.boats import Boats, seats_text
from evacroute.errors import BoatError, Faults
from evacroute.load.ferry_ways import LINE_DISTANCE, ferry_ways_of
from evacroute.load.growing_boats import BOARDING_RATE, DWELL, GrowingBoats
from evacroute.load.gtfs_calendar import Services, read_clock
from evacroute.load.gtfs_files import Feed
from evacroute.load.gtfs_runs import Ride, last_time, read_frequencies, rides_of
from evacroute.load.gtfs_shapes import Shapes
from evacroute.load.gtfs_trips import FERRIES, Stops, Trip, read_stops, read_trips
from evacroute.load.landings import MAX_DISTANCE, Landings, find_landings, tell_long
from evacroute.load.low_bridges import LowBridges, read_low_bridges
from evacroute.load.mending import note
from evacroute.load.reach import walkable
from evacroute.load.vessels import Vessel, read_vessels, shipped_vessels, vessel_of
from evacroute.network import Network
from evacroute.reports import LoadReport
from evacroute.units import seconds, to_metres

TOO_FAR = "set aside, too far from any street"
"""Begin of the note that names such stops."""


def read_boats(
    source: str | Path,
    network: Network,
    *,
    alarm: str | datetime = "2021-10-05 10:00",
    until: float | str = "90 min",
    seats: int | None = None,
    wheelchair_places: int | None = None,
    vessels: str | Path | pd.DataFrame | None = None,
    boarding_rate: float = BOARDING_RATE,
    dwell: float | str = DWELL,
    max_distance: float = MAX_DISTANCE,
    ferry_ways: Network | str | Path | None = None,
    low_bridges: str | Path | pd.DataFrame | None = None,
    route_types: Collection[int] = FERRIES,
) -> tuple[Network, Boats]:
    """Read a GTFS feed of boats, from the alarm on.

    The network gets a node for each stop, a gangway both ways to the nearer end of the nearest
    street, and a link of kind ferry for each pair of stops that some boat serves one after the
    other, drawn along the feed's shape, else along ferry ways of the map, else straight. What it
    had keeps its ids and positions.

    Parameters
    ----------
    source
        Folder or ``.zip`` with ``stops.txt``, ``routes.txt``, ``trips.txt``, ``stop_times.txt``,
        ``calendar.txt`` or ``calendar_dates.txt``, and optionally ``frequencies.txt``,
        ``shapes.txt`` and ``agency.txt`` (for the time zone).
    network
        The streets.
    alarm
        Local date and time of the alarm.
    until
        Rides that arrive later than this after the alarm are left out [s, or text "90 min"].
    seats, wheelchair_places
        Persons a boat takes, and places for wheelchairs among them, on all lines alike.
    vessels
        Table with line (short name or its beginning, ``*`` for any other), seats and
        wheelchair_places; where it names no vessel, and none is given, ``data/boats`` does.
    boarding_rate
        Persons who step aboard a second; also the capacity of a gangway [person/s].
    dwell
        How long people may step aboard where the feed gives no dwell [s, or text].
    max_distance
        Stops farther than this from any street are set aside, and boats pass by [m].
    ferry_ways
        Network, or file that `read_network` reads, whose ferry links give the lines; by default the
        ferry links of ``network`` (OSM's ``route=ferry``).
    low_bridges
        Table with max_tide_m and route, or from_stop and to_stop, see ``read_low_bridges``.
    route_types
        Which values of ``route_type`` are boats: by default 4, 1000 to 1099 and 1200 to 1299.

    Returns
    -------
    tuple of Network and Boats
        The boats' report counts what was read, repaired, set aside and assumed.

    Raises
    ------
    BoatError
        If the feed cannot be read, a file or column is missing, an id is unknown or repeated, a
        time is unreadable or goes back (all such rows are named together, with their file), no stop
        is near a street, or no boat runs between the alarm and ``until``.
    InputError
        If a duration is not more than 0.

    Notes
    -----
    Boats under way at the alarm count from their next stop on. All boats are taken as empty.

    Examples
    --------
    A feed of one boat, which leaves the first stop at ten past ten:

    >>> import evacroute as er, pandas as pd, tempfile
    >>> network, ends = er.lagoon_network(), [0, 900]
    >>> times = ["10:10:00", "10:18:00"]
    >>> feed = {
    ...     "stops": {
    ...         "stop_id": ["A", "B"], "stop_lon": network.lon[ends], "stop_lat": network.lat[ends],
    ...     },
    ...     "routes": {"route_id": ["R"], "route_short_name": ["1"], "route_type": [4]},
    ...     "trips": {"route_id": ["R"], "service_id": ["S"], "trip_id": ["T"]},
    ...     "calendar_dates": {"service_id": ["S"], "date": [20211005], "exception_type": [1]},
    ...     "stop_times": {
    ...         "trip_id": ["T", "T"], "stop_id": ["A", "B"], "stop_sequence": [1, 2],
    ...         "arrival_time": times, "departure_time": times,
    ...     },
    ... }
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     for name, columns in feed.items():
    ...         pd.DataFrame(columns).to_csv(f"{folder}/{name}.txt", index=False)
    ...     with_boats, boats = er.read_boats(folder, network, alarm="2021-10-05 10:00", seats=80)
    >>> boats.leave_s.tolist(), boats.arrive_s.tolist(), boats.seats.tolist()
    ([600.0], [1080.0], [80])
    """
    horizon, wait = seconds(until, "until"), seconds(dwell, "dwell")
    _check_numbers(boarding_rate, max_distance, seats, wheelchair_places)
    feed = Feed(source)
    report = LoadReport(str(feed.path))
    faults = Faults(str(feed.path))
    clock = read_clock(feed, alarm, report.notes)
    services = Services(feed, faults)
    stops = read_stops(feed, faults)
    starts = read_frequencies(feed, report, faults)
    latest = last_time(feed) + starts.last
    days = [(clock.begin(day), day, services.on(day)) for day in clock.days(latest, horizon)]
    on = set().union(*(ids for _, _, ids in days))
    trips = read_trips(feed, stops, on, services.known, report, faults, route_types=route_types)
    _check_places(stops, trips, faults)
    shapes = Shapes(feed, {trip.shape_id for trip in trips}, faults)
    own = read_vessels(vessels, report) if vessels is not None else {}
    lines = {name for trip in trips for name in (trip.line, trip.route_id)}
    low = (
        LowBridges()
        if low_bridges is None
        else read_low_bridges(low_bridges, lines, {str(stop) for stop in stops.stop_id}, report)
    )
    faults.raise_if_any(BoatError)
    landings, used = _land(network, stops, trips, max_distance, report, str(feed.path))
    ways = ferry_ways_of(ferry_ways, network, max_distance)
    table = GrowingBoats(network, boarding_rate, wait, ways)
    lands = landings.node >= 0
    for trip in trips:
        legs = rides_of(trip, lands[used[trip.stop]], wait, boarding_rate, report)
        if not legs:
            note(report.set_aside, "trips with fewer than two stops near a street", 1)
            continue
        runs = starts.runs(trip, days)
        kept = [
            (name, shift, [leg for leg in legs if leg.leave + shift >= 0 and
                           leg.arrive + shift <= horizon])
            for name, shift in runs
            if legs[0].leave + shift <= horizon and legs[-1].arrive + shift >= 0
        ]  # fmt: skip
        kept = [run for run in kept if run[2]]
        if kept:
            vessel = _vessel(trip, own, seats, wheelchair_places)
            _enter(table, trip, kept, vessel, low, shapes, stops, landings, used, max_distance)
    if not len(table):
        aside = "".join(f"; {told}" for told in report.notes if told.startswith(TOO_FAR))
        raise BoatError(
            f"{feed.path}: no boat rides from stop to stop within {horizon / 60:g} min of the "
            f"alarm ({clock.alarm:%Y-%m-%d %H:%M}); the calendar covers {services.span()}{aside}"
        )
    grown, boats = table.finish(report)
    report.notes.append("boats are taken as empty at the alarm")
    return grown, replace(boats, report=report)


def _check_numbers(
    boarding_rate: float, max_distance: float, seats: int | None, places: int | None
) -> None:
    faults = Faults("read_boats")
    if not (math.isfinite(boarding_rate) and boarding_rate > 0):
        faults.add(f"boarding_rate is {boarding_rate} person/s, expected a number > 0")
    if not (math.isfinite(max_distance) and max_distance > 0):
        faults.add(f"max_distance is {max_distance} m, expected a number > 0")
    for name, value in (("seats", seats), ("wheelchair_places", places)):
        if value is not None and not 0 <= value <= 10_000:
            faults.add(f"{name} is {value}, expected 0 to 10,000")
    if seats is not None and places is not None and places > seats:
        faults.add(f"wheelchair_places is {places}, expected 0 to the {seats_text(seats)}")
    faults.raise_if_any(BoatError)


def _check_places(stops: Stops, trips: list[Trip], faults: Faults) -> None:
    used = np.unique(np.concatenate([trip.stop for trip in trips])) if trips else np.empty(0, int)
    for i in used[used >= 0].tolist():
        if np.isnan(stops.lon[i]) or np.isnan(stops.lat[i]):
            faults.add(f"stops.txt: stop {stops.stop_id[i]} has no stop_lon and stop_lat")


def _vessel(trip: Trip, own: dict[str, Vessel], seats: int | None, places: int | None) -> Vessel:
    """Persons and wheelchairs on a trip's boat; arguments rule, then the user's table."""
    known = vessel_of(trip.line, own) or vessel_of(trip.line, shipped_vessels()) or Vessel(0, 0)
    room = known.seats if seats is None else seats
    wheels = min(known.wheelchair_places if places is None else places, room)
    if trip.wheelchair < 0:
        wheels = 0
    elif trip.wheelchair > 0 and places is None:
        wheels = min(max(1, wheels), room)
    return Vessel(room, wheels, known.assumed and seats is None)


def _land(
    network: Network,
    stops: Stops,
    trips: list[Trip],
    max_distance: float,
    report: LoadReport,
    where: str,
) -> tuple[Landings, NDArray[np.int64]]:
    """Landings of the stops that trips serve, and the row of each stop among them."""
    served = np.unique(np.concatenate([trip.stop for trip in trips])) if trips else np.empty(0, int)
    used = np.full(len(stops.stop_id), -1, dtype=np.int64)
    used[served] = np.arange(len(served))
    lon, lat = stops.lon[served], stops.lat[served]
    landings = find_landings(network, lon, lat, max_distance=max_distance)
    near = landings.node >= 0
    report.counts["stops served"] = len(served)
    if len(served) and not near.any():
        swapped = find_landings(
            network, lat.clip(-180, 180), lon.clip(-90, 90), max_distance=max_distance
        )
        hint = "; longitude and latitude look swapped" if (swapped.node >= 0).any() else ""
        raise BoatError(
            f"{where}: none of the {len(served)} stops is within {max_distance:g} m of a street of "
            f"the network{hint}"
        )
    if not near.all():
        streets = np.unique(network.from_node[walkable(network)])
        tree = cKDTree(
            np.column_stack(to_metres(network.lon[streets], network.lat[streets], network.origin))
        )
        at = np.column_stack(to_metres(lon[~near], lat[~near], network.origin))
        gaps = np.asarray(tree.query(at)[0])
        names = [
            f"{stops.stop_id[i]} {stops.name[i]} ({gap:,.0f} m)"
            for i, gap in zip(served[~near].tolist(), gaps.tolist(), strict=True)
        ]
        label = f"stops with no street within {max_distance:g} m, passed by"
        report.set_aside[label] = len(names)
        report.notes.append(f"{TOO_FAR}: {', '.join(names)}")
    report.counts["m, longest gangway"] = float(landings.length[near].max(initial=0.0))
    names = [f"{stops.stop_id[i]} {stops.name[i]}" for i in served.tolist()]
    tell_long(names, landings.distance, report)
    return landings, used


def _enter(
    table: GrowingBoats,
    trip: Trip,
    runs: list[tuple[str, float, list[Ride]]],
    vessel: Vessel,
    low: LowBridges,
    shapes: Shapes,
    stops: Stops,
    landings: Landings,
    used: NDArray[np.int64],
    max_distance: float,
) -> None:
    """Put the rides of one trip's runs into the timetable."""
    places = np.column_stack([stops.lon[trip.stop], stops.lat[trip.stop]])
    pieces = (
        shapes.cut(
            trip.shape_id, places, trip.travelled, max_distance=max(max_distance, LINE_DISTANCE)
        )
        if trip.shape_id in shapes
        else [None] * (len(places) - 1)
    )
    link: dict[tuple[int, int], int] = {}
    tide: dict[tuple[int, int], float] = {}
    for name, shift, legs in runs:
        for leg in legs:
            key = (leg.first, leg.last)
            if key not in link:
                start, end = (
                    table.landing(
                        str(stops.stop_id[i]), str(stops.name[i]), stops.lon[i], stops.lat[i],
                        landings, int(used[i]), int(stops.wheelchair[i]),
                    )
                    for i in (trip.stop[leg.first], trip.stop[leg.last])
                )  # fmt: skip
                by = slice(leg.first, leg.last + 1)
                link[key] = table.ferry(
                    start, end, trip.line, places[by], pieces[leg.first : leg.last]
                )
                passed = [str(stops.stop_id[i]) for i in trip.stop[by]]
                tide[key] = low.max_tide({trip.line, trip.route_id}, passed)
            table.ride(
                link[key],
                name,
                leg.leave + shift,
                leg.arrive + shift,
                vessel,
                min(leg.boarders, vessel.seats),
                tide[key],
            )
