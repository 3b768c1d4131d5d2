"""What is set for each kind of people on top of the forests: odds, intervals, thresholds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evacroute._frozen import equal_arrays
from evacroute.errors import Faults

LOGIT_MOST = 50.0
"""Odds beyond this logit are no more told apart from certainty."""

ADVICE = 0.9
"""Probability from which a shelter is advised as safe, where nobody set another."""


@dataclass(frozen=True, slots=True, eq=False)
class Calibration:
    """Tables by kind of people: row k is of kind k, the last one of people of unknown kind.

    Parameters
    ----------
    knot
        Raw logits of the forest, ascending in each row, shape (n_kinds + 1, n_knots).
    logit
        Calibrated logits there, never falling in a row, same shape; straight between the knots,
        and outside them that of the nearest.
    offset
        Added to q10, q50 and q90 before they are put in order, shape (n_kinds + 1, 3): a wider
        interval has a negative first and a positive last one.
    threshold
        Least probability of advice "safe", shape (n_kinds + 1,); inf = never.

    Raises
    ------
    InputError
        If shapes do not fit, or values are not allowed; all faults are told together.
    """

    knot: NDArray[np.float64]
    logit: NDArray[np.float64]
    offset: NDArray[np.float64]
    threshold: NDArray[np.float64]

    def __post_init__(self) -> None:
        for field in fields(self):
            array = np.array(getattr(self, field.name), dtype=np.float64, order="C")
            array.flags.writeable = False
            object.__setattr__(self, field.name, array)
        faults = Faults("calibration")
        self._check_shapes(faults)
        faults.raise_if_any()
        self._check_values(faults)
        faults.raise_if_any()

    def __len__(self) -> int:
        """Rows: kinds, and one for the unknown."""
        return len(self.threshold)

    @classmethod
    def plain(cls, n_kinds: int) -> Calibration:
        """Leave the forests' odds and quantiles as they are; advice from a probability of 0.9."""
        ends = np.tile([-LOGIT_MOST, LOGIT_MOST], (n_kinds + 1, 1))
        return cls(ends, ends, np.zeros((n_kinds + 1, 3)), np.full(n_kinds + 1, ADVICE))

    def equals(self, other: object) -> bool:
        """Whether the other holds equal tables."""
        return equal_arrays(self, other)

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Arrays for an ``.npz``."""
        return {name: getattr(self, field) for name, field in NAMES.items()}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> Calibration:
        """Make the tables again from what `to_arrays` gave.

        Raises
        ------
        InputError
            If an array is missing or has another kind of number, or `Calibration` refuses them.
        """
        faults = Faults("calibration")
        for name in NAMES:
            if name not in arrays:
                faults.add(f"there is no array {name}")
            elif arrays[name].dtype != np.float64:
                faults.add(f"{name} holds {arrays[name].dtype}, expected float64")
        faults.raise_if_any()
        return cls(**{field: arrays[name] for name, field in NAMES.items()})

    def _check_shapes(self, faults: Faults) -> None:
        shape = self.knot.shape
        if len(shape) != 2 or shape[0] < 1 or shape[1] < 2:
            faults.add(f"knot has shape {shape}, expected (n_kinds + 1, at least 2)")
            return
        expected = {"logit": shape, "offset": (shape[0], 3), "threshold": shape[:1]}
        for name, wanted in expected.items():
            found = getattr(self, name).shape
            if found != wanted:
                faults.add(f"{name} has shape {found}, expected {wanted}")

    def _check_values(self, faults: Faults) -> None:
        allowed = {
            "knot": (_steps(self.knot) > 0, "expected finite numbers, ascending"),
            "logit": (
                (_steps(self.logit) >= 0) & (np.abs(self.logit[:, 1:]) <= LOGIT_MOST)
                & (np.abs(self.logit[:, :-1]) <= LOGIT_MOST),
                f"expected -{LOGIT_MOST:g} to {LOGIT_MOST:g}, never falling",
            ),
            "offset": (np.isfinite(self.offset), "expected finite numbers"),
            "threshold": (self.threshold[:, None] > 0, "expected > 0, inf = never"),
        }  # fmt: skip
        for name, (good, expected) in allowed.items():
            for row in np.flatnonzero(~good.all(axis=1)):
                faults.add(f"row {row}: {name} is {getattr(self, name)[row]}, {expected}")


NAMES = {
    "calibration_knot": "knot",
    "calibration_logit": "logit",
    "calibration_offset": "offset",
    "calibration_threshold": "threshold",
}
"""Name of each array in ``scorer.npz``."""


def _steps(table: NDArray[np.float64]) -> NDArray[np.float64]:
    """Give the steps along each row; NaN beside what is not finite."""
    known = np.where(np.isfinite(table), table, np.nan)
    return np.diff(known, axis=1)
