"""Ghosts against people: do those who take no room arrive when real ones would have?::

    python tests/benchmarks/test_ghosts.py --draws 20

Ghosts walk ways to other shelters through what held people up in a run. The same trips are then put
into the plan as people of flesh, some at a time, and played again with the same seed.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))

from results import add_option, record

import evacroute as er
from evacroute.scoring.ways import Ways
from evacroute.simulation.crowd import LED_BY
from evacroute.training.building import build, make_plan
from evacroute.training.ghosts import ghosts as draw_ghosts
from evacroute.training.ghosts import walk_ghosts
from evacroute.training.sampler import Draw, draw
from evacroute.training.trips import LONGER, MOST, behaviour_of, physics_of

AT_ONCE = 20
"""So many trips are put into a plan, of some hundreds to thousands of people."""


def compare(drawn: Draw) -> tuple[np.ndarray, np.ndarray, np.ndarray, float]:
    """Arrivals of ghosts and of people, when they set out, and the deadline [s].

    People stray as the draw says; of those put into the plan the ones who follow it count.
    """
    drawn = replace(drawn, physics=replace(drawn.physics, delay_s=0.0, speed_spread=0.05))
    own = build(drawn)
    # As groups: then everybody walks at the pace of their class, the ghosts as well.
    scenario = er.Scenario(
        own.network, own.groups, own.shelters, classes=own.group_classes,
        deadline=own.deadline_s, hazard=own.hazard,
    )  # fmt: skip
    plan = make_plan(drawn, scenario)
    options = {
        "behaviour": replace(behaviour_of(drawn), speed_spread=0.0),
        "physics": physics_of(drawn),
        "seed": 1,
        "until": LONGER * scenario.deadline_s,
    }
    run = er.simulate(plan, **options)
    chance = np.random.default_rng([drawn.key, 21])
    found = draw_ghosts(scenario, Ways(scenario), run, plan.movements, drawn, chance, MOST)
    trips, group = found.trips, found.group
    alone = np.flatnonzero(trips.size == 1)[:AT_ONCE]
    ghosts = walk_ghosts(run, trips)[alone]
    plan = replace(plan, movements=with_trips(plan.movements, trips, group, alone), roster=None)
    again = er.simulate(plan, **options)
    first = len(plan.movements) - len(alone)
    came, follows = np.full(len(alone), np.inf), np.zeros(len(alone), bool)
    for i in range(len(alone)):
        (party,) = np.flatnonzero(again.movement == first + i)
        follows[i] = LED_BY[again.led_by[party]] == "plan"
        if np.isfinite(again.arrive[party]):
            came[i] = again.arrive[party]
    return ghosts[follows], came[follows], trips.depart[alone][follows], scenario.deadline_s


def with_trips(moves, trips, group, some):
    """The movements with some trips put behind them."""
    count = np.diff(trips.ptr)[some]
    links = [trips.link[trips.ptr[i] : trips.ptr[i + 1]] for i in some]
    link = np.concatenate([moves.leg_link, *links])
    added = int(count.sum())
    depart = trips.depart[some]
    return replace(
        moves,
        group=np.append(moves.group, group[some]),
        shelter=np.append(moves.shelter, trips.shelter[some]),
        size=np.append(moves.size, np.ones(len(some), np.int32)),
        depart=np.append(moves.depart, depart),
        arrive=np.append(moves.arrive, depart),
        leg_ptr=np.append(moves.leg_ptr, moves.leg_ptr[-1] + np.cumsum(count)),
        leg_link=link,
        leg_enter=np.append(moves.leg_enter, np.zeros(added)),
        leg_leave=np.append(moves.leg_leave, np.zeros(added)),
    )


@pytest.mark.parametrize("index", [0, 6])
def test_ghosts_arrive_when_people_do(index: int) -> None:
    """Where all follow the plan, ghosts and people of flesh agree on who is in time, mostly."""
    drawn = draw(3, index, ("grid", "district"))
    calm = replace(drawn, physics=replace(drawn.physics, compliance=1.0), hazard="none")
    ghosts, people, depart, deadline = compare(replace(calm, people=1500))
    both = np.isfinite(ghosts) & np.isfinite(people)
    assert both.mean() > 0.8
    off = np.abs(ghosts - people)[both] / (people - depart)[both].clip(30)
    assert np.median(off) < 0.1
    assert ((ghosts <= deadline) == (people <= deadline)).mean() >= 0.9


def main() -> None:
    """Print how far apart they are over many draws."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("::")[0])
    parser.add_argument("--draws", type=int, default=20)
    add_option(parser)
    asked = parser.parse_args()
    rows = []
    for compliance in (1.0, None):
        case = "all follow the plan" if compliance else "people stray as their draws say"
        print(case)
        rows.append({"case": case, **tell(asked.draws, compliance)})
    record("ghosts", rows, folder=asked.results)


def tell(draws: int, compliance: float | None) -> dict[str, Any]:
    """Print it for one compliance, None = that of each draw; the figures, times in s."""
    parts = []
    for index in range(draws):
        drawn = draw(3, index)
        if compliance is not None:
            drawn = replace(drawn, physics=replace(drawn.physics, compliance=compliance))
        parts.append(compare(drawn))
    ghosts, people, depart = (np.concatenate([part[i] for part in parts]) for i in range(3))
    deadline = np.concatenate([np.full(len(part[0]), part[3]) for part in parts])
    both = np.isfinite(ghosts) & np.isfinite(people)
    off, took = ghosts[both] - people[both], people[both] - depart[both]
    agree = ((ghosts <= deadline) == (people <= deadline)).mean()
    row = {
        "draws": draws, "trips": len(ghosts), "both_arrive": float(both.mean()),
        "taken": float(took.mean()), "later_mean": float(off.mean()),
        "apart_mean": float(np.abs(off).mean()), "apart_median": float(np.median(np.abs(off))),
        "same_answer": float(agree),
    }  # fmt: skip
    print(f"{row['trips']} trips of {draws} draws; both arrive {row['both_arrive']:.1%}")
    print(
        f"mean time taken {row['taken']:.0f} s; ghosts minus people: mean "
        f"{row['later_mean']:+.1f} s, mean of |.| {row['apart_mean']:.1f} s, median of |.| "
        f"{row['apart_median']:.1f} s"
    )
    print(f"the same answer to 'in time?': {row['same_answer']:.1%}")
    return row


if __name__ == "__main__":
    main()
