"""Ferry links are drawn along shapes, along ferry ways of the map, or straight."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from gtfs_files import FILES, actv_feed, times, write_feed
from networks import corridor, degrees, from_edges

import evacroute as er
from evacroute.errors import BoatError
from evacroute.load.ferry_ways import FerryWays
from evacroute.load.growing import Growth, line_length
from evacroute.load.gtfs import read_boats
from evacroute.load.landings import find_landings
from evacroute.network import FERRY, Network
from evacroute.units import to_metres


def shape(points: list[tuple[float, float]], along: list[float] | None = None) -> str:
    """``shapes.txt`` with shape S through points given in metres."""
    rows = ["shape_id,shape_pt_lat,shape_pt_lon,shape_pt_sequence,shape_dist_traveled"]
    for i, (x, y) in enumerate(points):
        lon, lat = degrees(x, y)
        rows.append(f"S,{float(lat):.8f},{float(lon):.8f},{i},{along[i] if along else ''}")
    return "\n".join(rows) + "\n"


def drawn(folder: Path, network: Network | None = None, **changes: Any) -> tuple[Network, Any]:
    trips = {"trips.txt": "route_id,service_id,trip_id,shape_id\nR1,daily,T1,S\n"}
    options = changes.pop("options", {})
    feed = write_feed(folder / "feed", {**trips, **changes})
    return read_boats(feed, network or corridor(), **options)


def length(network: Network, name: str) -> float:
    return float(network.length[network.link_positions([name])[0]])


def test_a_link_follows_the_shape(tmp_path: Path) -> None:
    """A ferry link is the shape's part between its stops, and as long."""
    bow = shape([(-50, 30), (0, 30), (110, 30), (110, 200), (300, 200), (300, 30), (300, 0)])
    network, boats = drawn(tmp_path, **{"shapes.txt": bow})
    assert length(network, "boat:B>C") == pytest.approx(10 + 170 + 190 + 180, rel=0.01)
    assert length(network, "boat:A>B") == pytest.approx(10 + 110 + 10, rel=0.01)
    assert boats.report.counts["ferry links drawn along the feed's shapes"] == 2
    line = network.geometry(network.link_positions(["boat:B>C"])[0])
    x, y = to_metres(line[:, 0], line[:, 1], (12.334, 45.437))
    assert (x[0], y[0]) == pytest.approx((110, 20), abs=0.1)
    assert (x[-1], y[-1]) == pytest.approx((300, 20), abs=0.1)


def test_a_shape_there_and_back_is_cut_right(tmp_path: Path) -> None:
    """Where the boat comes by a place twice, each ride has its own part of the shape."""
    rows = times("T1,10:05:00,10:05:00,A,1", "T1,10:10:00,10:10:00,C,2", "T1,10:20:00,10:20:00,B,3")
    out = shape([(0, 20), (300, 20), (0, 20)])
    network, _ = drawn(tmp_path, **{"shapes.txt": out, "stop_times.txt": rows})
    assert length(network, "boat:A>C") == pytest.approx(300, rel=0.01)
    assert length(network, "boat:C>B") == pytest.approx(190, rel=0.01)


def test_distances_along_the_shape_rule(tmp_path: Path) -> None:
    """Where the feed says how far along the shape a stop is, that is where the shape is cut."""
    rows = times("T1,10:05:00,10:05:00,A,1", "T1,10:10:00,10:10:00,B,2", "T1,10:20:00,10:20:00,C,3")
    lines = rows.strip().split("\n")
    ends = ("shape_dist_traveled", "0", "0.5", "1")
    text = "\n".join(f"{line},{end}" for line, end in zip(lines, ends, strict=True))
    way = shape([(0, 20), (110, 20), (110, 120), (110, 20), (300, 20)], [0, 0.2, 0.3, 0.5, 1])
    network, _ = drawn(tmp_path, **{"shapes.txt": way, "stop_times.txt": text})
    assert length(network, "boat:A>B") == pytest.approx(310, rel=0.01)
    assert length(network, "boat:B>C") == pytest.approx(190, rel=0.01)


def test_a_shape_far_from_the_stops_is_not_taken(tmp_path: Path) -> None:
    """Stops too far from the shape are joined by a straight line."""
    network, boats = drawn(tmp_path, **{"shapes.txt": shape([(0, 900), (300, 900)])})
    assert length(network, "boat:A>B") == pytest.approx(110, rel=0.01)
    assert boats.report.counts["ferry links drawn straight, at least in part"] == 2


def test_a_broken_shape_is_named(tmp_path: Path) -> None:
    """A point that is no position is a fault with file and row."""
    text = shape([(0, 0), (1, 1)]).strip().split("\n")
    text[2] = "S,north,12.3,1,"
    with pytest.raises(BoatError, match=r"shapes.txt row 3: shape_pt_lat is 'north'"):
        drawn(tmp_path, **{"shapes.txt": "\n".join(text)})


def sea_ways(**options: Any) -> Network:
    """The corridor with ferry ways from beside A round by the north to beside C."""
    return from_edges(
        [(0, 0), (100, 0), (200, 0), (300, 0), (5, 40), (150, 100), (295, 40), (900, 900)],
        [(0, 1), (1, 2), (2, 3), (4, 5), (5, 6), (6, 7)],
        kind=["calle"] * 3 + ["ferry"] * 3,
        **options,
    )


AC = {
    "stop_times.txt": times("T1,10:05:00,10:05:00,A,1", "T1,10:20:00,10:20:00,C,2"),
    "trips.txt": FILES["trips.txt"],
}


def test_a_link_follows_ferry_ways(tmp_path: Path) -> None:
    """Without a shape the line is the shortest way by ferry ways whose ends are near the stops."""
    network, boats = drawn(tmp_path, sea_ways(), **AC)
    way = 2 * np.hypot(145, 60) + 2 * np.hypot(5, 20)
    assert length(network, "boat:A>C") == pytest.approx(way, rel=0.01)
    assert boats.report.counts["ferry links drawn along ferry ways of the map"] == 1
    other, _ = drawn(tmp_path, None, **AC, options={"ferry_ways": sea_ways()})
    assert length(other, "boat:A>C") == pytest.approx(way, rel=0.01)


def test_ferry_ways_that_do_not_fit_are_left() -> None:
    """Ways too far from a stop, or far too long for the boat's, are not taken."""
    stops = [tuple(map(float, degrees(x, 20))) for x in (0, 300)]
    assert FerryWays(sea_ways(), max_distance=30.0).line(*stops) is not None
    assert FerryWays(sea_ways(), max_distance=0.3).line(*stops) is None
    ways = FerryWays(from_edges([(0, 0), (0, 900), (50, 0)], [(0, 1), (1, 2)], kind="ferry"))
    ends = [tuple(map(float, degrees(x, 0))) for x in (0, 50)]
    assert ways.line(ends[0], ends[1]) is None
    assert FerryWays(corridor()).line(ends[0], ends[1]) is None


def test_ferry_links_of_boats_are_no_ways(tmp_path: Path) -> None:
    """Links that an earlier feed made do not give the lines of a later one."""
    network, _ = drawn(tmp_path, sea_ways(), **AC)
    assert len(FerryWays(network)) == len(FerryWays(sea_ways())) == 4


def test_the_gangway_leads_to_the_street_beside_the_stop() -> None:
    """The nearest street counts, not the nearest node, which may lie across the canal."""
    network = from_edges([(-100, 0), (100, 0), (0, 30), (0, 200)], [(0, 1), (2, 3)])
    lon, lat = degrees([20.0], [14.0])
    landings = find_landings(network, lon, lat)
    assert landings.node.tolist() == [1]
    assert landings.length == pytest.approx([14 + 80], abs=0.1)
    assert landings.distance == pytest.approx([14], abs=0.1)


def test_no_gangway_to_fragments_and_closed_streets() -> None:
    """A cut-off piece, a closed street and a ferry are no place to land, near as they may be."""
    network = from_edges(
        [(0, 100), (300, 100), (0, 10), (9, 10), (0, 0), (300, 0), (0, 20), (300, 20)],
        [(0, 1), (2, 3), (4, 5), (6, 7)],
        capacity=[4.0, 4.0, 0.0, 4.0],
        kind=["calle", "calle", "calle", "ferry"],
    )
    lon, lat = degrees([1.0], [9.0])
    assert find_landings(network, lon, lat).node.tolist() == [0]


def test_growth_takes_no_name_twice() -> None:
    """A new node or link whose id is taken gets a number behind it; nothing added, nothing new."""
    network = corridor()
    growth = Growth(network)
    assert growth.grown() is network
    node = growth.node("N1", 12.3, 45.4)
    line = np.array([growth.place(node), growth.place(0)])
    growth.link("L0", node, 0, line, kind="quay", length=5, width=1, capacity=1)
    growth.link("L0", node, 0, line, kind="quay", length=5, width=1, capacity=1)
    grown = growth.grown()
    assert grown.node_id[-1] == "N1#2"
    assert grown.link_id[-2:].tolist() == ["L0#2", "L0#3"]
    assert grown.geometry(grown.n_links - 1).tolist() == line.tolist()


def test_length_of_a_line() -> None:
    """A line is as long as its pieces together."""
    lon, lat = degrees([0, 30, 30], [0, 0, 40])
    assert line_length(np.column_stack([lon, lat]), (12.334, 45.437)) == pytest.approx(70)


@pytest.fixture(scope="module")
def actv(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A feed with the real stops of ACTV and made-up lines along the Grand Canal and the islands.

    Lines 1 and 2 go from Piazzale Roma to San Zaccaria every 10 minutes; line 99 calls at every
    stop of the file once.
    """
    return actv_feed(shared, tmp_path_factory.mktemp("actv"))


@pytest.mark.shared
def test_real_stops_of_venice(shared: Path, actv: Path) -> None:
    """The stops of the old city join the streets beside them; those of other islands are named."""
    network = er.read_network(shared / "data" / "venice" / "venice_segments.geojson.gz")
    grown, boats = er.read_boats(actv, network, until="8 h")
    boats.check(grown)
    report = boats.report
    assert report is not None
    # Of 172 stops 54 lie at Murano, Burano, the Lido, the mainland..., which the file has not, and
    # one is a mooring at a yard.
    assert report.counts["stops served"] == 172
    assert report.set_aside["stops with no street within 100 m, passed by"] == 55
    assert report.counts["stops joined to the streets"] == 117
    assert report.counts["gangways of more than 50 m from stop to street"] == 18
    assert "Parcheggio P.le Roma (86 m)" in " ".join(report.notes)
    assert "Chioggia" in " ".join(report.notes)
    gangway = np.array([str(name).startswith("gangway:") for name in grown.link_id])
    assert gangway.sum() == 2 * 117
    assert np.median(grown.length[gangway]) < 50
    assert report.counts["m, longest gangway"] < 300
    # Every 10 minutes a boat of line 1 leaves Ferrovia each way.
    line1 = np.array([str(trip).startswith("11@") for trip in boats.trip_id])
    leaves = np.sort(boats.leave_s[line1 & (boats.link == boats.link[line1][0])])
    assert (np.diff(leaves) == 600).all()
    assert set(boats.seats[line1]) == {210}
    assert (boats.leave_s >= 0).all()
    assert (boats.arrive_s <= 8 * 3600).all()


@pytest.mark.shared
def test_ferry_ways_of_real_osm(shared: Path, actv: Path) -> None:
    """Ferry routes of the map of 2009 give the lines of some links, within three times straight."""
    network = er.read_network(shared / "data" / "venice" / "venice_2009.osm.pbf")
    grown, boats = er.read_boats(actv, network, until="8 h")
    assert boats.report is not None
    assert boats.report.counts["ferry links drawn along ferry ways of the map"] > 5
    # Lines 1 and 2 stop at every stop they have, so that no ride goes by one.
    mine = np.flatnonzero((grown.kind == FERRY) & np.isin(grown.name, ["1", "2"]))
    mine = mine[mine >= network.n_links]
    straight = [line_length(grown.geometry(i)[[0, -1]], network.origin) for i in mine.tolist()]
    assert (grown.length[mine] >= np.array(straight) - 0.1).all()
    assert (grown.length[mine] <= 3 * np.array(straight) + 0.1).all()
    assert (grown.length[mine] > 1.1 * np.array(straight)).any()
