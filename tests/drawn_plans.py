"""A small plan to draw: a grid of streets with odd names, two shelters, all that can show."""

from __future__ import annotations

import dataclasses
import itertools

import networkx as nx
import numpy as np
import pandas as pd
from networks import degrees, grid
from priced import prices_for

from evacroute.assignment.movements import REASONS, Movements
from evacroute.hazards import Closures
from evacroute.load.people import read_people
from evacroute.network import Network
from evacroute.people import Classes, Groups
from evacroute.plan import Plan
from evacroute.reports import LoadReport
from evacroute.roster import NO_REASON, Roster
from evacroute.scenario import Scenario
from evacroute.shelters import Shelters

NASTY = '</script><script>window.broken = 1</script><b>Calle & "d\'Oro"</b>'
"""A street's name that must be shown, never run."""

STEP = 10.0


def grid_network(*, synthetic: bool = False) -> Network:
    """Five by five corners, every third width assumed, one street with a nasty name."""
    network = grid(5, 5, steps_share=0.0)
    names = np.array([f"Calle {i // 2 % 9}" for i in range(network.n_links)], dtype=object)
    names[:2] = NASTY
    names[2:4] = ""
    report = LoadReport("grid", notes=["SYNTHETIC: drawn by a test"] if synthetic else [])
    assumed = np.arange(network.n_links) // 2 % 3 == 0
    return dataclasses.replace(
        network, name=names, width_assumed=assumed, capacity_assumed=assumed, report=report
    )


def make_plan(
    sizes: tuple[int, ...] = (3, 1, 4, 2, 5, 1), *, synthetic: bool = False, persons: bool = True
) -> Plan:
    """Groups of these sizes walk the shortest way to the nearer of two shelters.

    Group 0 walks in two parts, the last group is left, and the one before starts at a shelter.
    """
    network = grid_network(synthetic=synthetic)
    doors = np.array([0, 24], dtype=np.int32)
    n = len(sizes)
    node = (np.arange(n, dtype=np.int32) * 7 + 3) % 25
    node[-2] = doors[0]
    groups = Groups(
        group_id=np.array([f"G{i}" for i in range(n)], dtype=object),
        node=node,
        class_=np.arange(n, dtype=np.int32) % 2,
        ready_time=np.arange(n) % 20 * 30.0,
        size=np.array(sizes, dtype=np.int32),
        together=np.zeros(n, dtype=bool),
    )
    classes = Classes(
        class_id=np.array(["brisk", "step-free"], dtype=object),
        speed_flat=np.array([1.3, 0.8]),
        speed_steps=np.array([0.9, 0.0]),
        min_width=np.zeros(2),
    )
    shelters = _shelters(network, doors, sum(sizes))
    scenario = Scenario(network, groups, shelters, classes=classes, deadline="30 min")
    movements = _walk(network, groups, doors)
    return Plan(
        scenario=scenario,
        movements=movements,
        method="by hand",
        step_s=STEP,
        roster=_roster(movements) if persons else None,
    )


def make_priced_plan() -> Plan:
    """The plan with prices: the first street one way 90 s in minute 1, back 7 s in 2; a shelter."""
    plan = make_plan()
    links = [(0, 6, 30.0), (0, 7, 90.0), (1, 12, 7.0), (4, 6, 2.5)]
    prices = prices_for(plan, links, room=[65.0, 0.0], step_free_room=[0.0, 30.0])
    return dataclasses.replace(plan, prices=prices)


def make_hazard_plan() -> Plan:
    """The plan with closures.

    L1 is shut from minute 1 to 2.5, L2 closed to those who use no steps from minute 3 on, L3 shut
    one way from minute 4 on, L4 slow all the time.
    """
    plan = make_plan()
    rows = [
        {"link_id": "L1", "from": 60, "to": 150},
        {"link_id": "L2", "from": 180, "class_id": "step-free"},
        {"link_id": "L3-r", "from": 240, "both_directions": 0},
        {"link_id": "L4", "speed_factor": 0.5},
    ]
    scenario = dataclasses.replace(plan.scenario, hazard=Closures(rows))
    return dataclasses.replace(plan, scenario=scenario)


def make_plan_of_people() -> Plan:
    """Eight persons beside the streets, and P8 half a kilometre out at sea."""
    network = grid_network()
    lon, lat = degrees(np.array([*range(30, 230, 25), 500.0]), np.array([*range(65, 225, 20), 700]))
    people = read_people(pd.DataFrame({"lon": lon, "lat": lat}), network)
    doors = np.array([0, 24], dtype=np.int32)
    scenario = Scenario(network, people, _shelters(network, doors, 20), deadline="30 min")
    movements = _walk(network, scenario.groups, doors)
    return Plan(scenario=scenario, movements=movements, method="by hand", step_s=STEP)


def _shelters(network: Network, doors: np.ndarray, room: int) -> Shelters:
    return Shelters(
        shelter_id=np.array(["S0", "S1"], dtype=object),
        name=np.array(["Campo Uno", ""], dtype=object),
        node=doors,
        lon=network.lon[doors],
        lat=network.lat[doors],
        capacity=np.array([room, 3 * room]),
        step_free_capacity=np.array([room, 0]),
        intake_rate=np.array([2.0, np.inf]),
        kind=np.array(["square", ""], dtype=object),
    )


def _walk(network: Network, groups: Groups, doors: np.ndarray) -> Movements:
    graph = nx.DiGraph()
    ends = zip(network.from_node.tolist(), network.to_node.tolist(), strict=True)
    for link, (a, b) in enumerate(ends):
        graph.add_edge(a, b, link=link, length=network.length[link])
    parts = [(g, int(groups.size[g])) for g in range(len(groups) - 1)]
    if parts[0][1] > 1:
        parts = [(0, 1), *parts[1:], (0, parts[0][1] - 1)]
    columns: dict[str, list[float]] = {name: [] for name in Movements.__dataclass_fields__}
    columns["leg_ptr"].append(0)
    for i, (group, size) in enumerate(parts):
        start = int(groups.node[group])
        ways = [nx.shortest_path(graph, start, int(d), weight="length") for d in doors]
        shelter = int(np.argmin([nx.path_weight(graph, way, "length") for way in ways]))
        depart = time = float(groups.ready_time[group]) + STEP * (i % 3)
        for j, (a, b) in enumerate(itertools.pairwise(ways[shelter])):
            enter = time + STEP * ((i + j) % 4 == 3)
            time = enter + STEP * (3 + (a + b) % 4)
            columns["leg_link"].append(graph.edges[a, b]["link"])
            columns["leg_enter"].append(enter)
            columns["leg_leave"].append(time)
        columns["leg_ptr"].append(len(columns["leg_link"]))
        values = {"group": group, "shelter": shelter, "size": size, "depart": depart}
        for name, value in {**values, "arrive": time + STEP * (i % 2)}.items():
            columns[name].append(value)
    columns["left_group"].append(len(groups) - 1)
    columns["left_size"].append(int(groups.size[-1]))
    columns["left_reason"].append(REASONS.index("no step-free way to any shelter"))
    return Movements(**{name: np.array(values) for name, values in columns.items()})


def _roster(movements: Movements) -> Roster:
    movement = np.repeat(np.arange(len(movements)), movements.size)
    left = np.repeat(movements.left_group, movements.left_size)
    group = np.concatenate([movements.group[movement], left])
    reason = np.full(len(group), NO_REASON)
    reason[len(movement) :] = movements.left_reason[0]
    return Roster(
        person_id=np.array([f"P{i:03d}" for i in range(len(group))], dtype=object),
        household_id=np.array([f"H{g}" for g in group], dtype=object),
        group=group,
        movement=np.concatenate([movement, np.full(len(left), -1)]),
        reason=reason,
    )
