"""Small GTFS feeds for tests: two boats along the corridor of `networks.corridor`."""

from __future__ import annotations

import zipfile
from collections.abc import Iterable
from pathlib import Path

import pandas as pd
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


def actv_feed(shared: Path, folder: Path) -> Path:
    """A feed with the real stops of ACTV and made-up lines along the Grand Canal and the islands.

    Lines 1 and 2 go from Piazzale Roma to San Zaccaria every 10 minutes; line 99 calls at every
    stop of the file once.
    """
    table = pd.read_csv(shared / "data" / "venice" / "actv_water_stops_2021.csv", dtype=str)
    assert len(table) == 172
    by_name = table.drop_duplicates("stop_name").set_index("stop_name")["stop_id"]
    one = ['P.le Roma "B"', "Ferrovia", "Riva de Biasio", "San Stae", "Ca' D'Oro", "Rialto",
           "San Silvestro", "Sant' Angelo", "San Toma'", "Ca' Rezzonico", 'ACCADEMIA "A"',
           "GIGLIO", "Salute", 'San Marco Vallaresso "A"', 'San Marco-San Zaccaria"A"']  # fmt: skip
    two = ['P.le Roma "B"', "Ferrovia", "Rialto", "San Toma'", 'ACCADEMIA "A"',
           'San Marco Vallaresso "A"']  # fmt: skip
    rows = []
    for line, names, minutes in (("1", one, 3), ("2", two, 6)):
        for way in (1, -1):
            rows += [
                f"{line}{way},{10 + i * minutes // 60:02d}:{i * minutes % 60:02d}:00,,{stop},{i}"
                for i, stop in enumerate(by_name[name] for name in names[::way])
            ]
    rows += [
        f"99,{10 + i * 2 // 60:02d}:{i * 2 % 60:02d}:00,,{stop},{i}"
        for i, stop in enumerate(table["stop_id"])
    ]
    trips = ["11", "1-1", "21", "2-1"]
    return write_feed(
        folder,
        {
            "stops.txt": table.to_csv(index=False),
            "routes.txt": "route_id,route_short_name,route_type\nL1,1,4\nL2,2,4\nL99,99,4\n",
            "trips.txt": "route_id,service_id,trip_id\nL1,daily,11\nL1,daily,1-1\nL2,daily,21\n"
            "L2,daily,2-1\nL99,daily,99\n",
            "stop_times.txt": times(*rows),
            "calendar.txt": f"service_id,{WEEK},start_date,end_date\n"
            "daily,1,1,1,1,1,1,1,20210901,20211231\n",
            "frequencies.txt": "trip_id,start_time,end_time,headway_secs,exact_times\n"
            + "".join(f"{trip},06:00:00,24:00:00,600,1\n" for trip in trips),
        },
    )
