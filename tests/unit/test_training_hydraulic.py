"""The second simulator: closed forms, what its arguments do, and what it refuses."""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import Any

import networkx as nx
import numpy as np
import pytest
from networks import corridor, from_edges, grid
from scenes import scene

import evacroute as er
from evacroute.errors import InputError, MissingExtraError
from evacroute.training._doors import Doors
from evacroute.training._walkers import drawn_for, who_follows
from evacroute.training.building import build, make_plan
from evacroute.training.hydraulic import draw_pace, play_draw, play_hydraulic
from evacroute.training.sampler import draw


def needs_model() -> None:
    pytest.importorskip("jupedsim_network")


def planned(scenario: er.Scenario, method: str = "earliest_arrival") -> er.Plan:
    return er.assign(scenario, method, step=10)


def two_doors(rooms: tuple[int, int] = (40, 40), people: int = 30) -> er.Scenario:
    """A long way to the right and a short one to the left; the plan needs both doors."""
    network = from_edges([(0, 0), (-50, 0), (200, 0)], [(0, 1), (0, 2)], capacity=4.0)
    return scene(network, [(0, people)], [(1, rooms[0]), (2, rooms[1])], classes=[(1.0, 0.5)])


@pytest.mark.parametrize("dt", [0.5, 2.0, 4.0])
@pytest.mark.parametrize("speed", [1.3, 0.57])
def test_free_corridor_exact(dt: float, speed: float) -> None:
    """Who walks alone is safe at ready + L / v whatever the step, where steps may be cut."""
    needs_model()
    scenario = scene(corridor(5, 33.0), [(0, 1, 40.0)], [(5, 1)], classes=[(speed, speed)])
    arrived = play_hydraulic(planned(scenario), exact=True, dt=dt)
    assert arrived == pytest.approx([40.0 + 165.0 / speed], abs=1e-6)


@pytest.mark.parametrize("dt", [0.5, 2.0])
def test_free_corridor_loses_steps_by_itself(dt: float) -> None:
    """Left as it is, the model is late by at most a step for each link and the two doors."""
    needs_model()
    scenario = scene(corridor(5, 33.0), [(0, 1, 40.0)], [(5, 1)], classes=[(1.1, 0.5)])
    late = play_hydraulic(planned(scenario), dt=dt)[0] - (40.0 + 150.0)
    assert 0 < late <= dt * 7


@pytest.mark.parametrize("capacity", [0.5, 1.0, 2.35])
@pytest.mark.parametrize("dt", [0.5, 2.0])
@pytest.mark.parametrize("factor", [1.0, 0.8, 1.4])
def test_saturated_corridor(capacity: float, dt: float, factor: float) -> None:
    """The last of N people is safe at L/v + N/q, with q times the factor, within two steps."""
    needs_model()
    people, rate = 80, capacity * factor
    network = corridor(3, 60.0, capacity=capacity, width=20.0)
    plan = planned(scene(network, [(0, people)], [(3, people)]))
    # The plan lets people out in turn; all at once, the first link holds them up.
    at_once = replace(plan.movements, depart=np.zeros(len(plan.movements)))
    crowd = er.Plan(plan.scenario, at_once, method="", step_s=10.0)
    arrived = play_hydraulic(crowd, exact=True, dt=dt, specific_flow_factor=factor)
    assert arrived.max() == pytest.approx(180.0 + people / rate, abs=1 / rate + 2 * dt)
    assert np.isfinite(arrived).all()


def test_crowd_is_slower() -> None:
    """A crowd on a narrow street walks slower than one person, and less so with more room."""
    needs_model()
    network = corridor(3, 60.0, capacity=4.0, width=1.5)
    plan = planned(scene(network, [(0, 200)], [(3, 200)]))
    tight, wide = (play_hydraulic(plan, exact=True, room=room).mean() for room in (1.0, 10.0))
    assert tight > wide + 5


def test_jam_density_holds_more_people() -> None:
    """With a higher jam density the same crowd is safe earlier: the law falls less steeply."""
    needs_model()
    network = corridor(3, 60.0, capacity=4.0, width=1.5)
    plan = planned(scene(network, [(0, 200)], [(3, 200)]))
    means = [play_hydraulic(plan, exact=True, jam_density=jam).mean() for jam in (3.0, 3.76, 6.5)]
    assert means[0] > means[1] > means[2]
    same = play_hydraulic(plan, exact=True, jam_density=1 / 0.266).mean()
    assert same == pytest.approx(play_hydraulic(plan, exact=True).mean())


def test_order_is_that_of_movements() -> None:
    """Arrivals stand in the order of movements, each as often as it has persons."""
    needs_model()
    scenario = scene(corridor(3, 100.0), [(0, 2, 600.0), (2, 3, 0.0)], [(3, 9)])
    plan = planned(scenario)
    group = np.repeat(plan.movements.group, plan.movements.size)
    arrived = play_hydraulic(plan, exact=True)
    assert arrived[group == 0].min() > 890
    assert arrived[group == 1].max() < 110


def test_pace_and_delay() -> None:
    """Twice the pace halves the walk, and who sets out later is later by as much."""
    needs_model()
    scenario = scene(corridor(3, 100.0), [(0, 1)], [(3, 1)])
    plan = planned(scenario)
    assert play_hydraulic(plan, exact=True, pace=[2.0])[0] == pytest.approx(150.0)
    assert play_hydraulic(plan, exact=True, delay=[77.0])[0] == pytest.approx(377.0)


def test_a_person_is_the_same_in_all_plans() -> None:
    """What is drawn for somebody does not depend on who else is placed, or in what order."""
    people = [(0, 3), (1, 2), (2, 4, 0.0, 0, True)]
    scenario = scene(corridor(3, 100.0), people, [(3, 20)])
    plan = planned(scenario)
    moves = plan.movements
    assert moves.group.tolist() == [0, 1, 2]
    drawn = np.arange(9.0)
    assert drawn_for(plan, drawn).tolist() == drawn.tolist()
    some = replace(plan, movements=moves.take(np.array([2, 0])))
    assert drawn_for(some, drawn).tolist() == [5, 6, 7, 8, 0, 1, 2]
    split = replace(moves.take(np.array([1, 0, 1])), size=np.array([1, 3, 1]))
    assert drawn_for(replace(plan, movements=split), drawn).tolist() == [3, 0, 1, 2, 4]
    pace = draw_pace(plan, 0.2, seed=5)
    np.testing.assert_array_equal(draw_pace(some, 0.2, seed=5), pace[[5, 6, 7, 8, 0, 1, 2]])
    who = who_follows(plan, 0.5, seed=5)
    np.testing.assert_array_equal(who_follows(some, 0.5, seed=5), who[[5, 6, 7, 8, 0, 1, 2]])
    some = replace(plan, movements=moves.take(np.array([2, 2])))
    with pytest.raises(InputError, match="8 persons move, expected at most 4"):
        drawn_for(some, drawn)
    parted = replace(moves.take(np.array([2, 2])), size=np.array([1, 3]))
    assert drawn_for(replace(plan, movements=parted), drawn).tolist() == [5, 5, 6, 7]
    for seed in range(20):
        assert len(set(who_follows(plan, 0.5, seed)[5:].tolist())) == 1


def test_a_person_sets_out_as_late_in_all_plans() -> None:
    """In plays of a draw the delay of somebody does not depend on who else is placed."""
    needs_model()
    scenario = scene(corridor(3, 100.0), [(0, 1), (1, 1), (2, 1)], [(3, 20)], deadline=3600)
    plan, one = planned(scenario), draw(0, 0)
    physics = replace(one.physics, compliance=1.0, delay_s=60.0)
    some = replace(plan, movements=plan.movements.take(np.array([2, 0])))
    everybody, few = (play_draw(p, replace(one, physics=physics)) for p in (plan, some))
    assert few == pytest.approx(everybody[[2, 0]], abs=1.0)


def test_drawn_paces() -> None:
    """Paces are spread around 1 within two deviations, and a household has one."""
    scenario = scene(
        corridor(3, 100.0), [(0, 2000), (1, 5, 0.0, 0, True)], [(3, 2005)], deadline=36_000
    )
    plan = planned(scenario)
    pace = draw_pace(plan, 0.2, seed=1)
    assert np.array_equal(pace, draw_pace(plan, 0.2, seed=1))
    assert not np.array_equal(pace, draw_pace(plan, 0.2, seed=2))
    assert pace.mean() == pytest.approx(1.0, abs=0.02)
    assert 0.15 < pace.std() < 0.2
    assert 0.6 <= pace.min() < pace.max() <= 1.4
    group = np.repeat(plan.movements.group, plan.movements.size)
    assert len(set(pace[group == 1].tolist())) == 1
    with pytest.raises(InputError, match=r"spread is 0\.5, expected 0 to 0\.4"):
        draw_pace(plan, 0.5)


def test_who_does_not_follow_goes_to_the_nearest() -> None:
    """With no compliance everyone takes the near door; with half of it, some do."""
    needs_model()
    plan = planned(two_doors((15, 40)))
    near = [int((play_hydraulic(plan, compliance=c, exact=True) < 150).sum()) for c in (1, 0.5, 0)]
    assert near[0] == 15
    assert 15 < near[1] < 30
    assert near[2] == 30


def test_full_doors_send_on() -> None:
    """Who comes to a full shelter goes on to the next with room; the first who come are taken."""
    needs_model()
    plan = planned(two_doors((15, 40)))
    arrived = np.sort(play_hydraulic(plan, compliance=0.0, exact=True, doors_close=True))
    assert np.isfinite(arrived).all()
    # 50 m to the left, then 250 m to the right.
    assert (arrived < 150).sum() == 15
    assert arrived[15:].min() >= 300


def test_who_finds_no_room_is_never_safe() -> None:
    """Where no shelter has room left people stay outside, and the run ends without them."""
    needs_model()
    network = from_edges([(0, 0), (-50, 0), (200, 0)], [(0, 1), (0, 2)], capacity=4.0)
    scenario = scene(network, [(0, 30)], [(1, 12), (2, 18)], classes=[(1.0, 0.5)])
    plan = planned(scenario)
    smaller = replace(scenario.shelters, capacity=[12, 10], step_free_capacity=[12, 10])
    tight = er.Scenario(
        network, scenario.groups, smaller, classes=scenario.classes, deadline=3600.0
    )
    other = er.Plan(tight, plan.movements, method="", step_s=10.0)
    assert np.isfinite(play_hydraulic(other, exact=True, doors_close=True)).sum() == 22
    assert np.isfinite(play_hydraulic(other, exact=True)).all()


def test_step_free_places_close() -> None:
    """A shelter with one step-free place sends the second wheelchair on, and keeps who walk."""
    needs_model()
    network = from_edges([(0, 0), (50, 0), (300, 0)], [(0, 1), (0, 2)], length=[50.0, 300.0])
    scenario = scene(
        network, [(0, 2, 0.0, 1), (0, 3)], [(1, 9, 1), (2, 9, 9)],
        classes=[(1.0, 0.5), (1.0, 0.0)],
    )  # fmt: skip
    plan = planned(scenario)
    arrived = play_hydraulic(plan, compliance=0.0, exact=True, doors_close=True)
    wheels = scenario.groups.class_[np.repeat(plan.movements.group, plan.movements.size)] == 1
    assert sorted(np.round(arrived[wheels])) == [50.0, 400.0]
    assert arrived[~wheels].max() < 60


def test_ways_on_are_shortest() -> None:
    """Ways from shelter to shelter are as long as networkx finds them, for who can pass them."""
    network = grid(7, 7, seed=4)
    node = [0, 6, 24, 42, 48]
    scenario = scene(
        network, [(3, 1), (3, 1, 0.0, 1)], [(v, 5) for v in node],
        classes=[(1.0, 0.5), (1.0, 0.0)],
    )  # fmt: skip
    doors = Doors(scenario)
    for class_ in (0, 1):
        may = np.isfinite(scenario.group_classes.walk_seconds(network)[class_])
        graph = nx.DiGraph()
        for i in np.flatnonzero(may):
            a, b = int(network.from_node[i]), int(network.to_node[i])
            graph.add_edge(a, b, weight=network.length[i])
        for start in range(5):
            far = nx.single_source_dijkstra_path_length(graph, node[start])
            rows = doors.on.get((int(doors.kind_of[class_]), start), [])
            metres = []
            for row in rows:
                links = doors.way_link[doors.way_ptr[row] : doors.way_ptr[row + 1]]
                assert may[links].all()
                ends = [node[start], *network.to_node[links].tolist()]
                assert network.from_node[links].tolist() == ends[:-1]
                assert ends[-1] == node[doors.way_shelter[row]]
                metres.append(network.length[links].sum())
            others = sorted(far[v] for v in node if v in far and v != node[start])
            assert metres == pytest.approx(others)


def test_hazards_slow_and_close() -> None:
    """A street at half speed takes twice as long, and a closed one is waited for."""
    needs_model()
    free = scene(corridor(3, 100.0), [(0, 1)], [(3, 1)])
    plan = planned(free)

    def played(begin: float, end: float, factor: float) -> float:
        hazard = er.LinkTimes([2], [-1], [begin], [end], [factor])
        other = er.Plan(free.with_hazard(hazard), plan.movements, method="", step_s=10.0)
        return float(play_hydraulic(other, exact=True, dt=1.0)[0])

    assert played(0.0, np.inf, 0.5) == pytest.approx(400.0)
    assert played(200.0, np.inf, 0.5) == pytest.approx(300.0)
    assert played(0.0, 500.0, 0.0) == pytest.approx(700.0, abs=1.0)
    assert np.isnan(played(0.0, np.inf, 0.0))


def test_same_seed_same_arrivals() -> None:
    """The same seed plays the same, another one does not."""
    needs_model()
    plan = planned(two_doors((15, 40)))
    one, same, other = (play_hydraulic(plan, compliance=0.5, seed=seed) for seed in (3, 3, 4))
    assert np.array_equal(one, same)
    assert not np.array_equal(one, other)


def test_shortest_ways() -> None:
    """Without ways of their own people take the shortest way to the shelter of the plan."""
    needs_model()
    plan = planned(two_doors((15, 40)))
    arrived = play_hydraulic(plan, own_ways=False)
    assert int((arrived < 150).sum()) == 15
    assert np.isfinite(arrived).all()


def test_draw_is_played() -> None:
    """The plan of a draw is played by its physics: slower, later and less true means fewer safe."""
    needs_model()
    one = replace(draw(3, 2, ("grid",)), people=600, hazard="none", deadline_s=1800.0)
    plan = make_plan(one, build(one))
    easy = replace(one.physics, specific_flow=1.9, compliance=1.0, delay_s=0.0, speed_spread=0.05)
    hard = replace(easy, specific_flow=1.0, compliance=0.5, delay_s=120.0)
    safe = []
    for physics in (easy, hard):
        arrived = play_draw(plan, replace(one, physics=physics))
        assert arrived.shape == (plan.placed,)
        safe.append(int((arrived <= 1800.0).sum()))
        assert np.array_equal(
            arrived, play_draw(plan, replace(one, physics=physics)), equal_nan=True
        )
    assert safe[0] > safe[1]


def test_nobody_placed() -> None:
    """A plan that places nobody is played in no time."""
    needs_model()
    plan = planned(scene(corridor(3, 1000.0), [(0, 5)], [(3, 5)], deadline=600))
    assert play_hydraulic(plan).shape == (0,)


@pytest.mark.parametrize(
    "given, message",
    [
        ({"dt": 0.0}, "dt is 0.0, expected a finite number > 0"),
        ({"jam_density": 1.0}, "jam_density is 1.0, expected a finite number >= 1.08"),
        ({"compliance": 1.2}, "compliance is 1.2, expected a share from 0 to 1"),
        ({"pace": [1.0]}, r"pace has shape \(1,\), expected \(3,\)"),
        ({"pace": [1.0, 0.0, 1.0]}, "row 1: pace is 0.0, expected a finite number > 0"),
        ({"delay": [-1.0]}, "row 0: delay is -1.0, expected a finite number >= 0"),
        ({"exact": True, "own_ways": False}, "need own_ways=True"),
    ],
)
def test_refuses(given: dict[str, Any], message: str) -> None:
    """What is not as it must be is refused by name, before the model is asked for."""
    plan = planned(scene(corridor(3, 100.0), [(0, 3, 0.0, 0, True)], [(3, 3)]))
    with pytest.raises(InputError, match=message):
        play_hydraulic(plan, **given)


def test_all_faults_at_once() -> None:
    """One error names all that is wrong."""
    plan = planned(scene(corridor(3, 100.0), [(0, 3)], [(3, 3)]))
    with pytest.raises(InputError, match="3 faults"):
        play_hydraulic(plan, dt=-1, room=0, compliance=-1)


def test_without_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where jupedsim-network is missing the error says what to install."""
    plan = planned(scene(corridor(3, 100.0), [(0, 3)], [(3, 3)]))
    monkeypatch.setitem(sys.modules, "jupedsim_network", None)
    monkeypatch.delitem(sys.modules, "evacroute.training._hydraulic_run", raising=False)
    with pytest.raises(MissingExtraError, match=r"pip install 'evacroute\[bench\]'"):
        play_hydraulic(plan)
