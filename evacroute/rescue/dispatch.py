"""From a plan to the rescue of those whom it leaves."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from evacroute._changes import modelled_heights, reports_of_hazards
from evacroute.errors import InputError
from evacroute.network import Network
from evacroute.plan import Plan
from evacroute.rescue.drop_offs import DropOffs, read_drop_offs, shelters_with_room
from evacroute.rescue.fleet import Fleet, read_fleet
from evacroute.rescue.itinerary import PICKUP, route_lines, routes_frame
from evacroute.rescue.needs import NEEDS, Left, who_is_left
from evacroute.rescue.pickups import RADIUS, Landings, Pickups, gather
from evacroute.rescue.result import Rescue
from evacroute.rescue.routing import route
from evacroute.rescue.task import NO_TIME, make_task
from evacroute.rescue.walking import blocked_links
from evacroute.units import seconds

UNKNOWN_PLACE = "it is not known where they are"

Report = Callable[[str, float], None]


def rescue(
    plan: Plan,
    fleet: Fleet | str | Path | pd.DataFrame | None = None,
    *,
    radius: float = RADIUS,
    largest: int | None = None,
    drop_offs: str | Path | pd.DataFrame | None = None,
    canals: Network | None = None,
    latest: Mapping[Any, float] | None = None,
    solution_limit: int | None = None,
    time_limit: float | str | None = None,
    progress: Report | None = None,
) -> Rescue:
    """Gather those who cannot get out at pick-ups, and route boat crews and stretcher teams.

    Whoever the plan leaves is at one pick-up, where they stand or up to ``radius`` metres away
    along streets they can use themselves, and that no hazard closes to them until the deadline;
    whoever is cut off in their own street stays there. Crews on foot take no street that is closed
    to everyone for good. A stretcher team comes to that place on foot, a boat to the canal side
    nearest to it; people who cannot get to the landing are fetched by the boat's crew. All of a
    pick-up must be aboard by its latest time, which is the plan's deadline unless ``latest`` says
    less. Vehicles bring them to shelters with places left, on as many trips as pay.

    Parameters
    ----------
    plan
        Whose `Plan.unassigned` are to be fetched.
    fleet
        The vehicles, or a table of them as `read_fleet` takes it; None finds the pick-ups alone.
    radius
        How far people walk to a pick-up or landing [m]; 0 = everyone waits where they start.
    largest
        Most persons of a pick-up; by default as many as a vehicle takes. Smaller pick-ups let small
        vehicles take part beside large ones, and take longer to route.
    drop_offs
        Landings and hospitals instead of the shelters: a table with lon and lat; optional
        drop_off_id, name, capacity, step_free_capacity.
    canals
        Canals as a network, for the ways of boats; by default straight lines times 1.4.
    latest
        Earlier latest times by node id [s after the alarm], such as when water cuts the place off.
    solution_limit
        Solutions that the second search of the routes looks at; by default the fewer the more
        pick-ups there are, 0 = none.
    time_limit
        Stop searching for better routes after this time [s, or text]; then two runs may differ.
        None = as long as it takes.
    progress
        Called with the name of a stage and the share done.

    Returns
    -------
    Rescue
        People, pick-ups, routes and who is not reached; prints as a summary.

    Raises
    ------
    InputError
        If a table has faults (all are named together), or a setting is out of range.

    Notes
    -----
    Routing is by OR-Tools: fewest persons not reached in time, of equals fewest of those who cannot
    use steps, then of the slow, then least time of the vehicles. It is a search: routes are good,
    not proven best.

    Examples
    --------
    >>> import evacroute as er
    >>> plan = er.assign(er.lagoon(people=2000))
    >>> found = er.rescue(plan)
    >>> int(found.people["persons"].sum()) == plan.left == int(found.pickups["persons"].sum())
    True
    """
    if not (math.isfinite(radius) and radius >= 0):
        raise InputError(f"radius is {radius} m, expected a number >= 0")
    if largest is not None and largest < 1:
        raise InputError(f"largest is {largest} persons, expected a number >= 1, or None")
    if solution_limit is not None and solution_limit < 0:
        raise InputError(f"solution_limit is {solution_limit}, expected a number >= 0, or None")
    limit = None if time_limit is None else seconds(time_limit, "time_limit")
    tell = progress or (lambda stage, share: None)
    scenario = plan.scenario
    network, classes = scenario.network, scenario.group_classes
    vehicles = fleet if fleet is None or isinstance(fleet, Fleet) else read_fleet(fleet, network)
    given = None if drop_offs is None else read_drop_offs(drop_offs, network)
    tell("gathering those who are left", 0.1)
    left = who_is_left(plan)
    since = np.full(len(classes) + 1, np.inf)
    np.minimum.at(since, left.class_, left.ready)
    blocked = blocked_links(scenario, since[: len(classes)])
    pickups = gather(
        left, network, classes, radius=radius, deadline=scenario.deadline_s, cut=latest or {},
        fleet=vehicles, largest=largest, blocked=blocked,
    )  # fmt: skip
    modelled = modelled_heights(reports_of_hazards(scenario))
    notes = _notes(vehicles, given)
    table = pickups.table
    people = _people(plan, left, pickups)
    lost = people[people["pickup_id"] == ""]
    unreached = pd.DataFrame(
        {
            "pickup_id": "", "place": "", "lon": math.nan, "lat": math.nan,
            "persons": lost["persons"], "needs": lost["needs"], "latest_s": scenario.deadline_s,
            "reason": UNKNOWN_PLACE,
        },
        index=lost.index,
    )  # fmt: skip
    if vehicles is None:
        lost_rows = unreached.reset_index(drop=True)
        return Rescue(people, table, None, lost_rows, {}, 0, modelled, notes)
    tell("routing the fleet", 0.3)
    drops = given
    if drops is None:
        drops = shelters_with_room(plan, Landings(network, classes, blocked))
    task = make_task(table, drops, vehicles, network, canals, blocked)
    visits = route(task, solution_limit=solution_limit, time_limit=limit)
    routes = routes_frame(visits, task, table, drops, vehicles)
    table = _with_vehicles(table, routes)
    reasons = np.where(task.reason == "", NO_TIME, task.reason)
    missed = table[table["vehicle_id"] == ""]
    columns = [name for name in unreached.columns if name != "reason"]
    missed = missed[columns].assign(reason=reasons[missed.index])
    parts = [part for part in (missed, unreached) if len(part)]
    unreached = pd.concat(parts, ignore_index=True) if parts else unreached
    lines = route_lines(routes, network, canals, blocked)
    return Rescue(people, table, routes, unreached, lines, len(vehicles), modelled, notes)


def _notes(*parts: Fleet | DropOffs | None) -> tuple[str, ...]:
    """Gather what the readers of fleet and drop-offs noted, each with its source."""
    reports = [part.report for part in parts if part is not None and part.report is not None]
    return tuple(f"{report.source}: {note}" for report in reports for note in report.notes)


def _people(plan: Plan, left: Left, pickups: Pickups) -> pd.DataFrame:
    """List who is left; a row whose people are at several pick-ups is as many rows."""
    members = pickups.members
    row = members["row"].to_numpy()
    names = np.append(pickups.table["pickup_id"].to_numpy(object), "")
    scenario = plan.scenario
    columns = {
        "group_id": left.group_id[row],
        "class_id": np.append(scenario.group_classes.class_id, "")[left.class_[row]],
        "node_id": np.append(scenario.network.node_id, "")[left.node[row]],
        "lon": left.lon[row],
        "lat": left.lat[row],
        "persons": members["persons"].to_numpy(),
        "needs": np.array(NEEDS, dtype=object)[left.need[row]],
        "ready_s": left.ready[row],
        "reason": left.reason[row],
        "why": left.why[row],
        "pickup_id": names[members["pickup"].to_numpy()],
    }
    if plan.roster is not None:
        ids = {"person_id": left.person_id[row], "household_id": left.household_id[row]}
        columns = {**ids, **columns}
    return pd.DataFrame(columns)


def _with_vehicles(table: pd.DataFrame, routes: pd.DataFrame) -> pd.DataFrame:
    """Say which vehicle takes each pick-up, and when all are aboard."""
    stops = routes[routes["what"] == PICKUP].set_index("id")
    vehicle, aboard = stops["vehicle_id"].to_dict(), stops["depart_s"].to_dict()
    return table.assign(
        vehicle_id=np.array([vehicle.get(one, "") for one in table["pickup_id"]], dtype=object),
        aboard_s=np.array([aboard.get(one, math.nan) for one in table["pickup_id"]], dtype=float),
    )
