"""Changes to a placing that can be taken back."""

from __future__ import annotations

import numpy as np

from evacroute._kernels.place import remember, withdraw
from evacroute._kernels.route import book, most_free, search, wait_at_origin
from evacroute.assignment.placing import NO_FLOOR, Placing


class Ledger:
    """Books and withdraws movements one at a time and can undo back to a mark.

    Parameters
    ----------
    placing
        What is changed.
    """

    def __init__(self, placing: Placing) -> None:
        self.placing = placing
        self.problem = placing.problem
        self._done: list[tuple[str, int, int]] = []

    def mark(self) -> int:
        """Where `undo` can come back to."""
        return len(self._done)

    def place(self, group: int, persons: int, target: int = -1) -> bool:
        """Book all the persons on the way that arrives first; False (nothing booked) if none."""
        placing, problem = self.placing, self.problem
        groups = problem.scenario.groups
        k, node = int(groups.class_[group]), int(groups.node[group])
        hope = placing.hopes.least[k] if target < 0 else placing.row(k, target)
        shelter, admitted, n_arcs = search(
            problem.graph, placing.free, placing.work, hope, NO_FLOOR, node, k,
            int(problem.ready[group]), persons, target, bool(problem.step_free[k]), placing.price,
        )  # fmt: skip
        if shelter < 0:
            return False
        wait_at_origin(
            problem.graph, placing.free, placing.work, node, k, admitted, n_arcs, persons
        )
        self.force(group, persons, shelter, admitted, n_arcs)
        return True

    def place_in_parts(self, group: int, persons: int) -> float:
        """Book the persons on the soonest ways, as many at a time as fit together.

        Returns
        -------
        float
            Sum of their slots of admission; inf where some found no way (the others are booked).
        """
        placing, problem = self.placing, self.problem
        groups = problem.scenario.groups
        k, node = int(groups.class_[group]), int(groups.node[group])
        step_free = bool(problem.step_free[k])
        total = 0.0
        while persons > 0:
            shelter, admitted, n_arcs = search(
                problem.graph, placing.free, placing.work, placing.hopes.least[k], NO_FLOOR, node,
                k, int(problem.ready[group]), 1, -1, step_free, placing.price,
            )  # fmt: skip
            if shelter < 0:
                return np.inf
            room = placing.free.room[shelter]
            if step_free:
                room = min(room, placing.free.step_free_room[shelter])
            many = min(
                persons,
                int(room),
                int(
                    most_free(
                        problem.graph,
                        placing.free,
                        placing.work,
                        node,
                        k,
                        shelter,
                        admitted,
                        n_arcs,
                    )
                ),
            )
            wait_at_origin(
                problem.graph, placing.free, placing.work, node, k, admitted, n_arcs, many
            )
            self.force(group, many, shelter, admitted, n_arcs)
            total += many * admitted
            persons -= many
        return total

    def force(self, group: int, persons: int, shelter: int, admitted: int, n_arcs: int) -> None:
        """Book the way in the placing's work arrays, whether or not there is room for it."""
        placing, problem = self.placing, self.problem
        groups = problem.scenario.groups
        k, node = int(groups.class_[group]), int(groups.node[group])
        placing.reserve_space()
        book(
            problem.graph, placing.free, node, k, placing.work.path_arc, placing.work.path_slot,
            n_arcs, shelter, admitted, persons, bool(problem.step_free[k]),
        )  # fmt: skip
        self._done.append(("add", int(placing.store.count[0]), persons))
        remember(placing.store, placing.work, group, shelter, persons, admitted, n_arcs)
        self._refresh_if(shelter, persons)

    def withdraw(self, movement: int) -> tuple[int, int]:
        """Give back what a movement holds; returns its group and persons."""
        placing = self.placing
        group, persons = int(placing.store.group[movement]), int(placing.store.size[movement])
        self._book(movement, -1)
        self._done.append(("withdraw", movement, persons))
        self._refresh_if(int(placing.store.shelter[movement]), -persons)
        return group, persons

    def undo(self, mark: int) -> None:
        """Take back everything since the mark."""
        store = self.placing.store
        while len(self._done) > mark:
            what, movement, persons = self._done.pop()
            if what == "add":
                self._book(movement, -1)
                # Later movements were undone before, so this one is the last in the store.
                store.count[0] = movement
                store.count[1] = store.ptr[movement]
            else:
                store.size[movement] = persons
                self._book(movement, 1)
        self.placing.refresh()

    def commit(self) -> None:
        """Keep everything so far for good."""
        self._done.clear()

    def _refresh_if(self, shelter: int, persons: int) -> None:
        """Bring the lower bounds up to date if a shelter has just filled or got room again."""
        free = self.placing.free
        for left in (int(free.room[shelter]), int(free.step_free_room[shelter])):
            if (left < 1) != (left + persons < 1):
                self.placing.refresh()
                return

    def _book(self, movement: int, sign: int) -> None:
        """Book (1) or give back (-1) a movement in the store."""
        placing, problem = self.placing, self.problem
        store, groups = placing.store, problem.scenario.groups
        group = int(store.group[movement])
        k, node = int(groups.class_[group]), int(groups.node[group])
        if sign < 0:
            withdraw(
                problem.graph, placing.free, store, node, k, bool(problem.step_free[k]), movement
            )
            return
        first, last = int(store.ptr[movement]), int(store.ptr[movement + 1])
        book(
            problem.graph, placing.free, node, k, store.arc[first:last], store.slot[first:last],
            last - first, int(store.shelter[movement]), int(store.admitted[movement]),
            int(store.size[movement]), bool(problem.step_free[k]),
        )  # fmt: skip
