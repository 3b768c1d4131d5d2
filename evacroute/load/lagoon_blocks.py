"""Blocks of the made-up lagoon city, and how an alley cuts one in two.

Points are complex numbers, in local metres.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import sqrt
from random import Random

from evacroute.load.lagoon_islands import cross, dot, polygon_area

SNAP = 2.2
"""Alleys that would meet a line closer than this to an earlier one meet it there [m]."""


@dataclass(slots=True)
class Line:
    """A straight alley or island side, before it is cut into streets.

    Parameters
    ----------
    start, end
        Its ends [m].
    kind
        "calle", "ramo" (dead end), "quay", "water" (a side without a quay) or "square".
    island
        Position of its island.
    rank
        How many cuts came before it: 0 for an island's main alley.
    open_sea
        True for sides on the lagoon or the great canal.
    stops
        Nodes on it, in any order.
    """

    start: complex
    end: complex
    kind: str
    island: int
    rank: int = 0
    open_sea: bool = False
    stops: list[int] = field(default_factory=list)

    def share(self, z: complex) -> float:
        """How far along the line a point lies, 0..1."""
        along = self.end - self.start
        return dot(z - self.start, along) / abs(along) ** 2


@dataclass(slots=True)
class Block:
    """A convex piece of an island: corners anticlockwise, and the line each side lies on."""

    corners: list[complex]
    lines: list[int]
    rank: int

    @property
    def area(self) -> float:
        """Area [m2]."""
        return polygon_area(self.corners)

    def side(self, k: int) -> tuple[complex, complex]:
        """Return both ends of a side."""
        return self.corners[k], self.corners[(k + 1) % len(self.corners)]


@dataclass(slots=True)
class Square:
    """A block left open: its middle node, area [m2] and sides as (line, from share, to share)."""

    node: int
    island: int
    area: float
    spans: list[tuple[int, float, float]]


@dataclass(slots=True)
class Draft:
    """Nodes, lines and squares of the whole city while it is being drawn."""

    random: Random
    nodes: list[complex] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    squares: list[Square] = field(default_factory=list)
    bridges: list[tuple[int, int]] = field(default_factory=list)
    bends: dict[int, complex] = field(default_factory=dict)
    served: set[int] = field(default_factory=set)

    def stop(self, line: int, z: complex) -> int:
        """Node on a line at a point, an earlier one if it is within `SNAP`."""
        stops = self.lines[line].stops
        for node in stops:
            if abs(self.nodes[node] - z) < SNAP:
                return node
        self.nodes.append(z)
        stops.append(len(self.nodes) - 1)
        return stops[-1]

    def add(self, line: Line) -> int:
        """Add a line, return its position."""
        self.lines.append(line)
        return len(self.lines) - 1


def walkable(draft: Draft, block: Block, k: int) -> bool:
    """Whether one can walk along a side of a block."""
    return draft.lines[block.lines[k]].kind != "water"


def cut_block(draft: Draft, number: int, block: Block, start: int | None) -> list[Block] | None:
    """Cut a block by an alley, from a given node or from anywhere.

    One end lies on an alley that was there before, so everything drawn hangs together.
    """
    random = draft.random
    n = len(block.lines)
    inner = [k for k in range(n) if draft.lines[block.lines[k]].kind == "calle"]
    best: tuple[float, int, complex, int, complex] | None = None
    for _ in range(14):
        if start is not None:
            p = draft.nodes[start]
            i = min(range(n), key=lambda k: gap(p, *block.side(k)))
        else:
            i = any_side(random, block, inner or list(range(n)))
            a, b = block.side(i)
            p = a + (b - a) * random.uniform(0.25, 0.75)
        if start is not None and inner:
            j = any_side(random, block, inner)
            c, d = block.side(j)
            q = c + (d - c) * random.uniform(0.1, 0.9)
        else:
            a, b = block.side(i)
            turn = random.uniform(-0.45, 0.45)
            hit = shoot(block, i, p, (b - a) * 1j * complex(1, turn))
            if hit is None:
                continue
            j, q = hit
        if i == j:
            continue
        score = _score(block, i, p, j, q)
        if start is None and score < -1:
            continue
        if best is None or score > best[0]:
            best = (score, i, p, j, q)
    if best is None:
        return None
    _, i, p, j, q = best
    first = start if start is not None else draft.stop(block.lines[i], p)
    second = draft.stop(block.lines[j], q)
    p, q = draft.nodes[first], draft.nodes[second]
    line = draft.add(Line(p, q, "calle", number, block.rank))
    draft.lines[line].stops += [first, second]
    draft.served.update((first, second))
    if i > j:
        i, j, p, q = j, i, q, p
    corners, lines, rank = block.corners, block.lines, block.rank + 1
    ahead = Block([p, *corners[i + 1 : j + 1], q], [*lines[i : j + 1], line], rank)
    back = Block(
        [q, *corners[j + 1 :], *corners[: i + 1], p], [*lines[j:], *lines[: i + 1], line], rank
    )
    return [ahead, back]


def _score(block: Block, i: int, p: complex, j: int, q: complex) -> float:
    """How good a cut is: even halves, short, square to both sides, clear of corners."""
    if i > j:
        i, j, p, q = j, i, q, p
    half = polygon_area([p, *block.corners[i + 1 : j + 1], q]) / block.area
    length = abs(q - p)
    score = min(half, 1 - half) - 0.2 * length / sqrt(block.area)
    for k, at, way in ((i, p, q - p), (j, q, p - q)):
        a, b = block.side(k)
        slant = abs(dot(way, b - a)) / (abs(b - a) * max(length, 1e-9))
        if slant > 0.75:
            score -= 1
        if min(abs(at - a), abs(at - b)) < 4:
            score -= 1
    return score - (2 if length < 8 else 0)


def any_side(random: Random, block: Block, allowed: list[int]) -> int:
    """Pick one of the allowed sides, a long one more often."""
    lengths = [abs(block.side(k)[1] - block.side(k)[0]) for k in allowed]
    at = random.random() * sum(lengths)
    for k, length in zip(allowed, lengths, strict=True):
        at -= length
        if at <= 0:
            return k
    return allowed[-1]


def gap(z: complex, a: complex, b: complex) -> float:
    """Distance from a point to a piece of line."""
    share = dot(z - a, b - a) / max(abs(b - a) ** 2, 1e-12)
    return abs(z - a - (b - a) * min(max(share, 0.0), 1.0))


def shoot(block: Block, own: int, p: complex, way: complex) -> tuple[int, complex] | None:
    """Where a ray from side `own` leaves the block."""
    for k in range(len(block.lines)):
        a, b = block.side(k)
        turn = cross(way, b - a)
        if k == own or turn < 1e-9:
            continue
        share = cross(p - a, way) / -turn
        if 0 <= share <= 1:
            return k, a + (b - a) * share
    return None


def shoot_from(block: Block, p: complex, way: complex) -> complex:
    """Where a ray from a point inside leaves the block."""
    hit = shoot(block, -1, p, way)
    return hit[1] if hit else p


def normal(random: Random) -> float:
    """Nearly normal draw (sum of twelve), from `random.random` alone."""
    return sum(random.random() for _ in range(12)) - 6
