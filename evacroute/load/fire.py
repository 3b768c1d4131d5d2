"""Read fires: seats from a table, zones from polygons, times of arrival from a raster."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from evacroute.errors import Faults, HazardError
from evacroute.hazards.closures import number_of, time_of
from evacroute.hazards.fire import SPACING, Arrival, Fire, FireLaw, Seat, Zone
from evacroute.hazards.ground import polygons_of_geometry, sample
from evacroute.hazards.names import FROM_TO, renamed, told, wrong_names
from evacroute.load.features import features_of, is_geojson
from evacroute.load.files import without_gz
from evacroute.load.raster import affine_of, band_of, crs_of, opened
from evacroute.load.tables import (
    count_comments,
    degrees,
    name_of,
    numbers,
    read_table,
    row_name,
    words,
)
from evacroute.network import Network
from evacroute.reports import LoadReport
from evacroute.streets import swap_hint
from evacroute.units import to_metres

FAR = 20_000.0
"""A fire farther than this from the network's middle is taken for a fault [m]."""

DAY = 86_400.0
"""A seat that reaches no street in this time [s] is taken for a fault."""

_SEAT = ("lon", "lat", "start", "rate_m_per_min", "max_radius_m")
_SEAT_NAMES = {
    "start_s": "start", "from": "start", "from_s": "start", "begin": "start",
    "longitude": "lon", "latitude": "lat",
}  # fmt: skip
_ZONE = ("time_s", "from", "to", "kind", "extinction")
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
        optionally ``to`` (also ``from_s``, ``to_s``); optionally ``kind`` ("heat" or "smoke") and
        ``extinction`` [1/m]. A polygon with ``time_s`` is a state: it counts from the state of its
        kind before it (itself, if it is the first) until the next one, the last for good. Arrival:
        path of a ``.tif`` of any projection, the time at which the fire reaches each cell, no data
        where it does not (needs the extra ``raster``). Comments (``name``, ``note``, ``reason`` and
        the like) are not read; any other name is a fault.
    network
        If given, a fire that reaches none of its links is a fault: a seat within a day, a zone, all
        states, an arrival.
    law, wind, every
        See `Fire`.
    unit
        Unit of a raster's times: s, min or h.

    Returns
    -------
    Fire
        Its report counts what was read.

    Raises
    ------
    HazardError
        If the file cannot be read, or a value is not what it must be (all such rows together).
    MissingExtraError
        If a raster is given and rasterio is not installed.

    Examples
    --------
    >>> import evacroute as er, pandas as pd
    >>> network = er.lagoon_network()
    >>> lon, lat = network.origin
    >>> fire = er.read_fire(pd.DataFrame([{"lon": lon, "lat": lat, "start": "5 min"}]), network)
    >>> len(fire.seats), fire.seats[0].start
    (1, 300.0)
    """
    where = name_of(source)
    report = LoadReport(where)
    options: dict[str, Any] = {"law": law, "wind": wind, "every": every, "report": report}
    faults = Faults(where)
    if isinstance(source, Mapping) or (not isinstance(source, pd.DataFrame) and is_geojson(source)):
        zones, states = _zones(source, where, faults, report)
        report.counts["zones"] = len(zones)
        if network is not None:
            _check_near(network, [tuple(zone.area.parts[0][0][0]) for zone in zones], faults)
            _check_touch(network, zones, states, faults)
        fire = Fire(zones=zones, **options)
    elif not isinstance(source, pd.DataFrame) and without_gz(Path(source)) in (".tif", ".tiff"):
        arrival = _arrival(Path(source), unit)
        report.counts["cells that burn"] = int(np.isfinite(arrival.time).sum())
        fire = Fire(arrival=arrival, **options)
        if network is not None and not np.isfinite(arrival.at(sample(network, SPACING))).any():
            faults.add("the fire reaches no cell in which there is a street of this network")
    else:
        seats, rows = _seats(source, where, law or FireLaw(), faults, report)
        report.counts["seats"] = len(seats)
        fire = Fire(seats, **options)
        if network is not None:
            _check_near(network, [(seat.lon, seat.lat) for seat in seats], faults)
            if not faults.count:
                for i in np.flatnonzero(~fire.reaching(network, DAY)).tolist():
                    faults.add(f"{rows[i]}: within a day this fire reaches no link of the network")
    faults.raise_if_any(HazardError)
    return fire


def _seats(
    source: Any, where: str, law: FireLaw, faults: Faults, report: LoadReport
) -> tuple[list[Seat], list[str]]:
    """Seats, and what messages call them."""
    frame = read_table(
        source,
        required=("lon", "lat"),
        optional=_SEAT[2:],
        text=("start",),
        aliases=_SEAT_NAMES,
        what="seat of fire",
        error=HazardError,
    )
    unread = frame.attrs["unread"]
    wrong = wrong_names(unread, _SEAT)
    if wrong:
        faults.add(f"column {told(wrong, _SEAT, _SEAT_NAMES)}")
    count_comments(report, set(unread) - set(wrong))
    lon, lat = degrees(frame, "lon", "lat", faults)
    rate = numbers(frame, "rate_m_per_min", faults, low=0, default=law.rate, unit="m/min")
    most = numbers(
        frame, "max_radius_m", faults, low=0, default=law.max_radius, infinite=True, unit="m"
    )
    rows = [row_name(frame, i) for i in range(len(frame))]
    start = [
        time_of(text, f"{rows[i]}: start", faults)
        for i, text in enumerate(words(frame, "start", "0"))
    ]
    faults.raise_if_any(HazardError)
    return [
        Seat(float(x), float(y), t, replace(law, rate=float(r), max_radius=float(m)))
        for x, y, t, r, m in zip(lon, lat, start, rate, most, strict=True)
    ], rows


def _zones(
    source: Any, where: str, faults: Faults, report: LoadReport
) -> tuple[list[Zone], set[int]]:
    """Zones, and which of them are states."""
    zones: list[Zone] = []
    stamped: dict[int, float] = {}
    comments: set[str] = set()
    for i, (properties, geometry) in enumerate(features_of(source, where)):
        label = f"feature {i}"
        filled = {k: v for k, v in properties.items() if v is not None}
        names = renamed(filled, FROM_TO)
        given = {names[k]: v for k, v in filled.items()}
        before = faults.count
        wrong = wrong_names(given, _ZONE)
        if wrong:
            faults.add(f"{label}: {told(wrong, _ZONE, FROM_TO)}")
        comments.update(set(given) - set(_ZONE) - set(wrong))
        kind = str(given.get("kind", "heat")).lower()
        if kind not in ("heat", "smoke"):
            faults.add(f"{label}: kind is {kind!r}, expected heat or smoke")
        state = "time_s" in given
        if state == ("from" in given):
            faults.add(f"{label}: expected time_s, or from and optionally to")
        elif state and "to" in given:
            faults.add(
                f"{label}: there is to beside time_s, but a state counts until the next one; "
                "expected time_s alone, or from and to"
            )
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
        if state:
            stamped[len(zones)] = begin
        zones.append(Zone(area, begin, end, kind, k))  # type: ignore[arg-type]
    faults.raise_if_any(HazardError)
    count_comments(report, comments)
    for kind in ("heat", "smoke"):
        mine = [i for i in stamped if zones[i].kind == kind]
        # A later drawing of the smoke says nothing of the heat.
        stamps = sorted({stamped[i] for i in mine})
        for i in mine:
            k_th = stamps.index(stamped[i])
            begin = stamps[max(k_th - 1, 0)]
            end = stamps[k_th + 1] if k_th + 1 < len(stamps) else math.inf
            zones[i] = replace(zones[i], from_s=begin, to_s=end)
    return zones, set(stamped)


def _check_touch(network: Network, zones: list[Zone], states: set[int], faults: Faults) -> None:
    """Note zones that touch no link; of states only where none of them does."""
    if faults.count:
        return
    samples = sample(network, SPACING)
    none = [i for i, zone in enumerate(zones) if not zone.area.covers(samples).any()]
    # A fire may have begun inside a house; its first states then touch no street.
    small = states if not states <= set(none) else set()
    for i in none:
        if i not in small:
            faults.add(f"feature {i}: the area touches no link of the network")


def _arrival(path: Path, unit: str) -> Arrival:
    if unit not in _UNITS:
        raise HazardError(f"unit is {unit!r}, expected {', '.join(_UNITS)}")
    if not path.is_file():
        raise HazardError(f"{path}: there is no such file")
    with opened(path, "reading a fire from a raster") as raster:
        affine, crs = affine_of(raster), crs_of(raster)
        time = band_of(raster) * _UNITS[unit]
    time[~(time >= 0)] = np.inf
    if not np.isfinite(time).any():
        raise HazardError(f"{path}: no cell has a time at which the fire reaches it")
    a, b, c, d, e, f = affine
    return Arrival(c, f, a, -e, time, crs, (b, d))


def _check_near(network: Network, at: list[Any], faults: Faults) -> None:
    for i, (lon, lat) in enumerate(at):
        x, y = to_metres(lon, lat, network.origin)
        far = float(np.hypot(x, y))
        if far > FAR:
            faults.add(
                f"fire {i} at ({lon:.6g}, {lat:.6g}) is {far / 1000:,.0f} km from the network, "
                f"expected at most {FAR / 1000:g} km{swap_hint(network, lon, lat)}"
            )
