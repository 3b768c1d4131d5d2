"""What `replan` gives: the new plan, and who keeps what."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from evacroute._left import EXAMPLES, JOINED, PLACED, left_frame, left_rows
from evacroute._remaining import Remaining
from evacroute._standing import Standing
from evacroute.assignment.fingerprints import fingerprints
from evacroute.assignment.movements import REASONS
from evacroute.plan import Plan
from evacroute.roster import SET_ASIDE

SHOWN = 8
"""Closures, and lines about who is left, that a summary shows."""


@dataclass(frozen=True, slots=True, repr=False)
class ReplanSummary:
    """Figures of a re-planning; prints as a table.

    Parameters
    ----------
    now_s
        When it takes effect [s after the alarm].
    closed
        What is closed, as it was said: name, what ("street", "link" or "shelter") and how many
        links it stands for.
    safe_before
        Persons who were safe when the plan that is mended began (a plan made anew itself).
    safe, kept, rerouted, moved, left, joined
        Persons: safe since then; with shelter and way as before; with another way to the same
        shelter; with another shelter; without one; new.
    newly_left
        Of those left, who had a place before, by reason and class, most first: reason, class_id,
        persons, examples (some ids of persons, else of groups).
    joined_left
        The same of those who joined.
    set_aside
        Why persons who joined are near no street, in the loader's words, and how many.
    mean_s
        Mean time from now, or from when they are ready, to safe, of those placed [s].
    mean_before_s
        The same by the plan before, of those who were on their way by it, NaN = nobody was [s].
    gap, gap_wanted
        Proven gap of what is left, None = not known; at which gap to stop.
    stopped
        What ended the search: "gap reached", "nothing to mend", "no gain", "time limit" or
        "interrupted".
    seconds
        How long it took [s].
    endangered
        Persons who are inside a shelter that gets hot before the deadline, by its name.
    notes
        Warnings of what came.
    """

    now_s: float
    closed: list[dict[str, Any]]
    safe_before: int
    safe: int
    kept: int
    rerouted: int
    moved: int
    left: int
    joined: int
    newly_left: list[dict[str, Any]]
    joined_left: list[dict[str, Any]]
    set_aside: dict[str, int]
    mean_s: float
    gap: float | None
    gap_wanted: float
    stopped: str
    seconds: float
    endangered: dict[str, int] = field(default_factory=dict)
    mean_before_s: float = math.nan
    notes: list[str] = field(default_factory=list)

    def to_dict(self) -> dict[str, Any]:
        """Give the figures as plain types, for JSON; None for what is NaN."""
        found = {name: getattr(self, name) for name in self.__slots__}
        nothing = math.isnan(self.mean_before_s)
        return {**found, "mean_before_s": None if nothing else self.mean_before_s}

    def __str__(self) -> str:
        closed = ", ".join(_closed(one) for one in self.closed[:SHOWN])
        if len(self.closed) > SHOWN:
            closed += f" and {len(self.closed) - SHOWN} more"
        newly, joined = (
            sum(row["persons"] for row in rows) for rows in (self.newly_left, self.joined_left)
        )
        rows = [
            ("safe already", self.safe_before + self.safe),
            ("keep shelter and way", self.kept),
            ("another way, same shelter", self.rerouted),
            ("another shelter", self.moved),
            ("joined", self.joined),
            ("without a shelter", self.left),
        ]
        if self.left:
            rows += [
                ("  who had one before", newly),
                ("  who had none before", self.left - newly - joined),
                ("  who joined", joined),
            ]
        gap = "no bound" if self.gap is None else f"gap {self.gap:.2%}"
        before = self.mean_before_s
        was = "" if math.isnan(before) else f" (by the plan before {before / 60:.2f} min)"
        end = f"mean time still to go {self.mean_s / 60:.2f} min{was}, {gap}, {self.seconds:.1f} s"
        if not self.kept + self.rerouted + self.moved:
            end = f"nobody is on the way to a shelter; {self.seconds:.1f} s"
        elif self.gap is None or self.gap > self.gap_wanted:
            end += f"; stopped by: {self.stopped} (asked for: {self.gap_wanted:.2%})"
        told = sum(r["persons"] for r in self.joined_left if r["reason"] == REASONS[SET_ASIDE])
        aside = {} if told else self.set_aside
        return "\n".join(
            [
                f"{self.now_s / 60:g} min after the alarm; closed {closed or 'nothing'}",
                *(f"  {name:<26} {persons:>9,}" for name, persons in rows),
                end,
                *_left_lines("had a shelter before and have none now", self.newly_left),
                *_left_lines("joined and have no shelter", self.joined_left),
                *(f"{n:>9,}  {why}" for why, n in aside.items()),
                *(
                    f"{n:>9,}  are inside {name}, which gets hot: they must be brought out"
                    for name, n in self.endangered.items()
                ),
                *self.notes,
            ]
        )

    __repr__ = __str__


def _closed(one: dict[str, Any]) -> str:
    """Tell one closure; a street with the number of links that it stands for."""
    if one["what"] != "street":
        return f"{one['what']} {one['name']}"
    return f"{one['name']} ({one['links']} link{'s' * (one['links'] != 1)})"


def _left_lines(title: str, rows: list[dict[str, Any]]) -> list[str]:
    """Tell who is left, a line a reason and class."""
    if not rows:
        return []
    width = max(len("class"), *(len(row["class_id"]) for row in rows))
    reason = max(len("reason"), *(len(row["reason"]) for row in rows))
    lines = ["", title, f"{'people':>9}  {'class':<{width}}  {'reason':<{reason}}  who"]
    for row in rows[:SHOWN]:
        ids, n = row["examples"], row["persons"]
        # Of persons one id stands for one, of groups for some.
        who = ", ".join(map(str, ids)) + (", ..." if len(ids) >= EXAMPLES and n > len(ids) else "")
        lines.append(f"{n:>9,}  {row['class_id']:<{width}}  {row['reason']:<{reason}}  {who}")
    if len(rows) > SHOWN:
        more = sum(row["persons"] for row in rows[SHOWN:])
        lines.append(f"{more:>9,}  of other classes and reasons")
    return lines


@dataclass(frozen=True, slots=True, eq=False)
class Replan:
    """The rest of a plan after something has changed.

    Parameters
    ----------
    plan
        Plan of all who are not safe yet, from where they stand: times count from the alarm as
        before, shelters have the room that is left, closed streets have capacity 0. Who is inside
        a stretch starts at its end, when they are there. A group that has come apart is named
        "id/1", "id/2".
    safe
        Persons who are safe already.
    kept
        Persons who keep shelter and way.
    rerouted
        Persons who keep their shelter and take another way.
    joined
        Persons who are new.
    moved
        Who got another shelter, or lost theirs: group_id (in ``plan``), persons, from, to; "" =
        none.
    unassigned
        Who is left and why: the rows of `Plan.unassigned`, with class_id, before ("placed", "left"
        or "joined": what they were) and from, the shelter that they were to go to, "" = none. A row
        of groups is split where some of it had a place before and some had none.
    set_aside
        Why persons who joined are near no street, in the loader's words, and how many.
    now_s
        When it takes effect [s after the alarm].
    endangered
        Persons, counted as safe, who are inside a shelter whose door a fire makes hot before the
        deadline, by its name: nobody is planned out of it.
    mean_before_s
        Mean time from now, or from when they are ready, to safe, by the plan before, of those who
        were on their way by it, NaN = nobody was [s].
    notes
        Warnings of what came: that the new tide is on another clock than the plan's.

    Examples
    --------
    >>> import evacroute as er, networkx as nx, pandas as pd
    >>> graph = nx.Graph([(1, 2, {"width": 2.0})])
    >>> nx.set_node_attributes(graph, {1: 12.334, 2: 12.338}, "x")
    >>> nx.set_node_attributes(graph, 45.437, "y")
    >>> network = er.read_network(graph)
    >>> people = er.read_people(pd.DataFrame({"lon": [12.334] * 9, "lat": 45.437}), network)
    >>> shelters = er.read_shelters(pd.DataFrame({"node_id": ["2"], "capacity": [9]}), network)
    >>> plan = er.assign(er.Scenario(network, people, shelters))
    >>> again = er.replan(plan, now="2 min")
    >>> again.safe, again.kept, again.rerouted, len(again.newly_left)
    (0, 9, 0, 0)
    """

    plan: Plan
    safe: int
    kept: int
    rerouted: int
    joined: int
    moved: pd.DataFrame
    unassigned: pd.DataFrame
    set_aside: dict[str, int]
    now_s: float
    endangered: dict[str, int] = field(default_factory=dict)
    mean_before_s: float = math.nan
    notes: list[str] = field(default_factory=list)

    @property
    def newly_left(self) -> pd.DataFrame:
        """All who had a place before and have none now: the rows of ``unassigned`` of these."""
        return self.unassigned[self.unassigned["before"] == PLACED].reset_index(drop=True)

    def summary(self) -> ReplanSummary:
        """Sum up; prints as a table.

        Returns
        -------
        ReplanSummary
            Who keeps and who moves, with the figures of the new plan.
        """
        plan = self.plan
        return ReplanSummary(
            now_s=self.now_s,
            closed=plan.settings["closures"],
            safe_before=plan.settings["safe"] - self.safe,
            safe=self.safe,
            kept=self.kept,
            rerouted=self.rerouted,
            moved=self._moved,
            left=plan.left,
            joined=self.joined,
            newly_left=left_rows(self.unassigned, PLACED),
            joined_left=left_rows(self.unassigned, JOINED),
            set_aside=self.set_aside,
            mean_s=plan.times.mean,
            gap=plan.gap,
            gap_wanted=plan.settings["gap"],
            stopped=plan.settings["stopped"],
            seconds=plan.seconds["assign"],
            endangered=self.endangered,
            mean_before_s=self.mean_before_s,
            notes=self.notes,
        )

    def __repr__(self) -> str:
        return (
            f"Replan({self.safe} safe, {self.kept} kept, {self.rerouted} rerouted, "
            f"{self._moved} moved, {self.joined} joined, {self.plan.left} left)"
        )

    @property
    def _moved(self) -> int:
        """Persons with another shelter than before, or the first that they have."""
        return int(self.moved["persons"][self.moved["to"] != ""].sum())


def compare(plan: Plan, standing: Standing, rest: Remaining, new: Plan, now: float) -> Replan:
    """Tell who keeps what."""
    before, after = plan.movements, new.movements
    going = np.flatnonzero(~standing.safe)
    group = rest.group_of_movement[going]
    size = before.size[going]

    held = np.flatnonzero(~standing.safe & ~standing.sent)
    count = before.leg_ptr[1:][held] - standing.leg[held]
    ptr = np.zeros(len(held) + 1, np.int64)
    np.cumsum(count, out=ptr[1:])
    legs = np.repeat(standing.leg[held] - ptr[:-1], count) + np.arange(ptr[-1])
    old_way = fingerprints(
        ptr, [before.leg_link[legs]], [rest.group_of_movement[held], before.shelter[held]]
    )
    new_way = fingerprints(after.leg_ptr, [after.leg_link], [after.group, after.shelter])
    _, way = np.unique(np.append(old_way, new_way), return_inverse=True)
    n = int(way.max(initial=-1)) + 1
    kept = np.minimum(
        np.bincount(way[: len(held)], weights=before.size[held], minlength=n),
        np.bincount(way[len(held) :], weights=after.size, minlength=n),
    )

    n_shelters = len(new.scenario.shelters)
    # One more shelter stands for having none.
    was = _table(
        np.append(group, rest.group_of_left),
        np.append(before.shelter[going], np.full(len(rest.group_of_left), n_shelters)),
        np.append(size, before.left_size),
        n_shelters + 1,
    )
    mine, mine_left = after.group < rest.n_before, after.left_group < rest.n_before
    is_ = _table(
        np.append(after.group[mine], after.left_group[mine_left]),
        np.append(after.shelter[mine], np.full(int(mine_left.sum()), n_shelters)),
        np.append(after.size[mine], after.left_size[mine_left]),
        n_shelters + 1,
    )
    moved, stay = _moved(was, is_, new, n_shelters)
    joined = int(new.scenario.groups.size[rest.n_before :].sum())
    if new.roster is not None and plan.roster is not None:
        aside = int((new.roster.group < 0).sum()) - int((plan.roster.group < 0).sum())
        joined += aside
    kept_persons = int(kept.sum())
    to_go = before.arrive[going] - new.scenario.groups.ready_time[group]
    return Replan(
        plan=new,
        safe=int(before.size[standing.safe].sum()),
        kept=kept_persons,
        rerouted=stay - kept_persons,
        joined=joined,
        moved=moved,
        unassigned=left_frame(rest, new, moved),
        set_aside=rest.set_aside,
        now_s=now,
        mean_before_s=float(np.average(to_go, weights=size)) if len(size) else math.nan,
    )


def _table(
    group: NDArray[Any], shelter: NDArray[Any], size: NDArray[Any], n_shelters: int
) -> pd.Series:
    """Persons by group x n_shelters + shelter."""
    key = group.astype(np.int64) * n_shelters + shelter
    unique, where = np.unique(key, return_inverse=True)
    persons = np.bincount(where, weights=size, minlength=len(unique)).astype(np.int64)
    return pd.Series(persons, index=unique)


def _moved(was: pd.Series, is_: pd.Series, new: Plan, n_shelters: int) -> tuple[pd.DataFrame, int]:
    """Pair those of each group who leave a shelter with those who come to one.

    Returns
    -------
    tuple
        The table `Replan.moved`, and persons who keep a shelter.
    """
    change = is_.sub(was, fill_value=0).astype(np.int64)
    key = change.index.to_numpy(np.int64)
    before, after = (table.reindex(key, fill_value=0).to_numpy(np.int64) for table in (was, is_))
    both = np.minimum(before, after)
    stay = int(both[key % (n_shelters + 1) < n_shelters].sum())
    many = change.to_numpy()
    gone = np.repeat(key, np.maximum(-many, 0))
    came = np.repeat(key, np.maximum(many, 0))
    # As many leave as come in each group, and keys are in order of groups.
    names = np.append(new.scenario.shelters.shelter_id, "")
    table = pd.DataFrame(
        {
            "group_id": new.scenario.groups.group_id[gone // (n_shelters + 1)],
            "from": names[gone % (n_shelters + 1)],
            "to": names[came % (n_shelters + 1)],
        }
    )
    table = table.groupby(["group_id", "from", "to"], sort=False).size().reset_index(name="persons")
    return table[["group_id", "persons", "from", "to"]], stay
