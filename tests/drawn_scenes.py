"""Hypothesis strategies that draw small scenarios: a grid, a crowd, shelters, a deadline."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from hypothesis import strategies as st
from networks import grid
from scenes import on_the_grid, scene

from evacroute.scenario import Scenario

CLASSES = [(1.3, 0.7), (1.0, 0.5, 0.8), (0.9, 0.0, 0.7)]
"""The quick, the slow who need some width, and those who cannot use steps."""

RATES = [0.1, 0.2, 0.25, 0.4, 1.0, float("inf")]


def crowds(n_nodes: int, n_classes: int, *, together: bool) -> st.SearchStrategy[list[Any]]:
    """Lists of (node, size, ready time, class, together)."""
    row = st.tuples(
        st.integers(0, n_nodes - 1),
        st.integers(1, 9),
        st.integers(0, 60).map(float),
        st.integers(0, n_classes - 1),
        st.booleans() if together else st.just(False),
    )
    return st.lists(row, min_size=1, max_size=10)


@st.composite
def scenes(draw: st.DrawFn) -> Scenario:
    """Any small scenario: three classes, households, steps, one-way streets of any length."""
    columns, rows = draw(st.integers(2, 4)), draw(st.integers(2, 4))
    network = grid(
        columns,
        rows,
        spacing=draw(st.sampled_from([8.0, 25.0, 60.0])),
        seed=draw(st.integers(0, 999)),
        steps_share=draw(st.sampled_from([0.0, 0.2, 0.6])),
        missing_share=draw(st.sampled_from([0.0, 0.3, 0.8])),
    )
    closed = draw(st.lists(st.integers(0, network.n_links - 1), max_size=2))
    # At 0.03 most links let in less than a person a slot, some nobody.
    capacity = network.capacity * draw(st.sampled_from([0.03, 0.3, 1.0]))
    capacity[closed] = 0.0
    network = replace(network, capacity=capacity)
    crowd = draw(crowds(network.n_nodes, 3, together=True))
    people = sum(row[1] for row in crowd)
    doors = []
    for node in draw(st.lists(st.integers(0, network.n_nodes - 1), min_size=1, max_size=3)):
        room = draw(st.integers(0, people))
        doors.append((node, room, draw(st.integers(0, room)), draw(st.sampled_from(RATES))))
    deadline = draw(st.sampled_from([30.0, 95.0, 200.0, 1800.0]))
    return scene(network, crowd, doors, classes=CLASSES, deadline=deadline)


@st.composite
def exact_scenes(draw: st.DrawFn) -> Scenario:
    """Small scenarios of one class on the grid of 10 s steps, mostly too tight for everyone."""
    columns, rows = draw(st.integers(2, 4)), draw(st.integers(2, 3))
    network = grid(
        columns,
        rows,
        spacing=30.0,
        seed=draw(st.integers(0, 999)),
        steps_share=0.0,
        missing_share=draw(st.sampled_from([0.0, 0.4])),
    )
    network = on_the_grid(network, 10.0)
    streets = network.n_links // 2
    capacity = draw(
        st.lists(st.sampled_from([0.1, 0.2, 0.3, 0.5]), min_size=streets, max_size=streets)
    )
    network = replace(network, capacity=np.repeat(capacity, 2))
    crowd = draw(crowds(network.n_nodes, 1, together=False))
    people = sum(row[1] for row in crowd)
    node = st.integers(0, network.n_nodes - 1)
    doors = [
        (node, draw(st.integers(1, people)), 0, draw(st.sampled_from([0.1, 0.3, float("inf")])))
        for node in draw(st.lists(node, min_size=1, max_size=3, unique=True))
    ]
    deadline = draw(st.integers(3, 24)) * 10.0
    return scene(network, crowd, doors, classes=[(1.0, 1.0)], deadline=deadline)
