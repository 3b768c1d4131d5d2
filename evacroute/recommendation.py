"""What one person is told: shelters with odds, times, ways and reasons."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

SHOWN = 4
"""Shelters named that are out of the question for the same reason."""


CERTAIN = 0.999
"""Odds beyond this are not told apart in print."""

HEAD = (
    "    safe  arrival [min]          shelter (+ advised as safe; 10, 50, 90 % are there by then)"
)


@dataclass(frozen=True, slots=True, eq=False)
class Option:
    """A shelter that a person may go to.

    Parameters
    ----------
    shelter
        Its position in the scenario's shelters.
    shelter_id, name
        Its id and name.
    p_safe
        Probability of being there by the deadline.
    is_safe
        Whether it is advised as safe: the probability meets the threshold of their kind of people.
    q10, q50, q90
        When they arrive [s after the alarm]; eight in ten arrive between q10 and q90.
    depart_s
        When their way begins [s after the alarm].
    walk_s, length_m
        Walking time in empty streets at their own pace [s], and length of the way [m].
    route
        Link positions in walking order.
    cost
        Seconds by which shelters are ranked: time to the median arrival, price of a place, and
        weight x -log of the odds.
    planned
        Whether the plan has a place for them there.
    reason
        What speaks for it and against it, in words.
    """

    shelter: int
    shelter_id: str
    name: str
    p_safe: float
    is_safe: bool
    q10: float
    q50: float
    q90: float
    depart_s: float
    walk_s: float
    length_m: float
    route: NDArray[np.int32]
    cost: float
    planned: bool
    reason: str

    def to_dict(self) -> dict[str, Any]:
        """Give the option as plain types, for JSON."""
        values = {name: getattr(self, name) for name in self.__slots__}
        return {**values, "route": self.route.tolist()}


@dataclass(frozen=True, slots=True)
class Barred:
    """A shelter that a person cannot go to, and why."""

    shelter_id: str
    name: str
    reason: str


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Recommendation:
    """Where one person should go; printing it shows a table.

    Parameters
    ----------
    options
        Shelters, the best first: those advised as safe before the others, among them the one where
        the plan has a place for them, then by cost.
    barred
        Shelters that they cannot go to: full, closed, or without a way for them.
    notes
        What was assumed, and what is not known.

    Examples
    --------
    >>> import evacroute as er
    >>> scenario = er.lagoon(people=300)
    >>> told = er.recommend({"node_id": scenario.network.node_id[0], "age": 30}, scenario, top=2)
    >>> len(told.options), told.best is told.options[0], told.is_safe
    (2, True, False)
    """

    options: tuple[Option, ...]
    barred: tuple[Barred, ...]
    notes: tuple[str, ...]

    @property
    def best(self) -> Option | None:
        """The first option, None where there is none."""
        return self.options[0] if self.options else None

    @property
    def is_safe(self) -> bool:
        """Whether any shelter is advised as safe."""
        return any(option.is_safe for option in self.options)

    def frame(self) -> pd.DataFrame:
        """List the options, one row each, without the ways.

        Returns
        -------
        DataFrame
            The fields of an option: shelter, times and odds, the best first.
        """
        rows = [option.to_dict() for option in self.options]
        names = [name for name in Option.__slots__ if name != "route"]
        return pd.DataFrame(rows, columns=names)

    def to_dict(self) -> dict[str, Any]:
        """Give everything as plain types, for JSON.

        Returns
        -------
        dict
            Under ``options``, ``barred`` and ``notes``.
        """
        return {
            "options": [option.to_dict() for option in self.options],
            "barred": [
                {"shelter_id": one.shelter_id, "name": one.name, "reason": one.reason}
                for one in self.barred
            ],
            "notes": list(self.notes),
        }

    def __str__(self) -> str:
        lines = [HEAD if self.options else "no shelter can be advised"]
        for option in self.options:
            mark = "+" if option.is_safe else " "
            times = "/".join(f"{t / 60:.0f}" for t in (option.q10, option.q50, option.q90))
            name = option.name or option.shelter_id
            lines.append(f"{mark} {_shown(option.p_safe):>6}  {times:<21}  {name}: {option.reason}")
        for reason in dict.fromkeys(one.reason for one in self.barred):
            names = [one.name or one.shelter_id for one in self.barred if one.reason == reason]
            more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
            lines.append(f"not to {', '.join(names[:SHOWN])}{more}: {reason}")
        return "\n".join([*lines, *self.notes])

    __repr__ = __str__


def _shown(odds: float) -> str:
    """Show odds; nothing is certain."""
    if odds >= CERTAIN:
        return f">{CERTAIN:.1%}"
    return f"{odds:.1%}" if odds >= 1 - CERTAIN else f"<{1 - CERTAIN:.1%}"
