"""The map of the board: each street once, shelters, and names to choose from."""

from __future__ import annotations

import gzip
import hashlib
from typing import Any

import numpy as np
import orjson

from evacroute._street_arrays import twins
from evacroute.scenario import Scenario

UNIT = 1e-5
"""Points are whole multiples of this [degrees]: a metre, or less."""


def write_map(scenario: Scenario) -> tuple[bytes, str]:
    """Write the map.

    Returns
    -------
    tuple
        JSON, packed by gzip, and its ETag. ``unit`` [degrees]; ``bounds``: least lon, lat, most
        lon, lat [units]; ``names``; ``streets``: name (position in names), points (the first, then
        differences, lon and lat by turns [units]) and ids of the links of each; ``shelters``: id,
        name, lon, lat [units].
    """
    network, shelters = scenario.network, scenario.shelters
    other = twins(network)
    one = np.flatnonzero((other < 0) | (np.arange(network.n_links) < other))
    names, name = np.unique(network.name.astype(str), return_inverse=True)
    ids = network.link_id.astype(str).tolist()
    lon = np.rint(network.geometry_lon / UNIT).astype(np.int64)
    lat = np.rint(network.geometry_lat / UNIT).astype(np.int64)
    streets = []
    for i in one.tolist():
        part = slice(int(network.geometry_ptr[i]), int(network.geometry_ptr[i + 1]))
        points = np.column_stack([lon[part], lat[part]])
        points[1:] = np.diff(points, axis=0)
        mine = [ids[i]] if other[i] < 0 else [ids[i], ids[int(other[i])]]
        streets.append([int(name[i]), points.ravel().tolist(), mine])
    record: dict[str, Any] = {
        "unit": UNIT,
        "bounds": [int(lon.min()), int(lat.min()), int(lon.max()), int(lat.max())],
        "names": names.tolist(),
        "streets": streets,
        "shelters": [
            {
                "id": str(shelters.shelter_id[i]), "name": str(shelters.name[i]),
                "at": [round(shelters.lon[i] / UNIT), round(shelters.lat[i] / UNIT)],
            }
            for i in range(len(shelters))
        ],
    }  # fmt: skip
    content = orjson.dumps(record)
    tag = hashlib.sha256(content).hexdigest()[:24]
    return gzip.compress(content, 6, mtime=0), f'"{tag}"'
