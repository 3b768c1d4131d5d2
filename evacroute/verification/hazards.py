"""Rules about link times: nobody in a closed link, and how fast each link is walked when."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from evacroute.verification.changes import LinkRows
from evacroute.verification.check import SECOND, Check, judge
from evacroute.verification.evidence import Evidence, Legs, link_name, who

AT_ONCE = 1_000_000
"""Pairs of a passage and a row that are looked at together."""

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Passing:
    """What link times say of passages; arrays have shape (n,).

    Parameters
    ----------
    factor
        Speed factor at the time of entering: the product of the rows that hold then.
    closed_s
        Seconds of the passage in which the link is closed to the class; a point of time counts as
        a thousandth.
    """

    factor: Floats
    closed_s: Floats


def passing(
    rows: LinkRows, link: NDArray[np.int64], class_: NDArray[np.int64], enter: Floats, leave: Floats
) -> Passing:
    """Look up every row of a passage's link, one by one."""
    n = len(link)
    factor, closed = np.ones(n), np.zeros(n)
    order = np.argsort(rows.link, kind="stable")
    of_link = rows.link[order]
    begin = np.searchsorted(of_link, link, side="left")
    count = np.searchsorted(of_link, link, side="right") - begin
    some = np.flatnonzero(count)
    upto = np.cumsum(count[some])
    for cut in np.split(some, np.searchsorted(upto, np.arange(AT_ONCE, upto[-1:].sum(), AT_ONCE))):
        if not len(cut):
            continue
        leg = np.repeat(cut, count[cut])
        first = np.repeat(np.cumsum(count[cut]) - count[cut], count[cut])
        row = order[begin[leg] + np.arange(len(leg)) - first]
        mine = (rows.class_[row] < 0) | (rows.class_[row] == class_[leg])
        leg, row = leg[mine], row[mine]
        holds = (rows.from_s[row] <= enter[leg]) & (enter[leg] < rows.to_s[row])
        np.multiply.at(factor, leg[holds], rows.factor[row[holds]])
        shut = rows.factor[row] <= 0
        leg, row = leg[shut], row[shut]
        over = np.minimum(leave[leg], rows.to_s[row]) - np.maximum(enter[leg], rows.from_s[row])
        inside = (rows.from_s[row] <= enter[leg]) & (enter[leg] < rows.to_s[row])
        np.maximum.at(closed, leg, np.where(inside, np.maximum(over, 1e-3), over))
    return Passing(factor, np.maximum(closed, 0.0))


def of_legs(e: Evidence, legs: Legs) -> Passing:
    """Find what the link times say of the legs; alike passages are looked up once."""
    first, where = _alike([e.link, legs.class_, e.enter, e.leave])
    found = passing(
        e.instance.link_times, e.link[first].astype(np.int64), legs.class_[first].astype(np.int64),
        e.enter[first], e.leave[first],
    )  # fmt: skip
    return Passing(found.factor[where], found.closed_s[where])


def _alike(columns: list[NDArray[Any]]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Find rows that are alike in all columns: the first of each kind, and the kind of each row."""
    frame = pd.DataFrame(dict(enumerate(columns)))
    kind = frame.groupby(list(frame), sort=False, dropna=False).ngroup().to_numpy()
    return np.flatnonzero(~frame.duplicated()).astype(np.int64), kind.astype(np.int64)


def open_(e: Evidence, legs: Legs) -> Check:
    """Check: nobody is in a link while it is closed to their class."""
    closed = legs.closed_s
    names = e.instance.class_id
    return judge(
        "links open",
        "nobody is in a link at a time when it is closed to their class",
        closed,
        lambda k: (
            f"{who(e, legs.movement[k])} ({names[legs.class_[k]]}) on {link_name(e, k)} from "
            f"{e.enter[k]:g} s to {e.leave[k]:g} s: {closed[k]:.3g} s of it closed"
        ),
        unit="s",
        slack=SECOND,
    )


def for_a_time(e: Evidence) -> NDArray[np.bool_]:
    """Which rows of the link times hold for a part of the time until the deadline only."""
    rows = e.instance.link_times
    late = (rows.from_s > 0) | (rows.to_s < e.deadline)
    real = (rows.from_s < e.deadline) & (rows.to_s > 0) & (rows.factor < 1)
    return np.asarray(late & real)


def changing(e: Evidence) -> NDArray[np.int64]:
    """Links of which some class's walk changes before the deadline."""
    rows = e.instance.link_times
    links = np.unique(rows.link[for_a_time(e)])
    # Rows that follow each other at one pace, or lie in a closed time, may change nothing at all.
    mine = np.flatnonzero(np.isin(rows.link, links))
    key = np.column_stack([rows.link[mine], rows.class_[mine], rows.factor[mine]])
    begins, ends = (
        {(*k, t) for k, t in zip(map(tuple, key.tolist()), time[mine].tolist(), strict=True)}
        for time in (rows.from_s, rows.to_s)
    )
    doubted = {int(row[0]) for row in begins & ends}
    doubted |= set(np.unique(rows.link[mine][rows.factor[mine] <= 0]).tolist())
    some = mine[np.isin(rows.link[mine], list(doubted))]
    if not len(some):
        return links
    link = np.concatenate([rows.link[some], rows.link[some], rows.link[some]])
    when = np.concatenate([np.zeros(len(some)), rows.from_s[some], rows.to_s[some]])
    link, when = link[when < e.deadline], when[when < e.deadline]
    least, most = np.full(len(e.instance.link_id), np.inf), np.zeros(len(e.instance.link_id))
    steady = np.ones(len(least), bool)
    for k in range(len(e.instance.class_id)):
        factor = passing(rows, link, np.full(len(link), k), when, when).factor
        least[:], most[:] = np.inf, 0.0
        np.minimum.at(least, link, factor)
        np.maximum.at(most, link, factor)
        steady &= ~(most > least)
    return links[~(steady[links] & np.isin(links, list(doubted)))]


def least_factor(e: Evidence, k: int) -> Floats:
    """Least factor above 0 that each link ever has for a class, shape (n_links,)."""
    rows = e.instance.link_times
    least = np.ones(len(e.instance.link_id))
    when = np.maximum(rows.from_s, 0.0)
    link = rows.link.astype(np.int64)
    found = passing(rows, link, np.full(len(link), k), when, when).factor
    np.minimum.at(least, link, np.where(found > 0, found, 1.0))
    return least


@dataclass(frozen=True, slots=True, eq=False)
class SlotFactors:
    """What link times say of some links slot by slot, for one class.

    Parameters
    ----------
    factor
        Speed factor at the beginning of each slot, shape (n_links, n_slots + 1).
    shut
        How many slots before each have a time in them at which the link is closed, shape (n_links,
        n_slots + 2).
    """

    factor: Floats
    shut: NDArray[np.int64]


def slot_factors(e: Evidence, k: int, links: NDArray[np.int64], n_slots: int) -> SlotFactors:
    """Write the rows of some rising links into a table, one after another."""
    rows, step = e.instance.link_times, e.step
    row = np.full(len(e.instance.link_id), -1, np.int64)
    row[links] = np.arange(len(links))
    factor = np.ones((len(links), n_slots + 1))
    closed = np.zeros((len(links), n_slots + 1), bool)
    last = (n_slots + 1) * step
    mine = np.flatnonzero((row[rows.link] >= 0) & ((rows.class_ < 0) | (rows.class_ == k)))
    begin, end = np.minimum(rows.from_s[mine], last), np.minimum(rows.to_s[mine], last)
    # The slots that begin while a row holds, and those that it touches.
    at, upto = np.ceil(begin / step - 1e-9), np.ceil(end / step - 1e-9)
    touch = np.floor(begin / step + 1e-9)
    spans = np.stack([mine, at, upto, touch]).astype(int).T
    for x, a, b, c in spans.tolist():
        link = row[rows.link[x]]
        factor[link, a:b] *= rows.factor[x]
        if rows.factor[x] <= 0:
            closed[link, c:b] = True
    before = np.zeros((len(links), n_slots + 2), np.int64)
    np.cumsum(closed, axis=1, out=before[:, 1:])
    return SlotFactors(factor, before)
