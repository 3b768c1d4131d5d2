"""Read the tables of a plan folder as plain arrays, so that a broken folder gives a clear error."""

from __future__ import annotations

import json
import zlib
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from evacroute._arrays import read_arrays
from evacroute.errors import Faults, InputError

FORMAT = 1
"""Version of the plan folder's format."""

LEGS = {"ptr": np.int64, "link": np.int64, "enter": np.float64, "leave": np.float64}
"""Arrays of ``legs.npz``."""


def read_columns(
    path: Path,
    *,
    text: Collection[str] = (),
    number: Collection[str] = (),
    defaults: Mapping[str, float | str] | None = None,
) -> dict[str, NDArray[Any]]:
    """Read columns of a CSV file that may have no rows.

    Parameters
    ----------
    path
        A ``.csv`` or ``.csv.gz``.
    text, number
        Columns to read as text (object arrays) and as numbers (float arrays).
    defaults
        Values for columns that may be missing, and for empty cells of them.

    Raises
    ------
    InputError
        If the file cannot be read, a column is missing, or a number is no number.
    """
    defaults = defaults or {}
    frame = _read_csv(path)
    missing = [name for name in (*text, *number) if name not in frame and name not in defaults]
    if missing:
        raise InputError(
            f"{path}: column {', '.join(missing)} is missing; the columns are "
            + ", ".join(map(str, frame.columns[:20]))
        )
    faults = Faults(str(path))
    columns: dict[str, NDArray[Any]] = {}
    for name in (*text, *number):
        given = np.full(len(frame), "", dtype=object)
        if name in frame:
            given = frame[name].to_numpy(dtype=object)
        if name in defaults:
            given = np.where(given == "", defaults[name], given).astype(object)
        columns[name] = given if name in text else _numbers(given, name, faults)
    faults.raise_if_any()
    return columns


def _numbers(given: NDArray[Any], name: str, faults: Faults) -> NDArray[np.float64]:
    """Turn text into numbers exactly: pandas' own parser may be off in the last digit."""
    try:
        return np.array([float(value) for value in given.tolist()], dtype=np.float64)
    except ValueError:
        for row, value in enumerate(given.tolist()):
            try:
                float(value)
            except ValueError:
                shown = repr(value) if value else "empty"
                faults.add(f"row {row + 2}: {name} is {shown}, expected a number")
        return np.zeros(len(given))


def _read_csv(path: Path) -> pd.DataFrame:
    try:
        # As text, and no word means "missing": "NA" and 007 are ids like any other.
        return pd.read_csv(path, dtype=str, keep_default_na=False)
    except FileNotFoundError:
        raise InputError(f"{path}: there is no such file") from None
    except pd.errors.EmptyDataError:
        raise InputError(f"{path}: the file is empty, expected a table with a header") from None
    except (EOFError, zlib.error):
        raise InputError(f"{path}: the file is cut off (gzip ends too early)") from None
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: cannot be read as a CSV table: {str(error).strip()}") from error


def read_legs(path: Path, n_movements: int) -> dict[str, NDArray[Any]]:
    """Read ``legs.npz`` (`LEGS`) and check that the arrays fit together.

    Raises
    ------
    InputError
        If an array is missing or of the wrong kind or length.
    """
    arrays = read_arrays(path)
    faults = Faults(str(path))
    for name in LEGS:
        array = arrays.get(name)
        if array is None or array.ndim != 1 or array.dtype.kind not in "iuf":
            faults.add(f"array {name!r} is missing or not a row of numbers")
    faults.raise_if_any()
    ptr, n = arrays["ptr"], len(arrays["link"])
    if len(ptr) != n_movements + 1:
        faults.add(f"ptr has {len(ptr)} values, expected {n_movements + 1} for as many movements")
    elif ptr[0] != 0 or ptr[-1] != n or (np.diff(ptr.astype(np.int64)) < 0).any():
        faults.add(f"ptr does not rise from 0 to the number of legs, {n}")
    for name in ("enter", "leave"):
        if len(arrays[name]) != n:
            faults.add(f"{name} has {len(arrays[name])} values, expected {n} as link")
    faults.raise_if_any()
    return {name: arrays[name].astype(dtype) for name, dtype in LEGS.items()}


def read_summary(path: Path) -> dict[str, Any]:
    """Read ``summary.json`` and check what no one can do without: format, step and deadline.

    Raises
    ------
    InputError
        If the file is missing, not JSON, of another format, or lacks one of them.
    """
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError(f"{path}: there is no such file, so this is no plan folder") from None
    except NotADirectoryError:
        raise InputError(f"{path.parent}: is a file, expected the folder of a plan") from None
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: cannot be read as JSON: {error}") from error
    if not isinstance(record, dict) or record.get("format") != FORMAT:
        found = record.get("format") if isinstance(record, dict) else type(record).__name__
        raise InputError(f"{path}: format is {found!r}, expected {FORMAT}")
    faults = Faults(str(path))
    for name in ("step_s", "deadline_s"):
        value = record.get(name)
        if isinstance(value, bool) or not isinstance(value, int | float) or not value > 0:
            faults.add(f"{name} is {value!r}, expected a number > 0")
    faults.raise_if_any()
    return record


def find(
    ids: NDArray[Any], known: NDArray[Any], name: str, faults: Faults, empty: bool = False
) -> NDArray[np.int32]:
    """Look up positions of ids; an unknown one is a fault, "" is -1 where `empty` is allowed."""
    index = pd.Index(known)
    if not index.is_unique:
        faults.add(f"{name} {index[index.duplicated()][0]!r} stands for more than one row")
        return np.zeros(len(ids), dtype=np.int32)
    found = np.asarray(index.get_indexer(pd.Index(ids)), dtype=np.int32)
    wrong = (found < 0) & (ids != "") if empty else found < 0
    for row in np.flatnonzero(wrong):
        faults.add(f"row {row + 2}: {name} is {ids[row]!r}, which the instance does not have")
    return found
