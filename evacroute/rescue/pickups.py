"""Pick-ups: people who are left, gathered where a crew can take them, none more than it takes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from evacroute.network import KINDS, Network
from evacroute.people import Classes
from evacroute.rescue.fleet import Fleet
from evacroute.rescue.needs import NEEDS, NO_STEPS, SLOWLY, WHEELCHAIR, Left
from evacroute.rescue.walking import (
    Blocked,
    crew_metres,
    nearest_of,
    street_graph,
    usable_links,
    within,
)

RADIUS = 80.0
"""How far people walk to a pick-up, along streets they can use [m]."""

CARRIED = NEEDS.index(NO_STEPS)
"""Needs up to this one are those of people who cannot use steps."""

FETCH_SPEED, CARRY_SPEED = 1.2, 0.5
"""A boat's crew walks from the landing to people it must carry, and carries them back [m/s]
(assumptions; carry chairs on stairs: 0.58 m/s, facts AS113)."""


@dataclass(frozen=True, slots=True)
class Pickups:
    """Pick-ups as a table, and whom each takes.

    Parameters
    ----------
    table
        One row a pick-up; see `Rescue.pickups`.
    members
        One row for people of one row of `Left` in one pick-up: row, pickup (position, -1 = none),
        persons.
    """

    table: pd.DataFrame
    members: pd.DataFrame


def gather(
    left: Left,
    network: Network,
    classes: Classes,
    *,
    radius: float,
    deadline: float,
    cut: Mapping[Any, float],
    fleet: Fleet | None,
    largest: int | None = None,
    blocked: Blocked | None = None,
) -> Pickups:
    """Gather people who are left at pick-ups.

    Whoever is left may walk up to `radius` metres, along streets that their class can use, to where
    another who is left starts. The place that most people can come to is taken first, and so on;
    then everyone goes to the nearest place taken. People of one place are split where they are more
    than a vehicle takes, households last, those who cannot use steps first in line.

    Parameters
    ----------
    left
        Who is left.
    network, classes
        The streets, and who can walk them.
    radius
        How far people walk [m], 0 = not at all.
    deadline
        Latest time of all places [s].
    cut
        Earlier latest times by node id [s].
    fleet
        The vehicles; no pick-up is more than one takes.
    largest
        Most persons of a pick-up; None = as many as a vehicle takes.
    blocked
        Links that hazards close.
    """
    latest = np.full(network.n_nodes, deadline)
    np.minimum.at(latest, network.node_positions(cut), list(cut.values()))
    centre, walk = _centres(left, network, classes, radius, blocked)
    slowest = np.where(classes.step_free, classes.speed_flat, classes.speed_steps)
    pace = np.where(left.class_ >= 0, np.minimum(slowest, classes.speed_flat)[left.class_], 1.0)
    there = left.ready + walk / pace
    by = np.where(left.node >= 0, np.minimum(latest[left.node], latest[centre]), deadline)
    parts = _split(left, centre, there, by, _limits(fleet, largest))
    landings = Landings(network, classes, blocked)
    rows = [_row(left, part, network, there, by, pace, centre, landings, radius) for part in parts]
    order = sorted(range(len(rows)), key=lambda i: _urgency(rows[i]))
    digits = max(3, len(str(len(rows))))
    table = pd.DataFrame(
        [{"pickup_id": f"R{k:0{digits}d}", **rows[i]} for k, i in enumerate(order, 1)],
        columns=["pickup_id", *COLUMNS],
    )
    members = [(row, k, persons) for k, i in enumerate(order) for row, persons in parts[i]]
    taken = {row for row, _, _ in members}
    members += [(r, -1, int(left.persons[r])) for r in range(len(left)) if r not in taken]
    frame = pd.DataFrame(members, columns=["row", "pickup", "persons"]).astype(np.int64)
    return Pickups(table, frame.sort_values(["row", "pickup"], ignore_index=True))


COLUMNS = (
    "place", "node_id", "lon", "lat", "persons", "wheelchair", "cannot_use_steps", "slow", "needs",
    "why", "ready_s", "latest_s", "landing_lon", "landing_lat", "landing_m", "carry_to_landing",
    "at_landing_s",
)  # fmt: skip


def _urgency(row: dict[str, Any]) -> tuple[Any, ...]:
    return (row["latest_s"], -row["cannot_use_steps"], -row["persons"], row["node_id"], row["lon"])


def _centres(
    left: Left, network: Network, classes: Classes, radius: float, blocked: Blocked | None
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Find where each row is gathered (a node, or -1), and how far they walk there [m]."""
    centre, metres = left.node.copy(), np.zeros(len(left))
    on_street = np.flatnonzero(left.node >= 0)
    if not len(on_street) or radius <= 0:
        return centre, metres
    # Whoever is cut off where they stand is a kind of their own, of a class that walks nowhere.
    class_ = np.where(left.stays, len(classes), left.class_)[on_street]
    key = class_ * network.n_nodes + left.node[on_street]
    kinds, kind_of = np.unique(key, return_inverse=True)
    weights = left.persons[on_street].astype(np.float64)
    persons = np.bincount(kind_of.ravel(), weights=weights).astype(np.float64)
    places = np.zeros(network.n_nodes, bool)
    places[left.node[on_street]] = True
    kind, place, far = _reach(kinds, places, network, classes, radius, blocked)
    chosen = _cover(kind, place, persons, kinds % network.n_nodes, network.n_nodes)
    # Everyone goes to the nearest place taken, of equals the first node.
    kept = chosen[place]
    kind, place, far = kind[kept], place[kept], far[kept]
    order = np.lexsort((place, far, kind))
    _, first = np.unique(kind[order], return_index=True)
    best = order[first]
    centre[on_street] = place[best][kind_of.ravel()]
    metres[on_street] = far[best][kind_of.ravel()]
    return centre, metres


def _reach(
    kinds: NDArray[np.int64],
    places: NDArray[np.bool_],
    network: Network,
    classes: Classes,
    radius: float,
    blocked: Blocked | None,
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Find the places that the people of each node and class can walk to, and how far they are."""
    usable = usable_links(network, classes, blocked)
    usable = np.append(usable, np.zeros((1, network.n_links), bool), axis=0)
    class_, node = np.divmod(kinds, network.n_nodes)
    found = []
    for k in np.unique(class_).tolist():
        mine = np.flatnonzero(class_ == k)
        graph = street_graph(network, np.where(usable[k], network.length, np.inf))
        source, place, far = within(graph, node[mine], places, radius)
        found.append((mine[source], place, far))
    kind, place, far = (np.concatenate(part) for part in zip(*found, strict=True))
    return kind, place, far


def _cover(
    kind: NDArray[np.int64],
    place: NDArray[np.int64],
    persons: NDArray[np.float64],
    node: NDArray[np.int64],
    n_nodes: int,
) -> NDArray[np.bool_]:
    """Choose places, the one that most people not yet gathered can come to first."""
    gain = np.bincount(place, weights=persons[kind], minlength=n_nodes)
    stand = np.bincount(node, weights=persons, minlength=n_nodes)
    by_place, by_kind = np.argsort(place, kind="stable"), np.argsort(kind, kind="stable")
    at_place = np.searchsorted(place[by_place], np.arange(n_nodes + 1))
    at_kind = np.searchsorted(kind[by_kind], np.arange(len(persons) + 1))
    waiting = np.ones(len(persons), bool)
    chosen = np.zeros(n_nodes, bool)
    while waiting.any():
        # Of equals the one where most stand, so that fewest walk.
        top = np.flatnonzero(gain == gain.max())
        best = int(top[stand[top].argmax()])
        chosen[best] = True
        for one in kind[by_place[at_place[best] : at_place[best + 1]]].tolist():
            if waiting[one]:
                waiting[one] = False
                can = place[by_kind[at_kind[one] : at_kind[one + 1]]]
                gain[can] -= persons[one]
    return chosen


def _split(
    left: Left,
    centre: NDArray[np.int64],
    there: NDArray[np.float64],
    by: NDArray[np.float64],
    limits: tuple[int, int, int],
) -> list[list[tuple[int, int]]]:
    """Divide the people of each place into pick-ups: lists of (row, persons)."""
    places: dict[Any, list[int]] = {}
    for row in range(len(left)):
        if np.isfinite(left.lon[row]):
            # Whoever is on no street is gathered with those at the very same spot alone.
            spot = ("off", left.lon[row], left.lat[row]) if centre[row] < 0 else (centre[row],)
            # Nobody who is ready in time waits for one who is not.
            places.setdefault((*spot, bool(there[row] > by[row])), []).append(row)
    bins = []
    for rows in places.values():
        bins += _pack(left, rows, there, limits)
    return bins


def _limits(fleet: Fleet | None, largest: int | None) -> tuple[int, int, int]:
    """Most persons of a pick-up without, and with people who cannot use steps; most of these."""
    many = 2**31 if largest is None else largest
    if fleet is None:
        return many, many, many
    most = min(many, int(fleet.seats.max()))
    places = fleet.wheelchair_places
    if not places.any():
        return most, many, many
    able = np.flatnonzero(places > 0)
    best = able[np.lexsort((-places[able], -fleet.seats[able]))[0]]
    return most, min(many, int(fleet.seats[best])), min(many, int(places[best]))


def _pack(
    left: Left,
    rows: list[int],
    there: NDArray[np.float64],
    limits: tuple[int, int, int],
) -> list[list[tuple[int, int]]]:
    """Put the people of one place into as many pick-ups as it takes, first fit."""
    units: dict[Any, list[int]] = {}
    for row in rows:
        unit = left.unit[row]
        units.setdefault(("alone", row) if unit < 0 else ("unit", unit), []).append(row)

    def first_in_line(unit: list[int]) -> tuple[Any, ...]:
        return (min(left.need[unit]), max(there[unit]), unit[0])

    bins: list[_Bin] = []
    for unit in sorted(units.values(), key=first_in_line):
        carried = sum(int(left.persons[row]) for row in unit if left.need[row] <= CARRIED)
        walking = sum(int(left.persons[row]) for row in unit) - carried
        for each in [*bins, _Bin(*limits)]:
            if left.unit[unit[0]] >= 0 and each.takes(carried, walking):
                if not each.who:
                    bins.append(each)
                for row in unit:
                    each.put(row, int(left.persons[row]), left.need[row] <= CARRIED)
                break
        else:
            # A household that no vehicle takes whole is not strewn over what others leave free.
            into: list[_Bin] = [] if left.unit[unit[0]] >= 0 else bins
            for row in sorted(unit, key=lambda r: (left.need[r], r)):
                _spread(into, row, int(left.persons[row]), left.need[row] <= CARRIED, limits)
            if into is not bins:
                bins += into
    return [_merged(each.who) for each in bins]


@dataclass(slots=True)
class _Bin:
    """A pick-up being filled; the limits are those of `_limits`."""

    most: int
    most_with: int
    most_carried: int
    carried: int = 0
    walking: int = 0
    who: list[tuple[int, int]] = field(default_factory=list)

    def takes(self, carried: int, walking: int) -> bool:
        """Whether so many more fit in."""
        carried, walking = self.carried + carried, self.walking + walking
        room = self.most_with if carried else self.most
        return carried <= self.most_carried and carried + walking <= room

    def room(self, carried: bool) -> int:
        """How many more fit in, all of whom must be carried, or none."""
        if carried:
            here = self.most_with - self.walking - self.carried
            return max(0, min(self.most_carried - self.carried, here))
        return max(0, (self.most_with if self.carried else self.most) - self.walking - self.carried)

    def put(self, row: int, persons: int, carried: bool) -> None:
        """Put people of a row in."""
        self.carried += persons * carried
        self.walking += persons * (not carried)
        self.who.append((row, persons))


def _spread(
    bins: list[_Bin], row: int, persons: int, carried: bool, limits: tuple[int, int, int]
) -> None:
    """Put people who need not stay together wherever there is room, then into new pick-ups."""
    for each in bins:
        part = min(persons, each.room(carried))
        if part:
            each.put(row, part, carried)
            persons -= part
    while persons:
        new = _Bin(*limits)
        part = min(persons, new.room(carried))
        new.put(row, part, carried)
        bins.append(new)
        persons -= part


def _merged(who: list[tuple[int, int]]) -> list[tuple[int, int]]:
    count: dict[int, int] = {}
    for row, persons in who:
        count[row] = count.get(row, 0) + persons
    return sorted(count.items())


class Landings:
    """Canal-side points where a boat can take people, and the ways to them.

    They are the ends of quays and of bridges, for a bridge crosses a canal and a boat lands beside
    it; where a network tells of neither, the ends of links with steps.
    """

    def __init__(self, network: Network, classes: Classes, blocked: Blocked | None = None) -> None:
        beside = np.isin(network.kind, [KINDS.index("quay"), KINDS.index("bridge")])
        if not beside.any():
            beside = network.steps > 0
        self.nodes = np.unique(
            np.concatenate([network.from_node[beside], network.to_node[beside]])
        ).astype(np.int64)
        self._network, self._blocked = network, blocked
        self._usable = usable_links(network, classes, blocked)
        self._strict = np.lexsort((classes.min_width, classes.step_free))
        self._found: dict[int, tuple[NDArray[np.float64], NDArray[np.int64]]] = {}

    def of_class(self, class_: int) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """Metres to the nearest landing for a class (-1 = a crew), and its node (-1 = none)."""
        if class_ not in self._found:
            network = self._network
            length = np.where(self._usable[class_], network.length, np.inf)
            metres = crew_metres(network, self._blocked) if class_ < 0 else length
            self._found[class_] = nearest_of(street_graph(network, metres), self.nodes)
        return self._found[class_]

    def strictest(self, classes: NDArray[np.int64]) -> int:
        """Give the class that can use the fewest ways: without steps, then the widest."""
        rank = np.empty(len(self._strict), np.int64)
        rank[self._strict] = np.arange(len(self._strict))
        return int(classes[rank[classes].argmax()])


def _row(
    left: Left,
    part: list[tuple[int, int]],
    network: Network,
    there: NDArray[np.float64],
    by: NDArray[np.float64],
    pace: NDArray[np.float64],
    centre: NDArray[np.int64],
    landings: Landings,
    radius: float,
) -> dict[str, Any]:
    """Sum up one pick-up."""
    rows = np.array([row for row, _ in part])
    persons = np.array([n for _, n in part])
    node = int(centre[rows[0]])
    count = np.bincount(left.need[rows], weights=persons, minlength=len(NEEDS)).astype(int)
    ready, latest = float(there[rows].max()), float(by[rows].min())
    lon, lat = float(left.lon[rows[0]]), float(left.lat[rows[0]])
    landing, metres, carry = -1, 0.0, False
    if node >= 0:
        lon, lat = float(network.lon[node]), float(network.lat[node])
        far, at = landings.of_class(landings.strictest(left.class_[rows]))
        if far[node] <= radius and not left.stays[rows].any():
            landing, metres = int(at[node]), float(far[node])
        else:
            far, at = landings.of_class(-1)
            landing, carry = int(at[node]), bool(np.isfinite(far[node]))
            metres = float(far[node]) if carry else 0.0
    why = [f"{text} ({n})" for text, n in _counted(left.why[rows], persons)]
    return {
        "place": "" if node < 0 else _street(network, node),
        "node_id": "" if node < 0 else str(network.node_id[node]),
        "lon": lon,
        "lat": lat,
        "persons": int(persons.sum()),
        "wheelchair": int(count[NEEDS.index(WHEELCHAIR)]),
        "cannot_use_steps": int(count[: NEEDS.index(NO_STEPS) + 1].sum()),
        "slow": int(count[NEEDS.index(SLOWLY)]),
        "needs": ", ".join(f"{n} {text}" for text, n in zip(NEEDS, count, strict=True) if n),
        "why": why[0].rsplit(" (", 1)[0] if len(why) == 1 else "; ".join(why),
        "ready_s": round(ready, 1),
        "latest_s": latest,
        "landing_lon": lon if landing < 0 else float(network.lon[landing]),
        "landing_lat": lat if landing < 0 else float(network.lat[landing]),
        "landing_m": round(metres, 1),
        "carry_to_landing": carry,
        # People who walk to the landing are there later than at the place.
        "at_landing_s": round(ready if carry else ready + metres / float(pace[rows].min()), 1),
    }


def _counted(words: NDArray[Any], persons: NDArray[np.int64]) -> list[tuple[str, int]]:
    count: dict[str, int] = {}
    for word, n in zip(words.tolist(), persons.tolist(), strict=True):
        count[word] = count.get(word, 0) + n
    return sorted(count.items(), key=lambda item: (-item[1], item[0]))


def _street(network: Network, node: int) -> str:
    """Name the street at a node: of those with a name the widest, then the first."""
    at = np.flatnonzero((network.from_node == node) | (network.to_node == node))
    named = [i for i in at.tolist() if network.name[i]]
    return str(network.name[max(named, key=lambda i: network.width[i])]) if named else ""
