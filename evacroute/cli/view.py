"""``evacroute verify`` and ``evacroute draw``: look at a plan folder."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

import evacroute as er
from evacroute.cli.inputs import JsonOption
from evacroute.cli.run import MAP
from evacroute.cli.shell import BROKEN, print_json, progress

FolderArgument = Annotated[
    Path, typer.Argument(metavar="DIR", help="A plan folder, as 'evacroute plan' writes it.")
]


def verify(
    folder: FolderArgument,
    bound: Annotated[
        bool,
        typer.Option(
            "--bound", help="Also compute the proven bound again, from the prices of the plan."
        ),
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Check every rule of a plan again.

    The check rests on the timetable and the instance alone.
    """
    with progress() as tell:
        tell("checking every rule", 0.0)
        check = er.verify(folder, bound=bound)
    if as_json:
        print_json(check.to_dict())
    else:
        typer.echo(str(check))
    if not check.ok:
        raise typer.Exit(BROKEN)


def draw(
    folder: FolderArgument,
    png: Annotated[
        bool,
        typer.Option(
            "--png", help="Also draw figures with matplotlib: plan, arrival curve, shelter fill."
        ),
    ] = False,
    tiles: Annotated[
        str | None,
        typer.Option(
            "--tiles",
            metavar="URL",
            help="Lay map tiles under the streets, https://host/{z}/{x}/{y}.png: the map then "
            "needs the internet.",
        ),
    ] = None,
    rescue: Annotated[
        bool,
        typer.Option(
            "--rescue", help="Also show who cannot get out, and where crews can pick them up."
        ),
    ] = False,
    fleet: Annotated[
        Path | None,
        typer.Option(
            "--fleet", metavar="FILE", help="With the routes of these vehicles: CSV, as for rescue."
        ),
    ] = None,
) -> None:
    """Draw a plan as map.html, which opens without internet."""
    with progress() as tell:
        tell("reading the plan", 0.0)
        plan = er.read_plan(folder)
        found = None
        if rescue or fleet is not None:
            found = er.rescue(plan, fleet, progress=tell)
        tell("drawing the map", 0.4)
        written = [er.write_map(plan, folder / MAP, tiles=tiles, rescue=found)]
        if png:
            from evacroute.plotting import write_figures

            tell("drawing the figures", 0.7)
            written += write_figures(plan, folder)
    for path in written:
        typer.echo(str(path))
