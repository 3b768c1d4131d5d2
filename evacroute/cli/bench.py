"""``evacroute bench``: the methods side by side on one instance."""

from __future__ import annotations

import multiprocessing
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Annotated, Any

import typer

import evacroute as er
from evacroute.cli.inputs import DeadlineOption, JsonOption, SeedOption, StepOption
from evacroute.cli.shell import print_json, progress
from evacroute.units import seconds


def bench(
    instance: Annotated[
        Path, typer.Argument(metavar="DIR", help="An instance folder, or a plan's instance/.")
    ],
    methods: Annotated[
        list[str] | None,
        typer.Option("--method", metavar="M", help="Only this method; may be given again."),
    ] = None,
    deadline: DeadlineOption = "90min",
    step: StepOption = "10",
    seed: SeedOption = 0,
    as_json: JsonOption = False,
) -> None:
    """Compare the methods on an instance: times from ready to safe, who is left, seconds, memory.

    Each method runs in a process of its own, twice: the first run compiles, the second is timed.
    """
    chosen = methods or list(er.METHODS)
    step_s, deadline_s = seconds(step, "--step"), seconds(deadline, "--deadline")
    rows = []
    with progress() as tell:
        for i, method in enumerate(chosen):
            tell(method, i / len(chosen))
            with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
                rows.append(
                    pool.submit(_measure, instance, method, deadline_s, step_s, seed).result()
                )
    if as_json:
        print_json({"instance": str(instance), "step_s": step_s, "methods": rows})
        return
    typer.echo(f"{instance}, step {step_s:g} s; minutes from ready to safe, clearance from alarm")
    head = f"{'mean':>7} {'p95':>7} {'clearance':>10} {'left':>8} {'seconds':>8} {'peak MiB':>9}"
    typer.echo(f"{'method':<18} {head}  rules")
    for row in rows:
        times = (_minutes(row[name]) for name in ("mean", "p95", "clearance"))
        mean, p95, clearance = times
        typer.echo(
            f"{row['method']:<18} {mean:>7} {p95:>7} {clearance:>10} {row['left']:>8,} "
            f"{row['seconds']:>8.2f} {row['peak_mib']:>9,.0f}  {row['rules']}"
        )


def _measure(
    instance: Path, method: str, deadline_s: float, step_s: float, seed: int
) -> dict[str, Any]:
    scenario = er.read_instance(instance, deadline=deadline_s)
    er.assign(scenario, method, step=step_s, seed=seed)
    begin = time.perf_counter()
    plan = er.assign(scenario, method, step=step_s, seed=seed)
    spent = time.perf_counter() - begin
    peak = _peak_mib()
    broken = er.verify(plan).broken
    return {
        "method": method,
        **plan.times.to_dict(),
        "left": plan.left,
        "seconds": spent,
        "peak_mib": peak,
        "rules": "kept" if not broken else "broken: " + ", ".join(check.name for check in broken),
    }


def _peak_mib() -> float:
    """Most memory this process has held so far [MiB]; NaN where the system does not tell."""
    try:
        import resource
    except ImportError:
        return float("nan")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 2**20 if sys.platform == "darwin" else peak / 2**10


def _minutes(value: float | None) -> str:
    return "-" if value is None else f"{value / 60:.2f}"
