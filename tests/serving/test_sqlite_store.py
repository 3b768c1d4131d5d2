"""What is the sqlite store's own: its file, its locks, its clock, what ends in it."""

from __future__ import annotations

import sqlite3
import stat
from contextlib import closing
from pathlib import Path

import pytest

from evacroute.errors import StoreError, StoreUnavailable
from evacroute.serving.capacity_store import RETENTION_S, Held, Places, Wish
from evacroute.serving.capacity_store.sqlite import SqliteStore

PLACES = Places(version=1, shelter_id=("A",), capacity=(400,), step_free=(0,))


def ask(token: str, hold_s: float = 60) -> Wish:
    return Wish(token=token, candidates=("A",), size=1, step_free=False, hold_s=hold_s)


class Clock:
    now = 1e9

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "places.db"


def test_file_is_the_owners_alone(path: Path) -> None:
    """The file and its log can be read by nobody else, even if the file was there before."""
    path.touch(0o644)
    with closing(SqliteStore(path)) as store:
        store.declare(PLACES)
        for file in path.parent.iterdir():
            assert stat.S_IMODE(file.stat().st_mode) == 0o600, file.name
        assert len(list(path.parent.iterdir())) > 1


def test_other_files_are_refused(path: Path) -> None:
    """A file of another format, another program's database and no database are left as they are."""
    SqliteStore(path).close()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA user_version = 9")
    with pytest.raises(StoreError, match="format is 9, expected 2"):
        SqliteStore(path)
    other = path.with_name("other.db")
    with closing(sqlite3.connect(other)) as connection:
        connection.execute("CREATE TABLE mine (x)")
    text = path.with_name("text.db")
    text.write_text("not a database, " * 100)
    for file, says in ((other, "another program's"), (text, "not a database")):
        before = file.read_bytes()
        with pytest.raises(StoreError, match=says):
            SqliteStore(file)
        assert file.read_bytes() == before


def test_no_folder(path: Path) -> None:
    """A file in a folder that does not exist is told as out of reach."""
    with pytest.raises(StoreUnavailable, match="No such file"):
        SqliteStore(path / "x.db")


def test_file_replaced(path: Path) -> None:
    """A file that was replaced under the store is noticed by a ping."""
    with closing(SqliteStore(path)) as store:
        store.ping()
        path.rename(path.with_name("old.db"))
        with pytest.raises(StoreUnavailable, match="No such file"):
            store.ping()
        path.touch()
        with pytest.raises(StoreUnavailable, match="another file"):
            store.ping()


def test_locked_by_others(path: Path) -> None:
    """A lock held longer than the timeout is told; nothing is written, and all works afterwards."""
    with (
        closing(SqliteStore(path, timeout_s=0.05)) as store,
        closing(sqlite3.connect(path, isolation_level=None)) as other,
    ):
        store.declare(PLACES)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreUnavailable, match="locked"):
            store.reserve([ask("x")])
        other.execute("ROLLBACK")
        assert store.look().taken == (0,)
        assert isinstance(store.reserve([ask("x")])[0], Held)


def test_clock_set_back(path: Path) -> None:
    """Where the machine's clock is set back an hour, holds go on to end as if it were not."""
    clock = Clock()
    with closing(SqliteStore(path, clock=clock)) as store:
        store.declare(PLACES)
        store.reserve([ask("x", hold_s=60)])
        clock.now += 50
        store.look()
        clock.now -= 3600
        held = store.renew("x", 1)
        assert held is not None
        assert held.expires_in_s == 10
        clock.now += 9
        assert store.look().taken == (1,)
        store.reserve([ask("y", hold_s=5)])
        clock.now += 1
        assert store.look().taken == (1,)
        clock.now += 4
        assert store.look().taken == (0,)


def test_many_end_at_once(path: Path) -> None:
    """One call releases 256 ended holds; a look releases all."""
    clock = Clock()
    with closing(SqliteStore(path, clock=clock)) as store:
        store.declare(PLACES)
        store.reserve([ask(f"t{k}") for k in range(400)])
        clock.now += 60
        batch = store.reserve([ask(f"new{k}") for k in range(256)])
        assert all(isinstance(answer, Held) for answer in batch)
        assert store.look().taken == (256,)


def test_unused_events_are_deleted(path: Path) -> None:
    """Events end 48 h after their last use, at the next opening; a store that is open lives on."""
    clock = Clock()
    with (
        closing(SqliteStore(path, event="idle", clock=clock)) as idle,
        closing(SqliteStore(path, event="used", clock=clock)) as used,
    ):
        for store in (idle, used):
            store.declare(PLACES)
            store.reserve([ask("x", hold_s=RETENTION_S)])
            store.arrived("x")
        clock.now += 47 * 3600
        assert used.look().taken == (1,)
        clock.now += 2 * 3600
        with closing(SqliteStore(path, event="other", clock=clock)) as other:
            assert other.look().shelter_id == ()
        assert used.look().taken == (1,)
        assert idle.look().shelter_id == ()
        idle.declare(PLACES)
        assert used.look().taken == (1,)
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT count(*) FROM hold").fetchone() == (1,)
