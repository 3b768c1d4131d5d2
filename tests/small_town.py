"""A small town, a way through it that most tests of directions tell, and how it is told."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
from networks import from_edges

from evacroute.network import Network
from evacroute.route_directions import Directions, route_directions

XY = {
    "A": (0, 0), "M": (0, 30), "B": (0, 60), "P": (30, 60), "C": (60, 60), "D": (100, 60),
    "E": (100, 100), "F": (60, 100), "G": (140, 100), "H": (60, 140), "K": (60, 300),
    "Q": (60, 340),
}  # fmt: skip
"""Places in metres; the way A M B P C D E F H K Q is told in most tests."""

NODES = list(XY)
STREETS: dict[str, dict[str, Any]] = {
    "AM": {"name": "Calle Prima"},
    "MB": {"name": "Calle Prima"},
    "BP": {"name": "Ponte Storto, Calle Prima", "kind": "bridge", "steps": 8},
    "PC": {"name": "Ponte Storto", "kind": "bridge", "steps": 6},
    "CD": {"name": "Campo Grande", "kind": "square"},
    "DE": {},
    "EF": {},
    "EG": {},
    "FH": {"kind": "quay"},
    "HK": {"kind": "ferry"},
    "KQ": {"name": "Riva Lunga"},
}
WAY = "AMBPCDEFHKQ"


def town(**changes: dict[str, Any]) -> Network:
    """The network of the streets, some of them with other properties."""
    streets = {ends: STREETS.get(ends, {}) | changes.get(ends, {}) for ends in STREETS | changes}
    rows = list(streets.values())
    network = from_edges(
        [XY[node] for node in NODES],
        [(NODES.index(a), NODES.index(b)) for a, b in streets],
        steps=[row.get("steps", 0) for row in rows],
        kind=[row.get("kind", "") for row in rows],
        node_id=NODES,
    )
    names = np.array([row.get("name", "") for row in rows for _ in "ab"], dtype=object)
    return replace(network, name=names)


def links_of(network: Network, way: str) -> list[int]:
    ends = zip(network.from_node.tolist(), network.to_node.tolist(), strict=True)
    place = {NODES[a] + NODES[b]: link for link, (a, b) in enumerate(ends)}
    return [place[a + b] for a, b in pairwise(way)]


def tell(way: str, network: Network | None = None, waits: Any = None, **options: Any) -> Directions:
    """Directions for a way through the town at 1 m/s, with waits before links by their number."""
    network = network or town()
    links = links_of(network, way)
    enter, leave, clock = [], [], 0.0
    for i, link in enumerate(links):
        clock += (waits or {}).get(i, 0.0)
        enter.append(clock)
        clock += float(network.length[link])
        leave.append(clock)
    return route_directions(network, links, enter, leave, **{"shelter": "Scuola", **options})
