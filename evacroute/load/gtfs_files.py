"""Tables of a GTFS feed: a folder or a zip of CSV files named .txt."""

from __future__ import annotations

import io
import warnings
import zipfile
import zlib
from collections.abc import Collection
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from evacroute.errors import BoatError, Faults
from evacroute.load.tables import row_name


class Feed:
    """The files of a feed, read one at a time as text.

    Parameters
    ----------
    source
        Folder, or zip; files in a single folder inside a zip are found too.

    Raises
    ------
    BoatError
        If there is nothing, it is no zip, or it holds no ``stops.txt``.
    """

    def __init__(self, source: str | Path) -> None:
        self.path = Path(source)
        self._zip: dict[str, bytes] | None = None
        if self.path.is_file():
            self._zip = _unpacked(self.path)
        elif not self.path.is_dir():
            raise BoatError(f"{self.path}: there is no such file or folder")
        if not self.has("stops.txt"):
            raise BoatError(
                f"{self.path}: there is no stops.txt, expected a GTFS feed: a folder or a zip with "
                "stops.txt, routes.txt, trips.txt, stop_times.txt and calendar.txt or "
                "calendar_dates.txt"
            )

    def has(self, name: str) -> bool:
        """Whether a file is there."""
        return name in self._zip if self._zip is not None else (self.path / name).is_file()

    def table(
        self, name: str, required: Collection[str] = (), optional: Collection[str] = ()
    ) -> pd.DataFrame:
        """Read a file: all cells as text without blanks around, "" where there is nothing.

        Columns that are neither required nor optional are left out; optional ones that are missing
        are added empty. ``frame.attrs["index"]`` holds the row numbers as a spreadsheet shows them.

        Raises
        ------
        BoatError
            If the file is missing, is not UTF-8 text or no table, or a required column is missing.
        """
        where = f"{self.path}: {name}"
        if not self.has(name):
            raise BoatError(f"{where}: there is no such file in the feed")
        try:
            data = self._zip[name] if self._zip is not None else (self.path / name).read_bytes()
            with warnings.catch_warnings():
                # Rows longer than the header would be cut off with a warning only.
                warnings.simplefilter("error", pd.errors.ParserWarning)
                frame = pd.read_csv(
                    io.BytesIO(data),
                    dtype=str,
                    keep_default_na=False,
                    index_col=False,
                    encoding="utf-8-sig",
                    skip_blank_lines=False,
                ).fillna("")
        except pd.errors.EmptyDataError:
            raise BoatError(f"{where}: the file is empty, expected a table with a header") from None
        except UnicodeDecodeError as fault:
            raise BoatError(f"{where}: this is not UTF-8 text ({fault.reason})") from None
        except (OSError, pd.errors.ParserError, pd.errors.ParserWarning) as fault:
            raise BoatError(
                f"{where}: cannot be read as a CSV table: {str(fault).strip()}"
            ) from None
        frame.columns = [str(column).strip().lower() for column in frame.columns]
        missing = [column for column in required if column not in frame.columns]
        if missing:
            raise BoatError(
                f"{where}: column {', '.join(missing)} is missing; the columns are "
                f"{', '.join(frame.columns[:20])}"
            )
        for column in optional:
            if column not in frame.columns:
                frame[column] = ""
        frame = frame[[*required, *optional]].copy()
        for column in frame.columns:
            frame[column] = frame[column].str.strip()
        filled = (frame != "").any(axis=1)
        return picked(frame, filled.to_numpy(dtype=bool))


def picked(frame: pd.DataFrame, keep: NDArray[np.bool_]) -> pd.DataFrame:
    """Pick rows by True; the rest keep the numbers they have in messages."""
    # An array, since pandas copies attrs deeply with every column taken, a list item by item.
    numbers = np.asarray(frame.attrs.get("index", np.arange(2, len(frame) + 2)))
    part = frame.loc[keep].reset_index(drop=True)
    part.attrs = {"index": numbers[keep]}
    return part


def rows_of(frame: pd.DataFrame, name: str, row: int) -> str:
    """Name a row of a feed's file in messages: ``stop_times.txt row 12``."""
    return f"{name} {row_name(frame, row)}"


def take_faults(faults: Faults, name: str, mine: Faults) -> None:
    """Note the faults of one file, its name before each."""
    faults.count += mine.count - len(mine.messages)
    for message in mine.messages:
        faults.add(f"{name} {message}")


def _unpacked(path: Path) -> dict[str, bytes]:
    """Read the .txt files of a zip, by their names without folder; the top ones count first."""
    try:
        with zipfile.ZipFile(path) as archive:
            names = [name for name in archive.namelist() if name.lower().endswith(".txt")]
            names.sort(key=lambda name: -name.count("/"))
            return {name.rsplit("/", 1)[-1].lower(): archive.read(name) for name in names}
    except (zipfile.BadZipFile, zlib.error, EOFError):
        raise BoatError(f"{path}: this is not a zip, or it is cut off") from None
    except (OSError, RuntimeError, NotImplementedError) as fault:
        raise BoatError(f"{path}: the zip cannot be read: {fault}") from None
