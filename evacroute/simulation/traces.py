"""What a run leaves behind by the way: what held people up, and where some of them were."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evacroute._kernels.crowd import Record


@dataclass(frozen=True, slots=True, eq=False)
class Delays:
    """What held people up, by bin of time.

    Parameters
    ----------
    bin_s
        Length of a bin [s].
    pace
        Seconds that a second at free pace took on each link, mean, >= 1, shape (n_links, n_bins).
    wait
        Seconds waited to enter each link by those who came in the bin, mean; where nobody did, what
        is left of the wait of those before, NaN = none; shape (n_links, n_bins).
    door_wait
        The same at doors, shape (n_shelters, n_bins).
    """

    bin_s: float
    pace: NDArray[np.float32]
    wait: NDArray[np.float32]
    door_wait: NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Tracks:
    """Where some parties were: link by link, and when.

    Parameters
    ----------
    agent
        Positions of the parties, shape (n_tracks,).
    ptr
        Where each track's links begin, shape (n_tracks + 1,).
    link
        Positions in the network.
    enter, leave
        When they enter and leave each [s after the alarm].
    """

    agent: NDArray[np.int32]
    ptr: NDArray[np.int64]
    link: NDArray[np.int32]
    enter: NDArray[np.float64]
    leave: NDArray[np.float64]

    @classmethod
    def of(cls, tracked: NDArray[np.int32], record: Record, n: int, people: NDArray[Any]) -> Tracks:
        """Sort the steps of tracks as they were written down."""
        agent = np.flatnonzero(tracked >= 0).astype(np.int32)
        track, link = record.track[:n, 0], record.track[:n, 1]
        order = np.lexsort((record.track_enter[:n], track))
        enter = record.track_enter[:n][order]
        ptr = np.searchsorted(track[order], np.arange(len(agent) + 1)).astype(np.int64)
        leave = np.append(enter[1:], 0.0)[: len(enter)]
        walked = np.diff(ptr) > 0
        # The last link is left at the end: of the way, or of what is known of it.
        leave[ptr[1:][walked] - 1] = np.maximum(
            people["clock"][agent[walked]], enter[ptr[1:][walked] - 1]
        )
        return cls(agent, ptr, link[order], enter, leave)
