"""When the boats of a GTFS feed run: days, calendars, beats, and times that are missing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from gtfs_files import FILES, WEEK, times
from gtfs_rides import BASE, notes, read, rides

from evacroute.errors import BoatError


@pytest.mark.parametrize(
    "alarm, until, expected",
    [
        ("2021-10-05 09:55", "90 min", [(600.0, 780.0), (900.0, 1500.0)]),
        # Under way at the alarm: only the ride from the next stop is left.
        ("2021-10-05 10:06", "90 min", [(240.0, 840.0)]),
        ("2021-10-05T10:00:00", "19 min", [(300.0, 480.0)]),
        ("2021-10-05 10:00:00+02:00", "20 min", BASE),
        ("2021-10-05 08:00:00+00:00", "20 min", BASE),
    ],
)
def test_alarm_and_horizon(tmp_path: Path, alarm: str, until: str, expected: Any) -> None:
    """Rides from the alarm on that arrive by the horizon are kept, and no others."""
    assert rides(read(tmp_path, alarm=alarm, until=until)) == expected


def test_trip_of_the_day_before(tmp_path: Path) -> None:
    """A boat that left yesterday at 24:05 leaves five minutes after an alarm at midnight."""
    changes = {
        "stop_times.txt": times("T1,23:50:00,23:50:00,A,1", "T1,24:05:00,24:05:00,B,2",
                                "T1,25:00:00,25:00:00,C,3")
    }  # fmt: skip
    boats = read(tmp_path, changes, alarm="2021-10-06 00:00")
    assert rides(boats) == [(300.0, 3600.0)]
    assert boats.trip_id.tolist() == ["T1@2021-10-05"]
    late = read(tmp_path, changes, alarm="2021-10-05 23:45")
    assert rides(late) == [(300.0, 1200.0), (1200.0, 4500.0)]


def test_the_day_the_clocks_go_back(tmp_path: Path) -> None:
    """Times count from noon less 12 h: on 31 October 2021 10:05 is 10:05 by the clock all day."""
    assert rides(read(tmp_path, alarm="2021-10-31 10:00")) == BASE
    # 01:30 in summer time is 9 h 35 min before 10:05 in winter time.
    early = read(tmp_path, alarm="2021-10-31 01:30", until="12 h")
    assert early.leave_s[0] == 9 * 3600 + 35 * 60
    unknown = {"agency.txt": FILES["agency.txt"].replace("Europe/Rome", "Moon/Sea")}
    boats = read(tmp_path, unknown, alarm="2021-10-05 10:00")
    assert rides(boats) == BASE
    assert "time zone 'Moon/Sea'" in notes(boats)


def test_calendar_and_its_exceptions(tmp_path: Path) -> None:
    """A service runs on its weekdays and dates; an added day counts, a removed one does not."""
    week = f"service_id,{WEEK},start_date,end_date\ndaily,1,0,0,0,0,0,0,20211001,20211031\n"
    dates = "service_id,date,exception_type\ndaily,20211006,1\ndaily,20211011,2\n"
    changes = {"calendar.txt": week, "calendar_dates.txt": dates}
    for day, runs in (("04", 1), ("05", 0), ("06", 1), ("11", 0), ("18", 1)):
        alarm = f"2021-10-{day} 10:00"
        if runs:
            assert rides(read(tmp_path, changes, alarm=alarm)) == BASE
        else:
            with pytest.raises(BoatError, match=r"no boat rides .*calendar covers 2021-10-01 to"):
                read(tmp_path, changes, alarm=alarm)
    only = {"calendar.txt": None, "calendar_dates.txt": "service_id,date,exception_type\n"
            "daily,20211005,1\n"}  # fmt: skip
    (tmp_path / "feed" / "calendar.txt").unlink()
    assert rides(read(tmp_path, only)) == BASE


def test_frequencies(tmp_path: Path) -> None:
    """A trip with a beat starts at each, the end excluded; its own times give the distances."""
    changes: dict[str, str | None] = {
        "frequencies.txt": "trip_id,start_time,end_time,headway_secs,exact_times\n"
        "T1,09:50:00,10:30:00,600,1\nT1,10:20:00,10:40:00,600,\n"
    }
    boats = read(tmp_path, changes, until="40 min")
    first = [trip[-8:] for trip in boats.trip_id.tolist()]
    assert first == ["10:00:00"] * 2 + ["10:10:00"] * 2 + ["10:20:00"] * 2 + ["10:30:00"]
    assert rides(boats)[:2] == [(0.0, 180.0), (300.0, 900.0)]
    assert boats.report is not None
    assert boats.report.repaired["starts by two rows of frequencies.txt, taken once"] == 1
    assert "1 rows of frequencies.txt give no exact times" in notes(boats)


def test_frequencies_past_midnight(tmp_path: Path) -> None:
    """A beat of yesterday's service day that goes on past 24:00 counts after midnight."""
    changes: dict[str, str | None] = {
        "frequencies.txt": "trip_id,start_time,end_time,headway_secs\nT1,23:00:00,24:30:00,900\n"
    }
    boats = read(tmp_path, changes, alarm="2021-10-06 00:00", until="20 min")
    assert sorted(set(boats.trip_id)) == ["T1@2021-10-05T24:00:00", "T1@2021-10-05T24:15:00"]
    assert rides(boats)[0] == (0.0, 180.0)


def test_an_empty_frequencies_file_is_none(tmp_path: Path) -> None:
    """A header without rows, as many feeds have it, changes nothing."""
    head: dict[str, str | None] = {"frequencies.txt": "trip_id,start_time,end_time,headway_secs\n"}
    assert rides(read(tmp_path, head)) == BASE


def test_empty_times_are_interpolated(tmp_path: Path) -> None:
    """A stop without times is reached by its share of the way; one of two times is both."""
    changes = {
        "stop_times.txt": times("T1,,10:05:00,A,1", "T1, ,,B,2", "T1,10:20:00,,C,30")
    }  # fmt: skip
    boats = read(tmp_path, changes)
    at = 300 + 900 * 110 / 300
    assert rides(boats) == [(300.0, pytest.approx(at)), (pytest.approx(at), 1200.0)]
    assert boats.report is not None
    assert boats.report.repaired["empty stop times interpolated"] == 1
    along = times("T1,10:05:00,10:05:00,A,1", "T1,,,B,2", "T1,10:20:00,10:20:00,C,30")
    lines = along.strip().split("\n")
    tail = ["shape_dist_traveled", "0", "9", "10"]
    rows = [f"{line},{end}" for line, end in zip(lines, tail, strict=True)]
    boats = read(tmp_path, {"stop_times.txt": "\n".join(rows)})
    assert boats.arrive_s[0] == pytest.approx(300 + 810)


def test_stops_in_one_minute_are_spread(tmp_path: Path) -> None:
    """Where whole minutes leave a ride no time, the stop is put between its neighbours."""
    changes = {
        "stop_times.txt": times("T1,10:05:00,10:05:00,A,1", "T1,10:05:00,10:05:00,B,2",
                                "T1,10:08:00,10:08:00,C,3")
    }  # fmt: skip
    boats = read(tmp_path, changes)
    assert 300 < boats.arrive_s[0] < 480
    assert boats.report is not None
    assert boats.report.repaired["stop times in the minute of another, spread"] == 1
    last = times("T1,10:05:00,10:05:00,A,1", "T1,10:08:00,10:08:00,B,2", "T1,10:08:00,10:08:00,C,3")
    assert (np.diff(rides(read(tmp_path, {"stop_times.txt": last})), axis=1) > 0).all()
    still = times("T1,10:05:00,10:05:00,A,1", "T1,10:05:00,10:05:00,B,2")
    with pytest.raises(BoatError, match=r"stop_times.txt row 3: .*10:05:00, when the trip begins"):
        read(tmp_path, {"stop_times.txt": still})
