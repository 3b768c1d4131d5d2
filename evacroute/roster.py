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
    # Seats: one a person placed or left, ordered by group; a person takes the seat of their rank.
    seats_group = np.concatenate([movements.group, movements.left_group])
    seats_size = np.concatenate([movements.size, movements.left_size])
    movement = np.concatenate([np.arange(len(movements)), np.full(len(movements.left_group), -1)])
    reason = np.concatenate([np.full(len(movements), NO_REASON), movements.left_reason])
    order = np.argsort(seats_group, kind="stable")
    seat = np.repeat(order, seats_size[order])
    n_groups = len(scenario.groups)
    seats = np.bincount(seats_group, weights=seats_size, minlength=n_groups).astype(np.int64)
    first_seat = np.cumsum(seats) - seats

    by_group = np.argsort(group, kind="stable")
    by_group = by_group[np.searchsorted(group[by_group], 0) :]
    members = np.bincount(group[by_group], minlength=n_groups)
    rank = np.arange(len(by_group)) - np.repeat(np.cumsum(members) - members, members)
    seated = rank < seats[group[by_group]]
    by_group, rank = by_group[seated], rank[seated]
    taken = seat[first_seat[group[by_group]] + rank]

    person_movement = np.full(len(people), -1, dtype=np.int32)
    person_reason = np.full(len(people), NO_REASON, dtype=np.uint8)
    person_reason[group < 0] = SET_ASIDE
    person_movement[by_group] = movement[taken]
    person_reason[by_group] = reason[taken]
    return Roster(people.person_id, people.household_id, group, person_movement, person_reason)
