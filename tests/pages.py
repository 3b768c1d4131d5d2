"""What tests ask of the pages of docs/: their code and their commands."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from pathlib import Path

import typer.main

from evacroute.cli import app
from evacroute.serving.options import read_options

ROOT = Path(__file__).resolve().parents[1]
FENCE = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
MARKED = re.compile(
    r"^(?:<!-- (run|not run)(?:: (.+?))? -->\n+)?```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL
)
COMMANDS = typer.main.get_command(app).commands  # type: ignore[attr-defined]


@dataclass(frozen=True, slots=True)
class Block:
    """A block of code of a page.

    Parameters
    ----------
    language
        Word behind the fence.
    code
        What stands in it.
    mark
        "run" or "not run" where a comment before the block says so, else "".
    why
        What the comment says more.
    """

    language: str
    code: str
    mark: str
    why: str

    @property
    def runs(self) -> bool:
        """Python runs unless it is marked; a console only where it is marked."""
        return self.mark == "run" or (self.language == "python" and not self.mark)


def blocks(page: Path, *languages: str) -> list[str]:
    """Code of a page in some languages."""
    return [code for name, code in FENCE.findall(page.read_text("utf-8")) if name in languages]


def marked_blocks(page: Path) -> list[Block]:
    """All blocks of a page, in order, with what is said of running them."""
    found = MARKED.findall(page.read_text("utf-8"))
    return [Block(name, code, mark, why) for mark, why, name, code in found]


def commands_of(console: str) -> list[str]:
    """Commands of a console, continued lines joined, without comments and pipes."""
    lines = console.replace("\\\n", " ").splitlines()
    return [
        line.removeprefix("$ ").split("#")[0].split("|")[0].strip()
        for line in lines
        if line.startswith("$ ")
    ]


def evacroute_lines(page: Path) -> list[str]:
    """Calls of ``evacroute COMMAND`` in the page's consoles."""
    lines = [line for console in blocks(page, "console") for line in commands_of(console)]
    return [line for line in lines if line.startswith("evacroute ")]


def check_command(line: str) -> None:
    """Check that a command of the library exists, with every option that it is given."""
    words = shlex.split(line)
    assert words[1] in COMMANDS or words[1].startswith("-"), line
    if words[1] == "serve":  # Its options are the server's.
        read_options(["--model_dir", *words[2:]])
    elif words[1] in COMMANDS:
        known = {name for option in COMMANDS[words[1]].params for name in option.opts}
        wrong = [word for word in words[2:] if word.startswith("--") and word not in known]
        assert not wrong, line
