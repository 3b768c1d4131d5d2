"""GeoJSON of line strings: one feature is one street."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from evacroute.errors import Faults, NetworkError
from evacroute.load.build import RawStreets
from evacroute.load.files import read_json
from evacroute.load.lines import Line, line_of_positions, meeting_points
from evacroute.load.mending import note
from evacroute.load.properties import as_id, find, street_of_properties
from evacroute.load.street_table import line_lengths

_DEGREES = re.compile(r"(CRS:?84|EPSG:+4326|WGS ?84)$", re.IGNORECASE)


def read_geojson(source: str | Path | Mapping[str, Any]) -> RawStreets:
    """Read a GeoJSON FeatureCollection of LineString and MultiLineString features.

    Parameters
    ----------
    source
        Path (``.geojson``, ``.json``, either with ``.gz``), or the parsed object.

    Returns
    -------
    RawStreets
        One street a line; lines that meet others at an inner point are split there.

    Raises
    ------
    NetworkError
        If the file is missing, empty, cut off, or no FeatureCollection; if it holds no line; if it
        declares a coordinate system that is not longitude and latitude; if a property is not what
        it must be.

    Notes
    -----
    Properties read: ``id`` (or ``seg_id``, ``link_id``, ``osmid``), ``bridge``, ``length`` (or
    ``length_m``) [m], ``width`` [m], ``steps`` (or ``step_count``), ``name``, ``kind``, ``highway``
    (then all are read as OSM tags), ``capacity`` [person/s], ``elevation`` [m], ``surface``,
    ``wheelchair``, ``incline``, ``from_node_id``, ``to_node_id``, ``directed``.
    """
    if isinstance(source, Mapping):
        return streets_of_features(source, "GeoJSON object")
    return streets_of_features(read_json(Path(source), NetworkError), str(source))


def streets_of_features(content: Any, where: str) -> RawStreets:
    """Read streets from a parsed GeoJSON; `where` begins every message."""
    features = _features(content, where)
    raw = RawStreets(where)
    raw.report.counts["features read"] = len(features)
    faults = Faults(where)
    streets: list[tuple[str, dict[str, Any]]] = []
    lines: list[Line] = []
    types: Counter[str] = Counter()
    given: Counter[str] = Counter()
    barred = 0
    for i, feature in enumerate(features):
        if not isinstance(feature, Mapping) or not isinstance(
            properties := feature.get("properties") or {}, Mapping
        ):
            faults.add(f"feature {i}: this is no GeoJSON feature, expected geometry and properties")
            continue
        street_id, label = _id(properties, feature, i, given)
        kind, parts = _parts(feature.get("geometry"), label, faults)
        types[kind] += 1
        if parts is None:
            continue
        street = street_of_properties(properties, label, faults)
        if street is None:
            barred += 1
            continue
        for k, line in enumerate(parts):
            several = len(parts) > 1
            streets.append((f"{street_id}.{k}" if several else street_id, street))
            if several:  # the figures are for all parts together
                streets[-1] = (streets[-1][0], street | _without_totals(street))
            lines.append(line)
    faults.raise_if_any(NetworkError)
    others = {kind: n for kind, n in types.items() if kind not in _LINES}
    if not lines and not barred:
        found = ", ".join(f"{n} {kind}" for kind, n in others.items()) or "no feature"
        raise NetworkError(f"{where}: there is no line, only {found}; expected LineString features")
    for kind, n in sorted(others.items()):
        note(raw.report.set_aside, f"features that are no line ({kind})", n)
    note(raw.report.set_aside, "features that pedestrians may not use", barred)
    _add_split(raw, streets, lines)
    return raw


_LINES = {"LineString", "MultiLineString", "null"}


def _features(content: Any, where: str) -> list[Any]:
    kind = content.get("type") if isinstance(content, Mapping) else None
    if kind == "Feature":
        return [content]
    features = content.get("features") if isinstance(content, Mapping) else None
    if kind != "FeatureCollection" or not isinstance(features, list):
        raise NetworkError(
            f"{where}: this is no GeoJSON FeatureCollection (type is {kind!r}), expected one with "
            "LineString features"
        )
    if not features:
        raise NetworkError(f"{where}: there is no feature, expected LineString features")
    crs = content.get("crs")
    if isinstance(crs, Mapping) and isinstance(crs.get("properties"), Mapping):
        name = str(crs["properties"].get("name", ""))
        if name and not _DEGREES.search(name):
            raise NetworkError(
                f"{where}: coordinates are in {name}, expected longitude and latitude in degrees "
                "(EPSG:4326): convert the file first: "
                f"ogr2ogr -f GeoJSON -t_srs EPSG:4326 degrees.geojson {where}"
            )
    return features


def _id(
    properties: Mapping[str, Any], feature: Mapping[str, Any], i: int, given: Counter[str]
) -> tuple[str, str]:
    """Id of a feature's street, and what messages call the feature."""
    value = find(properties, "id")
    if value is not None:
        return as_id(value), f"feature {i} (id {as_id(value)})"
    # Streets cut from one OSM way share its id: they are told apart by a running number.
    value = find(properties, "source_id")
    if value is None or isinstance(value, list):
        value = feature.get("id")
    if value is None:
        return f"f{i}", f"feature {i}"
    name = as_id(value)
    given[name] += 1
    if given[name] > 1:
        name = f"{name}#{given[name]}"
    return name, f"feature {i} (id {name})"


def _parts(geometry: Any, label: str, faults: Faults) -> tuple[str, list[Line] | None]:
    """Type of a geometry, and its lines; None where it is no line."""
    if geometry is None:
        return "null", [np.empty((0, 2))]
    kind = str(geometry.get("type")) if isinstance(geometry, Mapping) else "unknown"
    if kind not in _LINES:
        return kind, None
    try:
        given = geometry["coordinates"]
        parts = [line_of_positions(x) for x in (given if kind == "MultiLineString" else [given])]
        return kind, parts or [np.empty((0, 2))]
    except (KeyError, TypeError, ValueError, IndexError):
        faults.add(f"{label}: coordinates are not positions, expected [[lon, lat], ...]")
        return kind, None


def _without_totals(street: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "length": math.nan,
        "steps": min(street["steps"], 1),
        "from_id": None,
        "to_id": None,
    }


def _add_split(
    raw: RawStreets, streets: list[tuple[str, dict[str, Any]]], lines: list[Line]
) -> None:
    cuts = meeting_points(lines)
    split = 0
    for (street_id, street), line, inner in zip(streets, lines, cuts, strict=True):
        if not inner or street["from_id"] is not None:
            raw.add(street_id, line, **street)
            continue
        split += 1
        ends = [0, *inner, len(line) - 1]
        pieces = [line[a : b + 1] for a, b in pairwise(ends)]
        drawn = [line_lengths(np.array([0, len(x)]), x)[0] for x in pieces]
        for k, piece in enumerate(pieces):
            share = float(drawn[k] / max(sum(drawn), 1e-9))
            steps = street["steps"]
            if steps > 1:
                steps = max(1, round(steps * share))
            own = street | {"length": street["length"] * share, "steps": steps}
            raw.add(f"{street_id}.{k}", piece, **own)
    note(raw.report.repaired, "lines split where others meet them", split)
