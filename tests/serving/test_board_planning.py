"""Planning anew from the board: in a process of its own, beside the answers."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable
from types import SimpleNamespace

import numpy as np
import pytest
from board_work import answers, dies, refuses, waits
from boards import board, bundle, busiest_bridge, crossed, run, ways_of

from evacroute.answering import read_bundle
from evacroute.serving.board.planner import Planner, PlanningState
from evacroute.serving.board.planning import Task, plan_again, prices_of


def until(planner: Planner, true: Callable[[PlanningState], bool]) -> PlanningState:
    end = time.monotonic() + 60
    while not true(planner.state):
        assert time.monotonic() < end, planner.state
        time.sleep(0.02)
    return planner.state


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def is_gone(pid: int, within_s: float = 20.0) -> bool:
    """Whether a process has ended, or does so soon."""
    end = time.monotonic() + within_s
    while is_alive(pid) and time.monotonic() < end:
        time.sleep(0.02)
    return not is_alive(pid)


def test_closed_streets_and_shelters_are_in_no_plan() -> None:
    """Prices under closures lead nobody over a closed link from then on, nor to a closed door."""
    given = read_bundle(bundle())
    network, shelters = given.scenario.network, given.scenario.shelters
    bridge = str(network.name[given.load.entered.sum(axis=1).argmax()])
    links = np.flatnonzero(network.name == bridge)
    closed = tuple(network.link_id[links].tolist())
    shut = str(shelters.shelter_id[given.load.came.sum(axis=(0, 2)).argmax()])
    task = Task(str(bundle()), given.digest, closed, (shut,), 120.0, limit_s=1.0)
    seen: list[float] = []
    made = plan_again(task, lambda stage, share: seen.append(share))
    prices = prices_of(made.prices)
    assert made.gain_s >= 0
    assert made.mean_s > 0
    assert seen == sorted(seen)
    arcs = np.repeat(np.arange(len(prices.arc_gate)), np.diff(prices.arc_ptr))
    for arc in arcs[np.isin(prices.arc_link, links)].tolist():
        gate = prices.arc_gate[arc]
        assert gate >= 0
        part = slice(int(prices.gate_ptr[gate]), int(prices.gate_ptr[gate + 1]))
        assert (prices.gate_last[part] * prices.step < 120.0).all()


def test_closing_the_busiest_bridge_changes_answers() -> None:
    """Answers avoid it at once, then follow new prices with a version of their own; back again."""

    async def work() -> None:
        async with board() as ask:
            replica = ask.replica
            network = replica.answerer.scenario.network
            name, nodes = busiest_bridge(replica)
            before = ways_of(replica, nodes)
            first = before.plan
            done = await ask.act("close", names=[name])
            assert done.json["replan"]
            await ask.until(lambda s: s["planning"]["state"] == "running")
            state = await ask.until(lambda s: s["plan"]["served"] != first)
            assert state["planning"]["state"] == "done"
            assert state["plan"]["served"] == f"{first}+r2" == state["planning"]["plan"]
            after = ways_of(replica, nodes)
            assert after.plan == f"{first}+r2"
            assert not any(name in crossed(network, line) for line in after.line)
            # Opened again, the prices made without it are no use: those of the bundle are served.
            assert (await ask.act("undo")).json == {"version": 3, "changed": True, "replan": False}
            await ask.until(lambda s: s["plan"]["served"] == first)
            again = ways_of(replica, nodes)
            assert all(map(np.array_equal, again.line, before.line))

    run(work)


def test_the_event_loop_is_free_and_a_rollback_ends_the_process() -> None:
    """While a process plans, requests are answered at once; rolled back to the bundle, it ends."""

    async def work() -> None:
        planner = Planner(run=waits)
        async with board(planner=planner) as ask:
            await ask.act("close", names=["Calle 1"])
            state = await ask.until(lambda s: s["planning"]["stage"].isdigit())
            pid = int(state["planning"]["stage"])
            for _ in range(20):
                begin = time.perf_counter()
                assert (await ask.get("/v2/health/live")).status == 200
                await asyncio.sleep(0.01)
                assert time.perf_counter() - begin < 2.0
            # Another closing begins anew, with both.
            await ask.act("close", names=["Calle 2"])
            state = await ask.until(
                lambda s: s["planning"]["stage"].isdigit() and s["planning"]["stage"] != f"{pid}"
            )
            assert await asyncio.to_thread(is_gone, pid)
            second = int(state["planning"]["stage"])
            assert (await ask.act("rollback")).status == 200
            state = await ask.state()
            assert state["planning"]["state"] == "stopped"
            assert state["closures"]["streets"] != []
            assert await asyncio.to_thread(is_gone, second)
            await ask.act("replan")
            state = await ask.until(lambda s: s["planning"]["stage"].isdigit())
            last.append(int(state["planning"]["stage"]))

    last: list[int] = []
    run(work)
    # A server that ends takes its process with it.
    assert is_gone(last[0])


def test_a_process_that_does_not_end_well_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed, refused, too slow or with prices that are none: the reason is told, without paths."""
    passed = [0.0]
    clock = SimpleNamespace(time=time.time, monotonic=lambda: time.monotonic() + passed[0])
    monkeypatch.setattr("evacroute.serving.board.planner.time", clock)
    task = Task(folder="", digest="", closed_links=(), closed_shelters=(), from_s=0.0)
    dead, refused, slow = Planner(run=dies), Planner(run=refuses), Planner(run=waits, deadline_s=90)
    for one in (dead, refused, slow):
        one.start(task, lambda planned: None)
    pid = int(until(slow, lambda state: state.stage.isdigit()).stage)
    assert "ended before" in until(dead, lambda state: state.word == "failed").reason
    assert until(refused, lambda s: s.word == "failed").reason == "bundle: is no bundle"
    # It is alive until then, and it is the planner's clock that ends it.
    assert is_alive(pid)
    assert slow.is_running
    passed[0] = 90.0
    assert "longer than 90 s" in until(slow, lambda state: state.word == "failed").reason
    assert is_gone(pid)

    async def work() -> None:
        async with board(planner=Planner(run=answers)) as ask:
            await ask.act("close", names=["Calle 1"])
            state = await ask.until(lambda s: s["planning"]["state"] == "failed")
            assert state["planning"]["reason"] == "the new prices could not be published"
            assert state["version"] == 1

    run(work)
