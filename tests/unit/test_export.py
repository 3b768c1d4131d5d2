"""GeoJSON of a plan: readable by others, and true to the plan."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from drawn_plans import make_plan

from evacroute.errors import InputError
from evacroute.export import to_geojson
from evacroute.streets import link_lines


def read(path: Path) -> list[dict[str, Any]]:
    """Features of a GeoJSON file, packed or not."""
    content = path.read_bytes()
    text = gzip.decompress(content) if path.suffix == ".gz" else content
    record = json.loads(text)
    assert record["type"] == "FeatureCollection"
    return record["features"]


def test_links_tell_how_many_walk_them(tmp_path: Path):
    """Each directed link is a feature whose persons are those with a leg on it."""
    plan = make_plan()
    network, moves = plan.scenario.network, plan.movements
    features = read(to_geojson(plan, tmp_path / "links.geojson", "links"))
    assert len(features) == network.n_links
    persons = np.repeat(moves.size, np.diff(moves.leg_ptr))
    expected = np.bincount(moves.leg_link, weights=persons, minlength=network.n_links)
    assert [f["properties"]["persons"] for f in features] == expected.tolist()
    for feature in features:
        own = feature["properties"]
        assert (own["peak_end_s"] is None) == (own["persons"] == 0)
        assert 0 <= own["peak_persons"] <= own["persons"]
        assert len(feature["geometry"]["coordinates"]) >= 2


def test_shelters_tell_how_full_they_get(tmp_path: Path):
    """Each shelter is a point with its people; a door without limit has no rate."""
    plan = make_plan()
    features = read(to_geojson(plan, tmp_path / "s.geojson.gz", "shelters"))
    frame = plan.shelters_frame()
    assert [f["properties"]["filled"] for f in features] == frame["filled"].tolist()
    assert [f["properties"]["intake_rate"] for f in features] == [2.0, None]
    assert {f["geometry"]["type"] for f in features} == {"Point"}


def test_routes_carry_everybody(tmp_path: Path):
    """The persons of all routes are the persons placed, and routes end at their shelters."""
    plan = make_plan()
    features = read(to_geojson(plan, tmp_path / "r.geojson.gz"))
    assert sum(f["properties"]["persons"] for f in features) == plan.placed
    shelters = plan.scenario.shelters
    places = {
        name: (lon, lat)
        for name, lon, lat in zip(shelters.shelter_id, shelters.lon, shelters.lat, strict=True)
    }
    for feature in features:
        shape = feature["geometry"]
        last = shape["coordinates"] if shape["type"] == "Point" else shape["coordinates"][-1]
        place = places[feature["properties"]["shelter_id"]]
        np.testing.assert_allclose(last, place, atol=2e-6)


def test_packed_and_plain_files_say_the_same(tmp_path: Path):
    """A name that ends in .gz gives the same features, packed, the same bytes each time."""
    plan = make_plan()
    plain = to_geojson(plan, tmp_path / "a.geojson", "links")
    packed = to_geojson(plan, tmp_path / "a.geojson.gz", "links")
    again = to_geojson(plan, tmp_path / "b.geojson.gz", "links")
    assert read(plain) == read(packed)
    assert packed.read_bytes() == again.read_bytes()


def test_unknown_kind_is_refused(tmp_path: Path):
    """What is neither routes, links nor shelters is an error that names them, and no file."""
    with pytest.raises(InputError, match="'people', expected one of routes, links, shelters"):
        to_geojson(make_plan(), tmp_path / "x.geojson", "people")  # type: ignore[arg-type]
    assert not list(tmp_path.iterdir())


def test_full_geometry_is_used_as_it_is():
    """A network whose links all have points is drawn by them."""
    network = make_plan().scenario.network
    ptr, lon, lat = link_lines(network)
    assert ptr is network.geometry_ptr
    assert lon is network.geometry_lon
    assert lat is network.geometry_lat
