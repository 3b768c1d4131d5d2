"""Play a plan in jupedsim-network: the SFPE hydraulic model, agent by agent, with spill-back.

How a plan is laid into that model:

- Each of our nodes is a room that holds half of every street that ends there, so that the area of
  all streets is kept; people who walk a street are in the room of its first node. Each of our links
  is an opening of the same capacity and length between two rooms.
- People wait at home: each node with people has a second room, as large as it takes, that opens
  onto it. They leave it at the time that the plan says, and stay in if the street is full.
- A shelter is a safe place behind an opening of its intake rate.
- A person walks at the class's speed while the street is empty, slower by the model's own relation
  where it is crowded. Steps are made longer instead of slower, as a person has one speed there.

By itself the model takes the shortest way to the given shelter. With `own_ways` its agents take the
ways of the plan: only the choice of the next link is replaced, nothing of how people move.
"""

from __future__ import annotations

import time
import warnings
from typing import Any

import jupedsim_network as jps
import numpy as np
from jupedsim_network import simulation
from jupedsim_network.hydraulic import MIN_DENSITY, HydraulicParameters
from numpy.typing import NDArray

import evacroute as er

from .verdict import Verdict, judged

LEAST_AREA = 4.0
"""Least room at a node [m2], so that people can pass at all."""

HOME = 1e9
"""Area of the rooms where people wait for their time [m2]."""

WIDE = 1e4
"""Capacity of what does not hold anyone up [person/s]."""

TRICKLE = 1e-3
"""Capacity of a link or door that lets nobody in [person/s]: the model allows none of 0."""


def play(
    plan: er.Plan,
    *,
    own_ways: bool = True,
    room: float = 1.0,
    dt: float = 0.5,
    most: float = 2.0,
    seed: int = 0,
) -> Verdict:
    """Play a plan.

    Parameters
    ----------
    plan
        The plan; who it leaves takes no part.
    own_ways
        Whether people take the ways of the plan, or choose the shortest to the given shelter.
    room
        Streets are given so many times their area: with 3, nearly all that is left is capacity.
    dt
        Step of the model [s]; a person loses half of it at the end of every link.
    most
        The run is stopped at so many times the deadline.
    seed
        Seed of the model's tie-breaks.
    """
    begin = time.perf_counter()
    scenario, moves = plan.scenario, plan.movements
    class_ = scenario.groups.class_[moves.group]
    network = _network(scenario, np.unique(scenario.groups.node[moves.group]), room)
    populations = _populations(plan, class_)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        game = simulation.NetworkSimulation(
            network,
            populations,
            dt=dt,
            t_max=most * scenario.deadline_s,
            counterflow="independent",
            split_ties=not own_ways,
        )
    if own_ways:
        run: Any = _OwnWays(game, np.random.default_rng(seed), plan, class_)
    else:
        run = simulation._Run(game, np.random.default_rng(seed), False)
    arrived = run.execute().exit_times
    size = moves.size
    return judged(
        f"jupedsim-network, {'own' if own_ways else 'shortest'} ways"
        + (f", room x{room:g}" if room != 1 else ""),
        np.repeat(plan.ready, size),
        np.repeat(moves.arrive, size),
        np.asarray(arrived),
        time.perf_counter() - begin,
    )


def _network(scenario: er.Scenario, origins: NDArray[Any], room: float) -> jps.Network:
    """Build the rooms and openings; links come first, in our order, then doors, then homes."""
    streets, shelters, classes = scenario.network, scenario.shelters, scenario.group_classes
    # At no crowd the model walks at k (1 - 0.266 x 0.54): let the fastest reach their speed.
    slowed = 1 - HydraulicParameters().speed_density_slope * MIN_DENSITY
    fastest = float(classes.speed_flat.max())
    base = HydraulicParameters()
    network = jps.Network(
        parameters=HydraulicParameters(
            level_speed_constant=max(base.level_speed_constant, fastest / slowed)
        )
    )
    area = room * 0.5 * streets.length * streets.width
    held = np.bincount(streets.from_node, weights=area, minlength=streets.n_nodes)
    for v in range(streets.n_nodes):
        network.add_room(f"n{v}", area=max(float(held[v]), LEAST_AREA))
    for s in range(len(shelters)):
        network.add_safe(f"s{s}")
    for v in origins.tolist():
        network.add_room(f"h{v}", area=HOME)
    length = _length(scenario)

    def join(a: str, b: str, capacity: float, metres: float) -> None:
        rate = min(max(capacity, TRICKLE), WIDE)
        network.connect(
            a, b, width=1.0, kind="opening", length=metres, specific_flow=rate, bidirectional=False
        )

    for i in range(streets.n_links):
        a, b = int(streets.from_node[i]), int(streets.to_node[i])
        # A closed or looping link is nobody's way; it must still be there to keep the numbering.
        join(f"n{a}", f"n{b}" if a != b else "s0", float(streets.capacity[i]), float(length[i]))
    for s in range(len(shelters)):
        join(f"n{shelters.node[s]}", f"s{s}", float(shelters.intake_rate[s]), 0.0)
    for v in origins.tolist():
        join(f"h{v}", f"n{v}", WIDE, 0.0)
    return network


def _length(scenario: er.Scenario) -> NDArray[np.float64]:
    """Length of each link at the speed on the level, mean over the people, shape (n_links,)."""
    classes, groups = scenario.group_classes, scenario.groups
    persons = np.bincount(groups.class_, weights=groups.size, minlength=len(classes))
    seconds = classes.walk_seconds(scenario.network)
    metres = np.where(np.isfinite(seconds), seconds * classes.speed_flat[:, None], 0.0)
    can = np.isfinite(seconds) * persons[:, None]
    total = can.sum(axis=0)
    mean = (metres * can).sum(axis=0) / np.where(total > 0, total, 1.0)
    return np.asarray(np.where(total > 0, mean, scenario.network.length))


def _populations(plan: er.Plan, class_: NDArray[np.int32]) -> list[jps.Population]:
    moves, scenario = plan.movements, plan.scenario
    node = scenario.groups.node[moves.group].tolist()
    speed = scenario.group_classes.speed_flat[class_].tolist()
    return [
        jps.Population(f"h{v}", count=n, speed=pace, pre_movement=depart, target=f"s{s}")
        for v, n, pace, depart, s in zip(
            node, moves.size.tolist(), speed, moves.depart.tolist(), moves.shelter.tolist(),
            strict=True,
        )
    ]  # fmt: skip


class _OwnWays(simulation._Run):  # type: ignore[misc]
    """The model's run with the next link of each agent taken from the plan."""

    def __init__(self, game: Any, rng: Any, plan: er.Plan, class_: NDArray[np.int32]) -> None:
        moves, scenario = plan.movements, plan.scenario
        streets, classes = scenario.network, scenario.group_classes
        n_doors = len(scenario.shelters)
        # Each movement's links, then the door of its shelter.
        count = np.diff(moves.leg_ptr)
        self.first = moves.leg_ptr[:-1] + np.arange(len(count))
        self.way = np.empty(len(moves.leg_link) + len(count), np.int64)
        last = self.first + count
        legs = np.ones(len(self.way), bool)
        legs[last] = False
        self.way[legs] = moves.leg_link
        self.way[last] = streets.n_links + moves.shelter
        # What each class walks of each link, in metres at its speed on the level.
        seconds = classes.walk_seconds(streets)
        metres = np.where(np.isfinite(seconds), seconds * classes.speed_flat[:, None], 0.0)
        self.metres = np.concatenate([metres, np.zeros((len(classes), n_doors))], axis=1)
        self.class_of = np.repeat(class_, moves.size)
        self.at = np.repeat(self.first, moves.size)
        super().__init__(game, rng, False)

    def _move(self, passed: NDArray[np.int64], t: float) -> None:
        a = self.agents
        target = self.link_target[a.link[passed]]
        a.node[passed] = target
        gone = self.safe[target]
        done, onward = passed[gone], passed[~gone]
        a.state[done] = simulation._SAFE
        a.exit_time[done] = round(t + self.sim.dt, 9)
        a.link[onward] = self.way[self.at[onward]]
        self.at[onward] += 1
        a.distance[onward] = self.metres[self.class_of[onward], a.link[onward]]
        a.state[onward] = simulation._WALKING
