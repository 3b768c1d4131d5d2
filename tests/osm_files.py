"""Small OSM data for tests, written in every format there is."""

from __future__ import annotations

import bz2
import gzip
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from xml.sax.saxutils import quoteattr

import osmium

LON, LAT = 12.334, 45.437
EAST, NORTH = 1 / 78_035.0, 1 / 111_195.0
"""Degrees in a metre, near enough."""

Nodes = Mapping[int, tuple[float, float]]
"""Node id -> metres east and north."""
Ways = Mapping[int, tuple[Sequence[int], Mapping[str, str]]]
Relations = Mapping[int, tuple[Sequence[tuple[int, str]], Mapping[str, str]]]


def place(x: float, y: float) -> tuple[float, float]:
    """Longitude and latitude as OSM has them, to seven digits."""
    return round(LON + x * EAST, 7), round(LAT + y * NORTH, 7)


def as_xml(
    nodes: Nodes,
    ways: Ways,
    relations: Relations | None = None,
    node_tags: Mapping[int, Mapping[str, str]] | None = None,
) -> str:
    lines = ['<?xml version="1.0"?>', '<osm version="0.6">']
    for ref, (x, y) in nodes.items():
        lon, lat = place(x, y)
        lines.append(f'<node id="{ref}" version="1" lon="{lon:.7f}" lat="{lat:.7f}">')
        lines += [*_tags((node_tags or {}).get(ref, {})), "</node>"]
    for ref, (refs, tags) in ways.items():
        lines.append(f'<way id="{ref}" version="1">')
        lines += [f'<nd ref="{node}"/>' for node in refs]
        lines += [*_tags(tags), "</way>"]
    for ref, (members, tags) in (relations or {}).items():
        lines.append(f'<relation id="{ref}" version="1">')
        lines += [f'<member type="way" ref="{way}" role="{role}"/>' for way, role in members]
        lines += [*_tags(tags), "</relation>"]
    return "\n".join([*lines, "</osm>"])


def as_overpass(
    nodes: Nodes,
    ways: Ways,
    relations: Relations | None = None,
    node_tags: Mapping[int, Mapping[str, str]] | None = None,
    *,
    geometry: bool = False,
    refs: bool = True,
) -> dict[str, Any]:
    """An Overpass answer; with `geometry` as of ``out geom``, and then maybe without node ids."""
    elements: list[dict[str, Any]] = []
    for ref, (members, tags) in (relations or {}).items():
        listed: list[dict[str, Any]] = []
        for way, role in members:
            listed.append({"type": "way", "ref": way, "role": role})
            if geometry:
                listed[-1]["geometry"] = _geometry(nodes, ways[way][0])
        elements.append({"type": "relation", "id": ref, "members": listed, "tags": dict(tags)})
    for ref, (way_nodes, tags) in reversed(ways.items()):
        way: dict[str, Any] = {"type": "way", "id": ref}
        if refs:
            way["nodes"] = list(way_nodes)
        if geometry:
            way["geometry"] = _geometry(nodes, way_nodes)
        elements.append({**way, "tags": dict(tags)} if tags else way)
    for ref, (x, y) in nodes.items() if not geometry else ():
        lon, lat = place(x, y)
        tags = (node_tags or {}).get(ref, {})
        elements.append({"type": "node", "id": ref, "lon": lon, "lat": lat})
        if tags:
            elements[-1]["tags"] = dict(tags)
    return {"version": 0.6, "generator": "Overpass API", "elements": elements}


def write_formats(folder: Path, *data: Any) -> dict[str, Path]:
    """Write the same data as .osm, .osm.gz, .osm.bz2, .osm.pbf, .json and .json.gz."""
    xml = as_xml(*data).encode()
    answer = json.dumps(as_overpass(*data)).encode()
    contents = {
        ".osm": xml,
        ".osm.gz": gzip.compress(xml),
        ".osm.bz2": bz2.compress(xml),
        ".json": answer,
        ".json.gz": gzip.compress(answer),
    }
    paths = {suffix: folder / f"streets{suffix}" for suffix in [*contents, ".osm.pbf"]}
    for suffix, content in contents.items():
        paths[suffix].write_bytes(content)
    with osmium.SimpleWriter(str(paths[".osm.pbf"])) as writer:
        for entity in osmium.FileProcessor(str(paths[".osm"])):
            writer.add(entity)
    return paths


def _geometry(nodes: Nodes, refs: Sequence[int]) -> list[dict[str, float]]:
    places = [place(*nodes[ref]) for ref in refs]
    return [{"lat": lat, "lon": lon} for lon, lat in places]


def _tags(tags: Mapping[str, str]) -> list[str]:
    return [f"<tag k={quoteattr(k)} v={quoteattr(v)}/>" for k, v in tags.items()]
