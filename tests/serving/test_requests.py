"""How requests are let in, cut off when they are late, and sent away when there are too many."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

import pytest

from .doors import need
from .fake_core import FakeCore


@pytest.fixture
def reception() -> Any:
    """A reception that lets one in at a time."""
    need("kserve")
    from evacroute.serving.metrics import Meters
    from evacroute.serving.requests import Reception

    core = FakeCore()
    core.load()
    return Reception(core, Meters(), most=1, timeout=0.02)


def outcome(work: Coroutine[Any, Any, Any]) -> tuple[str, int]:
    """What became of a task, and how many cancellations of it are left over."""

    async def play() -> tuple[str, int]:
        task = asyncio.create_task(work)
        try:
            said = await task
        except (asyncio.CancelledError, Exception) as error:
            said = type(error).__name__
        return said, task.cancelling()

    return asyncio.run(play())


async def wait(reception: Any, seconds: float, timeout: float | None = None, busy: int = 1) -> str:
    with reception.admitted(timeout):
        assert reception.busy == busy
        await asyncio.sleep(seconds)
    return "answered"


def test_who_is_late_is_cut_off(reception: Any) -> None:
    """An answer that takes too long is TooLate, and the task may go on as if never cancelled."""
    assert outcome(wait(reception, 0.0)) == ("answered", 0)
    assert outcome(wait(reception, 5.0)) == ("TooLate", 0)
    assert outcome(wait(reception, 5.0, timeout=-1.0)) == ("TooLate", 0)
    assert outcome(wait(reception, 0.01, timeout=60.0)) == ("answered", 0)
    assert reception.busy == 0


def test_a_body_is_waited_for_outside(reception: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whose body is waited for keeps out nobody; the oldest of too many is given up, once."""
    from evacroute.serving import requests

    monkeypatch.setattr(reception, "_most_bodies", 2)

    async def read(within: float, wait: float) -> str:
        with reception.reading() as turn:
            if wait:
                await asyncio.sleep(wait)
            turn.arrived()
            await asyncio.sleep(within)
        return "answered"

    async def play() -> None:
        reception.timeout = 5.0
        tasks = [asyncio.create_task(read(0.0, 4.0)) for _ in range(2)]
        await asyncio.sleep(0)
        assert await wait(reception, 0.0, busy=3) == "answered"
        for _ in range(3):  # Those whose body is there with their head take nobody's turn.
            assert await read(0.0, 0.0) == "answered"
        assert reception.busy == 2
        tasks.append(asyncio.create_task(read(0.0, 4.0)))
        with pytest.raises(requests.Slow, match="2 bodies are being waited for"):
            await tasks[0]
        assert tasks[0].cancelling() == 0
        assert reception.busy == 2
        for task in tasks[1:]:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        assert reception.busy == 0
        # One that is late already when it is given up stays late.
        reception.timeout = 0.0
        late = asyncio.create_task(read(0.0, 4.0))
        await asyncio.sleep(0)
        (turn,) = reception._bodies
        turn._end()
        turn.send_away("no room")
        with pytest.raises(requests.TooLate):
            await late
        assert (late.cancelling(), reception.busy) == (0, 0)
        reception.timeout = 5.0
        first = asyncio.create_task(read(0.01, 0.0))
        await asyncio.sleep(0.005)
        with pytest.raises(requests.Busy):
            await read(0.0, 0.0)
        assert await first == "answered"
        assert reception.busy == 0

    asyncio.run(play())


def test_a_cancellation_by_others_stays_one(reception: Any) -> None:
    """Who is cancelled from outside, before the limit or with it, is not told to try again."""

    async def cancelled(after: float) -> None:
        task = asyncio.current_task()
        assert task is not None
        asyncio.get_running_loop().call_later(after, task.cancel)
        await wait(reception, 5.0)

    assert outcome(cancelled(0.0)) == ("CancelledError", 1)
    assert outcome(cancelled(0.02)) == ("CancelledError", 1)
    assert reception.busy == 0


def test_a_limit_within_an_answer_is_too_late_too(reception: Any) -> None:
    """A TimeoutError from below is no fault of the server."""

    async def below() -> None:
        with reception.admitted():
            raise TimeoutError

    assert outcome(below()) == ("TooLate", 0)


def test_more_than_can_be_answered_are_sent_away(
    reception: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One too many is Busy; so is who comes while the event loop has long not come round."""
    from evacroute.serving import requests

    async def play() -> None:
        first = asyncio.create_task(wait(reception, 0.005))
        await asyncio.sleep(0)
        with pytest.raises(requests.Busy, match="1 requests are being answered"):
            reception.admitted()
        await first
        reception.keep_beat()
        assert await wait(reception, 0.0) == "answered"
        late = reception._beat + requests.MOST_LATE_S
        with monkeypatch.context() as patch:
            patch.setattr(requests, "perf_counter", lambda: late + 0.01)
            with pytest.raises(requests.Busy, match="more is asked than can be answered"):
                reception.admitted()
        before = reception._beat
        await asyncio.sleep(2 * requests.BEAT_S)
        assert reception._beat > before
        reception.core.ready = False
        with pytest.raises(requests.NotReady):
            reception.admitted()

    asyncio.run(play())
