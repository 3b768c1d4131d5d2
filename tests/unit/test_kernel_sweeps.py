"""Sweeps over time against slow twins in dictionaries."""

from __future__ import annotations

import numpy as np
import pytest
from naive_prices import Little, cheapest, little, send, static

from evacroute._kernels.sweeps import BIG, backward, forward, static_values

HORIZON = 9


def swept(city: Little, hard: bool) -> np.ndarray:
    """Values by the kernels, shape (HORIZON + 1, n_nodes)."""
    value = np.empty((HORIZON + 1, city.n), np.float32)
    if hard:
        value[HORIZON] = BIG
        np.minimum.at(value[HORIZON], city.shelter_node, city.room + city.door[HORIZON])
    else:
        to = np.empty(city.n, np.int32)
        static_values(city.lanes, city.shelter_node, city.room, city.weight, value[HORIZON], to)
    backward(city.lanes, city.price, city.shelter_node, city.room, city.door, city.weight, HORIZON,
             hard, value)  # fmt: skip
    return value


@pytest.mark.parametrize("seed", range(6))
def test_static_values(seed: int) -> None:
    """Without prices in time every node is worth its cheapest way to a shelter, which is named."""
    city = little(seed)
    value, to = np.empty(city.n, np.float32), np.empty(city.n, np.int32)
    static_values(city.lanes, city.shelter_node, city.room, city.weight, value, to)
    expected = static(city)
    for u in range(city.n):
        if u not in expected:
            assert value[u] == BIG
            assert to[u] == -1
            continue
        assert value[u] == pytest.approx(expected[u][0], rel=1e-5)
        assert static(city, only=int(to[u]))[u][0] == pytest.approx(expected[u][0], rel=1e-5)


@pytest.mark.parametrize("hard", [False, True])
@pytest.mark.parametrize("seed", range(6))
def test_backward(seed: int, hard: bool) -> None:
    """Each node and slot is worth the cheapest way from there, found by trying all that follow."""
    city = little(seed)
    value, expected = swept(city, hard), cheapest(city, HORIZON, hard)
    for t in range(HORIZON + 1):
        for u in range(city.n):
            if (t, u) in expected:
                assert value[t, u] == pytest.approx(expected[t, u], rel=1e-5)
            else:
                assert value[t, u] >= BIG / 2


@pytest.mark.parametrize("allowed", [0, 7, 1000])
@pytest.mark.parametrize("hard", [False, True])
@pytest.mark.parametrize("seed", range(6))
def test_forward(seed: int, hard: bool, allowed: int) -> None:
    """Everyone is sent a way that costs what its start is worth: cost, entries and admissions are
    those of some cheapest ways. As many as may stay do, at the price that is best for the bound."""
    city = little(seed)
    value = swept(city, hard)
    rng = np.random.default_rng(seed)
    m, penalty = 8, 40.0
    ready = rng.integers(HORIZON, size=m).astype(np.int32)
    size = rng.integers(1, 9, m).astype(np.float32)
    node = (np.arange(m, dtype=np.int32) - 1) % city.n
    none, whole = np.zeros(m, np.int32), np.arange(m + 1, dtype=np.int32)
    people = np.empty((HORIZON + 1, city.n), np.float32)
    entries = np.zeros((HORIZON + 1, city.n_rows), np.float32)
    admitted = np.zeros((HORIZON + 1, len(city.shelter_node)), np.float32)
    to = np.full(city.n, -1, np.int32)
    if not hard:
        static_values(city.lanes, city.shelter_node, city.room, city.weight, value[HORIZON], to)
    lanes = city.lanes
    total, stay = forward(
        lanes, city.price, city.shelter_node, city.node_shelter, city.room, city.door, city.weight,
        HORIZON, hard, value, to, penalty, float(allowed), ready, size,
        np.arange(m, dtype=np.int32), whole, node, none, lanes.item_ptr, lanes.item_row,
        lanes.item_off, people, entries, admitted, 1.0,
    )  # fmt: skip
    expected = cheapest(city, HORIZON, hard)
    cost = [min(expected.get((int(t), int(u)), penalty), penalty)
            for t, u in zip(ready, node, strict=True)]  # fmt: skip
    most = [float(np.minimum(cost, price) @ size) - price * allowed for price in [0, *cost, 40.0]]
    assert total - stay * allowed == pytest.approx(max(most), rel=1e-5, abs=1e-3)
    assert total == pytest.approx(float(np.minimum(cost, stay) @ size), rel=1e-5, abs=1e-3)
    lost = float(size[np.array(cost) > penalty - 1e-3].sum())
    left = min(max(lost, allowed), size.sum())
    assert admitted.sum() == pytest.approx(size.sum() - left, abs=1e-3)
    if allowed:
        return
    # What they pay for prices and walking together is what they cost.
    by_hand = send(city, HORIZON, hard, list(zip(ready, node, size, strict=True)), penalty)
    assert by_hand.total == pytest.approx(total, rel=1e-5)
    if by_hand.unique:
        np.testing.assert_allclose(entries[:HORIZON], by_hand.entries[:HORIZON])
        np.testing.assert_allclose(admitted, by_hand.admitted)
