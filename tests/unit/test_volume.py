"""Late rounds of the prices, on made-up dual functions whose greatest value is known."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import linprog
from scipy.sparse import coo_array

from evacroute.assignment.sweeper import Answer, PriceSet, Terms
from evacroute.assignment.volume import BOLD, Volume

F = np.float32
N_LINKS, N_SHELTERS = 3, 2

Option = tuple[float, int, int, int, bool]
"""Cost [slots]; slot, link and shelter used; whether it takes a step-free place."""

STAY: Option = (40.0, -1, -1, -1, False)


def made_terms() -> Terms:
    """Limits of three links and two shelters; the second has room and doors for all."""
    return Terms(
        order=np.arange(N_SHELTERS),
        node=np.zeros(N_SHELTERS, np.int32),
        node_shelter=np.zeros(1, np.int32),
        room=np.array([9, 99], F),
        free_room=np.array([2, 99], F),
        door=np.array([3, 99], F),
        link=np.array([2, 3, 50], F),
        space=np.ones(1),
        step_free=np.zeros(1, bool),
        weight=np.ones(1),
        unit=1.0,
        penalty=np.full(1, STAY[0]),
        allowed=np.zeros(1),
    )


class Dual:
    """Each party, of some size, takes what is cheapest for it; of that the dual value is made.

    It is concave and piecewise linear in the prices, its slope what is used less the limits. Its
    greatest value is the optimum of the linear program whose prices they are.
    """

    def __init__(self, seed: int, horizon: int, n_slots: int, link: float = 0.0) -> None:
        rng = np.random.default_rng(seed)
        self.terms, self.horizon, self.n_slots = made_terms(), horizon, n_slots
        self.parties: list[tuple[float, list[Option]]] = []
        for _ in range(12):
            ready, near, free = int(rng.integers(3)), int(rng.integers(2)), bool(rng.random() < 0.3)
            options = [STAY]
            for slot in range(ready, min(horizon, ready + 8)):
                wait = float(slot - ready)
                options.append((3 + wait, slot, near, 0, free))
                options.append((6.5 + wait, slot, 1, 1, free))
            self.parties.append((float(rng.integers(1, 4)), options))
        self.asked: list[tuple[PriceSet, float]] = []
        self.start = self.prices(link)
        self.start.value = self(self.start).value
        self.asked.clear()

    def prices(self, link: float) -> PriceSet:
        """Prices of links alone, all alike."""
        table = np.zeros((self.n_slots + 2, N_LINKS), F)
        table[: self.horizon] = link
        room, door = np.zeros(N_SHELTERS, F), np.zeros((self.n_slots + 2, N_SHELTERS), F)
        return PriceSet(np.arange(N_LINKS), table, room, room.copy(), door, np.zeros(1, F),
                        self.horizon)  # fmt: skip

    def __call__(self, prices: PriceSet) -> Answer:
        entries, admitted = np.zeros_like(prices.link), np.zeros_like(prices.door)
        free, total, terms = np.zeros(N_SHELTERS), 0.0, self.terms
        for size, options in self.parties:
            costs = [
                cost if s < 0 else cost + float(prices.link[slot, link] + prices.door[slot, s])
                + float(prices.room[s] + is_free * prices.free_room[s])
                for cost, slot, link, s, is_free in options
            ]  # fmt: skip
            least = int(np.argmin(costs))
            total += size * costs[least]
            _, slot, link, s, is_free = options[least]
            if s >= 0:
                entries[slot, link] += size
                admitted[slot, s] += size
                free[s] += size * is_free
        paid = (prices.link * terms.link).sum() + (prices.door * terms.door).sum()
        paid += prices.room @ terms.room + prices.free_room @ terms.free_room
        value = total - float(paid)
        self.asked.append((prices, value))
        return Answer(value, entries, admitted, free, total)

    def most(self) -> float:
        """Greatest dual value: the optimum of the linear program."""
        cells: dict[tuple[str, int, int], int] = {}
        limit, row, column, use, cost = [], [], [], [], []
        terms, whose = self.terms, []
        for p, (size, options) in enumerate(self.parties):
            for price, slot, link, s, is_free in options:
                used = [("link", link, slot, terms.link), ("door", s, slot, terms.door),
                        ("room", s, 0, terms.room)]  # fmt: skip
                used += [("free", s, 0, terms.free_room)] if is_free else []
                for name, at, when, limits in used if s >= 0 else []:
                    if (name, at, when) not in cells:
                        cells[name, at, when] = len(cells)
                        limit.append(float(limits[at]))
                    row.append(cells[name, at, when])
                    column.append(len(cost))
                    use.append(size)
                cost.append(size * price)
                whose.append(p)
        n = len(cost)
        below = coo_array((use, (row, column)), shape=(len(limit), n)).tocsr()
        each = coo_array((np.ones(n), (whose, np.arange(n)))).tocsr()
        found = linprog(cost, below, limit, each, np.ones(len(self.parties)))
        return float(found.fun)


def tables(prices: PriceSet) -> list[np.ndarray]:
    return [prices.link, prices.door, prices.room, prices.free_room]


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(("horizon", "n_slots"), [(10, 20), (10, 10), (120, 120)])
def test_every_round(seed: int, horizon: int, n_slots: int) -> None:
    """The value never falls and is that of the best prices asked, which are kept; no price is below
    0 or lies outside the slots swept; the step points up."""
    dual = Dual(seed, horizon, n_slots, link=1.0)
    volume = Volume(dual.terms, n_slots, dual.start)
    upper, before, greatest = 1.02 * dual.most(), dual.start.value, dual.start.value
    for _ in range(150):
        asked, value = volume.step(dual, upper)
        assert asked is dual.asked[-1][0]
        assert value == dual.asked[-1][1]
        greatest = max(greatest, value)
        assert volume.value >= before
        assert volume.value == pytest.approx(greatest)
        before = volume.value
        assert dual(volume.centre).value == pytest.approx(volume.value)
        assert all((table >= 0).all() for table in tables(volume.trial))
        assert not volume.trial.link[horizon:].any()
        assert not volume.trial.door[horizon + (horizon == n_slots) :].any()
        up = [float((a * b).sum()) for a, b in zip(volume.direction, volume._moves(), strict=True)]
        assert min(up) >= 0
    assert greatest > dual.start.value


@pytest.mark.parametrize("seed", range(4))
def test_it_reaches_the_greatest_value(seed: int) -> None:
    """From no prices, with the cost of a plan 2 % above the optimum, 400 rounds come within 0.1 %
    of the greatest value, and no answer is above it."""
    dual = Dual(seed, 10, 10)
    volume, most = Volume(dual.terms, 10, dual.start), dual.most()
    assert dual.start.value < 0.8 * most
    for _ in range(400):
        _, value = volume.step(dual, 1.02 * most)
        assert value <= most * (1 + 1e-5)
    assert volume.value >= 0.999 * most


def test_first_step() -> None:
    """The first step, where nothing is smoothed, is Polyak's against numpy: along the excess as a
    share of the limit, a price of 0 with too little flow staying 0."""
    dual = Dual(1, 10, 10)
    dual.start.link[:10, 1] = 2.0
    dual.start.value = value = dual(dual.start).value
    volume, upper = Volume(dual.terms, 10, dual.start), value + 100.0
    answer, terms = dual(dual.start), dual.terms
    volume.step(dual, upper)
    old, new = tables(dual.start), tables(volume.trial)
    excess = [
        answer.entries - terms.link, answer.admitted - terms.door,
        answer.admitted.sum(axis=0) - terms.room, answer.free - terms.free_room,
    ]  # fmt: skip
    excess[0][10:], excess[1][11:] = 0, 0
    stuck = [(price <= 0) & (over < 0) for price, over in zip(old, excess, strict=True)]
    for over, never in zip(excess, stuck, strict=True):
        over[never] = 0
    limits = [terms.link, terms.door, terms.room, terms.free_room]
    moves = [over / limit for over, limit in zip(excess, limits, strict=True)]
    square = sum(float((a * b).sum()) for a, b in zip(excess, moves, strict=True))
    length = BOLD * (upper - value) / square
    for price, was, move, never in zip(new, old, moves, stuck, strict=True):
        np.testing.assert_allclose(price, np.maximum(0, was + length * move), rtol=1e-4, atol=1e-5)
        assert not price[never].any()
    assert stuck[0].any()
    assert any((move < 0).any() for move in moves)


def test_what_is_not_used_stays_free() -> None:
    """A link that nobody uses never gets a price, nor a shelter with room for all."""
    dual = Dual(2, 10, 10)
    volume = Volume(dual.terms, 10, dual.start)
    for _ in range(100):
        volume.step(dual, 1.02 * dual.most())
        assert not volume.trial.link[:, 2].any()
        assert not volume.trial.door[:, 1].any()
        assert volume.trial.room[1] == volume.trial.free_room[1] == 0
    assert volume.centre.link.any()


def test_empty_slots_do_not_hold_a_crowded_one_down() -> None:
    """Where moves are smoothed, unused slots without a price count for nothing: around a crowded
    slot they get a price with it, farther off they keep none."""
    dual = Dual(3, 100, 100)
    slot = 40
    dual.parties = [(2.1, [STAY, (1.0, slot, 0, 1, False)])]
    dual.start.value = dual(dual.start).value
    volume = Volume(dual.terms, 100, dual.start)
    volume.step(dual, dual.start.value + 5)
    prices = volume.trial.link[:, 0]
    assert np.flatnonzero(prices).tolist() == list(range(slot - 4, slot + 5))
    assert prices.argmax() == slot
    assert not volume.trial.link[:, 1:].any()


def test_bolder_where_it_goes_on_shorter_where_it_fails() -> None:
    """Without a better answer for ten rounds the step gets shorter; it is never longer than twice
    the way, and nothing moves once the plan's cost is reached."""
    dual = Dual(0, 10, 10)
    volume, most = Volume(dual.terms, 10, dual.start), dual.most()
    bold = []
    for _ in range(400):
        volume.step(dual, 1.02 * most)
        bold.append(volume.bold)
    assert max(bold) > BOLD
    assert max(bold) <= 2
    assert min(bold[200:]) < max(bold)
    volume.step(dual, volume.value)
    for trial, centre in zip(tables(volume.trial), tables(volume.centre), strict=True):
        np.testing.assert_array_equal(trial, centre)
