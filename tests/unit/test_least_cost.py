"""Placing people who are all alike: at the exact optimum, with prices that prove it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from expansion import least_cost
from lattices import lattice
from naive import best
from networks import grid
from scenes import on_the_grid, scene
from test_priced_placing import STEP, Bench, tight

import evacroute as er
from evacroute.assignment.least_cost import is_simple, place_all
from evacroute.assignment.sweeper import exact_value, gather_crowd


def crowded(seed: int, *, chains: bool, size: int = 1, more: int = 1) -> er.Scenario:
    """Parties of one size in narrow streets, with hardly more places than people."""
    rng = np.random.default_rng(seed)
    network = grid(
        4, 3, spacing=30.0, seed=seed, steps_share=0.0, missing_share=0.4 if chains else 0.0
    )
    network = on_the_grid(network, 10.0)
    capacity = size * rng.choice([0.1, 0.2, 0.3, 0.5], network.n_links // 2)
    network = replace(network, capacity=np.repeat(capacity, 2))
    crowd = [
        (int(rng.integers(12)), size if size > 1 else int(rng.integers(1, 9)),
         10.0 * int(rng.integers(4)), 0, size > 1)
        for _ in range(8)
    ]  # fmt: skip
    people = sum(row[1] for row in crowd)
    doors = [
        (int(v), people // 4 // size * size + more * size, 0,
         float(size * rng.choice([0.2, np.inf])))
        for v in rng.choice(12, 4, replace=False)
    ]  # fmt: skip
    return scene(network, crowd, doors, classes=[(1.0, 1.0)], deadline=1800.0)


@pytest.mark.parametrize("chains", [False, True])
@pytest.mark.parametrize("priced", [False, True])
def test_exact(chains: bool, priced: bool) -> None:
    """Whatever prices it starts from, the plan costs what the exact solver's does; where no links
    are shared its prices prove that to the second."""
    for seed in range(12):
        scenario = crowded(seed, chains=chains)
        bench = Bench(scenario, seed, priced=priced)
        placing = bench.placing
        assert is_simple(placing)
        prices = place_all(placing)
        plan, exact = bench.check(), best(scenario, STEP)
        assert prices is not None
        assert plan.placed == exact.most == scenario.persons
        assert exact.cost - 1e-6 <= plan.cost
        counted = np.ones(len(scenario.groups), bool)
        people = gather_crowd(bench.problem, bench.net, counted)
        value = exact_value(bench.net, bench.terms, people, bench.problem.n_slots, prices) * STEP
        assert value <= exact.cost + 1e-6
        assert plan.cost == pytest.approx(exact.cost, rel=0.01 if chains else 1e-9)
        if not chains:
            assert value == pytest.approx(exact.cost, rel=1e-9)


@pytest.mark.parametrize("seed", range(6))
def test_households_of_one_size(seed: int) -> None:
    """Households of three keep every rule, and all are placed."""
    scenario = crowded(seed, chains=False, size=3)
    bench = Bench(scenario, seed)
    assert is_simple(bench.placing)
    assert place_all(bench.placing) is not None
    assert bench.check().placed == scenario.persons


def test_too_little_room() -> None:
    """Where somebody must be left nobody is placed, and everything is as free as before."""
    bench = Bench(crowded(0, chains=False, more=-2), 0)
    places = bench.placing.places
    before = places.link.copy(), places.intake.copy(), places.room.copy()
    assert place_all(bench.placing) is None
    places = bench.placing.places
    assert bench.check().placed == 0
    for old, new in zip(before, (places.link, places.intake, places.room), strict=True):
        np.testing.assert_array_equal(old, new)


def test_stops_when_told() -> None:
    """When the clock says no, nobody is placed."""
    bench = Bench(crowded(1, chains=False), 1, priced=False)
    asked = iter([True])
    assert place_all(bench.placing, lambda: next(asked, False)) is None
    assert bench.check().placed == 0


def test_who_is_alike() -> None:
    """Several classes, households of several sizes and thin streets are not simple."""
    assert not is_simple(Bench(tight(0, classes=2), 0).placing)
    assert not is_simple(Bench(tight(1), 1).placing)
    mixed = crowded(0, chains=False)
    groups = replace(mixed.groups, together=np.ones(len(mixed.groups), bool))
    assert len(np.unique(groups.size)) > 1
    mixed = er.Scenario(
        mixed.network, groups, mixed.shelters, classes=mixed.group_classes,
        deadline=mixed.deadline_s,
    )  # fmt: skip
    assert not is_simple(Bench(mixed, 0).placing)


@pytest.mark.parametrize("seed", range(3))
def test_over_time(seed: int) -> None:
    """A city of people who are all alike gets the plan of least cost, without a stage of
    improvement, and prices that prove it but for links shared with people inside a chain."""
    scenario = lattice(20, 20, persons=3000, homes=100, shelters=4, seed=seed)
    plan = er.assign(scenario, "over_time", step=60.0, gap=0.003)
    assert er.verify(plan).ok
    assert plan.left == 0
    assert plan.cost == pytest.approx(least_cost(scenario, 60.0))
    assert plan.gap is not None
    assert plan.gap <= 0.003
    assert plan.settings["stages"] == 0
