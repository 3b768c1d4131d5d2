"""The desk where places are taken: gathers wishes, asks the store, and goes on without it.

Requests wait for the store no longer than the patience, then they are answered within the share;
how it is asked, on the event loop or in a thread, is told in `asking`. A thread looks at the store
now and then, over a connection of its own: looks at a slow store use up no request's patience.
While the store is out of reach a replica hands out no more than its share of what was left when it
last looked, shelter by shelter: what is left, over the replicas that lived. Those promises are
written into the store when it is back, before anything else.

How much may be oversold: if all replicas lose the store at once, what others took between a
replica's last look and the loss, that is in `LOOK_S` at most. If a replica alone loses it while the
others go on, its share of what was left besides.
"""

from __future__ import annotations

import asyncio
import base64
import hmac
import itertools
import logging
import secrets
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from evacroute.answering.answerer import Place, Wish
from evacroute.errors import StoreError
from evacroute.serving.asking import MOST_AT_ONCE, Listener, asking_of
from evacroute.serving.capacity_store import (
    Answer,
    CapacityStore,
    Counts,
    Held,
    Places,
    Refusal,
    Refused,
    is_as_promised,
)
from evacroute.serving.capacity_store import Wish as Booking
from evacroute.serving.capacity_store.records import milliseconds
from evacroute.serving.logs import fault_of, say

LOOK_S = 1.0
"""How often the store is looked at [s]."""

ALIVE_S = 5.0
"""A replica that has not been heard of for so long does not count any more [s]."""

PATIENCE_S = 0.5
"""Requests wait so long for the store [s]."""

TRIES = 5
"""A promise that finds no room is tried again so often, a look after the other."""

TRIED_AT_ONCE = 8
"""Of those at a look."""

WITHOUT_PLACE = (Refusal.FULL, Refusal.UNDECLARED)
"""Refusals that leave a party without what it was promised; others have heard otherwise since."""

UNASKED = (Refusal.UNDECLARED, Refusal.LATE)
"""Refusals of a store that has not looked for a place: it is new, or heard of the wish too late."""

NOTHING = Place(-1, False, np.nan)

T = TypeVar("T")


@dataclass(slots=True)
class Share:
    """What a replica may promise by itself: its part of what was left.

    Parameters
    ----------
    left
        Places left for anybody, and for who needs step-free ones, at the last look, shape
        (2, n_shelters).
    replicas
        How many share it.
    given
        What this one has given since, likewise.
    """

    left: NDArray[np.int64]
    replicas: int
    given: NDArray[np.int64]

    @classmethod
    def of(cls, left: NDArray[np.int64], replicas: int) -> Share:
        """Begin with nothing given."""
        return cls(left, max(replicas, 1), np.zeros_like(left))

    def take(self, shelter: int, size: int, step_free: bool) -> bool:
        """Promise places in a shelter, if the share allows; says whether it does."""
        rest = self.left // self.replicas - self.given
        if (rest[: 2 if step_free else 1, shelter] < size).any():
            return False
        self.count(shelter, size, step_free)
        return True

    def count(self, shelter: int, size: int, step_free: bool) -> None:
        """Count what is given, whether the share allows it or not."""
        self.given[0, shelter] += size
        if step_free:
            self.given[1, shelter] += size

    def give_back(self, shelter: int, size: int, step_free: bool) -> None:
        """Take a promise back."""
        self.count(shelter, -size, step_free)


class PlaceDesk:
    """Takes places for parties.

    Parameters
    ----------
    store
        Where places are.
    places
        Shelters of the plan, in order.
    key
        Secret by which tokens are hidden from the store; the same for all replicas.
    hold_s
        How long a place is kept [s].
    replica
        Name of this process, random by default.
    on_notice
        Called in a thread of the desk with news from the store.
    on_look
        Called in a thread of the desk with the places left, shape (2, n_shelters).
    on_seconds
        Called with the name of each call of the store, and how long it took [s].
    """

    def __init__(
        self,
        store: CapacityStore,
        places: Places,
        *,
        key: bytes,
        hold_s: float,
        replica: str = "",
        on_notice: Callable[[bytes], None] | None = None,
        on_look: Callable[[NDArray[np.int64]], None] | None = None,
        on_seconds: Callable[[str, float], None] | None = None,
        patience_s: float = PATIENCE_S,
    ) -> None:
        milliseconds(hold_s, "hold_s")
        self.places, self.hold_s = places, hold_s
        self.replica = replica or secrets.token_hex(8)
        # What the store keeps of this desk with a hold: a name that says nothing of it.
        self._by = secrets.token_hex(4)
        self.is_up, self.is_known, self._is_lost = False, False, False
        self.adopted, self.oversold = 0, 0
        self.left = np.array([places.capacity, places.step_free], np.int64)
        self._store, self._key, self._patience_s = store, key, patience_s
        self._on_notice, self._on_look, self._on_seconds = on_notice, on_look, on_seconds
        self._position = {one: i for i, one in enumerate(places.shelter_id)}
        self._lock = threading.Lock()
        took = on_seconds or (lambda call, seconds: None)
        self._asking = asking_of(store, Listener(self._note, self._fail, took), patience_s)
        self._share = Share.of(self.left, 1)
        self._reserved = np.zeros_like(self.left)
        self._promised: dict[str, Booking] = {}
        self._refused: dict[str, tuple[Booking, int]] = {}
        self._replicas, self._version = 1, -1
        self._looking = threading.Thread(target=self._watch, name="desk looks", daemon=True)
        self._ended = threading.Event()

    def start(self) -> None:
        """Begin to talk to the store."""
        self._asking.start()
        self._looking.start()

    def stop(self, within_s: float = 5.0) -> None:
        """End: what was promised is written in first, if the store can be reached."""
        self._ended.set()
        if self._looking.is_alive():
            self._looking.join(within_s)
        else:
            self._asking.end()

    @property
    def replicas(self) -> int:
        """How many replicas lived at the last look, this one among them."""
        return self._replicas

    def hidden(self, token: str) -> str:
        """Give a token as the store sees it."""
        digest = hmac.digest(self._key, token.encode(), "sha256")
        return base64.urlsafe_b64encode(digest[:24]).decode()

    async def book(self, wishes: Sequence[Wish]) -> list[Place]:
        """Take a place for each wish.

        Parameters
        ----------
        wishes
            What parties would like.
        """
        # A promise counts from here: whatever the token hears elsewhere from now on is newer.
        since = time.monotonic()
        give_up_at = since + self._patience_s
        bookings = [self._booking(one, give_up_at) for one in wishes]
        if self.is_up:
            answers = await self._asking.ask(bookings)
            if answers is not None:
                return [self._place(a, b, since) for a, b in zip(answers, bookings, strict=True)]
            self._lose()
        return [self._promise(one, since) for one in bookings]

    async def call(self, work: Callable[[CapacityStore], T]) -> T:
        """Ask the store for something else, in a thread of its own.

        Raises
        ------
        StoreUnavailable
            If it is out of reach.
        """
        return await asyncio.to_thread(work, self._store)

    def _booking(self, wish: Wish, give_up_at: float) -> Booking:
        ids = self.places.shelter_id
        # Ids are checked with the places, parties when they ask, and the hold once.
        return Booking.of_checked(
            self.hidden(wish.token), tuple([ids[s] for s in (*wish.shelters, *wish.also)]),
            wish.size, wish.step_free, self.hold_s, self._by, give_up_at,
        )  # fmt: skip

    def _place(self, answer: Answer, booking: Booking, since: float) -> Place:
        if isinstance(answer, Held):
            held, covers = answer, True
        elif answer.why in UNASKED:
            return self._promise(booking, since)
        elif answer.why is Refusal.CANCELLED:
            return self._likely(booking)
        elif answer.held is None:
            return NOTHING
        else:
            # All is full, but the party still has its old place; one that has grown has a part.
            held = answer.held
            covers = held.size >= booking.size and held.step_free >= booking.step_free
        if held.shelter_id not in booking.candidates:
            return NOTHING
        kept = held.expires_in_s if covers and not held.arrived else np.nan
        return Place(self._position[held.shelter_id], covers, kept)

    def _likely(self, booking: Booking) -> Place:
        """Give a place with room that is not held: this token gave its own back not long ago.

        The store refuses it for a while. But who asks with it is in the street, and must not hear
        that all is full.
        """
        for shelter_id in booking.candidates:
            at = self._position[shelter_id]
            if (self.left[: 2 if booking.step_free else 1, at] >= booking.size).all():
                return Place(at, False, np.nan)
        return NOTHING

    def _promise(self, booking: Booking, since: float) -> Place:
        """Promise a place without the store, within the share."""
        with self._lock:
            self._refused.pop(booking.token, None)
            known = self._promised.get(booking.token)
            if known is not None:
                same = (known.size, known.step_free) == (booking.size, booking.step_free)
                if same and known.candidates[0] in booking.candidates:
                    # It is told once more, so it is as new as that.
                    self._promised[booking.token] = replace(known, promised_at=since)
                    return Place(self._position[known.candidates[0]], False, np.nan)
                at = self._position[known.candidates[0]]
                self._share.give_back(at, known.size, known.step_free)
                del self._promised[booking.token]
            for shelter_id in booking.candidates:
                at = self._position[shelter_id]
                if self._share.take(at, booking.size, booking.step_free):
                    self._promised[booking.token] = Booking(
                        token=booking.token, candidates=(shelter_id,), size=booking.size,
                        step_free=booking.step_free, hold_s=booking.hold_s, by=self._by,
                        promised_at=since,
                    )  # fmt: skip
                    return Place(at, False, np.nan)
        return NOTHING

    def _watch(self) -> None:
        while not self._ended.is_set():
            self._look()
            self._ended.wait(LOOK_S)
        self._asking.end()
        if self._promised:
            self._look()

    def _fail(self, error: Exception) -> None:
        """Go on without the store; what nobody expected is told."""
        if not isinstance(error, StoreError):
            say("desk failed", logging.ERROR, **fault_of(error))
        self._lose()

    def _lose(self) -> None:
        """Note that the store is out of reach."""
        self.is_up = False
        if self.is_known and not self._is_lost:
            self._is_lost = True
            say("store lost", logging.WARNING, replicas=self._replicas)

    def _note(self, bookings: Sequence[Booking], answers: Sequence[Answer]) -> None:
        """Count new places against the share; what was promised before counts no more."""
        with self._lock:
            for booking, answer in zip(bookings, answers, strict=True):
                if isinstance(answer, Refused) and answer.why in UNASKED:
                    # As if it were out of reach: promises stay, and it is looked at first.
                    self.is_up = False
                    continue
                self._promised.pop(booking.token, None)
                self._refused.pop(booking.token, None)
                if isinstance(answer, Held) and answer.is_new:
                    shelter = self._position[answer.shelter_id]
                    self._reserved[0, shelter] += answer.size
                    if answer.step_free:
                        self._reserved[1, shelter] += answer.size
                    self._share.count(shelter, answer.size, answer.step_free)

    def _look(self) -> None:
        """Say that this replica lives, write promises in, and read places and news."""
        try:
            notice = self._ask()
            self.is_up = self.is_known = True
            if self._is_lost:
                self._is_lost = False
                say("store back", adopted=self.adopted, oversold=self.oversold)
            if self._on_look is not None:
                self._on_look(self.left)
            if notice is not None and self._on_notice is not None:
                self._version = notice[0]
                self._on_notice(notice[1])
        except Exception as error:
            self._fail(error)

    def _ask(self) -> tuple[int, bytes] | None:
        store = self._store
        if not self.is_up:
            self._timed("declare", lambda: store.declare(self.places))
        with self._lock:
            again = list(itertools.islice(self._refused.values(), TRIED_AT_ONCE))
        while self._adopt():
            pass
        for booking, tries in again:
            self._try_again(booking, tries)
        replicas = self._timed("beat", lambda: store.beat(self.replica, ALIVE_S))
        with self._lock:
            reserved = self._reserved.copy()
        counts = self._timed("look", store.look)
        if counts.version is None or counts.version < self.places.version:
            # It has lost its data: all would seem to be full.
            self._timed("declare", lambda: store.declare(self.places))
            counts = self._timed("look", store.look)
        left = self._left(counts)
        notice = self._timed("notice", lambda: store.notice(self._version))
        with self._lock:
            # What was given since the look, and what is promised still, is not in its counts.
            self.left, self._replicas, self._share = left, replicas, Share.of(left, replicas)
            self._share.given += self._reserved - reserved
            for one in self._promised.values():
                self._share.count(self._position[one.candidates[0]], one.size, one.step_free)
        return notice

    def _adopt(self) -> int:
        """Write some promises in; how many."""
        if not self._promised:
            return 0
        # A promise must not be written in after the store has answered its token anew.
        with self._asking.held_back():
            with self._lock:
                part = list(itertools.islice(self._promised.values(), MOST_AT_ONCE))
            if not part:
                return 0
            answers = self._timed("adopt", lambda: self._store.adopt(part))
            with self._lock:
                for one, answer in zip(part, answers, strict=True):
                    if self._promised.get(one.token) is not one:
                        continue  # It was promised anew meanwhile.
                    del self._promised[one.token]
                    if is_as_promised(answer, one):
                        self.adopted += 1
                    elif _is_without_place(answer):
                        self.oversold += one.size
                        self._refused[one.token] = one, TRIES
            return len(part)

    def _try_again(self, booking: Booking, tries: int) -> None:
        """Write a promise in that had no room before.

        A wish that the store heard, and answered when nobody waited any more, may sit in a place
        that was promised to another party, until its own promise, elsewhere, is written in too.
        """
        token = booking.token
        with self._asking.held_back():
            if token not in self._refused:
                return
            (answer,) = self._timed("adopt", lambda: self._store.adopt([booking]))
            with self._lock:
                is_wanted = self._refused.pop(token, None) is not None
                if is_as_promised(answer, booking):
                    self.adopted += 1
                if not _is_without_place(answer):
                    self.oversold -= booking.size
                elif is_wanted and tries > 1:
                    self._refused[token] = booking, tries - 1

    def _left(self, counts: Counts) -> NDArray[np.int64]:
        left = np.zeros((2, len(self.places.shelter_id)), np.int64)
        for i, shelter_id in enumerate(counts.shelter_id):
            at = self._position.get(shelter_id)
            if at is not None:
                left[0, at] = counts.capacity[i] - counts.taken[i]
                left[1, at] = min(left[0, at], counts.step_free[i] - counts.step_free_taken[i])
        return np.maximum(left, 0)

    def _timed(self, name: str, work: Callable[[], T]) -> T:
        begin = time.perf_counter()
        try:
            return work()
        finally:
            if self._on_seconds is not None:
                self._on_seconds(name, time.perf_counter() - begin)


def _is_without_place(answer: Answer) -> bool:
    return not isinstance(answer, Held) and answer.why in WITHOUT_PLACE
