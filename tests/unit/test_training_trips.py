"""Labels: what came of trips, and what ghosts met in the same run."""

from __future__ import annotations

import json
from concurrent.futures import BrokenExecutor, Executor, Future
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from odds import by_one

import evacroute as er
from evacroute.errors import InputError, SolverError
from evacroute.scoring.features import COLUMNS
from evacroute.scoring.ways import Ways
from evacroute.training import gathering, hydraulic
from evacroute.training._walkers import list_walkers
from evacroute.training.building import build, make_plan
from evacroute.training.gathering import (
    gather,
    make_trips,
    open_folder,
    read_gathered,
    round_ends,
)
from evacroute.training.ghosts import ghosts, pick, walk_ghosts
from evacroute.training.sampler import Draw, draw
from evacroute.training.train import _fits, judge, train
from evacroute.training.trips import (
    GHOST,
    OTHER,
    PLANNED,
    Labelled,
    _in_other,
    _planned_trips,
    label,
    play,
)


@pytest.fixture(scope="module")
def drawn() -> Draw:
    one = draw(0, 0, ("grid",))
    return replace(one, people=900, hazard="none", method="shelter_flow", room=1.6)


def test_labels_are_the_same_each_time(drawn: Draw) -> None:
    """A draw labelled twice gives the same rows and arrivals, of all three sources."""
    a, b = label(drawn, other=True), label(drawn, other=True)
    np.testing.assert_array_equal(a.rows, b.rows)
    np.testing.assert_array_equal(a.arrive, b.arrive)
    assert set(a.source.tolist()) == {PLANNED, GHOST, OTHER}
    assert a.rows.shape == (len(a), len(COLUMNS))


def test_ghosts_on_the_ways_of_people_take_about_as_long(drawn: Draw) -> None:
    """A ghost that walks where and when a person did, at their pace, arrives about when they did.

    It meets the mean of each minute, the person their own moment: hence about.
    """
    plan = make_plan(drawn, build(drawn))
    calm = replace(drawn, physics=replace(drawn.physics, compliance=1.0, delay_s=0.0))
    run = play(plan, calm)
    shelters = plan.scenario.shelters
    taken = np.bincount(np.maximum(run.shelter, 0), run.size * (run.shelter >= 0), len(shelters))
    # Where the last place was taken a ghost finds the one gone that its person had.
    came = np.flatnonzero(np.isfinite(run.arrive) & (taken < shelters.capacity)[run.shelter])
    assert len(came) > 100
    trips, _ = _planned_trips(plan, run.movement[came], run.size[came])
    from evacroute.simulation.crowd import gather as gather_parties
    from evacroute.training.trips import behaviour_of

    rng = np.random.default_rng(calm.key % 2**31)
    pace = gather_parties(plan.scenario, plan, behaviour_of(calm), rng).pace[came]
    ghosts = trips._replace(
        pace=pace[:, 0].copy(), pace_steps=pace[:, 1].copy(), depart=run.depart[came]
    )
    off = walk_ghosts(run, ghosts) - run.arrive[came]
    took = run.arrive[came] - run.depart[came]
    assert np.isfinite(off).all()
    assert np.abs(off).mean() < 0.05 * took.mean()
    assert abs(np.median(off)) < 3.0


def test_a_file_of_trips_that_is_cut_off_is_refused(drawn: Draw, tmp_path) -> None:
    """What is saved is read again; what is no such file is refused."""
    trips = label(drawn)
    trips.save(tmp_path / "a.npz")
    np.testing.assert_array_equal(Labelled.load(tmp_path / "a.npz").arrive, trips.arrive)
    content = (tmp_path / "a.npz").read_bytes()
    (tmp_path / "b.npz").write_bytes(content[: len(content) // 2])
    with pytest.raises(InputError, match=r"b\.npz"):
        Labelled.load(tmp_path / "b.npz")
    np.savez(tmp_path / "c.npz", rows=np.zeros((2, 3)))
    with pytest.raises(InputError, match="labelled trips"):
        Labelled.load(tmp_path / "c.npz")


def test_a_folder_is_gone_on_with(tmp_path) -> None:
    """What is there is not made again; another seed or other files are refused."""
    folder = open_folder(tmp_path / "trips", 0, [2])
    gather(folder, range(2), executor="serial")
    times = {path.name: path.stat().st_mtime_ns for path in (folder / "trips").iterdir()}
    with pytest.raises(InputError, match="1 of 3 draws are missing, first 2"):
        read_gathered(folder, 3)
    gather(open_folder(folder, 0, [3]), range(3), executor="serial")
    after = {path.name: path.stat().st_mtime_ns for path in (folder / "trips").iterdir()}
    assert times.items() <= after.items()
    trips, heads, digest = read_gathered(folder)
    assert [head["index"] for head in heads] == [0, 1, 2]
    assert set(trips.draw.tolist()) == {0, 1, 2}
    assert len(digest) == 64
    assert set(read_gathered(folder, 2)[0].draw.tolist()) == {0, 1}
    with pytest.raises(InputError, match="seed 0, expected 1"):
        open_folder(folder, 1, [3])
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "x.txt").write_text("x")
    with pytest.raises(InputError, match="other files"):
        open_folder(tmp_path / "other", 0, [3])
    with pytest.raises(InputError, match=r"gathered\.json"):
        read_gathered(tmp_path / "other")
    with pytest.raises(InputError, match="there is no such folder"):
        read_gathered(tmp_path / "nowhere")


def test_ctrl_c_loses_no_draw_that_is_done(tmp_path, monkeypatch) -> None:
    """Where draws are made in this process, each is kept before the next is begun."""
    made: list[int] = []

    def note(seed: int, index: int, path: str, *_: object) -> dict[str, object]:
        made.append(index)
        return {"index": index, "draw": {}, "trips": 0, "fault": ""}

    def interrupt(stage: str, share: float) -> None:
        if share >= 0.5:
            raise KeyboardInterrupt

    monkeypatch.setattr(gathering, "make_trips", note)
    folder = open_folder(tmp_path / "trips", 0, [4])
    with pytest.raises(KeyboardInterrupt):
        gather(folder, range(4), executor="serial", progress=interrupt)
    kept = [int(path.stem) for path in sorted((folder / "trips").glob("*.json"))]
    assert kept == made == [0, 1]


def test_dead_workers_of_a_training_are_told(tmp_path) -> None:
    """If the pool breaks, the training says so, and that it can be gone on with."""

    class Dead(Executor):
        def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
            future: Future[Any] = Future()
            future.set_exception(BrokenExecutor("gone"))
            return future

    folder = open_folder(tmp_path / "trips", 0, [3])
    with pytest.raises(SolverError, match="the same command goes on"):
        gather(folder, range(3), executor=Dead())


def test_rounds_that_others_rest_on_stay_as_they_are(tmp_path, monkeypatch) -> None:
    """More rounds, or a longer last one, may follow; trips of other code are not gone on with."""
    folder = open_folder(tmp_path, 0, [4])
    for ends in ([6], [6, 9], [6, 12], [6, 12, 15]):
        open_folder(folder, 0, ends, 40)
    for ends in ([6, 11, 15], [5, 12, 15], [15], [7, 12]):
        with pytest.raises(InputError, match="rounds end before draws 6, 12, 15"):
            open_folder(folder, 0, ends, 40)
    with pytest.raises(InputError, match="forests of 40 trees, expected 60"):
        open_folder(folder, 0, [6, 12, 15], 60)
    monkeypatch.setattr("evacroute.training.gathering.code_hash", lambda: "other")
    with pytest.raises(InputError, match="another state of the library"):
        open_folder(folder, 0, [6, 12, 15], 40)


@pytest.mark.parametrize("scenarios,rounds", [(0, 1), (True, 1), (4, 0), (4, 5), (2.0, 1)])
def test_numbers_of_rounds_are_checked(scenarios: int, rounds: int) -> None:
    """Scenarios and rounds are whole numbers, and no round is empty."""
    with pytest.raises(InputError, match=r"rounds|scenarios"):
        round_ends(scenarios, rounds)


def test_a_draw_nobody_can_be_placed_in_is_told(tmp_path, monkeypatch) -> None:
    """A draw that cannot be labelled does not end the sweep: its fault is in the head."""

    def fails(*_: object, **__: object) -> None:
        raise InputError("nobody has a place")

    monkeypatch.setattr("evacroute.training.gathering.label", fails)
    head = make_trips(0, 0, str(tmp_path / "x.npz"))
    assert head["trips"] == 0
    assert "nobody" in head["fault"]


def test_train_and_judge_on_a_handful_of_scenarios(tmp_path, monkeypatch) -> None:
    """The whole way: a scorer with its card, data card and figures; judged again, the same."""

    def few(seed: int, index: int, worlds: tuple[str, ...]) -> Draw:
        return replace(draw(seed, index, worlds), world="grid", people=300, hazard="none")

    monkeypatch.setattr("evacroute.training.gathering.draw", few)
    made = train(tmp_path / "t", 20, rounds=2, trees=8, executor="serial")
    heads = read_gathered(made.folder)[1]
    assert len(heads) == 20
    assert (made.folder / "rounds" / "01" / "scorer.npz").exists()
    first, second = made.evaluation["rounds"]
    assert first["before"] is None
    assert second["before"]["trips"] == second["after"]["trips"] > 0
    for name in ("scorer.npz", "scorer.json", "evaluation.json", "data_card.json"):
        assert (made.folder / name).exists()
    assert made.scorer.card.data_sha256 == read_gathered(made.folder)[2]
    assert json.dumps(judge(made.folder).evaluation) == json.dumps(made.evaluation)
    assert "unseen networks" in str(made)


def test_more_are_picked_of_rare_kinds() -> None:
    """Trips of the slow and of those without steps come first; weights make up for it."""
    kind = np.repeat(np.array([0, 1, 2, 3], np.int8), [700, 40, 10, 250])
    found, weight = pick(kind, 160, np.random.default_rng(0))
    count = np.bincount(kind[found], minlength=4)
    assert count.sum() == len(np.unique(found)) == 160
    assert count[2] == 10
    assert 24 <= count[1] <= 40
    assert weight.sum() == pytest.approx(160)
    for k, n in enumerate((700, 40, 10, 250)):
        assert weight[kind[found] == k].sum() == pytest.approx(0.16 * n)
    everybody, ones = pick(kind, 5000, np.random.default_rng(0))
    assert everybody.tolist() == list(range(1000))
    assert (ones == 1).all()


def taken_by(plan: er.Plan) -> np.ndarray:
    """Places that a plan takes, all and step-free ones, one person after the other."""
    taken = np.zeros((2, len(plan.scenario.shelters)), np.int64)
    classes, groups, moves = plan.scenario.group_classes, plan.scenario.groups, plan.movements
    for group, shelter, size in zip(moves.group, moves.shelter, moves.size, strict=True):
        taken[0, shelter] += size
        taken[1, shelter] += size * classes.step_free[groups.class_[group]]
    return taken


@pytest.mark.parametrize("spare", [0, 1])
def test_ghosts_go_where_the_plan_leaves_room(drawn: Draw, spare: int) -> None:
    """A ghost is sent where `recommend` would offer a place, a step-free one to who needs it."""
    tight = replace(drawn, room=1.1)
    plan = make_plan(tight, build(tight))
    shelters, taken = plan.scenario.shelters, taken_by(plan)
    # Of all shelters with places left one has a step-free one, or none has; a full one has more
    # of these than step-free people.
    step_free = taken[1].copy()
    step_free[np.argmax(shelters.capacity - taken[0])] += spare
    step_free[np.argmin(shelters.capacity - taken[0])] += 1
    shelters = replace(shelters, step_free_capacity=step_free)
    scenario = er.Scenario(
        plan.scenario.network, plan.scenario.people, shelters, deadline=plan.scenario.deadline_s
    )
    plan = replace(plan, scenario=scenario)
    left = np.stack([shelters.capacity, shelters.step_free_capacity]) - taken_by(plan)
    chance = np.random.default_rng(0)
    part = ghosts(
        scenario, Ways(scenario), play(plan, tight), plan.movements, tight, chance, 400
    )  # fmt: skip
    found = part.trips
    assert part.weight.sum() == pytest.approx(len(part.arrive))
    needs = scenario.group_classes.step_free[found.class_]
    assert needs.any() == (spare > 0)
    assert not needs.all()
    assert (left[0][found.shelter] >= found.size).all()
    assert (left[1][found.shelter][needs] >= found.size[needs]).all()
    assert (left[0] == 0).any()


def test_followers_in_the_other_simulator_are_those_who_followed(
    drawn: Draw, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Trips that are labelled there are of parties who took the plan's way in that very run."""
    wayward = replace(drawn, physics=replace(drawn.physics, compliance=0.5))
    plan = make_plan(wayward, build(wayward))
    seen: list[np.ndarray] = []

    def note(plan: er.Plan, follows: np.ndarray, *other: Any) -> Any:
        seen.append(follows)
        return list_walkers(plan, follows, *other)

    monkeypatch.setattr(hydraulic, "list_walkers", note)
    part = _in_other(plan, wayward, np.random.default_rng(0))
    (follows,) = seen
    moves, groups = plan.movements, plan.scenario.groups
    of = np.repeat(moves.group, moves.size)
    followed = np.unique(of[follows])
    assert 0.3 < len(followed) / len(np.unique(of)) < 0.7
    assert np.isin(part.group, followed).all()
    # A household is one trip.
    households = part.group[groups.together[part.group]]
    assert len(households) == len(np.unique(households)) > 10


def test_a_broken_scorer_of_a_round_is_made_again(tmp_path) -> None:
    """A scorer of a round that was cut off, or is of other trips, does not count as there."""
    by_one("free_s", 1.0).save(tmp_path)
    assert _fits(tmp_path, "0123456789abcdef" * 4)
    assert not _fits(tmp_path, "f" * 64)
    content = (tmp_path / "scorer.npz").read_bytes()
    (tmp_path / "scorer.npz").write_bytes(content[:100])
    assert not _fits(tmp_path, "0123456789abcdef" * 4)
    assert not _fits(tmp_path / "none", "0123456789abcdef" * 4)
