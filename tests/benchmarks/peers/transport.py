"""The static transport problem: who goes to which shelter, streets' capacity ignored.

Distinct (node, class) pairs with people against the shelters' room, walking time as the cost. The
rule of step-free places is left out, as POT knows none, so the value is below any plan's.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

import evacroute as er
from evacroute._kernels.graph import FAR
from evacroute.assignment.finish import origin_costs
from evacroute.assignment.parties import gather
from evacroute.assignment.problem import build_problem


@dataclass(frozen=True)
class Transport:
    """A balanced transport problem; the last row is empty places, the last column who has none."""

    persons: NDArray[np.int64]
    room: NDArray[np.int64]
    cost: NDArray[np.int64]
    penalty: int
    step: float
    hopeless: int

    def figures(self, flow: NDArray[np.int64], spent: float) -> dict[str, Any]:
        """Sum up a flow, one entry a pair of `pairs`."""
        tail, head = self.pairs()
        real, out = tail < len(self.persons) - 1, head == len(self.room) - 1
        walked = float((flow * self.cost[tail, head])[real & ~out].sum()) * self.step
        placed = int(flow[real & ~out].sum())
        return {
            "cost": walked,
            "mean": walked / max(placed, 1),
            "left": int(flow[real & out].sum()) + self.hopeless,
            "solve": spent,
            "arcs": len(flow),
        }

    def pairs(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Rows and columns of the pairs that can be."""
        return np.nonzero(self.cost <= self.penalty)


def transport(scenario: er.Scenario, step: float) -> Transport:
    """Lay an instance out as a transport problem; who has no way to any shelter is no part."""
    problem = build_problem(scenario, step)
    origins = gather(scenario.groups, len(problem.step_free))
    cost = origin_costs(problem, origins, problem.distances()).astype(np.int64)
    can = (cost < FAR) & (scenario.shelters.capacity > 0)
    known = can.any(axis=1)
    persons = origins.persons[known]
    cost, can = cost[known], can[known]
    everyone = int(persons.sum())
    # A chain of moves that lets one more in passes each shelter once at most: it costs less.
    penalty = (len(scenario.shelters) + 1) * int(cost[can].max(initial=1))
    room = np.minimum(scenario.shelters.capacity, everyone).astype(np.int64)
    table = np.full((len(persons) + 1, len(room) + 1), penalty, np.int64)
    table[:-1, :-1] = np.where(can, cost, 2 * penalty)
    table[-1] = 0
    return Transport(
        np.append(persons, room.sum()),
        np.append(room, everyone),
        table,
        penalty,
        step,
        int(origins.persons[~known].sum()),
    )


def by_pot(scenario: er.Scenario, step: float) -> dict[str, Any]:
    """Solve by POT's network simplex (`ot.emd2`)."""
    import ot

    task = transport(scenario, step)
    begin = time.perf_counter()
    flow = ot.emd(
        task.persons.astype(np.float64),
        task.room.astype(np.float64),
        task.cost.astype(np.float64),
        numItermax=100_000_000,
        check_marginals=False,
    )
    spent = time.perf_counter() - begin
    return task.figures(np.rint(flow[task.pairs()]).astype(np.int64), spent)


def by_ortools(scenario: er.Scenario, step: float) -> dict[str, Any]:
    """Solve by OR-Tools (cost scaling)."""
    from ortools.graph.python import min_cost_flow

    task = transport(scenario, step)
    begin = time.perf_counter()
    tail, head, cost, supply = _arcs(task)
    solver = min_cost_flow.SimpleMinCostFlow()
    most = np.minimum(task.persons[tail], task.room[head - len(task.persons)])
    arcs = solver.add_arcs_with_capacity_and_unit_cost(
        tail.astype(np.int32), head.astype(np.int32), most, cost
    )
    solver.set_nodes_supplies(np.arange(len(supply), dtype=np.int32), supply)
    if solver.solve() != solver.OPTIMAL:
        raise RuntimeError("OR-Tools found no optimum")
    spent = time.perf_counter() - begin
    return task.figures(np.asarray(solver.flows(arcs), np.int64), spent)


def by_lemon(scenario: er.Scenario, step: float) -> dict[str, Any]:
    """Solve by LEMON's network simplex."""
    import pylmcf

    task = transport(scenario, step)
    begin = time.perf_counter()
    tail, head, cost, supply = _arcs(task)
    # LEMON wants arcs in the order of their tails, which they are in.
    graph = pylmcf.Graph(len(supply), tail.astype(np.int32), head.astype(np.int32))
    graph.set_edge_capacities(np.minimum(task.persons[tail], task.room[head - len(task.persons)]))
    graph.set_edge_costs(cost)
    graph.set_node_supply(supply)
    graph.solve()
    spent = time.perf_counter() - begin
    return task.figures(np.asarray(graph.result(), np.int64), spent)


def by_highs(scenario: er.Scenario, step: float) -> dict[str, Any]:
    """Solve by HiGHS through SciPy."""
    from scipy.optimize import linprog
    from scipy.sparse import coo_matrix

    task = transport(scenario, step)
    begin = time.perf_counter()
    tail, head, cost, supply = _arcs(task)
    column = np.arange(len(tail))
    rows = np.concatenate([tail, head])
    matrix = coo_matrix((np.ones(len(rows)), (rows, np.tile(column, 2)))).tocsr()
    answer = linprog(
        cost.astype(np.float64),
        A_eq=matrix,
        b_eq=np.abs(supply).astype(np.float64),
        method="highs",
    )
    if answer.status:
        raise RuntimeError(f"HiGHS: {answer.message}")
    spent = time.perf_counter() - begin
    return task.figures(np.rint(answer.x).astype(np.int64), spent)


PEERS: dict[str, Callable[[er.Scenario, float], dict[str, Any]]] = {
    "POT emd": by_pot,
    "OR-Tools": by_ortools,
    "pylmcf (LEMON)": by_lemon,
    "HiGHS": by_highs,
}


def _arcs(
    task: Transport,
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Tails, heads and costs of the pairs that can be, and the supplies."""
    row, column = task.pairs()
    supply = np.concatenate([task.persons, -task.room])
    return row, column + len(task.persons), task.cost[row, column], supply
