"""The pages of docs/: links lead somewhere, code compiles, commands exist."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
import surface
from pages import COMMANDS, ROOT, blocks, check_command, evacroute_lines

PAGES = sorted([ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").glob("*.md")])


def test_every_link_leads_somewhere(tmp_path: Path) -> None:
    """All links and anchors of the pages exist, and the build leaves docs/ as it was."""
    before = files_of(ROOT / "docs")
    (tmp_path / "objects.inv").touch()
    (tmp_path / "old.html").write_text("<a href='gone.html'>of a build before</a>")
    done = subprocess.run(
        [sys.executable, ROOT / "docs" / "build.py", tmp_path], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "index.html").stat().st_size > 1000
    assert not (tmp_path / "old.html").exists()
    assert files_of(ROOT / "docs") == before


def files_of(folder: Path) -> dict[Path, int]:
    """When each file of a folder was written, what Python compiles aside."""
    return {
        path: path.stat().st_mtime_ns
        for path in folder.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


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
        check_command(line)


def test_every_command_is_documented() -> None:
    """Every command stands in the table of docs/cli.md."""
    page = (ROOT / "docs" / "cli.md").read_text("utf-8")
    assert [name for name in COMMANDS if f"| `evacroute {name}" not in page] == []


def test_every_public_name_has_a_page() -> None:
    """The reference lists each public name once: what is not listed is on no page of the site."""
    page = (ROOT / "docs" / "api.md").read_text("utf-8")
    listed = re.findall(r"^   (?:\w+\.)?(\w+)$", page, re.MULTILINE)
    public = {one.name.rpartition(".")[2] for one in surface.top_names()}
    internal = {"MAX_NOTICE", "RETENTION_S", "TOMBSTONE_S", "UNLIMITED", "Answer", "is_as_promised"}
    assert sorted(listed) == sorted(public - internal)
