"""Run a function in a process of its own, which is ended when its time is up."""

from __future__ import annotations

import multiprocessing
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any


@dataclass(frozen=True)
class Answer:
    """What came of a run: a value, or the reason why there is none."""

    value: Any
    """What the function gave, None where it did not finish."""
    seconds: float
    """From start to end of the process, imports included."""
    peak_mib: float
    why: str
    """Empty where there is a value."""


def run_apart(function: Callable[..., Any], *arguments: Any, limit: float) -> Answer:
    """Call a function in a new process; it is killed after `limit` seconds."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_call, args=(theirs, function, arguments), daemon=True)
    begin = time.perf_counter()
    process.start()
    theirs.close()
    value, peak, why = None, float("nan"), ""
    try:
        if ours.poll(limit):
            value, peak, why = ours.recv()
        else:
            why = f"not finished in {limit:g} s"
    except EOFError:
        why = "the process ended without an answer (out of memory?)"
    spent = time.perf_counter() - begin
    process.kill()
    process.join()
    return Answer(value, spent, peak, why)


def _call(pipe: Connection, function: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
    from evacroute.cli.bench import peak_mib_so_far

    value, why = None, ""
    try:
        value = function(*arguments)
    except ImportError as error:
        why = f"{error.name or error} is not installed"
    except Exception as error:
        traceback.print_exc()
        why = f"{type(error).__name__}: {error}"
    pipe.send((value, peak_mib_so_far(), why))
