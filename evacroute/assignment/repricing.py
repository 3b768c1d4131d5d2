"""Prices for a problem that is a little unlike one whose prices are known: no plan is made."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from evacroute.assignment.class_weights import class_weights
from evacroute.assignment.finish import origin_costs
from evacroute.assignment.leftover import hopeless
from evacroute.assignment.placing import Progress
from evacroute.assignment.price_sets import plan_prices, price_set, short_places
from evacroute.assignment.pricing import Pricer
from evacroute.assignment.problem import Problem
from evacroute.assignment.shelter_flow import static_flow
from evacroute.assignment.soonest import Soonest
from evacroute.assignment.sweeper import PriceSet, exact_value, gather_crowd, make_terms
from evacroute.assignment.time_net import build_time_net
from evacroute.prices import Prices

ROUNDS, STEP = 600, 5
"""Rounds at most, and how many are taken between two looks at the clock."""

LEAST, STEADY = 200, 2e-4
"""After so many rounds they end when the bound grows by no more than this share in 30 of them."""

ABOVE = 1.03
"""The late rounds need the cost of a plan; as none is made, it is taken to be so many times the
bound: what plans of `over_time` come to in half a minute."""


@dataclass(frozen=True, slots=True, eq=False)
class Repriced:
    """New prices.

    Parameters
    ----------
    prices
        The prices.
    before, after
        Mean time that a person needs at least, by the prices before and by the new ones [s].
    no_room, no_way
        Persons for whom there is no place, or no way in time.
    rounds
        Rounds that were taken.
    """

    prices: Prices
    before: float
    after: float
    no_room: int
    no_way: int
    rounds: int


def reprice(
    problem: Problem,
    known: Prices,
    *,
    closed: NDArray[np.bool_],
    first: int = 0,
    weights: Mapping[str, float] | None = None,
    time_limit: float = 30.0,
    progress: Progress | None = None,
) -> Repriced | None:
    """Find the prices of a problem from those of one like it, before some links were closed.

    Whatever prices are not less than 0 prove a bound, so any may be started from. Steps are those
    of the volume algorithm, which go on from the best known; the ascent of `over_time` begins with
    steps too wide for that.

    Parameters
    ----------
    problem
        With the closures in it.
    known
        Prices on the same grid, links, shelters and classes.
    closed
        Links that are closed, shape (n_links,): from slot `first` on what is paid there proves
        nothing.
    weights
        What a second of a person's time counts for, by class id.
    time_limit
        Stop after this time [s], with the best so far.
    progress
        Called with the stage and the share of it that is done (0..1).

    Returns
    -------
    Repriced or None
        None where nobody has a way.
    """
    begin = time.perf_counter()
    counted = hopeless(problem) < 0
    groups, shelters = problem.scenario.groups, problem.scenario.shelters
    net = build_time_net(problem)
    terms = make_terms(problem, net, class_weights(problem, weights), problem.rank)
    crowd = gather_crowd(problem, net, counted)
    if not crowd.persons:
        return None
    origins = Soonest.of(problem).origins
    cost = origin_costs(problem, origins, problem.distances())
    flow = static_flow(problem, origins, cost, counted)
    start = flow.price * terms.weight.mean(), np.zeros(len(flow.price))
    if flow.left.any():
        terms, start = short_places(terms, flow, cost, origins, shelters)
    pricer = Pricer(net, terms, crowd, problem.n_slots, *start, rounds=0)
    try:
        if len(known):
            warm = _without(price_set(known, problem, terms), closed, first)
            old = price_set(known, problem, terms)
            # Where shelters were closed places are dearer now, as the flow in empty streets tells.
            any_room, free_room = (one[terms.order].astype(np.float32) for one in start)
            raised = replace(
                warm, room=np.maximum(warm.room, any_room),
                free_room=np.maximum(warm.free_room, free_room),
            )  # fmt: skip
            pricer.offer(raised)
            pricer.offer(warm)
        else:
            pricer.total, old = ROUNDS, None
            pricer.start()
        assert pricer.best is not None
        while pricer.done < ROUNDS and time.perf_counter() - begin < time_limit:
            if progress is not None:
                spent = (time.perf_counter() - begin) / time_limit
                progress("prices", min(1.0, max(spent, pricer.done / ROUNDS)))
            pricer.upper = ABOVE * pricer.best.value
            pricer.rounds(STEP)
            if pricer.done >= LEAST and pricer.growth < STEADY:
                break
        best = pricer.best
    finally:
        pricer.close()
    value = exact_value(net, terms, crowd, problem.n_slots, best)
    second = problem.step * terms.unit / crowd.persons
    if old is None:
        old = replace(best, link=np.zeros_like(best.link), door=np.zeros_like(best.door))
    old = replace(old, stay=best.stay)
    worth = exact_value(net, terms, crowd, problem.n_slots, old)
    allowed = float((terms.allowed * best.stay).sum())
    return Repriced(
        prices=plan_prices(problem, terms, counted, best, value),
        before=(worth - allowed) * second,
        after=(value - allowed) * second,
        no_room=int(flow.left.sum()),
        no_way=int(groups.size[~counted].sum()),
        rounds=pricer.done,
    )


def _without(prices: PriceSet, closed: NDArray[np.bool_], first: int) -> PriceSet:
    """Give the prices without those of closed links from a slot on."""
    link = prices.link.copy()
    link[first:, closed[prices.links]] = 0
    return replace(prices, link=link)
