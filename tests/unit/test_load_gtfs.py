"""GTFS feeds become rides on ferry links of the network."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from gtfs_files import FILES, STOPS, stop_rows, write_feed
from gtfs_rides import BASE, notes, read, read_both, rides
from networks import corridor, degrees

from evacroute.boats import Boats
from evacroute.errors import BoatError
from evacroute.load.gtfs import read_boats
from evacroute.network import KINDS


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
