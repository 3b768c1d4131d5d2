"""At most how many people any plan can bring to safety by the deadline: a maximum flow.

Where that is fewer than there are, the minimum cut says which streets, doors and rooms hold them
back.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from ortools.graph.python import max_flow

from evacroute._kernels.graph import FAR
from evacroute._kernels.walking import spread
from evacroute.assignment.problem import Problem
from evacroute.assignment.time_net import build_time_net
from evacroute.errors import SolverError
from evacroute.network import KINDS

MOST_ARCS, CUT_ARCS = 1_500_000, 4_000_000
"""The network is expanded over time where that makes no more arcs than this; for a cut."""

LINK, DOOR, ROOM, SUPPLY, WAIT = range(5)
"""What an arc of the flow stands for."""

PLAIN = 1 << 21
"""Weight of a person of a cut against one more street in it; more than there are arcs in a cut."""

CROSSINGS = tuple(KINDS.index(kind) for kind in ("bridge", "ferry"))
"""Kinds of link that a cut is preferred to lie on."""


@dataclass(frozen=True, slots=True, eq=False)
class Cut:
    """Streets, doors and rooms that no more people can pass than are let through by the deadline.

    Parameters
    ----------
    most
        Upper bound on the persons who can be safe in time.
    held
        Groups on the near side of the cut, shape (n_groups,).
    link, door, room
        Links, shelters whose door, and shelters whose room is in the cut.
    link_persons, door_persons, room_persons
        How many persons each lets through.
    link_slots, door_slots
        First and last slot of entry that is of use to those held back, shape (n, 2).
    """

    most: int
    held: NDArray[np.bool_]
    link: NDArray[np.int64]
    link_persons: NDArray[np.int64]
    link_slots: NDArray[np.int64]
    door: NDArray[np.int64]
    door_persons: NDArray[np.int64]
    door_slots: NDArray[np.int64]
    room: NDArray[np.int64]
    room_persons: NDArray[np.int64]


def most_placeable(problem: Problem, counted: NDArray[np.bool_]) -> int:
    """Upper bound on the persons of the counted groups who can be safe in time.

    A relaxation: everyone walks each link at the pace of its fastest class, takes the space of the
    one that takes least, may wait anywhere, and may split at every step.
    Where the network expanded over time is small the flow runs there; else
    each link's capacity is summed over the slots that are of use: not before anyone can be there,
    nor too late to reach a shelter.
    """
    return _lay_out(problem, counted, problem.scenario.shelters.capacity, MOST_ARCS).most()


def placeable_within(
    problem: Problem, counted: NDArray[np.bool_], room: NDArray[np.int64], most_arcs: int
) -> int:
    """Give the same for other room in each shelter [persons], expanded up to so many arcs."""
    return _lay_out(problem, counted, room, most_arcs).most()


def tightest_cut(problem: Problem, counted: NDArray[np.bool_], room: NDArray[np.int64]) -> Cut:
    """Find what holds the counted groups back: a minimum cut of the same flow.

    Of all minimum cuts one with as few streets that are no bridges as possible.

    Parameters
    ----------
    problem
        What is to be solved.
    counted
        Groups to be placed, shape (n_groups,).
    room
        Places that they may take in each shelter, shape (n_shelters,).
    """
    return _lay_out(problem, counted, room, CUT_ARCS).cut(problem, counted)


@dataclass(frozen=True, slots=True, eq=False)
class _Useful:
    """Links that anyone counted may walk, and when entering them is of use.

    Not before anyone can be there, nor too late to reach a shelter.

    Parameters
    ----------
    link, time
        Links, and slots of the fastest to walk them.
    first, last
        First and last slot of entry, shape (n,); last < first = never.
    ready, until
        When anyone can first be at each node, and the last slot from which one can still be in
        time, shape (n_nodes,), +-inf = never.
    """

    link: NDArray[np.int64]
    time: NDArray[np.int64]
    first: NDArray[np.float64]
    last: NDArray[np.float64]
    ready: NDArray[np.float64]
    until: NDArray[np.float64]

    @property
    def slots(self) -> NDArray[np.int64]:
        """Slots of entry that are of use."""
        spare = self.last - self.first + 1
        return np.maximum(np.where(np.isfinite(spare), spare, 0), 0).astype(np.int64)


def _useful(problem: Problem, counted: NDArray[np.bool_]) -> _Useful:
    network, groups = problem.scenario.network, problem.scenario.groups
    fastest = _least_slots(problem, np.unique(groups.class_[counted]))
    link = np.flatnonzero((fastest < FAR) & (problem.link_slot[: problem.n_links] > 0))
    time = fastest[link]
    from_, to = network.from_node[link], network.to_node[link]
    ready = np.full(network.n_nodes, np.inf)
    np.minimum.at(ready, groups.node[counted], problem.ready[counted])
    until = np.full(network.n_nodes, np.inf)
    until[problem.scenario.shelters.node] = 0
    _relax(ready, from_, to, time)
    _relax(until, to, from_, time)
    until = problem.n_slots - until
    return _Useful(link, time, ready[from_], until[to] - time, ready, until)


def _least_slots(problem: Problem, classes: NDArray[np.int32]) -> NDArray[np.int64]:
    """Fewest slots from entering a link to leaving it, for anyone of some classes, `FAR` = barred.

    As the plan counts them: a chain is walked in whole slots, so a short link alone takes one, and
    one inside a chain may take none.
    """
    net = build_time_net(problem)
    n_items = len(net.item_link)
    least = np.full(len(problem.link_slot), FAR, np.int64)
    last = np.zeros(n_items, bool)
    last[net.item_ptr[1:][np.diff(net.item_ptr) > 0] - 1] = True
    arc = net.arc_of_item
    for k in classes.tolist():
        leave = np.append(net.item_off[k, 1:], 0).astype(np.int64)
        leave[last] = net.tau[k, arc[last]]
        took = np.maximum(leave - net.item_off[k], 0)
        open_ = net.tau[k, arc] < FAR
        np.minimum.at(least, net.item_link[open_], took[open_])
    return least[: problem.n_links]


def _lay_out(
    problem: Problem, counted: NDArray[np.bool_], room: NDArray[np.int64], most_arcs: int
) -> _Flow:
    counted = counted & (problem.ready <= problem.n_slots)
    useful = _useful(problem, counted)
    lay = _over_time if useful.slots.sum() <= most_arcs else _summed
    return lay(problem, counted, room, useful)


def _summed(
    problem: Problem, counted: NDArray[np.bool_], room: NDArray[np.int64], useful: _Useful
) -> _Flow:
    """One arc a link, of all who may enter while that is of use."""
    network, n_slots = problem.scenario.network, problem.n_slots
    shelters, groups = problem.scenario.shelters, problem.scenario.groups
    n, link = network.n_nodes, useful.link
    passes = _persons(_narrowest(problem, counted, link), problem.link_every[link], useful.slots)
    first = useful.ready[shelters.node]
    door = np.clip(n_slots - first + 1, 0, n_slots + 1)
    admits = _persons(problem.intake_slot, problem.intake_every, door.astype(np.int64))
    persons = np.bincount(groups.node[counted], weights=groups.size[counted], minlength=n)
    s = np.arange(len(shelters))
    flow = _Flow(n + len(s) + 1, n + len(s))
    window = np.stack([useful.first, useful.last], axis=1)
    flow.add(LINK, network.from_node[link], network.to_node[link], passes, link, window)
    opens = np.stack([first, np.full(len(s), n_slots)], axis=1)
    flow.add(DOOR, shelters.node, n + s, admits, s, opens)
    flow.add(ROOM, n + s, np.full(len(s), flow.sink), room, s)
    node = np.flatnonzero(persons)
    flow.add(SUPPLY, np.full(len(node), flow.source), node, persons[node], node)
    return flow


def _over_time(
    problem: Problem, counted: NDArray[np.bool_], room: NDArray[np.int64], useful: _Useful
) -> _Flow:
    """One arc for each link and slot, waiting allowed at every node."""
    network, n_slots = problem.scenario.network, problem.n_slots
    shelters, groups = problem.scenario.shelters, problem.scenario.groups
    n, layers, n_shelters = network.n_nodes, n_slots + 1, len(shelters)
    flow = _Flow(n * layers + n_shelters + 1, n * layers + n_shelters)
    row, t = _each_slot(useful.first, useful.slots)
    link = useful.link[row]
    head = network.to_node[link] + (t + useful.time[row]) * n
    window = np.stack([t, t], axis=1)
    limit = _narrowest(problem, counted, useful.link)[row]
    flow.add(LINK, network.from_node[link] + t * n, head, limit, link, window)
    spare = useful.until - useful.ready
    stay = np.maximum(np.where(np.isfinite(spare), spare, 0), 0).astype(np.int64)
    node, t = _each_slot(useful.ready, stay)
    everyone = np.full(len(node), groups.size[counted].sum())
    flow.add(WAIT, node + t * n, node + (t + 1) * n, everyone, node)
    s, t = np.divmod(np.arange(n_shelters * layers), layers)
    limit = np.where(t % problem.intake_every[s] == 0, problem.intake_slot[s], 0)
    window = np.stack([t, t], axis=1)
    some = limit * (t >= useful.ready[shelters.node[s]])
    flow.add(DOOR, shelters.node[s] + t * n, n * layers + s, some, s, window)
    s = np.arange(n_shelters)
    flow.add(ROOM, n * layers + s, np.full(n_shelters, flow.sink), room, s)
    mine = np.flatnonzero(counted)
    start = groups.node[mine] + problem.ready[mine].astype(np.int64) * n
    where, index = np.unique(start, return_inverse=True)
    supply = np.bincount(index.ravel(), weights=groups.size[mine], minlength=len(where))
    flow.add(SUPPLY, np.full(len(where), flow.source), where, supply, where)
    return flow


def _each_slot(
    first: NDArray[Any], slots: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Row and slot for so many slots of each row from its first on."""
    row = np.repeat(np.arange(len(slots)), slots)
    begin = np.where(slots > 0, first, 0).astype(np.int64)
    nth = np.arange(len(row)) - np.repeat(np.cumsum(slots) - slots, slots)
    return row, begin[row] + nth


def _narrowest(
    problem: Problem, counted: NDArray[np.bool_], links: NDArray[np.int64]
) -> NDArray[np.int32]:
    """Persons who may enter each link in a slot, if they take as little space as anyone there."""
    graph = problem.graph
    there = np.unique(problem.scenario.groups.class_[counted])
    open_ = np.isfinite(graph.link_time[np.ix_(there, links)])
    unit = np.where(open_, graph.unit[there, None], 1 << 20).min(axis=0, initial=1 << 20)
    return np.asarray(problem.link_slot[links] // unit, np.int32)


def _persons(
    slot: NDArray[np.int32], every: NDArray[np.int32], slots: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Persons who pass in so many slots."""
    return slot.astype(np.int64) * -(-slots // every)


def _relax(
    best: NDArray[np.float64],
    from_: NDArray[np.int32],
    to: NDArray[np.int32],
    time: NDArray[np.int64],
) -> None:
    """Least times from the finite entries along links, put into `best`."""
    out = np.argsort(from_, kind="stable")
    ptr = np.searchsorted(from_[out], np.arange(len(best) + 1))
    spread(best, ptr, out, to, time, np.empty(len(best) + len(to) + 1, np.int64))


class _Flow:
    """A maximum flow being put together.

    Parameters
    ----------
    source, sink
        Their numbers; nodes are the network's, or those of (slot, node), then shelters.
    """

    def __init__(self, source: int, sink: int) -> None:
        self.source, self.sink = source, sink
        self.parts: list[tuple[int, NDArray[Any], NDArray[Any], NDArray[Any]]] = []
        self.marks: list[tuple[NDArray[Any], NDArray[Any] | None]] = []

    def add(
        self,
        kind: int,
        tail: NDArray[Any],
        head: NDArray[Any],
        limit: NDArray[Any],
        what: NDArray[Any],
        slots: NDArray[Any] | None = None,
    ) -> None:
        """Add arcs of one kind; those of no capacity are left out.

        Parameters
        ----------
        kind
            What they stand for.
        tail, head, limit
            Their ends and capacities [persons].
        what
            The link, shelter or node of each.
        slots
            First and last slot of entry, shape (n, 2).
        """
        keep = np.asarray(limit) > 0
        limit = np.minimum(np.asarray(limit)[keep], FAR).astype(np.int64)
        ends = (np.asarray(tail)[keep].astype(np.int32), np.asarray(head)[keep].astype(np.int32))
        self.parts.append((kind, *ends, limit))
        self.marks.append((np.asarray(what)[keep], None if slots is None else slots[keep]))

    def _solve(self, extra: Any = None) -> Any:
        """Solve; with `extra` ties between cuts go to the least sum of it over their arcs."""
        solver = max_flow.SimpleMaxFlow()
        for i, (_, tail, head, limit) in enumerate(self.parts):
            weight = limit if extra is None else limit * PLAIN + extra(i)
            solver.add_arcs_with_capacity(tail, head, weight)
        status = solver.solve(self.source, self.sink)
        if status != solver.OPTIMAL:
            raise SolverError(f"the maximum flow was not solved: {status}")
        return solver

    @property
    def _empty(self) -> bool:
        kinds = (SUPPLY, ROOM)
        return any(all(p[0] != kind or not len(p[1]) for p in self.parts) for kind in kinds)

    def most(self) -> int:
        """Value of the flow [persons]."""
        return 0 if self._empty else int(self._solve().optimal_flow())

    def cut(self, problem: Problem, counted: NDArray[np.bool_]) -> Cut:
        """Find the cut in the words of the problem."""
        kind_of_link = problem.scenario.network.kind

        def extra(i: int) -> Any:
            kind, what = self.parts[i][0], self.marks[i][0]
            if kind == LINK:
                return (~np.isin(kind_of_link[what], CROSSINGS)).astype(np.int64)
            return np.full(len(what), int(kind in (SUPPLY, WAIT)), np.int64)

        near = np.zeros(max(self.source, self.sink) + 1, bool)
        near[self.source] = True
        if not self._empty:
            near[self._solve(extra).get_source_side_min_cut()] = True
        found: dict[int, list[tuple[Any, Any, Any]]] = {LINK: [], DOOR: [], ROOM: []}
        most = 0
        supplied: list[NDArray[Any]] = []
        for (kind, tail, head, limit), (what, slots) in zip(self.parts, self.marks, strict=True):
            if kind == SUPPLY:
                supplied.append(head[near[head]])
            cut = near[tail] & ~near[head]
            most += int(limit[cut].sum())
            if kind in found:
                window = np.zeros((len(what), 2)) if slots is None else slots
                found[kind].append((what[cut], limit[cut], window[cut]))
        link, link_persons, link_slots = _by_item(found[LINK])
        door, door_persons, door_slots = _by_item(found[DOOR])
        room, room_persons, _ = _by_item(found[ROOM])
        return Cut(
            most=most,
            held=self._held(problem, counted, supplied),
            link=link,
            link_persons=link_persons,
            link_slots=link_slots,
            door=door,
            door_persons=door_persons,
            door_slots=door_slots,
            room=room,
            room_persons=room_persons,
        )

    def _held(
        self, problem: Problem, counted: NDArray[np.bool_], supplied: list[NDArray[Any]]
    ) -> NDArray[np.bool_]:
        groups, n = problem.scenario.groups, problem.scenario.network.n_nodes
        start = groups.node.astype(np.int64)
        if self.sink > n + len(problem.scenario.shelters):
            start = start + problem.ready.astype(np.int64) * n
        nodes = np.concatenate(supplied) if supplied else np.zeros(0, np.int64)
        late = problem.ready > problem.n_slots
        return np.asarray(counted & ~late & np.isin(start, nodes))


def _by_item(
    rows: list[tuple[Any, Any, Any]],
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Add up the cut arcs of each link or shelter: persons, first and last slot."""
    if not any(len(row[0]) for row in rows):
        return np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros((0, 2), np.int64)
    what = np.concatenate([row[0] for row in rows])
    limit = np.concatenate([row[1] for row in rows])
    slots = np.concatenate([row[2] for row in rows])
    item, index = np.unique(what, return_inverse=True)
    persons = np.bincount(index, weights=limit).astype(np.int64)
    window = np.stack([np.full(len(item), np.inf), np.full(len(item), -np.inf)], axis=1)
    np.minimum.at(window[:, 0], index, slots[:, 0])
    np.maximum.at(window[:, 1], index, slots[:, 1])
    return item.astype(np.int64), persons, window.astype(np.int64)
