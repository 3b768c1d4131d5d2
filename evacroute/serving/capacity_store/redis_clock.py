"""What a process knows of a Redis server's clock, as told by its own that never goes back."""

from __future__ import annotations

import math

DRIFT = 0.001
"""How far apart two clocks may run in a second [s]: twice what ntpd slews them by. One that
is slewed faster (chronyd may, by up to a twelfth) is known that much worse until it runs evenly."""


class ServerClock:
    """Between which bounds the server's clock is ahead of `time.monotonic()`.

    Each look at it bounds the difference by the moments before and after. Looks agree unless the
    clock was set or another server answers: then the last one counts. So one that took long, on a
    busy machine, does not hide what a quick one has told before.
    """

    def __init__(self) -> None:
        # Least and most that it is ahead, and when that was so [s].
        self._known: tuple[float, float, float] | None = None

    def seen(self, before: float, after: float, shown_ms: int) -> None:
        """Note what the clock has shown [ms] between two moments of this process [s]."""
        # It shows whole milliseconds that have passed.
        least, most = shown_ms / 1000 - after, (shown_ms + 1) / 1000 - before
        known = self._known
        if known is not None:
            apart = DRIFT * (after - known[2])
            old_least, old_most = known[0] - apart, known[1] + apart
            if old_least <= most and least <= old_most:
                least, most = max(least, old_least), min(most, old_most)
        self._known = least, most, after

    def at(self, moment: float) -> int | None:
        """Tell what it shows, at the least, at a moment of this process [ms]; None if unknown."""
        known = self._known
        if known is None:
            return None
        least, _, when = known
        return math.floor((moment + least - DRIFT * abs(moment - when)) * 1000)
