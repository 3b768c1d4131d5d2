"""The server under load, small: what must hold however slow the machine is. `make bench` runs it.

python tests/benchmarks/serving/load.py          # all of it; docs/serving_load.md
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

LOAD = Path(__file__).parent / "load.py"


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the bundle is left, too, that the first of them makes."""
    return tmp_path_factory.mktemp("load")


@pytest.mark.parametrize("scenario", ["steady", "retry_storm", "all_full"])
def test_nothing_is_sold_twice(benchmark: Any, shared: Path, out: Path, scenario: str) -> None:
    """Under load all are answered, no place is sold twice, and none that was told is lost."""
    line = [sys.executable, str(LOAD), scenario, "--out", str(out)]
    small = ["--rate", "60", "--stretch", "0.2"]
    benchmark.pedantic(subprocess.run, args=[[*line, *small]], kwargs={"check": True})
    found = json.loads((out / f"{scenario}.json").read_text())
    names = (
        "never_answered", "oversold", "oversold_step_free", "duplicate_places",
        "lost_reservations", "held_by_nobody",
    )  # fmt: skip
    assert {name: found[name] for name in names} == dict.fromkeys(names, 0)
    assert not found["faulty"]
