"""Rows of a capacity store in a file of SQLite: its tables and statements."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Any

from evacroute.serving.capacity_store.ledger import Hold, Room, Trace
from evacroute.serving.capacity_store.records import Counts, Places

APPLICATION, FORMAT = 0x45564143, 2
"""Marks the file as a capacity store, and the version of its tables."""

TABLES = (
    "CREATE TABLE clock (last_ms INTEGER NOT NULL, offset_ms INTEGER NOT NULL)",
    "INSERT INTO clock VALUES (0, 0)",
    """CREATE TABLE event (
        event INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, used_ms INTEGER NOT NULL,
        version INTEGER, notice_version INTEGER NOT NULL, notice BLOB NOT NULL)""",
    """CREATE TABLE shelter (
        event INTEGER NOT NULL, shelter_id TEXT NOT NULL,
        capacity INTEGER NOT NULL, step_free INTEGER NOT NULL,
        taken INTEGER NOT NULL CHECK (taken >= 0),
        step_free_taken INTEGER NOT NULL CHECK (step_free_taken >= 0),
        arrived INTEGER NOT NULL CHECK (arrived >= 0),
        PRIMARY KEY (event, shelter_id)) WITHOUT ROWID""",
    """CREATE TABLE hold (
        event INTEGER NOT NULL, token TEXT NOT NULL, shelter_id TEXT NOT NULL,
        size INTEGER NOT NULL, step_free INTEGER NOT NULL, until_ms INTEGER,
        told_by TEXT NOT NULL, told_ms INTEGER NOT NULL, other_ms INTEGER NOT NULL,
        PRIMARY KEY (event, token)) WITHOUT ROWID""",
    "CREATE INDEX hold_end ON hold (event, until_ms) WHERE until_ms IS NOT NULL",
    """CREATE TABLE grave (
        event INTEGER NOT NULL, token TEXT NOT NULL, until_ms INTEGER NOT NULL,
        PRIMARY KEY (event, token)) WITHOUT ROWID""",
    "CREATE INDEX grave_end ON grave (event, until_ms)",
    """CREATE TABLE beat (
        event INTEGER NOT NULL, replica TEXT NOT NULL, until_ms INTEGER NOT NULL,
        PRIMARY KEY (event, replica)) WITHOUT ROWID""",
)

_HOLD = "shelter_id, size, step_free, until_ms, told_by, told_ms, other_ms"


class SqliteLedger:
    """The rows of one event; only inside a transaction."""

    def __init__(self, connection: sqlite3.Connection, event: int) -> None:
        self._run = connection.execute
        self._many = connection.executemany
        self._event = event

    def declare(self, places: Places) -> None:
        """Replace all capacities, where the version is newer."""
        old = self._version()
        if old is not None and places.version <= old:
            return
        event = self._event
        self._run("UPDATE event SET version = ? WHERE event = ?", (places.version, event))
        self._run("UPDATE shelter SET capacity = 0, step_free = 0 WHERE event = ?", (event,))
        rows = zip(places.shelter_id, places.capacity, places.step_free, strict=True)
        self._many(
            "INSERT INTO shelter VALUES (?, ?, ?, ?, 0, 0, 0) ON CONFLICT (event, shelter_id) "
            "DO UPDATE SET capacity = excluded.capacity, step_free = excluded.step_free",
            [(event, *row) for row in rows],
        )

    def room(self, shelter_id: str) -> Room | None:
        """Read a shelter's places."""
        row = self._run(
            "SELECT capacity, step_free, taken, step_free_taken FROM shelter "
            "WHERE event = ? AND shelter_id = ?",
            (self._event, shelter_id),
        ).fetchone()
        return None if row is None else Room(*row)

    def hold(self, token: str) -> Hold | None:
        """Read a token's row."""
        row = self._run(
            f"SELECT {_HOLD} FROM hold WHERE event = ? AND token = ?", (self._event, token)
        ).fetchone()
        return None if row is None else _hold_of(row)

    def put(self, token: str, hold: Hold) -> None:
        """Write a row and count it."""
        row = (self._event, token, hold.shelter_id, hold.size, hold.step_free, hold.until)
        self._run("INSERT INTO hold VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", (*row, *hold.trace))
        self._count(hold, 1)

    def keep(self, token: str, hold: Hold, until: int | None, trace: Trace) -> None:
        """Change until when a row is held, and its trace."""
        self._run(
            "UPDATE hold SET until_ms = ?, told_by = ?, told_ms = ?, other_ms = ? "
            "WHERE event = ? AND token = ?",
            (until, *trace, self._event, token),
        )
        if until is None:
            self._run(
                "UPDATE shelter SET arrived = arrived + ? WHERE event = ? AND shelter_id = ?",
                (hold.size, self._event, hold.shelter_id),
            )

    def drop(self, token: str, hold: Hold) -> None:
        """Delete a row and count it no more."""
        self._run("DELETE FROM hold WHERE event = ? AND token = ?", (self._event, token))
        self._count(hold, -1)

    def due(self, now: int, most: int) -> list[tuple[str, Hold]]:
        """Find rows that have ended."""
        rows = self._run(
            f"SELECT {_HOLD}, token FROM hold WHERE event = ? AND until_ms <= ? LIMIT ?",
            (self._event, now, most),
        )
        return [(row[-1], _hold_of(row)) for row in rows]

    def is_cancelled(self, token: str, now: int) -> bool:
        """Whether a tombstone stands."""
        row = self._run(
            "SELECT 1 FROM grave WHERE event = ? AND token = ? AND until_ms > ?",
            (self._event, token, now),
        ).fetchone()
        return row is not None

    def bury(self, token: str, until: int) -> None:
        """Set a tombstone."""
        self._run("REPLACE INTO grave VALUES (?, ?, ?)", (self._event, token, until))

    def clear(self, now: int, most: int) -> None:
        """Remove tombstones that have ended."""
        rows = self._run(
            "SELECT event, token FROM grave WHERE event = ? AND until_ms <= ? LIMIT ?",
            (self._event, now, most),
        ).fetchall()
        if rows:
            self._many("DELETE FROM grave WHERE event = ? AND token = ?", rows)

    def counts(self) -> Counts:
        """Count all shelters."""
        rows = self._run(
            "SELECT shelter_id, capacity, step_free, taken, step_free_taken, arrived "
            "FROM shelter WHERE event = ?",
            (self._event,),
        ).fetchall()
        columns = list(zip(*sorted(rows), strict=True)) or [()] * 6
        names = ("shelter_id", "capacity", "step_free", "taken", "step_free_taken", "arrived")
        return Counts(version=self._version(), **dict(zip(names, columns, strict=True)))

    def beat(self, replica: str, until: int, now: int) -> int:
        """Note a replica and count those alive."""
        event = self._event
        self._run("DELETE FROM beat WHERE event = ? AND until_ms <= ?", (event, now))
        self._run("REPLACE INTO beat VALUES (?, ?, ?)", (event, replica, until))
        row = self._run("SELECT count(*) FROM beat WHERE event = ?", (event,)).fetchone()
        return int(row[0])

    def notice(self) -> tuple[int, bytes]:
        """Read version and text."""
        version, notice = self._run(
            "SELECT notice_version, notice FROM event WHERE event = ?", (self._event,)
        ).fetchone()
        return version, notice

    def set_notice(self, version: int, notice: bytes) -> None:
        """Replace both."""
        self._run(
            "UPDATE event SET notice_version = ?, notice = ? WHERE event = ?",
            (version, notice, self._event),
        )

    def _version(self) -> int | None:
        row = self._run("SELECT version FROM event WHERE event = ?", (self._event,)).fetchone()
        version: int | None = row[0]
        return version

    def _count(self, hold: Hold, sign: int) -> None:
        persons = sign * hold.size
        self._run(
            "UPDATE shelter SET taken = taken + ?, step_free_taken = step_free_taken + ?, "
            "arrived = arrived + ? WHERE event = ? AND shelter_id = ?",
            (
                persons,
                persons if hold.step_free else 0,
                persons if hold.until is None else 0,
                self._event,
                hold.shelter_id,
            ),
        )


def _hold_of(row: Sequence[Any]) -> Hold:
    return Hold(row[0], row[1], bool(row[2]), row[3], Trace(row[4], row[5], row[6]))
