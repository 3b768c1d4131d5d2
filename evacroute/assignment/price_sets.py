"""Prices as a plan keeps them, and as the sweeps take them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from evacroute._kernels.graph import FAR
from evacroute.assignment.gates import open_spans
from evacroute.assignment.parties import Origins
from evacroute.assignment.problem import Problem
from evacroute.assignment.room import RoomFlow, short_prices
from evacroute.assignment.sweeper import PriceSet, Terms
from evacroute.network import KINDS
from evacroute.prices import Prices
from evacroute.shelters import Shelters

F = np.float32


def price_set(prices: Prices, problem: Problem, terms: Terms, first: int = 0) -> PriceSet:
    """Turn a plan's prices into those of a problem on the same grid, from slot `first` on.

    Links that let nobody in have no price.
    """
    n_slots, n_shelters = problem.n_slots, len(terms.order)
    real = (prices.link_slot >= first) & (problem.link_slot[prices.link] > 0)
    links, column = np.unique(prices.link[real], return_inverse=True)
    link = np.zeros((n_slots + 2, len(links)), F)
    unit = problem.step * terms.unit
    link[prices.link_slot[real], column.ravel()] = prices.link_price[real] / unit
    place = np.empty(n_shelters, np.int64)
    place[terms.order] = np.arange(n_shelters)
    door = np.zeros((n_slots + 2, n_shelters), F)
    late = prices.door_slot >= first
    door[prices.door_slot[late], place[prices.door[late]]] = prices.door_price[late] / unit
    return PriceSet(
        links=links.astype(np.int64),
        link=link,
        room=(prices.room[terms.order] / unit).astype(F),
        free_room=(prices.step_free_room[terms.order] / unit).astype(F),
        door=door,
        stay=terms.penalty.astype(F),
        horizon=min(n_slots, max(prices.horizon, first + 1)),
    )


def plan_prices(
    problem: Problem, terms: Terms, counted: NDArray[np.bool_], best: PriceSet, value: float
) -> Prices:
    """Turn the prices of the sweeps into those of a plan.

    Parameters
    ----------
    counted
        Groups that are part of the bound.
    value
        The dual value that the prices have, in double precision [slots of `terms.unit`].
    """
    step, graph, horizon = problem.step, problem.graph, best.horizon
    unit, weight = step * terms.unit, terms.weight * terms.unit
    network, groups, shelters = (
        problem.scenario.network, problem.scenario.groups, problem.scenario.shelters
    )  # fmt: skip
    place = np.empty(len(terms.order), np.int64)
    place[terms.order] = np.arange(len(place))
    column, slot = np.nonzero(best.link[:horizon].T)
    door = best.door[:, place]
    shelter, door_slot = np.nonzero(door[: horizon + 1].T)
    # A group that is ready within a slot waits for the next, whatever the plan.
    waits = problem.ready * step - groups.ready_time
    late = float((waits * weight[groups.class_] * groups.size)[counted].sum())
    priced = best.links[np.unique(column)]
    gate = graph.seq_link[graph.seq_ptr[:-1]].astype(np.int64) - problem.n_links
    real = graph.seq_link < problem.n_links
    before = np.append(0, np.cumsum(real))
    gate_ptr, gate_first, gate_last = open_spans(problem.gates.open_)
    return Prices(
        step=step,
        n_slots=problem.n_slots,
        horizon=horizon,
        link=best.links[column].astype(np.int32),
        link_slot=slot.astype(np.int32),
        link_price=best.link[slot, column].astype(np.float64) * unit,
        door=shelter.astype(np.int32),
        door_slot=door_slot.astype(np.int32),
        door_price=door[door_slot, shelter].astype(np.float64) * unit,
        room=best.room[place].astype(np.float64) * unit,
        step_free_room=best.free_room[place].astype(np.float64) * unit,
        weight=weight,
        penalty=best.stay.astype(np.float64) * unit,
        hopeless=np.flatnonzero(~counted).astype(np.int32),
        unit=graph.unit.copy(),
        units=problem.units,
        arc_ptr=before[graph.seq_ptr].astype(np.int64),
        arc_link=graph.seq_link[real],
        arc_slots=np.where(graph.arc_time < FAR, graph.arc_time, -1).astype(np.int32),
        arc_gate=np.maximum(gate, -1).astype(np.int32),
        gate_ptr=gate_ptr,
        gate_first=gate_first,
        gate_last=gate_last,
        link_id=network.link_id[priced].astype(str),
        link_name=network.name[priced].astype(str),
        link_kind=np.array(KINDS)[network.kind[priced]],
        link_limit=problem.link_slot[priced] / problem.units,
        shelter_id=shelters.shelter_id.astype(str),
        shelter_name=shelters.name.astype(str),
        value=value * unit + late,
    )


def short_places(
    terms: Terms,
    flow: RoomFlow,
    cost: NDArray[np.int32],
    origins: Origins,
    shelters: Shelters,
) -> tuple[Terms, tuple[NDArray[np.float64], NDArray[np.float64]]]:
    """Find what to start from where a flow of origins to shelters leaves people.

    Parameters
    ----------
    flow, cost
        The flow, and its costs [slots].

    Returns
    -------
    tuple
        The terms, with whom the flow leaves allowed to stay; prices of places and what step-free
        ones cost besides, in the order of the scenario's shelters [slots].
    """
    class_, n_classes = origins.class_, len(terms.weight)
    any_price, free_price, _ = short_prices(
        cost, flow, class_, terms.step_free[class_], shelters.capacity,
        shelters.step_free_capacity, n_classes,
    )  # fmt: skip
    allowed = np.bincount(class_, weights=flow.left, minlength=n_classes).astype(np.float64)
    weight = float(terms.weight.mean())
    start = any_price * weight, np.maximum(free_price - any_price, 0) * weight
    return replace(terms, allowed=allowed), start
