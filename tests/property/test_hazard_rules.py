"""Whatever closes, slows or sails, a plan keeps every rule, and its bound is proven."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from conftest import drawn
from drawn_hazards import boats, link_times
from drawn_scenes import scenes
from hypothesis import given, settings
from hypothesis import strategies as st
from naive_times import soonest
from networks import grid
from scenes import on_the_grid, scene

import evacroute as er

METHODS = ("earliest_arrival", "shelter_flow")


@settings(max_examples=drawn(100))
@given(data=st.data(), scenario=scenes(), method=st.sampled_from(METHODS))
def test_every_rule_is_kept(data: st.DataObject, scenario: er.Scenario, method: str) -> None:
    """Nobody is in a link while it is closed to them, and no other rule is broken either."""
    scenario = replace(scenario, hazard=data.draw(link_times(scenario)))
    plan = er.assign(scenario, method, step=data.draw(st.sampled_from([5.0, 10.0])))
    assert er.verify(plan).broken == ()
    assert plan.placed + plan.left == scenario.persons


@settings(max_examples=drawn(60))
@given(data=st.data(), scenario=scenes(), method=st.sampled_from(METHODS))
def test_boats_keep_their_rules(data: st.DataObject, scenario: er.Scenario, method: str) -> None:
    """No boat carries more than its seats and wheelchair places, and nobody rides what none is."""
    if data.draw(st.booleans()):
        scenario = replace(scenario, hazard=data.draw(link_times(scenario)))
    plan = er.assign(data.draw(boats(scenario)), method)
    assert er.verify(plan).broken == ()


@settings(max_examples=drawn(25), deadline=None)
@given(data=st.data(), scenario=scenes())
def test_the_bound_is_proven(data: st.DataObject, scenario: er.Scenario) -> None:
    """Plans with prices prove their bound again, streets that change, boats and all."""
    scenario = replace(scenario, hazard=data.draw(link_times(scenario)))
    if data.draw(st.booleans()):
        scenario = data.draw(boats(scenario))
    plan = er.assign(scenario, "over_time", gap=0.0, time_limit=1.0)
    assert er.verify(plan, bound=plan.bound is not None).broken == ()


@settings(max_examples=drawn(60), deadline=None)
@given(data=st.data(), seed=st.integers(0, 99), with_boats=st.booleans())
def test_alone_one_arrives_as_soon_as_can_be(
    data: st.DataObject, seed: int, with_boats: bool
) -> None:
    """With room for all, everyone arrives when a search slot by slot says, or is cut off."""
    network = on_the_grid(grid(3, 3, spacing=30.0, seed=seed, missing_share=0.3), 10.0)
    n = network.n_nodes
    crowd = [(node, 1, 10.0 * (node % 4)) for node in range(n)]
    base = scene(network, crowd, [(0, 99), (n - 1, 99)], classes=[(1.0, 1.0)], deadline=400.0)
    times = data.draw(link_times(base, every=10.0, factors=(0.0, 0.0, 0.5)))
    base = replace(base, hazard=times)
    if with_boats:
        base = data.draw(boats(base, every=10.0))
        rides = base.boats
        assert rides is not None
        room = np.full(len(rides), 99)
        base = replace(
            base, boats=replace(rides, seats=room, boarders=room, wheelchair_places=room)
        )
    expected = soonest(base, 10.0)
    for method in METHODS:
        plan = er.assign(base, method)
        arrive = np.full(len(base.groups), np.inf)
        arrive[plan.movements.group] = plan.movements.arrive
        assert arrive.tolist() == expected.tolist()
        reasons = plan.left_by_reason
        assert set(reasons) <= {
            "cut off by a hazard", "no way to any shelter", "too far to arrive by the deadline",
        }  # fmt: skip


def test_more_closed_is_never_sooner() -> None:
    """Closing a street for longer saves nobody's time."""
    network = on_the_grid(grid(4, 4, spacing=30.0, seed=1, missing_share=0.2), 10.0)
    crowd = [(node, 1) for node in range(network.n_nodes)]
    base = scene(network, crowd, [(0, 99)], classes=[(1.0, 1.0)], deadline=900.0)
    cost = []
    for until in (1.0, 60.0, 200.0, np.inf):
        n = network.n_links // 3
        closed = er.LinkTimes(
            np.arange(n), np.full(n, -1), np.zeros(n), np.full(n, until), np.zeros(n)
        )
        plan = er.assign(replace(base, hazard=closed), "earliest_arrival")
        cost.append((plan.left, plan.cost))
    assert cost == sorted(cost)
    assert cost[0] < cost[-1]


@pytest.mark.parametrize("method", ["earliest_arrival", "shelter_flow", "over_time"])
def test_same_seed_same_plan(method: str) -> None:
    """The same scenario gives the same plan, streets that change and all."""
    network = grid(4, 4, spacing=40.0, seed=2)
    crowd = [(node, 3, 5.0 * node) for node in range(network.n_nodes)]
    base = scene(network, crowd, [(0, 40), (15, 40)], deadline=900.0)
    half = np.arange(0, network.n_links, 2)
    slow = er.LinkTimes(
        half, np.full(len(half), -1), half * 5.0, half * 5.0 + 120, np.where(half % 4, 0.6, 0.0)
    )
    scenario = replace(base, hazard=slow)
    assert er.assign(scenario, method).equals(er.assign(scenario, method))
