"""Reasons in words: what speaks for a shelter, and against it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from evacroute._kernels.advice import CLOSING, QUEUE, hardest
from evacroute._kernels.trips import Outlook, Trips
from evacroute.asking import Asker
from evacroute.network import KINDS as LINK_KINDS
from evacroute.scenario import Scenario
from evacroute.scoring.features import COLUMNS

CROWDED = 30.0
"""A queue of which is told is at least so long [s]."""

SOON = 900.0
"""A closing is told of if it comes less than so long after one has passed [s]."""

TIGHT = 0.15
"""Share of the time to the deadline below which the time to spare is called little."""

DEAR = 30.0
"""Price of a place from which a shelter is called sought after [s]."""

_ROW = {name: i for i, name in enumerate(COLUMNS)}


class Words:
    """Finds the words for what speaks for shelters and against them.

    Parameters
    ----------
    scenario, expected
        Where, and what is expected there.
    asker
        Who asks.
    trips, rows, price
        To the shelters that are options, as rows of features, and the price of a place there [s].
    there
        When they could be at each shelter [s after the alarm], inf = never, shape (n_shelters,).
    bars
        Why each shelter is out of the question, None where it is not.
    planned
        The shelter where the plan has a place for them, -1 = none.
    """

    def __init__(
        self,
        scenario: Scenario,
        expected: Outlook,
        asker: Asker,
        trips: Trips,
        rows: NDArray[np.float32],
        there: NDArray[np.float64],
        bars: list[str | None],
        price: NDArray[np.float64],
        planned: int,
    ) -> None:
        self.scenario, self.rows, self.there, self.bars = scenario, rows, there, bars
        self.price, self.planned, self.some = price, planned, trips.shelter
        self.step_free = bool(asker.kit.classes.step_free[asker.kit.class_])
        self.link = np.empty((len(rows), 2), np.int32)
        self.seconds = np.empty((len(rows), 2))
        hardest(asker.kit.streets, expected, trips, self.link, self.seconds)
        self.nearest = int(np.argmin(there))

    @property
    def closes(self) -> NDArray[np.bool_]:
        """On which ways a street closes before they have passed it, with the queues expected."""
        return np.asarray(self.seconds[:, CLOSING] <= 0)

    def reason(self, i: int, in_doubt: bool) -> str:
        """Tell the reasons of an option, and if its odds are low what may be why."""
        s = int(self.some[i])
        told = []
        if self.planned == s:
            told.append("has a place here by the plan")
        if s == self.nearest:
            told.append("the nearest")
        elif self.bars[self.nearest] is not None and self.there[s] == self._soonest():
            name = self._name(self.nearest)
            told.append(f"the nearest that can be had ({name}: {self.bars[self.nearest]})")
        if self.step_free:
            told.append("step-free way")
        against = self._against(i)
        if in_doubt:
            against += self._doubts(i, bool(against))
        told += against
        return "; ".join(told) or "farther"

    def _soonest(self) -> float:
        return float(self.there[self.some].min())

    def _against(self, i: int) -> list[str]:
        told, row = [], self.rows[i]
        queue, left = self.seconds[i]
        if queue >= CROWDED:
            where = self._street(int(self.link[i, QUEUE]))
            told.append(f"{where} crowded at that time ({_time(queue)} wait)")
        if left <= 0:
            told.append(
                f"{self._street(int(self.link[i, CLOSING]))} closes before they have passed"
            )
        elif left < SOON:
            where = self._street(int(self.link[i, CLOSING]))
            told.append(f"{where} closes {_time(left)} after they pass")
        if row[_ROW["door"]] >= 1:
            told.append("its door is crowded at that time")
        if self.price[i] >= DEAR:
            told.append("its places are sought after")
        slack = row[_ROW["slack_s"]]
        if slack < 0:
            told.append("too far to walk by the deadline")
        elif slack < TIGHT * self.scenario.deadline_s:
            told.append(f"little time to spare ({_time(float(slack))})")
        return told

    def _doubts(self, i: int, is_told: bool) -> list[str]:
        """Tell what may go wrong where it goes well by the plan."""
        told, row = [], self.rows[i]
        if row[_ROW["taken"]] >= 1 or row[_ROW["spare"]] < row[_ROW["size"]]:
            told.append("may be full when they come, if some do not follow the plan")
        more = float(row[_ROW["mixed_s"]] - row[_ROW["queue_s"]])
        if more >= CROWDED:
            told.append(f"{_time(more)} more to wait on the way, if some do not follow the plan")
        slack = float(row[_ROW["slack_s"]])
        if not told and not is_told:
            told.append(f"too late, if they are held up for {_time(slack)}")
        return told

    def _street(self, link: int) -> str:
        network = self.scenario.network
        name, kind = str(network.name[link]), LINK_KINDS[int(network.kind[link])]
        return name or f"{kind} {network.link_id[link]}"

    def _name(self, shelter: int) -> str:
        shelters = self.scenario.shelters
        return str(shelters.name[shelter]) or str(shelters.shelter_id[shelter])


def _time(seconds: float) -> str:
    return f"{seconds / 60:.0f} min" if seconds >= 90 else f"{seconds:.0f} s"
