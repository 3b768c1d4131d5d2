"""From questions to answers: down the value table, past the scorer, to a place."""

from __future__ import annotations

import math
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from evacroute._kernels.leading import Parties, Ways
from evacroute._kernels.standing import Stretches, wade
from evacroute.answering.answers import Answers
from evacroute.answering.bundle import Bundle
from evacroute.answering.likes import Likes
from evacroute.answering.placing import MOST_AWAY, Placer, Places
from evacroute.answering.questions import Questions
from evacroute.answering.streets import Lay, Layer
from evacroute.answering.telling import Teller
from evacroute.answering.ways import (
    Leader,
    Proposal,
    Searcher,
    drop,
    late_by,
    open_ways,
    ways_of,
    weighed_ways_of,
)
from evacroute.errors import Faults
from evacroute.prices import Prices
from evacroute.scoring.odds import Odds, scales_of
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


class _Now(NamedTuple):
    """What answers begin with: swapped as a whole, so that an answer never mixes two states.

    Attributes
    ----------
    lay, ground, searcher, plan
        Streets, what kernels look at as one thing, searches around what closes, and the version of
        the plan.
    takes
        Shelters that may take somebody (row 0), and somebody who needs a step-free place (row 1),
        as far as is known, shape (2, n_shelters).
    full
        Those that are full, likewise: who holds a place there keeps it. None = there are none.
    closed
        Links that nobody may enter, shape (n_links,), None = there are none.
    """

    lay: Lay
    ground: Any
    searcher: Searcher
    plan: str
    takes: NDArray[np.bool_]
    full: NDArray[np.bool_] | None
    closed: NDArray[np.bool_] | None


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
        scales = scales_of(bundle.scorer, self.likes.classes)
        self._free = self.likes.classes.step_free.astype(np.int64)
        self._layer = Layer(self.scenario, self.likes)
        self._prices = bundle.prices
        shelters = self.scenario.shelters
        self._closed = np.zeros(self.scenario.network.n_links, bool)
        self._without = np.stack([shelters.capacity, shelters.step_free_capacity]) <= 0
        nothing = np.zeros((2, len(shelters)), bool)
        self._shut, self._full = nothing, nothing
        with ThreadPoolExecutor(1) as beside:
            laid = beside.submit(self._laid, 0.0)
            self.expected = reckon(bundle.scenario, bundle.load)
            self.teller = Teller(bundle.scenario)
            self._placer = Placer(self.scenario.network, self.likes.classes)
            self._leader = Leader(self.likes.classes, self.expected, scales)
            self._now = self._stated(laid.result(), bundle.manifest.plan)

    @property
    def plan(self) -> str:
        """Version of the plan that answers are of."""
        return self._now.plan

    @cached_property
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
        state = self._now
        _, parties, _ = self._parties(asked, 0.0, state)
        open_ = state.takes[self._free[parties.class_]]
        around = state.searcher.ways(0, parties, open_, self.candidates)
        if around is not None:
            self._leader.described(state.lay, len(some), [around])
        # Which of both serves depends on whether hazards change streets.
        ways_of(state.ground, parties, open_, self.candidates)
        weighed_ways_of(state.ground, parties, open_, self.candidates)
        # Compiled only when the first shelter is full, it would hold up thousands for seconds.
        before, full = self._full, self._full.copy()
        full[:, 0] = ~full[:, 0]
        self.follow(full=full)
        self.follow(full=before)

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
        self._now = self._stated(self._laid(now, rest), self.plan if plan is None else plan)

    @property
    def _never(self) -> NDArray[np.bool_]:
        """Shelters that take nobody, whoever holds a place there, shape (2, n_shelters)."""
        return _of_both(self._shut | self._without)

    def _laid(self, now: float, rest: Callable[[], object] | None = None) -> Lay:
        shut = self._never | self._full
        return self._layer.lay(self._prices, now=now, closed=self._closed, shut=shut, rest=rest)

    def _stated(self, lay: Lay, plan: str) -> _Now:
        shut, ground = self._never, self._leader.ground(lay)
        searcher = Searcher(lay.streets, self.scenario.shelters.node)
        full = self._full & ~shut
        closed = self._closed if self._closed.any() else None
        return _Now(
            lay, ground, searcher, plan, ~(shut | full), full if full.any() else None, closed
        )

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
        places, parties, own = self._parties(questions, now, state)
        open_ = state.takes[self._free[parties.class_]]
        also = self._kept(state, parties)
        row, got = [-1] * n, [_NOTHING] * n
        chosen: list[tuple[Proposal, list[int]]] = []
        todo, shut_in = list(range(n)), set[int]()
        while todo:
            proposal = self._propose(state, parties, own, open_, todo)
            shut_in |= proposal.shut_in
            upto = proposal.ways.ptr.tolist()
            todo = [p for p in todo if upto[p + 1] > upto[p] or p in also]
            if not todo:
                break
            wishes = [self._wish(p, proposal, parties, questions, also) for p in todo]
            answers = yield wishes
            for p, wish, place in zip(todo, wishes, answers, strict=True):
                if place.shelter in wish.shelters:
                    row[p] = int(proposal.of(p)[wish.shelters.index(place.shelter)])
                    got[p] = place
                    continue
                open_[p, list(wish.shelters)] = False
                if place.shelter in wish.also:
                    # They hold a place that is none of the best from here: a way there is wanted.
                    open_[p] = False
                    open_[p, place.shelter] = True
                also.pop(p, None)
            chosen.append((proposal, [p for p in todo if row[p] >= 0]))
            todo = [p for p in todo if row[p] < 0]
        return self.teller.answers(
            lay, parties, places, questions, chosen, row, got, now=now, plan=state.plan,
            shut_in=shut_in, lines=lines, directions=directions,
        )  # fmt: skip

    def _parties(
        self, questions: Questions, now: float, state: _Now
    ) -> tuple[Places, Parties, Stretches | None]:
        """Find out who asks, where they stand, and what hazards there are on those streets."""
        q, of = questions, self.likes.of
        found = [
            of(*key)
            for key in zip(
                q.mobility.tolist(), q.step_free.tolist(), q.age_band.tolist(),
                q.helpers.tolist(), q.party_size.tolist(), strict=True,
            )
        ]  # fmt: skip
        number, pace, pace_steps, flat = np.array(found, np.float64).reshape(-1, 4).T.copy()
        class_ = number.astype(np.int32)
        places = self._placer.place(q.lon, q.lat, class_, pace, pace_steps, flat)
        if state.closed is not None:
            places.leave(state.closed)
        streets, seconds, own = state.lay.streets, places.seconds, None
        at = np.full(len(q), now)
        if len(streets.stretch_begin):
            own = self._placer.stretches(places, flat, streets)
            if own is not None:
                seconds = seconds.copy()
                wade(streets, own, class_, at, seconds)
        parties = Parties(
            class_=class_,
            pace=pace,
            pace_steps=pace_steps,
            size=np.array(q.party_size),
            now=at,
            # Who says nothing of it has NaN, which is no minimum.
            deadline=np.fmin(q.within_s + now, self.scenario.deadline_s),
            link=places.link,
            twin=places.twin,
            seconds=seconds,
            end=places.end,
        )
        return places, parties, own

    def _kept(self, state: _Now, parties: Parties) -> dict[int, list[int]]:
        """Full shelters that parties can reach, who may hold places there, by party."""
        if state.full is None:
            return {}
        full: NDArray[np.bool_] = state.full[self._free[parties.class_]]
        seconds = state.lay.trees.seconds[parties.class_[:, None], parties.end]
        full &= np.isfinite(seconds).any(axis=1)
        return {
            p: np.flatnonzero(full[p]).tolist() for p in np.flatnonzero(full.any(axis=1)).tolist()
        }

    def _propose(
        self,
        state: _Now,
        parties: Parties,
        own: Stretches | None,
        open_: NDArray[np.bool_],
        todo: list[int],
    ) -> Proposal:
        n = len(parties.class_)
        if len(todo) < n:  # Others have their place.
            waiting = np.zeros(n, bool)
            waiting[todo] = True
            open_ = open_ & waiting[:, None]
        shut_in: set[int] = set()
        lay, most = state.lay, self.candidates
        if len(lay.streets.stretch_begin):
            ways = ways_of(state.ground, parties, open_, most)
            passes = open_ways(lay, ways, parties, own)
            # The trees know the streets as they were: who has no way by them may find one by now.
            if not passes.all() or ((np.diff(ways.ptr) == 0) & open_.any(axis=1)).any():
                before = set(ways.party.tolist())
                ways = self._around(ways, passes, state, parties, own, open_)
                shut_in = before - set(ways.party.tolist())
            told = self._leader.weigh(lay, ways, parties)
        else:
            ways, told = weighed_ways_of(state.ground, parties, open_, most)
        q10, q50, q90 = told.quantile
        return Proposal(ways, Odds(told.p_safe, q10, q50, q90, told.is_safe), told.order, shut_in)

    def _around(
        self,
        ways: Ways,
        passes: NDArray[np.bool_],
        state: _Now,
        parties: Parties,
        own: Stretches | None,
        open_: NDArray[np.bool_],
    ) -> Ways:
        """Leave out ways that close before one is through; who has none left is led around."""
        lay, n = state.lay, len(parties.class_)
        parts, late = [drop(ways, passes)], drop(ways, ~passes & ways.priced)
        for slots in DELAYS:
            if not len(late.party):
                break
            delayed = self._leader.described(lay, n, [late_by(late, slots * lay.chains.step)])
            fits = open_ways(lay, delayed, parties, own)
            parts.append(drop(delayed, fits))
            late = drop(late, ~fits)
        has = np.zeros(n, bool)
        for part in parts:
            has[part.party] = True
        for p in np.flatnonzero(~has & open_.any(axis=1)).tolist():
            found = state.searcher.ways(p, parties, open_, self.candidates)
            if found is not None:
                parts.append(found)
        ways = self._leader.described(lay, n, parts)
        open_ways(lay, ways, parties, own)
        return ways

    def _wish(
        self,
        p: int,
        proposal: Proposal,
        parties: Parties,
        questions: Questions,
        also: dict[int, list[int]],
    ) -> Wish:
        shelters = tuple(proposal.ways.trips.shelter[proposal.of(p)].tolist())
        free = bool(self._free[parties.class_[p]])
        kept = tuple(s for s in also[p] if s not in shelters) if p in also else ()
        return Wish(questions.token[p], shelters, int(questions.party_size[p]), free, kept)


_NOTHING = Place(-1, False, np.nan)


def _of_both(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Copy a mask of shelters, with a shelter for nobody one for who needs step-free places too."""
    out = np.array(mask, bool)
    out[1] |= out[0]
    return out


def _likely(wish: Wish) -> Place:
    return Place(wish.shelters[0], False, np.nan) if wish.shelters else _NOTHING
