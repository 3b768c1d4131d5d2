"""All commands, in the order and the groups in which the help lists them."""

from __future__ import annotations

from collections.abc import Callable
from importlib import metadata
from typing import Annotated, Any

import typer

from evacroute.cli.ask import explain, fairness, prices
from evacroute.cli.bench import bench
from evacroute.cli.classes import classes
from evacroute.cli.convert import convert
from evacroute.cli.demo import demo
from evacroute.cli.fetch import fetch
from evacroute.cli.guide import directions, sheets
from evacroute.cli.helping import Command
from evacroute.cli.info import info
from evacroute.cli.plan import plan
from evacroute.cli.replan import replan
from evacroute.cli.rescue import rescue
from evacroute.cli.serve import Server, bundle, serve
from evacroute.cli.shell import Shell
from evacroute.cli.simulate import simulate
from evacroute.cli.sweep import sweep
from evacroute.cli.train import evaluate, train
from evacroute.cli.view import draw, verify

GROUPS: dict[str, dict[Callable[..., Any], tuple[str, ...]]] = {
    "Plan": {
        demo: ("evacroute demo", "evacroute demo --people 5000 --method over_time --out lagoon/"),
        plan: (
            "evacroute plan --instance instance/ --deadline 60min --out plan/",
            "evacroute plan --network streets.geojson --people people.csv \\\n"
            "    --shelters shelters.csv --hazard flood:tide=1.40 --out plan/",
        ),
        replan: (
            'evacroute replan plan/ --now 10min --close "Ponte degli Scalzi" --out later/',
            "evacroute replan plan/ --now 600 --joined boat.csv --out later/",
        ),
        rescue: (
            "evacroute rescue plan/ --out rescue/",
            "evacroute rescue plan/ --fleet fleet.csv --radius 80 --out rescue/",
        ),
        bench: (
            "evacroute bench instance/",
            "evacroute bench instance/ --method nearest --method over_time --gap 0.02",
        ),
    },
    "Play": {
        simulate: (
            "evacroute simulate plan/ --compliance 0.9 --out played/ --map map.html",
            "evacroute simulate plan/ --compliance 0.8 --runs 20 --out often/",
        ),
        sweep: (
            "evacroute sweep --instance instance/ --draws 500 --out sweep/ \\\n"
            "    --hazard earthquake:seed=1,intensity=VIII",
            "evacroute sweep --plan plan/ --hazard earthquake:seed=1 --out played/",
        ),
    },
    "Look into a plan": {
        verify: ("evacroute verify plan/", "evacroute verify plan/ --bound"),
        draw: ("evacroute draw plan/ --png", "evacroute draw plan/ --fleet fleet.csv"),
        explain: ("evacroute explain plan/", "evacroute explain plan/ --json"),
        prices: (
            "evacroute prices plan/ --rows 10",
            "evacroute prices plan/ --person-s 0.5 --places 50 --check 3",
        ),
        fairness: ("evacroute fairness plan/", "evacroute fairness plan/ --protect 2"),
    },
    "Tell people": {
        directions: (
            "evacroute directions plan/ --person P000012 --language it --alarm 10:30",
            "evacroute directions plan/ --movement 17 --json",
        ),
        sheets: (
            "evacroute sheets plan/ --out sheets/",
            "evacroute sheets plan/ --language it --contrast high --out sheets/",
        ),
        bundle: (
            "evacroute bundle plan/ --out bundle/",
            "evacroute bundle plan/ --out bundle/ --valid-until 2026-12-31T00:00Z",
        ),
        serve: (),
    },
    "Data": {
        fetch: (
            "evacroute fetch venice --out venice.json.gz",
            "evacroute fetch 12.30,45.42,12.37,45.45 --out box.json",
        ),
        convert: (
            "evacroute convert --network streets.osm.pbf --people people.csv \\\n"
            "    --shelters shelters.csv --out instance/",
            "evacroute convert --instance instance/ --boats shuttles.csv --out with_boats/",
        ),
        info: (
            "evacroute info streets.geojson.gz --bridges bridges.csv",
            "evacroute info plan/",
        ),
        classes: (
            "evacroute classes --instance instance/",
            "evacroute classes --network streets.geojson --people people.csv",
        ),
    },
    "Scorer": {
        train: (
            "evacroute train --out trained/",
            "evacroute train --scenarios 300 --workers 2 --out trained/",
        ),
        evaluate: ("evacroute evaluate trained/", "evacroute evaluate trained/ --json"),
    },
}
"""Commands by group, each with examples of its use."""

SECTIONS = {
    "evaluate": "train-evaluate", "train": "train-evaluate",
    "bundle": "bundle-serve",
    "prices": "prices-fairness-explain", "fairness": "prices-fairness-explain",
    "explain": "prices-fairness-explain",
}  # fmt: skip
"""Sections of docs/cli.md that are not called like the command."""


def examples(*lines: str, section: str) -> str:
    """Make the end of a help: examples of use, and where more is told."""
    shown = "".join(f"\n  {line}" for line in lines)
    return f"Examples:{shown}\n\nMore: docs/cli.md#{section}"


app = typer.Typer(
    cls=Shell,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=examples(
        "evacroute demo",
        "evacroute plan --help",
        "evacroute --install-completion",
        section="command-line",
    ),
)
for panel, commands in GROUPS.items():
    for command, uses in commands.items():
        name = command.__name__
        if command is serve:
            # The server's options are its own: KServe names them.
            settings: dict[str, Any] = {
                "allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": [],
            }  # fmt: skip
            app.command(cls=Server, rich_help_panel=panel, context_settings=settings)(command)
            continue
        app.command(
            cls=Command, rich_help_panel=panel,
            epilog=examples(*uses, section=SECTIONS.get(name, name)),
        )(command)  # fmt: skip


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"evacroute {metadata.version('evacroute')}")
        raise typer.Exit


@app.callback()
def _options(
    debug: Annotated[
        bool, typer.Option("--debug", help="Show the traceback of what goes wrong.")
    ] = False,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Who goes to which shelter, by which alleys, and when.

    Begin with 'evacroute demo': it plans the evacuation of a made-up lagoon city.

    Exit codes: 0 done, 1 a rule is broken or nobody has a shelter, 2 bad input, 3 a fault of the
    program, 130 stopped by Ctrl-C.
    """
