"""Closed forms where there are two ways: how a crowd divides, and where it waits."""

from __future__ import annotations

import numpy as np
import pytest
from naive import best, check_feasible
from networks import corridor, diamond, from_edges, two_exit_hall
from scenes import scene

import evacroute as er

METHODS = ("earliest_arrival", "shelter_flow")
STEP = 10.0

HALLS = [
    {"left": 50.0, "right": 80.0, "left_capacity": 1.0, "right_capacity": 2.0},
    {"left": 50.0, "right": 80.0, "left_capacity": 0.5, "right_capacity": 0.5},
    {"left": 50.0, "right": 60.0, "left_capacity": 0.1, "right_capacity": 3.0},
    {"left": 20.0, "right": 200.0, "left_capacity": 0.3, "right_capacity": 1.0},
]


def split(hall: dict[str, float], people: int) -> tuple[int, int, float]:
    """Who takes which exit, and the last arrival, when each takes the exit that is sooner."""
    left, right, last = 0, 0, 0.0
    slots: dict[tuple[str, int], int] = {}
    for _ in range(people):
        arrivals = []
        for exit_ in ("left", "right"):
            slot = 0
            while slots.get((exit_, slot), 0) >= int(hall[f"{exit_}_capacity"] * STEP + 1e-9):
                slot += 1
            arrivals.append((hall[exit_] + slot * STEP, exit_, slot))
        arrive, exit_, slot = min(arrivals)
        slots[exit_, slot] = slots.get((exit_, slot), 0) + 1
        left += exit_ == "left"
        right += exit_ == "right"
        last = max(last, arrive)
    return left, right, last


@pytest.mark.parametrize("hall", HALLS)
@pytest.mark.parametrize("groups", [1, 24])
def test_hall_empties_by_both_exits(hall: dict[str, float], groups: int) -> None:
    """The first to come take the sooner exit each, and the hall is empty as soon as can be."""
    people = 120
    crowd = [(0, people // groups)] * groups
    scenario = scene(two_exit_hall(**hall), crowd, [(1, people), (2, people)])
    plan = er.assign(scenario, "earliest_arrival", step=STEP)
    check_feasible(plan)
    left, right, last = split(hall, people)
    # Those who could as well take the other exit in the last slot are free to.
    tied = int(max(hall["left_capacity"], hall["right_capacity"]) * STEP)
    filled = plan.shelters_frame()["filled"].tolist()
    assert np.abs(np.subtract(filled, (left, right))).max() <= tied
    assert plan.movements.arrive.max() == last
    assert plan.cost == best(scenario, STEP).cost


@pytest.mark.parametrize("hall", HALLS)
@pytest.mark.parametrize("groups", [1, 24])
def test_shelter_flow_divides_the_hall(hall: dict[str, float], groups: int) -> None:
    """The flow to shelters takes waiting into account: within 10 % of the optimum."""
    people = 120
    crowd = [(0, people // groups)] * groups
    scenario = scene(two_exit_hall(**hall), crowd, [(1, people), (2, people)])
    plan = er.assign(scenario, step=STEP)
    check_feasible(plan)
    assert plan.left == 0
    assert plan.cost <= 1.1 * best(scenario, STEP).cost


@pytest.mark.parametrize("groups", [1, 8])
def test_slow_door_sends_people_on(groups: int) -> None:
    """A queue at a shelter's door is waiting too: most go to the door that admits them at once."""
    crowd = [(0, 40 // groups)] * groups
    scenario = scene(
        two_exit_hall(left=50.0, right=60.0, left_capacity=4.0, right_capacity=4.0),
        crowd,
        [(1, 40, 0, 0.1), (2, 40)],
    )
    plan = er.assign(scenario, step=STEP)
    check_feasible(plan)
    assert plan.cost <= 1.1 * best(scenario, STEP).cost


@pytest.mark.parametrize("method", METHODS)
def test_diamond_uses_both_ways(method: str) -> None:
    """Two ways to one shelter: the long one is taken once the queue is as long as the detour."""
    scenario = scene(diamond(), [(0, 300)], [(3, 300)])
    plan = er.assign(scenario, method, step=STEP)
    check_feasible(plan)
    # Ten a slot arrive from 200 s on, forty more from 300 s on.
    assert plan.movements.arrive.max() == 300.0 + 10.0 * (np.ceil((300 - 100) / 50) - 1)
    assert plan.cost == best(scenario, STEP).cost


@pytest.mark.parametrize("method", METHODS)
def test_wait_at_the_origin(method: str) -> None:
    """Who must queue for the second street leaves later, rather than wait where it begins."""
    network = from_edges(
        [(0, 0), (50, 0), (100, 0), (50, 40)], [(0, 1), (1, 2), (1, 3)], capacity=[4.0, 0.2, 4.0]
    )
    plan = er.assign(scene(network, [(0, 9), (3, 7)], [(2, 99)]), method, step=STEP)
    check_feasible(plan)
    moves = plan.movements
    first, second = moves.leg_ptr[:-1], moves.leg_ptr[:-1] + 1
    assert moves.leg_leave[first].tolist() == moves.leg_enter[second].tolist()
    assert moves.depart.max() > 0


@pytest.mark.parametrize("method", METHODS)
def test_no_earlier_than_needed(method: str) -> None:
    """Waiting for a slow door is done at the origin as well."""
    plan = er.assign(scene(corridor(2, 50.0), [(0, 6)], [(2, 6, 0, 0.1)]), method, step=STEP)
    moves = plan.movements
    assert (moves.arrive - moves.depart).tolist() == [100.0] * len(moves)


def test_both_directions_have_their_own_capacity() -> None:
    """People who walk a street in opposite directions don't take each other's room."""
    scenario = scene(
        corridor(3, 50.0, capacity=0.2),
        [(1, 8), (2, 8, 0.0, 1)],
        [(0, 8, 8), (3, 8, 0)],
        classes=[(1.0, 1.0), (1.0, 0.0)],
    )
    plan = er.assign(scenario, step=STEP)
    check_feasible(plan)
    assert plan.by_class()["clearance_s"].tolist() == [130.0, 130.0]
