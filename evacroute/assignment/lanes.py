"""Arcs class by class, as the sweeps over time want them: of the whole net, or of its core."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evacroute._kernels.contraction import Pool, eliminate, mark_redundant
from evacroute._kernels.graph import FAR
from evacroute._kernels.sweeps import Lanes
from evacroute.assignment.time_net import TimeNet

MOST_NEIGHBOURS = 4
"""Nodes of more neighbours stay in the core."""

LARGEST_BALL = 400
"""Nodes looked at around each node for a way that makes an arc redundant."""


@dataclass(frozen=True, slots=True, eq=False)
class Core:
    """A net for the sweeps, and how each node of the `TimeNet` gets onto it.

    Parameters
    ----------
    lanes
        One for each class.
    lasting
        The same without the ways into arcs that are shut for good (`TimeNet.shut`).
    index
        Node of the core for each node of the net, -1 = taken out.
    arcs
        The net's arc behind each lane, -1 = a shortcut; one array a class.
    order, way_ptr, way_to, way_time
        Nodes taken out, in their order, and their ways at that time (nodes of the net; slots by
        class).
    """

    lanes: list[Lanes]
    lasting: list[Lanes]
    index: NDArray[np.int32]
    arcs: list[NDArray[np.int64]]
    order: NDArray[np.int32]
    way_ptr: NDArray[np.int32]
    way_to: NDArray[np.int32]
    way_time: NDArray[np.int32]

    @property
    def n_nodes(self) -> int:
        """Nodes of the core."""
        return int((self.index >= 0).sum())

    def ways(
        self, node: NDArray[np.int32], k: int
    ) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int32]]:
        """Find how some nodes of the net get onto the core, for class k.

        Returns
        -------
        tuple
            Where each node's ways begin, and the ways: node of the core, slots.
        """
        index = self.index
        known: dict[int, dict[int, int]] = {}
        place = np.full(len(index), -1, np.int64)
        place[self.order] = np.arange(len(self.order))
        place_of, ptr = place.tolist(), self.way_ptr.tolist()
        to, time = self.way_to.tolist(), self.way_time[:, k].tolist()
        core = index.tolist()

        def onto(u: int) -> dict[int, int]:
            if u in known:
                return known[u]
            if core[u] >= 0:
                known[u] = {core[u]: 0}
                return known[u]
            found: dict[int, int] = {}
            i = place_of[u]
            for j in range(ptr[i], ptr[i + 1]):
                if time[j] >= FAR:
                    continue
                for c, d in onto(to[j]).items():
                    if d + time[j] < found.get(c, FAR):
                        found[c] = d + time[j]
            known[u] = found
            return found

        # Later ones were taken out later: their ways are known first, so nothing recurses deep.
        for u in self.order[::-1].tolist():
            onto(u)
        out_ptr = np.zeros(len(node) + 1, np.int32)
        nodes: list[int] = []
        slots: list[int] = []
        for i, u in enumerate(node.tolist()):
            ways = onto(u)
            nodes += ways.keys()
            slots += ways.values()
            out_ptr[i + 1] = len(nodes)
        return out_ptr, np.array(nodes, np.int32), np.array(slots, np.int32)


def whole_net(net: TimeNet, row_of_link: NDArray[np.int32]) -> Core:
    """Take the net as it is; `row_of_link` is -1 for links without a price."""
    lanes, all_arcs = [], []
    item_row = _item_rows(net, row_of_link)
    arc_of_item = net.arc_of_item
    priced = np.zeros(len(net.src), bool)
    priced[arc_of_item[item_row >= 0]] = True
    for k in range(len(net.tau)):
        arcs = np.flatnonzero(net.tau[k] < FAR)
        arcs = arcs[np.lexsort((priced[arcs], net.src[arcs]))]
        lanes.append(
            _lanes(net, k, arcs, net.src, net.dst, net.tau[k], priced, item_row, net.n_nodes)
        )
        all_arcs.append(arcs)
    none = np.zeros(0, np.int32)
    return Core(
        lanes,
        _lasting(net, lanes, all_arcs),
        np.arange(net.n_nodes, dtype=np.int32),
        all_arcs,
        none,
        np.zeros(1, np.int32),
        none,
        np.zeros((0, len(net.tau)), np.int32),
    )


def contract(net: TimeNet, row_of_link: NDArray[np.int32], shelter_node: NDArray[np.int32]) -> Core:
    """Take out the nodes that touch no priced link and no shelter, where that is worth it."""
    n, n_classes = net.n_nodes, len(net.tau)
    item_row = _item_rows(net, row_of_link)
    priced = np.zeros(len(net.src), bool)
    priced[net.arc_of_item[item_row >= 0]] = True
    keep = np.zeros(n, bool)
    keep[shelter_node] = True
    keep[net.src[priced]] = True
    keep[net.dst[priced]] = True
    plain = np.flatnonzero(~priced & (net.src != net.dst))
    size = 3
    while True:
        pool = _pool(net, plain, size * len(net.src) + 64)
        gone, order = np.zeros(n, bool), np.empty(n, np.int32)
        way_ptr = np.zeros(n + 1, np.int32)
        most_ways = size * (len(net.src) + MOST_NEIGHBOURS * n) + 64
        way_to = np.empty(most_ways, np.int32)
        way_time = np.empty((most_ways, n_classes), np.int32)
        done = eliminate(pool, keep, MOST_NEIGHBOURS, gone, order, way_ptr, way_to, way_time)
        if done >= 0:
            break
        size *= 2
    stay = np.flatnonzero(~gone)
    index = np.full(n, -1, np.int32)
    index[stay] = np.arange(len(stay))
    used = np.flatnonzero(pool.end[: pool.count[0], 0] >= 0)
    both = np.concatenate(
        [index[pool.end[used]], index[np.column_stack([net.src, net.dst])[priced]]]
    )
    src, dst = both[:, 0].astype(np.int32), both[:, 1].astype(np.int32)
    has_price = np.arange(len(src)) >= len(used)
    lanes, all_arcs = [], []
    original = np.concatenate([np.full(len(used), -1), np.flatnonzero(priced)])
    for k in range(n_classes):
        tau = np.concatenate([pool.time[used, k], net.tau[k, priced]])
        arcs = np.flatnonzero(tau < FAR)
        arcs = arcs[np.lexsort((has_price[arcs], src[arcs]))]
        ptr, mid = _bounds(src[arcs], has_price[arcs], len(stay))
        redundant = np.zeros(len(arcs), bool)
        mark_redundant(ptr, mid, dst[arcs], tau[arcs], LARGEST_BALL, redundant)
        arcs = arcs[~redundant]
        lanes.append(_lanes(net, k, arcs, src, dst, tau, has_price, item_row, len(stay), original))
        all_arcs.append(original[arcs])
    ways = int(way_ptr[done])
    return Core(
        lanes, _lasting(net, lanes, all_arcs), index, all_arcs, order[:done], way_ptr[: done + 1],
        way_to[:ways], way_time[:ways],
    )  # fmt: skip


def _item_rows(net: TimeNet, row_of_link: NDArray[np.int32]) -> NDArray[np.int32]:
    """Row of each item in the price table, -1 = none; those of gates come after all others."""
    row = row_of_link.astype(np.int32)
    gates = slice(net.n_links, net.n_links + net.n_gates)
    row[gates] = row[: net.n_links].max(initial=-1) + 1 + np.arange(net.n_gates)
    return row[net.item_link]


def _lasting(net: TimeNet, lanes: list[Lanes], arcs: list[NDArray[np.int64]]) -> list[Lanes]:
    """Take the arcs that are shut for good out of the lists of arcs into each node."""
    if not net.shut.any():
        return lanes
    lasting = []
    for lane, mine in zip(lanes, arcs, strict=True):
        open_ = ~((mine >= 0) & net.shut[mine])
        into = lane.into_arc[open_[lane.into_arc]]
        ptr = np.searchsorted(lane.dst[into], np.arange(len(lane.ptr))).astype(np.int32)
        lasting.append(lane._replace(into_ptr=ptr, into_arc=into))
    return lasting


def _pool(net: TimeNet, arcs: NDArray[np.int64], size: int) -> Pool:
    """Make lists of arcs with room for so many; parallel arcs are merged."""
    n, n_classes = net.n_nodes, len(net.tau)
    key = net.src[arcs].astype(np.int64) * n + net.dst[arcs]
    unique, where = np.unique(key, return_inverse=True)
    m = len(unique)
    time = np.full((size, n_classes), FAR, np.int32)
    for k in range(n_classes):
        np.minimum.at(time[:, k], where.ravel(), net.tau[k, arcs])
    end = np.full((size, 2), -1, np.int32)
    end[:m, 0], end[:m, 1] = unique // n, unique % n
    after, before = np.full((size, 2), -1, np.int32), np.full((size, 2), -1, np.int32)
    first = np.full((n, 2), -1, np.int32)
    for side in range(2):
        order = np.argsort(end[:m, side], kind="stable")
        node = end[order, side]
        new = np.append(True, node[1:] != node[:-1]) if m else np.zeros(0, bool)
        first[node[new], side] = order[new]
        follows = np.flatnonzero(~new)
        after[order[follows - 1], side] = order[follows]
        before[order[follows], side] = order[follows - 1]
    return Pool(end, time, after, before, first, np.array([m, -1], np.int64))


def _bounds(
    src: NDArray[np.int32], priced: NDArray[np.bool_], n: int
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    ptr = np.searchsorted(src, np.arange(n + 1)).astype(np.int32)
    plain = np.zeros(len(src) + 1, np.int32)
    np.cumsum(~priced, out=plain[1:])
    return ptr, ptr[:-1] + plain[ptr[1:]] - plain[ptr[:-1]]


def _lanes(
    net: TimeNet,
    k: int,
    arcs: NDArray[np.int64],
    src: NDArray[np.int32],
    dst: NDArray[np.int32],
    tau: NDArray[np.int32],
    priced: NDArray[np.bool_],
    item_row: NDArray[np.int32],
    n_nodes: int,
    original: NDArray[np.int64] | None = None,
) -> Lanes:
    """Lanes of class k from arcs sorted by tail, the priced last; `original` are the net's arcs."""
    ptr, mid = _bounds(src[arcs], priced[arcs], n_nodes)
    of_net = arcs if original is None else original[arcs]
    count = np.where(priced[arcs], np.diff(net.item_ptr)[of_net], 0)
    item_ptr = np.zeros(len(arcs) + 1, np.int64)
    np.cumsum(count, out=item_ptr[1:])
    begin = net.item_ptr[np.maximum(of_net, 0)]
    place = np.repeat(begin - item_ptr[:-1], count) + np.arange(item_ptr[-1])
    row, off = item_row[place], net.item_off[k, place]
    # Links of a priced arc that have no price themselves drop out.
    real = row >= 0
    before = np.zeros(len(row) + 1, np.int64)
    np.cumsum(real, out=before[1:])
    into = np.argsort(dst[arcs], kind="stable").astype(np.int32)
    return Lanes(
        ptr=ptr,
        mid=mid.astype(np.int32),
        dst=dst[arcs],
        tau=tau[arcs].astype(np.int32),
        item_ptr=before[item_ptr].astype(np.int32),
        item_row=row[real],
        item_off=off[real],
        into_ptr=np.searchsorted(dst[arcs][into], np.arange(n_nodes + 1)).astype(np.int32),
        into_arc=into,
        src=src[arcs],
        first=np.where(of_net >= 0, net.first[of_net], 0).astype(np.int32),
        last=np.where(of_net >= 0, net.last[of_net], np.iinfo(np.int32).max).astype(np.int32),
    )
