"""Streets as people see them: both directed links as one, and the points they are drawn by."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from evacroute.network import Network


@dataclass(frozen=True, slots=True)
class Streets:
    """Streets of a network: each a link and, where there is one, its opposite.

    Parameters
    ----------
    forward
        Link whose geometry is drawn, shape (n_streets,).
    backward
        The link the other way, -1 where there is none, shape (n_streets,).
    code
        For each link 2 x its street, plus 1 where it is the backward one, shape (n_links,).
    """

    forward: NDArray[np.int64]
    backward: NDArray[np.int64]
    code: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.forward)

    def total(self, per_link: NDArray[Any]) -> NDArray[np.float64]:
        """Sum of a figure over both directions, shape (n_streets,)."""
        weights = per_link.astype(np.float64)
        return np.bincount(self.code // 2, weights=weights, minlength=len(self)).astype(float)


def pair_links(network: Network) -> Streets:
    """Pair each link with one between the same nodes the other way, of the same length and kind."""
    low = np.minimum(network.from_node, network.to_node)
    high = np.maximum(network.from_node, network.to_node)
    length = np.rint(network.length * 100).astype(np.int64)
    against = network.from_node > network.to_node
    order = np.lexsort((network.kind, length, high, low))
    alike = np.stack([low, high, length, network.kind])[:, order]
    place = np.empty(network.n_links, dtype=np.int64)
    place[order] = np.cumsum(np.r_[False, (np.diff(alike) != 0).any(axis=0)])
    # The k-th link one way belongs to the k-th the other way among links that are alike.
    side = place * 2 + against
    order = np.argsort(side, kind="stable")
    starts = np.r_[True, np.diff(side[order]) > 0]
    run = np.maximum.accumulate(np.where(starts, np.arange(len(order)), 0))
    rank = np.empty(len(order), dtype=np.int64)
    rank[order] = np.arange(len(order)) - run
    _, first, street = np.unique(
        place * network.n_links + rank, return_index=True, return_inverse=True
    )
    street = street.ravel()
    # Streets in the order in which their first link stands in the network.
    position = np.empty(len(first), dtype=np.int64)
    position[np.argsort(first, kind="stable")] = np.arange(len(first))
    street, forward = position[street], np.sort(first)
    links = np.arange(network.n_links)
    second = forward[street] != links
    backward = np.full(len(forward), -1, dtype=np.int64)
    backward[street[second]] = links[second]
    return Streets(forward=forward, backward=backward, code=street * 2 + second)


def link_lines(
    network: Network,
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
    """Points to draw each link by: its geometry, or a straight line where it has none.

    Returns
    -------
    ptr, lon, lat
        Where each link's points begin, shape (n_links + 1,), and the points [degrees].
    """
    ptr = network.geometry_ptr
    counts = np.diff(ptr)
    bare = counts < 2
    if not bare.any():
        return ptr, network.geometry_lon, network.geometry_lat
    drawn = np.where(bare, 2, counts)
    new = np.concatenate([[0], np.cumsum(drawn)]).astype(np.int64)
    link = np.repeat(np.arange(network.n_links), drawn)
    within = np.arange(new[-1]) - new[:-1][link]
    node = np.where(within == 0, network.from_node[link], network.to_node[link])
    lon, lat = network.lon[node], network.lat[node]
    kept = ~bare[link]
    source = ptr[:-1][link[kept]] + within[kept]
    lon[kept], lat[kept] = network.geometry_lon[source], network.geometry_lat[source]
    return new, lon, lat


SWAP_MARGIN = 0.5
"""Positions farther from the network than this are checked for swapped coordinates [degrees]."""


def looks_swapped(network: Network, lon: ArrayLike, lat: ArrayLike) -> NDArray[np.bool_]:
    """Whether positions lie far from the network, and near it with lon and lat exchanged."""
    west, east = network.lon.min() - SWAP_MARGIN, network.lon.max() + SWAP_MARGIN
    south, north = network.lat.min() - SWAP_MARGIN, network.lat.max() + SWAP_MARGIN
    x, y = np.asarray(lon, np.float64), np.asarray(lat, np.float64)

    def near(x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.bool_]:
        return np.asarray((x > west) & (x < east) & (y > south) & (y < north))

    return ~near(x, y) & near(y, x)


def swap_hint(network: Network, lon: ArrayLike, lat: ArrayLike) -> str:
    """Give the end of a message: that lon and lat look swapped, or nothing."""
    if not bool(looks_swapped(network, lon, lat).any()):
        return ""
    return "; longitude and latitude look swapped, expected lon before lat"
