"""Ghosts: trips that nobody made, walked through what held people up in a run."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from evacroute._kernels.crowd import Streets
from evacroute._kernels.crowd_fields import fill_tree
from evacroute._kernels.trips import AT_DOOR, CAUGHT, Trips, follow, probe
from evacroute._street_arrays import lay_streets
from evacroute.assignment import Movements
from evacroute.judging import places_left
from evacroute.scenario import Scenario
from evacroute.scoring.features import PEOPLE, kinds_of
from evacroute.scoring.ways import Ways
from evacroute.simulation import Simulation
from evacroute.simulation.crowd import own_paces
from evacroute.training.sampler import Draw

RARE, RARE_KINDS = 24, ("slow", "step_free")
"""At least so many trips of these kinds of people are kept where there are as many: they are few,
and theirs are the odds that matter most."""

DETOURS = 6
"""Ghosts who are sent elsewhere more often than this are in no shelter."""


class Part(NamedTuple):
    """Trips of one source.

    Attributes
    ----------
    trips
        The trips.
    arrive, planned
        When they arrive [s after the alarm], and how long the plan says they take [s].
    group
        Their groups.
    weight
        How many trips each stands for, of those from which it was picked, over their mean: all
        scenarios count by the trips that are kept of them.
    """

    trips: Trips
    arrive: NDArray[np.float64]
    planned: NDArray[np.float64]
    group: NDArray[np.int32]
    weight: NDArray[np.float32]


def pick(
    kind: NDArray[np.int8], most: int, chance: np.random.Generator
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Pick some of many trips, more often those of rare kinds of people.

    Parameters
    ----------
    kind
        Positions in `PEOPLE`, of all.
    most
        So many are picked, or all if they are fewer.
    chance
        Draws which.

    Returns
    -------
    tuple
        Positions of those picked, ascending, and how many trips each stands for, over the mean.
    """
    order = chance.permutation(len(kind))
    is_first = np.zeros(len(kind), bool)
    for name in RARE_KINDS:
        mine = order[kind[order] == PEOPLE.index(name)]
        is_first[mine[:RARE]] = True
    first, rest = order[is_first[order]], order[~is_first[order]]
    found = np.sort(np.concatenate([first, rest])[:most])
    there = np.bincount(kind, minlength=len(PEOPLE))
    kept = np.bincount(kind[found], minlength=len(PEOPLE))
    stands_for = (there / np.maximum(kept, 1))[kind[found]]
    mean = stands_for.mean() if len(found) else 1.0
    return found, (stands_for / mean).astype(np.float32)


def ghosts(
    scenario: Scenario,
    ways: Ways,
    run: Simulation,
    moves: Movements,
    drawn: Draw,
    chance: np.random.Generator,
    most: int,
) -> Part:
    """Walk ghosts from where people start to any of the nearer shelters that the plan leaves open.

    These are the shelters that `recommend` tells of: what people do on the way may still fill them.

    Parameters
    ----------
    scenario, ways
        What was played, and its quickest ways.
    run
        The run.
    moves
        Of the plan.
    drawn
        The draw: ghosts differ in their pace and set out late as its people do.
    chance
        Draws who and where to.
    most
        So many ghosts, or as many as there are groups with somewhere to go.
    """
    groups = scenario.groups
    near = _seconds_to_places(scenario, ways, moves)
    some = np.flatnonzero(np.isfinite(near).any(axis=1) & ~scenario.cut_off)
    picked, weight = pick(kinds_of_groups(scenario)[some], most, chance)
    group = some[picked].astype(np.int32)
    shelter = np.empty(len(group), np.int32)
    ptr, link = [0], [np.zeros(0, np.int32)]
    for i, g in enumerate(group.tolist()):
        # The nearer ones more often, but now and then any.
        rank = min(int(chance.exponential(3.0)), int(np.isfinite(near[g]).sum()) - 1)
        shelter[i] = np.argsort(near[g], kind="stable")[rank]
        link.append(ways.routes(int(groups.class_[g]), int(shelter[i]), [groups.node[g]])[1])
        ptr.append(ptr[-1] + len(link[-1]))
    spread = drawn.physics.speed_spread
    drawn_pace = np.clip(1 + spread * chance.standard_normal(len(group)), 0.3, 2.0)
    pace, pace_steps = (own[group] * drawn_pace for own in own_paces(scenario).T)
    delay = chance.exponential(max(drawn.physics.delay_s, 1e-9), len(group))
    n = len(group)
    trips = Trips(
        ptr=np.array(ptr, np.int64),
        link=np.concatenate(link),
        class_=groups.class_[group],
        pace=np.ones(n),
        pace_steps=np.ones(n),
        size=groups.as_one(group, groups.size[group]),
        depart=groups.ready_time[group],
        deadline=np.full(n, scenario.deadline_s),
        shelter=shelter,
        wait=np.full(n, np.nan),
    )
    walked = trips._replace(pace=pace, pace_steps=pace_steps, depart=trips.depart + delay)
    return Part(trips, walk_ghosts(run, walked), np.full(n, np.nan), group, weight)


def _seconds_to_places(scenario: Scenario, ways: Ways, moves: Movements) -> NDArray[np.float64]:
    """Seconds from each group to each shelter in which a plan leaves a place for them, else inf."""
    groups, step_free = scenario.groups, scenario.group_classes.step_free
    left, n = places_left(scenario, moves), len(groups)
    near = np.full((n, len(scenario.shelters)), np.inf)
    size = groups.as_one(np.arange(n), groups.size)
    for k in np.unique(groups.class_).tolist():
        mine = np.flatnonzero(groups.class_ == k)
        for s in np.flatnonzero(left[int(step_free[k])] > 0).tolist():
            near[mine, s] = ways.tree(k, s)[0][groups.node[mine]]
        near[mine] = np.where(left[int(step_free[k])] >= size[mine, None], near[mine], np.inf)
    return near


def kinds_of_groups(scenario: Scenario) -> NDArray[np.int8]:
    """Kind of people of each group, positions in `PEOPLE`."""
    groups, n = scenario.groups, len(scenario.groups)
    size = groups.as_one(np.arange(n), groups.size)
    return kinds_of(scenario.group_classes, groups.class_, size, np.zeros(n))


def walk_ghosts(run: Simulation, trips: Trips) -> NDArray[np.float64]:
    """When ghosts would have been in a shelter in a run [s after the alarm], inf = never.

    They take no room, but find none where the people of the run have taken it: then they are told
    at the door of the nearest shelter with room, as people are, and go on there. So they do before
    a closed link.
    """
    until = run.n_bins * run.bin_s
    streets = lay_streets(run.scenario, until, run.physics.flow_scale)
    guide = _Guide(run, streets)
    delays, free = run.delays, run.physics.tables().free
    arrive = np.full(len(trips.class_), np.inf)
    on_way = np.arange(len(arrive))
    for _ in range(DETOURS):
        time, stop = np.empty(len(on_way)), np.empty(len(on_way), np.int64)
        probe(
            streets, delays.pace, delays.wait, delays.door_wait, delays.bin_s, free, trips, time,
            stop,
        )  # fmt: skip
        at_door = stop == AT_DOOR
        is_in = at_door.copy()
        for i in np.flatnonzero(at_door).tolist():
            is_in[i] = guide.has_room(trips, i, time[i])[trips.shelter[i]]
        arrive[on_way[is_in]] = time[is_in]
        lost = np.flatnonzero(~is_in & (stop != CAUGHT) & (time < until))
        trips, some = guide.lead_on(trips, lost, time, stop)
        on_way = on_way[some]
        if not len(on_way):
            break
    return arrive


class _Guide:
    """Knows where there was room in a run, and tells ghosts the way there."""

    def __init__(self, run: Simulation, streets: Streets) -> None:
        self.streets = streets
        scenario = self.scenario = run.scenario
        shelters, class_ = scenario.shelters, scenario.groups.class_[run.group]
        step_free = self.step_free = scenario.group_classes.step_free
        came = np.flatnonzero(run.shelter >= 0)
        came = came[np.argsort(run.arrive[came], kind="stable")]
        self.left = [
            (
                _left(run, came, s, shelters.capacity[s]),
                _left(run, came[step_free[class_[came]]], s, shelters.step_free_capacity[s]),
            )
            for s in range(len(shelters))
        ]
        n = scenario.network.n_nodes
        self.heap = np.empty(len(streets.link) + len(shelters) + 1, np.int64)
        self.seconds, self.ahead = np.empty(n), np.empty(n, np.int32)

    def has_room(self, trips: Trips, i: int, time: float) -> NDArray[np.bool_]:
        """Which shelters have room for a ghost at a time, shape (n_shelters,)."""
        need, step_free = int(trips.size[i]), bool(self.step_free[trips.class_[i]])
        free = np.empty(len(self.left), np.int64)
        for s, (all_, stepless) in enumerate(self.left):
            free[s] = _at(all_, time)
            if step_free:
                free[s] = min(free[s], _at(stepless, time))
        return free >= need

    def lead_on(
        self,
        trips: Trips,
        some: NDArray[np.int64],
        time: NDArray[np.float64],
        stop: NDArray[np.int64],
    ) -> tuple[Trips, NDArray[np.int64]]:
        """Trips of some ghosts from where they stand to the nearest room, and who has a way."""
        shelters, network = self.scenario.shelters, self.scenario.network
        going, to, ptr, links = [], [], [0], [np.zeros(0, np.int32)]
        for i in some.tolist():
            at = stop[i]
            v = shelters.node[trips.shelter[i]] if at == AT_DOOR else (
                network.from_node[trips.link[at]]
            )  # fmt: skip
            room = self.has_room(trips, i, time[i])
            way = self._way(int(trips.class_[i]), int(v), float(time[i]), room)
            if way is None:
                continue
            going.append(i)
            to.append(way[0])
            links.append(way[1])
            ptr.append(ptr[-1] + len(way[1]))
        kept = np.array(going, np.int64)
        columns = {name: getattr(trips, name)[kept] for name in trips._fields[2:]}
        onward = Trips(ptr=np.array(ptr, np.int64), link=np.concatenate(links), **columns)
        return onward._replace(depart=time[kept], shelter=np.array(to, np.int32)), kept

    def _way(
        self, k: int, node: int, time: float, room: NDArray[np.bool_]
    ) -> tuple[int, NDArray[np.int32]] | None:
        """Find the nearest shelter with room and the links there, as the streets are at a time."""
        nodes = self.scenario.shelters.node
        roots = nodes[room].astype(np.int64)
        if not len(roots):
            return None
        fill_tree(self.streets, k, time, roots, self.heap, self.seconds, self.ahead)
        if not np.isfinite(self.seconds[node]):
            return None
        ptr, link = np.empty(2, np.int64), np.empty(len(self.ahead), np.int32)
        n = follow(self.streets, self.ahead, np.array([node]), ptr, link)
        end = node if n == 0 else int(self.streets.link.to_node[link[n - 1]])
        return int(np.flatnonzero(room & (nodes == end))[0]), link[:n].copy()


Left = tuple[NDArray[np.float64], NDArray[np.int64]]
"""When somebody came, and how many places were left from then on; first before anybody did."""


def _left(run: Simulation, came: NDArray[np.int64], shelter: int, capacity: int) -> Left:
    """Places left in a shelter as those who came took them."""
    mine = came[run.shelter[came] == shelter]
    left = int(capacity) - np.append(0, np.cumsum(run.size[mine]))
    return np.append(-np.inf, run.arrive[mine]), left


def _at(left: Left, time: float) -> int:
    """Places left just before a time."""
    return int(left[1][np.searchsorted(left[0], time, side="left") - 1])
