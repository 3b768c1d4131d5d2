"""``evacroute directions`` and ``evacroute sheets``: tell people the way."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

import evacroute as er
from evacroute._sheet_page import CONTRASTS
from evacroute.cli.inputs import JsonOption
from evacroute.cli.shell import print_json, progress
from evacroute.cli.values import completing, one_of, whole
from evacroute.cli.view import FolderArgument
from evacroute.languages import LANGUAGES

LanguageOption = Annotated[
    str,
    typer.Option(
        "--language",
        metavar="L",
        help=f"One of: {', '.join(LANGUAGES)}.",
        parser=one_of(tuple(LANGUAGES)),
        autocompletion=completing(tuple(LANGUAGES)),
    ),
]
AlarmOption = Annotated[
    str | None,
    typer.Option(
        "--alarm",
        metavar="HH:MM",
        help="Clock time of the alarm: then times are told by the clock.",
    ),
]


def directions(
    folder: FolderArgument,
    person: Annotated[
        str | None, typer.Option("--person", metavar="ID", help="A person, by person_id.")
    ] = None,
    movement: Annotated[
        int | None,
        typer.Option(
            "--movement",
            metavar="N",
            parser=whole(0),
            help="A movement, by movement_id (a row number).",
        ),
    ] = None,
    language: LanguageOption = "en",
    alarm: AlarmOption = None,
    as_json: JsonOption = False,
) -> None:
    """Tell the way of a person or a movement, turn by turn.

    Give --person (plans of persons; assignments.csv.gz lists them) or --movement
    (movements.csv.gz). A person who has no place is told why, and what to do.
    """
    with progress() as tell:
        tell("reading the plan", 0.0)
        plan = er.read_plan(folder)
        told = er.directions(plan, person=person, movement=movement, language=language, alarm=alarm)
    if as_json:
        print_json(told.to_dict())
    else:
        typer.echo(str(told))


def sheets(
    folder: FolderArgument,
    out: Annotated[
        Path,
        typer.Option(
            "--out", metavar="DIR", help="Folder to write; an older folder of sheets is replaced."
        ),
    ],
    language: LanguageOption = "en",
    contrast: Annotated[
        str,
        typer.Option(
            "--contrast",
            metavar="C",
            help="plain, or high for people who see badly: large, bold.",
            parser=one_of(CONTRASTS),
            autocompletion=completing(CONTRASTS),
        ),
    ] = "plain",
    alarm: AlarmOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write a printable sheet for each shelter, in plain language.

    It tells who goes there, when and how. Each is one HTML page for A4 paper that needs no
    internet; index.html lists them.
    """
    with progress() as tell:
        tell("reading the plan", 0.0)
        plan = er.read_plan(folder)
        tell("writing the sheets", 0.4)
        written = er.write_sheets(plan, out, language=language, contrast=contrast, alarm=alarm)
    if as_json:
        print_json({"index": str(written[0]), "sheets": [str(path) for path in written[1:]]})
    else:
        typer.echo(f"{len(written) - 1} sheets: {written[0]}")
