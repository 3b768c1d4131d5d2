"""Re-plans when streets change over time: every rule is kept from now on."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from conftest import drawn
from drawn_hazards import boats, link_times
from drawn_scenes import scenes
from hypothesis import given, settings
from hypothesis import strategies as st

import evacroute as er


@settings(max_examples=drawn(40), deadline=None)
@given(data=st.data(), scenario=scenes(), now=st.integers(0, 9))
def test_a_new_hazard_is_heeded(data: st.DataObject, scenario: er.Scenario, now: int) -> None:
    """Nobody of the new plan is in a link that the old or the new hazard closes to them."""
    if data.draw(st.booleans()):
        scenario = replace(scenario, hazard=data.draw(link_times(scenario)))
    if data.draw(st.booleans()):
        scenario = data.draw(boats(scenario))
    method = data.draw(st.sampled_from(["earliest_arrival", "shelter_flow"]))
    plan = er.assign(scenario, method)
    new = data.draw(link_times(scenario)) if data.draw(st.booleans()) else None
    at = min(now * 10.0, scenario.deadline_s / 2)
    again = er.replan(plan, now=at, hazard=new, time_limit=1.0)
    assert er.verify(again.plan).broken == ()
    total = again.safe + again.plan.placed + again.plan.left
    assert total == scenario.persons


def test_whoever_is_not_touched_keeps_way_and_times() -> None:
    """A hazard far from anybody's way changes nothing."""
    plan = er.assign(er.lagoon(people=300), "over_time", gap=0.02, time_limit=20)
    unused = np.setdiff1d(np.arange(plan.scenario.network.n_links), plan.movements.leg_link)
    far = er.LinkTimes(
        unused[:20], np.full(20, -1), np.full(20, 60.0), np.full(20, np.inf), np.zeros(20)
    )
    again = er.replan(plan, now="2 min", hazard=far)
    same = er.replan(plan, now="2 min")
    assert len(again.moved) == len(same.moved)
    assert er.verify(again.plan).ok


def test_a_street_that_closes_later_is_left_in_time() -> None:
    """When a used bridge is to close in four minutes nobody is on it then, and few are lost."""
    plan = er.assign(er.lagoon(people=1000), "over_time", gap=0.02, time_limit=20)
    busiest = plan.tightest_links(1)["link_id"].to_numpy()
    link = plan.scenario.network.link_positions(busiest)
    closing = er.LinkTimes(link, [-1], [480.0], [np.inf], [0.0])
    again = er.replan(plan, now="4 min", hazard=closing)
    moves = again.plan.movements
    late = moves.leg_leave[moves.leg_link == link[0]]
    assert (late <= 480).all()
    assert er.verify(again.plan).ok
