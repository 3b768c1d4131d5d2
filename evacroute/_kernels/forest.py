"""Forests of oblivious trees: raw scores of rows, and what calibration makes of them.

An oblivious tree asks the same question of every row at a level, so a block of rows goes through a
level in one pass without a branch, and the answers are the bits of the leaf's number.
"""

from __future__ import annotations

import math
from typing import Any

import numba as nb
import numpy as np

AT_ONCE = 6
"""Levels that one pass asks; every tree has as many, those it lacks with the threshold inf."""

BLOCK = 256
"""Rows that go through the trees together: their columns and one tree stay in the first cache."""


@nb.njit(cache=True, nogil=True)
def score(
    rows: Any,
    low: Any,
    high: Any,
    first: Any,
    feature: Any,
    threshold: Any,
    leaf: Any,
    scale: Any,
    bias: Any,
    out: Any,
    clipped: Any,
    missing: Any,
) -> int:
    """Score rows with several forests; a bit of a leaf's number is 1 where value > threshold.

    NaN is above no threshold, so it counts as less than all of them.

    Parameters
    ----------
    rows
        Features, float32, shape (n_rows, n_features).
    low, high
        Values outside are taken as these, float32, shape (n_features,); NaN stays.
    first
        First tree of each forest, and the number of trees, shape (n_forests + 1,).
    feature, threshold
        Of each level of each tree, int32 and float32, shape (n_trees, at least `AT_ONCE`). A level
        that a tree does not have is above those it has and has the threshold inf.
    leaf
        Values, shape (n_trees, 2 ** depth of the deepest tree).
    scale, bias
        Of each forest: its score is scale * sum + bias.
    out
        Out: scores, float64, shape (n_forests, n_rows).
    clipped, missing
        Out: of each feature, how many values were outside, and how many NaN; added to.

    Returns
    -------
    int
        How many values were NaN.
    """
    n_rows, n_features = rows.shape
    depth = feature.shape[1]
    column = np.empty((n_features, BLOCK), np.float32)
    number = np.empty(BLOCK, np.int32)
    total = np.empty(BLOCK, np.float64)
    unknown = 0
    for begin in range(0, n_rows, BLOCK):
        size = min(BLOCK, n_rows - begin)
        unknown += _take(rows, begin, size, low, high, column, clipped, missing)
        for k in range(first.shape[0] - 1):
            for i in range(size):
                total[i] = 0.0
            for t in range(first[k], first[k + 1]):
                _ask(column, feature[t], threshold[t], number, size)
                for d in range(AT_ONCE, depth):
                    _ask_one(column[feature[t, d]], threshold[t, d], d, number, size)
                values = leaf[t]
                for i in range(size):
                    # Unsigned, so that no index from the end is reckoned with.
                    total[i] += values[np.uint32(number[i])]
            for i in range(size):
                out[k, begin + i] = scale[k] * total[i] + bias[k]
    return unknown


@nb.njit(cache=True, nogil=True)
def _take(
    rows: Any, begin: int, size: int, low: Any, high: Any, column: Any, clipped: Any, missing: Any
) -> int:
    """Turn a block of rows into columns within the limits; how many values are NaN."""
    found = 0
    for f in range(rows.shape[1]):
        least, most = low[f], high[f]
        outside = 0
        unknown = 0
        for i in range(size):
            value = rows[begin + i, f]
            if value < least:
                value = least
                outside += 1
            elif value > most:
                value = most
                outside += 1
            elif value != value:
                unknown += 1
            column[f, i] = value
        clipped[f] += outside
        missing[f] += unknown
        found += unknown
    return found


@nb.njit(cache=True, nogil=True)
def _ask(column: Any, feature: Any, threshold: Any, number: Any, size: int) -> None:
    """Ask the first six levels of a tree: the leaf's number as far as they know it."""
    a, b, c = column[feature[0]], column[feature[1]], column[feature[2]]
    d, e, f = column[feature[3]], column[feature[4]], column[feature[5]]
    at, bt, ct = threshold[0], threshold[1], threshold[2]
    dt, et, ft = threshold[3], threshold[4], threshold[5]
    for i in range(size):
        number[i] = (
            np.int32(a[i] > at)
            | (np.int32(b[i] > bt) << 1)
            | (np.int32(c[i] > ct) << 2)
            | (np.int32(d[i] > dt) << 3)
            | (np.int32(e[i] > et) << 4)
            | (np.int32(f[i] > ft) << 5)
        )


@nb.njit(cache=True, nogil=True)
def _ask_one(column: Any, threshold: float, level: int, number: Any, size: int) -> None:
    """Ask one level more."""
    bit = np.int32(1 << level)
    for i in range(size):
        number[i] |= bit if column[i] > threshold else np.int32(0)


@nb.njit(cache=True, nogil=True)
def settle(
    raw: Any,
    kind: Any,
    knot: Any,
    logit: Any,
    offset: Any,
    threshold: Any,
    p_safe: Any,
    quantile: Any,
    is_safe: Any,
) -> int:
    """Calibrate scores: odds by a table of straight pieces, quantiles by offsets and order.

    Parameters
    ----------
    raw
        Scores, shape (4, n_rows): logit, then three quantiles.
    kind
        Of each row: its row in the tables, which is not the last; -1 = the last.
    knot, logit
        Raw logits, ascending, and what they become, shape (n_tables, n_knots); flat outside.
    offset
        Added to the quantiles, shape (n_tables, 3).
    threshold
        Least probability of advice "safe", shape (n_tables,).
    p_safe, quantile, is_safe
        Out: probability, shape (n_rows,); quantiles, ascending, shape (3, n_rows); whether the
        probability meets the threshold.

    Returns
    -------
    int
        How many rows have a kind that is not in the tables; nothing is put out for them.
    """
    last = knot.shape[0] - 1
    strange = 0
    for i in range(kind.shape[0]):
        k = kind[i]
        if k < -1 or k >= last:
            strange += 1
            continue
        if k == -1:
            k = last
        z = _along(raw[0, i], knot[k], logit[k])
        p_safe[i] = 1.0 / (1.0 + math.exp(-z))
        is_safe[i] = p_safe[i] >= threshold[k]
        x, y, z = raw[1, i] + offset[k, 0], raw[2, i] + offset[k, 1], raw[3, i] + offset[k, 2]
        lower, upper = min(x, y), max(x, y)
        quantile[0, i] = min(lower, z)
        quantile[1, i] = max(lower, min(upper, z))
        quantile[2, i] = max(upper, z)
    return strange


@nb.njit(cache=True, nogil=True)
def _along(x: float, knot: Any, value: Any) -> float:
    """Value of straight pieces at x; that of the nearest knot outside them."""
    last = knot.shape[0] - 1
    if x <= knot[0]:
        return float(value[0])
    if x >= knot[last]:
        return float(value[last])
    low, high = 0, last
    while high - low > 1:
        middle = (low + high) // 2
        if knot[middle] <= x:
            low = middle
        else:
            high = middle
    share = (x - knot[low]) / (knot[high] - knot[low])
    # Between the two, whatever rounding does: higher odds never become lower ones.
    return float(min(value[low] + share * (value[high] - value[low]), value[high]))
