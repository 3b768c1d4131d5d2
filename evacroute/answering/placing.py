"""Where parties stand: the street that they can use, and the walks to its ends."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evacroute._street_arrays import twins
from evacroute.load.placing import usable_links
from evacroute.load.snap import Snapper
from evacroute.network import Network
from evacroute.people import Classes

MOST_AWAY = 250.0
"""Whoever is farther from any street that they can use is not led [m]."""


@dataclass(frozen=True, slots=True, eq=False)
class Places:
    """Where parties stand, in columns of shape (n,).

    Parameters
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


class Placer:
    """Puts parties on streets.

    Parameters
    ----------
    network, classes
        The streets, and who walks them.
    """

    def __init__(self, network: Network, classes: Classes) -> None:
        self.network, self.classes = network, classes
        keys = list(zip(classes.step_free.tolist(), classes.min_width.tolist(), strict=True))
        known = sorted(set(keys))
        self._key = np.array([known.index(key) for key in keys], np.int64)
        self._snappers = [Snapper(network, usable_links(network, *key)) for key in known]
        self._twin = twins(network)
        self._stepped = np.asarray(network.steps > 0)
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
        link, along, away = np.full(n, -1, np.int32), np.zeros(n), np.full(n, np.inf)
        key = self._key[class_]
        for one in np.unique(key).tolist() if n > 1 else key.tolist():
            mine = np.flatnonzero(key == one)
            if len(mine):
                link[mine], along[mine], away[mine] = self._snappers[one].snap(
                    lon[mine], lat[mine], max_distance=MOST_AWAY
                )
        at = np.maximum(link, 0)
        twin = np.where(link >= 0, self._twin[at], -1).astype(np.int32)
        speed = np.where(self._stepped[at], pace_steps, pace)
        length = self.network.length[at]
        share = along / length
        near = np.where(link >= 0, away, 0.0) / flat
        seconds = np.empty((n, 2))
        seconds[:, 0] = near + (1 - share) * self._walk[class_, at] / speed
        seconds[:, 1] = near + share * self._walk[class_, np.maximum(twin, 0)] / speed
        seconds[link < 0, 0] = np.inf
        seconds[twin < 0, 1] = np.inf
        return Places(link, twin, along, away, seconds, self._end[at])
