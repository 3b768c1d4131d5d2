"""examples/kserve: Redis, started as the manifest starts it."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import missing
from manifests import KSERVE, rendered

SERVER, CLIENT = shutil.which("redis-server"), shutil.which("redis-cli")


def free_port() -> int:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        return int(held.getsockname()[1])


class Redis:
    """Redis by the manifest's command and settings, in a folder and at a port of the test's own."""

    def __init__(self, folder: Path, port: int):
        self.folder, self.port = folder, port
        (folder / "password").write_text("a-password")
        conf = (KSERVE / "base" / "redis.conf").read_text().replace("dir /data", f"dir {folder}")
        (folder / "redis.conf").write_text(f"{conf}port {port}\nbind 127.0.0.1\n")
        pod = rendered("standard").named("StatefulSet", "evacroute-redis")["spec"]["template"]
        (self.container,) = pod["spec"]["containers"]
        words = [self.here(word) for word in self.container["command"]]
        self.process = subprocess.Popen(words, stdout=subprocess.DEVNULL)

    def here(self, word: str) -> str:
        word = word.replace("/etc/redis-password", str(self.folder))
        return word.replace("/etc/redis", str(self.folder))

    def probe(self) -> int:
        words = map(self.here, self.container["readinessProbe"]["exec"]["command"])
        command = [word.replace("redis-cli", f"redis-cli -p {self.port}") for word in words]
        return subprocess.run(command, stderr=subprocess.DEVNULL).returncode

    def ask(self, *words: str, password: str = "a-password") -> str:
        done = subprocess.run(
            [str(CLIENT), "-p", str(self.port), "--no-auth-warning", "-a", password, *words],
            capture_output=True,
            text=True,
        )
        return done.stdout.strip()


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[Redis]:
    if SERVER is None or CLIENT is None:
        missing("no redis-server on this machine (Debian: apt-get install redis-server)")
    server = Redis(tmp_path, free_port())
    until = time.monotonic() + 10
    while server.probe() != 0:
        assert server.process.poll() is None, "Redis did not start"
        assert time.monotonic() < until
        time.sleep(0.05)
    yield server
    server.process.terminate()
    server.process.wait(10)


def test_redis_as_the_manifest_starts_it(redis: Redis) -> None:
    """Redis asks for the password, keeps an AOF written every second, and evicts nothing."""
    assert "NOAUTH" in redis.ask("ping", password="") or "WRONGPASS" in redis.ask(
        "ping", password="wrong"
    )
    assert redis.ask("config", "get", "appendfsync").split() == ["appendfsync", "everysec"]
    assert redis.ask("config", "get", "appendonly").split() == ["appendonly", "yes"]
    assert redis.ask("config", "get", "maxmemory-policy").split() == [
        "maxmemory-policy",
        "noeviction",
    ]
    assert "unknown command" in redis.ask("flushall")
    words = Path(f"/proc/{redis.process.pid}/cmdline").read_bytes()
    assert b"a-password" not in words


def test_redis_ends_in_order(redis: Redis) -> None:
    """SIGTERM reaches Redis itself, and what was written is there after a restart."""
    assert redis.ask("set", "k", "v") == "OK"
    redis.process.terminate()
    assert redis.process.wait(10) == 0
    again = Redis(redis.folder, redis.port)
    try:
        while again.probe() != 0:
            time.sleep(0.05)
        assert again.ask("get", "k") == "v"
    finally:
        again.process.terminate()
        again.process.wait(10)
