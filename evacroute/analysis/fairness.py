"""Who waits for whom: what each class gets of a plan, and what protecting it would cost."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from evacroute._kernels.graph import FAR
from evacroute.analysis.again import part_of, problem_of, solve_again, weights_of
from evacroute.assignment import Outcome, OverTime, Problem, Progress
from evacroute.assignment.finish import origin_costs
from evacroute.assignment.parties import gather
from evacroute.errors import Faults, did_you_mean
from evacroute.metrics import times
from evacroute.plan import Plan
from evacroute.prices import Prices
from evacroute.units import seconds

EVERYONE = "all"

FEW = 0.1
"""Classes of a smaller share of the people change prices little: these are where it starts from."""


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Fairness:
    """What each class gets; printing it shows tables.

    Parameters
    ----------
    table
        One row a class with people, slowest first, and a last one "all": class_id, persons, left,
        late (placed, but not safe by the deadline), miss_rate ((left + late) / persons), mean_s,
        p95_s (ready to safe, of those placed), free_s (mean of the same people with the city to
        themselves: nearest open shelter, no queue), extra_s (mean_s - free_s), ratio (mean_s /
        free_s).
    protected
        None, or what it would cost to protect each class, one row a class: class_id, weight,
        mean_before_s, mean_after_s, left_before, left_after (of the class), others_before_s,
        others_after_s (mean of all others), saved_s (by the class), paid_s (by the others)
        [person-seconds], cost_before, cost_after [person-seconds, of all].
    gap
        Gap of the plan, None where none is proven: differences below it may be chance.

    Examples
    --------
    >>> import evacroute as er
    >>> report = er.fairness(er.assign(er.lagoon(people=300), "nearest"))
    >>> report.table["class_id"].iloc[-1], int(report.table["persons"].iloc[-1])
    ('all', 300)
    """

    table: pd.DataFrame
    protected: pd.DataFrame | None
    gap: float | None

    def __str__(self) -> str:
        width = max([len("class"), *map(len, self.table["class_id"])])
        head = f"{'class':<{width}} {'people':>9} {'missed':>7} {'mean':>7} {'p95':>7}"
        lines = [f"{head} {'alone':>7} {'extra':>7} {'ratio':>6}  [min]"]
        for row in self.table.to_dict("records"):
            figures = " ".join(
                f"{_minutes(row[key]):>7}" for key in ("mean_s", "p95_s", "free_s", "extra_s")
            )
            lines.append(
                f"{row['class_id']:<{width}} {row['persons']:>9,} {row['miss_rate']:>7.1%} "
                f"{figures} {_number(row['ratio']):>6}"
            )
        lines.append("missed: not safe by the deadline; alone: with the city to oneself")
        if self.protected is not None:
            lines += ["", *self._protected_lines(width)]
        return "\n".join(lines)

    __repr__ = __str__

    def _protected_lines(self, width: int) -> list[str]:
        assert self.protected is not None
        lines = [
            "if a class's time counted more (mean before -> after, min)",
            f"{'class':<{width}} {'weight':>6} {'class':>16} {'all others':>16} "
            f"{'saved':>9} {'paid':>9}  [person-hours]",
        ]
        for row in self.protected.to_dict("records"):
            pairs = [
                f"{_minutes(row[f'{who}_before_s'])} -> {_minutes(row[f'{who}_after_s'])}"
                for who in ("mean", "others")
            ]
            hours = [f"{row[key] / 3600:>9.1f}" for key in ("saved_s", "paid_s")]
            lines.append(
                f"{row['class_id']:<{width}} {row['weight']:>6g} {pairs[0]:>16} {pairs[1]:>16} "
                f"{hours[0]} {hours[1]}"
            )
        if self.gap is not None:
            lines.append(f"the plan's gap is {self.gap:.2%}: differences below it may be chance")
        return lines


def fairness(
    plan: Plan,
    protect: float | None = None,
    *,
    classes: Sequence[str] | None = None,
    time_limit: float | str = 60.0,
    progress: Progress | None = None,
) -> Fairness:
    """Report what each class gets of a plan, and on request the price of protecting each.

    Parameters
    ----------
    plan
        Any plan.
    protect
        Solve again by "over_time" for each class with its time weighted so many times more.
    classes
        Which classes to protect; by default all that have people.
    time_limit
        For each of those solutions [s, or text].
    progress
        Called with the stage and the share of all that is done (0..1).

    Returns
    -------
    Fairness
        Prints as tables; ``Fairness.table`` and ``Fairness.protected`` are data frames.

    Raises
    ------
    InputError
        If the weight is out of range, a class does not exist, or a re-planned plan does not say
        what was taken before it.
    KeyboardInterrupt
        If Ctrl-C is pressed: nothing is given then.

    Notes
    -----
    What is compared with is the plan itself where "over_time" made it, else a plan of "over_time"
    with the weights as they are. All of them keep to the plan's ceiling on the density. Both plans
    have a gap, so small differences may be chance.

    In a plan that `replan` has made, all are solved with the people who were still on the way, from
    where they stood, and with the places on streets and at doors that were left then; whoever was
    nearly safe may change too.

    Without ``protect`` it takes a second or so. With it each class takes two to three times as
    long as the plan did, at most ``time_limit`` and some seconds more: on Venice with 100,000
    people 20 s in the mean, where the plan at a gap of 2 % took 8 s (2026-11-27). Classes of few
    people start from the plan's prices; where many people's time counts otherwise that was no
    quicker.

    Examples
    --------
    >>> import evacroute as er
    >>> report = er.fairness(er.assign(er.lagoon(people=300), "nearest"))
    >>> bool((report.table["ratio"].dropna() >= 1).all())
    True
    """
    ids = plan.scenario.group_classes.class_id.tolist()
    faults = Faults("fairness")
    if protect is not None and not (isinstance(protect, int | float) and 0.01 <= protect <= 100):
        faults.add(f"protect is {protect!r}, expected a weight of 0.01 to 100")
    for name in classes or ():
        if name not in ids:
            near = did_you_mean(str(name), ids)
            faults.add(f"class {name!r} does not exist; the classes are {', '.join(ids)}{near}")
    faults.raise_if_any()
    problem = problem_of(plan)
    table = _table(plan, problem)
    if protect is None:
        return Fairness(table, None, plan.gap)
    some = [name for name in table["class_id"] if name != EVERYONE]
    wanted = some if classes is None else [name for name in some if name in classes]
    limit = seconds(time_limit, "time_limit")
    weights = weights_of(plan)
    gap = {"gap": plan.settings["gap"]} if "gap" in plan.settings else {}
    given = plan.method == "over_time"
    n = len(wanted) + (not given)

    def solve(weights: dict[str, float], warm: Prices | None, what: str, i: int, n: int) -> Plan:
        method = OverTime(
            weights=weights or None, order=plan.settings.get("order"), time_limit=limit,
            seed=plan.seed, **gap,
        )  # fmt: skip
        tell = part_of(progress, what, i, n)
        return _plan_of(plan, solve_again(method, problem, warm=warm, progress=tell))

    # Prices of another method's plan, if it has any, are as good a start.
    before = plan if given else solve(weights, plan.prices, "without protection", 0, n)
    persons = dict(zip(table["class_id"], table["persons"], strict=True))
    share = {name: persons[name] / persons[EVERYONE] for name in wanted}
    rows = []
    for i, name in enumerate(wanted):
        more = {**weights, name: min(100.0, weights.get(name, 1.0) * protect)}
        warm = before.prices if share[name] < FEW else None
        after = solve(more, warm, f"protecting {name}", n - len(wanted) + i, n)
        rows.append(_compare(before, after, name, float(protect)))
    return Fairness(table, pd.DataFrame(rows, columns=list(_COLUMNS)), before.gap)


def _plan_of(plan: Plan, outcome: Outcome) -> Plan:
    """Make a plan of another answer to what a plan answers."""
    return Plan(
        plan.scenario, outcome.movements, method="over_time", step_s=plan.step_s,
        settings=outcome.settings, bound=outcome.bound, seed=plan.seed,
        prices=outcome.prices,
    )  # fmt: skip


def _table(plan: Plan, problem: Problem) -> pd.DataFrame:
    scenario, moves = plan.scenario, plan.movements
    groups, classes = scenario.groups, scenario.group_classes
    free = alone(problem)
    taken, size = moves.arrive - plan.ready, moves.size
    late = moves.arrive > scenario.deadline_s
    class_ = groups.class_[moves.group]
    rows = []
    persons = np.bincount(groups.class_, weights=groups.size, minlength=len(classes))
    left = np.bincount(groups.class_[moves.left_group], moves.left_size, minlength=len(classes))
    order = np.lexsort((classes.speed_flat, classes.speed_steps))
    for k in [*order[persons[order] > 0].tolist(), -1]:
        mine = class_ == k if k >= 0 else np.ones(len(class_), bool)
        figures = times(plan.ready[mine], moves.arrive[mine], size[mine])
        # Whoever nobody could bring in alone has no time to compare with.
        known = mine & np.isfinite(free[moves.group])
        n_known = int(size[known].sum())
        own, own_free = (
            (float((value[known] * size[known]).sum()) / n_known if n_known else math.nan)
            for value in (taken, free[moves.group])
        )
        n = int(persons[k] if k >= 0 else persons.sum())
        out = int(left[k] if k >= 0 else left.sum())
        behind = int(size[mine & late].sum())
        rows.append(
            {
                "class_id": classes.class_id[k] if k >= 0 else EVERYONE,
                "persons": n,
                "left": out,
                "late": behind,
                "miss_rate": (out + behind) / n if n else math.nan,
                "mean_s": figures.mean,
                "p95_s": figures.p95,
                "free_s": own_free,
                "extra_s": own - own_free,
                "ratio": own / own_free if own_free > 0 else math.nan,
            }
        )
    return pd.DataFrame(rows)


def alone(problem: Problem) -> NDArray[np.float64]:
    """Time from ready to safe of each group with the city to itself [s], inf = no way.

    The nearest shelter that is open to it, on the plan's grid, its wait for a slot included.
    """
    scenario = problem.scenario
    groups, shelters = scenario.groups, scenario.shelters
    origins = gather(groups, len(problem.step_free))
    cost = origin_costs(problem, origins, problem.distances())
    step_free = problem.step_free[origins.class_]
    places = np.where(step_free[:, None], shelters.step_free_capacity, shelters.capacity)
    nearest = np.where((cost < FAR) & (places > 0), cost, FAR).min(axis=1, initial=FAR)
    walk = np.where(nearest < FAR, nearest * problem.step, np.inf)[origins.of_group]
    wait = np.ceil(np.round(groups.ready_time / problem.step, 9)) * problem.step
    return np.asarray(walk + wait - groups.ready_time)


_COLUMNS = (
    "class_id", "weight", "mean_before_s", "mean_after_s", "left_before", "left_after",
    "others_before_s", "others_after_s", "saved_s", "paid_s", "cost_before", "cost_after",
)  # fmt: skip


def _compare(before: Plan, after: Plan, name: str, weight: float) -> dict[str, object]:
    k = before.scenario.group_classes.class_id.tolist().index(name)
    own, others = ([_part(plan, k, is_own) for plan in (before, after)] for is_own in (True, False))
    return {
        "class_id": name,
        "weight": weight,
        "mean_before_s": own[0][1],
        "mean_after_s": own[1][1],
        "left_before": own[0][2],
        "left_after": own[1][2],
        "others_before_s": others[0][1],
        "others_after_s": others[1][1],
        "saved_s": own[0][0] - own[1][0],
        "paid_s": others[1][0] - others[0][0],
        "cost_before": before.cost,
        "cost_after": after.cost,
    }


def _part(plan: Plan, k: int, own: bool) -> tuple[float, float, int]:
    """Cost, mean and persons left of a class, or of all others."""
    moves, class_ = plan.movements, plan.scenario.groups.class_
    mine = (class_[moves.group] == k) == own
    figures = times(plan.ready[mine], moves.arrive[mine], moves.size[mine])
    left = moves.left_size[(class_[moves.left_group] == k) == own].sum()
    return figures.cost, figures.mean, int(left)


def _minutes(value: float) -> str:
    return "-" if math.isnan(value) else f"{value / 60:.2f}"


def _number(value: float) -> str:
    return "-" if math.isnan(value) else f"{value:.2f}"
