"""Odds of a plan's movements: how likely people are safe in time if it is followed."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from evacroute._kernels.trips import Outlook, Trips
from evacroute.assignment import Movements
from evacroute.errors import InputError, SolverError
from evacroute.network import FERRY
from evacroute.plan import Plan
from evacroute.scenario import Scenario
from evacroute.scores import PlanScores
from evacroute.scoring.features import kinds_of, rows_of
from evacroute.scoring.odds import Odds, find_scorer, odds_of
from evacroute.scoring.outlook import Load, count_load, reckon
from evacroute.scoring.scorer import Scorer
from evacroute.scoring.ways import Ways


def score(plan: Plan, scorer: Scorer | str | None = None) -> PlanScores:
    """Say of every movement of a plan how likely it is safe by the deadline, and when it arrives.

    The load on streets and at doors is that of the plan itself, with some people astray. Who goes
    by boat is not scored: the scorer knows walks only.

    Parameters
    ----------
    plan
        The plan.
    scorer
        A ``Scorer``, the path of its folder, or None for the one that ships.

    Returns
    -------
    PlanScores
        One row a movement; ``dataclasses.replace(plan, scores=...)`` makes them part of the plan.

    Raises
    ------
    InputError
        If it is no plan, or the scorer cannot be read or was made for other features.

    Examples
    --------
    >>> import evacroute as er
    >>> plan = er.assign(er.lagoon(people=300))
    >>> scores = score(plan)
    >>> bool(scores.expected_safe(plan.movements.size) <= plan.placed)
    True
    """
    if not isinstance(plan, Plan):
        raise InputError(
            f"plan is a {type(plan).__name__}, expected a Plan, as er.assign makes of a scenario"
        )
    judge = Judge(plan.scenario, find_scorer(scorer))
    return judge.score(plan.movements)


@dataclass(slots=True, eq=False)
class Judge:
    """Knows the odds of ways in a scenario, once it is told what is planned.

    Parameters
    ----------
    scenario
        What is planned.
    scorer
        One that `find_scorer` has passed.
    """

    scenario: Scenario
    scorer: Scorer
    ways: Ways = field(init=False)
    expected: Outlook | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        self.ways = Ways(self.scenario)

    def expect(self, moves: Movements) -> Outlook:
        """Reckon with the load of a plan from now on."""
        self.expected = outlook_of(self.scenario, self.ways, moves)
        return self.expected

    def odds(
        self,
        group: NDArray[np.int32],
        shelter: NDArray[np.int32],
        size: NDArray[np.int32],
        depart: NDArray[np.float64],
        ptr: NDArray[np.int64],
        link: NDArray[np.int32],
        wait: NDArray[np.float64] | None = None,
    ) -> Odds:
        """Give the odds of parties of some groups on given ways.

        Parameters
        ----------
        group, shelter, size, depart
            Of each way, shape (n_ways,); persons who do not go together each go alone.
        ptr, link
            Its links.
        wait
            What it waits on the way by the plan [s], None = no plan says.

        Raises
        ------
        SolverError
            If nothing was told of what is planned.
        """
        if self.expected is None:
            raise SolverError("nothing was told of what is planned")
        groups, classes = self.scenario.groups, self.scenario.group_classes
        n = len(group)
        trips = Trips(
            ptr=np.array(ptr, np.int64),
            link=np.array(link, np.int32),
            class_=groups.class_[group],
            pace=np.ones(n),
            pace_steps=np.ones(n),
            size=groups.as_one(group, size),
            depart=np.array(depart, np.float64),
            deadline=np.full(n, self.scenario.deadline_s),
            shelter=np.array(shelter, np.int32),
            wait=np.full(n, np.nan) if wait is None else wait,
        )
        rows = rows_of(self.ways.streets, self.expected, trips, classes)
        kind = kinds_of(classes, trips.class_, trips.size, trips.wait)
        return odds_of(self.scorer, rows, kind, trips.depart)

    def score(self, moves: Movements) -> PlanScores:
        """Give the odds of all movements of a plan under its own load."""
        self.expect(moves)
        afoot = ~moves.walks_any(self.scenario.network.kind == FERRY)
        told = moves.take(np.flatnonzero(afoot))
        odds = self.odds(
            told.group,
            told.shelter,
            told.size,
            told.depart,
            told.leg_ptr,
            told.leg_link,
            told.waits,
        )
        out = PlanScores.unknown(len(moves))
        if not len(told):
            return out
        columns = {}
        for name in ("p_safe", "q10", "q50", "q90", "is_safe"):
            column = np.array(getattr(out, name))
            column[afoot] = getattr(odds, name)
            columns[name] = column
        return PlanScores(**columns)


def outlook_of(scenario: Scenario, ways: Ways, moves: Movements) -> Outlook:
    """Reckon what the movements of a plan bring about on the streets."""
    return reckon(scenario, load_of(scenario, ways, moves))


def load_of(scenario: Scenario, ways: Ways, moves: Movements) -> Load:
    """Count what the movements of a plan put on the streets."""
    classes, class_ = scenario.group_classes, scenario.groups.class_[moves.group]
    space = classes.space[class_]
    return count_load(
        scenario,
        ways,
        link=moves.leg_link,
        enter=moves.leg_enter,
        persons=np.repeat(moves.size * space, np.diff(moves.leg_ptr)),
        shelter=moves.shelter,
        arrive=moves.arrive,
        size=moves.size,
        step_free=classes.step_free[class_],
    )


def places_left(scenario: Scenario, moves: Movements) -> NDArray[np.int64]:
    """Count places that a plan leaves, less than none where it ignores room, shape (2, n_shelters).

    The first row is for anybody, the second for who needs a step-free one.
    """
    step_free = scenario.group_classes.step_free[scenario.groups.class_[moves.group]]
    n = len(scenario.shelters)
    taken = [np.bincount(moves.shelter, moves.size * by, n) for by in (1, step_free)]
    return scenario.shelters.left(np.array(taken, np.int64))
