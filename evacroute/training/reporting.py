"""What an evaluation says, as tables for the docs and as text for the terminal."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

UNSEEN = "unseen networks"
OURS, OTHER, ALONE = "planned", "other simulator", "ghost"

INF = float("inf")

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
    """What was asked for, what was measured, whether that meets it, and its interval too."""

    what: str
    asked: str
    measured: str
    met: bool
    sure: bool

    @classmethod
    def of(cls, what: str, figure: dict[str, Any], form: str, low: float, high: float) -> Target:
        """Hold a figure against the least and most that are asked for."""
        asked = f"{low:{_whole(form)}} to {high:{_whole(form)}}"
        if not np.isfinite(low):
            asked = f"<= {high:{_whole(form)}}"
        elif not np.isfinite(high):
            asked = f">= {low:{_whole(form)}}"
        value = figure["value"]
        if not is_number(value):
            return cls(what, asked, "nobody is advised", True, False)
        ends = (figure["low"], figure["high"])
        sure = all(is_number(end) and low <= end <= high for end in ends)
        return cls(what, asked, shown(figure, form), low <= value <= high, sure)


def _whole(form: str) -> str:
    return ".0%" if form.endswith("%") else ".2f"


def targets(record: dict[str, Any]) -> list[Target]:
    """Hold an evaluation against what was asked for."""
    found = []
    for source in (OURS, OTHER):
        one = find(record, UNSEEN, source)
        by = f"unseen networks, {source}"
        if one is None:
            found.append(Target(by, "", "not measured", False, False))
            continue
        found += [
            Target.of(
                f"Brier under the formula's, {by}", one["brier_less"], ".1%", LESS[source], INF
            ),
            Target.of(
                f"calibration error, {by}",
                one["calibration_error"],
                ".3f",
                -INF,
                CALIBRATION[source],
            ),
        ]
        for kind, figures in one["by_kind"].items():
            who = f"{by}, {kind} ({figures['trips']:,} trips)"
            found.append(
                Target.of(f"80 % interval covers, {who}", figures["covered"], ".1%", *COVERED)
            )
        for kind, figures in one["by_kind"].items():
            what = f"advice that misses, {by}, {kind}"
            found.append(Target.of(what, figures["missed"], ".2%", -INF, MISSED))
        values = [f["missed"]["value"] for f in one["by_kind"].values()]
        known = [value for value in values if is_number(value)]
        if known:
            gap = {"value": max(known) - min(known), "low": None, "high": None}
            found.append(Target.of(f"gap of that between kinds, {by}", gap, ".2%", -INF, MISSED))
    alone = find(record, UNSEEN, ALONE) or {"by_kind": {}}
    for kind, figures in alone["by_kind"].items():
        what = f"advice without a plan that misses, unseen networks, {kind}"
        found.append(Target.of(what, figures["missed"], ".2%", -INF, MISSED))
    return found


def _verdict(one: Target) -> str:
    if not one.met:
        return "**missed**"
    return "met" if one.sure else "met, its interval reaches farther"


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
        f"| {one.what} | {one.asked} | {one.measured} | {_verdict(one)} |"
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
    for source in (OURS, ALONE):
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
    lines += textwrap.wrap(settled(record), 100)
    return "\n".join([*lines, *(f"warning: {one}" for one in warnings(record))])


SETTLED = 0.03
"""Rounds have settled once learning from the last lowers the Brier score on its own plans by no
more than this share."""


def settled(record: dict[str, Any]) -> str:
    """Say whether figures on the plans made last still change when the scorer learns from them."""
    gains = [one["gain"] for one in record.get("rounds", []) if "gain" in one]
    if not gains:
        return ""
    word = "settled" if gains[-1]["value"] <= SETTLED else "not settled"
    return (
        f"{word}: on the plans of the last round the scorer that has learned from it has a Brier "
        f"score {shown(gains[-1], '.1%')} lower than the one that made them"
    )


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
