"""Large cities in overlapping regions: a few shelters each, and the streets round them.

A table of the walking times from everywhere to every shelter grows with the square of the city, yet
nobody walks from one end to the other. So shelters that lie together make a region with the heads
nearest to them, and whoever goes to one of them is routed on a graph of the region alone. All
regions share the reservation tables.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evacroute._kernels.graph import FAR, Graph
from evacroute._kernels.hopes import fill_hopes
from evacroute._kernels.walking import grow
from evacroute.assignment.chains import twins, with_rows
from evacroute.assignment.problem import Problem
from evacroute.assignment.soonest import no_hopes
from evacroute.units import to_metres

MOST_SHELTERS = 16
"""Shelters in a region at most."""

OVERLAP = 6.0
"""Heads in a region for each head there is to its shelters; at 1 regions would hardly overlap.

At 3 one shelter of a tiled city was left with a single bridge to queue at (mean + 1 %)."""


@dataclass(frozen=True, slots=True, eq=False)
class Region:
    """Shelters that lie together and the streets round them.

    Parameters
    ----------
    shelters, heads, arcs, nodes
        What belongs to it, positions in the whole, ascending.
    graph
        Of the region, numbered from 0 but for links, without walking times.
    """

    shelters: NDArray[np.int64]
    heads: NDArray[np.int64]
    arcs: NDArray[np.int64]
    nodes: NDArray[np.int64]
    graph: Graph

    def for_class(
        self, whole: Graph, k: int, shelters: NDArray[np.int64], extra: NDArray[Any] | None = None
    ) -> Graph:
        """Graph of the region for one class and some of its shelters.

        Parameters
        ----------
        whole
            The graph of the whole city.
        k
            The class; it is class 0 of the graph returned.
        shelters
            Positions in the whole; they are numbered from 0.
        extra
            Added to the arcs' times [slots], shape (n_arcs of the whole,).
        """
        time = whole.arc_time[k, self.arcs]
        if extra is not None:
            time = np.where(time < FAR, time + extra[self.arcs], FAR).astype(np.int32)
        time = time[None]
        g = self.graph
        n_heads = len(self.heads)
        shelter_head = np.searchsorted(self.heads, whole.shelter_head[shelters]).astype(np.int32)
        door = np.argsort(shelter_head, kind="stable").astype(np.int32)
        graph = g._replace(
            arc_time=time,
            arc_walk=whole.arc_walk[k : k + 1, self.arcs],
            link_time=whole.link_time[k : k + 1],
            unit=whole.unit[k : k + 1],
            shift=whole.shift[k : k + 1],
            door_ptr=np.searchsorted(shelter_head[door], np.arange(n_heads + 1)).astype(np.int32),
            door_shelter=door,
            shelter_head=shelter_head,
        )
        return with_rows(graph)

    def local(self, node: NDArray[np.int32]) -> NDArray[np.int32]:
        """Positions of nodes in the region, -1 where they are not in it."""
        at = np.minimum(np.searchsorted(self.nodes, node), len(self.nodes) - 1)
        return np.where(self.nodes[at] == node, at, -1).astype(np.int32)


@dataclass(frozen=True, slots=True, eq=False)
class Regions:
    """All regions of a city.

    Parameters
    ----------
    regions
        They share heads, but no shelter.
    of_shelter
        Region of each shelter, shape (n_shelters,).
    """

    regions: tuple[Region, ...]
    of_shelter: NDArray[np.int64]


def make_regions(problem: Problem) -> Regions:
    """Cut the city into regions: every head lies in that of its nearest shelter at least."""
    graph, shelters = problem.graph, problem.scenario.shelters
    n_heads, n_shelters = len(graph.arc_ptr) - 1, len(graph.shelter_head)
    of_shelter = _clusters(*to_metres(shelters.lon, shelters.lat, problem.scenario.network.origin))
    quickest = graph.arc_time.min(axis=0)
    plain = graph._replace(arc_time=quickest[None])
    hopes = no_hopes(plain)
    hopes.is_open[:] = True
    fill_hopes(plain, 0, np.zeros(n_shelters, np.int32), hopes)
    of_head = np.where(hopes.owner[0] >= 0, of_shelter[hopes.owner[0]], -1)
    maker = _Maker(problem)
    least = np.full(n_heads, FAR, np.int32)
    regions = []
    for r in range(int(of_shelter.max()) + 1):
        mine = np.flatnonzero(of_shelter == r)
        share = int(np.ceil(OVERLAP * n_heads * len(mine) / n_shelters))
        near = np.empty(min(share, n_heads), np.int32)
        n = grow(graph, quickest, graph.shelter_head[mine], least, hopes.heap, near)
        cell = np.flatnonzero(of_head == r)
        # One arc further, so that the nodes inside the arcs of the cell belong to it too.
        beyond = graph.arc_to[_ranges(graph.arc_ptr, cell)]
        regions.append(maker.region(mine, np.unique(np.concatenate([near[:n], cell, beyond]))))
    return Regions(tuple(regions), of_shelter)


def _clusters(x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.int64]:
    """Halve the shelters across their longer side until few enough are left in each part."""
    cluster = np.empty(len(x), np.int64)
    todo, n = [np.arange(len(x))], 0
    while todo:
        some = todo.pop()
        if len(some) <= MOST_SHELTERS:
            cluster[some] = n
            n += 1
            continue
        side = x[some] if np.ptp(x[some]) >= np.ptp(y[some]) else y[some]
        order = some[np.argsort(side, kind="stable")]
        todo += [order[len(order) // 2 :], order[: len(order) // 2]]
    return cluster


def _ranges(ptr: NDArray[np.int32], which: NDArray[np.int64]) -> NDArray[np.int64]:
    """All positions ptr[i] to ptr[i + 1] of the given rows, one row after another."""
    begin, count = ptr[which].astype(np.int64), ptr[which + 1] - ptr[which]
    total = np.cumsum(count)
    n = int(total[-1]) if len(total) else 0
    return np.repeat(begin - (total - count), count) + np.arange(n)


class _Maker:
    """Cuts regions out of the whole; keeps the arrays that translate positions."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        graph = problem.graph
        self.new_head = np.full(len(graph.arc_ptr) - 1, -1, np.int32)
        self.new_arc = np.full(len(graph.arc_from), -1, np.int32)
        self.head_node = np.empty(len(graph.arc_ptr) - 1, np.int64)
        node = np.flatnonzero(graph.node_head >= 0)
        self.head_node[graph.node_head[node]] = node

    def region(self, shelters: NDArray[np.int64], heads: NDArray[np.int64]) -> Region:
        """Cut out some heads and all arcs between them."""
        graph, from_node = self.problem.graph, self.problem.scenario.network.from_node
        n_heads = len(heads)
        new_head, new_arc = self.new_head, self.new_arc
        new_head[heads] = np.arange(n_heads)
        arcs = _ranges(graph.arc_ptr, heads)
        arcs = arcs[new_head[graph.arc_to[arcs]] >= 0]
        new_arc[arcs] = np.arange(len(arcs))
        arc_from, arc_to = new_head[graph.arc_from[arcs]], new_head[graph.arc_to[arcs]]
        into = np.argsort(arc_to, kind="stable").astype(np.int32)
        count = graph.seq_ptr[arcs + 1] - graph.seq_ptr[arcs]
        seq_ptr = np.zeros(len(arcs) + 1, np.int32)
        np.cumsum(count, out=seq_ptr[1:])
        seq_link = graph.seq_link[_ranges(graph.seq_ptr, arcs)]
        first = np.zeros(len(seq_link), np.bool_)
        first[seq_ptr[:-1]] = True
        inner = seq_link[~first & (seq_link < len(from_node))]
        nodes = np.unique(np.concatenate([self.head_node[heads], from_node[inner]]))
        beside = graph.node_arc[nodes]
        node_arc = np.where(beside >= 0, new_arc[beside], -1).astype(np.int32)
        ahead = graph.node_pos[nodes] - graph.seq_ptr[np.maximum(beside, 0)]
        node_pos = np.where(node_arc >= 0, seq_ptr[np.maximum(node_arc, 0)] + ahead, -1)
        node_head = graph.node_head[nodes]
        every = np.arange(n_heads + 1)
        small = Graph(
            arc_ptr=np.searchsorted(arc_from, every).astype(np.int32),
            arc_from=arc_from,
            arc_to=arc_to,
            arc_time=None,
            arc_walk=None,
            arc_span=graph.arc_span[arcs],
            twin=twins(seq_ptr, seq_link),
            row=None,
            row_ptr=None,
            into_ptr=np.searchsorted(arc_to[into], every).astype(np.int32),
            into_arc=into,
            seq_ptr=seq_ptr,
            seq_link=seq_link,
            link_time=None,
            link_every=graph.link_every,
            unit=None,
            least=graph.least,
            shift=None,
            slower=graph.slower,
            node_head=np.where(node_head >= 0, new_head[node_head], -1).astype(np.int32),
            node_arc=node_arc,
            node_pos=node_pos.astype(np.int32),
            door_ptr=None,
            door_shelter=None,
            shelter_head=None,
        )
        new_head[heads] = -1
        new_arc[arcs] = -1
        return Region(shelters, heads, arcs, nodes, small)
