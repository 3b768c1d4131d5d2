"""Plans with prices: one whose prices are made by hand, and one made by the method."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
from networks import from_edges
from scenes import scene

import evacroute as er
from evacroute.assignment.movements import Movements
from evacroute.network import KINDS
from evacroute.plan import Plan
from evacroute.prices import Prices

Row = tuple[int, int, float]


def prices_for(plan: Plan, links: Sequence[Row], doors: Sequence[Row] = (), **more: Any) -> Prices:
    """Prices of (link, slot, s a person) and (shelter, slot, s), every link an arc of one slot.

    They fit the plan's instance, but prove nothing.
    """
    scenario = plan.scenario
    network, shelters, step = scenario.network, scenario.shelters, plan.step_s
    n_slots = int(scenario.deadline_s / step)
    rows, gates = np.array(sorted(links)).reshape(-1, 3), np.array(sorted(doors)).reshape(-1, 3)
    priced = np.unique(rows[:, 0]).astype(int)
    n_classes, n_shelters = len(scenario.group_classes), len(shelters)
    fields: dict[str, Any] = {
        "step": step,
        "n_slots": n_slots,
        "horizon": n_slots,
        "link": rows[:, 0].astype(int),
        "link_slot": rows[:, 1].astype(int),
        "link_price": rows[:, 2],
        "door": gates[:, 0].astype(int),
        "door_slot": gates[:, 1].astype(int),
        "door_price": gates[:, 2],
        "room": np.zeros(n_shelters),
        "step_free_room": np.zeros(n_shelters),
        "weight": np.ones(n_classes),
        "penalty": np.full(n_classes, 1e5),
        "unit": np.ones(n_classes, int),
        "units": 1,
        "hopeless": np.zeros(0, int),
        "arc_ptr": np.arange(network.n_links + 1),
        "arc_link": np.arange(network.n_links),
        "arc_slots": np.ones((n_classes, network.n_links), int),
        "arc_gate": np.full(network.n_links, -1),
        "gate_ptr": [0],
        "gate_first": np.empty(0, int),
        "gate_last": np.empty(0, int),
        "link_id": network.link_id[priced],
        "link_name": network.name[priced],
        "link_kind": np.array(KINDS)[network.kind[priced]],
        "link_limit": np.floor(network.capacity[priced] * step),
        "shelter_id": shelters.shelter_id,
        "shelter_name": shelters.name,
        "value": 1000.0,
    }
    return Prices(**fields | more)


def corridor_plan(price: float = 7.0) -> Plan:
    """Two of five walk 200 m, ready half a slot late; entering costs `price` in slot 1.

    One arc of 20 slots leads each way over the node between. The price proves 5 x (5 + 200 + the
    less of the price and a slot's wait) less two persons' price; three are left.
    """
    network = from_edges(
        [(0, 0), (100, 0), (200, 0)], [(0, 1), (1, 2)], length=100.0, width=2.0, capacity=0.2
    )
    scenario = scene(network, [(0, 5, 5.0)], [(2, 5)], deadline=600.0)
    movements = Movements(
        group=[0], shelter=[0], size=[2], depart=[10.0], arrive=[210.0], leg_ptr=[0, 2],
        leg_link=[0, 2], leg_enter=[10.0, 110.0], leg_leave=[110.0, 210.0],
        left_group=[0], left_size=[3], left_reason=[6],
    )  # fmt: skip
    plan = Plan(scenario, movements, "by hand", 10.0)
    value = 5 * (205 + min(price, 10.0)) - 2 * price
    prices = prices_for(
        plan, [(0, 1, price)], arc_ptr=[0, 2, 4], arc_link=[0, 2, 3, 1],
        arc_slots=[[20, 20]], arc_gate=[-1, -1], penalty=[300.0], value=value,
    )  # fmt: skip
    return replace(plan, prices=prices, bound=value - 3 * (300.0 + 5.0), roster=None)


@cache
def bridge_plan() -> Plan:
    """Sixty people, some inside a street, over a narrow bridge or round by steps; three cannot.

    Of the two classes one uses no steps; its time counts double. Made by `over_time`.
    """
    network = from_edges(
        [(0, 0), (60, 0), (120, 0), (180, 0), (90, 80), (900, 0), (960, 0)],
        [(0, 1), (1, 2), (2, 3), (0, 4), (4, 3), (5, 6)],
        length=60.0,
        width=2.0,
        capacity=0.3,
        steps={4: 20},
    )
    crowd = [
        (0, 30, 4.0), (1, 10, 12.0), (0, 15, 0.0, 1), (1, 5, 0.0, 1), (5, 3, 0.0)
    ]  # fmt: skip
    scenario = scene(
        network, crowd, [(3, 50, 18), (2, 20, 5)], classes=[(1.2, 0.6), (0.8, 0.0)], deadline=1800.0
    )
    return er.assign(scenario, "over_time", gap=0.02, time_limit=10.0, weights={"c1": 2.0})
