"""Scorers made by hand, for tests: what they say follows from one feature."""

from __future__ import annotations

import numpy as np

from evacroute.scoring.calibration import Calibration
from evacroute.scoring.card import Card, Feature
from evacroute.scoring.features import COLUMNS, KINDS
from evacroute.scoring.forest import Forest
from evacroute.scoring.scorer import Scorer

BAD, GOOD = -1.0, 4.0
"""Logits of the odds below and above the threshold."""


def by_one(feature: str, threshold: float, *, names: tuple[str, ...] = tuple(COLUMNS)) -> Scorer:
    """Odds are `GOOD` where a feature is above a threshold, else `BAD`; arrivals are as planned."""

    def forest(leaf: list[float]) -> Forest:
        at = np.array([[names.index(feature)]])
        cut = np.array([[threshold]], np.float32)
        return Forest(at, cut, np.array([leaf]), 1.0, 0.0, len(names))

    card = Card(
        features=tuple(Feature(name, "", 0, -1e6, 1e6, True) for name in names),
        kinds=KINDS,
        target="log((seconds from departure to the shelter + 30) / (free_s + 30))",
        metrics={},
        calibrator="none",
        intended_use="tests",
        limits=("one feature",),
        data_sha256="0123456789abcdef" * 4,
        seed=0,
        command="pytest",
        library="0.1.0",
    )
    none = [0.0, 0.0]
    return Scorer(
        card, forest([BAD, GOOD]), forest(none), forest(none), forest([0.5, 0.5]),
        Calibration.plain(len(KINDS)),
    )  # fmt: skip
