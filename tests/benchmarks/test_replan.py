"""How long a re-planning of Venice takes, and how good it is. `make bench` prints the rows.

Seconds are never judged here, as machines differ.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from results import note

import evacroute as er

CASES = {
    "nothing closes": {},
    "bridge 1070": {"links": ["1070", "1067"]},
    "busiest bridge, 1426": {"links": ["1426", "1423"]},
    "only bridge of an island, 1359": {"links": ["1359", "1356"]},
    "shelter S03": {"shelters": ["S03"]},
}


@pytest.fixture(scope="module")
def plan(shared: Path) -> er.Plan:
    scenario = er.read_instance(shared / "bench" / "venice_100k", deadline="90 min")
    return er.assign(scenario, "over_time", gap=0.02, time_limit="120 s")


@pytest.mark.parametrize("now", ["5 min", "10 min", "20 min"])
@pytest.mark.parametrize("case", CASES)
def test_replan(benchmark: Any, plan: er.Plan, case: str, now: str) -> None:
    """A plan of 100,000 people goes on, keeps every rule, and tells how far it is from the best."""
    er.replan(plan, now=now, closures=CASES[case])
    new = benchmark.pedantic(
        er.replan, args=[plan], kwargs={"now": now, "closures": CASES[case]}, rounds=1
    )
    check = er.verify(new.plan)
    assert check.ok, str(check)
    summary = new.summary()
    figures = {
        "seconds": summary.seconds,
        "gap": summary.gap,
        "kept": summary.kept,
        "rerouted": summary.rerouted,
        "moved": summary.moved,
        "left": summary.left,
    }
    note("replan", {"case": f"{case} at {now}", "closed": case, "at": now, **figures})
    shown = {
        **figures,
        "seconds": f"{summary.seconds:.2f}",
        "gap": "not known" if summary.gap is None else f"{summary.gap:.2%}",
        "stages": new.plan.settings["stages"],
    }
    print(f"\n{case} at {now}: " + ", ".join(f"{k} {v}" for k, v in shown.items()))
