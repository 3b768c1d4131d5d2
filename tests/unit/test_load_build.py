"""Streets become a network: joined, mended, completed, counted."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from networks import degrees

from evacroute.errors import InputError, NetworkError
from evacroute.load.build import RawStreets, build_network
from evacroute.network import KINDS


def line(*points: tuple[float, float]) -> np.ndarray:
    """A line through points given in metres."""
    return np.column_stack(degrees(*np.array(points, dtype=float).T))


def streets(*lines: Any, **columns: Any) -> RawStreets:
    """Streets "0", "1", ... along lines in metres, all with the same columns."""
    raw = RawStreets("streets")
    for i, points in enumerate(lines):
        raw.add(str(i), line(*points), **columns)
    return raw


def test_street_is_two_links() -> None:
    """A street becomes a link as drawn and one back, with reversed points and incline."""
    network = build_network(streets([(0, 0), (30, 5), (60, 0)], incline=0.1))
    assert network.link_id.tolist() == ["0", "0-r"]
    assert network.from_node.tolist() == network.to_node[::-1].tolist() == [0, 1]
    np.testing.assert_array_equal(network.geometry(0), network.geometry(1)[::-1])
    assert network.incline.tolist() == [0.1, -0.1]
    assert network.length == pytest.approx(2 * math.hypot(30, 5), rel=1e-4)


def test_one_way_is_one_link() -> None:
    """A directed street becomes one link."""
    network = build_network(streets([(0, 0), (60, 0)], directed=True))
    assert network.link_id.tolist() == ["0"]


@pytest.mark.parametrize(("gap", "nodes"), [(0.0, 3), (0.9, 3), (1.2, 4)])
def test_ends_within_tolerance_are_one_node(gap: float, nodes: int) -> None:
    """Ends closer than the tolerance become one node, farther ones stay two."""
    network = build_network(streets([(0, 0), (100, 0)], [(100 + gap, 0), (220, 0)]))
    assert network.n_nodes == nodes
    expected = {"nodes joined of ends within 1 m": 1} if nodes == 3 and gap else {}
    assert network.report is not None
    assert network.report.repaired == expected
    if nodes == 3:
        np.testing.assert_array_equal(network.geometry(0)[-1], network.geometry(2)[0])


def test_ids_rule_over_positions() -> None:
    """Streets with node ids meet at equal ids only, however near their ends are."""
    raw = RawStreets("ids")
    raw.add("a", line((0, 0), (100, 0)), from_id="A", to_id="B")
    raw.add("b", line((100, 0), (200, 0)), from_id="C", to_id="D")
    raw.add("c", line((200, 0), (300, 0)), from_id="D", to_id="E")
    network = build_network(raw)
    assert network.node_id.tolist() == ["A", "B", "C", "D", "E"]


def test_ids_and_positions_mix() -> None:
    """A street without ids is joined to a named node near its end, and the name is kept."""
    raw = RawStreets("mixed")
    raw.add("a", line((0, 0), (100, 0)), from_id="A", to_id="B")
    raw.add("b", line((100.5, 0), (200, 0)))
    network = build_network(raw)
    assert network.node_id.tolist() == ["A", "B", "2"]


def test_empty_and_tiny_streets_are_set_aside() -> None:
    """Empty lines and streets that shrink to a node are left out and counted."""
    raw = streets([(0, 0), (100, 0)], [(100, 0), (100.03, 0)])
    raw.add("empty", np.empty((0, 2)))
    network = build_network(raw)
    assert network.link_id.tolist() == ["0", "0-r"]
    assert network.report is not None
    assert sum(network.report.set_aside.values()) == 2


def test_ring_is_split_in_the_middle() -> None:
    """A street that ends where it begins becomes two halves of equal length."""
    square = [(0, 0), (40, 0), (40, 40), (0, 40), (0, 0)]
    raw = streets([(-50, 0), (0, 0)], square, steps=9)
    network = build_network(raw)
    assert network.link_id[2:].tolist() == ["1-a", "1-a-r", "1-b", "1-b-r"]
    assert network.length[2:] == pytest.approx(80, rel=1e-3)
    assert network.steps[2:].tolist() == [4, 4, 4, 4]
    np.testing.assert_allclose(network.geometry(2)[-1], line((40, 40))[0], atol=1e-7)
    assert not (network.from_node == network.to_node).any()


def test_street_drawn_twice_is_kept_once() -> None:
    """Of two streets on the same line the widest stays, and so does another way between them."""
    raw = RawStreets("twice")
    raw.add("narrow", line((0, 0), (100, 0)), width=1.0)
    raw.add("wide", line((100, 0), (0, 0)), width=3.0)
    raw.add("round", line((0, 0), (50, 30), (100, 0)), width=2.0)
    network = build_network(raw)
    assert network.link_id[::2].tolist() == ["wide", "round"]
    assert network.report is not None
    assert network.report.set_aside == {"streets drawn twice (the widest kept)": 1}


def test_fragments_are_set_aside_but_never_the_largest() -> None:
    """Pieces of less than the least length are left out, the longest stays however short."""
    lines = [(0, 0), (80, 0)], [(500, 0), (590, 0)]
    network = build_network(streets(*lines))
    assert network.link_id.tolist() == ["1", "1-r"]
    assert network.report is not None
    assert network.report.counts["connected pieces found"] == 2
    assert build_network(streets(*lines), min_component=0).n_links == 4


def test_ferries_are_no_way_to_walk_out_of_a_fragment() -> None:
    """A piece of ferry routes alone stays: nobody is put on it."""
    raw = streets([(0, 0), (200, 0)])
    raw.add("ferry", line((900, 0), (950, 0)), kind="ferry")
    assert "ferry" in build_network(raw).link_id.tolist()


@pytest.mark.parametrize(
    ("length", "expected", "repaired"),
    [(104.0, 104.0, 0), (30.0, 100.0, 1), (9000.0, 100.0, 1), (-1.0, 100.0, 1), (math.nan, 100, 0)],
)
def test_lengths_must_fit_the_line(length: float, expected: float, repaired: int) -> None:
    """A length near that of the line is kept, any other is replaced and counted."""
    network = build_network(streets([(0, 0), (100, 0)], length=length))
    assert network.length == pytest.approx(expected, rel=1e-3)
    assert network.report is not None
    assert sum(network.report.repaired.values()) == repaired


def test_two_nodes_at_one_place_are_not_zero_apart() -> None:
    """A street between two named nodes at the same place gets the least length."""
    raw = RawStreets("stairs")
    raw.add("first", line((0, 0), (100, 0)), from_id="W", to_id="X")
    raw.add("stair", line((100, 0), (100, 0)), from_id="X", to_id="Y")
    raw.add("next", line((100, 0), (200, 0)), from_id="Y", to_id="Z")
    network = build_network(raw)
    assert network.length.min() == pytest.approx(0.1)


def test_what_is_assumed_is_marked_and_shared() -> None:
    """Unknown widths take the default of the name, and the report says which share that is."""
    raw = RawStreets("widths")
    raw.add("a", line((0, 0), (100, 0)), width=2.4)
    raw.add("b", line((100, 0), (400, 0)), name="Salizada San Lio")
    raw.add("c", line((400, 0), (500, 0)), width=-3.0, capacity=1.5)
    network = build_network(raw)
    assert network.width[::2].tolist() == [2.4, 5.0, 2.8]
    assert network.width_assumed[::2].tolist() == [False, True, True]
    assert network.capacity_assumed[::2].tolist() == [False, True, False]
    assert network.capacity[::2] == pytest.approx([2.6, 5.98, 1.5])
    assert network.report is not None
    assert network.report.shares["of width assumed, by length"] == pytest.approx(0.8, abs=1e-3)
    assert network.report.shares["of capacity assumed, by length"] == pytest.approx(0.6, abs=1e-3)
    assert "share" in str(network.report)


def test_bridges_without_a_word_have_steps() -> None:
    """A bridge of unknown steps is stepped, unless wheelchairs pass or it is a causeway."""
    raw = RawStreets("bridges")
    raw.add("a", line((0, 0), (20, 0)), kind="bridge")
    raw.add("b", line((20, 0), (40, 0)), kind="bridge", wheelchair=1)
    raw.add("c", line((40, 0), (540, 0)), kind="bridge")
    raw.add("d", line((540, 0), (560, 0)), kind="steps")
    raw.add("e", line((560, 0), (580, 0)))
    raw.add("f", line((580, 0), (600, 0)), kind="bridge", steps=23)
    assert build_network(raw).steps[::2].tolist() == [1, 0, 0, 1, 0, 23]


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        ({"kind": "alley"}, ["street 0", "'alley'", *KINDS]),
        ({"capacity": -1.0}, ["street 0", "-1.0 person/s", ">= 0"]),
        ({"capacity": math.inf}, ["street 0", "inf"]),
    ],
)
def test_impossible_values_are_faults(columns: dict[str, Any], words: list[str]) -> None:
    """An unknown kind or negative capacity names street, value and what is allowed."""
    with pytest.raises(NetworkError) as caught:
        build_network(streets([(0, 0), (100, 0)], **columns))
    assert all(word in str(caught.value) for word in ["streets: ", *words])


def test_all_faults_come_together() -> None:
    """Every fault is in the one error."""
    raw = streets([(0, 0), (100, 0)], [(100, 0), (200, 0)], kind="alley", capacity=-1.0)
    raw.street_id[1] = "0"
    with pytest.raises(NetworkError, match="5 faults") as caught:
        build_network(raw)
    assert "appears more than once" in str(caught.value)


@pytest.mark.parametrize(
    ("points", "words"),
    [
        ([[12.3, 45.4], [math.nan, 45.4]], "street s: a point is"),
        ([[12.3, 45.4], [math.inf, 45.4]], "street s: a point is"),
        ([[291000.0, 5035000.0], [291100.0, 5035000.0]], "metres of a map projection"),
        ([[45.4, 102.3], [45.4, 102.4]], "latitude comes first"),
        ([[0.0, 0.0], [60.0, 40.0]], "are these metres"),
    ],
)
def test_positions_must_be_degrees(points: Any, words: str) -> None:
    """Positions that are no degrees give one error that says what they look like."""
    raw = RawStreets("positions")
    raw.add("s", points)
    with pytest.raises(NetworkError, match=words):
        build_network(raw)


def test_swapped_positions_are_told_by_the_lengths() -> None:
    """Longitude and latitude in the wrong order are noticed where lengths are given."""
    raw = RawStreets("swapped")
    for i in range(12):
        points = line((50 * i, 0), (50 * i + 20, 45))
        raw.add(str(i), points[:, ::-1], length=math.hypot(20, 45))
    with pytest.raises(NetworkError, match="swapped"):
        build_network(raw)


@pytest.mark.parametrize("name", ["snap_tolerance", "min_component"])
@pytest.mark.parametrize("value", [-1.0, math.nan, math.inf])
def test_tolerances_are_numbers_from_zero(name: str, value: float) -> None:
    """A tolerance that cannot be is refused by name."""
    with pytest.raises(InputError, match=name):
        build_network(streets([(0, 0), (100, 0)]), **{name: value})


def test_nothing_to_walk() -> None:
    """No street, or none longer than the tolerance, is an error."""
    with pytest.raises(NetworkError, match="no street"):
        build_network(RawStreets("none"))
    with pytest.raises(NetworkError, match="snap tolerance"):
        build_network(streets([(0, 0), (0.5, 0)]))
