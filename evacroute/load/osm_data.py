"""OSM data as readers hand it over, and the lines and squares made of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evacroute.load.osm_tags import BARRED
from evacroute.units import to_metres

Point = tuple[float, float]
BBox = tuple[float, float, float, float]


@dataclass(slots=True)
class OsmWay:
    """A way: node ids, and their positions (lon, lat) where the source has them, else None."""

    id: int
    tags: Mapping[str, Any]
    refs: list[Hashable]
    points: list[Point | None]


@dataclass(slots=True)
class OsmRelation:
    """A multipolygon: the ids of the ways that bound it."""

    id: int
    tags: Mapping[str, Any]
    outer: list[int]
    inner: list[int]


@dataclass(slots=True)
class OsmData:
    """What a reader of OSM data hands over.

    Parameters
    ----------
    source
        File or object; begins every message.
    ways
        Ways with tags that may make them streets.
    relations
        Multipolygons with such tags.
    members
        Ways that bound them, by id; their own tags do not matter.
    gates
        Nodes that no one may pass.
    """

    source: str
    ways: list[OsmWay] = field(default_factory=list)
    relations: list[OsmRelation] = field(default_factory=list)
    members: dict[int, OsmWay] = field(default_factory=dict)
    gates: set[Hashable] = field(default_factory=set)


@dataclass(slots=True)
class Line:
    """A walkable way: its name, arguments for `RawStreets.add`, and nodes."""

    id: str
    street: dict[str, Any]
    refs: list[Hashable]


@dataclass(slots=True)
class Square:
    """A surface to walk across; the first node of an outline is not repeated."""

    id: str
    street: dict[str, Any]
    refs: list[Hashable]
    holes: list[list[Hashable]]


@dataclass(slots=True)
class Streets:
    """Lines and squares over common nodes, on the way to `RawStreets`."""

    gates: set[Hashable]
    position: dict[Hashable, Point] = field(default_factory=dict)
    lines: list[Line] = field(default_factory=list)
    squares: list[Square] = field(default_factory=list)
    uses: Counter[Hashable] = field(default_factory=Counter)
    """How often streets come by a node, ends twice; from two they meet or end there."""

    def count_uses(self) -> None:
        """Count anew how often streets come by each node."""
        self.uses.clear()
        for line in self.lines:
            self.uses.update(line.refs)
            self.uses.update((line.refs[0], line.refs[-1]))
        for square in self.squares:
            self.uses.update(set(square.refs))
        for gate in self.gates:
            if gate in self.uses:
                self.uses[gate] += 2

    def loose_ends(self) -> list[tuple[Hashable, int]]:
        """Nodes where a line ends and nothing else comes by, with the position of the line."""
        return [
            (ref, i)
            for i, line in enumerate(self.lines)
            for ref in (line.refs[0], line.refs[-1])
            if self.uses[ref] == 2 and ref not in self.gates
        ]

    def metres(self, refs: Sequence[Hashable], origin: Point) -> NDArray[np.float64]:
        """Positions of nodes [m] around an origin, shape (n, 2)."""
        points = np.array([self.position[ref] for ref in refs], dtype=np.float64).reshape(-1, 2)
        return np.column_stack(to_metres(points[:, 0], points[:, 1], origin))


def is_gate(tags: Mapping[str, Any]) -> bool:
    """Whether a node stops people: a barrier that is private, locked or closed to them."""
    if "barrier" not in tags:
        return False
    said = tags.get("foot") or tags.get("access") or ""
    return said in BARRED or (not said and tags.get("locked") == "yes")
