"""Questions about a plan that has been made anew: what was taken before it stays taken."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from networks import corridor, from_edges
from scenes import crowd, scene

import evacroute as er
from evacroute.analysis.again import weights_of
from evacroute.assignment import OverTime
from evacroute.plan import Plan


def made_anew() -> Plan:
    """Six go from N0 by N1 to N2, one in 10 s on each of two links of 30 s; five join at N1.

    At 30 s three are inside the stretch and take the second link at 30, 40 and 50 s, so that those
    who join, and the three behind, enter it from 60 s on: one in 10 s, the last at 130 s. They are
    there 30 s after, at 90 to 160 s, 60 to 130 s after they were ready (30 s): 760 s in all. The
    first three are there when they are ready at N2.
    """
    network = from_edges([(0, 0), (30, 0), (60, 0)], [(0, 1), (1, 2)], length=30.0, capacity=0.1)
    plan = er.assign(
        scene(network, [(0, 6)], [(2, 20)], classes=[(1.0, 1.0)]), "over_time", gap=1e-4,
        time_limit=10.0,
    )  # fmt: skip
    late = replace(crowd((1, 5)), group_id=np.array(["late"], dtype=object))
    return er.replan(plan, now=30, joined=late, gap=0.0).plan


def test_the_plan_made_anew_is_as_worked_out() -> None:
    """The small case that the others ask about costs what its docstring says."""
    plan = made_anew()
    assert (plan.placed, plan.cost) == (11, 760.0)


def test_fairness_starts_from_what_was_left() -> None:
    """Solving anew for a class takes no place that those on the way have taken: 760 s, not 520 s,
    before and after."""
    report = er.fairness(made_anew(), 2.0, time_limit=5.0)
    assert report.protected is not None
    row = report.protected.iloc[0]
    assert (row["cost_before"], row["cost_after"]) == (760.0, 760.0)
    assert (row["left_before"], row["left_after"]) == (0, 0)


def test_marginal_value_starts_from_what_was_left() -> None:
    """With two in 10 s on the second link one who joins goes at 30, 40 and 50 s each, beside those
    on the way, then two at 60 and 70 s with one from behind, and the last: 300 s are saved, not 360
    s as if nothing had been taken."""
    plan = made_anew()
    table = er.marginal_value(plan, None, person_s=0.1, check=9, time_limit=5.0)
    row = table[table["id"] == "L1"].iloc[0]
    assert row["saved"] == 300.0
    assert row["proven_least"] <= 300.0 <= row["proven_most"] + 1e-3


def test_a_folder_keeps_what_was_taken(tmp_path: Path) -> None:
    """A plan made anew answers the same after it was saved; without its table of places taken, or
    without prices, solving again is refused."""
    plan = made_anew()
    plan.save(tmp_path / "plan")
    report = er.fairness(er.read_plan(tmp_path / "plan"), 2.0, time_limit=5.0)
    assert report.protected is not None
    assert report.protected["cost_after"].tolist() == [760.0]
    (tmp_path / "plan" / "taken.npz").unlink()
    bare = er.read_plan(tmp_path / "plan")
    assert not bare.equals(plan)
    with pytest.raises(er.InputError, match="make it anew with replan"):
        er.fairness(bare, 2.0)
    with pytest.raises(er.InputError, match="make it anew with replan"):
        er.marginal_value(bare, check=1)
    assert len(er.marginal_value(bare)) == len(er.marginal_value(plan))
    with pytest.raises(er.InputError, match="make it anew with replan"):
        er.fairness(replace(plan, prices=None), 2.0)


def test_a_broken_table_of_places_taken_is_told(tmp_path: Path) -> None:
    """Positions outside the instance and missing columns are named with the file."""
    plan = made_anew()
    plan.save(tmp_path / "plan")
    with np.load(tmp_path / "plan" / "taken.npz") as archive:
        arrays = {name: archive[name] for name in archive.files}
    path = tmp_path / "plan" / "taken.npz"
    np.savez(path, **{**arrays, "link": arrays["link"] + 99})
    with pytest.raises(er.InputError, match=r"taken\.npz(.|\n)*link holds 10.*expected 0 to 3"):
        er.read_plan(tmp_path / "plan")
    np.savez(path, **{name: arrays[name] for name in ("link", "slot")})
    with pytest.raises(er.InputError, match="size, class_, door, door_slot, door_size missing"):
        er.read_plan(tmp_path / "plan")
    assert plan.taken is not None
    with pytest.raises(er.SolverError, match="taken: link holds"):
        replace(plan, taken=replace(plan.taken, link=plan.taken.link + 99))


def _priced(people: int = 40) -> Plan:
    network = corridor(3, 60.0, capacity=0.3)
    scenario = scene(
        network, [(0, people, 0.0, 0), (1, people // 2, 0.0, 1)], [(2, people), (3, 2 * people)],
        classes=[(1.0, 0.5), (0.8, 0.5)],
    )  # fmt: skip
    return er.assign(scenario, "over_time", gap=1e-4, time_limit=2.0)


def test_weights_at_their_limits_can_be_solved_again() -> None:
    """Weights come back from the prices as they were given, so that they are allowed again."""
    network = from_edges([(0, 0), (30, 0)], [(0, 1)], length=30.0, capacity=0.2)
    scenario = scene(network, [(0, 6), (0, 5, 0.0, 1)], [(1, 20)], classes=[(1.0, 1.0), (0.5, 0.5)])
    weights = {"c0": 100.0, "c1": 0.01}
    plan = er.assign(scenario, "over_time", gap=1e-4, time_limit=60.0, weights=weights)
    assert weights_of(plan) == weights
    assert len(er.marginal_value(plan, 2, check=1))


def test_progress_rises_over_all_solutions() -> None:
    """The share rises from 0 to 1 over all that is solved, each stage named after what is solved;
    a plan of another method is first solved without protection."""
    told: list[tuple[str, float]] = []
    plan = _priced()
    er.fairness(plan, 2.0, time_limit=2.0, progress=lambda *what: told.append(what))
    shares = [share for _, share in told]
    assert shares[0] == 0.0
    assert shares[-1] == 1.0
    assert (np.diff(shares) >= 0).all()
    assert {what.split(":")[0] for what, _ in told} == {"protecting c0", "protecting c1"}
    # The slowest come first.
    assert any(0 < share < 0.5 for share in shares)
    assert all(share <= 0.5 for what, share in told if "c1" in what)
    other, told = er.assign(plan.scenario), []
    er.fairness(other, 2.0, time_limit=2.0, progress=lambda *what: told.append(what))
    assert told[0] == ("without protection", 0.0)
    told = []
    er.marginal_value(plan, check=2, time_limit=2.0, progress=lambda *what: told.append(what))
    assert told[0] == ("solving 1 of 2 again", 0.0)
    assert told[-1][1] == 1.0
    assert any(what.startswith("solving 2 of 2 again: ") for what, _ in told)


@pytest.mark.parametrize("ask", [er.fairness, er.marginal_value])
def test_ctrl_c_is_passed_on(ask: Any) -> None:
    """Ctrl-C in the midst of a solution ends the whole, instead of half an answer."""
    plan = _priced()

    def press(stage: str, share: float) -> None:
        if ":" in stage:
            raise KeyboardInterrupt

    arguments = {"protect": 2.0} if ask is er.fairness else {"check": 1}
    with pytest.raises(KeyboardInterrupt):
        ask(plan, **arguments, time_limit=2.0, progress=press)


def test_solving_again_starts_from_the_prices(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each solution is given the prices of the plan that it is compared with, but for classes of
    many people, whose weight changes them much."""
    network = corridor(3, 60.0, capacity=0.3)
    scenario = scene(
        network, [(0, 40, 0.0, 0), (1, 3, 0.0, 1)], [(2, 20), (3, 60)],
        classes=[(1.0, 0.5), (0.8, 0.5)],
    )  # fmt: skip
    plan = er.assign(scenario, "over_time", gap=1e-4, time_limit=2.0)
    given = []
    solve = OverTime.solve

    def watched(self: OverTime, problem: Any, **options: Any) -> Any:
        given.append(options["warm"])
        return solve(self, problem, **options)

    monkeypatch.setattr(OverTime, "solve", watched)
    er.fairness(plan, 2.0, time_limit=2.0)
    er.marginal_value(plan, check=1, time_limit=2.0)
    assert given == [plan.prices, None, plan.prices]
