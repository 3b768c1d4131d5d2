"""Capacity store in a file of SQLite, for the processes of one machine."""

from __future__ import annotations

import os
import random
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from evacroute.errors import StoreError, StoreUnavailable
from evacroute.serving.capacity_store.ledger import Ledger
from evacroute.serving.capacity_store.ledger_store import LedgerStore
from evacroute.serving.capacity_store.records import RETENTION_S, milliseconds
from evacroute.serving.capacity_store.sqlite_ledger import (
    APPLICATION,
    FORMAT,
    TABLES,
    SqliteLedger,
)

_RETENTION_MS = milliseconds(RETENTION_S, "RETENTION_S")
_USED_MS = _RETENTION_MS // 48
"""How exactly the last use of an event is known."""


class SqliteStore(LedgerStore):
    """Places in a file, shared by processes of one machine; not over a network's file system.

    What was answered survives the end of any process, by kill -9 too. The log is flushed to disk
    when it is folded into the file, not by each call (WAL, synchronous=NORMAL): a power cut, or a
    crash of the machine, may lose the reservations answered since, seconds to minutes of them, but
    never leaves a broken file or half a reservation. Nothing is oversold by that in the store;
    places whose reservation was lost may go to others, unless their tokens ask again first.

    Time is the machine's clock. Where it is set back, the store's goes on from where it was.
    Threads take turns. A call waits up to `timeout_s` for other threads, and as long for other
    processes. The file, made readable for its owner alone, holds several events; those not used for
    `RETENTION_S` are deleted when a store is opened.

    Parameters
    ----------
    path
        The file; made where there is none, in a folder that exists.
    event
        Name of the evacuation.
    timeout_s
        How long to wait for others [s].
    clock
        Seconds, of all processes that use the file.

    Raises
    ------
    StoreUnavailable
        If the file cannot be opened or is locked for too long.
    StoreError
        If it holds anything else than a store of this format.
    """

    kind = "sqlite"
    is_shared = True

    def __init__(
        self,
        path: str | Path,
        *,
        event: str = "default",
        timeout_s: float = 2.0,
        clock: Callable[[], float] = time.time,
    ) -> None:
        super().__init__()
        self._path = Path(path).absolute()
        self._timeout_s = timeout_s
        self._clock = clock
        self._lock = threading.Lock()
        self._event = event
        self._ledger: SqliteLedger | None = None
        self._used = 0
        with self._told_plainly():
            # Made here, as SQLite would let others read it; never opened here when it is there,
            # for closing it again would end the locks that this process has on it.
            with suppress(FileExistsError):
                os.close(os.open(self._path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
            self._file = self._path.stat().st_ino
            self._connection: sqlite3.Connection | None = self._connect()
        try:
            with self._told_plainly():
                self._prepare(self._connection)
            with self._turn():
                pass
        except BaseException:
            self._connection.close()
            raise

    def ping(self) -> None:
        """Raise where the store cannot be asked."""
        with self._alone() as connection, self._told_plainly():
            with _transaction(connection, self._timeout_s):
                pass
            if self._path.stat().st_ino != self._file:
                raise StoreUnavailable(f"{self}: another file is there now; open it again")

    def close(self) -> None:
        """Let go of everything."""
        self._check_process()
        with self._lock:
            if self._connection is not None:
                self._connection.close()
            self._connection = None

    def __str__(self) -> str:
        return f"sqlite store {self._path}"

    @contextmanager
    def _turn(self) -> Iterator[tuple[Ledger, int]]:
        with self._alone() as connection, self._told_plainly():
            try:
                with _transaction(connection, self._timeout_s):
                    now = self._now(connection)
                    if self._ledger is None or now - self._used > _USED_MS:
                        self._ledger = SqliteLedger(connection, self._find(connection, now))
                        self._used = now
                    yield self._ledger, now
            except BaseException:
                # What was found in this transaction may have been made in it.
                self._ledger = None
                raise

    @contextmanager
    def _alone(self) -> Iterator[sqlite3.Connection]:
        """Lend the connection to this thread alone."""
        self._check_process()
        if not self._lock.acquire(timeout=self._timeout_s):
            raise StoreUnavailable(f"{self}: busy with other threads for {self._timeout_s:g} s")
        try:
            if self._connection is None:
                raise StoreError(f"{self}: it is closed")
            yield self._connection
        finally:
            self._lock.release()

    @contextmanager
    def _told_plainly(self) -> Iterator[None]:
        """Errors of SQLite and of the file as the library's own."""
        try:
            yield
        except (sqlite3.OperationalError, OSError) as error:
            why = getattr(error, "strerror", None) or error
            raise StoreUnavailable(f"{self}: {why} (waited up to {self._timeout_s:g} s)") from error
        except sqlite3.Error as error:
            raise StoreError(f"{self}: {error}") from error

    def _connect(self) -> sqlite3.Connection:
        return sqlite3.connect(self._path, timeout=0, isolation_level=None, check_same_thread=False)

    def _prepare(self, connection: sqlite3.Connection) -> None:
        """Check that the file is a store of ours, or make it one."""
        with _transaction(connection, self._timeout_s):
            (is_used,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
            (application,) = connection.execute("PRAGMA application_id").fetchone()
            (found,) = connection.execute("PRAGMA user_version").fetchone()
            if not is_used:
                connection.execute(f"PRAGMA application_id = {APPLICATION}")
                connection.execute(f"PRAGMA user_version = {FORMAT}")
                for statement in TABLES:
                    connection.execute(statement)
            elif application != APPLICATION:
                raise StoreError(f"{self}: the file is another program's database")
            elif found != FORMAT:
                raise StoreError(
                    f"{self}: its format is {found}, expected {FORMAT}: "
                    "another version of evacroute made it"
                )
        self._path.chmod(0o600)  # the log takes over the rights of the file
        _insist(connection, "PRAGMA journal_mode = WAL", self._timeout_s)
        connection.execute("PRAGMA synchronous = NORMAL")

    def _find(self, connection: sqlite3.Connection, now: int) -> int:
        """Row of the event, made where there is none; events long unused are deleted first."""
        old = connection.execute(
            "SELECT event FROM event WHERE used_ms < ?", (now - _RETENTION_MS,)
        ).fetchall()
        for table in ("event", "shelter", "hold", "grave", "beat"):
            connection.executemany(f"DELETE FROM {table} WHERE event = ?", old)
        connection.execute(
            "INSERT INTO event VALUES (NULL, ?, ?, NULL, 0, x'') "
            "ON CONFLICT (name) DO UPDATE SET used_ms = excluded.used_ms",
            (self._event, now),
        )
        row = connection.execute("SELECT event FROM event WHERE name = ?", (self._event,))
        return int(row.fetchone()[0])

    def _now(self, connection: sqlite3.Connection) -> int:
        """Tell the store's time [ms]: the clock's, moved on by as much as it was ever set back."""
        last, offset = connection.execute("SELECT last_ms, offset_ms FROM clock").fetchone()
        wall = int(self._clock() * 1000)
        if wall + offset < last:
            offset = last - wall
        elif wall + offset == last:
            return int(last)
        now = wall + int(offset)
        connection.execute("UPDATE clock SET last_ms = ?, offset_ms = ?", (now, offset))
        return now


@contextmanager
def _transaction(connection: sqlite3.Connection, timeout_s: float) -> Iterator[None]:
    _insist(connection, "BEGIN IMMEDIATE", timeout_s)
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        # A full disk makes SQLite roll back by itself.
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _insist(connection: sqlite3.Connection, statement: str, timeout_s: float) -> None:
    """Execute a statement when others let go of the file.

    SQLite's own waiting sleeps longer each time, up to 0.1 s, so of many who race some come last
    for a second; and it does not wait at all where a file is turned to write-ahead logging.
    """
    end = time.monotonic() + timeout_s
    while True:
        try:
            connection.execute(statement)
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > end:
                raise
        time.sleep(random.uniform(0.0001, 0.002))
