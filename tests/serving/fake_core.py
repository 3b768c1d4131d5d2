"""A core that answers by simple rules, for tests of the door alone; run, it is a server."""

from __future__ import annotations

import asyncio
import math
import os
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

from evacroute.answering.answers import NO_LINE, Answer, Answers, Standing
from evacroute.answering.questions import Questions
from evacroute.errors import InputError
from evacroute.serving.core import StoreState

BOUNDS = (12.30, 45.42, 12.37, 45.45)
SHELTERS = (
    ("S00", "Campo Santo Stefano", 12.3317, 45.4331),
    ("S03", "Campo San Polo", 12.3299, 45.4379),
)
SECRET = "the-text-of-a-fault"


class FakeCore:
    """Sends parties of even size to S00 and odd ones to S03; those east of 12.36 have no way.

    What it does beside is told by the environment, or by the party's size: 90 waits as long as
    `FAKE_WAIT` says [s], 91 fails, 92 blocks a thread of its executor.
    """

    def __init__(self, options: Any = None, meters: Any = None) -> None:
        self.plan, self.hazard, self.bounds = "", "", BOUNDS
        self.is_loaded = False
        self.ready = False
        self.why_not_ready = ""
        self.let_go = threading.Event()
        self._meters = meters
        self._threads = ThreadPoolExecutor(1)
        self._wait = float(os.environ.get("FAKE_WAIT", "0.5"))

    def load(self) -> None:
        time.sleep(float(os.environ.get("FAKE_LOAD", "0")))
        if os.environ.get("FAKE_REFUSED"):
            raise InputError("/mnt/models/manifest.json: the sum of redis://:pass@host/0 is wrong")
        self.plan, self.hazard = "2026-11-23T10:00Z-3", "flood"
        self.is_loaded = self.ready = True

    async def start(self) -> None:
        if self._meters is not None:
            self._meters.store_seconds.labels("hello").observe(0.001)

    async def stop(self) -> None:
        self.let_go.set()
        self._threads.shutdown(cancel_futures=True)

    def store(self) -> StoreState:
        return StoreState(True, {"S00": 120, "S03": 7})

    async def answer(
        self, questions: Questions, *, lines: bool, directions: bool, now: float
    ) -> Answers:
        most = int(questions.party_size.max())
        if most == 90:
            await asyncio.sleep(self._wait)
        if most == 91:
            raise RuntimeError(f"{SECRET} {questions.lon} {questions.token}")
        if most == 92:
            loop = asyncio.get_running_loop()
            await loop.run_in_executor(self._threads, self.let_go.wait, 30)
        return answers_to(questions, self.plan, lines=lines, directions=directions)


def answers_to(q: Questions, plan: str, *, lines: bool, directions: bool) -> Answers:
    return Answers(
        [
            answer_to(*row, lines=lines, directions=directions)
            for row in zip(
                q.lon.tolist(), q.lat.tolist(), q.party_size.tolist(), q.token, q.language,
                strict=True,
            )
        ],
        plan,
    )  # fmt: skip


def answer_to(
    lon: float, lat: float, size: int, token: str, language: str, *, lines: bool, directions: bool
) -> Answer:
    if lon > 12.36:
        stay = ("Stay inside and go up.", "A crew is told.")
        return Answer(reason="no way", distance=math.nan, directions=stay if directions else ())
    key, name, *place = SHELTERS[size % 2]
    metres = float(np.hypot((place[0] - lon) * 78_000, (place[1] - lat) * 111_000))
    words = {"it": "Vai a {}.", "en": "Walk to {}."}
    return Answer(
        status=(Standing.RESERVED if token else Standing.UNRESERVED).value, shelter=size % 2,
        shelter_id=key, name=name, lon=place[0], lat=place[1], depart_in_s=0.0, q10=metres / 1.4,
        q50=metres / 1.2, q90=metres / 0.9, p_safe=0.97, is_safe=True,
        held_s=1800.0 if token else math.nan, reason="nearest", distance=metres,
        line=np.array([[lon, lat], place]) if lines else NO_LINE,
        directions=(words.get(language, words["en"]).format(name),) if directions else (),
        alternatives=[("S00", 0.91)],
    )  # fmt: skip


if __name__ == "__main__":
    from evacroute.serving import server
    from evacroute.serving.__main__ import main

    if os.environ.get("FAKE_HANG"):
        server.STOP_S = 0.5
        threading.Thread(target=time.sleep, args=(60,)).start()
    sys.exit(main(make=FakeCore))
