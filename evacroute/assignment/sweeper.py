"""Sweeps over a net for given prices: what each place is worth, and where everyone then goes."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evacroute._kernels.sweeps import BIG, backward, forward, static_values
from evacroute.assignment.lanes import Core, whole_net
from evacroute.assignment.problem import Problem
from evacroute.assignment.time_net import TimeNet
from evacroute.people import Groups

F = np.float32


@dataclass(slots=True, eq=False)
class Crowd:
    """Groups that can be placed, gathered by class, start and ready slot.

    Parameters
    ----------
    node, class_, ready, size
        Node of the net, class, first slot, persons; sorted by class.
    ptr
        Where each class begins.
    """

    node: NDArray[np.int32]
    class_: NDArray[np.int32]
    ready: NDArray[np.int32]
    size: NDArray[np.float32]
    ptr: NDArray[np.int64]

    @property
    def persons(self) -> float:
        """How many there are in all."""
        return float(self.size.sum(dtype=np.float64))


def _crowd_key(problem: Problem, net: TimeNet) -> NDArray[np.int64]:
    """Class, start and ready slot of each group as one number."""
    groups = problem.scenario.groups
    node = net.node_index[groups.node].astype(np.int64)
    key = groups.class_.astype(np.int64) * net.n_nodes + node
    return np.asarray(key * (problem.n_slots + 2) + problem.ready)


def gather_crowd(problem: Problem, net: TimeNet, counted: NDArray[np.bool_]) -> Crowd:
    """Gather the counted groups of a problem."""
    some, n_slots = np.flatnonzero(counted), problem.n_slots + 2
    unique, where = np.unique(_crowd_key(problem, net)[some], return_inverse=True)
    size = problem.scenario.groups.size[some]
    class_ = (unique // n_slots // net.n_nodes).astype(np.int32)
    return Crowd(
        node=(unique // n_slots % net.n_nodes).astype(np.int32),
        class_=class_,
        ready=(unique % n_slots).astype(np.int32),
        size=np.bincount(where.ravel(), weights=size, minlength=len(unique)).astype(F),
        ptr=np.searchsorted(class_, np.arange(len(net.tau) + 1)),
    )


def member_of(crowd: Crowd, problem: Problem, net: TimeNet) -> NDArray[np.int64]:
    """Row of the crowd that each group belongs to, -1 = none."""
    start = crowd.class_.astype(np.int64) * net.n_nodes + crowd.node
    known = start * (problem.n_slots + 2) + crowd.ready
    key = _crowd_key(problem, net)
    row = np.minimum(np.searchsorted(known, key), len(known) - 1)
    return np.where(known[row] == key, row, -1)


@dataclass(slots=True, eq=False)
class Terms:
    """What the prices are about: limits by slot, and the worth of a class's time.

    Shelters stand in the order of their nodes.

    Parameters
    ----------
    order
        Position in the scenario of each shelter.
    node
        Their nodes.
    node_shelter
        First shelter at each node of the net, -1 = none.
    room, free_room
        Places and step-free places [persons].
    door
        Persons whom each door admits in a slot.
    link
        Persons who may enter each link in a slot, counted by the space they take.
    space
        Persons' worth of street that a person of each class takes: its share of a link's price.
    step_free
        Which classes cannot use steps.
    weight
        Worth of a slot of a person's time, by class, relative to `unit`.
    unit
        What 1 stands for, in the weights that were given: their mean over persons. Prices, values
        and penalties are all in it, so that the size of the weights means nothing to the solver.
    penalty
        What leaving a person costs at most, by class.
    allowed
        Persons of each class whom every plan may leave. Staying is priced like a place in a
        shelter of so much room, always at the best price there is for the others.
    """

    order: NDArray[np.int64]
    node: NDArray[np.int32]
    node_shelter: NDArray[np.int32]
    room: NDArray[np.float32]
    free_room: NDArray[np.float32]
    door: NDArray[np.float32]
    link: NDArray[np.float32]
    space: NDArray[np.float64]
    step_free: NDArray[np.bool_]
    weight: NDArray[np.float64]
    unit: float
    penalty: NDArray[np.float64]
    allowed: NDArray[np.float64]

    def shut(self, k: int) -> NDArray[np.bool_]:
        """Which shelters take nobody of class k."""
        places = np.minimum(self.room, self.free_room) if self.step_free[k] else self.room
        return np.asarray((places <= 0) | (self.door <= 0))


@dataclass(slots=True, eq=False)
class PriceSet:
    """Prices [slots], as the sweeps take them.

    Parameters
    ----------
    links
        The priced links.
    link
        For a person's space, shape (n_slots + 2, n_links); 0 from `horizon` on.
    room, free_room
        Of a place, and what a step-free place costs besides, shape (n_shelters,).
    door
        Shape (n_slots + 2, n_shelters).
    stay
        Of being left, shape (n_classes,): nobody pays more for a way. An answer fills it in.
    horizon
        Slots that are swept.
    value
        The dual value they have [slots], NaN = not known.
    """

    links: NDArray[np.int64]
    link: NDArray[np.float32]
    room: NDArray[np.float32]
    free_room: NDArray[np.float32]
    door: NDArray[np.float32]
    stay: NDArray[np.float32]
    horizon: int
    value: float = float("nan")


def copy_prices(prices: PriceSet, value: float) -> PriceSet:
    """Take prices out of the ascent's hands."""
    upto = prices.horizon + 1
    link, door = np.zeros_like(prices.link), np.zeros_like(prices.door)
    link[: prices.horizon] = prices.link[: prices.horizon]
    door[:upto] = prices.door[:upto]
    return PriceSet(
        prices.links, link, prices.room.copy(), prices.free_room.copy(), door, prices.stay.copy(),
        prices.horizon, value,
    )  # fmt: skip


@dataclass(slots=True, eq=False)
class Answer:
    """What answers the prices.

    Parameters
    ----------
    value
        The dual value [slots]: no plan costs less that leaves as many as are allowed.
    entries, admitted
        Persons by slot and row, or shelter; scratch that the next sweep overwrites.
    free
        Step-free persons by shelter.
    total
        Cost of the people asked, prices included.
    """

    value: float
    entries: NDArray[np.float32]
    admitted: NDArray[np.float32]
    free: NDArray[np.float64]
    total: float


class Sweeper:
    """Sweeps over one net, class by class on two threads.

    Parameters
    ----------
    net, core
        The net, and the lanes that are swept.
    terms, crowd
        Limits, and who walks.
    n_slots
        Slots until the deadline.
    count_all
        Whether entries are counted on every link (then `core` is the whole net) or on priced ones.
    """

    def __init__(
        self,
        net: TimeNet,
        core: Core,
        terms: Terms,
        crowd: Crowd,
        n_slots: int,
        n_rows: int,
        *,
        count_all: bool = False,
    ) -> None:
        self.core, self.terms, self.crowd, self.n_slots = core, terms, crowd, n_slots
        self.toll, self.n_links = net.toll, net.n_links
        n_classes, n = len(core.lanes), core.n_nodes
        self.node = core.index[terms.node]
        self.node_shelter = np.full(n, -1, np.int32)
        first = np.flatnonzero(terms.node_shelter >= 0)
        self.node_shelter[core.index[first]] = terms.node_shelter[first]
        self.value = np.empty((n_classes, n_slots + 2, n), F)
        self.to = np.empty((n_classes, n), np.int32)
        self.jobs = []
        for k in range(n_classes):
            mine = slice(int(crowd.ptr[k]), int(crowd.ptr[k + 1]))
            origin, of_group = np.unique(crowd.node[mine], return_inverse=True)
            ways = core.ways(origin, k)
            lanes = core.lanes[k]
            count = (lanes.item_ptr, lanes.item_row, lanes.item_off)
            if net.n_gates and not count_all:
                count = _no_gates(*count, n_rows)
            if count_all:
                count = _every_item(net, core.arcs[k], k)
            self.jobs.append(
                (
                    crowd.ready[mine],
                    crowd.size[mine],
                    of_group.ravel().astype(np.int32),
                    *ways,
                    *count,
                )
            )
        self.n_rows = n_rows
        self.scratch: dict[int, tuple[NDArray[np.float32], ...]] = {}
        self.totals = np.zeros(n_classes)
        self.free = np.zeros((1, len(self.node)))

    def prepare(self, workers: int) -> None:
        """Make scratch arrays for so many threads."""
        n, t = self.core.n_nodes, self.n_slots + 2
        for i in range(workers):
            if i not in self.scratch:
                self.scratch[i] = (
                    np.empty((t, n), F),
                    np.empty((t, self.n_rows), F),
                    np.empty((t, len(self.node)), F),
                )

    def values(self, prices: PriceSet, classes: list[int] | None = None) -> None:
        """Fill `value` and `to` for given prices."""
        terms, horizon, hard = self.terms, prices.horizon, prices.horizon >= self.n_slots
        for k in range(len(self.jobs)) if classes is None else classes:
            room = self.room(prices, k)
            weight = float(terms.weight[k])
            value = self.value[k]
            if hard:
                value[horizon] = BIG
                np.minimum.at(value[horizon], self.node, room + prices.door[horizon])
                lanes = self.core.lanes[k]
                # Who starts inside a chain may reach its end within the last slot.
                quick = lanes.tau == 0
                end = value[horizon, lanes.dst[quick]]
                np.minimum.at(value[horizon], lanes.src[quick], end)
            else:
                static_values(
                    self.core.lasting[k], self.node, room, weight, value[horizon], self.to[k]
                )
            backward(
                self.core.lanes[k], self.paid(prices, k), self.node, room, prices.door, weight,
                horizon, hard, value,
            )  # fmt: skip

    def paid(self, prices: PriceSet, k: int) -> NDArray[np.float32]:
        """Prices of links for a person of class k, who pays for the space they take; then gates."""
        space = float(self.terms.space[k])
        link = prices.link if space == 1 else prices.link * F(space)
        return np.concatenate([link, self.toll], axis=1) if self.toll.size else link

    def room(self, prices: PriceSet, k: int) -> NDArray[np.float32]:
        """Price of a place in each shelter for class k, BIG = shut to it."""
        terms = self.terms
        room = prices.room + prices.free_room if terms.step_free[k] else prices.room
        return np.where(terms.shut(k), BIG, room).astype(F)

    def _answer(self, prices: PriceSet, classes: list[int], worker: int) -> None:
        self.values(prices, classes)
        people, entries, admitted = self.scratch[worker]
        horizon = prices.horizon
        entries[: horizon + 1] = 0
        free = np.zeros((len(classes), len(self.node)))
        admitted[: horizon + 1] = 0
        before = np.zeros(len(self.node))
        for i, k in enumerate(classes):
            self.totals[k], prices.stay[k] = (
                forward(
                    self.core.lanes[k], self.paid(prices, k), self.node, self.node_shelter,
                    self.room(prices, k), prices.door, float(self.terms.weight[k]), horizon,
                    horizon >= self.n_slots, self.value[k], self.to[k],
                    float(self.terms.penalty[k]), float(self.terms.allowed[k]), *self.jobs[k],
                    people, entries, admitted, float(self.terms.space[k]),
                )
            )  # fmt: skip
            upto = admitted[: horizon + 1].sum(axis=0, dtype=np.float64)
            free[i] = upto - before
            before = upto
        self.free[worker] = free[self.terms.step_free[classes]].sum(axis=0)

    def answer(
        self, prices: PriceSet, pool: ThreadPoolExecutor | None, shares: list[list[int]]
    ) -> Answer:
        """Sweep back and forth: dual value and the flows that answer the prices.

        The price of staying is found too and written to `prices.stay`. `shares` are the classes of
        each thread; if some are missing, so they are in the answer.
        """
        self.prepare(len(shares))
        self.free = np.zeros((len(shares), len(self.node)))
        self.totals = np.zeros(len(self.jobs))
        if pool is None or len(shares) == 1:
            for i, share in enumerate(shares):
                self._answer(prices, share, i)
        else:
            jobs = [pool.submit(self._answer, prices, share, i) for i, share in enumerate(shares)]
            for job in jobs:
                job.result()
        terms, horizon = self.terms, prices.horizon
        entries, admitted = self.scratch[0][1], self.scratch[0][2]
        for i in range(1, len(shares)):
            entries[: horizon + 1] += self.scratch[i][1][: horizon + 1]
            admitted[: horizon + 1] += self.scratch[i][2][: horizon + 1]
        limit = terms.link[prices.links]
        paid = (
            (prices.link[:horizon].sum(axis=0, dtype=np.float64) * limit).sum()
            + (prices.door[: horizon + 1].sum(axis=0, dtype=np.float64) * terms.door).sum()
            + (prices.room.astype(np.float64) * terms.room).sum()
            + (prices.free_room.astype(np.float64) * terms.free_room).sum()
            + (prices.stay * terms.allowed).sum()
        )
        # Summed in the order of the classes, however they were shared out: the same for a seed.
        value = float(self.totals.sum()) - float(paid)
        return Answer(value, entries, admitted, self.free.sum(axis=0), float(self.totals.sum()))


def _every_item(
    net: TimeNet, arcs: NDArray[np.int64], k: int
) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int32]]:
    """Links of the given arcs, and when they are entered, as the items of `Lanes`."""
    count = np.diff(net.item_ptr)[arcs]
    ptr = np.zeros(len(arcs) + 1, np.int64)
    np.cumsum(count, out=ptr[1:])
    place = np.repeat(net.item_ptr[arcs] - ptr[:-1], count) + np.arange(ptr[-1])
    return ptr.astype(np.int32), net.item_link[place], net.item_off[k, place]


def _no_gates(
    ptr: NDArray[np.int32], row: NDArray[np.int32], off: NDArray[np.int32], n_rows: int
) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int32]]:
    """Leave out the items of gates, whose rows come after all others."""
    real = row < n_rows
    before = np.zeros(len(row) + 1, np.int64)
    np.cumsum(real, out=before[1:])
    return before[ptr].astype(np.int32), row[real], off[real]


def exact_value(net: TimeNet, terms: Terms, crowd: Crowd, n_slots: int, prices: PriceSet) -> float:
    """Compute the dual value again, on the whole net in double precision, if nobody may stay."""
    row = np.full(len(terms.link), -1, np.int32)
    row[prices.links] = np.arange(len(prices.links))
    core = whole_net(net, row)
    horizon, hard = prices.horizon, prices.horizon >= n_slots
    link, door = prices.link.astype(np.float64), prices.door.astype(np.float64)
    room, free_room = prices.room.astype(np.float64), prices.free_room.astype(np.float64)
    total = 0.0
    for k, lanes in enumerate(core.lanes):
        mine = slice(int(crowd.ptr[k]), int(crowd.ptr[k + 1]))
        if mine.start == mine.stop:
            continue
        entry = room + free_room if terms.step_free[k] else room
        entry = np.where(terms.shut(k), float(BIG), entry)
        value = np.empty((horizon + 1, net.n_nodes))
        if hard:
            value[horizon] = float(BIG)
            np.minimum.at(value[horizon], terms.node, entry + door[horizon])
            # Who starts inside a chain may reach its end within the last slot.
            quick = net.tau[k] == 0
            end = value[horizon, net.dst[quick]]
            np.minimum.at(value[horizon], net.src[quick], end)
        else:
            to = np.empty(net.n_nodes, np.int32)
            static_values(
                core.lasting[k], terms.node, entry, float(terms.weight[k]), value[horizon], to
            )
        paid_link = link if terms.space[k] == 1 else link * float(terms.space[k])
        paid_link = np.concatenate([paid_link, net.toll.astype(np.float64)], axis=1)
        backward(
            lanes,
            paid_link,
            terms.node,
            entry,
            door,
            float(terms.weight[k]),
            horizon,
            hard,
            value,
        )
        best = value[np.minimum(crowd.ready[mine], horizon), crowd.node[mine]]
        best = np.minimum(best, float(prices.stay[k]))
        total += float((best * crowd.size[mine].astype(np.float64)).sum())
    limit = terms.link[prices.links].astype(np.float64)
    paid = (link[:horizon].sum(axis=0) * limit).sum() + (
        door[: horizon + 1].sum(axis=0) * terms.door
    ).sum()
    return float(total - paid - (room * terms.room).sum() - (free_room * terms.free_room).sum())


def relative(weight: NDArray[np.float64], groups: Groups) -> tuple[NDArray[np.float64], float]:
    """Divide the weights of the classes by their mean over persons; returns that too."""
    persons = np.bincount(groups.class_, weights=groups.size, minlength=len(weight))
    unit = float(weight @ persons / persons.sum()) if persons.any() else 1.0
    # To 40 bits: all multiples of the same weights shall give the same numbers.
    part, power = np.frexp(weight / unit)
    return np.ldexp(np.rint(np.ldexp(part, 40)), power - 40), unit


def make_terms(
    problem: Problem, net: TimeNet, weight: NDArray[np.float64], rank: NDArray[np.int64]
) -> Terms:
    """Gather the limits; the penalty for leaving a person is higher the lower the class's rank.

    `weight` is as the user gave it.
    """
    shelters = problem.scenario.shelters
    head = problem.graph.shelter_head
    order = np.argsort(head, kind="stable")
    node = head[order].astype(np.int32)
    node_shelter = np.full(net.n_nodes, -1, np.int32)
    first, at = np.unique(node, return_index=True)
    node_shelter[first] = at
    weight, unit = relative(weight, problem.scenario.groups)
    return Terms(
        order=order,
        node=node,
        node_shelter=node_shelter,
        room=shelters.capacity[order].astype(F),
        free_room=np.minimum(shelters.step_free_capacity, shelters.capacity)[order].astype(F),
        door=problem.intake_slot[order].astype(F),
        link=(problem.link_slot / problem.units).astype(F),
        space=problem.graph.unit / problem.units,
        step_free=problem.step_free,
        weight=weight,
        unit=unit,
        penalty=problem.n_slots * (4.0 + len(rank) - 1 - rank) * weight.max(),
        allowed=np.zeros(len(rank)),
    )
