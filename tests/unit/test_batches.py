"""Batches: every rule is kept, prices follow what is taken, and the pricer is left as it was."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import pytest
from naive import check_feasible
from price_rooms import STEP, Town, town

from evacroute.assignment.batches import FAR, RestPricer, are_many, place_in_batches
from evacroute.assignment.finish import finish
from evacroute.assignment.guides import make_guide
from evacroute.assignment.priced_placing import PricedPlacing
from evacroute.assignment.pricing import Pricer
from evacroute.plan import Plan


class Made(NamedTuple):
    town: Town
    pricer: Pricer
    placing: PricedPlacing
    order: np.ndarray


def empty_placing(place: Town, pricer: Pricer) -> PricedPlacing:
    counted = place.problem.ready <= place.problem.n_slots
    placing = PricedPlacing(place.problem, place.net, place.terms, counted)
    prices = pricer.mean()
    placing.guide = make_guide(pricer.guide_values(prices), prices)
    return placing


@pytest.fixture(params=range(3))
def made(request: pytest.FixtureRequest) -> Iterator[Made]:
    """A town after some price rounds, and a placing of nobody."""
    place = town(request.param)
    none = np.zeros(len(place.terms.node))
    pricer = Pricer(place.net, place.terms, place.crowd, place.n_slots, none, none, 60)
    pricer.start()
    pricer.rounds(40)
    placing = empty_placing(place, pricer)
    order = np.lexsort((place.problem.ready, place.problem.rank[placing.class_]))
    yield Made(place, pricer, placing, order)
    pricer.close()


def state(pricer: Pricer) -> list[np.ndarray]:
    """All that the ascent remembers."""
    tracks = (pricer.link, pricer.door, pricer.places)
    tables = [t for track in tracks for t in (track.now, track.speed, track.square, track.mean)]
    return [*tables, pricer.crowd.size, np.array([pricer.done, pricer.horizon])]


def test_rules_are_kept_and_the_pricer_is_not_changed(made: Made) -> None:
    """What is booked keeps every rule, as many are placed as all at once (here: all who want to
    go), the same again for the same seed, and the pricer stands where it stood."""
    place, pricer, placing, order = made
    before, best = [table.copy() for table in state(pricer)], pricer.best
    assert place_in_batches(placing, RestPricer(pricer, placing), order, 4, 7, lambda: True)
    problem = place.problem
    movements = finish(problem, placing.hand_over(), placing.left)
    plan = Plan(problem.scenario, movements, method="by hand", step_s=STEP)
    check_feasible(plan)
    assert plan.placed + placing.left.sum() == problem.scenario.groups.size.sum()
    assert plan.cost == pytest.approx(placing.cost() * STEP)
    assert pricer.best is best
    for old, new in zip(before, state(pricer), strict=True):
        np.testing.assert_array_equal(old, new)
    at_once = empty_placing(place, pricer)
    at_once.place(order)
    assert placing.left.sum() <= at_once.left.sum()
    again = empty_placing(place, pricer)
    place_in_batches(again, RestPricer(pricer, again), order, 4, 7, lambda: True)
    np.testing.assert_array_equal(again.left, placing.left)
    assert again.cost() == placing.cost()


def test_taken_places_and_those_to_come(made: Made) -> None:
    """The answer that moves the prices counts who is booked where they are and when, and of the
    others each once."""
    place, pricer, placing, order = made
    placing.place(order[: len(order) // 2])
    rest = RestPricer(pricer, placing)
    rest.update()
    persons = place.problem.scenario.groups.size.sum()
    assert rest.crowd.persons == placing.left.sum()
    assert 0 < placing.left.sum() < persons
    answer = rest._flows(full=True)
    admitted = answer.admitted[: rest.horizon + 1].sum()
    late = rest.taken_door[rest.horizon + 1 :].sum()
    stay = persons - admitted - late
    # Who comes after the horizon, or stays, is not counted at a door.
    assert -1e-3 <= stay <= placing.left.sum() + 1e-3
    b = placing.booked
    used = np.zeros((place.n_slots + 1, len(place.terms.link)))
    for x in placing.alive:
        units = b.size[x] * place.problem.graph.unit[placing.class_[b.group[x]]]
        for i in range(b.item_ptr[x], b.item_ptr[x] + b.item_count[x]):
            used[b.when[i], b.link[i]] += units / place.problem.units
    thin = place.problem.link_every[rest.links] > 1
    np.testing.assert_allclose(rest.taken_link[:, ~thin], used[:, rest.links[~thin]], atol=1e-5)
    # With everybody booked nothing else moves the prices.
    placing.place(placing.to_insert(), at_any_price=True)
    placing.left[:] = 0
    rest.update()
    answer = rest._flows(full=True)
    rows = min(rest.horizon + 1, len(rest.taken_link))
    np.testing.assert_allclose(answer.entries[:rows], rest.taken_link[:rows], atol=1e-5)
    rest.close()


def test_told_to_stop(made: Made) -> None:
    """Told to stop after two batches it says so; what was placed stays, the others are left."""
    place, pricer, placing, order = made
    calls = iter([True, True])
    rest = RestPricer(pricer, placing)
    assert not place_in_batches(placing, rest, order, 4, 0, lambda: next(calls, False))
    assert 0 < placing.left.sum() < place.problem.scenario.groups.size.sum()


def test_are_many(made: Made) -> None:
    """Batches are for many kinds of people far from the bound: not for one kind, not for a plan
    that is good already."""
    placing = made.placing
    n = len(placing.left)
    placing.together = np.zeros(n, np.bool_)
    placing.class_ = np.zeros(n, np.int32)
    assert not are_many(placing, 1.0)
    placing.together = np.ones(n, np.bool_)
    placing.left[:] = 1 + np.arange(n) % 8
    placing.class_ = (np.arange(n) % 2).astype(np.int32)
    assert are_many(placing, 1.0)
    assert not are_many(placing, FAR)
    placing.left[:] = 0
    assert not are_many(placing, 1.0)
