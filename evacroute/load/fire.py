"""Read fires: seats from a table, zones from polygons, times of arrival from a raster."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from evacroute.errors import Faults, HazardError, MissingExtraError
from evacroute.hazards.closures import number_of, time_of
from evacroute.hazards.fire import Arrival, Fire, FireLaw, Seat, Zone
from evacroute.hazards.ground import polygons_of_geometry
from evacroute.load.features import features_of, is_geojson
from evacroute.load.files import without_gz
from evacroute.load.tables import degrees, name_of, numbers, read_table, row_name, words
from evacroute.network import Network
from evacroute.reports import LoadReport
from evacroute.units import to_metres

FAR = 20_000.0
"""A fire farther than this from the network's middle is taken for a fault [m]."""

_UNITS = {"s": 1.0, "min": 60.0, "h": 3600.0}


def read_fire(
    source: str | Path | pd.DataFrame | Mapping[str, Any],
    network: Network | None = None,
    *,
    law: FireLaw | None = None,
    wind: tuple[float, float] | None = None,
    every: float | str = 120.0,
    unit: str = "s",
) -> Fire:
    """Read a fire from seats, from polygons or from a raster.

    Parameters
    ----------
    source
        Seats: path of a ``.csv[.gz]`` or a DataFrame with ``lon``, ``lat``, optionally ``start``
        (seconds or text like "5 min" after the alarm), ``rate_m_per_min`` and ``max_radius_m``.
        Zones: path of a ``.geojson[.gz]`` or its content, polygons with ``time_s``, or ``from`` and
        optionally ``to``; optionally ``kind`` ("heat" or "smoke") and ``extinction`` [1/m]. A
        polygon with ``time_s`` is a state: it counts from the state before it (itself, if it is the
        first) until the next one, the last for good. Arrival: path of a ``.tif``, the time at which
        the fire reaches each cell, no data where it does not (needs the extra ``raster``).
    network
        If given, a fire nowhere near it is a fault.
    law, wind, every
        See `Fire`.
    unit
        Unit of a raster's times: s, min or h.

    Raises
    ------
    HazardError
        If the file cannot be read, or a value is not what it must be (all such rows together).
    MissingExtraError
        If a raster is given and rasterio is not installed.
    """
    where = name_of(source)
    report = LoadReport(where)
    options: dict[str, Any] = {"law": law, "wind": wind, "every": every, "report": report}
    faults = Faults(where)
    if isinstance(source, Mapping) or (not isinstance(source, pd.DataFrame) and is_geojson(source)):
        zones = _zones(source, where, faults)
        report.counts["zones"] = len(zones)
        fire = Fire(zones=zones, **options)
        at = [tuple(zone.area.parts[0][0][0]) for zone in zones]
    elif not isinstance(source, pd.DataFrame) and without_gz(Path(source)) in (".tif", ".tiff"):
        arrival = _arrival(Path(source), unit)
        report.counts["cells that burn"] = int(np.isfinite(arrival.time).sum())
        fire = Fire(arrival=arrival, **options)
        rows, columns = arrival.time.shape
        middle = (
            arrival.west + columns / 2 * arrival.width,
            arrival.north - rows / 2 * arrival.height,
        )
        at = [middle]
    else:
        seats = _seats(source, where, law or FireLaw(), faults)
        report.counts["seats"] = len(seats)
        fire = Fire(seats, **options)
        at = [(seat.lon, seat.lat) for seat in seats]
    if network is not None:
        _check_near(network, at, faults)
    faults.raise_if_any(HazardError)
    return fire


def _seats(source: Any, where: str, law: FireLaw, faults: Faults) -> list[Seat]:
    frame = read_table(
        source,
        required=("lon", "lat"),
        optional=("start", "rate_m_per_min", "max_radius_m"),
        text=("start",),
        aliases={"start_s": "start", "from": "start", "longitude": "lon", "latitude": "lat"},
        what="seat of fire",
        error=HazardError,
    )
    lon, lat = degrees(frame, "lon", "lat", faults)
    rate = numbers(frame, "rate_m_per_min", faults, low=0, default=law.rate, unit="m/min")
    most = numbers(
        frame, "max_radius_m", faults, low=0, default=law.max_radius, infinite=True, unit="m"
    )
    start = [
        time_of(text, f"{row_name(frame, i)}: start", faults)
        for i, text in enumerate(words(frame, "start", "0"))
    ]
    faults.raise_if_any(HazardError)
    return [
        Seat(float(x), float(y), t, replace(law, rate=float(r), max_radius=float(m)))
        for x, y, t, r, m in zip(lon, lat, start, rate, most, strict=True)
    ]


def _zones(source: Any, where: str, faults: Faults) -> list[Zone]:
    zones: list[Zone] = []
    stamped: list[tuple[int, float]] = []
    for i, (properties, geometry) in enumerate(features_of(source, where)):
        label = f"feature {i}"
        given = {str(k).strip().lower(): v for k, v in properties.items() if v is not None}
        before = faults.count
        kind = str(given.get("kind", "heat")).lower()
        if kind not in ("heat", "smoke"):
            faults.add(f"{label}: kind is {kind!r}, expected heat or smoke")
        if ("time_s" in given) == ("from" in given):
            faults.add(f"{label}: expected time_s, or from and optionally to")
        begin = time_of(given.get("time_s", given.get("from", 0)), f"{label}: from", faults)
        end = time_of(given.get("to", math.inf), f"{label}: to", faults)
        if not end > begin:
            faults.add(f"{label}: from {begin:g} s to {end:g} s, expected from < to")
        k = None
        if "extinction" in given:
            k = number_of(given["extinction"], f"{label}: extinction", faults, 0, 1000)
        try:
            area = polygons_of_geometry(geometry)
        except ValueError as fault:
            faults.add(f"{label}: {fault}")
            continue
        if faults.count > before:
            continue
        if "time_s" in given:
            stamped.append((len(zones), begin))
        zones.append(Zone(area, begin, end, kind, k))  # type: ignore[arg-type]
    faults.raise_if_any(HazardError)
    stamps = sorted({stamp for _, stamp in stamped})
    for i, stamp in stamped:
        k_th = stamps.index(stamp)
        begin = stamps[max(k_th - 1, 0)]
        end = stamps[k_th + 1] if k_th + 1 < len(stamps) else math.inf
        zones[i] = replace(zones[i], from_s=begin, to_s=end)
    return zones


def _arrival(path: Path, unit: str) -> Arrival:
    if unit not in _UNITS:
        raise HazardError(f"unit is {unit!r}, expected {', '.join(_UNITS)}")
    if not path.is_file():
        raise HazardError(f"{path}: there is no such file")
    try:
        import rasterio
        from rasterio.vrt import WarpedVRT
    except ImportError:
        raise MissingExtraError("rasterio", "raster", "reading a raster") from None
    try:
        with rasterio.open(path) as given:
            if given.crs is None:
                raise HazardError(f"{path}: the raster names no coordinate system")
            with WarpedVRT(given, crs="EPSG:4326") as degrees_grid:
                band = degrees_grid.read(1, masked=True)
                transform = degrees_grid.transform
    except rasterio.errors.RasterioError as fault:
        raise HazardError(f"{path}: cannot be read as a raster: {fault}") from None
    time = np.ma.filled(band.astype(np.float64), np.inf) * _UNITS[unit]
    time[~(time >= 0)] = np.inf
    if not np.isfinite(time).any():
        raise HazardError(f"{path}: no cell has a time at which the fire reaches it")
    return Arrival(transform.c, transform.f, transform.a, -transform.e, time)


def _check_near(network: Network, at: list[Any], faults: Faults) -> None:
    for i, (lon, lat) in enumerate(at):
        x, y = to_metres(lon, lat, network.origin)
        far = float(np.hypot(x, y))
        if far > FAR:
            faults.add(
                f"fire {i} at ({lon:.6g}, {lat:.6g}) is {far / 1000:,.0f} km from the network, "
                f"expected at most {FAR / 1000:g} km"
            )
