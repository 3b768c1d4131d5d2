"""GMNS folders: ``node.csv`` and ``link.csv`` in the words of the General Modeling Network Spec.

Ids rule here: nothing is snapped, split, merged or set aside. Where every row of ``link.csv`` is
directed, row number and link position are the same.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from evacroute.errors import Faults, NetworkError
from evacroute.load.foreign import network_hint
from evacroute.load.joining import components
from evacroute.load.lines import Line, line_of_wkt
from evacroute.load.links import complete, to_network
from evacroute.load.mending import check_positions
from evacroute.load.street_table import StreetTable, pointers
from evacroute.load.tables import (
    degrees,
    flags,
    note_unread,
    numbers,
    read_table,
    row_name,
    unique_ids,
    words,
)
from evacroute.network import KINDS, Network
from evacroute.reports import LoadReport

MAX_MEDIAN_CAPACITY = 60.0
"""If half of all links let in more than this [person/s], they are vehicles an hour: a street would
have to be 46 m wide."""

_OPTIONAL = (
    "directed", "length", "width", "steps", "capacity", "kind", "name", "elevation", "geometry",
    "wheelchair", "surface", "incline", "width_assumed", "capacity_assumed",
)  # fmt: skip
_WHEELCHAIR = {
    "": 0, "0": 0, "limited": 0, "unknown": 0,
    "1": 1, "yes": 1, "true": 1, "designated": 1,
    "-1": -1, "no": -1, "false": -1,
}  # fmt: skip


def read_gmns(folder: str | Path) -> Network:
    """Read a network from a GMNS folder.

    ``node.csv`` has node_id, x_coord, y_coord [lon, lat]. ``link.csv`` has link_id, from_node_id,
    to_node_id, and optionally directed (1, the default: one way; 0: both ways, as two links
    X and X-r), length [m], width [m], steps, capacity [person/s], kind, name, elevation [m],
    geometry (WKT LINESTRING), wheelchair, surface, incline, width_assumed, capacity_assumed. Either
    file may end in ``.csv.gz``.

    Raises
    ------
    NetworkError
        If a file or column is missing, an id repeated or unknown, or a value not what it must be;
        if capacities look like GMNS's own vehicles per hour and lane.
    """
    folder = Path(folder)
    node_path, link_path = file_in(folder, "node.csv"), file_in(folder, "link.csv")
    node_id, node_xy = _nodes(node_path)
    frame = read_table(
        link_path,
        required=("link_id", "from_node_id", "to_node_id"),
        optional=_OPTIONAL,
        text=("link_id", "from_node_id", "to_node_id", "kind", "name", "surface", "wheelchair"),
        what="link",
        error=NetworkError,
    )
    faults = Faults(str(link_path))
    table = _links(frame, node_id, node_xy, faults)
    faults.raise_if_any(NetworkError)
    _refuse_vehicles(table["capacity"], str(link_path))
    check_positions(table, str(folder))
    report = LoadReport(str(folder))
    report.counts["link rows read"] = len(frame)
    note_unread(report, frame, _OPTIONAL)
    piece = components(len(node_id), table)
    report.counts["connected pieces"] = len(np.unique(piece))
    weight = np.bincount(piece, weights=table["length"])
    report.shares["of the length in the largest connected piece"] = float(
        weight.max() / weight.sum()
    )
    if "capacity" not in frame.columns:
        report.notes.append("there is no capacity column: derived from width, steps and kind")
    complete(table)
    return to_network(table, node_id, node_xy, report, keep_nodes=True)


def file_in(folder: Path, name: str) -> Path:
    """Path of a table in a folder, plain or with .gz.

    Raises
    ------
    NetworkError
        If it is not there.
    """
    for path in (folder / name, folder / f"{name}.gz"):
        if path.is_file():
            return path
    raise NetworkError(
        f"{folder}: there is no {name}, expected a GMNS folder with node.csv and link.csv"
        + network_hint(folder)
    )


def _nodes(path: Path) -> tuple[NDArray[Any], NDArray[np.float64]]:
    frame = read_table(
        path,
        required=("node_id", "x_coord", "y_coord"),
        text=("node_id",),
        what="node",
        error=NetworkError,
    )
    faults = Faults(str(path))
    node_id = unique_ids(frame, "node_id", faults)
    lon, lat = degrees(frame, "x_coord", "y_coord", faults)
    faults.raise_if_any(NetworkError)
    return node_id, np.column_stack([lon, lat])


def _links(
    frame: pd.DataFrame, node_id: NDArray[Any], node_xy: NDArray[np.float64], faults: Faults
) -> StreetTable:
    n = len(frame)
    position = {name: i for i, name in enumerate(node_id.tolist())}
    ends = []
    for column in ("from_node_id", "to_node_id"):
        given = words(frame, column)
        found = np.array([position.get(name, -1) for name in given], dtype=np.int64)
        for i in np.flatnonzero(found < 0).tolist():
            faults.add(
                f"{row_name(frame, i)}: {column} is {given[i]!r}, expected an id of node.csv"
            )
        ends.append(found)
    columns: dict[str, NDArray[Any]] = {
        "street_id": unique_ids(frame, "link_id", faults),
        "from_node": ends[0],
        "to_node": ends[1],
        "directed": flags(frame, "directed", faults)
        if "directed" in frame.columns
        else np.ones(n, dtype=bool),
        "width": numbers(frame, "width", faults, above=0, default=np.nan, unit="m"),
        "steps": numbers(
            frame, "steps", faults, low=-1, high=10_000, default=-1, whole=True
        ).astype(np.int64),
        "capacity": numbers(frame, "capacity", faults, low=0, default=np.nan, unit="person/s"),
        "name": words(frame, "name"),
        "elevation": numbers(frame, "elevation", faults, default=np.nan, unit="m"),
        "wheelchair": _coded(frame, "wheelchair", _WHEELCHAIR, "yes, no or empty", faults),
        "surface": words(frame, "surface"),
        "incline": numbers(frame, "incline", faults, default=np.nan),
        "width_assumed": flags(frame, "width_assumed", faults),
        "capacity_assumed": flags(frame, "capacity_assumed", faults),
    }
    no_kind = 1 + len(KINDS)
    codes = {word: i for i, word in enumerate(KINDS)} | {"": no_kind}
    kind = _coded(frame, "kind", codes, ", ".join(KINDS), faults)
    guess = np.where(columns["steps"] > 0, KINDS.index("steps"), KINDS.index("calle"))
    columns["kind"] = np.where(kind == no_kind, guess, kind).astype(np.uint8)
    lines = _lines(frame, ends, node_xy, faults)
    table = StreetTable(
        columns, pointers(np.array([len(line) for line in lines])), np.concatenate(lines)
    )
    length = numbers(frame, "length", faults, above=0, default=np.nan, unit="m")
    drawn = table.geometry_length()
    for i in np.flatnonzero(np.isnan(length) & ~(drawn > 0)).tolist():
        faults.add(f"{row_name(frame, i)}: length is empty and the line has none, expected > 0 m")
    table["length"] = np.where(np.isnan(length), drawn, length)
    return table


def _coded(
    frame: pd.DataFrame, column: str, codes: dict[str, int], allowed: str, faults: Faults
) -> NDArray[np.int64]:
    """Words of a column as numbers; others than those of the table are faults."""
    given = words(frame, column)
    result = np.array([codes.get(word.lower(), -99) for word in given], dtype=np.int64)
    for i in np.flatnonzero(result == -99).tolist():
        faults.add(f"{row_name(frame, i)}: {column} is {given[i]!r}, expected {allowed}")
    return result


def _lines(
    frame: pd.DataFrame,
    ends: list[NDArray[np.int64]],
    node_xy: NDArray[np.float64],
    faults: Faults,
) -> list[Line]:
    """Line of each link: its geometry, or straight between its nodes."""
    straight = np.stack([node_xy[ends[0]], node_xy[ends[1]]], axis=1)
    lines: list[Line] = list(straight)
    for i, text in enumerate(words(frame, "geometry") if "geometry" in frame.columns else ()):
        if not text:
            continue
        try:
            line = line_of_wkt(text)
        except ValueError as fault:
            faults.add(f"{row_name(frame, i)}: geometry is {text[:40]!r}..., {fault}")
            continue
        if len(line) >= 2:
            lines[i] = line
    return lines


def _refuse_vehicles(capacity: NDArray[np.float64], where: str) -> None:
    known = capacity[~np.isnan(capacity)]
    if len(known) and np.median(known) > MAX_MEDIAN_CAPACITY:
        raise NetworkError(
            f"{where}: half of the capacities are above {np.median(known):g}, which looks like "
            "GMNS's vehicles per hour and lane; expected persons per second: give those, or leave "
            "the column out to derive them from the width"
        )
