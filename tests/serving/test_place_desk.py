"""The desk between requests and a store that fails, waits, forgets and comes back."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest

from evacroute.answering.answerer import Place, Wish
from evacroute.errors import StoreError, StoreUnavailable
from evacroute.serving import place_desk
from evacroute.serving.capacity_store import Places, open_store
from evacroute.serving.capacity_store import Wish as Booking
from evacroute.serving.place_desk import PlaceDesk, Share

KEY = b"a key that is long enough"
PLACES = Places(version=1, shelter_id=("A", "B"), capacity=(10, 4), step_free=(4, 0))


class FakeStore:
    """A store in memory that can be out of reach, slow, late, or new."""

    kind, is_shared = "fake", True

    def __init__(self) -> None:
        self.inner: Any = open_store("memory:")
        self.down = False
        self.late = False
        self.wait_s = 0.0
        self.on_call: Callable[[str], None] = lambda name: None
        self.calls: list[str] = []
        self.tokens: set[str] = set()

    def __getattr__(self, name: str) -> Any:
        def call(*values: Any, **more: Any) -> Any:
            self.calls.append(name)
            self.on_call(name)
            if name in ("reserve", "adopt"):
                self.tokens |= {one.token for one in values[0]}
                time.sleep(self.wait_s)
            if self.down:
                raise StoreUnavailable("fake store: out of reach")
            answer = getattr(self.inner, name)(*values, **more)
            if self.late and name == "reserve":
                raise StoreUnavailable("fake store: it answered too late")
            return answer

        return call

    def taken(self) -> dict[str, int]:
        counts = self.inner.look()
        return dict(zip(counts.shelter_id, counts.taken, strict=True))


class LineStore(FakeStore):
    """The same, with a line for an event loop."""

    def line(self) -> FakeLine:
        return FakeLine(self)


class AtOnceStore(FakeStore):
    """The same, asked on the event loop itself."""

    answers_at_once = True


class FakeLine:
    """Asks the store in a thread that nobody waits for."""

    def __init__(self, store: FakeStore) -> None:
        self.store = store

    def reserve(self, wishes: Sequence[Booking], then: Callable[[Any], None]) -> None:
        loop = asyncio.get_running_loop()

        def work() -> None:
            try:
                answers = self.store.reserve(wishes)
            except StoreUnavailable as error:
                answers = error
            except ZeroDivisionError:
                answers = StoreError("fake store: it failed")
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(then, answers)

        threading.Thread(target=work, daemon=True).start()

    def close(self) -> None:
        pass


@pytest.fixture(params=[FakeStore, LineStore, AtOnceStore], ids=["thread", "line", "at once"])
def store(request: pytest.FixtureRequest) -> FakeStore:
    """A store that is asked in each of the ways."""
    made: FakeStore = request.param()
    return made


def until(is_so: Callable[[], bool]) -> None:
    end = time.monotonic() + 10
    while not is_so():
        assert time.monotonic() < end
        time.sleep(0.002)


@pytest.fixture(autouse=True)
def _look_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(place_desk, "LOOK_S", 0.01)


@contextmanager
def opened(store: Any, **more: Any) -> Iterator[PlaceDesk]:
    desk = PlaceDesk(store, PLACES, key=KEY, hold_s=60.0, **more)
    desk.start()
    try:
        until(lambda: desk.is_up)
        yield desk
    finally:
        desk.stop()


def closed(store: Any) -> PlaceDesk:
    """A desk that looks when it is told to."""
    return PlaceDesk(store, PLACES, key=KEY, hold_s=60.0)


def wish(token: str, *shelters: int, size: int = 1, free: bool = False) -> Wish:
    return Wish(token, shelters or (0, 1), size, free)


def book(desk: PlaceDesk, *wishes: Wish) -> list[Place]:
    return asyncio.run(desk.book(wishes))


def lose(desk: PlaceDesk, store: FakeStore) -> None:
    """Put the store out of reach, and let the desk notice."""
    store.down = True
    until(lambda: not desk.is_up)


def test_places_come_from_the_store(store: FakeStore) -> None:
    """While the store answers places are reserved there, one after another, and held."""
    with opened(store) as desk:
        first, second, third = book(desk, wish("x", size=8), wish("y", size=4), wish("z", size=3))
        assert (first.shelter, first.is_reserved, first.held_s) == (0, True, 60.0)
        assert (second.shelter, second.is_reserved) == (1, True)
        assert third.shelter == -1
        assert store.taken() == {"A": 8, "B": 4}
        assert book(desk, wish("x", size=8))[0].shelter == 0
        assert store.taken() == {"A": 8, "B": 4}


def test_the_store_never_sees_a_token(store: FakeStore) -> None:
    """The store is asked with what a key makes of a token: the same for all that share the key."""
    with opened(store) as desk:
        book(desk, wish("phone-123"))
        lose(desk, store)
        book(desk, wish("phone-456"))
        store.down = False
        until(lambda: desk.adopted == 1)
        assert store.tokens == {desk.hidden("phone-123"), desk.hidden("phone-456")}
        assert not any("phone" in one for one in store.tokens)
        other = PlaceDesk(store, PLACES, key=KEY, hold_s=1.0)
        stranger = PlaceDesk(store, PLACES, key=KEY[::-1], hold_s=1.0)
        assert other.hidden("phone-123") == desk.hidden("phone-123")
        assert stranger.hidden("phone-123") != desk.hidden("phone-123")


def test_a_share_is_a_part_of_what_was_left() -> None:
    """A share is what is left over the replicas, rounded down; step-free places count twice."""
    share = Share.of(np.array([[10, 4], [5, 0]]), 2)
    assert share.take(0, 2, True)
    assert not share.take(0, 1, True)
    assert not share.take(1, 1, True)
    assert share.take(0, 3, False)
    assert not share.take(0, 1, False)
    assert share.take(1, 2, False)
    share.give_back(0, 2, True)
    assert share.take(0, 2, True)


def test_without_the_store_a_replica_promises_its_share(store: FakeStore) -> None:
    """Out of reach of the store one of two replicas promises half of what was left, no more."""
    with opened(store) as desk:
        store.inner.beat("another", 60.0)
        book(desk, wish("x", 0, size=2))
        store.calls.clear()
        until(lambda: store.calls.count("look") > 1)
        lose(desk, store)
        given = book(desk, *(wish(f"p{i}") for i in range(12)))
        assert not any(one.is_reserved for one in given)
        assert [one.shelter for one in given] == [0] * 4 + [1] * 2 + [-1] * 6
        assert all(np.isnan(one.held_s) for one in given)


def test_promises_are_written_in_when_the_store_is_back(store: FakeStore) -> None:
    """What was promised is in the store when it is back; a retry meanwhile got the same promise."""
    with opened(store) as desk:
        lose(desk, store)
        assert [one.shelter for one in book(desk, wish("x", size=3))] == [0]
        assert [one.shelter for one in book(desk, wish("x", size=3))] == [0]
        assert [one.shelter for one in book(desk, wish("x", 1, size=2))] == [1]
        assert [one.shelter for one in book(desk, wish("y", 0, size=10))] == [0]
        store.down = False
        until(lambda: desk.is_up)
        assert store.taken() == {"A": 10, "B": 2}
        assert (desk.adopted, desk.oversold) == (2, 0)
        assert book(desk, wish("x", 1, size=2))[0].is_reserved


def test_a_promise_that_others_have_taken_is_refused(store: FakeStore) -> None:
    """The store takes in no promise for which others have left no room; the desk counts it."""
    with opened(store) as desk:
        lose(desk, store)
        assert book(desk, wish("x", 1, size=3))[0].shelter == 1
        other = Booking(token="o", candidates=("B",), size=2, step_free=False, hold_s=60.0)
        store.inner.reserve([other])
        store.down = False
        until(lambda: desk.is_up)
        assert (desk.adopted, desk.oversold) == (0, 3)
        assert store.taken() == {"A": 0, "B": 2}


def test_a_promise_gets_its_place_when_others_have_moved(store: FakeStore) -> None:
    """A promise without room is tried again: a wish heard late was in its place, and moves on.

    Who has a place by then, from another replica, keeps that.
    """
    one, other = closed(store), closed(store)
    store.inner.beat("another", 60.0)
    for desk in (one, other):
        desk._asking.start()
        desk._look()
    one._share.replicas = other._share.replicas = 2
    store.late = True  # The store takes the wish in, and nobody hears of it.
    assert book(one, wish("late", 1, 0, size=3))[0].shelter == 0
    store.late = False
    assert store.taken() == {"A": 0, "B": 3}
    other.is_up = False
    promised = book(other, wish("x", 1, size=1), wish("y", 1, size=1))
    assert [place.shelter for place in promised] == [1, 1]
    other._look()
    assert (other.adopted, other.oversold) == (1, 1)
    one._look()
    assert store.taken() == {"A": 3, "B": 1}
    other._look()
    assert (other.adopted, other.oversold) == (2, 0)
    assert store.taken() == {"A": 3, "B": 2}
    assert not other._refused
    one.is_up = other.is_up = False
    other._share.replicas = 1
    assert book(other, wish("z", 1, size=1))[0].shelter == 1
    store.inner.reserve([Booking(token="o", candidates=("B",), size=2, step_free=False, hold_s=9)])
    other._look()
    store.inner.cancel("o")
    one.is_up = True
    assert book(one, wish("z", 0, size=1))[0].is_reserved
    other._look()
    assert store.taken() == {"A": 4, "B": 2}
    assert not other._refused
    for desk in (one, other):
        desk.stop()


def test_a_token_that_gave_its_place_back_is_still_led(store: FakeStore) -> None:
    """Who cancelled and asks again hears of a shelter with room, but no place is held for them."""
    with opened(store) as desk:
        assert book(desk, wish("full", 1, size=4))[0].is_reserved
        assert book(desk, wish("x"))[0].is_reserved
        assert store.inner.cancel(desk.hidden("x"))
        until(lambda: desk.left[0].tolist() == [10, 0])
        (place,) = book(desk, wish("x", 1, 0))
        assert (place.shelter, place.is_reserved) == (0, False)
        assert np.isnan(place.held_s)
        assert book(desk, wish("x", size=11))[0].shelter == -1
        assert book(desk, wish("x", size=5, free=True))[0].shelter == -1
        assert store.taken() == {"A": 0, "B": 4}
        assert not desk._promised


def test_it_is_told_when_the_store_is_lost_and_back(
    store: FakeStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once each, however often it is asked meanwhile."""
    said: list[str] = []
    monkeypatch.setattr(place_desk, "say", lambda event, *_, **more: said.append(event))
    with opened(store) as desk:
        store.down = True
        assert not book(desk, wish("x"))[0].is_reserved
        until(lambda: not desk.is_up)
        assert not book(desk, wish("y"))[0].is_reserved
        looks = store.calls.count("declare")
        until(lambda: store.calls.count("declare") > looks + 1)
        store.down = False
        until(lambda: desk.is_up)
    assert said == ["store lost", "store back"]


def test_requests_wait_no_longer_than_the_patience(store: FakeStore) -> None:
    """A store that is too slow for a request leaves it a promise; in the end it has one place."""
    if isinstance(store, AtOnceStore):
        pytest.skip("it takes no time")
    with opened(store, patience_s=0.05) as desk:
        store.wait_s = 1.0
        begin = time.monotonic()
        (place,) = book(desk, wish("x", 1, size=2))
        assert time.monotonic() - begin < 1.0
        assert (place.shelter, place.is_reserved) == (1, False)
        store.wait_s = 0.0
        until(lambda: desk.adopted == 1)
        assert store.taken() == {"A": 0, "B": 2}


def test_an_answer_that_came_too_late_gives_no_second_place(store: FakeStore) -> None:
    """A party whose place the store took without saying so in time holds one place in the end."""
    with opened(store) as desk:
        store.late = True
        (place,) = book(desk, wish("x", 1, 0, size=2))
        assert (place.shelter, place.is_reserved) == (1, False)
        store.late = False
        until(lambda: desk.adopted == 1)
        assert store.taken() == {"A": 0, "B": 2}


def test_a_store_that_has_forgotten_all_is_told_again(store: FakeStore) -> None:
    """A store that lost its data is told the places anew before they could seem to be full."""
    seen: list[int] = []
    with opened(store, on_look=lambda left: seen.append(int(left[0].min()))) as desk:
        book(desk, wish("x", 0, size=5))
        store.inner = open_store("memory:")
        looks = len(seen)
        until(lambda: len(seen) > looks + 3)
        assert book(desk, wish("y", 1))[0].is_reserved
        assert store.taken() == {"A": 0, "B": 1}
    assert min(seen) > 0


def test_who_asks_before_it_is_told_again_gets_a_promise(store: FakeStore) -> None:
    """A store that knows none of the shelters leaves a promise, which is written in later."""
    desk = closed(store)
    desk._look()
    desk._asking.start()
    store.inner = open_store("memory:")
    (place,) = book(desk, wish("y", 1))
    assert (place.shelter, place.is_reserved, desk.is_up) == (1, False, False)
    desk._look()
    assert (desk.is_up, desk.adopted) == (True, 1)
    assert store.taken() == {"A": 0, "B": 1}
    desk.stop()


def test_what_is_given_during_a_look_counts_against_the_share(store: FakeStore) -> None:
    """Places promised or reserved while the desk looks are not in its counts, but in its share."""
    desk = closed(store)
    desk._asking.start()

    def meanwhile(token: str, is_reserved: bool) -> None:
        def book_one(name: str) -> None:
            if name == "notice":
                store.on_call = lambda name: None
                assert book(desk, wish(token, 1, size=1))[0].is_reserved == is_reserved

        store.on_call = book_one
        desk._look()
        assert desk.is_up
        assert desk.left[0].tolist() == [10, 4 - store.taken()["B"] + is_reserved]
        assert desk._share.given[0].tolist() == [0, 1]

    meanwhile("promised", is_reserved=False)
    desk._look()
    meanwhile("reserved", is_reserved=True)
    assert store.taken() == {"A": 0, "B": 2}
    desk.stop()


def test_a_fault_of_the_store_ends_no_thread(store: FakeStore) -> None:
    """After an exception that nobody expected the desk goes on, without the store and with it."""
    with opened(store) as desk:

        def fault(name: str) -> None:
            raise ZeroDivisionError

        store.on_call = fault
        assert not book(desk, wish("x", 1))[0].is_reserved
        until(lambda: not desk.is_up)
        store.on_call = lambda name: None
        until(lambda: desk.is_up)
        assert desk.adopted == 1
        assert book(desk, wish("y", 1))[0].is_reserved


def test_promises_are_written_in_before_the_end(store: FakeStore) -> None:
    """A desk that is told to end writes its promises in first, where the store is back."""
    with opened(store) as desk:
        lose(desk, store)
        book(desk, wish("x", 1, size=2))
        store.down = False
    assert store.taken() == {"A": 0, "B": 2}
