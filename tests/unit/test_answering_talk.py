"""Answers: who gets a place, what is told of it, and what news change."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from asked import ALL_SAFE, ask, point_on, read_line, rows_alike
from naive_answers import crossed, soonest
from networks import corridor, grid
from own_street import amid, street
from scenes import WALKER, crowd, doors, paces

import evacroute as er
from evacroute._kernels.trips import Trips
from evacroute._street_arrays import lay_streets, twins
from evacroute.answering import Answerer, Answers, Place, Questions, Wish, bundle_of
from evacroute.errors import InputError
from evacroute.languages import LANGUAGES
from evacroute.load.placing import usable_links
from evacroute.load.snap import snap
from evacroute.scoring.features import kinds_of, rows_of
from evacroute.scoring.odds import find_scorer, odds_of

NAN = float("nan")


class Desk:
    """Keeps what was wished for, and answers by a rule of (wish, shelter)."""

    def __init__(self, gives: Callable[[Wish, int], bool]) -> None:
        self.gives, self.rounds = gives, list[list[Wish]]()

    def __call__(self, wishes: list[Wish]) -> list[Place]:
        self.rounds.append(wishes)
        return [
            next(
                (Place(s, True, 900.0) for s in (*w.shelters, *w.also) if self.gives(w, s)),
                Place(-1, False, NAN),
            )
            for w in wishes
        ]


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
    assert (told.p_safe[0], bool(told.is_safe[0]), told.alternatives[0]) == (0.0, False, [])
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


def crowd_of(who: Answerer, n: int = 60) -> Questions:
    """All kinds of people all over a city."""
    rng, network = np.random.default_rng(0), who.scenario.network
    words = np.array(["none", "cane", "wheelchair_electric", "pushchair", "unknown"], object)
    ages = np.array(["", "6-12", "18-64", "80+"], object)
    return Questions.at(
        rng.uniform(network.lon.min() - 0.001, network.lon.max(), n),
        rng.uniform(network.lat.min(), network.lat.max(), n),
        mobility=rng.choice(words, n), age_band=rng.choice(ages, n), helpers=rng.integers(0, 3, n),
        party_size=rng.integers(1, 6, n), language=rng.choice(np.array(LANGUAGES, object), n),
        token=[str(i) for i in range(n)], within_s=rng.choice([NAN, 900.0], n),
    )  # fmt: skip


def some_of(asked: Questions, rows: np.ndarray) -> Questions:
    return Questions(**{
        name: getattr(asked, name)[rows] for name in Questions.__dataclass_fields__
    })  # fmt: skip


@pytest.fixture(scope="module")
def city() -> Answerer:
    """Venice, with what the scorer that ships says, and streets that close."""
    scenario = er.lagoon(people=400)
    rng = np.random.default_rng(1)
    link = rng.choice(scenario.network.n_links, 400, replace=False)
    rows = er.LinkTimes(
        link, np.full(400, -1), rng.uniform(0, 900, 400), np.full(400, np.inf), np.zeros(400)
    )
    return Answerer(bundle_of(er.assign(scenario.with_hazard(rows)), made=0.0))


def test_alone_and_among_many(city: Answerer) -> None:
    """An answer does not depend on who asks beside, nor on the order of rows."""
    asked = crowd_of(city)
    whole = city.answer(asked, now=60.0, directions=True)
    order = np.random.default_rng(2).permutation(len(asked))
    other = city.answer(some_of(asked, order), now=60.0, directions=True)
    for i, p in enumerate(order.tolist()):
        assert rows_alike(whole, p, other, i), p
    for p in range(0, len(asked), 4):
        alone = city.answer(some_of(asked, np.array([p])), now=60.0, directions=True)
        assert rows_alike(whole, p, alone, 0), p
    assert (whole.shelter >= 0).sum() > 0


def test_times_and_odds_are_in_order(city: Answerer) -> None:
    """Times rise, odds are odds, and nobody is told to set out before now."""
    told = city.answer(crowd_of(city, 200), now=60.0)
    led = told.shelter >= 0
    assert led.any()
    assert (told.depart_in_s[led] >= 0).all()
    assert (told.q10[led] <= told.q50[led]).all()
    assert (told.q50[led] <= told.q90[led]).all()
    assert (told.q10[led] > 0).all()
    assert ((told.p_safe >= 0) & (told.p_safe <= 1)).all()
    assert not told.is_safe[~led].any()
    assert (told.distance[led] > 0).all()
    best = [max((p for _, p in one), default=0.0) for one in told.alternatives]
    assert (np.array(best) <= 1).all()


def test_odds_are_those_of_the_way(city: Answerer) -> None:
    """The odds are what the scorer says of just this way, as for everybody who is advised."""
    asked = crowd_of(city, 40)
    told = city.answer(asked, now=60.0)
    scenario, network = city.likes.scenario, city.scenario.network
    streets, judged = lay_streets(scenario, scenario.deadline_s), 0
    classes = city.likes.classes
    for p in np.flatnonzero((told.shelter >= 0) & (told.depart_in_s == 0)).tolist():
        like = city.likes.of(
            asked.mobility[p], bool(asked.step_free[p]), asked.age_band[p], int(asked.helpers[p]),
            int(asked.party_size[p]),
        )  # fmt: skip
        k = like.class_
        usable = usable_links(network, bool(classes.step_free[k]), float(classes.min_width[k]))
        at, along, away = snap(network, asked.lon[p : p + 1], asked.lat[p : p + 1], usable=usable)
        link, share = int(at[0]), float(along[0] / network.length[at[0]])
        if not 0.01 < share < 0.99:
            continue  # where streets meet it is not said which one
        back = np.flatnonzero(
            (network.from_node == network.to_node[link])
            & (network.to_node == network.from_node[link])
        ).tolist()
        first, links = read_line(network, told.line[p], [link, *back])
        pace = like.pace_steps if network.steps[link] > 0 else like.pace
        rest = (1 - share) if first == link else share
        walk = float(away[0]) / like.flat + rest * float(streets.walk[k, first]) / pace
        deadline = scenario.deadline_s
        if not np.isnan(asked.within_s[p]):
            deadline = min(deadline, 60.0 + float(asked.within_s[p]))
        trips = Trips(
            ptr=np.array([0, len(links)]), link=np.array(links, np.int32),
            class_=np.array([k], np.int32), pace=np.array([like.pace]),
            pace_steps=np.array([like.pace_steps]), size=asked.party_size[p : p + 1].copy(),
            depart=np.array([60.0 + walk]), deadline=np.array([deadline]),
            shelter=told.shelter[p : p + 1].copy(), wait=np.array([NAN]),
        )  # fmt: skip
        rows = rows_of(streets, city.expected, trips, classes)
        kind = kinds_of(classes, trips.class_, trips.size, trips.wait, trips.pace)
        odds = odds_of(find_scorer(None), rows, kind, trips.depart)
        assert told.p_safe[p] == pytest.approx(odds.p_safe[0], abs=1e-4)
        for name in ("q10", "q50", "q90"):
            assert getattr(told, name)[p] == pytest.approx(getattr(odds, name)[0] - 60, abs=0.5)
        judged += 1
    assert judged > 10


def test_all_who_can_reach_a_shelter_are_led(city: Answerer) -> None:
    """On streets that close everybody who can get through without a stop is told a way."""
    asked = crowd_of(city, 120)
    told = city.answer(asked, now=60.0)
    scenario, network, classes = city.likes.scenario, city.scenario.network, city.likes.classes
    walk = classes.walk_seconds(network)
    for p in np.flatnonzero(told.shelter < 0).tolist():
        like = city.likes.of(
            asked.mobility[p], bool(asked.step_free[p]), asked.age_band[p], int(asked.helpers[p]),
            int(asked.party_size[p]),
        )  # fmt: skip
        k = like.class_
        usable = usable_links(network, bool(classes.step_free[k]), float(classes.min_width[k]))
        at, along, away = snap(network, asked.lon[p : p + 1], asked.lat[p : p + 1], usable=usable)
        if at[0] < 0:
            assert told.reason[p] == "no street near enough"
            continue
        link, share = int(at[0]), float(along[0] / network.length[at[0]])
        pace = like.pace_steps if network.steps[link] > 0 else like.pace
        near = float(away[0]) / like.flat
        left, ends = (1 - share, share), []
        for v, to, other in ((link, *left), (twins(network)[link], *left[::-1])):
            metres = (to * float(network.length[link]), other * float(network.length[link]))
            dry = to * float(walk[k, v]) / pace
            own = near + crossed(scenario, k, v, metres, 60.0 + near, dry)
            ends.append((int(network.to_node[v]), own))
        there = soonest(scenario, k, (like.pace, like.pace_steps), ends, 60.0)
        free = classes.step_free[k]
        room = scenario.shelters.step_free_capacity if free else scenario.shelters.capacity
        assert not np.isfinite(there[room > 0]).any(), p
    assert (told.shelter >= 0).sum() > 50


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


def test_doubt_where_streets_close_behind(city: Answerer) -> None:
    """Nobody is told to be safe on a way of which the deadline has passed."""
    late = city.answer(crowd_of(city, 30), now=city.scenario.deadline_s + 60)
    assert not late.is_safe.any()
    led = late.shelter >= 0
    assert (late.p_safe[led] == 0).all()
    assert all("after the deadline" in reason for reason in late.reason[led])


def test_own_scorer_and_few_candidates() -> None:
    """With one candidate at a time each shelter is still come to, by and by."""
    who = street()
    few = Answerer(replace(bundle_of(er.assign(who.scenario), scorer=ALL_SAFE)), candidates=1)
    desk = Desk(lambda *_: False)
    few.answer(amid(few), now=0.0, book=desk)
    assert [len(wishes[0].shelters) for wishes in desk.rounds] == [1] * 5
