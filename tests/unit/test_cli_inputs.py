"""What the command line takes: help, files, classes, options, and how bad input is refused."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from cli_files import LAT, LON, corridor_files, leftovers, options, run, street, write_geojson

COMMANDS = (
    "plan", "convert", "verify", "draw", "directions", "sheets", "rescue", "prices", "fairness",
    "explain", "fetch", "demo", "info", "classes", "bench", "simulate", "train", "evaluate",
)  # fmt: skip


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    return corridor_files(tmp_path / "in")


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "plan"


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
    "negative distance": (["--max-distance", "-5"], "--max-distance is '-5'"),
    "distance 0": (["--max-distance", "0"], "--max-distance is 0"),
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


@pytest.mark.parametrize("command", ["verify", "draw", "info", "bench"])
def test_missing_input_folder(command: str, tmp_path: Path) -> None:
    """A command on something that does not exist says so and ends with 2."""
    result = run(command, tmp_path / "nowhere")
    assert result.exit_code == 2, result.output
    assert "nowhere" in result.stderr
    assert list(tmp_path.iterdir()) == []


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
