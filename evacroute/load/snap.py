"""Where positions meet the streets: the nearest point of any walkable link."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from evacroute._kernels.snapping import count_cells, fill_cells, nearest_segment
from evacroute._kernels.standing import Lines
from evacroute.errors import InputError
from evacroute.network import FERRY, Network
from evacroute.units import DEGREE, to_metres

_LEAST_CELL = 5.0


def snap(
    network: Network,
    lon: ArrayLike,
    lat: ArrayLike,
    *,
    usable: NDArray[np.bool_] | None = None,
    max_distance: float = 250.0,
) -> tuple[NDArray[np.int32], NDArray[np.float64], NDArray[np.float64]]:
    """Find the nearest point of any walkable link, along the links' drawn lines.

    Exact in local metres (see `units.to_metres`). Ferry links are left out. Where links are equally
    near, as the two directions of a street are, the one at the lowest position is taken.

    Parameters
    ----------
    network
        The streets.
    lon, lat
        Positions [degrees], shape (n,).
    usable
        Which links count, shape (n_links,); all by default.
    max_distance
        Positions farther from any link get none [m].

    Returns
    -------
    tuple
        All of shape (n,): link positions, -1 where none is near enough; distance from the link's
        from_node to the point, in the link's own length [m], 0 without a link; distance from the
        position to that point [m], inf without a link.

    Raises
    ------
    InputError
        If `max_distance` is not 0 or more, or arrays differ in length.
    """
    if not max_distance >= 0:
        raise InputError(f"max_distance is {max_distance} m, expected >= 0")
    x, y = to_metres(lon, lat, network.origin)
    if x.ndim != 1 or x.shape != y.shape:
        raise InputError(f"lon has shape {x.shape} and lat {y.shape}, expected two equal lengths")
    return Snapper(network, usable).snap(lon, lat, max_distance=max_distance)


class Snapper:
    """The walkable links made ready, for who asks again and again.

    Parameters
    ----------
    network
        The streets.
    usable
        Which links count, shape (n_links,); all by default.

    Raises
    ------
    InputError
        If `usable` has another shape.
    """

    def __init__(self, network: Network, usable: NDArray[np.bool_] | None = None) -> None:
        self.network = network
        walkable = network.kind != FERRY
        if usable is not None:
            if np.shape(usable) != walkable.shape:
                raise InputError(f"usable has shape {np.shape(usable)}, expected {walkable.shape}")
            walkable = walkable & usable
        self._lines = _segments(network, walkable)
        self._cells = (0.0, 0.0, 1.0, 0, 0)
        self._ptr, self._inside = np.zeros(1, np.int64), np.empty(0, np.int32)
        if len(self._lines.link):
            (ax, ay), (bx, by) = self._lines.a, self._lines.b
            self._cells = _cells(self._lines)
            x0, y0, cell, columns, rows = self._cells
            self._ptr = np.zeros(columns * rows + 1, dtype=np.int64)
            count_cells(ax, ay, bx, by, x0, y0, cell, columns, rows, self._ptr)
            self._inside = np.empty(self._ptr[-1], dtype=np.int32)
            fill_cells(ax, ay, bx, by, x0, y0, cell, columns, rows, self._ptr, self._inside)

    @property
    def lines(self) -> Lines:
        """The links as the kernel takes them that puts one party after another on them."""
        lines, (lon, lat) = self._lines, self.network.origin
        origin = np.array([lon, lat, DEGREE * math.cos(math.radians(lat)), DEGREE])
        x0, y0, cell, columns, rows = self._cells
        (ax, ay), (bx, by) = lines.a, lines.b
        return Lines(
            origin, ax, ay, bx, by, lines.link, lines.flipped, lines.begin, lines.part,
            np.array([x0, y0, cell]), columns, rows, self._ptr, self._inside,
        )  # fmt: skip

    def snap(
        self, lon: ArrayLike, lat: ArrayLike, *, max_distance: float = 250.0
    ) -> tuple[NDArray[np.int32], NDArray[np.float64], NDArray[np.float64]]:
        """Find the nearest point of any of the links; takes and gives what `snap` does."""
        if not max_distance >= 0:
            raise InputError(f"max_distance is {max_distance} m, expected >= 0")
        network, lines = self.network, self._lines
        x, y = to_metres(lon, lat, network.origin)
        n = len(x)
        segment = np.full(n, -1, dtype=np.int64)
        share = np.zeros(n)
        distance = np.full(n, np.inf)
        if len(lines.link):
            (ax, ay), (bx, by) = lines.a, lines.b
            nearest_segment(
                x, y, ax, ay, bx, by, lines.link, *self._cells, self._ptr, self._inside,
                float(max_distance), segment, share, distance,
            )  # fmt: skip
        found = segment >= 0
        at = segment[found]
        passed = np.where(lines.flipped[at], 1 - share[found], share[found])
        along = np.zeros(n)
        along[found] = np.clip(lines.begin[at] + passed * lines.part[at], 0.0, 1.0)
        link = np.full(n, -1, dtype=np.int32)
        link[found] = lines.link[at]
        along[found] *= network.length[link[found]]
        return link, along, distance


@dataclass(frozen=True, eq=False)
class _Segments:
    """Straight pieces of links: ends a and b [m], shape (2, n), the lesser end first.

    `begin` is the share of the link's drawn line before the piece, `part` the share it makes up,
    both in the link's direction; `flipped` where that leads from b to a.
    """

    link: NDArray[np.int32]
    a: NDArray[np.float64]
    b: NDArray[np.float64]
    flipped: NDArray[np.bool_]
    begin: NDArray[np.float64]
    part: NDArray[np.float64]


def _segments(network: Network, walkable: NDArray[np.bool_]) -> _Segments:
    ptr = network.geometry_ptr
    of_point = np.repeat(np.arange(network.n_links, dtype=np.int32), np.diff(ptr))
    xy = np.array(to_metres(network.geometry_lon, network.geometry_lat, network.origin))
    start = np.flatnonzero((of_point[:-1] == of_point[1:]) & walkable[of_point[:-1]])
    a, b, link = xy[:, start], xy[:, start + 1], of_point[start]
    long = np.hypot(*(b - a))
    total = np.bincount(link, weights=long, minlength=network.n_links)
    passed = np.cumsum(long) - long
    first = np.r_[True, link[1:] != link[:-1]] if len(link) else np.zeros(0, dtype=bool)
    before = passed - passed[first][np.cumsum(first) - 1]
    scale = np.where(total > 0, total, 1.0)[link]
    # Both directions of a street must give bit for bit the same distance: order the ends.
    flipped = (b[0] < a[0]) | ((b[0] == a[0]) & (b[1] < a[1]))
    return _Segments(
        link=link,
        a=np.where(flipped, b, a),
        b=np.where(flipped, a, b),
        flipped=flipped,
        begin=before / scale,
        part=long / scale,
    )


def _cells(lines: _Segments) -> tuple[float, float, float, int, int]:
    """Lay the grid, with about as many cells as segments: corner, cell [m], columns, rows."""
    x0, y0 = lines.a.min(axis=1)
    x0, y0 = float(x0), float(min(y0, lines.b[1].min()))
    wide = float(lines.b[0].max()) - x0
    high = float(max(lines.a[1].max(), lines.b[1].max())) - y0
    cell = max(math.sqrt(wide * high / len(lines.link)), max(wide, high) / 2000, _LEAST_CELL)
    return x0, y0, cell, int(wide // cell) + 1, int(high // cell) + 1
