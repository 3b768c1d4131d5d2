"""Go on with a plan: keep the ways that still hold, place the others under the known prices."""

from __future__ import annotations

import time
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evacroute._kernels.priced_search import Guide
from evacroute.assignment.bound import Waits, bound_of
from evacroute.assignment.fingerprints import fingerprints
from evacroute.assignment.finish import finish, origin_costs
from evacroute.assignment.guides import make_guide
from evacroute.assignment.kept_placing import KeptPlacing
from evacroute.assignment.leftover import confined, hopeless
from evacroute.assignment.method import Outcome
from evacroute.assignment.parties import Parties
from evacroute.assignment.placing import Placing, Progress
from evacroute.assignment.price_sets import plan_prices, price_set, short_places
from evacroute.assignment.pricing import Pricer
from evacroute.assignment.rest import Rest
from evacroute.assignment.shelter_flow import static_flow
from evacroute.assignment.soonest import Soonest
from evacroute.assignment.sweeper import (
    Terms,
    copy_prices,
    exact_value,
    gather_crowd,
    make_terms,
)
from evacroute.assignment.time_net import build_time_net
from evacroute.prices import Prices

COLD = 120
"""Price rounds before anyone is placed where the plan has no prices, if the time is enough."""

FEW, BESIDE, MORE, MOST = 10, 8, 20, 480
"""Price rounds before people are placed; beside that; in each stage; and at most."""

PROOF = 60
"""Price rounds at most where nobody needs another way."""

BEND = 2
"""Ways are searched with values a quarter too great: much quicker, and stages mend the rest."""

PRICES_FIRST = 3
"""Times that `FEW` rounds are taken before anyone is moved for the sake of the gap."""

CHAINS, LOOK = 3000, 8000
"""Chains tried in a stage, and places looked at for one person when people exchange ways."""

TRIES = 40
"""Chains tried for one party that has no way."""

PATIENCE = 3
"""Stages of little gain before no more are tried."""


@dataclass(frozen=True, slots=True, eq=False)
class Ways:
    """Ways that are known, in the words of the chain graph.

    Parameters
    ----------
    group, shelter, admitted, size
        Of each movement; admitted in slots.
    ptr, arc, slot
        Its arcs in walking order and when each is entered.
    near
        Which movements are so near their shelter that nobody may change them.
    """

    group: NDArray[np.int32]
    shelter: NDArray[np.int32]
    admitted: NDArray[np.int32]
    size: NDArray[np.int32]
    ptr: NDArray[np.int64]
    arc: NDArray[np.int32]
    slot: NDArray[np.int32]
    near: NDArray[np.bool_]


class Resume:
    """One re-planning.

    Parameters
    ----------
    problem
        What is left.
    ways
        The ways that still hold.
    prices
        Prices of the plan before, None = it has none.
    first
        Slot from which the problem begins.
    gap, time_limit
        When to stop improving; the time [s] counts from `begin`.
    begin
        When the re-planning began, by the clock of `time.perf_counter` [s].
    """

    def __init__(
        self,
        problem: Rest,
        ways: Ways,
        prices: Prices | None,
        first: int,
        *,
        gap: float,
        time_limit: float,
        begin: float,
        seed: int,
        progress: Progress | None,
    ) -> None:
        self.begin = begin
        self.problem, self.ways, self.gap_wanted, self.limit = problem, ways, gap, time_limit
        self.seed, self.progress, self.stages = seed, progress, 0
        origins = Soonest.of(problem).origins
        self.origins = origins
        self.cost = origin_costs(problem, origins, problem.distances())
        self.proven = hopeless(problem)
        self.counted = self.proven < 0
        self.rank = problem.rank
        net = build_time_net(problem)
        weight = np.ones(len(problem.step_free))
        if prices is not None:
            weight[: len(prices.weight)] = prices.weight
        self.terms = make_terms(problem, net, weight, self.rank)
        self.waits = Waits(problem, self.counted, self.terms.weight)
        self.crowd = gather_crowd(problem, net, self.counted)
        room = problem.static_price.astype(np.float64)
        warm = None if prices is None else price_set(prices, problem, self.terms, first)
        self.pricer = Pricer(
            net, self.terms, self.crowd, problem.n_slots, room, np.zeros(len(room))
        )
        if warm is None:
            self.pricer.start()
        else:
            self.pricer.start_from(warm)
        self.cold = prices is None
        self.persons = max(self.crowd.persons, 1.0)
        self.net = net
        self.no_room = 0
        self.job: Future[Any] | None = None
        self.placing = KeptPlacing(problem, net, self.terms, self.counted)

    @property
    def gap(self) -> float:
        """Gap of what is placed, penalties of whom it leaves apart."""
        assert self.pricer.best is not None
        bound = self.pricer.best.value - self._penalty()
        return (self.placing.cost() - bound) / bound if bound > 0 else np.inf

    def _time_left(self, share: float = 1.0) -> bool:
        return time.perf_counter() - self.begin < share * self.limit

    def _tell(self, what: str) -> None:
        if self.progress is not None:
            spent = (time.perf_counter() - self.begin) / max(self.limit, 1e-9)
            self.progress(what, min(1.0, spent))

    def _guide(self, terms: Terms | None = None) -> Guide:
        """Values and prices that lead the search; `terms` may shut some shelters."""
        prices = self.pricer.mean()
        sweeper = self.pricer.guide_values(prices, terms)
        return make_guide(sweeper, prices)

    def _open_terms(self) -> Terms:
        """Shut the shelters that have no place left."""
        places = self.placing.places
        return replace(
            self.terms,
            room=places.room.astype(np.float32),
            free_room=places.free_room.astype(np.float32),
        )

    def solve(self) -> Outcome:
        """Place everyone who has no way, then improve until the gap is met or time is up."""
        with ThreadPoolExecutor(1) as side:
            stopped = ""
            try:
                self._tell("prices")
                self.job = side.submit(self._keep)
                self.pricer.rounds(FEW)
                # The other half is for those who have no way.
                while self.cold and self.pricer.done < COLD and self._time_left(0.5):
                    self.pricer.rounds(FEW)
                self.job.result()
                self._tell("placing")
                # Where everyone still has their way nobody is asked to take another.
                stopped = self._improve(side) if self._place(side) else self._prove()
            except KeyboardInterrupt:
                stopped = "interrupted"
                if self.job is not None:
                    self.job.result()
            outcome = self._outcome(stopped, side)
        self.pricer.close()
        return outcome

    def _keep(self) -> None:
        """Book the ways that still hold."""
        placing, ways = self.placing, self.ways
        kept = placing.keep(
            ways.group, ways.shelter, ways.admitted, ways.size, ways.ptr, ways.arc, ways.slot
        )
        placing.fixed[ways.group[kept & ways.near]] = True
        # Of a household that went in file all go on, or none.
        whole = self.problem.scenario.groups.size
        torn = placing.together & (placing.left > 0) & (placing.left < whole) & self.counted
        if torn.any():
            placing.withdraw(torn)
        # They stay so: moved one by one they could come to different shelters.
        held = placing.booked.group[placing.alive]
        in_file = placing.booked.size[placing.alive] < whole[held]
        placing.fixed[held[in_file & placing.together[held]]] = True

    def _place(self, side: ThreadPoolExecutor) -> bool:
        """Search a way for everyone who has none, whatever the clock; whether there was anyone."""
        placing = self.placing
        order = np.lexsort((placing.ready, self.rank[placing.class_]))
        order = order[placing.left[order] > 0]
        if not len(order):
            return False
        # Led by the shelters that have a place left: else a search for one looks everywhere.
        placing.guide = self._guide(self._open_terms())
        # Values that know what is full take long to make: not for those cut off from all places.
        self.job = side.submit(placing.place, order[placing.affords(order)], bend=BEND)
        self.pricer.use_threads(1)
        self.pricer.rounds(BESIDE)
        self.job.result()
        if placing.left.any():
            self._count_places()
            if len(placing.to_insert()) and self._time_left():
                self.pricer.rounds(MORE)
                placing.guide = self._guide()
                self._insert()
            self.pricer.allow(placing.left_by_class(), fewer=True)
        return True

    def _count_places(self) -> None:
        """Find for how many there is no place at all, and price places so that the bound knows."""
        problem, origins, terms = self.problem, self.origins, self.terms
        shelters = problem.scenario.shelters
        flow = static_flow(problem, origins, self.cost, self.counted)
        self.no_room = int(flow.left.sum())
        warm = copy_prices(self.pricer.mean(), 0.0)
        none = np.zeros(len(shelters))
        room, free_room = flow.price * terms.weight.mean(), none
        if self.no_room:
            self.terms, (room, free_room) = short_places(terms, flow, self.cost, origins, shelters)
            self.placing.must_leave(*confined(problem, origins, self.cost, flow))
        if self.no_room or (room[terms.order] > warm.room).any():
            short = flow.short[terms.order]
            # The old prices know of queues. Where places are short they know nothing of that.
            warm.room[:] = np.maximum(np.where(short, 0, warm.room), room[terms.order])
            np.maximum(warm.free_room, free_room[terms.order], out=warm.free_room)
            self.pricer.close()
            self.pricer = Pricer(self.net, self.terms, self.crowd, problem.n_slots, none, none)
            self.pricer.start_from(warm)

    def _insert(self) -> None:
        """Place those who found no way, by moving on as few others as will do."""
        placing = self.placing
        # Most of those whom a chain may pick are near their shelter and stay, so it is tried often.
        placing.insert(placing.to_insert(), self.seed + self.stages, TRIES, self._time_left)
        placing.insert_by_exchange(2, placing.to_insert(), self._time_left)

    def _prove(self) -> str:
        """Raise the bound a little where nobody is moved."""
        most = self.pricer.done + PROOF
        self.pricer.use_threads(2)
        while self.gap > self.gap_wanted and self.pricer.done < most and self._time_left():
            self.pricer.rounds(FEW)
        return "nothing to mend"

    def _improve(self, side: ThreadPoolExecutor) -> str:
        assert self.pricer.best is not None
        poor, look = 0, LOOK
        # Prices first: they are cheaper than moving people, and may do.
        for _ in range(PRICES_FIRST):
            if self.gap > self.gap_wanted and self._time_left():
                self.pricer.use_threads(2)
                self.pricer.rounds(FEW)
        self.pricer.use_threads(1)
        if self.gap > self.gap_wanted and self._time_left():
            self.placing.guide = self._guide()
        lack = self._lack()
        while self.gap > self.gap_wanted:
            if poor >= PATIENCE:
                return "no gain"
            if not self._time_left():
                return "time limit"
            penalty = self._penalty()
            self.pricer.upper = self.placing.cost() + penalty
            # The bound as it is now: results must not depend on which thread is faster.
            goal = (self.pricer.best.value - penalty) * (1 + self.gap_wanted)
            self.job = side.submit(self._stage, look, goal)
            if self.pricer.done < MOST:
                self.pricer.rounds(MORE)
            guide = self._guide()
            self.job.result()
            self.placing.guide = guide
            self.pricer.allow(self.placing.left_by_class(), fewer=True)
            self.stages += 1
            self._tell(f"stage {self.stages}: gap {self.gap:.2%}")
            gained = (lack - self._lack()) / max(self.placing.cost(), 1.0)
            if gained < 1e-4:
                poor, look = poor + 1, 3 * look
            lack = self._lack()
        return "gap reached"

    def _penalty(self) -> float:
        """Sum what the people whom the placing leaves take from the bound [slots]."""
        assert self.pricer.best is not None
        return self.waits.price_of_left(self.placing.left, self.terms, self.pricer.best.stay)

    def _lack(self) -> float:
        """Cost with penalties, less the bound: what better prices or ways could still close."""
        assert self.pricer.best is not None
        return self.placing.cost() + self._penalty() - self.pricer.best.value

    def _stage(self, look: int, goal: float) -> None:
        """Chains first, which change few ways; then exchanges, which change many."""
        placing = self.placing
        seed = (self.seed * 7919 + self.stages) % (1 << 31)
        self._insert()
        if self._time_left():
            placing.chains(CHAINS, seed)
        if self.stages == 0 or placing.cost() <= goal:
            return
        enough = 2e-5 * placing.cost()
        placing.exchange(passes=4, most=look, enough=enough, go_on=self._time_left)

    def _outcome(self, stopped: str, side: ThreadPoolExecutor) -> Outcome:
        best = self.pricer.best
        assert best is not None
        value = side.submit(
            exact_value, self.net, self.terms, self.crowd, self.problem.n_slots, best
        )
        problem, placing, ways = self.problem, self.placing, self.ways
        b, x = placing.booked, placing.alive
        count = b.arc_count[x].astype(np.int64)
        ptr = np.zeros(len(x) + 1, np.int64)
        np.cumsum(count, out=ptr[1:])
        at = np.repeat(b.arc_ptr[x] - ptr[:-1], count) + np.arange(ptr[-1])
        mine = fingerprints(
            ptr,
            [self.net.way[b.arc[at]], b.slot[at]],
            [b.group[x], self.terms.order[b.shelter[x]], b.admitted[x]],
        )
        before = fingerprints(
            ways.ptr, [ways.arc, ways.slot], [ways.group, ways.shelter, ways.admitted]
        )
        handed = placing.hand_over(np.isin(mine, before))
        left = self._in_file(handed)
        movements = finish(problem, handed, left, self.no_room)
        settings = {"stopped": stopped, "price_rounds": self.pricer.done, "stages": self.stages}
        prices = plan_prices(problem, self.terms, self.counted, best, value.result())
        return Outcome(movements, settings, prices, bound_of(problem, prices, left))

    def _in_file(self, handed: Placing) -> NDArray[np.int64]:
        """Try once more for those left, households one after another; returns persons left."""
        placing = self.placing
        left = np.where(self.proven >= 0, self.problem.scenario.groups.size, placing.left)
        todo = np.flatnonzero(placing.left > 0)
        if placing.left.sum() > self.no_room:
            size = placing.left[todo].astype(np.int32)
            parties = Parties(todo.astype(np.int32), size, np.full(len(todo), -1, np.int32))
            order = np.lexsort((placing.ready[todo], self.rank[placing.class_[todo]]))
            handed.refresh()
            left[todo] = handed.place(parties, order)
        return left
