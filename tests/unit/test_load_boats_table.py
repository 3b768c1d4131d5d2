"""``boats.csv``: the table of rides in an instance folder, and the one door for all boats."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from gtfs_files import FILES, write_feed, zipped
from networks import corridor

import evacroute as er
from evacroute.boats import Boats
from evacroute.errors import BoatError
from evacroute.load.boats import load_boats
from evacroute.load.boats_table import COLUMNS, boats_table, read_boats_table
from evacroute.load.gmns import read_gmns
from evacroute.load.gtfs import read_boats
from evacroute.network import Network
from evacroute.writing import write_network


def given(folder: Path, **options: object) -> tuple[Network, Boats]:
    low = pd.DataFrame({"from_stop": ["B"], "to_stop": ["C"], "max_tide_m": [1.15]})
    return read_boats(write_feed(folder / "feed"), corridor(), low_bridges=low)


@pytest.mark.parametrize("name", ["boats.csv", "boats.csv.gz"])
def test_round_trip(tmp_path: Path, name: str) -> None:
    """Written and read again with the folder's network, rides are the same to the last bit."""
    network, boats = given(tmp_path)
    odd = boats.take([0, 1])
    odd = Boats(odd.link, odd.trip_id, odd.leave_s + 0.1, odd.arrive_s + 1 / 3, odd.seats,
                odd.wheelchair_places, odd.boarders, odd.max_tide)  # fmt: skip
    write_network(network, tmp_path / "net")
    same = read_gmns(tmp_path / "net")
    for rides in (boats, odd, boats.take([])):
        boats_table(rides, network).to_csv(tmp_path / name, index=False, lineterminator="\n")
        back = read_boats_table(tmp_path / name, same)
        assert back.equals(rides)
        back.check(same)


def test_form_of_the_table(tmp_path: Path) -> None:
    """Columns are the documented ones, whole seconds are written so, no limit is an empty cell."""
    network, boats = given(tmp_path)
    text = boats_table(boats, network).to_csv(index=False)
    lines = text.splitlines()
    assert lines[0].split(",") == list(COLUMNS)
    assert lines[1] == "boat:A>B,T1@2021-10-05,300,480,210,4,120,"
    assert lines[2] == "boat:B>C,T1@2021-10-05,600,1200,210,4,210,1.15"


def test_only_boats_of_the_network_are_written(tmp_path: Path) -> None:
    """Boats of another network are refused."""
    _, boats = given(tmp_path)
    with pytest.raises(BoatError, match="expected a link position"):
        boats_table(boats, corridor())


def test_optional_columns(tmp_path: Path) -> None:
    """Without them nobody in a wheelchair rides, as many board as there are seats, no tide bars."""
    network, boats = given(tmp_path)
    boats = read_boats_table(boats_table(boats, network)[list(COLUMNS[:5])], network)
    assert boats.wheelchair_places.tolist() == [0, 0]
    assert boats.boarders.tolist() == [210, 210]
    assert np.isinf(boats.max_tide).all()


def test_all_faults_at_once(tmp_path: Path) -> None:
    """Wrong rows are named together, with value and what is allowed."""
    network, boats = given(tmp_path)
    path = tmp_path / "boats.csv"
    path.write_text(
        ",".join(COLUMNS) + "\nboat:A>B,X,300,480,210,4,120,\nboat:A>B,X,470,480,210,4,120,\n"
        "nowhere,Y,5,5,2,3,-1,\nL0,,0,10,1.5,0,0,high\n"
    )
    with pytest.raises(BoatError) as caught:
        read_boats_table(path, network)
    for part in (
        "10 faults",
        "row 5: seats is 1.5 persons, expected a whole number",
        "row 4: boarders is -1 persons",
        "row 5: max_tide is 'high'",
        "row 3: leave_s is 470 s, expected not before the ride before of trip X (row 2) arrives",
        "row 3: leaves from node stop:A, expected stop:B",
        "row 4: link_id is 'nowhere', expected an id of link.csv",
        "row 4: arrive_s is 5 s, expected more than its leave_s of 5 s",
        "row 4: wheelchair_places is 3, expected 0 to the 2 seats",
    ):
        assert part in str(caught.value), part
    with pytest.raises(BoatError, match="column seats is missing"):
        read_boats_table(boats_table(boats, network).drop(columns="seats"), network)


def test_one_door(tmp_path: Path) -> None:
    """A feed, its zip and a table of rides are told apart by what they are; others are refused."""
    feed = write_feed(tmp_path / "feed")
    network, boats = load_boats(feed, corridor())
    assert load_boats(zipped(feed), corridor())[1].equals(boats)
    path = tmp_path / "boats.csv"
    boats_table(boats, network).to_csv(path, index=False)
    same, again = load_boats(path, network)
    assert same is network
    assert again.equals(boats)
    path.write_text("a,b\n1,2\n")
    with pytest.raises(BoatError, match=r"neither a table of rides .*the columns are a, b"):
        load_boats(path, network)
    assert len(load_boats(feed, corridor(), "2021-10-05 10:06", "20 min")[1]) == 1


def test_boats_of_the_lagoon(tmp_path: Path) -> None:
    """The shipped feed is what its generator writes; its stops join the streets by short ways."""
    from evacroute._data_dir import data_path
    from evacroute.load.lagoon_boats import FILES as LAGOON_FILES
    from evacroute.load.lagoon_boats import lagoon_gtfs

    network = er.lagoon_network()
    lagoon_gtfs(tmp_path / "lagoon", network)
    assert set(LAGOON_FILES) >= {name for name in FILES if name != "frequencies.txt"}
    for name in LAGOON_FILES:
        shipped = data_path("lagoon_gtfs", name).read_text(encoding="utf-8")
        assert (tmp_path / "lagoon" / name).read_text(encoding="utf-8") == shipped, name
    grown, boats = er.lagoon_boats(network)
    boats.check(grown)
    assert grown.n_nodes == network.n_nodes + 24
    assert boats.report is not None
    assert not boats.report.set_aside
    assert boats.report.counts["m, longest gangway"] < 30
    assert any("synthetic" in text for text in boats.report.notes)
    # Every line leaves its first stop every 10 or 15 minutes.
    first = grown.link_positions(["boat:T1>C1", "boat:T1>T2"])
    for link, beat in zip(first, (600, 900), strict=True):
        leaves = np.sort(boats.leave_s[boats.link == link])
        assert len(leaves) > 3
        assert (np.diff(leaves) == beat).all()
