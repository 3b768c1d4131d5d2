"""Booking parties into the reservation tables, and turning what was booked into movements."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from evacroute._kernels.graph import Free, Graph, Work
from evacroute._kernels.place import Store, place_all, refresh_hope, withdraw
from evacroute._kernels.unfold import count_legs, unfold
from evacroute.assignment.movements import Movements
from evacroute.assignment.parties import Parties
from evacroute.assignment.problem import Problem

Progress = Callable[[str, float], None]
"""Called with the stage and the share of it that is done (0..1)."""

BATCH = 4096

MOST_FLOORS = 50_000_000
"""Entries of the table of what searches proved (8 bytes each); larger problems do without."""


class Placing:
    """Reservation tables being filled, party by party.

    Parameters
    ----------
    problem
        What is being solved.
    distances
        From `Problem.distances`: lower bounds that guide the search.
    price
        Added to a shelter's arrival when shelters are compared [slots], shape (n_shelters,).
    slack
        A way that others took before is taken again, without a search, if it arrives at most so
        many slots after what is proven possible.
    count_waits
        Whether to sum the waiting by arc in `waits`.
    """

    def __init__(
        self,
        problem: Problem,
        distances: NDArray[np.int32],
        price: NDArray[np.int32] | None = None,
        *,
        slack: int = 0,
        count_waits: bool = False,
    ) -> None:
        self.problem = problem
        self.slack = slack
        self.distances = distances
        n_classes, n_shelters, n_heads = distances.shape
        self.price = np.zeros(n_shelters, np.int32) if price is None else price
        self.free: Free = problem.tables()
        self.work = _work(problem.graph)
        self.store = _store(64, 0)
        self.waits = np.zeros((2 if count_waits else 0, len(problem.graph.arc_from)))
        self.hopes = np.empty((n_classes, n_heads), np.int32)
        self._forget()
        self.refresh()

    def _forget(self, rows: int = 0) -> None:
        """Start with nothing proven and no way known, for so many targets; 0 does without."""
        n_classes, _, n_heads = self.distances.shape
        if n_classes * rows * n_heads > MOST_FLOORS:
            rows = 0
        shape = (n_classes, max(rows, 1), n_heads if rows else 0)
        self.floors = np.zeros((*shape, 2), np.int32)
        self.last_arc = np.full(shape, -1, np.int32)

    def refresh(self) -> None:
        """Bring the lower bounds up to date with the shelters that still have room."""
        for k in range(len(self.hopes)):
            refresh_hope(
                self.distances, self.free, self.problem.step_free, self.price, k, self.hopes
            )

    def place(
        self,
        parties: Parties,
        order: NDArray[np.int64],
        progress: Progress | None = None,
        stage: str = "placing",
        *,
        whole: bool = True,
    ) -> NDArray[np.int32]:
        """Place parties in the given order; returns the persons of each who found no way in time.

        Within a class and target the order should be by ready time: what one search proves then
        spares the next much of its work. `whole` keeps households together.
        """
        left = parties.size.copy()
        together = self.problem.scenario.groups.together[parties.group] & whole
        self._forget(self.distances.shape[1] + 1 if (parties.target >= 0).any() else 1)
        self._grow(len(parties), 32 * len(parties))
        self._run(parties, order, left, together, progress, stage)
        if self.work.counter[2]:
            self.work.counter[2] = 0
            self._forget()
            self._run(parties, order, left, together, progress, stage)
        self._in_file(parties, order, left, together)
        return left

    def _run(
        self,
        parties: Parties,
        order: NDArray[np.int64],
        left: NDArray[np.int32],
        together: NDArray[np.bool_],
        progress: Progress | None = None,
        stage: str = "",
    ) -> None:
        """Place what is left of the parties."""
        problem, groups = self.problem, self.problem.scenario.groups
        g = parties.group
        columns = (groups.node[g], groups.class_[g], problem.ready[g])
        begin = 0
        while begin < len(order):
            end = min(begin + BATCH, len(order))
            reached = place_all(
                problem.graph, self.free, self.work, self.store, self.distances, self.hopes,
                self.floors, self.last_arc, self.slack, problem.step_free, self.price, order,
                begin, end, g, *columns, left, together, parties.target, self.waits,
            )  # fmt: skip
            if reached < end:
                self._grow(len(self.store.group), len(self.store.arc))
            begin = reached
            if progress is not None:
                progress(stage, begin / len(order))

    def _in_file(
        self,
        parties: Parties,
        order: NDArray[np.int64],
        left: NDArray[np.int32],
        together: NDArray[np.bool_],
    ) -> None:
        """Parties too large to pass a narrow place at once follow each other into one shelter."""
        groups, step_free = self.problem.scenario.groups, self.problem.step_free
        self._forget()
        for a in order[(left[order] > 1) & together[order]]:
            group, size = int(parties.group[a]), int(left[a])
            k = int(groups.class_[group])
            room = self.free.room.copy()
            if step_free[k]:
                room = np.minimum(room, self.free.step_free_room)
            wish = int(parties.target[a])
            targets = np.array([wish]) if wish >= 0 else np.flatnonzero(room >= size)
            head = max(int(self.problem.graph.node_head[groups.node[group]]), 0)
            targets = targets[np.argsort(self.distances[k, targets, head], kind="stable")]
            for target in targets[room[targets] >= size]:
                begun = int(self.store.count[0])
                one = Parties(
                    np.full(1, group, np.int32),
                    np.full(1, size, np.int32),
                    np.full(1, target, np.int32),
                )
                rest = one.size.copy()
                self._run(one, np.zeros(1, np.int64), rest, np.zeros(1, np.bool_))
                if rest[0] == 0:
                    left[a] = 0
                    break
                for i in range(begun, int(self.store.count[0])):
                    withdraw(
                        self.problem.graph, self.free, self.store, int(groups.node[group]), k,
                        bool(step_free[k]), i,
                    )  # fmt: skip

    def cost(self) -> int:
        """Sum of slots from ready to safe over the persons placed."""
        store, n = self.store, int(self.store.count[0])
        spent = store.admitted[:n] - self.problem.ready[store.group[:n]]
        return int((spent.astype(np.int64) * store.size[:n]).sum())

    def reserve_space(self, movements: int = 1, arcs: int = 0) -> None:
        """Make sure that the store can take so many more movements and arcs."""
        self._grow(movements, arcs)

    def _grow(self, movements: int, arcs: int) -> None:
        """Make room for so many more movements and arcs."""
        store = self.store
        n_movements = int(store.count[0]) + movements + 2
        n_arcs = int(store.count[1]) + arcs + 2 * len(self.work.path_arc)
        if n_movements < len(store.group) and n_arcs < len(store.arc):
            return
        bigger = _store(
            max(n_movements * 5 // 4 + 1, len(store.group)),
            max(n_arcs * 5 // 4 + 1, len(store.arc)),
        )
        for old, new in zip(store, bigger, strict=True):
            new[: len(old)] = old
        self.store = bigger

    def movements(
        self,
        left_group: NDArray[np.int32],
        left_size: NDArray[np.int32],
        left_reason: NDArray[np.uint8],
    ) -> Movements:
        """Turn what is booked into movements, with every chain unfolded into its links."""
        store, problem = self.store, self.problem
        n = int(store.count[0])
        kept = np.flatnonzero(store.size[:n] > 0)
        kept = kept[np.argsort(store.group[kept], kind="stable")]
        group = store.group[kept]
        groups = problem.scenario.groups
        node, class_ = groups.node[group], groups.class_[group]
        leg_ptr = np.zeros(len(kept) + 1, np.int64)
        count_legs(problem.graph, store, kept, node, leg_ptr[1:])
        np.cumsum(leg_ptr, out=leg_ptr)
        n_legs, step = int(leg_ptr[-1]), problem.step
        link = np.empty(n_legs, np.int32)
        enter, leave = np.empty(n_legs), np.empty(n_legs)
        unfold(problem.graph, store, kept, node, class_, step, leg_ptr, link, enter, leave)
        arrive = store.admitted[kept] * step
        has_legs = leg_ptr[1:] > leg_ptr[:-1]
        depart = arrive.copy()
        depart[has_legs] = enter[leg_ptr[:-1][has_legs]]
        for array in (leg_ptr, link, enter, leave):
            array.flags.writeable = False
        return Movements(
            group=group,
            shelter=store.shelter[kept],
            size=store.size[kept],
            depart=depart,
            arrive=arrive,
            leg_ptr=leg_ptr,
            leg_link=link,
            leg_enter=enter,
            leg_leave=leave,
            left_group=left_group,
            left_size=left_size,
            left_reason=left_reason,
        )


def _work(graph: Graph) -> Work:
    n_heads, n_arcs = len(graph.arc_ptr) - 1, len(graph.arc_from)
    # With floors a head may be settled more than once; the heap is checked to hold that.
    heap = 8 * (n_arcs + len(graph.shelter_head)) + 64
    return Work(
        head=np.zeros((n_heads, 8), np.int32),
        settled=np.empty(4 * n_heads, np.int32),
        heap=np.empty(heap, np.int64),
        path_arc=np.empty(n_heads + 1, np.int32),
        path_slot=np.empty(n_heads + 1, np.int32),
        counter=np.zeros(3, np.int64),
    )


def _store(movements: int, arcs: int) -> Store:
    return Store(
        group=np.zeros(movements, np.int32),
        shelter=np.zeros(movements, np.int32),
        size=np.zeros(movements, np.int32),
        admitted=np.zeros(movements, np.int32),
        ptr=np.zeros(movements + 1, np.int64),
        arc=np.zeros(arcs, np.int32),
        slot=np.zeros(arcs, np.int32),
        count=np.zeros(2, np.int64),
    )
