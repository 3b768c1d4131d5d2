"""Squares drawn as surfaces: walked along their edge, and straight across between entrances."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from itertools import islice

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]

ALL_PAIRS = 12
"""Up to this many entrances every pair is joined by a chord."""

NEAREST = 4
"""With more entrances, each is joined to this many near ones, and to the middle."""

NO_GAIN = 1.02
"""A chord that saves less than this factor on the way along the edge is left out."""

ON_EDGE = 0.01
"""A point this close to an outline lies on it [m]."""


def chords(
    outline: Points,
    entrances: Sequence[int],
    holes: Sequence[Points] = (),
    ends: Points | None = None,
) -> tuple[list[tuple[int, int]], Points | None, list[int]]:
    """Find straight ways across a square that stay inside it.

    Up to `ALL_PAIRS` places (entrances, and ends of streets inside) all pairs that see each other
    are joined. Where there are more, that would be a thicket: each is joined to the `NEAREST` it
    sees, and to a middle point. An end that sees no entrance is joined to the nearest corner.

    Parameters
    ----------
    outline
        Corners [m] in a local plane, the first not repeated, shape (n, 2).
    entrances
        Positions of corners where other streets leave the square.
    holes
        Outlines of what stands in the square [m].
    ends
        Where streets end inside the square [m], shape (k, 2).

    Returns
    -------
    pairs
        Chords between places, by position: corners 0 to n - 1, then ends.
    middle
        The middle point [m], shape (2,), or None where there is none.
    spokes
        Positions of the places to join to the middle.
    """
    rings = [outline, *holes]
    n = len(outline)
    spots = outline if ends is None else np.vstack([outline, ends])
    places = [*sorted(set(entrances)), *range(n, len(spots))]
    crowd = len(places) > ALL_PAIRS
    along = _along(outline)
    pairs: set[tuple[int, int]] = set()
    for a in places:
        others = sorted((b for b in places if b != a), key=lambda b: (_apart(spots, a, b), b))
        seen = 0
        for b in others:
            if crowd and seen == NEAREST:
                break
            if (min(a, b), max(a, b)) in pairs or segment_inside(spots[a], spots[b], rings):
                seen += 1
                if max(a, b) >= n or _gains(outline, along, a, b):
                    pairs.add((min(a, b), max(a, b)))
    for end in range(n, len(spots)):
        if not any(end == b and a < n for a, b in pairs):
            by_distance = sorted(range(n), key=lambda a: (_apart(spots, a, end), a))
            sees = (a for a in by_distance if segment_inside(spots[a], spots[end], rings))
            pairs |= {(corner, end) for corner in islice(sees, 1)}
    middle = _middle(outline, rings) if crowd else None
    spokes: list[int] = []
    if middle is not None:
        spokes = [a for a in places if segment_inside(spots[a], middle, rings)]
    return sorted(pairs), middle if spokes else None, spokes


def segment_inside(a: Points, b: Points, rings: Sequence[Points]) -> bool:
    """Whether a straight line stays inside a polygon; running along its outline counts as inside.

    The line is cut wherever it meets an outline; it is inside if the middle of every cut piece is.

    Parameters
    ----------
    a, b
        Ends [m], shape (2,).
    rings
        The outline first, then holes; the first corner of each not repeated.
    """
    start = np.vstack(rings)
    end = np.vstack([np.roll(ring, -1, axis=0) for ring in rings])
    along, edge, away = b - a, end - start, start - a
    turn = along[0] * edge[:, 1] - along[1] * edge[:, 0]
    crossing = np.abs(turn) > 1e-12
    safe = np.where(crossing, turn, 1.0)
    at = (away[:, 0] * edge[:, 1] - away[:, 1] * edge[:, 0]) / safe
    on_edge = (away[:, 0] * along[1] - away[:, 1] * along[0]) / safe
    slack = 1e-9
    meets = crossing & (on_edge >= -slack) & (on_edge <= 1 + slack) & (at > 0) & (at < 1)
    # Corners that the line runs through or along, where edges are parallel to it.
    length = float(along @ along)
    corner = (away @ along) / length if length else np.zeros(len(start))
    foot = a + np.outer(corner, along)
    touches = (np.hypot(*(start - foot).T) < ON_EDGE) & (corner > 0) & (corner < 1)
    cuts = np.unique(np.concatenate([[0.0, 1.0], at[meets], corner[touches]]))
    middles = a + np.outer((cuts[:-1] + cuts[1:]) / 2, along)
    return bool(inside(middles, rings).all())


def inside(points: Points, rings: Sequence[Points]) -> NDArray[np.bool_]:
    """Whether points lie in a polygon with holes, or within `ON_EDGE` of its outlines.

    Parameters
    ----------
    points
        Shape (k, 2) [m].
    rings
        The outline first, then holes; the first corner of each not repeated.
    """
    start = np.vstack(rings)
    end = np.vstack([np.roll(ring, -1, axis=0) for ring in rings])
    edge = end - start
    px, py = points[:, :1], points[:, 1:]
    spans = (start[:, 1] > py) != (end[:, 1] > py)
    rise = np.where(edge[:, 1] == 0, 1.0, edge[:, 1])
    right = px < start[:, 0] + (py - start[:, 1]) * edge[:, 0] / rise
    odd = (spans & right).sum(axis=1) % 2 == 1
    square = np.maximum((edge**2).sum(axis=1), 1e-18)
    share = ((px - start[:, 0]) * edge[:, 0] + (py - start[:, 1]) * edge[:, 1]) / square
    share = np.clip(share, 0, 1)
    gap = np.hypot(px - start[:, 0] - share * edge[:, 0], py - start[:, 1] - share * edge[:, 1])
    result: NDArray[np.bool_] = odd | (gap.min(axis=1) < ON_EDGE)
    return result


def join_rings(lines: Sequence[Sequence[Hashable]]) -> tuple[list[list[Hashable]], int]:
    """Join lines end to end to closed rings.

    Parameters
    ----------
    lines
        Node ids of each line.

    Returns
    -------
    rings
        Node ids, the first repeated at the end.
    left
        Number of lines that close no ring.
    """
    rings: list[list[Hashable]] = []
    left = 0
    rest = [list(line) for line in lines if len(line) >= 2]
    while rest:
        ring = rest.pop(0)
        used = 1
        while ring[0] != ring[-1]:
            follower = next((line for line in rest if ring[-1] in (line[0], line[-1])), None)
            if follower is None:
                break
            rest.remove(follower)
            used += 1
            ring += (follower if follower[0] == ring[-1] else follower[::-1])[1:]
        if ring[0] == ring[-1] and len(ring) >= 4:
            rings.append(ring)
        else:
            left += used
    return rings, left


def _along(outline: Points) -> Points:
    """Distance [m] of each corner along the outline, and the whole round at the end."""
    sides = np.hypot(*(np.roll(outline, -1, axis=0) - outline).T)
    return np.concatenate([[0.0], np.cumsum(sides)])


def _apart(spots: Points, a: int, b: int) -> float:
    return float(np.hypot(*(spots[a] - spots[b])))


def _gains(outline: Points, along: Points, a: int, b: int) -> bool:
    one_way = abs(float(along[b] - along[a]))
    edge = min(one_way, float(along[-1]) - one_way)
    return edge > NO_GAIN * _apart(outline, a, b)


def _middle(outline: Points, rings: Sequence[Points]) -> Points | None:
    """Centre of gravity, where it lies inside."""
    start = outline - outline[0]
    end = np.roll(start, -1, axis=0)
    cross = start[:, 0] * end[:, 1] - start[:, 1] * end[:, 0]
    area = float(cross.sum())
    if abs(area) < 1e-9:
        return None
    middle: Points = outline[0] + ((start + end) * cross[:, None]).sum(axis=0) / (3 * area)
    return middle if inside(middle[None], rings)[0] else None
