"""Slow, obvious twin of the scoring of oblivious trees, sharing no code with it."""

from __future__ import annotations

import math
from bisect import bisect_right
from typing import Any

import numpy as np


def leaf_number(row: Any, feature: Any, threshold: Any) -> int:
    """Number of the leaf that a row falls into: bit d is 1 where its value is above."""
    number = 0
    for d, (column, border) in enumerate(zip(feature, threshold, strict=True)):
        if not math.isnan(row[column]) and row[column] > border:
            number += 2**d
    return number


def raw(forest: Any, rows: Any) -> list[float]:
    """Score of each row, one tree after the other."""
    found = []
    for row in np.asarray(rows, dtype=np.float32):
        total = 0.0
        for tree in range(len(forest)):
            number = leaf_number(row, forest.feature[tree], forest.threshold[tree])
            total += float(forest.leaf[tree, number])
        found.append(forest.scale * total + forest.bias)
    return found


def along(x: float, knots: list[float], values: list[float]) -> float:
    """Value at x of straight pieces between knots, flat outside."""
    if x <= knots[0]:
        return values[0]
    if x >= knots[-1]:
        return values[-1]
    i = bisect_right(knots, x)
    share = (x - knots[i - 1]) / (knots[i] - knots[i - 1])
    return values[i - 1] + share * (values[i] - values[i - 1])
