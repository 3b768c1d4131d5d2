"""GeoJSON of line strings becomes streets."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from networks import degrees

from evacroute.errors import NetworkError
from evacroute.load.build import build_network
from evacroute.load.geojson import read_geojson
from evacroute.network import KINDS


def feature(points: Any, shape: str = "LineString", **properties: Any) -> dict[str, Any]:
    """A feature with a line through points given in metres."""

    def place(part: Any) -> list[list[float]]:
        return np.column_stack(degrees(*np.array(part, dtype=float).T)).tolist() if part else []

    several = shape == "MultiLineString"
    coordinates = [place(part) for part in points] if several else place(points)
    geometry = {"type": shape, "coordinates": coordinates}
    return {"type": "Feature", "properties": properties, "geometry": geometry}


def collection(*features: Any, **members: Any) -> dict[str, Any]:
    """Features as a FeatureCollection."""
    return {"type": "FeatureCollection", "features": list(features), **members}


LINE = [(0, 0), (200, 0)]


def test_properties_under_their_many_names() -> None:
    """Properties are found under the names that Venice's graph, GMNS and OSM use."""
    raw = read_geojson(
        collection(
            feature(LINE, seg_id=7, bridge=1, length_m=203.5),
            feature(LINE, link_id="a", bridge="no", width="2.5 m", step_count="12"),
            feature(LINE, id=8.0, name="Fondamenta Nove", wheelchair="no", elevation=1.2),
            feature(LINE, osmid=9, name="Ponte X", bridge=0, surface="stone", incline=-0.02),
            feature(LINE, fid=10, kind="square", capacity="4.5", directed=1),
        )
    )
    assert raw.street_id == ["7", "a", "8", "9", "10"]
    assert raw.kind == ["bridge", "steps", "quay", "calle", "square"]
    assert raw.steps == [-1, 12, -1, -1, -1]
    assert raw.length[0] == 203.5
    assert raw.width[1] == 2.5
    assert (raw.wheelchair[2], raw.elevation[2]) == (-1, 1.2)
    assert (raw.surface[3], raw.incline[3]) == ("stone", -0.02)
    assert (raw.capacity[4], raw.directed[4]) == (4.5, True)


def test_osm_tags_as_properties() -> None:
    """With a property highway the others are read as OSM tags, and closed ways are counted."""
    raw = read_geojson(
        collection(
            feature(LINE, id=1, highway="steps", bridge="yes", step_count="23"),
            feature(LINE, id=2, highway="motorway"),
        )
    )
    assert (raw.street_id, raw.kind, raw.steps) == (["1"], ["bridge"], [23])
    assert raw.report.set_aside == {"features that pedestrians may not use": 1}


def test_several_lines_in_one_feature() -> None:
    """Each part of a MultiLineString is a street, the figure for all parts is not repeated."""
    parts = [[(0, 0), (100, 0)], [(100, 0), (200, 0)]]
    raw = read_geojson(collection(feature(parts, "MultiLineString", id="m", length=200)))
    assert raw.street_id == ["m.0", "m.1"]
    assert build_network(raw).length == pytest.approx(100, rel=1e-3)
    one = read_geojson(collection(feature([LINE], "MultiLineString", id="m", length=203)))
    assert (one.street_id, one.length) == (["m"], [203.0])


def test_lines_are_split_where_others_meet_them() -> None:
    """A line passed by another at an inner point is split there, its figures shared out."""
    cross = feature([(0, 0), (50, 0), (200, 0)], id="long", length=200, steps=20)
    raw = read_geojson(collection(cross, feature([(50, 0), (50, 80)], id="side")))
    assert raw.street_id == ["long.0", "long.1", "side"]
    assert raw.length[:2] == pytest.approx([50, 150])
    assert raw.steps[:2] == [5, 15]
    assert build_network(raw).n_nodes == 4


def test_ids_of_streets_are_unique_and_those_of_ways_need_not_be() -> None:
    """Pieces of one OSM way are told apart, two streets of one id are a fault."""
    other = [(200, 0), (400, 0)]
    raw = read_geojson(collection(feature(LINE, osmid=5), feature(other, osmid=5)))
    assert raw.street_id == ["5", "5#2"]
    twice = collection(feature(LINE, seg_id=5), feature(other, seg_id=5))
    with pytest.raises(NetworkError, match="'5' appears more than once"):
        build_network(read_geojson(twice))


def test_points_with_heights() -> None:
    """A height in the position does no harm, also where some points lack it."""
    content = collection(feature(LINE))
    content["features"][0]["geometry"]["coordinates"][0].append(3.5)
    assert read_geojson(content).geometry[0].shape == (2, 2)


def test_what_is_no_line_is_counted() -> None:
    """Points and polygons beside lines are set aside; empty lines are left to build_network."""
    point = {"type": "Feature", "properties": {}, "geometry": {"type": "Point"}}
    nothing = {"type": "Feature", "properties": None, "geometry": None}
    raw = read_geojson(collection(feature(LINE), point, nothing, feature([])))
    assert raw.report.set_aside == {"features that are no line (Point)": 1}
    network = build_network(raw)
    assert network.report is not None
    assert network.report.set_aside["streets with empty geometry"] == 2


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ({"type": "Topology"}, "no GeoJSON FeatureCollection"),
        ([1, 2], "no GeoJSON FeatureCollection"),
        (collection(), "there is no feature"),
        (collection(feature([], "Polygon"), feature([], "Point")), "1 Polygon, 1 Point"),
        (collection({"type": "Feature", "geometry": {"type": "Point"}}), "1 Point"),
        (collection(feature(LINE, length="long")), "feature 0.*length is 'long'.*a number"),
        (collection(feature(LINE, id=3, capacity=-2)), r"\(id 3\): capacity is -2.*>= 0"),
        (collection(feature(LINE, kind="alley")), "kind is 'alley', expected one of calle"),
        (collection(feature(LINE, steps=2.5)), "steps is 2.5.*whole number"),
        (collection(feature(LINE, wheelchair="why")), "wheelchair is 'why'"),
        (collection(feature(LINE, width="wide")), "width is 'wide'"),
        (
            collection(feature(LINE), crs={"properties": {"name": "urn:ogc:def:crs:EPSG::32633"}}),
            "EPSG::32633.*EPSG:4326",
        ),
        (
            collection({"geometry": {"type": "LineString", "coordinates": [["a", 1], [2, 3]]}}),
            "feature 0: coordinates are not positions",
        ),
        (collection("what"), "feature 0: this is no GeoJSON feature"),
    ],
)
def test_wrong_content(content: Any, words: str) -> None:
    """What cannot be read as streets says so, with feature, value and what is allowed."""
    with pytest.raises(NetworkError, match=words):
        read_geojson(content) if isinstance(content, dict) else read_list(content)


def read_list(content: Any) -> None:
    """Read JSON that is no object."""
    from evacroute.load.geojson import streets_of_features

    streets_of_features(content, "list")


@pytest.mark.parametrize("name", ["urn:ogc:def:crs:OGC:1.3:CRS84", "EPSG:4326", ""])
def test_degrees_by_any_name(name: str) -> None:
    """Coordinate systems of longitude and latitude are taken."""
    content = collection(feature(LINE), crs={"properties": {"name": name}})
    assert len(read_geojson(content)) == 1


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "empty"),
        (b'{"type": "FeatureCollection", "features": [', "cut off"),
        (gzip.compress(json.dumps(collection(feature(LINE))).encode(), mtime=0)[:-20], "cut off"),
        (b"\xff\xfe\x00", "not UTF-8|not JSON"),
    ],
)
def test_broken_files(tmp_path: Path, data: bytes, words: str) -> None:
    """An empty, cut off or binary file gives one error with its name."""
    path = tmp_path / "streets.geojson"
    path.write_bytes(data)
    with pytest.raises(NetworkError, match=words) as caught:
        read_geojson(path)
    assert str(path) in str(caught.value)


def test_venice(shared: Path) -> None:
    """The city's own street graph loads with a report that accounts for every feature."""
    network = build_network(read_geojson(shared / "data" / "venice" / "venice_segments.geojson.gz"))
    report = network.report
    assert report is not None
    assert report.counts["features read"] == 7876
    assert report.set_aside["streets with empty geometry"] == 8
    assert report.counts["connected pieces kept"] == 5
    left_out = sum(report.set_aside.values())
    rings = report.repaired["ring streets split in the middle"]
    assert report.counts["streets read"] - left_out + rings == report.counts["streets kept"]
    assert 6300 < network.n_nodes < 6800
    assert report.counts["km of streets"] == pytest.approx(195.8, abs=0.5)
    assert report.shares["of capacity assumed, by length"] == 1.0
    bridges = network.kind == KINDS.index("bridge")
    causeways = bridges & (network.steps == 0)
    assert bridges.sum() > 1000
    assert (network.length[causeways] > 150).all()
