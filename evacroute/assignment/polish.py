"""Let those who wait try again: withdraw a movement, place it anew, keep what arrives sooner."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from evacroute._kernels.graph import FAR
from evacroute.assignment.ledger import Ledger
from evacroute.assignment.placing import Placing
from evacroute.assignment.soonest import Soonest

PASSES = 6

FEW = 10
"""So many of a full shelter are tried before its streets are searched: that takes as long."""


class Chance:
    """Who could be safe sooner at all: near an open shelter, or once their own has room again.

    Where places are short nearly nobody could, and to withdraw and place them takes long, as each
    opens a full shelter and shuts it again.

    Parameters
    ----------
    placing
        What is booked.
    soonest
        Of its problem.
    """

    def __init__(self, placing: Placing, soonest: Soonest) -> None:
        self.placing, self.soonest = placing, soonest
        self._was_open = np.zeros(placing.shape[:2], np.bool_)
        self._alone = self._to(np.ones_like(self._was_open))
        self._least = np.full_like(self._alone, FAR)
        self._own: dict[int, NDArray[np.int64]] = {}
        self._tried = np.zeros(placing.shape[1], np.int64)
        self.look()

    def look(self) -> None:
        """Note which shelters have room now; one that had some before still counts."""
        free, step_free = self.placing.free, self.placing.problem.step_free
        is_open = (free.room >= 1) & (~step_free[:, None] | (free.step_free_room >= 1))
        if (is_open & ~self._was_open).any():
            self._was_open |= is_open
            self._least = self._to(self._was_open)

    def may_be_sooner(self, movement: int) -> bool:
        """Whether the streets alone would let a movement be safe sooner."""
        store, problem = self.placing.store, self.placing.problem
        group, shelter = int(store.group[movement]), int(store.shelter[movement])
        spent = int(store.admitted[movement]) - int(problem.ready[group])
        if spent <= self._alone[group]:
            return False
        if spent > self._least[group]:
            return True
        self._tried[shelter] += 1
        if self._tried[shelter] <= FEW:
            return True
        if shelter not in self._own:
            self._own[shelter] = self._to(np.arange(self.placing.shape[1]) == shelter)
        return bool(spent > self._own[shelter][group])

    def _to(self, is_open: NDArray[np.bool_]) -> NDArray[np.int64]:
        return self.soonest.to(is_open)[self.soonest.origins.of_group].astype(np.int64)


def polish(placing: Placing, most: int, soonest: Soonest) -> None:
    """Let movements go to any shelter where they are safe sooner, the longest under way first.

    Nobody else is moved, so the total only falls. The shelters' prices no longer count, for the
    places that are left now are wanted by nobody else.

    Parameters
    ----------
    placing
        What is booked; changed in place.
    most
        Nothing is done where there are more movements than this.
    soonest
        Of the problem that is placed.
    """
    groups, ready = placing.problem.scenario.groups, placing.problem.ready
    if int(placing.store.count[0]) > most:
        return
    ledger = Ledger(placing)
    placing.price = np.zeros_like(placing.price)
    placing.refresh()
    chance = Chance(placing, soonest)
    for _ in range(PASSES):
        store = placing.store
        n = int(store.count[0])
        spent = store.admitted[:n] - ready[store.group[:n]]
        order = np.argsort(-spent, kind="stable")
        better = False
        for i in order[store.size[order] > 0]:
            if not chance.may_be_sooner(i):
                continue
            group, before = int(store.group[i]), int(store.admitted[i])
            mark = ledger.mark()
            _, persons = ledger.withdraw(int(i))
            if groups.together[group]:
                # A household that went in file stays in the one shelter.
                in_file = persons < groups.size[group]
                target = int(placing.store.shelter[i]) if in_file else -1
                placed = ledger.place(group, persons, target)
                store = placing.store
                after = persons * float(store.admitted[store.count[0] - 1]) if placed else np.inf
            else:
                after = ledger.place_in_parts(group, persons)
            if after < persons * before:
                ledger.commit()
                chance.look()
                better = True
            else:
                ledger.undo(mark)
        if not better:
            return
