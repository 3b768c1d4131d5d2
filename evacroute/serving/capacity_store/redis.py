"""Capacity store on a Redis server, for replicas on any number of machines."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from importlib.resources import files
from typing import Any

from evacroute.errors import InputError, MissingExtraError, StoreError, StoreUnavailable
from evacroute.serving.capacity_store.ledger import is_as_promised
from evacroute.serving.capacity_store.ledger_store import conflict, parts
from evacroute.serving.capacity_store.records import (
    PURGED,
    RETENTION_S,
    TOMBSTONE_S,
    Answer,
    Counts,
    Held,
    Places,
    Refusal,
    Refused,
    Wish,
    check_adopted,
    check_name,
    check_notice,
    check_token,
    milliseconds,
)

_SCRIPT = (files(__package__) / "script.lua").read_bytes()
_SHA = hashlib.sha1(_SCRIPT, usedforsecurity=False).hexdigest()
_KEYS = ("places", "held", "due", "gone", "beats", "notice")
_PASSING = ("OOM", "MISCONF", "READONLY", "NOREPLICAS", "LOADING", "BUSY", "CLUSTERDOWN")
"""Words with which a server says that it cannot just now; the client has classes for some."""


class RedisStore:
    """Places on a Redis server (5 or later); each call is one script, so nothing comes between.

    What a restart of the server loses is up to its own settings. With `appendonly yes` and
    `appendfsync everysec` (recommended) the end of the Redis process, by kill -9 too, loses nothing
    that was answered; a power cut or a crash of the machine loses the last second or two. With
    `appendfsync always` that loses nothing either, at a fraction of the rate. Without the log all
    since the last snapshot is lost. A change to a replica of Redis loses what it did not yet have,
    as it is copied after the answer. Of a lost tail nothing is broken: a script is kept or lost as
    a whole. `maxmemory-policy` must be `noeviction`: a server that evicts counts answers an error.

    Time is the server's. All keys have the hash tag {event}, so that a cluster keeps them on one
    node; the address must be that node's, as the store follows no redirection. They end by
    themselves `RETENTION_S` after the event's last use. Nothing is asked twice here: a call lasts
    up to `timeout_s` to connect and as long for an answer.

    Parameters
    ----------
    url
        As `open_store` takes it, checked before.
    event
        Name of the evacuation.
    timeout_s
        How long to wait for the connection, and for each answer [s].

    Raises
    ------
    MissingExtraError
        If redis is not installed.
    InputError
        If the address cannot be read; it is not shown, as it may have a password.
    """

    kind = "redis"
    is_shared = True

    def __init__(self, url: str, *, event: str = "default", timeout_s: float = 2.0) -> None:
        try:
            import redis
            from redis.backoff import NoBackoff
            from redis.retry import Retry
        except ImportError:
            raise MissingExtraError("redis", "serving", "the redis capacity store") from None
        self._errors = redis.exceptions
        try:
            self._client: Any = redis.Redis.from_url(
                url,
                protocol=2,
                socket_timeout=timeout_s,
                socket_connect_timeout=timeout_s,
                socket_keepalive=True,
                retry=Retry(NoBackoff(), 0),
            )
            at = self._client.connection_pool.connection_kwargs
            self._where = f"redis store {at.get('host', 'localhost')}:{at.get('port', 6379)}"
        except (ValueError, TypeError):
            raise InputError("store: the address cannot be read (it is not shown)") from None
        self._is_open = True
        self._keys = [f"evacroute:{{{event}}}:{name}" for name in _KEYS]
        times = (TOMBSTONE_S, RETENTION_S)
        self._settings = [PURGED, *(milliseconds(time, "setting") for time in times)]

    def declare(self, places: Places) -> None:
        """Set the shelters' places, where they are newer."""
        rows = zip(places.shelter_id, places.capacity, places.step_free, strict=True)
        self._call("declare", f"{places.version:020d}", *(value for row in rows for value in row))

    def reserve(self, wishes: Sequence[Wish]) -> list[Answer]:
        """Take a place for each wish, or refuse it."""
        answers: list[Answer] = []
        for part in parts(wishes):
            rows = self._call("reserve", *(value for wish in part for value in _sent(wish)))
            answers += [_answer(row) for row in rows]
        return answers

    def renew(self, token: str, hold_s: float) -> Held | None:
        """Keep a place for longer."""
        check_token(token)
        return _held(self._call("prolong", token, milliseconds(hold_s, "hold_s")))

    def arrived(self, token: str) -> Held | None:
        """Keep a place for good."""
        check_token(token)
        return _held(self._call("prolong", token, 0))

    def cancel(self, token: str) -> bool:
        """Give a place back, and refuse the token for a while."""
        check_token(token)
        return bool(self._call("cancel", token))

    def adopt(self, held: Sequence[Wish]) -> list[bool]:
        """Write in what was promised without the store."""
        check_adopted(held)
        pairs = zip(self.reserve(held), held, strict=True)
        return [is_as_promised(answer, wish) for answer, wish in pairs]

    def look(self) -> Counts:
        """Count how full the shelters are."""
        is_more, flat = 1, []
        while is_more:
            is_more, flat = self._call("look")
        return _counts(dict(zip(flat[::2], flat[1::2], strict=True)))

    def beat(self, replica: str, alive_s: float) -> int:
        """Note that a replica is alive, and count those that are."""
        check_name(replica, "replica")
        return int(self._call("beat", replica, milliseconds(alive_s, "alive_s")))

    def publish(self, notice: bytes, *, expected: int | None = None) -> int:
        """Set the notice; its version."""
        check_notice(notice, expected)
        is_done, version = self._call("publish", notice, "" if expected is None else expected)
        if not is_done and expected is not None:
            raise conflict(version, expected)
        return int(version)

    def notice(self, since: int) -> tuple[int, bytes] | None:
        """Read the notice, where the caller has another version."""
        found = self._call("notice", since)
        return (int(found[0]), bytes(found[1])) if found else None

    def ping(self) -> None:
        """Raise where the store cannot be asked."""
        self._ask(self._client.ping)

    def close(self) -> None:
        """Let go of everything."""
        self._is_open = False
        self._client.close()

    def _call(self, command: str, *values: object) -> Any:
        """Run the script; a server that was restarted is given it anew."""
        arguments = (len(self._keys), *self._keys, command, *self._settings, *values)
        try:
            return self._ask(self._client.evalsha, _SHA, *arguments)
        except self._errors.NoScriptError:
            return self._ask(self._client.eval, _SCRIPT, *arguments)

    def _ask(self, method: Any, *arguments: object) -> Any:
        """Call the client, and tell its errors as the library's own."""
        if not self._is_open:
            raise StoreError(f"{self._where}: it is closed")
        errors = self._errors
        passing = (
            errors.ConnectionError, errors.TimeoutError, errors.ReadOnlyError,
            errors.OutOfMemoryError, errors.ClusterDownError, OSError,
        )  # fmt: skip
        try:
            return method(*arguments)
        except errors.NoScriptError:
            raise
        except passing as error:
            raise StoreUnavailable(
                f"{self._where}: out of reach ({type(error).__name__})"
            ) from error
        except errors.RedisError as error:
            text = str(error)
            if text.startswith(_PASSING):
                raise StoreUnavailable(f"{self._where}: cannot just now ({text})") from error
            raise StoreError(f"{self._where}: refused the call ({text})") from error


def _sent(wish: Wish) -> tuple[object, ...]:
    return (
        wish.token,
        wish.size,
        int(wish.step_free),
        milliseconds(wish.hold_s, "hold_s"),
        len(wish.candidates),
        *wish.candidates,
    )


def _held(row: Sequence[Any]) -> Held | None:
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


def _answer(row: Sequence[Any]) -> Answer:
    held = _held(row)
    if held is not None and row[0] in (b"held", b"new"):
        return held
    return Refused(Refusal(row[0].decode()), held)


def _counts(fields: dict[bytes, bytes]) -> Counts:
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
