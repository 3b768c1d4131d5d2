"""A scenario on the time grid: what every method starts from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evacroute._kernels.distances import to_shelters
from evacroute._kernels.full import mark_all
from evacroute._kernels.graph import FAR, Free, Graph
from evacroute.assignment.chains import build_graph
from evacroute.assignment.rounding import unbias
from evacroute.assignment.static_prices import static_prices
from evacroute.errors import InputError
from evacroute.scenario import Scenario

MOST_SLOTS = 20_000
MOST_PERSONS = np.iinfo(np.int32).max // 4
"""No limit, in the reservation tables."""

MOST_ENTRIES = 150_000_000
"""Entries of the reservation table of links from which on they take 2 bytes instead of 4."""

MOST_IN_INT16 = np.iinfo(np.int16).max // 4

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
    link_slot, link_every
        Persons who may enter a link in a slot, and slots between entries (1 but for links that pass
        less than one person a slot), shape (n_links,).
    intake_slot, intake_every
        Persons whom a shelter may admit in a slot, and every how many slots, shape (n_shelters,).
    """

    scenario: Scenario
    graph: Graph
    static_price: NDArray[np.int64]
    step: float
    n_slots: int
    ready: NDArray[np.int32]
    step_free: NDArray[np.bool_]
    link_slot: NDArray[np.int32]
    link_every: NDArray[np.int32]
    intake_slot: NDArray[np.int32]
    intake_every: NDArray[np.int32]

    def tables(self) -> Free:
        """Reservation tables with nothing booked."""
        shelters = self.scenario.shelters
        entries = len(self.link_slot) * (self.n_slots + 1)
        small = int(self.link_slot.max(initial=0)) <= MOST_IN_INT16
        slot = self.link_slot.astype(np.int16 if small and entries > MOST_ENTRIES else np.int32)
        link = np.repeat(slot[:, None], self.n_slots + 1, axis=1)
        full = np.empty((len(link), (self.n_slots + 32) // 32 + 1), np.uint32)
        mark_all(link, full)
        return Free(
            link=link,
            full=full,
            intake=_table(self.intake_slot, self.intake_every, self.n_slots + 1),
            room=np.minimum(shelters.capacity, MOST_PERSONS).copy(),
            step_free_room=np.minimum(shelters.step_free_capacity, MOST_PERSONS).copy(),
        )

    @property
    def table_shape(self) -> tuple[int, int, int]:
        """Numbers of classes, shelters and heads."""
        return len(self.step_free), len(self.graph.shelter_head), len(self.graph.arc_ptr) - 1

    @property
    def is_large(self) -> bool:
        """Whether a table of walking times by class, shelter and head would be too large."""
        return int(np.prod(self.table_shape, dtype=np.int64)) > MOST_TIMES

    def distances(self, delay: NDArray[np.float64] | None = None) -> NDArray[np.int32]:
        """Free-flow slots to every shelter, shape (n_classes, n_shelters, n_heads).

        Parameters
        ----------
        delay
            Added to each arc's time [slots], shape (n_arcs,).
        """
        cost = self.graph.arc_time
        if delay is not None:
            extra = np.rint(delay).astype(np.int32)
            cost = np.where(cost < FAR, cost + extra, FAR).astype(np.int32)
        out = np.empty(self.table_shape, np.int32)
        to_shelters(self.graph, cost, self.graph.shelter_head, out)
        return out


def build_problem(scenario: Scenario, step: float) -> Problem:
    """Lay a scenario on a time grid of slots of `step` seconds.

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
    link_slot, link_every = per_slot(network.capacity, step)
    intake_slot, intake_every = per_slot(shelters.intake_rate, step)
    ready = np.ceil(np.round(scenario.groups.ready_time / step, 9))
    graph = build_graph(
        network, classes.walk_seconds(network), shelters.node, step, link_slot > 0, link_every
    )
    price = static_prices(graph, scenario.groups, shelters.capacity)
    return Problem(
        scenario=scenario,
        graph=unbias(graph, network, scenario.groups, price),
        static_price=price,
        step=step,
        n_slots=n_slots,
        ready=np.minimum(ready, n_slots + 1).astype(np.int32),
        step_free=classes.step_free,
        link_slot=link_slot,
        link_every=link_every,
        intake_slot=intake_slot,
        intake_every=intake_every,
    )


def per_slot(rate: NDArray[np.float64], step: float) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Find whole persons per slot at a rate [person/s], and the slots between entries.

    Rounded down, so that no window of whole slots takes more than rate x (window + step). A rate
    below one person a slot admits one person, then none for ceil(2 / (rate x step) - 1) - 1 slots,
    the shortest spacing of which the same holds; at less than half a person a slot even the first
    would be too many, so nobody passes.
    """
    persons = np.minimum(rate * step, MOST_PERSONS)
    slot = np.floor(persons + 1e-9).astype(np.int32)
    thin = (slot == 0) & (persons >= 0.5)
    every = np.ones(len(slot), np.int32)
    every[thin] = np.ceil(2 / persons[thin] - 1 - 1e-9).astype(np.int32)
    slot[thin] = 1
    return slot, every


def _table(slot: NDArray[np.int32], every: NDArray[np.int32], n: int) -> NDArray[np.int32]:
    table = np.repeat(slot[:, None], n, axis=1)
    for i in np.flatnonzero(every > 1):
        table[i, np.arange(n) % every[i] != 0] = 0
    return table
