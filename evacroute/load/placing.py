"""Where persons stand: a street they can use, and the node where their way starts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evacroute.capability import Capability
from evacroute.load.snap import snap
from evacroute.network import Network

FEW = 8
"""Of fewer links the way back is sought one by one: setting up a search for many takes longer."""


@dataclass(frozen=True, eq=False)
class Places:
    """Link, distance along it, start node, walk to it, and distance off the street, a person each.

    As the fields of `People`; link and node are -1 for persons without a street near enough.
    `moved` is where the nearest street of all is one the person cannot use.
    """

    link: NDArray[np.int32]
    along: NDArray[np.float64]
    node: NDArray[np.int32]
    offset: NDArray[np.float64]
    distance: NDArray[np.float64]
    moved: NDArray[np.bool_]


def place(
    network: Network,
    lon: NDArray[np.float64],
    lat: NDArray[np.float64],
    capability: Capability,
    *,
    max_distance: float,
) -> Places:
    """Put persons on the nearest street they can use, and start them at its nearer end.

    A street with no way back is left at its end.

    Parameters
    ----------
    network
        The streets.
    lon, lat
        Positions [degrees], shape (n_people,).
    capability
        What each person can do, shape (n_people,).
    max_distance
        Persons farther from any street they can use get none [m].
    """
    link, along, distance = snap(network, lon, lat, max_distance=max_distance)
    moved = np.zeros(len(link), dtype=bool)
    step_free = ~capability.can_use_steps
    kinds = np.column_stack([step_free, capability.min_width])
    for free, width in np.unique(kinds, axis=0):
        usable = usable_links(network, bool(free), float(width))
        if usable.all():
            continue
        mine = (step_free == bool(free)) & (capability.min_width == width) & (link >= 0)
        again = np.flatnonzero(mine)[~usable[link[mine]]]
        moved[again] = True
        link[again], along[again], distance[again] = snap(
            network, lon[again], lat[again], usable=usable, max_distance=max_distance
        )
    node, offset = nearer_ends(network, link, along)
    return Places(link=link, along=along, node=node, offset=offset, distance=distance, moved=moved)


def usable_links(network: Network, step_free: bool, min_width: float) -> NDArray[np.bool_]:
    """Which links persons can use who cannot take steps, or need some width, shape (n_links,)."""
    usable = network.width >= min_width
    if step_free:
        usable &= (network.steps == 0) & (network.wheelchair != -1)
    return np.asarray(usable)


def nearer_ends(
    network: Network, link: NDArray[np.int32], along: NDArray[np.float64]
) -> tuple[NDArray[np.int32], NDArray[np.float64]]:
    """Find the ends by which persons leave their links, -1 without a link, and the walks there."""
    at = np.maximum(link, 0)
    rest = network.length[at] - along
    to_end = (rest < along) | ~_has_way_back(network, at)
    node = np.where(to_end, network.to_node[at], network.from_node[at])
    offset = np.where(link >= 0, np.where(to_end, rest, along), 0.0)
    return np.where(link >= 0, node, -1).astype(np.int32), offset


def _has_way_back(network: Network, link: NDArray[np.int32]) -> NDArray[np.bool_]:
    start, end = network.from_node.astype(np.int64), network.to_node.astype(np.int64)
    back = end[link] * network.n_nodes + start[link]
    there = start * network.n_nodes + end
    if len(link) < FEW:
        return np.array([(there == one).any() for one in back], dtype=bool)
    return np.isin(back, there)
