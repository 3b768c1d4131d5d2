"""What a server tells of its readiness."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

pytest.importorskip("kserve", reason="kserve is not installed")

from evacroute.serving import life
from evacroute.serving.life import Life


class SlowCore:
    """Loaded at once; its store is reached after some looks."""

    plan, why_not_ready = "p", "the store of places was not reached yet"

    def __init__(self, looks: float) -> None:
        self.looks = looks

    def load(self) -> None: ...

    async def start(self) -> None: ...

    @property
    def ready(self) -> bool:
        self.looks -= 1
        return self.looks < 0


def told(core: Any, monkeypatch: pytest.MonkeyPatch, untold_s: float) -> list[str]:
    said: list[str] = []
    monkeypatch.setattr(life, "say", lambda event, *_, **more: said.append(event))
    monkeypatch.setattr(life, "POLL_S", 0.002)
    monkeypatch.setattr(life, "UNTOLD_S", untold_s)
    asyncio.run(Life(core).begin())
    return said


def test_a_store_that_is_reached_a_little_later_makes_it_ready(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Ready is said in the end, and nothing else where that takes but a moment."""
    assert told(SlowCore(0), monkeypatch, 60.0) == ["ready"]
    assert told(SlowCore(3), monkeypatch, 60.0) == ["ready"]


def test_a_store_that_is_not_reached_is_told_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where it takes long, it is told once that it is not ready, and then that it is."""
    assert told(SlowCore(9), monkeypatch, 0.0) == ["not ready", "ready"]


def test_a_server_that_ends_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Told to end before the store was reached, it says nothing more."""
    said: list[str] = []
    monkeypatch.setattr(life, "say", lambda event, *_, **more: said.append(event))
    one = Life(SlowCore(float("inf")))  # type: ignore[arg-type]
    one.draining = True
    asyncio.run(one.begin())
    assert said == []
