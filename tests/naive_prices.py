"""Slow, obvious twins of the kernels that work on prices: dictionaries and exhaustive search."""

from __future__ import annotations

import heapq
from collections import defaultdict
from dataclasses import dataclass
from typing import Any

import numpy as np

from evacroute._kernels.sweeps import BIG, Lanes


@dataclass(frozen=True)
class Little:
    """A few nodes, arcs (tail, head, slots, [(price row, slots after entry)]), prices."""

    n: int
    n_rows: int
    arcs: list[tuple[int, int, int, list[tuple[int, int]]]]
    lanes: Any
    price: np.ndarray
    shelter_node: np.ndarray
    node_shelter: np.ndarray
    room: np.ndarray
    door: np.ndarray
    weight: float


def little(seed: int, *, n: int = 7, n_rows: int = 4, slots: int = 12) -> Little:
    """Draw one: a ring that all can walk and some short cuts; one shelter may be shut.

    No arc leads to the last node, and those from it may take no time: people start there.
    """
    rng = np.random.default_rng(seed)
    arcs: list[tuple[int, int, int, list[tuple[int, int]]]] = []
    ring = n - 1
    for i in range(2 * ring + 2):
        u, v = (i, (i + 1) % ring) if i < ring else rng.integers(ring, size=2).tolist()
        if i >= 2 * ring:
            u = n - 1
        if u == v:
            continue
        took = int(rng.integers(1, 4)) if u < ring else i % 2
        items = [
            (int(rng.integers(n_rows)), int(rng.integers(max(took, 1))))
            for _ in range(int(rng.integers(3)) if rng.random() < 0.6 else 0)
        ]
        arcs.append((u, v, took, items))
    # By tail, those without a price first.
    arcs.sort(key=lambda arc: (arc[0], bool(arc[3])))
    shelter_node = np.sort(rng.choice(ring, 3)).astype(np.int32)
    node_shelter = np.full(n, -1, np.int32)
    for s in (2, 1, 0):
        node_shelter[shelter_node[s]] = s
    room = rng.uniform(0, 5, 3).astype(np.float32)
    room[rng.integers(3)] = BIG if rng.random() < 0.5 else 0
    price = rng.uniform(0, 4, (slots, n_rows)).astype(np.float32)
    price *= rng.random(price.shape) < 0.5
    door = (rng.uniform(0, 3, (slots, 3)) * (rng.random((slots, 3)) < 0.4)).astype(np.float32)
    return Little(
        n, n_rows, arcs, lanes_of(n, arcs), price, shelter_node, node_shelter, room, door,
        float(rng.choice([1.0, 2.5])),
    )  # fmt: skip


def lanes_of(n: int, arcs: list[tuple[int, int, int, list[tuple[int, int]]]]) -> Lanes:
    """The arcs, which are sorted, as the kernels take them."""
    src = np.array([a[0] for a in arcs], np.int32)
    dst = np.array([a[1] for a in arcs], np.int32)
    plain = [sum(a[0] == u and not a[3] for a in arcs) for u in range(n)]
    ptr = np.searchsorted(src, np.arange(n + 1)).astype(np.int32)
    into = np.argsort(dst, kind="stable").astype(np.int32)
    items = [item for a in arcs for item in a[3]]
    return Lanes(
        ptr=ptr,
        mid=(ptr[:-1] + plain).astype(np.int32),
        dst=dst,
        tau=np.array([a[2] for a in arcs], np.int32),
        item_ptr=np.cumsum([0, *(len(a[3]) for a in arcs)]).astype(np.int32),
        item_row=np.array([row for row, _ in items], np.int32),
        item_off=np.array([off for _, off in items], np.int32),
        into_ptr=np.searchsorted(dst[into], np.arange(n + 1)).astype(np.int32),
        into_arc=into,
        src=src,
        first=np.zeros(len(src), np.int32),
        last=np.full(len(src), 1 << 30, np.int32),
    )


def static(city: Little, only: int | None = None) -> dict[int, tuple[float, int]]:
    """Cheapest cost to any shelter, and the shelter, from each node that has a way: Dijkstra."""
    best: dict[int, tuple[float, int]] = {}
    queue = [
        (float(city.room[s]), int(v), s)
        for s, v in enumerate(city.shelter_node)
        if city.room[s] < BIG and only in (None, s)
    ]
    heapq.heapify(queue)
    while queue:
        cost, v, s = heapq.heappop(queue)
        if v in best:
            continue
        best[v] = cost, s
        for a, b, took, _ in city.arcs:
            if b == v:
                heapq.heappush(queue, (cost + city.weight * took, a, s))
    return best


def moves(
    city: Little, t: int, u: int, horizon: int, hard: bool
) -> list[tuple[float, tuple[int, int] | None, Any]]:
    """What one may do at node u in slot t: cost, where and when one then is, and how."""
    w, out = city.weight, []
    for s, v in enumerate(city.shelter_node):
        if v == u and city.room[s] < BIG:
            out.append((float(city.room[s] + city.door[t, s]), None, ("in", s)))
    out.append((w, (t + 1, u), ("wait",)))
    for a, (tail, head, took, items) in enumerate(city.arcs):
        if tail != u or (hard and t + took > horizon):
            continue
        paid = sum(float(city.price[t + off, row]) for row, off in items if t + off < horizon)
        out.append((w * took + paid, (min(t + took, horizon), head), ("walk", a)))
    return out


def cheapest(city: Little, horizon: int, hard: bool) -> dict[tuple[int, int], float]:
    """Cheapest cost from each slot and node that has a way."""
    value: dict[tuple[int, int], float] = {}
    after = static(city)
    for u in range(city.n):
        if hard:
            here = [
                float(city.room[s] + city.door[horizon, s])
                for s, v in enumerate(city.shelter_node)
                if v == u and city.room[s] < BIG
            ]
            if here:
                value[horizon, u] = min(here)
        elif u in after:
            value[horizon, u] = after[u][0]
    for t in range(horizon - 1, -1, -1):
        for u in range(city.n):
            costs = [
                cost + (0 if then is None else value.get(then, np.inf))
                for cost, then, _ in moves(city, t, u, horizon, hard)
            ]
            if min(costs) < np.inf:
                value[t, u] = min(costs)
    return value


@dataclass
class Sent:
    """What the cheapest ways come to."""

    total: float
    entries: np.ndarray
    admitted: np.ndarray
    unique: bool


def send(city: Little, horizon: int, hard: bool, crowd: list[Any], penalty: float) -> Sent:
    """Send each (ready, node, size) the cheapest way, step by step; says whether it was unique."""
    value, after = cheapest(city, horizon, hard), static(city)
    sent = Sent(0.0, np.zeros((horizon + 1, city.n_rows)),
                np.zeros((horizon + 1, len(city.shelter_node))), True)  # fmt: skip
    for ready, node, size in crowd:
        t, u = int(ready), int(node)
        worth = value.get((t, u), np.inf)
        sent.total += float(size) * min(worth, penalty)
        if worth >= penalty:
            continue
        while True:
            if t == horizon:
                doors = [s for s, v in enumerate(city.shelter_node) if v == u]
                s = after[u][1] if not hard else min(
                    doors, key=lambda s: float(city.room[s] + city.door[horizon, s])
                )  # fmt: skip
                sent.admitted[horizon, s] += size
                break
            options = [
                (cost + (0 if then is None else value.get(then, np.inf)), then, how)
                for cost, then, how in moves(city, t, u, horizon, hard)
            ]
            least = min(cost for cost, _, _ in options)
            good = [option for option in options if option[0] <= least + 1e-3]
            sent.unique &= len(good) == 1
            _, then, how = good[0]
            if how[0] == "in":
                sent.admitted[t, how[1]] += size
                break
            if how[0] == "walk":
                for row, off in city.arcs[how[1]][3]:
                    if t + off < horizon:
                        sent.entries[t + off, row] += size
            assert then is not None
            t, u = then
    return sent


def all_distances(n: int, arcs: list[tuple[int, int, int]], most: int | None = None) -> np.ndarray:
    """Least times between all nodes, inf = no way: Floyd and Warshall."""
    far = np.full((n, n), np.inf)
    np.fill_diagonal(far, 0)
    for u, v, took in arcs:
        far[u, v] = min(far[u, v], took)
    for x in range(n):
        far = np.minimum(far, far[:, x : x + 1] + far[x : x + 1])
    return far


def smoothed(excess: np.ndarray, half: int) -> np.ndarray:
    """Centred moving average, 2 half + 1 wide, zero outside."""
    kernel = np.full(2 * half + 1, 1 / (2 * half + 1))
    return np.stack([np.convolve(column, kernel, mode="full")[half : half + len(column)]
                     for column in excess.T], axis=1)  # fmt: skip


def cheapest_way(
    arcs: list[tuple[int, int, int, list[tuple[int, int]]]],
    free: dict[tuple[int, int], int],
    price: dict[tuple[int, int], int],
    doors: list[tuple[int, int, int]],
    start: int,
    ready: int,
    need: int,
    n_slots: int,
    wait: int,
) -> dict[tuple[int, int], int]:
    """Cost of being admitted at each (shelter, slot) that has room for `need`: Dijkstra.

    Parameters
    ----------
    arcs
        (tail, head, slots, [(link, slots after entry)]).
    free, price
        Places left and prices by (link, slot); missing = no limit, no price.
    doors
        Node, room, price of each shelter.
    wait
        Cost of a slot.
    """
    out = defaultdict(list)
    for arc in arcs:
        out[arc[0]].append(arc)
    queue, seen = [(0, ready, start)], set()
    found: dict[tuple[int, int], int] = {}
    while queue:
        cost, t, u = heapq.heappop(queue)
        if (t, u) in seen or t > n_slots:
            continue
        seen.add((t, u))
        for s, (node, room, paid) in enumerate(doors):
            if node == u and room >= need:
                found[s, t] = cost + paid
        heapq.heappush(queue, (cost + wait, t + 1, u))
        for _, v, took, items in out[u]:
            if t + took > n_slots:
                continue
            if any(free.get((link, t + off), need) < need for link, off in items):
                continue
            paid = sum(price.get((link, t + off), 0) for link, off in items)
            heapq.heappush(queue, (cost + took * wait + paid, t + took, v))
    return found
