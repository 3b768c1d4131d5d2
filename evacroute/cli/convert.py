"""``evacroute convert``: any network, people and shelters become an instance folder."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

import evacroute as er
from evacroute.cli.boats import AlarmOption, BoatsOption, LowBridgesOption
from evacroute.cli.hazards import HazardOption, HeightsOption
from evacroute.cli.inputs import (
    BridgesOption,
    DeadlineOption,
    Inputs,
    InstanceOption,
    JsonOption,
    MaxDistanceOption,
    NetworkOption,
    PeopleOption,
    SeedOption,
    SheltersOption,
    SpreadOption,
)
from evacroute.cli.shell import print_json, print_reports, progress
from evacroute.writing import INSTANCE_FILES, check_replaceable


def convert(
    out: Annotated[
        Path,
        typer.Option(
            "--out", metavar="DIR", help="Folder to write; an older instance there is replaced."
        ),
    ],
    instance: InstanceOption = None,
    network: NetworkOption = None,
    bridges: BridgesOption = None,
    people: PeopleOption = None,
    shelters: SheltersOption = None,
    max_distance: MaxDistanceOption = None,
    spread: SpreadOption = False,
    seed: SeedOption = 0,
    deadline: DeadlineOption = "90min",
    hazard: HazardOption = None,
    heights: HeightsOption = None,
    boats: BoatsOption = None,
    alarm: AlarmOption = None,
    low_bridges: LowBridgesOption = None,
    as_json: JsonOption = False,
) -> None:
    """Turn network, people and shelters into an instance folder.

    The folder holds node.csv, link.csv, shelters.csv, classes.csv and groups.csv.gz: persons are
    written as the groups they were gathered into. Hazards and boats become link_times.csv.gz and
    boats.csv, up to the deadline.
    """
    inputs = Inputs(
        instance, network, bridges, people, shelters, max_distance, seed if spread else None,
        hazard, heights, boats, alarm, low_bridges,
    )  # fmt: skip
    check_replaceable(out, str(out), "node.csv", INSTANCE_FILES)
    with progress() as tell:
        scenario, reports = inputs.load(deadline, tell)
        tell("writing the instance", 0.9)
        er.write_instance(scenario, out)
    if as_json:
        print_json(
            {
                "out": str(out),
                "persons": scenario.persons,
                "groups": len(scenario.groups),
                "classes": len(scenario.group_classes),
                "nodes": scenario.network.n_nodes,
                "links": scenario.network.n_links,
                "shelters": len(scenario.shelters),
                "reports": {name: report.to_dict() for name, report in reports.items()},
            }
        )
        return
    print_reports(reports.values())
    typer.echo(f"{scenario.network}\n{scenario}\ninstance folder: {out}")
