"""The value tables of all classes: made whole for new prices, mended where shelters fill."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from evacroute._kernels.descent import Chains, Slopes
from evacroute._kernels.laying import mended, shortened
from evacroute._kernels.sweeps import BIG, Lanes, backward, static_values
from evacroute.answering.likes import Likes
from evacroute.prices import Prices
from evacroute.scenario import Scenario

F = np.float32

Short = tuple[NDArray[np.int64], NDArray[np.float32]]
"""A table kept short: where the values of each head begin, and the values."""


class _Ways(NamedTuple):
    """Lanes of a class, those that are still open at the end, and which arcs they are."""

    lanes: Lanes
    still: Lanes
    arcs: NDArray[np.int64]


class Table:
    """Value tables at given prices, with some links closed.

    Parameters
    ----------
    scenario, likes
        Streets and shelters; classes, those made for who asks included.
    prices
        Prices of streets in time, doors and places.
    walk
        Seconds that each class walks each link, inf = it cannot, shape (n_classes, n_links).
    closed
        Links that nobody may enter, shape (n_links,).
    """

    def __init__(
        self,
        scenario: Scenario,
        likes: Likes,
        prices: Prices,
        walk: NDArray[np.float64],
        closed: NDArray[np.bool_],
    ) -> None:
        self.likes, self.prices, self.walk, self.closed = likes, prices, walk, closed
        network, p = scenario.network, prices
        first, last = p.arc_link[p.arc_ptr[:-1]], p.arc_link[p.arc_ptr[1:] - 1]
        ends = (network.from_node[first], network.to_node[last], scenario.shelters.node)
        heads = np.unique(np.concatenate(ends))
        index = np.full(network.n_nodes, -1, np.int32)
        index[heads] = np.arange(len(heads))
        self.n_heads, self.shelter_head = len(heads), index[scenario.shelters.node]
        self.src, self.dst = index[ends[0]], index[ends[1]]
        self.of_link = np.repeat(np.arange(len(first)), np.diff(p.arc_ptr))
        self.barred = np.zeros(len(first), bool)
        self.barred[self.of_link[closed[p.arc_link]]] = True
        links, column = np.unique(p.link, return_inverse=True)
        row = np.full(network.n_links, -1, np.int32)
        row[links] = np.arange(len(links))
        place = np.full(network.n_links, -1, np.int64)
        # Of a link that changes any of its arcs tells where it leads.
        place[p.arc_link] = np.arange(len(p.arc_link))
        arc = self.of_link[np.maximum(place, 0)]
        self.chains = Chains(
            ptr=p.arc_ptr.copy(), link=p.arc_link.copy(), place=place, end=p.arc_ptr[1:][arc],
            head=self.dst[arc], row=row, shelter_head=self.shelter_head, step=float(p.step),
        )  # fmt: skip
        self.toll, self.first, self.last, self.shut_for_good = _gates(p)
        self.link_price = np.zeros((p.n_slots + 2, len(links)))
        self.link_price[p.link_slot, column.ravel()] = p.link_price / p.step
        n = len(likes.classes)
        self.weight = p.weight[likes.like].astype(np.float64)
        door = np.zeros((p.n_slots + 2, len(scenario.shelters)), F)
        door[p.door_slot, p.door] = p.door_price / p.step
        self.door = np.repeat(door[None], n, axis=0)
        # Where the deadline counts, the last slot of the table is the first that is too late.
        self.horizon = p.n_slots + 1 if p.horizon >= p.n_slots else p.horizon
        if self.horizon > p.n_slots:
            self.door[:, -1] += (self.weight * p.n_slots).astype(F)[:, None]
        self._pays = p.arc_gate >= 0
        self._pays[self.of_link[row[p.arc_link] >= 0]] = True
        self._ways: dict[int, _Ways] = {}
        self._slopes: Slopes | None = None

    def slopes(
        self,
        shut: NDArray[np.bool_],
        each: Callable[[Callable[[int], Short]], list[Short]],
    ) -> Slopes:
        """Give the value tables of all classes; those given before stay as they are.

        Parameters
        ----------
        shut
            Shelters that take nobody, or nobody who needs a step-free place, shape (2, n_shelters).
        each
            Calls a function for each class, and gives what it returns.
        """
        p, before = self.prices, self._slopes
        free = self.likes.classes.step_free
        asked = (p.room + np.where(free[:, None], p.step_free_room, 0.0)) / p.step
        room = np.where(shut[free.astype(np.int64)], BIG, asked).astype(F)
        if before is None:
            made = each(lambda k: self._filled(k, room[k]))
            slopes = self._of_all(room, *_joined(made))
        elif np.array_equal(room, before.room):
            slopes = before
        else:
            made = each(lambda k: self._mended(k, room[k], before))
            at, value = _joined(made)
            slopes = before._replace(room=room, at=at, value=value)
        self._slopes = slopes
        return slopes

    def _of_all(
        self, room: NDArray[np.float32], at: NDArray[np.int64], value: NDArray[np.float32]
    ) -> Slopes:
        """Put the lanes of all classes in a row, and let those of each be parts of it."""
        ways = [self._ways[k] for k in range(len(self.weight))]
        begin = np.cumsum([0, *(len(one.arcs) for one in ways)])
        items = np.cumsum([0, *(len(one.lanes.item_row) for one in ways)])
        row = {
            name: np.concatenate([getattr(one.lanes, name) for one in ways])
            for name in ("dst", "tau", "first", "last", "item_row", "item_off")
        }
        for k, one in enumerate(ways):
            parts = {
                name: column[slice(*(items if name.startswith("item") else begin)[k : k + 2])]
                for name, column in row.items()
            }
            lanes = one.lanes._replace(**parts)
            still = lanes if one.still is one.lanes else one.still
            self._ways[k] = _Ways(lanes, still, one.arcs)
        ptr = [one.lanes.ptr + at for one, at in zip(ways, begin[:-1], strict=True)]
        item_ptr = [one.lanes.item_ptr[:-1] + at for one, at in zip(ways, items[:-1], strict=True)]
        return Slopes(
            ptr=np.stack(ptr).astype(np.int32),
            arc=np.concatenate([one.arcs for one in ways]).astype(np.int32),
            item_ptr=np.concatenate([*item_ptr, items[-1:]]).astype(np.int32),
            **row, price=self.link_price, toll=self.toll, space=self.likes.classes.space,
            room=room, door=self.door, weight=self.weight, horizon=self.horizon, at=at,
            value=value,
        )  # fmt: skip

    def _filled(self, k: int, room: NDArray[np.float32]) -> Short:
        """Make the value table of a class, and its lanes if there are none yet."""
        if k not in self._ways:
            self._ways[k] = self._ways_of(k)
        value = np.empty((self.horizon + 1, self.n_heads), F)
        value[-1] = self._end(k, room)
        backward(
            self._ways[k].lanes, self._price(k), self.shelter_head, room, self.door[k],
            float(self.weight[k]), self.horizon, False, value,
        )  # fmt: skip
        short: Short = shortened(value)
        return short

    def _mended(self, k: int, room: NDArray[np.float32], before: Slopes) -> Short:
        """Make the value table of a class from the one before: shelters have filled, or emptied."""
        at = before.at[k] - before.at[k, 0]
        short = before.value[before.at[k, 0] : before.at[k, -1]]
        if np.array_equal(room, before.room[k]):
            return at, short
        is_mended, at, short = mended(
            self._ways[k].lanes, self.link_price, self.toll, float(before.space[k]),
            self.shelter_head, room, before.room[k], self.door[k], float(self.weight[k]),
            self.horizon, self._end(k, room), at, short,
        )  # fmt: skip
        return (at, short) if is_mended else self._filled(k, room)

    def _end(self, k: int, room: NDArray[np.float32]) -> NDArray[np.float32]:
        """Give the values from the horizon on."""
        weight, n_slots = float(self.weight[k]), self.prices.n_slots
        end, to = np.empty(self.n_heads, F), np.empty(self.n_heads, np.int32)
        # Whoever comes too late for the deadline still goes the shortest way.
        static_values(self._ways[k].still, self.shelter_head, room, weight, end, to)
        return np.minimum(end + F(weight * n_slots), BIG) if self.horizon > n_slots else end

    def _price(self, k: int) -> NDArray[np.float32]:
        """Give what a class pays by slot and row."""
        paid = (self.link_price * self.likes.classes.space[k]).astype(F)
        return np.concatenate([paid, self.toll], axis=1)

    def _ways_of(self, k: int) -> _Ways:
        tau = self._slots(k)
        arcs = np.flatnonzero((tau > 0) & ~self.barred)
        arcs = arcs[np.lexsort((self._pays[arcs], self.src[arcs]))]
        lanes = self._lanes(k, arcs, tau)
        shut = self.shut_for_good[arcs]
        return _Ways(lanes, self._lanes(k, arcs[~shut], tau) if shut.any() else lanes, arcs)

    def _slots(self, k: int) -> NDArray[np.int32]:
        """Slots of each arc, -1 = barred: for a class of who asks from its walking times."""
        p, like = self.prices, int(self.likes.like[k])
        slots: NDArray[np.int32] = p.arc_slots[like]
        whole = np.add.reduceat(self.walk[k, p.arc_link], p.arc_ptr[:-1])
        walked = np.isfinite(whole)
        if like == k:
            # Prices may be of classes in another order: whoever uses no steps still uses none.
            return np.where(walked, slots, np.int32(-1))
        counted = np.maximum(np.rint(np.where(walked, whole, 0) / p.step), 1)
        own: NDArray[np.float64] = np.where(walked, counted, -1)
        # At the pace of those who are most alike where a street changes.
        known = walked & ~self.likes.dry[k]
        gated = p.arc_gate >= 0
        out: NDArray[np.int32] = np.where(gated, np.where(known, slots, -1), own).astype(np.int32)
        return out

    def _lanes(self, k: int, arcs: NDArray[np.int64], tau: NDArray[np.int32]) -> Lanes:
        n = self.n_heads
        src, dst = self.src[arcs], self.dst[arcs]
        ptr = np.searchsorted(src, np.arange(n + 1)).astype(np.int32)
        plain = np.concatenate([[0], np.cumsum(~self._pays[arcs])])
        mid = (ptr[:-1] + plain[ptr[1:]] - plain[ptr[:-1]]).astype(np.int32)
        item_ptr, item_row, item_off = self._items(k, arcs)
        into = np.argsort(dst, kind="stable").astype(np.int32)
        return Lanes(
            ptr=ptr, mid=mid, dst=dst, tau=tau[arcs], item_ptr=item_ptr, item_row=item_row,
            item_off=item_off,
            into_ptr=np.searchsorted(dst[into], np.arange(n + 1)).astype(np.int32),
            into_arc=into, src=src, first=self.first[arcs], last=self.last[arcs],
        )  # fmt: skip

    def _items(
        self, k: int, arcs: NDArray[np.int64]
    ) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int32]]:
        """Rows that each arc pays, and when: its priced links, then its gate."""
        p, chains = self.prices, self.chains
        walk = self.walk[k, p.arc_link]
        upto = np.cumsum(np.where(np.isfinite(walk), walk, 0.0))
        upto -= np.where(np.isfinite(walk), walk, 0.0)
        before = upto - upto[p.arc_ptr[:-1]][self.of_link]
        off = np.floor(before / p.step + 1e-9).astype(np.int32)
        row = chains.row[p.arc_link]
        paid = np.flatnonzero(row >= 0)
        gated = np.flatnonzero(p.arc_gate >= 0)
        n_rows = self.link_price.shape[1]
        arc = np.concatenate([self.of_link[paid], gated])
        rows = np.concatenate([row[paid], n_rows + p.arc_gate[gated]])
        offs = np.concatenate([off[paid], np.zeros(len(gated), np.int32)])
        lane = np.full(len(p.arc_gate), -1, np.int64)
        lane[arcs] = np.arange(len(arcs))
        of = lane[arc]
        order = np.flatnonzero(of >= 0)
        order = order[np.argsort(of[order], kind="stable")]
        ptr = np.searchsorted(of[order], np.arange(len(arcs) + 1)).astype(np.int32)
        return ptr, rows[order].astype(np.int32), offs[order]


def _joined(made: list[Short]) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Put the tables of all classes in a row; what is given is let go one after another."""
    at = np.zeros((len(made), len(made[0][0])), np.int64)
    value = np.empty(sum(len(short) for _, short in made), F)
    begin = 0
    for k in range(len(made)):
        ptr, short = made.pop(0)
        at[k] = ptr + begin
        value[begin : begin + len(short)] = short
        begin += len(short)
    return at, value


def _gates(
    p: Prices,
) -> tuple[NDArray[np.float32], NDArray[np.int32], NDArray[np.int32], NDArray[np.bool_]]:
    """Find what gates charge by slot; first and last slot of each arc; arcs shut at the end."""
    n_gates = len(p.gate_ptr) - 1
    change = np.zeros((n_gates, p.n_slots + 3), np.int64)
    gate = np.repeat(np.arange(n_gates), np.diff(p.gate_ptr))
    np.add.at(change, (gate, p.gate_first), 1)
    np.add.at(change, (gate, p.gate_last + 1), -1)
    open_ = np.cumsum(change, axis=1)[:, :-1] > 0
    # What holds in the last slot holds ever after.
    open_[:, p.n_slots + 1] = open_[:, p.n_slots]
    toll = np.where(open_, F(0), BIG).T.astype(F)
    n_arcs = len(p.arc_gate)
    first, last = np.zeros(n_arcs, np.int32), np.full(n_arcs, np.iinfo(np.int32).max, np.int32)
    shut = np.zeros(n_arcs, bool)
    gated = np.flatnonzero(p.arc_gate >= 0)
    if len(gated):
        mine = p.arc_gate[gated]
        first[gated] = np.where(open_.any(axis=1), open_.argmax(axis=1), p.n_slots + 2)[mine]
        shut[gated] = ~open_[mine, -1]
        final = open_.shape[1] - 1 - open_[:, ::-1].argmax(axis=1)
        last[gated] = np.where(shut[gated], final[mine], np.iinfo(np.int32).max)
    return np.ascontiguousarray(toll), first, last, shut
