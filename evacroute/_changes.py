"""What a plan's hazards and boats come to, in figures."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from evacroute.assignment.movements import Movements
from evacroute.hazards import MODELLED_SHARE, as_hazards, hazard_reports, shelter_names
from evacroute.network import FERRY
from evacroute.reports import LoadReport
from evacroute.scenario import Scenario


def reports_of_hazards(scenario: Scenario) -> list[LoadReport]:
    """Gather what the hazards of a scenario tell of themselves."""
    hazards, until = as_hazards(scenario.hazard), scenario.deadline_s
    return hazard_reports(
        hazards, scenario.network, scenario.group_classes, until, scenario.all_shelters
    )


def modelled_heights(reports: list[LoadReport]) -> float | None:
    """Find the share of the ground whose heights are modelled, None where no flood says so."""
    shares = [report.shares.get(MODELLED_SHARE) for report in reports]
    known = [share for share in shares if share is not None]
    return max(known) if known else None


@lru_cache(maxsize=2)
def modelled_share(scenario: Scenario) -> float:
    """Find the share of the ground whose heights are modelled, 0 where no flood says so.

    The last two scenarios are remembered: finding it takes as long as laying out the flood.
    """
    if not as_hazards(scenario.hazard):
        return 0.0
    return modelled_heights(reports_of_hazards(scenario)) or 0.0


def hazard_figures(scenario: Scenario) -> dict[str, Any] | None:
    """Count the links that change or are closed before the deadline; None without hazards.

    Returns
    -------
    dict
        changing_links (not all the time as at the alarm), closed_links (at some time to somebody),
        closed_to_all_links, slower_links (at some time to somebody, and never closed),
        modelled_heights (share of the walkable ground; None where no flood says so) and
        hot_shelters (names of those whose door gets hot before the deadline).
    """
    if not as_hazards(scenario.hazard):
        return None
    profile = scenario.link_times.profile(len(scenario.group_classes), scenario.deadline_s)
    changing = closed = whole = slower = 0
    if len(profile.link):
        first = profile.ptr[:-1]
        shut = profile.factor == 0
        some = np.logical_or.reduceat(shut.any(axis=0), first)
        slow = np.logical_or.reduceat((profile.factor < 1).any(axis=0), first)
        changing, closed = int((np.diff(profile.ptr) > 1).sum()), int(some.sum())
        whole = int(np.logical_or.reduceat(shut.all(axis=0), first).sum())
        slower = int((slow & ~some).sum())
    hot = np.flatnonzero(scenario.hot_from < scenario.deadline_s)
    return {
        "changing_links": changing,
        "closed_links": closed,
        "closed_to_all_links": whole,
        "slower_links": slower,
        "modelled_heights": modelled_heights(reports_of_hazards(scenario)),
        "hot_shelters": shelter_names(scenario.all_shelters, hot),
    }


def boat_figures(scenario: Scenario, moves: Movements) -> dict[str, Any] | None:
    """Count boats and those who ride on them; None without boats.

    Returns
    -------
    dict
        rides and trips before the deadline (a trip is one run of one boat), persons_aboard (who
        take a boat at some time) and step_free_aboard (of them, who cannot use steps).
    """
    if scenario.rides is None:
        return None
    rides = scenario.rides.take(scenario.rides.arrive_s <= scenario.deadline_s)
    ferry = np.append(0, np.cumsum(scenario.network.kind[moves.leg_link] == FERRY))
    aboard = ferry[moves.leg_ptr[1:]] > ferry[moves.leg_ptr[:-1]]
    step_free = scenario.group_classes.step_free[scenario.groups.class_[moves.group]]
    return {
        "rides": len(rides),
        "trips": len(set(rides.trip_id.tolist())),
        "persons_aboard": int(moves.size[aboard].sum()),
        "step_free_aboard": int(moves.size[aboard & step_free].sum()),
    }
