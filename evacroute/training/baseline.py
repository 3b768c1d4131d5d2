"""The formula to beat: slack in empty streets and queues, through a logistic curve."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from evacroute.scoring.features import COLUMNS
from evacroute.training.trips import Labelled

NAMES = ("slack_share", "slack_s", "queue_s", "stress_s")


@dataclass(frozen=True, slots=True, eq=False)
class Baseline:
    """Odds by a logistic curve over slack and queues, fitted to the same trips as the forests.

    Parameters
    ----------
    weight
        Of each term, and of 1.
    """

    weight: NDArray[np.float64]

    @classmethod
    def fitted(cls, trips: Labelled) -> Baseline:
        """Fit the curve by greatest likelihood."""
        terms, safe = _terms(trips.rows), trips.is_safe

        def loss(weight: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
            score = terms @ weight
            odds = 1 / (1 + np.exp(-score))
            value = np.logaddexp(0, score) - safe * score
            slope = terms.T @ (odds - safe) / len(safe)
            return float(value.mean() + 1e-6 * weight @ weight), slope + 2e-6 * weight

        found = minimize(loss, np.zeros(terms.shape[1]), jac=True, method="L-BFGS-B")
        return cls(found.x)

    def predict(self, rows: NDArray[np.float32]) -> NDArray[np.float64]:
        """Odds of each row."""
        return np.asarray(1 / (1 + np.exp(-np.clip(_terms(rows) @ self.weight, -30, 30))))


def _terms(rows: NDArray[np.float32]) -> NDArray[np.float64]:
    """Signed logarithms of slack in walking times and minutes, and queues in minutes."""
    names = list(COLUMNS)
    share, slack, queue, stress = (rows[:, names.index(n)].astype(np.float64) for n in NAMES)
    rest = slack - queue
    columns = [
        np.sign(x) * np.log1p(np.abs(x))
        for x in (share, slack / 60, rest / 60, queue / 60, stress / 60)
    ]
    return np.column_stack([*columns, np.clip(slack / 600, -3, 3), np.ones(len(rows))])
