"""From a draw to labelled trips: planned, played, and what a ghost would have met elsewhere."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evacroute._arrays import read_arrays
from evacroute._kernels.crowd import PLAN
from evacroute._kernels.trips import Trips
from evacroute.errors import InputError
from evacroute.judging import outlook_of
from evacroute.physics import Physics
from evacroute.plan import Plan
from evacroute.scenario import Scenario
from evacroute.scoring.features import COLUMNS, kinds_of, rows_of
from evacroute.scoring.odds import BASE
from evacroute.scoring.scorer import Scorer
from evacroute.scoring.ways import Ways
from evacroute.simulation import Behaviour, Simulation, simulate
from evacroute.simulation.result import LEFT
from evacroute.training._walkers import who_follows
from evacroute.training.building import build, make_plan
from evacroute.training.ghosts import Part, ghosts, kinds_of_groups, pick
from evacroute.training.hydraulic import play_draw
from evacroute.training.sampler import Draw
from evacroute.units import to_metres
from evacroute.writing import atomic_path, write_arrays

PLANNED, GHOST, OTHER = range(3)
"""Where a label comes from: who followed the plan in our simulator; a ghost there; who followed it
in the other simulator."""

SOURCES = ("planned", "ghost", "other simulator")

MOST = 160
"""At most so many trips of each source are kept of a draw."""

LONGER = 1.5
"""Runs go on for so many times the deadline."""

DELAY_SIGMA = 0.83
"""Delays spread as widely as exponential ones, which the other simulator draws."""

CELL = 400.0
"""Side of the squares that districts are told apart by [m]."""


@dataclass(frozen=True, slots=True, eq=False)
class Labelled:
    """Trips and what came of them; arrays have one row a trip.

    Parameters
    ----------
    rows
        Features at the trip's own deadline, shape (n_trips, len(COLUMNS)).
    depart, deadline
        When it sets out by the plan, and by when it must be safe [s after the alarm].
    arrive
        When it was in the shelter [s], inf = not by `until`.
    until
        How long the run went on [s].
    planned_s
        How long the plan says it takes [s], NaN for ghosts.
    kind, source
        Positions in `KINDS` and `SOURCES`.
    cell
        Number of the district where it starts; the same in all draws of a world.
    draw
        Index of the draw.
    weight
        How many trips of its draw and source each stands for, as more are kept of rare kinds, over
        their mean: all draws count by the trips that are kept of them.
    """

    rows: NDArray[np.float32]
    depart: NDArray[np.float64]
    deadline: NDArray[np.float64]
    arrive: NDArray[np.float64]
    until: NDArray[np.float64]
    planned_s: NDArray[np.float64]
    kind: NDArray[np.int8]
    source: NDArray[np.int8]
    cell: NDArray[np.int64]
    draw: NDArray[np.int64]
    weight: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.arrive)

    def take(self, some: NDArray[Any]) -> Labelled:
        """Keep some trips."""
        return Labelled(*(getattr(self, f.name)[some] for f in fields(self)))

    @classmethod
    def joined(cls, parts: list[Labelled]) -> Labelled:
        """All trips of several."""
        return cls(*(np.concatenate([getattr(p, f.name) for p in parts]) for f in fields(cls)))

    def save(self, path: Path) -> None:
        """Write the trips as an ``.npz``, whole or not at all."""
        with atomic_path(path) as temporary:
            write_arrays({f.name: getattr(self, f.name) for f in fields(self)}, temporary)

    @classmethod
    def load(cls, path: Path) -> Labelled:
        """Read what `save` has written.

        Raises
        ------
        InputError
            If it is something else.
        """
        arrays = read_arrays(path)
        missing = [f.name for f in fields(cls) if f.name not in arrays]
        if missing or arrays["rows"].shape[1:] != (len(COLUMNS),):
            raise InputError(
                f"{path}: is not a file of labelled trips of {len(COLUMNS)} columns"
                + (f"; {', '.join(missing)} missing" if missing else "")
            )
        return cls(*(arrays[f.name] for f in fields(cls)))

    @property
    def is_safe(self) -> NDArray[np.bool_]:
        """Whether each was safe by its deadline."""
        return np.asarray(self.arrive <= self.deadline)

    @property
    def seen(self) -> NDArray[np.bool_]:
        """Whether the run went on for long enough to see them arrive, if nothing held them up.

        Of the others it is known that they are late, but not when they would arrive.
        """
        return np.asarray(self.depart + self.rows[:, 0] <= self.until)

    @property
    def ratio(self) -> NDArray[np.float64]:
        """Logarithm of the time taken over that in empty streets (and half a minute)."""
        free = self.rows[:, 0].astype(np.float64)
        took = np.minimum(self.arrive, self.until) - self.depart
        return np.asarray(np.log(np.maximum(took, 1.0) + BASE) - np.log(free + BASE))


def physics_of(drawn: Draw) -> Physics:
    """Give a draw's physics to our simulator."""
    own = drawn.physics
    return Physics(
        law=own.law,
        jam_density=own.jam_density,
        specific_flow=own.specific_flow,
        counterflow_loss=own.counterflow_loss,
    )


def behaviour_of(drawn: Draw) -> Behaviour:
    """Give a draw's behaviour to our simulator."""
    own = drawn.physics
    return Behaviour(
        compliance=own.compliance,
        nearest=own.nearest,
        crowd=own.crowd,
        lost=own.lost,
        delay=own.delay_s,
        delay_sigma=DELAY_SIGMA,
        speed_spread=own.speed_spread,
    )


def play(plan: Plan, drawn: Draw) -> Simulation:
    """Play a draw's plan in our simulator."""
    return simulate(
        plan,
        behaviour=behaviour_of(drawn),
        physics=physics_of(drawn),
        seed=drawn.key % 2**31,
        until=LONGER * plan.scenario.deadline_s,
    )


def label(
    drawn: Draw,
    *,
    other: bool = False,
    plan: Plan | None = None,
    scorer: Scorer | None = None,
) -> Labelled:
    """Plan a draw, play it, and describe and label its trips.

    Parameters
    ----------
    drawn
        The draw.
    other
        Whether it is played in the other simulator as well.
    plan
        Its plan, where it is there already.
    scorer
        What the plan is made with, None = by time alone.
    """
    if plan is None:
        plan = make_plan(drawn, build(drawn), scorer=scorer)
    scenario, moves = plan.scenario, plan.movements
    chance = np.random.default_rng([drawn.key, 5])
    ways = Ways(scenario)
    run = play(plan, drawn)
    expected = outlook_of(scenario, ways, moves)
    parts = [
        _followers(plan, run, chance),
        ghosts(scenario, ways, run, moves, drawn, chance, MOST),
    ]
    if other:
        parts.append(_in_other(plan, drawn, chance))
    found = []
    for source, part in enumerate(parts):
        trips, group, n = part.trips, part.group, len(part.arrive)
        if not n:
            continue
        classes = scenario.group_classes
        found.append(
            Labelled(
                rows=rows_of(ways.streets, expected, trips, classes),
                depart=trips.depart,
                deadline=trips.deadline,
                arrive=part.arrive,
                until=np.full(n, LONGER * scenario.deadline_s),
                planned_s=part.planned,
                kind=kinds_of(classes, trips.class_, trips.size, trips.wait),
                source=np.full(n, source, np.int8),
                cell=_cells(scenario)[scenario.groups.node[group]],
                draw=np.full(n, drawn.index),
                weight=part.weight,
            )
        )
    if not found:
        raise InputError(f"draw {drawn.index}: nobody has a place")
    return Labelled.joined(found)


def _followers(plan: Plan, run: Simulation, chance: np.random.Generator) -> Part:
    """Trips of parties who followed the plan, as far as they could."""
    some = np.flatnonzero((run.led_by == PLAN) & (run.state != LEFT))
    picked, weight = pick(kinds_of_groups(plan.scenario)[run.group[some]], MOST, chance)
    some = some[picked]
    arrive = np.where(np.isnan(run.arrive[some]), np.inf, run.arrive[some])
    trips, planned = _planned_trips(plan, run.movement[some], run.size[some])
    return Part(trips, arrive, planned, run.group[some], weight)


def _planned_trips(
    plan: Plan, movement: NDArray[np.int32], size: NDArray[np.int32]
) -> tuple[Trips, NDArray[np.float64]]:
    moves, scenario = plan.movements, plan.scenario
    told = moves.take(movement.astype(np.int64))
    n = len(movement)
    trips = Trips(
        ptr=told.leg_ptr,
        link=told.leg_link,
        class_=scenario.groups.class_[told.group],
        pace=np.ones(n),
        pace_steps=np.ones(n),
        size=size,
        depart=told.depart,
        deadline=np.full(n, scenario.deadline_s),
        shelter=told.shelter,
        wait=told.waits,
    )
    return trips, told.arrive - told.depart


def _in_other(plan: Plan, drawn: Draw, chance: np.random.Generator) -> Part:
    """Trips of parties who followed the plan in the other simulator."""
    moves = plan.movements
    arrived = play_draw(plan, drawn, most=LONGER)
    movement = np.repeat(np.arange(len(moves), dtype=np.int32), moves.size)
    first = np.cumsum(moves.size) - moves.size
    # A household is one trip, which ends when its last member is in.
    together = plan.scenario.groups.together[moves.group]
    arrived = np.where(np.isnan(arrived), np.inf, arrived)
    if len(moves):
        arrived[first[together]] = np.maximum.reduceat(arrived, first)[together]
    is_trip = ~together[movement]
    is_trip[first] = True
    some = np.flatnonzero(who_follows(plan, drawn.physics.compliance, drawn.key) & is_trip)
    kind = kinds_of_groups(plan.scenario)[moves.group[movement[some]]]
    picked, weight = pick(kind, MOST, chance)
    some = some[picked]
    told = movement[some]
    size = plan.scenario.groups.as_one(moves.group[told], moves.size[told])
    trips, planned = _planned_trips(plan, told, size)
    return Part(trips, arrived[some], planned, moves.group[told], weight)


def _cells(scenario: Scenario) -> NDArray[np.int64]:
    """Give the number of the square that each node lies in."""
    network = scenario.network
    x, y = to_metres(network.lon, network.lat, network.origin)
    return (np.floor(x / CELL) * 4096 + np.floor(y / CELL)).astype(np.int64)


def at_deadline(trips: Labelled, deadline: NDArray[np.float64]) -> Labelled:
    """Give the same trips with other deadlines: what depends on them is reckoned anew."""
    names = list(COLUMNS)
    rows = trips.rows.copy()
    free = rows[:, names.index("free_s")].astype(np.float64)
    slack = deadline - trips.depart - free
    held = {
        "margin_s": rows[:, names.index("slack_s")] - rows[:, names.index("margin_s")],
        "stress_margin_s": rows[:, names.index("slack_s")]
        - rows[:, names.index("stress_margin_s")],
    }
    rows[:, names.index("slack_s")] = slack
    rows[:, names.index("slack_share")] = slack / np.maximum(free, 30.0)
    for name, seconds in held.items():
        rows[:, names.index(name)] = slack - seconds
    return replace(trips, rows=rows, deadline=deadline)
