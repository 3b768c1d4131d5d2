"""Where the server gets what answers."""

from __future__ import annotations

import secrets
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from evacroute.errors import InputError
from evacroute.serving.capacity_store import CapacityStore, open_store
from evacroute.serving.capacity_store.opening import check_address
from evacroute.serving.core import Core
from evacroute.serving.metrics import Meters
from evacroute.serving.options import Options
from evacroute.serving.replica import Replica

if TYPE_CHECKING:
    from evacroute.serving.board.board import Board

EVENT = "default"
"""What places are kept under where no name is given: the same for every plan that is rolled out."""

STORE_TIMEOUT = 0.4
"""A store that takes longer counts as out of reach [s]: requests wait no longer than half a second
for it, then they are answered without."""

LEAST_KEY = 16
"""Fewer bytes are no secret."""


def make_core(options: Options, meters: Meters) -> Core:
    """Make what answers from a bundle and a store; nothing is read or loaded yet.

    Raises
    ------
    InputError
        If the store's address is in no form that is known, the key cannot be read, or replicas
        that share a store would have none in common.
    """
    check_address(options.store)
    key = read_key(options)
    took = meters.store_seconds.labels

    def store() -> CapacityStore:
        event = options.event or EVENT
        return open_store(options.store, event=event, timeout_s=STORE_TIMEOUT)

    return Replica(
        options.model_dir,
        store,
        key=key,
        hold_s=options.hold,
        alarm_at=options.alarm,
        digest=options.digest,
        on_seconds=lambda call, seconds: took(call).observe(seconds),
    )


def make_board(core: Core, options: Options, meters: Meters) -> Board:
    """Make the operator's board; entered, it begins to watch.

    Raises
    ------
    InputError
        If what answers is none of ours.
    """
    from evacroute.serving.board.board import Board

    if not isinstance(core, Replica):
        raise InputError(f"ops: the board shows a Replica, not a {type(core).__name__}")
    return Board(core, meters, alarm_at=options.alarm, limit_s=options.replan_limit)


def read_key(options: Options) -> bytes:
    """Give the key that hides tokens from the store.

    Replicas that share a store must share it: else a phone that asks another one is not known
    again. With a file of SQLite it is kept beside that file, where none is given.

    Raises
    ------
    InputError
        If there is none and must be one, or the file cannot be read or holds too little.
    """
    path = options.key_file
    kind, _, rest = options.store.partition(":")
    if path is None and kind == "memory":
        return secrets.token_bytes(32)
    if path is None and kind == "sqlite":
        path = Path(rest.removeprefix("///") + ".key")
        if not path.exists():
            _make_key(path)
    if path is None:
        raise InputError(
            "key_file is missing: replicas that share a store need the same key, of "
            f"{LEAST_KEY} bytes or more; give --key_file or EVACROUTE_KEY_FILE"
        )
    try:
        key = path.read_bytes().strip()
    except OSError as error:
        raise InputError(f"key_file {path}: cannot be read: {error.strerror}") from None
    if len(key) < LEAST_KEY:
        raise InputError(f"key_file {path}: holds {len(key)} bytes, expected {LEAST_KEY} or more")
    return key


def _make_key(path: Path) -> None:
    """Write a new key, whole; where another process is quicker, its key stays."""
    try:
        with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as file:  # mode 0600
            file.write(secrets.token_hex(32).encode())
        own = Path(file.name)
        try:
            path.hardlink_to(own)
        except FileExistsError:
            pass
        finally:
            own.unlink()
    except OSError as error:
        raise InputError(f"key_file {path}: cannot be written: {error.strerror}") from None


def warm() -> None:
    """Compile all that answers and prices made anew need, on the made-up city, into the cache."""
    import evacroute as er
    from evacroute._kernels.ascent import smooth
    from evacroute.answering import Answerer, bundle_of, read_bundle
    from evacroute.serving.board.planning import Task, plan_again

    plan = er.assign(er.lagoon(people=300), method="over_time", time_limit=2.0)
    link = str(plan.scenario.network.link_id[0])
    with tempfile.TemporaryDirectory() as folder:
        bundle = Path(folder) / "bundle"
        bundle_of(plan).save(bundle)
        Answerer(read_bundle(bundle)).warm()
        plan_again(Task(str(bundle), "", (link,), (), 0.0, limit_s=2.0))
    # No street of that city has a price; where some have, new ones are smoothed.
    some, out = np.zeros((2, 3, 2), np.float32)
    smooth(some, out, 1, np.zeros(2, np.float32))
