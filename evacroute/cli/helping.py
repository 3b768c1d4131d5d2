"""What ``--help`` prints: usage, what the command does, its options in groups, examples."""

from __future__ import annotations

import inspect
import shutil
import textwrap
from typing import Any

import typer
from typer.core import TyperCommand

NARROWEST, WIDEST = 40, 100
COLUMN = 24
"""Width of the column of options; what is longer has a line of its own."""


class Command(TyperCommand):
    """A command whose help is laid out by `write_help`."""

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Write the help."""
        write_help(self, ctx, formatter)


def width() -> int:
    """Characters of a line of help."""
    return max(NARROWEST, min(shutil.get_terminal_size().columns, WIDEST))


def filled(text: str, indent: int = 0) -> list[str]:
    """Fill lines with a text; no word, option or path is cut."""
    return textwrap.wrap(
        text, width(), initial_indent=" " * indent, subsequent_indent=" " * indent,
        break_long_words=False, break_on_hyphens=False,
    )  # fmt: skip


def write_help(command: Any, ctx: Any, formatter: Any) -> None:
    """Write the help of a command, or of the group of all."""
    params = [one for one in command.get_params(ctx) if not getattr(one, "hidden", False)]
    lines = _usage(command, ctx, params)
    for paragraph in inspect.cleandoc(command.help or "").split("\n\n"):
        lines += ["", *filled(" ".join(paragraph.split()))]
    panels: dict[str, list[tuple[str, str]]] = {}
    if hasattr(command, "list_commands"):
        for name in command.list_commands(ctx):
            one = command.get_command(ctx, name)
            summary = " ".join(inspect.cleandoc(one.help or "").split("\n\n")[0].split())
            panels.setdefault(one.rich_help_panel or "Commands", []).append((name, summary))
    params.sort(key=lambda one: (_is_option(one), not one.required))
    panels |= {"Arguments": [], "Options": []}
    for one in params:
        usual = "Options" if _is_option(one) else "Arguments"
        panel = getattr(one, "rich_help_panel", None) or usual
        panels.setdefault(panel, []).append((called(one), _told(one)))
    grouped = hasattr(command, "list_commands")
    for panel, rows in panels.items():
        if rows:
            listed = grouped and panel != "Options"
            column = max(map(len, command.list_commands(ctx))) if listed else COLUMN
            lines += ["", typer.style(f"{panel}:", bold=True)]
            for name, text in rows:
                lines += _row(name, text, column)
    if command.epilog:
        lines += ["", inspect.cleandoc(command.epilog)]
    formatter.write("\n".join(lines) + "\n")


def _is_option(param: Any) -> bool:
    return bool(param.param_type_name == "option")


def _is_flag(param: Any) -> bool:
    return bool(getattr(param, "is_flag", False))


def _usage(command: Any, ctx: Any, params: list[Any]) -> list[str]:
    words = ["Usage:", ctx.command_path]
    if hasattr(command, "list_commands"):
        words += ["COMMAND", "[OPTIONS]"]
    else:
        words += [called(one) for one in params if one.required and not _is_option(one)]
        words += [called(one) for one in params if one.required and _is_option(one)]
        words.append("[OPTIONS]")
    return filled(" ".join(words))


def called(param: Any) -> str:
    """Give an option as it is typed: its names, and the word that stands for its value."""
    if not _is_option(param):
        return str(param.metavar)
    names = ", ".join(sorted(param.opts, key=len))
    return names if _is_flag(param) or not param.metavar else f"{names} {param.metavar}"


def _told(param: Any) -> str:
    """Tell what an option is for, with its default once."""
    notes = ["required"] if param.required and _is_option(param) else []
    shown, default = getattr(param, "show_default", None), param.default
    if isinstance(shown, str):
        notes.append(f"default: {shown}")
    elif not (_is_flag(param) or param.required or default is None or callable(default)):
        number = isinstance(default, float)
        notes.append(f"default: {default:g}" if number else f"default: {default}")
    if getattr(param, "multiple", False):
        notes.append("may be given again")
    text = " ".join((getattr(param, "help", None) or "").split())
    return f"{text} [{'; '.join(notes)}]" if notes else text


def _row(name: str, text: str, column: int) -> list[str]:
    lines = filled(text, column + 4) or [""]
    if len(name) > column:
        return [f"  {name}", *lines]
    return [f"  {name:<{column}}  {lines[0].strip()}".rstrip(), *lines[1:]]
