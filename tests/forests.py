"""Forests and scorers made of random numbers, for tests."""

from __future__ import annotations

import numpy as np

from evacroute.scoring.calibration import Calibration
from evacroute.scoring.card import Card, Feature
from evacroute.scoring.forest import Forest
from evacroute.scoring.scorer import Scorer

KINDS = ("walker", "slow", "step_free")


def drawn_forest(
    rng: np.random.Generator, depth: int = 6, n_trees: int = 20, n_features: int = 5
) -> Forest:
    """Trees whose thresholds are few whole numbers, so that many values lie on them."""
    feature = rng.integers(0, n_features, (n_trees, depth))
    threshold = rng.integers(-2, 3, (n_trees, depth)).astype(np.float32)
    for tree in range(0, n_trees, 3):
        # Every third tree lacks its last levels.
        threshold[tree, rng.integers(1, depth + 1) :] = np.inf
    leaf = rng.normal(size=(n_trees, 2**depth))
    return Forest(feature, threshold, leaf, 0.5, -0.25, n_features)


def drawn_rows(rng: np.random.Generator, n_rows: int, n_features: int = 5) -> np.ndarray:
    """Values on thresholds, beside them by the least step there is, and NaN."""
    rows = rng.integers(-3, 4, (n_rows, n_features)).astype(np.float32)
    near = rng.random(rows.shape) < 0.3
    rows[near] = np.nextafter(rows[near], np.float32(np.inf))
    rows[rng.random(rows.shape) < 0.1] = np.nan
    return rows


def drawn_card(n_features: int = 5, *, missing: bool = True) -> Card:
    """A card whose features go from -2 to 2."""
    features = [Feature(f"f{i}", "m", 0, -2.0, 2.0, missing) for i in range(n_features)]
    return Card(
        features=tuple(features),
        kinds=KINDS,
        target="arrival / walking time",
        metrics={"all": {"brier": 0.1}, "slow": {"brier": 0.2, "miss_rate": None}},
        calibrator="straight pieces by kind",
        intended_use="tests",
        limits=("random numbers",),
        data_sha256="0123456789abcdef" * 4,
        seed=7,
        command="pytest",
        library="0.1.0",
    )


def drawn_calibration(rng: np.random.Generator) -> Calibration:
    """Another table for each kind, the unknown one included."""
    shape = (len(KINDS) + 1, 4)
    knot = np.cumsum(rng.uniform(0.5, 2.0, shape), axis=1) - 4.0
    logit = np.cumsum(rng.uniform(0.0, 2.0, shape), axis=1) - 3.0
    offset = rng.normal(size=(shape[0], 3)) * [0.5, 0.1, 0.5]
    return Calibration(knot, logit, offset, rng.uniform(0.3, 0.7, shape[0]))


def drawn_scorer(seed: int = 0, *, missing: bool = True) -> Scorer:
    """Four forests of different depths and sizes."""
    rng = np.random.default_rng(seed)
    sizes = [(3, 7), (6, 5), (7, 4), (8, 6)]
    forests = [drawn_forest(rng, depth, n_trees) for depth, n_trees in sizes]
    return Scorer(drawn_card(missing=missing), *forests, calibration=drawn_calibration(rng))
