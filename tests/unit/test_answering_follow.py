"""Answers while shelters fill and news close streets and shelters."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from asked import ask, point_on, rows_alike
from networks import corridor, grid
from own_street import Desk, amid, crowd_of, street
from scenes import WALKER, crowd, doors, paces

import evacroute as er
from evacroute.answering import Answerer, Answers, bundle_of
from evacroute.errors import InputError


def marked(who: Answerer, *shelters: int, free: tuple[int, ...] | None = None) -> np.ndarray:
    """Shelters by whether a step-free place is asked for."""
    out = np.zeros((2, len(who.scenario.shelters)), bool)
    out[0, list(shelters)] = True
    out[1, list(shelters if free is None else free)] = True
    return out


@pytest.mark.parametrize("free", [None, ()])
@pytest.mark.parametrize("word", ["none", "wheelchair_electric"])
def test_full_shelters(word: str, free: tuple[int, ...] | None) -> None:
    """A full shelter is offered to nobody new; who holds a place there keeps it, and a way there.

    Where all places are taken, so are the step-free ones.
    """
    who = street()
    near = int(who.answer(amid(who, mobility=[word]), now=0.0).shelter[0])
    who.follow(full=marked(who, near, free=free))
    for holds in (False, True):
        desk = Desk(lambda w, s, holds=holds: s not in w.also or (holds and s == near))
        desk.gives = lambda w, s, holds=holds: (s == near) if holds else s in w.shelters
        told = who.answer(amid(who, mobility=[word], token=["x"]), now=0.0, book=desk)
        assert near not in desk.rounds[0][0].shelters
        assert near in desk.rounds[0][0].also
        assert (told.shelter[0] == near) == holds
        assert told.status[0] == "reserved"
        assert len(told.line[0]) >= 2
    assert who.answer(amid(who, mobility=[word]), now=0.0).shelter[0] != near


def test_all_full_but_one_s_own() -> None:
    """Where all is full a party still asks for its own, and is told a way there if it has one."""
    who = street()
    who.follow(full=marked(who, *range(5)))
    told = who.answer(amid(who), now=0.0, book=Desk(lambda w, s: s == 3))
    assert (told.status[0], told.shelter[0]) == ("reserved", 3)
    assert told.q50[0] > 0
    told = who.answer(amid(who), now=0.0, book=Desk(lambda *_: False))
    assert (told.status[0], told.reason[0]) == ("no_safe_route", "no shelter with room")


def test_step_free_places_taken() -> None:
    """Where only step-free places are gone, others are still sent there."""
    who = street()
    near = int(who.answer(amid(who), now=0.0).shelter[0])
    who.follow(full=marked(who, free=(near,)))
    assert who.answer(amid(who), now=0.0).shelter[0] == near
    assert who.answer(amid(who, step_free=[True]), now=0.0).shelter[0] != near


def test_shut_shelters_keep_nobody() -> None:
    """To a shelter that is shut nobody goes, whatever they hold."""
    who = street()
    near = int(who.answer(amid(who), now=0.0).shelter[0])
    who.follow(shut=marked(who, near, free=()), full=marked(who, near))
    for free in (False, True):
        desk = Desk(lambda _, s: True)
        told = who.answer(amid(who, step_free=[free]), now=0.0, book=desk)
        assert told.shelter[0] != near
        assert near not in (*desk.rounds[0][0].shelters, *desk.rounds[0][0].also)
    who.follow(shut=marked(who), full=marked(who))
    assert who.answer(amid(who), now=0.0).shelter[0] == near


def test_closed_bridge_is_on_no_way() -> None:
    """A link closed by news is on no way any more."""
    who = street([(0, 9), (8, 9)])
    network = who.scenario.network
    closed = np.zeros(network.n_links, bool)
    closed[[4, 5]] = True  # L2, both ways
    who.follow(closed=closed)
    told = who.answer(amid(who), now=0.0)
    assert told.shelter_id[0] == "S1"
    closed[:] = True
    assert who.answer(amid(who), now=0.0).shelter_id[0] == "S1", "the caller's array was kept"
    who.follow(closed=closed)
    told = who.answer(amid(who), now=0.0, directions=True)
    assert (told.status[0], told.reason[0]) == ("no_safe_route", "no way to any shelter")
    who.follow(closed=np.zeros_like(closed))
    assert who.answer(amid(who), now=0.0).shelter_id[0] == "S0"


@pytest.mark.parametrize(("shut", "share", "shelters", "ends_at"), [
    ("L2 L2-r", 0.1, (0, 3), "S0"), ("L2 L2-r", 0.9, (2, 8), "S1"),
    ("L2-r", 0.1, (2, 8), "S1"), ("L2", 0.9, (0, 3), "S0"),
])  # fmt: skip
def test_nobody_is_led_across_a_closed_bridge(
    shut: str, share: float, shelters: tuple[int, int], ends_at: str
) -> None:
    """Who stands on what is closed gets off by the nearer end, or in the direction that is open,
    though the shelter beyond is the nearest."""
    who = street([(v, 9) for v in shelters])
    network = who.scenario.network
    asked = ask([point_on(network, 4, share)])
    assert who.answer(asked, now=0.0).shelter_id[0] != ends_at
    who.follow(closed=np.isin(network.link_id.astype(str), shut.split()))
    assert who.answer(asked, now=0.0).shelter_id[0] == ends_at


def test_cut_off_by_the_bridge_one_stands_on() -> None:
    """With the only shelter beyond a closed bridge those at its foot are cut off like anybody
    before it, not led over it."""
    who = street([(8, 9)])
    network = who.scenario.network
    who.follow(closed=np.isin(network.link_id.astype(str), ["L2", "L2-r"]))
    spots = [point_on(network, *at) for at in ((2, 0.9), (4, 0.02), (4, 0.98))]
    told = who.answer(ask(spots), now=0.0)
    assert told.status.tolist() == ["no_safe_route", "no_safe_route", "unreserved"]
    assert told.reason[1] == "no way to any shelter"


def test_way_back_that_one_cannot_take() -> None:
    """Just where a street begins that a wheelchair can take in one direction only, all ways lead
    that way, and their times are numbers."""
    network = corridor(8, 50.0)
    wheelchair = np.array(network.wheelchair)
    wheelchair[[2, 3, 5]] = -1  # L1, and L2 back
    who = street([(3, 9), (8, 9)], network=replace(network, wheelchair=wheelchair))
    x, y = point_on(network, 4, 0.0)
    asked = ask([(x - 1e-4, y)], mobility=["wheelchair_electric"])
    desk = Desk(lambda _, s: s == 1)
    told = who.answer(asked, now=0.0, book=desk)
    assert desk.rounds[0][0].shelters == (0, 1)
    assert 0 < told.q10[0] <= told.q50[0] <= told.q90[0]
    assert told.distance[0] == pytest.approx(6 * 50.0 + 7.8, abs=1.0)


@pytest.mark.parametrize("news", [
    {"closed": np.zeros(3, bool)}, {"shut": np.zeros(5, bool)}, {"full": np.zeros((2, 4), bool)},
])  # fmt: skip
def test_news_that_do_not_fit_change_nothing(news: dict[str, Any]) -> None:
    """News of another shape are refused by name, and answers go on as before."""
    who = street()
    before = who.answer(amid(who), now=0.0)
    with pytest.raises(InputError, match=f"{next(iter(news))} has shape"):
        who.follow(**news, plan="next")
    assert rows_alike(before, 0, who.answer(amid(who), now=0.0), 0)
    assert who.plan == before.plan


def test_prices_of_another_instance_are_refused() -> None:
    """Prices that do not fit are refused, and the plan keeps its name."""
    who, plan = street(), street().plan
    other = bundle_of(er.assign(er.Scenario(
        corridor(2), crowd((0, 1)), doors(corridor(2), (2, 9)), classes=paces(WALKER),
        deadline=600.0,
    ))).prices  # fmt: skip
    with pytest.raises(InputError, match="prices"):
        who.follow(prices=other, plan="next")
    assert who.plan == plan


def test_news_while_answers_are_made() -> None:
    """Answers made while news come are whole: those before or those after, never a mixture."""
    network = grid(5, 5, seed=4, steps_share=0.1)
    rows = er.LinkTimes(
        np.arange(0, 40, 3), np.full(14, -1), np.full(14, 90.0), np.full(14, np.inf), np.zeros(14)
    )
    who = street([(0, 9), (24, 9), (20, 9)], network=network, hazard=rows)
    closed = np.zeros(network.n_links, bool)
    closed[4:16] = True
    news: list[dict[str, Any]] = [
        {"plan": "a", "closed": closed, "full": marked(who)},
        {"plan": "b", "closed": ~closed & False, "full": marked(who, 1)},
    ]
    asked = crowd_of(who, 25)
    expected: dict[str, Answers] = {}
    for one in news:
        who.follow(**one)
        expected[one["plan"]] = who.answer(asked, now=30.0)
    assert any(not rows_alike(expected["a"], p, expected["b"], p) for p in range(len(asked)))
    wrong: list[str] = []
    done = threading.Event()

    def answers() -> None:
        try:
            while not done.is_set():
                told = who.answer(asked, now=30.0)
                same = (rows_alike(told, p, expected[told.plan], p) for p in range(len(asked)))
                if not all(same):
                    wrong.append(told.plan)
        except Exception as error:
            wrong.append(repr(error))

    threads = [threading.Thread(target=answers) for _ in range(3)]
    for thread in threads:
        thread.start()
    for i in range(10):
        who.follow(**news[i % 2])
    done.set()
    for thread in threads:
        thread.join()
    assert not wrong, wrong[:3]
