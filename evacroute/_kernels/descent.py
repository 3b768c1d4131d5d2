"""Down a value table: which way one party takes at given prices, and other ways beside it."""

from __future__ import annotations

from typing import Any, NamedTuple

import numba as nb
import numpy as np

from evacroute._kernels.borrow import borrowed
from evacroute._kernels.sweeps import BIG

FORWARD, BACK = range(2)
"""Ends of the link that a party stands on: where it leads to, and where it comes from."""

MOST_WAITS = 100_000
"""A way has fewer steps than this, or the table is none."""


class Slope(NamedTuple):
    """The value table of one class, and what it was made of.

    Attributes
    ----------
    ptr, dst, tau, arc
        Arcs out of each head: where they lead, slots, and which arcs of the prices they are.
    first, last
        Slots before and after which nobody may enter each arc.
    item_ptr, item_row, item_off
        Rows of the price table that each arc pays, and how many slots later.
    price
        By slot and row, shape (n_slots + 2, n_rows).
    room, door
        Price of a place in each shelter, and of its door by slot, shape (n_slots + 2, n_shelters).
    weight
        Worth of a slot.
    value
        By slot and head, shape (horizon + 1, n_heads).
    """

    ptr: Any
    dst: Any
    tau: Any
    arc: Any
    first: Any
    last: Any
    item_ptr: Any
    item_row: Any
    item_off: Any
    price: Any
    room: Any
    door: Any
    weight: float
    value: Any


class Chains(NamedTuple):
    """Chains of links without a place to turn off, as the prices have them.

    Attributes
    ----------
    ptr, link
        Links of each chain.
    place
        Where each link stands in `link`, -1 = nowhere, shape (n_links,).
    end
        Where its chain ends there.
    head
        Head at the end of its chain.
    row
        Row of the price table of each link, -1 = it has no price.
    shelter_head
        Head of each shelter.
    step
        Length of a slot [s].
    """

    ptr: Any
    link: Any
    place: Any
    end: Any
    head: Any
    row: Any
    shelter_head: Any
    step: float


class Stand(NamedTuple):
    """Where parties stand.

    Attributes
    ----------
    link, twin
        The link each is on, and the same street the other way, -1 = none; shape (n,).
    seconds
        Walk to the link's end, and to the twin's, at own pace, inf = cannot, shape (n, 2) [s].
    """

    link: Any
    twin: Any
    seconds: Any


@nb.njit(cache=True, nogil=True)
def _pay(slope: Slope, slot: int, lane: int) -> float:
    """Price of a lane entered in a slot."""
    last = len(slope.price) - 1
    total = 0.0
    for i in range(slope.item_ptr[lane], slope.item_ptr[lane + 1]):
        total += slope.price[min(slot + slope.item_off[i], last), slope.item_row[i]]
    return total


@nb.njit(cache=True, nogil=True)
def _begin(
    slope: Slope, chains: Chains, walk: Any, pace: float, now: float, link: int, seconds: float,
) -> tuple[float, float, int]:  # fmt: skip
    """Cost, time [s] and head of the rest of the chain from a link that is walked to its end."""
    none = (np.inf, 0.0, -1)
    if link < 0 or not np.isfinite(seconds) or chains.place[link] < 0:
        return none
    last = len(slope.price) - 1
    cost, time = 0.0, now + seconds
    for i in range(chains.place[link] + 1, chains.end[link]):
        at = chains.link[i]
        if not np.isfinite(walk[at]):
            return none
        if chains.row[at] >= 0:
            slot = min(int(time / chains.step), last)
            cost += slope.price[slot, chains.row[at]]
        time += walk[at] / pace
    horizon = len(slope.value) - 1
    slot = min(int(np.ceil(time / chains.step - 0.5)), horizon)
    cost += (time - now) / chains.step * slope.weight + slope.value[slot, chains.head[link]]
    return cost, time, chains.head[link]


@nb.njit(cache=True, nogil=True)
def descend(
    slope: Slope, chains: Chains, stand: Stand, walk: Any, rows: Any, pace: Any, now: Any,
    shelter: Any, side: Any, wait: Any, ptr: Any, link: Any,
) -> int:  # fmt: skip
    """Find the way that costs least at the prices, for parties of one class.

    Parameters
    ----------
    walk
        Seconds to walk each link, inf = the class cannot, shape (n_links,).
    rows
        Which parties, positions in `stand`.
    pace, now
        Own pace over the class's, and when each asks [s after the alarm], shape (n,).
    shelter, side
        Out: position in `chains.shelter_head` of the shelter, -1 = none, and by which end the link
        is left.
    wait
        Out: seconds to wait on the way for dear streets to get cheaper, or closed ones to open.
    ptr, link
        Out: links after the one each stands on, one row after another: of the j-th of `rows`
        link[ptr[j]:ptr[j + 1]]; where there is no room for all, the first are written.

    Returns
    -------
    int
        How many links there are in all.
    """
    slope, chains, stand = borrowed(slope), borrowed(chains), borrowed(stand)
    n, horizon, last = 0, len(slope.value) - 1, len(slope.price) - 1
    ptr[0] = 0
    for j in range(len(rows)):
        p = rows[j]
        shelter[p], wait[p], side[p] = -1, 0.0, FORWARD
        cost, time, head = _begin(
            slope, chains, walk, pace[p], now[p], stand.link[p], stand.seconds[p, FORWARD]
        )
        other, later, there = _begin(
            slope, chains, walk, pace[p], now[p], stand.twin[p], stand.seconds[p, BACK]
        )
        begin = stand.link[p]
        if other < cost:
            cost, time, head, begin, side[p] = other, later, there, stand.twin[p], BACK
        if not cost < BIG / 2:
            ptr[j + 1] = n
            continue
        for i in range(chains.place[begin] + 1, chains.end[begin]):
            if n < len(link):
                link[n] = chains.link[i]
            n += 1
        slot, u = int(np.ceil(time / chains.step - 0.5)), head
        for _ in range(MOST_WAITS):
            at = min(slot, horizon)
            best, lane = BIG, -2
            for s in range(len(chains.shelter_head)):
                if chains.shelter_head[s] == u:
                    c = slope.room[s] + slope.door[min(slot, last), s]
                    if c < best:
                        best, lane, shelter[p] = c, -1, s
            for a in range(slope.ptr[u], slope.ptr[u + 1]):
                if slot < slope.first[a] or (slot > slope.last[a] and slot <= last):
                    continue
                there = min(slot + slope.tau[a], horizon)
                c = slope.weight * slope.tau[a] + slope.value[there, slope.dst[a]]
                if c < best:
                    c += _pay(slope, slot, a)
                    if c < best:
                        best, lane = c, a
            # A later slot is worth no more than a slot's wait, but for rounding.
            if at < horizon and slope.value[at + 1, u] + slope.weight < best - np.float32(1e-3):
                wait[p] += chains.step
                slot += 1
                continue
            if lane == -1:
                break
            shelter[p] = -1
            if lane < 0:
                break
            arc = slope.arc[lane]
            for i in range(chains.ptr[arc], chains.ptr[arc + 1]):
                if n < len(link):
                    link[n] = chains.link[i]
                n += 1
            slot += slope.tau[lane]
            u = slope.dst[lane]
        ptr[j + 1] = n
    return n


@nb.njit(cache=True, nogil=True)
def rank_shelters(
    seconds: Any, weight: Any, price: Any, open_: Any, stand: Stand, end: Any, class_: Any,
    pace: Any, first: Any, out: Any, side: Any,
) -> None:  # fmt: skip
    """List the shelters that cost each party least without prices on the way.

    Parameters
    ----------
    seconds
        By class, shelter and node, inf = no way, shape (n_classes, n_shelters, n_nodes) [s].
    weight
        Worth of a second, by class.
    price
        Of a place, by class and shelter, shape (n_classes, n_shelters).
    open_
        Whether each party may be sent to each shelter, shape (n, n_shelters).
    end
        Nodes where the link each stands on ends and begins, shape (n, 2).
    first
        A shelter that is known already and left out, -1 = none, shape (n,).
    out, side
        Out: shelters, the best first, -1 = no more; by which end the link is left; shape (n, most).
    """
    stand = borrowed(stand)
    most = out.shape[1]
    cost = np.empty(most)
    for p in range(len(class_)):
        k = class_[p]
        n = 0
        out[p, :] = -1
        for s in range(seconds.shape[1]):
            if s == first[p] or not open_[p, s]:
                continue
            ahead = stand.seconds[p, FORWARD] + seconds[k, s, end[p, FORWARD]] / pace[p]
            behind = stand.seconds[p, BACK] + seconds[k, s, end[p, BACK]] / pace[p]
            least = min(ahead, behind)
            if not np.isfinite(least):
                continue
            c = least * weight[k] + price[k, s]
            i = n
            if n == most:
                if c >= cost[n - 1]:
                    continue
                i = n - 1
            else:
                n += 1
            while i > 0 and cost[i - 1] > c:
                cost[i], out[p, i], side[p, i] = cost[i - 1], out[p, i - 1], side[p, i - 1]
                i -= 1
            cost[i], out[p, i], side[p, i] = c, s, FORWARD if ahead <= behind else BACK


@nb.njit(cache=True, nogil=True)
def follow_trees(
    ahead: Any, to_node: Any, class_: Any, shelter: Any, node: Any, ptr: Any, link: Any
) -> int:
    """Write the ways down the trees of shelters one after another; returns how many links.

    Parameters
    ----------
    ahead
        Link to take, by class, shelter and node, -1 = none.
    class_, shelter, node
        Of each way, shape (n_ways,).
    ptr, link
        Out, as of `descend`.
    """
    n = 0
    ptr[0] = 0
    for i in range(len(shelter)):
        v, tree = node[i], ahead[class_[i], shelter[i]]
        while tree[v] >= 0:
            if n < len(link):
                link[n] = tree[v]
            n += 1
            v = to_node[tree[v]]
        ptr[i + 1] = n
    return n
