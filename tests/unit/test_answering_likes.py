"""Who is like whom: each party gets a class that may go where it may, and its own pace."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pytest
from asked import ALL_SAFE, ask, point_on
from networks import corridor
from scenes import WALKER, WHEELCHAIR, crowd, doors, paces, scene

import evacroute as er
from evacroute._capability_tables import tables
from evacroute.answering import AGE_BANDS, Answerer, bundle_of
from evacroute.answering.likes import Like, Likes
from evacroute.capability import MOBILITIES, capabilities, group_factor, steps_speed
from evacroute.recommending import Recommender
from evacroute.scenario import Scenario

EVERYBODY = list(product(MOBILITIES, (False, True), ("", *AGE_BANDS), (0, 1, 2, 9), (1, 2, 6, 99)))
"""All words, and numbers of helpers and persons."""

INF = float("inf")


def plain(**more: Any) -> Scenario:
    """Six streets, two classes."""
    classes = more.pop("classes", paces(WALKER, WHEELCHAIR))
    network = corridor(6, 50.0)
    return er.Scenario(
        network, crowd((0, 3)), doors(network, (0, 9), (6, 9)), classes=classes, deadline=3600.0,
        **more,
    )  # fmt: skip


def waders(*limits: tuple[float, float, float]) -> er.Classes:
    """Classes of (speed, speed on steps, depth they wade)."""
    flat, steps, depth = (list(column) for column in zip(*limits, strict=True))
    return er.Classes(
        class_id=np.array([f"c{i}" for i in range(len(limits))], object), speed_flat=flat,
        speed_steps=steps, min_width=np.zeros(len(limits)), depth_limit=depth,
    )  # fmt: skip


def water(rows: list[tuple[int, int, float, float]]) -> er.LinkTimes:
    """Rows (link, class, from, factor) of a flood that stays."""
    link, class_, begin, factor = zip(*rows, strict=True)
    n = len(rows)
    return er.LinkTimes(link, class_, begin, [INF] * n, factor, water=np.ones(n, bool))


def able(words: tuple[str, bool, str, int, int]) -> tuple[float, float, float, float]:
    """Speed on the flat and on steps, least width and depth, from the tables alone."""
    mobility, step_free, age, helpers, size = words
    one = capabilities([AGE_BANDS.get(age, np.nan)], [""], [mobility], helpers)
    factor = float(group_factor([size])[0])
    steps = 0.0 if step_free else float(steps_speed(one.speed_up, one.speed_down)[0]) * factor
    depth = float(one.depth_limit[0])
    return float(one.speed_flat[0]) * factor, steps, float(one.min_width[0]), depth


def check(likes: Likes, words: tuple[str, bool, str, int, int], *, wet: bool) -> Like:
    """Check one party."""
    found, classes = likes.of(*words), likes.classes
    flat, steps, width, depth = able(words)
    k = found.class_
    assert bool(classes.step_free[k]) == (steps == 0), words
    assert classes.min_width[k] == width, words
    if wet:
        assert classes.depth_limit[k] == depth, words
    assert found.flat == pytest.approx(flat)
    assert float(classes.speed_flat[k]) * found.pace == pytest.approx(flat)
    if steps > 0:
        assert float(classes.speed_steps[k]) * found.pace_steps == pytest.approx(steps)
    slowest, fastest = tables().limits["slowest"], tables().limits["fastest"]
    assert slowest * 0.5 < found.flat <= fastest
    return found


SCENARIOS = {
    "two classes": lambda: plain(),
    "one class": lambda: plain(classes=paces(WALKER)),
    "wheelchairs alone": lambda: plain(classes=paces(WHEELCHAIR)),
    "persons": lambda: er.lagoon(people=60),
    "flood": lambda: plain(
        classes=waders((1.3, 0.7, 0.9), (0.9, 0.0, 0.15)), hazard=water([(4, 1, 0.0, 0.0)])
    ),
    "flood for all": lambda: plain(hazard=water([(4, -1, 30.0, 0.5)])),
}


@pytest.mark.parametrize("name", SCENARIOS)
def test_everybody_finds_their_like(name: str) -> None:
    """Every combination of words gives a class that may go just where the party may, at a pace
    that comes to its own speed."""
    likes = Likes(SCENARIOS[name]())
    for words in EVERYBODY:
        check(likes, words, wet="flood" in name)


def test_classes_of_the_plan_come_first() -> None:
    """Classes of the plan keep their places, those made are like one of them."""
    scenario = plain()
    likes = Likes(scenario)
    n = len(scenario.group_classes)
    assert likes.classes.class_id[:n].tolist() == scenario.group_classes.class_id.tolist()
    assert likes.like[:n].tolist() == list(range(n))
    assert (likes.like < n).all()
    assert len(likes.classes) == len(likes.like) == len(likes.dry)
    assert likes.scenario.group_classes is likes.classes
    assert scenario.group_classes is not likes.classes


def test_nearest_pace_is_taken() -> None:
    """Of several classes that may go as far the one of the nearest speeds is taken."""
    likes = Likes(plain(classes=paces((1.4, 0.8), (0.6, 0.3), WHEELCHAIR)))
    young, old = (
        likes.of(word, False, age, 0, 1) for word, age in (("none", "18-64"), ("walker", "80+"))
    )
    assert (young.class_, old.class_) == (0, 1)


def test_parties_are_no_faster_than_one() -> None:
    """More persons are no faster, and helpers carry a chair over steps where one alone cannot."""
    likes = Likes(plain())
    speeds = [likes.of("none", False, "18-64", 0, n).flat for n in (1, 2, 6, 99)]
    assert speeds == sorted(speeds, reverse=True)
    free = [
        bool(likes.classes.step_free[likes.of("wheelchair_manual", False, "", h, 1).class_])
        for h in (0, 1, 2, 9)
    ]
    assert free == [True, True, False, False]
    assert likes.classes.step_free[likes.of("wheelchair_manual", True, "", 2, 1).class_]


def blocked(likes: Likes, words: tuple[str, bool, str, int, int], link: int, time: float) -> bool:
    """Whether a party may not enter a link at a time."""
    k, rows = likes.of(*words).class_, likes.scenario.link_times
    mine = (rows.link == link) & ((rows.class_ == k) | (rows.class_ < 0))
    mine &= (rows.from_s <= time) & (time < rows.to_s)
    return bool((rows.speed_factor[mine] == 0).any())


WADER, CHAIR = ("none", False, "18-64", 0, 1), ("wheelchair_electric", False, "18-64", 0, 1)


def test_rows_of_a_class_hold_for_its_like() -> None:
    """Water that is too deep for a class is too deep for whoever wades no deeper; whoever may go
    as far is barred by no more."""
    classes = waders((1.3, 0.7, 0.9), (0.9, 0.0, 0.15))
    # Link 2 is too deep for chairs, 4 for all, 6 too deep from a minute on for walkers.
    rows = [(2, 1, 0.0, 0.0), (4, -1, 0.0, 0.0), (6, 0, 60.0, 0.0), (6, 1, 0.0, 0.0)]
    likes = Likes(plain(classes=classes, hazard=water(rows)))
    assert [blocked(likes, WADER, v, 0.0) for v in (0, 2, 4, 6)] == [False, False, True, False]
    assert blocked(likes, WADER, 6, 60.0)
    assert [blocked(likes, CHAIR, v, 0.0) for v in (0, 2, 4, 6)] == [False, True, True, True]


def test_who_wades_less_than_all_keeps_dry() -> None:
    """Of water that is not too deep for others nobody knows whether it is for who wades less."""
    classes = waders((1.3, 0.7, 0.9))
    likes = Likes(plain(classes=classes, hazard=water([(2, 0, 0.0, 0.8), (4, -1, 30.0, 0.9)])))
    assert [blocked(likes, CHAIR, v, 60.0) for v in (0, 2, 4)] == [False, True, True]
    assert not blocked(likes, CHAIR, 4, 0.0)
    assert not any(blocked(likes, WADER, v, 60.0) for v in (0, 2, 4))


def test_closures_that_are_no_water_hold_as_they_are() -> None:
    """What is slow for another reason is not closed to who wades less."""
    classes = waders((1.3, 0.7, 0.9))
    wet = water([(2, 0, 0.0, 0.8)])
    slow = er.LinkTimes([6], [-1], [0.0], [INF], [0.5])
    likes = Likes(plain(classes=classes, hazard=er.LinkTimes.joined([wet, slow])))
    assert blocked(likes, CHAIR, 2, 0.0)
    assert not blocked(likes, CHAIR, 6, 0.0)


@pytest.mark.parametrize("depths", [(0.9,), (0.9, 0.15), (0.5, 0.1)])
def test_nobody_wades_where_no_advice_would_send_them(depths: tuple[float, ...]) -> None:
    """Whom `recommend` gives no way through the water is told none here, in all words."""
    speeds = [(1.3, 0.7), (0.9, 0.0)]
    classes = waders(*((*speeds[i], depth) for i, depth in enumerate(depths)))
    network = corridor(6, 50.0)
    base = scene(network, [(6, 3)], [(6, 9)])
    rows = [(8, 0, 0.0, 0.9)] + [(8, 1, 0.0, 0.0)] * (len(depths) - 1)
    scenario = er.Scenario(
        network, base.groups, base.shelters, classes=classes, deadline=3600.0, hazard=water(rows)
    )
    plan = er.assign(scenario)
    who, advice = Answerer(bundle_of(plan, scorer=ALL_SAFE)), Recommender(scenario, None, ALL_SAFE)
    place = point_on(network, 2, 0.4)
    words = [(w, a) for w in MOBILITIES for a in ("6-12", "18-64", "80+")]
    told = who.answer(
        ask([place] * len(words), mobility=[w for w, _ in words], age_band=[a for _, a in words]),
        now=0.0,
    )
    led = 0
    for (word, age), shelter in zip(words, told.shelter.tolist(), strict=True):
        person = {
            "lon": place[0], "lat": place[1], "age": AGE_BANDS[age], "mobility": word,
            "ready_time_s": 0,
        }  # fmt: skip
        allowed = bool(advice.recommend(person).options)
        assert allowed or shelter < 0, (word, age)
        led += shelter >= 0
    assert led > 0
