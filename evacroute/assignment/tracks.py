"""Tables of prices with what the ascent remembers of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

F = np.float32

KEEP = 0.9
"""Share of the momentum kept from round to round."""


@dataclass(slots=True, eq=False)
class Track:
    """A table of prices with what the ascent remembers of it, shape (n_slots + 2, n).

    Parameters
    ----------
    now, speed, square, mean
        The prices, their momentum, their summed squares, their running mean.
    """

    now: NDArray[np.float32]
    speed: NDArray[np.float32]
    square: NDArray[np.float32]
    mean: NDArray[np.float32]

    @classmethod
    def zeros(cls, shape: tuple[int, ...]) -> Track:
        """No prices."""
        return cls(*(np.zeros(shape, F) for _ in range(4)))

    def columns(self, which: NDArray[np.int64]) -> Track:
        """Other columns, -1 = new ones without a price."""
        known = which >= 0
        new = Track.zeros((len(self.now), len(which)))
        for name in ("now", "speed", "square", "mean"):
            getattr(new, name)[:, known] = getattr(self, name)[:, which[known]]
        return new


def begin_at(prices: NDArray[np.float32], square: float) -> Track:
    """Start at these prices."""
    prices = prices.astype(F)
    return Track(prices, np.zeros_like(prices), np.full_like(prices, square), prices.copy())


def copy_track(track: Track) -> Track:
    """Take a track out of the ascent's hands."""
    return Track(track.now.copy(), track.speed.copy(), track.square.copy(), track.mean.copy())


def climb(track: Track, row: int, excess: NDArray[Any], rate: float, share: float) -> None:
    """Move prices of places along their excess, a share of the room."""
    track.speed[row] = KEEP * track.speed[row] + (1 - KEEP) * excess
    track.square[row] += excess**2
    step = 0.8 * rate * track.speed[row] / np.sqrt(track.square[row] + 0.01)
    track.now[row] = np.maximum(0, track.now[row] + step)
    track.mean[row] += share * (track.now[row] - track.mean[row])


@dataclass(slots=True, eq=False)
class Drift:
    """What the ascent remembers of its steps over stretches of one width, shape (n_slots + 2, n).

    Parameters
    ----------
    share
        Half the width, as a share of the slots swept.
    speed, square
        Their momentum and summed squares.
    """

    share: float
    speed: NDArray[np.float32]
    square: NDArray[np.float32]

    @classmethod
    def zeros(cls, share: float, shape: tuple[int, ...]) -> Drift:
        """No steps yet."""
        return cls(share, np.zeros(shape, F), np.zeros(shape, F))

    def columns(self, which: NDArray[np.int64]) -> Drift:
        """Other columns, -1 = new ones."""
        known = which >= 0
        new = Drift.zeros(self.share, (len(self.speed), len(which)))
        for name in ("speed", "square"):
            getattr(new, name)[:, known] = getattr(self, name)[:, which[known]]
        return new
