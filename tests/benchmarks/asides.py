"""Figures that the pages of docs/ tell in passing, measured again::

    python tests/benchmarks/asides.py                   # all
    python tests/benchmarks/asides.py rescue sweep      # some: --list tells which there are

Each is printed with the page that tells it. Venice needs the shared inputs.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parents[1]))
sys.path.insert(0, str(Path(__file__).parent / "serving"))

import numpy as np
import pandas as pd
from broken_links import BrokenLinks
from bundles import FILES, PEOPLE, SHELTERS, venice_bundle
from instances import INSTANCES, shared_folder, venice_100k
from networks import corridor
from results import add_option, check_names, record
from scenes import scene

import evacroute as er
from evacroute.answering.bundle import read_bundle
from evacroute.class_bins import bin_classes
from evacroute.guiding import route_directions
from evacroute.languages import LANGUAGES, catalogue
from evacroute.serving.board.planning import Task, plan_again
from evacroute.signs import signs_of
from evacroute.simulation import Behaviour, Physics

Row = dict[str, Any]


def timed(work: Callable[[], Any]) -> tuple[Any, float]:
    """What a call gives, and its seconds by the clock."""
    begin = time.perf_counter()
    found = work()
    return found, time.perf_counter() - begin


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
        found, seconds = timed(lambda plan=plan, fleet=fleet: er.rescue(plan, fleet))
        summary = found.summary()
        yield {
            "case": case, "left": plan.left, "pickups": len(found.pickups),
            "reached": summary.reached, "seconds": seconds,
            "without_fleet_s": bare_s,
        }  # fmt: skip


def evaluate() -> Iterator[Row]:
    """docs/robust.md: a plan of Venice played in a scenario with 1 % of the links closed."""
    plan = er.assign(venice_100k())
    draws = [BrokenLinks(seed, 0.01) for seed in range(20)]
    er.evaluate(plan, hazards=draws[:1])
    _, seconds = timed(lambda: er.evaluate(plan, hazards=draws))
    legs = len(plan.movements.leg_link)
    yield {"case": "1 % closed", "movements": len(plan.movements.size), "legs": legs,
           "seconds_a_draw": seconds / len(draws)}  # fmt: skip


@dataclass(frozen=True)
class WeakBridges:
    """Of the narrow bridges a quarter falls, of the others one in fifty; or all alike."""

    seed: int = 0
    narrow: float = 0.25
    other: float = 0.02

    def link_times(self, network: Any, classes: Any, until: float) -> er.LinkTimes:
        """Close what has fallen, both ways, for good."""
        bridges = np.flatnonzero(network.kind == er.network.KINDS.index("bridge"))
        ends = np.sort([network.from_node[bridges], network.to_node[bridges]], axis=0)
        bridge = np.unique(ends, axis=1, return_inverse=True)[1].ravel()
        drawn = np.random.default_rng(self.seed).random(len(bridges))[bridge]
        odds = np.where(network.width[bridges] < 2.7, self.narrow, self.other)
        none = np.zeros(int((drawn < odds).sum()))
        return er.LinkTimes(bridges[drawn < odds], none - 1, none, none + np.inf, none)


def _safe(found: Any) -> Row:
    safe = found.table["safe"]
    return {"safe_mean": float(np.mean(safe)), "safe_worst": float(np.min(safe))}


def several() -> Iterator[Row]:
    """docs/robust.md: two scenarios of the lagoon, and six draws of an earthquake, at once."""
    dry = er.lagoon(people=3000)
    pairs = (
        ("dry 90 %, earthquake", er.Earthquake(seed=1, intensity="VIII"), 0.9),
        ("dry 50 %, flood of 1.40 m", er.Flood(1.40), 0.5),
    )
    for case, hazard, first in pairs:
        two, likely = [dry, dry.with_hazard(hazard)], [first, 1 - first]
        plans = {
            "": er.assign(two, robust="expected", probabilities=likely),
            ", the first's plan": er.assign(two[0]),
            ", the second's": er.assign(two[1]),
        }
        for name, plan in plans.items():
            found = er.evaluate(plan, scenarios=two, probabilities=likely)
            safe = found.table["safe"]
            row: Row = {
                "case": f"two: {case}{name}",
                "safe_expected": float(found.expected["safe"]),
            }
            yield row | {f"safe_{one + 1}": float(safe.iloc[one]) for one in range(2)}
    six = [dry.with_hazard(er.Earthquake(seed=seed, intensity="VIII")) for seed in range(1, 7)]
    robust = er.assign(six, robust="expected")
    yield {"case": "six draws: " + robust.settings["robust"]["chosen"]} | _safe(
        er.evaluate(robust, scenarios=six)
    )
    for one, scenario in enumerate(six):
        yield {"case": f"six draws: for draw {one + 1}"} | _safe(
            er.evaluate(er.assign(scenario), scenarios=six)
        )
    known = [er.assign(scenario).placed for scenario in six]
    yield {"case": "six draws: planned anew in each", "safe_mean": float(np.mean(known)),
           "safe_worst": float(min(known))}  # fmt: skip


def draws() -> Iterator[Row]:
    """docs/robust.md: plans for 1 to 24 draws, played in 60 others, on the lagoon."""
    city = er.lagoon(people=3000)
    for word, kind in (("narrow", WeakBridges()), ("all alike", WeakBridges(0, 0.1, 0.1))):
        for n in (0, 1, 5, 12, 24) if word == "narrow" else (0, 5):
            seen = [city.with_hazard(replace(kind, seed=seed)) for seed in range(n)]
            plan, seconds = timed(lambda seen=seen: er.assign(seen) if seen else er.assign(city))
            others = replace(kind, seed=1000)
            found = er.sweep(city, others, draws=60, plan=plan, executor="serial")
            yield {"case": f"{word}: for {n} draws", "plan_s": seconds} | _safe(found)


def sweep() -> Iterator[Row]:
    """docs/robust.md: 40 draws planned anew on the lagoon, on one process and on two."""
    scenario = er.lagoon(20_000)
    for workers in (1, 2):
        work = {"executor": "serial"} if workers == 1 else {"workers": 2}
        found, seconds = timed(
            lambda work=work: er.sweep(scenario, BrokenLinks(0, 0.02), draws=40, **work)
        )
        yield {"case": f"{workers} processes", "seconds": seconds,
               "safe": float(found.expected["safe"])}  # fmt: skip


def check() -> Iterator[Row]:
    """docs/planning_with_prices.md: values checked by planning again, and fairness by class."""
    scenario = venice_100k()
    er.assign(er.lagoon(2000), "over_time")
    plan, seconds = timed(lambda: er.assign(scenario, "over_time", gap=0.02, time_limit="60 s"))
    yield {"case": "plan", "seconds": seconds, "gap": plan.gap}
    _, seconds = timed(lambda: er.marginal_value(plan, 3, check=3))
    yield {"case": "a value checked", "seconds": seconds / 3}
    _, seconds = timed(lambda: er.fairness(plan, protect=2.0, time_limit="60 s"))
    yield {"case": "a class protected", "seconds": seconds / len(scenario.group_classes)}


def directions() -> Iterator[Row]:
    """docs/directions.md: ways turn by turn on Venice, one after another."""
    plan = er.assign(venice_100k())
    signs = signs_of(plan.scenario.network)
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
    _, each = timed(tell)
    yield {"case": "ways", "ms": 1000 * each / len(parts)}
    others = [tag for tag in LANGUAGES if tag != "en"]
    catalogue.cache_clear()
    _, compiled = timed(lambda: [catalogue(tag) for tag in others])
    yield {"case": "a catalogue compiled", "ms": 1000 * compiled / len(others)}


def laws() -> Iterator[Row]:
    """docs/simulation.md: what leaves a street of 4 m and 300 m, a second and metre."""
    wide, n, until = 4.0 - 0.6, 20_000, 20_000.0
    acts = Behaviour(compliance=0.0, crowd=0.0, lost=0.0, speed_spread=0.0)
    for law, jam in (("weidmann", 4.0), ("weidmann", 5.4), ("weidmann", 6.5), ("sfpe", 4.0),
                     ("sfpe", 5.4)):  # fmt: skip
        row: Row = {"case": f"{law}, {jam}"}
        for flow in (1.3, 1.6, 1.9):
            city = scene(
                corridor(1, 300.0, width=4.0, capacity=1.3 * wide), [(0, n)], [(1, n)],
                classes=[(1.34, 0.5)], deadline=until,
            )  # fmt: skip
            physics = Physics(law=law, jam_density=jam, specific_flow=flow)
            run = er.simulate(city, behaviour=acts, physics=physics, until=until)
            came = np.sort(run.arrive)
            some = int(0.3 * n), int(0.8 * n)
            row[f"flow_{flow}"] = (n / 2) / (came[some[1]] - came[some[0]]) / wide
        yield row


def board() -> Iterator[Row]:
    """docs/operators_board.md: a bridge of Venice closed at 10 min, prices made anew."""
    shared = shared_folder()
    with tempfile.TemporaryDirectory() as folder:
        bundle = venice_bundle(shared / "data/venice", Path(folder) / "bundle")
        network = read_bundle(bundle).scenario.network
        links = np.flatnonzero(network.name == "Ponte di Rialto")
        assert len(links), "no bridge of this name"
        task = Task(
            str(bundle), "", tuple(network.link_id[links].astype(str)), (), 600.0, limit_s=30.0
        )
        # As in the server, a process of its own, for its memory; the second has kernels compiled.
        for _ in range(2):
            with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
                made = pool.submit(plan_again, task).result()
        yield {"case": "Rialto closed", "seconds": made.seconds, "rounds": made.rounds,
               "memory_mb": made.memory_mb, "no_way": made.no_way}  # fmt: skip


def defaults() -> Iterator[Row]:
    """docs/benchmarks.md: rounds of `shelter_flow` and what a wait counts for, on three cities."""
    names = {"venice": "venice_full", "fixed": "venice_100k", "lagoon": "lagoon_50k"}
    cities = {name: INSTANCES[instance]() for name, instance in names.items()}
    settings: dict[str, Row] = {
        f"{rounds}, {product}": {"rounds": rounds, "toll": 2 * product, "damping": 0.5}
        for rounds, product in ((2, 1.0), (2, 1.5), (2, 2.0), (3, 1.5))
    }
    for case, given in [*settings.items(), ("earliest_arrival", {})]:
        row: Row = {"case": case}
        method = "shelter_flow" if given else case
        for name, city in cities.items():
            er.assign(city, method, **given)
            plan, seconds = timed(
                lambda city=city, method=method, given=given: er.assign(city, method, **given)
            )
            row |= {f"{name}_mean": plan.times.mean, f"{name}_s": seconds}
        yield row


def class_speeds() -> Iterator[Row]:
    """docs/benchmarks.md: how far the speed of a class is from that of a party in it."""
    venice = shared_folder() / "data/venice"
    network = INSTANCES["venice_full"]().network
    for case, spread in (("one speed a kind of person", None), ("--spread", 0)):
        people = er.read_people(venice / PEOPLE, network, seed=spread)
        found = bin_classes(people)
        yield {
            "case": case, "flat_most": found.largest_error_flat, "flat_mean": found.mean_error_flat,
            "steps_most": found.largest_error_steps, "steps_mean": found.mean_error_steps,
        }  # fmt: skip


def commands() -> Iterator[Row]:
    """docs/benchmarks.md: `evacroute plan` of the main job dry, at 1.40 m, in the tide of 2019."""
    venice = shared_folder() / "data/venice"
    series = venice / "venice_2019-11_10min.tsv"
    tide = ["--hazard", f"flood:series={series},alarm=2019-11-12T21:00"]
    for case, more in (
        ("dry", []), ("tide 1.40 m", ["--hazard", "flood:tide=1.40"]), ("November 2019", tide),
    ):  # fmt: skip
        for _ in range(2):  # The second finds its kernels compiled.
            with tempfile.TemporaryDirectory() as folder:
                line = [
                    sys.executable, "-m", "evacroute", "plan", *more, "--out", f"{folder}/plan",
                    "--network", venice / FILES[0], "--bridges", venice / FILES[1],
                    "--people", venice / PEOPLE, "--shelters", venice / SHELTERS,
                ]  # fmt: skip
                work = partial(subprocess.run, line, check=True, stdout=subprocess.DEVNULL)
                _, seconds = timed(work)
                plan = er.read_plan(f"{folder}/plan")
                er.verify(plan)
                _, checked = timed(partial(er.verify, plan))
        yield {"case": case, "seconds": seconds, "verify_s": checked, "left": plan.left}


ASIDES: dict[str, Callable[[], Iterator[Row]]] = {
    one.__name__: one
    for one in (
        rescue, evaluate, several, draws, sweep, check, directions, laws, board, defaults,
        class_speeds, commands,
    )
}  # fmt: skip


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("::")[0])
    parser.add_argument("names", nargs="*", help="which; all by default")
    parser.add_argument("--list", action="store_true", help="tell which there are")
    add_option(parser)
    asked = parser.parse_args()
    check_names(parser, asked.names, ASIDES)
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
