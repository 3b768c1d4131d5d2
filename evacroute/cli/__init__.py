"""The command line: ``evacroute COMMAND``."""

from __future__ import annotations

import signal
import sys
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
from evacroute.cli.info import info
from evacroute.cli.plan import plan
from evacroute.cli.replan import replan
from evacroute.cli.rescue import rescue
from evacroute.cli.serve import bundle, serve
from evacroute.cli.shell import Shell
from evacroute.cli.simulate import simulate
from evacroute.cli.sweep import sweep
from evacroute.cli.train import evaluate, train
from evacroute.cli.view import draw, verify

app = typer.Typer(
    cls=Shell,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for command in (
    plan, replan, simulate, sweep, convert, verify, draw, directions, sheets, rescue, prices,
    fairness, explain, train, evaluate,
    fetch, demo, info, classes, bench,
):  # fmt: skip
    app.command()(command)
app.command()(bundle)
# The server's options are its own: KServe names them.
app.command(
    context_settings={
        "allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": [],
    }
)(serve)  # fmt: skip


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


def _stop(number: int, frame: Any) -> None:
    sys.exit(128 + number)


def main() -> None:
    """Run the command line."""
    # As with Ctrl-C, what is half-written is cleared away before the program ends.
    signal.signal(signal.SIGTERM, _stop)
    app(prog_name="evacroute")
