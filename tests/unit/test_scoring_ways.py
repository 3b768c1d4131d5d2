"""Quickest ways of classes to shelters, and what is expected on them."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pytest
from networks import corridor, grid
from scenes import WALKER, WHEELCHAIR, scene

import evacroute as er
from evacroute._kernels.trips import Trips, describe
from evacroute.judging import outlook_of, places_left
from evacroute.scoring import ways as module
from evacroute.scoring.features import COLUMNS, rows_of
from evacroute.scoring.ways import Ways


def test_ways_are_the_quickest() -> None:
    """Times to a shelter, and to the nearest, are those that networkx finds; ways take as long."""
    scenario = scene(
        grid(4, 4, missing_share=0.0), [(0, 3)], [(7, 9), (15, 9)], classes=[WALKER, WHEELCHAIR]
    )
    ways, network = Ways(scenario), scenario.network
    walk = scenario.group_classes.walk_seconds(network)
    for k in range(2):
        graph = nx.DiGraph()
        for link in np.flatnonzero(np.isfinite(walk[k])).tolist():
            graph.add_edge(
                int(network.to_node[link]), int(network.from_node[link]), seconds=walk[k, link]
            )
        for shelter, roots in ((0, [7]), (1, [15]), (-1, [7, 15])):
            found = nx.multi_source_dijkstra_path_length(graph, roots, weight="seconds")
            seconds = ways.tree(k, shelter)[0]
            expected = [found.get(v, np.inf) for v in range(network.n_nodes)]
            assert seconds == pytest.approx(expected, abs=0.01)
            ptr, link = ways.routes(k, shelter, range(network.n_nodes))
            took = np.add.reduceat(np.append(walk[k, link], 0.0), ptr[:-1]) * (np.diff(ptr) > 0)
            known = np.isfinite(expected)
            assert took[known] == pytest.approx(seconds[known], abs=0.01)


def test_trees_take_no_more_memory_than_they_may(monkeypatch: pytest.MonkeyPatch) -> None:
    """Trees are forgotten where they grow too many, and found again as they were."""
    scenario = er.lagoon(people=100)
    whole = Ways(scenario)
    first = [whole.tree(0, s)[0].copy() for s in range(5)]
    monkeypatch.setattr(module, "MOST_BYTES", 2 * 12 * scenario.network.n_nodes)
    small = Ways(scenario)
    again = [small.tree(0, s)[0].copy() for s in range(5)]
    assert len(small._trees) <= 2 < len(whole._trees)
    np.testing.assert_array_equal(first, again)


def test_a_closing_behind_a_queue_is_seen() -> None:
    """A street that shuts while one stands in the queue before it closes too early, by features."""
    network = corridor(1, 60.0, capacity=0.2)
    dry = scene(network, [(0, 60)], [(1, 99)], classes=[(1.0, 0.5)], deadline=3600.0)
    plan = er.assign(dry, "nearest")
    shut = dry.with_hazard(er.LinkTimes([0], [-1], [100.0], [np.inf], [0.0]))
    ways = Ways(shut)
    one = np.ones(1)
    trips = Trips(
        ptr=np.array([0, 1]), link=np.zeros(1, np.int32), class_=np.zeros(1, np.int32), pace=one,
        pace_steps=one, size=np.ones(1, np.int32), depart=np.zeros(1), deadline=3600 * one,
        shelter=np.zeros(1, np.int32), wait=np.full(1, np.nan),
    )  # fmt: skip
    rows = np.empty((1, len(COLUMNS)), np.float32)
    any_place = np.zeros(1, np.int64)
    describe(ways.streets, outlook_of(shut, ways, plan.movements), trips, any_place, rows)
    row = dict(zip(COLUMNS, rows[0].tolist(), strict=True))
    # 60 come in the first minute, 12 get in: 48 wait at its end, 24 or 120 s in the mean.
    assert row["queue_s"] == pytest.approx(120.0)
    assert row["closing_s"] == pytest.approx(100.0 - 120.0 - 60.0)


def test_room_is_that_of_who_asks() -> None:
    """Who needs a step-free place is told how many of those are taken, others of all places."""
    people = [(0, 6, 0.0, 0), (0, 1, 0.0, 1)]
    scenario = scene(corridor(2, 60.0), people, [(2, 10, 2)], classes=[WALKER, WHEELCHAIR])
    plan = er.assign(scenario)
    assert places_left(scenario, plan.movements).tolist() == [[3], [1]]
    expected = outlook_of(scenario, Ways(scenario), plan.movements)
    assert expected.fill[:, 0].tolist() == pytest.approx([0.7, 0.7])
    scarce = scene(corridor(2, 60.0), people, [(2, 10, 1)], classes=[WALKER, WHEELCHAIR])
    plan = er.assign(scarce)
    ways = Ways(scarce)
    expected = outlook_of(scarce, ways, plan.movements)
    for found in (expected.fill[:, 0], expected.claimed[:, 0], expected.taken[:, 0, -1]):
        assert found.tolist() == pytest.approx([0.7, 1.0])
    assert expected.taken[:, 0, 0].tolist() == [0.0, 0.0]
    two = np.ones(2)
    trips = Trips(
        ptr=np.array([0, 0, 0]), link=np.zeros(0, np.int32), class_=np.array([0, 1], np.int32),
        pace=two, pace_steps=two, size=np.ones(2, np.int32), depart=np.zeros(2),
        deadline=3600 * two, shelter=np.zeros(2, np.int32), wait=np.zeros(2),
    )  # fmt: skip
    rows = rows_of(ways.streets, expected, trips, scarce.group_classes)
    for name, want in (("fill", [0.7, 1.0]), ("claimed", [0.7, 1.0]), ("spare", [3.0, 0.0])):
        assert rows[:, list(COLUMNS).index(name)].tolist() == pytest.approx(want)
    # Nobody has come when they start there.
    assert rows[:, list(COLUMNS).index("taken")].tolist() == [0.0, 0.0]
    last = rows_of(ways.streets, expected, trips._replace(depart=3600 * two), scarce.group_classes)
    assert last[:, list(COLUMNS).index("taken")].tolist() == pytest.approx([0.7, 1.0])


def test_a_shelter_without_step_free_places_is_full() -> None:
    """Where there are no such places at all, none are left."""
    scenario = scene(corridor(2, 60.0), [(0, 1)], [(2, 10, 0)], classes=[WALKER])
    plan = er.assign(scenario)
    expected = outlook_of(scenario, Ways(scenario), plan.movements)
    assert expected.fill[:, 0].tolist() == pytest.approx([0.1, 1.0])
    assert expected.spare[:, 0].tolist() == pytest.approx([9.0, 0.0])
    # At the door everybody counts.
    assert expected.door.max() > 0
