"""Planning anew in a process of its own: from a bundle and closures to prices."""

from __future__ import annotations

import contextlib
import io
import os
import threading
import time
import warnings
from dataclasses import dataclass
from multiprocessing import parent_process
from multiprocessing.connection import Connection
from typing import Any

import numpy as np

from evacroute.answering.bundle import Bundle, read_bundle
from evacroute.assignment.problem import build_problem
from evacroute.assignment.repricing import reprice
from evacroute.errors import EvacrouteError
from evacroute.hazards import LinkTimes
from evacroute.prices import Prices
from evacroute.scenario import Scenario

NICE = 10
"""Answers come first: the process yields the processor to them."""

TOLD_S = 0.5
"""How often it tells how far it is [s]."""


@dataclass(frozen=True, slots=True)
class Task:
    """What to plan.

    Parameters
    ----------
    folder, digest
        The bundle, and the sha256 that its manifest must have.
    closed_links, closed_shelters
        Ids of links that nobody may enter from `from_s` on, and of shelters that take nobody.
    from_s
        Since when [s after the alarm].
    prices
        Prices to start from, as the bytes of their ``.npz``; None = those of the bundle.
    limit_s
        How long prices are improved [s].
    """

    folder: str
    digest: str
    closed_links: tuple[str, ...]
    closed_shelters: tuple[str, ...]
    from_s: float
    prices: bytes | None = None
    limit_s: float = 30.0


@dataclass(frozen=True, slots=True)
class Planned:
    """What came of it.

    Parameters
    ----------
    prices
        The new prices, as the bytes of their ``.npz``.
    no_room, no_way
        Persons for whom there is no place, or no way in time.
    mean_s
        Time that a person is proven to need at least, in the mean [s].
    gain_s
        How much of that the prices before did not know of [s].
    rounds
        Rounds of the prices.
    seconds
        How long it took, reading included [s].
    memory_mb
        The most memory used [MB].
    """

    prices: bytes
    no_room: int
    no_way: int
    mean_s: float
    gain_s: float
    rounds: int
    seconds: float
    memory_mb: float


def scenario_under(bundle: Bundle, task: Task) -> Scenario:
    """Give the bundle's scenario under closures.

    Everybody is planned for from the alarm on, also who has gone by now: how much room they take
    is what the prices of those who go later rest on.
    """
    given = bundle.scenario
    network, shelters = given.network, given.all_shelters
    links = np.flatnonzero(np.isin(network.link_id.astype(str), task.closed_links))
    n = len(links)
    closed = LinkTimes(
        links.astype(np.int32), np.full(n, -1, np.int32), np.full(n, task.from_s),
        np.full(n, np.inf), np.zeros(n),
    )  # fmt: skip
    shut = np.isin(shelters.shelter_id.astype(str), task.closed_shelters)
    room = np.where(shut, 0, shelters.capacity)
    columns = {name: getattr(shelters, name) for name in type(shelters).__dataclass_fields__}
    columns |= {
        "capacity": room, "step_free_capacity": np.minimum(shelters.step_free_capacity, room)
    }  # fmt: skip
    return Scenario(
        network,
        given.gathered,
        type(shelters)(**columns),
        classes=given.group_classes,
        deadline=given.deadline_s,
        hazard=LinkTimes.joined([given.link_times, closed]),
    )


def plan_again(task: Task, tell: Any = None) -> Planned:
    """Plan a bundle's groups anew under closures.

    Parameters
    ----------
    task
        What to plan.
    tell
        Called with the stage and the share of it that is done (0..1).

    Raises
    ------
    EvacrouteError
        If the bundle cannot be read, or nobody has a way.
    """
    begin = time.perf_counter()
    bundle = read_bundle(task.folder, digest=task.digest)
    before = bundle.prices if task.prices is None else prices_of(task.prices)
    problem = build_problem(scenario_under(bundle, task), bundle.manifest.step_s)
    closed = np.isin(bundle.scenario.network.link_id.astype(str), task.closed_links)
    made = reprice(
        problem, before, closed=closed, first=int(np.ceil(task.from_s / problem.step)),
        weights=_weights(bundle), time_limit=task.limit_s, progress=tell,
    )  # fmt: skip
    if made is None:
        raise EvacrouteError("nobody has a way to a place under these closures")
    return Planned(
        prices=bytes_of(made.prices),
        no_room=made.no_room,
        no_way=made.no_way,
        mean_s=made.after,
        gain_s=max(made.after - made.before, 0.0),
        rounds=made.rounds,
        seconds=time.perf_counter() - begin,
        memory_mb=_memory_mb(),
    )


def _weights(bundle: Bundle) -> dict[str, float] | None:
    """Weights of classes that the plan was made with, as its prices tell them."""
    weight = bundle.prices.weight
    if np.allclose(weight, weight[0]):
        return None
    ids = bundle.scenario.group_classes.class_id.tolist()
    return {str(k): float(w) for k, w in zip(ids, weight, strict=True)}


def bytes_of(prices: Prices) -> bytes:
    """Write prices as an ``.npz``."""
    buffer = io.BytesIO()
    np.savez_compressed(buffer, allow_pickle=False, **prices.to_arrays())
    return buffer.getvalue()


def prices_of(content: bytes) -> Prices:
    """Read what `bytes_of` has written."""
    with np.load(io.BytesIO(content), allow_pickle=False) as file:
        return Prices.from_arrays({name: file[name] for name in file.files}, "prices")


def _memory_mb() -> float:
    try:
        import resource
    except ImportError:  # pragma: no cover  (not on Windows)
        return float("nan")
    return float(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss) / 1024


def work(task: Task, pipe: Connection) -> None:
    """Be the process: plan, tell how far it is, and give the result or the reason.

    It sends ("progress", stage, share), ("done", Planned) or ("failed", reason).
    """
    threading.Thread(target=_end_with_parent, daemon=True).start()
    with contextlib.suppress(OSError, AttributeError):
        os.nice(NICE)
    warnings.simplefilter("ignore")
    last = 0.0

    def tell(stage: str, share: float) -> None:
        nonlocal last
        if time.monotonic() - last >= TOLD_S:
            last = time.monotonic()
            pipe.send(("progress", stage, share))

    try:
        pipe.send(("done", plan_again(task, tell)))
    except EvacrouteError as error:
        pipe.send(("failed", str(error)))
    except Exception as error:
        # Its text may tell of the machine; its kind is enough to look for.
        pipe.send(("failed", f"the planner failed ({type(error).__name__})"))
    finally:
        pipe.close()


def _end_with_parent() -> None:
    """End with the server, also where that is killed."""
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
