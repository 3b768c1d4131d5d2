"""``evacroute bundle`` and ``evacroute serve``: from a plan folder to a server of answers."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any

import typer

import evacroute as er
from evacroute.cli.helping import Command
from evacroute.cli.inputs import JsonOption
from evacroute.cli.shell import print_json, progress
from evacroute.cli.view import FolderArgument
from evacroute.errors import MissingExtraError
from evacroute.serving.options import option_names, read_options

# Newer versions of typer carry click inside.
_CLICK = "typer._click" if find_spec("typer._click") else "click"
_Item: Any = import_module(f"{_CLICK}.shell_completion").CompletionItem


class Server(Command):
    """The command whose options are the server's: what it does not know itself it passes on."""

    def shell_complete(self, ctx: Any, incomplete: str) -> list[Any]:
        """Complete the names of the server's options; a shell completes files and folders."""
        found = super().shell_complete(ctx, incomplete)
        if incomplete.startswith("-"):
            names = [name for name in option_names() if name.startswith(incomplete)]
            found += [_Item(name) for name in names]
        return found


def bundle(
    folder: FolderArgument,
    out: Annotated[
        Path,
        typer.Option("--out", metavar="DIR", help="Folder to write; an older bundle is replaced."),
    ],
    scorer: Annotated[
        Path | None,
        typer.Option("--scorer", metavar="DIR", help="Folder of a scorer.", show_default="its own"),
    ] = None,
    valid_from: Annotated[
        str,
        typer.Option(
            "--valid-from",
            metavar="DATE",
            help="It is served only from then on: 2026-11-23T10:00Z (UTC without a zone).",
        ),
    ] = "",
    valid_until: Annotated[
        str,
        typer.Option(
            "--valid-until",
            metavar="DATE",
            help="It is served no longer than this: 2026-12-31T00:00Z (UTC without a zone).",
        ),
    ] = "",
    as_json: JsonOption = False,
) -> None:
    """Gather what a server needs of a plan into one folder.

    KServe's storageUri points to it, and 'evacroute serve' takes it.
    """
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
    """Serve a bundle to phones: where to go, and by which way.

    'evacroute serve --help' lists them; they are those of 'python -m evacroute.serving'.
    """
    given = list(context.args)
    if {"--help", "-h"} & set(given):
        read_options(["--help"])
    try:
        from evacroute.serving.__main__ import main
    except ImportError as error:
        raise MissingExtraError(str(error.name), "serving", "serving a bundle") from error
    if given and not given[0].startswith("-"):
        from evacroute.answering.bundle import check_is_bundle

        # In a pod the server would stay, and say why it is not ready.
        check_is_bundle(given[0])
        given[:1] = ["--model_dir", given[0]]
    try:
        code = main(given)
    except ModuleNotFoundError as error:
        if error.name is None or error.name.split(".")[0] == "evacroute":
            raise
        raise MissingExtraError(error.name, "serving", "serving a bundle") from error
    raise typer.Exit(code)
