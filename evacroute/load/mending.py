"""What a street file gets wrong: found, mended or set aside, and always counted."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evacroute.errors import Faults, NetworkError
from evacroute.load.joining import components
from evacroute.load.street_table import StreetTable, line_lengths, pointers
from evacroute.network import FERRY
from evacroute.reports import LoadReport

MIN_LENGTH = 0.1
"""Shortest length a street may have [m]; two nodes at one place are this far apart."""

MAX_WIDTH = 200.0
"""A width above this [m] is taken for a typing error, hence as unknown."""


def check_positions(table: StreetTable, source: str) -> None:
    """Fault points that are not finite, not degrees, or have longitude and latitude swapped.

    Raises
    ------
    NetworkError
        If a coordinate is not a finite number, if positions are not longitude and latitude in
        degrees (metres of a map projection, mostly), or if the lengths that the source gives agree
        with its lines only when longitude and latitude are swapped.
    """
    faults = Faults(source)
    street = np.repeat(np.arange(len(table)), np.diff(table.ptr))
    finite = np.isfinite(table.points).all(axis=1)
    for row in np.unique(street[~finite]):
        bad = table.points[(street == row) & ~finite][0]
        faults.add(
            f"street {table['street_id'][row]}: a point is ({bad[0]}, {bad[1]}), "
            "expected finite degrees"
        )
    faults.raise_if_any(NetworkError)
    lon, lat = np.abs(table.points[:, 0]), np.abs(table.points[:, 1])
    example = f"a point is ({table.points[0, 0]:.7g}, {table.points[0, 1]:.7g})"
    allowed = "longitude -180..180 and latitude -90..90 in degrees (EPSG:4326)"
    if (lon > 180).any() or (lat > 180).any():
        raise NetworkError(
            f"{source}: {example}, expected {allowed}: these look like metres of a map projection, "
            "convert the file to EPSG:4326 first"
        )
    if (lat > 90).any():
        raise NetworkError(f"{source}: {example}, expected {allowed}: latitude comes first here?")
    drawn = table.geometry_length()
    if np.median(drawn) > 20_000:
        raise NetworkError(
            f"{source}: half of the streets are longer than {np.median(drawn) / 1000:.0f} km, "
            f"expected {allowed}: are these metres?"
        )
    given = table["length"]
    known = np.isfinite(given) & (given > 1) & (drawn > 1)
    if known.sum() >= 10 and known.mean() > 0.5:
        other = line_lengths(table.ptr, table.points[:, ::-1])
        as_is = np.median(np.abs(drawn[known] / given[known] - 1))
        swapped = np.median(np.abs(other[known] / given[known] - 1))
        if as_is > 0.05 and swapped < 0.02:
            raise NetworkError(
                f"{source}: {example}, but the lengths given fit only with longitude and latitude "
                "swapped, expected longitude first"
            )


def mend_lengths(table: StreetTable, report: LoadReport) -> None:
    """Keep lengths that agree with the line drawn; take the line's length for all others.

    A street cannot be shorter than its line (20 % or 1 m are let pass), and is hardly longer than
    twice the line, or five times where the line is but a straight stroke between two ends.
    """
    drawn, given = table.geometry_length(), table["length"]
    straight = np.diff(table.ptr) == 2
    most = np.where(straight, 5 * drawn + 50, 2 * drawn + 10)
    missing = np.isnan(given)
    fits = ~missing & (given > 0) & (given >= np.minimum(0.8 * drawn, drawn - 1)) & (given <= most)
    wrong = ~missing & ~fits
    note(report.repaired, "lengths that disagree with the line (the line's taken)", wrong.sum())
    length = np.where(fits, given, drawn)
    short = length < MIN_LENGTH
    note(report.repaired, f"lengths below {MIN_LENGTH} m between two nodes", short.sum())
    table["length"] = np.maximum(length, MIN_LENGTH)


def mend_widths(table: StreetTable, report: LoadReport) -> None:
    """Take widths that cannot be as unknown."""
    width = table["width"]
    wrong = ~np.isnan(width) & ~((width > 0) & (width <= MAX_WIDTH))
    note(report.repaired, f"widths not from 0 to {MAX_WIDTH:g} m (taken as unknown)", wrong.sum())
    table["width"] = np.where(wrong, np.nan, width)


def split_rings(
    table: StreetTable, node_xy: NDArray[np.float64], snap_tolerance: float, report: LoadReport
) -> tuple[StreetTable, NDArray[np.float64]]:
    """Split streets that end where they begin in the middle; set aside those too short for it.

    Returns the table and the positions of all nodes, those added at the end.
    """
    ring = table["from_node"] == table["to_node"]
    if not ring.any():
        return table, node_xy
    length = table.geometry_length()
    long_enough = ring & (length >= max(2 * snap_tolerance, 2 * MIN_LENGTH))
    note(
        report.set_aside,
        "streets shorter than the snap tolerance (both ends are one node)",
        (ring & ~long_enough).sum(),
    )
    note(report.repaired, "ring streets split in the middle", long_enough.sum())
    halves = [_halves(table.geometry(row)) for row in np.flatnonzero(long_enough).tolist()]
    keep = table.take(~ring)
    if not halves:
        return keep, node_xy
    rows = np.repeat(np.flatnonzero(long_enough), 2)
    columns = {name: values[rows].copy() for name, values in table.columns.items()}
    middle = len(node_xy) + np.arange(len(halves))
    columns["to_node"][0::2] = middle
    columns["from_node"][1::2] = middle
    columns["length"] = columns["length"] / 2  # NaN stays NaN
    columns["steps"] = np.where(
        columns["steps"] > 1, np.maximum(columns["steps"] // 2, 1), columns["steps"]
    )
    columns["street_id"] = np.array(
        [f"{name}-{'ab'[i % 2]}" for i, name in enumerate(columns["street_id"])], dtype=object
    )
    lines = [half for pair in halves for half in pair]
    both = StreetTable(
        {k: np.concatenate([keep[k], v]) for k, v in columns.items()},
        np.concatenate([keep.ptr, keep.ptr[-1] + pointers(np.array([len(x) for x in lines]))[1:]]),
        np.concatenate([keep.points, *lines]),
    )
    return both, np.concatenate([node_xy, [pair[0][-1] for pair in halves]])


def _halves(line: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    pairs = np.repeat(line, 2, axis=0)[1:-1]
    pieces = line_lengths(np.arange(0, len(pairs) + 1, 2), pairs)
    along = np.concatenate([[0.0], np.cumsum(pieces)])
    half = along[-1] / 2
    i = int(np.searchsorted(along, half, side="right")) - 1
    share = (half - along[i]) / pieces[i]
    point = line[i] + share * (line[i + 1] - line[i])
    head = line[: i + 1] if share > 0 else line[:i]
    return np.vstack([head, point]), np.vstack([point, line[i + 1 :]])


def merge_duplicates(table: StreetTable, report: LoadReport) -> StreetTable:
    """Keep one of streets drawn twice along the same line, the widest.

    Other streets between the same two nodes are different ways and stay.
    """
    a, b = table["from_node"], table["to_node"]
    one_way = table["directed"]
    low, high = np.where(one_way, a, np.minimum(a, b)), np.where(one_way, b, np.maximum(a, b))
    count = np.diff(table.ptr)
    key = np.column_stack([low, high, one_way, count, table["kind"]]).astype(np.int64)
    _, group, size = np.unique(key, axis=0, return_inverse=True, return_counts=True)
    candidates = np.flatnonzero(size[group.ravel()] > 1)
    same: defaultdict[bytes, list[int]] = defaultdict(list)
    for row in candidates.tolist():
        line = table.geometry(row) if a[row] == low[row] else table.geometry(row)[::-1]
        marks = np.rint(line * 1e7).astype(np.int64)
        same[key[row].tobytes() + marks.tobytes()].append(int(row))
    keep = np.ones(len(table), dtype=bool)
    width = np.nan_to_num(table["width"], nan=-1.0)
    for rows in same.values():
        if len(rows) > 1:
            keep[rows] = False
            keep[max(rows, key=lambda row: (width[row], -row))] = True
    note(report.set_aside, "streets drawn twice (the widest kept)", (~keep).sum())
    return table.take(keep)


def drop_fragments(
    table: StreetTable, n_nodes: int, min_component: float, report: LoadReport
) -> StreetTable:
    """Set aside connected pieces of the network with less than `min_component` metres to walk.

    The longest stays whatever its length; pieces of ferry routes alone are no trap and stay too.
    """
    piece = components(n_nodes, table)
    length = table.geometry_length()
    walk = np.bincount(piece, weights=np.where(table["kind"] == FERRY, 0.0, length))
    small = (walk > 0) & (walk < min_component - 1e-6)
    small[np.argmax(walk)] = False
    drop = small[piece]
    used = len(np.unique(piece))
    report.counts["connected pieces found"] = used
    note(
        report.set_aside,
        f"streets in {small.sum()} fragments of less than {min_component:g} m",
        drop.sum(),
    )
    table = table.take(~drop)
    report.shares["of the length in the largest connected piece"] = float(
        walk.max() / max(walk[~small].sum(), MIN_LENGTH)
    )
    report.counts["connected pieces kept"] = used - int(small.sum())
    return table


def note(table: dict[str, int], label: str, number: Any) -> None:
    """Count something in a report, where there is anything to count."""
    if number:
        table[label] = table.get(label, 0) + int(number)
