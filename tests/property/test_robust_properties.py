"""Robust plans against those of single scenarios, and against a search for whom they forgot."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from conftest import drawn
from drawn_hazards import boats, link_times
from drawn_scenes import exact_scenes, scenes
from hypothesis import given, settings
from hypothesis import strategies as st

import evacroute as er
from evacroute._adding import add_left
from evacroute.people import FirstWalks

STEP = 10
METHODS = ["earliest_arrival", "shelter_flow"]
Case = tuple[list[er.Scenario], list[float]]


def standing(draw: st.DrawFn, scenario: er.Scenario) -> er.Scenario:
    """The scenario with some groups part-way on a link that leads to their node."""
    network, groups = scenario.network, scenario.groups
    rows, ready = [], groups.ready_time.copy()
    for g, node in enumerate(groups.node.tolist()):
        into = np.flatnonzero(network.to_node == node)
        if not len(into) or not draw(st.booleans()):
            continue
        link = int(into[draw(st.integers(0, 99)) % len(into)])
        metres = 10.0 * draw(st.integers(1, max(1, int(network.length[link]) // 10)))
        begin = 10.0 * draw(st.integers(0, 4))
        metres = min(metres, float(network.length[link]))
        rows.append((g, link, metres, 1.0, begin))
        ready[g] = max(ready[g], begin + metres)
    walks = FirstWalks(*zip(*rows, strict=True)) if rows else FirstWalks.none()
    return er.Scenario(
        network, replace(groups, ready_time=ready, walks=walks), scenario.shelters,
        classes=scenario.group_classes, deadline=scenario.deadline_s, boats=scenario.boats,
    )  # fmt: skip


def closures(scenario: er.Scenario, seed: int, share: float) -> er.LinkTimes:
    """A share of the links closed, most of them for good, and more of those people stand on."""
    rng = np.random.default_rng(seed)
    odds = np.full(scenario.network.n_links, share)
    odds[scenario.gathered.walks.link] = max(share, 0.4)
    link = np.flatnonzero(rng.random(len(odds)) < odds)
    begin = STEP * rng.choice([0, 0, 0, 3, 9], len(link)).astype(float)
    end = begin + STEP * rng.choice([4, 12, np.inf, np.inf, np.inf], len(link))
    return er.LinkTimes(link, np.full(len(link), -1), begin, end, np.zeros(len(link)))


@st.composite
def exact_cases(draw: st.DrawFn) -> Case:
    """Two or three scenarios of one class on whole steps, in which links are closed for a while."""
    base = draw(exact_scenes())
    if draw(st.booleans()):
        # Not so tight: then it is the closures for which people are left.
        base = replace(base, deadline=base.deadline_s + 300)
    base = standing(draw, base)
    n = draw(st.integers(2, 3))
    seed, share = draw(st.integers(0, 9999)), draw(st.sampled_from([0.1, 0.3, 0.5]))
    every = [closures(base, 10 * seed + i, share) for i in range(n)]
    weight = draw(st.lists(st.sampled_from([0.1, 0.5, 0.9]), min_size=n, max_size=n))
    return [base.with_hazard(one) for one in every], weight


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """Two or three scenarios of anything: households, slow streets, some with boats."""
    base = draw(scenes())
    if draw(st.booleans()):
        base = draw(boats(base))
    base = standing(draw, base)
    n = draw(st.integers(2, 3))
    seed, share = draw(st.integers(0, 9999)), draw(st.sampled_from([0.0, 0.2, 0.4]))
    hazards = [[draw(link_times(base)), closures(base, 10 * seed + i, share)] for i in range(n)]
    weight = draw(st.lists(st.sampled_from([0.1, 0.5, 0.9]), min_size=n, max_size=n))
    return [base.with_hazard(one) for one in hazards], weight


def no_worse(plan: er.Plan, case: Case, method: str, measure: str) -> None:
    """Compare with the plan of every scenario, played in all."""
    several, weight = case
    mine = er.evaluate(plan, several, probabilities=weight)
    said = plan.settings["robust"]
    assert said["safe"] == mine.table["safe"].tolist()
    assert said["expected_safe"] == pytest.approx(mine.expected["safe"], abs=1e-5)
    for one in several:
        other = er.evaluate(er.assign(one, method), several, probabilities=weight)
        if measure == "expected":
            assert mine.expected["safe"] >= other.expected["safe"] - 1e-6
        else:
            assert mine.worst["safe"] >= other.worst["safe"]


@given(cases(), st.sampled_from(METHODS), st.sampled_from(["expected", "worst"]))
@settings(max_examples=drawn(40))
def test_no_single_scenarios_plan_is_better(case: Case, method: str, measure: str) -> None:
    """By its measure no plan of one scenario is better; every rule is kept, read from files too.

    Nobody is placed who is safe in no scenario.
    """
    several, weight = case
    plan = er.assign(several, method, robust=measure, probabilities=weight)
    no_worse(plan, case, method, measure)
    assert (er.evaluate(plan, several).odds["odds"] > 0).all()
    assert er.verify(plan).broken == ()
    with tempfile.TemporaryDirectory() as folder:
        plan.save(Path(folder) / "plan")
        assert er.verify(er.read_plan(Path(folder) / "plan")).broken == ()


def is_open(times: er.LinkTimes, link: int, begin: float, end: float) -> bool:
    """Whether no row closes the link at any time from one to another."""
    return not any(
        times.link[i] == link and times.from_s[i] < end and begin < times.to_s[i]
        for i in range(len(times))
    )


def ready_at(scenario: er.Scenario, group: int) -> float:
    """When a group is at its node, by trying whole steps; inf where it never is in time."""
    groups, deadline = scenario.gathered, scenario.deadline_s
    ready = float(groups.ready_time[group])
    for i in np.flatnonzero(groups.walks.group == group).tolist():
        link, metres = int(groups.walks.link[i]), float(groups.walks.metres[i])
        leave = float(groups.walks.ready[i])
        while not is_open(scenario.link_times, link, leave, leave + metres):
            leave += STEP
            if leave >= deadline:
                return np.inf
        ready = max(ready, leave + metres)
    return ready


def could_come(plan: er.Plan, scenario: er.Scenario, group: int) -> bool:
    """Whether one more of a group finds a way in a scenario beside all who have one, step by step.

    For one class that walks 1 m/s on links of whole steps.
    """
    network, shelters, moves = scenario.network, scenario.shelters, plan.movements
    entered: dict[tuple[int, int], int] = {}
    admitted: dict[tuple[int, int], int] = {}
    filled = np.zeros(len(shelters))
    for i in range(len(moves)):
        n = int(moves.size[i])
        for leg in range(moves.leg_ptr[i], moves.leg_ptr[i + 1]):
            key = int(moves.leg_link[leg]), round(moves.leg_enter[leg] / STEP)
            entered[key] = entered.get(key, 0) + n
        key = int(moves.shelter[i]), round(moves.arrive[i] / STEP)
        admitted[key] = admitted.get(key, 0) + n
        filled[moves.shelter[i]] += n
    ready = ready_at(scenario, group)
    last = int(scenario.deadline_s // STEP)
    if not np.isfinite(ready):
        return False
    there = {(int(scenario.gathered.node[group]), int(np.ceil(ready / STEP)))}
    for slot in range(last + 1):
        for node in [n for n, t in there if t == slot]:
            for s in np.flatnonzero(
                (shelters.node == node) & (filled < shelters.capacity)
            ).tolist():
                if admitted.get((s, slot), 0) + 1 <= shelters.intake_rate[s] * STEP + 1e-9:
                    return True
            there.add((node, slot + 1))
            for link in np.flatnonzero(network.from_node == node).tolist():
                took = round(network.length[link] / STEP)
                room = network.capacity[link] * STEP + 1e-9
                begin, end = slot * STEP, (slot + took) * STEP
                if entered.get((link, slot), 0) + 1 > room or slot + took > last:
                    continue
                if is_open(scenario.link_times, link, begin, end):
                    there.add((int(network.to_node[link]), slot + took))
    return False


@given(exact_cases(), st.sampled_from(["expected", "worst"]))
@settings(max_examples=drawn(200))
def test_nobody_is_left_who_could_come_for_free(case: Case, measure: str) -> None:
    """Whoever is left finds no way beside the others in any scenario, by a slow search."""
    several, weight = case
    plan = er.assign(several, "earliest_arrival", robust=measure, probabilities=weight)
    for group in np.unique(plan.movements.left_group).tolist():
        for one in several:
            assert not could_come(plan, one, group)


@given(st.one_of(exact_cases(), cases()))
@settings(max_examples=drawn(100))
def test_who_is_added_costs_nobody_anything(case: Case) -> None:
    """Beside those who are added everyone keeps way and times, and is safe where they were."""
    several, weight = case
    share = np.array(weight) / sum(weight)
    for one in several:
        plan = er.assign(one, "earliest_arrival")
        more = add_left(plan, several, share)
        assert er.verify(more).broken == ()
        before = er.evaluate(plan, several).table["safe"]
        after = er.evaluate(more, several).table["safe"]
        assert (after >= before).all()
        assert after.sum() - before.sum() >= more.placed - plan.placed >= 0
