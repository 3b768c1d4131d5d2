"""Which classes come first where not everybody can be brought to safety."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from evacroute.assignment.problem import Problem
from evacroute.errors import Faults, InputError, did_you_mean

_Problem = TypeVar("_Problem", bound=Problem)


def with_order(problem: _Problem, order: Sequence[str] | None) -> _Problem:
    """Put these classes first, the rest after them as they were.

    Parameters
    ----------
    order
        Ids of classes, the most vulnerable first; None or none at all = as it is.

    Raises
    ------
    InputError
        If a class does not exist or is named twice.
    """
    if not order:
        return problem
    ids = problem.scenario.group_classes.class_id.tolist()
    known = f"the classes are {', '.join(ids)}"
    unknown = sorted({str(name) for name in order if name not in ids})
    if unknown:
        raise InputError(
            f"order: no class {', '.join(unknown)}; {known}{did_you_mean(unknown[0], ids)}"
        )
    twice = sorted({name for name in order if order.count(name) > 1})
    if twice:
        raise InputError(f"order: {', '.join(twice)} named more than once; {known}")
    first = [ids.index(name) for name in order]
    rest = [k for k in np.argsort(problem.rank).tolist() if k not in first]
    rank: NDArray[np.int64] = np.empty(len(ids), np.int64)
    rank[first + rest] = np.arange(len(ids))
    return replace(problem, rank=rank)


def check_order(order: Any, faults: Faults) -> None:
    """Note what is not a sequence of ids; whether they exist is seen when there is a problem."""
    if order is None:
        return
    if not isinstance(order, list | tuple) or not all(isinstance(name, str) for name in order):
        faults.add(f"order is {order!r}, expected a list of class ids, most vulnerable first")
