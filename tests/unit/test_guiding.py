"""Directions for the people of a plan: movements, persons at their door, people who are left."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from drawn_plans import make_plan, make_plan_of_people
from networks import degrees, from_edges
from plans import empty_plan, small_plan, small_plan_of_persons

import evacroute as er
from evacroute.errors import InputError


def test_a_movement_is_told_from_its_legs() -> None:
    """Length, times and links of the directions are those of the movement's legs."""
    plan = make_plan()
    moves, network = plan.movements, plan.scenario.network
    for m in range(len(moves)):
        told = er.directions(plan, movement=m)
        links = moves.leg_link[moves.leg_ptr[m] : moves.leg_ptr[m + 1]]
        assert [link for step in told.steps for link in step.links] == links.tolist()
        assert told.distance == pytest.approx(network.length[links].sum())
        assert (told.depart_s, told.arrive_s) == (moves.depart[m], moves.arrive[m])
        assert told.shelter == ("Campo Uno", "shelter S1")[moves.shelter[m]]
        assert isinstance(told, er.Directions)


def test_a_shelter_without_a_name_is_told_by_id() -> None:
    """The id stands in for the name, in the words of the language; so do those already there."""
    plan = small_plan()
    assert er.directions(plan, movement=1, language="it").text == (
        "Sei già a destinazione: rifugio S1. Resta lì.",
    )
    moves = replace(plan.movements, depart=plan.movements.depart + 60)
    later = replace(plan, movements=moves)
    assert len(er.directions(later, movement=1).text) == 1


def test_a_person_of_a_plan_is_told_their_movement() -> None:
    """Without the persons' own places a person is told the way of the group."""
    plan = small_plan_of_persons()
    assert er.directions(plan, person="p3").text == er.directions(plan, movement=2).text


@pytest.mark.parametrize("person,crew", [("p6", True), ("p7", True)])
def test_people_who_are_left_are_told_what_to_do(person: str, crew: bool) -> None:
    """Who has no place is told why, to stay, to go up if water rises, and whom to wait for."""
    told = er.directions(small_plan_of_persons(), person=person, language="en")
    assert told.text[1:3] == ("Stay where you are.", "If water rises, go up to a higher floor.")
    assert ("crew" in told.text[3]) == crew
    assert (told.depart_s, told.arrive_s, told.shelter) == (None, None, "")


def corridor_plan(x: float, shelter: int) -> er.Plan:
    """One person at x [m] on a street of 100 m in a corridor N0-N1-N2-N3; the shelter at a node."""
    network = from_edges(
        [(0, 0), (100, 0), (200, 0), (300, 0)], [(0, 1), (1, 2), (2, 3)], capacity=4.0
    )
    names = np.repeat(np.array(["Calle A", "Calle B", "Calle C"], dtype=object), 2)
    network = replace(network, name=names)
    lon, lat = degrees([x], [0.0])
    table = {"person_id": ["anna"], "lon": lon, "lat": lat, "age": [30], "ready_time_s": [120]}
    people = er.read_people(pd.DataFrame(table), network)
    place = pd.DataFrame({"shelter_id": ["S"], "node_id": [f"N{shelter}"], "capacity": [5]})
    shelters = er.read_shelters(place, network)
    return er.assign(er.Scenario(network, people, shelters, deadline="30 min"), "nearest")


def test_a_person_is_told_from_their_own_door() -> None:
    """Who stands 30 m before the corner walks these 30 m first, and leaves when they are ready."""
    plan = corridor_plan(170.0, 3)
    told = er.directions(plan, person="anna")
    group = er.directions(plan, movement=0)
    assert told.distance == pytest.approx(130, abs=0.5)
    assert group.distance == pytest.approx(100)
    assert told.steps[1].name == "Calle B"
    assert told.steps[1].distance == pytest.approx(30, abs=0.5)
    assert 120 <= told.depart_s < group.depart_s
    assert told.arrive_s == group.arrive_s


def test_nobody_is_sent_to_the_corner_and_back() -> None:
    """Whose way leads back along their own street starts at their door."""
    plan = corridor_plan(170.0, 0)
    told, group = er.directions(plan, person="anna"), er.directions(plan, movement=0)
    assert group.distance == pytest.approx(200)
    assert told.distance == pytest.approx(170, abs=0.5)
    assert told.steps[1].distance == pytest.approx(70, abs=0.5)
    assert told.depart_s > group.depart_s


def test_every_person_of_a_plan_is_told_something() -> None:
    """Persons with a place end at their shelter, those set aside at why."""
    plan = make_plan_of_people()
    for person, movement in zip(plan.roster.person_id, plan.roster.movement, strict=True):
        told = er.directions(plan, person=person, language="de")
        assert (told.steps[-1].kind == "arrive") == (movement >= 0)
        assert all(told.text)


@pytest.mark.parametrize(
    "options,message",
    [
        ({}, "either movement= or person="),
        ({"movement": 0, "person": "p0"}, "not both"),
        ({"movement": 4}, "movement is 4, expected a whole number from 0 to 3"),
        ({"movement": -1}, "movement is -1"),
        ({"movement": "1"}, "movement is '1'"),
        ({"movement": 0.5}, "movement is 0.5"),
        ({"person": "nobody"}, "person 'nobody' is not in the plan"),
        ({"movement": 0, "language": "xx"}, "language is 'xx'"),
        ({"movement": 0, "alarm": "noon"}, "alarm is 'noon'"),
    ],
)
def test_bad_wishes_are_refused(options: dict[str, Any], message: str) -> None:
    """What is not in the plan, or no language or time, is an error that says so."""
    with pytest.raises(InputError, match=message):
        er.directions(small_plan_of_persons(), **options)


def test_plans_without_persons_or_movements() -> None:
    """A plan of groups knows no persons, and one where all are left no movements."""
    with pytest.raises(InputError, match="give movement="):
        er.directions(small_plan(), person="p0")
    with pytest.raises(InputError, match="movement is 0"):
        er.directions(empty_plan(), movement=0)


def test_a_saved_plan_tells_the_same(tmp_path: Any) -> None:
    """A plan read back from its folder tells a movement in the same words."""
    plan = make_plan()
    plan.save(tmp_path / "plan")
    back = er.read_plan(tmp_path / "plan")
    assert er.directions(back, movement=2).text == er.directions(plan, movement=2).text
