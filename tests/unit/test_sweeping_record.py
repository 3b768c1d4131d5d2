"""The folder of a sweep: what is done is kept, gone on with, and not mixed with another's."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from broken_links import BrokenLinks
from sweeps import PEOPLE, SEEDS, play

import evacroute as er
from evacroute.sweeping.digest import digest


@pytest.fixture(scope="module")
def scenario() -> er.Scenario:
    return er.lagoon(people=PEOPLE)


@pytest.fixture(scope="module")
def plan(scenario: er.Scenario) -> er.Plan:
    return er.assign(scenario)


@pytest.fixture(scope="module")
def played(scenario: er.Scenario, plan: er.Plan) -> er.Sweep:
    return play(scenario, plan)


def test_a_sweep_goes_on_where_it_ended(
    scenario: er.Scenario, plan: er.Plan, played: er.Sweep, tmp_path: Path
) -> None:
    """Done draws are read, a half-written line is cut off, more draws are added: the same sweep."""
    how: dict[str, Any] = {"plan": plan, "executor": "serial", "folder": tmp_path / "sweep"}
    first = er.sweep(scenario, BrokenLinks(), draws=4, **how)
    rows = tmp_path / "sweep" / "draws.jsonl"
    lines = rows.read_bytes().splitlines(keepends=True)
    assert len(lines) == 4
    rows.write_bytes(b"".join(lines[:2]) + lines[2][:20])
    told: list[str] = []
    again = er.sweep(
        scenario, BrokenLinks(), draws=SEEDS, progress=lambda s, _: told.append(s), **how
    )
    assert told[0] == f"draw 2 of {SEEDS}"
    assert told[-1] == f"draw {SEEDS} of {SEEDS}"
    assert again.equals(played)
    assert again.table[:2].equals(first.table[:2]), "seconds too: the first two were not done again"
    assert len(rows.read_bytes().splitlines()) == SEEDS
    written = pd.read_csv(tmp_path / "sweep" / "draws.csv")
    assert written["safe"].tolist() == played.table["safe"].tolist()


def test_another_sweep_is_not_gone_on_with(
    scenario: er.Scenario, plan: er.Plan, tmp_path: Path
) -> None:
    """Other people, plan, settings or hazards under the same folder: an error that names them."""
    folder = tmp_path / "sweep"
    how: dict[str, Any] = {"executor": "serial", "folder": folder}
    er.sweep(scenario, BrokenLinks(), draws=2, plan=plan, **how)
    with pytest.raises(er.InputError, match="of another plan;"):
        er.sweep(scenario, BrokenLinks(), draws=2, **how)
    with pytest.raises(er.InputError, match="of another plan, method or settings;"):
        er.sweep(scenario, BrokenLinks(), draws=2, step=5, **how)
    other = er.lagoon(people=PEOPLE, seed=1)
    with pytest.raises(er.InputError, match="another scenario, plan;"):
        er.sweep(other, BrokenLinks(), draws=2, plan=er.assign(other), **how)
    with pytest.raises(er.InputError, match=r"(?s)2 faults.*draw 0: was made of another hazard"):
        er.sweep(scenario, BrokenLinks(share=0.1), draws=2, plan=plan, **how)
    head = json.loads((folder / "sweep.json").read_text())
    head["fingerprint"]["version of evacroute"] = "0.0.1"
    (folder / "sweep.json").write_text(json.dumps(head))
    with pytest.raises(er.InputError, match="another version of evacroute"):
        er.sweep(scenario, BrokenLinks(), draws=2, plan=plan, **how)


def test_a_folder_of_something_else_is_left_alone(
    scenario: er.Scenario, plan: er.Plan, tmp_path: Path
) -> None:
    """Folders with other files, files in its place, and broken rows are refused."""
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "mine.txt").write_text("mine")
    (tmp_path / "b").write_text("a file")
    how: dict[str, Any] = {"plan": plan, "executor": "serial"}
    for name in ("a", "b"):
        with pytest.raises(er.InputError, match=f"{name}: "):
            er.sweep(scenario, [None], folder=tmp_path / name, **how)
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["mine.txt"]
    er.sweep(scenario, [None], folder=tmp_path / "c", **how)
    rows = tmp_path / "c" / "draws.jsonl"
    rows.write_text("nonsense\n" + rows.read_text())
    with pytest.raises(er.InputError, match="line 1: is not the row of a draw"):
        er.sweep(scenario, [None], folder=tmp_path / "c", **how)


def test_plans_are_kept_in_the_folder(scenario: er.Scenario, tmp_path: Path) -> None:
    """With a folder plans are plan folders that verify; a draw whose plan is gone is done again."""
    how: dict[str, Any] = {
        "method": "earliest_arrival", "executor": "serial", "keep_plans": True, "folder": tmp_path,
    }  # fmt: skip
    first = er.sweep(scenario, [None, None], **how)
    assert first.plans is None
    assert er.verify(er.read_plan(tmp_path / "plans" / "0001")).ok
    (tmp_path / "plans" / "0001").rename(tmp_path.parent / "away")
    told: list[str] = []
    again = er.sweep(scenario, [None, None], progress=lambda s, _: told.append(s), **how)
    assert told == ["draw 1 of 2", "draw 2 of 2"]
    assert again.equals(first)
    assert (tmp_path / "plans" / "0001" / "legs.npz").exists()


SCRIPT = """
import sys
sys.path.insert(0, {tests!r})
import evacroute as er
from broken_links import BrokenLinks
if __name__ == "__main__":
    scenario = er.lagoon(people={people})
    er.sweep(scenario, BrokenLinks(), draws=200, method="earliest_arrival", workers=1,
             folder={folder!r})
"""


@pytest.fixture
def running(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[bytes], Path]]:
    """A sweep of 200 draws in a program of its own."""
    tests = str(Path(__file__).resolve().parents[1])
    folder = tmp_path / "sweep"
    script = tmp_path / "run.py"
    script.write_text(SCRIPT.format(tests=tests, people=PEOPLE, folder=str(folder)))
    # Where a script has started the tests in the background Ctrl-C is ignored, also by children.
    program = subprocess.Popen(
        [sys.executable, script], stderr=subprocess.PIPE,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )  # fmt: skip
    try:
        end = time.monotonic() + 120
        while not (folder / "draws.jsonl").exists() and time.monotonic() < end:
            assert program.poll() is None, program.communicate()[1].decode()
            time.sleep(0.05)
        yield program, folder
    finally:
        program.kill()
        program.communicate()


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_a_killed_sweep_is_gone_on_with(
    running: tuple[subprocess.Popen[bytes], Path], scenario: er.Scenario, number: int
) -> None:
    """Killed or stopped by Ctrl-C in the midst, the next call goes on with the draws that are done.

    The rows it had written are kept to the letter.
    """
    program, folder = running
    os.kill(program.pid, number)
    program.communicate(timeout=60)
    assert program.returncode != 0
    rows = (folder / "draws.jsonl").read_bytes()
    done = rows.count(b"\n")
    assert 1 <= done < 200
    whole = rows[: rows.rfind(b"\n") + 1]
    more = done + 2
    told: list[str] = []
    how: dict[str, Any] = {"draws": more, "method": "earliest_arrival", "executor": "serial"}
    found = er.sweep(
        scenario, BrokenLinks(), folder=folder, progress=lambda s, _: told.append(s), **how
    )
    assert (folder / "draws.jsonl").read_bytes().startswith(whole)
    assert len(told) <= 1 + more
    assert found.equals(er.sweep(scenario, BrokenLinks(), **how))


def test_digests_tell_contents_apart() -> None:
    """Equal contents have one digest, whatever the objects; any change gives another."""
    times = er.LinkTimes([1], [-1], [0.0], [5.0], [0.5])
    same = er.LinkTimes(np.array([1]), [-1], [0], [5], [0.5])
    assert digest(times) == digest(same)
    assert digest({"a": 1, "b": [2.0, None]}) == digest({"b": [2.0, None], "a": 1})
    assert digest(frozenset("abc")) == digest(frozenset("cba"))
    frame = pd.DataFrame({"x": [1.0, 2.0]})
    assert digest(frame) == digest(frame.copy())
    different = [
        times, er.LinkTimes([1], [-1], [0.0], [5.0], [0.25]), None, True, 1, 1.0, "1", b"1", [1],
        [[1]], {"a": 1}, {"a": 2}, np.array([1]), np.array([1.0]), np.array([[1]]),
        np.array(["a", "b"], object), np.array(["ab", ""], object), BrokenLinks(1), BrokenLinks(2),
        frame, frame + 1, {1}, 1 + 2j, range(3), complex, Path("a"),
    ]  # fmt: skip
    assert len({digest(one) for one in different}) == len(different)
    with pytest.raises(er.InputError, match="cannot be pickled"):
        digest(lambda: 3)
