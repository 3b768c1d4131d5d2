"""The sentences that directions are made of, in one of several languages."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache, lru_cache

from evacroute.errors import InputError
from evacroute.languages import (
    BETWEEN_SENTENCES,
    DECIMAL_COMMA,
    TAGS,
    catalogue,
    language_of,
)
from evacroute.route_steps import MIN_WAIT, Step, count_boats, count_bridges

DAY = 24 * 60
"""Minutes in a day."""

EARLY = 2
"""People are asked to be at a boat's stop so many minutes before it casts off, where they can."""

MOST_SAID = 8192
"""Sentences of each kind that are remembered."""

_BY_TIME = frozenset(("boat", "wait", "wait_boat"))


class Words:
    """Sentences of a language."""

    def __init__(self, language: str) -> None:
        self.language = language
        texts = catalogue(language)
        self.gettext = self._ = texts.gettext
        self.ngettext = self._n = texts.ngettext
        self.tag = TAGS.get(language, language)
        self.between = BETWEEN_SENTENCES.get(language, " ")
        # What is said again and again, by many: which plural a number takes is not quickly found.
        self._metres = lru_cache(MOST_SAID)(self._say_metres)
        self._minutes = lru_cache(MOST_SAID)(self._say_minutes)
        self._walked = lru_cache(MOST_SAID)(self._say_walked)

    def modelled(self) -> str:
        """Say that heights are made by a model, so that nobody takes them for measured."""
        return self._(
            "Heights are modelled: which streets flood is an estimate, not a measurement."
        )

    def tide(self, level: float | None) -> str:
        """Say which tide a plan was made for [m]; "" where none is known."""
        if level is None:
            return ""
        said = f"{level:.2f}"
        if self.language in DECIMAL_COMMA:
            said = said.replace(".", ",")
        return self._("Made for a tide of up to {level} m.").format(level=said)

    def wading(self, distance: float, level: float | None) -> str:
        """Say how many metres of a way are under water, and how to walk there."""
        text = self._(
            "Part of this way is under water ({distance}): "
            "walk slowly, keep to the middle, mind the edge of canals."
        )
        said = self.tide(level), text.format(distance=self.metres(distance))
        return self.between.join(filter(None, said))

    def early(self, minutes: int) -> str:
        """Say how long before a boat casts off one is to be at its stop."""
        if minutes < 1:
            return self._("You reach the stop only just in time. Do not stop on the way.")
        text = self._n(
            "Be at the stop {n} minute before.", "Be at the stop {n} minutes before.", minutes
        )
        return text.format(n=minutes)

    def leave(
        self, depart: float, clock: int | None, way: Sequence[Step], distance: float, time: float
    ) -> str:
        """Say when to leave, and how far it is."""
        total = self._("In all: {list}.").format(list=self.total(way, distance, time))
        return self.when(depart, clock) + self.between + total

    def leave_in(self, wait: float, way: Sequence[Step], distance: float, time: float) -> str:
        """Say how long from now to leave, and how far it is."""
        n = rounded(wait / 60)
        when = self._("Leave at once.")
        if n:
            when = self._n("Leave in {n} minute.", "Leave in {n} minutes.", n).format(n=n)
        total = self._("In all: {list}.").format(list=self.total(way, distance, time))
        return when + self.between + total

    def total(self, way: Sequence[Step], distance: float, time: float) -> str:
        """Say how far a way is: metres on foot, minutes, boats, bridges and steps."""
        aboard = sum(step.distance for step in way if step.kind == "boat")
        found = [self.metres(distance - aboard), self.minutes(time)]
        boats = count_boats(way)
        if boats:
            found.append(self._n("{n} boat", "{n} boats", boats).format(n=boats))
        bridges = count_bridges(way)
        if bridges:
            found.append(self._n("{n} bridge", "{n} bridges", bridges).format(n=bridges))
        counts = [step.steps for step in way]
        n = sum(filter(None, counts))
        if None not in counts:
            if n:
                found.append(self.steps(n))
        elif n:
            text = self._n("more than {n} step", "more than {n} steps", n)
            found.append(text.format(n=n))
        else:
            found.append(self._("steps"))
        return self.listed(found)

    def when(self, depart: float, clock: int | None = None) -> str:
        """Say when to leave."""
        n = rounded(depart / 60)
        if clock is None:
            if n == 0:
                return self._("Leave at once.")
            text = self._n(
                "Leave {n} minute after the alarm.", "Leave {n} minutes after the alarm.", n
            )
            return text.format(n=n)
        time = clock_text(clock, depart)
        if n == 0:
            return self._("Leave at once, at {clock}.").format(clock=time)
        text = self._n(
            "Leave {n} minute after the alarm, at {clock}.",
            "Leave {n} minutes after the alarm, at {clock}.",
            n,
        )
        return text.format(n=n, clock=time)

    def line(self, step: Step, clock: int | None = None, *, timed: bool = True) -> str:
        """Say a step of the way; `timed` tells when a boat casts off."""
        said = []
        flat = step.kind in ("bridge", "square", "steps")
        if step.turn and not (flat and step.turn == "straight"):
            said.append(self._turn(step.turn))
        said.append(self._go(step))
        if step.kind not in ("bridge", "steps") and step.steps != 0:
            said.append(self._steps_on_the_way(step.steps))
        for place in step.passed:
            said.append(self._("You pass {place}.").format(place=place))
        if timed and step.casts_off_s is not None:
            said += self._casting_off(step.casts_off_s, step.spare_s, clock)
        return said[0] if len(said) == 1 else self.between.join(said)

    def walked(self, step: Step) -> str:
        """Say a step as `line` does, from memory where it is one on foot."""
        if step.kind in _BY_TIME:
            return self.line(step)
        return self._walked(
            step.kind, step.name, step.turn, told_metres(step.distance), step.steps, step.toward,
            step.passed,
        )  # fmt: skip

    def _say_walked(
        self, kind: str, name: str, turn: str, distance: int, steps: int | None, toward: str,
        passed: tuple[str, ...],
    ) -> str:  # fmt: skip
        return self.line(Step(kind, name, turn, distance, 0.0, 0.0, steps, toward, passed))

    def _turn(self, turn: str) -> str:
        _ = self._
        match turn:
            case "left":
                return _("Turn left.")
            case "right":
                return _("Turn right.")
            case "slight_left":
                return _("Keep left.")
            case "slight_right":
                return _("Keep right.")
            case "back":
                return _("Turn back.")
        return _("Go straight on.")

    def _go(self, step: Step) -> str:
        match step.kind:
            case "bridge":
                return self._bridge(step)
            case "steps":
                return self._stairs(step)
            case "boat":
                return self._boat(step)
            case "stop":
                text = self._("Go to the boat stop {name} ({distance}).")
                if not step.name:
                    text = self._("Go to the boat stop ({distance}).")
                return text.format(name=step.name, distance=self.metres(step.distance))
            case "ashore":
                text = self._("Go ashore ({distance}).")
                return text.format(distance=self.metres(step.distance))
            case "change":
                return self._("Change to another boat here.")
            case "wait_boat":
                n = max(1, rounded((step.end_s - step.begin_s) / 60))
                text = self._n(
                    "Wait for the boat ({n} minute).", "Wait for the boat ({n} minutes).", n
                )
                return text.format(n=n)
            case "wait":
                n = max(1, rounded((step.end_s - step.begin_s) / 60))
                text = self._n(
                    "Wait here for {n} minute: the way ahead is still full.",
                    "Wait here for {n} minutes: the way ahead is still full.",
                    n,
                )
                return text.format(n=n)
        return self._walk(step)

    def _walk(self, step: Step) -> str:
        _, toward = self._, step.toward
        match step.kind:
            case "square" if step.name:
                text = _("Cross {name} ({distance}).")
                if toward:
                    text = _("Cross {name} towards {place} ({distance}).")
            case "square":
                text = _("Cross the square ({distance}).")
                if toward:
                    text = _("Cross the square towards {place} ({distance}).")
            case "quay":
                text = _("Go along the canal for {distance}.")
                if toward:
                    text = _("Go along the canal for {distance}, towards {place}.")
            case "underpass":
                text = _("Go through the passage for {distance}.")
                if toward:
                    text = _("Go through the passage for {distance}, towards {place}.")
            case "alley":
                text = _("Follow the alley for {distance}.")
                if toward:
                    text = _("Follow the alley for {distance}, towards {place}.")
            case _:
                text = self._("Follow {name} for {distance}.")
                if toward:
                    text = self._("Follow {name} for {distance}, towards {place}.")
        return text.format(name=step.name, distance=self.metres(step.distance), place=toward)

    def _bridge(self, step: Step) -> str:
        n = step.steps
        if step.name:
            if n is None:
                text = self._("Cross the bridge {name} (steps).")
            elif n:
                text = self._n(
                    "Cross the bridge {name} ({n} step).", "Cross the bridge {name} ({n} steps).", n
                )
            else:
                text = self._("Cross the bridge {name} (no steps).")
        elif n is None:
            text = self._("Cross the bridge (steps).")
        elif n:
            text = self._n("Cross the bridge ({n} step).", "Cross the bridge ({n} steps).", n)
        else:
            text = self._("Cross the bridge (no steps).")
        return text.format(name=step.name, n=n)

    def _stairs(self, step: Step) -> str:
        n = step.steps
        if step.name:
            if n is None:
                text = self._("Take the steps: {name}.")
            else:
                text = self._n(
                    "Take the steps: {name} ({n} step).", "Take the steps: {name} ({n} steps).", n
                )
        elif n is None:
            text = self._("Take the steps.")
        else:
            text = self._n("Take the steps ({n} step).", "Take the steps ({n} steps).", n)
        return text.format(name=step.name, n=n)

    def _boat(self, step: Step) -> str:
        if step.name and step.start and step.toward:
            text = self._("Take the boat {name} from {start} to {place}.")
        elif step.start and step.toward:
            text = self._("Take the boat from {start} to {place}.")
        elif step.toward:
            text = self._("Take the boat to {place}.")
        elif step.name:
            text = self._("Take the boat {name}.")
        else:
            text = self._("Take the boat.")
        return text.format(start=step.start, place=step.toward, name=step.name)

    def _casting_off(self, time: float, spare: float | None, clock: int | None) -> list[str]:
        """Say when a boat casts off, rounded down: nobody may be late; and when to be there."""
        n = int(time // 60)
        text = self._n(
            "It casts off {n} minute after the alarm.",
            "It casts off {n} minutes after the alarm.",
            n,
        )
        if not n:
            text = self._("It casts off in the first minute after the alarm.")
        if clock is not None:
            text = self._n(
                "It casts off {n} minute after the alarm, at {clock}.",
                "It casts off {n} minutes after the alarm, at {clock}.",
                n,
            )
            if not n:
                text = self._("It casts off in the first minute after the alarm, at {clock}.")
        told = "" if clock is None else clock_text(clock, 60 * n)
        said = [text.format(n=n, clock=told)]
        if spare is None:
            return said
        return [*said, self.early(minutes_early(spare))]

    def _steps_on_the_way(self, n: int | None) -> str:
        if n is None:
            return self._("There are steps on the way.")
        text = self._n("There is {n} step on the way.", "There are {n} steps on the way.", n)
        return text.format(n=n)

    def arrive(self, shelter: str, queue: float, *, moved: bool) -> str:
        """Say that they are there, and how long they wait at the door."""
        if not moved:
            text = self._("You are already there: {shelter}. Stay there.")
        else:
            text = self._("You are there: {shelter}.")
        said = text.format(shelter=shelter)
        if queue >= MIN_WAIT:
            n = max(1, rounded(queue / 60))
            door = self._n(
                "Expect to wait {n} minute at the door.",
                "Expect to wait {n} minutes at the door.",
                n,
            )
            said += self.between + door.format(n=n)
        return said

    def left(self, what: str) -> str:
        """Say why there is no way, or what to do then."""
        _ = self._
        match what:
            case "no_way":
                return _("No way leads from here to a shelter.")
            case "no_step_free_way":
                return _("No way without steps leads from here to a shelter.")
            case "no_step_free_place":
                return _("The places without steps are all taken.")
            case "full":
                return _("The shelters are full.")
            case "too_far":
                return _("The shelters are too far away to reach in time.")
            case "too_full_ways":
                return _("The ways to the shelters are too full.")
            case "no_street":
                return _("No street is known near you.")
            case "cut_off":
                return _("Water, fire or rubble cuts the ways to the shelters.")
            case "too_narrow":
                return _("The ways to the shelters are too narrow for you.")
            case "stay":
                return _("Stay where you are.")
            case "go_up":
                return _("If water rises, go up to a higher floor.")
            case "await_news":
                return _("Wait for news.")
        return _("Wait for a crew to fetch you. Tell them where you are.")

    def shelter(self, name: str, id_: str) -> str:
        """Call a shelter by its name, else by its id."""
        return name or self._("shelter {id}").format(id=id_)

    def metres(self, distance: float) -> str:
        """Say a distance as one would: to 1 m, from 20 m to 5, from 100 to 10, from 1,000 to 50."""
        return self._metres(told_metres(distance))

    def _say_metres(self, n: int) -> str:
        return self._n("{n} metre", "{n} metres", n).format(n=n)

    def minutes(self, seconds: float) -> str:
        """Say a duration in whole minutes, at least one."""
        return self._minutes(max(1, rounded(seconds / 60)))

    def _say_minutes(self, n: int) -> str:
        return self._n("{n} minute", "{n} minutes", n).format(n=n)

    def steps(self, n: int) -> str:
        """Say a number of steps."""
        return self._n("{n} step", "{n} steps", n).format(n=n)

    def listed(self, items: Sequence[str]) -> str:
        """Put items in a row."""
        text = items[0]
        for item in items[1:]:
            text = self._("{first}, {second}").format(first=text, second=item)
        return text


@cache
def words_of(language: str) -> Words:
    """Words of a language, from a tag such as ``it`` or ``de-AT``."""
    return Words(language_of(language))


def told_metres(distance: float) -> int:
    """Round a distance as it is told, see `Words.metres`; doing so again changes nothing."""
    step = 1 if distance < 20 else 5 if distance < 100 else 10 if distance < 1000 else 50
    return max(1, step * rounded(distance / step))


def minutes_early(spare: float) -> int:
    """Whole minutes that people with some time to spare [s] are asked to be at a stop early."""
    return min(EARLY, int((spare + 1e-6) // 60))


def rounded(value: float) -> int:
    """Round half up."""
    return int(value + 0.5)


def clock_text(alarm: int, seconds: float) -> str:
    """Clock time so many seconds after the alarm [minutes after midnight], as 10:42."""
    minutes = (alarm + rounded(seconds / 60)) % DAY
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


def minutes_of_day(alarm: str) -> int:
    """Read a clock time such as 10:30, in minutes after midnight.

    Raises
    ------
    InputError
        If it is none.
    """
    match = re.fullmatch(r"\s*(\d{1,2})[:.](\d{2})(?::\d{2})?\s*", str(alarm))
    if match is None or int(match[1]) > 23 or int(match[2]) > 59:
        raise InputError(f"alarm is {alarm!r}, expected a time of day such as 10:30")
    return int(match[1]) * 60 + int(match[2])
