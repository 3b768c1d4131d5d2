"""Booking parties into the reservation tables, and turning what was booked into movements."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from evacroute._kernels.distances import one_to_all
from evacroute._kernels.graph import FAR, Free, Graph, Work
from evacroute._kernels.hopes import bring_up_to_date, fill_hopes
from evacroute._kernels.place import Store, place_all, withdraw
from evacroute._kernels.route import search
from evacroute._kernels.unfold import count_legs, unfold
from evacroute._kernels.walking import nearest_doors, to_targets
from evacroute.assignment.movements import Movements
from evacroute.assignment.parties import Parties
from evacroute.assignment.problem import Problem
from evacroute.assignment.regions import Region, Regions, make_regions
from evacroute.assignment.soonest import no_hopes

Progress = Callable[[str, float], None]
"""Called with the stage and the share of it that is done (0..1)."""

BATCH = 4096

MOST_ROWS = 256
"""Walking times to single shelters that are kept where there is no table of all."""

DETOUR = 40
"""Slots that a place in a region may be farther from a shelter than all who go there."""

MOST_IN_FILE = 50
"""Shelters, nearest first, that are tried for a party too large to pass a narrow place at once."""

NO_FLOOR = np.empty((0, 2), np.int32)
"""For searches of which nothing is kept: after bookings are taken back no proof stays true."""

MOST_FLOORS = 50_000_000
"""Entries of the table of what searches proved (8 bytes each); larger problems do without."""


class Placing:
    """Reservation tables being filled, party by party.

    Parameters
    ----------
    problem
        What is being solved.
    distances
        From `Problem.distances`: lower bounds that guide the search to a given shelter. Without
        them these are found when they are asked for, region by region.
    price
        Added to a shelter's arrival when shelters are compared [slots], shape (n_shelters,).
    slack
        A way that others took before is taken again, without a search, if it arrives at most so
        many slots after what is proven possible.
    count_waits
        Whether to sum the waiting by arc in `waits`.
    regions
        From `make_regions`; made when they are needed, where they are not given.
    """

    def __init__(
        self,
        problem: Problem,
        distances: NDArray[np.int32] | None = None,
        price: NDArray[np.int32] | None = None,
        *,
        slack: int = 0,
        count_waits: bool = False,
        regions: Regions | None = None,
    ) -> None:
        self.problem = problem
        self.slack = slack
        self.distances = distances
        self.shape = problem.table_shape
        self.price = np.zeros(self.shape[1], np.int32) if price is None else price
        self.free: Free = problem.tables()
        self.work = make_work(problem.graph)
        self.store = _store(64, 0)
        self.waits = np.zeros((2 if count_waits else 0, len(problem.graph.arc_from)))
        self.hopes = no_hopes(problem.graph)
        self._hoped: NDArray[np.int32] | None = None
        self._regions = regions
        self._rows: OrderedDict[tuple[int, int], NDArray[np.int32]] = OrderedDict()
        self._forget()
        self.refresh()

    @property
    def regions(self) -> Regions:
        """The city in regions."""
        if self._regions is None:
            self._regions = make_regions(self.problem)
        return self._regions

    def row(self, k: int, shelter: int) -> NDArray[np.int32]:
        """Free-flow slots of a class from every head to a shelter, shape (n_heads,)."""
        if self.distances is not None:
            return np.asarray(self.distances[k, shelter])
        row = self._rows.get((k, shelter))
        if row is None:
            graph = self.problem.graph
            row = np.empty(self.shape[2], np.int32)
            one_to_all(graph, graph.arc_time[k], graph.shelter_head[shelter], row, self.hopes.heap)
            if len(self._rows) >= MOST_ROWS:
                self._rows.popitem(last=False)
        else:
            del self._rows[k, shelter]
        self._rows[k, shelter] = row
        return row

    def nearby(self, k: int, node: int, wanted: NDArray[np.bool_], most: int) -> NDArray[np.int64]:
        """Wanted shelters by walking time of a class from a node, the nearest first."""
        graph, found = self.problem.graph, np.empty(most, np.int32)
        head = int(graph.node_head[node])
        if head < 0:
            head = int(graph.arc_to[max(int(graph.node_arc[node].max()), 0)])
        least = np.full(self.shape[2], FAR, np.int32)
        n = nearest_doors(graph, graph.arc_time[k], head, wanted, least, self.hopes.heap, found)
        return found[:n].astype(np.int64)

    def _forget(self, rows: int = 0) -> None:
        """Start with nothing proven and no way known, for so many targets; 0 does without."""
        n_classes, _, n_heads = self.shape
        if n_classes * rows * n_heads > MOST_FLOORS:
            rows = 0
        self.floors, self.last_row = _nothing_known(n_classes, rows, n_heads)

    def refresh(self) -> None:
        """Bring the lower bounds up to date with the shelters that still have room."""
        graph, free, hopes = self.problem.graph, self.free, self.hopes
        step_free, price = self.problem.step_free, self.price
        if self._hoped is None or not np.array_equal(self._hoped, price):
            self._hoped = price.copy()
            hopes.is_open[:] = free.room >= 1
            hopes.is_open[step_free] &= free.step_free_room >= 1
            for k in range(len(step_free)):
                fill_hopes(self.problem.quickest(k), k, price, hopes)
        bring_up_to_date(graph, free, step_free, price, hopes)

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
        self._grow(len(parties), 32 * len(parties))
        targeted = parties.target[order] >= 0
        if self.distances is None and targeted.any():
            self._by_region(parties, order[targeted], left, together, progress, stage)
            order = order[~targeted]
        self._forget(self.shape[1] + 1 if (parties.target[order] >= 0).any() else 1)
        self._run(parties, order, left, together, progress, stage)
        if self.work.counter[2]:
            self.work.counter[2] = 0
            self._forget()
            self._run(parties, order, left, together, progress, stage)
        self._in_file(parties, order, left, together)
        return left

    def _by_region(
        self,
        parties: Parties,
        order: NDArray[np.int64],
        left: NDArray[np.int32],
        together: NDArray[np.bool_],
        progress: Progress | None = None,
        stage: str = "",
    ) -> None:
        """Place parties with a target, class by class and within it region by region."""
        class_ = self.problem.scenario.groups.class_[parties.group[order]]
        region = self.regions.of_shelter[parties.target[order]]
        _, first, turn = np.unique(class_, return_index=True, return_inverse=True)
        turn = first[turn.ravel()]
        sorted_ = np.lexsort((region, turn))
        key = turn[sorted_] * len(self.regions.regions) + region[sorted_]
        begins = np.flatnonzero(np.diff(key, prepend=-1))
        jobs = np.split(sorted_, begins[1:])

        def ready(some: NDArray[np.int64]) -> _Job:
            where = self.regions.regions[int(region[some[0]])]
            return _make_job(self.problem, where, int(class_[some[0]]), parties, order[some])

        # The walking times of the next are found while people are placed in this one.
        with ThreadPoolExecutor(1) as beside:
            ahead = beside.submit(ready, jobs[0])
            for i in range(len(jobs)):
                job = ahead.result()
                if i + 1 < len(jobs):
                    ahead = beside.submit(ready, jobs[i + 1])
                if len(job.parties):
                    self._in_region(job, parties, left, together)
                if progress is not None:
                    progress(stage, (i + 1) / len(jobs))

    def _in_region(
        self,
        job: _Job,
        parties: Parties,
        left: NDArray[np.int32],
        together: NDArray[np.bool_],
    ) -> None:
        """Place parties of one class, in the order given, on the graph of a region."""
        problem, free, region = self.problem, self.free, job.region
        graph, some, shelters, k = job.graph, job.parties, job.shelters, job.class_
        mine = Free(
            free.link, free.full, free.intake[shelters], free.room[shelters],
            free.step_free_room[shelters],
        )  # fmt: skip
        work, none = make_work(graph), no_hopes(graph)
        waits = np.zeros((len(self.waits), len(region.arcs)))
        group = parties.group[some]
        columns = (job.node, np.zeros(len(some), np.int32), problem.ready[group])
        rest = left[some]
        begun = self.store.count.copy()

        def run(floors: NDArray[np.int32], last_row: NDArray[np.int32]) -> None:
            begin = 0
            while begin < len(some):
                reached = place_all(
                    graph, mine, work, self.store, job.table, none, floors, last_row, self.slack,
                    problem.step_free[k : k + 1], self.price[shelters], np.arange(len(some)),
                    begin, len(some), group, *columns, rest, together[some],
                    job.target, waits,
                )  # fmt: skip
                if reached < len(some):
                    self._grow(len(self.store.group), len(self.store.arc))
                begin = reached

        n_heads = len(region.heads)
        run(*_nothing_known(1, len(shelters) + 1, n_heads))
        if work.counter[2]:
            run(*_nothing_known(1, 0, n_heads))
        left[some] = rest
        free.intake[shelters] = mine.intake
        free.room[shelters], free.step_free_room[shelters] = mine.room, mine.step_free_room
        store = self.store
        new = slice(int(begun[0]), int(store.count[0]))
        store.shelter[new] = shelters[store.shelter[new]]
        arcs = store.arc[int(begun[1]) : int(store.count[1])]
        np.copyto(arcs, region.arcs[np.maximum(arcs, 0)], where=arcs >= 0, casting="same_kind")
        if len(self.waits):
            self.waits[:, region.arcs] += waits

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
        table = self.distances
        if table is None:
            table = np.empty((self.shape[0], 0, 0), np.int32)
        columns = (groups.node[g], groups.class_[g], problem.ready[g])
        begin = 0
        while begin < len(order):
            end = min(begin + BATCH, len(order))
            reached = place_all(
                problem.graph, self.free, self.work, self.store, table, self.hopes,
                self.floors, self.last_row, self.slack, problem.step_free, self.price, order,
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
            wish = int(parties.target[a])
            fits = self.problem.places(self.free)[k] >= size
            if not self._finds_way(group):
                continue
            if wish >= 0:
                targets = np.flatnonzero(fits[wish : wish + 1]) + wish
            else:
                targets = self.nearby(k, int(groups.node[group]), fits, MOST_IN_FILE)
            for target in targets.tolist():
                begun = int(self.store.count[0])
                one = Parties(
                    np.full(1, group, np.int32),
                    np.full(1, size, np.int32),
                    np.full(1, target, np.int32),
                )
                rest = one.size.copy()
                run = self._run if self.distances is not None else self._by_region
                run(one, np.zeros(1, np.int64), rest, np.zeros(1, np.bool_))
                if rest[0] == 0:
                    left[a] = 0
                    break
                for i in range(begun, int(self.store.count[0])):
                    withdraw(
                        self.problem.graph, self.free, self.store, int(groups.node[group]), k,
                        bool(step_free[k]), i,
                    )  # fmt: skip

    def _finds_way(self, group: int) -> bool:
        """Whether one more person of a group would find a way to some shelter in time."""
        problem, groups = self.problem, self.problem.scenario.groups
        k = int(groups.class_[group])
        shelter, _, _ = search(
            problem.graph, self.free, self.work, self.hopes.least[k], NO_FLOOR,
            int(groups.node[group]), k, int(problem.ready[group]), 1, -1,
            bool(problem.step_free[k]), self.price,
        )  # fmt: skip
        return bool(shelter >= 0)

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
        count_legs(problem.graph, store, kept, node, problem.n_links, leg_ptr[1:])
        np.cumsum(leg_ptr, out=leg_ptr)
        n_legs, step = int(leg_ptr[-1]), problem.step
        link = np.empty(n_legs, np.int32)
        enter, leave = np.empty(n_legs), np.empty(n_legs)
        unfold(
            problem.graph, store, kept, node, class_, step, problem.n_links, leg_ptr, link, enter,
            leave,
        )  # fmt: skip
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


def make_work(graph: Graph) -> Work:
    """Make scratch for searches on a graph."""
    n_heads, n_arcs = len(graph.arc_ptr) - 1, len(graph.arc_from)
    # With floors a head may be settled more than once; the heap is checked to hold that.
    heap = 8 * (n_arcs + len(graph.shelter_head)) + 64
    return Work(
        head=np.zeros((n_heads, 8), np.int32),
        settled=np.empty(4 * n_heads, np.int32),
        heap=np.empty(heap, np.int64),
        path_arc=np.empty(n_heads + 1, np.int32),
        path_slot=np.empty(n_heads + 1, np.int32),
        path_row=np.empty(n_heads + 1, np.int32),
        counter=np.zeros(3, np.int64),
    )


class _Job(NamedTuple):
    """Parties of one class for shelters of one region; nodes and targets as numbered there."""

    region: Region
    class_: int
    parties: NDArray[np.int64]
    node: NDArray[np.int32]
    shelters: NDArray[np.int64]
    target: NDArray[np.int32]
    graph: Graph
    table: NDArray[np.int32]


def _make_job(
    problem: Problem, region: Region, k: int, parties: Parties, some: NDArray[np.int64]
) -> _Job:
    """Cut out the graph and find the walking times to the shelters in question."""
    node = region.local(problem.scenario.groups.node[parties.group[some]])
    some, node = some[node >= 0], node[node >= 0]
    unique, of = np.unique(parties.target[some], return_inverse=True)
    shelters, target = unique.astype(np.int64), of.ravel().astype(np.int32)
    graph = region.for_class(problem.graph, k, shelters)
    table = np.empty((1, len(shelters), len(region.heads)), np.int32)
    to_targets(graph, *_starts(graph, node, target, len(shelters)), DETOUR, table[0])
    return _Job(region, k, some, node, shelters, target, graph, table)


def _starts(
    graph: Graph, node: NDArray[np.int32], target: NDArray[np.int32], n_targets: int
) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """Heads at or ahead of the nodes, by target: where each target's begin, and the heads."""
    beside = graph.node_arc[node]
    ahead = np.full(beside.shape, -1, np.int32)
    ahead[beside >= 0] = graph.arc_to[beside[beside >= 0]]
    heads = np.column_stack([graph.node_head[node], ahead])
    of, column = np.nonzero(heads >= 0)
    order = np.argsort(target[of], kind="stable")
    ptr = np.searchsorted(target[of][order], np.arange(n_targets + 1))
    return ptr, heads[of, column][order]


def _nothing_known(
    n_classes: int, rows: int, n_heads: int
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Floors and last arcs for so many targets before any search."""
    shape = (n_classes, max(rows, 1), n_heads if rows else 0)
    return np.zeros((*shape, 2), np.int32), np.full(shape, -1, np.int32)


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
