"""The learned scorer: odds of arriving safely and when, from rows of features.

A scorer is a folder of two files: ``scorer.npz`` with the arrays, and ``scorer.json``, its card,
which names the hash of the first. Nothing in it is code.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from evacroute._arrays import read_arrays
from evacroute._kernels.forest import settle
from evacroute.errors import Faults, InputError
from evacroute.scoring.calibration import Calibration
from evacroute.scoring.card import Card, check_hash
from evacroute.scoring.forest import Forest, Forests, Rows, as_rows
from evacroute.writing import atomic_path, write_arrays, write_json

ARRAYS_FILE = "scorer.npz"
CARD_FILE = "scorer.json"
FORESTS = ("safe", "q10", "q50", "q90")
UNKNOWN_KIND = -1


@dataclass(frozen=True, slots=True, eq=False)
class Scores:
    """What a scorer says of rows.

    Parameters
    ----------
    p_safe
        Probability of arriving safely by the deadline, shape (n_rows,).
    q10, q50, q90
        Quantiles of the target that the card names, q10 <= q50 <= q90, shape (n_rows,).
    is_safe
        Whether the probability meets the threshold of the row's kind, shape (n_rows,).
    clipped
        Values that were outside the training's range, by feature, shape (n_features,).
    """

    p_safe: NDArray[np.float64]
    q10: NDArray[np.float64]
    q50: NDArray[np.float64]
    q90: NDArray[np.float64]
    is_safe: NDArray[np.bool_]
    clipped: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.p_safe)


@dataclass(frozen=True, slots=True, eq=False)
class Scorer:
    """Four forests, what was set for each kind of people, and the card.

    Parameters
    ----------
    card
        Features, kinds, provenance and use.
    safe
        Its score is the logit of arriving safely by the deadline.
    q10, q50, q90
        Their scores are quantiles of the target that the card names.
    calibration
        Tables by kind; one row more than the card has kinds.

    Raises
    ------
    InputError
        If the parts do not fit each other; all faults are told together.
    """

    card: Card
    safe: Forest
    q10: Forest
    q50: Forest
    q90: Forest
    calibration: Calibration
    _forests: Forests = field(init=False, repr=False)
    _limits: tuple[Rows, Rows] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        faults = Faults("scorer")
        n_features, n_kinds = len(self.card.features), len(self.card.kinds)
        forests = [getattr(self, name) for name in FORESTS]
        for name, forest in zip(FORESTS, forests, strict=True):
            if forest.n_features != n_features:
                faults.add(
                    f"forest {name!r} takes {forest.n_features} features, the card names "
                    f"{n_features}"
                )
        if len(self.calibration) != n_kinds + 1:
            faults.add(
                f"calibration has {len(self.calibration)} rows, expected {n_kinds + 1}: one for "
                "each kind of the card, and one for people of unknown kind"
            )
        faults.raise_if_any()
        limits = (self.card.low, self.card.high)
        for limit in limits:
            limit.flags.writeable = False
        object.__setattr__(self, "_forests", Forests.stack(forests))
        object.__setattr__(self, "_limits", limits)

    @property
    def thresholds(self) -> dict[str, float]:
        """Probability from which advice is "safe", by kind; inf = never."""
        return dict(zip(self.card.kinds, self.calibration.threshold.tolist(), strict=False))

    @property
    def arrays(self) -> tuple[NDArray[Any], ...]:
        """Limits and forests, as the kernel `forest.score` takes them after the rows."""
        one = self._forests
        return (
            *self._limits, one.first, one.feature, one.threshold, one.leaf, one.scale, one.bias,
        )  # fmt: skip

    def predict(self, rows: ArrayLike, kind: ArrayLike | None = None) -> Scores:
        """Say how likely people arrive safely by the deadline, and when.

        Values outside the range of the training, infinite ones too, are taken as its nearest end,
        and counted in `Scores.clipped`. NaN is an unknown value, and counts as less than every
        value of its feature.

        Parameters
        ----------
        rows
            Features in the order of the card, shape (n_rows, n_features).
        kind
            Number of each row's kind, or one for all rows; -1 = unknown, as all are without it.

        Raises
        ------
        InputError
            If the rows are not numbers or have another shape.
        InputError
            If a value is NaN whose feature may not be unknown.
        InputError
            If a kind is not a whole number from -1 to the last kind's.
        """
        given = as_rows(rows, len(self.card.features))
        kinds = self._kinds(kind, len(given))
        raw, clipped, missing = self._forests.raw(given, *self._limits)
        if missing is not None:
            self._check_missing(given, missing)
        p_safe, quantile = np.empty(len(given)), np.empty((3, len(given)))
        is_safe = np.empty(len(given), dtype=np.bool_)
        tables = self.calibration
        strange = settle(
            raw, kinds, tables.knot, tables.logit, tables.offset, tables.threshold, p_safe,
            quantile, is_safe,
        )  # fmt: skip
        if strange:
            self._refuse(kinds)
        return Scores(p_safe, quantile[0], quantile[1], quantile[2], is_safe, clipped)

    def save(self, folder: str | Path) -> None:
        """Write ``scorer.npz`` and ``scorer.json``; the same scorer, the same bytes.

        The card comes last. Should it fail to, the arrays do not have the hash that an older card
        names, and `load` says so.

        Raises
        ------
        InputError
            If a file cannot be written.
        """
        arrays = self.calibration.to_arrays()
        for name in FORESTS:
            arrays |= getattr(self, name).to_arrays(name)
        target = Path(folder)
        with atomic_path(target / CARD_FILE) as card, atomic_path(target / ARRAYS_FILE) as file:
            write_arrays(arrays, file)
            write_json({**self.card.to_dict(), "arrays_sha256": _hash(file)}, card)

    @classmethod
    def load(cls, folder: str | Path) -> Scorer:
        """Read what `save` wrote.

        Raises
        ------
        InputError
            If a file is missing, cut off, changed, of another format, or does not fit the other.
        """
        card, expected = _read_card(Path(folder) / CARD_FILE)
        path = Path(folder) / ARRAYS_FILE
        found = _hash(path)
        if found != expected:
            raise InputError(
                f"{path}: its SHA-256 is {found}, the card names {expected}: it was cut off or "
                "changed, or belongs to another card"
            )
        arrays = read_arrays(path)
        try:
            return cls._from_arrays(card, arrays)
        except InputError as error:
            raise InputError(f"{path}: {error}") from None

    @classmethod
    def _from_arrays(cls, card: Card, arrays: Mapping[str, NDArray[Any]]) -> Scorer:
        forests = {name: Forest.from_arrays(arrays, name) for name in FORESTS}
        scorer = cls(card=card, calibration=Calibration.from_arrays(arrays), **forests)
        known = set(scorer.calibration.to_arrays())
        known |= {key for name in FORESTS for key in forests[name].to_arrays(name)}
        unknown = sorted(arrays.keys() - known)
        if unknown:
            raise InputError(f"unknown arrays {', '.join(unknown)}")
        return scorer

    def _kinds(self, kind: ArrayLike | None, n_rows: int) -> NDArray[np.int64]:
        if kind is None:
            return np.full(n_rows, UNKNOWN_KIND, dtype=np.int64)
        given = np.asarray(kind)
        if given.dtype.kind not in "iu":
            raise InputError(f"kind: holds {given.dtype}, expected whole numbers")
        if given.shape == ():
            return np.full(n_rows, given, dtype=np.int64)
        if given.shape != (n_rows,):
            raise InputError(f"kind: shape is {given.shape}, expected one or ({n_rows},)")
        return given.astype(np.int64)

    def _refuse(self, kinds: NDArray[np.int64]) -> None:
        last = len(self.card.kinds) - 1
        faults = Faults("kind")
        for row in np.flatnonzero((kinds < UNKNOWN_KIND) | (kinds > last)):
            faults.add(f"row {row}: is {kinds[row]}, expected -1 to {last}")
        faults.raise_if_any()

    def _check_missing(self, rows: Rows, missing: NDArray[np.int64]) -> None:
        faults = Faults("features")
        for i in np.flatnonzero(missing):
            if not self.card.features[i].missing:
                row = int(np.argmax(np.isnan(rows[:, i])))
                faults.add(
                    f"{self.card.features[i].name!r} is NaN in {missing[i]} rows, first in row "
                    f"{row}, expected a number"
                )
        faults.raise_if_any()


def _hash(path: Path) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except FileNotFoundError:
        raise InputError(f"{path}: there is no such file") from None
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror or error}") from error


def _read_card(path: Path) -> tuple[Card, str]:
    """Card, and the hash of the arrays."""
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError(f"{path}: there is no such file") from None
    except (OSError, ValueError, RecursionError) as error:
        raise InputError(f"{path}: cannot be read as JSON: {error}") from error
    expected = record.pop("arrays_sha256", None) if isinstance(record, dict) else None
    try:
        card = Card.from_dict(record)
        faults = Faults("card")
        check_hash("arrays_sha256", expected, faults)
        faults.raise_if_any()
    except InputError as error:
        raise InputError(f"{path}: {error}") from None
    return card, expected or ""
