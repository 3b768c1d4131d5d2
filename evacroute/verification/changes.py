"""What changes over time in an instance: link times and boats, as plain arrays."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from evacroute._plan_tables import find, read_columns
from evacroute.errors import Faults

if TYPE_CHECKING:
    from evacroute.scenario import Scenario

Floats = NDArray[np.float64]
Text = NDArray[Any]


@dataclass(frozen=True, slots=True, eq=False)
class LinkRows:
    """When links are slower or closed: link, class (-1 = every), from, to [s], speed factor."""

    link: NDArray[np.int64]
    class_: NDArray[np.int64]
    from_s: Floats
    to_s: Floats
    factor: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Rides:
    """Boats: link, trip, when they cast off and have arrived [s], and how many they take."""

    link: NDArray[np.int64]
    trip_id: Text
    leave_s: Floats
    arrive_s: Floats
    seats: Floats
    wheelchair_places: Floats
    boarders: Floats


@dataclass(frozen=True, slots=True, eq=False)
class WalkRows:
    """Walks from where people stand on a link to their group's node.

    Group, link, how much of it is walked [m], at which speed [m/s], when they are ready, leave and
    arrive [s]; inf = never.
    """

    group: NDArray[np.int64]
    link: NDArray[np.int64]
    length: Floats
    speed: Floats
    ready: Floats
    leave: Floats
    arrive: Floats


def walk_rows_of(scenario: Scenario) -> WalkRows:
    """Take the first walks of a scenario in memory."""
    walks, setting = scenario.groups.walks, scenario.setting
    return WalkRows(
        group=walks.group.astype(np.int64),
        link=walks.link.astype(np.int64),
        length=walks.metres,
        speed=walks.speed,
        ready=walks.ready,
        leave=setting.leave,
        arrive=setting.arrive,
    )


def read_walks(path: Path, groups: Text, links: Text, faults: Faults) -> WalkRows:
    """Read ``first_walks.csv.gz``; none where there is no such file."""
    source = path / "first_walks.csv.gz"
    if not source.exists():
        none = np.zeros(0)
        return WalkRows(none.astype(np.int64), none.astype(np.int64), *[none] * 5)
    number = ("length", "speed", "ready_s", "leave_s", "arrive_s")
    table = read_columns(
        source, text=("group_id", "link_id"), number=number,
        defaults={"leave_s": np.inf, "arrive_s": np.inf},
    )  # fmt: skip
    return WalkRows(
        find(table["group_id"], groups, f"{source.name}: group_id", faults).astype(np.int64),
        find(table["link_id"], links, f"{source.name}: link_id", faults).astype(np.int64),
        *(table[name] for name in number),
    )


def link_rows_of(scenario: Scenario) -> LinkRows:
    """Take the link times of a scenario in memory."""
    times = scenario.link_times
    return LinkRows(
        link=times.link.astype(np.int64),
        class_=times.class_.astype(np.int64),
        from_s=times.from_s,
        to_s=times.to_s,
        factor=times.speed_factor,
    )


def rides_of(scenario: Scenario) -> Rides:
    """Take the rides of a scenario in memory."""
    boats = scenario.rides
    if boats is None:
        return Rides(np.zeros(0, np.int64), np.zeros(0, object), *[np.zeros(0)] * 5)
    return Rides(
        link=boats.link.astype(np.int64),
        trip_id=boats.trip_id,
        leave_s=boats.leave_s,
        arrive_s=boats.arrive_s,
        seats=boats.seats.astype(np.float64),
        wheelchair_places=boats.wheelchair_places.astype(np.float64),
        boarders=boats.boarders.astype(np.float64),
    )


def read_rides(path: Path, links: Text, faults: Faults) -> Rides:
    """Read ``boats.csv``; none where there is no such file."""
    if not path.exists():
        return Rides(np.zeros(0, np.int64), np.zeros(0, object), *[np.zeros(0)] * 5)
    number = ("leave_s", "arrive_s", "seats", "wheelchair_places", "boarders")
    table = read_columns(path, text=("link_id", "trip_id"), number=number)
    link = find(table["link_id"], links, "boats.csv: link_id", faults).astype(np.int64)
    return Rides(link, table["trip_id"], *(table[name] for name in number))


def read_link_times(path: Path, links: Text, classes: Text, faults: Faults) -> LinkRows:
    """Read ``link_times.csv.gz``; none where there is no such file."""
    source = path / "link_times.csv.gz"
    if not source.exists():
        none = np.zeros(0)
        return LinkRows(none.astype(np.int64), none.astype(np.int64), none, none, none)
    table = read_columns(
        source,
        text=("link_id", "class_id"),
        number=("from_s", "to_s", "speed_factor"),
        defaults={"to_s": np.inf},
    )
    named = np.where(table["class_id"] == "*", "", table["class_id"])
    return LinkRows(
        link=find(table["link_id"], links, f"{source.name}: link_id", faults).astype(np.int64),
        class_=find(named, classes, f"{source.name}: class_id", faults, True).astype(np.int64),
        from_s=table["from_s"],
        to_s=table["to_s"],
        factor=table["speed_factor"],
    )
