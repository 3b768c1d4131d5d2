"""Where boats meet the streets: a stop on the water, and a gangway to the street beside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evacroute.load.growing import Growth
from evacroute.load.reach import metres_around, reached_from_somewhere, walkable
from evacroute.load.snap import snap
from evacroute.network import GANGWAY, Network
from evacroute.reports import LoadReport

MAX_DISTANCE = 100.0
"""Farthest that a stop may be from a street [m]: of ACTV's stops of 2021 whose islands have streets
in the map, 117 of 118 are nearer; the other is a mooring at a yard."""

LONG = 50.0
"""Gangways that go farther than this from their street are named: it may be open water [m]."""

GANGWAY_WIDTH = 2.0
"""Width of a gangway [m], assumed: that of kind ferry in ``data/streets/default_width.csv``."""

SMALL_PIECE = 100.0
"""No gangway leads to a piece of the network with less than this to walk [m]..."""

SMALL_SHARE = 0.05
"""... nor is a piece an outlying one if it has more than this share of the longest."""


@dataclass(frozen=True, eq=False)
class Landings:
    """Where gangways of stops meet the street, shape (n_stops,).

    Parameters
    ----------
    node
        End of the nearest street that is nearer along it; -1 where no street is near enough.
    length
        From the stop to the nearest point of the street and along it to the node [m].
    lon, lat
        That point [degrees].
    distance
        From the stop to that point [m]; inf where no street is near enough.
    """

    node: NDArray[np.int32]
    length: NDArray[np.float64]
    lon: NDArray[np.float64]
    lat: NDArray[np.float64]
    distance: NDArray[np.float64]


def find_landings(
    network: Network,
    lon: NDArray[np.float64],
    lat: NDArray[np.float64],
    *,
    max_distance: float = MAX_DISTANCE,
) -> Landings:
    """Find the street beside each stop.

    The nearest node may be across the canal, so the nearest street is taken first and then its
    nearer end. Links that lead nowhere (cut-off fragments, closed, ferries) are left out, and so
    are other stops' gangways.

    Parameters
    ----------
    network
        The streets.
    lon, lat
        Stops [degrees], shape (n_stops,).
    max_distance
        Stops farther than this from any street get none [m].
    """
    usable = walkable(network)
    metres = metres_around(network, usable) if usable.any() else np.zeros(network.n_nodes)
    large = min(SMALL_PIECE, SMALL_SHARE * float(metres.max()))
    reached = reached_from_somewhere(network, usable)
    usable &= (metres[network.from_node] >= large) & reached[network.from_node]
    usable &= ~network.floating
    link, along, distance = snap(network, lon, lat, usable=usable, max_distance=max_distance)
    found = link >= 0
    at = np.maximum(link, 0)
    rest = network.length[at] - along
    to_end = rest < along
    node = np.where(to_end, network.to_node[at], network.from_node[at])
    walk = np.where(to_end, rest, along)
    foot = np.array(
        [_point_at(network, int(i), a / network.length[i]) for i, a in zip(at, along, strict=True)]
    ).reshape(-1, 2)
    return Landings(
        node=np.where(found, node, -1).astype(np.int32),
        length=np.where(found, np.maximum(distance, 0.0) + walk, np.inf),
        lon=foot[:, 0],
        lat=foot[:, 1],
        distance=distance,
    )


def tell_long(names: Sequence[str], distance: NDArray[np.float64], report: LoadReport) -> None:
    """Note the gangways that go more than `LONG` from their street.

    Parameters
    ----------
    names
        Of the stops, shape (n_stops,).
    distance
        From each stop to its street [m]; inf where it has none.
    report
        Where they are noted.
    """
    long = [i for i in np.argsort(-distance, kind="stable").tolist() if LONG < distance[i] < np.inf]
    if not long:
        return
    report.counts[f"gangways of more than {LONG:g} m from stop to street"] = len(long)
    told = ", ".join(f"{names[i]} ({distance[i]:,.0f} m)" for i in long[:10])
    more = f" and {len(long) - 10} more" if len(long) > 10 else ""
    report.notes.append(
        f"long gangways, which may lead over open water: {told}{more}; max_distance sets such "
        "stops aside"
    )


def add_landing(
    growth: Growth,
    landings: Landings,
    stop: int,
    *,
    name: str,
    title: str,
    lon: float,
    lat: float,
    boarding_rate: float,
    wheelchair: int = 0,
) -> int:
    """Add the node of a stop and its gangway, both ways; returns the node's position.

    Parameters
    ----------
    growth
        Where they are added.
    landings, stop
        From `find_landings`, and which of them.
    name, title
        Id, which the new ids are made of, and name.
    lon, lat
        The stop [degrees].
    boarding_rate
        Capacity of the gangway [person/s].
    wheelchair
        1 said to be passable, -1 said not to be, 0 nothing said.
    """
    node = growth.node(f"stop:{name}", lon, lat)
    street = int(landings.node[stop])
    line = np.array([[lon, lat], [landings.lon[stop], landings.lat[stop]], growth.place(street)])
    keep = np.r_[True, (np.diff(line, axis=0) != 0).any(axis=1)]
    line = line[keep] if keep.sum() > 1 else line[[0, -1]]
    for back in (False, True):
        growth.link(
            f"{GANGWAY}{name}" + ("-r" if back else ""),
            street if back else node,
            node if back else street,
            line[::-1] if back else line,
            kind="quay",
            length=max(1.0, round(float(landings.length[stop]), 2)),
            width=GANGWAY_WIDTH,
            capacity=boarding_rate,
            title=title,
            wheelchair=wheelchair,
        )
    return node


def _point_at(network: Network, link: int, share: float) -> tuple[float, float]:
    """Point of a link's line at a share of its length [degrees]."""
    line = network.geometry(link)
    if len(line) < 2:
        return float(network.lon[network.from_node[link]]), float(
            network.lat[network.from_node[link]]
        )
    # Degrees of longitude and latitude differ in length, which matters little within one street.
    flat = line * [np.cos(np.radians(line[0, 1])), 1.0]
    passed = np.r_[0.0, np.cumsum(np.hypot(*np.diff(flat, axis=0).T))]
    goal = share * passed[-1]
    return float(np.interp(goal, passed, line[:, 0])), float(np.interp(goal, passed, line[:, 1]))
