"""What came of a sweep, as tables."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from evacroute.evaluation import minutes
from evacroute.plan import Plan
from evacroute.writing import atomic_path, plain, write_table

COUNTS = ("safe", "stuck", "late", "left")
TIMES = ("mean_s", "p95_s", "clearance_s")
COLUMNS = ("draw", *COUNTS, *TIMES, "closed_links", "seconds")


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Sweep:
    """Figures of all draws; printing it shows how they are spread.

    Parameters
    ----------
    table
        One row a draw, in their order: draw, safe, stuck, late, left (persons), mean_s, p95_s,
        clearance_s (of those safe, NaN where nobody is), closed_links (closed at some time),
        seconds (that the draw took).
    reasons
        One row a draw: draw, and how many persons are left by reason.
    errors
        Draws that failed -> what went wrong; they have no row.
    plans
        The plan of each row, where they were to be kept and there is no folder.

    Examples
    --------
    >>> import evacroute as er
    >>> scenario = er.lagoon(people=300)
    >>> plan = er.assign(scenario, "nearest")
    >>> shaken = er.Earthquake(intensity="VIII")
    >>> result = er.sweep(scenario, shaken, draws=3, plan=plan, executor="serial")
    >>> result.table.shape[0], result.worst["safe"] <= result.expected["safe"] <= 300
    (3, True)
    """

    table: pd.DataFrame
    reasons: pd.DataFrame
    errors: dict[int, str]
    plans: tuple[Plan, ...] | None = None

    def __len__(self) -> int:
        return len(self.table)

    @property
    def expected(self) -> dict[str, float]:
        """Mean of each figure over the draws; mean_s over all who are safe in any."""
        found = {name: float(self.table[name].mean()) for name in (*COUNTS, *TIMES)}
        safe, mean = self.table["safe"], self.table["mean_s"]
        total = float(safe.sum())
        found["mean_s"] = float((safe * mean).sum()) / total if total else math.nan
        return found

    @property
    def worst(self) -> dict[str, Any]:
        """Row of the draw with the fewest people safe, the slowest of several."""
        slowest = -np.nan_to_num(self.table["mean_s"].to_numpy(), nan=np.inf)
        order = np.lexsort((slowest, self.table["safe"].to_numpy()))
        return {str(name): value for name, value in self.table.iloc[int(order[0])].items()}

    def equals(self, other: object) -> bool:
        """Whether the other has the same figures to the last bit; seconds are not compared.

        Parameters
        ----------
        other
            Anything.

        Returns
        -------
        bool
            False where it is something else than a sweep.
        """
        return (
            isinstance(other, Sweep)
            and self.table.drop(columns="seconds").equals(other.table.drop(columns="seconds"))
            and self.reasons.equals(other.reasons)
            and self.errors == other.errors
        )

    def to_csv(self, path: str | Path) -> None:
        """Write one row a draw, the reasons as further columns.

        Parameters
        ----------
        path
            The file, packed with gzip where it ends in ``.gz``.

        Raises
        ------
        InputError
            If the file cannot be written.
        """
        with atomic_path(path) as new:
            write_table(self.table.merge(self.reasons, on="draw", how="left"), new)

    def to_dict(self) -> dict[str, Any]:
        """Give all figures as plain types, for JSON.

        Returns
        -------
        dict
            Under ``draws``, ``expected``, ``worst`` and ``errors``.
        """
        record = {
            "draws": self.table.to_dict("records"),
            "expected": self.expected if len(self) else None,
            "worst": self.worst if len(self) else None,
            "errors": self.errors,
        }
        return dict(plain(record))

    def __str__(self) -> str:
        lines = [f"{len(self)} draws"]
        if len(self):
            lines.append(f"{'':<9} {'mean':>9} {'worst 5%':>9} {'median':>9} {'best 5%':>9}")
            for name in COUNTS:
                best = self.table[name].quantile([0.05, 0.5, 0.95]).to_list()
                shown = best if name == "safe" else best[::-1]
                values = [self.table[name].mean(), *shown]
                lines.append(f"{name:<9} " + " ".join(f"{value:>9,.0f}" for value in values))
            for name, word in zip(TIMES, ("mean", "p95", "last in"), strict=True):
                values = [self.expected[name], *self.table[name].quantile([0.95, 0.5, 0.05])]
                lines.append(
                    f"{word:<9} " + " ".join(f"{minutes(v):>9}" for v in values) + "  [min]"
                )
            worst = self.worst
            lines.append(f"worst: draw {worst['draw']:.0f}, {worst['safe']:,.0f} safe")
        if self.errors:
            first = min(self.errors)
            lines.append(f"{len(self.errors)} draws failed; draw {first}: {self.errors[first]}")
        return "\n".join(lines)

    __repr__ = __str__


def gather(
    rows: dict[int, dict[str, Any]], errors: dict[int, str], plans: dict[int, Plan] | None
) -> Sweep:
    """Make tables of rows, in the order of the draws."""
    order = sorted(rows)
    table = pd.DataFrame([rows[i] for i in order], columns=list(COLUMNS))
    for name in ("draw", *COUNTS, "closed_links"):
        table[name] = table[name].astype(np.int64)
    for name in (*TIMES, "seconds"):
        table[name] = table[name].astype(np.float64)
    names = sorted({name for row in rows.values() for name in row["reasons"]})
    columns: dict[str, Any] = {"draw": np.array(order, np.int64)}
    for name in names:
        columns[name] = np.array([rows[i]["reasons"].get(name, 0) for i in order], np.int64)
    kept = None if plans is None else tuple(plans[i] for i in order)
    return Sweep(table, pd.DataFrame(columns), dict(sorted(errors.items())), kept)
