"""What is made once, when it is first asked for."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Once(Generic[T]):
    """Something long to make, for who asks on an event loop.

    All who ask wait for one thread. When it fails they hear of it, and who asks next tries again.

    Parameters
    ----------
    make
        Makes it; called in a thread.
    """

    def __init__(self, make: Callable[[], T]) -> None:
        self._make = make
        self._task: asyncio.Task[T] | None = None

    async def get(self) -> T:
        """Give it, made now if it was not before."""
        task = self._task
        if task is None or (task.done() and (task.cancelled() or task.exception())):
            task = self._task = asyncio.create_task(asyncio.to_thread(self._make))
        # Who asks may go; the others still want it.
        return await asyncio.shield(task)
