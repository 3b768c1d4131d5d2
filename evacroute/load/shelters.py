"""Read shelters and put their doors on the network."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from evacroute.errors import Faults, ShelterError
from evacroute.load.reach import metres_around, reached_from_somewhere, step_free, walkable
from evacroute.load.tables import (
    degrees,
    meant_as,
    name_of,
    note_unread,
    numbers,
    read_table,
    refuse_misspelt,
    row_name,
    unique_ids,
    words,
)
from evacroute.network import Network
from evacroute.reports import LoadReport
from evacroute.shelters import Shelters
from evacroute.units import to_metres

MAX_DISTANCE = 250.0
"""Farthest that a shelter's position may be from the node of its door [m]: half a large park."""

OUT_OF_TOWN = 5000.0
"""A shelter farther than this from any street is taken for a fault in the file [m]."""

UNLIMITED = 10_000_000
"""Room of a shelter whose capacity is "inf" [persons]."""

SMALL_PIECE = 100.0
"""Doors are not put on pieces of the network with less than this to walk [m]..."""

SMALL_SHARE = 0.05
"""... nor is a piece an outlying one if it has more than this share of the longest."""

_COLUMNS = (
    "shelter_id", "name", "kind", "node_id", "lon", "lat", "capacity", "step_free_capacity",
    "intake_rate",
)  # fmt: skip


def read_shelters(
    source: str | Path | pd.DataFrame, network: Network, *, max_distance: float = MAX_DISTANCE
) -> Shelters:
    """Read shelters; each gets the node of its door.

    Columns: ``capacity`` [persons, "inf" for no limit] and ``node_id`` or ``lon`` and ``lat``;
    optional ``shelter_id``, ``name``, ``kind``, ``step_free_capacity`` (default: all places),
    ``intake_rate`` [person/s] (default: no limit). Where there is no node_id the door is the
    nearest node that can be walked to, pieces of less than ``SMALL_PIECE`` metres left out.

    Parameters
    ----------
    source
        Path of a ``.csv`` or ``.csv.gz``, or a DataFrame.
    network
        The streets.
    max_distance
        Farthest a position may be from its node [m].

    Returns
    -------
    Shelters
        In the order of the table. The report warns of closed shelters, of shelters that no one can
        reach, and of step-free places that no step-free way leads to, each by name.

    Raises
    ------
    ShelterError
        If the file cannot be read, a column is missing, a value is not what it must be, a node is
        unknown, a position is nowhere near the network, or no shelter is near a street (all such
        rows are named together). A shelter a little too far from any street is set aside.

    Examples
    --------
    >>> import evacroute as er, pandas as pd
    >>> network = er.lagoon_network()
    >>> table = pd.DataFrame({"node_id": network.node_id[:2], "capacity": [400, 150]})
    >>> shelters = er.read_shelters(table, network)
    >>> shelters.node.tolist(), shelters.capacity.tolist()
    ([0, 1], [400, 150])
    """
    where = name_of(source)
    if not max_distance > 0:
        raise ShelterError(f"{where}: max_distance is {max_distance} m, expected > 0")
    frame = read_table(
        source,
        required=("capacity",),
        # Instance folders tell when a fire reaches the door; it is found anew.
        optional=(*_COLUMNS, "hot_from_s"),
        text=("shelter_id", "name", "kind", "node_id"),
        aliases={"x_coord": "lon", "y_coord": "lat", "longitude": "lon", "latitude": "lat"},
        what="shelter",
        error=ShelterError,
    )
    faults = Faults(where)
    refuse_misspelt(frame, _COLUMNS, faults)
    shelter_id = unique_ids(frame, "shelter_id", faults, prefix="S")
    room = numbers(frame, "capacity", faults, low=0, whole=True, infinite=True, unit="persons")
    room = np.where(np.isinf(room), UNLIMITED, room)
    free = numbers(
        frame, "step_free_capacity", faults, low=0, whole=True, infinite=True, default=np.nan
    )
    free = np.where(np.isnan(free), room, np.where(np.isinf(free), UNLIMITED, free))
    for i in np.flatnonzero(free > room).tolist():
        faults.add(
            f"{row_name(frame, i)}: step_free_capacity is {free[i]:g} persons, expected 0 to the "
            f"capacity of {room[i]:g}"
        )
    rate = numbers(
        frame, "intake_rate", faults, above=0, default=np.inf, infinite=True, unit="person/s"
    )
    node, lon, lat, gap = _doors(frame, network, where, max_distance, faults)
    near = node >= 0
    if len(node) and not near.any() and not faults.count:
        faults.add(f"no shelter is within {max_distance:g} m of a street", count=len(node))
    faults.raise_if_any(ShelterError)
    name, kind = words(frame, "name"), words(frame, "kind")
    called = [f"{i} {label}".strip() for i, label in zip(shelter_id, name, strict=True)]
    report = LoadReport(where)
    if not near.all():
        left = int((~near).sum())
        report.set_aside = {f"shelters with no street within {max_distance:g} m": left}
        far = [f"{called[i]} ({gap[i]:,.0f} m)" for i in np.flatnonzero(~near).tolist()]
        report.notes.append(f"set aside, too far from any street: {', '.join(far)}")
        shelter_id, name, kind, node = shelter_id[near], name[near], kind[near], node[near]
        lon, lat, gap, rate = lon[near], lat[near], gap[near], rate[near]
        room, free = room[near], free[near]
        called = [text for text, keep in zip(called, near.tolist(), strict=True) if keep]
    report.counts = {
        "shelters": len(near),
        "places": int(room.sum()),
        "step-free places": int(free.sum()),
        "m, farthest door from its position": float(np.max(gap, initial=0.0)),
    }
    _warn(report, network, called, node, room, free)
    note_unread(report, frame, _COLUMNS)
    return Shelters(
        shelter_id=shelter_id,
        name=name,
        node=node,
        lon=lon,
        lat=lat,
        capacity=room.astype(np.int64),
        step_free_capacity=free.astype(np.int64),
        intake_rate=rate,
        kind=kind,
        report=report,
    )


def _doors(
    frame: pd.DataFrame, network: Network, where: str, max_distance: float, faults: Faults
) -> tuple[NDArray[np.int32], NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Node, longitude, latitude and distance between them of each shelter."""
    n = len(frame)
    placed = "lon" in frame.columns and "lat" in frame.columns
    if "node_id" not in frame.columns and not placed:
        raise ShelterError(
            f"{where}: there is neither node_id nor lon and lat; the columns are "
            f"{', '.join([*frame.columns, *frame.attrs['unread']])}"
            + meant_as(frame.attrs["unread"], ("node_id", "lon", "lat"))
        )
    node = np.full(n, -1, dtype=np.int32)
    lon, lat, gap = np.full(n, np.nan), np.full(n, np.nan), np.zeros(n)
    given = words(frame, "node_id")
    position = {str(name): i for i, name in enumerate(network.node_id)}
    for i, name in enumerate(given):
        if name:
            node[i] = position.get(name, -1)
            if node[i] < 0:
                faults.add(
                    f"{row_name(frame, i)}: node_id is {name!r}, expected one of the network"
                )
    by_place = np.flatnonzero(given == "")
    if placed:
        with_node = frame[given != ""]
        known = np.flatnonzero(given != "")
        lon[known] = numbers(with_node, "lon", faults, low=-180, high=180, default=np.nan)
        lat[known] = numbers(with_node, "lat", faults, low=-90, high=90, default=np.nan)
    if len(by_place):
        if not placed:
            for i in by_place.tolist():
                faults.add(f"{row_name(frame, i)}: node_id is empty, expected one of the network")
            return node, lon, lat, gap
        rows = frame.iloc[by_place]
        rows.attrs = {"index": [row_name(frame, i)[4:] for i in by_place.tolist()]}
        before = faults.count
        lon[by_place], lat[by_place] = degrees(rows, "lon", "lat", faults)
        if faults.count == before:
            _nearest(rows, network, by_place, node, lon, lat, gap, max_distance, faults)
    unplaced = np.isnan(lon) | np.isnan(lat)
    lon = np.where(unplaced, network.lon[node], lon)
    lat = np.where(unplaced, network.lat[node], lat)
    return node, lon, lat, gap


def _nearest(
    rows: pd.DataFrame,
    network: Network,
    which: NDArray[np.int64],
    node: NDArray[np.int32],
    lon: NDArray[np.float64],
    lat: NDArray[np.float64],
    gap: NDArray[np.float64],
    max_distance: float,
    faults: Faults,
) -> None:
    """Fill in node and gap of the shelters given by position."""
    usable = walkable(network)
    metres = metres_around(network, usable)
    large = np.minimum(SMALL_PIECE, SMALL_SHARE * metres.max())
    doors = np.flatnonzero(reached_from_somewhere(network, usable) & (metres >= large))
    if not len(doors):
        faults.add("no node of the network can be walked to", count=len(which))
        return
    at = np.column_stack(to_metres(network.lon[doors], network.lat[doors], network.origin))
    tree = cKDTree(at)
    gap[which], found = tree.query(
        np.column_stack(to_metres(lon[which], lat[which], network.origin))
    )
    node[which] = doors[found]
    far = which[gap[which] > max_distance]
    if not len(far):
        return
    swapped = tree.query(np.column_stack(to_metres(lat[far], lon[far], network.origin)))[0]
    for i, other in zip(far.tolist(), np.asarray(swapped).tolist(), strict=True):
        row = row_name(rows, int(np.flatnonzero(which == i)[0]))
        place = f"{row}: position is ({lon[i]:.6g}, {lat[i]:.6g})"
        if other <= max(10 * max_distance, 5000):
            faults.add(f"{place}: longitude and latitude look swapped, here or in the network")
            continue
        if gap[i] <= OUT_OF_TOWN:
            node[i] = -1
            continue
        distance = f"{gap[i]:,.0f} m" if gap[i] < 10_000 else f"{gap[i] / 1000:,.0f} km"
        faults.add(
            f"{place}, {distance} from the nearest street, expected at most {max_distance:g} m"
        )


def _warn(
    report: LoadReport,
    network: Network,
    called: list[str],
    node: NDArray[np.int32],
    room: NDArray[np.float64],
    free: NDArray[np.float64],
) -> None:
    """Note by name what a planner should know about single shelters."""
    on_foot, level = walkable(network), step_free(network)

    def tell(which: NDArray[np.bool_], text: str, tails: Any = None) -> None:
        rows = np.flatnonzero(which)
        if len(rows):
            names = [called[i] + (f" ({tails[i]})" if tails else "") for i in rows.tolist()]
            report.notes.append(f"{text}: {', '.join(names)}")

    closed = room == 0
    tell(closed, "closed, since its capacity is 0")
    out = ~reached_from_somewhere(network, on_foot)[node]
    tell(out & ~closed, "no one can reach")
    around = metres_around(network, on_foot)
    part = around[node]
    apart = ~out & ~closed & (part < SMALL_SHARE * around.max())
    tell(
        apart,
        "reached only from a part of the network that does not touch the rest",
        [f"{metres / 1000:.1f} km of streets" for metres in part],
    )
    free_part = metres_around(network, level)[node]
    none = ~out & (free > 0) & ((free_part == 0) | ~reached_from_somewhere(network, level)[node])
    tell(none, "has step-free places, but no step-free way leads there")
    few = ~none & ~out & (free > 0) & (free_part < min(SMALL_PIECE, SMALL_SHARE * around.max()))
    tell(
        few,
        "has step-free places, but step-free ways lead there from few streets only",
        [f"{metres:.0f} m" for metres in free_part],
    )
