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
from results import add_option, record
from test_methods import METHODS, step_of, table, warm_up

import evacroute as er

PARTS = ("transport", "columns", "expanded")
"""What peers solve: the static problem, all classes over time, one class over time."""

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


def judge_by(
    judge: str, name: str, method: str, step: float, settings: dict[str, Any]
) -> tuple[str, dict[str, Any]]:
    """A method's plan played by a judge: a line of the table, and its figures."""
    warm_up(method)
    plan = er.assign(load(name), method, step=step, **settings)
    if judge == "sumo":
        from judges import sumo

        verdict = sumo.play(plan)
        return verdict.line(method), verdict.row(method)
    from judges import hydraulic

    options: dict[str, dict[str, Any]] = {
        "hydraulic": {},
        "hydraulic_room_3": {"room": 3.0},
        "hydraulic_shortest": {"own_ways": False},
    }
    verdict = hydraulic.play(plan, **options[judge])
    return verdict.line(method), verdict.row(method)


def row_of(part: str, who: str, answer: Answer, best: float | None = None) -> dict[str, Any]:
    """Figures of a peer: cost [person-seconds], share above the best, who is left, seconds, size.

    `why` says why there are none.
    """
    row = {"case": f"{part}:{who}", "part": part, "who": who, "why": answer.why}
    names = ("cost", "above", "left", "seconds", "all_s", "peak_mib", "size")
    if answer.why:
        return row | dict.fromkeys(names)
    value = answer.value
    return row | {
        "cost": value["cost"], "above": value["cost"] / best - 1 if best else None,
        "left": value["left"], "seconds": value["solve"], "all_s": answer.seconds,
        "peak_mib": answer.peak_mib, "size": value.get("arcs", value.get("columns", 0)),
    }  # fmt: skip


def show(row: dict[str, Any]) -> None:
    """Print a peer's row."""
    if row["why"]:
        print(f"{row['who']:<30} {row['why']}", flush=True)
        return
    gap = "-" if row["above"] is None else f"{row['above']:.3%}"
    print(
        f"{row['who']:<30} {row['cost'] / 3600:>12,.2f} {gap:>9} {row['left']:>8,.0f} "
        f"{row['seconds']:>9.3f} {row['all_s']:>9.1f} {row['peak_mib']:>9,.0f} "
        f"{row['size']:>12,}",
        flush=True,
    )


HEAD = (
    f"{'':<30} {'cost [h]':>12} {'above':>9} {'left':>8} {'solver s':>9} {'all s':>9} "
    f"{'peak MiB':>9} {'arcs/columns':>12}"
)


Apart = Callable[..., Answer]


def by_transport(name: str, step: float, apart: Apart) -> list[dict[str, Any]]:
    """Peers on the static problem."""
    print(f"\n{name}: static transport problem (streets' capacity ignored)\n{HEAD}")
    rows = []
    for peer in ("POT emd", "OR-Tools", "pylmcf (LEMON)", "HiGHS"):
        rows.append(row_of("transport", peer, apart(transport_by, peer, name, step)))
        show(rows[-1])
    return rows


def by_all_classes(
    name: str, step: float, peer_time: float, ours: list[dict[str, Any]]
) -> list[dict[str, Any]]:
    """Column generation over time, and how far our plans are above its bound."""
    print(f"\n{name}: column generation with HiGHS, all classes, persons split at will\n{HEAD}")
    answer = run_apart(columns, name, step, peer_time, limit=2 * peer_time + 60)
    bound = None if answer.why else answer.value["bound"]
    row = row_of("columns", "HiGHS columns", answer, bound)
    row |= {"bound": bound, "rounds": None if answer.why else answer.value["rounds"]}
    if not answer.why and not answer.value["finished"]:
        row["why"] = f"not finished in {peer_time:g} s"
    show(row)
    rows = [row]
    if bound is None or bound <= 0:
        return rows
    print(f"{'  bound':<30} {bound / 3600:>12,.2f}  ({row['rounds']} rounds)")
    for one in ours:
        if one["feasible"] and one["left"] == round(answer.value["left"]):
            above = one["cost"] / bound - 1
            print(f"{'  ' + one['method']:<30} {one['cost'] / 3600:>12,.2f} {above:>9.3%}")
            who = {"case": f"columns:{one['method']}", "part": "columns", "who": one["method"]}
            rows.append(who | {
                "why": "", "cost": one["cost"], "above": above, "left": one["left"],
                "seconds": one["seconds"], "all_s": None, "peak_mib": one["peak_mib"],
                "size": None, "bound": bound, "rounds": None,
            })  # fmt: skip
    return rows


def by_one_class(
    name: str, step: float, settings: dict[str, Any], apart: Apart
) -> list[dict[str, Any]]:
    """Exact solvers on the network expanded over time, and our methods on the same."""
    print(f"\n{name}, everyone of one class: the network expanded over time\n{HEAD}")
    exact = {peer: apart(expansion_by, peer, name, step) for peer in ("pylmcf (LEMON)", "OR-Tools")}
    known = [answer.value["cost"] for answer in exact.values() if not answer.why]
    rows = []
    for peer, answer in exact.items():
        rows.append(row_of("expanded", peer, answer))
        show(rows[-1])
        if not answer.why and not answer.value["exact"]:
            print("  a bound only: people start inside chains, whose links are counted apart")
    for method in METHODS[1:]:
        mine = settings if method == "over_time" else {}
        answer = run_apart(ours_in_one_class, name, method, step, mine, limit=1800)
        rows.append(row_of("expanded", method, answer, known[0] if known else None))
        show(rows[-1])
    return rows


def compare(
    name: str, step: float, settings: dict[str, Any], asked: argparse.Namespace
) -> list[dict[str, Any]]:
    """Our methods, then each kind of peer, on one instance."""
    parts = asked.part or PARTS
    ours: list[dict[str, Any]] = []
    if name not in INSTANCES:
        print(f"\n{name}: for our methods on a folder use `evacroute bench`")
    elif "columns" in parts:
        ours = table([name], list(METHODS), settings, asked.runs)

    def apart(function: Callable[..., Any], *arguments: Any) -> Answer:
        return run_apart(function, *arguments, limit=asked.peer_time)

    rows = []
    if "transport" in parts:
        rows += by_transport(name, step, apart)
    if "columns" in parts:
        rows += by_all_classes(name, step, asked.peer_time, ours)
    if "expanded" in parts:
        rows += by_one_class(name, step, settings, apart)
    return rows


def judge(name: str, step: float, settings: dict[str, Any], asked: Any) -> list[dict[str, Any]]:
    """Each plan played by each judge."""
    from judges.verdict import HEAD as JUDGED

    print(f"\n{name}: judged by simulators that nobody here wrote (minutes)\n{JUDGED}")
    rows = []
    for one in asked.judge:
        for method in asked.method or METHODS:
            mine = settings if method == "over_time" else {}
            answer = run_apart(judge_by, one, name, method, step, mine, limit=3600)
            if answer.why:
                sys.exit(f"{method:<18} {one}: {answer.why}")
            line, row = answer.value
            print(line, flush=True)
            rows.append({"case": f"{one}:{method}", **row})
    return rows


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
    parser.add_argument("--part", action="append", choices=PARTS, help="only this kind of peers")
    parser.add_argument("--name", help="of the results, before the instance (peers, judges)")
    add_option(parser)
    asked = parser.parse_args()
    settings = {"gap": asked.gap, "time_limit": asked.time_limit}
    settings = {name: value for name, value in settings.items() if value is not None}
    for name in asked.instances:
        if name not in INSTANCES and not Path(name).is_dir():
            parser.error(f"no instance or folder {name}; there are {', '.join(INSTANCES)}")
        step = asked.step or step_of(name)
        label = Path(name).name
        if not asked.no_peers:
            rows = compare(name, step, settings, asked)
            record(f"{asked.name or 'peers'}_{label}", rows, folder=asked.results)
        if asked.judge:
            rows = judge(name, step, settings, asked)
            if rows:
                record(f"{asked.name or 'judges'}_{label}", rows, folder=asked.results)


if __name__ == "__main__":
    main()
