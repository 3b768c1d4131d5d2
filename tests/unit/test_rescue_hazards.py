"""Rescue under hazards: nobody is asked to walk, and no crew is sent, through a closed street."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from networks import corridor, diamond
from stranded import fleet, plan_leaving

import evacroute as er
from evacroute.rescue.walking import blocked_links

INF = float("inf")


def times(*rows: tuple[int, int, float, float]) -> er.LinkTimes:
    """Closed links: (link, class, from, to)."""
    link, class_, begin, end = zip(*rows, strict=True)
    return er.LinkTimes(link, class_, begin, end, [0.0] * len(rows))


def plan_with(hazard: Any, *rows: Any, network: er.Network | None = None, **more: Any) -> er.Plan:
    """A plan that leaves everybody, in a scenario with a hazard."""
    plan = plan_leaving(network or corridor(5, 50.0), *rows, **more)
    return replace(plan, scenario=plan.scenario.with_hazard(hazard))


@pytest.mark.parametrize(
    "closed, pickups",
    [
        ([(0, -1, 0, INF), (1, -1, 0, INF)], 2),
        ([(0, 1, 0, INF), (1, 1, 0, INF)], 1),
        ([(0, -1, 1800, 2400), (1, -1, 1800, 2400)], 2),
        ([(0, -1, 0, 300), (1, -1, 0, 300)], 1),
    ],
)
def test_nobody_walks_to_a_pick_up_through_a_closed_street(closed: list[Any], pickups: int) -> None:
    """Closed to them at any time from when they are ready (600 s) on: each has their own place."""
    plan = plan_with(times(*closed), (0, 2, 600.0), (1, 3, 600.0))
    assert len(er.rescue(plan, radius=80).pickups) == pickups


def test_crews_go_round_what_is_closed_for_good() -> None:
    """A team takes the long way where the short one is blocked, and draws it so."""
    network = diamond()
    plan = plan_leaving(network, (3, 1), shelters=((0, 10),))
    teams = fleet(network, ("stretcher team", 0, 1, 1, 1.0))
    dry = er.rescue(plan, teams)
    first = dry.lines["V0"]
    through = {tuple(np.round(point, 6)) for point in first}
    node = next(
        i
        for i in (1, 2)
        if (round(float(network.lon[i]), 6), round(float(network.lat[i]), 6)) in through
    )
    links = np.flatnonzero((network.from_node == node) | (network.to_node == node))
    blocked = plan.scenario.with_hazard(times(*[(int(i), -1, 60.0, INF) for i in links]))
    wet = er.rescue(replace(plan, scenario=blocked), teams)
    again = {tuple(np.round(point, 6)) for point in wet.lines["V0"]}
    assert (round(float(network.lon[node]), 6), round(float(network.lat[node]), 6)) not in again
    # Open again by the deadline, or open to somebody: crews may pass.
    for rows in (
        [(int(i), -1, 60.0, 900.0) for i in links],
        [(int(i), 1, 0.0, INF) for i in links],
    ):
        passes = er.rescue(replace(plan, scenario=plan.scenario.with_hazard(times(*rows))), teams)
        assert passes.lines["V0"] == first


def test_no_team_gets_through_where_all_ways_are_blocked() -> None:
    """The only street is closed to everyone for good: the pick-up is not reached, and why."""
    network = corridor(3, 50.0)
    plan = plan_with(times((2, -1, 0, INF), (3, -1, 0, INF)), (3, 1), network=network)
    found = er.rescue(plan, fleet(network, ("stretcher team", 0, 1, 1, 1.0)))
    assert found.summary().reached == 0
    assert len(found.unreached) == 1


def test_whoever_is_cut_off_in_their_street_stays() -> None:
    """Who cannot set out is asked to walk nowhere, and is carried to a boat."""
    scenario = er.lagoon(people=2000, hazard=er.Earthquake(seed=1, intensity="VIII"))
    plan = er.assign(scenario)
    found = er.rescue(plan)
    people = found.people.assign(stays=_stay(plan, found.people))
    at = dict(zip(found.pickups["pickup_id"], found.pickups["node_id"], strict=True))
    staying = people[people["stays"]]
    assert len(staying)
    assert (staying["pickup_id"].map(at) == staying["node_id"]).all()
    mine = found.pickups[found.pickups["pickup_id"].isin(staying["pickup_id"])]
    reached = mine["landing_m"] > 0
    assert mine.loc[reached, "carry_to_landing"].all()


def _stay(plan: er.Plan, people: pd.DataFrame) -> np.ndarray:
    ids = plan.scenario.groups.group_id[plan.scenario.cut_off]
    return people["group_id"].isin(ids).to_numpy()


def test_links_are_blocked_by_class_and_time() -> None:
    """The table of closed links against one made row by row."""
    plan = plan_with(times((0, 1, 0, 300), (2, -1, 900, INF), (4, 0, 900, INF)), (0, 1))
    found = blocked_links(plan.scenario, np.array([0.0, 600.0]))
    assert np.flatnonzero(found.people[0]).tolist() == [2, 4]
    assert np.flatnonzero(found.people[1]).tolist() == [2]
    assert np.flatnonzero(found.crews).tolist() == [2]
    nobody = blocked_links(plan.scenario, np.array([INF, INF]))
    assert not nobody.people[:, 0].any()
