"""Price steps against numpy."""

from __future__ import annotations

import numpy as np
import pytest
from naive_prices import smoothed

from evacroute._kernels.ascent import ascend, drift, smooth

F = np.float32


@pytest.mark.parametrize("half", [0, 1, 3, 8])
def test_smooth(half: int) -> None:
    """The moving average is that of numpy, also where the window is wider than the table."""
    excess = np.random.default_rng(half).normal(size=(7, 3)).astype(F)
    out = np.empty_like(excess)
    smooth(excess, out, half, np.empty(3, F))
    np.testing.assert_allclose(out, smoothed(excess, half), atol=1e-5)


@pytest.mark.parametrize("half", [0, 2])
def test_ascend(half: int) -> None:
    """Prices move by AdaGrad with momentum on the smoothed excess and never fall below 0."""
    rng = np.random.default_rng(half)
    shape = (9, 4)
    price, speed, square, mean = (rng.uniform(0, 1, shape).astype(F) for _ in range(4))
    speed -= F(0.8)
    flow, limit = rng.integers(0, 30, shape).astype(F), np.array([5, 9, 14, 25], F)
    before = [a.astype(float) for a in (price, speed, square, mean)]
    ascend(price, flow, limit, speed, square, mean, half, F(2.0), F(0.9), F(0.1),
           np.empty(shape, F),
           np.empty(shape, F), np.empty(4, F))  # fmt: skip
    excess = (flow - limit) / limit
    if half:
        excess = smoothed(smoothed(excess, half), half)
    expected_speed = 0.9 * before[1] + 0.1 * excess
    expected_square = before[2] + excess**2
    expected = np.maximum(0, before[0] + 2.0 * expected_speed / np.sqrt(expected_square + 0.1))
    np.testing.assert_allclose(speed, expected_speed, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(square, expected_square, rtol=1e-4)
    np.testing.assert_allclose(price, expected, rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(mean, before[3] + 0.1 * (expected - before[3]), rtol=1e-4, atol=1e-4)
    assert (price == 0).any()


def test_drift() -> None:
    """A stretch moves by its lasting excess; no price and no excess is no lack."""
    rng = np.random.default_rng(5)
    shape = (9, 4)
    price, speed, square = (rng.uniform(0, 1, shape).astype(F) for _ in range(3))
    price[:, 0] = 0
    speed -= F(0.6)
    flow, limit = rng.integers(0, 30, shape).astype(F), np.array([20, 9, 14, 25], F)
    before = [a.astype(float) for a in (price, speed, square)]
    drift(price, flow, limit, speed, square, 2, F(2.0), F(0.9), F(0.95),
          np.empty(shape, F), np.empty(shape, F), np.empty(4, F))  # fmt: skip
    excess = (flow - limit) / limit
    excess[(before[0] == 0) & (excess < 0)] = 0
    excess = smoothed(smoothed(excess, 2), 2)
    expected_speed = 0.9 * before[1] + 0.1 * excess
    expected_square = 0.95 * before[2] + excess**2
    expected = np.maximum(0, before[0] + 2.0 * expected_speed / np.sqrt(expected_square + 1))
    np.testing.assert_allclose(speed, expected_speed, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(square, expected_square, rtol=1e-4)
    np.testing.assert_allclose(price, expected, rtol=1e-4, atol=1e-4)
    assert (flow[:, 0] < 20).any()
