"""Closed forms of a corridor that closes, slows, and is crossed by boat."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from networks import corridor
from scenes import scene

import evacroute as er
from evacroute.network import FERRY

METHODS = ("earliest_arrival", "shelter_flow", "over_time")


@pytest.mark.parametrize("method", METHODS)
def test_through_before_it_closes_or_after_it_opens(method: str) -> None:
    """Who cannot be out of 30 m by 100 s waits until it opens at 300 s."""
    network = corridor(2, length=30.0, capacity=50.0)
    link = int(np.flatnonzero(network.from_node == 0)[0])
    people = [(0, 1, ready) for ready in np.arange(0.0, 210.0, 10.0)]
    base = scene(network, people, [(1, 99)], classes=[(1.0, 1.0)], deadline=600.0)
    closed = er.LinkTimes([link], [-1], [100.0], [300.0], [0.0])
    plan = er.assign(replace(base, hazard=closed), method)
    arrive = np.full(len(people), np.nan)
    arrive[plan.movements.group] = plan.movements.arrive
    ready = base.groups.ready_time
    assert arrive.tolist() == np.where(ready + 30 <= 100, ready + 30, 330.0).tolist()


@pytest.mark.parametrize("method", METHODS)
def test_the_queue_at_a_closing_bridge(method: str) -> None:
    """At one person a second over 30 m until 130 s, 110 of 200 pass; the others are cut off."""
    network = corridor(2, length=30.0, capacity=1.0)
    link = int(np.flatnonzero(network.from_node == 0)[0])
    base = scene(network, [(0, 200)], [(1, 999)], classes=[(1.0, 1.0)], deadline=600.0)
    closed = er.LinkTimes([link], [-1], [130.0], [np.inf], [0.0])
    plan = er.assign(replace(base, hazard=closed), method)
    # Entries in the slots 0 to 10: the last is out at 130 s.
    assert plan.placed == 110
    assert plan.movements.arrive.max() == 130.0
    assert er.verify(plan).ok


@pytest.mark.parametrize("method", METHODS)
def test_boats_carry_their_seats(method: str) -> None:
    """Three boats of ten seats, one wheelchair place each: 30 of 40 go, 3 of 5 wheelchairs."""
    network = corridor(2, length=300.0)
    network = replace(network, kind=np.full(network.n_links, FERRY, np.uint8))
    link = int(np.flatnonzero(network.from_node == 0)[0])
    boats = er.Boats(
        link=[link] * 3,
        trip_id=np.array(["a", "b", "c"], object),
        leave_s=[60.0, 180.0, 300.0],
        arrive_s=[120.0, 240.0, 360.0],
        seats=[10] * 3,
        wheelchair_places=[1] * 3,
        boarders=[10] * 3,
    )
    base = scene(
        network, [(0, 35, 0.0, 0), (0, 5, 0.0, 1)], [(1, 99)], classes=[(1.0, 1.0), (1.0, 0.0)],
        deadline=600.0,
    )  # fmt: skip
    plan = er.assign(replace(base, boats=boats), method)
    assert er.verify(plan).ok
    assert plan.placed == 30
    class_ = base.groups.class_[plan.movements.group]
    aided = int(plan.movements.size[class_ == 1].sum())
    # The greedy lets go first who comes first, and wheelchairs come last here.
    assert aided == (0 if method == "earliest_arrival" else 3)
    assert sorted(set(plan.movements.arrive.tolist())) == [120.0, 240.0, 360.0]
