"""``evacroute bench``: the methods side by side on one instance."""

from __future__ import annotations

import multiprocessing
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from numpy.typing import NDArray

import evacroute as er
from evacroute.assignment.problem import whole_slots
from evacroute.cli.inputs import DeadlineOption, JsonOption, SeedOption, StepOption
from evacroute.cli.shell import print_json, progress
from evacroute.cli.values import completing, number, one_of
from evacroute.prices import Prices
from evacroute.units import seconds

OVER_TIME = "over_time"
"""The method that proves a bound, and that the options for gap and time limit are for."""

COARSE = "walking time by class"
"""A rule that a long step breaks for every plan, so also for the bound: gaps hold all the same."""


@dataclass(frozen=True, slots=True)
class Proof:
    """What is needed of prices to bound the cost of any plan on the same grid.

    Parameters
    ----------
    value
        Cost plus penalties of any plan are not less [person-seconds].
    penalty
        What leaving one of each group counts for [s], 0 where no plan can bring the group to
        safety, shape (n_groups,).
    left
        Persons of each group whom the plan beside the bound leaves, shape (n_groups,).
    placed
        Persons whom it places.
    """

    value: float
    penalty: NDArray[np.float64]
    left: NDArray[np.int64]
    placed: int

    def bound(self, left: NDArray[np.int64]) -> float:
        """Least cost of a plan that leaves so many of each group [person-seconds]."""
        return self.value - float(left @ self.penalty)


def bench(
    instance: Annotated[
        Path, typer.Argument(metavar="DIR", help="An instance folder, or a plan's instance/.")
    ],
    methods: Annotated[
        list[str] | None,
        typer.Option(
            "--method",
            metavar="METHOD",
            help=f"Only this method: {', '.join(er.METHODS)}.",
            parser=one_of(er.METHODS),
            autocompletion=completing(er.METHODS),
        ),
    ] = None,
    deadline: DeadlineOption = "90min",
    step: StepOption = "10",
    gap: Annotated[
        float | None,
        typer.Option(
            "--gap",
            metavar="SHARE",
            parser=number(0),
            help=f"{OVER_TIME} stops at this gap: 0.02 is 2 %.",
            show_default="0.01",
        ),
    ] = None,
    time_limit: Annotated[
        str | None,
        typer.Option(
            "--time-limit",
            metavar="TIME",
            help=f"{OVER_TIME} stops after so long: 30 [s], 2min.",
            show_default="60s",
        ),
    ] = None,
    seed: SeedOption = 0,
    as_json: JsonOption = False,
) -> None:
    """Compare the methods on one instance.

    Shows times from ready to safe, who is left, and what it took: seconds and memory.

    Each method runs in a process of its own, twice: the first run compiles, the second is timed.
    The gap is to the best bound that a method of this run proved; with ~ from mean to mean only,
    as more people are left than by the method that proved it.
    """
    chosen = methods or list(er.METHODS)
    step_s, deadline_s = seconds(step, "--step"), seconds(deadline, "--deadline")
    limits: dict[str, Any] = {} if gap is None else {"gap": gap}
    if time_limit is not None:
        limits["time_limit"] = seconds(time_limit, "--time-limit")
    if limits and OVER_TIME not in chosen:
        raise typer.BadParameter(f"--gap and --time-limit are for {OVER_TIME}, which does not run")
    rows, proofs = [], []
    with progress() as tell:
        for i, method in enumerate(chosen):
            tell(method, i / len(chosen))
            settings = limits if method == OVER_TIME else {}
            with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
                task = pool.submit(_measure, instance, method, deadline_s, step_s, seed, settings)
                row, left, proof = task.result()
            rows.append((row, left))
            proofs += [proof] if proof is not None else []
    table = [with_gap(row, left, proofs) for row, left in rows]
    if as_json:
        print_json({"instance": str(instance), "step_s": step_s, "methods": table})
        return
    typer.echo(f"{instance}, step {step_s:g} s; minutes from ready to safe, clearance from alarm")
    for line in as_table(table):
        typer.echo(line)


def as_table(rows: list[dict[str, Any]]) -> list[str]:
    """Lay rows out in columns: one line each, under a headline."""
    lines = [
        f"{'method':<18} {'mean':>7} {'cost [h]':>10} {'gap':>7} {'left':>8} {'clearance':>10} "
        f"{'p95':>7} {'seconds':>8} {'peak MiB':>9}  rules"
    ]
    for row in rows:
        mean, p95, clearance = (_minutes(row[name]) for name in ("mean", "p95", "clearance"))
        gap = "-" if row["mean_gap"] is None else f"~{row['mean_gap']:.1%}"
        if row["gap"] is not None:
            gap = f"{row['gap']:.2%}"
        lines.append(
            f"{row['method']:<18} {mean:>7} {row['cost'] / 3600:>10,.1f} {gap:>7} "
            f"{row['left']:>8,} {clearance:>10} {p95:>7} {row['seconds']:>8.2f} "
            f"{row['peak_mib']:>9,.0f}  {row['rules']}"
        )
    return lines


def with_gap(row: dict[str, Any], left: NDArray[np.int64], proofs: list[Proof]) -> dict[str, Any]:
    """Give a row its bound and gap; None where nothing was proven or the plan is none.

    Where a plan leaves more than the one beside the bound, no cost of so few people was bounded in
    earnest (penalties are high); then only `mean_gap` is given, from mean to mean.
    """
    figures: dict[str, float | None] = {"bound": None, "gap": None, "mean_gap": None}
    if row["feasible"] and proofs:
        best = max(proofs, key=lambda proof: proof.bound(left))
        bound, own = best.bound(left), best.bound(best.left)
        if left @ best.penalty <= best.left @ best.penalty and bound > 0:
            figures["bound"], figures["gap"] = bound, (row["cost"] - bound) / bound
        if row["mean"] is not None and own > 0:
            figures["mean_gap"] = row["mean"] * best.placed / own - 1
    return {**row, **figures}


def _measure(
    instance: Path,
    method: str,
    deadline_s: float,
    step_s: float,
    seed: int,
    settings: dict[str, Any],
) -> tuple[dict[str, Any], NDArray[np.int64], Proof | None]:
    scenario = er.read_instance(instance, deadline=deadline_s)
    er.assign(scenario, method, step=step_s, seed=seed, **settings)
    return measure(scenario, method, step_s, seed, settings)


def measure(
    scenario: er.Scenario, method: str, step_s: float, seed: int, settings: dict[str, Any]
) -> tuple[dict[str, Any], NDArray[np.int64], Proof | None]:
    """Run a method; its row of the table, the persons left of each group, and what it proved."""
    begin = time.perf_counter()
    plan = er.assign(scenario, method, step=step_s, seed=seed, **settings)
    spent = time.perf_counter() - begin
    peak = peak_mib_so_far()
    broken = [check.name for check in er.verify(plan).broken]
    row = {
        "method": method,
        "cost": plan.cost,
        **plan.times.to_dict(),
        "left": plan.left,
        "seconds": spent,
        "peak_mib": peak,
        "feasible": set(broken) <= {COARSE},
        "rules": "kept" if not broken else "broken: " + ", ".join(broken),
    }
    moves = plan.movements
    left = np.bincount(
        moves.left_group, weights=moves.left_size, minlength=len(scenario.groups)
    ).astype(np.int64)
    return row, left, _proof(scenario, plan.prices, left, plan.placed)


def _proof(
    scenario: er.Scenario, prices: Prices | None, left: NDArray[np.int64], placed: int
) -> Proof | None:
    if prices is None or (prices.weight != 1).any():
        return None
    # Whoever is left waits for the start of a slot in no plan's cost.
    ready, step = scenario.groups.ready_time, prices.step
    waits = whole_slots(ready, step) * step - ready
    penalty = prices.penalty[scenario.groups.class_] + waits
    penalty[prices.hopeless] = 0.0
    return Proof(prices.value, penalty, left, placed)


def peak_mib_so_far() -> float:
    """Most memory this process has held so far [MiB]; NaN where the system does not tell."""
    # Linux keeps in ru_maxrss what the parent held when it started this process.
    status = Path("/proc/self/status")
    if status.is_file():
        for line in status.read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 2**10
    try:
        import resource
    except ImportError:
        return float("nan")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 2**20 if sys.platform == "darwin" else peak / 2**10


def _minutes(value: float | None) -> str:
    return "-" if value is None else f"{value / 60:.2f}"
