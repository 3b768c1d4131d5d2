"""The chain graph with the places where people start as nodes of their own: what prices work on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evacroute._kernels.graph import FAR
from evacroute._kernels.sweeps import BIG
from evacroute.assignment.problem import Problem


@dataclass(frozen=True, slots=True, eq=False)
class TimeNet:
    """Heads of the chain graph, then the nodes inside chains where people start.

    No arc leads to the latter. All arcs are sorted by their tail.

    Parameters
    ----------
    n_heads, n_nodes
        How many nodes are heads, and how many there are in all.
    node_index
        Node of this net for each node of the network, -1 inside chains without people.
    ptr, src, dst
        Where each node's arcs begin, and the arcs' ends.
    tau
        Walking time [slots], shape (n_classes, n_arcs), `FAR` = barred.
    way
        The arc in the words of the chain graph: its number, or -2 and -3 for the parts ahead of a
        node inside a chain.
    item_ptr, item_link
        Links of each arc in walking order.
    item_off
        Slots from entering the arc to entering the link, shape (n_classes, n_items).
    n_links
        Items from this number on are gates, see `Gates`.
    toll
        What gates charge: 0 while open, `BIG` while closed, shape (n_slots + 2, n_gates).
    settled
        Slot from which on no gate changes any more.
    first, last
        First and last slot in which each arc may be entered, shape (n_arcs,).
    shut
        Which arcs nobody may enter from then on, shape (n_arcs,).
    """

    n_heads: int
    n_nodes: int
    node_index: NDArray[np.int32]
    ptr: NDArray[np.int32]
    src: NDArray[np.int32]
    dst: NDArray[np.int32]
    tau: NDArray[np.int32]
    way: NDArray[np.int32]
    item_ptr: NDArray[np.int64]
    item_link: NDArray[np.int32]
    item_off: NDArray[np.int32]
    n_links: int
    toll: NDArray[np.float32]
    settled: int
    first: NDArray[np.int32]
    last: NDArray[np.int32]
    shut: NDArray[np.bool_]

    @property
    def n_gates(self) -> int:
        """Number of gates."""
        return int(self.toll.shape[1])

    @property
    def arc_of_item(self) -> NDArray[np.int64]:
        """Arc of each item."""
        return np.repeat(np.arange(len(self.src)), np.diff(self.item_ptr))


def build_time_net(problem: Problem) -> TimeNet:
    """Build the net of a problem."""
    graph, groups = problem.graph, problem.scenario.groups
    n_heads = len(graph.arc_ptr) - 1
    inside = np.unique(groups.node[graph.node_head[groups.node] < 0])
    node_index = graph.node_head.copy()
    node_index[inside] = n_heads + np.arange(len(inside))
    row, side = np.nonzero(graph.node_arc[inside] >= 0)
    arc = graph.node_arc[inside[row], side]
    n_arcs = len(graph.arc_from)
    first = np.concatenate([graph.seq_ptr[:-1], graph.node_pos[inside[row], side]])
    last = np.concatenate([graph.seq_ptr[1:], graph.seq_ptr[arc + 1]])
    src = np.concatenate([graph.arc_from, n_heads + row]).astype(np.int32)
    count = (last - first).astype(np.int64)
    item_ptr = np.zeros(len(src) + 1, np.int64)
    np.cumsum(count, out=item_ptr[1:])
    place = np.repeat(first - item_ptr[:-1], count) + np.arange(item_ptr[-1])
    item_link = graph.seq_link[place]
    time = graph.link_time[:, item_link]
    walked = np.where(np.isfinite(time), time, 0.0)
    # Summed arc by arc in the order of the walk, as the booking does: rounding must agree.
    before = _walked(walked, item_ptr)
    item_off = (before + graph.shift[:, None]).astype(np.int32)
    part = (
        np.add.reduceat(time[:, item_ptr[n_arcs] :], item_ptr[n_arcs:-1] - item_ptr[n_arcs], axis=1)
        if len(row)
        else np.zeros((len(time), 0))
    )
    whole = np.where(np.isfinite(part), np.floor(np.where(np.isfinite(part), part, 0) + 0.5), FAR)
    tau = np.concatenate([graph.arc_time, np.minimum(whole, FAR).astype(np.int32)], axis=1)
    parts = np.zeros((len(row), 2), np.int32)
    parts[:, 1] = problem.n_slots
    span = np.concatenate([graph.arc_span[:, :2], parts])
    toll, settled, closed = _tolls(problem)
    first_item = item_link[item_ptr[:-1]]
    behind = first_item >= problem.n_links
    shut = np.zeros(len(src), np.bool_)
    shut[behind] = closed[first_item[behind] - problem.n_links]
    return TimeNet(
        n_heads=n_heads,
        n_nodes=n_heads + len(inside),
        node_index=node_index,
        ptr=np.searchsorted(src, np.arange(n_heads + len(inside) + 1)).astype(np.int32),
        src=src,
        dst=np.concatenate([graph.arc_to, graph.arc_to[arc]]).astype(np.int32),
        tau=tau,
        way=np.concatenate([np.arange(n_arcs), -2 - side]).astype(np.int32),
        item_ptr=item_ptr,
        item_link=item_link,
        item_off=np.ascontiguousarray(item_off),
        n_links=problem.n_links,
        toll=toll,
        settled=settled,
        first=span[:, 0].copy(),
        last=span[:, 1].copy(),
        shut=shut,
    )


def _tolls(problem: Problem) -> tuple[NDArray[np.float32], int, NDArray[np.bool_]]:
    """Find what gates charge by slot, when the last changes, which are closed after that."""
    open_ = problem.gates.open_
    # Nobody enters after the deadline: the last slot lasts.
    toll = np.where(np.concatenate([open_, open_[:, -1:]], axis=1), np.float32(0), BIG).T.copy()
    changes = np.flatnonzero((open_[:, 1:] != open_[:, :-1]).any(axis=0))
    settled = int(changes[-1]) + 1 if len(changes) else 0
    return toll, settled, ~open_[:, -1]


def _walked(time: NDArray[np.float64], ptr: NDArray[np.int64]) -> NDArray[np.float64]:
    """Time walked before each item of its arc, added up from the arc's beginning."""
    out = np.zeros_like(time)
    longest = int(np.diff(ptr).max(initial=0))
    begin, count = ptr[:-1], np.diff(ptr)
    for i in range(1, longest):
        at = begin[count > i] + i
        out[:, at] = out[:, at - 1] + time[:, at - 1]
    return out
