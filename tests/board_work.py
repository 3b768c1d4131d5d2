"""What processes of a board's planner do in tests; imported by them, so it imports little."""

from __future__ import annotations

import os
import time
from typing import Any


def waits(task: Any, pipe: Any) -> None:
    """Tell its number, and go on for ever."""
    pipe.send(("progress", f"{os.getpid()}", 0.5))
    time.sleep(60)


def dies(task: Any, pipe: Any) -> None:
    os._exit(9)


def refuses(task: Any, pipe: Any) -> None:
    pipe.send(("failed", "/mnt/models/bundle: is no bundle"))


def answers(task: Any, pipe: Any) -> None:
    from evacroute.serving.board.planning import Planned

    pipe.send(("done", Planned(b"no prices", 0, 0, 1.0, 0.0, 1, 1.0, 1.0)))
