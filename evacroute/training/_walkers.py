"""Who walks where when a plan is played in another model, and by what rules."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evacroute.assignment import Movements
from evacroute.errors import Faults, InputError
from evacroute.plan import Plan
from evacroute.planning import assign


@dataclass(frozen=True, slots=True, eq=False)
class Walkers:
    """Who walks where: one entry a person, but for the ways, which persons share.

    Parameters
    ----------
    group
        Position of the person's group, shape (n_persons,).
    depart
        When they set out [s], shape (n_persons,).
    pace
        Their speed over that of their class, shape (n_persons,).
    way
        Row of the way they take, shape (n_persons,).
    way_ptr, way_link
        Where each way's links begin, shape (n_ways + 1,), and the links.
    shelter
        Where each way ends, shape (n_ways,).
    """

    group: NDArray[np.int32]
    depart: NDArray[np.float64]
    pace: NDArray[np.float64]
    way: NDArray[np.int64]
    way_ptr: NDArray[np.int64]
    way_link: NDArray[np.int32]
    shelter: NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class Rules:
    """How the model is set; see `evacroute.training.hydraulic.play_hydraulic`."""

    own_ways: bool
    specific_flow_factor: float
    jam_density: float | None
    room: float
    dt: float
    end: float
    exact: bool
    doors_close: bool
    seed: int


def drawn_for(plan: Plan, drawn: NDArray[np.float64]) -> NDArray[np.float64]:
    """Give each person of a plan what was drawn for them.

    Parameters
    ----------
    plan
        The plan.
    drawn
        One number for each person of the scenario, in the order of its groups, shape (n_all,):
        then somebody is the same person in all plans of a scenario, and a household the same.

    Returns
    -------
    ndarray
        Shape (n_persons,), in the order of the movements.

    Raises
    ------
    InputError
        If more persons of a group move than it has.
    """
    moves, size = plan.movements, plan.scenario.groups.size
    moved = np.bincount(moves.group, moves.size, len(size)).astype(np.int64)
    faults = Faults("plan")
    for g in np.flatnonzero(moved > size).tolist():
        name = plan.scenario.groups.group_id[g]
        faults.add(f"group {name}: {moved[g]} persons move, expected at most {size[g]}")
    faults.raise_if_any(InputError)
    order = np.argsort(moves.group, kind="stable")
    group = moves.group[order]
    before = np.cumsum(moves.size[order]) - moves.size[order]
    since = np.empty(len(moves), np.int64)
    since[order] = before - before[np.searchsorted(group, group)]
    since[plan.scenario.groups.together[moves.group]] = 0
    start = (np.cumsum(size) - size)[moves.group] + since
    rank = np.arange(moves.placed) - np.repeat(np.cumsum(moves.size) - moves.size, moves.size)
    return drawn[np.repeat(start, moves.size) + rank]


def who_follows(plan: Plan, compliance: float, seed: int) -> NDArray[np.bool_]:
    """Draw who follows a plan, party by party, shape (n_persons,)."""
    drawn = np.random.default_rng([seed, 1]).random(plan.scenario.groups.persons)
    return by_party(plan, drawn_for(plan, drawn)) < compliance


def by_party(plan: Plan, drawn: NDArray[np.float64]) -> NDArray[np.float64]:
    """Give all of a household what was drawn for its first member; one entry a person."""
    moves = plan.movements
    movement = np.repeat(np.arange(len(moves)), moves.size)
    first = (np.cumsum(moves.size) - moves.size)[movement]
    together = plan.scenario.groups.together[moves.group[movement]]
    return np.where(together, drawn[first], drawn)


def list_walkers(
    plan: Plan,
    follows: NDArray[np.bool_],
    pace: NDArray[np.float64],
    delay: NDArray[np.float64],
) -> Walkers:
    """List who walks where: those who follow the plan its ways, the others to the nearest shelter.

    Parameters
    ----------
    plan
        The plan.
    follows, pace
        Who follows it, and how fast each is, shape (n_persons,).
    delay
        How much later each movement sets out [s], shape (n_movements,).
    """
    moves, scenario = plan.movements, plan.scenario
    movement = np.repeat(np.arange(len(moves)), moves.size)
    group = moves.group[movement]
    ways, depart, shelter = movement.copy(), moves.depart[movement], moves.shelter
    ptr, link = moves.leg_ptr, moves.leg_link
    if not follows.all():
        other = assign(scenario, "nearest", step=plan.step_s).movements
        row = np.full(len(scenario.groups), -1, np.int64)
        row[other.group] = np.arange(len(other))
        strays = np.flatnonzero(~follows & (row[group] >= 0))
        ways[strays] = len(moves) + row[group[strays]]
        depart[strays] = plan.ready[movement[strays]]
        shelter, ptr, link = _both(moves, other)
    return Walkers(group, depart + delay[movement], pace, ways, ptr, link, shelter)


def _both(
    one: Movements, other: Movements
) -> tuple[NDArray[np.int32], NDArray[np.int64], NDArray[np.int32]]:
    """Shelters, pointers and links of the ways of two tables, one after the other."""
    return (
        np.concatenate([one.shelter, other.shelter]),
        np.concatenate([one.leg_ptr, one.leg_ptr[-1] + other.leg_ptr[1:]]),
        np.concatenate([one.leg_link, other.leg_link]),
    )
