"""What each class gets, and what protecting one costs the others."""

from __future__ import annotations

import numpy as np
import pytest
from conftest import drawn
from drawn_scenes import scenes
from hypothesis import given, settings
from networks import corridor, two_exit_hall
from scenes import scene

import evacroute as er

TWO = [(1.0, 0.5), (0.5, 0.25)]


def test_a_corridor_by_hand() -> None:
    """Mean, 95th percentile, time alone, ratio and misses of a queue are those of the formula."""
    scenario = scene(
        corridor(1, 60.0, capacity=0.5), [(0, 20, 0.0, 0), (1, 4, 0.0, 1)], [(1, 99)],
        classes=TWO, deadline=80.0,
    )  # fmt: skip
    report = er.fairness(er.assign(scenario))
    slow, quick, everyone = report.table.to_dict("records")
    assert slow["class_id"] == "c1"
    assert (slow["mean_s"], slow["free_s"], slow["left"]) == (0.0, 0.0, 0)
    assert np.isnan(slow["ratio"])
    # Five each at 60, 70 and 80 s, five too late.
    assert (quick["persons"], quick["left"], quick["miss_rate"]) == (20, 5, 0.25)
    assert (quick["mean_s"], quick["p95_s"], quick["free_s"]) == (70.0, 80.0, 60.0)
    assert (quick["extra_s"], quick["ratio"]) == (10.0, pytest.approx(70 / 60))
    assert (everyone["class_id"], everyone["persons"], everyone["left"]) == ("all", 24, 5)
    assert "25.0%" in str(report)


def test_late_counts_as_missed() -> None:
    """Whoever a plan places too late is missed as well."""
    scenario = scene(corridor(1, 60.0), [(0, 4)], [(1, 4)], deadline=90.0)
    plan = er.assign(scenario)
    late = er.Scenario(
        scenario.network, scenario.groups, scenario.shelters, classes=scenario.group_classes,
        deadline=50.0,
    )  # fmt: skip
    other = er.Plan(late, plan.movements, plan.method, plan.step_s)
    row = er.fairness(other).table.iloc[0]
    assert (row["late"], row["left"], row["miss_rate"]) == (4, 0, 1.0)


@settings(max_examples=drawn(40))
@given(scenario=scenes())
def test_nobody_is_quicker_than_alone(scenario: er.Scenario) -> None:
    """In every plan each class takes at least its time with the city to itself."""
    plan = er.assign(scenario)
    table = er.fairness(plan).table
    extra = table["extra_s"].dropna()
    assert (extra >= -1e-6).all()
    assert table["persons"].iloc[:-1].sum() == table["persons"].iloc[-1] == scenario.persons
    assert table["left"].iloc[-1] == plan.left


def test_protecting_moves_time_from_one_to_the_other() -> None:
    """A class that counts ten times more gets the near exit; what it saves and others pay is told.

    All want the near exit of a hall: unweighted the total is least with the slow in the near one
    already; with the quick protected they take it.
    """
    scenario = scene(
        two_exit_hall(left=50.0, right=80.0, left_capacity=9.0, right_capacity=9.0),
        [(0, 10, 0.0, 0), (0, 10, 0.0, 1)],
        [(1, 10), (2, 20)],
        classes=TWO,
    )
    plan = er.assign(scenario, "over_time", gap=0.0, time_limit=2.0)
    report = er.fairness(plan, 10.0, time_limit=2.0)
    assert report.protected is not None
    quick = report.protected.set_index("class_id").loc["c0"]
    slow = report.protected.set_index("class_id").loc["c1"]
    assert (quick["mean_before_s"], quick["mean_after_s"]) == (80.0, 50.0)
    assert (quick["others_before_s"], quick["others_after_s"]) == (100.0, 160.0)
    assert (quick["saved_s"], quick["paid_s"]) == (300.0, 600.0)
    assert quick["cost_after"] - quick["cost_before"] == 300.0
    assert (slow["saved_s"], slow["paid_s"]) == (0.0, 0.0)
    assert "if a class's time counted more" in str(report)
    only = er.fairness(plan, 10.0, classes=["c0"], time_limit=2.0)
    assert only.protected is not None
    assert only.protected["class_id"].tolist() == ["c0"]


@pytest.mark.parametrize("method", ["over_time", "shelter_flow"])
def test_protecting_keeps_the_ceiling_on_the_density(method: str) -> None:
    """With a ceiling, protecting a class cannot make the unweighted total less than its bound."""
    scenario = scene(
        corridor(2, 60.0), [(0, 20, 0.0, 0), (0, 10, 0.0, 1)], [(1, 15), (2, 30)],
        classes=[(1.0, 0.5), (1.0, 0.5, 0.0, 2.5)],
    )  # fmt: skip
    best = er.assign(scenario, "over_time", gap=0.0, time_limit=3.0, max_density=0.2)
    assert best.left == 0
    assert best.bound is not None
    free = er.assign(scenario, "over_time", gap=0.0, time_limit=3.0)
    assert free.cost < best.bound - 1.0
    plan = best if method == "over_time" else er.assign(scenario, method, max_density=0.2)
    report = er.fairness(plan, 2.0, time_limit=3.0)
    assert report.protected is not None
    assert (report.protected["left_after"] == 0).all()
    for column in ("cost_before", "cost_after"):
        assert (report.protected[column] >= best.bound - 1e-3).all()


def test_wrong_arguments_are_told_together() -> None:
    """A weight out of range and an unknown class are named in one error."""
    plan = er.assign(scene(corridor(1, 60.0), [(0, 3)], [(1, 3)]))
    with pytest.raises(er.InputError, match=r"protect is 0(.|\n)*class 'no' does not exist"):
        er.fairness(plan, 0, classes=["no"])
