"""The network: nodes and directed links of a walkable city."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evacroute._frozen import equal_arrays, freeze
from evacroute.errors import Faults, NetworkError
from evacroute.reports import LoadReport

KINDS = ("calle", "bridge", "steps", "square", "quay", "underpass", "ferry", "walkway")
"""Kinds of link; ``Network.kind`` holds positions in this tuple. A calle is any alley or street, a
walkway a raised one (passerella), laid when the water comes."""

FERRY = KINDS.index("ferry")

GANGWAY = "gangway:"
"""Ids of the links between streets and boat stops begin so; they are of kind quay."""


@dataclass(frozen=True, slots=True, eq=False)
class Network:
    """Directed links between nodes, as parallel read-only arrays.

    Each walkable street is two links, one per direction. Positions (0..n-1) are used inside, ids
    outside; `node_positions` and `link_positions` translate.

    Parameters
    ----------
    node_id
        Unique ids, shape (n_nodes,), text.
    lon, lat
        Position [degrees, EPSG:4326], shape (n_nodes,).
    link_id
        Unique ids, shape (n_links,), text.
    from_node, to_node
        Node positions, shape (n_links,), int32.
    length
        Walking length [m], shape (n_links,), > 0.
    width
        Usable width [m], shape (n_links,), > 0.
    steps
        Number of steps, shape (n_links,): 0 none, 1 steps of unknown number, else the count. A link
        with steps is walked at the steps speed over its whole length.
    capacity
        Persons per second that may enter, per direction [person/s], shape (n_links,), >= 0
        (0 = closed). Not GMNS's vehicles per hour and lane.
    kind
        Positions in `network.KINDS`, shape (n_links,).
    name
        Street or bridge name, "" where unknown, shape (n_links,).
    elevation
        Height of the pavement above the tide datum [m], NaN where unknown, shape (n_links,).
    wheelchair
        1 said to be passable, -1 said not to be, 0 nothing said; shape (n_links,).
    surface
        Surface word of the source, "" where unknown, shape (n_links,).
    incline
        Rise over run in the link's direction, NaN where unknown, shape (n_links,).
    width_assumed, capacity_assumed
        True where the figure is a documented default, not from the source; shape (n_links,). A
        capacity derived from an assumed width is assumed.
    geometry_ptr
        Where each link's points begin, shape (n_links + 1,).
    geometry_lon, geometry_lat
        Points of all links one after another, from from_node to to_node [degrees].
    report
        What the loader counted, or None for a network made by hand.

    Examples
    --------
    >>> import evacroute as er
    >>> network = er.lagoon_network()
    >>> network
    Network(7100 nodes, 16656 links, 200.0 km of streets)
    >>> bridges = network.kind == er.network.KINDS.index("bridge")
    >>> int(bridges.sum()), bool((network.length[bridges] > 0).all())
    (860, True)
    >>> network.link_positions(network.link_id[:2])
    array([0, 1], dtype=int32)
    >>> network.geometry(0).shape[1]
    2
    """

    node_id: NDArray[Any]
    lon: NDArray[np.float64]
    lat: NDArray[np.float64]
    link_id: NDArray[Any]
    from_node: NDArray[np.int32]
    to_node: NDArray[np.int32]
    length: NDArray[np.float64]
    width: NDArray[np.float64]
    steps: NDArray[np.int16]
    capacity: NDArray[np.float64]
    kind: NDArray[np.uint8]
    name: NDArray[Any]
    elevation: NDArray[np.float64]
    wheelchair: NDArray[np.int8]
    surface: NDArray[Any]
    incline: NDArray[np.float64]
    width_assumed: NDArray[np.bool_]
    capacity_assumed: NDArray[np.bool_]
    geometry_ptr: NDArray[np.int64]
    geometry_lon: NDArray[np.float64]
    geometry_lat: NDArray[np.float64]
    report: LoadReport | None = field(default=None)

    def __post_init__(self) -> None:
        n, m = len(self.node_id), len(self.link_id)
        freeze(self, {"node_id": object, "lon": np.float64, "lat": np.float64}, n, NetworkError)
        freeze(self, _LINK_COLUMNS, m, NetworkError)
        freeze(self, {"geometry_ptr": np.int64}, m + 1, NetworkError)
        points = int(self.geometry_ptr[-1])
        freeze(self, {"geometry_lon": np.float64, "geometry_lat": np.float64}, points, NetworkError)
        _check(self)

    @property
    def n_nodes(self) -> int:
        """Number of nodes."""
        return len(self.node_id)

    @property
    def n_links(self) -> int:
        """Number of directed links."""
        return len(self.link_id)

    @property
    def floating(self) -> NDArray[np.bool_]:
        """Which links float on the water: ferries, and gangways, whose pontoons rise with the tide.

        No tide floods them and no wall falls on them; shape (n_links,).
        """
        out = self.kind == FERRY
        quays = np.flatnonzero(self.kind == KINDS.index("quay"))
        names = self.link_id[quays].tolist()
        out[quays] = [str(name).startswith(GANGWAY) for name in names]
        return np.asarray(out)

    @property
    def origin(self) -> tuple[float, float]:
        """(lon, lat) at the middle of the bounding box, origin of the local metres [degrees]."""
        return (
            float((self.lon.min() + self.lon.max()) / 2),
            float((self.lat.min() + self.lat.max()) / 2),
        )

    def node_positions(self, ids: Iterable[Any]) -> NDArray[np.int32]:
        """Positions of nodes by id.

        Parameters
        ----------
        ids
            Ids of nodes, each as often as it is asked for; numbers are taken as text.

        Returns
        -------
        ndarray of int32
            In the order of the ids.

        Raises
        ------
        NetworkError
            If an id is unknown.
        """
        return _positions(self.node_id, ids, "node_id")

    def link_positions(self, ids: Iterable[Any]) -> NDArray[np.int32]:
        """Positions of links by id.

        Parameters
        ----------
        ids
            Ids of links, each as often as it is asked for; numbers are taken as text.

        Returns
        -------
        ndarray of int32
            In the order of the ids.

        Raises
        ------
        NetworkError
            If an id is unknown.
        """
        return _positions(self.link_id, ids, "link_id")

    def geometry(self, link: int) -> NDArray[np.float64]:
        """Points of a link, lon and lat [degrees], shape (n_points, 2).

        Parameters
        ----------
        link
            Position of the link.

        Returns
        -------
        ndarray
            From its from_node to its to_node.
        """
        part = slice(int(self.geometry_ptr[link]), int(self.geometry_ptr[link + 1]))
        return np.column_stack([self.geometry_lon[part], self.geometry_lat[part]])

    def equals(self, other: object) -> bool:
        """Whether the other is a network with equal arrays (the report is not compared).

        Parameters
        ----------
        other
            Anything.

        Returns
        -------
        bool
            False where it is something else than a network.
        """
        return equal_arrays(self, other, skip=("report",))

    def __repr__(self) -> str:
        km = self.length.sum() / 2000
        return f"Network({self.n_nodes} nodes, {self.n_links} links, {km:.1f} km of streets)"


_LINK_COLUMNS: dict[str, Any] = {
    "link_id": object,
    "from_node": np.int32,
    "to_node": np.int32,
    "length": np.float64,
    "width": np.float64,
    "steps": np.int16,
    "capacity": np.float64,
    "kind": np.uint8,
    "name": object,
    "elevation": np.float64,
    "wheelchair": np.int8,
    "surface": object,
    "incline": np.float64,
    "width_assumed": np.bool_,
    "capacity_assumed": np.bool_,
}


def _positions(known: NDArray[Any], ids: Iterable[Any], name: str) -> NDArray[np.int32]:
    table = {str(value): i for i, value in enumerate(known)}
    faults = Faults("network")
    found = []
    for value in ids:
        position = table.get(str(value), -1)
        if position < 0:
            faults.add(f"{name} {value!r} is not in the network")
        found.append(position)
    faults.raise_if_any(NetworkError)
    return np.array(found, dtype=np.int32)


def _check(network: Network) -> None:
    faults = Faults("network")
    ids = network.link_id
    if network.n_nodes == 0 or network.n_links == 0:
        faults.add(f"{network.n_nodes} nodes and {network.n_links} links, expected at least one")
        faults.raise_if_any(NetworkError)

    def check(bad: NDArray[np.bool_], column: str, unit: str, allowed: str) -> None:
        values = getattr(network, column)
        for i in np.flatnonzero(bad):
            faults.add(f"link {ids[i]}: {column} is {values[i]}{unit}, expected {allowed}")

    for name, known in (("node_id", network.node_id), ("link_id", network.link_id)):
        if len(set(known.tolist())) != len(known):
            seen: set[Any] = set()
            for value in known:
                if value in seen:
                    faults.add(f"{name} {value!r} appears more than once, expected unique ids")
                seen.add(value)
    last = network.n_nodes - 1
    for column in ("from_node", "to_node"):
        values = getattr(network, column)
        check((values < 0) | (values > last), column, "", f"a node position 0..{last}")
    for column, unit in (("length", " m"), ("width", " m")):
        values = getattr(network, column)
        check(~(np.isfinite(values) & (values > 0)), column, unit, "a finite number > 0")
    capacity = network.capacity
    check(~(np.isfinite(capacity) & (capacity >= 0)), "capacity", " person/s", ">= 0")
    check(network.steps < 0, "steps", "", ">= 0")
    check(network.kind >= len(KINDS), "kind", "", f"a position in {KINDS}")
    out = ~((np.abs(network.lon) <= 180) & (np.abs(network.lat) <= 90))
    for i in np.flatnonzero(out):
        faults.add(
            f"node {network.node_id[i]}: position is ({network.lon[i]}, {network.lat[i]}), "
            "expected longitude -180..180 and latitude -90..90 (EPSG:4326 degrees, not metres)"
        )
    faults.raise_if_any(NetworkError)
