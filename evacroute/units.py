"""Units: SI inside, converted at the door here and nowhere else."""

from __future__ import annotations

import math
import re

import numpy as np
from numpy.typing import ArrayLike, NDArray

from evacroute.errors import InputError, did_you_mean

EARTH_RADIUS = 6_371_008.8
"""Mean radius of the Earth [m] (IUGG)."""

DEGREE = math.radians(1.0) * EARTH_RADIUS
"""Metres to a degree of latitude."""

_SECONDS = {
    "": 1.0, "s": 1.0, "sec": 1.0, "second": 1.0, "seconds": 1.0,
    "m": 60.0, "min": 60.0, "mins": 60.0, "minute": 60.0, "minutes": 60.0,
    "h": 3600.0, "hour": 3600.0, "hours": 3600.0,
}  # fmt: skip
_DURATION = re.compile(r"\s*([0-9]*\.?[0-9]+(?:e[+-]?[0-9]+)?)\s*([a-z]*)\s*")
_DAY = 86_400.0


def seconds(
    value: float | str, name: str = "duration", *, zero: bool = False, most: float = math.inf
) -> float:
    """Turn a duration into seconds.

    Parameters
    ----------
    value
        Seconds, or text such as ``"45 min"``, ``"90min"``, ``"1.5 h"``, ``"10 s"``.
    name
        What the value is called in the error.
    zero
        Whether 0 is a duration too.
    most
        The longest that is allowed [s].

    Returns
    -------
    float
        Duration [s], finite and greater than 0 (or 0).

    Raises
    ------
    InputError
        If the value cannot be read, is not a finite number greater than 0 (or 0), or is too long.

    Examples
    --------
    >>> seconds("45 min")
    2700.0
    """
    number = math.nan
    if isinstance(value, str):
        match = _DURATION.fullmatch(value.lower())
        if match and match[2] in _SECONDS:
            number = float(match[1]) * _SECONDS[match[2]]
    elif isinstance(value, int | float | np.integer | np.floating) and not isinstance(value, bool):
        number = float(value)
    if most < number:
        longest = f"{most / _DAY:g} days" if most >= _DAY else f"{most:g} s"
        raise InputError(f"{name} is {value!r}, expected at most {longest}")
    if not (math.isfinite(number) and (number > 0 or (zero and number == 0))):
        least = "0 or more" if zero else "more than 0"
        hint = ""
        if isinstance(value, str) and match and match[2] not in _SECONDS:
            long = [word for word in _SECONDS if len(word) > 1]
            hint = did_you_mean(f"{match[1]} {match[2]}", [f"{match[1]} {one}" for one in long])
        raise InputError(
            f"{name} is {value!r}, expected {least}: seconds, or text like '45 min', '1.5 h'{hint}"
        )
    return number


def to_ticks(cost: ArrayLike, per_second: int = 1000) -> NDArray[np.int64]:
    """Round costs to whole ticks (half to even) for solvers that need integers.

    Parameters
    ----------
    cost
        Costs [s], any shape, finite.
    per_second
        Ticks in a second; 1000 makes milliseconds.

    Raises
    ------
    InputError
        If a cost is not finite, or so large that sums of a million of them would overflow int64.
    """
    array = np.asarray(cost, dtype=np.float64)
    limit = np.iinfo(np.int64).max / 1e6 / per_second
    if array.size and not (np.isfinite(array).all() and np.abs(array).max() < limit):
        raise InputError(f"a cost is not finite or not below {limit:.3g} s, too large for integers")
    return np.rint(array * per_second).astype(np.int64)


def to_metres(
    lon: ArrayLike, lat: ArrayLike, origin: tuple[float, float]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Project lon/lat to metres east and north of `origin` (equirectangular).

    Good to about 0.1 % of a distance across a city (20 km).

    Parameters
    ----------
    lon, lat
        Degrees, EPSG:4326, same shape.
    origin
        (lon, lat) of the local origin [degrees].
    """
    x = (np.asarray(lon, dtype=np.float64) - origin[0]) * DEGREE * math.cos(math.radians(origin[1]))
    y = (np.asarray(lat, dtype=np.float64) - origin[1]) * DEGREE
    return x, y
