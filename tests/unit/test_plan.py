"""The plan: its figures, tables and status."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from networks import corridor
from plans import (
    ids,
    no_movements,
    people_at,
    small_movements,
    small_plan,
    small_plan_of_persons,
    small_scenario,
)

from evacroute.assignment.movements import REASONS, Movements
from evacroute.errors import PlanError, SolverError
from evacroute.metrics import link_loads, quantile
from evacroute.plan import Plan, Status
from evacroute.scenario import Scenario
from evacroute.shelters import Shelters


def test_cost_counts_each_person_from_ready_to_safe() -> None:
    """Cost is the sum over persons of arrival less ready time; gap compares it with the bound."""
    plan = small_plan()
    assert plan.cost == 2 * 300 + 0 + 2 * (320 - 5.5) + 100
    assert plan.gap == pytest.approx((plan.cost - 1200) / 1200)
    assert small_plan(bound=None).gap is None
    assert (plan.placed, plan.left, plan.safe) == (6, 1, 6)


def test_figures_are_those_of_the_single_persons() -> None:
    """Mean, 95th percentile and clearance are what numpy finds for persons taken one by one."""
    plan = small_plan()
    single = np.repeat(plan.movements.arrive - plan.ready, plan.movements.size)
    assert plan.times.mean == pytest.approx(single.mean())
    assert plan.times.p95 == np.quantile(single, 0.95, method="inverted_cdf")
    assert plan.times.clearance == 320
    table = plan.by_class().set_index("class_id")
    assert table.loc["walker"].to_dict() == {
        "persons": 6,
        "placed": 5,
        "left": 1,
        "mean_s": (2 * 300 + 2 * 314.5) / 5,
        "p95_s": 314.5,
        "clearance_s": 320,
    }


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(1, 5)), min_size=1), st.floats(0.01, 1))
def test_quantile_agrees_with_numpy(rows: list[tuple[int, int]], share: float) -> None:
    """The weighted quantile is numpy's inverted_cdf over repeated values."""
    values = np.array([row[0] for row in rows], dtype=float)
    weights = np.array([row[1] for row in rows], dtype=np.int32)
    single = np.repeat(values, weights)
    assert quantile(values, weights, share) == np.quantile(single, share, method="inverted_cdf")


@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 60), st.integers(1, 4)), max_size=30),
    st.sampled_from([10.0, 50.0, 300.0]),
)
def test_link_loads_agree_with_brute_force(rows: list[tuple[int, int, int]], window: float) -> None:
    """Totals and peaks of links are what counting every window that ends with an entry gives."""
    link = np.array([row[0] for row in rows], dtype=np.int32)
    enter = np.array([row[1] for row in rows]) * 10.0
    persons = np.array([row[2] for row in rows], dtype=np.int32)
    loads = link_loads(link, enter, persons, window)
    assert loads.link.tolist() == sorted(set(link.tolist()))
    for row, k in enumerate(loads.link):
        mine = link == k
        ends = sorted(set(enter[mine].tolist()))
        inside = [persons[mine & (enter > end - window) & (enter <= end)].sum() for end in ends]
        assert loads.persons[row] == persons[mine].sum()
        assert loads.peak[row] == max(inside)
        assert loads.peak_end[row] == ends[int(np.argmax(inside))]


def test_tightest_links_come_first() -> None:
    """Links are ordered by the share of their capacity used in the fullest five minutes."""
    table = small_plan().tightest_links()
    assert table.link_id.tolist()[:2] == ["L0", "L1"]
    assert table.name.tolist()[:2] == ["", 'Ponte "del Fumo", alto']
    assert table.peak_share[0] == pytest.approx(4 / (0.2 * 300))
    assert table.persons.tolist() == [4, 4, 1]
    assert len(small_plan().tightest_links(1)) == 1


def test_tightest_links_apart_skip_neighbours() -> None:
    """With a distance given, links near a tighter one are left out."""
    assert small_plan().tightest_links(apart=40.0).link_id.tolist() == ["L0", "L1", "L3"]
    assert small_plan().tightest_links(apart=90.0).link_id.tolist() == ["L0", "L1"]
    assert small_plan().tightest_links(apart=500.0).link_id.tolist() == ["L0"]


def test_shelters_frame_counts_places() -> None:
    """Each shelter shows who is in it, how many of them step-free, and the last arrival."""
    table = small_plan().shelters_frame().set_index("shelter_id")
    assert table.filled.tolist() == [5, 1]
    assert table.share.tolist() == [1.0, 0.25]
    assert table.step_free_filled.tolist() == [1, 0]
    assert table.last_arrival_s.tolist() == [320.0, 0.0]


def test_unassigned_has_groups_or_persons_with_reasons() -> None:
    """Who is left is told by group, or by person where persons were given."""
    groups = small_plan().unassigned
    assert groups.to_dict("records") == [{"group_id": "NA", "size": 1, "reason": REASONS[0]}]
    persons = small_plan_of_persons().unassigned
    assert persons.person_id.tolist() == ["p6", "p7"]
    assert persons.group_id.tolist() == ["NA", ""]
    assert persons.reason.tolist() == [REASONS[0], "no street near enough"]
    plan = small_plan_of_persons()
    assert plan.left == 2
    assert plan.left_by_reason == {REASONS[0]: 1, "no street near enough": 1}


def test_assignments_have_one_row_a_person() -> None:
    """Persons with a place are listed with their movement; without persons there are no rows."""
    table = small_plan_of_persons().assignments_frame()
    assert table.columns.tolist() == [
        "person_id", "household_id", "movement_id", "shelter_id", "depart_s", "arrive_s"
    ]  # fmt: skip
    assert table.person_id.tolist() == ["p0", "p1", "p2", "p3", "p4", "p5"]
    assert table.shelter_id.tolist() == ["S0", "S0", "S1", "S0", "S0", "S0"]
    assert table.arrive_s.tolist() == [300, 300, 0, 320, 320, 100]
    assert small_plan().assignments_frame().empty


def test_frames_have_a_row_a_movement_and_a_leg() -> None:
    """Movements and legs are told by ids and times."""
    moves = small_plan().movements_frame()
    assert moves.group_id.tolist() == ["pair", "pair", "007", "wheels"]
    assert moves.ready_s.tolist() == [0, 0, 5.5, 0]
    legs = small_plan().legs_frame()
    assert legs.movement_id.tolist() == [0, 0, 2, 2, 3]
    assert legs.link_id.tolist() == ["L0", "L1", "L0", "L1", "L3"]


def scenario_of_persons() -> Scenario:
    """Households of 1, 3, 1, 1, 2 on a corridor, and one person whom no street is near."""
    network = corridor(3)
    people = people_at(
        network,
        [0, 1, 1, 0, 1, 0, 2, 2, -1],
        ["a", "b", "b", "c", "b", "d", "e", "e", "f"],
    )
    shelters = Shelters(
        shelter_id=ids("S0", "S1"),
        name=ids("", ""),
        node=np.array([3, 0]),
        lon=network.lon[[3, 0]],
        lat=network.lat[[3, 0]],
        capacity=np.array([9, 9]),
        step_free_capacity=np.array([9, 9]),
        intake_rate=np.full(2, np.inf),
        kind=ids("", ""),
    )
    return Scenario(network, people, shelters)


@given(st.data())
def test_roll_call_gives_each_person_a_movement_of_their_group(data: st.DataObject) -> None:
    """However groups are split, each person gets one movement or reason of their own group."""
    scenario = scenario_of_persons()
    groups = scenario.groups
    rows: list[tuple[int, int, int]] = []  # group, size, reason or -1 = placed
    for g in range(len(groups)):
        rest = int(groups.size[g])
        while rest:
            size = data.draw(st.integers(1, rest))
            rows.append((g, size, data.draw(st.integers(-1, 3))))
            rest -= size
    rows = data.draw(st.permutations(rows))
    moves = np.array([(g, n) for g, n, r in rows if r < 0], dtype=int).reshape(-1, 2)
    left = np.array([row for row in rows if row[2] >= 0], dtype=int).reshape(-1, 3)
    n = len(moves)
    movements = Movements(
        group=moves[:, 0],
        shelter=np.arange(n) % 2,
        size=moves[:, 1],
        depart=np.zeros(n),
        arrive=np.full(n, 60.0),
        leg_ptr=np.zeros(n + 1),
        leg_link=np.zeros(0),
        leg_enter=np.zeros(0),
        leg_leave=np.zeros(0),
        left_group=left[:, 0],
        left_size=left[:, 1],
        left_reason=left[:, 2],
    )
    plan = Plan(scenario, movements, "by hand", 10.0)
    roster = plan.roster
    assert roster is not None
    of_person = scenario.group_of_person
    placed = roster.movement >= 0
    assert (movements.group[roster.movement[placed]] == of_person[placed]).all()
    assert np.bincount(roster.movement[placed], minlength=n).tolist() == moves[:, 1].tolist()
    for g, reason in {(g, r) for g, _, r in left.tolist()}:
        mine = (roster.group == g) & (roster.reason == reason)
        assert mine.sum() == left[(left[:, 0] == g) & (left[:, 2] == reason), 1].sum()
    assert plan.unassigned.reason.iloc[-1] == "no street near enough"
    assert len(plan.unassigned) + len(plan.assignments_frame()) == 9 == plan.placed + plan.left


def test_status_tells_how_many_have_a_place() -> None:
    """A plan is complete, partial or empty, and says so to scripts that ask."""
    moves = small_movements()
    assert small_plan().status is Status.PARTIAL
    with pytest.raises(PlanError, match="1 of 7 people have no place: 1 no way to any shelter"):
        small_plan().raise_for_status()
    empty = small_plan(movements=no_movements())
    assert empty.status is Status.EMPTY
    with pytest.raises(PlanError, match="7 of 7"):
        empty.raise_for_status()
    none = np.zeros(0)
    complete = replace(moves, left_group=none, left_size=none, left_reason=none)
    small_plan(movements=complete).raise_for_status()
    assert small_plan(movements=complete).status == "complete"


def test_summary_is_a_table_for_people() -> None:
    """The summary names who is safe, each class, tight links, full shelters and who is left."""
    text = str(small_plan().summary())
    for line in (
        "by hand, partial: 6 of 7 people have a shelter, 1 left",
        "safe by the deadline of 6.667 min: 6 (85.7%)",
        "wheelchair         1         1       0    1.67    1.67     1.67",
        "proven: no plan has a mean below 3.33 min, gap 10.75%",
        'Ponte "del Fumo", alto (link L1): 4 people in all',
        "100%  Campo, grande (S0): 5 of 5",
        "1  no way to any shelter",
        "seconds: load 1.0, assign 2.0",
    ):
        assert line in text
    assert repr(small_plan().summary()) == text


def test_summary_of_nothing_has_no_figures() -> None:
    """Where nobody is placed, figures are None and the table still prints."""
    summary = small_plan(movements=no_movements(), bound=None).summary()
    assert summary.mean is None
    assert summary.clearance is None
    assert summary.by_class["walker"]["p95"] is None
    assert "0 of 7 people" in str(summary)


def test_equal_plans_are_equal_and_others_not() -> None:
    """Plans are equal if they give the same answer; how long they took does not matter."""
    plan = small_plan()
    assert plan.equals(small_plan(seconds={}))
    later = replace(small_movements(), arrive=np.array([300.0, 0.0, 330.0, 100.0]))
    for other in (
        small_plan(method="other"),
        small_plan(movements=later),
        small_plan(settings={}),
        small_plan(scenario=replace(small_scenario(), deadline=500.0)),
        small_plan_of_persons(),
        "a plan",
    ):
        assert not plan.equals(other)


@pytest.mark.parametrize(
    ("column", "value"), [("group", 9), ("shelter", -1), ("leg_link", 99), ("left_reason", 99)]
)
def test_positions_outside_are_refused(column: str, value: int) -> None:
    """A movement of a group, shelter or link that does not exist cannot become a plan."""
    array = getattr(small_movements(), column).copy().astype(int)
    array[0] = value
    with pytest.raises(SolverError, match=f"{column} is {value}"):
        small_plan(movements=replace(small_movements(), **{column: array}))
