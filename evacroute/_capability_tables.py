"""The tables of ``data/capability/`` as arrays by sex and age, read once."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from evacroute._data_dir import data_path

OLDEST = 120
UNKNOWN_AGE = OLDEST + 1
SEXES = ("F", "M", "")


def read_rows(name: str) -> list[dict[str, str]]:
    """Rows of a table in ``data/capability/``, e.g. ``read_rows("group_factor")``."""
    path = data_path("capability", f"{name}.csv")
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@dataclass(frozen=True)
class Aid:
    """A mobility word's own speed, how it meets the age speed, and how steps are taken."""

    mean: float
    sd: float
    replaces_age: bool
    stairs: str


@dataclass(frozen=True)
class Tables:
    """Everything the capability model looks up.

    Arrays by sex and age have shape (3, 122): rows F, M, unknown; columns the full years 0..120,
    then age unknown.
    """

    mean: NDArray[np.float64]
    sd: NDArray[np.float64]
    down: NDArray[np.float64]
    up: NDArray[np.float64]
    depth: NDArray[np.float64]
    impaired_down: NDArray[np.float64]
    impaired_up: NDArray[np.float64]
    aids: dict[tuple[str, int], Aid]
    load: dict[str, float]
    width: dict[str, float]
    space: dict[str, float]
    depth_by_mobility: dict[str, float]
    group: list[tuple[int, float]]
    limits: dict[str, float]


@lru_cache(maxsize=1)
def tables() -> Tables:
    """Read all tables; the answer is kept."""
    weight = _visitor_ages()
    mean, sd = _speeds(weight)
    down, up = _ratios(mean, weight)
    impaired = {r["sex"]: r for r in read_rows("stairs_ratio") if r["group"] == "impaired"}
    known = [(float(impaired[s]["down"]), float(impaired[s]["up"])) for s in "FM"]
    either = [*known, tuple(np.mean(known, axis=0))]
    depth = np.zeros(UNKNOWN_AGE + 1)
    for row in read_rows("depth_by_age"):
        depth[_ages(row)] = float(row["depth_limit"])
    depth[UNKNOWN_AGE] = depth[OLDEST]
    return Tables(
        mean=mean,
        sd=sd,
        down=down,
        up=up,
        depth=depth,
        impaired_down=np.array([pair[0] for pair in either]),
        impaired_up=np.array([pair[1] for pair in either]),
        aids={
            (r["mobility"], int(r["helpers_from"])): Aid(
                float(r["mean"]), float(r["sd"]), r["rule"] == "replace", r["stairs"]
            )
            for r in read_rows("speed_by_aid")
        },
        load={r["mobility"]: float(r["steps_factor"]) for r in read_rows("load_factor")},
        width={r["mobility"]: float(r["min_width"]) for r in read_rows("passability")},
        space={r["mobility"]: float(r["space"]) for r in read_rows("street_space")},
        depth_by_mobility={
            r["mobility"]: float(r["depth_limit"]) for r in read_rows("passability")
        },
        group=[(int(r["size_from"]), float(r["factor"])) for r in read_rows("group_factor")],
        limits={r["name"]: float(r["value"]) for r in read_rows("limits")},
    )


def _ages(row: dict[str, str]) -> slice:
    return slice(int(row["age_from"]), int(row["age_to"]) + 1)


def _visitor_ages() -> NDArray[np.float64]:
    weight = np.zeros(OLDEST + 1)
    for row in read_rows("visitor_mix"):
        part = _ages(row)
        weight[part] = float(row["weight"]) / (part.stop - part.start)
    return np.asarray(weight / weight.sum())


def _speeds(weight: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    mean, sd = np.zeros((2, len(SEXES), UNKNOWN_AGE + 1))
    for row in read_rows("speed_by_age"):
        sex = SEXES.index(row["sex"])
        mean[sex, _ages(row)] = float(row["mean"])
        sd[sex, _ages(row)] = float(row["sd"])
    # Of a mixture: mean of means, and mean of squares less the square of the mean.
    square = sd**2 + mean**2
    mean[2], square[2] = mean[:2].mean(axis=0), square[:2].mean(axis=0)
    mean[:, UNKNOWN_AGE] = mean[:, :UNKNOWN_AGE] @ weight
    square[:, UNKNOWN_AGE] = square[:, :UNKNOWN_AGE] @ weight
    return mean, np.sqrt(np.maximum(square - mean**2, 0.0))


def _ratios(
    mean: NDArray[np.float64], weight: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    down, up = np.zeros((2, len(SEXES), UNKNOWN_AGE + 1))
    for row in read_rows("stairs_ratio"):
        if row["group"] == "able":
            sex = SEXES.index(row["sex"])
            down[sex, _ages(row)] = float(row["down"])
            up[sex, _ages(row)] = float(row["up"])
    for ratio in (down, up):
        # Of a mixture: mean speed on steps over mean speed on the flat.
        speed = ratio * mean
        speed[2] = speed[:2].mean(axis=0)
        speed[:, UNKNOWN_AGE] = speed[:, :UNKNOWN_AGE] @ weight
        ratio[:] = speed / mean
    return down, up
