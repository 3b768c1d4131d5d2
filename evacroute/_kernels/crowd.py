"""What the simulator's kernels share: the arrays of streets and people, queues, the crowd's pace."""

from __future__ import annotations

from typing import Any, NamedTuple

import numba as nb

PLAN, NEAREST, CROWD, LOST, INFORMED = range(5)
"""What leads a party: its plan, the nearest shelter, the others, nothing, or who has told it."""

HOME, WALKING, QUEUED, RIDING, ASIDE, SAFE, CAUGHT = range(7)
"""Where a party is: not yet out, on a link, at its end, on a boat, at a node with no way on, in a
shelter, or on a link that a hazard has closed around it."""

NOWHERE, AT_DOOR = -1, -2
"""What comes next: no way is known, or the door of the party's shelter."""


class Streets(NamedTuple):
    """The network as the crowd meets it; arrays by link unless said otherwise.

    Attributes
    ----------
    from_node, to_node, twin
        Ends, and the link of the same street the other way (-1 = none).
    walk
        Seconds in an empty street, shape (n_classes, n_links), inf = the class cannot.
    area
        Ground of the street, both directions together [m2].
    width
        Shares at junctions go by it [m].
    headway
        Seconds that a person's space takes to enter; inf = closed.
    stepped
        Whether it has steps.
    step_free
        Which classes cannot use steps, shape (n_classes,).
    abreast
        So many at the head of a queue can go on past each other.
    out_ptr, out_link, in_ptr, in_link
        Links out of and into each node.
    shelter_ptr, shelter
        Shelters at each node.
    row, stretch_ptr, stretch_begin, stretch_factor
        Row of each link (-1 = never changes) and its stretches, as a `Profile` has them.
    """

    from_node: Any
    to_node: Any
    twin: Any
    walk: Any
    area: Any
    width: Any
    headway: Any
    stepped: Any
    step_free: Any
    abreast: Any
    out_ptr: Any
    out_link: Any
    in_ptr: Any
    in_link: Any
    shelter_ptr: Any
    shelter: Any
    row: Any
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
    jam
        Density at which nobody more gets in [1/m2].
    loss
        What counter-flow takes of the flow and pace where all others come the other way.
    patience
        Who has stood before a full street so long squeezes in [s].
    """

    ratio: Any
    inflow: Any
    per_step: float
    jam: float
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


class People(NamedTuple):
    """The parties; arrays by party.

    Attributes
    ----------
    class_, size, space
        Class, persons, and persons' worth of street.
    pace
        Own speed over the class's, on the flat and on steps, shape (n, 2).
    node, link, state, lead
        Where it is: last node, link (-1 = at a node), `HOME` and so on; what leads it.
    clock
        When it was there [s]; of the safe, when the shelter let it in.
    rest
        Seconds left on its link at free pace.
    shut_at
        When its link closes to it [s].
    asked
        Since when it stands in its queue [s].
    next_link
        Chosen link, `AT_DOOR`, or `NOWHERE`.
    shelter
        Where it means to go or has gone, -1 = none in mind.
    lost_until
        When who is lost asks the way [s].
    leg, last_leg
        The next of its plan's legs, and the end of them.
    following
        Who stands behind it in its queue, -1 = nobody.
    """

    class_: Any
    size: Any
    space: Any
    pace: Any
    node: Any
    link: Any
    state: Any
    lead: Any
    clock: Any
    rest: Any
    shut_at: Any
    asked: Any
    next_link: Any
    shelter: Any
    lost_until: Any
    leg: Any
    last_leg: Any
    following: Any


class Ways(NamedTuple):
    """Legs of the plan: link, and when the plan enters it [s]; whether its times are kept."""

    link: Any
    enter: Any
    keep: bool


class Scene(NamedTuple):
    """What changes as the crowd walks.

    Attributes
    ----------
    load, standing
        Persons' space and persons inside each link; those of them who stand at its end.
    ratio
        Pace of the crowd on each link over free pace.
    free_at
        When each link can next be entered [s].
    trend
        Persons who entered each link of late, fading.
    head, tail
        First and last of each queue, by link and then by node, shape (n_links + n_nodes,).
    busy, is_busy
        Nodes with somebody in a queue, and whether a node is among them.
    walking
        Parties on links.
    near
        Seconds to the nearest shelter, and to the nearest with room, shape (2, n_classes, n_nodes).
    room, step_free_room, door_free_at, door_seconds
        Places left, when the door is free [s], and seconds it takes a person.
    turned_away
        Persons refused, by shelter.
    count
        Numbers: see `N_WALKING` and so on.
    """

    load: Any
    inside: Any
    standing: Any
    ratio: Any
    free_at: Any
    trend: Any
    head: Any
    tail: Any
    busy: Any
    is_busy: Any
    walking: Any
    near: Any
    room: Any
    step_free_room: Any
    door_free_at: Any
    door_seconds: Any
    turned_away: Any
    count: Any


N_WALKING, N_BUSY, N_OUT, SQUEEZED, FULL, N_TRACK = range(6)
"""Places in `Scene.count`: parties on links, busy nodes, parties that have set out, persons who
squeezed into full streets, how many times a shelter has filled up, steps of tracks."""


class Record(NamedTuple):
    """What is written down; tables by link and bin of time.

    Attributes
    ----------
    load, standing
        Sums over the steps of a bin of persons inside, and of those who stand.
    pace
        Sums over the steps of a bin of the seconds that a second at free pace takes.
    wait, entries
        Seconds waited to enter the link by who came in the bin, and how many did.
    tracked
        Track of each party, -1 = none.
    track
        Steps of tracks: track, link, shape (n, 2), and when each enters [s].
    """

    load: Any
    standing: Any
    pace: Any
    wait: Any
    entries: Any
    tracked: Any
    track: Any
    track_enter: Any


@nb.njit(cache=True, nogil=True)
def enqueue(people: People, scene: Scene, queue: int, i: int, node: int) -> None:
    """Put a party at the end of a queue at a node."""
    people.following[i] = -1
    if scene.head[queue] < 0:
        scene.head[queue] = i
    else:
        people.following[scene.tail[queue]] = i
    scene.tail[queue] = i
    people.asked[i] = people.clock[i]
    people.next_link[i] = NOWHERE
    if not scene.is_busy[node]:
        scene.is_busy[node] = True
        scene.busy[scene.count[N_BUSY]] = node
        scene.count[N_BUSY] += 1


@nb.njit(cache=True, nogil=True)
def take_out(people: People, scene: Scene, queue: int, before: int, i: int) -> None:
    """Take a party out of a queue; `before` stands in front of it, -1 = nobody."""
    after = people.following[i]
    if before < 0:
        scene.head[queue] = after
    else:
        people.following[before] = after
    if scene.tail[queue] == i:
        scene.tail[queue] = before


@nb.njit(cache=True, nogil=True)
def density_step(streets: Streets, law: Law, scene: Scene, link: int) -> float:
    """Density of a street in steps of the law's tables."""
    space = scene.load[link]
    twin = streets.twin[link]
    if twin >= 0:
        space += scene.load[twin]
    return space / streets.area[link] * law.per_step


@nb.njit(cache=True, nogil=True)
def looked_up(table: Any, x: float) -> float:
    """Value of a table between its entries; the last one beyond its end."""
    k = int(x)
    if k >= len(table) - 1:
        return table[len(table) - 1]
    return table[k] + (x - k) * (table[k + 1] - table[k])


@nb.njit(cache=True, nogil=True)
def opposed(streets: Streets, scene: Scene, link: int) -> float:
    """Share of the street's people who come the other way."""
    twin = streets.twin[link]
    if twin < 0 or scene.load[twin] == 0.0:
        return 0.0
    return scene.load[twin] / (scene.load[twin] + scene.load[link])


@nb.njit(cache=True, nogil=True)
def set_paces(streets: Streets, law: Law, scene: Scene) -> None:
    """Find the pace of the crowd on every link that somebody is on."""
    for link in range(len(scene.load)):
        twin = streets.twin[link]
        if scene.load[link] == 0.0 and (twin < 0 or scene.load[twin] == 0.0):
            scene.ratio[link] = 1.0
            continue
        slowed = looked_up(law.ratio, density_step(streets, law, scene, link))
        scene.ratio[link] = slowed * (1.0 - law.loss * opposed(streets, scene, link))


@nb.njit(cache=True, nogil=True)
def leave_link(people: People, scene: Scene, i: int) -> None:
    """Take a party off its link."""
    link = people.link[i]
    if link >= 0:
        if people.state[i] != RIDING:
            scene.load[link] = max(0.0, scene.load[link] - people.space[i])
        scene.inside[link] -= people.size[i]
        if people.state[i] == QUEUED:
            scene.standing[link] -= people.size[i]
        people.link[i] = -1


@nb.njit(cache=True, nogil=True)
def reach_end(streets: Streets, people: People, scene: Scene, i: int) -> None:
    """Let a party that is through its link, or ashore, join the queue at its end."""
    link = people.link[i]
    node = streets.to_node[link]
    people.node[i] = node
    if people.state[i] == RIDING:
        leave_link(people, scene, i)
        people.state[i] = QUEUED
        enqueue(people, scene, len(streets.to_node) + node, i, node)
    else:
        people.state[i] = QUEUED
        scene.standing[link] += people.size[i]
        enqueue(people, scene, link, i, node)


@nb.njit(cache=True, nogil=True)
def walk_on(people: People, scene: Scene, i: int, end: float) -> bool:
    """Walk or carry a party on to a time [s]; True = it is through, or its link has closed."""
    if people.state[i] == RIDING:
        if people.rest[i] >= end:
            return False
        people.clock[i] = people.rest[i]
        return True
    ratio = scene.ratio[people.link[i]]
    gone = (end - people.clock[i]) * ratio
    through = gone >= people.rest[i]
    if through:
        people.clock[i] += people.rest[i] / ratio
    else:
        people.rest[i] -= gone
        people.clock[i] = end
    if people.clock[i] > people.shut_at[i]:
        people.clock[i] = people.shut_at[i]
        people.state[i] = CAUGHT
        return True
    return through


@nb.njit(cache=True, nogil=True)
def advance(streets: Streets, people: People, scene: Scene, end: float) -> None:
    """Walk everybody on a link on to a time [s]; who reaches its end joins the queue there."""
    j = 0
    while j < scene.count[N_WALKING]:
        i = scene.walking[j]
        if not walk_on(people, scene, i, end):
            j += 1
            continue
        scene.count[N_WALKING] -= 1
        scene.walking[j] = scene.walking[scene.count[N_WALKING]]
        if people.state[i] != CAUGHT:
            reach_end(streets, people, scene, i)
