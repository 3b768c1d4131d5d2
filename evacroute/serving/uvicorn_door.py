"""uvicorn with limits on the head of a request, and an answer sent in one piece."""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD_BYTES = 16_384
"""The longest head of a request: address and headers."""
HEAD_SECONDS = 10.0
"""How long a connection may take to send one."""

_TOO_LONG = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\nconnection: close\r\n"
    b"content-type: application/json\r\ncontent-length: 46\r\n\r\n"
    b'{"error":"the head is longer than 16384 bytes"}'
)


class OnePiece:
    """A connection that keeps the head of an answer until its body comes, and sends both at once.

    uvicorn sends one after the other. What the system does for each costs as much as to read a
    request.
    """

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._head = b""
        self.is_closing = transport.is_closing

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def write(self, data: bytes) -> None:
        """Send what was kept and this, or keep it if it is a head."""
        if self._head:
            data, self._head = self._head + data, b""
        elif data.startswith(b"HTTP/1.1 ") and not data.startswith(b"HTTP/1.1 1"):
            self._head = data
            return
        self._transport.write(data)

    def flush(self) -> None:
        """Send what was kept."""
        if self._head:
            self._transport.write(self._head)
            self._head = b""

    def close(self) -> None:
        """Send what was kept, and hang up."""
        self.flush()
        self._transport.close()


class LimitedProtocol(HttpToolsProtocol):
    """HTTP/1.1 that hangs up on heads that are too long or never end; uvicorn takes any."""

    _head = 0
    _in_head = True
    _passed = False
    _refused = False
    _timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for a head."""
        super().connection_made(transport)
        self._piece = OnePiece(transport)
        self.transport = self._piece  # type: ignore[assignment]
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop waiting."""
        self._stop_waiting()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Read what has come, and count it where it is part of a head and nothing else."""
        if self._refused:
            return
        was_in_head, self._passed = self._in_head, False
        super().data_received(data)
        if was_in_head and self._in_head and not self._passed:
            self._head += len(data)
            if self._head > HEAD_BYTES:
                self._refuse()

    def on_message_begin(self) -> None:
        """Note that a head begins."""
        super().on_message_begin()
        if self._timer is None:
            self._wait()

    def on_headers_complete(self) -> None:
        """Note that it has ended, and pass it on if it is not too long."""
        self._in_head, self._passed = False, True
        self._stop_waiting()
        if sum(len(n) + len(v) for n, v in self.headers) + len(self.url) > HEAD_BYTES:
            self._refuse()
        if not self._refused:
            super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Pass a part of the body on, unless the head was refused."""
        if not self._refused:
            super().on_body(body)

    def on_message_complete(self) -> None:
        """Pass the end on, unless the head was refused."""
        self._in_head = True
        self._head = 0
        if not self._refused:
            super().on_message_complete()

    def on_response_complete(self) -> None:
        """Send what has no body."""
        self._piece.flush()
        super().on_response_complete()

    def _refuse(self) -> None:
        if not self._refused and not self.transport.is_closing():
            self._refused = True
            self.transport.write(_TOO_LONG)
            self.transport.close()

    def _wait(self) -> None:
        self._timer = self.loop.call_later(HEAD_SECONDS, self.transport.close)

    def _stop_waiting(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


def limit(config: Any, host: str) -> None:
    """Set what KServe's configuration of uvicorn leaves open."""
    config.host = host
    config.http = LimitedProtocol
    config.ws = "none"
    config.lifespan = "off"
    config.access_log = False
    config.server_header = False
    config.proxy_headers = False
