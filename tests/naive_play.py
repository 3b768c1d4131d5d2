"""Slow, obvious twin of the playing of a plan through link times, sharing no code with it."""

from __future__ import annotations

import math

import numpy as np

from evacroute.hazards import LinkTimes
from evacroute.plan import Plan


def factor(rows: LinkTimes, link: int, class_: int, time: float, until: float) -> float:
    """Speed factor at a time: the product of all rows that hold; what begins late never does."""
    found = 1.0
    # From the deadline on nothing changes any more.
    time = min(time, np.nextafter(until, 0.0))
    for i in range(len(rows)):
        mine = rows.link[i] == link and rows.class_[i] in (-1, class_)
        if mine and rows.from_s[i] <= time < rows.to_s[i]:
            found *= float(rows.speed_factor[i])
    return found


def changes(rows: LinkTimes, link: int, class_: int, until: float) -> list[float]:
    """Times at which a link's factor may change."""
    mine = [i for i in range(len(rows)) if rows.link[i] == link and rows.class_[i] in (-1, class_)]
    times = {float(t) for i in mine for t in (rows.from_s[i], rows.to_s[i])}
    return sorted(t for t in times if 0 < t < until)


def play(plan: Plan, rows: LinkTimes, deadline: float) -> list[tuple[str, float, int]]:
    """What becomes of each movement: safe, stuck or late; when; the leg it stopped at or -1."""
    scenario, moves = plan.scenario, plan.movements
    network, classes = scenario.network, scenario.group_classes
    found = []
    for i in range(len(moves)):
        k = int(scenario.groups.class_[moves.group[i]])
        time, fate = float(moves.depart[i]), ("safe", -1)
        for leg in range(moves.leg_ptr[i], moves.leg_ptr[i + 1]):
            link = int(moves.leg_link[leg])
            time = max(time, float(moves.leg_enter[leg]))
            if time > deadline:
                fate = ("late", -1)
                break
            now = factor(rows, link, k, time, deadline)
            if now == 0:
                fate = ("stuck", leg)
                break
            own = scenario.link_times
            reckoned = factor(own, link, k, float(moves.leg_enter[leg]), scenario.deadline_s) or 1.0
            speed = (classes.speed_steps if network.steps[link] else classes.speed_flat)[k]
            taken = float(moves.leg_leave[leg] - moves.leg_enter[leg])
            if not math.isclose(now, reckoned, rel_tol=1e-12):
                taken += float(network.length[link] / speed) * (1 / now - 1 / reckoned)
                taken = max(0.0, taken)
            inside = [t for t in changes(rows, link, k, deadline) if time < t < time + taken]
            if any(factor(rows, link, k, t, deadline) == 0 for t in inside):
                fate = ("stuck", leg)
                break
            time += taken
        if fate[0] == "safe":
            time = max(time, float(moves.arrive[i]))
            if time > deadline:
                fate = ("late", -1)
        found.append((fate[0], time, fate[1]))
    return found
