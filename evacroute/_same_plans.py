"""Whether two plans give the same answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from evacroute._frozen import equal_arrays
from evacroute.assignment.movements import Movements
from evacroute.assignment.rest import Taken
from evacroute.boats import Boats
from evacroute.prices import Prices
from evacroute.scores import PlanScores
from evacroute.writing import plain

if TYPE_CHECKING:
    from evacroute.plan import Plan


def same_plans(first: Plan, second: Plan) -> bool:
    """Tell whether two plans give the same answer to the same groups."""
    mine, theirs = first.scenario, second.scenario
    return (
        mine.network.equals(theirs.network)
        and mine.groups.equals(theirs.groups)
        and mine.group_classes.equals(theirs.group_classes)
        and mine.shelters.equals(theirs.shelters)
        and mine.deadline_s == theirs.deadline_s
        and mine.link_times.equals(theirs.link_times)
        and same_part(mine.rides, theirs.rides)
        and same_movements(first.movements, second.movements)
        and first.assignments_frame().equals(second.assignments_frame())
        and first.unassigned.equals(second.unassigned)
        and (first.method, first.step_s, first.bound, first.seed)
        == (second.method, second.step_s, second.bound, second.seed)
        and plain(first.settings) == plain(second.settings)
        and same_part(first.prices, second.prices)
        and same_part(first.taken, second.taken)
        and same_part(first.scores, second.scores)
    )


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
