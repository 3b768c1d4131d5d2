"""What both doors do with a request: give it an id, a place in the queue, a deadline, a line."""

from __future__ import annotations

import asyncio
import logging
import re
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from math import inf
from time import perf_counter
from typing import Any

from evacroute.answering.answers import Answers
from evacroute.answering.questions import Questions
from evacroute.serving._kserve import InvalidInput, ModelNotFound, ModelNotReady
from evacroute.serving.core import Core
from evacroute.serving.logs import fault_of, say
from evacroute.serving.metrics import Meters
from evacroute.serving.refusals import BadRequest, Busy, NotFound, NotReady, Refusal, TooLate
from evacroute.serving.tracing import Tracer

_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")


BEAT_S = 0.02
"""How often the event loop is to come round [s]."""

MOST_LATE_S = 0.25
"""Where it has not come round for so long, who comes next is sent away [s]."""


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
    return given if given and _REQUEST_ID.fullmatch(given) else secrets.token_hex(16)


class Desk:
    """Lets in as many requests as can be answered, and keeps the books.

    Parameters
    ----------
    core
        What answers.
    meters
        Where it is counted.
    most
        The most requests answered at a time; more are sent away at once, so that those who are
        in are answered in time.
    timeout
        How long an answer may take [s], from the head of the request on.
    """

    def __init__(self, core: Core, meters: Meters, *, most: int, timeout: float) -> None:
        self.core = core
        self.meters = meters
        self.timeout = timeout
        self.tracer = Tracer()
        self._most = most
        self._now = 0
        self._beat = inf

    @property
    def busy(self) -> int:
        """How many requests are being answered."""
        return self._now

    def keep_beat(self) -> None:
        """Note from now on when the event loop last came round."""
        self._beat = perf_counter()
        asyncio.get_running_loop().call_later(BEAT_S, self.keep_beat)

    @asynccontextmanager
    async def admitted(self, timeout: float | None = None) -> AsyncIterator[None]:
        """Hold a place while a request is answered.

        Raises
        ------
        NotReady, Busy, TooLate
            If it cannot be answered, not now, or was not in time.
        """
        if not self.core.ready:
            raise NotReady("not ready")
        if self._now >= self._most:
            raise Busy(f"{self._most} requests are being answered, the limit; try again in 1 s")
        if perf_counter() - self._beat > MOST_LATE_S:
            # What waits in sockets is not counted above, and would be answered when nobody listens.
            raise Busy("more is asked than can be answered in time; try again in 1 s")
        within = self.timeout if timeout is None else min(timeout, self.timeout)
        self._now += 1
        self.meters.in_flight.inc()
        try:
            async with asyncio.timeout(within):
                yield
        except TimeoutError:
            raise TooLate(f"no answer within {within:g} s, the limit; try again") from None
        finally:
            self._now -= 1
            self.meters.in_flight.dec()

    def heard(self, questions: Questions, answers: Answers) -> None:
        """Count who was answered, for the model."""
        self.meters.answered(questions, answers)
        note = CURRENT.get(None)
        if note is not None:
            note.parties = len(answers)
            note.persons = int(questions.party_size.sum())

    def refusal(self, error: Exception, note: Note) -> Refusal:
        """Turn whatever was raised into what may be shown, and count it."""
        made = self._refusal(error)
        if isinstance(made, Fault):
            note.fault = fault_of(error)
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
        say(
            "request",
            logging.ERROR if is_fault else logging.INFO,
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
