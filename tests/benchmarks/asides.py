"""Figures that the pages of docs/ tell in passing, measured again::

    python tests/benchmarks/asides.py                   # all
    python tests/benchmarks/asides.py rescue sweep      # some: --list tells which there are

Each is printed with the page that tells it. Venice needs the shared inputs.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parents[1]))

import numpy as np
import pandas as pd
from broken_links import BrokenLinks
from instances import venice_100k
from results import add_option, record

import evacroute as er
from evacroute.guiding import route_directions
from evacroute.signs import signs_of

Row = dict[str, Any]


def timed(work: Callable[[], Any]) -> tuple[Any, float, float]:
    """What a call gives, its seconds by the clock and on the processors."""
    begin, busy = time.perf_counter(), time.process_time()
    found = work()
    return found, time.perf_counter() - begin, time.process_time() - busy


def rescue() -> Iterator[Row]:
    """docs/rescue.md: three plans of Venice, fleets at nodes drawn by seed 0."""
    scenario = venice_100k()
    short = replace(scenario, deadline=2514.0)
    er.assign(scenario)
    for case, city, boats, seats, chairs, teams, is_later in (
        ("389 left", scenario, 10, 12, 4, 10, False),
        ("41.9 min", short, 10, 12, 4, 10, False),
        ("41.9 min, fetched within 90", short, 20, 24, 6, 0, True),
    ):
        nodes = np.random.default_rng(0).choice(city.network.node_id, boats + teams, replace=False)
        kinds = ["boat"] * boats + ["stretcher team"] * teams
        fleet = pd.DataFrame({"kind": kinds, "node_id": nodes})
        fleet["seats"] = np.where(fleet["kind"] == "boat", seats, 1)
        fleet["wheelchair_places"] = np.where(fleet["kind"] == "boat", chairs, 1)
        plan = er.assign(city)
        if is_later:
            plan = replace(plan, scenario=scenario)
        bare_s = timed(lambda plan=plan: er.rescue(plan))[1]
        found, seconds, busy = timed(lambda plan=plan, fleet=fleet: er.rescue(plan, fleet))
        summary = found.summary()
        yield {
            "case": case, "left": plan.left, "pickups": len(found.pickups),
            "reached": summary.reached, "seconds": seconds, "busy_s": busy,
            "without_fleet_s": bare_s,
        }  # fmt: skip


def evaluate() -> Iterator[Row]:
    """docs/robust.md: a plan of Venice played in a scenario with 1 % of the links closed."""
    plan = er.assign(venice_100k())
    draws = [BrokenLinks(seed, 0.01) for seed in range(20)]
    er.evaluate(plan, hazards=draws[:1])
    _, seconds, _ = timed(lambda: er.evaluate(plan, hazards=draws))
    legs = len(plan.movements.leg_link)
    yield {"case": "1 % closed", "movements": len(plan.movements.size), "legs": legs,
           "seconds_a_draw": seconds / len(draws)}  # fmt: skip


def sweep() -> Iterator[Row]:
    """docs/robust.md: 40 draws planned anew on the lagoon, on one process and on two."""
    scenario = er.lagoon(20_000)
    for workers in (1, 2):
        work = {"executor": "serial"} if workers == 1 else {"workers": 2}
        found, seconds, _ = timed(
            lambda work=work: er.sweep(scenario, BrokenLinks(0, 0.02), draws=40, **work)
        )
        yield {"case": f"{workers} processes", "seconds": seconds,
               "safe": float(found.expected["safe"])}  # fmt: skip


def check() -> Iterator[Row]:
    """docs/planning_with_prices.md: values checked by planning again, and fairness by class."""
    scenario = venice_100k()
    er.assign(er.lagoon(2000), "over_time")
    plan, seconds, _ = timed(lambda: er.assign(scenario, "over_time", gap=0.02, time_limit="60 s"))
    yield {"case": "plan", "seconds": seconds, "gap": plan.gap}
    _, seconds, _ = timed(lambda: er.marginal_value(plan, 3, check=3))
    yield {"case": "a value checked", "seconds": seconds / 3}
    _, seconds, _ = timed(lambda: er.fairness(plan, protect=2.0, time_limit="60 s"))
    yield {"case": "a class protected", "seconds": seconds / len(scenario.group_classes)}


def directions() -> Iterator[Row]:
    """docs/directions.md: ways turn by turn on Venice, one after another."""
    plan = er.assign(venice_100k())
    signs, seconds, _ = timed(lambda: signs_of(plan.scenario.network))
    moves = plan.movements
    rows = np.random.default_rng(0).choice(len(moves.size), 400, replace=False)
    parts = [slice(moves.leg_ptr[row], moves.leg_ptr[row + 1]) for row in rows]

    def tell() -> None:
        for part in parts:
            route_directions(
                signs, moves.leg_link[part], moves.leg_enter[part], moves.leg_leave[part],
                shelter="Campo San Polo",
            )  # fmt: skip

    tell()
    _, each, _ = timed(tell)
    links = float(np.mean([part.stop - part.start for part in parts]))
    yield {"case": "ways", "signs_s": seconds, "links": links, "ms": 1000 * each / len(parts)}


ASIDES: dict[str, Callable[[], Iterator[Row]]] = {
    one.__name__: one for one in (rescue, evaluate, sweep, check, directions)
}


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("::")[0])
    parser.add_argument("names", nargs="*", help="which; all by default")
    parser.add_argument("--list", action="store_true", help="tell which there are")
    add_option(parser)
    asked = parser.parse_args()
    wrong = sorted(set(asked.names) - set(ASIDES))
    if wrong:
        parser.error(f"{', '.join(wrong)}: expected some of {', '.join(ASIDES)}")
    for name in asked.names or ASIDES:
        print(f"{name}: {(ASIDES[name].__doc__ or '').strip()}", flush=True)
        if asked.list:
            continue
        rows = []
        for row in ASIDES[name]():
            rows.append(row)
            told = (f"{key} {value:,.4g}" for key, value in row.items() if key != "case")
            print(f"  {row['case']}: {', '.join(told)}", flush=True)
        record(f"aside_{name}", rows, folder=asked.results)


if __name__ == "__main__":
    main()
