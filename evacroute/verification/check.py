"""One rule and what came of checking it."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

EXAMPLES = 3
"""How many examples of a broken rule are told."""

SECOND = 1e-6
"""Times nearer than this are the same [s]."""


@dataclass(frozen=True, slots=True)
class Check:
    """One rule and whether the plan keeps it.

    Parameters
    ----------
    name
        Short name of the rule.
    rule
        What must hold.
    ok
        Whether it does.
    broken
        How often it does not.
    worst
        The worst value found, in `unit`; `allowed` is the most that keeps the rule. 0 where there
        is room to spare.
    examples
        The worst cases in words.
    """

    name: str
    rule: str
    ok: bool
    broken: int
    worst: float
    allowed: float
    unit: str
    examples: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Give the check as plain types, for JSON."""
        return {
            "name": self.name,
            "rule": self.rule,
            "ok": self.ok,
            "broken": self.broken,
            "worst": self.worst if math.isfinite(self.worst) else None,
            "allowed": self.allowed,
            "unit": self.unit,
            "examples": list(self.examples),
        }


def judge(
    name: str,
    rule: str,
    values: NDArray[Any],
    tell: Callable[[int], str],
    *,
    allowed: float = 0.0,
    unit: str,
    slack: float = 0.0,
) -> Check:
    """Make a check of values that must not exceed what is allowed (NaN does)."""
    values = np.asarray(values, dtype=np.float64)
    bad = np.flatnonzero(~(values <= allowed + slack))
    worst = max(float(values.max()), 0.0) if len(values) else 0.0
    shown = bad[np.argsort(-values[bad], kind="stable")[:EXAMPLES]]
    examples = tuple(tell(int(i)) for i in shown)
    return Check(name, rule, not len(bad), len(bad), worst, allowed, unit, examples)
