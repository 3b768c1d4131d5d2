"""What happens to the servers while phones ask."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bundles import later_version, with_places
from phones import Phones, schedule
from processes import off_clock
from run import Phase, Run, play

SKEW_S = 3600


@dataclass(frozen=True, slots=True)
class Setting:
    """What all scenarios share.

    Parameters
    ----------
    bundle
        What is served.
    persons, households
        Phones, one a person or one a household.
    rate
        Phones that ask in a second.
    stretch
        Times are this many times as long.
    new
        Share of requests over connections of their own.
    """

    bundle: Path
    persons: Phones
    households: Phones
    rate: float
    stretch: float
    new: float
    options: tuple[str, ...]
    seed: int

    def s(self, seconds: float) -> float:
        return seconds * self.stretch

    def ask(self, phones: Phones, *pieces: tuple[float, float], copies: int = 1) -> dict[str, Any]:
        """When phones ask: pieces of seconds, stretched here, and rates."""
        stretched = [(self.s(seconds), rate) for seconds, rate in pieces]
        return schedule(stretched, len(phones), copies=copies, new=self.new, seed=self.seed)

    def run(self, folder: Path, replicas: int = 2, **more: Any) -> Run:
        made = Run(folder, more.pop("bundle", self.bundle), options=self.options, **more)
        for _ in range(replicas):
            made.add()
        return made


Figures = dict[str, Any]


def steady(of: Setting, folder: Path) -> Figures:
    """All persons, each by themselves, at one rate: two replicas and Redis."""
    run = of.run(folder)
    try:
        return play(run, of.persons, of.ask(of.persons, (180, of.rate)))
    finally:
        run.close()


def burst(of: Setting, folder: Path) -> Figures:
    """A fifth of the rate, ten times that for ten seconds, and a fifth again."""
    run, low = of.run(folder), of.rate / 5
    parts = _phases(of, ("before", 15), ("burst", 10), ("after", 20))
    plan = of.ask(of.households, (15, low), (10, 10 * low), (20, low))
    try:
        return play(run, of.households, plan, phases=parts)
    finally:
        run.close()


def kill(of: Setting, folder: Path) -> Figures:
    """One replica is killed at half time, and started again at once."""
    run = of.run(folder)

    def faults(run: Run) -> None:
        run.until(of.s(30))
        run.servers[0].kill()
        run.servers[0].start()
        run.notes["ready_again_s"] = round(run.servers[0].wait_until_ready(), 1)

    parts = _phases(of, ("before", 30), ("after", 30))
    try:
        plan = of.ask(of.households, (60, of.rate))
        return play(run, of.households, plan, phases=parts, faults=faults)
    finally:
        run.close()


def redis_stop(of: Setting, folder: Path) -> Figures:
    """The store stands still for 30 s, then goes on."""
    run = of.run(folder)

    def faults(run: Run) -> None:
        run.until(of.s(20))
        run.redis.stop()
        run.until(of.s(50))
        run.redis.go_on()

    return _outage(of, run, faults, ("before", 20), ("outage", 30), ("after", 25))


def redis_kill(of: Setting, folder: Path) -> Figures:
    """The store is killed, and started again from its log (flushed each second) 5 s later."""
    run = of.run(folder)

    def faults(run: Run) -> None:
        run.until(of.s(20))
        run.redis.kill()
        run.until(of.s(25))
        begin = time.monotonic()
        run.redis.start()
        run.notes["redis_ready_again_s"] = round(time.monotonic() - begin, 2)

    return _outage(of, run, faults, ("before", 20), ("outage", 5), ("after", 20))


def slow_store(of: Setting, folder: Path) -> Figures:
    """Each answer of the store takes 200 ms more, then 2 s more, then none."""
    run = of.run(folder, store="proxy")

    def faults(run: Run) -> None:
        assert run.proxy is not None
        for at, delay in ((15, 0.2), (35, 2.0), (55, 0.0)):
            run.until(of.s(at))
            run.proxy.delay = delay

    return _outage(of, run, faults, ("quick", 15), ("200 ms", 20), ("2 s", 20), ("again", 15))


def retry_storm(of: Setting, folder: Path) -> Figures:
    """Each phone sends the same three times within a second, to any replica, in any order."""
    run = of.run(folder)
    try:
        plan = of.ask(of.households, (40, of.rate / 3), copies=3)
        return play(run, of.households, plan)
    finally:
        run.close()


def roll(of: Setting, folder: Path) -> Figures:
    """A new version takes over, replica by replica: one more starts, is ready, an old one ends."""
    run = of.run(folder)
    version = later_version(of.bundle, folder / "next")
    for _ in range(2):
        run.add(version)

    def faults(run: Run) -> None:
        run.until(of.s(10))
        for old, new in zip(run.servers[:2], run.servers[2:], strict=True):
            new.start()
            new.wait_until_ready()
            code = old.end()
            run.notes.setdefault("exit_codes", []).append(code)
        run.notes["rolled_within_s"] = round(run.now() - of.s(10), 1)

    try:
        # Starting takes as long as it takes, however short the run is.
        plan = of.ask(of.households, (60 / min(1.0, of.stretch), of.rate))
        return play(run, of.households, plan, faults=faults)
    finally:
        run.close()


def skew(of: Setting, folder: Path) -> Figures:
    """The clock of one of two replicas is an hour ahead."""
    folder.mkdir(parents=True, exist_ok=True)
    env = off_clock(folder, SKEW_S)
    if env is None:
        return {"skipped": "no C compiler to make a clock that is off"}
    run = of.run(folder, replicas=1)
    run.add(env=env)
    try:
        return play(run, of.households, of.ask(of.households, (40, of.rate)))
    finally:
        run.close()


def all_full(of: Setting, folder: Path) -> Figures:
    """Places for six in ten of those who ask."""
    plan = of.ask(of.households, (60, of.rate))
    persons = int(of.households.sizes[: len(plan["born"])].sum())
    fewer = with_places(of.bundle, folder / "fewer", round(0.6 * persons))
    run = of.run(folder, bundle=fewer)
    parts = _phases(of, ("first half", 30), ("second half", 30))
    try:
        return play(run, of.households, plan, phases=parts)
    finally:
        run.close()


def _outage(
    of: Setting, run: Run, faults: Callable[[Run], None], *parts: tuple[str, float]
) -> Figures:
    try:
        plan = of.ask(of.households, *((seconds, of.rate) for _, seconds in parts))
        return play(run, of.households, plan, phases=_phases(of, *parts), faults=faults)
    finally:
        run.close()


def _phases(of: Setting, *parts: tuple[str, float]) -> list[Phase]:
    out, begin = [], 0.0
    for name, seconds in parts:
        out.append(Phase(name, begin, begin + of.s(seconds)))
        begin += of.s(seconds)
    return out


SCENARIOS: dict[str, Callable[[Setting, Path], Figures]] = {
    one.__name__: one
    for one in (
        steady, burst, kill, redis_stop, redis_kill, slow_store, retry_storm, roll, skew, all_full,
    )
}  # fmt: skip
