"""From streets as a file gives them to a network: join, mend, complete, and count all of it."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from evacroute.errors import Faults, InputError, NetworkError
from evacroute.load.joining import join_ends
from evacroute.load.links import complete, to_network
from evacroute.load.mending import (
    check_positions,
    drop_fragments,
    mend_lengths,
    mend_widths,
    merge_duplicates,
    note,
    split_rings,
)
from evacroute.load.street_table import StreetTable, pointers
from evacroute.network import KINDS, Network
from evacroute.reports import LoadReport

SNAP_TOLERANCE = 1.0
"""Ends closer than this are one node, unless the source names its nodes [m]."""

MIN_COMPONENT = 100.0
"""Connected pieces with less than this to walk are set aside [m]."""


@dataclass
class RawStreets:
    """What a reader hands over: one row a street, as the source has it.

    A street is one piece between two street ends, walkable both ways unless `directed`.

    Parameters
    ----------
    source
        The file or object read; begins every message.
    street_id
        Unique ids, text.
    geometry
        Longitude and latitude [degrees], shape (k, 2); empty ones are set aside and counted.
    kind
        Words of `evacroute.network.KINDS`.
    name
        "" where unknown.
    width
        Metres, NaN where unknown.
    steps
        0 none, 1 steps of unknown number, n their count, -1 unknown (default by kind).
    length
        Metres, NaN to take the line's.
    capacity
        Person/s, NaN to derive it from the width.
    elevation
        Metres above the tide datum, NaN where unknown.
    wheelchair
        1 passable, -1 not, 0 nothing said.
    surface
        Word of the source, "" where unknown.
    incline
        Rise over run from the first point to the last, NaN where unknown.
    from_id, to_id
        The source's node ids; None for nodes made by position.
    directed
        True where only from_id to to_id may be walked.
    report
        Counts of the reader; `build_network` goes on with them.
    """

    source: str
    street_id: list[str] = field(default_factory=list)
    geometry: list[NDArray[np.float64]] = field(default_factory=list)
    kind: list[str] = field(default_factory=list)
    name: list[str] = field(default_factory=list)
    width: list[float] = field(default_factory=list)
    steps: list[int] = field(default_factory=list)
    length: list[float] = field(default_factory=list)
    capacity: list[float] = field(default_factory=list)
    elevation: list[float] = field(default_factory=list)
    wheelchair: list[int] = field(default_factory=list)
    surface: list[str] = field(default_factory=list)
    incline: list[float] = field(default_factory=list)
    from_id: list[str | None] = field(default_factory=list)
    to_id: list[str | None] = field(default_factory=list)
    directed: list[bool] = field(default_factory=list)
    report: LoadReport = field(default_factory=lambda: LoadReport(""))

    def __post_init__(self) -> None:
        self.report.source = self.report.source or self.source

    def __len__(self) -> int:
        return len(self.street_id)

    def add(
        self,
        street_id: str,
        geometry: ArrayLike,
        *,
        kind: str = "calle",
        name: str = "",
        width: float = math.nan,
        steps: int = -1,
        length: float = math.nan,
        capacity: float = math.nan,
        elevation: float = math.nan,
        wheelchair: int = 0,
        surface: str = "",
        incline: float = math.nan,
        from_id: str | None = None,
        to_id: str | None = None,
        directed: bool = False,
    ) -> None:
        """Append one street."""
        self.street_id.append(street_id)
        self.geometry.append(np.asarray(geometry, dtype=np.float64).reshape(-1, 2))
        self.kind.append(kind)
        self.name.append(name)
        self.width.append(width)
        self.steps.append(steps)
        self.length.append(length)
        self.capacity.append(capacity)
        self.elevation.append(elevation)
        self.wheelchair.append(wheelchair)
        self.surface.append(surface)
        self.incline.append(incline)
        self.from_id.append(from_id)
        self.to_id.append(to_id)
        self.directed.append(directed)


def build_network(
    raw: RawStreets,
    *,
    snap_tolerance: float = SNAP_TOLERANCE,
    min_component: float = MIN_COMPONENT,
) -> Network:
    """Turn streets into a network of directed links.

    Street X becomes the links "X" (as drawn) and "X-r" (back). Nothing is dropped silently:
    `Network.report` counts what was mended, set aside and assumed.

    Parameters
    ----------
    raw
        The streets.
    snap_tolerance
        Ends without node ids that are closer than this become one node [m], >= 0.
    min_component
        Connected pieces with less than this to walk are set aside, since whoever was snapped on one
        could go nowhere; the largest always stays [m], >= 0.

    Raises
    ------
    InputError
        If a tolerance is not a finite number >= 0.
    NetworkError
        If there is no street with a line, if ids are not unique, if a kind is unknown, if a
        capacity is negative, or if positions are not longitude and latitude in degrees.
    """
    for label, value in (("snap_tolerance", snap_tolerance), ("min_component", min_component)):
        if not (math.isfinite(value) and value >= 0):
            raise InputError(f"{label} is {value} m, expected a finite number >= 0")
    report = raw.report
    report.counts["streets read"] = len(raw)
    table = _table(raw)
    check_positions(table, raw.source)
    node_id, node_xy, moved = join_ends(table, snap_tolerance)
    note(report.repaired, f"nodes joined of ends within {snap_tolerance:g} m", moved)
    table, node_xy = split_rings(table, node_xy, snap_tolerance, report)
    node_id = _with_middles(node_id, len(node_xy))
    if not len(table):
        raise NetworkError(
            f"{raw.source}: no street is longer than the snap tolerance of {snap_tolerance:g} m"
        )
    mend_lengths(table, report)
    mend_widths(table, report)
    table = merge_duplicates(table, report)
    table = drop_fragments(table, len(node_id), min_component, report)
    complete(table)
    return to_network(table, node_id, node_xy, report)


_TYPES: dict[str, Any] = {
    "street_id": object,
    "name": object,
    "width": np.float64,
    "steps": np.int64,
    "length": np.float64,
    "capacity": np.float64,
    "elevation": np.float64,
    "wheelchair": np.int8,
    "surface": object,
    "incline": np.float64,
    "from_id": object,
    "to_id": object,
    "directed": np.bool_,
}


def _table(raw: RawStreets) -> StreetTable:
    """Columns as arrays, checked; streets without a line are set aside."""
    faults = Faults(raw.source)
    seen: set[str] = set()
    for street_id in raw.street_id:
        if street_id in seen:
            faults.add(f"street id {street_id!r} appears more than once, expected unique ids")
        seen.add(street_id)
    for street_id, word in zip(raw.street_id, raw.kind, strict=True):
        if word not in KINDS:
            faults.add(f"street {street_id}: kind is {word!r}, expected one of {', '.join(KINDS)}")
    for street_id, capacity in zip(raw.street_id, raw.capacity, strict=True):
        if capacity < 0 or math.isinf(capacity):
            faults.add(
                f"street {street_id}: capacity is {capacity} person/s, "
                "expected a finite number >= 0"
            )
    faults.raise_if_any(NetworkError)
    count = np.array([len(line) for line in raw.geometry], dtype=np.int64)
    drawn = count >= 2
    note(raw.report.set_aside, "streets with empty geometry", (~drawn).sum())
    if not drawn.any():
        raise NetworkError(
            f"{raw.source}: there is no street with a line of two points or more, "
            "expected at least one"
        )
    columns = {name: _array(getattr(raw, name), kind) for name, kind in _TYPES.items()}
    columns["kind"] = np.array([KINDS.index(word) for word in raw.kind], dtype=np.uint8)
    return StreetTable(columns, pointers(count), np.concatenate(raw.geometry)).take(drawn)


def _array(values: list[Any], dtype: Any) -> NDArray[Any]:
    array = np.empty(len(values), dtype=dtype)
    array[:] = values
    return array


def _with_middles(node_id: NDArray[Any], n_nodes: int) -> NDArray[Any]:
    """Ids for the nodes added in the middle of ring streets."""
    taken = set(node_id.tolist())
    added = []
    for i in range(len(node_id), n_nodes):
        name = f"ring{i}"
        while name in taken:
            name += "x"
        taken.add(name)
        added.append(name)
    ids = np.empty(n_nodes, dtype=object)
    ids[: len(node_id)] = node_id
    ids[len(node_id) :] = added
    return ids
