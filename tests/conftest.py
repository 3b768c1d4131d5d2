"""What all tests share: the folder of real inputs, and settings that make runs repeatable."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from browsing import CHROMIUM, FLAGS, Seen, looked_at
from hypothesis import settings

ROOT = Path(__file__).resolve().parent.parent
IN_CI = os.environ.get("CI", "").lower() in {"1", "true"}

# numba keeps compiled kernels by file and does not see that a kernel called from another file has
# changed, so each state of the kernels gets a cache of its own; commands that tests start share it.
_KERNELS = sorted((ROOT / "evacroute" / "_kernels").glob("*.py"))
_STATE = hashlib.sha256(b"".join(path.read_bytes() for path in _KERNELS)).hexdigest()[:16]
os.environ.setdefault("NUMBA_CACHE_DIR", str(ROOT / ".numba_cache" / _STATE))

# Each worker of xdist has a core. With a thread for each core too, every call of a parallel kernel
# waits until the other workers let all its threads run, which takes longer than most tests compute.
if "PYTEST_XDIST_WORKER" in os.environ:
    os.environ.setdefault("NUMBA_NUM_THREADS", "1")

# A busy machine is no fault of the code, and a gate must give the same answer twice.
settings.register_profile("evacroute", deadline=None, derandomize=IN_CI)
settings.load_profile("evacroute")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Let the second worker begin with tests that need other kernels than those of the first.

    Without it both compile the same kernels at the same time. xdist hands a quarter of an even
    share of the tests to each worker, in order, and the rest as they get done. Reading files comes
    first: meanwhile the first worker compiles what places people, which the simulator's tests need
    too before they come to its own kernels.
    """
    workers = getattr(config, "workerinput", {}).get("workercount", 1)
    if workers < 2:
        return
    share = len(items) // workers // 4
    reading = [item for item in items if item.path.name.startswith("test_load_")]
    playing = [item for item in items if item.path.name.startswith("test_simulat")]
    second = reading[: max(0, share - len(playing))] + playing
    apart = set(second)
    others = [item for item in items if item not in apart]
    items[:] = others[:share] + second + others[share:]


EXAMPLES = float(os.environ.get("EVACROUTE_EXAMPLES", "0.25"))
"""Share of the examples that property tests name: the gate draws fewer, to stay quick."""


def drawn(examples: int) -> int:
    """How many examples a property test draws; `EVACROUTE_EXAMPLES=1` draws all it names."""
    return max(5, round(examples * EXAMPLES))


def missing(reason: str) -> None:
    """Skip the test, but fail it in CI, where what it needs must be there."""
    if IN_CI:
        pytest.fail(f"{reason} (CI=true: must be there)")
    pytest.skip(reason)


@pytest.fixture(scope="session")
def shared() -> Path:
    """Folder of the shared real inputs; the test is skipped, in CI failed, where it is missing."""
    folder = Path(os.environ.get("EVACROUTE_SHARED", ROOT.parent / "shared"))
    if not folder.is_dir():
        missing(f"no shared inputs at {folder}; set EVACROUTE_SHARED to their folder")
    return folder


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Headless Chromium; the test is skipped, in CI failed, where there is none."""
    if CHROMIUM is None:
        missing("no chromium on this machine (Debian: apt-get install chromium)")
    api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with api.sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield started
        started.close()


@pytest.fixture
def seen(browser: Any) -> Iterator[Seen]:
    """A page of 1200 by 800 that must have no complaints at the end."""
    with looked_at(browser, viewport={"width": 1200, "height": 800}) as view:
        yield view


collect_ignore_glob = ["benchmarks/judges/*", "benchmarks/peers/*"]
"""They import packages of the extra `bench`; no test file among them."""
