"""Points of ways on the map."""

from __future__ import annotations

from typing import Any

import numba as nb
import numpy as np


@nb.njit(cache=True, nogil=True)
def draw(
    ptr: Any, points: Any, links: Any, first: int, share: float, narrow: float, out: Any
) -> int:
    """Write the points of a way; returns how many there are.

    Parameters
    ----------
    ptr, points
        Points of all links one after another, lon and lat, shape (n_points, 2).
    links
        Links in walking order, after the first.
    first, share
        The first link, and the share of its line that lies behind.
    narrow
        Length of a degree of longitude over one of latitude.
    out
        Out: lon and lat, with room for all points of the links and one more.
    """
    total = 0.0
    for i in range(ptr[first], ptr[first + 1] - 1):
        total += np.hypot(
            (points[i + 1, 0] - points[i, 0]) * narrow, points[i + 1, 1] - points[i, 1]
        )
    behind, n, begun = share * total, 0, False
    for i in range(ptr[first], ptr[first + 1] - 1):
        x, y = points[i, 0], points[i, 1]
        part = np.hypot((points[i + 1, 0] - x) * narrow, points[i + 1, 1] - y)
        if not begun and behind <= part:
            at = behind / part if part > 0 else 0.0
            out[n, 0] = x + at * (points[i + 1, 0] - x)
            out[n, 1] = y + at * (points[i + 1, 1] - y)
            n, begun = n + 1, True
        if begun:
            out[n] = points[i + 1]
            n += 1
        behind -= part
    if n == 0:
        out[0] = points[ptr[first + 1] - 1]
        n = 1
    for link in links:
        for i in range(ptr[link] + 1, ptr[link + 1]):
            out[n] = points[i]
            n += 1
    return n
