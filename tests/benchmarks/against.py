"""Our methods, other people's solvers and other people's simulators on one instance, in one run::

    python tests/benchmarks/against.py district_four_classes lagoon_50k venice_100k
    python tests/benchmarks/against.py lagoon_2k --judge hydraulic --judge sumo --no-peers
    python tests/benchmarks/against.py path/to/an/instance/folder --step 10

Each solver runs in a process of its own, which is ended after `--peer-time`. What is not installed
is named and left out: ``pip install evacroute[bench]``.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from apart import Answer, run_apart
from instances import DEADLINE, INSTANCES
from test_methods import METHODS, step_of, table, warm_up

import evacroute as er

JUDGES = ("hydraulic", "hydraulic_room_3", "hydraulic_shortest", "sumo")


def load(name: str) -> er.Scenario:
    """An instance by name, or of a folder."""
    if name in INSTANCES:
        return INSTANCES[name]()
    return er.read_instance(name, deadline=DEADLINE)


def transport_by(peer: str, name: str, step: float) -> dict[str, Any]:
    """The static transport problem by a peer."""
    from peers.transport import PEERS

    return PEERS[peer](load(name), step)


def expansion_by(peer: str, name: str, step: float) -> dict[str, Any]:
    """The network expanded over time, everyone of one class, by a peer."""
    from peers import expansion

    scenario = expansion.one_class(load(name))
    return {"OR-Tools": expansion.by_ortools, "pylmcf (LEMON)": expansion.by_lemon}[peer](
        scenario, step
    )


def columns(name: str, step: float, limit: float) -> dict[str, Any]:
    """Column generation with HiGHS, all classes."""
    from peers.columns import by_columns

    return by_columns(load(name), step, limit)


def ours_in_one_class(
    name: str, method: str, step: float, settings: dict[str, Any]
) -> dict[str, Any]:
    """Our method with everyone of one class."""
    from peers.expansion import one_class

    scenario = one_class(load(name))
    warm_up(method)
    plan = er.assign(scenario, method, step=step, **settings)
    return {"cost": plan.cost, "left": plan.left, "solve": plan.seconds["assign"], "arcs": 0}


def judge_by(judge: str, name: str, method: str, step: float, settings: dict[str, Any]) -> str:
    """A method's plan played by a judge: a row of the table."""
    warm_up(method)
    plan = er.assign(load(name), method, step=step, **settings)
    if judge == "sumo":
        from judges import sumo

        return sumo.play(plan).line(method)
    from judges import hydraulic

    options: dict[str, dict[str, Any]] = {
        "hydraulic": {},
        "hydraulic_room_3": {"room": 3.0},
        "hydraulic_shortest": {"own_ways": False},
    }
    return hydraulic.play(plan, **options[judge]).line(method)


def show(who: str, answer: Answer, best: float | None = None) -> None:
    """Print a peer's row: minutes, how far from the best, who is left, seconds, memory, size."""
    if answer.why:
        print(f"{who:<30} {answer.why}", flush=True)
        return
    value = answer.value
    gap = "-" if not best else f"{value['cost'] / best - 1:.3%}"
    print(
        f"{who:<30} {value['cost'] / 3600:>12,.2f} {gap:>9} {value['left']:>8,.0f} "
        f"{value['solve']:>9.3f} {answer.seconds:>9.1f} {answer.peak_mib:>9,.0f} "
        f"{value.get('arcs', value.get('columns', 0)):>12,}",
        flush=True,
    )


HEAD = (
    f"{'':<30} {'cost [h]':>12} {'above':>9} {'left':>8} {'solver s':>9} {'all s':>9} "
    f"{'peak MiB':>9} {'arcs/columns':>12}"
)


def compare(name: str, step: float, settings: dict[str, Any], peer_time: float, runs: int) -> None:
    """Our methods, then each kind of peer, on one instance."""
    if name in INSTANCES:
        rows = table([name], list(METHODS), settings, runs)
    else:
        print(f"\n{name}: for our methods on a folder use `evacroute bench`")
        rows = []

    def apart(function: Callable[..., Any], *arguments: Any) -> Answer:
        return run_apart(function, *arguments, limit=peer_time)

    print(f"\n{name}: static transport problem (streets' capacity ignored)\n{HEAD}")
    for peer in ("POT emd", "OR-Tools", "pylmcf (LEMON)", "HiGHS"):
        show(peer, apart(transport_by, peer, name, step))

    print(f"\n{name}: column generation with HiGHS, all classes, persons split at will\n{HEAD}")
    answer = run_apart(columns, name, step, peer_time, limit=2 * peer_time + 60)
    if answer.why or answer.value["finished"]:
        show("HiGHS columns", answer)
    else:
        print(f"{'HiGHS columns':<30} not finished in {peer_time:g} s", flush=True)
    if not answer.why and answer.value["bound"] > 0:
        value = answer.value
        print(f"{'  bound':<30} {value['bound'] / 3600:>12,.2f}  ({value['rounds']} rounds)")
        for row in rows:
            if row["feasible"] and row["left"] == round(value["left"]):
                above = row["cost"] / value["bound"] - 1
                print(f"{'  ' + row['method']:<30} {row['cost'] / 3600:>12,.2f} {above:>9.3%}")

    print(f"\n{name}, everyone of one class: the network expanded over time\n{HEAD}")
    exact = {peer: apart(expansion_by, peer, name, step) for peer in ("pylmcf (LEMON)", "OR-Tools")}
    known = [answer.value["cost"] for answer in exact.values() if not answer.why]
    for peer, answer in exact.items():
        show(peer, answer)
        if not answer.why and not answer.value["exact"]:
            print("  a bound only: people start inside chains, whose links are counted apart")
    for method in METHODS[1:]:
        mine = settings if method == "over_time" else {}
        answer = run_apart(ours_in_one_class, name, method, step, mine, limit=1800)
        show(method, answer, known[0] if known else None)


def main() -> None:
    """Compare on the instances of the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("::")[0])
    parser.add_argument("instances", nargs="+", metavar="INSTANCE|DIR", help=", ".join(INSTANCES))
    parser.add_argument("--step", type=float, help="step of the grid [s]; 10, for districts 60")
    parser.add_argument("--gap", type=float, help="over_time stops at this gap")
    parser.add_argument(
        "--time-limit", type=float, metavar="S", help="over_time stops after so long"
    )
    parser.add_argument("--peer-time", type=float, default=60.0, metavar="S", help="for each peer")
    parser.add_argument("--runs", type=int, default=1, help="the quickest of so many counts")
    parser.add_argument("--no-peers", action="store_true", help="judges only")
    parser.add_argument("--judge", action="append", choices=JUDGES, default=[])
    parser.add_argument("--method", action="append", choices=METHODS, help="whose plans are judged")
    asked = parser.parse_args()
    settings = {"gap": asked.gap, "time_limit": asked.time_limit}
    settings = {name: value for name, value in settings.items() if value is not None}
    for name in asked.instances:
        if name not in INSTANCES and not Path(name).is_dir():
            parser.error(f"no instance or folder {name}; there are {', '.join(INSTANCES)}")
        step = asked.step or step_of(name)
        if not asked.no_peers:
            compare(name, step, settings, asked.peer_time, asked.runs)
        if asked.judge:
            from judges.verdict import HEAD as JUDGED

            print(f"\n{name}: judged by simulators that nobody here wrote (minutes)\n{JUDGED}")
        for judge in asked.judge:
            for method in asked.method or METHODS:
                mine = settings if method == "over_time" else {}
                answer = run_apart(judge_by, judge, name, method, step, mine, limit=3600)
                print(answer.value if not answer.why else f"{method:<18} {judge}: {answer.why}")
                sys.stdout.flush()


if __name__ == "__main__":
    main()
