"""Phones that ask when they mean to, whatever the servers do: an open-loop generator.

    python generator.py SPEC < START

Latency counts from the time at which a phone meant to ask, so a server that stands still cannot
hide it. Requests go round the replicas that their last readiness probe has shown ready, as behind a
service of Kubernetes; a phone that gets no answer asks another one, with the same token. What came
of each request is written to an `.npz`. It parses no more of an answer than it must, so that it
takes little of the machine that it measures.
"""

from __future__ import annotations

import asyncio
import gc
import json
import pickle
import random
import resource
import sys
import time
from collections import Counter, deque
from pathlib import Path
from typing import Any

import numpy as np

TIMEOUT_S = 4.0
"""A phone waits so long for an answer before it asks another replica [s]."""

GIVE_UP_S = 30.0
"""A phone that has asked in vain for so long gives up [s]."""

PAUSES = (0.05, 0.2, 0.5, 1.0)
"""What a phone waits before it asks another replica [s], half to one and a half of it.

Where a second one has sent it away too, it waits as long as it was told to.
"""

PROBE_S = 1.0
"""How often replicas are asked whether they are ready [s]."""

PROBE = b"GET /v2/health/ready HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"

STATUSES = (b"reserved", b"unreserved", b"no_safe_route")

CHECKED = 50
"""One answer in so many is read whole."""


class Ask:
    """A request and what becomes of it."""

    __slots__ = ("at", "avoid", "born", "index", "line", "new", "row", "tries")

    def __init__(self, row: int, index: int, born: float, new: bool) -> None:
        self.row, self.index, self.born, self.new = row, index, born, new
        self.tries, self.avoid, self.at = 0, -1, -1
        self.line: Line | None = None


class Line(asyncio.Protocol):
    """A connection to a replica, with at most one request under way."""

    def __init__(self, crowd: Crowd, at: int) -> None:
        self.crowd, self.at = crowd, at
        self.ask: Ask | None = None
        self.transport: Any = None
        self._parts: list[bytes] = []
        self._missing = 0
        self._code = 0
        self._closes = False
        self._later = 0.0

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def send(self, ask: Ask, content: bytes) -> None:
        self.ask, ask.line = ask, self
        self._parts, self._missing, self._code = [], 0, 0
        self.transport.write(content)

    def data_received(self, data: bytes) -> None:
        if not self._code:
            self._parts.append(data)
            data = b"".join(self._parts)
            end = data.find(b"\r\n\r\n")
            if end < 0:
                self._parts = [data]
                return
            head = data[:end].lower()
            self._code = int(head[9:12])
            at = head.find(b"content-length:")
            stop = head.find(b"\r", at)
            length = int(head[at + 15 : stop if stop > 0 else None]) if at > 0 else 0
            self._closes = b"connection: close" in head
            at = head.find(b"retry-after:")
            self._later = float(head[at + 12 : at + 16].split(b"\r")[0]) if at > 0 else 0.0
            self._parts, data = [], data[end + 4 :]
            self._missing = length
        self._parts.append(data)
        self._missing -= len(data)
        if self._missing <= 0 and self.ask is not None:
            ask, self.ask = self.ask, None
            ask.line = None
            self.crowd.answered(ask, self._code, b"".join(self._parts), self._later)
            if self._closes or ask.new or self.transport.is_closing():
                self.transport.close()
            else:
                self.crowd.idle[self.at].append(self)

    def connection_lost(self, exc: Exception | None) -> None:
        ask, self.ask = self.ask, None
        if ask is not None:
            ask.line = None
            self.crowd.failed(ask, "hung up")


class Crowd:
    """All phones of a run.

    Parameters
    ----------
    spec
        `ports`; `requests`, a file of pickled tokens and requests; `schedule`, an `.npz` of `born`
        [s from the start], `phone` and `new` (whether over a new connection); `out`.
    """

    def __init__(self, spec: dict[str, Any]) -> None:
        self.ports: list[int] = spec["ports"]
        self.reads: bool = spec["reads"]
        tokens, self.contents = pickle.loads(Path(spec["requests"]).read_bytes())
        self.tokens: list[bytes] = tokens
        with np.load(spec["schedule"]) as file:
            born, phone, new = (file[name].tolist() for name in ("born", "phone", "new"))
        self.asks = [Ask(i, *row) for i, row in enumerate(zip(phone, born, new, strict=True))]
        self.idle: list[deque[Line]] = [deque() for _ in self.ports]
        self.ready = [True] * len(self.ports)
        self.under_way: deque[tuple[float, int, Ask]] = deque()
        self.failures: Counter[str] = Counter()
        self.faulty: list[str] = []
        self.shelters: dict[bytes, int] = {}
        self.plans: dict[bytes, int] = {}
        n = len(self.asks)
        self.sent, self.done = np.full(n, np.nan), np.full(n, np.nan)
        self.code, self.tries = np.zeros(n, np.int16), np.zeros(n, np.int16)
        self.replica, self.plan = np.full(n, -1, np.int16), np.full(n, -1, np.int16)
        self.status, self.shelter = np.full(n, -1, np.int16), np.full(n, -1, np.int16)
        self.open = n
        self.turn = 0
        self.tasks: set[asyncio.Task[None]] = set()
        self.chance = random.Random(spec.get("seed", 0))

    async def run(self, start: float) -> None:
        """Send every request at its time, and wait until each is answered or given up."""
        loop = self.loop = asyncio.get_running_loop()
        beside = [loop.create_task(work()) for work in (self._probe, self._sweep)]
        self.start = start
        await asyncio.gather(*(self._look(at) for at in range(len(self.ports))))
        at, n = 0, len(self.asks)
        while at < n:
            now = time.monotonic() - start
            while at < n and self.asks[at].born <= now:
                self.go(self.asks[at])
                at += 1
            if at < n:
                wait = self.asks[at].born - (time.monotonic() - start)
                # Timers have a grain of 1 ms; what is due within one goes out together.
                await asyncio.sleep(max(wait, 0.001))
        while self.open:
            await asyncio.sleep(0.01)
        for task in beside:
            task.cancel()

    def go(self, ask: Ask) -> None:
        """Send a request to the next replica."""
        now = time.monotonic()
        if ask.tries == 0:
            self.sent[ask.row] = now - self.start
        ask.tries += 1
        ask.at = self._next(ask.avoid)
        self.under_way.append((now + TIMEOUT_S, ask.tries, ask))
        idle = self.idle[ask.at]
        while idle and not ask.new:
            line = idle.pop()
            if not line.transport.is_closing():
                line.send(ask, self.contents[ask.index])
                return
        task = self.loop.create_task(self._connect(ask))
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    def _next(self, avoid: int) -> int:
        n = len(self.ports)
        found = -1
        for _ in range(n):
            self.turn = (self.turn + 1) % n
            if self.ready[self.turn] and (self.turn != avoid or n == 1):
                return self.turn
            if self.turn != avoid:
                found = self.turn
        ready = [i for i in range(n) if self.ready[i]]
        return ready[0] if ready else max(found, 0)

    async def _connect(self, ask: Ask) -> None:
        at, tries = ask.at, ask.tries
        try:
            _, line = await self.loop.create_connection(
                lambda: Line(self, at), "127.0.0.1", self.ports[at]
            )
        except OSError as error:
            if ask.tries == tries and ask.at == at:
                is_refused = isinstance(error, ConnectionRefusedError)
                self.failed(ask, "refused" if is_refused else "network")
            return
        if ask.at != at or ask.tries != tries:
            line.transport.close()  # It took so long that the phone has asked elsewhere.
            return
        line.send(ask, self.contents[ask.index])

    def _is_over(self, ask: Ask) -> bool:
        return bool(self.code[ask.row])

    def answered(self, ask: Ask, code: int, body: bytes, later: float = 0.0) -> None:
        """Note an answer; one that says to come again is none."""
        if code >= 500 or code == 429:
            why = body[:60].decode(errors="replace") if code != 500 else "fault"
            self.failed(ask, f"{code} {why}", later)
            return
        row = ask.row
        self.done[row] = time.monotonic() - self.start
        self.code[row], self.tries[row], self.replica[row] = code, ask.tries, ask.at
        self.open -= 1
        if code != 200:
            self.failures[f"{code} {body[:60].decode(errors='replace')}"] += 1
            return
        if self.reads:
            self._read(row, self.tokens[ask.index], body)

    def _read(self, row: int, token: bytes, body: bytes) -> None:
        head = b'{"predictions":[{"token":"' + token + b'","status":"'
        if not body.startswith(head):
            self.faulty.append("an answer to somebody else")
            return
        begin = len(head)
        status = body[begin : body.find(b'"', begin)]
        self.status[row] = STATUSES.index(status) if status in STATUSES else 9
        at = body.find(b'"shelter":{"id":"', begin, begin + 60)
        if at > 0:
            shelter = body[at + 17 : body.find(b'"', at + 17)]
            self.shelter[row] = self.shelters.setdefault(shelter, len(self.shelters))
        at = body.rfind(b'"plan":"') + 8
        self.plan[row] = self.plans.setdefault(body[at : body.find(b'"', at)], len(self.plans))
        if row % CHECKED == 0:
            self._check(row, json.loads(body)["predictions"])

    def _check(self, row: int, told: list[dict[str, Any]]) -> None:
        (one,) = told
        if one["status"] == "no_safe_route":
            return
        wants = b'"route":"none"' not in self.contents[self.asks[row].index]
        line = (one["route"] or {}).get("coordinates", ())
        if wants != bool(one["directions"]) or wants != (len(line) > 1):
            self.faulty.append("route or directions are not as asked")
        if one["status"] == "reserved" and not (one["held_until_s"] or one["held_until_s"] is None):
            self.faulty.append("reserved, but not held")

    def failed(self, ask: Ask, why: str, later: float = 0.0) -> None:
        """Ask again elsewhere, or give up."""
        self.failures[why] += 1
        now = time.monotonic() - self.start
        ask.avoid, ask.at = ask.at, -1
        if now - ask.born > GIVE_UP_S:
            self.code[ask.row], self.tries[ask.row] = -1, ask.tries
            self.done[ask.row] = now
            self.open -= 1
            return
        pause = max(PAUSES[min(ask.tries, len(PAUSES)) - 1], later if ask.tries > 1 else 0.0)
        self.loop.call_later(pause * (0.5 + self.chance.random()), self.go, ask)

    async def _sweep(self) -> None:
        """Let phones that have waited too long ask elsewhere."""
        while True:
            await asyncio.sleep(0.05)
            now = time.monotonic()
            while self.under_way and self.under_way[0][0] <= now:
                _, tries, ask = self.under_way.popleft()
                if ask.at < 0 or ask.tries != tries or self._is_over(ask):
                    continue
                line, ask.line = ask.line, None
                if line is not None:
                    line.ask = None
                    line.transport.abort()
                self.failed(ask, "no answer in time")

    async def _probe(self) -> None:
        """Ask each replica whether it is ready, now and then."""
        while True:
            await asyncio.gather(*(self._look(at) for at in range(len(self.ports))))
            await asyncio.sleep(PROBE_S)

    async def _look(self, at: int) -> None:
        try:
            async with asyncio.timeout(PROBE_S):
                reader, writer = await asyncio.open_connection("127.0.0.1", self.ports[at])
                writer.write(PROBE)
                self.ready[at] = b" 200 " in await reader.readline()
                writer.close()
        except TimeoutError:
            pass  # One probe that is late does not take a replica out.
        except OSError:
            self.ready[at] = False

    def save(self, out: str) -> None:
        """Write what came of each request."""
        columns: dict[str, Any] = {
            name: getattr(self, name)
            for name in ("sent", "done", "code", "tries", "replica", "plan", "status", "shelter")
        }
        took = resource.getrusage(resource.RUSAGE_SELF)
        words = {
            "failures": dict(self.failures),
            "faulty": dict(Counter(self.faulty)),
            "shelters": [one.decode() for one in self.shelters],
            "plans": [one.decode() for one in self.plans],
            "cpu_s": took.ru_utime + took.ru_stime - self.before,
        }
        np.savez(out, words=np.array(json.dumps(words)), **columns)


def main() -> None:
    spec = json.loads(Path(sys.argv[1]).read_text())
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(most, 16_384), most))
    crowd = Crowd(spec)
    gc.collect()
    gc.freeze()
    gc.disable()
    print("prepared", flush=True)
    start = float(sys.stdin.readline())
    took = resource.getrusage(resource.RUSAGE_SELF)
    crowd.before = took.ru_utime + took.ru_stime
    try:
        import uvloop

        factory: Any = uvloop.new_event_loop
    except ImportError:
        factory = None
    with asyncio.Runner(loop_factory=factory) as runner:
        runner.run(crowd.run(start))
    crowd.save(spec["out"])


if __name__ == "__main__":
    main()
