"""The great bridges of Venice in networks that have no names."""

from __future__ import annotations

import numpy as np

import evacroute as er
from evacroute.network import KINDS

GREAT_BRIDGES = {
    "Rialto": (12.3359, 45.4380),
    "Accademia": (12.3289, 45.4317),
    "Scalzi": (12.3228, 45.4412),
}
"""Middle of each bridge [degrees]: the fixed instance has no names."""


def bridge_links(network: er.Network, name: str) -> np.ndarray:
    """Links with steps within 22 m of the middle of the bridge."""
    lon, lat = GREAT_BRIDGES[name]
    x = (network.lon[network.from_node] + network.lon[network.to_node]) / 2
    y = (network.lat[network.from_node] + network.lat[network.to_node]) / 2
    off = np.hypot((x - lon) * 78_000, (y - lat) * 111_200)
    found = np.flatnonzero((off < 22) & (network.kind == KINDS.index("steps")))
    assert len(found) >= 2
    return found
