"""A survey of bridges is joined to the bridges of a network."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from networks import degrees

from evacroute.errors import InputError, NetworkError
from evacroute.load.bridges import join_bridges, telling_words
from evacroute.load.build import RawStreets, build_network
from evacroute.load.read import read_network
from evacroute.network import KINDS, Network


def city(names: tuple[str, ...] = ("", "", "")) -> Network:
    """Bridges of 20 m at x = 100, 300 (in two streets) and 500 m, alleys between them."""
    raw = RawStreets("city")
    stops = [(0, 100), (100, 120), (120, 300), (300, 315), (315, 320), (320, 500), (500, 520)]
    bridge_of = {1: 0, 3: 1, 4: 1, 6: 2}
    for i, (a, b) in enumerate(stops):
        kind = "bridge" if i in bridge_of else "calle"
        name = names[bridge_of[i]] if i in bridge_of else "Calle"
        raw.add(str(i), np.column_stack(degrees([a, b], [0, 0])), kind=kind, name=name)
    return build_network(raw)


def survey(*rows: tuple[Any, ...]) -> pd.DataFrame:
    """Rows of name, x, y [m], width, steps."""
    frame = pd.DataFrame(rows, columns=["name", "x", "y", "width", "steps"])
    frame["lon"], frame["lat"] = degrees(frame.pop("x").astype(float), frame.pop("y").astype(float))
    return frame


def of(network: Network, column: str, *streets: int) -> list[Any]:
    """Values of the links of streets, both ways."""
    ids = [f"{i}{r}" for i in streets for r in ("", "-r")]
    return getattr(network, column)[network.link_positions(ids)].tolist()


def test_width_steps_and_name_are_joined() -> None:
    """Both links of a bridge get width, steps and name, and a capacity no longer assumed."""
    before = city()
    network, report = join_bridges(before, survey(("Ponte A", 110, 3, 4.3, 18)))
    assert of(network, "width", 1) == [4.3, 4.3]
    assert of(network, "steps", 1) == [18, 18]
    assert of(network, "name", 1) == ["Ponte A", "Ponte A"]
    assert of(network, "capacity", 1) == pytest.approx([4.0, 4.0])
    assert of(network, "width_assumed", 1) == of(network, "capacity_assumed", 1) == [False, False]
    assert of(network, "width_assumed", 3) == [True, True]
    assert (len(report.matched), len(report.without_survey), report.bridges) == (1, 2, 3)
    assert before.report is not None
    assert network.report is not None
    label = "of capacity assumed, by length"
    assert before.report.shares[label] == 1.0
    assert network.report.shares[label] == pytest.approx(1 - 20 / 520, abs=1e-3)


def test_links_that_touch_are_one_bridge() -> None:
    """A bridge of two streets takes one row, its steps shared out by length."""
    network, report = join_bridges(city(), survey(("Ponte B", 316, 0, 3.3, 20)))
    assert of(network, "steps", 3, 4) == [15, 15, 5, 5]
    assert of(network, "width", 3, 4) == [3.3] * 4
    assert report.matched["link_ids"].tolist() == [["3", "3-r", "4", "4-r"]]


def test_bridge_without_figures_stays_assumed_and_stepped() -> None:
    """A row with neither width nor steps gives its name only."""
    network, report = join_bridges(city(), survey(("Ponte di Rialto", 110, 0, None, None)))
    assert of(network, "name", 1) == ["Ponte di Rialto"] * 2
    assert of(network, "steps", 1) == [1, 1]
    assert of(network, "width_assumed", 1) == of(network, "capacity_assumed", 1) == [True, True]
    assert report.counts()["of them without width"] == 1


def test_no_steps_makes_a_bridge_step_free() -> None:
    """Zero steps are steps known to be none; capacity is then that of a level way."""
    network, _ = join_bridges(city(), survey(("Ponte C", 510, 0, 3.0, 0)))
    assert of(network, "steps", 6) == [0, 0]
    assert of(network, "capacity", 6) == pytest.approx([1.3 * 2.7] * 2)


def test_the_nearest_pairs_first() -> None:
    """A row farther off does not take a bridge from a nearer one, and is reported."""
    rows = survey(("Private", 110, 15, 1.0, 9), ("Ponte A", 110, 1, 4.0, 18))
    network, report = join_bridges(city(), rows)
    assert of(network, "width", 1) == [4.0, 4.0]
    assert report.unmatched["name"].tolist() == ["Private"]
    assert "nearer" in report.unmatched["reason"][0]


def test_unmatched_rows_have_a_reason() -> None:
    """Rows far from any bridge or without position are named with the reason."""
    rows = survey(("Far", 200, 0, 1, 1), ("Nowhere", np.nan, np.nan, 1, 1), ("A", 110, 0, 1, 1))
    _, report = join_bridges(city(), rows)
    assert dict(zip(report.unmatched["name"], report.unmatched["reason"], strict=True)) == {
        "Far": "no bridge near",
        "Nowhere": "no position",
    }
    text = str(report)
    assert "no bridge near (1): Far" in text
    assert "bridges without survey" in text


def test_names_help_and_contradict() -> None:
    """A row goes to the bridge of its name, without position too; another name is a doubt."""
    known = city(("Ponte dei Pugni", "Ponte de l'Accadèmia", "Ponte Longo"))
    rows = survey(
        ("Ponte Accademia", np.nan, np.nan, 7.0, 52),
        ("Ponte dei Pugni", 110, 14, 3.0, 20),
        ("Ponte Storto", 510, 2, 2.0, 10),
    )
    network, report = join_bridges(known, rows)
    assert of(network, "width", 1, 3, 6) == [3.0, 3.0, 7.0, 7.0, 2.0, 2.0]
    assert of(network, "name", 6) == ["Ponte Longo"] * 2
    assert report.doubtful["doubt"].tolist() == [
        "joined by name alone",
        "14 m away",
        "the network calls it Ponte Longo",
    ]


def test_bridges_that_share_a_landing() -> None:
    """Two rows on bridges that touch go to the links nearest to each, and are doubtful."""
    rows = survey(("One", 305, 1, 3.0, 10), ("Two", 318, 1, 2.0, 8))
    network, report = join_bridges(city(), rows)
    assert of(network, "width", 3, 4) == [3.0, 3.0, 2.0, 2.0]
    assert report.doubtful["doubt"].tolist() == ["two surveyed bridges touch"] * 2


def test_report_as_plain_types() -> None:
    """The report can be written as JSON."""
    import json

    _, report = join_bridges(city(), survey(("A", 110, 0, None, 12)))
    record = json.loads(json.dumps(report.to_dict()))
    assert record["matched"][0]["width"] is None
    assert record["counts"]["bridges in the network"] == 3


def test_other_column_names(tmp_path: Path) -> None:
    """The names of the Venice survey are understood."""
    lon, lat = degrees(110.0, 0.0)
    path = tmp_path / "survey.csv"
    path.write_text(f"name,lat,lon,net_width_m,steps_total\nPonte A,{lat},{lon},2.2,14\n")
    network, _ = join_bridges(city(), path)
    assert of(network, "width", 1) == [2.2, 2.2]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("name,lat,width,steps\nA,45,2,3\n", "column lon is missing"),
        ("name,lat,lon\nA,45,12\n", "neither a column width nor steps"),
        ("name,lat,lon,width\nA,45,12,wide\n", "row 2: width is 'wide', expected a number > 0"),
        ("name,lat,lon,width\nA,45,12,-2\n", "row 2: width is -2 m"),
        ("name,lat,lon,steps\nA,45,12,2.5\n", "row 2: steps is 2.5, expected a whole number"),
        ("name,lat,lon,steps\nA,5035000,12,2\n", "row 2: lat is 5035000"),
        ("", "empty"),
    ],
)
def test_wrong_surveys(tmp_path: Path, content: str, words: str) -> None:
    """A wrong survey names file, row, value and what is allowed."""
    path = tmp_path / "survey.csv"
    path.write_text(content)
    with pytest.raises(NetworkError, match=words) as caught:
        join_bridges(city(), path)
    assert str(path) in str(caught.value)


def test_no_bridge_and_no_distance() -> None:
    """A network without bridges and a distance of 0 are refused."""
    raw = RawStreets("alley")
    raw.add("0", np.column_stack(degrees([0.0, 200.0], [0.0, 0.0])))
    rows = survey(("A", 0, 0, 1, 1))
    with pytest.raises(NetworkError, match="no bridge"):
        join_bridges(build_network(raw), rows)
    with pytest.raises(InputError, match="max_distance"):
        join_bridges(city(), rows, max_distance=0)


def test_telling_words() -> None:
    """What every bridge is called tells nothing."""
    assert telling_words("Ponte de la Dona Onesta") == {"dona", "onesta"}
    assert telling_words("Ponte privato") == frozenset()


def test_venice(shared: Path) -> None:
    """The survey of Venice finds its bridges, and the great ones without figures stay stepped."""
    folder = shared / "data" / "venice"
    network = read_network(folder / "venice_segments.geojson.gz")
    joined, report = join_bridges(network, folder / "venice_bridges.csv")
    counts = report.counts()
    assert counts["survey rows"] == 467
    assert counts["survey rows joined to a bridge"] > 320
    assert counts["of them doubtful"] < 15
    assert counts["bridges without survey"] < 25
    assert (report.unmatched["reason"] == "no position").sum() == 66
    for name in ("Ponte di Rialto", "Ponte dell'Accademia", "Ponte degli Scalzi"):
        links = joined.name == name
        assert links.any()
        assert (joined.steps[links] > 0).all()
        assert joined.capacity_assumed[links].all()
    guglie = joined.name == "Ponte de le Guglie"
    assert set(joined.width[guglie]) == {7.7}
    bridges = joined.kind == KINDS.index("bridge")
    assert joined.capacity_assumed[bridges].mean() < 0.3
