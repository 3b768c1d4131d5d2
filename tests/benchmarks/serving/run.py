"""One run: servers, phones, something that breaks meanwhile, and what came of it."""

from __future__ import annotations

import json
import secrets
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from figures import Came, came_of, figures_of, phases_of, probes_of
from numpy.typing import NDArray
from phones import Phones
from processes import Redis, Server, Watch, cpu_of, replica
from slow_proxy import SlowProxy
from store_audit import Told, audit, hidden, truth_of

HERE = Path(__file__).parent

SOMEWHERE = {"lon": 12.3387, "lat": 45.4341}

SETTLE_S = 4.0
"""So long after the last answer the store is read: promises are written in by then."""


@dataclass(frozen=True, slots=True)
class Phase:
    """A part of a run [s from its start]; requests count where they were meant to be sent."""

    name: str
    begin: float
    end: float


@dataclass(slots=True)
class Run:
    """Servers of a run, by the hand of whatever breaks them.

    Parameters
    ----------
    folder
        Where it leaves its files.
    bundle
        What the first servers serve.
    store
        "redis", or "proxy": a Redis server behind a proxy that can be slow.
    """

    folder: Path
    bundle: Path
    store: str = "redis"
    options: tuple[str, ...] = ()
    servers: list[Server] = field(default_factory=list)
    redis: Redis = field(init=False)
    proxy: SlowProxy | None = None
    secret: bytes = field(default_factory=lambda: secrets.token_hex(32).encode())
    start: float = 0.0
    notes: dict[str, Any] = field(default_factory=dict)
    first: list[str] = field(default_factory=list)
    """Tokens of the parties that were each replica's first."""

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        # Places that an earlier run has left are not of this one.
        shutil.rmtree(self.folder / "redis", ignore_errors=True)
        for log in self.folder.glob("*.log"):
            log.unlink()
        (self.folder / "key").write_bytes(self.secret)
        self.redis = Redis(self.folder / "redis")
        if self.store == "proxy":
            self.proxy = SlowProxy(self.redis.port)

    @property
    def url(self) -> str:
        port = self.redis.port if self.proxy is None else self.proxy.port
        return f"redis://127.0.0.1:{port}/0"

    def add(self, bundle: Path | None = None, env: dict[str, str] | None = None) -> Server:
        """Set up one more replica, which is not started yet."""
        made = replica(
            bundle or self.bundle, self.url, self.folder / "key",
            self.folder / f"replica{len(self.servers)}.log", *self.options, env=env or {},
        )  # fmt: skip
        self.servers.append(made)
        return made

    def cold_start(self, server: Server) -> dict[str, float]:
        """Start a server; seconds until it is ready, and until it has answered a party."""
        server.start()
        ready = server.wait_until_ready()
        self.first.append(secrets.token_hex(8))
        status, said = server.predict({"token": self.first[-1], **SOMEWHERE})
        if status != 200:
            raise RuntimeError(f"the first party was answered with {status}: {said}")
        first = time.monotonic() - server.started
        return {"ready_s": round(ready, 2), "first_answer_s": round(first, 2)}

    def until(self, seconds: float) -> None:
        """Wait until so long after the start [s]."""
        time.sleep(max(0.0, self.start + seconds - time.monotonic()))

    def now(self) -> float:
        """Time since the start [s]."""
        return time.monotonic() - self.start

    def close(self) -> None:
        """End all that was started."""
        for server in self.servers:
            server.close()
        self.redis.go_on()
        self.redis.kill()
        if self.proxy is not None:
            self.proxy.close()


class Helper:
    """A process that prepares, says so, and begins when it is told the time."""

    def __init__(self, script: str, *arguments: str) -> None:
        line = [sys.executable, str(HERE / script), *arguments]
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(line, stdin=pipe, stdout=pipe, text=True)

    def wait(self) -> None:
        assert self.process.stdout is not None
        if self.process.stdout.readline() != "prepared\n":
            raise RuntimeError(f"{self.process.args}: it failed before it began")

    def begin(self, start: float) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(f"{start}\n")
        self.process.stdin.flush()

    def end(self, within: float) -> None:
        """Close its input, and wait until it has ended."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        if self.process.wait(within):
            raise RuntimeError(f"{self.process.args}: it ended with {self.process.returncode}")

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


def generate(
    folder: Path,
    ports: Sequence[int],
    phones: Phones,
    plan: dict[str, NDArray[Any]],
    *,
    meanwhile: Callable[[float], None],
    reads: bool = True,
) -> tuple[Came, NDArray[np.float64]]:
    """Let phones ask, and a prober look; what came of both.

    Parameters
    ----------
    meanwhile
        Called with the time of the start [monotonic s]; may return at once.
    reads
        Whether answers are ours, and read.
    """
    phones.write(folder / "requests.pickle")
    np.savez(folder / "schedule.npz", **plan)
    spec = {
        "ports": list(ports), "requests": str(folder / "requests.pickle"), "reads": reads,
        "schedule": str(folder / "schedule.npz"), "out": str(folder / "came.npz"),
    }  # fmt: skip
    (folder / "spec.json").write_text(json.dumps(spec))
    generator = Helper("generator.py", str(folder / "spec.json"))
    prober = Helper("prober.py", str(folder / "probes.npy"), *map(str, ports))
    try:
        generator.wait()
        prober.wait()
        start = time.monotonic() + 0.5
        generator.begin(start)
        prober.begin(start)
        meanwhile(start)
        last = float(plan["born"][-1])
        generator.end(max(0.0, start + last - time.monotonic()) + 90.0)
        prober.end(15.0)
    finally:
        generator.kill()
        prober.kill()
    (folder / "requests.pickle").unlink()
    return came_of(folder / "came.npz", plan), np.load(folder / "probes.npy")


def play(
    run: Run,
    phones: Phones,
    plan: dict[str, NDArray[Any]],
    *,
    at_first: int = 2,
    phases: Sequence[Phase] = (),
    faults: Callable[[Run], None] | None = None,
) -> dict[str, Any]:
    """Let phones ask the servers of a run, break something, and give all figures.

    Parameters
    ----------
    run
        The servers.
    phones, plan
        Who asks, and when: of `phones.schedule`.
    at_first
        So many servers are started, one after another; `faults` may start more.
    phases
        Parts of the run that get figures of their own.
    faults
        Breaks things; called when the phones begin.
    """
    starts = [run.cold_start(one) for one in run.servers[:at_first]]
    watch = Watch(run.servers)
    before = [one.cpu() for one in run.servers]
    store_before = cpu_of(run.redis.process.pid)

    def meanwhile(start: float) -> None:
        run.start = start
        if faults is not None:
            faults(run)

    came, probes = generate(
        run.folder, [one.port for one in run.servers], phones, plan, meanwhile=meanwhile
    )
    spent = [one.cpu() for one in run.servers]
    cpu = sum(spent) - sum(before)
    store_cpu = cpu_of(run.redis.process.pid) - store_before
    watch.end()
    _settle(run)
    figures = figures_of(came)
    answered = max(1, figures["answered"])
    told = told_of(came, phones, hidden(phones.tokens, run.secret))
    told |= {one: Told(1, []) for one in hidden(run.first, run.secret)}
    kept = audit(truth_of(run.redis.url), told)
    return {
        **figures,
        "cpu_ms_per_request": round(cpu / answered * 1e3, 3),
        "store_cpu_ms_per_request": round(max(0.0, store_cpu) / answered * 1e3, 3),
        "generator_cpu_ms_per_request": round(came.cpu_s / answered * 1e3, 3),
        "rss_mib": [round(one) for one in watch.last],
        "rss_peak_mib": [round(one) for one in watch.peak],
        "cold_start": starts,
        **probes_of(probes, len(run.servers)),
        **kept,
        "phases": phases_of(came, [(one.name, one.begin, one.end) for one in phases]),
        "notes": run.notes,
    }


def told_of(came: Came, phones: Phones, names: Sequence[str]) -> dict[str, Told]:
    """What each phone was told, by hidden token, in the order in which answers came."""
    out: dict[str, Told] = {}
    for row in np.argsort(came.done, kind="stable").tolist():
        phone = int(came.phone[row])
        told = out.setdefault(names[phone], Told(int(phones.sizes[phone]), []))
        if came.code[row] == 200:
            told.answers.append((came.word(row), came.place(row)))
    return out


def _settle(run: Run) -> None:
    """Give replicas the time to write in what they promised."""
    run.redis.go_on()
    if run.proxy is not None:
        run.proxy.delay = 0.0
    time.sleep(SETTLE_S)
