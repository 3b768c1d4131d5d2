"""Many at once: threads, processes, a process that is killed, duplicates in any order."""

from __future__ import annotations

import itertools
import multiprocessing
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import Any

import pytest
from conftest import drawn
from hypothesis import given, settings
from hypothesis import strategies as st

from evacroute.serving.capacity_store import (
    CapacityStore,
    Held,
    Places,
    Refusal,
    Refused,
    Wish,
    open_store,
)

from .hammer import (
    PLACES,
    SHARED,
    check_room,
    check_sums,
    hammer,
    hammer_at,
    loaded_modules,
    own_tokens,
    reserve_until_killed,
)
from .servers import RedisServer

# Each process shares nothing with the test; the package is imported once for all, as that is slow.
CONTEXT = multiprocessing.get_context("forkserver")
CONTEXT.set_forkserver_preload(["evacroute.serving.capacity_store"])


@contextmanager
def started(target: Callable[..., None], *args: Any) -> Iterator[tuple[BaseProcess, Connection]]:
    here, there = CONTEXT.Pipe(duplex=False)
    process = CONTEXT.Process(target=target, args=(*args, there), daemon=True)
    process.start()
    there.close()
    try:
        yield process, here
    finally:
        process.kill()
        process.join()
        here.close()


def check_all(store: CapacityStore, told: dict[int, dict[str, Any]]) -> None:
    """Each token holds what its only caller was told last."""
    tokens = {token for seed in told for token in own_tokens(seed)} | set(SHARED)
    holds = check_sums(store, tokens)
    for of_one in told.values():
        assert of_one == {token: holds[token] for token in of_one}
    assert any(holds.values())


def test_package_alone_imports_no_server() -> None:
    """Importing the package imports neither redis nor kserve."""
    with started(loaded_modules) as (_, pipe):
        assert pipe.recv() == []


def test_threads_share_a_store(store: CapacityStore) -> None:
    """Threads at one store never oversell, and each token holds what was answered last."""
    store.declare(PLACES)
    with ThreadPoolExecutor(4) as pool:
        told = dict(enumerate(pool.map(lambda seed: hammer(store, seed, 40), range(4))))
    check_all(store, told)


def test_processes_race(shared_url: str, event: str) -> None:
    """Processes at one store never oversell, and each token holds what was answered last."""
    with closing(open_store(shared_url, event=event, timeout_s=20)) as store:
        store.declare(PLACES)
        together = CONTEXT.Barrier(3)
        with (
            started(hammer_at, shared_url, event, 0, 250, together) as (_, zero),
            started(hammer_at, shared_url, event, 1, 250, together) as (_, one),
            started(hammer_at, shared_url, event, 2, 250, together) as (_, two),
        ):
            told = {0: zero.recv(), 1: one.recv(), 2: two.recv()}
        check_all(store, told)


def test_killed_process(shared_url: str, event: str) -> None:
    """Of a process killed in the middle all that was answered is there, and nothing is oversold."""
    with closing(open_store(shared_url, event=event, timeout_s=20)) as store:
        store.declare(PLACES)
        together = CONTEXT.Barrier(2)
        with (
            started(hammer_at, shared_url, event, 1, 120, together) as (_, other),
            started(reserve_until_killed, shared_url, event, together) as (process, pipe),
        ):
            told = dict(pipe.recv() for _ in range(60))
            process.kill()
            process.join()
            while True:
                try:
                    told.update([pipe.recv()])
                except EOFError:
                    break
            others = other.recv()
        unanswered = f"killed-{len(told)}"
        holds = check_sums(store, {*told, unanswered, *own_tokens(1), *SHARED})
        assert told == {token: holds[token] for token in told}
        assert others == {token: holds[token] for token in others}
        assert any(told.values())


TOKENS = ("x", "y", "z")
FEW = Places(version=1, shelter_id=("A", "B"), capacity=(4, 2), step_free=(1, 2))
_events = itertools.count()


@st.composite
def requests(draw: st.DrawFn) -> list[Wish | str]:
    """A wish of each token, and cancellations, with duplicates and in any order."""
    once: list[Wish | str] = [
        Wish(
            token=token,
            candidates=tuple(draw(st.permutations(["A", "B"]))),
            size=draw(st.integers(1, 3)),
            step_free=draw(st.booleans()),
            hold_s=100,
        )
        for token in TOKENS
    ]
    once += draw(st.lists(st.sampled_from(TOKENS), max_size=2))
    again = draw(st.lists(st.sampled_from(once), max_size=8))
    return draw(st.permutations([*once, *again]))


def send_all(store: CapacityStore, sent: list[Wish | str]) -> None:
    store.declare(FEW)
    news: dict[str, int] = {}
    holding: dict[str, Held] = {}
    cancelled = set()
    for request in sent:
        if isinstance(request, str):
            assert store.cancel(request) == (request in holding)
            holding.pop(request, None)
            cancelled.add(request)
        else:
            (answer,) = store.reserve([request])
            if request.token in cancelled:
                assert answer == Refused(Refusal.CANCELLED)
            elif isinstance(answer, Held):
                first = holding.setdefault(request.token, answer)
                assert answer.shelter_id == first.shelter_id
                news[request.token] = news.get(request.token, 0) + answer.is_new
        check_room(store)
    holds = check_sums(store, set(TOKENS))
    assert {token for token, place in holds.items() if place} == set(holding)
    assert all(count == 1 for count in news.values())


@settings(max_examples=drawn(150))
@given(sent=requests())
def test_duplicates_in_memory(sent: list[Wish | str]) -> None:
    """Duplicates, early or late, take one place a token at most, and none after a cancellation."""
    with closing(open_store("memory:")) as store:
        send_all(store, sent)


@settings(max_examples=drawn(60))
@given(sent=requests())
def test_duplicates_on_redis(redis_server: RedisServer, sent: list[Wish | str]) -> None:
    """On Redis the same: one place a token at most, and none after a cancellation."""
    event = f"duplicates-{next(_events)}"
    with closing(open_store(redis_server.url, event=event)) as store:
        send_all(store, sent)


@pytest.mark.parametrize("copies", [2, 5])
def test_duplicates_at_once(store: CapacityStore, copies: int) -> None:
    """The same request sent by several threads at once takes one place."""
    store.declare(PLACES)
    wish = Wish(token="x", candidates=("A",), size=2, step_free=False, hold_s=100)
    with ThreadPoolExecutor(copies) as pool:
        answers = [one for (one,) in pool.map(lambda _: store.reserve([wish]), range(copies))]
    assert sum(isinstance(one, Held) and one.is_new for one in answers) == 1
    assert store.look().taken == (2, 0, 0)
