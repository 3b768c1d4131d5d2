"""Down the value tables: which way parties take at given prices."""

from __future__ import annotations

from typing import Any, NamedTuple

import numba as nb
import numpy as np

from evacroute._kernels.sweeps import BIG

FORWARD, BACK = range(2)
"""Ends of the link that a party stands on: where it leads to, and where it comes from."""

MOST_MOVES = 100_000
"""A way has fewer arcs and waits than this, or the table is none."""

HAIR = np.float32(1e-3)
"""What is dearer by less than this costs the same but for rounding [slots]."""


class Slopes(NamedTuple):
    """The value tables of all classes, and what they were made of.

    Attributes
    ----------
    ptr
        Where the arcs out of each head begin, by class, shape (n_classes, n_heads + 1).
    dst, tau, arc, first, last
        Of each of those arcs: where it leads, slots, which arc of the prices it is, slots before
        and after which nobody may enter it.
    item_ptr, item_row, item_off
        Rows of the price table that each arc pays, and how many slots later.
    price
        Of links, by slot and row, shape (n_slots + 2, n_rows): who takes `space` times as much
        street pays so many times as much.
    toll
        Of gates, likewise: their rows come after those of links.
    space
        Persons' worth of street that each takes, by class.
    room
        Price of a place, by class and shelter.
    door
        Price of a door, by class, slot and shelter, shape (n_classes, n_slots + 2, n_shelters);
        the last slot stands for all later ones.
    weight
        Worth of a slot, by class.
    horizon
        Values hold ever after from this slot on.
    at, value
        Values of each head by slot, and where they begin by class and head, shape (n_classes,
        n_heads + 1); its last holds ever after.
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
    toll: Any
    space: Any
    room: Any
    door: Any
    weight: Any
    horizon: int
    at: Any
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


@nb.njit(cache=True, nogil=True, inline="always")
def _worth(slopes: Slopes, k: int, slot: int, head: int) -> Any:
    """Value of a head in a slot."""
    return slopes.value[min(slopes.at[k, head] + slot, slopes.at[k, head + 1] - 1)]


@nb.njit(cache=True, nogil=True, inline="always")
def charge(price: Any, toll: Any, space: float, slot: int, row: int) -> Any:
    """Price of a row in a slot for who takes so much space: a link's, or a gate's toll."""
    if row < price.shape[1]:
        return np.float32(price[slot, row] * space)
    return toll[slot, row - price.shape[1]]


@nb.njit(cache=True, nogil=True)
def _pay(slopes: Slopes, k: int, slot: int, lane: int) -> float:
    """Price of an arc that is entered in a slot."""
    last = slopes.price.shape[0] - 1
    total = 0.0
    for i in range(slopes.item_ptr[lane], slopes.item_ptr[lane + 1]):
        when = min(slot + slopes.item_off[i], last)
        total += charge(slopes.price, slopes.toll, slopes.space[k], when, slopes.item_row[i])
    return total


@nb.njit(cache=True, nogil=True)
def begin_chain(
    slopes: Slopes, chains: Chains, walk: Any, k: int, pace: float, now: float, link: int,
    seconds: float,
) -> tuple[float, float, int]:  # fmt: skip
    """Cost [slots], time [s] and head of the rest of a chain whose first link ends in `seconds`.

    Parameters
    ----------
    walk
        Seconds to walk each link, inf = the class cannot, shape (n_links,).
    k, pace
        Class, and own pace over it.
    now
        Time [s after the alarm].
    """
    if link < 0 or not np.isfinite(seconds) or chains.place[link] < 0:
        return np.inf, 0.0, -1
    last = slopes.price.shape[0] - 1
    cost, time = 0.0, now + seconds
    for i in range(chains.place[link] + 1, chains.end[link]):
        at = chains.link[i]
        if not np.isfinite(walk[at]):
            return np.inf, 0.0, -1
        if chains.row[at] >= 0:
            slot = min(int(time / chains.step), last)
            cost += charge(slopes.price, slopes.toll, slopes.space[k], slot, chains.row[at])
        time += walk[at] / pace
    head = chains.head[link]
    cost += (time - now) / chains.step * slopes.weight[k]
    return cost + _worth(slopes, k, first_slot(chains.step, time), head), time, head


@nb.njit(cache=True, nogil=True, inline="always")
def first_slot(step: float, time: float) -> int:
    """Slot that a time is nearest to."""
    return int(np.ceil(time / step - 0.5))


@nb.njit(cache=True, nogil=True)
def descend(
    slopes: Slopes, chains: Chains, k: int, slot: int, head: int, n: int, link: Any
) -> tuple[int, float, int]:
    """Go down the value table of a class from a head, in a slot.

    Parameters
    ----------
    n
        How many links of the way are known already.
    link
        Out: the links of the way from place `n` on; where there is no room for all, the first.

    Returns
    -------
    tuple
        Shelter, -1 = the way leads to none; seconds to wait on it for dear streets to get cheaper,
        or closed ones to open; how many links there are now.
    """
    last = slopes.price.shape[0] - 1
    waits, u = 0, head
    for _ in range(MOST_MOVES):
        best, lane, shelter = BIG, -2, -1
        for s in range(len(chains.shelter_head)):
            if chains.shelter_head[s] == u:
                c = slopes.room[k, s] + slopes.door[k, min(slot, last), s]
                if c < best:
                    best, lane, shelter = c, -1, s
        for a in range(slopes.ptr[k, u], slopes.ptr[k, u + 1]):
            if slot < slopes.first[a] or (slot > slopes.last[a] and slot <= last):
                continue
            there = _worth(slopes, k, slot + slopes.tau[a], slopes.dst[a])
            c = np.float32(slopes.weight[k] * slopes.tau[a]) + there
            if c < best:
                c += np.float32(_pay(slopes, k, slot, a))
                if c < best:
                    best, lane = c, a
        later = slot + 1
        # Whoever can as well wait does: else they walk to and fro until a street opens.
        waiting = _worth(slopes, k, later, u) + slopes.weight[k]
        if later <= slopes.horizon and waiting <= best + HAIR:
            waits, slot = waits + 1, later
            continue
        if lane == -1:
            return shelter, waits * chains.step, n
        if lane < 0:
            break
        arc = slopes.arc[lane]
        for i in range(chains.ptr[arc], chains.ptr[arc + 1]):
            if n < len(link):
                link[n] = chains.link[i]
            n += 1
        slot += slopes.tau[lane]
        u = slopes.dst[lane]
    return -1, 0.0, n
