"""Memory that tables took goes back to the system."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from evacroute.serving.memory import give_back, share_one_heap

HEAPS = """
import ctypes, sys
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from evacroute.serving.memory import share_one_heap

if sys.argv[2] == "shared":
    share_one_heap()
together = Barrier(4)
libc = ctypes.CDLL(None)
libc.malloc.restype = libc.fopen.restype = ctypes.c_void_p

def take(_):
    together.wait()
    return libc.malloc(ctypes.c_size_t(5000))

with ThreadPoolExecutor(4) as pool:
    list(pool.map(take, range(4)))
file = ctypes.c_void_p(libc.fopen(sys.argv[1].encode(), b"w"))
libc.malloc_info(0, file)
libc.fclose(file)
"""


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


@pytest.mark.skipif(sys.platform != "linux", reason="asks glibc")
def test_threads_share_one_heap(tmp_path: Path) -> None:
    """Told so, four threads take memory from one heap; each had its own."""
    found = {}
    for how in ("shared", "own"):
        line = [sys.executable, "-c", HEAPS, str(tmp_path / how), how]
        subprocess.run(line, check=True, timeout=60)
        found[how] = (tmp_path / how).read_text().count("<heap nr=")
    assert found["shared"] == 1 < found["own"]


def test_elsewhere_nothing_happens(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there is no such library nothing is called."""
    monkeypatch.setattr("evacroute.serving.memory.ctypes.CDLL", None)
    monkeypatch.setattr("evacroute.serving.memory.sys.platform", "win32")
    give_back()
    share_one_heap()
