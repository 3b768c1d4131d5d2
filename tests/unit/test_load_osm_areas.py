"""Squares are walked along their edge and straight across."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("osmium")

from osm_files import as_overpass, as_xml

from evacroute.load.areas import ALL_PAIRS, chords, inside, join_rings, segment_inside
from evacroute.load.build import RawStreets, build_network
from evacroute.load.osm import read_osm
from evacroute.load.overpass import read_overpass

FOOT = {"highway": "footway"}
SQUARE = {"highway": "pedestrian", "area": "yes", "name": "Campo San Polo"}

BOX = np.array([(0, 0), (40, 0), (40, 40), (0, 40)], dtype=float)
ELL = np.array([(0, 0), (40, 0), (40, 10), (10, 10), (10, 40), (0, 40)], dtype=float)
HOLE = np.array([(15, 15), (25, 15), (25, 25), (15, 25)], dtype=float)


def read(tmp_path: Path, *data: Any) -> RawStreets:
    path = tmp_path / "streets.osm"
    path.write_text(as_xml(*data), encoding="utf-8")
    return read_osm(path)


def pairs_of(raw: RawStreets) -> set[frozenset[str | None]]:
    return {frozenset(pair) for pair in zip(raw.from_id, raw.to_id, strict=True)}


@pytest.mark.parametrize(
    "a, b, rings, expected",
    [
        ((0, 0), (40, 40), [BOX], True),
        ((0, 0), (40, 0), [BOX], True),
        ((0, 40), (40, 0), [ELL], False),
        ((0, 0), (10, 10), [ELL], True),
        ((0, 20), (10, 40), [ELL], True),
        ((40, 5), (5, 40), [ELL], False),
        ((0, 0), (40, 40), [BOX, HOLE], False),
        ((0, 0), (40, 20), [BOX, HOLE], True),
        ((0, 15), (40, 15), [BOX, HOLE], True),
        ((0, 0), (60, 0), [BOX], False),
        ((5, 5), (5, 5), [BOX], True),
    ],
)
def test_segment_inside(a: Any, b: Any, rings: Any, expected: bool) -> None:
    """A line counts as inside when none of it leaves the polygon or crosses a hole."""
    a, b = np.array(a, dtype=float), np.array(b, dtype=float)
    assert segment_inside(a, b, rings) == expected
    assert segment_inside(b, a, rings) == expected
    turned = [ring[::-1] for ring in rings]
    assert segment_inside(a, b, turned) == expected


def test_inside_agrees_with_many_points_of_a_star() -> None:
    """Points drawn at random are told apart as by the angle they see the outline turn."""
    angle = np.linspace(0, 2 * np.pi, 20, endpoint=False)
    reach = np.where(np.arange(20) % 2, 10.0, 30.0)
    star = np.column_stack([reach * np.cos(angle), reach * np.sin(angle)])
    points = np.random.default_rng(0).uniform(-35, 35, (500, 2))
    to = star[None] - points[:, None]
    bearing = np.arctan2(to[..., 1], to[..., 0])
    turn = np.diff(np.concatenate([bearing, bearing[:, :1]], axis=1), axis=1)
    turn = (turn + np.pi) % (2 * np.pi) - np.pi
    assert (inside(points, [star]) == (np.abs(turn.sum(axis=1)) > np.pi)).all()


def test_chords_join_entrances_that_see_each_other() -> None:
    """All pairs that see each other are joined, but not along the edge, nor across a corner."""
    assert chords(BOX, [0, 1, 2, 3]) == ([(0, 2), (1, 3)], None, [])
    assert chords(ELL, [0, 1, 3, 5])[0] == [(0, 3), (1, 3), (3, 5)]
    assert chords(BOX, [0, 1, 2, 3], [HOLE])[0] == []
    assert chords(BOX, [2]) == ([], None, [])


def test_ends_inside_are_joined() -> None:
    """A street that ends inside is joined to what it sees, and to a corner if to nothing else."""
    end = np.array([[30.0, 5.0]])
    assert chords(BOX, [0, 2], ends=end)[0] == [(0, 2), (0, 4), (2, 4)]
    assert chords(BOX, [], ends=end)[0] == [(1, 4)]


def test_crowded_square_has_a_middle() -> None:
    """With many entrances chords grow with their number, not its square, and meet in the middle."""
    n = 4 * ALL_PAIRS
    angle = np.linspace(0, 2 * np.pi, n, endpoint=False)
    ring = 50 * np.column_stack([np.cos(angle), np.sin(angle)])
    pairs, middle, spokes = chords(ring, range(n))
    assert len(pairs) <= 4 * n
    assert middle == pytest.approx([0, 0], abs=1e-6)
    assert spokes == list(range(n))


def test_rings_are_joined_end_to_end() -> None:
    """Lines are joined to rings whichever way they run; what stays open is counted."""
    assert join_rings([[1, 2, 3], [5, 4, 3], [5, 1]]) == ([[1, 2, 3, 4, 5, 1]], 0)
    assert join_rings([[1, 2, 3, 1], [4, 5]]) == ([[1, 2, 3, 1]], 1)


CORNERS = {1: (0, 0), 2: (40, 0), 3: (40, 40), 4: (0, 40)}
OUTSIDE = {11: (-60, 0), 12: (100, 40), 13: (0, 100)}


def test_square_is_walked_along_and_across(tmp_path: Path) -> None:
    """Streets at three corners are joined along the edge and by a diagonal, all of kind square."""
    ways = {
        1: ([1, 2, 3, 4, 1], SQUARE),
        2: ([11, 1], FOOT),
        3: ([3, 12], FOOT),
        4: ([4, 13], FOOT),
    }
    raw = read(tmp_path, {**CORNERS, **OUTSIDE}, ways)
    edges = {frozenset("13"), frozenset("34"), frozenset("14")}
    assert pairs_of(raw) - {frozenset(("11", "1")), frozenset(("3", "12"))} >= edges
    across = [i for i, name in enumerate(raw.street_id) if ".x" in name]
    assert [(raw.from_id[i], raw.to_id[i]) for i in across] == [("1", "3")]
    square = [kind for name, kind in zip(raw.street_id, raw.kind, strict=True) if "w1." in name]
    assert square == ["square"] * 4
    assert raw.report.counts["squares walked across"] == 1
    assert raw.report.counts["ways across squares"] == 1
    assert build_network(raw).n_nodes == 6


def test_edge_drawn_as_a_street_is_not_doubled(tmp_path: Path) -> None:
    """Where a quay runs along a square's edge, the edge is not laid a second time."""
    ways = {1: ([1, 2, 3, 4, 1], SQUARE), 2: ([11, 1, 2], FOOT), 3: ([3, 12], FOOT)}
    raw = read(tmp_path, {**CORNERS, **OUTSIDE}, ways)
    between = [
        name
        for name, a, b in zip(raw.street_id, raw.from_id, raw.to_id, strict=True)
        if {a, b} == {"1", "2"}
    ]
    assert between == ["w2.2"]
    assert raw.report.repaired["edges of squares that repeat another street"] == 1


def test_two_squares_share_an_edge_once(tmp_path: Path) -> None:
    """Neighbouring squares meet at their common corners, and their common edge is one street."""
    nodes = {**CORNERS, 5: (80, 0), 6: (80, 40), 12: (140, 40)}
    ways = {1: ([1, 2, 3, 4, 1], SQUARE), 2: ([2, 5, 6, 3, 2], SQUARE), 3: ([6, 12], FOOT)}
    raw = read(tmp_path, nodes, ways)
    straight = [
        {raw.from_id[i], raw.to_id[i]} for i, line in enumerate(raw.geometry) if len(line) == 2
    ]
    assert straight.count({"2", "3"}) == 1
    assert build_network(raw).report.counts["connected pieces kept"] == 1  # type: ignore[union-attr]


def test_street_that_ends_in_a_square_is_joined(tmp_path: Path) -> None:
    """A bridge drawn to end inside a square, without a common node, leads onto it."""
    nodes = {**CORNERS, 11: (-60, 0), 21: (30, 30), 22: (30, 120)}
    ways = {
        1: ([1, 2, 3, 4, 1], SQUARE),
        2: ([11, 1], FOOT),
        3: ([22, 21], {**FOOT, "bridge": "yes"}),
    }
    raw = read(tmp_path, nodes, ways)
    assert frozenset(("1", "21")) in pairs_of(raw)
    assert raw.report.repaired["loose ends inside a square joined to it"] == 1
    network = build_network(raw)
    assert network.report is not None
    assert network.report.counts["connected pieces found"] == 1


def test_round_way_is_no_square(tmp_path: Path) -> None:
    """A closed footway without area=yes is walked round, not across."""
    ways = {1: ([1, 2, 3, 4, 1], FOOT), 2: ([11, 1], FOOT), 3: ([3, 12], FOOT)}
    raw = read(tmp_path, {**CORNERS, **OUTSIDE}, ways)
    assert raw.report.counts["squares walked across"] == 0
    assert len(raw) == 4


@pytest.mark.parametrize("geometry", [False, True])
def test_multipolygon_square_with_a_hole(tmp_path: Path, geometry: bool) -> None:
    """A square made of several lines round a church is walked round it, in every format alike."""
    nodes = {**CORNERS, **OUTSIDE, 31: (10, 10), 32: (30, 10), 33: (30, 30), 34: (10, 30)}
    ways: dict[int, Any] = {
        1: ([1, 2, 3], {}),
        2: ([1, 4, 3], {}),
        3: ([31, 32, 33, 34, 31], {"building": "church"}),
        4: ([11, 1], FOOT),
        5: ([3, 12], FOOT),
    }
    relations = {
        7: ([(1, "outer"), (2, "outer"), (3, "inner")], {**SQUARE, "type": "multipolygon"})
    }
    raw = read(tmp_path, nodes, ways, relations)
    assert [name for name in raw.street_id if name.startswith("r7.x")] == []
    assert frozenset("13") in pairs_of(raw)
    other = read_overpass(as_overpass(nodes, ways, relations, geometry=geometry))
    assert build_network(other).equals(build_network(raw))
    open_court = {7: (relations[7][0][:2], relations[7][1])}
    assert "r7.x1" in read(tmp_path, nodes, ways, open_court).street_id


def test_outline_that_does_not_close_is_counted(tmp_path: Path) -> None:
    """A multipolygon whose outline is not closed is set aside, and said."""
    relations = {7: ([(1, "outer")], {**SQUARE, "type": "multipolygon"})}
    ways: dict[int, Any] = {1: ([1, 2, 3], {}), 4: ([11, 1], FOOT)}
    raw = read(tmp_path, {**CORNERS, **OUTSIDE}, ways, relations)
    assert raw.street_id == ["w4"]
    assert raw.report.set_aside["ways: outline of a square that is not closed"] == 1


def test_gate_at_the_edge_closes_the_street_not_the_square(tmp_path: Path) -> None:
    """A private gate on a square's outline cuts off the street behind it, nobody else."""
    ways = {
        1: ([1, 2, 3, 4, 1], SQUARE),
        2: ([11, 1], FOOT),
        3: ([3, 12], FOOT),
        4: ([4, 13], FOOT),
    }
    raw = read(
        tmp_path, {**CORNERS, **OUTSIDE}, ways, {}, {4: {"barrier": "gate", "access": "private"}}
    )
    assert pairs_of(raw) >= {frozenset("13"), frozenset(("11", "1"))}
    assert [name for name in raw.street_id if "|" in name] == []
    cut_off = [i for i, name in enumerate(raw.street_id) if name == "w4"]
    assert [raw.from_id[i] for i in cut_off] == ["4|w4|0"]
    assert not any("4|w1" in str(end) for end in [*raw.from_id, *raw.to_id])
