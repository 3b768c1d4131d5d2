"""Persons who take more than one person's street: plans, proofs and the bound."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from conftest import drawn
from drawn_scenes import exact_scenes, scenes
from hypothesis import given, settings
from hypothesis import strategies as st
from naive import best, check_feasible
from networks import grid
from scenes import on_the_grid, scene

import evacroute as er

METHODS = ("earliest_arrival", "shelter_flow")
SPACES = [1.0, 1.25, 1.5, 2.0, 2.6, 3.0]
STEP = 10.0


def with_space(scenario: er.Scenario, space: list[float]) -> er.Scenario:
    """The scenario with other street space by class."""
    classes = replace(scenario.group_classes, space=np.array(space))
    return er.Scenario(
        scenario.network,
        scenario.groups,
        scenario.shelters,
        classes=classes,
        deadline=scenario.deadline_s,
    )


@settings(max_examples=drawn(80))
@given(
    scenario=scenes(),
    space=st.lists(st.sampled_from(SPACES), min_size=3, max_size=3),
    method=st.sampled_from(METHODS),
    step=st.sampled_from([5.0, 7.5, 10.0]),
)
def test_every_rule_is_kept(
    scenario: er.Scenario, space: list[float], method: str, step: float
) -> None:
    """Whatever space the classes take, nobody is lost and no street takes more than it can."""
    plan = er.assign(with_space(scenario, space), method, step=step)
    check_feasible(plan)
    assert plan.placed + plan.left == scenario.persons


@settings(max_examples=drawn(40))
@given(scenario=exact_scenes(), space=st.sampled_from(SPACES), method=st.sampled_from(METHODS))
def test_proofs_are_true_where_everyone_is_wide(
    scenario: er.Scenario, space: float, method: str
) -> None:
    """No plan beats the exact one, and one that places fewer says 'not proven'."""
    wide = with_space(scenario, [space])
    exact = best(wide, STEP)
    plan = er.assign(wide, method, step=STEP)
    check_feasible(plan)
    assert plan.placed <= exact.most
    if plan.placed < exact.most:
        assert any("not proven" in reason for reason in plan.left_by_reason)
    else:
        assert plan.cost >= exact.cost - 1e-6


def mixed(seed: int) -> er.Scenario:
    """Three classes of drawn space on narrow streets, with room and time for most."""
    rng = np.random.default_rng(seed)
    network = on_the_grid(grid(3, 3, spacing=30.0, seed=seed, steps_share=0.2), 10.0)
    capacity = rng.choice([0.1, 0.2, 0.25, 0.4], network.n_links // 2)
    network = replace(network, capacity=np.repeat(capacity, 2))
    crowd = [
        (int(rng.integers(9)), int(rng.integers(1, 7)), float(rng.integers(4) * 10), k)
        for k in (0, 1, 2, 0, 1, 2)
    ]
    people = sum(row[1] for row in crowd)
    doors = [(int(v), people, people, 0.5) for v in rng.choice(9, 2, replace=False)]
    space = rng.choice([1.0, 1.5, 2.0, 2.6, 3.0], 3)
    classes = [(1.0, 0.5, 0, space[0]), (0.5, 0.25, 0, space[1]), (0.5, 0.0, 0, space[2])]
    return scene(network, crowd, doors, classes=classes, deadline=float(rng.integers(12, 40) * 10))


@pytest.mark.parametrize("seed", range(16))
def test_mixed_spaces_against_the_exact_plan(seed: int) -> None:
    """Where classes of different space share streets no plan beats the exact one, proofs are true
    and the bound of over_time is one."""
    scenario = mixed(seed)
    exact = best(scenario, STEP)
    for method in (*METHODS, "over_time"):
        limit = {"time_limit": 20.0} if method == "over_time" else {}
        plan = er.assign(scenario, method, step=STEP, **limit)
        check_feasible(plan)
        assert plan.placed <= exact.most
        if plan.placed < exact.most:
            assert any("not proven" in reason for reason in plan.left_by_reason)
            continue
        assert plan.cost >= exact.cost - 1e-6
        if plan.bound is not None and exact.most == scenario.persons:
            assert plan.bound <= exact.cost * (1 + 1e-6)


@pytest.mark.parametrize("seed", range(4))
def test_space_of_one_changes_nothing(seed: int) -> None:
    """Where every class takes one person's space, all is as if nobody had told it."""
    scenario = mixed(seed)
    alike = with_space(scenario, [1.0, 1.0, 1.0])
    classes = replace(alike.group_classes, space=np.empty(0))
    untold = er.Scenario(
        alike.network, alike.groups, alike.shelters, classes=classes, deadline=alike.deadline_s
    )
    for method in METHODS:
        mine, other = er.assign(alike, method, step=STEP), er.assign(untold, method, step=STEP)
        assert mine.movements.equals(other.movements)


@pytest.mark.parametrize("method", ["shelter_flow", "over_time"])
@pytest.mark.parametrize("density", [0.1, 0.5, 2.0])
def test_density_stays_below_its_ceiling(method: str, density: float) -> None:
    """A plan under a ceiling of density keeps it, and is no better than one without."""
    network = grid(4, 4, spacing=40.0, seed=3, steps_share=0.3)
    crowd = [(v, 12, 10.0 * (v % 3), v % 2) for v in range(12)]
    scenario = scene(network, crowd, [(15, 200), (3, 60)], classes=[(1.3, 0.7), (0.8, 0.4, 0, 1.5)])
    kind = {"time_limit": 20.0} if method == "over_time" else {}
    plan = er.assign(scenario, method, max_density=density, **kind)
    assert er.verify(plan)["density"].ok
    assert er.verify(plan).ok
    free = er.assign(scenario, method, **kind)
    assert (plan.left, plan.cost) >= (free.left, free.bound or 0.0)
