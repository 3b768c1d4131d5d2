"""Who is left is told why, and what is called proven is true."""

from __future__ import annotations

import pytest
from naive import best
from networks import corridor, from_edges, two_exit_hall
from scenes import WALKER, WHEELCHAIR, scene

import evacroute as er

METHODS = ("earliest_arrival", "shelter_flow")
BOTH = [WALKER, WHEELCHAIR]


def reasons(scenario: er.Scenario, method: str) -> dict[str, str]:
    """Reason by group, of groups that are left whole."""
    left = er.assign(scenario, method).unassigned
    return dict(zip(left["group_id"], left["reason"], strict=True))


@pytest.mark.parametrize("method", er.METHODS)
def test_each_has_the_reason_that_is_theirs(method: str) -> None:
    """Groups that nothing could save are told the first thing that is in their way."""
    network = from_edges(
        [(0, 0), (50, 0), (100, 0), (500, 0), (900, 0), (960, 0), (0, 400), (50, 400)],
        # N3 is far off; N4 - N5 is an island without a shelter, N6 - N7 one with a shut one.
        [(0, 1), (1, 2), (2, 3), (4, 5), (6, 7)],
        capacity=4.0,
        steps={0: 20},
    )
    scenario = scene(
        network,
        [
            (1, 1),
            (4, 2),
            (0, 3, 0.0, 1),
            (6, 4),
            (1, 5, 0.0, 1),
            (3, 6),
            (1, 7, 290.0),
            (4, 8, 0.0, 1),
        ],
        [(2, 99, 0), (7, 0)],
        classes=BOTH,
        deadline=300.0,
    )
    assert reasons(scenario, method) == {
        "G1": "no way to any shelter",
        "G2": "no step-free way to any shelter",
        "G3": "no shelter with room",
        "G4": "no step-free place left",
        "G5": "too far to arrive by the deadline",
        "G6": "too far to arrive by the deadline",
        "G7": "no way to any shelter",
    }


def test_no_room() -> None:
    """With fewer places than people the rest is told that no shelter has room."""
    plan = er.assign(scene(corridor(1, 50.0), [(0, 9)], [(1, 5)]))
    assert plan.left_by_reason == {"no shelter with room": 4}


def test_no_step_free_place() -> None:
    """With fewer step-free places than wheelchair users the rest of them is told that."""
    plan = er.assign(scene(corridor(1, 50.0), [(0, 9), (0, 5, 0.0, 1)], [(1, 50, 2)], classes=BOTH))
    assert plan.left_by_reason == {"no step-free place left": 3}
    assert plan.by_class()["left"].tolist() == [0, 3]


def test_no_room_where_one_can_get() -> None:
    """Room on an island is of no use to the others: it is still room that they lack."""
    network = from_edges([(0, 0), (50, 0), (0, 300), (50, 300)], [(0, 1), (2, 3)], capacity=4.0)
    plan = er.assign(scene(network, [(0, 9), (2, 3)], [(1, 5), (3, 99)]))
    assert plan.left_by_reason == {"no shelter with room": 4}


@pytest.mark.parametrize("method", METHODS)
def test_full_shelters_are_the_reason(method: str) -> None:
    """Where every place is taken, the lack of places is the reason, whatever the method."""
    plan = er.assign(scene(corridor(1, 50.0), [(0, 9)], [(1, 5)]), method)
    assert plan.left_by_reason == {"no shelter with room": 4}


@pytest.mark.parametrize("method", METHODS)
def test_street_too_narrow_for_the_time(method: str) -> None:
    """Where places are left but the street lets no more through in time, that is proven."""
    scenario = scene(corridor(1, 50.0, capacity=0.2), [(0, 99)], [(1, 99)], deadline=100.0)
    plan = er.assign(scenario, method)
    assert best(scenario, 10.0).most == plan.placed == 12
    assert plan.left_by_reason == {"no room on the way by the deadline (proven)": 87}


@pytest.mark.parametrize("method", METHODS)
def test_door_too_slow_for_the_time(method: str) -> None:
    """A door that admits too few in time is such a proof too."""
    scenario = scene(corridor(1, 50.0), [(0, 99)], [(1, 99, 0, 0.3)], deadline=100.0)
    plan = er.assign(scenario, method)
    assert best(scenario, 10.0).most == plan.placed == 18
    assert plan.left_by_reason == {"no room on the way by the deadline (proven)": 81}


def test_household_too_large_for_every_shelter() -> None:
    """A household larger than any shelter is told that no shelter has room for it."""
    network = two_exit_hall(left_capacity=4.0, right_capacity=4.0)
    scenario = scene(network, [(0, 6, 0.0, 0, True)], [(1, 5), (2, 5)])
    assert reasons(scenario, "shelter_flow") == {"G0": "no shelter with room"}


def test_left_sizes_add_up() -> None:
    """A group placed in part is listed with the persons that are left of it."""
    plan = er.assign(scene(corridor(1, 50.0), [(0, 9), (0, 2)], [(1, 8)]))
    assert plan.placed == 8
    assert plan.unassigned["size"].sum() == 3
