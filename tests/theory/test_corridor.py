"""Closed forms of a corridor: length over speed, people over capacity, and the deadline's cut."""

from __future__ import annotations

import math

import numpy as np
import pytest
from naive import check_feasible
from networks import corridor, diamond, from_edges
from scenes import scene

import evacroute as er

METHODS = ("earliest_arrival", "shelter_flow")
CAPACITIES = [0.1, 0.5, 0.47, 1.0, 2.35]


@pytest.mark.parametrize("method", er.METHODS)
@pytest.mark.parametrize("step", [1.0, 5.0, 10.0])
@pytest.mark.parametrize("speed", [1.0, 1.3, 0.71])
def test_alone_takes_length_over_speed(method: str, step: float, speed: float) -> None:
    """Who walks alone is safe after length / speed, to the step, and leaves when ready."""
    scenario = scene(corridor(3, 100.0), [(0, 1, 40.0)], [(3, 1)], classes=[(speed, speed)])
    plan = er.assign(scenario, method, step=step)
    moves = plan.movements
    assert moves.depart.tolist() == [40.0]
    assert moves.arrive[0] - 40.0 == pytest.approx(300.0 / speed, abs=step * 0.999)
    assert moves.leg_leave[:-1].tolist() == moves.leg_enter[1:].tolist()


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("capacity", CAPACITIES)
@pytest.mark.parametrize("links", [1, 3])
def test_saturated_corridor(method: str, capacity: float, links: int) -> None:
    """The last of N people is safe at L/v + N/q but for the whole persons of a slot."""
    people, step = 83, 10.0
    network = corridor(links, 60.0, capacity=capacity)
    plan = er.assign(scene(network, [(0, people)], [(links, people)]), method, step=step)
    check_feasible(plan)
    per_slot = math.floor(capacity * step + 1e-9)
    slots = math.ceil(people / per_slot)
    assert plan.movements.arrive.max() == 60.0 * links + (slots - 1) * step
    whole_rate = per_slot / step
    assert plan.movements.arrive.max() == pytest.approx(60 * links + people / whole_rate, abs=step)
    first, last = per_slot * (slots - 1), people - per_slot * (slots - 1)
    waits = step * (per_slot * (slots - 1) * (slots - 2) / 2 + last * (slots - 1))
    assert plan.cost == 60.0 * links * (first + last) + waits


@pytest.mark.parametrize("method", METHODS)
def test_tightest_link_rules(method: str) -> None:
    """A queue is as long as its tightest link makes it, wherever that is on the way."""
    for tight in range(3):
        network = from_edges(
            [(0, 0), (30, 0), (60, 0), (90, 0)],
            [(0, 1), (1, 2), (2, 3)],
            capacity={tight: 0.3, (tight + 1) % 3: 2.0},
            length=30.0,
        )
        plan = er.assign(scene(network, [(0, 30)], [(3, 30)]), method)
        check_feasible(plan)
        assert plan.movements.arrive.max() == 90.0 + 9 * 10.0


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("rate", [0.1, 0.25, 0.5])
def test_intake_bounds_the_last_arrival(method: str, rate: float) -> None:
    """A door that admits k a slot lets the last of N in N/k - 1 slots after the first."""
    scenario = scene(corridor(2, 50.0), [(0, 20)], [(2, 20, 0, rate)])
    plan = er.assign(scenario, method)
    check_feasible(plan)
    per_slot = math.floor(rate * 10 + 1e-9)
    assert plan.movements.arrive.max() == 100.0 + 10.0 * (math.ceil(20 / per_slot) - 1)
    counts = np.bincount((plan.movements.arrive / 10).astype(int), plan.movements.size)
    assert counts.max() <= per_slot


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("capacity", CAPACITIES)
@pytest.mark.parametrize("deadline", [100.0, 150.0, 239.0])
def test_deadline_cuts_the_queue(method: str, capacity: float, deadline: float) -> None:
    """As many are safe as slots remain after the walk, the slot of the deadline counted."""
    ready = 20.0
    scenario = scene(corridor(2, 40.0, capacity=capacity), [(0, 999, ready)], [(2, 999)],
                     deadline=deadline)  # fmt: skip
    plan = er.assign(scenario, method)
    check_feasible(plan)
    slots = math.floor(deadline / 10) - (20 + 80) // 10 + 1
    safe = math.floor(capacity * 10 + 1e-9) * slots
    assert plan.placed == safe
    assert plan.left_by_reason == {"no room on the way by the deadline (proven)": 999 - safe}


@pytest.mark.parametrize("method", METHODS)
def test_arrival_at_the_deadline_counts(method: str) -> None:
    """Who arrives in the very second of the deadline is safe, who needs one step more is not."""
    network = corridor(1, 100.0)
    assert er.assign(scene(network, [(0, 3)], [(1, 3)], deadline=100.0), method).left == 0
    late = er.assign(scene(network, [(0, 3)], [(1, 3)], deadline=99.0), method)
    assert late.left_by_reason == {"too far to arrive by the deadline": 3}


@pytest.mark.parametrize("method", METHODS)
def test_closed_link(method: str) -> None:
    """Nobody enters a link of capacity 0; where it is the only one there is no way."""
    shut = er.assign(scene(corridor(2, 50.0, capacity=0.0), [(0, 3)], [(2, 3)]), method)
    assert shut.left_by_reason == {"no way to any shelter": 3}
    round_about = er.assign(scene(diamond(upper_capacity=0.0), [(0, 3)], [(3, 3)]), method)
    assert round_about.movements.arrive.tolist() == [300.0]


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("capacity,every", [(0.09, 2), (0.05, 3)])
def test_thin_link_lets_one_in_every_few_slots(method: str, capacity: float, every: int) -> None:
    """A link of less than a person a slot is entered by one every ceil(2 / (q step) - 1) slots."""
    network = from_edges([(0, 0), (20, 0)], [(0, 1)], capacity=capacity, length=20.0)
    plan = er.assign(scene(network, [(0, 6)], [(1, 6)]), method)
    check_feasible(plan)
    assert plan.movements.size.tolist() == [1] * 6
    assert np.diff(np.sort(plan.movements.arrive)).tolist() == [10.0 * every] * 5


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("length", [10.0, 20.0, 30.0, 40.0])
@pytest.mark.parametrize("capacity", [(0.05, 0.05), (0.09, 0.05), (0.5, 0.05), (0.05, 0.08)])
def test_thin_links_in_a_row(method: str, length: float, capacity: tuple[float, float]) -> None:
    """Thin links one after another let people pass, at the pace of the thinnest or nearly so."""
    network = from_edges(
        [(0, 0), (20, 0), (40, 0)], [(0, 1), (1, 2)], capacity=capacity, length=length
    )
    plan = er.assign(scene(network, [(0, 6)], [(2, 6)]), method)
    check_feasible(plan)
    assert plan.left == 0
    assert plan.movements.arrive.max() <= 2 * length + 10 * 6 * 6


@pytest.mark.parametrize("method", METHODS)
def test_short_steps_make_common_alleys_thin(method: str) -> None:
    """With steps of a second an alley of 0.6 person/s is a thin link, and people still pass."""
    scenario = scene(corridor(3, 101.0, capacity=0.6), [(0, 9)], [(3, 9)])
    plan = er.assign(scenario, method, step=1.0)
    check_feasible(plan)
    assert plan.left == 0


@pytest.mark.parametrize("method", METHODS)
def test_a_link_for_hardly_anyone(method: str) -> None:
    """Through a link of under half a person a slot one walks at a time, or nobody: by the rule."""
    network = from_edges([(0, 0), (20, 0)], [(0, 1)], capacity=0.04, length=20.0)
    check_feasible(er.assign(scene(network, [(0, 2)], [(1, 2)]), method))
