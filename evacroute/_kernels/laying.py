"""Value tables kept short, and mended where shelters fill; trees of a class in one call.

Most values change no more some time after the last price near by. So of each head only the slots
are kept until then, and its last value, which holds ever after.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numba as nb
import numpy as np

from evacroute._kernels.borrow import borrowed
from evacroute._kernels.crowd import Streets
from evacroute._kernels.crowd_fields import fill_tree
from evacroute._kernels.descent import charge
from evacroute._kernels.sweeps import Lanes

FEW = 8
"""Where more than one in so many values changes, all are made anew: a value costs more to mend."""

_AT_A_TIME = 8
"""Marks that are looked at together: a word has so many bytes."""


@nb.njit(cache=True, nogil=True)
def shortened(value: Any) -> tuple[Any, Any]:
    """Keep of each head the slots until its value changes no more, and the last.

    Parameters
    ----------
    value
        Of each slot and head, shape (horizon + 1, n_heads).

    Returns
    -------
    tuple
        Where the values of each head begin, shape (n_heads + 1,), and the values.
    """
    horizon, n = value.shape[0] - 1, value.shape[1]
    end = value[horizon]
    length = np.ones(n, np.int64)
    for t in range(horizon):
        now = value[t]
        for u in range(n):
            if now[u] != end[u]:
                length[u] = t + 2
    at = np.empty(n + 1, np.int64)
    at[0] = 0
    for u in range(n):
        at[u + 1] = at[u] + length[u]
    out = np.empty(at[n], value.dtype)
    most = length.max() if n > 0 else 0
    for t in range(most):
        now = value[t]
        for u in range(n):
            if t < length[u]:
                out[at[u] + t] = now[u]
    return at, out


class _Opened(NamedTuple):
    """A table kept short, some of whose heads are written out in full, to be changed.

    Attributes
    ----------
    at, short
        What `shortened` gives.
    row
        Where each head is written out, -1 = it is not, shape (n_heads,).
    full
        Values by row and slot.
    """

    at: Any
    short: Any
    row: Any
    full: Any


@nb.njit(cache=True, nogil=True, inline="always")
def _get(table: _Opened, t: int, u: int) -> Any:
    if table.row[u] >= 0:
        return table.full[table.row[u], t]
    return table.short[min(table.at[u] + t, table.at[u + 1] - 1)]


@nb.njit(cache=True, nogil=True, inline="always")
def _put(table: _Opened, t: int, u: int, value: Any, n_rows: int) -> int:
    """Change a value; returns how many heads are written out then."""
    if table.row[u] < 0:
        begin, length = table.at[u], table.at[u + 1] - table.at[u]
        table.full[n_rows, :length] = table.short[begin : begin + length]
        table.full[n_rows, length:] = table.short[begin + length - 1]
        table.row[u] = n_rows
        n_rows += 1
    table.full[table.row[u], t] = value
    return n_rows


@nb.njit(cache=True, nogil=True)
def mended(
    lanes: Lanes, price: Any, toll: Any, space: float, shelter_node: Any, room: Any, was: Any,
    door: Any, weight: float, horizon: int, end: Any, at: Any, short: Any,
) -> tuple[bool, Any, Any]:  # fmt: skip
    """Give what `backward` would, kept short, where nothing but rooms has changed.

    A value can only differ where one that it is made of does, so few are looked at; where that is
    no less work, it gives up. Every arc takes a slot or more.

    Parameters
    ----------
    price, toll, space
        As `Slopes` has them.
    shelter_node, room, door, weight, horizon
        As `backward` takes them.
    was
        Price of a place in each shelter when the table was made.
    end
        Values from the horizon on, as they are now.
    at, short
        The table as it was, as `shortened` gives it.

    Returns
    -------
    tuple
        Whether it is mended, and the table: as it was if it is not.
    """
    n = len(end)
    # Rows that are never written take no memory.
    row, full = np.full(n, -1, np.int32), np.empty((n, horizon + 1), short.dtype)
    table = _Opened(at, short, row, full)
    if not _mend(
        lanes, price, toll, space, shelter_node, room, was, door, weight, horizon, end, table
    ):
        return False, at, short
    new_at, new = _closed(table, horizon)
    return True, new_at, new


@nb.njit(cache=True, nogil=True)
def _mend(
    lanes: Lanes, price: Any, toll: Any, space: float, shelter_node: Any, room: Any, was: Any,
    door: Any, weight: float, horizon: int, end: Any, table: _Opened,
) -> bool:  # fmt: skip
    """Mend a table; tells whether it is done, else it gave up."""
    lanes, table = borrowed(lanes), borrowed(table)
    n, at, short = len(end), table.at, table.short
    width = (n + _AT_A_TIME - 1) // _AT_A_TIME
    words = np.zeros((horizon, width), np.uint64)
    marks = words.view(np.uint8)
    w, left = np.float32(weight), horizon * n // FEW
    is_door, n_rows = np.zeros(n, np.bool_), 0
    for s in range(len(shelter_node)):
        is_door[shelter_node[s]] = True
        if room[s] != was[s]:
            marks[:, shelter_node[s]] = 1
    for v in range(n):
        if end[v] == short[at[v + 1] - 1]:
            continue
        n_rows = _put(table, horizon, v, end[v], n_rows)
        if horizon > 0:
            marks[horizon - 1, v] = 1
        for i in range(lanes.into_ptr[v], lanes.into_ptr[v + 1]):
            a = lanes.into_arc[i]
            for t in range(max(0, horizon - lanes.tau[a]), horizon):
                marks[t, lanes.src[a]] = 1
    for t in range(horizon - 1, -1, -1):
        for word in range(width):
            if words[t, word] == 0:
                continue
            for u in range(word * _AT_A_TIME, min(n, (word + 1) * _AT_A_TIME)):
                if marks[t, u] == 0:
                    continue
                best = _get(table, t + 1, u) + w
                if is_door[u]:
                    for s in range(len(shelter_node)):
                        if shelter_node[s] == u:
                            best = min(best, room[s] + door[t, s])
                best = _by_lanes(lanes, price, toll, space, w, horizon, table, t, u, best)
                if best == _get(table, t, u):
                    continue
                n_rows = _put(table, t, u, best, n_rows)
                left -= 1
                if t > 0:
                    marks[t - 1, u] = 1
                for i in range(lanes.into_ptr[u], lanes.into_ptr[u + 1]):
                    a = lanes.into_arc[i]
                    if lanes.tau[a] <= t:
                        marks[t - lanes.tau[a], lanes.src[a]] = 1
        if left < 0:
            return False
    return True


@nb.njit(cache=True, nogil=True, inline="always")
def _by_lanes(
    lanes: Lanes, price: Any, toll: Any, space: float, w: Any, horizon: int, table: _Opened, t: int,
    u: int, best: Any,
) -> Any:  # fmt: skip
    """Least cost from a head in a slot by its arcs, or what is given if that is less."""
    for a in range(lanes.ptr[u], lanes.ptr[u + 1]):
        priced = a >= lanes.mid[u]
        if priced and (t < lanes.first[a] or t > lanes.last[a]):
            continue
        c = np.float32(w * lanes.tau[a])
        c += _get(table, min(t + lanes.tau[a], horizon), lanes.dst[a])
        if c < best:
            if priced:
                for i in range(lanes.item_ptr[a], lanes.item_ptr[a + 1]):
                    when = t + lanes.item_off[i]
                    if when < horizon:
                        c += charge(price, toll, space, when, lanes.item_row[i])
            best = min(best, c)
    return best


@nb.njit(cache=True, nogil=True)
def _closed(table: _Opened, horizon: int) -> tuple[Any, Any]:
    """Keep a table short again."""
    table = borrowed(table)
    n = len(table.row)
    at = np.zeros(n + 1, np.int64)
    for u in range(n):
        length = table.at[u + 1] - table.at[u]
        if table.row[u] >= 0:
            own = table.full[table.row[u]]
            length = horizon + 1
            while length > 1 and own[length - 2] == own[horizon]:
                length -= 1
        at[u + 1] = at[u] + length
    short = np.empty(at[n], table.short.dtype)
    for u in range(n):
        begin, length = table.at[u], at[u + 1] - at[u]
        if table.row[u] >= 0:
            # The last of them may stand for all that come after it: they are the same.
            short[at[u] : at[u + 1]] = table.full[table.row[u], :length]
        else:
            short[at[u] : at[u + 1]] = table.short[begin : begin + length]
    return at, short


@nb.njit(cache=True, nogil=True)
def fill_trees(
    streets: Streets, class_: int, time: float, roots: Any, seconds: Any, ahead: Any
) -> None:
    """Find the quickest ways of a class to each of some nodes, as streets are at a time.

    Parameters
    ----------
    seconds, ahead
        Out: time, inf = no way, and link to take, -1 = none, shape (n_roots, n_nodes).
    """
    heap = np.empty(len(streets.link) + 2, np.int64)
    found = np.empty(seconds.shape[1])
    for s in range(len(roots)):
        fill_tree(streets, class_, time, roots[s : s + 1], heap, found, ahead[s])
        seconds[s] = found
