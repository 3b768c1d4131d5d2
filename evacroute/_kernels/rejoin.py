"""Take up a timetable again: its legs as arcs of the graph, booked where there is still room."""

from __future__ import annotations

from typing import Any

import numba as nb
import numpy as np

from evacroute._kernels.exchange import IN, put
from evacroute._kernels.graph import FAR
from evacroute._kernels.place import withdraw
from evacroute._kernels.route import book, wait_at_origin
from evacroute._kernels.spans import span, way_time


@nb.njit(cache=True, nogil=True)
def find_arcs(
    graph: Any, first_arc: Any, next_arc: Any, opened: Any, to_node: Any, node: Any, class_: Any,
    begin: Any, end: Any, link: Any, enter: Any, leave: Any, arc: Any, slot: Any, count: Any,
) -> None:  # fmt: skip
    """Turn the legs of movements into arcs, one after another in `arc` and `slot`.

    Parameters
    ----------
    first_arc, next_arc
        First arc that begins with each link, -1 = none, and the next after an arc.
    opened
        Whether gates are open, shape (n_gates, n_slots + 1); they are numbered after the links.
    to_node
        Node at the end of each link.
    node, class_, begin, end
        Where each movement stands, its class and its legs, shape (n,).
    link, enter, leave
        Of each leg, in slots.
    count
        Filled with the arcs of each movement, -1 where its legs are no ways of the graph at the
        graph's times.
    """
    at = 0
    n_links = len(first_arc)
    for i in range(len(node)):
        k, u, p, n = np.int64(class_[i]), np.int64(node[i]), begin[i], 0
        good = True
        while good and p < end[i]:
            code = -1
            if graph.node_head[u] >= 0:
                code = first_arc[link[p]]
                while code >= 0:
                    gate = graph.seq_link[graph.seq_ptr[code]] - n_links
                    took = graph.arc_time[k, code]
                    open_ = gate < 0 or (enter[p] >= 0 and opened[gate, enter[p]])
                    if open_ and (gate < 0 or leave[p] == enter[p] + took):
                        break
                    code = next_arc[code]
            else:
                for side in range(2):
                    a = graph.node_arc[u, side]
                    if a >= 0 and graph.seq_link[graph.node_pos[u, side]] == link[p]:
                        code = -2 - side
            if code == -1:
                good = False
                break
            first, last = span(graph, u, np.int32(code))
            took, t = way_time(graph, k, u, np.int32(code)), enter[p]
            while graph.seq_link[first] >= n_links:
                first += 1
            if took >= FAR or end[i] - p < last - first:
                good = False
                break
            walked = 0.0
            for q in range(first, last):
                j = p + q - first
                same = graph.seq_link[q] == link[j] and enter[j] == t + int(walked + graph.shift[k])
                good = good and same
                walked += graph.link_time[k, graph.seq_link[q]]
            p += last - first
            good = good and leave[p - 1] == t + took and (p == end[i] or enter[p] >= leave[p - 1])
            arc[at + n], slot[at + n] = code, t
            n += 1
            u = np.int64(to_node[link[p - 1]])
        count[i] = n if good else -1
        if good:
            at += n


@nb.njit(cache=True, nogil=True)
def put_if_free(booked: Any, places: Any, begin: int, class_: Any, put_in: Any) -> None:
    """Book the movements from `begin` on that find everything free, in order; marks which."""
    for x in range(begin, booked.count[0]):
        z, s, k = booked.size[x], booked.shelter[x], class_[booked.group[x]]
        units = z * places.unit[k]
        free = places.room[s] >= z and places.intake[s, booked.admitted[x]] >= z
        if places.step_free[k]:
            free = free and places.free_room[s] >= z
        for i in range(booked.item_ptr[x], booked.item_ptr[x] + booked.item_count[x]):
            free = free and places.link[booked.link[i], booked.when[i]] >= units
        put_in[x - begin] = free
        if free:
            put(booked, places, x, k, IN)


@nb.njit(cache=True, nogil=True)
def book_and_settle(
    graph: Any, free: Any, work: Any, store: Any, node: Any, class_: Any, step_free: Any, still: Any
) -> None:
    """Book all movements, then move the waits of those not `still` back towards their origins."""
    for i in range(store.count[0]):
        g, first, last = store.group[i], store.ptr[i], store.ptr[i + 1]
        k = np.int64(class_[g])
        book(
            graph, free, np.int64(node[g]), k, store.arc[first:last], store.slot[first:last],
            last - first, np.int64(store.shelter[i]), np.int64(store.admitted[i]),
            np.int64(store.size[i]), step_free[k],
        )  # fmt: skip
    for i in range(store.count[0]):
        if still[i]:
            continue
        g, size = store.group[i], np.int64(store.size[i])
        shelter, admitted = np.int64(store.shelter[i]), np.int64(store.admitted[i])
        first, n = store.ptr[i], store.ptr[i + 1] - store.ptr[i]
        u, k = np.int64(node[g]), np.int64(class_[g])
        withdraw(graph, free, store, u, k, step_free[k], i)
        store.size[i] = size
        for j in range(n):
            work.path_arc[n - 1 - j] = store.arc[first + j]
            work.path_slot[n - 1 - j] = store.slot[first + j]
        wait_at_origin(graph, free, work, u, k, admitted, n, size)
        for j in range(n):
            store.slot[first + j] = work.path_slot[n - 1 - j]
        book(
            graph, free, u, k, work.path_arc, work.path_slot, n, shelter, admitted, size,
            step_free[k],
        )  # fmt: skip
