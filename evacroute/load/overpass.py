"""Read streets from the JSON that an Overpass server answers."""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping
from pathlib import Path
from typing import Any

from evacroute.errors import Faults, NetworkError
from evacroute.load.build import SNAP_TOLERANCE, RawStreets
from evacroute.load.files import read_json
from evacroute.load.osm_data import BBox, OsmData, OsmRelation, OsmWay, Point, is_gate
from evacroute.load.osm_ways import check_bbox, streets_of_ways

Element = Mapping[str, Any]


def read_overpass(
    answer: str | Path | Mapping[str, Any],
    *,
    bbox: BBox | None = None,
    snap_tolerance: float = SNAP_TOLERANCE,
) -> RawStreets:
    """Read what people may walk from an Overpass answer (``[out:json]``).

    Positions come from nodes among the elements (``out body; >; out;``) or from the ways themselves
    (``out geom``). In ways without node ids, points at the same place are the same node.

    Parameters
    ----------
    answer
        File (.json, .json.gz), or the answer itself.
    bbox
        Keep only streets with a point within (west, south, east, north) [degrees].
    snap_tolerance
        Loose ends closer than this to another street are joined to it [m]; 0 joins none.

    Raises
    ------
    NetworkError
        If the file is no complete Overpass answer, or has no street to walk.
    InputError
        If the box or the tolerance cannot be.
    """
    check_bbox(bbox)
    source = "Overpass answer"
    if not isinstance(answer, Mapping):
        source = str(answer)
        answer = read_json(Path(answer), NetworkError)
    return streets_of_ways(_data(answer, source), bbox=bbox, snap_tolerance=snap_tolerance)


def is_overpass(document: object) -> bool:
    """Whether a JSON document has the form of an Overpass answer."""
    return isinstance(document, Mapping) and isinstance(document.get("elements"), list)


def _data(answer: Any, source: str) -> OsmData:
    if not is_overpass(answer):
        raise NetworkError(
            f"{source}: has no list of elements, expected an Overpass answer ([out:json])"
        )
    if "error" in str(remark := answer.get("remark", "")):
        raise NetworkError(f"{source}: the server broke off its answer: {remark}")
    data = OsmData(source)
    position: dict[Hashable, Point] = {}
    ways: dict[int, Element] = {}
    relations: dict[int, Element] = {}
    faults = Faults(source)
    for i, element in enumerate(answer["elements"]):
        fault = _fault(element)
        if fault:
            faults.add(f"element {i}: {fault}")
            continue
        kind, number = element["type"], element["id"]
        if kind == "node":
            if "lat" in element:
                position[number] = (float(element["lon"]), float(element["lat"]))
            if is_gate(element.get("tags", {})):
                data.gates.add(number)
        elif kind == "way":
            # A way may come twice, once for its tags and once as a bare outline.
            ways[number] = {**ways.get(number, {}), **element}
        elif kind == "relation":
            relations[number] = element
    faults.raise_if_any(NetworkError)
    if not ways and not relations:
        raise NetworkError(f"{source}: has no ways, expected streets")
    _places_of_ways(ways.values(), position)
    known = {point: ref for ref, point in position.items()}
    for number, way in ways.items():
        taken = _way(number, way, position, known)
        data.members[number] = taken
        if taken.tags:
            data.ways.append(taken)
    for number, relation in relations.items():
        if relation.get("tags", {}).get("type") == "multipolygon":
            data.relations.append(_multipolygon(number, relation, data.members, known))
    if data.ways and all(point is None for way in data.ways for point in way.points):
        raise NetworkError(
            f"{source}: its ways have no positions, expected nodes too: "
            "ask with '(._;>;); out;' or 'out geom;'"
        )
    return data


def _fault(element: Any) -> str:
    if not isinstance(element, Mapping) or "type" not in element:
        return f"is {element!r:.60}, expected an object with type and id"
    if element["type"] not in ("node", "way", "relation"):
        return ""
    if not isinstance(element.get("id"), int):
        return f"id is {element.get('id')!r}, expected a whole number"
    if not isinstance(element.get("tags", {}), Mapping):
        return f"tags are {element['tags']!r:.60}, expected an object"
    if element["type"] == "node" and "lat" in element and not _is_place(element):
        return f"position is ({element.get('lon')!r}, {element['lat']!r}), expected numbers"
    return ""


def _is_place(place: Element) -> bool:
    return all(
        isinstance(value := place.get(key), int | float) and math.isfinite(value)
        for key in ("lon", "lat")
    )


def _places_of_ways(ways: Any, position: dict[Hashable, Point]) -> None:
    """Learn positions of nodes from ways that give both nodes and geometry."""
    for way in ways:
        refs, places = way.get("nodes", ()), way.get("geometry", ())
        if len(refs) == len(places):
            for ref, place in zip(refs, places, strict=True):
                if place and _is_place(place):
                    position.setdefault(ref, (float(place["lon"]), float(place["lat"])))


def _way(
    number: int,
    way: Element,
    position: Mapping[Hashable, Point],
    known: dict[Point, Hashable],
) -> OsmWay:
    tags = way.get("tags", {})
    if way.get("nodes"):
        refs: list[Hashable] = list(way["nodes"])
        return OsmWay(number, tags, refs, [position.get(ref) for ref in refs])
    points: list[Point | None] = [
        (float(place["lon"]), float(place["lat"])) if place and _is_place(place) else None
        for place in way.get("geometry", ())
    ]
    return OsmWay(number, tags, [_ref(point, known) for point in points], points)


def _ref(point: Point | None, known: dict[Point, Hashable]) -> Hashable:
    """Id of the node at a place; made of the place itself where no node is known there."""
    if point is None:
        return None
    return known.setdefault(point, f"{point[0]:.7f},{point[1]:.7f}")


def _multipolygon(
    number: int,
    relation: Element,
    members: dict[int, OsmWay],
    known: dict[Point, Hashable],
) -> OsmRelation:
    found = OsmRelation(number, relation["tags"], [], [])
    for member in relation.get("members", ()):
        if member.get("type") != "way":
            continue
        ref = member["ref"]
        if ref not in members:
            members[ref] = _way(ref, {"geometry": member.get("geometry", ())}, {}, known)
        (found.inner if member.get("role") == "inner" else found.outer).append(ref)
    return found
