"""Plans that leave people, made by hand, and a checker of rescue routes that trusts their table."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from scenes import crowd, doors, paces

from evacroute.assignment.movements import REASONS, Movements
from evacroute.network import Network
from evacroute.plan import Plan
from evacroute.rescue import Fleet, Rescue
from evacroute.scenario import Scenario
from evacroute.units import EARTH_RADIUS

NO_STEP_FREE = "no step-free way to any shelter"


def plan_leaving(
    network: Network,
    *rows: Sequence[Any],
    shelters: Sequence[Sequence[Any]] = ((0, 1000),),
    classes: Sequence[Sequence[float]] = ((1.0, 0.5), (1.0, 0.0)),
    reason: str | Sequence[str] = NO_STEP_FREE,
    deadline: float = 3600.0,
) -> Plan:
    """A plan that leaves everybody: groups of (node, size[, ready time, class, together])."""
    groups = crowd(*rows)
    scenario = Scenario(
        network, groups, doors(network, *shelters), classes=paces(*classes), deadline=deadline
    )
    words = [reason] * len(rows) if isinstance(reason, str) else reason
    none = np.zeros(0)
    movements = Movements(
        group=none, shelter=none, size=none, depart=none, arrive=none, leg_ptr=np.zeros(1),
        leg_link=none, leg_enter=none, leg_leave=none, left_group=np.arange(len(rows)),
        left_size=groups.size, left_reason=[REASONS.index(word) for word in words],
    )  # fmt: skip
    return Plan(scenario=scenario, movements=movements, method="by hand", step_s=10.0)


def fleet(network: Network, *rows: Sequence[Any]) -> Fleet:
    """Vehicles of (kind, node, seats, wheelchair places[, speed, boarding, from, until])."""
    full = [(*row, *(2.0, 10.0, 0.0, math.inf)[len(row) - 4 :]) for row in rows]
    kind, node, seats, places, speed, boarding, begin, end = zip(*full, strict=True)
    where = np.array(node)
    return Fleet(
        vehicle_id=np.array([f"V{i}" for i in range(len(rows))], dtype=object),
        kind=np.array(kind, dtype=object), lon=network.lon[where], lat=network.lat[where],
        seats=seats, wheelchair_places=places, speed=speed, boarding=boarding,
        available_from=begin, available_until=end,
    )  # fmt: skip


def broken_rules(rescue: Rescue, vehicles: Fleet, room: dict[str, tuple[int, int]]) -> list[str]:
    """Every rule that the routes break, from the tables and the fleet alone.

    `room` is persons and step-free persons that each drop-off takes.
    """
    assert rescue.routes is not None
    broken: list[str] = []

    def must(kept: bool, words: str) -> None:
        if not kept:
            broken.append(words)

    pickups = rescue.pickups.set_index("pickup_id")
    routes = rescue.routes
    taken = routes.loc[routes["what"] == "pick-up", "id"].tolist()
    missed = [name for name in rescue.unreached["pickup_id"] if name]
    must(len(taken) == len(set(taken)), "a pick-up is visited twice")
    must(sorted(taken + missed) == sorted(pickups.index), "a pick-up is neither taken nor missed")
    filled: dict[str, list[int]] = {}
    for name, stops in routes.groupby("vehicle_id", sort=False):
        v = vehicles.vehicle_id.tolist().index(name)
        boat = vehicles.kind[v] == "boat"
        clock, before = float(vehicles.available_from[v]), None
        must(stops["stop"].tolist() == list(range(len(stops))), f"{name}: stops out of order")
        for row in stops.to_dict("records"):
            here = f"{name} stop {row['stop']}"
            if before is None:
                must(row["what"] == "start", f"{here}: does not begin at its start")
                before, clock = row, row["depart_s"]
                must(clock >= vehicles.available_from[v], f"{here}: goes before it is there")
                continue
            least = _metres(before, row) * (1.4 if boat else 1.0) / vehicles.speed[v]
            must(row["arrive_s"] - clock >= least - 1, f"{here}: comes faster than it can")
            if row["what"] == "pick-up":
                again = before["what"] == "drop-off" and not before["persons_aboard"]
                trips = before["trip"] + again
                must(row["trip"] == trips, f"{here}: a trip ends when the last are off")
                pickup = pickups.loc[row["id"]]
                must(row["on"] == pickup["persons"], f"{here}: not all get on")
                ready = pickup["at_landing_s" if boat else "ready_s"]
                stay = vehicles.boarding[v] * row["on"]
                must(row["depart_s"] >= max(ready, row["arrive_s"]) + stay, f"{here}: too soon")
                must(row["depart_s"] <= pickup["latest_s"], f"{here}: aboard too late")
            else:
                filled.setdefault(row["id"], [0, 0])[0] += row["off"]
                must(
                    row["depart_s"] >= row["arrive_s"] + vehicles.boarding[v] * row["off"],
                    f"{here}: alighting takes its time",
                )
            persons = before["persons_aboard"] + row["on"] - row["off"]
            must(row["persons_aboard"] == persons, f"{here}: the count aboard is wrong")
            must(0 <= persons <= vehicles.seats[v], f"{here}: more aboard than seats")
            places = row["wheelchair_aboard"]
            must(0 <= places <= vehicles.wheelchair_places[v], f"{here}: too many wheelchairs")
            if row["what"] == "pick-up":
                carried = int(pickups.loc[row["id"], "cannot_use_steps"])
                must(places == before["wheelchair_aboard"] + carried, f"{here}: places miscounted")
            else:
                filled[row["id"]][1] += before["wheelchair_aboard"] - places
            must(row["depart_s"] <= vehicles.available_until[v] or row["what"] != "drop-off",
                 f"{here}: ends after it may")  # fmt: skip
            clock, before = row["depart_s"], row
        assert before is not None
        must(before["persons_aboard"] == 0, f"{name}: people stay aboard")
        must(before["wheelchair_aboard"] == 0, f"{name}: wheelchairs stay aboard")
    for name, (persons, carried) in filled.items():
        must(persons <= room[name][0] and carried <= room[name][1], f"{name}: over its room")
    return broken


def _metres(a: dict[str, Any], b: dict[str, Any]) -> float:
    k = math.radians(1.0) * EARTH_RADIUS
    x = (a["lon"] - b["lon"]) * k * math.cos(math.radians(a["lat"]))
    return math.hypot(x, (a["lat"] - b["lat"]) * k)


def room_of(plan: Plan) -> dict[str, tuple[int, int]]:
    """Places that the plan leaves free in each shelter, and those for who cannot use steps."""
    frame: pd.DataFrame = plan.shelters_frame()
    free = frame["step_free_capacity"] - frame["step_free_filled"]
    return {
        str(name): (int(a), int(b))
        for name, a, b in zip(
            frame["shelter_id"], frame["capacity"] - frame["filled"], free, strict=True
        )
    }
