"""Directions for a route given link by link: words, times, waits, languages, where it begins."""

from __future__ import annotations

import time
from itertools import accumulate

import pytest
from small_town import WAY, links_of, tell, town

from evacroute.assignment.movements import REASONS
from evacroute.errors import InputError
from evacroute.languages import LANGUAGES
from evacroute.route_directions import NO_WAY, minutes_of_day, route_directions, stay_directions
from evacroute.signs import signs_of


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
