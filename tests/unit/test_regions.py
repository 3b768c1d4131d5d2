from __future__ import annotations

import numpy as np
import pytest
from networks import grid
from scenes import scene

import evacroute as er
from evacroute._kernels.distances import to_shelters
from evacroute._kernels.graph import FAR
from evacroute._kernels.hopes import bring_up_to_date
from evacroute.assignment import problem as problem_module
from evacroute.assignment.parties import gather
from evacroute.assignment.placing import Placing
from evacroute.assignment.problem import build_problem
from evacroute.assignment.regions import make_regions
from evacroute.assignment.soonest import Soonest


def town(seed: int, n: int = 7, shelters: int = 9, persons: int = 120) -> er.Scenario:
    """A grid with holes, shelters and people at random, two classes and a step-free one."""
    random = np.random.default_rng(seed)
    network = grid(n, n, spacing=45.0, seed=seed, missing_share=0.25)
    doors = random.choice(n * n, shelters, replace=False)
    rows = [
        (int(random.integers(n * n)), int(random.integers(1, 4)), float(random.integers(60)), k)
        for k in random.integers(0, 3, persons).tolist()
    ]
    room = [(int(d), int(random.integers(20, 60))) for d in doors]
    classes = [(1.3, 0.7), (0.8, 0.4), (0.6, 0.0)]
    return scene(network, rows, room, classes=classes, deadline=1800.0)


@pytest.mark.parametrize("seed", range(8))
def test_hopes_are_kept_as_shelters_fill_and_empty(seed: int) -> None:
    """After any fillings and vacatings the least walk + price is that over the shelters open."""
    random = np.random.default_rng(seed)
    problem = build_problem(town(seed), 10.0)
    table = problem.distances()
    price = random.integers(0, 30, table.shape[1]).astype(np.int32)
    placing = Placing(problem, price=price)
    for _ in range(40):
        s = int(random.integers(table.shape[1]))
        placing.free.room[s] = random.integers(0, 2)
        placing.free.step_free_room[s] = random.integers(0, 2)
        bring_up_to_date(problem.graph, placing.free, problem.step_free, price, placing.hopes)
        for k in range(len(table)):
            is_open = placing.free.room > 0
            if problem.step_free[k]:
                is_open &= placing.free.step_free_room > 0
            walk = np.where(table[k] < FAR, table[k] + price[:, None], FAR)
            expected = walk[is_open].min(axis=0, initial=FAR)
            assert placing.hopes.least[k].tolist() == expected.tolist()


@pytest.mark.parametrize("seed", range(4))
def test_soonest_is_the_least_of_the_table(seed: int) -> None:
    """The slots to the nearest of some shelters are the least over their distances."""
    problem = build_problem(town(seed), 10.0)
    origins = gather(problem.scenario.groups, 3)
    is_open = np.arange(9) % 2 == seed % 2
    found = Soonest(problem, origins).to(is_open)
    table, head = problem.distances(), problem.graph.node_head[origins.node]
    at_head = head >= 0
    expected = table[origins.class_, :, head][:, is_open].min(axis=1)
    assert at_head.any()
    assert found[at_head].tolist() == expected[at_head].tolist()


@pytest.mark.parametrize("seed", range(4))
def test_regions_cover_the_city(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each shelter is in one region, each place that reaches one too; no way gets shorter."""
    monkeypatch.setattr("evacroute.assignment.regions.MOST_SHELTERS", 3)
    problem = build_problem(town(seed), 10.0)
    regions = make_regions(problem)
    assert sorted(np.concatenate([r.shelters for r in regions.regions]).tolist()) == list(range(9))
    table = problem.distances()
    covered = np.zeros(problem.scenario.network.n_nodes, bool)
    for i, region in enumerate(regions.regions):
        assert (regions.of_shelter[region.shelters] == i).all()
        covered[region.nodes] = True
        for k in range(3):
            graph = region.for_class(problem.graph, k, region.shelters)
            inside = np.empty((1, len(region.shelters), len(region.heads)), np.int32)
            to_shelters(graph, graph.arc_time, graph.shelter_head, inside)
            assert (inside[0] >= table[k][np.ix_(region.shelters, region.heads)]).all()
    reach = Soonest(problem, gather(problem.scenario.groups, 3)).to(np.ones(9, bool)) < FAR
    nodes = gather(problem.scenario.groups, 3).node
    assert covered[nodes[reach]].all()


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("method", ["earliest_arrival", "shelter_flow"])
def test_a_city_in_regions_keeps_every_rule(
    seed: int, method: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Cut into regions, the plan passes every check, leaves nobody more and takes little longer."""
    scenario = town(seed)
    whole = er.assign(scenario, method)
    monkeypatch.setattr(problem_module, "MOST_TIMES", 0)
    monkeypatch.setattr("evacroute.assignment.regions.MOST_SHELTERS", 3)
    parts = er.assign(scenario, method)
    verification = er.verify(parts)
    assert verification.ok, str(verification)
    assert parts.placed + parts.left == scenario.persons
    assert parts.left <= whole.left
    if method == "earliest_arrival":
        assert parts.cost == whole.cost
    assert parts.cost <= 1.1 * whole.cost


@pytest.mark.parametrize("method", ["nearest", "earliest_arrival", "shelter_flow"])
def test_narrow_tables_give_the_same_plan(method: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Reservation tables of 16 bits hold what those of 32 bits hold."""
    scenario = town(3, persons=200)
    wide = er.assign(scenario, method)
    monkeypatch.setattr(problem_module, "MOST_ENTRIES", 0)
    assert build_problem(scenario, 10.0).tables().link.dtype == np.int16
    narrow = er.assign(scenario, method)
    assert narrow.movements.equals(wide.movements)


@pytest.mark.parametrize("seed", range(3))
def test_chains_are_walked_from_head_to_head(seed: int) -> None:
    """Each open link is in just one arc, and the links of an arc follow each other."""
    problem = build_problem(town(seed), 10.0)
    graph, network = problem.graph, problem.scenario.network
    assert sorted(graph.seq_link.tolist()) == list(range(network.n_links))
    for first, last in zip(graph.seq_ptr[:-1], graph.seq_ptr[1:], strict=True):
        links = graph.seq_link[first:last]
        assert (network.to_node[links[:-1]] == network.from_node[links[1:]]).all()
        assert (graph.node_head[network.to_node[links[:-1]]] < 0).all()
        assert graph.node_head[network.from_node[links[0]]] >= 0
        assert graph.node_head[network.to_node[links[-1]]] >= 0
