"""Low bridges: above which tide a boat cannot pass."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd

from evacroute.errors import BoatError, Faults
from evacroute.load.tables import name_of, note_unread, numbers, read_table, row_name, words
from evacroute.reports import LoadReport

_OPTIONAL = ("route", "from_stop", "to_stop")


@dataclass(frozen=True)
class LowBridges:
    """Rows of a table: a line, a pair of stops or both, and the highest tide [m].

    A line or a pair of "" stands for any.
    """

    rows: list[tuple[str, frozenset[str], float]] = field(default_factory=list)

    def max_tide(self, lines: Collection[str], stops: Iterable[str]) -> float:
        """Highest tide at which a boat can ride along the stops [m]; inf where nothing bars it.

        Parameters
        ----------
        lines
            Names of the boat's line: short name, id.
        stops
            Ids of the stops it comes by, those where it does not stop among them.
        """
        stops = list(stops)
        pairs = {frozenset(pair) for pair in pairwise(stops)}
        limits = [
            tide
            for line, pair, tide in self.rows
            if (not line or line in lines) and (not pair or pair in pairs)
        ]
        return min(limits, default=np.inf)


def read_low_bridges(
    source: str | Path | pd.DataFrame,
    lines: Collection[str],
    stops: Collection[str],
    report: LoadReport,
) -> LowBridges:
    """Read low bridges: max_tide_m, and route, or from_stop and to_stop, or all three.

    Parameters
    ----------
    source
        Path of a ``.csv``, or a DataFrame. A pair counts in both directions, wherever a boat comes
        by the two stops one after the other.
    lines, stops
        Names of lines (short names, ids) and ids of stops that there are.
    report
        Takes notes of columns that are not read.

    Raises
    ------
    BoatError
        If a column is missing, a line or stop is unknown, a row names neither, or a level is no
        number (all such rows are named together).
    """
    frame = read_table(
        source,
        required=("max_tide_m",),
        optional=_OPTIONAL,
        text=_OPTIONAL,
        what="low bridge",
        error=BoatError,
    )
    faults = Faults(name_of(source))
    tide = numbers(frame, "max_tide_m", faults, low=-5, high=20, unit="m")
    found = []
    columns = (words(frame, name) for name in ("route", "from_stop", "to_stop"))
    for i, (line, start, end) in enumerate(zip(*columns, strict=True)):
        row = row_name(frame, i)
        if bool(start) != bool(end):
            faults.add(f"{row}: one of from_stop and to_stop is empty, expected both or none")
        elif not (line or start):
            faults.add(f"{row}: there is neither route nor stops, expected one of them")
        for column, word, known in (
            ("route", line, lines), ("from_stop", start, stops), ("to_stop", end, stops),
        ):  # fmt: skip
            if word and word not in known:
                faults.add(f"{row}: {column} is {word!r}, expected one of the timetable")
        found.append((line, frozenset({start, end} - {""}), float(tide[i])))
    faults.raise_if_any(BoatError)
    note_unread(report, frame, ("max_tide_m", *_OPTIONAL))
    return LowBridges(found)
