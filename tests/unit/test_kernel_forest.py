"""Scoring of oblivious trees against a slow twin."""

from __future__ import annotations

import numpy as np
import pytest
from forests import drawn_forest, drawn_rows
from naive_forest import along, raw

from evacroute._kernels.forest import BLOCK, settle
from evacroute.scoring.forest import Forest, Forests, as_rows

NAN, INF = np.nan, np.inf


@pytest.mark.parametrize("depth", range(1, 9))
def test_scores_are_those_of_the_twin(depth: int) -> None:
    """Rows get the twin's scores at every depth, with values on thresholds and NaN among them."""
    rng = np.random.default_rng(depth)
    forest, rows = drawn_forest(rng, depth), drawn_rows(rng, 60)
    np.testing.assert_allclose(forest.raw(rows), raw(forest, rows), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("n_rows", [0, 1, BLOCK - 1, BLOCK, BLOCK + 1, 2 * BLOCK + 3])
def test_blocks(n_rows: int) -> None:
    """Every row is scored, however many there are and wherever a block ends."""
    rng = np.random.default_rng(n_rows)
    forest, rows = drawn_forest(rng, n_trees=3), drawn_rows(rng, n_rows)
    np.testing.assert_allclose(forest.raw(rows), raw(forest, rows), rtol=1e-12, atol=1e-12)


def test_a_value_on_the_threshold_is_not_above() -> None:
    """A value equal to the threshold gives bit 0, the next float gives 1; NaN and -inf give 0."""
    border = np.float32(0.1)
    above = np.nextafter(border, np.float32(1))
    forest = Forest([[0]], [[border]], [[10.0, 20.0]], 1.0, 0.0, 1)
    rows = [[border], [above], [NAN], [-INF], [INF]]
    assert forest.raw(rows).tolist() == [10.0, 20.0, 10.0, 10.0, 20.0]


def test_nan_is_less_than_the_lowest_border() -> None:
    """A border below every number parts NaN from all numbers, as nan_mode Min has it."""
    lowest = np.finfo(np.float32).min
    forest = Forest([[0]], [[lowest]], [[10.0, 20.0]], 1.0, 0.0, 1)
    assert forest.raw([[NAN], [-3e38], [0.0]]).tolist() == [10.0, 20.0, 20.0]


def test_levels_that_are_not_there() -> None:
    """Not even infinity is above the threshold inf."""
    forest = Forest([[0, 0]], [[0.0, INF]], [[1.0, 2.0, 3.0, 4.0]], 1.0, 0.0, 1)
    assert forest.raw([[-INF], [INF]]).tolist() == [1.0, 2.0]


def test_forests_together() -> None:
    """Forests of different depth and size give in one pass what each gives alone."""
    rng = np.random.default_rng(3)
    several = [drawn_forest(rng, depth, size) for depth, size in ((2, 4), (8, 3), (6, 0), (5, 9))]
    rows = as_rows(drawn_rows(rng, 30), 5)
    low, high = np.full((2, 5), np.inf, dtype=np.float32) * np.array([[-1], [1]], np.float32)
    out, clipped, missing = Forests.stack(several).raw(rows, low, high)
    for forest, scores in zip(several, out, strict=True):
        assert scores.tolist() == forest.raw(rows).tolist()
    assert out[2].tolist() == [-0.25] * 30, "a forest without trees gives its bias"
    assert clipped.tolist() == [0] * 5
    assert missing is not None
    assert missing.tolist() == np.isnan(rows).sum(axis=0).tolist()


def test_limits() -> None:
    """Values outside the limits score as the limits, are counted, and NaN stays NaN."""
    rng = np.random.default_rng(4)
    forest, rows = drawn_forest(rng), drawn_rows(rng, BLOCK + 50)
    low, high = np.array([-1, -1, -2, 0, -9], np.float32), np.array([1, 2, 0, 0, 9], np.float32)
    out, clipped, missing = Forests.stack([forest]).raw(as_rows(rows, 5), low, high)
    np.testing.assert_array_equal(out[0], forest.raw(np.clip(rows, low, high)))
    assert clipped.tolist() == ((rows < low) | (rows > high)).sum(axis=0).tolist()
    assert clipped[4] == 0 < clipped[0]
    assert missing is not None
    assert missing.tolist() == np.isnan(rows).sum(axis=0).tolist()


def test_settle() -> None:
    """Odds go along the table of their kind, quantiles get its offsets and are put in order."""
    rng = np.random.default_rng(5)
    n, tables = 200, 4
    scores = rng.normal(scale=3, size=(4, n))
    kind = rng.integers(-1, tables - 1, n)
    knot = np.cumsum(rng.uniform(0.1, 2, (tables, 5)), axis=1) - 4
    logit = np.cumsum(rng.uniform(0, 2, (tables, 5)), axis=1) - 3
    scores[0, :5] = knot[kind[:5], [0, 1, 2, 3, 4]]
    offset, threshold = rng.normal(size=(tables, 3)), rng.uniform(0.2, 0.9, tables)
    p, q, safe = np.empty(n), np.empty((3, n)), np.empty(n, bool)
    assert settle(scores, kind, knot, logit, offset, threshold, p, q, safe) == 0
    for i, k in enumerate(kind.tolist()):
        z = along(scores[0, i], knot[k].tolist(), logit[k].tolist())
        assert p[i] == pytest.approx(1 / (1 + np.exp(-z)), rel=1e-12)
        assert safe[i] == (p[i] >= threshold[k])
        assert q[:, i].tolist() == sorted(scores[1:, i] + offset[k])
    assert 0 < safe.sum() < n


def test_settle_counts_kinds_it_does_not_know() -> None:
    """Kinds below -1 and from the last table on are counted and left alone."""
    kind = np.array([-2, -1, 0, 1, 2])
    ends = np.array([[-9.0, 9.0]] * 2)
    p, q, safe = np.full(5, 7.0), np.empty((3, 5)), np.empty(5, bool)
    found = settle(np.zeros((4, 5)), kind, ends, ends, np.zeros((2, 3)), np.ones(2), p, q, safe)
    assert found == 3
    assert p.tolist() == [7.0, 0.5, 0.5, 7.0, 7.0]


def test_higher_raw_odds_are_never_lower_afterwards() -> None:
    """The table never turns the order of two raw logits round, not even by rounding."""
    rng = np.random.default_rng(6)
    knot = np.sort(rng.normal(size=(1, 8)), axis=1)
    logit = np.sort(rng.normal(size=(1, 8)).round(1), axis=1)
    n = 20_000
    scores = np.zeros((4, n))
    scores[0] = np.sort(rng.uniform(-3, 3, n))
    near = np.repeat(knot[0], 2)
    near[1::2] = np.nextafter(near[1::2], -INF)
    scores[0, : len(near)] = near
    scores[0].sort()
    p, q, safe = np.empty(n), np.empty((3, n)), np.empty(n, bool)
    settle(scores, np.full(n, -1), knot, logit, np.zeros((1, 3)), np.ones(1), p, q, safe)
    assert (np.diff(p) >= 0).all()
