"""`evaluate`: a fixed plan played in scenarios it was not made for."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from broken_links import BrokenLinks
from drawn_plans import make_plan
from networks import corridor
from scenes import scene

import evacroute as er
from evacroute.assignment.movements import Movements
from evacroute.hazards.combined import Combined
from evacroute.load.samples import lagoon_people
from evacroute.network import FERRY
from evacroute.plan import Plan

INF = float("inf")


def walk(
    *, wait: float = 0.0, door: float = 0.0, deadline: float = 1000.0, hazard: object = None
) -> Plan:
    """Two persons walk three links of 100 m at 1 m/s, waiting before the second and at the door."""
    scenario = scene(corridor(3), [(0, 2)], [(3, 5)], classes=[(1.0, 0.5)], deadline=deadline)
    enter = np.array([0.0, 100.0 + wait, 200.0 + wait])
    movements = Movements(
        group=[0], shelter=[0], size=[2], depart=[0.0], arrive=[300.0 + wait + door],
        leg_ptr=[0, 3], leg_link=[0, 2, 4], leg_enter=enter, leg_leave=enter + 100,
        left_group=[], left_size=[], left_reason=[],
    )  # fmt: skip
    return Plan(scenario.with_hazard(hazard), movements, method="by hand", step_s=10.0)


def rows(*given: tuple[int, float, float, float]) -> er.LinkTimes:
    link, begin, end, factor = zip(*given, strict=True)
    return er.LinkTimes(link, [-1] * len(link), begin, end, factor)


def fate(plan: Plan, *given: tuple[int, float, float, float]) -> tuple[int, int, int, float]:
    row = er.evaluate(plan, hazards=[rows(*given) if given else None]).table.iloc[0]
    return row["safe"], row["stuck"], row["late"], row["clearance_s"]


def test_without_a_hazard_all_is_as_planned() -> None:
    """In the plan's own scenario everyone placed in time is safe, at the planned times exactly."""
    plan = make_plan()
    row = er.evaluate(plan, [plan.scenario]).table.iloc[0]
    assert row["safe"] == plan.safe == plan.placed
    assert row["left"] == plan.left
    figures = plan.times
    assert (row["mean_s"], row["p95_s"]) == (figures.mean, figures.p95)
    assert row["clearance_s"] == figures.clearance


@pytest.mark.parametrize(
    "hazard,expected",
    [
        ((2, 0, INF, 0.5), (2, 0, 0, 400.0)),
        ((2, 0, 100, 0.5), (2, 0, 0, 300.0)),
        ((2, 100, 101, 0.5), (2, 0, 0, 400.0)),
        ((2, 101, INF, 0.5), (2, 0, 0, 300.0)),
        ((0, 0, INF, 0.1), (0, 0, 2, np.nan)),
        ((2, 0, INF, 0.0), (0, 2, 0, np.nan)),
        ((2, 0, 100, 0.0), (2, 0, 0, 300.0)),
        ((2, 199, 500, 0.0), (0, 2, 0, np.nan)),
        ((2, 200, 500, 0.0), (2, 0, 0, 300.0)),
        ((1, 0, INF, 0.0), (2, 0, 0, 300.0)),
        ((0, 0, 1, 0.0), (0, 2, 0, np.nan)),
    ],
)
def test_one_link_changes(hazard: tuple, expected: tuple) -> None:
    """Slow at entry = all of the link slow; inside while it is closed = stopped before it."""
    np.testing.assert_equal(fate(walk(), hazard), expected)


def test_waits_make_up_for_lateness() -> None:
    """A planned wait is shortened by what somebody is late, on the way and at the door."""
    assert fate(walk(wait=60), (0, 0, INF, 0.5)) == (2, 0, 0, 400.0)
    assert fate(walk(wait=60, door=30), (0, 0, INF, 0.5)) == (2, 0, 0, 400.0)
    assert fate(walk(wait=150), (0, 0, INF, 0.5)) == (2, 0, 0, 450.0)


def test_what_the_plan_reckoned_with_does_not_count_twice() -> None:
    """A plan made for a slow link keeps its times there, and nobody is before them elsewhere."""
    slow = rows((2, 0.0, INF, 0.5))
    plan = walk(hazard=slow)
    assert fate(plan, (2, 0, INF, 0.5)) == (2, 0, 0, 300.0)
    assert fate(plan) == (2, 0, 0, 300.0)
    assert fate(plan, (2, 0, INF, 0.25)) == (2, 0, 0, 500.0)


def test_late_is_after_the_deadline() -> None:
    """An arrival at the deadline is in time, a second later it is not."""
    slower = 100 / 101
    assert fate(walk(deadline=300.0))[:3] == (2, 0, 0)
    assert fate(walk(deadline=300.0), (4, 0, INF, slower))[:3] == (0, 0, 2)
    assert fate(walk(deadline=301.001), (4, 0, INF, slower))[:3] == (2, 0, 0)


def test_each_class_has_its_own_factors() -> None:
    """A link closed to one class only stops nobody else."""
    plan = make_plan()
    walking = np.flatnonzero(np.diff(plan.movements.leg_ptr))
    link = int(plan.movements.leg_link[plan.movements.leg_ptr[walking[0]]])
    class_of = plan.scenario.groups.class_[plan.movements.group]
    mine = class_of[walking[0]]
    closed = er.LinkTimes([link], [mine], [0.0], [INF], [0.0])
    stuck = er.evaluate(plan, hazards=[closed]).odds["odds"].to_numpy() == 0
    assert stuck[walking[0]]
    assert (class_of[stuck] == mine).all()


def test_probabilities_that_add_up_stay_as_they_were_given() -> None:
    """0.7, 0.2 and 0.1 are told so, and are no 0.7000000000000001, though floats add up to less."""
    given = [0.7, 0.2, 0.1]
    assert np.sum(given) < 1
    found = er.evaluate(walk(), hazards=[None] * 3, probabilities=given)
    assert found.table["probability"].tolist() == given


def test_figures_over_scenarios() -> None:
    """Expected figures are weighted by probability, the worst is the row with the fewest safe."""
    plan = walk()
    hazards = {"calm": None, "slow": rows((2, 0, INF, 0.5)), "cut": rows((2, 0, INF, 0.0))}
    found = er.evaluate(plan, hazards=hazards, probabilities=[2, 1, 1])
    assert found.table["scenario"].tolist() == ["calm", "slow", "cut"]
    assert found.table["probability"].tolist() == [0.5, 0.25, 0.25]
    assert found.expected["safe"] == 1.5
    assert found.expected["stuck"] == 0.5
    assert found.expected["mean_s"] == pytest.approx((0.5 * 300 + 0.25 * 400) / 0.75)
    assert found.worst["scenario"] == "cut"
    assert found.odds["odds"].tolist() == [0.75]
    assert found.at_risk.to_dict("records") == [
        {"scenario": "cut", "movement_id": 0, "group_id": "G0", "class_id": "c0", "size": 2,
         "outcome": "stuck"},
    ]  # fmt: skip
    assert found.blocking[["link_id", "persons", "scenarios"]].values.tolist() == [["L1", 0.5, 1]]
    shares = found.by_class.set_index("scenario")["share"]
    assert shares.to_dict() == {"calm": 1.0, "slow": 1.0, "cut": 0.0}


def test_people_left_by_the_plan_stay_left() -> None:
    """Everyone of the plan is in one column: safe, stuck, late and left add up to all."""
    plan = er.assign(er.lagoon(people=300))
    table = er.evaluate(plan, hazards=[BrokenLinks(i, 0.1) for i in range(3)]).table
    total = table[["safe", "stuck", "late", "left"]].sum(axis=1)
    assert (total == plan.placed + plan.left).all()
    assert (table["stuck"] > 0).all()


def test_hazards_and_their_scenarios_agree() -> None:
    """A hazard, several at once, and the scenario with it give the same rows."""
    plan = make_plan()
    hazard = BrokenLinks(3, 0.2)
    one = er.evaluate(plan, hazards=[hazard, [hazard, BrokenLinks(4, 0.2)], None])
    scenarios = [
        plan.scenario.with_hazard(h) for h in (hazard, [hazard, BrokenLinks(4, 0.2)], None)
    ]
    pd.testing.assert_frame_equal(one.table, er.evaluate(plan, scenarios).table)


def ferry(*, at: float = 150.0, max_tide: float = INF) -> Plan:
    """Walk 100 m, ride from `at` for 95 s, walk 100 m; the plan's step is 10 s."""
    network = corridor(3)
    kind = network.kind.copy()
    kind[2:4] = FERRY
    network = replace(network, kind=kind)
    boats = er.Boats(
        link=[2, 2], trip_id=["X", "Y"], leave_s=[at + 3, at + 300], arrive_s=[at + 98, at + 400],
        seats=[9, 9], wheelchair_places=[1, 1], boarders=[9, 9], max_tide=[max_tide, INF],
    )  # fmt: skip
    scenario = scene(network, [(0, 2)], [(3, 5)], classes=[(1.0, 0.5)], deadline=1000.0)
    scenario = replace(scenario, boats=boats)
    movements = Movements(
        group=[0], shelter=[0], size=[2], depart=[0.0], arrive=[at + 200],
        leg_ptr=[0, 3], leg_link=[0, 2, 4], leg_enter=[0, at, at + 100],
        leg_leave=[100, at + 100, at + 200], left_group=[], left_size=[], left_reason=[],
    )  # fmt: skip
    return Plan(scenario, movements, method="by hand", step_s=10.0)


def test_boats_wait_for_nobody() -> None:
    """Whoever is aboard before it casts off arrives as planned; whoever is later stays behind."""
    plan = ferry()
    assert fate(plan) == (2, 0, 0, 350.0)
    assert fate(plan, (0, 0, INF, 100 / 153)) == (2, 0, 0, 350.0)
    assert fate(plan, (0, 0, INF, 100 / 154))[:3] == (0, 2, 0)
    found = er.evaluate(plan, hazards=[rows((0, 0, INF, 0.5))])
    assert found.blocking["link_id"].tolist() == ["L1"]
    assert fate(plan, (2, 0, INF, 0.5)) == (2, 0, 0, 350.0)
    assert fate(plan, (2, 200, INF, 0.0))[:3] == (0, 2, 0)


def test_a_boat_that_a_tide_bars_is_missed() -> None:
    """Where the hazard's tide bars the ride, those who were to take it stay at the stop."""

    class High:
        def link_times(self, *given: object) -> er.LinkTimes:
            return er.LinkTimes.none()

        def level(self, begin: float, end: float) -> float:
            return 1.2

    assert er.evaluate(ferry(max_tide=1.1), hazards=[High()]).table["stuck"].tolist() == [2]
    assert er.evaluate(ferry(max_tide=1.3), hazards=[High()]).table["safe"].tolist() == [2]
    both = Combined(er.LinkTimes.none(), (er.LinkTimes.none(), High()))
    assert er.evaluate(ferry(max_tide=1.1), hazards=[both]).table["stuck"].tolist() == [2]


def test_boats_of_a_plan_run_as_planned() -> None:
    """A plan with rides on the lagoon's boats keeps its times when nothing happens."""
    network, boats = er.lagoon_boats()
    people = lagoon_people(network, 400)
    scenario = er.Scenario(network, people, er.lagoon_shelters(network), boats=boats)
    plan = er.assign(scenario)
    assert (network.kind[plan.movements.leg_link] == FERRY).any()
    row = er.evaluate(plan, [scenario]).table.iloc[0]
    assert (row["safe"], row["mean_s"]) == (plan.safe, plan.times.mean)
    found = er.sweep(scenario, [None], plan=plan, executor="serial").table.iloc[0]
    assert (found["safe"], found["mean_s"]) == (plan.safe, plan.times.mean)


def test_what_does_not_fit_is_refused() -> None:
    """Scenarios of other parts, none, bad probabilities and both forms: InputError naming all."""
    plan = walk()
    scenario = plan.scenario
    longer = replace(scenario, network=corridor(4))
    fewer = scene(corridor(3), [(0, 1)], [(3, 6)], classes=[(1.0, 0.5)])
    with pytest.raises(er.InputError, match=r"(?s)2 faults.*scenario a: network.*scenario b: gr"):
        er.evaluate(plan, {"a": longer, "b": fewer, "c": scenario})
    for wrong in ({}, {"scenarios": [], "hazards": None}, {"scenarios": [scenario], "hazards": []}):
        with pytest.raises(er.InputError):
            er.evaluate(plan, **wrong)
    with pytest.raises(er.InputError, match="hazards= holds a scenario"):
        er.evaluate(plan, hazards=[scenario])
    with pytest.raises(er.HazardError):
        er.evaluate(plan, hazards=[3])
    for odds in ([1.0], [1, -1], [0, 0], [np.nan, 1]):
        with pytest.raises(er.InputError, match="probabilities"):
            er.evaluate(plan, hazards=[None, None], probabilities=odds)
    with pytest.raises(er.HazardError, match="link 99"):
        er.evaluate(plan, hazards=[rows((99, 0, INF, 0.0))])


def test_it_prints_and_writes(tmp_path: Path) -> None:
    """It prints as a table, writes its five tables, and refuses a folder of other things."""
    plan = walk()
    found = er.evaluate(plan, hazards={"calm": None, "cut": rows((2, 0, INF, 0.0))})
    text = str(found)
    assert "worst (cut)" in text
    assert "link L1" in text
    found.to_csv(tmp_path / "out")
    found.to_csv(tmp_path / "out")
    names = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert names == [
        "at_risk.csv.gz", "blocking.csv", "classes.csv", "odds.csv.gz", "scenarios.csv"
    ]  # fmt: skip
    assert pd.read_csv(tmp_path / "out" / "scenarios.csv")["stuck"].tolist() == [0, 2]
    (tmp_path / "out" / "mine.txt").write_text("mine")
    with pytest.raises(er.InputError):
        found.to_csv(tmp_path / "out")
    assert found.to_dict()["worst"]["mean_s"] is None


def test_many_scenarios_print_the_worst() -> None:
    """Of many scenarios those with the fewest people safe are shown."""
    plan = walk()
    hazards = [None] * 30
    hazards[17] = rows((2, 0, INF, 0.0))
    lines = str(er.evaluate(plan, hazards=hazards)).splitlines()
    assert any(line.startswith("17 ") for line in lines)
    assert len(lines) < 30


def test_progress_is_told() -> None:
    """Progress rises from 0 and stays below 1 while scenarios are played."""
    told: list[float] = []
    er.evaluate(walk(), hazards=[None] * 4, progress=lambda stage, share: told.append(share))
    assert told == [0, 0.25, 0.5, 0.75]


def test_with_hazard_changes_the_hazard_alone() -> None:
    """The same people and classes, persons included; the original stays as it was."""
    scenario = er.lagoon(people=100)
    other = scenario.with_hazard(BrokenLinks(1))
    assert other.groups is scenario.groups
    assert other.people is scenario.people
    assert len(other.link_times) > 0 == len(scenario.link_times)
    assert scenario.hazard is None
    assert len(other.with_hazard(None).link_times) == 0
    with pytest.raises(er.HazardError):
        scenario.with_hazard("flood")  # type: ignore[arg-type]
