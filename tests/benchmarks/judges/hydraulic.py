"""Play a plan in jupedsim-network and sum up; how is told in `evacroute.training.hydraulic`."""

from __future__ import annotations

import time

import numpy as np

import evacroute as er
from evacroute.training.hydraulic import play_hydraulic

from .verdict import Verdict, judged


def play(
    plan: er.Plan,
    *,
    own_ways: bool = True,
    room: float = 1.0,
    dt: float = 0.5,
    most: float = 2.0,
    seed: int = 0,
) -> Verdict:
    """Play a plan; parameters as `play_hydraulic` takes them."""
    begin = time.perf_counter()
    arrived = play_hydraulic(plan, own_ways=own_ways, room=room, dt=dt, most=most, seed=seed)
    size = plan.movements.size
    return judged(
        f"jupedsim-network, {'own' if own_ways else 'shortest'} ways"
        + (f", room x{room:g}" if room != 1 else ""),
        np.repeat(plan.ready, size),
        np.repeat(plan.movements.arrive, size),
        arrived,
        time.perf_counter() - begin,
    )
