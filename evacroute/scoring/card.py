"""The card of a scorer: what it wants, whom it knows, where it comes from and what it is for."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evacroute.errors import Faults, InputError

FORMAT = 1
"""Number of the form of ``scorer.json`` and ``scorer.npz``; another one is not read."""

FLOAT32_MOST = float(np.finfo(np.float32).max)

_HASH = re.compile(r"[0-9a-f]{64}")

_TEXTS = {
    "library": "the version of the library that made it",
    "target": "what the quantiles are of",
    "calibrator": "how the odds were calibrated",
    "intended_use": "what it is for",
    "command": "the command that made it",
}


@dataclass(frozen=True, slots=True)
class Feature:
    """One column of the rows that a scorer takes.

    Parameters
    ----------
    name
        What it is.
    unit
        Its unit, "" where it has none.
    monotone
        1 where the odds never fall as it grows, -1 where they never rise, 0 where neither is
        promised.
    low, high
        Least and greatest value of the training; what is outside is taken as these.
    missing
        Whether it may be unknown (NaN), which then counts as less than every value.
    """

    name: str
    unit: str
    monotone: int
    low: float
    high: float
    missing: bool


@dataclass(frozen=True, slots=True)
class Card:
    """What ``scorer.json`` tells of a scorer.

    Parameters
    ----------
    features
        Columns of the rows, in order.
    kinds
        Names of the kinds of people that are calibrated apart; a kind's number is its place here.
    target
        What the quantiles are of, and in which unit.
    metrics
        Figures by kind, e.g. ``{"walker": {"brier": 0.03}}``; the kind "all" is everybody.
    calibrator
        How the odds were calibrated.
    intended_use
        What it is for.
    limits
        What it is not for, and where it is known to err.
    data_sha256
        Hash of the training data.
    seed
        Seed of the training.
    command
        The command that made it.
    library
        Version of the library that made it.

    Raises
    ------
    InputError
        If a value is not allowed; all faults are told together.
    """

    features: tuple[Feature, ...]
    kinds: tuple[str, ...]
    target: str
    metrics: dict[str, dict[str, float | None]]
    calibrator: str
    intended_use: str
    limits: tuple[str, ...]
    data_sha256: str
    seed: int
    command: str
    library: str

    def __post_init__(self) -> None:
        faults = Faults("card")
        _check_features(self.features, faults)
        _check_names("kinds", self.kinds, faults)
        for name, meaning in _TEXTS.items():
            value = getattr(self, name)
            if not isinstance(value, str) or not value.strip():
                faults.add(f"{name} is {value!r}, expected text: {meaning}")
        _check_limits(self.limits, faults)
        _check_metrics(self.metrics, self.kinds, faults)
        check_hash("data_sha256", self.data_sha256, faults)
        if not _is_whole(self.seed):
            faults.add(f"seed is {self.seed!r}, expected a whole number")
        faults.raise_if_any()

    @property
    def low(self) -> NDArray[np.float32]:
        """Least value of each feature, shape (n_features,)."""
        return np.array([feature.low for feature in self.features], dtype=np.float32)

    @property
    def high(self) -> NDArray[np.float32]:
        """Greatest value of each feature, shape (n_features,)."""
        return np.array([feature.high for feature in self.features], dtype=np.float32)

    def to_dict(self) -> dict[str, Any]:
        """Words and numbers of the card, for JSON."""
        return {"format": FORMAT, **asdict(self)}

    @classmethod
    def from_dict(cls, record: object) -> Card:
        """Make the card again from what `to_dict` gave.

        Raises
        ------
        InputError
            If it is of another format, lacks a key, has an unknown one, or a value is not allowed.
        """
        if not isinstance(record, dict):
            raise InputError(f"card: is {_kind_of(record)}, expected an object with keys")
        if record.get("format") != FORMAT:
            raise InputError(f"card: format is {record.get('format')!r}, expected {FORMAT}")
        faults = Faults("card")
        values = {key: value for key, value in record.items() if key != "format"}
        check_keys("card", values, [field.name for field in fields(cls)], faults)
        for key in ("features", "kinds", "limits"):
            if key in values and not isinstance(values[key], list | tuple):
                faults.add(f"{key} is {_kind_of(values[key])}, expected a list")
        faults.raise_if_any()
        names = [field.name for field in fields(Feature)]
        for i, feature in enumerate(values["features"]):
            if isinstance(feature, dict):
                check_keys(f"feature {i}", feature, names, faults)
            else:
                faults.add(f"feature {i} is {_kind_of(feature)}, expected an object with keys")
        faults.raise_if_any()
        values["features"] = tuple(Feature(**feature) for feature in values["features"])
        return cls(**{**values, "kinds": tuple(values["kinds"]), "limits": tuple(values["limits"])})


def check_keys(where: str, record: Mapping[str, Any], expected: list[str], faults: Faults) -> None:
    """Note keys that are missing and keys that nobody knows."""
    for key in expected:
        if key not in record:
            faults.add(f"{where}: there is no {key!r}")
    for key in record:
        if key not in expected:
            faults.add(f"{where}: {key!r} is unknown, expected {', '.join(expected)}")


def check_hash(name: str, value: object, faults: Faults) -> None:
    """Note what is no SHA-256."""
    if not isinstance(value, str) or not _HASH.fullmatch(value):
        faults.add(f"{name} is {value!r}, expected 64 digits of 0-9a-f")


def _check_features(features: tuple[Feature, ...], faults: Faults) -> None:
    _check_names("features", tuple(feature.name for feature in features), faults)
    if not features:
        faults.add("features: there is none, expected at least one")
    for feature in features:
        where = f"feature {feature.name!r}"
        allowed = {
            "unit": (_is_text(feature.unit), "text"),
            "monotone": (_is_whole(feature.monotone) and abs(feature.monotone) < 2, "-1, 0 or 1"),
            "missing": (_is_yes_or_no(feature.missing), "true or false"),
        }
        for name, (good, expected) in allowed.items():
            if not good:
                faults.add(f"{where}: {name} is {getattr(feature, name)!r}, expected {expected}")
        ends = [end for end in (feature.low, feature.high) if _is_number(end)]
        if len(ends) < 2 or max(map(abs, ends)) > FLOAT32_MOST or ends[0] > ends[1]:
            faults.add(
                f"{where}: low and high are {feature.low!r} and {feature.high!r}, expected two "
                "finite numbers, low <= high"
            )


def _check_names(what: str, names: tuple[object, ...], faults: Faults) -> None:
    for i, name in enumerate(names):
        if not isinstance(name, str) or not name.strip():
            faults.add(f"{what}: name {i} is {name!r}, expected text")
        elif name in names[:i]:
            faults.add(f"{what}: {name!r} is there twice")


def _check_limits(limits: tuple[object, ...], faults: Faults) -> None:
    if not limits:
        faults.add("limits: there is none, expected at least one text")
    for i, text in enumerate(limits):
        if not isinstance(text, str) or not text.strip():
            faults.add(f"limits: {i} is {text!r}, expected text")


def _check_metrics(metrics: object, kinds: tuple[str, ...], faults: Faults) -> None:
    if not isinstance(metrics, dict):
        faults.add(f"metrics is {_kind_of(metrics)}, expected an object by kind")
        return
    for kind, figures in metrics.items():
        if kind not in (*kinds, "all"):
            faults.add(f"metrics: {kind!r} is no kind, expected all, {', '.join(map(str, kinds))}")
        if not isinstance(figures, dict):
            faults.add(f"metrics of {kind!r} are {_kind_of(figures)}, expected an object")
            continue
        for name, value in figures.items():
            if value is not None and not _is_number(value):
                faults.add(f"metrics of {kind!r}: {name} is {value!r}, expected a finite number")


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_yes_or_no(value: object) -> bool:
    return isinstance(value, bool)


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_number(value: object) -> bool:
    if not isinstance(value, int | float) or isinstance(value, bool):
        return False
    try:
        return math.isfinite(value)
    except OverflowError:
        return False


def _kind_of(value: object) -> str:
    return f"{type(value).__name__} {str(value)[:40]!r}"
