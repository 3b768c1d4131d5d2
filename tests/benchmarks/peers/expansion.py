"""Minimum-cost flow on the network expanded over time, by OR-Tools and by LEMON (pylmcf).

One commodity only, so people must all be of one class (`one_class`): then the answer is the exact
optimum of the same time grid that our methods plan on. Where people start inside a chain of
links, the part ahead of them and the whole chain share links, which a plain flow cannot say: there
each counts by itself, and the answer is a bound below the optimum (`Expanded.exact` is False).
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

import evacroute as er
from evacroute._kernels.graph import FAR
from evacroute.assignment.problem import build_problem
from evacroute.assignment.time_net import build_time_net


@dataclass(frozen=True)
class Expanded:
    """A minimum-cost flow: arcs with capacity and cost [slots], and the supply of each node."""

    tail: NDArray[np.int32]
    head: NDArray[np.int32]
    capacity: NDArray[np.int64]
    cost: NDArray[np.int64]
    supply: NDArray[np.int64]
    step: float
    ready: float
    """Sum of the ready times [person-seconds]."""
    too_late: int
    """Persons who are not ready before the deadline."""
    n_nodes: int
    """Node v in slot t is number t x n_nodes + v."""
    penalty: int
    """Cost of leaving a person [slots]."""
    exact: bool

    def figures(self, flow: NDArray[np.int64]) -> dict[str, Any]:
        """Cost of who is placed [person-seconds], and how many are left.

        Whoever is left is taken out as ready at the start of their slot.
        """
        out = self.cost == self.penalty
        left = int(flow[out].sum())
        slots = int(flow @ self.cost) - left * self.penalty
        slots += int(flow[out] @ (self.tail[out] // self.n_nodes))
        return {
            "cost": slots * self.step - self.ready,
            "left": left + self.too_late,
            "exact": self.exact,
        }


def one_class(scenario: er.Scenario) -> er.Scenario:
    """The same people, all of them walking like the most common class; nobody goes together."""
    groups, classes = scenario.groups, scenario.group_classes
    persons = np.bincount(groups.class_, weights=groups.size, minlength=len(classes))
    k = int(np.argmax(np.where(classes.step_free, 0, persons)))
    one = er.Classes(
        classes.class_id[[k]],
        classes.speed_flat[[k]],
        classes.speed_steps[[k]],
        classes.min_width[[k]],
    )
    n = len(groups)
    people = er.Groups(
        groups.group_id,
        groups.node,
        np.zeros(n, np.int32),
        groups.ready_time,
        groups.size,
        np.zeros(n, bool),
    )
    return er.Scenario(
        scenario.network, people, scenario.shelters, classes=one, deadline=scenario.deadline_s
    )


def expand(scenario: er.Scenario, step: float) -> Expanded:
    """Expand an instance of one class over time.

    Nodes are (node, slot), then one admission node for each shelter, then the sink. What admission
    costs is its slot: the ready times are a constant, taken off in `Expanded.figures`.
    """
    if len(scenario.group_classes) != 1:
        raise ValueError("the expansion knows one class only: use one_class(scenario)")
    problem = build_problem(scenario, step)
    net = build_time_net(problem)
    n, slots = net.n_nodes, problem.n_slots + 1
    groups, shelters = scenario.groups, scenario.shelters
    limit = np.minimum.reduceat(problem.link_slot[net.item_link], net.item_ptr[:-1])
    arcs = np.flatnonzero((net.tau[0] < FAR) & (limit > 0))
    tails, heads, capacity, cost = [], [], [], []

    def add(
        tail: NDArray[np.int64], head: NDArray[np.int64], most: NDArray[np.int64], price: object
    ) -> None:
        tails.append(tail.astype(np.int32))
        heads.append(head.astype(np.int32))
        capacity.append(np.broadcast_to(most, tail.shape).astype(np.int64))
        cost.append(np.broadcast_to(np.asarray(price), tail.shape).astype(np.int64))

    ready = problem.ready.astype(np.int64)
    in_time = ready < slots
    people = np.asarray(groups.size, np.int64)
    everyone = int(people.sum())
    first = int(ready[in_time].min(initial=slots - 1))
    penalty = 100 * slots
    t = np.arange(first, slots, dtype=np.int64)
    # Walking: only as late as the end can still be reached.
    enter = np.repeat(t[:, None], len(arcs), axis=1)
    leave = enter + net.tau[0][arcs]
    ok = leave < slots
    tail = (enter * n + net.src[arcs])[ok]
    head = (leave * n + net.dst[arcs])[ok]
    add(tail, head, np.broadcast_to(limit[arcs], enter.shape)[ok], 0)
    # Waiting.
    v = np.arange(n)
    wait = (t[:-1, None] * n + v).ravel()
    add(wait, wait + n, np.asarray(everyone), 0)
    # Admission, by the door's rate, and the room inside.
    door = n * slots
    sink = door + len(shelters)
    node = net.node_index[shelters.node].astype(np.int64)
    for s in range(len(shelters)):
        opens = t[t % problem.intake_every[s] == 0]
        most = np.full(len(opens), min(int(problem.intake_slot[s]), everyone))
        add(opens * n + node[s], np.full(len(opens), door + s), most, opens)
    every = np.arange(len(shelters))
    room = np.minimum(shelters.capacity, everyone)
    add(door + every, np.full(len(shelters), sink), room, 0)
    # Staying out.
    supply = np.zeros(sink + 1, np.int64)
    at = ready[in_time] * n + net.node_index[groups.node[in_time]]
    np.add.at(supply, at, people[in_time])
    supply[sink] = -int(people[in_time].sum())
    starts = np.flatnonzero(supply > 0)
    add(starts, np.full(len(starts), sink), supply[starts], penalty)
    return Expanded(
        np.concatenate(tails),
        np.concatenate(heads),
        np.concatenate(capacity),
        np.concatenate(cost),
        supply,
        step,
        float((people * groups.ready_time)[in_time].sum()),
        int(people[~in_time].sum()),
        n,
        penalty,
        bool((problem.graph.node_head[groups.node] >= 0).all()),
    )


def by_ortools(scenario: er.Scenario, step: float) -> dict[str, Any]:
    """Solve by OR-Tools (cost scaling)."""
    from ortools.graph.python import min_cost_flow

    flow = expand(scenario, step)
    begin = time.perf_counter()
    solver = min_cost_flow.SimpleMinCostFlow()
    arcs = solver.add_arcs_with_capacity_and_unit_cost(
        flow.tail, flow.head, flow.capacity, flow.cost
    )
    solver.set_nodes_supplies(np.arange(len(flow.supply), dtype=np.int32), flow.supply)
    if solver.solve() != solver.OPTIMAL:
        raise RuntimeError("OR-Tools found no optimum")
    spent = time.perf_counter() - begin
    answer = flow.figures(np.asarray(solver.flows(arcs), np.int64))
    return {**answer, "solve": spent, "arcs": len(flow.tail)}


def by_lemon(scenario: er.Scenario, step: float) -> dict[str, Any]:
    """Solve by LEMON's network simplex."""
    import pylmcf

    flow = expand(scenario, step)
    begin = time.perf_counter()
    # LEMON wants its arcs in the order of their tails.
    order = np.lexsort((flow.head, flow.tail))
    graph = pylmcf.Graph(len(flow.supply), flow.tail[order], flow.head[order])
    graph.set_edge_capacities(flow.capacity[order])
    graph.set_edge_costs(flow.cost[order])
    graph.set_node_supply(flow.supply)
    graph.solve()
    got = np.empty(len(order), np.int64)
    got[order] = graph.result()
    spent = time.perf_counter() - begin
    return {**flow.figures(got), "solve": spent, "arcs": len(flow.tail)}
