"""Flow over time with prices: a plan, improved stage by stage, beside a bound that closes in."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evacroute._kernels.priced_search import Space
from evacroute.assignment.batches import BATCHES, RestPricer, are_many, place_in_batches
from evacroute.assignment.bound import Waits, bound_of
from evacroute.assignment.cancelling import is_small, take_back
from evacroute.assignment.class_order import check_order, with_order
from evacroute.assignment.class_weights import check_weights, class_weights
from evacroute.assignment.finish import finish, origin_costs
from evacroute.assignment.guides import make_guide
from evacroute.assignment.least_cost import is_simple, place_all
from evacroute.assignment.leftover import hopeless
from evacroute.assignment.method import Outcome
from evacroute.assignment.placing import Placing, Progress
from evacroute.assignment.price_sets import plan_prices, price_set, short_places
from evacroute.assignment.priced_placing import PricedPlacing
from evacroute.assignment.pricing import Pricer
from evacroute.assignment.problem import Problem
from evacroute.assignment.reseat import reseat
from evacroute.assignment.shelter_flow import Placed, ShelterFlow, static_flow
from evacroute.assignment.soonest import Soonest
from evacroute.assignment.sweeper import PriceSet, exact_value, gather_crowd, make_terms
from evacroute.assignment.time_net import build_time_net
from evacroute.errors import Faults, InputError
from evacroute.prices import Prices
from evacroute.units import seconds

FIRST, BEFORE_PLAN, STAGE = 30, 140, 30
"""Price rounds beside the first plan, before the priced plan, and beside each improvement."""

MOST_BEFORE, STEADY = 300, 2e-3
"""Price rounds before the priced plan at most, as long as the bound grows by more than this share
in 30 of them."""

PRICING, NEARLY = 0.35, 0.3
"""Share of the time limit after which people are placed under what prices there are; share of the
people of whom the last are placed though time is up, or all were in vain."""

BEFORE_EXACT = 60
"""Price rounds before a plan of least cost is made, where people are all alike."""

SHRINK = 240
"""Rounds over which the price steps get smaller."""

MOST_ROUNDS = 1500
"""Rounds after which no more are taken."""

LARGE = 1_000_000
"""Nodes x slots x classes of the core from which a round takes long."""

LOOK = 8000
"""Places looked at for one person in a pass of exchanges, at first."""

CHAINS = 6000
"""Chains tried in a stage."""

FEW = 0.1
"""Classes of a smaller share of the people whose places are short keep those of the first plan."""

TRIED, PASSES, VAIN = 200, 8, 2
"""Groups left that are tried again in a stage, passes of exchanges for them, and stages without
success after which none are."""

TAKEN_OUT = 24
"""Programs solved in vain, in a stage, for people who are left."""

PATIENCE = 3
"""Stages of little gain, each looking farther than the last, before no more are tried."""


@dataclass(frozen=True, slots=True)
class OverTime:
    """The best plan, with a certificate.

    Streets, doors and shelters get prices in time; what everyone would do at those prices gives a
    bound on every plan (Lagrangian duality). The plan is made by search under the prices and then
    improved by exchanges, until it is within `gap` of the bound.

    Parameters
    ----------
    gap
        Stop when (cost - bound) / bound is no more than this.
    time_limit
        Stop after this time [s, or text such as "60 s"], with the best plan and bound so far.
    weights
        What a second of a person's time counts for, by class id; 1 for classes not named.
    order
        Ids of classes, the most vulnerable first: where not everybody can be placed these are.
        Classes not named follow: those who cannot use steps, then the slowest first.
    seed
        Seed of the exchanges. The same seed gives the same plan, unless the time limit ends it.
    """

    gap: float = 0.01
    time_limit: float | str = 60.0
    weights: Mapping[str, float] | None = None
    order: Sequence[str] | None = None
    seed: int = 0
    name: str = "over_time"

    def __post_init__(self) -> None:
        faults = Faults("over_time")
        if not isinstance(self.gap, int | float) or not 0 <= self.gap <= 1:
            faults.add(f"gap is {self.gap!r}, expected 0 to 1, such as 0.02 for 2 %")
        try:
            object.__setattr__(self, "time_limit", seconds(self.time_limit, "time_limit"))
        except (InputError, TypeError, ValueError) as fault:
            faults.add(str(fault))
        check_weights(self.weights, faults)
        check_order(self.order, faults)
        faults.raise_if_any()

    def solve(
        self,
        problem: Problem,
        *,
        progress: Progress | None = None,
        penalty: NDArray[np.float64] | None = None,
        warm: Prices | None = None,
    ) -> Outcome:
        """Price, place, improve; what there is when time is up or Ctrl-C is pressed is returned.

        With `penalty` leaving a person of each class counts so much in the bound [s], so that the
        bounds of two cities can be compared; else what makes the bound best. `warm` are prices of
        a like problem on the same grid to start from.
        """
        problem = with_order(problem, self.order)
        with ThreadPoolExecutor(1) as side:
            run = _Run(self, problem, progress, side, penalty, warm)
            try:
                run.go()
            except KeyboardInterrupt:
                run.stopped = "interrupted"
            return run.outcome()


class _Run:
    """One solve: the best plan and the best bound so far."""

    def __init__(
        self,
        method: OverTime,
        problem: Problem,
        progress: Progress | None,
        side: ThreadPoolExecutor,
        penalty: NDArray[np.float64] | None = None,
        warm: Prices | None = None,
    ) -> None:
        self.begin = time.perf_counter()
        self.method, self.problem, self.progress, self.side = method, problem, progress, side
        self.stopped = ""
        self.stages = 0
        shelters = problem.scenario.shelters
        origins = Soonest.of(problem).origins
        cost = origin_costs(problem, origins, problem.distances())
        self.proven = hopeless(problem)
        self.counted = self.proven < 0
        self.rank = problem.rank
        self.net = build_time_net(problem)
        weight = class_weights(problem, method.weights)
        self.terms = make_terms(problem, self.net, weight, self.rank)
        self.crowd = gather_crowd(problem, self.net, self.counted)
        self.first: Future[Placed] | None = None
        self.job: Future[Any] | None = None
        self.pricer: Pricer | None = None
        self.placing: PricedPlacing | None = None
        self.space: Space | None = None
        flow = static_flow(problem, origins, cost, self.counted)
        self.waits = Waits(problem, self.counted, self.terms.weight)
        self.no_room = int(flow.left.sum())
        self.start = flow.price * self.terms.weight.mean(), np.zeros(len(flow.price))
        if self.no_room:
            self.terms, self.start = short_places(self.terms, flow, cost, origins, shelters)
        self.short = self.terms.allowed
        self.must_leave = self.short.copy()
        self.vain, self.least_left, self.improved = 0, 0, False
        self.fixed = penalty is not None
        if penalty is not None:
            none = np.zeros(len(penalty))
            penalty = penalty / (problem.step * self.terms.unit)
            self.terms = replace(self.terms, penalty=penalty, allowed=none)
        self.warm = None if warm is None else price_set(warm, problem, self.terms)

    @property
    def bound(self) -> float:
        """Best dual value so far [slots]; nothing is proven before prices are known."""
        best = self.pricer.best if self.pricer is not None else None
        return 0.0 if best is None else best.value

    def _worth(self, placing: PricedPlacing) -> tuple[int, list[int], float, float]:
        """Persons left, those of each class from the most vulnerable on, cost, 95th percentile."""
        left = np.zeros(len(self.rank), np.int64)
        left[self.rank] = placing.left_by_class()
        return int(left.sum()), left.tolist(), placing.cost(), placing.late()

    def _left_cost(self, placing: PricedPlacing) -> float:
        """Sum what the people whom a placing leaves take from the bound [slots]."""
        assert self.pricer is not None
        best = self.pricer.best
        if best is None:
            return 0.0
        return self.waits.price_of_left(placing.left, self.terms, best.stay)

    @property
    def gap(self) -> float:
        """Gap of the plan at hand, penalties of whom it leaves apart; inf while there is none."""
        if self.placing is None:
            return np.inf
        bound = self.bound - self._left_cost(self.placing)
        return (self.placing.cost() - bound) / bound if bound > 0 else np.inf

    def _time_left(self) -> bool:
        spent = time.perf_counter() - self.begin
        return not self.stopped and spent < float(self.method.time_limit)

    def _tell(self, what: str, share: float | None = None, more: str = "") -> None:
        if self.progress is None:
            return
        persons = max(self.crowd.persons, 1.0)
        minutes = self.problem.step * self.terms.unit / 60 / persons
        text = f"{what}: bound {self.bound * minutes:.2f} min"
        if self.placing is not None:
            text += f", cost {self.placing.cost() * minutes:.2f} min, gap {self.gap:.2%}"
        text += more
        spent = (time.perf_counter() - self.begin) / float(self.method.time_limit)
        reached = min(1.0, self.method.gap / self.gap) if 0 < self.gap < np.inf else 0.0
        self.progress(text, min(1.0, max(spent, reached)) if share is None else share)

    def go(self) -> None:
        """Work until the gap is reached, time is up, or little more is gained."""
        if not self.crowd.persons:
            return
        # Sizes first: a placing of a large city has large tables.
        simple = (
            not self.no_room and is_small(self.problem, self.net) and is_simple(self._new_placing())
        )
        if not simple:
            self.first = self.side.submit(ShelterFlow().place, self.problem)
        self.pricer = Pricer(
            self.net, self.terms, self.crowd, self.problem.n_slots, *self.start, rounds=SHRINK
        )
        if self.warm is None:
            self.pricer.start()
        else:
            self.pricer.start_from(self.warm)
        self._tell("first prices")
        self.pricer.use_threads(1)
        exact = self._exact_plan() if simple else None
        if exact is not None:
            self.placing = exact
            self._tell("least cost")
            self.improved = True
            if self.gap <= self.method.gap:
                return
        if self.first is None:
            self.first = self.side.submit(ShelterFlow().place, self.problem)
        while self.pricer.done < FIRST and self._time_left():
            self.pricer.rounds(5)
        self.first.result()
        self.pricer.use_threads(2)
        placing = self._first_plan()
        if exact is not None:
            placing = min(placing, exact, key=self._worth)
        self.placing = placing
        self._allow()
        while self._time_left() and self.gap > self.method.gap and self._prices_rise():
            self._tell("prices")
            self.pricer.rounds(10)
        if self.gap <= self.method.gap:
            return
        if not self._time_left():
            self.stopped = "time limit"
            return
        self._priced_plan()
        self._improve()

    def _prices_rise(self) -> bool:
        """Whether more rounds are worth their time before people are placed."""
        assert self.pricer is not None
        done = self.pricer.done
        if time.perf_counter() - self.begin > PRICING * float(self.method.time_limit):
            return False
        return done < BEFORE_PLAN or (done < MOST_BEFORE and self.pricer.growth > STEADY)

    def _allow(self) -> None:
        """Bound plans that leave as many of each class as the plan at hand."""
        assert self.pricer is not None
        assert self.placing is not None
        if not self.fixed:
            self.pricer.allow(self.placing.left_by_class(), fewer=True)

    def _new_placing(self) -> PricedPlacing:
        """Make an empty placing; all use the same scratch, one after another."""
        placing = PricedPlacing(self.problem, self.net, self.terms, self.counted, self.space)
        self.space, placing.no_room = placing.space, self.must_leave
        return placing

    def _exact_plan(self) -> PricedPlacing | None:
        """Place people who are all alike at the least cost; None if that cannot be done."""
        assert self.pricer is not None
        self.pricer.rounds(BEFORE_EXACT)
        placing = self._new_placing()
        placing.guide = self._guide()
        prices = place_all(placing, self._time_left)
        if prices is None:
            return None
        self.pricer.offer(prices)
        return placing

    def _first_plan(self) -> PricedPlacing:
        """Take the plan of `shelter_flow` as the first."""
        assert self.first is not None
        placing = self.first.result().placing
        mine = self._new_placing()
        mine.take_over(placing)
        mine.fixed[:] = self._in_file(placing)
        return mine

    def _in_file(self, placing: Placing) -> NDArray[np.bool_]:
        """Households too large to pass a narrow place at once, which went one after another."""
        store, groups = placing.store, self.problem.scenario.groups
        n = int(store.count[0])
        parts = np.bincount(store.group[:n], weights=store.size[:n] > 0, minlength=len(groups))
        return np.asarray(groups.together & (parts > 1))

    def _guide(self) -> Any:
        assert self.pricer is not None
        prices = self.pricer.mean()
        return make_guide(self.pricer.guide_values(prices), prices)

    def _priced_plan(self) -> None:
        """Make a plan under the prices; it replaces the first if it is better."""
        assert self.pricer is not None
        assert self.placing is not None
        assert self.first is not None
        placing = self._new_placing()
        placing.guide = self._guide()
        before, self.least_left = self.first.result().placing, self.first.result().least_left
        in_file = self._in_file(before)
        # Who of a small class gets one of few places was settled by the first plan.
        of_class = placing.left_by_class()
        settled = (self.short > 0) & (of_class < FEW * of_class.sum())
        kept = in_file | settled[placing.class_]
        if kept.any():
            placing.take_over(before, kept)
            placing.fixed[:] = in_file
        order = np.lexsort((self.problem.ready, self.rank[placing.class_]))
        order = order[placing.left[order] > 0]
        self.pricer.use_threads(1)
        # Copied here, before this thread goes on with its own prices.
        rest = RestPricer(self.pricer, placing) if are_many(placing, self.gap) else None
        self.job = self.side.submit(self._place, placing, rest, order)
        persons = int(self.crowd.persons)
        # So many rounds, whatever the clock: results do not depend on speed.
        rounds = self.pricer.done + 2 * STAGE
        while not self.job.done():
            if self.pricer.done < rounds:
                self.pricer.rounds(5)
            else:
                self.job.result()
            placed = persons - int(placing.left.sum())
            self._tell("placing", more=f", {placed:,} of {persons:,} people")
        if not self.job.result():
            self.stopped = "time limit"
            return
        self.pricer.rounds(max(0, rounds - self.pricer.done))
        if self._worth(placing) < self._worth(self.placing):
            self.placing, self.improved = placing, True
        else:
            self.placing.guide = placing.guide
        self.first = None
        self._allow()

    def _place(
        self, placing: PricedPlacing, rest: RestPricer | None, order: NDArray[np.int64]
    ) -> bool:
        def go_on() -> bool:
            few = placing.left.sum() < NEARLY * self.crowd.persons
            return self._time_left() or (few and not self.stopped)

        if not place_in_batches(placing, rest, order, BATCHES, self.method.seed, go_on):
            return False
        placing.place(placing.to_insert(), go_on, at_any_price=True)
        self._insert(placing, self.method.seed)
        return True

    def _insert(self, placing: PricedPlacing, seed: int) -> None:
        """Place people who are left and need not be, until that was tried in vain some times."""
        left = placing.left.sum()
        if left <= self.least_left or self.vain >= VAIN or not len(placing.to_insert()):
            return
        placing.insert_by_exchange(PASSES, placing.to_insert()[:TRIED], self._time_left)
        placing.insert(placing.to_insert()[:TRIED], seed, go_on=self._time_left)
        todo = placing.to_insert()[:TRIED]
        if len(todo) and self._time_left():
            reseat(placing, todo, tries=TAKEN_OUT, seed=seed, go_on=self._time_left)
        self.vain = 0 if placing.left.sum() < left else self.vain + 1

    def _improve(self) -> None:
        assert self.pricer is not None
        assert self.placing is not None
        look, poor = LOOK, 0
        worth, bound = self._worth(self.placing), self.bound
        while self.gap > self.method.gap and poor < PATIENCE:
            if not self._time_left():
                self.stopped = "time limit"
                return
            self.pricer.upper = worth[2] + self._left_cost(self.placing)
            # The bound as it is now: what the other thread finds meanwhile may not count, or the
            # plan would depend on which is faster.
            goal = (self.bound - self._left_cost(self.placing)) * (1 + self.method.gap)
            self.job = self.side.submit(self._stage, self.placing, look, goal)
            if self.pricer.done < MOST_ROUNDS:
                self.pricer.rounds(self._stage_rounds())
            guide = self._guide()
            self.job.result()
            self.placing.guide = guide
            self._allow()
            self.stages, self.improved = self.stages + 1, True
            self._tell(f"stage {self.stages}")
            now = self._worth(self.placing)
            gained = (worth[2] - now[2] + self.bound - bound) / max(now[2], 1.0)
            if now[0] < worth[0]:
                gained = 1.0
            if gained < 1e-4:
                look *= 3
            poor = poor + 1 if gained < 1e-5 else 0
            worth, bound = now, self.bound

    def _stage_rounds(self) -> int:
        """Count the rounds beside a stage: more where a round is quick, whatever the clock says."""
        assert self.pricer is not None
        cells = self.pricer.size * self.pricer.horizon * len(self.rank)
        return int(np.clip(STAGE * LARGE // max(cells, 1), STAGE, 4 * STAGE))

    def _stage(self, placing: PricedPlacing, look: int, goal: float) -> None:
        """Improve the plan a little, chains only while it costs more than the goal."""
        seed = (self.method.seed * 7919 + self.stages) % (1 << 31)
        self._insert(placing, seed)
        enough = 2e-5 * placing.cost()
        placing.exchange(passes=8, most=look, enough=enough, go_on=self._time_left)
        if self._time_left() and placing.cost() > goal:
            placing.chains(CHAINS, seed)
        small = is_small(self.problem, self.net) and self.stages > 1
        if small and self._time_left() and placing.cost() > goal:
            take_back(placing, enough=enough, go_on=self._time_left)

    def outcome(self) -> Outcome:
        """Give what there is, as movements with prices and bound."""
        if self.job is not None:
            self.job.result()
        groups, method = self.problem.scenario.groups, self.method
        if self.placing is None:
            placing, unplaced, no_room, _ = (
                ShelterFlow().place(self.problem) if self.first is None else self.first.result()
            )
        else:
            placing, unplaced, no_room = self.placing.hand_over(), self.placing.left, self.no_room
        unplaced = np.where(self.proven >= 0, groups.size, unplaced)
        movements = finish(self.problem, placing, unplaced, no_room)
        if self.progress is not None and self.stopped != "interrupted":
            self._tell("done", 1.0)
        settings = {
            key: value for key, value in asdict(method).items() if key not in ("name", "seed")
        }
        settings["improved"] = self.improved
        settings["stopped"] = self.stopped or (
            "gap reached" if self.gap <= method.gap else "no gain"
        )
        if self.pricer is None:
            return Outcome(movements, settings)
        best = self.pricer.best
        self.pricer.close()
        if best is None:
            return Outcome(movements, settings)
        settings["price_rounds"], settings["stages"] = self.pricer.done, self.stages
        prices = plan_prices(self.problem, self.terms, self.counted, best, self._exact(best))
        return Outcome(movements, settings, prices, bound_of(self.problem, prices, unplaced))

    def _exact(self, best: PriceSet) -> float:
        return exact_value(self.net, self.terms, self.crowd, self.problem.n_slots, best)
