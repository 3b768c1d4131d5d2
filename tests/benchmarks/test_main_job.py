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

sys.path.insert(0, str(Path(__file__).parent))

from results import note

import evacroute as er

VENICE = ("venice_segments.geojson.gz", "venice_bridges.csv", "people_100k.csv.gz")


def say(benchmark: str, case: str, figures: dict[str, Any]) -> None:
    """Print one row of a table, and record it."""
    shown = {name: f"{v:.4g}" if isinstance(v, float) else v for name, v in figures.items()}
    print(f"\n{case}: " + ", ".join(f"{name} {value}" for name, value in shown.items()))
    note(benchmark, {"case": case, **figures})


def run(arguments: list[str], cache: Path | None = None) -> tuple[float, float, str]:
    """Run a command; wall seconds, peak MiB and what it printed.

    With a folder for compiled kernels that is empty, all of them are compiled anew.
    """
    env = os.environ | ({} if cache is None else {"NUMBA_CACHE_DIR": str(cache)})
    begin = time.perf_counter()
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True, env=env) as process:
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
    cache = tmp_path / "kernels"
    spent, peak, out = run(plan_command(shared, tmp_path / "first"), cache)
    say("main_job", "first", {"seconds": spent, "peak_mib": peak, **figures_of(json.loads(out))})
    again = [plan_command(shared, tmp_path / "second"), cache]
    spent, peak, out = benchmark.pedantic(run, args=again)
    told = json.loads(out)
    say("main_job", "compiled", {"seconds": spent, "peak_mib": peak, **figures_of(told)})
    assert told["verification"]["ok"]
    assert told["summary"]["placed"] + told["summary"]["left"] == 100_000


def figures_of(told: dict[str, Any]) -> dict[str, Any]:
    """What the table shows of the command's own words; times in s."""
    summary, checks = told["summary"], told["verification"]["checks"]
    (paces,) = (one for one in checks if one["name"] == "walking time by class")
    return {
        **{f"{stage}_s": spent for stage, spent in summary["seconds"].items()},
        **{name: summary[name] for name in ("placed", "left", "mean", "clearance")},
        "left_by_reason": summary["left_by_reason"],
        "rules": len(checks),
        "rules_broken": sum(not one["ok"] for one in checks),
        "pace_off_percent": paces["worst"],
    }


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
            "mean": plan.times.mean,
            "clearance": plan.times.clearance,
            "left": plan.left,
            "seconds": min(spent),
            "median_s": sorted(spent)[2],
        }
        say("fixed_instance", method, figures)
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
    say("reading", "Venice GeoJSON", {"seconds": spent})
    from evacroute.load.snap import snap

    begin = time.perf_counter()
    snap(network, people.lon, people.lat)
    say("reading", "snapping 100,000 persons", {"seconds": time.perf_counter() - begin})
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
    say("reading", "import evacroute", {"seconds": float(seconds), "extras": loaded.strip()})
    assert loaded.strip() == "[]"


def test_demo(benchmark: Any, tmp_path: Path) -> None:
    """`evacroute demo` plans 50,000 people of the synthetic lagoon and draws the map."""
    command = [sys.executable, "-m", "evacroute", "demo", "--out", str(tmp_path / "demo")]
    spent, peak, out = benchmark.pedantic(run, args=[command])
    say("reading", "demo, 50,000 people", {"seconds": spent, "peak_mib": peak})
    assert "map.html" in out


@pytest.fixture(autouse=True)
def _quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
