"""Fitting and judging a scorer, on trips made up by a rule."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from labelled import NAMES, made_up

from evacroute.errors import InputError
from evacroute.scoring.features import COLUMNS, KINDS
from evacroute.scoring.scorer import Scorer
from evacroute.training.baseline import Baseline
from evacroute.training.evaluating import calibration_error, evaluate, table
from evacroute.training.fitting import _isotonic, calibrate, fit, with_deadlines
from evacroute.training.splits import split
from evacroute.training.trips import GHOST, OTHER, Labelled, at_deadline


def fitted(trips: Labelled, seed: int = 0) -> Scorer:
    return fit(trips, split(trips), data_sha256="0" * 64, seed=seed, trees=40, command="a test")


@pytest.fixture(scope="module")
def trips() -> Labelled:
    return made_up()


@pytest.fixture(scope="module")
def scorer(trips: Labelled) -> Scorer:
    return fitted(trips)


def figure(record, name: str, key: str = "unseen networks", source: str = "planned") -> float:
    (one,) = [s for s in record["sets"] if (s["set"], s["source"]) == (key, source)]
    return one[name]["value"]


def test_learns_what_the_formula_cannot_say(trips: Labelled, scorer: Scorer) -> None:
    """On scenarios that it never saw it beats the formula, is calibrated, and covers 80 %."""
    record = evaluate(scorer, trips, split(trips))
    assert figure(record, "brier_less") > 0.3
    assert figure(record, "calibration_error") < 0.1
    assert 0.7 < figure(record, "covered") < 0.9
    assert figure(record, "missed") < 0.05
    assert "unseen networks" in table(record)


def test_of_shuffled_labels_it_learns_nothing() -> None:
    """Where what came of a trip has nothing to do with it, odds are no better than the share."""
    trips = made_up(shuffled=True)
    record = evaluate(fitted(trips), trips, split(trips))
    safe = figure(record, "safe")
    # Slack counts even here: deadline and departure are the trip's own. Against that, nothing.
    assert figure(record, "brier") > 0.9 * figure(record, "brier_baseline")
    assert figure(record, "brier_less") < 0.05
    assert 0 < safe < 1


def test_the_same_seed_gives_the_same_files(
    trips: Labelled, scorer: Scorer, tmp_path: Path
) -> None:
    """Two fits of one seed write the same bytes; another seed does not."""
    for name, seed in (("a", 0), ("b", 0), ("c", 1)):
        fitted(trips, seed).save(tmp_path / name)
    content = {name: (tmp_path / name / "scorer.npz").read_bytes() for name in "abc"}
    assert content["a"] == content["b"]
    assert content["a"] != content["c"]
    assert (tmp_path / "a" / "scorer.json").read_bytes() == (
        tmp_path / "b" / "scorer.json"
    ).read_bytes()


@pytest.mark.parametrize("name", [name for name, column in COLUMNS.items() if column.monotone])
def test_odds_are_monotone_in_what_the_card_says(
    trips: Labelled, scorer: Scorer, name: str
) -> None:
    """More of what helps never lowers the odds, more of what hinders never raises them."""
    rows = trips.rows[:2000].copy()
    more = rows.copy()
    chance = np.random.default_rng(1)
    more[:, NAMES.index(name)] += chance.exponential(200, len(rows)).astype(np.float32)
    change = scorer.predict(more, 0).p_safe - scorer.predict(rows, 0).p_safe
    assert (change * COLUMNS[name].monotone >= 0).all()


def test_times_do_not_depend_on_the_deadline(trips: Labelled, scorer: Scorer) -> None:
    """Another deadline changes the odds and leaves the quantiles as they are."""
    later = at_deadline(trips, trips.deadline + 300)
    a, b = scorer.predict(trips.rows, trips.kind), scorer.predict(later.rows, trips.kind)
    np.testing.assert_array_equal(a.q50, b.q50)
    assert (b.p_safe >= a.p_safe).all()
    assert b.p_safe.mean() > a.p_safe.mean()


def test_with_deadlines_keeps_the_labels_true(trips: Labelled) -> None:
    """Trips added with another deadline are safe where they arrived by that, and have its slack."""
    both = with_deadlines(trips, 0)
    added = both.take(np.arange(len(trips), 2 * len(trips)))
    np.testing.assert_array_equal(added.arrive, trips.arrive)
    slack = added.deadline - added.depart - added.rows[:, NAMES.index("free_s")]
    np.testing.assert_allclose(added.rows[:, NAMES.index("slack_s")], slack, atol=0.01)
    assert (added.deadline <= added.until).all()


def test_splits_share_no_scenario_and_no_other_simulator(trips: Labelled) -> None:
    """Nothing that judges or calibrates is learned from, not even a trip of the same scenario."""
    parts = split(trips)
    learned = set(trips.draw[parts.learn].tolist())
    for mask in (parts.calibrate, parts.scenarios, parts.unseen):
        assert mask.any()
        assert learned.isdisjoint(trips.draw[mask].tolist())
    assert not (parts.learn & parts.districts).any()
    assert set(trips.cell[parts.learn]).isdisjoint(trips.cell[parts.districts])
    assert not (trips.source[parts.learn] == OTHER).any()
    assert not (trips.source[parts.calibrate] == GHOST).any()


def test_calibration_is_monotone_and_right_in_the_mean(trips: Labelled, scorer: Scorer) -> None:
    """Calibrated odds never fall with raw ones; over the calibration they add up to the safe."""
    chance = np.random.default_rng(2)
    logit = chance.normal(1, 2, 5000)
    safe = chance.random(5000) < 1 / (1 + np.exp(-0.5 * logit))
    knot, level = _isotonic(logit, safe, np.ones(5000))
    assert (np.diff(knot) > 0).all()
    assert (np.diff(level) >= 0).all()
    odds = 1 / (1 + np.exp(-np.interp(logit, knot, level)))
    assert odds.mean() == pytest.approx(safe.mean(), abs=0.02)
    assert calibration_error(odds, safe.astype(float), np.ones(5000)) < 0.03
    assert len(calibrate(scorer, trips)) == len(KINDS) + 1


def test_baseline_finds_a_logistic_curve() -> None:
    """The formula's odds rise with the slack and fall with queues."""
    trips = made_up(60)
    base = Baseline.fitted(trips)
    rows = trips.rows[:500]
    wider = rows.copy()
    for name in ("slack_s", "slack_share"):
        wider[:, NAMES.index(name)] += 100
    assert (base.predict(wider) >= base.predict(rows)).mean() > 0.95


def test_too_few_trips_are_refused() -> None:
    """A training on next to nothing says what it needs."""
    with pytest.raises(InputError, match="give more scenarios"):
        fitted(made_up(6, 10))
