"""One person's ways to all shelters, and what is hardest on each."""

from __future__ import annotations

from typing import Any

import numba as nb
import numpy as np

from evacroute._kernels.borrow import borrowed
from evacroute._kernels.crowd import Streets
from evacroute._kernels.crowd_fields import PER_SECOND, factor_now, shut_after
from evacroute._kernels.heap import NODE_BITS, pop, push
from evacroute._kernels.trips import Outlook, Trips

QUEUE, CLOSING = range(2)
"""Columns that `hardest` fills."""


@nb.njit(cache=True, nogil=True)
def fill_from(
    streets: Streets, class_: int, pace: float, pace_steps: float, node: int, depart: float,
    heap: Any, out: Any, behind: Any,
) -> None:  # fmt: skip
    """Find when one could be at every node, walking without a stop in empty streets.

    Nobody is inside a link while it is closed: neither when they enter nor at any time before they
    leave it.

    Parameters
    ----------
    pace, pace_steps
        Own speed over the class's, on the flat and on steps.
    node, depart
        Where and when the walk begins [s after the alarm].
    heap
        Room for twice as many entries as there are links, int64.
    out
        Out: seconds after the alarm, inf = never, shape (n_nodes,).
    behind
        Out: link by which each node is reached, -1 = none, shape (n_nodes,).
    """
    streets, heap = borrowed(streets), borrowed(heap)
    out, behind = borrowed(out), borrowed(behind)
    out[:] = np.inf
    behind[:] = -1
    out[node] = depart
    size = push(heap, 0, node)
    mask = (1 << NODE_BITS) - 1
    while size > 0:
        value = pop(heap, size)
        size -= 1
        v = value & mask
        time = out[v]
        if (value >> NODE_BITS) > int((time - depart) * PER_SECOND):
            continue
        for j in range(streets.out_ptr[v], streets.out_ptr[v + 1]):
            link = streets.out_link[j]
            walk = streets.walk[class_, link]
            if not np.isfinite(walk) or not np.isfinite(streets.link[link].headway):
                continue
            factor = factor_now(streets, class_, link, time)
            if factor == 0.0:
                continue
            own = pace_steps if streets.link[link].stepped else pace
            there = time + walk / own / factor
            to = streets.link[link].to_node
            if there >= out[to] or shut_after(streets, class_, link, time) < there:
                continue
            out[to] = there
            behind[to] = link
            size = push(heap, size, (int((there - depart) * PER_SECOND) << NODE_BITS) | to)


@nb.njit(cache=True, nogil=True)
def trace_back(streets: Streets, behind: Any, goal: Any, ptr: Any, link: Any) -> int:
    """Write the ways to some nodes one after another; returns how many links there are.

    Parameters
    ----------
    behind
        From `fill_from`.
    goal
        Nodes, shape (n_ways,).
    ptr
        Out: where each way begins, shape (n_ways + 1,).
    link
        Out: the links in walking order; where they are more than fit, some are not written.
    """
    n = 0
    for i in range(len(goal)):
        ptr[i] = n
        v = goal[i]
        while behind[v] >= 0:
            n += 1
            v = streets.link[behind[v]].from_node
        at = n
        v = goal[i]
        while behind[v] >= 0:
            at -= 1
            if at < len(link):
                link[at] = behind[v]
            v = streets.link[behind[v]].from_node
    ptr[len(goal)] = n
    return n


@nb.njit(cache=True, nogil=True)
def hardest(streets: Streets, outlook: Outlook, trips: Trips, link: Any, seconds: Any) -> None:
    """Find the longest queue on the way of each trip, and what closes soonest after it has passed.

    Times are those of `describe`: free pace and the queues expected.

    Parameters
    ----------
    link
        Out: which links, -1 = none, shape (n_trips, 2), columns `QUEUE` and `CLOSING`.
    seconds
        Out: how long the queue is, and how long after one has passed the link closes [s].
    """
    streets, outlook, trips = borrowed(streets), borrowed(outlook), borrowed(trips)
    last_bin = outlook.street.shape[1] - 1
    for i in range(len(trips.class_)):
        k = trips.class_[i]
        time = trips.depart[i]
        link[i, :] = -1
        seconds[i, QUEUE], seconds[i, CLOSING] = 0.0, np.inf
        for j in range(trips.ptr[i], trips.ptr[i + 1]):
            at = trips.link[j]
            b = min(int(time / outlook.bin_s), last_bin)
            own = trips.pace_steps[i] if streets.link[at].stepped else trips.pace[i]
            factor = factor_now(streets, k, at, time)
            enter = time
            queue = outlook.street[at, b].queue
            time += streets.walk[k, at] / own / max(factor, 0.05) + queue
            if queue > seconds[i, QUEUE]:
                link[i, QUEUE], seconds[i, QUEUE] = at, queue
            left = shut_after(streets, k, at, enter) - time
            if left < seconds[i, CLOSING]:
                link[i, CLOSING], seconds[i, CLOSING] = at, left
