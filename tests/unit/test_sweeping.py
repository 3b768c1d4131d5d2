"""`sweep`: many draws on any executor, the same bit for bit; kept, gone on with, checked."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import BrokenExecutor, Executor, Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from broken_links import BrokenLinks, Failing
from typer.testing import CliRunner

import evacroute as er
from evacroute.assignment import METHODS
from evacroute.cli import app
from evacroute.sweeping import draws as worker
from evacroute.sweeping.digest import digest
from evacroute.sweeping.draws import Answer, Parcel, list_draws, pack, run_draw
from evacroute.sweeping.pools import work_through

PEOPLE = 200
SEEDS = 6


@pytest.fixture(scope="module")
def scenario() -> er.Scenario:
    return er.lagoon(people=PEOPLE)


@pytest.fixture(scope="module")
def plan(scenario: er.Scenario) -> er.Plan:
    return er.assign(scenario)


@pytest.fixture(scope="module")
def played(scenario: er.Scenario, plan: er.Plan) -> er.Sweep:
    """The plan played in some draws, in this process."""
    return er.sweep(scenario, BrokenLinks(), draws=SEEDS, plan=plan, executor="serial")


def test_played_draws_are_those_of_evaluate(
    scenario: er.Scenario, plan: er.Plan, played: er.Sweep
) -> None:
    """Playing a plan in a sweep gives the figures of evaluate, draw by draw, with seeds in turn."""
    found = er.evaluate(plan, hazards=[BrokenLinks(i) for i in range(SEEDS)]).table
    for name in ("safe", "stuck", "late", "left", "mean_s", "p95_s", "clearance_s"):
        assert played.table[name].tolist() == found[name].tolist(), name
    assert played.table["draw"].tolist() == list(range(SEEDS))
    assert (played.table["closed_links"] > 100).all()
    assert played.worst["safe"] == found["safe"].min()
    assert played.expected["safe"] == pytest.approx(found["safe"].mean())


def test_planned_draws_are_those_of_assign(scenario: er.Scenario) -> None:
    """Planning anew in a sweep gives the figures of assign for the scenario with the hazard."""
    found = er.sweep(
        scenario, [BrokenLinks(3), None], method="earliest_arrival", executor="serial",
        keep_plans=True,
    )  # fmt: skip
    assert found.plans is not None
    for i, hazard in enumerate((BrokenLinks(3), None)):
        alone = er.assign(scenario.with_hazard(hazard), "earliest_arrival")
        assert found.table["safe"][i] == alone.safe
        assert found.table["left"][i] == alone.left
        assert found.table["mean_s"][i] == alone.times.mean
        assert found.plans[i].movements.equals(alone.movements)
        assert found.plans[i].scenario.link_times.equals(alone.scenario.link_times)


def test_processes_give_the_same_bit_for_bit(
    scenario: er.Scenario, plan: er.Plan, played: er.Sweep
) -> None:
    """One process, two processes and this process give equal sweeps, planned or played."""
    for workers in (1, 2):
        found = er.sweep(scenario, BrokenLinks(), draws=SEEDS, plan=plan, workers=workers)
        assert found.equals(played), workers
    planned = [
        er.sweep(scenario, BrokenLinks(), draws=4, **how)  # type: ignore[arg-type]
        for how in ({"executor": "serial"}, {"workers": 2})
    ]
    assert planned[0].equals(planned[1])
    assert not planned[0].equals(played)


def test_threads_do_no_harm(scenario: er.Scenario, plan: er.Plan, played: er.Sweep) -> None:
    """An executor of threads gives the same sweep, and is left open."""
    with ThreadPoolExecutor(3) as pool:
        found = er.sweep(scenario, BrokenLinks(), draws=SEEDS, plan=plan, executor=pool)
        assert pool.submit(int, 3).result() == 3
    assert found.equals(played)


class Forgetful(Executor):
    """Runs tasks at once, on a new worker every so often, in an order of its own."""

    def __init__(self, every: int) -> None:
        self.every, self.tasks, self.sent = every, 0, 0

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        self.tasks += 1
        self.sent += args[0].content is not None
        if self.tasks % self.every == 0:
            worker._unpacked.clear()
        future: Future[Any] = Future()
        future.set_result(fn(*args, **kwargs))
        return future


def test_workers_that_lack_the_scenario_get_it(
    scenario: er.Scenario, plan: er.Plan, played: er.Sweep
) -> None:
    """A worker that comes late or has forgotten asks for the scenario; nothing else is changed."""
    pool = Forgetful(every=3)
    found = er.sweep(scenario, BrokenLinks(), draws=SEEDS, plan=plan, executor=pool, workers=1)
    assert found.equals(played)
    assert pool.tasks > SEEDS
    assert 1 < pool.sent < pool.tasks


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


def test_one_bad_draw_stops_no_other(scenario: er.Scenario, plan: er.Plan, tmp_path: Path) -> None:
    """Failed draws are named at the end, the others are done and kept, and only they are redone."""
    hazard = Failing(bad=(1, 3))
    how: dict[str, Any] = {"draws": 5, "plan": plan, "executor": "serial", "folder": tmp_path}
    with pytest.raises(er.SolverError, match=r"(?s)2 of 5 draws.*draw 1: ZeroDiv.*draw 3: Zero"):
        er.sweep(scenario, hazard, **how)
    told: list[str] = []
    listed = er.sweep(
        scenario, hazard, on_error="list", progress=lambda s, _: told.append(s), **how
    )
    assert told[0] == "draw 3 of 5"
    assert listed.table["draw"].tolist() == [0, 2, 4]
    assert listed.errors == {i: f"ZeroDivisionError: seed {i} is bad" for i in (1, 3)}
    assert "2 draws failed; draw 1" in str(listed)


def test_bad_input_in_draws_is_bad_input(scenario: er.Scenario, plan: er.Plan) -> None:
    """Where every fault is one of the input, so is the error."""
    wrong = er.LinkTimes([10**6], [-1], [0.0], [1.0], [0.5])
    with pytest.raises(er.InputError, match="draw 1: HazardError"):
        er.sweep(scenario, [None, wrong], plan=plan, executor="serial")


@pytest.mark.parametrize(
    "call,message",
    [
        ({"hazards": BrokenLinks()}, "draws=N"),
        ({"hazards": []}, "no hazard"),
        ({"hazards": [3]}, "hazard is 3"),
        ({"hazards": BrokenLinks(), "draws": 0}, "draws is 0"),
        ({"hazards": er.LinkTimes.none(), "draws": 3}, "with a seed"),
        ({"draws": 3}, "with a seed"),
        ({"hazards": [None], "executor": "threads"}, "executor is 'threads'"),
        ({"hazards": [None], "workers": 0}, "workers is 0"),
        ({"hazards": [None], "method": "fastest"}, "method is 'fastest'"),
        ({"hazards": [None], "gap": 3}, "no setting gap"),
        ({"hazards": [None], "step": "soon"}, "step is 'soon'"),
        ({"hazards": [None], "max_density": -1}, "max_density"),
        ({"hazards": [None], "on_error": "ignore"}, "on_error"),
    ],
)
def test_wrong_calls_are_refused_at_the_door(
    scenario: er.Scenario, call: dict[str, Any], message: str
) -> None:
    """Whatever is wrong for every draw is one InputError before any is done."""
    with pytest.raises(er.InputError, match=message):
        er.sweep(scenario, **call)


def test_a_plan_must_fit(scenario: er.Scenario, plan: er.Plan) -> None:
    """A plan of other people is refused, and so are settings of methods beside a plan."""
    with pytest.raises(er.InputError, match="groups"):
        er.sweep(er.lagoon(people=PEOPLE, seed=1), [None], plan=plan)
    with pytest.raises(er.InputError, match="nothing is planned"):
        er.sweep(scenario, [None], plan=plan, keep_plans=True)
    with pytest.raises(er.InputError, match="not scenarios"):
        er.sweep(scenario, [scenario], plan=plan)


def test_seeds_move_on() -> None:
    """With draws every hazard with a seed gets its seed + i, the others stay; None = the own."""
    scenario = er.lagoon(people=50).with_hazard(BrokenLinks(7))
    fixed = er.LinkTimes.none()
    found = list_draws(scenario, [fixed, BrokenLinks(5)], 3)
    assert [one[1].seed for one in found] == [5, 6, 7]  # type: ignore[index,union-attr]
    assert all(one[0] is fixed for one in found)  # type: ignore[index]
    assert [one[0].seed for one in list_draws(scenario, None, 2)] == [7, 8]  # type: ignore


def test_another_version_refuses(scenario: er.Scenario) -> None:
    """A worker of another version of the library does not answer with other figures."""
    answer = run_draw(Parcel("token", "0.0.1", None), None)
    assert "started by 0.0.1" in answer.fault


def test_what_cannot_be_sent_is_bad_input(scenario: er.Scenario) -> None:
    """A scenario or setting that cannot be pickled is refused with a clear error."""
    from evacroute.sweeping.draws import Work

    work = Work(scenario, 0, None, "over_time", settings={"gap": lambda: 3})
    with pytest.raises(er.InputError, match="cannot be sent"):
        pack(work)


def test_dead_workers_are_told() -> None:
    """If the pool breaks, the sweep ends with an error that says what may be the matter."""

    class Dead(Executor):
        def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
            future: Future[Any] = Future()
            future.set_exception(BrokenExecutor("gone"))
            return future

    with pytest.raises(er.SolverError, match="__main__"):
        work_through(Dead(), Parcel("t", "v", b""), [(0, None)], lambda i, answer: None)


def test_ctrl_c_keeps_what_is_done_and_being_done() -> None:
    """After Ctrl-C waiting draws are called off, and those in work are taken before it goes on."""
    taken: list[int] = []

    class Interrupted(Executor):
        def __init__(self) -> None:
            self.futures: list[Future[Any]] = []

        def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
            future: Future[Any] = Future()
            self.futures.append(future)
            n = len(self.futures)
            if n == 1:
                future.set_result(Answer(row={}))
            elif n == 2:
                future.set_running_or_notify_cancel()
            elif n == 4:
                self.futures[1].set_result(Answer(row={}))
                raise KeyboardInterrupt
            return future

    pool = Interrupted()
    draws = [(i, None) for i in range(9)]
    with pytest.raises(KeyboardInterrupt):
        work_through(pool, Parcel("t", "v", b""), draws, lambda i, _: taken.append(i), 3)
    assert taken == [0, 1]
    assert pool.futures[2].cancelled()


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


def test_it_prints_and_turns_into_plain_types(played: er.Sweep, tmp_path: Path) -> None:
    """A sweep prints its spread, writes a table and turns into JSON."""
    text = str(played)
    assert f"{SEEDS} draws" in text
    assert "worst: draw" in text
    played.to_csv(tmp_path / "draws.csv")
    assert len(pd.read_csv(tmp_path / "draws.csv")) == SEEDS
    record = json.loads(json.dumps(played.to_dict(), allow_nan=False))
    assert len(record["draws"]) == SEEDS
    assert record["worst"]["safe"] == played.table["safe"].min()


def test_all_draws_failed_is_no_table(scenario: er.Scenario, plan: er.Plan) -> None:
    """If no draw succeeds the sweep is empty and says why."""
    found = er.sweep(
        scenario, Failing(bad=(0, 1)), draws=2, plan=plan, executor="serial", on_error="list"
    )
    assert len(found) == 0
    assert "2 draws failed" in str(found)
    assert found.to_dict()["worst"] is None


@pytest.mark.parametrize("method", METHODS)
def test_every_method_can_be_swept(method: str) -> None:
    """Each method plans in a sweep, and its plans come back whole."""
    settings = {"time_limit": 2.0} if method == "over_time" else {}
    found = er.sweep(
        er.lagoon(people=60), [None], method=method, executor="serial", keep_plans=True, **settings
    )
    assert found.plans is not None
    plan = found.plans[0]
    assert plan.placed + plan.left == 60
    assert (plan.prices is not None) == (method == "over_time")


def test_a_hazard_may_draw_itself() -> None:
    """A hazard with a method draws says what its draws are."""

    @dataclass(frozen=True)
    class Own(BrokenLinks):
        def draws(self, n: int) -> list[BrokenLinks]:
            return [BrokenLinks(1000 * (self.seed + i)) for i in range(n)]

    found = list_draws(er.lagoon(people=50), Own(2), 3)
    assert [one[0].seed for one in found] == [2000, 3000, 4000]  # type: ignore[index,union-attr]


def reader(monkeypatch: pytest.MonkeyPatch) -> None:
    """Put a reader of hazards in place that knows the stand-in only."""

    def make(texts: list[str], heights: Path | None, network: er.Network, **_: Any) -> Any:
        return [BrokenLinks(int(text.removeprefix("earthquake:seed="))) for text in texts]

    monkeypatch.setattr(sys.modules["evacroute.cli.sweep"], "make_hazards", make)


def test_the_command_sweeps(
    monkeypatch: pytest.MonkeyPatch, scenario: er.Scenario, tmp_path: Path
) -> None:
    """``evacroute sweep`` plans draws of an instance, goes on in its folder, and prints JSON."""
    reader(monkeypatch)
    er.write_instance(scenario, tmp_path / "instance")
    words = ["sweep", "--instance", str(tmp_path / "instance"), "--hazard", "earthquake:seed=4"]
    words += ["--method", "earliest_arrival", "--workers", "1", "--out", str(tmp_path / "out")]
    done = CliRunner().invoke(app, [*words, "--draws", "2"])
    assert done.exit_code == 0, done.output
    assert "2 draws" in done.stdout
    done = CliRunner().invoke(app, [*words, "--draws", "3", "--json"])
    assert done.exit_code == 0, done.output
    record = json.loads(done.stdout)
    other = er.read_instance(tmp_path / "instance")
    hazards = [BrokenLinks(4 + i) for i in range(3)]
    expected = er.sweep(other, hazards, method="earliest_arrival", executor="serial")
    assert [row["safe"] for row in record["draws"]] == expected.table["safe"].tolist()
    done = CliRunner().invoke(app, [*words, "--draws", "3", "--step", "5"])
    assert done.exit_code == 2
    assert "another method or settings" in done.output


def test_the_command_plays_a_plan(
    monkeypatch: pytest.MonkeyPatch, plan: er.Plan, tmp_path: Path
) -> None:
    """With --plan the plan folder is played as it is."""
    reader(monkeypatch)
    plan.save(tmp_path / "plan")
    words = ["sweep", "--plan", str(tmp_path / "plan"), "--hazard", "earthquake:seed=0"]
    words += ["--draws", "3", "--workers", "1", "--out", str(tmp_path / "out"), "--json"]
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 0, done.output
    found = er.evaluate(plan, hazards=[BrokenLinks(i) for i in range(3)]).table["safe"].tolist()
    assert [row["safe"] for row in json.loads(done.stdout)["draws"]] == found


@pytest.mark.parametrize(
    "words,message",
    [
        ([], "--instance DIR, or --plan"),
        (["--plan", "p", "--instance", "i"], "leave out --instance"),
        (["--plan", "p", "--keep-plans"], "leave out"),
        (["--instance", "i", "--gap", "0.1"], "--method over_time"),
        (["--instance", "nowhere"], "nowhere"),
        (["--instance", "i", "--draws", "0"], "--draws"),
    ],
)
def test_the_command_refuses(words: list[str], message: str, tmp_path: Path) -> None:
    """Options that do not go together are refused with code 2, and nothing is written."""
    out = tmp_path / "out"
    begin = ["sweep", "--hazard", "earthquake:seed=1", "--out", str(out)]
    done = CliRunner().invoke(app, [*begin, *words])
    assert done.exit_code == 2
    assert message in " ".join(done.output.replace("│", " ").split())
    assert not out.exists()
