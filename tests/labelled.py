"""Labelled trips made up by a rule, for tests of the training that need no simulator."""

from __future__ import annotations

import numpy as np

from evacroute.scoring.features import COLUMNS, PEOPLE
from evacroute.training.trips import BASE, OTHER, PLANNED, Labelled

NAMES = list(COLUMNS)


def made_up(scenarios: int = 120, each: int = 60, seed: int = 0) -> Labelled:
    """Trips whose time depends on walking time, water, strain, and luck of scenario and person."""
    chance = np.random.default_rng(seed)
    n = scenarios * each
    draw = np.repeat(np.arange(scenarios), each)
    rows = np.zeros((n, len(COLUMNS)), np.float32)
    column = NAMES.index
    free = chance.uniform(60, 1200, n)
    strain = chance.exponential(120, n) * (chance.random(n) < 0.5)
    luck = 0.15 * chance.standard_normal(scenarios)[draw] + 0.1 * chance.standard_normal(n)
    wet = chance.random(n) * (chance.random(n) < 0.5)
    took = free * np.exp(np.abs(luck)) * (1 + wet) + strain * (1 + luck)
    deadline = np.full(n, 1500.0)
    depart = chance.uniform(0, 600, n)
    rows[:, column("free_s")] = free
    rows[:, column("strain_s")] = strain
    rows[:, column("wet_share")] = wet
    rows[:, column("stress_s")] = strain / 2
    slack = deadline - depart - free
    rows[:, column("slack_s")] = slack
    rows[:, column("slack_share")] = slack / free
    rows[:, column("margin_s")] = slack
    rows[:, column("stress_margin_s")] = slack - strain / 2
    rows[:, column("speed")] = chance.uniform(0.6, 1.4, n)
    assert BASE > 0
    return Labelled(
        rows=rows,
        depart=depart,
        deadline=deadline,
        arrive=depart + took,
        until=np.full(n, 2250.0),
        planned_s=np.full(n, np.nan),
        kind=chance.integers(len(PEOPLE), size=n).astype(np.int8),
        source=np.where(chance.random(n) < 0.2, OTHER, PLANNED).astype(np.int8),
        cell=chance.integers(40, size=n),
        draw=draw,
        weight=np.ones(n, np.float32),
    )
