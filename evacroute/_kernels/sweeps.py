"""Sweeps over time for given prices: what each place is worth, and where everyone then goes.

All for one class. A place is a node and a slot; its value is the least cost from there, in slots
times the class's weight, prices included. There is no heap: values of a slot depend on later slots.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numba as nb
import numpy as np

BIG = np.float32(1e9)
"""Cannot be reached."""


SPELL = 30
"""Slots in a row that streets are looked at together in."""


class Lanes(NamedTuple):
    """The arcs of one class, those without a price first at each node.

    Only the last nodes, which no arc leads to, may have arcs that take no time.

    Attributes
    ----------
    ptr, mid
        Arcs of each node, and where those with a price begin; shapes (n_nodes + 1,), (n_nodes,).
    dst, tau
        Where each arc leads, and how many slots it takes.
    item_ptr, item_row, item_off
        The priced links of each arc: their rows in the price table and how many slots after the
        arc they are entered.
    into_ptr, into_arc, src
        Arcs into each node, and their tails.
    first, last
        Slots before and after which nobody may enter an arc, whatever it costs: in between, prices
        tell. Only looked at where an arc has a price.
    """

    ptr: Any
    mid: Any
    dst: Any
    tau: Any
    item_ptr: Any
    item_row: Any
    item_off: Any
    into_ptr: Any
    into_arc: Any
    src: Any
    first: Any
    last: Any


@nb.njit(cache=True, nogil=True)
def static_values(
    lanes: Any, shelter_node: Any, room: Any, weight: float, value: Any, to: Any
) -> None:
    """Least cost to any shelter with no price on streets or doors, and the shelter it leads to.

    Parameters
    ----------
    room
        Price of a place in each shelter, BIG = shut to the class.
    """
    n = len(lanes.ptr) - 1
    queue, waiting = np.empty(n + 1, np.int32), np.zeros(n, np.bool_)
    value[:] = BIG
    to[:] = -1
    head, size = 0, 0
    for s in range(len(shelter_node)):
        v = shelter_node[s]
        if room[s] < value[v]:
            value[v], to[v] = room[s], s
            if not waiting[v]:
                waiting[v] = True
                queue[(head + size) % (n + 1)] = v
                size += 1
    while size > 0:
        v = queue[head]
        head = (head + 1) % (n + 1)
        size -= 1
        waiting[v] = False
        for i in range(lanes.into_ptr[v], lanes.into_ptr[v + 1]):
            a = lanes.into_arc[i]
            u = lanes.src[a]
            cost = value[v] + weight * lanes.tau[a]
            if cost < value[u]:
                value[u], to[u] = cost, to[v]
                if not waiting[u]:
                    waiting[u] = True
                    queue[(head + size) % (n + 1)] = u
                    size += 1


@nb.njit(cache=True, nogil=True)
def _list_open(lanes: Any, begin: int, end: int, ptr: Any, arc: Any) -> None:
    """List the priced arcs of each node that may be entered in some slot of begin..end."""
    n, first, last = 0, lanes.first, lanes.last
    for u in range(len(lanes.mid)):
        ptr[u] = n
        for a in range(lanes.mid[u], lanes.ptr[u + 1]):
            if first[a] <= end and last[a] >= begin:
                arc[n] = a
                n += 1
    ptr[len(lanes.mid)] = n


@nb.njit(cache=True, nogil=True)
def backward(
    lanes: Any,
    price: Any,
    shelter_node: Any,
    room: Any,
    door: Any,
    weight: float,
    horizon: int,
    hard: bool,
    value: Any,
) -> None:
    """Fill value[:horizon] from value[horizon], which the caller gives.

    Parameters
    ----------
    price
        Of each priced link and slot, shape (>= horizon, n_priced); none from the horizon on.
    room, door
        Price of a place in each shelter (BIG = shut), and of its door by slot.
    hard
        Whether nobody may arrive after the horizon; else value[horizon] holds for ever after.
    """
    ptr, mid, dst, tau = lanes.ptr, lanes.mid, lanes.dst, lanes.tau
    item_ptr, item_row, item_off = lanes.item_ptr, lanes.item_row, lanes.item_off
    first, last = lanes.first, lanes.last
    n = len(mid)
    cost = np.empty(len(tau), value.dtype)
    one = np.empty(1, value.dtype)
    one[0] = weight
    w = one[0]
    for a in range(len(tau)):
        cost[a] = w * tau[a]
    # Of the many paces of a street that changes few are of use at a time.
    open_ptr, open_arc = np.empty(n + 1, np.int32), np.empty(len(tau), np.int32)
    for t in range(horizon - 1, -1, -1):
        if t == horizon - 1 or t % SPELL == SPELL - 1:
            _list_open(lanes, t // SPELL * SPELL, t, open_ptr, open_arc)
        now, after = value[t], value[t + 1]
        for u in range(n):
            now[u] = after[u] + w
        for s in range(len(shelter_node)):
            v = shelter_node[s]
            now[v] = min(now[v], room[s] + door[t, s])
        for u in range(n):
            best = now[u]
            for a in range(ptr[u], mid[u]):
                at = t + tau[a]
                if at > horizon:
                    if hard:
                        continue
                    at = horizon
                best = min(best, cost[a] + value[at, dst[a]])
            for j in range(open_ptr[u], open_ptr[u + 1]):
                a = open_arc[j]
                if t < first[a] or t > last[a]:
                    continue
                at = t + tau[a]
                if at > horizon:
                    if hard:
                        continue
                    at = horizon
                c = cost[a] + value[at, dst[a]]
                if c < best:
                    for i in range(item_ptr[a], item_ptr[a + 1]):
                        when = t + item_off[i]
                        if when < horizon:
                            c += price[when, item_row[i]]
                    best = min(best, c)
            now[u] = best


@nb.njit(cache=True, nogil=True)
def forward(
    lanes: Any,
    price: Any,
    shelter_node: Any,
    node_shelter: Any,
    room: Any,
    door: Any,
    weight: float,
    horizon: int,
    hard: bool,
    value: Any,
    to: Any,
    penalty: float,
    allowed: float,
    ready: Any,
    size: Any,
    origin: Any,
    way_ptr: Any,
    way_node: Any,
    way_time: Any,
    count_ptr: Any,
    count_row: Any,
    count_off: Any,
    people: Any,
    entries: Any,
    admitted: Any,
    space: float,
) -> tuple[float, float]:
    """Send every group the cheapest way; the moves are found again from the values.

    Parameters
    ----------
    to
        Shelter of each node after the horizon.
    penalty, allowed
        What it costs to leave a person, at most; so many persons may be left, and leaving one costs
        no more than what the cheapest of those pays for whom that is too few.
    ready, size, origin
        Of each group; ways way_ptr[origin]:way_ptr[origin + 1] lead to way_node in way_time.
    count_ptr, count_row, count_off
        Links of each arc to be counted in `entries`, as the items of `Lanes`.
    people
        Scratch, shape (>= horizon + 1, n_nodes).
    entries
        Added to: persons who enter each counted link by slot, each as many as its space.
    admitted
        Added to: persons admitted by slot and shelter; row `horizon` holds those after it.
    space
        Persons' worth of street that each takes.

    Returns
    -------
    tuple
        Sum over persons of their cost, and what leaving one costs.
    """
    ptr, mid, dst, tau = lanes.ptr, lanes.mid, lanes.dst, lanes.tau
    item_ptr, item_row, item_off = lanes.item_ptr, lanes.item_row, lanes.item_off
    n = len(mid)
    w, wide = np.float32(weight), np.float32(space)
    people[: horizon + 1] = 0
    total = 0.0
    cost = np.empty(len(ready), np.float32)
    first, begin = np.empty(len(ready), np.int32), np.empty(len(ready), np.int32)
    for g in range(len(ready)):
        best, found, at = BIG, -1, 0
        for j in range(way_ptr[origin[g]], way_ptr[origin[g] + 1]):
            when = ready[g] + way_time[j]
            if when > horizon:
                if hard:
                    continue
                when = horizon
            c = w * np.float32(way_time[j]) + value[when, way_node[j]]
            if c < best:
                best, found, at = c, way_node[j], when
        cost[g], first[g], begin[g] = best, found, at
    stay = np.float32(penalty)
    go = np.where(cost < stay, size, np.float32(0))
    if allowed > 0:
        # The dearest stay, just as many as may: of the last group some go.
        spare = np.float64(allowed)
        for g in np.argsort(-cost):
            if spare <= 0:
                break
            stay = min(stay, cost[g])
            go[g] = min(go[g], max(np.float32(0), np.float32(size[g] - spare)))
            spare -= size[g]
        if spare > 0:
            stay = np.float32(0)
    for g in range(len(ready)):
        total += np.float64(go[g]) * np.float64(cost[g])
        total += (np.float64(size[g]) - np.float64(go[g])) * np.float64(stay)
        if go[g] > 0:
            people[begin[g], first[g]] += go[g]
    for t in range(horizon):
        # From the last: only there may an arc take no time, so whoever comes by it still moves on.
        for u in range(n - 1, -1, -1):
            f = people[t, u]
            if f <= 0:
                continue
            best = value[t, u] + np.float32(1e-4) + np.float32(1e-6) * value[t, u]
            done = False
            s = node_shelter[u]
            while s >= 0 and shelter_node[s] == u:
                if room[s] + door[t, s] <= best:
                    admitted[t, s] += f
                    done = True
                    break
                s += 1
                if s == len(shelter_node):
                    break
            if done:
                continue
            for a in range(ptr[u], ptr[u + 1]):
                if t < lanes.first[a] or t > lanes.last[a]:
                    continue
                at = t + tau[a]
                if at > horizon:
                    if hard:
                        continue
                    at = horizon
                c = w * np.float32(tau[a]) + value[at, dst[a]]
                if c > best:
                    continue
                for i in range(item_ptr[a], item_ptr[a + 1]):
                    when = t + item_off[i]
                    if when < horizon:
                        c += price[when, item_row[i]]
                if c <= best:
                    people[at, dst[a]] += f
                    for i in range(count_ptr[a], count_ptr[a + 1]):
                        when = t + count_off[i]
                        if when < len(entries):
                            entries[when, count_row[i]] += f * wide
                    done = True
                    break
            if not done:
                people[t + 1, u] += f
    for u in range(n):
        f = people[horizon, u]
        if f > 0:
            if hard:
                s = node_shelter[u]
                best_s, best = -1, BIG
                while s >= 0 and s < len(shelter_node) and shelter_node[s] == u:
                    if room[s] + door[horizon, s] < best:
                        best_s, best = s, room[s] + door[horizon, s]
                    s += 1
                admitted[horizon, best_s] += f
            else:
                admitted[horizon, to[u]] += f
    return total, np.float64(stay)
