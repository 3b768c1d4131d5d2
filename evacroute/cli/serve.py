"""``evacroute bundle`` and ``evacroute serve``: from a plan folder to a server of answers."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

import evacroute as er
from evacroute.cli.inputs import JsonOption
from evacroute.cli.shell import print_json, progress
from evacroute.cli.view import FolderArgument
from evacroute.errors import MissingExtraError


def bundle(
    folder: FolderArgument,
    out: Annotated[
        Path, typer.Option(metavar="DIR", help="Folder to write; an older bundle is replaced.")
    ],
    scorer: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Folder of a scorer, in place of the one that ships."),
    ] = None,
    valid_from: Annotated[
        str, typer.Option(metavar="ISO TIME", help="It may be served only from then on.")
    ] = "",
    valid_until: Annotated[
        str, typer.Option(metavar="ISO TIME", help="It may be served no longer than this.")
    ] = "",
    as_json: JsonOption = False,
) -> None:
    """Gather what a server needs of a plan: the folder that KServe's storageUri points to."""
    with progress() as tell:
        tell("reading the plan", 0.0)
        plan = er.read_plan(folder)
        tell("gathering", 0.6)
        digest = plan.save_bundle(
            out, scorer=scorer, valid_from=valid_from, valid_until=valid_until
        )
    size = sum(one.stat().st_size for one in out.rglob("*") if one.is_file())
    record = {"bundle": str(out), "digest": digest, "bytes": size}
    if as_json:
        print_json(record)
    else:
        typer.echo(f"{out}: {size / 1e6:.1f} MB, digest {digest}")


def serve(context: typer.Context) -> None:
    """Serve a bundle to phones with KServe: evacroute serve DIR and the options of the server.

    'evacroute serve --help' lists them; they are those of 'python -m evacroute.serving'.
    """
    try:
        from evacroute.serving.__main__ import main
    except ImportError as error:
        raise MissingExtraError(str(error.name), "serving", "serving a bundle") from error
    given = list(context.args)
    if given and not given[0].startswith("-"):
        from evacroute.answering.bundle import check_is_bundle

        # In a pod the server would stay, and say why it is not ready.
        if not {"--help", "-h"} & set(given):
            check_is_bundle(given[0])
        given[:1] = ["--model_dir", given[0]]
    raise typer.Exit(main(given))
