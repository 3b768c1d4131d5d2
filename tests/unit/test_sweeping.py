"""`sweep`: many draws on any executor, the same bit for bit; checked, and told."""

from __future__ import annotations

import json
from concurrent.futures import BrokenExecutor, Executor, Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from broken_links import BrokenLinks, Failing
from sweeps import PEOPLE, SEEDS, play

import evacroute as er
from evacroute.assignment import METHODS
from evacroute.sweeping import draws as worker
from evacroute.sweeping.draws import Answer, Parcel, list_draws, pack, run_draw
from evacroute.sweeping.pools import work_through


@pytest.fixture(scope="module")
def scenario() -> er.Scenario:
    return er.lagoon(people=PEOPLE)


@pytest.fixture(scope="module")
def plan(scenario: er.Scenario) -> er.Plan:
    return er.assign(scenario)


@pytest.fixture(scope="module")
def played(scenario: er.Scenario, plan: er.Plan) -> er.Sweep:
    return play(scenario, plan)


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
