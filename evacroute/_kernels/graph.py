"""The chain graph that the search kernels walk: junctions (heads) joined by arcs of links."""

from __future__ import annotations

from typing import Any, NamedTuple

FAR = 1 << 28
"""More slots than any way takes: 'cannot be reached'."""

EXACT = 31
"""`Graph.slower` where what remains is that of the streets as they are."""

LABEL, STAMP, CLOSED, VIA_ROW, VIA_SLOT = range(5)
"""Columns of `Work.head`."""

TO, TOOK, ITEM, FIRST, LAST, ARC = range(6)
"""Columns of `Graph.row`."""


class Graph(NamedTuple):
    """Chains of degree-2 nodes merged into arcs, in slots of the time grid.

    Attributes
    ----------
    arc_ptr
        Where each head's arcs begin, shape (n_heads + 1,).
    arc_from, arc_to
        Heads, shape (n_arcs,).
    arc_time
        Walking time [slots], shape (n_classes, n_arcs); `FAR` where the class cannot pass.
    arc_walk
        The same, not rounded, inf = barred.
    arc_span
        First and last slot in which each arc may be entered, and 1 where it stands behind a gate
        that lets everyone in between those; shape (n_arcs, 3).
    twin
        Copies of a link stand side by side: the first of those an arc is one of, and the arc behind
        the last; shape (n_arcs, 2).
    row, row_ptr
        What a search asks of the arcs that a class can pass, side by side: head it leads to,
        walking time, the item to look at (~item where there are others), first and last slot in
        which it may be entered, and which arc it is; shape (n_rows, 6), columns `TO` to `ARC`. The
        rows of a class and head begin at `row_ptr`, shape (n_classes, n_heads + 1).
    into_ptr, into_arc
        The arcs into each head, shapes (n_heads + 1,) and (n_arcs,).
    seq_ptr, seq_link
        The links of each arc, in walking order. Numbers from those of the links on are gates, which
        take no time and stand before a link that changes over time.
    link_time
        Walking time of each link [slots, not rounded], shape (n_classes, n_links + n_gates), inf =
        barred. Not for links behind a gate: there the arc has its own.
    link_every
        At least so many slots lie between entries to a link, 1 but for links that pass less than
        one person a slot, shape (n_links + n_gates,).
    unit, least
        Units of street capacity that a person takes, shape (n_classes,), and the least of them.
    shift
        Added to the time walked in an arc before the entry to a link is cut to whole slots,
        shape (n_classes,): just above 0, so that rounding errors do not bring an entry forward.
    slower
        Where streets change over time, the best pace there ever is says too little of what remains:
        that and its 2**-`slower`-th part are likely. `EXACT` where none change.
    node_head
        Head of each node, -1 inside a chain, shape (n_nodes,).
    node_arc, node_pos
        For a node inside a chain: the arcs through it and the place in `seq_link` where the part
        ahead begins, shape (n_nodes, 2), -1 = none.
    door_ptr, door_shelter
        The shelters at each head, shapes (n_heads + 1,) and (n_shelters,).
    shelter_head
        The head of each shelter, shape (n_shelters,).
    """

    arc_ptr: Any
    arc_from: Any
    arc_to: Any
    arc_time: Any
    arc_walk: Any
    arc_span: Any
    twin: Any
    row: Any
    row_ptr: Any
    into_ptr: Any
    into_arc: Any
    seq_ptr: Any
    seq_link: Any
    link_time: Any
    link_every: Any
    unit: Any
    least: Any
    shift: Any
    slower: Any
    node_head: Any
    node_arc: Any
    node_pos: Any
    door_ptr: Any
    door_shelter: Any
    shelter_head: Any


class Free(NamedTuple):
    """What is still free: the reservation tables.

    Attributes
    ----------
    link
        Units that may still enter, shape (n_links + n_gates, n_slots + 1).
    full
        A bit for each link and slot, set where `link` is less than
        the least unit of a class; words of 32 bits.
    intake
        Persons a shelter may still admit, shape (n_shelters, n_slots + 1).
    room, step_free_room
        Places left, shape (n_shelters,).
    """

    link: Any
    full: Any
    intake: Any
    room: Any
    step_free_room: Any


class Work(NamedTuple):
    """Scratch of a search: labels by head, and the heap.

    Attributes
    ----------
    head
        One row a head, so that a search touches one line of the cache: arrival slot, the search
        that set it, whether it was settled since, the row by which it was reached (-1 = origin,
        -2 and -3 = the partial chains ahead of the origin) and when that was entered;
        shape (n_heads, 8), columns `LABEL` to `VIA_SLOT`.
    settled
        The heads settled by the last search.
    heap
        The heap.
    path_arc, path_slot, path_row
        The way found, last arc first; rows of `Graph.row` only where it was searched for.
    counter
        [0] searches so far, [1] heads settled so far, [2] searches given up with a full heap.
    """

    head: Any
    settled: Any
    heap: Any
    path_arc: Any
    path_slot: Any
    path_row: Any
    counter: Any
