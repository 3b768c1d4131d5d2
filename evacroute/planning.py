"""`assign`: from a scenario to a plan."""

from __future__ import annotations

import time
from dataclasses import fields
from typing import Any

import numpy as np

from evacroute.assignment import METHODS, Progress, build_problem
from evacroute.errors import InputError
from evacroute.plan import Plan
from evacroute.scenario import Scenario
from evacroute.units import seconds


def assign(
    scenario: Scenario,
    method: str = "shelter_flow",
    *,
    step: float | str = 10.0,
    seed: int = 0,
    max_density: float | None = None,
    progress: Progress | None = None,
    **settings: Any,
) -> Plan:
    """Give everyone a shelter, a way and a time.

    Parameters
    ----------
    scenario
        Network, people, shelters, deadline.
    method
        One of `METHODS`: "nearest" (capacities ignored, for comparison), "earliest_arrival" (the
        classic greedy), "shelter_flow" (the fast default), "over_time" (the
        best plan, with a proven bound).
    step
        Length of a time step [s, or text such as "10 s"]. Times are whole steps.
    seed
        Seed of random choices; only "over_time" makes any.
    max_density
        Most persons on a square metre of street [1/m2], each counted by the space of their class;
        None = streets are limited by flow only. A link then admits no more than max_density x width
        x the speed of the slowest class that may walk it, so that those inside are no more than
        max_density x length x width.
    progress
        Called with the stage and the share of it that is done (0..1).
    **settings
        Settings of the method, see its class in `evacroute.assignment`.

    Returns
    -------
    Plan
        Complete, or with the people left and the reasons; `plan.raise_for_status()` is for scripts
        that need everyone placed.

    Raises
    ------
    InputError
        If the method or a setting is unknown, the density is not more than 0, or the deadline and
        step make too few or too many steps.

    Examples
    --------
    >>> import evacroute as er
    >>> plan = er.assign(er.lagoon(people=300), method="shelter_flow")
    >>> er.verify(plan).ok
    True
    """
    if method not in METHODS:
        raise InputError(f"method is {method!r}, expected one of {', '.join(METHODS)}")
    names = [f.name for f in fields(METHODS[method])]
    allowed = [name for name in names if name not in ("name", "seed")]
    unknown = sorted(set(settings) - set(allowed))
    if unknown:
        raise InputError(
            f"method {method!r} has no setting {', '.join(unknown)}; "
            f"it has {', '.join(allowed) or 'none'}"
        )
    if max_density is not None and not (
        isinstance(max_density, int | float) and 0 < max_density < np.inf
    ):
        raise InputError(f"max_density is {max_density!r} persons/m2, expected more than 0")
    begin = time.perf_counter()
    problem = build_problem(scenario, seconds(step, "step"), max_density)
    if "seed" in names:
        settings["seed"] = seed
    outcome = METHODS[method](**settings).solve(problem, progress=progress)
    spent = time.perf_counter() - begin
    return Plan(
        scenario,
        outcome.movements,
        method=method,
        step_s=problem.step,
        seconds={"assign": spent},
        settings={**outcome.settings, "max_density": max_density},
        bound=outcome.bound,
        seed=seed,
        prices=outcome.prices,
    )
