"""Sweeps for given prices against a slow twin: dual value, price of staying, flows."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from price_rooms import Town, dual, some_prices, town, worths

from evacroute._kernels.sweeps import BIG
from evacroute.assignment.lanes import Core, contract, whole_net
from evacroute.assignment.sweeper import PriceSet, Sweeper, copy_prices, exact_value, relative
from evacroute.people import Groups

SOFT, HARD = 25, 40
"""A horizon before the deadline, after which nothing has a price, and the deadline itself."""

ALL = [[0, 1, 2]]


def rows(place: Town, prices: PriceSet) -> np.ndarray:
    row = np.full(len(place.terms.link), -1, np.int32)
    row[prices.links] = np.arange(len(prices.links))
    return row


def sweeper(place: Town, prices: PriceSet, core: Core | None = None) -> Sweeper:
    core = whole_net(place.net, rows(place, prices)) if core is None else core
    return Sweeper(place.net, core, place.terms, place.crowd, place.n_slots, len(prices.links))


@pytest.mark.parametrize("horizon", [SOFT, HARD])
@pytest.mark.parametrize("seed", range(4))
def test_values(seed: int, horizon: int) -> None:
    """Each class's worth of each node and slot is the cheapest way from there, by trying all."""
    place = town(seed)
    prices = some_prices(place, seed, horizon=horizon)
    made = sweeper(place, prices)
    made.values(prices)
    for k in range(3):
        expected = worths(place, prices, k)
        for t in range(horizon):
            for u in range(place.net.n_nodes):
                if (t, u) in expected:
                    assert made.value[k, t, u] == pytest.approx(expected[t, u], rel=1e-5, abs=1e-4)
                else:
                    assert made.value[k, t, u] >= BIG / 2


@pytest.mark.parametrize("allowed", [0.0, 6.0])
@pytest.mark.parametrize("horizon", [SOFT, HARD])
@pytest.mark.parametrize("seed", range(4))
def test_dual_value(seed: int, horizon: int, allowed: float) -> None:
    """The value of an answer is the dual value added up one by one; on the contracted net and on
    two threads it is the same, and so is the exact one where nobody is allowed to stay."""
    place = town(seed, weights=(1.0, 3.0, 0.5))
    place.terms.allowed[:] = allowed
    prices = some_prices(place, seed, horizon=horizon)
    expected = dual(place, prices)
    whole = sweeper(place, prices).answer(prices, None, ALL)
    assert whole.value == pytest.approx(expected, rel=1e-5)
    core = contract(place.net, rows(place, prices), place.terms.node)
    assert core.n_nodes < place.net.n_nodes
    with ThreadPoolExecutor(2) as pool:
        small = sweeper(place, prices, core).answer(prices, pool, [[2, 0], [1]])
    assert small.value == pytest.approx(expected, rel=1e-5)
    exact = exact_value(place.net, place.terms, place.crowd, place.n_slots, prices)
    assert exact == pytest.approx(dual(place, prices, stay=True), rel=1e-9)


@pytest.mark.parametrize("horizon", [SOFT, HARD])
@pytest.mark.parametrize("seed", range(4))
def test_answer_is_a_subgradient(seed: int, horizon: int) -> None:
    """Entries and admissions tell how the dual value changes: at other prices it is no more than
    the value here plus, for each price, its change times who came less who may."""
    place = town(seed)
    terms = place.terms
    prices = some_prices(place, seed, horizon=horizon)
    answer = sweeper(place, prices).answer(prices, None, ALL)
    inside = answer.admitted[: horizon + 1].sum(axis=0)
    for other_seed in range(3):
        other = some_prices(place, 100 + other_seed, horizon=horizon)
        other.links = prices.links
        change = (
            (other.link[:horizon] - prices.link[:horizon])
            * (answer.entries[:horizon] - terms.link[prices.links])
        ).sum(dtype=np.float64)
        change += (
            (other.door[: horizon + 1] - prices.door[: horizon + 1])
            * (answer.admitted[: horizon + 1] - terms.door)
        ).sum(dtype=np.float64)
        change += float(((other.room - prices.room) * (inside - terms.room)).sum())
        free_change = (other.free_room - prices.free_room) * (answer.free - terms.free_room)
        change += float(free_change.sum())
        got = sweeper(place, other).answer(other, None, ALL).value
        assert got <= answer.value + change + 1e-4 * abs(got)


def test_missing_classes_are_missing() -> None:
    """An answer of some classes counts these alone; the parts add up to the whole."""
    place = town(1)
    prices = some_prices(place, 1, horizon=SOFT)
    made = sweeper(place, prices)
    whole = made.answer(prices, None, ALL)
    entries, total = whole.entries[:SOFT].copy(), whole.total
    parts, sums = np.zeros_like(entries), 0.0
    for share in ([0, 2], [1]):
        answer = made.answer(prices, None, [share])
        parts, sums = parts + answer.entries[:SOFT], sums + answer.total
    np.testing.assert_allclose(parts, entries, atol=1e-3)
    assert sums == pytest.approx(total)


def test_copies_stand_alone() -> None:
    """A copy of prices keeps what it held, and nothing from the horizon on."""
    place = town(2)
    prices = some_prices(place, 2, horizon=SOFT)
    prices.link[SOFT + 3] = 9.0
    copy = copy_prices(prices, 5.0)
    before = prices.link[:SOFT].copy()
    prices.link[:] = 7.0
    prices.room[:] = 7.0
    np.testing.assert_array_equal(copy.link[:SOFT], before)
    assert not copy.link[SOFT:].any()
    assert copy.value == 5.0
    assert not (copy.room == 7.0).any()


@pytest.mark.parametrize("more", [0.01, 0.37, 2.0, 100.0])
def test_relative_weights(more: float) -> None:
    """Weights are divided by their mean over persons; all so many times more give the very same
    numbers, equal ones give ones, and those of nobody stay."""
    groups = Groups(
        np.array(["a", "b", "c"], object), [0, 0, 0], [0, 1, 0], [0.0, 0, 0], [3, 4, 1],
        np.zeros(3, bool),
    )  # fmt: skip
    weight = np.array([1.0, 3.0, 0.7])
    one, unit = relative(weight, groups)
    assert unit == pytest.approx((4 * 1.0 + 4 * 3.0) / 8)
    np.testing.assert_allclose(one * unit, weight, rtol=1e-11)
    other, other_unit = relative(more * weight, groups)
    np.testing.assert_array_equal(other, one)
    assert other_unit == pytest.approx(more * unit)
    np.testing.assert_array_equal(relative(np.full(3, more), groups)[0], np.ones(3))
    nobody = Groups(np.empty(0, object), *(np.zeros(0) for _ in range(4)), np.zeros(0, bool))
    np.testing.assert_allclose(relative(weight, nobody)[0], weight, rtol=1e-11)
