"""Capacity store on a Redis server, for replicas on any number of machines."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from evacroute.errors import InputError, MissingExtraError, StoreError, StoreUnavailable
from evacroute.serving.capacity_store.ledger_store import conflict, parts, promised_ms
from evacroute.serving.capacity_store.records import (
    Answer,
    Counts,
    Held,
    Places,
    Wish,
    check_adopted,
    check_name,
    check_notice,
    check_token,
    milliseconds,
)
from evacroute.serving.capacity_store.redis_clock import ServerClock
from evacroute.serving.capacity_store.redis_words import (
    SCRIPT,
    SHA,
    answer_of,
    call_of,
    counts_of,
    held_of,
    promise,
    refused,
    sent,
)

if TYPE_CHECKING:
    from evacroute.serving.capacity_store.redis_line import RedisLine


class RedisStore:
    """Places on a Redis server (5 or later); each call is one script, so nothing comes between.

    What a restart of the server loses is up to its own settings. With `appendonly yes` and
    `appendfsync everysec` (recommended) the end of the Redis process, by kill -9 too, loses nothing
    that was answered; a power cut or a crash of the machine loses the last second or two. With
    `appendfsync always` that loses nothing either, at a fraction of the rate. Without the log all
    since the last snapshot is lost. A change to a replica of Redis loses what it did not yet have,
    as it is copied after the answer. Of a lost tail nothing is broken: a script is kept or lost as
    a whole. `maxmemory-policy` must be `noeviction`: a server that evicts counts answers an error.

    Time is the server's. `beat` tells it, and so which wishes it is to refuse as late; before the
    first `beat` it refuses none. All keys have the hash tag {event}, so that a cluster keeps them
    on one node; the address must be that node's, as the store follows no redirection. They end by
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
        self._event, self._timeout_s = event, timeout_s
        self._is_secure = url.startswith("rediss:")
        self._clock = ServerClock()

    def declare(self, places: Places) -> None:
        """Set the shelters' places, where they are newer."""
        rows = zip(places.shelter_id, places.capacity, places.step_free, strict=True)
        self._call("declare", f"{places.version:020d}", *(value for row in rows for value in row))

    def reserve(self, wishes: Sequence[Wish]) -> list[Answer]:
        """Take a place for each wish, or refuse it."""
        return self._reserve([sent(wish, self._clock) for wish in wishes])

    def _reserve(self, rows: Sequence[tuple[object, ...]]) -> list[Answer]:
        answers: list[Answer] = []
        for part in parts(rows):
            values = (value for row in part for value in row)
            answers += [answer_of(row) for row in self._call("reserve", *values)]
        return answers

    def renew(self, token: str, hold_s: float) -> Held | None:
        """Keep a place for longer."""
        check_token(token)
        return held_of(self._call("prolong", token, milliseconds(hold_s, "hold_s")))

    def arrived(self, token: str) -> Held | None:
        """Keep a place for good."""
        check_token(token)
        return held_of(self._call("prolong", token, 0))

    def cancel(self, token: str) -> bool:
        """Give a place back, and refuse the token for a while."""
        check_token(token)
        return bool(self._call("cancel", token))

    def adopt(self, held: Sequence[Wish]) -> list[Answer]:
        """Write in what was promised without the store."""
        check_adopted(held)
        if not held:
            return []
        # Told by the server's clock, not by ages: the script may run late, after a freeze.
        seconds, micro = self._ask(self._client.time)
        now = seconds * 1000 + micro // 1000
        return self._reserve([promise(wish, max(promised_ms(wish, now), 0)) for wish in held])

    def look(self) -> Counts:
        """Count how full the shelters are."""
        is_more, flat = 1, []
        while is_more:
            is_more, flat = self._call("look")
        return counts_of(dict(zip(flat[::2], flat[1::2], strict=True)))

    def beat(self, replica: str, alive_s: float) -> int:
        """Note that a replica is alive, and count those that are."""
        check_name(replica, "replica")
        before = time.monotonic()
        alive, now = self._call("beat", replica, milliseconds(alive_s, "alive_s"))
        self._clock.seen(before, time.monotonic(), now)
        return int(alive)

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

    def line(self) -> RedisLine | None:
        """Make a link for an event loop; None where hiredis is missing or cannot do it.

        Close it before the store.
        """
        from evacroute.serving.capacity_store.redis_line import open_line

        pool = self._client.connection_pool
        return open_line(
            self._where, pool.connection_kwargs, self._event, self._timeout_s, self._clock,
            is_secure=self._is_secure,
        )  # fmt: skip

    def _call(self, command: str, *values: object) -> Any:
        """Run the script; a server that was restarted is given it anew."""
        arguments = (*call_of(self._event, command), *values)
        try:
            return self._ask(self._client.evalsha, SHA, *arguments)
        except self._errors.NoScriptError:
            return self._ask(self._client.eval, SCRIPT, *arguments)

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
            raise refused(self._where, str(error)) from error
