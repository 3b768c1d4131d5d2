"""CPU of the way from a request to the store of places and back. `make bench` prints the table.

Counted is the process that asks, with all its threads; seconds are never judged here.
"""

from __future__ import annotations

import asyncio
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import uvloop
from test_stores import note, served

from evacroute.answering.answerer import Wish
from evacroute.serving.capacity_store import Places, open_store
from evacroute.serving.place_desk import PlaceDesk

N_SHELTERS = 40
TIMES = 4000


async def cost(desk: PlaceDesk, at_once: int) -> tuple[float, float]:
    """CPU and time of a wish [ms], with so many requests under way at a time."""
    desk.start()
    while not desk.is_up:
        await asyncio.sleep(0.01)
    tokens = iter(range(100_000))

    async def phone(times: int) -> None:
        for _ in range(times):
            k = next(tokens)
            shelters = tuple((k + i) % N_SHELTERS for i in range(8))
            wish = Wish(f"{at_once}-{k}", shelters, 1 + k % 3, k % 20 == 0)
            (place,) = await desk.book([wish])
            assert place.is_reserved

    async def phones(times: int) -> None:
        await asyncio.gather(*(phone(times // at_once) for _ in range(at_once)))

    try:
        await phones(500)
        cpu, begin = time.process_time(), time.perf_counter()
        await phones(TIMES)
        cpu, spent = time.process_time() - cpu, time.perf_counter() - begin
    finally:
        await asyncio.to_thread(desk.stop)
    return 1e3 * cpu / TIMES, 1e3 * spent / TIMES


def measure(kind: str, folder: Path) -> None:
    """Print the row of one kind, and keep it."""
    row: dict[str, Any] = {"case": kind}
    ids = tuple(f"S{k:02d}" for k in range(N_SHELTERS))
    most = (10**6,) * N_SHELTERS
    places = Places(version=1, shelter_id=ids, capacity=most, step_free=most)
    with served(kind, folder) as url:
        for at_once in (1, 8, 64):
            with closing(open_store(url, event=f"desk-{at_once}", timeout_s=5.0)) as store:
                desk = PlaceDesk(store, places, key=bytes(32), hold_s=1800.0, patience_s=10.0)
                with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
                    cpu, spent = runner.run(cost(desk, at_once))
            print(f"\n{kind}, {at_once} at a time: CPU {cpu:.3f} ms, {1 / spent:,.1f} wishes/ms")
            row[f"cpu_{at_once}"] = cpu / 1000
    note("desk_cost", row)


@pytest.mark.parametrize("kind", ["memory", "sqlite", "redis everysec"])
def test_a_wish(benchmark: Any, kind: str, tmp_path: Path) -> None:
    """All who ask get a place from the store; prints what a wish costs."""
    benchmark.pedantic(measure, args=(kind, tmp_path))
