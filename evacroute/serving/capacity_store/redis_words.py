"""What is sent to the script on Redis, and what comes back."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import Any

from evacroute.errors import StoreError, StoreUnavailable
from evacroute.serving.capacity_store.records import (
    PURGED,
    RETENTION_S,
    TOMBSTONE_S,
    Answer,
    Counts,
    Held,
    Refusal,
    Refused,
    Wish,
    milliseconds,
)
from evacroute.serving.capacity_store.redis_clock import ServerClock

SCRIPT = (files(__package__) / "script.lua").read_bytes()
SHA = hashlib.sha1(SCRIPT, usedforsecurity=False).hexdigest()

_KEYS = ("places", "held", "due", "gone", "beats", "notice", "made")
_PASSING = ("OOM", "MISCONF", "READONLY", "NOREPLICAS", "LOADING", "BUSY", "CLUSTERDOWN")
"""Words with which a server says that it cannot just now; the client has classes for some."""


@cache
def call_of(event: str, command: str) -> tuple[object, ...]:
    """Give what comes before a command's own values: the event's keys, the command, settings."""
    keys = (f"evacroute:{{{event}}}:{name}" for name in _KEYS)
    times = (milliseconds(time, "setting") for time in (TOMBSTONE_S, RETENTION_S))
    return (len(_KEYS), *keys, command, PURGED, *times)


def refused(where: str, text: str) -> StoreError:
    """Tell a server's error as the library's own."""
    if text.startswith(_PASSING):
        return StoreUnavailable(f"{where}: cannot just now ({text})")
    return StoreError(f"{where}: refused the call ({text})")


def sent(wish: Wish, clock: ServerClock) -> tuple[object, ...]:
    """Give a wish as the script takes it; one whose clock is not known refuses none as late."""
    given_up = None if wish.give_up_at is None else clock.at(wish.give_up_at)
    return _row(wish, "", "" if given_up is None else given_up)


def promise(wish: Wish, promised: int) -> tuple[object, ...]:
    """Give a promise as the script takes it, and when it was made [ms]."""
    return _row(wish, promised, "")


def _row(wish: Wish, promised: int | str, given_up: int | str) -> tuple[object, ...]:
    return (
        wish.token,
        wish.size,
        int(wish.step_free),
        milliseconds(wish.hold_s, "hold_s"),
        wish.by,
        promised,
        given_up,
        len(wish.candidates),
        *wish.candidates,
    )


def held_of(row: Sequence[Any]) -> Held | None:
    """Read a place as the script tells it; None where it tells of none."""
    word, shelter_id, size, step_free, left_ms = row
    if not shelter_id:
        return None
    return Held(
        shelter_id=shelter_id.decode(),
        size=size,
        step_free=bool(step_free),
        expires_in_s=float("inf") if left_ms < 0 else left_ms / 1000,
        arrived=left_ms < 0,
        is_new=word == b"new",
    )


def answer_of(row: Sequence[Any]) -> Answer:
    """Read the script's answer to a wish."""
    own = held_of(row)
    if own is not None and row[0] in (b"held", b"new"):
        return own
    return Refused(Refusal(row[0].decode()), own)


def counts_of(fields: dict[bytes, bytes]) -> Counts:
    """Read the rows of all shelters."""
    names = sorted(key[2:] for key in fields if key.startswith(b"c:"))

    def column(kind: bytes) -> tuple[int, ...]:
        return tuple(int(fields.get(kind + name, 0)) for name in names)

    version = fields.get(b"version")
    return Counts(
        version=None if version is None else int(version),
        shelter_id=tuple(name.decode() for name in names),
        capacity=column(b"c:"),
        step_free=column(b"s:"),
        taken=column(b"t:"),
        step_free_taken=column(b"u:"),
        arrived=column(b"a:"),
    )
