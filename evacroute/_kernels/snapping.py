"""Nearest segment to each point, by a grid of square cells."""

from __future__ import annotations

import math
from typing import Any

import numba as nb
import numpy as np

_EPSILON = 1e-6
"""Guard against a point and a segment being put in cells by different rounding [m]."""


@nb.njit(cache=True, nogil=True)
def count_cells(ax: Any, ay: Any, bx: Any, by: Any, x0: float, y0: float, cell: float,
                columns: int, rows: int, ptr: Any) -> None:  # fmt: skip
    """Fill ptr (columns * rows + 1) with where each cell's segments begin."""
    ptr[:] = 0
    for s in range(len(ax)):
        left, right = _range(ax[s], bx[s], x0, cell, columns)
        low, high = _range(ay[s], by[s], y0, cell, rows)
        for row in range(low, high + 1):
            for column in range(left, right + 1):
                ptr[row * columns + column + 1] += 1
    for i in range(columns * rows):
        ptr[i + 1] += ptr[i]


@nb.njit(cache=True, nogil=True)
def fill_cells(ax: Any, ay: Any, bx: Any, by: Any, x0: float, y0: float, cell: float,
               columns: int, rows: int, ptr: Any, segments: Any) -> None:  # fmt: skip
    """Fill `segments` with the segments whose bounding box meets each cell."""
    free = ptr.copy()
    for s in range(len(ax)):
        left, right = _range(ax[s], bx[s], x0, cell, columns)
        low, high = _range(ay[s], by[s], y0, cell, rows)
        for row in range(low, high + 1):
            for column in range(left, right + 1):
                i = row * columns + column
                segments[free[i]] = s
                free[i] += 1


@nb.njit(cache=True, nogil=True)
def nearest_segment(x: Any, y: Any, ax: Any, ay: Any, bx: Any, by: Any, link: Any,
                    x0: float, y0: float, cell: float, columns: int, rows: int,
                    ptr: Any, segments: Any, max_distance: float,
                    out_segment: Any, out_share: Any, out_distance: Any) -> None:  # fmt: skip
    """For each point the nearest segment, the share of it passed from a to b, and the distance.

    Of equally near segments that of the lowest link wins; -1 where none is within max_distance.
    """
    for p in range(len(x)):
        out_segment[p], out_share[p], out_distance[p] = -1, 0.0, np.inf
        # Far away points would overflow the cell number: no ring reaches them anyway.
        if not (abs(x[p]) < 1e12 and abs(y[p]) < 1e12):
            continue
        column = math.floor((x[p] - x0) / cell)
        row = math.floor((y[p] - y0) / cell)
        inside_x = x[p] - x0 - column * cell
        inside_y = y[p] - y0 - row * cell
        edge = min(inside_x, cell - inside_x, inside_y, cell - inside_y)
        first = max(0, -column, column - columns + 1, -row, row - rows + 1)
        last = max(abs(column), abs(column - columns + 1), abs(row), abs(row - rows + 1))
        best, share, at = np.inf, 0.0, -1
        for ring in range(first, last + 1):
            # What the rings so far have not seen is at least this far.
            unseen = max((ring - 1) * cell + edge, 0.0) - _EPSILON if ring > 0 else -1.0
            if unseen > max_distance or (unseen > 0 and unseen * unseen > best):
                break
            for r in range(max(row - ring, 0), min(row + ring, rows - 1) + 1):
                whole = r == row - ring or r == row + ring
                stride = 1 if whole else 2 * ring
                begin = max(column - ring, 0) if whole else column - ring
                end = min(column + ring, columns - 1) if whole else column + ring
                for c in range(begin, end + 1, stride):
                    if c < 0 or c >= columns:
                        continue
                    i = r * columns + c
                    for j in range(ptr[i], ptr[i + 1]):
                        s = segments[j]
                        d, t = _distance(x[p], y[p], ax[s], ay[s], bx[s], by[s])
                        if d < best or (d == best and link[s] < link[at]):
                            best, share, at = d, t, s
        if at >= 0 and math.sqrt(best) <= max_distance:
            out_segment[p], out_share[p], out_distance[p] = at, share, math.sqrt(best)


@nb.njit(cache=True, nogil=True)
def _range(a: float, b: float, start: float, cell: float, count: int) -> tuple[int, int]:
    low = math.floor((min(a, b) - start) / cell)
    high = math.floor((max(a, b) - start) / cell)
    return min(max(low, 0), count - 1), min(max(high, 0), count - 1)


@nb.njit(cache=True, nogil=True)
def _distance(
    x: float, y: float, ax: float, ay: float, bx: float, by: float
) -> tuple[float, float]:
    """Squared distance to the segment, and the share of it passed at the nearest point."""
    dx, dy = bx - ax, by - ay
    square = dx * dx + dy * dy
    t = ((x - ax) * dx + (y - ay) * dy) / square if square > 0 else 0.0
    if t <= 0:
        qx, qy, t = ax, ay, 0.0
    elif t >= 1:
        qx, qy, t = bx, by, 1.0
    else:
        qx, qy = ax + t * dx, ay + t * dy
    return (x - qx) * (x - qx) + (y - qy) * (y - qy), t
