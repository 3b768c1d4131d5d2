"""The proven bound of a plan: the dual value, less what it may count of people who are left."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from evacroute.assignment.problem import Problem
from evacroute.assignment.sweeper import Terms
from evacroute.prices import Prices


def bound_of(problem: Problem, prices: Prices, unplaced: NDArray[np.int64]) -> float | None:
    """Least cost of any plan that leaves no more of any class than these [person-seconds].

    None where the penalties of those left are more than what is proven.
    """
    groups, n_classes = problem.scenario.groups, len(prices.weight)
    counted = ~np.isin(np.arange(len(unplaced)), prices.hopeless)
    left = np.bincount(groups.class_, weights=np.where(counted, unplaced, 0), minlength=n_classes)
    waits = Waits(problem, counted, prices.weight).longest(left) * prices.step
    bound = prices.value - float((left * prices.penalty).sum()) - waits
    return bound if bound > 0 else None


class Waits:
    """What people wait for the start of a slot, which is in no plan's cost if they are left.

    Parameters
    ----------
    counted
        Groups that are part of the bound.
    weight
        Of the classes.

    Attributes
    ----------
    each
        Weighted wait of a person of each group [slots].
    """

    def __init__(
        self, problem: Problem, counted: NDArray[np.bool_], weight: NDArray[np.float64]
    ) -> None:
        groups = problem.scenario.groups
        late = problem.ready - groups.ready_time / problem.step
        self.class_ = groups.class_
        self.each = late * weight[groups.class_]
        self.upto = []
        for k in range(len(weight)):
            mine = np.flatnonzero(counted & (groups.class_ == k))
            mine = mine[np.argsort(-late[mine], kind="stable")]
            size = groups.size[mine]
            self.upto.append(
                (np.append(0, np.cumsum(size)), np.append(0, np.cumsum(size * self.each[mine])))
            )

    def longest(self, left: NDArray[Any]) -> float:
        """Sum the waits of the so many of each class who wait longest [slots].

        Whoever a plan leaves, no others wait longer.
        """
        return float(sum(np.interp(n, *upto) for n, upto in zip(left, self.upto, strict=True)))

    def price_of_left(self, left: NDArray[Any], terms: Terms, stay: NDArray[Any]) -> float:
        """Price of staying of those left beyond the allowed, with what waits take from the bound.

        Parameters
        ----------
        left
            Persons of each group whom a plan leaves.
        stay
            Price of staying, by class [slots].
        """
        of_class = np.bincount(self.class_, weights=left, minlength=len(stay))
        waits = self.longest(of_class) - float((self.each * left).sum())
        return float(((of_class - terms.allowed) * stay).sum()) + waits
