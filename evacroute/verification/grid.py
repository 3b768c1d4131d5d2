"""The time grid that prices speak of, built anew from the instance and held against it.

The prices name the grid's arcs (chains of links walked without a stop) and the slots that each
class takes for them. All else is derived here: who may walk which link, how many may enter it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evacroute.prices import Prices
from evacroute.verification.check import EXAMPLES, Check
from evacroute.verification.evidence import Evidence, Instance, Legs, who
from evacroute.verification.hazards import changing, least_factor, passing, slot_factors
from evacroute.verification.rides import most_aboard, slots_of

HAIR = 1e-6
"""Slots by which a time is taken for whole."""

LINKS_AT_ONCE = 2000
"""Links that change over time of which a timetable is made together."""

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Positions = NDArray[np.integer]
Flags = NDArray[np.bool_]


def per_slot(rate: Floats, step: float) -> Floats:
    """Most persons who may pass in a slot of any plan that keeps to a rate [person/s].

    Where that is less than one, one may pass in some slots if the capacity rule lets even one.
    """
    persons = rate * step
    return np.maximum(np.floor(persons + 1e-9), persons >= 0.5)


def street_limits(e: Evidence, p: Prices) -> tuple[Floats, Floats]:
    """Slots to walk each link by class, and persons' space that each link lets in in a slot.

    Capacities are held in whole units, of which a person takes `Prices.units` and a wide one more
    (docs/concepts, "Wide persons"). A link that lets in less than its widest class in a slot takes
    one of them every few slots; a class of more than twice what it lets in cannot pass.
    """
    i = e.instance
    walk = lasting_slots(e)
    rate = i.capacity
    there = np.unique(i.group_class)
    if e.max_density is not None:
        slow = walk[there]
        if len(i.link_times.link):
            dry = walking_slots(i, e.step)[there]
            slow = dry / np.stack([least_factor(e, k) for k in there.tolist()])
            slow = np.where(np.isfinite(walk[there]), slow, np.inf)
        slowest = np.where(np.isfinite(slow), slow, 0.0).max(axis=0, initial=0.0)
        inside = e.max_density * i.length * i.width
        ceiling = inside / np.where(slowest > 0, slowest * e.step, 1.0)
        rate = np.minimum(rate, np.where(slowest > 0, ceiling, np.inf))
    units = np.minimum(rate * e.step * p.units, 1e12)
    walk = np.where(2 * units < p.unit[:, None], np.inf, walk)
    open_ = np.isfinite(walk[there])
    widest = np.where(open_, p.unit[there, None], 0).max(axis=0, initial=0)
    widest = np.where(widest > 0, widest, p.units)
    slot = np.floor(units + 1e-9)
    few = np.where(units >= widest / 2, widest, 0)
    limit = np.where(slot < widest, few, slot) / p.units
    return walk, np.where(i.ferry, most_aboard(e), limit)


def walking_slots(i: Instance, step: float) -> Floats:
    """Slots to walk each link, not rounded, inf = barred; shape (n_classes, n_links)."""
    speed = np.where(i.steps > 0, i.speed_steps[:, None], i.speed_flat[:, None])
    step_free = i.speed_steps == 0
    barred = (speed <= 0) | (i.width < i.min_width[:, None]) | i.ferry
    barred |= step_free[:, None] & (i.wheelchair == -1)
    return np.where(barred, np.inf, i.length / np.where(barred, 1.0, speed) / step)


def lasting_slots(e: Evidence) -> Floats:
    """Slots to walk each link with what holds up to the deadline.

    A link that changes has those without link times, and inf where it is never open.
    """
    i = e.instance
    walk = walking_slots(i, e.step)
    if len(i.link_times.link):
        rows = i.link_times
        links, row = np.unique(rows.link, return_inverse=True)
        of = np.concatenate([np.arange(len(links)), row.ravel(), row.ravel()])
        when = np.concatenate([np.zeros(len(links)), rows.from_s, rows.to_s])
        of, when = of[when < e.deadline], when[when < e.deadline]
        change = np.isin(links, changing(e))
        for k in range(len(walk)):
            factor = passing(rows, links[of], np.full(len(of), k), when, when).factor
            ever = np.zeros(len(links))
            np.maximum.at(ever, of, factor)
            steady = np.where(change & (ever > 0), 1.0, ever)
            with np.errstate(divide="ignore"):
                walk[k, links] = np.where(steady > 0, walk[k, links] / steady, np.inf)
    return walk


@dataclass(frozen=True, slots=True, eq=False)
class Grid:
    """Arcs of the prices on the links of the instance.

    Parameters
    ----------
    walk
        Slots to walk each link, not rounded, inf = barred, shape (n_classes, n_links).
    limit
        Persons' space that may enter each link in a slot.
    space
        Persons' space that each class takes on the grid.
    arc, place
        Arc of each entry of `Prices.arc_link`, and which of its links it is.
    first, last
        Entries with each arc's first and last link.
    inner
        Entries whose link begins at a node inside an arc.
    open_
        Whether each gate is open, shape (n_gates, n_slots + 1).
    """

    walk: Floats
    limit: Floats
    space: Floats
    arc: Ints
    place: Ints
    first: Ints
    last: Ints
    inner: Ints
    open_: Flags


def build_grid(e: Evidence, p: Prices) -> Grid:
    """Lay the prices' arcs over the instance."""
    count = np.diff(p.arc_ptr)
    place = np.arange(len(p.arc_link)) - np.repeat(p.arc_ptr[:-1], count)
    walk, limit = street_limits(e, p)
    return Grid(
        walk=walk,
        limit=limit,
        space=p.unit / p.units,
        arc=np.repeat(np.arange(len(count)), count),
        place=place,
        first=p.arc_ptr[:-1],
        last=p.arc_ptr[1:] - 1,
        inner=np.flatnonzero(place > 0),
        open_=_open_slots(p),
    )


def _open_slots(p: Prices) -> Flags:
    """When gates are open, from their spans."""
    n = len(p.gate_ptr) - 1
    change = np.zeros((n, p.n_slots + 2), np.int64)
    gate = np.repeat(np.arange(n), np.diff(p.gate_ptr))
    np.add.at(change, (gate, p.gate_first), 1)
    np.add.at(change, (gate, p.gate_last + 1), -1)
    return np.asarray(np.cumsum(change, axis=1)[:, :-1] > 0)


def told(name: str, rule: str, faults: list[tuple[Positions, str]], unit: str) -> Check:
    """Make a check of faults: each what is wrong, and of how many things."""
    count = sum(len(where) for where, _ in faults)
    examples = tuple(f"{text} ({len(where)} times)" for where, text in faults if len(where))
    return Check(name, rule, not count, count, float(count), 0.0, unit, examples[:EXAMPLES])


def true_grid(e: Evidence, p: Prices, grid: Grid) -> Check:
    """Check: the arcs are chains of the instance's streets, and their times length / speed."""
    i, link = e.instance, p.arc_link
    here, after = link[grid.inner - 1], link[grid.inner]
    gap = np.flatnonzero(i.link_to[here] != i.link_from[after])
    turn = np.flatnonzero(i.link_from[here] == i.link_to[after])
    used = np.bincount(link, minlength=len(i.link_id))
    open_ = np.isfinite(grid.walk).any(axis=0) & (grid.limit > 0)
    varies = np.zeros(len(used), bool)
    varies[changing(e)] = varies[i.rides.link] = True
    # A street that has been closed since may stay in its arc, which is then barred to everyone.
    wrong = np.flatnonzero(~varies & np.where(open_, used != 1, used > 1))
    gated = p.arc_gate >= 0
    alone = grid.first == grid.last
    misplaced = np.flatnonzero(varies[link] & ~(gated & alone)[grid.arc])
    misplaced = np.append(misplaced, np.flatnonzero(~varies[link] & gated[grid.arc]))
    inside = np.unique(i.link_from[after])
    n = int(max(i.link_from.max(), i.link_to.max(), i.shelter_node.max(), i.group_node.max())) + 1
    ends = np.zeros(n, bool)
    ends[i.link_from[link[grid.first]]] = ends[i.link_to[link[grid.last]]] = True
    ends[i.shelter_node] = True
    pairs = np.concatenate(
        [np.stack([i.link_from, i.link_to]), np.stack([i.link_to, i.link_from])], axis=1
    )[:, np.tile(open_, 2)]
    neighbours = np.bincount(np.unique(pairs, axis=1)[0], minlength=n)
    crossing = inside[ends[inside] | (neighbours[inside] > 2)]
    total = _totals(grid.walk[:, link], p.arc_ptr)
    barred = ~np.isfinite(total)
    unlike = np.flatnonzero((barred != (p.arc_slots < 0)).any(axis=0) & ~gated)
    true = np.where(barred, 1.0, total)
    off = np.where(barred | (p.arc_slots < 0), 0.0, np.abs(p.arc_slots - true))
    off[:, gated] = 0.0
    off[(p.arc_slots == 0) | (p.arc_slots < -1)] = np.inf
    untrue, missed = _gates(e, p, grid)
    no_ride, no_arc = _ferries(e, p, grid)
    untrue, missed = np.append(untrue, no_ride), np.append(missed, no_arc)
    far = np.flatnonzero((off > 1 + HAIR).any(axis=0))

    def name(links: Positions) -> str:
        return f"link {i.link_id[links[0]]}" if len(links) else ""

    def arc(arcs: Ints) -> str:
        return f"the arc from {name(link[grid.first[arcs]])}" if len(arcs) else ""

    return told(
        "grid of the prices",
        "arcs are chains with nothing to turn off to, hold every street that can be walked once, "
        "and take length / speed in whole slots, at least one and at most one off",
        [
            (gap, f"{name(here[gap])} is followed by one that begins elsewhere"),
            (turn, f"{name(here[turn])} is followed by the way back"),
            (wrong, f"{name(wrong)} is in {used[wrong[:1]]} arcs, expected 1"),
            (crossing, f"node {crossing[:1]} inside an arc is a place to turn off, or a shelter"),
            (unlike, f"{arc(unlike)} is open or barred to another class than its links"),
            (far, f"{arc(far)} takes {p.arc_slots[:, far[:1]].T} slots, not {total[:, far[:1]].T}"),
            (misplaced, f"{name(link[misplaced])} changes over time or not, unlike its arc"),
            (untrue, f"{arc(untrue)} is open when its link is closed, or at another pace"),
            (missed, f"{name(missed)} can be entered when none of its arcs is open"),
        ],
        "faults",
    )  # fmt: skip


def _gates(e: Evidence, p: Prices, grid: Grid) -> tuple[Ints, Ints]:
    """Hold the arcs behind gates against the link times, slot by slot and class by class.

    Returns
    -------
    tuple
        Arcs that are open when they may not be, or at a pace that is more than a slot off; links
        that a class may enter in some slot in which none of its arcs is open.
    """
    arcs = np.flatnonzero(p.arc_gate >= 0)
    links = changing(e)
    links = links[~e.instance.ferry[links]]  # boats keep to their timetable, see `_ferries`
    row = np.full(len(e.instance.link_id), -1, np.int64)
    row[links] = np.arange(len(links))
    of_arc = row[p.arc_link[grid.first[arcs]]]
    arcs, of_arc = arcs[of_arc >= 0], of_arc[of_arc >= 0]
    untrue, missed = np.zeros(len(arcs), bool), np.zeros(len(links), bool)
    for k in np.unique(e.instance.group_class).tolist():
        for part in np.array_split(np.arange(len(links)), len(links) // LINKS_AT_ONCE + 1):
            table = slot_factors(e, k, links[part], p.n_slots)
            dry = grid.walk[k, links[part], None]
            with np.errstate(divide="ignore", invalid="ignore"):
                walk = np.where((table.factor > 0) & np.isfinite(dry), dry / table.factor, np.inf)
            may = np.isfinite(walk) & (grid.limit[links[part]] > 0)[:, None]
            whole = np.maximum(np.ceil(np.where(may, walk, 1.0) - HAIR), 1).astype(np.int64)
            slot = np.arange(p.n_slots + 1)
            upto = np.minimum(slot + whole, p.n_slots + 1)
            may &= np.take_along_axis(table.shut, upto, axis=1) == table.shut[:, :-1]
            # Whoever would leave after the deadline does not go, so nothing hangs on it.
            late = slot + whole > p.n_slots
            mine = np.flatnonzero((of_arc >= part[:1].sum()) & (of_arc <= part[-1:].sum()))
            mine = mine[(p.arc_slots[k, arcs[mine]] > 0)] if len(part) else mine[:0]
            at = of_arc[mine] - part[:1].sum()
            open_ = grid.open_[p.arc_gate[arcs[mine]]]
            pace = np.abs(p.arc_slots[k, arcs[mine], None] - walk[at]) <= 1 + HAIR
            untrue[mine] |= (open_ & ~late[at] & ~(may[at] & pace)).any(axis=1)
            found = np.zeros(may.shape, bool)
            np.logical_or.at(found, at, open_)
            missed[part] |= (may & ~late & ~found).any(axis=1)
    return arcs[untrue], links[missed]


def _ferries(e: Evidence, p: Prices, grid: Grid) -> tuple[Ints, Ints]:
    """Hold the arcs of boats against the timetable, as `_gates` does those of streets."""
    i = e.instance
    aboard, ashore = slots_of(e)
    first = p.arc_link[grid.first]
    arcs = np.flatnonzero((p.arc_gate >= 0) & i.ferry[first])
    there = np.unique(i.group_class)
    sails = {(int(a), int(b), int(c)) for a, b, c in zip(i.rides.link, aboard, ashore, strict=True)}
    known: set[tuple[int, int, int, int]] = set()
    untrue = np.zeros(len(arcs), bool)
    for n, arc in enumerate(arcs.tolist()):
        for slot in np.flatnonzero(grid.open_[p.arc_gate[arc]]).tolist():
            for k in there[p.arc_slots[there, arc] > 0].tolist():
                ride = (int(first[arc]), slot, slot + int(p.arc_slots[k, arc]))
                known.add((k, *ride))
                untrue[n] |= ride not in sails
    missed = []
    for link, leave, came in sails:
        time = np.array([leave, came]) * e.step
        for k in there.tolist() if came <= p.n_slots else []:
            closed = passing(
                i.link_times, np.array([link]), np.array([k]), time[:1], time[1:]
            ).closed_s[0]
            if closed <= 0 and (k, link, leave, came) not in known:
                missed.append(link)
    return arcs[untrue], np.array(missed, np.int64)


def on_grid(e: Evidence, p: Prices, grid: Grid, legs: Legs) -> Check:
    """Check: the plan itself keeps to the grid and to the limits that the prices sell."""
    n_links, step = len(e.instance.link_id), e.step
    entry = np.full(n_links, -1, np.int64)
    entry[p.arc_link] = np.arange(len(p.arc_link))
    at = entry[e.link]
    slot = np.clip(np.rint(e.enter / step).astype(np.int64), 0, p.n_slots)
    behind = np.flatnonzero(np.isin(e.link, changing(e)) | e.instance.ferry[e.link])
    at[behind] = _open_copies(p, grid, e.link[behind], legs.class_[behind], slot[behind])
    known = at >= 0
    place = np.where(known, grid.place[at], 0) if len(grid.place) else np.zeros(len(at), np.int64)
    begin = np.repeat(e.ptr[:-1], legs.count)
    leg = np.arange(len(at))
    start = np.maximum(leg - place, begin)
    part = leg - place < begin
    last = np.zeros(len(at), bool)
    last[known] = grid.last[grid.arc[at[known]]] == at[known]
    # In the middle of an arc the next leg is the next of its links.
    goes_on = np.ones(len(at), bool)
    goes_on[:-1] = last[:-1] | (at[1:] == at[:-1] + 1)
    ends = np.zeros(len(at), bool)
    ends[legs.last] = True
    goes_on[ends] = last[ends]
    walk = np.where(known, grid.walk[legs.class_, e.link], 0.0)
    walk[behind] = np.where(known[behind], 1.0, 0.0)
    # Added up from where the arc or the part was entered, in the order of the walk.
    walked = np.zeros(len(at))
    for back in range(1, int((leg - start).max(initial=0)) + 1):
        far = leg - start >= back
        walked[far] += walk[leg[far] - back]
    finite = np.isfinite(walked + walk)
    walked, walk = np.where(finite, walked, 0.0), np.where(finite, walk, 0.0)
    enter = e.enter[start] / step + np.floor(walked + HAIR)
    slots = np.floor(walked + walk + 0.5)
    whole = known & ~part
    slots[whole] = p.arc_slots[legs.class_[whole], grid.arc[at[whole]]]
    leave = np.where(last, e.enter[start] / step + slots, e.leave / step)
    off = np.maximum(np.abs(e.enter / step - enter), np.abs(e.leave / step - leave))
    bad = np.flatnonzero(~(known & goes_on & finite & (off <= HAIR)))
    text = ""
    if len(bad):
        k = int(bad[0])
        text = f"{who(e, legs.movement[k])} on link {e.instance.link_id[e.link[k]]}"
    i, size = e.instance, e.size[legs.movement]
    space = size * grid.space[legs.class_]
    links = crowded(e.link, e.enter, space, grid.limit, step)
    doors = crowded(e.shelter, e.arrive, e.size, per_slot(i.intake, step), step)
    return told(
        "plan on the grid",
        "legs take the time of the prices' grid, and no slot more persons than their limits: the "
        "bound is about this plan too",
        [
            (bad, text),
            (links, f"link {i.link_id[links[:1]]} takes more than its limit in a slot"),
            (doors, f"shelter {i.shelter_id[doors[:1]]} admits more than its limit in a slot"),
        ],
        "faults",
    )


def _open_copies(p: Prices, grid: Grid, link: Positions, class_: Positions, slot: Ints) -> Ints:
    """Find the entry of an arc of each link that is open to the class in the slot, -1 = none."""
    mine = grid.first[p.arc_gate >= 0]
    mine = mine[np.argsort(p.arc_link[mine], kind="stable")]
    begin = np.searchsorted(p.arc_link[mine], link, side="left")
    end = np.searchsorted(p.arc_link[mine], link, side="right")
    found = np.full(len(link), -1, np.int64)
    for nth in range(int((end - begin).max(initial=0))):
        some = np.flatnonzero((begin + nth < end) & (found < 0))
        entry = mine[begin[some] + nth]
        arc = grid.arc[entry]
        good = grid.open_[p.arc_gate[arc], slot[some]] & (p.arc_slots[class_[some], arc] > 0)
        found[some[good]] = entry[good]
    return found


def crowded(place: Positions, time: Floats, size: NDArray[Any], limit: Floats, step: float) -> Ints:
    """Find the places that more persons pass in one slot than their limit; once for each slot."""
    slot = np.rint(time / step).astype(np.int64)
    n_slots = int(slot.max(initial=0)) + 1
    passed, at = np.unique(place.astype(np.int64) * n_slots + slot, return_inverse=True)
    persons = np.bincount(at.ravel(), weights=size, minlength=len(passed))
    where = passed // n_slots
    return np.asarray(where[persons > limit[where] + HAIR])


def _totals(walk: Floats, ptr: Ints) -> Floats:
    if len(ptr) < 2:
        return np.zeros((len(walk), 0))
    return np.asarray(np.add.reduceat(walk, ptr[:-1], axis=1))
