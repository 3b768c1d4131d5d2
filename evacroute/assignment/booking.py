"""Tables of movements: made, and copied without what is no longer in force; tables of ways."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from evacroute._kernels.exchange import Booked
from evacroute._kernels.priced_search import Paths
from evacroute._kernels.residual import ClassFlow
from evacroute.assignment.sweeper import Terms
from evacroute.assignment.time_net import TimeNet


def make_paths(net: TimeNet, terms: Terms) -> Paths:
    """Lay out what a search under prices asks of the net."""
    row = np.empty((*net.tau.shape, 4), np.int32)
    row[..., 0], row[..., 1] = net.dst, net.tau
    row[..., 2], row[..., 3] = net.item_ptr[:-1], np.diff(net.item_ptr)
    return Paths(
        net.ptr, net.src, row, np.stack([net.first, net.last], axis=1), net.item_link,
        net.item_off, terms.node_shelter, terms.node,
    )  # fmt: skip


def make_booked(n: int, n_items: int, shape: tuple[int, int], n_shelters: int) -> Booked:
    """Make empty tables for n movements of so many items, streets and slots of this shape."""

    def whole(m: int) -> NDArray[np.int32]:
        return np.empty(m, np.int32)

    return Booked(
        group=whole(n), shelter=whole(n), admitted=whole(n), size=whole(n),
        alive=np.zeros(n, np.bool_),
        arc_ptr=np.empty(n, np.int64), arc_count=whole(n), item_ptr=np.empty(n, np.int64),
        item_count=whole(n), arc=whole(n_items), slot=whole(n_items), link=whole(n_items),
        when=whole(n_items), after=whole(n_items), before=whole(n_items), owner=whole(n_items),
        first=np.full(shape, -1, np.int32),
        inside=np.empty((n_shelters, n), np.int32), place=whole(n),
        n_inside=np.zeros(n_shelters, np.int64), count=np.zeros(3, np.int64),
    )  # fmt: skip


def squeezed(
    tables: list[Booked], more: int, more_arcs: int, shape: tuple[int, int], n_shelters: int
) -> Booked:
    """Copy what is in force in some tables, not booked, with room for more movements and arcs."""
    chosen = [np.flatnonzero(b.alive[: b.count[0]]) for b in tables]
    n = sum(map(len, chosen))
    arcs = sum(int(b.arc_count[x].sum()) for b, x in zip(tables, chosen, strict=True))
    items = sum(int(b.item_count[x].sum()) for b, x in zip(tables, chosen, strict=True))
    new = make_booked(
        n + more + n // 2 + 1000, items + 2 * more_arcs + items // 2 + 10_000,
        shape, n_shelters,
    )  # fmt: skip
    at, at_arc, at_item = 0, 0, 0
    for b, x in zip(tables, chosen, strict=True):
        m = len(x)
        for name in (
            "group",
            "shelter",
            "admitted",
            "size",
            "alive",
            "arc_count",
            "item_count",
        ):
            getattr(new, name)[at : at + m] = getattr(b, name)[x]
        for ptr, many, columns, begin in (
            ("arc_ptr", b.arc_count[x], ("arc", "slot"), at_arc),
            ("item_ptr", b.item_count[x], ("link", "when"), at_item),
        ):
            upto = np.zeros(m + 1, np.int64)
            np.cumsum(many, out=upto[1:])
            getattr(new, ptr)[at : at + m] = begin + upto[:-1]
            place = np.repeat(getattr(b, ptr)[x] - upto[:-1], many) + np.arange(upto[-1])
            for column in columns:
                getattr(new, column)[begin : begin + len(place)] = getattr(b, column)[place]
        at += m
        at_arc += int(b.arc_count[x].sum())
        at_item += int(b.item_count[x].sum())
    new.count[:] = n, arcs, items
    return new


def make_class_flow(net: TimeNet, n_slots: int, n_shelters: int) -> ClassFlow:
    """Make the tables of a flow of nobody over so many slots."""
    order = np.argsort(net.dst, kind="stable").astype(np.int32)
    return ClassFlow(
        arc=np.zeros((len(net.src), n_slots), np.int32),
        wait=np.zeros((net.n_nodes, n_slots), np.int32),
        door=np.zeros((n_shelters, n_slots), np.int32),
        into_ptr=np.searchsorted(net.dst[order], np.arange(net.n_nodes + 1)).astype(np.int32),
        into_arc=order,
        dead=np.zeros(net.n_nodes * n_slots, np.int32),
    )
