"""Streets made ready for answers: the value table of each class, and trees to each shelter."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from evacroute._kernels.crowd import Streets
from evacroute._kernels.crowd_fields import fill_tree
from evacroute._kernels.descent import Chains, Slopes
from evacroute._kernels.leading import Trees
from evacroute._kernels.sweeps import BIG, Lanes, backward, static_values
from evacroute._street_arrays import lay_streets
from evacroute.answering.likes import Likes
from evacroute.prices import Prices
from evacroute.scenario import Scenario

F = np.float32

_Grown = tuple[Streets, NDArray[np.float32], NDArray[np.int32]]
"""Streets, and time and next link by class, shelter and node."""


@dataclass(frozen=True, slots=True, eq=False)
class Lay:
    """Streets as they are to be walked from now on, for each class.

    Parameters
    ----------
    chains
        Chains of links, the same for all classes.
    slopes
        Value tables of all classes.
    trees
        Quickest ways to each shelter.
    streets
        As the kernels of walking take them.
    """

    chains: Chains
    slopes: Slopes
    trees: Trees
    streets: Streets


@dataclass(slots=True, eq=False)
class Layer:
    """Lays streets again and again: prices change, streets close, shelters fill.

    Parameters
    ----------
    scenario
        Streets, shelters and hazards.
    likes
        Classes, those made for who asks included.
    """

    scenario: Scenario
    likes: Likes
    _walk: NDArray[np.float64] = field(init=False)
    _grown: tuple[tuple[float, bytes], _Grown] | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        self._walk = self.likes.classes.walk_seconds(self.scenario.network)

    def lay(self, prices: Prices, *, now: float, closed: NDArray[np.bool_],
            shut: NDArray[np.bool_]) -> Lay:  # fmt: skip
        """Lay the streets.

        Parameters
        ----------
        prices
            Prices of streets in time, doors and places.
        now
            What hazards do at this time counts for the trees [s after the alarm].
        closed
            Links that nobody may enter from now on, shape (n_links,).
        shut
            Shelters that take nobody, or nobody who needs a step-free place, shape (2, n_shelters).
        """
        table = _Table(self.scenario, self.likes, prices, self._walk, closed)
        with ThreadPoolExecutor(2) as pool:
            trees = pool.submit(self._trees, now, closed)
            slopes = table.slopes(shut, pool)
            streets, seconds, ahead = trees.result()
        free = self.likes.classes.step_free[:, None]
        price = prices.room + np.where(free, prices.step_free_room, 0.0)
        weight = prices.weight[self.likes.like]
        return Lay(table.chains, slopes, Trees(seconds, ahead, price, weight), streets)

    def _trees(self, now: float, closed: NDArray[np.bool_]) -> _Grown:
        """Find the trees, or those at hand if nothing has changed on the streets."""
        key = now if len(self.scenario.link_times) else 0.0, closed.tobytes()
        if self._grown is None or self._grown[0] != key:
            self._grown = key, self._grow(now, closed)
        return self._grown[1]

    def _grow(self, now: float, closed: NDArray[np.bool_]) -> _Grown:
        streets = lay_streets(self.likes.scenario, self.scenario.deadline_s)
        streets.walk[:, closed] = np.inf
        shape = (
            len(self.likes.classes), len(self.scenario.shelters), self.scenario.network.n_nodes
        )  # fmt: skip
        seconds, ahead = np.empty(shape, F), np.empty(shape, np.int32)
        heap, found = np.empty(len(streets.link) + 2, np.int64), np.empty(shape[2])
        roots = self.scenario.shelters.node.astype(np.int64)
        for k in range(shape[0]):
            for s in range(shape[1]):
                fill_tree(streets, k, now, roots[s : s + 1], heap, found, ahead[k, s])
                seconds[k, s] = found
        return streets, seconds, ahead


class _Table:
    """What the value tables of all classes share."""

    def __init__(
        self,
        scenario: Scenario,
        likes: Likes,
        prices: Prices,
        walk: NDArray[np.float64],
        closed: NDArray[np.bool_],
    ) -> None:
        self.likes, self.prices, self.walk = likes, prices, walk
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
        self.door = np.zeros((p.n_slots + 2, len(scenario.shelters)), F)
        self.door[p.door_slot, p.door] = p.door_price / p.step

    def slopes(self, shut: NDArray[np.bool_], pool: ThreadPoolExecutor) -> Slopes:
        """Fill the value tables of all classes."""
        p, likes = self.prices, self.likes
        n = len(likes.classes)
        # Where the deadline counts, the last slot of the table is the first that is too late.
        late = p.horizon >= p.n_slots
        value = np.empty((n, p.n_slots + 2 if late else p.horizon + 1, self.n_heads), F)
        free = likes.classes.step_free
        asked = (p.room + np.where(free[:, None], p.step_free_room, 0.0)) / p.step
        room = np.where(shut[free.astype(np.int64)], BIG, asked).astype(F)
        weight = p.weight[likes.like].astype(np.float64)
        paid = (self.link_price * likes.classes.space[:, None, None]).astype(F)
        door = np.repeat(self.door[None], n, axis=0)
        if late:
            door[:, -1] += (weight * p.n_slots).astype(F)[:, None]
        toll = np.broadcast_to(self.toll, (n, *self.toll.shape))
        price = np.concatenate([paid, toll], axis=2)
        lanes: list[tuple[Lanes, NDArray[np.int64]]] = list(
            pool.map(
                lambda k: self._fill(k, price[k], room[k], door[k], float(weight[k]), value[k]),
                range(n),
            )
        )
        begin = np.cumsum([0, *(len(arcs) for _, arcs in lanes)])
        items = np.cumsum([0, *(len(lane.item_row) for lane, _ in lanes)])
        ptr = np.stack([lane.ptr + at for (lane, _), at in zip(lanes, begin[:-1], strict=True)])
        item_ptr = [
            lane.item_ptr[:-1] + at for (lane, _), at in zip(lanes, items[:-1], strict=True)
        ]

        def all_of(name: str) -> NDArray[np.int32]:
            return np.concatenate([getattr(lane, name) for lane, _ in lanes]).astype(np.int32)

        return Slopes(
            ptr=ptr.astype(np.int32), dst=all_of("dst"), tau=all_of("tau"),
            arc=np.concatenate([arcs for _, arcs in lanes]).astype(np.int32),
            first=all_of("first"), last=all_of("last"),
            item_ptr=np.concatenate([*item_ptr, items[-1:]]).astype(np.int32),
            item_row=all_of("item_row"), item_off=all_of("item_off"), price=price, room=room,
            door=door, weight=weight, value=value,
        )  # fmt: skip

    def _fill(
        self,
        k: int,
        price: NDArray[np.float32],
        room: NDArray[np.float32],
        door: NDArray[np.float32],
        weight: float,
        value: NDArray[np.float32],
    ) -> tuple[Lanes, NDArray[np.int64]]:
        """Fill the value table of a class; gives its lanes, and which arcs they are."""
        p, tau, priced = self.prices, self._slots(k), self._pays()
        arcs = np.flatnonzero((tau > 0) & ~self.barred)
        arcs = arcs[np.lexsort((priced[arcs], self.src[arcs]))]
        lanes = self._lanes(k, arcs, tau, priced)
        horizon = len(value) - 1
        still = self._lanes(k, arcs[~self.shut_for_good[arcs]], tau, priced)
        # Whoever comes too late for the deadline still goes the shortest way.
        to = np.empty(self.n_heads, np.int32)
        static_values(still, self.shelter_head, room, weight, value[horizon], to)
        if horizon > p.n_slots:
            value[horizon] = np.minimum(value[horizon] + F(weight * p.n_slots), BIG)
        backward(lanes, price, self.shelter_head, room, door, weight, horizon, False, value)
        return lanes, arcs

    def _slots(self, k: int) -> NDArray[np.int32]:
        """Slots of each arc, -1 = barred: for a class of who asks from its walking times."""
        p, like = self.prices, int(self.likes.like[k])
        slots: NDArray[np.int32] = p.arc_slots[like]
        if like == k:
            return slots
        whole = np.add.reduceat(self.walk[k, p.arc_link], p.arc_ptr[:-1])
        walked = np.isfinite(whole)
        counted = np.maximum(np.rint(np.where(walked, whole, 0) / p.step), 1)
        own: NDArray[np.float64] = np.where(walked, counted, -1)
        # At the pace of those who are most alike where a street changes.
        known = walked & ~self.likes.dry[k]
        gated = p.arc_gate >= 0
        out: NDArray[np.int32] = np.where(gated, np.where(known, slots, -1), own).astype(np.int32)
        return out

    def _pays(self) -> NDArray[np.bool_]:
        p = self.prices
        pays = p.arc_gate >= 0
        pays[self.of_link[self.chains.row[p.arc_link] >= 0]] = True
        return pays

    def _lanes(
        self,
        k: int,
        arcs: NDArray[np.int64],
        tau: NDArray[np.int32],
        priced: NDArray[np.bool_],
    ) -> Lanes:
        n = self.n_heads
        src, dst = self.src[arcs], self.dst[arcs]
        ptr = np.searchsorted(src, np.arange(n + 1)).astype(np.int32)
        plain = np.concatenate([[0], np.cumsum(~priced[arcs])])
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
