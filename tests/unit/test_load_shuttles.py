"""Shuttle boats go back and forth on demand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from gtfs_files import write_feed
from networks import corridor, degrees

from evacroute.boats import Boats
from evacroute.errors import BoatError
from evacroute.load.boats import load_boats
from evacroute.load.gtfs import read_boats
from evacroute.load.shuttles import shuttles
from evacroute.network import Network


def table(**changes: Any) -> pd.DataFrame:
    """One boat of 20 seats from beside N0 to beside N3, a minute at the pier, 100 s a ride."""
    (west, east), (south, north) = degrees([0, 300], [20, 20])
    columns = {
        "shuttle_id": ["S"], "from_lon": [west], "from_lat": [south], "to_lon": [east],
        "to_lat": [north], "seats": [20], "ride_time_s": [100],
    }  # fmt: skip
    return pd.DataFrame({**columns, **changes})


def run(until: float | str = "15 min", **changes: Any) -> tuple[Network, Boats]:
    return shuttles(corridor(), table(**changes), until=until)


def test_a_boat_goes_back_and_forth() -> None:
    """A boat lies a minute, rides, lies a minute, comes back empty, and so on until the horizon."""
    network, boats = run(until="12 min")
    # A round is 60 + 100 + 60 + 100 s; people are ashore 220 s after the boat begins to load.
    assert boats.leave_s.tolist() == [60, 380]
    assert boats.arrive_s.tolist() == [220, 540]
    assert boats.trip_id.tolist() == ["S/1/1", "S/1/2"]
    assert boats.boarders.tolist() == [20, 20]
    boats.check(network)
    assert network.node_id[network.from_node[boats.link]].tolist() == ["stop:S-from"] * 2
    _, exact = run(until=540)
    assert len(exact) == 2
    _, less = run(until=539)
    assert len(less) == 1


def test_boats_follow_each_other_evenly() -> None:
    """Several boats of a shuttle start evenly over one round."""
    _, boats = run(boats=[4])
    assert np.sort(boats.leave_s)[:6].tolist() == [60, 140, 220, 300, 380, 460]


def test_both_ways() -> None:
    """With both_ways people ride back too, after the boat has been emptied and filled again."""
    network, boats = run(both_ways=[1])
    assert boats.leave_s.tolist() == [60, 280, 500, 720]
    assert boats.arrive_s.tolist() == [220, 440, 660, 880]
    assert network.link_id[boats.link].tolist() == [
        "boat:S-from>S-to", "boat:S-to>S-from", "boat:S-from>S-to", "boat:S-to>S-from",
    ]  # fmt: skip
    assert len(set(boats.trip_id)) == 4


def test_columns(tmp_path: Path) -> None:
    """Window, dwell, speed, places and tide are taken from the table, from a file as well."""
    frame = table(available_from_s=[100], available_until_s=[800], dwell_s=[20], speed=[2.0],
                  wheelchair_places=[3], max_tide=[1.1]).drop(columns="ride_time_s")  # fmt: skip
    path = tmp_path / "shuttles.csv"
    frame.to_csv(path, index=False)
    _, boats = shuttles(corridor(), path)
    ride = boats.arrive_s[0] - boats.leave_s[0] - 20
    assert ride == pytest.approx(150, rel=0.01)
    assert boats.leave_s[0] == 120
    assert (boats.arrive_s <= 800).all()
    assert set(boats.wheelchair_places) == {3}
    assert set(boats.max_tide) == {1.1}
    assert set(boats.boarders) == {20}
    network, same = load_boats(path, corridor())
    assert same.equals(boats)
    assert network.n_links == corridor().n_links + 5


def test_without_speed_a_slow_one_is_taken() -> None:
    """Where there is neither speed nor time, a boat goes 3 m/s."""
    _, boats = shuttles(corridor(), table().drop(columns="ride_time_s"))
    assert boats.arrive_s[0] - boats.leave_s[0] == pytest.approx(160, abs=0.5)


def test_ends_by_node_land_there(tmp_path: Path) -> None:
    """An end given by node needs no gangway; the stops of a feed may be such nodes."""
    network, feed = read_boats(write_feed(tmp_path / "feed"), corridor())
    frame = pd.DataFrame({"from_node_id": ["stop:A"], "to_node_id": ["N2"], "seats": [9]})
    grown, boats = shuttles(network, frame)
    assert grown.n_nodes == network.n_nodes
    assert grown.n_links == network.n_links + 1
    assert set(grown.link_id[boats.link]) == {"boat:stop:A>N2"}
    Boats.join(feed, boats).check(grown)


def test_one_place_is_one_stop() -> None:
    """Shuttles that share an end share its stop and gangway."""
    frame = pd.concat([table(), table(shuttle_id=["T"], to_lon=degrees(200, 20)[0])])
    network, boats = shuttles(corridor(), frame)
    assert network.n_nodes == corridor().n_nodes + 3
    assert set(network.from_node[boats.link].tolist()) == {corridor().n_nodes}


def test_all_faults_at_once() -> None:
    """Wrong rows are named together with their values."""
    rows = [
        table(seats=[2], wheelchair_places=[3]),
        table(shuttle_id=["T"], speed=[3.0]),
        table(shuttle_id=["U"], available_from_s=[90.0], available_until_s=[80.0]),
        table(shuttle_id=["V"], from_node_id=["nowhere"]),
        table(shuttle_id=["W"], to_lon=degrees(0, 20)[0], to_lat=degrees(0, 20)[1]),
        table(shuttle_id=["S"]),
    ]
    frame = pd.concat(rows, ignore_index=True)
    with pytest.raises(BoatError) as caught:
        shuttles(corridor(), frame)
    for part in (
        "6 faults",
        "row 0: wheelchair_places is 3, expected 0 to the 2 seats",
        "row 1: both speed and ride_time_s are given",
        "row 2: available_until_s is 80 s, expected more than its available_from_s of 90 s",
        "row 3: from_node_id is 'nowhere', expected one of the network",
        "row 4: both ends are at one place",
        "row 5: shuttle_id 'S' appears more than once",
    ):
        assert part in str(caught.value), part


def test_an_end_in_the_sea_is_a_fault() -> None:
    """An end too far from any street is named with its position: a shuttle needs both ends."""
    with pytest.raises(BoatError, match=r"row 0: to_lon and to_lat are .* within 100 m of a str"):
        run(to_lat=[45.46])


def test_no_ride_in_time() -> None:
    """A shuttle too late for any ride is noted; where there is no other it is an error."""
    with pytest.raises(BoatError, match="no shuttle ends a ride within 3 min"):
        run(until="3 min")
    frame = pd.concat([table(), table(shuttle_id=["T"], ride_time_s=[5000])])
    _, boats = shuttles(corridor(), frame, until="15 min")
    assert boats.report is not None
    assert boats.report.set_aside == {"shuttles without a ride that ends in time": 1}
    assert "T" in boats.report.notes[0]
    with pytest.raises(BoatError, match="more than 1,000,000 rides"):
        run(ride_time_s=[1e-6], dwell_s=[0])
