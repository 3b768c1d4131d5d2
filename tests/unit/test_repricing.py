"""Prices for closed streets: proven, no worse than those they begin with, and usable."""

from __future__ import annotations

import numpy as np
import pytest
from priced import bridge_plan

import evacroute as er
from evacroute.assignment import build_problem
from evacroute.assignment.bound import bound_of
from evacroute.assignment.repricing import reprice


@pytest.mark.parametrize("share", [0.0, 0.5])
def test_prices_are_proven_and_no_worse_than_before(share: float) -> None:
    """The value of new prices is no more than any plan costs, and not less than the old ones'."""
    plan = bridge_plan()
    scenario, prices = plan.scenario, plan.prices
    assert prices is not None
    assert len(prices) > 0
    closed = np.zeros(scenario.network.n_links, bool)
    closed[prices.link[0]] = share > 0
    links, first = np.flatnonzero(closed), 6
    n = len(links)
    times = er.LinkTimes(links, np.full(n, -1), np.full(n, first * plan.step_s), np.full(n, np.inf),
                         np.zeros(n))  # fmt: skip
    later = scenario.with_hazard(times)
    problem = build_problem(later, plan.step_s)
    seen: list[float] = []
    made = reprice(
        problem, prices, closed=closed, first=first, weights={"c1": 2.0}, time_limit=5.0,
        progress=lambda stage, done: seen.append(done),
    )  # fmt: skip
    assert made is not None
    assert made.after >= made.before - 1e-3
    assert seen == sorted(seen)
    assert made.prices.misfits(
        scenario.network.n_links, len(scenario.shelters), len(scenario.group_classes),
        len(scenario.groups),
    ) == []  # fmt: skip
    other = er.assign(
        later, "over_time", step=plan.step_s, gap=0.02, time_limit=10.0, weights={"c1": 2.0}
    )
    assert other.prices is not None
    # What they prove of a plan is true, and nearly what the method proves.
    left = np.zeros(len(later.groups), np.int64)
    np.add.at(left, other.movements.left_group, other.movements.left_size)
    bound = bound_of(problem, made.prices, left)
    moves, groups = other.movements, later.groups
    spent = moves.size * (moves.arrive - groups.ready_time[moves.group])
    worth = float((spent * made.prices.weight[groups.class_[moves.group]]).sum())
    assert bound is not None
    assert other.bound is not None
    assert 0.95 * other.bound <= bound <= worth * (1 + 1e-6)


def test_prices_are_found_where_none_were_known() -> None:
    """From prices without a street, those of the ascent are found, as good as the method's."""
    plan = bridge_plan()
    prices = plan.prices
    assert prices is not None
    text = np.zeros(0, np.str_)
    columns = {name: getattr(prices, name) for name in type(prices).__dataclass_fields__}
    columns |= dict.fromkeys(("link", "link_slot"), np.zeros(0, np.int32))
    columns |= dict.fromkeys(("link_price", "link_limit"), np.zeros(0))
    columns |= dict.fromkeys(("link_id", "link_name", "link_kind"), text)
    bare = type(prices)(**columns)
    problem = build_problem(plan.scenario, plan.step_s)
    closed = np.zeros(plan.scenario.network.n_links, bool)
    made = reprice(problem, bare, closed=closed, weights={"c1": 2.0}, time_limit=5.0)
    assert made is not None
    assert made.prices.value == pytest.approx(prices.value, rel=0.02)
