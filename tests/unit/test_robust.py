"""Robust plans: link times combined, ways opened, and the candidate that is best over all."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from broken_links import BrokenLinks, assign_round
from networks import degrees, diamond, from_edges, grid
from scenes import scene

import evacroute as er
from evacroute._adding import add_left, safe_in_any, without_hope
from evacroute.hazards.combined import overlay
from evacroute.network import FERRY
from evacroute.robust import assign_robust, open_ways

INF = float("inf")


def rows(*given: tuple[int, int, float, float, float]) -> er.LinkTimes:
    link, class_, begin, end, factor = zip(*given, strict=True)
    return er.LinkTimes(link, class_, begin, end, factor)


def at(times: er.LinkTimes, n_classes: int, link: int, time: float) -> list[float]:
    """Factors of a link at a time, class by class."""
    return times.profile(n_classes, 1e6).at(time, 9)[:, link].tolist()


def test_the_worst_is_the_least_at_every_moment() -> None:
    """Of two scenarios the slower factor counts, for each class and stretch of time."""
    first = rows((3, -1, 0.0, 100.0, 0.5), (3, 1, 50.0, 200.0, 0.5))
    second = rows((3, 0, 80.0, INF, 0.0), (5, -1, 0.0, INF, 0.75))
    worst = overlay([first, second], 2, 1000.0).worst()
    assert at(worst, 2, 3, 10) == [0.5, 0.5]
    assert at(worst, 2, 3, 60) == [0.5, 0.25]
    assert at(worst, 2, 3, 90) == [0.0, 0.25]
    assert at(worst, 2, 3, 150) == [0.0, 0.5]
    assert at(worst, 2, 3, 999) == [0.0, 1.0]
    assert at(worst, 2, 5, 500) == [0.75, 0.75]
    assert set(worst.link) == {3, 5}


def test_the_worst_of_random_times_is_their_minimum() -> None:
    """At any time, for any class and link, the combined factor is the least of all scenarios."""
    rng = np.random.default_rng(1)
    for _ in range(20):
        several = []
        for _ in range(rng.integers(1, 5)):
            n = rng.integers(0, 15)
            begin = rng.integers(-5, 40, n) * 5.0
            end = begin + rng.choice([5.0, 40.0, INF], n)
            link, class_ = rng.integers(0, 6, n), rng.integers(-1, 3, n)
            factor = rng.choice([0, 0.3, 0.5, 1.0], n)
            several.append(er.LinkTimes(link, class_, begin, end, factor))
        worst = overlay(several, 3, 150.0).worst().profile(3, 150.0)
        apart = [times.profile(3, 150.0) for times in several]
        for time in (0.0, 3.0, 25.0, 99.9, 149.0):
            least = np.min([one.at(time, 6) for one in apart], axis=0)
            np.testing.assert_array_equal(worst.at(time, 6), least)


def test_expected_times_are_mean_times() -> None:
    """The factor is that of the mean walking time; closed where that is likelier than allowed."""
    several = [
        rows((0, -1, 0.0, INF, 0.5)), er.LinkTimes.none(), rows((0, -1, 0.0, INF, 0.0)),
    ]  # fmt: skip
    laid = overlay(several, 1, 100.0)
    weight = np.array([0.25, 0.5, 0.25])
    mean = (0.25 * 2 + 0.5 * 1) / 0.75
    assert at(laid.expected(weight, 0.25), 1, 0, 5)[0] == pytest.approx(1 / mean)
    assert at(laid.expected(weight, 0.24), 1, 0, 5) == [0.0]
    always = overlay([several[2]] * 2, 1, 100.0)
    assert at(always.expected(np.array([0.5, 0.5]), 1.0), 1, 0, 5) == [0.0]


def test_nothing_that_changes_is_nothing_combined() -> None:
    """Scenarios without hazards combine to none."""
    laid = overlay([er.LinkTimes.none()] * 2, 3, 100.0)
    assert len(laid.worst()) == len(laid.expected(np.array([0.5, 0.5]), 0.0)) == 0


def test_the_likeliest_way_is_opened_to_those_cut_off() -> None:
    """Of two ways that are each closed at times the one less often is opened, to their class."""
    network = diamond(upper=100.0, lower=150.0)
    both = [(1.0, 0.5), (1.0, 0.0)]
    scenario = scene(network, [(0, 1), (0, 1, 0.0, 1)], [(3, 9)], classes=both, deadline=1000.0)
    often, seldom = np.flatnonzero(network.from_node == 0).tolist()
    closed = [rows((often, -1, 0.0, INF, 0.0))] * 3 + [rows((seldom, -1, 0.0, INF, 0.0))]
    laid = overlay(closed, 2, 1000.0)
    weight = np.full(4, 0.25)
    assert at(laid.worst(), 2, often, 0) == at(laid.worst(), 2, seldom, 0) == [0.0, 0.0]
    opened = open_ways(scenario, laid, weight, np.array([1]))
    assert at(opened, 2, seldom, 0) == [0.0, 1.0]
    assert at(opened, 2, often, 0) == [0.0, 0.0]
    opened = open_ways(scenario, laid, weight, np.array([0, 1]))
    assert at(opened, 2, seldom, 0) == [1.0, 1.0]


def test_a_way_that_is_always_closed_is_not_opened() -> None:
    """Where every way is closed in every scenario nothing is opened."""
    network = from_edges([(0, 0), (100, 0)], [(0, 1)])
    scenario = scene(network, [(0, 1)], [(1, 9)])
    laid = overlay([rows((0, -1, 0.0, INF, 0.0))] * 2, 1, 3600.0)
    opened = open_ways(scenario, laid, np.array([0.5, 0.5]), np.array([0]))
    assert at(opened, 1, 0, 0) == [0.0]


def standing(*metres: float, room: int = 9) -> er.Scenario:
    """Persons at x [m] on a corridor of three streets of 100 m, a shelter at its beginning."""
    network = from_edges([(0, 0), (100, 0), (200, 0), (300, 0)], [(0, 1), (1, 2), (2, 3)])
    lon, lat = degrees(list(metres), [0.0] * len(metres))
    ids = [f"p{i}" for i in range(len(metres))]
    people = er.read_people(pd.DataFrame({"person_id": ids, "lon": lon, "lat": lat}), network)
    door = {"shelter_id": ["S"], "node_id": ["N0"], "capacity": [room]}
    shelters = er.read_shelters(pd.DataFrame(door), network)
    return er.Scenario(network, people, shelters, deadline="20 min")


LAST_STREET = rows((4, -1, 0.0, INF, 0.0), (5, -1, 0.0, INF, 0.0))
"""Both directions of the street farthest from the shelter, closed for good."""


@pytest.mark.parametrize("measure", ["worst", "expected"])
def test_who_stands_on_a_street_that_may_fall_is_planned_by_the_likely_scenario(
    measure: str,
) -> None:
    """They have a way, and it is told that in the other scenario they are stuck."""
    dry = standing(20.0, 230.0)
    several = [dry, dry.with_hazard(LAST_STREET)]
    plan = er.assign(several, robust=measure, probabilities=[0.9, 0.1])
    assert (plan.placed, plan.left) == (2, 0)
    assert er.verify(plan).ok
    assert plan.settings["robust"]["safe"] == [2, 1]
    told = "played in 2 scenarios: 1.9 people safe on average, 1 in the worst (1)"
    assert told in str(plan.summary()).splitlines()
    risk = er.evaluate(plan, {"dry": several[0], "quake": several[1]}).at_risk
    assert risk[["scenario", "outcome"]].values.tolist() == [["quake", "stuck"]]
    mine = plan.assignments_frame().set_index("person_id").loc["p1", "movement_id"]
    assert risk["movement_id"].tolist() == [mine]


def test_likely_ways_are_tried_where_a_scenario_is_the_worst_case() -> None:
    """Of dry streets and others, where the worst case needs no plan of its own."""
    base = er.lagoon(people=400)
    several = [base, base.with_hazard(er.Earthquake(seed=1))]
    plan = er.assign(several, robust="worst", probabilities=[0.9, 0.1])
    said = plan.settings["robust"]
    assert said["chosen"] == "worst case, likely ways for those cut off"
    alone = [er.assign(one).safe for one in several]
    assert said["safe"] == alone
    assert er.verify(plan).ok


def test_where_others_set_out_a_street_is_opened_only_after_them() -> None:
    """A street stays closed until the others of the class, who wait for it, are out of it."""
    dry = standing(230.0, 230.0, 205.0)
    link = int(dry.groups.walks.link[0])
    closed = rows((link, -1, 0.0, 300.0, 0.0), (link, -1, 600.0, INF, 0.0))
    slow = rows((link, -1, 0.0, 300.0, 0.1))
    laid = overlay([closed, slow], 1, 1200.0)
    worst = dry.with_hazard(laid.worst())
    assert not worst.cut_off.any()
    everyone = np.arange(len(dry.groups))
    for groups, first in ((everyone, 0.1), (everyone[:-1], 0.0)):
        opened = open_ways(worst, laid, np.array([0.5, 0.5]), groups)
        assert at(opened, 1, link, 0) == [first]
        assert at(opened, 1, link, 700) == [1.0]


def test_who_is_left_for_want_of_room_is_not_told_of_a_closed_street() -> None:
    """Cut off in one scenario, and without a place in the other: the place is the reason."""
    dry = standing(20.0, 230.0, room=1)
    several = [dry, dry.with_hazard(LAST_STREET)]
    plan = add_left(er.assign(several[1]), several, np.array([0.9, 0.1]))
    assert plan.left_by_reason == {"no shelter with room (not proven)": 1}
    both = [dry.with_hazard(LAST_STREET)] * 2
    plan = add_left(er.assign(several[1]), both, np.array([0.9, 0.1]))
    assert plan.left_by_reason == {"cut off by a hazard": 1}


def test_whoever_is_safe_nowhere_is_withdrawn_and_may_be_added() -> None:
    """A way with one link closed in each scenario is no way; another that one has open is."""
    network = diamond(upper=100.0, lower=150.0)
    dry = scene(network, [(0, 2)], [(3, 9)], deadline=1000.0)
    plan = er.assign(dry)
    first, second = plan.movements.leg_link[:2].tolist()
    several = [dry.with_hazard(rows((one, -1, 0.0, INF, 0.0))) for one in (first, second)]
    assert er.evaluate(plan, several).odds["odds"].tolist() == [0.0]
    rest = without_hope(plan, safe_in_any(dry, plan.movements, plan.step_s, several))
    assert rest.left_by_reason == {"cut off by a hazard": 2}
    safe = safe_in_any(dry, rest.movements, rest.step_s, several)
    assert without_hope(rest, safe) is rest
    more = add_left(rest, several, np.array([0.5, 0.5]))
    assert (more.placed, more.left) == (2, 0)
    assert er.evaluate(more, several).table["safe"].tolist() == [2, 2]
    assert er.verify(more).ok


def test_nobody_is_added_to_a_plan_that_leaves_nobody() -> None:
    """The same plan comes back, its bound and prices with it."""
    dry = standing(20.0, 230.0)
    plan = er.assign(dry, "over_time", time_limit=1)
    assert add_left(plan, [dry, dry.with_hazard(LAST_STREET)], np.array([0.9, 0.1])) is plan


def test_who_is_added_rides_no_seat_that_is_taken() -> None:
    """A boat of one seat brings in one: of two beside it the other stays, in all scenarios."""
    network = from_edges([(0, 0), (100, 0), (200, 0)], [(0, 1), (1, 2)])
    kind = network.kind.copy()
    kind[[0, 1]] = FERRY
    boats = er.Boats(
        link=[1], trip_id=np.array(["T"], dtype=object), leave_s=[600.0], arrive_s=[660.0],
        seats=[1], wheelchair_places=[0], boarders=[9],
    )  # fmt: skip
    rest = scene(network, [(1, 1), (2, 1)], [(0, 9)])
    dry = er.Scenario(
        replace(network, kind=kind), rest.groups, rest.shelters, classes=rest.group_classes,
        boats=boats, deadline=3600.0,
    )  # fmt: skip
    cut = dry.with_hazard(rows((3, -1, 0.0, INF, 0.0)))
    plan = er.assign(cut, "earliest_arrival")
    assert plan.placed == 1
    more = add_left(plan, [dry, cut], np.array([0.9, 0.1]))
    assert more.placed == 1
    assert er.verify(more).ok


def broken_grid(seed: int) -> list[er.Scenario]:
    """Five scenarios of a crowd on a grid, each with some streets closed."""
    network = grid(7, 7, seed=seed, steps_share=0.1)
    rng = np.random.default_rng(seed)
    crowd = [(int(rng.integers(49)), int(rng.integers(1, 9)), 0.0, int(rng.integers(2)))
             for _ in range(30)]  # fmt: skip
    base = scene(network, crowd, [(0, 90), (48, 90)], classes=[(1.3, 0.7), (0.9, 0.0)])
    return [base.with_hazard(BrokenLinks(100 * seed + i, 0.08)) for i in range(5)]


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("measure", ["worst", "expected"])
def test_no_plan_of_one_scenario_is_better(seed: int, measure: str) -> None:
    """By its measure the robust plan is at least as good as that of any scenario alone."""
    scenarios = broken_grid(seed)
    weight = [3.0, 1, 1, 1, 2]
    plan = assign_robust(
        scenarios, lambda one, tell: assign_round(one), measure, probabilities=weight
    )
    mine = er.evaluate(plan, scenarios, probabilities=weight)
    for one in scenarios:
        other = er.evaluate(assign_round(one), scenarios, probabilities=weight)
        if measure == "worst":
            assert mine.worst["safe"] >= other.worst["safe"]
        else:
            assert mine.expected["safe"] >= other.expected["safe"] - 1e-9
    said = plan.settings["robust"]
    assert said["measure"] == measure
    assert said["worst_safe"] == mine.worst["safe"]
    assert said["expected_safe"] == pytest.approx(mine.expected["safe"])
    assert said["chosen"] in said["candidates"]
    assert len(said["candidates"]) > len(scenarios)


def test_a_robust_plan_brings_in_more_than_any_other() -> None:
    """Where no scenario's own plan avoids what others close, the worst case's plan does."""
    won = 0
    for seed in range(4):
        scenarios = broken_grid(seed)
        plan = assign_robust(scenarios, lambda one, tell: assign_round(one), "worst")
        others = [er.evaluate(assign_round(one), scenarios).worst["safe"] for one in scenarios]
        won += er.evaluate(plan, scenarios).worst["safe"] > max(others)
    assert won == 4


def test_a_plan_for_all_at_once_loses_nobody_in_any() -> None:
    """Whoever the worst case's plan places is safe in every scenario."""
    for seed in range(4):
        scenarios = broken_grid(seed)
        first = scenarios[0]
        laid = overlay(
            [one.link_times for one in scenarios], len(first.group_classes), first.deadline_s
        )
        plan = assign_round(first.with_hazard(laid.worst()))
        assert plan.placed > 0
        table = er.evaluate(plan, scenarios).table
        assert (table["safe"] == plan.safe).all()


@pytest.mark.parametrize("seed", range(8))
def test_every_candidate_keeps_the_rules_of_its_own_scenario(seed: int) -> None:
    """In the scenario it comes with the plan brings in whom it places, and no rule is broken."""
    scenarios = broken_grid(seed)
    plan = assign_robust(scenarios, lambda one, tell: assign_round(one), "expected")
    assert er.verify(plan).ok
    assert er.evaluate(plan, [plan.scenario]).table["safe"][0] == plan.safe == plan.placed
    assert plan.scenario.group_classes.equals(scenarios[0].group_classes)
    assert plan.scenario.groups.equals(scenarios[0].groups)


def test_assign_takes_several_scenarios(tmp_path: Path) -> None:
    """assign over scenarios gives a plan that verifies, says what it achieves, and can be saved."""
    base = er.lagoon(people=150)
    scenarios = [base.with_hazard(BrokenLinks(i)) for i in range(2)]
    told: list[float] = []
    plan = er.assign(
        scenarios, "earliest_arrival", robust="worst", probabilities=[1, 3],
        progress=lambda stage, share: told.append(share),
    )  # fmt: skip
    said = plan.settings["robust"]
    assert said["probabilities"] == [0.25, 0.75]
    assert er.verify(plan).ok
    assert told == sorted(told)
    assert 0 <= min(told) <= max(told) <= 1
    plan.save(tmp_path / "plan")
    assert er.verify(er.read_plan(tmp_path / "plan")).ok
    written = json.loads((tmp_path / "plan" / "summary.json").read_text())
    assert written["settings"]["robust"]["chosen"] == said["chosen"]
    assert plan.settings["robust"]["measure"] == "worst"
    assert er.assign(scenarios, "nearest").settings["robust"]["measure"] == "expected"


def test_alike_scenarios_are_planned_once() -> None:
    """Scenarios with the same link times need one plan."""
    base = er.lagoon(people=60)
    made: list[er.Scenario] = []

    def assign(scenario: er.Scenario, tell: object) -> er.Plan:
        made.append(scenario)
        return er.assign(scenario, "nearest")

    plan = assign_robust([base, base.with_hazard(er.LinkTimes.none())], assign, "worst")
    assert len(made) == 1
    assert plan.settings["robust"]["scenarios"] == 2


def test_ctrl_c_gives_the_best_so_far() -> None:
    """A method that was interrupted is the last to be asked; the best plan so far comes back."""
    base = er.lagoon(people=60)
    made: list[er.Plan] = []

    def assign(scenario: er.Scenario, tell: object) -> er.Plan:
        plan = er.assign(scenario, "nearest")
        plan = replace(plan, settings={"stopped": "interrupted" if made else "gap reached"})
        made.append(plan)
        return plan

    scenarios = [base.with_hazard(BrokenLinks(i)) for i in range(4)]
    plan = assign_robust(scenarios, assign, "worst")
    assert len(made) == 2
    assert len(plan.settings["robust"]["candidates"]) == 2


def test_wrong_calls_are_refused() -> None:
    """No scenario, unlike ones, an unknown measure, and measures for one scenario: InputError."""
    base = er.lagoon(people=60)
    other = er.lagoon(people=60, seed=1)
    later = replace(base, deadline=60.0, people=base.people, classes=None)
    with pytest.raises(er.InputError, match="there is none"):
        er.assign([])
    with pytest.raises(er.InputError, match=r"(?s)3 faults.*1: groups.*2: deadline.*3 is 'x'"):
        er.assign([base, other, later, "x"])  # type: ignore[list-item]
    with pytest.raises(er.InputError, match="robust is 'best'"):
        er.assign([base, base], robust="best")
    with pytest.raises(er.InputError, match="there is one"):
        er.assign(base, robust="worst")
    with pytest.raises(er.InputError, match="probabilities"):
        er.assign([base, base], probabilities=[1.0])
