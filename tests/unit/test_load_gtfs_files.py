"""Files of a GTFS feed: folders and zips, and how faults in them are refused."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import pytest
from gtfs_files import FILES, STOPS, times, write_feed, zipped
from gtfs_rides import BASE, read, rides
from networks import corridor

from evacroute.errors import BoatError, InputError
from evacroute.load.gtfs import read_boats


@pytest.mark.parametrize("inside", [None, "", "actv/"])
def test_folder_and_zip_give_the_same(tmp_path: Path, inside: str | None) -> None:
    """A folder, a zip and a zip with a folder inside are read alike, with byte-order marks too."""
    feed = write_feed(tmp_path / "feed", bom=FILES)
    source = feed if inside is None else zipped(feed, inside)
    assert rides(read_boats(source, corridor())[1]) == BASE


def test_all_faults_are_named_with_file_and_row(tmp_path: Path) -> None:
    """Faults in several files stand in one error, each with file, row and what is allowed."""
    changes = {
        "trips.txt": "route_id,service_id,trip_id\nR1,daily,T1\nR1,daily,T1\nR9,never,T3\n",
        "stop_times.txt": times("T1,10:05:00,10:05:00,A,1", "T1,10:20:00,10:10:00,X,2",
                                "T1,10:15:00,25:61:00,C,2", "T7,10:15:00,10:15:00,C,2"),
        "calendar_dates.txt": "service_id,date,exception_type\ndaily,2021-10-05,3\n",
    }  # fmt: skip
    with pytest.raises(BoatError) as caught:
        read(tmp_path, changes)
    text = str(caught.value)
    for part in (
        "calendar_dates.txt row 2: date is '2021-10-05', expected a day as YYYYMMDD",
        "calendar_dates.txt row 2: exception_type is '3', expected 1",
        "trips.txt row 3: trip_id 'T1' appears more than once (first in row 2)",
        "trips.txt row 4: route_id is 'R9', expected an id of routes.txt",
        "stop_times.txt row 5: trip_id is 'T7', expected an id of trips.txt",
        "stop_times.txt row 3: stop_id is 'X', expected an id of stops.txt",
        "stop_times.txt row 4: departure_time is '25:61:00', expected HH:MM:SS",
        "stop_times.txt row 4: stop_sequence is 2, as in the trip's row 3",
        "stop_times.txt row 3: departure_time is 10:10:00, expected not before the arrival_time",
    ):
        assert part in text, part
    back = times("T1,10:05:00,10:05:00,A,1", "T1,10:04:00,10:10:00,B,2", "T1,,,C,3")
    with pytest.raises(
        BoatError, match=r"(?s)row 4: arrival_time and .*row 3: arrival_time is 10:04"
    ):
        read(tmp_path, {"stop_times.txt": back})


@pytest.mark.parametrize(
    "changes, message",
    [
        ({"stop_times.txt": FILES["stop_times.txt"] + "T1,1,2,3,4,5,6\n"}, "stop_times.txt: "),
        ({"stops.txt": ""}, "stops.txt: the file is empty"),
        ({"trips.txt": "route_id,trip_id\nR1,T1\n"}, "trips.txt: column service_id is missing"),
        ({"routes.txt": "route_id,route_type\nR1,ferry\n"}, r"routes.txt row 2: route_type is 'fe"),
        ({"stops.txt": STOPS.replace("45.4", "145.4", 1)}, "stops.txt row 2: stop_lat is 145.4"),
        (
            {
                "calendar_dates.txt": "service_id,date,exception_type\n"
                "daily,20211005,1\ndaily,20211005,2\n"
            },
            r"calendar_dates.txt row 3: 'daily' on 2021-10-05 is there twice",
        ),
        ({"calendar.txt": FILES["calendar.txt"].replace("1,1,1", "1,x,1", 1)}, "tuesday is 'x'"),
        (
            {"calendar.txt": FILES["calendar.txt"].replace("20211231", "20201231")},
            "end_date is before start_date",
        ),
        ({"stops.txt": STOPS + "A,again,45,12\n"}, "stops.txt row 5: stop_id 'A' appears more"),
        (
            {"frequencies.txt": "trip_id,start_time,end_time,headway_secs\nT1,9:00:00,8:00:00,0\n"},
            r"(?s)frequencies.txt row 2: headway_secs is 0 s.*row 2: end_time is 8:00:00",
        ),
        (
            {
                "frequencies.txt": "trip_id,start_time,end_time,headway_secs\n"
                "T1,9:00:00,9:30:00,10\n"
            },
            r"frequencies.txt row 2: headway_secs is 10 s, not minutes, expected .* 60",
        ),
    ],
)
def test_broken_files(tmp_path: Path, changes: dict[str, str | None], message: str) -> None:
    """A file that is not as GTFS demands is refused by its name."""
    with pytest.raises(BoatError, match=message):
        read(tmp_path, changes)


def test_no_feed_at_all(tmp_path: Path) -> None:
    """A missing path, a folder of other things, and a file that is no zip say what is expected."""
    with pytest.raises(BoatError, match="no such file or folder"):
        read_boats(tmp_path / "none.zip", corridor())
    with pytest.raises(BoatError, match=r"no stops.txt, expected a GTFS feed"):
        read_boats(tmp_path, corridor())
    (tmp_path / "feed.zip").write_bytes(b"PK\x03\x04 cut off")
    with pytest.raises(BoatError, match="not a zip, or it is cut off"):
        read_boats(tmp_path / "feed.zip", corridor())
    feed = write_feed(tmp_path / "feed")
    (feed / "trips.txt").unlink()
    with pytest.raises(BoatError, match=r"trips.txt: there is no such file in the feed"):
        read_boats(feed, corridor())
    (feed / "stops.txt").write_bytes(b"stop_id\n\xff\xfe\n")
    with pytest.raises(BoatError, match="not UTF-8"):
        read_boats(feed, corridor())
    (feed / "calendar.txt").unlink()
    with pytest.raises(BoatError, match=r"neither calendar.txt nor calendar_dates.txt"):
        read_boats(feed, corridor())


@pytest.mark.parametrize(
    "option, message",
    [
        ({"alarm": "at ten"}, "alarm is 'at ten', expected a date and time"),
        ({"until": "0 min"}, "until is '0 min'"),
        ({"boarding_rate": 0.0}, "boarding_rate is 0.0"),
        ({"max_distance": -1.0}, "max_distance is -1"),
        ({"seats": 2, "wheelchair_places": 3}, "wheelchair_places is 3, expected 0 to the 2 seats"),
        ({"seats": 1, "wheelchair_places": 3}, "wheelchair_places is 3, expected 0 to the 1 seat$"),
    ],
)
def test_options_out_of_range(tmp_path: Path, option: dict[str, Any], message: str) -> None:
    """An option that cannot be is refused by its name."""
    with pytest.raises(InputError, match=message):
        read(tmp_path, **option)


def test_blank_lines_do_not_shift_rows(tmp_path: Path) -> None:
    """Rows in messages are those a spreadsheet shows, blank lines counted."""
    text = FILES["stop_times.txt"].replace("T1,10:08", "\n\nT1,10:08").replace(",C,3", ",Z,3")
    with pytest.raises(BoatError, match=r"stop_times.txt row 6: stop_id is 'Z'"):
        read(tmp_path, {"stop_times.txt": text})


def test_rows_with_too_many_cells_are_refused(tmp_path: Path) -> None:
    """A row longer than the header is an error, not cut off, also where warnings are silent."""
    text = FILES["stop_times.txt"] + "T1,10:30:00,10:30:00,A,4,,,extra\n"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with pytest.raises(BoatError, match=r"stop_times.txt: cannot be read as a CSV table"):
            read(tmp_path, {"stop_times.txt": text})
