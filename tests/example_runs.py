"""Scripts of examples/ as tests run them, and what their pictures must be."""

from __future__ import annotations

import os
import runpy
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

EXAMPLES = Path(__file__).resolve().parents[1] / "examples"
FEW = ("--people", "500", "--draws", "4")


def run_example(
    script: str | Path, folder: Path, *options: str | Path, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run a script in a folder, with warnings as errors."""
    return subprocess.run(
        [sys.executable, "-W", "error", EXAMPLES / script, *options],
        cwd=folder,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=300,
    )


def run_here(
    script: Path, folder: Path, *options: str | Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Run a script in this process, which is quicker: nothing is imported and loaded again."""
    monkeypatch.chdir(folder)
    monkeypatch.syspath_prepend(str(EXAMPLES))
    monkeypatch.setattr(sys, "argv", [str(script), *map(str, options)])
    runpy.run_path(str(script), run_name="__main__")


def check_picture(path: Path) -> None:
    """Check that more is drawn than axes alone, which leave 98 % of the picture white."""
    with Image.open(path) as image:
        grey = image.convert("L").histogram()
    assert sum(grey[:250]) > 0.03 * sum(grey)
