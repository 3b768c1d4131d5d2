"""Merge chains of degree-2 nodes into arcs, and lay the network on the time grid."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from evacroute._kernels.graph import ARC, EXACT, FAR, FIRST, ITEM, LAST, TO, TOOK, Graph
from evacroute._kernels.walking import walk_chains
from evacroute.assignment.gates import Gates
from evacroute.network import Network

HAIR = 1e-6
"""Slots by which times are taken for whole, so that sums of tenths do not fall short."""


SLOWER = 3
"""`Graph.slower` where streets change: an eighth. On Venice in a rising flood people are placed in
two thirds of the looks at heads, on ways that take 0.2 % longer at the most."""


def build_graph(
    network: Network,
    walk_seconds: NDArray[np.float64],
    shelter_node: NDArray[np.int32],
    step: float,
    passes: NDArray[np.bool_],
    link_every: NDArray[np.int32],
    unit: NDArray[np.int32],
    gates: Gates,
) -> Graph:
    """Build the chain graph of a network for given classes, shelters and step.

    A node is inside a chain where exactly two neighbours are joined to it by one link each way and
    no shelter stands there; all others are heads, and so are the ends of links that change over
    time. An arc's walking time is the sum over its links, rounded to the nearest slot, at least
    one.

    Parameters
    ----------
    network
        The streets.
    walk_seconds
        Walking times [s], shape (n_classes, n_links), inf = barred.
    shelter_node
        Node of each shelter, shape (n_shelters,).
    step
        Length of a slot [s].
    passes
        Which links let anyone in at all, shape (n_links,).
    link_every
        Slots between entries to a link, shape (n_links,).
    unit
        Units of street capacity that a person of each class takes.
    gates
        Links that change over time.
    """
    open_ = np.isfinite(walk_seconds).any(axis=0) & passes
    inside, ahead = _inside(network, open_, shelter_node, gates.varying)
    from_, to = network.from_node, network.to_node
    steady = open_ & ~gates.varying
    start = np.flatnonzero(steady & ~inside[from_])
    start = start[np.argsort(from_[start], kind="stable")].astype(np.int32)
    seq_ptr = np.zeros(len(start) + 1, np.int32)
    seq_link = np.empty(int(steady.sum()), np.int32)
    walk_chains(start, from_, to, inside, ahead, seq_ptr, seq_link)
    seq_link = seq_link[: seq_ptr[-1]]
    link_time = np.where(open_, walk_seconds, np.inf) / step
    arc_walk = arc_totals(link_time, seq_ptr, seq_link)
    open_[gates.ferries] = passes[gates.ferries]
    link_time[:, gates.ferries] = 0.0
    seq_ptr, seq_link, source = _with_copies(network, seq_ptr, seq_link, gates, open_)
    arc_walk = np.concatenate([arc_walk, gates.time], axis=1)[:, source]
    return _assemble(
        network, inside, seq_ptr, seq_link, link_time, arc_walk, round_times(arc_walk),
        shelter_node, link_every, unit, gates,
    )  # fmt: skip


def _with_copies(
    network: Network,
    seq_ptr: NDArray[np.int32],
    seq_link: NDArray[np.int32],
    gates: Gates,
    open_: NDArray[np.bool_],
) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int64]]:
    """Add the copies of links that change as arcs of gate, chair and link, sorted by tail.

    Returns
    -------
    tuple
        Where each arc's links begin, its links, and which it was among the arcs given and, after
        those, the copies.
    """
    from_, n_links, n_arcs = network.from_node, network.n_links, len(seq_ptr) - 1
    some = np.flatnonzero(open_[gates.link])
    chair = gates.chair[some]
    parts = np.column_stack(
        [n_links + gates.gate[some], n_links + gates.n_gates + chair, gates.link[some]]
    ).astype(np.int32)
    real = np.column_stack([chair >= -1, chair >= 0, chair >= -1])
    first = np.concatenate([seq_link[seq_ptr[:-1]], gates.link[some]])
    # Copies of a link side by side, those open first before the others.
    link = np.concatenate([np.full(n_arcs, -1), gates.link[some]])
    opens = np.concatenate(
        [np.zeros(n_arcs, np.int64), gates.open_.argmax(axis=1)[gates.gate[some]]]
    )
    order = np.lexsort((opens, link, from_[first]))
    each = real.sum(axis=1)
    count = np.concatenate([np.diff(seq_ptr), each])
    begin = np.concatenate([seq_ptr[:-1], len(seq_link) + np.cumsum(each) - each])
    every = np.concatenate([seq_link, parts[real]])
    ptr = np.zeros(len(order) + 1, np.int32)
    np.cumsum(count[order], out=ptr[1:])
    at = np.repeat(begin[order] - ptr[:-1], count[order]) + np.arange(ptr[-1])
    return ptr, every[at], np.concatenate([np.arange(n_arcs), n_arcs + some])[order]


def first_links(
    seq_ptr: NDArray[np.int32], seq_link: NDArray[np.int32], n_links: int
) -> NDArray[np.int32]:
    """First link of each arc, behind its gate and chair if it has them."""
    first = seq_ptr[:-1]
    for _ in range(2):
        first = first + (seq_link[first] >= n_links)
    return np.asarray(seq_link[first])


def graph_of_arcs(
    network: Network,
    walk_seconds: NDArray[np.float64],
    shelter_node: NDArray[np.int32],
    step: float,
    passes: NDArray[np.bool_],
    link_every: NDArray[np.int32],
    unit: NDArray[np.int32],
    arcs: tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int32]],
    gates: Gates,
) -> Graph:
    """Build a chain graph on arcs that are known, such as those of a plan that goes on.

    Streets that have been closed since bar the arcs they are in; the nodes beside them stay heads,
    so that the times of all other arcs hold. An arc of which a link changes over time, or is walked
    at another pace than before, is taken apart.

    Parameters
    ----------
    network, walk_seconds, shelter_node, step, passes, link_every, unit, gates
        As for `build_graph`.
    arcs
        Where each arc's links begin, its links, and its whole times by class (`FAR` = barred),
        those of links that changed over time before left out. Classes beyond those known get times
        to the nearest.
    """
    open_ = np.isfinite(walk_seconds).any(axis=0) & passes
    link_time = np.where(open_, walk_seconds, np.inf) / step
    seq_ptr, seq_link, arc_time = _taken_apart(network, arcs, link_time, open_, gates)
    inside = np.zeros(network.n_nodes, bool)
    last = np.zeros(len(seq_link), bool)
    last[seq_ptr[1:] - 1] = True
    inside[network.to_node[seq_link[~last]]] = True
    arc_walk = arc_totals(link_time, seq_ptr, seq_link)
    arc_time = np.where(arc_walk >= FAR, FAR, arc_time).astype(np.int32)
    open_[gates.ferries] = passes[gates.ferries]
    link_time[:, gates.ferries] = 0.0
    seq_ptr, seq_link, source = _with_copies(network, seq_ptr, seq_link, gates, open_)
    arc_walk = np.concatenate([arc_walk, gates.time], axis=1)[:, source]
    arc_time = np.concatenate([arc_time, round_times(gates.time)], axis=1)[:, source]
    return _assemble(
        network, inside, seq_ptr, seq_link, link_time, arc_walk, arc_time, shelter_node,
        link_every, unit, gates,
    )  # fmt: skip


def _taken_apart(
    network: Network,
    arcs: tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int32]],
    link_time: NDArray[np.float64],
    open_: NDArray[np.bool_],
    gates: Gates,
) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int32]]:
    """Take arcs apart that do not hold any more, and add what has no arc; sorted by tail."""
    ptr, links, known = arcs
    new = round_times(arc_totals(link_time[len(known) :], ptr, links))
    time = np.concatenate([known, new])
    total = arc_totals(link_time, ptr, links)
    off = np.abs(np.where(total < FAR, total, 0) - np.where(total < FAR, time, 0)) > 1 + HAIR
    starts = ptr[:-1]
    varies = np.logical_or.reduceat(gates.varying[links], starts) if len(starts) else off[0]
    broken = varies | (off & (time < FAR)).any(axis=0)
    each = np.diff(ptr)
    inner = np.ones(len(links), bool)
    inner[ptr[1:] - 1] = False
    while True:
        in_whole = np.repeat(~broken, each)
        used = np.zeros(network.n_links, bool)
        used[links[in_whole]] = True
        # Streets that were closed stay in their arcs; the rest stands alone.
        alone = np.flatnonzero(~used & ~gates.varying & open_)
        # What begins or ends inside an arc, such as the way back, parts it too.
        apart = np.concatenate([alone, np.flatnonzero(gates.varying)])
        head = np.zeros(network.n_nodes, bool)
        head[network.from_node[apart]] = head[network.to_node[apart]] = True
        crossed = inner & in_whole & head[network.to_node[links]]
        if not crossed.any():
            break
        broken = broken | np.logical_or.reduceat(crossed, starts)
    whole = np.flatnonzero(~broken)
    count = np.concatenate([each[whole], np.ones(len(alone), np.int64)])
    every = np.concatenate([links[in_whole], alone]).astype(np.int32)
    begin = np.cumsum(count) - count
    single = round_times(link_time[:, alone])
    times = np.concatenate([time[:, whole], single], axis=1)
    order = np.argsort(network.from_node[every[begin]], kind="stable")
    out = np.zeros(len(order) + 1, np.int32)
    np.cumsum(count[order], out=out[1:])
    at = np.repeat(begin[order] - out[:-1], count[order]) + np.arange(out[-1])
    return out, every[at], times[:, order].astype(np.int32)


def _assemble(
    network: Network,
    inside: NDArray[np.bool_],
    seq_ptr: NDArray[np.int32],
    seq_link: NDArray[np.int32],
    link_time: NDArray[np.float64],
    arc_walk: NDArray[np.float64],
    arc_time: NDArray[np.int32],
    shelter_node: NDArray[np.int32],
    link_every: NDArray[np.int32],
    unit: NDArray[np.int32],
    gates: Gates,
) -> Graph:
    """Put a graph together from arcs that are sorted by head."""
    link_time = np.concatenate([link_time, np.zeros((len(unit), gates.n_rows))], axis=1)
    span = _spans(seq_ptr, seq_link, network.n_links, gates)
    head_nodes = np.flatnonzero(~inside)
    node_head = np.full(network.n_nodes, -1, np.int32)
    node_head[head_nodes] = np.arange(len(head_nodes))
    arc_from = node_head[network.from_node[first_links(seq_ptr, seq_link, network.n_links)]]
    arc_to = node_head[network.to_node[seq_link[seq_ptr[1:] - 1]]]
    heads = np.arange(len(head_nodes) + 1)
    into_arc = np.argsort(arc_to, kind="stable").astype(np.int32)
    shelter_head = node_head[shelter_node]
    door = np.argsort(shelter_head, kind="stable").astype(np.int32)
    node_arc, node_pos = _places(network, inside, seq_ptr, seq_link)
    graph = Graph(
        arc_ptr=np.searchsorted(arc_from, heads).astype(np.int32),
        arc_from=arc_from,
        arc_to=arc_to,
        # Picked by column they come out column by column, for which kernels are compiled anew.
        arc_time=np.ascontiguousarray(arc_time),
        arc_walk=np.ascontiguousarray(arc_walk),
        arc_span=span,
        twin=twins(seq_ptr, seq_link),
        row=None,
        row_ptr=None,
        into_ptr=np.searchsorted(arc_to[into_arc], heads).astype(np.int32),
        into_arc=into_arc,
        seq_ptr=seq_ptr,
        seq_link=seq_link,
        link_time=link_time.astype(np.float64),
        link_every=link_every,
        unit=unit,
        least=int(unit.min(initial=1 << 20)),
        shift=np.full(len(link_time), HAIR),
        slower=SLOWER if np.isin(gates.link, gates.ferries, invert=True).any() else EXACT,
        node_head=node_head,
        node_arc=node_arc,
        node_pos=node_pos,
        door_ptr=np.searchsorted(shelter_head[door], heads).astype(np.int32),
        door_shelter=door,
        shelter_head=shelter_head.astype(np.int32),
    )
    return with_rows(graph)


def twins(seq_ptr: NDArray[np.int32], seq_link: NDArray[np.int32]) -> NDArray[np.int32]:
    """Find `Graph.twin`: nothing but a copy ends with the same link as another arc."""
    last = seq_link[seq_ptr[1:] - 1]
    begin = np.flatnonzero(np.diff(last, prepend=-1))
    end = np.append(begin[1:], len(last))[: len(begin)]
    return np.repeat(np.column_stack([begin, end]), end - begin, axis=0).astype(np.int32)


def _spans(
    seq_ptr: NDArray[np.int32], seq_link: NDArray[np.int32], n_links: int, gates: Gates
) -> NDArray[np.int32]:
    """Find `Graph.arc_span`."""
    n_slots = gates.open_.shape[1] - 1
    span = np.empty((len(seq_ptr) - 1, 3), np.int32)
    span[:] = 0, n_slots, 0
    if not gates.n_gates:
        return span
    of_gate = np.empty((gates.n_gates, 3), np.int32)
    of_gate[:, 0] = gates.open_.argmax(axis=1)
    of_gate[:, 1] = n_slots - gates.open_[:, ::-1].argmax(axis=1)
    of_gate[:, 2] = gates.open_.sum(axis=1) == of_gate[:, 1] - of_gate[:, 0] + 1
    of_gate[gates.seats[:, 2], 2] = 0
    gate = seq_link[seq_ptr[:-1]] - n_links
    span[gate >= 0] = of_gate[gate[gate >= 0]]
    return span


def round_times(arc_walk: NDArray[np.float64]) -> NDArray[np.int32]:
    """Whole slots to walk each arc, at least 1, `FAR` where barred; shape (classes, arcs)."""
    finite = arc_walk < FAR
    slots = np.floor(np.where(finite, arc_walk, 0) + 0.5)
    return np.where(finite, np.maximum(1, slots), FAR).astype(np.int32)


def with_rows(graph: Graph) -> Graph:
    """Lay out what searches ask: `Graph.row` and `Graph.row_ptr`, from the rest of a graph."""
    class_, arc = np.nonzero(graph.arc_time < FAR)
    row = np.empty((len(arc), 6), np.int32)
    row[:, TO] = graph.arc_to[arc]
    row[:, TOOK] = graph.arc_time[class_, arc]
    # First and last slot say all that the gate of such an arc would.
    bare = graph.arc_span[:, 2]
    item = graph.seq_link[graph.seq_ptr[:-1] + bare]
    row[:, ITEM] = np.where(np.diff(graph.seq_ptr) - bare > 1, ~item, item)[arc]
    row[:, FIRST : LAST + 1] = graph.arc_span[arc, :2]
    row[:, ARC] = arc
    n_classes, n_heads = len(graph.arc_time), len(graph.arc_ptr) - 1
    counts = np.bincount(class_ * n_heads + graph.arc_from[arc], minlength=n_classes * n_heads)
    upto = np.append(0, np.cumsum(counts))
    ptr = upto[np.arange(n_classes)[:, None] * n_heads + np.arange(n_heads + 1)]
    return graph._replace(row=row, row_ptr=ptr.astype(np.int32))


def arc_totals(
    link_time: NDArray[np.float64], seq_ptr: NDArray[np.int32], seq_link: NDArray[np.int32]
) -> NDArray[np.float64]:
    """Slots to walk each arc, not rounded, shape (classes, arcs)."""
    if not len(seq_link):
        return np.zeros((len(link_time), 0))
    return np.asarray(np.add.reduceat(link_time[:, seq_link], seq_ptr[:-1], axis=1))


def _inside(
    network: Network,
    open_: NDArray[np.bool_],
    shelter_node: NDArray[np.int32],
    varying: NDArray[np.bool_],
) -> tuple[NDArray[np.bool_], NDArray[np.int32]]:
    """Which nodes are inside chains, and the two links out of each (else -1)."""
    links = np.flatnonzero(open_)
    from_, to = network.from_node[links], network.to_node[links]
    n = network.n_nodes
    out_degree = np.bincount(from_, minlength=n)
    in_degree = np.bincount(to, minlength=n)
    inside = (out_degree == 2) & (in_degree == 2)
    inside[shelter_node] = False
    inside[from_[from_ == to]] = False
    inside[network.from_node[varying]] = inside[network.to_node[varying]] = False

    def two(end: NDArray[np.int32]) -> NDArray[np.int32]:
        """Find the two links at each inside node, by its `end`."""
        found = np.full((n, 2), -1, np.int32)
        mine = links[inside[end]]
        node = end[inside[end]]
        order = np.argsort(node, kind="stable")
        node, mine = node[order], mine[order]
        nth = np.arange(len(node)) - np.searchsorted(node, node)
        found[node, nth] = mine
        return found

    ahead, behind = two(from_), two(to)
    # Both neighbours distinct, and the links in come from the same two.
    goes = np.sort(network.to_node[ahead], axis=1)
    comes = np.sort(network.from_node[behind], axis=1)
    inside &= (goes[:, 0] != goes[:, 1]) & (goes == comes).all(axis=1)
    # A ring of inside nodes has no head: give it one.
    return _with_heads(network, inside, ahead), ahead


def _with_heads(
    network: Network, inside: NDArray[np.bool_], ahead: NDArray[np.int32]
) -> NDArray[np.bool_]:
    """Make one node of every closed ring of inside nodes a head."""
    node = np.flatnonzero(inside)
    if not len(node):
        return inside
    n = network.n_nodes
    neighbour = network.to_node[ahead[node]]
    tail = np.repeat(node, 2)
    _, part = connected_components(
        coo_matrix((np.ones(len(tail), np.int8), (tail, neighbour.ravel())), shape=(n, n)),
        directed=False,
    )
    with_head = np.zeros(part.max() + 1, bool)
    with_head[part[neighbour[~inside[neighbour]]]] = True
    ring = node[~with_head[part[node]]]
    inside = inside.copy()
    inside[ring[np.unique(part[ring], return_index=True)[1]]] = False
    return inside


def _places(
    network: Network,
    inside: NDArray[np.bool_],
    seq_ptr: NDArray[np.int32],
    seq_link: NDArray[np.int32],
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """For nodes inside a chain, the two arcs through them and where the part ahead begins."""
    node_arc = np.full((network.n_nodes, 2), -1, np.int32)
    node_pos = np.full((network.n_nodes, 2), -1, np.int32)
    arc_of = np.repeat(np.arange(len(seq_ptr) - 1), np.diff(seq_ptr))
    real = seq_link < network.n_links
    node = network.from_node[np.where(real, seq_link, 0)]
    place = np.flatnonzero(inside[node] & real)
    order = np.argsort(node[place], kind="stable")
    place = place[order]
    node = node[place]
    nth = np.arange(len(node)) - np.searchsorted(node, node)
    node_arc[node, nth] = arc_of[place]
    node_pos[node, nth] = place
    return node_arc, node_pos
