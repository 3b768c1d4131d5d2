"""``evacroute replan``: something has changed, and the plan goes on from where everyone is."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated, Any

import pandas as pd
import typer

import evacroute as er
from evacroute.cli.hazards import HazardOption, HeightsOption, check_hazards, make_hazards
from evacroute.cli.inputs import JsonOption, hazards_report, told_of_hazards
from evacroute.cli.plan import NoVerifyOption, OutOption
from evacroute.cli.run import MAP, MARKER, Task, write
from evacroute.cli.shell import BROKEN, Readable, print_json, print_reports, progress
from evacroute.cli.values import number
from evacroute.cli.view import FolderArgument
from evacroute.errors import InputError
from evacroute.plan import Status
from evacroute.plan_folder import PLAN_FILES
from evacroute.units import seconds
from evacroute.writing import check_replaceable, plain


def replan(
    folder: FolderArgument,
    out: OutOption,
    now: Annotated[
        str, typer.Option("--now", metavar="TIME", help="Time since the alarm: 10min, 600 [s].")
    ],
    close: Annotated[
        list[str] | None,
        typer.Option(
            "--close",
            metavar="NAME",
            help="A bridge or street by name, a link id or a shelter id. Upper "
            "and lower case do not matter where one name alone fits; 'street:NAME' and "
            "'shelter:ID' tell a street from a shelter.",
        ),
    ] = None,
    joined: Annotated[
        Path | None,
        typer.Option("--joined", metavar="FILE", help="More people: CSV[.gz], one row a person."),
    ] = None,
    positions: Annotated[
        Path | None,
        typer.Option(
            "--positions",
            metavar="FILE",
            help="Where people are known to be: CSV with group_id or movement_id, and lon and lat "
            "or node_id.",
        ),
    ] = None,
    hazard: HazardOption = None,
    heights: HeightsOption = None,
    gap: Annotated[
        float,
        typer.Option(
            "--gap",
            metavar="SHARE",
            parser=number(0),
            help="Stop improving at this gap: 0.05 is 5 %.",
        ),
    ] = 0.05,
    time_limit: Annotated[
        str,
        typer.Option(
            "--time-limit", metavar="TIME", help="Stop improving after this time: 10 [s]."
        ),
    ] = "10s",
    no_verify: NoVerifyOption = False,
    as_json: JsonOption = False,
) -> None:
    """Plan again after a bridge has failed or a shelter has shut.

    The plan's own hazards go on; --hazard tells of what comes besides, in time from the alarm. A
    new flood takes the place of the plan's own; a dated series of it is on the plan's clock, where
    that is known.

    Nobody who is safe already moves, and nobody else without need. Writes a plan folder of its own,
    with moved.csv: who got another shelter, and newly_left.csv: who had one and has none now.
    """
    started = time.perf_counter()
    check_hazards(hazard, heights)
    check_replaceable(out, str(out), MARKER, PLAN_FILES)
    with progress() as tell:
        tell("reading the plan", 0.0)
        plan = er.read_plan(folder)
        more = None if joined is None else er.read_people(joined, plan.scenario.network)
        places = None if positions is None else _read_positions(positions)
        window = (seconds(now, "--now"), plan.scenario.deadline_s)
        tide = plan.scenario.tide
        coming = make_hazards(
            hazard, heights, plan.scenario.network, window=window,
            second_0=None if tide is None else tide.alarm,
        )  # fmt: skip
        loaded = time.perf_counter() - started
        result = er.replan(
            plan, now=now, closures=close, hazard=coming or None, joined=more, positions=places,
            gap=gap, time_limit=time_limit, progress=tell,
        )  # fmt: skip
        new = result.plan
        new.seconds["load"] = loaded
        check = None
        if not no_verify:
            tell("checking every rule", 0.0)
            begin = time.perf_counter()
            check = er.verify(new)
            new.seconds["verify"] = time.perf_counter() - begin
        summary = result.summary()
        task = Task(
            out, new.method, new.step_s, new.seed, {}, verify=not no_verify, as_json=as_json,
            started=started,
        )  # fmt: skip
        reports: dict[str, Readable] = (
            {} if more is None or more.report is None else {"joined": more.report}
        )
        news = {"moved.csv": result.moved, "newly_left.csv": result.newly_left}
        write(task, new, tell, news, {"replan": plain(summary.to_dict())}, reports)
    # The plan folder has them among all its hazards; here only those are told that are new, and
    # what all of them together close.
    reports |= told_of_hazards(new.scenario, coming) | hazards_report(new.scenario)
    if as_json:
        record: dict[str, Any] = {
            "out": str(out),
            "map": str(out / MAP),
            "replan": summary.to_dict(),
            "summary": new.summary().to_dict(),
            "verification": None if check is None else check.to_dict(),
            "reports": {name: report.to_dict() for name, report in reports.items()},
        }
        print_json(record)
    else:
        print_reports(reports.values())
        typer.echo(f"{summary}\n")
        typer.echo("not checked (--no-verify)" if check is None else str(check))
        typer.echo(f"\nplan folder: {out}\nmap:         {(out / MAP).resolve().as_uri()}")
    stranded = new.status is Status.EMPTY and len(result.newly_left) > 0
    if stranded or (check is not None and not check.ok):
        raise typer.Exit(BROKEN)


def _read_positions(path: Path) -> pd.DataFrame:
    try:
        return pd.read_csv(path, dtype={"group_id": str, "node_id": str})
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: cannot be read as a table: {str(error).strip()}") from error
