"""Join streets that end a hair's breadth from another one, where the source forgot the node."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from evacroute.load.osm_data import Streets

CLOSED_BETWEEN = ("bridge", "underpass", "ferry")
"""Kinds of street that are entered at their ends only."""


def join_loose_ends(streets: Streets, tolerance: float) -> int:
    """Join loose ends to the nearest other street within a tolerance; return how many.

    An end becomes one with a node that is near, or else a new node of the line it is near to. What
    passes over or under (bridges, underpasses, ferries) is joined at its own ends only.

    Parameters
    ----------
    streets
        Lines and squares with their nodes counted; they are changed and counted anew.
    tolerance
        Metres, >= 0.
    """
    ends = streets.loose_ends()
    if not ends or tolerance <= 0:
        return 0
    origin = streets.position[ends[0][0]]
    at = streets.metres([ref for ref, _ in ends], origin)
    routes = [line.refs for line in streets.lines]
    routes += [[*square.refs, square.refs[0]] for square in streets.squares]
    near = _near_segments(streets, routes, at, origin, tolerance)

    become: dict[Hashable, Hashable] = {}
    inserted: defaultdict[tuple[int, int], list[tuple[float, Hashable]]] = defaultdict(list)
    joined = 0
    for k, (ref, own) in enumerate(ends):
        best = (tolerance, -1, -1, 0.0)
        target: Hashable | None = None
        for route, i in near[k]:
            if route == own:
                continue
            a, b = streets.metres(routes[route][i : i + 2], origin)
            share, gap = _foot(at[k], a, b)
            corner = _corner(share, float(np.hypot(*(b - a))), tolerance)
            if corner is None:
                kind = streets.lines[route].street["kind"] if route < len(streets.lines) else ""
                if kind in CLOSED_BETWEEN or gap >= best[0]:
                    continue
                best, target = (gap, route, i, share), None
                continue
            node = routes[route][i + corner]
            gap = float(np.hypot(*((a, b)[corner] - at[k])))
            if gap < best[0] and _resolve(become, node) != ref and node not in streets.gates:
                best, target = (gap, route, i, share), node
        if best[1] < 0:
            continue
        joined += 1
        if target is not None:
            become[ref] = _resolve(become, target)
        else:
            inserted[best[1], best[2]].append((best[3], ref))
    _apply(streets, become, inserted)
    streets.count_uses()
    return joined


def _near_segments(
    streets: Streets,
    routes: list[list[Hashable]],
    at: NDArray[np.float64],
    origin: tuple[float, float],
    tolerance: float,
) -> list[list[tuple[int, int]]]:
    """Segments (route, position) that may lie within the tolerance of each point."""
    lengths = np.array([len(refs) for refs in routes])
    points = streets.metres([ref for refs in routes for ref in refs], origin)
    route = np.repeat(np.arange(len(routes)), lengths)
    first = np.flatnonzero(route[:-1] == route[1:])
    a, b = points[first], points[first + 1]
    reach = np.hypot(*(b - a).T) / 2 + 2 * tolerance
    middle = (a + b) / 2
    tree = cKDTree(at)
    gap, _ = tree.query(middle)
    close = np.flatnonzero(gap <= reach)
    starts = np.concatenate([[0], np.cumsum(lengths)])
    near: list[list[tuple[int, int]]] = [[] for _ in at]
    for j, hits in zip(close, tree.query_ball_point(middle[close], reach[close]), strict=True):
        r = int(route[first[j]])
        for k in hits:
            near[k].append((r, int(first[j] - starts[r])))
    return near


def _foot(
    point: NDArray[np.float64], a: NDArray[np.float64], b: NDArray[np.float64]
) -> tuple[float, float]:
    """Share of the way from a to b where the point is nearest, and how near [m]."""
    along = b - a
    square = float(along @ along)
    share = float(np.clip((point - a) @ along / square, 0, 1)) if square else 0.0
    return share, float(np.hypot(*(a + share * along - point)))


def _corner(share: float, length: float, tolerance: float) -> int | None:
    """Which end of a segment a foot on it is near to: 0, 1 or None."""
    if share * length <= tolerance and share <= 0.5:
        return 0
    return 1 if (1 - share) * length <= tolerance else None


def _resolve(become: dict[Hashable, Hashable], ref: Hashable) -> Hashable:
    while ref in become:
        ref = become[ref]
    return ref


def _apply(
    streets: Streets,
    become: dict[Hashable, Hashable],
    inserted: dict[tuple[int, int], list[tuple[float, Hashable]]],
) -> None:
    n_lines = len(streets.lines)
    for route, i in sorted(inserted, reverse=True):  # from the back, so that positions stay true
        refs = [ref for _, ref in sorted(inserted[route, i], key=lambda pair: pair[0])]
        owner = streets.lines[route] if route < n_lines else streets.squares[route - n_lines]
        owner.refs[i + 1 : i + 1] = refs
    if become:
        for line in streets.lines:
            for i in {0, len(line.refs) - 1}:
                line.refs[i] = _resolve(become, line.refs[i])
