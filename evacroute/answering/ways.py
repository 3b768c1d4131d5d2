"""Ways of parties to a few shelters each: the way of the prices first, then the nearest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evacroute._kernels.advice import fill_from
from evacroute._kernels.crowd import Streets
from evacroute._kernels.ground import hold_streets
from evacroute._kernels.leading import Parties, Ways, lead, lead_and_weigh
from evacroute._kernels.odds import Scales, Weighed, weigh
from evacroute._kernels.standing import Stretches, spare
from evacroute._kernels.trips import CLOSING, Outlook, Trips
from evacroute.answering.streets import Lay
from evacroute.people import Classes
from evacroute.scoring.features import COLUMNS, rows_of
from evacroute.scoring.odds import Odds
from evacroute.scoring.ways import traced


@dataclass(frozen=True, slots=True, eq=False)
class Proposal:
    """Ways with odds for each party, before any place is taken.

    Parameters
    ----------
    ways, odds
        Ways and their odds.
    order
        Rows of `ways`, those of a party side by side, its best first.
    shut_in
        Parties whose every way closes before they are through.
    """

    ways: Ways
    odds: Odds
    order: NDArray[np.int64]
    shut_in: set[int]

    def of(self, party: int) -> NDArray[np.int64]:
        """Rows of `ways` of a party, the best first."""
        return self.order[self.ways.ptr[party] : self.ways.ptr[party + 1]]


class Leader:
    """Says of ways, on streets with a given load, how good they are.

    Parameters
    ----------
    classes
        All classes.
    expected
        What is to be expected on the streets.
    scales
        What odds come from.
    """

    def __init__(self, classes: Classes, expected: Outlook, scales: Scales) -> None:
        self.classes, self.expected, self._scales = classes, expected, scales
        self._flat = np.array(classes.speed_flat)
        self._ratio = np.asarray(classes.speed_steps / classes.speed_flat)

    def ground(self, lay: Lay) -> Any:
        """Put streets and all else that kernels look at into one thing."""
        return hold_streets(
            lay.slopes, lay.chains, lay.trees, lay.streets, self.expected, self._flat, self._ratio,
            self._scales,
        )  # fmt: skip

    def weigh(self, lay: Lay, ways: Ways, parties: Parties) -> Weighed:
        """Find odds and order of ways."""
        return weigh(
            self._scales, ways.ptr, ways.priced, ways.trips, ways.rows, parties.now,
            lay.trees.price,
        )  # fmt: skip

    def described(self, lay: Lay, n: int, parts: list[Ways]) -> Ways:
        """Put the ways of several lists in one, those of a party side by side; describe them.

        The first tells which shelters are nearest.
        """
        party = np.concatenate([part.party for part in parts])
        order = np.argsort(party, kind="stable")
        count = np.concatenate([np.diff(part.trips.ptr) for part in parts])
        columns = {
            name: np.concatenate([getattr(part.trips, name) for part in parts])
            for name in Trips._fields
            if name != "ptr"
        }
        trips = _taken(Trips(ptr=np.append(0, np.cumsum(count)), **columns), order)
        side, wait, priced = (
            np.concatenate([getattr(part, name) for part in parts])[order]
            for name in ("side", "wait", "priced")
        )
        rows = rows_of(lay.streets, self.expected, trips, self.classes)
        where = np.searchsorted(party[order], np.arange(n + 1))
        return Ways(where, parts[0].nearest, party[order], side, wait, priced, trips, rows)


def ways_of(ground: Any, parties: Parties, open_: NDArray[np.bool_], most: int) -> Ways:
    """Find a few ways for each party.

    Parameters
    ----------
    ground
        What `Leader.ground` gives.
    parties
        Who asks, and where they stand.
    open_
        Whether each party may be sent to each shelter, shape (n, n_shelters).
    most
        At most so many ways for each.
    """
    found: Ways = lead(ground, parties, open_, most, len(COLUMNS))
    return found


def weighed_ways_of(
    ground: Any, parties: Parties, open_: NDArray[np.bool_], most: int
) -> tuple[Ways, Weighed]:
    """Find ways as `ways_of` does, and their odds and order, in one call: phones ask singly."""
    found: tuple[Ways, Weighed] = lead_and_weigh(ground, parties, open_, most, len(COLUMNS))
    return found


class Searcher:
    """Finds the quickest ways around what closes in time, for one party after another.

    Parameters
    ----------
    streets, shelter_node
        The streets, and where shelters are.
    """

    def __init__(self, streets: Streets, shelter_node: NDArray[np.int32]) -> None:
        self.streets, self.goal = streets, shelter_node.astype(np.int64)

    def ways(self, p: int, parties: Parties, open_: NDArray[np.bool_], most: int) -> Ways | None:
        """Give a party's ways to the shelters it can reach soonest, None = there are none."""
        n_links, n_nodes = len(self.streets.link), len(self.streets.out_ptr) - 1
        heap = np.empty(2 * n_links + 64, np.int64)
        seconds = parties.seconds[p]
        best = None
        for side in np.flatnonzero(np.isfinite(seconds)).tolist():
            when, behind = np.empty(n_nodes), np.empty(n_nodes, np.int32)
            fill_from(
                self.streets, int(parties.class_[p]), float(parties.pace[p]),
                float(parties.pace_steps[p]), int(parties.end[p, side]),
                float(parties.now[p] + seconds[side]), heap, when, behind,
            )  # fmt: skip
            there = np.where(open_[p], when[self.goal], np.inf)
            if best is None or there.min() < best[0].min():
                best = there, side, behind
        if best is None or not np.isfinite(best[0]).any():
            return None
        there, side, behind = best
        some = np.argsort(there, kind="stable")[:most]
        some = some[np.isfinite(there[some])]
        ptr, link = traced(self.streets, behind, self.goal[some])
        n, one = len(some), np.full(len(some), p)
        trips = Trips(
            ptr=ptr, link=link, class_=parties.class_[one], pace=parties.pace[one],
            pace_steps=parties.pace_steps[one], size=parties.size[one],
            depart=np.full(n, parties.now[p] + seconds[side]), deadline=parties.deadline[one],
            shelter=some.astype(np.int32), wait=np.full(n, np.nan),
        )  # fmt: skip
        sides, none = np.full(n, side, np.int8), np.empty((n, 0), np.float32)
        return Ways(ptr, one[:0], one, sides, np.zeros(n), np.zeros(n, bool), trips, none)


def drop(ways: Ways, kept: NDArray[np.bool_]) -> Ways:
    """Leave some ways out; they are not described any more."""
    some = np.flatnonzero(kept)
    return Ways(
        ways.ptr, ways.nearest, ways.party[some], ways.side[some], ways.wait[some],
        ways.priced[some], _taken(ways.trips, some), ways.rows[some],
    )  # fmt: skip


def _taken(trips: Trips, some: NDArray[np.int64]) -> Trips:
    """Take some trips, in the order given."""
    count = np.diff(trips.ptr)[some]
    ptr = np.zeros(len(some) + 1, np.int64)
    np.cumsum(count, out=ptr[1:])
    begin = trips.ptr[:-1][some]
    columns = {
        name: getattr(trips, name)[some] for name in Trips._fields if name not in ("ptr", "link")
    }
    link = trips.link[np.repeat(begin - ptr[:-1], count) + np.arange(ptr[-1])]
    return Trips(ptr=ptr, link=link, **columns)


def late_by(ways: Ways, seconds: float) -> Ways:
    """Let everybody set out later by so much [s]."""
    trips = ways.trips._replace(depart=ways.trips.depart + seconds)
    return ways._replace(wait=ways.wait + seconds, trips=trips)


def open_ways(lay: Lay, ways: Ways, parties: Parties, own: Stretches | None) -> NDArray[np.bool_]:
    """Tell which ways stay open; what is said of them has the street one stands on in it then."""
    closing = ways.rows[:, CLOSING]
    if own is not None:
        spare(
            lay.streets, own, parties.class_, parties.now, parties.seconds, ways.party, ways.side,
            ways.wait, closing,
        )  # fmt: skip
    return np.asarray(closing > 0)
