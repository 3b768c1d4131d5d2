"""Many draws, planned and played in parallel: a folder of trips that can be gone on with."""

from __future__ import annotations

import hashlib
import json
from collections import deque
from collections.abc import Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from pathlib import Path
from typing import Any

from evacroute.assignment import Progress
from evacroute.errors import InputError
from evacroute.sweeping.pools import open_pool
from evacroute.training.sampler import draw
from evacroute.training.trips import Labelled, label
from evacroute.training.worlds import TRAINING, UNSEEN
from evacroute.writing import atomic_path, write_json

HEAD, TRIPS = "gathered.json", "trips"

FORMAT = 1

EVERY = 6
"""One of so many draws of the training is played in the other simulator too, and all unseen ones
of which it is one of three."""

UNSEEN_SHARE = 5
"""One draw in so many is of an unseen world."""


def worlds_of(index: int) -> tuple[str, ...]:
    """Worlds that a draw may be of, by its number."""
    return UNSEEN if index % UNSEEN_SHARE == UNSEEN_SHARE - 1 else TRAINING


def plays_other(index: int) -> bool:
    """Whether a draw is played in the other simulator as well."""
    unseen = index % UNSEEN_SHARE == UNSEEN_SHARE - 1
    return index // UNSEEN_SHARE % 2 == 0 if unseen else index % EVERY == 0


def make_trips(seed: int, index: int, path: str) -> dict[str, Any]:
    """Do one draw, write its trips, and tell what it was; a fault is told, not raised."""
    drawn = draw(seed, index, worlds_of(index))
    head: dict[str, Any] = {"index": index, "draw": drawn.to_dict()}
    try:
        trips = label(drawn, other=plays_other(index))
    except InputError as error:
        return head | {"trips": 0, "fault": str(error)}
    trips.save(Path(path))
    return head | {"trips": len(trips), "fault": ""}


def gather(
    folder: str | Path,
    scenarios: int,
    *,
    seed: int = 0,
    executor: str | Executor | None = None,
    workers: int | None = None,
    progress: Progress | None = None,
) -> Path:
    """Make the labelled trips of many draws; what is there already is kept.

    Parameters
    ----------
    folder
        Where they go: ``gathered.json``, and ``trips/`` with an ``.npz`` and a ``.json`` a draw.
    scenarios
        Number of draws.
    seed
        Seed of the draws; a folder is of one seed.
    executor, workers
        "processes" (by default), "serial" or an Executor, and how many worker processes.
    progress
        Called with the stage and the share of it that is done (0..1).

    Returns
    -------
    Path
        The folder.

    Raises
    ------
    InputError
        If the folder holds something else, or trips of another seed.
    """
    if not isinstance(scenarios, int) or scenarios < 1:
        raise InputError(f"scenarios is {scenarios!r}, expected a whole number, 1 or more")
    root = _opened(Path(folder), seed)
    todo = deque(i for i in range(scenarios) if not _head_path(root, i).exists())
    done = scenarios - len(todo)
    with open_pool(executor, workers) as pool:
        running: dict[Future[dict[str, Any]], int] = {}
        try:
            while todo or running:
                # Few ahead, so that Ctrl-C has little to wait for.
                while todo and len(running) < 8:
                    i = todo.popleft()
                    running[pool.submit(make_trips, seed, i, str(_trips_path(root, i)))] = i
                for future in wait(running, return_when=FIRST_COMPLETED).done:
                    index = running.pop(future)
                    with atomic_path(_head_path(root, index)) as path:
                        write_json(future.result(), path)
                    done += 1
                    if progress is not None:
                        progress("planning and playing scenarios", done / scenarios)
        finally:
            for future in running:
                future.cancel()
    return root


def _opened(root: Path, seed: int) -> Path:
    head = {"format": FORMAT, "seed": seed}
    path = root / HEAD
    if path.exists():
        known = json.loads(path.read_text(encoding="utf-8"))
        if known != head:
            raise InputError(
                f"{root}: holds trips of seed {known.get('seed')}, format {known.get('format')}, "
                f"expected seed {seed}, format {FORMAT}; give another folder"
            )
        return root
    if root.exists() and any(root.iterdir()):
        raise InputError(f"{root}: holds other files, expected a new or empty folder")
    (root / TRIPS).mkdir(parents=True, exist_ok=True)
    with atomic_path(path) as temporary:
        write_json(head, temporary)
    return root


def _trips_path(root: Path, index: int) -> Path:
    return root / TRIPS / f"{index:05d}.npz"


def _head_path(root: Path, index: int) -> Path:
    return root / TRIPS / f"{index:05d}.json"


def read_gathered(folder: str | Path) -> tuple[Labelled, list[dict[str, Any]], str]:
    """Read all trips of a folder.

    Returns
    -------
    tuple
        The trips, what each draw was (in order), and the hash of all files of trips.

    Raises
    ------
    InputError
        If there are none, or a file is not what it must be.
    """
    root = Path(folder)
    if not (root / HEAD).exists():
        raise InputError(f"{root}: there is no {HEAD}; expected a folder of 'evacroute train'")
    heads, parts, digest = [], [], hashlib.sha256()
    for path in sorted((root / TRIPS).glob("*.json")):
        head = json.loads(path.read_text(encoding="utf-8"))
        heads.append(head)
        if head["trips"]:
            content = _trips_path(root, head["index"])
            digest.update(content.read_bytes())
            parts.append(Labelled.load(content))
    if not parts:
        raise InputError(f"{root}: holds no trips")
    return Labelled.joined(parts), heads, digest.hexdigest()


def indices(heads: Sequence[dict[str, Any]], worlds: Sequence[str]) -> list[int]:
    """Numbers of the draws of some worlds."""
    return [head["index"] for head in heads if head["draw"]["world"] in worlds]
