"""Islands, canals and bridge sites of the made-up lagoon city, in local metres.

Points are complex numbers, x east and y north: a rotation is a product, a distance an `abs`.
All draws come from `random` and `uniform` of `random.Random`, whose stream is promised not to
change, so a seed draws the same city under every version of Python and numpy.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

import numpy as np
from numpy.typing import NDArray

SEA = -1
GREAT_WIDTH = 55.0
"""Width of the great canal [m]."""
SCALE = 95.0
"""Metres that one unit of the drawing below stands for."""

# Drawn by hand for this sample: a fish that swims east. Control points in units of `SCALE`.
_OUTLINE = (
    22.5 + 0.5j, 20 + 4.5j, 15.5 + 8.5j, 9 + 11.5j, 2 + 11.8j, -4 + 9.5j, -9 + 9j, -14 + 7j,
    -17 + 5.4j, -19.8 + 6.6j, -22.6 + 6j, -22 + 1j, -23 - 3.8j, -20.4 - 4.8j,
    -17 - 4j, -12.5 - 5j, -7 - 8.5j, -1 - 10.5j, 6 - 12j, 12.5 - 10.5j, 18 - 6.5j, 21.5 - 3j,
)  # fmt: skip
_GREAT_CANAL = (
    26 + 3j, 21.5 + 2.2j, 17 + 0.5j, 13.5 + 2.5j, 10.5 + 6j, 6 + 6.6j, 2.8 + 3.6j, 2.9 - 0.8j,
    0.2 - 4.6j, -4.4 - 4.4j, -6.9 - 0.8j, -8.5 + 3.2j, -10.5 + 6.5j, -10.5 + 10j, -10 + 13j,
)  # fmt: skip
_CROSSINGS = (0.16, 0.40, 0.62, 0.85)  # where the great canal is bridged, as shares of its length


@dataclass(slots=True)
class Island:
    """A convex island.

    Parameters
    ----------
    corners
        Anticlockwise [m].
    beyond
        For the side from each corner to the next: the island across the canal, or `SEA`.
    """

    corners: list[complex]
    beyond: list[int]

    @property
    def area(self) -> float:
        """Area [m2]."""
        return polygon_area(self.corners)


@dataclass(slots=True)
class BridgeSite:
    """A place where two islands face each other and a bridge joins them.

    Parameters
    ----------
    islands, sides, ends
        Of both banks: position of the island, position of its side, point on that side [m].
    great
        Whether it crosses the great canal.
    """

    islands: tuple[int, int]
    sides: tuple[int, int]
    ends: tuple[complex, complex]
    great: bool


@dataclass(slots=True)
class Shoal:
    """The ground plan before any alley is drawn."""

    islands: list[Island]
    bridges: list[BridgeSite]
    canal: NDArray[np.complex128]


def dot(a: complex, b: complex) -> float:
    """Scalar product of two vectors."""
    return (a.conjugate() * b).real


def cross(a: complex, b: complex) -> float:
    """Cross product: positive where `b` lies to the left of `a`."""
    return (a.conjugate() * b).imag


def polygon_area(corners: list[complex]) -> float:
    """Area of an anticlockwise polygon [m2]."""
    return sum(cross(a, b) for a, b in zip(corners, corners[1:] + corners[:1], strict=True)) / 2


def draw_shoal(random: Random, *, islands: int, bridges: int) -> Shoal:
    """Draw the islands and choose where bridges stand.

    Islands are Voronoi cells, narrowed to leave canals. Seeds in mirrored pairs along the great
    canal make its banks, mirror images beyond the outline make the shore, and the others are
    spread evenly, closer in the middle of the city. A few cells are left as basins.

    Parameters
    ----------
    random
        Where all draws come from.
    islands, bridges
        How many to draw; four of the bridges cross the great canal.
    """
    outline = _curve(_OUTLINE, closed=True)
    canal = _curve(_GREAT_CANAL, closed=False)
    basins = islands // 15
    seeds = _seeds(random, outline, canal, islands + basins)
    gaps: dict[tuple[int, int], float] = {}
    cells = [_cell(random, i, seeds, outline, canal, gaps) for i in range(len(seeds))]
    banks = [_bank(z, canal) for z in seeds]
    for i in _basins(random, cells, banks, basins):
        _flood(cells, i)
        del seeds[i]
    shown = canal[[_inside(z, outline) for z in canal]]
    return Shoal(cells, _bridge_sites(random, cells, seeds, canal, shown, bridges), shown)


def _curve(points: tuple[complex, ...], *, closed: bool) -> NDArray[np.complex128]:
    """Smooth curve through control points, some 6 m a step (Catmull-Rom)."""
    p = np.array(points, dtype=np.complex128) * SCALE
    p = np.r_[p[-1], p, p[:2]] if closed else np.r_[2 * p[0] - p[1], p, 2 * p[-1] - p[-2]]
    t = np.arange(0, 1, 1 / 60)[:, None]
    a, b, c, d = p[:-3], p[1:-2], p[2:-1], p[3:]
    curve = b + t / 2 * (c - a + t * (2 * a - 5 * b + 4 * c - d + t * (3 * (b - c) + d - a)))
    return np.asarray(curve.T.ravel())


def _inside(z: complex, outline: NDArray[np.complex128]) -> bool:
    a = outline - z
    b = np.roll(a, -1)
    crosses = (a.imag > 0) != (b.imag > 0)
    side = (a.conjugate() * b).imag * np.where(b.imag > a.imag, 1, -1)
    return bool((crosses & (side > 0)).sum() % 2)


def _nearest(z: complex, curve: NDArray[np.complex128]) -> int:
    return int(np.abs(curve - z).argmin())


def _bank(z: complex, canal: NDArray[np.complex128]) -> bool:
    """On which bank of the great canal a point lies."""
    i = min(max(_nearest(z, canal), 1), len(canal) - 2)
    return cross(complex(canal[i + 1] - canal[i - 1]), z - complex(canal[i])) > 0


def _seeds(
    random: Random,
    outline: NDArray[np.complex128],
    canal: NDArray[np.complex128],
    count: int,
) -> list[complex]:
    seeds: list[complex] = []
    along = np.r_[0.0, np.abs(np.diff(canal)).cumsum()]
    at = 100.0
    while at < along[-1] - 100:
        i = int(along.searchsorted(at))
        tangent = complex(canal[i + 1] - canal[i - 1])
        offset = (GREAT_WIDTH / 2 + random.uniform(55, 95)) * 1j * tangent / abs(tangent)
        pair = [complex(canal[i]) + offset, complex(canal[i]) - offset]
        if all(_inside(z, outline) and abs(outline - z).min() > 50 for z in pair):
            seeds += pair
        at += random.uniform(150, 230)
    paired = len(seeds)
    while len(seeds) < count:
        best, score = 0j, -1.0
        for _ in range(24):
            z = complex(random.uniform(-2300, 2300), random.uniform(-1250, 1250))
            if not _inside(z, outline) or abs(outline - z).min() < 60:
                continue
            if abs(canal - z).min() < 120:
                continue
            room = min(abs(other - z) for other in seeds) / (0.55 + abs(z) / 2600)
            if room > score:
                best, score = z, room
        if score > 0:
            seeds.append(best)
    for _ in range(2):
        cells = [_cell(None, i, seeds, outline, canal, {}) for i in range(len(seeds))]
        for i in range(paired, len(seeds)):
            corners = cells[i].corners
            middle = (seeds[i] + sum(corners) / len(corners)) / 2
            if _inside(middle, outline) and abs(outline - middle).min() > 60:
                seeds[i] = middle
    return seeds


def _cell(
    random: Random | None,
    own: int,
    seeds: list[complex],
    outline: NDArray[np.complex128],
    canal: NDArray[np.complex128],
    gaps: dict[tuple[int, int], float],
) -> Island:
    """Voronoi cell of a seed, each side drawn back by half the canal's width."""
    z = seeds[own]
    reach = 700.0
    island = Island(
        [z + reach * c for c in (1 + 1j, -1 + 1j, -1 - 1j, 1 - 1j)], [SEA, SEA, SEA, SEA]
    )
    near = sorted((abs(other - z), i) for i, other in enumerate(seeds) if i != own)[:24]
    for _, i in near:
        if random is None:
            gap = 0.0
        elif _bank(z, canal) != _bank(seeds[i], canal):
            gap = GREAT_WIDTH
        else:
            pair = (min(own, i), max(own, i))
            wide = random.random() < 0.2
            gaps.setdefault(pair, random.uniform(13, 26) if wide else random.uniform(4.5, 9.5))
            gap = gaps[pair]
        _clip(island, z, seeds[i], gap, i)
    for _, i in [(0.0, own), *near]:
        shore = complex(outline[_nearest(seeds[i], outline)])
        if abs(shore - seeds[i]) < 320:
            _clip(island, z, 2 * shore - seeds[i], 0.0, SEA)
    return island


def _clip(island: Island, own: complex, other: complex, gap: float, beyond: int) -> None:
    """Keep what is nearer to `own` than to `other`, and half a gap away from the middle."""
    normal = (other - own) / abs(other - own)
    middle = (own + other) / 2 - normal * gap / 2
    heights = [dot(c - middle, normal) for c in island.corners]
    if max(heights) <= 0:
        return
    corners: list[complex] = []
    tags: list[int] = []
    n = len(heights)
    for k in range(n):
        a, b = island.corners[k], island.corners[(k + 1) % n]
        ha, hb = heights[k], heights[(k + 1) % n]
        if ha <= 0:
            corners.append(a)
            tags.append(island.beyond[k])
        if (ha <= 0) != (hb <= 0):
            corners.append(a + (b - a) * ha / (ha - hb))
            tags.append(beyond if ha <= 0 else island.beyond[k])
    island.corners, island.beyond = corners, tags


def _basins(random: Random, cells: list[Island], banks: list[bool], count: int) -> list[int]:
    """Choose cells to leave as water, last first; the islands round each must stay together."""
    beside = [
        {
            j
            for k, j in enumerate(cell.beyond)
            if j != SEA
            and banks[i] == banks[j]
            and abs(cell.corners[k] - cell.corners[(k + 1) % len(cell.corners)]) > 25
        }
        for i, cell in enumerate(cells)
    ]
    canal_side = [
        any(j != SEA and banks[i] != banks[j] for j in c.beyond) for i, c in enumerate(cells)
    ]
    order = sorted((random.random(), i) for i in range(len(cells)) if not canal_side[i])
    chosen: list[int] = []
    for _, i in order:
        around = beside[i]
        ring = {j: beside[j] & around for j in around}
        seen = set(list(around)[:1])
        front = seen
        while front:
            front = set().union(*(ring[j] for j in front)) - seen
            seen = seen | front
        if len(chosen) < count and seen == around and not around & {*chosen}:
            chosen.append(i)
    return sorted(chosen, reverse=True)


def _flood(cells: list[Island], gone: int) -> None:
    """Take a cell away; its neighbours get a shore."""
    del cells[gone]
    for cell in cells:
        cell.beyond = [SEA if j == gone else j - (j > gone) for j in cell.beyond]


def _bridge_sites(
    random: Random,
    cells: list[Island],
    seeds: list[complex],
    canal: NDArray[np.complex128],
    shown: NDArray[np.complex128],
    count: int,
) -> list[BridgeSite]:
    """Choose bridges: one each for a random spanning tree, then anywhere, evenly spread."""
    slots: list[BridgeSite] = []
    for i, cell in enumerate(cells):
        for side, j in enumerate(cell.beyond):
            if i < j:
                great = _bank(seeds[i], canal) != _bank(seeds[j], canal)
                slots += _facing(random, cells, (i, j), side, great)
    chosen: list[BridgeSite] = []
    for share in _CROSSINGS:
        place = complex(shown[int(share * len(shown))])
        great_slots = [s for s in slots if s.great]
        chosen.append(min(great_slots, key=lambda s: abs(sum(s.ends) / 2 - place)))
    rest = _spread([s for s in slots if not s.great], random)
    head = list(range(len(cells)))

    def root(i: int) -> int:
        while head[i] != i:
            head[i] = head[head[i]]
            i = head[i]
        return i

    extra: list[BridgeSite] = []
    joining = list(chosen)
    for site in chosen + rest:
        a, b = (root(i) for i in site.islands)
        head[a] = b
        if not site.great:
            (joining if a != b else extra).append(site)
    return joining + extra[: max(0, count - len(joining))]


def _spread(sites: list[BridgeSite], random: Random) -> list[BridgeSite]:
    """Put sites in an order in which every canal is served before any is crowded."""
    canals: dict[tuple[int, int], list[BridgeSite]] = {}
    for site in sites:
        canals.setdefault(site.islands, []).append(site)
    keyed: list[tuple[float, int, BridgeSite]] = []
    for sites_here in canals.values():
        popularity = random.uniform(0.6, 1.6)
        order = sorted((random.random(), i) for i in range(len(sites_here)))
        for k, (draw, i) in enumerate(order):
            keyed.append(((k + draw) / len(order) * popularity, len(keyed), sites_here[i]))
    return [site for _, _, site in sorted(keyed, key=lambda item: item[:2])]


def _facing(
    random: Random, cells: list[Island], pair: tuple[int, int], side: int, great: bool
) -> list[BridgeSite]:
    """Bridge sites along the canal between two islands, some 30 m apart."""
    first, second = cells[pair[0]], cells[pair[1]]
    if pair[0] not in second.beyond:
        return []
    back = second.beyond.index(pair[0])
    a, b = first.corners[side], first.corners[(side + 1) % len(first.corners)]
    c, d = second.corners[back], second.corners[(back + 1) % len(second.corners)]
    along = (b - a) / abs(b - a)
    low = max(0.0, dot(d - a, along)) + 4
    high = min(abs(b - a), dot(c - a, along)) - 4
    normal = -1j * along
    width = dot(c - a, normal)
    sites = []
    at = low + random.uniform(0, 22)
    while at < high:
        near = a + along * at
        sites.append(BridgeSite(pair, (side, back), (near, near + normal * width), great))
        at += random.uniform(20, 42)
    return sites
