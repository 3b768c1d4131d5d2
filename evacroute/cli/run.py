"""Assign, check, write, draw and say so: what ``plan`` and ``demo`` share."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import typer

import evacroute as er
from evacroute.cli.shell import BROKEN, Readable, Report, print_json, print_reports, progress
from evacroute.plan import Plan, Status
from evacroute.plan_folder import PLAN_FILES
from evacroute.scenario import Scenario
from evacroute.writing import atomic_folder, write_json, write_table

MAP = "map.html"
MARKER = "summary.json"
"""An older folder is replaced only if it holds this file, or nothing."""

SHORT_S = 300.0
"""A deadline up to this that nobody meets may have been meant in minutes [s]."""

STAGES = ("load", "assign", "verify", "export", "map", "total")
"""Parts of the time a command takes, in their order."""


@dataclass(frozen=True, slots=True)
class Task:
    """How to plan, and where to write.

    Parameters
    ----------
    out
        The plan folder.
    method, step_s, seed, settings, max_density, safety_weight, scorer
        As `evacroute.assign` takes them.
    verify
        Whether to check every rule of the plan.
    as_json
        Whether to print one JSON object instead of tables.
    started
        When the command began [s of `time.perf_counter`].
    """

    out: Path
    method: str
    step_s: float
    seed: int
    settings: dict[str, Any]
    verify: bool
    as_json: bool
    started: float
    max_density: float | None = None
    safety_weight: float = 0.0
    scorer: str | None = None


def make_plan(task: Task, scenario: Scenario, reports: dict[str, Readable]) -> None:
    """Plan a scenario, write the plan folder with its map, and print what came of it.

    Raises
    ------
    typer.Exit
        With code 1 if a rule is broken or nobody has a shelter.
    """
    loaded = time.perf_counter() - task.started
    if not task.as_json:
        print_reports(reports.values())
    with progress() as tell:
        tell("laying out the time grid", 0.0)
        plan = er.assign(
            scenario,
            task.method,
            step=task.step_s,
            seed=task.seed,
            max_density=task.max_density,
            safety_weight=task.safety_weight,
            scorer=task.scorer,
            progress=tell,
            **task.settings,
        )
        plan.seconds["load"] = loaded
        check = None
        if task.verify:
            tell("checking every rule", 0.0)
            begin = time.perf_counter()
            check = er.verify(plan)
            plan.seconds["verify"] = time.perf_counter() - begin
        write(task, plan, tell)
    if task.as_json:
        record: dict[str, Any] = {
            "out": str(task.out),
            "map": str(task.out / MAP),
            "summary": plan.summary().to_dict(),
            "verification": None if check is None else check.to_dict(),
            "reports": {name: report.to_dict() for name, report in reports.items()},
        }
        print_json(record)
    else:
        typer.echo(f"{plan.summary()}\n")
        typer.echo("not checked (--no-verify)" if check is None else str(check))
        typer.echo(f"\nplan folder: {task.out}\nmap:         {(task.out / MAP).resolve().as_uri()}")
    if plan.status is Status.EMPTY and scenario.deadline_s <= SHORT_S:
        typer.echo(
            f"nobody has a shelter: the deadline is {scenario.deadline_s:g} seconds after the "
            f"alarm; minutes are written --deadline {scenario.deadline_s:g}min",
            err=True,
        )
    if plan.status is Status.EMPTY or (check is not None and not check.ok):
        raise typer.Exit(BROKEN)


def write(
    task: Task,
    plan: Plan,
    tell: Report,
    tables: dict[str, pd.DataFrame] | None = None,
    more: dict[str, Any] | None = None,
    reports: Mapping[str, Readable] | None = None,
) -> None:
    """Write the plan folder and its map, both or neither, and put all seconds in its summary.

    Parameters
    ----------
    task, plan, tell
        What to write and where, and whom to tell how far it is.
    tables
        Further tables by the names of their files.
    more, reports
        What else belongs into the summary, and what loaders said of the news.
    """
    with atomic_folder(task.out, marker=MARKER, contents=PLAN_FILES) as new:
        tell("writing the plan folder", 0.3)
        plan.save(new)
        for name, table in (tables or {}).items():
            write_table(table, new / name)
        tell("drawing the map", 0.6)
        begin = time.perf_counter()
        er.write_map(plan, new / MAP)
        ended = time.perf_counter()
        record = json.loads((new / MARKER).read_text(encoding="utf-8"))
        spent = {**record["seconds"], "map": ended - begin, "total": ended - task.started}
        spent = {name: round(spent[name], 3) for name in STAGES if name in spent}
        record["seconds"] = spent
        record |= more or {}
        record["reports"] |= {name: report.to_dict() for name, report in (reports or {}).items()}
        write_json(record, new / MARKER)
    plan.seconds.clear()
    plan.seconds.update(spent)
