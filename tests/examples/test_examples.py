"""Every script in examples/ runs to its end, in the lagoon and in cities that have less."""

from __future__ import annotations

import ast
import os
from pathlib import Path

import pytest
from cli_files import corridor_files
from example_runs import EXAMPLES, FEW, check_picture, run_example, run_here
from networks import grid

from evacroute.writing import write_network

SCRIPTS = sorted(EXAMPLES.glob("[0-9]*.py"))
# Those that start a server or a cluster run in `test_new_examples.py`, once.
ALONE = [script for script in SCRIPTS if script.stem[:2] not in ("21", "23")]


def test_there_are_examples() -> None:
    """The folder of examples is not empty."""
    assert len(SCRIPTS) >= 16


@pytest.mark.parametrize("script", ALONE, ids=lambda path: path.stem)
def test_example_runs(
    script: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A script runs with few people and draws, without a warning, says what it found, and draws."""
    picture = tmp_path / "drawn" / "picture.png"
    run_here(script, tmp_path, *FEW, "--picture", picture, monkeypatch=monkeypatch)
    assert len(capsys.readouterr().out.strip().splitlines()) > 1
    check_picture(picture)


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_example_is_short(script: Path) -> None:
    """A script stays short enough to be read at a glance, and says first what it shows."""
    lines = script.read_text("utf-8").splitlines()
    assert len(lines) < 60
    assert lines[0].startswith('"""')
    assert len(lines[0]) > 30


@pytest.mark.parametrize("script", sorted(EXAMPLES.glob("*.py")), ids=lambda path: path.stem)
def test_only_pictures_need_matplotlib(script: Path) -> None:
    """No script imports matplotlib before it is asked for a picture."""
    for node in ast.parse(script.read_text("utf-8")).body:
        if isinstance(node, ast.Import | ast.ImportFrom):
            names = [getattr(node, "module", None), *(alias.name for alias in node.names)]
            assert not [name for name in names if name and name.startswith("matplotlib")]


def test_without_matplotlib(tmp_path: Path) -> None:
    """Where matplotlib cannot be imported, a script runs, and tells what a picture would need."""
    blocked = tmp_path / "blocked"
    blocked.mkdir()
    (blocked / "sitecustomize.py").write_text("import sys\nsys.modules['matplotlib'] = None\n")
    paths = os.pathsep.join([str(blocked), os.environ.get("PYTHONPATH", "")])
    done = run_example("16_who_should_go_where.py", tmp_path, *FEW, PYTHONPATH=paths)
    assert done.returncode == 0, done.stderr
    asked = run_example("01_first_plan.py", tmp_path, "--picture", "a.png", PYTHONPATH=paths)
    assert asked.returncode == 1
    assert asked.stderr.strip() == "--picture needs matplotlib: pip install 'evacroute[plot]'"


def small_instance(folder: Path) -> Path:
    """An uneven grid with steps, two groups and two shelters: no persons, bridges, heights."""
    write_network(grid(), folder)
    tables = {
        "groups": "group_id,node_id,class_id,ready_time,size\n"
        "g0,N12,adult,60,30\ng1,N7,chair,0,2\n",
        "classes": "class_id,speed_flat,speed_steps\nadult,1.3,0.9\nchair,0.7,0\n",
        "shelters": "shelter_id,node_id,capacity,intake_rate\nA,N0,20,1\nB,N24,20,1\n",
    }
    for name, text in tables.items():
        (folder / f"{name}.csv").write_text(text)
    return folder


@pytest.mark.parametrize(
    ("script", "said"),
    [
        pytest.param(
            "07_directions_and_sheets.py", "The city has groups and no persons", id="persons"
        ),
        pytest.param("09_flood_by_a_tide_series.py", "The city marks no quays", id="quays"),
        pytest.param("14_boats_of_the_lagoon.py", "The city has no timetable", id="boats"),
    ],
)
def test_on_an_instance_folder(script: str, said: str, tmp_path: Path) -> None:
    """On an instance that lacks what an example is about, it says so and takes a stand-in."""
    picture = tmp_path / "picture.png"
    network = small_instance(tmp_path / "case")
    done = run_example(script, tmp_path, "--network", network, "--picture", picture)
    assert done.returncode == 0, done.stderr
    assert said in done.stdout
    assert picture.exists()


def test_on_a_file_of_streets(tmp_path: Path) -> None:
    """With streets and shelters from files the people are made up, or a table; shelters must be."""
    files = corridor_files(tmp_path / "files")
    network = ("--network", files["network"])
    cities = ("--people", "20"), ("--people", files["people"])
    for people in cities:
        done = run_example(
            "01_first_plan.py", tmp_path, *network, "--shelters", files["shelters"], *people
        )
        assert done.returncode == 0, done.stderr
    assert "6 people" in done.stdout
    done = run_example("01_first_plan.py", tmp_path, *network)
    assert done.returncode == 1
    assert done.stderr.startswith("--network FILE needs --shelters FILE")


def test_nothing_to_show(tmp_path: Path) -> None:
    """Where a city has nothing that an example is about, one sentence says so, no traceback."""
    files = corridor_files(tmp_path / "files")
    city = ("--network", files["network"], "--shelters", files["shelters"], "--people", "20")
    done = run_example("06_a_bridge_closes.py", tmp_path, *city)
    assert done.returncode == 1
    why = "this example is about bridges: the city marks neither bridges nor steps"
    assert done.stderr.strip() == why


@pytest.mark.shared
def test_on_venice(shared: Path, tmp_path: Path) -> None:
    """The first example plans the fixed instance of Venice, which has groups and no persons."""
    done = run_example("01_first_plan.py", tmp_path, "--network", shared / "bench" / "venice_100k")
    assert done.returncode == 0, done.stderr
    assert "100000 people" in done.stdout
    assert "no persons are given" in done.stdout
