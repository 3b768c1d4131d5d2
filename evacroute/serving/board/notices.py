"""The news in the store as the board reads and writes them, one operator after another."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

from evacroute.errors import InputError, StoreConflict, StoreError
from evacroute.serving.board.names import Names
from evacroute.serving.board.refused import Conflict, StoreOut
from evacroute.serving.capacity_store import CapacityStore, Counts
from evacroute.serving.news import News
from evacroute.serving.place_desk import PlaceDesk
from evacroute.serving.refusals import BadRequest

FRESH_S = 0.9
"""What was read from the store within this time is not read again [s]: boards ask each second."""

KEPT = 32
"""So many versions are remembered, to tell what has changed since one."""

Change = Callable[[News, int], News | None]
"""Gives the news as they shall be, of those that are and the version that they get; None where
nothing changes."""


class Notices:
    """Reads the news, and writes them if nobody else was quicker.

    Parameters
    ----------
    desk
        With the store.
    names
        To say what has changed.

    Attributes
    ----------
    version, news
        The last that were read or written; version 0 = the store has none.
    counts
        How full shelters are, None = never read.
    read_at
        When the store was last read [s, monotonic].
    is_lost
        Whether the store has lost its news: the next act writes those known here again.
    """

    def __init__(self, desk: PlaceDesk, names: Names) -> None:
        self._desk, self._names = desk, names
        self.version, self.news = 0, News()
        self.counts: Counts | None = None
        self.read_at = -1e9
        self.is_lost = False
        self._tried = -1e9
        self._seen: dict[int, News] = {0: self.news}
        self._turn = asyncio.Lock()

    async def refresh(self, *, within: float = FRESH_S) -> bool:
        """Read the store, if that was not done just now; says whether it could be read."""
        async with self._turn:
            if time.monotonic() - self._tried < within:
                return self.read_at >= self._tried
            self._tried = time.monotonic()
            try:
                counts, found = await self._desk.call(self._read)
            except StoreError:
                return False
            self.counts, self.read_at = counts, time.monotonic()
            if found is not None:
                self._take(*found)
            return True

    def _read(self, store: CapacityStore) -> tuple[Counts, tuple[int, News] | None]:
        counts, found = store.look(), store.notice(self.version)
        return counts, None if found is None else (found[0], _news(found[1]))

    async def publish(self, expected: int, change: Change) -> bool:
        """Change the news, if they are still of the version expected; says whether they changed.

        Raises
        ------
        Conflict
            If they are not.
        StoreOut
            If the store is out of reach.
        BadRequest
            If they are too long for the store.
        """
        async with self._turn:
            try:
                return await self._publish(expected, change)
            except StoreConflict:
                raise self._conflict(expected) from None
            except StoreError:
                raise StoreOut(
                    "the store of places is out of reach, so it is not known whether the act is "
                    "written; look at the board and try again"
                ) from None

    async def _publish(self, expected: int, change: Change) -> bool:
        found = await self._desk.call(lambda store: store.notice(-1))
        if found is None and self.version:
            # The store has lost its data: what is known here is written anew by the next act.
            self.is_lost, self.version = True, 0
        elif found is not None and found[0] != self.version:
            self._take(found[0], await asyncio.to_thread(_news, found[1]))
        if self.version != expected:
            raise self._conflict(expected)
        new = change(self.news, expected + 1)
        if new is None:
            return False

        def write(store: CapacityStore) -> int:
            return store.publish(new.to_bytes(), expected=expected)

        try:
            version = await self._desk.call(write)
        except InputError as error:
            raise BadRequest(str(error)) from None
        self.is_lost = False
        self._take(version, new)
        return True

    def _take(self, version: int, news: News) -> None:
        self.version, self.news = version, news
        self._seen[version] = news
        while len(self._seen) > KEPT:
            del self._seen[next(iter(self._seen))]

    def _conflict(self, expected: int) -> Conflict:
        before = self._seen.get(expected)
        changed = [] if before is None else differences(before, self.news, self._names)
        told = "; ".join(f"{one['what']} {', '.join(one['names'])}".strip() for one in changed)
        if self.is_lost:
            told = "the store has lost its news, which are kept here and written by the next act"
        return Conflict(
            f"something was changed since you looked ({told or 'look at the board again'}), so "
            "nothing was done",
            self.version, changed,
        )  # fmt: skip


def differences(before: News, after: News, names: Names) -> list[dict[str, Any]]:
    """Tell what differs: what ("closed", "opened", "alarm", "plan") and names of it."""
    out = []
    for what, old, new in (("closed", before, after), ("opened", after, before)):
        links = [one for one in new.closed_links if one not in set(old.closed_links)]
        shelters = [one for one in new.closed_shelters if one not in set(old.closed_shelters)]
        if links or shelters:
            out.append({"what": what, "names": names.called(links, shelters)})
    if before.alarm_at != after.alarm_at:
        out.append({"what": "alarm", "names": []})
    if before.plan != after.plan:
        out.append({"what": "plan", "names": [after.plan] if after.plan else []})
    return out


def _news(notice: bytes) -> News:
    """Read a notice; one that nobody can read counts as none, so that it can be written over."""
    try:
        return News.of(notice)
    except InputError:
        return News()
