"""What more would save: upper estimates that hold against the exact answer."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from naive import best
from networks import corridor, grid
from scenes import on_the_grid, scene

import evacroute as er
from evacroute.scenario import Scenario

STEP = 10.0


def drawn(seed: int, *, tight: bool) -> Scenario:
    """Narrow streets and little room, on the grid; with `tight` not all can be placed."""
    rng = np.random.default_rng(seed)
    network = grid(3, 3, spacing=30.0, seed=seed, steps_share=0.0, missing_share=0.3)
    network = on_the_grid(network, 10.0)
    capacity = rng.choice([0.1, 0.2, 0.3], network.n_links // 2)
    network = replace(network, capacity=np.repeat(capacity, 2))
    crowd = [
        (int(rng.integers(9)), int(rng.integers(1, 10)), float(rng.integers(3) * 10))
        for _ in range(6)
    ]
    people = sum(row[1] for row in crowd)
    doors = [
        (int(v), people // 2 + (2 if not tight else -2), 0, float(rng.choice([0.1, 0.3, np.inf])))
        for v in rng.choice(9, 2, replace=False)
    ]
    return scene(network, crowd, doors, deadline=150.0 if tight else 600.0)


def larger(scenario: Scenario, row: dict[str, object], network_too: np.ndarray) -> Scenario:
    """The scenario with one row's thing made larger, by the words of the table alone."""
    network, shelters = scenario.network, scenario.shelters
    more = float(row["more"])  # type: ignore[arg-type]
    if row["what"] == "street":
        capacity = network.capacity + more * network_too
        network = replace(network, capacity=capacity)
    else:
        s = shelters.shelter_id.tolist().index(row["id"])
        one = np.arange(len(shelters)) == s
        if row["what"] == "door":
            shelters = replace(shelters, intake_rate=shelters.intake_rate + more * one)
        else:
            room = shelters.capacity + int(more) * one
            shelters = replace(shelters, capacity=room)
    return Scenario(
        network, scenario.groups, shelters, classes=scenario.group_classes,
        deadline=scenario.deadline_s,
    )  # fmt: skip


def worth(scenario: Scenario, prices: er.Plan) -> float:
    """Exact optimum, each person left counted with their penalty [person-seconds]."""
    exact = best(scenario, STEP)
    assert prices.prices is not None
    hopeless = scenario.groups.size[prices.prices.hopeless].sum()
    left = scenario.persons - int(hopeless) - exact.most
    return exact.cost + left * float(prices.prices.penalty[0])


@pytest.mark.parametrize("tight", [False, True])
def test_never_more_than_the_exact_saving(tight: bool) -> None:
    """The exact optimum of the larger city falls by no more than the row says and the gap."""
    checked = positive = 0
    for seed in range(6):
        scenario = drawn(seed, tight=tight)
        plan = er.assign(scenario, "over_time", step=STEP, gap=0.0, time_limit=2.0)
        assert plan.prices is not None
        before = worth(scenario, plan)
        slack = before - plan.prices.value
        assert slack >= -1e-3
        table = er.marginal_value(plan, 4, person_s=0.1)
        for row in table.to_dict("records"):
            link = scenario.network.link_id
            pair = np.isin(link, [row["id"], f"{row['id']}-r", str(row["id"]).removesuffix("-r")])
            after = worth(larger(scenario, row, pair), plan)  # type: ignore[arg-type]
            assert before - after <= row["saves_at_most"] + slack + 1e-3
            checked += 1
            positive += before - after > 1e-6
    assert checked >= 12
    assert positive >= 3


@pytest.mark.parametrize("people,per_slot", [(83, 5), (47, 10), (31, 2)])
def test_saturated_corridor_meets_the_formula(people: int, per_slot: int) -> None:
    """At the best prices of a queue a person more a slot is worth step x m (m - 1) / 2, with m
    slots until the last has gone; any prices say as much or more, but for their gap."""
    network = corridor(1, 60.0, capacity=per_slot / STEP)
    plan = er.assign(
        scene(network, [(0, people)], [(1, people)]), "over_time", step=STEP, gap=1e-4,
        time_limit=60.0,
    )  # fmt: skip
    m = -(-people // per_slot)
    formula = STEP * m * (m - 1) / 2
    row = er.marginal_value(plan, person_s=1 / STEP).iloc[0]
    assert (row["what"], row["id"], row["from_s"]) == ("street", "L0", 0.0)
    assert plan.prices is not None
    wider = replace(network, capacity=network.capacity + 1 / STEP)
    after = er.assign(scene(wider, [(0, people)], [(1, people)]), step=STEP).cost
    assert plan.cost - after <= row["saves_at_most"] + plan.cost - plan.prices.value + 1e-3
    # Whoever enters in a slot holds up each later one by a slot: the closed form of the prices.
    slot = np.arange(m - 1, dtype=np.int32)
    known = replace(
        plan.prices,
        link=np.zeros(m - 1, np.int32),
        link_slot=slot,
        link_price=STEP * (m - 1.0 - slot),
    )
    row = er.marginal_value(replace(plan, prices=known), person_s=1 / STEP).iloc[0]
    assert row["saves_at_most"] == pytest.approx(formula)
    assert row["until_s"] == STEP * (m - 2)
    assert plan.cost - after <= formula


def test_a_place_is_worth_the_way_it_saves() -> None:
    """With a near shelter full and one 120 s farther, a place more in the near one saves 120 s."""
    scenario = scene(corridor(3, 60.0), [(0, 30)], [(1, 20), (3, 30)])
    plan = er.assign(scenario, "over_time", gap=1e-4, time_limit=60.0)
    row = er.marginal_value(plan).iloc[0]
    assert (row["what"], row["id"], row["unit"]) == ("place", "S0", "persons")
    assert row["saves_at_most"] == pytest.approx(120.0, rel=0.05)
    assert np.isnan(row["from_s"])
    assert er.marginal_value(plan, places=5)["saves_at_most"].iloc[0] == pytest.approx(
        5 * row["saves_at_most"]
    )


def test_a_step_free_place_has_its_own_row() -> None:
    """Where step-free places alone are short, making one step-free is what saves."""
    scenario = scene(
        corridor(3, 60.0), [(0, 10, 0.0, 1)], [(1, 20, 4), (3, 30)],
        classes=[(1.0, 0.5), (1.0, 0.0)],
    )  # fmt: skip
    plan = er.assign(scenario, "over_time", gap=1e-4, time_limit=60.0)
    row = er.marginal_value(plan).iloc[0]
    assert (row["what"], row["id"]) == ("step-free place", "S0")
    assert row["saves_at_most"] == pytest.approx(120.0, rel=0.05)


def test_check_solves_again_and_brackets() -> None:
    """With check the first rows say what was saved, within what is proven; the grid stays."""
    scenario = scene(corridor(3, 60.0), [(0, 30)], [(1, 20), (3, 30)])
    plan = er.assign(scenario, "over_time", gap=1e-4, time_limit=60.0)
    table = er.marginal_value(plan, places=3, check=1)
    row = table.iloc[0]
    assert row["saved"] == pytest.approx(3 * 120.0)
    assert row["proven_least"] <= 360.0 + 1e-6 <= row["proven_most"] + 2e-3
    assert row["saved"] <= row["saves_at_most"] + plan.cost - plan.bound + 1e-3
    assert table["saved"].iloc[1:].isna().all()


def test_without_prices_it_says_what_to_do() -> None:
    """A plan without prices is refused, as are amounts that make no sense, all at once."""
    plan = er.assign(scene(corridor(1, 60.0), [(0, 3)], [(1, 3)]))
    with pytest.raises(er.InputError, match="over_time"):
        er.marginal_value(plan)
    priced = er.assign(plan.scenario, "over_time", time_limit=1.0)
    with pytest.raises(
        er.InputError, match=r"person_s is 0(.|\n)*places is 1\.5(.|\n)*check is -1"
    ):
        er.marginal_value(priced, person_s=0, places=1.5, check=-1)  # type: ignore[arg-type]
    assert er.marginal_value(priced).empty
