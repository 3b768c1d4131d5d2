"""What people can and cannot do: steps, width, step-free places, households."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from naive import best, check_feasible
from networks import corridor, diamond, from_edges, two_exit_hall
from scenes import WALKER, WHEELCHAIR, scene

import evacroute as er

METHODS = ("earliest_arrival", "shelter_flow")


def links_used(plan: er.Plan, class_: int) -> set[str]:
    """Ids of the links that a class walks."""
    moves = plan.movements
    legs = np.repeat(plan.scenario.groups.class_[moves.group] == class_, np.diff(moves.leg_ptr))
    return set(plan.scenario.network.link_id[moves.leg_link[legs]])


@pytest.mark.parametrize("method", er.METHODS)
def test_wheelchairs_never_on_steps(method: str) -> None:
    """Walkers take the short way over the steps, wheelchair users go round them."""
    network = diamond(upper=40.0, lower=150.0, upper_steps=True)
    scenario = scene(network, [(0, 3), (0, 3, 0.0, 1)], [(3, 9)], classes=[WALKER, WHEELCHAIR])
    plan = er.assign(scenario, method)
    check_feasible(plan)
    assert links_used(plan, 0) == {"L0", "L1"}
    assert links_used(plan, 1) == {"L2", "L3"}
    # 80 m at 0.5 m/s, and 300 m at 1 m/s.
    assert sorted(plan.movements.arrive.tolist()) == [160.0, 300.0]


@pytest.mark.parametrize("method", METHODS)
def test_only_steps_means_no_way(method: str) -> None:
    """Where every way has steps, wheelchair users are left and told that, the others walk."""
    network = corridor(2, 50.0, steps_at=[1])
    plan = er.assign(
        scene(network, [(0, 2), (0, 2, 0.0, 1)], [(2, 9)], classes=[WALKER, WHEELCHAIR]), method
    )
    assert plan.placed == 2
    assert plan.left_by_reason == {"no step-free way to any shelter": 2}


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("why", ["narrow", "said", "ferry"])
def test_barred_links(method: str, why: str) -> None:
    """A class keeps off links too narrow for it or said to be impassable, and all off ferries."""
    network = diamond(upper=40.0, lower=150.0)
    if why == "narrow":
        width = network.width.copy()
        width[:4] = 0.7
        network = replace(network, width=width)
    elif why == "said":
        network = replace(network, wheelchair=np.where(np.arange(8) < 4, -1, 0))
    else:
        network = replace(network, kind=np.where(np.arange(8) < 4, 6, 0))
    classes = [(1.0, 0.5, 0.6), (1.0, 0.0, 0.8)]
    plan = er.assign(scene(network, [(0, 1), (0, 1, 0.0, 1)], [(3, 9)], classes=classes), method)
    check_feasible(plan)
    assert links_used(plan, 1) == {"L2", "L3"}
    assert links_used(plan, 0) == ({"L2", "L3"} if why == "ferry" else {"L0", "L1"})


@pytest.mark.parametrize("method", METHODS)
def test_step_free_places(method: str) -> None:
    """Who cannot use steps takes step-free places alone; the others fill up what is left."""
    scenario = scene(
        two_exit_hall(left=20.0, right=90.0, left_capacity=4.0, right_capacity=4.0),
        [(0, 4, 0.0, 1), (0, 7)],
        [(1, 6, 1), (2, 6, 3)],
        classes=[WALKER, WHEELCHAIR],
    )
    plan = er.assign(scenario, method)
    check_feasible(plan)
    assert plan.left == 0 if method == "shelter_flow" else plan.left <= 1
    shelters = plan.shelters_frame()
    assert (shelters["step_free_filled"] <= [1, 3]).all()


def test_walkers_leave_step_free_places_to_those_who_need_them() -> None:
    """A wheelchair user who is ready last still gets the near step-free place of a full shelter."""
    scenario = scene(
        two_exit_hall(left=20.0, right=90.0, left_capacity=4.0, right_capacity=4.0),
        [(0, 5), (0, 1, 60.0, 1)],
        [(1, 5, 2), (2, 5, 0)],
        classes=[WALKER, WHEELCHAIR],
    )
    plan = er.assign(scenario)
    check_feasible(plan)
    assert plan.left == 0
    assert plan.shelters_frame()["filled"].tolist() == [5, 1]


@pytest.mark.parametrize("method", METHODS)
def test_household_stays_whole(method: str) -> None:
    """A household passes over nearer shelters that cannot take all of it."""
    network = from_edges(
        [(0, 0), (20, 0), (0, 30), (0, -90)], [(0, 1), (0, 2), (0, 3)], capacity=4.0
    )
    scenario = scene(network, [(0, 6, 0.0, 0, True)], [(1, 4), (2, 5), (3, 6)])
    plan = er.assign(scenario, method)
    check_feasible(plan)
    assert plan.shelters_frame()["filled"].tolist() == [0, 0, 6]
    assert plan.movements.size.tolist() == [6]


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("size", [2, 3, 5, 11])
def test_household_larger_than_a_slot(method: str, size: int) -> None:
    """A household that no slot of the street can take at once walks in file to one shelter."""
    network = two_exit_hall(left=50.0, right=60.0, left_capacity=0.2, right_capacity=0.2)
    scenario = scene(network, [(0, size, 0.0, 0, True)], [(1, 99), (2, 99)])
    plan = er.assign(scenario, method)
    check_feasible(plan)
    assert plan.left == 0
    assert len(set(plan.movements.shelter.tolist())) == 1
    soonest = 50.0 + 10.0 * (-(-size // 2) - 1)
    # The flow may send it by the other exit, ten seconds farther.
    assert plan.movements.arrive.max() in (soonest, soonest + 10.0 * (method == "shelter_flow"))


@pytest.mark.parametrize("method", METHODS)
def test_household_that_fits_nowhere_is_left_whole(method: str) -> None:
    """No shelter takes the whole household, so nobody of it goes; the others do."""
    network = two_exit_hall(left_capacity=4.0, right_capacity=4.0)
    scenario = scene(network, [(0, 6, 0.0, 0, True), (0, 4)], [(1, 5), (2, 5)])
    plan = er.assign(scenario, method)
    check_feasible(plan)
    assert plan.unassigned[["group_id", "size"]].to_numpy().tolist() == [["G0", 6]]


@pytest.mark.parametrize("late", [(1, 2, 0.1, 4, 0.1), (1, 3, 0.2, 5, 0.2)])
def test_household_in_file_is_not_parted(late: tuple[int, int, float, int, float]) -> None:
    """When others are moved on for whoever is left, no single member of a household is."""
    one, size, rate, room, left_capacity = late
    network = two_exit_hall(left=20.0, right=40.0, left_capacity=left_capacity, right_capacity=0.2)
    scenario = scene(
        network,
        [(1, one, 20.0), (1, size, 0.0, 0, True)],
        [(1, size, 0, rate), (2, room, 0, rate)],
        classes=[(1.0, 1.0)],
        deadline=70.0,
    )
    check_feasible(er.assign(scenario))


def test_households_that_only_fit_one_way_round() -> None:
    """Two households fill two shelters exactly, one way; the exact solver agrees it can be done."""
    network = two_exit_hall(left=50.0, right=60.0, left_capacity=4.0, right_capacity=4.0)
    scenario = scene(network, [(0, 3, 0.0, 0, True), (0, 5, 0.0, 0, True)], [(1, 5), (2, 3)])
    assert best(scenario, 10.0).most == 8
    plan = er.assign(scenario)
    check_feasible(plan)
    assert plan.left == 0


@pytest.mark.parametrize("method", METHODS)
def test_ready_times(method: str) -> None:
    """Nobody leaves before they are ready, and the time is counted from then."""
    network = corridor(1, 50.0)
    plan = er.assign(scene(network, [(0, 1, 0.0), (0, 1, 33.0), (0, 1, 60.0)], [(1, 9)]), method)
    check_feasible(plan)
    assert plan.movements.depart.tolist() == [0.0, 40.0, 60.0]
    assert plan.cost == 50.0 + 57.0 + 50.0


@pytest.mark.parametrize("method", METHODS)
def test_at_the_shelter_already(method: str) -> None:
    """Who stands at a shelter's door walks nothing and is safe when ready."""
    plan = er.assign(scene(corridor(1, 50.0), [(1, 4, 20.0)], [(1, 9)]), method)
    check_feasible(plan)
    assert plan.cost == 0.0
    assert plan.movements.leg_ptr.tolist() == [0, 0]
