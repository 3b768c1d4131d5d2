"""``evacroute rescue``: who cannot get out, where crews pick them up, and by which routes."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

import evacroute as er
from evacroute.cli.inputs import JsonOption
from evacroute.cli.run import MAP
from evacroute.cli.shell import print_json, progress
from evacroute.cli.values import number, whole
from evacroute.cli.view import FolderArgument
from evacroute.rescue.pickups import RADIUS
from evacroute.rescue.result import RESCUE_FILES
from evacroute.writing import atomic_folder, check_replaceable


def rescue(
    folder: FolderArgument,
    out: Annotated[
        Path,
        typer.Option(
            "--out", metavar="DIR", help="Folder to write; an older rescue there is replaced."
        ),
    ],
    fleet: Annotated[
        Path | None,
        typer.Option(
            "--fleet",
            metavar="FILE",
            help="Boats and stretcher teams to route: CSV with kind, seats, and lon and lat or "
            "node_id; optionally vehicle_id, wheelchair_places, speed, boarding_s, "
            "available_from_s, available_until_s.",
        ),
    ] = None,
    radius: Annotated[
        float,
        typer.Option(
            "--radius",
            metavar="M",
            parser=number(0, unit="m"),
            help="How far people walk to a pick-up [m].",
        ),
    ] = RADIUS,
    largest: Annotated[
        int | None,
        typer.Option(
            "--largest",
            metavar="N",
            parser=whole(1),
            help="Most persons of a pick-up; without it as many as a vehicle takes.",
        ),
    ] = None,
    drop_offs: Annotated[
        Path | None,
        typer.Option(
            "--drop-offs",
            metavar="FILE",
            help="Landings and hospitals instead of the shelters with room: CSV with lon and lat; "
            "optionally drop_off_id, name, capacity, step_free_capacity.",
        ),
    ] = None,
    canals: Annotated[
        Path | None,
        typer.Option(
            "--canals",
            metavar="FILE",
            help="Canals for the boats, read as a network; without them boats go straight, times "
            "1.4.",
        ),
    ] = None,
    time_limit: Annotated[
        str | None,
        typer.Option(
            "--time-limit",
            metavar="TIME",
            help="Stop searching for better routes after this time: 30 [s], 2min. Two runs may "
            "then differ.",
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """List who cannot get out, and route boats and crews to them.

    They are gathered at pick-ups. Writes people.csv, pickups.csv, unreached.csv, with a fleet
    routes.csv, rescue.geojson, rescue.json and a map of them (map.html, without ids of persons).
    """
    check_replaceable(out, str(out), "rescue.json", RESCUE_FILES)
    with progress() as tell:
        tell("reading the plan", 0.0)
        plan = er.read_plan(folder)
        found = er.rescue(
            plan, fleet, radius=radius, largest=largest, drop_offs=drop_offs, time_limit=time_limit,
            canals=None if canals is None else er.read_network(canals), progress=tell,
        )  # fmt: skip
        tell("drawing the map", 0.8)
        with atomic_folder(out, marker="rescue.json", contents=RESCUE_FILES) as new:
            found.put(new)
            er.write_map(plan, new / MAP, with_persons=False, rescue=found)
    if as_json:
        summary = found.summary().to_dict()
        record: dict[str, Any] = {"out": str(out), "map": str(out / MAP), "summary": summary}
        print_json(record)
    else:
        typer.echo(f"{found}\n\nrescue folder: {out}")
        typer.echo(f"map:           {(out / MAP).resolve().as_uri()}")
