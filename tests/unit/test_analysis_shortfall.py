"""What holds people back: the cut is the closed form's, and no plan beats it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from conftest import drawn
from drawn_scenes import exact_scenes, scenes
from hypothesis import given, settings
from hypothesis import strategies as st
from naive import best
from networks import corridor, from_edges
from scenes import scene

import evacroute as er
from evacroute.assignment import placeable


def behind_a_bridge(deadline: float, room: int = 999) -> er.Scenario:
    """An alley, a bridge of 0.5 person/s, an alley, a shelter; each 40 m long."""
    network = from_edges(
        [(0, 0), (40, 0), (80, 0), (120, 0)],
        [(0, 1), (1, 2), (2, 3)],
        capacity=[4.0, 0.5, 4.0],
        length=40.0,
        kind=["calle", "bridge", "calle"],
    )
    network = replace(network, name=np.repeat(np.array(["", "Ponte", ""], dtype=object), 2))
    return scene(network, [(0, 999, 20.0)], [(3, room)], classes=[(1.0, 1.0)], deadline=deadline)


@pytest.mark.parametrize("expanded", [True, False])
@pytest.mark.parametrize("deadline", [200.0, 239.0, 400.0])
def test_a_bridge_and_the_deadline(
    deadline: float, expanded: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Behind one bridge as many are safe as it passes in the slots that remain; it is named."""
    if not expanded:
        monkeypatch.setattr(placeable, "CUT_ARCS", 0)
    scenario = behind_a_bridge(deadline)
    plan = er.assign(scenario)
    told = er.explain_shortfall(plan)
    slots = int(deadline // 10) - (20 + 120) // 10 + 1
    assert told.at_most == 5 * slots == plan.placed
    assert told.short == 999 - 5 * slots
    assert told.cut[["what", "name", "kind", "id", "persons"]].values.tolist() == [
        ["street", "Ponte", "bridge", "L1", 5 * slots]
    ]
    # On the bridge from 60 s on; who enters 80 s before the deadline is in time.
    assert told.cut["from_s"].tolist() == [60.0]
    assert told.cut["until_s"].tolist() == [deadline // 10 * 10 - 80.0]
    assert (told.held, told.passes) == (999, 5 * slots)
    # 999 people take 200 slots of 5.
    assert told.with_time == 999 - 5 * slots
    needed = 140.0 + 199 * 10.0
    assert needed * 0.98 <= told.too_short_s < needed
    assert "Ponte (link L1)" in str(told)


def test_room_holds_back_however_long() -> None:
    """Where room is short the shelter is the cut, and a longer deadline is said not to help."""
    told = er.explain_shortfall(er.assign(behind_a_bridge(5000.0, room=700)))
    assert told.at_most == 700
    assert told.cut[["what", "id", "persons"]].values.tolist() == [["room", "S0", 700]]
    assert told.too_short_s is None
    assert told.with_time == 0
    assert "would not help" in str(told)


def test_a_door_can_be_the_cut() -> None:
    """A door that admits one a slot is named with when it is of use."""
    scenario = scene(corridor(1, 50.0), [(0, 99)], [(1, 99, 99, 0.1)], deadline=300.0)
    told = er.explain_shortfall(er.assign(scenario))
    assert told.at_most == 26
    row = told.cut.iloc[0].to_dict()
    assert (row["what"], row["persons"], row["from_s"], row["until_s"]) == ("door", 26, 50.0, 300.0)


def test_the_cut_prefers_the_bridge() -> None:
    """Of an alley and a bridge equally tight in a row the bridge is named."""
    for bridge in range(3):
        kind = ["calle"] * 3
        kind[bridge] = "bridge"
        network = from_edges(
            [(0, 0), (40, 0), (80, 0), (120, 0)], [(0, 1), (1, 2), (2, 3)], capacity=0.5,
            length=40.0, kind=kind,
        )  # fmt: skip
        told = er.explain_shortfall(
            er.assign(scene(network, [(0, 999)], [(3, 999)], deadline=400.0))
        )
        assert told.cut["id"].tolist() == [f"L{bridge}"]


def test_step_free_places_are_told_apart() -> None:
    """Where only step-free places are short the cut is about those who cannot use steps."""
    scenario = scene(
        corridor(1, 50.0), [(0, 10, 0.0, 1), (0, 20)], [(1, 99, 4)],
        classes=[(1.0, 0.5), (1.0, 0.0)],
    )  # fmt: skip
    told = er.explain_shortfall(er.assign(scenario))
    assert (told.at_most, told.short, told.who) == (24, 6, "those who cannot use steps")
    assert (told.held, told.passes) == (10, 4)
    assert told.cut[["what", "persons"]].values.tolist() == [["room", 4]]


def test_whoever_has_no_way_is_no_part_of_the_cut() -> None:
    """Those whom nothing can save are told by reason, and nothing holds the others back."""
    scenario = scene(
        corridor(2, 50.0, steps_at=[0]), [(0, 5, 0.0, 1), (0, 7), (2, 1)], [(2, 99)],
        classes=[(1.0, 0.5), (1.0, 0.0)],
    )  # fmt: skip
    told = er.explain_shortfall(er.assign(scenario))
    assert told.no_hope == {"no step-free way to any shelter": 5}
    assert (told.to_place, told.at_most, told.short) == (8, 8, 0)
    assert told.cut.empty
    assert told.to_dict()["cut"] == []


def test_too_far_is_helped_by_time() -> None:
    """People too far to be in time are told how long a deadline is still too short."""
    told = er.explain_shortfall(
        er.assign(scene(corridor(1, 300.0), [(0, 3)], [(1, 3)], deadline=200.0))
    )
    assert told.no_hope == {"too far to arrive by the deadline": 3}
    assert (told.too_short_s, told.with_time) == (290.0, 3)
    assert "4.833 min" in str(told)


def test_streets_that_change_leave_the_deadline_out() -> None:
    """Where a street closes for good in time, who is cut off is told, and no longer deadline."""
    scenario = scene(corridor(3), [(0, 6)], [(3, 10)], deadline=1800.0)
    network = scenario.network
    rows = [{"link_id": name, "from": 10} for name in network.link_id[:2]]
    told = er.explain_shortfall(er.assign(replace(scenario, hazard=er.Closures(rows))))
    assert told.no_hope == {"cut off by a hazard": 6}
    assert told.too_short_s is None
    assert told.with_time == 0


@settings(max_examples=drawn(60))
@given(scenario=exact_scenes())
def test_no_plan_beats_the_cut(scenario: er.Scenario) -> None:
    """The exact solver places no more than is told, as many where one class walks; sums agree."""
    told = er.explain_shortfall(er.assign(scenario))
    exact = best(scenario, 10.0).most
    assert told.placed <= exact <= told.at_most
    if not told.short:
        assert told.cut.empty
        return
    assert told.at_most == exact
    assert told.cut["persons"].sum() == told.passes
    assert told.held - told.passes == told.short
    assert told.persons - sum(told.no_hope.values()) == told.to_place


@settings(max_examples=drawn(80))
@given(scenario=scenes(), method=st.sampled_from(["earliest_arrival", "shelter_flow"]))
def test_no_plan_of_any_city_beats_the_cut(scenario: er.Scenario, method: str) -> None:
    """With classes, households, thin links and rounded times too no plan places more."""
    told = er.explain_shortfall(er.assign(scenario, method))
    assert told.placed <= told.at_most
    assert told.short >= 0
    assert told.cut["persons"].sum() == told.passes
