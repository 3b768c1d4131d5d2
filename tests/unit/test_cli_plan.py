"""Commands that make plans, `plan`, `demo`, `bench`: what they write, say, leave when stopped."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from cli_files import corridor_files, leftovers, options, run

from evacroute.cli.bench import Proof, with_gap


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    return corridor_files(tmp_path / "in")


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "plan"


def test_plan_from_files(files: dict[str, Path], out: Path) -> None:
    """A plan from files places everyone, keeps every rule and writes the whole folder."""
    result = run("plan", *options(files), "--out", out, "--deadline", "30min")
    assert result.exit_code == 0, result.output
    summary = json.loads((out / "summary.json").read_text())
    assert (summary["placed"], summary["left"]) == (6, 0)
    assert set(summary["seconds"]) >= {"load", "assign", "export", "total"}
    spent = summary["seconds"]
    assert spent["total"] >= spent["load"] + spent["assign"] + spent["export"]
    assert len(pd.read_csv(out / "assignments.csv.gz")) == 6
    assert (out / "map.html").stat().st_size > 10_000
    assert leftovers(out) == ["plan"]
    for words in ("network.geojson", "people.csv", "every rule is kept", "map.html", str(out)):
        assert words in result.stdout


def test_ceiling_of_density(files: dict[str, Path], out: Path) -> None:
    """With --max-density the plan states its ceiling and is checked against it."""
    result = run("plan", *options(files), "--out", out, "--max-density", "2")
    assert result.exit_code == 0, result.output
    assert json.loads((out / "summary.json").read_text())["settings"]["max_density"] == 2
    assert "density" in result.stdout


def test_safety_weight(files: dict[str, Path], out: Path) -> None:
    """With --safety-weight the plan has scores and keeps every rule; a bad weight is refused."""
    result = run("plan", *options(files), "--out", out, "--safety-weight", "10min")
    assert result.exit_code == 0, result.output
    summary = json.loads((out / "summary.json").read_text())
    assert summary["settings"]["safety_weight"] == 600
    assert summary["odds"]["scored"] == 6
    assert len(pd.read_csv(out / "scores.csv.gz")) == len(pd.read_csv(out / "movements.csv.gz"))
    assert "expected safe as people walk" in result.stdout
    result = run("plan", *options(files), "--out", out, "--safety-weight", "-1")
    assert result.exit_code == 2


def test_scorer_that_is_none(files: dict[str, Path], out: Path) -> None:
    """A folder that holds no scorer is told of before anything is written."""
    result = run("plan", *options(files), "--out", out, "--scorer", out.parent / "in")
    assert result.exit_code == 2
    assert "scorer.json" in result.output
    assert not out.exists()


def test_json_is_one_object(files: dict[str, Path], out: Path) -> None:
    """With --json stdout is exactly one JSON object with summary, verification and reports."""
    result = run("plan", *options(files), "--out", out, "--json")
    record = json.loads(result.stdout)
    assert record["summary"]["placed"] == 6
    assert record["verification"]["ok"] is True
    assert {"network", "people"} <= set(record["reports"])
    assert Path(record["map"]).is_file()


def test_same_seed_same_plan(files: dict[str, Path], tmp_path: Path) -> None:
    """Two runs with the same seed write the same movements, byte for byte."""
    contents = []
    for name in ("a", "b"):
        assert run("plan", *options(files), "--out", tmp_path / name, "--seed", "7").exit_code == 0
        contents.append((tmp_path / name / "movements.csv.gz").read_bytes())
    assert contents[0] == contents[1]


def test_an_older_plan_is_replaced(files: dict[str, Path], out: Path) -> None:
    """A plan written over an older one leaves nothing of it behind."""
    assert run("plan", *options(files), "--out", out).exit_code == 0
    (out / "prices.npz").write_text("of an older plan")
    assert run("plan", *options(files), "--out", out, "--no-verify").exit_code == 0
    assert not (out / "prices.npz").exists()
    assert leftovers(out) == ["plan"]


def test_a_folder_with_other_files_is_not_replaced(files: dict[str, Path], out: Path) -> None:
    """What is not of a plan is never deleted, not even beside an older plan."""
    assert run("plan", *options(files), "--out", out).exit_code == 0
    (out / "thesis.doc").write_text("years of work")
    result = run("plan", *options(files), "--out", out)
    assert result.exit_code == 2
    assert "thesis.doc" in result.output
    assert (out / "thesis.doc").read_text() == "years of work"


def test_bench(files: dict[str, Path], tmp_path: Path) -> None:
    """Bench runs each method on an instance and gives its figures."""
    instance = tmp_path / "instance"
    run("convert", *options(files), "--out", instance)
    result = run("bench", instance, "--method", "earliest_arrival", "--json")
    assert result.exit_code == 0, result.output
    (row,) = json.loads(result.stdout)["methods"]
    assert row["method"] == "earliest_arrival"
    assert row["left"] == 0
    assert row["rules"] == "kept"
    assert row["peak_mib"] > 10
    assert row["seconds"] < 60
    assert row["gap"] is None, "nothing was proven in this run"


def test_bench_gap(files: dict[str, Path], tmp_path: Path) -> None:
    """Bench gives the gap to the bound that over_time proved, and takes settings for it alone."""
    instance = tmp_path / "instance"
    run("convert", *options(files), "--out", instance)
    both = ("--method", "shelter_flow", "--method", "over_time", "--gap", "0.1")
    result = run("bench", instance, *both, "--time-limit", "20s", "--json")
    assert result.exit_code == 0, result.output
    rows = json.loads(result.stdout)["methods"]
    assert all(row["rules"] == "kept" for row in rows)
    assert all(row["cost"] >= row["bound"] * (1 - 1e-9) > 0 for row in rows)
    assert rows[1]["gap"] <= 0.1
    result = run("bench", instance, "--method", "nearest", "--gap", "0.1")
    assert result.exit_code == 2
    assert "over_time" in result.output


def test_bench_gap_of_whom_others_leave() -> None:
    """A plan is measured by the bound for whom it leaves; means are compared if it leaves more."""
    proof = Proof(1000.0, np.array([300.0, 0.0]), np.array([1, 0]), 10)
    row = {"cost": 770.0, "mean": 77.0, "feasible": True}
    assert with_gap(row, np.array([1, 5]), [proof])["gap"] == pytest.approx(0.1)
    assert with_gap({**row, "cost": 1100.0}, np.array([0, 0]), [proof])["gap"] == pytest.approx(0.1)
    more = with_gap(row, np.array([2, 0]), [proof])
    assert more["gap"] is None
    assert more["mean_gap"] == pytest.approx(0.1)
    assert with_gap(row, np.array([0, 0]), [])["mean_gap"] is None
    broken = with_gap({**row, "feasible": False}, np.array([1, 5]), [proof])
    assert broken["gap"] is broken["mean_gap"] is None


def test_demo(out: Path) -> None:
    """Demo plans the lagoon city, says that it is made up, and where the map is."""
    result = run("demo", "--people", "200", "--out", out)
    assert result.exit_code == 0, result.output
    assert (out / "map.html").is_file()
    assert "map.html" in result.stdout
    assert "synthetic" in result.stdout


def test_nobody_placed_is_1(files: dict[str, Path], out: Path) -> None:
    """A plan that places nobody is written, tells why, and ends with 1."""
    result = run("plan", *options(files), "--out", out, "--deadline", "20 s", "--no-verify")
    assert result.exit_code == 1, result.output
    assert len(pd.read_csv(out / "unassigned.csv")) == 6
    assert "left, by reason" in result.stdout
    assert "minutes are written --deadline 20min" in result.stderr


def test_broken_rules_are_1(files: dict[str, Path], out: Path) -> None:
    """Method nearest overfills the nearest shelter: the plan is written, and ends with 1."""
    result = run("plan", *options(files), "--out", out, "--method", "nearest")
    assert result.exit_code == 1, result.output
    assert "BROKEN" in result.stdout
    assert (out / "summary.json").is_file()


def test_a_foreign_folder_is_left_alone(files: dict[str, Path], out: Path) -> None:
    """An output folder that holds something else is refused before any work, and kept."""
    out.mkdir()
    (out / "thesis.txt").write_text("years of work")
    result = run("plan", *options(files), "--out", out)
    assert result.exit_code == 2
    assert "thesis.txt" in result.stderr
    assert (out / "thesis.txt").read_text() == "years of work"


def test_a_defect_is_told_shortly(
    monkeypatch: pytest.MonkeyPatch, files: dict[str, Path], out: Path
) -> None:
    """A fault of the program gives a short message; --debug shows the traceback."""

    def burst(*_: object, **__: object) -> None:
        raise ZeroDivisionError("oops")

    monkeypatch.setattr("evacroute.assign", burst)
    command = ["plan", *options(files), "--out", out]
    result = run(*command)
    assert result.exit_code == 3
    assert "ZeroDivisionError: oops" in result.stderr
    assert "Traceback" not in result.output
    assert "Traceback" in run("--debug", *command).stderr
    assert leftovers(out) == []


@pytest.mark.parametrize("step", ["read_people", "verify", "write_map"])
def test_ctrl_c_leaves_nothing(
    step: str, monkeypatch: pytest.MonkeyPatch, files: dict[str, Path], out: Path
) -> None:
    """Ctrl-C at any step of a plan ends with 130 and a message, and leaves no folder."""

    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(f"evacroute.{step}", interrupt)
    result = run("plan", *options(files), "--out", out)
    assert result.exit_code == 130, result.output
    assert "Ctrl-C" in result.stderr
    assert leftovers(out) == []


@pytest.mark.parametrize("number,code", [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_stopping_leaves_nothing(
    number: signal.Signals, code: int, files: dict[str, Path], out: Path
) -> None:
    """A plan stopped by Ctrl-C or SIGTERM ends soon, without traceback and without a folder."""
    slow = (
        "import signal, time, evacroute\n"
        "from evacroute import cli\n"
        "def assign(*args, **options):\n"
        "    print('assigning', flush=True)\n"
        "    time.sleep(60)\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "evacroute.assign = assign\n"
        "cli.main()\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", slow, "plan", *options(files), "--out", str(out)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith("assigning"):
            process.send_signal(number)
            break
    _, errors = process.communicate(timeout=20)
    assert process.returncode == code, errors
    assert "Traceback" not in errors
    assert leftovers(out) == []
