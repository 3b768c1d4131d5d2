"""Hazards and boats on the fixed instance of 100,000 people in Venice.

Inputs from the shared folder: bench/venice_100k, the tide of November 2019, the stops of ACTV.
Heights are modelled, as no survey of the pavement is at hand.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from conftest import missing
from great_bridges import GREAT_BRIDGES, bridge_links
from gtfs_files import actv_feed

import evacroute as er

pytestmark = pytest.mark.shared

ALARM = "2019-11-12 21:00"
"""Under two hours before the peak of 1.87 m."""


@pytest.fixture(scope="module")
def dry(shared: Path) -> er.Scenario:
    folder = shared / "bench" / "venice_100k"
    if not folder.is_dir():
        missing(f"no instance at {folder}")
    return er.read_instance(folder, deadline="90 min")


@pytest.fixture(scope="module")
def dry_plan(dry: er.Scenario) -> er.Plan:
    return er.assign(dry, "shelter_flow")


def floods(shared: Path, scenario: er.Scenario) -> dict[str, er.Flood]:
    heights = er.Heights.model(scenario.network)
    series = er.read_tide(shared / "data" / "venice" / "venice_2019-11_10min.tsv", alarm=ALARM)
    return {
        "tide 1.40 m": er.Flood(tide=1.40, heights=heights),
        "November 2019": er.Flood(tide=series, heights=heights),
    }


@pytest.mark.parametrize("name", ["tide 1.40 m", "November 2019"])
def test_nobody_is_in_a_closed_link(
    shared: Path, dry: er.Scenario, dry_plan: er.Plan, name: str
) -> None:
    """In a flood every rule is kept, so nobody's leg is in a link while it is closed to them."""
    plan = er.assign(replace(dry, hazard=floods(shared, dry)[name]), "shelter_flow")
    verification = er.verify(plan)
    assert verification.ok, str(verification)
    assert verification["links open"].worst == 0
    assert plan.placed > 98_000
    reasons = set(plan.left_by_reason)
    assert "cut off by a hazard" in reasons
    assert plan.times.mean > dry_plan.times.mean


@cache
def replan_of_nothing(plan: er.Plan) -> er.Replan:
    """The same re-plan with no bridge closed."""
    return er.replan(plan, now="5 min", time_limit=1.0)


@pytest.mark.parametrize("bridge", list(GREAT_BRIDGES))
def test_a_great_bridge_closes(dry: er.Scenario, dry_plan: er.Plan, bridge: str) -> None:
    """Rialto, Accademia and Scalzi closed in turn: the re-plan is valid, its time is told."""
    network = dry.network
    links = bridge_links(network, bridge)
    ids = network.link_id[links].tolist()
    again = er.replan(dry_plan, now="5 min", closures={"links": ids}, time_limit=1.0)
    verification = er.verify(again.plan)
    assert verification.ok, str(verification)
    used = np.isin(again.plan.movements.leg_link, links)
    assert not used.any()
    assert again.safe + again.plan.placed + again.plan.left == 100_000
    still = replan_of_nothing(dry_plan)
    # Whoever is inside a stretch counts from its end, and some turn round.
    assert again.mean_before_s == pytest.approx(still.mean_before_s, abs=1.0)
    assert again.plan.times.mean > still.plan.times.mean


def test_boats_reach_people_without_steps(
    shared: Path, dry: er.Scenario, dry_plan: er.Plan, tmp_path: Path
) -> None:
    """Boats on the Grand Canal reach more who cannot use steps, and no seat is oversold."""
    feed = actv_feed(shared, tmp_path)
    network, boats = er.read_boats(feed, dry.network, until="90 min")
    afloat = er.Scenario(
        network, dry.groups, dry.shelters, classes=dry.group_classes, deadline="90 min",
        boats=boats,
    )  # fmt: skip
    plan = er.assign(afloat, "shelter_flow")
    verification = er.verify(plan)
    assert verification.ok, str(verification)
    assert {"rides", "boat seats", "wheelchair places", "boarding"} <= {
        check.name for check in verification.checks
    }
    assert dry_plan.left == 389
    assert plan.left < 389
