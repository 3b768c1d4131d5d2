"""The last step of loading: complete what is unknown by defaults, and lay out directed links."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evacroute.load.street_capacity import BRIDGE, capacities, default_steps, default_widths
from evacroute.load.street_table import StreetTable, pointers, spans
from evacroute.network import Network
from evacroute.reports import LoadReport


def complete(table: StreetTable) -> None:
    """Fill unknown steps, widths and capacities with defaults, and mark what is assumed.

    Columns ``width_assumed`` and ``capacity_assumed`` already in the table are kept where the
    figure is given.
    """
    n = len(table)
    said = {
        name: table.columns.get(name, np.zeros(n, dtype=bool))
        for name in ("width_assumed", "capacity_assumed")
    }
    unknown = table["steps"] < 0
    guess = default_steps(table["kind"], table["wheelchair"], table["length"])
    table["steps_assumed"] = unknown & (table["kind"] == BRIDGE)
    table["steps"] = np.where(unknown, guess, table["steps"]).astype(np.int16)

    no_width = np.isnan(table["width"])
    default = default_widths(table["kind"], table["name"])
    table["width"] = np.where(no_width, default, table["width"])
    table["width_assumed"] = no_width | said["width_assumed"]

    no_capacity = np.isnan(table["capacity"])
    derived = capacities(table["width"], table["steps"], table["kind"])
    table["capacity"] = np.where(no_capacity, derived, table["capacity"])
    table["capacity_assumed"] = np.where(
        no_capacity, table["width_assumed"], said["capacity_assumed"]
    ).astype(bool)


def to_network(
    table: StreetTable,
    node_id: NDArray[Any],
    node_xy: NDArray[np.float64],
    report: LoadReport,
    *,
    keep_nodes: bool = False,
) -> Network:
    """Lay out each street as one link or, where it is walked both ways, two; finish the report.

    Parameters
    ----------
    table
        Completed streets with ``from_node`` and ``to_node``.
    node_id, node_xy
        Ids and positions [degrees] of the nodes those name.
    report
        Goes on with what the reader counted.
    keep_nodes
        Keep nodes without a link, and the order of nodes.
    """
    start, end = table["from_node"], table["to_node"]
    if not keep_nodes:
        used = np.zeros(len(node_id), dtype=bool)
        used[start] = used[end] = True
        new = np.cumsum(used) - 1
        start, end, node_id, node_xy = new[start], new[end], node_id[used], node_xy[used]

    ways = np.where(table["directed"], 1, 2)
    street = np.repeat(np.arange(len(table)), ways)
    back = np.zeros(len(street), dtype=bool)
    back[1:] = street[1:] == street[:-1]

    count = np.diff(table.ptr)[street]
    first = np.where(back, table.ptr[1:][street] - 1, table.ptr[:-1][street])
    order = _walk(first, count, back)
    points = table.points[order]
    incline = table["incline"][street]
    network = Network(
        node_id=node_id,
        lon=np.ascontiguousarray(node_xy[:, 0]),
        lat=np.ascontiguousarray(node_xy[:, 1]),
        link_id=_link_ids(table["street_id"], street, back),
        from_node=np.where(back, end[street], start[street]).astype(np.int32),
        to_node=np.where(back, start[street], end[street]).astype(np.int32),
        length=table["length"][street],
        width=table["width"][street],
        steps=np.clip(table["steps"][street], 0, np.iinfo(np.int16).max).astype(np.int16),
        capacity=table["capacity"][street],
        kind=table["kind"][street].astype(np.uint8),
        name=table["name"][street],
        elevation=table["elevation"][street],
        wheelchair=table["wheelchair"][street].astype(np.int8),
        surface=table["surface"][street],
        incline=np.where(back, -incline, incline),
        width_assumed=table["width_assumed"][street],
        capacity_assumed=table["capacity_assumed"][street],
        geometry_ptr=pointers(count),
        geometry_lon=np.ascontiguousarray(points[:, 0]),
        geometry_lat=np.ascontiguousarray(points[:, 1]),
        report=report,
    )
    _report(report, table, network)
    return network


def _walk(
    first: NDArray[np.int64], count: NDArray[np.int64], back: NDArray[np.bool_]
) -> NDArray[np.int64]:
    """Positions of each link's points, backwards for the links that go back."""
    forward = spans(np.where(back, 0, first), count)
    within = spans(np.zeros(len(count)), count)
    return np.where(np.repeat(back, count), np.repeat(first, count) - within, forward)


def _link_ids(
    street_id: NDArray[Any], street: NDArray[np.int64], back: NDArray[np.bool_]
) -> NDArray[Any]:
    taken = set(street_id.tolist())
    ids = np.empty(len(street), dtype=object)
    for i, (row, reverse) in enumerate(zip(street, back, strict=True)):
        name = street_id[row]
        if reverse:
            name = f"{name}-r"
            while name in taken:
                name += "r"
            taken.add(name)
        ids[i] = name
    return ids


def _later_of_two(table: StreetTable) -> NDArray[np.bool_]:
    """Tell the directed rows whose opposite, equally long, comes earlier."""
    later = np.zeros(len(table), dtype=bool)
    rows = np.flatnonzero(table["directed"])
    millimetres = np.rint(table["length"] * 1000).astype(np.int64)
    waiting: Counter[tuple[int, int, int]] = Counter()
    for row in rows.tolist():
        a, b, c = int(table["from_node"][row]), int(table["to_node"][row]), int(millimetres[row])
        if waiting[b, a, c]:
            waiting[b, a, c] -= 1
            later[row] = True
        else:
            waiting[a, b, c] += 1
    return later


def _report(report: LoadReport, table: StreetTable, network: Network) -> None:
    # A street given as two opposite rows (GMNS) is one street.
    once = ~_later_of_two(table)
    length = np.where(once, table["length"], 0.0)
    total = float(length.sum())
    bridge = (table["kind"] == BRIDGE) & once
    report.counts |= {
        "streets kept": int(once.sum()),
        "bridge streets": int(bridge.sum()),
        "streets with steps": int(((table["steps"] > 0) & once).sum()),
        "km of streets": total / 1000,
        "nodes": network.n_nodes,
        "links": network.n_links,
    }
    report.shares |= {
        "of width assumed, by length": float(length[table["width_assumed"]].sum() / total),
        "of capacity assumed, by length": float(length[table["capacity_assumed"]].sum() / total),
    }
    guessed = int((table["steps_assumed"] & once).sum())
    if guessed:
        stepped = int((table["steps_assumed"] & (table["steps"] > 0) & once).sum())
        report.notes.append(
            f"{guessed} bridge streets without a word about steps: {stepped} taken as stepped"
        )
