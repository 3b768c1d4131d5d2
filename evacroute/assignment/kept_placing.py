"""A priced placing that begins with ways which are known already."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from evacroute._kernels.rejoin import put_if_free
from evacroute.assignment.priced_placing import PricedPlacing


class KeptPlacing(PricedPlacing):
    """Movements booked on the net, some of them as another plan had them."""

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

    def withdraw(self, groups: NDArray[np.bool_]) -> None:
        """Give back all that these groups hold."""
        b, x = self.booked, self.alive
        x = x[groups[b.group[x]]]
        np.add.at(self.left, b.group[x], b.size[x])
        b.alive[x] = False
        self._rebook(self._squeezed())
