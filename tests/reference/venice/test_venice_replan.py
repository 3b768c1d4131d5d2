"""A busy bridge of Venice closes while 100,000 people are on their way."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from conftest import missing

import evacroute as er

pytestmark = pytest.mark.shared

NOW = 600.0
BRIDGE = ["1070", "1067"]
"""Both directions of a bridge that some 3,500 people have still to cross."""


def test_a_busy_bridge_of_venice_closes(shared: Path) -> None:
    """Nobody enters it or loses a place, the safe stay, and the gap that is proven is small."""
    folder = shared / "bench" / "venice_100k"
    if not folder.is_dir():
        missing(f"no instance at {folder}")
    scenario = er.read_instance(folder, deadline="90 min")
    plan = er.assign(scenario, "over_time", gap=0.05, time_limit="60 s")
    new = er.replan(plan, now=NOW, closures={"links": BRIDGE}, time_limit="30 s")
    check = er.verify(new.plan, bound=True)
    assert check.ok, str(check)

    closed = scenario.network.link_positions(BRIDGE)
    moves = plan.movements
    sent = np.unique(
        np.repeat(np.arange(len(moves)), np.diff(moves.leg_ptr))[
            np.isin(moves.leg_link, closed) & (moves.leg_leave > NOW)
        ]
    )
    persons = int(moves.size[sent].sum())
    assert persons > 1000
    assert not np.isin(new.plan.movements.leg_link, closed).any()
    assert new.safe == moves.size[moves.arrive <= NOW].sum()
    assert new.plan.left == plan.left
    assert new.safe + new.plan.placed + new.plan.left == 100_000
    assert new.plan.gap is not None
    assert new.plan.gap <= 0.06
    # Others are moved only as far as the gap asks for it.
    assert new.kept >= 0.5 * (new.plan.placed - persons)
