"""How the desk asks the store for places: at once, on the event loop, or in a thread of its own.

A thread costs a request half a millisecond, as it and the event loop wake each other and contend
for the interpreter. So it is for stores that may block and know no other way: a file, say.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import queue
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import AbstractContextManager, contextmanager
from typing import NamedTuple, Protocol

from evacroute.errors import StoreError, StoreUnavailable
from evacroute.serving.capacity_store import Answer, CapacityStore, Line, Wish

MOST_AT_ONCE = 256
"""Wishes that go to the store in one call."""

HELD_BACK_S = 5.0
"""Who wants wishes held back waits so long for those under way [s]; a call takes less."""

SLACK_S = 0.001
"""Timers of event loops may be early by so much [s]; nobody gives up before a wish is late."""


class Listener(NamedTuple):
    """What is called to tell how asking goes.

    Attributes
    ----------
    heard
        With wishes and answers of who still waits, before promises can be written in.
    failed
        With the reason why the store did not answer.
    took
        With the name of a call and how long it took [s].
    """

    heard: Callable[[Sequence[Wish], Sequence[Answer]], None]
    failed: Callable[[Exception], None]
    took: Callable[[str, float], None]


class Asking(Protocol):
    """Asks a store for places, for requests of one event loop."""

    def start(self) -> None:
        """Begin."""

    def end(self) -> None:
        """End, once all who wait are answered; blocks."""

    async def ask(self, wishes: list[Wish]) -> list[Answer] | None:
        """Ask for places; None where there is no answer within the patience."""

    def held_back(self) -> AbstractContextManager[None]:
        """Hold wishes back, in another thread, when all those under way are answered.

        Raises
        ------
        StoreUnavailable
            If they are not within `HELD_BACK_S`.
        """


def asking_of(store: CapacityStore, listener: Listener, patience_s: float) -> Asking:
    """Choose the cheapest way that a store allows."""
    # Of the type: an object that stands for another may seem to have everything.
    kind = type(store)
    if getattr(kind, "answers_at_once", False):
        return AtOnce(store, listener)
    make: Callable[[CapacityStore], Line | None] | None = getattr(kind, "line", None)
    line = None if make is None else make(store)
    if line is None:
        return InThread(store, listener, patience_s)
    return OnLoop(line, listener, patience_s)


class AtOnce:
    """Asks on the event loop and waits there: for stores that take microseconds."""

    def __init__(self, store: CapacityStore, listener: Listener) -> None:
        self._store, self._listener = store, listener
        self._alone = threading.Lock()

    def start(self) -> None:
        """Nothing is to be done."""

    def end(self) -> None:
        """Nothing is to be done."""

    async def ask(self, wishes: list[Wish]) -> list[Answer] | None:
        """Ask for places; None where the store fails."""
        begin = time.perf_counter()
        try:
            with self._alone:
                answers = self._store.reserve(wishes)
                self._listener.heard(wishes, answers)
        except Exception as error:
            self._listener.failed(error)
            return None
        finally:
            self._listener.took("reserve", time.perf_counter() - begin)
        return answers

    @contextmanager
    def held_back(self) -> Iterator[None]:
        """Hold wishes back."""
        with self._alone:
            yield


class _Waiting(NamedTuple):
    wishes: list[Wish]
    future: asyncio.Future[list[Answer] | None]
    until: float


class OnLoop:
    """Asks over a line: what comes in while a call is under way, or in one turn, goes together.

    One call at a time keeps wishes in order, and makes for few calls where there are many wishes.
    When one fails, who waits behind it is answered without the store too. A request that is given
    up before it was sent is never sent. After that the store refuses it, unless it had it in time
    and took a place, which then goes the way of other promises.
    """

    def __init__(self, line: Line, listener: Listener, patience_s: float) -> None:
        self._line, self._listener, self._patience_s = line, listener, patience_s
        self._loop: asyncio.AbstractEventLoop | None = None
        self._waiting: deque[_Waiting] = deque()
        self._sent: list[_Waiting] = []
        self._begin = 0.0
        self._is_called = False
        self._timer: asyncio.TimerHandle | None = None
        # What follows is for two threads.
        self._gate = threading.Condition()
        self._is_busy, self._is_held = False, False

    def start(self) -> None:
        """Nothing is to be done: the first request does it."""

    def end(self) -> None:
        """Let go of the line when the last call is answered."""
        with contextlib.suppress(StoreUnavailable), self.held_back():
            pass
        self._line.close()

    async def ask(self, wishes: list[Wish]) -> list[Answer] | None:
        """Ask for places; None where the store fails or takes too long."""
        loop = asyncio.get_running_loop()
        if loop is not self._loop:
            self._move(loop)
        # By the clock that wishes are judged by: the loop's may be behind it.
        until = time.monotonic() + self._patience_s
        one = _Waiting(wishes, loop.create_future(), until)
        self._waiting.append(one)
        if not self._is_called:
            self._is_called = True
            loop.call_soon(self._send)
        if self._timer is None:
            self._timer = loop.call_later(self._patience_s + SLACK_S, self._expire)
        return await one.future

    @contextmanager
    def held_back(self) -> Iterator[None]:
        """Hold wishes back."""
        try:
            with self._gate:
                self._is_held = True
                if not self._gate.wait_for(self._is_still, HELD_BACK_S):
                    raise StoreUnavailable("requests for places are still under way")
            yield
        finally:
            with self._gate:
                self._is_held = False
                loop = self._loop
            if loop is not None:
                with contextlib.suppress(RuntimeError):  # The loop has ended.
                    loop.call_soon_threadsafe(self._send)

    def _is_still(self) -> bool:
        return not self._is_busy or self._loop is None or self._loop.is_closed()

    def _move(self, loop: asyncio.AbstractEventLoop) -> None:
        """Go over to another event loop; what the last one left undone is lost with it."""
        self._waiting.clear()
        self._sent, self._is_called, self._timer = [], False, None
        with self._gate:
            self._loop, self._is_busy = loop, False
            self._gate.notify_all()

    def _send(self) -> None:
        """Send what waits, unless a call is under way or the line is wanted for something else."""
        self._is_called = False
        if not self._waiting:
            return
        with self._gate:
            if self._is_busy or self._is_held:
                return
            self._is_busy = True
        batch: list[_Waiting] = []
        wishes: list[Wish] = []
        while self._waiting and len(wishes) < MOST_AT_ONCE:
            one = self._waiting.popleft()
            if not one.future.done():
                batch.append(one)
                wishes += one.wishes
        self._sent, self._begin = batch, time.perf_counter()
        if not batch:
            self._free()
            return
        try:
            self._line.reserve(wishes, self._answered)
        except Exception as error:
            self._fail(error)

    def _answered(self, answers: list[Answer] | StoreError) -> None:
        if isinstance(answers, StoreError):
            self._fail(answers)
            return
        self._listener.took("reserve", time.perf_counter() - self._begin)
        try:
            at = 0
            for one in self._sent:
                upto = at + len(one.wishes)
                if not one.future.done():
                    self._listener.heard(one.wishes, answers[at:upto])
                    one.future.set_result(answers[at:upto])
                at = upto
        except Exception as error:
            self._fail(error)
            return
        self._free()
        if self._waiting:
            self._send()

    def _fail(self, error: Exception) -> None:
        self._listener.took("reserve", time.perf_counter() - self._begin)
        self._listener.failed(error)
        for one in itertools.chain(self._sent, self._waiting):
            if not one.future.done():
                one.future.set_result(None)
        self._waiting.clear()
        self._free()

    def _free(self) -> None:
        self._sent = []
        with self._gate:
            self._is_busy = False
            self._gate.notify_all()

    def _expire(self) -> None:
        """Give up for who has waited long enough, and come again for the next."""
        assert self._loop is not None  # for the type checker: `_move` has set it
        now, upcoming = time.monotonic(), None
        for one in itertools.chain(self._sent, self._waiting):
            if one.future.done():
                continue
            if one.until > now:
                upcoming = one.until - now + SLACK_S
                break
            one.future.set_result(None)
        self._timer = None if upcoming is None else self._loop.call_later(upcoming, self._expire)


class _Asked(NamedTuple):
    wishes: list[Wish]
    future: Future[list[Answer]]
    until: float


class InThread:
    """Asks in a thread of its own, all who wait at a time."""

    def __init__(self, store: CapacityStore, listener: Listener, patience_s: float) -> None:
        self._store, self._listener, self._patience_s = store, listener, patience_s
        self._asked: queue.SimpleQueue[_Asked | None] = queue.SimpleQueue()
        self._alone = threading.Lock()
        self._thread = threading.Thread(target=self._work, name="desk", daemon=True)
        self._ended = threading.Event()

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def end(self) -> None:
        """End, once all who wait are answered."""
        self._ended.set()
        self._asked.put(None)
        if self._thread.is_alive():
            self._thread.join()

    async def ask(self, wishes: list[Wish]) -> list[Answer] | None:
        """Ask for places; None where the store fails or takes too long."""
        future: Future[list[Answer]] = Future()
        self._asked.put(_Asked(wishes, future, time.monotonic() + self._patience_s))
        try:
            return await asyncio.wait_for(asyncio.wrap_future(future), self._patience_s + SLACK_S)
        except StoreError:
            return None
        except TimeoutError:
            # The answers may just be on their way: then they count, as the store has them.
            return None if future.cancel() or future.exception() else future.result()

    @contextmanager
    def held_back(self) -> Iterator[None]:
        """Hold wishes back."""
        with self._alone:
            yield

    def _work(self) -> None:
        while not (self._ended.is_set() and self._asked.empty()):
            first = self._asked.get()
            if first is not None:
                self._serve(first)

    def _serve(self, first: _Asked) -> None:
        """Ask the store for all that wait."""
        batch, n = [first], len(first.wishes)
        while n < MOST_AT_ONCE:
            try:
                more = self._asked.get_nowait()
            except queue.Empty:
                break
            if more is not None:
                batch.append(more)
                n += len(more.wishes)
        # Who has given up has an answer by now.
        now = time.monotonic()
        batch = [one for one in batch if one.until > now and not one.future.cancelled()]
        if not batch:
            return
        try:
            with self._alone:
                self._reserve(batch)
        except Exception as error:
            self._listener.failed(error)
            if not isinstance(error, StoreError):
                error = StoreError("the store was asked for what cannot be")
            for one in batch:
                _fail(one.future, error)

    def _reserve(self, batch: list[_Asked]) -> None:
        asked = [wish for one in batch for wish in one.wishes]
        begin = time.perf_counter()
        try:
            answers = self._store.reserve(asked)
        finally:
            self._listener.took("reserve", time.perf_counter() - begin)
        at = 0
        for one in batch:
            upto = at + len(one.wishes)
            if one.future.set_running_or_notify_cancel():
                self._listener.heard(one.wishes, answers[at:upto])
                one.future.set_result(answers[at:upto])
            at = upto


def _fail(future: Future[list[Answer]], error: BaseException) -> None:
    """Answer with an error who waits still; some may have been answered before it came."""
    if not future.done() and (future.running() or future.set_running_or_notify_cancel()):
        future.set_exception(error)
