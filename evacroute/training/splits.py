"""Which trips are learned from, which calibrate, and which judge: by scenario, district, simulator.

Never by row: trips of one scenario share its crowds, and those of one district its alleys.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evacroute.training.gathering import UNSEEN_SHARE
from evacroute.training.trips import GHOST, OTHER, PLANNED, Labelled

TENTH = 10
CALIBRATES = (1, 6)
"""Of ten fives of scenarios, those on worlds of the training calibrate in these; `JUDGES` judge."""

JUDGES = (3, 8)

DISTRICTS = 8
"""One in so many districts is never learned from."""

_MIX = np.uint64(0x9E3779B97F4A7C15)


@dataclass(frozen=True, slots=True, eq=False)
class Splits:
    """Masks over trips, shape (n_trips,) each."""

    learn: NDArray[np.bool_]
    calibrate: NDArray[np.bool_]
    scenarios: NDArray[np.bool_]
    districts: NDArray[np.bool_]
    unseen: NDArray[np.bool_]

    def judged(self) -> dict[str, NDArray[np.bool_]]:
        """Give the masks of those that judge, by name."""
        return {
            "held-out scenarios": self.scenarios,
            "held-out districts": self.districts,
            "unseen networks": self.unseen,
        }


def split(trips: Labelled) -> Splits:
    """Split trips; the same trips are always split alike."""
    unseen = trips.draw % UNSEEN_SHARE == UNSEEN_SHARE - 1
    tenth = trips.draw // UNSEEN_SHARE % TENTH
    away = _hashed(trips.cell) % np.uint64(DISTRICTS) == 0
    calibrates = np.isin(tenth, CALIBRATES) & ~unseen
    judges = np.isin(tenth, JUDGES) & ~unseen
    rest = ~unseen & ~calibrates & ~judges
    return Splits(
        # The other simulator only calibrates and judges, so that it stays another one.
        learn=rest & ~away & (trips.source != OTHER),
        calibrate=calibrates & ~away,
        scenarios=judges & ~away,
        districts=judges & away,
        unseen=unseen,
    )


def of_source(trips: Labelled, name: str) -> NDArray[np.bool_]:
    """Mask of the trips of a source: "planned", "ghost" or "other simulator"."""
    number = {"planned": PLANNED, "ghost": GHOST, "other simulator": OTHER}[name]
    return np.asarray(trips.source == number)


def _hashed(cell: NDArray[Any]) -> NDArray[np.uint64]:
    """Mix a cell's number so that neighbours do not follow a pattern."""
    x = (cell.astype(np.int64).view(np.uint64) + np.uint64(1)) * _MIX
    return np.asarray(x >> np.uint64(33))
