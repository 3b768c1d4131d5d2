"""Which person goes with which movement, and who is left."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evacroute._frozen import equal_arrays, freeze
from evacroute.assignment.movements import REASONS, Movements
from evacroute.errors import PeopleError
from evacroute.people import People
from evacroute.scenario import Scenario

SET_ASIDE = REASONS.index("no street near enough")
NO_REASON = 255


@dataclass(frozen=True, slots=True, eq=False)
class Roster:
    """Persons of a plan, one by one; all arrays have shape (n_people,).

    Parameters
    ----------
    person_id, household_id
        Ids, text.
    group
        Positions in the scenario's groups, -1 for persons the loader set aside.
    movement
        Positions in the movements, -1 for persons who are left.
    reason
        Why they are left, positions in `REASONS`; `NO_REASON` for all others.
    """

    person_id: NDArray[Any]
    household_id: NDArray[Any]
    group: NDArray[np.int32]
    movement: NDArray[np.int32]
    reason: NDArray[np.uint8]

    def __post_init__(self) -> None:
        columns: dict[str, Any] = {
            "person_id": object,
            "household_id": object,
            "group": np.int32,
            "movement": np.int32,
            "reason": np.uint8,
        }
        freeze(self, columns, len(self.person_id), PeopleError)

    def __len__(self) -> int:
        return len(self.person_id)

    def equals(self, other: object) -> bool:
        """Whether the other holds equal persons in the same order."""
        return equal_arrays(self, other)


_NONE = np.zeros(0, dtype=np.int32)
NOBODY = Roster(_NONE, _NONE, _NONE, _NONE, _NONE.astype(np.uint8))
"""A roster without persons."""


def call_roll(scenario: Scenario, movements: Movements) -> Roster | None:
    """Hand a group's movements to its persons, in the order of both; None without persons.

    A household is a group of its own, so it stays whole where its movement is one. The last
    persons of a group are those who are left, where not all have a place.
    """
    people, group = scenario.people, scenario.group_of_person
    if not isinstance(people, People) or group is None:
        return None
    return seat(people.person_id, people.household_id, group, len(scenario.groups), movements)


def seat(
    person_id: NDArray[Any],
    household_id: NDArray[Any],
    group: NDArray[np.int32],
    n_groups: int,
    movements: Movements,
    wish: NDArray[np.int32] | None = None,
) -> Roster:
    """Give each person a seat in a movement of their group, or among those left.

    Parameters
    ----------
    person_id, household_id, group
        Of each person; group -1 for persons set aside.
    n_groups
        How many groups there are.
    movements
        Their seats.
    wish
        Shelter that each person would rather go to, -1 = none; who wishes for one that their group
        still goes to gets a seat there, and whoever wishes for any gets one before the others.
    """
    # Seats: one a person placed or left, ordered by group; a person takes the seat of their rank.
    size = np.concatenate([movements.size, movements.left_size])
    row = np.repeat(np.arange(len(size)), size)
    of_row = np.concatenate([movements.group, movements.left_group])[row]
    shelter = np.append(movements.shelter, np.full(len(movements.left_group), -1))[row]
    seat_of = np.full(len(person_id), -1, dtype=np.int64)
    free = np.ones(len(row), bool)
    if wish is not None:
        _pair(seat_of, free, (group, wish), (of_row, shelter), (group >= 0) & (wish >= 0))
        _pair(seat_of, free, (group,), (of_row,), (group >= 0) & (wish >= 0) & (seat_of < 0))
    _pair(seat_of, free, (group,), (of_row,), (group >= 0) & (seat_of < 0))

    taken = np.flatnonzero(seat_of >= 0)
    movement = np.concatenate([np.arange(len(movements)), np.full(len(movements.left_group), -1)])
    reason = np.concatenate([np.full(len(movements), NO_REASON), movements.left_reason])
    person_movement = np.full(len(person_id), -1, dtype=np.int32)
    person_reason = np.full(len(person_id), NO_REASON, dtype=np.uint8)
    person_reason[group < 0] = SET_ASIDE
    person_movement[taken] = movement[row[seat_of[taken]]]
    person_reason[taken] = reason[row[seat_of[taken]]]
    return Roster(person_id, household_id, group, person_movement, person_reason)


def _pair(
    seat_of: NDArray[np.int64],
    free: NDArray[np.bool_],
    person_keys: tuple[NDArray[Any], ...],
    seat_keys: tuple[NDArray[Any], ...],
    who: NDArray[np.bool_],
) -> None:
    """Pair persons with free seats of equal keys, in the order of both."""
    persons, seats = np.flatnonzero(who), np.flatnonzero(free)
    keys = zip(person_keys, seat_keys, strict=True)
    both = np.stack([np.append(a[persons], b[seats]) for a, b in keys])
    _, key = np.unique(both, axis=1, return_inverse=True)
    key = key.ravel()
    mine, theirs = key[: len(persons)], key[len(persons) :]
    n = int(key.max(initial=-1)) + 1

    def ranked(keys: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        order = np.argsort(keys, kind="stable")
        count = np.bincount(keys, minlength=n)
        return order, np.arange(len(keys)) - np.repeat(np.cumsum(count) - count, count)

    order, rank = ranked(mine)
    places, _ = ranked(theirs)
    count = np.bincount(theirs, minlength=n)
    first = np.cumsum(count) - count
    fits = rank < count[mine[order]]
    got = places[first[mine[order[fits]]] + rank[fits]]
    seat_of[persons[order[fits]]] = seats[got]
    free[seats[got]] = False
