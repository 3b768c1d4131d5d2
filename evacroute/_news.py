"""What has happened since the plan was made, as people tell it: closures and positions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from evacroute._named import Named
from evacroute.errors import Faults
from evacroute.load.snap import snap
from evacroute.plan import Plan
from evacroute.streets import swap_hint

Closures = Iterable[str] | Mapping[str, Iterable[str]]
Positions = Mapping[Any, Any] | pd.DataFrame
Said = list[dict[str, Any]]
"""Closures by the names they have: name, what ("street", "link", "shelter"), links."""


def read_closures(
    closures: Closures | str | None, plan: Plan, faults: Faults
) -> tuple[NDArray[np.bool_], NDArray[np.bool_], Said]:
    """Which links and shelters are closed; whatever is unknown or means two things is a fault."""
    network, shelters = plan.scenario.network, plan.scenario.shelters
    closed_link = np.zeros(network.n_links, bool)
    closed_shelter = np.zeros(len(shelters), bool)
    said: Said = []
    if closures is None:
        return closed_link, closed_shelter, said
    if isinstance(closures, Mapping):
        for key in sorted(set(closures) - {"links", "shelters"}):
            faults.add(f"closures: {key!r} is neither 'links' nor 'shelters'")
        named = [(kind, _texts(closures.get(kind))) for kind in ("links", "shelters")]
    else:
        named = [("", _texts(closures))]
    known = Named(network, shelters)
    for kind, texts in named:
        for text in dict.fromkeys(texts):
            found = known.find(text, kind, faults)
            if found is not None:
                closed_link |= found.links
                closed_shelter |= found.shelters
                count = int(found.links.sum())
                said.append({"name": found.name, "what": found.what, "links": count})
    return closed_link, closed_shelter, said


def _texts(value: Iterable[Any] | str | None) -> list[str]:
    if value is None:
        return []
    return [value] if isinstance(value, str) else [str(one) for one in value]


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """Movements whose people are known to be somewhere; arrays of equal length.

    Parameters
    ----------
    movement
        Positions of the movements.
    node
        Where they are, or will be first.
    walk
        Way to that node along the street [m].
    stepped
        Whether that street has steps.
    """

    movement: NDArray[np.int64]
    node: NDArray[np.int32]
    walk: NDArray[np.float64]
    stepped: NDArray[np.bool_]


def read_positions(
    positions: Positions | None,
    plan: Plan,
    safe: NDArray[np.bool_],
    closed_link: NDArray[np.bool_],
    faults: Faults,
) -> Found:
    """Find the movements that positions are given of, and the nodes near them."""
    network, moves = plan.scenario.network, plan.movements
    nodes = {str(name): i for i, name in enumerate(network.node_id)} if _some(positions) else {}
    group_ids = plan.scenario.groups.group_id
    groups = {str(name): i for i, name in enumerate(group_ids)} if _some(positions) else {}
    movement: list[int] = []
    node: list[int] = []
    points: list[tuple[float, float]] = []
    for key, place in _rows(positions, faults):
        if isinstance(key, str):
            if key not in groups:
                faults.add(f"positions: there is no group {key!r}")
                continue
            mine = np.flatnonzero((moves.group == groups[key]) & ~safe).tolist()
        else:
            mine = [int(key)]
            if not 0 <= mine[0] < len(moves):
                faults.add(f"positions: there is no movement {key}, expected 0 to {len(moves) - 1}")
                continue
        if not mine or safe[mine].all():
            what = f"group {key!r}" if isinstance(key, str) else f"movement {key}"
            faults.add(f"positions: nobody of {what} is on the way, they are safe or have no place")
            continue
        if isinstance(place, str):
            if place not in nodes:
                faults.add(f"positions: {key!r} is at {place!r}, which is no node of the network")
                continue
            there, point = nodes[place], (np.nan, np.nan)
        else:
            there, point = -1, (float(place[0]), float(place[1]))
            if not (abs(point[0]) <= 180 and abs(point[1]) <= 90):
                faults.add(f"positions: {key!r} is at {point}, expected (lon, lat) in degrees")
                continue
        movement += mine
        node += [there] * len(mine)
        points += [point] * len(mine)
    at = np.array(node, np.int32)
    where = np.array(points, np.float64).reshape(-1, 2)
    walk, stepped = np.zeros(len(at)), np.zeros(len(at), np.bool_)
    free = np.flatnonzero(at < 0)
    if len(free):
        usable = ~closed_link & (network.capacity > 0)
        link, along, _ = snap(network, where[free, 0], where[free, 1], usable=usable)
        for i in free[link < 0]:
            hint = swap_hint(network, *where[i])
            faults.add(f"positions: {tuple(where[i])} is not within 250 m of an open street{hint}")
        back = along <= network.length[link] / 2
        at[free] = np.where(back, network.from_node[link], network.to_node[link])
        walk[free] = np.where(back, along, network.length[link] - along)
        stepped[free] = network.steps[link] > 0
    return Found(np.array(movement, np.int64), at, walk, stepped)


def _some(positions: Positions | None) -> bool:
    return positions is not None and len(positions) > 0


def _rows(positions: Positions | None, faults: Faults) -> list[tuple[Any, Any]]:
    """List (group id or movement number, node id or (lon, lat))."""
    if positions is None:
        return []
    if isinstance(positions, Mapping):
        rows = []
        for key, place in positions.items():
            whole = isinstance(key, int | np.integer) and not isinstance(key, bool)
            pair = not isinstance(place, str) and np.shape(place) == (2,)
            if not (isinstance(key, str) or whole):
                faults.add(f"positions: {key!r} is neither a group id nor a movement number")
            elif not (isinstance(place, str) or pair):
                faults.add(f"positions: {key!r} is at {place!r}, expected (lon, lat) or a node id")
            else:
                rows.append((key, place))
        return rows
    columns = set(positions.columns)
    if not columns & {"group_id", "movement_id"} or not (
        "node_id" in columns or {"lon", "lat"} <= columns
    ):
        faults.add(
            f"positions: columns are {', '.join(map(str, positions.columns))}, expected group_id "
            "or movement_id, and lon and lat or node_id"
        )
        return []
    if "group_id" in columns:
        who: list[Any] = positions["group_id"].astype(str).tolist()
    else:
        who = positions["movement_id"].astype(int).tolist()
    if "node_id" in columns:
        return list(zip(who, positions["node_id"].astype(str).tolist(), strict=True))
    points = positions[["lon", "lat"]].to_numpy(np.float64).tolist()
    return list(zip(who, points, strict=True))
