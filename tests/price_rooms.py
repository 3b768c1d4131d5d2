"""Small towns with all that the prices work on, and the slow twin of their dual value."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from naive_prices import moves
from networks import grid
from scenes import on_the_grid, scene

import evacroute as er
from evacroute._kernels.graph import FAR
from evacroute.assignment.problem import Problem, build_problem
from evacroute.assignment.sweeper import Crowd, PriceSet, Terms, gather_crowd, make_terms
from evacroute.assignment.time_net import TimeNet, build_time_net

F = np.float32
STEP = 10.0


@dataclass(frozen=True)
class Town:
    """A problem, its net, its limits, and who walks."""

    problem: Problem
    net: TimeNet
    terms: Terms
    crowd: Crowd

    @property
    def n_slots(self) -> int:
        return self.problem.n_slots


def town(seed: int, *, slots: int = 40, weights: tuple[float, ...] = (1.0, 1.0, 1.0)) -> Town:
    """Twelve corners or loose ends, three classes (one wide, without steps), some inside chains."""
    rng = np.random.default_rng(seed)
    network = on_the_grid(
        grid(4, 3, spacing=30.0, seed=seed, steps_share=0.2, missing_share=0.3), 10.0
    )
    capacity = rng.choice([0.2, 0.3, 0.5], network.n_links // 2)
    network = replace(network, capacity=np.repeat(capacity, 2))
    n = network.n_nodes
    crowd = [
        (int(rng.integers(n)), int(rng.integers(2, 9)), 10.0 * int(rng.integers(6)),
         int(rng.integers(3)))
        for _ in range(16)
    ]  # fmt: skip
    people = sum(row[1] for row in crowd)
    doors = [
        (int(v), people // 2 + 4, people // 4, rate)
        for v, rate in zip(rng.choice(n, 3, replace=False), (0.3, np.inf, 0.5), strict=True)
    ]
    scenario = scene(
        network, crowd, doors, classes=[(1.0, 0.5), (0.5, 0.25), (0.5, 0.0, 0.0, 1.5)],
        deadline=slots * STEP,
    )  # fmt: skip
    return of_scenario(scenario, weights)


def of_scenario(scenario: er.Scenario, weights: tuple[float, ...]) -> Town:
    """The net and limits of a scenario, those who are ready too late left out."""
    problem = build_problem(scenario, STEP)
    net = build_time_net(problem)
    terms = make_terms(problem, net, np.array(weights), problem.rank)
    counted = problem.ready <= problem.n_slots
    return Town(problem, net, terms, gather_crowd(problem, net, counted))


def some_prices(town: Town, seed: int, *, horizon: int, links: int = 5) -> PriceSet:
    """Prices drawn by lot on some links, at doors and of places."""
    rng = np.random.default_rng(seed)
    n_slots, n_shelters = town.n_slots, len(town.terms.node)
    where = np.sort(rng.choice(len(town.terms.link), links, replace=False))
    link = np.zeros((n_slots + 2, links), F)
    link[:horizon] = rng.uniform(0, 4, (horizon, links)) * (rng.random((horizon, links)) < 0.4)
    door = np.zeros((n_slots + 2, n_shelters), F)
    rows = horizon + (horizon >= n_slots)
    narrow = town.terms.door < 1e6  # a price at a door that lets all in sells without end
    door[:rows] = (
        narrow * rng.uniform(0, 3, (rows, n_shelters)) * (rng.random((rows, n_shelters)) < 0.3)
    )
    return PriceSet(
        links=where,
        link=link,
        room=rng.uniform(0, 4, n_shelters).astype(F),
        free_room=rng.uniform(0, 2, n_shelters).astype(F),
        door=door,
        stay=town.terms.penalty.astype(F),
        horizon=horizon,
    )


@dataclass
class _City:
    """What `naive_prices.moves` wants to know of one class."""

    n: int
    arcs: list[tuple[int, int, int, list[tuple[int, int]]]]
    price: np.ndarray
    shelter_node: np.ndarray
    room: np.ndarray
    door: np.ndarray
    weight: float


def _city(town: Town, prices: PriceSet, k: int) -> _City:
    net, terms = town.net, town.terms
    column = {int(link): i for i, link in enumerate(prices.links)}
    arcs = []
    for a in range(len(net.src)):
        if net.tau[k, a] >= FAR:
            continue
        items = [
            (column[int(net.item_link[i])], int(net.item_off[k, i]))
            for i in range(int(net.item_ptr[a]), int(net.item_ptr[a + 1]))
            if int(net.item_link[i]) in column
        ]
        arcs.append((int(net.src[a]), int(net.dst[a]), int(net.tau[k, a]), items))
    room = prices.room.astype(float)
    places = terms.room
    if terms.step_free[k]:
        room, places = room + prices.free_room, np.minimum(terms.room, terms.free_room)
    room = np.where((places > 0) & (terms.door > 0), room, np.inf)
    link = prices.link.astype(float) * float(terms.space[k])
    return _City(net.n_nodes, arcs, link, terms.node, room, prices.door.astype(float),
                 float(terms.weight[k]))  # fmt: skip


def worths(town: Town, prices: PriceSet, k: int) -> dict[tuple[int, int], float]:
    """Cheapest cost for class k from each (slot, node) that has a way, slot by slot from the last.

    From the horizon on only places have a price, and there is no deadline; where the horizon is the
    deadline, whoever is not at a door by then has no way.
    """
    city, horizon = _city(town, prices, k), prices.horizon
    hard = horizon >= town.n_slots
    value: dict[tuple[int, int], float] = {}
    for s, v in enumerate(city.shelter_node.tolist()):
        cost = float(city.room[s] + (city.door[horizon, s] if hard else 0.0))
        if cost < np.inf:
            value[horizon, v] = min(cost, value.get((horizon, v), np.inf))
    # Hard: only who needs no time for the arc gets any farther. Soft: as far as they like.
    for _ in range(city.n):
        for u, v, took, _ in city.arcs:
            if (horizon, v) in value and (took == 0 or not hard):
                cost = value[horizon, v] + city.weight * took
                value[horizon, u] = min(cost, value.get((horizon, u), np.inf))
    for t in range(horizon - 1, -1, -1):
        # No arc leads to the nodes inside chains, which come last: who takes no time knows the end.
        for u in range(city.n):
            costs = [
                cost + (0 if then is None else value.get(then, np.inf))
                for cost, then, how in moves(city, t, u, horizon, hard)  # type: ignore[arg-type]
            ]
            if min(costs) < np.inf:
                value[t, u] = min(costs)
    return value


def best_stay(cost: np.ndarray, size: np.ndarray, allowed: float, penalty: float) -> float:
    """What a class adds to the dual value at the price of staying that is best for it."""
    prices = [0.0, penalty, *cost[cost < penalty]]
    return max(float(np.minimum(cost, price) @ size) - price * allowed for price in prices)


def dual(town: Town, prices: PriceSet, *, stay: bool = False) -> float:
    """The dual value of prices [slots], all classes, nodes and slots one by one.

    With `stay` at the price of staying that they hold, and nobody is allowed to stay; else at the
    best there is.
    """
    terms, crowd, horizon = town.terms, town.crowd, prices.horizon
    total = 0.0
    for k in range(len(town.net.tau)):
        mine = slice(int(crowd.ptr[k]), int(crowd.ptr[k + 1]))
        value = worths(town, prices, k)
        cost = np.array(
            [
                value.get((min(int(t), horizon), int(u)), np.inf)
                for t, u in zip(crowd.ready[mine], crowd.node[mine], strict=True)
            ]
        )
        size = crowd.size[mine].astype(float)
        if stay:
            total += float(np.minimum(cost, float(prices.stay[k])) @ size)
        else:
            total += best_stay(cost, size, float(terms.allowed[k]), float(terms.penalty[k]))
    sold = (
        (prices.link[:horizon].astype(float) * terms.link[prices.links]).sum()
        + (prices.door[: horizon + 1].astype(float) * terms.door).sum()
        + (prices.room.astype(float) * terms.room).sum()
        + (prices.free_room.astype(float) * terms.free_room).sum()
    )
    return total - float(sold)
