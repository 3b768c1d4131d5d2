"""The pricer: its best value is true, never falls, and changes only as is said."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from price_rooms import Town, dual, some_prices, town

from evacroute.assignment.pricing import Pricer
from evacroute.assignment.sweeper import PriceSet, copy_prices

REL = 2e-5
"""The sweeps are in single precision."""


@pytest.fixture
def pricers() -> Iterator[list[Pricer]]:
    """Filled by `pricer_of`; their threads are let go in the end."""
    made: list[Pricer] = []
    yield made
    for pricer in made:
        pricer.close()


def pricer_of(place: Town, made: list[Pricer], rounds: int = 60) -> Pricer:
    none = np.zeros(len(place.terms.node))
    pricer = Pricer(place.net, place.terms, place.crowd, place.n_slots, none, none, rounds)
    made.append(pricer)
    return pricer


def best_of(pricer: Pricer) -> PriceSet:
    assert pricer.best is not None
    return pricer.best


@pytest.mark.parametrize("seed", range(3))
def test_best_never_falls_and_is_true(seed: int, pricers: list[Pricer]) -> None:
    """The best value never falls, early or late; every new best has the dual value that the slow
    twin finds for its prices, which grows by much from first to last."""
    place = town(seed)
    pricer = pricer_of(place, pricers)
    pricer.start()
    first = best_of(pricer).value
    values = [first]
    assert first == pytest.approx(dual(place, best_of(pricer)), rel=REL)
    for i in range(12):
        pricer.rounds(10)
        values.append(best_of(pricer).value)
        if pricer.done >= pricer.total and pricer.upper == np.inf:
            pricer.upper = 1.05 * values[-1]
        if values[-1] > values[-2] and i % 4 == 0:
            assert values[-1] == pytest.approx(dual(place, best_of(pricer)), rel=REL)
    assert pricer.volume_began
    assert values == sorted(values)
    assert values[-1] == pytest.approx(dual(place, best_of(pricer)), rel=REL)
    assert values[-1] > 1.001 * first


@pytest.mark.parametrize("seed", range(3))
def test_allow(seed: int, pricers: list[Pricer]) -> None:
    """Allowing a class so many more to stay lowers the best value by these times the price of
    staying, and fewer raise it back by as much, but only where that is asked for. It is then no
    more than the dual value that the twin finds, who sets the price of staying anew."""
    place = town(seed, slots=12)
    pricer = pricer_of(place, pricers)
    pricer.start()
    pricer.rounds(20)
    before, stay = best_of(pricer).value, best_of(pricer).stay.astype(float)
    pricer.allow(np.array([2, 0, 1]))
    after = best_of(pricer).value
    assert after == pytest.approx(before - 2 * stay[0] - stay[2], rel=1e-9)
    assert place.terms.allowed.tolist() == [2, 0, 1]
    assert after <= dual(place, best_of(pricer)) + REL * abs(before)
    # Fewer of one and more of another: without `fewer` only the latter counts.
    pricer.allow(np.array([1, 3, 1]))
    assert best_of(pricer).value == pytest.approx(after - 3 * stay[1], rel=1e-9)
    assert place.terms.allowed.tolist() == [2, 3, 1]
    pricer.allow(np.array([0, 0, 0]), fewer=True)
    assert best_of(pricer).value == pytest.approx(before, rel=1e-9)
    assert not place.terms.allowed.any()
    pricer.rounds(20)
    assert best_of(pricer).value >= before - 1e-9
    assert best_of(pricer).value == pytest.approx(dual(place, best_of(pricer)), rel=REL)


def test_offer_keeps_only_better_prices(pricers: list[Pricer]) -> None:
    """Prices from elsewhere, on whatever links, are kept if their value is greater, else not."""
    place = town(0)
    good, poor = pricer_of(place, pricers), pricer_of(place, pricers)
    good.start()
    good.rounds(60)
    poor.start()
    before = best_of(poor).value
    worse = some_prices(place, 5, horizon=20)
    assert dual(place, worse) < before
    poor.offer(worse)
    assert best_of(poor).value == before
    better = best_of(good)
    assert better.value > before
    poor.offer(better)
    kept = best_of(poor)
    assert kept is not better
    assert kept.value == pytest.approx(better.value, rel=REL)
    np.testing.assert_array_equal(kept.links, better.links)
    np.testing.assert_array_equal(kept.link, better.link)
    # Late rounds go on from there, on its links.
    poor.total, poor.upper = poor.done, 1.02 * better.value
    poor.rounds(5)
    assert best_of(poor).value >= kept.value


@pytest.mark.parametrize("seed", range(3))
def test_start_from(seed: int, pricers: list[Pricer]) -> None:
    """Started from known prices the value is theirs from the first, and rounds only raise it."""
    place = town(seed)
    cold = pricer_of(place, pricers)
    cold.start()
    cold.rounds(60)
    known = copy_prices(best_of(cold), np.nan)
    warm = pricer_of(place, pricers)
    warm.start_from(known)
    value = dual(place, known)
    assert best_of(warm).value >= value - REL * abs(value)
    first = best_of(warm).value
    warm.rounds(30)
    assert best_of(warm).value >= first
    assert best_of(warm).value == pytest.approx(dual(place, best_of(warm)), rel=REL)


def test_same_prices_on_other_links(pricers: list[Pricer]) -> None:
    """As columns of the links priced now prices are the same where these had any, else 0; the rest
    of them is untouched."""
    place = town(3)
    pricer = pricer_of(place, pricers)
    pricer.start()
    prices = some_prices(place, 3, horizon=17)
    prices.value = 12.5
    mine = np.sort(np.r_[prices.links[1::2], np.setdiff1d(np.arange(20), prices.links)[:4]])
    pricer._price(mine)
    there = pricer._on_links(prices)
    np.testing.assert_array_equal(there.links, mine)
    for column, link in enumerate(mine.tolist()):
        old = np.flatnonzero(prices.links == link)
        expected = prices.link[:, old[0]] if len(old) else np.zeros(len(prices.link))
        np.testing.assert_array_equal(there.link[:, column], expected)
    for name in ("room", "free_room", "door", "stay", "horizon", "value"):
        assert np.array_equal(getattr(there, name), getattr(prices, name))
    assert pricer.horizon == 17


def test_more_rounds_do_not_depend_on_threads(pricers: list[Pricer]) -> None:
    """One thread and two find the same best value after the same rounds."""
    place = town(1)
    values = []
    for threads in (1, 2):
        pricer = pricer_of(place, pricers)
        pricer.use_threads(threads)
        pricer.start()
        pricer.rounds(25)
        values.append(best_of(pricer).value)
    assert values[0] == pytest.approx(values[1], rel=1e-6)
