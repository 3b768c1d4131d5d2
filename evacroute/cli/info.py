"""``evacroute info``: what a network file holds, and what had to be repaired or assumed."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

import evacroute as er
from evacroute.cli.inputs import BridgesOption, JsonOption
from evacroute.cli.shell import Readable, print_json, progress


def info(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="A network file, or a folder of GMNS tables.")
    ],
    bridges: BridgesOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show the load report of a network: read, repaired, set aside, assumed."""
    with progress() as tell:
        tell("loading the network", 0.0)
        network = er.read_network(file)
        reports: dict[str, Readable | None] = {"network": network.report}
        if bridges is not None:
            tell("joining the bridges", 0.7)
            network, reports["bridges"] = er.join_bridges(network, bridges)
    if as_json:
        print_json({name: report.to_dict() for name, report in reports.items() if report})
        return
    for report in reports.values():
        typer.echo(f"{report}\n")
    typer.echo(repr(network))
