"""What the scorer asks of a trip: the columns of its rows, and kinds of people."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evacroute._kernels.crowd import Streets
from evacroute._kernels.odds import tell_kinds
from evacroute._kernels.trips import Outlook, Trips, describe
from evacroute.people import Classes

PEOPLE = ("walker", "slow", "step_free", "household")
"""Kinds of people: step_free cannot use steps; a household goes as one; slow is who walks below
1 m/s on the flat."""

KINDS = PEOPLE + tuple(f"{kind}, no plan" for kind in PEOPLE)
"""Kinds of trips, which are calibrated apart: those of a plan, and those that no plan has."""

SLOW = 1.0
"""Speed on the flat below which a walker counts as slow [m/s]."""

KIND_NUMBERS = np.array(
    [*map(PEOPLE.index, ("walker", "slow", "household", "step_free")), len(PEOPLE)]
)
"""What kernels are told of `KINDS`, in the order of `Scales.kinds`."""
KIND_NUMBERS.setflags(write=False)


MISSING = ("wait_s",)
"""Columns that may be unknown (NaN)."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the rows: unit, what it means, and the sign of its effect on the odds."""

    unit: str
    meaning: str
    monotone: int = 0


COLUMNS: Mapping[str, Column] = MappingProxyType(
    {
        "free_s": Column("s", "walking time at own pace in empty streets"),
        "length_m": Column("m", "length of the way"),
        "steps_share": Column("", "share of the walking time on steps"),
        "wet_share": Column("", "share of the walking time in streets that a hazard slows"),
        "slack_s": Column("s", "time to the deadline beyond free_s", 1),
        "slack_share": Column("", "slack_s over free_s", 1),
        "narrow": Column("person/s", "least capacity on the way"),
        "use_most": Column("", "most of a link's capacity that is expected to be used", -1),
        "use_mean": Column("", "the same in the mean over the walking time", -1),
        "queue_s": Column("s", "queues expected on the way", -1),
        "stress_s": Column("s", "the same at 0.8 of the capacity", -1),
        "stray_s": Column("s", "the same if all went to the nearest shelter", -1),
        "slow_s": Column("s", "what the density expected adds", -1),
        "opposed": Column("", "most of a link's capacity that is used the other way", -1),
        "closing_s": Column("s", "least time between passing a link and its closing", 1),
        "door": Column("", "share of the shelter's intake that is expected to be used", -1),
        "fill": Column("", "share of the shelter's room (if need be step-free) that is taken", -1),
        "depart_s": Column("s", "when it sets out, after the alarm"),
        "margin_s": Column("s", "slack_s less queue_s and slow_s", 1),
        "stress_margin_s": Column("s", "slack_s less stress_s and slow_s", 1),
        "size": Column("persons", "persons who go as one"),
        "strain_s": Column("s", "queues expected at 0.6 of the capacity", -1),
        "mixed_s": Column("s", "stress_s if a quarter went to the nearest shelter", -1),
        "claimed": Column("", "fill if a quarter went to the nearest shelter", -1),
        "taken": Column("", "the same at the time of arrival", -1),
        "wait_s": Column("s", "waits on the way that the plan has, unknown without one"),
        "spare": Column("persons", "places left in the end if a quarter went to the nearest", 1),
        "speed": Column("m/s", "own speed on the flat"),
        "steps_speed_ratio": Column("", "own speed on steps over that on the flat, 0 = cannot"),
    }
)
"""All columns, in order; the first 27 are those of the kernel."""

N_WAY = 27

DEADLINE = ("slack_s", "slack_share", "margin_s", "stress_margin_s")
"""Columns that know the deadline: odds depend on them, times of arrival do not."""


def rows_of(
    streets: Streets, expected: Outlook, trips: Trips, classes: Classes
) -> NDArray[np.float32]:
    """Describe trips, one row each.

    Parameters
    ----------
    streets, expected
        Where, and what is to be expected there.
    trips
        The trips.
    classes
        Of the people.

    Returns
    -------
    ndarray
        Float32, shape (n_trips, len(COLUMNS)).
    """
    out = np.empty((len(trips.class_), len(COLUMNS)), np.float32)
    place = classes.step_free[trips.class_].astype(np.int64)
    describe(streets, expected, trips, place, out)
    flat = classes.speed_flat[trips.class_] * trips.pace
    out[:, N_WAY] = flat
    out[:, N_WAY + 1] = classes.speed_steps[trips.class_] * trips.pace_steps / flat
    return out


def kinds_of(
    classes: Classes,
    class_: NDArray[np.int32],
    size: NDArray[np.int32],
    wait: NDArray[np.float64],
    pace: NDArray[np.float64] | float = 1.0,
) -> NDArray[np.int8]:
    """Kind of each trip, positions in `KINDS`: NaN as `wait` = no plan; `pace` over the class's."""
    kind = np.empty(len(class_), np.int8)
    tell_kinds(
        classes.speed_flat, classes.step_free, SLOW, KIND_NUMBERS, _fixed(class_, np.int32),
        _fixed(size, np.int32), _fixed(wait, np.float64),
        _fixed(np.broadcast_to(pace, len(class_)), np.float64), kind,
    )  # fmt: skip
    return kind


def _fixed(values: NDArray[Any], dtype: type[np.generic]) -> NDArray[Any]:
    """Give a read-only array of one layout, so that the kernel is compiled once."""
    fixed = np.ascontiguousarray(values, dtype).view()
    fixed.setflags(write=False)
    return fixed
