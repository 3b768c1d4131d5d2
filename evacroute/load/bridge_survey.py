"""A survey of bridges: its table, and the report on how it was joined to a network."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from evacroute.errors import Faults, NetworkError
from evacroute.load.mending import MAX_WIDTH
from evacroute.load.tables import name_of, numbers, read_table, words

ALIASES = {
    "net_width_m": "width",
    "net_width": "width",
    "width_m": "width",
    "steps_total": "steps",
    "step_count": "steps",
    "latitude": "lat",
    "y_coord": "lat",
    "longitude": "lon",
    "x_coord": "lon",
    "wheelchair": "accessible",
    "bridge": "name",
}
"""Other column names that are understood -> the documented ones."""

_SHOWN = 8


@dataclass(frozen=True)
class BridgeSurvey:
    """Rows of a survey as parallel arrays, shape (n,).

    Parameters
    ----------
    source
        The file.
    name
        Name of the bridge.
    lon, lat
        Where it is [degrees]; NaN where the survey does not say.
    width
        Net width [m], NaN where not measured.
    steps
        All steps of the bridge, up and down; 0 none, NaN where not counted.
    accessible
        Whether the survey calls it accessible.
    """

    source: str
    name: NDArray[Any]
    lon: NDArray[np.float64]
    lat: NDArray[np.float64]
    width: NDArray[np.float64]
    steps: NDArray[np.float64]
    accessible: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.name)


@dataclass
class BridgeReport:
    """What became of a bridge survey; prints as a short table.

    Parameters
    ----------
    source
        The survey.
    bridges
        Number of bridges in the network (bridge streets that touch are one).
    matched
        One row a joined survey row: row, name, link_ids, distance [m], width, steps, doubt (why the
        match should be looked at, "" where nothing speaks against it).
    unmatched
        One row a survey row that was not joined: row, name, reason.
    without_survey
        One row a bridge of the network without a survey row: link_id, name, lon, lat, length [m].
    """

    source: str
    bridges: int
    matched: pd.DataFrame = field(repr=False)
    unmatched: pd.DataFrame = field(repr=False)
    without_survey: pd.DataFrame = field(repr=False)

    @property
    def doubtful(self) -> pd.DataFrame:
        """The matches that should be looked at."""
        return self.matched[self.matched["doubt"] != ""]

    def counts(self) -> dict[str, int]:
        """Label -> number, for the load report."""
        return {
            "survey rows": len(self.matched) + len(self.unmatched),
            "survey rows joined to a bridge": len(self.matched),
            "of them doubtful": len(self.doubtful),
            "of them without width": int(self.matched["width"].isna().sum()),
            "survey rows unmatched": len(self.unmatched),
            "bridges in the network": self.bridges,
            "bridges without survey": len(self.without_survey),
        }

    def __str__(self) -> str:
        lines = [self.source]
        lines += [f"  {number:>6,}  {label}" for label, number in self.counts().items()]
        for reason, rows in self.unmatched.groupby("reason", sort=False):
            lines.append(f"  unmatched, {reason} ({len(rows)}): {_list(rows['name'])}")
        for row in self.doubtful.head(_SHOWN).itertuples():
            lines.append(f"  doubtful: row {row.row} {row.name}: {row.doubt}")
        if len(self.doubtful) > _SHOWN:
            lines.append(f"  doubtful: ... and {len(self.doubtful) - _SHOWN} more")
        return "\n".join(lines)

    def to_dict(self) -> dict[str, object]:
        """Give the report as plain types, for JSON."""

        def records(frame: pd.DataFrame) -> list[dict[str, Any]]:
            plain = frame.astype(object).where(frame.notna(), None)
            return plain.to_dict("records")  # type: ignore[return-value]

        return {
            "source": self.source,
            "counts": self.counts(),
            "matched": records(self.matched),
            "unmatched": records(self.unmatched),
            "without_survey": records(self.without_survey),
        }


def _list(names: pd.Series[Any]) -> str:
    shown = ", ".join(str(name) or "(no name)" for name in names.head(_SHOWN))
    return shown + (f" ... and {len(names) - _SHOWN} more" if len(names) > _SHOWN else "")


def read_survey(source: str | Path | pd.DataFrame) -> BridgeSurvey:
    """Read a bridge survey.

    Columns: name, lat, lon (either may be empty), and width [m], steps or both; optionally
    accessible. `ALIASES` lists other names that are understood.

    Raises
    ------
    NetworkError
        If the file or a column is missing, or a value is not what it must be.
    """
    frame = read_table(
        source,
        required=("name", "lat", "lon"),
        optional=("width", "steps", "accessible"),
        text=("name", "accessible"),
        aliases=ALIASES,
        what="bridge",
        error=NetworkError,
    )
    where = name_of(source)
    if "width" not in frame.columns and "steps" not in frame.columns:
        raise NetworkError(f"{where}: there is neither a column width nor steps, expected one")
    faults = Faults(where)
    nan = np.nan
    said = np.array([word.lower() in ("true", "yes", "1") for word in words(frame, "accessible")])
    survey = BridgeSurvey(
        source=where,
        name=words(frame, "name"),
        lon=numbers(frame, "lon", faults, low=-180, high=180, default=nan),
        lat=numbers(frame, "lat", faults, low=-90, high=90, default=nan),
        width=numbers(frame, "width", faults, above=0, high=MAX_WIDTH, default=nan, unit="m"),
        steps=numbers(frame, "steps", faults, low=0, high=1000, default=nan, whole=True),
        accessible=said,
    )
    faults.raise_if_any(NetworkError)
    return survey
