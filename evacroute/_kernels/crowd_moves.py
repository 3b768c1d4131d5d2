"""What parties do at a node: choose where to go on, enter a link, a boat or a shelter."""

from __future__ import annotations

from typing import Any

import numba as nb
import numpy as np

from evacroute._kernels.borrow import borrowed
from evacroute._kernels.crowd import (
    ASIDE,
    AT_DOOR,
    CROWD,
    INFORMED,
    LOST,
    N_BUSY,
    N_OUT,
    N_TRACK,
    NEAREST,
    NOWHERE,
    PLAN,
    QUEUED,
    RIDING,
    SAFE,
    SQUEEZED,
    STEP,
    WALKING,
    Boats,
    Law,
    Record,
    Scene,
    Streets,
    Ways,
    advance,
    density_step,
    enqueue,
    leave_link,
    looked_up,
    opposed,
    pace_on,
    put_on_link,
    take_out,
)
from evacroute._kernels.crowd_fields import factor_now, shut_after

STAYS, MOVES_ON, WAITS = range(3)
"""What came of a party's turn: it is held up, has left the queue, or lets others pass until its
time has come."""

HOME_ABREAST = 8
"""So many of those who start at a node look for a way on side by side."""

TREND = 60.0
"""What others did fades from the memory of those who follow them in about so long [s]."""

LEAST_SHARE = 0.25
"""A direction gets at least so much of what a crowded street takes in."""

SQUEEZE = 1.5
"""Who squeezes in finds the street at no more than so many times its jam density."""


@nb.njit(cache=True, nogil=True, inline="always")
def has_room(people: Any, scene: Scene, streets: Streets, s: int, i: int) -> bool:
    """Whether a shelter still has places for a party."""
    if scene.room[s] < people[i].size:
        return False
    free = streets.step_free[people[i].class_]
    return not free or scene.step_free_room[s] >= people[i].size


@nb.njit(cache=True, nogil=True, inline="always")
def can_enter(streets: Streets, k: int, link: int, time: float) -> bool:
    """Whether a class can walk a link at a time, and get through before it closes."""
    walk = streets.walk[k, link]
    if not np.isfinite(walk) or not np.isfinite(streets.link[link].headway):
        return False
    factor = factor_now(streets, k, link, time)
    if factor == 0.0:
        return False
    return streets.link[link].row < 0 or time + walk / factor <= shut_after(streets, k, link, time)


@nb.njit(cache=True, nogil=True)
def shelter_here(people: Any, scene: Scene, streets: Streets, i: int, full_too: bool) -> int:
    """Shelter at a party's node that has room for it, else any (if asked for), else -1."""
    people, scene, streets = borrowed(people), borrowed(scene), borrowed(streets)
    found = -1
    v = people[i].node
    for j in range(streets.shelter_ptr[v], streets.shelter_ptr[v + 1]):
        s = streets.shelter[j]
        if has_room(people, scene, streets, s, i):
            return s
        if full_too and found < 0:
            found = s
    return found


@nb.njit(cache=True, nogil=True)
def down_field(streets: Streets, people: Any, scene: Scene, i: int, told: int) -> int:
    """Link that leads to the nearest shelter (told = 1: with room) soonest, or `NOWHERE`."""
    streets, people, scene = borrowed(streets), borrowed(people), borrowed(scene)
    v, k, now = people[i].node, people[i].class_, people[i].clock
    best, least = NOWHERE, np.inf
    for j in range(streets.out_ptr[v], streets.out_ptr[v + 1]):
        link = streets.out_link[j]
        if can_enter(streets, k, link, now):
            walk = streets.walk[k, link] / factor_now(streets, k, link, now)
            there = walk + scene.near[told, k, streets.link[link].to_node]
            if there < least:
                best, least = link, there
    return best


@nb.njit(cache=True, nogil=True)
def recent(scene: Scene, link: int, now: float) -> float:
    """Persons who entered a link of late."""
    age = max(0.0, now - scene.link[link].trend_at)
    return scene.link[link].trend * np.exp(-age / TREND)


@nb.njit(cache=True, nogil=True)
def by_chance(streets: Streets, people: Any, scene: Scene, i: int, came: int, rng: Any) -> int:
    """Link that others have taken of late, the more the likelier, or, of the lost, any.

    Nobody turns round but in a dead end. `NOWHERE` where nobody is to be followed.
    """
    streets, people, scene = borrowed(streets), borrowed(people), borrowed(scene)
    v, k, now = people[i].node, people[i].class_, people[i].clock
    crowd = people[i].lead == CROWD
    back = -1 if came < 0 else streets.link[came].twin
    total = 0.0
    for j in range(streets.out_ptr[v], streets.out_ptr[v + 1]):
        link = streets.out_link[j]
        if link != back and can_enter(streets, k, link, now):
            total += recent(scene, link, now) if crowd else 1.0
    if total <= 0.0:
        can_turn = not crowd and back >= 0 and can_enter(streets, k, back, now)
        return back if can_turn else NOWHERE
    mark = rng.random() * total
    found = NOWHERE
    for j in range(streets.out_ptr[v], streets.out_ptr[v + 1]):
        link = streets.out_link[j]
        if link != back and can_enter(streets, k, link, now):
            weight = recent(scene, link, now) if crowd else 1.0
            if weight > 0.0:
                found = link
                mark -= weight
                if mark < 0.0:
                    break
    return found


@nb.njit(cache=True, nogil=True)
def choose(streets: Streets, people: Any, scene: Scene, i: int, came: int, rng: Any) -> int:
    """Where a party without a plan goes on from its node; sets the shelter it means to enter."""
    streets, people, scene = borrowed(streets), borrowed(people), borrowed(scene)
    if people[i].lead in (CROWD, LOST) and people[i].clock >= people[i].lost_until:
        people[i].lead = NEAREST
    told = 1 if people[i].lead == INFORMED else 0
    wanders = people[i].lead in (CROWD, LOST)
    s = shelter_here(people, scene, streets, i, not wanders and told == 0)
    if s >= 0:
        people[i].shelter = s
        return AT_DOOR
    if told == 1 and scene.near[told, people[i].class_, people[i].node] == 0.0:
        # The last place has just gone: who has come for it waits to be told of another.
        return NOWHERE
    if wanders:
        link = by_chance(streets, people, scene, i, came, rng)
        if link != NOWHERE:
            return link
    return down_field(streets, people, scene, i, told)


@nb.njit(cache=True, nogil=True, inline="always")
def admit(streets: Streets, people: Any, scene: Scene, record: Record, i: int, bin_: int) -> bool:
    """Let a party in at the door of its shelter, or turn it away."""
    s, size = people[i].shelter, people[i].size
    if not has_room(people, scene, streets, s, i):
        scene.turned_away[s] += size
        return False
    scene.room[s] -= size
    if streets.step_free[people[i].class_]:
        scene.step_free_room[s] -= size
    begin = max(people[i].clock, scene.door_free_at[s])
    scene.door_free_at[s] = begin + size * scene.door_seconds[s]
    record.door_wait[s, bin_] += size * (begin - people[i].clock)
    record.door_entries[s, bin_] += size
    leave_link(people, scene, i)
    people[i].clock = begin
    people[i].state = SAFE
    return True


@nb.njit(cache=True, nogil=True)
def board(
    streets: Streets, law: Law, people: Any, scene: Scene, ways: Ways, boats: Boats, i: int
) -> bool:
    """Book the first boat of a plan's ride that has places, for as long as the plan stays aboard.

    Nobody takes a boat that casts off before the plan would be aboard.
    """
    streets, law, people = borrowed(streets), borrowed(law), borrowed(people)
    scene, ways, boats = borrowed(scene), borrowed(ways), borrowed(boats)
    size = people[i].size
    chairs = size if streets.step_free[people[i].class_] else 0
    now = max(people[i].clock, ways.enter[people[i].leg])
    link = ways.link[people[i].leg]
    for first in range(boats.ptr[link], boats.ptr[link + 1]):
        if boats.leave[first] < now or boats.boarders[first] < size:
            continue
        ride, leg = first, people[i].leg
        fits = boats.seats[ride] >= size and boats.chairs[ride] >= chairs
        while fits and leg + 1 < people[i].last_leg:
            after, ahead = ways.link[leg + 1], boats.onward[ride]
            if ahead < boats.ptr[after] or ahead >= boats.ptr[after + 1]:
                break
            ride, leg = ahead, leg + 1
            fits = boats.seats[ride] >= size and boats.chairs[ride] >= chairs
        if not fits:
            continue
        boats.boarders[first] -= size
        last, ride = ride, first
        while True:
            boats.seats[ride] -= size
            boats.chairs[ride] -= chairs
            if ride == last:
                break
            ride = boats.onward[ride]
        leave_link(people, scene, i)
        people[i].link = ways.link[leg]
        scene.link[people[i].link].inside += size
        people[i].state = RIDING
        people[i].leg = leg + 1
        put_on_link(streets, law, people, scene, i, boats.arrive[last], -1.0, np.inf, -np.inf)
        return True
    return False


@nb.njit(cache=True, nogil=True, inline="always")
def entry_rate(streets: Streets, law: Law, scene: Scene, link: int) -> float:
    """Persons' space that a link takes in a second: its capacity, or less where it is crowded."""
    x = opposed(streets, scene, link)
    rate = (1.0 - law.loss * x) / streets.link[link].headway
    inflow = looked_up(law.inflow, density_step(streets, law, scene, link))
    return min(rate, inflow * streets.link[link].width * max(1.0 - x, LEAST_SHARE))


@nb.njit(cache=True, nogil=True, inline="always")
def entry_time(
    streets: Streets, law: Law, people: Any, scene: Scene, i: int, link: int, begin: float
) -> float:
    """When a party can enter a link [s]; inf while the street is full.

    Who has stood before a full street for long squeezes in, as people swap places where crowds
    meet head-on; without that, two full streets would wait for each other for ever.
    """
    full = (
        density_step(streets, law, scene, link)
        + people[i].space / streets.link[link].area * law.per_step
    )
    jam = law.jam * law.per_step
    if full <= jam or scene.link[link].load == 0.0:
        return max(people[i].clock, scene.link[link].free_at)
    if full <= SQUEEZE * jam and begin - people[i].asked >= law.patience:
        scene.count[SQUEEZED] += people[i].size
        return max(begin, scene.link[link].free_at)
    people[i].clock = max(people[i].clock, begin)
    return np.inf


@nb.njit(cache=True, nogil=True, inline="always")
def enter(
    streets: Streets, law: Law, people: Any, scene: Scene, record: Record, i: int, link: int,
    time: float, end: float, bin_: int,
) -> None:  # fmt: skip
    """Move a party from its node onto a link at a time [s], and on to the end of the step."""
    k, size, space = people[i].class_, people[i].size, people[i].space
    record.wait[link, bin_] += size * (time - people[i].asked)
    record.entries[link, bin_] += size
    if record.tracked[i] >= 0 and scene.count[N_TRACK] < len(record.track_enter):
        row = scene.count[N_TRACK]
        record.track[row, 0], record.track[row, 1] = record.tracked[i], link
        record.track_enter[row] = time
        scene.count[N_TRACK] += 1
    leave_link(people, scene, i)
    scene.link[link].free_at = time + space / max(entry_rate(streets, law, scene, link), 1e-9)
    scene.link[link].trend = recent(scene, link, time) + size
    scene.link[link].trend_at = time
    scene.link[link].load += space
    scene.link[link].inside += size
    own = people[i].pace_steps if streets.link[link].stepped else people[i].pace
    rest = streets.walk[k, link] / (factor_now(streets, k, link, time) * own)
    ease = max(1.0, law.free * rest / streets.link[link].length)
    people[i].clock = time
    people[i].link = link
    people[i].state = WALKING
    shut_at = shut_after(streets, k, link, time)
    put_on_link(streets, law, people, scene, i, rest, ease, shut_at, end)


@nb.njit(cache=True, nogil=True, inline="always")
def turn(
    streets: Streets, law: Law, people: Any, scene: Scene, ways: Ways, boats: Boats,
    record: Record, queue: int, before: int, i: int, begin: float, end: float, bin_: int, rng: Any,
) -> int:  # fmt: skip
    """Let a party in a queue, behind `before`, do what it can in a step of time."""
    came = queue if queue < len(streets.link) else -1
    # A door that is shut or a way that is closed is found out once each; then there is another.
    for _ in range(4):
        link = people[i].next_link
        if link == NOWHERE:
            if people[i].lead != PLAN:
                link = choose(streets, people, scene, i, came, rng)
            else:
                done = people[i].leg == people[i].last_leg
                link = AT_DOOR if done else ways.link[people[i].leg]
            people[i].next_link = link
        if link == NOWHERE:
            break
        planned = people[i].lead == PLAN
        if link == AT_DOOR:
            if admit(streets, people, scene, record, i, bin_):
                take_out(people, scene, queue, before, i)
                return MOVES_ON
            people[i].lead = INFORMED
        elif boats.ptr[link + 1] > boats.ptr[link]:
            if board(streets, law, people, scene, ways, boats, i):
                take_out(people, scene, queue, before, i)
                return MOVES_ON
            people[i].lead = INFORMED
        elif not can_enter(streets, people[i].class_, link, max(people[i].clock, begin)):
            if planned:
                people[i].lead = INFORMED
            people[i].clock = max(people[i].clock, begin)
        else:
            if planned and ways.keep and ways.enter[people[i].leg] > people[i].clock:
                if ways.enter[people[i].leg] >= end:
                    return WAITS
                people[i].clock = ways.enter[people[i].leg]
            time = entry_time(streets, law, people, scene, i, link, begin)
            if time >= end:
                return STAYS
            if planned:
                people[i].leg += 1
            take_out(people, scene, queue, before, i)
            enter(streets, law, people, scene, record, i, link, time, end, bin_)
            return MOVES_ON
        people[i].next_link = NOWHERE
    take_out(people, scene, queue, before, i)
    leave_link(people, scene, i)
    people[i].state = ASIDE
    people[i].next_link = NOWHERE
    return MOVES_ON


@nb.njit(cache=True, nogil=True, inline="always")
def serve_queue(
    streets: Streets, law: Law, people: Any, scene: Scene, ways: Ways, boats: Boats,
    record: Record, queue: int, begin: float, end: float, bin_: int, rng: Any,
) -> bool:  # fmt: skip
    """Let the first of a queue who can go on do so; False = nobody at its head can."""
    n_links = len(streets.link)
    abreast = streets.link[queue].abreast if queue < n_links else HOME_ABREAST
    before, i, seen = -1, scene.head[queue], 0
    while i >= 0 and seen < abreast:
        done = turn(
            streets, law, people, scene, ways, boats, record, queue, before, i, begin, end, bin_,
            rng,
        )  # fmt: skip
        if done == MOVES_ON:
            return True
        seen += done == STAYS
        before, i = i, people[i].following
    return False


@nb.njit(cache=True, nogil=True, inline="always")
def serve_node(
    streets: Streets, law: Law, people: Any, scene: Scene, ways: Ways, boats: Boats,
    record: Record, v: int, begin: float, end: float, bin_: int, rng: Any, stuck: Any,
) -> None:  # fmt: skip
    """Serve the queues at a node until none can go on: at random, the wider ones more often.

    `stuck` is room for a mark a queue.
    """
    n_links = len(streets.link)
    first, last = streets.in_ptr[v], streets.in_ptr[v + 1]
    n = last - first + 1  # the last is that of those who start here
    stuck[:n] = False
    while True:
        total, only = 0.0, -1
        for j in range(n):
            queue = streets.in_link[first + j] if j < n - 1 else n_links + v
            if not stuck[j] and scene.head[queue] >= 0:
                total += streets.link[queue].width if j < n - 1 else 1.0
                only = j
        if only < 0:
            return
        mark = rng.random() * total
        for j in range(n):
            queue = streets.in_link[first + j] if j < n - 1 else n_links + v
            if stuck[j] or scene.head[queue] < 0:
                continue
            mark -= streets.link[queue].width if j < n - 1 else 1.0
            if mark < 0.0 or j == only:
                stuck[j] = not serve_queue(
                    streets, law, people, scene, ways, boats, record, queue, begin, end, bin_, rng
                )
                break


@nb.njit(cache=True, nogil=True)
def set_out(people: Any, scene: Scene, n_links: int, order: Any, end: float) -> None:
    """Put those who set out before a time [s] into the queues at their nodes."""
    people, scene, order = borrowed(people), borrowed(scene), borrowed(order)
    n = scene.count[N_OUT]
    while n < len(order) and people.clock[order[n]] < end:
        i = order[n]
        people[i].state = QUEUED
        enqueue(people, scene, n_links + people[i].node, i, people[i].node)
        n += 1
    scene.count[N_OUT] = n


@nb.njit(cache=True, nogil=True)
def play_bin(
    streets: Streets, law: Law, people: Any, scene: Scene, ways: Ways, boats: Boats,
    record: Record, order: Any, bin_: int, bin_s: float, dt: float, rng: Any, stuck: Any,
) -> None:  # fmt: skip
    """Play one bin of time in steps of `dt` seconds."""
    streets, law, scene = borrowed(streets), borrowed(law), borrowed(scene)
    ways, boats, record = borrowed(ways), borrowed(boats), borrowed(record)
    people, order, stuck = borrowed(people), borrowed(order), borrowed(stuck)
    n_links = len(streets.link)
    steps = int(np.rint(bin_s / dt))
    for step in range(steps):
        begin = bin_ * bin_s + step * dt
        end = begin + dt
        set_out(people, scene, n_links, order, end)
        scene.count[STEP] += 1
        advance(streets, law, people, scene, end)
        # Whoever gets through a short link within the step makes its end busy, behind these.
        j = 0
        while j < scene.count[N_BUSY]:
            v = scene.busy[j]
            serve_node(
                streets, law, people, scene, ways, boats, record, v, begin, end, bin_, rng, stuck
            )
            j += 1
        keep_busy(streets, scene, n_links)
        for link in range(n_links):
            state = scene.link[link]
            if state.inside > 0:
                record.load[link, bin_] += state.inside
                record.standing[link, bin_] += state.standing
                pace = pace_on(streets, law, scene, link)
                if pace < 1.0:
                    record.pace[link, bin_] += 1.0 / pace - 1.0


@nb.njit(cache=True, nogil=True)
def keep_busy(streets: Streets, scene: Scene, n_links: int) -> None:
    """Drop the nodes whose queues are empty from the busy ones."""
    streets, scene = borrowed(streets), borrowed(scene)
    kept = 0
    for j in range(scene.count[N_BUSY]):
        v = scene.busy[j]
        waits = scene.head[n_links + v] >= 0
        for e in range(streets.in_ptr[v], streets.in_ptr[v + 1]):
            waits = waits or scene.head[streets.in_link[e]] >= 0
        scene.is_busy[v] = waits
        if waits:
            scene.busy[kept] = v
            kept += 1
    scene.count[N_BUSY] = kept


@nb.njit(cache=True, nogil=True)
def try_again(people: Any, scene: Scene, n_links: int, now: float) -> None:
    """Let those who stand by the way try again: something may have opened."""
    people, scene = borrowed(people), borrowed(scene)
    for i in range(len(people)):
        if people[i].state == ASIDE:
            people[i].state = QUEUED
            people[i].clock = max(people[i].clock, now)
            enqueue(people, scene, n_links + people[i].node, i, people[i].node)
