"""``evacroute plan``: from files to a checked plan, its folder and its map."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import typer

from evacroute.cli.boats import AlarmOption, BoatsOption, LowBridgesOption
from evacroute.cli.hazards import HazardOption, HeightsOption
from evacroute.cli.inputs import (
    BridgesOption,
    DeadlineOption,
    FirstOption,
    GapOption,
    Inputs,
    InstanceOption,
    JsonOption,
    MaxDistanceOption,
    MethodOption,
    NetworkOption,
    PeopleOption,
    SeedOption,
    SheltersOption,
    SpreadOption,
    StepOption,
    TimeLimitOption,
    WeightOption,
    method_settings,
)
from evacroute.cli.run import MARKER, Task, make_plan
from evacroute.cli.shell import progress
from evacroute.cli.values import completing, number
from evacroute.errors import did_you_mean
from evacroute.plan_folder import PLAN_FILES
from evacroute.units import seconds
from evacroute.writing import check_replaceable

_SAFER = "Crowding and odds"

OutOption = Annotated[
    Path,
    typer.Option("--out", metavar="DIR", help="Folder to write; an older plan there is replaced."),
]
MaxDensityOption = Annotated[
    float | None,
    typer.Option(
        "--max-density",
        metavar="X",
        parser=number(),
        help="Most persons on a square metre of street [persons/m2]; without it only the flow is "
        "limited.",
        rich_help_panel=_SAFER,
    ),
]
SafetyOption = Annotated[
    str,
    typer.Option(
        "--safety-weight",
        metavar="TIME",
        help="Move people to likelier safe ways: what a unit of -log of a person's odds counts for "
        "beside their time; 600 [s] or 10min is a fair start, 0 leaves the plan as it is.",
        rich_help_panel=_SAFER,
    ),
]
ScorerOption = Annotated[
    str | None,
    typer.Option(
        "--scorer",
        metavar="DIR",
        help="Say how likely everyone is safe: a scorer's folder, or 'default' for the one that "
        "ships, as is taken with --safety-weight.",
        autocompletion=completing(("default",)),
        rich_help_panel=_SAFER,
    ),
]
NoVerifyOption = Annotated[
    bool, typer.Option("--no-verify", help="Skip the check of every rule at the end.")
]


def plan(
    out: OutOption,
    instance: InstanceOption = None,
    network: NetworkOption = None,
    bridges: BridgesOption = None,
    people: PeopleOption = None,
    shelters: SheltersOption = None,
    max_distance: MaxDistanceOption = None,
    spread: SpreadOption = False,
    method: MethodOption = "shelter_flow",
    deadline: DeadlineOption = "90min",
    step: StepOption = "10",
    seed: SeedOption = 0,
    gap: GapOption = None,
    time_limit: TimeLimitOption = None,
    weight: WeightOption = None,
    first: FirstOption = None,
    max_density: MaxDensityOption = None,
    safety_weight: SafetyOption = "0",
    scorer: ScorerOption = None,
    hazard: HazardOption = None,
    heights: HeightsOption = None,
    boats: BoatsOption = None,
    alarm: AlarmOption = None,
    low_bridges: LowBridgesOption = None,
    no_verify: NoVerifyOption = False,
    as_json: JsonOption = False,
) -> None:
    """Plan an evacuation: who goes to which shelter, how and when.

    Writes a plan folder with its map (map.html). Every rule of the plan is checked again from its
    timetable alone, unless told not to.
    """
    started = time.perf_counter()
    inputs = Inputs(
        instance, network, bridges, people, shelters, max_distance, seed if spread else None,
        hazard, heights, boats, alarm, low_bridges,
    )  # fmt: skip
    inputs.check()
    seconds(deadline, "--deadline")
    if max_density is not None and not 0 < max_density < float("inf"):
        raise typer.BadParameter(f"--max-density is {max_density}, expected more than 0")
    weight_s = seconds(safety_weight, "--safety-weight", zero=True)
    if scorer is not None and scorer != "default" and not Path(scorer).is_dir():
        raise typer.BadParameter(
            f"--scorer is {scorer!r}, but there is no such folder; expected a scorer's folder "
            "or 'default'" + did_you_mean(scorer, ["default"])
        )
    task = Task(
        out=out,
        method=method,
        step_s=seconds(step, "--step"),
        seed=seed,
        settings=method_settings(method, gap, time_limit, weight, first),
        verify=not no_verify,
        as_json=as_json,
        started=started,
        max_density=max_density,
        safety_weight=weight_s,
        scorer=scorer,
    )
    check_replaceable(out, str(out), MARKER, PLAN_FILES)
    with progress() as tell:
        scenario, reports = inputs.load(deadline, tell)
    make_plan(task, scenario, reports)
