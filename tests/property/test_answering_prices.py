"""The way that prices tell costs no more than the best there is, on small drawn scenarios."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from asked import (
    WALKER,
    WHEELS,
    able_classes,
    ask,
    drawn_prices,
    ends_of,
    in_whole_slots,
    point_on,
    priced_bundle,
    read_line,
    table_of,
)
from conftest import drawn
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from naive_answers import INF, Table, crossed
from networks import grid
from price_rooms import STEP
from scenes import crowd as some
from scenes import doors as doors_of

import evacroute as er
from evacroute.answering import Answerer, Answers, Bundle

CLOSE = 0.05 * STEP
"""Sums of 32 bits may differ by so much [s]."""

LONG = 1500.0
"""A deadline that everybody keeps [s]."""

CLASSES = able_classes(WALKER, WHEELS)

few = settings(
    max_examples=drawn(24), deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)  # fmt: skip


@st.composite
def towns(draw: st.DrawFn, *, hazard: str = "") -> er.Scenario:
    """A grid with chains, steps and dead ends, three shelters of which one may be shut."""
    columns, rows = draw(st.integers(2, 4)), draw(st.integers(2, 3))
    network = grid(
        columns, rows, spacing=draw(st.sampled_from([25.0, 60.0])),
        seed=draw(st.integers(0, 999)), steps_share=draw(st.sampled_from([0.0, 0.3])),
        missing_share=draw(st.sampled_from([0.3, 1.0])),
    )  # fmt: skip
    network = in_whole_slots(network, CLASSES)
    capacity = draw(st.lists(st.sampled_from([0.5, 1.0, 2.0]), min_size=1, max_size=4))
    wide = np.resize(np.array(capacity), network.n_links // 2)
    network = replace(network, capacity=np.repeat(wide, 2))
    node = st.integers(0, network.n_nodes - 1)
    doors = [
        (draw(node), draw(st.sampled_from([0, 9, 9])), draw(st.sampled_from([0, 9])), rate)
        for rate in (0.3, INF, 0.5)
    ]
    doors[0] = (doors[0][0], 9, *doors[0][2:])
    doors = [(v, room, min(room, free), rate) for v, room, free, rate in doors]
    crowd = [(doors[0][0], 1, 0.0, 0), (draw(node), 1, 0.0, 1)]
    # Prices either know the deadline, or nobody is late.
    deadline = draw(st.sampled_from([405.0, LONG]))
    rows_ = [draw(stretch(network.n_links, hazard)) for _ in range(1 if hazard == "opens" else 3)]
    times = er.LinkTimes(*(np.array(c) for c in zip(*rows_, strict=True))) if hazard else None
    return er.Scenario(
        network, some(*crowd), doors_of(network, *doors), classes=CLASSES, deadline=deadline,
        hazard=times,
    )  # fmt: skip


@st.composite
def stretch(draw: st.DrawFn, n_links: int, hazard: str) -> tuple[int, int, float, float, float]:
    """A row of link times, never just as a slot begins."""
    begin = 0.0 if hazard == "opens" else draw(st.integers(0, 15)) * STEP + 3.7
    end = draw(st.integers(3, 15)) * STEP + 6.1 if hazard == "opens" else INF
    factor = draw(st.sampled_from([0.5, 0.0])) if hazard == "slows" else 0.0
    return draw(st.integers(0, n_links - 1)), draw(st.sampled_from([-1, 0])), begin, end, factor


def drawn_bundle(draw: Any, scenario: er.Scenario) -> Bundle:
    """A bundle of the scenario at prices by lot, with and without the deadline in them."""
    n_slots = int(scenario.deadline_s // STEP)
    least = 2
    if len(scenario.link_times):
        finite = scenario.link_times.to_s[np.isfinite(scenario.link_times.to_s)]
        last = max(scenario.link_times.from_s.max(), finite.max(initial=0))
        least = min(int(last / STEP) + 3, n_slots)
    horizon = n_slots if scenario.deadline_s < LONG else least
    links = draw(st.sampled_from([0, 3, 5]))
    seed, dear = draw(st.integers(0, 999)), draw(st.sampled_from([0.5, 8.0]))
    prices = drawn_prices(scenario, seed, horizon=horizon, links=links, dear=dear)
    return priced_bundle(scenario, prices)


def arrival(told: Answers, i: int) -> float:
    """When somebody arrives whose scorer says that all goes as planned [s from now]."""
    return float(told.q50[i])


def check(
    answerer: Answerer, table: Table, k: int, where: tuple[int, float], now: float, exact: bool
) -> None:
    """Compare one party's first choice to the best that the slow twin finds."""
    scenario, network = answerer.scenario, answerer.scenario.network
    link, share = where
    now += 0.3  # whoever is just between two slots is in either, by rounding
    word, age = (WALKER, WHEELS)[k]
    point = point_on(network, link, share)
    told = answerer.answer(ask([point], mobility=[word], age_band=[age]), now=now, directions=True)
    s, flat = int(told.shelter[0]), float(CLASSES.speed_flat[k])
    walk = CLASSES.walk_seconds(network)[k]
    ends = ends_of(scenario, k, flat, (link, share * float(network.length[link])))
    shut = [v for v, _ in ends if table.closed is not None and table.closed[v]]
    if shut:  # Nobody is led across: off by the open direction, or else by the nearer end.
        assume(share != 0.5)
        ends = [min(ends, key=lambda end: (end[0] in shut, end[1]))]
    left = np.array([1 - share, share]) * float(network.length[link])
    ends = [
        (v, crossed(scenario, k, v, tuple(left if v == link else left[::-1]), now, seconds))
        for v, seconds in ends
    ]
    ends = [(v, seconds) for v, seconds in ends if np.isfinite(seconds)]
    best = table.optimum(ends, now, 1.0)
    if s < 0:
        assert best == INF, f"class {k} at {now:g} s on {link}: {best:g} would do, none is told"
        return
    first, links = read_line(network, told.line[0], [v for v, _ in ends])
    seconds = dict(ends)[first]
    waits = None
    if exact:
        whole = (arrival(told, 0) - seconds - float(walk[links].sum())) / STEP
        waits = round(whole)
        assert abs(whole - waits) < 1e-3
    found = table.way_cost((first, seconds), links, s, now, 1.0, waits)
    assert found <= best + CLOSE, (
        f"class {k} at {now:g} s {first} then {links} to {s}, waits {waits}: {found:g} where "
        f"{best:g} would do"
    )


def places(draw: Any, scenario: er.Scenario, k: int) -> tuple[int, float]:
    """A street that the class can use, and a point amid it that is whole slots from either end."""
    walk = CLASSES.walk_seconds(scenario.network)
    slots = np.rint(walk[0] / STEP).astype(int)
    usable = np.flatnonzero(np.isfinite(walk[k]) & (slots >= 2))
    assume(len(usable) > 0)
    link = int(draw(st.sampled_from(usable.tolist())))
    return link, draw(st.integers(1, int(slots[link]) - 1)) / int(slots[link])


@few
@given(st.data())
def test_first_choice_is_the_best_at_the_prices(data: Any) -> None:
    """Without hazards the first choice costs what the twin's best way costs, for both kinds of
    people, from any point of a street, at any time before and after the prices end."""
    scenario = data.draw(towns())
    bundle = drawn_bundle(data.draw, scenario)
    answerer = Answerer(bundle)
    for k in (0, 1):
        table = table_of(bundle, k)
        for _ in range(3):
            where = places(data.draw, scenario, k)
            now = data.draw(st.integers(0, 30)) * STEP
            check(answerer, table, k, where, now, exact=k == 0)


@few
@given(st.data())
def test_first_choice_after_the_deadline(data: Any) -> None:
    """Whoever asks after the deadline is still led the way that costs least."""
    scenario = data.draw(towns())
    bundle = drawn_bundle(data.draw, scenario)
    answerer, table = Answerer(bundle), table_of(bundle, 0)
    for _ in range(3):
        late = data.draw(st.integers(0, 5)) * STEP
        check(
            answerer,
            table,
            0,
            places(data.draw, scenario, 0),
            scenario.deadline_s + late,
            exact=True,
        )


@few
@given(st.data(), st.sampled_from(["closes", "opens", "slows"]))
def test_first_choice_with_streets_that_change(data: Any, hazard: str) -> None:
    """Where streets close, open or get slow in time the first choice is still the best."""
    scenario = data.draw(towns(hazard=hazard))
    bundle = drawn_bundle(data.draw, scenario)
    answerer, table = Answerer(bundle), table_of(bundle, 0)
    for _ in range(3):
        where = places(data.draw, scenario, 0)
        now = data.draw(st.integers(0, 12)) * STEP
        check(answerer, table, 0, where, now, exact=hazard != "slows")


@few
@given(st.data())
def test_first_choice_after_news(data: Any) -> None:
    """With streets closed and shelters full by news the first choice is the best that is left."""
    scenario = data.draw(towns())
    bundle = drawn_bundle(data.draw, scenario)
    answerer = Answerer(bundle)
    network, n_shelters = scenario.network, len(scenario.shelters)
    closed = np.zeros(network.n_links, bool)
    closed[data.draw(st.lists(st.integers(0, network.n_links - 1), max_size=3))] = True
    full = np.zeros((2, n_shelters), bool)
    full[0, data.draw(st.integers(0, n_shelters - 1))] = data.draw(st.booleans())
    answerer.follow(closed=closed, full=full)
    for k in (0, 1):
        table = table_of(bundle, k, closed=closed, shut=full[0])
        check(answerer, table, k, places(data.draw, scenario, k), 0.0, exact=k == 0)
