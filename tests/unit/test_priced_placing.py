"""Search, exchanges and chains under prices: against Dijkstra, and by what they say they gain."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from naive import best, check_feasible
from naive_prices import cheapest_way
from networks import grid
from scenes import on_the_grid, scene

import evacroute as er
from evacroute._kernels.graph import FAR
from evacroute._kernels.priced_search import NEVER, UNIT, find_way
from evacroute._kernels.revalue import revalue
from evacroute.assignment.finish import finish
from evacroute.assignment.guides import make_guide
from evacroute.assignment.lanes import whole_net
from evacroute.assignment.priced_placing import PricedPlacing
from evacroute.assignment.problem import build_problem
from evacroute.assignment.sweeper import PriceSet, Sweeper, gather_crowd, make_terms
from evacroute.assignment.time_net import build_time_net
from evacroute.plan import Plan

STEP = 10.0
PACES = [(1.0, 0.5), (0.5, 0.0)]


def tight(seed: int, *, classes: int = 1, households: bool = False) -> er.Scenario:
    """Narrow streets, some of them thin, some chains, time enough."""
    rng = np.random.default_rng(seed)
    network = on_the_grid(grid(3, 3, spacing=30.0, seed=seed, steps_share=0.0,
                               missing_share=0.6), 10.0)  # fmt: skip
    capacity = rng.choice([0.08, 0.1, 0.2, 0.5], network.n_links // 2)
    network = replace(network, capacity=np.repeat(capacity, 2))
    crowd = [
        (int(rng.integers(9)), int(rng.integers(1, 5)), 10.0 * int(rng.integers(4)),
         int(rng.integers(classes)), households and bool(rng.random() < 0.4))
        for _ in range(7)
    ]  # fmt: skip
    people = sum(row[1] for row in crowd)
    doors = [(int(v), people // 2 + 2, people // 2 + 2, float(rng.choice([0.2, np.inf])))
             for v in rng.choice(9, 2, replace=False)]  # fmt: skip
    return scene(network, crowd, doors, classes=PACES[:classes], deadline=900.0)


class Bench:
    """A placing of a scenario with prices drawn at random (or none)."""

    def __init__(self, scenario: er.Scenario, seed: int, *, priced: bool = True) -> None:
        self.problem = problem = build_problem(scenario, STEP)
        self.net = net = build_time_net(problem)
        n, m = problem.n_slots, len(problem.link_slot)
        k = len(scenario.group_classes)
        self.terms = make_terms(problem, net, np.ones(k), np.arange(k))
        counted = np.ones(len(scenario.groups), bool)
        crowd = gather_crowd(problem, net, counted)
        rng = np.random.default_rng(seed)
        links = np.sort(rng.choice(m, m // 2, replace=False))
        horizon = 20
        link = np.zeros((n + 2, len(links)), np.float32)
        if priced:
            draw = rng.uniform(0, 4, (horizon, len(links)))
            link[:horizon] = draw * (rng.random(draw.shape) < 0.3)
        s = len(self.terms.node)
        none = np.zeros(s, np.float32)
        room = rng.uniform(0, 3, s).astype(np.float32) if priced else none
        door = np.zeros((n + 2, s), np.float32)
        self.prices = PriceSet(
            links, link, room, none, door, self.terms.penalty.astype(np.float32), horizon
        )
        row = np.full(m, -1, np.int32)
        row[links] = np.arange(len(links))
        sweeper = Sweeper(net, whole_net(net, row), self.terms, crowd, n, len(links))
        sweeper.values(self.prices)
        self.placing = PricedPlacing(problem, net, self.terms, counted)
        self.placing.guide = make_guide(sweeper, self.prices)

    def place(self) -> None:
        groups = self.problem.scenario.groups
        self.placing.place(np.lexsort((groups.class_, self.problem.ready)))

    def check(self) -> Plan:
        """Fail unless what is booked keeps every rule and nobody is lost."""
        left = self.placing.left
        plan = Plan(self.problem.scenario, finish(self.problem, self.placing.hand_over(), left),
                    method="by hand", step_s=STEP)  # fmt: skip
        check_feasible(plan)
        assert plan.cost == pytest.approx(self.placing.cost() * STEP)
        return plan


@pytest.mark.parametrize("again", [False, True])
@pytest.mark.parametrize("need", [1, 2])
@pytest.mark.parametrize("seed", range(6))
def test_find_way(seed: int, need: int, again: bool) -> None:
    """The way found is free, is what it says, and costs no more than Dijkstra's, rounded, led by
    the values at the prices or by those made again for what is full."""
    bench = Bench(tight(seed, classes=2), seed)
    placing, net, terms, guide = bench.placing, bench.net, bench.terms, bench.placing.guide
    rng = np.random.default_rng(seed)
    places, n_slots = placing.places, bench.problem.n_slots
    places.link[rng.random(places.link.shape) < 0.25] = 0
    free = {(i, t): int(places.link[i, t]) for i, t in np.ndindex(places.link.shape)}
    price = {
        (int(link), t): int(guide.link[guide.scale[0], t, guide.row[link]])
        for link in bench.prices.links
        for t in range(guide.link.shape[1])
    }
    value = np.empty((2, n_slots + 1, net.n_nodes), np.int32)
    for k in range(2):
        revalue(placing.paths, guide, places, k, value[k])
        arcs = []
        for a in np.flatnonzero(net.tau[k] < FAR):
            items = range(net.item_ptr[a], net.item_ptr[a + 1])
            arcs.append((int(net.src[a]), int(net.dst[a]), int(net.tau[k, a]),
                         [(int(net.item_link[i]), int(net.item_off[k, i]))
                          for i in items]))  # fmt: skip
        doors = [
            (int(v), int(places.room[s] if places.intake[s, 0] >= need else 0),
             int(guide.room[k, s]))
            for s, v in enumerate(terms.node)
        ]  # fmt: skip
        for node in range(net.n_nodes):
            ready = int(rng.integers(5))
            expected = cheapest_way(arcs, free, price, doors, node, ready, need, n_slots, UNIT)
            shelter, admitted, n_arcs = find_way(
                placing.paths, guide, value[k] if again else guide.value[k], places, placing.space,
                k, node, ready, need, -1, False, 1 << 30, 1 << 30, 1 << 30, 31,
            )  # fmt: skip
            if again and need == 1:
                assert value[k, ready, node] == min(expected.values(), default=NEVER)
            if not expected:
                assert shelter == -1
                continue
            assert shelter >= 0
            cost, u, t = int(guide.room[k, shelter]), node, ready
            for j in range(n_arcs - 1, -1, -1):
                a, when = int(placing.space.arc[j]), int(placing.space.slot[j])
                assert net.src[a] == u
                assert when >= t
                for i in range(net.item_ptr[a], net.item_ptr[a + 1]):
                    spot = int(net.item_link[i]), when + int(net.item_off[k, i])
                    assert free[spot] >= need
                    cost += price.get(spot, 0)
                u, t = int(net.dst[a]), when + int(net.tau[k, a])
            assert u == terms.node[shelter]
            assert admitted >= t
            cost += UNIT * (admitted - ready)
            least = min(expected.values())
            # Values are rounded to a 64th of a slot at each place.
            assert least <= cost <= least + 8


@pytest.mark.parametrize("households", [False, True])
@pytest.mark.parametrize("seed", range(8))
def test_exchange(seed: int, households: bool) -> None:
    """After exchanges every rule is kept, nobody is lost and the cost has not risen, nor fallen
    below the least."""
    bench = Bench(tight(seed, households=households), seed, priced=False)
    bench.place()
    before = bench.check()
    cost = bench.placing.cost()
    bench.placing.exchange(passes=20, most=10**6, enough=0)
    after = bench.check()
    assert bench.placing.cost() <= cost
    assert after.placed == before.placed
    exact = best(bench.problem.scenario, STEP)
    if after.placed == exact.most:
        assert after.cost >= exact.cost - 1e-6


def test_exchanges_go_most_of_the_way() -> None:
    """With one class of single people exchanges alone take more than half of what the greedy's cost
    is above the least, over some instances."""
    greedy = cost = least = 0.0
    for seed in range(12):
        bench = Bench(tight(seed), seed, priced=False)
        bench.place()
        greedy += bench.placing.cost() * STEP
        bench.placing.exchange(passes=50, most=10**6, enough=0)
        cost += bench.check().cost
        least += best(bench.problem.scenario, STEP).cost
    assert least <= cost <= least + 0.6 * (greedy - least)


@pytest.mark.parametrize("seed", range(8))
def test_chains(seed: int) -> None:
    """Ejection chains keep every rule, lose nobody and never raise the cost."""
    bench = Bench(tight(seed, classes=2, households=True), seed)
    bench.place()
    before = bench.check()
    bench.placing.chains(500, seed)
    after = bench.check()
    assert after.placed == before.placed
    assert after.cost <= before.cost + 1e-6


def test_insert_by_exchange_places_a_crowd() -> None:
    """In one class with room and time for all, passes of insertions by exchange place everyone,
    though what a search with success looked at is no dead end for those after it."""
    rng = np.random.default_rng(1)
    network = on_the_grid(grid(20, 20, spacing=30.0, seed=1, steps_share=0.0, missing_share=0.3),
                          10.0)  # fmt: skip
    network = replace(network, capacity=np.repeat(rng.choice([0.1, 0.2, 0.5],
                                                             network.n_links // 2), 2))  # fmt: skip
    crowd = [
        (int(rng.integers(400)), int(rng.integers(1, 3)), 10.0 * int(rng.integers(6)))
        for _ in range(600)
    ]
    room = sum(row[1] for row in crowd) // 8 + 2
    doors = [(int(v), room) for v in rng.choice(400, 8, replace=False)]
    bench = Bench(scene(network, crowd, doors, classes=PACES[:1], deadline=1200.0), 0, priced=False)
    placing = bench.placing
    placing.insert_by_exchange(8, np.arange(len(placing.left)))
    assert placing.left.sum() == 0
    assert (placing.places.link >= 0).all()
    assert (placing.places.room >= 0).all()


@pytest.mark.parametrize("seed", range(6))
def test_insert(seed: int) -> None:
    """People who are left are put in by exchanges and chains, and those placed stay placed."""
    scenario = tight(seed, classes=2)
    bench = Bench(scenario, seed)
    placing = bench.placing
    # Half of the groups first: the others find the streets full.
    placing.place(np.arange(0, len(scenario.groups), 2))
    placed = scenario.persons - placing.left.sum()
    placing.insert_by_exchange(4, np.arange(len(scenario.groups)))
    placing.insert(np.arange(len(scenario.groups)), seed)
    plan = bench.check()
    assert plan.placed >= placed
    assert plan.placed == best(scenario, STEP).most


@pytest.mark.parametrize("seed", range(4))
def test_regret(seed: int) -> None:
    """Regret is what a movement costs above the value of its start: never below 0 but for rounding,
    and 0 for people who are alone in the city."""
    bench = Bench(tight(seed), seed)
    bench.placing.place(np.arange(1))
    _, alone = bench.placing.regret()
    assert abs(alone[0]) < 0.2
    bench.place()
    assert (bench.placing.guide.value[0] < NEVER).any()
    _, regret = bench.placing.regret()
    assert (regret > -0.2).all()
