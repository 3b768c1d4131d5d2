"""A forest of oblivious trees as arrays: what a trained model is in the end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from evacroute._frozen import equal_arrays
from evacroute._kernels.forest import AT_ONCE, score
from evacroute.errors import Faults, InputError

DEEPEST = 8

Rows = NDArray[np.float32]

_DTYPES: dict[str, type[np.generic]] = {
    "feature": np.int32,
    "threshold": np.float32,
    "leaf": np.float32,
}
_BASE = "scale, bias and a whole number of features"


@dataclass(frozen=True, slots=True, eq=False)
class Forest:
    """A forest of oblivious trees: every node of a level asks the same question.

    The leaf of a row has the number whose bit d is 1 where the value of feature d is greater than
    threshold d. NaN is greater than nothing, so it counts as less than every threshold. The score
    is scale * (sum of the leaves' values) + bias.

    Parameters
    ----------
    feature
        Column that each level asks, shape (n_trees, depth).
    threshold
        Its threshold, shape (n_trees, depth); inf at levels that a tree does not have, which are
        its last.
    leaf
        Values of the leaves, shape (n_trees, 2 ** depth).
    scale, bias
        What makes a score of the sum.
    n_features
        Columns of the rows it scores.

    Raises
    ------
    InputError
        If shapes do not fit, or values are not allowed; all faults are told together.
    """

    feature: NDArray[np.int32]
    threshold: NDArray[np.float32]
    leaf: NDArray[np.float32]
    scale: float
    bias: float
    n_features: int
    _alone: Forests = field(init=False, repr=False)

    def __post_init__(self) -> None:
        for name, dtype in _DTYPES.items():
            object.__setattr__(self, name, _read_only(getattr(self, name), dtype, name))
        faults = Faults("forest")
        self._check_shapes(faults)
        faults.raise_if_any(InputError)
        self._check_values(faults)
        faults.raise_if_any(InputError)
        object.__setattr__(self, "_alone", Forests.stack([self]))

    def __len__(self) -> int:
        return len(self.feature)

    @property
    def depth(self) -> int:
        """Levels of the deepest tree."""
        return int(self.feature.shape[1])

    def equals(self, other: object) -> bool:
        """Whether the other is the same forest."""
        return equal_arrays(self, other, skip=("_alone",))

    def raw(self, rows: ArrayLike) -> NDArray[np.float64]:
        """Score rows of features, shape (n_rows, n_features); the scores have shape (n_rows,)."""
        given = as_rows(rows, self.n_features)
        out, _, _ = self._alone.raw(given, *_no_limits(self.n_features))
        first: NDArray[np.float64] = out[0]
        return first

    def to_arrays(self, name: str) -> dict[str, NDArray[Any]]:
        """Arrays of the forest for an ``.npz``, their names beginning with `name`."""
        base = np.array([self.scale, self.bias, self.n_features], dtype=np.float64)
        arrays: dict[str, NDArray[Any]] = {f"{name}_{key}": getattr(self, key) for key in _DTYPES}
        return {**arrays, f"{name}_base": base}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]], name: str) -> Forest:
        """Make the forest again from what `to_arrays` gave.

        Raises
        ------
        InputError
            If an array is missing or has another kind of number, or `Forest` refuses them.
        """
        faults = Faults(f"forest {name!r}")
        for key, dtype in {**_DTYPES, "base": np.float64}.items():
            array = arrays.get(f"{name}_{key}")
            if array is None:
                faults.add(f"there is no array {name}_{key}")
            elif array.dtype != dtype:
                expected = np.dtype(dtype).name
                faults.add(f"{name}_{key} holds {array.dtype}, expected {expected}")
            elif key == "base" and not _is_base(array):
                faults.add(f"{name}_base is {array.tolist()}, expected {_BASE}")
        faults.raise_if_any()
        scale, bias, n_features = arrays[f"{name}_base"].tolist()
        feature, threshold, leaf = (arrays[f"{name}_{key}"] for key in _DTYPES)
        try:
            return cls(feature, threshold, leaf, scale, bias, int(n_features))
        except InputError as error:
            raise InputError(f"{name}: {error}") from None

    def _check_shapes(self, faults: Faults) -> None:
        n_trees, depth = self.feature.shape if self.feature.ndim == 2 else (0, 0)
        if not 1 <= depth <= DEEPEST:
            faults.add(
                f"feature has shape {self.feature.shape}, expected (n_trees, 1 to {DEEPEST})"
            )
            return
        for name, expected in (("threshold", (n_trees, depth)), ("leaf", (n_trees, 1 << depth))):
            shape = getattr(self, name).shape
            if shape != expected:
                faults.add(f"{name} has shape {shape}, expected {expected}")

    def _check_values(self, faults: Faults) -> None:
        if self.n_features < 1:
            faults.add(f"n_features is {self.n_features}, expected at least 1")
        for name in ("scale", "bias"):
            if not np.isfinite(getattr(self, name)):
                faults.add(f"{name} is {getattr(self, name)}, expected a finite number")
        known = (self.feature >= 0) & (self.feature < self.n_features)
        allowed = {
            "feature": (known, f"expected 0 to {self.n_features - 1}"),
            "threshold": (~np.isnan(self.threshold), "expected a number"),
            "leaf": (np.isfinite(self.leaf), "expected a finite number"),
        }
        for name, (good, expected) in allowed.items():
            for tree, place in np.argwhere(~good):
                value = getattr(self, name)[tree, place]
                faults.add(f"tree {tree}: {name} {place} is {value}, {expected}")


@dataclass(frozen=True, slots=True, eq=False)
class Forests:
    """Several forests laid one after another, to be asked in one pass over the rows.

    Parameters
    ----------
    first
        First tree of each forest, and the number of trees, shape (n_forests + 1,).
    feature, threshold, leaf
        As of a `Forest`, all trees with the levels that the kernel wants.
    scale, bias
        Of each forest, shape (n_forests,).
    """

    first: NDArray[np.int64]
    feature: NDArray[np.int32]
    threshold: NDArray[np.float32]
    leaf: NDArray[np.float32]
    scale: NDArray[np.float64]
    bias: NDArray[np.float64]

    @classmethod
    def stack(cls, forests: Sequence[Forest]) -> Forests:
        """Lay forests with the same number of features one after another."""
        deepest = max(forest.depth for forest in forests)
        levels = max(deepest, AT_ONCE)
        parts = {
            "first": np.cumsum([0, *(len(forest) for forest in forests)]),
            "feature": np.concatenate([_wider(f.feature, levels, 0) for f in forests]),
            "threshold": np.concatenate([_wider(f.threshold, levels, np.inf) for f in forests]),
            "leaf": np.concatenate([_wider(f.leaf, 1 << deepest, 0) for f in forests]),
            "scale": np.array([forest.scale for forest in forests], dtype=np.float64),
            "bias": np.array([forest.bias for forest in forests], dtype=np.float64),
        }
        for array in parts.values():
            array.flags.writeable = False
        return cls(**parts)

    def raw(
        self, rows: Rows, low: Rows, high: Rows
    ) -> tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.int64] | None]:
        """Score rows that `as_rows` gave.

        Parameters
        ----------
        rows
            Features, shape (n_rows, n_features).
        low, high
            Values outside are taken as these, read-only, shape (n_features,).

        Returns
        -------
        tuple
            Scores, shape (n_forests, n_rows); values outside of each feature, counted; its NaN,
            counted too, or None where there is none.
        """
        out = np.empty((len(self.scale), len(rows)))
        clipped, missing = np.zeros((2, rows.shape[1]), dtype=np.int64)
        unknown = score(
            rows, low, high, self.first, self.feature, self.threshold, self.leaf, self.scale,
            self.bias, out, clipped, missing,
        )  # fmt: skip
        return out, clipped, missing if unknown else None


def as_rows(rows: ArrayLike, n_features: int) -> Rows:
    """Rows of features as the kernel wants them: float32, in C order, read-only.

    Raises
    ------
    InputError
        If they are not numbers or have another shape than (n_rows, n_features).
    """
    try:
        given = np.asarray(rows)
    except ValueError:
        raise InputError("features: rows of different lengths, expected a matrix") from None
    if given.dtype.kind not in "biuf":
        raise InputError(f"features: hold {given.dtype}, expected numbers")
    if given.ndim != 2 or given.shape[1] != n_features:
        raise InputError(f"features: shape is {given.shape}, expected (n_rows, {n_features})")
    if given.dtype != np.float32:
        # A number beyond float32 becomes infinite, which is outside any limit just as well.
        with np.errstate(over="ignore"):
            given = given.astype(np.float32)
    made = np.ascontiguousarray(given).view()
    made.flags.writeable = False
    return made


def _is_base(array: NDArray[np.float64]) -> bool:
    if array.shape != (3,) or not np.isfinite(array).all():
        return False
    return float(array[2]).is_integer()


def _no_limits(n_features: int) -> tuple[Rows, Rows]:
    limit = np.full(n_features, np.inf, dtype=np.float32)
    low, high = -limit, limit
    low.flags.writeable = high.flags.writeable = False
    return low, high


def _read_only(values: Any, dtype: type[np.generic], name: str) -> NDArray[Any]:
    """Copy in C order that nobody can write to."""
    given = np.asarray(values)
    # What is too large for float32 becomes infinite, and is refused where that is not allowed.
    with np.errstate(over="ignore"):
        array = given.astype(dtype, order="C")
    if array.dtype.kind == "i" and not np.array_equal(array, given):
        raise InputError(f"forest: {name} holds numbers that are no 32-bit integers")
    array.flags.writeable = False
    return array


def _wider(array: NDArray[Any], columns: int, filler: float) -> NDArray[Any]:
    """Array with as many columns, the new ones filled."""
    more = np.full((len(array), columns - array.shape[1]), filler, dtype=array.dtype)
    return np.concatenate([array, more], axis=1)
