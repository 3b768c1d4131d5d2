"""A priced placing that begins with ways which are known already."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from evacroute._kernels.rejoin import put_if_free
from evacroute.assignment.priced_placing import PricedPlacing


class KeptPlacing(PricedPlacing):
    """Movements booked on the net, some of them as another plan had them."""

    # Of each group, and persons of each piece: as `confined` tells; None = nobody is.
    piece: NDArray[np.int64] | None = None
    must_stay: NDArray[np.int64] | None = None

    def must_leave(self, piece: NDArray[np.int64], persons: NDArray[np.int64]) -> None:
        """Say who is `confined` to places that are short, so that none are tried in vain."""
        self.piece, self.must_stay = piece, persons

    def keep(
        self,
        group: NDArray[np.int32],
        shelter: NDArray[np.int32],
        admitted: NDArray[np.int32],
        size: NDArray[np.int32],
        ptr: NDArray[np.int64],
        arc: NDArray[np.int32],
        slot: NDArray[np.int32],
    ) -> NDArray[np.bool_]:
        """Book ways that are known, one after another, where all that they need is free.

        Parameters
        ----------
        group, shelter, admitted, size
            Of each movement; shelters in the order of the scenario's.
        ptr, arc, slot
            Its arcs in the words of the chain graph, and when each is entered.

        Returns
        -------
        numpy.ndarray
            Which movements are booked now.
        """
        begin = self._append(group, shelter, admitted, size, ptr, arc, slot)
        booked = np.zeros(len(group), np.bool_)
        put_if_free(self.booked, self.places, begin, self.class_, booked)
        np.subtract.at(self.left, group[booked], size[booked])
        return booked

    def affords(self, groups: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Whether the guide knows a way for each group that costs no more than staying."""
        return np.asarray(self._worth(groups) <= self.guide.stay[self.class_[groups]])

    def to_insert(self) -> NDArray[np.int64]:
        """List groups of which some are left, the most vulnerable class first.

        Of those confined, where more are left than must be, three times as many persons as too
        many.
        """
        groups = np.flatnonzero(self.left > 0)
        penalty = self.terms.penalty[self.class_[groups]]
        groups = groups[np.lexsort((self._worth(groups), -penalty))]
        if self.piece is None or self.must_stay is None:
            return groups
        piece = self.piece[groups]
        chosen = piece < 0
        for i in np.unique(piece[~chosen]).tolist():
            mine = np.flatnonzero(piece == i)
            left = self.left[groups[mine]]
            too_many = int(left.sum() - self.must_stay[i])
            chosen[mine] = np.cumsum(left) - left < 3 * too_many
        return groups[chosen]

    def withdraw(self, groups: NDArray[np.bool_]) -> None:
        """Give back all that these groups hold."""
        b, x = self.booked, self.alive
        x = x[groups[b.group[x]]]
        np.add.at(self.left, b.group[x], b.size[x])
        b.alive[x] = False
        self.rebook(self.squeezed())
