"""Why not everyone can be safe in time: the streets, doors and rooms that hold people back."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from evacroute.assignment import REASONS, Problem, build_problem
from evacroute.assignment.leftover import hopeless
from evacroute.assignment.placeable import Cut, placeable_within, tightest_cut
from evacroute.assignment.problem import MOST_SLOTS, ready_slots
from evacroute.assignment.soonest import Soonest
from evacroute.network import KINDS
from evacroute.plan import Plan

SHOWN = 10
"""Rows of the cut that are printed."""

LOOK_ARCS = 200_000
"""Arcs of the flows by which a longer deadline is sought."""

EVERYONE, STEP_FREE = "everyone", "those who cannot use steps"


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Shortfall:
    """What holds people back; printing it shows the cut.

    Parameters
    ----------
    persons
        People of the scenario's groups.
    placed
        How many the plan brings to safety by the deadline.
    no_hope
        Reason -> persons whom no plan can bring to safety whatever the others do; the cut is about
        all the others.
    at_most
        Proven: no plan on this grid brings more of the others to safety by the deadline.
    who
        Whom the cut holds back: "everyone" or "those who cannot use steps".
    held, passes
        Persons of those on the near side of the cut, and how many of them can pass it in time.
    cut
        One row a link, door or room in the cut: what ("street", "door", "room"), name, kind, id,
        persons (let through by the deadline), from_s and until_s (first and last entry that is of
        use [s after the alarm], NaN for room). The persons add up to ``passes``.
    deadline_s
        The deadline [s].
    too_short_s
        The longest deadline found that is proven to be too short to bring in all for whom there is
        a way and room [s]; None where the deadline is not proven to be the cause, and where streets
        change over time or boats run: they are known up to the deadline only.
    with_time
        Persons more than ``at_most`` for whom there may be a way and room if there is time enough;
        0 where streets change or boats run.

    Examples
    --------
    >>> import evacroute as er
    >>> found = er.explain_shortfall(er.assign(er.lagoon(people=300, deadline="8 min"), "nearest"))
    >>> found.persons, found.short >= 0, found.placed <= found.at_most
    (300, True, True)
    """

    persons: int
    placed: int
    no_hope: dict[str, int]
    at_most: int
    who: str
    held: int
    passes: int
    cut: pd.DataFrame
    deadline_s: float
    too_short_s: float | None
    with_time: int

    @property
    def to_place(self) -> int:
        """Persons who are not without hope whatever the others do."""
        return self.persons - sum(self.no_hope.values())

    @property
    def short(self) -> int:
        """Persons who could be safe but for the others, and are proven not to fit in."""
        return self.to_place - self.at_most

    def to_dict(self) -> dict[str, Any]:
        """Give it as plain types, the cut as a list of rows.

        Returns
        -------
        dict
            The fields by name, ``to_place`` and ``short``.
        """
        record = {f.name: getattr(self, f.name) for f in fields(self)}
        return {
            **record,
            "to_place": self.to_place,
            "short": self.short,
            "cut": self.cut.astype(object).where(self.cut.notna(), None).to_dict("records"),
        }

    def __str__(self) -> str:
        minutes = f"{self.deadline_s / 60:.4g} min"
        lines = [f"safe by the deadline of {minutes}: {self.placed:,} of {self.persons:,} people"]
        lines += [f"{n:>10,}  {reason} (whatever is done)" for reason, n in self.no_hope.items()]
        if not self.short:
            could = self.to_place - self.placed
            if could > 0:
                lines.append(
                    f"{could:,} more are left, but nothing proves that they must be: no cut of "
                    "streets and shelters is too small for them"
                )
            elif self.no_hope:
                lines.append("everyone else is safe")
            else:
                lines.append("everyone is safe: nothing holds anybody back")
            return "\n".join(lines + ([self._of_time()] if self.with_time else []))
        lines.append(
            f"proven: of the other {self.to_place:,} no plan brings more than {self.at_most:,} "
            f"to safety in time, {self.short:,} too few"
        )
        whose = "" if self.who == EVERYONE else f" of {self.who}"
        lines += [
            "",
            f"what holds them back: {self.held:,} people{whose} have to get past here, and "
            f"{self.passes:,} can",
        ]
        for row in self.cut.head(SHOWN).to_dict("records"):
            lines.append(_line(row))
        if len(self.cut) > SHOWN:
            rest = self.cut["persons"].iloc[SHOWN:].sum()
            lines.append(f"{rest:>10,}  by {len(self.cut) - SHOWN} others")
        lines += ["", self._of_time()]
        return "\n".join(lines)

    __repr__ = __str__

    def _of_time(self) -> str:
        if self.too_short_s is None:
            return "a longer deadline would not help: there is no room for more"
        return (
            f"a longer deadline may help up to {self.with_time:,} more; for that any of "
            f"{self.too_short_s / 60:.4g} min or less is proven too short"
        )


def _line(row: Mapping[Hashable, Any]) -> str:
    named = row["name"] or row["kind"] or row["what"]
    if row["what"] == "street":
        where = f"{named} (link {row['id']})"
    else:
        where = f"{row['what']} of {row['name'] or 'shelter'} ({row['id']})"
    window = ""
    if row["what"] != "room":
        window = f", entered {row['from_s'] / 60:.4g} to {row['until_s'] / 60:.4g} min"
    return f"{row['persons']:>10,}  {where}{window}"


def explain_shortfall(plan: Plan) -> Shortfall:
    """Explain why not everyone is safe by the deadline: name the bridges.

    A maximum flow over time says how many people any plan can bring to safety at most; its minimum
    cut is the set of streets, shelters' doors and rooms that lets no more through. Of several such
    cuts one is taken that lies on bridges where it can. The same is asked of those who cannot use
    steps alone, with step-free places, and the sharper answer is given.

    Parameters
    ----------
    plan
        Any plan; only its scenario and step count, and how many it places.

    Returns
    -------
    Shortfall
        Prints as a table.

    Notes
    -----
    The flow is a relaxation: everyone walks at the pace of the fastest who are held back, may go
    over steps if any of them may, and households may part. On cities too large to be expanded over
    time (4 million links times slots of use) each link counts with all who can enter it while that
    is of use. So ``at_most`` is proven, but not always reached, and where nothing is proven people
    may still have to be left.

    Examples
    --------
    >>> import evacroute as er
    >>> plan = er.assign(er.lagoon(people=300), "nearest")
    >>> er.explain_shortfall(plan).short
    0
    """
    scenario = plan.scenario
    problem = build_problem(scenario, plan.step_s, plan.settings.get("max_density"))
    groups, shelters = scenario.groups, scenario.shelters
    reason = hopeless(problem)
    counted = reason < 0
    step_free = problem.step_free[groups.class_]
    free_room = np.minimum(shelters.step_free_capacity, shelters.capacity)
    room, who, among = shelters.capacity, EVERYONE, np.ones(len(groups), bool)
    cut = tightest_cut(problem, counted, room)
    to_place = int(groups.size[counted].sum())
    at_most = min(cut.most, to_place)
    some = counted & step_free
    if some.any() and not some[counted].all():
        other = tightest_cut(problem, some, free_room)
        possible = other.most + int(groups.size[counted & ~step_free].sum())
        if possible < at_most:
            cut, room, who, among, at_most = other, free_room, STEP_FREE, step_free, possible
    no_hope = np.bincount(reason[~counted], weights=groups.size[~counted], minlength=len(REASONS))
    too_short, with_time = None, 0
    # Streets that change and boats are laid out up to the deadline only.
    if not problem.gates.n_rows:
        too_short, with_time = _time_needed(problem, room, among, cut.most)
    held = int(groups.size[cut.held].sum())
    short = to_place - at_most
    return Shortfall(
        persons=groups.persons,
        placed=plan.safe,
        no_hope={REASONS[i]: int(no_hope[i]) for i in np.argsort(-no_hope) if no_hope[i]},
        at_most=at_most,
        who=who,
        held=held if short else 0,
        passes=held - short if short else 0,
        cut=_table(problem, cut if short else None),
        deadline_s=scenario.deadline_s,
        too_short_s=None if too_short is None else too_short * problem.step,
        with_time=with_time,
    )


def _time_needed(
    problem: Problem,
    room: NDArray[np.int64],
    among: NDArray[np.bool_],
    most: int,
) -> tuple[int | None, int]:
    """Longest deadline proven too short [slots], and how many more it may bring in at most."""

    def possible(n_slots: int, arcs: int) -> int:
        later = _with_slots(problem, n_slots)
        counted = among & (hopeless(later) < 0)
        return placeable_within(later, counted, room, arcs)

    ever = possible(MOST_SLOTS, 0)
    if ever <= most:
        return None, 0
    short, enough = problem.n_slots, 2 * problem.n_slots
    while enough < MOST_SLOTS and possible(enough, LOOK_ARCS) < ever:
        short, enough = enough, 2 * enough
    enough = min(enough, MOST_SLOTS)
    while enough - short > max(1, short // 100):
        middle = (short + enough) // 2
        if possible(middle, LOOK_ARCS) < ever:
            short = middle
        else:
            enough = middle
    return short, ever - most


def _with_slots(problem: Problem, n_slots: int) -> Problem:
    ready = ready_slots(problem.scenario, problem.step, n_slots)
    later = replace(problem, n_slots=n_slots, ready=ready)
    # How far it is does not depend on how much time there is.
    later.memo["soonest"] = Soonest.of(problem)
    return later


def _table(problem: Problem, cut: Cut | None) -> pd.DataFrame:
    network, shelters, step = problem.scenario.network, problem.scenario.shelters, problem.step
    rows: list[dict[str, Any]] = []
    if cut is not None:
        links = zip(cut.link, cut.link_persons, cut.link_slots, strict=True)
        for i, persons, slots in links:
            name, kind, id_ = network.name[i], KINDS[network.kind[i]], network.link_id[i]
            rows.append(_row("street", name, kind, id_, persons, slots * step))
        nothing = np.full((len(cut.room), 2), np.nan)
        for what, some, persons_of, windows in (
            ("door", cut.door, cut.door_persons, cut.door_slots * step),
            ("room", cut.room, cut.room_persons, nothing),
        ):
            for s, persons, window in zip(some, persons_of, windows, strict=True):
                name, kind, id_ = shelters.name[s], shelters.kind[s], shelters.shelter_id[s]
                rows.append(_row(what, name, kind, id_, persons, window))
    rows.sort(key=lambda row: (-row["persons"], row["what"], str(row["id"])))
    columns = ["what", "name", "kind", "id", "persons", "from_s", "until_s"]
    return pd.DataFrame(rows, columns=columns)


def _row(
    what: str, name: str, kind: str, id_: str, persons: int, window: NDArray[Any]
) -> dict[str, Any]:
    return {
        "what": what,
        "name": name,
        "kind": kind,
        "id": id_,
        "persons": int(persons),
        "from_s": float(window[0]),
        "until_s": float(window[1]),
    }
