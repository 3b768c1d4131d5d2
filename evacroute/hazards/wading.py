"""How water slows those who wade: the tables of ``data/flood/wading.csv``."""

from __future__ import annotations

import csv
from functools import cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from evacroute._data_dir import data_path


def wading_factor(depth: ArrayLike, *, turbid: bool = False) -> NDArray[np.float64]:
    """Factor on the walking speed in still water, any shape.

    1 in the first centimetres, then the mean of the laws for men and women, which classes do not
    tell apart; never below a floor.

    Parameters
    ----------
    depth
        Depth of the water [m].
    turbid
        Whether the ground cannot be seen: turbid water, or the dark.

    Examples
    --------
    >>> wading_factor([0.0, 0.35, 2.0]).round(3)
    array([1.   , 0.577, 0.35 ])
    """
    law, depth = wading_table(), np.maximum(np.asarray(depth, np.float64), 0)
    factor = (1 / (1 + law["loss_men"] * depth) + 1 / (1 + law["loss_women"] * depth)) / 2
    factor = np.maximum(factor, law["floor"]) * (law["turbid"] if turbid else 1.0)
    return np.where(is_dry(depth), 1.0, factor)


def is_dry(depth: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Where the water is too shallow to slow anybody."""
    return np.asarray(depth <= wading_table()["dry_depth"] + 1e-9)


@cache
def wading_table() -> dict[str, float]:
    """Figures of the wading law by name."""
    with data_path("flood", "wading.csv").open(encoding="utf-8", newline="") as file:
        return {row["name"]: float(row["value"]) for row in csv.DictReader(file)}
