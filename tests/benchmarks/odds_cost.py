"""Odds as a cost: what plans of the lagoon gain by them, and what they take::

python tests/benchmarks/odds_cost.py
python tests/benchmarks/odds_cost.py venice_100k venice_full
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from instances import INSTANCES
from results import add_option, check_names, record

import evacroute as er

METHODS = ("nearest", "earliest_arrival", "shelter_flow")
WEIGHT = 600.0


def expected_safe(plan: er.Plan) -> float:
    """Sum of the odds of those placed."""
    return er.score(plan, "default").expected_safe(plan.movements.size)


def timed(scenario: er.Scenario, method: str, weight: float) -> tuple[er.Plan, float]:
    """Plan twice; the seconds of the second, when kernels are compiled."""
    settings: dict[str, Any] = {"scorer": "default", "safety_weight": weight} if weight else {}
    er.assign(scenario, method, **settings)
    begin = time.perf_counter()
    plan = er.assign(scenario, method, **settings)
    return plan, time.perf_counter() - begin


def compare(scenario: er.Scenario, method: str, case: str) -> dict[str, Any]:
    """Without and with odds: seconds, persons moved, persons expected safe."""
    plain, spent = timed(scenario, method, 0.0)
    odds, spent_odds = timed(scenario, method, WEIGHT)
    return {
        "case": case, "seconds": spent, "seconds_odds": spent_odds,
        "moved": odds.settings["safety_moved"], "safe": expected_safe(plain),
        "safe_odds": expected_safe(odds),
    }  # fmt: skip


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("::")[0])
    parser.add_argument(
        "instance", nargs="*", help="by `shelter_flow`; by default the lagoon, by all"
    )
    parser.add_argument("--people", type=int, default=20_000, help="of the lagoon")
    parser.add_argument("--deadline", default="25 min", help="on the lagoon")
    parser.add_argument("--name", default="odds_cost", help="of the results")
    add_option(parser)
    asked = parser.parse_args()
    check_names(parser, asked.instance, INSTANCES)
    # Each case: its city, and the method.
    cases = {name: (INSTANCES[name](), "shelter_flow") for name in asked.instance}
    if not cases:
        city = er.lagoon(asked.people, deadline=asked.deadline)
        cases = {method: (city, method) for method in METHODS}
    rows = []
    for case, (city, method) in cases.items():
        row = compare(city, method, case)
        print(
            f"{case:<18} {row['seconds']:.2f} s, with odds {row['seconds_odds']:.2f} s, "
            f"{row['moved']:,} moved, expected safe {row['safe']:,.1f}, {row['safe_odds']:,.1f}",
            flush=True,
        )
        rows.append(row)
    record(asked.name, rows, folder=asked.results)


if __name__ == "__main__":
    main()
