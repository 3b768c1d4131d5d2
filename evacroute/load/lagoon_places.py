"""Shelters of the made-up lagoon city: squares, ways out, parks and landings on the rim."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from random import Random

from evacroute.load.lagoon_blocks import Draft
from evacroute.load.lagoon_islands import SCALE, Shoal

SQUARES = 28
"""How many squares are shelters."""

# (kind, name, place in units of `SCALE`, persons, persons/s).
_RIM = (
    ("exit", "Terminal 1", 22 - 2j, 18000, 36.0),
    ("exit", "Terminal 2", 18 + 6j, 10500, 24.0),
    ("park", "Giardini 1", -20.5 + 4.5j, 4500, 14.0),
    ("park", "Giardini 2", -20.5 - 3.5j, 3500, 12.0),
    ("park", "Giardini 3", 5 + 11j, 3000, 10.0),
    ("embarkation", "Approdo 1", 12 + 10j, 1800, 4.0),
    ("embarkation", "Approdo 2", -3 + 9.5j, 1200, 3.0),
    ("embarkation", "Approdo 3", -13 + 7j, 900, 2.5),
    ("embarkation", "Approdo 4", -13 - 5j, 900, 2.5),
    ("embarkation", "Approdo 5", -4 - 10j, 1500, 3.0),
    ("embarkation", "Approdo 6", 5 - 11.5j, 1800, 4.0),
    ("embarkation", "Approdo 7", 14 - 9j, 1200, 3.0),
)
_SQUARE_ROOM = 20_000
_SPACING = 190.0


@dataclass(slots=True)
class Place:
    """A shelter at a node of the draft.

    Parameters
    ----------
    kind, name
        Word and name.
    node, island
        Positions in the draft and in the shoal.
    capacity, step_free_capacity
        Persons.
    intake_rate
        Person/s.
    """

    kind: str
    name: str
    node: int
    island: int
    capacity: int
    step_free_capacity: int
    intake_rate: float


def choose_places(draft: Draft) -> list[Place]:
    """Choose shelters: squares on the rim as exits and parks, landings, and large squares."""
    free = sorted(range(len(draft.squares)), key=lambda i: -draft.squares[i].area)
    rim = []
    taken: list[complex] = []
    shore = {
        node: line.island
        for line in draft.lines
        if line.open_sea and line.kind == "quay"
        for node in line.stops
    }
    for kind, name, at, capacity, rate in _RIM:
        if kind == "embarkation":
            node = _nearest(draft, shore, at)
            island = shore.pop(node)
        else:
            by_node = {draft.squares[i].node: i for i in free}
            node = _nearest(draft, by_node, at)
            island = draft.squares[by_node[node]].island
            free.remove(by_node[node])
        taken.append(draft.nodes[node])
        rim.append(_place(kind, name, node, island, capacity, rate))
    chosen: list[int] = []
    for i in free:
        z = draft.nodes[draft.squares[i].node]
        if len(chosen) < SQUARES and all(abs(other - z) > _SPACING for other in taken):
            chosen.append(i)
            taken.append(z)
    share = _SQUARE_ROOM / sum(draft.squares[i].area for i in chosen)
    squares = []
    for i in sorted(chosen):
        square = draft.squares[i]
        capacity = max(250, round(square.area * share / 50) * 50)
        rate = float(min(12, 4 + capacity // 400))
        squares.append(
            _place("square", f"Campo {i + 1}", square.node, square.island, capacity, rate)
        )
    return squares + rim


def _nearest(draft: Draft, nodes: Iterable[int], at: complex) -> int:
    return min((abs(draft.nodes[node] - at * SCALE), node) for node in nodes)[1]


def _place(kind: str, name: str, node: int, island: int, capacity: int, rate: float) -> Place:
    step_free = max(10, round(capacity * 0.05 / 10) * 10)
    return Place(kind, name, node, island, capacity, step_free, rate)


def step_free_bridges(random: Random, shoal: Shoal, places: list[Place], count: int) -> set[int]:
    """Choose bridges without steps: two at each of the largest shelters' islands, while they last.

    Parameters
    ----------
    random
        Where draws come from.
    shoal
        Bridge sites.
    places
        The shelters.
    count
        How many bridges.
    """
    chosen: set[int] = set()
    joined: set[tuple[int, int]] = set()
    for place in sorted(places, key=lambda p: (-p.capacity, p.node)):
        sites = [
            (random.random(), i)
            for i, site in enumerate(shoal.bridges)
            if place.island in site.islands and not site.great and site.islands not in joined
        ]
        for _, i in sorted(sites)[:2]:
            if len(chosen) < count and shoal.bridges[i].islands not in joined:
                chosen.add(i)
                joined.add(shoal.bridges[i].islands)
    return chosen
