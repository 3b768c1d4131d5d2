"""One plan for several scenarios, of which nobody knows which will happen."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import ArrayLike, NDArray
from scipy.sparse.csgraph import dijkstra

from evacroute._adding import add_left, without_hope
from evacroute.assignment import Progress
from evacroute.errors import Faults, InputError
from evacroute.evaluation import Evaluation, evaluate, shares, unlike
from evacroute.hazards import Hazard, LinkTimes, as_hazards
from evacroute.hazards.combined import Combined, Overlay, overlay
from evacroute.hazards.link_times import EVERY
from evacroute.people import Classes
from evacroute.plan import Plan
from evacroute.scenario import Scenario

MEASURES = ("expected", "worst")

MOST_CLOSED = (0.0, 0.1, 0.25, 0.5)
"""Probabilities above which a candidate takes a link for closed."""

Assign = Callable[[Scenario, Progress | None], Plan]
"""Plans a single scenario."""


@dataclass(frozen=True, slots=True, eq=False)
class Trial:
    """What a candidate is made for.

    Parameters
    ----------
    name
        What it is called.
    scenario
        What the plan answers.
    planned
        What is planned, where it is not the same: the groups are in other classes there.
    """

    name: str
    scenario: Scenario
    planned: Scenario | None = None

    def solve(self, assign: Assign, progress: Progress | None) -> Plan:
        """Make the plan."""
        if self.planned is None:
            return assign(self.scenario, progress)
        plan = assign(self.planned, progress)
        # Prices and bound are those of other classes.
        return Plan(
            self.scenario, plan.movements, method=plan.method, step_s=plan.step_s,
            seconds=plan.seconds, settings=plan.settings, seed=plan.seed,
        )  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class Candidate:
    """A plan and how it fares in all scenarios."""

    name: str
    plan: Plan
    evaluation: Evaluation

    def merit(self, measure: str) -> tuple[float, ...]:
        """Give figures of which larger is better: people safe, then the time that they take."""
        table = self.evaluation.table
        expected = self.evaluation.expected
        mean = np.nan_to_num(table["mean_s"].to_numpy(), nan=np.inf)
        if measure == "worst":
            return (float(table["safe"].min()), expected["safe"], -float(mean.max()))
        slow = expected["mean_s"]
        return (expected["safe"], -slow if slow == slow else -np.inf, float(table["safe"].min()))

    def figures(self) -> dict[str, Any]:
        """Give what the choice rests on."""
        expected, worst = self.evaluation.expected, self.evaluation.worst
        return {
            "expected_safe": round(expected["safe"], 6),
            "expected_mean_s": expected["mean_s"],
            "worst_safe": int(worst["safe"]),
            "worst_scenario": worst["scenario"],
            "safe": self.evaluation.table["safe"].tolist(),
        }


def assign_robust(
    scenarios: Sequence[Scenario],
    assign: Assign,
    measure: str,
    *,
    probabilities: ArrayLike | None = None,
    progress: Progress | None = None,
) -> Plan:
    """Find a plan that is good over all scenarios.

    Plans are made for each scenario; for the worst of all at once, and once more with the ways
    likeliest to be open for those whom that cuts off; and for their expected walking times with
    links closed above several probabilities. Each is played in all scenarios, and the best is
    taken. Whoever is safe in no scenario is taken out of it; those whom it leaves, but whom some
    scenario could serve beside the others, are added.

    Parameters
    ----------
    scenarios
        With the same network, people, shelters and deadline.
    assign
        Plans one scenario.
    measure
        "expected" or "worst": whether the expected number of people safe counts, or the number in
        the worst scenario.
    probabilities
        Weights of the scenarios; equal by default.
    progress
        Called with the stage and the share of it that is done (0..1).

    Returns
    -------
    Plan
        Its scenario is the one it was made for, with more ways open for those who were added;
        ``settings["robust"]`` says which that is, and what it and the others achieve.

    Raises
    ------
    InputError
        If there is no scenario, they differ in more than their hazards, or the measure is unknown.
    """
    start = time.perf_counter()
    if measure not in MEASURES:
        raise InputError(f"robust is {measure!r}, expected one of {', '.join(MEASURES)}")
    several = check(scenarios)
    weight = shares(probabilities, len(several))
    tried: list[Candidate] = []
    n_at_most = len(several) + len(MOST_CLOSED) + 2
    for trial in _worth_trying(several, weight, tried):
        plan = trial.solve(assign, _part(progress, trial.name, len(tried), n_at_most))
        tried.append(Candidate(trial.name, plan, evaluate(plan, several, probabilities=weight)))
        if plan.settings.get("stopped") == "interrupted":
            # As with one scenario, Ctrl-C means: the best so far.
            break
    best = max(tried, key=lambda one: one.merit(measure))
    final, told = best, {"withdrawn": 0, "added": 0}
    # What people do by themselves is not mended, and Ctrl-C means at once.
    stopped = tried[-1].plan.settings.get("stopped") == "interrupted"
    if best.plan.method != "nearest" and not stopped:
        final, told = _with_those_left(best, several, weight)
    record = {
        "measure": measure,
        "scenarios": len(several),
        "probabilities": None if probabilities is None else weight.tolist(),
        "chosen": best.name,
        **told,
        **final.figures(),
        "candidates": {one.name: one.figures() for one in tried},
    }
    return replace(
        final.plan,
        settings={**final.plan.settings, "robust": record},
        seconds={**final.plan.seconds, "assign": time.perf_counter() - start},
    )


def _with_those_left(
    best: Candidate, scenarios: Sequence[Scenario], weight: NDArray[np.float64]
) -> tuple[Candidate, dict[str, int]]:
    """Take from the best plan who is safe in no scenario, and add those left; count both."""
    plan = best.plan
    at_risk = best.evaluation.at_risk["movement_id"].to_numpy(np.int64)
    often = np.bincount(at_risk, minlength=len(plan.movements))
    rest = without_hope(plan, often < len(scenarios))
    full = add_left(rest, scenarios, weight)
    told = {"withdrawn": plan.placed - rest.placed, "added": full.placed - rest.placed}
    if full is plan:
        return best, told
    found = evaluate(full, scenarios, probabilities=weight)
    return replace(best, plan=full, evaluation=found), told


def check(given: Iterable[Any]) -> tuple[Scenario, ...]:
    """Check that scenarios differ in their hazards only.

    Raises
    ------
    InputError
        If there is none, or one differs from the first; all faults are named.
    """
    scenarios = tuple(given)
    faults = Faults("scenarios")
    if not scenarios:
        faults.add("there is none")
    for i, one in enumerate(scenarios):
        if not isinstance(one, Scenario):
            faults.add(f"scenario {i} is {one!r}, expected a Scenario")
            continue
        if not isinstance(scenarios[0], Scenario):
            continue
        parts = unlike(scenarios[0], one)
        if one.deadline_s != scenarios[0].deadline_s:
            parts.append("deadline")
        if parts:
            faults.add(
                f"scenario {i}: {', '.join(parts)} not as in scenario 0; make them of one, by "
                "scenario.with_hazard(...)"
            )
    faults.raise_if_any()
    return scenarios


def _worth_trying(
    scenarios: Sequence[Scenario], weight: NDArray[np.float64], tried: Sequence[Candidate]
) -> Iterator[Trial]:
    """Give what to make plans for, nothing twice; `tried` grows meanwhile."""
    seen: list[Scenario] = []

    def is_new(scenario: Scenario) -> bool:
        if any(_alike(scenario, other) for other in seen):
            return False
        seen.append(scenario)
        return True

    for i, scenario in enumerate(scenarios):
        if is_new(scenario):
            yield Trial(f"scenario {i}", scenario)
    if len(seen) == 1:
        return
    first = scenarios[0]
    several = [one.link_times for one in scenarios]
    hazards = tuple(one for case in scenarios for one in as_hazards(case.hazard))
    laid = overlay(several, len(first.group_classes), first.deadline_s)
    worst = laid.worst()
    case = first.with_hazard(Combined(worst, hazards))
    if is_new(case):
        yield Trial("worst case", case)
    # One of the scenarios may be the worst case itself.
    plan = next(one.plan for one, of in zip(tried, seen, strict=True) if _alike(case, of))
    cut_off = np.unique(plan.movements.left_group).astype(np.int64)
    opened = open_ways(case, laid, weight, cut_off)
    case = first.with_hazard(Combined(opened, hazards))
    if is_new(case):
        name = "worst case, likely ways for those cut off"
        yield Trial(name, case, _apart(first, worst, opened, cut_off, hazards))
    for limit in MOST_CLOSED:
        case = first.with_hazard(Combined(laid.expected(weight, limit), hazards))
        if is_new(case):
            yield Trial(f"expected times, closed above {limit:.0%}", case)


def _alike(one: Scenario, other: Scenario) -> bool:
    """Whether streets, shelters, groups and boats are the same: then one plan does for both."""
    for name in ("link_times", "shelters", "gathered"):
        mine, theirs = getattr(one, name), getattr(other, name)
        if mine is not theirs and not mine.equals(theirs):
            return False
    if one.rides is None or other.rides is None:
        return one.rides is other.rides
    return one.rides.equals(other.rides)


def _apart(
    scenario: Scenario,
    worst: LinkTimes,
    opened: LinkTimes,
    groups: NDArray[np.int64],
    hazards: tuple[Hazard, ...],
) -> Scenario:
    """Put groups into classes of their own, to whom alone ways are opened that may be closed."""
    old, members = scenario.group_classes, scenario.gathered
    n = len(old)
    class_ = members.class_.copy()
    moved, number = np.unique(class_[groups], return_inverse=True)
    class_[groups] = n + number.ravel()
    both = np.append(np.arange(n), moved)
    columns = {f.name: getattr(old, f.name)[both] for f in fields(old)}
    columns["class_id"][n:] = [f"{name} (cut off)" for name in old.class_id[moved]]
    parts = [times for k in range(n) if len(times := _rows_of(worst, k, k))]
    parts += [_rows_of(opened, int(k), n + i) for i, k in enumerate(moved)]
    return Scenario(
        scenario.network, replace(members, class_=class_), scenario.shelters,
        classes=Classes(**columns), deadline=scenario.deadline_s,
        hazard=Combined(LinkTimes.joined(parts), hazards), boats=scenario.boats,
    )  # fmt: skip


def _rows_of(times: LinkTimes, class_: int, becomes: int) -> LinkTimes:
    """Give the rows that count for a class, as those of another."""
    some = np.flatnonzero((times.class_ == class_) | (times.class_ == EVERY))
    return LinkTimes(
        times.link[some], np.full(len(some), becomes), times.from_s[some], times.to_s[some],
        times.speed_factor[some], water=times.water[some],
    )  # fmt: skip


def open_ways(
    scenario: Scenario, laid: Overlay, weight: NDArray[np.float64], groups: NDArray[np.int64]
) -> LinkTimes:
    """Take the worst case, but open to some groups' classes the way that is likeliest to be open.

    The way is the one with the least walking time / deadline - log(probability that no link of it
    is ever closed), links taken as independent: being stopped counts as much as the time until the
    deadline. The link on which they stand is opened too. Where others of the class set out on a
    link, it stays as it is until they are out of it: they leave when the worst case lets them.

    Parameters
    ----------
    scenario
        The worst case.
    laid
        Factors of all scenarios.
    weight
        Their probabilities.
    groups
        Positions of the groups whose ways are opened.
    """
    factor = laid.factor.min(axis=0, initial=1.0)
    if not len(laid.link):
        return laid.rows(factor)
    mean = laid.mean(weight)
    first = np.flatnonzero(np.diff(laid.link, prepend=-1))
    ever = np.logical_or.reduceat(laid.factor == 0.0, first, axis=2)
    ever_closed = np.tensordot(weight, ever, axes=1)
    varying = laid.link[first]
    network, classes = scenario.network, scenario.group_classes
    walk = classes.walk_seconds(network)
    for k in np.unique(scenario.groups.class_[groups]):
        closed = np.zeros(network.n_links)
        closed[varying] = ever_closed[k]
        usable = np.isfinite(walk[k]) & (closed < 1 - 1e-9) & (network.capacity > 0)
        cost = np.full(network.n_links, np.inf)
        cost[usable] = walk[k][usable] / scenario.deadline_s - np.log1p(-closed[usable])
        mine = groups[scenario.groups.class_[groups] == k]
        on_way = _ways(scenario, cost, bool(classes.step_free[k]), scenario.groups.node[mine])
        first_walks, until = _setting_out(scenario, k, mine)
        on_way[first_walks] = True
        opened = on_way[laid.link] & (laid.begin >= until[laid.link])
        factor[k, opened] = np.where(factor[k, opened] == 0.0, mean[k, opened], factor[k, opened])
    return laid.rows(factor)


def _setting_out(
    scenario: Scenario, k: int, groups: NDArray[np.int64]
) -> tuple[NDArray[np.int32], NDArray[np.float64]]:
    """Find the links on which groups of a class set out, and until when others of it do on each."""
    walks, until = scenario.gathered.walks, np.zeros(scenario.network.n_links)
    arrive = scenario.setting.arrive
    mine = np.isin(walks.group, groups)
    others = ~mine & (scenario.gathered.class_[walks.group] == k) & np.isfinite(arrive)
    np.maximum.at(until, walks.link[others], arrive[others])
    return walks.link[mine], until


def _ways(
    scenario: Scenario, cost: NDArray[np.float64], step_free: bool, nodes: NDArray[np.int32]
) -> NDArray[np.bool_]:
    """Find the links of the cheapest ways from nodes to any shelter with places."""
    network, shelters = scenario.network, scenario.shelters
    n = network.n_nodes
    places = shelters.step_free_capacity if step_free else shelters.capacity
    doors = np.unique(shelters.node[places > 0])
    on_way = np.zeros(network.n_links, bool)
    links = np.flatnonzero(np.isfinite(cost))
    # Of links between the same nodes only the cheapest; the graph runs from the shelters back.
    order = links[np.lexsort((links, cost[links]))]
    key = network.to_node[order].astype(np.int64) * n + network.from_node[order]
    key, at = np.unique(key, return_index=True)
    link = order[at]
    if not len(doors) or not len(link):
        return on_way
    shape = (n, n)
    # A link of no cost would be none to scipy.
    graph = sp.csr_matrix((np.maximum(cost[link], 1e-12), (key // n, key % n)), shape=shape)
    _, towards, _ = dijkstra(graph, indices=doors, min_only=True, return_predecessors=True)
    for node in np.unique(nodes).tolist():
        while towards[node] >= 0:
            found = link[np.searchsorted(key, int(towards[node]) * n + node)]
            if on_way[found]:
                break
            on_way[found] = True
            node = int(towards[node])
    return on_way


def _part(progress: Progress | None, what: str, i: int, n: int) -> Progress | None:
    """Tell the progress of one of `n` plans as that of all."""
    if progress is None:
        return None
    most = 0.0

    def tell(stage: str, share: float) -> None:
        nonlocal most
        most = max(most, share)
        progress(f"{what}: {stage}", (i + most) / n)

    return tell
