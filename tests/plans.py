"""A small plan made by hand that keeps every rule, most of them with nothing to spare."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from networks import from_edges

from evacroute.assignment.movements import Movements
from evacroute.network import Network
from evacroute.people import Classes, Groups, People
from evacroute.plan import Plan
from evacroute.roster import NO_REASON, SET_ASIDE, Roster
from evacroute.scenario import Scenario
from evacroute.shelters import Shelters


def ids(*names: str) -> np.ndarray:
    return np.array(names, dtype=object)


def small_network() -> Network:
    """N0 - N1 - (steps) - N2, and N1 - N3 - N2 without steps; N4 is an island."""
    network = from_edges(
        [(0, 0), (100, 0), (200, 0), (150, -87), (900, 0)],
        [(0, 1), (1, 2), (1, 3), (3, 2)],
        length=100.0,
        width=2.0,
        capacity=0.2,
        steps={1: 20},
    )
    name = network.name.copy()
    name[2:4] = 'Ponte "del Fumo", alto'
    elevation = network.elevation.copy()
    elevation[0] = 1.1
    return replace(network, name=name, elevation=elevation)


def small_scenario() -> Scenario:
    """Two walkers and one, a household of two, one wheelchair user, one on the island."""
    network = small_network()
    shelters = Shelters(
        shelter_id=ids("S0", "S1"),
        name=ids("Campo, grande", ""),
        node=np.array([2, 0]),
        lon=network.lon[[2, 0]],
        lat=network.lat[[2, 0]],
        capacity=np.array([5, 4]),
        step_free_capacity=np.array([1, 0]),
        intake_rate=np.array([0.2, np.inf]),
        kind=ids("square", ""),
    )
    classes = Classes(
        class_id=ids("walker", "wheelchair"),
        speed_flat=np.array([1.0, 1.0]),
        speed_steps=np.array([0.5, 0.0]),
        min_width=np.array([0.5, 0.8]),
    )
    groups = Groups(
        group_id=ids("pair", "007", "wheels", "NA"),
        node=np.array([0, 0, 3, 4]),
        class_=np.array([0, 0, 1, 0]),
        ready_time=np.array([0.0, 5.5, 0.0, 0.0]),
        size=np.array([3, 2, 1, 1]),
        together=np.array([False, True, False, False]),
    )
    return Scenario(network, groups, shelters, classes=classes, deadline=400.0)


def small_movements() -> Movements:
    """Two of the pair cross the bridge, one stays; the household waits on it; wheels go round."""
    return Movements(
        group=np.array([0, 0, 1, 2]),
        shelter=np.array([0, 1, 0, 0]),
        size=np.array([2, 1, 2, 1]),
        depart=np.array([0.0, 0.0, 10.0, 0.0]),
        arrive=np.array([300.0, 0.0, 320.0, 100.0]),
        leg_ptr=np.array([0, 2, 2, 4, 5]),
        leg_link=np.array([0, 2, 0, 2, 6]),
        leg_enter=np.array([0.0, 100.0, 10.0, 120.0, 0.0]),
        leg_leave=np.array([100.0, 300.0, 110.0, 320.0, 100.0]),
        left_group=np.array([3]),
        left_size=np.array([1]),
        left_reason=np.array([0]),
    )


def no_movements() -> Movements:
    """Everyone of the small scenario is left."""
    none = np.zeros(0)
    everyone = {"left_group": [0, 1, 2, 3], "left_size": [3, 2, 1, 1], "left_reason": [4] * 4}
    return Movements(
        **dict.fromkeys(("group", "shelter", "size", "depart", "arrive"), none),
        leg_ptr=np.zeros(1),
        **dict.fromkeys(("leg_link", "leg_enter", "leg_leave"), none),
        **{name: np.array(values) for name, values in everyone.items()},
    )


def small_plan(**changes: Any) -> Plan:
    fields: dict[str, Any] = {
        "scenario": small_scenario(),
        "movements": small_movements(),
        "method": "by hand",
        "step_s": 10.0,
        "seconds": {"load": 1.0, "assign": 2.0},
        "settings": {"rounds": 4, "window": (1.5, None), "share": np.float64(0.25)},
        "bound": 1200.0,
        "seed": 3,
    }
    return Plan(**fields | changes)


def small_roster() -> Roster:
    """The persons of the small plan, and one whom the loader set aside."""
    return Roster(
        person_id=ids("p0", "p1", "p2", "p3", "p4", "p5", "p6", "p7"),
        household_id=ids("h0", "h1", "h2", "h3", "h3", "h5", "h6", "h7"),
        group=np.array([0, 0, 0, 1, 1, 2, 3, -1]),
        movement=np.array([0, 0, 1, 2, 2, 3, -1, -1]),
        reason=np.array([NO_REASON] * 6 + [0, SET_ASIDE]),
    )


def small_plan_of_persons() -> Plan:
    return small_plan(roster=small_roster())


def empty_plan() -> Plan:
    return small_plan(movements=no_movements(), bound=None)


def people_at(network: Network, node: list[int], household: list[str]) -> People:
    """Grown-ups without an aid who stand at nodes (-1 = set aside)."""
    n = len(node)
    at = np.maximum(node, 0)
    nothing = np.zeros(n)
    return People(
        person_id=ids(*(f"p{i}" for i in range(n))),
        household_id=ids(*household),
        lon=network.lon[at],
        lat=network.lat[at],
        age=np.full(n, 30.0),
        sex=ids(*[""] * n),
        mobility=ids(*["none"] * n),
        ready_time=nothing,
        helpers=nothing,
        speed_flat=np.full(n, 1.3),
        speed_up=np.full(n, 0.6),
        speed_down=np.full(n, 0.7),
        min_width=nothing,
        depth_limit=np.full(n, 0.5),
        link=np.where(np.array(node) < 0, -1, 0),
        along=nothing,
        node=np.array(node),
        offset=nothing,
        distance=nothing,
    )
