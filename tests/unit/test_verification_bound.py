"""The bound computed again: right prices pass, and what is wrong with a certificate is found."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from networks import from_edges
from priced import bridge_plan, corridor_plan
from scenes import scene

import evacroute as er
from evacroute.plan import Plan
from evacroute.prices import Prices


def with_prices(change: Callable[[Prices], dict[str, Any]], plan: Plan | None = None) -> Plan:
    plan = plan or bridge_plan()
    assert plan.prices is not None
    return replace(plan, prices=replace(plan.prices, **change(plan.prices)))


def broken(plan: Plan) -> set[str]:
    return {check.name for check in er.verify(plan, bound=True).broken}


def changed(array: np.ndarray, at: Any, by: float) -> np.ndarray:
    out = array.copy()
    out[at] += by
    return out


@pytest.mark.parametrize("price", [0.0, 7.0, 25.0])
def test_a_corridor_by_hand(price: float) -> None:
    """The dual value is that counted by hand: walk, wait or price, less what the street sells."""
    plan = corridor_plan(price)
    result = er.verify(plan, bound=True)
    assert result.ok, str(result)
    assert result["dual value"].worst < 1e-12
    higher = replace(plan, bound=plan.bound + 0.01)
    assert broken(higher) == {"bound"}


def test_the_methods_own_certificate() -> None:
    """A plan by over_time passes with prices that are not nought, in memory and from its folder."""
    plan = bridge_plan()
    assert plan.prices is not None
    assert len(plan.prices) > 5
    assert plan.prices.hopeless.tolist() == [4]
    result = er.verify(plan, bound=True)
    assert result.ok, str(result)


def test_from_the_folder_alone(tmp_path: Path) -> None:
    """The folder holds all that the check needs; a price changed in it is found."""
    bridge_plan().save(tmp_path / "plan")
    assert er.verify(tmp_path / "plan", bound=True).ok
    path = tmp_path / "plan" / "prices.npz"
    prices = Prices.load(path)
    replace(prices, link_price=prices.link_price * 1.1).save(path)
    assert er.verify(tmp_path / "plan").ok
    check = er.verify(tmp_path / "plan", bound=True)
    assert "dual value" in {rule.name for rule in check.broken}
    assert "stated as" in str(check)


SPOILT: list[tuple[str, Callable[[Prices], dict[str, Any]]]] = [
    ("dual value", lambda p: {"link_price": p.link_price * 1.5}),
    ("dual value", lambda p: {"room": p.room + 30.0}),
    ("dual value", lambda p: {"value": p.value * 1.001}),
    ("dual value", lambda p: {"penalty": p.penalty * 0.01}),
    ("dual value", lambda p: {"weight": p.weight * 0.9}),
    ("hopeless groups", lambda p: {"hopeless": [0, 4]}),
    ("grid of the prices", lambda p: {"arc_slots": p.arc_slots - 2 * (p.arc_slots > 3)}),
    ("grid of the prices", lambda p: {"arc_slots": p.arc_slots + 2 * (p.arc_slots > 3)}),
    ("grid of the prices", lambda p: {"arc_slots": np.abs(p.arc_slots)}),
    ("grid of the prices", lambda p: {"arc_link": p.arc_link[::-1]}),
    (
        "grid of the prices",
        lambda p: {
            "arc_ptr": p.arc_ptr[:-1],
            "arc_link": p.arc_link[: p.arc_ptr[-2]],
            "arc_slots": p.arc_slots[:, :-1],
            "arc_gate": p.arc_gate[:-1],
        },
    ),
    ("prices", lambda p: {"step": 20.0}),
    ("prices", lambda p: {"n_slots": p.n_slots + 6}),
]


@pytest.mark.parametrize("name,change", SPOILT)
def test_spoilt_prices_are_found(name: str, change: Callable[[Prices], dict[str, Any]]) -> None:
    """Prices, value, grid, hopeless groups or time that are not those of the plan are found."""
    assert name in broken(with_prices(change))


def test_a_bound_above_the_cost_is_found() -> None:
    """A stated bound above what is proven is found, and above the cost all the more."""
    plan = bridge_plan()
    assert broken(replace(plan, bound=plan.bound * 1.00001)) == {"bound"}
    assert broken(replace(plan, bound=plan.weighted_cost * 1.01)) == {"bound", "cost and bound"}
    assert not broken(replace(plan, bound=plan.bound * 0.9))
    assert not broken(replace(plan, bound=None))


def test_arcs_over_a_crossing_or_a_shelter_are_found() -> None:
    """An arc that walks on past a place where one could turn off, or be safe, is no true grid."""
    plan = bridge_plan()
    at_shelter = with_prices(lambda p: _joined(p, 0, 6), plan)
    assert broken(at_shelter) == {"grid of the prices"}
    text = str(er.verify(at_shelter, bound=True)["grid of the prices"].examples)
    assert "inside an arc" in text


def _joined(p: Prices, first: int, second: int) -> dict[str, Any]:
    """Join the arc that ends where another begins, for any two arcs that follow each other."""
    arcs = [p.arc_link[a:b].tolist() for a, b in zip(p.arc_ptr[:-1], p.arc_ptr[1:], strict=True)]
    network = bridge_plan().scenario.network
    i, j = next(
        (i, j)
        for i, one in enumerate(arcs)
        for j, two in enumerate(arcs)
        if network.to_node[one[-1]] == network.from_node[two[0]]
        and network.from_node[one[-1]] != network.to_node[two[0]]
    )
    links = [arc for k, arc in enumerate(arcs) if k not in (i, j)] + [arcs[i] + arcs[j]]
    both = np.where(
        (p.arc_slots[:, i] < 0) | (p.arc_slots[:, j] < 0), -1, p.arc_slots[:, i] + p.arc_slots[:, j]
    )
    slots = np.column_stack([np.delete(p.arc_slots, [i, j], axis=1), both])
    return {
        "arc_ptr": np.cumsum([0, *map(len, links)]),
        "arc_link": [link for arc in links for link in arc],
        "arc_slots": slots,
        "arc_gate": p.arc_gate[1:],
    }


def test_a_start_beside_a_shelter_in_the_last_slot() -> None:
    """Who is ready in the last slot, so near a shelter that no slot passes, can still be safe."""
    network = from_edges(
        [(0, 0), (4, 0), (8, 0)], [(0, 1), (1, 2)], length=4.0, width=2.0, capacity=1.0
    )
    late = scene(network, [(1, 2, 30.0), (0, 1)], [(2, 5)], deadline=30.0)
    plan = er.assign(late, "over_time", time_limit=2.0)
    assert plan.cost == 10.0
    assert not broken(plan)
    assert plan.bound == 10.0


def test_a_plan_off_the_grid_is_found() -> None:
    """A plan with legs quicker than the grid, or crowd a slot, is not one the bound is about."""
    plan = corridor_plan()
    moves = plan.movements
    quick = replace(moves, leg_leave=moves.leg_leave - 10.0, arrive=moves.arrive - 10.0)
    assert "plan on the grid" in broken(replace(plan, movements=quick))
    crowded = replace(moves, size=moves.size + 1, left_size=moves.left_size - 1)
    assert "plan on the grid" in broken(replace(plan, movements=crowded))


def test_a_plan_without_prices_has_no_bound_to_check() -> None:
    """Asked to compute the bound of a plan without prices, verify says what would have some."""
    plan = er.assign(scene(bridge_plan().scenario.network, [(0, 3)], [(3, 9)]), "shelter_flow")
    assert er.verify(plan).ok
    with pytest.raises(er.InputError, match=r"no prices.*over_time"):
        er.verify(plan, bound=True)


def test_the_gap_weighs_time_as_the_bound_does() -> None:
    """Cost stays unweighted; the gap sets the weighted cost against the weighted bound."""
    plan = bridge_plan()
    moves = plan.movements
    class_ = plan.scenario.groups.class_[moves.group]
    taken = (moves.arrive - plan.ready) * moves.size
    assert plan.cost == pytest.approx(taken.sum())
    assert plan.weighted_cost == pytest.approx((taken * np.where(class_ == 1, 2, 1)).sum())
    assert plan.weighted_cost > 1.1 * plan.cost
    assert plan.gap == pytest.approx(plan.weighted_cost / plan.bound - 1)
    assert 0 <= plan.gap < 0.2
    assert "weighted mean" in str(plan.summary())
    assert plan.summary().to_dict()["weighted_cost"] == plan.weighted_cost
