"""How many places a second each capacity store gives away. `make bench` prints the table.

Seconds are never judged here, as machines differ; what is judged is that all got a place.
"""

from __future__ import annotations

import multiprocessing
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Barrier
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))

from results import FOLDER, note

from evacroute.errors import StoreUnavailable
from evacroute.serving.capacity_store import Held, Places, Wish, open_store

SHELTERS = tuple(f"S{k:02d}" for k in range(40))
CALLS = {1: 3200, 16: 400, 64: 200}
"""Of each process, by the size of the batch; a wish has five candidates, the first one full."""

CONTEXT = multiprocessing.get_context("forkserver")
CONTEXT.set_forkserver_preload(["evacroute.serving.capacity_store"])


@contextmanager
def redis(folder: Path, fsync: str) -> Iterator[str]:
    program = shutil.which("redis-server")
    if program is None:
        # Of results some rows would be missing, and nobody would know.
        (pytest.fail if os.environ.get(FOLDER) else pytest.skip)("no redis-server on this machine")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [program, "--port", str(port), "--dir", str(folder), "--save", ""]
    command += ["--appendonly", "yes", "--appendfsync", fsync]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    url = f"redis://127.0.0.1:{port}"
    try:
        with closing(open_store(url)) as store:
            for _ in range(500):
                try:
                    store.ping()
                except StoreUnavailable:
                    time.sleep(0.01)
                else:
                    break
        yield url
    finally:
        server.kill()
        server.wait()


def timed(
    url: str, event: str, batch: int, seed: int, together: Barrier | None = None
) -> tuple[float, float, list[float]]:
    """Begin and end of the calls, and the seconds of each."""
    wishes = [
        Wish(
            token=f"{seed}-{k}",
            candidates=("full", *(SHELTERS[(seed + k + i) % 40] for i in range(4))),
            size=1 + k % 3,
            step_free=k % 20 == 0,
            hold_s=1800,
        )
        for k in range(batch * CALLS[batch])
    ]
    places = Places(
        version=1,
        shelter_id=("full", *SHELTERS),
        capacity=(0, *[10_000] * 40),
        step_free=(0, *[10_000] * 40),
    )
    spent = []
    with closing(open_store(url, event=event, timeout_s=30)) as store:
        store.declare(places)
        if together is not None:
            together.wait(60)
        start = time.monotonic()
        for begin in range(0, len(wishes), batch):
            before = time.monotonic()
            answers = store.reserve(wishes[begin : begin + batch])
            spent.append(time.monotonic() - before)
            assert all(isinstance(answer, Held) and answer.is_new for answer in answers)
        return start, time.monotonic(), spent


def race(url: str, event: str, batch: int, seed: int, all_: Barrier, pipe: Connection) -> None:
    pipe.send(timed(url, event, batch, seed, all_))


def say(kind: str, many: int, batch: int, seconds: float, spent: list[float]) -> dict[str, float]:
    """Print places a second, and how long calls take [s]; and give them by column."""
    spent.sort()
    rate = len(spent) * batch / seconds
    p99 = spent[int(0.99 * len(spent))]
    print(
        f"\n{kind}, {many} processes, batches of {batch}: {rate:,.0f}/s, "
        f"p99 {1000 * p99:.2f} ms, worst {1000 * spent[-1]:.1f} ms"
    )
    return {f"rate_{batch}": rate, f"p99_{batch}": p99, f"worst_{batch}": spent[-1]}


@contextmanager
def served(kind: str, folder: Path) -> Iterator[str]:
    if kind.startswith("redis"):
        with redis(folder, kind.removeprefix("redis ")) as url:
            yield url
    else:
        yield {"memory": "memory:", "sqlite": f"sqlite:///{folder / 'places.db'}"}[kind]


def measure(kind: str, folder: Path) -> None:
    """Print the rows of one kind, and keep them."""
    alone: dict[str, float] = {}
    racing: dict[str, float] = {}
    with served(kind, folder) as url:
        for batch in (1, 16, 64):
            begin, end, spent = timed(url, f"one-{batch}", batch, 0)
            alone |= say(kind, 1, batch, end - begin, spent)
            if kind == "memory":
                continue
            together = CONTEXT.Barrier(4)
            pipes = [CONTEXT.Pipe(duplex=False) for _ in range(4)]
            racers = [
                CONTEXT.Process(
                    target=race, args=(url, f"four-{batch}", batch, 1000 * k, together, there)
                )
                for k, (_, there) in enumerate(pipes)
            ]
            for racer in racers:
                racer.start()
            told = [here.recv() for here, _ in pipes]
            for racer in racers:
                racer.join()
            seconds = max(end for _, end, _ in told) - min(begin for begin, _, _ in told)
            racing |= say(kind, 4, batch, seconds, [one for _, _, some in told for one in some])
    for many, row in (("one process", alone), ("four processes", racing)):
        if row:
            note("stores", {"case": f"{kind}, {many}", **row})


@pytest.mark.parametrize("kind", ["memory", "sqlite", "redis everysec", "redis always"])
def test_rates(benchmark: object, kind: str, tmp_path: Path) -> None:
    """All who ask get a place, alone and in a race; prints how fast.

    The fixture `benchmark` switches the test off by default, as the others here; it measures one
    run of the whole.
    """
    benchmark.pedantic(measure, args=(kind, tmp_path))  # type: ignore[attr-defined]
