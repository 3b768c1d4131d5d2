"""Whatever happens while a plan is followed, its continuation keeps every rule."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from conftest import drawn
from drawn_scenes import scenes
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from naive import best
from networks import from_edges
from scenes import crowd, scene

import evacroute as er
from evacroute._kernels.graph import FAR
from evacroute.assignment import build_problem
from evacroute.assignment.chains import arc_totals
from evacroute.scenario import Scenario
from evacroute.verification.evidence import from_plan
from evacroute.verification.ways import crossings


@settings(
    max_examples=drawn(60),
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(
    scenario=scenes(),
    method=st.sampled_from(["over_time", "over_time", "shelter_flow", "nearest"]),
    share=st.floats(0.0, 0.95),
    data=st.data(),
)
def test_replans_keep_every_rule(
    scenario: Scenario, method: str, share: float, data: st.DataObject
) -> None:
    """Closures, people who join or are elsewhere: nobody is lost, no rule and no closure broken."""
    settings_ = {"gap": 0.02, "time_limit": 20} if method == "over_time" else {}
    plan = er.assign(scenario, method, **settings_)
    step, deadline = plan.step_s, scenario.deadline_s
    now = min(share * float(plan.movements.arrive.max(initial=60.0)), deadline - 2 * step)
    network, moves = scenario.network, plan.movements
    links = data.draw(st.lists(st.integers(0, network.n_links - 1), max_size=4, unique=True))
    doors = data.draw(st.lists(st.integers(0, len(scenario.shelters) - 1), max_size=1))
    closures = {
        "links": network.link_id[links].tolist(),
        "shelters": scenario.shelters.shelter_id[doors].tolist(),
    }
    joined = None
    if data.draw(st.booleans()):
        row = (data.draw(st.integers(0, network.n_nodes - 1)), 3, 0.0, 1, True)
        joined = replace(crowd(row), group_id=np.array(["new"], dtype=object))
    going = np.flatnonzero(moves.arrive > np.ceil(now / step - 1e-9) * step)
    positions = {}
    if len(going) and data.draw(st.booleans()):
        x = int(going[data.draw(st.integers(0, len(going) - 1))])
        positions[x] = str(network.node_id[data.draw(st.integers(0, network.n_nodes - 1))])

    new = er.replan(
        plan, now=now, closures=closures, joined=joined, positions=positions, time_limit=10
    )
    check = er.verify(new.plan, bound=new.plan.bound is not None)
    assert check.ok, str(check)
    after = new.plan.movements
    assert not np.isin(after.leg_link, links).any()
    assert not np.isin(after.shelter, doors).any()
    assert (after.leg_enter >= new.now_s).all()
    more = 0 if joined is None else 3
    assert new.safe == moves.size[moves.arrive <= new.now_s].sum()
    assert new.safe + new.plan.placed + new.plan.left == plan.placed + plan.left + more
    if method != "nearest" and not links and not doors and joined is None and not positions:
        assert not len(new.moved) or set(new.moved["from"]) == {""}


@settings(max_examples=drawn(25), suppress_health_check=[HealthCheck.too_slow])
@given(scenario=scenes(), share=st.floats(0.0, 1.0))
def test_without_news_nothing_changes(scenario: Scenario, share: float) -> None:
    """Where nothing has happened the plan goes on as it is, and costs what was left of it."""
    plan = er.assign(scenario, "over_time", gap=0.0, time_limit=20)
    now = min(
        share * float(plan.movements.arrive.max(initial=60.0)),
        scenario.deadline_s - 2 * plan.step_s,
    )
    new = er.replan(plan, now=now, gap=1e9)
    before, after = plan.movements, new.plan.movements
    if new.plan.left < plan.left:
        # People whom the plan has left found a place by now, and others made room for them.
        return
    going = before.arrive > new.now_s
    assert new.kept == before.size[going].sum()
    assert not len(new.moved)
    arrive = np.sort(np.repeat(before.arrive[going], before.size[going]))
    assert np.sort(np.repeat(after.arrive, after.size)).tolist() == arrive.tolist()


@settings(max_examples=drawn(60), suppress_health_check=[HealthCheck.too_slow])
@given(scenario=scenes(), data=st.data())
def test_stretches_are_the_same_to_plan_and_verifier(
    scenario: Scenario, data: st.DataObject
) -> None:
    """Where a grid ends an arc that people can walk on from, the verifier ends a stretch, also once
    streets are closed; an arc is less than a step off. So no stretch is more than a step off."""
    problem, network = build_problem(scenario, 10.0), scenario.network
    graph = problem.graph
    true = arc_totals(graph.link_time, graph.seq_ptr, graph.seq_link)
    open_ = graph.arc_time < FAR
    assert (np.abs(graph.arc_time - true)[open_] < 1.0).all()
    links = data.draw(st.lists(st.integers(0, network.n_links - 1), max_size=4, unique=True))
    capacity = network.capacity.copy()
    capacity[links] = 0.0
    closed = Scenario(
        replace(network, capacity=capacity), scenario.groups, scenario.shelters,
        classes=scenario.group_classes, deadline=scenario.deadline_s,
    )  # fmt: skip
    stretch_ends = crossings(from_plan(er.assign(closed, "nearest")))
    # A node beside a link that lets nobody in is no way through.
    shut = np.zeros(network.n_nodes, bool)
    for end in (network.from_node, network.to_node):
        shut[end[problem.link_slot == 0]] = True
    arc_ends = graph.node_head[: len(stretch_ends)] >= 0
    assert not (arc_ends & ~shut[: len(stretch_ends)] & ~stretch_ends).any()


def two_islands(seed: int) -> Scenario:
    """Two lattices of narrow streets, joined by one bridge; the first has half the places."""
    rng = np.random.default_rng(seed)
    columns, rows, people = 3, 3, 3
    n = columns * rows
    points, edges = [], []
    for first in (0, n):
        for i in range(n):
            r, c = divmod(i, columns)
            points.append((30.0 * (c + columns * (first > 0)), 30.0 * r))
            edges += [(first + i, first + i + 1)] if c + 1 < columns else []
            edges += [(first + i, first + i + columns)] if r + 1 < rows else []
    edges.append((n - 1, n))
    capacity = [*rng.choice([0.1, 0.2, 0.3, 0.5], len(edges) - 1), 0.5]
    network = from_edges(points, edges, length=30.0, capacity=capacity)
    network = replace(network, length=np.full(network.n_links, 30.0))
    crowd_ = [(i, people, 10.0 * int(rng.integers(4))) for i in range(2 * n)]
    doors = [
        (int(rng.integers(n)) + n * (i > 1), room)
        for i, room in enumerate((people * n // 4, people * n // 4, people * n, 2 * people * n))
    ]
    return scene(network, crowd_, doors, classes=[(1.0, 1.0)], deadline=1200.0)


def test_a_cut_off_island_against_the_exact_answer() -> None:
    """When the only bridge closes at once, as many are placed as the exact solver places, and the
    least cost of that lies between bound and cost, not far above the bound."""
    bound = least = 0.0
    for seed in range(12):
        scenario = two_islands(seed)
        plan = er.assign(scenario, "over_time", gap=0.0, time_limit=20, step=10.0)
        bridge = scenario.network.link_id[-2:].tolist()
        new = er.replan(plan, now=0, closures=bridge, keep_within=0, gap=0.0, time_limit=5)
        check = er.verify(new.plan, bound=True)
        assert check.ok, str(check)
        exact = best(new.plan.scenario, 10.0)
        assert new.plan.left > 0
        assert new.plan.placed == exact.most, f"seed {seed}"
        assert new.plan.left_by_reason == {"no shelter with room": new.plan.left}
        assert new.plan.bound is not None
        assert new.plan.bound <= exact.cost + 1e-3, f"seed {seed}"
        assert exact.cost <= new.plan.cost + 1e-3, f"seed {seed}"
        bound, least = bound + new.plan.bound, least + exact.cost
    assert bound >= 0.95 * least
