"""What the web map shows of the rescue of those who are left, as columns: no ids of persons."""

from __future__ import annotations

import numpy as np

from evacroute.plotting._map_data import DEGREES
from evacroute.plotting._packing import Packer
from evacroute.rescue import Rescue


def add_rescue(packer: Packer, rescue: Rescue) -> None:
    """Add pick-ups, and with a fleet the vehicles with their ways and stops."""
    table = rescue.pickups
    packer.meta["rescue"] = {"routed": rescue.routes is not None, "vehicles": rescue.vehicles}
    for name in ("pickup_id", "place", "needs", "why"):
        packer.text(f"pickup_{name.removeprefix('pickup_')}", table[name].to_numpy(object))
    for name in ("lon", "lat", "landing_lon", "landing_lat"):
        packer.scaled(f"pickup_{name}", table[name].to_numpy(float), resolution=DEGREES)
    for name in ("persons", "cannot_use_steps", "slow", "carry_to_landing"):
        packer.whole(f"pickup_{name}", table[name].to_numpy(np.int64), delta=False)
    for name in ("ready_s", "latest_s", "landing_m"):
        packer.real(f"pickup_{name}", table[name].to_numpy(float))
    routes = rescue.routes
    if routes is None:
        return
    vehicle = {name: k for k, name in enumerate(rescue.lines)}
    packer.whole(
        "pickup_vehicle", [vehicle.get(name, -1) for name in table["vehicle_id"]], delta=False
    )
    packer.real("pickup_aboard_s", table["aboard_s"].to_numpy(float))
    kinds = routes.groupby("vehicle_id", sort=False)["kind"].first()
    packer.text("vehicle_id", list(vehicle))
    packer.text("vehicle_kind", [kinds[name] for name in vehicle])
    packer.whole("vehicle_points", [len(line) for line in rescue.lines.values()], delta=False)
    points = [point for line in rescue.lines.values() for point in line]
    packer.scaled("vehicle_lon", [point[0] for point in points], resolution=DEGREES)
    packer.scaled("vehicle_lat", [point[1] for point in points], resolution=DEGREES)
    packer.whole("stop_vehicle", [vehicle[name] for name in routes["vehicle_id"]])
    for name in ("what", "place"):
        packer.text(f"stop_{name}", routes[name].to_numpy(object))
    packer.text("stop_id", routes["id"].to_numpy(object))
    for name in ("trip", "on", "off", "persons_aboard"):
        packer.whole(f"stop_{name}", routes[name].to_numpy(np.int64), delta=False)
    for name in ("arrive_s", "depart_s"):
        packer.seconds(f"stop_{name}", routes[name].to_numpy(float))
