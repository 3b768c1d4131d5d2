"""What every command shares: exit codes, one clear message for a fault, progress, output."""

from __future__ import annotations

import errno
import json
import sys
import time
import traceback
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from difflib import get_close_matches
from typing import Any, Protocol

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from typer.core import TyperGroup

from evacroute.cli.helping import called, write_help
from evacroute.cli.words import in_options
from evacroute.errors import EvacrouteError, SolverError
from evacroute.writing import plain

DONE, BROKEN, BAD_INPUT, DEFECT, INTERRUPTED = 0, 1, 2, 3, 130

Report = Callable[[str, float], None]
"""Takes the name of a stage and how much of it is done, 0..1."""


class Readable(Protocol):
    """A report of what a loader did: prints as a table, turns into plain types."""

    def to_dict(self) -> dict[str, object]:
        """Give the report as plain types, for JSON."""
        ...


# A missing or misspelt option, a wrong value: typer itself shows these. Their common root is
# click's, which newer versions of typer carry inside.
_USAGE_ERROR: type[Exception] = next(
    c for c in typer.BadParameter.__mro__ if c.__name__ == "ClickException"
)


class Shell(TyperGroup):
    """The group of commands; turns whatever goes wrong in one into a message and an exit code."""

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Write the help."""
        write_help(self, ctx, formatter)

    def main(self, *args: Any, **more: Any) -> Any:
        """Run the command line; what was typed wrong is told in a line, without a frame."""
        alone = more.pop("standalone_mode", True)
        run: Any = super().main
        if not alone:
            return run(*args, standalone_mode=False, **more)
        try:
            code = run(*args, standalone_mode=False, **more)
        except _USAGE_ERROR as error:
            say(_mistyped(error))
            code = BAD_INPUT
        except typer.Abort:
            code = INTERRUPTED
        sys.exit(code if isinstance(code, int) else DONE)

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Take the line apart; without any word the help is shown."""
        if not args and not ctx.resilient_parsing:
            typer.echo(ctx.get_help())
            ctx.exit(BAD_INPUT)
        return super().parse_args(ctx, args)

    def invoke(self, ctx: Any) -> Any:
        """Run a command.

        Raises
        ------
        typer.Exit
            With code 2 for bad input, 130 after Ctrl-C, 3 for a defect of the program.
        """
        with warnings.catch_warnings():
            warnings.showwarning = _show_warning
            try:
                return super().invoke(ctx)
            except KeyboardInterrupt:
                message, code = "stopped by Ctrl-C; nothing was left half-written", INTERRUPTED
            except SolverError as error:
                _trace(ctx)
                message, code = _defect(error), DEFECT
            except EvacrouteError as error:
                _trace(ctx)
                message, code = in_options(str(error)), BAD_INPUT
            except OSError as error:
                if error.errno == errno.EPIPE:
                    raise
                _trace(ctx)
                place = f"{error.filename}: " if error.filename else ""
                message, code = f"{place}{error.strerror or error}", BAD_INPUT
            except (typer.Exit, typer.Abort, _USAGE_ERROR):
                raise
            except Exception as error:
                _trace(ctx)
                message, code = _defect(error), DEFECT
        say(f"error: {message}" if code != INTERRUPTED else message)
        raise typer.Exit(code)


def _mistyped(error: Any) -> str:
    """Say what is wrong with the words of a command line, and where to look."""
    message = error.format_message()
    param: Any = getattr(error, "param", None)
    bare = str(getattr(error, "message", ""))
    if isinstance(error, typer.BadParameter) and bare:
        named = param is not None and param.param_type_name == "option"
        message = f"{max(param.opts, key=len)} {bare}" if named else bare
    known = getattr(error, "possibilities", None)
    if known:
        near = get_close_matches(error.option_name, known, n=1)
        message = f"there is no option {error.option_name}"
        message += f"; did you mean {near[0]}?" if near else ""
    if type(error).__name__ == "MissingParameter" and param is not None:
        needed = "option " if param.param_type_name == "option" else ""
        message = f"{needed}{called(param)} is missing: {param.help}"
    message = " ".join(message.split()).rstrip(".")
    if message.startswith(("Option", "No ", "Got ", "Missing")):
        message = message[:1].lower() + message[1:]
    ctx = getattr(error, "ctx", None)
    where = "evacroute" if ctx is None else ctx.command_path
    return f"error: {message}\n(see {where} --help)"


def _defect(error: BaseException) -> str:
    return (
        f"{type(error).__name__}: {error}\n"
        "This is a fault of evacroute, not of your input. Please report it with the command, the "
        "version (evacroute --version)\nand what this prints: evacroute --debug COMMAND ..."
    )


def _trace(ctx: Any) -> None:
    if ctx.params.get("debug"):
        traceback.print_exc()


def _show_warning(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: Any = None,
    line: str | None = None,
) -> None:
    say(f"warning: {message}")


def say(text: str) -> None:
    """Print a message for a person to stderr, where it is in no program's way."""
    typer.echo(text, err=True)


def print_reports(reports: Iterable[Readable]) -> None:
    """Print what loaders and hazards tell, each with a blank line after it."""
    for report in reports:
        typer.echo(in_options(f"{report}\n"))


def print_json(record: dict[str, Any]) -> None:
    """Print one JSON object, and nothing else, to stdout."""
    typer.echo(json.dumps(plain(record), indent=2, ensure_ascii=False, allow_nan=False))


SECONDS_A_LINE = 60.0
"""Where no terminal shows a bar, a line tells how far it is after so long."""


@contextmanager
def progress() -> Iterator[Report]:
    """Show on a terminal what is being done and how far it is.

    Elsewhere, as in a log, a line is written now and then, and none by what is soon done.

    Yields
    ------
    Callable
        Takes the stage and the share of it that is done.
    """
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(
        *columns,
        console=Console(stderr=True),
        transient=True,
        disable=not sys.stderr.isatty(),
        redirect_stdout=False,
        redirect_stderr=False,
    ) as bar:
        task = bar.add_task(f"{'starting':<28}", total=1.0)

        told_at = time.monotonic()

        def report(stage: str, share: float) -> None:
            nonlocal told_at
            bar.update(task, description=f"{stage:<28}", completed=share)
            if bar.disable and time.monotonic() - told_at >= SECONDS_A_LINE:
                told_at = time.monotonic()
                typer.echo(f"{stage}: {share:.0%}", err=True)

        yield report
