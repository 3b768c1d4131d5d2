"""Answers to a crowd in a town whose streets close: times, odds, and who is led at all."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from asked import read_line, rows_alike
from naive_answers import crossed, soonest
from own_street import crowd_of

import evacroute as er
from evacroute._kernels.trips import Trips
from evacroute._street_arrays import lay_streets, twins
from evacroute.answering import Answerer, Questions, bundle_of
from evacroute.answering.likes import Like
from evacroute.load.placing import usable_links
from evacroute.load.snap import snap
from evacroute.scoring.features import kinds_of, rows_of
from evacroute.scoring.odds import find_scorer, odds_of

NAN = float("nan")


def some_of(asked: Questions, rows: np.ndarray) -> Questions:
    return Questions(**{
        name: getattr(asked, name)[rows] for name in Questions.__dataclass_fields__
    })  # fmt: skip


@pytest.fixture(scope="module")
def city() -> Answerer:
    """The lagoon, with what the scorer that ships says, and streets that close."""
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


def stands(city: Answerer, asked: Questions, p: int) -> tuple[Like, Any, Any, Any]:
    """Whom a party is like, and the street it can use that is nearest, as `snap` gives it."""
    network, classes = city.scenario.network, city.likes.classes
    like = city.likes.of(
        asked.mobility[p], bool(asked.step_free[p]), asked.age_band[p], int(asked.helpers[p]),
        int(asked.party_size[p]),
    )  # fmt: skip
    k = like.class_
    usable = usable_links(network, bool(classes.step_free[k]), float(classes.min_width[k]))
    return like, *snap(network, asked.lon[p : p + 1], asked.lat[p : p + 1], usable=usable)


def test_odds_are_those_of_the_way(city: Answerer) -> None:
    """The odds are what the scorer says of just this way, as for everybody who is advised."""
    asked = crowd_of(city, 40)
    told = city.answer(asked, now=60.0)
    scenario, network = city.likes.scenario, city.scenario.network
    streets, judged = lay_streets(scenario, scenario.deadline_s), 0
    classes = city.likes.classes
    for p in np.flatnonzero((told.shelter >= 0) & (told.depart_in_s == 0)).tolist():
        like, at, along, away = stands(city, asked, p)
        k = like.class_
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
        like, at, along, away = stands(city, asked, p)
        k = like.class_
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


def test_doubt_where_streets_close_behind(city: Answerer) -> None:
    """Nobody is told to be safe on a way of which the deadline has passed."""
    late = city.answer(crowd_of(city, 30), now=city.scenario.deadline_s + 60)
    assert not late.is_safe.any()
    led = late.shelter >= 0
    assert (late.p_safe[led] == 0).all()
    assert all("after the deadline" in reason for reason in late.reason[led])
