"""What the scripts on servers and clusters promise beside running to their end."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest
from conftest import missing
from example_runs import EXAMPLES, check_picture, run_example


def run(name: str, folder: Path, *options: str) -> list[str]:
    """Lines that a script prints, which draws its picture too."""
    (script,) = EXAMPLES.glob(f"{name}_*.py")
    picture = folder / "picture.png"
    # Only what it starts itself has its temporary folder.
    done = run_example(script, folder, *options, "--picture", picture, TMPDIR=str(folder))
    assert done.returncode == 0, done.stderr
    check_picture(picture)
    return done.stdout.splitlines()


def started_in(folder: Path) -> list[str]:
    """Command lines of processes that name the folder."""
    lines = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            lines.append(path.read_bytes().replace(b"\0", b" ").decode())
        except OSError:
            continue
    return [line for line in lines if str(folder) in line]


@pytest.mark.skipif(not Path("/proc").exists(), reason="processes are listed by /proc alone")
def test_the_server_ends_and_the_place_is_kept(tmp_path: Path) -> None:
    """Who asks twice with a token is told the same, and no server or bundle is left behind."""
    if importlib.util.find_spec("kserve") is None:
        missing("the package 'kserve' is not installed")
    lines = run("21", tmp_path, "--people", "300")
    assert lines[0].startswith("reserved: ")
    assert lines[1] == lines[0]
    assert lines[2].startswith("V2: status=")
    assert started_in(tmp_path) == []
    assert [path.name for path in tmp_path.iterdir() if (path / "bundle").exists()] == []


def test_a_cluster_gives_the_figures_of_one_process(tmp_path: Path) -> None:
    """As many draws as asked for are done on Dask, with the figures of one process."""
    if importlib.util.find_spec("distributed") is None:
        missing("the package 'distributed' is not installed")
    lines = run("23", tmp_path, "--people", "300", "--draws", "4")
    assert "  draw 4 of 4" in lines
    assert "4 draws" in lines
    assert lines[-2] == "the same in one process, to the last bit: True"
