"""One door for all network formats."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from evacroute.errors import NetworkError
from evacroute.load.bridges import join_bridges
from evacroute.load.build import MIN_COMPONENT, SNAP_TOLERANCE, RawStreets, build_network
from evacroute.load.files import read_json, without_gz
from evacroute.load.foreign import network_hint
from evacroute.load.geojson import read_geojson, streets_of_features
from evacroute.load.gmns import read_gmns
from evacroute.load.graphml import read_graphml
from evacroute.load.graphs import is_graph, read_graph
from evacroute.load.osm import read_osm
from evacroute.load.osm_data import BBox
from evacroute.load.overpass import is_overpass, read_overpass
from evacroute.network import Network

FORMATS = (
    ".osm, .osm.gz, .osm.bz2, .osm.pbf, .geojson[.gz], .graphml[.gz], .json[.gz] (Overpass answer "
    "or GeoJSON), a GMNS folder with node.csv and link.csv, or a NetworkX/OSMnx graph"
)


def read_network(
    source: str | Path | Mapping[str, Any] | Any,
    *,
    bridges: str | Path | pd.DataFrame | None = None,
    snap_tolerance: float = SNAP_TOLERANCE,
    min_component: float = MIN_COMPONENT,
    bbox: BBox | None = None,
) -> Network:
    """Read a network of walkable streets.

    What was read, mended, set aside and assumed is in the ``report`` of the network; print it.

    Parameters
    ----------
    source
        Path of an OSM file (``.osm``, ``.osm.gz``, ``.osm.pbf``), an Overpass answer (``.json``), a
        GeoJSON of line strings (``.geojson``), a GraphML (``.graphml``), the last three also with
        ``.gz``, or of a GMNS folder; or a NetworkX or OSMnx graph, or parsed JSON.
    bridges
        Survey of bridges to join, see `join_bridges`.
    snap_tolerance
        Street ends closer than this become one node where the source does not name its nodes [m].
    min_component
        Connected pieces with less than this to walk are set aside [m].
    bbox
        Keep only streets of an OSM file or Overpass answer with a point within (west, south, east,
        north) [degrees].

    Returns
    -------
    Network
        Two directed links a street.

    Raises
    ------
    NetworkError
        If the format is not known, or the file is not as its format demands.
    MissingExtraError
        If an OSM file is given and osmium is not installed.

    Notes
    -----
    A GMNS folder names its own nodes and links: there nothing is snapped or set aside.

    Examples
    --------
    >>> import networkx as nx
    >>> graph = nx.Graph()
    >>> graph.add_node(1, x=12.334, y=45.437)
    >>> graph.add_node(2, x=12.335, y=45.437)
    >>> graph.add_edge(1, 2, width=2.4)
    >>> read_network(graph)
    Network(2 nodes, 2 links, 0.1 km of streets)
    """
    network = _gmns(source)
    if network is None:
        raw = _streets(source, snap_tolerance, bbox)
        network = build_network(raw, snap_tolerance=snap_tolerance, min_component=min_component)
    if bridges is not None:
        network, _ = join_bridges(network, bridges)
    return network


def _gmns(source: object) -> Network | None:
    if isinstance(source, str | Path) and Path(source).is_dir():
        return read_gmns(source)
    return None


def _streets(source: Any, snap_tolerance: float, bbox: BBox | None) -> RawStreets:
    if is_graph(source):
        return read_graph(source)
    if isinstance(source, Mapping):
        return _of_json(source, source, "JSON object", snap_tolerance, bbox)
    if not isinstance(source, str | Path):
        raise NetworkError(
            f"cannot read a network from {type(source).__name__}; allowed: {FORMATS}"
        )
    path = Path(source)
    if not path.exists():
        raise NetworkError(f"{path}: there is no such file or folder")
    name = path.name.lower()
    if name.endswith((".osm", ".osm.gz", ".osm.bz2", ".pbf")):
        return read_osm(path, bbox=bbox, snap_tolerance=snap_tolerance)
    suffix = without_gz(path)
    if suffix == ".geojson":
        return read_geojson(path)
    if suffix == ".json":
        return _of_json(read_json(path, NetworkError), path, str(path), snap_tolerance, bbox)
    if suffix == ".graphml":
        return read_graphml(path)
    raise NetworkError(
        f"{path}: cannot read a network from '{suffix}'; allowed: {FORMATS}{network_hint(path)}"
    )


def _of_json(
    content: Any, source: Any, where: str, snap_tolerance: float, bbox: BBox | None
) -> RawStreets:
    """Tell an Overpass answer from a GeoJSON by what is inside."""
    if is_overpass(content):
        return read_overpass(source, bbox=bbox, snap_tolerance=snap_tolerance)
    if isinstance(content, Mapping) and "type" in content:
        return streets_of_features(content, where)
    raise NetworkError(
        f"{where}: this is neither an Overpass answer (with 'elements') nor a GeoJSON "
        "FeatureCollection"
    )
