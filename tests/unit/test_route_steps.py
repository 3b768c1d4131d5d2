"""The steps of a route: turns, names, bridges, squares passed, boats."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from networks import from_edges
from small_town import WAY, tell, town

import evacroute as er
from evacroute.languages import LANGUAGES
from evacroute.route_directions import route_directions
from evacroute.signs import sign_name


@pytest.mark.parametrize(
    "degrees,said",
    [
        (0, "straight"), (15, "straight"), (-15, "straight"), (30, "slight_left"),
        (-30, "slight_right"), (90, "left"), (-90, "right"), (140, "left"), (-170, "back"),
    ],
)  # fmt: skip
def test_turns_follow_the_thresholds(degrees: float, said: str) -> None:
    """A turn of so many degrees to the left (right below 0) is told by its word."""
    angle = np.radians(degrees)
    network = from_edges(
        [(-50, 0), (0, 0), (50 * np.cos(angle), 50 * np.sin(angle))], [(0, 1), (1, 2)]
    )
    names = np.array(["Calle A", "Calle A", "Calle B", "Calle B"], dtype=object)
    told = route_directions(replace(network, name=names), [0, 2], [0, 50], [50, 99], shelter="X")
    assert told.steps[2].turn == said


def test_a_kink_at_the_corner_does_not_decide_the_turn() -> None:
    """A street that begins with a metre to the right, then leads left, is a turn to the left."""
    network = from_edges([(-50, 0), (0, 0), (0, 50)], [(0, 1), (1, 2)], bends={1: [(0.3, -1)]})
    names = np.array(["Calle A", "Calle A", "Calle B", "Calle B"], dtype=object)
    told = route_directions(replace(network, name=names), [0, 2], [0, 50], [50, 99], shelter="X")
    assert told.steps[2].turn == "left"


def test_nameless_ways_are_told_apart_only_where_one_may_go_wrong() -> None:
    """A bend without a side street is no instruction; the same bend at a junction is one."""
    xy = [(0, 0), (50, 0), (50, 50), (100, 0)]
    bend = from_edges(xy[:3], [(0, 1), (1, 2)])
    corner = from_edges(xy, [(0, 1), (1, 2), (1, 3)])
    count = [
        len(route_directions(network, [0, 2], [0, 50], [50, 100], shelter="X").steps)
        for network in (bend, corner)
    ]
    assert count == [3, 4]


def test_a_fork_without_names_is_told() -> None:
    """Where two nameless ways lie ahead, the one to take is told though it hardly turns."""
    xy = [(0, 0), (50, 0), (90, 25), (90, -25)]
    network = from_edges(xy, [(0, 1), (1, 2), (1, 3)])
    told = route_directions(network, [0, 2], [0, 50], [50, 97], shelter="X")
    assert told.text[2] == "Keep left. Follow the alley for 45 metres, towards X."


@pytest.mark.parametrize(
    "change,line",
    [
        ({"name": "", "steps": 8}, "Turn right. Cross the bridge (14 steps)."),
        ({"name": "", "steps": 0}, "Turn right. Cross the bridge (no steps)."),
        ({"name": "", "steps": 1}, "Turn right. Cross the bridge (steps)."),
        ({"name": "Ponte X", "steps": 0}, "Turn right. Cross the bridge Ponte X (no steps)."),
        ({"name": "Ponte X", "steps": 1}, "Turn right. Cross the bridge Ponte X (steps)."),
        ({"name": "Calle Prima", "steps": 8}, "Turn right. Cross the bridge (14 steps)."),
    ],
)  # fmt: skip
def test_bridges(change: dict[str, Any], line: str) -> None:
    """A bridge is told with its own name, not its street's, and its steps as far as counted."""
    second = {"name": change["name"], "steps": min(change["steps"], 6)}
    assert tell("AMBPCD", town(BP=change, PC=second)).text[2] == line


def test_two_bridges_with_names_are_two() -> None:
    """Bridges of other names that follow each other are told one by one."""
    told = tell("AMBPCD", town(PC={"name": "Ponte Novo"}))
    assert told.bridges == 2
    assert "2 bridges" in told.text[0]


def test_stairs_at_a_bridge_belong_to_it() -> None:
    """Flights of steps before and after a bridge are counted with it."""
    stairs = {"name": "", "kind": "steps", "steps": 10}
    told = tell("AMBPCD", town(MB=stairs, CD=stairs))
    assert [step.kind for step in told.steps] == ["leave", "walk", "bridge", "arrive"]
    assert told.steps[2].steps == 34


def test_some_steps_uncounted() -> None:
    """Where one bridge's steps are known and another's are not, the total is told as more than."""
    told = tell("AMBPCDEFH", town(EF={"kind": "bridge", "steps": 1}))
    assert "2 bridges, more than 14 steps" in told.text[0]


def test_squares_passed_are_landmarks() -> None:
    """A square that touches the way but is not crossed is told as passed, once."""
    square = {"name": "Campiello Piccolo", "kind": "square"}
    told = tell("AMBPCDEF", town(MG=square))
    assert told.steps[1].passed == ("Campiello Piccolo",)
    assert "You pass Campiello Piccolo." in told.text[1]
    assert str(told).count("Campiello Piccolo") == 1


def test_a_calle_named_campo_is_a_square() -> None:
    """A name that begins with Campo makes a square of what the source calls a calle."""
    network = town(CD={"name": "Campo Grande", "kind": "calle"})
    assert tell(WAY, network).text == tell(WAY).text


def test_short_ways_go_with_their_neighbours() -> None:
    """A street of a few metres before a bridge is not told; the length stays whole."""
    xy = [(0, 0), (60, 0), (64, 0), (80, 0)]
    network = from_edges(xy, [(0, 1), (1, 2), (2, 3)], steps={2: 12})
    names = np.array(["Calle A"] * 2 + ["Calle B"] * 2 + [""] * 2, dtype=object)
    times = [0, 60, 64], [60, 64, 80]
    told = route_directions(replace(network, name=names), [0, 2, 4], *times, shelter="X")
    assert [step.kind for step in told.steps] == ["leave", "walk", "bridge", "arrive"]
    assert told.distance == pytest.approx(80)


def test_a_short_way_between_two_turns_is_told() -> None:
    """Left and left again within a few metres is not made one turn back."""
    xy = [(0, 0), (60, 0), (60, 5), (0, 5)]
    network = from_edges(xy, [(0, 1), (1, 2), (2, 3)])
    names = np.repeat(np.array(["Calle A", "Calle B", "Calle C"], dtype=object), 2)
    times = [0, 60, 65], [60, 65, 125]
    told = route_directions(replace(network, name=names), [0, 2, 4], *times, shelter="X")
    assert [step.turn for step in told.steps[1:-1]] == ["", "left", "left"]


def test_boats_from_place_to_place() -> None:
    """A boat is told from where to where, once for all its links."""
    named = town(FH={"name": "Fondamenta Vecia", "kind": "quay"})
    assert "Take the boat from Fondamenta Vecia to Riva Lunga." in tell(WAY, named).text
    nowhere = town(KQ={"name": ""})
    assert "Take the boat." in tell(WAY, nowhere).text
    line = town(KQ={"name": ""}, HK={"name": "Linea 2"})
    assert "Take the boat Linea 2." in tell(WAY, line).text


def test_boats_of_a_timetable() -> None:
    """Stops, gangways, the wait for a boat and the line are told; who rides on stays aboard."""
    network, _ = er.lagoon_boats(until="30 min")
    ids = network.link_positions(["gangway:C1-r", "boat:C1>C2", "boat:C2>C3", "gangway:C3"])
    enter, leave = [0.0, 100.0, 400.0, 640.0], [10.0, 340.0, 640.0, 650.0]
    told = route_directions(network, ids.tolist(), enter, leave, shelter="Scuola")
    first, last = (network.name[i] for i in (ids[0], ids[3]))
    assert [step.kind for step in told.steps] == [
        "leave", "stop", "wait_boat", "boat", "ashore", "arrive",
    ]  # fmt: skip
    assert told.text[1].startswith(f"Go to the boat stop {first} (")
    assert told.text[2] == "Wait for the boat (2 minutes)."
    assert told.text[3].startswith(f"Take the boat 1 from {first} to {last}. It casts off ")
    assert "1 boat" in told.text[0]


@pytest.mark.parametrize(
    "enter,alarm,said",
    [
        (190.0, None, "3 minutes after the alarm. Be at the stop 2 minutes before."),
        (100.0, "23:59", "1 minute after the alarm, at 00:00. Be at the stop 1 minute before."),
        (59.0, None, "in the first minute after the alarm. You reach the stop only just in time."),
        (59.0, "10:30", "in the first minute after the alarm, at 10:30. You reach the stop only"),
    ],
)
def test_when_a_boat_casts_off(enter: float, alarm: str | None, said: str) -> None:
    """The minute a boat casts off in is told, never a later one, and how early to be there."""
    network, _ = er.lagoon_boats(until="30 min")
    ids = network.link_positions(["gangway:C1-r", "boat:C1>C2", "gangway:C2"]).tolist()
    times = [0.0, enter, 400.0], [10.0, 400.0, 410.0]
    told = route_directions(network, ids, *times, shelter="Scuola", alarm=alarm)
    line = next(
        line for step, line in zip(told.steps, told.text, strict=True) if step.kind == "boat"
    )
    assert f". It casts off {said}" in line
    others = {
        route_directions(network, ids, *times, shelter="Scuola", alarm=alarm, language=one).text[-3]
        for one in LANGUAGES
    }
    assert len(others) == len(LANGUAGES)
    assert all("{" not in text for text in others)


def test_a_ferry_without_timetable_has_no_time() -> None:
    """A ferry of the map that people may take at any time is not said to cast off."""
    told = tell(WAY)
    assert not any("casts off" in line for line in told.text)
    assert all(step.casts_off_s is None for step in told.steps)


def test_who_changes_boats_is_not_told_to_be_early() -> None:
    """After a change the next boat's time is told, but nobody can be at the stop before."""
    network, _ = er.lagoon_boats(until="30 min")
    ids = network.link_positions(["gangway:C1-r", "boat:C1>C2", "boat:C2>C3", "gangway:C3"])
    way = (ids.tolist(), [0.0, 100.0, 480.0, 640.0], [10.0, 340.0, 640.0, 650.0])
    told = route_directions(network, *way, shelter="Scuola", trips=[(), {"T1"}, {"T2"}, ()])
    one, two = (step for step in told.steps if step.kind == "boat")
    assert (one.spare_s, two.spare_s) == (90.0, None)
    assert told.text[told.steps.index(two)].endswith("It casts off 8 minutes after the alarm.")


def test_another_trip_is_another_boat() -> None:
    """Rides are one boat only where one trip makes them; otherwise people are told to change."""
    network, _ = er.lagoon_boats(until="30 min")
    ids = network.link_positions(["gangway:C1-r", "boat:C1>C2", "boat:C2>C3", "gangway:C3"])
    way = (ids.tolist(), [0.0, 100.0, 400.0, 640.0], [10.0, 340.0, 640.0, 650.0])

    def kinds(*trips: Any) -> list[str]:
        told = route_directions(network, *way, shelter="Scuola", trips=[(), *trips, ()])
        return [step.kind for step in told.steps[3:-2]]

    one, two = ["boat"], ["boat", "change", "wait_boat", "boat"]
    assert kinds({"T1"}, {"T1"}) == kinds({"T1", "T2"}, {"T2", "T3"}) == one
    assert kinds({"T1"}, {"T2"}) == kinds({"T1"}, ()) == two
    assert kinds((), ()) == one  # guessed, where no trip is known
    told = route_directions(network, *way, shelter="Scuola", trips=[(), {"T1"}, {"T2"}, ()])
    assert told.text[4] == "Change to another boat here."
    assert "2 boats" in told.text[0]
    for language in LANGUAGES[1:]:
        other = route_directions(
            network, *way, shelter="Scuola", trips=[(), {"T1"}, {"T2"}, ()], language=language
        )
        assert other.text[4] not in ("", told.text[4])


@pytest.mark.parametrize(
    "name,kind,told",
    [
        ("Calle A; Ponte B", "bridge", "Ponte B"),
        ("Calle A; Ponte B", "calle", "Calle A"),
        ("Ponte B", "calle", ""),
        ("Tower Bridge", "bridge", "Tower Bridge"),
        ("High Street", "calle", "High Street"),
        ("", "calle", ""),
    ],
)
def test_the_name_that_suits(name: str, kind: str, told: str) -> None:
    """Of several names the one of the link's kind is told; unknown words suit any kind."""
    assert sign_name(name, kind) == told
