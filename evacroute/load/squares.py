"""Lay ways along the edge of squares and across them."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Hashable, Mapping
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evacroute.load.areas import chords, inside
from evacroute.load.osm_data import Point, Square, Streets
from evacroute.units import EARTH_RADIUS

Add = Callable[[str, list[Hashable], dict[str, Any]], None]
"""Takes a street's id, nodes and arguments of `RawStreets.add`."""


class SquareWalker:
    """Walks the squares of some streets, one after another.

    Parameters
    ----------
    streets
        Lines and squares with their nodes counted.
    add
        Takes each way found.
    """

    def __init__(self, streets: Streets, add: Add) -> None:
        self.streets = streets
        self.add = add
        self.chords = 0
        self.doubled = 0
        self.inner_ends = 0
        self._drawn = {frozenset(pair) for line in streets.lines for pair in pairwise(line.refs)}
        self._neighbours = self._find_neighbours()
        self._loose = [ref for ref, _ in streets.loose_ends()]
        self._loose_at = np.array([streets.position[ref] for ref in self._loose]).reshape(-1, 2)

    def walk(self, square: Square) -> None:
        """Add the square's edge, but for what is drawn already, and ways across it.

        Ways across join the nodes where other streets leave the outline, and streets that end
        inside it.
        """
        refs, gates = square.refs, self.streets.gates
        rim = {frozenset(pair) for pair in pairwise([*refs, refs[0]])}
        entrances = [
            i
            for i, ref in enumerate(refs)
            if ref not in gates
            and any(frozenset((ref, other)) not in rim for other in self._neighbours.get(ref, ()))
        ]
        origin = self.streets.position[refs[0]]
        rings = [
            self.streets.metres(ring, origin) for ring in (refs, *square.holes) if len(ring) >= 3
        ]
        ends = self._ends_inside(refs, rings, origin)
        self.inner_ends += len(ends)
        pairs, middle, spokes = chords(
            rings[0], entrances, rings[1:], self.streets.metres(ends, origin)
        )
        self._add_rim(square, {i for pair in pairs for i in pair if i < len(refs)} | set(spokes))
        self._drawn |= rim
        nodes = [*refs, *ends]
        across = [(nodes[a], nodes[b]) for a, b in pairs]
        if middle is not None:
            centre = f"{square.id}.middle"
            self.streets.position[centre] = _degrees(middle, origin)
            across += [(nodes[a], centre) for a in spokes]
        for k, (a, b) in enumerate(across):
            if a != b and frozenset((a, b)) not in self._drawn:
                self.chords += 1
                self.add(f"{square.id}.x{k + 1}", [a, b], square.street)

    def _add_rim(self, square: Square, corners: set[int]) -> None:
        """Add the outline, parted at corners where something meets it; gates do not part it."""
        refs, uses, gates = square.refs, self.streets.uses, self.streets.gates
        part = [i in corners or (uses[ref] > 1 and ref not in gates) for i, ref in enumerate(refs)]
        first = part.index(True) if True in part else 0
        ring = [*refs[first:], *refs[: first + 1]]
        parted = [*part[first:], *part[: first + 1]]
        piece: list[Hashable] = [ring[0]]
        number = 0
        for i in range(1, len(ring)):
            old = frozenset(ring[i - 1 : i + 1]) in self._drawn
            self.doubled += old
            if not old:
                piece.append(ring[i])
            if len(piece) > 1 and (old or parted[i] or i == len(ring) - 1):
                number += 1
                self.add(f"{square.id}.{number}", piece, square.street)
                piece = [ring[i]]
            elif old:
                piece = [ring[i]]

    def _find_neighbours(self) -> Mapping[Hashable, set[Hashable]]:
        """For nodes of outlines: the nodes that streets or other squares go on to."""
        squares = self.streets.squares
        on_outline = {ref for square in squares for ref in square.refs}
        found: defaultdict[Hashable, set[Hashable]] = defaultdict(set)
        routes = [line.refs for line in self.streets.lines]
        routes += [[*square.refs, square.refs[0]] for square in squares]
        for refs in routes:
            for a, b in pairwise(refs):
                if a in on_outline:
                    found[a].add(b)
                if b in on_outline:
                    found[b].add(a)
        return found

    def _ends_inside(
        self, refs: list[Hashable], rings: list[NDArray[np.float64]], origin: Point
    ) -> list[Hashable]:
        """Loose ends of streets that lie in the square."""
        corners = np.array([self.streets.position[ref] for ref in refs])
        low, high = corners.min(axis=0), corners.max(axis=0)
        near = np.flatnonzero(((self._loose_at >= low) & (self._loose_at <= high)).all(axis=1))
        if not len(near):
            return []
        ends = [self._loose[i] for i in near]
        within = inside(self.streets.metres(ends, origin), rings)
        return [end for end, is_in in zip(ends, within, strict=True) if is_in]


def _degrees(metres: NDArray[np.float64], origin: Point) -> Point:
    lon, lat = origin
    north = math.radians(1.0) * EARTH_RADIUS
    east = north * math.cos(math.radians(lat))
    return (round(lon + float(metres[0]) / east, 7), round(lat + float(metres[1]) / north, 7))
