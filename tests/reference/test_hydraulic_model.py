"""On the same plan, our simulator beside jupedsim-network's hydraulic model, which others wrote."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import evacroute as er
from evacroute.simulation import Behaviour, Physics
from evacroute.training.hydraulic import play_hydraulic

ALIKE = Physics(law="sfpe", counterflow_loss=0.0, slowing="share")


@pytest.mark.parametrize("share", [1.0, 0.3])
def test_within_a_tenth(share: float) -> None:
    """Mean and clearance are within 10 % of theirs, in free streets and in crowded ones."""
    pytest.importorskip("jupedsim_network")
    scenario = er.lagoon(people=1500)
    plan = er.assign(scenario, "shelter_flow", step=10)
    narrow = replace(scenario.network, capacity=scenario.network.capacity * share)
    tight = er.Scenario(
        narrow, scenario.groups, scenario.shelters, classes=scenario.group_classes,
        deadline=scenario.deadline_s,
    )  # fmt: skip
    plan = er.Plan(tight, plan.movements, method=plan.method, step_s=plan.step_s)
    theirs = play_hydraulic(plan, exact=True)
    took = (theirs - np.repeat(plan.ready, plan.movements.size))[np.isfinite(theirs)]
    run = er.simulate(plan, physics=ALIKE, behaviour=Behaviour(speed_spread=0.0))
    assert run.times.mean == pytest.approx(took.mean(), rel=0.1)
    assert run.times.clearance == pytest.approx(np.nanmax(theirs), rel=0.1)
