"""What a judge says of a plan."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Verdict:
    """A plan's figures beside those of a judge, over the same persons."""

    judge: str
    persons: int
    never: int
    """Persons who were not safe when the judge stopped; they are in no mean."""
    plan_mean: float
    """Ready to safe, of those who were safe in the end [s]."""
    mean: float
    plan_clearance: float
    """Last arrival from the alarm [s]."""
    clearance: float
    seconds: float

    @property
    def mean_ratio(self) -> float:
        """The judge's mean over the plan's."""
        return self.mean / self.plan_mean

    @property
    def clearance_ratio(self) -> float:
        """The judge's clearance over the plan's."""
        return self.clearance / self.plan_clearance

    def row(self, name: str) -> dict[str, Any]:
        """Give all figures, for the record; times in s."""
        return {
            "method": name, **asdict(self), "mean_ratio": self.mean_ratio,
            "clearance_ratio": self.clearance_ratio,
        }  # fmt: skip

    def line(self, name: str) -> str:
        """One row of the table, under `HEAD`."""
        return (
            f"{name:<18} {self.judge:<26} {self.persons:>8,} {self.never:>7,} "
            f"{self.plan_mean / 60:>7.2f} {self.mean / 60:>7.2f} {self.mean_ratio:>7.3f} "
            f"{self.plan_clearance / 60:>7.1f} {self.clearance / 60:>7.1f} "
            f"{self.clearance_ratio:>7.3f} {self.seconds:>8.1f}"
        )


HEAD = (
    f"{'plan':<18} {'judge':<26} {'persons':>8} {'never':>7} {'mean':>7} {'judged':>7} "
    f"{'ratio':>7} {'clear':>7} {'judged':>7} {'ratio':>7} {'seconds':>8}"
)


def judged(
    judge: str,
    ready: NDArray[np.float64],
    planned: NDArray[np.float64],
    arrived: NDArray[np.float64],
    seconds: float,
) -> Verdict:
    """Sum up; one entry a person, `arrived` is NaN where the judge never saw them safe [s]."""
    safe = np.isfinite(arrived)
    nobody = not safe.any()
    return Verdict(
        judge=judge,
        persons=len(ready),
        never=int((~safe).sum()),
        plan_mean=float("nan") if nobody else float((planned - ready)[safe].mean()),
        mean=float("nan") if nobody else float((arrived - ready)[safe].mean()),
        plan_clearance=float("nan") if nobody else float(planned[safe].max()),
        clearance=float("nan") if nobody else float(arrived[safe].max()),
        seconds=seconds,
    )
