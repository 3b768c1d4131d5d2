"""What the web map shows, taken from a plan as columns."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from evacroute.assignment.movements import REASONS, Movements
from evacroute.network import KINDS, Network
from evacroute.people import People
from evacroute.plan import Plan
from evacroute.plotting._hazards import pack_hazards
from evacroute.plotting._packing import Packer
from evacroute.plotting._routes import route_tree
from evacroute.roster import SET_ASIDE, Roster
from evacroute.streets import Streets, link_lines, pair_links

DEGREES = 1e-6
"""Positions are kept to a millionth of a degree, about 0.1 m."""

MOST_BINS = 360
"""Moments on the time slider at the most; a longer plan gets coarser ones."""


def pack_plan(
    plan: Plan,
    *,
    max_routes: int | None,
    with_persons: bool,
    until: float = 0.0,
    coarse_s: float = 60.0,
) -> Packer:
    """Everything the map shows but its words, as columns.

    The time slider goes on to `until` [s] at least, in moments no finer than `coarse_s` [s].
    """
    packer = Packer()
    network = plan.scenario.network
    streets = pair_links(network)
    _add_streets(packer, network, streets)
    _add_flow(packer, plan, streets, until, coarse_s)
    _add_prices(packer, plan, streets)
    pack_hazards(packer, plan, streets)
    _add_shelters(packer, plan)
    _add_movements(packer, plan.movements, streets, max_routes)
    _add_scores(packer, plan)
    _add_groups(packer, plan)
    if with_persons and plan.roster is not None:
        _add_persons(packer, plan, plan.roster)
    return packer


def _add_streets(packer: Packer, network: Network, streets: Streets) -> None:
    forward, backward = streets.forward, streets.backward
    ptr, lon, lat = link_lines(network)
    counts = np.diff(ptr)[forward]
    total = int(counts.sum())
    within = np.arange(total) - np.repeat(np.cumsum(counts) - counts, counts)
    points = np.repeat(ptr[forward], counts) + within
    both = backward >= 0
    packer.whole("street_points", counts, delta=False)
    packer.scaled("street_lon", lon[points], resolution=DEGREES)
    packer.scaled("street_lat", lat[points], resolution=DEGREES)
    packer.text("street_id", network.link_id[forward])
    packer.text("street_id_back", np.where(both, network.link_id[backward], ""))
    packer.words("street_name", network.name[forward])
    packer.whole("street_kind", network.kind[forward], delta=False)
    packer.scaled("street_width", network.width[forward], resolution=0.01, delta=False)
    packer.scaled("street_length", network.length[forward], resolution=0.1, delta=False)
    packer.whole("street_steps", network.steps[forward], delta=False)
    packer.whole("street_wheelchair", network.wheelchair[forward], delta=False)
    packer.real("street_elevation", network.elevation[forward])
    packer.real("street_capacity", network.capacity[forward])
    packer.real(
        "street_capacity_back", np.where(both, network.capacity[backward], np.float64(np.nan))
    )
    assumed = network.width_assumed[forward] + 2 * network.capacity_assumed[forward]
    packer.whole("street_assumed", assumed, delta=False)
    packer.meta["kinds"] = list(KINDS)


def _add_flow(packer: Packer, plan: Plan, streets: Streets, until: float, coarse_s: float) -> None:
    """Persons of each link in each bin of time, as the cells that are not empty.

    ``flow_persons`` enter in the bin. ``flow_inside`` are inside at some time of it, so that who
    takes long over a link is seen all the while. ``flow_passing`` shares each person out over the
    bins of their walk along the link: the mean flow through it, to be set against its capacity.
    """
    movements = plan.movements
    last = float(movements.arrive.max()) if len(movements) else 0.0
    longest = max(last, until)
    minutes = max(1, math.ceil(max(coarse_s, plan.step_s, longest / MOST_BINS) / 60))
    bin_s = 60 * minutes
    bins = max(int(last // bin_s) + 1, math.ceil(until / bin_s))
    persons = np.repeat(movements.size, np.diff(movements.leg_ptr)).astype(np.float64)
    code = streets.code[movements.leg_link]
    enter, leave = movements.leg_enter, movements.leg_leave
    first = np.minimum(enter // bin_s, bins - 1).astype(np.int64)
    final = np.clip(np.ceil(leave / bin_s).astype(np.int64) - 1, first, bins - 1)
    counts = final - first + 1
    leg = np.repeat(np.arange(len(code)), counts)
    bin_ = first[leg] + np.arange(len(leg)) - np.repeat(np.cumsum(counts) - counts, counts)
    within = np.minimum(leave[leg], (bin_ + 1) * bin_s) - np.maximum(enter[leg], bin_ * bin_s)
    whole = (leave - enter)[leg]
    share = np.where(whole > 0, within / np.where(whole > 0, whole, 1.0), 1.0)
    cells, place = np.unique(code[leg] * bins + bin_, return_inverse=True)
    place = place.ravel()

    def summed(part: NDArray[np.float64]) -> NDArray[np.float64]:
        total = np.bincount(place, weights=persons[leg] * part, minlength=len(cells))
        return total.astype(np.float64)

    packer.whole("flow_link", cells // bins)
    packer.whole("flow_bin", cells % bins)
    packer.whole("flow_persons", summed((bin_ == first[leg]).astype(float)), delta=False)
    packer.whole("flow_inside", summed(np.ones(len(leg))), delta=False)
    packer.scaled("flow_passing", summed(share), resolution=0.1, delta=False)
    packer.meta |= {"bin_s": bin_s, "bins": bins}
    tide = plan.scenario.tide
    if tide is not None:
        moments = bin_s * np.arange(bins + 1)
        levels = np.interp(moments, tide.time_s, tide.level_m)
        packer.meta["tide"] = np.round(levels, 3).tolist()


def _add_prices(packer: Packer, plan: Plan, streets: Streets) -> None:
    """Highest price of each link in each bin of time, as the cells that have one."""
    prices = plan.prices
    packer.meta["priced"] = prices is not None and len(prices) > 0
    if prices is None or not len(prices):
        return
    bins, bin_s = packer.meta["bins"], packer.meta["bin_s"]
    slot_bin = np.minimum(prices.link_slot * prices.step // bin_s, bins - 1).astype(np.int64)
    cells, place = np.unique(streets.code[prices.link] * bins + slot_bin, return_inverse=True)
    highest = np.zeros(len(cells))
    np.maximum.at(highest, place.ravel(), prices.link_price)
    packer.whole("price_link", cells // bins)
    packer.whole("price_bin", cells % bins)
    packer.scaled("price_seconds", highest, resolution=0.1, delta=False)
    for name, values in (("place", prices.room), ("step_free", prices.step_free_room)):
        packer.scaled(f"shelter_price_{name}", values, resolution=0.1, delta=False)


def _add_shelters(packer: Packer, plan: Plan) -> None:
    shelters = plan.scenario.shelters
    figures = plan.shelters_frame()
    packer.text("shelter_id", shelters.shelter_id)
    packer.text("shelter_name", shelters.name)
    packer.text("shelter_kind", shelters.kind)
    packer.scaled("shelter_lon", shelters.lon, resolution=DEGREES)
    packer.scaled("shelter_lat", shelters.lat, resolution=DEGREES)
    packer.whole("shelter_capacity", shelters.capacity)
    packer.whole("shelter_step_free", shelters.step_free_capacity)
    packer.whole("shelter_filled", figures["filled"])
    packer.whole("shelter_filled_step_free", figures["step_free_filled"])
    packer.real("shelter_intake", shelters.intake_rate)


def _add_movements(
    packer: Packer, movements: Movements, streets: Streets, max_routes: int | None
) -> None:
    n = len(movements)
    kept = np.arange(n)
    if max_routes is not None and max_routes < n:
        kept = np.unique(np.linspace(0, n - 1, max(max_routes, 0)).astype(np.int64))
    told = movements.take(kept)
    ptr, enter, leave = told.leg_ptr, told.leg_enter, told.leg_leave
    link, following, first = route_tree(ptr, streets.code[told.leg_link])
    before = np.empty(len(enter))
    before[1:] = leave[:-1]
    walks = np.diff(ptr) > 0
    before[ptr[:-1][walks]] = told.depart[walks]
    route = np.full(n, -2, dtype=np.int64)  # -2: not stored, -1: no link to walk
    route[kept] = first
    packer.whole("movement_group", movements.group)
    packer.whole("movement_shelter", movements.shelter, delta=False)
    packer.whole("movement_size", movements.size, delta=False)
    packer.seconds("movement_depart", movements.depart)
    packer.seconds("movement_arrive", movements.arrive)
    packer.whole("movement_route", route, delta=False)
    packer.whole("route_link", link)
    packer.whole("route_next", following)
    packer.seconds("leg_wait", enter - before, delta=False)
    packer.seconds("leg_walk", leave - enter, delta=False)
    packer.meta["routes_stored"] = len(kept)


def _add_scores(packer: Packer, plan: Plan) -> None:
    """Odds and times of arrival of each movement, where a scorer was asked; NaN = not scored."""
    scores = plan.scores
    if scores is None:
        return
    packer.real("movement_odds", scores.p_safe)
    packer.real("movement_q10", scores.q10)
    packer.real("movement_q90", scores.q90)
    packer.whole("movement_sure", scores.is_safe, delta=False)


def _add_groups(packer: Packer, plan: Plan) -> None:
    groups, movements = plan.scenario.groups, plan.movements
    network = plan.scenario.network
    packer.scaled("node_lon", network.lon, resolution=DEGREES)
    packer.scaled("node_lat", network.lat, resolution=DEGREES)
    packer.text("group_id", groups.group_id)
    packer.whole("group_node", groups.node)
    packer.whole("group_class", groups.class_, delta=False)
    packer.seconds("group_ready", groups.ready_time)
    packer.whole("group_size", groups.size, delta=False)
    packer.text("class_id", plan.scenario.group_classes.class_id)
    packer.whole("class_step_free", plan.scenario.group_classes.step_free, delta=False)
    packer.whole("left_group", movements.left_group)
    packer.whole("left_size", movements.left_size, delta=False)
    packer.whole("left_reason", movements.left_reason, delta=False)
    packer.meta |= {"reasons": list(REASONS), "set_aside": REASONS[SET_ASIDE]}


def _add_persons(packer: Packer, plan: Plan, roster: Roster) -> None:
    packer.text("person_id", roster.person_id)
    packer.words("person_household", roster.household_id)
    packer.whole("person_group", roster.group)
    packer.whole("person_movement", roster.movement)
    people = plan.scenario.people
    if isinstance(people, People):
        packer.scaled("person_lon", people.lon, resolution=10 * DEGREES)
        packer.scaled("person_lat", people.lat, resolution=10 * DEGREES)
