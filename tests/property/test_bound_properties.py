"""The bound: on any scene the prices prove what is stated, and no plan is below it."""

from __future__ import annotations

import pytest
from conftest import drawn
from drawn_scenes import exact_scenes, scenes
from hypothesis import given, settings
from hypothesis import strategies as st

import evacroute as er

CERTIFICATE = (
    "prices", "grid of the prices", "plan on the grid", "hopeless groups", "dual value", "bound",
    "cost and bound",
)  # fmt: skip


@settings(max_examples=drawn(25))
@given(
    scenario=st.one_of(scenes(), exact_scenes()),
    step=st.sampled_from([5.0, 10.0, 7.5]),
    weights=st.lists(st.sampled_from([0.5, 1.0, 3.0]), min_size=3, max_size=3),
)
def test_the_slow_path_finds_the_stated_bound(
    scenario: er.Scenario, step: float, weights: list[float]
) -> None:
    """Computed again by the slow path the dual value is the stated one, and bounds the plan."""
    ids = scenario.group_classes.class_id.tolist()
    named = dict(zip(ids, weights, strict=False))
    plan = er.assign(scenario, "over_time", step=step, gap=0.01, time_limit=2.0, weights=named)
    if plan.prices is None:
        assert plan.bound is None
        with pytest.raises(er.InputError, match="no prices"):
            er.verify(plan, bound=True)
        return
    result = er.verify(plan, bound=True)
    assert result.ok, str(result)
    assert set(CERTIFICATE) <= {check.name for check in result.checks}
    assert result["dual value"].worst < 1e-6
