"""What a plan's hazards and boats come to, in figures."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd

from evacroute.assignment.movements import Movements
from evacroute.hazards import MODELLED_SHARE, as_hazards, hazard_reports, shelter_names
from evacroute.network import FERRY
from evacroute.reports import LoadReport
from evacroute.scenario import Scenario

ANY_TIDE = (
    "no low bridge is given, so boats are taken to pass at any tide: low_bridges of read_boats, or "
    "--low-bridges, tells of them"
)
"""Said where a flood and boats meet without any low bridge."""

BRIDGES_SHOWN = 6


def reports_of_hazards(scenario: Scenario) -> list[LoadReport]:
    """Gather what the hazards of a scenario tell of themselves."""
    hazards, until = as_hazards(scenario.hazard), scenario.deadline_s
    found = hazard_reports(
        hazards, scenario.network, scenario.group_classes, until, scenario.all_shelters
    )
    # What was read from a folder has said so already.
    said = {note for report in found for note in report.notes}
    notes = [note for note in tide_and_boats(scenario) if note not in said]
    if notes:
        found.append(LoadReport("boats and the tide", notes=notes))
    return found


def tide_and_boats(scenario: Scenario) -> list[str]:
    """Say what a tide does to boats, or that no word of low bridges is given."""
    barred = barred_trips(scenario)
    return ([ANY_TIDE] if boats_pass_at_any_tide(scenario) else []) + ([barred] if barred else [])


def barred_trips(scenario: Scenario) -> str | None:
    """Say how many trips low bridges bar before the deadline, where, and above which tide."""
    boats, made = scenario.boats, scenario.made
    if boats is None or made is None or made.all():
        return None
    before = boats.before()
    # A boat that is stuck makes none of its later rides; the bridge is where it stopped.
    stuck = np.flatnonzero(~made & ((before < 0) | made[before]))
    trips = len(set(boats.trip_id.tolist()))
    network, link = scenario.network, boats.link[stuck]
    pairs, number = np.unique(
        np.column_stack([link, boats.max_tide[stuck]]), axis=0, return_counts=True
    )
    most = np.argsort(-number, kind="stable")
    told = [
        f"{number[i]:,} between {network.node_id[network.from_node[int(pairs[i, 0])]]} and "
        f"{network.node_id[network.to_node[int(pairs[i, 0])]]} above {pairs[i, 1]:.2f} m"
        for i in most[:BRIDGES_SHOWN].tolist()
    ]
    more = "" if len(most) <= BRIDGES_SHOWN else f", and {len(most) - BRIDGES_SHOWN} more places"
    return (
        f"low bridges stop {len(stuck):,} of {trips:,} trips at this tide, which end there or are "
        f"not made: {', '.join(told)}{more}"
    )


def boats_pass_at_any_tide(scenario: Scenario) -> bool:
    """Whether there are boats and a tide, but no word of any low bridge."""
    boats = scenario.boats
    if boats is None or not len(boats) or bool(np.isfinite(boats.max_tide).any()):
        return False
    return scenario.tide is not None


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
        closed_to_all_links (at some time), always_closed_links (to somebody, from the alarm to the
        deadline), always_closed_to_all_links, slower_links (at some time to somebody, and never
        closed),
        modelled_heights (share of the walkable ground; None where no flood says so) and
        hot_shelters (names of those whose door gets hot before the deadline).
    """
    if not as_hazards(scenario.hazard):
        return None
    profile = scenario.link_times.profile(len(scenario.group_classes), scenario.deadline_s)
    changing = closed = whole = slower = always = always_all = 0
    if len(profile.link):
        first = profile.ptr[:-1]
        shut = profile.factor == 0
        some = np.logical_or.reduceat(shut.any(axis=0), first)
        slow = np.logical_or.reduceat((profile.factor < 1).any(axis=0), first)
        changing, closed = int((np.diff(profile.ptr) > 1).sum()), int(some.sum())
        whole = int(np.logical_or.reduceat(shut.all(axis=0), first).sum())
        slower = int((slow & ~some).sum())
        throughout = np.logical_and.reduceat(shut, first, axis=1)
        always, always_all = int(throughout.any(axis=0).sum()), int(throughout.all(axis=0).sum())
    hot = np.flatnonzero(scenario.hot_from < scenario.deadline_s)
    return {
        "changing_links": changing,
        "closed_links": closed,
        "closed_to_all_links": whole,
        "always_closed_links": always,
        "always_closed_to_all_links": always_all,
        "slower_links": slower,
        "modelled_heights": modelled_heights(reports_of_hazards(scenario)),
        "hot_shelters": shelter_names(scenario.all_shelters, hot),
    }


def rides_frame(scenario: Scenario, moves: Movements, step: float) -> pd.DataFrame | None:
    """List the rides that end by the deadline, and who is aboard; None without boats.

    Parameters
    ----------
    step
        Time step of the movements [s].

    Returns
    -------
    DataFrame
        trip_id, link_id, from_node_id, to_node_id, leave_s, arrive_s, seats, persons and step_free
        (aboard), and run: 1 where the trip carries somebody on some ride, 0 where the plan needs no
        ride of it. People of rides that are alike on the grid are put into the first with seats.
    """
    boats, made, network = scenario.boats, scenario.made, scenario.network
    if boats is None or made is None:
        return None
    aboard, ashore = boats.slots(step)
    rows = np.flatnonzero(made & (boats.arrive_s <= scenario.deadline_s))
    step_free = scenario.group_classes.step_free[scenario.groups.class_[moves.group]]
    ferry = np.flatnonzero(network.kind[moves.leg_link] == FERRY)
    of = np.repeat(np.arange(len(moves)), np.diff(moves.leg_ptr))[ferry]
    keys = zip(
        moves.leg_link[ferry].tolist(),
        np.rint(moves.leg_enter[ferry] / step).astype(int).tolist(),
        np.rint(moves.leg_leave[ferry] / step).astype(int).tolist(),
        strict=True,
    )
    waiting: dict[tuple[int, int, int], list[int]] = {}
    for key, persons, aided in zip(
        keys, moves.size[of].tolist(), (moves.size * step_free)[of].tolist(), strict=True
    ):
        both = waiting.setdefault(key, [0, 0])
        both[0], both[1] = both[0] + persons, both[1] + aided
    count = np.zeros((len(rows), 2), np.int64)
    slots = zip(
        boats.link[rows].tolist(), aboard[rows].tolist(), ashore[rows].tolist(), strict=True
    )
    for i, key in enumerate(slots):
        left = waiting.get(key, [0, 0])
        places = int(boats.seats[rows[i]]), int(boats.wheelchair_places[rows[i]])
        aided = min(left[1], *places)
        alone = min(left[0] - left[1], places[0] - aided)
        count[i] = aided + alone, aided
        left[0], left[1] = left[0] - aided - alone, left[1] - aided
    frame = boats.take(rows).frame(network)
    used = set(frame["trip_id"][count[:, 0] > 0])
    columns = ["trip_id", "link_id", "from_node_id", "to_node_id", "leave_s", "arrive_s", "seats"]
    return frame[columns].assign(
        persons=count[:, 0],
        step_free=count[:, 1],
        run=frame["trip_id"].isin(used).astype(np.int64),
    )


def boat_figures(scenario: Scenario, moves: Movements, step: float) -> dict[str, Any] | None:
    """Count boats and those who ride on them; None without boats.

    Returns
    -------
    dict
        rides and trips before the deadline (a trip is one run of one boat), trips_used (of them,
        that carry somebody), persons_aboard (who take a boat at some time) and step_free_aboard (of
        them, who cannot use steps).
    """
    rides = rides_frame(scenario, moves, step)
    if rides is None:
        return None
    aboard = moves.walks_any(scenario.network.kind == FERRY)
    step_free = scenario.group_classes.step_free[scenario.groups.class_[moves.group]]
    return {
        "rides": len(rides),
        "trips": rides["trip_id"].nunique(),
        "trips_used": rides["trip_id"][rides["run"] > 0].nunique(),
        "persons_aboard": int(moves.size[aboard].sum()),
        "step_free_aboard": int(moves.size[aboard & step_free].sum()),
    }
