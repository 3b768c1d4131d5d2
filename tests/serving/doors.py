"""Servers for tests: started as processes around a fake core, or asked without a socket."""

from __future__ import annotations

import asyncio
import atexit
import importlib.util
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import httpx
from conftest import missing

HERE = Path(__file__).parent
V1, V2 = "/v1/models/evacroute:predict", "/v2/models/evacroute/infer"
PARTY = {
    "token": "marker-7Qx9", "lon": 12.3387123, "lat": 45.4341987, "party_size": 2,
    "mobility": "wheelchair_manual", "step_free": True, "age_band": "65-79", "helpers": 1,
    "language": "it-IT", "deadline_s": 1800, "hazard": "flood",
}  # fmt: skip
SLOW = {"lon": 12.33, "lat": 45.43, "party_size": 90}
"""A party that the fake core lets wait."""
KINDS = {float: "FP64", int: "INT64", str: "BYTES", bool: "BOOL"}


def need(*packages: str) -> None:
    """Skip the test where a package is missing, in CI fail it."""
    for package in packages:
        if importlib.util.find_spec(package) is None:
            missing(f"the package '{package}' is not installed")


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as sock:
        return int(sock.getsockname()[1])


def columns(*rows: dict[str, Any]) -> list[dict[str, Any]]:
    """Inputs of V2 in JSON."""
    return [
        {"name": name, "shape": [len(rows)], "datatype": "FP64" if name == "deadline_s"
         else KINDS[type(value)], "data": [row[name] for row in rows]}
        for name, value in rows[0].items()
    ]  # fmt: skip


def messages_of(party: dict[str, Any]) -> bytes:
    """A party as a message of gRPC."""
    from kserve.protocol.grpc import grpc_predict_v2_pb2 as messages

    request = messages.ModelInferRequest(model_name="evacroute")
    fields = {"FP64": "fp64_contents", "INT64": "int64_contents", "BYTES": "bytes_contents"}
    for one in columns({k: party[k] for k in ("lon", "lat", "party_size", "token") if k in party}):
        tensor = request.inputs.add(name=one["name"], datatype=one["datatype"], shape=[1])
        values = [v.encode() if isinstance(v, str) else v for v in one["data"]]
        getattr(tensor.contents, fields[one["datatype"]]).extend(values)
    return request.SerializeToString()


QUIET = {"GRPC_VERBOSITY": "NONE"}
"""gRPC writes no lines of its own beside those of the log."""


class Door:
    """A server in a process of its own."""

    def __init__(self, process: subprocess.Popen[bytes], log: Path, grpc_port: int) -> None:
        self.process = process
        self.log = log
        self.grpc = f"127.0.0.1:{grpc_port}"
        self.http = ""
        # One client: each that is made reads the certificates of the system.
        self.client = httpx.Client(timeout=10, verify=False)

    def lines(self) -> list[dict[str, Any]]:
        """Every whole line of the log."""
        return [json.loads(x) for x in self.log.read_text().split("\n")[:-1]]

    def wait_for(self, event: str, seconds: float = 30.0) -> dict[str, Any]:
        """The first line of an event."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            found = [line for line in self.lines() if line["event"] == event]
            if found:
                return found[0]
            assert self.process.poll() is None, self.log.read_text()
            time.sleep(0.02)
        raise AssertionError(f"no line {event}: {self.log.read_text()}")

    def line_of(self, request_id: str) -> dict[str, Any]:
        """The one line of a request; it is written after the answer."""
        until = time.monotonic() + 5
        found: list[dict[str, Any]] = []
        while not found and time.monotonic() < until:
            found = [line for line in self.lines() if line.get("request_id") == request_id]
        assert len(found) == 1
        return found[0]

    def get(self, path: str) -> httpx.Response:
        return self.client.get(self.http + path)

    def post(self, path: str, body: Any = None, **more: Any) -> httpx.Response:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self.client.post(self.http + path, content=content, **more)

    def predict(self, *rows: dict[str, Any], **more: Any) -> httpx.Response:
        return self.post(V1, {"instances": list(rows), **more})

    def tell(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def end(self, seconds: float = 10.0) -> int:
        """The exit code."""
        return self.process.wait(seconds)


@contextmanager
def door(folder: Path, *options: str, **env: str) -> Iterator[Door]:
    """A server that listens; it may not be ready yet."""
    grpc_port = free_port()
    log = folder / f"log-{grpc_port}.txt"
    line = [
        sys.executable, str(HERE / "fake_core.py"), "--model_dir", str(folder), "--http_host",
        "127.0.0.1", "--http_port", "0", "--grpc_port", str(grpc_port), *options,
    ]  # fmt: skip
    with (
        log.open("wb") as out,
        subprocess.Popen(
            line, stdout=out, stderr=out, env={**os.environ, **QUIET, **env}
        ) as process,
    ):
        made = Door(process, log, grpc_port)
        try:
            made.http = f"http://127.0.0.1:{made.wait_for('listening')['http_port']}"
            yield made
        finally:
            made.client.close()
            process.kill()


@cache
def shared() -> Door:
    """A server that is ready, with short limits: one a process of tests, as each costs seconds."""
    need("kserve", "tritonclient")
    folder = tempfile.mkdtemp(prefix="evacroute-door-")
    atexit.register(shutil.rmtree, folder, True)
    options = ("--timeout", "1.5s", "--max-in-flight=4")
    opened = ExitStack()
    made = opened.enter_context(door(Path(folder), *options, FAKE_WAIT="0.4"))
    atexit.register(opened.close)
    made.wait_for("ready")
    return made


class Asked:
    """An application of ASGI, asked without a socket."""

    def __init__(self, app: Any) -> None:
        self._app = app

    def __call__(
        self, path: str, body: bytes = b"", headers: dict[str, str] | None = None
    ) -> tuple[int, dict[str, str], bytes]:
        sent: list[Any] = []

        async def receive() -> Any:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: Any) -> None:
            sent.append(message)

        scope = {
            "type": "http", "method": "POST" if body else "GET", "path": path, "root_path": "",
            "query_string": b"",
            "headers": [(k.encode(), v.encode()) for k, v in (headers or {}).items()],
        }  # fmt: skip
        asyncio.run(self._app(scope, receive, send))
        found = {k.decode(): v.decode() for k, v in sent[0]["headers"]}
        return sent[0]["status"], found, sent[1]["body"]
