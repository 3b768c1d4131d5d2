"""Lines of ferry links: along ferry ways of a map where they lead from stop to stop."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import dijkstra
from scipy.spatial import cKDTree

from evacroute.load.growing import line_length
from evacroute.load.read import read_network
from evacroute.network import FERRY, Network
from evacroute.units import to_metres

DETOUR = 3.0
"""A way by ferry ways longer than this many times the straight line is not taken for the boat's."""

LINE_DISTANCE = 300.0
"""Lines of a map or a feed as far as this from a stop may give its boats' way [m]: nobody walks
there, so this may be farther than a stop from its street."""

_END = 30.0
"""Ends of ferry ways this close to a stop are as good as the nearest one [m]."""


class FerryWays:
    """Ferry ways as a graph: nodes are their ends and junctions, links are taken both ways.

    Parameters
    ----------
    network
        Its links of kind ferry are the ways; OSM's ``route=ferry`` are read as such.
    max_distance
        Farthest that a stop may be from the end of a way [m].
    """

    def __init__(self, network: Network, *, max_distance: float = LINE_DISTANCE) -> None:
        self.network, self.max_distance = network, max_distance
        # Links that boats were given before stand for timetables, not for ways of a map.
        drawn = [
            i for i in np.flatnonzero(network.kind == FERRY).tolist()
            if not str(network.link_id[i]).startswith("boat:")
        ]  # fmt: skip
        ends = np.unique(np.r_[network.from_node[drawn], network.to_node[drawn]])
        self._nodes = ends
        if not len(ends):
            return
        self._tree = cKDTree(
            np.column_stack(to_metres(network.lon[ends], network.lat[ends], network.origin))
        )
        place = {int(node): i for i, node in enumerate(ends)}
        self._link: dict[tuple[int, int], tuple[int, bool]] = {}
        lengths: dict[tuple[int, int], float] = {}
        for link in drawn:
            a, b = place[int(network.from_node[link])], place[int(network.to_node[link])]
            for pair, back in (((a, b), False), ((b, a), True)):
                if network.length[link] < lengths.get(pair, np.inf):
                    lengths[pair] = float(network.length[link])
                    self._link[pair] = (link, back)
        rows, columns = np.array(list(lengths)).T
        n = len(ends)
        self._graph = csr_matrix((list(lengths.values()), (rows, columns)), shape=(n, n))

    def __len__(self) -> int:
        return len(self._nodes)

    def line(
        self, start: tuple[float, float], end: tuple[float, float]
    ) -> NDArray[np.float64] | None:
        """Line from stop to stop by the shortest way along ferry ways, if there is one.

        Both stops must be within `max_distance` of the end of a way, and the line no longer than
        `DETOUR` times the straight one.

        Parameters
        ----------
        start, end
            Longitude and latitude [degrees].

        Returns
        -------
        array or None
            Longitude and latitude [degrees], shape (n_points, 2), stops included.
        """
        if not len(self):
            return None
        goals = self._near(end)
        froms = self._near(start)
        if not (froms and goals):
            return None
        a, _ = min(froms, key=lambda item: item[1])
        distances, befores = dijkstra(self._graph, indices=[a], return_predecessors=True)
        distance, before = distances[0], befores[0]
        b, _ = min(goals, key=lambda item: item[1] + distance[item[0]])
        if a == b or not np.isfinite(distance[b]):
            return None
        path = [b]
        while path[-1] != a:
            path.append(int(before[path[-1]]))
        path.reverse()
        parts: list[NDArray[np.float64]] = [np.array([start])]
        for pair in pairwise(path):
            link, back = self._link[pair]
            points = self.network.geometry(link)
            parts.append(points[::-1] if back else points)
        line = np.concatenate([*parts, np.array([end])])
        line = line[np.r_[True, (np.diff(line, axis=0) != 0).any(axis=1)]]
        straight = line_length(np.array([start, end]), self.network.origin)
        return line if line_length(line, self.network.origin) <= DETOUR * straight else None

    def _near(self, place: tuple[float, float]) -> list[tuple[int, float]]:
        """Find ends of ways near a stop, with distance [m]: the nearest, and those as good."""
        at = np.array(to_metres(*place, self.network.origin), dtype=np.float64)
        nearest = float(self._tree.query(at)[0])
        if nearest > self.max_distance:
            return []
        found = self._tree.query_ball_point(at, nearest + _END)
        return [(int(i), float(np.hypot(*(self._tree.data[i] - at)))) for i in found]


def ferry_ways_of(
    source: Network | str | Path | None, network: Network, max_distance: float
) -> FerryWays:
    """Ferry ways of a network or of a file that `read_network` reads, else of the city's own.

    Stops may be `LINE_DISTANCE` from an end of them, or `max_distance` where that is more.

    Raises
    ------
    NetworkError
        If the file cannot be read.
    """
    if source is None:
        source = network
    elif not isinstance(source, Network):
        source = read_network(source)
    return FerryWays(source, max_distance=max(max_distance, LINE_DISTANCE))
