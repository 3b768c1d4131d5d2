"""A capacity store as slow and plain as can be: lists, and sums over them at each question."""

from __future__ import annotations

import math
import time
from typing import Any

from evacroute.errors import StoreConflict
from evacroute.serving.capacity_store import (
    TOMBSTONE_S,
    Answer,
    Counts,
    Held,
    Places,
    Refusal,
    Refused,
    Wish,
)


class NaiveStore:
    """Its time is `now` [s], moved by the test."""

    def __init__(self) -> None:
        self.now = 10_000.0
        self.version: int | None = None
        self.shelters: dict[str, tuple[int, int]] = {}
        self.holds: list[dict[str, Any]] = []
        self.cancelled: list[tuple[str, float]] = []
        self.beats: dict[str, float] = {}
        self.notices: list[bytes] = []

    def declare(self, places: Places) -> None:
        if self.version is None or places.version > self.version:
            self.version = places.version
            self.shelters = dict.fromkeys(self.shelters, (0, 0))
            for i, name in enumerate(places.shelter_id):
                self.shelters[name] = (places.capacity[i], places.step_free[i])

    def persons(self, shelter_id: str, *, without: str = "", **like: Any) -> int:
        """Sum who is in a shelter, of those whose row is like that."""
        return sum(
            row["size"]
            for row in self.living()
            if row["shelter_id"] == shelter_id
            and row["token"] != without
            and all(row[name] == value for name, value in like.items())
        )

    def living(self) -> list[dict[str, Any]]:
        return [row for row in self.holds if row["arrived"] or row["until"] > self.now]

    def own(self, token: str) -> dict[str, Any] | None:
        rows = [row for row in self.living() if row["token"] == token]
        assert len(rows) <= 1
        return rows[0] if rows else None

    def reserve(self, wishes: list[Wish]) -> list[Answer]:
        return [self.reserve_one(wish) for wish in wishes]

    def reserve_one(self, wish: Wish, promised: float | None = None) -> Answer:
        late = wish.give_up_at is not None and time.monotonic() >= wish.give_up_at
        if late and promised is None:
            return Refused(Refusal.LATE)
        if any(token == wish.token and end > self.now for token, end in self.cancelled):
            return Refused(Refusal.CANCELLED)
        own = self.own(wish.token)
        if own is not None and own["arrived"]:
            return self.told(own)
        party = (wish.size, wish.step_free)
        at = self.now if promised is None else promised
        said = [*(own["said"] if own else []), (wish.by, at)]
        if (
            own is not None
            and own["shelter_id"] in wish.candidates
            and (own["size"], own["step_free"]) == party
        ):
            own["until"] = max(own["until"], self.now + wish.hold_s)
            own["said"] = said
            return self.told(own)
        if own is not None and promised is not None:
            others = [one for one in own["said"] if not (one[0] and one[0] == wish.by)]
            if any(when > promised for _, when in others):
                return Refused(Refusal.ANSWERED, self.told(own))
            said = [*others, (wish.by, promised)]
        for name in wish.candidates:
            if name not in self.shelters:
                continue
            capacity, step_free = self.shelters[name]
            room = self.persons(name, without=wish.token) + wish.size <= capacity
            free = self.persons(name, without=wish.token, step_free=True) + wish.size <= step_free
            if room and (free or not wish.step_free):
                self.holds = [row for row in self.holds if row["token"] != wish.token]
                row = {
                    "token": wish.token, "shelter_id": name, "size": wish.size, "arrived": False,
                    "step_free": wish.step_free, "until": self.now + wish.hold_s,
                    "said": said,
                }  # fmt: skip
                self.holds.append(row)
                return self.told(row, is_new=True)
        if own is not None and promised is None and own["shelter_id"] in wish.candidates:
            own["said"] = said
        is_known = any(name in self.shelters for name in wish.candidates)
        held = None if own is None else self.told(own)
        return Refused(Refusal.FULL if is_known else Refusal.UNDECLARED, held)

    def told(self, row: dict[str, Any], *, is_new: bool = False) -> Held:
        return Held(
            shelter_id=row["shelter_id"],
            size=row["size"],
            step_free=row["step_free"],
            expires_in_s=float("inf") if row["arrived"] else row["until"] - self.now,
            arrived=row["arrived"],
            is_new=is_new,
        )

    def renew(self, token: str, hold_s: float) -> Held | None:
        own = self.own(token)
        if own is None:
            return None
        own["until"] = max(own["until"], self.now + hold_s)
        return self.told(own)

    def arrived(self, token: str) -> Held | None:
        own = self.own(token)
        if own is None:
            return None
        own["arrived"] = True
        return self.told(own)

    def cancel(self, token: str) -> bool:
        had = self.own(token) is not None
        self.holds = [row for row in self.holds if row["token"] != token]
        self.cancelled.append((token, self.now + TOMBSTONE_S))
        return had

    def adopt(self, held: list[Wish]) -> list[Answer]:
        return [self.reserve_one(wish, self.promised(wish)) for wish in held]

    def promised(self, wish: Wish) -> float:
        """When a promise was made, to the tenth of a second: the test takes time of its own."""
        if wish.promised_at is None:
            return self.now
        return self.now - math.floor((time.monotonic() - wish.promised_at) * 10) / 10

    def look(self) -> Counts:
        names = tuple(sorted(self.shelters))
        return Counts(
            version=self.version,
            shelter_id=names,
            capacity=tuple(self.shelters[name][0] for name in names),
            step_free=tuple(self.shelters[name][1] for name in names),
            taken=tuple(self.persons(name) for name in names),
            step_free_taken=tuple(self.persons(name, step_free=True) for name in names),
            arrived=tuple(self.persons(name, arrived=True) for name in names),
        )

    def beat(self, replica: str, alive_s: float) -> int:
        self.beats[replica] = self.now + alive_s
        return sum(end > self.now for end in self.beats.values())

    def publish(self, notice: bytes, *, expected: int | None = None) -> int:
        if expected is not None and expected != len(self.notices):
            raise StoreConflict("notice")
        self.notices.append(notice)
        return len(self.notices)

    def notice(self, since: int) -> tuple[int, bytes] | None:
        if not self.notices or len(self.notices) == since:
            return None
        return len(self.notices), self.notices[-1]
