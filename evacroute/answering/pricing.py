"""Prices behind a plan; where its method made none, prices of places in empty streets."""

from __future__ import annotations

import numpy as np

from evacroute.assignment.price_sets import plan_prices
from evacroute.assignment.problem import build_problem
from evacroute.assignment.sweeper import PriceSet, make_terms
from evacroute.assignment.time_net import build_time_net
from evacroute.plan import Plan
from evacroute.prices import Prices


def prices_of(plan: Plan) -> Prices:
    """Give a plan's prices, or where it has none those at which nearest shelters have room.

    The latter prove no bound: their `value` is 0.
    """
    if plan.prices is not None:
        return plan.prices
    scenario = plan.scenario
    problem = build_problem(scenario, plan.step_s)
    net = build_time_net(problem)
    n_classes, n_shelters = len(scenario.group_classes), len(scenario.shelters)
    terms = make_terms(problem, net, np.ones(n_classes), problem.rank)
    free = np.zeros((problem.n_slots + 2, 0), np.float32)
    room = problem.static_price[terms.order].astype(np.float32)
    best = PriceSet(
        links=np.zeros(0, np.int64),
        link=free,
        room=room,
        free_room=np.zeros_like(room),
        door=np.zeros((problem.n_slots + 2, n_shelters), np.float32),
        stay=terms.penalty.astype(np.float32),
        horizon=min(problem.n_slots, net.settled + 1),
    )
    return plan_prices(problem, terms, np.ones(len(scenario.groups), bool), best, 0.0)
