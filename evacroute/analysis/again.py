"""Solving anew, to answer a question about a plan: its grid, what is free, its prices."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from evacroute.assignment import Outcome, OverTime, Problem, Progress, build_problem
from evacroute.assignment.rest import arcs_of, build_rest
from evacroute.errors import InputError
from evacroute.plan import Plan
from evacroute.prices import Prices


def problem_of(plan: Plan) -> Problem:
    """Lay what a plan answers on its time grid.

    What a re-planned plan answers are the people who were still on the way, and the places on
    streets and at doors that were not taken by then.

    Raises
    ------
    InputError
        If the plan has been re-planned and does not say which places were taken.
    """
    density = plan.settings.get("max_density")
    if plan.taken is None and plan.method != "replan":
        return build_problem(plan.scenario, plan.step_s, density)
    prices = plan.prices
    if plan.taken is None or prices is None or prices.step != plan.step_s:
        raise InputError(
            "the plan is one that replan has made, but what was taken before on streets and at "
            "doors is not kept with it (taken.npz and prices.npz of its folder), so that nothing "
            "can be solved again; make it anew with replan"
        )
    return build_rest(plan.scenario, plan.step_s, plan.taken, arcs_of(prices), None, density)


def weights_of(plan: Plan) -> dict[str, float]:
    """Weights of the classes whose time does not count once."""
    if plan.prices is None:
        given = plan.settings.get("weights") if plan.method == "over_time" else None
        return dict(given or {})
    ids = plan.scenario.group_classes.class_id.tolist()
    pairs = zip(ids, plan.prices.weight.tolist(), strict=True)
    # Inside the solver they are relative to their mean, which costs the last digits.
    near = {name: min(100.0, max(0.01, float(f"{weight:.9g}"))) for name, weight in pairs}
    return {name: weight for name, weight in near.items() if weight != 1.0}


def solve_again(
    method: OverTime,
    problem: Problem,
    *,
    warm: Prices | None = None,
    penalty: NDArray[np.float64] | None = None,
    progress: Progress | None = None,
) -> Outcome:
    """Solve; Ctrl-C is passed on, for half an answer is none here.

    Raises
    ------
    KeyboardInterrupt
        If Ctrl-C was pressed.
    """
    outcome = method.solve(problem, progress=progress, penalty=penalty, warm=warm)
    if outcome.settings.get("stopped") == "interrupted":
        raise KeyboardInterrupt
    return outcome


def part_of(progress: Progress | None, what: str, i: int, n: int) -> Progress | None:
    """Tell the progress of the i-th of n solutions as that of all."""
    if progress is None:
        return None
    progress(what, i / n)
    most = 0.0

    def tell(stage: str, share: float) -> None:
        nonlocal most
        # A gap that opens again, as more people are placed, is no step back.
        most = max(most, share)
        progress(f"{what}: {stage}", (i + most) / n)

    return tell
