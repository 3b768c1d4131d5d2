"""Boats of the lagoon sample: a made-up GTFS feed, and what writes it."""

from __future__ import annotations

import math
from datetime import datetime
from itertools import pairwise
from pathlib import Path

import numpy as np

from evacroute._data_dir import data_path
from evacroute.boats import Boats
from evacroute.load.gtfs import read_boats
from evacroute.load.lagoon import ORIGIN, SYNTHETIC
from evacroute.load.lagoon_files import csv_table
from evacroute.load.reach import metres_around, walkable
from evacroute.load.samples import lagoon_network
from evacroute.network import Network
from evacroute.units import EARTH_RADIUS, to_metres

FILES = (
    "agency.txt", "stops.txt", "routes.txt", "trips.txt", "stop_times.txt", "calendar.txt",
    "frequencies.txt",
)  # fmt: skip
"""What is written."""

# (stop_id, name, wanted place in metres east and north of the middle): along the great canal...
_CANAL = (
    ("C1", "Ponte Grande 1", 1150, 130),
    ("C2", "Ponte Grande 2", 350, 410),
    ("C3", "Canale", 300, 60),
    ("C4", "Ponte Grande 3", 80, -370),
    ("C5", "Ponte Grande 4", -570, 235),
)
# ... and round the city, anticlockwise from the east.
_RIM = (
    ("T1", "Terminal 1", 1750, -230),
    ("T2", "Terminal 2", 1480, 560),
    ("R1", "Riva 1", 1250, 780),
    ("R2", "Riva 2", 1105, 815),
    ("R3", "Riva 3", 835, 935),
    ("A1", "Approdo 1", 710, 990),
    ("A2", "Approdo 2", -200, 820),
    ("R4", "Riva 4", -560, 790),
    ("R5", "Riva 5", -770, 715),
    ("A3", "Approdo 3", -980, 640),
    ("G1", "Giardini 1", -1790, 300),
    ("G2", "Giardini 2", -1560, -400),
    ("A4", "Approdo 4", -1050, -440),
    ("A5", "Approdo 5", -330, -780),
    ("R6", "Riva 6", -60, -810),
    ("R7", "Riva 7", 310, -770),
    ("A6", "Approdo 6", 400, -960),
    ("A7", "Approdo 7", 1180, -830),
    ("R8", "Riva 8", 1350, -680),
)
# (short name, long name, stops, from one boat to the next [s], first departure [s after midnight])
_LINES = (
    ("1", "Canal", ("T1", "C1", "C2", "C3", "C4", "C5", "G1"), 600, 5 * 3600),
    ("4.1", "Ring, anticlockwise", (*(stop[0] for stop in _RIM), "T1"), 900, 5 * 3600),
    ("4.2", "Ring, clockwise", ("T1", *(stop[0] for stop in _RIM[::-1])), 900, 5 * 3600 + 450),
)
_SPEED, _DWELL, _OFF_SHORE = 3.5, 60, 6.0


def lagoon_boats(
    network: Network | None = None,
    *,
    alarm: str | datetime = "2021-10-05 10:00",
    until: float | str = "90 min",
) -> tuple[Network, Boats]:
    """Load the boats of the lagoon sample: three made-up lines, every 10 to 15 minutes.

    Parameters
    ----------
    network
        From `lagoon_network`; loaded where it is not given.
    alarm, until
        As in `read_boats`; boats run every day from 5 to 24 h.

    Returns
    -------
    tuple of Network and Boats
        The network with stops, gangways and ferry links added, and the boats.

    Raises
    ------
    InputError
        If a parameter is not what it must be.

    Examples
    --------
    >>> network, boats = lagoon_boats(until="30 min")
    >>> int(boats.seats.max())
    210
    """
    grown, boats = read_boats(
        data_path("lagoon_gtfs"),
        lagoon_network() if network is None else network,
        alarm=alarm,
        until=until,
    )
    if boats.report is not None:
        boats.report.source = "boats of the lagoon sample"
        boats.report.notes.append(SYNTHETIC)
    return grown, boats


def lagoon_gtfs(folder: str | Path, network: Network | None = None) -> None:
    """Write the made-up GTFS feed of the lagoon sample.

    Parameters
    ----------
    folder
        Where to write; made if it is not there.
    network
        The lagoon's streets, at whose shores the stops lie; loaded where it is not given.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    network = lagoon_network() if network is None else network
    stops = {stop[0]: (stop[1], _shore(network, stop[2], stop[3])) for stop in (*_RIM, *_CANAL)}
    lines = _lines()
    texts = (
        csv_table(
            "agency_id,agency_name,agency_url,agency_timezone",
            [
                (
                    "lagoon",
                    "Made-up boats of the lagoon sample",
                    "https://example.org",
                    "Europe/Rome",
                )
            ],
        ),
        csv_table(
            "stop_id,stop_name,stop_lat,stop_lon,wheelchair_boarding",
            [(stop, name, *_degrees(at), 1) for stop, (name, at) in stops.items()],
        ),
        csv_table(
            "route_id,agency_id,route_short_name,route_long_name,route_type",
            [(f"L{short}", "lagoon", short, name, 4) for short, name, *_ in _LINES],
        ),
        csv_table(
            "route_id,service_id,trip_id,direction_id",
            [(f"L{short}", "daily", trip, way) for trip, short, way, *_ in lines],
        ),
        csv_table(
            "trip_id,arrival_time,departure_time,stop_id,stop_sequence",
            [
                (trip, _clock(came), _clock(goes), stop, number)
                for trip, _, _, served, _, _ in lines
                for number, (stop, came, goes) in enumerate(
                    _times([(stop, stops[stop][1]) for stop in served]), 1
                )
            ],
        ),
        csv_table(
            "service_id,monday,tuesday,wednesday,thursday,friday,saturday,sunday,start_date,"
            "end_date",
            [("daily", *[1] * 7, "20000101", "20991231")],
        ),
        csv_table(
            "trip_id,start_time,end_time,headway_secs,exact_times",
            [(trip, _clock(first), "24:00:00", beat, 1) for trip, _, _, _, beat, first in lines],
        ),
    )
    for name, text in zip(FILES, texts, strict=True):
        (folder / name).write_text(text, encoding="utf-8", newline="\n")


def _lines() -> list[tuple[str, str, int, tuple[str, ...], int, int]]:
    """Trip, line, direction, stops, beat and first departure; the canal's line also back."""
    trips = []
    for short, _, stops, beat, first in _LINES:
        trips.append((f"{short}-out", short, 0, stops, beat, first))
        if stops[0] != stops[-1]:
            trips.append((f"{short}-back", short, 1, stops[::-1], beat, first + 300))
    return trips


def _shore(network: Network, x: float, y: float) -> complex:
    """Place a stop in the water, some metres from the street node nearest to where it should be."""
    usable = walkable(network)
    nodes = np.flatnonzero(metres_around(network, usable) > 1000)
    east, north = to_metres(network.lon[nodes], network.lat[nodes], ORIGIN)
    away = np.hypot(east - x, north - y)
    i = int(np.argmin(away))
    shore, wanted = complex(east[i], north[i]), complex(x, y)
    return shore + (wanted - shore) / abs(wanted - shore) * min(_OFF_SHORE, float(away[i]))


def _degrees(at: complex) -> tuple[str, str]:
    """Latitude and longitude of a place in metres."""
    degree = math.radians(1.0) * EARTH_RADIUS
    lon = ORIGIN[0] + at.real / (degree * math.cos(math.radians(ORIGIN[1])))
    return f"{ORIGIN[1] + at.imag / degree:.6f}", f"{lon:.6f}"


def _times(stops: list[tuple[str, complex]]) -> list[tuple[str, int, int]]:
    """Stop, arrival and departure [s after the first departure], in half minutes."""
    times = [(stops[0][0], 0, 0)]
    for (_, a), (stop, b) in pairwise(stops):
        came = times[-1][2] + 30 * math.ceil(abs(b - a) / _SPEED / 30)
        times.append((stop, came, came + _DWELL))
    stop, came, _ = times[-1]
    times[-1] = (stop, came, came)
    return times


def _clock(seconds: int) -> str:
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
