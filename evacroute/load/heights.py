"""Read heights of streets over the tide datum: points, rasters, and the model for what is left."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from evacroute.errors import Faults, HazardError
from evacroute.hazards.height_model import BRIDGE, CORRELATION, Curve, lower_ends
from evacroute.hazards.heights import Heights, complete
from evacroute.load.raster import raster_heights
from evacroute.load.tables import degrees, name_of, numbers, read_table
from evacroute.network import FERRY, Network
from evacroute.reports import LoadReport
from evacroute.units import to_metres

SPACING = 10.0
"""Heights along a street are looked up at most this far apart [m]."""

MAX_DISTANCE = 50.0
"""A surveyed point counts up to this far [m]."""

NEIGHBOURS = 4
"""So many points next to a place make its height, each by one over its squared distance."""

RASTERS = (".tif", ".tiff", ".asc", ".vrt", ".img", ".nc")
UNITS = {"m": 1.0, "cm": 0.01}
MAX_MEDIAN = 20.0
"""Half of the heights above this [m] look like centimetres."""

Source = str | Path | pd.DataFrame


def read_heights(
    source: Source | Sequence[Source],
    network: Network,
    *,
    unit: str | None = None,
    offset: float = 0.0,
    max_distance: float = MAX_DISTANCE,
    seed: int = 0,
    correlation: float = CORRELATION,
    curve: Curve | None = None,
) -> Heights:
    """Read heights of the network's links.

    A link is as high as the lowest of the places along it, one every 10 m, that the source knows.
    A bridge lies as low as the lowest street at its ends, since one must wade to it; of the source
    itself it takes nothing, which shows the deck or the canal under it. What no source knows is
    taken from the network's elevation column, and what that does not say is modelled, flagged, and
    counted in the report.

    Parameters
    ----------
    source
        Surveyed points as a DataFrame or CSV with lon, lat, height; or a raster of any projection
        (``.tif`` and the like, by rasterio). Of several the first that knows a link counts.
    network
        The streets.
    unit
        Of the heights, m or cm. By default metres, and heights that look like centimetres are
        refused.
    offset
        Added to the heights [m], where the source counts them from another zero than the tide.
    max_distance
        Points count up to this far [m].
    seed, correlation, curve
        Of the model, see `Heights.model`.

    Raises
    ------
    HazardError
        If a source cannot be read, says nothing about this network, or a parameter is not what it
        must be; a raster without a projection is refused.
    MissingExtraError
        If a raster is given and rasterio is not installed.
    """
    sources = [source] if isinstance(source, str | Path | pd.DataFrame) else list(source)
    if not sources:
        raise HazardError("there is no source of heights, expected at least one")
    if unit is not None and unit not in UNITS:
        raise HazardError(f"unit is {unit!r}, expected one of {', '.join(UNITS)}")
    if not np.isfinite(offset):
        raise HazardError(f"offset is {offset} m, expected a finite number")
    if not 0 < max_distance < np.inf:
        raise HazardError(f"max_distance is {max_distance} m, expected a number > 0")
    report = LoadReport(", ".join(name_of(one) for one in sources))
    lon, lat, of_link = places_along(network)
    ground = ~np.isin(network.kind, (FERRY, BRIDGE))
    height = np.full(network.n_links, np.nan)
    for one in sources:
        if not isinstance(one, pd.DataFrame) and Path(one).suffix.lower() in RASTERS:
            found = raster_heights(Path(one), lon, lat, report)
        else:
            found = _point_heights(one, network, lon, lat, max_distance, report)
        found = _in_metres(found, unit, name_of(one)) + offset
        lowest = np.full(network.n_links, np.inf)
        known = ~np.isnan(found)
        np.minimum.at(lowest, of_link[known], found[known])
        mine = np.isfinite(lowest) & ground
        if not mine.any():
            raise HazardError(
                f"{name_of(one)}: it says nothing about any street of this network: is it of the "
                "same town?"
            )
        report.counts[f"links with a height from {name_of(one)}"] = int(mine.sum())
        height = np.where(np.isnan(height) & mine, lowest, height)
    height = lower_ends(network, height)
    column = np.isnan(height) & ~np.isnan(network.elevation)
    # To the tenth of a millimetre both directions of a street lie equally high.
    height = np.asarray(np.round(np.where(column, network.elevation, height), 4), np.float64)
    if column.any():
        report.counts["links with a height from the elevation column"] = int(column.sum())
    return complete(
        network, height, report.source, report=report, seed=seed, correlation=correlation,
        curve=curve,
    )  # fmt: skip


def places_along(
    network: Network, spacing: float = SPACING
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.int64]]:
    """Places along all links, at most `spacing` [m] apart: lon, lat [degrees], and their link."""
    lon, lat = network.geometry_lon, network.geometry_lat
    x, y = to_metres(lon, lat, network.origin)
    of_point = np.repeat(np.arange(network.n_links), np.diff(network.geometry_ptr))
    first = np.flatnonzero(of_point[1:] == of_point[:-1])
    long = np.hypot(x[first + 1] - x[first], y[first + 1] - y[first])
    parts = np.maximum(np.ceil(long / spacing - 1e-6), 1).astype(np.int64)
    begin = np.repeat(first, parts)
    within = np.arange(len(begin)) - np.repeat(np.cumsum(parts) - parts, parts)
    share = within / np.repeat(parts, parts)
    last = np.append(of_point[1:] != of_point[:-1], True)
    return (
        np.append(lon[begin] + share * (lon[begin + 1] - lon[begin]), lon[last]),
        np.append(lat[begin] + share * (lat[begin + 1] - lat[begin]), lat[last]),
        np.append(of_point[begin], of_point[last]),
    )


def _point_heights(
    source: Source,
    network: Network,
    lon: NDArray[np.float64],
    lat: NDArray[np.float64],
    max_distance: float,
    report: LoadReport,
) -> NDArray[np.float64]:
    """Heights of places from surveyed points, NaN where none is near."""
    frame = read_table(
        source,
        required=("lon", "lat", "height"),
        aliases={
            "height_m": "height", "elevation": "height", "z": "height", "quota": "height",
            "longitude": "lon", "latitude": "lat", "x_coord": "lon", "y_coord": "lat",
        },
        what="point",
        error=HazardError,
    )  # fmt: skip
    faults = Faults(name_of(source))
    point_lon, point_lat = degrees(frame, "lon", "lat", faults)
    height = numbers(frame, "height", faults, unit="m")
    faults.raise_if_any(HazardError)
    report.counts["points read"] = report.counts.get("points read", 0) + len(frame)
    tree = cKDTree(np.column_stack(to_metres(point_lon, point_lat, network.origin)))
    places = np.column_stack(to_metres(lon, lat, network.origin))
    count = min(NEIGHBOURS, len(frame))
    distance, which = tree.query(places, k=count, distance_upper_bound=max_distance)
    distance, which = (np.reshape(table, (len(places), count)) for table in (distance, which))
    near = np.isfinite(distance)
    # A point under one's feet decides alone: nearer than 0.1 m counts as 0.1 m.
    weight = np.where(near, 1 / np.maximum(distance, 0.1) ** 2, 0.0)
    total = weight.sum(axis=1)
    value = (weight * np.append(height, 0.0)[which]).sum(axis=1)
    return np.where(total > 0, value / np.where(total > 0, total, 1.0), np.nan)


def _in_metres(height: NDArray[np.float64], unit: str | None, where: str) -> NDArray[np.float64]:
    known = height[~np.isnan(height)]
    if unit is None and len(known) and abs(float(np.median(known))) > MAX_MEDIAN:
        raise HazardError(
            f"{where}: half of the heights are above {abs(float(np.median(known))):g} m, which "
            'looks like centimetres: say unit="cm", or unit="m" if they are metres'
        )
    return height * UNITS[unit or "m"]
