"""What leads a search: prices and values as whole numbers."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from evacroute._kernels.priced_search import NEVER, UNIT, Guide
from evacroute.assignment.sweeper import PriceSet, Sweeper


def make_guide(sweeper: Sweeper, prices: PriceSet) -> Guide:
    """Take values of the whole net (the sweeper's) and prices as whole numbers."""
    terms, horizon = sweeper.terms, prices.horizon
    row = np.full(len(terms.link), -1, np.int32)
    n_priced, toll = len(prices.links), sweeper.toll
    row[prices.links] = np.arange(n_priced)
    gates = slice(sweeper.n_links, sweeper.n_links + toll.shape[1])
    row[gates] = n_priced + np.arange(toll.shape[1])
    space, scale = np.unique(terms.space, return_inverse=True)
    link = prices.link[:horizon] * space.astype(np.float32)[:, None, None]
    link = np.concatenate([link, np.tile(toll[:horizon], (len(space), 1, 1))], axis=2)
    room = np.stack([sweeper.room(prices, k) for k in range(len(terms.weight))])
    return Guide(
        value=_whole(sweeper.value[:, : horizon + 1]),
        row=row,
        link=_whole(link),
        scale=scale.ravel().astype(np.int64),
        room=_whole(room),
        door=_whole(prices.door[: horizon + 1]),
        weight=np.rint(terms.weight * UNIT).astype(np.int64),
        stay=_whole(prices.stay).astype(np.int64),
    )


def _whole(a: NDArray[np.float32]) -> NDArray[np.int32]:
    out = np.empty(a.shape, np.int32)
    # Class by class: the tables are large, and so would be what is between.
    for i, part in enumerate(a):
        out[i] = np.rint(np.minimum(part * np.float32(UNIT), NEVER))
    return out
