"""Shelters that a fire reaches take nobody; those that stand in deep water are named."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from networks import corridor
from scenes import scene

import evacroute as er
from evacroute._changes import reports_of_hazards
from evacroute.hazards import Seat, Zone
from evacroute.hazards.ground import polygons

NETWORK = corridor(4)
STILL = er.FireLaw(rate=1.0, heat_margin=10.0, smoke_reach=0.0)


def at_node(node: int, start: float = 0.0, law: er.FireLaw = STILL) -> er.Fire:
    """A fire that begins at a node of the corridor."""
    return er.Fire([Seat(float(NETWORK.lon[node]), float(NETWORK.lat[node]), start)], law=law)


def two_shelters(hazard: er.Fire | None, deadline: float = 3600.0) -> er.Scenario:
    """Ten people at N1, five places each at N0 and N4."""
    base = scene(NETWORK, [(1, 10)], [(0, 5), (4, 5)], deadline=deadline)
    return er.Scenario(
        NETWORK, base.people, base.shelters, classes=base.classes, deadline=deadline, hazard=hazard
    )


def test_a_shelter_that_burns_later_takes_nobody() -> None:
    """People would be in before the fire starts at its door: they are placed elsewhere, or left."""
    scenario = two_shelters(at_node(4, 1800.0))
    assert scenario.shelters.capacity.tolist() == [5, 0]
    assert scenario.hot_from.tolist() == [np.inf, 1800.0]
    plan = er.assign(scenario)
    assert plan.shelters_frame()["filled"].tolist() == [5, 0]
    assert plan.left_by_reason == {"no shelter with room": 5}
    assert er.verify(plan).ok
    assert "1 shelter takes nobody, hot before the deadline: S1" in str(plan.summary())
    assert plan.summary().to_dict()["hazards"]["hot_shelters"] == ["S1"]


def test_after_the_deadline_it_counts() -> None:
    """A fire that reaches the door only after the deadline takes no place away."""
    assert er.assign(two_shelters(at_node(4, 3600.0))).safe == 10
    assert er.assign(two_shelters(at_node(2))).scenario.shelters.capacity.tolist() == [5, 5]


def test_zones_and_growth_reach_doors() -> None:
    """A seat 60 m away with 1 m/min and a margin of 10 m is there after 50 min, in spans of 2."""
    shift = 60.0 * (NETWORK.lon[4] - NETWORK.lon[3]) / 100.0
    seat = Seat(float(NETWORK.lon[4] + shift), float(NETWORK.lat[4]))
    fire = er.Fire([seat], law=STILL)
    hot = fire.hot_from(NETWORK, np.array([4, 0], np.int32), 5400.0)
    assert hot.tolist() == [48 * 60.0, np.inf]
    lon, lat = float(NETWORK.lon[0]), float(NETWORK.lat[0])
    square = [(lon - 1e-4, lat - 1e-4), (lon + 1e-4, lat - 1e-4), (lon, lat + 1e-4)]
    zone = er.Fire(zones=[Zone(polygons([[square]]), from_s=600.0)])
    assert zone.hot_from(NETWORK, np.array([0, 4], np.int32), 5400.0).tolist() == [600.0, np.inf]


def test_with_another_hazard_the_shelter_is_back() -> None:
    """Room comes and goes with the hazard; the scenarios count as having the same shelters."""
    scenario = two_shelters(at_node(4))
    assert scenario.with_hazard(None).shelters.capacity.tolist() == [5, 5]
    assert scenario.with_hazard(None).with_hazard(at_node(0)).shelters.capacity.tolist() == [0, 5]


def test_evaluation_counts_nobody_safe_in_it() -> None:
    """A plan made without the fire has five people in the shelter that burns: they are stuck."""
    plan = er.assign(two_shelters(None))
    found = er.evaluate(plan, hazards=[None, at_node(4, 3000.0)])
    assert found.table["safe"].tolist() == [10, 5]
    assert found.table["stuck"].tolist() == [0, 5]
    found = er.evaluate(plan, [two_shelters(at_node(4, 3000.0))])
    assert found.table["safe"].tolist() == [5]


def test_verify_and_the_folder_know_it(tmp_path: Path) -> None:
    """A plan that fills it breaks a rule, in memory and from its folder; the plan reads back."""
    plan = er.assign(two_shelters(None))
    wrong = replace(plan, scenario=plan.scenario.with_hazard(at_node(4, 3000.0)))
    assert {c.name for c in er.verify(wrong).broken} >= {"shelters not hot", "shelter room"}
    wrong.save(tmp_path / "wrong")
    assert "shelters not hot" in {c.name for c in er.verify(tmp_path / "wrong").broken}
    right = er.assign(two_shelters(at_node(4, 3000.0)))
    right.save(tmp_path / "right")
    back = er.read_plan(tmp_path / "right")
    assert back.equals(right)
    assert er.verify(back).ok
    assert er.verify(tmp_path / "right").ok
    assert back.scenario.with_hazard(None).shelters.capacity.tolist() == [5, 5]
    table = pd.read_csv(tmp_path / "right" / "instance" / "shelters.csv")
    assert table["capacity"].tolist() == [5, 5]
    assert table["hot_from_s"].tolist()[1] == 3000


def test_replan_sends_nobody_there() -> None:
    """A fire that is heard of later takes the shelter from those who are still on the way."""
    plan = er.assign(two_shelters(None), "over_time", time_limit="2 s")
    again = er.replan(plan, now=20, hazard=at_node(4, 3000.0), time_limit="2 s")
    assert again.plan.shelters_frame()["filled"].tolist()[1] == 0
    assert er.verify(again.plan).ok


def test_replan_says_who_is_inside() -> None:
    """Who is in a shelter that will burn stays where they are, and the summary counts them."""
    plan = er.assign(two_shelters(None))
    inside = int(plan.movements.size[plan.movements.shelter == 0].sum())
    again = er.replan(plan, now="15 min", hazard=at_node(0, 3000.0), time_limit="2 s")
    assert again.endangered == {"S0": inside} == again.summary().to_dict()["endangered"]
    assert f"{inside}  are inside S0, which gets hot" in str(again.summary())
    assert er.replan(plan, now="15 min", time_limit="2 s").endangered == {}


def test_one_plan_for_several_fires() -> None:
    """Over scenarios in which one or the other burns, no more than one shelter's room is safe."""
    base = scene(NETWORK, [(1, 4)], [(0, 5), (4, 5)])
    fires = [None, at_node(4, 3000.0)]
    several = [base.with_hazard(fire) for fire in fires]
    plan = er.assign(several, robust="worst")
    assert plan.settings["robust"]["worst_safe"] == 4
    assert plan.shelters_frame()["filled"].tolist() == [4, 0]


@pytest.mark.parametrize("level, named", [(1.1, False), (1.4, True)])
def test_a_flood_names_shelters_in_deep_water(level: float, named: bool) -> None:
    """More than 0.15 m in a street at the door at the highest level: named, and still used."""
    network = replace(NETWORK, elevation=np.full(NETWORK.n_links, 1.0))
    base = scene(network, [(1, 4)], [(0, 5), (4, 5)])
    scenario = base.with_hazard(er.Flood(level))
    plan = er.assign(scenario)
    notes = [note for report in reports(plan) for note in report.notes]
    told = [note for note in notes if "stand in streets" in note]
    assert bool(told) == named
    if named:
        assert told[0].startswith("2 of 2 shelters")
        assert told[0].endswith(": S0, S1")
    assert plan.safe == 4


def reports(plan: er.Plan) -> list[er.LoadReport]:
    """What the hazards of a plan tell of themselves."""
    return reports_of_hazards(plan.scenario)
