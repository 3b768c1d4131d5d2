"""Column generation over several classes with HiGHS: the exact LP of the time grid, and its bound.

Columns are ways in time of the people who share node, class and ready slot; rows are how many of
them there are, and what enters each link, door and shelter in each slot. New columns come from one
backward sweep over time for each class under the rows' prices. Persons may be split at will, so the
value is a bound on every plan; so is, at any moment, the value of the prices at hand
(Lagrange), which is what is given if time runs out.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

import evacroute as er
from evacroute._kernels.graph import FAR
from evacroute.assignment.problem import Problem, build_problem
from evacroute.assignment.time_net import TimeNet, build_time_net

ENOUGH = 2e-4
"""Stop when the LP is within this of its bound."""

SMOOTH = 0.6
"""Share of the best prices so far in those that columns are made from: prices jump about less."""


@dataclass
class Master:
    """The LP of the columns so far, in HiGHS."""

    solver: Any
    row_of: dict[tuple[Any, ...], int] = field(default_factory=dict)
    known: set[tuple[Any, ...]] = field(default_factory=set)

    def row(self, key: tuple[Any, ...], limit: float) -> int:
        """Row of a link, door or shelter; made when first asked for."""
        if key not in self.row_of:
            self.row_of[key] = self.solver.getNumRow()
            self.solver.addRow(-1e30, limit, 0, np.zeros(0, np.int32), np.zeros(0))
        return self.row_of[key]


def by_columns(scenario: er.Scenario, step: float, limit: float = 60.0) -> dict[str, Any]:
    """Solve the LP, or stop after so many seconds.

    Returns
    -------
    dict
        ``bound`` and ``cost`` (of the LP's own, split plan) [person-seconds, penalties of the left
        taken off], ``left``, ``rounds``, ``columns``, ``solve`` [s].
    """
    import highspy

    begin = time.perf_counter()
    task = _Task(scenario, step)
    solver = highspy.Highs()
    solver.silent()
    solver.setOptionValue("threads", 1)
    master = Master(solver)
    n = len(task.persons)
    for q in range(n):
        persons = float(task.persons[q])
        solver.addRow(persons, persons, 0, np.zeros(0, np.int32), np.zeros(0))
    for q in range(n):
        one = np.array([q], np.int32)
        solver.addCol(float(task.penalty), 0.0, 1e30, 1, one, np.ones(1))
    best, center, rounds = -np.inf, None, 0
    while True:
        solver.run()
        value = solver.getInfo().objective_function_value
        dual = np.asarray(solver.getSolution().row_dual)
        price = {key: max(0.0, -dual[i]) for key, i in master.row_of.items()}
        if center is not None:
            keys = price.keys() | center.keys()
            mixed = {
                key: SMOOTH * center.get(key, 0.0) + (1 - SMOOTH) * price.get(key, 0.0)
                for key in keys
            }
        else:
            mixed = price
        bound, fresh = task.sweep(mixed, master)
        rounds += 1
        if bound > best:
            best, center = bound, mixed
        if not fresh:
            # Smoothing found nothing: ask with the prices of the LP itself.
            bound, fresh = task.sweep(price, master)
            if bound > best:
                best, center = bound, price
        out_of_time = time.perf_counter() - begin > limit
        if not fresh or out_of_time or value - best <= ENOUGH * abs(best):
            break
        for cost, rows in fresh:
            index = np.array(sorted(rows), np.int32)
            factor = np.array([rows[i] for i in index.tolist()], np.float64)
            solver.addCol(cost, 0.0, 1e30, len(index), index, factor)
    left = float(np.asarray(solver.getSolution().col_value)[:n].sum())
    out = left * task.penalty
    return {
        "bound": float(best - out) * step - task.waste,
        "cost": (value - out) * step - task.waste,
        "left": left + task.hopeless,
        "rounds": rounds,
        "columns": solver.getNumCol(),
        "finished": not out_of_time,
        "solve": time.perf_counter() - begin,
    }


class _Task:
    """The instance on the grid, and the sweep that prices it."""

    def __init__(self, scenario: er.Scenario, step: float) -> None:
        self.problem: Problem = build_problem(scenario, step)
        self.net: TimeNet = build_time_net(self.problem)
        problem, groups = self.problem, scenario.groups
        self.slots = problem.n_slots + 1
        self.shelters = scenario.shelters
        self.door_node = self.net.node_index[self.shelters.node]
        ok = problem.ready < self.slots
        node = self.net.node_index[groups.node[ok]]
        key = np.column_stack([groups.class_[ok], problem.ready[ok], node])
        self.key, of = np.unique(key, axis=0, return_inverse=True)
        self.persons = np.bincount(of.ravel(), weights=groups.size[ok]).astype(np.int64)
        # Whoever cannot arrive even alone in the city is no part of the program.
        alone = self._values({}, None)
        reach = np.array([np.isfinite(alone[k][t, v]) for k, t, v in self.key.tolist()])
        self.hopeless = int(groups.size.sum() - self.persons[reach].sum())
        self.key, self.persons = self.key[reach], self.persons[reach]
        self.penalty = 10 * self.slots
        # From cost in slots after the ready slot to person-seconds after the ready time.
        in_slots = float(self.persons @ self.key[:, 1]) * step
        kept = np.flatnonzero(ok)[reach[of.ravel()]]
        self.waste = float((groups.size * groups.ready_time)[kept].sum()) - in_slots

    def _values(
        self, price: dict[tuple[Any, ...], float], ways: list[Any] | None
    ) -> list[NDArray[np.float64]]:
        """Least slot of admission plus prices from each (slot, node), one array a class."""
        net, problem = self.net, self.problem
        link = np.zeros((self.slots, len(problem.link_slot)))
        door = np.zeros((self.slots, len(self.shelters)))
        room, free = np.zeros(len(self.shelters)), np.zeros(len(self.shelters))
        for (what, *where), value in price.items():
            if what == "link":
                i, t = where
                # The row of a thin link counts entries in several slots.
                link[t : t + int(problem.link_every[i]), i] += value
            elif what == "door":
                door[where[1], where[0]] += value
            elif what == "room":
                room[where[0]] += value
            else:
                free[where[0]] += value
        hot = np.flatnonzero(link.any(axis=0))
        item_hot = np.isin(net.item_link, hot)
        arc_of_item = net.arc_of_item
        out = []
        for k in range(len(net.tau)):
            passes = np.minimum.reduceat(problem.link_slot[net.item_link], net.item_ptr[:-1]) > 0
            arcs = np.flatnonzero((net.tau[k] < FAR) & passes)
            src, dst, tau = net.src[arcs], net.dst[arcs], net.tau[k][arcs]
            order = np.argsort(src, kind="stable")
            arcs, src, dst, tau = arcs[order], src[order], dst[order], tau[order]
            starts = np.flatnonzero(np.diff(src, prepend=-1))
            heads = src[starts]
            place = np.full(len(net.src), -1)
            place[arcs] = np.arange(len(arcs))
            items = np.flatnonzero(item_hot & (place[arc_of_item] >= 0))
            item_arc, item_link = place[arc_of_item[items]], net.item_link[items]
            item_off = net.item_off[k][items]
            value = np.full((self.slots, net.n_nodes), np.inf)
            for t in range(self.slots - 1, -1, -1):
                now = value[t]
                if t + 1 < self.slots:
                    now[:] = value[t + 1]
                for s in range(len(self.shelters)):
                    if self._admits(s, t, k):
                        v = self.door_node[s]
                        now[v] = min(now[v], t + door[t, s] + self._place(room, free, s, k))
                if len(arcs):
                    arrive = np.minimum(t + tau, self.slots - 1)
                    there = np.where(t + tau < self.slots, value[arrive, dst], np.inf)
                    if len(items):
                        at = np.minimum(t + item_off, self.slots - 1)
                        np.add.at(there, item_arc, link[at, item_link])
                    least = np.minimum.reduceat(there, starts)
                    now[heads] = np.minimum(now[heads], least)
            out.append(value)
            if ways is not None:
                ways.append((arcs, starts, heads, dst, tau))
        self.link, self.door, self.room, self.free = link, door, room, free
        return out

    def _admits(self, s: int, t: int, k: int) -> bool:
        problem, free = self.problem, self.shelters.step_free_capacity[s] > 0
        return bool(
            t % problem.intake_every[s] == 0
            and problem.intake_slot[s] > 0
            and self.shelters.capacity[s] > 0
            and (free or not problem.step_free[k])
        )

    def _place(self, room: NDArray[np.float64], free: NDArray[np.float64], s: int, k: int) -> float:
        return float(room[s] + (free[s] if self.problem.step_free[k] else 0.0))

    def sweep(
        self, price: dict[tuple[Any, ...], float], master: Master
    ) -> tuple[float, list[tuple[float, dict[int, float]]]]:
        """Bound of the prices [slots], and the ways that are best at them and no columns yet."""
        ways: list[Any] = []
        values = self._values(price, ways)
        bound, fresh = 0.0, []
        for q, (k, t, v) in enumerate(self.key.tolist()):
            best = values[k][t, v] - t
            bound += self.persons[q] * min(best, float(self.penalty))
            if best < self.penalty:
                column = self._walk(q, k, t, v, values[k], ways[k], master)
                if column is not None:
                    fresh.append(column)
        for key, value in price.items():
            bound -= value * self._limit(key)
        return bound, fresh

    def _limit(self, key: tuple[Any, ...]) -> float:
        what, where = key[0], key[1]
        table = {
            "link": self.problem.link_slot,
            "door": self.problem.intake_slot,
            "room": self.shelters.capacity,
            "free": self.shelters.step_free_capacity,
        }
        return float(table[what][where])

    def _walk(
        self,
        q: int,
        k: int,
        t: int,
        v: int,
        value: NDArray[np.float64],
        ways: Any,
        master: Master,
    ) -> tuple[float, dict[int, float]] | None:
        """Follow the values to a shelter; None where the way is a column already."""
        net, problem = self.net, self.problem
        arcs, starts, heads, dst, tau = ways
        ready = t
        steps: list[tuple[Any, ...]] = []
        while True:
            here = value[t, v]
            shelter = -1
            for s in np.flatnonzero(self.door_node == v).tolist():
                cost = t + self.door[t, s] + self._place(self.room, self.free, s, k)
                if self._admits(s, t, k) and cost <= here + 1e-7:
                    shelter = s
            if shelter >= 0:
                break
            if t + 1 < self.slots and value[t + 1, v] <= here + 1e-9:
                t += 1
                continue
            i = int(np.searchsorted(heads, v))
            end = starts[i + 1] if i + 1 < len(starts) else len(arcs)
            for j in range(int(starts[i]), int(end)):
                if t + tau[j] >= self.slots:
                    continue
                a = arcs[j]
                items = slice(net.item_ptr[a], net.item_ptr[a + 1])
                enter = t + net.item_off[k, items]
                extra = self.link[np.minimum(enter, self.slots - 1), net.item_link[items]].sum()
                if value[t + tau[j], dst[j]] + extra <= here + 1e-7:
                    steps += [
                        ("link", i_, e_)
                        for i_, e_ in zip(
                            net.item_link[items].tolist(), enter.tolist(), strict=True
                        )
                    ]
                    t, v = t + int(tau[j]), int(dst[j])
                    break
            else:
                raise RuntimeError("the values lead nowhere: a fault of this sweep")
        steps += [("door", shelter, t), ("room", shelter)]
        steps += [("free", shelter)] if problem.step_free[k] else []
        name = (q, *steps)
        if name in master.known:
            return None
        keys: list[tuple[Any, ...]] = []
        for step_ in steps:
            if step_[0] == "link":
                i_, e_ = step_[1:]
                first = max(0, e_ - int(problem.link_every[i_]) + 1)
                keys += [("link", i_, b) for b in range(first, e_ + 1)]
            else:
                keys.append(step_)
        rows: dict[int, float] = {q: 1.0}
        for key in keys:
            at = master.row(key, self._limit(key))
            rows[at] = rows.get(at, 0.0) + 1.0
        master.known.add(name)
        return float(t - ready), rows
