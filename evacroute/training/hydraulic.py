"""Play a plan in jupedsim-network: the SFPE hydraulic model, agent by agent, with spill-back.

How a plan is laid into that model:

- Each of our nodes is a room that holds half of every street that ends there, so that the area of
  all streets is kept; people who walk a street are in the room of its first node. Each of our links
  is an opening of the same capacity and length between two rooms.
- People wait at home: each node with people has a second room, as large as it takes, that opens
  onto it. They leave it at the time that the plan says, and stay in if the street is full.
- A shelter is a safe place behind an opening of its intake rate.
- A person walks at the class's speed while the street is empty, slower by the model's own relation
  where it is crowded. Steps are made longer instead of slower, as a person has one speed there; so
  are streets that a hazard makes slow, and one that it closes is longer than any walk.

By itself the model takes the shortest way to the given shelter. With `own_ways` its agents take the
ways of the plan: only the choice of the next link is replaced, nothing of how people move.

What it cannot do: people who go their own way know one other thing to do, the nearest shelter by
the shortest way, and never think again; nobody follows the crowd or gets lost. People who walk
towards each other do not hinder each other but by the space they take, and those who are wide take
no more of it. Boats do not run. Households share a way and a pace, but a queue may part them, or a
shelter with few places left.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr, ndtri

from evacroute.errors import Faults, InputError, MissingExtraError
from evacroute.plan import Plan
from evacroute.training._walkers import Rules, by_party, drawn_for, list_walkers, who_follows
from evacroute.training.building import PLANNED_FLOW
from evacroute.training.sampler import Draw

LEAST_JAM = 1.08
"""The model takes no lower jam density: its law begins at 0.54 persons/m2."""


def play_hydraulic(
    plan: Plan,
    *,
    own_ways: bool = True,
    specific_flow_factor: float = 1.0,
    jam_density: float | None = None,
    compliance: float = 1.0,
    pace: ArrayLike | None = None,
    delay: ArrayLike | None = None,
    doors_close: bool = False,
    room: float = 1.0,
    dt: float = 0.5,
    exact: bool = False,
    most: float = 2.0,
    seed: int = 0,
) -> NDArray[np.float64]:
    """Play a plan.

    Parameters
    ----------
    plan
        The plan; who it leaves takes no part.
    own_ways
        Whether people take the ways of the plan, or choose the shortest to the given shelter.
    specific_flow_factor
        All links let in so many times their capacity; doors of shelters do not change.
    jam_density
        Density at which nobody moves [persons/m2], at least 1.08; the model's own 3.76 where it is
        None. Its law, a straight line, stays.
    compliance
        Share of parties who follow the plan, 0 to 1. The others set out when they are ready, for
        the nearest shelter by the shortest way, as `nearest` plans it; who has none in time follows
        the plan. Needs `own_ways`.
    pace
        Each person's speed over that of their class, shape (n_persons,), > 0; see `draw_pace`.
    delay
        How much later each movement sets out [s], shape (n_movements,), >= 0.
    doors_close
        Whether a shelter takes no more than it has room for: who comes later is sent on to the
        nearest that has room then, one of the eight nearest. Who finds none is never safe. Needs
        `own_ways`.
    room
        Streets are given so many times their area: with 3, nearly all that is left is capacity.
    dt
        Step of the model [s].
    exact
        Whether people whom nobody holds up walk on within a step. By itself the model loses half a
        step at the end of every link. Needs `own_ways`.
    most
        The run is stopped at so many times the deadline.
    seed
        Seed of who follows the plan, and of the model's tie-breaks.

    Returns
    -------
    ndarray
        When each person is safe [s after the alarm], NaN where the model never saw it, in the order
        ``np.repeat(np.arange(n_movements), movements.size)``, shape (n_persons,).

    Raises
    ------
    InputError
        If a parameter is not what it must be.
    MissingExtraError
        If jupedsim-network is not installed.
    """
    n_persons, n_moves = plan.movements.placed, len(plan.movements)
    paces = np.ones(n_persons) if pace is None else np.asarray(pace, np.float64)
    delays = np.zeros(n_moves) if delay is None else np.asarray(delay, np.float64)
    faults = Faults("play_hydraulic")
    _check_numbers(
        faults, specific_flow_factor=specific_flow_factor, room=room, dt=dt, most=most,
        jam_density=LEAST_JAM if jam_density is None else jam_density,
    )  # fmt: skip
    _check_rows(faults, "pace", paces, n_persons, "> 0")
    _check_rows(faults, "delay", delays, n_moves, ">= 0")
    if not 0 <= compliance <= 1:
        faults.add(f"compliance is {compliance}, expected a share from 0 to 1")
    if not own_ways and (exact or doors_close or compliance < 1):
        faults.add("exact, doors_close and compliance below 1 need own_ways=True")
    faults.raise_if_any(InputError)
    try:
        from evacroute.training._hydraulic_run import exit_times
    except ImportError as error:
        raise MissingExtraError("jupedsim-network", "bench", "the hydraulic model") from error
    if not n_persons:
        return np.empty(0)
    walkers = list_walkers(plan, who_follows(plan, compliance, seed), paces, delays)
    rules = Rules(
        own_ways, specific_flow_factor, jam_density, room, dt, most * plan.scenario.deadline_s,
        exact, doors_close, seed,
    )  # fmt: skip
    return exit_times(plan.scenario, walkers, rules)


def play_draw(
    plan: Plan, drawn: Draw, *, dt: float = 2.0, most: float = 1.5
) -> NDArray[np.float64]:
    """Play the plan of a draw with its physics, as far as this model has it.

    Streets let in as many as the draw's specific flow says, parties follow the plan by its
    compliance (all others go to the nearest shelter), set out later, each movement by a delay drawn
    from an exponential distribution of the draw's mean, and walk at paces of its spread. Law and
    jam density are the model's own, which makes it another simulator.

    Parameters
    ----------
    plan
        From `evacroute.training.building.make_plan`.
    drawn
        The draw it is of.
    dt, most
        As `play_hydraulic` takes them; steps are cut (`exact`), and full shelters close.

    Returns
    -------
    ndarray
        As `play_hydraulic` gives it.

    Raises
    ------
    MissingExtraError
        If jupedsim-network is not installed.
    """
    physics, moves = drawn.physics, plan.movements
    everybody = plan.scenario.groups.persons
    late = np.random.default_rng([drawn.key, 4]).exponential(physics.delay_s, everybody)
    first = np.cumsum(moves.size) - moves.size
    return play_hydraulic(
        plan,
        specific_flow_factor=physics.specific_flow / PLANNED_FLOW,
        compliance=physics.compliance,
        pace=draw_pace(plan, physics.speed_spread, drawn.key),
        delay=drawn_for(plan, late)[first],
        doors_close=True,
        dt=dt,
        exact=True,
        most=most,
        seed=drawn.key,
    )


def draw_pace(plan: Plan, spread: float, seed: int = 0) -> NDArray[np.float64]:
    """Draw each person's speed over that of their class; a household has one.

    Parameters
    ----------
    plan
        The plan that is played.
    spread
        Standard deviation of a normal distribution with mean 1, of which 2 to each side are kept;
        0 to 0.4.
    seed
        The same seed gives the same paces: to a person the same in all plans of a scenario.

    Returns
    -------
    ndarray
        Shape (n_persons,), in the order that `play_hydraulic` takes.

    Raises
    ------
    InputError
        If the spread is out of its range.
    """
    if not 0 <= spread <= 0.4:
        raise InputError(f"spread is {spread}, expected 0 to 0.4")
    low, high = ndtr(-2.0), ndtr(2.0)
    drawn = np.random.default_rng([seed, 2]).uniform(low, high, plan.scenario.groups.persons)
    return by_party(plan, 1 + spread * ndtri(drawn_for(plan, drawn)))


def _check_numbers(faults: Faults, **numbers: float) -> None:
    for name, value in numbers.items():
        least = LEAST_JAM if name == "jam_density" else 0.0
        if not (np.isfinite(value) and value > 0 and value >= least):
            allowed = f">= {least}" if least else "> 0"
            faults.add(f"{name} is {value}, expected a finite number {allowed}")


def _check_rows(faults: Faults, name: str, values: NDArray[np.float64], n: int, least: str) -> None:
    if values.shape != (n,):
        faults.add(f"{name} has shape {values.shape}, expected ({n},)")
        return
    good = values > 0 if least == "> 0" else values >= 0
    for i in np.flatnonzero(~(np.isfinite(values) & good)):
        faults.add(f"row {i}: {name} is {values[i]}, expected a finite number {least}")
