"""Draws of scenarios to train on."""

from __future__ import annotations

import json
import time
from collections import Counter
from dataclasses import asdict, fields, replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import evacroute as er
from evacroute.errors import InputError
from evacroute.hazards import Closures, Earthquake, Fire, Flood
from evacroute.load.people import ready_prior
from evacroute.training.building import build, make_plan
from evacroute.training.sampler import (
    DAY,
    HAZARDS,
    METHODS,
    RANGES,
    WORDS,
    Draw,
    Physics,
    draw,
)
from evacroute.training.worlds import TRAINING, UNSEEN, world

SMALL = ("district", "grid")


def many(n: int = 300) -> list[Draw]:
    return [draw(5, i) for i in range(n)]


@given(seed=st.integers(0, 2**32), index=st.integers(0, 10_000))
@settings(max_examples=60, deadline=None)
def test_every_draw_is_valid(seed: int, index: int) -> None:
    """A draw is the same each time, within its ranges, and goes through JSON unchanged."""
    one = draw(seed, index)
    assert one == draw(seed, index)
    text = json.dumps(one.to_dict())
    assert Draw.from_dict(json.loads(text)) == one
    numbers = {**one.to_dict(), **asdict(one.physics)}
    for name, (low, high) in RANGES.items():
        assert low <= numbers[name] <= high, name
    for name, words in WORDS.items():
        assert numbers[name] in words, name
    assert one.physics.nearest + one.physics.crowd + one.physics.lost == pytest.approx(1)
    assert one.places_open <= len(world(one.world).shelters)


def test_every_number_is_checked() -> None:
    """Each field of a draw has its range or its words."""
    names = {f.name for kind in (Draw, Physics) for f in fields(kind)} - {"physics"}
    assert names == set(RANGES) | set(WORDS)


def test_draws_differ() -> None:
    """No two draws of a seed are alike, nor the same draw of two seeds."""
    draws = [*many(100), *(draw(6, i) for i in range(100))]
    assert len({one.key for one in draws}) == 200


def test_worlds_are_kept_apart() -> None:
    """By default nothing is drawn on an unseen world, and on those asked for alone."""
    assert {one.world for one in many()} == set(TRAINING)
    assert {draw(1, i, UNSEEN).world for i in range(60)} == set(UNSEEN)


def test_shares() -> None:
    """Hazards and methods come as often as they say, people as many at every scale."""
    draws = many(600)
    for name, chances in (("hazard", HAZARDS), ("method", METHODS)):
        seen = Counter(getattr(one, name) for one in draws)
        for word, chance in chances.items():
            assert seen[word] / len(draws) == pytest.approx(chance, abs=0.05), word
    people = np.array([one.people for one in draws])
    assert np.quantile(people, 0.5) == pytest.approx(np.sqrt(500 * 6000), rel=0.15)
    rising = [one.tide_rise_m > 0 for one in draws]
    assert np.mean(rising) == pytest.approx(0.5, abs=0.08)


def test_people_leave_sooner_by_day() -> None:
    """By day the mean time before moving is shorter than by night."""
    draws = many(400)
    day = [one.premovement for one in draws if DAY[0] <= one.hour < DAY[1]]
    night = [one.premovement for one in draws if not DAY[0] <= one.hour < DAY[1]]
    assert max(day) <= 1.1
    assert min(night) >= 1.0
    assert np.mean(day) < np.mean(night) - 0.3


@pytest.mark.parametrize("index", range(12))
@pytest.mark.parametrize("worlds", [TRAINING, UNSEEN])
def test_every_draw_builds(index: int, worlds: tuple[str, ...]) -> None:
    """A draw makes a scenario of its people, places and deadline, the same each time."""
    one = replace(draw(11, index, worlds), people=700)
    scenario = build(one)
    assert scenario.persons == 700
    assert scenario.deadline_s == one.deadline_s
    places = scenario.all_shelters
    assert len(places) == one.places_open
    assert places.capacity.sum() == round(one.room * 700)
    assert scenario.network is world(one.world).network
    again = build(one)
    assert again.groups.equals(scenario.groups)
    assert again.all_shelters.equals(scenario.all_shelters)
    assert again.link_times.equals(scenario.link_times)


def test_hazards() -> None:
    """Each word of a hazard makes that hazard, with the draw's figures."""
    one = replace(draw(3, 0, SMALL), people=500, closed=24, closed_from_s=300.0)
    made = {word: build(replace(one, hazard=word)).hazard for word in HAZARDS}
    kinds = {"tide": Flood, "closures": Closures, "fire": Fire, "earthquake": Earthquake}
    assert made["none"] is None
    for word, kind in kinds.items():
        assert isinstance(made[word], kind)
    closures = made["closures"]
    assert isinstance(closures, Closures)
    assert {row.from_s for row in closures.rows} == {300.0}
    assert len(closures) == min(24, len(world(one.world).bridges) - 1)


@pytest.mark.parametrize("rise", [0.0, 0.5])
def test_tide(rise: float) -> None:
    """A tide stands at its level, or rises to it by the deadline and stays."""
    one = replace(draw(3, 0, SMALL), people=500, hazard="tide", tide_m=1.4, tide_rise_m=rise)
    flood = build(one).hazard
    assert isinstance(flood, Flood)
    assert flood.level(0.0) == pytest.approx(1.4 - rise)
    assert flood.level(one.deadline_s) == pytest.approx(1.4)
    assert flood.level(5 * one.deadline_s) == pytest.approx(1.4)


def test_ready_times() -> None:
    """Times before moving have the prior's mean times the multiplier; a household has one."""
    one = replace(
        draw(3, 1, SMALL), people=6000, visitors=0.6, premovement=1.2, premovement_sigma=0.6
    )
    people = build(one).people
    assert isinstance(people, er.People)
    alone = np.array([n == 1 for n in _members(people)])
    ready = people.ready_time[alone]
    mean = 1.2 * ready_prior(people.mobility, people.household_id, None)[alone]
    assert (ready / mean).mean() == pytest.approx(1.0, abs=0.05)
    assert np.log(ready / mean).std() == pytest.approx(0.6, abs=0.04)
    for name in np.unique(people.household_id.astype(str))[:50]:
        assert len(set(people.ready_time[people.household_id == name].tolist())) == 1


def _members(people: Any) -> list[int]:
    size = Counter(people.household_id.tolist())
    return [size[name] for name in people.household_id.tolist()]


@pytest.mark.parametrize("method", METHODS)
def test_plans(method: str) -> None:
    """A draw's scenario is planned by its method, with the network's own capacities."""
    one = replace(draw(3, 2, SMALL), people=500, method=method)
    scenario = build(one)
    plan = make_plan(one, scenario)
    assert plan.method == method
    assert plan.placed > 0
    assert scenario.network.capacity is world(one.world).network.capacity


def test_quick() -> None:
    """A scenario of 2,000 people is made in well under a second of the processor."""
    one = replace(draw(0, 0, ("lagoon_large",)), people=2000)
    build(one)
    begin = time.process_time()
    build(one)
    assert time.process_time() - begin < 1.0


@pytest.mark.parametrize(
    "change, message",
    [
        ({"people": 10}, "people is 10, expected a whole number from 500 to 6000"),
        ({"people": 700.5}, "people is 700.5, expected a whole number"),
        ({"room": "much"}, "room is 'much', expected a number from 0.8 to 2"),
        ({"hour": float("nan")}, "hour is nan, expected a number from 0 to 24"),
        ({"world": "atlantis"}, "world is 'atlantis', expected one of lagoon_large"),
        ({"colour": "red"}, "colour is unknown, expected seed, index"),
        ({"physics": 3}, "physics is 3, expected names and numbers"),
    ],
)
def test_refuses(change: dict[str, Any], message: str) -> None:
    """A draw from outside is checked at the door."""
    good = draw(0, 0).to_dict()
    with pytest.raises(InputError, match=message.replace(".", r"\.")):
        Draw.from_dict({**good, **change})


def test_all_faults_at_once() -> None:
    """One error names all that is missing or wrong, in the physics too."""
    bad = draw(0, 0).to_dict()
    del bad["room"]
    bad["physics"]["law"] = "none"
    bad["physics"]["compliance"] = 0.1
    with pytest.raises(InputError, match=r"3 faults(.|\n)*room is missing"):
        Draw.from_dict(bad)


def test_refuses_seeds_and_worlds() -> None:
    """A negative index and an unknown world are named together."""
    with pytest.raises(InputError, match=r"2 faults(.|\n)*index is -1"):
        draw(0, -1, ("atlantis",))
    with pytest.raises(InputError, match="world is ''"):
        draw(0, 0, ())
