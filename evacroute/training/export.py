"""Take a trained CatBoost model apart: the arrays that the core scores with."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evacroute.errors import Faults, InputError, MissingExtraError
from evacroute.scoring.forest import DEEPEST, Forest


def forest_of(model: Any) -> Forest:
    """Turn a trained CatBoost model into a forest with the same raw scores.

    Leaf values are kept in single precision. A model of log-loss gives logits, one of a quantile
    the quantile itself.

    Parameters
    ----------
    model
        A fitted model of one output, with symmetric trees on features that are all numbers.

    Raises
    ------
    MissingExtraError
        If catboost is not installed.
    InputError
        If it is no such model; all faults are told together.
    """
    try:
        import catboost
    except ImportError:
        raise MissingExtraError("catboost", "train", "exporting a trained model") from None
    if not isinstance(model, catboost.CatBoost):
        raise InputError(f"model: is {type(model).__name__}, expected a CatBoost model")
    if not model.is_fitted():
        raise InputError("model: is not trained")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.json"
        model.save_model(str(path), format="json")
        record = json.loads(path.read_text(encoding="utf-8"))
    _check(record)
    scale, (bias,) = record["scale_and_bias"]
    features = record["features_info"]["float_features"]
    column = np.array([feature["flat_feature_index"] for feature in features])
    return Forest(
        *_trees(record["oblivious_trees"], column),
        scale=float(scale),
        bias=float(bias),
        n_features=len(model.feature_names_),
    )


def _check(record: dict[str, Any]) -> None:
    """Refuse what an oblivious forest of numbers cannot say."""
    faults = Faults("model")
    info = record["features_info"]
    if "oblivious_trees" not in record:
        faults.add("its trees are not symmetric, expected grow_policy 'SymmetricTree'")
    others = sorted(set(info) - {"float_features"})
    if others:
        faults.add(f"it has {', '.join(others)}, expected features that are all numbers")
    for feature in info["float_features"]:
        if feature["nan_value_treatment"] == "AsTrue":
            faults.add(
                f"feature {feature['flat_feature_index']}: NaN counts as the greatest value, "
                "expected nan_mode 'Min'"
            )
    outputs = len(record["scale_and_bias"][1])
    if outputs != 1:
        faults.add(f"it has {outputs} outputs, expected one: train a model for each")
    deepest = max((len(tree["splits"]) for tree in record.get("oblivious_trees", [])), default=0)
    if deepest > DEEPEST:
        faults.add(f"its trees are {deepest} levels deep, expected at most {DEEPEST}")
    faults.raise_if_any()


def _trees(
    trees: list[dict[str, Any]], column: NDArray[np.int64]
) -> tuple[NDArray[np.int32], NDArray[np.float32], NDArray[np.float32]]:
    """Features, thresholds and leaf values, as `Forest` wants them."""
    depth = max((len(tree["splits"]) for tree in trees), default=0) or 1
    feature = np.zeros((len(trees), depth), dtype=np.int32)
    threshold = np.full((len(trees), depth), np.inf, dtype=np.float32)
    leaf = np.zeros((len(trees), 1 << depth), dtype=np.float32)
    for t, tree in enumerate(trees):
        for d, split in enumerate(tree["splits"]):
            feature[t, d] = column[split["float_feature_index"]]
            threshold[t, d] = split["border"]
        values = tree["leaf_values"]
        leaf[t, : len(values)] = values
    return feature, threshold, leaf
