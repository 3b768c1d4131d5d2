"""Who is left and why, and the pick-ups they are gathered at, on streets made by hand."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from networks import corridor, from_edges
from scenes import paces
from stranded import fleet, plan_leaving

import evacroute as er
from evacroute.assignment.movements import REASONS
from evacroute.errors import InputError, NetworkError
from evacroute.rescue.needs import why_left

TEXTS = {
    "no step-free way to any shelter": "no step-free way",
    "no shelter with room": "no room",
    "no step-free place left": "no step-free place",
    "too far to arrive by the deadline": "too slow for the deadline",
    "no room on the way by the deadline (proven)": "streets too full for the deadline",
    "no room on the way by the deadline (not proven)": "streets too full for the deadline",
    "no street near enough": "no street near",
    "no shelter with room (not proven)": "no room",
    "no step-free place left (not proven)": "no step-free place",
    "no way that lets in so wide a person at this step": "ways too narrow",
}


def test_every_reason_of_a_plan_has_a_short_one():
    """Each reason that a plan can give is told in short, none slips through."""
    assert {*TEXTS, "no way to any shelter"} <= set(REASONS)
    for reason in REASONS[:11]:
        short = why_left(reason, step_free=False, joined=False)
        assert short != reason
        assert short == TEXTS.get(reason, "cut off")


def test_reasons_to_come_are_kept():
    """A reason that is not known yet is kept as it stands, one that speaks of a cut is a cut."""
    assert why_left("cut off by the hazard", step_free=True, joined=True) == "cut off"
    assert why_left("lost", step_free=True, joined=True) == "lost"


@pytest.mark.parametrize(
    ("class_", "steps_at", "closed", "why"),
    [
        (1, (1,), False, "no step-free way"),
        (1, (), True, "cut off"),
        (0, (), True, "cut off"),
        (2, (), False, "ways too narrow"),
    ],
)
def test_no_way_means_steps_width_or_water(class_, steps_at, closed, why):
    """No way at all is told as steps, narrowness or being cut off by who could get through."""
    network = corridor(3, 100.0, steps_at=steps_at)
    if closed:
        shut = np.isin(network.link_id, ["L1", "L1-r"])
        network = dataclasses.replace(network, capacity=np.where(shut, 0.0, network.capacity))
    classes = ((1.0, 0.5), (1.0, 0.0), (1.0, 0.5, 5.0))
    plan = plan_leaving(
        network, (3, 2, 0.0, class_), reason="no way to any shelter", classes=classes
    )
    assert er.rescue(plan).people["why"].tolist() == [why]


def test_neighbours_are_gathered_within_the_radius():
    """People 50 m apart share a pick-up, those 200 m on have their own; nobody is lost."""
    network = corridor(5, 50.0)
    plan = plan_leaving(network, (0, 2), (1, 3), (5, 4))
    pickups = er.rescue(plan, radius=80).pickups
    assert sorted(pickups["persons"]) == [4, 5]
    # They meet where most of them are.
    assert pickups.set_index("persons").loc[5, "node_id"] == "N1"
    assert er.rescue(plan, radius=0).pickups["persons"].sum() == 9
    assert len(er.rescue(plan, radius=0).pickups) == 3


def test_steps_keep_who_cannot_use_them_apart():
    """A bridge with steps parts wheelchair users' pick-ups, but not those of who can walk it."""
    network = corridor(2, 40.0, steps_at=(0,))
    for class_, n in ((1, 2), (0, 1)):
        plan = plan_leaving(network, (0, 1, 0.0, class_), (1, 1, 0.0, class_))
        assert len(er.rescue(plan).pickups) == n


def test_needs_and_reasons_are_counted():
    """A pick-up tells persons by need, and why, with counts where there are several reasons."""
    classes = ((1.3, 0.9), (0.6, 0.3), (0.7, 0.0))
    plan = plan_leaving(
        corridor(2, 30.0), (1, 3), (1, 2, 0.0, 1), (1, 1, 0.0, 2), classes=classes,
        reason=["no shelter with room", "too far to arrive by the deadline", REASONS[1]],
    )  # fmt: skip
    row = er.rescue(plan).pickups.iloc[0]
    assert row[["persons", "wheelchair", "cannot_use_steps", "slow"]].tolist() == [6, 0, 1, 2]
    assert row["needs"] == "1 cannot use steps, 2 slow, 3 anybody"
    assert row["why"] == "no room (3); too slow for the deadline (2); no step-free way (1)"


def test_a_class_named_wheelchair_tells_of_wheelchairs():
    """Where only classes are known, those called wheelchair who cannot use steps have one."""
    plan = plan_leaving(corridor(1), (1, 2, 0.0, 1))
    named = dataclasses.replace(
        paces((1.0, 0.5), (1.0, 0.0)), class_id=np.array(["a", "wheelchair"], dtype=object)
    )
    plan = dataclasses.replace(plan, scenario=dataclasses.replace(plan.scenario, classes=named))
    assert er.rescue(plan).pickups["wheelchair"].tolist() == [2]


def test_pickups_are_split_to_what_a_vehicle_takes():
    """No pick-up has more persons, or more who cannot use steps, than one vehicle takes."""
    network = corridor(1)
    plan = plan_leaving(network, (1, 30), (1, 5, 0.0, 1))
    vehicles = fleet(network, ("boat", 0, 8, 2), ("stretcher team", 0, 1, 1))
    pickups = er.rescue(plan, vehicles, solution_limit=0).pickups
    assert pickups["persons"].max() <= 8
    assert pickups["cannot_use_steps"].max() <= 2
    assert pickups["persons"].sum() == 35
    assert len(pickups) == 5
    assert len(er.rescue(plan).pickups) == 1


def test_households_stay_together_where_they_fit():
    """A household of four is at one pick-up of a boat with five seats; one of seven is split."""
    network = corridor(1)
    vehicles = fleet(network, ("boat", 0, 5, 0))
    plan = plan_leaving(network, (1, 2), (1, 4, 0.0, 0, True), (1, 7, 0.0, 0, True))
    people = er.rescue(plan, vehicles, solution_limit=0).people
    at = people.groupby("group_id")["pickup_id"].nunique()
    assert (at["G1"], at["G2"]) == (1, 2)
    assert people.groupby("pickup_id")["persons"].sum().max() <= 5


def test_who_is_ready_too_late_keeps_nobody_waiting():
    """People who are not ready by the latest time have a pick-up of their own."""
    plan = plan_leaving(corridor(1), (1, 2), (1, 3, 5000.0), deadline=3600.0)
    pickups = er.rescue(plan).pickups
    assert dict(zip(pickups["ready_s"], pickups["persons"], strict=True)) == {0.0: 2, 5000.0: 3}


def test_latest_time_is_the_deadline_or_when_the_place_is_cut_off():
    """A time given for a node is that pick-up's latest, others keep the deadline."""
    network = corridor(4, 100.0)
    plan = plan_leaving(network, (1, 1), (4, 1), deadline=1800)
    pickups = er.rescue(plan, latest={"N4": 600.0}).pickups
    assert dict(zip(pickups["node_id"], pickups["latest_s"], strict=True)) == {
        "N4": 600.0,
        "N1": 1800.0,
    }
    # The first due is the first listed.
    assert pickups["node_id"].iloc[0] == "N4"
    with pytest.raises(NetworkError, match="N9"):
        er.rescue(plan, latest={"N9": 600.0})


def test_boats_land_at_quays_and_bridges():
    """The landing is the nearest end of a quay or bridge, carried to where steps are between."""
    xy = [(0.0, 0.0), (60.0, 0.0), (100.0, 0.0), (200.0, 0.0)]
    kinds = ["calle", "quay", "calle"]
    free = from_edges(xy, [(0, 1), (1, 2), (2, 3)], kind=kinds)
    row = er.rescue(plan_leaving(free, (0, 1, 0.0, 1), shelters=((3, 9),))).pickups.iloc[0]
    assert (row["landing_m"], row["carry_to_landing"]) == (60.0, False)
    assert row["landing_lon"] == pytest.approx(free.lon[1])
    assert row["at_landing_s"] == 60.0
    stepped = from_edges(xy, [(0, 1), (1, 2), (2, 3)], kind=kinds, steps={0: 10})
    row = er.rescue(plan_leaving(stepped, (0, 1, 0.0, 1), shelters=((3, 9),))).pickups.iloc[0]
    # A crew's metre with steps counts twice.
    assert (row["landing_m"], row["carry_to_landing"]) == (120.0, True)
    bare = corridor(2)
    row = er.rescue(plan_leaving(bare, (1, 1, 0.0, 1))).pickups.iloc[0]
    assert (row["landing_m"], row["landing_lon"]) == (0.0, row["lon"])


def test_persons_keep_their_own_figures_and_ids():
    """With persons the list names each, and each one's own mobility says the need."""
    plan = er.assign(er.lagoon(people=3000))
    found = er.rescue(plan)
    assert len(found.people) == plan.left == found.people["persons"].sum()
    assert set(found.people["person_id"]) == set(plan.unassigned["person_id"])
    assert found.pickups["wheelchair"].sum() > 0
    assert "person_id" not in found.pickups
    assert plan.rescue.equals(found.pickups)


def test_people_far_from_any_street_are_picked_up_where_they_stand():
    """Whoever the loader set aside has a pick-up at their own position, for boats alone."""
    from drawn_plans import make_plan_of_people

    plan = make_plan_of_people()
    found = er.rescue(plan)
    off = found.people[found.people["why"] == "no street near"]
    assert len(off)
    assert (off["pickup_id"] != "").all()
    row = found.pickups.set_index("pickup_id").loc[off["pickup_id"].iloc[0]]
    assert row["node_id"] == ""
    assert row["lon"] == off["lon"].iloc[0] == row["landing_lon"]


def test_who_is_nowhere_is_listed_without_a_pickup(tmp_path):
    """From a plan folder, where no position is kept, they are unreached with that reason."""
    from drawn_plans import make_plan_of_people

    make_plan_of_people().save(tmp_path / "plan")
    found = er.rescue(er.read_plan(tmp_path / "plan"))
    lost = found.people[found.people["pickup_id"] == ""]
    assert len(lost) == len(found.unreached) == found.summary().nowhere == 1
    assert "not known" in found.unreached["reason"].iloc[0]


def test_nobody_left_gives_empty_tables(tmp_path):
    """A plan that places everyone has no pick-ups, with a fleet or without, and is written."""
    network = corridor(2)
    plan = er.assign(dataclasses.replace(plan_leaving(network, (1, 2)).scenario), method="nearest")
    assert plan.left == 0
    found = er.rescue(plan, fleet(network, ("boat", 0, 8, 2)))
    assert len(found.people) == len(found.pickups) == len(found.unreached) == 0
    assert len(plan.rescue) == 0
    found.to_csv(tmp_path / "out")
    assert "0 people" in str(found)


@pytest.mark.parametrize("radius", [-1.0, np.nan, np.inf])
def test_an_odd_radius_is_refused(radius):
    """A radius below 0 or without end is an error."""
    with pytest.raises(InputError, match="radius"):
        er.rescue(plan_leaving(corridor(1), (1, 1)), radius=radius)
