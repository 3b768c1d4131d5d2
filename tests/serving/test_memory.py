"""Memory that tables took goes back to the system."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from evacroute.serving.memory import give_back


def resident() -> int:
    """Bytes of this process that are in memory."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_what_was_let_go_is_given_back() -> None:
    """Small blocks below one that is kept stay with the library until it is told."""
    blocks = [bytearray(65_536) for _ in range(800)]
    kept = bytearray(65_536)
    before = resident()
    blocks.clear()
    give_back()
    assert len(kept) == 65_536
    assert resident() < before - 30_000_000


def test_elsewhere_nothing_happens(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there is no such library nothing is called."""
    monkeypatch.setattr("evacroute.serving.memory.ctypes.CDLL", None)
    monkeypatch.setattr("evacroute.serving.memory.sys.platform", "win32")
    give_back()
