"""Values of options: read with a clear word where one is wrong, and completed by the shell."""

from __future__ import annotations

import csv
import math
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

import typer

from evacroute.errors import did_you_mean


def whole(least: int) -> Callable[[Any], int]:
    """Make a reader of whole numbers that are not less than `least`."""

    def read(text: Any) -> int:
        try:
            value = int(str(text))
        except ValueError:
            value = least - 1
        if value < least:
            raise typer.BadParameter(f"is {str(text)!r}, expected a whole number, {least} or more")
        return value

    return read


def number(least: float = -math.inf, most: float = math.inf, *, unit: str = "") -> Any:
    """Make a reader of numbers; where there is a limit, of finite ones from `least` to `most`."""
    allowed = f" from {least:g} to {most:g}" if most < math.inf else f", {least:g} or more"
    if least == -math.inf:
        allowed = ""
    allowed += f" [{unit}]" if unit else ""

    def read(text: Any) -> float:
        try:
            value: float | None = float(str(text))
        except ValueError:
            value = None
        # Without limits here the library has its own, and tells them.
        limited = least > -math.inf or most < math.inf
        if value is None or (limited and not (math.isfinite(value) and least <= value <= most)):
            raise typer.BadParameter(f"is {str(text)!r}, expected a number{allowed}")
        return value

    return read


def one_of(names: Collection[str]) -> Callable[[Any], str]:
    """Make a reader of words out of a list."""

    def read(text: Any) -> str:
        if text not in names:
            raise typer.BadParameter(
                f"is {str(text)!r}, expected one of {', '.join(names)}"
                + did_you_mean(str(text), names)
            )
        return str(text)

    return read


def completing(names: Collection[str]) -> Callable[[str], list[str]]:
    """Make what a shell asks for the words that begin like what was typed."""

    def complete(incomplete: str) -> list[str]:
        return [name for name in names if name.startswith(incomplete)]

    return complete


def classes(ctx: typer.Context, incomplete: str) -> list[str]:
    """List the classes of the instance, or of the plan's, where they are written down."""
    given = ctx.params.get("instance")
    if given is None and ctx.params.get("folder") is not None:
        given = Path(ctx.params["folder"]) / "instance"
    if given is None:
        return []
    try:
        with (Path(given) / "classes.csv").open(encoding="utf-8", newline="") as table:
            found = [row["class_id"] for row in csv.DictReader(table) if row.get("class_id")]
    except (OSError, ValueError, csv.Error):
        return []
    return [name for name in found if name.startswith(incomplete)]
