"""A min-cost flow decides who goes to which shelter, then each takes the way that arrives first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from evacroute.assignment.capacity_slots import MOST_PERSONS
from evacroute.assignment.class_order import check_order, with_order
from evacroute.assignment.exact import place_exactly
from evacroute.assignment.finish import finish
from evacroute.assignment.leftover import hopeless
from evacroute.assignment.method import Outcome
from evacroute.assignment.offers import Costs, EveryPair, NearPairs
from evacroute.assignment.parties import Origins, Parties, split, whole_groups
from evacroute.assignment.placing import Placing, Progress
from evacroute.assignment.polish import polish
from evacroute.assignment.problem import Problem
from evacroute.assignment.regions import Regions, make_regions
from evacroute.assignment.repair import repair
from evacroute.assignment.room import MOST_WIDENED, Offers, RoomFlow, room_flow
from evacroute.assignment.soonest import Soonest
from evacroute.errors import Faults

SLACK = 6
"""Slots by which a known way may be later than the best in all rounds but the last."""


class Placed(NamedTuple):
    """What `ShelterFlow` makes.

    Attributes
    ----------
    placing, left
        What is booked, and persons left of each group.
    no_room, least_left
        For how many of those who can be placed at all there is proven to be no room, and how many
        of them every plan leaves, as far as that is known.
    """

    placing: Placing
    left: NDArray[np.int64]
    no_room: int
    least_left: int


@dataclass(frozen=True, slots=True)
class ShelterFlow:
    """The fast default.

    Every round, OR-Tools places origins in shelters within their room at least walking time plus
    expected delay; the parties are routed against the reservation table, the slowest class first;
    and the waiting met on each arc becomes next round's expected delay. Rounds but the last route
    a sample of the parties, each standing for several. Whoever finds no way in time in the last
    round is placed by moving others on (`repair`).

    Parameters
    ----------
    rounds
        Rounds of flow and routing, at least 1.
    sample
        In all rounds but the last, one party in so many is routed.
    toll
        How many times the mean wait on an arc is charged: whoever joins a queue also delays those
        behind, so the cost to all is more than the wait itself.
    damping
        Share of the new delay in the running one, 0..1.
    polish
        Plans of at most so many movements are improved in the end: whoever waits may go to another
        shelter if that is sooner.
    order
        Ids of classes, the most vulnerable first: where not everybody can be placed these are, and
        they are routed first. Classes not named follow: those who cannot use steps, then the
        slowest first.

    Notes
    -----
    The expected delay only steers the choice of shelter; a route is always that of the earliest
    arrival. Figures behind the defaults are in docs/benchmarks.
    """

    rounds: int = 2
    sample: int = 4
    toll: float = 3.0
    damping: float = 0.5
    polish: int = 5000
    order: Sequence[str] | None = None
    name: str = "shelter_flow"

    def __post_init__(self) -> None:
        faults = Faults("shelter_flow")
        for name, low in (("rounds", 1), ("sample", 1), ("polish", 0)):
            value = getattr(self, name)
            if not isinstance(value, int) or value < low:
                faults.add(f"{name} is {value!r}, expected a whole number from {low}")
        for name, high in (("toll", np.inf), ("damping", 1.0)):
            value = getattr(self, name)
            if not isinstance(value, int | float) or not 0 <= value <= high:
                faults.add(f"{name} is {value!r}, expected a number from 0 to {high:g}")
        check_order(self.order, faults)
        faults.raise_if_any()

    def solve(self, problem: Problem, *, progress: Progress | None = None) -> Outcome:
        """Flow, route, feed back, repair."""
        problem = with_order(problem, self.order)
        placing, unplaced, no_room, _ = self.place(problem, progress)
        settings = {key: value for key, value in asdict(self).items() if key != "name"}
        return Outcome(finish(problem, placing, unplaced, no_room), settings)

    def place(self, problem: Problem, progress: Progress | None = None) -> Placed:
        """Place everyone who can be."""
        groups = problem.scenario.groups
        soonest = Soonest.of(problem)
        origins = soonest.origins
        proven = hopeless(problem)
        distances: NDArray[np.int32] | None = None
        regions: Regions | None = None
        costs: Costs
        if problem.is_large:
            regions = make_regions(problem)
            costs = NearPairs(problem, soonest, regions)
        else:
            distances = problem.distances()
            costs = EveryPair(problem, origins, distances)
        delay = np.zeros(len(problem.graph.arc_from))
        flow: RoomFlow | None = None
        for i in range(self.rounds):
            last = i == self.rounds - 1
            offers = costs.offers(delay if i > 0 else None)
            flow = static_flow(problem, origins, offers, proven < 0, flow, draft=not last)
            parties = split(groups, origins, flow)
            parties = parties.take(np.flatnonzero(proven[parties.group] < 0))
            placing = Placing(
                problem,
                distances,
                _slots(flow.price),
                slack=0 if last else SLACK,
                count_waits=not last,
                regions=regions,
            )
            if not last:
                parties = _sample(parties, self.sample, i)
                placing.free.room[:] = MOST_PERSONS
                placing.free.step_free_room[:] = MOST_PERSONS
            left = placing.place(
                parties,
                slowest_first(problem, parties),
                progress,
                f"round {i + 1}",
                whole=last,
            )
            if not last:
                mean = placing.waits[0] / np.maximum(placing.waits[1], 1)
                delay += self.damping * (self.toll * mean - delay)
                # Its tables are large: the next round's shall not stand beside them.
                del placing
        no_room = 0 if flow is None else int(flow.left.sum())
        unplaced = self._settle(problem, placing, parties, left, no_room, soonest, progress)
        if int(placing.store.count[0]) <= self.polish:
            # Where it costs little the greedy's answer is tried as well. In large cities it leaves
            # far more people than the flow does, and moving others on for them takes longest.
            other = Placing(problem, distances, regions=regions)
            every = whole_groups(groups).take(np.flatnonzero(proven < 0))
            order = np.argsort(problem.ready[every.group], kind="stable")
            left = other.place(every, order, progress, "greedy")
            rest = self._settle(problem, other, every, left, no_room, soonest, progress)
            if _worth(problem, other, rest) < _worth(problem, placing, unplaced):
                placing, unplaced = other, rest
        least = no_room
        if unplaced.sum() > no_room:
            placed = int(groups.size[proven < 0].sum() - unplaced[proven < 0].sum())
            exact = place_exactly(problem, proven < 0, placed)
            if exact.placing is not None and exact.left is not None:
                placing, unplaced = exact.placing, exact.left
                polish(placing, self.polish, soonest)
            if exact.is_most:
                least = int(unplaced[proven < 0].sum())
        unplaced = np.where(proven >= 0, groups.size, unplaced)
        return Placed(placing, unplaced, no_room, least)

    def _settle(
        self,
        problem: Problem,
        placing: Placing,
        parties: Parties,
        left: NDArray[np.int32],
        no_room: int,
        soonest: Soonest,
        progress: Progress | None,
    ) -> NDArray[np.int64]:
        """Repair, polish, and try once more; returns the persons left of each group."""
        still = repair(problem, placing, parties, left, no_room, progress)
        polish(placing, self.polish, soonest)
        todo = np.flatnonzero(still > 0)
        if len(todo):
            again = Parties(
                parties.group[todo], still[todo].astype(np.int32), np.full(len(todo), -1, np.int32)
            )
            still[todo] = placing.place(again, np.arange(len(todo)), progress, "last try")
        unplaced = np.zeros(len(problem.ready), np.int64)
        np.add.at(unplaced, parties.group, still)
        return unplaced


def static_flow(
    problem: Problem,
    origins: Origins,
    offers: Offers | NDArray[np.int32],
    counted: NDArray[np.bool_],
    before: RoomFlow | None = None,
    *,
    draft: bool = False,
) -> RoomFlow:
    """Flow of people to shelters, with no regard to streets, the most vulnerable class first.

    Parameters
    ----------
    offers
        Pairs of origin and shelter with their costs, or the table of all (see `room_flow`).
    counted
        Groups that are part of it.
    before
        A flow found at other costs.
    draft
        Whether it may be rough where the problem is large.
    """
    price = problem.static_price.astype(np.float64) if before is None else before.price
    groups, shelters = problem.scenario.groups, problem.scenario.shelters
    size = np.where(counted, groups.size, 0)
    persons = np.bincount(origins.of_group, weights=size, minlength=len(origins.node))
    return room_flow(
        offers,
        persons.astype(np.int64),
        problem.step_free[origins.class_],
        shelters.capacity,
        shelters.step_free_capacity,
        price,
        problem.rank[origins.class_],
        before,
        widen=0 if draft and problem.is_large else MOST_WIDENED,
    )


def _worth(
    problem: Problem, placing: Placing, unplaced: NDArray[np.int64]
) -> tuple[int, list[int], int]:
    """Persons left, then those left of each class from the most vulnerable on, then cost."""
    rank = problem.rank[problem.scenario.groups.class_]
    by_rank = np.bincount(rank, weights=unplaced, minlength=len(problem.step_free))
    return int(unplaced.sum()), by_rank.astype(np.int64).tolist(), placing.cost()


def slowest_first(problem: Problem, parties: Parties) -> NDArray[np.int64]:
    """Order parties: those with a target, then the most vulnerable and first ready first.

    The slow have the least choice: let go first they keep their short way, and the others lose
    less by walking round than the slow would.
    """
    k = problem.scenario.groups.class_[parties.group]
    rank = problem.rank[k]
    return np.lexsort((problem.ready[parties.group], rank, parties.target < 0))


def _sample(parties: Parties, one_in: int, start: int) -> Parties:
    """Every so many-th party, standing for the others too."""
    some = parties.take(np.arange(start % one_in, len(parties), one_in))
    return Parties(some.group, (some.size * one_in).astype(np.int32), some.target)


def _slots(price: NDArray[np.float64]) -> NDArray[np.int32]:
    return np.rint(price).astype(np.int32)
