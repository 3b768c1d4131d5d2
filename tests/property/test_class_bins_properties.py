import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from evacroute.class_bins import bin_classes
from evacroute.people import People

person = st.tuples(
    st.integers(0, 3),  # household
    st.floats(0.2, 2.2),  # speed on the flat
    st.sampled_from([0.0, 0.5, 0.7]),  # ratio on steps
    st.sampled_from([0.0, 0.8]),  # narrowest way
    st.integers(-1, 3),  # node
    st.floats(0, 400),  # metres east of the first
    st.floats(0, 900),  # ready time
)


def make(rows):
    household, flat, ratio, width, node, x, ready = (np.array(c) for c in zip(*rows, strict=True))
    n = len(rows)
    text = lambda values: np.array([str(v) for v in values], object)  # noqa: E731
    zero = np.zeros(n)
    return People(
        person_id=text(range(n)), household_id=text(household), lon=12.3 + x / 78_000,
        lat=np.full(n, 45.4), age=zero, sex=text([""] * n), mobility=text(["none"] * n),
        ready_time=ready, helpers=zero, speed_flat=flat, speed_up=flat * ratio,
        speed_down=flat * ratio, min_width=width, depth_limit=zero, link=np.minimum(node, 0),
        along=zero, node=node, offset=zero, distance=zero,
    )  # fmt: skip


@given(st.lists(person, min_size=1, max_size=25), st.integers(4, 12))
def test_parties_and_classes_hold_for_any_people(rows, max_classes):
    """Everyone near a street is in one party that none of its members is too slow or wide for."""
    people = make(rows)
    bins = bin_classes(people, max_classes=max_classes)
    party = bins.party_of_person
    near = people.node >= 0
    assert ((party >= 0) == near).all()
    assert (np.bincount(party[near], minlength=len(bins.node)) == bins.size).all()
    assert (bins.speed_flat[party[near]] <= people.speed_flat[near] + 1e-12).all()
    assert (bins.speed_steps[party[near]] <= people.speed_up[near] + 1e-12).all()
    assert (bins.min_width[party[near]] >= people.min_width[near]).all()
    assert (bins.ready_time[party[near]] >= people.ready_time[near]).all()
    assert (bins.node[party[near]] >= 0).all()
    # One household each: members of a party share it.
    for p in range(len(bins.node)):
        assert len(set(people.household_id[party == p])) == 1
        leader = bins.slowest[p]
        assert party[leader] == p
        assert people.node[leader] == bins.node[p]
        apart = np.abs(people.lon[party == p] - people.lon[leader]) * 78_000
        assert (apart < 151).all()
    assert 1 <= len(bins.classes) <= max_classes
    chosen = bins.class_of_party
    assert ((bins.classes.speed_steps[chosen] == 0) == (bins.speed_steps == 0)).all()
    assert (bins.classes.min_width[chosen] == bins.min_width).all()
