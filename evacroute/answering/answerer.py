"""From questions to answers: down the value table, past the scorer, to a place."""

from __future__ import annotations

import math
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from evacroute._kernels.leading import Parties
from evacroute._kernels.odds import put_in_order
from evacroute._kernels.trips import CLOSING
from evacroute.answering.answers import Answers
from evacroute.answering.bundle import Bundle
from evacroute.answering.likes import Likes
from evacroute.answering.placing import MOST_AWAY, Placer, Places
from evacroute.answering.questions import Questions
from evacroute.answering.streets import Lay, Layer
from evacroute.answering.telling import Teller
from evacroute.answering.ways import Leader, Searcher, Ways, drop, late_by
from evacroute.errors import Faults
from evacroute.prices import Prices
from evacroute.scoring.features import kinds_of
from evacroute.scoring.odds import LEAST_ODDS, SAFETY_WEIGHT, Odds, odds_of
from evacroute.scoring.outlook import reckon
from evacroute.units import DEGREE

CANDIDATES = 6
"""Shelters that are looked at for each party at a time."""

DELAYS = (1, 2, 4, 8, 16, 32)
"""Whoever would come to a street of the prices' way before it opens sets out so many slots later:
the table counts whole slots at a class's pace, they walk at their own."""


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
    ways, odds
        Ways and their odds.
    order
        Rows of `ways`, those of a party side by side, its best first.
    shut_in
        Parties whose every way closes before they are through.
    """

    ways: Ways
    odds: Odds
    order: NDArray[np.int64]
    shut_in: set[int]

    def of(self, party: int) -> NDArray[np.int64]:
        """Rows of `ways` of a party, the best first."""
        return self.order[self.ways.ptr[party] : self.ways.ptr[party + 1]]


class _Now(NamedTuple):
    """What answers begin with: swapped as a whole, so that an answer never mixes two states.

    Attributes
    ----------
    lay, searcher, plan
        Streets, searches around what closes, and the version of the plan.
    shut, full
        Shelters that take nobody (row 0), and nobody who needs a step-free place (row 1), shape
        (2, n_shelters); those of `full` keep who holds a place there.
    """

    lay: Lay
    searcher: Searcher
    plan: str
    shut: NDArray[np.bool_]
    full: NDArray[np.bool_]


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
        # Not the whole bundle: its load takes more memory than what is reckoned of it.
        self.manifest, self.digest = bundle.manifest, bundle.digest
        self.prices, self.scorer = bundle.prices, bundle.scorer
        self.candidates = candidates
        self.scenario = bundle.scenario
        self.likes = Likes(bundle.scenario)
        self._free = self.likes.classes.step_free.astype(np.int64)
        self._layer = Layer(self.scenario, self.likes)
        self._prices = bundle.prices
        shelters = self.scenario.shelters
        self._closed = np.zeros(self.scenario.network.n_links, bool)
        self._without = np.stack([shelters.capacity, shelters.step_free_capacity]) <= 0
        nothing = np.zeros((2, len(shelters)), bool)
        self._shut, self._full = nothing, nothing
        with ThreadPoolExecutor(1) as beside:
            now = beside.submit(self._laid, 0.0, bundle.manifest.plan)
            self.expected = reckon(bundle.scenario, bundle.load)
            self.teller = Teller(bundle.scenario)
            self._placer = Placer(self.scenario.network, self.likes.classes)
            self._now = now.result()
        self._leader = Leader(self.likes.classes, self.expected)

    @property
    def plan(self) -> str:
        """Version of the plan that answers are of."""
        return self._now.plan

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """Least lon and lat, and most lon and lat of who may ask, as far as streets [degrees]."""
        network = self.scenario.network
        up = MOST_AWAY / DEGREE
        across = up / math.cos(math.radians(network.origin[1]))
        return (
            float(network.geometry_lon.min()) - across, float(network.geometry_lat.min()) - up,
            float(network.geometry_lon.max()) + across, float(network.geometry_lat.max()) + up,
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
        _, parties = self._parties(asked, 0.0)
        state = self._now
        around = state.searcher.ways(0, parties, self._open(state, parties), self.candidates)
        if around is not None:
            self._leader.described(state.lay, len(some), [around])

    def follow(
        self,
        *,
        prices: Prices | None = None,
        closed: NDArray[np.bool_] | None = None,
        shut: NDArray[np.bool_] | None = None,
        full: NDArray[np.bool_] | None = None,
        now: float = 0.0,
        plan: str | None = None,
        rest: Callable[[], object] | None = None,
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
        rest
            Called now and then, so that those who ask get their turn; without it two threads hurry.

        Raises
        ------
        InputError
            If the prices are of another instance, or a mask has another shape; nothing is changed.
        """
        faults = Faults("news")
        n_links, n_shelters = self.scenario.network.n_links, len(self.scenario.shelters)
        for name, value, shape in (
            ("closed", closed, (n_links,)),
            ("shut", shut, (2, n_shelters)),
            ("full", full, (2, n_shelters)),
        ):
            if value is not None and np.shape(value) != shape:
                faults.add(f"{name} has shape {np.shape(value)}, expected {shape}")
        if prices is not None:
            sizes = (n_links, n_shelters, len(self.scenario.group_classes))
            for fault in prices.misfits(*sizes, len(self.scenario.groups)):
                faults.add(f"prices: {fault}")
        faults.raise_if_any()
        self._prices = self._prices if prices is None else prices
        self._closed = self._closed if closed is None else np.array(closed, bool)
        self._shut = self._shut if shut is None else _of_both(shut)
        self._full = self._full if full is None else _of_both(full)
        self._now = self._laid(now, self.plan if plan is None else plan, rest)

    def _laid(self, now: float, plan: str, rest: Callable[[], object] | None = None) -> _Now:
        shut = _of_both(self._shut | self._without)
        lay = self._layer.lay(
            self._prices, now=now, closed=self._closed, shut=shut | self._full, rest=rest
        )
        searcher = Searcher(lay.streets, self.scenario.shelters.node)
        return _Now(lay, searcher, plan, shut, self._full & ~shut)

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
        state, n = self._now, len(questions)
        lay = state.lay
        places, parties = self._parties(questions, now)
        open_, also = self._open(state, parties), self._kept(state, parties)
        row, got = np.full(n, -1, np.int64), [_NOTHING] * n
        chosen: list[tuple[Proposal, NDArray[np.int64]]] = []
        todo, shut_in = np.arange(n), set[int]()
        while len(todo):
            proposal = self._propose(lay, state.searcher, parties, open_, todo)
            shut_in |= proposal.shut_in
            asked = todo[(np.diff(proposal.ways.ptr)[todo] > 0) | also[todo].any(axis=1)]
            if not len(asked):
                break
            wishes = [self._wish(p, proposal, questions, also) for p in asked.tolist()]
            answers = yield wishes
            for p, wish, place in zip(asked.tolist(), wishes, answers, strict=True):
                open_[p, list(wish.shelters)] = False
                if place.shelter in wish.shelters:
                    row[p] = proposal.of(p)[wish.shelters.index(place.shelter)]
                    got[p] = place
                elif place.shelter in wish.also:
                    # They hold a place that is none of the best from here: a way there is wanted.
                    open_[p], also[p] = False, False
                    open_[p, place.shelter] = True
                else:
                    also[p] = False
            served = asked[row[asked] >= 0]
            chosen.append((proposal, served))
            todo = asked[row[asked] < 0]
        return self.teller.answers(
            lay, parties, places, questions, chosen, row, got, now=now, plan=state.plan,
            shut_in=shut_in, lines=lines, directions=directions,
        )  # fmt: skip

    def _parties(self, questions: Questions, now: float) -> tuple[Places, Parties]:
        """Find out who asks, and where they stand."""
        q, of = questions, self.likes.of
        found = [
            of(*key)
            for key in zip(
                q.mobility.tolist(), q.step_free.tolist(), q.age_band.tolist(),
                q.helpers.tolist(), q.party_size.tolist(), strict=True,
            )
        ]  # fmt: skip
        class_ = np.array([one.class_ for one in found], np.int32)
        pace = np.array([one.pace for one in found])
        pace_steps = np.array([one.pace_steps for one in found])
        flat = np.array([one.flat for one in found])
        places = self._placer.place(q.lon, q.lat, class_, pace, pace_steps, flat)
        own = np.where(np.isnan(q.within_s), np.inf, now + q.within_s)
        parties = Parties(
            class_=class_,
            pace=pace,
            pace_steps=pace_steps,
            size=np.array(q.party_size),
            now=np.full(len(q), now),
            deadline=np.minimum(own, self.scenario.deadline_s),
            link=places.link,
            twin=places.twin,
            seconds=places.seconds,
            end=places.end,
        )
        return places, parties

    def _open(self, state: _Now, parties: Parties) -> NDArray[np.bool_]:
        """Which shelters may take each party, as far as is known, shape (n, n_shelters)."""
        return np.asarray(~(state.shut | state.full)[self._free[parties.class_]])

    def _kept(self, state: _Now, parties: Parties) -> NDArray[np.bool_]:
        """Full shelters that parties can reach, who may hold places there."""
        full: NDArray[np.bool_] = state.full[self._free[parties.class_]]
        if full.any():
            seconds = state.lay.trees.seconds[parties.class_[:, None], :, parties.end]
            full &= np.isfinite(seconds).any(axis=1)
        return full

    def _propose(
        self,
        lay: Lay,
        searcher: Searcher,
        parties: Parties,
        open_: NDArray[np.bool_],
        todo: NDArray[np.int64],
    ) -> Proposal:
        n = len(parties.class_)
        if len(todo) < n:  # Others have their place.
            waiting = np.zeros(n, bool)
            waiting[todo] = True
            open_ = open_ & waiting[:, None]
        ways = self._leader.ways(lay, parties, open_, self.candidates)
        shut_in: set[int] = set()
        if len(lay.streets.stretch_begin):
            passes = ways.rows[:, CLOSING] > 0
            # The trees know the streets as they were: who has no way by them may find one by now.
            if not passes.all() or ((np.diff(ways.ptr) == 0) & open_.any(axis=1)).any():
                before = set(ways.party.tolist())
                ways = self._around(ways, passes, lay, searcher, parties, open_)
                shut_in = before - set(ways.party.tolist())
        trips = ways.trips
        kind = kinds_of(self.likes.classes, trips.class_, trips.size, trips.wait, trips.pace)
        odds = odds_of(self.scorer, ways.rows, kind, trips.depart)
        # No odds make up for a street that closes before they are through.
        odds = replace(odds, is_safe=odds.is_safe & (ways.rows[:, CLOSING] > 0))
        cost, order = np.empty(len(odds)), np.empty(len(odds), np.int64)
        put_in_order(
            ways.ptr, ways.priced, odds.is_safe, odds.p_safe, odds.q50, parties.now,
            lay.trees.price, trips.class_, trips.shelter, LEAST_ODDS, SAFETY_WEIGHT, cost, order,
        )  # fmt: skip
        return Proposal(ways, odds, order, shut_in)

    def _around(
        self,
        ways: Ways,
        passes: NDArray[np.bool_],
        lay: Lay,
        searcher: Searcher,
        parties: Parties,
        open_: NDArray[np.bool_],
    ) -> Ways:
        """Leave out ways that close before one is through; who has none left is led around."""
        n = len(parties.class_)
        parts, late = [drop(ways, passes)], drop(ways, ~passes & ways.priced)
        for slots in DELAYS:
            if not len(late.party):
                break
            delayed = self._leader.described(lay, n, [late_by(late, slots * lay.chains.step)])
            fits = delayed.rows[:, CLOSING] > 0
            parts.append(drop(delayed, fits))
            late = drop(late, ~fits)
        has = np.zeros(n, bool)
        for part in parts:
            has[part.party] = True
        for p in np.flatnonzero(~has & open_.any(axis=1)).tolist():
            found = searcher.ways(p, parties, open_, self.candidates)
            if found is not None:
                parts.append(found)
        return self._leader.described(lay, n, parts)

    def _wish(
        self, p: int, proposal: Proposal, questions: Questions, also: NDArray[np.bool_]
    ) -> Wish:
        shelters = tuple(proposal.ways.trips.shelter[proposal.of(p)].tolist())
        free = bool(self._free[self.likes.of(*_key(questions, p)).class_])
        kept = tuple(s for s in np.flatnonzero(also[p]).tolist() if s not in shelters)
        size = int(questions.party_size[p])
        return Wish(str(questions.token[p]), shelters, size, free, kept)


_NOTHING = Place(-1, False, np.nan)


def _of_both(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Copy a mask of shelters, with a shelter for nobody one for who needs step-free places too."""
    out = np.array(mask, bool)
    out[1] |= out[0]
    return out


def _key(questions: Questions, p: int) -> tuple[str, bool, str, int, int]:
    q = questions
    return (
        q.mobility[p],
        bool(q.step_free[p]),
        q.age_band[p],
        int(q.helpers[p]),
        int(q.party_size[p]),
    )


def _likely(wish: Wish) -> Place:
    return Place(wish.shelters[0], False, np.nan) if wish.shelters else _NOTHING
