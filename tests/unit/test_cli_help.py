"""Help and completion: what each command tells of itself, at 80 columns, and to shells."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import typer.main
from cli_files import run

from evacroute.cli import app
from evacroute.cli.commands import GROUPS

COMMANDS: dict[str, Any] = typer.main.get_command(app).commands  # type: ignore[attr-defined]
OWN = [name for name in COMMANDS if name != "serve"]  # its help is the server's


def page(*words: str, columns: int, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("COLUMNS", str(columns))
    result = run(*words, "--help")
    assert result.exit_code == 0, result.output
    return result.stdout


@pytest.mark.parametrize("columns", [80, 120])
@pytest.mark.parametrize("name", ["", *OWN])
def test_help_fits(name: str, columns: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """No line of help is wider than the terminal, and no type of Python stands in it."""
    text = page(*name.split(), columns=columns, monkeypatch=monkeypatch)
    assert max(map(len, text.splitlines())) <= columns
    assert not re.search(r"<\w+>|INTEGER|TEXT|RANGE|x>=|None\b|lambda", text)
    assert text.count("Examples:\n") == 1
    assert "More: docs/cli.md#" in text


@pytest.mark.parametrize("name", COMMANDS)
def test_summaries_are_one_sentence(name: str) -> None:
    """Each command has a summary of at most 80 characters that ends with a full stop."""
    summary = COMMANDS[name].help.split("\n\n")[0]
    assert len(summary) <= 80
    assert re.fullmatch(r"[A-Z].*[^.]\.", summary)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_has_help(name: str) -> None:
    """Every argument and option says what it is for, and what stands for its value."""
    for param in COMMANDS[name].params:
        assert param.help, param.name
        assert getattr(param, "is_flag", False) or param.metavar, param.name


@pytest.mark.parametrize("name", OWN)
def test_examples_exist(name: str) -> None:
    """Two examples of each command at least, whose options and values the command takes."""
    uses = next(
        uses for group in GROUPS.values() for f, uses in group.items() if f.__name__ == name
    )
    assert len(uses) >= 2
    for use in uses:
        first, called, *words = shlex.split(use.replace("\\\n", " "))
        assert (first, called) == ("evacroute", name)
        COMMANDS[name].make_context(name, words)


def test_pointers_lead_somewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """The section of docs/cli.md that a help points to is there."""
    lines = (Path(__file__).parents[2] / "docs" / "cli.md").read_text("utf-8").splitlines()
    heads = {
        re.sub(r"[^a-z -]", "", line.lstrip("# ").lower()).replace(" ", "-")
        for line in lines
        if line.startswith("#")
    }
    for name in ("", *OWN):
        text = page(*name.split(), columns=80, monkeypatch=monkeypatch)
        found = re.findall(r"docs/cli\.md#(\S+)", text)
        assert found
        assert set(found) <= heads, name


def test_no_words() -> None:
    """Without a word the help is shown, and -h is --help."""
    bare = run()
    assert bare.exit_code == 2
    assert bare.stdout == run("-h").stdout == run("--help").stdout


@pytest.mark.parametrize(
    "words,told",
    [
        (("plann",), "did you mean 'plan'"),
        (("--versoin",), "did you mean --version?"),
        (("plan", "--out", "x", "--mehtod", "nearest"), "did you mean --method?"),
        (("plan", "--out", "x", "--method", "nearst"), "did you mean 'nearest'?"),
        (("plan", "--out", "x", "--seed", "-1"), "--seed is '-1', expected a whole number, 0"),
        (("plan", "--out", "x", "--gap", "nan"), "--gap is 'nan', expected a number, 0 or more"),
        (("plan", "--out", "x", "--hazard", "flod:tide=1"), "did you mean 'flood'?"),
        (("plan", "--out", "x", "--hazard", "flood:tid=1"), "did you mean 'tide'"),
        (("plan", "--out", "x", "--scorer", "defualt"), "did you mean 'default'?"),
        (("plan", "--out", "x", "--deadline", "90 minuts"), "did you mean '90 minutes'?"),
        (("plan",), "option --out DIR is missing: Folder to write"),
        (("verify",), "DIR is missing: A plan folder"),
        (("simulate", "plan", "--out", "x", "--behaviour", "neerest"), "did you mean 'nearest'?"),
        (("directions", "plan", "--language", "eng"), "did you mean 'en'?"),
    ],
)
def test_what_is_mistyped(words: tuple[str, ...], told: str) -> None:
    """A slip is told in a line with code 2: what it is, what is allowed, what was meant."""
    result = run(*words)
    assert result.exit_code == 2
    assert not result.stdout
    assert result.stderr.startswith("error: ")
    assert told.lower() in result.stderr.lower()
    assert "Traceback" not in result.stderr


ASK = """
import contextlib, io, json, os, sys
from evacroute.cli.commands import app
told = []
for asked in json.loads(sys.argv[1]):
    os.environ |= asked
    with contextlib.redirect_stdout(io.StringIO()) as out, contextlib.suppress(SystemExit):
        app(prog_name="evacroute", args=[])
    told.append(out.getvalue())
print(json.dumps(told))
"""
"""Asks like a shell, several times in one process, which costs seconds to start."""


def completed(*lines: str, shells: Sequence[str] = ("bash",)) -> list[list[str]]:
    """What each shell is told for the last word of each line."""
    asked = [
        {
            "_EVACROUTE_COMPLETE": f"complete_{shell}", "COMP_WORDS": line,
            "COMP_CWORD": str(len(line.split(" ")) - 1), "_TYPER_COMPLETE_ARGS": line,
            "_TYPER_COMPLETE_FISH_ACTION": "get-args",
        }
        for shell in shells
        for line in lines
    ]  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-c", ASK, json.dumps(asked)], capture_output=True, text=True, check=True
    )
    return [told.split() for told in json.loads(done.stdout)]


def test_shells_complete(tmp_path: Path) -> None:
    """Commands, options, choices and the server's options are completed; files the shell does."""
    (tmp_path / "classes.csv").write_text("class_id,speed_flat\nold,0.8\nyoung,1.3\n")
    words = {
        "evacroute si": ["simulate"],
        "evacroute plan --me": ["--method"],
        "evacroute plan --method sh": ["shelter_flow"],
        "evacroute plan --hazard fl": ["flood:tide=", "flood:series="],
        "evacroute sheets plan --language ": ["en", "it", "fr", "de", "es", "zh"],
        "evacroute serve bundle --http_p": ["--http_port"],
        "evacroute plan --out ": [],
        f"evacroute plan --instance {tmp_path} --first o": ["old"],
    }
    assert completed(*words) == list(words.values())


def test_each_shell() -> None:
    """Each shell is told the same words, in its own form."""
    for told in completed("evacroute plan --method sh", shells=("bash", "zsh", "fish")):
        assert "shelter_flow" in " ".join(told)


def test_a_shell_asks_the_command_itself() -> None:
    """The command answers a shell that asks for words, and does nothing else."""
    asked = {
        "_EVACROUTE_COMPLETE": "complete_bash",
        "COMP_WORDS": "evacroute si",
        "COMP_CWORD": "1",
    }
    done = subprocess.run(
        [sys.executable, "-m", "evacroute"],
        env=os.environ | asked, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout.split() == ["simulate"]


def test_stopped_while_loading() -> None:
    """Ctrl-C while modules load ends at once with code 130, without a traceback."""
    code = (
        "import os, signal, sys\n"
        "class Stop:\n"
        "    def find_spec(self, name, path, target=None):\n"
        "        if name == 'evacroute.cli.commands':\n"
        "            os.kill(os.getpid(), signal.SIGINT)\n"
        "sys.meta_path.insert(0, Stop())\n"
        "from evacroute.cli import main\n"
        "main()\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 130
    assert (done.stdout, done.stderr) == ("", "stopped by Ctrl-C\n")
