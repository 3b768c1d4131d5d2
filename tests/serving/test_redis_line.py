"""The link to Redis on an event loop: the same answers, and every way in which it can break."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from conftest import missing

from evacroute.errors import StoreError, StoreUnavailable
from evacroute.serving.capacity_store import (
    Answer,
    Held,
    Line,
    Places,
    Refusal,
    Refused,
    Wish,
    open_store,
)

from .servers import REDIS, RedisServer

redis = pytest.importorskip("redis", reason="redis is not installed")
pytest.importorskip("hiredis", reason="hiredis is not installed")

PLACES = Places(version=1, shelter_id=("A", "Bè"), capacity=(400, 40), step_free=(5, 0))


def loops() -> list[Any]:
    """Event loops that the server may run on."""
    found = [asyncio.new_event_loop]
    with contextlib.suppress(ImportError):
        import uvloop

        found.append(uvloop.new_event_loop)
    return found


@pytest.fixture(params=loops(), ids=lambda made: made.__module__.split(".")[0])
def run(request: pytest.FixtureRequest) -> Callable[[Coroutine[Any, Any, None]], None]:
    """Runs a coroutine on a loop of each kind."""

    def work(coroutine: Coroutine[Any, Any, None]) -> None:
        with asyncio.Runner(loop_factory=request.param) as runner:
            runner.run(coroutine)

    return work


@contextlib.contextmanager
def lined(url: str, event: str = "default") -> Iterator[tuple[Any, Line]]:
    """A store whose places are declared, and a line to it."""
    with closing(open_store(url, event=event, timeout_s=0.3)) as store:
        store.declare(PLACES)
        yield store, store.line()  # type: ignore[attr-defined]


async def ask(line: Line, wishes: Sequence[Wish]) -> list[Answer]:
    future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
    line.reserve(wishes, future.set_result)
    answer = await asyncio.wait_for(future, 5)
    if isinstance(answer, StoreError):
        raise answer
    return answer  # type: ignore[no-any-return]


async def end(line: Line) -> None:
    line.close()
    await asyncio.sleep(0.01)


def wish(token: str, *candidates: str, size: int = 1, free: bool = False) -> Wish:
    shelters = candidates or ("A", "Bè")
    return Wish(token=token, candidates=shelters, size=size, step_free=free, hold_s=60)


def test_answers_are_the_stores(redis_server: RedisServer, event: str, run: Any) -> None:
    """Places, refusals and retries are told as the store tells them, in order, 700 at a time."""

    async def play(store: Any, line: Line) -> None:
        asked = [wish(f"t{i}", size=1 + i % 2, free=i % 50 == 0) for i in range(700)]
        answers = await ask(line, asked)
        given = [one for one in answers if isinstance(one, Held)]
        assert all(one.is_new for one in given)
        assert sum(one.size for one in given) == sum(store.look().taken) == 440
        assert {one.why for one in answers if isinstance(one, Refused)} == {Refusal.FULL}
        for mine, theirs in zip(await ask(line, asked), store.reserve(asked), strict=True):
            if isinstance(mine, Held):
                assert isinstance(theirs, Held)
                assert (mine.shelter_id, mine.is_new) == (theirs.shelter_id, False)
            else:
                assert mine == theirs
        store.cancel("t0")
        again = await ask(line, [wish("t0"), wish("x", "Z")])
        assert again == [Refused(Refusal.CANCELLED), Refused(Refusal.UNDECLARED)]
        assert await ask(line, []) == []
        await end(line)
        with pytest.raises(StoreError, match="closed"):
            await ask(line, [wish("y")])

    with lined(redis_server.url, event) as (store, line):
        run(play(store, line))


def test_login_and_database(own_redis: RedisServer, run: Any) -> None:
    """A line logs in and chooses the database as the address says; a wrong password is not told."""

    async def play(line: Line) -> None:
        assert isinstance((await ask(line, [wish("x")]))[0], Held)
        await end(line)

    async def refused(line: Line) -> None:
        with pytest.raises(StoreUnavailable, match=r"127\.0\.0\.1:\d+: out of reach") as caught:
            await ask(line, [wish("y")])
        assert "geheim" not in str(caught.value)
        await end(line)

    with redis.Redis(port=own_redis.port) as client:
        client.config_set("requirepass", "geheim")
    at = f"127.0.0.1:{own_redis.port}/3"
    with lined(f"redis://:geheim@{at}") as (store, line):
        run(play(line))
        assert store.look().taken == (1, 0)
    with closing(open_store(f"redis://:geheim-not@{at}")) as store:
        run(refused(store.line()))  # type: ignore[attr-defined]


def test_a_lost_script_is_sent_again(own_redis: RedisServer, run: Any) -> None:
    """A server that has lost the script is given it anew."""

    async def play(line: Line) -> None:
        await ask(line, [wish("x")])
        with redis.Redis(port=own_redis.port) as client:
            client.script_flush()
        assert isinstance((await ask(line, [wish("y")]))[0], Held)
        await end(line)

    with lined(own_redis.url) as (_, line):
        run(play(line))


def test_a_server_that_stops_ends_or_comes_back(own_redis: RedisServer, run: Any) -> None:
    """A server that stands still is out of reach after the timeout, one that ended at once."""

    async def play(line: Line) -> None:
        await ask(line, [wish("x")])
        own_redis.stop()
        begin = time.monotonic()
        for _ in range(2):  # On the old link, and on a new one.
            with pytest.raises(StoreUnavailable, match="TimeoutError"):
                await ask(line, [wish("y")])
        assert 0.5 < time.monotonic() - begin < 5
        own_redis.go_on()
        assert isinstance((await ask(line, [wish("y")]))[0], Held)
        own_redis.stop()
        under_way = asyncio.create_task(ask(line, [wish("z")]))
        await asyncio.sleep(0.02)
        own_redis.kill()
        with pytest.raises(StoreUnavailable, match="out of reach"):
            await under_way
        with pytest.raises(StoreUnavailable, match="out of reach"):
            await ask(line, [wish("z")])
        await asyncio.to_thread(own_redis.start)
        assert isinstance((await ask(line, [wish("x")]))[0], Held)
        with redis.Redis(port=own_redis.port) as client:
            client.client_kill_filter(_type="normal", skipme=True)
        await asyncio.sleep(0.05)
        assert isinstance((await ask(line, [wish("x")]))[0], Held)
        await end(line)

    with lined(own_redis.url) as (_, line):
        run(play(line))


def test_errors_are_told(own_redis: RedisServer, run: Any) -> None:
    """A server that is full just now is out of reach; one that dropped a part is refused."""

    async def play(line: Line, client: Any) -> None:
        client.config_set("maxmemory-policy", "noeviction")
        client.config_set("maxmemory", 1)
        with pytest.raises(StoreUnavailable, match="cannot just now"):
            await ask(line, [wish("x")])
        client.config_set("maxmemory", 0)
        await ask(line, [wish("x")])
        client.delete("evacroute:{default}:places")
        with pytest.raises(StoreError, match="noeviction"):
            await ask(line, [wish("y")])
        await end(line)

    with lined(own_redis.url) as (_, line), redis.Redis(port=own_redis.port) as client:
        run(play(line, client))


def test_a_server_that_is_no_redis(run: Any) -> None:
    """Somebody who answers in another tongue is out of reach."""

    async def play() -> None:
        async def babble(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.read(10)
            writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            with contextlib.suppress(OSError):
                await reader.read()
            writer.close()

        server = await asyncio.start_server(babble, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        with closing(open_store(f"redis://127.0.0.1:{port}", timeout_s=0.3)) as store:
            line: Line = store.line()  # type: ignore[attr-defined]
            with pytest.raises(StoreUnavailable, match="out of reach"):
                await ask(line, [wish("x")])
            await end(line)
        server.close()
        await server.wait_closed()

    run(play())


@pytest.fixture
def secure(tmp_path: Path) -> Iterator[tuple[int, Path]]:
    """A server that speaks TLS: port, and the certificate to trust."""
    if REDIS is None:
        missing("no redis-server on this machine (Debian: apt-get install redis-server)")
    openssl = shutil.which("openssl")
    if openssl is None:
        missing("no openssl on this machine")
    key, cert = tmp_path / "key.pem", tmp_path / "cert.pem"
    line = [openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"]
    line += ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
    line += ["-keyout", str(key), "-out", str(cert)]
    subprocess.run(line, check=True, capture_output=True)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = int(free.getsockname()[1])
    command = [REDIS, "--port", "0", "--tls-port", str(port), "--save", "", "--dir", str(tmp_path)]
    command += [
        "--tls-cert-file",
        str(cert),
        "--tls-key-file",
        str(key),
        "--tls-auth-clients",
        "no",
    ]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    for _ in range(500):
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", port), 1).close()
            break
        time.sleep(0.01)
    yield port, cert
    server.kill()
    if server.wait() == 1:
        missing("this redis-server cannot speak TLS")


def test_over_tls(secure: tuple[int, Path], run: Any) -> None:
    """Over TLS places are given where the certificate is trusted, and only there."""
    port, cert = secure

    async def play(line: Line) -> None:
        assert isinstance((await ask(line, [wish("x")]))[0], Held)
        await end(line)

    async def refused(line: Line) -> None:
        with pytest.raises(StoreUnavailable, match="out of reach"):
            await ask(line, [wish("y")])
        await end(line)

    with lined(f"rediss://127.0.0.1:{port}/0?ssl_ca_certs={cert}") as (store, line):
        run(play(line))
        assert store.look().taken == (1, 0)
    with closing(open_store(f"rediss://127.0.0.1:{port}/0", timeout_s=0.5)) as store:
        run(refused(store.line()))  # type: ignore[attr-defined]
