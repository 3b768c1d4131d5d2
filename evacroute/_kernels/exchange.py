"""Ways that are booked, and ejection chains that let one party take what others hold."""

from __future__ import annotations

from typing import Any, NamedTuple

import numba as nb
import numpy as np

from evacroute._kernels.priced_search import find_way, most_that_fit
from evacroute._kernels.revalue import revalue


class Booked(NamedTuple):
    """Movements in arrays that the caller grows; who holds which place, in linked lists.

    Attributes
    ----------
    group, shelter, admitted, size, alive
        By movement; `size` 0 never.
    arc_ptr, arc_count, item_ptr, item_count
        Where a movement's arcs and items are.
    arc, slot
        Arcs in walking order and when each is entered.
    link, when, after, before, owner
        By item: link, slot, neighbours in the list of those who enter there, movement.
    first
        First item of each link and slot, shape (n_links, n_slots + 1).
    inside, place, n_inside
        Movements of each shelter, where each stands in that list, and how many there are.
    count
        [0] movements, [1] arcs, [2] items in use.
    """

    group: Any
    shelter: Any
    admitted: Any
    size: Any
    alive: Any
    arc_ptr: Any
    arc_count: Any
    item_ptr: Any
    item_count: Any
    arc: Any
    slot: Any
    link: Any
    when: Any
    after: Any
    before: Any
    owner: Any
    first: Any
    inside: Any
    place: Any
    n_inside: Any
    count: Any


IN, OUT = np.int64(1), np.int64(-1)
"""Signs of who is put in and who is taken out. A number written out where a kernel is
called is a type of its own, for which the kernel is compiled anew."""


@nb.njit(cache=True, nogil=True)
def put(booked: Any, places: Any, x: int, k: int, sign: int) -> None:
    """Book movement x (sign 1) or give back what it holds (-1)."""
    z = sign * booked.size[x]
    units = z * places.unit[k]
    n_slots = places.link.shape[1] - 1
    for i in range(booked.item_ptr[x], booked.item_ptr[x] + booked.item_count[x]):
        link, t = booked.link[i], booked.when[i]
        every = places.every[link]
        if every == 1:
            places.link[link, t] -= units
        else:
            for s in range(max(t - every + 1, 0), min(t + every, n_slots + 1)):
                places.link[link, s] -= units
        if sign > 0:
            head = booked.first[link, t]
            booked.after[i], booked.before[i], booked.owner[i] = head, -1, x
            if head >= 0:
                booked.before[head] = i
            booked.first[link, t] = i
        else:
            if booked.before[i] >= 0:
                booked.after[booked.before[i]] = booked.after[i]
            else:
                booked.first[link, t] = booked.after[i]
            if booked.after[i] >= 0:
                booked.before[booked.after[i]] = booked.before[i]
    s, t = booked.shelter[x], booked.admitted[x]
    every = places.door_every[s]
    for q in range(max(t - every + 1, 0), min(t + every, n_slots + 1)):
        places.intake[s, q] -= z
    places.room[s] -= z
    if places.step_free[k]:
        places.free_room[s] -= z
    if sign > 0:
        booked.inside[s, booked.n_inside[s]] = x
        booked.place[x] = booked.n_inside[s]
        booked.n_inside[s] += 1
    else:
        booked.n_inside[s] -= 1
        last = booked.inside[s, booked.n_inside[s]]
        booked.inside[s, booked.place[x]] = last
        booked.place[last] = booked.place[x]
    booked.alive[x] = sign > 0


@nb.njit(cache=True, nogil=True)
def put_all(booked: Any, places: Any, class_: Any) -> None:
    """Book every movement."""
    for x in range(booked.count[0]):
        put(booked, places, x, class_[booked.group[x]], IN)


@nb.njit(cache=True, nogil=True)
def remember_way(
    booked: Any,
    paths: Any,
    space: Any,
    k: int,
    group: int,
    shelter: int,
    admitted: int,
    size: int,
    n_arcs: int,
) -> int:
    """Append the way found as a movement that books nothing yet; -1 if there is no space."""
    x, at, item = booked.count[0], booked.count[1], booked.count[2]
    if x + 1 >= len(booked.group) or at + n_arcs >= len(booked.arc):
        return -1
    row, item_off = paths.row[k], paths.item_off[k]
    booked.arc_ptr[x], booked.arc_count[x], booked.item_ptr[x] = at, n_arcs, item
    for j in range(n_arcs):
        a, t = space.arc[n_arcs - 1 - j], space.slot[n_arcs - 1 - j]
        booked.arc[at + j], booked.slot[at + j] = a, t
        if item + row[a, 3] >= len(booked.link):
            return -1
        for i in range(row[a, 2], row[a, 2] + row[a, 3]):
            booked.link[item], booked.when[item] = paths.item_link[i], t + item_off[i]
            item += 1
    booked.item_count[x] = item - booked.item_ptr[x]
    booked.group[x], booked.shelter[x] = group, shelter
    booked.admitted[x], booked.size[x] = admitted, size
    booked.alive[x] = False
    booked.count[0], booked.count[1], booked.count[2] = x + 1, at + n_arcs, item
    return int(x)


@nb.njit(cache=True, nogil=True)
def price_paid(guide: Any, booked: Any, x: int, k: int) -> int:
    """Sum the prices of what each person of movement x holds."""
    price = guide.link[guide.scale[k]]
    horizon = len(price)
    paid = np.int64(0)
    for i in range(booked.item_ptr[x], booked.item_ptr[x] + booked.item_count[x]):
        p, t = guide.row[booked.link[i]], booked.when[i]
        if p >= 0 and t < horizon:
            paid += price[t, p]
    s, t = booked.shelter[x], booked.admitted[x]
    paid += guide.room[k, s]
    if t < len(guide.door):
        paid += guide.door[t, s]
    return int(paid)


@nb.njit(cache=True, nogil=True)
def has_room(places: Any, k: int, need: int) -> bool:
    """Whether any shelter has so many places for class k."""
    for s in range(len(places.room)):
        if places.room[s] >= need and (not places.step_free[k] or places.free_room[s] >= need):
            return True
    return False


@nb.njit(cache=True, nogil=True)
def place_in_order(
    paths: Any, guide: Any, places: Any, space: Any, booked: Any, order: Any, begin: int, end: int,
    node: Any, class_: Any, ready: Any, together: Any, left: Any, most: int, bend: int, value: Any,
    valued: Any, often: int, dearest: Any,
) -> int:  # fmt: skip
    """Place groups order[begin:end] one after another; returns the next if space runs out.

    Searches are led by values that know what is full, else they would look everywhere; these are
    made again when searches have got long.

    Parameters
    ----------
    value, valued
        The values, and of which class they are (-1 = none yet) after how many states closed.
    often
        States closed before values are made again.
    dearest
        What a way may cost at most, by class.
    """
    for j in range(begin, end):
        g = order[j]
        k = class_[g]
        if valued[0] != k or space.count[1] - valued[1] > often:
            revalue(paths, guide, places, k, value)
            valued[0], valued[1] = k, space.count[1]
        while left[g] > 0:
            need = left[g] if together[g] else 1
            if not has_room(places, k, need):
                break
            shelter, admitted, n_arcs = find_way(
                paths, guide, value, places, space, k, node[g], ready[g], np.int64(need),
                np.int64(-1), np.bool_(False), dearest[k], dearest[k], most, bend,
            )  # fmt: skip
            if shelter < 0:
                break
            many = min(left[g], most_that_fit(paths, places, space, k, shelter, admitted, n_arcs))
            x = remember_way(
                booked, paths, space, np.int64(k), np.int64(g), shelter, admitted, np.int64(many),
                n_arcs,
            )  # fmt: skip
            if x < 0:
                return j
            put(booked, places, x, k, IN)
            left[g] -= many
    return end


@nb.njit(cache=True, nogil=True)
def chain(
    paths: Any, guide: Any, places: Any, space: Any, booked: Any, x0: int, held: bool, node: Any,
    class_: Any, ready: Any, fixed: Any, toll: int, depth: int, most_moved: int, most: int,
    bend: int, out: Any, added: Any, before: Any,
) -> int:  # fmt: skip
    """Let movement x0 take a better way, moving on whoever holds what it needs, and so on.

    Kept only if the sum of arrival times, weighted, falls; else all is as before.

    Parameters
    ----------
    held
        Whether x0 is booked; if not it stands for people who are left, so late that whatever makes
        room for them is a gain.
    fixed
        Groups that are not moved on for others.
    toll, depth, most_moved
        Price of a full place beside its own; how deep a chain may go; how many may move.
    out, added, before
        Scratch.

    Returns
    -------
    int
        What was gained, 0 = nothing changed, -1 = no space left in `booked`.
    """
    n0, a0, i0 = booked.count[0], booked.count[1], booked.count[2]
    n_out, n_added, i = 1, 0, 0
    out[0], before[0] = x0, 0
    if held:
        put(booked, places, x0, class_[booked.group[x0]], OUT)
    gain = np.int64(0)
    good, space_left = True, True
    while i < n_out and good:
        x = out[i]
        g = booked.group[x]
        k, z, w = class_[g], np.int64(booked.size[x]), guide.weight[class_[g]]
        old = w * (booked.admitted[x] - ready[g])
        deeper = before[i] < depth and n_out < most_moved
        goal = old + gain // z - (1 if i == 0 else 0)
        budget = goal + price_paid(guide, booked, x, k)
        shelter, admitted, n_arcs = find_way(
            paths, guide, guide.value[k], places, space, k, node[g], ready[g], z,
            toll if deeper else np.int64(-1), np.bool_(True), budget, goal, most, bend,
        )  # fmt: skip
        if shelter < 0:
            good = False
            break
        y = remember_way(
            booked, paths, space, np.int64(k), np.int64(g), shelter, admitted, z, n_arcs
        )
        if y < 0:
            good, space_left = False, False
            break
        gain += z * w * (booked.admitted[x] - admitted)
        for e in range(booked.item_ptr[y], booked.item_ptr[y] + booked.item_count[y]):
            link, t = booked.link[e], booked.when[e]
            while good and places.link[link, t] < z * places.unit[k]:
                n = 0
                o = booked.first[link, t]
                while o >= 0:
                    n += 1
                    o = booked.after[o]
                if n == 0 or n_out >= most_moved + 6:
                    good = False
                    break
                pick = np.random.randint(n)
                o = booked.first[link, t]
                for _ in range(pick):
                    o = booked.after[o]
                # Whoever is fixed is passed over.
                for _ in range(n - 1):
                    if not fixed[booked.group[booked.owner[o]]]:
                        break
                    o = booked.after[o] if booked.after[o] >= 0 else booked.first[link, t]
                v = np.int64(booked.owner[o])
                if v >= n0 or fixed[booked.group[v]]:
                    good = False
                    break
                put(booked, places, v, class_[booked.group[v]], OUT)
                out[n_out], before[n_out] = v, before[i] + 1
                n_out += 1
            if not good:
                break
        while good and (
            places.room[shelter] < z or (places.step_free[k] and places.free_room[shelter] < z)
        ):
            n = booked.n_inside[shelter]
            if n == 0 or n_out >= most_moved + 6:
                good = False
                break
            pick = np.random.randint(n)
            for _ in range(n - 1):
                if not fixed[booked.group[booked.inside[shelter, pick]]]:
                    break
                pick = (pick + 1) % n
            v = np.int64(booked.inside[shelter, pick])
            if v >= n0 or fixed[booked.group[v]]:
                good = False
                break
            put(booked, places, v, class_[booked.group[v]], OUT)
            out[n_out], before[n_out] = v, before[i] + 1
            n_out += 1
        if good and places.intake[shelter, admitted] < z:
            good = False
        if good:
            put(booked, places, y, k, IN)
            added[n_added] = y
            n_added += 1
            i += 1
    if good and gain > 0:
        return int(gain)
    for j in range(n_added - 1, -1, -1):
        put(booked, places, added[j], class_[booked.group[added[j]]], OUT)
    for j in range(n_out - 1, -1 if held else 0, -1):
        put(booked, places, out[j], class_[booked.group[out[j]]], IN)
    booked.count[0], booked.count[1], booked.count[2] = n0, a0, i0
    return 0 if space_left else -1


@nb.njit(cache=True, nogil=True)
def try_chains(
    paths: Any, guide: Any, places: Any, space: Any, booked: Any, todo: Any, node: Any, class_: Any,
    ready: Any, fixed: Any, toll: int, depth: int, most_moved: int, most: int, bend: int, seed: int,
    tally: Any,
) -> int:  # fmt: skip
    """Try a chain from each movement of `todo` still in force; returns how many were looked at.

    `tally` counts chains tried, kept, and what was gained.
    """
    np.random.seed(seed)
    out, added = np.empty(4 * most_moved + 64, np.int64), np.empty(4 * most_moved + 64, np.int64)
    before = np.empty(4 * most_moved + 64, np.int64)
    for j in range(len(todo)):
        x0 = todo[j]
        if not booked.alive[x0]:
            continue
        tally[0] += 1
        gain = chain(
            paths, guide, places, space, booked, x0, np.bool_(True), node, class_, ready, fixed,
            toll, depth, most_moved, most, bend, out, added, before,
        )  # fmt: skip
        if gain < 0:
            return j
        if gain > 0:
            tally[1] += 1
            tally[2] += gain
    return len(todo)


@nb.njit(cache=True, nogil=True)
def insert(
    paths: Any, guide: Any, places: Any, space: Any, booked: Any, group: Any, left: Any, late: int,
    node: Any, class_: Any, ready: Any, together: Any, fixed: Any, toll: int, depth: int,
    most_moved: int, most: int, bend: int, seed: int, tries: int,
) -> int:  # fmt: skip
    """Place people who are left by moving others on; `left` counts those still left of each group.

    Returns
    -------
    int
        Groups looked at, fewer than given if `booked` has no space left.
    """
    np.random.seed(seed)
    out, added = np.empty(4 * most_moved + 64, np.int64), np.empty(4 * most_moved + 64, np.int64)
    before = np.empty(4 * most_moved + 64, np.int64)
    for j in range(len(group)):
        g = group[j]
        misses = 0
        while left[g] > 0 and misses < tries:
            z = left[g] if together[g] else 1
            n, arcs, items = booked.count[0], booked.count[1], booked.count[2]
            ghost = remember_way(
                booked, paths, space, np.int64(class_[g]), np.int64(g), np.int64(0), late,
                np.int64(z), np.int64(0),
            )  # fmt: skip
            gain = -1
            if ghost >= 0:
                gain = chain(
                    paths, guide, places, space, booked, ghost, np.bool_(False), node, class_,
                    ready, fixed, toll, depth, most_moved, most, bend, out, added, before,
                )  # fmt: skip
            if gain > 0:
                left[g] -= z
                continue
            booked.count[0], booked.count[1], booked.count[2] = n, arcs, items
            if gain < 0:
                return j
            misses += 1
    return len(group)


@nb.njit(cache=True, nogil=True)
def take_over(
    booked: Any, paths: Any, space: Any, class_: Any, group: Any, shelter: Any, admitted: Any,
    size: Any, ptr: Any, arc: Any, slot: Any,
) -> bool:  # fmt: skip
    """Append movements made elsewhere, not booked; False if there is no space."""
    for x in range(len(group)):
        n = ptr[x + 1] - ptr[x]
        for j in range(n):
            space.arc[n - 1 - j], space.slot[n - 1 - j] = arc[ptr[x] + j], slot[ptr[x] + j]
        at = remember_way(
            booked, paths, space, np.int64(class_[group[x]]), np.int64(group[x]),
            np.int64(shelter[x]), np.int64(admitted[x]), np.int64(size[x]), n,
        )  # fmt: skip
        if at < 0:
            return False
    return True
