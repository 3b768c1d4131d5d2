"""The proven bound, computed again from the prices and the instance by a slow path of its own.

Everyone is let go the way that is cheapest at the prices, alone, as if no limit held; what the
limits sell at the prices is subtracted. Whatever the prices, no plan on the grid costs less
(docs/concepts, "The certificate").
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import dijkstra

from evacroute.errors import InputError
from evacroute.prices import Prices
from evacroute.verification.check import Check, judge
from evacroute.verification.evidence import Evidence, Legs
from evacroute.verification.grid import (
    HAIR,
    Flags,
    Floats,
    Grid,
    Ints,
    Positions,
    build_grid,
    on_grid,
    per_slot,
    told,
    true_grid,
)
from evacroute.verification.setting_out import never

SHARE = 1e-5
"""How far the stated dual value may be from the one found, as a share of it."""

ROUNDING = 1e-6
"""How much of the dual value a bound may be above what is proven: errors of rounding."""


def checks(e: Evidence, legs: Legs) -> Iterator[Check]:
    """Check the certificate of a plan; after a rule that the next ones rest on is broken, no more.

    Raises
    ------
    InputError
        If the plan has no prices.
    """
    p = e.prices
    if p is None:
        raise InputError(
            f"{e.source}: has no prices, so its bound cannot be computed again; "
            "method over_time makes plans with prices"
        )
    fit = prices_fit(e, p)
    yield fit
    if not fit.ok:
        return
    grid = build_grid(e, p)
    true = true_grid(e, p, grid)
    yield true
    if not true.ok:
        return
    yield on_grid(e, p, grid, legs)
    sweep = _Sweep(e, p, grid)
    yield sweep.hopeless()
    value = sweep.dual_value()
    yield _value(p, value)
    yield from _bound(e, p, value)


def prices_fit(e: Evidence, p: Prices) -> Check:
    """Check: the prices are none below 0, and speak of this instance, step and deadline."""
    i = e.instance
    faults = p.misfits(len(i.link_id), len(i.shelter_id), len(i.class_id), len(i.group_id))
    slots = int(np.floor(e.deadline / e.step + 1e-9))
    if abs(p.step - e.step) > 1e-9 * e.step:
        faults.append(f"step is {p.step:g} s, the plan's is {e.step:g} s")
    if p.n_slots != slots:
        faults.append(f"n_slots is {p.n_slots}, the deadline makes {slots}")
    unit = np.ceil(i.space * p.units - 1e-9)
    if len(unit) == len(p.unit) and (unit != p.unit).any():
        faults.append(f"unit is {p.unit.tolist()}, the classes' space makes {unit.tolist()}")
    if not 0 <= p.horizon <= slots:
        faults.append(f"horizon is {p.horizon}, expected 0 to {slots}")
    for name in ("link_price", "door_price", "room", "step_free_room", "penalty", "weight"):
        values = getattr(p, name)
        least = 0 if name != "weight" else 1e-9
        if not (np.isfinite(values) & (values >= least)).all():
            faults.append(f"{name} holds {values.min()}, expected finite numbers >= {least:g}")
    rows: list[tuple[Positions, str]] = [(np.zeros(1, np.int64), text) for text in faults]
    return told("prices", "prices are >= 0 and fit the instance, step and deadline", rows, "faults")


class _Sweep:
    """Nodes where something can be decided, arcs between them, and who stands where when.

    After `n_main` nodes come those inside arcs where people start; no arc leads to them, and from
    each two parts of arcs lead on.
    """

    def __init__(self, e: Evidence, p: Prices, grid: Grid) -> None:
        self.e, self.p, self.grid = e, p, grid
        i, step = e.instance, e.step
        links = p.arc_link
        src, dst = i.link_from[links[grid.first]], i.link_to[links[grid.last]]
        inside = np.isin(i.group_node, i.link_from[links[grid.inner]])
        main = np.unique(np.concatenate([src, dst, i.shelter_node, i.group_node[~inside]]))
        starts = np.unique(i.group_node[inside])
        index = np.full(int(max(main.max(initial=0), starts.max(initial=0))) + 1, -1, np.int64)
        index[main] = np.arange(len(main))
        index[starts] = len(main) + np.arange(len(starts))
        self.n_main, self.n = len(main), len(main) + len(starts)
        self.src, self.dst = index[src], index[dst]
        self.shelter, self.group = index[i.shelter_node], index[i.group_node]
        # The parts: from an entry inside an arc to the arc's end.
        self.part = grid.inner[np.isin(i.link_from[links[grid.inner]], starts)]
        self.part_src = index[i.link_from[links[self.part]]]
        self.part_dst = self.dst[grid.arc[self.part]]
        ready = np.ceil(np.round(i.group_ready / step, 9))
        self.ready = np.minimum(ready, p.n_slots + 1).astype(np.int64)
        self.door_limit = per_slot(i.intake, step)
        self.step_free = i.speed_steps == 0
        self.counted = np.ones(len(i.group_id), bool)
        self.counted[p.hopeless] = False
        self.streets, row = np.unique(p.link, return_inverse=True)
        # The row after the horizon stays 0, and stands for all later ones.
        self.link_price = np.zeros((p.horizon + 1, len(self.streets)))
        self.link_price[p.link_slot, row.ravel()] = p.link_price
        self.door_price = np.zeros((p.horizon + 1, len(i.shelter_id)))
        self.door_price[p.door_slot, p.door] = p.door_price

    @property
    def hard(self) -> bool:
        """Whether nobody may be admitted after the horizon."""
        return self.p.horizon >= self.p.n_slots

    def places(self, k: int) -> Floats:
        """Places in each shelter that class k can use."""
        i = self.e.instance
        room = np.minimum(i.room, i.step_free_room) if self.step_free[k] else i.room
        return np.where(self.door_limit > 0, room, 0.0)

    def _part_slots(self, k: int) -> tuple[Floats, list[Floats]]:
        """Find the parts' slots, to the nearest, inf = barred, and those before each link."""
        ends = self.grid.last[self.grid.arc[self.part]]
        slots, before = np.zeros(len(self.part)), []
        for j, (first, last) in enumerate(zip(self.part, ends, strict=True)):
            walk = self.grid.walk[k, self.p.arc_link[first : last + 1]]
            upto = np.cumsum(walk)
            slots[j] = np.floor(upto[-1] + 0.5)
            before.append(np.floor(np.concatenate([[0.0], upto[:-1]]) + HAIR))
        return slots, before

    def _items(self, k: int, before: list[Floats]) -> tuple[Ints, Ints, Ints, Ints, Ints, Ints]:
        """Find priced links of arcs, then of parts: whose, column, slots until they are entered."""
        p, grid = self.p, self.grid
        column = np.full(len(self.e.instance.link_id), -1, np.int64)
        column[self.streets] = np.arange(len(self.streets))
        row = column[p.arc_link]
        upto = np.zeros(len(row))
        for place in range(1, int(grid.place.max(initial=0)) + 1):
            here = np.flatnonzero(grid.place == place)
            upto[here] = upto[here - 1] + grid.walk[k, p.arc_link[here - 1]]
        open_ = (row >= 0) & (p.arc_slots[k, grid.arc] > 0)
        item = np.flatnonzero(open_)
        whose, columns, offset = [], [], []
        for j, slots in enumerate(before):
            links = row[self.part[j] : self.part[j] + len(slots)]
            for x in np.flatnonzero((links >= 0) & np.isfinite(slots)):
                whose.append(j)
                columns.append(links[x])
                offset.append(slots[x])
        return (
            grid.arc[item], row[item], np.floor(upto[item] + HAIR).astype(np.int64),
            np.array(whose, np.int64), np.array(columns, np.int64), np.array(offset, np.int64),
        )  # fmt: skip

    def _ever_open(self, since: int) -> Flags:
        """Which arcs one may enter in some slot from `since` on."""
        p = self.p
        open_ = np.ones(len(p.arc_gate), bool)
        gated = p.arc_gate >= 0
        open_[gated] = self.grid.open_[p.arc_gate[gated], since:].any(axis=1)
        return open_

    def _static(self, k: int, entry: Floats, each: float, since: int) -> Floats:
        """Least cost to any shelter from each node with streets free of charge; inf = no way.

        Streets that change count with the best there is from slot `since` on.
        """
        open_ = np.flatnonzero((self.p.arc_slots[k] > 0) & self._ever_open(since))
        gates = np.flatnonzero(np.isfinite(entry))
        # From a node before all shelters, back along the arcs; 1 more, as 0 would be no arc.
        tail = np.concatenate([self.dst[open_], np.full(len(gates), self.n)])
        head = np.concatenate([self.src[open_], self.shelter[gates]])
        cost = np.concatenate([self.p.arc_slots[k, open_] * each, entry[gates] + 1])
        order = np.lexsort((cost, head, tail))
        tail, head, cost = tail[order], head[order], cost[order]
        least = np.append(True, (np.diff(tail) != 0) | (np.diff(head) != 0))[: len(tail)]
        graph: Any = csr_matrix(
            (cost[least], (tail[least], head[least])), shape=(self.n + 1, self.n + 1)
        )
        found: Floats = dijkstra(graph, indices=np.array([self.n]))[0, : self.n] - 1
        slots, _ = self._part_slots(k)
        np.minimum.at(found, self.part_src, slots * each + found[self.part_dst])
        return found

    def hopeless(self) -> Check:
        """Check: groups that are no part of the bound have no way to a place by the deadline."""
        i, p = self.e.instance, self.p
        found = np.full(len(p.hopeless), np.inf)
        need = np.where(i.together, i.group_size, 1)[p.hopeless]
        class_ = i.group_class[p.hopeless]
        for k, persons in sorted(set(zip(class_.tolist(), need.tolist(), strict=True))):
            entry = np.where(self.places(k) >= persons, 0.0, np.inf)
            mine = (class_ == k) & (need == persons)
            group = p.hopeless[mine]
            found[mine] = self.ready[group] + self._static(k, entry, 1.0, 0)[self.group[group]]
            if len(p.gate_ptr) > 1 and (found[mine] <= p.n_slots).any():
                found[mine] = self._soonest(k, entry)[self.ready[group], self.group[group]]
        found[never(self.e)[p.hopeless]] = np.inf
        spare = np.where(found <= p.n_slots, p.n_slots - found + 1, 0.0)
        return judge(
            "hopeless groups",
            "whom the bound leaves out has no way to a place in time, even alone",
            spare,
            lambda x: f"group {i.group_id[p.hopeless[x]]} could be safe in slot {found[x]:g}",
            unit="slots to spare",
        )

    def _soonest(self, k: int, entry: Floats) -> Floats:
        """First slot in which class k is safe from each slot and node, alone; inf = too late."""
        p, n_slots = self.p, self.p.n_slots
        arcs = np.flatnonzero(p.arc_slots[k] > 0)
        tau, src, dst = p.arc_slots[k, arcs].astype(np.int64), self.src[arcs], self.dst[arcs]
        slots, _ = self._part_slots(k)
        part = np.flatnonzero(np.isfinite(slots))
        safe = np.full((n_slots + 2, self.n), np.inf)
        for t in range(n_slots, -1, -1):
            now = safe[t]
            now[:] = safe[t + 1]
            now[self.shelter[np.isfinite(entry)]] = t
            for of, to, took in (
                (src, dst, np.where(self._closed(arcs, t), n_slots + 1, tau)),
                (self.part_src[part], self.part_dst[part], slots[part].astype(np.int64)),
            ):
                np.minimum.at(now, of, safe[np.minimum(t + took, n_slots + 1), to])
        return safe

    def _closed(self, arcs: Ints, slot: int) -> Flags:
        """Which of some arcs nobody may enter in a slot."""
        gate = self.p.arc_gate[arcs]
        shut = np.zeros(len(arcs), bool)
        shut[gate >= 0] = ~self.grid.open_[gate[gate >= 0], slot]
        return shut

    def values(self, k: int) -> Floats:
        """Least cost of class k from each slot and node [s], shape (horizon + 1, n_nodes)."""
        p, horizon = self.p, self.p.horizon
        each, space = float(p.weight[k]) * p.step, float(self.grid.space[k])
        room = p.room + p.step_free_room if self.step_free[k] else p.room
        entry = np.where(self.places(k) > 0, room, np.inf)
        slots, before = self._part_slots(k)
        item_arc, item_row, item_off, part_item, part_row, part_off = self._items(k, before)
        arcs = np.flatnonzero(p.arc_slots[k] > 0)
        arcs = arcs[np.argsort(self.src[arcs], kind="stable")]
        tau, dst = p.arc_slots[k, arcs].astype(np.int64), self.dst[arcs]
        nodes, begin = np.unique(self.src[arcs], return_index=True)
        open_part = np.flatnonzero(np.isfinite(slots))
        part_tau = slots[open_part].astype(np.int64)
        value = np.full((horizon + 1, self.n), np.inf)
        if self.hard:
            np.minimum.at(value[horizon], self.shelter, entry + self.door_price[horizon])
            none = part_tau == 0
            np.minimum.at(
                value[horizon],
                self.part_src[open_part[none]],
                value[horizon, self.part_dst[open_part[none]]],
            )
        else:
            value[horizon] = self._static(k, entry, each, horizon)

        def walk(t: int, slots: Ints, to: Ints, toll: Floats) -> Floats:
            at = t + slots
            cost = slots * each + toll + value[np.minimum(at, horizon), to]
            return np.where(self.hard & (at > horizon), np.inf, cost)

        def tolls(t: int, whose: Ints, row: Ints, off: Ints, n: int) -> Floats:
            price = self.link_price[np.minimum(t + off, horizon), row] * space
            return np.bincount(whose, weights=price, minlength=n).astype(np.float64)

        for t in range(horizon - 1, -1, -1):
            now = value[t]
            now[:] = value[t + 1] + each
            np.minimum.at(now, self.shelter, entry + self.door_price[t])
            if len(arcs):
                toll = tolls(t, item_arc, item_row, item_off, p.arc_slots.shape[1])[arcs]
                toll[self._closed(arcs, t)] = np.inf
                best = np.minimum.reduceat(walk(t, tau, dst, toll), begin)
                now[nodes] = np.minimum(now[nodes], best)
            if len(open_part):
                toll = tolls(t, part_item, part_row, part_off, len(slots))[open_part]
                cost = walk(t, part_tau, self.part_dst[open_part], toll)
                np.minimum.at(now, self.part_src[open_part], cost)
        return value

    def dual_value(self) -> float:
        """Find what all would pay at the prices, less what the limits sell [person-seconds]."""
        i, p = self.e.instance, self.p
        total = 0.0
        for k in range(len(i.class_id)):
            mine = np.flatnonzero(self.counted & (i.group_class == k))
            if not len(mine):
                continue
            value = self.values(k)
            slot = np.minimum(self.ready[mine], p.horizon)
            best = value[slot, self.group[mine]]
            if self.hard:
                best = np.where(self.ready[mine] > p.horizon, np.inf, best)
            total += float((np.minimum(best, p.penalty[k]) * i.group_size[mine]).sum())
        total += float(late(self.e, p)[self.counted] @ i.group_size[self.counted])
        return total - (
            _sold(p.link_price, self.grid.limit[p.link])
            + _sold(p.door_price, self.door_limit[p.door])
            + _sold(p.room, i.room)
            + _sold(p.step_free_room, np.minimum(i.step_free_room, i.room))
        )


def late(e: Evidence, p: Prices) -> Floats:
    """Weighted wait of each group's persons from being ready to the slot's begin [s]."""
    i = e.instance
    begin = np.ceil(np.round(i.group_ready / e.step, 9)) * e.step
    return np.asarray((begin - i.group_ready) * p.weight[i.group_class])


def _sold(price: Floats, limit: Floats) -> float:
    priced = price > 0
    return float((price[priced] * limit[priced]).sum())


def _value(p: Prices, value: float) -> Check:
    return judge(
        "dual value",
        "the prices' value is what they prove, computed again",
        np.array([abs(p.value - value) / max(abs(value), 1.0)]),
        lambda _: f"stated as {p.value:.10g}, found {value:.10g} person-seconds",
        allowed=SHARE,
        unit="relative difference",
    )


def _bound(e: Evidence, p: Prices, value: float) -> Iterator[Check]:
    """Check: the stated bound is no more than is proven, and the cost no less than that."""
    i = e.instance
    counted: Flags = np.ones(len(i.group_id), bool)
    counted[p.hopeless] = False
    mine = e.left_group >= 0
    left = np.bincount(e.left_group[mine], weights=e.left_size[mine], minlength=len(counted))
    # Who is left pays the penalty in the dual value, and their wait for a slot in no cost.
    apart = (p.penalty[i.group_class] + late(e, p)) * left * counted
    proven = value - float(apart.sum())
    slack = ROUNDING * abs(value)
    stated = -np.inf if e.bound is None else e.bound
    yield judge(
        "bound",
        "the stated bound is not above the one that the prices prove",
        np.array([stated - proven]),
        lambda _: f"stated as {stated:.10g}, proven are {proven:.10g} person-seconds",
        unit="person-seconds over",
        slack=slack,
    )
    weight = p.weight[i.group_class[e.group]]
    cost = float((weight * (e.arrive - i.group_ready[e.group]) * e.size).sum())
    yield judge(
        "cost and bound",
        "the plan costs no less than any plan can, by the proven and the stated bound",
        np.array([proven - cost, stated - cost]),
        lambda _: f"cost {cost:.10g}, proven {proven:.10g}, stated {stated:.10g} person-seconds",
        unit="person-seconds under",
        slack=slack,
    )
