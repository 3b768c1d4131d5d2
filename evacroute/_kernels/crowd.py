"""What the simulator's kernels share: arrays of streets and people, queues, the crowd's pace."""

from __future__ import annotations

from typing import Any, NamedTuple

import numba as nb
import numpy as np

from evacroute._kernels.borrow import borrowed

PLAN, NEAREST, CROWD, LOST, INFORMED = range(5)
"""What leads a party: its plan, the nearest shelter, the others, nothing, or who has told it."""

HOME, WALKING, QUEUED, RIDING, ASIDE, SAFE, CAUGHT = range(7)
"""Where a party is: not yet out, on a link, at its end, on a boat, at a node with no way on, in a
shelter, or on a link that a hazard has closed around it."""

NOWHERE, AT_DOOR = -1, -2
"""What comes next: no way is known, or the door of the party's shelter."""


STREET = np.dtype(
    [
        ("from_node", "i4"), ("to_node", "i4"), ("twin", "i4"), ("row", "i4"), ("abreast", "i4"),
        ("stepped", "?"), ("length", "f8"), ("area", "f8"), ("width", "f8"), ("headway", "f8"),
    ],
    align=True,
)  # fmt: skip
"""A link as it is: ends, the link of the same street the other way (-1 = none), row of its
stretches of time (-1 = never changes), how many at the head of its queue can go on past each other,
whether it has steps, length [m], ground of the street, both directions together [m2], width [m],
seconds that a person's space takes to enter (inf = closed)."""

STATE = np.dtype(
    [
        ("load", "f8"), ("free_at", "f8"), ("trend", "f8"), ("trend_at", "f8"),
        ("inside", "i4"), ("standing", "i4"),
    ],
    align=True,
)  # fmt: skip
"""A link as it is now: persons' space inside, when it can next be entered [s], persons who entered
it of late (fading, as of `trend_at`), persons inside, and those of them who stand at its end."""

PARTY = np.dtype(
    [
        ("clock", "f8"), ("asked", "f8"),
        ("space", "f4"), ("pace", "f4"), ("pace_steps", "f4"), ("lost_until", "f4"),
        ("persons", "i4"), ("link", "i4"), ("node", "i4"), ("next_link", "i4"), ("following", "i4"),
        ("shelter", "i4"), ("leg", "i4"), ("last_leg", "i4"),
        ("class_", "i2"), ("state", "i1"), ("lead", "i1"),
    ],
    align=True,
)  # fmt: skip
"""A party; all of it side by side, as kernels ask for much of one and then of another at random.

clock: when it came to its node [s]; of the safe, when the shelter let it in. asked: since when it
stands in its queue [s]. space: persons' worth of street. pace, pace_steps: own
speed over the class's. lost_until: when who is lost or follows the others asks the way [s].
persons: how many (not `size`, which records have of their own). link (-1 = at a node), node (the
last), state (`HOME` and so on), lead (`PLAN` and so on):
where it is and what leads it. next_link: chosen link, `AT_DOOR`, or `NOWHERE`. following: who
stands behind it in its queue, -1 = nobody. shelter: where it means to go or has gone, -1 = none in
mind. leg, last_leg: the next of its plan's legs, and the end of them."""


WALKER = np.dtype(
    [
        ("party", "i4"), ("link", "i4"), ("clock", "f8"), ("rest", "f8"), ("ease", "f4"),
        ("shut_at", "f4"),
    ],
    align=True,
)  # fmt: skip
"""A party on a link: which, where, as of when [s]; seconds left at free pace (of riders, when they
are ashore); the crowd's pace times `ease` is the party's, up to 1: more than 1 where it is slow by
itself, -1 of riders; when the link closes to it [s]."""


ROUNDING = 0.002
"""Who is through no later than so long after a link closes was not caught [s]: `shut_at` is
rounded, and steps of time do not quite add up."""


class Streets(NamedTuple):
    """The network as the crowd meets it.

    Attributes
    ----------
    link
        The links, `STREET`.
    walk
        Seconds in an empty street, shape (n_classes, n_links), inf = the class cannot.
    step_free
        Which classes cannot use steps, shape (n_classes,).
    out_ptr, out_link, in_ptr, in_link
        Links out of and into each node.
    shelter_ptr, shelter
        Shelters at each node.
    stretch_ptr, stretch_begin, stretch_factor
        Stretches of the links that change, as a `Profile` has them.
    """

    link: Any
    walk: Any
    step_free: Any
    out_ptr: Any
    out_link: Any
    in_ptr: Any
    in_link: Any
    shelter_ptr: Any
    shelter: Any
    stretch_ptr: Any
    stretch_begin: Any
    stretch_factor: Any


class Law(NamedTuple):
    """How density slows people and what a full street takes in.

    Attributes
    ----------
    ratio
        Speed over free speed at densities of 0, 1, ... steps, up to the jam.
    inflow
        Flow per metre of width that a street of that density takes in [person/s/m].
    per_step
        Steps to a person a square metre.
    peak
        Steps to the density of the densest flow.
    jam
        Density at which nobody more gets in [1/m2].
    free
        Speed above which people are slowed by their share, below which only to the crowd's [m/s].
    loss
        What counter-flow takes of the flow and pace where all others come the other way.
    patience
        Who has stood before a full street so long squeezes in [s].
    """

    ratio: Any
    inflow: Any
    per_step: float
    peak: float
    jam: float
    free: float
    loss: float
    patience: float


class Boats(NamedTuple):
    """Rides, sorted by link and time; `ptr` says where each link's begin, shape (n_links + 1,).

    Attributes
    ----------
    ptr, leave, arrive, seats, chairs, boarders
        Times [s] and places left, of each ride.
    onward
        The same trip's next ride, -1 = none.
    """

    ptr: Any
    leave: Any
    arrive: Any
    seats: Any
    chairs: Any
    boarders: Any
    onward: Any


class Ways(NamedTuple):
    """Legs of the plan: link, and when the plan enters it [s]; whether its times are kept."""

    link: Any
    enter: Any
    keep: bool


class Scene(NamedTuple):
    """What changes as the crowd walks.

    Attributes
    ----------
    link
        The links, `STATE`.
    pace, pace_step
        Pace of the crowd on each link over free pace, and the step of time it was found in.
    head, tail
        First and last of each queue, by link and then by node, shape (n_links + n_nodes,).
    moved_at
        When the last one left each queue [s]: who stood behind could not go on before.
    busy, is_busy
        Nodes with somebody in a queue, and whether a node is among them.
    walking
        Parties on links, `WALKER`.
    near
        Seconds to the nearest shelter (first), and to the nearest with room for parties of some
        sizes, shape (1 + n_sizes, n_classes, n_nodes).
    told
        Which of `near` parties of n persons are told of, shape (most persons + 1,).
    room, step_free_room, door_free_at, door_seconds
        Places left, when the door is free [s], and seconds it takes a person.
    turned_away
        Persons refused, by shelter.
    count
        Numbers: see `N_WALKING` and so on.
    """

    link: Any
    pace: Any
    pace_step: Any
    head: Any
    tail: Any
    moved_at: Any
    busy: Any
    is_busy: Any
    walking: Any
    near: Any
    told: Any
    room: Any
    step_free_room: Any
    door_free_at: Any
    door_seconds: Any
    turned_away: Any
    count: Any


N_WALKING, N_BUSY, N_OUT, SQUEEZED, N_TRACK, STEP = range(6)
"""Places in `Scene.count`: parties on links, busy nodes, parties that have set out, persons who
squeezed into full streets, steps of tracks, steps of time."""


class Record(NamedTuple):
    """What is written down; tables by link and bin of time.

    Attributes
    ----------
    bin_s
        Length of a bin [s].
    load, standing
        Sums over the steps of a bin of persons inside, and of those who stand.
    pace
        Sums over the steps of a bin of the seconds that a second at free pace takes.
    wait, entries, in_at
        Seconds waited to enter the link by who came in the bin, how many did, and when the last of
        them entered [s].
    door_wait, door_entries, door_in_at
        The same of doors, by shelter.
    tracked
        Track of each party, -1 = none.
    track
        Steps of tracks: track, link, shape (n, 2), and when each enters [s].
    """

    bin_s: float
    load: Any
    standing: Any
    pace: Any
    wait: Any
    entries: Any
    in_at: Any
    door_wait: Any
    door_entries: Any
    door_in_at: Any
    tracked: Any
    track: Any
    track_enter: Any


@nb.njit(cache=True, nogil=True, inline="always")
def enqueue(people: Any, scene: Scene, queue: int, i: int, node: int) -> None:
    """Put a party into a queue at a node, behind those who came before it."""
    before = scene.tail[queue]
    if before >= 0 and people[before].clock > people[i].clock:
        # It has overtaken somebody within the step.
        before, ahead = -1, scene.head[queue]
        while people[ahead].clock <= people[i].clock:
            before, ahead = ahead, people[ahead].following
    if before < 0:
        people[i].following = scene.head[queue]
        scene.head[queue] = i
    else:
        people[i].following = people[before].following
        people[before].following = i
    if people[i].following < 0:
        scene.tail[queue] = i
    people[i].asked = people[i].clock
    people[i].next_link = NOWHERE
    if not scene.is_busy[node]:
        scene.is_busy[node] = True
        scene.busy[scene.count[N_BUSY]] = node
        scene.count[N_BUSY] += 1


@nb.njit(cache=True, nogil=True, inline="always")
def take_out(people: Any, scene: Scene, queue: int, before: int, i: int, time: float) -> None:
    """Take a party out of a queue at a time [s]; `before` stands in front of it, -1 = nobody."""
    scene.moved_at[queue] = max(scene.moved_at[queue], time)
    after = people[i].following
    if before < 0:
        scene.head[queue] = after
    else:
        people[before].following = after
    if scene.tail[queue] == i:
        scene.tail[queue] = before


@nb.njit(cache=True, nogil=True, inline="always")
def density_step(streets: Streets, law: Law, scene: Scene, link: int) -> float:
    """Density of a street in steps of the law's tables."""
    space = scene.link[link].load
    twin = streets.link[link].twin
    if twin >= 0:
        space += scene.link[twin].load
    return space / streets.link[link].area * law.per_step


@nb.njit(cache=True, nogil=True, inline="always")
def looked_up(table: Any, x: float) -> float:
    """Value of a table between its entries; the last one beyond its end."""
    k = int(x)
    if k >= len(table) - 1:
        return table[len(table) - 1]
    return table[k] + (x - k) * (table[k + 1] - table[k])


@nb.njit(cache=True, nogil=True, inline="always")
def opposed(streets: Streets, scene: Scene, link: int) -> float:
    """Share of the street's people who come the other way."""
    twin = streets.link[link].twin
    if twin < 0 or scene.link[twin].load == 0.0:
        return 0.0
    return scene.link[twin].load / (scene.link[twin].load + scene.link[link].load)


@nb.njit(cache=True, nogil=True, inline="always")
def pace_on(streets: Streets, law: Law, scene: Scene, link: int) -> float:
    """Pace of the crowd on a link over free pace, found once a step.

    Where nobody stands at its end nothing holds up those in front, and a crowd denser than that of
    the densest flow dissolves at the pace of that flow. Without this a crowd behind a wider
    exit passes on no more than it lets in, and once too dense stays so.
    """
    if scene.pace_step[link] != scene.count[STEP]:
        dense = density_step(streets, law, scene, link)
        if dense > law.peak and scene.link[link].standing == 0:
            mine = scene.link[link].load / streets.link[link].area * law.per_step
            dense = max(law.peak, dense - mine)
        slowed = looked_up(law.ratio, dense)
        scene.pace[link] = slowed * (1.0 - law.loss * opposed(streets, scene, link))
        scene.pace_step[link] = scene.count[STEP]
    return scene.pace[link]


@nb.njit(cache=True, nogil=True, inline="always")
def leave_link(people: Any, scene: Scene, i: int) -> None:
    """Take a party off its link."""
    link = people[i].link
    if link >= 0:
        if people[i].state != RIDING:
            scene.link[link].load = max(0.0, scene.link[link].load - people[i].space)
        scene.link[link].inside -= people[i].persons
        if people[i].state == QUEUED:
            scene.link[link].standing -= people[i].persons
        people[i].link = -1


@nb.njit(cache=True, nogil=True)
def reach_end(streets: Streets, people: Any, scene: Scene, i: int) -> None:
    """Let a party that is through its link, or ashore, join the queue at its end."""
    streets, people, scene = borrowed(streets), borrowed(people), borrowed(scene)
    link = people[i].link
    node = streets.link[link].to_node
    people[i].node = node
    if people[i].state == RIDING:
        leave_link(people, scene, i)
        people[i].state = QUEUED
        enqueue(people, scene, len(streets.link) + node, i, node)
    else:
        people[i].state = QUEUED
        scene.link[link].standing += people[i].persons
        enqueue(people, scene, link, i, node)


@nb.njit(cache=True, nogil=True, inline="always")
def put_on_link(
    streets: Streets, law: Law, people: Any, scene: Scene, i: int, rest: float, ease: float,
    shut_at: float, end: float,
) -> None:  # fmt: skip
    """Let a party walk or ride a link that it is on since `clock`, up to a time [s]."""
    j = scene.count[N_WALKING]
    walker = scene.walking[j]
    walker.party = i
    walker.link = people[i].link
    walker.clock = people[i].clock
    walker.rest = rest
    walker.ease = ease
    walker.shut_at = shut_at
    # A short link may be behind it before the step is over.
    if not walk_on(streets, law, people, scene, j, end):
        scene.count[N_WALKING] += 1


@nb.njit(cache=True, nogil=True, inline="always")
def walk_on(streets: Streets, law: Law, people: Any, scene: Scene, j: int, end: float) -> bool:
    """Walk or carry a party on to a time [s]; True = it is through, or its link has closed."""
    walker = scene.walking[j]
    if walker.ease < 0.0:
        if walker.rest >= end:
            return False
        people[walker.party].clock = walker.rest
        reach_end(streets, people, scene, walker.party)
        return True
    pace = min(1.0, pace_on(streets, law, scene, walker.link) * walker.ease)
    gone = (end - walker.clock) * pace
    through = gone >= walker.rest
    now = walker.clock + walker.rest / pace if through else end
    if now > walker.shut_at + ROUNDING:
        people[walker.party].clock = walker.shut_at
        people[walker.party].state = CAUGHT
        return True
    if through:
        people[walker.party].clock = now
        reach_end(streets, people, scene, walker.party)
        return True
    walker.rest -= gone
    walker.clock = end
    return False


@nb.njit(cache=True, nogil=True)
def advance(streets: Streets, law: Law, people: Any, scene: Scene, end: float) -> None:
    """Walk everybody on a link on to a time [s]; who reaches its end joins the queue there."""
    streets, law = borrowed(streets), borrowed(law)
    people, scene = borrowed(people), borrowed(scene)
    kept = 0
    # They stay in the order in which they came, so that queues at the ends are in order of time.
    for j in range(scene.count[N_WALKING]):
        if not walk_on(streets, law, people, scene, j, end):
            if kept < j:
                scene.walking[kept] = scene.walking[j]
            kept += 1
    scene.count[N_WALKING] = kept
