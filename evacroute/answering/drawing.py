"""Lines of ways: from where a party stands to the door of its shelter."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from evacroute._kernels.lines import draw
from evacroute.network import Network


class Drawer:
    """Draws ways on a network.

    Parameters
    ----------
    network
        The streets.
    """

    def __init__(self, network: Network) -> None:
        self._ptr = np.array(network.geometry_ptr)
        self._points = np.column_stack([network.geometry_lon, network.geometry_lat])
        self._length = np.array(network.length)
        self._narrow = float(np.cos(np.radians(network.origin[1])))
        self._most = int(np.diff(network.geometry_ptr).max(initial=1))

    def line(
        self, links: NDArray[np.int32], first: int, along: float, shelter: tuple[float, float]
    ) -> NDArray[np.float64]:
        """Give the points of a way, lon and lat [degrees], shape (n_points, 2).

        Parameters
        ----------
        links
            Links in walking order, after the one the party stands on.
        first, along
            The link it stands on, in the direction it leaves it, and how far from the link's begin
            [m].
        shelter
            Where the way ends.
        """
        room = np.empty(((len(links) + 1) * self._most + 2, 2))
        n = draw(
            self._ptr, self._points, links, first, along / self._length[first], self._narrow, room
        )
        room[n] = shelter
        return room[: n + 1].round(6)
