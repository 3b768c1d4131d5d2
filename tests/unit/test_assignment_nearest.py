from __future__ import annotations

from networks import diamond, two_exit_hall
from scenes import WALKER, WHEELCHAIR, scene

import evacroute as er


def test_capacities_are_ignored() -> None:
    """Everyone goes the shortest way to the nearest shelter, however full street and shelter."""
    scenario = scene(two_exit_hall(left=50.0, right=60.0), [(0, 500, 5.0)], [(1, 3), (2, 900)])
    plan = er.assign(scenario, "nearest")
    assert plan.shelters_frame()["filled"].tolist() == [500, 0]
    assert plan.movements.arrive.tolist() == [60.0]
    assert plan.cost == 500 * 55.0


def test_verify_says_what_such_a_plan_breaks() -> None:
    """Verification of a plan by nearest shelter names room and streets, and nothing else."""
    scenario = scene(two_exit_hall(left=50.0, right=60.0), [(0, 500)], [(1, 3, 0, 1.0), (2, 900)])
    broken = {check.name for check in er.verify(er.assign(scenario, "nearest")).broken}
    assert broken == {"street capacity", "shelter room", "intake"}


def test_closed_streets_and_shelters_stay_closed() -> None:
    """A street of capacity 0 is not walked and a shelter without room is not the nearest."""
    scenario = scene(diamond(upper_capacity=0.0), [(0, 4)], [(1, 9), (3, 9)])
    assert er.assign(scenario, "nearest").movements.arrive.tolist() == [300.0]
    shut = scene(two_exit_hall(left=50.0, right=80.0), [(0, 4)], [(1, 0), (2, 9)])
    assert er.assign(shut, "nearest").movements.arrive.tolist() == [80.0]


def test_classes_go_their_own_ways() -> None:
    """Wheelchair users go round the steps, to a shelter with step-free places."""
    network = diamond(upper=40.0, lower=150.0, upper_steps=True)
    scenario = scene(
        network,
        [(0, 4), (0, 4, 0.0, 1)],
        [(1, 9, 9), (3, 9, 9)],
        classes=[WALKER, WHEELCHAIR],
    )
    plan = er.assign(scenario, "nearest")
    assert plan.movements.shelter.tolist() == [0, 1]
    assert plan.movements.arrive.tolist() == [80.0, 300.0]


def test_the_deadline_holds() -> None:
    """Who cannot walk to any shelter in time is left even where capacities are ignored."""
    scenario = scene(two_exit_hall(), [(0, 2), (0, 1, 80.0)], [(1, 1)], deadline=120.0)
    plan = er.assign(scenario, "nearest")
    assert plan.left_by_reason == {"too far to arrive by the deadline": 1}
