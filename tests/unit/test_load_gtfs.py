"""GTFS feeds become rides on ferry links of the network."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from gtfs_files import FILES, STOPS, WEEK, stop_rows, times, write_feed, zipped
from networks import corridor, degrees

from evacroute.boats import Boats
from evacroute.errors import BoatError, InputError
from evacroute.load.gtfs import read_boats
from evacroute.network import KINDS, Network


def read(folder: Path, changes: dict[str, str | None] | None = None, **options: Any) -> Boats:
    """Boats of a feed along the corridor, the alarm at 10:00."""
    return read_both(folder, changes, **options)[1]


def read_both(
    folder: Path, changes: dict[str, str | None] | None = None, **options: Any
) -> tuple[Network, Boats]:
    return read_boats(write_feed(folder / "feed", changes), corridor(), **options)


def rides(boats: Boats) -> list[tuple[float, float]]:
    return list(zip(boats.leave_s.tolist(), boats.arrive_s.tolist(), strict=True))


def notes(boats: Boats) -> str:
    assert boats.report is not None
    return " | ".join(boats.report.notes)


BASE = [(300.0, 480.0), (600.0, 1200.0)]


def test_a_trip_becomes_rides(tmp_path: Path) -> None:
    """A ride leaves and arrives as the timetable says, after the alarm; dwell x rate may board."""
    network, boats = read_both(tmp_path)
    assert rides(boats) == BASE
    assert boats.trip_id.tolist() == ["T1@2021-10-05"] * 2
    # B is served from 10:08 to 10:10; at A the default minute is taken, 2 person/s step aboard.
    assert boats.boarders.tolist() == [120, 210]
    assert boats.seats.tolist() == [210, 210]
    assert boats.wheelchair_places.tolist() == [4, 4]
    assert network.link_id[boats.link].tolist() == ["boat:A>B", "boat:B>C"]
    boats.check(network)


def test_the_network_only_grows(tmp_path: Path) -> None:
    """What the network had stays in its place; stops, gangways and ferry links come behind."""
    old = corridor()
    network, _ = read_both(tmp_path)
    assert network.node_id[: old.n_nodes].tolist() == old.node_id.tolist()
    assert network.node_id[old.n_nodes :].tolist() == ["stop:A", "stop:B", "stop:C"]
    for name in ("link_id", "from_node", "length", "kind", "geometry_ptr"):
        mine, theirs = getattr(network, name), getattr(old, name)
        assert mine[: len(theirs)].tolist() == theirs.tolist()
    new = range(old.n_links, network.n_links)
    assert [KINDS[network.kind[i]] for i in new] == ["quay"] * 4 + ["ferry"] + ["quay"] * 2 + [
        "ferry"
    ]
    gangway = network.link_positions(["gangway:B", "gangway:B-r"])
    assert network.node_id[network.from_node[gangway]].tolist() == ["stop:B", "N1"]
    assert network.node_id[network.to_node[gangway]].tolist() == ["N1", "stop:B"]
    # 20 m to the street and 10 m along it to its nearer end.
    assert network.length[gangway] == pytest.approx([30, 30], abs=0.1)
    assert network.capacity[gangway].tolist() == [2.0, 2.0]
    assert network.steps[gangway].tolist() == [0, 0]
    ferry = network.link_positions(["boat:A>B"])[0]
    assert network.length[ferry] == pytest.approx(110, abs=0.2)
    assert network.capacity[ferry] > 0
    assert len(network.geometry(ferry)) == 2


@pytest.mark.parametrize("inside", [None, "", "actv/"])
def test_folder_and_zip_give_the_same(tmp_path: Path, inside: str | None) -> None:
    """A folder, a zip and a zip with a folder inside are read alike, with byte-order marks too."""
    feed = write_feed(tmp_path / "feed", bom=FILES)
    source = feed if inside is None else zipped(feed, inside)
    assert rides(read_boats(source, corridor())[1]) == BASE


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


def test_a_stop_in_the_sea_is_passed_by(tmp_path: Path) -> None:
    """A stop far from any street is named and set aside; the boat goes by it to the next one."""
    sea = {"A": (0, 20), "B": (150, 900), "C": (300, 20)}
    network, boats = read_both(
        tmp_path, {"stops.txt": "stop_id,stop_name,stop_lat,stop_lon\n" + stop_rows(sea)}
    )
    assert rides(boats) == [(300.0, 1200.0)]
    assert network.link_id[boats.link].tolist() == ["boat:A>C"]
    assert boats.report is not None
    assert boats.report.set_aside == {"stops with no street within 100 m, passed by": 1}
    assert "B Stop B (90" in notes(boats)
    # The way leads by the stop in the sea.
    assert len(network.geometry(int(boats.link[0]))) == 3
    assert network.length[boats.link[0]] == pytest.approx(2 * np.hypot(150, 880), rel=0.01)
    assert rides(read(tmp_path, {"stops.txt": (tmp_path / "feed" / "stops.txt").read_text()},
                      max_distance=2000.0)) == BASE  # fmt: skip


def test_no_stop_near_a_street(tmp_path: Path) -> None:
    """Where all stops are far off the error says so, and whether columns look swapped."""
    sea = {"A": (0, 2000), "B": (150, 900), "C": (300, 2000)}
    head = "stop_id,stop_name,stop_lat,stop_lon\n"
    with pytest.raises(BoatError, match="none of the 3 stops is within 100 m"):
        read(tmp_path, {"stops.txt": head + stop_rows(sea)})
    swapped = STOPS.replace("stop_lat,stop_lon", "stop_lon,stop_lat")
    with pytest.raises(BoatError, match="look swapped"):
        read(tmp_path, {"stops.txt": swapped})


def test_long_gangways_are_named(tmp_path: Path) -> None:
    """A stop 60 m from its street joins it, and the report names it with the distance."""
    far = {"A": (0, 20), "B": (110, 60), "C": (300, 20)}
    head = "stop_id,stop_name,stop_lat,stop_lon\n"
    boats = read(tmp_path, {"stops.txt": head + stop_rows(far)})
    assert rides(boats) == BASE
    assert "B Stop B (60 m)" in notes(boats)
    assert "may lead over open water" in notes(boats)
    assert boats.report is not None
    assert boats.report.counts["gangways of more than 50 m from stop to street"] == 1
    assert "gangways" not in notes(read(tmp_path, {"stops.txt": STOPS}))


def test_no_boat_left_names_the_stops_set_aside(tmp_path: Path) -> None:
    """Where the boats call at stops set aside only, the error names these."""
    sea = {"A": (0, 20), "B": (150, 900), "C": (300, 2000)}
    head = "stop_id,stop_name,stop_lat,stop_lon\n"
    with pytest.raises(BoatError, match=r"no boat rides .*set aside, too far .*B Stop B \(90"):
        read(tmp_path, {"stops.txt": head + stop_rows(sea)})


def test_parent_stations_lend_what_is_missing(tmp_path: Path) -> None:
    """A platform without position or wheelchair word takes its station's."""
    lon, lat = degrees(110, 20)
    head = "stop_id,stop_name,stop_lat,stop_lon,location_type,parent_station,wheelchair_boarding\n"
    rows = stop_rows({"A": (0, 20), "C": (300, 20)}, ",0,,2")
    station = f"S,Station,{lat},{lon},1,,1\nB,,,,,S,0\n"
    network, boats = read_both(tmp_path, {"stops.txt": head + station + rows})
    assert rides(boats) == BASE
    gangway = network.link_positions(["gangway:B", "gangway:A", "gangway:A-r"])
    assert network.wheelchair[gangway].tolist() == [1, -1, -1]
    assert network.length[gangway[0]] == pytest.approx(30, abs=0.1)


def test_only_boats_are_read(tmp_path: Path) -> None:
    """Buses are left out and counted, extended ferry types are boats, other types on demand."""
    routes = "route_id,route_short_name,route_type\nR1,1,{}\nR2,6L,3\n"
    trips = "route_id,service_id,trip_id\nR1,daily,T1\nR2,daily,T2\n"
    both = FILES["stop_times.txt"] + "T2,10:05:00,10:05:00,A,1\nT2,10:06:00,10:06:00,B,2\n"
    changes = {"trips.txt": trips, "stop_times.txt": both, "routes.txt": routes.format(1001)}
    boats = read(tmp_path, changes)
    assert set(boats.trip_id) == {"T1@2021-10-05"}
    assert boats.report is not None
    assert boats.report.set_aside == {"routes that are no boats": 1}
    assert set(read(tmp_path, changes, route_types=(3,)).trip_id) == {"T2@2021-10-05"}
    with pytest.raises(BoatError, match="no boat rides"):
        read(tmp_path, {**changes, "routes.txt": routes.format(0)})


def test_vessels(tmp_path: Path) -> None:
    """Seats follow the line, a table, or arguments, in rising order; assumed ones are counted."""
    line = {"routes.txt": FILES["routes.txt"].replace("R1,1,", "R1,4.1,")}
    boats = read(tmp_path, line)
    assert (boats.seats[0], boats.wheelchair_places[0]) == (130, 1)
    assert boats.report is not None
    assert boats.report.counts["trips whose number of seats is assumed"] == 1
    table = pd.DataFrame({"line": ["4", "*"], "seats": [80, 7], "wheelchair_places": [2, 0]})
    boats = read(tmp_path, line, vessels=table)
    assert (boats.seats[0], boats.wheelchair_places[0]) == (80, 2)
    assert boats.report is not None
    assert "trips whose number of seats is assumed" not in boats.report.counts
    boats = read(tmp_path, line, vessels=table, seats=60)
    assert (boats.seats[0], boats.wheelchair_places[0]) == (60, 2)
    assert boats.boarders.tolist() == [60, 60]
    assert read(tmp_path, {}, vessels=table).seats[0] == 7
    assert read(tmp_path, {}, seats=3).wheelchair_places[0] == 3
    wrong = pd.DataFrame({"line": ["4", "4"], "seats": [80, 1], "wheelchair_places": [2, 2]})
    with pytest.raises(
        BoatError, match=r"(?s)2 faults.*'4', which is there twice.*0 to the 1 seat"
    ):
        read(tmp_path, vessels=wrong)


def test_wheelchair_word_of_a_trip(tmp_path: Path) -> None:
    """A trip that takes no wheelchairs has no place for them, one that does has one at least."""
    trips = "route_id,service_id,trip_id,wheelchair_accessible\nR1,daily,T1,{}\n"
    assert read(tmp_path, {"trips.txt": trips.format(2)}).wheelchair_places.tolist() == [0, 0]
    table = pd.DataFrame({"line": ["*"], "seats": [80], "wheelchair_places": [0]})
    one = read(tmp_path, {"trips.txt": trips.format(1)}, vessels=table)
    assert one.wheelchair_places.tolist() == [1, 1]


def test_stops_without_boarding(tmp_path: Path) -> None:
    """Nobody steps aboard where there is no pick-up; where there is no exit either, boats go by."""
    rows = FILES["stop_times.txt"].strip().split("\n")
    table = [f"{row},{end}" for row, end in zip(
        rows, ("pickup_type,drop_off_type", "0,1", "1,0", "1,0"), strict=True)]  # fmt: skip
    assert read(tmp_path, {"stop_times.txt": "\n".join(table)}).boarders.tolist() == [120, 0]
    counted = read(tmp_path, {"stop_times.txt": "\n".join([*table[:3], table[3][:-3] + "0,1"])})
    assert rides(counted) == [(300.0, 480.0)]
    assert counted.report is not None
    assert counted.report.set_aside["last stops where one may not step off, left out"] == 1
    table[2] = table[2][:-3] + "1,1"
    assert rides(read(tmp_path, {"stop_times.txt": "\n".join(table)})) == [(300.0, 1200.0)]


def test_low_bridges(tmp_path: Path) -> None:
    """A ride has the least tide of the rows for its line and for the stops it comes by."""
    table = pd.DataFrame({"route": ["1", "", "R1"], "from_stop": ["", "C", "A"],
                          "to_stop": ["", "B", "C"], "max_tide_m": [1.3, 0.9, 0.1]})  # fmt: skip
    boats = read(tmp_path, low_bridges=table)
    assert boats.max_tide.tolist() == [1.3, 0.9]
    assert boats.report is not None
    assert boats.report.counts["rides that a low bridge bars above some tide"] == 2
    sea = {"A": (0, 20), "B": (150, 900), "C": (300, 20)}
    text = "stop_id,stop_name,stop_lat,stop_lon\n" + stop_rows(sea)
    # The boat comes by B without a stop there, and so under the bridge between B and C.
    assert read(tmp_path, {"stops.txt": text}, low_bridges=table[1:2]).max_tide.tolist() == [0.9]
    wrong = pd.DataFrame({"route": ["9", "", ""], "from_stop": ["", "A", ""],
                          "to_stop": ["", "", ""], "max_tide_m": [1.3, 1.3, "high"]})  # fmt: skip
    with pytest.raises(BoatError, match=r"(?s)4 faults.*'high'.*route is '9'.*both or none.*nei"):
        read(tmp_path, low_bridges=wrong)


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


def test_trips_that_never_run_are_set_aside(tmp_path: Path) -> None:
    """Trips whose service no calendar names, and trips of one stop, are set aside and counted."""
    trips = FILES["trips.txt"] + "R1,never,T2\nR1,daily,T3\n"
    rows = "T2,10:05:00,10:05:00,A,1\nT2,10:06:00,10:06:00,B,2\nT3,10:05:00,10:05:00,A,1\n"
    boats = read(tmp_path, {"trips.txt": trips, "stop_times.txt": FILES["stop_times.txt"] + rows})
    assert rides(boats) == BASE
    assert boats.report is not None
    assert boats.report.set_aside == {
        "trips whose service the calendar does not name": 1,
        "trips with fewer than two stops": 1,
    }


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


def test_a_second_feed_goes_on_top(tmp_path: Path) -> None:
    """Boats read into the network of other boats leave those valid, and share no gangway."""
    first, ours = read_both(tmp_path)
    second, theirs = read_boats(
        write_feed(tmp_path / "other", {"trips.txt": FILES["trips.txt"].replace("T1", "T2"),
                   "stop_times.txt": FILES["stop_times.txt"].replace("T1", "T2")}), first
    )  # fmt: skip
    joined = Boats.join(ours, theirs)
    joined.check(second)
    assert "stop:A#2" in second.node_id.tolist()
    gangway = second.link_positions(["gangway:A#2"])[0]
    assert second.node_id[second.to_node[gangway]] == "N0"
