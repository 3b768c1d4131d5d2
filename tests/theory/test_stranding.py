"""Nobody who could be placed is left because others came first: the trap of greedy methods."""

from __future__ import annotations

import pytest
from naive import best, check_feasible
from networks import from_edges
from scenes import WALKER, WHEELCHAIR, scene

import evacroute as er

STEP = 10.0
EVEN = [(1.0, 1.0)]


def bridge_that_others_can_avoid() -> er.Scenario:
    """Three people at N0 like the bridge best but need it not; two at N1 have nothing else."""
    network = from_edges(
        [(0, 0), (10, 0), (20, 0), (10, 30)],
        [(0, 1), (1, 2), (0, 3), (3, 2)],
        length=[10, 10, 20, 30],
        capacity=[4, 0.1, 4, 4],
        steps={1: 5},
    )
    return scene(network, [(0, 3), (1, 2, 10.0)], [(2, 9)], classes=EVEN, deadline=50.0)


def ladder(rungs: int) -> er.Scenario:
    """Everyone moves up by one bridge, or the person whose only bridge is the first is left.

    In the time there is each bridge lets two across. At each rung two people can take the bridge of
    their rung or, later, that of the next; one more person is ready last and has only the first.
    """
    heads = [(20, 30 * i) for i in range(rungs + 1)]
    homes = [(40, 30 * i + 10) for i in range(rungs)]
    edges, length, capacity = [], [], []
    for i in range(rungs + 1):
        edges.append((1 + i, 0))
        length.append(10)
        capacity.append(0.1)
    for i in range(rungs):
        home = rungs + 2 + i
        edges += [(home, 1 + i), (home, 2 + i)]
        length += [10, 20]
        capacity += [4, 4]
    network = from_edges(
        [(0, 0), *heads, *homes],
        edges,
        length=length,
        capacity=capacity,
        one_way=range(len(edges)),
    )
    crowd = [(rungs + 2 + i, 2) for i in range(rungs)]
    return scene(network, [*crowd, (1, 1, 10.0)], [(0, 99)], classes=EVEN, deadline=30.0)


def test_greedy_strands_people() -> None:
    """The classic greedy leaves someone here whom the exact solver places, and proves nothing."""
    for scenario in (bridge_that_others_can_avoid(), ladder(1)):
        plan = er.assign(scenario, "earliest_arrival", step=STEP)
        check_feasible(plan)
        assert best(scenario, STEP).most == scenario.persons
        assert plan.left_by_reason == {"no room on the way by the deadline (not proven)": 1}


def test_bridge_is_left_to_those_who_need_it() -> None:
    """The flow to shelters places everyone where greedy strands a person at the bridge."""
    scenario = bridge_that_others_can_avoid()
    plan = er.assign(scenario, step=STEP)
    check_feasible(plan)
    assert plan.left == 0
    assert plan.cost == best(scenario, STEP).cost


@pytest.mark.parametrize("rungs", [1, 2, 3])
def test_everyone_moves_up(rungs: int) -> None:
    """A person is placed even where several others must move on one after another."""
    plan = er.assign(ladder(rungs), step=STEP)
    check_feasible(plan)
    assert plan.left == 0


def test_place_is_left_to_those_who_have_no_other() -> None:
    """Whoever can reach one small shelter only gets in; who is nearer to it goes elsewhere."""
    network = from_edges(
        [(0, 0), (20, 0), (120, 0), (20, 50)],
        [(0, 1), (0, 2), (3, 1)],
        capacity=4.0,
        one_way=[0, 1, 2],
    )
    scenario = scene(network, [(0, 5), (3, 4, 30.0)], [(1, 5), (2, 9)])
    greedy = er.assign(scenario, "earliest_arrival", step=STEP)
    assert greedy.left == 4
    plan = er.assign(scenario, step=STEP)
    check_feasible(plan)
    assert plan.left == 0
    assert plan.shelters_frame()["filled"].tolist() == [5, 4]


def test_shelters_are_passed_on_along_a_row() -> None:
    """Six shelters of one place each in a row: all move on by one for whoever comes last."""
    n = 6
    network = from_edges(
        [(30 * i, 0) for i in range(n)] + [(30 * i + 10, 20) for i in range(n - 1)] + [(-9, 9)],
        [e for i in range(n - 1) for e in ((n + i, i), (n + i, i + 1))] + [(2 * n - 1, 0)],
        length=[10, 20] * (n - 1) + [10],
        capacity=4.0,
        one_way=range(2 * n - 1),
    )
    crowd = [(n + i, 1) for i in range(n - 1)]
    scenario = scene(network, [*crowd, (2 * n - 1, 1, 60.0)], [(i, 1) for i in range(n)])
    assert er.assign(scenario, "earliest_arrival", step=STEP).left == 1
    plan = er.assign(scenario, step=STEP)
    check_feasible(plan)
    assert plan.left == 0


def test_room_is_left_to_wheelchair_users() -> None:
    """Walkers who are ready first don't fill the one shelter that wheelchair users can reach."""
    network = from_edges([(0, 0), (30, 0), (-60, 0)], [(0, 1), (0, 2)], capacity=4.0, steps={1: 20})
    scenario = scene(
        network,
        [(0, 6), (0, 2, 60.0, 1)],
        [(1, 6, 6), (2, 9, 9)],
        classes=[WALKER, WHEELCHAIR],
    )
    assert er.assign(scenario, "earliest_arrival", step=STEP).left == 2
    plan = er.assign(scenario, step=STEP)
    check_feasible(plan)
    assert plan.left == 0


def test_short_room_goes_to_the_vulnerable() -> None:
    """With too few places the wheelchair users get theirs, though walkers are ready first."""
    network = from_edges([(0, 0), (50, 0)], [(0, 1)], capacity=4.0)
    crowd = [(1, 9), (0, 2, 60.0, 1)]
    scenario = scene(network, crowd, [(1, 6, 6)], classes=[WALKER, WHEELCHAIR])
    plan = er.assign(scenario, step=STEP)
    check_feasible(plan)
    assert plan.by_class()["left"].tolist() == [5, 0]


def test_room_goes_to_those_it_was_meant_for() -> None:
    """With room for five of ten, those at the door get in, not those who would walk far."""
    network = from_edges([(0, 0), (50, 0), (100, 0)], [(0, 1), (1, 2)], capacity=4.0)
    for crowd in ([(0, 5), (2, 5)], [(2, 5), (0, 5)], [(0, 5), (2, 7)], [(2, 7), (0, 5)]):
        plan = er.assign(scene(network, crowd, [(2, 5)]), step=STEP)
        check_feasible(plan)
        assert plan.cost == 0.0
