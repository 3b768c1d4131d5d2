"""Let those who wait try again: withdraw a movement, place it anew, keep what arrives sooner."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from evacroute.assignment.ledger import Ledger
from evacroute.assignment.placing import Placing

PASSES = 6


def polish(placing: Placing, most: int, soonest: NDArray[np.int64]) -> None:
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
        Slots in which each group would be safe with the city to itself, shape (n_groups,).
    """
    groups, ready = placing.problem.scenario.groups, placing.problem.ready
    if int(placing.store.count[0]) > most:
        return
    ledger = Ledger(placing)
    placing.price = np.zeros_like(placing.price)
    placing.refresh()
    for _ in range(PASSES):
        store = placing.store
        n = int(store.count[0])
        spent = store.admitted[:n] - ready[store.group[:n]]
        order = np.argsort(-spent, kind="stable")
        better = False
        for i in order[(store.size[order] > 0) & (spent > soonest[store.group[:n]])[order]]:
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
                better = True
            else:
                ledger.undo(mark)
        if not better:
            return
