"""Against the exact answer: HiGHS on the network expanded over time."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from conftest import drawn
from drawn_scenes import exact_scenes
from hypothesis import given, settings
from hypothesis import strategies as st
from naive import best, check_feasible, most_by_networkx
from networks import grid
from scenes import on_the_grid, scene

import evacroute as er

METHODS = ("earliest_arrival", "shelter_flow")
STEP = 10.0


@settings(max_examples=drawn(25))
@given(scenario=exact_scenes())
def test_the_two_exact_solvers_agree(scenario: er.Scenario) -> None:
    """HiGHS and networkx place as many."""
    assert best(scenario, STEP).most == most_by_networkx(scenario, STEP)


@settings(max_examples=drawn(120))
@given(scenario=exact_scenes(), method=st.sampled_from(METHODS))
def test_never_better_than_exact_and_proofs_are_true(scenario: er.Scenario, method: str) -> None:
    """No plan beats the exact one; one that places fewer says 'not proven', one that does not may
    not say it."""
    exact = best(scenario, STEP)
    plan = er.assign(scenario, method, step=STEP)
    check_feasible(plan)
    assert plan.placed <= exact.most
    unsure = any("not proven" in reason for reason in plan.left_by_reason)
    assert unsure == (plan.placed < exact.most)
    if plan.placed == exact.most:
        assert plan.cost >= exact.cost - 1e-6


@settings(max_examples=drawn(60))
@given(scenario=exact_scenes(), more=st.sampled_from(["room", "capacity", "time", "intake"]))
def test_more_never_leaves_more_people_out(scenario: er.Scenario, more: str) -> None:
    """More room, width, time or faster doors never place fewer, but where a plan says that it may
    not be the best."""
    network, shelters, deadline = scenario.network, scenario.shelters, scenario.deadline_s
    if more == "room":
        shelters = replace(shelters, capacity=shelters.capacity + 3)
    elif more == "capacity":
        network = replace(network, capacity=network.capacity + 0.1)
    elif more == "time":
        deadline += 20.0
    else:
        shelters = replace(shelters, intake_rate=shelters.intake_rate + 0.2)
    easier = er.Scenario(
        network, scenario.groups, shelters, classes=scenario.group_classes, deadline=deadline
    )
    assert best(easier, STEP).most >= best(scenario, STEP).most
    before, after = er.assign(scenario, step=STEP), er.assign(easier, step=STEP)
    if after.placed < before.placed:
        assert any("not proven" in reason for reason in after.left_by_reason)


def tight(seed: int) -> er.Scenario:
    """One class in narrow streets with little room and time, the same for a seed."""
    rng = np.random.default_rng(seed)
    network = grid(
        int(rng.integers(2, 5)),
        int(rng.integers(2, 5)),
        spacing=30.0,
        seed=seed,
        steps_share=0.0,
        missing_share=0.3,
    )
    network = on_the_grid(network, 10.0)
    capacity = rng.choice([0.1, 0.1, 0.2, 0.3, 0.5], network.n_links // 2)
    network = replace(network, capacity=np.repeat(capacity, 2))
    n = network.n_nodes
    crowd = [
        (int(rng.integers(n)), int(rng.integers(1, 12)), float(rng.integers(4) * 10))
        for _ in range(int(rng.integers(2, 9)))
    ]
    people = sum(row[1] for row in crowd)
    doors = [
        (int(v), int(rng.integers(1, people + 1)), 0, float(rng.choice([0.1, 0.2, 0.5, np.inf])))
        for v in rng.choice(n, int(rng.integers(1, 4)), replace=False)
    ]
    return scene(network, crowd, doors, deadline=float(rng.integers(4, 25) * 10))


def test_how_complete_and_how_good() -> None:
    """Over 150 tight scenarios few plans leave out anyone whom the exact solver places."""
    incomplete = dict.fromkeys(METHODS, 0)
    placed = dict.fromkeys(METHODS, 0)
    most = 0
    for seed in range(150):
        scenario = tight(seed)
        exact = best(scenario, STEP)
        most += exact.most
        for method in METHODS:
            plan = er.assign(scenario, method, step=STEP)
            incomplete[method] += plan.placed < exact.most
            placed[method] += plan.placed
    assert incomplete["earliest_arrival"] <= 0.12 * 150
    assert incomplete["shelter_flow"] <= 0.03 * 150
    assert placed["shelter_flow"] >= 0.995 * most


@pytest.mark.parametrize("seed", range(12))
def test_with_wide_streets_the_flow_is_exact(seed: int) -> None:
    """Where only the room of shelters is short, shelter_flow's cost is the exact optimum.

    Three classes share the shelters, one of them needs step-free places.
    """
    rng = np.random.default_rng(seed)
    network = on_the_grid(grid(4, 3, spacing=30.0, seed=seed, steps_share=0.3), 10.0)
    network = replace(network, capacity=np.full(network.n_links, 50.0))
    crowd = [
        (int(rng.integers(12)), int(rng.integers(1, 9)), float(rng.integers(6) * 10),
         int(rng.integers(3)))
        for _ in range(8)
    ]  # fmt: skip
    people = sum(row[1] for row in crowd)
    doors = []
    for v in rng.choice(12, 3, replace=False):
        room = int(rng.integers(people // 5, people // 2))
        doors.append((int(v), room, int(rng.integers(0, room // 2 + 1))))
    scenario = scene(network, crowd, doors, classes=[(1.0, 0.5), (0.5, 0.25), (0.5, 0.0)],
                     deadline=900.0)  # fmt: skip
    exact = best(scenario, STEP)
    plan = er.assign(scenario, step=STEP)
    check_feasible(plan)
    assert plan.placed == exact.most
    # Who is left is chosen by need, not by cost.
    if exact.most == scenario.persons:
        assert plan.cost == pytest.approx(exact.cost)


@pytest.mark.parametrize("seed", range(30))
def test_many_classes_and_households(seed: int) -> None:
    """With classes and households too no plan beats the exact one, and proofs are true."""
    rng = np.random.default_rng(seed)
    network = on_the_grid(grid(3, 3, spacing=30.0, seed=seed, steps_share=0.25), 10.0)
    capacity = rng.choice([0.1, 0.2, 0.3, 0.5], network.n_links // 2)
    network = replace(network, capacity=np.repeat(capacity, 2))
    crowd = []
    for _ in range(6):
        household = bool(rng.random() < 0.3)
        size = int(rng.integers(2, 5) if household else rng.integers(1, 9))
        crowd.append(
            (int(rng.integers(9)), size, float(rng.integers(4) * 10), int(rng.integers(3)),
             household)
        )  # fmt: skip
    people = sum(row[1] for row in crowd)
    doors = []
    for v in rng.choice(9, 2, replace=False):
        room = int(rng.integers(1, people + 1))
        doors.append((int(v), room, int(rng.integers(0, room // 2 + 1)), 0.3))
    scenario = scene(network, crowd, doors, classes=[(1.0, 0.5), (0.5, 0.25), (0.5, 0.0)],
                     deadline=float(rng.integers(6, 25) * 10))  # fmt: skip
    exact = best(scenario, STEP)
    assert exact.most <= best(scenario, STEP, whole=False).most
    for method in METHODS:
        plan = er.assign(scenario, method, step=STEP)
        check_feasible(plan)
        assert plan.placed <= exact.most
        if plan.placed < exact.most:
            assert any("not proven" in reason for reason in plan.left_by_reason)
        else:
            assert plan.cost >= exact.cost - 1e-6
