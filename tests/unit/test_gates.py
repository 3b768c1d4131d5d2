"""Links that change over time on the grid: copies, and the slots in which each may be entered."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from networks import corridor
from scenes import on_the_grid, scene

import evacroute as er
from evacroute.assignment import build_problem
from evacroute.assignment.gates import make_gates, open_spans, slowest_walk, steady_walk
from evacroute.assignment.time_net import build_time_net

INF = np.inf


def rows(*table: tuple[int, int, float, float, float]) -> er.LinkTimes:
    """Link times of (link, class, from, to, factor)."""
    return er.LinkTimes(*(np.array(column) for column in zip(*table, strict=True)))


def slots(open_: np.ndarray) -> list[int]:
    return np.flatnonzero(open_).tolist()


def test_a_class_must_be_out_when_the_link_closes() -> None:
    """A walk of 25 s in steps of 10 may begin three steps before the link closes, and later not."""
    times = rows((0, -1, 100.0, 200.0, 0.0)).profile(1, 400.0)
    gates = make_gates(times, np.array([[25.0]]), 10.0, 40)
    assert len(gates) == 1
    assert slots(gates.open_[0]) == [*range(8), *range(20, 41)]
    assert gates.time.tolist() == [[2.5]]


def test_each_pace_is_a_copy() -> None:
    """A link that slows to a half and later recovers has two copies; the quick one opens twice."""
    times = rows((0, -1, 100.0, 200.0, 0.5)).profile(1, 400.0)
    gates = make_gates(times, np.array([[20.0]]), 10.0, 40)
    assert sorted(gates.time[0].tolist()) == [2.0, 4.0]
    quick, slow = np.argsort(gates.time[0])
    assert slots(gates.open_[gates.gate[quick]]) == [*range(10), *range(20, 41)]
    assert slots(gates.open_[gates.gate[slow]]) == list(range(10, 20))


def test_what_closes_to_one_class_stays_open_to_others() -> None:
    """A closure of one class shortens its time alone, the longer its walk the more."""
    times = rows((0, 1, 100.0, INF, 0.0)).profile(2, 400.0)
    gates = make_gates(times, np.array([[20.0], [35.0]]), 10.0, 40)
    upto = {}
    for k in (0, 1):
        mine = np.flatnonzero(np.isfinite(gates.time[k]))
        upto[k] = max(max(slots(gates.open_[gates.gate[i]])) for i in mine)
    assert upto == {0: 40, 1: 6}


def test_what_holds_all_the_time_is_no_change() -> None:
    """A link slowed for good has no gate, but a longer walk; one shut for good has none at all."""
    times = rows((0, -1, 0.0, INF, 0.5), (1, -1, 0.0, INF, 0.0), (2, -1, 50.0, 60.0, 0.8))
    profile = times.profile(1, 400.0)
    walk = steady_walk(profile, np.array([[20.0, 20.0, 20.0]]))
    assert walk.tolist() == [[40.0, INF, 20.0]]
    assert slowest_walk(profile, walk).tolist() == [[40.0, INF, 25.0]]
    assert make_gates(profile, walk, 10.0, 40).varying.tolist() == [False, False, True]


def test_rows_that_meet_are_multiplied() -> None:
    """Two hazards on one link slow it by both, and a closure shuts whatever else there is."""
    times = rows((0, -1, 0.0, 100.0, 0.5), (0, 0, 50.0, 150.0, 0.8), (0, -1, 140.0, 160.0, 0.0))
    profile = times.profile(2, 400.0)
    at = [0.0, 50.0, 100.0, 140.0, 150.0, 160.0]
    factor = np.array([profile.at(time, 1)[:, 0] for time in at])
    assert np.allclose(factor[:, 0], [0.5, 0.4, 0.8, 0.0, 0.0, 1.0])
    assert np.allclose(factor[:, 1], [0.5, 0.5, 1.0, 0.0, 0.0, 1.0])


def test_spans_of_open_slots() -> None:
    """Spans are listed gate by gate, first and last slot included."""
    open_ = np.array([[1, 1, 0, 1], [0, 0, 0, 0], [0, 1, 1, 1]], bool)
    ptr, first, last = open_spans(open_)
    assert (ptr.tolist(), first.tolist(), last.tolist()) == ([0, 2, 2, 3], [0, 3, 1], [1, 3, 3])


def test_legs_know_no_gates() -> None:
    """In a plan's legs stand links alone, and the time of each is that of its pace."""
    network = on_the_grid(corridor(3, length=30.0), 10.0)
    forward = np.flatnonzero(network.from_node < network.to_node)
    slow = rows((int(forward[1]), -1, 60.0, INF, 0.5))
    base = scene(network, [(0, 1, 0.0), (0, 1, 60.0)], [(2, 9)], classes=[(1.0, 1.0)])
    plan = er.assign(
        er.Scenario(network, base.groups, base.shelters, classes=base.group_classes, hazard=slow),
        "earliest_arrival",
    )
    problem = build_problem(plan.scenario, 10.0)
    assert problem.gates.n_gates == 2
    assert plan.movements.leg_link.max() < network.n_links
    order = np.argsort(plan.movements.group)
    assert plan.movements.arrive[order].tolist() == [60.0, 150.0]
    assert er.verify(plan).ok


def test_a_copy_is_shut_outside_its_span() -> None:
    """Searches pass over copies of a street outside the slots that the net names for them: nobody
    could enter there, and inside somebody can."""
    network = corridor(4)
    times = rows(
        (2, -1, 100.0, 300.0, 0.5), (2, -1, 300.0, 900.0, 0.0), (2, -1, 1200.0, INF, 0.25),
        (4, 0, 0.0, 600.0, 0.0), (3, -1, 0.0, 60.0, 0.5),
    )  # fmt: skip
    base = scene(network, [(0, 5), (0, 5, 0.0, 1)], [(4, 50)], classes=[(1.0, 0.5), (0.5, 0.5)])
    problem = build_problem(replace(base, hazard=times), 10.0)
    net = build_time_net(problem)
    free = problem.tables().link
    gated = net.item_link[net.item_ptr[:-1]] >= net.n_links
    assert gated.any()
    for a in np.flatnonzero(gated):
        enters = np.flatnonzero(free[net.item_link[net.item_ptr[a]]] > 0)
        assert (net.first[a], net.last[a]) == (enters[0], enters[-1])
    assert (net.first[~gated] == 0).all()
    assert (net.last[~gated] == problem.n_slots).all()
