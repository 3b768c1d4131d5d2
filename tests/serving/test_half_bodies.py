"""Bodies that are sent by halves, or not to the end, take no place from requests that are whole."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from .doors import V1, V2, Door, columns, shared

BARE = {"lon": 12.3387, "lat": 45.4341}
IN_FLIGHT = 4
"""Requests that the server answers at a time."""
BODIES = 64
"""Bodies that it reads at a time."""


@pytest.fixture(scope="module")
def served() -> Door:
    """A server that answers four requests at a time."""
    return shared()


@pytest.fixture
def opened() -> Iterator[ExitStack]:
    """Closes the sockets in the end."""
    with ExitStack() as stack:
        yield stack


def half(served: Door, opened: ExitStack, path: str = V1) -> tuple[socket.socket, bytes]:
    """Send a head and half of a body; the connection, and the other half."""
    asked = {"instances": [BARE]} if path == V1 else {"inputs": columns(BARE)}
    body = json.dumps(asked).encode()
    host, port = served.http.removeprefix("http://").split(":")
    sock = opened.enter_context(socket.create_connection((host, int(port)), 5))
    head = f"POST {path} HTTP/1.1\r\nhost: x\r\ncontent-length: {len(body)}\r\n\r\n"
    sock.sendall(head.encode() + body[:9])
    return sock, body[9:]


@pytest.mark.parametrize("path", [V1, V2])
def test_half_bodies_shut_nobody_out(served: Door, opened: ExitStack, path: str) -> None:
    """More half-sent bodies than requests are answered at a time: one that is whole is answered."""
    halves = [half(served, opened, path) for _ in range(2 * IN_FLIGHT)]
    assert served.predict(BARE).status_code == 200
    assert "evacroute_in_flight 0.0" in served.get("/metrics").text
    for sock, rest in halves[:IN_FLIGHT]:
        sock.sendall(rest)
        assert sock.recv(4096).startswith(b"HTTP/1.1 200 ")
    sock, _ = halves[-1]
    told = sock.recv(4096)
    assert told.startswith(b"HTTP/1.1 504 ")
    assert b"no answer within 1.5 s, the limit; try again" in told


def test_of_too_many_half_bodies_the_oldest_go(served: Door, opened: ExitStack) -> None:
    """Where too many bodies are waited for, those waited for longest are sent away at once."""
    halves = [half(served, opened) for _ in range(BODIES + 3)]
    for sock, _ in halves[:3]:
        told = sock.recv(4096)
        assert told.startswith(b"HTTP/1.1 503 ")
        assert b"\r\nretry-after: 1\r\n" in told
        assert b"\r\nconnection: close\r\n" in told
        assert b"64 bodies are being waited for, the limit; send yours in one go" in told
        assert sock.recv(4096) == b""
    assert served.predict(BARE).status_code == 200
    # Where the whole request came in two pieces, one more has made room for it.
    for sock, rest in (halves[4], halves[-1]):
        sock.sendall(rest)
        assert sock.recv(4096).startswith(b"HTTP/1.1 200 ")
    assert 'evacroute_rejected_total{cause="slow"}' in served.get("/metrics").text
