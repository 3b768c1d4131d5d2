"""The command `simulate`: what it writes and prints, of one run and several, what it refuses."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from networks import corridor
from scenes import scene
from typer.testing import CliRunner, Result

import evacroute as er
from evacroute.cli import app
from evacroute.cli.many_runs import Runs
from evacroute.simulation import Behaviour

FILES = ["arrivals.csv.gz", "densities.csv.gz", "summary.json"]


def run(*words: str | Path) -> Result:
    return CliRunner().invoke(app, [str(word) for word in words])


@pytest.fixture(scope="module")
def planned(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A plan for a corridor of 400 m: 60 people in its west, two shelters in its east."""
    folder = tmp_path_factory.mktemp("planned") / "plan"
    what = scene(corridor(4), [(0, 40), (1, 20)], [(4, 45), (3, 30)])
    er.assign(what, "earliest_arrival").save(folder)
    return folder


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "run"


def said(result: Result) -> str:
    """Messages on one line, without frames."""
    return " ".join(result.stderr.replace("│", " ").split())


def summary_of(folder: Path) -> dict[str, Any]:
    return dict(json.loads((folder / "summary.json").read_text("utf-8")))


def test_a_run_is_that_of_the_library(planned: Path, out: Path) -> None:
    """The folder holds the run that the library makes of the same options, and it is printed."""
    result = run(
        "simulate", planned, "--seed", "3", "--compliance", "0.7", "--delay", "1min",
        "--law", "sfpe", "--specific-flow", "1.1", "--jam-density", "4.5", "--until", "1h",
        "--keep-times", "--out", out,
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    expected = er.simulate(
        er.read_plan(planned), behaviour=Behaviour(compliance=0.7, delay=60.0), seed=3,
        physics=er.Physics(law="sfpe", specific_flow=1.1, jam_density=4.5), until=3600,
        keep_times=True,
    )  # fmt: skip
    assert sorted(path.name for path in out.iterdir()) == FILES
    came = pd.read_csv(out / "arrivals.csv.gz")
    np.testing.assert_allclose(came["arrive_s"], expected.arrive, rtol=1e-12)
    record, known = summary_of(out), expected.to_dict()
    assert record.pop("seconds") > 0
    assert known.pop("seconds") > 0
    assert record == known
    assert str(expected) in result.stdout
    assert str(out) in result.stdout


def test_the_same_seed_gives_the_same_files(planned: Path, tmp_path: Path) -> None:
    """Two runs of a seed are the same to the byte, one of another seed is not."""
    for name, seed in (("a", "5"), ("b", "5"), ("c", "6")):
        words = ("--seed", seed, "--compliance", "0.5", "--out", tmp_path / name)
        assert run("simulate", planned, *words).exit_code == 0
    first, again, other = ((tmp_path / name / FILES[0]).read_bytes() for name in "abc")
    assert first == again
    assert first != other


def test_without_options_everybody_follows_the_plan(planned: Path, out: Path) -> None:
    """By default all are led by the plan and nobody is delayed."""
    assert run("simulate", planned, "--out", out).exit_code == 0
    came = pd.read_csv(out / "arrivals.csv.gz")
    assert set(came["led_by"]) == {"plan"}
    assert summary_of(out)["behaviour"]["delay"] == 0


@pytest.mark.parametrize("name", ["nearest", "crowd", "lost"])
def test_a_behaviour_leads_everybody(planned: Path, out: Path, name: str) -> None:
    """With --behaviour all do the same, without the plan, and as much later as --delay says."""
    words = ("--behaviour", name, "--delay", "90", "--out", out)
    assert run("simulate", planned, *words).exit_code == 0
    came = pd.read_csv(out / "arrivals.csv.gz")
    assert set(came["led_by"]) == {name}
    assert (came["movement_id"] == -1).all()
    assert came["size"].sum() == 60
    late = came["depart_s"] - came["ready_s"]
    assert (late > 0).all()
    assert 60 < np.average(late) < 130
    record = summary_of(out)
    assert record["planned"]["safe"] == 60
    assert not record["follows_plan"]
    assert record["behaviour"]["delay"] == 90


def test_json_is_one_object(planned: Path, out: Path) -> None:
    """With --json stdout is one object whose summary is that of the folder."""
    result = run("simulate", planned, "--out", out, "--json")
    record = json.loads(result.stdout)
    assert record == {"out": str(out), "map": None, "summary": summary_of(out)}


def test_several_runs(planned: Path, out: Path) -> None:
    """Several runs have seeds in turn, are those of the single ones, and their interval is t's."""
    words = ("--compliance", "0.5", "--delay", "1min")
    result = run("simulate", planned, "--runs", "4", "--seed", "7", *words, "--out", out)
    assert result.exit_code == 0, result.output
    assert sorted(path.name for path in out.iterdir()) == ["runs.csv", "summary.json"]
    rows = pd.read_csv(out / "runs.csv")
    assert rows["seed"].tolist() == [7, 8, 9, 10]
    plan, acts = er.read_plan(planned), Behaviour(compliance=0.5, delay=60)
    singles = [er.simulate(plan, behaviour=acts, seed=seed) for seed in (7, 8, 9, 10)]
    assert rows["safe"].tolist() == [single.safe for single in singles]
    means = np.array([single.times.mean for single in singles])
    np.testing.assert_allclose(rows["mean_s"], means, rtol=1e-12)
    # Student's t for three degrees of freedom, from a table.
    off = 3.1824 * means.std(ddof=1) / 2
    record = summary_of(out)
    figure = record["figures"]["mean_s"]
    assert figure["mean"] == pytest.approx(means.mean())
    assert (figure["low"], figure["high"]) == pytest.approx(
        (means.mean() - off, means.mean() + off), rel=1e-5
    )
    assert (figure["least"], figure["most"]) == pytest.approx((means.min(), means.max()))
    assert means.std() > 0
    assert record["persons"] == 60
    assert record["seeds"] == [7, 8, 9, 10]
    assert f"{means.mean() / 60:.2f}" in result.stdout
    assert "95 % interval" in result.stdout


def test_figures_of_runs_in_which_nobody_arrives(planned: Path) -> None:
    """Times that no run has are unknown, and so is the interval of a single one."""
    plan, runs = er.read_plan(planned), Runs()
    runs.add(er.simulate(plan, until=60))
    assert all(math.isnan(value) for value in runs.figures()["mean_s"].values())
    assert runs.figures()["safe"]["mean"] == 0
    assert math.isnan(runs.figures()["safe"]["low"])
    assert runs.to_dict()["figures"]["safe"]["low"] is None
    (row,) = runs.rows
    assert row["safe"] + row["late"] + row["not_in"] + row["left"] == 60
    assert "- to -" in str(runs)
    assert "safe by 1 min, when the run ended, before the deadline" in str(runs)
    assert "compliance 1, weidmann, seeds 0 to 0" in str(runs)


def test_an_interval_holds_only_what_can_be(planned: Path) -> None:
    """However far two runs differ, no mean is below 0 or above everybody."""
    plan, runs = er.read_plan(planned), Runs()
    for until in (60, 7200):
        runs.add(er.simulate(plan, until=until))
    safe = runs.figures()["safe"]
    assert (safe["least"], safe["most"]) == (0, 60)
    assert (safe["low"], safe["high"]) == (0, 60)


def test_nobody_arrives_is_1(planned: Path, out: Path) -> None:
    """Where nobody gets into a shelter the run is written all the same, the code is 1, and it says
    that it ended before the deadline."""
    result = run("simulate", planned, "--until", "60", "--out", out)
    assert result.exit_code == 1
    assert "60 people, of whom by 1 min, when the run ended, before the deadline" in result.stdout
    assert sorted(path.name for path in out.iterdir()) == FILES


@pytest.mark.parametrize("inside", [True, False])
@pytest.mark.parametrize("runs", ["1", "2"])
def test_the_map_shows_the_run(planned: Path, tmp_path: Path, runs: str, inside: bool) -> None:
    """The map has the run beside the plan, lies where it was asked for, and can be made again."""
    out = tmp_path / "run"
    place = (out if inside else tmp_path) / "played.html"
    for _ in range(2):
        result = run("simulate", planned, "--out", out, "--map", place, "--runs", runs)
        assert result.exit_code == 0, result.output
    assert place.resolve().as_uri() in result.stdout
    assert "played_street" in place.read_text("utf-8")
    assert "track_route" in place.read_text("utf-8")
    assert sorted(path.name for path in tmp_path.iterdir()) == (
        ["run"] if inside else ["played.html", "run"]
    )


def test_a_single_run_takes_the_place_of_several(planned: Path, out: Path) -> None:
    """A folder of several runs is replaced by one of a single run, whole."""
    for runs in ("2", "1"):
        assert run("simulate", planned, "--runs", runs, "--out", out).exit_code == 0
    assert sorted(path.name for path in out.iterdir()) == FILES


@pytest.mark.parametrize(
    "words,message",
    [
        (("--compliance", "1.2"), "--compliance is 1.2, expected 0 to 1"),
        (("--compliance", "nan"), "--compliance is nan, expected 0 to 1"),
        (("--delay", "-1"), "--delay is '-1', expected 0 or more"),
        (("--delay", "11h"), "--delay is 39600.0 s, expected 0 to 36000"),
        (("--behaviour", "lost", "--delay", "11h"), "--delay is 39600.0 s, expected 0 to 36000"),
        (("--until", "0"), "--until is '0', expected more than 0"),
        (("--until", "1e9"), "--until is '1e9', expected at most 7 days"),
        (("--law", "fruin"), "--law is 'fruin', expected one of weidmann, sfpe"),
        (("--behaviour", "calm"), "--behaviour is 'calm', expected one of nearest, crowd, lost"),
        (("--behaviour", "lost", "--compliance", "0.5"), "--compliance and --keep-times are for"),
        (("--behaviour", "lost", "--keep-times"), "--compliance and --keep-times are for"),
        (("--specific-flow", "9"), "--specific-flow is 9.0 person/s/m, expected 0.2 to 4"),
        (("--jam-density", "1"), "--jam-density is 1.0 persons/m2, expected 2 to 12"),
        (("--runs", "0"), "--runs"),
        (("--seed", "-1"), "--seed"),
        (("--map", "."), "a folder; expected a file to write"),
    ],
)
def test_odd_options_are_refused(
    planned: Path, out: Path, words: tuple[str, ...], message: str
) -> None:
    """A wrong value is one message by the option's name with code 2, and nothing is written."""
    result = run("simulate", planned, "--out", out, *words)
    assert result.exit_code == 2, result.output
    assert message in said(result)
    assert not out.exists()


def test_maps_at_odd_places_are_refused(planned: Path, out: Path) -> None:
    """A map may not lie deeper in the folder that is replaced, nor take the name of its files."""
    deeper = run("simulate", planned, "--out", out, "--map", out / "maps" / "map.html")
    assert deeper.exit_code == 2
    assert "expected a file right in --out" in said(deeper)
    taken = run("simulate", planned, "--out", out, "--map", out / "summary.json")
    assert taken.exit_code == 2
    assert "a name that --out needs for itself" in said(taken)
    assert not out.exists()


def test_other_folders_are_left_alone(planned: Path, tmp_path: Path) -> None:
    """A plan folder is not replaced by a simulation, and what is no plan is not played."""
    before = sorted(path.name for path in planned.iterdir())
    result = run("simulate", planned, "--out", planned)
    assert result.exit_code == 2
    assert "not replaced" in said(result)
    assert sorted(path.name for path in planned.iterdir()) == before
    file = run("simulate", planned / "summary.json", "--out", tmp_path / "run")
    assert file.exit_code == 2
    assert said(file).endswith("summary.json: is a file, expected the folder of a plan")
    none = run("simulate", tmp_path / "none", "--out", tmp_path / "run")
    assert none.exit_code == 2
    assert "none" in said(none)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("step", ["simulate", "write_map"])
def test_ctrl_c_leaves_nothing(
    planned: Path, tmp_path: Path, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C while a run is played or drawn ends with 130 and leaves no folder and no map."""

    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(f"evacroute.{step}", interrupt)
    words = ("--out", tmp_path / "run", "--map", tmp_path / "map.html")
    result = run("simulate", planned, *words)
    assert result.exit_code == 130, result.output
    assert list(tmp_path.iterdir()) == []


def test_the_demo_says_how_to_play_its_plan(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The command that the demo ends with plays the demo's plan."""
    monkeypatch.chdir(tmp_path)
    result = run("demo", "--people", "200")
    line = next(line for line in result.stdout.splitlines() if line.startswith("play it:"))
    command, *words = line.removeprefix("play it:").split()
    assert command == "evacroute"
    assert run(*words).exit_code == 0
    assert (tmp_path / "demo_played" / "summary.json").is_file()
