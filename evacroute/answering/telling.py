"""What is told of the ways chosen: times from now, lines, directions, reasons, or what to do."""

from __future__ import annotations

import time as clock
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from evacroute._kernels.descent import FORWARD
from evacroute._kernels.leading import Parties
from evacroute._kernels.trips import LENGTH
from evacroute.answering.answers import Answers, Standing
from evacroute.answering.drawing import Drawer
from evacroute.answering.placing import Places
from evacroute.answering.questions import Questions
from evacroute.answering.streets import Lay
from evacroute.route_directions import route_directions, stay_directions
from evacroute.scenario import Scenario
from evacroute.signs import signs_of

if TYPE_CHECKING:
    from evacroute.answering.answerer import Place, Proposal

ALTERNATIVES = 3
"""Other shelters that are told."""

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
        self._lon, self._lat = np.array(shelters.lon), np.array(shelters.lat)
        self._deadline = scenario.deadline_s
        self._drawer = Drawer(scenario.network)
        self.signs = signs_of(scenario.network)

    def answers(
        self,
        lay: Lay,
        parties: Parties,
        flat: NDArray[np.float64],
        places: Places,
        questions: Questions,
        chosen: list[tuple[Proposal, NDArray[np.int64]]],
        row: NDArray[np.int64],
        got: list[Place],
        *,
        now: float,
        plan: str,
        lines: bool,
        directions: bool,
    ) -> Answers:
        """Gather the answers.

        Parameters
        ----------
        lay, parties, flat, places, questions
            Streets, who asks, their speeds on the flat [m/s], where they stand, what they said.
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
        lines, directions
            Whether they are wanted.
        """
        n = len(row)
        number: dict[str, NDArray[np.float64]] = {
            name: np.full(n, np.nan)
            for name in ("lon", "lat", "depart_in_s", "q10", "q50", "q90", "held_s")
        }
        p_safe, is_safe, distance = np.zeros(n), np.zeros(n, bool), np.zeros(n)
        shelter = np.full(n, -1, np.int32)
        status = np.full(n, str(Standing.NO_SAFE_ROUTE), object)
        reason, ids, names = (np.full(n, "", object) for _ in range(3))
        line: list[NDArray[np.float64]] = [np.empty((0, 2))] * n
        text: list[tuple[str, ...]] = [()] * n
        others: list[list[tuple[str, float]]] = [[] for _ in range(n)]
        for proposal, served in chosen:
            ways, odds = proposal.ways, proposal.odds
            at = row[served]
            shelter[served] = ways.trips.shelter[at]
            number["lon"][served] = self._lon[shelter[served]]
            number["lat"][served] = self._lat[shelter[served]]
            wait = np.where(ways.wait[at] < SOON, 0.0, ways.wait[at])
            number["depart_in_s"][served] = wait
            for name in ("q10", "q50", "q90"):
                number[name][served] = getattr(odds, name)[at] - now
            p_safe[served], is_safe[served] = odds.p_safe[at], odds.is_safe[at]
            first = places.seconds[served, ways.side[at]] * flat[served]
            distance[served] = proposal.ways.rows[at, LENGTH] + first
            for p, i in zip(served.tolist(), at.tolist(), strict=True):
                s = int(shelter[p])
                ids[p], names[p] = self._ids[s], self._names[s]
                place = got[p]
                status[p] = str(Standing.RESERVED if place.is_reserved else Standing.UNRESERVED)
                number["held_s"][p] = place.held_s
                mine = proposal.of(p)
                reason[p] = self._reason(lay, parties, places, proposal, p, i)
                told = [
                    (self._ids[int(ways.trips.shelter[j])], float(odds.p_safe[j]))
                    for j in mine.tolist()
                    if j != i
                ]
                others[p] = told[:ALTERNATIVES]
                if lines:
                    line[p] = self._line(places, proposal, p, i, s)
                if directions:
                    text[p] = self._directions(lay, places, proposal, questions, p, i, s)
        for p in np.flatnonzero(shelter < 0).tolist():
            why = self._why_none(lay, parties, places, p)
            reason[p] = why
            if directions:
                text[p] = stay_directions(why, str(questions.language[p])).text
        return Answers(
            status=status, shelter=shelter, shelter_id=ids, name=names, p_safe=p_safe,
            is_safe=is_safe, reason=reason, distance=distance, line=line, directions=text,
            alternatives=others, plan=plan, **number,
        )  # fmt: skip

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
        lay: Lay,
        places: Places,
        proposal: Proposal,
        questions: Questions,
        p: int,
        i: int,
        s: int,
    ) -> tuple[str, ...]:
        trips, ways = proposal.ways.trips, proposal.ways
        links = trips.link[trips.ptr[i] : trips.ptr[i + 1]]
        walk = lay.streets.walk[trips.class_[i], links]
        pace = np.where(lay.streets.link["stepped"][links], trips.pace_steps[i], trips.pace[i])
        wait = float(ways.wait[i]) if ways.wait[i] >= SOON else 0.0
        begin = wait + float(places.seconds[p, ways.side[i]])
        upto = begin + np.cumsum(walk / pace)
        leave = upto.tolist()
        enter = [begin, *leave[:-1]] if leave else []
        told = route_directions(
            self.signs, links.tolist(), enter, leave, shelter=self._names[s] or self._ids[s],
            language=str(questions.language[p]), alarm=clock.strftime("%H:%M"), depart=wait,
            start=(int(places.link[p]), float(places.along[p])),
        )  # fmt: skip
        return told.text

    def _reason(
        self, lay: Lay, parties: Parties, places: Places, proposal: Proposal, p: int, i: int
    ) -> str:
        k, words = int(parties.class_[p]), []
        seconds = np.minimum(
            places.seconds[p, 0] + lay.trees.seconds[k, :, places.end[p, 0]] / parties.pace[p],
            places.seconds[p, 1] + lay.trees.seconds[k, :, places.end[p, 1]] / parties.pace[p],
        )
        s = int(proposal.ways.trips.shelter[i])
        if seconds.argmin() == s:
            words.append("nearest")
        elif proposal.ways.priced[i]:
            words.append("by the plan")
        else:
            words.append("with room")
        if lay.streets.step_free[k]:
            words.append("step-free")
        if proposal.odds.q50[i] > self._deadline:
            words.append("after the deadline")
        elif not proposal.odds.is_safe[i]:
            words.append("in doubt")
        return ", ".join(words)

    def _why_none(self, lay: Lay, parties: Parties, places: Places, p: int) -> str:
        """Say why there is no way, in the words of `assignment.movements.REASONS`."""
        k = int(parties.class_[p])
        free = bool(lay.streets.step_free[k])
        if not np.isfinite(places.away[p]):
            return "no street near enough"
        there = np.isfinite(lay.trees.seconds[k][:, places.end[p]]) & np.isfinite(places.seconds[p])
        if not there.any():
            return "no step-free way to any shelter" if free else "no way to any shelter"
        return "no step-free place left" if free else "no shelter with room"
