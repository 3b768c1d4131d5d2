"""People are placed in batches, each under the prices of who is still to come.

Prices say what places are worth if everybody fits in smoothly. A plan is lumpy: who is placed takes
more here and leaves more there than prices foresaw, and the last find the gaps. So people are dealt
into batches, each a fair sample of all; once a batch is placed, what it holds counts as taken, and
some price rounds follow for the others.

That takes two to three times as long as placing all at once, and exchanges afterwards mend most of
the same, but within one class and size of party only: batches are for cities of many kinds of
people.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from evacroute._kernels.priced_search import Guide
from evacroute.assignment.guides import make_guide
from evacroute.assignment.priced_placing import PricedPlacing
from evacroute.assignment.pricing import Pricer
from evacroute.assignment.sweeper import Answer, F, member_of
from evacroute.assignment.tracks import copy_track

MANY, FAR = 6.0, 0.05
"""Kinds of people, as many as if all were of equal number, and share by which the plan at hand is
above the bound, from which on people are placed in batches."""

BATCHES, ROUNDS = 8, 10
"""Batches, and price rounds between two."""

STAND, AWAKE, CLOSE = 200, 0.3, 0.12
"""Where the ascent is taken to stand between batches, of 240 rounds; what is kept of its summed
squares, so that steps get longer again; how far the mean follows the prices in a round."""


def are_many(placing: PricedPlacing, gap: float) -> bool:
    """Whether those who are left in a placing are of so many kinds that batches are worth it.

    Parameters
    ----------
    gap
        Of the plan at hand.
    """
    party = np.where(placing.together, placing.left, 1)
    key = placing.class_.astype(np.int64) * (int(party.max(initial=1)) + 1) + party
    _, kind = np.unique(key, return_inverse=True)
    persons = np.bincount(kind.ravel(), weights=placing.left)
    total = persons.sum()
    return bool(gap > FAR and total > 0 and total**2 >= MANY * (persons**2).sum())


class RestPricer(Pricer):
    """Prices for those who are still to be placed; they prove nothing.

    Parameters
    ----------
    of
        Where prices start; not changed, and to be left alone while they are copied.
    placing
        Whose bookings count as taken.
    """

    def __init__(self, of: Pricer, placing: PricedPlacing) -> None:
        room, free_room = of.places.now.astype(np.float64)
        crowd = replace(of.crowd, size=of.crowd.size.copy())
        super().__init__(of.net, of.terms, crowd, of.n_slots, room, free_room, of.total)
        self.placing, self.empty = placing, placing.nothing_booked()
        self.member = member_of(crowd, placing.problem, of.net)
        self.link, self.door, self.places = map(copy_track, (of.link, of.door, of.places))
        self.drifts = []
        self.horizon, self.scale, self.links = of.horizon, of.scale, of.links
        self._price(of.links)
        self.use_threads(1)

    def update(self) -> None:
        """Take what is booked as taken, and who is left as those who are to come."""
        placing, empty, booked = self.placing, self.empty, self.placing.places
        known = self.member >= 0
        self.crowd.size[:] = np.bincount(
            self.member[known], weights=placing.left[known], minlength=len(self.crowd.size)
        )
        link = (empty.link[self.links] - booked.link[self.links]).T / placing.problem.units
        self.taken_link, self.taken_door = link.astype(F), (empty.intake - booked.intake).T
        self.taken_free = empty.free_room - booked.free_room
        self.rest, self.done = None, STAND
        for track in (self.link, self.door, self.places):
            track.square *= F(AWAKE)

    def _flows(self, full: bool) -> Answer:
        answer = super()._flows(full)
        rows = min(self.horizon + 1, len(self.taken_link))
        answer.entries[:rows] += self.taken_link[:rows]
        answer.admitted[:rows] += self.taken_door[:rows]
        answer.free = answer.free + self.taken_free
        return answer

    def follow(self, count: int) -> None:
        """Take so many rounds."""
        for _ in range(count):
            if self.done % 10 == 9:
                self._fit_horizon()
            self._step()
            for track in (self.link, self.door, self.places):
                track.mean += F(CLOSE) * (track.now - track.mean)

    def guide(self) -> Guide:
        """Make what leads the searches of the next batch."""
        mean = self._set("mean")
        # Fills in the price of staying.
        self._answer(mean)
        return make_guide(self.guide_values(mean), mean)


def place_in_batches(
    placing: PricedPlacing,
    rest: RestPricer | None,
    order: NDArray[np.int64],
    n: int,
    seed: int,
    go_on: Callable[[], bool],
) -> bool:
    """Place groups in order, batch by batch; False if told to stop before the end.

    Parameters
    ----------
    placing
        With the guide of the first batch; has that of the last afterwards.
    rest
        Prices of those who are still to come, closed in the end; None = all are placed at once.
    n
        Batches.
    seed
        Of who is dealt into which batch.
    """
    if rest is None:
        return placing.place(order, go_on)
    batch = np.random.default_rng(seed).integers(n, size=len(placing.left))
    # Others would take the places that only few shelters have for them.
    batch[placing.places.step_free[placing.class_]] = 0
    try:
        for i in range(n):
            if i:
                rest.update()
                rest.follow(ROUNDS)
                placing.guide = rest.guide()
            if not placing.place(order[batch[order] == i], go_on):
                return False
        # Who did not want to go at the prices of their batch may at those of the last.
        return placing.place(order[placing.left[order] > 0], go_on)
    finally:
        rest.close()
