"""Take nodes out of a graph of arcs with one time a class; least times between the rest stay.

Between the links that have a price, walking costs the same at any time, so a node that touches none
of them can be replaced by shortcuts: from each node before it to each one behind it.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numba as nb
import numpy as np

from evacroute._kernels.graph import FAR

OUT, IN = 0, 1


class Pool(NamedTuple):
    """Arcs in doubly linked lists, by tail and by head.

    Attributes
    ----------
    end
        Tail and head of each arc, shape (n, 2).
    time
        Slots by class, shape (n, n_classes); FAR = barred.
    next, prev
        Neighbours in the list of arcs out of the tail and into the head, shape (n, 2), -1 = none.
    first
        First arc out of and into each node, shape (n_nodes, 2).
    count
        [0] arcs ever made, [1] first of the list of unused ones (linked by next[:, 0]).
    """

    end: Any
    time: Any
    next: Any
    prev: Any
    first: Any
    count: Any


@nb.njit(cache=True, nogil=True)
def _add(pool: Any, u: int, v: int, time: Any) -> bool:
    """Put in an arc u -> v, or lower the times of the one there; False if the pool is full."""
    a = pool.first[u, OUT]
    while a >= 0:
        if pool.end[a, 1] == v:
            for k in range(len(time)):
                pool.time[a, k] = min(pool.time[a, k], time[k])
            return True
        a = pool.next[a, OUT]
    a = pool.count[1]
    if a >= 0:
        pool.count[1] = pool.next[a, OUT]
    else:
        a = pool.count[0]
        if a >= len(pool.end):
            return False
        pool.count[0] = a + 1
    pool.end[a, 0], pool.end[a, 1] = u, v
    for k in range(len(time)):
        pool.time[a, k] = time[k]
    for side in range(2):
        node = pool.end[a, side]
        old = pool.first[node, side]
        pool.next[a, side], pool.prev[a, side] = old, -1
        if old >= 0:
            pool.prev[old, side] = a
        pool.first[node, side] = a
    return True


@nb.njit(cache=True, nogil=True)
def _remove(pool: Any, a: int) -> None:
    for side in range(2):
        after, before = pool.next[a, side], pool.prev[a, side]
        if after >= 0:
            pool.prev[after, side] = before
        if before >= 0:
            pool.next[before, side] = after
        else:
            pool.first[pool.end[a, side], side] = after
    pool.next[a, OUT] = pool.count[1]
    pool.count[1] = a
    pool.end[a, 0] = -1


@nb.njit(cache=True, nogil=True)
def _neighbours(pool: Any, u: int, seen: Any, stamp: int, out: Any) -> int:
    """List the distinct nodes joined to u, at most len(out) + 1 of them are counted."""
    n = 0
    for side in range(2):
        a = pool.first[u, side]
        while a >= 0:
            v = pool.end[a, 1 - side]
            if seen[v] != stamp:
                seen[v] = stamp
                if n < len(out):
                    out[n] = v
                n += 1
                if n > len(out):
                    return n
            a = pool.next[a, side]
    return n


@nb.njit(cache=True, nogil=True)
def eliminate(
    pool: Any, keep: Any, most: int, gone: Any, order: Any, way_ptr: Any, way_to: Any, way_time: Any
) -> int:
    """Take out the nodes of at most `most` neighbours that need not be kept, fewest first.

    `order` lists them as they went; way i leads from order[i] along its arcs at that time.

    Returns
    -------
    int
        Nodes taken out, or -1 if the pool or the list of ways is full.
    """
    n = len(keep)
    n_classes = pool.time.shape[1]
    stamp = 0
    mark, near = np.zeros(n, np.int64), np.empty(most, np.int64)
    # Nodes by number of neighbours, as stacks; a node stands in a stack for each change.
    size, stack = np.zeros(most + 1, np.int64), np.empty((most + 1, 4 * n + 64), np.int64)
    for u in range(n):
        if keep[u]:
            continue
        stamp += 1
        d = _neighbours(pool, u, mark, stamp, near)
        if d <= most:
            stack[d, size[d]] = u
            size[d] += 1
    done, n_ways = 0, 0
    time = way_time[0].copy()
    while True:
        d = 0
        while d <= most and size[d] == 0:
            d += 1
        if d > most:
            break
        size[d] -= 1
        u = stack[d, size[d]]
        if gone[u]:
            continue
        stamp += 1
        if _neighbours(pool, u, mark, stamp, near) != d:
            continue
        gone[u] = True
        order[done] = u
        way_ptr[done] = n_ways
        a = pool.first[u, OUT]
        while a >= 0:
            if n_ways >= len(way_to):
                return -1
            way_to[n_ways] = pool.end[a, 1]
            way_time[n_ways] = pool.time[a]
            n_ways += 1
            a = pool.next[a, OUT]
        done += 1
        way_ptr[done] = n_ways
        a = pool.first[u, IN]
        while a >= 0:
            x = pool.end[a, 0]
            b = pool.first[u, OUT]
            while b >= 0:
                y = pool.end[b, 1]
                if x != y:
                    open_ = False
                    for k in range(n_classes):
                        time[k] = min(pool.time[a, k] + pool.time[b, k], FAR)
                        open_ = open_ or time[k] < FAR
                    if open_ and not _add(pool, x, y, time):
                        return -1
                b = pool.next[b, OUT]
            a = pool.next[a, IN]
        for side in range(2):
            while pool.first[u, side] >= 0:
                _remove(pool, pool.first[u, side])
        around = near[:d].copy()
        for x in around:
            if keep[x]:
                continue
            stamp += 1
            e = _neighbours(pool, x, mark, stamp, near)
            if e <= most:
                if size[e] >= stack.shape[1]:
                    return -1
                stack[e, size[e]] = x
                size[e] += 1
    return done


@nb.njit(cache=True, nogil=True)
def mark_redundant(ptr: Any, mid: Any, dst: Any, time: Any, most: int, out: Any) -> None:
    """Mark the arcs that a way of at least two others matches in time, for one class.

    Arcs ptr[u]:mid[u] of each node cost the same at any time; only they are looked at. Balls of
    more than `most` nodes are given up.
    """
    n = len(ptr) - 1
    cost, hops = np.full(n, FAR, np.int64), np.zeros(n, np.int64)
    touched = np.empty(most + 64, np.int64)
    for u in range(n):
        far = 0
        for a in range(ptr[u], mid[u]):
            far = max(far, time[a])
        if far == 0:
            continue
        n_touched, i = 1, 0
        touched[0] = u
        cost[u], hops[u] = 0, 0
        while i < n_touched and n_touched < most:
            best = i
            for j in range(i + 1, n_touched):
                if cost[touched[j]] < cost[touched[best]]:
                    best = j
            x = touched[best]
            if cost[x] > far:
                break
            touched[best] = touched[i]
            touched[i] = x
            i += 1
            for a in range(ptr[x], mid[x]):
                v = dst[a]
                c = cost[x] + time[a]
                if c > far:
                    continue
                if cost[v] == FAR:
                    if n_touched >= len(touched):
                        break
                    touched[n_touched] = v
                    n_touched += 1
                    cost[v], hops[v] = c, hops[x] + 1
                elif c < cost[v]:
                    cost[v], hops[v] = c, hops[x] + 1
                elif c == cost[v] and hops[x] + 1 > hops[v]:
                    hops[v] = hops[x] + 1
        for a in range(ptr[u], mid[u]):
            v = dst[a]
            if v == u or cost[v] < time[a] or (cost[v] == time[a] and hops[v] > 1):
                out[a] = True
        for j in range(n_touched):
            cost[touched[j]] = FAR
