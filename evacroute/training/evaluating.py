"""How good a scorer is on trips that it never saw, with intervals over scenarios."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import beta

from evacroute.scoring.calibration import Calibration
from evacroute.scoring.features import KINDS, PEOPLE
from evacroute.scoring.odds import odds_of
from evacroute.scoring.scorer import Scorer
from evacroute.training.baseline import Baseline
from evacroute.training.fitting import FEWEST as ENOUGH
from evacroute.training.fitting import calibrate_odds, with_deadlines
from evacroute.training.splits import Splits, of_source
from evacroute.training.trips import SOURCES, Labelled

DRAWN = 400
"""Scenarios are drawn anew so many times for the intervals."""

BINS = 15
"""Bins of as many trips each, over which the error of the odds is summed."""

FEWEST = 100
"""Sets of fewer trips than this are not judged."""

FEW = 10
"""Counts below this have the interval of a count."""


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure and its 95 % interval over scenarios."""

    value: float
    low: float
    high: float

    def to_dict(self) -> dict[str, float]:
        """Give the numbers for JSON."""
        return {"value": self.value, "low": self.low, "high": self.high}


@dataclass(frozen=True, slots=True)
class Formula:
    """The formula that a scorer is to beat, calibrated by kind of people as the scorer's odds are.

    Parameters
    ----------
    base
        The formula.
    fair
        What its odds are put right by.
    """

    base: Baseline
    fair: Calibration

    @classmethod
    def fitted(cls, trips: Labelled, splits: Splits, seed: int) -> Formula:
        """Fit and calibrate it on what a scorer has."""
        base = Baseline.fitted(with_deadlines(trips.take(splits.learn), seed))
        return cls(base, calibrate_odds(base.predict, trips.take(splits.calibrate)))

    def odds(self, trips: Labelled) -> NDArray[np.float64]:
        """Odds of trips, shape (n_trips,)."""
        raw = self.base.predict(trips.rows)
        logit = np.log(raw) - np.log1p(-raw)
        out = np.empty(len(trips))
        for k in range(len(KINDS)):
            mine = trips.kind == k
            level = np.interp(logit[mine], self.fair.knot[k], self.fair.logit[k])
            out[mine] = 1 / (1 + np.exp(-level))
        return out


def evaluate(
    scorer: Scorer,
    trips: Labelled,
    splits: Splits,
    *,
    seed: int = 0,
    formula: Formula | None = None,
) -> dict[str, Any]:
    """Judge a scorer and the formula it is to beat.

    Parameters
    ----------
    scorer
        The scorer.
    trips, splits
        All trips, and which of them judge.
    seed
        Seed of the intervals.
    formula
        Fitted on the same trips; it is fitted here where it is None.

    Returns
    -------
    dict
        ``sets``: for each set of trips and source, figures over all and by kind of people, as
        plain numbers for JSON.
    """
    formula = formula or Formula.fitted(trips, splits, seed)
    found: list[dict[str, Any]] = []
    for name, mask in splits.judged().items():
        for source in SOURCES:
            some = mask & of_source(trips, source)
            if some.sum() < FEWEST:
                continue
            judged = trips.take(some)
            odds = formula.odds(judged)
            found.append({"set": name, "source": source} | _judge(scorer, odds, judged, seed))
    kinds = np.bincount(trips.kind[splits.calibrate], minlength=len(KINDS)).tolist()
    return {
        "sets": found,
        "learned_from": int(splits.learn.sum()),
        "calibrated_with": dict(zip(KINDS, kinds, strict=True)),
        "calibrated_least": ENOUGH,
    }


def judge_round(
    before: Scorer | None,
    after: Scorer,
    trips: Labelled,
    splits: Splits,
    drawn: NDArray[np.bool_],
    formula: Formula,
) -> dict[str, Any]:
    """Judge scorers on people who followed the plans of one round.

    Parameters
    ----------
    before
        What those plans were made with, None = nothing.
    after
        The scorer in the end.
    trips, splits
        All trips, and which of them judge: scenarios and networks that neither learned from.
    drawn
        Mask of the round's trips.
    formula
        Fitted on all trips.

    Returns
    -------
    dict
        ``before`` and ``after``: figures as `evaluate` has them, None where there is nothing;
        ``gain``: share by which the Brier score of the second is lower.
    """
    some = drawn & (splits.scenarios | splits.unseen) & of_source(trips, "planned")
    if some.sum() < FEWEST:
        return {"before": None, "after": None}
    judged, seed = trips.take(some), after.card.seed
    odds = formula.odds(judged)
    return {
        "before": None if before is None else _judge(before, odds, judged, seed),
        "after": _judge(after, odds, judged, seed),
    } | ({} if before is None else {"gain": _gain(before, after, judged, seed)})


def _gain(before: Scorer, after: Scorer, trips: Labelled, seed: int) -> dict[str, float]:
    """Share by which the Brier score of one is lower than that of another on the same trips."""
    weight, safe = trips.weight.astype(np.float64), trips.is_safe
    old, new = (
        weight * (odds_of(one, trips.rows, trips.kind, trips.depart).p_safe - safe) ** 2
        for one in (before, after)
    )
    return _Resampled(trips.draw, seed).figure(_less, new, old)


def _judge(scorer: Scorer, base: NDArray[np.float64], trips: Labelled, seed: int) -> dict[str, Any]:
    scores = odds_of(scorer, trips.rows, trips.kind, trips.depart)
    safe = trips.is_safe.astype(np.float64)
    arrive = np.minimum(trips.arrive, trips.until)
    per_trip = {
        "brier": (scores.p_safe - safe) ** 2,
        "brier_baseline": (base - safe) ** 2,
        "safe": safe,
        "seen": trips.seen.astype(np.float64),
        "covered": ((arrive >= scores.q10) & (arrive <= scores.q90) & trips.seen).astype(
            np.float64
        ),
        "advised": scores.is_safe.astype(np.float64),
        "missed": scores.is_safe * (1 - safe),
    }
    resampled = _Resampled(trips.draw, seed)
    record: dict[str, Any] = {"trips": len(trips), "scenarios": resampled.n}
    weight = trips.weight.astype(np.float64)
    given = (resampled, scores.p_safe, base, safe, weight)
    record |= _figures(per_trip, np.ones(len(trips), bool), *given)
    record["by_kind"] = {}
    for k, kind in enumerate(PEOPLE):
        mine = trips.kind % len(PEOPLE) == k
        if mine.any():
            record["by_kind"][kind] = {"trips": int(mine.sum())} | _figures(per_trip, mine, *given)
    return record


class _Resampled:
    """Scenarios drawn with replacement: how often each is in each drawing."""

    def __init__(self, draw: NDArray[np.int64], seed: int) -> None:
        _, self.of = np.unique(draw, return_inverse=True)
        self.of = self.of.ravel()
        self.n = int(self.of.max()) + 1
        chance = np.random.default_rng([seed, 13])
        drawn = chance.integers(self.n, size=(DRAWN, self.n))
        self.times = np.stack([np.bincount(row, minlength=self.n) for row in drawn])

    def sums(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Sum by scenario."""
        return np.bincount(self.of, values, self.n).astype(np.float64)

    def figure(
        self,
        of: Callable[..., NDArray[np.float64]],
        *values: NDArray[np.float64],
    ) -> dict[str, float]:
        """Give a function of sums over trips, and its interval."""
        by_scenario = [self.sums(v) for v in values]
        value = float(of(*(s.sum() for s in by_scenario)))
        drawn = of(*(self.times @ s for s in by_scenario))
        drawn = drawn[np.isfinite(drawn)]
        low, high = np.quantile(drawn, [0.025, 0.975]) if len(drawn) else (np.nan, np.nan)
        return Figure(value, float(low), float(high)).to_dict()


def _share(part: Any, whole: Any) -> Any:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(part / whole)


def _less(part: Any, whole: Any) -> Any:
    return 1 - _share(part, whole)


def _figures(
    per_trip: dict[str, NDArray[np.float64]],
    mine: NDArray[np.bool_],
    resampled: _Resampled,
    odds: NDArray[np.float64],
    base: NDArray[np.float64],
    safe: NDArray[np.float64],
    weight: NDArray[np.float64],
) -> dict[str, Any]:
    one = mine * weight
    value = {name: column * one for name, column in per_trip.items()}
    some = (odds[mine], base[mine], safe[mine], weight[mine])
    return {
        "safe": resampled.figure(_share, value["safe"], one),
        "brier": resampled.figure(_share, value["brier"], one),
        "brier_baseline": resampled.figure(_share, value["brier_baseline"], one),
        "brier_less": resampled.figure(_less, value["brier"], value["brier_baseline"]),
        "calibration_error": _calibration(some[0], some[2], some[3], resampled, mine),
        "calibration_error_baseline": _calibration(some[1], some[2], some[3], resampled, mine),
        "covered": resampled.figure(_share, value["covered"], value["seen"]),
        "advised": resampled.figure(_share, value["advised"], one),
        "missed": _missed(
            resampled,
            value["missed"],
            value["advised"],
            per_trip["missed"] * mine,
            per_trip["advised"] * mine,
        ),
    }


def _missed(
    resampled: _Resampled,
    missed: NDArray[np.float64],
    advised: NDArray[np.float64],
    n_missed: NDArray[np.float64],
    n_advised: NDArray[np.float64],
) -> dict[str, float]:
    """Share of the advised that missed.

    Where few did, scenarios drawn anew say too little: then the interval is at least that of the
    count (Clopper and Pearson).
    """
    found = resampled.figure(_share, missed, advised)
    k, n = float(n_missed.sum()), float(n_advised.sum())
    if k >= FEW or not n:
        return found
    low = min(found["low"], float(beta.ppf(0.025, k, n - k + 1))) if k else 0.0
    high = max(found["high"], float(beta.ppf(0.975, k + 1, n - k)))
    return Figure(found["value"], low, high).to_dict()


def calibration_error(
    odds: NDArray[np.float64], safe: NDArray[np.float64], weight: NDArray[np.float64]
) -> float:
    """Mean of |odds said - share that was safe| over bins of as much weight each."""
    order = np.argsort(odds, kind="stable")
    p, y, w = odds[order], safe[order], weight[order]
    upto = np.cumsum(w)
    part = np.minimum((upto / upto[-1] * BINS).astype(np.int64), BINS - 1)
    said, came = np.bincount(part, w * p, BINS), np.bincount(part, w * y, BINS)
    return float(np.abs(said - came).sum() / upto[-1])


def _calibration(
    odds: NDArray[np.float64],
    safe: NDArray[np.float64],
    given: NDArray[np.float64],
    resampled: _Resampled,
    mine: NDArray[np.bool_],
) -> dict[str, float]:
    value = calibration_error(odds, safe, given)
    of = resampled.of[mine]
    drawn = []
    for times in resampled.times[:100]:
        weight = given * times[of]
        if weight.sum():
            drawn.append(calibration_error(odds, safe, weight))
    low, high = np.quantile(drawn, [0.025, 0.975])
    return Figure(value, float(low), float(high)).to_dict()
