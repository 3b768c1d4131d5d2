"""Fitting and judging a scorer, on trips made up by a rule."""

from __future__ import annotations

import copy
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from labelled import NAMES, made_up

from evacroute.errors import InputError
from evacroute.scoring.features import COLUMNS, KINDS, PEOPLE
from evacroute.scoring.odds import find_scorer
from evacroute.scoring.scorer import Scorer
from evacroute.training.baseline import Baseline
from evacroute.training.evaluating import calibration_error, evaluate
from evacroute.training.fitting import (
    _as_counts,
    _balanced,
    _isotonic,
    _threshold,
    calibrate,
    fit,
    with_deadlines,
)
from evacroute.training.reporting import table, targets, text, warnings
from evacroute.training.splits import split
from evacroute.training.train import _on_card
from evacroute.training.trips import GHOST, OTHER, PLANNED, Labelled, at_deadline


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
    assert max(map(len, text(record).splitlines())) <= 100
    held = {one.what: one for one in targets(record)}
    assert held["Brier under the formula's, unseen networks, planned"].met
    assert not any(one.met for one in targets(worse(record)))
    # No ghosts were made up.
    assert all("no plan" in line for line in warnings(record))


def worse(record: dict) -> dict:
    """The figures with everything short of what is asked for, but the first kind's advice."""
    bad = {"brier_less": 0.0, "calibration_error": 0.5, "covered": 0.5, "missed": 0.5}
    found = copy.deepcopy(record)
    for one in found["sets"]:
        for i, figures in enumerate([one, *one["by_kind"].values()]):
            for name, value in bad.items():
                figures[name]["value"] = value * (2 if i == 1 else 1)
    return found


def test_a_scorer_of_too_few_trips_is_told(trips: Labelled) -> None:
    """Kinds that are calibrated as others are named; so is advice that calls all trips safe."""
    record = evaluate(fitted(trips), trips, split(trips))
    few = record | {"calibrated_with": {"slow": 3, "walker": 900}}
    assert [line[:35] for line in warnings(few)] == ["few trips of 'slow' to calibrate wi"]
    easy = copy.deepcopy(few | {"calibrated_with": {}})
    for one in easy["sets"]:
        one["advised"]["value"] = 1.0
    assert "of no use" in warnings(easy)[0]


def test_of_shuffled_labels_it_learns_nothing(trips: Labelled, scorer: Scorer) -> None:
    """Where whether a trip is safe has nothing to do with it, odds are no better than the share."""
    came = trips.is_safe[np.random.default_rng(4).permutation(len(trips))]
    shuffled = replace(trips, arrive=np.where(came, trips.depart + 1, np.inf))
    some = split(trips).unseen

    def brier(judge: Scorer, safe: np.ndarray) -> float:
        odds = judge.predict(trips.rows[some], trips.kind[some]).p_safe
        share = safe[some].mean()
        return float(((odds - safe[some]) ** 2).mean() / (share * (1 - share)))

    assert 0.98 < brier(fitted(shuffled), came) < 1.03
    assert brier(scorer, trips.is_safe) < 0.6


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
    chance, at = np.random.default_rng(1), NAMES.index(name)
    rows = trips.rows[:2000].copy()
    shipped = find_scorer(None)
    for judge in (scorer, shipped):
        low, high = judge.card.low, judge.card.high
        if judge is shipped:
            # From the whole range of the training, so that no column stays at its end.
            rows = chance.uniform(low, high, (4000, len(low))).astype(np.float32)
        for width in (0.02, 0.5):
            more = rows.copy()
            step = width * (high[at] - low[at]) * chance.random(len(rows))
            more[:, at] += step.astype(np.float32)
            for kind in (0, len(KINDS) - 1, -1):
                change = judge.predict(more, kind).p_safe - judge.predict(rows, kind).p_safe
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


def test_both_simulators_count_alike_in_trips_of_plans(trips: Labelled) -> None:
    """However many ghosts there are, trips of plans weigh as much in either simulator."""
    source = trips.source.copy()
    source[: len(source) // 2] = GHOST
    for some in (trips, replace(trips, source=source)):
        weight = _balanced(some)
        planned, other = (weight[some.source == one].sum() for one in (PLANNED, OTHER))
        assert planned == pytest.approx(other)
        assert weight.mean() == pytest.approx(1.0)
    (each,) = np.unique(weight[some.source != OTHER])
    assert each < 1.0


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


def test_light_trips_are_smoothed_as_any() -> None:
    """What all weights are multiplied by changes nothing; unequal ones say as much as fewer do."""
    chance = np.random.default_rng(3)
    logit, safe = chance.normal(2, 2, 600), chance.random(600) < 0.9
    weight = chance.uniform(0.5, 2, 600)
    for light, plain in zip(
        _isotonic(logit, safe, 0.01 * weight), _isotonic(logit, safe, weight), strict=True
    ):
        np.testing.assert_allclose(light, plain)
    assert _as_counts(np.full(7, 0.1)).sum() == pytest.approx(7)
    assert _as_counts(np.array([1.0, 1.0, 0.0, 0.0])).sum() == pytest.approx(2)


def test_a_scorer_that_advises_no_step_free_trip_has_a_card(
    trips: Labelled, scorer: Scorer
) -> None:
    """Where nobody of a kind is advised, nothing is said of how many of the advised were late."""
    limit = scorer.calibration.threshold.copy()
    limit[PEOPLE.index("step_free")] = np.inf
    cautious = replace(scorer, calibration=replace(scorer.calibration, threshold=limit))
    metrics = _on_card(evaluate(cautious, trips, split(trips)))
    assert metrics["step_free"]["missed"] is None
    assert metrics["walker"]["missed"] is not None
    assert replace(scorer.card, metrics=metrics).metrics == metrics


def test_advice_is_not_given_by_luck() -> None:
    """A few trips none of which missed give no threshold, many do."""
    few, many = (_threshold(np.full(n, 0.95), np.ones(n, bool), np.ones(n)) for n in (30, 200))
    assert (few, many) == (np.inf, 0.95)
    # So many equal trips say less if most of the weight is that of a few.
    weight = np.where(np.arange(200) < 10, 100.0, 0.1)
    assert _threshold(np.full(200, 0.95), np.ones(200, bool), weight) == np.inf


def test_walks_longer_than_the_run_tell_nothing_of_arrivals(trips: Labelled) -> None:
    """They are late for sure, but neither intervals nor how well they cover rest on them."""
    some = np.arange(len(trips)) % 3 == 0
    rows, arrive = trips.rows.copy(), trips.arrive.copy()
    rows[some, NAMES.index("free_s")] += 5000
    arrive[some] = np.inf
    longer = at_deadline(replace(trips, rows=rows, arrive=arrive), trips.deadline)
    assert longer.seen.tolist() == (~some & trips.seen).tolist()
    assert not longer.is_safe[some].any()
    alone = longer.take(~some)
    one, same = fitted(longer), fitted(alone)
    for name in ("q10", "q50", "q90"):
        rows = alone.rows[:200]
        np.testing.assert_allclose(getattr(one, name).raw(rows), getattr(same, name).raw(rows))
    np.testing.assert_allclose(one.calibration.offset, same.calibration.offset)
    assert 0.7 < figure(evaluate(one, longer, split(longer)), "covered") < 0.9


def test_all_of_the_same_odds_are_advised_together() -> None:
    """The threshold lies at no plateau of which more misses than may, though its first do not."""
    odds, safe = np.full(1000, 0.95), np.arange(1000) >= 50
    assert _threshold(odds, safe[::-1], np.ones(1000)) == np.inf
    better = np.concatenate([odds, np.full(500, 0.99)])
    assert _threshold(better, np.append(safe[::-1], np.ones(500, bool)), np.ones(1500)) == 0.99
