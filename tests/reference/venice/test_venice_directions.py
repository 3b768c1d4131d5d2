"""Directions through the real Venice: with the names of its streets, and without any."""

from __future__ import annotations

import gzip
import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from conftest import missing

import evacroute as er
from evacroute.languages import LANGUAGES

pytestmark = pytest.mark.shared


@pytest.fixture(scope="module")
def named(shared: Path) -> er.Plan:
    """A plan for 5,000 of the people, on streets with the names of OpenStreetMap."""
    folder = shared / "data" / "venice"
    file = folder / "venice_segments_enriched_DERIVED.geojson.gz"
    if not file.is_file():
        missing(f"no streets at {file}")
    streets = json.loads(gzip.decompress(file.read_bytes()))
    for feature in streets["features"]:
        own = feature["properties"]
        own["name"] = own.get("name_osm2024") or own.get("survey_name") or ""
    network = er.read_network(streets)
    people = er.read_people(pd.read_csv(folder / "people_100k.csv.gz").iloc[::20], network)
    shelters = er.read_shelters(folder / "shelters_illustrative.csv", network)
    return er.assign(er.Scenario(network, people, shelters, deadline="90 min"), "shelter_flow")


@pytest.fixture(scope="module")
def nameless(shared: Path) -> er.Plan:
    folder = shared / "bench" / "venice_100k"
    if not folder.is_dir():
        missing(f"no instance at {folder}")
    return er.assign(er.read_instance(folder, deadline="90 min"), "shelter_flow")


def some_movements(plan: er.Plan) -> list[int]:
    rng = np.random.default_rng(0)
    return rng.choice(len(plan.movements), 200, replace=False).tolist()


@pytest.mark.parametrize("which", ["named", "nameless"])
def test_two_hundred_ways(which: str, request: pytest.FixtureRequest) -> None:
    """Each way is told whole, in lines that say something, not more of them than links."""
    plan = request.getfixturevalue(which)
    moves, network = plan.movements, plan.scenario.network
    for i, m in enumerate(some_movements(plan)):
        told = er.directions(plan, movement=m, language=LANGUAGES[i % len(LANGUAGES)])
        links = moves.leg_link[moves.leg_ptr[m] : moves.leg_ptr[m + 1]]
        assert told.distance == pytest.approx(network.length[links].sum())
        assert told.distance < 6000
        assert 1 <= len(told.text) <= len(links) + 2 + sum(s.kind == "wait" for s in told.steps)
        for line in told.text:
            assert line == line.strip()
            assert 3 < len(line) < 250
            assert not re.search(r"[{}]|\bnan\b|None", line)


def test_names_make_directions_short(named: er.Plan) -> None:
    """With names most lines name a street, square or bridge, and a line tells 20 m or more."""
    told = [er.directions(named, movement=m) for m in some_movements(named)]
    steps = [step for one in told for step in one.steps if step.links]
    assert sum(bool(step.name) for step in steps) > 0.7 * len(steps)
    assert sum(step.distance for step in steps) > 20 * len(steps)
    assert {"walk", "square", "bridge", "alley"} <= {step.kind for step in steps}


def test_sheets_of_venice(named: er.Plan, tmp_path: Path) -> None:
    """Each of its shelters gets a sheet below half a megabyte that counts all its people."""
    written = er.write_sheets(named, tmp_path / "out", language="it", contrast="high")
    assert len(written) == len(named.scenario.shelters) + 1
    assert max(path.stat().st_size for path in written) < 5e5
    record = json.loads((tmp_path / "out" / "sheets.json").read_text("utf-8"))
    assert sum(row["persons"] for row in record["sheets"]) == named.placed
