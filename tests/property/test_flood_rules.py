"""What must hold of every flood, whatever the tide, the heights and the people."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from networks import corridor

from evacroute.hazards import Flood, Tide
from evacroute.hazards.wading import wading_factor
from evacroute.network import KINDS, Network
from evacroute.people import Classes

UNTIL = 3600.0
metres = st.floats(0.0, 2.5).map(lambda value: round(value, 3))


def of_heights(heights: list[float], stairs: bool = False) -> Network:
    network = corridor(len(heights), steps_at=range(1, len(heights), 2) if stairs else ())
    kind = np.where(network.steps > 0, KINDS.index("steps"), network.kind)
    return replace(network, kind=kind, elevation=np.repeat(heights, 2))


def who(limits: list[float]) -> Classes:
    n = len(limits)
    names = np.array([f"C{i}" for i in range(n)], dtype=object)
    return Classes(
        names, np.full(n, 1.3), np.full(n, 0.7), np.zeros(n), np.ones(n), np.array(limits)
    )


def factors(flood: Flood, network: Network, classes: Classes, at: float) -> np.ndarray:
    times = flood.link_times(network, classes, UNTIL)
    return times.profile(len(classes), UNTIL).at(at, network.n_links)


@given(st.lists(metres, min_size=2, max_size=8), st.booleans())
def test_deeper_is_never_faster(depths: list[float], turbid: bool) -> None:
    """The deeper the water, the slower or as slow, between 0 and 1."""
    found = wading_factor(np.sort(depths), turbid=turbid)
    assert (np.diff(found) <= 0).all()
    assert ((found > 0) & (found <= 1)).all()


@given(
    st.lists(metres, min_size=1, max_size=6), st.lists(metres, min_size=1, max_size=3), metres,
    metres, st.booleans(), st.sampled_from([0.01, 0.05, 0.3]), st.booleans(),
)  # fmt: skip
def test_more_tide_never_opens_or_speeds(
    heights: list[float],
    limits: list[float],
    one: float,
    other: float,
    turbid: bool,
    step: float,
    stairs: bool,
) -> None:
    """A higher tide opens no street and makes nobody faster; closed is deeper than the limit."""
    network, classes = of_heights(heights, stairs), who(limits)
    low, high = (
        factors(Flood(level, turbid=turbid, factor_step=step), network, classes, 0.0)
        for level in sorted((one, other))
    )
    assert (high <= low).all()
    depth = max(one, other) - network.elevation
    deep = depth[None, :] > np.array(limits)[:, None] + 1e-8
    assert (high[deep & (depth > 0)] == 0).all()
    fits = depth[None, :] <= np.array(limits)[:, None]
    assert (high[fits] > 0).all()


@given(
    st.lists(metres, min_size=1, max_size=4),
    st.lists(metres, min_size=2, max_size=8),
    st.sampled_from([300.0, 700.0, 1200.0]),
    st.integers(0, 3599),
)
def test_nothing_is_promised_drier_than_it_is(
    heights: list[float], levels: list[float], every: float, at: int
) -> None:
    """At any time the factor is at most that of the depth on the straight line between samples."""
    time = np.linspace(0, UNTIL, len(levels))
    network, classes = of_heights(heights), who([0.15, 0.9])
    found = factors(Flood(Tide(time, np.array(levels)), every=every), network, classes, at)
    depth = np.interp(at, time, levels) - network.elevation
    assert (found <= wading_factor(depth) + 1e-9).all()
    for limit, row in zip(classes.depth_limit, found, strict=True):
        assert (row[depth > limit + 1e-8] == 0).all()
