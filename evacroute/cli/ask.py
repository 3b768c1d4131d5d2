"""``evacroute prices``, ``fairness`` and ``explain``: what a plan folder tells those who plan."""

from __future__ import annotations

from typing import Annotated, Any

import pandas as pd
import typer

import evacroute as er
from evacroute.cli.inputs import JsonOption
from evacroute.cli.shell import print_json, progress
from evacroute.cli.values import classes, number, whole
from evacroute.cli.view import FolderArgument

LimitOption = Annotated[
    str, typer.Option("--time-limit", metavar="TIME", help="For each solution anew: 30 [s], 2min.")
]


def prices(
    folder: FolderArgument,
    rows: Annotated[
        int, typer.Option("--rows", metavar="N", parser=whole(1), help="How many rows.")
    ] = 20,
    person_s: Annotated[
        float,
        typer.Option(
            "--person-s",
            metavar="X",
            parser=number(0, unit="person/s"),
            help="What streets and doors would let in more [person/s].",
        ),
    ] = 1.0,
    places: Annotated[
        int,
        typer.Option(
            "--places",
            metavar="N",
            parser=whole(1),
            help="How many places shelters would have more [persons].",
        ),
    ] = 1,
    check: Annotated[
        int,
        typer.Option(
            "--check", metavar="N", parser=whole(0), help="Solve again for the first N rows."
        ),
    ] = 0,
    time_limit: LimitOption = "60",
    as_json: JsonOption = False,
) -> None:
    """Show where more is worth most: bridges, places, doors.

    The plan must be one of method over_time.
    """
    with progress() as tell:
        tell("reading the plan", 0.0)
        plan = er.read_plan(folder)
        table = er.marginal_value(
            plan, rows, person_s=person_s, places=places, check=check, time_limit=time_limit,
            progress=tell,
        )  # fmt: skip
    if as_json:
        print_json({"cost": plan.cost, "bound": plan.bound, "gap": plan.gap, "rows": _plain(table)})
        return
    hours = "person-hours"
    typer.echo(f"what more would save, at most [{hours}; the plan costs {plan.cost / 3600:,.0f}]\n")
    for row in table.to_dict("records"):
        named = row["name"] or row["kind"] or row["what"]
        more = f"+{row['more']:g} {'person/s' if row['unit'] == 'person/s' else row['what']}"
        when = "" if pd.isna(row["from_s"]) else (
            f", {row['from_s'] / 60:.4g} to {row['until_s'] / 60:.4g} min"
        )  # fmt: skip
        solved = ""
        if check and not pd.isna(row["saved"]):
            solved = f"; solved again: {row['saved'] / 3600:,.2f}"
        typer.echo(
            f"{row['saves_at_most'] / 3600:>10,.2f}  {more} at {named} ({row['id']}){when}{solved}"
        )
    if table.empty:
        typer.echo("nothing: no street, shelter or door has a price")


def fairness(
    folder: FolderArgument,
    protect: Annotated[
        float | None,
        typer.Option(
            "--protect",
            metavar="W",
            parser=number(0),
            help="Solve again with each class's time weighted W times more: who pays how much.",
        ),
    ] = None,
    only: Annotated[
        list[str] | None,
        typer.Option(
            "--class", metavar="CLASS", autocompletion=classes, help="Protect this class only."
        ),
    ] = None,
    time_limit: LimitOption = "60",
    as_json: JsonOption = False,
) -> None:
    """Show what each class gets, and what protecting it costs.

    Of each class: persons missed, mean time, and how much longer it is than with the city alone.
    """
    with progress() as tell:
        tell("reading the plan", 0.0)
        plan = er.read_plan(folder)
        report = er.fairness(plan, protect, classes=only, time_limit=time_limit, progress=tell)
    if as_json:
        protected = None if report.protected is None else _plain(report.protected)
        print_json({"classes": _plain(report.table), "protected": protected, "gap": report.gap})
    else:
        typer.echo(str(report))


def explain(folder: FolderArgument, as_json: JsonOption = False) -> None:
    """Explain why not all are safe in time: what holds them back.

    Names the bridges, doors and rooms that do.
    """
    with progress() as tell:
        tell("finding the cut", 0.0)
        told = er.explain_shortfall(er.read_plan(folder))
    if as_json:
        print_json(told.to_dict())
    else:
        typer.echo(str(told))


def _plain(table: pd.DataFrame) -> list[dict[Any, Any]]:
    """Rows for JSON; what is not known is null."""
    return table.astype(object).where(table.notna(), None).to_dict("records")
