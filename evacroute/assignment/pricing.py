"""Prices of links in time, doors and shelters whose dual value bounds the cost of every plan."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evacroute._kernels.ascent import ascend, drift
from evacroute.assignment.lanes import contract, whole_net
from evacroute.assignment.sweeper import Answer, Crowd, F, PriceSet, Sweeper, Terms, copy_prices
from evacroute.assignment.time_net import TimeNet
from evacroute.assignment.tracks import KEEP, Drift, Track, begin_at, climb
from evacroute.assignment.volume import Volume

MINOR = 0.04
"""Classes of a smaller share of the people are asked in one round of `FULL` only."""

FULL = 5

LOOKED, STALLED, SLOWER, SLOWEST = 10, 3e-4, 0.7, 0.03
"""Every so many rounds, if the bound has grown by no more than this share since, steps get shorter
by this factor, down to this."""

DRIFTS = (1 / 30, 1 / 8)
"""Half widths of the stretches that drift as a whole, as shares of the slots swept."""

CROWDED, FASTEST, FORGET = 1.5, 0.6, 0.95
"""They drift the faster the more people lose to each other: a share of the first guess, by how much
of it the bound lies above it, at most this; the share of old squares kept."""

GROWS = 30, 4e-3
"""The bound still grows if in so many rounds it has grown by more than this share."""

LATE_CHOICE = 120
"""Late rounds after which the priced links are chosen anew."""

WARM, WARM_SQUARE = 120, 2.0
"""Where the ascent stands, of 240 rounds, that starts from known prices, and the squares that it is
taken to have summed: steps are small from the first."""


def _single(number: float) -> Any:
    """Take a number in single precision: the kernels are compiled for it."""
    return F(number)


def _deal(classes: NDArray[np.int64], n: int) -> list[list[int]]:
    """Deal classes out to so many threads."""
    shares = [classes[i::n].tolist() for i in range(n)]
    return [share for share in shares if share] or [[]]


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
        Over how many rounds the steps get smaller; late ones come after these.

    Attributes
    ----------
    best
        The best prices so far, with their dual value.
    upper
        Cost of a known plan with the penalties of whom it leaves [slots]; late rounds need it.
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
    ) -> None:
        self.net, self.terms, self.crowd, self.n_slots = net, terms, crowd, n_slots
        self.total = rounds
        self.done = 0
        self.next_choice = 30
        n_links, n_shelters = len(terms.link), len(terms.node)
        self.row = np.full(n_links, -1, np.int32)
        self.links = np.zeros(0, np.int64)
        self.link = Track.zeros((n_slots + 2, 0))
        self.drifts = [Drift.zeros(share, self.link.now.shape) for share in DRIFTS]
        self.door = Track.zeros((n_slots + 2, n_shelters))
        start = np.stack([room[terms.order], free_room[terms.order]]).astype(F)
        self.places = begin_at(start, 0.0)
        self.stay = terms.penalty.astype(F)
        self.horizon = 1
        self.sweeper: Sweeper | None = None
        self.best: PriceSet | None = None
        self.pool = ThreadPoolExecutor(2)
        self.use_threads(2)
        self.rest: Answer | None = None
        self.volume: Volume | None = None
        self.volume_began = False
        self.pace, self.looked = 1.0, 0.0
        self.values: list[float] = []
        self.upper = np.inf
        self.scale = 1.0

    def start(self) -> None:
        """Take the first answers, so that there is a bound; price the streets overrun at them."""
        terms, crowd = self.terms, self.crowd
        latest = int(crowd.ready.max(initial=0))
        self.horizon = self._at_least(latest + 1)
        first = self._whole(self.current())
        self._keep(self.current(), first.value)
        self.scale = max(1.0, first.value / max(crowd.persons, 1.0))
        self.horizon = self._at_least(latest + 1 + int(2 * self.scale))
        first = self._whole(self.current())
        self._keep(self.current(), first.value)
        over = (first.entries[: self.horizon] > 0.8 * terms.link).any(axis=0)
        self._price(np.flatnonzero(over))

    def start_from(self, warm: PriceSet) -> None:
        """Take these prices, and price the streets that are overrun at them besides."""
        self.done, self.next_choice = WARM * self.total // 240, self.total
        self.horizon, self.links = self._at_least(warm.horizon), warm.links
        self.row[warm.links] = np.arange(len(warm.links))
        start = (warm.link, warm.door, np.stack([warm.room, warm.free_room]))
        self.link, self.door, self.places = (begin_at(prices, WARM_SQUARE) for prices in start)
        self.drifts = [Drift.zeros(share, self.link.now.shape) for share in DRIFTS]
        self.choose()
        assert self.best is not None
        self.scale = max(1.0, self.best.value / max(self.crowd.persons, 1.0))

    def allow(self, left: NDArray[np.int64], *, fewer: bool = False) -> None:
        """Bound plans that leave so many of each class, where that is more than so far.

        With `fewer` also where it is less.
        """
        terms = self.terms
        other = left != terms.allowed if fewer else left > terms.allowed
        if not other.any():
            return
        if self.best is not None:
            self.best.value -= float((self.best.stay * (left - terms.allowed))[other].sum())
        terms.allowed[other] = left[other]
        # Its values are of the other bound.
        self.volume = None

    def guide_values(self, prices: PriceSet, terms: Terms | None = None) -> Sweeper:
        """Values of the whole net at some prices; `terms` may shut some shelters."""
        terms = self.terms if terms is None else terms
        none = np.zeros(0, np.int32)
        nobody = Crowd(none, none, none, none.astype(F), np.zeros(len(terms.weight) + 1, np.int64))
        sweeper = self._whole_sweeper(prices, terms, nobody)
        sweeper.values(prices)
        return sweeper

    def _whole_sweeper(self, prices: PriceSet, terms: Terms, crowd: Crowd) -> Sweeper:
        """Make a sweeper of the whole net on the links of these prices, whichever they are."""
        row = np.full(len(self.row), -1, np.int32)
        row[prices.links] = np.arange(len(prices.links))
        core = whole_net(self.net, row)
        return Sweeper(self.net, core, terms, crowd, self.n_slots, len(prices.links))

    def use_threads(self, n: int) -> None:
        """Sweep on one thread or two from now on."""
        persons = np.array(
            [
                self.crowd.size[a:b].sum()
                for a, b in zip(self.crowd.ptr, self.crowd.ptr[1:], strict=False)
            ]
        )
        order = np.argsort(-persons, kind="stable")
        order = order[persons[order] > 0]
        many = order[persons[order] >= MINOR * persons.sum()]
        few = order[persons[order] < MINOR * persons.sum()]
        self.all_shares = _deal(order, n)
        self.major_shares, self.minor_shares = _deal(many, n), _deal(few, n)

    def current(self) -> PriceSet:
        """Prices of this round; not a copy."""
        return self._set("now")

    def mean(self) -> PriceSet:
        """Take the running mean of the prices, or late the best; not a copy."""
        if self.done > self.total and self.volume_began and self.best is not None:
            return self.best
        return self._set("mean")

    def _set(self, what: str) -> PriceSet:
        return PriceSet(
            self.links,
            getattr(self.link, what),
            getattr(self.places, what)[0],
            getattr(self.places, what)[1],
            getattr(self.door, what),
            self.stay if what == "now" else self.stay.copy(),
            self.horizon,
        )

    def _keep(self, prices: PriceSet, value: float) -> None:
        """Remember a copy if no better prices are known."""
        if self.best is None or value > self.best.value:
            self.best = copy_prices(prices, value)

    def offer(self, prices: PriceSet) -> None:
        """Keep prices from elsewhere, on whatever links, if their dual value is greater."""
        sweeper = self._whole_sweeper(prices, self.terms, self.crowd)
        self._keep(prices, sweeper.answer(prices, self.pool, self.all_shares).value)
        # Late rounds start from the best prices, so on their links.
        self.volume_began = True

    def _whole(self, prices: PriceSet) -> Answer:
        """Sweep the whole net, counting entries on every link."""
        core = whole_net(self.net, self.row)
        sweeper = Sweeper(
            self.net, core, self.terms, self.crowd, self.n_slots, len(self.terms.link),
            count_all=True,
        )  # fmt: skip
        return sweeper.answer(prices, self.pool, self.all_shares)

    def _price(self, links: NDArray[np.int64]) -> None:
        """Price these links, and contract the net to what they leave."""
        place = np.full(len(self.row), -1, np.int64)
        place[self.links] = np.arange(len(self.links))
        self.link = self.link.columns(place[links])
        self.drifts = [one.columns(place[links]) for one in self.drifts]
        self.links = links
        self.row[:] = -1
        self.row[links] = np.arange(len(links))
        core = contract(self.net, self.row, self.terms.node)
        self.sweeper = Sweeper(self.net, core, self.terms, self.crowd, self.n_slots, len(links))
        self.rest = None
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

    def _at_least(self, horizon: int) -> int:
        """Sweep at least as long as streets change over time; nearly to the end is to the end."""
        horizon = max(horizon, self.net.settled + 1)
        return self.n_slots if horizon > 0.92 * self.n_slots else horizon

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
        self.horizon = self._at_least(self.horizon)
        if self.horizon != old:
            self.rest = None
        unused = slice(self.horizon + (self.horizon == self.n_slots), None)
        for track in (self.link, self.door):
            for table in (track.now, track.speed, track.mean):
                table[unused] = 0
        for one in self.drifts:
            one.speed[unused] = 0

    @property
    def growth(self) -> float:
        """By what share the bound has grown in the last rounds; inf while there were too few."""
        rounds, _ = GROWS
        if len(self.values) <= rounds or self.values[-1 - rounds] <= 0:
            return np.inf
        return self.values[-1] / self.values[-1 - rounds] - 1

    @property
    def grows(self) -> bool:
        """Whether the bound has grown much in the last rounds."""
        return self.growth > GROWS[1]

    def rounds(self, count: int) -> None:
        """Take so many rounds.

        Those after `total`, when the bound no longer grows much, go on from the best prices (see
        `Volume`).
        """
        for _ in range(count):
            late = self.done >= self.total and np.isfinite(self.upper)
            if late and (self.volume_began or not self.grows):
                self._late_step()
                continue
            if self.done == self.next_choice:
                self.choose()
                self.next_choice = {30: 60, 60: 140}.get(self.done, self.done + 160)
            if self.done % 10 == 9:
                self._fit_horizon()
            self._step()
            if self.done % 10 == 0 and self.done >= 40:
                mean = self.mean()
                self._keep(mean, self._answer(mean).value)
            self.values.append(0.0 if self.best is None else self.best.value)

    def _late_step(self) -> None:
        """Take a round of the volume algorithm; the priced links are chosen anew at times."""
        assert self.best is not None
        if self.volume is None:
            if self.volume_began:
                self._choose_late()
            self.volume_began = True
            self.volume = Volume(self.terms, self.n_slots, self._on_links(self.best))
        asked, value = self.volume.step(self._answer, self.upper)
        self._keep(asked, value)
        self.done += 1
        if (self.done - self.total) % LATE_CHOICE == 0:
            self.volume = None

    def _on_links(self, prices: PriceSet) -> PriceSet:
        """Give the same prices as columns of the links priced now."""
        column = np.full(len(self.row), -1, np.int64)
        column[prices.links] = np.arange(len(prices.links))
        column = column[self.links]
        known = column >= 0
        link = np.zeros((len(prices.link), len(self.links)), F)
        link[:, known] = prices.link[:, column[known]]
        self.horizon = prices.horizon
        return PriceSet(
            self.links, link, prices.room, prices.free_room, prices.door, prices.stay,
            prices.horizon, prices.value,
        )  # fmt: skip

    def _choose_late(self) -> None:
        """Price the links with a price in the best prices, and those overrun at them."""
        assert self.best is not None
        self.horizon = self.best.horizon
        self.row[:] = -1
        self.row[self.best.links] = np.arange(len(self.best.links))
        answer = self._whole(self.best)
        self._keep(self.best, answer.value)
        over = np.maximum(answer.entries[: self.horizon] - self.terms.link, 0).sum(axis=0)
        wanted = over > max(1.0, 1e-4 * self.crowd.persons)
        wanted[self.best.links[(self.best.link[: self.horizon] > 0).any(axis=0)]] = True
        self._price(np.flatnonzero(wanted))

    def _answer(self, prices: PriceSet) -> Answer:
        """Ask all classes."""
        assert self.sweeper is not None
        return self.sweeper.answer(prices, self.pool, self.all_shares)

    def _flows(self, full: bool) -> Answer:
        """Answer the prices of this round; small classes as they did in the last full one.

        Only a full answer has a true dual value.
        """
        assert self.sweeper is not None
        now = self.current()
        if full or self.rest is None:
            rest = self.sweeper.answer(now, self.pool, self.minor_shares)
            self.rest = Answer(
                rest.value, rest.entries.copy(), rest.admitted.copy(), rest.free, rest.total
            )
        answer = self.sweeper.answer(now, self.pool, self.major_shares)
        answer.entries[: self.horizon + 1] += self.rest.entries[: self.horizon + 1]
        answer.admitted[: self.horizon + 1] += self.rest.admitted[: self.horizon + 1]
        answer.free = answer.free + self.rest.free
        answer.value += self.rest.total
        return answer

    def _step(self) -> None:
        i, horizon, terms = self.done, self.horizon, self.terms
        full = i % FULL == 0 or self.rest is None
        answer = self._flows(full)
        if full:
            self._keep(self.current(), answer.value)
        progress = min(1.0, i / (0.6 * self.total))
        widest = max(1.0, horizon / 30)
        half = round(widest * (1 / widest) ** progress)
        late = 0.2 ** max(0.0, min(1.0, i / self.total - 0.5) * 2)
        if i > self.total:
            late *= self.total / i
        if i % LOOKED == 0 and i > 2 * LOOKED and self.best is not None:
            if self.best.value < self.looked * (1 + STALLED):
                self.pace = max(SLOWEST, self.pace * SLOWER)
            self.looked = self.best.value
        rate = 0.3 * self.scale * self.pace * late
        share = max(0.02, 1 / (1 + 0.3 * i))
        flows = (
            (self.link, answer.entries, terms.link[self.links]),
            (self.door, answer.admitted, terms.door),
        )
        rate_, keep, share_ = (_single(x) for x in (rate, KEEP, share))
        for track, flow, limit in flows:
            rows = horizon if track is self.link or horizon < self.n_slots else horizon + 1
            if not len(limit):
                continue
            shape = (rows, len(limit))
            ascend(
                track.now[:rows], flow[:rows], limit, track.speed[:rows], track.square[:rows],
                track.mean[:rows], half, rate_, keep, share_, np.empty(shape, F),
                np.empty(shape, F), np.empty(len(limit), F),
            )  # fmt: skip
        self._drift(answer, half, late)
        inside = answer.admitted[: horizon + 1].sum(axis=0)
        climb(self.places, 0, (inside - terms.room) / np.maximum(terms.room, 1), rate, share)
        if full:
            # Step-free people are few: without a new answer there is nothing to learn.
            free_room = terms.free_room
            climb(self.places, 1, (answer.free - free_room) / np.maximum(free_room, 1), rate, share)
        self.done += 1

    def _drift(self, answer: Answer, half: int, late: float) -> None:
        """Move prices of links over wide stretches as long as that raises the bound much."""
        if self.best is None or not len(self.links) or not self.grows:
            return
        lost = self.best.value / (self.scale * max(self.crowd.persons, 1.0)) - 1
        rate = 0.3 * self.scale * self.pace * late * min(FASTEST, CROWDED * lost)
        shape = (self.horizon, len(self.links))
        limit, rows = self.terms.link[self.links], slice(self.horizon)
        rate_, keep, forget = (_single(x) for x in (rate, KEEP, FORGET))
        for one in self.drifts:
            wide = int(self.horizon * one.share)
            if rate > 0 and wide > half:
                drift(
                    self.link.now[rows], answer.entries[rows], limit, one.speed[rows],
                    one.square[rows], wide, rate_, keep, forget, np.empty(shape, F),
                    np.empty(shape, F), np.empty(len(limit), F),
                )  # fmt: skip

    def close(self) -> None:
        """Let the threads go."""
        self.pool.shutdown()
