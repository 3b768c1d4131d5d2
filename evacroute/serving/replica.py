"""One replica: a bundle, a store, and what is new; answers parties on an event loop."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from evacroute.answering.answerer import Answerer, Place, Talk, Wish
from evacroute.answering.answers import Answers
from evacroute.answering.bundle import read_bundle
from evacroute.answering.questions import Questions
from evacroute.errors import InputError
from evacroute.serving.capacity_store import CapacityStore, Places
from evacroute.serving.core import StoreState
from evacroute.serving.logs import say
from evacroute.serving.memory import give_back
from evacroute.serving.news import News
from evacroute.serving.place_desk import PlaceDesk

log = logging.getLogger("evacroute")

FEW = 4
"""So many parties are answered on the event loop itself; more would hold up who asks for health."""

FOLLOW_S = 2.0
"""Streets are laid anew no more often than this [s]."""

LAYING = 0.1
"""Nor at more than this part of a processor, while shelters fill; news do not wait for that."""

REST_S, MOST_REST_S = 0.03, 0.3
"""After each class the thread that lays them rests at least and at most so long [s]: on two busy
cores answers wait for it, or for the interpreter."""

HAZARD_S = 60.0
"""Where hazards change, streets are laid anew at least so often [s]."""


FILLING, HURRY = 2.0, 0.5
"""It rests so many times as long as it worked: where shelters fill, and where there are news."""


Wishes = list[Wish]


def _go_on(talk: Talk, places: list[Place] | None) -> Wishes | Answers:
    try:
        return next(talk) if places is None else talk.send(places)
    except StopIteration as done:
        answers: Answers = done.value
        return answers


class Replica:
    """Answers parties from one bundle and one store of places; see `core.Core`.

    Parameters
    ----------
    folder
        The bundle.
    open_store
        Opens the store of places; called when the bundle is read.
    key
        Secret by which tokens are hidden from the store; the same for all replicas.
    hold_s
        How long a place is kept [s].
    alarm_at
        When the alarm was given [s since 1970], None = the store's news tell it, or it was not.
    digest
        Sha256 that the bundle's manifest must have, "" = any.
    on_seconds
        Called with the name of each call of the store, and how long it took [s].
    """

    def __init__(
        self,
        folder: str | Path,
        open_store: Callable[[], CapacityStore],
        *,
        key: bytes,
        hold_s: float = 1800.0,
        alarm_at: float | None = None,
        digest: str = "",
        on_seconds: Callable[[str, float], None] | None = None,
    ) -> None:
        self._folder, self._open_store, self._key = folder, open_store, key
        self._hold_s, self._digest, self._on_seconds = hold_s, digest, on_seconds
        self._alarm_at = alarm_at
        self.news = News(alarm_at=alarm_at)
        self.answerer: Answerer | None = None
        self.desk: PlaceDesk | None = None
        self._why = "the bundle is being read"
        self._store: CapacityStore | None = None
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="answers")
        self._changed, self._ended = threading.Event(), threading.Event()
        self._is_news = threading.Event()
        self._full = np.zeros((2, 0), bool)
        self._is_told = False
        self._follower: threading.Thread | None = None

    @property
    def folder(self) -> Path:
        """Folder of the bundle."""
        return Path(self._folder)

    @property
    def plan(self) -> str:
        """Version of the plan, "" before it is loaded."""
        return "" if self.answerer is None else self.answerer.plan

    @property
    def hazard(self) -> str:
        """Kinds of the hazards the plan is for, "" = none."""
        return "" if self.answerer is None else self.answerer.manifest.hazards

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """Least lon, least lat, most lon, most lat of the city [degrees]."""
        return (-180.0, -90.0, 180.0, 90.0) if self.answerer is None else self.answerer.bounds

    @property
    def is_loaded(self) -> bool:
        """Whether the bundle is read and the kernels are warm."""
        return self.desk is not None

    @property
    def ready(self) -> bool:
        """Whether it can answer: loaded, and the store was reached once."""
        return self.desk is not None and self.desk.is_known

    @property
    def why_not_ready(self) -> str:
        """Why it cannot answer yet."""
        if self.desk is None:
            return self._why
        return "" if self.desk.is_known else "the store of places was not reached yet"

    def store(self) -> StoreState:
        """State of the store as the desk last saw it."""
        if self.desk is None:
            return StoreState()
        left = dict(zip(self.desk.places.shelter_id, self.desk.left[0].tolist(), strict=True))
        return StoreState(self.desk.is_up, left)

    def load(self) -> None:
        """Read the bundle, warm the kernels, open the store.

        Raises
        ------
        InputError
            If the bundle is refused.
        """
        try:
            answerer = self._made()
            give_back()  # What was needed to make it is more than what warming takes.
            answerer.warm()
            give_back()
        except InputError as error:
            self._why = "the bundle is refused"
            log.error("bundle refused: %s", error)
            raise
        self.answerer = answerer
        shelters = answerer.scenario.shelters
        free = np.minimum(shelters.step_free_capacity, shelters.capacity)
        places = Places(
            version=answerer.manifest.made,
            shelter_id=tuple(str(one) for one in shelters.shelter_id.tolist()),
            capacity=tuple(shelters.capacity.tolist()),
            step_free=tuple(free.tolist()),
        )
        self._full = np.array([places.capacity, places.step_free]) <= 0
        self._store = self._open_store()
        self.desk = PlaceDesk(
            self._store, places, key=self._key, hold_s=self._hold_s, on_notice=self._on_notice,
            on_look=self._on_look, on_seconds=self._on_seconds,
        )  # fmt: skip

    def _made(self) -> Answerer:
        """Make what answers of the bundle, which is let go."""
        bundle = read_bundle(self._folder, digest=self._digest)
        bundle.manifest.check_valid(time.time())
        return Answerer(bundle)

    async def start(self) -> None:
        """Begin to talk to the store and to follow what is new."""
        if self.desk is None:
            return
        self.desk.start()
        self._follower = threading.Thread(target=self._follow, name="follower", daemon=True)
        self._follower.start()

    async def stop(self) -> None:
        """End both; promises are written into the store if it can be reached."""
        self._ended.set()
        self._changed.set()
        self._is_news.set()
        if self.desk is not None:
            await asyncio.to_thread(self.desk.stop)
        if self._follower is not None:
            await asyncio.to_thread(self._follower.join, 5.0)
        if self._store is not None:
            self._store.close()
        self._pool.shutdown(wait=False)

    async def answer(
        self, questions: Questions, *, lines: bool, directions: bool, now: float
    ) -> Answers:
        """Answer parties who ask at `now` [s since 1970], with lines and directions if wanted."""
        if self.answerer is None or self.desk is None:
            raise InputError("nothing is loaded yet")
        alarm = self.news.alarm_at
        since = 0.0 if alarm is None else max(0.0, now - alarm)
        talk = self.answerer.talk(questions, now=since, lines=lines, directions=directions)
        many = len(questions) > FEW
        step: Wishes | Answers = await self._step(many, talk, None)
        while not isinstance(step, Answers):
            step = await self._step(many, talk, await self.desk.book(step))
        return step

    async def _step(self, many: bool, talk: Talk, places: list[Place] | None) -> Wishes | Answers:
        """Go on with a talk: more wishes, or the answers once it is over."""
        if not many:
            return _go_on(talk, places)
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._pool, _go_on, talk, places)

    def _on_notice(self, notice: bytes) -> None:
        try:
            news = News.of(notice)
        except InputError as error:
            log.error("news refused: %s", error)
            return
        if news.refused:
            log.error("prices refused: %s", news.refused)
        self.news = news if news.alarm_at is not None else news.with_(alarm_at=self._alarm_at)
        self._changed.set()
        self._is_news.set()

    def _on_look(self, left: NDArray[np.int64]) -> None:
        if not self._is_told:
            self._is_told = True
            say("store reached", plan=self.plan)
        full = left <= 0
        if (full != self._full).any():
            self._full = full
            self._changed.set()

    def _follow(self) -> None:
        """Lay the streets anew when something changes: beside the answers, which go on."""
        answerer = self.answerer
        if answerer is None:
            return
        changes = bool(len(answerer.scenario.link_times))
        while True:
            self._changed.wait(HAZARD_S if changes else None)
            if self._ended.is_set():
                return
            urgent = self._is_news.is_set()
            self._is_news.clear()
            self._changed.clear()
            begin = time.thread_time()
            rests = _Rests(self._ended, FILLING if not urgent else HURRY)
            news, full = self.news, self._full
            try:
                closed, shut = self._closures(news)
                alarm = news.alarm_at
                now = 0.0 if alarm is None else max(0.0, time.time() - alarm)
                follow = partial(
                    answerer.follow, closed=closed, shut=shut, full=full, now=now,
                    rest=rests.rest,
                )  # fmt: skip
                # What is closed is closed; prices only hold for the bundle they were made of.
                own, prices = answerer.manifest.plan, news.prices
                if prices is not None and news.plan.startswith(f"{own}+"):
                    try:
                        follow(prices=prices, plan=news.plan)
                    except InputError as error:
                        log.error("prices refused: %s", error)
                        follow(prices=answerer.prices, plan=own)
                else:
                    follow(prices=answerer.prices, plan=own)
                give_back()
            except InputError as error:
                log.error("news refused: %s", error)
            except Exception:
                # Without this thread nothing new would ever be followed again.
                log.exception("news could not be followed")
            took = time.thread_time() - begin
            if not self._ended.wait(FOLLOW_S):
                self._is_news.wait(max(0.0, took / LAYING - FOLLOW_S))

    def _closures(self, news: News) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """Which links, and which shelters for whom, are closed."""
        answerer = self.answerer
        assert answerer is not None  # for the type checker: news come once it is loaded
        network, shelters = answerer.scenario.network, answerer.scenario.shelters
        closed = np.isin(network.link_id.astype(str), news.closed_links)
        shut = np.isin(shelters.shelter_id.astype(str), news.closed_shelters)
        return closed, np.stack([shut, shut])


class _Rests:
    """Gives those who ask their turn between two classes.

    Parameters
    ----------
    ended
        Nobody rests once it is set.
    times
        How long to rest, in times of what the work took.
    """

    def __init__(self, ended: threading.Event, times: float) -> None:
        self._ended, self._times, self._since = ended, times, time.monotonic()

    def rest(self) -> None:
        """Rest."""
        took = time.monotonic() - self._since
        self._ended.wait(min(max(REST_S, self._times * took), MOST_REST_S))
        self._since = time.monotonic()
