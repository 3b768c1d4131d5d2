"""What is left of a problem some time after the alarm, on the same clock and at the same times."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from evacroute._frozen import equal_arrays
from evacroute._kernels.full import mark_all
from evacroute._kernels.graph import FAR, Free, Graph
from evacroute.assignment.capacity_slots import per_slot, street_slots
from evacroute.assignment.chains import graph_of_arcs, with_rows
from evacroute.assignment.movements import Movements
from evacroute.assignment.problem import (
    Problem,
    gates_of,
    ready_slots,
    with_gates,
)
from evacroute.assignment.rounding import unbias
from evacroute.assignment.static_prices import static_prices
from evacroute.people import Groups
from evacroute.prices import Prices
from evacroute.scenario import Scenario

ALL = slice(None)


@dataclass(frozen=True, slots=True, eq=False)
class Taken:
    """Places that nobody can give back: entries that have been made, or are as good as made.

    Parameters
    ----------
    link, slot, size, class_
        Persons of a class who enter a link in a slot.
    door, door_slot, door_size
        Persons admitted by a shelter in a slot.
    """

    link: NDArray[np.int64]
    slot: NDArray[np.int64]
    size: NDArray[np.int64]
    class_: NDArray[np.int32]
    door: NDArray[np.int64]
    door_slot: NDArray[np.int64]
    door_size: NDArray[np.int64]

    @classmethod
    def of(
        cls,
        moves: Movements,
        class_: NDArray[np.int32],
        step: float,
        legs: NDArray[np.int64] | slice = ALL,
        inside: NDArray[np.int64] | slice = ALL,
    ) -> Taken:
        """Give the places that movements take.

        Parameters
        ----------
        moves
            The movements.
        class_
            Class of each of the scenario's groups, shape (n_groups,).
        step
            Length of a slot [s].
        legs, inside
            Legs, and movements that are admitted, whose places are taken; all by default.
        """
        of = np.repeat(np.arange(len(moves)), np.diff(moves.leg_ptr))[legs]
        return cls(
            link=moves.leg_link[legs].astype(np.int64),
            slot=np.floor(moves.leg_enter[legs] / step + 1e-6).astype(np.int64),
            size=moves.size[of].astype(np.int64),
            class_=class_[moves.group[of]],
            door=moves.shelter[inside].astype(np.int64),
            door_slot=np.floor(moves.arrive[inside] / step + 1e-6).astype(np.int64),
            door_size=moves.size[inside].astype(np.int64),
        )

    def and_also(self, other: Taken | None) -> Taken:
        """Add the places of another."""
        if other is None:
            return self
        names = [field.name for field in fields(self)]
        return Taken(*(np.append(getattr(self, name), getattr(other, name)) for name in names))

    def equals(self, other: object) -> bool:
        """Whether the other holds equal places in the same order."""
        return equal_arrays(self, other)

    def misfits(self, n_links: int, n_shelters: int, n_classes: int) -> list[str]:
        """Tell what does not fit an instance of so many links, shelters and classes."""
        found = []
        for names, counted in (
            (("link", "slot", "size", "class_"), "link"),
            (("door", "door_slot", "door_size"), "door"),
        ):
            for name in names:
                array, n = getattr(self, name), len(getattr(self, counted))
                if array.shape != (n,) or array.dtype.kind not in "iu":
                    found.append(f"{name} is not {n} whole numbers")
        if found:
            return found
        for name, n in (("link", n_links), ("door", n_shelters), ("class_", n_classes)):
            array = getattr(self, name)
            if len(array) and not 0 <= array.min() <= array.max() < n:
                worst = array.min() if array.min() < 0 else array.max()
                found.append(f"{name} holds {worst}, expected 0 to {n - 1}")
        for name in ("slot", "size", "door_slot", "door_size"):
            if getattr(self, name).min(initial=0) < 0:
                found.append(f"{name} holds {getattr(self, name).min()}, expected >= 0")
        return found


@dataclass(frozen=True, slots=True, eq=False)
class Rest(Problem):
    """A problem in which some places are taken already.

    Parameters
    ----------
    taken
        The places. The room in shelters is that which is left.
    """

    taken: Taken

    def tables(self) -> Free:
        """Reservation tables in which only those places are booked."""
        # Not super(): a dataclass with slots is made anew, and the old one is what super() knows.
        free = Problem.tables(self)
        taken = self.taken
        units = taken.size * self.graph.unit[taken.class_]
        _take(free.link, self.link_every, taken.link, taken.slot, units)
        _take(free.intake, self.intake_every, taken.door, taken.door_slot, taken.door_size)
        mark_all(free.link, free.full, self.graph.least)
        return free


def _take(
    table: NDArray[np.int32],
    every: NDArray[np.int32],
    row: NDArray[np.int64],
    slot: NDArray[np.int64],
    size: NDArray[np.int64],
) -> None:
    """Take places; thin rows are shut for some slots on both sides of each entry."""
    plain = every[row] == 1
    inside = plain & (slot < table.shape[1])
    np.subtract.at(table, (row[inside], slot[inside]), size[inside])
    for r, t, z in zip(row[~plain], slot[~plain], size[~plain], strict=True):
        table[r, max(t - every[r] + 1, 0) : t + every[r]] -= z
    # A plan that overfills streets, as the nearest shelter does, leaves nothing rather than less.
    changed = np.unique(row)
    table[changed] = np.maximum(table[changed], 0)


Arcs = tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int32]]
"""Arcs of a grid: where their links begin, the links, slots by class (`FAR` = barred)."""


def arcs_of(prices: Prices) -> Arcs:
    """Give the arcs of the grid that prices were found on."""
    slots = np.where(prices.arc_slots < 0, FAR, prices.arc_slots).astype(np.int32)
    return steady_arcs(
        prices.arc_ptr.astype(np.int32), prices.arc_link, slots, prices.arc_gate >= 0
    )


def steady_arcs(
    ptr: NDArray[np.int32],
    link: NDArray[np.int32],
    slots: NDArray[np.int32],
    gated: NDArray[np.bool_],
) -> Arcs:
    """Leave out the arcs behind gates: those are made anew from the link times."""
    count = np.diff(ptr)[~gated]
    out = np.zeros(len(count) + 1, np.int32)
    np.cumsum(count, out=out[1:])
    return out, link[np.repeat(~gated, np.diff(ptr))], slots[:, ~gated]


def build_rest(
    scenario: Scenario,
    step: float,
    taken: Taken,
    arcs: Arcs,
    price: NDArray[np.int64] | None = None,
    max_density: float | None = None,
) -> Rest:
    """Lay what is left of a scenario on the time grid that a plan was made on.

    Parameters
    ----------
    scenario
        Who is still on the way, the room that is left, closed streets of capacity 0.
    step
        Length of a slot [s].
    taken
        Places taken by those who are no part of the scenario any more.
    arcs
        Of the plan's grid: where each arc's links begin, its links, and its slots by class, `FAR` =
        barred; without those of links that change over time. Classes beyond those have joined
        since, and get times fitted to their own walks.
    price
        Price of a place in each shelter [slots], where it is known.
    max_density
        As for `build_problem`.
    """
    network, classes, shelters = scenario.network, scenario.group_classes, scenario.shelters
    walk, unit, units, link_slot, link_every = street_slots(scenario, step, max_density)
    intake_slot, intake_every = per_slot(shelters.intake_rate, step)
    n_slots = int(np.floor(scenario.deadline_s / step + 1e-9))
    gates = gates_of(scenario, walk, step, n_slots)
    link_slot, link_every = with_gates(link_slot, link_every, gates, units)
    graph = graph_of_arcs(
        network, walk, shelters.node, step, link_slot[: network.n_links] > 0, link_every, unit,
        arcs, gates,
    )  # fmt: skip
    known = len(arcs[2])
    if price is None:
        price = static_prices(graph, scenario.groups, shelters.capacity)
    ready = ready_slots(scenario, step, n_slots)
    return Rest(
        scenario=scenario,
        graph=_fit(graph, scenario, price, known, n_slots - ready),
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
        taken=taken,
    )


def _fit(
    graph: Graph,
    scenario: Scenario,
    price: NDArray[np.int64],
    known: int,
    spare: NDArray[np.int32],
) -> Graph:
    """Fit the arc times of the classes from `known` on to where their people walk."""
    if known == len(graph.arc_time):
        return graph
    groups = scenario.groups
    late = np.flatnonzero(groups.class_ >= known)
    part = graph._replace(
        arc_time=graph.arc_time[known:], arc_walk=graph.arc_walk[known:],
        link_time=graph.link_time[known:], shift=graph.shift[known:],
    )  # fmt: skip
    theirs = Groups(
        groups.group_id[late], groups.node[late], groups.class_[late] - known,
        groups.ready_time[late], groups.size[late], groups.together[late],
    )  # fmt: skip
    times = graph.arc_time.copy()
    times[known:] = unbias(part, scenario.network, theirs, price, spare[late]).arc_time
    times = np.where(graph.arc_time < FAR, times, FAR).astype(np.int32)
    return with_rows(graph._replace(arc_time=times))
