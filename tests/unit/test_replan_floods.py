"""A new flood in a re-plan: it takes the place of the plan's own water from then on."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from networks import corridor, grid
from scenes import scene

import evacroute as er
from evacroute._disturbed import hazards_from
from evacroute.hazards.known_tide import tide_of
from evacroute.network import FERRY

NOW = 300.0


@pytest.fixture(scope="module")
def city() -> er.Scenario:
    """A small city, some of whose streets lie low."""
    network = grid(6, 6, spacing=60.0, seed=3, steps_share=0.2)
    elevation = np.random.default_rng(0).uniform(0.7, 1.5, network.n_links)
    groups = [(node, 3, 20.0 * (node % 5), int(node % 3 == 0)) for node in range(36)]
    base = scene(
        replace(network, elevation=elevation), groups, [(0, 90), (35, 90), (20, 30)],
        classes=[(1.3, 0.7), (0.9, 0.0)], deadline=5400.0,
    )  # fmt: skip
    return base.with_hazard(er.Flood(1.0))


def again(plan: er.Plan, hazard: Any, now: float = NOW) -> er.Plan:
    """The plan that goes on, checked."""
    new = er.replan(plan, now=now, hazard=hazard).plan
    check = er.verify(new)
    assert check.ok, str(check)
    return new


def factors(scenario: er.Scenario, time: float) -> np.ndarray:
    """Speed factors of all links for all classes at a time."""
    n_classes = len(scenario.group_classes)
    profile = scenario.link_times.profile(n_classes, scenario.deadline_s)
    return profile.at(time, scenario.network.n_links)


def under(scenario: er.Scenario, *hazards: er.Hazard, time: float = NOW) -> np.ndarray:
    """The same under other hazards."""
    return factors(scenario.with_hazard(hazards), time)


@pytest.mark.parametrize("level", [-1.0, 1.0, 1.5])
@pytest.mark.parametrize("rising", [False, True])
def test_new_water_takes_the_place_of_the_old(
    city: er.Scenario, level: float, rising: bool
) -> None:
    """From now on streets are as the new flood alone has them, before as they were."""
    old = er.Flood(er.Tide([0, 1800, 5400], [1.0, 1.2, 1.4])) if rising else er.Flood(1.3)
    plan = er.assign(city.with_hazard(old))
    after = again(plan, er.Flood(level)).scenario
    for time in (0.0, NOW - 1):
        assert (factors(after, time) == under(city, old, time=time)).all()
    for time in (NOW, 2000.0, 5000.0):
        assert (factors(after, time) == under(city, er.Flood(level), time=time)).all()
    assert (factors(after, NOW - 1) != factors(after, NOW)).any()
    assert after.tide is not None
    assert after.tide.level(NOW, 5000.0) == level


def test_all_but_the_water_goes_on(city: er.Scenario) -> None:
    """Fires, closures, earthquakes and link times of the plan stay under the new flood, and a
    shelter whose door the fire reaches stays hot."""
    network = city.network
    door = city.all_shelters.node[0]
    others = [
        er.Fire([(network.lon[door], network.lat[door])]),
        er.Closures([{"link_id": "L12", "from": "3 min", "to": "60 min"}]),
        er.Earthquake(seed=1, intensity="VIII"),
        er.LinkTimes([20], [-1], [0.0], [np.inf], [0.5]),
    ]
    plan = er.assign(city.with_hazard([*others, er.Flood(1.4)]))
    after = again(plan, er.Flood(1.1)).scenario
    expected = under(city, *others, er.Flood(1.1), time=2000.0)
    assert (factors(after, 2000.0) == expected).all()
    assert after.hot_from[0] < city.deadline_s
    burning = again(plan, er.Fire([network.origin])).scenario
    expected = under(city, *others, er.Flood(1.4), er.Fire([network.origin]), time=2000.0)
    np.testing.assert_allclose(factors(burning, 2000.0), expected)


def with_everything() -> er.Scenario:
    """A street with a walkway beside it and a low bridge over a ferry, under a flood and a fire."""
    network = corridor(4)
    kind = network.kind.copy()
    kind[2:4] = FERRY
    network = replace(network, kind=kind, elevation=np.full(network.n_links, 0.9))
    walkway = {
        "walkway_id": "W", "link_id": network.link_id[4], "height_m": 1.5, "width_m": 1.2,
        "tide_from_m": 1.2, "tide_to_m": 1.4,
    }  # fmt: skip
    network, walkways = er.add_walkways(network, pd.DataFrame([walkway]))
    boats = er.Boats(
        link=[2, 2, 2], trip_id=["A", "B", "C"], leave_s=[200.0, 900.0, 1500.0],
        arrive_s=[290.0, 1000.0, 1600.0], seats=[9, 9, 9], wheelchair_places=[1] * 3,
        boarders=[9] * 3, max_tide=[1.3] * 3,
    )  # fmt: skip
    base = scene(network, [(0, 5), (2, 4), (3, 3)], [(4, 50)], deadline=2400.0)
    fire = er.Fire([(network.lon[0] - 0.001, network.lat[0])])
    flood = er.Flood(tides(1.35), walkways=walkways)
    return replace(base, hazard=[flood, fire], boats=boats)


def tides(*level: float) -> er.Tide:
    return er.Tide(np.linspace(0, 2400, 2 * len(level)), np.repeat(level, 2))


def water_of(scenario: er.Scenario, level: float | er.Tide) -> er.Flood:
    """Another flood with the walkways of the scenario's own."""
    assert isinstance(scenario.hazard, Sequence)
    (flood,) = [one for one in scenario.hazard if isinstance(one, er.Flood)]
    return replace(flood, tide=level)


def test_walkways_and_low_bridges_follow_the_new_tide() -> None:
    """Passerelle are laid and boats pass as the new tide has it, as of now; what the old tide
    barred before stays barred."""
    scenario = with_everything()
    walkway = scenario.network.n_links - 1
    assert scenario.made is not None
    assert scenario.made.tolist() == [False] * 3
    assert factors(scenario, NOW)[0, walkway] == 1
    plan = er.assign(scenario)
    low = again(plan, water_of(scenario, 1.0)).scenario
    assert low.made is not None
    assert low.made.tolist() == [False, True, True]
    assert factors(low, NOW - 1)[0, walkway] == 1
    assert factors(low, NOW)[0, walkway] == 0
    falling = water_of(scenario, er.Tide([0, 1200, 1201, 2400], [1.5, 1.5, 1.1, 1.1]))
    after = again(plan, falling).scenario
    assert after.made is not None
    assert after.made.tolist() == [False, False, True]
    high = scenario.with_hazard(water_of(scenario, 1.0))
    rising = again(er.assign(high), water_of(scenario, 1.5)).scenario
    assert rising.made is not None
    assert rising.made.tolist() == [True, False, False]


def test_a_folder_gives_the_same_as_memory(tmp_path: Path) -> None:
    """Re-plans of a plan that was read are those of the plan in memory, a chain of them too: the
    water, fire, walkways and boats, and how the tide bars them."""
    scenario = with_everything()
    plan = er.assign(scenario)
    news: list[Any] = [
        water_of(scenario, 1.0),
        water_of(scenario, tides(1.1, 1.35, 1.0)),
        er.LinkTimes([0], [-1], [700.0], [800.0], [0.0]),
        water_of(scenario, -1.0),
    ]
    for i, new in enumerate(news):
        plan.save(tmp_path / "plan")
        back = er.read_plan(tmp_path / "plan")
        assert back.equals(plan)
        plan, other = (again(each, new, (i + 1) * NOW) for each in (plan, back))
        assert plan.equals(other)
        mine, theirs = plan.scenario, other.scenario
        assert mine.made is not None
        assert theirs.made is not None
        assert (mine.made == theirs.made).all()
        for time in np.arange(0.0, 2400.0, 50.0):
            assert (factors(mine, time) == factors(theirs, time)).all()
        assert mine.tide is not None
        assert mine.tide.equals(theirs.tide)
        plan.save(tmp_path / "later")
        check = er.verify(tmp_path / "later")
        assert check.ok, str(check)
    assert plan.scenario.tide is not None
    assert plan.scenario.tide.level(1200.0, 2400.0) == -1.0


def test_the_folder_tells_which_rows_are_water(tmp_path: Path, city: er.Scenario) -> None:
    """link_times.csv.gz says flood beside the rows of water alone. A table without the column is
    read: nothing is known of its rows then, so they stay beside a new flood's, which is too wet."""
    closed = er.LinkTimes([20], [-1], [0.0], [np.inf], [0.5])
    scenario = city.with_hazard([er.Flood(1.3), closed])
    er.assign(scenario).save(tmp_path / "plan")
    path = tmp_path / "plan" / "instance" / "link_times.csv.gz"
    table = pd.read_csv(path, dtype=str, keep_default_na=False)
    assert table["hazard"].tolist() == ["flood"] * (len(table) - 1) + [""]
    table.drop(columns="hazard").to_csv(path, index=False)
    old = er.read_plan(tmp_path / "plan")
    assert not old.scenario.link_times.water.any()
    after = again(old, er.Flood(1.1)).scenario
    both = under(city, er.Flood(1.1)) * under(city, er.Flood(1.3), closed)
    np.testing.assert_allclose(factors(after, NOW), both)


def test_two_new_floods_are_refused(city: er.Scenario) -> None:
    """Of two floods at once nobody knows which is meant, in a re-plan too."""
    plan = er.assign(city)
    with pytest.raises(er.InputError, match="2 floods"):
        er.replan(plan, now=NOW, hazard=[er.Flood(1.1), er.Flood(1.2)])


def test_water_of_several_scenarios_is_replaced(city: er.Scenario) -> None:
    """A plan for several tides at once loses their water too; only streets where something else
    acts beside the water keep both."""
    closed = er.LinkTimes([20], [-1], [0.0], [np.inf], [0.0])
    scenarios = [city.with_hazard(er.Flood(1.1)), city.with_hazard([er.Flood(1.4), closed])]
    plan = er.assign(scenarios, "shelter_flow", robust="worst")
    assert plan.scenario.link_times.water.any()
    after = again(plan, er.Flood(-1.0)).scenario
    slower = np.flatnonzero((factors(after, NOW) < 1).any(axis=0))
    assert set(slower) <= {20}


def test_the_joined_tide_is_that_of_the_hazards() -> None:
    """Over any stretch of time the series that a folder keeps is as high as the hazards say."""
    rng = np.random.default_rng(5)
    base = scene(corridor(2), [(0, 1)], [(2, 5)], deadline=600.0)
    heights = er.Heights(np.full(4, 3.0), np.zeros(4, bool))

    def flood() -> er.Flood:
        n = rng.integers(1, 6)
        time = np.unique(np.r_[0.0, rng.integers(1, 60, n) * 10.0, 600.0])
        time = time if n > 1 else time[:1]
        return er.Flood(er.Tide(time, rng.integers(0, 20, len(time)) / 10), heights)

    for _ in range(40):
        scenario = base.with_hazard(flood() if rng.random() < 0.8 else None)
        for now in np.sort(rng.integers(0, 60, rng.integers(1, 4)) * 10.0):
            scenario = scenario.with_hazard(hazards_from(scenario, flood(), float(now)))
        assert isinstance(scenario.hazard, tuple)
        tide = tide_of(scenario.hazard)
        assert tide is not None
        for begin, end in np.sort(rng.integers(0, 61, (40, 2)) * 10.0):
            if begin < end:
                levels: list[float] = [one.level(begin, end) for one in scenario.hazard]
                assert tide.level(begin, end) == max(*levels, -4.0)


def dated(alarm: str | None, *level: float) -> er.Tide:
    """A tide with a moment of second 0."""
    moment = None if alarm is None else dt.datetime.fromisoformat(alarm)
    return replace(tides(*level), alarm=moment)


@pytest.mark.parametrize("alarm", ["2019-11-12T09:35:00", "2019-11-12T09:35:00+01:00", None])
def test_a_folder_keeps_the_moment_of_second_0(tmp_path: Path, alarm: str | None) -> None:
    """The plan's tide knows its alarm in memory, in the folder, and after a chain of re-plans."""
    scenario = with_everything()
    plan = er.assign(scenario.with_hazard(water_of(scenario, dated(alarm, 1.0, 1.1))))
    expected = None if alarm is None else dt.datetime.fromisoformat(alarm)
    for now in (NOW, 2 * NOW):
        plan.save(tmp_path / "plan")
        record = json.loads((tmp_path / "plan" / "instance" / "hazards.json").read_text("utf-8"))
        assert record.get("second_0") == alarm
        plan = er.read_plan(tmp_path / "plan")
        assert plan.scenario.tide is not None
        assert plan.scenario.tide.alarm == expected
        plan = again(plan, er.Flood(1.0), now)


def test_a_second_0_that_is_no_moment_is_refused(tmp_path: Path) -> None:
    """hazards.json with a second_0 that is no date and time is an error with its path."""
    er.write_instance(with_everything(), tmp_path / "new")
    path = tmp_path / "new" / "hazards.json"
    path.write_text(json.dumps({**json.loads(path.read_text("utf-8")), "second_0": "noon"}))
    with pytest.raises(er.HazardError, match=r"hazards\.json.*second_0"):
        er.read_instance(tmp_path / "new")


@pytest.mark.parametrize(
    "old,new,told",
    [
        ("2019-11-12 09:35", "2019-11-12 09:35", None),
        ("2019-11-12 09:35", None, None),
        (None, "2019-11-12 09:35", None),
        ("2019-11-12 09:35", "2019-11-12 09:30", "5 min too late"),
        ("2019-11-12 09:30+01:00", "2019-11-12 08:40+00:00", "10 min too early"),
        ("2019-11-12 09:30+01:00", "2019-11-12 09:30", None),
    ],
)
def test_another_clock_is_warned_of(old: str | None, new: str | None, told: str | None) -> None:
    """A new tide whose second 0 is another moment than the plan's is named in the summary."""
    scenario = with_everything()
    plan = er.assign(scenario.with_hazard(water_of(scenario, dated(old, 1.0))))
    result = er.replan(plan, now=NOW, hazard=water_of(scenario, dated(new, 1.2)))
    assert len(result.notes) == (told is not None)
    assert result.summary().to_dict()["notes"] == result.notes
    if told is not None:
        assert result.notes[0].startswith("WARNING: second 0 of the new tide is")
        assert told in str(result.summary())
