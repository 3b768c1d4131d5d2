"""How a plan is laid into jupedsim-network, and its run with the ways of the plan."""

from __future__ import annotations

import warnings
from typing import Any

import jupedsim_network as jps
import numpy as np
from jupedsim_network import hydraulic, simulation
from numpy.typing import NDArray

from evacroute.hazards.link_times import Profile
from evacroute.scenario import Scenario
from evacroute.training._doors import Doors
from evacroute.training._walkers import Rules, Walkers

LEAST_AREA = 4.0
"""Least room at a node [m2], so that people can pass at all."""

HOME = 1e9
"""Area of the rooms where people wait for their time [m2]."""

WIDE = 1e4
"""Capacity of what does not hold anyone up [person/s]."""

TRICKLE = 1e-3
"""Capacity of a link or door that lets nobody in [person/s]: the model allows none of 0."""


def exit_times(scenario: Scenario, walkers: Walkers, rules: Rules) -> NDArray[np.float64]:
    """When each person is safe [s], NaN where the model never saw it, shape (n_persons,)."""
    # Whoever has a way needs no street but those of some way; numbers of links keep their order.
    links = np.arange(scenario.network.n_links)
    doors = Doors(scenario) if rules.doors_close else None
    if rules.own_ways:
        onward = walkers.way_link[:0] if doors is None else doors.way_link
        links = np.unique(np.concatenate([walkers.way_link, onward])).astype(np.int64)
    network = _network(scenario, links, walkers, rules)
    # The share of its jam density at which the model lets nobody on.
    full = 2.75 * hydraulic.SPEED_DENSITY_SLOPE
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        game = simulation.NetworkSimulation(
            network,
            _populations(scenario, walkers, rules.own_ways),
            dt=rules.dt,
            t_max=rules.end,
            max_density=full * network.parameters.jam_density,
            counterflow="independent",
            split_ties=not rules.own_ways,
        )
    chance = np.random.default_rng(rules.seed)
    run: Any = simulation._Run(game, chance, False)
    if rules.own_ways:
        run = _OwnWays(game, chance, scenario, walkers, links, doors, rules.exact)
    return np.asarray(run.execute().exit_times, np.float64)


def _network(
    scenario: Scenario, links: NDArray[np.int64], walkers: Walkers, rules: Rules
) -> jps.Network:
    """Build the rooms and openings; links come first, in our order, then doors, then homes."""
    streets, shelters = scenario.network, scenario.shelters
    network = jps.Network(parameters=_parameters(scenario, walkers, rules.jam_density))
    area = rules.room * 0.5 * streets.length * streets.width
    held = np.bincount(streets.from_node, weights=area, minlength=streets.n_nodes)
    homes = np.unique(scenario.groups.node[walkers.group])
    ends = (streets.from_node[links], streets.to_node[links], shelters.node, homes)
    for v in np.unique(np.concatenate(ends)).tolist():
        network.add_room(f"n{v}", area=max(float(held[v]), LEAST_AREA))
    for s in range(len(shelters)):
        network.add_safe(f"s{s}")
    for v in homes.tolist():
        network.add_room(f"h{v}", area=HOME)

    def join(a: str, b: str, capacity: float, metres: float) -> None:
        rate = min(max(capacity, TRICKLE), WIDE)
        network.connect(
            a, b, width=1.0, kind="opening", length=metres, specific_flow=rate, bidirectional=False
        )

    length = _length(scenario)
    for i in links.tolist():
        a, b = int(streets.from_node[i]), int(streets.to_node[i])
        rate = float(streets.capacity[i]) * rules.specific_flow_factor
        # A closed or looping link is nobody's way; it must still be there to keep the numbering.
        join(f"n{a}", f"n{b}" if a != b else "s0", rate, float(length[i]))
    for s in range(len(shelters)):
        join(f"n{shelters.node[s]}", f"s{s}", float(shelters.intake_rate[s]), 0.0)
    for v in homes.tolist():
        join(f"h{v}", f"n{v}", WIDE, 0.0)
    return network


def _parameters(
    scenario: Scenario, walkers: Walkers, jam_density: float | None
) -> hydraulic.HydraulicParameters:
    base = hydraulic.HydraulicParameters()
    slope = base.speed_density_slope if jam_density is None else 1 / jam_density
    # At no crowd the model walks at k (1 - slope x 0.54): let the fastest reach their speed.
    class_ = scenario.groups.class_[walkers.group]
    fastest = float((scenario.group_classes.speed_flat[class_] * walkers.pace).max())
    constant = max(base.level_speed_constant, fastest / (1 - slope * hydraulic.MIN_DENSITY))
    # Openings say their own flow; that of doors, which there are none of, must only be allowed.
    return hydraulic.HydraulicParameters(
        speed_density_slope=slope,
        level_speed_constant=constant,
        door_specific_flow=min(base.door_specific_flow, constant / (4 * slope)),
    )


def _length(scenario: Scenario) -> NDArray[np.float64]:
    """Length of each link at the speed on the level, mean over the people, shape (n_links,)."""
    classes, groups = scenario.group_classes, scenario.groups
    persons = np.bincount(groups.class_, weights=groups.size, minlength=len(classes))
    seconds = classes.walk_seconds(scenario.network)
    metres = np.where(np.isfinite(seconds), seconds * classes.speed_flat[:, None], 0.0)
    can = np.isfinite(seconds) * persons[:, None]
    total = can.sum(axis=0)
    mean = (metres * can).sum(axis=0) / np.where(total > 0, total, 1.0)
    return np.asarray(np.where(total > 0, mean, scenario.network.length))


def _populations(scenario: Scenario, walkers: Walkers, own_ways: bool) -> list[jps.Population]:
    """One population a person; without ways of their own they have a target."""
    speed = scenario.group_classes.speed_flat[scenario.groups.class_[walkers.group]] * walkers.pace
    target = walkers.shelter[walkers.way].tolist()
    node = scenario.groups.node[walkers.group].tolist()
    return [
        jps.Population(
            f"h{v}", count=1, speed=v_max, pre_movement=depart,
            target=None if own_ways else f"s{s}",
        )
        for v, v_max, depart, s in zip(
            node, speed.tolist(), walkers.depart.tolist(), target, strict=True
        )
    ]  # fmt: skip


class _OwnWays(simulation._Run):  # type: ignore[misc]
    """The model's run with the next link of each agent taken from the plan.

    With `exact`, an agent that no queue holds up walks on in the middle of a step, so that a walk
    through empty streets takes length over speed whatever the step; without, half a step is lost at
    each link, as the model does by itself.
    """

    def __init__(
        self,
        game: Any,
        chance: Any,
        scenario: Scenario,
        walkers: Walkers,
        links: NDArray[np.int64],
        doors: Doors | None,
        exact: bool,
    ) -> None:
        classes, n_doors = scenario.group_classes, len(scenario.shelters)
        self.n_links, self.doors = len(links), doors
        self.way, first = _with_doors(links, walkers.way_ptr, walkers.way_link, walkers.shelter)
        if doors is not None:
            more = _with_doors(links, doors.way_ptr, doors.way_link, doors.way_shelter)
            self.first_on = len(self.way) + more[1]
            self.way = np.concatenate([self.way, more[0]])
        # What each class walks of each link, in metres at its speed on the level.
        seconds = classes.walk_seconds(scenario.network)[:, links]
        metres = np.where(np.isfinite(seconds), seconds * classes.speed_flat[:, None], 0.0)
        self.metres = np.concatenate([metres, np.zeros((len(classes), n_doors))], axis=1)
        self.class_of = scenario.groups.class_[walkers.group]
        self.at = first[walkers.way]
        self.exact = exact
        self.links = np.concatenate([links, np.full(n_doors, -1)]).astype(np.int32)
        self.changes: Profile = scenario.link_times.profile(len(classes), game.t_max)
        self.density = np.zeros(0)
        self.fresh = np.zeros(len(walkers.group), bool)
        self.at_home = np.ones(len(walkers.group), bool)
        super().__init__(game, chance, False)

    def _walk(self, density: NDArray[np.float64], t: float) -> None:
        a = self.agents
        self.density = density
        waiting = np.flatnonzero((a.state == simulation._WALKING) & np.isinf(a.distance))
        self._set_out(waiting, t)
        walking = np.flatnonzero(a.state == simulation._WALKING)
        step = self._speed(walking) * self.sim.dt
        a.distance[walking] -= step
        reached = a.distance[walking] <= 0
        arrived = walking[reached]
        a.state[arrived] = simulation._QUEUED
        fraction = 1.0 + a.distance[arrived] / np.maximum(step[reached], 1e-12)
        if not self.exact:
            fraction = np.clip(fraction, 0.0, 1.0)
        a.arrival[arrived] = t + fraction * self.sim.dt
        self.fresh[:] = False
        if self.exact:
            self.fresh[arrived] = True
            home = arrived[self.at_home[arrived]]
            a.arrival[home] = a.pre_movement[home]

    def _speed(self, who: NDArray[np.int64]) -> NDArray[np.float64]:
        a = self.agents
        congested = hydraulic.speed(
            self.density[a.node[who]], self.k[a.node[who]], parameters=self.sim.network.parameters
        )
        return np.asarray(np.minimum(a.speed[who], congested))

    def _set_out(self, who: NDArray[np.int64], t: float) -> None:
        """Lay the next link before agents; a closed one is without end as long as it is closed."""
        a = self.agents
        metres = self.metres[self.class_of[who], a.link[who]]
        link = self.links[a.link[who]]
        factor = self.changes.when(link, self.class_of[who], np.full(len(who), t))
        with np.errstate(divide="ignore"):
            a.distance[who] = np.where(factor > 0, metres / factor, np.inf)

    def _move(self, passed: NDArray[np.int64], t: float) -> None:
        a = self.agents
        end = round(t + self.sim.dt, 9)
        target = self.link_target[a.link[passed]]
        a.node[passed] = target
        self.at_home[passed] = False
        # Whom nobody held up has passed when they came; the others at the end of the step.
        since = np.where(self.fresh[passed], a.arrival[passed], end)
        gone = self.safe[target]
        done, onward = passed[gone], passed[~gone]
        a.state[done] = simulation._SAFE
        a.exit_time[done] = since[gone]
        a.link[onward] = self.way[self.at[onward]]
        self.at[onward] += 1
        a.state[onward] = simulation._WALKING
        if self.doors is not None:
            at_door = np.flatnonzero(a.link[onward] >= self.n_links)
            in_turn = at_door[np.argsort(since[~gone][at_door], kind="stable")]
            for who in onward[in_turn].tolist():
                self._ask_at_door(who, self.doors)
        self._set_out(onward, end)
        a.distance[onward] -= self._speed(onward) * (end - since[~gone])

    def _ask_at_door(self, who: int, doors: Doors) -> None:
        """Take a place in the shelter, or go on to another; who finds none stays outside."""
        a, class_ = self.agents, int(self.class_of[who])
        shelter = int(a.link[who]) - self.n_links
        if not doors.has_room(shelter, class_):
            row = doors.way_on(shelter, class_)
            if row < 0:
                # Out of the run without a time: nobody waits for them.
                a.state[who] = simulation._SAFE
                return
            first = int(self.first_on[row])
            a.link[who] = self.way[first]
            self.at[who] = first + 1
            if a.link[who] < self.n_links:
                return
            shelter = int(doors.way_shelter[row])
        doors.take(shelter, class_)


def _with_doors(
    links: NDArray[np.int64],
    ptr: NDArray[np.int64],
    way_link: NDArray[np.int32],
    shelter: NDArray[np.int32],
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Each way's links in the model's numbers and then its door, and where each way begins."""
    count = np.diff(ptr)
    first = ptr[:-1] + np.arange(len(count))
    way = np.empty(len(way_link) + len(count), np.int64)
    legs = np.ones(len(way), bool)
    legs[first + count] = False
    way[legs] = np.searchsorted(links, way_link)
    way[first + count] = len(links) + shelter
    return way, first
