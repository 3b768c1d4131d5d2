"""What a method hands back: who moves where and when, and who is left with a reason."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evacroute._frozen import equal_arrays, freeze
from evacroute.errors import SolverError

REASONS = (
    "no way to any shelter",
    "no step-free way to any shelter",
    "no shelter with room",
    "no step-free place left",
    "too far to arrive by the deadline",
    "no room on the way by the deadline (proven)",
    "no room on the way by the deadline (not proven)",
    "no street near enough",
    "no shelter with room (not proven)",
    "no step-free place left (not proven)",
    "no way that lets in so wide a person at this step",
    "cut off by a hazard",
)
"""Reasons why people are left; `Movements.left_reason` holds positions in this tuple."""


@dataclass(frozen=True, slots=True, eq=False)
class Movements:
    """People of one group who walk the same way at the same time, and who is left.

    Parameters
    ----------
    group
        Positions in the scenario's groups, shape (n_movements,).
    shelter
        Positions in the shelters, shape (n_movements,).
    size
        Persons, shape (n_movements,).
    depart
        When they leave the group's node [s after the alarm], shape (n_movements,).
    arrive
        When the shelter has admitted them [s after the alarm], shape (n_movements,).
    leg_ptr
        Where each movement's legs begin, shape (n_movements + 1,).
    leg_link
        Link positions, in walking order, shape (n_legs,).
    leg_enter, leg_leave
        When they enter and leave the link [s after the alarm], shape (n_legs,).
    left_group
        Groups with people who are left (a group may appear more than once, with other reasons).
    left_size
        How many of them [persons].
    left_reason
        Why: positions in ``REASONS``.

    Examples
    --------
    >>> import evacroute as er
    >>> moves = er.assign(er.lagoon(people=300), "nearest").movements
    >>> first = slice(moves.leg_ptr[0], moves.leg_ptr[1])
    >>> bool((moves.leg_leave[first] > moves.leg_enter[first]).all())
    True
    >>> moves.placed + moves.left, int(moves.size.sum()) == moves.placed
    (300, True)
    """

    group: NDArray[np.int32]
    shelter: NDArray[np.int32]
    size: NDArray[np.int32]
    depart: NDArray[np.float64]
    arrive: NDArray[np.float64]
    leg_ptr: NDArray[np.int64]
    leg_link: NDArray[np.int32]
    leg_enter: NDArray[np.float64]
    leg_leave: NDArray[np.float64]
    left_group: NDArray[np.int32]
    left_size: NDArray[np.int32]
    left_reason: NDArray[np.uint8]

    def __post_init__(self) -> None:
        columns: dict[str, Any] = {
            "group": np.int32,
            "shelter": np.int32,
            "size": np.int32,
            "depart": np.float64,
            "arrive": np.float64,
        }
        legs: dict[str, Any] = {
            "leg_link": np.int32,
            "leg_enter": np.float64,
            "leg_leave": np.float64,
        }
        left: dict[str, Any] = {
            "left_group": np.int32,
            "left_size": np.int32,
            "left_reason": np.uint8,
        }
        freeze(self, columns, len(self.group), SolverError)
        freeze(self, {"leg_ptr": np.int64}, len(self.group) + 1, SolverError)
        freeze(self, legs, int(self.leg_ptr[-1]), SolverError)
        freeze(self, left, len(self.left_group), SolverError)

    def __len__(self) -> int:
        return len(self.group)

    @property
    def placed(self) -> int:
        """Persons with a shelter."""
        return int(self.size.sum())

    @property
    def left(self) -> int:
        """Persons without one."""
        return int(self.left_size.sum())

    @property
    def waits(self) -> NDArray[np.float64]:
        """What each movement waits between its links and at the door [s], shape (n_movements,)."""
        walked = np.append(0.0, np.cumsum(self.leg_leave - self.leg_enter))[self.leg_ptr]
        return np.asarray(np.maximum(self.arrive - self.depart - np.diff(walked), 0.0))

    def take(self, some: NDArray[np.int64]) -> Movements:
        """Keep some movements, in the order given; who is left stays.

        Parameters
        ----------
        some
            Positions of the movements to keep, shape (n,).

        Returns
        -------
        Movements
            With their legs.
        """
        count = np.diff(self.leg_ptr)[some]
        ptr = np.append(0, np.cumsum(count))
        leg = np.repeat(self.leg_ptr[:-1][some] - ptr[:-1], count) + np.arange(ptr[-1])
        names = ("group", "shelter", "size", "depart", "arrive")
        columns = {name: getattr(self, name)[some] for name in names}
        legs = {name: getattr(self, name)[leg] for name in ("leg_link", "leg_enter", "leg_leave")}
        return replace(self, **columns, **legs, leg_ptr=ptr)

    def walks_any(self, marked: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Whether the way of each movement has one of some links, shape (n_movements,).

        Parameters
        ----------
        marked
            Which links are asked for, shape (n_links,).

        Returns
        -------
        ndarray of bool
            True where it has.
        """
        upto = np.append(0, np.cumsum(marked[self.leg_link]))[self.leg_ptr]
        return np.asarray(upto[1:] > upto[:-1])

    def equals(self, other: object) -> bool:
        """Whether the other holds equal movements.

        Parameters
        ----------
        other
            Anything.

        Returns
        -------
        bool
            False where it is something else than movements.
        """
        return equal_arrays(self, other)
