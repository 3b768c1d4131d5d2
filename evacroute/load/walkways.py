"""Add raised walkways (passerelle) to a network, from a table."""

from __future__ import annotations

import copy
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from evacroute.errors import Faults, HazardError
from evacroute.hazards.walkways import Walkways
from evacroute.load.street_capacity import capacities
from evacroute.load.tables import (
    name_of,
    note_unread,
    numbers,
    read_table,
    row_name,
    unique_ids,
    words,
)
from evacroute.network import KINDS, Network
from evacroute.reports import LoadReport
from evacroute.units import to_metres

_REQUIRED = ("height", "width", "tide_to")
_OPTIONAL = (
    "tide_from", "link_id", "from_node_id", "to_node_id", "walkway_id", "name", "wheelchair",
)  # fmt: skip
_WHEELCHAIR = {"yes": 1, "1": 1, "true": 1, "no": -1, "": -1, "0": -1, "-1": -1, "false": -1}


def add_walkways(network: Network, table: str | Path | pd.DataFrame) -> tuple[Network, Walkways]:
    """Add raised walkways as links beside the streets.

    Each row becomes two links, one per direction, behind those that are there, so positions and ids
    of all others stay. They are level, of kind walkway, with a capacity by their width, and their
    deck is their elevation. When they are there only a flood knows: give the `Walkways` to `Flood`.

    Parameters
    ----------
    network
        The streets.
    table
        CSV or DataFrame. Where it lies: ``link_id`` of the street that it runs along, or
        ``from_node_id`` and ``to_node_id``, then straight. What it is: ``height`` of the deck over
        the tide datum [m] and ``width`` [m]. When it is there: ``tide_from`` (always, where empty)
        to ``tide_to`` [m], above which it is taken away before it floats. Optionally
        ``walkway_id``, ``name``, ``wheelchair`` (yes or no; no by default).

    Returns
    -------
    tuple
        The network and the walkways.

    Raises
    ------
    HazardError
        If the table cannot be read, or a row says no place, an unknown one, or no possible walkway.

    Examples
    --------
    >>> import evacroute as er, pandas as pd
    >>> rows = [{"link_id": "0", "height": 1.7, "width": 1.2, "tide_from": 1.1, "tide_to": 1.5}]
    >>> network, walkways = add_walkways(er.lagoon_network(), pd.DataFrame(rows))
    >>> walkways
    Walkways(2 links)
    """
    frame = read_table(
        table,
        required=_REQUIRED,
        optional=_OPTIONAL,
        text=("link_id", "from_node_id", "to_node_id", "walkway_id", "name", "wheelchair"),
        aliases={"height_m": "height", "width_m": "width", "tide_from_m": "tide_from",
                 "tide_to_m": "tide_to"},
        what="walkway",
        error=HazardError,
    )  # fmt: skip
    faults = Faults(name_of(table))
    height = numbers(frame, "height", faults, low=-10, high=10, unit="m")
    width = numbers(frame, "width", faults, above=0, high=50, unit="m")
    begin = numbers(frame, "tide_from", faults, low=-4, high=4, default=-np.inf, unit="m")
    end = numbers(frame, "tide_to", faults, low=-4, high=4, unit="m")
    ids = unique_ids(frame, "walkway_id", faults, prefix="walkway-")
    chair = words(frame, "wheelchair")
    for i in range(len(frame)):
        if not begin[i] < end[i] and np.isfinite(end[i]):
            faults.add(
                f"{row_name(frame, i)}: tide_from is {begin[i]:g} m and tide_to {end[i]:g} m, "
                "expected from < to"
            )
        if chair[i].lower() not in _WHEELCHAIR:
            faults.add(f"{row_name(frame, i)}: wheelchair is {chair[i]!r}, expected yes or no")
    lines = _lines(network, frame, faults)
    new = np.array([f"{name}{way}" for name in ids for way in ("", "-r")], dtype=object)
    for name in new[np.isin(new, network.link_id)]:
        faults.add(f"walkway_id {name!r} is a link of the network, expected an id of its own")
    faults.raise_if_any(HazardError)
    wheelchair = np.array([_WHEELCHAIR[word.lower()] for word in chair])
    added = _added(network, new, lines, height, width, wheelchair, words(frame, "name"))
    twice = [np.repeat(values, 2) for values in (height, begin, end)]
    report = copy.deepcopy(network.report) or LoadReport(name_of(table))
    report.counts[f"walkways from {name_of(table)}"] = len(frame)
    note_unread(report, frame, (*_REQUIRED, *_OPTIONAL))
    return _grown(network, added, report), Walkways(new, *twice)


def _lines(
    network: Network, frame: pd.DataFrame, faults: Faults
) -> list[tuple[int, int, float, NDArray[np.float64]]]:
    """Nodes, length [m] and points of each walkway."""
    link_at = {str(name): i for i, name in enumerate(network.link_id)}
    node_at = {str(name): i for i, name in enumerate(network.node_id)}
    street = words(frame, "link_id")
    ends = words(frame, "from_node_id"), words(frame, "to_node_id")
    found = []
    for i in range(len(frame)):
        row = row_name(frame, i)
        if street[i]:
            link = link_at.get(street[i], -1)
            if link < 0:
                faults.add(f"{row}: link_id {street[i]!r} is not in the network")
                continue
            a, b = int(network.from_node[link]), int(network.to_node[link])
            found.append((a, b, float(network.length[link]), network.geometry(link)))
            continue
        if not (ends[0][i] and ends[1][i]):
            faults.add(f"{row}: no place, expected link_id, or from_node_id and to_node_id")
            continue
        nodes = [node_at.get(end[i], -1) for end in ends]
        for name, node in zip(ends, nodes, strict=True):
            if node < 0:
                faults.add(f"{row}: node {name[i]!r} is not in the network")
        if min(nodes) < 0:
            continue
        points = np.column_stack([network.lon[nodes], network.lat[nodes]])
        x, y = to_metres(points[:, 0], points[:, 1], network.origin)
        length = float(np.hypot(x[1] - x[0], y[1] - y[0]))
        if not length > 0:
            faults.add(f"{row}: both ends are at one place, expected two")
            continue
        found.append((nodes[0], nodes[1], length, points))
    return found


def _added(
    network: Network,
    ids: NDArray[Any],
    lines: list[tuple[int, int, float, NDArray[np.float64]]],
    height: NDArray[np.float64],
    width: NDArray[np.float64],
    wheelchair: NDArray[Any],
    name: NDArray[Any],
) -> dict[str, Any]:
    """Columns of the new links, forth and back in turn."""
    n = len(ids)
    a, b, length = (np.array([line[i] for line in lines]) for i in range(3))
    kind, none = np.full(n, KINDS.index("walkway")), np.zeros(n, np.int64)
    wide = np.repeat(width, 2)
    points = [part for line in lines for part in (line[3], line[3][::-1])]
    return {
        "link_id": ids,
        "from_node": np.column_stack([a, b]).ravel(),
        "to_node": np.column_stack([b, a]).ravel(),
        "length": np.repeat(length, 2),
        "width": wide,
        "steps": none,
        "capacity": capacities(wide, none, kind),
        "kind": kind,
        "name": np.repeat(name, 2),
        "elevation": np.repeat(height, 2),
        "wheelchair": np.repeat(wheelchair, 2),
        "surface": np.full(n, "", dtype=object),
        "incline": np.full(n, np.nan),
        "width_assumed": none.astype(bool),
        "capacity_assumed": none.astype(bool),
        "geometry_ptr": network.geometry_ptr[-1] + np.cumsum([len(line) for line in points]),
        "geometry_lon": np.concatenate(points)[:, 0],
        "geometry_lat": np.concatenate(points)[:, 1],
    }


def _grown(network: Network, added: dict[str, Any], report: LoadReport) -> Network:
    """Put more links behind those of a network."""
    names = {column.name for column in fields(network)} & set(added)
    columns: dict[str, Any] = {
        name: np.concatenate([getattr(network, name), added[name]]) for name in names
    }
    return replace(network, **columns, report=report)
