"""At most how many people any plan can bring to safety by the deadline: a maximum flow."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from ortools.graph.python import max_flow

from evacroute._kernels.graph import FAR
from evacroute._kernels.walking import spread
from evacroute.assignment.problem import Problem
from evacroute.errors import SolverError

MOST_ARCS = 1_500_000
"""The network is expanded over time where that makes no more arcs than this."""


def most_placeable(problem: Problem, counted: NDArray[np.bool_]) -> int:
    """Upper bound on the persons of the counted groups who can be safe in time.

    A relaxation: everyone walks each link at the pace of its fastest class and may split at every
    step. Where the network expanded over time is small the flow runs there; else each link's
    capacity is summed over the slots that are of use: not before anyone can be there, nor too late
    to reach a shelter.
    """
    fastest = np.floor(problem.graph.link_time.min(axis=0) + 1e-9)
    n_slots, network = problem.n_slots, problem.scenario.network
    usable = np.flatnonzero(np.isfinite(fastest))
    if len(usable) * n_slots <= MOST_ARCS:
        return _over_time(problem, counted, fastest, usable)
    from_, to = network.from_node[usable], network.to_node[usable]
    time = fastest[usable]
    shelters, groups = problem.scenario.shelters, problem.scenario.groups
    ready = np.full(network.n_nodes, np.inf)
    np.minimum.at(ready, groups.node[counted], problem.ready[counted])
    until = np.full(network.n_nodes, np.inf)
    until[shelters.node] = 0
    _relax(ready, from_, to, time)
    _relax(until, to, from_, time)
    spare = n_slots - until[to] - time - ready[from_] + 1
    slots = np.clip(np.where(np.isfinite(spare), spare, 0), 0, n_slots + 1).astype(np.int64)
    passes = _persons(problem.link_slot[usable], problem.link_every[usable], slots)
    door = np.clip(n_slots - ready[shelters.node] + 1, 0, n_slots + 1)
    admits = _persons(problem.intake_slot, problem.intake_every, door.astype(np.int64))
    n = network.n_nodes
    persons = np.bincount(groups.node[counted], weights=groups.size[counted], minlength=n)
    flow = _Flow()
    flow.add(from_, to, passes)
    flow.add(shelters.node, np.full(len(shelters), n), np.minimum(admits, shelters.capacity))
    node = np.flatnonzero(persons)
    flow.add(np.full(len(node), n + 1), node, persons[node].astype(np.int64))
    return flow.solve(n + 1, n)


def _over_time(
    problem: Problem,
    counted: NDArray[np.bool_],
    fastest: NDArray[np.float64],
    usable: NDArray[np.int64],
) -> int:
    network, n_slots = problem.scenario.network, problem.n_slots
    shelters, groups = problem.scenario.shelters, problem.scenario.groups
    n, layers = network.n_nodes, n_slots + 1
    slot = np.arange(layers)
    flow = _Flow()
    for link in usable.tolist():
        took = int(fastest[link])
        t = slot[: max(layers - took, 0)]
        limit = np.full(len(t), problem.link_slot[link])
        flow.add(network.from_node[link] + t * n, network.to_node[link] + (t + took) * n, limit)
    every = np.arange(n)
    for layer in range(n_slots):
        flow.add(every + layer * n, every + (layer + 1) * n, np.full(n, groups.persons))
    sink, source = n * layers + len(shelters), n * layers + len(shelters) + 1
    for s in range(len(shelters)):
        limit = np.where(slot % problem.intake_every[s] == 0, problem.intake_slot[s], 0)
        flow.add(shelters.node[s] + slot * n, np.full(layers, n * layers + s), limit)
    flow.add(n * layers + np.arange(len(shelters)), np.full(len(shelters), sink), shelters.capacity)
    some = np.flatnonzero(counted & (problem.ready <= n_slots))
    start = groups.node[some] + problem.ready[some].astype(np.int64) * n
    where, index = np.unique(start, return_inverse=True)
    persons = np.bincount(index, weights=groups.size[some]).astype(np.int64)
    flow.add(np.full(len(where), source), where, persons)
    return flow.solve(source, sink)


def _persons(
    slot: NDArray[np.int32], every: NDArray[np.int32], slots: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Persons who pass in so many slots."""
    return slot.astype(np.int64) * -(-slots // every)


def _relax(
    best: NDArray[np.float64],
    from_: NDArray[np.int32],
    to: NDArray[np.int32],
    time: NDArray[np.float64],
) -> None:
    """Least times from the finite entries along links, put into `best`."""
    out = np.argsort(from_, kind="stable")
    ptr = np.searchsorted(from_[out], np.arange(len(best) + 1))
    spread(best, ptr, out, to, time, np.empty(len(best) + len(to) + 1, np.int64))


class _Flow:
    """A maximum flow being put together."""

    def __init__(self) -> None:
        self.solver = max_flow.SimpleMaxFlow()

    def add(self, tail: NDArray[Any], head: NDArray[Any], limit: NDArray[Any]) -> None:
        keep = np.asarray(limit) > 0
        self.solver.add_arcs_with_capacity(
            np.asarray(tail)[keep].astype(np.int32),
            np.asarray(head)[keep].astype(np.int32),
            np.minimum(np.asarray(limit)[keep], FAR).astype(np.int64),
        )

    def solve(self, source: int, sink: int) -> int:
        if self.solver.num_arcs() == 0:
            return 0
        status = self.solver.solve(source, sink)
        if status != self.solver.OPTIMAL:
            raise SolverError(f"the maximum flow was not solved: {status}")
        return int(self.solver.optimal_flow())
