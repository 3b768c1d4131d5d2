"""``evacroute sweep``: many draws of a hazard, each planned anew or played with one plan."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

import evacroute as er
from evacroute.cli.hazards import STARTS, HeightsOption, make_hazards
from evacroute.cli.inputs import (
    DeadlineOption,
    FirstOption,
    GapOption,
    InstanceOption,
    JsonOption,
    MethodOption,
    SeedOption,
    StepOption,
    TimeLimitOption,
    WeightOption,
    WorkersOption,
    method_settings,
    reports_of,
)
from evacroute.cli.shell import BROKEN, Report, print_json, print_reports, progress
from evacroute.cli.values import completing, whole
from evacroute.plan import Plan
from evacroute.scenario import Scenario
from evacroute.sweeping.pools import connect
from evacroute.units import seconds


def sweep(
    hazard: Annotated[
        list[str],
        typer.Option(
            "--hazard",
            metavar="KIND:...",
            help="What is drawn, as for 'evacroute plan': earthquake:seed=1,... Each draw has a "
            "seed of its own, made of this one. Given again, several at once; those without a seed "
            "are the same in every draw.",
            autocompletion=completing(STARTS),
        ),
    ],
    out: Annotated[
        Path,
        typer.Option(
            "--out",
            metavar="DIR",
            help="Folder in which each draw is kept as it is done; given again, the sweep goes on.",
        ),
    ],
    instance: InstanceOption = None,
    plan: Annotated[
        Path | None,
        typer.Option(
            "--plan",
            metavar="DIR",
            help="Play this plan in every draw, instead of planning each anew.",
        ),
    ] = None,
    draws: Annotated[
        int, typer.Option("--draws", metavar="N", parser=whole(1), help="How many draws.")
    ] = 100,
    workers: WorkersOption = None,
    heights: HeightsOption = None,
    dask: Annotated[
        str | None,
        typer.Option(
            "--dask",
            metavar="ADDRESS",
            help="Scheduler of a Dask cluster to run the draws on: tcp://host:8786 (extra 'dask').",
        ),
    ] = None,
    keep_plans: Annotated[
        bool, typer.Option("--keep-plans", help="Write the plan of each draw, under plans/.")
    ] = False,
    method: MethodOption = "shelter_flow",
    deadline: DeadlineOption = "90min",
    step: StepOption = "10",
    seed: SeedOption = 0,
    gap: GapOption = None,
    time_limit: TimeLimitOption = None,
    weight: WeightOption = None,
    first: FirstOption = None,
    as_json: JsonOption = False,
) -> None:
    """Draw a hazard many times, and count who would be safe.

    Each draw is planned anew, or a plan is played in it as it is (--plan). What is done is kept:
    after Ctrl-C the same command goes on.
    """
    settings = method_settings(method, gap, time_limit, weight, first)
    if plan is not None and (instance is not None or settings or keep_plans):
        raise typer.BadParameter(
            "--plan holds its instance and is not planned anew; leave out --instance, "
            "--keep-plans and options of methods"
        )
    if plan is None and instance is None:
        raise typer.BadParameter("give --instance DIR, or --plan DIR")
    if plan is None:
        settings |= {"method": method, "step": seconds(step, "--step"), "seed": seed}
    failed: dict[int, str] = {}
    with progress() as tell:
        scenario, fixed = _load(instance, plan, deadline, tell)
        window = (0.0, scenario.deadline_s)
        hazards = make_hazards(hazard, heights, scenario.network, window=window)
        reports = reports_of(scenario.with_hazard(hazards))
        with connect(dask) as executor:
            found = er.sweep(
                scenario, hazards, draws=draws, plan=fixed, executor=executor, workers=workers,
                folder=out, keep_plans=keep_plans, on_error="list", progress=tell, **settings,
            )  # fmt: skip
        failed = found.errors
    if as_json:
        record: dict[str, Any] = {"out": str(out), **found.to_dict()}
        record["reports"] = {name: report.to_dict() for name, report in reports.items()}
        print_json(record)
    else:
        print_reports(reports.values())
        typer.echo(str(found))
        typer.echo(f"\nsweep folder: {out}")
    if failed:
        raise typer.Exit(BROKEN)


def _load(
    instance: Path | None, folder: Path | None, deadline: str, tell: Report
) -> tuple[Scenario, Plan | None]:
    if folder is not None:
        tell("reading the plan", 0.0)
        plan = er.read_plan(folder)
        return plan.scenario, plan
    assert instance is not None  # for the type checker: checked before
    tell("loading the instance", 0.0)
    return er.read_instance(instance, deadline=deadline), None
