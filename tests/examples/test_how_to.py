"""The how-to pages: their Python runs, their commands exist."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import how_to_files
import pytest
import yaml
from cli_files import run
from pages import (
    ROOT,
    blocks,
    check_command,
    commands_of,
    evacroute_lines,
    marked_blocks,
)

import evacroute as er
from evacroute.serving.options import read_options

FOLDER = ROOT / "docs" / "how_to"
PAGES = sorted(FOLDER.glob("*.md"))
MOST_LINES = 120

FILES: dict[str, Callable[[Path], None]] = {
    "own_city_osm": how_to_files.city_of_osm,
    "own_city_gis": how_to_files.city_of_gis,
    "thousand_scenarios": how_to_files.instance,
}
"""What the reader of a page has before they begin, made in the folder where its code runs."""


@pytest.fixture
def methods_as_they_were() -> Iterator[None]:
    """Methods that a page adds are taken away again."""
    before = dict(er.METHODS)
    yield
    er.METHODS.clear()
    er.METHODS.update(before)


@pytest.mark.usefixtures("methods_as_they_were")
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_page_runs_from_top_to_bottom(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Python that is not marked, and commands that are marked to run, do so one after another."""
    monkeypatch.chdir(tmp_path)
    FILES.get(page.stem, lambda folder: None)(tmp_path)
    names: dict[str, object] = {"__name__": page.stem}
    for block in marked_blocks(page):
        if block.language == "python":
            code = compile(block.code, page.name, "exec", dont_inherit=True)
            if block.runs:
                exec(code, names)
        elif block.language == "console" and block.runs:
            for line in block.code.replace("\\\n", " ").splitlines():
                words = shlex.split(line.removeprefix("$ "), comments=True)
                assert words[0] == "evacroute", line
                done = run(*words[1:])
                assert done.exit_code == 0, f"{line}\n{done.output}\n{done.exception!r}"


def test_the_store_of_the_page_answers_as_the_twin(tmp_path: Path) -> None:
    """The store that readers are shown keeps the contract, through whatever calls there are."""
    from hypothesis import settings
    from hypothesis.stateful import run_state_machine_as_test
    from serving.test_store_machine import Beside

    names: dict[str, Any] = {"__name__": "add_a_store"}
    exec(compile(blocks(FOLDER / "add_a_store.md", "python")[0], "page", "exec"), names)

    class BesideThePage(Beside):
        made = 0

        def __init__(self) -> None:
            super().__init__()
            BesideThePage.made += 1
            path = tmp_path / f"{BesideThePage.made}.pickle"
            self.stores = [names["FileStore"](path, clock=lambda: self.twin.now)]

    some = settings(max_examples=15, stateful_step_count=20)
    run_state_machine_as_test(BesideThePage, settings=some)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_what_does_not_run_says_why(page: Path) -> None:
    """Python that is not run says what it needs, and uses only names that the package has."""
    found = marked_blocks(page)
    assert len(found) == len(re.findall(r"^```\w+$", page.read_text("utf-8"), re.MULTILINE))
    for block in found:
        assert block.mark != "not run" or len(block.why) > 5, block.code
        if block.language == "python":
            for name in re.findall(r"\ber\.(\w+)", block.code):
                assert hasattr(er, name), f"{page.name}: er.{name} does not exist"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_commands_exist(page: Path) -> None:
    """Commands of the library that a page shows exist, with every option they are given."""
    for line in evacroute_lines(page):
        check_command(line)


def test_containers_are_given_options_that_exist() -> None:
    """What follows the image in `docker run` and in the compose file are options of the server."""
    page = FOLDER / "serve_with_docker.md"
    runs = [line for block in blocks(page, "console") for line in commands_of(block)]
    given = [line.split(" evacroute:0.1.0 ")[1] for line in runs if line.startswith("docker run ")]
    for words in map(shlex.split, given):
        options = read_options(words)
        assert (options.store, options.event) == ("sqlite:////places/places.sqlite", "drill-1")
    assert len(given) == 2
    (text,) = blocks(page, "yaml")
    services = yaml.safe_load(text)["services"]
    options = read_options(services["evacroute-1"]["command"])
    assert str(options.key_file) == "/run/secrets/token"
    assert services["evacroute-1"]["environment"]["EVACROUTE_STORE"].startswith("redis://redis:")
    assert services["evacroute-1"] == services["evacroute-2"]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_pages_are_short_and_listed(page: Path) -> None:
    """A recipe has 120 lines at most, a sentence in the list, and says what can go wrong."""
    text = page.read_text("utf-8")
    assert len(text.splitlines()) <= MOST_LINES
    if page.stem != "index":
        assert f"]({page.name}): " in (FOLDER / "index.md").read_text("utf-8")
        assert "\n## What can go wrong\n" in text


def test_there_is_python_and_some_of_it_runs() -> None:
    """Most pages with Python run most of it, else this file would test nothing."""
    every = [block for page in PAGES for block in marked_blocks(page)]
    python = [block for block in every if block.language == "python"]
    assert len(python) == sum(len(blocks(page, "python")) for page in PAGES)
    assert sum(block.runs for block in python) > 0.7 * len(python) > 10
