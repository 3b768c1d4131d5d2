"""Where parties stand: the street that they can use, and the walks to its ends."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from evacroute._kernels.crowd import Streets
from evacroute._kernels.standing import Stretches, stand
from evacroute._street_arrays import twins
from evacroute.load.placing import usable_links
from evacroute.load.snap import Snapper
from evacroute.network import Network
from evacroute.people import Classes

MOST_AWAY = 250.0
"""Whoever is farther from any street that they can use is not led [m]."""

AT_END = 10.0
"""Whoever is no farther from the nearer end of a street that is flooded is let off it: phones know
places no better [m]."""

LATER = 1e9
"""Whoever can leave a street in a direction that is open does so, however long it takes [s]."""

_FIRST = np.zeros(1, np.int64)


class Places(NamedTuple):
    """Where parties stand, in columns of shape (n,).

    Attributes
    ----------
    link, twin
        The link each is on, and the same street the other way, -1 = none.
    along
        Distance from the link's begin [m].
    away
        From where they are to the street [m], inf = none is near.
    seconds
        Walk to the link's end, and to the twin's, at own pace, inf = cannot, shape (n, 2) [s].
    end
        Nodes where the link ends and begins, shape (n, 2).
    """

    link: NDArray[np.int32]
    twin: NDArray[np.int32]
    along: NDArray[np.float64]
    away: NDArray[np.float64]
    seconds: NDArray[np.float64]
    end: NDArray[np.int32]

    def leave(self, closed: NDArray[np.bool_]) -> None:
        """Let who stands on a closed street off it by the nearer end: none is led across it.

        Where it is closed in one direction only, they leave in the other.

        Parameters
        ----------
        closed
            Links that nobody may enter, shape (n_links,).
        """
        shut = np.column_stack([closed[self.link], closed[self.twin] & (self.twin >= 0)])
        on = np.flatnonzero(shut.any(axis=1))
        other = 1 - np.where(shut, LATER + self.seconds, self.seconds)[on].argmin(axis=1)
        self.seconds[on, other] = np.inf


class Placer:
    """Puts parties on streets.

    Parameters
    ----------
    network, classes
        The streets, and who walks them.
    """

    def __init__(self, network: Network, classes: Classes) -> None:
        keys = list(zip(classes.step_free.tolist(), classes.min_width.tolist(), strict=True))
        known = sorted(set(keys))
        self._key = np.array([known.index(key) for key in keys], np.int64)
        self._lines = [Snapper(network, usable_links(network, *key)).lines for key in known]
        self._twin, self._stepped = twins(network), np.asarray(network.steps > 0)
        self._length = np.array(network.length)
        self._end = np.column_stack([network.to_node, network.from_node]).astype(np.int32)
        self._walk = classes.walk_seconds(network)

    def place(
        self,
        lon: NDArray[np.float64],
        lat: NDArray[np.float64],
        class_: NDArray[np.int32],
        pace: NDArray[np.float64],
        pace_steps: NDArray[np.float64],
        flat: NDArray[np.float64],
    ) -> Places:
        """Put parties on the nearest streets that they can use.

        Parameters
        ----------
        lon, lat
            Where they are [degrees].
        class_, pace, pace_steps
            Their classes, and own speed over the class's, on the flat and on steps.
        flat
            Own speed on the flat [m/s].
        """
        n = len(lon)
        link, twin = np.empty(n, np.int32), np.empty(n, np.int32)
        along, away, seconds = np.empty(n), np.empty(n), np.empty((n, 2))
        end = np.empty((n, 2), np.int32)
        key = self._key[class_]
        for one in set(key.tolist()):
            some = np.flatnonzero(key == one) if n > 1 else _FIRST
            stand(
                self._lines[one], some, lon, lat, MOST_AWAY, class_, pace, pace_steps, flat,
                self._length, self._stepped, self._twin, self._end, self._walk, link, twin, along,
                away, seconds, end,
            )  # fmt: skip
        return Places(link, twin, along, away, seconds, end)

    def stretches(
        self, places: Places, flat: NDArray[np.float64], streets: Streets
    ) -> Stretches | None:
        """Say what parties have before them of their streets, None = no hazard touches any.

        Parameters
        ----------
        flat
            Own speed of each on the flat [m/s].
        streets
            With their hazards.
        """
        link = np.column_stack([places.link, places.twin])
        link[(link < 0) | (streets.link["row"][link] < 0)] = -1
        if (link < 0).all():
            return None
        known = places.link >= 0
        near = np.divide(places.away, flat, out=np.zeros(len(flat)), where=known)
        left = np.column_stack([self._length[places.link] - places.along, places.along])
        at_end = left <= np.minimum(AT_END, left[:, ::-1])
        return Stretches(link, near, places.seconds - near[:, None], at_end)
