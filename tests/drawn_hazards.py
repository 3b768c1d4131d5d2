"""Hypothesis strategies that draw link times and boats for small scenarios."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import strategies as st

import evacroute as er
from evacroute.network import FERRY

FACTORS = [0.0, 0.0, 0.5, 0.5, 0.8]


@st.composite
def link_times(
    draw: st.DrawFn, scenario: er.Scenario, *, every: float = 1.0, factors: tuple[float, ...] = ()
) -> er.LinkTimes:
    """Rows of any links and classes; times are multiples of `every`."""
    n_links, n_classes = scenario.network.n_links, len(scenario.group_classes)
    row = st.tuples(
        st.integers(0, n_links - 1),
        st.integers(-1, n_classes - 1),
        st.integers(0, 30),
        st.one_of(st.integers(1, 40), st.just(np.inf)),
        st.sampled_from(list(factors) or FACTORS),
    )
    rows = draw(st.lists(row, max_size=2 * n_links))
    if not rows:
        return er.LinkTimes.none()
    link, class_, begin, lasts, factor = (np.array(column) for column in zip(*rows, strict=True))
    unit = every if every > 1 else draw(st.sampled_from([1.0, 3.7, 10.0]))
    return er.LinkTimes(link, class_, begin * unit, (begin + lasts) * unit, factor)


@st.composite
def boats(draw: st.DrawFn, scenario: er.Scenario, *, every: float = 1.0) -> er.Scenario:
    """The scenario with some streets turned into ferries, and boats on them.

    Trips are of one ride or several, some without a stay at the stops between; they cast off at
    multiples of `every`, or some seconds later.
    """
    network = scenario.network
    unit = every if every > 1 else draw(st.sampled_from([3.7, 10.0]))
    rides: list[tuple[int, str, float, float, int, int, int]] = []
    stretch = st.tuples(
        st.integers(0, 99), st.integers(1, 6), st.sampled_from([0, 0, 0, 1, 3]), st.integers(1, 6)
    )
    for number in range(draw(st.integers(1, 8))):
        link = draw(st.integers(0, network.n_links - 1))
        seats, chairs = draw(st.integers(1, 6)), draw(st.integers(0, 3))
        now = draw(st.integers(0, 40)) * unit + draw(st.sampled_from([0.0, 0.0, 3.0, 5.5]))
        for choice, lasts, stay, boarders in draw(st.lists(stretch, min_size=1, max_size=4)):
            leave, now = now, now + lasts * unit
            places = (seats, min(chairs, seats), boarders)
            rides.append((link, f"T{number}", leave, now, *places))
            now += stay * unit / 2
            onward = np.flatnonzero(network.from_node == network.to_node[link])
            if not len(onward):
                break
            link = int(onward[choice % len(onward)])
    link_, trip, leave_, arrive, seats_, places_, boarders_ = zip(*rides, strict=True)
    kind = network.kind.copy()
    kind[list(link_)] = FERRY
    timetable = er.Boats(
        link=link_,
        trip_id=np.array(trip, dtype=object),
        leave_s=leave_,
        arrive_s=arrive,
        seats=seats_,
        wheelchair_places=places_,
        boarders=boarders_,
    )
    return er.Scenario(
        replace(network, kind=kind),
        scenario.groups,
        scenario.shelters,
        classes=scenario.group_classes,
        deadline=scenario.deadline,
        hazard=scenario.hazard,
        boats=timetable,
    )
