"""Shelters are read and put on the network."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from networks import corridor, degrees, from_edges

from evacroute.errors import ShelterError
from evacroute.load.read import read_network
from evacroute.load.shelters import UNLIMITED, read_shelters


def at(*places: tuple[float, float], **columns: Any) -> pd.DataFrame:
    """Shelters at places given in metres."""
    lon, lat = degrees(*np.array(places, dtype=float).T)
    return pd.DataFrame({"lon": lon, "lat": lat, "capacity": 10, **columns})


def notes(*args: Any, **kwargs: Any) -> str:
    """What the report warns of."""
    report = read_shelters(*args, **kwargs).report
    assert report is not None
    return " | ".join(report.notes)


def test_door_is_the_nearest_node() -> None:
    """A shelter given by position gets the nearest node; defaults are documented ones."""
    shelters = read_shelters(at((90, 40), (210, -5)), corridor())
    assert shelters.node.tolist() == [1, 2]
    assert shelters.shelter_id.tolist() == ["S0", "S1"]
    assert shelters.step_free_capacity.tolist() == shelters.capacity.tolist() == [10, 10]
    assert np.isinf(shelters.intake_rate).all()
    assert shelters.report is not None
    assert shelters.report.notes == []


def test_columns_of_the_table(tmp_path: Path) -> None:
    """Ids, names, kinds, rates and nodes are taken as given; empty cells take the default."""
    path = tmp_path / "shelters.csv"
    path.write_text(
        "shelter_id,name,kind,node_id,capacity,step_free_capacity,intake_rate\n"
        "A,Campo,square,N2,50,5,2.5\n02,,,N0,inf,,\n"
    )
    shelters = read_shelters(path, corridor())
    assert shelters.shelter_id.tolist() == ["A", "02"]
    assert shelters.node.tolist() == [2, 0]
    assert shelters.capacity.tolist() == [50, UNLIMITED]
    assert shelters.step_free_capacity.tolist() == [5, UNLIMITED]
    assert shelters.intake_rate.tolist() == [2.5, np.inf]
    assert shelters.lon.tolist() == corridor().lon[[2, 0]].tolist()


def test_columns_not_read_are_named() -> None:
    """A column that is not read is named, with what it may have been meant to be."""
    table = at((90, 40), no_steps_capacity=0, colour="red")
    assert "columns not read: no_steps_capacity (meant: step_free_capacity?), colour" in notes(
        table, corridor()
    )


@pytest.mark.parametrize("name", ["step_fre_capacity", "stepfree_capacity", "intake_rates"])
def test_misspelt_columns_are_refused(name: str) -> None:
    """A column that is nearly one that is missing is no comment: the error names both."""
    with pytest.raises(ShelterError, match=f"column {name!r} is not known: rename it to"):
        read_shelters(at((90, 40), **{name: 1}), corridor())
    given = at((90, 40), **{name: 1}, step_free_capacity=0, intake_rate=2)
    assert read_shelters(given, corridor()).step_free_capacity.tolist() == [0]


def test_node_and_position_may_mix() -> None:
    """Rows with a node take it and keep their position, the others are put on the nearest."""
    frame = at((90, 40), (210, -5), node_id=["N3", ""])
    shelters = read_shelters(frame, corridor())
    assert shelters.node.tolist() == [3, 2]
    assert shelters.lon.tolist() == frame["lon"].tolist()


def test_doors_avoid_what_leads_nowhere() -> None:
    """A shelter is not put on a fragment of a street, nor on a ferry, though these are nearer."""
    network = from_edges(
        [(0, 0), (2000, 0), (300, 20), (320, 20), (310, 10), (900, 10)],
        [(0, 1), (2, 3), (4, 5)],
        kind=["calle", "calle", "ferry"],
    )
    assert read_shelters(at((310, 18)), network, max_distance=400).node.tolist() == [0]


def test_closed_shelter_is_kept_and_noted() -> None:
    """A shelter of size 0 stays, closed, with a warning that names it."""
    frame = at((0, 0), (100, 0), name=["Campo", "Corte"])
    frame["capacity"] = [0, 5]
    shelters = read_shelters(frame, corridor())
    assert shelters.capacity.tolist() == [0, 5]
    assert notes(frame, corridor()) == "closed, since its capacity is 0: S0 Campo"


def test_shelter_that_no_one_reaches_is_noted() -> None:
    """A shelter that no link leads to, or on a small part of its own, is named in the report."""
    network = from_edges(
        [(0, 0), (3000, 0), (300, 400), (430, 400), (0, 100)],
        [(0, 1), (2, 3), (4, 0)],
        one_way=[2],
    )
    frame = pd.DataFrame({"node_id": ["N4", "N2", "N0"], "capacity": 9, "name": ["A", "B", "C"]})
    text = notes(frame, network)
    assert "no one can reach: S0 A" in text
    assert "does not touch the rest: S1 B (0.1 km of streets)" in text
    assert "C" not in text


def test_step_free_places_that_no_step_free_way_reaches_are_noted() -> None:
    """Step-free places behind steps are named, those on a short level stretch with its length."""
    xy = [(0, 0), (2000, 0), (2010, 0), (2060, 0), (2070, 0)]
    network = from_edges(xy, [(0, 1), (1, 2), (2, 3), (3, 4)], steps={1: 20, 3: 20})
    frame = pd.DataFrame({"node_id": ["N4", "N3", "N0", "N4"], "capacity": 9})
    frame["step_free_capacity"] = [2, 2, 2, 0]
    text = notes(frame, network)
    assert "no step-free way leads there: S0 |" in text
    assert "few streets only: S1 (50 m)" in text
    assert "S2" not in text
    assert "S3" not in text


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("A,N0,-1,,", "row 2: capacity is -1 persons, expected a whole number >= 0"),
        ("A,N0,2.5,,", "row 2: capacity is 2.5 persons"),
        ("A,N0,,,", "row 2: capacity is empty"),
        ("A,N0,many,,", "row 2: capacity is 'many'"),
        ("A,N0,5,9,", "row 2: step_free_capacity is 9 persons, expected 0 to the capacity of 5"),
        ("A,N0,5,,0", "row 2: intake_rate is 0 person/s, expected a number > 0"),
        ("A,N9,5,,", "row 2: node_id is 'N9', expected one of the network"),
        ("A,,5,,", "row 2: node_id is empty"),
        ("A,N0,5,,\nA,N1,5,,", "row 3: shelter_id 'A' appears more than once"),
    ],
)
def test_wrong_rows(tmp_path: Path, row: str, words: str) -> None:
    """A wrong row is named with value and what is allowed."""
    path = tmp_path / "shelters.csv"
    path.write_text(f"shelter_id,node_id,capacity,step_free_capacity,intake_rate\n{row}\n")
    with pytest.raises(ShelterError) as caught:
        read_shelters(path, corridor())
    assert words in str(caught.value)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize(
    ("frame", "words"),
    [
        (at((100, 900)), r"no shelter is within 250 m of a street"),
        (at((90_000, 0)), r"90 km from the nearest street"),
        (at((0, 0)).rename(columns={"lon": "lat", "lat": "lon"}), "look swapped"),
        (at((0, 0)).assign(lon=291000.0, lat=5035000.0), "metres of a map projection"),
        (at((0, 0)).assign(lon=None), "lon is empty"),
        (at((0, 0)).drop(columns=["lon"]), "neither node_id nor lon and lat"),
        (at((0, 0)).drop(columns=["capacity"]), "column capacity is missing"),
        (at((0, 0)).head(0), "no row"),
    ],
)
def test_wrong_places(frame: pd.DataFrame, words: str) -> None:
    """A position far off, swapped, in metres or missing says which."""
    with pytest.raises(ShelterError, match=words):
        read_shelters(frame, corridor())


def test_far_shelters_are_set_aside_by_name() -> None:
    """A shelter somewhat too far off is left out and named; one out of town is a fault."""
    shelters = read_shelters(at((100, 900), (100, 0), (100, -900)), corridor())
    assert len(shelters) == 1
    assert shelters.report is not None
    assert shelters.report.set_aside == {"shelters with no street within 250 m": 2}
    assert "(900 m)" in str(shelters.report)
    with pytest.raises(ShelterError, match="2 faults"):
        read_shelters(at((90_000, 0), (100, 0), (0, 90_000)), corridor())
    with pytest.raises(ShelterError, match="max_distance"):
        read_shelters(at((0, 0)), corridor(), max_distance=0)


def test_venice(shared: Path) -> None:
    """The illustrative shelters of Venice all find a door, the one on an island is noted."""
    folder = shared / "data" / "venice"
    network = read_network(folder / "venice_segments.geojson.gz")
    shelters = read_shelters(folder / "shelters_illustrative.csv", network)
    assert len(shelters) == 43
    assert shelters.report is not None
    assert [note for note in shelters.report.notes if "San Giorgio Maggiore" in note]
    assert shelters.report.counts["m, farthest door from its position"] < 100
