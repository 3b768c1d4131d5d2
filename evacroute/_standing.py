"""Where everyone stands some time after the alarm, if they have kept to the plan."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from evacroute._news import Found
from evacroute.assignment.chains import HAIR
from evacroute.plan import Plan


@dataclass(frozen=True, slots=True, eq=False)
class Standing:
    """Where the people of each movement stand; arrays have shape (n_movements,) unless said.

    Parameters
    ----------
    safe
        Who has been admitted to a shelter.
    node
        Node where the others can next turn off.
    ready
        When they are there [s after the alarm].
    leg
        The leg that they walk from there, the end of their legs = none.
    leaves
        Whether they have not left their origin yet.
    sent
        Who needs another way: theirs leads over a closed link, or to a closed shelter, or they are
        elsewhere.
    walked
        Legs that those who are not sent elsewhere still enter before they are at the node.
    """

    safe: NDArray[np.bool_]
    node: NDArray[np.int32]
    ready: NDArray[np.float64]
    leg: NDArray[np.int64]
    leaves: NDArray[np.bool_]
    sent: NDArray[np.bool_]
    walked: NDArray[np.int64]


def stand(
    plan: Plan,
    now: float,
    crossing: NDArray[np.bool_],
    closed_link: NDArray[np.bool_],
    closed_shelter: NDArray[np.bool_],
    elsewhere: NDArray[np.bool_] | None = None,
) -> Standing:
    """Find where everyone stands.

    - Whoever waits stands where they wait.
    - Whoever walks goes on to the end of the stretch between crossings, at the plan's time. If they
      need another way it is the end of the link; if that link is closed they turn round, and need
      as long to go back as they have walked on it. Inside a stretch the plan's times are cut to
      whole steps, so what they have walked of it is counted anew, to the nearest step: else two
      roundings of one stretch could add up to more than a step.

    Parameters
    ----------
    plan
        The plan they keep to.
    now
        Time after the alarm [s].
    crossing
        Nodes where a stretch ends, shape (n_nodes,).
    closed_link, closed_shelter
        What is closed from now on, shapes (n_links,) and (n_shelters,).
    elsewhere
        Movements of people who are somewhere else, and so need another way too.
    """
    moves, network, groups = plan.movements, plan.scenario.network, plan.scenario.groups
    link, enter, leave = moves.leg_link, moves.leg_enter, moves.leg_leave
    begin, end = moves.leg_ptr[:-1], moves.leg_ptr[1:]
    n_legs = len(link)
    # One more leg, at no place and time, so that every movement has a leg after its last.
    start_node = np.append(network.from_node[link], 0)
    end_node = np.append(network.to_node[link], 0)
    enter, leave = np.append(enter, np.inf), np.append(leave, np.inf)

    finished = np.zeros(n_legs + 1, np.int64)
    np.cumsum(leave[:-1] <= now, out=finished[1:])
    leg = begin + finished[end] - finished[begin]
    walks = leg < end
    on = walks & (enter[np.minimum(leg, n_legs)] < now)
    safe = moves.arrive <= now
    leaves = ~on & (leg == begin) & walks
    there = ~walks
    at_shelter = plan.scenario.shelters.node[moves.shelter]
    node = np.where(there, at_shelter, start_node[np.minimum(leg, n_legs)])
    ready = np.full(len(moves), now)
    # Those without a leg at all may not even be ready.
    origin = leaves | (begin == end)
    ready[origin] = np.maximum(now, groups.ready_time[moves.group[origin]])
    node[origin] = groups.node[moves.group[origin]]

    bad = np.zeros(n_legs + 1, np.int64)
    np.cumsum(closed_link[link], out=bad[1:])
    sent = ~safe & (closed_shelter[moves.shelter] | (bad[end] > bad[np.minimum(leg, end)]))

    if elsewhere is not None:
        sent |= elsewhere & ~safe
    # Between two links of a stretch they are on it as well.
    between = walks & ~on & (leg > begin) & ~crossing[start_node[np.minimum(leg, n_legs)]]
    entered = _entries(plan, crossing)
    turns = np.flatnonzero(on & sent)
    at = leg[turns]
    back = closed_link[link[at]]
    node[turns] = np.where(back, start_node[at], end_node[at])
    end_of = np.where(crossing[end_node[at]] | (at + 1 == end[turns]), leave[at], entered[at + 1])
    ready[turns] = np.where(back, 2 * now - np.minimum(now, entered[at]), end_of)
    stop = np.flatnonzero(between & sent)
    ready[stop] = np.maximum(now, entered[leg[stop]])

    # The next leg that begins at a crossing, or the one after the last.
    place = np.where(np.append(crossing[start_node[:-1]], True), np.arange(n_legs + 1), n_legs)
    after = np.minimum.accumulate(place[::-1])[::-1]
    goes = np.flatnonzero((on | between) & ~sent & ~safe)
    first = leg[goes] + on[goes]
    then = np.minimum(after[first], end[goes])
    ready[goes] = leave[then - 1]
    node[goes] = end_node[then - 1]
    count = then - first
    upto = np.cumsum(count) - count
    walked = np.repeat(first - upto, count) + np.arange(count.sum())
    leg[goes] = then
    return Standing(safe, node.astype(np.int32), ready, leg, origin, sent, walked)


def _entries(plan: Plan, crossing: NDArray[np.bool_]) -> NDArray[np.float64]:
    """When each leg is entered, to the nearest step inside a stretch [s]; one more at the end."""
    moves, network, step = plan.movements, plan.scenario.network, plan.step_s
    class_ = np.repeat(plan.scenario.groups.class_[moves.group], np.diff(moves.leg_ptr))
    upto = np.zeros(len(class_) + 1)
    walk = plan.scenario.group_classes.walk_seconds(network)
    # A ride is a stretch by itself: how long it takes counts for no other.
    walk = np.where(np.isfinite(walk), walk, 0.0)
    np.cumsum(walk[class_, moves.leg_link], out=upto[1:])
    begins = crossing[network.from_node[moves.leg_link]]
    begins[moves.leg_ptr[:-1][np.diff(moves.leg_ptr) > 0]] = True
    first = np.maximum.accumulate(np.where(begins, np.arange(len(begins)), 0))
    walked = upto[:-1] - upto[first]
    entry = moves.leg_enter[first] + step * np.floor(walked / step + 0.5 + HAIR)
    return np.append(entry, np.inf)


def put_elsewhere(
    plan: Plan,
    standing: Standing,
    found: Found,
    now: float,
    crossing: NDArray[np.bool_],
    closed_link: NDArray[np.bool_],
    closed_shelter: NDArray[np.bool_],
    also: NDArray[np.bool_] | None = None,
) -> Standing:
    """Put people where they have been found, if that is not where the plan has them."""
    classes, groups = plan.scenario.group_classes, plan.scenario.groups
    class_ = groups.class_[plan.movements.group[found.movement]]
    steps, flat = classes.speed_steps[class_], classes.speed_flat[class_]
    # Whoever is found on steps that they cannot use is carried off them at their own pace.
    walk = found.walk / np.where(found.stepped & (steps > 0), steps, flat)
    other = ~standing.safe[found.movement] & (
        (standing.node[found.movement] != found.node)
        | (standing.ready[found.movement] < now + walk)
    )
    moved, node = found.movement[other], found.node[other]
    elsewhere = np.zeros(len(plan.movements), bool) if also is None else also.copy()
    elsewhere[moved] = True
    again = stand(plan, now, crossing, closed_link, closed_shelter, elsewhere)
    at, ready = again.node.copy(), again.ready.copy()
    at[moved], ready[moved] = node, now + walk[other]
    # Where they stand before they were ready, they still are not.
    early = again.leaves[moved]
    ready[moved[early]] = np.maximum(
        ready[moved[early]], groups.ready_time[plan.movements.group[moved[early]]]
    )
    return replace(again, node=at, ready=ready)
