"""The search against its twin: a Dijkstra over slots and nodes with dictionaries."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from naive import bookings, check_feasible, earliest
from networks import grid
from scenes import on_the_grid, scene

import evacroute as er

STEP = 10.0


def crowded(seed: int, *, households: bool = False, thin: bool = False) -> er.Scenario:
    """A small grid of narrow streets with more people than it can bring to safety at once."""
    rng = np.random.default_rng(seed)
    network = on_the_grid(grid(4, 3, spacing=30.0, seed=seed, missing_share=0.4), 10.0)
    if thin:
        capacity = rng.choice([0.04, 0.05, 0.07, 0.09, 0.1, 0.4], network.n_links)
        network = replace(network, capacity=capacity)
    crowd = [
        (
            int(rng.integers(12)),
            int(rng.integers(1, 6)),
            float(rng.integers(0, 50)),
            int(rng.integers(3)),
            households and bool(rng.random() < 0.4),
        )
        for _ in range(12)
    ]
    doors = [
        (int(v), int(rng.integers(5, 20)), 4, float(rng.choice([0.1, 0.3, np.inf])))
        for v in rng.choice(12, 2, replace=False)
    ]
    classes = [(1.0, 0.5), (0.5, 0.25), (0.5, 0.0)]
    return scene(network, crowd, doors, classes=classes, deadline=float(rng.integers(15, 40) * 10))


@pytest.mark.parametrize("thin", [False, True])
@pytest.mark.parametrize("seed", range(25))
def test_the_last_to_be_placed_arrives_as_early_as_can_be(seed: int, thin: bool) -> None:
    """Given all others' bookings, whoever was placed last arrives when the twin says."""
    scenario = crowded(seed, thin=thin)
    plan = er.assign(scenario, "earliest_arrival", step=STEP)
    check_feasible(plan)
    moves = plan.movements
    order = np.argsort(np.ceil(scenario.groups.ready_time / STEP), kind="stable")
    last = max(range(len(moves)), key=lambda m: (order.tolist().index(moves.group[m]), m))
    others = bookings(plan, [m for m in range(len(moves)) if m != last])
    slot = earliest(scenario, STEP, int(moves.group[last]), others)
    assert slot is not None
    assert moves.arrive[last] == slot * STEP


@pytest.mark.parametrize("seed", range(25))
def test_the_first_arrives_as_if_alone(seed: int) -> None:
    """The first group to be ready finds the streets empty."""
    scenario = crowded(seed)
    plan = er.assign(scenario, "earliest_arrival", step=STEP)
    order = np.argsort(np.ceil(scenario.groups.ready_time / STEP), kind="stable")
    first = int(order[0])
    arrive = plan.movements.arrive[plan.movements.group == first]
    slot = earliest(scenario, STEP, first)
    assert (arrive.min() if len(arrive) else None) == (None if slot is None else slot * STEP)


@pytest.mark.parametrize("method", ["earliest_arrival", "shelter_flow"])
@pytest.mark.parametrize("thin", [False, True])
@pytest.mark.parametrize("seed", [*range(25), 67, 162])
def test_who_is_left_has_no_way_in_time(method: str, seed: int, thin: bool) -> None:
    """Among all the bookings of the plan there is no gap through which one more could go."""
    scenario = crowded(seed, thin=thin)
    plan = er.assign(scenario, method, step=STEP)
    taken = bookings(plan, range(len(plan.movements)))
    for group in plan.movements.left_group.tolist():
        assert earliest(scenario, STEP, group, taken) is None


@pytest.mark.parametrize("seed", range(15))
def test_households_in_a_crowd(seed: int) -> None:
    """With households among them the plans keep every rule, and no household is parted."""
    scenario = crowded(seed, households=True)
    for method in ("earliest_arrival", "shelter_flow"):
        check_feasible(er.assign(scenario, method, step=STEP))
