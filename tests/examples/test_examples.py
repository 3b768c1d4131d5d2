"""Every script in examples/ runs to its end."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
SCRIPTS = sorted(EXAMPLES.glob("[0-9]*.py"))


def test_there_are_examples() -> None:
    """The folder of examples is not empty."""
    assert len(SCRIPTS) >= 4


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_example_runs(script: Path, tmp_path: Path) -> None:
    """A script runs with few people and draws, without a warning, and prints what it found."""
    done = subprocess.run(
        [sys.executable, "-W", "error", script],
        cwd=tmp_path,
        env={**os.environ, "EVACROUTE_EXAMPLE_PEOPLE": "500", "EVACROUTE_EXAMPLE_DRAWS": "4"},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip()


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_example_is_short(script: Path) -> None:
    """A script stays short enough to be read at a glance, and says first what it shows."""
    lines = script.read_text("utf-8").splitlines()
    assert len(lines) < 60
    assert lines[0].startswith('"""')
