"""What an evaluation says, as tables for the docs and as text for the terminal."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

UNSEEN = "unseen networks"
OURS, OTHER = "planned", "other simulator"

LESS = {OURS: 0.15, OTHER: 0.10}
"""Share by which the Brier score is to be lower than the formula's, on unseen networks."""

CALIBRATION = {OURS: 0.01, OTHER: 0.03}
"""Greatest calibration error that is asked for."""

COVERED = (0.77, 0.83)
"""What the 80 % interval is to cover, for every kind of people."""

MISSED = 0.02
"""Greatest share of advice that may miss, for every kind, and greatest gap between kinds."""


@dataclass(frozen=True, slots=True)
class Target:
    """What was asked for, what was measured, and whether that meets it."""

    what: str
    asked: str
    measured: str
    met: bool


def targets(record: dict[str, Any]) -> list[Target]:
    """Hold an evaluation against what was asked for; figures that are missing are left out."""
    found = []
    for source in (OURS, OTHER):
        one = find(record, UNSEEN, source)
        if one is None:
            continue
        by = f"unseen networks, {source}"
        less, error = one["brier_less"], one["calibration_error"]
        found += [
            Target(
                f"Brier under the formula's, {by}", f">= {LESS[source]:.0%}",
                shown(less, ".1%"), less["value"] >= LESS[source],
            ),
            Target(
                f"calibration error, {by}", f"<= {CALIBRATION[source]:.2f}",
                shown(error, ".3f"), error["value"] <= CALIBRATION[source],
            ),
        ]  # fmt: skip
        for kind, figures in one["by_kind"].items():
            covered = figures["covered"]
            found.append(
                Target(
                    f"80 % interval covers, {by}, {kind} ({figures['trips']:,} trips)",
                    f"{COVERED[0]:.0%} to {COVERED[1]:.0%}", shown(covered, ".1%"),
                    COVERED[0] <= round(covered["value"], 3) <= COVERED[1],
                )
            )  # fmt: skip
        advised = {k: f for k, f in one["by_kind"].items() if is_number(f["missed"]["value"])}
        for kind, figures in advised.items():
            missed = figures["missed"]
            found.append(
                Target(
                    f"advice that misses, {by}, {kind}",
                    f"<= {MISSED:.0%}",
                    shown(missed, ".2%"),
                    missed["value"] <= MISSED,
                )
            )
        values = [f["missed"]["value"] for f in advised.values()]
        if values:
            gap = max(values) - min(values)
            found.append(
                Target(
                    f"gap of that between kinds, {by}",
                    f"<= {MISSED:.0%}",
                    f"{gap:.2%}",
                    gap <= MISSED,
                )
            )
    return found


def find(record: dict[str, Any], name: str, source: str) -> dict[str, Any] | None:
    """Find the figures of a set and source, None where there are none."""
    for one in record["sets"]:
        if (one["set"], one["source"]) == (name, source):
            return dict(one)
    return None


def targets_table(record: dict[str, Any]) -> str:
    """Write what was asked for and what is, for the docs."""
    lines = ["| what | asked for | measured | |", "|---|---|---|---|"]
    lines += [
        f"| {one.what} | {one.asked} | {one.measured} | {'met' if one.met else '**missed**'} |"
        for one in targets(record)
    ]
    return "\n".join(lines)


def warnings(record: dict[str, Any]) -> list[str]:
    """Say for what a scorer had too few trips to be of use."""
    found = [
        f"few trips of {kind!r} to calibrate with ({n}): their odds are those of others"
        for kind, n in record.get("calibrated_with", {}).items()
        if n < record["calibrated_least"]
    ]
    for source in (OURS, "ghost"):
        one = find(record, UNSEEN, source)
        if one is not None and one["advised"]["value"] > 0.995 and one["safe"]["value"] < 0.98:
            found.append(
                f"all trips of {UNSEEN}, {source}, are advised as safe, though only "
                f"{one['safe']['value']:.1%} were: of no use, train on more scenarios"
            )
    return found


def table(record: dict[str, Any]) -> str:
    """Write the figures as a table for the docs."""
    head = (
        "| trips of | judged by | trips | scenarios | safe | Brier | formula | less | "
        "calibration | 80 % covers | advised | of them missed |"
    )
    lines = [head, "|---" * 12 + "|"]
    for one in record["sets"]:
        lines.append(_row(one["set"], one["source"], one))
        for kind, figures in one["by_kind"].items():
            lines.append(_row("", kind, figures | {"scenarios": ""}))
    return "\n".join(lines)


def rounds_table(record: dict[str, Any]) -> str:
    """Write the figures by round as a table: whether odds hold for plans made with them."""
    lines = [
        "| round | scorer | trips | scenarios | safe | Brier | calibration | 80 % covers | "
        "of the advised missed |",
        "|---" * 9 + "|",
    ]
    for number, name, one in _rounds(record):
        cells = [
            number, name, f"{one['trips']:,}", one["scenarios"], shown(one["safe"], ".1%"),
            shown(one["brier"], ".4f"), shown(one["calibration_error"], ".3f"),
            shown(one["covered"], ".1%"), shown(one["missed"], ".2%"),
        ]  # fmt: skip
        lines.append(f"| {' | '.join(map(str, cells))} |")
    return "\n".join(lines)


def text(record: dict[str, Any]) -> str:
    """Write the figures for the terminal, no line longer than 100 characters."""
    lines = []
    for one in record["sets"]:
        lines += [
            f"{one['set']}, {one['source']}: {one['trips']:,} trips of {one['scenarios']} "
            f"scenarios, {one['safe']['value']:.1%} safe",
            f"  Brier {shown(one['brier'], '.4f')}, formula's "
            f"{one['brier_baseline']['value']:.4f}: {shown(one['brier_less'], '.1%')} less",
            f"  calibration error {shown(one['calibration_error'], '.3f')}",
            f"  {'':<12} {'80 % covers':<24} {'advised':>8} {'of them missed':>16}",
        ]
        for kind, figures in ({"all": one} | one["by_kind"]).items():
            lines.append(
                f"  {kind:<12} {shown(figures['covered'], '.1%'):<24} "
                f"{figures['advised']['value']:>8.0%}   {shown(figures['missed'], '.2%')}"
            )
    for number, name, one in _rounds(record):
        lines.append(
            f"round {number}, scorer {name}: {one['safe']['value']:.1%} safe, Brier "
            f"{one['brier']['value']:.4f}, calibration {shown(one['calibration_error'], '.3f')}"
        )
    return "\n".join([*lines, *(f"warning: {one}" for one in warnings(record))])


def _rounds(record: dict[str, Any]) -> Iterable[tuple[int, str, dict[str, Any]]]:
    """Rows of the rounds: number, which scorer, and its figures."""
    names = {"before": "that planned them", "after": "in the end"}
    for one in record.get("rounds", []):
        for key, name in names.items():
            if one[key] is not None:
                yield one["round"], name, one[key]


def is_number(value: float | None) -> bool:
    """Whether a figure is known; unknown ones are None in files."""
    return value is not None and not np.isnan(value)


def shown(figure: dict[str, Any], form: str) -> str:
    """Show a figure with its interval."""
    if not is_number(figure["value"]):
        return "-"
    value = format(figure["value"], form)
    if not (is_number(figure["low"]) and is_number(figure["high"])):
        return value
    return f"{value} ({format(figure['low'], form)} to {format(figure['high'], form)})"


def _row(name: str, source: str, one: dict[str, Any]) -> str:
    return (
        f"| {name} | {source} | {one['trips']:,} | {one['scenarios']} | "
        f"{one['safe']['value']:.1%} | {shown(one['brier'], '.4f')} | "
        f"{shown(one['brier_baseline'], '.4f')} | {shown(one['brier_less'], '.1%')} | "
        f"{shown(one['calibration_error'], '.3f')} | {shown(one['covered'], '.1%')} | "
        f"{one['advised']['value']:.0%} | {shown(one['missed'], '.2%')} |"
    )
