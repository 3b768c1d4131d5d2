"""The plan folder: what is saved is read back the same, or told to be broken."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from plans import empty_plan, small_plan, small_plan_of_persons
from priced import prices_for

from evacroute.errors import InputError
from evacroute.plan import Plan
from evacroute.plan_folder import read_plan
from evacroute.reports import LoadReport


@pytest.mark.parametrize("make", [small_plan, small_plan_of_persons, empty_plan])
def test_plan_reads_back_equal(make: Callable[[], Plan], tmp_path: Path) -> None:
    """Saving and loading gives an equal plan, and saving that gives the same files."""
    plan = make()
    plan.save(tmp_path / "a")
    back = Plan.load(tmp_path / "a")
    assert back.equals(plan)
    assert plan.equals(back)
    assert back.left == plan.left
    assert back.left_by_reason == plan.left_by_reason
    back.save(tmp_path / "b")
    for path in sorted((tmp_path / "a").rglob("*")):
        if path.is_file() and path.name != "summary.json":
            other = tmp_path / "b" / path.relative_to(tmp_path / "a")
            assert other.read_bytes() == path.read_bytes(), path.name


def test_folder_holds_what_is_documented(tmp_path: Path) -> None:
    """The files and their columns are those of the format."""
    small_plan_of_persons().save(tmp_path / "out")
    names = {str(p.relative_to(tmp_path / "out")) for p in (tmp_path / "out").rglob("*.*")}
    assert names == {
        "summary.json",
        "movements.csv.gz",
        "legs.npz",
        "assignments.csv.gz",
        "unassigned.csv",
        "shelters.csv",
        "routes.geojson.gz",
        "instance/node.csv",
        "instance/link.csv",
        "instance/shelters.csv",
        "instance/classes.csv",
        "instance/groups.csv.gz",
    }
    columns = {
        "movements.csv.gz": "movement_id,group_id,class_id,size,shelter_id,"
        "ready_s,depart_s,arrive_s",
        "assignments.csv.gz": "person_id,household_id,movement_id,shelter_id,depart_s,arrive_s",
        "unassigned.csv": "person_id,household_id,group_id,size,reason",
    }
    for name, expected in columns.items():
        assert ",".join(pd.read_csv(tmp_path / "out" / name).columns) == expected
    with np.load(tmp_path / "out" / "legs.npz") as legs:
        assert legs.files == ["ptr", "link", "enter", "leave"]
        assert legs["enter"].tolist() == [0, 100, 10, 120, 0]


def test_summary_has_the_documented_keys(tmp_path: Path) -> None:
    """summary.json holds status, figures, settings, seconds and versions."""
    small_plan().save(tmp_path / "out")
    record = json.loads((tmp_path / "out" / "summary.json").read_text())
    assert list(record) == [
        "format", "status", "method", "cost", "weighted_cost", "bound", "gap", "placed", "left",
        "safe", "mean", "p95", "clearance", "by_class", "left_by_reason", "seconds", "step_s",
        "deadline_s", "settings", "seed", "hazards", "boats", "versions", "reports",
    ]  # fmt: skip
    assert list(record["seconds"]) == ["load", "assign", "export", "total"]
    assert record["seconds"]["total"] == pytest.approx(3 + record["seconds"]["export"])
    assert record["settings"] == {"rounds": 4, "window": [1.5, None], "share": 0.25}
    assert set(record["versions"]) == {
        "python", "evacroute", "numpy", "scipy", "numba", "ortools", "pandas"
    }  # fmt: skip
    assert record["status"] == "partial"
    assert record["by_class"]["wheelchair"]["mean"] == 100.0


def test_reports_come_back(tmp_path: Path) -> None:
    """What the loaders said of the network, so that it is synthetic, say, is kept in the folder."""
    report = LoadReport("a made-up town", {"nodes": 3}, notes=["synthetic"])
    plan = small_plan()
    scenario = replace(plan.scenario, network=replace(plan.scenario.network, report=report))
    replace(plan, scenario=scenario).save(tmp_path / "out")
    assert read_plan(tmp_path / "out").scenario.network.report == report


def test_prices_are_kept(tmp_path: Path) -> None:
    """Prices are saved where a plan has them, and only then."""
    small_plan().save(tmp_path / "a")
    assert not (tmp_path / "a" / "prices.npz").exists()
    plan = small_plan()
    plan = replace(plan, prices=prices_for(plan, [(0, 3, 0.5), (2, 4, 1.25)], [(1, 2, 2.5)]))
    plan.save(tmp_path / "b")
    assert read_plan(tmp_path / "b").equals(plan)
    assert not plan.equals(read_plan(tmp_path / "a"))


def test_routes_count_who_walks_each_way(tmp_path: Path) -> None:
    """Each distinct way is one line from group to shelter, with all who walk it at any time."""
    small_plan().save(tmp_path / "out")
    text = gzip.decompress((tmp_path / "out" / "routes.geojson.gz").read_bytes())
    features = json.loads(text)["features"]
    ways = {(f["properties"]["from_node_id"], f["properties"]["shelter_id"]): f for f in features}
    assert len(ways) == len(features) == 3
    bridge = ways["N0", "S0"]
    assert bridge["properties"] | {"length": 200.0} == {
        "from_node_id": "N0",
        "shelter_id": "S0",
        "persons": 4,
        "length": 200.0,
        "first_depart_s": 0,
        "last_arrive_s": 320,
    }
    network = small_plan().scenario.network
    corners = [[round(network.lon[i], 6), round(network.lat[i], 6)] for i in (0, 1, 2)]
    assert bridge["geometry"] == {"type": "LineString", "coordinates": corners}
    assert ways["N0", "S1"]["geometry"]["type"] == "Point"


def test_older_plan_is_replaced_and_other_folders_refused(tmp_path: Path) -> None:
    """A plan replaces an older plan with all that lies beside it, but no other folder."""
    small_plan_of_persons().save(tmp_path / "out")
    (tmp_path / "out" / "map.html").write_text("old")
    small_plan().save(tmp_path / "out")
    assert not (tmp_path / "out" / "map.html").exists()
    assert not (tmp_path / "out" / "assignments.csv.gz").exists()
    with pytest.raises(InputError, match=r"no summary\.json"):
        small_plan().save(tmp_path)


def test_numbers_of_movements_are_checked(tmp_path: Path) -> None:
    """A movement in the wrong row, or an unknown group, shelter or reason, is told with its row."""
    small_plan().save(tmp_path / "out")
    path = tmp_path / "out" / "movements.csv.gz"
    text = gzip.decompress(path.read_bytes()).decode()
    path.write_bytes(gzip.compress(text.replace("3,wheels", "7,wheels").encode()))
    with pytest.raises(InputError, match="row 5: movement_id is 7, expected 3"):
        read_plan(tmp_path / "out")
    path.write_bytes(gzip.compress(text.replace("wheels", "heels").encode()))
    with pytest.raises(InputError, match="row 5: group_id is 'heels'"):
        read_plan(tmp_path / "out")
    path.write_bytes(gzip.compress(text.encode()))
    (tmp_path / "out" / "unassigned.csv").write_text("group_id,size,reason\nNA,1,too lazy\n")
    with pytest.raises(InputError, match="row 2: reason is 'too lazy'"):
        read_plan(tmp_path / "out")
