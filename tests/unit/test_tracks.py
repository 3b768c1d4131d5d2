"""Tables of prices against numpy: other columns, a start from known prices, steps of places."""

from __future__ import annotations

import numpy as np
import pytest

from evacroute.assignment.tracks import KEEP, Drift, Track, begin_at, climb

F = np.float32
NAMES = ("now", "speed", "square", "mean")


def drawn(seed: int, shape: tuple[int, ...]) -> Track:
    rng = np.random.default_rng(seed)
    return Track(*(rng.uniform(0.5, 3.0, shape).astype(F) for _ in NAMES))


@pytest.mark.parametrize("which", [[2, 0], [-1, 1, -1, 1], [-1], []])
def test_columns_of_a_track(which: list[int]) -> None:
    """Known columns keep all that is remembered of them, new ones start at zero, and what is
    changed later does not change the old table."""
    track = drawn(1, (5, 3))
    new = track.columns(np.array(which, np.int64))
    for name in NAMES:
        old = np.hstack([getattr(track, name), np.zeros((5, 1))])
        np.testing.assert_array_equal(getattr(new, name), old[:, which])
        assert getattr(new, name).dtype == F
    before = track.now.copy()
    new.now += 1
    np.testing.assert_array_equal(track.now, before)


@pytest.mark.parametrize("which", [[2, 0], [-1, 1, -1], []])
def test_columns_of_a_drift(which: list[int]) -> None:
    """The same for the steps over stretches, whose width stays."""
    rng = np.random.default_rng(2)
    one = Drift(0.125, *(rng.uniform(0.5, 3.0, (5, 3)).astype(F) for _ in range(2)))
    new = one.columns(np.array(which, np.int64))
    assert new.share == 0.125
    for name in ("speed", "square"):
        old = np.hstack([getattr(one, name), np.zeros((5, 1))])
        np.testing.assert_array_equal(getattr(new, name), old[:, which])
        assert getattr(new, name).dtype == F


def test_start() -> None:
    """From known prices the mean is those prices, without momentum; what is taken to have been
    summed is given, and the prices handed over stay as they are."""
    prices = np.array([[0.0, 2.0], [3.0, 0.5]])
    track = begin_at(prices, 2.0)
    np.testing.assert_array_equal(track.now, prices)
    np.testing.assert_array_equal(track.mean, prices)
    np.testing.assert_array_equal(track.speed, np.zeros((2, 2)))
    np.testing.assert_array_equal(track.square, np.full((2, 2), 2.0))
    track.now += 1
    np.testing.assert_array_equal(track.mean, prices)
    np.testing.assert_array_equal(prices, [[0.0, 2.0], [3.0, 0.5]])


def test_climb() -> None:
    """Round by round one row moves by AdaGrad with momentum, never below 0; the other stays."""
    rng = np.random.default_rng(3)
    track = drawn(4, (2, 6))
    track.speed[0] -= 3
    other = [getattr(track, name)[1].copy() for name in NAMES]
    now, speed, square, mean = (getattr(track, name)[0].astype(float) for name in NAMES)
    below = False
    for rate in (1.0, 0.7, 0.3, 2.0):
        excess = rng.normal(-0.8, 2.0, 6)
        climb(track, 0, excess, rate, 0.1)
        speed = KEEP * speed + (1 - KEEP) * excess
        square = square + excess * excess
        step = now + 0.8 * rate * speed / np.sqrt(square + 0.01)
        below |= bool((step < 0).any())
        now = np.maximum(0, step)
        mean = 0.9 * mean + 0.1 * now
        for name, expected in zip(NAMES, (now, speed, square, mean), strict=True):
            np.testing.assert_allclose(getattr(track, name)[0], expected, rtol=1e-4, atol=1e-5)
    assert below
    for name, row in zip(NAMES, other, strict=True):
        np.testing.assert_array_equal(getattr(track, name)[1], row)


def test_climb_goes_up() -> None:
    """From a standstill too many people raise a price and too few lower it; 0 stays 0."""
    track = begin_at(np.array([[2.0, 2.0, 0.0, 0.0]]), 0.0)
    climb(track, 0, np.array([1.0, -1.0, 1.0, -1.0]), 0.5, 0.1)
    assert track.now[0, 0] > 2 > track.now[0, 1]
    assert track.now[0, 2] > 0 == track.now[0, 3]
