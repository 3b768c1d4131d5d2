"""A capacity store over a ledger: the half that memory and sqlite share."""

from __future__ import annotations

import math
import os
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from typing import TypeVar

from evacroute.errors import StoreConflict, StoreError
from evacroute.serving.capacity_store import ledger as rules
from evacroute.serving.capacity_store.ledger import Ledger
from evacroute.serving.capacity_store.records import (
    BATCH,
    Answer,
    Counts,
    Held,
    Places,
    Wish,
    check_adopted,
    check_name,
    check_notice,
    check_token,
    milliseconds,
)

T = TypeVar("T")


class LedgerStore(ABC):
    """The methods of `CapacityStore`, each in one turn at the ledger."""

    kind: str
    is_shared: bool

    def __init__(self) -> None:
        self._pid = os.getpid()

    @abstractmethod
    def _turn(self) -> AbstractContextManager[tuple[Ledger, int]]:
        """Lend the ledger and tell the time [ms]; all that is done is kept, or nothing."""

    def _check_process(self) -> None:
        """Refuse a store that came into this process by fork: locks and files are not its own."""
        if os.getpid() != self._pid:
            raise StoreError(
                f"{self.kind} store: opened in process {self._pid}, used in {os.getpid()}; "
                "open a store in each process, after the fork"
                + ("" if self.is_shared else ", of a kind that processes can share")
            )

    def declare(self, places: Places) -> None:
        """Set the shelters' places, where they are newer."""
        with self._turn() as (ledger, _):
            ledger.declare(places)

    def reserve(self, wishes: Sequence[Wish]) -> list[Answer]:
        """Take a place for each wish, or refuse it."""
        answers: list[Answer] = []
        for part in parts(wishes):
            with self._turn() as (ledger, now):
                rules.release_due(ledger, now)
                answers += [rules.reserve(ledger, now, wish) for wish in part]
        return answers

    def renew(self, token: str, hold_s: float) -> Held | None:
        """Keep a place for longer."""
        hold_ms = milliseconds(hold_s, "hold_s")
        return self._prolong(token, hold_ms)

    def arrived(self, token: str) -> Held | None:
        """Keep a place for good."""
        return self._prolong(token, None)

    def _prolong(self, token: str, hold_ms: int | None) -> Held | None:
        check_token(token)
        with self._turn() as (ledger, now):
            rules.release_due(ledger, now)
            own = rules.current(ledger, token, now)
            if own is None:
                return None
            until = None if hold_ms is None else now + hold_ms
            return rules.prolong(ledger, now, token, own, until)

    def cancel(self, token: str) -> bool:
        """Give a place back, and refuse the token for a while."""
        check_token(token)
        with self._turn() as (ledger, now):
            rules.release_due(ledger, now)
            return rules.cancel(ledger, now, token)

    def adopt(self, held: Sequence[Wish]) -> list[Answer]:
        """Write in what was promised without the store."""
        check_adopted(held)
        answers: list[Answer] = []
        for part in parts(held):
            with self._turn() as (ledger, now):
                rules.release_due(ledger, now)
                for wish in part:
                    answers.append(rules.reserve(ledger, now, wish, promised_ms(wish, now)))
        return answers

    def look(self) -> Counts:
        """Count how full the shelters are."""
        while True:
            with self._turn() as (ledger, now):
                if not rules.release_due(ledger, now):
                    return ledger.counts()

    def beat(self, replica: str, alive_s: float) -> int:
        """Note that a replica is alive, and count those that are."""
        check_name(replica, "replica")
        alive_ms = milliseconds(alive_s, "alive_s")
        with self._turn() as (ledger, now):
            return ledger.beat(replica, now + alive_ms, now)

    def publish(self, notice: bytes, *, expected: int | None = None) -> int:
        """Set the notice; its version."""
        check_notice(notice, expected)
        with self._turn() as (ledger, _):
            version, _ = ledger.notice()
            if expected is not None and expected != version:
                raise conflict(version, expected)
            ledger.set_notice(version + 1, notice)
            return version + 1

    def notice(self, since: int) -> tuple[int, bytes] | None:
        """Read the notice, where the caller has another version."""
        with self._turn() as (ledger, _):
            version, notice = ledger.notice()
        return None if version in (0, since) else (version, notice)


def parts(wishes: Sequence[T]) -> Iterator[Sequence[T]]:
    """Cut wishes to what goes in one transaction."""
    for begin in range(0, len(wishes), BATCH):
        yield wishes[begin : begin + BATCH]


def promised_ms(wish: Wish, now: int) -> int:
    """When a promise was made by the store's clock [ms], which has just shown `now`.

    Whatever passed between makes it earlier than it was: then too little is moved, never too much.
    One is taken off, as of two in the same millisecond either may have been first.
    """
    if wish.promised_at is None:
        return now
    return now - math.ceil((time.monotonic() - wish.promised_at) * 1000) - 1


def conflict(version: int, expected: int) -> StoreConflict:
    """Make the error of who publishes second."""
    return StoreConflict(
        f"notice: the current version is {version}, expected {expected}: somebody else published; "
        "read it again"
    )
