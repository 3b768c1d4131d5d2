"""A model of pavement heights for streets of which nothing is known.

Heights are smooth in space and agree with a curve: the share of walkable ground that each tide
floods. Where they are high and where low is made up.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray

from evacroute._data_dir import data_path
from evacroute.errors import Faults, HazardError
from evacroute.network import FERRY, KINDS, Network
from evacroute.units import to_metres

CORRELATION = 150.0
"""Within about this distance [m] modelled heights are alike."""

WAVES = 128
BRIDGE = KINDS.index("bridge")

Curve = Sequence[tuple[float, float]]


@cache
def venice_curve() -> tuple[tuple[float, float], ...]:
    """Pairs of tide [m] and share of the walkable ground that it floods, for Venice."""
    with data_path("flood", "flooded_share.csv").open(encoding="utf-8", newline="") as file:
        return tuple((float(row["tide_m"]), float(row["share"])) for row in csv.DictReader(file))


def check_curve(curve: Curve) -> NDArray[np.float64]:
    """Columns tide [m] and share, from 0 to 1 and rising.

    Raises
    ------
    HazardError
        If they are not.
    """
    try:
        table = np.array([tuple(pair) for pair in curve], np.float64).reshape(-1, 2)
    except (TypeError, ValueError):
        raise HazardError(f"curve is {curve!r}, expected pairs of tide [m] and share") from None
    faults = Faults("curve of the flooded share")
    if len(table) < 2 or not np.isfinite(table).all():
        faults.add("expected two or more pairs of numbers")
    else:
        if not (np.diff(table, axis=0) > 0).all():
            faults.add("expected tides and shares that rise from row to row")
        if (table[0, 1], table[-1, 1]) != (0, 1):
            first, last = table[[0, -1], 1]
            faults.add(f"it goes from {first:g} to {last:g}, expected from 0 to 1")
    faults.raise_if_any(HazardError)
    return table


def modelled_heights(
    network: Network,
    among: NDArray[np.bool_],
    *,
    seed: int = 0,
    correlation: float = CORRELATION,
    curve: Curve | None = None,
) -> NDArray[np.float64]:
    """Heights over the datum made up for some links [m], shape (n_links,); NaN for the others.

    A smooth random field over the city puts the links in order; their walkable ground (length times
    width) is then laid along the curve in that order, so that each tide floods the share of it that
    the curve says. Both directions of a street lie equally high, a bridge as its lower end.

    Parameters
    ----------
    network
        The streets.
    among
        Which links get a height, shape (n_links,).
    seed
        The same seed gives the same field.
    correlation
        Within about this distance heights are alike [m].
    curve
        Pairs of tide [m] and flooded share; by default that of Venice.

    Raises
    ------
    HazardError
        If the curve does not rise from 0 to 1, or the correlation is not more than 0.
    """
    table = check_curve(venice_curve() if curve is None else curve)
    if not 0 < correlation < np.inf:
        raise HazardError(f"correlation is {correlation} m, expected a number > 0")
    field = lower_ends(network, _field(network, seed, correlation))
    height = np.full(network.n_links, np.nan)
    if not among.any():
        return height
    _, rank = np.unique(field[among], return_inverse=True)
    area = np.bincount(rank.ravel(), weights=(network.length * network.width)[among])
    share = (np.cumsum(area) - area / 2) / area.sum()
    height[among] = np.interp(share, table[:, 1], table[:, 0])[rank.ravel()]
    return np.asarray(np.round(height, 4))


def lower_ends(
    network: Network, height: NDArray[np.float64], among: NDArray[np.bool_] | None = None
) -> NDArray[np.float64]:
    """Give bridges the height of the lowest street at their ends.

    The deck itself is dry, but whoever wants to cross must wade to it. Bridge links that touch are
    one bridge. Streets of unknown height do not count; a bridge between them keeps what it has.

    Parameters
    ----------
    network
        The streets.
    height
        Heights [m], shape (n_links,), NaN where unknown.
    among
        Bridges to change, shape (n_links,); all by default.
    """
    # A server that only answers does without: it takes time to import, and memory.
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    bridge = network.kind == BRIDGE
    ends = np.concatenate([network.from_node, network.to_node])
    both = np.tile(~bridge & (network.kind != FERRY) & ~np.isnan(height), 2)
    lowest = np.full(network.n_nodes, np.inf)
    np.minimum.at(lowest, ends[both], np.tile(height, 2)[both])
    crossing = np.flatnonzero(bridge)
    pairs = (network.from_node[crossing], network.to_node[crossing])
    shape = (network.n_nodes, network.n_nodes)
    of_node = connected_components(
        coo_matrix((np.ones(len(crossing)), pairs), shape=shape), directed=False
    )[1]
    of_bridge = np.full(int(of_node.max()) + 1, np.inf)
    np.minimum.at(of_bridge, of_node, lowest)
    found = of_bridge[of_node[network.from_node]]
    changed = bridge & np.isfinite(found)
    if among is not None:
        changed &= among
    return np.where(changed, found, height)


def _field(network: Network, seed: int, correlation: float) -> NDArray[np.float64]:
    """Sum of random waves at the middle between the ends of each link.

    The value of a place depends on nothing but the place, the seed and the correlation: a street
    more in the network does not change the field.
    """
    about = (round(network.origin[0], 1), round(network.origin[1], 1))
    x, y = to_metres(network.lon, network.lat, about)
    x, y = ((v[network.from_node] + v[network.to_node]) / 2 for v in (x, y))
    random = np.random.default_rng(seed)
    east, north = random.normal(scale=1 / correlation, size=(2, WAVES))
    phase = random.uniform(0, 2 * np.pi, WAVES)
    total = np.zeros(network.n_links)
    for i in range(WAVES):  # one wave at a time: the sum must not depend on how arrays are laid out
        total += np.cos(east[i] * x + north[i] * y + phase[i])
    return total
