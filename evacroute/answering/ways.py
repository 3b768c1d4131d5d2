"""Ways of parties to a few shelters each: the way of the prices first, then the nearest."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from evacroute._kernels.advice import fill_from, trace_back
from evacroute._kernels.crowd import Streets
from evacroute._kernels.descent import descend, follow_trees, rank_shelters
from evacroute._kernels.trips import Trips
from evacroute.answering.placing import Places
from evacroute.answering.streets import Lay

Ints = NDArray[np.int64]

LONG = 160
"""Links of a way for which room is made at first."""


class Who(NamedTuple):
    """Who asks, in columns of shape (n,).

    Attributes
    ----------
    class_, pace, pace_steps, flat
        Class, own speed over the class's on the flat and on steps, own speed on the flat [m/s].
    size
        Persons who go as one.
    now, deadline
        When they ask, and by when they must be safe [s after the alarm].
    """

    class_: NDArray[np.int32]
    pace: NDArray[np.float64]
    pace_steps: NDArray[np.float64]
    flat: NDArray[np.float64]
    size: NDArray[np.int32]
    now: NDArray[np.float64]
    deadline: NDArray[np.float64]


class Ways(NamedTuple):
    """Ways, one a row, those of a party side by side.

    Attributes
    ----------
    party
        Whose way.
    side
        By which end the link is left where the party stands.
    wait
        How long to wait before setting out [s].
    priced
        Whether it is the way of the prices.
    trips
        For the scorer: from the end of the link on.
    """

    party: NDArray[np.int64]
    side: NDArray[np.int64]
    wait: NDArray[np.float64]
    priced: NDArray[np.bool_]
    trips: Trips


def ways_of(
    lay: Lay,
    streets: Streets,
    who: Who,
    places: Places,
    open_: NDArray[np.bool_],
    most: int,
) -> Ways:
    """Find a few ways for each party.

    Parameters
    ----------
    lay, streets
        Streets with their value tables, and as the kernels of walking take them.
    who, places
        Who asks, and where they stand.
    open_
        Whether each party may be sent to each shelter, shape (n, n_shelters).
    most
        At most so many ways for each.
    """
    n, stand = len(who.class_), places.stand
    first, first_side = np.full(n, -1, np.int64), np.zeros(n, np.int64)
    wait, parts = np.zeros(n), []
    for k in np.unique(who.class_).tolist():
        mine = np.flatnonzero(who.class_ == k) if n > 1 else np.zeros(1, np.int64)
        ptr, link = np.empty(len(mine) + 1, np.int64), np.empty(LONG * len(mine), np.int32)
        while True:
            total = descend(
                lay.slopes[k], lay.chains, stand, streets.walk[k], mine, who.pace, who.now, first,
                first_side, wait, ptr, link,
            )  # fmt: skip
            if total <= len(link):
                break
            link = np.empty(total, np.int32)
        parts.append((mine, ptr, link))
    # The prices may lead to where there is no room left: then the nearest are left.
    known = first >= 0
    known[known] = open_[np.flatnonzero(known), first[known]]
    first[~known] = -1
    more, side = np.empty((n, most - 1), np.int64), np.zeros((n, most - 1), np.int64)
    rank_shelters(
        lay.seconds, lay.weight, lay.price, open_, stand, places.end, who.class_, who.pace, first,
        more, side,
    )  # fmt: skip
    return _joined(lay, who, places, (first, first_side, wait, parts), (more, side))


def _joined(
    lay: Lay,
    who: Who,
    places: Places,
    priced: tuple[Ints, Ints, NDArray[np.float64], list[tuple[Ints, Ints, NDArray[np.int32]]]],
    others: tuple[Ints, Ints],
) -> Ways:
    first, first_side, wait, parts = priced
    more, side = others
    n = len(first)
    shelter = np.concatenate([first[:, None], more], axis=1)
    sides = np.concatenate([first_side[:, None], side], axis=1)
    party, column = np.nonzero(shelter >= 0)
    is_priced = column == 0
    shelter, sides = shelter[party, column], sides[party, column]
    tree = np.flatnonzero(~is_priced)
    node = places.end[party[tree], sides[tree]].astype(np.int64)
    ptr, link = np.empty(len(tree) + 1, np.int64), np.empty(LONG * len(tree), np.int32)
    while True:
        total = follow_trees(
            lay.ahead, lay.to_node, who.class_[party[tree]], shelter[tree], node, ptr, link
        )
        if total <= len(link):
            break
        link = np.empty(total, np.int32)
    # All ways in one row, those of a party side by side.
    count = np.zeros(len(party), np.int64)
    count[tree] = np.diff(ptr)
    source, begin = [link], np.zeros(len(party), np.int64)
    begin[tree] = ptr[:-1]
    offset = len(link)
    row_of = np.full(n, -1, np.int64)
    row_of[party[is_priced]] = np.flatnonzero(is_priced)
    for mine, some_ptr, some_link in parts:
        row = row_of[mine]
        used = row >= 0
        begin[row[used]] = offset + some_ptr[:-1][used]
        count[row[used]] = np.diff(some_ptr)[used]
        source.append(some_link)
        offset += len(some_link)
    whole = np.concatenate(source)
    out = np.zeros(len(party) + 1, np.int64)
    np.cumsum(count, out=out[1:])
    links = whole[np.repeat(begin - out[:-1], count) + np.arange(out[-1])]
    rest = np.where(is_priced, wait[party], 0.0)
    trips = Trips(
        ptr=out,
        link=links,
        class_=who.class_[party],
        pace=who.pace[party],
        pace_steps=who.pace_steps[party],
        size=who.size[party],
        depart=who.now[party] + rest + places.stand.seconds[party, sides],
        deadline=who.deadline[party],
        shelter=shelter.astype(np.int32),
        wait=np.full(len(party), np.nan),
    )
    return Ways(party, sides, rest, is_priced, trips)


class Searcher:
    """Finds the quickest ways around what closes in time, for one party after another.

    Parameters
    ----------
    streets, shelter_node
        The streets, and where shelters are.
    """

    def __init__(self, streets: Streets, shelter_node: NDArray[np.int32]) -> None:
        self.streets, self.goal = streets, shelter_node.astype(np.int64)
        n_links, n_nodes = len(streets.link), len(streets.out_ptr) - 1
        self._heap = np.empty(2 * n_links + 64, np.int64)
        self._when, self._behind = np.empty(n_nodes), np.empty(n_nodes, np.int32)

    def ways(
        self, p: int, who: Who, places: Places, open_: NDArray[np.bool_], most: int
    ) -> Ways | None:
        """Give a party's ways to the shelters it can reach soonest, None = there are none."""
        seconds = places.stand.seconds[p]
        best = None
        for side in np.flatnonzero(np.isfinite(seconds)).tolist():
            fill_from(
                self.streets, int(who.class_[p]), float(who.pace[p]), float(who.pace_steps[p]),
                int(places.end[p, side]), float(who.now[p] + seconds[side]), self._heap,
                self._when, self._behind,
            )  # fmt: skip
            there = np.where(open_[p], self._when[self.goal], np.inf)
            if best is None or there.min() < best[0].min():
                best = there, side, self._behind.copy()
        if best is None or not np.isfinite(best[0]).any():
            return None
        there, side, behind = best
        some = np.argsort(there, kind="stable")[:most]
        some = some[np.isfinite(there[some])]
        n = len(some)
        ptr, link = np.empty(n + 1, np.int64), np.empty(LONG * n, np.int32)
        total = trace_back(self.streets, behind, self.goal[some], ptr, link)
        if total > len(link):
            link = np.empty(total, np.int32)
            trace_back(self.streets, behind, self.goal[some], ptr, link)
        one = np.full(n, p)
        trips = Trips(
            ptr=ptr, link=link[:total], class_=who.class_[one], pace=who.pace[one],
            pace_steps=who.pace_steps[one], size=who.size[one],
            depart=np.full(n, who.now[p] + seconds[side]), deadline=who.deadline[one],
            shelter=some.astype(np.int32), wait=np.full(n, np.nan),
        )  # fmt: skip
        return Ways(one, np.full(n, side), np.zeros(n), np.zeros(n, bool), trips)


def join(parts: list[Ways]) -> Ways:
    """Put the ways of several lists in one, those of a party side by side."""
    if len(parts) == 1:
        return parts[0]
    party = np.concatenate([part.party for part in parts])
    order = np.argsort(party, kind="stable")
    count = np.concatenate([np.diff(part.trips.ptr) for part in parts])
    link = np.concatenate([part.trips.link for part in parts])
    begin = np.cumsum(count) - count
    ptr = np.zeros(len(party) + 1, np.int64)
    np.cumsum(count[order], out=ptr[1:])
    links = link[np.repeat(begin[order] - ptr[:-1], count[order]) + np.arange(ptr[-1])]
    columns = {
        name: np.concatenate([getattr(part.trips, name) for part in parts])[order]
        for name in Trips._fields
        if name not in ("ptr", "link")
    }
    side, wait, priced = (
        np.concatenate([getattr(part, name) for part in parts])[order]
        for name in ("side", "wait", "priced")
    )
    return Ways(party[order], side, wait, priced, Trips(ptr=ptr, link=links, **columns))


def drop(ways: Ways, kept: NDArray[np.bool_]) -> Ways:
    """Leave some ways out."""
    if kept.all():
        return ways
    some = np.flatnonzero(kept)
    count = np.diff(ways.trips.ptr)[some]
    ptr = np.zeros(len(some) + 1, np.int64)
    np.cumsum(count, out=ptr[1:])
    begin = ways.trips.ptr[:-1][some]
    link = ways.trips.link[np.repeat(begin - ptr[:-1], count) + np.arange(ptr[-1])]
    columns = {
        name: getattr(ways.trips, name)[some]
        for name in Trips._fields
        if name not in ("ptr", "link")
    }
    return Ways(
        ways.party[some], ways.side[some], ways.wait[some], ways.priced[some],
        Trips(ptr=ptr, link=link, **columns),
    )  # fmt: skip
