"""What both doors do with a request: give it an id, a place in the queue, a deadline, a line."""

from __future__ import annotations

import asyncio
import logging
import random
import re
import secrets
from contextvars import ContextVar
from dataclasses import dataclass, field
from math import inf
from time import perf_counter
from types import TracebackType
from typing import Any

from evacroute.answering.answers import Answers
from evacroute.answering.questions import Questions
from evacroute.serving._kserve import InvalidInput, ModelNotFound, ModelNotReady
from evacroute.serving.core import Core
from evacroute.serving.logs import LOG, fault_of, say
from evacroute.serving.metrics import Meters
from evacroute.serving.refusals import (
    BadRequest,
    Busy,
    NotFound,
    NotReady,
    Refusal,
    Slow,
    TooLate,
)
from evacroute.serving.tracing import Tracer

_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")

# Ids are no secrets: they need not be asked of the system one by one.
_CHANCE = random.Random(secrets.randbits(256))


BEAT_S = 0.02
"""How often the event loop is to come round [s]."""

MOST_LATE_S = 0.25
"""Where it has not come round for so long, who comes next is sent away [s]."""

BODIES = 64
"""So many bodies at least may be waited for at a time: each is memory, up to the longest body."""


class Fault(Refusal):
    """Something went wrong that is not the fault of who asked."""


@dataclass(slots=True)
class Note:
    """What is written of one request; nothing here tells who asked."""

    request_id: str
    protocol: str
    route: str = "other"
    parties: int = 0
    persons: int = 0
    fault: dict[str, str] = field(default_factory=dict)
    started: float = field(default_factory=perf_counter)


CURRENT: ContextVar[Note] = ContextVar("evacroute_request")


def request_id(given: str | None) -> str:
    """Take over a request's id if it is made of plain characters, else make one."""
    return given if given and _REQUEST_ID.fullmatch(given) else f"{_CHANCE.getrandbits(128):032x}"


class Reception:
    """Lets in as many requests as can be answered, and keeps the books.

    Parameters
    ----------
    core
        What answers.
    meters
        Where it is counted.
    most
        The most requests answered at a time; more are sent away at once, so that those who are
        in are answered in time. As many bodies, or `BODIES` if that is more, are waited for beside.
    timeout
        How long an answer may take [s], from the head of the request on.
    """

    def __init__(self, core: Core, meters: Meters, *, most: int, timeout: float) -> None:
        self.core = core
        self.meters = meters
        self.timeout = timeout
        self.tracer = Tracer()
        self._most, self._most_bodies = most, max(most, BODIES)
        self._now = 0
        # Those whose body has not all come, the oldest first.
        self._bodies: dict[_Turn, None] = {}
        self._beat = inf
        meters.in_flight.set_function(lambda: self._now)

    @property
    def busy(self) -> int:
        """How many requests are being read or answered."""
        return self._now + len(self._bodies)

    def keep_beat(self) -> None:
        """Note from now on when the event loop last came round."""
        self._beat = perf_counter()
        asyncio.get_running_loop().call_later(BEAT_S, self.keep_beat)

    def admitted(self, timeout: float | None = None) -> _Turn:
        """Hold a place while a request is answered, with the limit of time; for ``with``.

        Raises
        ------
        NotReady, Busy, TooLate
            If it cannot be answered, not now, or was not in time.
        """
        self._check()
        return _Turn(self, self.timeout if timeout is None else min(timeout, self.timeout))

    def reading(self) -> _Turn:
        """Wait for a body, and hold a place once its turn is told that it is there; for ``with``.

        The limit of time is one for both. Where more bodies are waited for than may be, those that
        have been for longest are given up: half of one, sent by whoever likes, costs nothing.

        Raises
        ------
        NotReady, Busy, Slow, TooLate
            If it cannot be answered, not now, or was not sent or answered in time.
        """
        self._check()
        return _Turn(self, self.timeout, is_reading=True)

    def _check(self) -> None:
        """Refuse what cannot be answered now."""
        if not self.core.ready:
            raise NotReady("not ready")
        if self._now >= self._most:
            raise Busy(f"{self._most} requests are being answered, the limit; try again in 1 s")
        if perf_counter() - self._beat > MOST_LATE_S:
            # What waits in sockets is not counted above, and would be answered when nobody listens.
            raise Busy("more is asked than can be answered in time; try again in 1 s")

    def begin(self, turn: _Turn, *, is_reading: bool) -> None:
        """Count a request whose body is waited for, or that is let in."""
        if not is_reading:
            self._let_in(turn)
            return
        self._bodies[turn] = None
        if len(self._bodies) > self._most_bodies:
            # Not at once: most bodies are there with their heads, and will not be waited for.
            asyncio.get_running_loop().call_soon(self._make_room)

    def arrived(self, turn: _Turn) -> None:
        """Let in a request whose body is there."""
        self._check()
        self._bodies.pop(turn, None)
        self._let_in(turn)

    def leave(self, turn: _Turn) -> None:
        """Give its place free."""
        self._bodies.pop(turn, None)
        if turn.is_in:
            self._now -= 1

    def _let_in(self, turn: _Turn) -> None:
        turn.is_in = True
        self._now += 1

    def _make_room(self) -> None:
        while len(self._bodies) > self._most_bodies:
            oldest = next(iter(self._bodies))
            del self._bodies[oldest]
            oldest.send_away(
                f"{self._most_bodies} bodies are being waited for, the limit; send yours in one go"
            )

    def heard(self, questions: Questions, answers: Answers) -> None:
        """Count who was answered, for the model."""
        persons = self.meters.answered(questions, answers)
        note = CURRENT.get(None)
        if note is not None:
            note.parties = len(answers)
            note.persons = persons

    def refusal(self, error: Exception, note: Note) -> Refusal:
        """Turn whatever was raised into what may be shown, and count it."""
        made = self._refusal(error)
        if isinstance(made, Fault):
            note.fault = fault_of(error)
        if made.is_counted:
            self.meters.rejected(made.cause)
        return made

    def _refusal(self, error: Exception) -> Refusal:
        if isinstance(error, Refusal):
            return error
        if isinstance(error, InvalidInput):
            return BadRequest(str(error))
        if isinstance(error, ModelNotReady):
            return NotReady("not ready")
        if isinstance(error, ModelNotFound):
            return NotFound("no model of that name is served here")
        return Fault("internal error")

    def end(self, note: Note, code: Any, *, is_fault: bool) -> None:
        """Count a request that has ended, and write its line."""
        seconds = perf_counter() - note.started
        self.meters.request(note.route, note.protocol, seconds)
        level = logging.ERROR if is_fault else logging.INFO
        if not LOG.isEnabledFor(level):
            return
        say(
            "request",
            level,
            request_id=note.request_id,
            protocol=note.protocol,
            route=note.route,
            code=code,
            parties=note.parties,
            persons=note.persons,
            ms=round(seconds * 1000, 2),
            plan=self.core.plan,
            **note.fault,
        )


class _Turn:
    """A place and a limit of time, as `asyncio.timeout` sets it but at a fifth of the cost."""

    __slots__ = (
        "_before", "_cut", "_is_reading", "_reception", "_task", "_timer", "_within", "is_in",
    )  # fmt: skip

    def __init__(self, reception: Reception, within: float, *, is_reading: bool = False) -> None:
        self._reception, self._within, self._is_reading = reception, within, is_reading
        self._cut: Refusal | None = None
        self.is_in = False

    def __enter__(self) -> _Turn:
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("only a task is answered")
        self._task, self._before = task, task.cancelling()
        self._timer = task.get_loop().call_later(self._within, self._end)
        self._reception.begin(self, is_reading=self._is_reading)
        return self

    def arrived(self) -> None:
        """Tell that the body is there; raises Busy if there are too many to be answered."""
        self._reception.arrived(self)

    def send_away(self, why: str) -> None:
        """Wait for the body no longer."""
        self._end(Slow(why))

    def _end(self, why: Refusal | None = None) -> None:
        if self._cut is None:
            self._cut = why or self._late()
            self._task.cancel()

    def _late(self) -> TooLate:
        return TooLate(f"no answer within {self._within:g} s, the limit; try again")

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._timer.cancel()
        self._reception.leave(self)
        # Others may have cancelled it too, and that is not for us to take back.
        is_ours = self._cut is not None and self._task.uncancel() <= self._before
        if is_ours and kind is asyncio.CancelledError and self._cut is not None:
            raise self._cut from None
        if isinstance(error, TimeoutError):
            raise self._late() from None
