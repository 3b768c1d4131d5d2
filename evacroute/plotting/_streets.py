"""The two directed links of a street brought together, for drawing it once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

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
    alike = np.column_stack([low, high, length, network.kind])
    _, place = np.unique(alike, axis=0, return_inverse=True)
    # The k-th link one way belongs to the k-th the other way among links that are alike.
    side = place.ravel() * 2 + against
    order = np.argsort(side, kind="stable")
    starts = np.r_[True, np.diff(side[order]) > 0]
    run = np.maximum.accumulate(np.where(starts, np.arange(len(order)), 0))
    rank = np.empty(len(order), dtype=np.int64)
    rank[order] = np.arange(len(order)) - run
    _, first, street = np.unique(
        np.column_stack([place.ravel(), rank]), axis=0, return_index=True, return_inverse=True
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
