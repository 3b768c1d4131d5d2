"""Closures: a table of streets or areas that are closed or slow from one time to another."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from evacroute.errors import Faults, HazardError, InputError
from evacroute.hazards.ground import (
    Area,
    Circle,
    Samples,
    polygons_of_geometry,
    polygons_of_wkt,
    sample,
)
from evacroute.hazards.link_times import EVERY, LinkTimes
from evacroute.hazards.names import FROM_TO, is_comment, renamed, told, wrong_names
from evacroute.network import Network
from evacroute.people import Classes
from evacroute.reports import LoadReport
from evacroute.streets import pair_links, swap_hint
from evacroute.units import seconds

SPACING = 2.0
"""An area concerns a link with a point inside; points are no farther apart than this [m]."""

COLUMNS = (
    "link_id", "lon", "lat", "radius_m", "area", "from", "to", "closed", "speed_factor", "class_id",
    "both_directions",
)  # fmt: skip
_YES = {"1": True, "true": True, "yes": True, "1.0": True}
_NO = {"0": False, "false": False, "no": False, "0.0": False}


@dataclass(frozen=True, slots=True, eq=False)
class Closure:
    """A street or area that is closed or slow for a while.

    Parameters
    ----------
    label
        What messages call it, e.g. "row 3".
    link_id, area
        Where: a link, or all links with a point inside; the other is None.
    from_s, to_s
        When [s after the alarm]; to_s may be inf.
    speed_factor
        0 = closed, to 1.
    class_id
        Whom it concerns, "*" = everyone.
    both_directions
        Whether a link's opposite is closed with it.
    """

    label: str
    link_id: str | None
    area: Area | None
    from_s: float = 0.0
    to_s: float = math.inf
    speed_factor: float = 0.0
    class_id: str = "*"
    both_directions: bool = True


@dataclass(frozen=True, slots=True, eq=False)
class Closures:
    """Streets or areas that are closed or slow from one time to another: a hazard.

    Where rows of one class overlap on a link, the least speed factor counts, once; rows for
    everyone and rows for a class are multiplied.

    Parameters
    ----------
    table
        A DataFrame, or mappings (``Closure`` is taken too), with ``link_id``, or ``lon``, ``lat``
        and ``radius_m``, or ``area`` (WKT, or a GeoJSON geometry); ``from`` and ``to``, also called
        ``from_s`` and ``to_s``, ``start`` and ``end``, or ``begin`` and ``until`` (seconds or text
        like "10 min"; from the alarm and for good where empty); ``closed`` (1) or ``speed_factor``
        (0 to 1), closed where neither is given; ``class_id`` (everyone where empty);
        ``both_directions`` (0: that link alone). Comments (``name``, ``note``, ``reason`` and the
        like) are not read; any other name is a fault.
    report
        What `read_closures` counted.

    Raises
    ------
    HazardError
        If there is no row, or a value is not what it must be (all such rows are named together).

    Examples
    --------
    >>> import evacroute as er
    >>> shut = er.Closures([{"link_id": "12", "from": "10 min", "to": "30 min"}])
    >>> len(er.lagoon(people=300, hazard=shut).link_times)
    2
    """

    table: Sequence[Closure | Mapping[str, Any]] | pd.DataFrame = field(repr=False)
    report: LoadReport | None = field(default=None, kw_only=True)
    rows: tuple[Closure, ...] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        faults = Faults("closures")
        rows = closures_of_table(self.table, faults)
        faults.raise_if_any(HazardError)
        object.__setattr__(self, "rows", rows)

    def __len__(self) -> int:
        return len(self.rows)

    def link_times(self, network: Network, classes: Classes, until: float) -> LinkTimes:
        """Find the links of each row, both ways where it says so.

        Parameters
        ----------
        network
            The streets.
        classes
            Who walks, for rows that concern one class.
        until
            Not used: all rows are given.

        Returns
        -------
        LinkTimes
            Which links are closed or slow, to whom and when.

        Raises
        ------
        HazardError
            If a link or class is unknown, or an area touches no link (all such rows are named
            together).
        """
        faults = Faults("closures")
        links = links_of_closures(self.rows, network, faults)
        position = {str(name): i for i, name in enumerate(classes.class_id)} | {"*": EVERY}
        for row in self.rows:
            if row.class_id not in position:
                known = ", ".join(map(str, classes.class_id))
                faults.add(f"{row.label}: class_id is {row.class_id!r}, expected one of {known}")
        faults.raise_if_any(HazardError)
        return merged(self.rows, links, [position[row.class_id] for row in self.rows])[0]


def closures_of_table(
    table: Sequence[Closure | Mapping[str, Any]] | pd.DataFrame,
    faults: Faults,
    comments: set[str] | None = None,
) -> tuple[Closure, ...]:
    """Check rows and bring them into one form.

    `faults` takes what is wrong, `comments` the names of columns that are not read.
    """
    labels: Sequence[str] = ()
    rows: list[Any]
    comments = set() if comments is None else comments
    if isinstance(table, pd.DataFrame):
        labels = [f"row {name}" for name in table.attrs.get("index", table.index)]
        names = renamed(table.columns, FROM_TO)
        unread = [*names.values(), *table.attrs.get("unread", ())]
        comments.update(name for name in unread if name not in COLUMNS and is_comment(name))
        wrong = wrong_names(unread, COLUMNS)
        if wrong:
            faults.add(f"column {told(wrong, COLUMNS, FROM_TO)}")
        table = table[[name for name, column in names.items() if column in COLUMNS]]
        rows = table.rename(columns=names).to_dict("records")
    else:
        rows = list(table)
    if not rows:
        faults.add("there is no row, expected at least one closure")
    made = []
    for i, row in enumerate(rows):
        if isinstance(row, Closure):
            made.append(row)
        elif isinstance(row, Mapping):
            label = labels[i] if labels else str(row.get("label", f"row {i}"))
            one = _closure(row, label, faults, comments)
            if one is not None:
                made.append(one)
        else:
            faults.add(f"row {i}: this is {row!r}, expected a mapping of columns")
    return tuple(made)


def _closure(
    row: Mapping[str, Any], label: str, faults: Faults, comments: set[str]
) -> Closure | None:
    before = faults.count
    filled = {str(name): value for name, value in row.items() if not _empty(value)}
    names = renamed(filled, FROM_TO)
    given = {names[name]: value for name, value in filled.items()}
    comments.update(name for name in given if name not in COLUMNS and is_comment(name))
    wrong = wrong_names(given, COLUMNS)
    if wrong:
        faults.add(f"{label}: {told(wrong, COLUMNS, FROM_TO)}")
        return None
    link_id = text_of(given["link_id"]) if "link_id" in given else None
    area = _area(given, label, faults)
    if (link_id is None) == (area is None):
        if faults.count > before:
            return None
        found = "neither" if area is None else "both"
        faults.add(f"{label}: there is {found} of link_id and an area, expected one of them")
        return None
    begin = time_of(given.get("from", 0.0), f"{label}: from", faults)
    end = time_of(given.get("to", math.inf), f"{label}: to", faults)
    if not end > begin:
        faults.add(f"{label}: from {begin:g} s to {end:g} s, expected from < to")
    factor = _factor(given, label, faults)
    both = flag_of(given.get("both_directions", True), f"{label}: both_directions", faults)
    class_id = text_of(given.get("class_id", "*"))
    return Closure(label, link_id, area, begin, end, factor, class_id, both)


def _area(given: Mapping[str, Any], label: str, faults: Faults) -> Area | None:
    circle = [name for name in ("lon", "lat", "radius_m") if name in given]
    if circle and "area" in given:
        faults.add(f"{label}: there are both area and {circle[0]}, expected one of them")
    elif "area" in given:
        area = given["area"]
        try:
            return polygons_of_wkt(area) if isinstance(area, str) else polygons_of_geometry(area)
        except ValueError as fault:
            faults.add(f"{label}: area cannot be read: {fault}")
    elif circle and len(circle) < 3:
        faults.add(f"{label}: there is {circle[0]}, but not all of lon, lat and radius_m")
    elif circle:
        limits = (("lon", -180.0, 180.0), ("lat", -90.0, 90.0), ("radius_m", 0.0, 1e6))
        values = [number_of(given[n], f"{label}: {n}", faults, lo, hi) for n, lo, hi in limits]
        if values[2] == 0:
            faults.add(f"{label}: radius_m is 0 m, expected more than 0")
        return Circle(*values)
    return None


def _factor(given: Mapping[str, Any], label: str, faults: Faults) -> float:
    before = faults.count
    if "closed" in given and flag_of(given["closed"], f"{label}: closed", faults):
        if "speed_factor" in given and number_of(given["speed_factor"], "", Faults("")) != 0:
            faults.add(
                f"{label}: closed is 1 and speed_factor {given['speed_factor']}, expected one of "
                "them"
            )
        return 0.0
    if "speed_factor" not in given:
        if "closed" in given and faults.count == before:
            faults.add(f"{label}: closed is 0 and there is no speed_factor, expected one of them")
        return 0.0
    return number_of(given["speed_factor"], f"{label}: speed_factor", faults, 0.0, 1.0)


def _empty(value: Any) -> bool:
    if isinstance(value, str):
        return value.strip().lower() in ("", "nan")
    return value is None or (isinstance(value, float) and math.isnan(value)) or value is pd.NA


def text_of(value: Any) -> str:
    """Give an id as text: whole numbers without a fraction."""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip()


def number_of(
    value: Any, name: str, faults: Faults, low: float = -math.inf, high: float = math.inf
) -> float:
    """Give a value as a number, NaN and a fault where it is none or not from low to high."""
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = math.nan
    if not low <= number <= high:
        faults.add(f"{name} is {value!r}, expected a number from {low:g} to {high:g}")
        return math.nan
    return number


def flag_of(value: Any, name: str, faults: Faults) -> bool:
    """Give a value as yes or no, no and a fault where it is neither."""
    word = str(value).strip().lower()
    if word not in _YES and word not in _NO:
        faults.add(f"{name} is {value!r}, expected 0 or 1")
    return _YES.get(word, False)


def time_of(value: Any, name: str, faults: Faults) -> float:
    """Give a time after the alarm [s], written as seconds or as text like "10 min"."""
    try:
        number = float(value)
    except (TypeError, ValueError):
        try:
            number = seconds(str(value), "time")
        except InputError:
            number = math.nan
    if not number >= 0:
        faults.add(f"{name} is {value!r}, expected a time >= 0: seconds, or text like '10 min'")
        return 0.0 if name.endswith("from") else math.inf
    return number


def links_of_closures(
    rows: Sequence[Closure], network: Network, faults: Faults
) -> list[NDArray[np.int64]]:
    """Find the links of each row; a row without any is a fault."""
    position = {str(name): i for i, name in enumerate(network.link_id)}
    opposite = _opposite(network)
    samples: Samples | None = None
    found = []
    for row in rows:
        links = np.empty(0, np.int64)
        if row.link_id is not None:
            if row.link_id in position:
                links = np.array([position[row.link_id]])
            else:
                faults.add(f"{row.label}: link_id {row.link_id!r} is not in the network")
        elif row.area is not None:
            samples = sample(network, SPACING) if samples is None else samples
            links = np.flatnonzero(samples.any(row.area.covers(samples)))
            if not len(links):
                hint = swap_hint(network, *row.area.place)
                faults.add(f"{row.label}: the area touches no link of the network{hint}")
        if row.both_directions:
            back = opposite[links]
            links = np.unique(np.concatenate([links, back[back >= 0]]))
        found.append(links)
    return found


def _opposite(network: Network) -> NDArray[np.int64]:
    """Give the link the other way of each link, -1 where there is none."""
    streets = pair_links(network)
    other = np.full(network.n_links, -1, np.int64)
    paired = streets.backward >= 0
    other[streets.forward[paired]] = streets.backward[paired]
    other[streets.backward[paired]] = streets.forward[paired]
    return other


def merged(
    rows: Sequence[Closure], links: Sequence[NDArray[np.int64]], class_: Sequence[Any]
) -> tuple[LinkTimes, int]:
    """Resolve overlaps: the least factor of one link and class counts.

    Returns
    -------
    tuple
        The link times, and how many rows overlap one before them.
    """
    of: dict[tuple[int, Any], list[int]] = {}
    for i, some in enumerate(links):
        for link in some.tolist():
            of.setdefault((link, class_[i]), []).append(i)
    made: list[tuple[float, ...]] = []
    overlapping = set()
    for (link, one), members in of.items():
        cuts = sorted({t for i in members for t in (rows[i].from_s, rows[i].to_s)})
        last: list[float] | None = None
        for begin, end in pairwise(cuts):
            here = [i for i in members if rows[i].from_s <= begin and rows[i].to_s >= end]
            overlapping.update(here[1:])
            if not here:
                continue
            factor = min(rows[i].speed_factor for i in here)
            if last is not None and last[3] == begin and last[4] == factor:
                last[3] = end
                made[-1] = tuple(last)
                continue
            last = [link, one if isinstance(one, int) else EVERY, begin, end, factor]
            made.append(tuple(last))
    columns = np.array(made, dtype=np.float64).reshape(-1, 5).T
    return LinkTimes(*columns), len(overlapping)
