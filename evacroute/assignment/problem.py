"""A scenario on the time grid: what every method starts from."""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evacroute._kernels.distances import to_shelters
from evacroute._kernels.full import mark_all
from evacroute._kernels.graph import FAR, Free, Graph
from evacroute.assignment.capacity_slots import (
    MOST_PERSONS,
    per_slot,
    profile_of,
    street_slots,
)
from evacroute.assignment.chains import build_graph, first_links
from evacroute.assignment.gates import (
    Gates,
    make_gates,
    with_rides,
)
from evacroute.assignment.rounding import unbias
from evacroute.assignment.static_prices import quickest, static_prices
from evacroute.errors import InputError
from evacroute.hazards import LinkTimes
from evacroute.scenario import Scenario

MOST_SLOTS = 20_000
MOST_ENTRIES = 150_000_000
"""Entries of the reservation table of links from which on they take 2 bytes instead of 4."""

MOST_IN_INT16 = np.iinfo(np.int16).max // 4

ON_THE_WAY = 720.0
"""Seconds after they are ready that people are on the way, by and large, queues included."""

WAIT = 300.0
"""Seconds that one waits for a boat, by and large."""

MOST_TIMES = 40_000_000
"""Entries of the table of walking times (4 bytes each); larger cities are cut into regions."""


@dataclass(frozen=True, slots=True, eq=False)
class Problem:
    """Graph, groups and limits in slots.

    Parameters
    ----------
    scenario
        What it was made from.
    graph
        Chains merged, for the scenario's classes.
    step
        Length of a slot [s].
    static_price
        Prices of shelters [slots] at which nearest shelters are about within their room,
        shape (n_shelters,).
    n_slots
        Slots until the deadline: an arrival in slot n_slots is still in time.
    ready
        First slot in which each group can leave, shape (n_groups,); may be past n_slots.
    step_free
        Which classes cannot use steps, shape (n_classes,).
    rank
        Place of each class in the order of who counts as most vulnerable, 0 = first,
        shape (n_classes,).
    units
        Units to a person who takes no more space than others: 1 where all are alike. What a person
        of each class takes is `graph.unit`.
    link_slot, link_every
        Units that may enter a link in a slot, and slots between entries (1 but for links that pass
        less than one person of some class a slot), shape (n_links + n_rows,): behind the links
        stand gates and chairs (see `Gates`).
    intake_slot, intake_every
        Persons whom a shelter may admit in a slot, and every how many slots, shape (n_shelters,).
    gates
        Links that change over time.
    memo
        What was found once and is asked for again, by name.
    """

    scenario: Scenario
    graph: Graph
    static_price: NDArray[np.int64]
    step: float
    n_slots: int
    ready: NDArray[np.int32]
    step_free: NDArray[np.bool_]
    rank: NDArray[np.int64]
    units: int
    link_slot: NDArray[np.int32]
    link_every: NDArray[np.int32]
    intake_slot: NDArray[np.int32]
    intake_every: NDArray[np.int32]
    gates: Gates
    memo: dict[str, Any] = field(default_factory=dict, init=False, repr=False)

    def tables(self) -> Free:
        """Reservation tables with nothing booked."""
        shelters = self.scenario.shelters
        entries = len(self.link_slot) * (self.n_slots + 1)
        small = int(self.link_slot.max(initial=0)) <= MOST_IN_INT16  # never with gates
        slot = self.link_slot.astype(np.int16 if small and entries > MOST_ENTRIES else np.int32)
        link = np.repeat(slot[:, None], self.n_slots + 1, axis=1)
        gates, first = self.gates, self.n_links + self.gates.n_gates
        link[self.n_links : first][~gates.open_] = 0
        if len(gates.chairs):
            link[first:] = self._chair_units(gates.chairs)
        link[gates.ferries] = 0
        ferry, slot, gate, seats = gates.seats.T
        np.add.at(link, (ferry, slot), seats * self.units)
        # Boats that cast off in one slot, but take other times, have seats of their own.
        link[self.n_links + gate, slot] = 0
        np.add.at(link, (self.n_links + gate, slot), seats * self.units)
        full = np.empty((len(link), (self.n_slots + 32) // 32 + 1), np.uint32)
        mark_all(link, full, self.graph.least)
        return Free(
            link=link,
            full=full,
            intake=_table(self.intake_slot, self.intake_every, self.n_slots + 1),
            room=np.minimum(shelters.capacity, MOST_PERSONS).copy(),
            step_free_room=np.minimum(shelters.step_free_capacity, MOST_PERSONS).copy(),
        )

    def places(self, free: Free) -> NDArray[np.int64]:
        """Places left that each class may have, shape (n_classes, n_shelters)."""
        both = np.minimum(free.room, free.step_free_room)
        return np.asarray(np.where(self.step_free[:, None], both, free.room))

    def _chair_units(self, chairs: NDArray[np.int32]) -> NDArray[np.int32]:
        """Units that wheelchair places let in: one person each, however much street they take.

        As many as those need who take most, as long as one more who takes least is too many.
        """
        unit = self.graph.unit[self.step_free]
        if not len(unit):
            return chairs
        least, most = int(unit.min()), int(unit.max())
        return np.minimum(chairs * most, (chairs + 1) * least - 1).astype(np.int32)

    @property
    def n_links(self) -> int:
        """Number of links; rows of link tables from there on are gates."""
        return len(self.link_slot) - self.gates.n_rows

    @property
    def table_shape(self) -> tuple[int, int, int]:
        """Numbers of classes, shelters and heads."""
        return len(self.step_free), len(self.graph.shelter_head), len(self.graph.arc_ptr) - 1

    @property
    def is_large(self) -> bool:
        """Whether a table of walking times by class, shelter and head would be too large."""
        return int(np.prod(self.table_shape, dtype=np.int64)) > MOST_TIMES

    def distances(
        self, delay: NDArray[np.float64] | None = None, *, afoot: bool = False
    ) -> NDArray[np.int32]:
        """Free-flow slots to every shelter, shape (n_classes, n_shelters, n_heads).

        Streets that change count with the best there ever is; rides of boats without the wait for
        them.

        Parameters
        ----------
        delay
            Added to each arc's time [slots], shape (n_arcs,).
        afoot
            Whether boats are left out.
        """
        cost = self.graph.arc_time
        if delay is not None:
            extra = np.rint(delay).astype(np.int32)
            cost = np.where(cost < FAR, cost + extra, FAR).astype(np.int32)
        graph = self.graph
        if self.gates.n_gates:
            graph, cost = self._lean(cost, afoot)
        out = np.empty(self.table_shape, np.int32)
        to_shelters(graph, cost, graph.shelter_head, out)
        return out

    def quickest(self, k: int) -> Graph:
        """Give the graph for searches from the shelters at the best pace that class k ever has."""
        if not self.gates.n_gates:
            return self.graph
        name = f"quickest {k}"
        if name not in self.memo:
            self.memo[name] = quickest(self.graph, k)
        return self.memo[name]  # type: ignore[no-any-return]

    def _lean(self, cost: NDArray[np.int32], afoot: bool) -> tuple[Graph, NDArray[np.int32]]:
        """Make one arc of all copies of a link, of the least cost among them."""
        lean, shut, order, start = self._leanest(afoot)
        open_cost = np.where(shut, FAR, cost)[:, order]
        return lean, np.minimum.reduceat(open_cost, start, axis=1).astype(np.int32)

    def _leanest(
        self, afoot: bool
    ) -> tuple[Graph, NDArray[np.bool_], NDArray[np.int64], NDArray[np.int64]]:
        """Find the lean graph, shut arcs, arcs link by link, and where each link's begin."""
        name = f"lean {afoot}"
        if name in self.memo:
            return self.memo[name]  # type: ignore[no-any-return]
        graph, gates = self.graph, self.gates
        gate = graph.seq_link[graph.seq_ptr[:-1]] - self.n_links
        shut = np.zeros(len(gate), np.bool_)
        shut[gate >= 0] = ~np.asarray(gates.open_.any(axis=1))[gate[gate >= 0]]
        link = first_links(graph.seq_ptr, graph.seq_link, self.n_links)
        if afoot:
            shut |= np.isin(link, gates.ferries)
        order = np.argsort(link, kind="stable")
        start = np.flatnonzero(np.diff(link[order], prepend=-1))
        arc = order[start]
        into = np.argsort(graph.arc_to[arc], kind="stable").astype(np.int32)
        heads = np.arange(len(graph.arc_ptr))
        lean = graph._replace(
            arc_from=graph.arc_from[arc],
            into_ptr=np.searchsorted(graph.arc_to[arc][into], heads).astype(np.int32),
            into_arc=into,
        )
        self.memo[name] = lean, shut, order, start
        return lean, shut, order, start

    def typical_distances(
        self, first: NDArray[np.int32], delay: NDArray[np.float64] | None = None
    ) -> NDArray[np.int32]:
        """Distances of those who walk where one can walk, and else wait `WAIT` seconds for a boat.

        Parameters
        ----------
        first
            From `distances`, with this delay.
        delay
            Added to each arc's time [slots], shape (n_arcs,).
        """
        if not len(self.gates.seats):
            return first
        afoot = self.distances(delay, afoot=True)
        waited = np.where(first < FAR, first + int(WAIT / self.step), FAR)
        return np.where(afoot < FAR, afoot, waited).astype(np.int32)


def build_problem(scenario: Scenario, step: float, max_density: float | None = None) -> Problem:
    """Lay a scenario on a time grid of slots of `step` seconds.

    Parameters
    ----------
    scenario
        What is planned.
    step
        Length of a slot [s].
    max_density
        No link admits more than keeps it at so many persons' space [1/m2]; None = no such limit.

    Raises
    ------
    InputError
        If the deadline is shorter than a step, or so long that there are over 20,000 slots.
    """
    n_slots = int(np.floor(scenario.deadline_s / step + 1e-9))
    if not 1 <= n_slots <= MOST_SLOTS:
        raise InputError(
            f"a deadline of {scenario.deadline_s:g} s in steps of {step:g} s makes {n_slots} "
            f"steps, expected 1 to {MOST_SLOTS:,}"
        )
    network, classes, shelters = scenario.network, scenario.group_classes, scenario.shelters
    walk, unit, units, link_slot, link_every = street_slots(scenario, step, max_density)
    gates = gates_of(scenario, walk, step, n_slots)
    intake_slot, intake_every = per_slot(shelters.intake_rate, step)
    ready = ready_slots(scenario, step, n_slots)
    link_slot, link_every = with_gates(link_slot, link_every, gates, units)
    passes = link_slot[: network.n_links] > 0
    graph = build_graph(network, walk, shelters.node, step, passes, link_every, unit, gates)
    price = static_prices(graph, scenario.groups, shelters.capacity)
    return Problem(
        scenario=scenario,
        graph=unbias(
            graph, network, scenario.groups, price, n_slots - ready, gates, int(ON_THE_WAY / step)
        ),
        static_price=price,
        step=step,
        n_slots=n_slots,
        ready=ready,
        step_free=classes.step_free,
        rank=classes.rank,
        units=units,
        link_slot=link_slot,
        link_every=link_every,
        intake_slot=intake_slot,
        intake_every=intake_every,
        gates=gates,
    )


def without_hazards(problem: Problem) -> Problem:
    """Lay the same scenario on the same grid with streets as they are without any hazard.

    Boats run as their timetable says, those too that a tide bars. Walking times are rounded arc by
    arc, not fitted to where people walk.
    """
    scenario = copy(problem.scenario)
    for name, value in (("link_times", LinkTimes.none()), ("rides", scenario.boats)):
        object.__setattr__(scenario, name, value)
    if scenario.made is not None:
        object.__setattr__(scenario, "made", np.ones(len(scenario.made), np.bool_))
    object.__setattr__(scenario, "cut_off", np.zeros(len(scenario.groups), np.bool_))
    step, shelters = problem.step, scenario.shelters
    walk, unit, units, link_slot, link_every = street_slots(scenario, step, None)
    gates = gates_of(scenario, walk, step, problem.n_slots)
    link_slot, link_every = with_gates(link_slot, link_every, gates, units)
    return replace(
        problem,
        scenario=scenario,
        ready=ready_slots(scenario, step, problem.n_slots),
        graph=build_graph(
            scenario.network,
            walk,
            shelters.node,
            step,
            link_slot[: scenario.network.n_links] > 0,
            link_every,
            unit,
            gates,
        ),
        units=units,
        link_slot=link_slot,
        link_every=link_every,
        gates=gates,
    )


def gates_of(scenario: Scenario, walk: NDArray[np.float64], step: float, n_slots: int) -> Gates:
    """Lay the links that change and the boats of a scenario on the time grid.

    Parameters
    ----------
    walk
        Walking times [s] from `street_slots`.
    """
    gates = make_gates(profile_of(scenario), walk, step, n_slots)
    boats, made, step_free = scenario.boats, scenario.made, scenario.group_classes.step_free
    if boats is None or made is None:
        return gates
    return with_rides(gates, boats, made, scenario.link_times, step_free, step, n_slots)


def with_gates(
    link_slot: NDArray[np.int32], link_every: NDArray[np.int32], gates: Gates, units: int
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Add gates and chairs to the limits of links, and what boats take to those of ferries.

    Gates and chairs count as letting in everyone: when they do not, the tables say.
    """
    link_slot, link_every = link_slot.copy(), link_every.copy()
    link_slot[gates.ferries], link_every[gates.ferries] = 0, 1
    together, row = np.unique(gates.seats[:, :2], axis=0, return_inverse=True)
    seats = np.bincount(row.ravel(), weights=gates.seats[:, 3]) * units
    np.maximum.at(link_slot, together[:, 0], seats.astype(np.int32))
    most = np.full(gates.n_rows, MOST_PERSONS, np.int32)
    return np.append(link_slot, most), np.append(link_every, np.ones_like(most))


def whole_slots(time: NDArray[np.float64], step: float) -> NDArray[np.float64]:
    """First whole slot at or after each time [s]."""
    return np.asarray(np.ceil(np.round(time / step, 9)))


def ready_slots(scenario: Scenario, step: float, n_slots: int) -> NDArray[np.int32]:
    """First whole slot in which each group can leave its node, shape (n_groups,).

    At most n_slots + 1, which is too late for everything: so it is for those who are cut off from
    their node.
    """
    slot = whole_slots(scenario.groups.ready_time, step)
    slot[scenario.cut_off] = n_slots + 1
    return np.minimum(slot, n_slots + 1).astype(np.int32)


def _table(slot: NDArray[np.int32], every: NDArray[np.int32], n: int) -> NDArray[np.int32]:
    table = np.repeat(slot[:, None], n, axis=1)
    for i in np.flatnonzero(every > 1):
        table[i, np.arange(n) % every[i] != 0] = 0
    return table
