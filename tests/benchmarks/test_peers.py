"""Other people's solvers and simulators agree with each other, and with what we claim."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from apart import run_apart
from instances import district

import evacroute as er

STEP = 60.0


def needs(package: str, extra: str = "bench") -> None:
    """Skip where a peer is not installed."""
    pytest.importorskip(package, reason=f"{package} is not installed: evacroute[{extra}]")


def never_ends() -> None:
    while True:
        pass


def fails() -> None:
    raise ValueError("on purpose")


def answers(value: int) -> int:
    return value + 1


def test_a_process_of_its_own(benchmark: Any) -> None:
    """A peer that does not finish is ended in time; an answer and a fault come back."""
    late = benchmark.pedantic(run_apart, args=[never_ends], kwargs={"limit": 2.0}, rounds=1)
    assert late.value is None
    assert late.why == "not finished in 2 s"
    assert late.seconds < 30
    assert run_apart(answers, 1, limit=60.0).value == 2
    assert "on purpose" in run_apart(fails, limit=60.0).why


@pytest.mark.parametrize("peer", ["POT emd", "OR-Tools", "pylmcf (LEMON)", "HiGHS"])
def test_transport(benchmark: Any, peer: str) -> None:
    """Every solver finds the same least walking time, and no plan walks less."""
    from peers import transport

    if peer != "OR-Tools":
        needs({"POT emd": "ot", "HiGHS": "scipy"}.get(peer, "pylmcf"))
    scenario = district(400, 4_000, classes=4)
    got = benchmark.pedantic(transport.PEERS[peer], args=[scenario, STEP], rounds=1)
    other = transport.by_ortools(scenario, STEP)
    assert got["cost"] == pytest.approx(other["cost"])
    assert got["left"] == other["left"]
    plan = er.assign(scenario, "shelter_flow", step=STEP)
    assert plan.left == got["left"]
    assert plan.cost >= got["cost"]


def test_exact_optimum_of_one_class(benchmark: Any) -> None:
    """OR-Tools, LEMON and columns find one optimum; our bound is below it, our plan above."""
    needs("pylmcf")
    needs("highspy")
    from peers.columns import by_columns
    from peers.expansion import by_lemon, by_ortools

    scenario = district(700, 8_000)
    lemon = benchmark.pedantic(by_lemon, args=[scenario, STEP], rounds=1)
    assert lemon["exact"]
    assert by_ortools(scenario, STEP)["cost"] == lemon["cost"]
    columns = by_columns(scenario, STEP, 300.0)
    assert columns["bound"] <= lemon["cost"] * (1 + 1e-9)
    assert columns["bound"] >= lemon["cost"] * (1 - 5e-4)
    plan = er.assign(scenario, "over_time", step=STEP, gap=0.01, time_limit=30)
    assert plan.left == lemon["left"] == columns["left"] == 0
    assert plan.bound is not None
    assert plan.bound <= lemon["cost"] * (1 + 1e-9) <= plan.cost * (1 + 2e-9)


def test_columns_of_several_classes(benchmark: Any) -> None:
    """The bound of the column generation is below every plan of four classes."""
    needs("highspy")
    from peers.columns import by_columns

    scenario = district(700, 8_000, classes=4)
    columns = benchmark.pedantic(by_columns, args=[scenario, STEP, 300.0], rounds=1)
    assert columns["bound"] <= columns["cost"] * (1 + 1e-9)
    for method in ("earliest_arrival", "shelter_flow", "over_time"):
        plan = er.assign(scenario, method, step=STEP)
        if plan.left == columns["left"]:
            assert plan.cost >= columns["bound"] * (1 - 1e-9), method


def test_sumo_walks_the_plan(benchmark: Any) -> None:
    """SUMO finds every way of a plan walkable, in the plan's time within 2 %."""
    needs("sumo")
    from judges import sumo

    plan = er.assign(er.lagoon(500), "shelter_flow")
    verdict = benchmark.pedantic(sumo.play, args=[plan], rounds=1)
    assert verdict.persons == plan.placed
    assert verdict.never == 0
    assert verdict.mean_ratio == pytest.approx(1, abs=0.02)
    assert verdict.clearance_ratio == pytest.approx(1, abs=0.02)


def test_hydraulic_model_plays_the_plan(benchmark: Any) -> None:
    """Where streets are empty, jupedsim-network takes the plan's time within 5 %."""
    needs("jupedsim_network")
    from judges import hydraulic

    plan = er.assign(er.lagoon(500), "shelter_flow")
    verdict = benchmark.pedantic(hydraulic.play, args=[plan], rounds=1)
    assert verdict.persons == plan.placed
    assert verdict.never == 0
    assert verdict.mean_ratio == pytest.approx(1, abs=0.05)
    assert verdict.clearance_ratio == pytest.approx(1, abs=0.05)
