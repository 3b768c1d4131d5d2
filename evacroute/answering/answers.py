"""What phones are told, in columns: one row a party."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray


class Standing(StrEnum):
    """How sure a place is."""

    RESERVED = "reserved"
    UNRESERVED = "unreserved"
    NO_SAFE_ROUTE = "no_safe_route"


@dataclass(frozen=True, slots=True, eq=False)
class Answers:
    """Answers, in columns of shape (n_parties,); times are in seconds from when they were asked.

    Parameters
    ----------
    status
        Words of `Standing`.
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
        Points of each way from where they are, lon and lat [degrees], shape (n_points, 2); empty
        where there is none or it was not asked for.
    directions
        What to do, one line a step; none where it was not asked for.
    alternatives
        Other shelters with odds, the best first: ids and probabilities.
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
    alternatives: list[list[tuple[str, float]]]
    plan: str

    def __len__(self) -> int:
        return len(self.status)
