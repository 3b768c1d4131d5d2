"""Routes of a plan as a tree: ways to a shelter share their ends, so each end is kept once."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def route_tree(
    ptr: NDArray[np.int64], code: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Store each distinct way from a link to the end of its route once.

    Parameters
    ----------
    ptr
        Where each route begins in `code`, shape (n_routes + 1,).
    code
        Links, in walking order, shape (n_legs,), >= 0.

    Returns
    -------
    link, following, first
        An entry is a link and the entry that follows it (-1 at the end), both of shape
        (n_entries,); `first` is the entry each route begins with, -1 where it has no link,
        shape (n_routes,).

    Notes
    -----
    One sort for each depth, counted from the end: O(n_legs log n_routes).
    """
    length = np.diff(ptr)
    first = np.full(len(length), -1, dtype=np.int64)
    span = int(code.max()) + 1 if len(code) else 1
    links: list[NDArray[np.int64]] = []
    following: list[NDArray[np.int64]] = []
    known = 0
    active = np.flatnonzero(length > 0)
    depth = 0
    while len(active):
        key = (first[active] + 1) * span + code[ptr[active + 1] - 1 - depth]
        distinct, place = np.unique(key, return_inverse=True)
        links.append(distinct % span)
        following.append(distinct // span - 1)
        first[active] = known + place.ravel()
        known += len(distinct)
        depth += 1
        active = active[length[active] > depth]
    empty = np.zeros(0, dtype=np.int64)
    return np.concatenate([empty, *links]), np.concatenate([empty, *following]), first
