"""From labelled trips to a scorer: forests by CatBoost, calibrated by kind of people."""

from __future__ import annotations

from collections.abc import Callable
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import beta

from evacroute.assignment import Progress
from evacroute.errors import InputError, MissingExtraError
from evacroute.scoring.calibration import LOGIT_MOST, Calibration
from evacroute.scoring.card import Card, Feature
from evacroute.scoring.features import COLUMNS, DEADLINE, KINDS, MISSING, PEOPLE
from evacroute.scoring.scorer import Scorer
from evacroute.training.export import forest_of
from evacroute.training.splits import Splits
from evacroute.training.trips import OTHER, PLANNED, Labelled, at_deadline

TREES, DEPTH, RATE = 140, 6, 0.15
"""So many trees keep the answer to one person and 40 shelters below 0.05 ms."""

QUANTILES = {"q10": 0.1, "q50": 0.5, "q90": 0.9}

KNOTS = 24
FALLS = 20.0
"""So far below the least knot odds fall with the forest's [logit]."""

MISSED, SURE = 0.015, 0.5
"""Thresholds of advice are set so that likely no more of it misses, and how likely that is to be,
by the trips of the calibration as if they were independent."""

FEWEST = 200
"""A kind with fewer trips than this in the calibration is calibrated as everybody."""

NARROWER, WIDER = 0.7, 6.0
"""Deadlines are drawn between so many times the walking time in empty streets."""

TARGET = "log((seconds from departure to the shelter + 30) / (free_s + 30))"


def with_deadlines(trips: Labelled, seed: int) -> Labelled:
    """Add each trip once more with a deadline drawn round the time it may take.

    The plan's own deadlines are far for most: of these alone little is learned about the odds
    between.
    """
    chance = np.random.default_rng([seed, 11])
    free = trips.rows[:, 0].astype(np.float64) + 30
    times = np.exp(chance.uniform(np.log(NARROWER), np.log(WIDER), len(trips)))
    other = np.minimum(trips.depart + free * times, trips.until)
    return Labelled.joined([trips, at_deadline(trips, other)])


def fit(
    trips: Labelled,
    splits: Splits,
    *,
    data_sha256: str,
    seed: int = 0,
    trees: int = TREES,
    command: str,
    cities: str = "made-up cities",
    models: Path | None = None,
    progress: Progress | None = None,
) -> Scorer:
    """Fit the four forests and calibrate them.

    Parameters
    ----------
    trips, splits
        What to learn from, and which of it.
    data_sha256
        Hash of the trips.
    seed
        Seed of the fit.
    trees
        Trees to a forest.
    command
        The command that asked for it, for the card.
    cities
        What the trips are of, for the card.
    models
        Folder in which CatBoost's own models are kept beside, or None.
    progress
        Called with the stage and the share of it that is done (0..1).

    Raises
    ------
    MissingExtraError
        If catboost is not installed.
    InputError
        If there are too few trips, or all of them came alike.
    """
    learn = with_deadlines(trips.take(splits.learn), seed)
    safe = learn.is_safe
    if len(learn) < 200 or safe.all() or not safe.any():
        raise InputError(
            f"{len(learn)} trips to learn from, {int(safe.sum())} of them safe: expected at least "
            "200, and of both kinds; give more scenarios"
        )
    forests = {}
    for i, name in enumerate(("safe", *QUANTILES)):
        if progress is not None:
            progress(f"fitting {name}", i / 4)
        target = safe.astype(np.int32) if name == "safe" else learn.ratio
        some = np.ones(len(learn), bool)
        if name != "safe":
            # Nothing new of arrivals: other deadlines, and walks longer than the run.
            some = learn.seen & (np.arange(len(learn)) < splits.learn.sum())
        model = _model(name, seed, trees)
        model.fit(learn.rows[some], target[some])
        if models is not None:
            model.save_model(str(models / f"{name}.cbm"))
        forests[name] = forest_of(model)
    card = _card(learn, data_sha256, seed, command, cities)
    plain = Scorer(card, **forests, calibration=Calibration.plain(len(KINDS)))
    return Scorer(card, **forests, calibration=calibrate(plain, trips.take(splits.calibrate)))


def _model(name: str, seed: int, trees: int) -> Any:
    try:
        import catboost
    except ImportError:
        raise MissingExtraError("catboost", "train", "training a scorer") from None
    columns = list(COLUMNS)
    sign = 1 if name == "safe" else -1
    monotone = [sign * COLUMNS[column].monotone for column in columns]
    settings: dict[str, Any] = {
        "iterations": trees, "depth": DEPTH, "learning_rate": RATE, "random_seed": seed,
        "monotone_constraints": monotone, "grow_policy": "SymmetricTree", "nan_mode": "Min",
        "allow_writing_files": False, "verbose": False, "boosting_type": "Plain",
        "feature_border_type": "GreedyLogSum", "thread_count": 2, "min_data_in_leaf": 50,
    }  # fmt: skip
    if name == "safe":
        return catboost.CatBoostClassifier(loss_function="Logloss", **settings)
    settings["monotone_constraints"] = [
        0 if column in DEADLINE else m for column, m in zip(columns, monotone, strict=True)
    ]
    settings["ignored_features"] = [columns.index(column) for column in DEADLINE]
    return catboost.CatBoostRegressor(loss_function=f"Quantile:alpha={QUANTILES[name]}", **settings)


def _card(learn: Labelled, data_sha256: str, seed: int, command: str, cities: str) -> Card:
    low = np.nanquantile(learn.rows, 0.0005, axis=0)
    high = np.nanquantile(learn.rows, 0.9995, axis=0)
    features = tuple(
        Feature(
            name=name,
            unit=column.unit,
            monotone=column.monotone,
            low=float(np.float32(low[i])),
            high=float(np.float32(max(high[i], low[i] + 1e-3))),
            missing=name in MISSING,
        )
        for i, (name, column) in enumerate(COLUMNS.items())
    )
    return Card(
        features=features,
        kinds=KINDS,
        target=TARGET,
        metrics={},
        calibrator="isotonic in the logit, by kind of people, with a plan (over both simulators "
        "alike) and without one; "
        "intervals widened so that a tenth lies beyond either end there",
        intended_use="to rank the shelters that a person could walk to, and to warn of plans that "
        "are tight, in planning and in exercises",
        limits=(
            f"trained on {cities} played out by simulators, not on people in danger",
            "says nothing of rooms, widths or steps: these are hard rules of the planner",
            "trips of more than the ranges of its features are taken as those at their ends",
        ),
        data_sha256=data_sha256,
        seed=seed,
        command=command,
        library=metadata.version("evacroute"),
    )


def calibrate(scorer: Scorer, trips: Labelled) -> Calibration:
    """Set odds, intervals and thresholds of a scorer by trips that it has not learned from."""
    scores = scorer.predict(trips.rows, trips.kind)
    weight = _balanced(trips)
    logit = np.log(scores.p_safe) - np.log1p(-scores.p_safe)
    logit = np.clip(np.nan_to_num(logit, posinf=LOGIT_MOST, neginf=-LOGIT_MOST), -20, 20)
    quantiles = np.column_stack([scores.q10, scores.q50, scores.q90])
    tables, seen = [], np.flatnonzero(trips.seen)
    trips_seen = trips.take(seen)
    for k in (*range(len(KINDS)), -1):
        mine = _of_kind(trips, k)
        knot, level = _isotonic(logit[mine], trips.is_safe[mine], weight[mine])
        odds = 1 / (1 + np.exp(-np.interp(logit[mine], knot, level)))
        came = seen[_of_kind(trips_seen, k)]
        offset = [
            weighted_quantile(trips.ratio[came] - quantiles[came, j], weight[came], q)
            for j, q in enumerate(QUANTILES.values())
        ]
        # In either simulator: in one of them advice to the slow may miss twice as often.
        limit = max(
            _threshold(odds[part], trips.is_safe[mine][part], weight[mine][part])
            for part in _sources(trips.source[mine])
        )
        tables.append((knot, level, offset, limit))
    return Calibration(*(np.array([table[i] for table in tables]) for i in range(4)))


def calibrate_odds(
    predict: Callable[[NDArray[np.float32]], NDArray[np.float64]], trips: Labelled
) -> Calibration:
    """Set the odds of any formula as `calibrate` sets those of a scorer."""
    raw = np.clip(predict(trips.rows), 1e-9, 1 - 1e-9)
    logit, weight = np.log(raw) - np.log1p(-raw), _balanced(trips)
    knots, levels = [], []
    for k in (*range(len(KINDS)), -1):
        mine = _of_kind(trips, k)
        knot, level = _isotonic(logit[mine], trips.is_safe[mine], weight[mine])
        knots.append(knot)
        levels.append(level)
    plain = Calibration.plain(len(KINDS))
    return Calibration(np.array(knots), np.array(levels), plain.offset, plain.threshold)


def _of_kind(trips: Labelled, k: int) -> NDArray[np.bool_]:
    """Mask of a kind's trips; where they are too few of all with or without a plan, as it has.

    Of all trips where these are too few too, or the kind is unknown (-1).
    """
    if k >= 0:
        planned = trips.kind // len(PEOPLE) == k // len(PEOPLE)
        for mine in (trips.kind == k, planned):
            if mine.sum() >= FEWEST:
                return np.asarray(mine)
    return np.ones(len(trips), bool)


def _balanced(trips: Labelled) -> NDArray[np.float64]:
    """Weights by which trips count for what they stand for, plans in both simulators alike.

    Ghosts are in one of them only: they weigh nothing up.
    """
    weight = trips.weight.astype(np.float64)
    planned, other = (float(weight[trips.source == one].sum()) for one in (PLANNED, OTHER))
    if planned > 0 and other > 0:
        weight = np.where(trips.source == OTHER, weight * planned / other, weight)
    return np.asarray(weight / weight.mean())


def _isotonic(
    logit: NDArray[np.float64], safe: NDArray[np.bool_], weight: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Knots with as much weight of both outcomes between each two, and calibrated logits there."""
    order = np.argsort(logit, kind="stable")
    x, y, w = logit[order], safe[order].astype(np.float64), _as_counts(weight)[order]
    # Nearly all are safe: by weight alone the knots would all stand where the odds are high.
    both = [max(float((w * came).sum()), 1e-9) for came in (1 - y, y)]
    upto = np.cumsum(w * np.where(y > 0, 1 / both[1], 1 / both[0]))
    part = np.minimum((upto / upto[-1] * KNOTS).astype(np.int64), KNOTS - 1)
    total = np.bincount(part, w, KNOTS)
    # A bin in which all came alike is not certain: half a trip of each kind is added.
    level = np.asarray((np.bincount(part, w * y, KNOTS) + 0.5) / (total + 1), np.float64)
    middle = np.bincount(part, w * x, KNOTS) / np.maximum(total, 1e-9)
    level = _pooled(level, np.asarray(total, np.float64))
    knot, seen = np.unique(np.round(middle[total > 0], 9), return_index=True)
    level = level[total > 0][seen]
    # All kinds have as many knots: those that are missing stand beyond the last.
    missing = KNOTS - len(knot)
    knot = np.append(knot, knot[-1] + np.arange(1, missing + 1))
    level = np.append(level, np.full(missing, level[-1]))
    logit = np.log(level) - np.log1p(-level)
    # Below the least knot odds go on falling as the forest's do: there trips are hopeless.
    return np.append(knot[0] - FALLS, knot), np.append(max(logit[0] - FALLS, -LOGIT_MOST), logit)


def _as_counts(weight: NDArray[np.float64]) -> NDArray[np.float64]:
    """Scale weights so that they sum to as many equal trips as would say as much (Kish)."""
    total = float(weight.sum())
    return np.asarray(weight * total / max(float((weight**2).sum()), 1e-12))


def _pooled(level: NDArray[np.float64], weight: NDArray[np.float64]) -> NDArray[np.float64]:
    """Pool neighbours that fall into their mean, until none does."""
    blocks: list[list[float]] = []
    for y, w in zip(level.tolist(), weight.tolist(), strict=True):
        blocks.append([y, w, 1.0])
        while len(blocks) > 1 and blocks[-2][0] > blocks[-1][0]:
            y2, w2, n2 = blocks.pop()
            y1, w1, n1 = blocks.pop()
            both = max(w1 + w2, 1e-12)
            blocks.append([(y1 * w1 + y2 * w2) / both, both, n1 + n2])
    return np.repeat([b[0] for b in blocks], [int(b[2]) for b in blocks])


def weighted_quantile(
    values: NDArray[np.float64], weight: NDArray[np.float64], share: float
) -> float:
    """Least value that at least `share` of the weight does not exceed."""
    order = np.argsort(values, kind="stable")
    upto = np.cumsum(weight[order])
    at = int(np.searchsorted(upto, share * upto[-1]))
    return float(values[order][min(at, len(values) - 1)])


def _sources(source: NDArray[np.int8]) -> list[NDArray[np.bool_]]:
    """Masks of the sources that have enough trips, or of all trips if none has."""
    masks = [source == one for one in np.unique(source)]
    enough = [mask for mask in masks if mask.sum() >= FEWEST]
    return enough or [np.ones(len(source), bool)]


def _threshold(
    odds: NDArray[np.float64], safe: NDArray[np.bool_], weight: NDArray[np.float64]
) -> float:
    """Least odds, 0.9 or more, from which on no more than `MISSED` misses; inf = none.

    As the count of misses and `SURE` say (Clopper and Pearson): of few trips none may have missed
    by luck.
    """
    order = np.argsort(-odds, kind="stable")
    count = _as_counts(weight)[order]
    late, in_time = (np.cumsum(count * some) for some in (~safe[order], safe[order]))
    missed = beta.ppf(SURE, late + 1, np.maximum(in_time, 1e-9))
    # All of the same odds are advised together.
    last = np.append(np.diff(odds[order]) < 0, True)
    good = np.flatnonzero(last & (missed <= MISSED) & (odds[order] >= 0.9))
    if not len(good):
        return float("inf")
    return float(odds[order][good[-1]])
