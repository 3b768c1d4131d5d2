"""From questions to answers: down the value table, past the scorer, to a place."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from evacroute._kernels.trips import CLOSING
from evacroute.answering.answers import Answers
from evacroute.answering.bundle import Bundle
from evacroute.answering.likes import Likes
from evacroute.answering.placing import Placer, Places
from evacroute.answering.questions import Questions
from evacroute.answering.streets import Lay, Layer
from evacroute.answering.telling import Teller
from evacroute.answering.ways import Searcher, Ways, Who, drop, join, ways_of
from evacroute.errors import InputError
from evacroute.prices import Prices
from evacroute.scoring.features import kinds_of, rows_of
from evacroute.scoring.odds import Odds, odds_of
from evacroute.scoring.outlook import reckon

CANDIDATES = 6
"""Shelters that are looked at for each party at a time."""

SAFETY_WEIGHT = 3600.0
"""Seconds that a unit of -log of the odds counts for among shelters, as `recommend` has it."""


class Wish(NamedTuple):
    """What a party would like: a place in one of some shelters.

    Attributes
    ----------
    token
        What tells the party apart, "" = nothing.
    shelters
        Positions, the best first.
    size
        Persons.
    step_free
        Whether they need step-free places.
    also
        Shelters that are taken to be full: only who holds a place there gets one.
    """

    token: str
    shelters: tuple[int, ...]
    size: int
    step_free: bool
    also: tuple[int, ...] = ()


class Place(NamedTuple):
    """What a party gets.

    Attributes
    ----------
    shelter
        Position, one of those wished for (`Wish.also` included), -1 = none of them.
    is_reserved
        Whether the place is theirs; if not, it is only likely that there is one.
    held_s
        How long it is held [s], NaN = it is not.
    """

    shelter: int
    is_reserved: bool
    held_s: float


Talk = Generator[list[Wish], list[Place], Answers]
"""Gives wishes and takes places, until it returns the answers."""


@dataclass(frozen=True, slots=True, eq=False)
class Proposal:
    """Ways with odds for each party, before any place is taken.

    Parameters
    ----------
    ways, odds, rows
        Ways, their odds, and the scorer's rows.
    order
        Rows of `ways`, those of a party side by side, its best first.
    ptr
        Where those of each party begin, shape (n + 1,).
    """

    ways: Ways
    odds: Odds
    rows: NDArray[np.float32]
    order: NDArray[np.int64]
    ptr: NDArray[np.int64]


class Answerer:
    """Answers parties from a bundle; one for a process.

    Prices, closures and full shelters may change at any time (`follow`): answers that are being
    made go on with what they began with.

    Parameters
    ----------
    bundle
        What `read_bundle` gives.
    candidates
        Shelters that are looked at for each party at a time.

    Examples
    --------
    >>> import evacroute as er
    >>> from evacroute.answering.bundle import bundle_of
    >>> plan = er.assign(er.lagoon(people=300))
    >>> answerer = Answerer(bundle_of(plan))
    >>> network = plan.scenario.network
    >>> told = answerer.answer(Questions.at([network.lon[0]], [network.lat[0]]), now=0.0)
    >>> str(told.status[0]), bool(told.q50[0] > 0)
    ('unreserved', True)
    """

    def __init__(self, bundle: Bundle, *, candidates: int = CANDIDATES) -> None:
        self.bundle, self.candidates = bundle, candidates
        self.scenario = bundle.scenario
        self.plan = bundle.manifest.plan
        self.likes = Likes(bundle.scenario)
        self.expected = reckon(bundle.scenario, bundle.load)
        self.teller = Teller(bundle.scenario)
        self._placer = Placer(self.scenario.network, self.likes.classes)
        self._layer = Layer(self.scenario, self.likes)
        self._prices = bundle.prices
        n_links, n_shelters = self.scenario.network.n_links, len(self.scenario.shelters)
        self._closed = np.zeros(n_links, bool)
        self._shut, self._full = np.zeros((2, n_shelters), bool), np.zeros((2, n_shelters), bool)
        self._room = np.stack(
            [self.scenario.shelters.capacity, self.scenario.shelters.step_free_capacity]
        )
        self._lay: Lay = self._laid(0.0)
        self._searcher = Searcher(self._lay.streets, self.scenario.shelters.node)

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """Least lon and lat, and most lon and lat of the city [degrees]."""
        network = self.scenario.network
        return (
            float(network.lon.min()), float(network.lat.min()),
            float(network.lon.max()), float(network.lat.max()),
        )  # fmt: skip

    def warm(self) -> None:
        """Answer made-up parties, so that all is compiled before the first who asks."""
        network = self.scenario.network
        some = np.linspace(0, network.n_nodes - 1, 3).astype(int)
        for at in (some[:1], some):
            asked = Questions.at(
                network.lon[at],
                network.lat[at],
                mobility=["wheelchair_manual", "", "none"][: len(at)],
            )
            self.answer(asked, now=0.0, lines=True, directions=True)
        who, places = self._who(asked, 0.0), self._placed(asked, self._who(asked, 0.0))
        self._searcher.ways(0, who, places, self._open(who), self.candidates)

    def follow(
        self,
        *,
        prices: Prices | None = None,
        closed: NDArray[np.bool_] | None = None,
        shut: NDArray[np.bool_] | None = None,
        full: NDArray[np.bool_] | None = None,
        now: float = 0.0,
        plan: str | None = None,
    ) -> None:
        """Take news; answers from now on reckon with them.

        Parameters
        ----------
        prices
            New prices, None = as before.
        closed
            Links that nobody may enter, shape (n_links,).
        shut
            Shelters that take nobody, or nobody who needs a step-free place, shape (2, n_shelters).
        full
            Likewise, as their places are taken: who holds one there keeps it.
        now
            Time [s after the alarm]: what hazards do then counts for ways beside those of prices.
        plan
            New version of the plan.

        Raises
        ------
        InputError
            If the prices are of another instance.
        """
        if prices is not None:
            n_links, n_shelters = self.scenario.network.n_links, len(self.scenario.shelters)
            sizes = (n_links, n_shelters, len(self.scenario.group_classes))
            faults = prices.misfits(*sizes, len(self.scenario.groups))
            if faults:
                raise InputError(f"prices: {'; '.join(faults)}")
            self._prices = prices
        self._closed = self._closed if closed is None else closed
        self._shut = self._shut if shut is None else shut
        self._full = self._full if full is None else full
        lay = self._laid(now)
        searcher = Searcher(lay.streets, self.scenario.shelters.node)
        self._lay, self._searcher = lay, searcher
        self.plan = self.plan if plan is None else plan

    def _laid(self, now: float) -> Lay:
        shut = self._shut | self._full | (self._room <= 0)
        return self._layer.lay(self._prices, now=now, closed=self._closed, shut=shut)

    def answer(
        self,
        questions: Questions,
        *,
        now: float,
        book: Callable[[list[Wish]], Sequence[Place]] | None = None,
        lines: bool = True,
        directions: bool = False,
    ) -> Answers:
        """Answer parties, one a row.

        Parameters
        ----------
        questions
            Who asks.
        now
            When [s after the alarm].
        book
            Takes places; without it none is reserved.
        lines, directions
            Whether lines of the ways, and directions, are wanted.
        """
        talk = self.talk(questions, now=now, lines=lines, directions=directions)
        try:
            wishes = next(talk)
            while True:
                wishes = talk.send(list(book(wishes)) if book else [_likely(one) for one in wishes])
        except StopIteration as done:
            answers: Answers = done.value
            return answers

    def talk(self, questions: Questions, *, now: float, lines: bool, directions: bool) -> Talk:
        """Answer parties, with places from whoever drives this generator.

        It yields the wishes of parties, and is sent a place for each; parties who get none of what
        they wished for wish for other shelters, until there are none left.
        """
        lay, searcher, plan = self._lay, self._searcher, self.plan
        n = len(questions)
        who = self._who(questions, now)
        places = self._placed(questions, who)
        open_ = self._open(who)
        row, got = np.full(n, -1, np.int64), [_nothing()] * n
        chosen: list[tuple[Proposal, NDArray[np.int64]]] = []
        also = self._kept(lay, who, places)
        todo = np.arange(n)
        while len(todo):
            proposal = self._propose(lay, searcher, who, places, open_, todo)
            asked = todo[(np.diff(proposal.ptr)[todo] > 0) | also[todo].any(axis=1)]
            if not len(asked):
                break
            wishes = [self._wish(p, proposal, questions, who, also) for p in asked.tolist()]
            answers = yield wishes
            for p, wish, place in zip(asked.tolist(), wishes, answers, strict=True):
                open_[p, list(wish.shelters)] = False
                if place.shelter in wish.shelters:
                    mine = proposal.order[proposal.ptr[p] : proposal.ptr[p + 1]]
                    at = proposal.ways.trips.shelter[mine] == place.shelter
                    row[p], got[p] = mine[np.argmax(at)], place
                elif place.shelter >= 0:
                    # They hold a place that is none of the best from here: a way there is wanted.
                    open_[p], also[p] = False, False
                    open_[p, place.shelter] = True
                else:
                    also[p] = False
            served = asked[row[asked] >= 0]
            chosen.append((proposal, served))
            todo = np.setdiff1d(asked, served)
        return self.teller.answers(
            lay, who, places, questions, chosen, row, got, now=now, plan=plan, lines=lines,
            directions=directions,
        )  # fmt: skip

    def _who(self, questions: Questions, now: float) -> Who:
        q, of = questions, self.likes.of
        found = [
            of(*key)
            for key in zip(
                q.mobility.tolist(), q.step_free.tolist(), q.age_band.tolist(),
                q.helpers.tolist(), q.party_size.tolist(), strict=True,
            )
        ]  # fmt: skip
        own = np.where(np.isnan(q.within_s), np.inf, now + q.within_s)
        return Who(
            class_=np.array([one.class_ for one in found], np.int32),
            pace=np.array([one.pace for one in found]),
            pace_steps=np.array([one.pace_steps for one in found]),
            flat=np.array([one.flat for one in found]),
            size=np.array(q.party_size),
            now=np.full(len(q), now),
            deadline=np.minimum(own, self.scenario.deadline_s),
        )

    def _placed(self, questions: Questions, who: Who) -> Places:
        return self._placer.place(
            questions.lon, questions.lat, who.class_, who.pace, who.pace_steps, who.flat
        )

    def _open(self, who: Who) -> NDArray[np.bool_]:
        """Which shelters may take each party, as far as is known, shape (n, n_shelters)."""
        free = self.likes.classes.step_free[who.class_].astype(np.int64)
        shut = self._shut | self._full | (self._room <= 0)
        shut[1] |= shut[0]
        return np.asarray(~shut[free])

    def _kept(self, lay: Lay, who: Who, places: Places) -> NDArray[np.bool_]:
        """Full shelters that parties can reach, who may hold places there."""
        free = self.likes.classes.step_free[who.class_].astype(np.int64)
        full = (self._full & ~self._shut)[free]
        if full.any():
            there = np.isfinite(lay.seconds[who.class_[:, None], :, places.end]).any(axis=1)
            full &= there
        return np.asarray(full)

    def _propose(
        self,
        lay: Lay,
        searcher: Searcher,
        who: Who,
        places: Places,
        open_: NDArray[np.bool_],
        todo: NDArray[np.int64],
    ) -> Proposal:
        n = len(who.class_)
        if len(todo) < n:  # Others have their place.
            open_ = open_.copy()
            others = np.setdiff1d(np.arange(n), todo)
            open_[others] = False
        ways = ways_of(lay, lay.streets, who, places, open_, self.candidates)
        rows = self._rows(lay, ways)
        if len(lay.streets.stretch_begin):
            passes = rows[:, CLOSING] > 0
            if not passes.all():
                ways = self._around(ways, passes, searcher, who, places, open_)
                rows = self._rows(lay, ways)
        trips, classes = ways.trips, self.likes.classes
        kind = kinds_of(classes, trips.class_, trips.size, trips.wait, trips.pace)
        odds = odds_of(self.bundle.scorer, rows, kind, trips.depart)
        cost = odds.q50 - who.now[ways.party] + lay.price[trips.class_, trips.shelter]
        cost += SAFETY_WEIGHT * odds.dread
        order = np.lexsort((cost, ~ways.priced, ~odds.is_safe, ways.party))
        ptr = np.searchsorted(ways.party, np.arange(n + 1))
        return Proposal(ways, odds, rows, order, ptr)

    def _rows(self, lay: Lay, ways: Ways) -> NDArray[np.float32]:
        return rows_of(lay.streets, self.expected, ways.trips, self.likes.classes)

    def _around(
        self,
        ways: Ways,
        passes: NDArray[np.bool_],
        searcher: Searcher,
        who: Who,
        places: Places,
        open_: NDArray[np.bool_],
    ) -> Ways:
        """Leave out ways that close before one is through; who has none left is led around."""
        kept = drop(ways, passes)
        without = np.setdiff1d(np.unique(ways.party), kept.party)
        found = [searcher.ways(p, who, places, open_, self.candidates) for p in without.tolist()]
        return join([kept, *(one for one in found if one is not None)])

    def _wish(
        self, p: int, proposal: Proposal, questions: Questions, who: Who, also: NDArray[np.bool_]
    ) -> Wish:
        mine = proposal.order[proposal.ptr[p] : proposal.ptr[p + 1]]
        shelters = tuple(proposal.ways.trips.shelter[mine].tolist())
        free = bool(self.likes.classes.step_free[who.class_[p]])
        kept = tuple(s for s in np.flatnonzero(also[p]).tolist() if s not in shelters)
        return Wish(str(questions.token[p]), shelters, int(who.size[p]), free, kept)


def _likely(wish: Wish) -> Place:
    return Place(wish.shelters[0], False, np.nan) if wish.shelters else _nothing()


def _nothing() -> Place:
    return Place(-1, False, np.nan)
