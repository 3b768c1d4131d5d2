"""Rules about people: everyone once, households whole, reasons given, figures true."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from evacroute.verification.check import SECOND, Check, judge
from evacroute.verification.evidence import Evidence, who


def everyone_once(e: Evidence) -> Check:
    """Check: persons placed and left are those of the groups."""
    i = e.instance
    n = len(i.group_id)
    mine = e.left_group >= 0
    placed = np.bincount(e.group, weights=e.size, minlength=n)
    left = np.bincount(e.left_group[mine], weights=e.left_size[mine], minlength=n)
    off = np.abs(placed + left - i.group_size)
    # A row of nobody or less could hide a surplus elsewhere.
    rows = np.concatenate([e.size, e.left_size])
    empty = np.where(rows < 1, 1.0 - rows, 0.0)

    def tell(k: int) -> str:
        if k >= n:
            return f"a row has {rows[k - n]} persons"
        return f"group {i.group_id[k]} of {i.group_size[k]}: {placed[k]:g} placed, {left[k]:g} left"

    return judge(
        "everyone once",
        "persons placed and left add up to each group's size",
        np.concatenate([off, empty]),
        tell,
        unit="persons",
    )


def persons(e: Evidence) -> Check:
    """Check: each person is named once, as their movement says."""
    p = e.persons
    assert p is not None  # for the type checker: asked before
    n = len(e.size)
    known = (p.movement >= 0) & (p.movement < n)
    at = np.where(known, p.movement, 0)
    wrong = ~known
    if n:
        wrong |= p.shelter != e.shelter[at]
        wrong |= ~(np.abs(p.depart - e.depart[at]) <= SECOND)
        wrong |= ~(np.abs(p.arrive - e.arrive[at]) <= SECOND)
    count = np.abs(np.bincount(p.movement[known], minlength=n)[:n] - e.size)
    ids = np.concatenate([p.person_id, p.left_person_id])
    unique, often = np.unique(ids.astype(str), return_counts=True)
    missing = abs(int(e.left_size.sum()) - len(p.left_person_id))
    values = np.concatenate([wrong, count, often - 1, [missing]])

    def tell(k: int) -> str:
        if k < len(wrong):
            return f"person {p.person_id[k]} is not as movement {p.movement[k]} says"
        k -= len(wrong)
        if k < n:
            return f"movement {k} has {e.size[k]} persons, {count[k]} more or fewer are named"
        k -= n
        if k < len(unique):
            return f"person {unique[k]} appears {often[k]} times"
        return f"{e.left_size.sum()} persons are left, {len(p.left_person_id)} are named"

    return judge(
        "persons as movements",
        "each person is named once, with the shelter and times of their movement",
        values,
        tell,
        unit="persons",
    )


def tables(e: Evidence) -> Check:
    """Check: what a movement repeats of its group is true."""
    i = e.instance
    wrong = (e.class_ != i.group_class[e.group]) | ~(
        np.abs(e.ready - i.group_ready[e.group]) <= SECOND
    )
    return judge(
        "movements as groups",
        "class and ready time of each movement are its group's",
        wrong,
        lambda k: f"{who(e, k)}: class {i.class_id[e.class_[k]]}, ready {e.ready[k]:g} s",
        unit="differences",
    )


def households(e: Evidence) -> Check:
    """Check: groups that move together are not split."""
    i = e.instance
    n = len(i.group_id)
    low, high = np.full(n, np.iinfo(np.int64).max), np.full(n, -1)
    np.minimum.at(low, e.group, e.shelter)
    np.maximum.at(high, e.group, e.shelter)
    split = np.where(high > low, 1, 0)
    left = np.zeros(n, dtype=bool)
    left[e.left_group[e.left_group >= 0]] = True
    values = np.where(i.together, split + (left & (high >= 0)), 0)
    return judge(
        "households",
        "a group that moves together goes to one shelter, or is left whole",
        values,
        lambda k: f"group {i.group_id[k]}" + (" is split over shelters" if split[k] else "")
        + (" is left in part" if left[k] else ""),
        unit="splits",
    )  # fmt: skip


def reasons(e: Evidence) -> Check:
    """Check: nobody is left without a reason."""
    nothing = np.array([not str(reason).strip() for reason in e.left_reason.tolist()], dtype=bool)
    return judge(
        "reasons",
        "whoever is left has a reason",
        np.where(nothing, e.left_size, 0),
        lambda k: f"{e.left_size[k]} persons of row {k + 2}",
        unit="persons",
    )


def stated(e: Evidence) -> Check:
    """Check: the figures the plan states are those of its movements."""
    taken, placed = e.arrive - e.instance.group_ready[e.group], int(e.size.sum())
    cost = float((taken * e.size).sum())
    true: dict[str, float | None] = dict.fromkeys(("mean", "p95", "clearance"))
    if placed > 0:
        order = np.argsort(taken)
        reached = np.cumsum(e.size[order]) >= 0.95 * placed - 1e-6
        true["mean"] = cost / placed
        true["p95"] = float(taken[order][np.argmax(reached)])
        true["clearance"] = float(e.arrive.max())
    weighted = float((taken * e.size * e.weight).sum())
    true |= {"cost": cost, "weighted_cost": weighted}
    true |= {"placed": placed, "left": int(e.left_size.sum())}
    true["gap"] = (weighted - e.bound) / e.bound if e.bound else None
    filled = np.bincount(e.shelter, weights=e.size, minlength=len(e.stated_filled))
    named = [(name, e.stated.get(name), value) for name, value in true.items()]
    ids = e.instance.shelter_id.tolist()
    named += [
        (f"filled of shelter {name}", said, found)
        for name, said, found in zip(ids, e.stated_filled.tolist(), filled.tolist(), strict=True)
    ]
    off = np.array([_difference(said, found) for _, said, found in named])
    return judge(
        "stated figures",
        "cost, weighted cost, placed, left, mean, p95, clearance, gap and filled shelters are as "
        "stated",
        off,
        lambda k: f"{named[k][0]} is stated as {named[k][1]}, found {named[k][2]}",
        unit="relative difference",
        slack=1e-6,
    )


def _difference(said: Any, found: float | None) -> float:
    if said is None or found is None:
        return 0.0 if said is found else math.inf
    if isinstance(said, bool) or not isinstance(said, int | float):
        return math.inf
    return abs(said - found) / max(abs(found), 1.0)
