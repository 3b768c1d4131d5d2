"""Going on with a plan after something has changed: who stays, who moves, what is proven."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from lattices import FOUR_PACES, STEP, lattice
from networks import from_edges, grid
from plans import people_at
from scenes import crowd, scene

import evacroute as er
from evacroute.assignment.pricing import Pricer
from evacroute.assignment.resume import BESIDE, FEW, Resume
from evacroute.plan import Plan
from evacroute.replan_result import Replan
from evacroute.scenario import Scenario


def two_bridges(groups: Sequence[Sequence[Any]] = ((0, 40),), room: int = 60) -> Scenario:
    """N0 - N1, then over bridge L1 or, farther, L2 and L3 by N4, to N2 with S0 and N3 with S1."""
    network = from_edges(
        [(0, 0), (100, 0), (200, 0), (300, 0), (150, 100)],
        [(0, 1), (1, 2), (1, 4), (4, 2), (2, 3)],
        length=[100.0, 100.0, 150.0, 150.0, 100.0],
        capacity=1.0,
    )
    name = network.name.copy()
    name[2:4] = "Ponte Uno"
    return scene(replace(network, name=name), groups, [(2, room), (3, 100)])


def city(people: int = 4, seed: int = 3) -> Scenario:
    """A small city where streets are narrow; two of its three shelters would do."""
    network = grid(6, 6, spacing=60.0, seed=seed, steps_share=0.2)
    groups = [
        (node, people, 20.0 * (node % 5), int(node % 3 == 0), node % 7 == 3)
        for node in range(network.n_nodes)
    ]
    total = people * network.n_nodes
    shelters = [(0, 3 * total // 4), (35, 3 * total // 4), (20, total // 3)]
    classes = [(1.3, 0.7), (0.9, 0.0)]
    return scene(network, groups, shelters, classes=classes, deadline=5400.0)


def priced(scenario: Scenario, **settings: Any) -> Plan:
    return er.assign(scenario, "over_time", **{"gap": 0.02, "time_limit": 30, **settings})


@pytest.fixture(scope="module")
def plan() -> Plan:
    return priced(city())


def checked(new: Replan) -> Replan:
    """Check every rule, and the bound by another way of computing it."""
    check = er.verify(new.plan, bound=new.plan.bound is not None)
    assert check.ok, str(check)
    return new


def remaining_cost(plan: Plan, new: Replan) -> float:
    """Cost from where the new plan begins, if everyone arrived as the old plan says."""
    moves = plan.movements
    going = moves.arrive > new.now_s
    arrive = float((moves.arrive * moves.size)[going].sum())
    after = new.plan.movements
    return arrive - float((new.plan.ready * after.size).sum())


def entered(plan: Plan, links: Sequence[int]) -> int:
    return int(np.isin(plan.movements.leg_link, links).sum())


@pytest.mark.parametrize("now", [0, 35, 100, 250])
def test_nothing_changes_without_a_reason(plan: Plan, now: float) -> None:
    """Where nothing closes everyone keeps shelter, way and arrival, whenever it is asked."""
    new = er.replan(plan, now=now)
    checked(new)
    going = plan.movements.arrive > new.now_s
    assert new.safe == plan.movements.size[~going].sum()
    assert new.kept == plan.movements.size[going].sum()
    assert new.rerouted == 0
    assert not len(new.moved)
    assert new.plan.cost == pytest.approx(remaining_cost(plan, new))
    assert new.plan.times.clearance == plan.times.clearance
    assert new.plan.gap is not None
    assert new.plan.gap >= -1e-9


def test_now_is_a_whole_step() -> None:
    """The time is rounded up to a step of the plan, in whose steps everyone walks."""
    assert er.replan(priced(two_bridges()), now="41 s").now_s == 50.0


def test_nobody_who_is_safe_moves(plan: Plan) -> None:
    """Shelters have the room that those inside leave, also one that closes: they stay inside."""
    now = 300.0
    new = er.replan(plan, now=now, closures=["S1"])
    inside = np.zeros(3, int)
    moves = plan.movements
    np.add.at(inside, moves.shelter[moves.arrive <= now], moves.size[moves.arrive <= now])
    assert inside[1] > 0
    before = plan.scenario.shelters.capacity
    room = new.plan.scenario.shelters.capacity
    assert room.tolist() == [before[0] - inside[0], 0, before[2] - inside[2]]
    assert new.safe == inside.sum()
    assert new.safe + new.plan.placed + new.plan.left == plan.placed + plan.left


def test_closed_shelter_takes_nobody(plan: Plan) -> None:
    """All who were on their way to a shelter that closes go elsewhere, and the table names them."""
    new = er.replan(plan, now=100, closures="S1")
    checked(new)
    assert 1 not in new.plan.movements.shelter
    moves = plan.movements
    sent = moves.size[(moves.arrive > 100) & (moves.shelter == 1)].sum()
    assert sent > 0
    assert new.moved["persons"][new.moved["from"] == "S1"].sum() == sent
    assert set(new.moved["to"]) <= {"S0", "S2"}


def test_closed_bridge_is_not_entered() -> None:
    """After a bridge closes nobody enters it, those on it turn round, those beyond go on."""
    plan = priced(two_bridges())
    moves = plan.movements
    assert entered(plan, [2]) > 0
    now = 150.0
    on = (moves.leg_link == 2) & (moves.leg_enter < now) & (moves.leg_leave > now)
    assert on.any()
    new = er.replan(plan, now=now, closures=["Ponte Uno"])
    checked(new)
    assert entered(new.plan, [2, 3]) == 0
    assert new.plan.left == 0
    assert new.plan.scenario.network.capacity[[2, 3]].tolist() == [0, 0]
    # Whoever has walked 50 s on it needs 50 s to go back.
    back = np.unique(2 * now - moves.leg_enter[on])
    groups = new.plan.scenario.groups
    assert set(back) <= set(groups.ready_time[groups.node == 1])
    assert new.plan.settings["closed"] == {"links": ["L1", "L1-r"], "shelters": []}


def test_households_in_file_stay_together(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who went in file behind their own is not moved alone, which could part them."""
    network = from_edges([(0, 0), (50, 0), (100, 0)], [(0, 1), (1, 2)], length=50.0, capacity=0.1)
    scenario = scene(network, [(0, 3, 0.0, 0, True), (1, 2)], [(2, 9)])
    before = er.assign(scenario, "earliest_arrival")
    assert np.bincount(before.movements.group).tolist() == [3, 2]
    movable = []
    keep = Resume._keep

    def kept(resume: Resume) -> None:
        keep(resume)
        placing = resume.placing
        movable.extend(placing.booked.group[x] for _, _, x in placing.kinds())

    monkeypatch.setattr(Resume, "_keep", kept)
    new = checked(er.replan(before, now=0.0, gap=0.0, time_limit=5.0, keep_within=0.0))
    assert new.kept == 5
    assert len(movable) == 1
    assert not new.plan.scenario.groups.together[movable[0]].any()


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


@pytest.mark.parametrize("closures", [["S0"], ["L2", "L2-r"]])
def test_inside_a_stretch_time_walked_is_rounded_once(closures: list[str]) -> None:
    """Whoever is sent elsewhere inside a stretch is at its next node to the nearest step of what
    they walk, not at the whole steps below that the plan gives the links between."""
    network = from_edges(
        [(0, 0), (9, 0), (18, 0), (27, 0), (0, 50)], [(0, 1), (1, 2), (2, 3), (0, 4)],
        length=[9.0, 9.0, 9.0, 50.0], capacity=4.0,
    )  # fmt: skip
    shelters = [(3, 1), (4, 9)]
    plan = priced(scene(network, [(0, 1)], shelters, classes=[(1.0, 1.0)]))
    # After 18 m in 18 s the plan enters the third link at 10 s; it is left after 27 m at 30 s.
    assert plan.movements.leg_enter.tolist() == [0, 0, 10]
    assert plan.movements.leg_leave[-1] == 30
    new = checked(er.replan(plan, now=10, closures=closures))
    groups = new.plan.scenario.groups
    assert (groups.node.tolist(), groups.ready_time.tolist()) == ([2], [20.0])
    assert new.plan.movements.shelter.tolist() == [1]


def test_people_near_their_shelter_keep_it() -> None:
    """Whoever is nearly safe is not moved for others, even where that would be best for all."""
    plan = priced(two_bridges([(0, 10), (1, 10)], room=10))
    newcomers = replace(crowd((2, 10)), group_id=np.array(["late"], dtype=object))
    fixed = er.replan(plan, now=90, joined=newcomers, gap=0.0, keep_within="30 min")
    assert er.verify(fixed.plan).ok
    assert fixed.kept == plan.placed - fixed.safe
    assert fixed.joined == 10
    assert fixed.plan.left == 0


def test_those_who_join_are_placed(plan: Plan) -> None:
    """Groups that turn up are placed, not before now, and are no part of who keeps what."""
    some = replace(crowd((14, 6), (7, 3, 0.0, 1, True), (3, 2, 400.0)), group_id=list("abc"))
    new = er.replan(plan, now=120, joined=some)
    checked(new)
    ids = new.plan.scenario.groups.group_id.tolist()
    assert ids[-3:] == ["a", "b", "c"]
    assert new.plan.scenario.groups.ready_time[-3:].tolist() == [120, 120, 400]
    placed = np.bincount(new.plan.movements.group, weights=new.plan.movements.size)
    assert placed[-3:].tolist() == [6, 3, 2]
    assert new.joined == 11
    assert new.kept + new.rerouted + new.summary().moved == new.plan.placed - 11


def test_persons_keep_their_names_and_newcomers_bring_theirs() -> None:
    """In a plan of persons everyone not safe is named once, and persons who join bring a pace."""
    network = two_bridges().network
    people = people_at(network, [0] * 9, [f"h{i // 2}" for i in range(9)])
    shelters = two_bridges().shelters
    plan = priced(er.Scenario(network, people, shelters, deadline="60 min"))
    more = replace(
        people_at(network, [1, 1, 4], ["x", "x", "y"]),
        person_id=np.array(["q0", "q1", "q2"], dtype=object),
        speed_flat=np.array([0.5, 0.6, 0.9]),
    )
    new = er.replan(plan, now=60, closures=["L1", "L1-r"], joined=more)
    checked(new)
    frame = new.plan.assignments_frame()
    assert sorted(frame["person_id"]) == sorted([f"p{i}" for i in range(9)] + ["q0", "q1", "q2"])
    assert len(new.plan.scenario.group_classes) > len(plan.scenario.group_classes)
    kept = er.replan(plan, now=60)
    before = plan.assignments_frame().set_index("person_id")[["shelter_id", "arrive_s"]]
    after = kept.plan.assignments_frame().set_index("person_id")[["shelter_id", "arrive_s"]]
    assert after.sort_index().equals(before.loc[after.index].sort_index())


def test_positions_count_more_than_the_plan(plan: Plan) -> None:
    """Whoever is known to be elsewhere starts there; others keep their ways."""
    moves, network = plan.movements, plan.scenario.network
    now = 30.0
    going = np.flatnonzero(moves.arrive > now + 60)
    x, y = int(going[0]), int(going[-1])
    group = plan.scenario.groups.group_id[moves.group[y]]
    at = {x: "N7", group: (float(network.lon[28]), float(network.lat[28]))}
    new = er.replan(plan, now=now, positions=at)
    checked(new)
    nodes = dict(zip(new.plan.scenario.groups.group_id, new.plan.scenario.groups.node, strict=True))
    of_y = [node for name, node in nodes.items() if str(name).split("/")[0] == group]
    assert 7 in nodes.values()
    assert of_y == [28]
    table = pd.DataFrame({"movement_id": [x], "node_id": ["N7"]})
    same = er.replan(plan, now=now, positions=table)
    assert same.kept >= new.kept


def test_the_order_of_classes_stays() -> None:
    """Whoever counted as most vulnerable still does when the plan goes on: with a shelter shut the
    places that are left go to the class that was named first."""
    scenario = scene(
        two_bridges().network, [(0, 20), (0, 20, 0.0, 1)], [(2, 20), (3, 20)],
        classes=[(1.0, 0.5), (0.9, 0.5)],
    )  # fmt: skip
    for order, left in ((["c0"], [0, 20]), (["c1"], [20, 0]), (None, [20, 0])):
        first = er.assign(scenario, "over_time", step=STEP, order=order, gap=0.0)
        assert first.left == 0
        new = checked(er.replan(first, now=0.0, closures=["S1"]))
        assert new.plan.by_class()["left"].tolist() == left
        assert new.plan.settings.get("order") == order


def test_after_the_time_limit_no_more_prices_are_found(
    plan: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With no time at all people who need another way get one, and that is it."""
    taken: list[int] = []
    rounds = Pricer.rounds

    def counted(pricer: Pricer, count: int) -> None:
        taken.append(count)
        rounds(pricer, count)

    monkeypatch.setattr(Pricer, "rounds", counted)
    told: list[float] = []
    new = er.replan(
        plan, now=100, closures=["S1"], gap=0.0, time_limit=0,
        progress=lambda what, share: told.append(share),
    )  # fmt: skip
    assert new.plan.settings["stopped"] == "time limit"
    assert new.plan.left == 0
    assert taken == [FEW, BESIDE]
    assert max(told) == 1
    checked(new)


def test_first_prices_leave_half_of_the_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the plan has no prices, finding them does not use up the time of placing people."""
    taken: list[int] = []
    rounds = Pricer.rounds

    def slow(pricer: Pricer, count: int) -> None:
        taken.append(count)
        rounds(pricer, count)
        if len(taken) == 3:
            monkeypatch.setattr(Resume, "_time_left", lambda self, share=1.0: share > 0.5)

    monkeypatch.setattr(Pricer, "rounds", slow)
    cold = er.assign(er.lagoon(people=300), "shelter_flow")
    new = checked(er.replan(cold, now=100, closures=["L18"], gap=0.0, time_limit=1000))
    assert new.plan.left <= cold.left
    assert taken[:4] == [FEW, FEW, FEW, BESIDE]


def test_the_same_answer_twice(plan: Plan) -> None:
    """The same question gets the same plan."""
    first, second = (er.replan(plan, now=100, closures=["S1"], gap=0.03) for _ in range(2))
    assert first.plan.equals(second.plan)
    assert first.moved.equals(second.moved)


def test_a_replan_can_be_replanned(plan: Plan, tmp_path: Path) -> None:
    """What comes out is a plan like any other: saved, read back, planned again."""
    once = er.replan(plan, now=100, closures=["S1"])
    once.plan.save(tmp_path / "plan")
    back = er.read_plan(tmp_path / "plan")
    assert back.equals(once.plan)
    assert back.taken is not None
    assert back.taken.equals(once.plan.taken)
    assert not back.equals(replace(once.plan, taken=None))
    assert er.verify(tmp_path / "plan").ok
    twice = er.replan(back, now=200, closures=["S2"])
    checked(twice)
    assert set(twice.plan.movements.shelter.tolist()) <= {0}
    idle = er.replan(back, now=200)
    assert idle.rerouted == 0
    assert not len(idle.moved)


@pytest.mark.parametrize("method", ["shelter_flow", "nearest"])
def test_a_plan_without_prices(method: str) -> None:
    """A plan of any method goes on; one that breaks capacities is mended."""
    plan = er.assign(city(), method)
    new = er.replan(plan, now=100, closures=["S0"])
    checked(new)
    assert new.plan.bound is not None


def test_when_everyone_is_safe(plan: Plan) -> None:
    """After the last arrival nothing is left to plan."""
    new = er.replan(plan, now=plan.times.clearance)
    assert new.safe == plan.placed
    assert new.plan.placed == 0
    assert str(new.summary())


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


def test_what_is_taken_stays_taken_in_a_second_replan() -> None:
    """Places that people inside a stretch still take are kept from a plan made anew twice."""
    network = from_edges([(0, 0), (30, 0), (60, 0)], [(0, 1), (1, 2)], length=30.0, capacity=0.1)
    plan = priced(scene(network, [(0, 6)], [(2, 20)], classes=[(1.0, 1.0)]))
    once = checked(er.replan(plan, now=30))
    late = replace(crowd((1, 2)), group_id=np.array(["late"], dtype=object))
    twice = checked(er.replan(once.plan, now=40, joined=late, gap=0.0))
    enter = twice.plan.movements.leg_enter[twice.plan.movements.leg_link == 2]
    # Those inside the stretch at 30 s enter the second link at 40 and 50 s, who follows at 60 s.
    assert sorted(enter.tolist()) == [70.0, 80.0, 90.0, 100.0]


@pytest.mark.parametrize("now", [60, 300])
@pytest.mark.parametrize("seed", [4, 5])
def test_an_island_cut_off_with_too_few_places(seed: int, now: float) -> None:
    """Where an island loses its only bridge, as few are left as must be, and the gap says so."""
    columns, width = 30, 10
    scenario = lattice(
        columns, 5, persons=1200, homes=90, shelters=8, classes=FOUR_PACES[:3], seed=seed
    )
    plan = priced(scenario, step=STEP)
    assert plan.left == 0
    network = scenario.network
    east = np.maximum(network.from_node % columns, network.to_node % columns)
    west = np.minimum(network.from_node % columns, network.to_node % columns)
    bridge = network.link_id[(west == width - 1) & (east == width)]
    assert len(bridge) == 2
    new = checked(er.replan(plan, now=now, closures=bridge.tolist(), keep_within=0))
    after = new.plan.scenario
    short = 0
    for island in (True, False):
        at_home = (after.groups.node % columns < width) == island
        places = after.shelters.capacity[(after.shelters.node % columns < width) == island].sum()
        short += max(0, int(after.groups.size[at_home].sum() - places))
    assert short > 0
    assert new.plan.left_by_reason == {"no shelter with room": short}
    assert new.plan.gap is not None
    assert new.plan.gap <= 0.05
    assert new.plan.settings["stopped"] == "gap reached"


def test_people_with_no_way_are_in_neither_cost_nor_bound() -> None:
    """An island without a shelter: whoever is cut off there says nothing about the others."""
    plan = priced(two_bridges([(0, 40), (2, 18, 60.0)], room=10))
    bridges = ["Ponte Uno", "L2", "L2-r"]
    new = checked(er.replan(plan, now=0, closures=bridges, keep_within=0))
    assert new.plan.left_by_reason == {"no way to any shelter": 40}
    assert new.plan.placed == 18
    # At best ten stay where they are and eight walk on to the next shelter, with no queue.
    assert new.plan.bound == pytest.approx(800.0, rel=0.01)
    assert new.plan.bound <= 800.0 + 1e-6 <= new.plan.cost + 2e-6


def test_one_who_may_move_is_found_among_many_who_may_not() -> None:
    """Who joins gets the place of the only one not near it, who can go elsewhere by the steps."""
    network = from_edges(
        [(0, 0), (100, 0), (200, 0), (500, 0)],
        [(0, 1), (1, 2), (2, 3)],
        length=[100.0, 100.0, 300.0],
        capacity=20.0,
        steps=[0, 0, 10],
    )
    groups = [(1, 1, 200.0)] * 100 + [(2, 1, 600.0)]
    plan = priced(scene(network, groups, [(1, 101), (3, 100)], classes=[(1.0, 1.0), (1.0, 0.0)]))
    assert plan.movements.shelter.tolist() == [0] * 101
    late = replace(crowd((0, 1, 0.0, 1)), group_id=np.array(["late"], dtype=object))
    new = checked(er.replan(plan, now=100, joined=late, keep_within=150))
    assert new.plan.left == 0
    assert new.moved[["group_id", "from", "to"]].values.tolist() == [["G100", "S0", "S1"]]


def test_waits_for_a_slot_count_in_the_gap_that_ends_it() -> None:
    """The gap is only said to be reached where the plan's own gap, waits and all, is no more."""
    network = from_edges([(0, 0), (60, 0)], [(0, 1)], length=60.0, capacity=20.0)
    # All who have a place wait 9 s for the slot, and none of those who join and are left.
    plan = priced(scene(network, [(0, 40, 1.0)], [(1, 40)]), step=10.0)
    late = replace(crowd((0, 40, 20.0)), group_id=np.array(["late"], dtype=object))
    new = checked(er.replan(plan, now=0, joined=late, gap=0.05, keep_within=0))
    assert new.plan.left == 40
    assert new.plan.gap is not None
    assert new.plan.gap > 0.05
    assert new.plan.settings["stopped"] == "no gain"


def test_all_faults_in_one_error(plan: Plan) -> None:
    """Whatever is unknown is named, all of it in one error."""
    bad = replace(crowd((99, 1), (1, 1, 0.0, 9)), group_id=np.array(["G0", "x"], dtype=object))
    with pytest.raises(er.InputError) as error:
        er.replan(
            plan, now="soon", closures=["L0", "Ponte Due", "S9"], joined=bad, gap=-1,
            positions={"nobody": "N0", 99999: "N0", "G0": "N999"},
        )  # fmt: skip
    for text in (
        "now is 'soon'", "'Ponte Due'", "'S9'", "gap is -1", "group 'nobody'", "movement 99999",
        "node 99", "class 9", "group G0 is in the plan",
    ):  # fmt: skip
        assert text in str(error.value), text
    with pytest.raises(er.InputError, match="not before the deadline"):
        er.replan(plan, now="3 h")


def test_the_command(plan: Plan, tmp_path: Path) -> None:
    """`evacroute replan` writes a plan folder that can be checked, and tells who moves."""
    from typer.testing import CliRunner

    from evacroute.cli import app

    plan.save(tmp_path / "plan")
    out = tmp_path / "out"
    arguments = ["replan", str(tmp_path / "plan"), "--now", "100", "--close", "S1"]
    done = CliRunner().invoke(app, [*arguments, "--out", str(out)])
    assert done.exit_code == 0, done.output
    assert "another shelter" in done.output
    assert er.verify(out).ok
    assert (out / "map.html").exists()
    assert "S1" in (out / "moved.csv").read_text("utf-8")
    assert (out / "newly_left.csv").exists()
    record = json.loads((out / "summary.json").read_text("utf-8"))["replan"]
    assert record["closed"] == [{"name": "S1", "what": "shelter", "links": 0}]
    assert record["newly_left"] == []
    assert CliRunner().invoke(app, [*arguments, "--out", str(out)]).exit_code == 0
    wrong = CliRunner().invoke(app, [*arguments, "--close", "Ponte X", "--out", str(out)])
    assert wrong.exit_code == 2


def test_the_command_tells_who_joined_near_no_street(tmp_path: Path) -> None:
    """`evacroute replan --joined` shows the loader's report, and counts whom it set aside as left;
    both are in summary.json too."""
    from typer.testing import CliRunner

    from evacroute.cli import app

    network = two_bridges().network
    people = people_at(network, [0] * 4, [f"h{i}" for i in range(4)])
    priced(er.Scenario(network, people, two_bridges().shelters, deadline="60 min")).save(
        tmp_path / "plan"
    )
    lon, lat = float(network.lon[1]), float(network.lat[1])
    table = pd.DataFrame({"person_id": ["a", "b"], "lon": [lon, lon], "lat": [lat, lat + 0.02]})
    table.to_csv(tmp_path / "boat.csv", index=False)
    out = tmp_path / "out"
    arguments = ["replan", str(tmp_path / "plan"), "--now", "30", "--out", str(out)]
    done = CliRunner().invoke(app, [*arguments, "--joined", str(tmp_path / "boat.csv")])
    assert done.exit_code == 0, done.output
    assert "1  persons with no street within 250 m" in done.output
    assert "joined and have no shelter" in done.output
    record = json.loads((out / "summary.json").read_text("utf-8"))
    assert record["left"] == 1
    assert record["replan"]["joined_left"][0]["examples"] == ["b"]
    assert record["replan"]["set_aside"] == {"persons with no street within 250 m": 1}
    assert record["reports"]["joined"]["counts"]["persons"] == 2
