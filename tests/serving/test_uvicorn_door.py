"""What goes to the socket, and in how many pieces."""

from __future__ import annotations

from typing import Any

import pytest

pytest.importorskip("httptools", reason="uvicorn's parser is not installed")

HEAD = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n"


class Socket:
    """Keeps what is written."""

    def __init__(self) -> None:
        self.pieces: list[bytes] = []
        self.is_closed = False

    def write(self, data: bytes) -> None:
        self.pieces.append(data)

    def close(self) -> None:
        self.is_closed = True

    def is_closing(self) -> bool:
        return self.is_closed

    def get_extra_info(self, name: str) -> str:
        return name


@pytest.fixture
def piece() -> tuple[Any, Socket]:
    """A connection that sends in one piece, and its socket."""
    from evacroute.serving.uvicorn_door import OnePiece

    socket = Socket()
    return OnePiece(socket), socket  # type: ignore[arg-type]


def test_a_head_waits_for_its_body(piece: tuple[Any, Socket]) -> None:
    """Head and body are one piece; what comes behind, of whatever look, keeps its order."""
    made, socket = piece
    made.write(HEAD)
    assert socket.pieces == []
    made.write(b"{}")
    assert socket.pieces == [HEAD + b"{}"]
    made.write(HEAD)
    made.write(b"")
    assert socket.pieces[1:] == [HEAD]
    made.write(b"more")
    made.write(b"HTTP/1.1 200 is how this part of a body begins")
    made.write(b", and so it goes on")
    made.flush()
    body = b"moreHTTP/1.1 200 is how this part of a body begins, and so it goes on"
    assert b"".join(socket.pieces[2:]) == body
    assert made.get_extra_info("peername") == "peername"


def test_what_must_not_wait_does_not(piece: tuple[Any, Socket]) -> None:
    """A word between, and the head of an answer without a body, are sent; the end sends all."""
    made, socket = piece
    made.write(b"HTTP/1.1 100 Continue\r\n\r\n")
    assert len(socket.pieces) == 1
    made.write(HEAD)
    made.flush()
    made.flush()
    assert socket.pieces[1:] == [HEAD]
    made.write(HEAD)
    assert not made.is_closing()
    made.close()
    assert socket.pieces[2:] == [HEAD]
    assert made.is_closing()
