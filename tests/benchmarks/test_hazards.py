"""Hazards and boats on real Venice: what they cost in time to plan, and whom boats reach.

Run as a script it prints the figures::

    python tests/benchmarks/test_hazards.py --method shelter_flow
    python tests/benchmarks/test_hazards.py --method over_time --gap 0.02 --time-limit 60
    python tests/benchmarks/test_hazards.py --draws 500 [--dask]   # earthquakes on the lagoon
    python tests/benchmarks/test_hazards.py --bridges          # Rialto, Accademia, Scalzi closed

Seconds are compared with those of the dry plan of the same run, and never judged.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))
sys.path.insert(0, str(Path(__file__).parent))

from great_bridges import GREAT_BRIDGES, bridge_links
from gtfs_files import actv_feed
from instances import INSTANCES, shared_folder, venice_100k
from results import add_option, record

import evacroute as er

SERIES = "venice/venice_2019-11_10min.tsv"
ALARM = "2019-11-12 21:00"


def floods(scenario: er.Scenario) -> dict[str, er.Flood | None]:
    """No flood, a steady tide, and the tide of November 2019 on its way to the peak."""
    heights = er.Heights.model(scenario.network)
    series = er.read_tide(shared_folder() / "data" / SERIES, alarm=ALARM)
    return {
        "dry": None,
        "tide 1.40 m": er.Flood(tide=1.40, heights=heights),
        "November 2019": er.Flood(tide=series, heights=heights),
    }


def timed(scenario: er.Scenario, method: str, settings: dict[str, Any]) -> tuple[er.Plan, float]:
    """Plan twice; the seconds of the second, when kernels are compiled."""
    er.assign(scenario, method, **settings)
    begin = time.perf_counter()
    plan = er.assign(scenario, method, **settings)
    return plan, time.perf_counter() - begin


def by_flood(
    method: str, settings: dict[str, Any], instance: str = "venice_100k"
) -> dict[str, tuple[er.Plan, float]]:
    """Plans and seconds of each flood."""
    scenario = INSTANCES[instance]()
    # Of persons the classes are made anew: a flood keeps apart those who can wade less deep.
    classes = scenario.classes if scenario.bins is None else None
    return {
        name: timed(replace(scenario, hazard=flood, classes=classes), method, settings)
        for name, flood in floods(scenario).items()
    }


def afloat(lines: Path) -> er.Scenario:
    """The fixed instance with boats."""
    scenario = venice_100k()
    network, boats = er.read_boats(lines, scenario.network, until="90 min")
    return er.Scenario(
        network, scenario.groups, scenario.shelters, classes=scenario.group_classes,
        deadline=scenario.deadline_s, boats=boats,
    )  # fmt: skip


def row_of(name: str, plan: er.Plan, seconds: float, dry: float) -> dict[str, Any]:
    """One row; times in s."""
    return {
        "case": name, "seconds": seconds, "over_dry": seconds / dry, "placed": plan.placed,
        "left": plan.left, "mean": plan.times.mean, "gap": plan.gap,
        "rules": "kept" if er.verify(plan).ok else "BROKEN",
    }  # fmt: skip


def told(row: dict[str, Any]) -> str:
    """One row as a line."""
    gap = "" if row["gap"] is None else f", gap {row['gap']:.2%}"
    return (
        f"{row['case']}: {row['seconds']:.2f} s ({row['over_dry']:.2f} x dry), "
        f"{row['placed']:,} placed, {row['left']:,} left, mean {row['mean'] / 60:.2f} min{gap}, "
        f"rules {row['rules']}"
    )


@pytest.mark.skipif("not shared_folder().is_dir()", reason="no shared inputs")
def test_floods(benchmark: Any) -> None:
    """Plans in a flood keep every rule; how long they take is told as a share of the dry plan's."""
    found = benchmark.pedantic(by_flood, ("shelter_flow", {}), rounds=1)
    for name, (plan, seconds) in found.items():
        row = row_of(name, plan, seconds, found["dry"][1])
        print("\n" + told(row), end="")
        assert row["rules"] == "kept"


@pytest.mark.skipif("not shared_folder().is_dir()", reason="no shared inputs")
def test_boats(benchmark: Any, tmp_path: Path) -> None:
    """Boats reach people who cannot use steps."""
    scenario = afloat(actv_feed(shared_folder(), tmp_path))
    plan, seconds = benchmark.pedantic(timed, (scenario, "shelter_flow", {}), rounds=1)
    row = row_of("with boats", plan, seconds, seconds)
    dry = er.assign(venice_100k(), "shelter_flow")
    print(f"\n{told(row)}; without {dry.left:,} left")
    assert row["rules"] == "kept"
    assert plan.left < dry.left


def earthquakes(draws: int, dask: bool) -> list[dict[str, Any]]:
    """Many draws on the lagoon at 20,000 people: on one process or on Dask, and on two."""
    scenario = er.lagoon(people=20_000)
    quakes = er.Earthquake(seed=0).draws(draws)
    seconds = {}
    rows = []
    if dask:
        from distributed import Client, LocalCluster

        with LocalCluster(n_workers=2, threads_per_worker=1) as cluster, Client(cluster) as client:
            begin = time.perf_counter()
            swept = er.sweep(scenario, quakes, executor=client.get_executor())
            seconds[1] = time.perf_counter() - begin
        rows.append(swept.table.drop(columns="seconds"))
        print(f"{draws} draws on two workers of Dask: {seconds[1]:.1f} s", flush=True)
    for workers in (2,) if dask else (1, 2):
        begin = time.perf_counter()
        swept = er.sweep(scenario, quakes, workers=workers)
        seconds[workers] = time.perf_counter() - begin
        rows.append(swept.table.drop(columns="seconds"))
        print(f"{draws} draws on {workers}: {seconds[workers]:.1f} s", flush=True)
    same = rows[0].equals(rows[1])
    other = "Dask" if dask else "1"
    print(f"2 processes {seconds[1] / seconds[2]:.2f} x as fast as {other}; same figures: {same}")
    first = "two workers of Dask" if dask else "one process"
    return [
        {"case": case, "draws": draws, "seconds": seconds[n], "faster": seconds[1] / seconds[n],
         "same": same}
        for n, case in ((1, first), (2, "two processes"))
    ]  # fmt: skip


def bridges_closed() -> list[dict[str, Any]]:
    """The great bridges closed in turn at 5 min: what it takes, and how much longer people walk."""
    scenario = venice_100k()
    plan = er.assign(scenario, "over_time", gap=0.02, time_limit=60.0)
    print(f"plan before: mean {plan.times.mean / 60:.2f} min, gap {plan.gap:.2%}")
    rows = {}
    for name in ["nothing", "nothing", *GREAT_BRIDGES]:
        closures = {}
        if name in GREAT_BRIDGES:
            links = bridge_links(scenario.network, name)
            closures = {"links": scenario.network.link_id[links].tolist()}
        again = er.replan(plan, now="5 min", closures=closures)
        ok = "ok" if er.verify(again.plan).ok else "BROKEN"
        summary = again.summary()
        print(f"{name} closed: {ok}\n{summary}\n", flush=True)
        # The second that closes nothing counts: the first one compiles.
        rows[name] = {
            "case": name, "seconds": summary.seconds, "gap": summary.gap,
            "mean_to_go": summary.mean_s, "moved": summary.moved, "rerouted": summary.rerouted,
            "newly_left": sum(one["persons"] for one in summary.newly_left), "rules": ok,
        }  # fmt: skip
    return list(rows.values())


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--method", default="shelter_flow")
    parser.add_argument("--gap", type=float)
    parser.add_argument("--time-limit", type=float)
    parser.add_argument("--draws", type=int, default=0)
    parser.add_argument("--dask", action="store_true")
    parser.add_argument("--bridges", action="store_true")
    parser.add_argument("--instance", default="venice_100k", choices=list(INSTANCES))
    parser.add_argument("--no-boats", action="store_true")
    parser.add_argument("--name", help="of the results")
    add_option(parser)
    given = parser.parse_args()
    if given.bridges:
        record(given.name or "great_bridges", bridges_closed(), folder=given.results)
        return
    if given.draws:
        rows = earthquakes(given.draws, given.dask)
        record(given.name or "earthquakes", rows, folder=given.results)
        return
    settings = {"gap": given.gap, "time_limit": given.time_limit}
    settings = {name: value for name, value in settings.items() if value is not None}
    found = by_flood(given.method, settings, given.instance)
    dry = found["dry"][1]
    rows = []
    for name, (plan, seconds) in found.items():
        rows.append(row_of(name, plan, seconds, dry))
        print(told(rows[-1]), flush=True)
    if given.instance == "venice_100k" and not given.no_boats:
        with tempfile.TemporaryDirectory() as folder:
            scenario = afloat(actv_feed(shared_folder(), Path(folder)))
            plan, seconds = timed(scenario, given.method, settings)
        rows.append(row_of("with boats", plan, seconds, dry))
        print(told(rows[-1]))
    record(given.name or "floods", rows, folder=given.results)


if __name__ == "__main__":
    main()
