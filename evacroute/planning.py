"""`assign`: from a scenario to a plan."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import fields
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from evacroute._safer import make_safer
from evacroute.assignment import METHODS, Progress, build_problem
from evacroute.assignment.class_weights import class_weights
from evacroute.errors import InputError, did_you_mean
from evacroute.judging import Judge
from evacroute.plan import Plan
from evacroute.robust import assign_robust
from evacroute.scenario import Scenario
from evacroute.scoring.odds import find_scorer
from evacroute.scoring.scorer import Scorer
from evacroute.units import seconds


def assign(
    scenario: Scenario | Sequence[Scenario],
    method: str = "shelter_flow",
    *,
    step: float | str = 10.0,
    seed: int = 0,
    max_density: float | None = None,
    robust: str | None = None,
    probabilities: ArrayLike | None = None,
    scorer: Scorer | str | None = None,
    safety_weight: float = 0.0,
    progress: Progress | None = None,
    **settings: Any,
) -> Plan:
    """Give everyone a shelter, a way and a time.

    Parameters
    ----------
    scenario
        Network, people, shelters, deadline; or several scenarios that differ in their hazards: then
        the plan is one that is good in all of them, see ``robust``.
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
    robust
        What counts over several scenarios: "expected" (by default; most people safe in the mean) or
        "worst" (most people safe in the worst of them); see ``evacroute.robust``.
    probabilities
        Weights of the scenarios; equal by default.
    scorer
        Who says how likely people are safe in time when they do not walk just as planned: a
        ``Scorer``, the path of its folder, or "default", the one that ships. Then the plan has
        ``scores``. None = nobody is asked, unless there is a safety weight.
    safety_weight
        Seconds that a unit of -log of a person's odds counts for beside their time. More than 0
        moves people of the finished plan to ways where time and odds together cost less; nobody
        loses a place for it. The ``bound`` stays one of time alone: no plan takes less time,
        whatever its odds; so the gap grows with the weight.
    progress
        Called with the stage and the share of it that is done (0..1).
    **settings
        Settings of the method; "nearest" and "earliest_arrival" have none.

        "over_time": ``gap`` (stop when (cost - bound) / bound is no more than this; 0.01),
        ``time_limit`` (or after this time [s, or text]; 60), ``weights`` (what a second of a
        person's time counts for, by class id; 1), ``order``.

        "shelter_flow": ``rounds`` of flow and routing (2), ``sample`` (one party in so many is
        routed in all but the last; 4), ``toll`` (how many times the mean wait on a link is charged;
        3), ``damping`` (share of the new wait in the running one; 0.5), ``polish`` (plans of at
        most so many movements are improved in the end; 5000), ``order``.

        ``order`` is ids of classes, the most vulnerable first: where not everybody can be placed
        these are. Classes not named follow: those who cannot use steps, then the slowest first.

    Returns
    -------
    Plan
        Complete, or with the people left and the reasons; `Plan.raise_for_status` is for scripts
        that need everyone placed.

    Raises
    ------
    InputError
        If the method or a setting is unknown, the density is not more than 0, the deadline and step
        make too few or too many steps, several scenarios differ in more than their hazards, the
        weight is less than 0, or the scorer cannot be read or was made for other features.

    Examples
    --------
    >>> import evacroute as er
    >>> plan = er.assign(er.lagoon(people=300), method="shelter_flow")
    >>> er.verify(plan).ok
    True
    """
    check_method(method, settings, max_density)
    check_weight(safety_weight)
    asked = find_scorer(scorer) if scorer is not None or safety_weight > 0 else None
    if isinstance(scenario, Scenario):
        if robust is not None or probabilities is not None:
            raise InputError("robust and probabilities are for several scenarios, but there is one")
        weighing = None if asked is None else (asked, float(safety_weight))
        return _assign(scenario, method, step, seed, max_density, progress, settings, weighing)
    if asked is not None:
        raise InputError("scorer and safety_weight are for one scenario, but there are several")
    return assign_robust(
        scenario,
        lambda one, tell: _assign(one, method, step, seed, max_density, tell, settings),
        robust or "expected",
        probabilities=probabilities,
        progress=progress,
    )


def check_weight(weight: float) -> None:
    """Check a safety weight.

    Raises
    ------
    InputError
        If it is not a finite number >= 0.
    """
    number = isinstance(weight, int | float) and not isinstance(weight, bool)
    if not (number and 0 <= weight < np.inf):
        raise InputError(f"safety_weight is {weight!r} s, expected a finite number >= 0")


def check_method(method: str, settings: dict[str, Any], max_density: float | None = None) -> None:
    """Check that a method exists and has the settings.

    Raises
    ------
    InputError
        If it does not, or the density is not more than 0.
    """
    if method not in METHODS:
        raise InputError(
            f"method is {method!r}, expected one of {', '.join(METHODS)}"
            f"{did_you_mean(method, METHODS)}"
        )
    allowed = [name for name in _settings_of(method) if name not in ("name", "seed")]
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


def _settings_of(method: str) -> list[str]:
    return [f.name for f in fields(METHODS[method])]


def _assign(
    scenario: Scenario,
    method: str,
    step: float | str,
    seed: int,
    max_density: float | None,
    progress: Progress | None,
    settings: dict[str, Any],
    weighing: tuple[Scorer, float] | None = None,
) -> Plan:
    begin = time.perf_counter()
    problem = build_problem(scenario, seconds(step, "step"), max_density)
    if "seed" in _settings_of(method):
        settings = {**settings, "seed": seed}
    outcome = METHODS[method](**settings).solve(problem, progress=progress)
    moves, scores = outcome.movements, None
    used = {**outcome.settings, "max_density": max_density}
    if weighing is not None:
        judge, weight = Judge(scenario, weighing[0]), weighing[1]
        if weight > 0:
            moves, figures = make_safer(
                problem, moves, judge, weight, class_weights(problem, settings.get("weights")),
                unlimited=method == "nearest", progress=progress,
            )  # fmt: skip
            used |= {"safety_weight": weight, **figures}
        scores = judge.score(moves)
    spent = time.perf_counter() - begin
    return Plan(
        scenario,
        moves,
        method=method,
        step_s=problem.step,
        seconds={"assign": spent},
        settings=used,
        bound=outcome.bound,
        seed=seed,
        prices=outcome.prices,
        scores=scores,
    )
