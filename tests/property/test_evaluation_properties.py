"""Playing plans: the twin agrees, nobody is lost, and less hazard never costs a robust plan."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from conftest import drawn
from drawn_scenes import scenes
from hypothesis import given, settings
from hypothesis import strategies as st
from naive_play import play

from evacroute.evaluation import evaluate
from evacroute.hazards import LinkTimes
from evacroute.hazards.combined import overlay
from evacroute.plan import Plan
from evacroute.planning import assign
from evacroute.scenario import Scenario
from evacroute.timetable import LATE, SAFE, STUCK, Timetable

STATES = {"safe": SAFE, "stuck": STUCK, "late": LATE}


@st.composite
def link_times(draw: st.DrawFn, n_links: int, n_classes: int) -> LinkTimes:
    """Rows that overlap, meet, begin before the alarm or never end."""
    n = draw(st.integers(0, 12))
    whole = st.integers(-3, 20).map(lambda t: t * 10.0)
    begin = np.array(draw(st.lists(whole, min_size=n, max_size=n)))
    span = st.sampled_from([10.0, 35.0, 100.0, float("inf")])
    return LinkTimes(
        draw(st.lists(st.integers(0, n_links - 1), min_size=n, max_size=n)),
        draw(st.lists(st.integers(-1, n_classes - 1), min_size=n, max_size=n)),
        begin,
        begin + np.array(draw(st.lists(span, min_size=n, max_size=n))),
        draw(st.lists(st.sampled_from([0.0, 0.25, 0.5, 0.9, 1.0]), min_size=n, max_size=n)),
    )


@st.composite
def plans_and_hazards(draw: st.DrawFn, n: int) -> tuple[Plan, list[LinkTimes]]:
    """A plan of a small scene, and link times for its network."""
    plan = assign(draw(scenes()), "nearest")
    network, classes = plan.scenario.network, plan.scenario.group_classes
    # Links that are walked, mostly: elsewhere nothing comes of it.
    used = np.unique(plan.movements.leg_link)
    several = []
    for _ in range(n):
        times = draw(link_times(len(used) or network.n_links, len(classes)))
        several.append(replace(times, link=used[times.link]) if len(used) else times)
    return plan, several


def with_times(plan: Plan, times: LinkTimes) -> Plan:
    return replace(plan, scenario=plan.scenario.with_hazard(times))


@given(plans_and_hazards(2))
@settings(max_examples=drawn(150))
def test_the_twin_agrees(drawn: tuple[Plan, list[LinkTimes]]) -> None:
    """State, time and place of every movement are those of the slow twin, whatever was planned."""
    plan, (own, other) = drawn
    plan = with_times(plan, own)
    deadline = plan.scenario.deadline_s
    timetable = Timetable(plan.scenario, plan.movements, plan.step_s)
    found = timetable.play(plan.scenario.with_hazard(other))
    for i, (state, end, stop) in enumerate(play(plan, other, deadline)):
        assert found.state[i] == STATES[state]
        assert found.end[i] == pytest.approx(end, abs=1e-6)
        assert found.stop[i] == stop


@given(plans_and_hazards(1))
def test_nobody_is_lost(drawn: tuple[Plan, list[LinkTimes]]) -> None:
    """Safe, stuck, late and left add up to everyone; nobody arrives before the planned time."""
    plan, (times,) = drawn
    row = evaluate(plan, hazards=[times]).table.iloc[0]
    total = row["safe"] + row["stuck"] + row["late"] + row["left"]
    assert total == plan.scenario.persons
    timetable = Timetable(plan.scenario, plan.movements, plan.step_s)
    played = timetable.play(plan.scenario.with_hazard(times))
    safe = played.state == SAFE
    assert (played.end[safe] >= plan.movements.arrive[safe]).all()
    assert ((played.stop >= 0) == (played.state == STUCK)).all()


@given(plans_and_hazards(3))
@settings(max_examples=drawn(150))
def test_a_plan_for_the_worst_case_holds_in_every_case(
    drawn: tuple[Plan, list[LinkTimes]],
) -> None:
    """Whoever a plan for the worst of all scenarios brings in, it brings in in each of them."""
    plan, several = drawn
    scenario: Scenario = plan.scenario
    worst = overlay(several, len(scenario.group_classes), scenario.deadline_s).worst()
    plan = with_times(plan, worst)
    timetable = Timetable(plan.scenario, plan.movements, plan.step_s)
    safe = timetable.play(plan.scenario).state == SAFE
    for times in several:
        played = timetable.play(scenario.with_hazard(times))
        assert (played.state[safe] == SAFE).all()
        assert (played.end[safe] == plan.movements.arrive[safe]).all()
