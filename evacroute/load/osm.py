"""Read streets from OpenStreetMap files: .osm, .osm.gz, .osm.bz2, .osm.pbf."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from evacroute.errors import MissingExtraError, NetworkError
from evacroute.load.build import SNAP_TOLERANCE, RawStreets
from evacroute.load.osm_data import BBox, OsmData, OsmRelation, OsmWay, Point, is_gate
from evacroute.load.osm_ways import check_bbox, streets_of_ways

STREET_KEYS = ("highway", "route", "place")
"""Keys of which a street's way has at least one."""


def read_osm(
    path: str | Path, *, bbox: BBox | None = None, snap_tolerance: float = SNAP_TOLERANCE
) -> RawStreets:
    """Read what people may walk from an OSM file.

    Parameters
    ----------
    path
        File whose name ends with .osm, .osm.gz, .osm.bz2 or .pbf.
    bbox
        Keep only streets with a point within (west, south, east, north) [degrees].
    snap_tolerance
        Loose ends closer than this to another street are joined to it [m]; 0 joins none.

    Raises
    ------
    MissingExtraError
        If osmium is not installed.
    NetworkError
        If the file cannot be read to its end, or has no street to walk.
    InputError
        If the box or the tolerance cannot be.
    """
    try:
        import osmium
    except ImportError as error:
        raise MissingExtraError("osmium", "osm", "reading OSM files") from error
    path = Path(path)
    check_bbox(bbox)
    if not path.is_file():
        raise NetworkError(f"{path}: there is no such file")
    if not path.stat().st_size:
        raise NetworkError(f"{path}: the file is empty, expected OSM data")
    try:
        data = _read(osmium, path)
    except (RuntimeError, UnicodeDecodeError) as error:
        raise NetworkError(
            f"{path}: cannot be read as OSM data ({error}): is it truncated, or another format? "
            "Expected .osm, .osm.gz, .osm.bz2 or .osm.pbf as downloaded"
        ) from error
    return streets_of_ways(data, bbox=bbox, snap_tolerance=snap_tolerance)


def _read(osmium: Any, path: Path) -> OsmData:
    data = OsmData(str(path))
    wanted = osmium.filter.KeyFilter(*STREET_KEYS, "barrier")
    for entity in osmium.FileProcessor(str(path)).with_locations().with_filter(wanted):
        if entity.is_way():
            if any(key in entity.tags for key in STREET_KEYS):
                data.ways.append(_way(entity))
        elif entity.is_node():
            if is_gate(_tags(entity)):
                data.gates.add(entity.id)
        elif entity.is_relation() and entity.tags.get("type") == "multipolygon":
            data.relations.append(_multipolygon(entity))
    members = {i for relation in data.relations for i in (*relation.outer, *relation.inner)}
    if members:
        # Members need no tags of their own, so the first pass has not met them.
        by_id = osmium.filter.IdFilter(members).enable_for(osmium.osm.WAY)
        ways = osmium.filter.EntityFilter(osmium.osm.WAY)
        for way in (
            osmium.FileProcessor(str(path)).with_locations().with_filter(ways).with_filter(by_id)
        ):
            data.members[way.id] = _way(way)
    _locate_new_nodes(osmium, path, data)
    return data


def _tags(entity: Any) -> dict[str, str]:
    return {tag.k: tag.v for tag in entity.tags}


def _way(way: Any) -> OsmWay:
    points: list[Point | None] = []
    refs: list[Any] = []
    for node in way.nodes:
        refs.append(node.ref)
        # OSM counts in 1e-7 degrees; dividing gives the very number that text formats have.
        points.append((node.x / 1e7, node.y / 1e7) if node.location.valid() else None)
    return OsmWay(way.id, _tags(way), refs, points)


def _multipolygon(relation: Any) -> OsmRelation:
    found = OsmRelation(relation.id, _tags(relation), [], [])
    for member in relation.members:
        if member.type == "w":
            (found.inner if member.role == "inner" else found.outer).append(member.ref)
    return found


def _locate_new_nodes(osmium: Any, path: Path, data: OsmData) -> None:
    """Find positions of nodes with negative ids (not uploaded yet), which osmium passes over."""
    ways = [
        way
        for way in [*data.ways, *data.members.values()]
        if None in way.points and any(isinstance(ref, int) and ref < 0 for ref in way.refs)
    ]
    if not ways:
        return
    position: dict[Any, Point] = {}
    for node in osmium.FileProcessor(str(path), osmium.osm.NODE):
        if node.id < 0 and node.location.valid():
            position[node.id] = (node.location.x / 1e7, node.location.y / 1e7)
    for way in ways:
        way.points = [
            position.get(ref, point) for ref, point in zip(way.refs, way.points, strict=True)
        ]
