"""Add to a plan over several scenarios those whom it leaves, but whom one of them could serve.

Nobody who has a place is moved, and no place on a street or at a door is taken twice: so nobody is
worse off for it in any scenario.
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass, fields, replace

import numpy as np
from numpy.typing import NDArray

from evacroute.assignment import Movements, build_problem
from evacroute.assignment.finish import finish
from evacroute.assignment.leftover import CUT_OFF, hopeless
from evacroute.assignment.movements import REASONS
from evacroute.assignment.parties import whole_groups
from evacroute.assignment.placing import Placing
from evacroute.assignment.problem import Problem
from evacroute.assignment.rest import Rest, Taken
from evacroute.hazards import as_hazards
from evacroute.hazards.combined import Combined, Overlay, overlay
from evacroute.network import FERRY
from evacroute.plan import Plan
from evacroute.scenario import Scenario
from evacroute.timetable import SAFE, Timetable

_CODE = {reason: i for i, reason in enumerate(REASONS)}

NOT_PROVEN = {
    "no shelter with room": "no shelter with room (not proven)",
    "no step-free place left": "no step-free place left (not proven)",
    "no room on the way by the deadline (proven)": (
        "no room on the way by the deadline (not proven)"
    ),
}
"""Beside people who are not asked to move, what is full is no proof that nobody could have come."""


def add_left(plan: Plan, scenarios: Sequence[Scenario], weight: NDArray[np.float64]) -> Plan:
    """Place those whom a plan leaves in the likeliest scenario that has a way for them.

    Those who are placed keep their places, ways and times. Streets have the factors of the scenario
    in question; only where somebody of the class is inside already they are not faster than those
    that the plan reckons with, for a plan has one factor for a class, link and time. Boats run and
    shelters are open that are so in both. Scenarios come in the order of their probability; in each
    the first to be ready are first, and take the way that arrives first.

    Parameters
    ----------
    plan
        The plan. Its scenario has the network, persons, classes and shelters of all.
    scenarios
        All scenarios.
    weight
        Their probabilities.

    Returns
    -------
    Plan
        The same plan if nobody can be added. Otherwise without bound and prices, which are those of
        fewer people, and its scenario has the streets open where those who were added walk.
    """
    adding = Adding.to(plan, scenarios)
    if not adding.hopeful():
        return plan
    for i in np.argsort(-weight, kind="stable").tolist():
        if not (adding.left > 0).any():
            break
        adding.add(i, scenarios[i])
    return adding.plan(scenarios)


def without_hope(plan: Plan, safe: NDArray[np.bool_]) -> Plan:
    """Take out of a plan whoever is safe in no scenario: they count as cut off by a hazard.

    A plan for scenarios that were mixed may lead over links of which one is closed in each.

    Parameters
    ----------
    plan
        The plan.
    safe
        Which movements are safe in any scenario, shape (n_movements,).

    Returns
    -------
    Plan
        The same plan if there is nobody. Otherwise without bound and prices.
    """
    moves = plan.movements
    out = np.flatnonzero(~safe)
    if not len(out):
        return plan
    code = np.full(len(out), _CODE[CUT_OFF], np.uint8)
    moves = replace(
        _by_group(moves, safe),
        left_group=np.append(moves.left_group, moves.group[out]),
        left_size=np.append(moves.left_size, moves.size[out]),
        left_reason=np.append(moves.left_reason, code),
    )
    return replace(plan, movements=moves, bound=None, prices=None, roster=None)


def safe_in_any(
    scenario: Scenario, moves: Movements, step: float, scenarios: Sequence[Scenario]
) -> NDArray[np.bool_]:
    """Which movements of a plan for a scenario are safe in one of several."""
    timetable = Timetable(scenario, moves, step)
    safe = np.zeros(len(moves), np.bool_)
    for one in scenarios:
        safe |= timetable.play(one.gathered_as(scenario)).state == SAFE
    return safe


@dataclass(slots=True, eq=False)
class Adding:
    """A plan that grows.

    Parameters
    ----------
    before
        The plan to begin with.
    laid
        Factors of all scenarios.
    factor
        Those that the plan reckons with, shape (n_classes, n_stretches).
    used
        Where somebody of the class walks, shape (n_classes, n_stretches).
    left
        Persons without a place, shape (n_groups,).
    reason
        Why, where it is not what the plan says, else -1, shape (n_groups,).
    case
        The scenario with them.
    parts
        Movements of the plan, and those added.
    """

    before: Plan
    laid: Overlay
    factor: NDArray[np.float64]
    used: NDArray[np.bool_]
    left: NDArray[np.int64]
    reason: NDArray[np.int64]
    case: Scenario
    parts: list[Movements]

    @classmethod
    def to(cls, plan: Plan, scenarios: Sequence[Scenario]) -> Adding:
        """Begin with a plan."""
        scenario, moves = plan.scenario, plan.movements
        n_groups, n_classes = len(scenario.groups), len(scenario.group_classes)
        several = [one.link_times for one in (*scenarios, scenario)]
        laid = overlay(several, n_classes, scenario.deadline_s)
        left = np.bincount(moves.left_group, moves.left_size, n_groups).astype(np.int64)
        adding = cls(
            plan,
            replace(laid, factor=laid.factor[:-1]),
            laid.factor[-1].copy(),
            np.zeros(laid.factor.shape[1:], np.bool_),
            left,
            np.full(n_groups, -1, np.int64),
            scenario,
            [moves],
        )
        adding.used = adding._walked(scenario, moves) & (adding.factor > 0)
        return adding

    def hopeful(self) -> bool:
        """Forget about groups without a way even if all is open that is so in any scenario.

        Returns
        -------
        bool
            Whether others are left.
        """
        if not (self.left > 0).any():
            return False
        best = self.laid.factor.max(axis=0, initial=0.0)
        plan = self.before
        problem = self._problem(plan.scenario.with_hazard(Combined(self.laid.rows(best))))
        self.left[hopeless(problem) >= 0] = 0
        return bool((self.left > 0).any())

    def add(self, i: int, scenario: Scenario) -> None:
        """Place those left as in a scenario, the i-th."""
        own = self.before.scenario
        theirs = self.laid.factor[i]
        view = np.where(self.used, np.minimum(self.factor, theirs), theirs)
        both = (*as_hazards(own.hazard), *as_hazards(scenario.hazard))
        case = own.with_hazard(Combined(self.laid.rows(view), both))
        problem = self._beside(self._problem(case))
        placing = Placing(problem)
        everyone = whole_groups(case.groups)
        parties = everyone.take(np.flatnonzero(self.left > 0))
        parties = replace(parties, size=self.left[parties.group].astype(np.int32))
        order = np.argsort(problem.ready[parties.group], kind="stable")
        rest = np.zeros(len(self.left), np.int64)
        rest[parties.group] = placing.place(parties, order)
        moves = finish(problem, placing, rest)
        self._tell(moves)
        if not len(moves):
            return
        new = self._walked(case, moves) & ~self.used
        factor = np.where(new, view, self.factor)
        grown = own.with_hazard(Combined(self.laid.rows(factor), as_hazards(own.hazard)))
        there = grown.setting.at_node(grown.groups)
        for part in (*self.parts, moves):
            # Who waited for a street to open may now leave sooner, but walk slower and be later.
            if (there[part.group] > part.depart + 1e-6).any():
                return
        self.left, self.factor, self.case = rest, factor, grown
        self.used |= new & (factor > 0)
        self.parts.append(moves)

    def plan(self, scenarios: Sequence[Scenario]) -> Plan:
        """Give the plan with those added who are safe in any scenario."""
        before, case, moves = self.before, self.case, joined(self.parts)
        kept = np.arange(len(moves)) < len(before.movements)
        if len(self.parts) > 1:
            kept |= safe_in_any(case, moves, before.step_s, scenarios)
        if kept.sum() == len(before.movements):
            moves = self._left_of(before.movements)
            return replace(before, movements=moves, roster=None)
        moves = self._left_of(_by_group(moves, kept))
        return replace(before, scenario=case, movements=moves, bound=None, prices=None, roster=None)

    def _left_of(self, moves: Movements) -> Movements:
        """Tell who is left of each group beside some movements, and why."""
        first = self.before.movements
        groups = self.before.scenario.groups
        n = len(groups)
        left = groups.size - np.bincount(moves.group, moves.size, n).astype(np.int64)
        # A group may be left for several reasons: who is added was left for the last of them.
        size = np.empty(len(first.left_group), np.int64)
        for row, group in enumerate(first.left_group.tolist()):
            size[row] = min(int(first.left_size[row]), int(left[group]))
            left[group] -= size[row]
        rows = np.flatnonzero(size)
        group, reason = first.left_group[rows], first.left_reason[rows].astype(np.int64)
        other = (reason == _CODE[CUT_OFF]) & (self.reason[group] >= 0)
        reason = np.where(other, self.reason[group], reason)
        return replace(
            moves, left_group=group, left_size=size[rows].astype(np.int32),
            left_reason=reason.astype(np.uint8),
        )  # fmt: skip

    def _tell(self, moves: Movements) -> None:
        """Keep the first reason other than being cut off: in that scenario it is the reason."""
        for group, reason in zip(moves.left_group, moves.left_reason, strict=True):
            word = REASONS[reason]
            if word != CUT_OFF and self.reason[group] < 0:
                self.reason[group] = _CODE[NOT_PROVEN.get(word, word)]

    def _problem(self, scenario: Scenario) -> Problem:
        plan = self.before
        return build_problem(scenario, plan.step_s, plan.settings.get("max_density"))

    def _beside(self, problem: Problem) -> Rest:
        """Take from a problem the places that are taken."""
        scenario = copy(problem.scenario)
        shelters, n = scenario.shelters, len(scenario.shelters)
        moves = joined(self.parts)
        class_ = scenario.groups.class_[moves.group]
        inside = np.bincount(moves.shelter, moves.size, n).astype(np.int64)
        wheeled = moves.size * scenario.group_classes.step_free[class_]
        step_free = np.bincount(moves.shelter, wheeled, n).astype(np.int64)
        room = np.maximum(shelters.capacity - inside, 0)
        free = np.minimum(np.maximum(shelters.step_free_capacity - step_free, 0), room)
        reduced = replace(shelters, capacity=room, step_free_capacity=free)
        object.__setattr__(scenario, "shelters", reduced)
        given = {f.name: getattr(problem, f.name) for f in fields(problem) if f.init}
        return Rest(**{**given, "scenario": scenario}, taken=_taken(problem, moves))

    def _walked(self, scenario: Scenario, moves: Movements) -> NDArray[np.bool_]:
        """Mark where people of a class are inside a link, shape (n_classes, n_stretches).

        The link on which they set out counts up to when they are out of it: what it is like before
        decides when they can leave.
        """
        groups, walks = scenario.groups, scenario.groups.walks
        going = np.zeros(len(groups), np.bool_)
        going[moves.group] = True
        arrive = scenario.setting.arrive
        some = np.flatnonzero(going[walks.group] & np.isfinite(arrive))
        group = np.append(np.repeat(moves.group, np.diff(moves.leg_ptr)), walks.group[some])
        link = np.append(moves.leg_link, walks.link[some])
        begin = np.append(moves.leg_enter, np.zeros(len(some)))
        first, last = (
            self._stretch(link, begin),
            self._stretch(link, np.append(moves.leg_leave, arrive[some])),
        )
        known = np.flatnonzero(first >= 0)
        class_ = groups.class_[group[known]]
        # One more where people enter, one less behind where they leave.
        n_classes, n = self.used.shape
        inside = np.zeros((n_classes, n + 1), np.int64)
        np.add.at(inside, (class_, first[known]), 1)
        np.add.at(inside, (class_, last[known] + 1), -1)
        return np.asarray(np.cumsum(inside, axis=1)[:, :n] > 0)

    def _stretch(self, link: NDArray[np.int32], time: NDArray[np.float64]) -> NDArray[np.int64]:
        """Find the stretch of a link at a time, -1 where the link never changes."""
        laid = self.laid
        if not len(laid.link):
            return np.full(len(link), -1, np.int64)
        # Times are below 1e9 s, so that one key tells links and times apart.
        key = laid.link * 1e10 + laid.begin
        at = np.searchsorted(key, link * 1e10 + time, side="right") - 1
        return np.where(laid.link[np.maximum(at, 0)] == link, at, -1)


def _taken(problem: Problem, moves: Movements) -> Taken:
    """Give the places that movements take on a grid, those aboard boats included."""
    gates, scenario = problem.gates, problem.scenario
    taken = Taken.of(moves, scenario.groups.class_, problem.step)
    took = np.rint((moves.leg_leave - moves.leg_enter) / problem.step)
    seats: list[tuple[int, int]] = []
    for leg in np.flatnonzero(scenario.network.kind[taken.link] == FERRY).tolist():
        for copy_ in np.flatnonzero(gates.link == taken.link[leg]).tolist():
            gate, chair = int(gates.gate[copy_]), int(gates.chair[copy_])
            slots = gates.time[taken.class_[leg], copy_]
            if slots != took[leg] or not gates.open_[gate, taken.slot[leg]]:
                continue
            seats.append((problem.n_links + gate, leg))
            if chair >= 0:
                seats.append((problem.n_links + gates.n_gates + chair, leg))
    row, rider = np.array(seats, np.int64).reshape(-1, 2).T
    return replace(
        taken,
        link=np.append(taken.link, row),
        slot=np.append(taken.slot, taken.slot[rider]),
        size=np.append(taken.size, taken.size[rider]),
        class_=np.append(taken.class_, taken.class_[rider]),
    )


def joined(parts: Sequence[Movements]) -> Movements:
    """Put movements one after another, with nobody left."""
    names = ("group", "shelter", "size", "depart", "arrive", "leg_link", "leg_enter", "leg_leave")
    columns = {name: np.concatenate([getattr(p, name) for p in parts]) for name in names}
    count = np.concatenate([np.diff(part.leg_ptr) for part in parts])
    none = np.zeros(0, np.int32)
    return Movements(
        **columns, leg_ptr=np.append(0, np.cumsum(count)), left_group=none, left_size=none,
        left_reason=none.astype(np.uint8),
    )  # fmt: skip


def _by_group(moves: Movements, kept: NDArray[np.bool_]) -> Movements:
    """Keep some movements, in their order by group."""
    some = np.flatnonzero(kept)
    return moves.take(some[np.argsort(moves.group[some], kind="stable")])
