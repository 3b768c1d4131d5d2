"""Lines as text or nested lists become arrays; lines that meet in their middle are split there."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

Line = NDArray[np.float64]

_WKT = re.compile(r"\s*LINESTRING\s*(?:Z|M|ZM)?\s*\((.*)\)\s*", re.IGNORECASE | re.DOTALL)


def line_of_positions(positions: Any) -> Line:
    """Array of shape (k, 2) of a list of positions [lon, lat] or [lon, lat, height].

    Raises
    ------
    ValueError
        If it is not that.
    """
    if len(positions) == 0:
        return np.empty((0, 2))
    try:
        line = np.asarray(positions, dtype=np.float64)
    except (ValueError, TypeError):
        # Some positions have a height, others have none.
        line = np.array([position[:2] for position in positions], dtype=np.float64)
    if line.ndim != 2 or line.shape[1] < 2:
        raise ValueError("a position has no longitude and latitude")
    return line[:, :2]


def line_of_wkt(text: str) -> Line:
    """Array of shape (k, 2) of ``LINESTRING (lon lat, lon lat)``.

    Raises
    ------
    ValueError
        If it is not that.

    Examples
    --------
    >>> line_of_wkt("LINESTRING (12.3 45.4, 12.4 45.4)").tolist()
    [[12.3, 45.4], [12.4, 45.4]]
    """
    if text.strip().upper() == "LINESTRING EMPTY":
        return np.empty((0, 2))
    match = _WKT.fullmatch(text)
    if not match:
        raise ValueError("expected LINESTRING (lon lat, lon lat, ...)")
    return line_of_positions([[float(v) for v in p.split()] for p in match[1].split(",")])


def meeting_points(lines: list[Line]) -> list[list[int]]:
    """Where each line has to be split: inner points that another line passes or ends at.

    Positions must agree to the last digit; lines that merely cross on the map are a bridge over a
    street as likely as a junction.

    Returns
    -------
    list of list of int
        Positions of inner points, for each line.
    """
    seen: Counter[tuple[float, float]] = Counter()
    keys = [[(x, y) for x, y in line.tolist()] for line in lines]
    for points in keys:
        seen.update(set(points))
    return [[i for i in range(1, len(p) - 1) if seen[p[i]] > 1] for p in keys]
