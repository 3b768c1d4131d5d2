"""Which vessel runs on a line, and how many it takes: tables in ``data/boats`` or the user's."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pandas as pd

from evacroute._data_dir import data_path
from evacroute.boats import seats_text
from evacroute.errors import BoatError, Faults
from evacroute.load.tables import name_of, note_unread, numbers, read_table, row_name, words
from evacroute.reports import LoadReport

ANY = "*"
"""Word for any other line."""


@dataclass(frozen=True)
class Vessel:
    """Persons a boat takes, and places for wheelchairs among them.

    `assumed` where a figure is not the user's.
    """

    seats: int
    wheelchair_places: int
    assumed: bool = False


def vessel_of(line: str, table: dict[str, Vessel]) -> Vessel | None:
    """Vessel of the longest beginning of a line's name in a table, else of ``*``, else None.

    A beginning that ends in a digit does not stand for a longer number.

    Examples
    --------
    >>> table = {"1": Vessel(210, 4), "4": Vessel(130, 1)}
    >>> vessel_of("4.1", table), vessel_of("12", table)
    (Vessel(seats=130, wheelchair_places=1, assumed=False), None)
    """
    best = ""
    for start in table:
        after = line[len(start) : len(start) + 1]
        cut = start[-1:].isdigit() and after.isdigit()
        if start != ANY and line.startswith(start) and not cut and len(start) > len(best):
            best = start
    return table.get(best or ANY)


@cache
def shipped_vessels() -> dict[str, Vessel]:
    """Line -> vessel, of the tables that ship with the library."""
    with data_path("boats", "vessels.csv").open(encoding="utf-8", newline="") as file:
        vessels = {
            row["vessel"]: Vessel(int(row["seats"]), int(row["wheelchair_places"]), True)
            for row in csv.DictReader(file)
        }
    with data_path("boats", "lines.csv").open(encoding="utf-8", newline="") as file:
        return {row["line"]: vessels[row["vessel"]] for row in csv.DictReader(file)}


def read_vessels(source: str | Path | pd.DataFrame, report: LoadReport) -> dict[str, Vessel]:
    """Read a table of vessels: line (a short name or its beginning, ``*`` any other), seats, ...

    ... and wheelchair_places. The report takes notes of columns that are not read.

    Raises
    ------
    BoatError
        If a column is missing, a line is empty or there twice, or a number is not what it must be.
    """
    frame = read_table(
        source,
        required=("line", "seats", "wheelchair_places"),
        text=("line",),
        what="line",
        error=BoatError,
    )
    faults = Faults(name_of(source))
    lines = words(frame, "line")
    seats = numbers(frame, "seats", faults, low=0, high=10_000, whole=True, unit="persons")
    places = numbers(frame, "wheelchair_places", faults, low=0, high=10_000, whole=True)
    table: dict[str, Vessel] = {}
    for i, line in enumerate(lines):
        if not line or line in table:
            said = "empty" if not line else f"{line!r}, which is there twice"
            faults.add(f"{row_name(frame, i)}: line is {said}, expected unique names, or * for any")
        if places[i] > seats[i]:
            faults.add(
                f"{row_name(frame, i)}: wheelchair_places is {places[i]:g}, expected 0 to the "
                f"{seats_text(seats[i])}"
            )
        if not faults.count:
            table[line] = Vessel(int(seats[i]), int(places[i]))
    faults.raise_if_any(BoatError)
    note_unread(report, frame, ("line", "seats", "wheelchair_places"))
    return table
