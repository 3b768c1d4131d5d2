"""Servers and stores that the tests of serving share."""

from __future__ import annotations

import importlib.util
import itertools
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from conftest import missing

from evacroute.serving.capacity_store import CapacityStore, open_store

from .servers import REDIS, RedisServer

_events = itertools.count()


def _serve(folder: Path) -> Iterator[RedisServer]:
    if REDIS is None:
        missing("no redis-server on this machine (Debian: apt-get install redis-server)")
    if importlib.util.find_spec("redis") is None:
        missing("the package redis is not installed")
    server = RedisServer(folder)
    yield server
    server.kill()


@pytest.fixture(scope="session")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    """A Redis server for all tests; each uses an event of its own."""
    yield from _serve(tmp_path_factory.mktemp("redis"))


@pytest.fixture
def own_redis(tmp_path: Path) -> Iterator[RedisServer]:
    """A Redis server that the test may break."""
    yield from _serve(tmp_path)


@pytest.fixture(params=["sqlite", "redis"])
def shared_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where a store is that processes share."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'places.db'}"
    server: RedisServer = request.getfixturevalue("redis_server")
    return server.url


@pytest.fixture
def event() -> str:
    """An event that no other test knows."""
    return f"event-{next(_events)}"


@pytest.fixture(params=["memory", "sqlite", "redis"])
def store(request: pytest.FixtureRequest, tmp_path: Path, event: str) -> Iterator[CapacityStore]:
    """A store of each kind, empty."""
    opened = open_store(_url(request, tmp_path), event=event)
    yield opened
    opened.close()


def _url(request: pytest.FixtureRequest, folder: Path) -> str:
    urls: dict[str, Callable[[], str]] = {
        "memory": lambda: "memory:",
        "sqlite": lambda: f"sqlite:///{folder / 'places.db'}",
        "redis": lambda: str(request.getfixturevalue("redis_server").url),
    }
    return urls[request.param]()
