"""All stores beside a slow, plain twin, through whatever calls hypothesis finds."""

from __future__ import annotations

import itertools
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from conftest import drawn
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from evacroute.errors import StoreConflict
from evacroute.serving.capacity_store import CapacityStore, Held, Places, Refused, Wish, open_store
from evacroute.serving.capacity_store.memory import MemoryStore
from evacroute.serving.capacity_store.sqlite import SqliteStore

from .naive_store import NaiveStore
from .servers import RedisServer

_events = itertools.count()

NAMES = ("A", "Campo San Polò")
TOKENS = st.sampled_from(["t1", "t2", "t3"])
HOLDS = st.sampled_from([0.5, 10.0, 100.0])
AGES = st.sampled_from([None, 0.25, 9.75, 50.25])
"""How old promises are [s]: between the moments at which the twin's clock stands."""
LATE = st.sampled_from([None, -600.0, 0.0])
"""How long ago wishes were given up [s]; below 0 they are still waited for."""
PERSONS = st.integers(0, 5)
FIRST = Places(version=1, shelter_id=NAMES, capacity=(4, 3), step_free=(2, 3))


@st.composite
def places(draw: st.DrawFn) -> Places:
    names = tuple(draw(st.lists(st.sampled_from(NAMES), unique=True)))
    return Places(
        version=draw(st.integers(0, 9)),
        shelter_id=names,
        capacity=tuple(draw(PERSONS) for _ in names),
        step_free=tuple(draw(PERSONS) for _ in names),
    )


@st.composite
def wishes(draw: st.DrawFn, most: int = 4) -> Wish:
    return Wish(
        token=draw(TOKENS),
        candidates=tuple(
            draw(st.lists(st.sampled_from([*NAMES, "nowhere"]), min_size=1, max_size=most))
        ),
        size=draw(st.integers(1, 3)),
        step_free=draw(st.booleans()),
        hold_s=draw(HOLDS),
        by=draw(st.sampled_from(["", "r1", "r2"])),
        give_up_at=None if (late_s := draw(LATE)) is None else time.monotonic() - late_s,
    )


def timeless(answer: Any) -> Any:
    """An answer without how long is left, which the twin of a real clock cannot know."""
    if isinstance(answer, list):
        return [timeless(one) for one in answer]
    if isinstance(answer, Refused):
        return replace(answer, held=timeless(answer.held))
    return replace(answer, expires_in_s=0) if isinstance(answer, Held) else answer


class Beside(RuleBasedStateMachine):
    """Whatever is asked of the twin is asked of the stores, which must answer the same."""

    def __init__(self) -> None:
        super().__init__()
        self.twin = NaiveStore()
        self.stores: list[CapacityStore] = []

    def plain(self, answer: Any) -> Any:
        return answer

    def ask(self, method: str, *args: Any, **kwargs: Any) -> None:
        outcomes = []
        for store in (self.twin, *self.stores):
            try:
                outcomes.append(self.plain(getattr(store, method)(*args, **kwargs)))
            except StoreConflict:
                outcomes.append(StoreConflict)
        assert all(outcome == outcomes[0] for outcome in outcomes), outcomes

    @initialize()
    def begin(self) -> None:
        """Begin with places, else few runs would come to hold any; others find stores empty."""
        self.ask("declare", FIRST)
        # From here on a store elsewhere knows which wishes are late.
        self.ask("beat", "r1", 100.0)

    @rule(new=places())
    def declare(self, new: Places) -> None:
        self.ask("declare", new)

    @rule(batch=st.lists(wishes(), min_size=1, max_size=4))
    def reserve(self, batch: list[Wish]) -> None:
        self.ask("reserve", batch)

    @rule(batch=st.lists(wishes(most=1), min_size=1, max_size=2), ago_s=AGES)
    def adopt(self, batch: list[Wish], ago_s: float | None) -> None:
        if ago_s is not None:
            at = time.monotonic() - ago_s
            batch = [replace(wish, promised_at=at) for wish in batch]
        self.ask("adopt", batch)

    @rule(token=TOKENS, hold_s=HOLDS)
    def renew(self, token: str, hold_s: float) -> None:
        self.ask("renew", token, hold_s)

    @rule(token=TOKENS)
    def arrived(self, token: str) -> None:
        self.ask("arrived", token)

    @rule(token=TOKENS)
    def cancel(self, token: str) -> None:
        self.ask("cancel", token)

    @rule(replica=st.sampled_from(["r1", "r2"]), alive_s=HOLDS)
    def beat(self, replica: str, alive_s: float) -> None:
        self.ask("beat", replica, alive_s)

    @rule(notice=st.binary(max_size=3), expected=st.none() | st.integers(0, 2))
    def publish(self, notice: bytes, expected: int | None) -> None:
        self.ask("publish", notice, expected=expected)

    @rule(since=st.integers(0, 3))
    def notice(self, since: int) -> None:
        self.ask("notice", since)

    @invariant()
    def counts_are_the_same(self) -> None:
        self.ask("look")

    def teardown(self) -> None:
        for store in self.stores:
            store.close()


class BesideClock(Beside):
    """Stores whose clock is the twin's; that of sqlite is set back at times, and it is reopened."""

    folder: Path

    def __init__(self) -> None:
        super().__init__()
        self.back = 0.0
        self.path = self.folder / f"{next(_events)}.db"
        self.stores = [MemoryStore(clock=lambda: self.twin.now), self.open_sqlite()]

    def open_sqlite(self) -> SqliteStore:
        return SqliteStore(self.path, clock=lambda: 1e9 + self.twin.now - self.back)

    @rule(seconds=st.sampled_from([0.5, 9.5, 10.0, 100.0, 1800.0, 3600.0]))
    def wait(self, seconds: float) -> None:
        self.twin.now += seconds

    @rule(seconds=st.sampled_from([1.0, 3600.0, 1e6]))
    def set_back(self, seconds: float) -> None:
        self.back += seconds

    @rule()
    def reopen(self) -> None:
        self.stores[1].close()
        self.stores[1] = self.open_sqlite()


class BesideServer(Beside):
    """A store on Redis; nothing ends while the test runs, as its clock cannot be moved."""

    url: str

    def __init__(self) -> None:
        super().__init__()
        self.promises = 0
        self.stores = [open_store(self.url, event=f"machine-{next(_events)}")]

    def plain(self, answer: Any) -> Any:
        return timeless(answer)

    @rule(batch=st.lists(wishes(), min_size=1, max_size=4))
    def reserve(self, batch: list[Wish]) -> None:
        super().reserve([replace(wish, hold_s=100.0) for wish in batch])

    @rule(batch=st.lists(wishes(most=1), min_size=1, max_size=2), ago_s=AGES)
    def adopt(self, batch: list[Wish], ago_s: float | None) -> None:
        # No two promises of the same moment, as the clocks of twin and server tick apart.
        self.promises += 1
        ago_s = ago_s and 1000 + ago_s - self.promises
        super().adopt([replace(wish, hold_s=100.0) for wish in batch], ago_s)

    @rule(replica=st.sampled_from(["r1", "r2"]), alive_s=st.just(100.0))
    def beat(self, replica: str, alive_s: float) -> None:
        super().beat(replica, alive_s)


def test_memory_and_sqlite_beside_the_twin() -> None:
    """In memory and in a file all calls answer as the twin does, as time goes by."""
    with tempfile.TemporaryDirectory() as folder:
        BesideClock.folder = Path(folder)
        some = settings(max_examples=drawn(120), stateful_step_count=40)
        run_state_machine_as_test(BesideClock, settings=some)


def test_redis_beside_the_twin(redis_server: RedisServer) -> None:
    """On Redis all calls answer as the twin does."""
    BesideServer.url = redis_server.url
    some = settings(max_examples=drawn(120), stateful_step_count=40)
    run_state_machine_as_test(BesideServer, settings=some)
