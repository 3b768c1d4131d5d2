"""Answers whose times and ways follow by hand from lengths, paces and prices."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from asked import (
    ALL_SAFE,
    WALKER,
    WHEELS,
    able_classes,
    ask,
    in_whole_slots,
    point_on,
    priced_bundle,
    read_line,
)
from networks import corridor, diamond, from_edges
from priced import prices_for
from scenes import crowd, doors

import evacroute as er
from evacroute.answering import Answerer, Answers, bundle_of
from evacroute.network import Network

CLASSES = able_classes(WALKER, WHEELS)
FLAT = float(CLASSES.speed_flat[0])
STEP = 10.0


def town(network: Network, shelters: list[tuple[Any, ...]], **more: Any) -> er.Scenario:
    """A scenario of whole slots; somebody stands at the first shelter."""
    network = in_whole_slots(network, CLASSES)
    more = {"deadline": 3600.0, **more}
    return er.Scenario(
        network, crowd((shelters[0][0], 1)), doors(network, *shelters), classes=CLASSES, **more
    )


def answerer(scenario: er.Scenario, links: list[Any] = [], **more: Any) -> Answerer:  # noqa: B006
    """An answerer at prices of (link, slot, s); every link is an arc of its own."""
    plan = er.assign(scenario, "nearest", step=STEP)
    walk = CLASSES.walk_seconds(scenario.network)
    slots = np.where(np.isfinite(walk), np.rint(np.where(np.isfinite(walk), walk, 0) / STEP), -1)
    prices = prices_for(plan, links, arc_slots=slots.astype(int), **more)
    return Answerer(priced_bundle(scenario, prices))


def told(
    who: Answerer, link: str, share: float, *, now: float = 0.0, word: str = "none", **more: Any
) -> Answers:
    """The answer to somebody at a share of a link."""
    network = who.scenario.network
    at = int(np.flatnonzero(network.link_id == link)[0])
    asked = ask([point_on(network, at, share)], mobility=[word], age_band=["18-64"], **more)
    return who.answer(asked, now=now, directions=True)


def ids(who: Answerer, answer: Answers, *out: str) -> list[str]:
    """Ids of the links of the way, the one somebody stands on first."""
    network = who.scenario.network
    first, links = read_line(
        network, answer.line[0], [int(np.flatnonzero(network.link_id == v)[0]) for v in out]
    )
    return [str(one) for one in network.link_id[[first, *links]]]


def test_time_is_length_over_speed() -> None:
    """In an empty corridor one arrives after length / speed, by the nearer end of the street."""
    scenario = town(corridor(6, 56.0), [(0, 9), (6, 9)])
    who, metres = answerer(scenario), float(scenario.network.length[0])
    for share, end, metres_there in ((0.25, "S0", 2.25), (0.75, "S0", 2.75)):
        answer = told(who, "L2", share)
        assert answer.shelter_id[0] == end
        assert answer.q50[0] == pytest.approx(metres_there * metres / FLAT, abs=0.01)
        assert answer.distance[0] == pytest.approx(metres_there * metres, abs=0.01)
        assert ids(who, answer, "L2", "L2-r") == ["L2-r", "L1-r", "L0-r"]
    assert told(who, "L3", 0.25).shelter_id[0] == "S1"
    assert ids(who, told(who, "L3", 0.25), "L3", "L3-r") == ["L3", "L4", "L5"]


def test_distance_over_steps_is_that_of_the_street() -> None:
    """Whoever stands on steps, where all are slow, has no longer way than its metres."""
    scenario = town(corridor(2, 60.0, steps_at=[0]), [(2, 9)])
    who = answerer(scenario)
    answer = told(who, "L0", 0.5)
    metres = float(scenario.network.length[[0, 2]] @ [0.5, 1.0])
    assert answer.distance[0] == pytest.approx(metres, abs=0.01)


def test_away_from_the_street_one_walks_there_first() -> None:
    """The walk to the street counts, in time and metres."""
    scenario = town(corridor(2, 60.0), [(2, 9)])
    who, network = answerer(scenario), scenario.network
    x, y = point_on(network, 0, 0.5)
    metres_north = 40.0
    asked = ask([(x, y + metres_north / 111_195)], mobility=["none"], age_band=["18-64"])
    answer = who.answer(asked, now=0.0)
    metres = float(network.length[[0, 2]] @ [0.5, 1.0]) + metres_north
    assert answer.q50[0] == pytest.approx(metres / FLAT, rel=1e-3)
    assert answer.distance[0] == pytest.approx(metres, rel=1e-3)


def test_shelter_at_the_end_of_one_s_own_street() -> None:
    """The way is the rest of the street; at the door itself there is none left."""
    who = answerer(town(corridor(3, 56.0), [(1, 9)]))
    metres = float(who.scenario.network.length[0])
    for link, share, rest in (("L0", 0.75, 0.25), ("L1", 0.25, 0.25), ("L0", 1.0, 0.0)):
        answer = told(who, link, share)
        assert answer.q50[0] == pytest.approx(rest * metres / FLAT, abs=0.01)
        assert answer.depart_in_s[0] == 0
        assert len(answer.line[0]) >= 2
        door = (answer.lon[0], answer.lat[0])
        assert answer.line[0][-1] == pytest.approx(door, abs=1e-6)


def test_one_way_street_is_left_at_its_end() -> None:
    """A street with no way back is walked to its end, whatever lies behind."""
    network = from_edges(
        [(0, 0), (60, 0), (120, 0), (60, 80)], [(0, 1), (1, 2), (1, 3), (3, 0)], one_way=[0]
    )
    who = answerer(town(network, [(0, 9)]))
    assert ids(who, told(who, "L0", 0.1), "L0") == ["L0", "L2", "L3"]


def test_dead_end_is_left_by_its_mouth() -> None:
    """From a dead end the way leads back out of it."""
    network = from_edges([(0, 0), (60, 0), (120, 0), (60, 60)], [(0, 1), (1, 2), (1, 3)])
    who = answerer(town(network, [(0, 9)]))
    answer = told(who, "L2", 0.75)
    assert ids(who, answer, "L2", "L2-r") == ["L2-r", "L0-r"]


def test_who_uses_no_steps_goes_around() -> None:
    """Over steps goes who can; a wheelchair goes around, and from the steps' foot too."""
    scenario = town(diamond(upper_steps=True), [(3, 9)])
    who = answerer(scenario)
    walk = CLASSES.walk_seconds(scenario.network)
    assert ids(who, told(who, "L0", 0.5), "L0", "L0-r") == ["L0", "L1"]
    answer = told(who, "L2", 0.25, word="wheelchair_electric")
    assert ids(who, answer, "L2", "L2-r") == ["L2", "L3"]
    assert answer.q50[0] == pytest.approx(float(walk[1, [4, 6]] @ [0.75, 1.0]), abs=0.01)
    assert "step-free" in answer.reason[0]


@pytest.mark.parametrize("price, slots, waits, way", [
    (25.0, 9, 0.0, ["L0", "L2"]),  # paying costs less than anything else
    (300.0, 4, 40.0, ["L0", "L2"]),  # waiting costs less than going around
    (300.0, 60, 0.0, ["L0", "L1", "L3"]),  # going around costs less than waiting
])  # fmt: skip
def test_a_dear_street_is_paid_for_or_waited_for_or_left(
    price: float, slots: int, waits: float, way: list[str]
) -> None:
    """Of paying, waiting and going around what costs least is told."""
    # From N1 to N3 straight over L2 in 4 slots, or by N2 over L1 and L3 in 10.
    network = from_edges(
        [(0, 0), (56, 0), (56, 60), (100, 0)], [(0, 1), (1, 2), (1, 3), (2, 3)],
        length=[56.0, 70.0, 56.0, 70.0],
    )  # fmt: skip
    who = answerer(town(network, [(3, 9)]), [(4, t, price) for t in range(4, 4 + slots)])
    answer = told(who, "L0", 0.0)
    assert ids(who, answer, "L0", "L0-r")[: len(way)] == way
    assert answer.depart_in_s[0] == waits


def test_dear_places_send_people_farther() -> None:
    """A place that costs more than the way to another is left to others."""
    scenario = town(corridor(6, 56.0), [(0, 9), (6, 9)])
    for price, end in ((30.0, "S0"), (50.0, "S1")):
        assert told(answerer(scenario, room=[price, 0.0]), "L2", 0.5).shelter_id[0] == end


def test_late_comers_go_where_it_costs_least_too() -> None:
    """After the deadline a shelter at hand that is dear is passed for a cheap one near by."""
    scenario = town(corridor(3, 56.0), [(1, 9), (2, 9)], deadline=600.0)
    who = answerer(scenario, room=[300.0, 0.0])
    for now in (0.0, 590.0, 600.0, 900.0):
        answer = told(who, "L0", 0.5, now=now)
        assert answer.shelter_id[0] == "S1", now
    assert "after the deadline" in answer.reason[0]


def test_just_in_time_is_in_time() -> None:
    """Whoever comes in the last slot is in time: the prices send them there, as the odds do."""
    # Some 4 slots to S0, 5 to S1 whose place is cheap; the deadline is 4 slots off.
    network = from_edges([(0, 0), (56, 0), (-70, 0)], [(0, 1), (0, 2)], length=[56.0, 70.0])
    scenario = town(network, [(1, 9), (2, 9)], deadline=600.0)
    walk = CLASSES.walk_seconds(scenario.network)[0]
    assert walk[[0, 2]] == pytest.approx([40.0, 50.0])
    who = answerer(scenario, room=[30.0, 0.0])
    assert told(who, "L0", 0.02, now=500.0).shelter_id[0] == "S1"
    answer = told(who, "L0", 0.02, now=560.0)
    assert answer.shelter_id[0] == "S0"
    assert answer.is_safe[0]


def test_within_counts_instead_of_a_later_deadline() -> None:
    """Who must be safe sooner is told that they are late; the odds know."""
    who = answerer(town(corridor(6, 56.0), [(6, 9)]))
    free, short = (told(who, "L0", 0.0, within_s=[w]) for w in (np.nan, 60.0))
    assert free.p_safe[0] > 0.9
    assert short.p_safe[0] <= 0.1
    assert "after the deadline" in short.reason[0]
    assert "after the deadline" not in free.reason[0]


@pytest.mark.parametrize("share", [0.05, 0.2, 0.5, 0.8])
@pytest.mark.parametrize("word", ["none", "wheelchair_electric"])
def test_waiting_for_a_street_to_open(share: float, word: str) -> None:
    """Where the only street opens later one is told to set out so as to be there not before, and
    little after, and nobody walks to and fro meanwhile."""
    network = town(corridor(3, 56.0), [(3, 9)]).network
    rows = er.LinkTimes([2], [-1], [0.0], [200.0], [0.0])
    scenario = town(network, [(3, 9)], hazard=rows)
    plan = er.assign(scenario, "over_time", time_limit=1.0)
    assert plan.prices is not None
    who = Answerer(priced_bundle(scenario, plan.prices))
    answer = told(who, "L0", share, word=word)
    assert answer.shelter_id[0] == "S0"
    assert ids(who, answer, "L0", "L0-r") == ["L0", "L1", "L2"]
    speed = float(er.capabilities([41.0], [""], [word]).speed_flat[0])
    first, both = network.length[0] / speed, (network.length[2] + network.length[4]) / speed
    at_gate = answer.depart_in_s[0] + (1 - share) * first
    assert 200.0 <= at_gate <= 200.0 + 4 * STEP
    assert answer.q50[0] == pytest.approx(at_gate + both, abs=0.1)


def test_street_that_opens_after_news_of_an_earlier_time() -> None:
    """Whoever can walk a street that has opened by now is led over it, whenever news came last."""
    network = town(corridor(3, 56.0), [(3, 9)]).network
    rows = er.LinkTimes([2], [0], [0.0], [200.0], [0.0])
    who = answerer(town(network, [(3, 9)], hazard=rows))
    # Of all classes but the plan's own the prices know no gate.
    for word in ("none", "cane"):
        answer = told(who, "L0", 0.0, now=300.0, word=word)
        assert answer.shelter_id[0] == "S0", word


def test_shut_shelter_is_never_told() -> None:
    """A shelter without any place, or without a step-free one, is nobody's, or no wheelchair's."""
    for shelters, word, end in (
        ([(6, 9), (0, 0)], "none", "S0"),
        ([(6, 9), (0, 9, 0)], "wheelchair_electric", "S0"),
        ([(6, 9), (0, 9, 0)], "none", "S1"),
    ):
        who = answerer(town(corridor(6, 56.0), shelters))
        answer = told(who, "L1", 0.5, word=word)
        assert answer.shelter_id[0] == end
        assert len(answer.alternatives[0]) == (0 if len(shelters[1]) == 2 or word != "none" else 1)


def test_replaced_prices_change_the_way() -> None:
    """New prices hold from the next answer on."""
    scenario = town(corridor(6, 56.0), [(0, 9), (6, 9)])
    plan = er.assign(scenario, "shelter_flow")
    bundle = bundle_of(plan, scorer=ALL_SAFE)
    who = Answerer(bundle)
    assert told(who, "L2", 0.5).shelter_id[0] == "S0"
    who.follow(prices=replace(bundle.prices, room=np.array([200.0, 0.0])), plan="next")
    answer = told(who, "L2", 0.5)
    assert answer.shelter_id[0] == "S1"
    assert answer.plan == "next"
