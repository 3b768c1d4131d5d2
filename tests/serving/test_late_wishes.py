"""Wishes that reach the store when nobody waits for them any more change nothing there."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from typing import Any

import pytest

from evacroute.answering.answerer import Place, Wish
from evacroute.serving.capacity_store import (
    CapacityStore,
    Held,
    Places,
    Refusal,
    Refused,
    open_store,
)
from evacroute.serving.capacity_store import Wish as Booking
from evacroute.serving.capacity_store.redis_clock import ServerClock
from evacroute.serving.place_desk import PlaceDesk

from .servers import RedisServer

PLACES = Places(version=1, shelter_id=("X", "Y", "Z"), capacity=(4, 4, 4), step_free=(0, 0, 0))
X, Y, Z = range(3)


class Way:
    """The way of one replica to the store, on which wishes can be kept for a while."""

    def __init__(self, store: Any) -> None:
        self.store = store
        self.gate, self.passed = threading.Event(), threading.Event()
        self.gate.set()

    def __getattr__(self, name: str) -> Any:
        return getattr(self.store, name)

    def reserve(self, wishes: list[Booking]) -> Any:
        self.gate.wait(10)
        try:
            return self.store.reserve(wishes)
        finally:
            self.passed.set()


@contextlib.contextmanager
def desk_of(store: Any, patience_s: float = 5.0) -> Iterator[PlaceDesk]:
    """A desk that looks when it is told to, and has looked once."""
    desk = PlaceDesk(store, PLACES, key=b"a key of the replicas", hold_s=60, patience_s=patience_s)
    desk._asking.start()
    desk._look()
    try:
        yield desk
    finally:
        desk.stop()


def book(desk: PlaceDesk, *shelters: int) -> Place:
    (place,) = asyncio.run(desk.book([Wish("x", shelters, 2, False)]))
    return place


def taken(store: CapacityStore) -> list[int]:
    return list(store.look().taken)


def ask(*candidates: str, **more: Any) -> Booking:
    return Booking(token="x", candidates=candidates, size=2, step_free=False, hold_s=60, **more)


def ago(seconds: float) -> float:
    return time.monotonic() - seconds


def test_a_wish_given_up_does_not_undo_a_newer_one(store: CapacityStore) -> None:
    """A wish kept on its way until a newer one of its token is answered leaves that its place."""
    way: Any = Way(store)
    with desk_of(way, 0.1) as slow, desk_of(Way(store)) as quick:
        way.gate.clear()
        place = book(slow, X)
        assert (place.shelter, place.is_reserved) == (X, False)
        assert book(quick, Y).is_reserved
        way.gate.set()
        assert way.passed.wait(5)
        assert taken(store) == [0, 2, 0]
        slow._look()
        assert taken(store) == [0, 2, 0]
        assert (slow.adopted, slow.oversold) == (0, 0)


class Gate:
    """A wire to a server on which what is sent can be kept for a while."""

    def __init__(self, port: int) -> None:
        self.is_open = threading.Event()
        self.is_open.set()
        self._to = port
        self._door = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._door.getsockname()[1])
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = self._door.accept()
                far = socket.create_connection(("127.0.0.1", self._to))
                for ends in ((near, far), (far, near)):
                    threading.Thread(target=self._pass, args=ends, daemon=True).start()

    def _pass(self, source: socket.socket, target: socket.socket) -> None:
        with contextlib.suppress(OSError), source:
            while data := source.recv(1 << 16):
                self.is_open.wait(10)
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        self._door.close()


def test_a_wish_kept_on_the_wire_does_not_undo_a_newer_one(
    redis_server: RedisServer, event: str
) -> None:
    """So it is of a wish sent over a line to Redis, which comes through when it was given up."""
    pytest.importorskip("hiredis", reason="hiredis is not installed")
    far = f"redis://127.0.0.1:{redis_server.port}/0"
    with (
        closing(Gate(redis_server.port)) as gate,
        closing(open_store(f"redis://127.0.0.1:{gate.port}/0", event=event)) as slow_store,
        closing(open_store(far, event=event)) as store,
        desk_of(slow_store, 0.3) as slow,
        desk_of(store) as quick,
    ):

        async def play() -> None:
            async def one(desk: PlaceDesk, shelter: int) -> Place:
                (place,) = await desk.book([Wish("x", (shelter,), 2, False)])
                return place

            assert (await one(slow, X)).is_reserved  # The line is open.
            gate.is_open.clear()
            assert not (await one(slow, Z)).is_reserved
            assert (await one(quick, Y)).is_reserved
            gate.is_open.set()
            slow.is_up = True
            assert (await slow.book([Wish("y", (X,), 1, False)]))[0].is_reserved
            for desk in (slow, quick):
                await asyncio.to_thread(desk.stop)
            await asyncio.sleep(0.02)

        asyncio.run(play())
        assert taken(store) == [1, 2, 0]


def test_a_late_wish_changes_nothing(store: CapacityStore) -> None:
    """A late wish takes, moves and prolongs nothing and leaves no trace; one in time does."""
    store.declare(PLACES)
    store.beat("me", 60)
    late = ago(0.001)
    assert store.reserve([ask("X", give_up_at=late)]) == [Refused(Refusal.LATE)]
    assert taken(store) == [0, 0, 0]
    in_time = ask("X", give_up_at=ago(-60), by="a")
    for is_new in (True, False):  # A retry is asked as before.
        (held,) = store.reserve([in_time])
        assert isinstance(held, Held)
        assert held.is_new is is_new
    longer = replace(in_time, hold_s=600, give_up_at=late)
    moved, again = ask("Y", give_up_at=late, by="b"), ask("X", give_up_at=late, by="b")
    assert store.reserve([longer, moved, again]) == [Refused(Refusal.LATE)] * 3
    (kept,) = store.reserve([in_time])
    assert isinstance(kept, Held)
    assert (kept.shelter_id, kept.expires_in_s <= 60) == ("X", True)
    time.sleep(0.004)
    promised = ago(0)
    time.sleep(0.004)
    assert store.reserve([again]) == [Refused(Refusal.LATE)]
    (adopted,) = store.adopt([ask("Z", by="c", promised_at=promised)])
    assert isinstance(adopted, Held)
    assert taken(store) == [0, 0, 2]
    store.cancel("x")
    assert store.reserve([again]) == [Refused(Refusal.LATE)]


def test_before_it_knows_the_clock_none_is_late(redis_server: RedisServer, event: str) -> None:
    """A process that has not yet seen the clock of Redis has all wishes taken, as they come."""
    with closing(open_store(redis_server.url, event=event)) as store:
        store.declare(PLACES)
        assert isinstance(store.reserve([ask("X", give_up_at=ago(1))])[0], Held)
        store.beat("me", 60)
        assert store.reserve([ask("Y", give_up_at=ago(1))]) == [Refused(Refusal.LATE)]
        assert taken(store) == [2, 0, 0]


def test_a_wish_refused_as_late_gets_a_promise(store: CapacityStore) -> None:
    """Who still waits when the store refuses the wish as late is promised a place, once."""
    way: Any = Way(store)

    def late(wishes: list[Booking]) -> Any:
        return store.reserve([replace(one, give_up_at=ago(1)) for one in wishes])

    with desk_of(way) as desk:
        way.reserve = late
        for _ in range(2):
            desk.is_up = True
            place = book(desk, X)
            assert (place.shelter, place.is_reserved, desk.is_up) == (X, False, False)
            assert desk._share.given.tolist() == [[2, 0, 0], [0, 0, 0]]
        assert taken(store) == [0, 0, 0]
        del way.reserve
        desk._look()
        assert (taken(store), desk.adopted) == ([2, 0, 0], 1)
        assert book(desk, X).is_reserved


def test_a_clock_is_known_as_well_as_it_was_seen() -> None:
    """The clock is never told ahead of what it shows; a slow look hides no quick one."""
    clock = ServerClock()
    assert clock.at(5.0) is None
    clock.seen(10.0, 10.5, 1_000_000)  # It stood so somewhere between.
    at = clock.at(10.5)
    assert at is not None
    assert 999_999 <= at <= 1_000_000
    clock.seen(11.0, 11.01, 1_001_000)
    at = clock.at(12.01)
    assert at is not None
    assert 1_001_998 <= at <= 1_002_000
    clock.seen(12.0, 14.0, 1_003_000)
    at = clock.at(14.0)
    assert at is not None
    assert 1_003_980 <= at <= 1_004_000


@pytest.mark.parametrize("by_ms", [-5_000, 5_000])
def test_a_clock_that_was_set_is_seen_at_the_next_look(by_ms: int) -> None:
    """Once the clock was set forward or back, what was known before counts no more."""
    clock = ServerClock()
    clock.seen(10.0, 10.01, 1_000_000)
    clock.seen(11.0, 11.01, 1_001_000 + by_ms)
    at = clock.at(11.01)
    assert at is not None
    assert 1_000_998 + by_ms <= at <= 1_001_000 + by_ms
