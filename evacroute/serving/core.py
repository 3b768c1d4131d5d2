"""What the door asks of whatever answers, so that either can be tested without the other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from evacroute.answering.answers import Answers
from evacroute.answering.questions import Questions


@dataclass(frozen=True, slots=True)
class StoreState:
    """What is known of the store of places without asking it.

    Parameters
    ----------
    is_up
        Whether it answered when it was last asked.
    left
        Places left, by id of shelter.
    """

    is_up: bool = False
    left: Mapping[str, int] = field(default_factory=dict)


class Core(Protocol):
    """Answers parties from one bundle and one store of places.

    The door calls `load` once, in a thread of its own, then `start` on the event loop, and `stop`
    when all requests are done. Everything but `load` must return at once; `answer` may wait, but
    must leave the event loop free while it computes for more than a millisecond.
    """

    @property
    def plan(self) -> str:
        """Version of the plan, "" before it is loaded."""
        ...

    @property
    def hazard(self) -> str:
        """Name of the hazard the plan is for, "" before it is loaded or where there is none."""
        ...

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """Least lon, least lat, most lon, most lat of the city [degrees]."""
        ...

    @property
    def is_loaded(self) -> bool:
        """Whether the bundle is read and the kernels are warm."""
        ...

    @property
    def ready(self) -> bool:
        """Whether it can answer: loaded, and the store is known."""
        ...

    @property
    def why_not_ready(self) -> str:
        """Why it cannot answer yet, in words for an operator."""
        ...

    def store(self) -> StoreState:
        """State of the store, for the metrics; called when they are read."""
        ...

    def load(self) -> None:
        """Read the bundle and warm the kernels; raises where the bundle is refused."""
        ...

    async def start(self) -> None:
        """Begin what runs beside the answers."""
        ...

    async def stop(self) -> None:
        """End what runs beside the answers."""
        ...

    async def answer(
        self, questions: Questions, *, lines: bool, directions: bool, now: float
    ) -> Answers:
        """Answer parties who ask at `now` [s since 1970], with lines and directions if wanted."""
        ...
