"""Small instances against exact answers: how far plans and bounds are from the least cost.

Seconds are printed, never judged.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

import pytest
from expansion import by_columns, least_cost
from lattices import FOUR_PACES, STEP, lattice

sys.path.insert(0, str(Path(__file__).parent))

from results import note

import evacroute as er


def plan_of(scenario: er.Scenario, gap: float) -> tuple[er.Plan, float, list[tuple[float, str]]]:
    """A plan, the seconds it took and what progress told when."""
    told: list[tuple[float, str]] = []
    begin = time.perf_counter()

    def note(text: str, share: float) -> None:
        told.append((time.perf_counter() - begin, text))

    plan = er.assign(scenario, "over_time", step=STEP, gap=gap, time_limit=60.0, progress=note)
    return plan, time.perf_counter() - begin, told


def seconds_to(told: list[tuple[float, str]], minutes: float) -> str:
    """When the mean cost first was no more than so many minutes."""
    for at, text in told:
        if "cost" in text and float(text.split("cost ")[1].split(" min")[0]) <= minutes:
            return f"{at:.1f}"
    return "never"


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_one_class(benchmark: Any, seed: int) -> None:
    """1,500 corners, 16,000 people of one pace, steps of 60 s: the plan costs at most 0.3 % more
    than the exact optimum, and its own bound proves that."""
    scenario = lattice(seed=seed)
    plan_of(scenario, 0.0)
    begin = time.perf_counter()
    exact = least_cost(scenario, STEP)
    solved = time.perf_counter() - begin
    plan, spent, told = benchmark.pedantic(plan_of, args=[scenario, 0.003], rounds=1)
    assert plan.bound is not None
    above, below = plan.cost / exact - 1, 1 - plan.bound / exact
    near = exact * 1.003 / scenario.persons / 60 + 0.005
    print(
        f"\none class, seed {seed}: plan +{above:.2%}, bound -{below:.2%} of the optimum, "
        f"{spent:.1f} s ({seconds_to(told, near)} s to 0.3 %), OR-Tools {solved:.1f} s"
    )
    note("small_exact", {
        "case": f"one class, seed {seed}", "persons": scenario.persons, "exact": exact,
        "above": above, "bound_below": below, "gap": plan.gap, "left": plan.left,
        "seconds": spent, "exact_s": solved,
    })  # fmt: skip
    assert er.verify(plan).ok
    assert plan.left == 0
    assert -1e-9 <= above <= 0.003
    assert below >= -1e-9
    assert plan.gap is not None
    assert plan.gap <= 0.003


@pytest.mark.parametrize("seed", [0, 1])
def test_four_classes(benchmark: Any, seed: int) -> None:
    """The same with four speeds, one of them barred from half the bridges: the plan costs at most
    1 % more than the bound that column generation proves, and our bound is not above its cost."""
    scenario = lattice(seed=seed, classes=FOUR_PACES, deadline=10_800.0)
    plan_of(scenario, 0.0)
    plan, spent, _ = benchmark.pedantic(plan_of, args=[scenario, 0.003], rounds=1)
    begin = time.perf_counter()
    columns = by_columns(plan)
    solved = time.perf_counter() - begin
    assert plan.bound is not None
    above = plan.cost / columns.bound - 1
    print(
        f"\nfour classes, seed {seed}: plan +{above:.2%} of the bound by columns, our own bound "
        f"{plan.bound / columns.bound - 1:+.2%}, {spent:.1f} s, columns {solved:.0f} s"
    )
    note("small_exact", {
        "case": f"four classes, seed {seed}", "persons": scenario.persons, "exact": columns.bound,
        "above": above, "bound_below": 1 - plan.bound / columns.bound, "gap": plan.gap,
        "left": plan.left, "seconds": spent, "exact_s": solved,
    })  # fmt: skip
    assert er.verify(plan).ok
    assert plan.left == 0
    assert columns.cost <= columns.bound * 1.002
    assert plan.bound <= columns.cost * (1 + 1e-9)
    assert -1e-9 <= above <= 0.01
