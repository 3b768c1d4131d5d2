"""What changes over time in an instance: link times and boats, as plain arrays."""

from __future__ import annotations

import json
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from evacroute._plan_tables import find, read_columns
from evacroute.errors import Faults, InputError

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

    def of_links(self, link: NDArray[np.int64]) -> LinkRows:
        """Give the rows of some links."""
        some = np.isin(self.link, link)
        return LinkRows(
            self.link[some], self.class_[some], self.from_s[some], self.to_s[some],
            self.factor[some],
        )  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class Rides:
    """Boats that no tide bars: link, trip, when they cast off and have arrived [s], what they take.

    `next_s` is when the timetable lets the trip's next ride cast off [s], inf after the last.
    """

    link: NDArray[np.int64]
    trip_id: Text
    leave_s: Floats
    arrive_s: Floats
    seats: Floats
    wheelchair_places: Floats
    boarders: Floats
    next_s: Floats


Levels = tuple[Floats, Floats]
"""Samples of the tide: times [s after the alarm] and levels [m]."""


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
    tide, boats = scenario.tide, scenario.boats
    if boats is None or scenario.made is None:
        return _no_rides()
    whole = Rides(
        link=boats.link.astype(np.int64),
        trip_id=boats.trip_id,
        leave_s=boats.leave_s,
        arrive_s=boats.arrive_s,
        seats=boats.seats.astype(np.float64),
        wheelchair_places=boats.wheelchair_places.astype(np.float64),
        boarders=boats.boarders.astype(np.float64),
        next_s=_next(boats.trip_id, boats.leave_s),
    )
    if tide is None:
        # Without a series of the tide nothing but the scenario says what is barred.
        return _only(whole, scenario.made)
    levels = tide.time_s, tide.level_m
    return _under(whole, boats.max_tide, levels, scenario.deadline_s)


def read_rides(folder: Path, links: Text, deadline: float, faults: Faults) -> Rides:
    """Read ``boats.csv``, less the rides that the tide of ``hazards.json`` bars.

    None where there is no such file.
    """
    path = folder / "boats.csv"
    if not path.exists():
        return _no_rides()
    number = ("leave_s", "arrive_s", "seats", "wheelchair_places", "boarders")
    table = read_columns(
        path,
        text=("link_id", "trip_id"),
        number=(*number, "max_tide"),
        defaults={"max_tide": np.inf},
    )
    link = find(table["link_id"], links, "boats.csv: link_id", faults).astype(np.int64)
    trip, following = table["trip_id"], _next(table["trip_id"], table["leave_s"])
    whole = Rides(link, trip, **{name: table[name] for name in number}, next_s=following)
    return _under(whole, table["max_tide"], _read_levels(folder / "hazards.json"), deadline)


def _no_rides() -> Rides:
    return Rides(np.zeros(0, np.int64), np.zeros(0, object), *[np.zeros(0)] * 6)


def _next(trip: Text, leave: Floats) -> Floats:
    """Find when each trip's next ride casts off [s], inf after its last."""
    following = np.full(len(leave), np.inf)
    later: dict[str, float] = {}
    for i in range(len(leave) - 1, -1, -1):
        following[i] = later.get(trip[i], np.inf)
        later[trip[i]] = leave[i]
    return following


def _read_levels(path: Path) -> Levels | None:
    if not path.exists():
        return None
    try:
        tide = json.loads(path.read_text(encoding="utf-8")).get("tide")
        if tide is None:
            return None
        time, level = (np.array(tide[name], np.float64) for name in ("time_s", "level_m"))
    except (ValueError, KeyError, TypeError, AttributeError) as fault:
        raise InputError(f"{path}: expected a tide with time_s and level_m: {fault}") from None
    if not len(time) or time.shape != level.shape:
        raise InputError(f"{path}: expected a tide of as many time_s as level_m, at least one")
    return time, level


def _under(rides: Rides, most: Floats, levels: Levels | None, deadline: float) -> Rides:
    """Leave out rides that the tide bars before the deadline; where one is, the boat stays.

    Between two samples the tide is as high as the higher of them; one sample alone is for ever.
    """
    if levels is None:
        return rides
    time, level = levels
    kept, stays = np.ones(len(rides.link), bool), set()
    for i, (trip, leave, arrive) in enumerate(
        zip(rides.trip_id, rides.leave_s.tolist(), rides.arrive_s.tolist(), strict=True)
    ):
        if most[i] < np.inf and arrive <= deadline:
            # Samples inside the ride, the last before it and the first after it.
            earlier = time[time <= leave].max(initial=-np.inf)
            later = time[time >= arrive].min(initial=np.inf)
            during = level[(time >= earlier) & (time <= later)] if len(time) > 1 else level
            if during.max(initial=-np.inf) > most[i]:
                stays.add(trip)
        kept[i] = trip not in stays
    return _only(rides, kept)


def _only(rides: Rides, kept: NDArray[np.bool_]) -> Rides:
    return Rides(*(getattr(rides, column.name)[kept] for column in fields(rides)))


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
