"""Answers from real Venice: size of the bundle, time to load it, processor time of an answer.

Run as a script it prints the figures; it compiles first, so what is told is with warm kernels::

    python tests/benchmarks/test_answering.py
    python tests/benchmarks/test_answering.py --instance venice_seed_1

The aim is 0.2 ms of processor time for one answer and 0.05 ms in batches of 100, without the store
and the server around it; what lines and directions add is told beside.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))

from instances import INSTANCES, shared_folder
from results import add_option, record

import evacroute as er
from evacroute.answering import Answerer, Questions, read_bundle

MOST_MB, MOST_LOAD_S = 20.0, 1.0
TURNS = 7
WORDS = ("none", "none", "none", "unknown", "cane", "luggage", "wheelchair_electric")


@dataclass(frozen=True)
class Figures:
    """What was measured."""

    megabytes: float
    load_s: float
    single_ms: float
    single_line_ms: float
    batch_ms: float
    batch_line_ms: float
    led: float

    def lines(self) -> list[str]:
        """The figures as text."""
        return [
            f"bundle {self.megabytes:.1f} MB; read, made ready and warm in {self.load_s:.2f} s",
            f"one answer {self.single_ms:.3f} ms, with line and directions "
            f"{self.single_line_ms:.3f} ms of processor time",
            f"in batches of 100 {self.batch_ms:.3f} ms a party, with line and directions "
            f"{self.batch_line_ms:.3f} ms",
            f"{self.led:.1%} of those who use steps are told a shelter",
        ]


def parties(network: er.Network, n: int, seed: int = 0) -> Questions:
    """Parties all over the city."""
    rng = np.random.default_rng(seed)
    at = rng.integers(network.n_nodes, size=n)
    return Questions.at(
        network.lon[at] + rng.normal(0, 2e-4, n), network.lat[at] + rng.normal(0, 2e-4, n),
        mobility=rng.choice(np.array(WORDS, object), n), party_size=rng.integers(1, 5, n),
    )  # fmt: skip


def some_of(asked: Questions, begin: int, end: int) -> Questions:
    """Some rows."""
    columns = Questions.__dataclass_fields__
    return Questions(**{name: getattr(asked, name)[begin:end] for name in columns})


def cpu_ms(answerer: Answerer, asked: list[Questions], **wanted: bool) -> float:
    """Least processor time a party over some turns [ms]."""
    best = np.inf
    for _ in range(TURNS):
        begin = time.process_time()
        for one in asked:
            answerer.answer(one, now=300.0, **wanted)
        best = min(best, time.process_time() - begin)
    return 1000 * best / sum(len(one) for one in asked)


def measured(instance: str = "venice_100k") -> Figures:
    """Plan fast, save the bundle, load it, ask."""
    plan = er.assign(INSTANCES[instance](), "shelter_flow")
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "bundle"
        plan.save_bundle(out)
        size = sum(path.stat().st_size for path in out.rglob("*") if path.is_file())
        Answerer(read_bundle(out)).warm()
        begin = time.perf_counter()
        answerer = Answerer(read_bundle(out))
        answerer.warm()
        load = time.perf_counter() - begin
    asked = parties(answerer.scenario.network, 1000)
    walk = asked.mobility != "wheelchair_electric"
    led = float((answerer.answer(asked, now=300.0).shelter >= 0)[walk].mean())
    ones = [some_of(asked, i, i + 1) for i in range(300)]
    hundreds = [some_of(asked, i, i + 100) for i in range(0, 1000, 100)]
    bare, full = {"lines": False, "directions": False}, {"lines": True, "directions": True}
    return Figures(
        size / 1e6, load, cpu_ms(answerer, ones, **bare), cpu_ms(answerer, ones, **full),
        cpu_ms(answerer, hundreds, **bare), cpu_ms(answerer, hundreds, **full), led,
    )  # fmt: skip


@pytest.mark.shared
def test_answering(benchmark: Any) -> None:
    """The bundle of Venice is small and soon loaded; what an answer takes is told."""
    if not shared_folder().is_dir():
        pytest.skip(f"no shared inputs at {shared_folder()}")
    found = benchmark.pedantic(measured, rounds=1)
    print("\n" + "\n".join(found.lines()), end="")
    assert found.megabytes <= MOST_MB
    assert found.load_s <= MOST_LOAD_S
    assert found.led > 0.95


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--instance", default="venice_100k", choices=list(INSTANCES))
    add_option(parser)
    asked = parser.parse_args()
    found = measured(asked.instance)
    print("\n".join(found.lines()))
    record("answering", [{"case": asked.instance, **asdict(found)}], folder=asked.results)


if __name__ == "__main__":
    main()
