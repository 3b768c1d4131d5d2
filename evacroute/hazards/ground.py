"""Where hazards meet streets: points along the links, circles and polygons on the ground."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evacroute.network import Network
from evacroute.streets import link_lines
from evacroute.units import to_metres


@dataclass(frozen=True, slots=True, eq=False)
class Samples:
    """Points along all links, close enough together to stand for the links.

    Parameters
    ----------
    ptr
        Where each link's points begin, shape (n_links + 1,).
    lon, lat
        The points [degrees].
    origin
        Origin of the local metres (lon, lat).
    """

    ptr: NDArray[np.int64]
    lon: NDArray[np.float64]
    lat: NDArray[np.float64]
    origin: tuple[float, float]

    def least(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Least value among the points of each link, shape (n_links,)."""
        return np.minimum.reduceat(values, self.ptr[:-1])

    def any(self, inside: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Whether any of a link's points is inside, shape (n_links,)."""
        return np.logical_or.reduceat(inside, self.ptr[:-1])


def sample(network: Network, spacing: float = 10.0) -> Samples:
    """Lay points along the links, their own and more, no farther apart than `spacing` [m].

    Both directions of a street get the very same points.
    """
    ptr, lon, lat = link_lines(network)
    of = np.repeat(np.arange(network.n_links), np.diff(ptr))
    inner = np.flatnonzero(of[:-1] == of[1:])
    a, b = np.stack([lon[inner], lat[inner]]), np.stack([lon[inner + 1], lat[inner + 1]])
    ahead = b - a + np.array([network.origin]).T
    x, y = to_metres(ahead[0], ahead[1], network.origin)
    parts = np.maximum(1, np.ceil(np.hypot(x, y) / spacing - 1e-9)).astype(np.int64)
    # From the lesser end, so that rounding does not tell the directions apart.
    flip = (b[0] < a[0]) | ((b[0] == a[0]) & (b[1] < a[1]))
    low, high = np.where(flip, b, a), np.where(flip, a, b)
    segment = np.repeat(np.arange(len(inner)), parts + 1)
    k = np.arange(len(segment)) - np.repeat(np.cumsum(parts + 1) - (parts + 1), parts + 1)
    share = k / parts[segment]
    points = low[:, segment] * (1 - share) + high[:, segment] * share
    counts = np.bincount(of[inner], weights=parts + 1, minlength=network.n_links).astype(np.int64)
    new = np.concatenate([[0], np.cumsum(counts)])
    return Samples(new, points[0], points[1], network.origin)


@dataclass(frozen=True, slots=True)
class Circle:
    """All within a distance of a place.

    Parameters
    ----------
    lon, lat
        The place [degrees].
    radius
        Distance [m], > 0.
    """

    lon: float
    lat: float
    radius: float

    @property
    def place(self) -> tuple[float, float]:
        """Longitude and latitude of the middle [degrees]."""
        return self.lon, self.lat

    def covers(self, samples: Samples) -> NDArray[np.bool_]:
        """Whether each point is inside."""
        x, y = to_metres(samples.lon, samples.lat, (self.lon, self.lat))
        return np.asarray(np.hypot(x, y) <= self.radius)


@dataclass(frozen=True, slots=True, eq=False)
class Polygons:
    """One polygon or several, with holes.

    Parameters
    ----------
    parts
        Polygons, each its outline and its holes: rings [degrees] of shape (k, 2). What lies within
        an odd number of a polygon's rings is inside.
    """

    parts: tuple[tuple[NDArray[np.float64], ...], ...]

    @property
    def place(self) -> tuple[float, float]:
        """Longitude and latitude of a point of it [degrees]."""
        lon, lat = self.parts[0][0][0].tolist()
        return lon, lat

    def covers(self, samples: Samples) -> NDArray[np.bool_]:
        """Whether each point is inside."""
        inside = np.zeros(len(samples.lon), dtype=bool)
        for rings in self.parts:
            (west, south), (east, north) = rings[0].min(axis=0), rings[0].max(axis=0)
            near = np.flatnonzero(
                (samples.lon >= west) & (samples.lon <= east)
                & (samples.lat >= south) & (samples.lat <= north)
            )  # fmt: skip
            odd = np.zeros(len(near), dtype=bool)
            for ring in rings:
                odd ^= _within(ring, samples.lon[near], samples.lat[near])
            inside[near] |= odd
        return inside


Area = Circle | Polygons


def _within(
    ring: NDArray[np.float64], x: NDArray[np.float64], y: NDArray[np.float64]
) -> NDArray[np.bool_]:
    """Whether a ray to the east leaves the ring an odd number of times."""
    odd = np.zeros(len(x), dtype=bool)
    following = np.roll(ring, -1, axis=0)
    for (ax, ay), (bx, by) in zip(ring, following, strict=True):
        if ay == by:
            continue
        crossed = (ay > y) != (by > y)
        odd ^= crossed & (x < ax + (y - ay) * ((bx - ax) / (by - ay)))
    return odd


def polygons(parts: Sequence[Sequence[Any]]) -> Polygons:
    """Make polygons, each a sequence of rings of positions [lon, lat], checked.

    Raises
    ------
    ValueError
        If there is none, a ring has fewer than three positions, or one that is no longitude and
        latitude.
    """
    made = [tuple(_ring(ring) for ring in part) for part in parts]
    if not made or not all(made):
        raise ValueError("there is no ring")
    return Polygons(tuple(made))


def _ring(positions: Any) -> NDArray[np.float64]:
    try:
        line = np.array([[float(p[0]), float(p[1])] for p in positions], dtype=np.float64)
    except (TypeError, ValueError, IndexError):
        raise ValueError("a position is no longitude and latitude") from None
    if len(line) and (line[0] == line[-1]).all():
        line = line[:-1]
    if len(line) < 3:
        raise ValueError("a ring has fewer than three positions")
    if not (np.isfinite(line).all() and (np.abs(line) <= [180, 90]).all()):
        raise ValueError("a position is not in degrees (EPSG:4326)")
    return line


def polygons_of_geometry(geometry: Any) -> Polygons:
    """Make polygons of a GeoJSON geometry, Polygon or MultiPolygon.

    Raises
    ------
    ValueError
        If it is neither.
    """
    kind = geometry.get("type") if isinstance(geometry, dict) else None
    parts = geometry.get("coordinates") if isinstance(geometry, dict) else None
    if kind not in ("Polygon", "MultiPolygon") or not isinstance(parts, list):
        raise ValueError(f"geometry is {kind!r}, expected Polygon or MultiPolygon")
    try:
        return polygons([parts] if kind == "Polygon" else parts)
    except TypeError:
        raise ValueError("coordinates are not rings of positions") from None


_ONE = r"\(\s*(?:\([^()]+\)(?:\s*,\s*\([^()]+\))*)\s*\)"
_POLYGON = re.compile(_ONE)
_RING = re.compile(r"\(([^()]+)\)")
_WKT = re.compile(
    rf"\s*(?:POLYGON\s*(?:Z|M|ZM)?\s*{_ONE}"
    rf"|MULTIPOLYGON\s*(?:Z|M|ZM)?\s*\(\s*{_ONE}(?:\s*,\s*{_ONE})*\s*\))\s*",
    re.IGNORECASE,
)


def polygons_of_wkt(text: str) -> Polygons:
    """Make polygons of ``POLYGON ((lon lat, ...))`` or ``MULTIPOLYGON (((lon lat, ...)))``.

    Raises
    ------
    ValueError
        If it is neither.

    Examples
    --------
    >>> area = polygons_of_wkt("POLYGON ((12.3 45.4, 12.4 45.4, 12.4 45.5, 12.3 45.4))")
    >>> [[len(ring) for ring in part] for part in area.parts]
    [[3]]
    """
    if not _WKT.fullmatch(text):
        raise ValueError(
            "expected POLYGON ((lon lat, lon lat, ...)) or MULTIPOLYGON (((...)), ((...))) and "
            "nothing behind it"
        )
    parts = _POLYGON.findall(text)
    return polygons(
        [[[p.split() for p in ring.split(",")] for ring in _RING.findall(part)] for part in parts]
    )
