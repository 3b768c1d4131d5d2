"""One person who asks where to go: what they may say of themselves, and what follows from it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from copy import copy
from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evacroute._capability_tables import OLDEST
from evacroute._kernels.crowd import Streets
from evacroute._street_arrays import lay_streets
from evacroute.capability import MOBILITIES, capabilities, group_factor, steps_speed
from evacroute.errors import Faults, PeopleError
from evacroute.hazards import LinkTimes, as_hazards
from evacroute.load.people import MOBILITY_WORDS, SEX_WORDS, ready_prior
from evacroute.load.placing import nearer_ends, usable_links
from evacroute.load.snap import Snapper
from evacroute.people import Classes
from evacroute.scenario import Scenario

LATEST = 7 * 86_400
"""Nobody is taken to set out later than this after the alarm [s]."""

MOST_PARTY = 99


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """A person, or a party who go as one, in the words of `read_people`.

    Parameters
    ----------
    lon, lat
        Where they are [degrees]; or give ``node_id``.
    node_id
        The node where they stand.
    age
        Years of the slowest of them, None = unknown.
    sex
        "F", "M" or "" where unknown.
    mobility
        Word of ``capability.MOBILITIES``, "unknown" where nothing is said.
    helpers
        People who help beside the party.
    party_size
        Persons who go as one.
    ready_time_s
        When they can leave where they stand [s after the alarm]; None = the mean of their like.

    Raises
    ------
    PeopleError
        If a value is not what it must be, or it is not said where they are; all faults are told
        together.

    Examples
    --------
    >>> import evacroute as er
    >>> er.Person(lon=12.3387, lat=45.4341, age=80, mobility="cane").party_size
    1
    >>> er.Person.of({"node_id": "17", "party_size": 3}).node_id
    '17'
    """

    lon: float | None = None
    lat: float | None = None
    node_id: Any = None
    age: float | None = None
    sex: str = ""
    mobility: str = "unknown"
    helpers: int = 0
    party_size: int = 1
    ready_time_s: float | None = None

    def __post_init__(self) -> None:
        faults = Faults("person")
        self._check_place(faults)
        for name, words, expected in (
            ("sex", SEX_WORDS, "F, M or nothing"),
            ("mobility", MOBILITY_WORDS, f"one of {', '.join(MOBILITIES)}"),
        ):
            given = getattr(self, name)
            word = str(given).lower().replace(" ", "_").replace("-", "_")
            if word in words:
                object.__setattr__(self, name, words[word])
            else:
                faults.add(f"{name} is {given!r}, expected {expected}")
        for name, low, high, what in (
            ("age", 0, OLDEST + 1, f"a number from 0 to {OLDEST}"),
            ("ready_time_s", 0, LATEST + 1, f"a number of seconds from 0 to {LATEST}"),
        ):
            value = getattr(self, name)
            if value is not None and not (_is_number(value) and low <= value < high):
                faults.add(f"{name} is {value!r}, expected {what}")
        for name, low in (("helpers", 0), ("party_size", 1)):
            value = getattr(self, name)
            if not _is_whole(value) or not low <= value <= MOST_PARTY:
                faults.add(f"{name} is {value!r}, expected a whole number from {low} to 99")
        faults.raise_if_any(PeopleError)

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> Person:
        """Take a person from a mapping.

        Parameters
        ----------
        given
            Fields of `Person` by name.

        Returns
        -------
        Person
            With the defaults where a field is not given.

        Raises
        ------
        PeopleError
            If a key is unknown, or a value is not what it must be.
        """
        known = [one.name for one in fields(cls)]
        unknown = [str(key) for key in given if key not in known]
        if unknown:
            raise PeopleError(
                f"person: unknown {', '.join(unknown)}; expected some of {', '.join(known)}"
            )
        return cls(**given)

    def _check_place(self, faults: Faults) -> None:
        if self.node_id is not None:
            if self.lon is not None or self.lat is not None:
                faults.add("both node_id and lon, lat are given, expected one of them")
            return
        for name, most in (("lon", 180), ("lat", 90)):
            value = getattr(self, name)
            if value is None:
                faults.add(f"{name} is missing, expected lon and lat in degrees, or a node_id")
            elif not _is_number(value) or not -most <= value <= most:
                faults.add(f"{name} is {value!r}, expected {-most} to {most} degrees")


@dataclass(frozen=True, slots=True, eq=False)
class Kit:
    """A scenario's streets, with a class that is as able as somebody who asks.

    Parameters
    ----------
    classes
        Classes that `streets` know.
    streets
        For the kernels.
    class_
        The class.
    """

    classes: Classes
    streets: Streets
    class_: int


@dataclass(frozen=True, slots=True, eq=False)
class Asker:
    """Who asks, on the streets.

    Parameters
    ----------
    kit
        Streets and their class.
    node, depart
        Where and when their way begins [s after the alarm].
    size
        Persons who go as one.
    pace, pace_steps
        Own speed over the class's, on the flat and on steps.
    movement
        Their movement in the plan, -1 = they have none.
    notes
        What was assumed.
    """

    kit: Kit
    node: int
    depart: float
    size: int
    pace: float = 1.0
    pace_steps: float = 1.0
    movement: int = -1
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Able:
    """Speeds and limits of a party."""

    flat: float
    steps: float
    width: float
    depth: float


@dataclass(slots=True, eq=False)
class Streetwise:
    """Puts people who ask on the streets of a scenario.

    Parameters
    ----------
    scenario
        Streets, classes and hazards.
    max_distance
        Whoever is farther from any street they can use is refused [m].
    """

    scenario: Scenario
    max_distance: float = 250.0
    streets: Streets = field(init=False)
    _wet: bool = field(init=False)
    _kits: dict[tuple[bool, float, float], Kit] = field(init=False, default_factory=dict)
    _snappers: dict[tuple[bool, float], Snapper] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        self.streets = lay_streets(self.scenario, self.scenario.deadline_s)
        times = self.scenario.link_times
        # Where every class can wade alike, water is told of no class in particular.
        self._wet = bool(times.water.any() or (times.class_ >= 0).any())

    def own(self, class_: int) -> Kit:
        """Give the streets for a class of the scenario."""
        return Kit(self.scenario.group_classes, self.streets, class_)

    def place(self, person: Person) -> Asker:
        """Put a person on the streets.

        Raises
        ------
        PeopleError
            If no street that they can use is near, or the node is unknown.
        """
        able = _able(person)
        kit = self._kit(able)
        notes = []
        ready = person.ready_time_s
        if ready is None:
            ready = float(ready_prior(_words(person.mobility), _words("asker"), None)[0])
            notes.append(f"takes {ready / 60:.0f} min to set out, the mean of their like")
        node, metres = self._node(person, able)
        flat = float(kit.classes.speed_flat[kit.class_])
        steps = float(kit.classes.speed_steps[kit.class_])
        return Asker(
            kit,
            node,
            ready + metres / able.flat,
            person.party_size,
            able.flat / flat,
            able.steps / steps if steps > 0 else able.flat / flat,
            notes=tuple(notes),
        )

    def _node(self, person: Person, able: _Able) -> tuple[int, float]:
        """Node where a person's way begins, and the walk to it [m]."""
        network = self.scenario.network
        if person.node_id is not None:
            try:
                return int(network.node_positions([person.node_id])[0]), 0.0
            except ValueError as error:
                raise PeopleError(f"person: {error}") from None
        key = able.steps == 0, able.width
        if key not in self._snappers:
            self._snappers[key] = Snapper(network, usable_links(network, *key))
        link, along, distance = self._snappers[key].snap(
            np.array([person.lon], np.float64), np.array([person.lat], np.float64),
            max_distance=self.max_distance,
        )  # fmt: skip
        if link[0] < 0:
            raise PeopleError(
                f"person: no street that they can use is within {self.max_distance:g} m of lon "
                f"{person.lon}, lat {person.lat}; the network spans "
                f"lon {network.lon.min():.4f} to {network.lon.max():.4f}, "
                f"lat {network.lat.min():.4f} to {network.lat.max():.4f}"
            )
        node, offset = nearer_ends(network, link, along)
        return int(node[0]), float(distance[0] + offset[0])

    def _kit(self, able: _Able) -> Kit:
        """Find a class that may go where the party may, no more and no less; else make one."""
        classes = self.scenario.group_classes
        alike = (classes.step_free == (able.steps == 0)) & (classes.min_width == able.width)
        if self._wet:
            alike &= classes.depth_limit == able.depth
        some = np.flatnonzero(alike)
        if len(some):
            apart = np.abs(np.log(classes.speed_flat[some] / able.flat))
            if able.steps > 0:
                apart += np.abs(np.log(classes.speed_steps[some] / able.steps))
            return self.own(int(some[np.argmin(apart)]))
        key = able.steps == 0, able.width, able.depth if self._wet else 0.0
        if key not in self._kits:
            self._kits[key] = self._made(able)
        return self._kits[key]

    def _made(self, able: _Able) -> Kit:
        """Lay the streets once more, with one class more."""
        before = self.scenario.group_classes
        new = len(before)
        # Rows that were read for given classes say nothing of another: those count of who can wade
        # as deep, or a little less. Where nobody wades as little, all that is known of the water is
        # that it was not too deep for others: it is closed.
        less = np.flatnonzero(before.depth_limit <= able.depth)
        least = np.argmin(before.depth_limit)
        like = int(less[np.argmax(before.depth_limit[less])] if len(less) else least)
        one = {
            "class_id": "asker",
            "speed_flat": able.flat,
            "speed_steps": able.steps,
            "min_width": able.width,
            "space": 1.0,
            "depth_limit": able.depth,
            "depth_most": able.depth,
            "depth_assumed": False,
        }
        columns: dict[str, Any] = {
            name: np.append(getattr(before, name), np.array([value], getattr(before, name).dtype))
            for name, value in one.items()
        }
        classes = Classes(**columns)
        scenario = copy(self.scenario)
        parts = []
        for hazard in as_hazards(scenario.hazard):
            times = hazard.link_times(scenario.network, classes, scenario.deadline_s)
            parts.append(times)
            if isinstance(hazard, LinkTimes):
                mine = np.flatnonzero(times.class_ == like)
                parts.append(_for_class(times, mine, new, times.speed_factor[mine]))
                if not len(less):
                    water = np.flatnonzero(times.water)
                    parts.append(_for_class(times, water, new, np.zeros(len(water))))
        object.__setattr__(scenario, "classes", classes)
        object.__setattr__(scenario, "link_times", LinkTimes.joined(parts))
        return Kit(classes, lay_streets(scenario, scenario.deadline_s), new)


def _for_class(
    times: LinkTimes, some: NDArray[np.int64], class_: int, factor: NDArray[np.float64]
) -> LinkTimes:
    """Take some rows for a class, with other speed factors."""
    return LinkTimes(
        times.link[some],
        np.full(len(some), class_, np.int32),
        times.from_s[some],
        times.to_s[some],
        factor,
        water=times.water[some],
    )


def _able(person: Person) -> _Able:
    age = np.nan if person.age is None else float(person.age)
    one = capabilities([age], _words(person.sex), _words(person.mobility), person.helpers)
    factor = float(group_factor(np.array([person.party_size]))[0])
    return _Able(
        flat=float(one.speed_flat[0]) * factor,
        steps=float(steps_speed(one.speed_up, one.speed_down)[0]) * factor,
        width=float(one.min_width[0]),
        depth=float(one.depth_limit[0]),
    )


def _words(word: str) -> NDArray[Any]:
    return np.array([word], dtype=object)


def _is_number(value: object) -> bool:
    real = isinstance(value, int | float | np.integer | np.floating)
    return real and not isinstance(value, bool) and math.isfinite(float(value))  # type: ignore[arg-type]


def _is_whole(value: object) -> bool:
    return isinstance(value, int | np.integer) and not isinstance(value, bool)
