"""``evacroute demo``: plan the made-up lagoon city."""

from __future__ import annotations

import shlex
import time
from pathlib import Path
from typing import Annotated

import typer

import evacroute as er
from evacroute.cli.inputs import (
    DeadlineOption,
    FirstOption,
    GapOption,
    JsonOption,
    MethodOption,
    SeedOption,
    StepOption,
    TimeLimitOption,
    WeightOption,
    method_settings,
    reports_of,
)
from evacroute.cli.run import MARKER, Task, make_plan
from evacroute.cli.shell import progress
from evacroute.cli.values import whole
from evacroute.plan_folder import PLAN_FILES
from evacroute.units import seconds
from evacroute.writing import check_replaceable


def demo(
    people: Annotated[
        int,
        typer.Option("--people", metavar="N", parser=whole(1), help="How many people to plan for."),
    ] = 50_000,
    out: Annotated[
        Path, typer.Option("--out", metavar="DIR", help="Folder to write the plan and its map to.")
    ] = Path("demo"),
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
    """Plan the made-up lagoon city and draw its map.

    The city, its people and its shelters are synthetic: they stand for no real place.
    """
    started = time.perf_counter()
    task = Task(
        out=out,
        method=method,
        step_s=seconds(step, "--step"),
        seed=seed,
        settings=method_settings(method, gap, time_limit, weight, first),
        verify=True,
        as_json=as_json,
        started=started,
    )
    check_replaceable(out, str(out), MARKER, PLAN_FILES)
    with progress() as tell:
        tell("making up the lagoon city", 0.0)
        scenario = er.lagoon(people, seed=seed, deadline=deadline)
    make_plan(task, scenario, reports_of(scenario))
    if not as_json:
        folder = str(out).rstrip("/")
        words = shlex.join(
            ["evacroute", "simulate", folder, "--compliance", "0.9", "--out", f"{folder}_played"]
        )
        typer.echo(f"play it:     {words}")
