from __future__ import annotations

import math
import os
import subprocess
import sys
from dataclasses import replace

import networkx as nx
import numpy as np
import pytest
from naive import check_feasible, inside_chains, lay_out
from naive import per_slot as naive_per_slot
from networks import corridor, from_edges, grid
from scenes import WHEELCHAIR, on_the_grid, scene

import evacroute as er
from evacroute.assignment.capacity_slots import per_slot
from evacroute.assignment.placeable import most_placeable
from evacroute.assignment.problem import build_problem
from evacroute.assignment.time_net import build_time_net
from evacroute.network import KINDS

FAR = 1 << 28


def test_whole_persons_per_slot() -> None:
    """A rate gives its whole persons a slot; a thin one a person every few slots."""
    rate = np.array([0.0, 0.04, 0.05, 0.1, 0.29999, 0.3, 1.27, np.inf])
    slot, every = per_slot(rate, 10.0)
    assert slot[:7].tolist() == [0, 0, 1, 1, 2, 3, 12]
    assert slot[7] > 10**8
    assert every.tolist() == [1, 1, 3, 1, 1, 1, 1, 1]


@pytest.mark.parametrize("persons", [0.51, 0.6, 0.75, 0.99, 1.0, 1.5, 3.3, 20.0])
@pytest.mark.parametrize("step", [5.0, 10.0])
def test_no_window_takes_more_than_the_rule(persons: float, step: float) -> None:
    """Over every window no shorter than a step: entries <= rate x (window + step)."""
    rate = persons / step
    slot, every = (int(column[0]) for column in per_slot(np.array([rate]), step))
    assert (slot, every) == naive_per_slot(rate, step)
    entered = [slot * (t % every == 0) for t in range(60)]
    for begin in range(60):
        for end in range(begin + 1, 60):
            window = (end - begin) * step
            assert sum(entered[begin : end + 1]) <= rate * (window + step) + 1e-9


def test_ready_and_deadline_in_slots() -> None:
    """Ready times are rounded up and the deadline down to whole slots."""
    rows = [(0, 1, t) for t in (0.0, 0.1, 9.9, 10.0, 10.1, 95.0, 500.0)]
    problem = build_problem(scene(corridor(1, 50.0), rows, [(1, 9)], deadline=99.0), 10.0)
    assert problem.n_slots == 9
    assert problem.ready.tolist() == [0, 1, 1, 1, 2, 10, 10]
    third = scene(corridor(1, 50.0), [(0, 1, 0.7)], [(1, 9)], deadline=0.9)
    assert build_problem(third, 0.1).n_slots == 9
    assert build_problem(third, 0.1).ready.tolist() == [7]


def test_tables_lie_row_by_row() -> None:
    """Whatever the city, tables by class lie in one order, so that no kernel is compiled twice."""
    streets = [(corridor(1, 50.0), [(0, 1, 0.0)], [(1, 9)])]
    streets.append((on_the_grid(grid(4, 4, spacing=40.0, seed=1), 10.0), [(0, 3, 0.0)], [(9, 9)]))
    for network, crowd, doors in streets:
        for classes in ([WHEELCHAIR], [WHEELCHAIR, (1.0, 0.5)]):
            problem = build_problem(scene(network, crowd, doors, classes=classes), 10.0)
            graph = problem.graph
            for table in (graph.arc_time, graph.arc_walk, graph.link_time):
                assert table.flags.c_contiguous
            assert build_time_net(problem).item_off.flags.c_contiguous


THREADS = """
import evacroute as er, numba
scenario, plans = er.lagoon(people=300), []
for threads in (1, 2):
    numba.set_num_threads(threads)
    plans.append(er.assign(scenario, "shelter_flow"))
print(plans[0].equals(plans[1]))
"""


def test_threads_change_nothing() -> None:
    """Parallel kernels on two threads give the plan that they give on one."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", THREADS],
        env={**os.environ, "NUMBA_NUM_THREADS": "2"}, capture_output=True, text=True,
    )  # fmt: skip
    assert done.stdout == "True\n", done.stderr


def test_distances_are_shortest_ways() -> None:
    """The slots to every shelter are those of networkx over the links, for every class."""
    for seed in range(6):
        network = on_the_grid(grid(4, 4, spacing=40.0, seed=seed, missing_share=0.4), 10.0)
        scenario = scene(
            network, [(0, 1)], [(15, 9), (6, 9)], classes=[(1.0, 0.5), (0.5, 0.25), WHEELCHAIR]
        )
        problem, laid_out = build_problem(scenario, 10.0), lay_out(scenario, 10.0)
        distances = problem.distances()
        for k in range(3):
            back = nx.DiGraph()
            back.add_nodes_from(range(16))
            for (a, b), took in zip(laid_out.links, laid_out.slots, strict=True):
                if k in took:
                    back.add_edge(b, a, weight=took[k])
            for s, door in enumerate((15, 6)):
                found = nx.single_source_dijkstra_path_length(back, door)
                for v in range(16):
                    if problem.graph.node_head[v] >= 0:
                        here = distances[k, s, problem.graph.node_head[v]]
                        assert here == found.get(v, FAR)


def test_chains_are_merged() -> None:
    """Just the nodes between two streets that hold no shelter are inside chains."""
    for seed in range(6):
        network = on_the_grid(grid(4, 4, seed=seed, missing_share=0.6), 10.0)
        scenario = scene(network, [(0, 1)], [(5, 9), (15, 9)], classes=[(1.0, 1.0)])
        graph = build_problem(scenario, 10.0).graph
        inside = inside_chains(scenario, lay_out(scenario, 10.0))
        assert set(np.flatnonzero(graph.node_head < 0).tolist()) == inside
        # Every link is in just one arc.
        assert sorted(graph.seq_link.tolist()) == list(range(scenario.network.n_links))


def test_a_ring_keeps_one_node() -> None:
    """A closed ring of streets that meets nothing else is still a graph, and people stay put."""
    ring = [(0, 0), (50, 0), (50, 50), (0, 50)]
    network = from_edges(
        [*ring, (200, 0), (250, 0)], [(0, 1), (1, 2), (2, 3), (3, 0), (4, 5)], capacity=4.0
    )
    plan = er.assign(scene(network, [(1, 3), (4, 2)], [(5, 9)]))
    assert plan.left_by_reason == {"no way to any shelter": 3}
    inside = er.assign(scene(network, [(1, 3), (4, 2)], [(5, 9), (3, 9)]))
    assert inside.left == 0
    assert inside.movements.arrive.tolist() == [100.0, 50.0]


def test_no_limit_on_people_is_too_low() -> None:
    """The most that can be placed is never below what a plan places, on any small grid."""
    for seed in range(12):
        network = grid(3, 3, spacing=35.0, seed=seed)
        scenario = scene(
            network,
            [(0, 30), (4, 20, 15.0, 1), (7, 9, 0.0, 2)],
            [(8, 25, 5, 0.6), (2, 20, 3)],
            classes=[(1.3, 0.7), (1.0, 0.5), (0.9, 0.0)],
            deadline=150.0 + 10 * seed,
        )
        problem = build_problem(scenario, 10.0)
        most = most_placeable(problem, np.ones(3, bool))
        assert er.assign(scenario).placed <= most
        assert most_placeable(problem, np.zeros(3, bool)) == 0


def test_units_where_someone_is_wide() -> None:
    """A person of three persons' space takes three times the units of one, on wide streets."""
    network = replace(corridor(2, 50.0), capacity=np.full(4, 1.27))
    alike = build_problem(scene(network, [(0, 1)], [(2, 9)]), 10.0)
    assert alike.units == 1
    assert alike.link_slot.tolist() == [12] * 4
    rows = [(0, 1, 0.0, 0), (0, 1, 0.0, 1)]
    wide = scene(network, rows, [(2, 9)], classes=[(1.0, 0.5), (1.0, 0.5, 0.0, 3.0)])
    problem = build_problem(wide, 10.0)
    assert (problem.graph.unit / problem.units).tolist() == [1.0, 3.0]
    assert problem.link_slot.tolist() == [math.floor(12.7 * problem.units)] * 4
    assert problem.link_every.tolist() == [1] * 4


@pytest.mark.parametrize(
    ("persons", "slot", "every"),
    # Of a class of three: every slot; every few; never, but one person's width passes.
    [(3.0, 3.0, 1), (2.9, 3.0, 2), (1.5, 3.0, 3), (1.4, 1.4, 1), (0.8, 1.0, 2), (0.4, 0.0, 1)],
)
def test_a_narrow_link_lets_the_wide_in_every_few_slots(
    persons: float, slot: float, every: int
) -> None:
    """A link of less than the wide a slot lets them in every few slots, or bars them."""
    network = replace(corridor(1, 50.0), capacity=np.full(2, persons / 10))
    rows = [(0, 1, 0.0, 0), (0, 1, 0.0, 1)]
    scenario = scene(network, rows, [(1, 9)], classes=[(1.0, 0.5), (1.0, 0.5, 0.0, 3.0)])
    problem = build_problem(scenario, 10.0)
    whole = math.floor(slot * problem.units + 1e-9)
    assert (problem.link_slot[0], problem.link_every[0]) == (whole, every)
    assert bool(np.isfinite(problem.graph.link_time[1, 0])) == (persons >= 1.5)
    assert bool(np.isfinite(problem.graph.link_time[0, 0])) == (persons >= 0.5)
    plan = er.assign(scenario, "shelter_flow")
    check_feasible(plan)
    assert plan.placed == (2 if persons >= 1.5 else 1 if persons >= 0.5 else 0)


def test_a_wide_person_barred_by_the_step_is_told_so() -> None:
    """Who is too wide for the slots of the only street is left for that reason."""
    network = replace(corridor(1, 50.0), capacity=np.full(2, 0.12))
    rows = [(0, 1, 0.0, 0), (0, 1, 0.0, 1)]
    scenario = scene(network, rows, [(1, 9)], classes=[(1.0, 0.5), (1.0, 0.5, 0.0, 3.0)])
    plan = er.assign(scenario)
    assert plan.left_by_reason == {"no way that lets in so wide a person at this step": 1}
    assert er.assign(scenario, step=20.0).left == 0


@pytest.mark.parametrize("deadline", ["6 min", "8 min", "15 min"])
def test_a_short_deadline_keeps_walking_times(deadline: str) -> None:
    """Where the deadline cuts many off, those who still walk do so in length / speed: times are
    fitted to their walks, not to those of people who go nowhere."""
    plan = er.assign(er.lagoon(10_000, deadline=deadline), "shelter_flow")
    assert plan.left > 0.1 * (plan.placed + plan.left)
    checks = {check.name: check for check in er.verify(plan).checks}
    assert checks["walking time by class"].ok, checks["walking time by class"].examples


def test_density_limits_flow_by_the_slowest() -> None:
    """A ceiling of density caps capacity at density x width x the slowest speed on the link."""
    network = replace(corridor(1, 50.0), capacity=np.full(2, 9.0), width=np.full(2, 2.0))
    rows = [(0, 1, 0.0, 0), (0, 1, 0.0, 1)]
    scenario = scene(network, rows, [(1, 9)], classes=[(1.0, 0.5), (0.6, 0.5), (0.1, 0.1)])
    # The third class has no people.
    assert build_problem(scenario, 10.0, 2.0).link_slot.tolist() == [24, 24]
    assert build_problem(scenario, 10.0).link_slot.tolist() == [90, 90]


@pytest.mark.parametrize("places,rows", [(1, [(1.0, 0.0, 0.0, 1.9)]), (3, [(1.0, 0.0, 0.0, 1.9)])])
def test_wheelchair_places_count_persons(places: int, rows: list[tuple[float, ...]]) -> None:
    """Who takes the street of two takes one wheelchair place: a boat carries as many as it has."""
    network = corridor(3)
    kind = network.kind.copy()
    kind[2:4] = KINDS.index("ferry")
    scenario = scene(network, [(0, 1)] * 9, [(3, 20)], classes=rows)
    boats = er.Boats(
        [2, 2], ["A", "B"], [300.0, 600.0], [400.0, 700.0], [60, 60], [places] * 2, [60] * 2
    )
    plan = er.assign(replace(scenario, network=replace(network, kind=kind), boats=boats))
    assert plan.placed == min(9, 2 * places)
    assert er.verify(plan).broken == ()


def test_wheelchair_places_where_some_take_more_street() -> None:
    """People of two widths together are never more than a boat's wheelchair places."""
    network = corridor(3)
    kind = network.kind.copy()
    kind[2:4] = KINDS.index("ferry")
    classes = [(1.0, 0.0, 0.0, 1.9), (1.0, 0.0, 0.0, 1.0)]
    scenario = scene(network, [(0, 1, 0.0, i % 2) for i in range(12)], [(3, 20)], classes=classes)
    boats = er.Boats([2], ["A"], [300.0], [400.0], [60], [4], [60])
    plan = er.assign(replace(scenario, network=replace(network, kind=kind), boats=boats))
    assert 2 <= plan.placed <= 4
    assert er.verify(plan).broken == ()
