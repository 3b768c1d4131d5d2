"""What a re-planning tells: how much longer it takes, who is left and why, what was closed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from lattices import STEP
from plans import people_at
from replans import checked, priced, two_bridges
from scenes import crowd

import evacroute as er


def test_the_summary_tells_how_much_longer_it_takes() -> None:
    """Mean times to go are those of before and after; the way round is 200 m longer."""
    before = priced(two_bridges())
    same = er.replan(before, now=0.0).summary()
    assert same.mean_before_s == pytest.approx(before.times.mean)
    assert same.mean_s == pytest.approx(same.mean_before_s)
    longer = er.replan(before, now=0.0, closures={"links": ["L1"]}).summary()
    assert longer.mean_before_s == same.mean_before_s
    assert longer.mean_s == pytest.approx(same.mean_before_s + 200.0 / 1.0, abs=STEP)
    assert f"(by the plan before {same.mean_before_s / 60:.2f} min)" in str(longer)


def test_the_summary_lists_closures_as_they_were_said() -> None:
    """A street closed by name is one entry with the number of its links, beside links and doors."""
    plan = priced(two_bridges())
    new = er.replan(plan, now=50, closures=["Ponte Uno", "L2", "S1", "Ponte Uno"])
    assert new.summary().closed == [
        {"name": "Ponte Uno", "what": "street", "links": 2},
        {"name": "L2", "what": "link", "links": 1},
        {"name": "S1", "what": "shelter", "links": 0},
    ]
    assert "closed Ponte Uno (2 links), link L2, shelter S1" in str(new.summary())
    assert new.plan.settings["closed"]["links"] == ["L1", "L1-r", "L2"]
    assert "closed nothing" in str(er.replan(plan, now=50).summary())


def test_too_few_places_are_told() -> None:
    """Where a closed shelter leaves too little room, as few as can be are left, with the reason."""
    plan = priced(two_bridges(room=60))
    scenario = replace(plan.scenario, shelters=replace(plan.scenario.shelters))
    assert scenario.persons == 40
    small = priced(two_bridges([(0, 130)], room=60))
    new = er.replan(small, now=50, closures=["S1"])
    checked(new)
    assert new.plan.left == 130 - 60
    assert new.plan.left_by_reason == {"no shelter with room": 70}
    assert new.moved["persons"][new.moved["to"] == ""].sum() == 70


def test_the_summary_tells_who_is_newly_left() -> None:
    """Groups that lose their place are told by reason and class, and all of them in a frame; those
    who had none before and those who join and get none are counted apart."""
    groups = [(0, 100), (1, 70, 0.0, 0, False), (1, 30)]
    plan = priced(two_bridges(groups, room=60))
    assert plan.left == 40
    more = replace(crowd((0, 5)), group_id=np.array(["late"], dtype=object))
    new = checked(er.replan(plan, now=50, closures=["S1"], joined=more))
    assert new.plan.left == 145
    frame, left = new.unassigned, new.newly_left
    assert frame["size"].sum() == new.plan.left
    by_reason = frame.groupby("reason")["size"].sum().to_dict()
    assert by_reason == new.plan.left_by_reason == {"no shelter with room": 145}
    columns = list(new.plan.unassigned.columns)
    assert list(frame.columns) == [*columns, "class_id", "before", "from"]
    assert set(left["from"]) <= {"S0", "S1"}
    lost = new.moved[new.moved["to"] == ""].groupby("group_id")["persons"].sum()
    assert left.groupby("group_id")["size"].sum().to_dict() == lost.to_dict()
    summary = new.summary()
    newly, joined = (sum(row["persons"] for row in rows)
                     for rows in (summary.newly_left, summary.joined_left))  # fmt: skip
    assert newly == left["size"].sum() > 0
    # 160 had a place, and 60 places remain: as many as lose theirs, less those who get one.
    assert newly >= 160 - 60
    assert {row["reason"] for row in summary.newly_left} == {"no shelter with room"}
    assert {row["class_id"] for row in summary.newly_left} == {"c0"}
    assert set(summary.newly_left[0]["examples"]) <= set(left["group_id"])
    assert joined == frame["size"][frame["group_id"] == "late"].sum()
    text = str(summary)
    assert "had a shelter before and have none now" in text
    assert f"{newly:>9,}  c0     no shelter with room  " in text


def test_persons_newly_left_are_named() -> None:
    """In a plan of persons the frame names each who loses their place, and no one else: whoever had
    a place gets what is left before those who had none."""
    base = two_bridges(room=6)
    people = people_at(base.network, [0] * 12, [f"h{i}" for i in range(12)])
    shelters = replace(base.shelters, capacity=np.array([6, 4]),
                       step_free_capacity=np.array([6, 4]))  # fmt: skip
    plan = priced(er.Scenario(base.network, people, shelters, deadline="60 min"))
    assert plan.placed == 10
    new = checked(er.replan(plan, now=0, closures=["S1"], keep_within=0))
    had = plan.assignments_frame().set_index("person_id")["shelter_id"]
    left = new.newly_left
    assert len(left) == 4
    assert set(left["person_id"]) <= set(had.index)
    assert left["from"].tolist() == had[left["person_id"]].tolist()
    rest = new.unassigned[new.unassigned["before"] == "left"]
    assert set(rest["person_id"]) == set(plan.unassigned["person_id"])
    columns = list(new.plan.unassigned.columns)
    assert new.unassigned[columns].equals(new.plan.unassigned)
    (row,) = new.summary().newly_left
    assert (row["persons"], row["examples"]) == (4, left["person_id"].tolist())


@pytest.mark.parametrize("far", [1, 2])
def test_persons_who_join_far_from_any_street_are_told(far: int, tmp_path: Path) -> None:
    """Whoever joins too far from any street is left with that reason, in the loader's words, by
    name in the frame; also where nobody else joins."""
    network = two_bridges().network
    people = people_at(network, [0] * 4, [f"h{i}" for i in range(4)])
    plan = priced(er.Scenario(network, people, two_bridges().shelters, deadline="60 min"))
    lon, lat = float(network.lon[1]), float(network.lat[1])
    table = pd.DataFrame({"person_id": ["a", "b"], "lon": [lon, lon], "lat": [lat, lat + 0.02]})
    joined = er.read_people(table, network)
    if far == 2:
        joined = replace(joined, node=np.full(2, -1), link=np.full(2, -1))
    new = checked(er.replan(plan, now=30, joined=joined))
    summary = new.summary()
    assert (new.joined, summary.left) == (2, far)
    (row,) = summary.joined_left
    assert row["reason"] == "no street near enough"
    assert row["examples"] == ["a", "b"][-far:]
    told = {"persons with no street within 250 m": 1} if far == 1 else {}
    assert summary.set_aside == told
    assert str(summary).count("no street") == 1
    assert new.newly_left.empty
    assert new.unassigned["before"].tolist() == ["joined"] * far
    new.plan.save(tmp_path / "plan")
    assert er.verify(tmp_path / "plan").ok


def test_a_chain_of_replans_adds_up() -> None:
    """What was closed before stays in the settings, those safe before are counted, and a plan does
    not go back to before it began."""
    plan = priced(two_bridges())
    first = checked(er.replan(plan, now="4 min", closures="Ponte Uno"))
    second = checked(er.replan(first.plan, now="6 min", closures={"shelters": ["S1"]}))
    assert second.plan.settings["closed"] == {"links": ["L1", "L1-r"], "shelters": ["S1"]}
    told = second.summary()
    assert [one["name"] for one in told.closed] == ["Ponte Uno", "S1"]
    assert told.safe_before == first.safe > 0
    assert f"{first.safe + second.safe}" in str(told).split("safe already")[1].split("\n")[0]
    with pytest.raises(er.InputError, match="before the 360 s from which the plan begins"):
        er.replan(second.plan, now="5 min")
    with pytest.raises(er.InputError, match="Replan, expected a Plan"):
        er.replan(second, now="7 min")  # type: ignore[arg-type]


def test_everybody_safe() -> None:
    """Where nobody is on the way any more the summary says so instead of a mean of nobody."""
    new = checked(er.replan(priced(two_bridges()), now="59 min"))
    assert new.safe == 40
    assert "nobody is on the way" in str(new.summary())
    assert "nan" not in str(new.summary())
