"""Several runs of the simulator, each with a seed of its own: what they have in common."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import stdtrit

from evacroute.simulation import Simulation
from evacroute.simulation.result import CROWDED
from evacroute.writing import plain, write_json, write_table

RUNS = "runs.csv"
"""One row a run."""

PERSONS = ("safe", "late", "not_in", "left")
TIMES = ("mean", "p95", "clearance")
SHARE = 0.95
"""How sure an interval is."""


@dataclass(slots=True)
class Runs:
    """Figures of each run; printing them shows a table.

    Parameters
    ----------
    common
        What is the same in every run: persons, deadline, behaviour, physics and the plan's figures.
    rows
        Figures of each run, as `Runs.frame` has them.
    settings
        With what they were played, in a line.
    cut_at
        When those that ended before the deadline and before all were in did so [s], 0 = none.
    """

    common: dict[str, Any] = field(default_factory=dict)
    rows: list[dict[str, Any]] = field(default_factory=list)
    settings: str = ""
    cut_at: float = 0.0

    def add(self, run: Simulation) -> None:
        """Add a run's figures."""
        count, took = run.counts, run.times
        record = run.to_dict()
        kept = (
            "planned", "deadline_s", "until_s", "follows_plan", "keep_times", "behaviour", "physics"
        )  # fmt: skip
        self.settings = run.settings
        self.cut_at = max(self.cut_at, run.ended if run.is_cut else 0.0)
        self.common = {"persons": sum(count.values())} | {name: record[name] for name in kept}
        self.rows.append(
            {
                "seed": run.seed,
                "safe": count["safe"],
                "late": count["late"],
                "not_in": count["on the way"] + count["stuck"] + count["not started"],
                "left": count["left"],
                "mean_s": took.mean,
                "p95_s": took.p95,
                "clearance_s": took.clearance,
                "crowded_streets": len(record["crowded"]),
                "turned_away": int(run.turned_away.sum()),
            }
        )

    def frame(self) -> pd.DataFrame:
        """One row a run.

        Returns
        -------
        DataFrame
            seed; safe, late, not_in (out, but in no shelter at the end, or not yet out), left
            [persons]; mean_s, p95_s (from ready to safe), clearance_s (NaN = nobody arrived);
            crowded_streets (over 4 persons/m2 in some minute); turned_away (how often persons found
            a shelter full).
        """
        return pd.DataFrame(self.rows)

    def figures(self) -> dict[str, dict[str, float]]:
        """Mean of each figure over the runs that have it, its interval, and the extremes.

        The interval (`low`, `high`) is that of the mean: 95 % by Student's t, cut off where no mean
        can be: below 0, and above everybody; NaN of one run.
        """
        frame, everybody = self.frame(), float(self.common["persons"])
        names = [*PERSONS, *(f"{name}_s" for name in TIMES), "turned_away", "crowded_streets"]
        return {
            name: _spread(
                frame[name].to_numpy(np.float64), everybody if name in PERSONS else math.inf
            )
            for name in names
        }

    def to_dict(self) -> dict[str, Any]:
        """Give common figures, those over all runs and those of each, as plain types."""
        record = {
            "runs": len(self.rows),
            "seeds": [row["seed"] for row in self.rows],
            "interval": SHARE,
            **self.common,
            "figures": self.figures(),
            "by_run": self.rows,
        }
        return dict(plain(record))

    def put(self, folder: Path, marker: str) -> None:
        """Write the runs as a table, and all figures as JSON, into a folder that exists."""
        write_table(self.frame(), folder / RUNS)
        write_json(self.to_dict(), folder / marker)

    def __str__(self) -> str:
        figures, planned = self.figures(), self.common["planned"]
        when = f"safe by {self.common['deadline_s'] / 60:g} min"
        if self.cut_at:
            when = (
                f"safe by {self.cut_at / 60:g} min, when the run ended, before the deadline of "
                f"{self.common['deadline_s'] / 60:g} min"
            )
        seeds = [row["seed"] for row in self.rows]
        lines = [
            f"{len(self.rows)} runs of {self.common['persons']:,} people, {when}",
            f"{self.settings}, seeds {seeds[0]} to {seeds[-1]}",
            "",
            f"{'':<26} {'mean':>9}   {'95 % interval':<19} {'least':>9} {'most':>9} {'planned':>9}",
        ]
        words = ("safe", "late", "in no shelter at the end", "left")
        for word, name in zip(words, PERSONS, strict=True):
            plan = planned["safe"] if planned and name == "safe" else None
            lines.append(_line(word, figures[name], 1.0, ",.0f", plan))
        for word, name in zip(("mean [min]", "p95 [min]", "last in [min]"), TIMES, strict=True):
            plan = planned[name] if planned else None
            lines.append(_line(word, figures[f"{name}_s"], 60.0, ",.2f", plan))
        for word, name in (
            ("found a shelter full", "turned_away"),
            (f"streets over {CROWDED:g} persons/m2", "crowded_streets"),
        ):
            lines.append(_line(word, figures[name], 1.0, ",.1f", None))
        return "\n".join(lines)


def _spread(values: NDArray[np.float64], largest: float) -> dict[str, float]:
    values = values[np.isfinite(values)]
    n = len(values)
    if n == 0:
        return dict.fromkeys(("mean", "low", "high", "least", "most"), math.nan)
    mean, low, high = float(values.mean()), math.nan, math.nan
    if n > 1:
        off = float(stdtrit(n - 1, (1 + SHARE) / 2) * values.std(ddof=1) / math.sqrt(n))
        low, high = max(mean - off, 0.0), min(mean + off, largest)
    return {
        "mean": mean, "low": low, "high": high,
        "least": float(values.min()), "most": float(values.max()),
    }  # fmt: skip


def _line(word: str, figure: dict[str, float], unit: float, form: str, plan: float | None) -> str:
    def shown(value: float | None) -> str:
        return "-" if value is None or math.isnan(value) else format(value / unit, form)

    between = f"{shown(figure['low'])} to {shown(figure['high'])}"
    rest = " ".join(f"{shown(figure[name]):>9}" for name in ("least", "most"))
    last = "" if plan is None else f" {shown(plan):>9}"
    return f"{word:<26} {shown(figure['mean']):>9}   {between:<19} {rest}{last}"
