"""A scenario's streets and boats as arrays for the kernels that walk people through them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from evacroute._kernels.crowd import STREET, Boats, Streets
from evacroute.network import Network
from evacroute.scenario import Scenario
from evacroute.streets import pair_links

LEAST_AREA = 4.0
"""A street counts as no smaller than this [m2]: on less, one person would be a crowd."""

SHOULDER = 0.6
"""Width that a person walking beside others takes [m]."""

MOST_ABREAST = 16


def lay_streets(scenario: Scenario, until: float, scale: float = 1.0) -> Streets:
    """Make the streets of a scenario ready, with its hazards up to a time [s].

    Links let in `scale` times their capacity.
    """
    network, classes = scenario.network, scenario.group_classes
    rate = network.capacity * scale
    headway = np.divide(1.0, rate, out=np.full(len(rate), np.inf), where=rate > 0)
    out_ptr, out_link = by_node(network.from_node, network.n_nodes)
    in_ptr, in_link = by_node(network.to_node, network.n_nodes)
    shelter_ptr, shelter = by_node(scenario.shelters.node, network.n_nodes)
    profile = scenario.link_times.profile(len(classes), until)
    row = np.full(network.n_links, -1, np.int32)
    row[profile.link] = np.arange(len(profile.link))
    link = np.zeros(network.n_links, STREET).view(np.recarray)
    for name, value in (
        ("from_node", network.from_node),
        ("to_node", network.to_node),
        ("twin", twins(network)),
        ("row", row),
        ("abreast", np.clip(np.rint(network.width / SHOULDER), 1, MOST_ABREAST)),
        ("stepped", network.steps > 0),
        ("length", network.length),
        ("area", street_area(network)),
        ("width", network.width),
        ("headway", headway),
    ):
        link[name] = value
    return Streets(
        link=link,
        walk=classes.walk_seconds(network),
        step_free=classes.step_free,
        out_ptr=out_ptr,
        out_link=out_link,
        in_ptr=in_ptr,
        in_link=in_link,
        shelter_ptr=shelter_ptr,
        shelter=shelter,
        # Laid out alike with and without hazards: else kernels would be compiled twice.
        stretch_ptr=np.array(profile.ptr, np.int64),
        stretch_begin=np.array(profile.begin, np.float64),
        stretch_factor=np.array(profile.factor, np.float64, order="C"),
    )


def street_area(network: Network) -> NDArray[np.float64]:
    """Ground of each link's street [m2], shape (n_links,)."""
    return np.maximum(network.length * network.width, LEAST_AREA)


def twins(network: Network) -> NDArray[np.int32]:
    """Link of the same street the other way, -1 = none, shape (n_links,)."""
    streets = pair_links(network)
    other = np.where(
        streets.code % 2 == 1, streets.forward[streets.code // 2],
        streets.backward[streets.code // 2],
    )  # fmt: skip
    return np.asarray(other).astype(np.int32)


def by_node(node: NDArray[Any], n_nodes: int) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """List what belongs to each node: where each node's part begins, and the positions."""
    order = np.argsort(node, kind="stable").astype(np.int32)
    ptr = np.searchsorted(node[order], np.arange(n_nodes + 1)).astype(np.int32)
    return ptr, order


def lay_boats(scenario: Scenario) -> Boats:
    """Make the rides that are made ready, with all places free."""
    n_links, rides = scenario.network.n_links, scenario.rides
    if rides is None or not len(rides):
        none = np.zeros(0, np.int32)
        times = np.zeros(0)
        return Boats(
            np.zeros(n_links + 1, np.int32), times, times, none, none.copy(), none.copy(), none
        )
    order = np.lexsort((rides.leave_s, rides.link))
    place = np.empty(len(order), np.int32)
    place[order] = np.arange(len(order))
    onward = np.full(len(order), -1, np.int32)
    before = rides.before()
    later = np.flatnonzero(before >= 0)
    onward[place[before[later]]] = place[later]
    return Boats(
        ptr=np.searchsorted(rides.link[order], np.arange(n_links + 1)).astype(np.int32),
        leave=rides.leave_s[order],
        arrive=rides.arrive_s[order],
        seats=rides.seats[order].copy(),
        chairs=rides.wheelchair_places[order].copy(),
        boarders=rides.boarders[order].copy(),
        onward=onward,
    )
