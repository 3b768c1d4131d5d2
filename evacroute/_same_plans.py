"""Whether two plans give the same answer."""

from __future__ import annotations

import numpy as np

from evacroute._frozen import equal_arrays
from evacroute.assignment.movements import Movements
from evacroute.assignment.rest import Taken
from evacroute.boats import Boats
from evacroute.prices import Prices
from evacroute.scores import PlanScores


def same_movements(first: Movements, second: Movements) -> bool:
    """Tell whether they are equal in all but the order and the splitting of who is left."""
    skip = ("left_group", "left_size", "left_reason")
    return _left(first) == _left(second) and equal_arrays(first, second, skip)


def _left(movements: Movements) -> dict[tuple[int, int], int]:
    key = np.column_stack([movements.left_group, movements.left_reason])
    unique, of_row = np.unique(key, axis=0, return_inverse=True)
    size = np.bincount(of_row.ravel(), weights=movements.left_size, minlength=len(unique))
    return {(int(g), int(r)): int(n) for (g, r), n in zip(unique, size, strict=True)}


Part = Boats | Prices | Taken | PlanScores


def same_part(first: Part | None, second: Part | None) -> bool:
    """Tell whether parts of two plans are equal, or both are missing."""
    return first is second if first is None or second is None else first.equals(second)
