"""Odds of the movements of a plan, as it keeps them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from evacroute._frozen import equal_arrays, freeze
from evacroute.errors import Faults, InputError


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class PlanScores:
    """What a scorer says of a plan; all arrays have shape (n_movements,).

    Parameters
    ----------
    p_safe
        Probability of being in the shelter by the deadline, NaN = not scored (goes by boat).
    q10, q50, q90
        When they arrive [s after the alarm], NaN = not scored: one in ten is there sooner than
        q10, half sooner than q50, nine in ten sooner than q90.
    is_safe
        Whether the probability meets the threshold of their kind of people.

    Raises
    ------
    InputError
        If lengths differ, a probability is not within 0 to 1, or quantiles are not in order.

    Examples
    --------
    >>> import evacroute as er, numpy as np
    >>> scores = er.PlanScores([0.99, 0.7], [300, 500], [340, 610], [400, 820], [True, False])
    >>> scores.figures(np.array([10, 2]))
    {'expected_safe': 11.3, 'scored': 12, 'doubtful': 2}
    """

    p_safe: NDArray[np.float64]
    q10: NDArray[np.float64]
    q50: NDArray[np.float64]
    q90: NDArray[np.float64]
    is_safe: NDArray[np.bool_]

    def __post_init__(self) -> None:
        number = ("p_safe", "q10", "q50", "q90")
        columns: dict[str, Any] = {**dict.fromkeys(number, np.float64), "is_safe": np.bool_}
        freeze(self, columns, len(self.p_safe), InputError)
        known = ~np.isnan(self.p_safe)
        faults = Faults("scores")
        for i in np.flatnonzero(known & ~((self.p_safe >= 0) & (self.p_safe <= 1))):
            faults.add(f"row {i}: p_safe is {self.p_safe[i]}, expected 0 to 1")
        ordered = (self.q10 >= 0) & (self.q10 <= self.q50) & (self.q50 <= self.q90)
        for i in np.flatnonzero(known & ~(ordered & np.isfinite(self.q90))):
            faults.add(
                f"row {i}: q10, q50, q90 are {self.q10[i]:g}, {self.q50[i]:g}, {self.q90[i]:g} s, "
                "expected 0 <= q10 <= q50 <= q90"
            )
        faults.raise_if_any()

    def __len__(self) -> int:
        return len(self.p_safe)

    @classmethod
    def unknown(cls, n: int) -> PlanScores:
        """Make scores of movements of which nothing is known.

        Parameters
        ----------
        n
            How many.

        Returns
        -------
        PlanScores
            NaN throughout.
        """
        none = np.full(n, np.nan)
        return cls(none, none, none, none, np.zeros(n, np.bool_))

    @property
    def known(self) -> NDArray[np.bool_]:
        """Which movements are scored."""
        return ~np.isnan(self.p_safe)

    def expected_safe(self, size: NDArray[np.int32]) -> float:
        """Sum of the odds over the persons of the movements that are scored.

        Parameters
        ----------
        size
            Persons of each movement, shape (n_movements,).

        Returns
        -------
        float
            Persons.
        """
        return float(np.nansum(self.p_safe * size))

    def figures(self, size: NDArray[np.int32]) -> dict[str, float | int]:
        """Sum up over movements of so many persons.

        Parameters
        ----------
        size
            Persons of each movement, shape (n_movements,).

        Returns
        -------
        dict
            expected_safe (sum of the odds), scored (persons), doubtful (persons whose odds are
            below the threshold of their kind).
        """
        known = self.known
        return {
            "expected_safe": self.expected_safe(size),
            "scored": int(size[known].sum()),
            "doubtful": int(size[known & ~self.is_safe].sum()),
        }

    def summed(self, size: NDArray[np.int32], class_id: NDArray[Any]) -> dict[str, Any]:
        """Sum up over movements as `figures` does, and under ``by_class`` those of each class.

        Parameters
        ----------
        size
            Persons of each movement, shape (n_movements,).
        class_id
            Class of each movement, shape (n_movements,).

        Returns
        -------
        dict
            The figures, and under ``by_class`` a dict of figures for each class.
        """
        by_class = {
            str(name): self.take(class_id == name).figures(size[class_id == name])
            for name in dict.fromkeys(class_id.tolist())
        }
        return {**self.figures(size), "by_class": by_class}

    def frame(self) -> pd.DataFrame:
        """List the scores, one row a movement.

        Returns
        -------
        DataFrame
            p_safe, q10, q50 and q90 [s after the alarm], is_safe.
        """
        return pd.DataFrame({name: getattr(self, name) for name in self.__slots__})

    def __repr__(self) -> str:
        known = int(self.known.sum())
        mean = f", mean odds {np.nanmean(self.p_safe):.3f}" if known else ""
        return f"PlanScores({len(self)} movements, {known} scored{mean}; see frame())"

    def take(self, some: NDArray[Any]) -> PlanScores:
        """Keep those of some movements.

        Parameters
        ----------
        some
            Positions, or one truth value a movement.

        Returns
        -------
        PlanScores
            In the order given.
        """
        return PlanScores(
            self.p_safe[some], self.q10[some], self.q50[some], self.q90[some], self.is_safe[some]
        )

    def equals(self, other: object) -> bool:
        """Whether the other holds equal scores.

        Parameters
        ----------
        other
            Anything.

        Returns
        -------
        bool
            False where it is something else than scores.
        """
        return equal_arrays(self, other)
