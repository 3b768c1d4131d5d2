"""Place people whom the greedy pass left, by moving others on (ejection chains)."""

from __future__ import annotations

from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from evacroute._kernels.ejection import count_held, flag_excess, passers
from evacroute._kernels.graph import FAR, Free
from evacroute._kernels.route import book, search
from evacroute.assignment.ledger import Ledger
from evacroute.assignment.parties import Parties
from evacroute.assignment.placing import NO_FLOOR, Placing, Progress
from evacroute.assignment.problem import Problem

DEPTH = 24
"""How many moves a chain may have: the one left, whoever stands in the way, and so on."""

MOST_TRIES = 400
"""Ways that are tried for all parties together, counted so that results do not depend on speed."""

MOST_FAILED = 20
"""Parties in a row for whom no chain is found before the rest are given up too."""

STARTS = 6
"""Departures tried for each shelter, spread over the time there is."""

SHELTERS = 5
"""Shelters tried for each party, nearest first."""

NEARBY = 15
"""Shelters, nearest on foot, among which those are sought in a large city."""


def repair(
    problem: Problem,
    placing: Placing,
    parties: Parties,
    left: NDArray[np.int32],
    no_room: int,
    progress: Progress | None = None,
) -> NDArray[np.int64]:
    """Place the persons left of each party; returns those for whom that failed.

    First any shelter will do; then others are moved on, one chain at a time, each kept only if
    nobody falls out, until no more are left than the `no_room` for whom no plan has a place.
    """
    still = left.astype(np.int64)
    todo = np.flatnonzero(still > 0)
    if not len(todo):
        return still
    anywhere = Parties(
        parties.group[todo], still[todo].astype(np.int32), np.full(len(todo), -1, np.int32)
    )
    still[todo] = placing.place(anywhere, np.arange(len(todo)), progress, "repair")
    chains = _Chains(problem, placing)
    failed = 0
    for i in np.flatnonzero(still > 0):
        if still.sum() <= no_room or failed >= MOST_FAILED:
            break
        group = int(parties.group[i])
        together = bool(problem.scenario.groups.together[group])
        while still[i] > 0:
            persons = int(still[i]) if together else 1
            if not chains.insert(group, persons, DEPTH):
                failed += 1
                break
            failed = 0
            still[i] -= persons
    return still


class _Chains:
    def __init__(self, problem: Problem, placing: Placing) -> None:
        self.problem = problem
        self.ledger = Ledger(placing)
        self.placing = placing
        self.known = int(placing.store.count[0])
        self.tries = 0
        self.forced: list[int] = []

    @cached_property
    def chain(self) -> Free:
        """What the ways that this chain has forced leave free, and nobody else's.

        A party that was moved on looks for a way past those, as if nobody else was there.
        """
        return self.problem.tables()

    @cached_property
    def by_link(self) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
        """Movements there were at first by link: where each link's begin, and the movements."""
        graph, store, node = (
            self.problem.graph,
            self.placing.store,
            self.problem.scenario.groups.node,
        )
        ptr = np.zeros(len(graph.link_every) + 1, np.int64)
        passers(graph, store, self.known, node, ptr, np.empty(0, np.int32))
        movement = np.empty(ptr[-1], np.int32)
        passers(graph, store, self.known, node, ptr, movement)
        return ptr, movement

    @cached_property
    def wanted(self) -> NDArray[np.bool_]:
        """Where the way forced last takes more than there is, shape (n_links, n_slots + 1)."""
        return np.zeros(self.chain.link.shape, np.bool_)

    @cached_property
    def on_way(self) -> NDArray[np.bool_]:
        """Links of the way forced last."""
        return np.zeros(len(self.chain.link), np.bool_)

    def insert(self, group: int, persons: int, depth: int) -> bool:
        """Place a party, moving others on if need be; nothing changes if that fails."""
        if self.ledger.place(group, persons):
            return True
        if depth == 0:
            return False
        return any(
            self._by_force(group, persons, shelter, start, depth)
            for shelter, start in self._wishes(group, persons)
        )

    def _wishes(self, group: int, persons: int) -> list[tuple[int, int]]:
        """List shelters and departures to try, the soonest to arrive first."""
        problem = self.problem
        ready = int(problem.ready[group])
        wishes = []
        for shelter in self._candidates(group):
            found, admitted, _ = self._way(group, persons, shelter, ready)
            if found < 0:
                continue
            spare = problem.n_slots - admitted
            for wait in sorted({spare * i // (STARTS - 1) for i in range(STARTS)}):
                wishes.append((admitted + wait, shelter, ready + wait))
        nearest = {s for _, s, _ in sorted(w for w in wishes if w[2] == ready)[:SHELTERS]}
        return [(s, start) for _, s, start in sorted(wishes) if s in nearest]

    def _candidates(self, group: int) -> list[int]:
        """All shelters; in a large city those nearest to the group."""
        problem = self.problem
        every = range(len(problem.graph.shelter_head))
        if not problem.is_large:
            return list(every)
        groups = problem.scenario.groups
        k, node = int(groups.class_[group]), int(groups.node[group])
        wanted = np.ones(len(every), np.bool_)
        return sorted(self.placing.nearby(k, node, wanted, NEARBY).tolist())

    def _way(self, group: int, persons: int, shelter: int, start: int) -> tuple[int, int, int]:
        """Find a way past those of this chain, left in the placing's work arrays."""
        problem, placing = self.problem, self.placing
        groups = problem.scenario.groups
        k, node = int(groups.class_[group]), int(groups.node[group])
        found, admitted, n_arcs = search(
            problem.graph, self.chain, placing.work, placing.row(k, shelter), NO_FLOOR, node,
            k, start, persons, shelter, bool(problem.step_free[k]), placing.price,
        )  # fmt: skip
        return int(found), int(admitted), int(n_arcs)

    def _by_force(self, group: int, persons: int, shelter: int, start: int, depth: int) -> bool:
        """Book the way through whoever stands in it, then find them another."""
        if self.tries >= MOST_TRIES:
            return False
        self.tries += 1
        found, admitted, n_arcs = self._way(group, persons, shelter, start)
        if found < 0:
            return False
        mark = self.ledger.mark()
        self.ledger.force(group, persons, shelter, admitted, n_arcs)
        mine = int(self.placing.store.count[0]) - 1
        self._claim(mine, persons)
        self.forced.append(mine)
        out = self._evict(shelter, admitted)
        done = out is not None and all(self.insert(g, n, depth - 1) for g, n in out)
        self.forced.pop()
        self._claim(mine, -persons)
        if not done:
            self.ledger.undo(mark)
        return done

    def _claim(self, movement: int, persons: int) -> None:
        """Book a forced way for this chain, or give it back."""
        store, groups = self.placing.store, self.problem.scenario.groups
        group = int(store.group[movement])
        k, node = int(groups.class_[group]), int(groups.node[group])
        first, last = int(store.ptr[movement]), int(store.ptr[movement + 1])
        book(
            self.problem.graph, self.chain, node, k, store.arc[first:last], store.slot[first:last],
            last - first, int(store.shelter[movement]), int(store.admitted[movement]), persons,
            bool(self.problem.step_free[k]),
        )  # fmt: skip

    def _evict(self, shelter: int, admitted: int) -> list[tuple[int, int]] | None:
        """Withdraw movements until the way forced last is not in excess; None if that fails."""
        placing, groups = self.placing, self.problem.scenario.groups
        store, free, graph = placing.store, placing.free, self.problem.graph
        mine = self.forced[-1]
        group = int(store.group[mine])
        way = (graph, free, store, mine, int(groups.node[group]), int(groups.class_[group]))
        out: list[tuple[int, int]] = []
        while True:
            over = flag_excess(*way, self.wanted, self.on_way, True)
            full = (free.room[shelter] < 0) or (free.step_free_room[shelter] < 0)
            door = shelter if free.intake[shelter, admitted] < 0 else -1
            victim = -1
            if over or door >= 0:
                victim = self._holds_most(door, admitted)
            elif full:
                victim = self._cheapest(shelter)
            flag_excess(*way, self.wanted, self.on_way, False)
            if not over and door < 0 and not full:
                return out
            if victim < 0:
                return None
            out.append(self.ledger.withdraw(victim))

    def _holds_most(self, door: int, admitted: int) -> int:
        """Pick the movement that holds most of the wanted places, -1 = none does.

        The door's slot counts as one, for those admitted to it then; -1 = the door is no matter.
        """
        store, groups = self.placing.store, self.problem.scenario.groups
        n = int(store.count[0])
        ptr, movement = self.by_link
        links = np.flatnonzero(self.on_way)
        links = links[self.wanted[links].any(axis=1)]
        at_door = (store.shelter[:n] == door) & (store.admitted[:n] == admitted)
        parts = [movement[ptr[link] : ptr[link + 1]] for link in links]
        some = np.unique(
            np.concatenate([*parts, np.arange(self.known, n), np.flatnonzero(at_door)])
        ).astype(np.int64)
        held = np.empty(len(some), np.int32)
        count_held(self.problem.graph, store, some, groups.node, groups.class_, self.wanted, held)
        held += at_door[some] & (store.size[some] > 0)
        held[self._fixed(some)] = 0
        most = int(np.argmax(held)) if len(some) else 0
        return int(some[most]) if len(some) and held[most] else -1

    def _fixed(self, some: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Which of some movements stay: this chain's own, and households gone in file.

        Moving one part of such a household on could take it to another shelter than the rest.
        """
        store, groups = self.placing.store, self.problem.scenario.groups
        group = store.group[some]
        in_file = groups.together[group] & (store.size[some] < groups.size[group])
        return np.asarray(in_file | np.isin(some, self.forced))

    def _cheapest(self, shelter: int) -> int:
        """Pick from a full shelter the movement that loses least by going to one with room."""
        placing, problem = self.placing, self.problem
        store, groups = placing.store, problem.scenario.groups
        n = int(store.count[0])
        inside = np.flatnonzero((store.size[:n] > 0) & (store.shelter[:n] == shelter))
        inside = inside[~self._fixed(inside)]
        k = groups.class_[store.group[inside]]
        if placing.free.room[shelter] >= 0:
            inside = inside[problem.step_free[k]]
            k = groups.class_[store.group[inside]]
        if not len(inside):
            return -1
        head = problem.graph.node_head[groups.node[store.group[inside]]]
        beside = problem.graph.node_arc[groups.node[store.group[inside]], 0]
        head = np.where(head >= 0, head, problem.graph.arc_to[np.maximum(beside, 0)])
        elsewhere = placing.hopes.least[k, head].astype(np.int64)
        here = np.empty(len(k), np.int64)
        for c in np.unique(k).tolist():
            here[k == c] = placing.row(c, shelter)[head[k == c]]
        extra = np.where(elsewhere >= FAR, np.iinfo(np.int64).max, elsewhere - here)
        return int(inside[np.argmin(extra)])
