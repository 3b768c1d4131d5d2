"""The rules of a capacity store, over whatever keeps its rows; Redis has them in `script.lua`."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import NamedTuple, Protocol

from evacroute.serving.capacity_store.records import (
    PURGED,
    TOMBSTONE_S,
    Answer,
    Counts,
    Held,
    Places,
    Refusal,
    Refused,
    Wish,
    milliseconds,
)

_TOMBSTONE_MS = milliseconds(TOMBSTONE_S, "TOMBSTONE_S")


class Room(NamedTuple):
    """A shelter's places and what is taken [persons]."""

    capacity: int
    step_free: int
    taken: int
    step_free_taken: int


class Trace(NamedTuple):
    """Which replica answered a token last, when, and when any other did [ms].

    A wish whose answer came too late leaves the same trace as one that was answered, as the store
    cannot tell them apart; but whoever gave it up knows.
    """

    by: str = ""
    at: int = 0
    other: int = 0

    def of_others(self, by: str) -> int:
        """When a replica other than this one answered last."""
        return self.other if by and by == self.by else self.at

    def then(self, by: str, at: int) -> Trace:
        """Add an answer, which may be older than the last."""
        if by and by == self.by:
            return Trace(by, max(self.at, at), self.other)
        if at >= self.at:
            return Trace(by, at, self.at)
        return Trace(self.by, self.at, max(self.other, at))


@dataclass(frozen=True, slots=True)
class Hold:
    """A row: who holds what until when [ms]; None for who has arrived."""

    shelter_id: str
    size: int
    step_free: bool
    until: int | None
    trace: Trace


class Ledger(Protocol):
    """Rows of one event, and the counts that go with them; times in whole ms."""

    def declare(self, places: Places) -> None:
        """Replace all capacities, where the version is newer."""

    def room(self, shelter_id: str) -> Room | None:
        """Read a shelter's places; None for one never declared."""

    def hold(self, token: str) -> Hold | None:
        """Read a token's row, ended or not."""

    def put(self, token: str, hold: Hold) -> None:
        """Write a row and count it."""

    def keep(self, token: str, hold: Hold, until: int | None, trace: Trace) -> None:
        """Change until when a row is held, and its trace; counts as arrived with None."""

    def drop(self, token: str, hold: Hold) -> None:
        """Delete a row and count it no more."""

    def due(self, now: int, most: int) -> list[tuple[str, Hold]]:
        """Find some of the rows that have ended."""

    def is_cancelled(self, token: str, now: int) -> bool:
        """Whether a tombstone stands for the token."""

    def bury(self, token: str, until: int) -> None:
        """Set a tombstone."""

    def clear(self, now: int, most: int) -> None:
        """Remove some of the tombstones that have ended."""

    def counts(self) -> Counts:
        """Count all shelters, sorted by id."""

    def beat(self, replica: str, until: int, now: int) -> int:
        """Note a replica; how many are alive."""

    def notice(self) -> tuple[int, bytes]:
        """Read version and text; 0 before the first."""

    def set_notice(self, version: int, notice: bytes) -> None:
        """Replace both."""


def release_due(ledger: Ledger, now: int) -> bool:
    """Release some holds that have ended; True where there may be more."""
    due = ledger.due(now, PURGED)
    for token, hold in due:
        ledger.drop(token, hold)
    ledger.clear(now, PURGED)
    return len(due) == PURGED


def current(ledger: Ledger, token: str, now: int) -> Hold | None:
    """Read what a token holds, which is released first if it has ended."""
    hold = ledger.hold(token)
    if hold is not None and hold.until is not None and hold.until <= now:
        ledger.drop(token, hold)
        return None
    return hold


def reserve(ledger: Ledger, now: int, wish: Wish, promised: int | None = None) -> Answer:
    """Answer one wish: keep, move, take or refuse; with `promised` [ms] write a promise in."""
    # Both clocks are at hand here: no need to tell one by the other.
    if promised is None and wish.give_up_at is not None and time.monotonic() >= wish.give_up_at:
        return Refused(Refusal.LATE)
    if ledger.is_cancelled(wish.token, now):
        return Refused(Refusal.CANCELLED)
    own = current(ledger, wish.token, now)
    until = now + milliseconds(wish.hold_s, "hold_s")
    before = Trace() if own is None else own.trace
    trace = before.then(wish.by, now if promised is None else promised)
    if own is not None:
        if own.until is None:
            return _told(own, now)
        same = (own.size, own.step_free) == (wish.size, wish.step_free)
        if same and own.shelter_id in wish.candidates:
            return prolong(ledger, now, wish.token, own, until, trace)
        if promised is not None:
            others = before.of_others(wish.by)
            if others > promised:
                return Refused(Refusal.ANSWERED, _told(own, now))
            # As old as the promise: one that was made later may be written in after it.
            trace = Trace(wish.by, promised, others)
    is_known = False
    for shelter_id in wish.candidates:
        room = ledger.room(shelter_id)
        if room is None:
            continue
        is_known = True
        if not _fits(room, wish, own if own and own.shelter_id == shelter_id else None):
            continue
        if own is not None:
            ledger.drop(wish.token, own)
        new = Hold(shelter_id, wish.size, wish.step_free, until, trace)
        ledger.put(wish.token, new)
        return _told(new, now, is_new=True)
    if own is not None and promised is None and own.shelter_id in wish.candidates:
        # The party hears that it still has this one.
        ledger.keep(wish.token, own, own.until, trace)
    why = Refusal.FULL if is_known else Refusal.UNDECLARED
    return Refused(why, None if own is None else _told(own, now))


def prolong(
    ledger: Ledger, now: int, token: str, own: Hold, until: int | None, trace: Trace | None = None
) -> Held:
    """Hold a place longer, or for good with None; never shorter than it was."""
    if own.until is None:
        return _told(own, now)
    until = None if until is None else max(until, own.until)
    trace = own.trace if trace is None else trace
    if (until, trace) != (own.until, own.trace):
        ledger.keep(token, own, until, trace)
    return _told(replace(own, until=until), now)


def cancel(ledger: Ledger, now: int, token: str) -> bool:
    """Release a place and set a tombstone."""
    own = current(ledger, token, now)
    if own is not None:
        ledger.drop(token, own)
    ledger.bury(token, now + _TOMBSTONE_MS)
    return own is not None


def _fits(room: Room, wish: Wish, own: Hold | None) -> bool:
    """Whether the party finds room; what it has in the same shelter counts as free."""
    taken, step_free_taken = room.taken, room.step_free_taken
    if own is not None:
        taken -= own.size
        step_free_taken -= own.size if own.step_free else 0
    if taken + wish.size > room.capacity:
        return False
    return not wish.step_free or step_free_taken + wish.size <= room.step_free


def _told(hold: Hold, now: int, *, is_new: bool = False) -> Held:
    has_arrived = hold.until is None
    return Held(
        shelter_id=hold.shelter_id,
        size=hold.size,
        step_free=hold.step_free,
        expires_in_s=float("inf") if hold.until is None else (hold.until - now) / 1000,
        arrived=has_arrived,
        is_new=is_new,
    )
