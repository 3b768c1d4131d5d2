"""Read heights of streets over the tide datum: points, links, rasters; the rest is modelled."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from evacroute.errors import Faults, HazardError
from evacroute.hazards.ground import Samples, sample
from evacroute.hazards.height_model import BRIDGE, CORRELATION, Curve, lower_ends
from evacroute.hazards.heights import ELEVATION, Heights, complete, in_metres
from evacroute.load.raster import raster_heights
from evacroute.load.tables import (
    degrees,
    name_of,
    note_unread,
    numbers,
    read_table,
    row_name,
    unique_ids,
)
from evacroute.network import FERRY, Network
from evacroute.reports import LoadReport
from evacroute.streets import looks_swapped, pair_links, swap_hint
from evacroute.units import to_metres

SPACING = 10.0
"""Heights along a street are looked up at most this far apart [m]."""

MAX_DISTANCE = 50.0
"""A surveyed point counts up to this far [m]."""

NEIGHBOURS = 4
"""So many points next to a place make its height, each by one over its squared distance."""

RASTERS = (".tif", ".tiff", ".asc", ".vrt", ".img", ".nc")
_NAMES = {
    "height_m": "height", "elevation": "height", "z": "height", "quota": "height",
    "longitude": "lon", "latitude": "lat", "x_coord": "lon", "y_coord": "lat",
}  # fmt: skip

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
    A bridge lies as low as the lowest street at its ends, since one must wade to it; of points and
    rasters it takes nothing, which show the deck or the canal under it. What no source knows is
    taken from the network's elevation column, and what that does not say is modelled, flagged, and
    counted in the report.

    Parameters
    ----------
    source
        Surveyed points as a DataFrame or CSV with lon, lat, height; links with link_id, height (the
        other direction of a street lies equally high where it is not named); or a raster of any
        projection (``.tif`` and the like, by rasterio). Of several the first that knows a link
        counts.
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

    Returns
    -------
    Heights
        Of all links of the network; its report counts what was read and what modelled.

    Raises
    ------
    HazardError
        If a source cannot be read, says nothing about this network, names a link that is not in
        it, or a parameter is not what it must be; a raster without a projection is refused.
    MissingExtraError
        If a raster is given and rasterio is not installed.

    Examples
    --------
    >>> import evacroute as er, pandas as pd
    >>> network = er.lagoon_network()
    >>> table = pd.DataFrame({"link_id": network.link_id[:1], "height": [0.95]})
    >>> heights = er.read_heights(table, network)
    >>> float(heights.height_m[0]), bool(heights.modelled[0])
    (0.95, False)
    """
    sources = [source] if isinstance(source, str | Path | pd.DataFrame) else list(source)
    if not sources:
        raise HazardError("there is no source of heights, expected at least one")
    if not np.isfinite(offset):
        raise HazardError(f"offset is {offset} m, expected a finite number")
    if not 0 < max_distance < np.inf:
        raise HazardError(f"max_distance is {max_distance} m, expected a number > 0")
    report = LoadReport(", ".join(name_of(one) for one in sources))
    places = sample(network, SPACING)
    ground = ~np.isin(network.kind, (FERRY, BRIDGE))
    height = np.full(network.n_links, np.nan)
    bridges = np.full(network.n_links, np.nan)
    for one in sources:
        found, by_link = _found(one, network, places, max_distance, unit, report)
        found = found + offset
        if by_link:
            bridges = np.where(np.isnan(bridges) & (network.kind == BRIDGE), found, bridges)
        mine = ~np.isnan(found) & ground
        if not mine.any():
            raise HazardError(
                f"{name_of(one)}: it says nothing about any street of this network: is it of the "
                "same town?"
            )
        report.counts[f"links with a height from {name_of(one)}"] = int(mine.sum())
        height = np.where(np.isnan(height) & mine, found, height)
    height = lower_ends(network, height)
    height = np.where(np.isnan(height), bridges, height)
    column = np.isnan(height) & ~np.isnan(network.elevation) & (network.kind != FERRY)
    if unit != "m":
        in_metres(network.elevation[column], None, ELEVATION, "give the network metres")
    # To the tenth of a millimetre both directions of a street lie equally high.
    height = np.asarray(np.round(np.where(column, network.elevation, height), 4), np.float64)
    if column.any():
        report.counts["links with a height from the elevation column"] = int(column.sum())
    return complete(
        network, height, report.source, report=report, seed=seed, correlation=correlation,
        curve=curve,
    )  # fmt: skip


def _found(
    source: Source,
    network: Network,
    places: Samples,
    max_distance: float,
    unit: str | None,
    report: LoadReport,
) -> tuple[NDArray[np.float64], bool]:
    """Heights of links [m] by one source, NaN where it has none; whether it names links."""
    where = name_of(source)
    by_link = False
    if not isinstance(source, pd.DataFrame) and Path(source).suffix.lower() in RASTERS:
        found = raster_heights(Path(source), places.lon, places.lat, report)
    else:
        table = _table(source, report)
        by_link = "lon" not in table.columns
        if by_link:
            found = _link_heights(table, network, where, report)
        else:
            found = _point_heights(table, network, places, max_distance, where, report)
    found = in_metres(found, unit, where, 'say unit="cm", or unit="m" if they are metres')
    if by_link:
        return found, True
    lowest = places.least(np.where(np.isnan(found), np.inf, found))
    return np.where(np.isinf(lowest), np.nan, lowest), False


def _table(source: Source, report: LoadReport) -> pd.DataFrame:
    """Read a table of points, or of links where it says no positions."""
    frame = read_table(
        source,
        required=("height",),
        optional=("link_id", "lon", "lat"),
        text=("link_id",),
        aliases=_NAMES,
        what="height",
        error=HazardError,
    )
    if "link_id" not in frame.columns and not {"lon", "lat"} <= set(frame.columns):
        raise HazardError(
            f"{name_of(source)}: there is neither lon and lat nor link_id; expected points "
            "(lon, lat, height_m) or links (link_id, height_m)"
        )
    note_unread(report, frame, ("height", "link_id", "lon", "lat"))
    if not {"lon", "lat"} <= set(frame.columns):
        return frame[["link_id", "height"]]
    return frame


def _link_heights(
    frame: pd.DataFrame, network: Network, where: str, report: LoadReport
) -> NDArray[np.float64]:
    """Heights by link, NaN where there is none; both directions of a street lie equally high."""
    faults = Faults(where)
    ids = unique_ids(frame, "link_id", faults)
    given = numbers(frame, "height", faults, default=np.nan, unit="m")
    position = {str(name): i for i, name in enumerate(network.link_id)}
    link = np.array([position.get(name, -1) for name in ids.tolist()], np.int64)
    for i in np.flatnonzero((link < 0) & (ids != "")).tolist():
        faults.add(f"{row_name(frame, i)}: link_id {ids[i]!r} is not in the network")
    faults.raise_if_any(HazardError)
    report.counts["links read"] = report.counts.get("links read", 0) + len(frame)
    report.set_aside["links without a height"] = int(np.isnan(given).sum())
    found = np.full(network.n_links, np.nan)
    found[link] = given
    streets = pair_links(network)
    paired = streets.backward >= 0
    forth, back = streets.forward[paired], streets.backward[paired]
    for one, other in ((forth, back), (back, forth)):
        found[one] = np.where(np.isnan(found[one]), found[other], found[one])
    return found


def _point_heights(
    frame: pd.DataFrame,
    network: Network,
    places: Samples,
    max_distance: float,
    where: str,
    report: LoadReport,
) -> NDArray[np.float64]:
    """Heights of places from surveyed points, NaN where none is near."""
    faults = Faults(where)
    point_lon, point_lat = degrees(frame, "lon", "lat", faults)
    height = numbers(frame, "height", faults, unit="m")
    swapped = looks_swapped(network, point_lon, point_lat)
    if len(frame) and swapped.all():
        faults.add(
            f"{row_name(frame, 0)}: lon, lat are {point_lon[0]:.6g}, {point_lat[0]:.6g}, far from "
            f"the network{swap_hint(network, point_lon, point_lat)}",
            count=len(frame),
        )
    faults.raise_if_any(HazardError)
    if "link_id" in frame.columns:
        report.set_aside["ids of links, not read: the positions count"] = len(frame)
    report.counts["points read"] = report.counts.get("points read", 0) + len(frame)
    tree = cKDTree(np.column_stack(to_metres(point_lon, point_lat, network.origin)))
    at = np.column_stack(to_metres(places.lon, places.lat, network.origin))
    count = min(NEIGHBOURS, len(frame))
    distance, which = tree.query(at, k=count, distance_upper_bound=max_distance)
    distance, which = (np.reshape(table, (len(at), count)) for table in (distance, which))
    near = np.isfinite(distance)
    # A point under one's feet decides alone: nearer than 0.1 m counts as 0.1 m.
    weight = np.where(near, 1 / np.maximum(distance, 0.1) ** 2, 0.0)
    total = weight.sum(axis=1)
    value = (weight * np.append(height, 0.0)[which]).sum(axis=1)
    return np.where(total > 0, value / np.where(total > 0, total, 1.0), np.nan)
