"""What maps and figures say of a plan: its figures, how it was made, what to be wary of."""

from __future__ import annotations

from typing import Any

import numpy as np

from evacroute._changes import reports_of_hazards
from evacroute.network import Network
from evacroute.plan import Plan
from evacroute.reports import LoadReport
from evacroute.summary import PlanSummary

SYNTHETIC = "SYNTHETIC: a made-up city, not a real place"


def panel_words(plan: Plan) -> dict[str, Any]:
    """Give the words of the web map's panel as plain types."""
    summary = plan.summary()
    return {
        "persons": plan.placed + plan.left,
        "left": plan.left,
        "summary": _in_short(plan, summary),
        "classes": _classes(summary),
        "left_reasons": list(summary.left_by_reason.items()),
        "made": _made(plan, summary),
        "notes": notes(plan),
        "synthetic": SYNTHETIC if is_synthetic(plan) else "",
    }


def is_synthetic(plan: Plan) -> bool:
    """Whether the plan's network is made up."""
    return network_is_synthetic(plan.scenario.network)


def network_is_synthetic(network: Network) -> bool:
    """Whether a network's report says that it is made up."""
    return network.report is not None and network.report.is_synthetic


def notes(plan: Plan) -> list[str]:
    """Give what the loaders noted, and which share of the streets' widths is assumed."""
    network = plan.scenario.network
    found = []
    share = float(np.average(network.width_assumed, weights=network.length))
    if share > 0:
        text = "less than 1 %" if share < 0.01 else f"{share:.0%}"
        found.append(
            f"Widths of {text} of the streets, by length, are assumed, and so are their capacities."
        )
    for report in _reports(plan):
        found += [note for note in report.notes if note not in found]
    return found


def _reports(plan: Plan) -> list[LoadReport]:
    scenario = plan.scenario
    parts = (scenario.network, scenario.people, scenario.shelters, scenario.boats)
    reports = [getattr(part, "report", None) for part in parts]
    return [report for report in reports if report is not None] + reports_of_hazards(scenario)


def _in_short(plan: Plan, summary: PlanSummary) -> list[tuple[str, str]]:
    everyone = plan.placed + plan.left
    rows = [
        ("Have a shelter", f"{plan.placed:,} of {everyone:,} people"),
        (
            "Safe in time",
            f"{summary.safe:,} by the deadline of {summary.deadline_s / 60:g} min",
        ),
        ("Mean", f"{minutes(summary.mean)} from ready to safe"),
        ("95 %", f"within {minutes(summary.p95)} of being ready"),
        ("Last arrival", f"{minutes(summary.clearance)} after the alarm"),
    ]
    if summary.gap is not None:
        rows.append(("Certificate", f"at most {summary.gap:.2%} above the least possible"))
    return rows + [(head.capitalize(), text) for head, text in summary.happenings()]


def _classes(summary: PlanSummary) -> list[list[str]]:
    rows = []
    for name, row in summary.by_class.items():
        times = [clock(row[key]) for key in ("mean", "p95", "clearance")]
        rows.append([name, f"{row['placed']:,}", f"{row['left']:,}", *times])
    return rows


def _made(plan: Plan, summary: PlanSummary) -> list[tuple[str, str]]:
    rows = [
        ("Method", summary.method),
        ("Time step", f"{summary.step_s:g} s"),
        ("Seed", str(summary.seed)),
        ("Groups", f"{len(plan.scenario.groups):,}"),
        ("Movements", f"{len(plan.movements):,}"),
    ]
    rows += [(f"Seconds to {name}", f"{value:.1f}") for name, value in summary.seconds.items()]
    report = plan.scenario.network.report
    if report is not None:
        rows.append(("Network", report.source))
    return rows


def minutes(value: float | None) -> str:
    """Write a duration as 12.3 min."""
    return "-" if value is None else f"{value / 60:.1f} min"


def clock(value: float | None) -> str:
    """Write a duration as minutes and seconds: 12:30."""
    if value is None:
        return "-"
    whole = round(value)
    return f"{whole // 60}:{whole % 60:02d}"
