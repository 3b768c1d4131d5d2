"""Directions for a route given link by link: turns, names, bridges, squares, boats, times."""

from __future__ import annotations

import time
from dataclasses import replace
from itertools import accumulate, pairwise
from typing import Any

import numpy as np
import pytest
from networks import from_edges

import evacroute as er
from evacroute.assignment.movements import REASONS
from evacroute.errors import InputError
from evacroute.languages import LANGUAGES
from evacroute.network import Network
from evacroute.route_directions import (
    NO_WAY,
    Directions,
    minutes_of_day,
    route_directions,
    stay_directions,
)
from evacroute.signs import sign_name, signs_of

XY = {
    "A": (0, 0), "M": (0, 30), "B": (0, 60), "P": (30, 60), "C": (60, 60), "D": (100, 60),
    "E": (100, 100), "F": (60, 100), "G": (140, 100), "H": (60, 140), "K": (60, 300),
    "Q": (60, 340),
}  # fmt: skip
"""Places in metres; the way A M B P C D E F H K Q is told in most tests."""

NODES = list(XY)
STREETS: dict[str, dict[str, Any]] = {
    "AM": {"name": "Calle Prima"},
    "MB": {"name": "Calle Prima"},
    "BP": {"name": "Ponte Storto, Calle Prima", "kind": "bridge", "steps": 8},
    "PC": {"name": "Ponte Storto", "kind": "bridge", "steps": 6},
    "CD": {"name": "Campo Grande", "kind": "square"},
    "DE": {},
    "EF": {},
    "EG": {},
    "FH": {"kind": "quay"},
    "HK": {"kind": "ferry"},
    "KQ": {"name": "Riva Lunga"},
}
WAY = "AMBPCDEFHKQ"


def town(**changes: dict[str, Any]) -> Network:
    """The network of the streets, some of them with other properties."""
    streets = {ends: STREETS.get(ends, {}) | changes.get(ends, {}) for ends in STREETS | changes}
    rows = list(streets.values())
    network = from_edges(
        [XY[node] for node in NODES],
        [(NODES.index(a), NODES.index(b)) for a, b in streets],
        steps=[row.get("steps", 0) for row in rows],
        kind=[row.get("kind", "") for row in rows],
        node_id=NODES,
    )
    names = np.array([row.get("name", "") for row in rows for _ in "ab"], dtype=object)
    return replace(network, name=names)


def links_of(network: Network, way: str) -> list[int]:
    ends = zip(network.from_node.tolist(), network.to_node.tolist(), strict=True)
    place = {NODES[a] + NODES[b]: link for link, (a, b) in enumerate(ends)}
    return [place[a + b] for a, b in pairwise(way)]


def tell(way: str, network: Network | None = None, waits: Any = None, **options: Any) -> Directions:
    """Directions for a way through the town at 1 m/s, with waits before links by their number."""
    network = network or town()
    links = links_of(network, way)
    enter, leave, clock = [], [], 0.0
    for i, link in enumerate(links):
        clock += (waits or {}).get(i, 0.0)
        enter.append(clock)
        clock += float(network.length[link])
        leave.append(clock)
    return route_directions(network, links, enter, leave, **{"shelter": "Scuola", **options})


def test_a_way_in_words() -> None:
    """A way with a bridge, a square, nameless ways and a boat is told line by line."""
    assert tell(WAY).text == (
        "Leave at once. In all: 320 metres, 8 minutes, 1 boat, 1 bridge, 14 steps.",
        "Follow Calle Prima for 60 metres, towards Ponte Storto.",
        "Turn right. Cross the bridge Ponte Storto (14 steps).",
        "Cross Campo Grande (40 metres).",
        "Turn left. Follow the alley for 40 metres.",
        "Turn left. Follow the alley for 40 metres.",
        "Turn right. Go along the canal for 40 metres.",
        "Take the boat to Riva Lunga.",
        "Follow Riva Lunga for 40 metres.",
        "You are there: Scuola.",
    )


def test_steps_hold_the_same_as_the_words() -> None:
    """The structured steps hold kind, name, turn, length, times and number of steps."""
    steps = tell(WAY).steps
    assert [step.kind for step in steps] == [
        "leave", "walk", "bridge", "square", "alley", "alley", "quay", "boat", "walk", "arrive",
    ]  # fmt: skip
    assert [step.turn for step in steps] == [
        "", "", "right", "straight", "left", "left", "right", "", "", "",
    ]  # fmt: skip
    assert [round(step.distance) for step in steps[1:-1]] == [60, 60, 40, 40, 40, 40, 160, 40]
    ends = list(accumulate(step.distance for step in steps[1:-1]))
    assert [step.end_s for step in steps[1:-1]] == pytest.approx(ends)
    assert [step.begin_s for step in steps[1:-1]] == pytest.approx([0, *ends[:-1]])
    assert (steps[2].name, steps[2].steps) == ("Ponte Storto", 14)
    assert steps[-1].name == "Scuola"


def test_prints_as_numbered_lines() -> None:
    """Printed, each line has its number, right-aligned."""
    lines = str(tell(WAY)).splitlines()
    assert lines[0].startswith(" 1. Leave")
    assert lines[-1] == "10. You are there: Scuola."


def test_as_plain_types() -> None:
    """As a dictionary the directions hold each step with its line."""
    told = tell("AMBPC")
    record = told.to_dict()
    assert [row["text"] for row in record["steps"]] == list(told.text)
    assert record["bridges"] == 1
    assert record["distance"] == pytest.approx(120)


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


def test_whoever_is_cut_off_waits_for_a_crew() -> None:
    """People whom a hazard cuts off are told so, in words of their own, and that a crew comes."""
    told = stay_directions("cut off by a hazard")
    assert told.text[0] == "Water, fire or rubble cuts the ways to the shelters."
    assert "crew" in told.text[-1]


@pytest.mark.parametrize("wait,lines", [(20, 0), (40, 1), (130, 1)])
def test_waits(wait: float, lines: int) -> None:
    """A wait of half a minute or more is told in minutes, a shorter one is not."""
    told = tell(WAY, waits={4: wait})
    found = [line for line in told.text if line.startswith("Wait here")]
    assert len(found) == lines
    if wait == 130:
        assert found == ["Wait here for 2 minutes: the way ahead is still full."]
        assert told.text[3] == found[0]
        assert told.steps[3].end_s - told.steps[3].begin_s == wait


def test_nobody_waits_on_a_bridge() -> None:
    """A wait in the middle of a bridge is told before it, and the bridge stays one."""
    told = tell(WAY, waits={3: 60})
    assert [step.kind for step in told.steps[:4]] == ["leave", "walk", "wait", "bridge"]
    assert told.bridges == 1


@pytest.mark.parametrize(
    "depart,alarm,said",
    [
        (0, None, "Leave at once."),
        (29, None, "Leave at once."),
        (31, None, "Leave 1 minute after the alarm."),
        (720, None, "Leave 12 minutes after the alarm."),
        (720, "10:30", "Leave 12 minutes after the alarm, at 10:42."),
        (720, "23:50", "Leave 12 minutes after the alarm, at 00:02."),
        (0, "9:05", "Leave at once, at 09:05."),
    ],
)
def test_when_to_leave(depart: float, alarm: str | None, said: str) -> None:
    """When to leave is told in minutes after the alarm, and by the clock where that is known."""
    told = tell("AM", depart=depart, alarm=alarm)
    assert told.text[0].startswith(said + " In all")
    assert told.depart_s == depart


def test_a_queue_at_the_door() -> None:
    """The time between the last street and being admitted is told."""
    told = tell("AM", arrive=150.0)
    assert told.text[-1] == "You are there: Scuola. Expect to wait 2 minutes at the door."
    assert told.arrive_s == 150
    assert "3 minutes" in told.text[0]


@pytest.mark.parametrize("language", LANGUAGES)
def test_at_the_shelter_already(language: str) -> None:
    """Without links there is one line: they are there, and stay."""
    told = tell("A", language=language)
    assert len(told.text) == len(told.steps) == 1
    assert "Scuola" in told.text[0]
    assert told.distance == 0


@pytest.mark.parametrize("language", LANGUAGES)
def test_names_stay_in_every_language(language: str) -> None:
    """Streets keep their names, the last line names the shelter, and steps do not change."""
    told = tell(WAY, language=language)
    for name in ("Calle Prima", "Ponte Storto", "Campo Grande", "Riva Lunga"):
        assert name in str(told)
    assert "Scuola" in told.text[-1]
    assert told.steps == tell(WAY).steps
    assert "{" not in str(told)
    assert all(line.strip() for line in told.text)


def test_italian() -> None:
    """Italian speaks in short imperative sentences with the right plurals."""
    text = tell(WAY, language="it-IT", alarm="10:30", depart=60).text
    assert text[:4] == (
        "Parti 1 minuto dopo l'allarme, alle 10:31. In tutto: 320 metri, 7 minuti, 1 battello, "
        "1 ponte, 14 gradini.",
        "Segui Calle Prima per 60 metri, verso Ponte Storto.",
        "Gira a destra. Attraversa Ponte Storto (14 gradini).",
        "Attraversa Campo Grande (40 metri).",
    )


def test_braces_in_names_are_text() -> None:
    """A name that looks like a place for a value is told as it is."""
    network = town(AM={"name": "Calle {n}"}, MB={"name": "Calle {n}"})
    assert "Follow Calle {n} for 60 metres" in tell(WAY, network, shelter="{0}").text[1]


def test_from_a_point_on_the_way() -> None:
    """Who stands on the first street starts there; who stands beside it walks to the corner."""
    network = town()
    first, aside = links_of(network, "AM")[0], links_of(network, "EG")[0]
    assert tell("AMB", network, start=(first, 12.0)).distance == pytest.approx(48)
    back = links_of(network, "MA")[0]
    assert tell("AMB", network, start=(back, 12.0)).distance == pytest.approx(42)
    told = tell("EF", network, start=(aside, 25.0), depart=0.0)
    assert told.distance == pytest.approx(65)
    assert [round(step.distance) for step in told.steps[1:-1]] == [65]
    with pytest.raises(InputError, match="does not touch"):
        tell("AMB", network, start=(aside, 25.0))


def test_from_a_point_beside_the_shelter() -> None:
    """Who need not walk but to the end of their street is told of that street alone."""
    network = town()
    told = tell("A", network, start=(links_of(network, "AM")[0], 10.0), depart=60.0)
    assert [step.kind for step in told.steps] == ["leave", "walk", "arrive"]
    assert told.distance == pytest.approx(10)
    assert told.depart_s == 60


def test_every_reason_has_its_words() -> None:
    """For each reason why people are left there are words, and what to do."""
    assert set(NO_WAY) == set(REASONS)
    for language in LANGUAGES:
        for reason in REASONS:
            told = stay_directions(reason, language)
            assert len(told.text) == len(told.steps) == 4
            assert told.steps[1].kind == "stay"
    crew = stay_directions("no step-free way to any shelter")
    assert crew.steps[-1].kind == "await_crew"
    assert stay_directions("no shelter with room").steps[-1].kind == "await_news"


@pytest.mark.parametrize("alarm", ["", "25:00", "10:61", "now", "10"])
def test_alarm_must_be_a_time_of_day(alarm: str) -> None:
    """What is no time of day is an error that says what was given."""
    with pytest.raises(InputError, match="alarm is"):
        minutes_of_day(alarm)


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


def test_a_route_takes_little_time() -> None:
    """Once the signs are ready, a route of 20 links takes well below 2 ms (some 0.1 when idle)."""
    network = town()
    links = links_of(network, WAY) * 2
    times = [float(i) for i in range(len(links) + 1)]
    signs = signs_of(network)
    begin = time.perf_counter()
    for _ in range(100):
        route_directions(signs, links, times[:-1], times[1:], shelter="X", language="it")
    assert (time.perf_counter() - begin) / 100 < 2e-3
