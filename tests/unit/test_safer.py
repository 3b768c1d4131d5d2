"""Safety as a cost of plans: what is moved, what stays, and what scores a plan keeps."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from networks import corridor
from odds import GOOD, by_one
from scenes import WALKER, WHEELCHAIR, scene

import evacroute as er
from evacroute import _safer
from evacroute.assignment import METHODS, build_problem
from evacroute.assignment.placing import Placing
from evacroute.assignment.taking_up import take_up
from evacroute.judging import Judge, score
from evacroute.network import FERRY
from evacroute.scores import PlanScores
from evacroute.scoring.scorer import Scorer

SHORT = by_one("length_m", 120.0)
"""Who walks more than 120 m is likely safe: a scorer that wants people to go far."""


def two_ways(**other: object) -> er.Scenario:
    """Five people 100 m from a shelter on the left, and 200 m from one on the right."""
    network = corridor(6, 50.0)
    return scene(network, [(2, 5)], [(0, 9), (6, 9)], **other)  # type: ignore[arg-type]


@pytest.mark.parametrize("method", METHODS)
def test_people_go_where_odds_are_better(method: str) -> None:
    """With a weight everyone goes to the farther shelter, as only there they are likely safe."""
    plain = er.assign(two_ways(), method)
    assert set(plain.movements.shelter.tolist()) == {0}
    plan = er.assign(two_ways(), method, scorer=SHORT, safety_weight=600.0)
    assert set(plan.movements.shelter.tolist()) == {1}
    assert (plan.placed, plan.left) == (5, 0)
    assert plan.settings["safety_moved"] == 5
    assert plan.settings["safety_cost"] < plan.settings["safety_cost_before"]
    assert plan.settings["safety_expected"] > plan.settings["safety_expected_before"]
    assert "for their odds 5 people were put on other ways (c0 5): " in str(plan.summary())
    assert plan.settings["safety_moved_by_class"] == {"c0": 5}
    if method != "nearest":
        assert er.verify(plan).ok


def test_a_small_weight_is_not_worth_the_walk() -> None:
    """Where the odds gained count for less than the way is longer, nobody is moved."""
    plan = er.assign(two_ways(), scorer=SHORT, safety_weight=20.0)
    assert set(plan.movements.shelter.tolist()) == {0}
    assert plan.settings["safety_moved"] == 0


def test_without_weight_the_plan_is_the_plain_one() -> None:
    """A scorer alone changes nothing of a plan but adds its scores."""
    plain, plan = er.assign(two_ways()), er.assign(two_ways(), scorer=SHORT)
    assert plain.scores is None
    assert plan.scores is not None
    assert replace(plan, scores=None).equals(plain)


def test_room_is_kept() -> None:
    """No more people are moved than the likelier shelter has room for, and nobody loses a place."""
    network = corridor(6, 50.0)
    people = [(2, 1, 10.0 * i) for i in range(5)]
    scenario = scene(network, people, [(0, 9), (6, 3)])
    plan = er.assign(scenario, scorer=SHORT, safety_weight=600.0)
    assert np.bincount(plan.movements.shelter).tolist() == [2, 3]
    assert er.verify(plan).ok


def test_step_free_places_are_kept() -> None:
    """Who cannot use steps is not moved to a shelter without a step-free place for them."""
    network = corridor(6, 50.0)
    scenario = scene(network, [(2, 2)], [(0, 9), (6, 9, 0)], classes=[WHEELCHAIR])
    plan = er.assign(scenario, scorer=SHORT, safety_weight=600.0)
    assert set(plan.movements.shelter.tolist()) == {0}


def test_full_shelters_do_not_use_up_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody is tried for shelters that are full: those who may gain elsewhere come in turn."""
    monkeypatch.setattr(_safer, "PATIENCE", 1)
    network = corridor(12, 50.0)
    # The first would all gain most at the full shelter in the middle, the last at the free one.
    people = [(5, 1, 10.0 * i) for i in range(6)] + [(8, 2)]
    scenario = scene(network, people, [(4, 6), (8, 2), (12, 2)])
    plan = er.assign(scenario, scorer=SHORT, safety_weight=220.0)
    assert plan.settings["safety_moved"] >= 2
    assert plan.movements.shelter[plan.movements.group == 6].tolist() == [2]


def test_what_has_room_is_known_for_each_movement() -> None:
    """Room is for all of a movement, step-free for who needs it, and one's own place is kept."""
    people = [(5, 3, 0.0, 0), (5, 1, 10.0, 0), (5, 1, 20.0, 1)]
    doors = [(4, 5), (8, 2, 0), (12, 1, 1)]
    scenario = scene(corridor(12, 50.0), people, doors, classes=[WALKER, WHEELCHAIR])
    plan = er.assign(scenario)
    assert set(plan.movements.shelter.tolist()) == {0}
    work = started(plan, SHORT)
    rows = np.argsort(work.moves.group)
    assert work.moves.size[rows].tolist() == [3, 1, 1]
    walkers, wheelchair = work._has_room(0, rows[:2]), work._has_room(1, rows[2:])
    assert walkers.tolist() == [[True, False, False], [True, True, True]]
    assert wheelchair.tolist() == [[True, False, True]]


def test_estimates_are_of_trips_of_a_plan() -> None:
    """Whoever may be moved is estimated as one whom the plan lets wait nowhere."""
    work = started(er.assign(two_ways()), by_one("wait_s", -1.0))
    # Of trips without a plan the wait is unknown, which counts as less.
    good = 600.0 * np.log1p(np.exp(-GOOD))
    found = {
        int(s): float(value)
        for _, shelters, values in work._estimates(np.arange(1))
        for s, value in zip(shelters, values, strict=True)
    }
    assert found == pytest.approx({0: 100.0 + good, 1: 200.0 + good}, rel=1e-4)


def started(plan: er.Plan, scorer: Scorer) -> _safer._Rounds:
    """The rounds as they begin with a plan."""
    problem = build_problem(plan.scenario, plan.step_s)
    placing = Placing(problem)
    assert take_up(placing, plan.movements)
    worth = np.ones(len(plan.scenario.group_classes))
    work = _safer._Rounds(placing, Judge(plan.scenario, scorer), 600.0, worth)
    work.look()
    return work


def test_who_is_left_stays_left_with_a_reason() -> None:
    """People without a place are told of as before, and the plan keeps every rule."""
    scenario = scene(corridor(6, 50.0), [(2, 9)], [(0, 4), (6, 2)])
    plain = er.assign(scenario)
    plan = er.assign(scenario, scorer=SHORT, safety_weight=600.0)
    assert plan.left == plain.left == 3
    assert plan.left_by_reason == plain.left_by_reason
    assert er.verify(plan).ok


def test_the_bound_stays() -> None:
    """The bound is of time alone: it is that of the plain plan, and verify finds it again."""
    plain = er.assign(two_ways(), "over_time")
    plan = er.assign(two_ways(), "over_time", scorer=SHORT, safety_weight=600.0)
    assert plan.bound == plain.bound
    assert plan.cost > plain.cost
    assert er.verify(plan, bound=True).ok


@pytest.mark.parametrize("method", ["nearest", "shelter_flow"])
def test_whoever_is_moved_counts_once(method: str) -> None:
    """The number of moved people is that of those whose way differs from the plain plan's."""
    scenario = er.lagoon(people=12_000, deadline="25 min")
    plain, plan = (
        er.assign(scenario, method, scorer="default", safety_weight=w) for w in (0.0, 3600.0)
    )
    assert plan.settings["safety_rounds"] > 1

    def ways(plan: er.Plan) -> dict[tuple, int]:
        moves, found = plan.movements, {}
        for i in range(len(moves)):
            legs = slice(moves.leg_ptr[i], moves.leg_ptr[i + 1])
            key = (
                int(moves.group[i]), int(moves.shelter[i]), moves.leg_link[legs].tobytes(),
                moves.leg_enter[legs].round(3).tobytes(),
            )  # fmt: skip
            found[key] = found.get(key, 0) + int(moves.size[i])
        return found

    before, after = ways(plain), ways(plan)
    other = sum(max(n - before.get(key, 0), 0) for key, n in after.items())
    assert other > 0
    assert plan.settings["safety_moved"] == other


def test_the_same_twice() -> None:
    """The same call gives the same plan."""
    first, second = (er.assign(two_ways(), scorer=SHORT, safety_weight=600.0) for _ in range(2))
    assert first.equals(second)


def test_weights_of_classes_count() -> None:
    """With weights of classes the cost of time and odds is weighted as the method's own is."""
    people = [(2, 3, 0.0, 0), (2, 2, 20.0, 1)]
    scenario = scene(
        corridor(6, 50.0), people, [(0, 9), (6, 4)], classes=[(1.0, 0.5), (0.8, 0.4)]
    )  # fmt: skip
    plan = er.assign(scenario, "over_time", weights={"c1": 3.0}, scorer=SHORT, safety_weight=600.0)
    moves, scores, groups = plan.movements, plan.scores, scenario.groups
    assert scores is not None
    each = moves.arrive - groups.ready_time[moves.group] - 600.0 * np.log(scores.p_safe)
    worth = np.where(groups.class_[moves.group] == 1, 3.0, 1.0)
    assert plan.settings["safety_moved"] > 0
    assert plan.settings["safety_cost"] == pytest.approx(
        (worth * moves.size * each).sum(), rel=1e-5
    )
    # Where places are short those who count for more get them, else the more.
    assert moves.shelter[np.argsort(moves.group)].tolist() == [0, 1]
    plain = er.assign(scenario, "over_time", scorer=SHORT, safety_weight=600.0).movements
    assert plain.shelter[np.argsort(plain.group)].tolist() == [1, 0]


def test_taken_up_as_it_was() -> None:
    """A plan taken up again is booked as it was: the same movements come out."""
    plan = er.assign(er.lagoon(people=300), "earliest_arrival")
    placing = Placing(build_problem(plan.scenario, plan.step_s))
    assert take_up(placing, plan.movements)
    moves = plan.movements
    again = placing.movements(moves.left_group, moves.left_size, moves.left_reason)
    assert again.equals(moves)
    shelters = plan.scenario.shelters
    taken = np.bincount(moves.shelter, weights=moves.size, minlength=len(shelters))
    assert (placing.free.room == shelters.capacity - taken).all()


def test_strange_legs_are_not_taken_up() -> None:
    """Legs that are no ways of the grid are refused, and nothing is booked."""
    plan = er.assign(two_ways())
    placing = Placing(build_problem(plan.scenario, plan.step_s))
    moves = replace(plan.movements, leg_link=plan.movements.leg_link[::-1])
    assert not take_up(placing, moves)
    assert int(placing.store.count[0]) == 0


def test_scores_sum_up() -> None:
    """The summary tells the sum of the odds, and how many are in doubt, of all and by class."""
    plan = er.assign(two_ways(), scorer=SHORT)
    odds = plan.summary().odds
    assert odds is not None
    p = float(1 / (1 + np.exp(1.0)))
    assert odds["expected_safe"] == pytest.approx(5 * p)
    assert (odds["scored"], odds["doubtful"]) == (5, 5)
    assert odds["by_class"]["c0"]["doubtful"] == 5
    assert "expected safe as people walk: 1.3 of 5 scored; 5 in doubt (c0 5)" in str(plan.summary())
    assert er.assign(two_ways()).summary().odds is None


def test_arrivals_follow_the_walk() -> None:
    """Quantiles are times after the alarm: that of the free walk where the scorer says as much."""
    plan = er.assign(two_ways(), scorer=SHORT)
    scores = score(plan, SHORT)
    assert plan.scores is not None
    assert scores.equals(plan.scores)
    assert scores.q50[0] == pytest.approx(plan.movements.depart[0] + 100.0, rel=1e-3)
    wide = np.exp(0.5) * 130.0 - 30.0
    assert scores.q90[0] == pytest.approx(plan.movements.depart[0] + wide, rel=1e-3)


def test_scores_are_saved(tmp_path: Path) -> None:
    """A plan folder holds the scores, and gives them back; without any there is no file."""
    plan = er.assign(two_ways(), scorer=SHORT)
    plan.save(tmp_path / "scored")
    again = er.read_plan(tmp_path / "scored")
    assert again.equals(plan)
    er.assign(two_ways()).save(tmp_path / "plain")
    assert not (tmp_path / "plain" / "scores.csv.gz").exists()
    assert er.read_plan(tmp_path / "plain").scores is None


@pytest.mark.parametrize(
    ("column", "value", "told"),
    [
        ("p_safe", "1.5", "p_safe is 1.5, expected 0 to 1"),
        ("movement_id", "7", "movement_id is not 0 to 0 in order"),
        ("is_safe", "2", "is_safe is 2, expected 0 or 1"),
        ("q10_s", "9e9", "expected 0 <= q10 <= q50 <= q90"),
    ],
)
def test_tampered_scores_are_refused(tmp_path: Path, column: str, value: str, told: str) -> None:
    """Scores that contradict themselves or the movements are refused with the file's name."""
    er.assign(two_ways(), scorer=SHORT).save(tmp_path / "plan")
    path = tmp_path / "plan" / "scores.csv.gz"
    pd.read_csv(path, dtype=str).assign(**{column: value}).to_csv(path, index=False)
    with pytest.raises(er.InputError, match=told) as error:
        er.read_plan(tmp_path / "plan")
    assert "scores.csv.gz" in str(error.value)


def test_scores_of_another_plan_are_refused() -> None:
    """A plan takes no scores of another number of movements."""
    with pytest.raises(er.SolverError, match="3 rows for 1 movements"):
        replace(er.assign(two_ways()), scores=PlanScores.unknown(3))


@pytest.mark.parametrize("weight", [-1.0, float("nan"), float("inf"), "much", True])
def test_bad_weights_are_refused(weight: object) -> None:
    """A weight is a finite number of seconds, 0 or more."""
    with pytest.raises(er.InputError, match="safety_weight is"):
        er.assign(two_ways(), safety_weight=weight)  # type: ignore[arg-type]


def test_bad_scorers_are_refused(tmp_path: Path) -> None:
    """A scorer of other features, a folder without one, and what is none are refused."""
    other = by_one("length_m", 1.0, names=("free_s", "length_m"))
    with pytest.raises(
        er.InputError, match=r"its features lack steps_share; wet_share;.*train it again"
    ):
        er.assign(two_ways(), scorer=other)
    with pytest.raises(er.InputError, match="no such file"):
        er.assign(two_ways(), scorer=str(tmp_path))
    with pytest.raises(er.InputError, match="scorer is int 3"):
        er.assign(two_ways(), scorer=3)  # type: ignore[arg-type]


def test_several_scenarios_have_no_weight() -> None:
    """Scorers are for one scenario."""
    with pytest.raises(er.InputError, match="for one scenario"):
        er.assign([two_ways(), two_ways()], scorer=SHORT, safety_weight=600.0)


def test_boats_are_not_scored(tmp_path: Path) -> None:
    """Who goes by boat has no odds, stays where they are, and is told apart from the scored."""
    network = corridor(4, 100.0)
    kind = network.kind.copy()
    kind[2:4] = FERRY
    boats = er.Boats(
        link=[2], trip_id=["X"], leave_s=[300.0], arrive_s=[400.0], seats=[9],
        wheelchair_places=[1], boarders=[9],
    )  # fmt: skip
    base = scene(network, [(0, 2), (3, 3)], [(4, 9)], deadline=1800.0)
    scenario = replace(base, network=replace(network, kind=kind), boats=boats)
    plan = er.assign(scenario, scorer=SHORT, safety_weight=600.0)
    assert plan.placed == 5
    assert plan.scores is not None
    by_boat = scenario.groups.node[plan.movements.group] == 0
    assert (plan.scores.known == ~by_boat).all()
    odds = plan.summary().odds
    assert odds is not None
    assert odds["scored"] == 3
    assert er.verify(plan).ok
    plan.save(tmp_path / "plan")
    assert er.read_plan(tmp_path / "plan").equals(plan)


def test_more_weight_more_odds() -> None:
    """Where places are many and streets wide, a larger weight never lowers the expected safe."""
    network = corridor(8, 50.0)
    people = [(node, 2, 10.0 * node) for node in (1, 2, 3)]
    scenario = scene(network, people, [(0, 20), (5, 20), (8, 20)])
    safe = []
    for weight in (0.0, 10.0, 30.0, 60.0, 100.0, 600.0):
        plan = er.assign(scenario, scorer=SHORT, safety_weight=weight)
        assert plan.scores is not None
        safe.append(plan.scores.expected_safe(plan.movements.size))
    assert safe == sorted(safe)
    assert safe[-1] > safe[0]
