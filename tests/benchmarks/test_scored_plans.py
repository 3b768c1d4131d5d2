"""End to end: plans with odds in their cost, judged in a simulator that nobody here wrote::

    python tests/benchmarks/test_scored_plans.py --draws 40 --weight 600

Scenarios on cities that the scorer has not seen are planned three ways: everybody to the nearest
shelter, by time alone, and by time and odds. Each plan is played in jupedsim-network with the
physics of its draw. Who is not in a shelter by the deadline is late: also who the plan left.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import replace

import numpy as np

import evacroute as er
from evacroute.training.building import build
from evacroute.training.hydraulic import play_draw
from evacroute.training.sampler import Draw, draw
from evacroute.training.worlds import UNSEEN

WAYS = ("nearest", "time alone", "time and odds")


def plans(drawn: Draw, weight: float) -> dict[str, er.Plan]:
    """Plan a draw three ways."""
    scenario = build(drawn)
    return {
        "nearest": er.assign(scenario, "nearest"),
        "time alone": er.assign(scenario, "shelter_flow", polish=0),
        "time and odds": er.assign(
            scenario, "shelter_flow", polish=0, scorer="default", safety_weight=weight
        ),
    }


def late(plan: er.Plan, drawn: Draw) -> int:
    """Persons who are in no shelter by the deadline."""
    arrived = play_draw(plan, drawn)
    return plan.scenario.persons - int((arrived <= plan.scenario.deadline_s).sum())


def main() -> None:
    """Print who is late, and by how much fewer, with intervals over draws."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("::")[0])
    parser.add_argument("--draws", type=int, default=40)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--weight", type=float, default=600.0)
    asked = parser.parse_args()
    rows, persons = [], 0
    for index in range(asked.first, asked.first + asked.draws):
        drawn = replace(draw(17, index, UNSEEN), method="shelter_flow")
        begin = time.perf_counter()
        made = plans(drawn, asked.weight)
        rows.append([late(made[way], drawn) for way in WAYS])
        persons += drawn.people
        print(
            f"{index:>4} {drawn.world:<16} {drawn.people:>6} {drawn.hazard:<11}",
            *(f"{n:>7}" for n in rows[-1]), f"{time.perf_counter() - begin:6.1f} s", flush=True,
        )  # fmt: skip
    count = np.array(rows, np.float64)
    total = count.sum(axis=0)
    print(f"\n{persons:,} persons; late:", {w: int(n) for w, n in zip(WAYS, total, strict=True)})
    chance = np.random.default_rng(0)
    drawn_rows = chance.integers(len(count), size=(1000, len(count)))
    sums = count[drawn_rows].sum(axis=1)
    for other in (0, 1):
        fewer = 1 - total[2] / total[other]
        low, high = np.quantile(1 - sums[:, 2] / sums[:, other], [0.025, 0.975])
        print(f"time and odds: {fewer:.1%} ({low:.1%} to {high:.1%}) fewer than {WAYS[other]}")


if __name__ == "__main__":
    main()
