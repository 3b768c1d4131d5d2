"""The pages of docs/: links lead somewhere, code compiles, commands exist."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import typer.main

from evacroute.cli import app
from evacroute.serving.options import read_options

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").glob("*.md")])
FENCE = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
COMMANDS = typer.main.get_command(app).commands  # type: ignore[attr-defined]


def blocks(page: Path, *languages: str) -> list[str]:
    return [code for name, code in FENCE.findall(page.read_text("utf-8")) if name in languages]


def evacroute_lines(page: Path) -> list[str]:
    """Calls of ``evacroute COMMAND`` in the page's consoles, with continued lines joined."""
    lines = "\n".join(blocks(page, "console")).replace("\\\n", " ").splitlines()
    calls = [line.removeprefix("$ ").split("#")[0].split("|")[0] for line in lines]
    return [call for call in calls if call.startswith("evacroute ")]


def test_every_link_leads_somewhere(tmp_path: Path) -> None:
    """All relative links and anchors of the pages exist, and every page is in the menu."""
    done = subprocess.run(
        [sys.executable, ROOT / "docs" / "build.py", tmp_path], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "index.html").stat().st_size > 1000


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_code_is_valid(page: Path) -> None:
    """Python blocks of a page compile, and use only names that the package has."""
    import evacroute as er

    for code in blocks(page, "python"):
        compile(code, str(page), "exec")
        for name in re.findall(r"\ber\.(\w+)", code):
            assert hasattr(er, name), f"{page.name}: er.{name} does not exist"


def test_getting_started_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The Python of the first page runs from top to bottom, and shows what it says it shows."""
    import evacroute as er

    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    for code in blocks(ROOT / "docs" / "getting_started.md", "python"):
        exec(compile(code, "getting_started.md", "exec"), names)
    plan = names["plan"]
    assert plan.method == "over_time"  # type: ignore[attr-defined]
    assert plan.gap is not None  # type: ignore[attr-defined]
    assert len(er.marginal_value(plan, 5))  # type: ignore[arg-type]
    assert (tmp_path / "demo" / "map.html").exists()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_exist(page: Path) -> None:
    """Commands that a page shows exist, with every option they are given."""
    for line in evacroute_lines(page):
        words = shlex.split(line)
        assert words[1] in COMMANDS or words[1].startswith("-"), line
        if words[1] == "serve":  # Its options are the server's.
            read_options(["--model_dir", *words[2:]])
        elif words[1] in COMMANDS:
            known = {name for option in COMMANDS[words[1]].params for name in option.opts}
            wrong = [word for word in words[2:] if word.startswith("--") and word not in known]
            assert not wrong, line


def test_every_command_is_documented() -> None:
    """Every command stands in the table of docs/cli.md."""
    page = (ROOT / "docs" / "cli.md").read_text("utf-8")
    assert [name for name in COMMANDS if f"| `evacroute {name}" not in page] == []
