"""The command `sweep`: it plans draws or plays a plan in them, goes on, and refuses bad options."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from broken_links import BrokenLinks
from sweeps import PEOPLE
from typer.testing import CliRunner

import evacroute as er
from evacroute.cli import app


@pytest.fixture(scope="module")
def scenario() -> er.Scenario:
    return er.lagoon(people=PEOPLE)


@pytest.fixture(scope="module")
def plan(scenario: er.Scenario) -> er.Plan:
    return er.assign(scenario)


def reader(monkeypatch: pytest.MonkeyPatch) -> None:
    """Put a reader of hazards in place that knows the stand-in only."""

    def make(texts: list[str], heights: Path | None, network: er.Network, **_: Any) -> Any:
        return [BrokenLinks(int(text.removeprefix("earthquake:seed="))) for text in texts]

    monkeypatch.setattr(sys.modules["evacroute.cli.sweep"], "make_hazards", make)


def test_the_command_sweeps(
    monkeypatch: pytest.MonkeyPatch, scenario: er.Scenario, tmp_path: Path
) -> None:
    """``evacroute sweep`` plans draws of an instance, goes on in its folder, and prints JSON."""
    reader(monkeypatch)
    er.write_instance(scenario, tmp_path / "instance")
    words = ["sweep", "--instance", str(tmp_path / "instance"), "--hazard", "earthquake:seed=4"]
    words += ["--method", "earliest_arrival", "--workers", "1", "--out", str(tmp_path / "out")]
    done = CliRunner().invoke(app, [*words, "--draws", "2"])
    assert done.exit_code == 0, done.output
    assert "2 draws" in done.stdout
    done = CliRunner().invoke(app, [*words, "--draws", "3", "--json"])
    assert done.exit_code == 0, done.output
    record = json.loads(done.stdout)
    other = er.read_instance(tmp_path / "instance")
    hazards = [BrokenLinks(4 + i) for i in range(3)]
    expected = er.sweep(other, hazards, method="earliest_arrival", executor="serial")
    assert [row["safe"] for row in record["draws"]] == expected.table["safe"].tolist()
    done = CliRunner().invoke(app, [*words, "--draws", "3", "--step", "5"])
    assert done.exit_code == 2
    assert "another method or settings" in done.output


def test_the_command_plays_a_plan(
    monkeypatch: pytest.MonkeyPatch, plan: er.Plan, tmp_path: Path
) -> None:
    """With --plan the plan folder is played as it is."""
    reader(monkeypatch)
    plan.save(tmp_path / "plan")
    words = ["sweep", "--plan", str(tmp_path / "plan"), "--hazard", "earthquake:seed=0"]
    words += ["--draws", "3", "--workers", "1", "--out", str(tmp_path / "out"), "--json"]
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 0, done.output
    found = er.evaluate(plan, hazards=[BrokenLinks(i) for i in range(3)]).table["safe"].tolist()
    assert [row["safe"] for row in json.loads(done.stdout)["draws"]] == found


@pytest.mark.parametrize(
    "words,message",
    [
        ([], "--instance DIR, or --plan"),
        (["--plan", "p", "--instance", "i"], "leave out --instance"),
        (["--plan", "p", "--keep-plans"], "leave out"),
        (["--instance", "i", "--gap", "0.1"], "--method over_time"),
        (["--instance", "nowhere"], "nowhere"),
        (["--instance", "i", "--draws", "0"], "--draws"),
    ],
)
def test_the_command_refuses(words: list[str], message: str, tmp_path: Path) -> None:
    """Options that do not go together are refused with code 2, and nothing is written."""
    out = tmp_path / "out"
    begin = ["sweep", "--hazard", "earthquake:seed=1", "--out", str(out)]
    done = CliRunner().invoke(app, [*begin, *words])
    assert done.exit_code == 2
    assert message in " ".join(done.output.replace("│", " ").split())
    assert not out.exists()
