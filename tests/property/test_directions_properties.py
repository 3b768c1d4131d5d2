"""Directions of any walk: no metre and no bridge is lost or told twice, in any language."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from networks import grid

from evacroute.languages import LANGUAGES
from evacroute.network import KINDS, Network
from evacroute.route_directions import route_directions

STREET_KINDS = ("calle", "bridge", "square", "quay", "underpass", "ferry")
NAMES = ("", "", "Calle A", "Campo B", "Ponte C", "Ponte D", "Fondamenta E", "Via F, Ponte G")


@st.composite
def walks(draw: st.DrawFn) -> tuple[Network, list[int], list[float], list[float]]:
    """A walk through a grid whose streets have drawn kinds, names, steps and waits before them."""
    columns, rows = draw(st.integers(2, 5)), draw(st.integers(2, 5))
    network = grid(
        columns,
        rows,
        spacing=draw(st.sampled_from([6.0, 15.0, 60.0])),
        seed=draw(st.integers(0, 9)),
    )
    n = network.n_links // 2
    kind = np.array(draw(st.lists(st.sampled_from(STREET_KINDS), min_size=n, max_size=n)), object)
    name = np.array(draw(st.lists(st.sampled_from(NAMES), min_size=n, max_size=n)), object)
    steps = np.array(draw(st.lists(st.sampled_from([0, 0, 1, 7]), min_size=n, max_size=n)))
    network = replace(
        network,
        kind=np.repeat([KINDS.index(word) for word in kind], 2),
        name=np.repeat(name, 2),
        steps=np.repeat(steps, 2),
    )
    node = draw(st.integers(0, network.n_nodes - 1))
    links: list[int] = []
    for _ in range(draw(st.integers(0, 30))):
        ways = np.flatnonzero(network.from_node == node).tolist()
        links.append(draw(st.sampled_from(ways)))
        node = int(network.to_node[links[-1]])
    waits = draw(st.lists(st.sampled_from([0.0, 10.0, 90.0]), min_size=30, max_size=30))
    enter, leave, clock = [], [], 0.0
    for link, wait in zip(links, waits, strict=False):
        enter.append(clock + wait)
        clock = enter[-1] + float(network.length[link])
        leave.append(clock)
    return network, links, enter, leave


def bridges_crossed(network: Network, links: list[int]) -> int:
    """Bridges by the plainest count: runs of bridge links, and changes of name within a run."""
    suits = {"Ponte C": "Ponte C", "Ponte D": "Ponte D", "Via F, Ponte G": "Ponte G"}
    bridge = KINDS.index("bridge")
    count = 0
    for is_bridge, run in itertools.groupby(links, lambda link: network.kind[link] == bridge):
        if is_bridge:
            names = [suits.get(network.name[link], "") for link in run]
            known = [name for name in names if name]
            count += 1 + sum(a != b for a, b in itertools.pairwise(known))
    return count


def without_stairs(network: Network) -> Network:
    """Steps on bridges only: other stairs may belong to a bridge."""
    return replace(network, steps=np.where(network.kind == KINDS.index("bridge"), network.steps, 0))


@given(walks(), st.sampled_from(LANGUAGES))
def test_no_metre_is_lost(walk: tuple, language: str) -> None:
    """The steps' lengths sum to the route's, their links are the route's, in order."""
    network, links, enter, leave = walk
    told = route_directions(network, links, enter, leave, shelter="X", language=language)
    assert told.distance == pytest.approx(network.length[links].sum())
    assert sum(step.distance for step in told.steps[1:]) == pytest.approx(told.distance)
    assert [link for step in told.steps for link in step.links] == links
    assert len(told.text) == len(told.steps)
    assert all(line.strip() and "{" not in line for line in told.text)
    assert told.text[-1].count("X") == 1


@given(walks())
def test_every_bridge_is_told_once(walk: tuple) -> None:
    """As many bridges are told as are crossed, counted by the plainest way."""
    network, links, enter, leave = walk
    network = without_stairs(network)
    told = route_directions(network, links, enter, leave, shelter="X")
    assert told.bridges == bridges_crossed(network, links)


@given(walks())
def test_steps_follow_each_other_in_time(walk: tuple) -> None:
    """No step begins before the one before it has ended, but for waits within a bridge."""
    network, links, enter, leave = walk
    told = route_directions(network, links, enter, leave, shelter="X").steps
    walked = [step for step in told if step.links]
    assert all(step.begin_s <= step.end_s for step in told)
    assert all(a.end_s <= b.begin_s for a, b in itertools.pairwise(walked))
    if links:
        assert (walked[0].begin_s, walked[-1].end_s) == (enter[0], leave[-1])
    waited = [b.begin_s - a.end_s for a, b in itertools.pairwise(walked)]
    assert sum(step.kind.startswith("wait") for step in told) >= sum(wait >= 30 for wait in waited)
