"""Going on with a plan after something has changed: who stays, who moves, what is proven."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from lattices import FOUR_PACES, STEP, lattice
from networks import from_edges
from plans import people_at
from replans import checked, city, priced, two_bridges
from scenes import crowd, scene

import evacroute as er
from evacroute.assignment.pricing import Pricer
from evacroute.assignment.resume import BESIDE, FEW, Resume
from evacroute.plan import Plan
from evacroute.replan_result import Replan


@pytest.fixture(scope="module")
def plan() -> Plan:
    return priced(city())


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
