"""The gallery: what the examples print and draw, kept by docs/gallery.py."""

from __future__ import annotations

import ast
import json
from pathlib import Path
from types import ModuleType

import pytest
from PIL import Image

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "docs" / "gallery"
SCRIPTS = sorted((ROOT / "examples").glob("[0-9]*.py"))


@pytest.fixture
def gallery(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """docs/gallery.py, writing to a folder of the test."""
    monkeypatch.syspath_prepend(str(ROOT / "docs"))
    import gallery

    monkeypatch.setattr(gallery, "FOLDER", tmp_path)
    return gallery


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_every_example_is_in_the_gallery(script: Path) -> None:
    """An example has a small picture, and a run whose title is the first line it says of itself."""
    runs = json.loads((FOLDER / "runs.json").read_text("utf-8"))
    picture = FOLDER / f"{script.stem}.png"
    assert 3_000 < picture.stat().st_size <= 60_000
    doc = ast.get_docstring(ast.parse(script.read_text("utf-8")))
    run = runs[script.stem]
    assert doc is not None
    assert run["title"] == doc.splitlines()[0]
    assert set(run) == {"title", "printed", "seconds", "made", "version"}
    assert run["seconds"] > 0
    assert 1 < len(run["printed"].splitlines()) <= 60


def test_nothing_is_left_over() -> None:
    """Pictures and runs of examples that are gone are gone too, and the machine is told."""
    runs = json.loads((FOLDER / "runs.json").read_text("utf-8"))
    stems = {script.stem for script in SCRIPTS}
    assert set(runs["machine"]) == {"system", "cores", "python"}
    assert set(runs) - {"machine"} <= stems
    assert {path.stem for path in FOLDER.glob("[0-9]*.png")} <= stems


def test_an_example_is_run_again(
    gallery: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The named example runs, keeps a small picture and what it printed, and leaves other runs."""
    other = {"02_own_city": {"title": "kept"}, "99_gone": {"title": "dropped"}}
    (tmp_path / "runs.json").write_text(json.dumps(other))
    monkeypatch.setattr("sys.argv", ["gallery.py", "03"])
    assert gallery.main() == 0
    runs = json.loads((tmp_path / "runs.json").read_text("utf-8"))
    assert set(runs) == {"machine", "02_own_city", "03_wheelchair_and_family"}
    assert runs["02_own_city"] == {"title": "kept"}
    printed = runs["03_wheelchair_and_family"]["printed"]
    assert printed.splitlines()[4].startswith("Enzo   arrives after")
    assert "picture" not in printed
    path = tmp_path / "03_wheelchair_and_family.png"
    assert path.stat().st_size <= gallery.MOST_BYTES
    with Image.open(path) as image:
        assert image.mode == "P"


def test_what_was_printed_is_shortened(gallery: ModuleType, tmp_path: Path) -> None:
    """Paths of the run's folder are taken out, and the middle of what is long."""
    text = f"map: {tmp_path}/out/map.html\npicture: {tmp_path}/a.png\n"
    assert gallery.shortened(text, tmp_path) == "map: out/map.html"
    lines = gallery.shortened("\n".join(map(str, range(100))), tmp_path).splitlines()
    assert len(lines) == 60
    assert (lines[0], lines[30], lines[-1]) == ("0", "... (41 lines are left out here)", "99")
    assert gallery.shortened("\n".join("x" * 60), tmp_path).count("x") == 60


def test_what_cannot_be_kept_is_an_error(gallery: ModuleType, tmp_path: Path) -> None:
    """An unknown name, and an example that fails, end with a message and change nothing."""
    with pytest.raises(SystemExit, match="there is no example 98"):
        gallery.chosen(["98"])
    broken = tmp_path / "50_broken.py"
    broken.write_text('"""Breaks."""\nraise SystemExit("no such city")\n')
    with pytest.raises(SystemExit, match=r"50_broken\.py: exit code 1\nno such city"):
        gallery.run(broken)
    broken.write_text('"""Draws nothing."""\n')
    with pytest.raises(SystemExit, match="it drew no picture"):
        gallery.run(broken)
    assert not list(tmp_path.glob("*.png"))
