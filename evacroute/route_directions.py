"""Directions for one route, given link by link: no plan is needed, so a server can make them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from evacroute.errors import InputError
from evacroute.network import Network
from evacroute.route_steps import Step, Trips, count_bridges, route_steps
from evacroute.route_words import EARLY, minutes_of_day, words_of
from evacroute.signs import GANGWAY, Signs, signs_of

NO_WAY = {
    "no way to any shelter": "no_way",
    "no step-free way to any shelter": "no_step_free_way",
    "no shelter with room": "full",
    "no step-free place left": "no_step_free_place",
    "too far to arrive by the deadline": "too_far",
    "no room on the way by the deadline (proven)": "too_full_ways",
    "no room on the way by the deadline (not proven)": "too_full_ways",
    "no street near enough": "no_street",
    "no shelter with room (not proven)": "full",
    "no step-free place left (not proven)": "no_step_free_place",
    "no way that lets in so wide a person at this step": "too_narrow",
    "cut off by a hazard": "cut_off",
}
"""Reason why people are left -> what is told of it."""

_CREW = {
    "no_way", "no_step_free_way", "no_step_free_place", "too_narrow", "no_street", "cut_off"
}  # fmt: skip
"""What only a crew can help; the others wait for news."""


Wading = Callable[[Sequence[int], Sequence[float]], Sequence[bool]]
"""Of links and when each is entered [s]: which are walked slower because of water."""


@dataclass(frozen=True, slots=True)
class Directions:
    """Turn-by-turn directions for one way; prints as numbered lines.

    Parameters
    ----------
    language
        Language of the text.
    steps
        What to do, one by one.
    text
        One line a step.
    shelter
        Name of the shelter, "" for people who are left.
    distance
        Length of the way [m].
    depart_s, arrive_s
        When to leave and when the shelter has admitted them [s after the alarm]; None for people
        who are left.
    note
        What everybody should know of the figures behind it, "" = nothing.
    water
        That part of the way is under water, and the tide it was made for, "" = it is not.
    water_m
        Length of the links that are walked slower because of water [m].

    Examples
    --------
    >>> import evacroute as er
    >>> plan = er.assign(er.lagoon(people=300), "nearest")
    >>> told = er.directions(plan, movement=0)
    >>> len(told.steps) == len(told.text), told.arrive_s > told.depart_s, told.shelter != ""
    (True, True, True)
    """

    language: str
    steps: tuple[Step, ...]
    text: tuple[str, ...]
    shelter: str
    distance: float = 0.0
    depart_s: float | None = None
    arrive_s: float | None = None
    note: str = ""
    water: str = ""
    water_m: float = 0.0

    @property
    def bridges(self) -> int:
        """Bridges crossed."""
        return count_bridges(self.steps)

    def to_dict(self) -> dict[str, Any]:
        """Give the directions as plain types, for JSON.

        Returns
        -------
        dict
            The fields by name, and under ``steps`` a dict for each step.
        """
        steps = [
            {**step._asdict(), "passed": list(step.passed), "links": list(step.links), "text": line}
            for step, line in zip(self.steps, self.text, strict=True)
        ]
        return {
            "language": self.language,
            "shelter": self.shelter,
            "distance": self.distance,
            "depart_s": self.depart_s,
            "arrive_s": self.arrive_s,
            "bridges": self.bridges,
            "note": self.note,
            "water": self.water,
            "water_m": self.water_m,
            "steps": steps,
        }

    def __str__(self) -> str:
        width = len(str(len(self.text)))
        lines = [f"{i:>{width}}. {line}" for i, line in enumerate(self.text, 1)]
        return "\n".join(filter(None, [self.water, *lines, self.note]))


def route_directions(
    network: Network | Signs,
    links: Sequence[int],
    enter: Sequence[float],
    leave: Sequence[float],
    *,
    shelter: str,
    language: str = "en",
    alarm: str | None = None,
    depart: float | None = None,
    arrive: float | None = None,
    start: tuple[int, float] | None = None,
    trips: Trips | None = None,
    sooner: float = 0.0,
    wading: Wading | None = None,
    tide: float | None = None,
) -> Directions:
    """Tell a route that is given link by link; needs no plan.

    Parameters
    ----------
    network
        The network, or its signs (`signs_of`): prepared once, a route takes some 0.1 ms.
    links
        Link positions in walking order; none where people are at the shelter.
    enter, leave
        When each link is entered and left [s after the alarm], lists of plain numbers.
    shelter
        What the shelter is called.
    language
        One of `languages.LANGUAGES`, or a tag that begins with it.
    alarm
        Clock time of the alarm, as 10:30: when to leave and when boats cast off is then told by the
        clock too.
    depart, arrive
        When they leave, and when the shelter has admitted them [s after the alarm]; by default when
        the first link is entered and the last one left.
    start
        Where they stand: position of a link and metres from its begin. They walk to the end of it
        at which the route begins, or, where the route itself leads along this link, start on it.
    trips
        Of each link the ids of the trips of boats that it may be ridden with, none where one walks.
        Where they are not given, who takes the next ferry of the same name within three minutes is
        taken to stay aboard.
    sooner
        By how much they could leave sooner [s]. Who takes a boat with a timetable is then told to,
        as far as it takes to be at its first stop `route_words.EARLY` minutes before it casts off.
    wading
        Tells which links are under water, so that those who walk there are told.
    tide
        The highest tide that the route was made for [m].

    Raises
    ------
    InputError
        If the language is unknown, the alarm no time of day, or the link they stand at does not
        touch the begin of the route.
    """
    words = words_of(language)
    signs = signs_of(network) if isinstance(network, Network) else network
    begin = enter[0] if len(links) else 0.0
    depart = begin if depart is None else depart
    boarding, sooner = sooner_at_stop(signs, links, enter, leave, trips, sooner)
    if sooner > 0:
        depart -= sooner
        enter = [t - sooner * (i < boarding) for i, t in enumerate(enter)]
        leave = [t - sooner * (i < boarding) for i, t in enumerate(leave)]
    lengths = None
    if start is not None:
        links, enter, leave, lengths = from_point(signs, links, enter, leave, depart, *start)
    if trips is not None and len(links) > len(trips):
        trips = [(), *trips]
    way = route_steps(signs, links, enter, leave, lengths=lengths, goal=shelter, trips=trips)
    there = leave[-1] if len(links) else depart
    arrive = there if arrive is None else arrive
    distance = sum(step.distance for step in way)
    clock = None if alarm is None else minutes_of_day(alarm)
    steps, text = [], []
    if way:
        steps.append(Step("leave", distance=distance, begin_s=depart, end_s=depart))
        text.append(words.leave(depart, clock, way, distance, arrive - depart))
    for step in way:
        steps.append(step)
        text.append(words.line(step, clock))
    steps.append(Step("arrive", name=shelter, begin_s=there, end_s=arrive))
    text.append(words.arrive(shelter, arrive - there, moved=bool(way)))
    wet = 0.0
    if wading is not None and len(links):
        metres = lengths or [signs.length[link] for link in links]
        wet = sum(m for m, slow in zip(metres, wading(links, enter), strict=True) if slow)
    return Directions(
        words.language,
        tuple(steps),
        tuple(text),
        shelter,
        distance,
        depart,
        arrive,
        water=words.wading(wet, tide) if wet else "",
        water_m=wet,
    )


def sooner_at_stop(
    signs: Signs,
    links: Sequence[int],
    enter: Sequence[float],
    leave: Sequence[float],
    trips: Trips | None,
    sooner: float,
) -> tuple[int, float]:
    """Find the first ride that one walks to, and by how much to leave sooner for it [s].

    Parameters are those of `route_directions`; 0 and 0 where nobody leaves sooner for a boat.
    """
    boarding = _boarding(signs, links, trips) if sooner > 0 else 0
    if not boarding:
        return 0, 0.0
    there = enter[boarding] - leave[boarding - 1]
    return boarding, max(0.0, min(sooner, 60.0 * EARLY - there))


def _boarding(signs: Signs, links: Sequence[int], trips: Trips | None) -> int:
    """Find the first ride of a boat with a timetable that one walks to, 0 = there is none."""
    kinds = [signs.kind[link] for link in links]
    if "ferry" not in kinds:
        return 0
    first = kinds.index("ferry")
    known = GANGWAY in kinds or bool(trips is not None and trips[first])
    return first if known else 0


def stay_directions(reason: str, language: str = "en") -> Directions:
    """Tell people who are left what to do: stay, go up if water rises, wait for a crew or news.

    Parameters
    ----------
    reason
        Why they are left, one of `assignment.movements.REASONS`.
    language
        As for `route_directions`.
    """
    words = words_of(language)
    why = NO_WAY.get(reason, "no_way")
    last = "await_crew" if why in _CREW else "await_news"
    steps = (Step("reason", name=reason), Step("stay"), Step("go_up"), Step(last))
    text = tuple(words.left(word) for word in (why, "stay", "go_up", last))
    return Directions(words.language, steps, text, "")


def from_point(
    signs: Signs,
    links: Sequence[int],
    enter: Sequence[float],
    leave: Sequence[float],
    depart: float,
    link: int,
    along: float,
) -> tuple[list[int], list[float], list[float], list[float]]:
    """Let the route begin at a point on a link, `along` metres from its begin."""
    whole = signs.length[link]
    along = min(max(along, 0.0), whole)
    back = signs.reverse[link]
    lengths = [signs.length[one] for one in links]
    links, enter, leave = list(links), list(enter), list(leave)
    if links and links[0] in (link, back):
        # The route leads past the point: what lies before it is not walked.
        lengths[0] = whole - along if links[0] == link else along
        enter[0] = min(max(depart, enter[0]), leave[0])
        return links, enter, leave, lengths
    node = signs.from_node[links[0]] if links else -1
    forward = node == signs.to_node[link]
    if links and not forward and node != signs.from_node[link]:
        raise InputError(f"start is link {link}, which does not touch the begin of the route")
    if not links:
        forward = along > whole / 2
    walk = whole - along if forward else along
    if walk < 1.0:
        return links, enter, leave, lengths
    first = link if forward or back < 0 else back
    begin = enter[0] if enter else depart
    return [first, *links], [depart, *enter], [begin, *leave], [walk, *lengths]
