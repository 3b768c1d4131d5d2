"""Where parties can be, slot by slot, past what is booked; and who stands in their way."""

from __future__ import annotations

from typing import Any

import numba as nb

from evacroute._kernels.graph import FAR
from evacroute._kernels.priced_search import CLOSED, STAMP


@nb.njit(cache=True, nogil=True)
def open_arcs(
    tau: Any, item_ptr: Any, item_link: Any, item_off: Any, free: Any, wide: int, out: Any
) -> None:
    """out[t, a] = whether so wide a party may enter arc a in slot t and is through in time."""
    n_slots = free.shape[1] - 1
    for a in range(len(tau)):
        for t in range(n_slots + 1):
            good = tau[a] < FAR and t + tau[a] <= n_slots
            if good:
                for i in range(item_ptr[a], item_ptr[a + 1]):
                    if free[item_link[i], t + item_off[i]] < wide:
                        good = False
                        break
            out[t, a] = good


@nb.njit(cache=True, nogil=True)
def reach_forward(ptr: Any, dst: Any, tau: Any, open_: Any, can: Any) -> None:
    """Spread can[t, u], set where parties start, to where they can come."""
    for t in range(len(can)):
        # Nodes inside chains come last, and arcs from them may take no time.
        for u in range(can.shape[1] - 1, -1, -1):
            if not can[t, u]:
                continue
            if t + 1 < len(can):
                can[t + 1, u] = True
            for a in range(ptr[u], ptr[u + 1]):
                if open_[t, a]:
                    can[t + tau[a], dst[a]] = True


@nb.njit(cache=True, nogil=True)
def reach_backward(ptr: Any, dst: Any, tau: Any, open_: Any, can: Any) -> None:
    """Spread can[t, u], set where a door is open, to where one can come from."""
    for t in range(len(can) - 1, -1, -1):
        for u in range(can.shape[1]):
            if t + 1 < len(can) and can[t + 1, u]:
                can[t, u] = True
            for a in range(ptr[u], ptr[u + 1]):
                if can[t, u]:
                    break
                if open_[t, a] and can[t + tau[a], dst[a]]:
                    can[t, u] = True


@nb.njit(cache=True, nogil=True)
def vote(
    paths: Any, places: Any, space: Any, booked: Any, k: int, z: int, start: int, ready: int,
    late: Any, most: int, votes: Any,
) -> None:  # fmt: skip
    """Count for each movement how often it stands in the way of a party of z.

    Looked at are places to which the party can come, the soonest first, at most so many.

    Parameters
    ----------
    late
        Last slot from which one of the class can come to a shelter in time, by node.
    votes
        By movement, added to.
    """
    n = len(paths.ptr) - 1
    state, queue = space.state, space.heap
    row, item_off, item_link = paths.row[k], paths.item_off[k], paths.item_link
    n_slots = places.link.shape[1] - 1
    hubs = n * (n_slots + 1)
    wide, step_free = z * places.unit[k], places.step_free[k]
    space.count[0] += 1
    stamp = space.count[0]
    if ready > late[start]:
        return
    head, end = 0, 1
    most = min(most, len(queue))
    queue[0] = ready * n + start
    state[queue[0], STAMP] = stamp
    while head < end:
        at = queue[head]
        head += 1
        t = at // n
        u = at - t * n
        s = paths.node_shelter[u]
        while s >= 0 and s < len(paths.shelter_node) and paths.shelter_node[s] == u:
            if state[hubs + s, CLOSED] != stamp:
                state[hubs + s, CLOSED] = stamp
                short = places.room[s] < z or (step_free and places.free_room[s] < z)
                for i in range(booked.n_inside[s]):
                    x = booked.inside[s, i]
                    q = booked.admitted[x]
                    votes[x] += short or (q >= t and places.intake[s, q] < z)
            s += 1
        for a in range(paths.ptr[u] - 1, paths.ptr[u + 1]):
            wait = a < paths.ptr[u]
            to = t + 1 if wait else t + row[a, 1]
            v = u if wait else row[a, 0]
            if to > late[v]:
                continue
            barred = False
            if not wait:
                for i in range(row[a, 2], row[a, 2] + row[a, 3]):
                    link, when = item_link[i], t + item_off[i]
                    if places.link[link, when] >= wide:
                        continue
                    barred = True
                    every = places.every[link]
                    for q in range(max(when - every + 1, 0), min(when + every, n_slots + 1)):
                        o = booked.first[link, q]
                        while o >= 0:
                            votes[booked.owner[o]] += 1
                            o = booked.after[o]
            q = to * n + v
            if barred or state[q, STAMP] == stamp or end >= most:
                continue
            state[q, STAMP] = stamp
            queue[end] = q
            end += 1
