"""Tables of other people's solvers."""

from __future__ import annotations

from collections.abc import Callable

from .files import Result, Results
from .parts import markdown, with_line

DISTRICT, VENICE = "peers_district_four_classes", "peers_venice_100k"
STATIC = ("POT emd", "OR-Tools", "pylmcf (LEMON)", "HiGHS")
EXACT = ("pylmcf (LEMON)", "OR-Tools")
OURS = ("earliest_arrival", "shelter_flow", "over_time")
NOT_ALIKE = "not comparable: leaves other people"


def peers_transport(results: Results) -> str:
    """The static problem on two instances."""
    small, large = results[DISTRICT], results["static_venice_100k"]
    rows = [[peer, *(_told(it, f"transport:{peer}") for it in (small, large))] for peer in STATIC]
    sizes = [it.show("transport:OR-Tools", "size", ",") for it in (small, large)]
    head = ["", f"part of the lagoon, {sizes[0]} pairs", f"`venice_100k`, {sizes[1]} pairs"]
    return with_line(markdown(head, rows), small, large)


def _told(it: Result, case: str) -> str:
    why = it.get(case, "why")
    if why:
        return str(why)
    spent: float = it.get(case, "seconds")
    digits = 1 if spent >= 1 else 2 if spent >= 0.1 else 3
    return f"{spent:.{digits}f} s"


def peers_expanded(results: Results) -> str:
    """The network expanded over time, one class."""
    small, large = results[DISTRICT], results[VENICE]
    rows = []
    for who in (*EXACT, *OURS):
        cells = [f"`{who}`" if who in OURS else who]
        for it in (small, large):
            case = f"expanded:{who}"
            words = [it.show(case, "cost", "h,.2f"), _above(it, case)]
            words.append(_told(it, case) if it.get(case, "seconds") or it.get(case, "why") else "")
            cells.append(", ".join(word for word in words if word))
        rows.append(cells)
    head = ["", "part of the lagoon, 60 s steps: person-hours, seconds",
            "`venice_100k`, 10 s steps"]  # fmt: skip
    return with_line(markdown(head, rows), small, large)


def _above(it: Result, case: str) -> str:
    above = it.get(case, "above")
    return "" if above is None else f"{above:.2%} above"


def peers_columns(results: Results) -> str:
    """Column generation over several classes."""
    it = results[DISTRICT]
    rows = []
    for case in (case for case in it.rows if case.startswith("columns:")):
        who = it.show(case, "who")
        if who == "HiGHS columns":
            who = f"columns, {it.show(case, 'rounds')} rounds, {it.show(case, 'size', ',')} columns"
        else:
            who = f"`{who}`"
        above = it.show(case, "above", ".2%")
        if case == "columns:over_time":
            above += " (target 1%: " + ("met)" if it.get(case, "above") <= 0.01 else "**missed**)")
        rows.append([who, it.show(case, "cost", "h,.2f"), above, _told(it, case)])
    head = ["", "cost [person-hours]", "above the bound of the columns", "seconds"]
    return with_line(markdown(head, rows), it)


def peers_table(results: Results) -> str:
    """Put solvers and our methods side by side, for the README.

    What each takes into account is what it is given in ``tests/benchmarks/peers/``.
    """
    small, large, static = results[DISTRICT], results[VENICE], results["static_venice_100k"]
    methods = results["methods"]

    def own(method: str, proves: str) -> list[str]:
        case, whole = f"columns:{method}", f"venice_100k:{method}"
        here = NOT_ALIKE
        if case in small.rows:
            here = f"{_told(small, case)}, {_above(small, case)}"
        gap, spent = methods.get(whole, "gap"), methods.get(whole, "seconds")
        there = [
            "" if spent is None else f"{spent:.1f} s",
            NOT_ALIKE if gap is None else f"{gap:.1%}",
        ]
        return [
            f"**evacroute** `{method}`", "over time, all classes", "yes", "yes", "yes", proves,
            here, ", ".join(filter(None, there)),
        ]  # fmt: skip

    rows = [own("over_time", "yes"), own("shelter_flow", "no"), own("earliest_arrival", "no")]
    for peer in STATIC:
        rows.append([
            peer, "who goes where, no time", "yes", "no", "yes", "of the static problem",
            _told(small, f"transport:{peer}"), _told(static, f"transport:{peer}"),
        ])  # fmt: skip
    for peer in EXACT:
        rows.append([
            f"{peer}, network expanded over time", "over time, one class", "yes", "yes", "no",
            "exact", _told(small, f"expanded:{peer}"), _told(large, f"expanded:{peer}"),
        ])  # fmt: skip
    rows.append([
        "HiGHS, column generation", "over time, all classes, persons split", "yes", "yes", "yes",
        "yes", _told(small, "columns:HiGHS columns"), _told(large, "columns:HiGHS columns"),
    ])  # fmt: skip
    head = [
        "solver", "solves", "shelters' room", "streets' capacity over time", "classes",
        "proves a bound", "part of the lagoon, 16,000 people: seconds, above the proven bound",
        "Venice, 100,000 people: seconds, above the bound that `over_time` proves",
    ]  # fmt: skip
    return with_line(markdown(head, rows), small, static, large, methods)


PEERS: dict[str, Callable[[Results], str]] = {
    one.__name__: one for one in (peers_transport, peers_expanded, peers_columns, peers_table)
}
