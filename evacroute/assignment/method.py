"""What every method is: a callable from a problem to an outcome."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Protocol

from evacroute.assignment.movements import Movements
from evacroute.assignment.placing import Progress
from evacroute.assignment.problem import Problem
from evacroute.prices import Prices


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a method hands back.

    Parameters
    ----------
    movements
        Who goes where and when, and who is left.
    settings
        The method's settings as used, for the plan's summary.
    prices
        The prices behind them, where the method has any.
    bound
        Proven least cost of any plan that leaves no more people [person-seconds], None = not known.
    """

    movements: Movements
    settings: dict[str, Any] = field(default_factory=dict)
    prices: Prices | None = None
    bound: float | None = None


class Method(Protocol):
    """A method of assignment; a frozen dataclass of its settings, in a file of its own."""

    @property
    def name(self) -> str:
        """What `assign(method=...)` calls it."""
        ...

    def solve(self, problem: Problem, *, progress: Progress | None = None) -> Outcome:
        """Solve a problem."""
        ...
