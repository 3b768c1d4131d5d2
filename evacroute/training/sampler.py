"""Draws of scenarios to train on: plain numbers from a seed."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from types import MappingProxyType
from typing import Any

import numpy as np

from evacroute.errors import Faults, InputError
from evacroute.training.own_worlds import is_own
from evacroute.training.worlds import TRAINING, UNSEEN, world

HAZARDS = MappingProxyType(
    {"none": 0.4, "tide": 0.2, "closures": 0.2, "fire": 0.1, "earthquake": 0.1}
)
"""How likely each hazard is."""

METHODS = MappingProxyType({"shelter_flow": 0.8, "earliest_arrival": 0.1, "nearest": 0.1})
"""How likely each method of planning is."""

LAWS = ("weidmann", "sfpe")
"""Laws of speed by density."""

INTENSITIES = ("VI", "VII", "VIII")
"""Degrees of earthquakes, EMS-98."""

DAY = (7.0, 22.0)
"""Hours between which it is day."""

BY_NIGHT = (1.0, 1.5)
BY_DAY = (0.6, 1.1)
"""Multipliers of the time before moving: at night people sleep."""

UNWEIGHED = 0.2
"""Share of the draws whose plans leave odds out of their cost, in later rounds too."""

_RANGES: dict[str, tuple[float, float]] = {
    "seed": (0, 2**53),
    "index": (0, 2**53),
    "key": (0, 2**53),
    "people": (500, 6000),
    "visitors": (0.0, 0.6),
    "part": (0.05, 1.0),
    "crowds": (1, 5),
    "crowd_share": (0.0, 0.9),
    "hour": (0.0, 24.0),
    "premovement": (0.6, 1.5),
    "premovement_sigma": (0.5, 0.7),
    "deadline_s": (600.0, 2700.0),
    "places_open": (2, 40),
    "room": (0.8, 2.0),
    "tide_m": (1.0, 1.6),
    "tide_rise_m": (0.0, 0.6),
    "closed": (1, 24),
    "closed_from_s": (0.0, 1200.0),
    "fire_from_s": (0.0, 600.0),
    "wind_ms": (0.0, 12.0),
    "wind_from": (0.0, 360.0),
    "specific_flow": (1.0, 1.9),
    "jam_density": (4.0, 6.5),
    "counterflow_loss": (0.0, 0.3),
    "compliance": (0.5, 1.0),
    "nearest": (0.0, 1.0),
    "crowd": (0.0, 1.0),
    "lost": (0.0, 1.0),
    "delay_s": (0.0, 120.0),
    "speed_spread": (0.05, 0.25),
    "safety_weight": (0.0, 1800.0),
}
RANGES = MappingProxyType(_RANGES)
"""Least and largest value of each number."""

_WORDS: dict[str, tuple[str, ...]] = {
    "world": TRAINING + UNSEEN,
    "hazard": tuple(HAZARDS),
    "intensity": INTENSITIES,
    "method": tuple(METHODS),
    "law": LAWS,
}
WORDS = MappingProxyType(_WORDS)
"""What each word may be; a world may also be the absolute path of an instance folder."""


@dataclass(frozen=True, slots=True)
class Physics:
    """How people move when the plan is played; the plan does not know it.

    Parameters
    ----------
    specific_flow
        Persons per second and metre of effective width on the level; the plan reckons with 1.3.
    jam_density
        Density at which nobody moves [persons/m2].
    law
        Word of `LAWS`.
    counterflow_loss
        Share of its flow that a street loses where people walk towards each other.
    compliance
        Share of parties who follow the plan.
    nearest, crowd, lost
        Of the others, the shares who go to the nearest shelter, follow the crowd and get lost.
        Their sum is 1.
    delay_s
        Mean of what people set out later than the plan says [s].
    speed_spread
        Deviation of a person's speed from that of their class, as a share.
    """

    specific_flow: float
    jam_density: float
    law: str
    counterflow_loss: float
    compliance: float
    nearest: float
    crowd: float
    lost: float
    delay_s: float
    speed_spread: float


@dataclass(frozen=True, slots=True)
class Draw:
    """All that makes one scenario, as plain numbers.

    Parameters
    ----------
    seed, index
        What it was drawn from.
    key
        Seed of what is drawn when the scenario is made.
    world
        Name of the network, see `evacroute.training.worlds`.
    people
        Persons.
    visitors
        Share of visitors.
    part
        Share of the city's corners, nearest to one of them, round which all people are: where many
        are in a small part, streets are short.
    crowds, crowd_share
        Number of crowds, and share of the people in them.
    hour
        Time of day [h].
    premovement, premovement_sigma
        Multiplier of the mean time before moving, and deviation of its logarithm.
    deadline_s
        Deadline [s after the alarm].
    places_open
        Number of shelters that are open, drawn from the twice as many nearest to the people.
    room
        Places a person, over all open shelters.
    hazard
        Word of `HAZARDS`. What follows counts for its own hazard only.
    tide_m, tide_rise_m
        Highest level of the tide, reached by the deadline, and what it has risen since the alarm
        (0: it does not change) [m].
    closed, closed_from_s
        How many bridges are closed, if there are as many, and from when on [s].
    fire_from_s, wind_ms, wind_from
        When the fire begins [s], and the wind [m/s, degrees from north].
    intensity
        Word of `INTENSITIES`.
    method
        Method of planning, word of `METHODS`.
    physics
        How people move when the plan is played.
    safety_weight
        Weight of the odds in the cost of the plan [s], where there is a scorer to plan with.
    """

    seed: int
    index: int
    key: int
    world: str
    people: int
    visitors: float
    part: float
    crowds: int
    crowd_share: float
    hour: float
    premovement: float
    premovement_sigma: float
    deadline_s: float
    places_open: int
    room: float
    hazard: str
    tide_m: float
    tide_rise_m: float
    closed: int
    closed_from_s: float
    fire_from_s: float
    wind_ms: float
    wind_from: float
    intensity: str
    method: str
    physics: Physics = field(kw_only=True)
    safety_weight: float = field(kw_only=True)

    def to_dict(self) -> dict[str, Any]:
        """Give all numbers and words, those of the physics in a dictionary of their own."""
        return asdict(self)

    @classmethod
    def from_dict(cls, given: Mapping[str, Any]) -> Draw:
        """Take what `to_dict` has given, also by way of JSON.

        Raises
        ------
        InputError
            If a name is missing or unknown, or a value is not what it must be.
        """
        faults = Faults("draw")
        physics = given.get("physics")
        if isinstance(physics, Mapping):
            _check(Physics, physics, faults)
        else:
            faults.add(f"physics is {physics!r}, expected names and numbers")
        _check(cls, {k: v for k, v in given.items() if k != "physics"}, faults)
        faults.raise_if_any(InputError)
        return cls(**{**given, "physics": Physics(**given["physics"])})


def _check(kind: type[Draw] | type[Physics], given: Mapping[str, Any], faults: Faults) -> None:
    """Note what is not as it must be."""
    types = {f.name: f.type for f in fields(kind) if f.name != "physics"}
    for name in sorted(set(given) - set(types)):
        faults.add(f"{name} is unknown, expected {', '.join(types)}")
    for name, type_ in types.items():
        if name in given:
            _check_value(name, str(type_), given[name], faults)
        else:
            faults.add(f"{name} is missing")


def _check_value(name: str, type_: str, value: Any, faults: Faults) -> None:
    if name in WORDS:
        if value not in WORDS[name] and not (name == "world" and is_own(value)):
            faults.add(f"{name} is {value!r}, expected one of {', '.join(WORDS[name])}")
        return
    low, high = RANGES[name]
    number = isinstance(value, int) or (type_ == "float" and isinstance(value, float))
    if not number or isinstance(value, bool) or not low <= value <= high:
        what = "a whole number" if type_ == "int" else "a number"
        faults.add(f"{name} is {value!r}, expected {what} from {low:g} to {high:g}")


def draw(seed: int, index: int, worlds: Sequence[str] = TRAINING) -> Draw:
    """Draw a scenario; the same seed, index and worlds give the same one.

    Parameters
    ----------
    seed, index
        Whole numbers >= 0; each index of a seed is a draw of its own.
    worlds
        Names to choose among, see `evacroute.training.worlds.world`.

    Raises
    ------
    InputError
        If a number is negative, or a world unknown.

    Examples
    --------
    >>> draw(0, 3) == draw(0, 3), draw(0, 3) == draw(0, 4)
    (True, False)
    """
    faults = Faults("draw")
    for name, value in (("seed", seed), ("index", index)):
        _check_value(name, "int", value, faults)
    for name in worlds or ("",):
        _check_value("world", "str", name, faults)
    faults.raise_if_any(InputError)
    chance = np.random.default_rng([seed, index])
    one = _Numbers(chance)
    name = str(chance.choice(list(worlds)))
    hour = one.even("hour")
    rises = chance.random() < 0.5
    most = len(world(name).shelters.node)
    return Draw(
        seed=int(seed),
        index=int(index),
        key=int(chance.integers(2**53)),
        world=name,
        people=one.whole("people"),
        visitors=one.even("visitors"),
        part=float(np.exp(chance.uniform(*np.log(RANGES["part"])))),
        crowds=int(chance.integers(1, 6)),
        crowd_share=one.even("crowd_share"),
        hour=hour,
        premovement=float(chance.uniform(*(BY_DAY if DAY[0] <= hour < DAY[1] else BY_NIGHT))),
        premovement_sigma=one.even("premovement_sigma"),
        deadline_s=60.0 * int(chance.integers(10, 46)),
        places_open=one.whole("places_open", most),
        room=one.even("room"),
        hazard=one.word(HAZARDS),
        tide_m=one.even("tide_m"),
        tide_rise_m=float(rises * chance.uniform(0.1, 0.6)),
        closed=one.whole("closed"),
        closed_from_s=float((chance.random() < 0.5) * one.even("closed_from_s")),
        fire_from_s=one.even("fire_from_s"),
        wind_ms=one.even("wind_ms"),
        wind_from=one.even("wind_from"),
        intensity=str(chance.choice(INTENSITIES)),
        method=one.word(METHODS),
        physics=_draw_physics(chance, one),
        safety_weight=_draw_weight(chance),
    )


class _Numbers:
    """Draws by the name of what is drawn."""

    def __init__(self, chance: np.random.Generator) -> None:
        self.chance = chance

    def even(self, name: str) -> float:
        """Draw evenly from the whole range."""
        return float(self.chance.uniform(*RANGES[name]))

    def whole(self, name: str, most: int | None = None) -> int:
        """Draw a whole number whose logarithm is even."""
        low, high = RANGES[name]
        high = high if most is None else min(high, most)
        drawn = math.exp(self.chance.uniform(math.log(low - 0.49), math.log(high + 0.49)))
        return int(min(max(round(drawn), low), high))

    def word(self, chances: Mapping[str, float]) -> str:
        """Draw a word by its chance."""
        return str(self.chance.choice(list(chances), p=list(chances.values())))


def _draw_weight(chance: np.random.Generator) -> float:
    """Draw none, or a weight whose logarithm is even."""
    if chance.random() < UNWEIGHED:
        return 0.0
    return float(np.exp(chance.uniform(math.log(60.0), math.log(RANGES["safety_weight"][1]))))


def _draw_physics(chance: np.random.Generator, one: _Numbers) -> Physics:
    nearest, crowd, lost = chance.dirichlet([4.0, 3.0, 1.0]).tolist()
    return Physics(
        specific_flow=one.even("specific_flow"),
        jam_density=one.even("jam_density"),
        law=str(chance.choice(LAWS)),
        counterflow_loss=one.even("counterflow_loss"),
        compliance=one.even("compliance"),
        nearest=nearest,
        crowd=crowd,
        lost=lost,
        delay_s=one.even("delay_s"),
        speed_spread=one.even("speed_spread"),
    )
