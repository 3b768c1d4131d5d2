"""Setting out: nobody walks from where they stand along a street that is closed to them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from networks import degrees, from_edges

import evacroute as er
from evacroute.evaluation import unlike
from evacroute.people import FirstWalks

INF = float("inf")
B, BACK = 2, 3
"""Links of Calle B from N1 to N2, and back."""


def city() -> er.Network:
    """A corridor N0-N1-N2-N3 of streets of 100 m."""
    network = from_edges(
        [(0, 0), (100, 0), (200, 0), (300, 0)], [(0, 1), (1, 2), (2, 3)], capacity=4.0
    )
    names = np.repeat(np.array(["Calle A", "Calle B", "Calle C"], dtype=object), 2)
    return replace(network, name=names)


NETWORK = city()


def times(*rows: tuple[int, float, float, float]) -> er.LinkTimes:
    """Link times of (link, from, to, factor) for everyone."""
    link, begin, end, factor = zip(*rows, strict=True)
    return er.LinkTimes(link, [-1] * len(rows), begin, end, factor)


def stand(
    hazard: Any = None,
    x: tuple[float, ...] = (170.0,),
    doors: tuple[str, ...] = ("N0", "N3"),
    deadline: str = "30 min",
    **columns: Any,
) -> er.Scenario:
    """People of 30 years at x [m] on the corridor, ready at 120 s, with doors at nodes."""
    lon, lat = degrees(list(x), [0.0] * len(x))
    ids = [f"p{i}" for i in range(len(x))]
    table = {"person_id": ids, "lon": lon, "lat": lat, "age": [30] * len(x)}
    table |= {"sex": ["M"] * len(x), "ready_time_s": [120.0] * len(x), **columns}
    people = er.read_people(pd.DataFrame(table), NETWORK)
    rooms = {"shelter_id": list(doors), "node_id": list(doors), "capacity": [9] * len(doors)}
    shelters = er.read_shelters(pd.DataFrame(rooms), NETWORK)
    return er.Scenario(NETWORK, people, shelters, deadline=deadline, hazard=hazard)


def test_whose_street_is_closed_for_good_is_left() -> None:
    """Closed both ways for good: nobody walks out of it, and they are told why."""
    plan = er.assign(stand(er.Closures([{"link_id": str(NETWORK.link_id[B])}])))
    assert (plan.safe, plan.left_by_reason) == (0, {"cut off by a hazard": 1})
    assert er.verify(plan).ok
    assert "cut" in str(er.directions(plan, person="p0")).lower()


@pytest.mark.parametrize("method", ["nearest", "earliest_arrival", "shelter_flow", "over_time"])
def test_no_method_places_them(method: str) -> None:
    """Every method leaves those who are cut off where they stand, and places the others."""
    plan = er.assign(stand(times((B, 0, INF, 0), (BACK, 0, INF, 0)), (170.0, 40.0)), method)
    assert (plan.safe, plan.left_by_reason) == (1, {"cut off by a hazard": 1})
    assert er.verify(plan).broken == ()


def test_the_other_end_is_taken_where_that_is_open() -> None:
    """Closed towards the nearer end only: they leave by the other, 70 m away, and arrive later."""
    scenario = stand(times((B, 0, INF, 0)))
    walks = scenario.groups.walks
    assert walks.link.tolist() == [BACK]
    assert walks.metres == pytest.approx([70], abs=0.2)
    assert NETWORK.node_id[scenario.groups.node].tolist() == ["N1"]
    plan = er.assign(scenario)
    assert plan.safe == 1
    assert er.verify(plan).ok
    told = er.directions(plan, person="p0")
    assert told.steps[1].name == "Calle B"
    assert told.distance == pytest.approx(170, abs=0.5)


def test_a_street_that_closes_too_soon_is_not_entered() -> None:
    """It needs some 21 s to the end: a street that closes after 10 s holds them, after 40 s not."""
    soon = stand(times((B, 130, INF, 0), (BACK, 130, INF, 0)))
    late = stand(times((B, 160, INF, 0), (BACK, 160, INF, 0)))
    assert soon.cut_off.tolist() == [True]
    assert late.cut_off.tolist() == [False]
    plan = er.assign(late)
    assert plan.safe == 1
    assert er.verify(plan).ok


def test_people_wait_where_they_are_until_the_street_opens() -> None:
    """Closed from 0 to 600 s: they set out at 600 s, and their group is ready after the walk."""
    scenario = stand(times((B, 0, 600, 0), (BACK, 0, 600, 0)))
    assert scenario.setting.leave.tolist() == [600]
    ready = scenario.groups.ready_time[0]
    assert 600 < scenario.setting.arrive[0] <= ready < 640
    plan = er.assign(scenario)
    assert plan.safe == 1
    assert er.verify(plan).ok
    assert er.directions(plan, person="p0").depart_s == 600


def test_a_slower_street_makes_the_walk_longer() -> None:
    """At a fifth of the pace 30 m take five times as long; the group is ready that much later."""
    dry = stand()
    wet = stand(times((B, 0, INF, 0.2)))
    took = dry.setting.arrive[0] - dry.groups.walks.ready[0]
    assert wet.setting.arrive[0] - wet.groups.walks.ready[0] == pytest.approx(5 * took)
    assert wet.groups.ready_time[0] >= wet.setting.arrive[0] > dry.groups.ready_time[0]


def test_who_waits_for_the_others_does_not_wait_behind_a_closing_door() -> None:
    """Told to leave at the time of the walk that is open, not so late that the street is closed."""
    plan = er.assign(stand(times((B, 150, INF, 0), (BACK, 150, INF, 0)), doors=("N3",)))
    late = replace(plan.movements, depart=plan.movements.depart + 60)
    told = er.directions(replace(plan, movements=late), person="p0")
    assert told.depart_s == pytest.approx(120, abs=0.5)


def test_a_household_stays_together_when_it_is_cut_off() -> None:
    """The party walks from its slowest member; all of it is left, and nobody else."""
    closed = times((B, 0, INF, 0), (BACK, 0, INF, 0))
    scenario = stand(
        closed, (170.0, 165.0, 40.0), age=[80, 30, 30], household_id=["h", "h", "other"]
    )
    plan = er.assign(scenario)
    assert sorted(plan.unassigned["person_id"]) == ["p0", "p1"]
    assert set(plan.unassigned["reason"]) == {"cut off by a hazard"}
    assert er.verify(plan).ok


def test_people_at_nodes_and_groups_are_as_before() -> None:
    """Groups stand at nodes and have no walks: a closed street beside them holds nobody."""
    groups = replace(stand().groups, walks=FirstWalks.none())
    scenario = stand()
    closed = times((B, 0, INF, 0), (BACK, 0, INF, 0))
    of_groups = er.Scenario(
        NETWORK, groups, scenario.shelters, classes=scenario.classes, hazard=closed
    )
    assert er.assign(of_groups).safe == 1


def test_verify_finds_walks_through_closed_streets() -> None:
    """A plan made without the hazard breaks the rule of first walks in a scenario with it."""
    plan = er.assign(stand(doors=("N3",)))
    closed = times((B, 0, INF, 0), (BACK, 0, INF, 0))
    other = replace(plan, scenario=plan.scenario.with_hazard(closed))
    assert "first walks" in {check.name for check in er.verify(other).broken}
    slow = replace(plan, scenario=plan.scenario.with_hazard(times((B, 0, INF, 0.1))))
    assert "first walks" in {check.name for check in er.verify(slow).broken}


def change(folder: Path, **columns: Any) -> None:
    """Overwrite columns of the first walks of a plan folder."""
    path = folder / "instance" / "first_walks.csv.gz"
    pd.read_csv(path).assign(**columns).to_csv(path, index=False)


@pytest.mark.parametrize(
    "columns, rule",
    [
        ({"leave_s": 100.0}, "first walks"),
        ({"arrive_s": 125.0}, "first walks"),
        ({"arrive_s": 900.0}, "first walks"),
        ({"length": 150.0}, "first walks"),
        ({"leave_s": "", "arrive_s": ""}, "cut off"),
    ],
)
def test_a_folder_that_lies_about_a_walk_is_found_out(
    columns: dict[str, Any], rule: str, tmp_path: Path
) -> None:
    """Too early, too fast, too late, longer than the link, or said to be cut off: all are found."""
    er.assign(stand(times((BACK, 0, INF, 0)), doors=("N3",))).save(tmp_path / "plan")
    assert er.verify(tmp_path / "plan").ok
    change(tmp_path / "plan", **columns)
    assert rule in {check.name for check in er.verify(tmp_path / "plan").broken}


def test_a_plan_read_back_knows_the_walks(tmp_path: Path) -> None:
    """What was saved holds the walks: it is the same plan, and is stopped by the same closures."""
    closed = times((B, 130, INF, 0), (BACK, 130, INF, 0))
    plan = er.assign(stand(times((B, 0, INF, 0.5)), (170.0, 40.0)))
    plan.save(tmp_path / "plan")
    back = er.read_plan(tmp_path / "plan")
    assert back.equals(plan)
    assert back.scenario.groups.walks.equals(plan.scenario.groups.walks)
    assert back.scenario.setting.arrive.tolist() == plan.scenario.setting.arrive.tolist()
    stuck = [er.evaluate(one, hazards=[closed]).table["stuck"][0] for one in (plan, back)]
    assert stuck == [1, 1]


def test_evaluation_counts_who_cannot_set_out() -> None:
    """In a scenario that closes their own street they are stuck, and the street is to blame."""
    plan = er.assign(stand(x=(170.0, 40.0), doors=("N0", "N3")))
    closed = times((B, 0, INF, 0), (BACK, 0, INF, 0))
    found = er.evaluate(plan, hazards={"dry": None, "closed": closed})
    assert found.table["safe"].tolist() == [2, 1]
    assert found.table["stuck"].tolist() == [0, 1]
    assert found.blocking["link_id"].tolist() == [NETWORK.link_id[B]]


def test_evaluation_makes_late_who_walks_slowly_to_the_corner() -> None:
    """A slower first walk makes them later at the node than the plan says."""
    plan = er.assign(stand(doors=("N3",), deadline="4 min"))
    assert plan.safe == 1
    slow = er.evaluate(plan, hazards=[times((B, 0, INF, 0.3))])
    assert slow.table[["safe", "late"]].to_numpy().tolist() == [[0, 1]]


def test_scenarios_of_the_same_people_can_be_compared() -> None:
    """Hazards may send the same people to other ends; plans of one are played in the other."""
    dry, turned = stand(), stand(times((B, 0, INF, 0)))
    assert not dry.groups.equals(turned.groups)
    assert unlike(dry, turned) == []
    found = er.evaluate(er.assign(turned), [dry, turned])
    assert found.table["safe"].tolist() == [1, 1]
    assert er.evaluate(er.assign(dry), [turned]).table["stuck"].tolist() == [1]
    plan = er.assign([dry, turned], robust="worst")
    assert plan.settings["robust"]["worst_safe"] == 1


def test_a_sweep_counts_who_cannot_set_out() -> None:
    """Draws that close their own street leave them, whether planned anew or played."""
    scenario = stand(x=(170.0, 40.0))
    closed = times((B, 0, INF, 0), (BACK, 0, INF, 0))
    anew = er.sweep(scenario, [None, closed], executor="serial")
    played = er.sweep(scenario, [None, closed], plan=er.assign(scenario), executor="serial")
    assert anew.table["left"].tolist() == [0, 1]
    assert played.table["stuck"].tolist() == [0, 1]


def test_a_replan_holds_those_who_have_not_set_out() -> None:
    """A street that closes before they are out of it holds them; who is out by then goes on."""
    plan = er.assign(stand(x=(170.0, 40.0), doors=("N3",)), "over_time", time_limit="2 s")
    assert plan.safe == 2
    now = er.replan(plan, now=60, closures=["Calle B"], time_limit="2 s")
    assert now.plan.safe == 0
    assert now.plan.left_by_reason["cut off by a hazard"] >= 1
    assert er.verify(now.plan).ok
    by_hazard = er.replan(
        plan, now=60, hazard=times((B, 60, INF, 0), (BACK, 60, INF, 0)), time_limit="2 s"
    )
    assert by_hazard.plan.safe == 0
    assert er.verify(by_hazard.plan).ok
    out = er.replan(plan, now=150, closures=[str(NETWORK.link_id[BACK])], time_limit="2 s")
    assert out.plan.safe == 2
    assert er.verify(out.plan).ok


def test_a_replan_keeps_those_who_wait_for_their_street() -> None:
    """Who waits until 600 s still does after re-plans before then, and is safe in the end."""
    plan = er.assign(stand(times((B, 0, 600, 0), (BACK, 0, 600, 0)), doors=("N3",)))
    for now in (300, 400):
        again = er.replan(plan, now=now, time_limit="1 s")
        assert again.plan.scenario.setting.leave.tolist() == [600]
        assert again.plan.safe == 1
        assert er.verify(again.plan).ok
        plan = again.plan
    held = er.replan(plan, now=500, hazard=times((B, 500, INF, 0)), time_limit="1 s")
    assert held.plan.left_by_reason == {"cut off by a hazard": 1}
    still = er.replan(held.plan, now=700, time_limit="1 s")
    assert still.plan.left_by_reason == {"cut off by a hazard": 1}
    assert er.verify(still.plan).ok


def test_people_who_join_on_a_closed_street_are_held() -> None:
    """Newcomers who stand on a street closed by the re-plan are left, the others placed."""
    plan = er.assign(stand(x=(40.0,), doors=("N0", "N3")))
    new = stand(x=(130.0, 240.0)).people
    new = replace(new, person_id=np.array(["new0", "new1"], dtype=object))
    new = replace(new, ready_time=np.array([300.0, 300.0]))
    again = er.replan(plan, now=30, closures=["Calle B"], joined=new, time_limit="1 s")
    assert again.plan.unassigned["person_id"].tolist() == ["new0"]
    assert again.plan.unassigned["reason"].tolist() == ["cut off by a hazard"]
    assert er.verify(again.plan).ok


def test_the_bound_knows_who_is_cut_off() -> None:
    """The certificate leaves out who cannot set out, and is proven again with that."""
    scenario = stand(times((B, 0, INF, 0), (BACK, 0, INF, 0)), (170.0, 40.0, 230.0))
    plan = er.assign(scenario, "over_time", time_limit="3 s")
    assert plan.safe == 2
    found = er.verify(plan, bound=True)
    assert found.ok, str(found)
