"""End to end: plans with odds in their cost, judged in a simulator that nobody here wrote::

    python tests/benchmarks/test_scored_plans.py --draws 60

Scenarios on cities that the scorer has not seen are planned four ways: everybody to the nearest
shelter; by the walking times in empty streets, with the room of shelters and doors alone; by time
in streets with their limits; and by that and odds. Each plan is played in jupedsim-network with
the physics of its draw, in which a person is the same whatever the plan: follows it or not, sets
out as late, walks as fast. Whom a plan leaves, as it reckons that they cannot be in time, tries to
reach a place that it leaves all the same, by the walking times in empty streets. Who is in no
shelter by the deadline is late.
"""

from __future__ import annotations

import argparse
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))

from results import add_option, record

import evacroute as er
from evacroute.judging import places_left
from evacroute.training.building import build
from evacroute.training.hydraulic import play_draw
from evacroute.training.sampler import Draw, draw
from evacroute.training.trips import LONGER
from evacroute.training.worlds import UNSEEN

WAYS = ("nearest", "free flow", "time alone", "time and odds")

WEIGHT = 600.0


def plans(drawn: Draw, weight: float) -> dict[str, er.Plan]:
    """Plan a draw four ways."""
    scenario = build(drawn)
    empty = er.Scenario(
        empty_streets(scenario), scenario.people, scenario.shelters, deadline=scenario.deadline_s,
        hazard=scenario.hazard,
    )  # fmt: skip
    free = er.assign(empty, "shelter_flow", polish=0)
    return {
        "nearest": er.assign(scenario, "nearest"),
        "free flow": replace(free, scenario=scenario),
        "time alone": er.assign(scenario, "shelter_flow", polish=0),
        "time and odds": er.assign(
            scenario, "shelter_flow", polish=0, scorer="default", safety_weight=weight
        ),
    }


def with_the_left(plan: er.Plan) -> er.Plan:
    """The plan, in which those whom it leaves try to reach the places that it leaves."""
    scenario, moves, groups = plan.scenario, plan.movements, plan.scenario.groups
    left = np.bincount(moves.left_group, moves.left_size, len(groups)).astype(np.int32)
    some = np.flatnonzero((left > 0) & ~scenario.cut_off)
    rest = np.maximum(places_left(scenario, moves), 0)
    if not len(some) or not rest[0].any():
        return plan
    theirs = er.Groups(
        groups.group_id[some], groups.node[some], groups.class_[some], groups.ready_time[some],
        left[some], groups.together[some],
    )  # fmt: skip
    open_ = er.Scenario(
        empty_streets(scenario), theirs,
        replace(scenario.shelters, capacity=rest[0], step_free_capacity=rest[1]),
        classes=scenario.group_classes, deadline=LONGER * scenario.deadline_s,
        hazard=scenario.hazard,
    )  # fmt: skip
    more = er.assign(open_, "shelter_flow", polish=0).movements
    none = np.zeros(0)
    names = ("shelter", "size", "depart", "arrive", "leg_link", "leg_enter", "leg_leave")
    columns = {name: np.concatenate([getattr(moves, name), getattr(more, name)]) for name in names}
    movements = replace(
        moves, **columns, group=np.concatenate([moves.group, some[more.group]]),
        leg_ptr=np.concatenate([moves.leg_ptr, moves.leg_ptr[-1] + more.leg_ptr[1:]]),
        left_group=none, left_size=none, left_reason=none,
    )  # fmt: skip
    return replace(plan, movements=movements, roster=None, scores=None)


def empty_streets(scenario: er.Scenario) -> er.Network:
    """The network, in which no street is ever full."""
    return replace(scenario.network, capacity=np.full(scenario.network.n_links, 1e4))


def late(plan: er.Plan, drawn: Draw) -> int:
    """Persons who are in no shelter by the deadline."""
    arrived = play_draw(with_the_left(plan), drawn)
    return plan.scenario.persons - int((arrived <= plan.scenario.deadline_s).sum())


def drawn_for(index: int) -> Draw:
    """Draw a scenario of a city that the scorer has not seen, of a seed that it has not seen."""
    return replace(draw(17, index, UNSEEN), method="shelter_flow")


def fewer(count: np.ndarray, other: int) -> tuple[float, float, float]:
    """Share by which fewer are late by time and odds, and its 95 % interval over draws."""
    chance = np.random.default_rng(0)
    sums = count[chance.integers(len(count), size=(2000, len(count)))].sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        found = 1 - sums[:, -1] / sums[:, other]
    low, high = np.nanquantile(found, [0.025, 0.975])
    total = count.sum(axis=0)
    return float(1 - total[-1] / total[other]), float(low), float(high)


@pytest.mark.parametrize("index", [4])
def test_fewer_are_late_than_to_the_nearest(index: int) -> None:
    """Where people are many, the plan with odds has fewer late than everybody to the nearest."""
    drawn = replace(drawn_for(index), people=2000, hazard="none", places_open=12, room=1.5)
    made = plans(drawn, WEIGHT)
    count = {way: late(made[way], drawn) for way in WAYS}
    print(count)
    assert count["time and odds"] < count["nearest"]


def main() -> None:
    """Print who is late, and by how much fewer, with intervals over draws."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("::")[0])
    parser.add_argument("--draws", type=int, default=60)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--weight", type=float, default=WEIGHT)
    add_option(parser)
    asked = parser.parse_args()
    rows, persons = [], 0
    for index in range(asked.first, asked.first + asked.draws):
        drawn = drawn_for(index)
        begin = time.perf_counter()
        made = plans(drawn, asked.weight)
        rows.append([late(made[way], drawn) for way in WAYS])
        persons += drawn.people
        print(
            f"{index:>4} {drawn.world:<16} {drawn.people:>6} {drawn.hazard:<11}",
            *(f"{n:>7}" for n in rows[-1]), f"{time.perf_counter() - begin:6.1f} s", flush=True,
        )  # fmt: skip
    count = np.array(rows, np.float64)
    total = count.sum(axis=0)
    print(f"\n{persons:,} persons; late:", {w: int(n) for w, n in zip(WAYS, total, strict=True)})
    same = {"draws": asked.draws, "persons": persons}
    figures = [{"case": WAYS[-1], **same, "late": int(total[-1])}]
    for other, way in enumerate(WAYS[:-1]):
        value, low, high = fewer(count, other)
        better = int((count[:, -1] < count[:, other]).sum())
        worse = int((count[:, -1] > count[:, other]).sum())
        print(
            f"time and odds: {value:.1%} ({low:.1%} to {high:.1%}) fewer than {way}; "
            f"fewer in {better} draws, more in {worse}"
        )
        figures.append({
            "case": way, **same, "late": int(total[other]), "fewer": value, "low": low,
            "high": high, "fewer_in": better, "more_in": worse,
        })  # fmt: skip
    record("scored_plans", figures, folder=asked.results)


if __name__ == "__main__":
    main()
