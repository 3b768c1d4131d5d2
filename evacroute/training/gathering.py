"""Many draws, planned and played in parallel: a folder of trips that can be gone on with."""

from __future__ import annotations

import hashlib
import json
from collections import deque
from collections.abc import Sequence
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Executor, Future, wait
from functools import lru_cache
from pathlib import Path
from typing import Any

from evacroute._data_dir import data_path
from evacroute.assignment import Progress
from evacroute.errors import Faults, InputError, SolverError
from evacroute.scoring.odds import find_scorer
from evacroute.scoring.scorer import Scorer
from evacroute.sweeping.pools import AT_FIRST, Serial, default_workers, open_pool
from evacroute.training.own_worlds import digest, short_name
from evacroute.training.sampler import draw
from evacroute.training.trips import Labelled, label
from evacroute.training.worlds import TRAINING, UNSEEN
from evacroute.writing import atomic_path, write_json

HEAD, TRIPS = "gathered.json", "trips"

FORMAT = 3

LEAST_ROUND, LEAST = 10, 20
"""Fewest scenarios that have some of each part of `splits.split`: to learn from and to calibrate
with in the first round, to judge by in the end."""

LOOKS_ON = ("cli/", "plotting/", "training/baseline", "training/evaluating", "training/reporting")
"""Modules by the beginning of their names that no trip depends on."""

EVERY = 6
"""One of so many draws of the training is played in the other simulator too, and all unseen ones
of which it is one of three."""

UNSEEN_SHARE = 5
"""One draw in so many is of an unseen world."""


def worlds_of(index: int, learned: tuple[str, ...] = TRAINING) -> tuple[str, ...]:
    """Worlds that a draw may be of, by its number: unseen ones, or those to learn from."""
    return UNSEEN if index % UNSEEN_SHARE == UNSEEN_SHARE - 1 else learned


def plays_other(index: int) -> bool:
    """Whether a draw is played in the other simulator as well."""
    unseen = index % UNSEEN_SHARE == UNSEEN_SHARE - 1
    return index // UNSEEN_SHARE % 2 == 0 if unseen else index % EVERY == 0


def make_trips(
    seed: int,
    index: int,
    path: str,
    scorer: str | None = None,
    worlds: tuple[str, ...] = TRAINING,
) -> dict[str, Any]:
    """Do one draw, write its trips, and tell what it was; a fault is told, not raised."""
    drawn = draw(seed, index, worlds_of(index, worlds))
    head: dict[str, Any] = {"index": index, "draw": drawn.to_dict()}
    try:
        planned_by = None if scorer is None else _scorer(scorer)
        trips = label(drawn, other=plays_other(index), scorer=planned_by)
    except (InputError, SolverError) as error:
        return head | {"trips": 0, "fault": str(error)}
    trips.save(Path(path))
    return head | {"trips": len(trips), "fault": ""}


@lru_cache(maxsize=2)
def _scorer(folder: str) -> Scorer:
    """Read a scorer once in each process."""
    return find_scorer(folder)


def round_ends(scenarios: int, rounds: int) -> list[int]:
    """Say with which draw each round ends: rounds are as long as each other, to a draw."""
    faults = Faults("training")
    for name, value in (("scenarios", scenarios), ("rounds", rounds)):
        if not isinstance(value, int) or isinstance(value, bool) or value < 1:
            faults.add(f"{name} is {value!r}, expected a whole number, 1 or more")
    faults.raise_if_any(InputError)
    ends = [scenarios * (i + 1) // rounds for i in range(rounds)]
    if ends[0] < LEAST_ROUND or ends[-1] < LEAST:
        raise InputError(
            f"scenarios is {scenarios} in {rounds} rounds, expected at least {LEAST}, and "
            f"{LEAST_ROUND} in each round: fewer leave nothing to calibrate with and to judge by"
        )
    return ends


def gather(
    folder: str | Path,
    some: range,
    *,
    seed: int = 0,
    scorer: str | None = None,
    worlds: tuple[str, ...] = TRAINING,
    executor: str | Executor | None = None,
    workers: int | None = None,
    progress: Progress | None = None,
) -> None:
    """Make the labelled trips of some draws; what is there already is kept.

    Parameters
    ----------
    folder
        From `open_folder`; trips go to ``trips/``, an ``.npz`` and a ``.json`` a draw.
    some
        Indices of the draws.
    seed
        Seed of the draws.
    scorer
        Folder of the scorer that plans are made with, None = by time alone.
    worlds
        Names of those to learn from, see `own_worlds.named_worlds`.
    executor, workers
        "processes" (by default), "serial" or an Executor, and how many worker processes.
    progress
        Called with the stage and the share of it that is done (0..1).

    Raises
    ------
    SolverError
        If worker processes die; what is done by then is kept.
    """
    root = Path(folder)
    todo = deque(i for i in some if not _head_path(root, i).exists())
    done = len(some) - len(todo)
    with open_pool(executor, workers) as pool:
        running: dict[Future[dict[str, Any]], int] = {}
        if isinstance(pool, Serial):
            # One at a time, so that each draw is kept before the next is begun.
            most, more = 1, 0
        elif isinstance(executor, Executor):
            # How many workers it has is not known: one more task with each answer.
            most, more = AT_FIRST, 1
        else:
            most, more = 2 * (workers or default_workers()), 0
        try:
            while todo or running:
                while todo and len(running) < most:
                    i = todo.popleft()
                    path = str(_trips_path(root, i))
                    running[pool.submit(make_trips, seed, i, path, scorer, worlds)] = i
                done_now = wait(running, return_when=FIRST_COMPLETED).done
                # Those that broke last, so that all others are kept.
                for future in sorted(done_now, key=lambda one: one.exception() is not None):
                    index = running.pop(future)
                    most += more
                    with atomic_path(_head_path(root, index)) as path_:
                        write_json(future.result(), path_)
                    done += 1
                    if progress is not None:
                        progress("planning and playing scenarios", done / len(some))
        except BrokenExecutor as error:
            raise SolverError(
                "a worker process has ended, short of memory perhaps: the same command goes on "
                "where it was; fewer workers take less"
            ) from error
        finally:
            for future in running:
                future.cancel()


def open_folder(
    folder: str | Path,
    seed: int,
    ends: Sequence[int],
    trees: int = 0,
    worlds: Sequence[str] = TRAINING,
) -> Path:
    """Make a folder for trips, or take one up that holds trips of the same kind.

    Parameters
    ----------
    folder
        Where: ``gathered.json`` says what it holds.
    seed
        Seed of the draws.
    ends
        From `round_ends`. There may be more rounds than there were, and the last one may end
        elsewhere; those on which scorers were trained that planned others must be the same.
    trees
        Of those scorers' forests; of no account in a single round.
    worlds
        Names of those to learn from; the tables of one's own must be as they were.

    Raises
    ------
    InputError
        If the folder holds something else.
    """
    root = Path(folder)
    head = {
        "format": FORMAT, "seed": seed, "trees": trees if len(ends) > 1 else 0,
        "code": code_hash(), "rounds": list(ends),
        "worlds": [[short_name(name), digest(name)] for name in worlds],
    }  # fmt: skip
    path = root / HEAD
    if path.exists():
        _check_head(root, read_head(root), head)
    elif root.exists() and any(root.iterdir()):
        raise InputError(f"{root}: holds other files, expected a new or empty folder")
    (root / TRIPS).mkdir(parents=True, exist_ok=True)
    with atomic_path(path) as temporary:
        write_json(head, temporary)
    return root


def _check_head(root: Path, known: dict[str, Any], head: dict[str, Any]) -> None:
    for name in ("format", "seed"):
        if known.get(name) != head[name]:
            raise InputError(
                f"{root}: holds trips of {name} {known.get(name)}, expected {head[name]}; give "
                "another folder"
            )
    if known.get("code") != head["code"]:
        raise InputError(
            f"{root}: holds trips that another state of the library has made; give another folder"
        )
    if known.get("worlds") != head["worlds"]:
        names = ", ".join(name for name, _ in known.get("worlds", ()))
        raise InputError(
            f"{root}: holds trips of the worlds {names} as they were; others are asked for, or "
            "their tables have changed; give another folder"
        )
    old, new = known["rounds"], head["rounds"]
    # The last round may grow, as long as nothing rests on it.
    fixed = old if len(new) > len(old) else old[:-1]
    if fixed != new[: len(fixed)]:
        raise InputError(
            f"{root}: its rounds end before draws {', '.join(map(str, old))}, those asked for "
            f"before {', '.join(map(str, new))}; give another folder"
        )
    if known.get("trees") and known["trees"] != head["trees"]:
        raise InputError(
            f"{root}: its plans were made with forests of {known['trees']} trees, expected "
            f"{head['trees']}; give another folder"
        )


def read_head(root: Path) -> dict[str, Any]:
    """Read what a folder of trips holds.

    Raises
    ------
    InputError
        If it is none.
    """
    path = root / HEAD
    if not root.is_dir():
        raise InputError(f"{root}: there is no such folder; expected one of 'evacroute train'")
    if not path.exists():
        raise InputError(f"{root}: there is no {HEAD}; expected a folder of 'evacroute train'")
    try:
        head: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        ends = [int(end) for end in head["rounds"]]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"{path}: cannot be read: {error}") from error
    return head | {"rounds": ends}


@lru_cache(maxsize=1)
def code_hash() -> str:
    """Hash of what trips depend on: the library, but what only looks at them, and its tables."""
    package, tables = Path(__file__).parents[1], data_path(".")
    digest = hashlib.sha256()
    for root, kind in ((package, "*.py"), (tables, "*.csv")):
        for path in sorted(root.rglob(kind)):
            name = path.relative_to(root).as_posix()
            if not name.startswith(LOOKS_ON):
                digest.update(name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def _trips_path(root: Path, index: int) -> Path:
    return root / TRIPS / f"{index:05d}.npz"


def _head_path(root: Path, index: int) -> Path:
    return root / TRIPS / f"{index:05d}.json"


def read_gathered(
    folder: str | Path, end: int | None = None
) -> tuple[Labelled, list[dict[str, Any]], str]:
    """Read the trips of a folder.

    Parameters
    ----------
    folder
        From `open_folder`.
    end
        Draws before this one, None = of all rounds.

    Returns
    -------
    tuple
        The trips, what each draw was (in order), and the hash of all files of trips.

    Raises
    ------
    InputError
        If there are none, one is missing, or a file is not what it must be.
    """
    root = Path(folder)
    count = read_head(root)["rounds"][-1] if end is None else end
    missing = [i for i in range(count) if not _head_path(root, i).exists()]
    if missing:
        raise InputError(
            f"{root}: {len(missing)} of {count} draws are missing, first {missing[0]}; "
            "'evacroute train' with the same folder goes on"
        )
    heads, parts, digest = [], [], hashlib.sha256()
    for i in range(count):
        head = json.loads(_head_path(root, i).read_text(encoding="utf-8"))
        heads.append(head)
        if head["trips"]:
            content = _trips_path(root, i)
            digest.update(content.read_bytes())
            parts.append(Labelled.load(content))
    if not parts:
        raise InputError(f"{root}: holds no trips")
    return Labelled.joined(parts), heads, digest.hexdigest()
