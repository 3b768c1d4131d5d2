"""Tables from CSV files or DataFrames: columns checked, numbers checked, every fault with its row.

Rows are counted as a spreadsheet shows them: the header is row 1. Rows of a DataFrame go by their
index.
"""

from __future__ import annotations

import gzip
import math
import re
import warnings
import zlib
from collections.abc import Collection, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from evacroute.errors import Faults, InputError
from evacroute.load.foreign import table_hint
from evacroute.reports import LoadReport

# Numbers are read as they were written; pandas 3.1 and later does so by itself, and warns of this.
_EXACT: dict[str, Any] = (
    {"float_precision": "round_trip"}
    if tuple(map(int, pd.__version__.split(".")[:2])) < (3, 1)
    else {}
)
_DECIMAL_COMMA = re.compile(r"\s*-?\d+,\d+\s*")
_OTHER_NAMES = {
    "lon": ("longitude", "lng", "long", "x"),
    "lat": ("latitude", "y"),
}
"""Other names that people give to columns; some of them stand for metres as well."""

MISSPELT, MEANT = 0.85, 0.6
"""Names so much alike are one and the same, misspelt; or one may have been meant."""

_EMPTY = ("", "nan", "na", "n/a", "null", "none", "<na>")


def read_table(
    source: str | Path | pd.DataFrame,
    *,
    required: Collection[str],
    optional: Collection[str] = (),
    text: Collection[str] = (),
    aliases: Mapping[str, str] | None = None,
    what: str,
    error: type[InputError],
) -> pd.DataFrame:
    """Read a table and check that its columns are there.

    Parameters
    ----------
    source
        Path of a ``.csv`` or ``.csv.gz`` (UTF-8, comma), or a DataFrame, which is copied.
    required, optional
        Names of columns; all others are left out, and named in ``frame.attrs["unread"]``. Upper
        case and blanks around do not matter.
    text
        Columns to read as text even where they look like numbers (ids: 007 stays 007).
    aliases
        Other names -> the column they stand for, used where that column is missing.
    what
        What a row is, e.g. "person"; for messages.
    error
        What to raise.

    Raises
    ------
    InputError
        `error`, if the file is missing, empty, cut off, not text or not a table, if a required
        column is missing, or if there is no row.
    """
    where = name_of(source)
    if isinstance(source, pd.DataFrame):
        frame = source.copy()
        frame.attrs = {"index": list(frame.index)}
    else:
        other_names = [other for other, column in (aliases or {}).items() if column in text]
        frame = _read_csv(Path(source), [*text, *other_names], error)
    frame.columns = [str(column).strip().lower() for column in frame.columns]
    for other, column in (aliases or {}).items():
        if column not in frame.columns and other in frame.columns:
            frame = frame.rename(columns={other: column})
    missing = [column for column in required if column not in frame.columns]
    if missing:
        raise error(
            f"{where}: column {', '.join(missing)} is missing; the columns are "
            f"{', '.join(column[:40] for column in frame.columns[:20])}; "
            f"expected {', '.join(required)}"
            + (f", and optionally {', '.join(optional)}" if optional else "")
            + meant_as(frame.columns, missing)
            + ("" if isinstance(source, pd.DataFrame) else table_hint(Path(source)))
        )
    if not len(frame):
        raise error(f"{where}: there is no row under the header, expected at least one {what}")
    used = {*required, *optional}
    attrs = {**frame.attrs, "unread": [c for c in frame.columns if c not in used]}
    frame = frame[[c for c in frame.columns if c in used]]
    frame = frame.loc[:, ~frame.columns.duplicated()].reset_index(drop=True)
    frame.attrs = attrs
    return frame


def meant_as(columns: Collection[str], missing: Collection[str]) -> str:
    """End a message with the columns that those missing may be called, if there are such."""
    told = []
    for wanted in missing:
        names = (wanted, *_OTHER_NAMES.get(wanted, ()))
        for column in columns:
            if column in names[1:] or get_close_matches(column, names, n=1, cutoff=0.8):
                told.append(f"{column} be called {wanted}")
                break
    return f"; should {', and '.join(told)}?" if told else ""


def name_of(source: object) -> str:
    """Name a source in messages: the path, or the kind of object."""
    return str(source) if isinstance(source, str | Path) else type(source).__name__


def count_comments(report: LoadReport, names: Collection[str]) -> None:
    """List columns that are not read, since they are plainly comment."""
    if names:
        report.set_aside[f"columns of comment, not read: {', '.join(sorted(names))}"] = len(names)


def refuse_misspelt(frame: pd.DataFrame, known: Collection[str], faults: Faults) -> None:
    """Add a fault for each column left out that is nearly called like one that is missing.

    Whoever misspells the column that says who cannot use steps would have them sent over bridges.
    """
    for name, meant in _unread(frame, known, MISSPELT):
        if meant:
            faults.add(f"column {name!r} is not known: rename it to {meant!r}, or leave it out")


def note_unread(report: LoadReport, frame: pd.DataFrame, known: Collection[str]) -> None:
    """Name the columns that `read_table` left out, and what they may have been meant to be."""
    told = [
        f"{name} (meant: {meant}?)" if meant else name
        for name, meant in _unread(frame, known, MEANT)
    ]
    if told:
        report.notes.append(f"columns not read: {', '.join(told)}")


def _unread(frame: pd.DataFrame, known: Collection[str], alike: float) -> list[tuple[str, str]]:
    """Columns left out, each with the missing one that is so much alike, '' where none is."""
    absent = [column for column in known if column not in frame.columns]
    return [
        (name, "".join(get_close_matches(name, absent, n=1, cutoff=alike)))
        for name in frame.attrs["unread"]
    ]


def _read_csv(path: Path, text: Collection[str], error: type[InputError]) -> pd.DataFrame:
    if not path.is_file():
        what = "this is a folder, expected a file" if path.is_dir() else "there is no such file"
        raise error(f"{path}: {what}")
    try:
        # Names as they stand in the file: upper case or blanks must not make ids numbers.
        header = pd.read_csv(path, nrows=0, encoding="utf-8-sig").columns
        with warnings.catch_warnings():
            warnings.simplefilter("error", pd.errors.ParserWarning)
            frame: pd.DataFrame = pd.read_csv(
                path,
                dtype={name: str for name in header if name.strip().lower() in text},
                index_col=False,
                keep_default_na=False,
                na_values=[""],
                encoding="utf-8-sig",
                low_memory=False,
                **_EXACT,
            )
        return frame
    except pd.errors.EmptyDataError:
        raise error(f"{path}: the file is empty, expected a table with a header") from None
    except UnicodeDecodeError as fault:
        raise error(f"{path}: this is not UTF-8 text ({fault.reason}){table_hint(path)}") from None
    except (EOFError, zlib.error):
        raise error(f"{path}: the file is cut off (gzip ends too early)") from None
    except pd.errors.ParserWarning:
        raise error(
            f"{path}: rows have more cells than the header ({len(header)}){table_hint(path)}"
        ) from None
    except gzip.BadGzipFile:
        raise error(
            f"{path}: cannot be read: this is not gzip, though its name ends in .gz"
        ) from None
    except (OSError, pd.errors.ParserError) as fault:
        raise error(
            f"{path}: cannot be read as a CSV table: {str(fault).strip()}{table_hint(path)}"
        ) from None


def row_name(frame: pd.DataFrame, row: int) -> str:
    """Name row number `row` (0, 1, ...) in messages."""
    index = frame.attrs.get("index")
    return f"row {row + 2 if index is None else index[row]}"


def numbers(
    frame: pd.DataFrame,
    column: str,
    faults: Faults,
    *,
    low: float = -math.inf,
    high: float = math.inf,
    above: float | None = None,
    default: float | None = None,
    whole: bool = False,
    infinite: bool = False,
    unit: str = "",
) -> NDArray[np.float64]:
    """Numbers of a column, shape (n_rows,); each wrong value is a fault that names its row.

    Parameters
    ----------
    frame
        From `read_table`.
    column
        Its name; where the table lacks it every row gets the default.
    faults
        Where faults are noted.
    low, high
        Least and largest value allowed.
    above
        Values must be larger than this (instead of `low`).
    default
        Taken where there is no value; None = a missing value is a fault. NaN is a default too.
    whole
        Only whole numbers are allowed.
    infinite
        Whether ``inf`` is allowed.
    unit
        Shown behind the value.
    """
    if column not in frame.columns:
        return np.full(len(frame), math.nan if default is None else default)
    given = frame[column]
    values = pd.to_numeric(given, errors="coerce").to_numpy(dtype=np.float64, na_value=math.nan)
    unread = np.isnan(values)
    empty = np.zeros(len(frame), dtype=bool)
    for i in np.flatnonzero(unread).tolist():
        value = given.iloc[i]
        empty[i] = pd.isna(value) or str(value).strip().lower() in _EMPTY
    wrong = unread & ~empty
    if default is None:
        wrong |= empty
    with np.errstate(invalid="ignore"):
        wrong |= (values < low) | (values > high)
        if above is not None:
            wrong |= values <= above
        if not infinite:
            wrong |= np.isinf(values)
        if whole:
            wrong |= np.isfinite(values) & (values != np.rint(values))
    if wrong.any():
        allowed = _allowed(low, high, above, whole)
        for i in np.flatnonzero(wrong).tolist():
            value = "empty" if empty[i] else repr(given.iloc[i])
            if not unread[i]:
                value = f"{str(given.iloc[i]).strip()} {unit}".strip()
            comma = unread[i] and _DECIMAL_COMMA.fullmatch(str(given.iloc[i]))
            hint = ", with a point for the decimals" if comma else ""
            faults.add(f"{row_name(frame, i)}: {column} is {value}, expected {allowed}{hint}")
    if default is not None:
        values = np.where(empty, default, values)
    return np.asarray(values, dtype=np.float64)


def _allowed(low: float, high: float, above: float | None, whole: bool) -> str:
    number = "a whole number" if whole else "a number"
    if above is not None:
        return f"{number} > {above:g}" + (f" and <= {high:g}" if high < math.inf else "")
    if low > -math.inf and high < math.inf:
        return f"{number} from {low:g} to {high:g}"
    if low > -math.inf:
        return f"{number} >= {low:g}"
    return f"{number} <= {high:g}" if high < math.inf else number


def words(frame: pd.DataFrame, column: str, default: str = "") -> NDArray[Any]:
    """Text of a column, shape (n_rows,); the default where there is none."""
    result = np.empty(len(frame), dtype=object)
    if column not in frame.columns:
        result[:] = default
        return result
    given = frame[column]
    if pd.api.types.is_float_dtype(given):  # whole numbers beside empty cells: 7.0 is "7"
        values = np.array(
            [int(v) if math.isfinite(v) and v == int(v) else v for v in given], dtype=object
        )
    else:
        values = given.astype(object).to_numpy()
    result[:] = [default if pd.isna(value) else str(value).strip() or default for value in values]
    return result


def unique_ids(
    frame: pd.DataFrame, column: str, faults: Faults, *, prefix: str | None = None
) -> NDArray[Any]:
    """Ids of a column as text, shape (n_rows,); empty or repeated ids are faults.

    Parameters
    ----------
    frame
        From `read_table`.
    column
        Its name.
    faults
        Where faults are noted.
    prefix
        Where the table lacks the column, ids are made of this and a running number.
    """
    if column not in frame.columns and prefix is not None:
        made = np.empty(len(frame), dtype=object)
        made[:] = [f"{prefix}{i}" for i in range(len(frame))]
        return made
    ids = words(frame, column)
    if len(set(ids.tolist())) == len(ids) and not (ids == "").any():
        return ids
    first: dict[str, int] = {}
    for i, value in enumerate(ids):
        if value == "":
            faults.add(f"{row_name(frame, i)}: {column} is empty, expected an id")
        elif value in first:
            faults.add(
                f"{row_name(frame, i)}: {column} {value!r} appears more than once (first in "
                f"{row_name(frame, first[value])}), expected unique ids"
            )
        first.setdefault(value, i)
    return ids


def flags(frame: pd.DataFrame, column: str, faults: Faults) -> NDArray[np.bool_]:
    """Yes or no of a column, shape (n_rows,), no where there is nothing; else a fault."""
    table = {"": False, "0": False, "false": False, "no": False, "0.0": False}
    table |= {"1": True, "true": True, "yes": True, "1.0": True}
    result = np.zeros(len(frame), dtype=bool)
    for i, value in enumerate(words(frame, column)):
        flag = table.get(value.lower())
        if flag is None:
            faults.add(f"{row_name(frame, i)}: {column} is {value!r}, expected 0 or 1")
        result[i] = bool(flag)
    return result


def degrees(
    frame: pd.DataFrame, lon: str, lat: str, faults: Faults
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Longitudes and latitudes [degrees]; a fault in words where they look like metres."""
    mine = Faults("")
    x = numbers(frame, lon, mine, low=-180, high=180)
    y = numbers(frame, lat, mine, low=-90, high=90)
    with np.errstate(invalid="ignore"):
        projected = np.isfinite(x) & np.isfinite(y) & ((np.abs(x) > 360) | (np.abs(y) > 360))
    if projected.any():
        i = int(np.flatnonzero(projected)[0])
        faults.add(
            f"{row_name(frame, i)}: position is ({x[i]:.10g}, {y[i]:.10g}), expected degrees "
            "(EPSG:4326): these look like metres of a map projection",
            count=int(projected.sum()),
        )
        return x, y
    faults.count += mine.count - len(mine.messages)
    for message in mine.messages:
        faults.add(message)
    return x, y
