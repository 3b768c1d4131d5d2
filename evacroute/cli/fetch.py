"""``evacroute fetch``: download the streets of a place."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

import evacroute as er
from evacroute.cli.shell import progress


def fetch(
    place: Annotated[
        str,
        typer.Argument(
            metavar="PLACE",
            help="'venice', any place name, or a box in degrees: 'west,south,east,north'.",
        ),
    ],
    out: Annotated[
        Path, typer.Option("--out", metavar="FILE", help="File to write: .json or .json.gz.")
    ],
    overpass_url: Annotated[
        str | None,
        typer.Option("--overpass-url", metavar="URL", help="Ask this Overpass server instead."),
    ] = None,
    no_cache: Annotated[
        bool, typer.Option("--no-cache", help="Ask the server even if the answer is kept.")
    ] = False,
) -> None:
    """Download the streets of a place from OpenStreetMap.

    Needs the internet and the extra 'osm'. Answers are kept in a cache, and the servers' limits are
    respected.
    """
    with progress() as tell:
        written = er.fetch(
            place, out, overpass_url=overpass_url, use_cache=not no_cache, progress=tell
        )
    typer.echo(f"{written}\nData © OpenStreetMap contributors, ODbL 1.0")
