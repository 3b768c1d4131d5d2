"""Why a request is not answered: one sentence, and what it is called in HTTP, gRPC and metrics.

The sentences reach logs of proxies and screens of strangers. So they name rows, fields and limits,
and never what was sent: no position, no token, nothing of what a person can do.
"""

from __future__ import annotations

import re
from typing import ClassVar

from evacroute.errors import EvacrouteError


class Refusal(EvacrouteError):
    """A request is not answered; the message is one sentence that may be shown to anyone."""

    status: ClassVar[int] = 500
    code: ClassVar[str] = "INTERNAL"
    """Name of gRPC's status code."""
    cause: ClassVar[str] = "fault"
    """Its label in the metrics."""
    headers: ClassVar[dict[str, str]] = {}
    is_counted: ClassVar[bool] = True
    """Whether it is among the requests that were rejected."""


class BadRequest(Refusal):
    """The body is not as it must be."""

    status, code, cause = 400, "INVALID_ARGUMENT", "bad_request"


class NotFound(Refusal):
    """Nothing is served there."""

    status, code, cause = 404, "NOT_FOUND", "not_found"


class TooLarge(Refusal):
    """The body is too long."""

    status, code, cause = 413, "RESOURCE_EXHAUSTED", "too_large"
    headers: ClassVar[dict[str, str]] = {"connection": "close"}


class Encoded(Refusal):
    """The body is compressed."""

    status, code, cause = 415, "INVALID_ARGUMENT", "encoded"


class NotReady(Refusal):
    """The bundle or the store is not there yet."""

    status, code, cause = 503, "UNAVAILABLE", "not_ready"
    headers: ClassVar[dict[str, str]] = {"retry-after": "2"}


class NotYet(NotReady):
    """Asked whether it is ready, it is not: that is an answer."""

    is_counted = False


class Busy(Refusal):
    """Too many requests are being answered."""

    status, code, cause = 503, "UNAVAILABLE", "busy"
    headers: ClassVar[dict[str, str]] = {"retry-after": "1"}


class Slow(Refusal):
    """The body has not all come, and others have no room to send theirs."""

    status, code, cause = 503, "UNAVAILABLE", "slow"
    headers: ClassVar[dict[str, str]] = {"retry-after": "1", "connection": "close"}


class TooLate(Refusal):
    """No answer was found in time."""

    status, code, cause = 504, "DEADLINE_EXCEEDED", "too_late"


class Gone(Refusal):
    """Whoever asked has hung up; nobody reads this answer."""

    status, code, cause = 499, "CANCELLED", "gone"


_ADDRESS = re.compile(r"\b[a-z][a-z0-9+.-]*://\S+", re.IGNORECASE)
_FOLDERS = re.compile(r"(?:[A-Za-z]:)?[\\/]?(?:[\w.~+@-]+[\\/])+|(?<!\w)[\\/](?=\w)")


def presentable(text: str) -> str:
    """Take addresses and folders out of a reason: they may hold passwords and tell of the machine.

    Examples
    --------
    >>> presentable("/mnt/models/manifest.json: 3 bytes short; no answer from redis://:key@host:1")
    'manifest.json: 3 bytes short; no answer from (address)'
    """
    first = text.strip().split("\n", 1)[0]
    return _FOLDERS.sub("", _ADDRESS.sub("(address)", first))[:300]
