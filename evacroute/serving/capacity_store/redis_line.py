"""A link to a Redis server on an event loop: one call at a time, packed and read by hiredis.

redis-py's own client for asyncio took 0.15 ms of processor a call, more than the whole way to the
store and back takes by this. What it knows of addresses and TLS is used here nevertheless.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

from evacroute.errors import StoreError, StoreUnavailable
from evacroute.serving.capacity_store.ledger_store import parts
from evacroute.serving.capacity_store.records import Answer, Wish
from evacroute.serving.capacity_store.redis_clock import ServerClock
from evacroute.serving.capacity_store.redis_words import (
    SCRIPT,
    SHA,
    answer_of,
    call_of,
    refused,
    sent,
)

Then = Callable[[list[Answer] | StoreError], None]

_MISSING = "NOSCRIPT"


def open_line(
    where: str, options: Mapping[str, Any], event: str, timeout_s: float, clock: ServerClock,
    *, is_secure: bool,
) -> RedisLine | None:  # fmt: skip
    """Make a link that is opened at the first call; None where something for it is missing.

    Parameters
    ----------
    where
        How messages name the store.
    options
        Of a connection, as redis-py read them from the address.
    event
        Name of the evacuation.
    timeout_s
        How long to wait for the connection, and for each answer [s].
    clock
        What is known of the server's.
    is_secure
        Whether it goes over TLS.
    """
    try:
        import hiredis
    except ImportError:
        return None
    if not hasattr(hiredis, "pack_command"):
        return None
    context = None
    if is_secure:
        from redis.asyncio.connection import SSLConnection

        secure = {name: value for name, value in options.items() if name.startswith("ssl_")}
        try:
            context = SSLConnection(**secure).ssl_context.get()
        except Exception:
            # An option that only the other client knows, or a file that it will complain of.
            return None
    hello: list[tuple[object, ...]] = []
    if options.get("password") is not None:
        user = options.get("username")
        hello.append(("AUTH", *(() if user is None else (user,)), options["password"]))
    if options.get("db"):
        hello.append(("SELECT", options["db"]))
    return RedisLine(where, options, event, timeout_s, clock, hello, context)


class RedisLine:
    """Asks for places; see `store.Line`. A link that broke is opened anew at the next call."""

    def __init__(
        self,
        where: str,
        options: Mapping[str, Any],
        event: str,
        timeout_s: float,
        clock: ServerClock,
        hello: Sequence[tuple[object, ...]],
        context: ssl.SSLContext | None,
    ) -> None:
        import hiredis

        self._pack: Callable[[Any], bytes] = hiredis.pack_command
        self._reader, self._error = hiredis.Reader, hiredis.ReplyError
        self._where, self._timeout_s = where, timeout_s
        self._host, self._port = options.get("host", "localhost"), options.get("port", 6379)
        self._hello, self._context, self._clock = hello, context, clock
        self._call = call_of(event, "reserve")
        self._link: _Link | None = None
        self._opening: asyncio.Task[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._is_open = True
        self._then: Then | None = None
        self._left: list[Sequence[Wish]] = []
        self._answers: list[Answer] = []

    def reserve(self, wishes: Sequence[Wish], then: Then) -> None:
        """Take a place for each wish, or refuse it."""
        self._then, self._left, self._answers = then, list(parts(wishes)), []
        if not self._is_open:
            self._end(StoreError(f"{self._where}: it is closed"))
            return
        if not self._left:
            self._end([])
            return
        loop = asyncio.get_running_loop()
        if loop is not self._loop:
            self._loop, self._link = loop, None
        if self._link is None:
            self._opening = loop.create_task(self._open(loop))
        else:
            self._send(self._link, "EVALSHA", SHA)

    def close(self) -> None:
        """Let go of the connection."""
        self._is_open = False
        if self._loop is not None:
            with contextlib.suppress(RuntimeError):  # The loop has ended, and the link with it.
                self._loop.call_soon_threadsafe(self._give_up, "it is closed")

    async def _open(self, loop: asyncio.AbstractEventLoop) -> None:
        link = _Link(self._reader(), self._heard, self._lost)
        try:
            async with asyncio.timeout(self._timeout_s):
                await loop.create_connection(
                    lambda: link, self._host, self._port, ssl=self._context,
                )  # fmt: skip
                for words in self._hello:
                    reply = await link.ask(self._pack(words))
                    if isinstance(reply, self._error):
                        # Not its text, which might tell what was sent.
                        raise ConnectionError(f"{words[0]} was refused")
                if link.is_lost:
                    raise ConnectionResetError
        except (OSError, TimeoutError) as error:
            link.abort()
            self._end(StoreUnavailable(f"{self._where}: out of reach ({type(error).__name__})"))
        except Exception as error:
            link.abort()
            self._end(StoreError(f"{self._where}: cannot be asked ({type(error).__name__})"))
        except BaseException:
            link.abort()
            raise
        else:
            self._link = link
            self._send(link, "EVALSHA", SHA)

    def _send(self, link: _Link, command: str, script: str | bytes) -> None:
        words = [command, script, *self._call]
        for wish in self._left[0]:
            words += sent(wish, self._clock)
        if self._timer is not None:
            self._timer.cancel()
        assert self._loop is not None  # for the type checker: `reserve` has set it
        self._timer = self._loop.call_later(self._timeout_s, self._give_up, "TimeoutError")
        link.write(self._pack(tuple(words)))

    def _heard(self, link: _Link, reply: Any) -> None:
        """Take an answer, and send the next part of what was asked for."""
        if link is not self._link or self._then is None:
            return
        if isinstance(reply, self._error):
            text = str(reply)
            if text.startswith(_MISSING):
                self._send(link, "EVAL", SCRIPT)
            else:
                self._end(refused(self._where, text))
            return
        self._answers += [answer_of(row) for row in reply]
        del self._left[0]
        if self._left:
            self._send(link, "EVALSHA", SHA)
        else:
            self._end(self._answers)

    def _lost(self, link: _Link) -> None:
        if link is self._link:
            self._give_up("ConnectionError")

    def _give_up(self, why: str) -> None:
        """Cut the link: what it still answers belongs to nobody."""
        link, self._link = self._link, None
        if link is not None:
            link.abort()
        if self._opening is not None:
            self._opening.cancel()
        self._end(StoreUnavailable(f"{self._where}: out of reach ({why})"))

    def _end(self, answers: list[Answer] | StoreError) -> None:
        then, self._then = self._then, None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if then is not None:
            then(answers)


class _Link(asyncio.Protocol):
    """One connection."""

    def __init__(
        self, reader: Any, heard: Callable[[_Link, Any], None], lost: Callable[[_Link], None]
    ) -> None:
        self._reader, self._heard, self._on_lost = reader, heard, lost
        self.is_lost = False
        self._transport: asyncio.Transport | None = None
        self._asked: asyncio.Future[Any] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are of no class of asyncio's.
        self._transport = cast(asyncio.Transport, transport)
        link = transport.get_extra_info("socket")
        if link is not None:
            link.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)

    def data_received(self, data: bytes) -> None:
        try:
            self._reader.feed(data)
            while (reply := self._reader.gets()) is not False:
                if self._asked is None:
                    self._heard(self, reply)
                elif not self._asked.done():
                    self._asked.set_result(reply)
        except Exception:
            # It does not speak as Redis does.
            self.abort()
            self.connection_lost(None)

    def connection_lost(self, error: Exception | None) -> None:
        self.is_lost = True
        if self._asked is not None and not self._asked.done():
            self._asked.set_exception(ConnectionResetError())
        self._on_lost(self)

    async def ask(self, words: bytes) -> Any:
        """Send something and wait for the answer, before calls begin."""
        self._asked = asyncio.get_running_loop().create_future()
        self.write(words)
        try:
            return await self._asked
        finally:
            self._asked = None

    def write(self, words: bytes) -> None:
        if self._transport is not None:
            self._transport.write(words)

    def abort(self) -> None:
        if self._transport is not None:
            self._transport.abort()
