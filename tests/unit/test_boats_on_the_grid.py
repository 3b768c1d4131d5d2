"""Boats on the time grid: nobody is put off by rounding, and what a tide bars is not made."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from networks import corridor, from_edges
from scenes import scene

import evacroute as er
from evacroute.hazards.known_tide import tide_of
from evacroute.network import FERRY

INF = float("inf")


def crossing(
    leave: list[float], arrive: list[float], *, trips: str = "XX", crowd: Any = ((0, 5),),
    deadline: float = 1800.0, **more: Any,
) -> er.Scenario:  # fmt: skip
    """A street, ferries N1 to N2 and N2 to N3, and a street to the shelter at N4."""
    network = corridor(4)
    kind = network.kind.copy()
    kind[2:6] = FERRY
    boats = er.Boats(
        link=[2, 4], trip_id=list(trips), leave_s=leave, arrive_s=arrive, seats=[9, 9],
        wheelchair_places=[1, 1], boarders=[9, 9], **more,
    )  # fmt: skip
    base = scene(network, crowd, [(4, 50)], classes=[(1.0, 0.5)], deadline=deadline)
    return replace(base, network=replace(network, kind=kind), boats=boats)


def dry(scenario: er.Scenario, tide: float | er.Tide) -> er.Flood:
    """A tide over streets that are too high for it."""
    n = scenario.network.n_links
    return er.Flood(tide, er.Heights(np.full(n, 3.0), np.zeros(n, bool)))


@pytest.mark.parametrize("at", [300.0, 305.0, 317.5, 329.9])
@pytest.mark.parametrize("step", [5.0, 10.0, 30.0])
@pytest.mark.parametrize("method", ["earliest_arrival", "shelter_flow", "over_time"])
def test_nobody_is_put_off_by_rounding(at: float, step: float, method: str) -> None:
    """A boat that goes on the moment it is there keeps its people, at any time and step."""
    scenario = crossing([200.0, at], [at, 500.0])
    plan = er.assign(scenario, method, step=step)
    assert plan.safe == 5
    assert er.verify(plan, bound=method == "over_time").broken == ()
    found = er.evaluate(plan, [scenario]).table.iloc[0]
    assert found["safe"] == 5


def test_another_boat_is_caught_only_by_those_ashore() -> None:
    """Whoever changes boats must be ashore by the clock of the grid before the other casts off."""
    assert er.assign(crossing([200.0, 305.0], [305.0, 500.0], trips="XX")).safe == 5
    assert er.assign(crossing([200.0, 305.0], [305.0, 500.0], trips="XY")).safe == 0
    assert er.assign(crossing([200.0, 310.0], [305.0, 500.0], trips="XY")).safe == 5


def test_a_plan_tells_where_to_change() -> None:
    """Who rides on with the same trip is told of one boat, with another trip to change."""
    for trips, count in (("XX", 1), ("XY", 2)):
        plan = er.assign(crossing([200.0, 310.0], [305.0, 500.0], trips=trips))
        kinds = [step.kind for step in er.directions(plan, movement=0).steps]
        assert (kinds.count("boat"), kinds.count("change")) == (count, count - 1)


@pytest.mark.parametrize("ready,spare,said", [(0.0, 120.0, "2 minutes"), (80.0, 80.0, "1 minute")])
def test_who_is_ready_is_told_to_be_at_the_stop_early(
    ready: float, spare: float, said: str
) -> None:
    """The plan has people arrive as the boat casts off; they are told to come before, if ready."""
    plan = er.assign(crossing([260.0, 310.0], [305.0, 500.0], crowd=[(0, 5, ready)]))
    told = er.directions(plan, movement=0)
    boat = next(step for step in told.steps if step.kind == "boat")
    assert plan.movements.leg_enter[1] == plan.movements.leg_leave[0]
    assert boat.spare_s == plan.movements.depart[0] - told.depart_s == spare
    assert f"4 minutes after the alarm. Be at the stop {said} before." in " ".join(told.text)
    assert told.arrive_s == plan.movements.arrive[0]


def test_nobody_is_told_to_leave_while_their_street_is_closed() -> None:
    """Where a hazard changes the way to the stop people are told the plan's own time."""
    scenario = crossing([200.0, 310.0], [305.0, 500.0])
    closed = er.Closures([{"link_id": scenario.network.link_id[0], "to": "90 s"}])
    plan = er.assign(replace(scenario, hazard=closed))
    told = er.directions(plan, movement=0)
    assert told.depart_s == plan.movements.depart[0] >= 90
    assert any("only just in time" in line for line in told.text)


def test_rides_nobody_takes_are_told(tmp_path: Path) -> None:
    """rides.csv says who is aboard each ride, and that a boat nobody takes need not run."""
    network = corridor(3)
    kind = network.kind.copy()
    kind[2:4] = FERRY
    boats = er.Boats(
        link=[2, 2, 2, 3], trip_id=["A", "B", "C", "C"], leave_s=[200.0, 203.0, 600.0, 900.0],
        arrive_s=[300.0, 303.0, 700.0, 950.0], seats=[3, 4, 9, 9], wheelchair_places=[1] * 4,
        boarders=[9] * 4,
    )  # fmt: skip
    rows = [(0, 4), (0, 1, 0.0, 1)]
    base = scene(network, rows, [(3, 50)], classes=[(1.0, 0.5), (1.0, 0.0)], deadline=3600.0)
    plan = er.assign(replace(base, network=replace(network, kind=kind), boats=boats))
    plan.save(tmp_path / "plan")
    table = pd.read_csv(tmp_path / "plan" / "rides.csv")
    assert table["persons"].sum() == 5
    assert table["persons"].tolist()[2:] == [0, 0]
    assert (table["persons"] <= table["seats"]).all()
    assert table["step_free"].sum() == 1
    assert table["run"].tolist() == [1, 1, 0, 0]
    assert plan.summary().boats == {
        "rides": 4, "trips": 3, "trips_used": 2, "persons_aboard": 5, "step_free_aboard": 1,
    }  # fmt: skip
    assert "3 trips, 2 of them used" in str(plan.summary())


def test_slots_are_those_of_the_timetable() -> None:
    """A dwell leaves arrivals rounded up; a ride barred later does not move those before it."""
    boats = crossing([203.0, 305.0], [301.0, 500.0]).boats
    assert boats is not None
    assert [slot.tolist() for slot in boats.slots(10.0)] == [[20, 30], [30, 50]]
    boats = crossing([203.0, 312.0], [301.0, 500.0]).boats
    assert boats is not None
    assert [slot.tolist() for slot in boats.slots(10.0)] == [[20, 31], [31, 50]]


def test_who_is_left_without_boats_by_a_tide_is_cut_off() -> None:
    """Where the tide bars the only boat, people are cut off by a hazard, not without a way."""
    scenario = crossing([200.0, 300.0], [300.0, 500.0], max_tide=[INF, 0.9])
    for tide, left in ((0.8, {}), (1.1, {"cut off by a hazard": 5})):
        plan = er.assign(scenario.with_hazard(dry(scenario, tide)))
        assert plan.left_by_reason == left
        assert er.verify(plan).broken == ()
    plan = er.assign(scenario.with_hazard(dry(scenario, 0.8)))
    again = er.replan(plan, now="1 min", hazard=dry(scenario, 1.1))
    assert again.plan.left_by_reason == {"cut off by a hazard": 5}
    assert er.verify(again.plan).broken == ()


def test_who_misses_all_boats_is_not_cut_off() -> None:
    """Who is ready after the last boat is too late whatever the hazards do."""
    scenario = crossing([200.0, 300.0], [300.0, 500.0], crowd=[(0, 5, 400.0)], max_tide=[0.9, 0.9])
    street = er.LinkTimes([6], [-1], [0.0], [100.0], [0.0])
    for hazard in (dry(scenario, 1.1), [dry(scenario, 0.5), street]):
        plan = er.assign(scenario.with_hazard(hazard))
        assert plan.left_by_reason == {"too far to arrive by the deadline": 5}


def test_the_folder_keeps_what_a_tide_bars(tmp_path: Path) -> None:
    """boats.csv holds every ride, and what verify takes for barred comes from tide and max_tide."""
    scenario = crossing([200.0, 300.0], [300.0, 500.0], max_tide=[INF, 0.9])
    tide = er.Tide([-600.0, 0.0, 900.0, 3600.0], [0.4, 0.5, 0.8, 1.3])
    plan = er.assign(scenario.with_hazard(dry(scenario, tide)))
    assert plan.safe == 5
    plan.save(tmp_path / "plan")
    assert er.verify(tmp_path / "plan").broken == ()
    assert er.read_plan(tmp_path / "plan").equals(plan)
    record = tmp_path / "plan" / "instance" / "hazards.json"
    told = json.loads(record.read_text("utf-8"))
    told["tide"]["level_m"][2] = 1.0
    record.write_text(json.dumps(told))
    assert [check.name for check in er.verify(tmp_path / "plan").checks if not check.ok] == [
        "rides"
    ]

    barred = er.assign(scenario.with_hazard(dry(scenario, 1.1)))
    barred.save(tmp_path / "barred")
    assert len(pd.read_csv(tmp_path / "barred" / "instance" / "boats.csv")) == 2
    again = er.read_plan(tmp_path / "barred")
    assert again.equals(barred)
    assert again.scenario.rides is not None
    assert len(again.scenario.rides) == 1
    # Another tide may let them pass again.
    assert er.assign(again.scenario.with_hazard(None)).safe == 5


def test_a_tide_without_a_series_leaves_out_its_rides(tmp_path: Path) -> None:
    """Where the levels cannot be kept, barred rides are not in the folder at all."""

    class High:
        def link_times(self, *given: object) -> er.LinkTimes:
            return er.LinkTimes.none()

        def level(self, begin: float, end: float) -> float:
            return 1.2

    scenario = crossing([200.0, 300.0], [300.0, 500.0], max_tide=[INF, 0.9]).with_hazard(High())
    plan = er.assign(scenario)
    plan.save(tmp_path / "plan")
    assert len(pd.read_csv(tmp_path / "plan" / "instance" / "boats.csv")) == 1
    assert er.verify(tmp_path / "plan").broken == er.verify(plan).broken == ()


@pytest.mark.parametrize(
    "tide", ["5", '{"time_s": [0], "level_m": []}', '{"time_s": [0], "level_m": [250]}']
)
def test_a_tide_that_is_none_is_refused(tmp_path: Path, tide: str) -> None:
    """hazards.json with a tide that is no series of levels is an error with its path."""
    scenario = crossing([200.0, 300.0], [300.0, 500.0])
    er.write_instance(scenario, tmp_path / "new")
    (tmp_path / "new" / "hazards.json").write_text('{"reports": [], "tide": ' + tide + "}")
    with pytest.raises(er.InputError, match=r"hazards\.json"):
        er.read_instance(tmp_path / "new")


def test_the_highest_of_several_tides_counts() -> None:
    """Tides joined have, over any stretch of time, the highest level of each."""
    rng = np.random.default_rng(3)
    network = corridor(2)
    heights = er.Heights(np.full(4, 3.0), np.zeros(4, bool))
    for _ in range(30):
        floods = []
        for _ in range(rng.integers(1, 4)):
            n = rng.integers(1, 6)
            time = np.unique(np.r_[0.0, rng.integers(0, 60, n) * 10.0, 600.0])
            time = time if n > 1 else time[:1]
            floods.append(er.Flood(er.Tide(time, rng.integers(0, 20, len(time)) / 10), heights))
        tide = tide_of(floods)
        assert tide is not None
        for _ in range(20):
            begin, end = np.sort(rng.integers(0, 601, 2)).astype(float)
            assert tide.level(begin, end) == max(one.level(begin, end) for one in floods)
    assert tide_of([]) is None
    assert tide_of([er.LinkTimes.none()]) is None
    assert network.n_links == 4


def test_scenarios_that_differ_in_boats_alone_are_two() -> None:
    """A robust plan is tried for each scenario whose boats differ, though streets are the same."""
    network = from_edges(
        [(0, 0), (100, 0), (200, 0), (300, 0)],
        [(0, 1), (1, 2), (2, 3), (1, 2)],
        length={0: 100.0, 1: 100.0, 2: 100.0, 3: 1500.0},
        kind=["calle", "ferry", "calle", "calle"],
    )
    boats = er.Boats([2], ["X"], [200.0], [300.0], [9], [1], [9], [0.9])
    base = scene(network, [(0, 5)], [(3, 50)], classes=[(1.0, 0.5)], deadline=3600.0)
    base = replace(base, boats=boats)
    scenarios = [base.with_hazard(dry(base, tide)) for tide in (0.5, 1.1)]
    plan = er.assign(scenarios, robust="worst")
    said = plan.settings["robust"]
    assert {"scenario 0", "scenario 1"} <= set(said["candidates"])
    assert said["worst_safe"] == 5
    again = er.assign([scenarios[0], scenarios[0]], robust="worst")
    assert list(again.settings["robust"]["candidates"]) == ["scenario 0"]
