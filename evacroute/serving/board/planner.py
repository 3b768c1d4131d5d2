"""One process that plans anew beside the answers: begun, watched, and ended in time."""

from __future__ import annotations

import logging
import multiprocessing
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from multiprocessing.process import BaseProcess
from typing import Any

from evacroute.serving.board.planning import Planned, Task, work
from evacroute.serving.logs import say
from evacroute.serving.refusals import presentable

OVERRUN, OVERRUN_S = 3.0, 60.0
"""A process is killed after so many times the limit, and so much more [s]: to read the bundle, and
to compile where no kernels are cached."""

Run = Callable[[Task, Any], None]


@dataclass(frozen=True, slots=True)
class PlanningState:
    """How far planning anew is.

    Parameters
    ----------
    word
        "idle", "running", "done", "failed" or "stopped".
    since
        Since when [s since 1970].
    stage, share
        What it does, and how much of the time is over (0..1).
    reason
        Why it failed or was stopped.
    planned
        What came of it.
    plan
        Version that it was published as.
    """

    word: str = "idle"
    since: float = 0.0
    stage: str = ""
    share: float = 0.0
    reason: str = ""
    planned: Planned | None = None
    plan: str = ""

    def told(self) -> dict[str, Any]:
        """Give it for JSON, without the prices."""
        out: dict[str, Any] = {
            "state": self.word, "since": self.since, "stage": self.stage,
            "share": round(self.share, 3), "reason": self.reason, "plan": self.plan,
        }  # fmt: skip
        made = self.planned
        if made is not None:
            out |= {
                "no_room": made.no_room, "no_way": made.no_way, "mean_s": round(made.mean_s, 1),
                "gain_s": round(made.gain_s, 1), "rounds": made.rounds,
                "seconds": round(made.seconds, 1), "memory_mb": round(made.memory_mb),
            }  # fmt: skip
        return out


class Planner:
    """Plans anew in one process at a time; the latest task counts.

    Parameters
    ----------
    deadline_s
        The process is killed after this [s]; None = by the task's limit.
    run
        What the process does.
    """

    def __init__(self, *, deadline_s: float | None = None, run: Run = work) -> None:
        self.state = PlanningState()
        self._deadline_s, self._run = deadline_s, run
        self._lock = threading.Lock()
        self._process: BaseProcess | None = None
        self._turn = 0

    @property
    def is_running(self) -> bool:
        """Whether a process plans, or its result is being published."""
        return self.state.word == "running"

    def start(self, task: Task, done: Callable[[Planned], None]) -> None:
        """Plan; a process that does so already is ended.

        Parameters
        ----------
        task
            What to plan.
        done
            Called with the result, in a thread of the planner's; says how it ended by `finish`.
        """
        with self._lock:
            self._kill()
            self._turn += 1
            self.state = PlanningState("running", time.time(), "starting")
            turn = self._turn
        # A thread of its own that nobody waits for, as it may watch for minutes.
        threading.Thread(
            target=self._watch, args=(turn, task, done), name="planner", daemon=True
        ).start()

    def stop(self, reason: str) -> None:
        """End the process if there is one."""
        with self._lock:
            was_running = self.is_running
            self._turn += 1
            self._kill()
            if was_running:
                self.state = PlanningState("stopped", time.time(), reason=reason)

    def finish(self, planned: Planned, plan: str = "", fault: str = "") -> None:
        """Say that a result was published as a plan, or why it was not."""
        with self._lock:
            if self.state.planned is not planned:
                return
            word = "failed" if fault else "done"
            self.state = replace(
                self.state, word=word, since=time.time(), reason=fault, plan=plan, share=1.0
            )

    def _kill(self) -> None:
        process, self._process = self._process, None
        if process is not None and process.is_alive():
            process.kill()

    def _watch(self, turn: int, task: Task, done: Callable[[Planned], None]) -> None:
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe(duplex=False)
        process = context.Process(target=self._run, args=(task, theirs), daemon=True)
        limit = self._deadline_s or OVERRUN * task.limit_s + OVERRUN_S
        until = time.monotonic() + limit
        try:
            with self._lock:
                if turn != self._turn:
                    return
                process.start()
                self._process = process
            theirs.close()
            self._hear(turn, ours, until, limit, done)
        except Exception as error:
            self._fail(turn, f"the planner's process could not be run ({type(error).__name__})")
        finally:
            ours.close()
            if process.pid is not None:
                # What it has sent is read by now; it ends by itself, or is ended.
                process.join(2.0)
                if process.is_alive():
                    process.kill()
                    process.join(5.0)

    def _hear(
        self, turn: int, pipe: Any, until: float, limit: float, done: Callable[[Planned], None]
    ) -> None:
        while turn == self._turn:
            if not pipe.poll(max(0.0, min(0.2, until - time.monotonic()))):
                if time.monotonic() >= until:
                    self._fail(turn, f"it took longer than {limit:g} s")
                    with self._lock:
                        if turn == self._turn:
                            self._kill()
                    return
                continue
            try:
                word, *rest = pipe.recv()
            except EOFError:
                self._fail(turn, "its process ended before it was done (too little memory?)")
                return
            if word == "progress":
                with self._lock:
                    if turn == self._turn:
                        self.state = replace(self.state, stage=str(rest[0]), share=float(rest[1]))
            elif word == "failed":
                self._fail(turn, presentable(str(rest[0])))
                return
            else:
                with self._lock:
                    if turn != self._turn:
                        return
                    self.state = replace(self.state, stage="publishing", planned=rest[0])
                done(rest[0])
                return

    def _fail(self, turn: int, reason: str) -> None:
        with self._lock:
            if turn == self._turn:
                self.state = PlanningState("failed", time.time(), reason=reason)
                say("planning anew failed", logging.ERROR, reason=reason)
