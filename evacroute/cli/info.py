"""``evacroute info``: what a file or folder holds, and what had to be repaired or assumed."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

import evacroute as er
from evacroute.cli.inputs import BridgesOption, JsonOption, reports_of
from evacroute.cli.run import MARKER
from evacroute.cli.shell import Readable, print_json, print_reports, progress


def info(
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE", help="A network file, a folder of GMNS tables, or a plan folder."
        ),
    ],
    bridges: BridgesOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show what was read, repaired and assumed of a network or plan.

    Of a plan folder the reports of all that the plan rests on: streets, shelters, hazards, boats.
    """
    if (file / MARKER).is_file():
        if bridges is not None:
            raise typer.BadParameter("--bridges is for networks, and the plan has its own")
        plan = er.read_plan(file)
        _show(reports_of(plan.scenario), repr(plan), as_json)
        return
    with progress() as tell:
        tell("loading the network", 0.0)
        network = er.read_network(file)
        reports: dict[str, Readable] = {}
        if network.report is not None:
            reports["network"] = network.report
        if bridges is not None:
            tell("joining the bridges", 0.7)
            network, reports["bridges"] = er.join_bridges(network, bridges)
    _show(reports, repr(network), as_json)


def _show(reports: dict[str, Readable], what: str, as_json: bool) -> None:
    if as_json:
        print_json({name: report.to_dict() for name, report in reports.items()})
        return
    print_reports(reports.values())
    typer.echo(what)
