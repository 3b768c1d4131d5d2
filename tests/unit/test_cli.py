"""The command line: what each command does, prints and returns, and how it refuses bad input."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner, Result

from evacroute.cli import app
from evacroute.cli.bench import Proof, with_gap

EAST = 1.2843e-3
"""About 100 m in degrees of longitude at latitude 45.43."""

LON = [12.33 + i * EAST for i in range(5)]
LAT = 45.43
COMMANDS = (
    "plan", "convert", "verify", "draw", "directions", "sheets", "rescue", "prices", "fairness",
    "explain", "fetch", "demo", "info", "classes", "bench", "simulate", "train", "evaluate",
)  # fmt: skip


def street(i: int, **properties: Any) -> dict[str, Any]:
    """Street i of a corridor, from its point i to i + 1."""
    line = [[LON[i], LAT], [LON[i + 1], LAT]]
    properties = {"id": f"s{i}", "width": 3.0, **properties}
    geometry = {"type": "LineString", "coordinates": line}
    return {"type": "Feature", "properties": properties, "geometry": geometry}


def write_geojson(path: Path, features: list[dict[str, Any]]) -> None:
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    """A corridor of 400 m, six people in its west and two shelters in its east."""
    folder = tmp_path / "in"
    folder.mkdir()
    paths = {name: folder / f"{name}.csv" for name in ("people", "shelters")}
    paths["network"] = folder / "network.geojson"
    write_geojson(paths["network"], [street(i) for i in range(4)])
    paths["people"].write_text(
        "person_id,household_id,lon,lat,age,sex,mobility,ready_time_s\n"
        + "".join(
            f"P{i},H{i // 2},{LON[0] + i * 1e-5:.7f},{LAT},{30 + i},F,none,{60 * i}\n"
            for i in range(6)
        )
    )
    paths["shelters"].write_text(
        "shelter_id,name,lon,lat,capacity,step_free_capacity,intake_rate\n"
        f"A,East,{LON[4]:.7f},{LAT},4,1,5\n"
        f"B,Middle,{LON[3]:.7f},{LAT},4,1,5\n"
    )
    return paths


def options(files: dict[str, Path]) -> list[str]:
    return [word for name, path in files.items() for word in (f"--{name}", str(path))]


def run(*words: str | Path) -> Result:
    return CliRunner().invoke(app, [str(word) for word in words])


def leftovers(out: Path) -> list[str]:
    """What stands in the folder of `out` beside the input."""
    return [path.name for path in out.parent.iterdir() if path.name != "in"]


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


def test_verify_computes_the_bound_again(files: dict[str, Path], out: Path) -> None:
    """With --bound the certificate is checked too; without prices that is bad input, exit 2."""
    plan = ("plan", *options(files), "--out", out, "--no-verify", "--method")
    assert run(*plan, "over_time").exit_code == 0
    result = run("verify", out, "--bound")
    assert result.exit_code == 0, result.output
    assert "dual value" in result.stdout
    assert "dual value" not in run("verify", out).stdout
    record = json.loads((out / "summary.json").read_text())
    record["bound"] = record["bound"] * 1.1
    (out / "summary.json").write_text(json.dumps(record))
    result = run("verify", out, "--bound")
    assert result.exit_code == 1
    assert "BROKEN  bound" in result.stdout
    assert run(*plan, "shelter_flow").exit_code == 0
    result = run("verify", out, "--bound")
    assert result.exit_code == 2
    assert "no prices" in result.stderr


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


def test_convert_then_plan(files: dict[str, Path], tmp_path: Path, out: Path) -> None:
    """An instance that convert wrote gives the same plan figures as the files it came from."""
    instance = tmp_path / "instance"
    result = run("convert", *options(files), "--out", instance)
    assert result.exit_code == 0, result.output
    assert {p.name for p in instance.iterdir()} >= {"node.csv", "link.csv", "classes.csv"}
    by_files = run("plan", *options(files), "--out", tmp_path / "by_files", "--json")
    by_instance = run("plan", "--instance", instance, "--out", out, "--json")
    first, second = (json.loads(r.stdout)["summary"] for r in (by_files, by_instance))
    for figure in ("placed", "cost", "clearance"):
        assert first[figure] == second[figure]


def test_verify_tells_a_tampered_plan(files: dict[str, Path], out: Path) -> None:
    """verify ends with 0 for a sound plan and with 1, naming the rule, once it is tampered with."""
    run("plan", *options(files), "--out", out)
    assert run("verify", out).exit_code == 0
    table = pd.read_csv(out / "movements.csv.gz")
    table.loc[0, "size"] += 1
    table.to_csv(out / "movements.csv.gz", index=False)
    result = run("verify", out, "--json")
    assert result.exit_code == 1
    assert json.loads(result.stdout)["ok"] is False


def test_draw(files: dict[str, Path], out: Path) -> None:
    """draw writes the map again, and with --png figures beside it."""
    run("plan", *options(files), "--out", out)
    (out / "map.html").unlink()
    result = run("draw", out, "--png")
    assert result.exit_code == 0, result.output
    assert (out / "map.html").is_file()
    figures = list(out.glob("*.png"))
    assert len(figures) >= 2
    assert all(figure.read_bytes().startswith(b"\x89PNG") for figure in figures)
    assert all(figure.name in result.stdout for figure in figures)


def test_directions(files: dict[str, Path], out: Path) -> None:
    """A person's way, or a movement's, is told in lines or as JSON; one of them must be named."""
    run("plan", *options(files), "--out", out)
    person = run("directions", out, "--person", "P0", "--language", "it", "--alarm", "10:30")
    assert person.exit_code == 0, person.output
    lines = person.stdout.splitlines()
    assert lines[0].startswith("1. Parti 1 minuto dopo l'allarme, alle 10:31.")
    assert lines[-1].endswith((": East.", ": Middle."))
    movement = run("directions", out, "--movement", 0, "--json")
    assert movement.exit_code == 0, movement.output
    record = json.loads(movement.stdout)
    assert record["distance"] in (pytest.approx(300, abs=2), pytest.approx(400, abs=2))
    assert record["steps"][-1]["kind"] == "arrive"
    for words in ((), ("--person", "P0", "--movement", 0), ("--person", "X"), ("--movement", 99)):
        assert run("directions", out, *words).exit_code == 2
    assert "give --movement or --person, and not both" in run("directions", out).output
    assert run("directions", out, "--movement", 0, "--language", "xx").exit_code == 2
    assert run("directions", out, "--movement", 0, "--alarm", "noon").exit_code == 2


def test_sheets(files: dict[str, Path], tmp_path: Path, out: Path) -> None:
    """Sheets of a plan folder are written, in a language and a contrast; bad wishes leave none."""
    run("plan", *options(files), "--out", out)
    folder = tmp_path / "sheets"
    for wish in (("--contrast", "low"), ("--language", "xx"), ("--alarm", "noon")):
        assert run("sheets", out, "--out", folder, *wish).exit_code == 2
        assert not folder.exists()
    result = run("sheets", out, "--out", folder, "--language", "de", "--contrast", "high")
    assert result.exit_code == 0, result.output
    assert f"2 sheets: {folder / 'index.html'}" in result.stdout
    assert 'lang="de"' in (folder / "shelter-A.html").read_text("utf-8")
    again = run("sheets", out, "--out", folder, "--json")
    assert json.loads(again.stdout)["index"] == str(folder / "index.html")
    assert run("sheets", out, "--out", out).exit_code == 2


def test_explain(files: dict[str, Path], out: Path) -> None:
    """Explain says what is short in a plan folder: here room, for two of ten people."""
    rows = files["people"].read_text().splitlines()
    extra = [f"Q{i},K{i},{LON[0]:.7f},{LAT},30,F,none,0" for i in range(4)]
    files["people"].write_text("\n".join([*rows, *extra]) + "\n")
    run("plan", *options(files), "--out", out)
    done = run("explain", out)
    assert done.exit_code == 0
    assert "room of East (A)" in done.stdout
    told = json.loads(run("explain", out, "--json").stdout)
    assert (told["to_place"], told["at_most"], told["short"]) == (10, 8, 2)
    assert {row["id"] for row in told["cut"]} == {"A", "B"}
    assert told["cut"][0]["from_s"] is None


def test_fairness(files: dict[str, Path], out: Path) -> None:
    """Fairness shows each class of a plan folder and all together, as a table and as JSON."""
    run("plan", *options(files), "--out", out)
    done = run("fairness", out)
    assert done.exit_code == 0
    assert "ratio" in done.stdout
    told = json.loads(run("fairness", out, "--json").stdout)
    assert told["classes"][-1]["class_id"] == "all"
    assert told["classes"][-1]["persons"] == 6
    assert told["protected"] is None


def test_prices(files: dict[str, Path], out: Path) -> None:
    """Prices shows that a place in the near shelter saves, and refuses a plan without prices."""
    run("plan", *options(files), "--out", out)
    refused = run("prices", out)
    assert refused.exit_code == 2
    assert "over_time" in refused.stderr
    run("plan", *options(files), "--method", "over_time", "--out", out)
    done = run("prices", out, "--check", "1")
    assert done.exit_code == 0
    assert done.stderr == ""
    assert "+1 place at Middle (B)" in done.stdout
    assert "solved again" in done.stdout
    told = json.loads(run("prices", out, "--json", "--places", "2").stdout)
    assert told["rows"][0]["more"] == 2
    assert told["rows"][0]["from_s"] is None


def test_info(files: dict[str, Path]) -> None:
    """Info prints the load report of a network, and with --json as an object."""
    result = run("info", files["network"])
    assert result.exit_code == 0, result.output
    assert "network.geojson" in result.stdout
    report = json.loads(run("info", files["network"], "--json").stdout)["network"]
    assert report["counts"]


def test_classes(files: dict[str, Path], tmp_path: Path) -> None:
    """The classes of a plan can be seen before it is made, from files or an instance, and these
    are the names that --weight and --first take."""
    some = {name: files[name] for name in ("network", "people")}
    with files["people"].open("a") as file:
        file.write(f"P9,H9,{LON[0]},{LAT},80,F,wheelchair_manual,0\n")
    result = run("classes", *options(some))
    assert result.exit_code == 0, result.output
    rows = [line.split() for line in result.stdout.splitlines()]
    assert rows[0][:2] == ["class", "persons"]
    assert rows[1][1] == "1"
    assert rows[1][3:5] == ["no", "steps"]
    assert sum(int(row[1]) for row in rows[1:]) == 7
    made = run("convert", *options(files), "--out", tmp_path / "i")
    assert made.exit_code == 0, made.output
    table = json.loads(run("classes", "--instance", tmp_path / "i", "--json").stdout)["classes"]
    assert {row["class_id"]: row["persons"] for row in table} == {
        row[0]: int(row[1]) for row in rows[1:]
    }
    assert [row["uses_steps"] for row in table] == sorted(row["uses_steps"] for row in table)
    out = tmp_path / "plan"
    walker = table[-1]["class_id"]
    done = run(
        "plan", *options(files), "--out", out, "--method", "over_time",
        "--weight", f"{walker}=2", "--first", walker,
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    settings = json.loads((out / "summary.json").read_text())["settings"]
    assert (settings["weights"], settings["order"]) == ({walker: 2.0}, [walker])


def test_classes_need_people(files: dict[str, Path]) -> None:
    """Without people, or with an instance and files, the message says what to give."""
    result = run("classes", "--network", files["network"])
    assert result.exit_code == 2
    assert "--people" in result.stderr


@pytest.mark.parametrize(
    "extra,word",
    [
        (["--weight", "nobody=2"], "--weight: no class nobody; the classes are "),
        (["--first", "nobody"], "--first: no class nobody; the classes are "),
        (["--first", "WALKER", "--first", "WALKER"], "WALKER named more than once; the classes"),
        (["--first", "WALKER", "--method", "nearest"], "--first is for"),
    ],
)
def test_unknown_classes_are_refused(
    extra: list[str], word: str, files: dict[str, Path], out: Path
) -> None:
    """A class that does not exist, or stands twice in the order, is named with those there are."""
    some = {name: files[name] for name in ("network", "people")}
    walker = json.loads(run("classes", *options(some), "--json").stdout)["classes"][0]["class_id"]
    extra, word = [x.replace("WALKER", walker) for x in extra], word.replace("WALKER", walker)
    method = [] if "--method" in extra else ["--method", "over_time"]
    result = run("plan", *options(files), "--out", out, *method, *extra)
    assert result.exit_code == 2, result.output
    told = " ".join(result.stderr.replace("│", " ").split())
    assert word.strip() in told
    if "--method" not in extra:
        assert walker in told.split("the classes are")[1]
    assert leftovers(out) == []


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


def test_broken_rules_are_1(files: dict[str, Path], out: Path) -> None:
    """Method nearest overfills the nearest shelter: the plan is written, and ends with 1."""
    result = run("plan", *options(files), "--out", out, "--method", "nearest")
    assert result.exit_code == 1, result.output
    assert "BROKEN" in result.stdout
    assert (out / "summary.json").is_file()


def _shelters(text: str) -> Callable[[dict[str, Path]], None]:
    header = "shelter_id,lon,lat,capacity,step_free_capacity,intake_rate\n"
    return lambda files: void(files["shelters"].write_text(header + text))


def _people(text: str) -> Callable[[dict[str, Path]], None]:
    header = "person_id,lon,lat,age\n"
    return lambda files: void(files["people"].write_text(header + text))


def _network(*features: dict[str, Any]) -> Callable[[dict[str, Path]], None]:
    return lambda files: write_geojson(files["network"], list(features))


def _pbf(files: dict[str, Path]) -> None:
    files["network"] = files["network"].with_name("cut.osm.pbf")
    files["network"].write_bytes(b"\x00\x00\x00\x0d\x0a\x09OSMHeader\x18\x7c\x10")


def void(_: object) -> None:
    pass


POLYGON = {
    "type": "Feature",
    "properties": {},
    "geometry": {"type": "Polygon", "coordinates": [[[0, 0], [1, 0], [1, 1], [0, 0]]]},
}
ONE = f"A,{LON[4]},{LAT},4,1,5\n"
METRES = street(0)
METRES["geometry"]["coordinates"] = [[2310000, 5034000], [2310100, 5034000]]
BAD_FILES = {
    "cut-off pbf": (_pbf, ["cut.osm.pbf"]),
    "polygons": (_network(POLYGON), ["network.geojson", "Polygon"]),
    "empty network": (lambda f: void(f["network"].write_text("")), ["network.geojson", "empty"]),
    "network in metres": (_network(METRES), ["network.geojson", "2310000", "degrees"]),
    "duplicate street": (_network(street(0), street(0)), ["network.geojson", "s0"]),
    "negative street capacity": (_network(street(0, capacity=-1)), ["s0", "-1", ">= 0"]),
    "no network": (lambda f: f["network"].unlink(), ["network.geojson"]),
    "missing column": (
        lambda f: void(f["people"].write_text("person_id,lon\nP0,12.33\n")),
        ["people.csv", "lat"],
    ),
    "text in a number": (_people(f"P0,{LON[0]},{LAT},old\n"), ["people.csv", "row 2", "'old'"]),
    "duplicate person": (
        _people(f"P0,{LON[0]},{LAT},4\nP0,{LON[0]},{LAT},5\n"),
        ["people.csv", "row 3", "P0"],
    ),
    "swapped coordinates": (_people(f"P0,{LAT},{LON[0]},40\n"), ["people.csv", "swapped"]),
    "people in metres": (_people("P0,2310000,5034000,40\n"), ["people.csv", "metres"]),
    "all people in the sea": (_people("P0,12.5,45.3,40\n"), ["people.csv"]),
    "empty people": (lambda f: void(f["people"].write_text("")), ["people.csv", "empty"]),
    "people without rows": (_people(""), ["people.csv", "at least one"]),
    "negative room": (_shelters(f"A,{LON[4]},{LAT},-4,0,5\n"), ["shelters.csv", "-4"]),
    "duplicate shelter": (_shelters(ONE + ONE), ["shelters.csv", "A"]),
    "empty shelters": (lambda f: void(f["shelters"].write_text("")), ["shelters.csv", "empty"]),
    "more step-free than room": (_shelters(f"A,{LON[4]},{LAT},4,9,5\n"), ["shelters.csv", "9"]),
}


@pytest.mark.parametrize("spoil,words", BAD_FILES.values(), ids=BAD_FILES.keys())
def test_bad_file_is_refused(
    spoil: Callable[[dict[str, Path]], None], words: list[str], files: dict[str, Path], out: Path
) -> None:
    """A bad file gives one message that names file, row and value, exit code 2, and no folder."""
    spoil(files)
    result = run("plan", *options(files), "--out", out)
    assert result.exit_code == 2, result.output
    assert result.stderr.startswith("error: ")
    assert sum(line.startswith("error:") for line in result.stderr.splitlines()) == 1
    assert "Traceback" not in result.output
    for word in words:
        assert word in result.stderr
    assert leftovers(out) == []


BAD_OPTIONS = {
    "deadline 0": (["--deadline", "0"], "deadline"),
    "deadline in words": (["--deadline", "soon"], "'soon'"),
    "step 0": (["--step", "0"], "step"),
    "step longer than the deadline": (["--step", "2h"], "deadline"),
    "unknown method": (["--method", "magic"], "shelter_flow"),
    "unknown option": (["--metod", "nearest"], "--metod"),
    "instance and files": (["--instance", "x"], "--network"),
    "negative distance": (["--max-distance", "-5"], "-5"),
    "density 0": (["--max-density", "0"], "--max-density"),
}


@pytest.mark.parametrize("extra,word", BAD_OPTIONS.values(), ids=BAD_OPTIONS.keys())
def test_bad_option_is_refused(
    extra: list[str], word: str, files: dict[str, Path], out: Path
) -> None:
    """A bad option gives a message that names it, exit code 2, and no folder."""
    result = run("plan", *options(files), "--out", out, *extra)
    assert result.exit_code == 2, result.output
    assert word in result.stderr
    assert "Traceback" not in result.output
    assert leftovers(out) == []


def test_missing_input_is_refused(out: Path) -> None:
    """A plan without input says which options are needed."""
    result = run("plan", "--out", out)
    assert result.exit_code == 2
    assert "--instance" in result.stderr


def test_some_people_in_the_sea_are_listed(files: dict[str, Path], out: Path) -> None:
    """People far from any street are left with that reason; the others are planned."""
    with files["people"].open("a") as file:
        file.write("P9,H9,12.5,45.3,40,F,none,0\n")
    result = run("plan", *options(files), "--out", out)
    assert result.exit_code == 0, result.output
    left = pd.read_csv(out / "unassigned.csv")
    assert left[["person_id", "reason"]].to_numpy().tolist() == [["P9", "no street near enough"]]


def test_networks_that_do_not_touch_are_told(files: dict[str, Path], out: Path) -> None:
    """People on a part of the network without a shelter are left with that reason."""
    far = street(0, id="far")
    far["geometry"]["coordinates"] = [[LON[i], LAT + 0.01] for i in range(5)]
    write_geojson(files["network"], [*(street(i) for i in range(4)), far])
    with files["people"].open("a") as file:
        file.write(f"P9,H9,{LON[2]},{LAT + 0.01},40,F,none,0\n")
    result = run("plan", *options(files), "--out", out)
    assert result.exit_code == 0, result.output
    left = pd.read_csv(out / "unassigned.csv")
    assert left[["person_id", "reason"]].to_numpy().tolist() == [["P9", "no way to any shelter"]]


def test_a_shelter_of_size_0_is_closed(files: dict[str, Path], out: Path) -> None:
    """A shelter without room is named in a note and takes nobody."""
    _shelters(f"A,{LON[4]},{LAT},0,0,5\nB,{LON[3]},{LAT},9,0,5\n")(files)
    result = run("plan", *options(files), "--out", out)
    assert result.exit_code == 0, result.output
    assert pd.read_csv(out / "shelters.csv")["filled"].tolist() == [0, 6]
    assert "note:" in result.stdout


def test_a_foreign_folder_is_left_alone(files: dict[str, Path], out: Path) -> None:
    """An output folder that holds something else is refused before any work, and kept."""
    out.mkdir()
    (out / "thesis.txt").write_text("years of work")
    result = run("plan", *options(files), "--out", out)
    assert result.exit_code == 2
    assert "thesis.txt" in result.stderr
    assert (out / "thesis.txt").read_text() == "years of work"


@pytest.mark.parametrize("command", ["verify", "draw", "info", "bench"])
def test_missing_input_folder(command: str, tmp_path: Path) -> None:
    """A command on something that does not exist says so and ends with 2."""
    result = run(command, tmp_path / "nowhere")
    assert result.exit_code == 2, result.output
    assert "nowhere" in result.stderr
    assert list(tmp_path.iterdir()) == []


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


@pytest.mark.parametrize("command", COMMANDS)
def test_help(command: str) -> None:
    """Every command explains itself."""
    result = run(command, "--help")
    assert result.exit_code == 0
    assert "Usage:" in result.stdout
    assert len(result.stdout) > 300


def test_help_of_train_says_what_its_seed_is_of() -> None:
    """The seed of train gives scenarios, not a plan."""
    words = " ".join(run("train", "--help").stdout.replace("│", " ").split())
    assert "The same seed, the same scenarios." in words
    assert "the same plan" not in words


def test_help_names_all_commands() -> None:
    """Help of the program lists every command."""
    result = run("--help")
    assert all(f" {name} " in result.stdout for name in COMMANDS)


def test_module_and_version() -> None:
    """The module runs with python -m and tells its version."""
    done = subprocess.run(
        [sys.executable, "-m", "evacroute", "--version"], capture_output=True, text=True
    )
    assert done.returncode == 0
    assert done.stdout.startswith("evacroute ")


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


@pytest.fixture
def parted(tmp_path: Path, files: dict[str, Path]) -> Path:
    """A plan folder of the corridor with steps in it, which the wheelchair users cannot pass."""
    write_geojson(
        files["network"], [street(i, **({"steps": 20} if i == 1 else {})) for i in range(4)]
    )
    text = files["people"].read_text().replace("none,0", "wheelchair_manual,0")
    files["people"].write_text(text)
    files["shelters"].write_text(files["shelters"].read_text().replace(",4,1,", ",4,4,"))
    done = run("plan", *options(files), "--out", tmp_path / "plan")
    assert done.exit_code == 0, done.output
    return tmp_path / "plan"


def test_rescue_lists_and_routes(parted: Path, tmp_path: Path) -> None:
    """Rescue writes tables and a map; with a fleet it routes it, and says so as JSON too."""
    out = tmp_path / "rescue"
    done = run("rescue", parted, "--out", out)
    assert done.exit_code == 0, done.output
    assert "cannot get out: 2 people" in done.output
    assert not (out / "routes.csv").exists()
    fleet = tmp_path / "fleet.csv"
    fleet.write_text(f"kind,lon,lat,seats,wheelchair_places\nboat,{LON[4]},{LAT},4,4\n")
    done = run("rescue", parted, "--out", out, "--fleet", fleet, "--radius", "50", "--json")
    assert done.exit_code == 0, done.output
    record = json.loads(done.stdout)
    assert record["summary"]["reached"] == 2
    assert pd.read_csv(out / "routes.csv")["what"].tolist() == ["start", "pick-up", "drop-off"]
    page = (out / "map.html").read_text("utf-8")
    assert "drawRescue" in page
    # The map of a plan can show it too.
    before = (parted / "map.html").stat().st_size
    assert run("draw", parted, "--fleet", fleet).exit_code == 0
    assert (parted / "map.html").stat().st_size > before


def test_rescue_refuses_a_bad_fleet(parted: Path, tmp_path: Path) -> None:
    """A fleet with faults is bad input: all are named, and nothing is written."""
    fleet = tmp_path / "fleet.csv"
    fleet.write_text(f"kind,lon,lat,seats\nmule,{LON[4]},{LAT},4\nboat,{LON[4]},{LAT},0\n")
    done = run("rescue", parted, "--out", tmp_path / "rescue", "--fleet", fleet)
    assert done.exit_code == 2
    assert "2 faults" in done.stderr
    assert "mule" in done.stderr
    assert not (tmp_path / "rescue").exists()
