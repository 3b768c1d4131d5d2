"""A city and a street with two bridges to plan for, and a check of plans that go on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from networks import from_edges, grid
from scenes import scene

import evacroute as er
from evacroute.plan import Plan
from evacroute.replan_result import Replan
from evacroute.scenario import Scenario


def two_bridges(groups: Sequence[Sequence[Any]] = ((0, 40),), room: int = 60) -> Scenario:
    """N0 - N1, then over bridge L1 or, farther, L2 and L3 by N4, to N2 with S0 and N3 with S1."""
    network = from_edges(
        [(0, 0), (100, 0), (200, 0), (300, 0), (150, 100)],
        [(0, 1), (1, 2), (1, 4), (4, 2), (2, 3)],
        length=[100.0, 100.0, 150.0, 150.0, 100.0],
        capacity=1.0,
    )
    name = network.name.copy()
    name[2:4] = "Ponte Uno"
    return scene(replace(network, name=name), groups, [(2, room), (3, 100)])


def city(people: int = 4, seed: int = 3) -> Scenario:
    """A small city where streets are narrow; two of its three shelters would do."""
    network = grid(6, 6, spacing=60.0, seed=seed, steps_share=0.2)
    groups = [
        (node, people, 20.0 * (node % 5), int(node % 3 == 0), node % 7 == 3)
        for node in range(network.n_nodes)
    ]
    total = people * network.n_nodes
    shelters = [(0, 3 * total // 4), (35, 3 * total // 4), (20, total // 3)]
    classes = [(1.3, 0.7), (0.9, 0.0)]
    return scene(network, groups, shelters, classes=classes, deadline=5400.0)


def priced(scenario: Scenario, **settings: Any) -> Plan:
    return er.assign(scenario, "over_time", **{"gap": 0.02, "time_limit": 30, **settings})


def checked(new: Replan) -> Replan:
    """Check every rule, and the bound by another way of computing it."""
    check = er.verify(new.plan, bound=new.plan.bound is not None)
    assert check.ok, str(check)
    return new
