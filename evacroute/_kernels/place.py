"""Place groups one after another: search, book, remember the movement."""

from __future__ import annotations

from typing import Any, NamedTuple

import numba as nb
import numpy as np

from evacroute._kernels.hopes import bring_up_to_date
from evacroute._kernels.retrace import retrace
from evacroute._kernels.route import book, most_free, search, wait_at_origin
from evacroute._kernels.spans import way_time


class Store(NamedTuple):
    """Movements so far, in arrays that the caller grows.

    Attributes
    ----------
    group, shelter, size, admitted
        By movement; `size` 0 = withdrawn.
    ptr
        Where each movement's arcs begin.
    arc, slot
        Arcs in walking order and when each is entered.
    count
        [0] movements, [1] arcs in use.
    """

    group: Any
    shelter: Any
    size: Any
    admitted: Any
    ptr: Any
    arc: Any
    slot: Any
    count: Any


@nb.njit(cache=True, nogil=True)
def remember(
    store: Any, work: Any, group: int, shelter: int, size: int, admitted: int, n_arcs: int
) -> None:
    """Append the way found as a movement."""
    i, at = store.count[0], store.count[1]
    store.group[i] = group
    store.shelter[i] = shelter
    store.size[i] = size
    store.admitted[i] = admitted
    for j in range(n_arcs):
        store.arc[at + j] = work.path_arc[n_arcs - 1 - j]
        store.slot[at + j] = work.path_slot[n_arcs - 1 - j]
    store.ptr[i + 1] = at + n_arcs
    store.count[0] = i + 1
    store.count[1] = at + n_arcs


@nb.njit(cache=True, nogil=True)
def has_space(store: Any, work: Any) -> bool:
    """Whether the store can take one more movement of any length."""
    arcs = store.count[1] + len(work.path_arc)
    return bool(store.count[0] + 1 < len(store.group) and arcs < len(store.arc))


@nb.njit(cache=True, nogil=True)
def withdraw(graph: Any, free: Any, store: Any, node: int, k: int, step_free: bool, i: int) -> None:
    """Give back everything movement i booked; its size becomes 0."""
    first, last = store.ptr[i], store.ptr[i + 1]
    book(
        graph,
        free,
        node,
        k,
        store.arc[first:last],
        store.slot[first:last],
        last - first,
        np.int64(store.shelter[i]),
        np.int64(store.admitted[i]),
        -np.int64(store.size[i]),
        step_free,
    )
    store.size[i] = 0


@nb.njit(cache=True, nogil=True)
def note_waits(
    graph: Any, work: Any, node: int, k: int, ready: int, n_arcs: int, size: int, waits: Any
) -> None:
    """Add the person-slots waited for each arc of the way found (last first) to waits[0]."""
    t = ready
    for i in range(n_arcs - 1, -1, -1):
        arc = work.path_arc[i]
        took = way_time(graph, k, node, arc)
        if arc < -1:
            arc = graph.node_arc[node, -2 - arc]
        waits[0, arc] += size * (work.path_slot[i] - t)
        waits[1, arc] += size
        t = work.path_slot[i] + took


@nb.njit(cache=True, nogil=True)
def _room(free: Any, shelter: int, step_free: bool) -> int:
    """Places left in a shelter for a class."""
    if step_free:
        return int(min(free.room[shelter], free.step_free_room[shelter]))
    return int(free.room[shelter])


@nb.njit(cache=True, nogil=True)
def place_group(
    graph: Any,
    free: Any,
    work: Any,
    store: Any,
    table: Any,
    hopes: Any,
    floors: Any,
    last_row: Any,
    slack: int,
    step_free: Any,
    price: Any,
    group: int,
    node: int,
    k: int,
    ready: int,
    size: int,
    together: bool,
    target: int,
    waits: Any,
) -> int:
    """Place `size` persons of a group; returns how many could not be placed.

    `floors` and `last_row` [class, shelter, head] hold what earlier searches found: a way that
    arrives at most `slack` slots after what is proven possible is taken without a search.

    A group that goes together needs a way with room for all at once. `hopes` is kept as shelters
    fill; `table` [class, shelter, head] is asked only for targets; `floors` has shape
    (classes, shelters + 1 or 1, heads, 2), its last row for any shelter.
    """
    left = size
    while left > 0:
        if not together and not has_space(store, work):
            break
        need = left if together else 1
        hope = table[k, target] if target >= 0 else hopes.least[k]
        floor = floors[k, target] if floors.shape[1] > 1 else floors[k, 0]
        shelter, n_arcs = -1, 0
        if target >= 0 and len(floor) > 0 and _room(free, target, step_free[k]) >= need:
            admitted, n_arcs = retrace(
                graph, free, work, hope, floor, last_row[k, target], node, k, ready, need, target,
                slack,
            )  # fmt: skip
            if admitted >= 0:
                shelter = target
        if shelter < 0:
            shelter, admitted, n_arcs = search(
                graph, free, work, hope, floor, node, k, ready, need, target, step_free[k], price
            )
            if shelter >= 0 and target >= 0 and len(floor) > 0:
                for i in range(n_arcs):
                    r = work.path_row[i]
                    if r >= 0:
                        last_row[k, target, graph.arc_from[work.path_arc[i]]] = r
        if shelter < 0:
            break
        many = min(left, most_free(graph, free, work, node, k, shelter, admitted, n_arcs))
        many = min(many, free.room[shelter])
        if step_free[k]:
            many = min(many, free.step_free_room[shelter])
        if waits.shape[0] > 0:
            note_waits(graph, work, node, k, ready, n_arcs, many, waits)
        wait_at_origin(graph, free, work, node, k, admitted, n_arcs, many)
        book(
            graph,
            free,
            node,
            k,
            work.path_arc,
            work.path_slot,
            n_arcs,
            shelter,
            admitted,
            many,
            step_free[k],
        )
        remember(store, work, group, shelter, many, admitted, n_arcs)
        left -= many
        if target < 0 and (
            free.room[shelter] < 1 or (step_free[k] and free.step_free_room[shelter] < 1)
        ):
            bring_up_to_date(graph, free, step_free, price, hopes)
    return left


@nb.njit(cache=True, nogil=True)
def place_all(
    graph: Any,
    free: Any,
    work: Any,
    store: Any,
    table: Any,
    hopes: Any,
    floors: Any,
    last_row: Any,
    slack: int,
    step_free: Any,
    price: Any,
    order: Any,
    begin: int,
    end: int,
    group: Any,
    node: Any,
    class_: Any,
    ready: Any,
    left: Any,
    together: Any,
    target: Any,
    waits: Any,
) -> int:
    """Place parties order[begin:end]; returns the next, before `end` if the store is full.

    A party is a group or a part of one: `group` names it. `left` holds the persons to place on the
    way in and those not placed on the way out.
    """
    for i in range(begin, end):
        a = order[i]
        if left[a] == 0:
            continue
        if not has_space(store, work):
            return i
        left[a] = place_group(
            graph, free, work, store, table, hopes, floors, last_row, slack, step_free, price,
            np.int64(group[a]), np.int64(node[a]), np.int64(class_[a]), np.int64(ready[a]),
            np.int64(left[a]), together[a], np.int64(target[a]), waits,
        )  # fmt: skip
        if left[a] > 0 and not together[a] and not has_space(store, work):
            return i
    return end
