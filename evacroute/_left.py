"""Who has no place after a re-planning, and whether they had one before."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from evacroute._remaining import Remaining
from evacroute.assignment.movements import REASONS
from evacroute.plan import Plan

PLACED, LEFT, JOINED = "placed", "left", "joined"
"""What people were before: with a place, without, not there yet."""

EXAMPLES = 5
"""Ids named in a summary."""


def left_frame(rest: Remaining, new: Plan, moved: pd.DataFrame) -> pd.DataFrame:
    """List who is left: the rows of `Plan.unassigned`, with class_id, before and from.

    Parameters
    ----------
    moved
        Whom each group loses to no shelter (`Replan.moved`).
    """
    if new.roster is not None and rest.wish is not None and rest.newcomer is not None:
        frame = new.unassigned
        left = np.flatnonzero(new.roster.movement < 0)
        had, newcomer = rest.wish[left], rest.newcomer[left]
        was = np.where(newcomer, JOINED, np.where(had >= 0, PLACED, LEFT))
        from_ = np.append(new.scenario.shelters.shelter_id, "")[had]
    else:
        frame, was, from_ = _of_groups(rest, new, moved)
    groups = new.scenario.groups
    class_ = dict(
        zip(groups.group_id, new.scenario.group_classes.class_id[groups.class_], strict=True)
    )
    ids = [class_.get(name, "") for name in frame["group_id"]]
    columns = {"class_id": ids, "before": was, "from": from_}
    return frame.assign(**{name: np.array(value, object) for name, value in columns.items()})


def _of_groups(rest: Remaining, new: Plan, moved: pd.DataFrame) -> tuple[pd.DataFrame, Any, Any]:
    """Rows by group, reason and what they were; whoever was left before counts as left first."""
    after, n = new.movements, len(new.scenario.groups)
    order = np.argsort(after.left_group, kind="stable")
    size = after.left_size[order]
    group = np.repeat(after.left_group[order], size)
    reason = np.repeat(after.left_reason[order], size)
    lost = moved[moved["to"] == ""]
    place = {name: i for i, name in enumerate(new.scenario.groups.group_id)}
    by_group: dict[int, list[str]] = {}
    for name, persons, from_ in zip(lost["group_id"], lost["persons"], lost["from"], strict=True):
        by_group.setdefault(place[name], []).extend([from_] * persons)
    many = np.bincount(group, minlength=n)
    tags: list[tuple[str, str]] = []
    for g in np.flatnonzero(many).tolist():
        had = by_group.get(g, [])
        other = (JOINED if g >= rest.n_before else LEFT, "")
        tags += [other] * (int(many[g]) - len(had)) + [(PLACED, from_) for from_ in had]
    table = pd.DataFrame(
        {
            "group_id": new.scenario.groups.group_id[group],
            "reason": reason,
            "before": [tag for tag, _ in tags],
            "from": [from_ for _, from_ in tags],
        }
    )
    table = table.groupby(list(table.columns), sort=False).size().reset_index(name="size")
    # The reasons by name, as the plan's own table has them.
    names = np.array(REASONS, dtype=object)
    frame = table[["group_id", "size"]].assign(reason=names[table["reason"].to_numpy(int)])
    return frame, table["before"].to_numpy(), table["from"].to_numpy()


def left_rows(frame: pd.DataFrame, before: str) -> list[dict[str, Any]]:
    """Sum up who is left of those who were `before`, by reason and class, most first.

    Returns
    -------
    list
        reason, class_id, persons, examples (ids of persons, else of groups).
    """
    mine = frame[frame["before"] == before]
    who = "person_id" if "person_id" in frame else "group_id"
    rows = [
        {
            "reason": reason,
            "class_id": class_id,
            "persons": int(some["size"].sum()),
            "examples": some[who].drop_duplicates().head(EXAMPLES).tolist(),
        }
        for (reason, class_id), some in mine.groupby(["reason", "class_id"], sort=True)
    ]
    return sorted(rows, key=lambda row: -row["persons"])
