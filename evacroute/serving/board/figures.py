"""Figures of the last minutes, from the meters of this process."""

from __future__ import annotations

import itertools
import threading
import time
from collections import deque
from typing import Any

from evacroute.answering.answers import Standing
from evacroute.serving.metrics import Meters

KEPT_S = 600
"""How long figures are kept [s]."""

RATE_S = 5
"""Answers a second are those of so many seconds."""

POINT_S = 5
"""Time between two points of the history [s]."""


class Figures:
    """Looks at the meters each second, and tells what has changed.

    Parameters
    ----------
    meters
        What this process counts.
    """

    def __init__(self, meters: Meters) -> None:
        self._meters = meters
        self._seen: deque[dict[str, int]] = deque(maxlen=KEPT_S + 1)
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="figures", daemon=True)
        self.look()

    def start(self) -> None:
        """Begin to look each second."""
        self._thread.start()

    def stop(self) -> None:
        """End."""
        self._ended.set()

    def look(self) -> None:
        """Look at the meters once."""
        self._seen.append(self._meters.totals())

    def _watch(self) -> None:
        due = time.monotonic()
        while True:
            due = max(due + 1.0, time.monotonic())
            if self._ended.wait(due - time.monotonic()):
                return
            self.look()

    def told(self) -> dict[str, Any]:
        """Give answers a second, counts of the last minute and the history.

        Returns
        -------
        dict
            per_s: parties a second; minute: parties and persons by status, and requests refused,
            in the last minute; total: the same since the start; history: step_s, and per_s, the
            oldest first.
        """
        seen = list(self._seen)
        last = seen[-1]
        minute, recent = seen[max(0, len(seen) - 61)], seen[max(0, len(seen) - 1 - RATE_S)]
        span = min(RATE_S, len(seen) - 1)
        points = [_parties(one) for one in seen[::-1][::POINT_S]][::-1]
        return {
            "per_s": round((_parties(last) - _parties(recent)) / span, 1) if span else 0.0,
            "minute": {name: last[name] - minute[name] for name in last},
            "total": last,
            "history": {
                "step_s": POINT_S,
                "per_s": [round((b - a) / POINT_S, 1) for a, b in itertools.pairwise(points)],
            },
        }


def _parties(seen: dict[str, int]) -> int:
    return sum(seen[f"{one.value}_parties"] for one in Standing)
