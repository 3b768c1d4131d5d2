"""Promises are written in after what was told later, and before what was told earlier."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from evacroute.answering.answerer import Place, Wish
from evacroute.errors import StoreUnavailable
from evacroute.serving.capacity_store import (
    CapacityStore,
    Held,
    Places,
    Refusal,
    Refused,
    is_as_promised,
)
from evacroute.serving.capacity_store import Wish as Booking
from evacroute.serving.place_desk import PlaceDesk

PLACES = Places(version=1, shelter_id=("X", "Y", "Z"), capacity=(4, 4, 4), step_free=(0, 0, 0))
X, Y, Z = range(3)


class Way:
    """The way of one replica to the store: it can be cut, or lose the answers."""

    def __init__(self, store: CapacityStore) -> None:
        self.store = store
        self.cut, self.deaf = False, False

    def __getattr__(self, name: str) -> Any:
        def call(*values: Any, **more: Any) -> Any:
            if self.cut:
                raise StoreUnavailable("way: cut")
            answer = getattr(self.store, name)(*values, **more)
            if self.deaf and name == "reserve":
                raise StoreUnavailable("way: deaf")
            return answer

        return call


class Replica:
    """A desk that looks when it is told to."""

    def __init__(self, store: CapacityStore) -> None:
        self.way: Any = Way(store)
        self.desk = PlaceDesk(self.way, PLACES, key=b"a key of the replicas", hold_s=60.0)
        self.desk._asking.start()
        self.look()

    def look(self) -> None:
        self.desk._look()

    def book(self, *shelters: int, size: int = 2) -> Place:
        (place,) = asyncio.run(self.desk.book([Wish("x", shelters, size, False)]))
        return place

    def promise(self, *shelters: int) -> None:
        """Promise the first of the shelters, out of reach of the store."""
        self.way.cut, self.desk.is_up = True, False
        place = self.book(*shelters)
        assert (place.shelter, place.is_reserved) == (shelters[0], False)
        self.way.cut = False

    def reserve(self, *shelters: int) -> None:
        place = self.book(*shelters)
        assert (place.shelter, place.is_reserved) == (shelters[0], True)
        tick()


def tick() -> None:
    """Let the clocks of stores, in whole milliseconds, tell before from after."""
    time.sleep(0.004)


@contextmanager
def replicas(store: CapacityStore, n: int) -> Iterator[list[Replica]]:
    made = [Replica(store) for _ in range(n)]
    try:
        yield made
    finally:
        for one in made:
            one.desk.stop()


def taken(store: CapacityStore) -> list[int]:
    return list(store.look().taken)


def ask(token: str, *candidates: str, size: int = 2, **more: Any) -> Booking:
    return Booking(
        token=token, candidates=candidates, size=size, step_free=False, hold_s=60, **more
    )


def test_what_another_replica_told_later_stays(store: CapacityStore) -> None:
    """A place told as reserved after a promise of another replica is not lost to that promise."""
    with replicas(store, 2) as (a, b):
        a.promise(X)
        tick()
        b.reserve(Y)
        a.look()
        assert taken(store) == [0, 2, 0]
        assert (a.desk.adopted, a.desk.oversold, a.desk._promised) == (0, 0, {})
        assert not a.desk._refused


def test_a_place_kept_for_another_replica_stays(store: CapacityStore) -> None:
    """So it is with a place of before that another replica told again after the promise."""
    with replicas(store, 2) as (a, b):
        a.reserve(Y)
        a.promise(X)
        tick()
        b.reserve(Y, X)
        a.look()
        assert taken(store) == [0, 2, 0]


def test_what_was_held_before_moves_to_the_promise(store: CapacityStore) -> None:
    """A party that held a place before it was promised another holds the promised one."""
    with replicas(store, 2) as (a, b):
        b.reserve(Y)
        a.promise(X)
        tick()
        a.look()
        assert taken(store) == [2, 0, 0]
        assert a.desk.adopted == 1


def test_a_wish_heard_late_moves_to_the_promise(store: CapacityStore) -> None:
    """A wish that the store heard after it was given up leaves the party what it was promised."""
    with replicas(store, 2) as (a, b):
        b.reserve(Y)
        a.promise(X)
        tick()
        late = [ask(a.desk.hidden("x"), "Z", "Y", size=1, by=a.desk._by)]
        assert isinstance(store.reserve(late)[0], Held)
        a.look()
        assert taken(store) == [2, 0, 0]
        a.way.deaf = True
        assert (a.book(Z, X, size=1).shelter, a.desk.adopted) == (Z, 1)
        a.way.deaf = False
        a.look()
        assert taken(store) == [0, 0, 1]


def test_a_late_wish_hides_no_answer_of_another(store: CapacityStore) -> None:
    """A late retry of the promising replica does not make its own what another has told."""
    with replicas(store, 2) as (a, b):
        a.promise(X)
        tick()
        b.reserve(Y)
        store.reserve([ask(a.desk.hidden("x"), "Y", "X", by=a.desk._by)])
        a.look()
        assert taken(store) == [0, 2, 0]


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_of_two_promises_the_last_counts(store: CapacityStore, order: tuple[int, int]) -> None:
    """Two replicas promised a party two places: it holds the last, whoever looks first."""
    with replicas(store, 2) as pair:
        pair[0].promise(X)
        tick()
        pair[1].promise(Z)
        tick()
        for i in order:
            pair[i].look()
        assert taken(store) == [0, 0, 2]


def test_a_promise_told_again_is_new_again(store: CapacityStore) -> None:
    """A promise that was told again after another replica's answer moves that place."""
    with replicas(store, 2) as (a, b):
        a.promise(X)
        tick()
        b.reserve(Y)
        a.promise(X, Y)
        a.look()
        assert taken(store) == [2, 0, 0]


def test_a_retry_after_the_outage_drops_the_promise(store: CapacityStore) -> None:
    """Who asks the same replica again when the store is back keeps what it answers then."""
    with replicas(store, 1) as (a,):
        a.promise(X)
        a.desk.is_up = True
        a.reserve(Y)
        a.look()
        assert taken(store) == [0, 2, 0]


def test_a_promise_cancelled_meanwhile_is_not_oversold(store: CapacityStore) -> None:
    """A promise whose party has given up is in no count; one without room is, until it has."""
    with replicas(store, 1) as (a,):
        a.promise(X)
        store.cancel(a.desk.hidden("x"))
        a.look()
        assert (a.desk.adopted, a.desk.oversold, taken(store)) == (0, 0, [0, 0, 0])
    with replicas(store, 1) as (a,):
        a.desk.hidden = lambda token: "other"  # type: ignore[method-assign]
        a.promise(X)
        store.reserve([ask("full", "X", size=4)])
        a.look()
        assert (a.desk.oversold, len(a.desk._refused)) == (2, 1)
        store.cancel("other")
        a.look()
        assert (a.desk.oversold, len(a.desk._refused)) == (0, 0)


def test_a_party_that_grew_is_led_to_its_old_place(store: CapacityStore) -> None:
    """Where all is full a party keeps its place; as reserved only if that is enough for all."""
    with replicas(store, 2) as (a, b):
        a.reserve(Y)
        b.promise(X)
        tick()
        store.reserve([ask(f"full {s}", s, size=n) for s, n in (("X", 4), ("Y", 2), ("Z", 4))])
        grown = a.book(Y, X, size=3)
        assert (grown.shelter, grown.is_reserved) == (Y, False)
        assert a.book(X, Z, size=3).shelter == -1
        store.declare(
            Places(version=2, shelter_id=("X", "Y", "Z"), capacity=(8, 0, 0), step_free=(0, 0, 0))
        )
        # It has heard of its place since the promise.
        b.look()
        assert taken(store) == [4, 4, 4]
        store.reserve([ask("full of X", "X", size=4)])
        shrunk = a.book(Y, X, size=1)
        assert (shrunk.shelter, shrunk.is_reserved) == (Y, True)
        assert 0 < shrunk.held_s <= 60


def test_the_age_of_a_promise_decides(store: CapacityStore) -> None:
    """A promise moves what is older than itself, and tells what it does not move."""
    store.declare(PLACES)
    store.reserve([ask("t", "Y", by="b")])
    tick()
    now = time.monotonic()
    old, new = (ask("t", "X", by=by, promised_at=at) for by, at in (("a", now - 30), ("", now)))
    (answer,) = store.adopt([old])
    assert isinstance(answer, Refused)
    assert answer.why is Refusal.ANSWERED
    assert answer.held is not None
    assert answer.held.shelter_id == "Y"
    assert is_as_promised(store.adopt([new])[0], new)
    assert taken(store) == [2, 0, 0]


def test_promises_come_in_any_order(store: CapacityStore) -> None:
    """An old promise hides no newer answer, and one written in is no newer than it was made."""
    store.declare(PLACES)
    begin = time.monotonic()
    tick()

    def adopted(token: str, shelter: str, by: str, at: float) -> bool:
        promise = ask(token, shelter, by=by, promised_at=at)
        return is_as_promised(store.adopt([promise])[0], promise)

    store.reserve([ask(token, "Y", by="a") for token in ("t", "u")])
    assert adopted("t", "Y", "b", begin - 10)
    assert not adopted("t", "X", "c", begin - 5)
    assert not adopted("t", "X", "b", begin - 5)
    assert not adopted("t", "X", "a", begin - 15)
    assert adopted("t", "X", "a", begin - 5)
    assert not adopted("t", "Z", "c", begin - 6)
    assert adopted("u", "X", "a", begin - 10)
    assert adopted("u", "Z", "b", begin - 5)
    assert taken(store) == [2, 0, 2]
