"""Numbers that stand for sequences: the same to equal ones, to others with all likelihood not."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def fingerprints(
    ptr: NDArray[np.int64], rows: list[NDArray[Any]], columns: list[NDArray[Any]]
) -> NDArray[np.uint64]:
    """Give each sequence a number, the same to equal ones with equal columns.

    Parameters
    ----------
    ptr
        Where each sequence begins.
    rows
        What its items are.
    columns
        What else belongs to each sequence.
    """
    count = np.diff(ptr)
    seed = np.uint64(0x9E3779B97F4A7C15)
    mixed = _mix((np.arange(ptr[-1]) - np.repeat(ptr[:-1], count)).astype(np.uint64))
    for row in rows:
        mixed = _mix(mixed * seed + row.astype(np.uint64))
    upto = np.zeros(len(mixed) + 1, np.uint64)
    np.cumsum(mixed, out=upto[1:])
    total = upto[ptr[1:]] - upto[ptr[:-1]]
    for column in columns:
        total = _mix(total * seed + column.astype(np.uint64))
    return total


def _mix(x: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Scatter numbers over all 64 bits (the finaliser of splitmix64)."""
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))
