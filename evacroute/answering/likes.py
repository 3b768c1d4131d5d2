"""Who is like whom: from what a party says of itself to a class and its own pace."""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass
from functools import lru_cache
from itertools import product
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from evacroute.answering.questions import AGE_BANDS
from evacroute.capability import MOBILITIES, Capability, capabilities, group_factor, steps_speed
from evacroute.hazards import LinkTimes
from evacroute.people import Classes
from evacroute.scenario import Scenario

MOST_KNOWN = 4096
"""Kinds of parties that are remembered: more than there are words for, but for odd numbers."""


class Like(NamedTuple):
    """A party's class, own speed over its on the flat and on steps, and on the flat [m/s]."""

    class_: int
    pace: float
    pace_steps: float
    flat: float


@dataclass(frozen=True, slots=True)
class _Able:
    flat: float
    steps: float
    width: float
    depth: float


class Likes:
    """Finds the class of a party; classes that a plan lacks are made.

    A party may go just where its class may: both use steps or not, pass the same widths, and where
    there is water wade as deep.

    Parameters
    ----------
    scenario
        With the classes of the plan.

    Attributes
    ----------
    classes
        Those of the plan, then those made.
    like
        Class of the plan that is most like each and wades no deeper, shape (n_classes,).
    dry
        Classes who wade less than anybody of the plan: streets that change are closed to them.
    scenario
        The same with all classes.
    """

    def __init__(self, scenario: Scenario) -> None:
        self._wet = bool(scenario.link_times.water.any() or (scenario.link_times.class_ >= 0).any())
        plan = scenario.group_classes
        self.classes, self.like = self._with_missing(plan)
        self.dry = self._wet & (self.classes.depth_limit < plan.depth_limit[self.like])
        self.scenario = self._with_classes(scenario)
        self._known: dict[tuple[str, bool, str, int, int], Like] = {}

    def of(self, mobility: str, step_free: bool, age_band: str, helpers: int, size: int) -> Like:
        """Give the class and pace of a party, in the words of `Questions`."""
        key = mobility, step_free, age_band, helpers, size
        found = self._known.get(key)
        if found is None:
            found = self._like(_able(*key))
            if len(self._known) < MOST_KNOWN:
                self._known[key] = found
        return found

    def _like(self, able: _Able) -> Like:
        classes = self.classes
        some = np.flatnonzero(self._alike(classes, able))
        if not len(some):  # Deeper or wider than any word: the nearest that may go no farther.
            some = np.flatnonzero(classes.step_free == (able.steps == 0))
        k = int(some[np.argmin(_apart(classes, able)[some])])
        flat, steps = float(classes.speed_flat[k]), float(classes.speed_steps[k])
        pace = able.flat / flat
        return Like(k, pace, able.steps / steps if steps > 0 else pace, able.flat)

    def _alike(self, classes: Classes, able: _Able) -> NDArray[np.bool_]:
        alike = (classes.step_free == (able.steps == 0)) & (classes.min_width == able.width)
        return np.asarray(alike & (classes.depth_limit == able.depth) if self._wet else alike)

    def _with_missing(self, plan: Classes) -> tuple[Classes, NDArray[np.int64]]:
        """Add a class for each kind of ability that words can tell and the plan has none of."""
        columns: dict[str, list[Any]] = {
            name: getattr(plan, name).tolist()
            for name in (
                "class_id", "speed_flat", "speed_steps", "min_width", "space", "depth_limit",
                "depth_most", "depth_assumed",
            )
        }  # fmt: skip
        like = list(range(len(plan)))
        seen: set[tuple[bool, float, float]] = set()
        for words in product(MOBILITIES, (False, True), ("", *AGE_BANDS), (0, 1, 2)):
            able = _able(*words, 1)
            key = able.steps == 0, able.width, able.depth if self._wet else 0.0
            if key in seen:
                continue
            seen.add(key)
            if self._alike(plan, able).any():
                continue
            apart = _apart(plan, able) + 10.0 * (plan.step_free != (able.steps == 0))
            if self._wet:  # What is known of the water for others must hold for them.
                apart += 100.0 * np.maximum(plan.depth_limit - able.depth, 0.0)
            like.append(int(np.argmin(apart)))
            new = (
                f"asker_{len(like)}", able.flat, able.steps, able.width, 1.0, able.depth,
                able.depth, False,
            )  # fmt: skip
            for column, value in zip(columns.values(), new, strict=True):
                column.append(value)
        return Classes(**{k: np.array(v) for k, v in columns.items()}), np.array(like)

    def _with_classes(self, scenario: Scenario) -> Scenario:
        """Give the scenario with all classes; rows of link times hold for those alike too."""
        times = scenario.link_times
        parts = [times]
        for k in range(len(scenario.group_classes), len(self.classes)):
            mine = np.flatnonzero((times.class_ == self.like[k]) | (times.water & self.dry[k]))
            factor = np.where(times.water[mine] & self.dry[k], 0.0, times.speed_factor[mine])
            parts.append(
                LinkTimes(
                    times.link[mine], np.full(len(mine), k, np.int32), times.from_s[mine],
                    times.to_s[mine], factor, water=times.water[mine],
                )
            )  # fmt: skip
        out = copy(scenario)
        object.__setattr__(out, "classes", self.classes)
        object.__setattr__(out, "link_times", LinkTimes.joined(parts))
        return out


def _apart(classes: Classes, able: _Able) -> NDArray[np.float64]:
    """How far speeds are apart, in logarithms."""
    out = np.abs(np.log(classes.speed_flat / able.flat))
    if able.steps > 0:
        steps = np.where(classes.speed_steps > 0, classes.speed_steps, able.steps)
        out = out + np.abs(np.log(steps / able.steps))
    return np.asarray(out)


@lru_cache(MOST_KNOWN)
def _alone(mobility: str, age: float, helpers: int) -> Capability:
    return capabilities([age], [""], [mobility], helpers)


def _able(mobility: str, step_free: bool, age_band: str, helpers: int, size: int) -> _Able:
    one = _alone(mobility, AGE_BANDS.get(age_band, np.nan), helpers)
    factor = float(group_factor(np.array([size]))[0])
    steps = 0.0 if step_free else float(steps_speed(one.speed_up, one.speed_down)[0]) * factor
    return _Able(
        flat=float(one.speed_flat[0]) * factor,
        steps=steps,
        width=float(one.min_width[0]),
        depth=float(one.depth_limit[0]),
    )
