"""Which links are one bridge or street to a person who looks at the city."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from evacroute.network import KINDS, Network

WHOLE = tuple(KINDS.index(kind) for kind in ("bridge", "steps", "underpass"))
"""Kinds of which touching links without a name are one thing."""


def street_of_link(network: Network) -> NDArray[np.int64]:
    """Give each link its street: links that touch and share kind and name are one, both ways.

    Links without a name are one only with those between the same two nodes, but for bridges, steps
    and underpasses: there all that touch are one.

    Returns
    -------
    numpy.ndarray
        Street of each link, from 0, shape (n_links,).
    """
    n = network.n_links
    name = np.unique(network.name.astype(str), return_inverse=True)[1].ravel()
    has_name = network.name.astype(str) != ""
    look = name.astype(np.int64) * len(KINDS) + network.kind
    joins = has_name | np.isin(network.kind, WHOLE)
    ends = np.sort(np.stack([network.from_node, network.to_node]).astype(np.int64), axis=0)
    # A meeting is a node and a look, or for links that join no others their two ends.
    meeting = np.concatenate(
        [
            np.stack([ends[0], np.full(n, -1), look], axis=1),
            np.stack([ends[1], np.full(n, -1), look], axis=1),
        ]
    )
    alone = np.flatnonzero(~joins)
    for row in (alone, alone + n):
        meeting[row, 0], meeting[row, 1] = ends[0][alone], ends[1][alone]
    unique, index = np.unique(meeting, axis=0, return_inverse=True)
    link = np.tile(np.arange(n), 2)
    total = n + len(unique)
    pairs = (np.ones(2 * n, np.int8), (link, n + index.ravel()))
    _, part = connected_components(coo_matrix(pairs, shape=(total, total)), directed=False)
    return np.unique(part[:n], return_inverse=True)[1].ravel().astype(np.int64)
