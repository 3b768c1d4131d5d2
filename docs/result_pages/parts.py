"""What tables of results share."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from .files import Result, shown


def markdown(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Write a table."""
    lines = [f"| {' | '.join(head)} |", "|" + "---|" * len(head)]
    lines += [f"| {' | '.join(row)} |" for row in rows]
    return "\n".join(lines)


def made_line(results: Iterable[Result]) -> str:
    """Say how results were made: when, by which version, on what, by which command."""
    return " ".join(result.line() for result in results)


BUSY = 0.5
"""Cores that others kept at work: more, and a miss may be theirs."""


def with_line(table: str, *results: Result) -> str:
    """Put the line under the table; a miss on a busy machine is told as one."""
    if any((result.about.get("others") or 0) > BUSY for result in results):
        table = table.replace("**missed**", "**missed** on a busy machine")
    return f"{table}\n\n{made_line(results)}"


def aim(value: float | None, most: float, form: str, unit: str = "") -> tuple[str, str]:
    """Show a target, and whether a figure meets it, in words."""
    if value is None:
        return f"{shown(most, form)}{unit}", "not measured"
    return f"{shown(most, form)}{unit}", "met" if value <= most else "**missed**"
