"""What is told of the ways chosen: times from now, lines, directions, reasons, or what to do."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from evacroute._kernels.descent import FORWARD
from evacroute._kernels.leading import Parties
from evacroute._kernels.trips import LENGTH
from evacroute.answering.answers import NO_LINE, Answer, Answers, Standing
from evacroute.answering.drawing import Drawer
from evacroute.answering.placing import Places
from evacroute.answering.questions import Questions
from evacroute.answering.streets import Lay
from evacroute.answering.ways import Proposal
from evacroute.route_directions import stay_directions
from evacroute.route_steps import Step
from evacroute.route_walks import Walks, leave_line
from evacroute.scenario import Scenario
from evacroute.signs import signs_of

if TYPE_CHECKING:
    from evacroute.answering.answerer import Place

ALTERNATIVES = 3
"""Other shelters that are told."""

APART = 2.5
"""Who stand less apart than this are told the same distances [m]."""

MOST_TEXTS = 512
"""Texts of ways that are remembered: some ask again, few stand just where others did."""

SOON = 30.0
"""Who is to wait less than this sets out at once [s]."""


class Teller:
    """Puts answers into words and lines.

    Parameters
    ----------
    scenario
        Streets and shelters.
    """

    def __init__(self, scenario: Scenario) -> None:
        shelters = scenario.shelters
        self._ids = [str(one) for one in shelters.shelter_id.tolist()]
        self._names = [str(one) for one in shelters.name.tolist()]
        self._lon, self._lat = shelters.lon.tolist(), shelters.lat.tolist()
        self._length = np.array(scenario.network.length)
        self._drawer = Drawer(scenario.network)
        self.signs = signs_of(scenario.network)
        self._walks = Walks(self.signs)
        self._walk = lru_cache(maxsize=MOST_TEXTS)(self._lines)

    def answers(
        self,
        lay: Lay,
        parties: Parties,
        places: Places,
        questions: Questions,
        chosen: list[tuple[Proposal, list[int]]],
        row: list[int],
        got: list[Place],
        *,
        now: float,
        plan: str,
        shut_in: set[int],
        lines: bool,
        directions: bool,
    ) -> Answers:
        """Gather the answers.

        Parameters
        ----------
        lay, parties, places, questions
            Streets, who asks, where they stand, what they said.
        chosen
            Proposals, and the parties who got a place by each.
        row
            Row of the proposal's ways of each party, -1 = it has none.
        got
            Its place.
        now
            When they asked [s after the alarm].
        plan
            Version of the plan.
        shut_in
            Parties whose every way closes before they are through.
        lines, directions
            Whether they are wanted.
        """
        told = [_NOBODY] * len(row)
        for proposal, served in chosen:
            ways, odds = proposal.ways, proposal.odds
            for p in served:
                i, place = row[p], got[p]
                s, q50, is_safe = ways.trips.shelter.item(i), odds.q50.item(i), odds.is_safe.item(i)
                wait, first = ways.wait.item(i), places.along.item(p)
                if ways.side.item(i) == FORWARD:
                    first = self._length.item(places.link.item(p)) - first
                told[p] = Answer(
                    _RESERVED if place.is_reserved else _UNRESERVED,
                    s, self._ids[s], self._names[s], self._lon[s], self._lat[s],
                    wait if wait >= SOON else 0.0, odds.q10.item(i) - now, q50 - now,
                    odds.q90.item(i) - now, odds.p_safe.item(i), is_safe, place.held_s,
                    self._reason(lay, proposal, p, i, s, q50, is_safe),
                    ways.rows.item(i, LENGTH) + (places.away.item(p) + first),
                    self._line(places, proposal, p, i, s) if lines else NO_LINE,
                    self._directions(places, parties, proposal, questions, p, i, s)
                    if directions
                    else (),
                    self._others(proposal, p, i),
                )  # fmt: skip
        for p, i in enumerate(row):
            if i < 0:
                why = self._why_none(lay, parties, places, p, shut_in)
                text: tuple[str, ...] = ()
                if directions:
                    text = stay_directions(why, str(questions.language[p])).text
                told[p] = Answer(reason=why, directions=text)
        return Answers(told, plan)

    def _others(self, proposal: Proposal, p: int, i: int) -> list[tuple[str, float]]:
        """Give other shelters of a party, with odds."""
        rows = [j for j in proposal.of(p).tolist() if j != i][:ALTERNATIVES]
        shelter, p_safe = proposal.ways.trips.shelter, proposal.odds.p_safe
        return [(self._ids[int(shelter[j])], float(p_safe[j])) for j in rows]

    def _line(
        self, places: Places, proposal: Proposal, p: int, i: int, s: int
    ) -> NDArray[np.float64]:
        first, along = self._start(places, proposal, p, i)
        trips = proposal.ways.trips
        links = trips.link[trips.ptr[i] : trips.ptr[i + 1]]
        return self._drawer.line(links, first, along, (self._lon[s], self._lat[s]))

    def _start(self, places: Places, proposal: Proposal, p: int, i: int) -> tuple[int, float]:
        """Give the link a party stands on, in the direction it leaves it, and metres along."""
        along = float(places.along[p])
        if proposal.ways.side[i] == FORWARD:
            return int(places.link[p]), along
        return int(places.twin[p]), self.signs.length[int(places.link[p])] - along

    def _directions(
        self,
        places: Places,
        parties: Parties,
        proposal: Proposal,
        questions: Questions,
        p: int,
        i: int,
        s: int,
    ) -> tuple[str, ...]:
        trips, ways = proposal.ways.trips, proposal.ways
        links = trips.link[trips.ptr[i] : trips.ptr[i + 1]]
        first, along = int(places.link[p]), float(places.along[p])
        language = str(questions.language[p])
        # Positions are not known to a metre: who stand nearly together share a text.
        along = min(round(along / APART) * APART, self.signs.length[first])
        way, lines = self._walk(links.tobytes(), first, along, s, language)
        wait = float(ways.wait[i]) if ways.wait[i] >= SOON else 0.0
        seconds = float(proposal.odds.q50[i] - (trips.depart[i] - parties.seconds[p, ways.side[i]]))
        return leave_line(way, language=language, wait=wait, seconds=seconds) + lines

    def _lines(
        self, links: bytes, first: int, along: float, s: int, language: str
    ) -> tuple[list[Step], tuple[str, ...]]:
        return self._walks.lines(
            np.frombuffer(links, np.int32).tolist(), (first, along),
            shelter=self._names[s] or self._ids[s], language=language,
        )  # fmt: skip

    def _reason(
        self, lay: Lay, proposal: Proposal, p: int, i: int, s: int, median: float, is_safe: bool
    ) -> str:
        """Say why this shelter, in words joined by commas."""
        ways = proposal.ways
        if ways.nearest[p] == s:
            words = "nearest"
        else:
            words = "by the plan" if ways.priced[i] else "with room"
        if lay.streets.step_free[ways.trips.class_[i]]:
            words += ", step-free"
        if median > ways.trips.deadline[i]:
            return words + ", after the deadline"
        return words if is_safe else words + ", in doubt"

    def _why_none(
        self, lay: Lay, parties: Parties, places: Places, p: int, shut_in: set[int]
    ) -> str:
        """Say why there is no way, in the words of `assignment.movements.REASONS`."""
        k = int(parties.class_[p])
        free = bool(lay.streets.step_free[k])
        if not np.isfinite(places.away[p]):
            return "no street near enough"
        there = lay.trees.seconds[k, places.end[p]] + places.seconds[p][:, None]
        if not np.isfinite(there).any():
            return "no step-free way to any shelter" if free else "no way to any shelter"
        passed = lay.trees.seconds[k, parties.end[p]] + parties.seconds[p][:, None]
        if p in shut_in or not np.isfinite(passed).any():
            return "cut off by a hazard"
        return "no step-free place left" if free else "no shelter with room"


_NOBODY = Answer()
_RESERVED, _UNRESERVED = Standing.RESERVED.value, Standing.UNRESERVED.value
