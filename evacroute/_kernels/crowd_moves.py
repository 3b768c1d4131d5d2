"""What parties do at a node: stand in its queues, enter a link, a boat or a shelter."""

from __future__ import annotations

from typing import Any

import numba as nb
import numpy as np

from evacroute._kernels.borrow import borrowed
from evacroute._kernels.crowd import (
    ASIDE,
    AT_DOOR,
    INFORMED,
    N_BUSY,
    N_OUT,
    N_TRACK,
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
from evacroute._kernels.crowd_choices import can_enter, choose, has_room, recent
from evacroute._kernels.crowd_fields import factor_now, shut_after

STAYS, MOVES_ON, WAITS = range(3)
"""What came of a party's turn: it is held up, has left the queue, or lets others pass until its
time has come."""

HOME_ABREAST = 1 << 30
"""Those who start at a node come from homes of their own: nobody stands before anybody."""

LEAST_SHARE = 0.25
"""A direction gets at least so much of what a crowded street takes in."""

SQUEEZE = 1.5
"""Who squeezes in finds the street at no more than so many times its jam density."""


@nb.njit(cache=True, nogil=True)
def admit(streets: Streets, people: Any, scene: Scene, record: Record, i: int, bin_: int) -> bool:
    """Let a party in at the door of its shelter, or turn it away."""
    streets, record = borrowed(streets), borrowed(record)
    people, scene = borrowed(people), borrowed(scene)
    s, size = people[i].shelter, people[i].persons
    if not has_room(people, scene, streets, s, i):
        scene.turned_away[s] += size
        return False
    scene.room[s] -= size
    if streets.step_free[people[i].class_]:
        scene.step_free_room[s] -= size
    begin = max(people[i].clock, scene.door_free_at[s])
    scene.door_free_at[s] = begin + size * scene.door_seconds[s]
    came = min(bin_, int(people[i].clock / record.bin_s))
    record.door_wait[s, came] += size * (begin - people[i].clock)
    record.door_entries[s, came] += size
    record.door_in_at[s, came] = max(record.door_in_at[s, came], begin)
    leave_link(people, scene, i)
    people[i].clock = begin
    people[i].state = SAFE
    return True


@nb.njit(cache=True, nogil=True, inline="always")
def track(record: Record, scene: Scene, i: int, link: int, time: float) -> None:
    """Write down that a party enters a link, if it is one of those that are tracked."""
    if record.tracked[i] >= 0 and scene.count[N_TRACK] < len(record.track_enter):
        row = scene.count[N_TRACK]
        record.track[row, 0], record.track[row, 1] = record.tracked[i], link
        record.track_enter[row] = time
        scene.count[N_TRACK] += 1


@nb.njit(cache=True, nogil=True)
def board(
    streets: Streets, law: Law, people: Any, scene: Scene, ways: Ways, boats: Boats,
    record: Record, i: int,
) -> bool:  # fmt: skip
    """Book the first boat of a plan's ride that has places, for as long as the plan stays aboard.

    Nobody takes a boat that casts off before the plan would be aboard.
    """
    streets, law, people = borrowed(streets), borrowed(law), borrowed(people)
    scene, ways, boats = borrowed(scene), borrowed(ways), borrowed(boats)
    record = borrowed(record)
    size = people[i].persons
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
        last, ride, aboard = ride, first, people[i].leg
        while True:
            boats.seats[ride] -= size
            boats.chairs[ride] -= chairs
            track(record, scene, i, ways.link[aboard], boats.leave[ride])
            if ride == last:
                break
            ride, aboard = boats.onward[ride], aboard + 1
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
    streets: Streets, law: Law, people: Any, scene: Scene, i: int, link: int, begin: float,
    end: float,
) -> float:  # fmt: skip
    """When a party can enter a link [s]; `end` or later while it cannot in this step.

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
        time = max(begin, scene.link[link].free_at)
        if time < end:
            scene.count[SQUEEZED] += people[i].persons
        return time
    people[i].clock = max(people[i].clock, begin)
    return np.inf


@nb.njit(cache=True, nogil=True, inline="always")
def enter(
    streets: Streets, law: Law, people: Any, scene: Scene, record: Record, i: int, link: int,
    time: float, end: float, bin_: int,
) -> None:  # fmt: skip
    """Move a party from its node onto a link at a time [s], and on to the end of the step."""
    k, size, space = people[i].class_, people[i].persons, people[i].space
    came = min(bin_, int(people[i].asked / record.bin_s))
    record.wait[link, came] += size * (time - people[i].asked)
    record.entries[link, came] += size
    record.in_at[link, came] = max(record.in_at[link, came], time)
    track(record, scene, i, link, time)
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
def opens_as_planned(
    streets: Streets, people: Any, ways: Ways, i: int, link: int, now: float
) -> bool:
    """Whether a link that is closed now is open when the plan, later, says to enter it."""
    enters = ways.enter[people[i].leg]
    return enters > now and can_enter(streets, people[i].class_, link, enters)


@nb.njit(cache=True, nogil=True, inline="always")
def turn(
    streets: Streets, law: Law, people: Any, scene: Scene, ways: Ways, boats: Boats,
    record: Record, queue: int, before: int, i: int, begin: float, end: float, bin_: int, rng: Any,
) -> int:  # fmt: skip
    """Let a party in a queue, behind `before`, do what it can in a step of time."""
    came = queue if queue < len(streets.link) else -1
    if people[i].clock < begin <= scene.moved_at[queue]:
        # It came before this step and somebody before it was held up until now.
        people[i].clock = scene.moved_at[queue]
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
        planned, now = people[i].lead == PLAN, max(people[i].clock, begin)
        if link == AT_DOOR:
            came_at = people[i].clock
            if admit(streets, people, scene, record, i, bin_):
                take_out(people, scene, queue, before, i, came_at)
                return MOVES_ON
            people[i].lead = INFORMED
        elif boats.ptr[link + 1] > boats.ptr[link]:
            came_at = people[i].clock
            if board(streets, law, people, scene, ways, boats, record, i):
                take_out(people, scene, queue, before, i, came_at)
                return MOVES_ON
            people[i].lead = INFORMED
        elif not can_enter(streets, people[i].class_, link, now):
            if planned and opens_as_planned(streets, people, ways, i, link, now):
                if ways.enter[people[i].leg] >= end:
                    return WAITS
                people[i].clock = ways.enter[people[i].leg]
                continue
            if planned:
                people[i].lead = INFORMED
            people[i].clock = now
        else:
            if planned and ways.keep and ways.enter[people[i].leg] > people[i].clock:
                if ways.enter[people[i].leg] >= end:
                    return WAITS
                people[i].clock = ways.enter[people[i].leg]
            time = entry_time(streets, law, people, scene, i, link, begin, end)
            if time >= end or not can_enter(streets, people[i].class_, link, time):
                # Where it has closed meanwhile that is found out in the next step.
                return STAYS
            if planned:
                people[i].leg += 1
            take_out(people, scene, queue, before, i, time)
            enter(streets, law, people, scene, record, i, link, time, end, bin_)
            return MOVES_ON
        people[i].next_link = NOWHERE
    take_out(people, scene, queue, before, i, people[i].clock)
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
