"""The main job on real Venice: how long, how much memory, how good. `make bench` prints the table.

Seconds are never judged here, as machines differ; what is judged are figures that do not depend on
the machine: who is left, that every rule is kept, and the ratio of the methods' means.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

import evacroute as er

VENICE = ("venice_segments.geojson.gz", "venice_bridges.csv", "people_100k.csv.gz")


def say(what: str, figures: dict[str, Any]) -> None:
    """Print one row of the table."""
    print(f"\n{what}: " + ", ".join(f"{name} {value}" for name, value in figures.items()))


def run(arguments: list[str]) -> tuple[float, float, str]:
    """Run a command; wall seconds, peak MiB and what it printed."""
    begin = time.perf_counter()
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        out = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, out
    return time.perf_counter() - begin, usage.ru_maxrss / 1024, out


def plan_command(shared: Path, out: Path) -> list[str]:
    venice = shared / "data" / "venice"
    network, bridges, people = (str(venice / name) for name in VENICE)
    shelters = str(venice / "shelters_illustrative.csv")
    return [
        sys.executable, "-m", "evacroute", "plan", "--network", network, "--bridges", bridges,
        "--people", people, "--shelters", shelters, "--method", "shelter_flow",
        "--deadline", "90min", "--step", "10", "--seed", "0", "--out", str(out), "--json",
    ]  # fmt: skip


def test_plan_command(benchmark: Any, shared: Path, tmp_path: Path) -> None:
    """`evacroute plan` takes 100,000 persons on real Venice to a checked plan and a map."""
    spent, peak, out = run(plan_command(shared, tmp_path / "first"))
    say("plan command, first", {"seconds": f"{spent:.1f}", "peak MiB": f"{peak:.0f}"})
    spent, peak, out = benchmark.pedantic(run, args=[plan_command(shared, tmp_path / "second")])
    record = json.loads(out)
    say(
        "plan command, compiled",
        {
            "seconds": f"{spent:.1f}",
            "peak MiB": f"{peak:.0f}",
            "by stage": record["summary"]["seconds"],
            "placed": record["summary"]["placed"],
            "left": record["summary"]["left_by_reason"],
            "mean min": f"{record['summary']['mean'] / 60:.2f}",
        },
    )
    assert record["verification"]["ok"]
    assert record["summary"]["placed"] + record["summary"]["left"] == 100_000


def test_methods_on_the_fixed_instance(benchmark: Any, shared: Path) -> None:
    """shelter_flow leaves out only those without a step-free way and beats the greedy by 12 %."""
    scenario = er.read_instance(shared / "bench" / "venice_100k", deadline="90 min")
    mean = {}
    for method in ("nearest", "earliest_arrival", "shelter_flow"):
        er.assign(scenario, method)
        spent = []
        for _ in range(5):
            plan = er.assign(scenario, method)
            spent.append(plan.seconds["assign"])
        mean[method] = plan.times.mean
        figures = {
            "mean min": f"{plan.times.mean / 60:.3f}",
            "clearance min": f"{plan.times.clearance / 60:.1f}",
            "left": plan.left,
            "seconds, best of 5": f"{min(spent):.2f}",
            "median": f"{sorted(spent)[2]:.2f}",
        }
        say(method, figures)
    assert plan.left == 389
    assert mean["shelter_flow"] <= 0.88 * mean["earliest_arrival"]
    benchmark.pedantic(er.assign, args=[scenario, "shelter_flow"])


def test_reading(benchmark: Any, shared: Path) -> None:
    """The Venice GeoJSON becomes a network, and 100,000 persons are snapped to it."""
    venice = shared / "data" / "venice"
    begin = time.perf_counter()
    network = er.read_network(venice / VENICE[0])
    spent = time.perf_counter() - begin
    er.read_people(venice / VENICE[2], network)
    people = benchmark.pedantic(er.read_people, args=[venice / VENICE[2], network], rounds=3)
    say("Venice GeoJSON", {"seconds": f"{spent:.2f}"})
    from evacroute.load.snap import snap

    begin = time.perf_counter()
    snap(network, people.lon, people.lat)
    say("snapping 100,000 persons", {"seconds": f"{time.perf_counter() - begin:.2f}"})
    assert (people.node >= 0).mean() > 0.99


def test_import(benchmark: Any) -> None:
    """Importing the library pulls in no extra."""
    extras = ("osmium", "osmnx", "matplotlib", "kserve", "redis", "catboost", "sklearn", "dask")
    code = (
        "import sys, time; t = time.perf_counter(); import evacroute; "
        f"print(time.perf_counter() - t, [m for m in {extras!r} if m in sys.modules])"
    )
    _, _, out = benchmark.pedantic(run, args=[[sys.executable, "-c", code]], rounds=3)
    seconds, loaded = out.split(" ", 1)
    say("import evacroute", {"seconds": f"{float(seconds):.2f}", "extras loaded": loaded.strip()})
    assert loaded.strip() == "[]"


def test_demo(benchmark: Any, tmp_path: Path) -> None:
    """`evacroute demo` plans 50,000 people of the synthetic lagoon and draws the map."""
    command = [sys.executable, "-m", "evacroute", "demo", "--out", str(tmp_path / "demo")]
    spent, peak, out = benchmark.pedantic(run, args=[command])
    say("demo, 50,000 people", {"seconds": f"{spent:.1f}", "peak MiB": f"{peak:.0f}"})
    assert "map.html" in out


@pytest.fixture(autouse=True)
def _quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
