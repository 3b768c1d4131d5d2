"""Small GTFS feeds for tests: two boats along the corridor of `networks.corridor`."""

from __future__ import annotations

import zipfile
from collections.abc import Iterable
from pathlib import Path

from networks import degrees

WEEK = "monday,tuesday,wednesday,thursday,friday,saturday,sunday"


def stop_rows(places: dict[str, tuple[float, float]], tail: str = "") -> str:
    """Rows of ``stops.txt`` for places given in metres."""
    rows = []
    for name, (x, y) in places.items():
        lon, lat = degrees(x, y)
        rows.append(f"{name},Stop {name},{float(lat):.8f},{float(lon):.8f}{tail}")
    return "\n".join(rows)


PLACES = {"A": (0, 20), "B": (110, 20), "C": (300, 20)}
STOPS = "stop_id,stop_name,stop_lat,stop_lon\n" + stop_rows(PLACES) + "\n"

FILES = {
    "agency.txt": (
        "agency_id,agency_name,agency_url,agency_timezone\nX,Boats,https://example.org,Europe/Rome\n"
    ),
    "stops.txt": STOPS,
    "routes.txt": "route_id,route_short_name,route_long_name,route_type\nR1,1,Canal,4\n",
    "trips.txt": "route_id,service_id,trip_id\nR1,daily,T1\n",
    "stop_times.txt": (
        "trip_id,arrival_time,departure_time,stop_id,stop_sequence\n"
        "T1,10:05:00,10:05:00,A,1\n"
        "T1,10:08:00,10:10:00,B,2\n"
        "T1,10:20:00,10:20:00,C,3\n"
    ),
    "calendar.txt": (
        f"service_id,{WEEK},start_date,end_date\ndaily,1,1,1,1,1,1,1,20210101,20211231\n"
    ),
}
"""One boat: leaves A at 10:05, is at B from 10:08 to 10:10, at C at 10:20, every day of 2021."""


def times(*rows: str) -> str:
    """``stop_times.txt`` of rows ``trip,arrival,departure,stop,sequence``."""
    head = "trip_id,arrival_time,departure_time,stop_id,stop_sequence"
    return "\n".join([head, *rows]) + "\n"


def write_feed(
    folder: Path,
    changes: dict[str, str | None] | None = None,
    *,
    bom: Iterable[str] = (),
) -> Path:
    """Write `FILES` with changes (None = no such file); files in `bom` begin with a mark."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in {**FILES, **(changes or {})}.items():
        if text is not None:
            mark = "\ufeff" if name in set(bom) else ""
            (folder / name).write_text(mark + text, encoding="utf-8")
    return folder


def zipped(folder: Path, inside: str = "") -> Path:
    """Zip of a feed's folder, its files below `inside`."""
    path = folder.with_suffix(".zip")
    with zipfile.ZipFile(path, "w") as archive:
        for file in sorted(folder.iterdir()):
            archive.write(file, inside + file.name)
    return path
