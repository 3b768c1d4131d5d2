"""Prices of links in time, doors and shelters whose dual value bounds the cost of every plan."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evacroute._kernels.ascent import ascend
from evacroute._kernels.sweeps import BIG, backward, forward, static_values
from evacroute.assignment.lanes import Core, contract, whole_net
from evacroute.assignment.problem import Problem
from evacroute.assignment.time_net import TimeNet

KEEP = 0.9
"""Share of the momentum kept from round to round."""

F = np.float32

WARM, WARM_SQUARE = 120, 2.0
"""Where the ascent stands, of 240 rounds, that starts from known prices, and the squares that it is
taken to have summed: steps are small from the first."""


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


def gather_crowd(problem: Problem, net: TimeNet, counted: NDArray[np.bool_]) -> Crowd:
    """Gather the counted groups of a problem."""
    groups = problem.scenario.groups
    some = np.flatnonzero(counted)
    node = net.node_index[groups.node[some]].astype(np.int64)
    n_slots = problem.n_slots + 2
    key = (groups.class_[some].astype(np.int64) * net.n_nodes + node) * n_slots + problem.ready[
        some
    ]
    unique, where = np.unique(key, return_inverse=True)
    size = np.bincount(where.ravel(), weights=groups.size[some], minlength=len(unique))
    class_ = (unique // n_slots // net.n_nodes).astype(np.int32)
    return Crowd(
        node=(unique // n_slots % net.n_nodes).astype(np.int32),
        class_=class_,
        ready=(unique % n_slots).astype(np.int32),
        size=size.astype(F),
        ptr=np.searchsorted(class_, np.arange(len(net.tau) + 1)),
    )


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
        Persons who may enter each link in a slot.
    step_free
        Which classes cannot use steps.
    weight, penalty
        Worth of a slot of a person's time, and what it costs to leave a person, by class.
    """

    order: NDArray[np.int64]
    node: NDArray[np.int32]
    node_shelter: NDArray[np.int32]
    room: NDArray[np.float32]
    free_room: NDArray[np.float32]
    door: NDArray[np.float32]
    link: NDArray[np.float32]
    step_free: NDArray[np.bool_]
    weight: NDArray[np.float64]
    penalty: NDArray[np.float64]

    def shut(self, k: int) -> NDArray[np.bool_]:
        """Which shelters take nobody of class k."""
        places = np.minimum(self.room, self.free_room) if self.step_free[k] else self.room
        return np.asarray((places <= 0) | (self.door <= 0))


@dataclass(slots=True, eq=False)
class Track:
    """A table of prices with what the ascent remembers of it, shape (n_slots + 2, n).

    Parameters
    ----------
    now, speed, square, mean
        The prices, their momentum, their summed squares, their running mean.
    """

    now: NDArray[np.float32]
    speed: NDArray[np.float32]
    square: NDArray[np.float32]
    mean: NDArray[np.float32]

    @classmethod
    def zeros(cls, shape: tuple[int, ...]) -> Track:
        """No prices."""
        return cls(*(np.zeros(shape, F) for _ in range(4)))

    def columns(self, which: NDArray[np.int64]) -> Track:
        """Other columns, -1 = new ones without a price."""
        known = which >= 0
        new = Track.zeros((len(self.now), len(which)))
        for name in ("now", "speed", "square", "mean"):
            getattr(new, name)[:, known] = getattr(self, name)[:, which[known]]
        return new


@dataclass(slots=True, eq=False)
class PriceSet:
    """Prices [slots], as the sweeps take them.

    Parameters
    ----------
    links
        The priced links.
    link
        Shape (n_slots + 2, n_links); 0 from `horizon` on.
    room, free_room
        Of a place, and what a step-free place costs besides, shape (n_shelters,).
    door
        Shape (n_slots + 2, n_shelters).
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
    horizon: int
    value: float = float("nan")


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
    pool
        Runs classes side by side; None = one after another.
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
            else:
                static_values(
                    self.core.lanes[k], self.node, room, weight, value[horizon], self.to[k]
                )
            backward(
                self.core.lanes[k], prices.link, self.node, room, prices.door, weight, horizon,
                hard, value,
            )  # fmt: skip

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
            self.totals[k] = (
                forward(
                    self.core.lanes[k], prices.link, self.node, self.node_shelter,
                    self.room(prices, k), prices.door, float(self.terms.weight[k]), horizon,
                    horizon >= self.n_slots, self.value[k], self.to[k],
                    float(self.terms.penalty[k]), *self.jobs[k], people, entries, admitted,
                )
            )  # fmt: skip
            upto = admitted[: horizon + 1].sum(axis=0, dtype=np.float64)
            free[i] = upto - before
            before = upto
        self.free[worker] = free[self.terms.step_free[classes]].sum(axis=0)

    def answer(
        self, prices: PriceSet, pool: ThreadPoolExecutor | None, shares: list[list[int]]
    ) -> Answer:
        """Sweep back and forth: dual value and the flows that answer the prices."""
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
        )
        # Summed in the order of the classes, however they were shared out: the same for a seed.
        value = float(self.totals.sum()) - float(paid)
        return Answer(value, entries, admitted, self.free.sum(axis=0))


@dataclass(slots=True, eq=False)
class Answer:
    """What answers the prices.

    Parameters
    ----------
    value
        The dual value [slots]: no plan costs less.
    entries, admitted
        Persons by slot and row, or shelter; scratch that the next sweep overwrites.
    free
        Step-free persons by shelter.
    """

    value: float
    entries: NDArray[np.float32]
    admitted: NDArray[np.float32]
    free: NDArray[np.float64]


def _every_item(
    net: TimeNet, arcs: NDArray[np.int64], k: int
) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int32]]:
    """Links of the given arcs, and when they are entered, as the items of `Lanes`."""
    count = np.diff(net.item_ptr)[arcs]
    ptr = np.zeros(len(arcs) + 1, np.int64)
    np.cumsum(count, out=ptr[1:])
    place = np.repeat(net.item_ptr[arcs] - ptr[:-1], count) + np.arange(ptr[-1])
    return ptr.astype(np.int32), net.item_link[place], net.item_off[k, place]


class Pricer:
    """Raises the bound round by round; the best prices so far are always at hand.

    Parameters
    ----------
    net, terms, crowd
        The net, the limits, who walks.
    n_slots
        Slots until the deadline.
    room, free_room
        Prices of places to start from [slots], in the order of the scenario's shelters.
    rounds
        Over how many rounds the steps get smaller.
    warm
        Prices to start from instead, such as those of the plan before.
    """

    def __init__(
        self,
        net: TimeNet,
        terms: Terms,
        crowd: Crowd,
        n_slots: int,
        room: NDArray[np.float64],
        free_room: NDArray[np.float64],
        rounds: int = 240,
        warm: PriceSet | None = None,
    ) -> None:
        self.net, self.terms, self.crowd, self.n_slots = net, terms, crowd, n_slots
        self.total = rounds
        self.done = 0
        self.next_choice = 30
        n_links, n_shelters = len(terms.link), len(terms.node)
        self.row = np.full(n_links, -1, np.int32)
        self.links = np.zeros(0, np.int64)
        self.link = Track.zeros((n_slots + 2, 0))
        self.door = Track.zeros((n_slots + 2, n_shelters))
        start = np.stack([room[terms.order], free_room[terms.order]]).astype(F)
        self.places = Track(start.copy(), np.zeros_like(start), np.zeros_like(start), start.copy())
        self.horizon = 1
        self.sweeper: Sweeper | None = None
        self.best: PriceSet | None = None
        self.pool = ThreadPoolExecutor(2)
        self.shares: list[list[int]] = []
        self.use_threads(2)
        if warm is not None:
            self._start_from(warm)
            return
        latest = int(crowd.ready.max(initial=0))
        self.horizon = min(n_slots, latest + 1)
        first = self._whole(self.current())
        cost = max(1.0, first.value / max(crowd.persons, 1.0))
        self.scale = cost
        self.horizon = min(n_slots, latest + 1 + int(2 * cost))
        first = self._whole(self.current())
        self._keep(self.current(), first.value)
        over = (first.entries[: self.horizon] > 0.8 * terms.link).any(axis=0)
        self._price(np.flatnonzero(over))

    def _start_from(self, warm: PriceSet) -> None:
        """Take these prices, and price the streets that are overrun at them besides."""
        self.done, self.next_choice = WARM * self.total // 240, self.total
        self.horizon, self.links = warm.horizon, warm.links
        self.row[warm.links] = np.arange(len(warm.links))
        start = (warm.link, warm.door, np.stack([warm.room, warm.free_room]))
        tracks = []
        for prices in start:
            square = np.full_like(prices, WARM_SQUARE)
            tracks.append(Track(prices.copy(), np.zeros_like(prices), square, prices.copy()))
        self.link, self.door, self.places = tracks
        self.choose()
        assert self.best is not None
        self.scale = max(1.0, self.best.value / max(self.crowd.persons, 1.0))

    def guide_values(self, prices: PriceSet) -> Sweeper:
        """Values of the whole net at some prices."""
        core = whole_net(self.net, self.row)
        sweeper = Sweeper(self.net, core, self.terms, self.crowd, self.n_slots, len(prices.links))
        sweeper.values(prices)
        return sweeper

    def exact_value(self, prices: PriceSet) -> float:
        """Compute the dual value again, on the whole net in double precision."""
        row = np.full(len(self.row), -1, np.int32)
        row[prices.links] = np.arange(len(prices.links))
        core, terms, crowd = whole_net(self.net, row), self.terms, self.crowd
        horizon, hard = prices.horizon, prices.horizon >= self.n_slots
        link, door = prices.link.astype(np.float64), prices.door.astype(np.float64)
        room, free_room = prices.room.astype(np.float64), prices.free_room.astype(np.float64)
        total = 0.0
        for k, lanes in enumerate(core.lanes):
            mine = slice(int(crowd.ptr[k]), int(crowd.ptr[k + 1]))
            if mine.start == mine.stop:
                continue
            entry = room + free_room if terms.step_free[k] else room
            entry = np.where(terms.shut(k), float(BIG), entry)
            value = np.empty((horizon + 1, self.net.n_nodes))
            if hard:
                value[horizon] = float(BIG)
                np.minimum.at(value[horizon], terms.node, entry + door[horizon])
            else:
                to = np.empty(self.net.n_nodes, np.int32)
                static_values(lanes, terms.node, entry, float(terms.weight[k]), value[horizon], to)
            backward(
                lanes, link, terms.node, entry, door, float(terms.weight[k]), horizon, hard, value
            )
            best = value[np.minimum(crowd.ready[mine], horizon), crowd.node[mine]]
            best = np.minimum(best, terms.penalty[k])
            total += float((best * crowd.size[mine].astype(np.float64)).sum())
        limit = terms.link[prices.links].astype(np.float64)
        paid = (link[:horizon].sum(axis=0) * limit).sum() + (
            door[: horizon + 1].sum(axis=0) * terms.door
        ).sum()
        return float(total - paid - (room * terms.room).sum() - (free_room * terms.free_room).sum())

    def use_threads(self, n: int) -> None:
        """Sweep on one thread or two from now on."""
        classes = [k for k in range(len(self.net.tau)) if self.crowd.ptr[k + 1] > self.crowd.ptr[k]]
        weight = np.diff(self.crowd.ptr)
        order = sorted(classes, key=lambda k: -weight[k])
        self.shares = [order[i::n] for i in range(n) if order[i::n]]
        if not self.shares:
            self.shares = [[]]

    def current(self) -> PriceSet:
        """Prices of this round; not a copy."""
        return self._set("now")

    def mean(self) -> PriceSet:
        """Running mean of the prices; not a copy."""
        return self._set("mean")

    def _set(self, what: str) -> PriceSet:
        return PriceSet(
            self.links,
            getattr(self.link, what),
            getattr(self.places, what)[0],
            getattr(self.places, what)[1],
            getattr(self.door, what),
            self.horizon,
        )

    def _keep(self, prices: PriceSet, value: float) -> None:
        """Remember a copy if no better prices are known."""
        if self.best is None or value > self.best.value:
            self.best = copy_prices(prices, value)

    def _whole(self, prices: PriceSet) -> Answer:
        """Sweep the whole net, counting entries on every link."""
        core = whole_net(self.net, self.row)
        sweeper = Sweeper(
            self.net, core, self.terms, self.crowd, self.n_slots, len(self.terms.link),
            count_all=True,
        )  # fmt: skip
        return sweeper.answer(prices, self.pool, self.shares)

    def _price(self, links: NDArray[np.int64]) -> None:
        """Price these links, and contract the net to what they leave."""
        place = np.full(len(self.row), -1, np.int64)
        place[self.links] = np.arange(len(self.links))
        self.link = self.link.columns(place[links])
        self.links = links
        self.row[:] = -1
        self.row[links] = np.arange(len(links))
        core = contract(self.net, self.row, self.terms.node)
        self.sweeper = Sweeper(self.net, core, self.terms, self.crowd, self.n_slots, len(links))
        self.sweeper.prepare(2)
        self.size = core.n_nodes

    def choose(self) -> None:
        """Price the links that keep a price or are overrun at the mean prices, and no others."""
        mean = self.mean()
        answer = self._whole(mean)
        self._keep(mean, answer.value)
        income = (
            mean.link[: self.horizon].sum(axis=0, dtype=np.float64) * self.terms.link[self.links]
        )
        all_income = np.zeros(len(self.row))
        all_income[self.links] = income
        over = np.maximum(answer.entries[: self.horizon] - self.terms.link, 0).sum(axis=0)
        least = max(1.0, (6e-4 if self.done < 60 else 3e-4) * self.crowd.persons)
        self._price(np.flatnonzero((all_income > 3e-5 * income.sum()) | (over > least)))

    def _fit_horizon(self) -> None:
        """Sweep as far as there are prices, and a little farther."""
        used = np.zeros(self.n_slots + 2, bool)
        for track in (self.link, self.door):
            if track.now.shape[1]:
                used |= (track.now > 0.05).any(axis=1)
        last = int(np.flatnonzero(used)[-1]) if used.any() else 0
        latest = int(self.crowd.ready.max(initial=0)) + 1
        margin = max(8, self.horizon // 8)
        old = self.horizon
        if last >= old - margin // 2:
            self.horizon = old + 2 * margin
        else:
            self.horizon = min(old, max(last + 2 * margin, latest))
        if self.horizon > 0.92 * self.n_slots:
            self.horizon = self.n_slots
        for track in (self.link, self.door):
            for table in (track.now, track.speed, track.mean):
                table[self.horizon + 1 if self.horizon == self.n_slots else self.horizon :] = 0

    def rounds(self, count: int) -> None:
        """Take so many steps."""
        for _ in range(count):
            if self.done == self.next_choice:
                self.choose()
                self.next_choice = {30: 60, 60: 140}.get(self.done, self.done + 160)
            if self.done % 10 == 9:
                self._fit_horizon()
            self._step()
            if self.done % 10 == 0 and self.done >= 40:
                mean = self.mean()
                self._keep(mean, self._answer(mean).value)

    def _answer(self, prices: PriceSet) -> Answer:
        assert self.sweeper is not None
        return self.sweeper.answer(prices, self.pool, self.shares)

    def _step(self) -> None:
        i, horizon, terms = self.done, self.horizon, self.terms
        now = self.current()
        answer = self._answer(now)
        self._keep(now, answer.value)
        progress = min(1.0, i / (0.6 * self.total))
        widest = max(1.0, horizon / 30)
        half = round(widest * (1 / widest) ** progress)
        late = 0.2 ** max(0.0, min(1.0, i / self.total - 0.5) * 2)
        if i > self.total:
            late *= self.total / i
        rate = 0.3 * self.scale * late
        share = max(0.02, 1 / (1 + 0.3 * i))
        flows = (
            (self.link, answer.entries, terms.link[self.links]),
            (self.door, answer.admitted, terms.door),
        )
        for track, flow, limit in flows:
            rows = horizon if track is self.link or horizon < self.n_slots else horizon + 1
            if not len(limit):
                continue
            shape = (rows, len(limit))
            ascend(
                track.now[:rows], flow[:rows], limit, track.speed[:rows], track.square[:rows],
                track.mean[:rows], half, F(rate), F(KEEP), F(share), np.empty(shape, F),
                np.empty(shape, F), np.empty(len(limit), F),
            )  # fmt: skip
        inside = answer.admitted[: horizon + 1].sum(axis=0)
        for row, persons, room in ((0, inside, terms.room), (1, answer.free, terms.free_room)):
            places = self.places
            limit = np.maximum(room, 1)
            excess = (persons - room) / limit
            places.speed[row] = KEEP * places.speed[row] + (1 - KEEP) * excess
            places.square[row] += excess**2
            step = 0.8 * rate * places.speed[row] / np.sqrt(places.square[row] + 0.01)
            places.now[row] = np.maximum(0, places.now[row] + step)
            places.mean[row] += share * (places.now[row] - places.mean[row])
        self.done += 1

    def close(self) -> None:
        """Let the threads go."""
        self.pool.shutdown()


def copy_prices(prices: PriceSet, value: float) -> PriceSet:
    """Take prices out of the ascent's hands."""
    upto = prices.horizon + 1
    link, door = np.zeros_like(prices.link), np.zeros_like(prices.door)
    link[: prices.horizon] = prices.link[: prices.horizon]
    door[:upto] = prices.door[:upto]
    return PriceSet(
        prices.links, link, prices.room.copy(), prices.free_room.copy(), door, prices.horizon, value
    )


def make_terms(
    problem: Problem, net: TimeNet, weight: NDArray[np.float64], rank: NDArray[np.int64]
) -> Terms:
    """Gather the limits; the penalty for leaving a person is higher the lower the class's rank."""
    shelters = problem.scenario.shelters
    head = problem.graph.shelter_head
    order = np.argsort(head, kind="stable")
    node = head[order].astype(np.int32)
    node_shelter = np.full(net.n_nodes, -1, np.int32)
    first, at = np.unique(node, return_index=True)
    node_shelter[first] = at
    return Terms(
        order=order,
        node=node,
        node_shelter=node_shelter,
        room=shelters.capacity[order].astype(F),
        free_room=np.minimum(shelters.step_free_capacity, shelters.capacity)[order].astype(F),
        door=problem.intake_slot[order].astype(F),
        link=problem.link_slot.astype(F),
        step_free=problem.step_free,
        weight=weight,
        penalty=problem.n_slots * (4.0 + len(rank) - 1 - rank) * weight.max(),
    )
