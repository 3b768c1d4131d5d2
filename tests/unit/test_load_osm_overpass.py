"""Overpass answers in their several forms, whole and broken."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from evacroute.errors import NetworkError
from evacroute.load.build import build_network
from evacroute.load.overpass import is_overpass, read_overpass

FOOT = {"highway": "footway"}


def place(lon: float, lat: float) -> dict[str, float]:
    return {"lon": lon, "lat": lat}


A, B, C = place(12.33, 45.437), place(12.331, 45.437), place(12.331, 45.438)


def test_ways_without_node_ids_meet_at_places() -> None:
    """Points at one place are one node where ways come without node ids."""
    answer = {
        "elements": [
            {"type": "way", "id": 1, "geometry": [A, B], "tags": FOOT},
            {"type": "way", "id": 2, "geometry": [B, C], "tags": FOOT},
        ]
    }
    network = build_network(read_overpass(answer))
    assert (network.n_nodes, network.n_links) == (3, 4)


def test_way_given_twice_is_taken_once() -> None:
    """A way that comes once with tags and once bare is one way with both."""
    answer = {
        "elements": [
            {"type": "way", "id": 1, "nodes": [1, 2], "tags": FOOT},
            {"type": "way", "id": 1, "nodes": [1, 2]},
            {"type": "node", "id": 1, **A},
            {"type": "node", "id": 2, **B},
        ]
    }
    assert read_overpass(answer).street_id == ["w1"]


@pytest.mark.parametrize(
    "answer, message",
    [
        ({}, "no list of elements"),
        ({"elements": []}, "has no ways"),
        ({"elements": [], "remark": "runtime error: Query timed out"}, "Query timed out"),
        (
            {"elements": [{"type": "way", "id": 1, "nodes": [1, 2], "tags": FOOT}]},
            "have no positions",
        ),
        ({"elements": ["way"]}, "element 0: is 'way'"),
        ({"elements": [{"type": "way", "id": "x"}]}, "element 0: id is 'x'"),
        (
            {"elements": [{"type": "node", "id": 1, "lon": "12", "lat": 45.0}]},
            r"element 0: position is \('12', 45.0\)",
        ),
        (
            {"elements": [{"type": "way", "id": 1, "geometry": [A, B], "tags": {"a": "b"}}]},
            "no way with a highway tag",
        ),
    ],
)
def test_answers_that_are_none(answer: Any, message: str) -> None:
    """What is no whole answer with streets is one clear error."""
    with pytest.raises(NetworkError, match=message):
        read_overpass(answer)


def test_broken_files(tmp_path: Path) -> None:
    """A file cut off, of other content, or missing is named in the error."""
    path = tmp_path / "answer.json"
    whole = json.dumps({"elements": [{"type": "way", "id": 1, "geometry": [A, B], "tags": FOOT}]})
    path.write_text(whole)
    assert len(read_overpass(path)) == 1
    for content in (whole[:40], "", "[1, 2]", "hello"):
        path.write_text(content)
        with pytest.raises(NetworkError, match=r"answer\.json"):
            read_overpass(path)
    with pytest.raises(NetworkError, match="no such file"):
        read_overpass(tmp_path / "none.json")


def test_overpass_is_told_from_geojson() -> None:
    """Only a document with a list of elements is an Overpass answer."""
    assert is_overpass({"elements": []})
    assert not is_overpass({"type": "FeatureCollection", "features": []})
    assert not is_overpass([])
