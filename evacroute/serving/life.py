"""From the first breath to the last: load in a thread, be ready, stop being ready, be done."""

from __future__ import annotations

import asyncio
import gc
import logging
import threading
import time

from evacroute.errors import EvacrouteError
from evacroute.serving.core import Core
from evacroute.serving.logs import fault_of, say
from evacroute.serving.refusals import presentable

POLL_S = 0.05
"""How often it is looked whether the store was reached [s]."""

UNTOLD_S = 2.0
"""A store that is not reached for so long is told of [s]."""


class Life:
    """Whether requests are wanted, and why not.

    A bundle that is refused does not end the process: it stays, not ready, with its reason to be
    read, and the pods of the version before go on.
    """

    def __init__(self, core: Core) -> None:
        self.core = core
        self.draining = False
        self._refused = ""

    @property
    def ready(self) -> bool:
        """Whether requests are wanted."""
        return self.core.ready and not self.draining

    @property
    def reason(self) -> str:
        """Why requests are not wanted, without addresses and folders."""
        if self.draining:
            return "shutting down"
        return self._refused or presentable(self.core.why_not_ready) or "loading"

    async def begin(self) -> None:
        """Load the core beside the event loop, then let it start."""
        loop = asyncio.get_running_loop()
        loaded: asyncio.Future[BaseException | None] = loop.create_future()

        def load() -> None:
            fault: BaseException | None = None
            try:
                self.core.load()
                # Modules and streets stay: looking through them again held up requests for 0.1 s.
                gc.collect()
                gc.freeze()
            except BaseException as error:
                fault = error
            if not loop.is_closed():
                loop.call_soon_threadsafe(_settle, loaded, fault)

        # A thread of its own that nobody waits for: the process can end while a bundle is read.
        threading.Thread(target=load, name="load", daemon=True).start()
        error = await loaded
        try:
            if error is not None:
                raise error
            await self.core.start()
        except Exception as fault:
            known = isinstance(fault, EvacrouteError | OSError)
            text = presentable(str(fault)) if known else ""
            self._refused = text or f"the bundle could not be loaded ({type(fault).__name__})"
            say("not ready", logging.ERROR, reason=self._refused, **fault_of(fault))
            return
        await self._told()

    async def _told(self) -> None:
        """Say when it is ready, and where that takes long why it is not."""
        since, is_told = time.monotonic(), False
        while not self.core.ready:
            if self.draining:
                return
            if not is_told and time.monotonic() - since >= UNTOLD_S:
                is_told = True
                say("not ready", logging.WARNING, reason=self.reason)
            await asyncio.sleep(POLL_S)
        say("ready", plan=self.core.plan)


def _settle(future: asyncio.Future[BaseException | None], fault: BaseException | None) -> None:
    if not future.done():
        future.set_result(fault)
