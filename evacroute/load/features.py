"""Features of a GeoJSON that says where a hazard is."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from evacroute.errors import Faults, HazardError
from evacroute.load.files import read_json, without_gz

_DEGREES = re.compile(r"(CRS:?84|EPSG:+4326|WGS ?84)$", re.IGNORECASE)


def is_geojson(path: str | Path) -> bool:
    """Whether a path's name says that it is GeoJSON."""
    return without_gz(Path(path)) in (".geojson", ".json")


def features_of(source: Any, where: str) -> list[tuple[dict[str, Any], Any]]:
    """Give properties and geometry of each feature of a GeoJSON, a path or its content.

    Raises
    ------
    HazardError
        If the file cannot be read, is no FeatureCollection, has no feature, or is not in degrees.
    """
    content = source if isinstance(source, Mapping) else read_json(Path(source), HazardError)
    features = content.get("features") if isinstance(content, Mapping) else None
    if not isinstance(features, list) or not features:
        raise HazardError(f"{where}: this is no GeoJSON FeatureCollection with features")
    crs = content.get("crs")
    name = crs.get("properties", {}).get("name", "") if isinstance(crs, Mapping) else ""
    if name and not _DEGREES.search(str(name)):
        raise HazardError(
            f"{where}: coordinates are in {name}, expected longitude and latitude in degrees "
            "(EPSG:4326): convert the file first"
        )
    faults = Faults(where)
    found = []
    for i, feature in enumerate(features):
        properties = feature.get("properties") if isinstance(feature, Mapping) else None
        if not isinstance(properties, Mapping | None) or not isinstance(feature, Mapping):
            faults.add(f"feature {i}: this is no GeoJSON feature, expected geometry and properties")
            continue
        found.append((dict(properties or {}), feature.get("geometry")))
    faults.raise_if_any(HazardError)
    return found
