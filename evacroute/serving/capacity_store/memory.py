"""Capacity store in the memory of one process."""

from __future__ import annotations

import heapq
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

from evacroute.errors import StoreError
from evacroute.serving.capacity_store.ledger import Hold, Ledger, Room, Trace
from evacroute.serving.capacity_store.ledger_store import LedgerStore
from evacroute.serving.capacity_store.records import Counts, Places


class MemoryStore(LedgerStore):
    """Places in one process: for a single replica, trials and tests.

    All is lost with the process. Each one opened is a store of its own, so open it once. A process
    that forks cannot use it in the child: both would give away the same places.

    Parameters
    ----------
    clock
        Seconds that never go back.
    """

    kind = "memory"
    is_shared = False
    answers_at_once = True

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._clock = clock
        self._lock = threading.Lock()
        self._ledger: _MemoryLedger | None = _MemoryLedger()

    @contextmanager
    def _turn(self) -> Iterator[tuple[Ledger, int]]:
        self._check_process()
        with self._lock:
            if self._ledger is None:
                raise StoreError("memory store: it is closed")
            yield self._ledger, int(self._clock() * 1000)

    def ping(self) -> None:
        """Raise where the store cannot be asked."""
        with self._turn():
            pass

    def close(self) -> None:
        """Let go of everything."""
        self._check_process()
        with self._lock:
            self._ledger = None


class _MemoryLedger:
    """Rows in dicts; a heap of what ends when, in which rows since changed are skipped."""

    def __init__(self) -> None:
        self._version: int | None = None
        self._rooms: dict[str, Room] = {}
        self._arrived: dict[str, int] = {}
        self._holds: dict[str, Hold] = {}
        self._ends: list[tuple[int, str]] = []
        self._graves: dict[str, int] = {}
        self._grave_ends: deque[tuple[int, str]] = deque()
        self._beats: dict[str, int] = {}
        self._notice = (0, b"")

    def declare(self, places: Places) -> None:
        if self._version is not None and places.version <= self._version:
            return
        self._version = places.version
        for shelter_id, room in self._rooms.items():
            self._rooms[shelter_id] = room._replace(capacity=0, step_free=0)
        rows = zip(places.shelter_id, places.capacity, places.step_free, strict=True)
        for shelter_id, capacity, step_free in rows:
            room = self._rooms.get(shelter_id, Room(0, 0, 0, 0))
            self._rooms[shelter_id] = room._replace(capacity=capacity, step_free=step_free)

    def room(self, shelter_id: str) -> Room | None:
        return self._rooms.get(shelter_id)

    def hold(self, token: str) -> Hold | None:
        return self._holds.get(token)

    def put(self, token: str, hold: Hold) -> None:
        self._holds[token] = hold
        self._note_end(token, hold.until)
        self._count(hold, hold.size)

    def keep(self, token: str, hold: Hold, until: int | None, trace: Trace) -> None:
        self._holds[token] = replace(hold, until=until, trace=trace)
        if until != hold.until:
            self._note_end(token, until)
        if until is None:
            self._arrived[hold.shelter_id] = self._arrived.get(hold.shelter_id, 0) + hold.size

    def drop(self, token: str, hold: Hold) -> None:
        del self._holds[token]
        self._count(hold, -hold.size)
        if hold.until is None:
            self._arrived[hold.shelter_id] -= hold.size

    def due(self, now: int, most: int) -> list[tuple[str, Hold]]:
        found: dict[str, Hold] = {}
        while len(found) < most and self._ends and self._ends[0][0] <= now:
            until, token = heapq.heappop(self._ends)
            hold = self._holds.get(token)
            if hold is not None and hold.until == until:
                found[token] = hold
        return list(found.items())

    def is_cancelled(self, token: str, now: int) -> bool:
        return self._graves.get(token, now) > now

    def bury(self, token: str, until: int) -> None:
        self._graves[token] = until
        self._grave_ends.append((until, token))

    def clear(self, now: int, most: int) -> None:
        for _ in range(most):
            if not self._grave_ends or self._grave_ends[0][0] > now:
                return
            until, token = self._grave_ends.popleft()
            if self._graves.get(token) == until:
                del self._graves[token]

    def counts(self) -> Counts:
        names = tuple(sorted(self._rooms))
        rooms = [self._rooms[name] for name in names]
        return Counts(
            version=self._version,
            shelter_id=names,
            capacity=tuple(room.capacity for room in rooms),
            step_free=tuple(room.step_free for room in rooms),
            taken=tuple(room.taken for room in rooms),
            step_free_taken=tuple(room.step_free_taken for room in rooms),
            arrived=tuple(self._arrived.get(name, 0) for name in names),
        )

    def beat(self, replica: str, until: int, now: int) -> int:
        self._beats = {name: end for name, end in self._beats.items() if end > now}
        self._beats[replica] = until
        return len(self._beats)

    def notice(self) -> tuple[int, bytes]:
        return self._notice

    def set_notice(self, version: int, notice: bytes) -> None:
        self._notice = version, notice

    def _note_end(self, token: str, until: int | None) -> None:
        if until is not None:
            heapq.heappush(self._ends, (until, token))

    def _count(self, hold: Hold, persons: int) -> None:
        room = self._rooms[hold.shelter_id]
        self._rooms[hold.shelter_id] = room._replace(
            taken=room.taken + persons,
            step_free_taken=room.step_free_taken + (persons if hold.step_free else 0),
        )
