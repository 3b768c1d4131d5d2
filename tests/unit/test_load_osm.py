"""OSM files become streets that meet where their ways do."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("osmium")

from osm_files import as_overpass, as_xml, write_formats

from evacroute.errors import InputError, MissingExtraError, NetworkError
from evacroute.load.build import RawStreets, build_network
from evacroute.load.osm import read_osm
from evacroute.load.overpass import read_overpass
from evacroute.network import KINDS

FOOT = {"highway": "footway"}

CORRIDOR: tuple[Any, Any] = (
    {1: (0, 0), 2: (100, 0), 3: (112, 0), 4: (200, 10), 5: (112, 80), 6: (150, 3)},
    {
        21: ([1, 2], {**FOOT, "name": "Calle Lunga", "width": "2.5", "surface": "stone"}),
        22: ([2, 3], {"highway": "steps", "bridge": "yes", "step_count": "24"}),
        23: ([3, 6, 4], {**FOOT, "name": "Fondamenta Nova", "incline": "2%"}),
        24: ([3, 5], {**FOOT, "tunnel": "building_passage", "wheelchair": "yes"}),
    },
)


def read(tmp_path: Path, *data: Any, **kwargs: Any) -> RawStreets:
    path = tmp_path / "streets.osm"
    path.write_text(as_xml(*data), encoding="utf-8")
    return read_osm(path, **kwargs)


def ends(raw: RawStreets) -> dict[str, tuple[str | None, str | None]]:
    return {name: (a, b) for name, a, b in zip(raw.street_id, raw.from_id, raw.to_id, strict=True)}


def test_every_format_gives_the_same_network(tmp_path: Path) -> None:
    """A corridor with a bridge reads alike from XML, gzip, bzip2, PBF and both Overpass forms."""
    paths = write_formats(tmp_path, *CORRIDOR)
    networks = {
        suffix: build_network((read_overpass if "json" in suffix else read_osm)(path))
        for suffix, path in paths.items()
    }
    with_geometry = as_overpass(*CORRIDOR, geometry=True)
    networks["out geom"] = build_network(read_overpass(with_geometry))
    first = networks[".osm"]
    assert [suffix for suffix, network in networks.items() if not network.equals(first)] == []
    assert first.n_nodes == 5
    assert first.link_id.tolist() == [f"w{i}{r}" for i in (21, 22, 23, 24) for r in ("", "-r")]
    kinds = [KINDS[kind] for kind in first.kind[::2]]
    assert kinds == ["calle", "bridge", "quay", "underpass"]
    assert first.steps[::2].tolist() == [0, 24, 0, 0]
    assert first.length[0] == pytest.approx(100, rel=1e-3)
    assert first.width[0] == 2.5
    assert first.incline[4:6].tolist() == [0.02, -0.02]
    assert first.wheelchair[-1] == 1
    assert len(first.geometry(4)) == 3


def test_ways_meet_at_shared_nodes_only(tmp_path: Path) -> None:
    """A way is split where another shares a node, and not where it merely passes over."""
    nodes = {1: (-50, 0), 2: (0, 0), 3: (50, 0), 4: (0, 40), 5: (-20, 5), 6: (-20, -5), 7: (-20, 0)}
    ways = {
        1: ([1, 7, 2, 3], FOOT),
        2: ([2, 4], FOOT),
        3: ([5, 6], {**FOOT, "bridge": "yes"}),
    }
    raw = read(tmp_path, nodes, ways)
    assert ends(raw) == {
        "w1.1": ("1", "2"),
        "w1.2": ("2", "3"),
        "w2": ("2", "4"),
        "w3": ("5", "6"),
    }
    assert [len(line) for line in raw.geometry] == [3, 2, 2, 2]


def test_way_that_crosses_itself_is_split(tmp_path: Path) -> None:
    """A loop becomes streets that meet where the loop closes."""
    nodes = {1: (0, 0), 2: (50, 0), 3: (80, 30), 4: (80, -30)}
    raw = read(tmp_path, nodes, {1: ([1, 2, 3, 4, 2], FOOT)})
    assert ends(raw) == {"w1.1": ("1", "2"), "w1.2": ("2", "2")}
    assert build_network(raw).n_links == 6


def test_counted_steps_are_shared_between_pieces(tmp_path: Path) -> None:
    """A flight of steps that is split keeps its number of steps."""
    nodes = {1: (0, 0), 2: (30, 0), 3: (40, 0), 4: (30, 50)}
    steps = {"highway": "steps", "step_count": "40"}
    raw = read(tmp_path, nodes, {1: ([1, 2, 3], steps), 2: ([2, 4], FOOT)})
    assert raw.steps == [30, 10, 0]


def test_one_way_against_the_line(tmp_path: Path) -> None:
    """A way that people may only walk backwards is turned round, its incline too."""
    tags = {**FOOT, "oneway:foot": "-1", "incline": "5%"}
    raw = read(tmp_path, {1: (0, 0), 2: (200, 0)}, {1: ([1, 2], tags)})
    assert ends(raw) == {"w1": ("2", "1")}
    assert raw.directed == [True]
    assert raw.incline == [-0.05]


def test_ferry_is_kept_as_ferry(tmp_path: Path) -> None:
    """A ferry route is a street of kind ferry, without steps."""
    nodes = {1: (0, 0), 2: (200, 0), 3: (400, 0)}
    raw = read(tmp_path, nodes, {1: ([1, 2], FOOT), 2: ([2, 3], {"route": "ferry"})})
    assert raw.kind == ["calle", "ferry"]
    assert raw.steps == [0, 0]


def test_report_says_what_was_left_out(tmp_path: Path) -> None:
    """Ways left out are counted by reason, unread values by key."""
    nodes = {1: (0, 0), 2: (200, 0), 3: (400, 0)}
    ways = {
        1: ([1, 2], {**FOOT, "width": "narrow"}),
        2: ([2, 3], {**FOOT, "access": "private"}),
        3: ([2, 3], {"highway": "motorway"}),
        4: ([2, 3], {"waterway": "canal"}),
        5: ([3, 99], FOOT),
    }
    report = read(tmp_path, nodes, ways).report
    assert report.counts["OSM ways"] == 4
    assert report.set_aside == {
        "ways: closed to the public (access=private)": 1,
        "ways: no way for pedestrians (highway=motorway)": 1,
        "ways: fewer than two nodes with positions": 1,
    }
    assert report.repaired["values of width that cannot be read (taken as unknown)"] == 1


def test_way_is_cut_where_a_node_has_no_position(tmp_path: Path) -> None:
    """Where an extract lacks a node, the way ends before it and goes on behind it."""
    nodes = {1: (0, 0), 2: (100, 0), 4: (300, 0), 5: (400, 0)}
    raw = read(tmp_path, nodes, {1: ([1, 2, 3, 4, 5], FOOT)})
    assert ends(raw) == {"w1_1": ("1", "2"), "w1_2": ("4", "5")}
    assert raw.report.repaired["ways cut where a node has no position"] == 1


def test_nodes_not_uploaded_yet(tmp_path: Path) -> None:
    """Negative ids, as editors give them to what is new, are read like others."""
    nodes = {-1: (0, 0), -2: (100, 0), 3: (100, 50)}
    raw = read(tmp_path, nodes, {-1: ([-1, -2], FOOT), 2: ([-2, 3], FOOT)})
    assert ends(raw) == {"w-1": ("-1", "-2"), "w2": ("-2", "3")}


def test_way_given_twice_is_taken_once(tmp_path: Path) -> None:
    """Of two versions of a way in one file the last counts."""
    text = as_xml({1: (0, 0), 2: (100, 0)}, {1: ([1, 2], FOOT)})
    way = text[text.index("<way") : text.index("</way>") + 6]
    newer = way.replace("footway", "steps").replace('version="1"', 'version="2"')
    path = tmp_path / "streets.osm"
    path.write_text(text.replace("</osm>", newer + "</osm>"), encoding="utf-8")
    assert read_osm(path).kind == ["steps"]


def test_bounding_box(tmp_path: Path) -> None:
    """Only streets with a point in the box are kept, the others counted."""
    nodes = {1: (0, 0), 2: (100, 0), 3: (1000, 0)}
    ways = {1: ([1, 2], FOOT), 2: ([2, 3], FOOT), 3: ([3, 3], FOOT)}
    raw = read(tmp_path, nodes, ways, bbox=(12.33, 45.43, 12.3345, 45.44))
    assert raw.street_id == ["w1"]
    assert raw.report.set_aside["streets outside the bounding box"] == 1
    with pytest.raises(NetworkError, match="no street lies within"):
        read(tmp_path, nodes, ways, bbox=(0, 0, 1, 1))
    with pytest.raises(InputError, match="west < east"):
        read(tmp_path, nodes, ways, bbox=(12.4, 45.43, 12.3, 45.44))


@pytest.mark.parametrize(
    "tags, closed",
    [
        ({"barrier": "gate", "access": "private"}, True),
        ({"barrier": "gate", "locked": "yes"}, True),
        ({"barrier": "gate"}, False),
        ({"barrier": "gate", "access": "private", "foot": "yes"}, False),
        ({"highway": "crossing", "access": "no"}, False),
    ],
)
def test_private_gates_stop_people(tmp_path: Path, tags: dict[str, str], closed: bool) -> None:
    """Streets end at a gate that is private or locked, and go through any other one."""
    nodes = {1: (0, 0), 2: (200, 0), 3: (400, 0)}
    data = (nodes, {1: ([1, 2, 3], FOOT)}, {}, {2: tags})
    raw = read(tmp_path, *data)
    assert len(raw) == (2 if closed else 1)
    assert ends(read_overpass(as_overpass(*data))) == ends(raw)
    n_nodes = build_network(raw).n_nodes
    assert n_nodes == (4 if closed else 2)
    assert any("gates" in text for text in raw.report.notes) == closed


def test_loose_ends_are_joined(tmp_path: Path) -> None:
    """An end within the tolerance becomes one with a node, or a new node of a line."""
    nodes = {1: (0, 0), 2: (100, 0), 3: (100.4, 0.3), 4: (100, 90), 5: (50, 0.6), 6: (50, 40)}
    ways = {1: ([1, 2], FOOT), 2: ([3, 4], FOOT), 3: ([5, 6], FOOT)}
    raw = read(tmp_path, nodes, ways)
    assert ends(raw) == {
        "w1.1": ("1", "5"),
        "w1.2": ("5", "3"),
        "w2": ("3", "4"),
        "w3": ("5", "6"),
    }
    assert raw.report.repaired["loose ends joined to a street within 1 m"] == 2
    apart = read(tmp_path, nodes, ways, snap_tolerance=0)
    assert len(apart) == 3
    assert not apart.report.repaired


def test_loose_ends_are_not_joined_to_what_passes_over(tmp_path: Path) -> None:
    """A street that ends beneath a bridge, or ends farther away, stays as it is."""
    nodes = {1: (0, 0), 2: (30, 0), 3: (15, 0.5), 4: (15, 60), 5: (40, 1.5), 6: (40, 50)}
    ways = {1: ([1, 2], {**FOOT, "bridge": "yes"}), 2: ([3, 4], FOOT), 3: ([5, 6], FOOT)}
    raw = read(tmp_path, nodes, ways)
    assert len(raw) == 3
    assert not raw.report.repaired


@pytest.mark.parametrize("between", [True, False])
def test_deck_between_flights_is_level(tmp_path: Path, between: bool) -> None:
    """A bridge reached over mapped flights only has no more steps; else they stay unknown."""
    nodes = {1: (0, 0), 2: (5, 0), 3: (20, 0), 4: (25, 0), 5: (20, 30)}
    steps = {"highway": "steps", "bridge": "yes", "step_count": "9"}
    ways = {1: ([1, 2], steps), 2: ([2, 3], {**FOOT, "bridge": "yes"}), 3: ([3, 4], steps)}
    if not between:
        ways[4] = ([3, 5], FOOT)
    raw = read(tmp_path, nodes, ways)
    assert raw.steps[:3] == [9, 0 if between else -1, 9]


@pytest.mark.parametrize(
    "name, content, message",
    [
        ("a.osm.pbf", b"", "empty"),
        ("a.osm.pbf", b"hello world" * 200, "cannot be read as OSM data"),
        ("a.osm", b"<osm version='0.6'><node id='1'", "cannot be read as OSM data"),
        ("a.osm", b"<html></html>", "cannot be read as OSM data"),
        ("a.osm.gz", b"\x1f\x8b\x08\x00", "cannot be read as OSM data"),
        ("a.osm", b"<osm version='0.6'></osm>", "no way with a highway tag"),
        ("a.txt", b"hello", "cannot be read as OSM data"),
    ],
)
def test_broken_files(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    """A file that is empty, cut off, or of another kind is one error that names it."""
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(NetworkError, match=message) as caught:
        read_osm(path)
    assert str(caught.value).startswith(str(path))


def test_truncated_pbf(tmp_path: Path) -> None:
    """A PBF cut off anywhere is an error, never a smaller city."""
    path = write_formats(tmp_path, *CORRIDOR)[".osm.pbf"]
    whole = path.read_bytes()
    for size in range(1, len(whole), 7):
        path.write_bytes(whole[:size])
        with pytest.raises(NetworkError, match=r"streets\.osm\.pbf"):
            read_osm(path)


def test_missing_file_and_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A missing file is named; a missing osmium names the extra to install."""
    with pytest.raises(NetworkError, match="no such file"):
        read_osm(tmp_path / "none.osm")
    monkeypatch.setitem(sys.modules, "osmium", None)
    with pytest.raises(MissingExtraError, match=r"evacroute\[osm\]"):
        read_osm(tmp_path / "none.osm")


def test_no_street_to_walk(tmp_path: Path) -> None:
    """Where nothing may be walked, the error says why."""
    ways = {1: ([1, 2], {"highway": "motorway"})}
    with pytest.raises(NetworkError, match=r"1 no way for pedestrians \(highway=motorway\)"):
        read(tmp_path, {1: (0, 0), 2: (9, 0)}, ways)


@pytest.mark.shared
def test_venice_of_2009(shared: Path) -> None:
    """The old city reads as one piece, with its bridges, most of them stepped."""
    raw = read_osm(shared / "data" / "venice" / "venice_2009.osm.pbf")
    network = build_network(raw)
    assert network.report is not None
    report = network.report
    assert report.set_aside["ways: closed to the public (access=private)"] == 22
    assert report.shares["of the length in the largest connected piece"] > 0.9
    bridges = np.flatnonzero(network.kind == KINDS.index("bridge"))
    assert 370 <= len(bridges) / 2 <= 400
    assert 0.9 < (network.steps[bridges] > 0).mean() < 1
    causeway = [i for i in bridges if "Libertà" in network.name[i]]
    assert causeway
    assert not network.steps[causeway].any()
    assert report.counts["squares walked across"] == 192
