"""The plan: who walks where and when, with its figures and tables."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from evacroute._same_plans import same_plans
from evacroute.assignment.movements import REASONS, Movements
from evacroute.assignment.rest import Taken
from evacroute.errors import PlanError, SolverError
from evacroute.metrics import Times, fill, link_loads, tightest, times
from evacroute.prices import Prices
from evacroute.roster import NOBODY, SET_ASIDE, Roster, call_roll
from evacroute.scenario import Scenario
from evacroute.scores import PlanScores
from evacroute.scoring.scorer import Scorer
from evacroute.summary import PlanSummary, sum_up


class Status(StrEnum):
    """How much of the people a plan places; how good it is, its gap tells.

    Attributes
    ----------
    COMPLETE
        Everyone has a place.
    PARTIAL
        Some people have none.
    EMPTY
        Nobody has one.
    """

    COMPLETE = "complete"
    PARTIAL = "partial"
    EMPTY = "empty"


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """Who goes to which shelter, by which links, and when.

    Parameters
    ----------
    scenario
        What the plan answers.
    movements
        Who moves where and when, and which groups have people left.
    method
        Name of the method that made it.
    step_s
        Time step of the plan [s].
    seconds
        How long making it took: ``load``, ``assign`` [s].
    settings
        Settings of the method.
    bound
        Proven least cost of any plan [person-seconds, weighted as `weighted_cost`], None where none
        was proven.
    seed
        Seed of random choices.
    roster
        Which person goes with which movement; found from the scenario's persons unless given.
    prices
        Prices behind the plan and its bound, where the method has any.
    taken
        Places on streets and at doors that are not to be had, since people who are safe by now or
        cannot be stopped have taken them: only in plans that `replan` makes.
    scores
        What a scorer says of the movements, where one was asked.

    Raises
    ------
    SolverError
        If a group, shelter or link of the movements does not exist, or the prices, or the places
        that are taken, are of another instance, or the scores of another number of movements.

    Examples
    --------
    >>> import evacroute as er
    >>> plan = er.assign(er.lagoon(people=300))
    >>> plan.placed, plan.left, str(plan.status)
    (292, 8, 'partial')
    >>> plan.movements_frame().columns.tolist()[:5]
    ['movement_id', 'group_id', 'class_id', 'size', 'shelter_id']
    """

    scenario: Scenario
    movements: Movements
    method: str
    step_s: float
    seconds: dict[str, float] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)
    bound: float | None = None
    seed: int = 0
    roster: Roster | None = field(default=None, kw_only=True)
    prices: Prices | None = field(default=None, kw_only=True)
    taken: Taken | None = field(default=None, kw_only=True)
    scores: PlanScores | None = field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        moves, scenario = self.movements, self.scenario
        n_links, n_shelters = scenario.network.n_links, len(scenario.shelters)
        n_classes, n_groups = len(scenario.group_classes), len(scenario.groups)
        for column, positions, n in (
            ("group", moves.group, n_groups),
            ("left_group", moves.left_group, n_groups),
            ("shelter", moves.shelter, n_shelters),
            ("leg_link", moves.leg_link, n_links),
            ("left_reason", moves.left_reason, len(REASONS)),
        ):
            if len(positions) and not 0 <= positions.min() <= positions.max() < n:
                worst = positions.min() if positions.min() < 0 else positions.max()
                raise SolverError(f"movements: {column} is {worst}, expected 0 to {n - 1}")
        if self.prices is not None:
            for fault in self.prices.misfits(n_links, n_shelters, n_classes, n_groups):
                raise SolverError(f"prices: {fault}")
        if self.taken is not None:
            for fault in self.taken.misfits(n_links, n_shelters, n_classes):
                raise SolverError(f"taken: {fault}")
        if self.scores is not None and len(self.scores) != len(moves):
            raise SolverError(f"scores: {len(self.scores)} rows for {len(moves)} movements")
        if self.roster is None:
            object.__setattr__(self, "roster", call_roll(scenario, moves))

    @property
    def ready(self) -> NDArray[np.float64]:
        """When each movement's group is ready [s after the alarm], shape (n_movements,)."""
        return self.scenario.groups.ready_time[self.movements.group]

    @property
    def times(self) -> Times:
        """Cost, mean, 95th percentile and clearance over all people placed."""
        return times(self.ready, self.movements.arrive, self.movements.size)

    @property
    def cost(self) -> float:
        """Sum over the people placed of the time from ready to safe [person-seconds]."""
        return self.times.cost

    @property
    def weighted_cost(self) -> float:
        """The cost with each class's time weighted as the method did; what the bound bounds."""
        if self.prices is None:
            return self.cost
        moves = self.movements
        weight = self.prices.weight[self.scenario.groups.class_[moves.group]]
        return float((weight * moves.size * (moves.arrive - self.ready)).sum())

    @property
    def gap(self) -> float | None:
        """(weighted cost - bound) / bound, None where no bound above 0 was proven."""
        return (self.weighted_cost - self.bound) / self.bound if self.bound else None

    @property
    def placed(self) -> int:
        """Persons with a shelter."""
        return self.movements.placed

    @property
    def left(self) -> int:
        """Persons without one, those whom the loader set aside included."""
        return self.movements.left + self._set_aside

    @property
    def _set_aside(self) -> int:
        return 0 if self.roster is None else int((self.roster.group < 0).sum())

    @property
    def safe(self) -> int:
        """Persons who are in a shelter by the deadline."""
        return int(self.movements.size[self.movements.arrive <= self.scenario.deadline_s].sum())

    @property
    def status(self) -> Status:
        """Whether the plan places everyone, some, or nobody."""
        if not self.placed:
            return Status.EMPTY
        return Status.PARTIAL if self.left else Status.COMPLETE

    @property
    def left_by_reason(self) -> dict[str, int]:
        """Persons left by reason, most first."""
        moves = self.movements
        count = np.bincount(moves.left_reason, weights=moves.left_size, minlength=len(REASONS))
        count[SET_ASIDE] += self._set_aside
        order = np.argsort(-count, kind="stable")
        return {REASONS[i]: int(count[i]) for i in order if count[i]}

    @property
    def unassigned(self) -> pd.DataFrame:
        """Who is left and why.

        Where persons were given one row a person (person_id, household_id, group_id, size, reason),
        else one row a group and reason (group_id, size, reason).
        """
        roster = self.roster
        if roster is None:
            return self.unassigned_groups
        ids, reasons = self.scenario.groups.group_id, np.array(REASONS, dtype=object)
        left = np.flatnonzero(roster.movement < 0)
        group = roster.group[left]
        named = np.append(reasons, "")
        return pd.DataFrame(
            {
                "person_id": roster.person_id[left],
                "household_id": roster.household_id[left],
                "group_id": np.append(ids, "")[group],
                "size": np.ones(len(left), dtype=np.int32),
                "reason": named[np.minimum(roster.reason[left], len(reasons))],
            }
        )

    @property
    def unassigned_groups(self) -> pd.DataFrame:
        """Who is left and why, one row a group and reason: group_id, size, reason.

        Persons whom the loader set aside are one row without a group_id.
        """
        moves, reasons = self.movements, np.array(REASONS, dtype=object)
        aside = np.arange(int(self._set_aside > 0))
        ids = self.scenario.groups.group_id[moves.left_group]
        return pd.DataFrame(
            {
                "group_id": np.append(ids, np.full(len(aside), "", dtype=object)),
                "size": np.append(moves.left_size, aside + self._set_aside),
                "reason": reasons[np.append(moves.left_reason, aside + SET_ASIDE)],
            }
        )

    @property
    def rescue(self) -> pd.DataFrame:
        """Where crews can pick up those who are left: place, persons, needs, why, latest time.

        The table ``pickups`` of `Rescue`, which also takes a fleet and routes it.
        """
        from evacroute.rescue import rescue

        return rescue(self).pickups

    def summary(self) -> PlanSummary:
        """Sum up the plan; prints as a table.

        Returns
        -------
        PlanSummary
            Figures on the whole and by class, tightest links and shelters; ``to_dict()`` for JSON.
        """
        return sum_up(self)

    def by_class(self) -> pd.DataFrame:
        """Sum up each class, the slowest and most vulnerable included.

        Returns
        -------
        DataFrame
            class_id, persons, placed, left, mean_s and p95_s (ready to safe), clearance_s [s after
            the alarm]; NaN where nobody is placed.
        """
        groups, classes, moves = self.scenario.groups, self.scenario.group_classes, self.movements
        n = len(classes)
        of_class = (groups.class_[moves.group] == c for c in range(n))
        rows = [times(self.ready[k], moves.arrive[k], moves.size[k]) for k in of_class]
        persons = np.bincount(groups.class_, weights=groups.size, minlength=n)
        left = np.bincount(groups.class_[moves.left_group], weights=moves.left_size, minlength=n)
        return pd.DataFrame(
            {
                "class_id": classes.class_id,
                "persons": persons.astype(np.int64),
                "placed": [row.placed for row in rows],
                "left": left.astype(np.int64),
                "mean_s": [row.mean for row in rows],
                "p95_s": [row.p95 for row in rows],
                "clearance_s": [row.clearance for row in rows],
            }
        )

    def tightest_links(self, n: int | None = 10, *, apart: float = 0.0) -> pd.DataFrame:
        """List the links nearest to their capacity in any 5 minutes, then those with most people.

        Parameters
        ----------
        n
            How many; None for all that are used.
        apart
            Leave out links whose middle is nearer than this to a tighter one's [m], so that one
            narrow place is told once.

        Returns
        -------
        DataFrame
            link_id, name, kind, capacity [person/s], capacity_assumed, persons (in all),
            peak_persons (most who enter within 5 minutes), peak_share (of what the capacity lets
            in), peak_end_s.
        """
        moves = self.movements
        persons = np.repeat(moves.size, np.diff(moves.leg_ptr))
        loads = link_loads(moves.leg_link, moves.leg_enter, persons)
        return tightest(self.scenario.network, loads, n, apart)

    def shelters_frame(self) -> pd.DataFrame:
        """Say how full each shelter gets, one row a shelter.

        Returns
        -------
        DataFrame
            shelter_id, name, capacity and filled [persons], share (filled / capacity),
            step_free_capacity, step_free_filled, last_arrival_s [s after the alarm], NaN where
            nobody comes.
        """
        scenario, moves = self.scenario, self.movements
        class_ = scenario.groups.class_[moves.group]
        step_free = moves.size * scenario.group_classes.step_free[class_]
        return fill(scenario.shelters, moves.shelter, moves.arrive, moves.size, step_free)

    def movements_frame(self) -> pd.DataFrame:
        """List the movements, one row each.

        Returns
        -------
        DataFrame
            movement_id, group_id, class_id, size [persons], shelter_id, ready_s, depart_s and
            arrive_s [s after the alarm].
        """
        moves, scenario = self.movements, self.scenario
        groups = scenario.groups
        return pd.DataFrame(
            {
                "movement_id": np.arange(len(moves)),
                "group_id": groups.group_id[moves.group],
                "class_id": scenario.group_classes.class_id[groups.class_[moves.group]],
                "size": moves.size,
                "shelter_id": scenario.shelters.shelter_id[moves.shelter],
                "ready_s": self.ready,
                "depart_s": moves.depart,
                "arrive_s": moves.arrive,
            }
        )

    def assignments_frame(self) -> pd.DataFrame:
        """One row a person with a place, in the order of the people; no rows without persons.

        Times are those of the person's group [s after the alarm].

        Returns
        -------
        DataFrame
            person_id, household_id, movement_id, shelter_id, depart_s, arrive_s.
        """
        moves, roster = self.movements, self.roster
        if roster is None:
            roster = NOBODY
        placed = np.flatnonzero(roster.movement >= 0)
        movement = roster.movement[placed]
        return pd.DataFrame(
            {
                "person_id": roster.person_id[placed],
                "household_id": roster.household_id[placed],
                "movement_id": movement,
                "shelter_id": self.scenario.shelters.shelter_id[moves.shelter[movement]],
                "depart_s": moves.depart[movement],
                "arrive_s": moves.arrive[movement],
            }
        )

    def legs_frame(self) -> pd.DataFrame:
        """List the legs, one row each, in walking order.

        Returns
        -------
        DataFrame
            movement_id, link_id, enter_s and leave_s [s after the alarm].
        """
        moves = self.movements
        return pd.DataFrame(
            {
                "movement_id": np.repeat(np.arange(len(moves)), np.diff(moves.leg_ptr)),
                "link_id": self.scenario.network.link_id[moves.leg_link],
                "enter_s": moves.leg_enter,
                "leave_s": moves.leg_leave,
            }
        )

    def raise_for_status(self) -> None:
        """Raise if people are left out; for scripts that must not go on then.

        Raises
        ------
        PlanError
            If not everyone has a place.
        """
        if self.left or not self.placed:
            reasons = "; ".join(f"{n:,} {reason}" for reason, n in self.left_by_reason.items())
            total = self.placed + self.left
            raise PlanError(f"{self.left:,} of {total:,} people have no place: {reasons}")

    def save(self, folder: str | Path) -> None:
        """Write the plan folder, whole or not at all; an older plan there is replaced.

        Parameters
        ----------
        folder
            Where.

        Raises
        ------
        InputError
            If the folder holds anything but a plan, or cannot be written.
        """
        from evacroute.plan_folder import write_plan

        write_plan(self, folder)

    def save_bundle(
        self,
        folder: str | Path,
        *,
        scorer: Scorer | str | Path | None = None,
        valid_from: str = "",
        valid_until: str = "",
    ) -> str:
        """Write what a server needs to answer anybody; an older bundle there is replaced.

        Parameters
        ----------
        folder
            Where; what KServe's storageUri points to.
        scorer
            A ``Scorer``, the path of its folder, or None for the one that ships.
        valid_from, valid_until
            ISO times (UTC where they name no zone) between which it may be served, "" = no limit.

        Returns
        -------
        str
            Digest of the bundle, by which a server can be told to serve it alone.

        Raises
        ------
        InputError
            If a time is none, the scorer cannot be read, the plan places nobody, or the folder
            holds anything but a bundle or cannot be written.
        """
        from evacroute.answering import bundle_of

        bundle = bundle_of(self, scorer=scorer, valid_from=valid_from, valid_until=valid_until)
        return bundle.save(folder)

    @classmethod
    def load(cls, folder: str | Path) -> Plan:
        """Read a plan folder back; the same as `read_plan`.

        Parameters
        ----------
        folder
            What `Plan.save` has written.

        Returns
        -------
        Plan
            Its scenario holds the groups that persons were gathered into.

        Raises
        ------
        InputError
            If the folder is not a whole plan.
        """
        from evacroute.plan_folder import read_plan

        return read_plan(folder)

    def equals(self, other: object) -> bool:
        """Whether the other gives the same answer to the same groups; seconds are not compared.

        Parameters
        ----------
        other
            Anything.

        Returns
        -------
        bool
            False where it is something else than a plan.
        """
        if not isinstance(other, Plan):
            return False
        return same_plans(self, other)

    def __repr__(self) -> str:
        return (
            f"Plan({self.method}: {self.placed} people placed in {len(self.movements)} movements, "
            f"{self.left} left)"
        )
