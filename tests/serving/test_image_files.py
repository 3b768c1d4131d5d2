"""examples/kserve/image: what the image is made of. `make image-test` builds it and asks it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
IMAGE = ROOT / "examples" / "kserve" / "image"
STAGES = (IMAGE / "Dockerfile").read_text("utf-8").split("\nFROM ")

KERNEL = """
from numba import njit

@njit(cache=True)
def twice(x):
    return x + x
"""
# Stands for a folder that cannot be written: neither tried by numba's test file, nor saved to.
NO_WRITING = """
import builtins, os, sys, tempfile

def refuse(*_, **__):
    raise PermissionError(13, "read-only")

def reading(path, mode="r", *rest, **more):
    if any(letter in mode for letter in "wax+") and "kernels" in str(path):
        refuse()
    return plain(path, mode, *rest, **more)

plain, builtins.open, tempfile.TemporaryFile = open, reading, refuse
import kernel
print(kernel.twice(eval(sys.argv[1])), sum(kernel.twice.stats.cache_hits.values()))
"""


def test_kernels_come_from_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    """The image's kernels are found without a right to write; others are compiled and not kept."""
    (tmp_path / "kernel.py").write_text(KERNEL)
    (tmp_path / "asking.py").write_text(NO_WRITING)
    environment = {
        **os.environ,
        "NUMBA_CACHE_DIR": str(tmp_path / "kernels"),
        "PYTHONPATH": os.pathsep.join([str(tmp_path), str(IMAGE)]),
        "HOME": str(tmp_path / "nowhere"),
    }
    build = [sys.executable, "-c", "import kernel; kernel.twice(1)"]
    subprocess.run(build, env=environment, check=True)
    held = sorted((tmp_path / "kernels").rglob("*.nb?"))
    assert held
    environment["NUMBA_CACHE_LOCATOR_CLASSES"] = "read_only_kernels.ReadOnlyLocator"
    for argument, expected in (("2", "4 1"), ("2.5", "5.0 0")):
        done = subprocess.run(
            [sys.executable, tmp_path / "asking.py", argument],
            env=environment,
            capture_output=True,
            text=True,
        )
        assert done.stdout.strip() == expected, done.stderr
        assert ("kernel not in the image" in done.stderr) is (argument == "2.5")
    assert sorted((tmp_path / "kernels").rglob("*.nb?")) == held


def test_the_dockerfile_keeps_its_promises() -> None:
    """Both stages stand on BASE; the last runs nothing, and starts the server as no root."""
    assert len(STAGES) == 3
    assert all(stage.startswith("${BASE}") for stage in STAGES[1:])
    last = re.sub(r"\\\n\s*", "", STAGES[2])
    words = [line.split()[0] for line in last.splitlines()[1:] if line and line[0] != "#"]
    assert "RUN" not in words, (
        "what is built is copied, so that no compiler or index is left behind"
    )
    assert "USER 10001:0" in last
    assert "STOPSIGNAL SIGTERM" in last
    assert 'ENTRYPOINT ["python", "-m", "evacroute.serving"]' in last
    assert "org.opencontainers.image.version" in last
    assert "NUMBA_CACHE_LOCATOR_CLASSES=read_only_kernels.ReadOnlyLocator" in last


def test_the_image_is_built_from_what_is_named() -> None:
    """Nothing goes into the build but what .dockerignore names: no tests, secrets or history."""
    lines = (ROOT / ".dockerignore").read_text("utf-8").splitlines()
    rules = [line for line in lines if line and line[0] != "#"]
    assert rules[0] == "*"
    copied = set(re.findall(r"^COPY (?!--)(.+) \S+$", STAGES[1], re.MULTILINE))
    for path in " ".join(copied).split():
        assert any(f"!{part}" in rules for part in (path, str(Path(path).parent))), path
        assert (ROOT / path).exists()
