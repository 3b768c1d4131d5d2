"""One corridor through formats of different families: OpenStreetMap, GeoJSON, graphs, GMNS."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import networkx as nx
import pytest
from osm_files import as_xml, place

import evacroute as er

PLACES = {1: (0, 0), 2: (80, 0), 3: (103, 0), 4: (240, 5)}
FOOT = {"highway": "footway"}
WAYS: dict[int, tuple[list[int], dict[str, str]]] = {
    1: ([1, 2], {**FOOT, "name": "Calle Lunga", "width": "2.5", "surface": "stone"}),
    2: ([2, 3], {**FOOT, "bridge": "yes", "name": "Ponte Storto"}),
    3: ([3, 4], {**FOOT, "name": "Fondamenta Nova", "incline": "2%"}),
}


def position(node: int) -> list[float]:
    """Longitude and latitude, as OSM's seven decimals keep them."""
    return [round(float(value), 7) for value in place(*PLACES[node])]


def as_geojson() -> dict[str, Any]:
    features = [
        {
            "type": "Feature",
            "properties": {
                **tags, "id": f"w{way}", "from_node_id": str(refs[0]), "to_node_id": str(refs[-1]),
            },
            "geometry": {"type": "LineString", "coordinates": [position(ref) for ref in refs]},
        }
        for way, (refs, tags) in WAYS.items()
    ]  # fmt: skip
    return {"type": "FeatureCollection", "features": features}


def as_graph() -> nx.Graph:
    graph = nx.Graph(crs="epsg:4326")
    for node in PLACES:
        graph.add_node(str(node), x=position(node)[0], y=position(node)[1])
    for way, (refs, tags) in WAYS.items():
        graph.add_edge(str(refs[0]), str(refs[-1]), link_id=f"w{way}", **tags)
    return graph


def test_families_of_formats_agree(tmp_path: Path) -> None:
    """The same corridor with the same tags is the same network from every family of formats."""
    pytest.importorskip("osmium", reason="the extra osm is not installed")
    file = tmp_path / "corridor.osm"
    file.write_text(as_xml(PLACES, WAYS), encoding="utf-8")
    from_osm = er.read_network(file)
    assert from_osm.n_links == 6
    assert from_osm.width[0] == 2.5
    assert from_osm.steps[2] > 0
    er.write_network(from_osm, tmp_path / "gmns")
    others = {
        "GeoJSON": er.read_network(as_geojson()),
        "graph": er.read_network(as_graph()),
        "GMNS": er.read_network(tmp_path / "gmns"),
    }
    assert [name for name, network in others.items() if not network.equals(from_osm)] == []
