"""Slow, obvious twins of the assigner, sharing no code with it.

They know only instances on the grid: every link takes a whole number of steps, at least one, for
every class that may walk it. Then nothing is rounded and the network expanded over time is exact.
"""

from __future__ import annotations

import heapq
import math
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import networkx as nx
import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import coo_matrix

import evacroute as er
from evacroute.network import KINDS

NO_LIMIT = 10**6

PARTS = 64
"""Street space is counted in whole 64ths of a person, where some take more than one."""


@dataclass(frozen=True)
class Grid:
    """A scenario in whole slots, as plain lists and dictionaries."""

    n_slots: int
    links: list[tuple[int, int]]
    slots: list[dict[int, int]]
    """Slots to walk each link by class; classes that may not are missing."""
    limit: list[float]
    """Persons' space that may enter each link in a slot."""
    every: list[int]
    """Slots from one entry to the next: 1 but for links of less than one person a slot."""
    doors: list[tuple[int, int, int]]
    """Node, room and step-free room of each shelter."""
    admits: list[list[int]]
    space: list[float]
    """Persons' space that a person of each class takes."""
    step_free: list[bool]
    groups: list[tuple[int, int, int, int, bool]]
    """Node, class, ready slot, size, together."""


def per_slot(rate: float, step: float) -> tuple[int, int]:
    """Whole persons let in in a slot, and the slots from one entry to the next.

    With n in a window of at least a step, n <= rate x (window + step) must hold: one person alone
    needs half a person a slot.
    """
    persons = rate * step
    if math.isinf(persons):
        return NO_LIMIT, 1
    whole = math.floor(persons + 1e-9)
    if whole > 0 or persons < 0.5:
        return whole, 1
    return 1, math.ceil(2 / persons - 1 - 1e-9)


def space_per_slot(rate: float, step: float, widest: float, parts: int) -> tuple[float, int]:
    """Persons' space let in in a slot, in whole parts of a person, and the slots between entries.

    A link that cannot let in the widest in every slot lets in as much as theirs every few slots.
    """
    persons = rate * step
    if math.isinf(persons):
        return NO_LIMIT, 1
    whole = math.floor(persons * parts + 1e-9) / parts
    if whole >= widest:
        return whole, 1
    if 2 * persons < widest:
        return 0, 1
    return widest, math.ceil(2 * widest / persons - 1 - 1e-9)


def door_slots(rate: float, step: float, n: int) -> list[int]:
    """Persons that a door admits in each slot; thin ones have their fixed slots."""
    whole, every = per_slot(rate, step)
    return [whole * (t % every == 0) for t in range(n)]


def lay_out(scenario: er.Scenario, step: float) -> Grid:
    """Put a scenario on the grid, or raise where a link does not take whole slots."""
    network, classes, groups = scenario.network, scenario.group_classes, scenario.groups
    shelters = scenario.shelters
    n = math.floor(scenario.deadline_s / step + 1e-9)
    parts = 1 if (classes.space == 1).all() else PARTS
    space = [math.ceil(s * parts - 1e-9) / parts for s in classes.space.tolist()]
    there = set(groups.class_.tolist())
    slots: list[dict[int, int]] = []
    limits: list[tuple[float, int]] = []
    for i in range(network.n_links):
        took: dict[int, int] = {}
        for k in range(len(classes)):
            steps_free = classes.speed_steps[k] == 0
            speed = classes.speed_steps[k] if network.steps[i] else classes.speed_flat[k]
            narrow = network.width[i] < classes.min_width[k]
            barred = steps_free and network.wheelchair[i] == -1
            ferry = KINDS[network.kind[i]] == "ferry"
            wide = 2 * network.capacity[i] * step < space[k]
            if speed == 0 or narrow or barred or ferry or wide:
                continue
            exact = network.length[i] / speed / step
            if abs(exact - round(exact)) > 1e-6 or round(exact) < 1:
                raise ValueError(f"link {network.link_id[i]} takes {exact} slots")
            took[k] = round(exact)
        slots.append(took)
        widest = max((space[k] for k in took if k in there), default=1.0)
        limits.append(space_per_slot(float(network.capacity[i]), step, widest, parts))
    return Grid(
        n_slots=n,
        links=list(zip(network.from_node.tolist(), network.to_node.tolist(), strict=True)),
        slots=slots,
        limit=[limit for limit, _ in limits],
        every=[every for _, every in limits],
        doors=list(
            zip(
                shelters.node.tolist(),
                shelters.capacity.tolist(),
                shelters.step_free_capacity.tolist(),
                strict=True,
            )
        ),
        admits=[door_slots(r, step, n + 1) for r in shelters.intake_rate.tolist()],
        space=space,
        step_free=[bool(speed == 0) for speed in classes.speed_steps],
        groups=list(
            zip(
                groups.node.tolist(),
                groups.class_.tolist(),
                [math.ceil(round(t / step, 9)) for t in groups.ready_time.tolist()],
                groups.size.tolist(),
                groups.together.tolist(),
                strict=True,
            )
        ),
    )


@dataclass(frozen=True)
class Best:
    """Most persons any plan can place, and the least cost of placing so many [person-seconds]."""

    most: int
    cost: float


def best(scenario: er.Scenario, step: float, *, whole: bool = True) -> Best:
    """Solve the network expanded over time by HiGHS: classes share links, households stay whole.

    People may wait at every node. Variables are the persons of each commodity (a class, or a
    household) on each link in each slot, waiting at each node and admitted to each shelter.

    Parameters
    ----------
    scenario
        On the grid.
    step
        Slot [s].
    whole
        Whether persons and households are kept whole; without, the answer is an upper bound.
    """
    grid = lay_out(scenario, step)
    slots = range(grid.n_slots + 1)
    members: dict[Any, list[int]] = defaultdict(list)
    for g, (_, k, _, _, together) in enumerate(grid.groups):
        members[("household", g) if together else ("class", k)].append(g)

    # Columns of the program, and where each appears: row name -> [(column, factor)].
    rows: dict[Any, list[tuple[int, float]]] = defaultdict(list)
    upper: dict[Any, float] = {}
    reward: list[float] = []
    most_each: list[float] = []
    admitted: list[int] = []

    def column(gain: float, most: float, *places: tuple[Any, float]) -> None:
        for row, factor in places:
            rows[row].append((len(reward), factor))
        reward.append(gain)
        most_each.append(most)

    people = sum(size for *_, size, _ in grid.groups)
    # One person more is worth any delay of all.
    worth = people * grid.n_slots + 1
    for name, groups in members.items():
        k = grid.groups[groups[0]][1]
        for i, (a, b) in enumerate(grid.links):
            took, limit = grid.slots[i].get(k, NO_LIMIT), grid.limit[i]
            each = grid.space[k]
            for t in slots:
                if limit and t + took <= grid.n_slots:
                    # Of so many slots in a row people enter in one.
                    spans = [("link", i, begin) for begin in range(t - grid.every[i] + 1, t + 1)]
                    upper.update(dict.fromkeys(spans, limit))
                    leave, come = ("at", name, a, t), ("at", name, b, t + took)
                    upto = math.floor(limit / each)
                    column(0, upto, *((row, each) for row in spans), (leave, -1), (come, 1))
        for v in range(scenario.network.n_nodes):
            for t in slots[:-1]:
                column(0, people, (("at", name, v, t), -1), (("at", name, v, t + 1), 1))
        household = grid.groups[groups[0]][4]
        for s, (node, room, free_room) in enumerate(grid.doors):
            places = [("room", s)] + [("free", s)] * grid.step_free[k]
            places += [("in", name, s)] * household
            upper[("room", s)], upper[("free", s)] = room, free_room
            for t in slots:
                if grid.admits[s][t]:
                    upper[("door", s, t)] = grid.admits[s][t]
                    more = [(row, 1) for row in [*places, ("door", s, t)]]
                    admitted.append(len(reward))
                    column(worth - t, people, (("at", name, node, t), -1), *more)
            if household:
                # All of them in this shelter, or nobody.
                size = grid.groups[groups[0]][3]
                column(0, 1, (("in", name, s), -size), (("one", name), 1))
                upper[("one", name)] = 1
        for g in groups:
            node, _, ready, size, _ = grid.groups[g]
            if ready <= grid.n_slots:
                column(ready, size, (("at", name, node, ready), 1))
    names = list(rows)
    entries = [(i, j, f) for i, row in enumerate(names) for j, f in rows[row]]
    i, j, f = zip(*entries, strict=True)
    matrix = coo_matrix((f, (i, j)), shape=(len(names), len(reward))).tocsr()
    balanced = np.array([row[0] in ("at", "in") for row in names])
    high = np.array([upper.get(row, np.inf) for row in names])
    high[balanced] = 0
    solved = milp(
        -np.array(reward, dtype=float),
        constraints=LinearConstraint(matrix, np.where(balanced, 0, -np.inf), high),
        bounds=Bounds(0, np.array(most_each, dtype=float)),
        integrality=np.full(len(reward), int(whole)),
        options={"mip_rel_gap": 0.0},
    )
    if solved.status != 0:
        raise RuntimeError(solved.message)
    persons = float(solved.x[admitted].sum())
    if whole:
        persons = round(persons)
    return Best(math.floor(persons + 1e-6), (persons * worth + solved.fun) * step)


def most_by_networkx(scenario: er.Scenario, step: float) -> int:
    """Most persons of one class who can be placed, by the maximum flow of networkx."""
    grid = lay_out(scenario, step)
    graph = nx.DiGraph()
    graph.add_nodes_from(["all", "safe"])

    def more(a: Any, b: Any, persons: int) -> None:
        old = graph.get_edge_data(a, b, {"capacity": 0})["capacity"]
        graph.add_edge(a, b, capacity=old + persons)

    if max(grid.every) > 1:
        raise ValueError("a flow cannot tell the slots between entries of a thin link")
    for (a, b), took, limit in zip(grid.links, grid.slots, grid.limit, strict=True):
        for t in range(grid.n_slots + 1):
            if 0 in took and t + took[0] <= grid.n_slots:
                more((a, t), (b, t + took[0]), math.floor(limit / grid.space[0]))
    for v in range(scenario.network.n_nodes):
        for t in range(grid.n_slots):
            more((v, t), (v, t + 1), NO_LIMIT)
    for s, (node, room, free_room) in enumerate(grid.doors):
        for t in range(grid.n_slots + 1):
            more((node, t), ("door", s), grid.admits[s][t])
        more(("door", s), "safe", min(room, free_room) if grid.step_free[0] else room)
    for node, _, ready, size, _ in grid.groups:
        if ready <= grid.n_slots:
            more("all", (node, ready), size)
    return int(nx.maximum_flow_value(graph, "all", "safe"))


def earliest(
    scenario: er.Scenario,
    step: float,
    group: int,
    taken: dict[tuple[Any, int, int], float] | None = None,
) -> int | None:
    """Slot in which one more person of a group can be admitted somewhere, None if never in time.

    Dijkstra over (slot, node, how they came): at a node inside a chain, where exactly two streets
    meet and no shelter is, nobody stops or turns round but whoever starts there.

    Parameters
    ----------
    scenario
        On the grid.
    step
        Slot [s].
    group
        Who.
    taken
        Persons' space by ("link", link, slot); persons by ("door", shelter, slot),
        ("room", shelter, 0) and ("free", shelter, 0), as `bookings` gives them.
    """
    grid = lay_out(scenario, step)
    taken = taken or {}
    start, k, ready, _, _ = grid.groups[group]
    inside = inside_chains(scenario, grid)
    out = defaultdict(list)
    for i, (a, b) in enumerate(grid.links):
        if k in grid.slots[i]:
            out[a].append((i, b, grid.slots[i][k]))
    queue: list[tuple[int, int, int]] = [(ready, start, -1)]
    seen, admitted = set(), []
    while queue:
        t, v, came = heapq.heappop(queue)
        if (t, v, came) in seen or t > grid.n_slots:
            continue
        seen.add((t, v, came))
        for s, (node, room, free_room) in enumerate(grid.doors):
            full = taken.get(("room", s, 0), 0) >= room
            full |= grid.step_free[k] and taken.get(("free", s, 0), 0) >= free_room
            if node == v and not full and taken.get(("door", s, t), 0) < grid.admits[s][t]:
                admitted.append(t)
        through = v in inside and came >= 0
        for link, b, took in out[v]:
            if through and b == grid.links[came][0]:
                continue
            near = range(t - grid.every[link] + 1, t + grid.every[link])
            entered = sum(taken.get(("link", link, slot), 0) for slot in near)
            if entered + grid.space[k] <= grid.limit[link]:
                heapq.heappush(queue, (t + took, b, link if b in inside else 0))
        if not through:
            heapq.heappush(queue, (t + 1, v, came))
    return min(admitted, default=None)


def inside_chains(scenario: er.Scenario, grid: Grid) -> set[int]:
    """Nodes with exactly two neighbours, joined to each by one link each way, and no shelter."""
    out, into = defaultdict(list), defaultdict(list)
    for (a, b), took, limit in zip(grid.links, grid.slots, grid.limit, strict=True):
        if took and limit:
            out[a].append(b)
            into[b].append(a)
    at_doors = {node for node, _, _ in grid.doors}
    return {
        v
        for v in range(scenario.network.n_nodes)
        if v not in at_doors
        and len(out[v]) == len(set(out[v])) == 2
        and sorted(out[v]) == sorted(into[v])
        and v not in out[v]
    }


def bookings(plan: er.Plan, movements: Iterable[int]) -> dict[tuple[Any, int, int], float]:
    """What some movements of a plan take, in the words of `earliest`."""
    moves, step = plan.movements, plan.step_s
    step_free = plan.scenario.group_classes.step_free[plan.scenario.groups.class_[moves.group]]
    taken: dict[tuple[Any, int, int], float] = defaultdict(int)
    space = plan.scenario.group_classes.space[plan.scenario.groups.class_[moves.group]]
    for m in movements:
        size, shelter = int(moves.size[m]), int(moves.shelter[m])
        for leg in range(moves.leg_ptr[m], moves.leg_ptr[m + 1]):
            link, slot = int(moves.leg_link[leg]), round(moves.leg_enter[leg] / step)
            taken["link", link, slot] += size * float(space[m])
        taken["door", shelter, round(moves.arrive[m] / step)] += size
        taken["room", shelter, 0] += size
        taken["free", shelter, 0] += size * int(step_free[m])
    return taken


def check_feasible(plan: er.Plan) -> None:
    """Fail unless the plan keeps every rule, by `verify` and by counting the main ones again."""
    verification = er.verify(plan)
    assert verification.ok, str(verification)
    moves, scenario, step = plan.movements, plan.scenario, plan.step_s
    network, groups, shelters = scenario.network, scenario.groups, scenario.shelters
    passed = defaultdict(list)
    for (what, place, slot), persons in bookings(plan, range(len(moves))).items():
        match what:
            case "room":
                assert persons <= shelters.capacity[place], f"shelter {place}: {persons}"
            case "free":
                assert persons <= shelters.step_free_capacity[place], f"shelter {place}: {persons}"
            case _:
                passed[what, place].append((slot, persons))
    for (what, place), events in passed.items():
        rate = (network.capacity if what == "link" else shelters.intake_rate)[place]
        for begin, _ in events:
            for end, _ in events:
                inside = sum(persons for slot, persons in events if begin <= slot <= end)
                window = max(end - begin, 1)
                assert inside <= rate * (window + 1) * step + 1e-6, f"{what} {place}: {inside}"
    seen = [0] * len(groups)
    for group, size in zip(moves.group.tolist(), moves.size.tolist(), strict=True):
        seen[group] += size
    for group, size in zip(moves.left_group.tolist(), moves.left_size.tolist(), strict=True):
        seen[group] += size
    assert seen == groups.size.tolist(), "people are lost or made"
    assert (moves.arrive <= scenario.deadline_s + 1e-6).all(), "someone arrives late"
