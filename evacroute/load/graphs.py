"""NetworkX and OSMnx graphs in memory: one street a pair of opposite edges."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

import networkx as nx
import numpy as np

from evacroute.errors import Faults, NetworkError
from evacroute.load.build import RawStreets
from evacroute.load.lines import Line, line_of_positions, line_of_wkt
from evacroute.load.mending import note
from evacroute.load.properties import as_id, street_of_properties

_PLACES = (("x", "y"), ("lon", "lat"), ("x_coord", "y_coord"), ("longitude", "latitude"))
_ID = ("link_id", "street_id", "seg_id")
_SAME = (
    "length", "width", "steps", "kind", "highway", "name", "capacity", "elevation", "osmid",
    "bridge", "tunnel", "surface", "wheelchair",
)  # fmt: skip


def read_graph(graph: Any, source: str = "graph") -> RawStreets:
    """Read streets from a (Multi)(Di)Graph of NetworkX, as OSMnx makes them too.

    Nodes need x and y (or lon and lat) in degrees. Edges may have the attributes that
    `read_geojson` names and ``geometry`` (a line string of Shapely, WKT, or positions), else they
    are straight. An edge and its opposite of the same line and figures are one street; an edge
    without an opposite is walked one way only, unless it carries OSM tags (``highway``), where
    one-way rules bind vehicles.

    Parameters
    ----------
    graph
        The graph.
    source
        What messages call it.

    Raises
    ------
    NetworkError
        If there is no edge, a node has no position, positions are projected, or an attribute is not
        what it must be.
    """
    crs = str(graph.graph.get("crs", "")).lower()
    if crs and not any(word in crs for word in ("4326", "crs84", "wgs 84", "wgs84")):
        raise NetworkError(
            f"{source}: coordinates are in {crs[:60]}, expected degrees (EPSG:4326): "
            "osmnx.project_graph(graph, to_latlong=True)"
        )
    if not graph.number_of_edges():
        raise NetworkError(
            f"{source}: there are {graph.number_of_nodes()} nodes and no edge, "
            "expected at least one"
        )
    raw = RawStreets(source)
    raw.report.counts["edges read"] = graph.number_of_edges()
    faults = Faults(source)
    places = _places(graph, faults)
    faults.raise_if_any(NetworkError)
    barred = 0
    streets = list(_streets(graph))
    for name, (u, v, attributes, both) in zip(_ids(streets), streets, strict=True):
        label = f"edge {as_id(u)} to {as_id(v)}"
        line = _line(attributes, places[u], places[v], label, faults)
        street = street_of_properties(attributes, label, faults)
        if street is None:
            barred += 1
            continue
        tagged = "highway" in attributes and "kind" not in attributes
        street |= {"from_id": as_id(u), "to_id": as_id(v)}
        street["directed"] = street["directed"] if both or tagged else True
        raw.add(name, line, **street)
    faults.raise_if_any(NetworkError)
    note(raw.report.set_aside, "edges that pedestrians may not use", barred)
    return raw


def _places(graph: Any, faults: Faults) -> dict[Any, tuple[float, float]]:
    places = {}
    for node, attributes in graph.nodes(data=True):
        x, y = _place(node, attributes)
        try:
            places[node] = (float(x), float(y))
        except (TypeError, ValueError):
            faults.add(f"node {node!r}: x and y are {x!r} and {y!r}, expected degrees")
            places[node] = (math.nan, math.nan)
    return places


def _place(node: Any, attributes: Mapping[str, Any]) -> tuple[Any, Any]:
    for x, y in _PLACES:
        if x in attributes and y in attributes:
            return attributes[x], attributes[y]
    pair = attributes.get("pos", node)
    if isinstance(pair, tuple | list) and len(pair) == 2:
        return pair[0], pair[1]
    return None, None


def _streets(graph: Any) -> Iterator[tuple[Any, Any, dict[str, Any], bool]]:
    """Edges as (u, v, attributes, whether they are walked both ways), opposite ones as one."""
    if not graph.is_directed():
        for u, v, attributes in graph.edges(data=True):
            yield u, v, attributes, True
        return
    edges = list(graph.edges(data=True))
    waiting: defaultdict[tuple[Any, ...], list[int]] = defaultdict(list)
    partner = [-1] * len(edges)
    for i, (u, v, attributes) in enumerate(edges):
        figures = tuple(_figure(attributes.get(name)) for name in _SAME)
        opposite = waiting.get((v, u, *figures))
        if opposite:
            partner[i] = opposite.pop(0)
            partner[partner[i]] = i
        else:
            waiting[(u, v, *figures)].append(i)
    for i, (u, v, attributes) in enumerate(edges):
        if partner[i] < 0 or partner[i] > i:
            yield u, v, attributes, partner[i] > i


def _figure(value: Any) -> Any:
    if isinstance(value, float):
        return None if math.isnan(value) else round(value, 2)
    if isinstance(value, list | tuple | set):
        return tuple(sorted(map(str, value)))
    # OSMnx merges ways in the order walked: the lists of opposite edges are each other's reverse.
    if isinstance(value, str) and value.startswith("["):
        return tuple(sorted(part.strip() for part in value.strip("[]").split(",")))
    return value


def _line(
    attributes: Mapping[str, Any],
    start: tuple[float, float],
    end: tuple[float, float],
    label: str,
    faults: Faults,
) -> Line:
    geometry = attributes.get("geometry")
    if geometry is None or geometry == "":
        return np.array([start, end])
    try:
        if isinstance(geometry, str):
            line = line_of_wkt(geometry)
        elif isinstance(geometry, Mapping):
            line = line_of_positions(geometry["coordinates"])
        else:
            line = line_of_positions(list(getattr(geometry, "coords", geometry)))
    except (ValueError, TypeError, KeyError) as fault:
        faults.add(f"{label}: geometry is {str(geometry)[:40]!r}..., {fault}")
        return np.array([start, end])
    if len(line) < 2:
        return np.array([start, end])
    # Undirected graphs forget which end came first.
    if math.dist(line[0], end) + math.dist(line[-1], start) < (
        math.dist(line[0], start) + math.dist(line[-1], end)
    ):
        line = line[::-1]
    return line


def _ids(streets: list[tuple[Any, Any, dict[str, Any], bool]]) -> list[str]:
    """Give each street its link_id or the like, its id if all of them differ, or "from-to"."""
    plain = [attributes.get("id") for _, _, attributes, _ in streets]
    # GraphML of a multigraph has keys as ids: 0, 1 between each two nodes.
    use_plain = None not in plain and len({as_id(value) for value in plain}) == len(plain)
    times: Counter[str] = Counter()
    ids = []
    for (u, v, attributes, _), value in zip(streets, plain, strict=True):
        given = next((attributes[key] for key in _ID if attributes.get(key) is not None), None)
        if given is None and use_plain:
            given = value
        if given is None:
            name = f"{as_id(u)}-{as_id(v)}"
            times[name] += 1
            given = name if times[name] == 1 else f"{name}.{times[name]}"
        ids.append(as_id(given))
    return ids


def is_graph(source: object) -> bool:
    """Whether an object is a graph of NetworkX."""
    return isinstance(source, nx.Graph)
