"""What tests of sweeps share: numbers of people and draws, and a plan played in these draws."""

from __future__ import annotations

from broken_links import BrokenLinks

import evacroute as er

PEOPLE = 200
SEEDS = 6


def play(scenario: er.Scenario, plan: er.Plan) -> er.Sweep:
    """The plan played in some draws, in this process."""
    return er.sweep(scenario, BrokenLinks(), draws=SEEDS, plan=plan, executor="serial")
