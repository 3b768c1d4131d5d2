"""Boats on the command line: ``--boats GTFS --alarm "2021-10-05 10:00" --low-bridges FILE``."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from evacroute.boats import Boats
from evacroute.cli.hazards import parse_hazard
from evacroute.load.boats import load_boats
from evacroute.network import Network

_PANEL = "Boats"

BoatsOption = Annotated[
    list[Path] | None,
    typer.Option(
        "--boats",
        metavar="GTFS",
        help="Boats that people ride on: a GTFS feed (folder or .zip), a table of shuttles, or a "
        "table of rides (boats.csv).",
        rich_help_panel=_PANEL,
    ),
]
AlarmOption = Annotated[
    str | None,
    typer.Option(
        "--alarm",
        metavar="DATE",
        help="Local date and time of the alarm, '2021-10-05 10:00': a GTFS feed needs it, and a "
        "flood:series without an alarm of its own begins then.",
        rich_help_panel=_PANEL,
    ),
]
LowBridgesOption = Annotated[
    Path | None,
    typer.Option(
        "--low-bridges",
        metavar="FILE",
        help="Bridges that boats of a GTFS feed do not pass at a high tide (CSV: max_tide_m, and "
        "route, or from_stop and to_stop).",
        rich_help_panel=_PANEL,
    ),
]


def check_boats(
    boats: list[Path] | None,
    alarm: str | None,
    hazards: list[str] | None,
    low_bridges: Path | None = None,
) -> None:
    """Check the options before anything is loaded.

    Raises
    ------
    typer.BadParameter
        If there are no such boats or low bridges, a feed has no alarm, or the alarm or the low
        bridges are none or of no use.
    """
    if alarm is not None:
        try:
            datetime.fromisoformat(alarm.strip())
        except ValueError:
            raise typer.BadParameter(
                f"--alarm is {alarm!r}, expected a date and time such as '2021-10-05 10:00'"
            ) from None
    boats = boats or []
    for path in boats:
        if not path.exists():
            raise typer.BadParameter(f"--boats: there is no file or folder {path}")
    feed = not all(_is_table(path) for path in boats)
    if feed and alarm is None:
        raise typer.BadParameter(
            "--boats is a GTFS feed, which needs --alarm, such as '2021-10-05 10:00'"
        )
    if low_bridges is not None and not low_bridges.is_file():
        raise typer.BadParameter(f"--low-bridges: there is no file {low_bridges}")
    if low_bridges is not None and not feed:
        raise typer.BadParameter(
            "--low-bridges is for --boats with a GTFS feed; a table of shuttles or rides has a "
            "column max_tide"
        )
    series = any("series" in parse_hazard(text).settings for text in hazards or [])
    if alarm is not None and not (feed or series):
        raise typer.BadParameter(
            "--alarm is for --boats with a GTFS feed and for --hazard flood:series=FILE"
        )


def make_boats(
    boats: list[Path],
    alarm: str | None,
    network: Network,
    until: float | str,
    low_bridges: Path | None = None,
) -> tuple[Network, Boats]:
    """Load the boats; the network grows by their stops, gangways and ferry links."""
    when = {} if alarm is None else {"alarm": alarm}
    found = []
    for path in boats:
        bridges = None if _is_table(path) else low_bridges
        network, more = load_boats(path, network, **when, until=until, low_bridges=bridges)
        found.append(more)
    return network, found[0] if len(found) == 1 else Boats.join(*found)


def _is_table(boats: Path) -> bool:
    return boats.name.lower().endswith((".csv", ".csv.gz"))
