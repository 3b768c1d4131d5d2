"""Alleys, quays, squares and dead ends of the made-up lagoon city, in local metres.

Every island is cut again and again by alleys until its blocks are small; bridges come first, so
that each leads somewhere. Blocks then get a square, or dead ends. Points are complex numbers.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from math import exp, log
from random import Random

from evacroute.load.lagoon_blocks import (
    SNAP,
    Block,
    Draft,
    Line,
    Square,
    any_side,
    cut_block,
    gap,
    normal,
    shoot,
    shoot_from,
    walkable,
)
from evacroute.load.lagoon_islands import SEA, Island, Shoal, cross


@dataclass(slots=True)
class Street:
    """A piece of a line between two nodes, or a bridge.

    Parameters
    ----------
    nodes
        Where it begins and ends.
    kind
        "calle", "ramo", "quay", "square" or "bridge".
    line
        Position of its line; of a bridge, its site.
    square
        Position of the square it belongs to, or -1.
    """

    nodes: tuple[int, int]
    kind: str
    line: int
    square: int = -1


def draw_streets(random: Random, shoal: Shoal) -> tuple[Draft, list[Street]]:
    """Draw all streets of all islands and the bridges between them.

    Parameters
    ----------
    random
        Where all draws come from.
    shoal
        Islands and bridge sites.
    """
    draft = Draft(random)
    sides = [_shore(draft, i, island) for i, island in enumerate(shoal.islands)]
    for site in shoal.bridges:
        first, second = (
            draft.stop(sides[i][k], z)
            for i, k, z in zip(site.islands, site.sides, site.ends, strict=True)
        )
        draft.bridges.append((first, second))
    open_grounds = _open_grounds(random, shoal.islands)
    for i, island in enumerate(shoal.islands):
        _lay_out(draft, i, island, sides[i], i in open_grounds)
    return draft, _thin(random, _cut(draft), len(draft.nodes))


def _shore(draft: Draft, number: int, island: Island) -> list[int]:
    """Make a line of every side; some are quays."""
    sides = []
    n = len(island.corners)
    for k, beyond in enumerate(island.beyond):
        start, end = island.corners[k], island.corners[(k + 1) % n]
        chance = 0.7 if beyond == SEA else 0.36
        kind = "quay" if abs(end - start) > 30 and draft.random.random() < chance else "water"
        sides.append(draft.add(Line(start, end, kind, number, open_sea=beyond == SEA)))
    return sides


def _remoteness(island: Island) -> float:
    """Return 0 in the middle of the city, about 1 at its ends."""
    return (abs(sum(island.corners) / len(island.corners)) / 2000) ** 2


def _open_grounds(random: Random, islands: list[Island]) -> set[int]:
    """Choose islands of gardens and docks: almost half of the land, mostly far out."""
    keys = [random.random() / (0.3 + _remoteness(island)) for island in islands]
    left = sum(island.area for island in islands) * 0.46
    chosen = set()
    for i in sorted(range(len(islands)), key=keys.__getitem__):
        left -= islands[i].area
        if left > 0:
            chosen.add(i)
    return chosen


def _lay_out(
    draft: Draft, number: int, island: Island, sides: list[int], open_ground: bool
) -> None:
    """Cut an island into blocks by alleys, then fill the blocks."""
    random = draft.random
    must: set[int] = set()
    for line in sides:
        stops = draft.lines[line].stops
        if draft.lines[line].kind == "water":
            must.update(stops)
        elif stops:
            must.update(s for i, s in enumerate(stops) if i == 0 or random.random() < 0.35)
        else:
            side = draft.lines[line]
            must.add(
                draft.stop(line, side.start + (side.end - side.start) * random.uniform(0.3, 0.7))
            )
    limit = random.uniform(2100, 4500) * (0.75 + 1.9 * _remoteness(island))
    limit *= 12 if open_ground else 1.0
    work = [Block(list(island.corners), list(sides), 0)]
    blocks: list[Block] = []
    while work:
        block = work.pop()
        pending = [node for node in _stops(draft, block) if node in must - draft.served]
        garden = block.rank > 2 and block.area < 14000 and random.random() < 0.1
        if pending or (not garden and block.area > limit * random.uniform(0.4, 1.8)):
            halves = cut_block(draft, number, block, pending[0] if pending else None)
            if halves:
                work += halves
                continue
        blocks.append(block)
    size = min(5500.0, 1100 * exp(0.7 * normal(random)))
    square = min(blocks, key=lambda block: _unlike_square(draft, block, size))
    if 150 < square.area < 9000:
        _open_square(draft, number, square)
    crowding = random.uniform(0.4, 1.6) * (0.05 if open_ground else 1.0)
    for block in blocks:
        if block is not square:
            _dead_ends(draft, number, block, crowding)
    for before, after in zip(sides, sides[1:] + sides[:1], strict=True):
        if draft.lines[before].kind == draft.lines[after].kind == "quay":
            corner = draft.stop(before, draft.lines[after].start)
            if corner not in draft.lines[after].stops:
                draft.lines[after].stops.append(corner)


def _unlike_square(draft: Draft, block: Block, size: float) -> float:
    """How unlike a square of a given size a block is: too long, too open to water, too big."""
    n = len(block.lines)
    around = sum(abs(b - a) for a, b in map(block.side, range(n)))
    wet = sum(not walkable(draft, block, k) for k in range(n))
    return around**2 / block.area / 16 + abs(log(block.area / size)) + wet


def _stops(draft: Draft, block: Block) -> list[int]:
    """Nodes on the sides of a block that lie on the island's shore."""
    found = []
    for k, line in enumerate(block.lines):
        if draft.lines[line].kind in ("quay", "water"):
            a, b = (draft.lines[line].share(z) for z in block.side(k))
            for node in draft.lines[line].stops:
                if a - 1e-9 <= draft.lines[line].share(draft.nodes[node]) <= b + 1e-9:
                    found.append(node)
    return found


def _open_square(draft: Draft, number: int, block: Block) -> None:
    """Leave a block open: its sides become square, and ways lead across it."""
    middle = sum(block.corners) / len(block.corners)
    draft.nodes.append(middle)
    node = len(draft.nodes) - 1
    spans = []
    for k, line in enumerate(block.lines):
        if not walkable(draft, block, k):
            continue
        a, b = block.side(k)
        spans.append((line, draft.lines[line].share(a), draft.lines[line].share(b)))
        if abs(b - a) > 12:
            end = draft.stop(line, a + (b - a) * draft.random.uniform(0.35, 0.65))
            across = draft.add(Line(middle, draft.nodes[end], "square", number, block.rank))
            draft.lines[across].stops += [node, end]
            spans.append((across, 0.0, 1.0))
    draft.squares.append(Square(node, number, block.area, spans))


def _dead_ends(draft: Draft, number: int, block: Block, crowding: float) -> None:
    """Lead dead ends into a block, some with a turn."""
    random = draft.random
    inner = [k for k in range(len(block.lines)) if draft.lines[block.lines[k]].kind == "calle"]
    wanted = min(4, int(crowding * block.area / 1500 + random.random()))
    drawn: list[tuple[complex, complex]] = []
    for _ in range(wanted if inner else 0):
        k = any_side(random, block, inner)
        a, b = block.side(k)
        p = a + (b - a) * random.uniform(0.15, 0.85)
        inward = 1j * (b - a) / abs(b - a)
        hit = shoot(block, k, p, inward * complex(1, random.uniform(-0.25, 0.25)))
        stops = draft.lines[block.lines[k]].stops
        if hit is None or min(abs(draft.nodes[s] - p) for s in stops) < SNAP + 1:
            continue
        depth = hit[1] - p
        bend = p + depth * random.uniform(0.3, 0.72)
        legs = [(p, bend)]
        if random.random() < 0.4:
            side = shoot_from(block, bend, (b - a) * (1 if random.random() < 0.5 else -1))
            legs.append((bend, bend + (side - bend) * random.uniform(0.25, 0.6)))
        length = sum(abs(v - u) for u, v in legs)
        if length < 6 or any(_meets(leg, old) for leg in legs for old in drawn):
            continue
        drawn += legs
        first = draft.stop(block.lines[k], p)
        draft.nodes.append(legs[-1][1])
        last = len(draft.nodes) - 1
        line = draft.add(Line(p, legs[-1][1], "ramo", number, block.rank))
        draft.lines[line].stops += [first, last]
        if len(legs) > 1:
            draft.bends[line] = bend


def _meets(one: tuple[complex, complex], other: tuple[complex, complex]) -> bool:
    """Whether two pieces of line cross or come within `SNAP`."""
    (a, b), (c, d) = one, other
    if cross(b - a, c - a) * cross(b - a, d - a) < 0 and (
        cross(d - c, a - c) * cross(d - c, b - c) < 0
    ):
        return True
    near = (gap(a, c, d), gap(b, c, d), gap(c, a, b), gap(d, a, b))
    return min(near) < SNAP


def _cut(draft: Draft) -> list[Street]:
    """Cut lines at their nodes into streets, add the bridges."""
    spans: dict[int, list[tuple[float, float, int]]] = {}
    for i, square in enumerate(draft.squares):
        for line, low, high in square.spans:
            spans.setdefault(line, []).append((min(low, high), max(low, high), i))
    streets = []
    for number, whole in enumerate(draft.lines):
        if whole.kind == "water":
            continue
        order = sorted(whole.stops, key=lambda s: whole.share(draft.nodes[s]))
        for a, b in pairwise(order):
            middle = whole.share((draft.nodes[a] + draft.nodes[b]) / 2)
            around = [i for low, high, i in spans.get(number, ()) if low <= middle <= high]
            kind = "square" if around else whole.kind
            streets.append(Street((a, b), kind, number, around[0] if around else -1))
    streets += [Street(pair, "bridge", i) for i, pair in enumerate(draft.bridges)]
    return streets


def _thin(random: Random, streets: list[Street], n_nodes: int) -> list[Street]:
    """Take out some alleys where a short way round on the island is left."""
    meeting: list[set[int]] = [set() for _ in range(n_nodes)]
    for street in streets:
        a, b = street.nodes
        if street.kind != "bridge":
            meeting[a].add(b)
            meeting[b].add(a)
    kept = []
    for street in streets:
        a, b = street.nodes
        inner = street.kind == "calle" and min(len(meeting[a]), len(meeting[b])) > 2
        if inner and random.random() < 0.055:
            meeting[a].discard(b)
            meeting[b].discard(a)
            if _reaches(meeting, a, b, hops=9):
                continue
            meeting[a].add(b)
            meeting[b].add(a)
        kept.append(street)
    return kept


def _reaches(meeting: list[set[int]], start: int, end: int, hops: int) -> bool:
    seen = {start}
    front = [start]
    for _ in range(hops):
        front = [b for a in front for b in meeting[a] if b not in seen]
        seen.update(front)
        if end in seen:
            return True
    return False
