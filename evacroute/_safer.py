"""Move people of a finished plan to where they are likelier safe, if time and odds are worth it.

The cost of a plan is the time of everybody from ready to safe and weight x -log of their odds. A
plan of any method is taken up again, its movements booked as they are. Round by round, those who
could gain are taken out, the greatest gain first, and tried on ways to shelters nearby in what is
then free; what costs less under the load of the round is kept. A round counts only if the cost
under the load that it brings about has fallen; else it is done again with half of its moves.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from evacroute._kernels.place import remember, withdraw
from evacroute._kernels.route import book, search, wait_at_origin
from evacroute._kernels.unfold import unfold_few
from evacroute.assignment import Movements, Progress
from evacroute.assignment.nearest import lift_limits
from evacroute.assignment.placing import NO_FLOOR, Placing
from evacroute.assignment.problem import Problem
from evacroute.assignment.taking_up import take_up
from evacroute.judging import Judge
from evacroute.network import FERRY
from evacroute.scores import PlanScores
from evacroute.scoring.odds import LEAST_ODDS

ROUNDS = 8
"""Rounds at most."""

NEAR, TRIED = 8, 3
"""Shelters that are estimated for each movement, the nearest; and those tried of them, the best."""

MOST_TRIES = 4000
"""Movements tried in a round."""

PATIENCE = 300
"""Movements tried in vain, one after another, before a round ends."""

LEAST_GAIN = 1e-4
"""Share of the cost below which a round is the last."""

LEGS = 16
"""Links that an arc is taken to have at first."""

CHUNK = 50_000
"""Ways estimated at a time."""


class Way(NamedTuple):
    """A way found in what is free: its arcs in walking order, and its cost for one person [s]."""

    shelter: int
    admitted: int
    arc: NDArray[np.int32]
    slot: NDArray[np.int32]
    cost: float


class Try(NamedTuple):
    """A movement that may gain, and shelters where."""

    row: int
    shelters: list[int]
    cost: float


def make_safer(
    problem: Problem,
    moves: Movements,
    judge: Judge,
    weight: float,
    worth: NDArray[np.float64],
    *,
    unlimited: bool = False,
    progress: Progress | None = None,
) -> tuple[Movements, dict[str, Any]]:
    """Lower the cost of movements, time + weight x -log of the odds, keeping every rule.

    Both count by what a second of the class is worth.

    Nobody who has a place loses it, and nobody who is left gets one. Who goes by boat, and
    households who go one after another, stay as they are.

    Parameters
    ----------
    problem
        What the movements answer.
    moves
        Of any method.
    judge
        Knows the odds.
    weight
        Seconds that a unit of -log of the odds of a person counts for, > 0.
    worth
        What a second of each class counts for, shape (n_classes,).
    unlimited
        Whether the plan ignores what streets, doors and shelters can take.
    progress
        Called with the stage and the share of it that is done.

    Returns
    -------
    tuple
        The movements, the same if nothing is gained; and figures: cost and persons expected safe
        before and after [person-seconds, weighted by class; persons], persons moved, rounds.
    """
    placing = Placing(problem, None if problem.is_large else problem.distances())
    if unlimited:
        lift_limits(placing)
    figures: dict[str, Any] = {"safety_moved": 0, "safety_rounds": 0}
    if not len(moves):
        return moves, figures
    if not take_up(placing, moves):
        return moves, figures | {"safety_note": "its ways cannot be taken up: left as it was"}
    work = _Rounds(placing, judge, weight, worth)
    first = total = work.look()
    expected = work.expected_safe
    for done in range(ROUNDS):
        if progress is not None:
            progress("safer ways", done / ROUNDS)
        before, total = total, work.round(total)
        figures["safety_rounds"] += total < before
        if before - total <= LEAST_GAIN * before:
            break
    moved = work.moved()
    figures |= {
        "safety_moved": sum(moved.values()),
        "safety_moved_by_class": moved,
        "safety_cost_before": round(first, 3),
        "safety_cost": round(total, 3),
        "safety_expected_before": round(expected, 3),
        "safety_expected": round(work.expected_safe, 3),
    }
    if not figures["safety_rounds"]:
        return moves, figures
    # Who is left stays left, for the reasons that the method had.
    names = ("left_group", "left_size", "left_reason")
    return replace(work.moves, **{name: getattr(moves, name) for name in names}), figures


@dataclass(slots=True, eq=False)
class _Rounds:
    """A placing whose movements are moved about.

    Parameters
    ----------
    placing
        With the movements booked.
    judge, weight, worth
        As for `make_safer`.
    """

    placing: Placing
    judge: Judge
    weight: float
    worth: NDArray[np.float64]
    moves: Movements = field(init=False)
    scores: PlanScores = field(init=False)
    rows: NDArray[np.int64] = field(init=False)
    _done: list[tuple[int, int]] = field(init=False, default_factory=list)
    _was: dict[int, int] = field(init=False, default_factory=dict)

    @property
    def problem(self) -> Problem:
        """What is solved."""
        return self.placing.problem

    @property
    def expected_safe(self) -> float:
        """Sum of the odds over the persons that are scored."""
        return self.scores.expected_safe(self.moves.size)

    def moved(self) -> dict[str, int]:
        """Count persons who are on other ways than at first, by class, the most first."""
        store, names = self.placing.store, self.problem.scenario.group_classes.class_id
        count: dict[str, int] = {}
        for new, first in self._was.items():
            if self._way_of(new) != self._way_of(first):
                name = str(names[self._who(int(store.group[new]))[0]])
                count[name] = count.get(name, 0) + int(store.size[new])
        return dict(sorted(count.items(), key=lambda one: (-one[1], one[0])))

    def _way_of(self, row: int) -> tuple[int, bytes, bytes]:
        """Shelter, arcs and slots of a movement, also of one that was taken out."""
        store = self.placing.store
        legs = slice(int(store.ptr[row]), int(store.ptr[row + 1]))
        return int(store.shelter[row]), store.arc[legs].tobytes(), store.slot[legs].tobytes()

    def look(self) -> float:
        """Reckon the load and odds of what is booked; returns its cost [person-seconds]."""
        store = self.placing.store
        n = int(store.count[0])
        kept = np.flatnonzero(store.size[:n] > 0)
        self.rows = kept[np.argsort(store.group[kept], kind="stable")]
        none = np.zeros(0, np.int32)
        self.moves = self.placing.movements(none, none, none.astype(np.uint8))
        self.scores = self.judge.score(self.moves)
        return float((self._counts() * self._costs()).sum())

    def round(self, total: float) -> float:
        """Move people once; returns the cost afterwards, which is `total` if nothing is gained."""
        held = self.moves, self.scores, self.rows
        tries = self._tries()
        while tries:
            done = self._move(tries)
            if not done:
                break
            now = self.look()
            if now < total - 1e-6:
                for row, new in self._done:
                    self._was[new] = self._was.pop(row, row)
                return now
            tries = done[: len(done) // 2]
            self._undo()
            self.moves, self.scores, self.rows = held
            self.judge.expect(self.moves)
        return total

    def _move(self, tries: list[Try]) -> list[Try]:
        """Try movements in turn until many are tried in vain; returns those that were moved."""
        self._done.clear()
        done: list[Try] = []
        vain = 0
        for one in tries:
            before = len(self._done)
            self._try(one)
            if len(self._done) > before:
                done.append(one)
                vain = 0
            else:
                vain += 1
            if vain >= PATIENCE:
                break
        return done

    def _counts(self) -> NDArray[np.float64]:
        """Count persons of each movement, by what a second of their class counts for."""
        class_ = self.problem.scenario.groups.class_[self.moves.group]
        return np.asarray(self.worth[class_] * self.moves.size)

    def _costs(self) -> NDArray[np.float64]:
        """Cost of each movement for one person; those not scored have the odds of certainty."""
        odds = np.where(self.scores.known, self.scores.p_safe, 1.0)
        ready = self.problem.scenario.groups.ready_time[self.moves.group]
        dread = -np.log(np.maximum(odds, LEAST_ODDS))
        return np.asarray(self.moves.arrive - ready + self.weight * dread)

    def _tries(self) -> list[Try]:
        """List movements that may gain, the greatest gain first, with the shelters to try."""
        moves, groups, step = self.moves, self.problem.scenario.groups, self.problem.step
        cost = self._costs()
        in_file = groups.together[moves.group] & (moves.size < groups.size[moves.group])
        odds = np.where(self.scores.known, self.scores.p_safe, 1.0)
        # Nobody gains more than the dread they have, and times are whole steps.
        dread = -self.weight * np.log(np.maximum(odds, LEAST_ODDS))
        some = np.flatnonzero(~in_file & self.scores.known & (dread >= step))
        best: dict[int, list[tuple[float, int]]] = {}
        for x, s, estimate in self._estimates(some):
            for i in np.flatnonzero(estimate < cost[x] - 1e-6).tolist():
                best.setdefault(int(x[i]), []).append((float(estimate[i]), int(s[i])))
        counts = self._counts()
        gain = {x: (cost[x] - min(found)[0]) * counts[x] for x, found in best.items()}
        order = sorted(best, key=lambda x: (-gain[x], x))[:MOST_TRIES]
        return [
            Try(int(self.rows[x]), [s for _, s in sorted(best[x])[:TRIED]], float(cost[x]))
            for x in order
        ]

    def _estimates(
        self, some: NDArray[np.int64]
    ) -> list[tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]]:
        """Movements, shelters and what these would cost if streets were free, in parts."""
        scenario, out = self.problem.scenario, []
        groups, shelters = scenario.groups, scenario.shelters
        for k in np.unique(groups.class_[self.moves.group[some]]).tolist():
            mine = some[groups.class_[self.moves.group[some]] == k]
            open_ = np.flatnonzero(
                shelters.step_free_capacity if self.problem.step_free[k] else shelters.capacity
            )
            if not len(open_):
                continue
            node = groups.node[self.moves.group[mine]]
            near = np.stack([self.judge.ways.tree(k, int(s))[0][node] for s in open_], axis=1)
            near[~self._has_room(k, mine)[:, open_]] = np.inf
            order = np.argsort(near, axis=1, kind="stable")[:, :NEAR]
            free = np.take_along_axis(near, order, axis=1)
            x, s = np.repeat(mine, order.shape[1]), open_[order].ravel()
            known = np.isfinite(free.ravel())
            x, s, time = x[known], s[known], free.ravel()[known]
            for begin in range(0, len(x), CHUNK):
                part = slice(begin, begin + CHUNK)
                estimate = time[part] + self.weight * self._dread(k, x[part], s[part])
                out.append((x[part], s[part], estimate))
        return out

    def _has_room(self, k: int, some: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Whether shelters have room for movements of a class, which keep their own otherwise."""
        room = self.problem.places(self.placing.free)[k]
        out = np.asarray(room >= self.moves.size[some][:, None])
        out[np.arange(len(some)), self.moves.shelter[some]] = True
        return out

    def _dread(self, k: int, x: NDArray[np.int64], s: NDArray[np.int64]) -> NDArray[np.float64]:
        """-log of the odds of movements of a class on their quickest ways to shelters."""
        groups, moves, out = self.problem.scenario.groups, self.moves, np.empty(len(x))
        for shelter in np.unique(s).tolist():
            mine = np.flatnonzero(s == shelter)
            group = moves.group[x[mine]]
            ptr, link = self.judge.ways.routes(k, shelter, groups.node[group])
            to = np.full(len(mine), shelter, np.int32)
            depart = groups.ready_time[group]
            out[mine] = self.judge.odds(
                group, to, moves.size[x[mine]], depart, ptr, link, np.zeros(len(mine))
            ).dread
        return out

    def _try(self, one: Try) -> None:
        """Take a movement out and book it where it costs least, which may be as before."""
        self.placing.reserve_space()
        store, problem, free = self.placing.store, self.problem, self.placing.free
        row, persons = one.row, int(self.placing.store.size[one.row])
        group = int(store.group[row])
        k, node = self._who(group)
        step_free = bool(problem.step_free[k])
        withdraw(problem.graph, free, store, node, k, step_free, row)
        ways = [way for s in one.shelters if (way := self._way(group, persons, s)) is not None]
        ways = self._priced(group, persons, ways)
        best = min(ways, key=lambda way: way.cost, default=None)
        if best is None or best.cost >= one.cost - 1e-6:
            self._put_back(row, persons)
            return
        n, work = len(best.arc), self.placing.work
        work.path_arc[:n], work.path_slot[:n] = best.arc[::-1], best.slot[::-1]
        book(
            problem.graph, free, node, k, work.path_arc, work.path_slot, n, best.shelter,
            best.admitted, persons, step_free,
        )  # fmt: skip
        self._done.append((row, int(store.count[0])))
        remember(store, work, group, best.shelter, persons, best.admitted, n)

    def _who(self, group: int) -> tuple[int, int]:
        """Class and node of a group."""
        groups = self.problem.scenario.groups
        return int(groups.class_[group]), int(groups.node[group])

    def _way(self, group: int, persons: int, shelter: int) -> Way | None:
        """Find the soonest way to a shelter in what is free."""
        problem, placing = self.problem, self.placing
        k, node = self._who(group)
        found, admitted, n = search(
            problem.graph, placing.free, placing.work, placing.row(k, shelter), NO_FLOOR, node, k,
            int(problem.ready[group]), persons, shelter, bool(problem.step_free[k]), placing.price,
        )  # fmt: skip
        if found < 0:
            return None
        wait_at_origin(problem.graph, placing.free, placing.work, node, k, admitted, n, persons)
        arc, slot = (a[:n][::-1].copy() for a in (placing.work.path_arc, placing.work.path_slot))
        return Way(shelter, int(admitted), arc, slot, np.inf)

    def _priced(self, group: int, persons: int, ways: list[Way]) -> list[Way]:
        """Find the cost of ways for one person."""
        if not ways:
            return ways
        problem, n = self.problem, len(ways)
        k, node = self._who(group)
        arcs = np.cumsum([0, *(len(way.arc) for way in ways)])
        arc, slot = (np.concatenate([getattr(way, of) for way in ways]) for of in ("arc", "slot"))
        ptr, room = np.zeros(n + 1, np.int64), LEGS * len(arc)
        while True:
            link, enter, leave = np.empty(room, np.int32), np.empty(room), np.empty(room)
            count = unfold_few(
                problem.graph, arcs, arc, slot, node, k, problem.step, problem.n_links, ptr, link,
                enter, leave,
            )  # fmt: skip
            if count <= room:
                break
            room = count
        link, enter, leave = link[:count], enter[:count], leave[:count]
        arrive = np.array([way.admitted for way in ways]) * problem.step
        walks = np.diff(ptr) > 0
        depart = arrive.copy()
        depart[walks] = enter[ptr[:-1][walks]]
        walked = np.append(0.0, np.cumsum(leave - enter))[ptr]
        aboard = np.append(0, np.cumsum(problem.scenario.network.kind[link] == FERRY))[ptr]
        # Of boats the scorer knows nothing.
        afoot = np.diff(aboard) == 0
        dread = self.judge.odds(
            np.full(n, group, np.int32), np.array([way.shelter for way in ways], np.int32),
            np.full(n, persons, np.int32), depart, ptr, link,
            np.maximum(arrive - depart - np.diff(walked), 0.0),
        ).dread  # fmt: skip
        ready = problem.scenario.groups.ready_time[group]
        cost = arrive - ready + self.weight * dread
        return [way._replace(cost=float(cost[i])) for i, way in enumerate(ways) if afoot[i]]

    def _put_back(self, row: int, persons: int) -> None:
        """Book a movement again that was taken out."""
        store, problem = self.placing.store, self.problem
        k, node = self._who(int(store.group[row]))
        first, last = int(store.ptr[row]), int(store.ptr[row + 1])
        store.size[row] = persons
        book(
            problem.graph, self.placing.free, node, k, store.arc[first:last],
            store.slot[first:last], last - first, int(store.shelter[row]),
            int(store.admitted[row]), persons, bool(problem.step_free[k]),
        )  # fmt: skip

    def _undo(self) -> None:
        """Take back the moves of the round."""
        for row, new in reversed(self._done):
            store, problem = self.placing.store, self.problem
            k, node = self._who(int(store.group[new]))
            persons = int(store.size[new])
            withdraw(
                problem.graph, self.placing.free, store, node, k, bool(problem.step_free[k]), new
            )
            self._put_back(row, persons)
        self._done.clear()
