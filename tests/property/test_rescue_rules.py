"""Whatever is left and whatever the fleet: nobody is lost, and every rule is kept."""

from __future__ import annotations

import dataclasses

from conftest import drawn
from hypothesis import given, settings
from hypothesis import strategies as st
from networks import grid
from stranded import broken_rules, fleet, plan_leaving, room_of

import evacroute as er
from evacroute.assignment.movements import REASONS

NODES = 25
GROUP = st.tuples(
    st.integers(0, NODES - 1), st.integers(1, 9), st.integers(0, 1500).map(float),
    st.integers(0, 2), st.booleans(),
)  # fmt: skip
VEHICLE = st.tuples(
    st.sampled_from(["boat", "stretcher team"]), st.integers(0, NODES - 1), st.integers(1, 8),
    st.integers(0, 8), st.sampled_from([0.8, 2.0]), st.sampled_from([0.0, 10.0, 45.0]),
    st.integers(0, 600).map(float), st.sampled_from([900.0, 2000.0, float("inf")]),
).map(lambda v: (*v[:3], min(v[3], v[2]), *v[4:]))  # fmt: skip
CLASSES = ((1.3, 0.9), (0.7, 0.4), (0.7, 0.0))


@settings(max_examples=drawn(100), deadline=None)
@given(
    groups=st.lists(GROUP, min_size=1, max_size=12),
    vehicles=st.lists(VEHICLE, min_size=1, max_size=4),
    rooms=st.tuples(st.integers(0, 40), st.integers(0, 40)),
    radius=st.sampled_from([0.0, 80.0, 200.0]),
    seed=st.integers(0, 5),
)
def test_no_rule_is_broken(groups, vehicles, rooms, radius, seed):
    """Everyone left is at just one pick-up; seats, places, times and rooms are kept."""
    network = grid(5, 5, steps_share=0.3, seed=seed)
    shelters = [(node, room, room // 2) for node, room in zip((0, 24), rooms, strict=True)]
    reasons = [REASONS[i % 7] for i in range(len(groups))]
    plan = plan_leaving(
        network, *groups, shelters=shelters, classes=CLASSES, reason=reasons, deadline=1800.0
    )
    crews = fleet(network, *vehicles)
    found = er.rescue(plan, crews, radius=radius, solution_limit=20)

    size = found.people.groupby("group_id")["persons"].sum().to_dict()
    assert size == {f"G{i}": group[1] for i, group in enumerate(groups)}
    at = found.people.groupby("pickup_id")["persons"].sum().to_dict()
    assert at == dict(zip(found.pickups["pickup_id"], found.pickups["persons"], strict=True))
    carried = found.people[found.people["needs"].str.contains("cannot")]
    sums = carried.groupby("pickup_id")["persons"].sum()
    counts = found.pickups.set_index("pickup_id")["cannot_use_steps"]
    assert sums.to_dict() == counts[counts > 0].to_dict()
    free = found.pickups["cannot_use_steps"] == 0
    assert found.pickups.loc[free, "persons"].max() <= crews.seats.max() or not free.any()
    assert broken_rules(found, crews, room_of(plan)) == []


def test_the_checker_sees_what_is_broken():
    """The checker of routes finds a delay, a seat too few, a person lost and a pick-up twice."""
    network = grid(5, 5, steps_share=0.0)
    plan = plan_leaving(network, (3, 2), (12, 3, 0.0, 1), shelters=((24, 9),), deadline=900.0)
    crews = fleet(network, ("boat", 0, 5, 3))
    found = er.rescue(plan, crews)
    assert found.routes is not None
    assert len(found.routes) == 4
    assert broken_rules(found, crews, room_of(plan)) == []
    late, lost = found.routes.copy(), found.routes.copy()
    late.loc[2:, ["arrive_s", "depart_s"]] += 900.0
    lost.loc[3, "off"] -= 1
    twice = found.routes.copy()
    twice.loc[2, "id"] = twice.loc[1, "id"]
    for routes, words in ((late, "aboard too late"), (lost, "is wrong"), (twice, "twice")):
        wrong = broken_rules(dataclasses.replace(found, routes=routes), crews, room_of(plan))
        assert any(words in rule for rule in wrong)
    small = fleet(network, ("boat", 0, 4, 2))
    assert any("more aboard" in rule for rule in broken_rules(found, small, room_of(plan)))
    assert any("over its room" in rule for rule in broken_rules(found, crews, {"S0": (4, 4)}))
