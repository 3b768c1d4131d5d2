"""Taking admissions back: with one class of single people what is left is the exact optimum."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from naive import Best, best
from networks import grid
from scenes import on_the_grid, scene
from test_priced_placing import STEP, Bench, tight

import evacroute as er
from evacroute.assignment.cancelling import is_small, take_back


def crowded(seed: int) -> er.Scenario:
    """One class in narrow streets; hardly more places than people, so that shelters are full."""
    rng = np.random.default_rng(seed)
    network = on_the_grid(
        grid(4, 3, spacing=30.0, seed=seed, steps_share=0.0, missing_share=0.4), 10.0
    )
    capacity = rng.choice([0.1, 0.2, 0.3, 0.5], network.n_links // 2)
    network = replace(network, capacity=np.repeat(capacity, 2))
    crowd = [
        (int(rng.integers(12)), int(rng.integers(1, 9)), 10.0 * int(rng.integers(4)))
        for _ in range(8)
    ]
    people = sum(row[1] for row in crowd)
    doors = [
        (int(v), people // 4 + 1, 0, float(rng.choice([0.2, np.inf])))
        for v in rng.choice(12, 4, replace=False)
    ]
    return scene(network, crowd, doors, classes=[(1.0, 1.0)], deadline=1800.0)


@cache
def optimum(seed: int) -> Best:
    """What the exact solver finds for a crowd."""
    return best(crowded(seed), STEP)


@pytest.mark.parametrize("priced", [False, True])
def test_exact_for_one_class(priced: bool) -> None:
    """From the greedy's plan, which is dearer, hardly any cost above the exact optimum is left,
    whether or not prices lead the search well."""
    greedy = cost = least = 0.0
    for seed in range(12):
        bench = Bench(crowded(seed), seed, priced=priced)
        bench.place()
        before = bench.check()
        take_back(bench.placing, passes=50)
        after = bench.check()
        exact = optimum(seed)
        assert after.placed == before.placed == exact.most
        assert exact.cost - 1e-6 <= after.cost <= before.cost
        greedy, cost, least = greedy + before.cost, cost + after.cost, least + exact.cost
    assert greedy > 1.05 * least
    assert cost <= least + 0.03 * (greedy - least)


@pytest.mark.parametrize("seed", range(6))
def test_classes_and_households(seed: int) -> None:
    """With several classes, households and thin streets every rule is kept, nobody is lost and the
    cost does not rise."""
    bench = Bench(tight(seed, classes=2, households=True), seed)
    bench.place()
    before = bench.check()
    assert is_small(bench.placing.problem, bench.placing.net)
    take_back(bench.placing, passes=9)
    after = bench.check()
    assert after.placed == before.placed
    assert after.cost <= before.cost + 1e-6


def test_stops_when_told() -> None:
    """When the clock says no, what was gained stays and every rule is kept."""
    bench = Bench(crowded(1), 1, priced=False)
    bench.place()
    before = bench.check()
    asked = iter([True] * 12)
    take_back(bench.placing, passes=50, go_on=lambda: next(asked, False))
    assert bench.check().cost <= before.cost
