"""Streets as parallel arrays, the form in which they are mended and turned into links."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evacroute.units import EARTH_RADIUS


@dataclass
class StreetTable:
    """One row a street; points of all streets one after another.

    Parameters
    ----------
    columns
        Column name -> array, shape (n_streets,).
    ptr
        Where each street's points begin, shape (n_streets + 1,).
    points
        Longitude and latitude [degrees], shape (n_points, 2).
    """

    columns: dict[str, NDArray[Any]]
    ptr: NDArray[np.int64]
    points: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.ptr) - 1

    def __getitem__(self, name: str) -> NDArray[Any]:
        return self.columns[name]

    def __setitem__(self, name: str, values: NDArray[Any]) -> None:
        self.columns[name] = values

    def geometry(self, row: int) -> NDArray[np.float64]:
        """Points of one street, shape (n_points, 2)."""
        return self.points[self.ptr[row] : self.ptr[row + 1]]

    def take(self, rows: NDArray[Any]) -> StreetTable:
        """Pick rows (by position, or by True) as a table of their own."""
        if rows.dtype == np.bool_:
            if rows.all():
                return self
            rows = np.flatnonzero(rows)
        count = np.diff(self.ptr)[rows]
        ptr = pointers(count)
        points = self.points[spans(self.ptr[:-1][rows], count)]
        return StreetTable({k: v[rows] for k, v in self.columns.items()}, ptr, points)

    def geometry_length(self) -> NDArray[np.float64]:
        """Length of each street's line on the ground [m], shape (n_streets,)."""
        return line_lengths(self.ptr, self.points)


def pointers(count: NDArray[Any]) -> NDArray[np.int64]:
    """Where each run begins when runs of these counts follow one another, and the end."""
    return np.concatenate([[0], np.cumsum(count, dtype=np.int64)])


def spans(start: NDArray[Any], count: NDArray[Any], step: int = 1) -> NDArray[np.int64]:
    """Positions start, start + step, ... (count of them) for each row, one after another."""
    first = np.repeat(pointers(count)[:-1], count)
    within = np.arange(int(count.sum()), dtype=np.int64) - first
    return np.repeat(np.asarray(start, dtype=np.int64), count) + step * within


def line_lengths(ptr: NDArray[np.int64], points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Length of each line on the ground [m]: sums of great-circle segments, good to 0.3 %."""
    count = len(ptr) - 1
    if len(points) < 2:
        return np.zeros(count)
    line = np.repeat(np.arange(count), np.diff(ptr))
    lon, lat = np.radians(points[:, 0]), np.radians(points[:, 1])
    east = np.diff(lon) * np.cos((lat[1:] + lat[:-1]) / 2)
    piece = EARTH_RADIUS * np.hypot(east, np.diff(lat))
    piece[line[1:] != line[:-1]] = 0.0
    return np.bincount(line[1:], weights=piece, minlength=count).astype(np.float64)
