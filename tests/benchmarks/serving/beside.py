"""CPU of a server a request, beside bare KServe that answers a constant: same run, same machine."""

from __future__ import annotations

import json
import shutil
import socket
import sys
import time
from pathlib import Path
from typing import Any

from figures import figures_of
from phones import PATH, Phones, schedule
from processes import Redis, Server, replica
from run import HERE, generate

ONE_BY_ONE = 2000
"""Requests that are sent one after another over one connection."""

BATCH, BATCHES = 100, 60
"""Parties in a request, and such requests, without lines and directions."""

SECONDS = 12.0
"""How long requests come at a rate [s]."""


MEMORY = "ours, memory, quiet"


def compare(
    bundle: Path, phones: Phones, rate: float, folder: Path, *, share: float = 1.0
) -> dict[str, Any]:
    """CPU time a request of bare KServe, of our door alone, and of all of ours [ms].

    Parameters
    ----------
    rate
        Requests a second that one server gets.
    share
        Of the requests, less where it need not be so exact.
    """
    folder.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(folder / "redis", ignore_errors=True)
    (folder / "key").write_text("k" * 32)
    redis = Redis(folder / "redis")
    quiet = ("--log_level", "warning")
    bare = [sys.executable, str(HERE / "bare.py"), "PORT"]
    door = [
        sys.executable, str(HERE / "fixed.py"), "--model_dir", "/", "--http_host", "127.0.0.1",
        "--http_port", "PORT", "--grpc_port", "0", *quiet,
    ]  # fmt: skip

    def ours(store: str, name: str, *more: str) -> Server:
        return replica(bundle, store, folder / "key", folder / f"{name}.log", *more)

    servers = {
        "bare KServe, its defaults": Server([*bare, "default"], folder / "bare.log"),
        "bare KServe, quiet logs": Server([*bare, "quiet"], folder / "quiet.log"),
        "our door, a constant, quiet": Server(door, folder / "door.log"),
        MEMORY: ours("memory:", "memory", *quiet),
        "ours, Redis, quiet": ours(redis.url, "redis", *quiet, "--event", "quiet"),
        "ours, Redis, a line a request": ours(redis.url, "lines", "--event", "lines"),
    }
    out: dict[str, Any] = {}
    try:
        for name, server in servers.items():
            out[name] = _measure(server, phones, rate, folder, share, batches=name == MEMORY)
            print(f"{name:32} {_text(out[name])}", flush=True)
    finally:
        for server in servers.values():
            server.close()
        redis.kill()
    for how in ("one_by_one_ms", "at_rate_ms"):
        less = out["bare KServe, quiet logs"][how]
        over = {name: round(row[how] - less, 3) for name, row in out.items() if "bare" not in name}
        out[f"over bare KServe with quiet logs, {how}"] = over
        print(f"over bare KServe with quiet logs, {how}: {over}", flush=True)
    return out


def _measure(
    server: Server, phones: Phones, rate: float, folder: Path, share: float, *, batches: bool
) -> dict[str, float]:
    server.start()
    try:
        server.wait_until_ready()
        times = round(ONE_BY_ONE * share)
        _one_by_one(server.port, phones.contents[-300:])
        before = server.cpu()
        begin = time.monotonic()
        _one_by_one(server.port, phones.contents[-300 - times : -300])
        alone, took = server.cpu() - before, time.monotonic() - begin
        each = _in_batches(server, phones) if batches else None
        plan = schedule([(SECONDS * share, rate)], len(phones))
        before = server.cpu()
        came, _ = generate(
            folder, [server.port], phones, plan, meanwhile=lambda _: None, reads=False
        )
        figures = figures_of(came)
        spent = server.cpu() - before
    finally:
        server.close()
    return {
        "one_by_one_ms": round(alone / times * 1e3, 3),
        "one_by_one_latency_ms": round(took / times * 1e3, 3),
        "at_rate_ms": round(spent / max(1, figures["answered"]) * 1e3, 3),
        "at_rate_p99_ms": figures["p99_ms"],
        "answered": figures["answered"],
        "sent": figures["sent"],
        **({} if each is None else {"batch_ms_a_party": round(each, 4)}),
    }


def _in_batches(server: Server, phones: Phones) -> float:
    """CPU a party in requests of `BATCH` parties [ms]."""
    parties = [
        json.loads(content.split(b"\r\n\r\n", 1)[1])["instances"][0]
        for content in phones.contents[: BATCH * (BATCHES + 3)]
    ]
    contents = []
    for at in range(0, len(parties), BATCH):
        body = json.dumps({
            "instances": parties[at : at + BATCH],
            "parameters": {"route": "none", "directions": False},
        }).encode()  # fmt: skip
        head = f"POST {PATH} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n"
        contents.append(head.encode() + body)
    _one_by_one(server.port, contents[:3])
    before = server.cpu()
    _one_by_one(server.port, contents[3:])
    return (server.cpu() - before) / (len(parties) - 3 * BATCH) * 1e3


def _one_by_one(port: int, contents: list[bytes]) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=10) as link:
        for content in contents:
            link.sendall(content)
            data = b""
            while (end := data.find(b"\r\n\r\n")) < 0:
                data += _more(link)
            head = data[:end].lower()
            length = int(head.split(b"content-length:")[1].split(b"\r")[0])
            while len(data) < end + 4 + length:
                data += _more(link)


def _more(link: socket.socket) -> bytes:
    data = link.recv(1 << 16)
    if not data:
        raise ConnectionError("the server has hung up")
    return data


def _text(row: dict[str, float]) -> str:
    return ", ".join(f"{name} {value}" for name, value in row.items())
