"""A route as a row of steps: what to do, where to turn, which bridges are crossed, when to wait.

Links that are told alike are one step. Headings are compared where one step ends and the next
begins, over `signs.REACH` metres of each: less than `SLIGHT` is straight on, less than `TURN` a
slight turn ("keep left"), less than `BACK` a turn, more is turning back.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from functools import lru_cache
from typing import NamedTuple

from evacroute.signs import GANGWAY, REACH, Signs

SLIGHT, TURN, BACK = 20.0, 45.0, 150.0
"""From here on a turn is slight, full, or back [degrees]."""

MIN_WAIT = 30.0
"""Shorter waits on the way are not told [s]."""

RIDING_ON = 180.0
"""Where trips are not known, who takes the next ferry of the same name within this has stayed
aboard [s]."""

Trips = Sequence[Collection[str]]
"""Of each leg the trips whose rides it may be, none of those that are walked."""

SHORT, GAP = 8.0, 40.0
"""Ways shorter than these are told with their neighbours, see `_tidy` [m]."""

LOOK_AHEAD = 4
"""The first way is told to lead towards the first name among so many parts after it."""

MAX_PASSED = 2
"""Squares told as passed in one step."""

ON_FOOT = frozenset(("calle", "square", "quay", "underpass"))
"""Kinds of links and parts that are walked and have no steps."""

_ON_FOOT_OR_BRIDGE = ON_FOOT | {"bridge"}


class Step(NamedTuple):
    """One instruction.

    `kind` is leave, walk, alley, quay, underpass, square, steps, bridge, stop (to where a boat
    lies), wait_boat, boat, change (from one boat to another), ashore (from there), wait, arrive,
    or, for people who are left, reason, stay, go_up or await_crew. Ways without a name are told by
    kind; "walk" is any way with a name that is neither square, bridge nor steps.
    """

    kind: str
    name: str = ""
    """Street, square, bridge or shelter; "" where it has no name."""
    turn: str = ""
    """left, right, slight_left, slight_right, straight, back; "" for none."""
    distance: float = 0.0
    """Length [m]."""
    begin_s: float = 0.0
    end_s: float = 0.0
    """From when to when [s after the alarm]."""
    steps: int | None = 0
    """Steps of bridges and stairs, up and down together; None where there are some, uncounted."""
    toward: str = ""
    """What lies ahead, where the way has no name or is the first."""
    passed: tuple[str, ...] = ()
    """Squares that are passed by."""
    start: str = ""
    """Of a boat: where it is taken; `toward` is where it goes."""
    links: tuple[int, ...] = ()
    """Positions of the links."""
    casts_off_s: float | None = None
    """Of a boat with a timetable: when it leaves [s after the alarm]; a ferry that people may take
    at any time has none."""
    spare_s: float | None = None
    """Of a boat with a timetable: how long one is at its stop before it casts off [s]; None where
    one comes by another boat, or starts at the stop."""


class Part:
    """Links told as one step, while they are gathered."""

    __slots__ = ("begin", "end", "kind", "name", "trips", "wait")

    def __init__(
        self, kind: str, name: str, begin: int, wait: float, trips: Collection[str]
    ) -> None:
        self.kind, self.name, self.begin, self.end, self.wait = kind, name, begin, begin + 1, wait
        self.trips = set(trips)

    def after(self, n: int) -> Part:
        """Give the same for a route with n more links before it."""
        part = Part(self.kind, self.name, self.begin + n, self.wait, self.trips)
        part.end = self.end + n
        return part


def route_steps(
    signs: Signs,
    links: Sequence[int],
    enter: Sequence[float],
    leave: Sequence[float],
    *,
    lengths: Sequence[float] | None = None,
    goal: str = "",
    trips: Trips | None = None,
) -> list[Step]:
    """Turn the links of a route into steps, without leaving and arriving.

    Parameters
    ----------
    signs
        Of the network.
    links
        Link positions in walking order.
    enter, leave
        When each link is entered and left [s after the alarm].
    lengths
        Metres walked on each link, where they are not whole links.
    goal
        Name of the shelter, told as what lies ahead at the end.
    trips
        Of each link, ids of the trips that it may be ridden with: whoever must leave one boat for
        another is told so. Where none is known, it is guessed by name and time.
    """
    if lengths is None:
        length = signs.length
        lengths = [length[link] for link in links]
    parts = parts_of(signs, links, enter, leave, lengths, trips)
    return steps_of(signs, links, enter, leave, lengths, parts, goal)


def parts_of(
    signs: Signs,
    links: Sequence[int],
    enter: Sequence[float],
    leave: Sequence[float],
    lengths: Sequence[float],
    trips: Trips | None = None,
) -> list[Part]:
    """Gather the links of a route that are told as one step each; see `route_steps`."""
    return _tidy(signs, links, _parts(signs, links, enter, leave, trips), lengths)


def steps_of(
    signs: Signs,
    links: Sequence[int],
    enter: Sequence[float],
    leave: Sequence[float],
    lengths: Sequence[float],
    parts: list[Part],
    goal: str,
    first: int | None = None,
) -> list[Step]:
    """Tell parts of a route, or only the `first` so many of them; see `route_steps`."""
    steps: list[Step] = []
    for i, part in enumerate(parts[:first]):
        if i and part.kind == parts[i - 1].kind == "ferry":
            there = leave[part.begin - 1]
            steps.append(Step("change", begin_s=there, end_s=there))
        if part.wait >= MIN_WAIT:
            begin = leave[part.begin - 1]
            kind = "wait_boat" if part.kind == "ferry" else "wait"
            steps.append(Step(kind, begin_s=begin, end_s=begin + part.wait))
        told = steps[-1].passed if steps else ()
        steps.append(_step(signs, links, enter, leave, lengths, parts, i, goal, told))
    return steps


def _parts(
    signs: Signs,
    links: Sequence[int],
    enter: Sequence[float],
    leave: Sequence[float],
    trips: Trips | None,
) -> list[Part]:
    kinds, names = signs.kind, signs.name
    parts: list[Part] = []
    part: Part | None = None
    before = -1
    with_: set[str] = set()
    for i, link in enumerate(links):
        kind, name = kinds[link], names[link]
        wait = enter[i] - leave[i - 1] if i else 0.0
        if trips is not None:
            with_ = set(trips[i])
        if part is not None and _joins(signs, part, kind, name, before, link, wait, with_):
            part.end = i + 1
            part.trips &= with_
            if kind == "bridge" and part.kind != "bridge":
                part.kind, part.name = kind, name
            part.name = part.name or name
            # Nobody is told to wait on a bridge: they wait before it.
            part.wait += wait if wait >= MIN_WAIT and kind != "ferry" else 0.0
        else:
            part = Part(kind, name, i, wait, with_)
            parts.append(part)
        before = link
    return parts


def _joins(
    signs: Signs,
    part: Part,
    kind: str,
    name: str,
    before: int,
    link: int,
    wait: float,
    trips: set[str],
) -> bool:
    """Whether a link is told with the part before it."""
    if kind in ON_FOOT and part.kind in ON_FOOT and wait < MIN_WAIT:
        # Most are such; what follows says the same of them.
        if name or part.name:
            return part.name == name
        return kind == part.kind and (kind == "square" or not to_be_told(signs, before, link))
    if GANGWAY in (kind, part.kind):
        return kind == part.kind and part.name == name and wait < MIN_WAIT
    alike = part.name == name or not part.name or not name
    if kind == part.kind == "ferry" and (part.trips or trips):
        return not part.trips.isdisjoint(trips)
    if kind == part.kind == "ferry":
        # A boat that lies at a stop on the way is not left.
        return alike and wait < (RIDING_ON if part.name and name else MIN_WAIT)
    if kind == "bridge":
        if part.kind == "steps":
            # A flight of steps that leads up to a bridge is a part of it.
            return not part.name or part.name == name
        return part.kind == "bridge" and alike
    if part.kind == "bridge":
        return kind == "steps" and (not name or part.name == name)
    if wait >= MIN_WAIT or (kind == "ferry") != (part.kind == "ferry"):
        return False
    if part.name != name or (kind == "steps") != (part.kind == "steps"):
        return False
    if name:
        return True
    if kind != part.kind:
        return False
    return kind == "square" or not to_be_told(signs, before, link)


@lru_cache(maxsize=32_768)
def to_be_told(signs: Signs, before: int, link: int) -> bool:
    """Whether the way from one nameless link to the next must be told, as one may go wrong."""
    if not signs.junction[before]:
        return False
    return signs.fork[before] or abs(_turn(signs, [before], [link])) >= TURN


def _tidy(
    signs: Signs, links: Sequence[int], parts: list[Part], lengths: Sequence[float]
) -> list[Part]:
    """Tell what is too short to be told with its neighbours.

    A way of less than `SHORT` goes to the part after it, at the end to the one before it, unless
    one turns at both its ends; a nameless way of less than `GAP` is told with the square, or the
    straight street, that it parts.
    """
    kept: list[Part] = []
    n = len(parts)
    for i, part in enumerate(parts):
        kept.append(part)
        if i + 1 < n and part.kind in ON_FOOT:
            next_ = parts[i + 1]
            if (
                next_.kind in _ON_FOOT_OR_BRIDGE
                and next_.wait < MIN_WAIT
                and sum(lengths[part.begin : part.end]) < SHORT
                and not _turns_twice(signs, links, kept, next_)
            ):
                next_.begin, next_.wait = part.begin, part.wait
                kept.pop()
        _close_gap(signs, links, kept, lengths)
    if len(kept) > 1:
        before, last = kept[-2:]
        if (
            last.kind in ON_FOOT
            and before.kind in ON_FOOT
            and last.wait < MIN_WAIT
            and sum(lengths[last.begin : last.end]) < SHORT
        ):
            before.end = last.end
            kept.pop()
    return kept


def _turns_twice(signs: Signs, links: Sequence[int], kept: list[Part], next_: Part) -> bool:
    """Whether one turns both into and out of the last part kept."""
    if len(kept) < 2:
        return False
    before, own = kept[-2:]
    way = links[own.begin : own.end]
    if abs(_turn(signs, way, links[next_.begin : next_.end])) < TURN:
        return False
    return abs(_turn(signs, links[before.begin : before.end], way)) >= TURN


def _close_gap(
    signs: Signs, links: Sequence[int], kept: list[Part], lengths: Sequence[float]
) -> None:
    """Tell the last two parts kept with the one before them, where all are one street."""
    if len(kept) > 1:
        before, last = kept[-2:]
        if last.name and before.name == last.name and before.kind == last.kind:
            # What lay between them is told with one of them by now.
            if last.kind in ON_FOOT and last.wait < MIN_WAIT:
                before.end = last.end
                kept.pop()
            return
    if len(kept) < 3:
        return
    first, gap, last = kept[-3:]
    if (
        not last.name
        or first.name != last.name
        or gap.name
        or first.kind not in ON_FOOT
        or gap.kind not in ON_FOOT
        or last.kind not in ON_FOOT
        or max(gap.wait, last.wait) >= MIN_WAIT
        or sum(lengths[gap.begin : gap.end]) >= GAP
    ):
        return
    between = links[gap.begin : gap.end]
    if first.kind == last.kind == "square" or (
        abs(_turn(signs, links[first.begin : first.end], between)) < TURN
        and abs(_turn(signs, between, links[last.begin : last.end])) < TURN
    ):
        first.end = last.end
        del kept[-2:]


def _step(
    signs: Signs,
    links: Sequence[int],
    enter: Sequence[float],
    leave: Sequence[float],
    lengths: Sequence[float],
    parts: list[Part],
    i: int,
    goal: str,
    told: tuple[str, ...],
) -> Step:
    part = parts[i]
    own = links[part.begin : part.end]
    last = own[-1]
    kind, start, toward = part.kind, "", ""
    passed: tuple[str, ...] = ()
    casts_off = spare = None
    if kind == "ferry":
        kind = "boat"
        # Only boats with a timetable have trips and gangways.
        if part.trips or any(other.kind == GANGWAY for other in parts):
            casts_off = enter[part.begin]
        if casts_off is not None and i and parts[i - 1].kind != "ferry":
            spare = enter[part.begin] - leave[part.begin - 1]
        start = signs.place[signs.from_node[own[0]]]
        toward = signs.place[signs.to_node[last]]
    elif kind == GANGWAY:
        to_boat = i + 1 < len(parts) and parts[i + 1].kind == "ferry"
        kind = "stop" if to_boat else "ashore"
    elif kind != "bridge":
        if i == 0 or not part.name:
            toward = _ahead(signs, parts, i, last, goal)
        if kind != "square":
            passed = _passed(signs, own, parts, i, (toward, *told))
        if part.name and kind not in ("square", "steps"):
            kind = "walk"
        elif kind == "calle":
            kind = "alley"
    turn = ""
    if i and kind != "boat" and parts[i - 1].kind != "ferry":
        turn = turn_word(_turn(signs, links[parts[i - 1].begin : part.begin], own))
    distance = sum(lengths[part.begin : part.end])
    return Step(
        kind, part.name, turn, distance, enter[part.begin], leave[part.end - 1],
        _count_steps(signs, own), toward, passed, start, tuple(own), casts_off, spare,
    )  # fmt: skip


def _turn(signs: Signs, before: Sequence[int], after: Sequence[int]) -> float:
    """Turn between two parts of a route [degrees, left > 0]."""
    reach = signs.reach
    x = y = far = 0.0
    for link in reversed(before):
        x += signs.tail_x[link]
        y += signs.tail_y[link]
        far += reach[link]
        if far >= REACH:
            break
    to_x = to_y = far = 0.0
    for link in after:
        to_x += signs.head_x[link]
        to_y += signs.head_y[link]
        far += reach[link]
        if far >= REACH:
            break
    return math.degrees(math.atan2(x * to_y - y * to_x, x * to_x + y * to_y))


def turn_word(turn: float) -> str:
    """Word for a turn [degrees, left > 0].

    Examples
    --------
    >>> turn_word(10), turn_word(-30), turn_word(90), turn_word(-170)
    ('straight', 'slight_right', 'left', 'back')
    """
    size = abs(turn)
    if size < SLIGHT:
        return "straight"
    if size >= BACK:
        return "back"
    side = "left" if turn > 0 else "right"
    return side if size >= TURN else f"slight_{side}"


def _count_steps(signs: Signs, links: Sequence[int]) -> int | None:
    """Count steps; 1 stands for an unknown number unless a part of the same stairs is counted."""
    known = signs.steps
    counts = [known[link] for link in links]
    total = sum(counts)
    return None if total and max(counts) == 1 else total


def _ahead(signs: Signs, parts: list[Part], i: int, last: int, goal: str) -> str:
    """Name what lies ahead of a part: what comes next, a square at its end, or the shelter."""
    own = parts[i].name
    if i + 1 == len(parts):
        return goal if goal != own else ""
    for next_ in parts[i + 1 : i + 1 + (1 if i else LOOK_AHEAD)]:
        if next_.kind == "ferry":
            break
        if next_.name and next_.name != own:
            return next_.name
    place = signs.square_at[signs.to_node[last]]
    return place if place != own else ""


def _passed(
    signs: Signs, links: Sequence[int], parts: list[Part], i: int, told: tuple[str, ...]
) -> tuple[str, ...]:
    """Name the squares that a part passes by and that are told nowhere else."""
    square_at, to_node = signs.square_at, signs.to_node
    places = [place for link in links if (place := square_at[to_node[link]])]
    if not places:
        return ()
    near = (*told, *[part.name for part in parts[max(0, i - 1) : i + 2]])
    found = [place for place in dict.fromkeys(places) if place not in near]
    return tuple(found[:MAX_PASSED])


def count_boats(steps: Sequence[Step]) -> int:
    """Boats that a route takes."""
    return sum(step.kind == "boat" for step in steps)


def count_bridges(steps: Sequence[Step]) -> int:
    """Bridges that a route crosses."""
    return sum(step.kind == "bridge" for step in steps)
