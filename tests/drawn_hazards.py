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
    """The scenario with some streets turned into ferries, and boats on them."""
    network = scenario.network
    links = draw(st.lists(st.integers(0, network.n_links - 1), min_size=1, max_size=6, unique=True))
    kind = network.kind.copy()
    kind[links] = FERRY
    rides = draw(
        st.lists(
            st.tuples(
                st.sampled_from(links),
                st.integers(0, 40),
                st.integers(1, 6),
                st.integers(1, 6),
                st.integers(0, 3),
                st.integers(1, 6),
            ),
            min_size=1,
            max_size=12,
        )
    )
    unit = every if every > 1 else draw(st.sampled_from([3.7, 10.0]))
    columns = [np.array(column) for column in zip(*rides, strict=True)]
    link, leave, lasts, seats, chairs, boarders = columns
    timetable = er.Boats(
        link=link,
        trip_id=np.array([f"T{i}" for i in range(len(rides))], dtype=object),
        leave_s=leave * unit,
        arrive_s=(leave + lasts) * unit,
        seats=seats,
        wheelchair_places=np.minimum(chairs, seats),
        boarders=boarders,
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
