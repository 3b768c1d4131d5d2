"""The scorer's speed: one person's shelters, and millions of rows, beside CatBoost itself.

Run as a script it prints the figures::

    python tests/benchmarks/test_scoring.py
    python tests/benchmarks/test_scoring.py --trees 150 --depth 4 --rows 1000000

Everything runs on one thread. CatBoost's own time is taken in the same run, turn by turn; the ratio
is told, the seconds are never judged.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import catboost
import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))
sys.path.insert(0, str(Path(__file__).parent))

from forests import KINDS, drawn_card
from results import add_option, record

from evacroute._data_dir import data_path
from evacroute.scoring.calibration import Calibration
from evacroute.scoring.forest import Forest
from evacroute.scoring.scorer import Scorer
from evacroute.training.export import forest_of

N_FEATURES = 20
SHELTERS = 40
TURNS = 7
SHIPPED_ROWS = 2_400_000


@dataclass(frozen=True)
class Bench:
    """A trained model, the scorer made of it four times, and rows to score."""

    trees: int = 300
    depth: int = 6
    n_rows: int = 2_400_000

    @cached_property
    def model(self) -> Any:
        """Trained on few rows: the time to score does not ask how well it was trained."""
        rng = np.random.default_rng(0)
        rows = rng.normal(size=(4000, N_FEATURES)).astype(np.float32)
        target = (rows @ rng.normal(size=N_FEATURES) + rng.normal(size=4000) > 0).astype(int)
        return catboost.CatBoostClassifier(
            iterations=self.trees, depth=self.depth, random_seed=0, thread_count=1, verbose=False,
            allow_writing_files=False,
        ).fit(rows, target)  # fmt: skip

    @cached_property
    def forest(self) -> Forest:
        """The model's trees."""
        return forest_of(self.model)

    @cached_property
    def scorer(self) -> Scorer:
        """Odds and three quantiles, each of as many trees."""
        same = [self.forest] * 4
        return Scorer(drawn_card(N_FEATURES), *same, calibration=Calibration.plain(len(KINDS)))

    @cached_property
    def rows(self) -> np.ndarray:
        """Rows of the training's kind."""
        rng = np.random.default_rng(1)
        return rng.standard_normal((self.n_rows, N_FEATURES), dtype=np.float32)

    def of_catboost(self, rows: np.ndarray) -> np.ndarray:
        """CatBoost's raw scores."""
        found: np.ndarray = self.model.predict(
            rows, prediction_type="RawFormulaVal", thread_count=1
        )
        return found


def best(ways: dict[str, Callable[[], object]], calls: int) -> dict[str, float]:
    """Least seconds a call of each way, taken in turns so that all meet the same machine."""
    least = dict.fromkeys(ways, np.inf)
    for way in ways.values():
        way()
    for _ in range(TURNS):
        for name, way in ways.items():
            begin = time.perf_counter()
            for _ in range(calls):
                way()
            least[name] = min(least[name], (time.perf_counter() - begin) / calls)
    return least


def ways(bench: Bench, rows: np.ndarray) -> dict[str, Callable[[], object]]:
    """One forest, the whole scorer, and CatBoost on its one model."""
    kind = np.ones(len(rows), dtype=np.int8)
    return {
        "forest": lambda: bench.forest.raw(rows),
        "scorer": lambda: bench.scorer.predict(rows, kind),
        "catboost": lambda: bench.of_catboost(rows),
    }


def shipped() -> list[dict[str, Any]]:
    """Seconds of the scorer that ships, on rows within the range of its columns."""
    scorer = Scorer.load(data_path("scorer"))
    low = np.array([one.low for one in scorer.card.features], np.float32)
    high = np.array([one.high for one in scorer.card.features], np.float32)
    drawn = np.random.default_rng(2).random((SHIPPED_ROWS, len(low)), dtype=np.float32)
    rows = low + drawn * (high - low)
    kind = np.ones(len(rows), dtype=np.int8)
    found = []
    for n, calls in ((SHELTERS, 300), (len(rows), 1)):
        some = np.ascontiguousarray(rows[:n])
        way = {"scorer": lambda some=some, n=n: scorer.predict(some, kind[:n])}
        found.append({
            "case": f"shipped, {n} rows", "rows": n, "forest": None, **best(way, calls),
            "catboost": None, "trees": len(scorer.safe.feature), "columns": len(low),
        })  # fmt: skip
    return found


def told(what: str, seconds: dict[str, float], unit: float, word: str) -> str:
    """One line: the times, and CatBoost's as a multiple."""
    times = ", ".join(f"{name} {value * unit:.3f} {word}" for name, value in seconds.items())
    one, four = (seconds["catboost"] / seconds[name] for name in ("forest", "scorer"))
    return (
        f"{what}: {times}; catboost takes {one:.1f} x the forest, and for four models "
        f"{4 * four:.1f} x the scorer"
    )


def measured(bench: Bench) -> list[dict[str, Any]]:
    """Rows of the figures: seconds by way, and how far our raw scores are from CatBoost's."""
    one = np.ascontiguousarray(bench.rows[:SHELTERS])
    far = float(np.abs(bench.forest.raw(bench.rows) - bench.of_catboost(bench.rows)).max())
    about = {"trees": bench.trees, "depth": bench.depth, "columns": N_FEATURES, "far": far}
    return [
        {"case": f"{len(rows)} rows", "rows": len(rows), **best(ways(bench, rows), calls), **about}
        for rows, calls in ((one, 300), (bench.rows, 1))
    ]


def lines(rows: list[dict[str, Any]]) -> list[str]:
    """The figures as text."""
    few, many = rows
    times = [{way: row[way] for way in ("forest", "scorer", "catboost")} for row in rows]
    return [
        f"{few['trees']} trees of depth {few['depth']}, {few['columns']} features, one thread",
        told(f"{few['rows']} rows", times[0], 1e3, "ms"),
        told(f"{many['rows']:,} rows", times[1], 1.0, "s"),
        f"greatest difference to catboost {few['far']:.1e}",
    ]


@pytest.mark.parametrize("trees, depth", [(300, 6)])
def test_scoring(benchmark: Any, trees: int, depth: int) -> None:
    """The scorer agrees with CatBoost to 1e-4; both times are told."""
    bench = Bench(trees, depth, 240_000)
    found = benchmark.pedantic(measured, (bench,), rounds=1)
    print("\n" + "\n".join(lines(found)), end="")
    rows = bench.rows[:10_000]
    assert np.abs(bench.forest.raw(rows) - bench.of_catboost(rows)).max() <= 1e-4


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trees", type=int, default=300)
    parser.add_argument("--depth", type=int, default=6)
    parser.add_argument("--rows", type=int, default=2_400_000)
    add_option(parser)
    given = parser.parse_args()
    rows = measured(Bench(given.trees, given.depth, given.rows))
    print("\n".join(lines(rows)))
    for row in (ours := shipped()):
        print(f"{row['case']}: {row['scorer'] * 1e3:.3f} ms")
    record("scorer_speed", [*rows, *ours], folder=given.results)


if __name__ == "__main__":
    main()
