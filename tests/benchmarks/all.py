"""All benchmarks that the pages are made of, one after another, each in a process of its own::

    python tests/benchmarks/all.py --results docs/results            # half an hour on two cores
    python tests/benchmarks/all.py --results docs/results replan     # some of them
    python tests/benchmarks/all.py --list

What takes long is run only where it is named. Results of a benchmark that fails are not kept; the
others go on. Then ``python docs/write_results.py`` writes the pages.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from asides import ASIDES
from instances import shared_folder
from results import FOLDER, ROOT, check_names

GAP = ("--gap", "0.02", "--time-limit", "30")
JUDGES = ("--no-peers", "--judge", "sumo", "--judge", "hydraulic")


@dataclass(frozen=True, slots=True)
class Benchmark:
    """A command, and the results that it makes.

    Parameters
    ----------
    name
        By which it is asked for.
    words
        Script or test, beside this one, and its options.
    makes
        Names of its results.
    by_hand
        It takes long: run only where it is named.
    shared
        It reads the shared inputs.
    env
        Settings from outside.
    """

    name: str
    words: tuple[str, ...]
    makes: tuple[str, ...]
    by_hand: bool = False
    shared: bool = True
    env: tuple[tuple[str, str], ...] = ()

    @property
    def is_test(self) -> bool:
        """Whether pytest runs it."""
        return Path(self.words[0]).name in TESTS

    @property
    def command(self) -> list[str]:
        """What is started, from the root of the checkout."""
        script = f"tests/benchmarks/{self.words[0]}"
        if self.is_test:
            return [sys.executable, "-m", "pytest", script, "-o", "addopts=-ra", "-s", "-q"]
        return [sys.executable, script, *self.words[1:]]

    @property
    def line(self) -> str:
        """The command as one types it."""
        sizes = [f"{name}={value}" for name, value in self.env]
        return " ".join([*sizes, "python", *self.command[1:]])


TESTS = (
    "test_main_job.py", "test_replan.py", "test_small_exact.py", "test_scale.py",
    "test_osm_reading.py", "test_stores.py", "test_desk_cost.py",
)  # fmt: skip
"""Benchmarks that pytest runs; the others are scripts."""

BENCHMARKS = (
    Benchmark("main_job", ("test_main_job.py",), ("main_job", "fixed_instance", "reading")),
    Benchmark("osm_reading", ("test_osm_reading.py",), ("osm_reading",)),
    Benchmark("methods", ("test_methods.py", *GAP), ("methods",)),
    Benchmark(
        "methods_full",
        ("test_methods.py", "venice_full", "--gap", "0.02", "--time-limit", "60",
         "--method", "shelter_flow", "--method", "over_time", "--name", "methods_full"),
        ("methods_full",),
    ),
    Benchmark(
        "methods_close",
        ("test_methods.py", "venice_100k", "--gap", "0.005", "--time-limit", "180",
         "--method", "over_time", "--name", "methods_close"),
        ("methods_close",),
    ),
    Benchmark("replan", ("test_replan.py",), ("replan",)),
    Benchmark("floods", ("test_hazards.py",), ("floods",)),
    Benchmark(
        "floods_full",
        ("test_hazards.py", "--instance", "venice_full", "--name", "floods_full"),
        ("floods_full",),
    ),
    Benchmark("great_bridges", ("test_hazards.py", "--bridges"), ("great_bridges",)),
    Benchmark("earthquakes", ("test_hazards.py", "--draws", "100"), ("earthquakes",), shared=False),
    Benchmark(
        "peers",
        ("against.py", "district_four_classes", "--gap", "0.002", "--time-limit", "30"),
        ("peers_district_four_classes",),
        shared=False,
    ),
    Benchmark(
        "peers_static",
        ("against.py", "venice_100k", "--part", "transport", "--name", "static"),
        ("static_venice_100k",),
    ),
    Benchmark("judges", ("against.py", "venice_100k", *JUDGES, *GAP), ("judges_venice_100k",)),
    Benchmark("small_exact", ("test_small_exact.py",), ("small_exact",), shared=False),
    Benchmark(
        "simulation", ("test_simulation.py",), ("hermes", "simulators", "simulator_speed"),
    ),
    Benchmark("ghosts", ("test_ghosts.py", "--draws", "12"), ("ghosts",), shared=False),
    Benchmark("scoring", ("test_scoring.py",), ("scorer_speed",), shared=False),
    Benchmark("odds_cost", ("odds_cost.py",), ("odds_cost",), shared=False),
    Benchmark(
        "odds_cost_venice",
        ("odds_cost.py", "venice_100k", "venice_full", "--name", "odds_cost_venice"),
        ("odds_cost_venice",),
    ),
    Benchmark(
        "floods_over_time",
        ("test_hazards.py", "--method", "over_time", "--gap", "0.02", "--time-limit", "60",
         "--no-boats", "--name", "floods_over_time"),
        ("floods_over_time",),
    ),
    Benchmark("stores", ("serving/test_stores.py",), ("stores",), shared=False),
    Benchmark("desk_cost", ("serving/test_desk_cost.py",), ("desk_cost",), shared=False),
    Benchmark("answering", ("test_answering.py",), ("answering",)),
    Benchmark(
        "scale", ("test_scale.py",), ("scale",), shared=False,
        env=(("EVACROUTE_SCALE", "1,10"),),
    ),
    *(Benchmark(f"aside_{name}", ("asides.py", name), (f"aside_{name}",)) for name in ASIDES),
    # What takes longer, ten minutes each or more.
    Benchmark(
        "scored_plans", ("test_scored_plans.py", "--draws", "60"), ("scored_plans",),
        by_hand=True, shared=False,
    ),
    Benchmark("peers_venice", ("against.py", "venice_100k"), ("peers_venice_100k",), by_hand=True),
    Benchmark(
        "judges_room",
        ("against.py", "venice_100k", "--no-peers", "--judge", "hydraulic_room_3", *GAP,
         "--name", "judges_room"),
        ("judges_room_venice_100k",),
        by_hand=True,
    ),
    Benchmark(
        "judges_lagoon",
        ("against.py", "lagoon_50k", *JUDGES, "--judge", "hydraulic_shortest", *GAP),
        ("judges_lagoon_50k",),
        by_hand=True,
        shared=False,
    ),
    Benchmark(
        "earthquakes_500",
        ("test_hazards.py", "--draws", "500", "--name", "earthquakes_500"),
        ("earthquakes_500",),
        by_hand=True,
        shared=False,
    ),
    Benchmark(
        "scale_100", ("test_scale.py",), ("scale_large",), by_hand=True, shared=False,
        env=(("EVACROUTE_SCALE", "1,30,100"),),
    ),
    Benchmark("load", ("serving/load.py",), ("serving_load",), by_hand=True),
)  # fmt: skip
"""In the order in which they run."""


def run(one: Benchmark, results: Path) -> bool:
    """Run a benchmark; its results are kept where it ends well."""
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder) / "results"
        command = list(one.command)
        env = {**os.environ, **dict(one.env), "PYTHONPATH": _path()}
        if one.is_test:
            env[FOLDER] = str(made)
        else:
            command += ["--results", str(made)]
        if one.words[0] == "serving/load.py":
            command += ["--out", str(Path(folder) / "load")]
        done = subprocess.run(command, cwd=ROOT, env=env, check=False)
        missing = [name for name in one.makes if not (made / f"{name}.json").is_file()]
        if done.returncode or missing:
            print(f"{one.name}: ended with {done.returncode}; not made: {missing}", flush=True)
            return False
        results.mkdir(parents=True, exist_ok=True)
        for name in one.makes:
            shutil.move(made / f"{name}.json", results / f"{name}.json")
    return True


def _path() -> str:
    return os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH", "")]))


def run_all(chosen: Iterable[Benchmark], results: Path) -> list[str]:
    """Run benchmarks in turn and print how long each takes; the names of those that failed."""
    failed, begin = [], time.monotonic()
    for one in chosen:
        if one.shared and not shared_folder().is_dir():
            print(f"{one.name}: skipped, no shared inputs at {shared_folder()}", flush=True)
            continue
        print(f"\n== {one.name}: {one.line}", flush=True)
        since = time.monotonic()
        if not run(one, results):
            failed.append(one.name)
        print(f"== {one.name}: {time.monotonic() - since:.0f} s", flush=True)
    print(f"\n{time.monotonic() - begin:.0f} s in all; failed: {', '.join(failed) or 'none'}")
    return failed


def main() -> int:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("::")[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help="all that are quick by default")
    parser.add_argument("--results", type=Path, metavar="DIR", help="where results are left")
    parser.add_argument("--list", action="store_true", help="tell names, results and commands")
    asked = parser.parse_args()
    if asked.list:
        for one in BENCHMARKS:
            mark = " (only by name)" if one.by_hand else ""
            print(f"{one.name}{mark} -> {', '.join(one.makes)}: {one.line}")
        return 0
    known = {one.name: one for one in BENCHMARKS}
    check_names(parser, asked.names, known)
    if asked.results is None:
        parser.error("--results DIR is needed: where results are left")
    chosen = [known[name] for name in asked.names]
    chosen = chosen or [one for one in BENCHMARKS if not one.by_hand]
    return 1 if run_all(chosen, asked.results.resolve()) else 0


if __name__ == "__main__":
    sys.exit(main())
