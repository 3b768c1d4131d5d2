"""The command `replan`: the folder it writes, and who it says moves or is left."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest
from plans import people_at
from replans import city, priced, two_bridges

import evacroute as er
from evacroute.plan import Plan


@pytest.fixture(scope="module")
def plan() -> Plan:
    return priced(city())


def test_the_command(plan: Plan, tmp_path: Path) -> None:
    """`evacroute replan` writes a plan folder that can be checked, and tells who moves."""
    from typer.testing import CliRunner

    from evacroute.cli import app

    plan.save(tmp_path / "plan")
    out = tmp_path / "out"
    arguments = ["replan", str(tmp_path / "plan"), "--now", "100", "--close", "S1"]
    done = CliRunner().invoke(app, [*arguments, "--out", str(out)])
    assert done.exit_code == 0, done.output
    assert "another shelter" in done.output
    assert er.verify(out).ok
    assert (out / "map.html").exists()
    assert "S1" in (out / "moved.csv").read_text("utf-8")
    assert (out / "newly_left.csv").exists()
    record = json.loads((out / "summary.json").read_text("utf-8"))["replan"]
    assert record["closed"] == [{"name": "S1", "what": "shelter", "links": 0}]
    assert record["newly_left"] == []
    assert CliRunner().invoke(app, [*arguments, "--out", str(out)]).exit_code == 0
    wrong = CliRunner().invoke(app, [*arguments, "--close", "Ponte X", "--out", str(out)])
    assert wrong.exit_code == 2


def test_the_command_tells_who_joined_near_no_street(tmp_path: Path) -> None:
    """`evacroute replan --joined` shows the loader's report, and counts whom it set aside as left;
    both are in summary.json too."""
    from typer.testing import CliRunner

    from evacroute.cli import app

    network = two_bridges().network
    people = people_at(network, [0] * 4, [f"h{i}" for i in range(4)])
    priced(er.Scenario(network, people, two_bridges().shelters, deadline="60 min")).save(
        tmp_path / "plan"
    )
    lon, lat = float(network.lon[1]), float(network.lat[1])
    table = pd.DataFrame({"person_id": ["a", "b"], "lon": [lon, lon], "lat": [lat, lat + 0.02]})
    table.to_csv(tmp_path / "boat.csv", index=False)
    out = tmp_path / "out"
    arguments = ["replan", str(tmp_path / "plan"), "--now", "30", "--out", str(out)]
    done = CliRunner().invoke(app, [*arguments, "--joined", str(tmp_path / "boat.csv")])
    assert done.exit_code == 0, done.output
    assert "1  persons with no street within 250 m" in done.output
    assert "joined and have no shelter" in done.output
    record = json.loads((out / "summary.json").read_text("utf-8"))
    assert record["left"] == 1
    assert record["replan"]["joined_left"][0]["examples"] == ["b"]
    assert record["replan"]["set_aside"] == {"persons with no street within 250 m": 1}
    assert record["reports"]["joined"]["counts"]["persons"] == 2
