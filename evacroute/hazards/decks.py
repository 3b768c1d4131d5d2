"""Bridges and stairs in a flood: the feet are waded, what has risen out of the water is dry."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evacroute.hazards.height_model import BRIDGE, lower_ends
from evacroute.hazards.wading import wading_table
from evacroute.network import KINDS, Network

STAIRS = (BRIDGE, KINDS.index("steps"))
"""Kinds of links that rise where they have steps; a street with a few steps in it does not."""


@dataclass(frozen=True, slots=True, eq=False)
class Decks:
    """Which links rise from their ends, and how many of the ends are on the ground.

    Parameters
    ----------
    length
        Of all links [m], shape (n_links,).
    feet
        Ends of each link that touch a street, 0 to 2, shape (n_links,); -1 where the link does not
        rise and is waded all along.
    rise
        How high the steps at each foot lead over it [m], shape (n_links,); inf where nobody counted
        them.
    """

    length: NDArray[np.float64]
    feet: NDArray[np.int8]
    rise: NDArray[np.float64]

    @classmethod
    def of(cls, network: Network, height: NDArray[np.float64]) -> Decks:
        """Find the bridges and stairs that rise.

        They have steps; a flat part between parts of a bridge that have rises with them. A bridge
        whose own height is given, above that of the streets at its ends, is as high as it is said
        to be, all along.

        Parameters
        ----------
        network
            The streets.
        height
            Heights of the links [m], shape (n_links,).
        """
        rises = np.isin(network.kind, STAIRS) & (network.steps > 0)
        bridge = network.kind == BRIDGE
        # What touches parts with steps only, at both ends, is their landing.
        at_steps = np.zeros(network.n_nodes, bool)
        at_steps[network.from_node[rises]] = at_steps[network.to_node[rises]] = True
        rises |= bridge & at_steps[network.from_node] & at_steps[network.to_node]
        with np.errstate(invalid="ignore"):
            own = bridge & (height > lower_ends(network, height) + 1e-9)
        rises &= ~own
        ground = ~rises & ~network.floating
        street = np.zeros(network.n_nodes, bool)
        street[network.from_node[ground]] = street[network.to_node[ground]] = True
        feet = np.full(network.n_links, -1, np.int8)
        # An end where nothing goes on is on the ground too.
        alone = _neighbours(network, rises) < 2
        foot = street | alone
        feet[rises] = foot[network.from_node[rises]].astype(np.int8) + foot[network.to_node[rises]]
        # One step means that their number is unknown.
        rise = np.where(network.steps > 1, network.steps * wading_table()["riser"], np.inf)
        return cls(network.length, feet, rise / np.maximum(feet, 1))

    @property
    def dry(self) -> NDArray[np.bool_]:
        """Links that no water reaches, since they touch the ground nowhere, shape (n_links,)."""
        return np.asarray(self.feet == 0)

    def wet_share(self, depth: NDArray[np.float64]) -> NDArray[np.float64]:
        """Share of each link's length that is waded: all of it where steps end under water.

        Parameters
        ----------
        depth
            Depth at the feet [m], shape (n_links, n_times).
        """
        run = wading_table()["foot_run"] * depth * self.feet[:, None]
        under = (self.feet[:, None] < 0) | (depth > self.rise[:, None] + 1e-9)
        return np.where(under, 1.0, np.minimum(run / self.length[:, None], 1.0))


def _neighbours(network: Network, rises: NDArray[np.bool_]) -> NDArray[np.int64]:
    """How many other nodes the rising links lead to from each node, shape (n_nodes,)."""
    low = np.minimum(network.from_node[rises], network.to_node[rises])
    high = np.maximum(network.from_node[rises], network.to_node[rises])
    pairs = np.unique(np.column_stack([low, high]), axis=0)
    return np.bincount(pairs.ravel(), minlength=network.n_nodes)
