"""Executors, and how tasks are handed to any of them: the same way to all."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import (
    FIRST_COMPLETED,
    BrokenExecutor,
    CancelledError,
    Executor,
    Future,
    ProcessPoolExecutor,
    wait,
)
from contextlib import contextmanager
from typing import Any

from evacroute.errors import InputError, MissingExtraError, SolverError
from evacroute.evaluation import Hazards
from evacroute.sweeping.draws import Answer, Parcel, run_draw

AT_FIRST = 8
"""Tasks that are handed at first to an executor of which the number of workers is not known."""

_LIBRARIES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


class Serial(Executor):
    """Runs each task at once, in this process."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Run a task; what it raises but Ctrl-C is in the future."""
        future: Future[Any] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:
            future.set_exception(error)
        return future


@contextmanager
def open_pool(executor: str | Executor | None, workers: int | None) -> Iterator[Executor]:
    """Give the executor: one that is given is left open, one that is made here is closed.

    Raises
    ------
    InputError
        If it is none, or the number of workers is below 1.
    """
    if workers is not None and (not isinstance(workers, int) or workers < 1):
        raise InputError(f"workers is {workers!r}, expected a whole number, 1 or more")
    if isinstance(executor, Executor):
        yield executor
    elif executor == "serial":
        yield Serial()
    elif executor in (None, "processes"):
        with _environment(dict.fromkeys(_LIBRARIES, "1")):
            # Not forked: a process that has started threads must not be.
            pool = ProcessPoolExecutor(
                workers or default_workers(),
                mp_context=multiprocessing.get_context("spawn"),
                initializer=_start_worker,
            )
            try:
                yield pool
            finally:
                pool.shutdown(wait=True, cancel_futures=True)
    else:
        raise InputError(
            f"executor is {executor!r}, expected 'processes', 'serial' or an Executor, such as "
            "Client(...).get_executor() of dask.distributed"
        )


def default_workers() -> int:
    """Count the cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _start_worker() -> None:
    """Prepare a worker process: it leaves Ctrl-C to its parent, and does not outlive it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    if parent is not None:

        def end() -> None:
            parent.join()
            os._exit(1)

        threading.Thread(target=end, daemon=True).start()


@contextmanager
def _environment(values: dict[str, str]) -> Iterator[None]:
    """Set variables for the processes that are started meanwhile."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def work_through(
    executor: Executor,
    parcel: Parcel,
    draws: Sequence[tuple[int, Hazards]],
    take: Callable[[int, Answer], None],
    at_first: int | None = None,
) -> None:
    """Have all draws done, and take each answer as it comes.

    The parcel's content goes with the first tasks only; a worker that lacks it says so, and the
    task is sent again with it: no worker needs to be known, or to share files with this one. Few
    tasks are handed out at first and one more with each answer, so that they do not all meet
    workers that lack it.

    Parameters
    ----------
    executor
        Any executor.
    parcel
        What all draws need.
    draws
        Number and hazard of each draw.
    take
        Called with number and answer, in the order in which they are done.
    at_first
        How many to hand out at first.

    Raises
    ------
    KeyboardInterrupt
        After Ctrl-C, when the draws that were being done are taken too.
    SolverError
        If worker processes die.
    """
    is_serial = isinstance(executor, Serial)
    most = 1 if is_serial else at_first or AT_FIRST
    waiting = deque(draws)
    full = most
    running: dict[Future[Answer], tuple[int, Hazards]] = {}

    def collect(done: Future[Answer], again: bool) -> bool:
        number, hazard = running.pop(done)
        try:
            answer = done.result()
        except BrokenExecutor as error:
            raise SolverError(
                "a worker process has ended: short of memory, or the script that started the "
                "sweep does not do so under if __name__ == '__main__':"
            ) from error
        except CancelledError:
            answer = Answer(fault="CancelledError: the executor has given it up")
        except Exception as error:
            # The executor's own: the task could not be sent, or its worker was lost.
            answer = Answer(fault=f"{type(error).__name__}: {error}")
        if answer.is_missing:
            if again:
                running[executor.submit(run_draw, parcel, hazard)] = (number, hazard)
            return False
        take(number, answer)
        return True

    try:
        while waiting or running:
            while waiting and len(running) < most:
                number, hazard = waiting.popleft()
                sent = parcel if full > 0 else parcel.empty()
                full -= 1
                running[executor.submit(run_draw, sent, hazard)] = (number, hazard)
            for done in wait(running, return_when=FIRST_COMPLETED).done:
                if collect(done, True) and not is_serial:
                    most += 1
    except KeyboardInterrupt:
        # A future that was called off may never be done; what is being done comes to its end.
        for done in list(wait([one for one in running if not one.cancel()]).done):
            collect(done, False)
        raise
    except BaseException:
        for future in running:
            future.cancel()
        raise


@contextmanager
def connect(address: str | None) -> Iterator[Executor | None]:
    """Give the executor of a Dask cluster, or None where there is no address.

    Raises
    ------
    MissingExtraError
        If dask.distributed is not installed.
    InputError
        If no scheduler answers at the address.
    """
    if address is None:
        yield None
        return
    try:
        from distributed import Client
    except ImportError as error:
        raise MissingExtraError("distributed", "dask", "running on a Dask cluster") from error
    try:
        client = Client(address, timeout="30s")
    except (OSError, ValueError) as error:
        raise InputError(f"{address}: no Dask scheduler answers there: {error}") from error
    with client:
        yield client.get_executor()
