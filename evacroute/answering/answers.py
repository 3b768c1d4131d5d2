"""What phones are told: one row a party, or columns of all."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray


class Standing(StrEnum):
    """How sure a place is."""

    RESERVED = "reserved"
    UNRESERVED = "unreserved"
    NO_SAFE_ROUTE = "no_safe_route"


NO_LINE: NDArray[np.float64] = np.empty((0, 2))


class Answer(NamedTuple):
    """What one party is told; times are in seconds from when it asked.

    Attributes
    ----------
    status
        Word of `Standing`.
    shelter
        Position of the shelter, -1 = none.
    shelter_id, name
        Its id and name, "" = none.
    lon, lat
        Where its door is [degrees], NaN = none.
    depart_in_s
        How long to wait before they set out [s].
    q10, q50, q90
        When they arrive [s]: one in ten is there sooner than q10, half sooner than q50.
    p_safe
        Probability of being there in time.
    is_safe
        Whether the odds meet the threshold of their kind of people.
    held_s
        How long the place is held for them [s], NaN = it is not.
    reason
        Words joined by commas: why this shelter, or why none.
    distance
        Length of the way [m].
    line
        Points of the way from where they are, lon and lat [degrees], shape (n_points, 2); empty
        where there is none or it was not asked for.
    directions
        What to do, one line a step; none where it was not asked for.
    alternatives
        Other shelters with odds, the best first: ids and probabilities.
    """

    status: str = Standing.NO_SAFE_ROUTE.value
    shelter: int = -1
    shelter_id: str = ""
    name: str = ""
    lon: float = np.nan
    lat: float = np.nan
    depart_in_s: float = np.nan
    q10: float = np.nan
    q50: float = np.nan
    q90: float = np.nan
    p_safe: float = 0.0
    is_safe: bool = False
    held_s: float = np.nan
    reason: str = ""
    distance: float = 0.0
    line: NDArray[np.float64] = NO_LINE
    directions: tuple[str, ...] = ()
    alternatives: Sequence[tuple[str, float]] = ()


_KINDS: dict[str, Any] = {
    **dict.fromkeys(("status", "shelter_id", "name", "reason"), object),
    **dict.fromkeys(("line", "directions", "alternatives")),
    "shelter": np.int32,
    "is_safe": np.bool_,
}
_TYPES = {name: _KINDS.get(name, np.float64) for name in Answer._fields}
"""Of each column, None = it is a list."""


class Answers:
    """Answers, one row a party, and in columns of shape (n_parties,) named as those of `Answer`.

    Who asks alone is told from the row: a column is made when it is first asked for.

    Parameters
    ----------
    rows
        What each party is told.
    plan
        Version of the plan.
    """

    status: NDArray[Any]
    shelter: NDArray[np.int32]
    shelter_id: NDArray[Any]
    name: NDArray[Any]
    lon: NDArray[np.float64]
    lat: NDArray[np.float64]
    depart_in_s: NDArray[np.float64]
    q10: NDArray[np.float64]
    q50: NDArray[np.float64]
    q90: NDArray[np.float64]
    p_safe: NDArray[np.float64]
    is_safe: NDArray[np.bool_]
    held_s: NDArray[np.float64]
    reason: NDArray[Any]
    distance: NDArray[np.float64]
    line: list[NDArray[np.float64]]
    directions: list[tuple[str, ...]]
    alternatives: list[Sequence[tuple[str, float]]]

    def __init__(self, rows: Sequence[Answer], plan: str) -> None:
        self.rows, self.plan = rows, plan

    def __len__(self) -> int:
        return len(self.rows)

    def __getattr__(self, name: str) -> Any:
        """Make a column."""
        if name not in _TYPES:
            raise AttributeError(f"Answers has no column {name!r}")
        values, kind = [getattr(row, name) for row in self.rows], _TYPES[name]
        column = self.__dict__[name] = values if kind is None else np.array(values, kind)
        return column
