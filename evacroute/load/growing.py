"""Add nodes and links to a network; those it has keep their ids and positions."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evacroute.load.street_table import pointers
from evacroute.network import KINDS, Network
from evacroute.units import to_metres


@dataclass
class Growth:
    """Nodes and links to add to a network.

    Positions of new nodes go on where the network's end; ids that are taken get a number behind.

    Parameters
    ----------
    network
        What grows; it is left as it is.
    """

    network: Network
    _nodes: list[tuple[str, float, float]] = field(default_factory=list)
    _links: list[dict[str, Any]] = field(default_factory=list)
    _lines: list[NDArray[np.float64]] = field(default_factory=list)
    _taken_nodes: set[str] = field(init=False)
    _taken_links: set[str] = field(init=False)

    def __post_init__(self) -> None:
        self._taken_nodes = set(map(str, self.network.node_id))
        self._taken_links = set(map(str, self.network.link_id))

    def node(self, name: str, lon: float, lat: float) -> int:
        """Add a node; returns its position."""
        self._nodes.append((_free(name, self._taken_nodes), float(lon), float(lat)))
        return self.network.n_nodes + len(self._nodes) - 1

    def link(
        self,
        name: str,
        start: int,
        end: int,
        line: NDArray[np.float64],
        *,
        kind: str,
        length: float,
        width: float,
        capacity: float,
        title: str = "",
        wheelchair: int = 0,
    ) -> int:
        """Add a level link of assumed width and capacity; returns its position.

        Parameters
        ----------
        name
            Wanted id.
        start, end
            Positions of nodes, the network's or new ones.
        line
            Longitude and latitude [degrees], shape (n_points, 2).
        kind
            Word of `KINDS`.
        length, width
            Metres.
        capacity
            Person/s.
        title
            The link's name.
        wheelchair
            As in `Network`.
        """
        self._links.append(
            {
                "link_id": _free(name, self._taken_links),
                "from_node": start,
                "to_node": end,
                "length": float(length),
                "width": float(width),
                "steps": 0,
                "capacity": float(capacity),
                "kind": KINDS.index(kind),
                "name": title,
                "elevation": math.nan,
                "wheelchair": wheelchair,
                "surface": "",
                "incline": math.nan,
                "width_assumed": True,
                "capacity_assumed": True,
            }
        )
        self._lines.append(line)
        return self.network.n_links + len(self._links) - 1

    def place(self, node: int) -> tuple[float, float]:
        """Longitude and latitude of a node, old or new [degrees]."""
        if node < self.network.n_nodes:
            return float(self.network.lon[node]), float(self.network.lat[node])
        return self._nodes[node - self.network.n_nodes][1:]

    def length(self, link: int) -> float:
        """Length of a link that was added here [m]."""
        return float(self._links[link - self.network.n_links]["length"])

    def grown(self) -> Network:
        """Give the network with all that was added; the same one where nothing was."""
        old = self.network
        if not (self._nodes or self._links):
            return old
        changes: dict[str, Any] = {
            "node_id": _appended(old.node_id, [node[0] for node in self._nodes]),
            "lon": np.append(old.lon, [node[1] for node in self._nodes]),
            "lat": np.append(old.lat, [node[2] for node in self._nodes]),
        }
        if self._links:
            for column in self._links[0]:
                given = [link[column] for link in self._links]
                changes[column] = _appended(getattr(old, column), given)
            count = np.append(np.diff(old.geometry_ptr), [len(line) for line in self._lines])
            points = np.concatenate(self._lines)
            changes["geometry_ptr"] = pointers(count)
            changes["geometry_lon"] = np.append(old.geometry_lon, points[:, 0])
            changes["geometry_lat"] = np.append(old.geometry_lat, points[:, 1])
        return replace(old, **changes)


def _appended(old: NDArray[Any], new: list[Any]) -> NDArray[Any]:
    added = np.empty(len(new), dtype=old.dtype)
    added[:] = new
    return np.concatenate([old, added])


def _free(name: str, taken: set[str]) -> str:
    """Give the name, or with the first number behind that makes it a new one."""
    free, number = name, 2
    while free in taken:
        free = f"{name}#{number}"
        number += 1
    taken.add(free)
    return free


def line_length(line: NDArray[np.float64], origin: tuple[float, float]) -> float:
    """Length of a line [m]."""
    x, y = to_metres(line[:, 0], line[:, 1], origin)
    return float(np.hypot(np.diff(x), np.diff(y)).sum())
