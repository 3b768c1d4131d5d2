"""Directions for ways on foot, for many who ask: what their ways share is told once.

Ways to a shelter come together, so that most of a way was told to others before. What follows on a
bridge does not depend on what comes before it, as long as the link before is on foot and too long
to be told with the bridge: see `_cut`. From there on, steps and sentences are remembered.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from evacroute.route_directions import from_point
from evacroute.route_steps import ON_FOOT, SHORT, Part, Step, parts_of, route_steps, steps_of
from evacroute.route_words import Words, words_of
from evacroute.signs import Signs

MOST_TAILS = 4096
"""Ends of ways that are remembered."""


class _Tail(NamedTuple):
    """End of a way, from a bridge on."""

    bridge: int
    """Links that are told as the bridge."""
    parts: list[Part]
    """What comes after it."""
    steps: list[Step]
    lines: tuple[str, ...]


class Walks:
    """Tells ways on foot without waits.

    Parameters
    ----------
    signs
        Of the network.
    """

    def __init__(self, signs: Signs) -> None:
        self._signs = signs
        self._tail = lru_cache(MOST_TAILS)(self._told)

    def lines(
        self, links: Sequence[int], start: tuple[int, float], *, shelter: str, language: str
    ) -> tuple[list[Step], tuple[str, ...]]:
        """Tell a way, all but when to leave; see `leave_line`.

        The text knows of no times, so that it is the same for all who walk there.

        Parameters are those of `route_directions`.
        """
        words, signs, none = words_of(language), self._signs, [0.0] * len(links)
        links, enter, leave, lengths = from_point(signs, links, none, none, 0.0, *start)
        cut = _cut(signs, links, lengths)
        tail = self._tail(tuple(links[cut:]), shelter, words.language) if cut else None
        arrived = words.arrive(shelter, 0.0, moved=bool(links))
        if tail is None:
            way = route_steps(signs, links, enter, leave, lengths=lengths, goal=shelter)
            return way, (*_said(words, way), arrived)
        head = links[: cut + tail.bridge]
        parts = parts_of(signs, head, enter, leave, lengths)
        n = len(parts)
        # What lies ahead may be named by a part of the tail.
        way = steps_of(signs, head, enter, leave, lengths, parts + tail.parts, shelter, n)
        return way + tail.steps, (*_said(words, way), *tail.lines, arrived)

    def _told(self, links: tuple[int, ...], shelter: str, language: str) -> _Tail | None:
        signs = self._signs
        kinds = [signs.kind[link] for link in links]
        if not ON_FOOT.issuperset(kind for kind in kinds if kind not in ("bridge", "steps")):
            return None  # Of boats more is told than what lies before and after them.
        lengths, none = [signs.length[link] for link in links], [0.0] * len(links)
        bridge, *parts = parts_of(signs, links, none, none, lengths)
        steps = steps_of(signs, links, none, none, lengths, [bridge, *parts], shelter)[1:]
        return _Tail(bridge.end, parts, steps, _said(words_of(language), steps))


def leave_line(
    way: Sequence[Step], *, language: str, wait: float, seconds: float
) -> tuple[str, ...]:
    """Tell when to leave, and how far a way is: one line, none without a way.

    Parameters
    ----------
    way
        Its steps.
    language
        As for `route_directions`.
    wait, seconds
        How long from now they are to leave, and how long they then take [s].
    """
    if not way:
        return ()
    words, distance = words_of(language), sum(step.distance for step in way)
    return (words.leave_in(wait, way, distance, seconds),)


def _said(words: Words, steps: Sequence[Step]) -> tuple[str, ...]:
    return tuple([words.walked(step) for step in steps])


def _cut(signs: Signs, links: Sequence[int], lengths: Sequence[float]) -> int:
    """Find the first bridge that is told by itself whatever comes before it, 0 = there is none.

    No street is told with a bridge but one that is shorter than `SHORT`, and none across it.
    """
    kinds = signs.kind
    before = ""
    for i, link in enumerate(links):
        kind = kinds[link]
        if kind == "bridge" and before in ON_FOOT and lengths[i - 1] >= SHORT:
            return i
        before = kind
    return 0
