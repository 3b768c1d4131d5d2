"""Answers: who gets a place, what is told of it, and why there is none."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from asked import ALL_SAFE, ask, point_on
from networks import corridor
from own_street import Desk, amid, street

import evacroute as er
from evacroute.answering import Answerer, Place, Wish, bundle_of
from evacroute.languages import LANGUAGES


def test_wishes_say_what_is_needed() -> None:
    """A wish names the party, its persons, and whether they need step-free places."""
    who, desk = street(), Desk(lambda *_: True)
    asked = ask(
        [point_on(who.scenario.network, 6, 0.1)] * 4, token=["a", "b", "", "d"],
        party_size=[1, 7, 2, 99], mobility=["none", "wheelchair_electric", "none", "cane"],
        step_free=[False, False, True, False],
    )  # fmt: skip
    told = who.answer(asked, now=0.0, book=desk)
    (wishes,) = desk.rounds
    assert [(w.token, w.size, w.step_free) for w in wishes] == [
        ("a", 1, False), ("b", 7, True), ("", 2, True), ("d", 99, False)
    ]  # fmt: skip
    assert [w.shelters[0] for w in wishes] == told.shelter.tolist()
    assert set(told.status.tolist()) == {"reserved"}
    assert told.held_s.tolist() == [900.0] * 4


def test_first_that_has_room_is_told() -> None:
    """Of what was wished for the place that was given is told, with its way; others beside it."""
    who = street()
    free = who.answer(amid(who), now=0.0)
    assert free.status[0] == "unreserved"
    assert np.isnan(free.held_s[0])
    first = Desk(lambda *_: False)
    who.answer(amid(who), now=0.0, book=first)
    order = first.rounds[0][0].shelters
    told = who.answer(amid(who), now=0.0, book=Desk(lambda _, s: s == order[2]))
    assert told.shelter[0] == order[2]
    assert told.shelter_id[0] == f"S{order[2]}"
    assert told.line[0][-1].tolist() == pytest.approx([told.lon[0], told.lat[0]], abs=1e-6)
    names = [name for name, _ in told.alternatives[0]]
    assert f"S{order[2]}" not in names
    assert names == [f"S{s}" for s in order if s != order[2]][:3]


def test_refused_everywhere() -> None:
    """Each open shelter is wished for once, in as many rounds as it takes; then there is none."""
    shelters = [(v, 9) for v in range(9)] * 2
    who, desk = street(shelters), Desk(lambda *_: False)
    told = who.answer(amid(who), now=0.0, book=desk, directions=True)
    wished = [s for wishes in desk.rounds for s in wishes[0].shelters]
    assert sorted(wished) == list(range(18))
    assert (told.status[0], told.reason[0]) == ("no_safe_route", "no shelter with room")
    assert told.shelter[0] == -1
    assert told.shelter_id[0] == ""
    assert np.isnan([told.q50[0], told.lon[0], told.depart_in_s[0], told.held_s[0]]).all()
    assert (told.p_safe[0], bool(told.is_safe[0]), [*told.alternatives[0]]) == (0.0, False, [])
    assert told.line[0].shape == (0, 2)
    assert len(told.directions[0]) > 1
    told = who.answer(amid(who, step_free=[True]), now=0.0, book=desk)
    assert told.reason[0] == "no step-free place left"


def test_only_who_was_refused_goes_on_wishing() -> None:
    """Whoever has a place is asked for no more, and keeps it while others go on."""
    who = street([(v, 9) for v in range(9)])
    asked = ask([point_on(who.scenario.network, 6, 0.1)] * 3, token=["a", "b", "c"])
    desk = Desk(lambda w, s: w.token == "b" or (w.token == "c" and s == 8))
    told = who.answer(asked, now=0.0, book=desk)
    assert [[w.token for w in wishes] for wishes in desk.rounds] == [["a", "b", "c"], ["a", "c"]]
    assert told.status.tolist() == ["no_safe_route", "reserved", "reserved"]
    assert told.shelter[2] == 8
    alone = who.answer(amid(who), now=0.0)
    assert told.shelter[1] == alone.shelter[0]
    assert told.q50[1] == pytest.approx(alone.q50[0])


def test_talk_is_a_generator() -> None:
    """Whoever drives the talk answers its wishes; what it gives in the end are the answers."""
    who = street()
    talk = who.talk(amid(who), now=0.0, lines=True, directions=False)
    (wish,) = next(talk)
    with pytest.raises(StopIteration) as done:
        talk.send([Place(wish.shelters[1], True, 60.0)])
    assert done.value.value.shelter[0] == wish.shelters[1]
    talk = who.talk(amid(who), now=0.0, lines=True, directions=False)
    next(talk)
    with pytest.raises(ValueError, match="zip"):
        talk.send([])


def test_place_that_nobody_wished_for_is_none() -> None:
    """A desk that gives a place elsewhere is not followed, and the talk ends."""
    who = street([(0, 9), (8, 9)])
    who.follow(shut=np.array([[False, True]] * 2))
    rounds = []

    def wrong(wishes: list[Wish]) -> list[Place]:
        rounds.append(wishes)
        assert len(rounds) < 5
        return [Place(1, True, 60.0)]

    assert who.answer(amid(who), now=0.0, book=wrong).status[0] == "no_safe_route"


def test_far_from_any_street() -> None:
    """Far off one is told to stay, in one's language, and no shelter."""
    who = street()
    network = who.scenario.network
    x, y = float(network.lon[0]), float(network.lat[0])
    for metres, near in ((200.0, True), (300.0, False)):
        told = who.answer(ask([(x, y + metres / 111_195)]), now=0.0, directions=True)
        assert (told.status[0] != "no_safe_route") == near
    assert told.reason[0] == "no street near enough"
    assert len(told.directions[0]) >= 3


def test_no_way_without_steps() -> None:
    """Who uses no steps and is shut in by them is told so, and others are not."""
    who = street([(8, 9)], network=corridor(8, 50.0, steps_at=[5]))
    told = who.answer(
        ask([point_on(who.scenario.network, 6, 0.1)] * 2, step_free=[True, False]), now=0.0
    )
    assert told.reason[0] == "no step-free way to any shelter"
    assert told.status.tolist() == ["no_safe_route", "unreserved"]


def test_cut_off_by_what_closes() -> None:
    """Where there is room but no way that stays open one is told that a hazard is the reason."""
    network = corridor(8, 50.0)
    rows = er.LinkTimes([12, 13], [-1, -1], [30.0, 30.0], [np.inf, np.inf], [0.0, 0.0])
    who = street([(8, 9)], network=network, hazard=rows, crowd_at=8)
    told = who.answer(amid(who), now=0.0, directions=True)
    assert (told.status[0], told.reason[0]) == ("no_safe_route", "cut off by a hazard")


def test_other_shelters_behind_a_street_that_has_opened() -> None:
    """Behind a street that was closed when news last came and is open now all shelters count."""
    network = corridor(8, 50.0)
    rows = er.LinkTimes([10, 11], [-1, -1], [0.0, 0.0], [200.0, 200.0], [0.0, 0.0])
    who = street([(6, 9), (8, 9)], network=network, hazard=rows, crowd_at=8)
    first = who.answer(amid(who), now=300.0)
    assert first.shelter[0] == 0
    told = who.answer(amid(who), now=300.0, book=Desk(lambda _, s: s == 1))
    assert (told.status[0], told.shelter[0]) == ("reserved", 1)


def test_all_languages() -> None:
    """Directions come in each language, all different, for those led and those who stay."""
    who = street()
    x, y = point_on(who.scenario.network, 6, 0.1)
    for place in ((x, y), (x, y + 0.01)):
        told = who.answer(
            ask([place] * len(LANGUAGES), language=list(LANGUAGES)), now=0.0, directions=True
        )
        assert all(len(lines) >= 2 for lines in told.directions)
        assert len(set(told.directions)) == len(LANGUAGES) == 6
        assert len(set(told.shelter.tolist())) == 1
    assert who.answer(amid(who), now=0.0, lines=False).directions == [()]
    assert who.answer(amid(who), now=0.0, lines=False).line[0].shape == (0, 2)


def test_nobody_asks() -> None:
    """No question gives no answer, and no wish."""
    who, desk = street(), Desk(lambda *_: True)
    told = who.answer(ask([]), now=0.0, book=desk, directions=True)
    assert len(told) == 0
    assert not desk.rounds
    assert told.q50.shape == (0,)


def test_own_scorer_and_few_candidates() -> None:
    """With one candidate at a time each shelter is still come to, by and by."""
    who = street()
    few = Answerer(replace(bundle_of(er.assign(who.scenario), scorer=ALL_SAFE)), candidates=1)
    desk = Desk(lambda *_: False)
    few.answer(amid(few), now=0.0, book=desk)
    assert [len(wishes[0].shelters) for wishes in desk.rounds] == [1] * 5
