"""One door for all formats, and one network whatever the format."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import networkx as nx
import numpy as np
import pytest
from networks import degrees

from evacroute.errors import InputError, NetworkError
from evacroute.load.read import read_network
from evacroute.network import Network
from evacroute.writing import write_network

NODES = {"A": (0.0, 0.0), "B": (100.0, 0.0), "C": (112.0, 0.0), "D": (200.0, 10.0)}
STREETS: list[dict[str, Any]] = [
    {"link_id": "s1", "u": "A", "v": "B", "name": "Calle Lunga", "width": 2.5, "surface": "stone"},
    {"link_id": "s2", "u": "B", "v": "C", "kind": "bridge", "steps": 24, "wheelchair": "no"},
    {
        "link_id": "s3",
        "u": "C",
        "v": "D",
        "kind": "quay",
        "name": "Fondamenta Nova",
        "length": 97.5,
    },
]
BEND = {"s3": [(150.0, 8.0)]}


def points(street: dict[str, Any]) -> list[list[float]]:
    """Positions along a street [degrees]."""
    metres = [NODES[street["u"]], *BEND.get(street["link_id"], []), NODES[street["v"]]]
    return np.column_stack(degrees(*np.array(metres).T)).tolist()


def wkt(street: dict[str, Any]) -> str:
    """A street as WKT."""
    return f"LINESTRING ({', '.join(f'{x!r} {y!r}' for x, y in points(street))})"


def figures(street: dict[str, Any]) -> dict[str, Any]:
    """A street without its ends."""
    return {key: value for key, value in street.items() if key not in ("u", "v")}


def as_graph(kind: Any = nx.Graph) -> Any:
    """The corridor as a NetworkX graph."""
    graph = kind(crs="epsg:4326")
    for name, (x, y) in NODES.items():
        lon, lat = degrees(x, y)
        graph.add_node(name, x=float(lon), y=float(lat))
    for street in STREETS:
        graph.add_edge(street["u"], street["v"], geometry=wkt(street), **figures(street))
        if graph.is_directed():
            graph.add_edge(street["v"], street["u"], geometry=wkt(street), **figures(street))
    return graph


def as_geojson() -> dict[str, Any]:
    """The corridor as GeoJSON."""
    features = []
    for street in STREETS:
        ends = {"from_node_id": street["u"], "to_node_id": street["v"]}
        geometry = {"type": "LineString", "coordinates": points(street)}
        properties = {**figures(street), **ends}
        features.append({"type": "Feature", "properties": properties, "geometry": geometry})
    return {"type": "FeatureCollection", "features": features}


def write_gmns(folder: Path) -> Path:
    """Write the corridor as a GMNS folder of undirected rows."""
    folder.mkdir()
    columns = ("link_id", "u", "v", "kind", "name", "width", "steps", "length", "wheelchair")
    columns += ("surface",)
    head = ",".join(columns).replace("u,v", "from_node_id,to_node_id")
    rows = [
        ",".join([*(str(street.get(c, "")) for c in columns), "0", f'"{wkt(street)}"'])
        for street in STREETS
    ]
    (folder / "link.csv").write_text("\n".join([f"{head},directed,geometry", *rows]))
    nodes = [f"{n},{','.join(repr(float(z)) for z in degrees(*xy))}" for n, xy in NODES.items()]
    (folder / "node.csv").write_text("\n".join(["node_id,x_coord,y_coord", *nodes]))
    return folder


@pytest.fixture
def corridor() -> Network:
    """The corridor read from the graph in memory."""
    return read_network(as_graph())


def test_the_corridor_is_as_meant(corridor: Network) -> None:
    """The network that all formats must agree on has the figures given and defaults elsewhere."""
    assert corridor.node_id.tolist() == list("ABCD")
    assert corridor.link_id.tolist() == ["s1", "s1-r", "s2", "s2-r", "s3", "s3-r"]
    assert corridor.steps[::2].tolist() == [0, 24, 0]
    assert corridor.width[::2].tolist() == [2.5, 3.0, 4.0]
    assert corridor.wheelchair[::2].tolist() == [0, -1, 0]
    assert corridor.length[4] == 97.5
    assert corridor.geometry(4).tolist() == points(STREETS[2])


@pytest.mark.parametrize("suffix", [".geojson", ".geojson.gz", ".json", ".json.gz"])
def test_geojson(tmp_path: Path, corridor: Network, suffix: str) -> None:
    """GeoJSON gives the same network, under either name, packed or not."""
    data = json.dumps(as_geojson()).encode()
    path = tmp_path / f"net{suffix}"
    path.write_bytes(gzip.compress(data) if suffix.endswith("gz") else data)
    assert read_network(path).equals(corridor)
    assert read_network(as_geojson()).equals(corridor)


@pytest.mark.parametrize("suffix", [".graphml", ".graphml.gz"])
@pytest.mark.parametrize("kind", [nx.Graph, nx.MultiDiGraph])
def test_graphml(tmp_path: Path, corridor: Network, suffix: str, kind: Any) -> None:
    """GraphML gives the same network, of undirected and directed graphs."""
    path = tmp_path / f"net{suffix}"
    nx.write_graphml(as_graph(kind), path)
    assert read_network(str(path)).equals(corridor)


@pytest.mark.parametrize("kind", [nx.DiGraph, nx.MultiGraph, nx.MultiDiGraph])
def test_graphs(corridor: Network, kind: Any) -> None:
    """Every kind of graph in memory gives the same network."""
    assert read_network(as_graph(kind)).equals(corridor)


def test_gmns(tmp_path: Path, corridor: Network) -> None:
    """A GMNS folder gives the same network, and so does one that write_network wrote."""
    assert read_network(write_gmns(tmp_path / "net")).equals(corridor)
    write_network(corridor, tmp_path / "again")
    assert read_network(tmp_path / "again").equals(corridor)


def test_overpass_is_told_by_its_content(tmp_path: Path) -> None:
    """A .json with elements is an Overpass answer."""
    lon, lat = degrees([0.0, 150.0], [0.0, 0.0])
    nodes = [{"type": "node", "id": i, "lon": lon[i], "lat": lat[i]} for i in (0, 1)]
    way = {"type": "way", "id": 7, "nodes": [0, 1], "tags": {"highway": "footway"}}
    answer = {"elements": [*nodes, way]}
    path = tmp_path / "net.json"
    path.write_text(json.dumps(answer))
    assert read_network(path).n_links == 2
    assert read_network(answer).equals(read_network(path))


def test_bridges_are_joined(tmp_path: Path) -> None:
    """With bridges=, the survey is joined at once."""
    lon, lat = degrees(106.0, 0.0)
    path = tmp_path / "bridges.csv"
    path.write_text(f"name,lat,lon,width,steps\nPonte,{lat},{lon},1.75,24\n")
    network = read_network(as_graph(), bridges=path)
    assert network.width[2:4].tolist() == [1.75, 1.75]
    assert network.report is not None
    assert network.report.counts["survey rows joined to a bridge"] == 1


def test_options_reach_the_builder() -> None:
    """Tolerance and least component are passed on."""
    graph = as_graph()
    graph.add_node("X", x=12.40, y=45.437)
    graph.add_node("Y", x=12.4005, y=45.437)
    graph.add_edge("X", "Y", link_id="s4")
    assert read_network(graph).n_nodes == 4
    assert read_network(graph, min_component=0).n_nodes == 6
    with pytest.raises(InputError, match="snap_tolerance"):
        read_network(graph, snap_tolerance=-1)


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("net.shp", b"x", "cannot read a network from '.shp'; allowed: .osm"),
        ("net", b"x", "cannot read a network from ''"),
        ("net.json", b"[]", "neither an Overpass answer"),
        ("net.json", b'{"a": 1}', "neither an Overpass answer"),
        ("net.geojson", b"", "the file is empty"),
        ("net.graphml.gz", gzip.compress(b"<graphml>" * 90, mtime=0)[:-9], "cut off"),
        ("net.osm", b"<osm><node", "osm"),
        ("net.osm.pbf", b"", "empty"),
    ],
)
def test_files_that_are_no_network(tmp_path: Path, name: str, data: bytes, words: str) -> None:
    """Any file that is no network gives one error that names it."""
    path = tmp_path / name
    path.write_bytes(data)
    with pytest.raises(NetworkError) as caught:
        read_network(path)
    assert words in str(caught.value)
    assert str(path) in str(caught.value)


def test_polygons_and_metres(tmp_path: Path) -> None:
    """A GeoJSON of polygons, and one in metres, give one clear error with the file's name."""
    path = tmp_path / "net.json"
    content = as_geojson()
    for feature in content["features"]:
        feature["geometry"] = {"type": "Polygon", "coordinates": []}
    path.write_text(json.dumps(content))
    with pytest.raises(NetworkError, match=r"net\.json: there is no line, only 3 Polygon"):
        read_network(path)
    content = as_geojson()
    for feature in content["features"]:
        line = feature["geometry"]["coordinates"]
        feature["geometry"]["coordinates"] = [[x * 1e5, y * 1e5] for x, y in line]
    path.write_text(json.dumps(content))
    with pytest.raises(NetworkError, match=r"net\.json: .* metres of a map projection"):
        read_network(path)


def test_nothing_and_anything() -> None:
    """A path that is not there and an object of another kind say what is allowed."""
    with pytest.raises(NetworkError, match="no such file or folder"):
        read_network("nowhere.geojson")
    with pytest.raises(NetworkError, match="cannot read a network from int; allowed"):
        read_network(7)
