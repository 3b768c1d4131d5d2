"""Routes as tables and as lines to draw."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from evacroute.network import Network
from evacroute.rescue.drop_offs import DropOffs
from evacroute.rescue.fleet import Fleet
from evacroute.rescue.routing import Visit
from evacroute.rescue.task import Task
from evacroute.rescue.walking import Blocked, crew_metres, nearest_nodes, path_between, street_graph

START, PICKUP, DROP_OFF = "start", "pick-up", "drop-off"

ROUTE_COLUMNS = (
    "vehicle_id", "kind", "trip", "stop", "what", "id", "place", "lon", "lat", "arrive_s",
    "depart_s", "on", "off", "persons_aboard", "wheelchair_aboard",
)  # fmt: skip


def routes_frame(
    routes: list[list[Visit]], task: Task, table: pd.DataFrame, drops: DropOffs, fleet: Fleet
) -> pd.DataFrame:
    """List the stops of each vehicle that goes out; stops at one drop-off in a row are one stop."""
    rows: list[dict[str, Any]] = []
    for v, visits in enumerate(routes):
        if visits:
            rows += _stops(v, visits, task, table, drops, fleet)
    return pd.DataFrame(rows, columns=list(ROUTE_COLUMNS))


def _stops(
    v: int, visits: list[Visit], task: Task, table: pd.DataFrame, drops: DropOffs, fleet: Fleet
) -> list[dict[str, Any]]:
    vehicles, n = len(fleet), len(task)
    boat = bool(fleet.on_water[v])
    begin = float(task.begin[v])
    stops: list[dict[str, Any]] = [
        {
            "trip": 1, "what": START, "id": "", "place": "", "lon": fleet.lon[v],
            "lat": fleet.lat[v], "arrive_s": begin, "depart_s": begin, "on": 0, "off": 0,
            "persons_aboard": 0, "wheelchair_aboard": 0,
        }
    ]  # fmt: skip
    for visit in visits:
        last = stops[-1]
        k = visit.stop - vehicles
        picking = k < n
        i = k if picking else k - n
        persons, carried = int(task.persons[i]), int(task.carried[i])
        if picking:
            row = table.iloc[int(task.pickup[i])]
            lon, lat = (
                (row["landing_lon"], row["landing_lat"]) if boat else (row["lon"], row["lat"])
            )
            name, place, sign = row["pickup_id"], row["place"], 1
        else:
            d = int(task.drop_off[i])
            lon, lat = (
                (drops.water_lon[d], drops.water_lat[d]) if boat else (drops.lon[d], drops.lat[d])
            )
            name, place, sign = drops.id[d], drops.name[d], -1
        if not picking and last["what"] == DROP_OFF and last["id"] == name:
            stop = last
        else:
            trip = last["trip"] + int(picking and last["what"] == DROP_OFF and not _aboard(last))
            stop = {
                "trip": trip, "what": PICKUP if picking else DROP_OFF, "id": name, "place": place,
                "lon": lon, "lat": lat, "arrive_s": float(visit.arrive), "on": 0, "off": 0,
                "persons_aboard": last["persons_aboard"],
                "wheelchair_aboard": last["wheelchair_aboard"],
            }  # fmt: skip
            stops.append(stop)
        stop["depart_s"] = float(visit.depart)
        stop["on" if picking else "off"] += persons
        stop["persons_aboard"] += sign * persons
        stop["wheelchair_aboard"] += sign * carried
    same = {"vehicle_id": fleet.vehicle_id[v], "kind": fleet.kind[v]}
    return [{**same, "stop": k, **stop} for k, stop in enumerate(stops)]


def _aboard(stop: dict[str, Any]) -> int:
    return int(stop["persons_aboard"])


def route_lines(
    routes: pd.DataFrame,
    network: Network,
    canals: Network | None,
    blocked: Blocked | None = None,
) -> dict[str, list[list[float]]]:
    """Draw each vehicle's way: [lon, lat] points by vehicle.

    Teams follow the streets and boats the canals, from node to node; boats without canals go
    straight from stop to stop.
    """
    lines = {}
    graphs: dict[bool, Any] = {}
    for name, stops in routes.groupby("vehicle_id", sort=False):
        boat = stops["kind"].iloc[0] == "boat"
        points = stops[["lon", "lat"]].to_numpy(float)
        on = canals if boat else network
        if on is None:
            lines[str(name)] = points.tolist()
            continue
        if boat not in graphs:
            length = crew_metres(network, blocked)
            if boat:
                length = np.where(on.capacity > 0, on.length, np.inf)
            graphs[boat] = street_graph(on, length)
        graph = graphs[boat]
        at = nearest_nodes(on, points[:, 0], points[:, 1])[1]
        line = [points[0].tolist()]
        for k in range(1, len(points)):
            nodes = path_between(graph, int(at[k - 1]), int(at[k]))
            line += np.column_stack([on.lon[nodes], on.lat[nodes]]).tolist()
            line.append(points[k].tolist())
        lines[str(name)] = [p for k, p in enumerate(line) if not k or p != line[k - 1]]
    return lines
