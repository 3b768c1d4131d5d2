"""Cuts a cloud of paces into few classes with a small largest speed error."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from evacroute.errors import InputError
from evacroute.people import Classes

STEP_FREE, WIDTH, DEPTH, FLAT, STEPS = range(5)
"""Columns of kinds: cannot use steps (0 or 1), narrowest way [m], band of depth that can be waded
[m], speeds [m/s]."""

_FINE = (1, 2, 3, 5, 8)
"""How many times `max_classes` parts are cut before they are joined again."""


def cut_classes(
    kinds: NDArray[np.float64], weight: NDArray[np.float64], max_classes: int
) -> tuple[NDArray[np.int32], Classes]:
    """Put kinds of pace into at most `max_classes` classes.

    Kinds that differ in width, depth or the use of steps never share a class. Within these the part
    with the largest error is cut where that leaves least of it, until there are one to eight times
    as many parts as asked for; then the two parts that fit best together are joined until
    `max_classes` are left (joining mends early cuts that later ones made useless). The number of
    parts that ends with the least error counts.

    Parameters
    ----------
    kinds
        Step-free, width, depth, speed on the flat and on steps, rows unique and sorted, at least
        one, shape (n_kinds, 5).
    weight
        Persons of each kind, shape (n_kinds,).
    max_classes
        At most so many classes.

    Returns
    -------
    tuple
        Class of each kind, and the classes, fastest first, each with the harmonic means over its
        persons as speeds.

    Raises
    ------
    InputError
        If the kinds differ in more combinations of width, depth and use of steps than
        `max_classes`.
    """
    fixed = kinds[:, :FLAT]
    begins = np.flatnonzero(np.r_[True, (fixed[1:] != fixed[:-1]).any(axis=1)])
    if max_classes < len(begins):
        raise InputError(
            f"max_classes is {max_classes}, expected at least {len(begins)}: the people differ in "
            f"{len(begins)} combinations of width, depth and use of steps, which no class may mix"
        )
    parts = [_part(rows, kinds, weight) for rows in np.split(np.arange(len(kinds)), begins[1:])]
    best: list[_Part] = []
    for times in _FINE:
        while len(parts) < times * max_classes:
            worst = max(range(len(parts)), key=lambda i: (parts[i].error, parts[i].persons))
            if parts[worst].error <= 0:
                break
            parts[worst : worst + 1] = _cut(parts[worst], kinds, weight)
        joined = _join(parts, kinds, weight, max_classes)
        if not best or _worst(joined) < _worst(best):
            best = joined
    parts = best
    parts.sort(key=lambda part: (-part.flat, -part.steps, part.width, -part.depth))
    class_of_kind = np.empty(len(kinds), dtype=np.int32)
    for i, part in enumerate(parts):
        class_of_kind[part.rows] = i
    return class_of_kind, Classes(
        class_id=np.array(_names(parts), dtype=object),
        speed_flat=np.array([part.flat for part in parts]),
        speed_steps=np.array([part.steps for part in parts]),
        min_width=np.array([part.width for part in parts]),
    )


def _worst(parts: list[_Part]) -> float:
    return max(part.error for part in parts)


def _join(
    parts: list[_Part], kinds: NDArray[np.float64], weight: NDArray[np.float64], max_classes: int
) -> list[_Part]:
    parts = list(parts)
    error = {(a, b): _joined_error(a, b) for a, b in combinations(parts, 2) if a.fits(b)}
    while len(parts) > max_classes:
        pair = min(error, key=lambda ab: error[ab])
        parts = [part for part in parts if part not in pair]
        error = {ab: e for ab, e in error.items() if ab[0] not in pair and ab[1] not in pair}
        rows = np.sort(np.concatenate([pair[0].rows, pair[1].rows]))
        joined = _part(rows, kinds, weight)
        error |= {(a, joined): _joined_error(a, joined) for a in parts if a.fits(joined)}
        parts.append(joined)
    return parts


@dataclass(frozen=True, eq=False)
class _Part:
    """Kinds that share a class, and what its error depends on, for each speed that counts."""

    rows: NDArray[np.int64]
    step_free: bool
    width: float
    depth: float
    persons: float
    unit_time: tuple[float, ...]
    slowest: tuple[float, ...]
    fastest: tuple[float, ...]

    @property
    def flat(self) -> float:
        return self.persons / self.unit_time[0]

    @property
    def steps(self) -> float:
        return 0.0 if self.step_free else self.persons / self.unit_time[1]

    @property
    def error(self) -> float:
        if len(self.rows) == 1:
            return 0.0
        means = [self.persons / time for time in self.unit_time]
        return max(
            max(mean / slowest - 1, 1 - mean / fastest)
            for mean, slowest, fastest in zip(means, self.slowest, self.fastest, strict=True)
        )

    def fits(self, other: _Part) -> bool:
        mine = self.step_free, self.width, self.depth
        return mine == (other.step_free, other.width, other.depth)


def _part(
    rows: NDArray[np.int64], kinds: NDArray[np.float64], weight: NDArray[np.float64]
) -> _Part:
    own, persons = kinds[rows], weight[rows]
    step_free = bool(own[0, STEP_FREE])
    speeds = own[:, [FLAT] if step_free else [FLAT, STEPS]]
    return _Part(
        rows=rows,
        step_free=step_free,
        width=float(own[0, WIDTH]),
        depth=float(own[0, DEPTH]),
        persons=float(persons.sum()),
        unit_time=tuple((persons[:, None] / speeds).sum(axis=0).tolist()),
        slowest=tuple(speeds.min(axis=0).tolist()),
        fastest=tuple(speeds.max(axis=0).tolist()),
    )


def _joined_error(a: _Part, b: _Part) -> float:
    persons = a.persons + b.persons
    worst = 0.0
    for i in range(len(a.unit_time)):
        mean = persons / (a.unit_time[i] + b.unit_time[i])
        worst = max(worst, mean / min(a.slowest[i], b.slowest[i]) - 1)
        worst = max(worst, 1 - mean / max(a.fastest[i], b.fastest[i]))
    return worst


def _cut(part: _Part, kinds: NDArray[np.float64], weight: NDArray[np.float64]) -> list[_Part]:
    """Cut a part in two, along either speed, so that the larger error left is least."""
    columns = [FLAT] if part.step_free else [FLAT, STEPS]
    best = np.inf
    halves = part.rows[:1], part.rows[1:]
    for column in columns:
        rows = part.rows[np.argsort(kinds[part.rows, column], kind="stable")]
        speeds, persons = kinds[rows][:, columns], weight[rows]
        slower = _growing_error(speeds, persons)[:-1]
        faster = _growing_error(speeds[::-1], persons[::-1])[::-1][1:]
        error = np.maximum(slower, faster)
        along = kinds[rows, column]
        error[along[1:] == along[:-1]] = np.inf
        at = int(np.argmin(error))
        if error[at] < best:
            best = float(error[at])
            halves = np.sort(rows[: at + 1]), np.sort(rows[at + 1 :])
    return [_part(half, kinds, weight) for half in halves]


def _growing_error(
    speeds: NDArray[np.float64], persons: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Largest relative speed error of a class of the first 1, 2, ... rows."""
    mean = np.cumsum(persons)[:, None] / np.cumsum(persons[:, None] / speeds, axis=0)
    over = mean / np.minimum.accumulate(speeds, axis=0) - 1
    under = 1 - mean / np.maximum.accumulate(speeds, axis=0)
    return np.asarray(np.maximum(over, under).max(axis=1))


def _names(parts: list[_Part]) -> list[str]:
    """Readable ids, with as many digits as keep them apart."""
    names: list[str] = []
    for digits in (2, 3, 4):
        names = [_name(part, digits) for part in parts]
        if len(set(names)) == len(names):
            return names
    return [f"{name}_{i}" for i, name in enumerate(names)]


def _name(part: _Part, digits: int) -> str:
    deep = f"_deep{part.depth:g}m" if part.depth > 0 else ""
    if part.step_free:
        return f"step_free_{part.flat:.{digits}f}{deep}"
    wide = f"_{part.width:g}m" if part.width > 0 else ""
    return f"walk_{part.flat:.{digits}f}_{part.steps:.{digits}f}{wide}{deep}"
