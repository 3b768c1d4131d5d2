"""Bundles and questions for tests of the answers, and lines read back into links."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
from naive_answers import Table
from odds import by_one
from price_rooms import STEP, of_scenario, some_prices

import evacroute as er
from evacroute.answering import Answers, Bundle, Questions, bundle_of
from evacroute.assignment.price_sets import plan_prices
from evacroute.capability import capabilities, steps_speed
from evacroute.network import Network
from evacroute.people import Classes
from evacroute.prices import Prices
from evacroute.scenario import Scenario
from evacroute.scoring.scorer import Scorer

ALL_SAFE = by_one("length_m", -1.0)
"""Everybody in time is likely safe and arrives as planned, so that prices alone decide."""

WALKER, WHEELS = ("none", "18-64"), ("wheelchair_electric", "18-64")
"""Words of two kinds of people, and the classes that are just like them."""


def able_classes(*words: tuple[str, str]) -> Classes:
    """Classes at whose pace people of these words walk."""
    ages = {"18-64": 41.0, "80+": 85.0, "65-79": 72.0}
    one = [capabilities([ages[age]], [""], [word]) for word, age in words]
    return Classes(
        class_id=np.array([f"{word} {age}" for word, age in words], object),
        speed_flat=[float(c.speed_flat[0]) for c in one],
        speed_steps=[float(steps_speed(c.speed_up, c.speed_down)[0]) for c in one],
        min_width=[float(c.min_width[0]) for c in one],
        depth_limit=[float(c.depth_limit[0]) for c in one],
    )


def in_whole_slots(network: Network, classes: Classes) -> Network:
    """The network with lengths that the first class walks in whole slots, so no time is rounded."""
    speed = np.where(network.steps > 0, classes.speed_steps[0], classes.speed_flat[0])
    slots = np.maximum(1, np.rint(network.length / speed / STEP))
    return replace(network, length=slots * speed * STEP)


def drawn_prices(
    scenario: Scenario, seed: int, *, horizon: int, links: int = 5, dear: float = 1.0
) -> Prices:
    """Prices of some links, doors and places, by lot, on the scenario's own grid.

    Those of places are `dear` times what they would be.
    """
    town = of_scenario(scenario, (1.0,) * len(scenario.group_classes))
    drawn = some_prices(town, seed, horizon=horizon, links=links)
    some = np.flatnonzero(drawn.links < scenario.network.n_links)  # the others are gates
    drawn = replace(
        drawn, links=drawn.links[some], link=drawn.link[:, some], room=drawn.room * np.float32(dear)
    )
    counted = np.ones(len(scenario.groups), bool)
    return plan_prices(town.problem, town.terms, counted, drawn, 0.0)


def priced_bundle(scenario: Scenario, prices: Prices, scorer: Scorer = ALL_SAFE) -> Bundle:
    """A bundle of a scenario with given prices, by a plan of no matter."""
    plan = replace(er.assign(scenario, "nearest", step=STEP), prices=prices)
    return replace(bundle_of(plan, scorer=scorer, made=0.0), prices=prices)


def table_of(
    bundle: Bundle, class_: int, *, closed: np.ndarray | None = None, shut: np.ndarray | None = None
) -> Table:
    """The slow twin of the value table that a bundle's answers to a class come from."""
    scenario, classes, p = bundle.scenario, bundle.scenario.group_classes, bundle.prices
    free, shelters = bool(classes.step_free[class_]), scenario.shelters
    room = p.room + (p.step_free_room if free else 0.0)
    full = (shelters.step_free_capacity if free else shelters.capacity) <= 0
    room = np.where(full if shut is None else full | shut, np.inf, room)
    return Table(
        scenario.network, p, shelters.node.tolist(), classes.walk_seconds(scenario.network)[class_],
        class_, room, space=float(p.unit[class_] / p.units), closed=closed,
    )  # fmt: skip


def ends_of(
    scenario: Scenario, class_: int, flat: float, at: tuple[int, float], away: float = 0.0
) -> list[tuple[int, float]]:
    """Both directions of a street from a point on it: link, and seconds to its end at own pace.

    `at` is a link and the metres along it; somebody `away` metres off walks there first.
    """
    network, classes = scenario.network, scenario.group_classes
    link, along = at
    walk = classes.walk_seconds(network)[class_]
    pace = flat / float(classes.speed_flat[class_])
    share = along / float(network.length[link])
    ends = [(link, away / flat + (1 - share) * float(walk[link]) / pace)]
    back = np.flatnonzero(
        (network.from_node == network.to_node[link]) & (network.to_node == network.from_node[link])
    )
    ends += [(int(v), away / flat + share * float(walk[v]) / pace) for v in back[:1]]
    return [(v, s) for v, s in ends if np.isfinite(s)]


def point_on(network: Network, link: int, share: float) -> tuple[float, float]:
    """Lon and lat of the point at a share of a straight link's way."""
    (x0, y0), (x1, y1) = network.geometry(link)[[0, -1]]
    return float(x0 + share * (x1 - x0)), float(y0 + share * (y1 - y0))


class NoWay(AssertionError):
    """A line that no way of links has."""


@cache
def _lines(network: Network) -> list[list[tuple[float, ...]]]:
    """Points of each link as they are told."""
    return [
        [tuple(p) for p in network.geometry(v).round(6).tolist()] for v in range(network.n_links)
    ]


def read_line(network: Network, line: np.ndarray, out: Sequence[int]) -> tuple[int, list[int]]:
    """Read a line back: the link that is walked to its end first, and the links after it.

    `out` are the directions of the street on which somebody stands.
    """
    points = [tuple(p) for p in line.round(6).tolist()]
    lines = _lines(network)
    # One stands on one of these: the line goes on with what is left of it, then whole links.
    starts = [
        (v, cut)
        for v in out
        for cut in range(1, len(lines[v]))
        if points[1 : 1 + len(lines[v]) - cut] == lines[v][cut:]
    ]
    for first, cut in sorted(starts, key=lambda one: one[1]):
        at, node, links = len(lines[first]) - cut, int(network.to_node[first]), []
        while True:
            some = [
                v
                for v in np.flatnonzero(network.from_node == node).tolist()
                if points[at : at + len(lines[v])] == lines[v]
            ]
            if not some:
                break
            links.append(max(some, key=lambda v: len(lines[v])))
            at, node = at + len(lines[links[-1]]) - 1, int(network.to_node[links[-1]])
        # Last comes the shelter itself.
        if at == len(points) - 2:
            return first, links
    raise NoWay(f"no way of links has the line {points}")


def ask(places: Sequence[tuple[float, float]], **columns: Any) -> Questions:
    """Questions from points (lon, lat)."""
    return Questions.at([x for x, _ in places], [y for _, y in places], **columns)


def rows_alike(a: Answers, i: int, b: Answers, j: int) -> bool:
    """Whether two answers are one and the same, the line and the directions included."""
    numbers = ("lon", "lat", "depart_in_s", "q10", "q50", "q90", "p_safe", "held_s", "distance")
    words = ("status", "shelter", "shelter_id", "name", "is_safe", "reason", "directions")
    return (
        all(np.isclose(getattr(a, k)[i], getattr(b, k)[j], equal_nan=True) for k in numbers)
        and all(getattr(a, k)[i] == getattr(b, k)[j] for k in words)
        and np.array_equal(a.line[i], b.line[j])
        and a.alternatives[i] == b.alternatives[j]
    )
