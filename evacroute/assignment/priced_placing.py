"""A plan made and improved under prices: who holds which place, slot by slot."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evacroute._kernels.exchange import (
    Booked,
    insert,
    place_in_order,
    put_all,
    take_over,
    try_chains,
)
from evacroute._kernels.priced_search import UNIT, Guide, Places, Space
from evacroute._kernels.rejoin import book_and_settle
from evacroute._kernels.residual import (
    ClassFlow,
    exchange,
    insert_by_exchange,
    load_flow,
    unload_flow,
)
from evacroute.assignment.booking import make_booked, make_class_flow, make_paths, squeezed
from evacroute.assignment.placing import Placing
from evacroute.assignment.problem import Problem
from evacroute.assignment.sweeper import Terms
from evacroute.assignment.time_net import TimeNet
from evacroute.errors import SolverError

BEND = 7
"""The heuristic of searches is made greater by its 2**-7th part: dearer ways, found sooner."""

BATCH, FEW = 1024, 8
"""Groups placed, or inserted by chains, before the clock is looked at."""

DEPTH, MOST_MOVED = 2, 6
"""How deep a chain may go, and how many it may move."""

TOLL = 0.3
"""Slots that taking a full place costs in a chain, beside its price."""

STATE = 40
"""Links whose fullness is looked at in the time of a state searched, when values are made again."""

PLACE_STATES, CHAIN_STATES = 400_000, 1000
"""Places that the search of one party may look at (who finds no way is inserted afterwards), and
that a search in a chain may."""

REGRET = 0.5
"""People whose way costs less than this above what the prices promise are content [slots]."""


class PricedPlacing:
    """Movements booked on the net.

    Parameters
    ----------
    problem, net, terms
        What is solved.
    counted
        Which groups can be placed at all.
    space
        Scratch of another placing of the same problem, to be used again.
    """

    def __init__(
        self,
        problem: Problem,
        net: TimeNet,
        terms: Terms,
        counted: NDArray[np.bool_],
        space: Space | None = None,
    ) -> None:
        self.problem, self.net, self.terms = problem, net, terms
        self.no_room = terms.allowed
        groups = problem.scenario.groups
        self.paths = make_paths(net, terms)
        self.node = net.node_index[groups.node]
        self.class_, self.ready, self.together = groups.class_, problem.ready, groups.together
        self.fixed = np.zeros(len(groups), np.bool_)
        self.left = np.where(counted, groups.size, 0).astype(np.int64)
        n_states = net.n_nodes * (problem.n_slots + 1) + len(terms.node)
        longest = 4 * (net.n_nodes + problem.n_slots)
        self.space = space or Space(
            state=np.zeros((n_states, 4), np.int32),
            heap=np.empty(max(200_000, min(4_000_000, 8 * n_states)), np.int64),
            arc=np.empty(longest, np.int32),
            slot=np.empty(longest, np.int32),
            count=np.zeros(2, np.int64),
        )
        self.arcs, self.slots = np.empty(longest, np.int32), np.empty(longest, np.int32)
        self.flow: ClassFlow | None = None
        self.phase = 0
        self.guide: Guide
        self.places = self.nothing_booked()
        self.booked = make_booked(1000, 20_000, self.places.link.shape, len(terms.node))

    def nothing_booked(self) -> Places:
        """Free places with nothing booked."""
        free, terms = self.problem.tables(), self.terms
        return Places(
            link=free.link,
            intake=free.intake[terms.order],
            room=free.room[terms.order].astype(np.int64),
            free_room=np.minimum(free.step_free_room, free.room)[terms.order].astype(np.int64),
            every=self.problem.link_every,
            door_every=self.problem.intake_every[terms.order],
            step_free=terms.step_free,
            unit=self.problem.graph.unit,
        )

    @property
    def alive(self) -> NDArray[np.int64]:
        """Movements in force."""
        return np.flatnonzero(self.booked.alive[: self.booked.count[0]])

    def left_by_class(self) -> NDArray[np.int64]:
        """Count the persons of each class who have no place."""
        left = np.bincount(self.class_, weights=self.left, minlength=len(self.no_room))
        return left.astype(np.int64)

    def cost(self) -> float:
        """Weighted slots from ready to safe."""
        b, x = self.booked, self.alive
        g = b.group[x]
        spent = (b.admitted[x] - self.ready[g]) * b.size[x].astype(np.int64)
        return float((spent * self.terms.weight[self.class_[g]]).sum())

    def late(self) -> float:
        """95th percentile of the slots from ready to safe, 0 where nobody is placed."""
        b, x = self.booked, self.alive
        if not len(x):
            return 0.0
        spent = b.admitted[x] - self.ready[b.group[x]]
        order = np.argsort(spent)
        upto = np.cumsum(b.size[x][order], dtype=np.int64)
        return float(spent[order[np.searchsorted(upto, 0.95 * upto[-1])]])

    def place(
        self,
        order: NDArray[np.int64],
        go_on: Callable[[], bool] = lambda: True,
        *,
        bend: int = BEND,
        at_any_price: bool = False,
    ) -> bool:
        """Place groups in order under the guide's prices; False if told to stop before the end.

        Nobody goes whose way costs more than staying, unless at any price. The lower `bend`, the
        quicker the searches and the dearer the ways, see `BEND`.
        """
        at = 0
        value = np.empty((self.problem.n_slots + 1, self.net.n_nodes), np.int32)
        valued = np.array([-1, 0])
        dearest = np.full(len(self.guide.stay), 1 << 30) if at_any_price else self.guide.stay
        often = value.shape[0] * len(self.net.item_link) // STATE
        while at < len(order):
            if not go_on():
                return False
            self.reserve(BATCH * 4)
            at = place_in_order(
                self.paths, self.guide, self.places, self.space, self.booked, order, at,
                min(at + BATCH, len(order)), self.node, self.class_, self.ready, self.together,
                self.left, PLACE_STATES, bend, value, valued, often, dearest,
            )  # fmt: skip
        return True

    def take_over(self, placing: Placing, only: NDArray[np.bool_] | None = None) -> None:
        """Book what another placing holds, or its movements of some groups."""
        store = placing.store
        n = int(store.count[0])
        x = np.flatnonzero(store.size[:n] > 0)
        if only is not None:
            x = x[only[store.group[x]]]
        count = store.ptr[x + 1] - store.ptr[x]
        ptr = np.zeros(len(x) + 1, np.int64)
        np.cumsum(count, out=ptr[1:])
        at = np.repeat(store.ptr[x] - ptr[:-1], count) + np.arange(ptr[-1])
        columns = (store.group[x], store.shelter[x], store.admitted[x], store.size[x])
        begin = self._append(*columns, ptr, store.arc[at], store.slot[at])
        self.booked.alive[begin : begin + len(x)] = True
        np.subtract.at(self.left, store.group[x], store.size[x])
        self.rebook(self.squeezed())

    def _append(
        self,
        group: NDArray[np.int32],
        shelter: NDArray[np.int32],
        admitted: NDArray[np.int32],
        size: NDArray[np.int32],
        ptr: NDArray[np.int64],
        arc: NDArray[np.int32],
        slot: NDArray[np.int32],
    ) -> int:
        """Remember movements given in the words of the chain graph; returns the first's number."""
        arc = arc.copy()
        part = np.flatnonzero(arc < 0)
        of_arc = np.repeat(group, np.diff(ptr))[part]
        arc[part] = self._part_arcs()[self.node[of_arc] - self.net.n_heads, -2 - arc[part]]
        place = np.empty(len(self.terms.order), np.int32)
        place[self.terms.order] = np.arange(len(place))
        self.reserve(len(group) + 10, 3 * len(arc) + 1000)
        self.reserve(len(group) + 10, int(np.diff(self.net.item_ptr)[arc].sum()) + 1000)
        begin = int(self.booked.count[0])
        take_over(
            self.booked, self.paths, self.space, self.class_, group, place[shelter], admitted,
            size, ptr, arc, slot,
        )  # fmt: skip
        return begin

    def _part_arcs(self) -> NDArray[np.int32]:
        """Arc of the net for each node inside a chain and each side of it."""
        net = self.net
        out = np.full((net.n_nodes - net.n_heads, 2), -1, np.int32)
        part = np.flatnonzero(net.way < 0)
        out[net.src[part] - net.n_heads, -2 - net.way[part]] = part
        return out

    def hand_over(self, still: NDArray[np.bool_] | None = None) -> Placing:
        """Give what is booked as a `Placing`, every wait moved back to the start where it can be.

        Parameters
        ----------
        still
            Movements in force, in their order, whose waits stay as they are; none by default.
        """
        problem, b = self.problem, self.booked
        placing = Placing(problem, problem.distances())
        x = self.alive
        count = b.arc_count[x].astype(np.int64)
        ptr = np.zeros(len(x) + 1, np.int64)
        np.cumsum(count, out=ptr[1:])
        at = np.repeat(b.arc_ptr[x] - ptr[:-1], count) + np.arange(ptr[-1])
        placing.reserve_space(len(x), len(at))
        # Ways in time may pass a place twice, so they can have more arcs than there are heads.
        longest = int(count.max(initial=0)) + 1
        if longest > len(placing.work.path_arc):
            placing.work = placing.work._replace(
                path_arc=np.empty(longest, np.int32), path_slot=np.empty(longest, np.int32)
            )
        store = placing.store
        n = len(x)
        store.group[:n], store.size[:n], store.admitted[:n] = b.group[x], b.size[x], b.admitted[x]
        store.shelter[:n] = self.terms.order[b.shelter[x]]
        store.ptr[: n + 1] = ptr
        store.arc[: len(at)], store.slot[: len(at)] = self.net.way[b.arc[at]], b.slot[at]
        store.count[:] = n, len(at)
        groups = problem.scenario.groups
        book_and_settle(
            problem.graph, placing.free, placing.work, store, groups.node, groups.class_,
            problem.step_free, np.zeros(n, np.bool_) if still is None else still,
        )  # fmt: skip
        return placing

    def regret(self) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Movements in force, and what each costs a person above what prices promise [slots]."""
        b, x, guide = self.booked, self.alive, self.guide
        g = b.group[x]
        k = self.class_[g]
        count = b.item_count[x].astype(np.int64)
        ptr = np.zeros(len(x) + 1, np.int64)
        np.cumsum(count, out=ptr[1:])
        at = np.repeat(b.item_ptr[x] - ptr[:-1], count) + np.arange(ptr[-1])
        row, when = guide.row[b.link[at]], b.when[at]
        paid = np.zeros(len(at) + 1)
        priced = np.flatnonzero((row >= 0) & (when < guide.link.shape[1]))
        scale = np.repeat(guide.scale[k], count)[priced]
        paid[priced + 1] = guide.link[scale, when[priced], row[priced]]
        upto = np.cumsum(paid)
        cost = upto[ptr[1:]] - upto[ptr[:-1]]
        s, t = b.shelter[x], b.admitted[x]
        cost += guide.room[k, s]
        early = t < len(guide.door)
        cost[early] += guide.door[t[early], s[early]]
        cost += (t - self.ready[g]) * guide.weight[k]
        best = guide.value[k, np.minimum(self.ready[g], guide.value.shape[1] - 1), self.node[g]]
        return x, (cost - best) / UNIT

    def kinds(self) -> list[tuple[int, int, NDArray[np.int64]]]:
        """Movements that may be exchanged, by class and size of the party, most persons first."""
        x = self.alive
        x = x[~self.fixed[self.booked.group[x]]]
        g = self.booked.group[x]
        party = np.where(self.together[g], self.booked.size[x], 1).astype(np.int64)
        key = self.class_[g] * (party.max(initial=1) + 1) + party
        kinds = []
        for one in np.unique(key):
            mine = x[key == one]
            k, z = divmod(int(one), int(party.max(initial=1)) + 1)
            kinds.append((int(self.booked.size[mine].sum()), k, z, mine))
        kinds.sort(key=lambda kind: (-kind[0], kind[1], kind[2]))
        return [kind[1:] for kind in kinds]

    def exchange(
        self, *, passes: int, most: int, enough: float, go_on: Callable[[], bool] = lambda: True
    ) -> None:
        """Let parties of equal class and size exchange what follows where they meet.

        Parameters
        ----------
        passes
            Passes for a class and size at most; they end when one gains `enough` or less.
        most
            Places looked at for one party in a pass.
        enough
            Weighted person-slots.
        go_on
            Asked before each class and size.
        """
        sad, regret = self.regret()
        all_regret = np.zeros(len(self.booked.group))
        all_regret[sad] = regret
        news: list[Booked] = []
        for k, z, x in self.kinds():
            if not go_on():
                break
            worst = np.flatnonzero(all_regret[x] > REGRET)
            if not len(worst) or (all_regret[x][worst] * self.booked.size[x][worst]).sum() < enough:
                continue
            worst = worst[np.argsort(-all_regret[x][worst], kind="stable")]
            b, flow = self.booked, self.load(x, k, z)
            who = b.group[x[np.repeat(worst, b.size[x[worst]] // z)]]
            node, ready = self.node[who], self.ready[who]
            weight = float(self.terms.weight[k]) * z
            for _ in range(passes):
                self.phase += 1
                tally = np.zeros(3, np.int64)
                exchange(
                    self.paths, self.guide, self.places, self.space, flow, k, z, node, ready, 0,
                    len(node), most, self.phase, tally, self.arcs, self.slots,
                )  # fmt: skip
                if tally[2] * weight <= enough:
                    break
            news += self.unload(x, k, z, flow, np.zeros(0, np.int32))
        self.rebook(self.squeezed(news=news))

    def to_insert(self) -> NDArray[np.int64]:
        """List groups of which more are left than must be, three times as many persons as too many.

        The most vulnerable class first; of each those who would have the least to pay.
        """
        chosen = []
        more = self.left_by_class() - self.no_room
        for k in np.argsort(-self.terms.penalty, kind="stable"):
            too_many = more[k]
            if too_many <= 0:
                continue
            mine = np.flatnonzero((self.left > 0) & (self.class_ == k))
            mine = mine[np.argsort(self._worth(mine), kind="stable")]
            before = np.cumsum(self.left[mine]) - self.left[mine]
            chosen.append(mine[before < 3 * too_many])
        return np.concatenate(chosen) if chosen else np.zeros(0, np.int64)

    def _worth(self, group: NDArray[Any]) -> NDArray[np.int64]:
        """Value of where groups start."""
        value, k = self.guide.value, self.class_[group]
        slot = np.minimum(self.ready[group], value.shape[1] - 1)
        return np.asarray(value[k, slot, self.node[group]], np.int64)

    def insert_by_exchange(
        self, passes: int, order: NDArray[np.int64], go_on: Callable[[], bool] = lambda: True
    ) -> None:
        """Place parties of groups that are left, by exchanges among those of equal class and size.

        Asks whether to go on before every few.
        """
        whole = self.together & (self.problem.scenario.groups.size > 1) & ~self.fixed
        left = order[(self.left[order] > 0) & ~self.fixed[order]]
        size = np.where(whole[left], self.left[left], 1)
        known = {(k, z): x for k, z, x in self.kinds()}
        news: list[Booked] = []
        for k, z in sorted(
            {(int(self.class_[g]), int(n)) for g, n in zip(left, size, strict=True)}
        ):
            if not go_on():
                break
            todo = left[(self.class_[left] == k) & (size == z)]
            x = known.get((k, z), np.zeros(0, np.int64))
            flow = self.load(x, k, z)
            who = np.repeat(todo, self.left[todo] // z).astype(np.int32)
            done = np.zeros(len(who), np.bool_)
            for _ in range(passes):
                self.phase += 1
                placed, spent = 0, np.zeros(1, np.int64)
                for at in range(0, len(who), FEW):
                    some = slice(at, at + FEW)
                    if not go_on():
                        break
                    placed += insert_by_exchange(
                        self.paths, self.guide, self.places, self.space, flow, k, z,
                        self.node[who[some]], self.ready[who[some]], self.phase, done[some], spent,
                    )  # fmt: skip
                if not placed:
                    break
            if not done.any():
                # Nothing was changed: everyone keeps the way that they have.
                self.flow = None
                continue
            np.subtract.at(self.left, who[done], z)
            news += self.unload(x, k, z, flow, who[done])
        self.rebook(self.squeezed(news=news))

    def load(self, x: NDArray[np.int64], k: int, z: int) -> ClassFlow:
        """Give movements of one class and party size as a flow."""
        if self.flow is None:
            self.flow = make_class_flow(self.net, self.problem.n_slots + 1, len(self.terms.node))
        load_flow(self.paths, self.booked, self.flow, k, z, x, self.node, self.ready)
        return self.flow

    def unload(
        self, x: NDArray[np.int64], k: int, z: int, flow: ClassFlow, more: NDArray[np.int32]
    ) -> list[Booked]:
        """Make movements of the flow, which take the place of x; `more` are parties that joined."""
        b = self.booked
        count = np.concatenate([b.size[x] // z, np.ones(len(more), np.int32)])
        group, where = np.unique(np.concatenate([b.group[x], more]), return_inverse=True)
        parties = np.bincount(where.ravel(), weights=count).astype(np.int64)
        order = np.lexsort((group, self.ready[group]))
        group, parties = group[order], parties[order]
        b.alive[x] = False
        items = 2 * int(b.item_count[x].sum()) + 200 * len(more) + 10_000
        news: list[Booked] = []
        while len(group):
            new = make_booked(int(parties.sum()) + 2, items, (0, 0), 0)
            done = unload_flow(
                self.paths, self.guide, new, self.space, flow, k, z, group, parties, self.node,
                self.ready, self.arcs, self.slots,
            )  # fmt: skip
            news.append(new)
            if done == 0 and not new.count[0]:
                raise SolverError("an exchange left a hole in the flow")
            group, parties = group[done:], parties[done:]
            items *= 2
        return news

    def chains(self, most: int, seed: int) -> None:
        """Try ejection chains from the movements of most regret, at most so many."""
        x, regret = self.regret()
        regret *= self.booked.size[x]
        sad = np.flatnonzero((regret > REGRET) & ~self.fixed[self.booked.group[x]])
        sad = x[sad[np.argsort(-regret[sad], kind="stable")]][:most]
        self.reserve(8 * len(sad) + 1000, 200 * len(sad) + 100_000)
        try_chains(
            self.paths, self.guide, self.places, self.space, self.booked, sad, self.node,
            self.class_, self.ready, self.fixed, int(TOLL * UNIT), DEPTH, MOST_MOVED,
            CHAIN_STATES, BEND, seed, np.zeros(3, np.int64),
        )  # fmt: skip
        self.rebook(self.squeezed())

    def insert(
        self,
        order: NDArray[np.int64],
        seed: int,
        tries: int = 4,
        go_on: Callable[[], bool] = lambda: True,
    ) -> None:
        """Place groups that are left, in this order, by moving others on; so many tries a party."""
        todo, few = order[self.left[order] > 0], max(1, 4 * FEW // tries)
        for at in range(0, len(todo), few):
            some = todo[at : at + few]
            if not go_on():
                break
            self.reserve(64 * len(some) + 10_000, 4000 * len(some) + 1_000_000)
            insert(
                self.paths, self.guide, self.places, self.space, self.booked, some, self.left,
                8 * self.problem.n_slots, self.node, self.class_, self.ready, self.together,
                self.fixed, int(TOLL * UNIT), 8, 40, 50_000, BEND, (seed + at) % (1 << 31), tries,
            )  # fmt: skip
        if len(todo):
            self.rebook(self.squeezed())

    def reserve(self, movements: int, arcs: int | None = None) -> None:
        """Make sure that there is space for more movements, of so many arcs in all."""
        b = self.booked
        arcs = 60 * movements if arcs is None else arcs
        if (
            b.count[0] + movements < len(b.group)
            and b.count[1] + arcs < len(b.arc)
            and b.count[2] + 2 * arcs < len(b.link)
        ):
            return
        self.rebook(self.squeezed(movements, arcs))

    def squeezed(
        self, more: int = 0, more_arcs: int = 0, news: list[Booked] | None = None
    ) -> Booked:
        """Copy what is in force, here and in `news`, not booked, with room for more."""
        tables = [self.booked, *(news or [])]
        return squeezed(tables, more, more_arcs, self.places.link.shape, len(self.terms.node))

    def rebook(self, new: Booked) -> None:
        """Book all of these movements, which are in force, from nothing."""
        self.places = self.nothing_booked()
        self.booked = new
        put_all(new, self.places, self.class_)
