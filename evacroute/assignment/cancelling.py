"""Bring a small plan to the least cost of each class: dear admissions are taken back."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from evacroute._kernels.cancelling import Marks, cancel
from evacroute._kernels.exchange import Booked
from evacroute._kernels.priced_search import UNIT
from evacroute.assignment.priced_placing import PricedPlacing
from evacroute.assignment.problem import Problem
from evacroute.assignment.time_net import TimeNet

SMALL = 300_000
"""Nodes x slots up to which every admission is looked at."""

SLACK = 0.5
"""Slots by which a search may go beyond what the prices promise."""

AT_ONCE = 8
"""Slots between two looks at the clock."""


def is_small(problem: Problem, net: TimeNet) -> bool:
    """Whether taking admissions back is worth its time."""
    states = net.n_nodes * (problem.n_slots + 1) + len(problem.scenario.shelters)
    return states <= SMALL


def take_back(
    placing: PricedPlacing,
    *,
    passes: int = 3,
    enough: float = 0.0,
    go_on: Callable[[], bool] = lambda: True,
) -> None:
    """Take back admissions class by class where the class's flow has a sooner place instead.

    Parameters
    ----------
    placing
        Changed.
    passes
        Passes for a class and size of party at most; they end when one gains `enough` or less.
    enough
        Weighted person-slots.
    go_on
        Asked often; what was gained when it says no stays.
    """
    n = len(placing.space.state)
    marks = Marks(*(np.zeros(n, np.int32) for _ in Marks._fields))
    last = placing.places.link.shape[1]
    news: list[Booked] = []
    for k, z, x in placing.kinds():
        if not go_on():
            break
        flow = placing.load(x, k, z)
        for _ in range(passes):
            placing.phase += 1
            tally = np.zeros(3, np.int64)
            for end in range(last, 0, -AT_ONCE):
                if go_on():
                    cancel(
                        placing.paths, placing.guide, placing.places, placing.space, flow, marks,
                        k, z, max(end - AT_ONCE, 0), end, int(SLACK * UNIT), placing.phase, tally,
                    )  # fmt: skip
            if float(tally[2]) * z * float(placing.terms.weight[k]) <= enough:
                break
        news += placing.unload(x, k, z, flow, np.zeros(0, np.int32))
    placing.rebook(placing.squeezed(news=news))
