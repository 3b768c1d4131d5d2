"""Directions for ways on foot, for many who ask: what their ways share is told once.

Ways to a shelter come together, so that most of a way was told to others before. Where two parts
are told apart whatever lies before and after them (`_cut`), what follows on the second does not
depend on what comes before the first. From there on, steps and sentences are remembered.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from evacroute.route_directions import from_point
from evacroute.route_steps import (
    GAP,
    LOOK_AHEAD,
    ON_FOOT,
    SHORT,
    Part,
    Step,
    parts_of,
    steps_of,
    to_be_told,
)
from evacroute.route_words import Words, words_of
from evacroute.signs import Signs

MOST_TAILS = 6_144
"""Ends of ways that are remembered, and as many from before; with one more those are forgotten."""

_WALKED = ON_FOOT | {"bridge", "steps"}

# Whatever the order in which lengths are summed.
_SHORT, _GAP = SHORT + 0.001, GAP + 0.001


class _Tail(NamedTuple):
    """End of a way, from a cut on."""

    parts: list[Part]
    """The first few."""
    passed: tuple[str, ...]
    """Squares told with the first part where nothing lies before it."""
    steps: list[Step]
    lines: tuple[str, ...]
    """Of all parts but the first."""


_Key = tuple[tuple[int, ...], str, str]


class Walks:
    """Tells ways on foot without waits.

    Parameters
    ----------
    signs
        Of the network.
    """

    def __init__(self, signs: Signs) -> None:
        self._signs = signs
        self.tails: dict[_Key, _Tail] = {}
        self._before: dict[_Key, _Tail] = {}

    def lines(
        self, links: Sequence[int], start: tuple[int, float], *, shelter: str, language: str
    ) -> tuple[list[Step], tuple[str, ...]]:
        """Tell a way, all but when to leave; see `leave_line`.

        The text knows of no times, so that it is the same for all who walk there.

        Parameters are those of `route_directions`.
        """
        words, none = words_of(language), [0.0] * len(links)
        links, _, _, lengths = from_point(self._signs, links, none, none, 0.0, *start)
        cut = _cut(self._signs, links, lengths)
        tail = self._tail((tuple(links[cut:]), shelter, words.language)) if cut else None
        _, way, said = self._told(links, lengths, cut, tail, shelter, words)
        return way, (*said, words.arrive(shelter, 0.0, moved=bool(way)))

    def _tail(self, key: _Key) -> _Tail | None:
        """Give the end of a way, told by what is remembered of its own end."""
        found = self._known(key)
        if found is not None:
            return found
        links, shelter, language = key
        words, signs = words_of(language), self._signs
        if not _WALKED.issuperset([signs.kind[link] for link in links]):
            return None  # Of boats more is told than what lies before and after them.
        lengths = [signs.length[link] for link in links]
        cuts = [0]
        while found is None and (more := _cut(signs, links[cuts[-1] :], lengths[cuts[-1] :])):
            cuts.append(cuts[-1] + more)
            found = self._known((links[cuts[-1] :], shelter, language))
        if found is None:
            cuts.append(len(links))
        if len(self.tails) + len(cuts) > MOST_TAILS:
            self._before, self.tails = self.tails, {}
        for at, end in zip(cuts[-2::-1], cuts[:0:-1], strict=True):
            own, metres = links[at:], lengths[at:]
            parts, steps, said = self._told(own, metres, end - at, found, shelter, words)
            found = _Tail(parts[: LOOK_AHEAD + 1], steps[0].passed, steps[1:], said[1:])
            self.tails[own, shelter, language] = found
        return found

    def _known(self, key: _Key) -> _Tail | None:
        """Find what is remembered, and remember for longer what is asked for."""
        found = self.tails.get(key)
        if found is None:
            found = self._before.get(key)
            if found is not None and len(self.tails) < MOST_TAILS:
                self.tails[key] = found
        return found

    def _told(
        self,
        links: Sequence[int],
        lengths: Sequence[float],
        cut: int,
        tail: _Tail | None,
        shelter: str,
        words: Words,
    ) -> tuple[list[Part], list[Step], tuple[str, ...]]:
        """Tell links that end with a tail, or all by themselves."""
        signs, none = self._signs, [0.0] * len(links)
        if tail is not None:
            parts = parts_of(signs, links[:cut], none, none, lengths)
            n = len(parts) + 1
            # What lies ahead may be named by parts of the tail; nothing else is asked of them.
            parts += [tail.parts[0].after(cut), *tail.parts[1:]]
            steps = steps_of(signs, links, none, none, lengths, parts, shelter, n)
            if steps[-1].passed == tail.passed:
                return parts, steps + tail.steps, (*_said(words, steps), *tail.lines)
        parts = parts_of(signs, links, none, none, lengths)
        steps = steps_of(signs, links, none, none, lengths, parts, shelter)
        return parts, steps, _said(words, steps)


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
    """Find the first link that begins a part whatever the way is before and after, 0 = none does.

    It begins a bridge, or a street that is told apart from the one before. Both are too long to be
    told with the other (`SHORT`) and, where one alone has a name, the other is too long to be a gap
    in a street that goes on behind it (`GAP`).
    """
    kinds, names, n = signs.kind, signs.name, len(links)
    before, called = 0.0, ""
    i = 0
    while i < n:
        begin, link, metres = i, links[i], lengths[i]
        kind, name = kinds[link], names[link]
        i += 1
        if kind not in ON_FOOT:
            if kind == "bridge" and before > _SHORT:
                return begin
            before = 0.0
            continue
        while i < n and names[links[i]] == name and kinds[links[i]] in ON_FOOT:
            if not name and kinds[links[i]] != kind:
                break
            if not name and kind != "square" and to_be_told(signs, links[i - 1], links[i]):
                break
            metres += lengths[i]
            i += 1
        if (
            before > (_GAP if name and not called else _SHORT)
            and metres > (_GAP if called and not name else _SHORT)
        ):  # fmt: skip
            return begin
        before, called = metres, name
    return 0
