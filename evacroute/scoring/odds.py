"""From what a scorer says of rows to odds and arrivals of trips."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from evacroute._data_dir import data_path
from evacroute._kernels.odds import Scales, arrivals
from evacroute.errors import Faults, InputError, did_you_mean
from evacroute.people import Classes
from evacroute.scoring.features import COLUMNS, KIND_NUMBERS, KINDS, SLOW
from evacroute.scoring.scorer import Scorer, Scores

BASE = 30.0
"""Added to times before they are compared, as short ones would weigh too much [s]."""

FASTEST = 2.0
"""Nobody is said to arrive sooner than at so many times their pace in empty streets."""

DEFAULT = "default"
"""Word for the scorer that ships."""

SAFETY_WEIGHT = 3600.0
"""Seconds that a unit of -log of the odds counts for among shelters: a hundredth of them is worth
some 36 s of walking where the odds are good."""

LEAST_ODDS = 1e-4
"""Odds below this count as this where their logarithm is asked for."""


@dataclass(frozen=True, slots=True, eq=False)
class Odds:
    """Odds of trips, one a row; all arrays have shape (n_trips,).

    Parameters
    ----------
    p_safe
        Probability of being in the shelter by the deadline.
    q10, q50, q90
        When [s after the alarm]: one in ten is there sooner than q10, half sooner than q50.
    is_safe
        Whether the probability meets the threshold of the trip's kind of people.
    """

    p_safe: NDArray[np.float64]
    q10: NDArray[np.float64]
    q50: NDArray[np.float64]
    q90: NDArray[np.float64]
    is_safe: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.p_safe)

    @property
    def dread(self) -> NDArray[np.float64]:
        """-log of the odds, with the least odds that are told apart, shape (n_trips,)."""
        return np.asarray(-np.log(np.maximum(self.p_safe, LEAST_ODDS)))


def odds_of(
    scorer: Scorer, rows: NDArray[np.float32], kind: NDArray[np.int8], depart: NDArray[np.float64]
) -> Odds:
    """Ask a scorer for the odds of trips.

    Parameters
    ----------
    scorer
        One that `find_scorer` has passed.
    rows
        From `rows_of`.
    kind
        From `kinds_of`.
    depart
        When each sets out [s after the alarm], shape (n_trips,).
    """
    said: Scores = scorer.predict(rows, kind)
    quantile = np.stack([said.q10, said.q50, said.q90])
    # Forests and quantiles are learned apart: odds say no more than the quantiles allow.
    arrivals(rows, depart, BASE, FASTEST, said.p_safe, quantile, said.is_safe)
    return Odds(said.p_safe, quantile[0], quantile[1], quantile[2], said.is_safe)


def scales_of(scorer: Scorer, classes: Classes) -> Scales:
    """Make a scorer ready for the kernel that finds odds and order of ways in one call.

    Parameters
    ----------
    scorer
        One that `find_scorer` has passed.
    classes
        Of the people.
    """
    low, high, first, feature, threshold, leaf, scale, bias = scorer.arrays
    tables = scorer.calibration
    return Scales(
        low=low, high=high, first=first, feature=feature, threshold=threshold, leaf=leaf,
        scale=scale, bias=bias, knot=tables.knot, logit=tables.logit, offset=tables.offset,
        least_safe=tables.threshold, flat=np.array(classes.speed_flat),
        step_free=np.array(classes.step_free), slow=SLOW,
        kinds=KIND_NUMBERS, base_s=BASE,
        fastest=FASTEST, least=LEAST_ODDS, weight=SAFETY_WEIGHT,
    )  # fmt: skip


_shipped: list[Scorer] = []


def find_scorer(scorer: Scorer | str | Path | None) -> Scorer:
    """Give the scorer meant: one at hand, that of a folder, or the one that ships.

    Parameters
    ----------
    scorer
        A scorer, the path of its folder, "default", or None, which is the default too.

    Raises
    ------
    InputError
        If it is none, cannot be read, or was made for other columns or kinds of people.
    """
    if scorer is None or (isinstance(scorer, str) and scorer == DEFAULT):
        if not _shipped:
            _shipped.append(_checked(Scorer.load(data_path("scorer"))))
        return _shipped[0]
    if isinstance(scorer, Scorer):
        return _checked(scorer)
    expected = f"expected a Scorer, the path of its folder, {DEFAULT!r} or None"
    if not isinstance(scorer, str | Path):
        raise InputError(f"scorer is {type(scorer).__name__} {scorer!r}, {expected}")
    if not Path(scorer).is_dir():
        near = did_you_mean(str(scorer), [DEFAULT])
        raise InputError(
            f"scorer is {str(scorer)!r}, but there is no such folder; {expected}{near}"
        )
    return _checked(Scorer.load(scorer))


def _checked(scorer: Scorer) -> Scorer:
    card, faults = scorer.card, Faults("scorer")
    for what, found, wanted in (
        ("features", [feature.name for feature in card.features], list(COLUMNS)),
        ("kinds", list(card.kinds), list(KINDS)),
    ):
        if found == wanted:
            continue
        lacks, more = (
            "; ".join(name for name in one if name not in other)
            for one, other in ((wanted, found), (found, wanted))
        )
        told = [f"lack {lacks}"] * bool(lacks) + [f"have {more} too"] * bool(more)
        faults.add(
            f"its {what} {' and '.join(told) or 'stand in another order'}, expected those of this "
            "version: train it again"
        )
    faults.raise_if_any()
    return scorer
