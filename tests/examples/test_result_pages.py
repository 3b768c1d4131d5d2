"""Pages of figures are made of files alone, and files of results say how they were made."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
from datetime import date
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
TEMPLATES = sorted(path.name for path in (DOCS / "templates").glob("*.md"))
ALL = ROOT / "tests" / "benchmarks" / "all.py"


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The script that makes the pages."""
    monkeypatch.syspath_prepend(str(DOCS))
    return importlib.import_module("write_results")


@pytest.fixture
def records(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The module that writes files of results."""
    monkeypatch.syspath_prepend(str(ROOT / "tests" / "benchmarks"))
    monkeypatch.delenv("EVACROUTE_RESULTS", raising=False)
    return importlib.import_module("results")


@pytest.mark.parametrize("name", TEMPLATES)
def test_page_is_what_the_files_make(made: Any, name: str) -> None:
    """A page of figures on disk is what its template and the files of results on disk make."""
    assert (DOCS / name).read_text("utf-8") == made.pages()[name]


def test_badges_are_what_the_files_make(made: Any) -> None:
    """The badges on disk say what the files of results say, and stand in the README."""
    readme = (ROOT / "README.md").read_text("utf-8")
    for name, drawn in made.badges(made.Results()).items():
        assert (DOCS / "badges" / f"{name}.svg").read_text("utf-8") == drawn
        assert f"(docs/badges/{name}.svg)" in readme


def test_model_card_is_what_the_files_make(monkeypatch: pytest.MonkeyPatch) -> None:
    """The model card on disk is what the files of the scorer make."""
    monkeypatch.syspath_prepend(str(DOCS))
    card = importlib.import_module("model_card")
    assert (DOCS / "model_card.md").read_text("utf-8") == card.page(card.SHIPPED)


def test_every_table_is_on_a_page_and_says_how_it_was_made(made: Any) -> None:
    """No table is made for nothing, and each ends with one line: when, and by which command."""
    text = "".join((DOCS / "templates" / name).read_text("utf-8") for name in TEMPLATES)
    text += "".join(made.marked_pages().values())
    for name, table in made.TABLES.items():
        placed = f"{{{{ table {name} }}}}" in text
        assert placed or f"<!-- table {name}: made by docs/write_results.py -->" in text, name
        rows, line = table(made.Results()).rsplit("\n\n", 1)
        assert all(row.startswith("|") for row in rows.splitlines()), name
        assert line.startswith("Made "), name
        assert "by `python" in line or "by `EVACROUTE" in line or "by `evacroute" in line, name


RESULT = {
    "benchmark": "race", "made": "2026-01-02", "version": "1", "commit": "abc", "busy": 0.1,
    "command": "python race.py", "machine": {"cpus": 2, "model": "m"},
    "rows": [{"case": "red car", "seconds": 90.0, "left": None}, {"case": "b", "seconds": 60.0}],
}  # fmt: skip


@pytest.fixture
def race(made: Any, tmp_path: Path) -> Any:
    """A folder of one result."""
    (tmp_path / "race.json").write_text(json.dumps(RESULT))
    return made.Results(tmp_path)


@pytest.mark.parametrize(
    "asked, shown",
    [
        ("{{ value race red~car seconds .0f }} s", "90 s"),
        ("{{value race red~car seconds min.1f}}", "1.5"),
        ("{{ value race red~car left }}", ""),
        ("{{ ratio race red~car b seconds .2f }}", "1.50"),
        ("{{ made race }}", "Made on 2026-01-02, version 1 at `abc`, 2 cores (m), by "
         "`python race.py`."),
    ],
)  # fmt: skip
def test_places_are_filled(made: Any, race: Any, asked: str, shown: str) -> None:
    """What stands in double braces is replaced by the figure in its format."""
    assert made.filled(asked, race) == shown


@pytest.mark.parametrize(
    "asked, why",
    [
        ("{{ value walk red~car seconds }}", "no result 'walk'"),
        ("{{ value race blue seconds }}", "no case 'blue'"),
        ("{{ value race red~car minutes }}", "no 'minutes'"),
        ("{{ value race red~car seconds .1q }}", "not understood"),
        ("{{ ratio race red~car b left }}", "no 'left'"),
        ("{{ table race }}", "no table 'race'"),
        ("{{ table main_job }}", "no result 'main_job'"),
        ("{{ chart race }}", "asks for none of"),
    ],
)
def test_a_place_without_a_result_is_an_error(made: Any, race: Any, asked: str, why: str) -> None:
    """A page that asks for what no file has is not made, and it is told what is missing where."""
    with pytest.raises(made.MissingResultError, match=why) as error:
        made.filled(f"some words {asked}", race, "page.md")
    assert str(error.value).startswith("page.md: ")


def test_pages_by_hand_have_their_tables(made: Any, race: Any) -> None:
    """Between its marks a page has the table that the files make, and its words stay."""
    begin, end = "<!-- table peers_table: made by docs/write_results.py -->", "<!-- /table -->"
    text = made.with_tables(f"a\n{begin}\nold\n{end}\nb\n", made.Results())
    assert "old" not in text
    assert made.TABLES["peers_table"](made.Results()) in text
    assert text.startswith(f"a\n{begin}\n\n|")
    assert text.endswith(f"\n\n{end}\nb\n")
    with pytest.raises(made.MissingResultError, match=r"page.*no result"):
        made.with_tables(f"{begin}\n{end}", race)


def test_tables_on_pages_by_hand_are_what_the_files_make(made: Any) -> None:
    """The README and pages that tell figures in passing say what the files of results say."""
    found = made.marked_pages()
    assert ROOT / "README.md" in found
    for path, text in found.items():
        assert path.read_text("utf-8") == text, path.name


def test_record_round_trip(
    records: Any, made: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is recorded is read again with when, how and on what it was made; no NaN gets in."""
    monkeypatch.setattr(sys, "argv", [str(ALL), "x y", "--results", "out", "--gap", "0.1"])
    rows = [{"case": "a", "seconds": 1 / 3, "gap": float("nan"), "by": {"b": 2}}, {"case": "c"}]
    path = records.record("some", rows, folder=tmp_path)
    assert path == tmp_path / "some.json"
    assert [file.name for file in tmp_path.iterdir()] == ["some.json"]
    result = made.Results(tmp_path)["some"]
    assert result.about["made"] == date.today().isoformat()
    assert result.about["command"] == "python tests/benchmarks/all.py 'x y' --gap 0.1"
    assert result.about["machine"].keys() >= {"cpus", "model", "python", "numpy", "numba"}
    assert result.about.keys() >= {"version", "commit", "busy", "others"}
    assert result.get("a", "seconds") == 0.333333
    assert result.get("a", "gap") is None
    assert result.get("a", "by") == {"b": 2}


def test_nothing_is_recorded_unasked(
    records: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a folder nothing is written; the environment can name it for tests."""
    monkeypatch.chdir(tmp_path)
    assert records.record("some", [{"case": "a"}]) is None
    assert list(tmp_path.iterdir()) == []
    monkeypatch.setenv(records.FOLDER, str(tmp_path / "there"))
    records.note("noted", {"case": "a"})
    records.note("noted", {"case": "b"})
    found = json.loads((tmp_path / "there" / "noted.json").read_text())
    assert [row["case"] for row in found["rows"]] == ["a", "b"]


@pytest.mark.parametrize("rows", [[], [{"case": "a"}, {"case": "a"}], [{"seconds": 1}]])
def test_rows_are_told_apart(records: Any, tmp_path: Path, rows: list[dict[str, Any]]) -> None:
    """Rows without a case, or with one twice, are refused, and nothing is written."""
    with pytest.raises(ValueError, match="told apart"):
        records.record("some", rows, folder=tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_one_command_makes_all_that_pages_use(made: Any) -> None:
    """Each result that a page uses is made by a benchmark that the list names, and none is idle."""
    done = subprocess.run(
        [sys.executable, str(ALL), "--list"], capture_output=True, text=True, check=True
    )
    makes = [line.split(" -> ")[1].split(": ")[0] for line in done.stdout.splitlines()]
    names = [name for some in makes for name in some.split(", ")]
    assert len(names) == len(set(names))
    results = made.Results()
    made.pages(results)
    made.marked_pages(results)
    assert results.used == set(names)
    assert {path.stem for path in results.folder.glob("*.json")} == set(names)


def test_other_people_of_venice_are_made(
    shared: Path, records: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Instances of the benchmarks that change the fixed one have the persons they say."""
    monkeypatch.setenv("EVACROUTE_SHARED", str(shared))
    made_of = importlib.import_module("instances").INSTANCES
    given = made_of["venice_100k"]()
    persons = {name: made_of[name]().persons / given.persons
               for name in ("venice_seed_1", "venice_half", "venice_double")}  # fmt: skip
    assert persons == pytest.approx({"venice_seed_1": 1, "venice_half": 0.5, "venice_double": 2},
                                    rel=0.01)  # fmt: skip
    for name in ("venice_room_halved", "venice_shelters_halved"):
        fewer = made_of[name]()
        assert fewer.persons == given.persons
        assert fewer.shelters.capacity.sum() < 0.8 * given.shelters.capacity.sum()


@pytest.fixture
def every(records: Any) -> Any:
    """The script that runs all benchmarks."""
    return importlib.import_module("all")


def test_a_benchmark_that_fails_leaves_nothing(every: Any, tmp_path: Path) -> None:
    """Of a benchmark that ends badly, or makes less than it says, no result is kept."""
    missing = every.Benchmark("gone", ("no_such_script.py",), ("gone",), shared=False)
    assert not every.run(missing, tmp_path)
    empty = every.Benchmark("empty", ("apart.py",), ("empty",), shared=False)
    assert not every.run(empty, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_others_go_on_after_a_failure(
    every: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """After one that fails the next runs; what needs inputs that are not there is skipped."""
    ran = []
    monkeypatch.setattr(every, "run", lambda one, _: ran.append(one.name) or one.name != "bad")
    monkeypatch.setattr(every, "shared_folder", lambda: tmp_path / "none")
    some = [every.Benchmark(name, ("x.py",), (name,), shared=name == "far")
            for name in ("bad", "far", "good")]  # fmt: skip
    assert every.run_all(some, tmp_path) == ["bad"]
    assert ran == ["bad", "good"]
    assert "far: skipped, no shared inputs" in capsys.readouterr().out
