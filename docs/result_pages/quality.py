"""Tables of how good plans, bounds, simulations and odds are."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from evacroute.training.reporting import find, shown, targets_table

from .files import MissingResultError, Results
from .parts import aim, markdown, with_line

SCORER = Path(__file__).resolve().parents[2] / "data" / "scorer"
METHODS = ("nearest", "earliest_arrival", "shelter_flow", "over_time")


def gaps(results: Results) -> str:
    """How far plans are at most from the best, by the bound that was proven."""
    it = results["methods"]
    rows = []
    for name in dict.fromkeys(case.split(":")[0] for case in it.rows):
        case = f"{name}:over_time"
        gap = it.get(case, "gap")
        rows.append([
            f"`{name}`", it.show(case, "mean", "min.2f"),
            "" if it.get(case, "bound") is None else it.show(case, "bound", "h,.1f"),
            it.show(case, "cost", "h,.1f"), it.show(case, "left", ","),
            *((f"{gap:.2%}", aim(gap, 0.02, ".0%")[1]) if gap is not None else ("", "no bound")),
            it.show(f"{name}:shelter_flow", "gap", ".1%"), it.show(case, "rules"),
        ])  # fmt: skip
    head = [
        "instance", "mean [min]", "proven least cost [person-hours]", "cost of the plan", "left",
        "gap", "target 2 %", "gap of `shelter_flow`", "rules",
    ]  # fmt: skip
    return with_line(markdown(head, rows), it)


def small_exact(results: Results) -> str:
    """Small cases against the exact optimum."""
    it = results["small_exact"]
    rows = []
    for case in it.rows:
        most = 0.003 if case.startswith("one class") else 0.01
        wanted, verdict = aim(it.get(case, "above"), most, ".1%")
        rows.append([
            case, it.show(case, "above", ".2%"), f"{wanted}: {verdict}",
            it.show(case, "bound_below", ".3%"), it.show(case, "gap", ".2%"),
            it.show(case, "seconds", ".1f"), it.show(case, "exact_s", ".1f"),
        ])  # fmt: skip
    head = [
        "case", "plan above the optimum", "target", "our bound below it", "gap that we prove",
        "seconds", "seconds of the exact solver",
    ]  # fmt: skip
    return with_line(markdown(head, rows), it)


def judges_venice(results: Results) -> str:
    """Plans of Venice, played by others."""
    it, room = results["judges_venice_100k"], results["judges_room_venice_100k"]
    rows = []
    for method in METHODS:
        cells = [f"`{method}`"]
        for one, judge in ((it, "sumo"), (it, "hydraulic"), (room, "hydraulic_room_3")):
            cells.append(_ratios(one.rows, f"{judge}:{method}", one.name))
        case = f"hydraulic:{method}"
        cells += [it.show(case, "mean", "min.2f"), it.show(case, "never", ",")]
        rows.append(cells)
    head = [
        "plan", "SUMO: mean, clearance", "jupedsim-network, own ways: mean, clearance",
        "own ways, three times the room: mean, clearance", "its mean, own ways [min]", "never safe",
    ]  # fmt: skip
    return with_line(markdown(head, rows), it, room)


def judges_lagoon(results: Results) -> str:
    """Plans of the lagoon, played by others."""
    it = results["judges_lagoon_50k"]
    judges = ("sumo", "hydraulic", "hydraulic_shortest")
    rows = [
        [f"`{method}`", *(_ratios(it.rows, f"{judge}:{method}", it.name) for judge in judges)]
        for method in METHODS
    ]
    head = [
        "plan", "SUMO: mean, clearance", "jupedsim-network, own ways: mean, clearance",
        "shortest ways: mean, clearance",
    ]  # fmt: skip
    return with_line(markdown(head, rows), it)


def _ratios(rows: dict[str, dict[str, Any]], case: str, name: str) -> str:
    if case not in rows:
        raise MissingResultError(f"{name} has no case {case!r}, only {list(rows)}")
    return f"{rows[case]['mean_ratio']:.3f}, {rows[case]['clearance_ratio']:.3f}"


def hermes(results: Results) -> str:
    """Speeds in the HERMES corridor."""
    it = results["hermes"]
    rows = []
    for law, name in (("weidmann", "Weidmann"), ("sfpe", "SFPE")):
        cases = [f"{law}:{half}" for half in ("one half", "the other")]
        worst = max(it.get(case, "error") for case in cases)
        shown = [it.show(case, "error", ".3f") for case in cases]
        rows.append([name, *shown, *aim(worst, 0.06, ".2f")])
    head = ["law", "fitted on one half [m/s]", "on the other", "target", ""]
    return with_line(markdown(head, rows), it)


def simulators(results: Results) -> str:
    """Our simulator beside another on the same plans."""
    it = results["simulators"]
    names = {
        "lagoon_2k": "lagoon, 2,000 people", "district_four_classes": "district, four classes",
        "venice_100k": "Venice, 100,000 people",
    }  # fmt: skip
    rows = [
        [what, *(_ratios(it.rows, f"{name}:{how}", it.name) for how in ("alike", "default"))]
        for name, what in names.items()
    ]
    head = ["plan (`shelter_flow`)", "alike: mean, clearance", "default: mean, clearance"]
    return with_line(markdown(head, rows), it)


def ghosts(results: Results) -> str:
    """Ghosts beside people of flesh."""
    it = results["ghosts"]
    rows = [
        [case, it.show(case, "trips"), it.show(case, "taken", ".0f"),
         it.show(case, "later_mean", "+.1f"), it.show(case, "apart_median", ".1f"),
         it.show(case, "same_answer", ".1%")]
        for case in it.rows
    ]  # fmt: skip
    head = [
        "", "trips", "mean time taken [s]", "ghosts later, mean [s]", "apart, median [s]",
        "the same answer to \"in time?\"",
    ]  # fmt: skip
    return with_line(markdown(head, rows), it)


def scored_plans(results: Results) -> str:
    """Who is late by which plan."""
    it = results["scored_plans"]
    names = {
        "nearest": "all to the nearest shelter",
        "free flow": "walking times in empty streets, room of shelters and doors",
        "time alone": "time in streets with their limits",
    }
    rows = []
    for case, what in names.items():
        fewer = it.show(case, "fewer", ".1%")
        span = f"{it.show(case, 'low', '.1%')} to {it.show(case, 'high', '.1%')}"
        rows.append([
            what, it.show(case, "late", ","),
            f"{fewer} ({span}), in {it.show(case, 'fewer_in')} draws, more in "
            f"{it.show(case, 'more_in')}",
        ])  # fmt: skip
    rows.append(["that and odds", it.show("time and odds", "late", ","), ""])
    return with_line(markdown(["plan", "late", "fewer by time and odds"], rows), it)


def _evaluation() -> tuple[dict[str, Any], str]:
    record = json.loads((SCORER / "evaluation.json").read_text(encoding="utf-8"))
    card = json.loads((SCORER / "scorer.json").read_text(encoding="utf-8"))
    made = f"Made with version {card['library']}, seed {card['seed']}, by `{card['command']}`"
    return record, f"{made}, from `data/scorer/`."


def scorer_by_kind(results: Results) -> str:
    """Brier score and calibration of each held-out set and kind of people."""
    record, line = _evaluation()
    rows = []
    for one in record["sets"]:
        kinds = [("all", one), *one["by_kind"].items()]
        for kind, figures in kinds:
            first = kind == "all"
            rows.append([
                f"{one['set']}, {one['source']}" if first else "", kind, f"{figures['trips']:,}",
                shown(figures["brier"], ".4f"), shown(figures["brier_less"], ".1%"),
                shown(figures["calibration_error"], ".3f"), shown(figures["missed"], ".2%"),
            ])  # fmt: skip
    head = [
        "trips of, judged by", "kind", "trips", "Brier", "less than the formula's",
        "calibration error", "of the advised missed",
    ]  # fmt: skip
    return f"{markdown(head, rows)}\n\n{line}"


def scorer_targets(results: Results) -> str:
    """What was asked of the scorer, and what is."""
    record, line = _evaluation()
    if find(record, "unseen networks", "planned") is None:
        raise MissingResultError("data/scorer/evaluation.json says nothing of unseen networks")
    return f"{targets_table(record)}\n\n{line}"


QUALITY: dict[str, Callable[[Results], str]] = {
    one.__name__: one
    for one in (
        gaps, small_exact, judges_venice, judges_lagoon, hermes, simulators, ghosts, scored_plans,
        scorer_by_kind, scorer_targets,
    )
}  # fmt: skip
