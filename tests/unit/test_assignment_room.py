"""Flows of people to shelters, and the prices that make them what everybody wants."""

from __future__ import annotations

import numpy as np
import pytest

from evacroute._kernels.graph import FAR
from evacroute.assignment.room import room_flow, short_prices


@pytest.mark.parametrize("seed", range(40))
def test_short_prices(seed: int) -> None:
    """Nobody who is placed would rather go elsewhere or stay, nobody left would rather go."""
    rng = np.random.default_rng(seed)
    n, m, n_classes = 12, int(rng.integers(1, 5)), 3
    cost = rng.integers(1, 60, (n, m)).astype(np.int32)
    cost[rng.random((n, m)) < 0.2] = FAR
    persons = rng.integers(1, 9, n)
    class_ = rng.integers(n_classes, size=n).astype(np.int32)
    need = class_ == 0
    room = rng.integers(0, 12, m)
    free_room = np.minimum(room, rng.integers(0, 6, m))
    rank = np.arange(n_classes)[class_]
    flow = room_flow(cost, persons, need, room, free_room, np.zeros(m), rank, widen=50)
    any_price, free_price, stay = short_prices(cost, flow, class_, need, room, free_room, n_classes)
    assert (any_price >= 0).all()
    assert (free_price >= any_price).all()
    filled = np.bincount(flow.shelter, flow.persons, m)
    assert (any_price[filled < room] == 0).all()
    price = np.where(need[:, None], free_price, any_price)
    places = np.where(need[:, None], free_room, room)
    total = np.where((cost < FAR) & (places > 0), cost + price, np.inf)
    left_of = np.bincount(class_, flow.left, n_classes)
    for o, s in zip(flow.origin, flow.shelter, strict=True):
        assert total[o, s] <= total[o].min()
        if left_of[class_[o]]:
            assert total[o, s] <= stay[class_[o]]
    for o in np.flatnonzero(flow.left):
        assert total[o].min() >= stay[class_[o]]


@pytest.mark.parametrize("seed", range(20))
def test_free_places_cost_nothing_where_others_are_short(seed: int) -> None:
    """Where only an island is short, free places elsewhere cost nothing, however rough the flow."""
    rng = np.random.default_rng(seed)
    n, m = 80, 8
    cost = rng.integers(1, 60, (n, m)).astype(np.int32)
    of_island = np.arange(m) < 2
    cost[(np.arange(n) < 20)[:, None] != of_island] = FAR
    persons = rng.integers(1, 9, n)
    class_ = rng.integers(2, size=n).astype(np.int32)
    need = np.zeros(n, bool)
    room = np.where(of_island, 20, rng.integers(20, 60, m))
    room[-1] = 500
    # A bad guess that is not mended leaves the flow a little dearer than the best.
    guess = rng.uniform(0, 90, m)
    flow = room_flow(cost, persons, need, room, room, guess, class_.astype(np.int64), widen=0)
    any_price, _, _ = short_prices(cost, flow, class_, need, room, room, 2)
    filled = np.bincount(flow.shelter, flow.persons, m)
    assert (filled < room).any()
    assert (any_price[filled < room] == 0).all()
    assert (any_price[of_island] > 0).any()
    assert flow.short.tolist() == of_island.tolist()
