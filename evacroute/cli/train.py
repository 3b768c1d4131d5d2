"""``evacroute train`` and ``evacroute evaluate``: make a scorer, and judge it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from evacroute.cli.inputs import JsonOption, WorkersOption
from evacroute.cli.shell import print_json, progress
from evacroute.cli.values import whole
from evacroute.training.fitting import TREES
from evacroute.training.train import ROUNDS, Trained, judge
from evacroute.training.train import train as train_scorer
from evacroute.training.worlds import TRAINING


def train(
    out: Annotated[
        Path,
        typer.Option(
            "--out", metavar="DIR", help="Where all goes; trips there are not made again."
        ),
    ],
    scenarios: Annotated[
        int,
        typer.Option(
            "--scenarios",
            metavar="N",
            parser=whole(1),
            help="How many are drawn, planned and played.",
        ),
    ] = 2100,
    rounds: Annotated[
        int,
        typer.Option(
            "--rounds",
            metavar="N",
            parser=whole(1),
            help="Rounds; plans of later ones are made with the scorer of those before.",
        ),
    ] = ROUNDS,
    seed: Annotated[
        int,
        typer.Option(
            "--seed", metavar="N", parser=whole(0), help="The same seed, the same scenarios."
        ),
    ] = 0,
    trees: Annotated[
        int,
        typer.Option(
            "--trees", metavar="N", parser=whole(1), help="Trees to each of four forests."
        ),
    ] = TREES,
    worlds: Annotated[
        list[str] | None,
        typer.Option(
            "--world",
            metavar="DIR",
            help="Instance folder to learn from instead of the made-up cities; may be given again.",
        ),
    ] = None,
    workers: WorkersOption = None,
    as_json: JsonOption = False,
) -> None:
    """Train a scorer of who arrives safely.

    Scenarios are drawn, planned and played; forests learn from the trips and are judged. Needs
    the extra 'train'.

    Stopped by Ctrl-C it goes on where it was when it is called again with the same folder and seed.
    """
    with progress() as tell:
        made = train_scorer(
            out, scenarios, seed=seed, rounds=rounds, trees=trees, worlds=worlds or TRAINING,
            workers=workers, progress=tell,
        )  # fmt: skip
    _tell(made, as_json)


def evaluate(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="Folder that 'evacroute train' has made.")
    ],
    as_json: JsonOption = False,
) -> None:
    """Judge a trained scorer on districts and cities that it never saw."""
    with progress() as tell:
        found = judge(folder, progress=tell)
    _tell(found, as_json)


def _tell(made: Trained, as_json: bool) -> None:
    if as_json:
        print_json({"out": str(made.folder), **made.evaluation})
        return
    typer.echo(str(made))
    typer.echo("\n(in brackets: 95 % intervals over scenarios)")
    typer.echo(f"training folder: {made.folder}")
