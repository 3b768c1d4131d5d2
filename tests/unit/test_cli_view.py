"""Commands on a plan folder: it is checked, drawn, explained, told to people; crews are sent."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest
from cli_files import LAT, LON, corridor_files, options, run, street, write_geojson


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    return corridor_files(tmp_path / "in")


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "plan"


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


def test_serving_what_is_no_bundle(tmp_path: Path) -> None:
    """At a terminal a folder that is missing, or no bundle, ends the server before it begins."""
    for folder, says in ((tmp_path / "none", "no such folder"), (tmp_path, "is no bundle")):
        result = run("serve", folder)
        assert result.exit_code == 2
        assert f"{folder}: {says}" in result.stderr
        assert "'evacroute bundle PLAN --out DIR'" in result.stderr
