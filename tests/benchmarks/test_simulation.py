"""The simulator beside measurements, beside jupedsim-network on the same plans, and its speed.

Run as a script it prints the tables; the plan of Venice and its hydraulic run take minutes::

    python tests/benchmarks/test_simulation.py                  # HERMES, lagoon, district, Venice
    python tests/benchmarks/test_simulation.py lagoon_2k        # one instance

Seconds are never judged, as machines differ; those of the other simulator in the same run stand
beside them.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))
sys.path.insert(0, str(Path(__file__).parent))

from hermes import halves, judged, runs
from instances import INSTANCES, shared_folder
from results import add_option, record
from test_methods import step_of

import evacroute as er
from evacroute.cli.bench import peak_mib_so_far
from evacroute.simulation import Behaviour, Physics
from evacroute.training.hydraulic import play_hydraulic

ALIKE: dict[str, Any] = {
    "physics": Physics(law="sfpe", counterflow_loss=0.0, slowing="share"),
    "behaviour": Behaviour(speed_spread=0.0),
}
"""As near as ours comes to the hydraulic model: its law, counter-flow that takes room alone."""

HEAD = (
    f"{'plan':<22} {'ours':<8} {'persons':>8} {'planned':>8} {'theirs':>8} {'ours':>8} "
    f"{'mean':>6} {'clear':>6} {'s':>6} {'theirs':>7}"
)


def timed(play: Callable[[], Any]) -> tuple[Any, float]:
    """What a run gives, and its seconds."""
    begin = time.perf_counter()
    return play(), time.perf_counter() - begin


def beside_hydraulic(name: str, plan: er.Plan) -> list[dict[str, Any]]:
    """Print a plan played by both, our mean and clearance over theirs; the rows, times in s."""
    play_hydraulic(er.assign(er.lagoon(200), "nearest"), exact=True)
    size = plan.movements.size
    theirs, spent = timed(lambda: play_hydraulic(plan, exact=True))
    took = (theirs - np.repeat(plan.ready, size))[np.isfinite(theirs)]
    rows = []
    for label, settings in {"alike": ALIKE, "default": {}}.items():
        er.simulate(plan, until="1 min", **settings)
        run, seconds = timed(lambda settings=settings: er.simulate(plan, **settings))
        row = {
            "case": f"{name}:{label}", "persons": plan.placed, "planned": plan.times.mean,
            "theirs": float(took.mean()), "ours": run.times.mean,
            "mean_ratio": run.times.mean / float(took.mean()),
            "clearance_ratio": run.times.clearance / float(np.nanmax(theirs)),
            "seconds": seconds, "theirs_s": spent,
        }  # fmt: skip
        print(
            f"{name:<22} {label:<8} {row['persons']:>8,} {row['planned'] / 60:>8.2f} "
            f"{row['theirs'] / 60:>8.2f} {row['ours'] / 60:>8.2f} {row['mean_ratio']:>6.3f} "
            f"{row['clearance_ratio']:>6.3f} {seconds:>6.2f} {spent:>7.1f}",
            flush=True,
        )
        rows.append(row)
    return rows


def speeds(plan: er.Plan) -> list[dict[str, Any]]:
    """Print the seconds of runs of 90 minutes, kernels compiled."""
    cases: dict[str, Callable[[], er.Simulation]] = {
        "compliance 1": lambda: er.simulate(plan, until="90 min"),
        "compliance 0.8": lambda: er.simulate(plan, compliance=0.8, until="90 min"),
        "nearest": lambda: er.simulate(plan.scenario, behaviour="nearest", until="90 min"),
    }
    rows = []
    for label, play in cases.items():
        run, seconds = timed(play)
        count = ", ".join(f"{n:,} {word}" for word, n in run.counts.items() if n)
        peak = peak_mib_so_far()
        print(f"{label:<16} {seconds:>6.2f} s, {peak:,.0f} MiB so far: {count}")
        counts = {str(word): int(n) for word, n in run.counts.items()}
        rows.append({"case": label, "seconds": seconds, "peak_mib": peak, "counts": counts})
    return rows


def hermes(folder: Path) -> list[dict[str, Any]]:
    """Print speeds in the HERMES corridor, fitted on every second run and judged on the others."""
    found = []
    for law in ("weidmann", "sfpe"):
        parts = halves(runs(folder))
        for half, (fit_on, judge_on) in {"one half": parts, "the other": parts[::-1]}.items():
            physics, rows = judged(fit_on, judge_on, law)
            print(f"\n{law}: free {physics.free:.3f} m/s, jam {physics.jam:.2f}", end="")
            print(f", gamma {physics.gamma:.2f}" if law == "weidmann" else "")
            print(rows.round(3).to_string(index=False))
            error = float(rows["error"].abs().mean())
            print(f"mean absolute error {error:.4f} m/s")
            found.append({"case": f"{law}:{half}", "error": error})
    return found


@pytest.mark.parametrize("name", ["lagoon_2k", "district_four_classes"])
def test_beside_hydraulic(benchmark: Any, name: str) -> None:
    """On the same plan mean and clearance are within 10 % of the hydraulic model's."""
    pytest.importorskip("jupedsim_network")
    plan = er.assign(INSTANCES[name](), "shelter_flow", step=step_of(name))
    print("\n" + HEAD)
    alike, _ = benchmark.pedantic(beside_hydraulic, (name, plan), rounds=1)
    ratios = alike["mean_ratio"], alike["clearance_ratio"]
    assert ratios == pytest.approx((1.0, 1.0), abs=0.1)


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("instances", nargs="*", metavar="INSTANCE")
    add_option(parser)
    asked = parser.parse_args()
    if not asked.instances:
        record("hermes", hermes(shared_folder()), folder=asked.results)
    print("\n" + HEAD)
    rows = []
    for name in asked.instances or ["lagoon_2k", "district_four_classes", "venice_100k"]:
        plan = er.assign(INSTANCES[name](), "shelter_flow", step=step_of(name))
        rows += beside_hydraulic(name, plan)
    record("simulators", rows, folder=asked.results)
    record("simulator_speed", speeds(plan), folder=asked.results)


if __name__ == "__main__":
    main()
