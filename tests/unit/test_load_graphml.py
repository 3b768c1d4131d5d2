"""Graphs of NetworkX and OSMnx, in memory and as GraphML."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import networkx as nx
import pytest
from networks import degrees

from evacroute.errors import NetworkError
from evacroute.load.build import build_network
from evacroute.load.graphml import read_graphml
from evacroute.load.graphs import read_graph
from evacroute.network import KINDS


def graph(kind: Any = nx.Graph, n: int = 3, **attributes: Any) -> Any:
    """A straight graph of n nodes 100 m apart, edges both ways where it is directed."""
    made = kind(**attributes)
    for i in range(n):
        lon, lat = degrees(100.0 * i, 0.0)
        made.add_node(i, x=float(lon), y=float(lat))
    for i in range(n - 1):
        made.add_edge(i, i + 1)
        if made.is_directed():
            made.add_edge(i + 1, i)
    return made


@pytest.mark.parametrize("kind", [nx.Graph, nx.DiGraph, nx.MultiGraph, nx.MultiDiGraph])
def test_streets_are_not_doubled(kind: Any) -> None:
    """Opposite edges are one street, walked both ways, in every kind of graph."""
    network = build_network(read_graph(graph(kind)))
    assert network.link_id.tolist() == ["0-1", "0-1-r", "1-2", "1-2-r"]
    assert network.length == pytest.approx(100, rel=1e-3)


def test_edge_without_opposite_is_one_way() -> None:
    """A lone edge of a directed graph is one way, unless OSM tags make it a street for people."""
    made = graph(nx.MultiDiGraph)
    made.remove_edge(2, 1)
    assert read_graph(made).directed == [False, True]
    made.edges[1, 2, 0]["highway"] = "residential"
    assert read_graph(made).directed == [False, False]


def test_opposite_edges_that_differ_stay_apart() -> None:
    """Two directions of different capacity are two one-way links."""
    made = graph(nx.DiGraph, 2)
    made.edges[0, 1]["capacity"], made.edges[1, 0]["capacity"] = 2.0, 1.0
    network = build_network(read_graph(made))
    assert network.link_id.tolist() == ["0-1", "1-0"]
    assert network.capacity.tolist() == [2.0, 1.0]


def test_osm_tags_as_osmnx_keeps_them() -> None:
    """Lists of merged ways, as lists or as text, are read by OSM's rules; barred ways counted."""
    made = graph(nx.MultiDiGraph, 4, crs="epsg:4326")
    for u, v, k in made.edges(keys=True):
        made.edges[u, v, k]["highway"] = "footway"
    there, back = ["footway", "steps"], ["steps", "footway"]
    made.edges[0, 1, 0].update(highway=there, osmid=[1, 2], bridge="yes")
    made.edges[1, 0, 0].update(highway=back, osmid=[2, 1], bridge="yes")
    made.edges[2, 3, 0]["highway"] = made.edges[3, 2, 0]["highway"] = "motorway"
    raw = read_graph(made)
    assert (raw.kind, raw.steps[0]) == (["bridge", "calle"], 1)
    assert raw.report.set_aside == {"edges that pedestrians may not use": 1}


def test_parallel_edges_are_two_streets() -> None:
    """Two ways between the same nodes both stay."""
    made = graph(nx.MultiGraph, 2)
    (x, y), (u, v) = ([float(z) for z in degrees(*p)] for p in ((0, 0), (100, 0)))
    made.add_edge(0, 1, geometry=f"LINESTRING ({x} {y}, {(x + u) / 2} {y + 0.001}, {u} {v})")
    network = build_network(read_graph(made))
    assert network.link_id[::2].tolist() == ["0-1", "0-1.2"]


@pytest.mark.parametrize("form", ["wkt", "list", "mapping"])
def test_geometry_is_turned_from_u_to_v(form: str) -> None:
    """A line given from v to u is reversed, whatever form it has."""
    made = graph(nx.Graph, 2)
    points = [tuple(float(z) for z in degrees(x, y)) for x, y in ((100, 0), (60, 20), (0, 0))]
    geometry: Any = points
    if form == "wkt":
        geometry = "LINESTRING (" + ", ".join(f"{x} {y}" for x, y in points) + ")"
    elif form == "mapping":
        geometry = {"type": "LineString", "coordinates": points}
    made.edges[0, 1]["geometry"] = geometry
    assert read_graph(made).geometry[0].tolist() == [list(point) for point in points[::-1]]


def test_positions_as_node_keys() -> None:
    """Nodes that are (lon, lat) themselves need no attributes."""
    made: Any = nx.Graph()
    made.add_edge((12.334, 45.437), (12.336, 45.437))
    assert build_network(read_graph(made)).n_nodes == 2


def test_graphml_reads_like_the_graph(tmp_path: Path) -> None:
    """A graph written as GraphML, plain or gzip, gives the network of the graph itself."""
    made = graph(nx.MultiDiGraph, 4, crs="epsg:4326")
    for u, v, k in made.edges(keys=True):
        made.edges[u, v, k].update(width=2.0 + u + v, name=f"Calle {min(u, v)}", step_count=u + v)
    first = build_network(read_graph(made))
    path = tmp_path / "a.graphml"
    nx.write_graphml(made, path)
    assert build_network(read_graphml(path)).equals(first)
    (tmp_path / "a.graphml.gz").write_bytes(gzip.compress(path.read_bytes()))
    assert build_network(read_graphml(tmp_path / "a.graphml.gz")).equals(first)


def test_osmnx_graph_and_its_graphml(tmp_path: Path) -> None:
    """A graph that OSMnx made of an OSM file reads alike from memory and from its GraphML."""
    osmnx = pytest.importorskip("osmnx")
    from osm_files import as_xml

    nodes = {1: (0, 0), 2: (100, 0), 3: (112, 0), 4: (200, 10), 5: (112, 80), 6: (150, 3)}
    foot = {"highway": "footway"}
    ways = {
        21: ([1, 2], {**foot, "name": "Calle Lunga", "width": "2.5"}),
        22: ([2, 3], {"highway": "steps", "bridge": "yes"}),
        23: ([3, 6, 4], {**foot, "name": "Fondamenta Nova"}),
        24: ([3, 5], {**foot, "tunnel": "building_passage"}),
    }
    path = tmp_path / "streets.osm"
    path.write_text(as_xml(nodes, ways), encoding="utf-8")
    made = osmnx.graph_from_xml(path, bidirectional=True, simplify=True, retain_all=True)
    network = build_network(read_graph(made))
    kinds = sorted(KINDS[kind] for kind in network.kind[::2])
    assert kinds == ["bridge", "quay", "underpass"]  # OSMnx has merged the first two ways
    osmnx.save_graphml(made, tmp_path / "a.graphml")
    again = build_network(read_graphml(tmp_path / "a.graphml"))
    assert again.n_links == network.n_links
    assert sorted(again.length) == pytest.approx(sorted(network.length))
    assert sorted(again.capacity) == pytest.approx(sorted(network.capacity))


def test_projected_graph() -> None:
    """A graph projected to metres is refused with the way back."""
    with pytest.raises(NetworkError, match=r"epsg:32633.*to_latlong"):
        read_graph(graph(crs="epsg:32633"))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda g: g.remove_edges_from(list(g.edges)), "3 nodes and no edge"),
        (lambda g: g.nodes[1].pop("x"), "node 1: x and y are None and None"),
        (lambda g: g.nodes[1].update(x="east"), "node 1: x and y are 'east'"),
        (lambda g: g.edges[0, 1].update(length="long"), "edge 0 to 1: length is 'long'"),
        (lambda g: g.edges[0, 1].update(geometry="POINT (1 2)"), "edge 0 to 1: geometry"),
        (lambda g: g.edges[0, 1].update(geometry=7), "edge 0 to 1: geometry"),
        (lambda g: nx.set_edge_attributes(g, "same", "link_id"), "'same' appears more than once"),
    ],
)
def test_wrong_graphs(change: Any, words: str) -> None:
    """A graph without edges or positions, or with wrong attributes, says which."""
    made = graph()
    change(made)
    with pytest.raises(NetworkError, match=words):
        build_network(read_graph(made))


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "empty"),
        (b"<graphml><graph>", "cut off"),
        (b"no xml at all", "not GraphML"),
        (b"<html></html>", "no graph|not GraphML"),
        (
            b'<graphml xmlns="http://graphml.graphdrawing.org/xmlns"><graph edgedefault="directed">'
            b'<edge source="a" target="b"><data key="d9">1</data></edge></graph></graphml>',
            "not GraphML as NetworkX writes it",
        ),
    ],
)
def test_broken_files(tmp_path: Path, data: bytes, words: str) -> None:
    """A broken GraphML gives one error with its name."""
    path = tmp_path / "a.graphml"
    path.write_bytes(data)
    with pytest.raises(NetworkError, match=words) as caught:
        read_graphml(path)
    assert str(path) in str(caught.value)
