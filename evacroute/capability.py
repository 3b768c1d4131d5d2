"""What one person can do: speeds, narrowest way, steps, depth of water.

Every figure comes from a row of ``data/capability/`` that names its source and status.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr, ndtri

from evacroute._capability_tables import OLDEST, SEXES, UNKNOWN_AGE, tables
from evacroute._frozen import equal_arrays, freeze
from evacroute.errors import Faults, InputError, PeopleError

MOBILITIES = (
    "none", "luggage", "pushchair", "pushchair_double", "impaired", "cane", "crutches", "walker",
    "wheelchair_manual", "wheelchair_electric", "blind", "low_vision", "child", "unknown",
)  # fmt: skip
"""Words for how a person gets about. "none" is no aid and no load, "impaired" a walking disability
without an aid, "child" someone whose age is unknown but who walks like a child of three to six,
"unknown" a person of whom nothing is said."""

_CHILD_AGE = 3


@dataclass(frozen=True, slots=True, eq=False)
class Capability:
    """What persons can do, as parallel read-only arrays of shape (n_people,).

    Parameters
    ----------
    speed_flat
        Speed on the level, alone and unhindered [m/s].
    speed_up, speed_down
        Speed along a flight of steps [m/s]; 0 where the person cannot use steps.
    min_width
        Narrowest way the person can pass [m]; 0 = any mapped way.
    can_use_steps
        Whether the person can take steps, carried by helpers included.
    depth_limit
        Deepest still water the person can wade [m].
    """

    speed_flat: NDArray[np.float64]
    speed_up: NDArray[np.float64]
    speed_down: NDArray[np.float64]
    min_width: NDArray[np.float64]
    can_use_steps: NDArray[np.bool_]
    depth_limit: NDArray[np.float64]

    def __post_init__(self) -> None:
        number = ("speed_flat", "speed_up", "speed_down", "min_width", "depth_limit")
        columns: dict[str, Any] = {**dict.fromkeys(number, np.float64), "can_use_steps": np.bool_}
        freeze(self, columns, len(self.speed_flat), PeopleError)

    def __len__(self) -> int:
        return len(self.speed_flat)

    def equals(self, other: object) -> bool:
        """Whether the other holds equal figures."""
        return equal_arrays(self, other)


def capabilities(
    age: ArrayLike,
    sex: ArrayLike,
    mobility: ArrayLike,
    helpers: ArrayLike = 0,
    *,
    seed: int | None = None,
    key: NDArray[np.uint64] | None = None,
) -> Capability:
    """Turn ages, sexes and mobility words into speeds and limits.

    - Without an aid the speed on the flat is that of age and sex; under 13 the children's rows.
    - An aid or impairment *replaces* the age speed (multiplying would count age twice). Luggage and
      pushchairs are loads: the lesser of the age speed and the load's own speed.
    - On steps the speed on the flat is multiplied by the ratio of age and sex, or of the impaired,
      then by the load's factor, and capped by the steps' geometry.
    - A manual wheelchair is carried over steps, very slowly, by two or more ``helpers``; an
      electric one never. A blind person with a helper is guided.
    - Where age or sex is unknown the mean over the unknown visitor's ages and both sexes stands in
      (``visitor_mix.csv``); a person of whom nothing is known is that visitor.

    Parameters
    ----------
    age
        Years, NaN where unknown, shape (n_people,).
    sex
        "F", "M" or "" where unknown, shape (n_people,).
    mobility
        Words of ``MOBILITIES``, "" where unknown, shape (n_people,).
    helpers
        People who help beside the household, shape (n_people,) or one number for all.
    seed
        None gives each person the mean; a number draws each person's speed on the flat from a
        normal distribution cut at equal distances from its mean, within 0.20 to 2.20 m/s, so that
        its mean stays the table's.
    key
        What tells persons apart in the draw, shape (n_people,); the position by default. A person
        keeps their speed whoever else is there as long as their key and ``seed`` stay.

    Returns
    -------
    Capability
        Each person's own figures, households not considered.

    Raises
    ------
    PeopleError
        If a mobility word or sex is unknown, an age is not within 0 to 120, a number of helpers is
        negative, or lengths differ.

    Examples
    --------
    >>> one = capabilities([85], ["F"], ["cane"])
    >>> float(one.speed_flat[0]), round(float(one.speed_down[0]), 3)
    (0.81, 0.648)
    """
    ages = np.atleast_1d(np.asarray(age, dtype=np.float64))
    n = len(ages)
    sexes = np.broadcast_to(np.asarray(sex, dtype=object), (n,))
    words = np.broadcast_to(np.asarray(mobility, dtype=object), (n,))
    helping = np.broadcast_to(np.asarray(helpers, dtype=np.int64), (n,))
    sex_at, word_at = _check(ages, sexes, words, helping)
    table = tables()

    child = (word_at == MOBILITIES.index("child")) & np.isnan(ages)
    years = np.where(np.isnan(ages), np.where(child, _CHILD_AGE, UNKNOWN_AGE), np.floor(ages))
    year = years.astype(np.int64)
    mean, sd = table.mean[sex_at, year], table.sd[sex_at, year]
    down, up = table.down[sex_at, year], table.up[sex_at, year]
    stairs = np.zeros(n, dtype=np.int8)
    # Rows for more helpers come later and replace those for fewer.
    for (word, least), aid in sorted(table.aids.items(), key=lambda item: item[0][1]):
        mine = (word_at == MOBILITIES.index(word)) & (helping >= least)
        taken = mine if aid.replaces_age else mine & (mean > aid.mean)
        mean, sd = np.where(taken, aid.mean, mean), np.where(taken, aid.sd, sd)
        stairs[mine] = _STAIRS.index(aid.stairs)
    impaired = stairs == _STAIRS.index("impaired")
    down = np.where(impaired, table.impaired_down[sex_at], down)
    up = np.where(impaired, table.impaired_up[sex_at], up)
    factor = _by_word(table.load, 1.0)[word_at]

    flat = mean if seed is None else _draw(mean, sd, seed, key)
    flat = np.clip(flat, table.limits["slowest"], table.limits["fastest"])
    cap = table.limits["steps_fastest"]
    speed_down = np.minimum(flat * down * factor, cap)
    speed_up = np.minimum(flat * up * factor, cap)
    by_helpers = stairs == _STAIRS.index("carried")
    carried = by_helpers & (helping >= table.limits["carried_helpers"])
    barred = (stairs == _STAIRS.index("never")) | (by_helpers & ~carried)
    for speed in (speed_down, speed_up):
        speed[carried] = table.limits["carried_speed"]
        speed[barred] = 0.0
    return Capability(
        speed_flat=flat,
        speed_up=speed_up,
        speed_down=speed_down,
        min_width=_by_word(table.width, 0.0)[word_at],
        can_use_steps=~barred,
        depth_limit=np.minimum(
            table.depth[year], _by_word(table.depth_by_mobility, np.inf)[word_at]
        ),
    )


_STAIRS = ("able", "impaired", "carried", "never")


def group_factor(size: ArrayLike) -> NDArray[np.float64]:
    """Factor on the pace of people who walk together, by their number."""
    sizes = np.asarray(size)
    factor = np.ones(sizes.shape)
    for least, value in sorted(tables().group):
        factor[sizes >= least] = value
    return factor


def street_space(mobility: ArrayLike) -> NDArray[np.float64]:
    """Persons' worth of street that each takes, by the words of `MOBILITIES`; 1 for other words."""
    table = tables().space
    words = np.atleast_1d(np.asarray(mobility, dtype=object)).tolist()
    return np.array([table.get(word, 1.0) for word in words], dtype=np.float64)


def steps_speed(up: NDArray[np.float64], down: NDArray[np.float64]) -> NDArray[np.float64]:
    """Speed over a bridge that is half climbed, half descended: the harmonic mean [m/s]."""
    both = (up > 0) & (down > 0)
    return np.where(both, 2 * up * down / np.where(both, up + down, 1.0), 0.0)


def uniform(seed: int, key: NDArray[np.uint64], *, stream: int = 0) -> NDArray[np.float64]:
    """Numbers in (0, 1) that depend on seed, stream and each own key only (SplitMix64).

    Raises
    ------
    InputError
        If `seed` is negative.
    """
    if seed < 0:
        raise InputError(f"seed is {seed}, expected a whole number >= 0")
    start = np.random.SeedSequence((seed, stream)).generate_state(1, np.uint64)[0]
    with np.errstate(over="ignore"):
        z = (key.astype(np.uint64) + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15) + start
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z ^= z >> np.uint64(31)
    return np.asarray(((z >> np.uint64(11)).astype(np.float64) + 0.5) / 2.0**53)


def _draw(
    mean: NDArray[np.float64],
    sd: NDArray[np.float64],
    seed: int,
    key: NDArray[np.uint64] | None,
) -> NDArray[np.float64]:
    keys = np.arange(len(mean), dtype=np.uint64) if key is None else key
    limits = tables().limits
    room = np.minimum(mean - limits["slowest"], limits["fastest"] - mean)
    spread = np.where(sd > 0, sd, 1.0)
    tail = ndtr(-np.maximum(room, 0.0) / spread)
    z = ndtri(tail + uniform(seed, keys) * (1 - 2 * tail))
    return np.asarray(np.where(sd > 0, mean + sd * z, mean))


def _by_word(table: dict[str, float], default: float) -> NDArray[np.float64]:
    return np.array([table.get(word, default) for word in MOBILITIES])


def _check(
    ages: NDArray[np.float64],
    sexes: NDArray[Any],
    words: NDArray[Any],
    helping: NDArray[np.int64],
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    faults = Faults("people")
    for i in np.flatnonzero((ages < 0) | (ages >= OLDEST + 1)):
        faults.add(f"person {i}: age is {ages[i]:g}, expected 0 to {OLDEST}")
    for i in np.flatnonzero(helping < 0):
        faults.add(f"person {i}: helpers is {helping[i]}, expected >= 0")
    sex_index = {sex: i for i, sex in enumerate(SEXES)}
    word_index = {"": MOBILITIES.index("unknown")} | {w: i for i, w in enumerate(MOBILITIES)}
    sex_at = np.array([sex_index.get(sex, -1) for sex in sexes.tolist()], dtype=np.int64)
    word_at = np.array([word_index.get(word, -1) for word in words.tolist()], dtype=np.int64)
    for i in np.flatnonzero(sex_at < 0):
        faults.add(f"person {i}: sex is {sexes[i]!r}, expected F, M or nothing")
    for i in np.flatnonzero(word_at < 0):
        faults.add(f"person {i}: mobility is {words[i]!r}, expected one of {', '.join(MOBILITIES)}")
    faults.raise_if_any(PeopleError)
    return sex_at, word_at
