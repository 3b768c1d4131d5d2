"""What the time of each class is worth."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evacroute.assignment.problem import Problem
from evacroute.errors import Faults, InputError, did_you_mean


def check_weights(weights: Any, faults: Faults) -> None:
    """Note what are no weights by class id; whether those exist is seen when there is a problem."""
    if not isinstance(weights or {}, Mapping):
        faults.add(f"weights is {weights!r}, expected a dict of class ids and numbers")
        return
    for name, weight in (weights or {}).items():
        if not isinstance(weight, int | float) or not 0.01 <= weight <= 100:
            faults.add(f"weight of class {name} is {weight!r}, expected 0.01 to 100")


def class_weights(problem: Problem, weights: Mapping[str, float] | None) -> NDArray[np.float64]:
    """Weights in the order of the classes, 1 for those not named.

    Raises
    ------
    InputError
        If a class does not exist.
    """
    ids = problem.scenario.group_classes.class_id.tolist()
    weight = np.ones(len(ids))
    unknown = sorted(set(weights or {}) - set(ids))
    if unknown:
        raise InputError(
            f"weights: no class {', '.join(unknown)}; the classes are {', '.join(ids)}"
            + did_you_mean(unknown[0], ids)
        )
    for name, value in (weights or {}).items():
        weight[ids.index(name)] = value
    return weight
