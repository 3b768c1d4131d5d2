"""Keep whole-slot walking times unbiased: choose which arcs are rounded up.

An arc takes whole slots, at least one, so on a grid of short alleys rounding each to the nearest
makes every way longer: by 3 % at 10 s for the fast on Venice; where all blocks are alike it can be
15 % either way. So, class by class, the arcs whose rounding is least clear go the other way, until
the walks that are likely add up to length / speed.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from evacroute._kernels.graph import FAR, Graph
from evacroute.assignment.chains import HAIR, first_links, with_rows
from evacroute.assignment.gates import Gates
from evacroute.assignment.static_prices import only, tree
from evacroute.network import Network
from evacroute.people import Groups

ROUNDS = 4


def unbias(
    graph: Graph,
    network: Network,
    groups: Groups,
    price: NDArray[np.int64],
    spare: NDArray[np.int32],
    gates: Gates | None = None,
    on_the_way: int = 0,
) -> Graph:
    """Fit the arc times to where the groups walk.

    Parameters
    ----------
    graph
        Chain graph.
    network
        The streets it was made from.
    groups
        Who walks.
    price
        Price of each shelter [slots], shape (n_shelters,), so that the walks are about those of a
        plan that fills no shelter over its room.
    spare
        Slots that each group has to walk before the deadline, shape (n_groups,). Whoever needs more
        walks nowhere in a plan: where many are cut off, the others walk other streets than all.
    gates
        Links that change over time; `spare` then counts from when the groups are ready.
    on_the_way
        Slots after that when people are on the way, by and large.
    """
    totals = graph.arc_walk
    lot = _lot(graph, network)
    times = graph.arc_time.copy()
    graph = graph._replace(arc_time=times)
    free = np.zeros_like(price)
    for k in range(len(times)):
        mine = groups.class_ == k
        if not mine.any():
            continue
        node, size, upto = groups.node[mine], groups.size[mine], spare[mine]
        choice = _choice(totals[k], lot)
        seen = np.zeros(len(lot))
        copies, now = None, graph
        if gates is not None and gates.n_gates:
            copies, walked = _by_time(graph, network, gates, k, size, upto - on_the_way)
            now = only(graph, walked)
        # The ways chosen favour arcs that were rounded down, so they are drawn again each round.
        for _ in range(ROUNDS):
            load, _, late = tree(now, k, price, node, size, upto)
            seen += load
            if late.any():
                # A nearer shelter may still be in time.
                seen += tree(now, k, free, node[late], size[late], upto[late])[0]
            times[k] = _balance(choice, seen if copies is None else copies.spread(seen))
    return with_rows(graph)


class _Copies(NamedTuple):
    """Copies of links, and how those who walk a link are spread over its copies."""

    arc: NDArray[np.int64]
    link: NDArray[np.int64]
    share: NDArray[np.float64]

    def spread(self, persons: NDArray[np.float64]) -> NDArray[np.float64]:
        """Spread the persons on each arc over the copies of its link."""
        out = persons.copy()
        on_link = np.bincount(self.link, weights=persons[self.arc])
        out[self.arc] = self.share * on_link[self.link]
        return out


def _by_time(
    graph: Graph,
    network: Network,
    gates: Gates,
    k: int,
    size: NDArray[np.int32],
    spare: NDArray[np.int32],
) -> tuple[_Copies, NDArray[np.bool_]]:
    """Find how those who walk a link that changes are spread over its copies.

    Returns
    -------
    tuple
        Shares by when people set out, and which arcs are open to the class when half of them are
        on the way.
    """
    n_slots = gates.open_.shape[1] - 1
    first = graph.seq_link[graph.seq_ptr[:-1]]
    walked = graph.arc_time[k] < FAR
    copy = np.flatnonzero((first >= network.n_links) & walked)
    link = first_links(graph.seq_ptr, graph.seq_link, network.n_links)[copy].astype(np.int64)
    gate = first[copy] - network.n_links
    when = np.bincount(np.clip(n_slots - spare, 0, n_slots), size, n_slots + 1)
    weight = (gates.open_ @ when)[gate] + 1e-6 * size.sum()
    total = np.bincount(link, weights=weight)[link] if len(link) else weight
    half = min(int(np.searchsorted(np.cumsum(when), when.sum() / 2)), n_slots)
    walked[copy] = gates.open_[gate, half]
    return _Copies(copy, link, weight / total), walked


def _lot(graph: Graph, network: Network) -> NDArray[np.float64]:
    """Draw a number 0..1 for each arc from where it lies, whatever the nodes are called."""
    first = first_links(graph.seq_ptr, graph.seq_link, network.n_links)
    last = graph.seq_link[graph.seq_ptr[1:] - 1]
    a, b = network.from_node[first], network.to_node[last]
    mixed = (
        network.lon[a] * 12.9898
        + network.lat[a] * 78.233
        + network.lon[b] * 37.719
        + network.lat[b] * 93.989
        + network.length[first] * 4.1414
    )
    return np.asarray(np.modf(np.abs(mixed) * 43758.5453)[0])


class _Choice(NamedTuple):
    """Between which whole times an arc's true time lies, and which arcs are rounded up first."""

    open_: NDArray[np.bool_]
    true: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    part: NDArray[np.float64]
    lot: NDArray[np.float64]

    def before(self, arc: int) -> NDArray[np.bool_]:
        """Which arcs are rounded up before one of them: by their fraction, equal ones by lot."""
        part, lot = self.part[arc], self.lot[arc]
        return np.asarray((self.part > part) | ((self.part == part) & (self.lot < lot)))


def _choice(totals: NDArray[np.float64], lot: NDArray[np.float64]) -> _Choice:
    open_ = totals < FAR
    true = np.where(open_, totals, 1.0)
    low = np.maximum(1, np.floor(true + HAIR))
    high = np.maximum(1, np.ceil(true - HAIR))
    return _Choice(open_, true, low, high, np.round(true - low, 9), lot)


def _balance(choice: _Choice, persons: NDArray[np.float64]) -> NDArray[np.int32]:
    """Whole times of at least 1 that add up, over the persons, to the true ones most nearly.

    Equal arcs are rounded up by lot, so that no district is favoured.
    """
    open_, true, low, high, part, lot = choice
    walked = np.flatnonzero((persons > 0) & open_)
    missing = float(((true - low) * persons)[walked].sum())
    walked = walked[high[walked] > low[walked]]
    if not len(walked):
        return np.where(open_, np.maximum(1, np.floor(true + 0.5)), FAR).astype(np.int32)
    order = walked[np.lexsort((lot[walked], -part[walked]))]
    upto = np.cumsum(persons[order])
    n = int(np.searchsorted(upto, missing))
    if n == len(order):
        up = high > low
    else:
        up = choice.before(int(order[n]))
        if missing - (upto[n - 1] if n else 0.0) > upto[n] - missing:
            up[order[n]] = True
    return np.where(open_, np.where(up, high, low), FAR).astype(np.int32)
