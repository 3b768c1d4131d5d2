"""Whatever is left and whatever the fleet: nobody is lost, counted twice or taken against a rule."""

from __future__ import annotations

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


@settings(max_examples=40, deadline=None)
@given(
    groups=st.lists(GROUP, min_size=1, max_size=12),
    vehicles=st.lists(VEHICLE, min_size=1, max_size=4),
    rooms=st.tuples(st.integers(0, 40), st.integers(0, 40)),
    radius=st.sampled_from([0.0, 80.0, 200.0]),
    seed=st.integers(0, 5),
)
def test_no_rule_is_broken(groups, vehicles, rooms, radius, seed):
    """Everyone left is at just one pick-up; seats, places, times and rooms are kept on all routes."""
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
    assert found.pickups["persons"].max() <= max(
        crews.seats.max(),
        at and max(persons for name, persons in at.items() if counts[name]) if counts.any() else 0,
    )
    assert broken_rules(found, crews, room_of(plan)) == []
