"""`replan`: a bridge fails, a shelter shuts, more people come: the plan goes on from there."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evacroute._disturbed import disturbed, hazards_from
from evacroute._kernels.rejoin import find_arcs
from evacroute._news import Closures, Positions, read_closures, read_positions
from evacroute._remaining import Remaining, check_joined, remaining
from evacroute._standing import Standing, put_elsewhere, stand
from evacroute.assignment import Progress, build_problem
from evacroute.assignment.chains import first_links
from evacroute.assignment.class_order import with_order
from evacroute.assignment.rest import Arcs, Rest, Taken, arcs_of, build_rest, steady_arcs
from evacroute.assignment.resume import Resume, Ways
from evacroute.errors import Faults, InputError
from evacroute.hazards import Hazard, as_hazards, hot_from, shelter_names
from evacroute.hazards.known_tide import tide_of
from evacroute.hazards.tide import other_clock
from evacroute.people import Groups, People
from evacroute.plan import Plan
from evacroute.replan_result import Replan, compare
from evacroute.roster import seat
from evacroute.units import seconds


def replan(
    plan: Plan,
    *,
    now: float | str,
    closures: Closures | str | None = None,
    hazard: Hazard | Sequence[Hazard] | None = None,
    joined: Groups | People | None = None,
    positions: Positions | None = None,
    gap: float = 0.05,
    time_limit: float | str = "10 s",
    keep_within: float | str = "3 min",
    progress: Progress | None = None,
) -> Replan:
    """Plan again for all who are not safe yet, from where they are, after something has changed.

    Nobody already safe moves. Everyone else keeps their shelter, way and times as long as they
    hold; whoever's way or shelter is closed gets another, under the prices of the old plan, and
    makes room for others only as far as the gap asks for it. The plan's own hazards go on.

    Parameters
    ----------
    plan
        The plan that people follow. Prices make it quick: take method "over_time". A plan without
        them is priced first, which takes some seconds more.
    now
        Time since the alarm [s, or text such as "10 min"], rounded up to a whole step of the plan.
    closures
        What is closed from now on: link ids (that direction alone), names of streets or bridges
        (all their links) and shelter ids in one list, in any case where that is one thing alone,
        "street:" or "shelter:" before it where it is both; or {"links": [...], "shelters": [...]}.
        Those inside a closed shelter stay, those on a closed link turn round.
    hazard
        What comes besides: one hazard or several, their times from the alarm; what they do before
        now is left out. Whoever's way is closed, or takes another time, gets another. A flood is a
        new forecast: it takes the place of the plan's own water from now on, on streets, raised
        walkways and under low bridges, so give it the heights and walkways again. A dated tide
        should have the plan's alarm (``plan.scenario.tide.alarm``); another is warned of
        (``notes``).
    joined
        More people; who was ready before now is ready now. The classes of groups are positions in
        the plan's classes; persons bring their own.
    positions
        Where people are who are known to be elsewhere than the plan says: (lon, lat) or a node id
        by group id (text: all of the group who are on the way) or by movement (its number in the
        plan), or a table with group_id or movement_id, and lon and lat or node_id.
    gap
        Stop improving when (cost - bound) / bound of what is left is no more than this.
    time_limit
        Stop improving after this time [s, or text]. Everyone who must be placed is searched a way
        all the same, which takes longer where most people need another one.
    keep_within
        People who would be safe within this time [s, or text] are not asked to change for others,
        even where others are left for that; 0 asks everyone.
    progress
        Called with the stage and the share of it that is done (0..1).

    Returns
    -------
    Replan
        The new plan, with who keeps what and who moves.

    Raises
    ------
    InputError
        If something named does not exist, or a time or gap is not as it must be; all in one.

    Examples
    --------
    >>> import evacroute as er, networkx as nx, pandas as pd
    >>> graph = nx.Graph([(1, 2, {"width": 2.0}), (1, 3, {"width": 1.0}), (3, 2, {"width": 1.0})])
    >>> nx.set_node_attributes(graph, {1: 12.334, 2: 12.338, 3: 12.336}, "x")
    >>> nx.set_node_attributes(graph, {1: 45.437, 2: 45.437, 3: 45.438}, "y")
    >>> network = er.read_network(graph)
    >>> people = er.read_people(pd.DataFrame({"lon": [12.334] * 9, "lat": 45.437}), network)
    >>> shelters = er.read_shelters(pd.DataFrame({"node_id": ["2"], "capacity": [9]}), network)
    >>> plan = er.assign(er.Scenario(network, people, shelters), "over_time")
    >>> again = er.replan(plan, now="1 min", closures=["1-2"])
    >>> er.verify(again.plan).ok, again.kept, again.rerouted
    (True, 0, 9)
    """
    begin = time.perf_counter()
    faults = Faults("replan")
    if not isinstance(plan, Plan):
        raise InputError(
            f"replan: plan is a {type(plan).__name__}, expected a Plan (of a Replan: .plan)"
        )
    now_s = _time(now, "now", faults)
    limit, near = _time(time_limit, "time_limit", faults), _time(keep_within, "keep_within", faults)
    if isinstance(gap, bool) or not isinstance(gap, int | float) or not 0 <= gap < np.inf:
        faults.add(f"gap is {gap!r}, expected a number from 0, such as 0.02 for 2 %")
    step = plan.step_s
    first = int(np.ceil(now_s / step - 1e-9))
    if first * step >= plan.scenario.deadline_s:
        faults.add(f"now is {now_s:g} s, not before the deadline of {plan.scenario.deadline_s:g} s")
    since = float(plan.settings.get("now_s", 0.0))
    if now_s < since:
        faults.add(f"now is {now_s:g} s, before the {since:g} s from which the plan begins")
    closed_link, closed_shelter, said = read_closures(closures, plan, faults)
    safe = plan.movements.arrive <= first * step
    found = read_positions(positions, plan, safe, closed_link, faults)
    check_joined(joined, plan, faults)
    faults.raise_if_any()
    now_s = first * step
    hazards = hazards_from(plan.scenario, hazard, now_s)
    elsewhere = disturbed(plan, hazards, now_s) if hazard is not None else None
    doors, until = plan.scenario.all_shelters.node, plan.scenario.deadline_s
    hot = hot_from(hazards, plan.scenario.network, doors, until) < until
    shut = closed_shelter | hot

    arcs = _arcs(plan)
    crossing = _crossings(plan, arcs)
    standing = stand(plan, now_s, crossing, closed_link, shut, elsewhere)
    if len(found.movement):
        standing = put_elsewhere(
            plan, standing, found, now_s, crossing, closed_link, shut, elsewhere
        )
    rest = remaining(plan, standing, now_s, closed_link, shut, joined, hazards)
    prices = plan.prices if _fits(plan) else None
    room = None if prices is None else np.rint(prices.room / step).astype(np.int64)
    density = plan.settings.get("max_density")
    taken = _taken(plan, standing, now_s).and_also(plan.taken)
    problem = build_rest(rest.scenario, step, taken, arcs, room, density)
    order = plan.settings.get("order")
    problem = with_order(problem, order)
    ways = _ways(plan, standing, rest, problem, now_s + near)
    run = Resume(
        problem, ways, prices, first, gap=float(gap), time_limit=limit, begin=begin,
        seed=plan.seed, progress=progress,
    )  # fmt: skip
    outcome = run.solve()
    roster = None
    if rest.persons is not None:
        roster = seat(*rest.persons, len(rest.scenario.groups), outcome.movements, rest.wish)
    network, shelters = plan.scenario.network, plan.scenario.shelters
    closed = {
        "links": network.link_id[closed_link].tolist(),
        "shelters": shelters.shelter_id[closed_shelter].tolist(),
    }
    # Of a chain of plans each goes on with the closures before.
    before = plan.settings.get("closed", {})
    closed = {what: [*before.get(what, []), *ids] for what, ids in closed.items()}
    said = [*plan.settings.get("closures", []), *said]
    settings: dict[str, Any] = {} if density is None else {"max_density": density}
    settings |= {"order": order} if order else {}
    settings |= {"now_s": now_s, "closed": closed, "closures": said}
    settings |= {"gap": gap, "time_limit": limit}
    new = Plan(
        rest.scenario,
        outcome.movements,
        method="replan",
        step_s=step,
        seconds={"assign": time.perf_counter() - begin},
        settings={**settings, "keep_within": near, **outcome.settings},
        bound=outcome.bound,
        seed=plan.seed,
        roster=roster,
        prices=outcome.prices,
        taken=taken,
    )
    result = compare(plan, standing, rest, new, now_s)
    result = replace(
        result, endangered=_endangered(plan, standing, hot), notes=_clocks(plan, hazard)
    )
    # Of a chain of plans, each has only those who were still on the way.
    new.settings["safe"] = result.safe + int(plan.settings.get("safe", 0))
    return result


def _clocks(plan: Plan, hazard: Hazard | Sequence[Hazard] | None) -> list[str]:
    """Warn of a new tide on another clock than the plan's."""
    old, new = plan.scenario.tide, tide_of(as_hazards(hazard))
    told = None if old is None or new is None else other_clock(old.alarm, new.alarm)
    return [] if told is None else [told]


def _endangered(plan: Plan, standing: Standing, hot: NDArray[np.bool_]) -> dict[str, int]:
    """Count who is inside shelters that get hot."""
    moves, shelters = plan.movements, plan.scenario.all_shelters
    size = np.where(standing.safe, moves.size, 0)
    inside = np.bincount(moves.shelter, weights=size, minlength=len(shelters)).astype(np.int64)
    some = np.flatnonzero(hot & (inside > 0))
    names = shelter_names(shelters, some)
    return dict(zip(names, inside[some].tolist(), strict=True))


def _time(value: float | str, name: str, faults: Faults) -> float:
    """Seconds from 0 on."""
    if not isinstance(value, str | bool) and value == 0:
        return 0.0
    try:
        return seconds(value, name)
    except (InputError, TypeError, ValueError) as fault:
        faults.add(str(fault))
        return 1.0


def _fits(plan: Plan) -> bool:
    """Whether the plan has prices on its own grid."""
    prices, scenario = plan.prices, plan.scenario
    return (
        prices is not None
        and prices.step == plan.step_s
        and len(prices.arc_slots) == len(scenario.group_classes)
        and len(prices.room) == len(scenario.shelters)
        and int(prices.arc_link.max(initial=-1)) < scenario.network.n_links
    )


def _arcs(plan: Plan) -> Arcs:
    """Arcs of the plan's grid: where their links begin, the links, slots by class."""
    prices = plan.prices
    if prices is not None and _fits(plan):
        return arcs_of(prices)
    problem = build_problem(plan.scenario, plan.step_s, plan.settings.get("max_density"))
    graph = problem.graph
    gated = graph.seq_link[graph.seq_ptr[:-1]] >= problem.n_links
    return steady_arcs(graph.seq_ptr, graph.seq_link, graph.arc_time, gated)


def _crossings(plan: Plan, arcs: Arcs) -> NDArray[np.bool_]:
    """Nodes that are not inside an arc."""
    network = plan.scenario.network
    last = np.zeros(len(arcs[1]), bool)
    last[arcs[0][1:] - 1] = True
    crossing = np.ones(network.n_nodes, bool)
    crossing[network.to_node[arcs[1][~last]]] = False
    return crossing


def _taken(plan: Plan, standing: Standing, now: float) -> Taken:
    """Entries that are past, as far as they still count, and those that nobody can stop."""
    moves, class_ = plan.movements, plan.scenario.groups.class_
    legs = np.append(np.flatnonzero(moves.leg_enter < now), standing.walked)
    return Taken.of(moves, class_, plan.step_s, legs, np.flatnonzero(standing.safe))


def _ways(plan: Plan, standing: Standing, rest: Remaining, problem: Rest, near: float) -> Ways:
    """Ways of those who can go on as planned, those of one group one after another."""
    moves, step, graph = plan.movements, plan.step_s, problem.graph
    network = plan.scenario.network

    def slots(seconds: NDArray[np.float64]) -> NDArray[np.int32]:
        """Whole slots, -1 for times between."""
        whole = np.rint(seconds / step)
        return np.where(np.abs(whole * step - seconds) < 1e-6, whole, -1).astype(np.int32)

    admitted = slots(moves.arrive)
    good = ~standing.safe & ~standing.sent & (admitted >= 0) & (admitted <= problem.n_slots)
    x = np.flatnonzero(good)
    group = rest.group_of_movement[x]
    begins = first_links(graph.seq_ptr, graph.seq_link, network.n_links)
    first_arc, next_arc = np.full(network.n_links, -1, np.int32), np.full(len(begins), -1, np.int32)
    for a in range(len(begins) - 1, -1, -1):
        next_arc[a], first_arc[begins[a]] = first_arc[begins[a]], a
    begin, end = standing.leg[x], moves.leg_ptr[1:][x]
    arc, slot = (np.empty(int((end - begin).sum()), np.int32) for _ in range(2))
    count = np.empty(len(x), np.int64)
    groups = rest.scenario.groups
    enter, leave = slots(moves.leg_enter), slots(moves.leg_leave)
    find_arcs(
        graph, first_arc, next_arc, problem.gates.open_, network.to_node, groups.node[group],
        groups.class_[group], begin, end,
        moves.leg_link.copy(), enter, leave, arc, slot, count,
    )  # fmt: skip
    walks = end > begin
    start, there = admitted[x].copy(), problem.ready[group].astype(np.int64)
    start[walks] = enter[begin[walks]]
    there[walks] = leave[end[walks] - 1]
    known = (count >= 0) & (start >= problem.ready[group]) & (admitted[x] >= there)
    # A household that went in file goes on so, or is placed anew as a whole.
    held = np.bincount(group[known], weights=moves.size[x][known], minlength=len(groups))
    known &= ~groups.together[group] | (held[group] == groups.size[group])
    number = np.maximum(count, 0)
    ptr = np.zeros(len(x) + 1, np.int64)
    np.cumsum(number, out=ptr[1:])
    chosen = np.flatnonzero(known)
    at = np.repeat(known, number)
    new_ptr = np.zeros(len(chosen) + 1, np.int64)
    np.cumsum(number[chosen], out=new_ptr[1:])
    return Ways(
        group=group[chosen].astype(np.int32),
        shelter=moves.shelter[x][chosen],
        admitted=admitted[x][chosen],
        size=moves.size[x][chosen],
        ptr=new_ptr,
        arc=arc[: ptr[-1]][at],
        slot=slot[: ptr[-1]][at],
        near=moves.arrive[x][chosen] <= near,
    )
