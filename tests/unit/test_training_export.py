"""Exported forests against CatBoost's own predictions."""

from __future__ import annotations

import sys
from typing import Any

import catboost
import numpy as np
import pytest

from evacroute.errors import InputError, MissingExtraError
from evacroute.scoring.forest import Forest
from evacroute.training.export import _trees, forest_of

SIGNS = (1, -1, 0, 1, 0)
SETTINGS = {
    "iterations": 60, "random_seed": 0, "thread_count": 1, "verbose": False,
    "allow_writing_files": False, "learning_rate": 0.2,
}  # fmt: skip


def drawn(seed: int, n_rows: int, *, missing: bool) -> np.ndarray:
    """Rows with few and many different values, and NaN in some columns."""
    rng = np.random.default_rng(seed)
    rows = rng.normal(scale=2, size=(n_rows, len(SIGNS))).astype(np.float32)
    rows[:, 1] = np.rint(rows[:, 1])
    if missing:
        rows[rng.random(n_rows) < 0.15, 2] = np.nan
        rows[rng.random(n_rows) < 0.15, 3] = np.nan
    return rows


def fitted(loss: str, *, missing: bool = True, signs: Any = SIGNS, **settings: Any) -> Any:
    """A small model of rows whose target rises and falls as the signs say."""
    rows, rng = drawn(0, 1500, missing=missing), np.random.default_rng(1)
    known = np.nan_to_num(rows)
    target = known[:, 0] - known[:, 1] + np.sin(2 * known[:, 2]) + 0.5 * known[:, 3]
    target += rng.normal(scale=1 + (known[:, 4] > 0), size=len(rows))
    settings = {**SETTINGS, "loss_function": loss, **settings}
    if signs is not None:
        settings["monotone_constraints"] = list(signs)
    make = catboost.CatBoostRegressor
    if loss == "Logloss":
        make, target = catboost.CatBoostClassifier, (target > 0).astype(int)
    return make(**settings).fit(rows, target)


MODELS = {
    "Logloss": {"loss": "Logloss"},
    "Logloss, no NaN": {"loss": "Logloss", "missing": False},
    "Logloss, depth 8": {"loss": "Logloss", "depth": 8},
    "free": {"loss": "Logloss", "signs": None, "depth": 7},
    "q10": {"loss": "Quantile:alpha=0.1", "depth": 4},
    "q50": {"loss": "Quantile:alpha=0.5"},
    "q90": {"loss": "Quantile:alpha=0.9", "depth": 2},
    "RMSE": {"loss": "RMSE", "depth": 1},
}


@pytest.fixture(scope="module", params=MODELS)
def model(request: pytest.FixtureRequest) -> Any:
    return fitted(**MODELS[request.param])


def test_scores_are_those_of_catboost(model: Any) -> None:
    """The exported forest gives CatBoost's raw scores to 1e-4, NaN and far values among them."""
    forest = forest_of(model)
    rows = drawn(2, 4000, missing=True)
    rows[:200, 0], rows[200:300, 4], rows[300:400, 1] = np.nan, 1e30, -1e30
    expected = model.predict(rows, prediction_type="RawFormulaVal")
    assert np.abs(forest.raw(rows) - expected).max() <= 1e-4
    assert np.ptp(expected) > 0.5


def test_values_on_borders(model: Any) -> None:
    """Values equal to a border, and the floats beside it, fall where CatBoost puts them."""
    forest = forest_of(model)
    rng = np.random.default_rng(3)
    rows = rng.normal(size=(3000, len(SIGNS))).astype(np.float32)
    # The border that parts NaN from numbers is below every value there is.
    usual = np.isfinite(forest.threshold) & (forest.threshold > np.finfo(np.float32).min)
    for column in range(len(SIGNS)):
        borders = forest.threshold[(forest.feature == column) & usual]
        if len(borders):
            rows[:, column] = rng.choice(borders, len(rows))
            for start, end in enumerate(np.array([-np.inf, np.inf], np.float32)):
                rows[start::3, column] = np.nextafter(rows[start::3, column], end)
    expected = model.predict(rows, prediction_type="RawFormulaVal")
    assert np.abs(forest.raw(rows) - expected).max() <= 1e-4


def risen(forest: Forest, column: int) -> np.ndarray:
    """How far scores move when one column rises by random steps."""
    rows, rng = drawn(5, 4000, missing=True), np.random.default_rng(4)
    higher = rows.copy()
    higher[:, column] += rng.exponential(size=len(rows)).astype(np.float32)
    return forest.raw(higher) - forest.raw(rows)


@pytest.mark.parametrize("name", ["Logloss", "Logloss, depth 8", "q10", "q50", "q90"])
def test_monotone(name: str) -> None:
    """Raising a feature alone never moves the score against its declared sign, not by rounding."""
    forest = forest_of(fitted(**MODELS[name]))
    for column, sign in enumerate(SIGNS):
        change = sign * risen(forest, column)
        assert (change >= 0).all()
        assert (change > 0).any() == (sign != 0)


def test_without_constraints_it_is_not_monotone() -> None:
    """A model trained without signs does move against them, so the test above can fail."""
    forest = forest_of(fitted(**MODELS["free"]))
    for column, sign in enumerate(SIGNS):
        if sign:
            assert (sign * risen(forest, column) < 0).any()


def test_unknown_is_less_than_every_value() -> None:
    """NaN scores as less than every value: in a monotone feature never on the wrong side."""
    forest = forest_of(fitted("Logloss"))
    rows = drawn(6, 2000, missing=False)
    unknown = rows.copy()
    unknown[:, 3] = np.nan
    assert (forest.raw(unknown) <= forest.raw(rows)).all()


def test_trees_of_differing_depth() -> None:
    """Where columns of two values leave nothing to ask, trees are shallower, and score alike."""
    rng = np.random.default_rng(8)
    rows = rng.integers(0, 2, (500, 2)).astype(float)
    target = rows[:, 0] + 0.1 * rng.normal(size=500)
    model = catboost.CatBoostRegressor(**{**SETTINGS, "iterations": 8}).fit(rows, target)
    forest = forest_of(model)
    assert set(np.isfinite(forest.threshold).sum(axis=1).tolist()) == {1, 2}
    np.testing.assert_allclose(forest.raw(rows), model.predict(rows), atol=1e-4)


def test_trees_without_a_question() -> None:
    """Trees of one leaf give its value to every row."""
    trees = _trees([{"splits": [], "leaf_values": [2.5]}] * 2, np.array([0]))
    assert Forest(*trees, scale=1.0, bias=1.0, n_features=1).raw([[-9], [9]]).tolist() == [6, 6]


def test_models_that_are_refused() -> None:
    """Models that an oblivious forest cannot say are refused, each fault named."""
    rng = np.random.default_rng(7)
    rows, target = rng.normal(size=(200, 2)), rng.normal(size=200)
    rows[::5, 0] = np.nan
    small = {**SETTINGS, "iterations": 3}

    def regressor(**settings: Any) -> Any:
        return catboost.CatBoostRegressor(**small, **settings).fit(rows, target)

    words = np.array([["a", 1.0], ["b", 2.0], ["c", 3.0]] * 50, dtype=object)
    with_words = catboost.CatBoostRegressor(**small).fit(
        words, np.arange(150.0), cat_features=[0]
    )  # fmt: skip
    cases = {
        "trees are not symmetric": regressor(grow_policy="Depthwise"),
        "feature 0: NaN counts as the greatest": regressor(nan_mode="Max"),
        "3 outputs": regressor(loss_function="MultiQuantile:alpha=0.1,0.5,0.9"),
        "9 levels deep, expected at most 8": regressor(depth=9),
        "categorical_features": with_words,
        "is not trained": catboost.CatBoostRegressor(),
        "is dict, expected a CatBoost model": {},
    }
    for message, model in cases.items():
        with pytest.raises(InputError, match=message):
            forest_of(model)


def test_without_catboost(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the extra the error says how to get it."""
    monkeypatch.setitem(sys.modules, "catboost", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'evacroute\[train\]'"):
        forest_of({})
