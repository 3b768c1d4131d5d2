"""The lagoon sample: a made-up lagoon city of about Venice's size, drawn from a seed.

Nothing in it is taken from a map. It lies in open water of the northern Adriatic, so that nobody
takes it for a real town, and its load report says that it is synthetic.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from random import Random

import numpy as np
from numpy.typing import NDArray

from evacroute.errors import Faults, NetworkError
from evacroute.load.build import RawStreets, build_network
from evacroute.load.lagoon_blocks import Draft, normal
from evacroute.load.lagoon_islands import Shoal, draw_shoal
from evacroute.load.lagoon_places import Place, choose_places, step_free_bridges
from evacroute.load.lagoon_streets import Street, draw_streets
from evacroute.network import Network
from evacroute.units import EARTH_RADIUS, to_metres

ORIGIN = (13.0, 44.9)
"""Middle of the city: open sea between the Po delta and Istria [degrees]."""

SYNTHETIC = (
    "synthetic: a made-up lagoon city drawn by evacroute.load.lagoon; no real town, no real people"
)
"""What every report about the sample says."""

Wave = tuple[complex, float, complex]


@dataclass(slots=True)
class Lagoon:
    """The drawn city: its streets, its shelters with the ids of their nodes, its islands."""

    streets: RawStreets
    places: list[Place]
    node_id: dict[int, str]
    islands: int


def make_lagoon(
    seed: int = 7, *, islands: int = 120, bridges: int = 430, street_km: float = 200.0
) -> Network:
    """Draw a made-up lagoon city.

    Convex islands stand apart by canals, a great canal winds through them and is crossed by
    exactly four bridges. Alleys cut the islands into blocks; quays, squares, dead ends and
    underpasses follow. All is bent by smooth waves and scaled to the wanted length of streets.

    Parameters
    ----------
    seed
        The same seed draws the same city.
    islands
        Number of islands, 60 to 200.
    bridges
        Number of bridges, the four of the great canal among them; at least 1.5 to an island.
        Fewer are drawn where the canals have no room for them.
    street_km
        Length of all streets, each counted once [km], 50 to 400.

    Returns
    -------
    Network
        Named links with width, steps, capacity and elevation. Its report notes that it is
        synthetic.

    Raises
    ------
    NetworkError
        If a parameter is out of its range.

    Examples
    --------
    >>> make_lagoon().n_nodes
    7100
    """
    lagoon = draw_lagoon(seed, islands=islands, bridges=bridges, street_km=street_km)
    return build_network(lagoon.streets)


def draw_lagoon(
    seed: int = 7, *, islands: int = 120, bridges: int = 430, street_km: float = 200.0
) -> Lagoon:
    """Draw what `make_lagoon` makes a network of, and the shelters."""
    faults = Faults("make_lagoon")
    if not 60 <= islands <= 200:
        faults.add(f"islands is {islands}, expected 60 to 200")
    if not bridges >= 1.5 * islands:
        faults.add(f"bridges is {bridges}, expected at least {1.5 * islands:g} (1.5 to an island)")
    if not 50 <= street_km <= 400:
        faults.add(f"street_km is {street_km}, expected 50 to 400")
    faults.raise_if_any(NetworkError)
    random = Random(seed)
    shoal = draw_shoal(random, islands=islands, bridges=bridges)
    draft, streets = draw_streets(random, shoal)
    places = choose_places(draft)
    step_free = step_free_bridges(random, shoal, places, round(0.055 * len(shoal.bridges)))
    shapes = [_shape(random, draft, street) for street in streets]
    lines, height = _place_on_earth(random, shapes, street_km)
    used = sorted({node for street in streets for node in street.nodes})
    node_id = {node: str(i) for i, node in enumerate(used)}
    raw = RawStreets(f"lagoon sample, seed {seed}")
    raw.report.notes.append(SYNTHETIC)
    gates = {place.island for place in places if place.kind == "exit"}
    dresser = _Dresser(random, draft, shoal, step_free, gates)
    for i, (street, line) in enumerate(zip(streets, lines, strict=True)):
        kind, name, width, steps, wheelchair = dresser.dress(street, shapes[i])
        raw.add(
            str(i), line, kind=kind, name=name, width=width, steps=steps,
            length=_length(line), elevation=height[i], wheelchair=wheelchair,
            from_id=node_id[street.nodes[0]], to_id=node_id[street.nodes[1]],
        )  # fmt: skip
    return Lagoon(raw, places, node_id, len(shoal.islands))


def _shape(random: Random, draft: Draft, street: Street) -> list[complex]:
    """Points of a street in local metres: dead ends turn, alleys are seldom quite straight."""
    a, b = (draft.nodes[node] for node in street.nodes)
    if street.kind == "ramo" and street.line in draft.bends:
        return [a, draft.bends[street.line], b]
    if street.kind in ("bridge", "square") or abs(b - a) < 8 or random.random() < 0.4:
        return [a, b]
    count = 1 + int(random.random() * min(3.0, abs(b - a) / 12))
    points = [a]
    for k in range(1, count + 1):
        share = (k + random.uniform(-0.25, 0.25)) / (count + 1)
        swerve = max(-2.5, min(2.5, 0.05 * abs(b - a) * normal(random)))
        points.append(a + (b - a) * share + swerve * 1j * (b - a) / abs(b - a))
    return [*points, b]


def _waves(random: Random, lengths: tuple[float, ...], slope: float) -> list[Wave]:
    """Draw waves of given lengths [m]: wave vector, phase, and displacement."""
    waves = []
    for length in lengths:
        way, swing = (_direction(random) for _ in range(2))
        waves.append((way * 2 * math.pi / length, random.uniform(0, 6.28), swing * slope * length))
    return waves


def _direction(random: Random) -> complex:
    angle = random.uniform(0, 2 * math.pi)
    return complex(math.cos(angle), math.sin(angle))


def _sum_waves(waves: list[Wave], z: NDArray[np.complex128]) -> NDArray[np.complex128]:
    total = np.zeros(len(z), dtype=np.complex128)
    for vector, phase, swing in waves:
        total += swing * np.sin((vector.conjugate() * z).real + phase)
    return total


def _place_on_earth(
    random: Random, shapes: list[list[complex]], street_km: float
) -> tuple[list[NDArray[np.float64]], list[float]]:
    """Bend the drawing, scale it, and give each street its points [degrees] and height [m]."""
    ends = np.cumsum([len(shape) for shape in shapes])
    z = np.array([point for shape in shapes for point in shape], dtype=np.complex128)
    bends = _waves(random, (1900.0, 1300.0, 800.0, 450.0, 260.0, 170.0), 0.024)
    ground = _waves(random, (2400.0, 1500.0, 900.0, 500.0), 0.0)
    z = z + _sum_waves(bends, z)
    inside = np.ones(len(z) - 1, dtype=bool)
    inside[ends[:-1] - 1] = False
    z *= street_km * 1000 / np.abs(np.diff(z))[inside].sum()
    degree = math.radians(1.0) * EARTH_RADIUS
    lon = np.round(ORIGIN[0] + z.real / (degree * math.cos(math.radians(ORIGIN[1]))), 7)
    lat = np.round(ORIGIN[1] + z.imag / degree, 7)
    lines = np.split(np.column_stack([lon, lat]), ends[:-1])
    middles = np.array([part.mean() for part in np.split(z, ends[:-1])])
    swell = [(vector, phase, complex(0.68)) for vector, phase, _ in ground]
    # Between 0.8 and 2.0 m, most of it near the middle of that, as old lagoon pavements are.
    height = 0.8 + 1.2 / (1 + np.exp(-_sum_waves(swell, middles).real))
    return lines, np.round(height, 2).tolist()


def _length(line: NDArray[np.float64]) -> float:
    x, y = to_metres(line[:, 0], line[:, 1], ORIGIN)
    return round(float(np.hypot(np.diff(x), np.diff(y)).sum()), 2)


class _Dresser:
    """Gives streets their kind, name, width and steps; one name and width along a line."""

    def __init__(
        self, random: Random, draft: Draft, shoal: Shoal, step_free: set[int], gates: set[int]
    ) -> None:
        self.random, self.draft, self.shoal = random, draft, shoal
        self.step_free, self.gates = step_free, gates
        self.counters: dict[str, int] = {}
        self.lines: dict[int, tuple[str, float]] = {}

    def dress(self, street: Street, shape: list[complex]) -> tuple[str, str, float, int, int]:
        """Kind, name, width [m], steps and wheelchair flag of a street."""
        random = self.random
        if street.kind == "bridge":
            return self._bridge(street)
        if street.kind == "square":
            area = self.draft.squares[street.square].area
            return "square", f"Campo {street.square + 1}", _round(4 + area**0.5 / 8, 5, 12), 0, 0
        name, width = self._line(street.line)
        width *= random.uniform(0.92, 1.08) * (0.7 if random.random() < 0.04 else 1.0)
        if street.kind == "quay":
            return "quay", name, _round(width, 1.2, 12), 0, 0
        covered = 5 < abs(shape[-1] - shape[0]) < 20 and random.random() < 0.06
        if covered and street.kind == "calle":
            return "underpass", self._number("Sotoportego"), _round(0.75 * width, 0.9, 3), 0, 0
        return "calle", name, _round(width, 0.8, 9), 0, 0

    def _number(self, word: str) -> str:
        self.counters[word] = self.counters.get(word, 0) + 1
        return f"{word} {self.counters[word]}"

    def _line(self, number: int) -> tuple[str, float]:
        if number not in self.lines:
            self.lines[number] = self._new_line(number)
        return self.lines[number]

    def _new_line(self, number: int) -> tuple[str, float]:
        line, spread = self.draft.lines[number], math.exp(0.36 * normal(self.random))
        if line.island in self.gates:
            spread *= 1.6
        if line.kind == "quay":
            width = 3.6 * spread * (1.6 if line.open_sea else 1.0)
            return self._number("Riva" if width > 6 else "Fondamenta"), width
        if line.kind == "ramo":
            return self._number("Corte" if number in self.draft.bends else "Ramo"), 1.7 * spread
        width = (3.2, 3.0, 2.7, 2.5, 2.3)[min(line.rank, 4)] * spread
        if line.rank < 3 and self.random.random() < 0.08:
            width *= 1.6
        return self._number("Salizada" if width > 4.5 else "Calle"), width

    def _bridge(self, street: Street) -> tuple[str, str, float, int, int]:
        random = self.random
        if self.shoal.bridges[street.line].great:
            name, steps = self._number("Ponte Grande"), 40 + int(40 * random.random())
            return "bridge", name, _round(random.uniform(6, 12), 6, 12), steps, 0
        name = self._number("Ponte")
        gate = bool(self.gates.intersection(self.shoal.bridges[street.line].islands))
        width = _round(2.9 * math.exp(0.42 * normal(random)) * (1.8 if gate else 1), 1.2, 9)
        steps = max(6, min(42, round(22 + 6 * normal(random))))
        if street.line in self.step_free:
            return "bridge", name, max(width, 2.0), 0, 1
        return "bridge", name, width, steps, 0


def _round(width: float, low: float, high: float) -> float:
    return round(max(low, min(high, width)), 2)
