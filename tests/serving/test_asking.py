"""How wishes gather on an event loop on their way to a store, and who is answered when."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from evacroute.errors import StoreError, StoreUnavailable
from evacroute.serving import asking
from evacroute.serving.asking import AtOnce, InThread, Listener, OnLoop, asking_of
from evacroute.serving.capacity_store import Answer, Refusal, Refused, Wish, open_store


class Line:
    """Keeps what it is asked until the test answers."""

    def __init__(self) -> None:
        self.asked: list[list[str]] = []
        self.then: Callable[[Any], None] | None = None
        self.is_closed = False

    def reserve(self, wishes: Sequence[Wish], then: Callable[[Any], None]) -> None:
        assert self.then is None
        self.asked.append([one.token for one in wishes])
        self.then = then

    def answer(self, answers: Any = None) -> None:
        then, self.then = self.then, None
        assert then is not None
        then([full()] * len(self.asked[-1]) if answers is None else answers)

    def close(self) -> None:
        self.is_closed = True


class Ears:
    """What the listener is told."""

    def __init__(self) -> None:
        self.heard: list[str] = []
        self.failed: list[Exception] = []

    def listener(self) -> Listener:
        def heard(wishes: Sequence[Wish], answers: Sequence[Answer]) -> None:
            assert len(wishes) == len(answers)
            self.heard += [one.token for one in wishes]

        return Listener(heard, self.failed.append, lambda call, seconds: None)


def full() -> Refused:
    return Refused(Refusal.FULL)


def wish(token: str) -> Wish:
    return Wish(token=token, candidates=("A",), size=1, step_free=False, hold_s=60)


async def turn() -> None:
    """Let all that is ready run."""
    for _ in range(5):
        await asyncio.sleep(0)


def begin(way: OnLoop, *tokens: str) -> asyncio.Task[list[Answer] | None]:
    return asyncio.create_task(way.ask([wish(one) for one in tokens]))


def test_the_way_is_the_cheapest_that_a_store_allows(monkeypatch: pytest.MonkeyPatch) -> None:
    """Memory is asked at once, Redis over a line where hiredis is there, any other in a thread."""
    pytest.importorskip("redis")
    pytest.importorskip("hiredis")
    listener = Ears().listener()
    assert isinstance(asking_of(open_store("memory:"), listener, 1.0), AtOnce)
    redis = open_store("redis://127.0.0.1:1")
    assert isinstance(asking_of(redis, listener, 1.0), OnLoop)
    monkeypatch.setitem(__import__("sys").modules, "hiredis", None)
    assert isinstance(asking_of(redis, listener, 1.0), InThread)
    redis.close()


def test_wishes_gather_while_a_call_is_under_way() -> None:
    """Wishes of one turn go together, later ones when those are answered; each gets its own."""

    async def play() -> None:
        line, ears = Line(), Ears()
        way = OnLoop(line, ears.listener(), 5.0)
        first, second = begin(way, "a", "b"), begin(way, "c")
        await turn()
        third, fourth = begin(way, "d"), begin(way, "e")
        await turn()
        assert line.asked == [["a", "b", "c"]]
        held = Refused(Refusal.CANCELLED)
        line.answer([full(), full(), held])
        assert await first == [full(), full()]
        assert await second == [held]
        await turn()
        assert line.asked[1:] == [["d", "e"]]
        line.answer()
        assert await third == await fourth == [full()]
        assert ears.heard == list("abcde")
        assert not ears.failed

    asyncio.run(play())


def test_a_call_has_no_more_than_so_many_wishes(monkeypatch: pytest.MonkeyPatch) -> None:
    """More than go in a call wait for the next."""
    monkeypatch.setattr(asking, "MOST_AT_ONCE", 3)

    async def play() -> None:
        line = Line()
        way = OnLoop(line, Ears().listener(), 5.0)
        tasks = [begin(way, str(i)) for i in range(7)]
        for _ in range(3):
            await turn()
            line.answer()
        await asyncio.gather(*tasks)
        assert [len(one) for one in line.asked] == [3, 3, 1]

    asyncio.run(play())


def test_who_gives_up_is_not_sent() -> None:
    """A request waits no longer than the patience; not sent by then, or cancelled, it never is."""

    async def play() -> None:
        line, ears = Line(), Ears()
        way = OnLoop(line, ears.listener(), 0.05)
        start = time.monotonic()
        sent = begin(way, "sent")
        await turn()
        behind, cancelled = begin(way, "behind"), begin(way, "cancelled")
        await turn()
        cancelled.cancel()
        assert await sent is None
        assert await behind is None
        assert 0.04 < time.monotonic() - start < 5
        line.answer()
        await turn()
        assert line.asked == [["sent"]]
        assert not ears.heard
        again = begin(way, "again")
        await turn()
        line.answer()
        assert await again == [full()]

    asyncio.run(play())


def test_a_failure_answers_all_who_wait() -> None:
    """When a call fails those behind it are answered too; the next goes to the store again."""

    async def play() -> None:
        line, ears = Line(), Ears()
        way = OnLoop(line, ears.listener(), 5.0)
        first = begin(way, "a")
        await turn()
        second = begin(way, "b")
        await turn()
        line.answer(StoreUnavailable("gone"))
        assert await first is None
        assert await second is None
        assert len(ears.failed) == 1
        third = begin(way, "c")
        await turn()
        line.answer([])  # An answer that cannot be.
        assert await third is None
        fourth = begin(way, "d")
        await turn()
        line.answer()
        assert await fourth == [full()]
        assert line.asked == [["a"], ["c"], ["d"]]

    asyncio.run(play())


def test_wishes_are_held_back() -> None:
    """Another thread gets its turn when what is under way is answered, and then nothing is sent."""

    async def play() -> None:
        line = Line()
        way = OnLoop(line, Ears().listener(), 5.0)
        inside, leave = threading.Event(), threading.Event()

        def other() -> None:
            with way.held_back():
                inside.set()
                leave.wait(5)

        first = begin(way, "a")
        await turn()
        thread = threading.Thread(target=other)
        thread.start()
        await asyncio.sleep(0.05)
        assert not inside.is_set()
        second = begin(way, "b")
        await turn()
        line.answer()
        assert await first == [full()]
        assert await asyncio.to_thread(inside.wait, 5)
        await asyncio.sleep(0.02)
        assert line.asked == [["a"]]
        leave.set()
        while len(line.asked) < 2:
            await asyncio.sleep(0.001)
        line.answer()
        assert await second == [full()]
        thread.join()

    asyncio.run(play())


def test_a_call_that_never_ends_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who wants wishes held back is told when that takes too long, and they go on."""
    monkeypatch.setattr(asking, "HELD_BACK_S", 0.05)

    def hold(way: OnLoop) -> None:
        with way.held_back():
            pass

    async def play() -> None:
        line = Line()
        way = OnLoop(line, Ears().listener(), 5.0)
        first = begin(way, "a")
        await turn()
        with pytest.raises(StoreUnavailable, match="under way"):
            await asyncio.to_thread(hold, way)
        line.answer(StoreError("no"))
        assert await first is None
        await asyncio.to_thread(way.end)
        assert line.is_closed

    asyncio.run(play())


def test_a_thread_lives_on_after_an_answer_that_cannot_be() -> None:
    """Of two who wait a store answers one: the other goes without, and the next is answered."""

    class Store:
        answers = 1

        def reserve(self, wishes: Sequence[Wish]) -> list[Answer]:
            return [full()] * self.answers

    async def play() -> None:
        store, ears = Store(), Ears()
        way = InThread(store, ears.listener(), 2.0)  # type: ignore[arg-type]
        with way.held_back():  # So that both go in one call.
            first = asyncio.create_task(way.ask([wish("a")]))
            second = asyncio.create_task(way.ask([wish("b")]))
            await turn()
            way.start()
        begin = time.monotonic()
        assert await first == [full()]
        assert await second is None
        assert await way.ask([wish("c")]) == [full()]
        assert time.monotonic() - begin < 1.5
        assert ears.heard == ["a", "c"]
        assert len(ears.failed) == 1
        await asyncio.to_thread(way.end)

    asyncio.run(play())


def test_another_loop_takes_over() -> None:
    """What a loop left under way when it ended holds up neither the next loop nor a thread."""
    line = Line()
    way = OnLoop(line, Ears().listener(), 0.02)

    async def leave() -> None:
        assert await way.ask([wish("a")]) is None

    async def go_on() -> None:
        line.then = None
        task = begin(way, "b")
        await turn()
        line.answer()
        assert await task == [full()]

    asyncio.run(leave())
    with way.held_back():
        pass
    asyncio.run(go_on())
