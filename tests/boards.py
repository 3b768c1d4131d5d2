"""The operator's board for tests: a small bundle, and a board asked without a socket."""

from __future__ import annotations

import asyncio
import functools
import gzip
import json
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import numpy as np

import evacroute as er
from evacroute.answering.questions import Questions
from evacroute.network import KINDS, Network
from evacroute.serving.board.planner import Planner

ACT = {"x-evacroute-act": "1"}
ROOT = tempfile.TemporaryDirectory(prefix="evacroute-board-")


@functools.cache
def bundle() -> Path:
    """A bundle of a part of the made-up city; made once a process of tests."""
    folder = Path(ROOT.name) / "bundle"
    er.assign(er.lagoon(people=400), method="over_time", time_limit=1.0).save_bundle(folder)
    return folder


class Answer:
    """What a request got."""

    def __init__(self, status: int, headers: dict[str, str], content: bytes) -> None:
        self.status, self.headers, self.content = status, headers, content

    @property
    def json(self) -> Any:
        packed = self.headers.get("content-encoding") == "gzip"
        return json.loads(gzip.decompress(self.content) if packed else self.content)


class Asked:
    """A board behind the server's shell, asked without a socket."""

    def __init__(self, board: Any, app: Any, replica: Any) -> None:
        self.board, self.replica, self._app = board, replica, app

    async def __call__(
        self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None
    ) -> Answer:
        content = (
            body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        )
        names = {"host": "ops.example", **(headers or {})}
        scope = {
            "type": "http", "http_version": "1.1", "method": method, "scheme": "http",
            "path": path, "raw_path": path.encode(), "query_string": b"", "root_path": "",
            "headers": [(k.lower().encode(), v.encode()) for k, v in names.items()],
            "server": ("test", 80), "client": ("test", 1),
        }  # fmt: skip
        given = iter([{"type": "http.request", "body": content, "more_body": False}])
        sent: list[dict[str, Any]] = []

        async def receive() -> Any:
            return next(given)

        async def send(message: Any) -> None:
            sent.append(message)

        await self._app(scope, receive, send)
        head = {k.decode(): v.decode() for k, v in sent[0]["headers"]}
        return Answer(sent[0]["status"], head, b"".join(m.get("body", b"") for m in sent[1:]))

    async def get(self, path: str, **headers: str) -> Answer:
        return await self("GET", path, headers=headers)

    async def state(self) -> Any:
        return (await self.get("/ops/state")).json

    async def act(self, word: str, **body: Any) -> Answer:
        """Do an act, at the version that is known unless another is given."""
        if "version" not in body:
            body["version"] = (await self.state())["version"]
        return await self("POST", f"/ops/{word}", body, ACT)

    async def until(self, true: Callable[[Any], bool], seconds: float = 60.0) -> Any:
        """The first state for which something is true."""
        end = time.monotonic() + seconds
        while True:
            state = await self.state()
            if true(state):
                return state
            assert time.monotonic() < end, state
            await asyncio.sleep(0.1)


@asynccontextmanager
async def board(
    store: str = "memory:", *, alarm: float | None = None, planner: Planner | None = None,
    key: bytes = b"k" * 32, limit_s: float = 2.0, is_on: bool = True,
) -> Any:  # fmt: skip
    """A replica with its board, both running."""
    from evacroute.serving.board.board import Board
    from evacroute.serving.capacity_store import open_store
    from evacroute.serving.life import Life
    from evacroute.serving.metrics import Meters
    from evacroute.serving.replica import Replica
    from evacroute.serving.requests import Reception
    from evacroute.serving.rest import Rest, Shell

    meters = Meters()
    replica = Replica(bundle(), lambda: open_store(store), key=key, alarm_at=alarm)
    made = Board(replica, meters, alarm_at=alarm, planner=planner, limit_s=limit_s)
    life, reception = Life(replica), Reception(replica, meters, most=10, timeout=5)
    rest = Rest("evacroute", None, life, reception, 1 << 19)
    asked = Asked(made, Shell(rest, life, reception, made.routes() if is_on else ()), replica)
    replica.load()
    with made:
        await replica.start()
        try:
            while not replica.ready:
                await asyncio.sleep(0.01)
            yield asked
        finally:
            await replica.stop()


def run(work: Callable[[], Awaitable[None]]) -> None:
    asyncio.run(work())


@contextmanager
def lines(caplog: Any) -> Iterator[list[dict[str, Any]]]:
    """Lines of acts that are logged."""
    out: list[dict[str, Any]] = []
    with caplog.at_level("INFO", "evacroute.serving"):
        yield out
    out += [r.fields for r in caplog.records if r.msg == "act"]


def ways_of(replica: Any, nodes: Any) -> Any:
    """What people at some nodes are told."""
    network = replica.answerer.scenario.network
    asked = Questions.at(network.lon[nodes], network.lat[nodes])
    return replica.answerer.answer(asked, now=0.0)


@functools.cache
def bridges(network: Network) -> list[tuple[str, set[Any]]]:
    """Name and points of each bridge."""
    out = []
    for link in np.flatnonzero(network.kind == KINDS.index("bridge")).tolist():
        part = slice(int(network.geometry_ptr[link]), int(network.geometry_ptr[link + 1]))
        points = np.column_stack([network.geometry_lon[part], network.geometry_lat[part]])
        out.append((str(network.name[link]), set(map(tuple, np.round(points, 6).tolist()))))
    return out


def crossed(network: Network, line: Any) -> list[str]:
    """Names of the bridges that a line goes over, by their points."""
    there = set(map(tuple, np.round(line, 6).tolist()))
    return sorted({name for name, points in bridges(network) if points <= there})


def busiest_bridge(replica: Any) -> tuple[str, Any]:
    """Name of the bridge that most of some people are sent over, and the nodes where they stand."""
    network = replica.answerer.scenario.network
    some = np.arange(0, network.n_nodes, 71)
    told = ways_of(replica, some)
    over = [crossed(network, line) for line in told.line]
    names = Counter(name for one in over for name in one if name)
    name = names.most_common(1)[0][0]
    return name, some[[name in one for one in over]]
