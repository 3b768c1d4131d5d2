"""What hazards do to the streets over time, packed for the web map."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from evacroute.plan import Plan
from evacroute.plotting._packing import Packer
from evacroute.streets import Streets

STEP = 0.05
"""Speed factors are kept to this, never to 0 or 1 where they are not."""

BOTH, AHEAD, BACK = 0, 1, 2


def pack_hazards(packer: Packer, plan: Plan, streets: Streets) -> bool:
    """Add the stretches of time of each street that changes; False where none does.

    A street whose directions change alike is kept once. A stretch is its beginning and a set: one
    of the distinct rows of speed factors by class.
    """
    scenario, moves = plan.scenario, plan.movements
    until = max([scenario.deadline_s, *moves.arrive])
    profile = scenario.link_times.profile(len(scenario.group_classes), until)
    if not len(profile.link):
        return False
    ticks = np.rint(profile.factor / STEP)
    ticks[profile.factor > 0] = np.maximum(ticks[profile.factor > 0], 1)
    ticks[profile.factor < 1] = np.minimum(ticks[profile.factor < 1], round(1 / STEP) - 1)
    sets, set_of = np.unique(ticks.astype(np.int64), axis=1, return_inverse=True)
    set_of = set_of.ravel()

    def stretches(i: int) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        part = slice(int(profile.ptr[i]), int(profile.ptr[i + 1]))
        return profile.begin[part], set_of[part]

    row = {int(streets.code[link]): i for i, link in enumerate(profile.link)}
    street, way, counts = [], [], []
    begins: list[NDArray[np.float64]] = []
    chosen: list[NDArray[np.int64]] = []
    for one in sorted({code // 2 for code in row}):
        ahead, back = row.get(2 * one), row.get(2 * one + 1)
        single = streets.backward[one] < 0
        found = [(w, stretches(i)) for w, i in ((AHEAD, ahead), (BACK, back)) if i is not None]
        if len(found) == 2 and all(
            np.array_equal(a, b) for a, b in zip(found[0][1], found[1][1], strict=True)
        ):
            found = [(BOTH, found[0][1])]
        for which, (begin, member) in found:
            street.append(one)
            way.append(BOTH if single else which)
            counts.append(len(begin))
            begins.append(begin)
            chosen.append(member)
    packer.whole("hazard_street", street)
    packer.whole("hazard_way", way, delta=False)
    packer.whole("hazard_stretches", counts, delta=False)
    packer.seconds("hazard_begin", np.concatenate(begins), delta=False)
    packer.whole("hazard_set", np.concatenate(chosen), delta=False)
    # By set, then by class.
    packer.scaled("hazard_factor", sets.T.ravel() * STEP, resolution=STEP, delta=False)
    return True
