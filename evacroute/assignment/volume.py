"""The late rounds of the prices: from the best known, along the mean excess, by Polyak's step.

Early on prices are far off and every cell has a step length of its own (`_kernels/ascent.py`).
Those get stuck a little below the greatest bound, most of all on small instances. From there the
volume algorithm goes on: the flows that answered so far are averaged, prices move from the best
ones along the mean excess, as far as the distance to a known plan's cost suggests. The excess is
taken as a share of what is allowed, and to that of each slot the mean of the slots around it is
added: prices of a queue move together.

References
----------
.. [1] Barahona, F. and Anbil, R. (2000). The volume algorithm: producing primal solutions with a
   subgradient method. *Mathematical Programming* 87, 385-399.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from evacroute._kernels.ascent import smooth
from evacroute.assignment.sweeper import Answer, F, PriceSet, Terms, copy_prices

NEWEST = 0.05
"""Weight of the newest answer in the mean."""

AROUND = 1 / 50
"""Half width of what is around a slot, as a share of the slots swept; the mean is taken twice."""

BOLD, SHORTER, LONGER, PATIENCE = 0.05, 0.66, 1.1, 10
"""Share of the way to the plan's cost that is tried at first; times this after so many rounds
without a greater bound; times that after one that points on."""


class Volume:
    """Goes on from given prices.

    Parameters
    ----------
    terms
        The limits.
    n_slots
        Slots until the deadline.
    best
        Prices to start from, with their value.
    """

    def __init__(self, terms: Terms, n_slots: int, best: PriceSet) -> None:
        self.terms, self.n_slots = terms, n_slots
        self.horizon = best.horizon
        self.value = best.value
        self.centre = copy_prices(best, best.value)
        self.trial = copy_prices(best, best.value)
        self.mean: list[NDArray[np.float32]] | None = None
        self.bold = BOLD
        self.failed = 0
        self.direction: list[NDArray[np.float32]] = []

    def _tables(self, prices: PriceSet) -> list[NDArray[np.float32]]:
        """List the prices' tables as far as they may be changed."""
        rows = self.horizon + (self.horizon >= self.n_slots)
        return [prices.link[: self.horizon], prices.door[:rows], prices.room, prices.free_room]

    def _limits(self) -> list[NDArray[np.float32]]:
        terms = self.terms
        return [terms.link[self.centre.links], terms.door, terms.room, terms.free_room]

    def _excess(self, flows: list[NDArray[np.float32]]) -> list[NDArray[np.float32]]:
        return [flow - limit for flow, limit in zip(flows, self._limits(), strict=True)]

    def _moves(self) -> list[NDArray[np.float32]]:
        """Where prices go along the direction, which keeps pointing up."""
        half = int(self.horizon * AROUND)
        moves = []
        for excess, limit in zip(self.direction, self._limits(), strict=True):
            share = (excess / np.maximum(limit, 1)).astype(F)
            if excess.ndim == 2 and half > 0 and len(limit):
                once, twice = np.empty_like(share), np.empty_like(share)
                running = np.empty(len(limit), F)
                smooth(share, once, half, running)
                smooth(once, twice, half, running)
                share += twice
            moves.append(share)
        return moves

    def step(self, ask: Callable[[PriceSet], Answer], upper: float) -> tuple[PriceSet, float]:
        """Take one round.

        Parameters
        ----------
        ask
            Gives the answer of all classes to prices.
        upper
            Cost of a known plan [slots], penalties of whom it leaves included.

        Returns
        -------
        tuple
            The prices that were asked, and their dual value.
        """
        answer = ask(self.trial)
        rows = self.horizon + (self.horizon >= self.n_slots)
        admitted = answer.admitted[: self.horizon + 1]
        flows = [
            answer.entries[: self.horizon].copy(),
            admitted[:rows].copy(),
            admitted.sum(axis=0),
            answer.free.astype(F),
        ]
        asked = self.trial
        if self.mean is None:
            self.mean = flows
        else:
            if answer.value > self.value:
                ahead = sum(
                    float((a * b).sum(dtype=np.float64))
                    for a, b in zip(self._excess(flows), self.direction, strict=True)
                )
                if ahead > 0:
                    self.bold = min(2.0, self.bold * LONGER)
                self.value, self.failed = answer.value, 0
                self.centre = copy_prices(self.trial, answer.value)
            else:
                self.failed += 1
                if self.failed >= PATIENCE:
                    self.bold, self.failed = self.bold * SHORTER, 0
            for old, new in zip(self.mean, flows, strict=True):
                old += F(NEWEST) * (new - old)
        self._propose(upper)
        return asked, answer.value

    def _propose(self, upper: float) -> None:
        """Set the prices to be asked next."""
        assert self.mean is not None
        self.direction = self._excess(self.mean)
        centre = self._tables(self.centre)
        for excess, price in zip(self.direction, centre, strict=True):
            # A price of 0 cannot fall.
            excess[(price <= 0) & (excess < 0)] = 0
        moves = self._moves()
        square = sum(
            float((a * b).sum(dtype=np.float64)) for a, b in zip(self.direction, moves, strict=True)
        )
        length = F(self.bold * max(upper - self.value, 0.0) / max(square, 1e-9))
        self.trial = copy_prices(self.centre, self.value)
        for new, price, move in zip(self._tables(self.trial), centre, moves, strict=True):
            np.maximum(price + length * move, 0, out=new)
